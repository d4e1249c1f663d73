/* SPDX-License-Identifier: MIT */
/* EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315 section 2.1).  The announcement at the end of
 * the command tells the client which messages are gone. */
#include "core/dispatch.h"

enum { EXPUNGE_BEGIN, EXPUNGE_DONE };

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

int imap4i_cmd_uid_expunge(imap4i_command *c) {
  imap4i_view *v = c->s->view;
  if (c->phase == EXPUNGE_DONE) return done(c);
  if (v->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  imap4i_uidset uids;
  imap4i_uidset_init(&uids, &c->s->mem);
  int status = imap4i_view_resolve(v, &c->args.set.set, true, true, &uids);
  if (status == IMAP4_OK) status = expunge(c, imap4i_uidset_ranges(&uids));
  imap4i_uidset_free(&uids);
  return status;
}
