/* SPDX-License-Identifier: MIT */
/* STATUS (RFC 3501 section 6.3.10, RFC 7162 section 3.1.7). */
#include "cmd/tally.h"

enum { STATUS_BEGIN, STATUS_COUNT, STATUS_TELL };

_Static_assert(sizeof(imap4i_tally) <= 512, "fits the context in dispatch.c");

static int begin(imap4i_command *c) {
  const imap4i_status_args *a = &c->args.status;
  int status = imap4i_begin_status_items(c, a->items);
  if (status != IMAP4I_STEP_AGAIN) return status;
  imap4i_tally_init(c->context, a->name, a->items);
  c->phase = STATUS_COUNT;
  return IMAP4I_STEP_AGAIN;
}

static int count(imap4i_command *c) {
  int failure = IMAP4_OK;
  int status = imap4i_tally_step(c->context, c, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return imap4i_reply_status(c, failure);
  c->phase = STATUS_TELL;
  return IMAP4I_STEP_AGAIN;
}

static int tell(imap4i_command *c) {
  if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, imap4i_tally_put(c->context, c));
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("STATUS completed"));
}

int imap4i_cmd_status(imap4i_command *c) {
  switch (c->phase) {
  case STATUS_BEGIN:
    return begin(c);
  case STATUS_COUNT:
    return count(c);
  default:
    return tell(c);
  }
}

void imap4i_cmd_status_end(imap4i_command *c) {
  if (c->context) imap4i_tally_free(c->context, c->s);
}
