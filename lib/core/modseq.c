/* SPDX-License-Identifier: MIT */
/* Who hears of mod-sequences, and of which; see modseq.h. */
#include "core/modseq.h"

#include "wire/writer.h"

bool imap4i_shows_modseq(const imap4_session *s) {
  return s->view && !s->view->no_modseq && (s->enabled & IMAP4I_ENABLED_CONDSTORE) != 0;
}

bool imap4i_resyncs(const imap4_session *s) {
  return imap4i_shows_modseq(s) && (s->enabled & IMAP4I_ENABLED_QRESYNC) != 0;
}

bool imap4i_shows_vanished(const imap4_session *s) {
  return imap4i_speaks_uidonly(s) || imap4i_resyncs(s);
}

bool imap4i_shows_closed(const imap4_session *s) {
  return s->view && (imap4i_speaks_rev2(s) || imap4i_has(s, IMAP4_FEATURE_CONDSTORE));
}

/* Up to here the client has been told everything.  One without QRESYNC finds expunges on its own. */
static uint64_t told_up_to(const imap4_session *s) {
  const imap4i_view *v = s->view;
  bool waits = imap4i_resyncs(s) && v->expunge_modseq < v->modseq;
  return waits ? v->expunge_modseq : v->modseq;
}

bool imap4i_put_modseq(imap4_session *s, uint64_t modseq) {
  if (modseq > s->view->sent_modseq) s->view->sent_modseq = modseq;
  return imap4i_buf_puts(&s->out, IMAP4I_S("MODSEQ (")) && imap4i_buf_put_u64(&s->out, modseq) &&
         imap4i_buf_putc(&s->out, ')');
}

bool imap4i_put_highest(imap4_session *s) {
  if (s->view->no_modseq)
    return imap4i_buf_puts(&s->out, IMAP4I_S("* OK [NOMODSEQ] This mailbox keeps no mod-sequences\r\n"));
  s->view->client_modseq = told_up_to(s);
  s->view->sent_modseq = 0;
  return imap4i_buf_puts(&s->out, IMAP4I_S("* OK [HIGHESTMODSEQ ")) &&
         imap4i_buf_put_u64(&s->out, s->view->client_modseq) &&
         imap4i_buf_puts(&s->out, IMAP4I_S("] Highest mod-sequence\r\n"));
}

bool imap4i_put_closed(imap4_session *s) {
  return imap4i_buf_puts(&s->out, IMAP4I_S("* OK [CLOSED] The mailbox selected before is closed\r\n"));
}

int imap4i_condstore_begin(imap4i_command *c, bool uses) {
  imap4_session *s = c->s;
  if (!imap4i_has(s, IMAP4_FEATURE_CONDSTORE))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("Mod-sequences are not available"));
  if (uses && s->view && s->view->no_modseq)
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("This mailbox keeps no mod-sequences"));
  if (s->enabled & IMAP4I_ENABLED_CONDSTORE) return IMAP4I_STEP_AGAIN;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, !s->view || imap4i_put_highest(s));
  if (status >= 0) s->enabled |= IMAP4I_ENABLED_CONDSTORE;
  return status;
}

int imap4i_tell_vanished(imap4i_command *c, imap4_uid_ranges uids, uint32_t most, bool earlier,
                         uint32_t *after) {
  enum { RANGES = 64 }; /* in one response, which must not be longer than a client can read */
  imap4_uid_range some[RANGES];
  size_t n = 0;
  for (size_t i = imap4i_ranges_find(uids, *after + 1); i < uids.n && n < RANGES; i++) {
    imap4_uid_range range = uids.p[i];
    if (range.first > most) break;
    if (range.first <= *after) range.first = *after + 1;
    if (range.last > most) range.last = most;
    some[n++] = range;
  }
  imap4i_buf *out = &c->s->out;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(out, earlier ? IMAP4I_S("* VANISHED (EARLIER) ") : IMAP4I_S("* VANISHED ")) &&
            imap4i_put_uid_ranges(out, (imap4_uid_ranges){some, n}) && imap4i_buf_puts(out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  if (status >= 0) *after = some[n - 1].last;
  return status;
}

/* "HIGHESTMODSEQ n" as the code of the tagged OK. */
static int put_code(imap4i_command *c, uint64_t modseq) {
  static const char name[] = "HIGHESTMODSEQ ";
  char text[sizeof name + IMAP4I_U64_DIGITS];
  bool ok = true;
  memcpy(text, name, sizeof name - 1);
  size_t n = sizeof name - 1 + imap4i_format_u64(modseq, text + sizeof name - 1);
  imap4_str code = imap4i_arena_str(&c->arena, imap4i_str(text, n), &ok);
  if (!ok) return IMAP4_ERR_NOMEM;
  c->code = code;
  c->s->view->client_modseq = modseq;
  c->s->view->sent_modseq = 0;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_settle_highest(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  if (!imap4i_shows_modseq(s)) return IMAP4I_STEP_AGAIN;
  uint64_t told = told_up_to(s);
  uint64_t believed = v->sent_modseq > v->client_modseq ? v->sent_modseq : v->client_modseq;
  bool resyncs = imap4i_resyncs(s);
  /* RFC 7162 sections 3.2.7 and 3.2.9. */
  if (resyncs && v->sync_removed > 0 && c->row->flags & IMAP4I_EXPUNGES && c->reply == IMAP4I_OK &&
      c->code.n == 0)
    return put_code(c, told);
  if (believed > told || (resyncs && believed < told)) {
    size_t mark = imap4i_begin_piece(c);
    return imap4i_end_piece(c, mark, imap4i_put_highest(s));
  }
  v->client_modseq = believed;
  v->sent_modseq = 0;
  return IMAP4I_STEP_AGAIN;
}
