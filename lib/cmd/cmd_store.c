/* SPDX-License-Identifier: MIT */
/* STORE and UID STORE (RFC 3501 section 6.4.6): change flags, then show them unless the client said
 * .SILENT. */
#include "core/dispatch.h"

enum { STORE_BEGIN, STORE_CHANGED, STORE_ASK, STORE_ROWS };

typedef struct store_context {
  imap4i_uidset uids;
  uint64_t shown;
  uint32_t after;
  uint32_t row;
} store_context;
_Static_assert(sizeof(store_context) <= 128, "fits the context in dispatch.c");

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  const imap4i_store_args *a = &c->args.store;
  imap4i_uidset_init(&x->uids, &s->mem);
  if (s->view->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  int status = imap4i_view_resolve(s->view, &a->set, c->row->uid, c->row->uid, &x->uids);
  if (status == IMAP4I_PARSE_REFUSED) return imap4i_reply_no_message(c);
  if (status != IMAP4_OK) return status;
  if (x->uids.n == 0) return imap4i_reply_ok(c, IMAP4I_S("STORE completed; no such message"));
  imap4_store_flags_args args = {.mode = a->mode,
                                 .mailbox = s->view->mailbox,
                                 .uids = imap4i_uidset_ranges(&x->uids),
                                 .flags = a->flags.system,
                                 .keywords = a->flags.keywords};
  c->phase = STORE_CHANGED;
  return imap4i_op_call(s, IMAP4I_OP_STORE_FLAGS, &args);
}

static int changed(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  imap4i_view_own_change(s->view, &s->op.result.store_flags);
  if (c->args.store.silent) return imap4i_reply_ok(c, IMAP4I_S("STORE completed"));
  c->phase = STORE_ASK;
  return IMAP4I_STEP_AGAIN;
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  imap4_query_args args = {.attributes = IMAP4_ATTR_FLAGS,
                           .mailbox = s->view->mailbox,
                           .uids = imap4i_uidset_ranges(&x->uids),
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  x->row = 0;
  c->phase = STORE_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  const imap4_query_result *r = &s->op.result.query;
  imap4_uid_ranges wanted = imap4i_uidset_ranges(&x->uids);
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  for (; x->row < r->count; x->row++) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    imap4_row row = imap4i_op_row(s, x->row);
    x->after = row.uid;
    if (!imap4i_ranges_has(wanted, row.uid)) continue;
    size_t mark = imap4i_begin_piece(c);
    int status = imap4i_end_piece(c, mark, imap4i_put_flags_row(s, &row, c->row->uid));
    if (status < 0) return status;
    x->shown++;
  }
  if (!r->last) {
    c->phase = STORE_ASK;
    return IMAP4I_STEP_AGAIN;
  }
  /* RFC 2180 section 4.2.3: some were expunged by others. */
  if (x->shown < imap4i_ranges_count(wanted)) c->expunged = IMAP4I_GONE_SOME;
  return imap4i_reply_ok(c, IMAP4I_S("STORE completed"));
}

int imap4i_cmd_store(imap4i_command *c) {
  switch (c->phase) {
  case STORE_BEGIN:
    return begin(c);
  case STORE_CHANGED:
    return changed(c);
  case STORE_ASK:
    return ask(c);
  default:
    return rows(c);
  }
}

void imap4i_cmd_store_end(imap4i_command *c) {
  store_context *x = c->context;
  if (x && x->uids.mem) imap4i_uidset_free(&x->uids);
}
