/* SPDX-License-Identifier: MIT */
/* A mailbox is selected and left: SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 sections 6.3.1, 6.3.2 and 6.4.2,
 * RFC 3691, RFC 7162, RFC 9051). */
#include "cmd/list_line.h"
#include "cmd/lookup.h"
#include "core/resync.h"
#include "wire/writer.h"

enum {
  SELECT_BEGIN,
  SELECT_OPENED,
  SELECT_POLLED,
  SELECT_UIDS, /* which messages there are, as ranges */
  SELECT_RANGES,
  SELECT_ASK, /* the same, message by message */
  SELECT_ROWS,
  SELECT_LOOKUP, /* IMAP4rev2: what LIST says of it */
  SELECT_TELL,
  SELECT_GONE, /* VANISHED (EARLIER) */
  SELECT_CHANGED,
  SELECT_CHANGED_ROWS
};

typedef struct select_context {
  uint32_t after;  /* UIDs up to this one are in the view */
  uint32_t unseen; /* sequence number of the first message without \Seen, its UID at first; 0: none found */
  bool read_only;
  imap4_mailbox_state state;
  imap4i_lookup lookup;
  imap4i_resync resync;
  imap4i_uidset known; /* those of the messages that the client says it knows, if it says so */
  uint64_t since;
  uint32_t row;
} select_context;
_Static_assert(sizeof(select_context) <= 512, "fits the context in dispatch.c");

static bool read_only(const imap4i_command *c) {
  return c->row->step == imap4i_cmd_examine;
}

/* The parameters take effect, and the mailbox selected before is left. */
static int leave(imap4i_command *c) {
  imap4_session *s = c->s;
  const imap4i_select_args *a = &c->args.select;
  bool parameters = a->condstore || a->qresync;
  if (parameters && !imap4i_has(s, IMAP4_FEATURE_CONDSTORE))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("Mod-sequences are not available"));
  if (a->qresync && !(s->enabled & IMAP4I_ENABLED_QRESYNC))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("ENABLE QRESYNC must come first"));
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, !imap4i_shows_closed(s) || imap4i_put_closed(s));
  if (status < 0) return status;
  if (parameters) s->enabled |= IMAP4I_ENABLED_CONDSTORE;
  imap4i_deselect(s); /* RFC 3501 6.3.1: also when what follows fails */
  return IMAP4I_STEP_AGAIN;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4_str name = c->args.select.name;
  int status = leave(c);
  if (status != IMAP4I_STEP_AGAIN) return status;
  status = imap4i_authorize(s, name, IMAP4_RIGHT_READ);
  if (status != IMAP4_OK) return imap4i_reply_status(c, status);
  select_context *x = c->context;
  x->read_only = read_only(c) || imap4i_authorize(s, name, IMAP4_RIGHT_WRITE) != IMAP4_OK;
  imap4_open_args args = {.read_only = x->read_only, .account = s->account, .name = name};
  c->phase = SELECT_OPENED;
  return imap4i_op_call(s, IMAP4I_OP_OPEN, &args);
}

static int opened(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  const select_context *x = c->context;
  const imap4_open_result *r = &s->op.result.open;
  imap4i_view *v = imap4i_calloc(&s->mem, sizeof *v);
  if (!v) {
    imap4i_op_close(s, r->mailbox);
    return IMAP4_ERR_NOMEM;
  }
  v->mailbox = r->mailbox;
  v->read_only = x->read_only || r->read_only;
  imap4i_view_init(v, &s->mem);
  if (imap4i_speaks_rev2(s)) imap4i_view_forget_recent(v);
  s->view = v;
  s->state = IMAP4_STATE_SELECTED;
  imap4_poll_args args = {.claim_recent = !v->read_only && !v->no_recent, .mailbox = v->mailbox};
  c->phase = SELECT_POLLED;
  return imap4i_op_call(s, IMAP4I_OP_POLL, &args);
}

static int fail(imap4i_command *c, int status) {
  imap4i_deselect(c->s);
  return imap4i_reply_status(c, status);
}

/* All UIDs are in the view. */
static int complete(imap4i_command *c) {
  select_context *x = c->context;
  bool lists = imap4i_speaks_rev2(c->s); /* RFC 9051 section 6.3.2 */
  if (lists && !imap4i_lookup_init(&x->lookup, c->s, c->args.select.name)) return IMAP4_ERR_NOMEM;
  c->phase = lists ? SELECT_LOOKUP : SELECT_TELL;
  return IMAP4I_STEP_AGAIN;
}

static int polled(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  select_context *x = c->context;
  if (s->op.status != IMAP4_OK) return fail(c, s->op.status);
  bool ok = true;
  x->state = s->op.result.poll;
  x->state.keywords = imap4i_arena_str(&c->arena, x->state.keywords, &ok);
  x->state.mailbox_id = imap4i_arena_str(&c->arena, x->state.mailbox_id, &ok);
  if (!ok) return IMAP4_ERR_NOMEM;
  v->uidvalidity = x->state.uidvalidity;
  v->uidnext = x->state.uidnext;
  v->modseq = v->expunge_modseq = x->state.highest_modseq;
  v->no_modseq = x->state.no_modseq != 0;
  v->keywords_hash = imap4i_keywords_hash(x->state.keywords, x->state.new_keywords != 0);
  if (v->uidnext == 1) return complete(c);
  c->phase = SELECT_UIDS;
  return IMAP4I_STEP_AGAIN;
}

/* Whether UNSEEN is told: IMAP4rev2 has no such code, and it is a sequence number. */
static bool tells_unseen(const imap4_session *s) {
  return !imap4i_speaks_rev2(s) && !imap4i_speaks_uidonly(s);
}

static int ask_uids(imap4i_command *c) {
  const select_context *x = c->context;
  c->phase = SELECT_RANGES;
  return imap4i_op_uids(c->s, c->s->view->mailbox, x->after, x->after == 0 && tells_unseen(c->s));
}

/* Where the first message without \Seen is; 0 if there is none, or it has come just now. */
static uint32_t find_unseen(imap4i_view *v, uint32_t uid) {
  return imap4i_ranges_has(imap4i_uidset_ranges(&v->uids), uid) ? imap4i_view_seq(v, uid) : 0;
}

/* What has come after the poll is for the next one. */
static bool add_ranges(imap4i_view *v, imap4_uid_ranges uids, uint32_t first_recent) {
  size_t before = imap4i_ranges_find(uids, v->uidnext);
  bool cut = before < uids.n && uids.p[before].first < v->uidnext;
  imap4_uid_range part = {cut ? uids.p[before].first : 0, v->uidnext - 1};
  return imap4i_view_add(v, (imap4_uid_ranges){uids.p, before}, first_recent) &&
         (!cut || imap4i_view_add(v, (imap4_uid_ranges){&part, 1}, first_recent));
}

static int ranges(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  select_context *x = c->context;
  const imap4_uids_result *r = &s->op.result.uids;
  if (s->op.status == IMAP4_ST_UNSUPPORTED && x->after == 0) {
    c->phase = SELECT_ASK;
    return IMAP4I_STEP_AGAIN;
  }
  if (s->op.status != IMAP4_OK) return fail(c, s->op.status);
  if (x->after == 0) x->unseen = r->first_unseen;
  if (!add_ranges(v, r->uids, x->state.first_recent)) return IMAP4_ERR_NOMEM;
  if (r->uids.n > 0) x->after = r->uids.p[r->uids.n - 1].last;
  bool end = r->last || x->after >= v->uidnext - 1;
  c->phase = SELECT_UIDS;
  if (!end) return IMAP4I_STEP_AGAIN;
  x->unseen = find_unseen(v, x->unseen);
  return complete(c);
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  select_context *x = c->context;
  if (x->state.uidnext <= x->after + 1) return complete(c);
  imap4_uid_range all = {1, x->state.uidnext - 1};
  imap4_query_args args = {.attributes = x->unseen || !tells_unseen(s) ? 0 : IMAP4_ATTR_FLAGS,
                           .mailbox = s->view->mailbox,
                           .uids = {&all, 1},
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  c->phase = SELECT_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  select_context *x = c->context;
  if (s->op.status != IMAP4_OK) return fail(c, s->op.status);
  const imap4_query_result *r = &s->op.result.query;
  bool knows_unseen = x->unseen == 0;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    if (row.uid >= v->uidnext) return fail(c, IMAP4_ST_SERVERBUG);
    imap4_uid_range one = {row.uid, row.uid};
    if (!imap4i_view_add(v, (imap4_uid_ranges){&one, 1}, x->state.first_recent)) return IMAP4_ERR_NOMEM;
    x->after = row.uid;
    if (knows_unseen && x->unseen == 0 && !(row.flags & IMAP4_FLAG_SEEN)) x->unseen = v->count;
  }
  if (r->last) return complete(c);
  c->phase = SELECT_ASK;
  return IMAP4I_STEP_AGAIN;
}

static int look_up(imap4i_command *c) {
  select_context *x = c->context;
  int failure;
  int status = imap4i_lookup_step(&x->lookup, c->s, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return fail(c, failure);
  c->phase = SELECT_TELL;
  return IMAP4I_STEP_AGAIN;
}

static bool put_number_line(imap4i_buf *out, uint64_t number, imap4_str word) {
  return imap4i_buf_puts(out, IMAP4I_S("* ")) && imap4i_buf_put_u64(out, number) &&
         imap4i_buf_puts(out, word);
}

static bool put_code_line(imap4i_buf *out, imap4_str code, uint64_t number, imap4_str text) {
  return imap4i_buf_puts(out, IMAP4I_S("* OK [")) && imap4i_buf_puts(out, code) &&
         imap4i_buf_put_u64(out, number) && imap4i_buf_puts(out, text);
}

/* RFC 8474 section 4.2. */
static bool put_mailbox_id(const imap4_session *s, imap4i_buf *out, imap4_str id) {
  if (id.n == 0 || !imap4i_has(s, IMAP4_FEATURE_OBJECTID)) return true;
  return imap4i_buf_puts(out, IMAP4I_S("* OK [MAILBOXID (")) && imap4i_buf_puts(out, id) &&
         imap4i_buf_puts(out, IMAP4I_S(")] Identifies it for ever\r\n"));
}

/* ---- QRESYNC (RFC 7162 section 3.2.5) -------------------------------------------------------- */

static int finish(imap4i_command *c) {
  imap4i_view *v = c->s->view;
  v->sent_modseq = 0; /* HIGHESTMODSEQ was told, and it is what counts (section 6) */
  return imap4i_reply(c, IMAP4I_OK, v->read_only ? IMAP4I_S("READ-ONLY") : IMAP4I_S("READ-WRITE"),
                      read_only(c) ? IMAP4I_S("EXAMINE completed") : IMAP4I_S("SELECT completed"));
}

static bool wants_resync(const imap4i_command *c) {
  const imap4i_select_args *a = &c->args.select;
  const select_context *x = c->context;
  const imap4i_view *v = c->s->view;
  if (!a->qresync || v->no_modseq || a->uidvalidity != v->uidvalidity) return false;
  /* Nothing has happened; unless it did after the poll, and a message that it has counted was not there. */
  return a->modseq != v->modseq || v->count != x->state.exists;
}

static int begin_resync(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  select_context *x = c->context;
  const imap4i_select_args *a = &c->args.select;
  int status = imap4i_resync_begin(&x->resync, s, a->has_known ? &a->known : NULL, a->modseq);
  if (status != IMAP4_OK) return status;
  if (a->match_seqs.n > 0) imap4i_resync_match(&x->resync, s, &a->match_seqs, &a->match_uids);
  /* A client that is ahead has kept what some other store has told: all may have changed. */
  x->since = a->modseq > v->modseq ? 0 : a->modseq;
  imap4i_uidset_init(&x->known, &s->mem);
  c->phase = SELECT_GONE;
  return a->has_known ? imap4i_view_resolve(v, &a->known, true, true, &x->known) : IMAP4I_STEP_AGAIN;
}

/* Messages of which the client wants to hear: all that there are, if it does not say which it knows. */
static imap4_uid_ranges known(const imap4i_command *c) {
  const select_context *x = c->context;
  return imap4i_uidset_ranges(c->args.select.has_known ? &x->known : &c->s->view->uids);
}

static int tell(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_view *v = s->view;
  select_context *x = c->context;
  imap4i_buf *out = &s->out;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  v->told = v->count;
  v->told_recent = (uint32_t)imap4i_ranges_count(imap4i_uidset_ranges(&v->recent));
  size_t mark = imap4i_begin_piece(c);
  bool rev2 = imap4i_speaks_rev2(s);
  bool ok = imap4i_put_flags_line(s, &x->state) && put_number_line(out, v->told, IMAP4I_S(" EXISTS\r\n"));
  if (!rev2) ok = ok && put_number_line(out, v->told_recent, IMAP4I_S(" RECENT\r\n"));
  if (tells_unseen(s) && x->unseen > 0)
    ok = ok && put_code_line(out, IMAP4I_S("UNSEEN "), x->unseen, IMAP4I_S("] First unseen\r\n"));
  ok = ok && imap4i_put_permanent_line(s, &x->state) &&
       put_code_line(out, IMAP4I_S("UIDNEXT "), v->uidnext, IMAP4I_S("] Predicted next UID\r\n")) &&
       put_code_line(out, IMAP4I_S("UIDVALIDITY "), v->uidvalidity, IMAP4I_S("] UIDs are valid\r\n")) &&
       put_mailbox_id(s, out, x->state.mailbox_id);
  if (s->enabled & IMAP4I_ENABLED_CONDSTORE) ok = ok && imap4i_put_highest(s);
  imap4i_list_line line = {.name = c->args.select.name, .attributes = x->lookup.attributes, .extended = true};
  if (rev2) ok = ok && imap4i_put_list_line(s, &line);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  return wants_resync(c) ? begin_resync(c) : finish(c);
}

static int gone(imap4i_command *c) {
  select_context *x = c->context;
  int status = imap4i_resync_step(&x->resync, c);
  if (status != IMAP4I_STEP_DONE) return status;
  if (known(c).n == 0) return finish(c);
  x->after = 0;
  c->phase = SELECT_CHANGED;
  return IMAP4I_STEP_AGAIN;
}

static int ask_changed(imap4i_command *c) {
  imap4_session *s = c->s;
  select_context *x = c->context;
  imap4_query_args args = {.attributes = IMAP4_ATTR_FLAGS | IMAP4_ATTR_MODSEQ,
                           .mailbox = s->view->mailbox,
                           .uids = known(c),
                           .changed_since = x->since,
                           .after_uid = x->after,
                           .capacity = s->limits->query_rows};
  x->row = 0;
  c->phase = SELECT_CHANGED_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

static int changed_rows(imap4i_command *c) {
  imap4_session *s = c->s;
  select_context *x = c->context;
  const imap4_query_result *r = &s->op.result.query;
  if (s->op.status != IMAP4_OK) return fail(c, s->op.status);
  for (; x->row < r->count; x->row++) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    imap4_row row = imap4i_op_row(s, x->row);
    x->after = row.uid;
    if (row.modseq <= x->since || !imap4i_ranges_has(known(c), row.uid)) continue;
    size_t mark = imap4i_begin_piece(c);
    int status = imap4i_end_piece(c, mark, imap4i_put_flags_row(s, &row, true));
    if (status < 0) return status;
  }
  if (r->last) return finish(c);
  c->phase = SELECT_CHANGED;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_cmd_select(imap4i_command *c) {
  switch (c->phase) {
  case SELECT_BEGIN:
    return begin(c);
  case SELECT_OPENED:
    return opened(c);
  case SELECT_POLLED:
    return polled(c);
  case SELECT_UIDS:
    return ask_uids(c);
  case SELECT_RANGES:
    return ranges(c);
  case SELECT_ASK:
    return ask(c);
  case SELECT_ROWS:
    return rows(c);
  case SELECT_LOOKUP:
    return look_up(c);
  case SELECT_TELL:
    return tell(c);
  case SELECT_GONE:
    return gone(c);
  case SELECT_CHANGED:
    return ask_changed(c);
  default:
    return changed_rows(c);
  }
}

void imap4i_cmd_select_end(imap4i_command *c) {
  select_context *x = c->context;
  if (!x) return;
  if (x->lookup.after.mem) imap4i_lookup_free(&x->lookup);
  imap4i_resync_free(&x->resync);
  if (x->known.mem) imap4i_uidset_free(&x->known);
}

int imap4i_cmd_examine(imap4i_command *c) {
  return imap4i_cmd_select(c);
}

int imap4i_cmd_unselect(imap4i_command *c) {
  imap4i_deselect(c->s);
  return imap4i_reply_ok(c, IMAP4I_S("UNSELECT completed"));
}

/* RFC 3501 section 6.4.2: expunges in silence, unless the mailbox is read-only. */
int imap4i_cmd_close(imap4i_command *c) {
  enum { EXPUNGE, CLOSE };
  imap4_session *s = c->s;
  if (c->phase == EXPUNGE && !s->view->read_only && s->view->count > 0) {
    imap4_expunge_args args = {
        .only_deleted = 1, .mailbox = s->view->mailbox, .uids = imap4i_uidset_ranges(&s->view->uids)};
    c->phase = CLOSE;
    return imap4i_op_call(s, IMAP4I_OP_EXPUNGE, &args);
  }
  /* What could not be removed is still there, and the mailbox still selected: nothing happens unseen. */
  if (c->phase == CLOSE && s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  imap4i_deselect(s);
  return imap4i_reply_ok(c, IMAP4I_S("CLOSE completed"));
}
