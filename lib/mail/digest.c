/* SPDX-License-Identifier: MIT */
/* Reading digests: whether one can be trusted, its parts, where sections are; see digest.h. */
#include "mail/digest.h"

#include "base/transfer.h"
#include "base/utf8.h"
#include "imap4/error.h"

#define LANES 4u

static uint64_t mix(uint64_t sum, uint64_t value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
  return sum ^ sum >> 32;
}

/* Eight octets at a time, in lanes that do not wait for each other. */
static uint64_t checksum_add(uint64_t sum, imap4_str s) {
  uint64_t lanes[LANES] = {sum, sum + 1, sum + 2, sum + 3};
  size_t at = 0;
  for (; s.n - at >= 8 * LANES; at += 8 * LANES) {
    for (size_t i = 0; i < LANES; i++)
      lanes[i] = mix(lanes[i], imap4i_get64(s.p + at + 8 * i));
  }
  for (size_t i = 0; i < LANES; i++)
    sum = mix(sum, lanes[i]);
  for (; at < s.n; at++)
    sum = mix(sum, (unsigned char)s.p[at]);
  return sum;
}

uint64_t imap4i_digest_checksum(imap4_str digest) {
  uint64_t sum = checksum_add(digest.n, imap4i_str(digest.p, IMAP4I_HEAD_CHECKSUM));
  return checksum_add(sum, imap4i_tail(digest, IMAP4I_HEAD_SIZE));
}

size_t imap4i_digest_parts(imap4_str digest) {
  return imap4i_get32(digest.p + IMAP4I_HEAD_PARTS);
}

/* Where the index begins, which is where the last record ends. */
static size_t index_offset(imap4_str digest) {
  return digest.n - imap4i_get32(digest.p + IMAP4I_HEAD_FIELDS) - 4 * imap4i_digest_parts(digest);
}

static const char *record(imap4_str digest, size_t index) {
  return digest.p + imap4i_get32(digest.p + index_offset(digest) + 4 * index);
}

uint32_t imap4i_digest_parent(imap4_str digest, size_t index) {
  return imap4i_get32(record(digest, index) + IMAP4I_RECORD_PARENT);
}

static void read_numbers(const char *r, imap4i_part *part) {
  part->kind = (uint8_t)r[0];
  part->encoding = (uint8_t)r[1];
  part->is_text = r[2] != 0;
  part->parent = imap4i_get32(r + IMAP4I_RECORD_PARENT);
  part->header_offset = imap4i_get64(r + IMAP4I_RECORD_HEADER);
  part->header_length = imap4i_get64(r + IMAP4I_RECORD_HEADER + 8);
  part->body_offset = part->header_offset + part->header_length;
  part->body_length = imap4i_get64(r + IMAP4I_RECORD_BODY);
  part->lines = imap4i_get64(r + IMAP4I_RECORD_BODY + 8);
}

/* The texts of a record of |n| octets.  False if they are not as they should be. */
static bool read_texts(const char *r, size_t n, imap4i_part *part) {
  size_t count = (unsigned char)r[3];
  if (n < IMAP4I_DIGEST_RECORD + 4 * count) return false;
  imap4_str texts = {r + IMAP4I_DIGEST_RECORD, n - IMAP4I_DIGEST_RECORD - 4 * count};
  const char *number = texts.p + texts.n;
  memset(part->text, 0, sizeof(part->text));
  for (; count > 0; count--, number += 4) {
    uint32_t which = imap4i_get32(number) & ((1u << IMAP4I_DIGEST_TEXT_BITS) - 1);
    size_t length = imap4i_get32(number) >> IMAP4I_DIGEST_TEXT_BITS;
    if (which >= IMAP4I_TEXT_COUNT || part->text[which].n > 0 || length == 0 || length > texts.n)
      return false;
    part->text[which] = (imap4_str){texts.p, length};
    texts = imap4i_tail(texts, length);
  }
  return texts.n == 0;
}

static bool read_part(imap4_str digest, size_t index, imap4i_part *part) {
  const char *r = record(digest, index);
  read_numbers(r, part);
  return read_texts(r, imap4i_get32(r + IMAP4I_RECORD_OCTETS), part);
}

/* ---- validity ------------------------------------------------------------------------------- */

/* Octets that begin |s| and are printable ASCII but no quoted-specials, as far as blocks go. */
static size_t plain_run(imap4_str s) {
  const uint64_t ones = UINT64_MAX / 255;
  size_t at = 0;
  for (; s.n - at >= 8; at += 8) {
    uint64_t block = imap4i_get64(s.p + at);
    uint64_t quote = (block ^ ones * '"') - ones;
    uint64_t backslash = (block ^ ones * '\\') - ones;
    uint64_t control = block - ones * ' ';
    if ((block | quote | backslash | control) & ones * 0x80) break;
  }
  return at;
}

/* Take a quoted string or a literal off |*s|. */
static bool skip_quoted(imap4_str *s) {
  size_t i = 1 + plain_run(imap4i_tail(*s, 1));
  for (; i < s->n && s->p[i] != '"'; i++) {
    if (s->p[i] == '\\') {
      i++; /* only the two quoted-specials are escaped */
      if (i >= s->n || (s->p[i] != '\\' && s->p[i] != '"')) return false;
    }
    if (i >= s->n || s->p[i] == '\r' || s->p[i] == '\n' || s->p[i] == '\0' || (s->p[i] & 0x80)) return false;
  }
  if (i >= s->n) return false;
  *s = imap4i_tail(*s, i + 1);
  return true;
}

static bool skip_literal(imap4_str *s) {
  uint64_t n;
  const char *close = memchr(s->p, '}', s->n);
  if (!close) return false;
  size_t head = (size_t)(close - s->p) + 1;
  if (!imap4i_parse_u64(imap4i_str(s->p + 1, head - 2), s->n, &n)) return false;
  *s = imap4i_tail(*s, head);
  if (s->n < 2 || s->p[0] != '\r' || s->p[1] != '\n' || n > s->n - 2) return false;
  if (memchr(s->p + 2, '\0', (size_t)n)) return false;
  *s = imap4i_tail(*s, (size_t)n + 2);
  return true;
}

static bool skip_octet(imap4_str *s, char c) {
  if (s->n == 0 || *s->p != c) return false;
  *s = imap4i_tail(*s, 1);
  return true;
}

static bool skip_string(imap4_str *s) {
  if (s->n == 0) return false;
  return *s->p == '"' ? skip_quoted(s) : *s->p == '{' && skip_literal(s);
}

static bool skip_nil(imap4_str *s) {
  if (s->n < 3 || memcmp(s->p, "NIL", 3) != 0) return false;
  *s = imap4i_tail(*s, 3);
  return true;
}

/* Strings with a space between any two, in parentheses; |step| of them at a time. */
static bool skip_strings(imap4_str *s, size_t step) {
  size_t n = 0;
  if (!skip_octet(s, '(')) return false;
  do {
    if (!skip_string(s)) return false;
    n++;
  } while (skip_octet(s, ' '));
  return n % step == 0 && skip_octet(s, ')');
}

static bool skip_parameters(imap4_str *s) {
  return s->n > 0 && *s->p == '(' ? skip_strings(s, 2) : skip_nil(s);
}

static bool skip_addresses(imap4_str *s) {
  do {
    for (int i = 0; i < 4; i++) {
      if (!skip_octet(s, i == 0 ? '(' : ' ') || (!skip_nil(s) && !skip_string(s))) return false;
    }
    if (!skip_octet(s, ')')) return false;
  } while (s->n > 0);
  return true;
}

/* Tokens, so they are quoted always.  What a part is has to be what it says it is: text shows its lines and a
 * message what is inside. */
static bool type_valid(const imap4i_part *part) {
  imap4_str s = part->text[IMAP4I_FIELD_TYPE];
  bool multipart = part->kind == IMAP4I_PART_MULTIPART;
  bool text = imap4i_istarts(s, IMAP4I_S("\"TEXT\" "));
  bool message = imap4i_ieq(s, IMAP4I_S("\"MESSAGE\" \"RFC822\"")) ||
                 (imap4i_is_global(part) && part->encoding == IMAP4I_ENCODING_IDENTITY);
  if (!multipart && (part->is_text != (text || s.n == 0) || (part->kind == IMAP4I_PART_MESSAGE) != message)) {
    return false;
  }
  if (s.n == 0) return true;
  if (*s.p != '"' || !skip_quoted(&s)) return false;
  if (!multipart && (!skip_octet(&s, ' ') || s.n == 0 || *s.p != '"' || !skip_quoted(&s))) return false;
  return s.n == 0;
}

static bool skip_disposition(imap4_str *s) {
  return skip_octet(s, '(') && skip_string(s) && skip_octet(s, ' ') && skip_parameters(s) &&
         skip_octet(s, ')');
}

/* Whether |s|, which is not empty, can be sent as it is for the text |id|: texts are no more trusted than
 * numbers, and one of another form would make the whole response mean something else. */
static bool text_valid(unsigned id, imap4_str s) {
  bool ok;
  if (imap4i_field_is_list(id)) {
    ok = skip_addresses(&s);
  } else if (id == IMAP4I_TEXT_PARAMETERS) {
    ok = skip_parameters(&s);
  } else if (id == IMAP4I_FIELD_DISPOSITION) {
    ok = skip_disposition(&s);
  } else if (id == IMAP4I_FIELD_LANGUAGE) {
    ok = skip_strings(&s, 1);
  } else {
    ok = skip_string(&s);
  }
  return ok && s.n == 0;
}

/* RFC 8970 section 3.3: UTF-8, and no white space but spaces.  Only a message has one. */
static bool preview_valid(const imap4i_part *part) {
  imap4_str s = part->text[IMAP4I_TEXT_PREVIEW];
  if (s.n == 0) return true;
  if (*s.p != '"' || part->parent != IMAP4I_NO_PARENT) return false;
  s = imap4i_tail(s, 1);
  for (size_t i = 0; i < s.n; i++) {
    if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f) return false;
  }
  return s.n <= (size_t)IMAP4I_PREVIEW_CHARACTERS * IMAP4I_UTF8_MAX && imap4i_utf8_valid(s);
}

static bool texts_valid(const imap4i_part *part) {
  for (unsigned id = 0; id < IMAP4I_TEXT_PREVIEW; id++) {
    imap4_str text = part->text[id];
    bool other = id == IMAP4I_FIELD_TYPE || id == IMAP4I_TEXT_CHARSET; /* the latter is not sent */
    if (text.n > 0 && !other && !text_valid(id, text)) return false;
  }
  return preview_valid(part) && type_valid(part);
}

/* Whether |part| lies between |begin| and |end|, which are those of what it is in. */
static bool range_valid(const imap4i_part *part, uint64_t begin, uint64_t end) {
  if (part->header_offset < begin || part->header_offset > end) return false;
  if (part->header_length > end - part->header_offset) return false;
  return part->body_length <= end - part->body_offset && part->lines <= part->body_length;
}

/* Whether part |index| stands where it may: its parent is open there, and messages have one child.  |*begin|
 * is where the part before it in the same parent ends, or where the parent's body begins: parts that shared
 * octets would be searched again and again. */
static bool place_valid(imap4_str digest, size_t index, const imap4i_part *part, imap4i_part *parent,
                        uint64_t *begin) {
  size_t at = index - 1;
  bool first = at == part->parent;
  while (at != part->parent) {
    read_numbers(record(digest, at), parent);
    if (parent->parent >= at) return false;
    *begin = parent->body_offset + parent->body_length;
    at = parent->parent;
  }
  read_numbers(record(digest, at), parent);
  if (first) *begin = parent->body_offset;
  if (parent->kind == IMAP4I_PART_LEAF) return false;
  return parent->kind == IMAP4I_PART_MULTIPART || first;
}

static bool part_valid(imap4_str digest, size_t index) {
  imap4i_part part;
  imap4i_part parent;
  uint64_t begin = 0;
  uint64_t size = imap4i_digest_size(digest);
  if (!read_part(digest, index, &part) || part.kind > IMAP4I_PART_MESSAGE ||
      part.encoding > IMAP4I_ENCODING_OTHER || !texts_valid(&part)) {
    return false;
  }
  if (part.kind == IMAP4I_PART_MESSAGE &&
      (index + 1 == imap4i_digest_parts(digest) || imap4i_digest_parent(digest, index + 1) != index)) {
    return false;
  }
  if (index == 0) {
    return part.parent == IMAP4I_NO_PARENT && range_valid(&part, 0, size) && part.header_offset == 0 &&
           part.body_offset + part.body_length == size;
  }
  return place_valid(digest, index, &part, &parent, &begin) &&
         range_valid(&part, begin, parent.body_offset + parent.body_length);
}

/* Whether the records fill the room between head and index, each where the index says. */
static bool index_valid(imap4_str digest, size_t parts) {
  size_t end = index_offset(digest);
  size_t at = IMAP4I_DIGEST_HEAD;
  for (size_t i = 0; i < parts; i++) {
    if (imap4i_get32(digest.p + end + 4 * i) != at || end - at < IMAP4I_DIGEST_RECORD) return false;
    size_t n = imap4i_get32(digest.p + at + IMAP4I_RECORD_OCTETS);
    if (n < IMAP4I_DIGEST_RECORD || n > end - at) return false;
    at += n;
  }
  return at == end;
}

bool imap4i_digest_valid(imap4_str digest) {
  if (digest.n < IMAP4I_DIGEST_HEAD || imap4i_get32(digest.p) != IMAP4I_DIGEST_VERSION ||
      imap4i_get32(digest.p + IMAP4I_HEAD_OCTETS) != digest.n) {
    return false;
  }
  size_t parts = imap4i_digest_parts(digest);
  size_t rest = digest.n - IMAP4I_DIGEST_HEAD;
  size_t fields = imap4i_get32(digest.p + IMAP4I_HEAD_FIELDS);
  if (fields > rest || parts == 0 || parts > (rest - fields) / 4) return false;
  if (imap4i_get64(digest.p + IMAP4I_HEAD_CHECKSUM) != imap4i_digest_checksum(digest) ||
      !index_valid(digest, parts))
    return false;
  for (size_t i = 0; i < parts; i++) {
    if (!part_valid(digest, i)) return false;
  }
  return true;
}

/* ---- what is in it -------------------------------------------------------------------------- */

uint64_t imap4i_digest_size(imap4_str digest) {
  return imap4i_get64(digest.p + IMAP4I_HEAD_SIZE);
}

imap4_date imap4i_digest_date(imap4_str digest) {
  imap4_date date = {0};
  if (imap4i_get32(digest.p + IMAP4I_HEAD_DATED) != 1) return date;
  date.seconds = (int64_t)imap4i_get64(digest.p + IMAP4I_HEAD_SECONDS);
  date.zone_minutes = (int32_t)imap4i_get32(digest.p + IMAP4I_HEAD_ZONE);
  date.present = 1;
  return date;
}

bool imap4i_digest_part(imap4_str digest, size_t index, imap4i_part *part) {
  return index < imap4i_digest_parts(digest) && read_part(digest, index, part);
}

bool imap4i_digest_keeps(imap4_str digest, imap4_str name) {
  unsigned id = imap4i_field_id(name);
  return id < IMAP4I_FIELD_COUNT && (imap4i_get64(digest.p + IMAP4I_HEAD_MISSING) >> id & 1) == 0;
}

imap4_str imap4i_digest_fields(imap4_str digest) {
  return imap4i_tail(digest, digest.n - imap4i_get32(digest.p + IMAP4I_HEAD_FIELDS));
}

/* ---- sections ------------------------------------------------------------------------------- */

/* The |number|-th child of part |*index|. */
static bool find_child(imap4_str digest, size_t *index, uint32_t number) {
  size_t count = imap4i_digest_parts(digest);
  for (size_t i = *index + 1; i < count; i++) {
    if (imap4i_digest_parent(digest, i) == *index && --number == 0) {
      *index = i;
      return true;
    }
  }
  return false;
}

/* Follow part numbers (RFC 3501 section 6.4.5): the only part of what is no multipart is 1, and numbers
 * behind a message/rfc822 part count inside it. */
static bool find_part(imap4_str digest, const imap4i_section *section, size_t *index, imap4i_part *part) {
  bool numbered = false; /* the last number named this part itself */
  *index = 0;
  read_numbers(record(digest, 0), part);
  for (size_t i = 0; i < section->part_count; i++) {
    uint32_t number = section->parts[i];
    if (numbered && part->kind == IMAP4I_PART_LEAF) return false;
    if (numbered && part->kind == IMAP4I_PART_MESSAGE) {
      *index += 1;
      read_numbers(record(digest, *index), part);
    }
    if (number == 0) return false;
    if (part->kind == IMAP4I_PART_MULTIPART) {
      if (!find_child(digest, index, number)) return false;
      read_numbers(record(digest, *index), part);
    } else if (number != 1) {
      return false;
    }
    numbered = true;
  }
  return true;
}

static void set_range(uint64_t from, uint64_t n, uint64_t *offset, uint64_t *length) {
  *offset = from;
  *length = n;
}

bool imap4i_digest_section(imap4_str digest, const imap4i_section *section, uint64_t *offset,
                           uint64_t *length) {
  imap4i_part part;
  size_t index;
  if (!find_part(digest, section, &index, &part)) return false;
  bool whole = section->part_count == 0;
  if (section->kind == IMAP4I_SECTION_ALL) {
    set_range(whole ? 0 : part.body_offset, whole ? imap4i_digest_size(digest) : part.body_length, offset,
              length);
    return true;
  }
  if (section->kind == IMAP4I_SECTION_MIME) {
    if (whole) return false;
    set_range(part.header_offset, part.header_length, offset, length);
    return true;
  }
  if (!whole) { /* HEADER and TEXT are those of the message inside */
    if (part.kind != IMAP4I_PART_MESSAGE) return false;
    read_numbers(record(digest, index + 1), &part);
  }
  if (section->kind == IMAP4I_SECTION_TEXT) {
    set_range(part.body_offset, part.body_length, offset, length);
  } else {
    set_range(part.header_offset, part.header_length, offset, length);
  }
  return true;
}

int imap4i_digest_encoding(imap4_str digest, const imap4i_section *section) {
  imap4i_part part;
  size_t index;
  if (section->part_count == 0 || section->kind != IMAP4I_SECTION_ALL ||
      !find_part(digest, section, &index, &part) || part.kind != IMAP4I_PART_LEAF)
    return IMAP4I_ENCODING_IDENTITY;
  return part.encoding;
}

int imap4i_encoding_transfer(int encoding) {
  if (encoding == IMAP4I_ENCODING_BASE64) return IMAP4I_TRANSFER_BASE64;
  if (encoding == IMAP4I_ENCODING_QUOTED_PRINTABLE) return IMAP4I_TRANSFER_QP;
  return IMAP4I_TRANSFER_IDENTITY;
}

/* ---- the preview ---------------------------------------------------------------------------- */

bool imap4i_digest_preview(imap4_str digest, imap4_str *preview) {
  imap4i_part part;
  if (!imap4i_digest_part(digest, 0, &part) || part.text[IMAP4I_TEXT_PREVIEW].n == 0) return false;
  *preview = imap4i_tail(part.text[IMAP4I_TEXT_PREVIEW], 1);
  return true;
}

/* It becomes the last text of the first record: what stands behind moves. */
int imap4i_digest_add_preview(imap4_str digest, imap4_str preview, imap4i_buf *out) {
  const char *r = record(digest, 0);
  uint32_t octets = imap4i_get32(r + IMAP4I_RECORD_OCTETS);
  size_t texts = (unsigned char)r[3];
  size_t end = IMAP4I_DIGEST_HEAD + octets;
  size_t numbers = end - 4 * texts; /* of the texts there are */
  uint32_t more = (uint32_t)imap4i_digest_preview_octets(preview);
  size_t mark = out->n;
  char number[4];
  imap4i_set32(number, IMAP4I_TEXT_PREVIEW | (uint32_t)(1 + preview.n) << IMAP4I_DIGEST_TEXT_BITS);
  if (!imap4i_buf_put(out, digest.p, numbers) || !imap4i_buf_putc(out, '"') ||
      !imap4i_buf_puts(out, preview) || !imap4i_buf_put(out, digest.p + numbers, end - numbers) ||
      !imap4i_buf_put(out, number, sizeof number) || !imap4i_buf_puts(out, imap4i_tail(digest, end))) {
    out->n = mark;
    return IMAP4_ERR_NOMEM;
  }
  imap4_str made = {out->p + mark, digest.n + more};
  char *p = out->p + mark;
  imap4i_set32(p + IMAP4I_HEAD_OCTETS, (uint32_t)made.n);
  p[IMAP4I_DIGEST_HEAD + 3] = (char)(texts + 1);
  imap4i_set32(p + IMAP4I_DIGEST_HEAD + IMAP4I_RECORD_OCTETS, octets + more);
  char *index = p + index_offset(made);
  for (size_t i = 1; i < imap4i_digest_parts(made); i++)
    imap4i_set32(index + 4 * i, imap4i_get32(index + 4 * i) + more);
  imap4i_set64(p + IMAP4I_HEAD_CHECKSUM, imap4i_digest_checksum(made));
  return IMAP4_OK;
}
