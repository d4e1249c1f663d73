/* SPDX-License-Identifier: MIT */
/* STATUS of one mailbox; see tally.h. */
#include "cmd/tally.h"

#include "wire/writer.h"

enum { TALLY_BEGIN, TALLY_GOT, TALLY_OPENED, TALLY_POLLED, TALLY_ASK, TALLY_ROWS, TALLY_END };

int imap4i_begin_status_items(imap4i_command *c, uint32_t items) {
  uint64_t needs = items & IMAP4_STATUS_SIZE ? IMAP4_FEATURE_STATUS_SIZE : 0;
  if (items & IMAP4_STATUS_APPENDLIMIT) needs |= IMAP4_FEATURE_APPENDLIMIT;
  if (items & IMAP4_STATUS_MAILBOXID) needs |= IMAP4_FEATURE_OBJECTID;
  if (items & IMAP4_STATUS_DELETED_STORAGE) needs |= IMAP4_FEATURE_QUOTA;
  bool storage = c->s->server->store.quota_resources & IMAP4_QUOTA_STORAGE;
  bool unknown = items & IMAP4_STATUS_DELETED_STORAGE && !storage; /* RFC 9208 section 4.1.4 */
  bool deletes = imap4i_has(c->s, IMAP4_FEATURE_IMAP4REV2) || imap4i_has(c->s, IMAP4_FEATURE_QUOTA);
  unknown |= items & IMAP4_STATUS_DELETED && !deletes;
  if (unknown || !imap4i_has(c->s, needs))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("There is no such STATUS item"));
  return items & IMAP4_STATUS_HIGHESTMODSEQ ? imap4i_condstore_begin(c, false) : IMAP4I_STEP_AGAIN;
}

void imap4i_tally_init(imap4i_tally *x, imap4_str name, uint32_t items) {
  memset(x, 0, sizeof *x);
  x->name = name;
  x->items = items;
}

static int go(imap4i_tally *x, uint8_t phase) {
  x->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static int end(imap4i_tally *x, imap4_session *s, int status, int *failure) {
  imap4i_tally_free(x, s);
  x->phase = TALLY_END;
  *failure = status;
  return IMAP4I_STEP_DONE;
}

static int begin(imap4i_tally *x, imap4_session *s, int *failure) {
  int status = imap4i_authorize(s, x->name, IMAP4_RIGHT_READ);
  if (status != IMAP4_OK) return end(x, s, status, failure);
  imap4_status_args args = {.items = x->items, .account = s->account, .name = x->name};
  x->phase = TALLY_GOT;
  return imap4i_op_call(s, IMAP4I_OP_STATUS, &args);
}

/* Items that a store's |status| may not know. */
static uint32_t newer(const imap4i_tally *x) {
  return x->items & (IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED | IMAP4_STATUS_MAILBOXID |
                     IMAP4_STATUS_HIGHESTMODSEQ | IMAP4_STATUS_DELETED_STORAGE);
}

/* It must outlive the answer that it is from.  All were found to be no longer than that. */
static void keep_id(imap4i_tally *x, imap4_str id) {
  x->mailbox_id_octets = (uint8_t)id.n;
  if (id.n > 0) memcpy(x->mailbox_id, id.p, id.n);
}

static int got(imap4i_tally *x, imap4_session *s, int *failure) {
  int status = s->op.status;
  if (status == IMAP4_OK) {
    x->numbers = s->op.result.status;
    keep_id(x, x->numbers.mailbox_id);
    if ((newer(x) & ~x->numbers.known) == 0) return end(x, s, IMAP4_OK, failure);
  } else if (status != IMAP4_ST_UNSUPPORTED) {
    return end(x, s, status, failure);
  }
  imap4_open_args args = {.read_only = 1, .account = s->account, .name = x->name};
  x->phase = TALLY_OPENED;
  return imap4i_op_call(s, IMAP4I_OP_OPEN, &args);
}

static int opened(imap4i_tally *x, imap4_session *s, int *failure) {
  if (s->op.status != IMAP4_OK) return end(x, s, s->op.status, failure);
  x->mailbox = s->op.result.open.mailbox;
  imap4_poll_args args = {.mailbox = x->mailbox};
  x->phase = TALLY_POLLED;
  return imap4i_op_call(s, IMAP4I_OP_POLL, &args);
}

static int polled(imap4i_tally *x, imap4_session *s, int *failure) {
  const imap4_mailbox_state *state = &s->op.result.poll;
  if (s->op.status != IMAP4_OK) return end(x, s, s->op.status, failure);
  x->numbers = (imap4_status_result){.messages = state->exists,
                                     .uidnext = state->uidnext,
                                     .uidvalidity = state->uidvalidity,
                                     .highest_modseq = state->no_modseq ? 0 : state->highest_modseq};
  x->first_recent = state->first_recent;
  keep_id(x, state->mailbox_id);
  uint32_t counted = IMAP4_STATUS_UNSEEN | IMAP4_STATUS_RECENT | IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED |
                     IMAP4_STATUS_DELETED_STORAGE;
  bool counts = (x->items & counted) != 0;
  return counts && state->exists > 0 ? go(x, TALLY_ASK) : end(x, s, IMAP4_OK, failure);
}

static int ask(imap4i_tally *x, imap4_session *s) {
  imap4_uid_range all = {1, x->numbers.uidnext > 1 ? x->numbers.uidnext - 1 : 1};
  uint32_t attributes = IMAP4_ATTR_FLAGS;
  if (x->items & (IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED_STORAGE)) attributes |= IMAP4_ATTR_SIZE;
  imap4_query_args args = {.attributes = attributes,
                           .mailbox = x->mailbox,
                           .uids = {&all, 1},
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  x->phase = TALLY_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

/* Sizes come from a store: their sum stays at what a number in a response may be (RFC 8438 section 2). */
static uint64_t add_size(uint64_t sum, uint64_t size) {
  return size > (uint64_t)INT64_MAX - sum ? (uint64_t)INT64_MAX : sum + size;
}

static int rows(imap4i_tally *x, imap4_session *s, int *failure) {
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return end(x, s, s->op.status, failure);
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    x->after = row.uid;
    x->numbers.unseen += (row.flags & IMAP4_FLAG_SEEN) == 0;
    x->numbers.recent += x->first_recent > 0 && row.uid >= x->first_recent;
    x->numbers.size = add_size(x->numbers.size, row.size);
    if (!(row.flags & IMAP4_FLAG_DELETED)) continue;
    x->numbers.deleted++;
    x->numbers.deleted_storage = add_size(x->numbers.deleted_storage, row.size);
  }
  return r->last ? end(x, s, IMAP4_OK, failure) : go(x, TALLY_ASK);
}

int imap4i_tally_step(imap4i_tally *x, imap4i_command *c, int *failure) {
  imap4_session *s = c->s;
  switch (x->phase) {
  case TALLY_BEGIN:
    return begin(x, s, failure);
  case TALLY_GOT:
    return got(x, s, failure);
  case TALLY_OPENED:
    return opened(x, s, failure);
  case TALLY_POLLED:
    return polled(x, s, failure);
  case TALLY_ASK:
    return ask(x, s);
  default:
    return rows(x, s, failure);
  }
}

static bool put_item(const imap4i_tally *x, imap4i_buf *out, uint32_t item, imap4_str name, uint64_t value,
                     bool *any) {
  if (!(x->items & item)) return true;
  bool ok =
      (!*any || imap4i_buf_putc(out, ' ')) && imap4i_buf_puts(out, name) && imap4i_buf_put_u64(out, value);
  *any = true;
  return ok;
}

/* RFC 7889 section 5: a number of RFC 3501 has 32 bits. */
static bool put_append_limit(const imap4i_tally *x, const imap4_session *s, imap4i_buf *out, bool *any) {
  imap4_str name = IMAP4I_S("APPENDLIMIT ");
  uint64_t limit = s->limits->message_octets;
  if (limit <= UINT32_MAX) return put_item(x, out, IMAP4_STATUS_APPENDLIMIT, name, limit, any);
  if (!(x->items & IMAP4_STATUS_APPENDLIMIT)) return true;
  bool ok = (!*any || imap4i_buf_putc(out, ' ')) && imap4i_buf_puts(out, name);
  *any = true;
  return ok && imap4i_buf_puts(out, IMAP4I_S("NIL"));
}

/* RFC 8474 section 4.3. */
static bool put_mailbox_id(const imap4i_tally *x, imap4i_buf *out, bool *any) {
  if (!(x->items & IMAP4_STATUS_MAILBOXID) || x->mailbox_id_octets == 0) return true;
  bool ok = (!*any || imap4i_buf_putc(out, ' ')) && imap4i_buf_puts(out, IMAP4I_S("MAILBOXID (")) &&
            imap4i_buf_put(out, x->mailbox_id, x->mailbox_id_octets);
  *any = true;
  return ok && imap4i_buf_putc(out, ')');
}

bool imap4i_tally_put(const imap4i_tally *x, imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  const imap4_status_result *n = &x->numbers;
  bool any = false;
  return imap4i_buf_puts(out, IMAP4I_S("* STATUS ")) &&
         imap4i_put_mailbox(out, x->name, imap4i_speaks_utf8(c->s)) && imap4i_buf_puts(out, IMAP4I_S(" (")) &&
         put_item(x, out, IMAP4_STATUS_MESSAGES, IMAP4I_S("MESSAGES "), n->messages, &any) &&
         put_item(x, out, IMAP4_STATUS_RECENT, IMAP4I_S("RECENT "), n->recent, &any) &&
         put_item(x, out, IMAP4_STATUS_UIDNEXT, IMAP4I_S("UIDNEXT "), n->uidnext, &any) &&
         put_item(x, out, IMAP4_STATUS_UIDVALIDITY, IMAP4I_S("UIDVALIDITY "), n->uidvalidity, &any) &&
         put_item(x, out, IMAP4_STATUS_UNSEEN, IMAP4I_S("UNSEEN "), n->unseen, &any) &&
         put_item(x, out, IMAP4_STATUS_SIZE, IMAP4I_S("SIZE "), n->size, &any) &&
         put_item(x, out, IMAP4_STATUS_DELETED, IMAP4I_S("DELETED "), n->deleted, &any) &&
         put_item(x, out, IMAP4_STATUS_HIGHESTMODSEQ, IMAP4I_S("HIGHESTMODSEQ "), n->highest_modseq, &any) &&
         put_item(x, out, IMAP4_STATUS_DELETED_STORAGE, IMAP4I_S("DELETED-STORAGE "), n->deleted_storage,
                  &any) &&
         put_append_limit(x, c->s, out, &any) && put_mailbox_id(x, out, &any) &&
         imap4i_buf_puts(out, IMAP4I_S(")\r\n"));
}

void imap4i_tally_free(imap4i_tally *x, imap4_session *s) {
  if (!x->mailbox) return;
  imap4i_op_close(s, x->mailbox);
  x->mailbox = NULL;
}
