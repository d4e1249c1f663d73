/* SPDX-License-Identifier: MIT */
/* COPY, MOVE and their UID forms (RFC 3501 section 6.4.7, RFC 6851, RFC 4315). */
#include "cmd/copier.h"

#include "wire/writer.h"

enum { COPY_BEGIN, COPY_RUN, COPY_WARN, COPY_COPIED, COPY_TELL };

typedef struct copy_context {
  imap4i_uidset uids;
  imap4i_copier copier;
} copy_context;
_Static_assert(sizeof(copy_context) <= 512, "fits the context in dispatch.c");

static bool is_move(const imap4i_command *c) {
  return c->row->step == imap4i_cmd_move;
}

/* RFC 9738 section 3.1: COPY of too many messages copies none, MOVE some.  Whether none are copied. */
static bool too_many(imap4i_command *c) {
  copy_context *x = c->context;
  uint32_t most = imap4i_save_limit(c->s);
  if (is_move(c)) {
    imap4i_limit_messages(c, &x->uids);
    return false;
  }
  return most > 0 && imap4i_ranges_count(imap4i_uidset_ranges(&x->uids)) > most;
}

static int refuse(imap4i_command *c) {
  copy_context *x = c->context;
  uint32_t most = imap4i_save_limit(c->s);
  imap4i_uidset_keep_highest(&x->uids, most);
  return imap4i_reply_too_many(c, most, x->uids.p[0].first);
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  copy_context *x = c->context;
  const imap4i_copy_args *a = &c->args.copy;
  imap4i_uidset_init(&x->uids, &s->mem);
  if (is_move(c) && s->view->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  int status = imap4i_view_resolve(s->view, &a->set, c->row->uid, c->row->uid, &x->uids);
  if (status == IMAP4I_PARSE_REFUSED) return imap4i_reply_no_message(c);
  if (status != IMAP4_OK) return status;
  if (x->uids.n == 0)
    return imap4i_reply_ok(c, is_move(c) ? IMAP4I_S("MOVE completed; no such message")
                                         : IMAP4I_S("COPY completed; no such message"));
  if (too_many(c)) return refuse(c);
  c->total = (uint32_t)imap4i_ranges_count(imap4i_uidset_ranges(&x->uids));
  status = imap4i_authorize(s, a->name, IMAP4_RIGHT_INSERT);
  if (status != IMAP4_OK) return imap4i_reply_target(c, status);
  imap4i_copier_init(&x->copier, s, s->view->mailbox, imap4i_uidset_ranges(&x->uids), a->name, is_move(c),
                     !c->row->uid);
  c->phase = COPY_RUN;
  return IMAP4I_STEP_AGAIN;
}

static int run(imap4i_command *c) {
  copy_context *x = c->context;
  int failure;
  int status = imap4i_copier_step(&x->copier, c, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return imap4i_reply_target(c, failure);
  if (x->copier.copied == 0) c->expunged = IMAP4I_GONE_SOME;
  c->phase = x->copier.over_quota ? COPY_WARN : COPY_COPIED;
  return IMAP4I_STEP_AGAIN;
}

static int warn(imap4i_command *c) {
  int status = imap4i_tell_over_quota(c);
  if (status == IMAP4I_STEP_AGAIN) c->phase = COPY_COPIED;
  return status;
}

static int copied(imap4i_command *c) {
  copy_context *x = c->context;
  if (is_move(c) && x->copier.code.n > 0) {
    c->phase = COPY_TELL;
    return IMAP4I_STEP_AGAIN;
  }
  return imap4i_reply(c, IMAP4I_OK, is_move(c) ? IMAP4I_S("") : x->copier.code,
                      is_move(c) ? IMAP4I_S("MOVE completed") : IMAP4I_S("COPY completed"));
}

/* RFC 6851 section 4.3: COPYUID comes before the EXPUNGE responses, so not with the tagged OK. */
static int tell(imap4i_command *c) {
  imap4_session *s = c->s;
  copy_context *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* OK ")) &&
            imap4i_put_code_text(&s->out, x->copier.code, IMAP4I_S("Moved")) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("MOVE completed"));
}

int imap4i_cmd_copy(imap4i_command *c) {
  switch (c->phase) {
  case COPY_BEGIN:
    return begin(c);
  case COPY_RUN:
    return run(c);
  case COPY_WARN:
    return warn(c);
  case COPY_COPIED:
    return copied(c);
  default:
    return tell(c);
  }
}

int imap4i_cmd_move(imap4i_command *c) {
  return imap4i_cmd_copy(c);
}

void imap4i_cmd_copy_end(imap4i_command *c) {
  copy_context *x = c->context;
  if (!x || !x->uids.mem) return;
  imap4i_copier_free(&x->copier, c->s);
  imap4i_uidset_free(&x->uids);
}
