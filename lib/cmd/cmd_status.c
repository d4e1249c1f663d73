/* SPDX-License-Identifier: MIT */
/* STATUS (RFC 3501 section 6.3.10): asks the store, or opens the mailbox and counts. */
#include "core/dispatch.h"
#include "wire/writer.h"

enum { STATUS_BEGIN, STATUS_GOT, STATUS_OPENED, STATUS_POLLED, STATUS_ASK, STATUS_ROWS, STATUS_TELL };

typedef struct status_context {
  void *mailbox;
  imap4_status_result numbers;
  uint32_t first_recent;
  uint32_t after;
} status_context;
_Static_assert(sizeof(status_context) <= 128, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  const imap4i_status_args *a = &c->args.status;
  int status = imap4i_authorize(s, a->name, IMAP4_RIGHT_READ);
  if (status != IMAP4_OK) return imap4i_reply_status(c, status);
  imap4_status_args args = {.items = a->items, .account = s->account, .name = a->name};
  c->phase = STATUS_GOT;
  return imap4i_op_call(s, IMAP4I_OP_STATUS, &args);
}

static int got(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  if (s->op.status == IMAP4_OK) {
    x->numbers = s->op.result.status;
    return go(c, STATUS_TELL);
  }
  if (s->op.status != IMAP4_ST_UNSUPPORTED) return imap4i_reply_status(c, s->op.status);
  imap4_open_args args = {.read_only = 1, .account = s->account, .name = c->args.status.name};
  c->phase = STATUS_OPENED;
  return imap4i_op_call(s, IMAP4I_OP_OPEN, &args);
}

static int opened(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  x->mailbox = s->op.result.open.mailbox;
  imap4_poll_args args = {.mailbox = x->mailbox};
  c->phase = STATUS_POLLED;
  return imap4i_op_call(s, IMAP4I_OP_POLL, &args);
}

static int polled(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  const imap4_mailbox_state *state = &s->op.result.poll;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  x->numbers = (imap4_status_result){
      .messages = state->exists, .uidnext = state->uidnext, .uidvalidity = state->uidvalidity};
  x->first_recent = state->first_recent;
  bool counts = (c->args.status.items & (IMAP4_STATUS_UNSEEN | IMAP4_STATUS_RECENT)) != 0;
  return go(c, counts && state->exists > 0 ? STATUS_ASK : STATUS_TELL);
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  imap4_uid_range all = {1, x->numbers.uidnext > 1 ? x->numbers.uidnext - 1 : 1};
  imap4_query_args args = {.attributes = IMAP4_ATTR_FLAGS,
                           .mailbox = x->mailbox,
                           .uids = {&all, 1},
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  c->phase = STATUS_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    x->after = row.uid;
    x->numbers.unseen += (row.flags & IMAP4_FLAG_SEEN) == 0;
    x->numbers.recent += x->first_recent > 0 && row.uid >= x->first_recent;
  }
  return go(c, r->last ? STATUS_TELL : STATUS_ASK);
}

static bool put_item(imap4i_command *c, uint32_t item, imap4_str name, uint64_t value, bool *any) {
  imap4i_buf *out = &c->s->out;
  if (!(c->args.status.items & item)) return true;
  bool ok =
      (!*any || imap4i_buf_putc(out, ' ')) && imap4i_buf_puts(out, name) && imap4i_buf_put_u64(out, value);
  *any = true;
  return ok;
}

static int tell(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  bool any = false;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* STATUS ")) &&
            imap4i_put_mailbox(&s->out, c->args.status.name, false) &&
            imap4i_buf_puts(&s->out, IMAP4I_S(" (")) &&
            put_item(c, IMAP4_STATUS_MESSAGES, IMAP4I_S("MESSAGES "), x->numbers.messages, &any) &&
            put_item(c, IMAP4_STATUS_RECENT, IMAP4I_S("RECENT "), x->numbers.recent, &any) &&
            put_item(c, IMAP4_STATUS_UIDNEXT, IMAP4I_S("UIDNEXT "), x->numbers.uidnext, &any) &&
            put_item(c, IMAP4_STATUS_UIDVALIDITY, IMAP4I_S("UIDVALIDITY "), x->numbers.uidvalidity, &any) &&
            put_item(c, IMAP4_STATUS_UNSEEN, IMAP4I_S("UNSEEN "), x->numbers.unseen, &any) &&
            imap4i_buf_puts(&s->out, IMAP4I_S(")\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("STATUS completed"));
}

int imap4i_cmd_status(imap4i_command *c) {
  switch (c->phase) {
  case STATUS_BEGIN:
    return begin(c);
  case STATUS_GOT:
    return got(c);
  case STATUS_OPENED:
    return opened(c);
  case STATUS_POLLED:
    return polled(c);
  case STATUS_ASK:
    return ask(c);
  case STATUS_ROWS:
    return rows(c);
  default:
    return tell(c);
  }
}

void imap4i_cmd_status_end(imap4i_command *c) {
  imap4_session *s = c->s;
  status_context *x = c->context;
  if (!x || !x->mailbox) return;
  imap4i_op_close(s, x->mailbox);
  x->mailbox = NULL;
}
