/* SPDX-License-Identifier: MIT */
/*
 * INPROGRESS (RFC 9585): a client that waits for a long command hears now and then that it is being worked
 * on.  Time comes from imap4_session_tick() alone: a host that never says what time it is has none of this.
 * It is said between the steps of a command, also while the store is at work, and only when there is nothing
 * else on its way to the client.
 */
#include "core/dispatch.h"
#include "wire/writer.h"

/* Whether a line of it may be written now: the client waits for nothing but the end of its command. */
static bool may_tell(const imap4_session *s) {
  const imap4i_command *c = s->command;
  return s->state != IMAP4_STATE_NOT_AUTHENTICATED && imap4i_has(s, IMAP4_FEATURE_INPROGRESS) &&
         !s->closing && c && c->row && c->stage != IMAP4I_STAGE_REPLY && !c->line_open &&
         (c->row->flags & (IMAP4I_IDLES | IMAP4I_STREAMS)) == 0 && imap4i_output_waiting(s) == 0;
}

uint64_t imap4i_progress_deadline(const imap4_session *s) {
  if (!may_tell(s)) return UINT64_MAX;
  uint64_t since = s->progress_told_ms > s->last_command_ms ? s->progress_told_ms : s->last_command_ms;
  return since + s->limits->progress_ms;
}

/* ("tag" done total), with what is not known as NIL. */
static bool put_state(imap4i_buf *out, const imap4i_command *c) {
  bool quotable = c->tag.n > 0 && !memchr(c->tag.p, ']', c->tag.n);
  bool ok = imap4i_buf_putc(out, '(') &&
            (quotable ? imap4i_put_quoted(out, c->tag) : imap4i_buf_puts(out, IMAP4I_S("NIL")));
  if (c->total == 0) return ok && imap4i_buf_puts(out, IMAP4I_S(" NIL NIL)"));
  /* The goal is never said to be reached: then there is a reply. */
  uint32_t done = c->done < c->total ? c->done : c->total - 1;
  return ok && imap4i_buf_putc(out, ' ') && imap4i_buf_put_u64(out, done) && imap4i_buf_putc(out, ' ') &&
         imap4i_buf_put_u64(out, c->total) && imap4i_buf_putc(out, ')');
}

void imap4i_progress_tell(imap4_session *s) {
  s->progress_due = false;
  if (!may_tell(s)) return; /* something was sent meanwhile */
  size_t mark = s->out.n;
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* OK [INPROGRESS ")) && put_state(&s->out, s->command) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("] Still at work\r\n"));
  if (!ok) s->out.n = mark; /* the command may have what it needs all the same */
  s->progress_told_ms = s->now_ms;
  s->progress_end = s->output_octets + imap4i_output_waiting(s);
}
