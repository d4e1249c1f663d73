/* SPDX-License-Identifier: MIT */
/* RENAME (RFC 3501 section 6.3.5).  INBOX stays: its messages move to a new mailbox. */
#include "cmd/copier.h"

enum {
  RENAME_BEGIN,
  RENAME_DONE,
  RENAME_CREATED,
  RENAME_OPENED,
  RENAME_POLLED,
  RENAME_ASK,
  RENAME_PAGE,
  RENAME_MOVE,
  RENAME_UNDONE
};

typedef struct rename_context {
  void *mailbox; /* INBOX */
  imap4i_uidset uids;
  imap4i_copier copier;
  uint32_t after;
  int failure;
  bool moving;
} rename_context;
_Static_assert(sizeof(rename_context) <= 512, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static int completed(imap4i_command *c) {
  return imap4i_reply_ok(c, IMAP4I_S("RENAME completed"));
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  const imap4i_rename_args *a = &c->args.rename;
  bool inbox = imap4i_eq(a->from, IMAP4I_S("INBOX"));
  if (imap4i_eq(a->to, IMAP4I_S("INBOX"))) return imap4i_reply_status(c, IMAP4_ST_ALREADYEXISTS);
  bool inside =
      a->to.n > a->from.n && memcmp(a->to.p, a->from.p, a->from.n) == 0 && a->to.p[a->from.n] == s->delimiter;
  if (inside && !inbox)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("CANNOT"), IMAP4I_S("A mailbox can't be moved below itself"));
  int status = imap4i_authorize(s, a->from, inbox ? IMAP4_RIGHT_WRITE : IMAP4_RIGHT_DELETE);
  if (status == IMAP4_OK) status = imap4i_authorize(s, a->to, IMAP4_RIGHT_CREATE);
  if (status != IMAP4_OK) return imap4i_reply_status(c, status);
  if (inbox) {
    imap4_name_args args = {.account = s->account, .name = a->to};
    c->phase = RENAME_CREATED;
    return imap4i_op_call(s, IMAP4I_OP_CREATE, &args);
  }
  imap4_rename_args args = {.account = s->account, .from = a->from, .to = a->to};
  c->phase = RENAME_DONE;
  return imap4i_op_call(s, IMAP4I_OP_RENAME, &args);
}

/* The new mailbox is not wanted after all: INBOX is as it was. */
static int undo(imap4i_command *c, int failure) {
  imap4_session *s = c->s;
  rename_context *x = c->context;
  x->failure = failure;
  imap4_name_args args = {.account = s->account, .name = c->args.rename.to};
  c->phase = RENAME_UNDONE;
  return imap4i_op_call(s, IMAP4I_OP_REMOVE, &args);
}

static int created(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  imap4_open_args args = {.account = s->account, .name = IMAP4I_S("INBOX")};
  c->phase = RENAME_OPENED;
  return imap4i_op_call(s, IMAP4I_OP_OPEN, &args);
}

static int opened(imap4i_command *c) {
  imap4_session *s = c->s;
  rename_context *x = c->context;
  if (s->op.status != IMAP4_OK) return undo(c, s->op.status);
  x->mailbox = s->op.result.open.mailbox;
  imap4i_uidset_init(&x->uids, &s->mem);
  if (s->op.result.open.read_only) return undo(c, IMAP4_ST_READONLY);
  imap4_poll_args args = {.mailbox = x->mailbox};
  c->phase = RENAME_POLLED;
  return imap4i_op_call(s, IMAP4I_OP_POLL, &args);
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  rename_context *x = c->context;
  imap4_query_args args = {.mailbox = x->mailbox, .after_uid = x->after, .capacity = s->limits->query_rows};
  c->phase = RENAME_PAGE;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int page(imap4i_command *c) {
  imap4_session *s = c->s;
  rename_context *x = c->context;
  if (s->op.status != IMAP4_OK) return undo(c, s->op.status);
  const imap4_query_result *r = &s->op.result.query;
  for (uint32_t i = 0; i < r->count; i++) {
    x->after = imap4i_op_row(s, i).uid;
    if (!imap4i_uidset_add(&x->uids, x->after, x->after)) return IMAP4_ERR_NOMEM;
  }
  if (!r->last) return go(c, RENAME_ASK);
  if (x->uids.n == 0) return completed(c);
  imap4i_copier_init(&x->copier, s, x->mailbox, imap4i_uidset_ranges(&x->uids), c->args.rename.to, true,
                     false);
  x->moving = true;
  return go(c, RENAME_MOVE);
}

static int move(imap4i_command *c) {
  rename_context *x = c->context;
  int failure;
  int status = imap4i_copier_step(&x->copier, c, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  /* Copies that are there already must not be thrown away with the new mailbox. */
  if (failure != IMAP4_OK && x->copier.copied == 0) return undo(c, failure);
  return failure == IMAP4_OK ? completed(c) : imap4i_reply_status(c, failure);
}

int imap4i_cmd_rename(imap4i_command *c) {
  rename_context *x = c->context;
  switch (c->phase) {
  case RENAME_BEGIN:
    return begin(c);
  case RENAME_DONE:
    return c->s->op.status == IMAP4_OK ? completed(c) : imap4i_reply_status(c, c->s->op.status);
  case RENAME_CREATED:
    return created(c);
  case RENAME_OPENED:
    return opened(c);
  case RENAME_POLLED:
    return c->s->op.status == IMAP4_OK ? go(c, RENAME_ASK) : undo(c, c->s->op.status);
  case RENAME_ASK:
    return ask(c);
  case RENAME_PAGE:
    return page(c);
  case RENAME_MOVE:
    return move(c);
  default:
    return imap4i_reply_status(c, x->failure);
  }
}

void imap4i_cmd_rename_end(imap4i_command *c) {
  imap4_session *s = c->s;
  rename_context *x = c->context;
  if (!x || !x->mailbox) return;
  if (x->moving) imap4i_copier_free(&x->copier, s);
  imap4i_uidset_free(&x->uids);
  imap4i_op_close(s, x->mailbox);
  x->mailbox = NULL;
}
