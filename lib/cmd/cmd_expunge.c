/* SPDX-License-Identifier: MIT */
/* EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315 section 2.1).  The announcement at the end of
 * the command tells the client which messages are gone. */
#include "core/dispatch.h"

enum { EXPUNGE_BEGIN, EXPUNGE_ASK, EXPUNGE_ROWS, EXPUNGE_DONE };

typedef struct expunge_context {
  imap4i_uidset uids;
  imap4i_uidset deleted; /* those of them that are \Deleted, if they have to be counted */
  uint32_t after;
} expunge_context;
_Static_assert(sizeof(expunge_context) <= 128, "fits the context in dispatch.c");

static int expunge(imap4i_command *c, imap4_uid_ranges uids) {
  imap4_expunge_args args = {.only_deleted = 1, .mailbox = c->s->view->mailbox, .uids = uids};
  c->phase = EXPUNGE_DONE;
  if (uids.n == 0) {
    c->s->op.status = IMAP4_OK;
    return IMAP4I_STEP_AGAIN;
  }
  return imap4i_op_call(c->s, IMAP4I_OP_EXPUNGE, &args);
}

static int done(imap4i_command *c) {
  int status = c->s->op.status;
  return status == IMAP4_OK ? imap4i_reply_ok(c, IMAP4I_S("EXPUNGE completed"))
                            : imap4i_reply_status(c, status);
}

int imap4i_cmd_expunge(imap4i_command *c) {
  imap4i_view *v = c->s->view;
  if (c->phase == EXPUNGE_DONE) return done(c);
  if (v->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  return expunge(c, imap4i_uidset_ranges(&v->uids));
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  expunge_context *x = c->context;
  uint32_t most = imap4i_message_limit(s);
  imap4i_uidset_init(&x->uids, &s->mem);
  imap4i_uidset_init(&x->deleted, &s->mem);
  if (s->view->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  int status = imap4i_view_resolve(s->view, &c->args.set.set, true, true, &x->uids);
  if (status != IMAP4_OK) return status;
  imap4_uid_ranges uids = imap4i_uidset_ranges(&x->uids);
  if (most == 0 || imap4i_ranges_count(uids) <= most) return expunge(c, uids);
  c->phase = EXPUNGE_ASK;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 9738 section 3.1: messages that are not \Deleted do not count. */
static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  const expunge_context *x = c->context;
  imap4_query_args args = {.attributes = IMAP4_ATTR_FLAGS,
                           .mailbox = s->view->mailbox,
                           .uids = imap4i_uidset_ranges(&x->uids),
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  c->phase = EXPUNGE_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  expunge_context *x = c->context;
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  bool last = r->last != 0;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    x->after = row.uid;
    if (!(row.flags & IMAP4_FLAG_DELETED) || !imap4i_ranges_has(imap4i_uidset_ranges(&x->uids), row.uid))
      continue;
    if (!imap4i_uidset_add(&x->deleted, row.uid, row.uid)) return IMAP4_ERR_NOMEM;
  }
  c->phase = EXPUNGE_ASK;
  if (!last) return IMAP4I_STEP_AGAIN;
  imap4i_limit_messages(c, &x->deleted);
  return expunge(c, imap4i_uidset_ranges(&x->deleted));
}

int imap4i_cmd_uid_expunge(imap4i_command *c) {
  switch (c->phase) {
  case EXPUNGE_BEGIN:
    return begin(c);
  case EXPUNGE_ASK:
    return ask(c);
  case EXPUNGE_ROWS:
    return rows(c);
  default:
    return done(c);
  }
}

void imap4i_cmd_uid_expunge_end(imap4i_command *c) {
  expunge_context *x = c->context;
  if (!x || !x->uids.mem) return;
  imap4i_uidset_free(&x->uids);
  imap4i_uidset_free(&x->deleted);
}
