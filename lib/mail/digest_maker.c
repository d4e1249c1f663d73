/* SPDX-License-Identifier: MIT */
/* Making a digest; see digest_maker.h. */
#include "mail/digest_maker.h"

#include "imap4/limits.h"

/* The digest grows by so many octets, so that never many more are held than it has. */
#define GROWTH 8192u

void imap4i_maker_init(imap4i_maker *maker, imap4i_mem *mem, const imap4_limits *limits) {
  imap4i_buf_init(&maker->digest, mem, SIZE_MAX);
  maker->digest.step = GROWTH;
  /* A text's length has 24 bits. */
  maker->max = imap4i_min(limits->digest_octets, UINT32_MAX >> IMAP4I_DIGEST_TEXT_BITS);
  maker->parts = 0;
  maker->record = 0;
  imap4i_buf_init(&maker->fields, mem, limits->digest_field_octets);
  maker->field = 0;
  maker->missing = 0;
}

void imap4i_maker_free(imap4i_maker *maker) {
  imap4i_buf_free(&maker->digest);
  imap4i_buf_free(&maker->fields);
}

/* ---- records -------------------------------------------------------------------------------- */

static bool put_zeros(imap4i_buf *buf, size_t n) {
  char *p = imap4i_buf_room(buf, n);
  if (!p) return false;
  memset(p, 0, n);
  imap4i_buf_added(buf, n);
  return true;
}

bool imap4i_maker_open(imap4i_maker *maker) {
  bool first = maker->digest.n == 0;
  for (size_t i = 0; i < IMAP4I_TEXT_COUNT; i++)
    maker->text[i].offset = maker->text[i].length = 0;
  maker->record = first ? IMAP4I_DIGEST_HEAD : maker->digest.n;
  return put_zeros(&maker->digest, IMAP4I_DIGEST_RECORD + (first ? IMAP4I_DIGEST_HEAD : 0));
}

bool imap4i_maker_fits(const imap4i_maker *maker, size_t n) {
  /* One more record, the numbers of its texts and of those under way, and the index. */
  size_t used = maker->digest.n + maker->fields.n + IMAP4I_DIGEST_RECORD + 8 * (size_t)IMAP4I_TEXT_COUNT +
                4 * ((size_t)maker->parts + 2);
  return used <= maker->max && n <= maker->max - used;
}

static uint64_t reversed64(uint64_t v) {
  v = (v & 0x00ff00ff00ff00ffu) << 8 | (v >> 8 & 0x00ff00ff00ff00ffu);
  v = (v & 0x0000ffff0000ffffu) << 16 | (v >> 16 & 0x0000ffff0000ffffu);
  return v << 32 | v >> 32;
}

/* From both ends, eight octets at a time as long as they do not meet. */
static void reverse(char *p, size_t n) {
  size_t i = 0;
  for (; n / 2 - i >= 8; i += 8) {
    uint64_t front, back;
    memcpy(&front, p + i, 8);
    memcpy(&back, p + n - 8 - i, 8);
    front = reversed64(front);
    back = reversed64(back);
    memcpy(p + i, &back, 8);
    memcpy(p + n - 8 - i, &front, 8);
  }
  for (; i < n / 2; i++) {
    char c = p[i];
    p[i] = p[n - 1 - i];
    p[n - 1 - i] = c;
  }
}

/* Move |text| behind all others.  Fields that take turns do this for each address, so it has to be quick. */
static void move_last(imap4i_maker *maker, unsigned text) {
  uint32_t from = maker->text[text].offset;
  uint32_t n = maker->text[text].length;
  size_t behind = maker->digest.n - from - n;
  if (n == 0 || behind == 0) return;
  char *p = maker->digest.p + from;
  reverse(p, n);
  reverse(p + n, behind);
  reverse(p, n + behind);
  for (size_t i = 0; i < IMAP4I_TEXT_COUNT; i++) {
    if (maker->text[i].offset > from) maker->text[i].offset -= n;
  }
  maker->text[text].offset = (uint32_t)(from + behind);
}

imap4i_buf *imap4i_maker_begin(imap4i_maker *maker, unsigned text) {
  move_last(maker, text);
  if (maker->text[text].length == 0) maker->text[text].offset = (uint32_t)maker->digest.n;
  maker->writing = (uint8_t)text;
  return &maker->digest;
}

void imap4i_maker_end(imap4i_maker *maker) {
  maker->text[maker->writing].length = (uint32_t)(maker->digest.n - maker->text[maker->writing].offset);
}

void imap4i_maker_drop(imap4i_maker *maker, unsigned text) {
  move_last(maker, text);
  maker->digest.n -= maker->text[text].length;
  maker->text[text].offset = maker->text[text].length = 0;
}

/* The next text behind |offset|, or IMAP4I_TEXT_COUNT. */
static unsigned next_text(const imap4i_maker *maker, size_t offset) {
  unsigned found = IMAP4I_TEXT_COUNT;
  for (unsigned i = 0; i < IMAP4I_TEXT_COUNT; i++) {
    if (maker->text[i].length == 0 || maker->text[i].offset < offset) continue;
    if (found == IMAP4I_TEXT_COUNT || maker->text[i].offset < maker->text[found].offset) found = i;
  }
  return found;
}

bool imap4i_maker_close(imap4i_maker *maker, const imap4i_part *part, size_t *record) {
  uint8_t texts = 0;
  unsigned text;
  for (size_t at = maker->record; (text = next_text(maker, at)) < IMAP4I_TEXT_COUNT; texts++) {
    char number[4];
    at = (size_t)maker->text[text].offset + 1;
    imap4i_set32(number, maker->text[text].length << IMAP4I_DIGEST_TEXT_BITS | text);
    if (!imap4i_buf_put(&maker->digest, number, sizeof(number))) return false;
  }
  char *r = maker->digest.p + maker->record;
  r[0] = (char)part->kind;
  r[1] = (char)part->encoding;
  r[2] = (char)part->is_text;
  r[3] = (char)texts;
  imap4i_set32(r + IMAP4I_RECORD_OCTETS, (uint32_t)(maker->digest.n - maker->record));
  imap4i_set32(r + IMAP4I_RECORD_PARENT, part->parent);
  *record = maker->record;
  imap4i_maker_set_header(maker, *record, part->header_offset, part->header_length);
  imap4i_maker_set_body(maker, *record, part->body_length, part->lines);
  maker->parts++;
  return true;
}

void imap4i_maker_set_header(imap4i_maker *maker, size_t record, uint64_t offset, uint64_t length) {
  imap4i_set64(maker->digest.p + record + IMAP4I_RECORD_HEADER, offset);
  imap4i_set64(maker->digest.p + record + IMAP4I_RECORD_HEADER + 8, length);
}

void imap4i_maker_set_body(imap4i_maker *maker, size_t record, uint64_t length, uint64_t lines) {
  imap4i_set64(maker->digest.p + record + IMAP4I_RECORD_BODY, length);
  imap4i_set64(maker->digest.p + record + IMAP4I_RECORD_BODY + 8, lines);
}

/* ---- kept fields ---------------------------------------------------------------------------- */

bool imap4i_maker_keep(imap4i_maker *maker, unsigned field, imap4_str piece) {
  maker->field = maker->fields.n;
  return imap4i_maker_keep_more(maker, field, piece);
}

bool imap4i_maker_keep_more(imap4i_maker *maker, unsigned field, imap4_str piece) {
  uint64_t bit = UINT64_C(1) << field;
  if (maker->missing & bit) return true;
  /* Room for the empty line stays. */
  bool fits = piece.n + 2 <= maker->fields.max - maker->fields.n && imap4i_maker_fits(maker, piece.n + 2);
  if (fits) return imap4i_buf_puts(&maker->fields, piece);
  maker->missing |= bit;
  maker->fields.n = maker->field;
  return true;
}

void imap4i_maker_keep_none(imap4i_maker *maker) {
  maker->missing = UINT64_MAX;
  imap4i_buf_clear(&maker->fields);
}

bool imap4i_maker_keep_end(imap4i_maker *maker, imap4_str piece) {
  if (piece.n <= maker->fields.max - maker->fields.n) return imap4i_buf_puts(&maker->fields, piece);
  maker->missing = UINT64_MAX;
  return true;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Where each record begins. */
static bool put_index(imap4i_maker *maker) {
  uint32_t at = IMAP4I_DIGEST_HEAD;
  for (uint32_t i = 0; i < maker->parts; i++) {
    char number[4];
    imap4i_set32(number, at);
    at += imap4i_get32(maker->digest.p + at + IMAP4I_RECORD_OCTETS);
    if (!imap4i_buf_put(&maker->digest, number, sizeof(number))) return false;
  }
  return true;
}

bool imap4i_maker_finish(imap4i_maker *maker, uint64_t size, imap4_date date) {
  imap4i_buf *digest = &maker->digest;
  if (!put_index(maker) || !imap4i_buf_puts(digest, imap4i_buf_str(&maker->fields))) return false;
  char *p = digest->p;
  imap4i_set32(p, IMAP4I_DIGEST_VERSION);
  imap4i_set32(p + IMAP4I_HEAD_OCTETS, (uint32_t)digest->n);
  imap4i_set64(p + IMAP4I_HEAD_SIZE, size);
  imap4i_set64(p + IMAP4I_HEAD_SECONDS, (uint64_t)date.seconds);
  imap4i_set32(p + IMAP4I_HEAD_ZONE, (uint32_t)date.zone_minutes);
  imap4i_set32(p + IMAP4I_HEAD_DATED, date.present ? 1 : 0);
  imap4i_set32(p + IMAP4I_HEAD_PARTS, maker->parts);
  imap4i_set32(p + IMAP4I_HEAD_FIELDS, (uint32_t)maker->fields.n);
  imap4i_set64(p + IMAP4I_HEAD_MISSING, maker->missing);
  imap4i_set64(p + IMAP4I_HEAD_CHECKSUM, imap4i_digest_checksum(imap4i_buf_str(digest)));
  return true;
}
