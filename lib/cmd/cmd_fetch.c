/* SPDX-License-Identifier: MIT */
/*
 * FETCH and UID FETCH (RFC 3501 section 6.4.5).  Rows come in pages, from the lowest UID to the highest, or
 * the other way where MESSAGELIMIT leaves some out (RFC 9738); each becomes one response.  What needs
 * the store (the digest, \Seen, the first octets of the first section) is done before the response begins, so
 * that a message that was expunged by others leaves no half answer; later octets stream as the client reads.
 */
#include "cmd/fetch.h"
#include "cmd/partial.h"
#include "mail/digest.h"
#include "wire/writer.h"

/* ---- before the messages -------------------------------------------------------------------- */

/* Features to which items of the command belong. */
static uint64_t needed_features(const imap4i_fetch_args *a) {
  uint64_t needs = 0;
  for (size_t i = 0; i < a->count; i++) {
    uint8_t kind = a->items[i].kind;
    if (kind == IMAP4I_FETCH_EMAILID || kind == IMAP4I_FETCH_THREADID) needs |= IMAP4_FEATURE_OBJECTID;
    if (kind == IMAP4I_FETCH_SAVEDATE) needs |= IMAP4_FEATURE_SAVEDATE;
    if (imap4i_fetch_is_binary(&a->items[i])) needs |= IMAP4_FEATURE_BINARY;
    if (kind == IMAP4I_FETCH_PREVIEW) needs |= IMAP4_FEATURE_PREVIEW;
  }
  return needs;
}

static void look_at_items(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  for (size_t i = 0; i < c->args.fetch.count; i++) {
    const imap4i_fetch_item *item = &c->args.fetch.items[i];
    x->digests = x->digests || imap4i_fetch_needs_digest(item);
    if (imap4i_fetch_is_section(item)) {
      x->attributes |= IMAP4_ATTR_SIZE;
      if (!item->peek && !c->s->view->read_only) x->sets_seen = true;
    }
    if (item->kind == IMAP4I_FETCH_PREVIEW) x->attributes |= IMAP4_ATTR_DIGEST | IMAP4_ATTR_SIZE;
    if (item->kind == IMAP4I_FETCH_FLAGS) x->shows_flags = true;
    if (item->kind == IMAP4I_FETCH_UID) x->shows_uid = true;
    if (item->kind == IMAP4I_FETCH_MODSEQ) x->asks_modseq = true;
    if (item->kind == IMAP4I_FETCH_SIZE) x->attributes |= IMAP4_ATTR_SIZE;
    if (item->kind == IMAP4I_FETCH_INTERNALDATE) x->attributes |= IMAP4_ATTR_INTERNALDATE;
    if (item->kind == IMAP4I_FETCH_SAVEDATE) x->attributes |= IMAP4_ATTR_SAVEDATE;
    if (item->kind == IMAP4I_FETCH_EMAILID || item->kind == IMAP4I_FETCH_THREADID)
      x->attributes |= IMAP4_ATTR_OBJECTID;
  }
  if (x->shows_flags || x->sets_seen) x->attributes |= IMAP4_ATTR_FLAGS;
  if (x->digests) x->attributes |= IMAP4_ATTR_DIGEST | IMAP4_ATTR_SIZE;
}

/* Of the messages, those that the modifier PARTIAL asks for.  False without memory. */
static bool keep_part(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (c->args.fetch.partial.first == 0) return true;
  imap4i_uidset part;
  imap4i_uidset_init(&part, x->uids.mem);
  bool ok = imap4i_partial_cut(&c->args.fetch.partial, imap4i_uidset_ranges(&x->uids), &part);
  imap4i_uidset_free(&x->uids);
  x->uids = part;
  return ok;
}

/* MODSEQ, CHANGEDSINCE and VANISHED (RFC 7162 sections 3.1.4 and 3.2.6). */
static int begin_modseq(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  const imap4i_fetch_args *a = &c->args.fetch;
  if (a->vanished && !c->row->uid)
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("VANISHED is for UID FETCH only"));
  if (a->vanished && !(s->enabled & IMAP4I_ENABLED_QRESYNC))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("ENABLE QRESYNC must come first"));
  look_at_items(c);
  int status = a->changed || x->asks_modseq ? imap4i_condstore_begin(c, true) : IMAP4I_STEP_AGAIN;
  x->shows_modseq = imap4i_shows_modseq(s);
  if (x->shows_modseq) x->attributes |= IMAP4_ATTR_MODSEQ;
  return status;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (c->args.fetch.partial.first > 0 && !c->row->uid) /* RFC 9394 section 3.3 */
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("PARTIAL is for UID FETCH"));
  if (!imap4i_has(s, needed_features(&c->args.fetch)))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("There is no such FETCH item here"));
  int status = begin_modseq(c);
  if (status != IMAP4I_STEP_AGAIN) return status;
  imap4i_uidset_init(&x->uids, &s->mem);
  imap4i_batch_init(&x->batch, &s->mem);
  imap4i_buf_init(&x->fields, &s->mem, SIZE_MAX);
  x->batch.changed_since = c->args.fetch.changed_since;
  status = imap4i_view_resolve(s->view, &c->args.fetch.set, c->row->uid, c->row->uid, &x->uids);
  if (status == IMAP4I_PARSE_REFUSED) return imap4i_reply_no_message(c);
  if (status != IMAP4_OK) return status;
  if (!keep_part(c)) return IMAP4_ERR_NOMEM;
  imap4i_limit_messages(c, &x->uids);
  if (c->lowest_uid > 0 && c->args.fetch.partial.first > 0) /* RFC 9738 section 3.1: no part of a part */
    return imap4i_reply_too_many(c, imap4i_message_limit(s), 0);
  x->batch.descending = c->lowest_uid > 0;
  if (c->args.fetch.vanished && imap4i_resyncs(s)) {
    status = imap4i_resync_begin(&x->resync, s, &c->args.fetch.set, c->args.fetch.changed_since);
    return status != IMAP4_OK ? status : imap4i_fetch_go(c, IMAP4I_FETCHING_GONE);
  }
  if (x->uids.n == 0) return imap4i_reply_ok(c, IMAP4I_S("FETCH completed; no such message"));
  return imap4i_fetch_go(c, IMAP4I_FETCHING_ASK);
}

static int gone(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  int status = imap4i_resync_step(&x->resync, c);
  if (status != IMAP4I_STEP_DONE) return status;
  return x->uids.n > 0 ? imap4i_fetch_go(c, IMAP4I_FETCHING_ASK)
                       : imap4i_reply_ok(c, IMAP4I_S("FETCH completed"));
}

static int ask(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  c->phase = IMAP4I_FETCHING_PAGE;
  return imap4i_batch_ask(&x->batch, c->s, c->s->view->mailbox, imap4i_uidset_ranges(&x->uids),
                          x->attributes);
}

static int page(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  return status != IMAP4_OK ? status : imap4i_fetch_go(c, IMAP4I_FETCHING_MESSAGE);
}

/* ---- before a response ---------------------------------------------------------------------- */

static int next_message(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  x->batch.at++;
  c->s->progress++;
  return imap4i_fetch_go(c, IMAP4I_FETCHING_MESSAGE);
}

/* Half an answer that was given before counts for more. */
static void note_gone(imap4i_command *c) {
  if (c->expunged == IMAP4I_GONE_NONE) c->expunged = IMAP4I_GONE_SOME;
}

static int message(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  const imap4_row *row = imap4i_fetch_row(c);
  if (!row) {
    if (!x->batch.last) return imap4i_fetch_go(c, IMAP4I_FETCHING_ASK);
    /* RFC 2180 section 4.1: what is missing was expunged by others, and the client may have to know. */
    if (!c->args.fetch.changed && x->batch.total < imap4i_ranges_count(imap4i_uidset_ranges(&x->uids)))
      note_gone(c);
    if (x->undecodable) return imap4i_reply_status(c, IMAP4_ST_UNKNOWNCTE);
    return imap4i_reply_ok(c, IMAP4I_S("FETCH completed"));
  }
  bool same = c->args.fetch.changed && row->modseq <= c->args.fetch.changed_since;
  if (same || !imap4i_ranges_has(imap4i_uidset_ranges(&x->uids), row->uid)) return next_message(c);
  /* RFC 8474 section 5.3: every message has one where there are any. */
  if (x->attributes & IMAP4_ATTR_OBJECTID && row->email_id.n == 0)
    return imap4i_reply_status(c, IMAP4_ST_SERVERBUG);
  x->item = 0;
  x->prepared = false;
  x->flagged = false;
  if (x->digests) imap4i_digester_begin(&x->digester, s->view->mailbox, row);
  return imap4i_fetch_go(c, x->digests ? IMAP4I_FETCHING_DIGEST : IMAP4I_FETCHING_SEEN);
}

int imap4i_fetch_unreadable(imap4i_command *c, int status) {
  if (status != IMAP4_ST_EXPUNGED) return imap4i_reply_status(c, status);
  note_gone(c);
  return next_message(c);
}

/* RFC 3516 section 4.3: a section whose encoding is not known fails the command; the message is left out,
 * others are answered. */
static bool can_decode(const imap4i_command *c) {
  const imap4i_fetch *x = c->context;
  for (size_t i = 0; i < c->args.fetch.count; i++) {
    const imap4i_fetch_item *item = &c->args.fetch.items[i];
    if (imap4i_fetch_is_binary(item) && imap4i_fetch_needs_digest(item) &&
        imap4i_digest_encoding(x->digester.digest, &item->section) == IMAP4I_ENCODING_OTHER)
      return false;
  }
  return true;
}

static int digest(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  int failure;
  int status = imap4i_digester_step(&x->digester, c->s, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return imap4i_fetch_unreadable(c, failure);
  if (can_decode(c)) return imap4i_fetch_go(c, IMAP4I_FETCHING_SEEN);
  x->undecodable = true;
  return next_message(c);
}

/* Sections that are no PEEK set \Seen, and that is shown in the same response. */
static int seen(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  const imap4_row *row = imap4i_fetch_row(c);
  if (!x->sets_seen || row->flags & IMAP4_FLAG_SEEN) return imap4i_fetch_go(c, IMAP4I_FETCHING_FIRST);
  imap4_uid_range one = {row->uid, row->uid};
  imap4_store_flags_args args = {
      .mode = IMAP4_STORE_ADD, .mailbox = s->view->mailbox, .uids = {&one, 1}, .flags = IMAP4_FLAG_SEEN};
  c->phase = IMAP4I_FETCHING_SEEN_DONE;
  return imap4i_op_call(s, IMAP4I_OP_STORE_FLAGS, &args);
}

/* A mailbox whose flags can't be changed can be read all the same. */
static int seen_done(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (s->op.status == IMAP4_OK) {
    const imap4_store_flags_result *r = &s->op.result.store_flags;
    imap4_row *row = &x->batch.rows[x->batch.at];
    imap4i_view_own_change(s->view, r);
    row->flags |= IMAP4_FLAG_SEEN;
    if (r->previous_modseq > 0 && r->highest_modseq > r->previous_modseq) row->modseq = r->highest_modseq;
    x->flagged = true;
  }
  return imap4i_fetch_go(c, IMAP4I_FETCHING_FIRST);
}

static int first(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  while (imap4i_fetch_item_now(c) && !imap4i_fetch_reads(c, imap4i_fetch_item_now(c)))
    x->item++;
  return imap4i_fetch_go(c, imap4i_fetch_item_now(c) ? IMAP4I_FETCHING_LOCATE : IMAP4I_FETCHING_OPEN);
}

/* ---- items ---------------------------------------------------------------------------------- */

static bool put_flags_item(imap4i_command *c) {
  const imap4_row *row = imap4i_fetch_row(c);
  bool recent = imap4i_ranges_has(imap4i_uidset_ranges(&c->s->view->recent), row->uid);
  return imap4i_buf_puts(&c->s->out, IMAP4I_S("FLAGS ")) &&
         imap4i_put_flags(&c->s->out, row->flags, row->keywords, recent);
}

/* A space between items. */
static bool put_gap(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  bool ok = !x->began || imap4i_buf_putc(&c->s->out, ' ');
  x->began = true;
  return ok;
}

/* What the response has beside the items that were asked for. */
static bool put_unasked(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  const imap4_row *row = imap4i_fetch_row(c);
  bool ok = true;
  x->began = false;
  /* RFC 3501 section 6.4.8, and RFC 7162 section 3.2.4 where \Seen is news; UIDFETCH begins with it. */
  if (!x->shows_uid && !imap4i_speaks_uidonly(s) && (c->row->uid || (x->flagged && x->shows_modseq)))
    ok = put_gap(c) && imap4i_buf_puts(&s->out, IMAP4I_S("UID ")) && imap4i_buf_put_u64(&s->out, row->uid);
  if (x->flagged && !x->shows_flags) ok = ok && put_gap(c) && put_flags_item(c);
  if (x->shows_modseq && !x->asks_modseq) ok = ok && put_gap(c) && imap4i_put_modseq(s, row->modseq);
  return ok;
}

static int open_response(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_put_fetch_head(s, imap4i_fetch_row(c)->uid) && put_unasked(c);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  c->line_open = true;
  x->item = 0;
  return imap4i_fetch_go(c, IMAP4I_FETCHING_ITEM);
}

static bool put_object_id(imap4i_buf *out, imap4_str name, imap4_str id) {
  if (!imap4i_buf_puts(out, name)) return false;
  if (id.n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL"));
  return imap4i_buf_putc(out, '(') && imap4i_buf_puts(out, id) && imap4i_buf_putc(out, ')');
}

static bool put_date_or_nil(imap4i_buf *out, imap4_date date) {
  return date.present ? imap4i_put_date_time(out, date) : imap4i_buf_puts(out, IMAP4I_S("NIL"));
}

/* RFC 8970 section 4.1: without delay, so LAZY is told of no other than the one that is kept. */
static bool put_preview(imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  imap4_str preview;
  if (!imap4i_fetch_kept_preview(c, &preview)) return imap4i_buf_puts(out, IMAP4I_S("PREVIEW NIL"));
  return imap4i_buf_puts(out, IMAP4I_S("PREVIEW ")) &&
         imap4i_put_string(out, preview, imap4i_speaks_utf8(c->s));
}

static bool put_simple_item(imap4i_command *c, const imap4i_fetch_item *item) {
  const imap4i_fetch *x = c->context;
  imap4i_buf *out = &c->s->out;
  const imap4_row *row = imap4i_fetch_row(c);
  switch (item->kind) {
  case IMAP4I_FETCH_UID:
    return imap4i_buf_puts(out, IMAP4I_S("UID ")) && imap4i_buf_put_u64(out, row->uid);
  case IMAP4I_FETCH_FLAGS:
    return put_flags_item(c);
  case IMAP4I_FETCH_MODSEQ:
    return imap4i_put_modseq(c->s, row->modseq);
  case IMAP4I_FETCH_INTERNALDATE:
    return imap4i_buf_puts(out, IMAP4I_S("INTERNALDATE ")) && imap4i_put_date_time(out, row->internaldate);
  case IMAP4I_FETCH_SIZE:
    return imap4i_buf_puts(out, IMAP4I_S("RFC822.SIZE ")) && imap4i_buf_put_u64(out, row->size);
  case IMAP4I_FETCH_ENVELOPE:
    return imap4i_buf_puts(out, IMAP4I_S("ENVELOPE ")) &&
           imap4i_digest_envelope(x->digester.digest, out) == IMAP4_OK;
  case IMAP4I_FETCH_EMAILID:
    return put_object_id(out, IMAP4I_S("EMAILID "), row->email_id);
  case IMAP4I_FETCH_THREADID:
    return put_object_id(out, IMAP4I_S("THREADID "), row->thread_id);
  case IMAP4I_FETCH_SAVEDATE:
    return imap4i_buf_puts(out, IMAP4I_S("SAVEDATE ")) && put_date_or_nil(out, row->saved);
  case IMAP4I_FETCH_PREVIEW:
    return put_preview(c);
  case IMAP4I_FETCH_BODY:
    return imap4i_buf_puts(out, IMAP4I_S("BODY ")) &&
           imap4i_digest_body(x->digester.digest, false, imap4i_speaks_utf8(c->s), out) == IMAP4_OK;
  default:
    return imap4i_buf_puts(out, IMAP4I_S("BODYSTRUCTURE ")) &&
           imap4i_digest_body(x->digester.digest, true, imap4i_speaks_utf8(c->s), out) == IMAP4_OK;
  }
}

static int item(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  const imap4i_fetch_item *i = imap4i_fetch_item_now(c);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (!i) return imap4i_fetch_go(c, IMAP4I_FETCHING_CLOSE);
  if (imap4i_fetch_reads(c, i))
    return imap4i_fetch_go(c, x->prepared ? IMAP4I_FETCHING_HEAD : IMAP4I_FETCHING_LOCATE);
  size_t mark = imap4i_begin_piece(c);
  bool ok = (!x->began || imap4i_buf_putc(&s->out, ' ')) && put_simple_item(c, i);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  x->began = true;
  x->item++;
  return IMAP4I_STEP_AGAIN;
}

static int close_response(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (!imap4i_buf_puts(&s->out, IMAP4I_S(")\r\n"))) return IMAP4_ERR_NOMEM;
  c->line_open = false;
  return next_message(c);
}

int imap4i_cmd_fetch(imap4i_command *c) {
  static int (*const steps[])(imap4i_command *) = {
      [IMAP4I_FETCHING_BEGIN] = begin,
      [IMAP4I_FETCHING_GONE] = gone,
      [IMAP4I_FETCHING_ASK] = ask,
      [IMAP4I_FETCHING_PAGE] = page,
      [IMAP4I_FETCHING_MESSAGE] = message,
      [IMAP4I_FETCHING_DIGEST] = digest,
      [IMAP4I_FETCHING_SEEN] = seen,
      [IMAP4I_FETCHING_SEEN_DONE] = seen_done,
      [IMAP4I_FETCHING_FIRST] = first,
      [IMAP4I_FETCHING_OPEN] = open_response,
      [IMAP4I_FETCHING_ITEM] = item,
      [IMAP4I_FETCHING_LOCATE] = imap4i_fetch_locate,
      [IMAP4I_FETCHING_PREPARE] = imap4i_fetch_prepare,
      [IMAP4I_FETCHING_PREPARED] = imap4i_fetch_prepared,
      [IMAP4I_FETCHING_KEPT] = imap4i_fetch_kept,
      [IMAP4I_FETCHING_HEAD] = imap4i_fetch_head,
      [IMAP4I_FETCHING_SEND] = imap4i_fetch_send,
      [IMAP4I_FETCHING_GOT] = imap4i_fetch_got,
      [IMAP4I_FETCHING_CLOSE] = close_response,
  };
  return steps[c->phase](c);
}

void imap4i_cmd_fetch_end(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (!x || !x->uids.mem) return;
  imap4i_uidset_free(&x->uids);
  imap4i_batch_free(&x->batch);
  imap4i_digester_free(&x->digester);
  imap4i_resync_free(&x->resync);
  imap4i_buf_free(&x->fields);
  if (x->preview) imap4i_previewer_free(x->preview);
}
