/* SPDX-License-Identifier: MIT */
/* What is gone since a mod-sequence; see resync.h. */
#include "core/resync.h"

enum { RESYNC_ASK, RESYNC_ROWS, RESYNC_TELL };

static int go(imap4i_resync *r, uint8_t phase) {
  r->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_resync_begin(imap4i_resync *r, imap4_session *s, const imap4i_set *uids, uint64_t since) {
  imap4i_view *v = s->view;
  *r = (imap4i_resync){.since = since};
  imap4i_uidset_init(&r->asked, &s->mem);
  imap4i_uidset_init(&r->gone, &s->mem);
  if (v->uidnext <= 1) return IMAP4_OK;      /* there never was a message */
  if (uids && uids->n == 0) return IMAP4_OK; /* "$" has no message that is gone (RFC 5182 section 2.1) */
  if (uids) return imap4i_view_numbers(uids, v->uidnext - 1, &r->asked);
  return imap4i_uidset_add(&r->asked, 1, v->uidnext - 1) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

void imap4i_resync_free(imap4i_resync *r) {
  if (!r->asked.mem) return;
  imap4i_uidset_free(&r->asked);
  imap4i_uidset_free(&r->gone);
}

/* The last of |n| pairs, from |seq| and |uid| on, in which message |seq| has that UID; 0 if there is none.
 * UIDs grow at least as fast as sequence numbers, so those that match stand together. */
static uint32_t last_match(imap4i_view *v, uint32_t seq, uint32_t uid, uint32_t n) {
  uint32_t low = 0, high = n; /* the first pair whose message has a higher UID */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (imap4i_view_uid(v, seq + middle) <= uid + middle) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0 || imap4i_view_uid(v, seq + low - 1) != uid + low - 1) return 0;
  return uid + low - 1;
}

void imap4i_resync_match(imap4i_resync *r, imap4_session *s, const imap4i_set *seqs, const imap4i_set *uids) {
  imap4i_view *v = s->view;
  size_t i = 0, j = 0;
  uint32_t seq = 0, uid = 0; /* where the ranges under way go on; 0: at their beginning */
  while (i < seqs->n && j < uids->n) {
    if (seq == 0) seq = seqs->p[i].first;
    if (uid == 0) uid = uids->p[j].first;
    if (seq > v->count) return;
    uint32_t seqs_left = seqs->p[i].last - seq, uids_left = uids->p[j].last - uid; /* beside this one */
    uint32_t more = seqs_left < uids_left ? seqs_left : uids_left;
    uint32_t there = v->count - seq < more ? v->count - seq : more;
    uint32_t match = last_match(v, seq, uid, there + 1);
    if (match > r->known_up_to) r->known_up_to = match;
    seq = seqs_left == more ? 0 : seq + more + 1;
    uid = uids_left == more ? 0 : uid + more + 1;
    i += seqs_left == more;
    j += uids_left == more;
  }
}

static int ask(imap4i_resync *r, imap4_session *s) {
  imap4_vanished_args args = {.after_uid = r->after,
                              .mailbox = s->view->mailbox,
                              .since = r->since,
                              .capacity = s->limits->query_rows};
  r->phase = RESYNC_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_VANISHED, &args);
}

/* No log: everything is told that is not there, but for what the client must know already. */
static int tell_all(imap4i_resync *r, const imap4i_view *v) {
  imap4_uid_range known = {1, r->known_up_to};
  imap4i_uidset_free(&r->gone);
  r->gone = r->asked;
  imap4i_uidset_init(&r->asked, r->gone.mem);
  r->after = 0;
  if (!imap4i_uidset_subtract(&r->gone, imap4i_uidset_ranges(&v->uids))) return IMAP4_ERR_NOMEM;
  if (r->known_up_to > 0 && !imap4i_uidset_subtract(&r->gone, (imap4_uid_ranges){&known, 1}))
    return IMAP4_ERR_NOMEM;
  return go(r, RESYNC_TELL);
}

/* |logged| is gone, says the store. */
static bool note_gone(imap4i_resync *r, const imap4i_view *v, imap4_uid_ranges logged) {
  imap4i_uidset both;
  imap4i_uidset_init(&both, r->gone.mem);
  bool ok = imap4i_uidset_intersect(&both, imap4i_uidset_ranges(&r->asked), logged) &&
            imap4i_uidset_subtract(&both, imap4i_uidset_ranges(&v->uids));
  for (size_t i = 0; ok && i < both.n; i++)
    ok = imap4i_uidset_add(&r->gone, both.p[i].first, both.p[i].last);
  imap4i_uidset_free(&both);
  return ok;
}

static int rows(imap4i_resync *r, imap4_session *s) {
  const imap4_vanished_result *answer = &s->op.result.vanished;
  if (s->op.status != IMAP4_OK) return tell_all(r, s->view);
  if (!note_gone(r, s->view, answer->uids)) return IMAP4_ERR_NOMEM;
  r->after = answer->last ? 0 : answer->uids.p[answer->uids.n - 1].last;
  return go(r, answer->last ? RESYNC_TELL : RESYNC_ASK);
}

static int tell(imap4i_resync *r, imap4i_command *c) {
  imap4_uid_ranges gone = imap4i_uidset_ranges(&r->gone);
  while (imap4i_ranges_next(gone, r->after) != 0) {
    if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
    int status = imap4i_tell_vanished(c, gone, UINT32_MAX, true, &r->after);
    if (status < 0) return status;
  }
  return IMAP4I_STEP_DONE;
}

int imap4i_resync_step(imap4i_resync *r, imap4i_command *c) {
  imap4_session *s = c->s;
  switch (r->phase) {
  case RESYNC_ASK:
    if (r->asked.n == 0) return IMAP4I_STEP_DONE;
    /* A client that is ahead of the store has kept what some other store has told: its log is of no use. */
    return r->since > s->view->modseq ? tell_all(r, s->view) : ask(r, s);
  case RESYNC_ROWS:
    return rows(r, s);
  default:
    return tell(r, c);
  }
}
