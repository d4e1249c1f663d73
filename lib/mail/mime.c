/* SPDX-License-Identifier: MIT */
/*
 * The public face of the walker and the digest; see imap4/mime.h.  Only arguments are checked here.
 */
#include "imap4/mime.h"

#include "mail/digest.h"
#include "mail/walker.h"

/* Part numbers in one section: deeper than any message that is taken apart by default. */
#define NUMBERS_MAX 128

struct imap4_mime {
  imap4i_mem mem;
  imap4_limits limits;
  imap4i_walker *walker; /* NULL once opened from a digest */
  imap4i_buf kept;       /* the digest that it was opened from */
  imap4i_buf text;       /* the last answer */
  imap4_str digest;      /* empty: not finished */
};

_Static_assert(IMAP4_PART_MESSAGE == IMAP4I_PART_MESSAGE && IMAP4_PART_MULTIPART == IMAP4I_PART_MULTIPART,
               "kinds of parts are the same numbers");
_Static_assert(IMAP4_ENCODING_OTHER == IMAP4I_ENCODING_OTHER &&
                   IMAP4_ENCODING_BASE64 == IMAP4I_ENCODING_BASE64,
               "encodings are the same numbers");

static imap4_mime *make(imap4_resize_function resize, void *user) {
  imap4i_mem mem;
  imap4i_mem_init(&mem, resize ? resize : imap4i_default_resize, user, UINT64_MAX);
  imap4_mime *mime = imap4i_calloc(&mem, sizeof(*mime));
  if (!mime) return NULL;
  mime->mem = mem;
  imap4i_buf_init(&mime->kept, &mime->mem, SIZE_MAX);
  imap4i_buf_init(&mime->text, &mime->mem, SIZE_MAX);
  return mime;
}

/* Defaults, then what the caller's struct has. */
static int set_limits(imap4_mime *mime, const imap4_limits *limits) {
  int r = imap4_limits_init(&mime->limits, sizeof(mime->limits), 1);
  if (r != IMAP4_OK || !limits) return r;
  if (limits->struct_size < offsetof(imap4_limits, mime_parameters) + sizeof(limits->mime_parameters)) {
    return IMAP4_ERR_VERSION;
  }
  memcpy(&mime->limits, limits, imap4i_min(limits->struct_size, sizeof(mime->limits)));
  mime->limits.struct_size = sizeof(mime->limits);
  return IMAP4_OK;
}

int imap4_mime_new(imap4_resize_function resize, void *user, const imap4_limits *limits, imap4_mime **out) {
  if (!out) return IMAP4_ERR_INVALID;
  imap4_mime *mime = make(resize, user);
  if (!mime) return IMAP4_ERR_NOMEM;
  int r = set_limits(mime, limits);
  if (r == IMAP4_OK) r = imap4i_walker_new(&mime->mem, &mime->limits, &mime->walker);
  if (r != IMAP4_OK) {
    imap4_mime_free(mime);
    return r;
  }
  *out = mime;
  return IMAP4_OK;
}

int imap4_mime_open(imap4_resize_function resize, void *user, imap4_str digest, imap4_mime **out) {
  if (!out || (digest.n > 0 && !digest.p) || !imap4i_digest_valid(digest)) return IMAP4_ERR_INVALID;
  imap4_mime *mime = make(resize, user);
  if (!mime) return IMAP4_ERR_NOMEM;
  if (!imap4i_buf_puts(&mime->kept, digest)) {
    imap4_mime_free(mime);
    return IMAP4_ERR_NOMEM;
  }
  mime->digest = imap4i_buf_str(&mime->kept);
  *out = mime;
  return IMAP4_OK;
}

void imap4_mime_free(imap4_mime *mime) {
  if (!mime) return;
  imap4i_mem mem = mime->mem;
  imap4i_walker_free(mime->walker);
  imap4i_buf_free(&mime->kept);
  imap4i_buf_free(&mime->text);
  imap4i_free(&mem, mime, sizeof(*mime));
}

int imap4_mime_feed(imap4_mime *mime, const void *data, size_t len) {
  if (!mime || (len > 0 && !data)) return IMAP4_ERR_INVALID;
  if (mime->digest.n > 0) return IMAP4_ERR_STATE;
  return imap4i_walker_feed(mime->walker, imap4i_str(data, len));
}

int imap4_mime_finish(imap4_mime *mime) {
  if (!mime) return IMAP4_ERR_INVALID;
  if (mime->digest.n > 0) return IMAP4_ERR_STATE;
  return imap4i_walker_finish(mime->walker, &mime->digest);
}

/* Whether a question may be asked whose answer goes to |out|. */
static int ready(const imap4_mime *mime, const void *out) {
  if (!mime || !out) return IMAP4_ERR_INVALID;
  return mime->digest.n > 0 ? IMAP4_OK : IMAP4_ERR_STATE;
}

int imap4_mime_digest(imap4_mime *mime, imap4_str *digest) {
  int r = ready(mime, digest);
  if (r == IMAP4_OK) *digest = mime->digest;
  return r;
}

int imap4_mime_size(imap4_mime *mime, uint64_t *size) {
  int r = ready(mime, size);
  if (r == IMAP4_OK) *size = imap4i_digest_size(mime->digest);
  return r;
}

int imap4_mime_date(imap4_mime *mime, imap4_date *date) {
  int r = ready(mime, date);
  if (r == IMAP4_OK) *date = imap4i_digest_date(mime->digest);
  return r;
}

int imap4_mime_envelope(imap4_mime *mime, imap4_str *text) {
  int r = ready(mime, text);
  if (r != IMAP4_OK) return r;
  imap4i_buf_clear(&mime->text);
  r = imap4i_digest_envelope(mime->digest, &mime->text);
  if (r == IMAP4_OK) *text = imap4i_buf_str(&mime->text);
  return r;
}

int imap4_mime_body(imap4_mime *mime, int extensible, imap4_str *text) {
  int r = ready(mime, text);
  if (r != IMAP4_OK) return r;
  imap4i_buf_clear(&mime->text);
  r = imap4i_digest_body(mime->digest, extensible != 0, false, &mime->text);
  if (r == IMAP4_OK) *text = imap4i_buf_str(&mime->text);
  return r;
}

/* ---- sections ------------------------------------------------------------------------------- */

/* Take "n" and the dot behind it off |*text|, if a number stands there.  False if one is wrong. */
static bool take_number(imap4_str *text, uint32_t *number) {
  uint64_t value;
  size_t n = 0;
  *number = 0;
  while (n < text->n && imap4i_is_digit(text->p[n]))
    n++;
  if (n == 0) return true;
  if (*text->p == '0') return false;
  if (!imap4i_parse_u64(imap4i_str(text->p, n), UINT32_MAX, &value) || value == 0) return false;
  *number = (uint32_t)value;
  *text = imap4i_tail(*text, n);
  if (text->n == 0) return true;
  if (*text->p != '.' || text->n == 1) return false;
  *text = imap4i_tail(*text, 1);
  return true;
}

/* The grammar of a section without fields.  False if |text| is none; |numbers| has room for NUMBERS_MAX. */
static bool parse_section(imap4_str text, uint32_t *numbers, imap4i_section *section) {
  *section = (imap4i_section){.parts = numbers};
  for (;;) {
    uint32_t number;
    if (!take_number(&text, &number)) return false;
    if (number == 0) break;
    if (section->part_count == NUMBERS_MAX) return false;
    numbers[section->part_count++] = number;
  }
  if (text.n == 0) {
    section->kind = IMAP4I_SECTION_ALL;
  } else if (imap4i_ieq(text, IMAP4I_S("HEADER"))) {
    section->kind = IMAP4I_SECTION_HEADER;
  } else if (imap4i_ieq(text, IMAP4I_S("TEXT"))) {
    section->kind = IMAP4I_SECTION_TEXT;
  } else if (imap4i_ieq(text, IMAP4I_S("MIME")) && section->part_count > 0) {
    section->kind = IMAP4I_SECTION_MIME;
  } else {
    return false;
  }
  return true;
}

int imap4_mime_section(imap4_mime *mime, imap4_str text, uint64_t *offset, uint64_t *length) {
  uint32_t numbers[NUMBERS_MAX];
  imap4i_section section;
  int r = ready(mime, offset);
  if (r == IMAP4_OK) r = ready(mime, length);
  if (r != IMAP4_OK) return r;
  if ((text.n > 0 && !text.p) || !parse_section(text, numbers, &section)) return IMAP4_ERR_INVALID;
  return imap4i_digest_section(mime->digest, &section, offset, length) ? IMAP4_OK : IMAP4_ST_NONEXISTENT;
}

/* ---- parts ---------------------------------------------------------------------------------- */

int imap4_mime_part_count(imap4_mime *mime, uint32_t *count) {
  int r = ready(mime, count);
  if (r == IMAP4_OK) *count = (uint32_t)imap4i_digest_parts(mime->digest);
  return r;
}

int imap4_mime_get_part(imap4_mime *mime, uint32_t index, imap4_mime_part *out) {
  imap4i_part part;
  int r = ready(mime, out);
  if (r != IMAP4_OK) return r;
  uint32_t size = out->struct_size;
  if (size < sizeof(*out)) return IMAP4_ERR_VERSION;
  if (!imap4i_digest_part(mime->digest, index, &part)) return IMAP4_ERR_INVALID;
  *out = (imap4_mime_part){.struct_size = size,
                           .kind = part.kind,
                           .encoding = part.encoding,
                           .is_text = part.is_text,
                           .parent = part.parent,
                           .header_offset = part.header_offset,
                           .header_length = part.header_length,
                           .body_offset = part.body_offset,
                           .body_length = part.body_length,
                           .lines = part.lines,
                           .charset = part.text[IMAP4I_TEXT_CHARSET]};
  return IMAP4_OK;
}
