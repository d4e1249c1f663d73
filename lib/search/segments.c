/* SPDX-License-Identifier: MIT */
/* Segments of a message; see segments.h. */
#include "search/segments.h"

#include "base/charset_cache.h"
#include "base/transfer.h"
#include "mail/digest.h"

#define FIRST_CAPACITY 4

void imap4i_segments_init(imap4i_segments *segments, imap4i_mem *mem) {
  *segments = (imap4i_segments){.mem = mem};
  imap4i_buf_init(&segments->charsets, mem, UINT32_MAX);
}

void imap4i_segments_free(imap4i_segments *segments) {
  imap4i_free(segments->mem, segments->p, segments->capacity * sizeof *segments->p);
  imap4i_buf_free(&segments->charsets);
  *segments = (imap4i_segments){0};
}

void imap4i_segments_clear(imap4i_segments *segments) {
  segments->n = 0;
  imap4i_buf_clear(&segments->charsets);
}

imap4_str imap4i_segment_charset(const imap4i_segments *segments, const imap4i_segment *segment) {
  imap4_str name = imap4i_tail(imap4i_buf_str(&segments->charsets), segment->charset);
  name.n = imap4i_min(name.n, segment->charset_length);
  return name;
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* A part whose octets are text for a reader: text, and messages that were not taken apart; nothing that
 * cannot be decoded. */
static bool is_readable(const imap4i_part *part) {
  return part->kind == IMAP4I_PART_LEAF && part->encoding != IMAP4I_ENCODING_OTHER &&
         (part->is_text || imap4i_istarts(part->text[IMAP4I_FIELD_TYPE], IMAP4I_S("\"message\"")));
}

/* NULL without memory. */
static imap4i_segment *add(imap4i_segments *segments, uint8_t kind, uint64_t offset, uint64_t length) {
  if (segments->n == segments->capacity) {
    size_t capacity = segments->capacity > 0 ? segments->capacity * 2 : FIRST_CAPACITY;
    if (capacity > SIZE_MAX / sizeof(imap4i_segment)) return NULL;
    void *p = imap4i_resize(segments->mem, segments->p, segments->capacity * sizeof(imap4i_segment),
                            capacity * sizeof(imap4i_segment));
    if (!p) return NULL;
    segments->p = p;
    segments->capacity = capacity;
  }
  imap4i_segment *added = &segments->p[segments->n++];
  *added = (imap4i_segment){.offset = offset, .length = length, .kind = kind};
  return added;
}

static bool add_body(imap4i_segments *segments, const imap4i_part *part) {
  imap4_str charset = part->text[IMAP4I_TEXT_CHARSET];
  imap4i_segment *body = add(segments, IMAP4I_SEGMENT_BODY, part->body_offset, part->body_length);
  if (!body) return false;
  body->transfer = (uint8_t)imap4i_encoding_transfer(part->encoding);
  if (charset.n > IMAP4I_CHARSET_CACHE_NAME) return true; /* as good as none */
  body->charset = (uint32_t)segments->charsets.n;
  body->charset_length = (uint8_t)charset.n;
  return imap4i_buf_puts(&segments->charsets, charset);
}

static bool add_part(imap4i_segments *segments, const imap4i_part *part, bool is_first, unsigned kinds) {
  uint8_t header = is_first ? IMAP4I_SEGMENT_HEADER : IMAP4I_SEGMENT_MIME;
  if ((kinds >> header & 1) && part->header_length > 0 &&
      !add(segments, header, part->header_offset, part->header_length)) {
    return false;
  }
  bool wants_body = (kinds >> IMAP4I_SEGMENT_BODY & 1) && part->body_length > 0 && is_readable(part);
  return !wants_body || add_body(segments, part);
}

bool imap4i_segments_make(imap4i_segments *segments, imap4_str digest, unsigned kinds) {
  imap4i_part part;
  imap4i_segments_clear(segments);
  for (size_t i = 0; imap4i_digest_part(digest, i, &part); i++) {
    if (!add_part(segments, &part, i == 0, kinds)) return false;
  }
  return true;
}
