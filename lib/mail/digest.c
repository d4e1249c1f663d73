/* SPDX-License-Identifier: MIT */
/*
 * Reading digests; see digest.h.
 *
 *   offset  octets
 *        0       4  "IMD1": the version
 *        4       4  octets of the digest
 *        8       8  checksum of all octets but these
 *       16       8  octets of the message
 *       24       8  date, seconds
 *       32       4  date, minutes of the zone
 *       36       4  date, 1 if there is one
 *       40       4  number of parts
 *       44       4  octets of texts
 *       48      68  a part: kind, encoding, is_text, 0 (1 each), parent (4), header offset and length, body
 *                   offset and length, lines (8 each), offset of its texts, lengths of envelope, basic,
 *                   extension, charset (4 each)
 *
 * and after the last part the texts.  Numbers are little-endian.  Parts stand in the order in which they
 * begin, so a part's children follow it, and everything here is a walk over the table with the parents'
 * numbers instead of a stack.
 */
#include "mail/digest.h"

#include "imap4/error.h"

#define HEAD_OCTETS 48u
#define PART_OCTETS 68u
#define VERSION 0x31444d49u /* "IMD1" */

static uint32_t get32(const char *p) {
  const unsigned char *u = (const unsigned char *)p;
  return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static uint64_t get64(const char *p) {
  return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void set32(char *p, uint32_t value) {
  for (int i = 0; i < 4; i++)
    p[i] = (char)(unsigned char)(value >> (8 * i));
}

static void set64(char *p, uint64_t value) {
  set32(p, (uint32_t)value);
  set32(p + 4, (uint32_t)(value >> 32));
}

/* Not against forgery, against damage: eight octets at a time, multiplied and folded. */
static uint64_t checksum_add(uint64_t sum, imap4_str s) {
  while (s.n >= 8) {
    sum = (sum ^ get64(s.p)) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 32;
    s = imap4i_tail(s, 8);
  }
  for (; s.n > 0; s = imap4i_tail(s, 1))
    sum = (sum ^ (unsigned char)*s.p) * 0x100000001b3u;
  return sum;
}

static uint64_t checksum(imap4_str digest) {
  uint64_t sum = checksum_add(digest.n, imap4i_str(digest.p, 8));
  return checksum_add(sum, imap4i_tail(digest, 16));
}

static size_t part_count(imap4_str digest) {
  return get32(digest.p + 40);
}

static const char *record(imap4_str digest, size_t index) {
  return digest.p + HEAD_OCTETS + index * PART_OCTETS;
}

static imap4_str texts_of(imap4_str digest) {
  return imap4i_tail(digest, HEAD_OCTETS + part_count(digest) * PART_OCTETS);
}

static void read_numbers(const char *r, imap4i_part *part) {
  part->kind = (uint8_t)r[0];
  part->encoding = (uint8_t)r[1];
  part->is_text = r[2] != 0;
  part->parent = get32(r + 4);
  part->header_offset = get64(r + 8);
  part->header_length = get64(r + 16);
  part->body_offset = get64(r + 24);
  part->body_length = get64(r + 32);
  part->lines = get64(r + 40);
}

/* Cut the next |n| octets off |*texts|.  False if it has fewer. */
static bool cut(imap4_str *texts, uint32_t n, imap4_str *text) {
  if (n > texts->n) return false;
  *text = (imap4_str){texts->p, n};
  *texts = imap4i_tail(*texts, n);
  return true;
}

static bool read_part(imap4_str digest, size_t index, imap4i_part *part) {
  const char *r = record(digest, index);
  imap4_str texts = imap4i_tail(texts_of(digest), get32(r + 48));
  read_numbers(r, part);
  return cut(&texts, get32(r + 52), &part->envelope) && cut(&texts, get32(r + 56), &part->basic) &&
         cut(&texts, get32(r + 60), &part->extension) && cut(&texts, get32(r + 64), &part->charset);
}

/* ---- validity ------------------------------------------------------------------------------- */

/* Take a quoted string or a literal off |*s|. */
static bool skip_quoted(imap4_str *s) {
  size_t i = 1;
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

/* Whether |s| can be sent as it is: strings, NIL and lists, closed as they were opened. */
static bool sendable(imap4_str s) {
  size_t depth = 0;
  while (s.n > 0) {
    switch (*s.p) {
    case '"':
      if (!skip_quoted(&s)) return false;
      continue;
    case '{':
      if (!skip_literal(&s)) return false;
      continue;
    case '(':
      depth++;
      break;
    case ')':
      if (depth-- == 0) return false;
      break;
    case ' ':
    case 'N':
    case 'I':
    case 'L':
      break;
    default:
      return false;
    }
    s = imap4i_tail(s, 1);
  }
  return depth == 0;
}

static bool texts_valid(const imap4i_part *part, bool is_message) {
  if ((part->envelope.n > 0) != is_message || part->basic.n == 0 || part->extension.n == 0) return false;
  if (is_message && (part->envelope.p[0] != '(' || !sendable(part->envelope))) return false;
  return sendable(part->basic) && sendable(part->extension);
}

/* Whether part |part| lies inside |outer| (for part 0: is the message of |size| octets). */
static bool range_valid(const imap4i_part *part, uint64_t begin, uint64_t end) {
  if (part->header_offset < begin || part->header_offset > end) return false;
  if (part->header_length > end - part->header_offset) return false;
  if (part->body_offset != part->header_offset + part->header_length) return false;
  return part->body_length <= end - part->body_offset && part->lines <= part->body_length;
}

/* Whether part |index| stands where it may: its parent is open there, and messages have one child. */
static bool place_valid(imap4_str digest, size_t index, const imap4i_part *part, imap4i_part *parent) {
  size_t at = index - 1;
  while (at != part->parent) {
    read_numbers(record(digest, at), parent);
    if (parent->parent >= at) return false;
    at = parent->parent;
  }
  read_numbers(record(digest, at), parent);
  if (parent->kind == IMAP4I_PART_LEAF) return false;
  return parent->kind == IMAP4I_PART_MULTIPART || at == index - 1;
}

static bool part_valid(imap4_str digest, size_t index) {
  imap4i_part part;
  imap4i_part parent;
  uint64_t size = get64(digest.p + 16);
  if (!read_part(digest, index, &part) || part.kind > IMAP4I_PART_MESSAGE ||
      part.encoding > IMAP4I_ENCODING_OTHER) {
    return false;
  }
  if (part.kind == IMAP4I_PART_MESSAGE &&
      (index + 1 == part_count(digest) || get32(record(digest, index + 1) + 4) != index)) {
    return false;
  }
  if (index == 0) {
    return part.parent == IMAP4I_NO_PARENT && range_valid(&part, 0, size) && part.header_offset == 0 &&
           part.body_offset + part.body_length == size && texts_valid(&part, true);
  }
  return place_valid(digest, index, &part, &parent) &&
         range_valid(&part, parent.body_offset, parent.body_offset + parent.body_length) &&
         texts_valid(&part, parent.kind == IMAP4I_PART_MESSAGE);
}

bool imap4i_digest_valid(imap4_str digest) {
  if (digest.n < HEAD_OCTETS || get32(digest.p) != VERSION || get32(digest.p + 4) != digest.n) return false;
  size_t parts = part_count(digest);
  size_t rest = digest.n - HEAD_OCTETS;
  if (parts == 0 || parts > rest / PART_OCTETS) return false;
  if (get32(digest.p + 44) != rest - parts * PART_OCTETS) return false;
  if (get64(digest.p + 8) != checksum(digest)) return false;
  for (size_t i = 0; i < parts; i++) {
    if (!part_valid(digest, i)) return false;
  }
  return true;
}

/* ---- what is in it -------------------------------------------------------------------------- */

uint64_t imap4i_digest_size(imap4_str digest) {
  return get64(digest.p + 16);
}

imap4_date imap4i_digest_date(imap4_str digest) {
  imap4_date date = {0};
  if (get32(digest.p + 36) != 1) return date;
  date.seconds = (int64_t)get64(digest.p + 24);
  date.zone_minutes = (int32_t)get32(digest.p + 32);
  date.present = 1;
  return date;
}

size_t imap4i_digest_parts(imap4_str digest) {
  return part_count(digest);
}

bool imap4i_digest_part(imap4_str digest, size_t index, imap4i_part *part) {
  return index < part_count(digest) && read_part(digest, index, part);
}

int imap4i_digest_envelope(imap4_str digest, imap4i_buf *out) {
  imap4i_part part;
  if (!read_part(digest, 0, &part) || !imap4i_buf_puts(out, part.envelope)) return IMAP4_ERR_NOMEM;
  return IMAP4_OK;
}

/* ---- BODY and BODYSTRUCTURE ----------------------------------------------------------------- */

typedef struct body_writer {
  imap4_str digest;
  imap4i_buf *out;
  bool extensible;
} body_writer;

static bool put_number(imap4i_buf *out, uint64_t n) {
  return imap4i_buf_putc(out, ' ') && imap4i_buf_put_u64(out, n);
}

static bool put_extension(const body_writer *w, imap4_str extension) {
  return !w->extensible || (imap4i_buf_putc(w->out, ' ') && imap4i_buf_puts(w->out, extension));
}

/* All of a part that precedes its children. */
static bool open_part(const body_writer *w, size_t index, const imap4i_part *part) {
  imap4i_part inner;
  if (!imap4i_buf_putc(w->out, '(')) return false;
  if (part->kind == IMAP4I_PART_MULTIPART) return true;
  if (!imap4i_buf_puts(w->out, part->basic) || !put_number(w->out, part->body_length)) return false;
  if (part->kind == IMAP4I_PART_LEAF) return true;
  return read_part(w->digest, index + 1, &inner) && imap4i_buf_putc(w->out, ' ') &&
         imap4i_buf_puts(w->out, inner.envelope) && imap4i_buf_putc(w->out, ' ');
}

/* A multipart without parts has no form in the grammar, so it is shown with an empty one. */
static bool put_empty_part(const body_writer *w) {
  return imap4i_buf_puts(w->out,
                         IMAP4I_S("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0")) &&
         put_extension(w, IMAP4I_S("NIL NIL NIL NIL")) && imap4i_buf_putc(w->out, ')');
}

/* All that follows the children; |childless| if there were none. */
static bool close_part(const body_writer *w, const imap4i_part *part, bool childless) {
  bool ok = true;
  if (part->kind == IMAP4I_PART_MULTIPART) {
    ok = (!childless || put_empty_part(w)) && imap4i_buf_putc(w->out, ' ') &&
         imap4i_buf_puts(w->out, part->basic);
  } else if (part->is_text || part->kind == IMAP4I_PART_MESSAGE) {
    ok = put_number(w->out, part->lines);
  }
  return ok && put_extension(w, part->extension) && imap4i_buf_putc(w->out, ')');
}

int imap4i_digest_body(imap4_str digest, bool extensible, imap4i_buf *out) {
  body_writer w = {digest, out, extensible};
  size_t count = part_count(digest);
  imap4i_part part;
  for (size_t i = 0; i < count; i++) {
    uint32_t next_parent = i + 1 < count ? get32(record(digest, i + 1) + 4) : IMAP4I_NO_PARENT;
    uint32_t at = (uint32_t)i;
    if (!read_part(digest, i, &part) || !open_part(&w, i, &part)) return IMAP4_ERR_NOMEM;
    /* Close this part and those around it, up to the parent of the next one. */
    while (at != next_parent) {
      if (!read_part(digest, at, &part) || !close_part(&w, &part, at == i)) return IMAP4_ERR_NOMEM;
      at = part.parent;
    }
  }
  return IMAP4_OK;
}

/* ---- sections ------------------------------------------------------------------------------- */

/* The |number|-th child of part |*index|. */
static bool find_child(imap4_str digest, size_t *index, uint32_t number) {
  size_t count = part_count(digest);
  for (size_t i = *index + 1; i < count; i++) {
    if (get32(record(digest, i) + 4) == *index && --number == 0) {
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

/* ---- making --------------------------------------------------------------------------------- */

size_t imap4i_digest_octets(size_t parts, size_t text_octets) {
  return HEAD_OCTETS + parts * PART_OCTETS + text_octets;
}

static void write_part(char *r, const imap4i_part *part, size_t text_offset) {
  r[0] = (char)part->kind;
  r[1] = (char)part->encoding;
  r[2] = (char)part->is_text;
  r[3] = 0;
  set32(r + 4, part->parent);
  set64(r + 8, part->header_offset);
  set64(r + 16, part->header_length);
  set64(r + 24, part->body_offset);
  set64(r + 32, part->body_length);
  set64(r + 40, part->lines);
  set32(r + 48, (uint32_t)text_offset);
  set32(r + 52, (uint32_t)part->envelope.n);
  set32(r + 56, (uint32_t)part->basic.n);
  set32(r + 60, (uint32_t)part->extension.n);
  set32(r + 64, (uint32_t)part->charset.n);
}

int imap4i_digest_encode(const imap4i_part *parts, size_t count, imap4_str texts, uint64_t size,
                         imap4_date date, imap4i_buf *out) {
  size_t n = imap4i_digest_octets(count, texts.n);
  size_t text_offset = 0;
  char *p = imap4i_buf_room(out, n);
  if (!p) return IMAP4_ERR_NOMEM;
  set32(p, VERSION);
  set32(p + 4, (uint32_t)n);
  set64(p + 16, size);
  set64(p + 24, (uint64_t)date.seconds);
  set32(p + 32, (uint32_t)date.zone_minutes);
  set32(p + 36, date.present ? 1 : 0);
  set32(p + 40, (uint32_t)count);
  set32(p + 44, (uint32_t)texts.n);
  for (size_t i = 0; i < count; i++) {
    const imap4i_part *part = &parts[i];
    write_part(p + HEAD_OCTETS + i * PART_OCTETS, part, text_offset);
    text_offset += part->envelope.n + part->basic.n + part->extension.n + part->charset.n;
  }
  if (texts.n > 0) memcpy(p + HEAD_OCTETS + count * PART_OCTETS, texts.p, texts.n);
  set64(p + 8, checksum(imap4i_str(p, n)));
  imap4i_buf_added(out, n);
  return IMAP4_OK;
}
