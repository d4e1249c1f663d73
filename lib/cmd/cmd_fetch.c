/* SPDX-License-Identifier: MIT */
/*
 * FETCH and UID FETCH (RFC 3501 section 6.4.5).  Rows come in pages; each becomes one response.  What needs
 * the store (the digest, \Seen, the first octets of the first section) is done before the response begins, so
 * that a message that was expunged by others leaves no half answer; later octets stream as the client reads.
 */
#include "cmd/fetch_binary.h"
#include "cmd/fetch_preview.h"
#include "cmd/partial.h"
#include "core/batch.h"
#include "core/digester.h"
#include "core/resync.h"
#include "mail/digest.h"
#include "mail/header.h"
#include "wire/writer.h"

enum {
  FETCH_BEGIN,
  FETCH_GONE, /* VANISHED (EARLIER) */
  FETCH_ASK,
  FETCH_PAGE,
  FETCH_MESSAGE,
  FETCH_DIGEST,
  FETCH_SEEN,
  FETCH_SEEN_DONE,
  FETCH_FIRST,   /* prepare the first section before the response begins */
  FETCH_OPEN,    /* "* n FETCH (" */
  FETCH_ITEM,    /* the next item */
  FETCH_LOCATE,  /* a section: where it is */
  FETCH_PREPARE, /* a section: its first octets, or its chosen header fields */
  FETCH_PREPARED,
  FETCH_HEAD, /* "BODY[...] {n}" */
  FETCH_SEND,
  FETCH_GOT,
  FETCH_CLOSE
};

/* Chosen header fields that are kept while their length is found out; more are read twice. */
#define FIELDS_OCTETS 16384

typedef struct fetch_context {
  imap4i_uidset uids;
  imap4i_batch batch;
  imap4i_digester digester;
  imap4i_resync resync;
  imap4i_buf fields; /* what passed the filter, up to FIELDS_OCTETS or, when sending, a chunk */
  imap4i_header_filter *filter;
  imap4i_binary *binary;
  imap4i_fetch_preview *preview;
  uint64_t fields_total; /* octets that passed so far */
  uint64_t skip;         /* of the section: octets before the part that is sent */
  uint64_t offset;       /* in the message: of the next read */
  uint64_t source;       /* octets of the message still to be read for the section */
  uint64_t left;         /* octets of the literal still to be sent */
  uint32_t attributes;
  uint32_t item;
  bool digests; /* some item needs the digest */
  bool sets_seen;
  bool prepared;    /* the first section's first octets are in the answer of the last operation */
  bool filtered;    /* the section is chosen header fields, or decoded */
  bool decoded;     /* the section is decoded */
  bool undecodable; /* a message has a section that can't be */
  bool shows_flags;
  bool shows_uid;    /* UID is one of the items */
  bool asks_modseq;  /* MODSEQ is */
  bool shows_modseq; /* every response has it: the client has enabled CONDSTORE */
  bool none;         /* there is no such section: NIL */
  bool flagged;      /* \Seen was set for this message: show it */
  bool began;        /* an item of this response was written */
} fetch_context;
_Static_assert(sizeof(fetch_context) <= 512, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static const imap4_row *row_of(const imap4i_command *c) {
  const fetch_context *x = c->context;
  return imap4i_batch_row(&x->batch);
}

static const imap4i_fetch_item *item_of(const imap4i_command *c) {
  const fetch_context *x = c->context;
  return x->item < c->args.fetch.count ? &c->args.fetch.items[x->item] : NULL;
}

/* ---- before the messages -------------------------------------------------------------------- */

static bool is_binary(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_BINARY || item->kind == IMAP4I_FETCH_BINARY_SIZE;
}

/* One that is made: none is kept, so that with LAZY it is always NIL (RFC 8970 section 4.1). */
static bool is_preview(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_PREVIEW && !item->lazy;
}

/* Whether octets of the message are read for it. */
static bool is_section(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_SECTION || is_binary(item) || is_preview(item);
}

static bool needs_digest(const imap4i_fetch_item *item) {
  switch (item->kind) {
  case IMAP4I_FETCH_ENVELOPE:
  case IMAP4I_FETCH_BODY:
  case IMAP4I_FETCH_BODYSTRUCTURE:
    return true;
  case IMAP4I_FETCH_SECTION:
  case IMAP4I_FETCH_BINARY:
  case IMAP4I_FETCH_BINARY_SIZE:
    return item->section.kind != IMAP4I_SECTION_ALL || item->section.part_count > 0;
  case IMAP4I_FETCH_PREVIEW:
    return !item->lazy;
  default:
    return false;
  }
}

/* Features to which items of the command belong. */
static uint64_t needed_features(const imap4i_fetch_args *a) {
  uint64_t needs = 0;
  for (size_t i = 0; i < a->count; i++) {
    uint8_t kind = a->items[i].kind;
    if (kind == IMAP4I_FETCH_EMAILID || kind == IMAP4I_FETCH_THREADID) needs |= IMAP4_FEATURE_OBJECTID;
    if (kind == IMAP4I_FETCH_SAVEDATE) needs |= IMAP4_FEATURE_SAVEDATE;
    if (is_binary(&a->items[i])) needs |= IMAP4_FEATURE_BINARY;
    if (kind == IMAP4I_FETCH_PREVIEW) needs |= IMAP4_FEATURE_PREVIEW;
  }
  return needs;
}

static void look_at_items(imap4i_command *c) {
  fetch_context *x = c->context;
  for (size_t i = 0; i < c->args.fetch.count; i++) {
    const imap4i_fetch_item *item = &c->args.fetch.items[i];
    x->digests = x->digests || needs_digest(item);
    if (is_section(item)) {
      x->attributes |= IMAP4_ATTR_SIZE;
      if (!item->peek && !c->s->view->read_only) x->sets_seen = true;
    }
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
  fetch_context *x = c->context;
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
  fetch_context *x = c->context;
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
  fetch_context *x = c->context;
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
  if (c->args.fetch.vanished && imap4i_shows_vanished(s)) {
    status = imap4i_resync_begin(&x->resync, s, &c->args.fetch.set, c->args.fetch.changed_since);
    return status != IMAP4_OK ? status : go(c, FETCH_GONE);
  }
  if (x->uids.n == 0) return imap4i_reply_ok(c, IMAP4I_S("FETCH completed; no such message"));
  return go(c, FETCH_ASK);
}

static int gone(imap4i_command *c) {
  fetch_context *x = c->context;
  int status = imap4i_resync_step(&x->resync, c);
  if (status != IMAP4I_STEP_DONE) return status;
  return x->uids.n > 0 ? go(c, FETCH_ASK) : imap4i_reply_ok(c, IMAP4I_S("FETCH completed"));
}

static int ask(imap4i_command *c) {
  fetch_context *x = c->context;
  c->phase = FETCH_PAGE;
  return imap4i_batch_ask(&x->batch, c->s, c->s->view->mailbox, imap4i_uidset_ranges(&x->uids),
                          x->attributes);
}

static int page(imap4i_command *c) {
  fetch_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  return status != IMAP4_OK ? status : go(c, FETCH_MESSAGE);
}

/* ---- before a response ---------------------------------------------------------------------- */

static int next_message(imap4i_command *c) {
  fetch_context *x = c->context;
  x->batch.at++;
  c->s->progress++;
  return go(c, FETCH_MESSAGE);
}

static int message(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  const imap4_row *row = row_of(c);
  if (!row) {
    if (!x->batch.last) return go(c, FETCH_ASK);
    /* RFC 2180 section 4.1: what is missing was expunged by others, and the client may have to know. */
    if (!c->args.fetch.changed && x->batch.total < imap4i_ranges_count(imap4i_uidset_ranges(&x->uids)))
      c->expunged = IMAP4I_GONE_SOME;
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
  return go(c, x->digests ? FETCH_DIGEST : FETCH_SEEN);
}

/* The message can't be read.  Gone: passed over.  Else the command fails. */
static int unreadable(imap4i_command *c, int status) {
  if (status != IMAP4_ST_EXPUNGED) return imap4i_reply_status(c, status);
  c->expunged = IMAP4I_GONE_SOME;
  return next_message(c);
}

/* RFC 3516 section 4.3: a section whose encoding is not known fails the command; the message is left out,
 * others are answered. */
static bool can_decode(const imap4i_command *c) {
  const fetch_context *x = c->context;
  for (size_t i = 0; i < c->args.fetch.count; i++) {
    const imap4i_fetch_item *item = &c->args.fetch.items[i];
    if (is_binary(item) && needs_digest(item) &&
        imap4i_digest_encoding(x->digester.digest, &item->section) == IMAP4I_ENCODING_OTHER)
      return false;
  }
  return true;
}

static int digest(imap4i_command *c) {
  fetch_context *x = c->context;
  int failure;
  int status = imap4i_digester_step(&x->digester, c->s, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return unreadable(c, failure);
  if (can_decode(c)) return go(c, FETCH_SEEN);
  x->undecodable = true;
  return next_message(c);
}

/* Sections that are no PEEK set \Seen, and that is shown in the same response. */
static int seen(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  const imap4_row *row = row_of(c);
  if (!x->sets_seen || row->flags & IMAP4_FLAG_SEEN) return go(c, FETCH_FIRST);
  imap4_uid_range one = {row->uid, row->uid};
  imap4_store_flags_args args = {
      .mode = IMAP4_STORE_ADD, .mailbox = s->view->mailbox, .uids = {&one, 1}, .flags = IMAP4_FLAG_SEEN};
  c->phase = FETCH_SEEN_DONE;
  return imap4i_op_call(s, IMAP4I_OP_STORE_FLAGS, &args);
}

/* A mailbox whose flags can't be changed can be read all the same. */
static int seen_done(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  if (s->op.status == IMAP4_OK) {
    const imap4_store_flags_result *r = &s->op.result.store_flags;
    imap4_row *row = &x->batch.rows[x->batch.at];
    imap4i_view_own_change(s->view, r);
    row->flags |= IMAP4_FLAG_SEEN;
    if (r->previous_modseq > 0 && r->highest_modseq > r->previous_modseq) row->modseq = r->highest_modseq;
    x->flagged = true;
  }
  return go(c, FETCH_FIRST);
}

static int first(imap4i_command *c) {
  fetch_context *x = c->context;
  while (item_of(c) && !is_section(item_of(c)))
    x->item++;
  return go(c, item_of(c) ? FETCH_LOCATE : FETCH_OPEN);
}

/* ---- items ---------------------------------------------------------------------------------- */

static bool put_flags_item(imap4i_command *c) {
  const imap4_row *row = row_of(c);
  bool recent = imap4i_ranges_has(imap4i_uidset_ranges(&c->s->view->recent), row->uid);
  return imap4i_buf_puts(&c->s->out, IMAP4I_S("FLAGS ")) &&
         imap4i_put_flags(&c->s->out, row->flags, row->keywords, recent);
}

/* A space between items. */
static bool put_gap(imap4i_command *c) {
  fetch_context *x = c->context;
  bool ok = !x->began || imap4i_buf_putc(&c->s->out, ' ');
  x->began = true;
  return ok;
}

/* What the response has beside the items that were asked for. */
static bool put_unasked(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  bool ok = true;
  x->began = false;
  /* RFC 3501 section 6.4.8, and RFC 7162 section 3.2.4 where \Seen is news. */
  if (!x->shows_uid && (c->row->uid || (x->flagged && x->shows_modseq)))
    ok = put_gap(c) && imap4i_buf_puts(&s->out, IMAP4I_S("UID ")) &&
         imap4i_buf_put_u64(&s->out, row_of(c)->uid);
  if (x->flagged && !x->shows_flags) ok = ok && put_gap(c) && put_flags_item(c);
  if (x->shows_modseq && !x->asks_modseq) ok = ok && put_gap(c) && imap4i_put_modseq(s, row_of(c)->modseq);
  return ok;
}

static int open_response(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* ")) &&
            imap4i_buf_put_u64(&s->out, imap4i_view_seq(s->view, row_of(c)->uid)) &&
            imap4i_buf_puts(&s->out, IMAP4I_S(" FETCH (")) && put_unasked(c);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  c->line_open = true;
  x->item = 0;
  return go(c, FETCH_ITEM);
}

static bool put_object_id(imap4i_buf *out, imap4_str name, imap4_str id) {
  if (!imap4i_buf_puts(out, name)) return false;
  if (id.n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL"));
  return imap4i_buf_putc(out, '(') && imap4i_buf_puts(out, id) && imap4i_buf_putc(out, ')');
}

static bool put_date_or_nil(imap4i_buf *out, imap4_date date) {
  return date.present ? imap4i_put_date_time(out, date) : imap4i_buf_puts(out, IMAP4I_S("NIL"));
}

static bool put_simple_item(imap4i_command *c, const imap4i_fetch_item *item) {
  const fetch_context *x = c->context;
  imap4i_buf *out = &c->s->out;
  const imap4_row *row = row_of(c);
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
    return imap4i_buf_puts(out, IMAP4I_S("PREVIEW NIL"));
  case IMAP4I_FETCH_BODY:
    return imap4i_buf_puts(out, IMAP4I_S("BODY ")) &&
           imap4i_digest_body(x->digester.digest, false, out) == IMAP4_OK;
  default:
    return imap4i_buf_puts(out, IMAP4I_S("BODYSTRUCTURE ")) &&
           imap4i_digest_body(x->digester.digest, true, out) == IMAP4_OK;
  }
}

static int item(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  const imap4i_fetch_item *i = item_of(c);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (!i) return go(c, FETCH_CLOSE);
  if (is_section(i)) return go(c, x->prepared ? FETCH_HEAD : FETCH_LOCATE);
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

/* ---- sections ------------------------------------------------------------------------------- */

/* Narrow a section of |length| octets to what <offset.count> asks for: |skip| and |left|. */
static void narrow(fetch_context *x, const imap4i_fetch_item *i, uint64_t length) {
  x->skip = 0;
  x->left = length;
  if (!i->partial) return;
  x->skip = i->offset < length ? i->offset : length;
  x->left = length - x->skip < i->count ? length - x->skip : i->count;
}

static int start_filter(imap4i_command *c, uint64_t offset, uint64_t length) {
  fetch_context *x = c->context;
  const imap4i_section *section = &item_of(c)->section;
  if (!x->filter && !(x->filter = imap4i_arena_alloc(&c->arena, sizeof *x->filter))) return IMAP4_ERR_NOMEM;
  imap4i_header_filter_init(x->filter, section->fields, section->field_count,
                            section->kind == IMAP4I_SECTION_FIELDS_NOT);
  imap4i_buf_clear(&x->fields);
  x->fields_total = 0;
  x->offset = offset;
  x->source = length;
  return IMAP4_OK;
}

/* Whether the digest has all of the header fields that are asked for. */
static bool digest_has_fields(const imap4i_command *c) {
  const fetch_context *x = c->context;
  const imap4i_section *section = &item_of(c)->section;
  if (section->kind != IMAP4I_SECTION_FIELDS || section->part_count > 0) return false;
  for (size_t i = 0; i < section->field_count; i++) {
    if (!imap4i_digest_keeps(x->digester.digest, section->fields[i])) return false;
  }
  return true;
}

static bool find_section(const imap4i_command *c, uint64_t *offset, uint64_t *length) {
  const fetch_context *x = c->context;
  const imap4i_fetch_item *i = item_of(c);
  if (needs_digest(i)) return imap4i_digest_section(x->digester.digest, &i->section, offset, length);
  *offset = 0;
  *length = row_of(c)->size;
  return true;
}

static int after_prepared(imap4i_command *c) {
  fetch_context *x = c->context;
  x->prepared = true;
  return go(c, c->line_open ? FETCH_HEAD : FETCH_OPEN);
}

/* The fields that pass are in the digest: nothing is read. */
static int filter_digest(imap4i_command *c) {
  fetch_context *x = c->context;
  imap4_str fields = imap4i_digest_fields(x->digester.digest);
  bool empty = x->source == 0;
  int status = imap4i_header_filter_feed(x->filter, fields, &x->fields);
  x->filter->empty = empty;
  if (status == IMAP4_OK) status = imap4i_header_filter_finish(x->filter, &x->fields);
  if (status != IMAP4_OK) return status;
  x->fields_total = x->fields.n;
  narrow(x, item_of(c), x->fields_total);
  return after_prepared(c);
}

/* Octets of the message from |offset| on are decoded, once to be counted and once to be sent. */
static int start_decoding(imap4i_command *c, uint64_t offset, uint64_t length) {
  fetch_context *x = c->context;
  const imap4i_fetch_item *i = item_of(c);
  if (!x->binary && !(x->binary = imap4i_arena_alloc(&c->arena, sizeof *x->binary))) return IMAP4_ERR_NOMEM;
  int encoding =
      needs_digest(i) ? imap4i_digest_encoding(x->digester.digest, &i->section) : IMAP4I_ENCODING_IDENTITY;
  imap4i_buf_clear(&x->fields);
  x->offset = offset;
  x->source = length;
  uint64_t first = i->partial ? i->offset : 0;
  uint64_t count = i->partial ? i->count : UINT64_MAX;
  if (encoding == IMAP4I_ENCODING_IDENTITY) { /* what is not asked for need not be read */
    narrow(x, i, length);
    x->offset = offset + x->skip;
    x->source = x->left;
    first = 0;
    count = x->left;
  }
  x->skip = 0;
  imap4i_binary_begin(x->binary, encoding, first, count);
  return IMAP4_OK;
}

/* A decoded section: BINARY, or only how many octets it has. */
static int locate_decoded(imap4i_command *c, uint64_t offset, uint64_t length) {
  fetch_context *x = c->context;
  int status = start_decoding(c, offset, length);
  if (status != IMAP4_OK) return status;
  if (item_of(c)->kind == IMAP4I_FETCH_BINARY_SIZE && x->binary->count == length) {
    x->left = length; /* it is not encoded */
    return after_prepared(c);
  }
  return go(c, FETCH_PREPARE);
}

/* The next part that a preview may be found in. */
static int next_preview_part(imap4i_command *c) {
  fetch_context *x = c->context;
  bool found;
  int status = imap4i_fetch_preview_next(x->preview, x->digester.digest, &x->offset, &x->source, &found);
  if (status != IMAP4_OK) return status;
  c->s->progress++;
  return found ? go(c, FETCH_PREPARE) : after_prepared(c);
}

static int locate_preview(imap4i_command *c) {
  fetch_context *x = c->context;
  if (!x->preview && !(x->preview = imap4i_arena_alloc(&c->arena, sizeof *x->preview)))
    return IMAP4_ERR_NOMEM;
  x->none = x->filtered = x->decoded = false;
  x->left = 0; /* the preview is no literal that streams */
  imap4i_fetch_preview_begin(x->preview);
  return next_preview_part(c);
}

static int feed_preview(imap4i_command *c) {
  fetch_context *x = c->context;
  imap4_str data = c->s->op.result.read.data;
  x->offset += data.n;
  x->source -= data.n;
  imap4i_fetch_preview_feed(x->preview, data, x->source == 0);
  if (imap4i_preview_full(&x->preview->preview)) return after_prepared(c);
  if (x->source > 0) return go(c, FETCH_PREPARE);
  return imap4i_preview_text(&x->preview->preview).n > 0 ? after_prepared(c) : next_preview_part(c);
}

static int locate(imap4i_command *c) {
  fetch_context *x = c->context;
  const imap4i_fetch_item *i = item_of(c);
  uint64_t offset;
  uint64_t length;
  if (is_preview(i)) return locate_preview(c);
  x->decoded = is_binary(i);
  x->filtered =
      x->decoded || i->section.kind == IMAP4I_SECTION_FIELDS || i->section.kind == IMAP4I_SECTION_FIELDS_NOT;
  x->none = !find_section(c, &offset, &length);
  x->left = 0;
  if (x->none) return go(c, FETCH_PREPARED);
  if (x->decoded) return locate_decoded(c, offset, length);
  if (x->filtered) {
    int status = start_filter(c, offset, length);
    if (status != IMAP4_OK || !digest_has_fields(c))
      return status != IMAP4_OK ? status : go(c, FETCH_PREPARE);
    return filter_digest(c);
  }
  narrow(x, i, length);
  x->offset = offset + x->skip;
  x->source = x->left;
  return go(c, FETCH_PREPARE);
}

static int prepare(imap4i_command *c) {
  fetch_context *x = c->context;
  if (x->source == 0) {
    c->s->op.status = IMAP4_OK;
    c->s->op.result.read.data.n = 0;
    return go(c, FETCH_PREPARED);
  }
  c->phase = FETCH_PREPARED;
  return imap4i_read(c->s, c->s->view->mailbox, row_of(c)->uid, x->offset, x->source);
}

/* More of an encoded section: octets of the window are appended to |fields|. */
static int feed_decoder(imap4i_command *c) {
  fetch_context *x = c->context;
  imap4_str data = c->s->op.result.read.data;
  x->offset += data.n;
  x->source -= data.n;
  int status = imap4i_binary_feed(x->binary, data, x->source == 0, &x->fields);
  if (imap4i_binary_full(x->binary)) x->source = 0;
  return status;
}

/* More of a header through the filter; what passed is appended to |fields|. */
static int feed_filter(imap4i_command *c) {
  fetch_context *x = c->context;
  imap4_str data = c->s->op.result.read.data;
  size_t before = x->fields.n;
  int status = data.n > 0 ? imap4i_header_filter_feed(x->filter, data, &x->fields) : IMAP4_OK;
  x->offset += data.n;
  x->source -= data.n;
  if (status == IMAP4_OK && x->source == 0) status = imap4i_header_filter_finish(x->filter, &x->fields);
  if (status != IMAP4_OK) return status;
  x->fields_total += x->fields.n - before;
  return IMAP4_OK;
}

/* The first pass over a header: how many octets will be sent, and if they are few, which. */
static int count_fields(imap4i_command *c) {
  fetch_context *x = c->context;
  int status = feed_filter(c);
  if (status != IMAP4_OK) return status;
  if (x->fields.n > FIELDS_OCTETS) imap4i_buf_clear(&x->fields);
  if (x->source > 0) return go(c, FETCH_PREPARE);
  narrow(x, item_of(c), x->fields_total);
  return IMAP4_OK;
}

/* The same for a section that is decoded. */
static int count_decoded(imap4i_command *c) {
  fetch_context *x = c->context;
  int status = feed_decoder(c);
  if (status != IMAP4_OK) return status;
  x->left = imap4i_binary_length(x->binary);
  if (x->fields.n > FIELDS_OCTETS || item_of(c)->kind == IMAP4I_FETCH_BINARY_SIZE)
    imap4i_buf_clear(&x->fields);
  return x->source > 0 ? go(c, FETCH_PREPARE) : IMAP4_OK;
}

static int prepared(imap4i_command *c) {
  fetch_context *x = c->context;
  if (x->none) return after_prepared(c);
  if (c->s->op.status != IMAP4_OK) {
    if (!c->line_open) return unreadable(c, c->s->op.status);
    /* RFC 2180 section 4.1.3: the response has begun; this section is NIL, and the command fails. */
    c->expunged = IMAP4I_GONE_HALF;
    x->none = true;
    x->left = 0;
    return after_prepared(c);
  }
  if (is_preview(item_of(c))) return feed_preview(c);
  if (x->filtered) {
    int status = x->decoded ? count_decoded(c) : count_fields(c);
    if (status != IMAP4_OK || c->phase != FETCH_PREPARED) return status;
  }
  return after_prepared(c);
}

/* Too many octets were found to be kept: read them again while sending. */
static int read_again(imap4i_command *c) {
  fetch_context *x = c->context;
  uint64_t offset;
  uint64_t length;
  (void)find_section(c, &offset, &length);
  if (!x->decoded) return start_filter(c, offset, length);
  bool nul = x->binary->nul;
  uint64_t left = x->left;
  int status = start_decoding(c, offset, length);
  x->left = left;
  x->binary->nul = nul;
  return status;
}

static bool put_value_head(imap4i_command *c) {
  imap4_session *s = c->s;
  const fetch_context *x = c->context;
  if (item_of(c)->kind == IMAP4I_FETCH_BINARY_SIZE) return imap4i_buf_put_u64(&s->out, x->left);
  if (is_preview(item_of(c)))
    return imap4i_put_string(&s->out, imap4i_preview_text(&x->preview->preview), imap4i_speaks_utf8(s));
  if (x->none) return imap4i_buf_puts(&s->out, IMAP4I_S("NIL"));
  if (x->decoded && x->binary->nul && !imap4i_buf_putc(&s->out, '~')) return false;
  return imap4i_put_literal_head(&s->out, x->left);
}

static int head(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = (!x->began || imap4i_buf_putc(&s->out, ' ')) && imap4i_buf_puts(&s->out, item_of(c)->label) &&
            imap4i_buf_putc(&s->out, ' ') && put_value_head(c);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  x->began = true;
  x->prepared = false;
  if (x->filtered && !x->none) {
    if (item_of(c)->kind == IMAP4I_FETCH_BINARY_SIZE) x->left = 0; /* nothing is sent */
    bool whole = x->fields.n == (x->decoded ? x->left : x->fields_total);
    if (!whole && (status = read_again(c)) != IMAP4_OK) return status;
    return go(c, FETCH_SEND);
  }
  return go(c, x->left > 0 ? FETCH_GOT : FETCH_SEND);
}

/* Octets of a message into a literal, which can hold anything but NUL (RFC 3501 section 9, CHAR8). */
static bool put_octets(imap4i_buf *out, imap4_str data) {
  size_t at = out->n;
  if (!imap4i_buf_puts(out, data)) return false;
  while (at < out->n) {
    char *nul = memchr(out->p + at, 0, out->n - at);
    if (!nul) break;
    *nul = '?';
    at = (size_t)(nul - out->p) + 1;
  }
  return true;
}

/* Send what of the chosen fields in |fields| belongs to the literal. */
static int send_fields(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  imap4_str have = imap4i_buf_str(&x->fields);
  uint64_t skip = x->skip < have.n ? x->skip : have.n;
  have = imap4i_tail(have, (size_t)skip);
  if (have.n > x->left) have.n = (size_t)x->left;
  bool binary = x->decoded && x->binary->nul; /* in a literal8 */
  if (!(binary ? imap4i_buf_puts(&s->out, have) : put_octets(&s->out, have))) return IMAP4_ERR_NOMEM;
  x->skip -= skip;
  x->left -= have.n;
  imap4i_buf_clear(&x->fields);
  return IMAP4_OK;
}

static int send(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (x->filtered && !x->none) {
    int status = send_fields(c);
    if (status != IMAP4_OK) return status;
  }
  if (x->left == 0) {
    x->item++;
    return go(c, FETCH_ITEM);
  }
  if (x->source == 0) return imap4i_die_in_literal(c); /* the message is not what it was */
  c->phase = FETCH_GOT;
  return imap4i_read(s, s->view->mailbox, row_of(c)->uid, x->offset, x->source);
}

static int got(imap4i_command *c) {
  imap4_session *s = c->s;
  fetch_context *x = c->context;
  if (s->op.status != IMAP4_OK || s->op.result.read.data.n == 0) return imap4i_die_in_literal(c);
  if (x->filtered) {
    int status = x->decoded ? feed_decoder(c) : feed_filter(c);
    return status != IMAP4_OK ? status : go(c, FETCH_SEND);
  }
  imap4_str data = s->op.result.read.data;
  if (!put_octets(&s->out, data)) return IMAP4_ERR_NOMEM;
  x->offset += data.n;
  x->source -= data.n;
  x->left -= data.n;
  return go(c, FETCH_SEND);
}

int imap4i_cmd_fetch(imap4i_command *c) {
  static int (*const steps[])(imap4i_command *) = {
      [FETCH_BEGIN] = begin,     [FETCH_GONE] = gone,
      [FETCH_ASK] = ask,         [FETCH_PAGE] = page,
      [FETCH_MESSAGE] = message, [FETCH_DIGEST] = digest,
      [FETCH_SEEN] = seen,       [FETCH_SEEN_DONE] = seen_done,
      [FETCH_FIRST] = first,     [FETCH_OPEN] = open_response,
      [FETCH_ITEM] = item,       [FETCH_LOCATE] = locate,
      [FETCH_PREPARE] = prepare, [FETCH_PREPARED] = prepared,
      [FETCH_HEAD] = head,       [FETCH_SEND] = send,
      [FETCH_GOT] = got,         [FETCH_CLOSE] = close_response,
  };
  return steps[c->phase](c);
}

void imap4i_cmd_fetch_end(imap4i_command *c) {
  fetch_context *x = c->context;
  if (!x || !x->uids.mem) return;
  imap4i_uidset_free(&x->uids);
  imap4i_batch_free(&x->batch);
  imap4i_digester_free(&x->digester);
  imap4i_resync_free(&x->resync);
  imap4i_buf_free(&x->fields);
  if (x->preview) imap4i_fetch_preview_free(x->preview);
}
