/* SPDX-License-Identifier: MIT */
/*
 * Items of FETCH that are made of a message's octets: BODY[...], BINARY[...], PREVIEW; see fetch.h.  A
 * section is located, then prepared: its first octets are read, or, where the whole has to be seen to know
 * how much is sent, all of them.  Only then its head is written, and the octets stream.
 */
#include "cmd/fetch.h"
#include "mail/digest.h"
#include "wire/writer.h"

bool imap4i_fetch_is_binary(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_BINARY || item->kind == IMAP4I_FETCH_BINARY_SIZE;
}

static bool is_preview(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_PREVIEW;
}

bool imap4i_fetch_is_section(const imap4i_fetch_item *item) {
  return item->kind == IMAP4I_FETCH_SECTION || imap4i_fetch_is_binary(item);
}

bool imap4i_fetch_kept_preview(const imap4i_command *c, imap4_str *preview) {
  const imap4i_fetch *x = c->context;
  const imap4_row *row = imap4i_fetch_row(c);
  if (x->digests) return imap4i_digest_preview(x->digester.digest, preview);
  return imap4i_digest_serves(c->s, row->digest, row->size) && imap4i_digest_preview(row->digest, preview);
}

bool imap4i_fetch_reads(const imap4i_command *c, const imap4i_fetch_item *item) {
  imap4_str kept;
  if (!is_preview(item)) return imap4i_fetch_is_section(item);
  return !item->lazy && !imap4i_fetch_kept_preview(c, &kept);
}

bool imap4i_fetch_needs_digest(const imap4i_fetch_item *item) {
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

/* ---- finding a section -------------------------------------------------------------------- */

/* Narrow a section of |length| octets to what <offset.count> asks for: |skip| and |left|. */
static void narrow(imap4i_fetch *x, const imap4i_fetch_item *i, uint64_t length) {
  x->skip = 0;
  x->left = length;
  if (!i->partial) return;
  x->skip = i->offset < length ? i->offset : length;
  x->left = length - x->skip < i->count ? length - x->skip : i->count;
}

static int start_filter(imap4i_command *c, uint64_t offset, uint64_t length) {
  imap4i_fetch *x = c->context;
  const imap4i_section *section = &imap4i_fetch_item_now(c)->section;
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
  const imap4i_fetch *x = c->context;
  const imap4i_section *section = &imap4i_fetch_item_now(c)->section;
  if (section->kind != IMAP4I_SECTION_FIELDS || section->part_count > 0) return false;
  for (size_t i = 0; i < section->field_count; i++) {
    if (!imap4i_digest_keeps(x->digester.digest, section->fields[i])) return false;
  }
  return true;
}

static bool find_section(const imap4i_command *c, uint64_t *offset, uint64_t *length) {
  const imap4i_fetch *x = c->context;
  const imap4i_fetch_item *i = imap4i_fetch_item_now(c);
  if (imap4i_fetch_needs_digest(i))
    return imap4i_digest_section(x->digester.digest, &i->section, offset, length);
  *offset = 0;
  *length = imap4i_fetch_row(c)->size;
  return true;
}

static int after_prepared(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  x->prepared = true;
  return imap4i_fetch_go(c, c->line_open ? IMAP4I_FETCHING_HEAD : IMAP4I_FETCHING_OPEN);
}

/* The fields that pass are in the digest: nothing is read. */
static int filter_digest(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  imap4_str fields = imap4i_digest_fields(x->digester.digest);
  bool empty = x->source == 0;
  int status = imap4i_header_filter_feed(x->filter, fields, &x->fields);
  x->filter->empty = empty;
  if (status == IMAP4_OK) status = imap4i_header_filter_finish(x->filter, &x->fields);
  if (status != IMAP4_OK) return status;
  x->fields_total = x->fields.n;
  narrow(x, imap4i_fetch_item_now(c), x->fields_total);
  return after_prepared(c);
}

/* Octets of the message from |offset| on are decoded, once to be counted and once to be sent. */
static int start_decoding(imap4i_command *c, uint64_t offset, uint64_t length) {
  imap4i_fetch *x = c->context;
  const imap4i_fetch_item *i = imap4i_fetch_item_now(c);
  if (!x->binary && !(x->binary = imap4i_arena_alloc(&c->arena, sizeof *x->binary))) return IMAP4_ERR_NOMEM;
  int encoding = imap4i_fetch_needs_digest(i) ? imap4i_digest_encoding(x->digester.digest, &i->section)
                                              : IMAP4I_ENCODING_IDENTITY;
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
  imap4i_fetch *x = c->context;
  int status = start_decoding(c, offset, length);
  if (status != IMAP4_OK) return status;
  if (imap4i_fetch_item_now(c)->kind == IMAP4I_FETCH_BINARY_SIZE && x->binary->count == length) {
    x->left = length; /* it is not encoded */
    return after_prepared(c);
  }
  return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE);
}

/* The store is asked to keep the preview with the digest; whether it does makes no difference here. */
static int keep_preview(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  imap4_str digest = x->digester.digest;
  imap4_str preview = imap4i_preview_text(&x->preview->preview);
  imap4i_buf_clear(&x->fields);
  if (digest.n + imap4i_digest_preview_octets(preview) > s->limits->digest_octets) return after_prepared(c);
  int status = imap4i_digest_add_preview(digest, preview, &x->fields);
  if (status != IMAP4_OK) return status;
  imap4_keep_digest_args args = {
      .uid = imap4i_fetch_row(c)->uid, .mailbox = s->view->mailbox, .digest = imap4i_buf_str(&x->fields)};
  c->phase = IMAP4I_FETCHING_KEPT;
  return imap4i_op_call(s, IMAP4I_OP_KEEP_DIGEST, &args);
}

int imap4i_fetch_kept(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  imap4i_buf_clear(&x->fields);
  return after_prepared(c);
}

/* The next part that a preview may be found in. */
static int next_preview_part(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  bool found;
  int status = imap4i_previewer_next(x->preview, x->digester.digest, &x->offset, &x->source, &found);
  if (status != IMAP4_OK) return status;
  c->s->progress++;
  return found ? imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE) : keep_preview(c);
}

static int locate_preview(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (!x->preview && !(x->preview = imap4i_arena_alloc(&c->arena, sizeof *x->preview)))
    return IMAP4_ERR_NOMEM;
  x->none = x->filtered = x->decoded = false;
  x->left = 0; /* the preview is no literal that streams */
  imap4i_previewer_begin(x->preview);
  return next_preview_part(c);
}

static int feed_preview(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  imap4_str data = c->s->op.result.read.data;
  x->offset += data.n;
  x->source -= data.n;
  imap4i_previewer_feed(x->preview, data, x->source == 0);
  if (imap4i_preview_full(&x->preview->preview)) return keep_preview(c);
  if (x->source > 0) return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE);
  return imap4i_preview_text(&x->preview->preview).n > 0 ? keep_preview(c) : next_preview_part(c);
}

int imap4i_fetch_locate(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  const imap4i_fetch_item *i = imap4i_fetch_item_now(c);
  uint64_t offset;
  uint64_t length;
  if (is_preview(i)) return locate_preview(c);
  x->decoded = imap4i_fetch_is_binary(i);
  x->filtered =
      x->decoded || i->section.kind == IMAP4I_SECTION_FIELDS || i->section.kind == IMAP4I_SECTION_FIELDS_NOT;
  x->none = !find_section(c, &offset, &length);
  x->left = 0;
  if (x->none) return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARED);
  if (x->decoded) return locate_decoded(c, offset, length);
  if (x->filtered) {
    int status = start_filter(c, offset, length);
    if (status != IMAP4_OK || !digest_has_fields(c))
      return status != IMAP4_OK ? status : imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE);
    return filter_digest(c);
  }
  narrow(x, i, length);
  x->offset = offset + x->skip;
  x->source = x->left;
  return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE);
}

int imap4i_fetch_prepare(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (x->source == 0) {
    c->s->op.status = IMAP4_OK;
    c->s->op.result.read.data.n = 0;
    return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARED);
  }
  c->phase = IMAP4I_FETCHING_PREPARED;
  return imap4i_read(c->s, c->s->view->mailbox, imap4i_fetch_row(c)->uid, x->offset, x->source);
}

/* More of an encoded section: octets of the window are appended to |fields|. */
static int feed_decoder(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  imap4_str data = c->s->op.result.read.data;
  x->offset += data.n;
  x->source -= data.n;
  int status = imap4i_binary_feed(x->binary, data, x->source == 0, &x->fields);
  if (imap4i_binary_full(x->binary)) x->source = 0;
  return status;
}

/* More of a header through the filter; what passed is appended to |fields|. */
static int feed_filter(imap4i_command *c) {
  imap4i_fetch *x = c->context;
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
  imap4i_fetch *x = c->context;
  int status = feed_filter(c);
  if (status != IMAP4_OK) return status;
  if (x->fields.n > IMAP4I_FETCH_FIELDS_OCTETS) imap4i_buf_clear(&x->fields);
  if (x->source > 0) return imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE);
  narrow(x, imap4i_fetch_item_now(c), x->fields_total);
  return IMAP4_OK;
}

/* The same for a section that is decoded. */
static int count_decoded(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  int status = feed_decoder(c);
  if (status != IMAP4_OK) return status;
  x->left = imap4i_binary_length(x->binary);
  if (x->fields.n > IMAP4I_FETCH_FIELDS_OCTETS || imap4i_fetch_item_now(c)->kind == IMAP4I_FETCH_BINARY_SIZE)
    imap4i_buf_clear(&x->fields);
  return x->source > 0 ? imap4i_fetch_go(c, IMAP4I_FETCHING_PREPARE) : IMAP4_OK;
}

int imap4i_fetch_prepared(imap4i_command *c) {
  imap4i_fetch *x = c->context;
  if (x->none) return after_prepared(c);
  if (c->s->op.status != IMAP4_OK) {
    if (!c->line_open) return imap4i_fetch_unreadable(c, c->s->op.status);
    /* RFC 2180 section 4.1.3: the response has begun; this section is NIL, and the command fails. */
    c->expunged = IMAP4I_GONE_HALF;
    x->none = true;
    x->left = 0;
    return after_prepared(c);
  }
  if (is_preview(imap4i_fetch_item_now(c))) return feed_preview(c);
  if (x->filtered) {
    int status = x->decoded ? count_decoded(c) : count_fields(c);
    if (status != IMAP4_OK || c->phase != IMAP4I_FETCHING_PREPARED) return status;
  }
  return after_prepared(c);
}

/* Too many octets were found to be kept: read them again while sending. */
static int read_again(imap4i_command *c) {
  imap4i_fetch *x = c->context;
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
  const imap4i_fetch *x = c->context;
  if (imap4i_fetch_item_now(c)->kind == IMAP4I_FETCH_BINARY_SIZE) return imap4i_buf_put_u64(&s->out, x->left);
  if (is_preview(imap4i_fetch_item_now(c)))
    return imap4i_put_string(&s->out, imap4i_preview_text(&x->preview->preview), imap4i_speaks_utf8(s));
  if (x->none) return imap4i_buf_puts(&s->out, IMAP4I_S("NIL"));
  if (x->decoded && x->binary->nul && !imap4i_buf_putc(&s->out, '~')) return false;
  return imap4i_put_literal_head(&s->out, x->left);
}

int imap4i_fetch_head(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = (!x->began || imap4i_buf_putc(&s->out, ' ')) &&
            imap4i_buf_puts(&s->out, imap4i_fetch_item_now(c)->label) && imap4i_buf_putc(&s->out, ' ') &&
            put_value_head(c);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  x->began = true;
  x->prepared = false;
  if (x->filtered && !x->none) {
    if (imap4i_fetch_item_now(c)->kind == IMAP4I_FETCH_BINARY_SIZE) x->left = 0; /* nothing is sent */
    bool whole = x->fields.n == (x->decoded ? x->left : x->fields_total);
    if (!whole && (status = read_again(c)) != IMAP4_OK) return status;
    return imap4i_fetch_go(c, IMAP4I_FETCHING_SEND);
  }
  return imap4i_fetch_go(c, x->left > 0 ? IMAP4I_FETCHING_GOT : IMAP4I_FETCHING_SEND);
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
  imap4i_fetch *x = c->context;
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

int imap4i_fetch_send(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (x->filtered && !x->none) {
    int status = send_fields(c);
    if (status != IMAP4_OK) return status;
  }
  if (x->left == 0) {
    x->item++;
    return imap4i_fetch_go(c, IMAP4I_FETCHING_ITEM);
  }
  if (x->source == 0) return imap4i_die_in_literal(c); /* the message is not what it was */
  c->phase = IMAP4I_FETCHING_GOT;
  return imap4i_read(s, s->view->mailbox, imap4i_fetch_row(c)->uid, x->offset, x->source);
}

int imap4i_fetch_got(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4i_fetch *x = c->context;
  if (s->op.status != IMAP4_OK || s->op.result.read.data.n == 0) return imap4i_die_in_literal(c);
  if (x->filtered) {
    int status = x->decoded ? feed_decoder(c) : feed_filter(c);
    return status != IMAP4_OK ? status : imap4i_fetch_go(c, IMAP4I_FETCHING_SEND);
  }
  imap4_str data = s->op.result.read.data;
  if (!put_octets(&s->out, data)) return IMAP4_ERR_NOMEM;
  x->offset += data.n;
  x->source -= data.n;
  x->left -= data.n;
  return imap4i_fetch_go(c, IMAP4I_FETCHING_SEND);
}
