/* SPDX-License-Identifier: MIT */
/*
 * Announcing changes of the selected mailbox: what a store says of its state becomes EXPUNGE, EXISTS, RECENT,
 * FLAGS and FETCH responses, in this order of work:
 *
 * - poll: has the mod-sequence moved?  If not, and no expunge is owed, that is all.
 * - new: UIDs from the view's |uidnext| on join the view.
 * - gone: if the view has more messages than the mailbox, some were expunged.  The store says which, or all
 *   UIDs are compared; then EXPUNGE, where that is allowed now.
 * - exists: EXISTS and RECENT.
 * - flags: messages with a newer mod-sequence, except the new ones.
 * - modseq: HIGHESTMODSEQ, where the client would take another one for it.
 *
 * New messages join before the gone ones are looked for, so one comparison finds both kinds.
 */
#include "core/modseq.h"
#include "wire/writer.h"

enum {
  SYNC_POLL,
  SYNC_POLLED,
  SYNC_NEW,
  SYNC_NEW_ROWS,
  SYNC_COUNT,
  SYNC_VANISHED,
  SYNC_VANISHED_ROWS,
  SYNC_COMPARE,
  SYNC_COMPARE_RANGES,
  SYNC_COMPARE_ALL,
  SYNC_COMPARE_ROWS,
  SYNC_PREPARE,
  SYNC_EXPUNGE,
  SYNC_EXISTS,
  SYNC_FLAGS,
  SYNC_FLAGS_ROWS,
  SYNC_MODSEQ,
  SYNC_END
};

void imap4i_sync_begin(imap4_session *s, bool expunges, bool uid) {
  imap4i_view *v = s->view;
  v->sync_phase = SYNC_POLL;
  v->sync_expunges = expunges;
  v->sync_uid = uid;
  v->sync_before = v->uidnext;
  v->sync_after = 0;
  v->sync_removed = 0;
}

static int next(imap4i_view *v, uint8_t phase) {
  v->sync_phase = phase;
  return IMAP4I_STEP_AGAIN;
}

/* A query about |uids| begins or goes on. */
static int ask(imap4_session *s, uint8_t phase, imap4_uid_ranges uids, uint32_t attributes, uint64_t since) {
  imap4i_view *v = s->view;
  imap4_query_args args = {.attributes = attributes,
                           .mailbox = v->mailbox,
                           .uids = uids,
                           .changed_since = since,
                           .after_uid = v->sync_after,
                           .capacity = s->limits->query_rows};
  v->sync_row = 0;
  v->sync_phase = phase;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

/* ---- poll ----------------------------------------------------------------------------------- */

static int sync_poll(imap4_session *s, bool checkpoint) {
  imap4i_view *v = s->view;
  imap4_poll_args args = {
      .claim_recent = !v->read_only && !v->no_recent, .mailbox = v->mailbox, .checkpoint = checkpoint};
  s->notified = false;
  v->sync_phase = SYNC_POLLED;
  return imap4i_op_call(s, IMAP4I_OP_POLL, &args);
}

bool imap4i_put_flags_line(imap4_session *s, const imap4_mailbox_state *state) {
  return imap4i_buf_puts(&s->out, IMAP4I_S("* FLAGS ")) &&
         imap4i_put_flags(&s->out, IMAP4_FLAG_ALL, state->keywords, false) &&
         imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
}

bool imap4i_put_permanent_line(imap4_session *s, const imap4_mailbox_state *state) {
  imap4i_buf *out = &s->out;
  bool read_only = s->view->read_only;
  imap4_str keywords = read_only ? (imap4_str){NULL, 0} : state->keywords;
  return imap4i_buf_puts(out, IMAP4I_S("* OK [PERMANENTFLAGS ")) &&
         imap4i_put_permanent_flags(out, read_only ? 0 : state->flags & IMAP4_FLAG_ALL, keywords,
                                    !read_only && state->new_keywords) &&
         imap4i_buf_puts(out, read_only ? IMAP4I_S("] No permanent flags permitted\r\n")
                                        : IMAP4I_S("] Flags that are kept\r\n"));
}

static int tell_keywords(imap4_session *s, const imap4_mailbox_state *state) {
  imap4i_view *v = s->view;
  uint64_t hash = imap4i_keywords_hash(state->keywords, state->new_keywords != 0);
  if (hash == v->keywords_hash) return IMAP4I_STEP_AGAIN;
  v->keywords_hash = hash;
  size_t mark = imap4i_begin_piece(s->command);
  bool ok = imap4i_put_flags_line(s, state) && imap4i_put_permanent_line(s, state);
  return imap4i_end_piece(s->command, mark, ok);
}

static int sync_polled(imap4_session *s) {
  imap4i_view *v = s->view;
  const imap4_mailbox_state *state = &s->op.result.poll;
  if (s->op.status == IMAP4_ST_NONEXISTENT ||
      (s->op.status == IMAP4_OK && state->uidvalidity != v->uidvalidity)) {
    v->lost = true; /* the command is answered first, then the session ends */
    return next(v, SYNC_END);
  }
  /* The command itself succeeded; what could not be found out now is told another time. */
  if (s->op.status != IMAP4_OK) return next(v, SYNC_MODSEQ);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  v->sync_exists = state->exists;
  v->sync_modseq = state->highest_modseq;
  v->sync_first_recent = state->first_recent;
  v->sync_uidnext = state->uidnext;
  int status = tell_keywords(s, state);
  if (status < 0) return status;
  bool owed = v->expunge_modseq != v->sync_modseq && v->sync_expunges;
  if (v->modseq == v->sync_modseq && !owed) return next(v, SYNC_MODSEQ);
  return next(v, v->sync_uidnext > v->uidnext ? SYNC_NEW : SYNC_COUNT);
}

/* ---- new messages --------------------------------------------------------------------------- */

static int sync_new(imap4_session *s) {
  imap4i_view *v = s->view;
  /* Up to the UIDNEXT of the poll: whether later ones are \Recent is for the next poll to say. */
  v->sync_range = (imap4_uid_range){v->uidnext, v->sync_uidnext - 1};
  if (v->sync_after < v->uidnext - 1) v->sync_after = v->uidnext - 1;
  return ask(s, SYNC_NEW_ROWS, (imap4_uid_ranges){&v->sync_range, 1}, 0, 0);
}

/* What is missing is asked for another time: nothing counts as told that was not found out. */
static int later(imap4i_view *v) {
  v->sync_modseq = v->modseq;
  return next(v, SYNC_EXISTS);
}

static int sync_new_rows(imap4_session *s) {
  imap4i_view *v = s->view;
  if (s->op.status != IMAP4_OK) return later(v);
  const imap4_query_result *r = &s->op.result.query;
  for (uint32_t i = 0; i < r->count; i++) {
    uint32_t uid = imap4i_op_row(s, i).uid;
    if (uid >= v->sync_uidnext) return later(v); /* not asked for: the store is not to be trusted */
    imap4_uid_range one = {uid, uid};
    uint32_t first_recent = v->sync_first_recent > 0 ? v->sync_first_recent : 1;
    if (!imap4i_view_add(v, (imap4_uid_ranges){&one, 1}, first_recent)) return IMAP4_ERR_NOMEM;
    v->sync_after = uid;
    v->uidnext = uid + 1;
  }
  if (!r->last) return next(v, SYNC_NEW);
  v->uidnext = v->sync_uidnext;
  return next(v, SYNC_COUNT);
}

/* ---- expunged messages ---------------------------------------------------------------------- */

static int sync_count(imap4_session *s) {
  imap4i_view *v = s->view;
  v->sync_after = 0;
  imap4i_uidset_free(&v->gone);
  /* A new message that has gone again would hide an old one that is gone.  Those who can't do without
   * counting hear of that next time; who keeps HIGHESTMODSEQ must not miss it. */
  bool doubtful = imap4i_resyncs(s) && v->sync_uidnext > v->sync_before;
  if (v->count <= v->sync_exists && !doubtful) {
    v->expunge_modseq = v->sync_modseq;
    return next(v, SYNC_EXISTS);
  }
  if (!v->sync_expunges) return next(v, SYNC_EXISTS);
  return next(v, s->server->store.vanished ? SYNC_VANISHED : SYNC_COMPARE);
}

static int sync_vanished(imap4_session *s) {
  imap4i_view *v = s->view;
  imap4_vanished_args args = {.after_uid = v->sync_after,
                              .mailbox = v->mailbox,
                              .since = v->expunge_modseq,
                              .capacity = s->limits->query_rows};
  v->sync_phase = SYNC_VANISHED_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_VANISHED, &args);
}

/* Members of |ranges| that the view has are gone. */
static bool note_gone(imap4i_view *v, imap4_uid_ranges ranges) {
  imap4i_uidset both;
  imap4i_uidset_init(&both, v->gone.mem);
  bool ok = imap4i_uidset_intersect(&both, imap4i_uidset_ranges(&v->uids), ranges);
  for (size_t i = 0; ok && i < both.n; i++)
    ok = imap4i_uidset_add(&v->gone, both.p[i].first, both.p[i].last);
  imap4i_uidset_free(&both);
  return ok;
}

static int sync_vanished_rows(imap4_session *s) {
  imap4i_view *v = s->view;
  const imap4_vanished_result *r = &s->op.result.vanished;
  if (s->op.status != IMAP4_OK) {
    v->sync_after = 0; /* what was named before is not believed either */
    return next(v, SYNC_COMPARE);
  }
  if (!note_gone(v, r->uids)) return IMAP4_ERR_NOMEM;
  if (!r->last) {
    v->sync_after = r->uids.p[r->uids.n - 1].last;
    return next(v, SYNC_VANISHED);
  }
  /* An answer that does not add up is no answer. */
  uint64_t found = imap4i_ranges_count(imap4i_uidset_ranges(&v->gone));
  if (v->count - found > v->sync_exists) {
    v->sync_after = 0;
    return next(v, SYNC_COMPARE);
  }
  return next(v, SYNC_PREPARE);
}

static int sync_compare(imap4_session *s) {
  imap4i_view *v = s->view;
  if (v->sync_after == 0) imap4i_uidset_free(&v->gone);
  v->sync_phase = SYNC_COMPARE_RANGES;
  return imap4i_op_uids(s, v->mailbox, v->sync_after, false);
}

/* What lies between two UIDs that are there is gone. */
static bool note_gap(imap4i_view *v, uint32_t after, uint32_t before) {
  imap4_uid_range gap = {after + 1, before - 1};
  return after + 1 >= before || note_gone(v, (imap4_uid_ranges){&gap, 1});
}

/* What is behind the last one that is there is gone too. */
static int compared(imap4i_view *v) {
  if (v->sync_after < v->uidnext && !note_gap(v, v->sync_after, v->uidnext)) return IMAP4_ERR_NOMEM;
  return next(v, SYNC_PREPARE);
}

static int sync_compare_ranges(imap4_session *s) {
  imap4i_view *v = s->view;
  const imap4_uids_result *r = &s->op.result.uids;
  if (s->op.status == IMAP4_ST_UNSUPPORTED && v->sync_after == 0) return next(v, SYNC_COMPARE_ALL);
  if (s->op.status != IMAP4_OK) return next(v, SYNC_EXISTS);
  for (size_t i = 0; i < r->uids.n && v->sync_after < v->uidnext; i++) {
    imap4_uid_range range = r->uids.p[i];
    uint32_t before = range.first < v->uidnext ? range.first : v->uidnext;
    if (!note_gap(v, v->sync_after, before)) return IMAP4_ERR_NOMEM;
    v->sync_after = range.last;
  }
  return r->last || v->sync_after >= v->uidnext ? compared(v) : next(v, SYNC_COMPARE);
}

static int sync_compare_all(imap4_session *s) {
  return ask(s, SYNC_COMPARE_ROWS, imap4i_uidset_ranges(&s->view->uids), 0, 0);
}

static int sync_compare_rows(imap4_session *s) {
  imap4i_view *v = s->view;
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return next(v, SYNC_EXISTS);
  for (uint32_t i = 0; i < r->count; i++) {
    uint32_t uid = imap4i_op_row(s, i).uid;
    if (!note_gap(v, v->sync_after, uid)) return IMAP4_ERR_NOMEM;
    v->sync_after = uid;
  }
  return r->last ? compared(v) : next(v, SYNC_COMPARE_ALL);
}

/* Before the first EXPUNGE is sent: what the view will be after the last one must not fail then. */
static int sync_prepare(imap4_session *s) {
  imap4i_view *v = s->view;
  v->sync_after = 0;
  return imap4i_view_prepare_removal(v) ? next(v, SYNC_EXPUNGE) : IMAP4_ERR_NOMEM;
}

static int removed(imap4i_view *v) {
  imap4i_view_commit_removal(v);
  v->expunge_modseq = v->sync_modseq;
  /* RFC 3501 7.4.1: the client has counted down by itself. */
  v->told -= v->sync_removed;
  v->expunged += v->sync_removed;
  return next(v, SYNC_EXISTS);
}

/* VANISHED (RFC 7162 section 3.2.10.2), for the messages that the client was told of. */
static int sync_vanish(imap4_session *s) {
  imap4i_view *v = s->view;
  imap4_uid_ranges gone = imap4i_uidset_ranges(&v->gone);
  uint32_t most = v->told > 0 ? imap4i_view_uid(v, v->told) : 0;
  for (;;) {
    uint32_t uid = imap4i_ranges_next(gone, v->sync_after);
    if (uid == 0 || uid > most) break;
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    int status = imap4i_tell_vanished(s->command, gone, most, false, &v->sync_after);
    if (status < 0) return status;
  }
  v->sync_removed = (uint32_t)imap4i_ranges_rank(gone, most) + (imap4i_ranges_has(gone, most) ? 1 : 0);
  return removed(v);
}

/* EXPUNGE from the first to the last: each number is as if those before it were removed already. */
static int sync_expunge(imap4_session *s) {
  imap4i_view *v = s->view;
  imap4_uid_ranges gone = imap4i_uidset_ranges(&v->gone);
  uint32_t uid;
  if (imap4i_shows_vanished(s)) return sync_vanish(s);
  while ((uid = imap4i_ranges_next(gone, v->sync_after)) != 0) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    uint32_t seq = imap4i_view_seq(v, uid);
    if (seq > v->told) break; /* it and those after it came and went before the client heard of them */
    size_t mark = imap4i_begin_piece(s->command);
    bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* ")) &&
              imap4i_buf_put_u64(&s->out, seq - v->sync_removed) &&
              imap4i_buf_puts(&s->out, IMAP4I_S(" EXPUNGE\r\n"));
    int status = imap4i_end_piece(s->command, mark, ok);
    if (status < 0) return status;
    v->sync_after = uid;
    v->sync_removed++;
  }
  return removed(v);
}

/* ---- sizes and flags ------------------------------------------------------------------------ */

static bool put_number(imap4_session *s, uint64_t number, imap4_str word) {
  return imap4i_buf_puts(&s->out, IMAP4I_S("* ")) && imap4i_buf_put_u64(&s->out, number) &&
         imap4i_buf_puts(&s->out, word);
}

static int sync_exists(imap4_session *s) {
  imap4i_view *v = s->view;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  uint32_t recent = (uint32_t)imap4i_ranges_count(imap4i_uidset_ranges(&v->recent));
  size_t mark = imap4i_begin_piece(s->command);
  bool ok = true;
  /* EXISTS only for arrivals: after EXPUNGE alone it makes some clients loop in IDLE. */
  if (v->count > v->told) ok = put_number(s, v->count, IMAP4I_S(" EXISTS\r\n"));
  if (recent != v->told_recent) ok = ok && put_number(s, recent, IMAP4I_S(" RECENT\r\n"));
  int status = imap4i_end_piece(s->command, mark, ok);
  if (status < 0) return status;
  if (v->count > v->told) v->arrived += v->count - v->told;
  v->told = v->count;
  v->told_recent = recent;
  v->sync_after = 0;
  return next(v, v->modseq < v->sync_modseq ? SYNC_FLAGS : SYNC_MODSEQ);
}

static int sync_flags(imap4_session *s) {
  imap4i_view *v = s->view;
  if (v->count == 0) {
    v->modseq = v->sync_modseq;
    return next(v, SYNC_MODSEQ);
  }
  return ask(s, SYNC_FLAGS_ROWS, imap4i_uidset_ranges(&v->uids), IMAP4_ATTR_FLAGS | IMAP4_ATTR_MODSEQ,
             v->modseq);
}

bool imap4i_put_fetch_head(imap4_session *s, uint32_t uid) {
  if (imap4i_speaks_uidonly(s)) return put_number(s, uid, IMAP4I_S(" UIDFETCH ("));
  return put_number(s, imap4i_view_seq(s->view, uid), IMAP4I_S(" FETCH ("));
}

/* The head, and the UID behind it if that is shown. */
static bool open_row(imap4_session *s, const imap4_row *row, bool uid) {
  bool ok = imap4i_put_fetch_head(s, row->uid);
  if (!uid || imap4i_speaks_uidonly(s)) return ok;
  return ok && imap4i_buf_puts(&s->out, IMAP4I_S("UID ")) && imap4i_buf_put_u64(&s->out, row->uid) &&
         imap4i_buf_putc(&s->out, ' ');
}

bool imap4i_put_flags_row(imap4_session *s, const imap4_row *row, bool uid) {
  imap4i_buf *out = &s->out;
  bool recent = imap4i_ranges_has(imap4i_uidset_ranges(&s->view->recent), row->uid);
  bool modseq = imap4i_shows_modseq(s);
  bool ok = open_row(s, row, uid || modseq || imap4i_speaks_rev2(s)) &&
            imap4i_buf_puts(out, IMAP4I_S("FLAGS ")) &&
            imap4i_put_flags(out, row->flags, row->keywords, recent);
  if (modseq) ok = ok && imap4i_buf_putc(out, ' ') && imap4i_put_modseq(s, row->modseq);
  return ok && imap4i_buf_puts(out, IMAP4I_S(")\r\n"));
}

bool imap4i_put_modseq_row(imap4_session *s, const imap4_row *row) {
  return open_row(s, row, true) && imap4i_put_modseq(s, row->modseq) &&
         imap4i_buf_puts(&s->out, IMAP4I_S(")\r\n"));
}

static int sync_flags_rows(imap4_session *s) {
  imap4i_view *v = s->view;
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return next(v, SYNC_MODSEQ);
  for (; v->sync_row < r->count; v->sync_row++) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    imap4_row row = imap4i_op_row(s, v->sync_row);
    v->sync_after = row.uid;
    /* The flags of new messages are asked for by those who want them. */
    if (row.uid >= v->sync_before || !imap4i_ranges_has(imap4i_uidset_ranges(&v->uids), row.uid)) continue;
    size_t mark = imap4i_begin_piece(s->command);
    int status = imap4i_end_piece(s->command, mark, imap4i_put_flags_row(s, &row, v->sync_uid));
    if (status < 0) return status;
  }
  if (!r->last) return next(v, SYNC_FLAGS);
  v->modseq = v->sync_modseq;
  return next(v, SYNC_MODSEQ);
}

static int sync_modseq(imap4_session *s) {
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  int status = imap4i_settle_highest(s->command);
  return status < 0 ? status : next(s->view, SYNC_END);
}

int imap4i_sync_step(imap4_session *s, bool checkpoint) {
  switch (s->view->sync_phase) {
  case SYNC_POLL:
    return sync_poll(s, checkpoint);
  case SYNC_POLLED:
    return sync_polled(s);
  case SYNC_NEW:
    return sync_new(s);
  case SYNC_NEW_ROWS:
    return sync_new_rows(s);
  case SYNC_COUNT:
    return sync_count(s);
  case SYNC_VANISHED:
    return sync_vanished(s);
  case SYNC_VANISHED_ROWS:
    return sync_vanished_rows(s);
  case SYNC_COMPARE:
    return sync_compare(s);
  case SYNC_COMPARE_RANGES:
    return sync_compare_ranges(s);
  case SYNC_COMPARE_ALL:
    return sync_compare_all(s);
  case SYNC_COMPARE_ROWS:
    return sync_compare_rows(s);
  case SYNC_PREPARE:
    return sync_prepare(s);
  case SYNC_EXPUNGE:
    return sync_expunge(s);
  case SYNC_EXISTS:
    return sync_exists(s);
  case SYNC_FLAGS:
    return sync_flags(s);
  case SYNC_FLAGS_ROWS:
    return sync_flags_rows(s);
  case SYNC_MODSEQ:
    return sync_modseq(s);
  default:
    return IMAP4I_STEP_DONE;
  }
}
