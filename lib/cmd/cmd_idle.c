/* SPDX-License-Identifier: MIT */
/* IDLE (RFC 2177): waits for a line, and announces what happens meanwhile.  While it waits it holds no
 * buffer. */
#include "core/dispatch.h"

enum { IDLE_BEGIN, IDLE_WAIT, IDLE_SYNC };

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, imap4i_buf_puts(&s->out, IMAP4I_S("+ idling\r\n")));
  if (status < 0) return status;
  imap4i_input_want_line(s, s->limits->command_octets, true);
  s->watching = s->view && imap4i_op_watch(s, s->view->mailbox, true);
  s->notified = true; /* what happened before is news as well */
  c->phase = IDLE_WAIT;
  return IMAP4I_STEP_AGAIN;
}

static int wait(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->input.ready) {
    bool done = !s->input.too_long && imap4i_ieq(imap4i_buf_str(&s->input.buf), IMAP4I_S("DONE"));
    /* Some clients go on with a command instead: it is one, and so is its literal. */
    c->hands_over = !done;
    if (!done) return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("Expected DONE"));
    return imap4i_reply_ok(c, IMAP4I_S("IDLE completed"));
  }
  if (s->notified && s->view) {
    imap4i_sync_begin(s, true, false);
    c->phase = IDLE_SYNC;
    return IMAP4I_STEP_AGAIN;
  }
  return IMAP4I_STEP_WAIT_INPUT;
}

static int sync(imap4i_command *c) {
  imap4_session *s = c->s;
  int status = imap4i_sync_step(s, false);
  if (status != IMAP4I_STEP_DONE) return status;
  if (s->view->lost) return imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("The selected mailbox is gone"));
  if (!s->watching && s->limits->poll_ms > 0) s->next_poll_ms = s->now_ms + s->limits->poll_ms;
  imap4i_arena_free(&s->op.copies);
  c->phase = IDLE_WAIT;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_cmd_idle(imap4i_command *c) {
  switch (c->phase) {
  case IDLE_BEGIN:
    return begin(c);
  case IDLE_WAIT:
    return wait(c);
  default:
    return sync(c);
  }
}

void imap4i_cmd_idle_end(imap4i_command *c) {
  imap4_session *s = c->s;
  s->next_poll_ms = 0;
  if (!s->watching || !s->view) return;
  s->watching = false;
  (void)imap4i_op_watch(s, s->view->mailbox, false);
}
