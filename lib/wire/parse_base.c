/* SPDX-License-Identifier: MIT */
/*
 * The parser's ground floor: refusals, spaces, atoms, numbers, strings, literals and sequence sets.  Nothing
 * here looks behind |end|, and no number from the client sizes anything: a literal must be there in full.
 */
#include "wire/parse_base.h"

#include "base/utf8.h"
#include "imap4/session.h"

#define FIRST_ELEMENTS 8

void imap4i_parser_init(imap4i_parser *parser, imap4_str text, imap4i_arena *arena,
                        const imap4_limits *limits, char delimiter) {
  *parser = (imap4i_parser){.arena = arena, .limits = limits, .delimiter = delimiter};
  parser->p = text.n > 0 ? text.p : "";
  parser->end = parser->p + text.n;
}

bool imap4i_saved_is_next(const imap4i_parser *parser) {
  return imap4i_next_is(parser, '$') && (parser->features_off & IMAP4_FEATURE_SEARCHRES) == 0;
}

int imap4i_no(imap4i_parser *parser, const char *codez, const char *textz) {
  parser->error.no = true;
  parser->error.code = imap4i_str(codez, strlen(codez));
  parser->error.text = imap4i_str(textz, strlen(textz));
  return IMAP4I_PARSE_REFUSED;
}

int imap4i_bad(imap4i_parser *parser, const char *textz) {
  imap4i_no(parser, "", textz);
  parser->error.no = false;
  return IMAP4I_PARSE_REFUSED;
}

int imap4i_refuse_numbers(imap4i_parser *parser) {
  (void)imap4i_bad(parser, "Only UIDs are allowed once UIDONLY is enabled");
  parser->error.code = IMAP4I_S("UIDREQUIRED");
  return IMAP4I_PARSE_REFUSED;
}

void *imap4i_grow(imap4i_arena *arena, void *old, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return old;
  size_t more = count < FIRST_ELEMENTS ? FIRST_ELEMENTS : count;
  if (count > SIZE_MAX - more) return NULL;
  void *p = imap4i_arena_array(arena, count + more, size);
  if (!p) return NULL;
  if (count > 0) memcpy(p, old, count * size);
  *capacity = count + more;
  return p;
}

bool imap4i_arena_buf(imap4i_arena *arena, size_t max, imap4i_buf *buf) {
  imap4i_buf_init(buf, arena->mem, max);
  buf->p = imap4i_arena_alloc(arena, max);
  buf->capacity = max; /* never grows, so that the memory stays the arena's */
  return buf->p != NULL;
}

bool imap4i_at_end(const imap4i_parser *parser) {
  for (const char *p = parser->p; p < parser->end; p++) {
    if (*p != ' ') return false;
  }
  return true;
}

int imap4i_take_end(imap4i_parser *parser) {
  if (!imap4i_at_end(parser)) return imap4i_bad(parser, "Unexpected text after the last argument");
  parser->p = parser->end;
  return IMAP4_OK;
}

int imap4i_take_space(imap4i_parser *parser, const char *textz) {
  if (!imap4i_take_char(parser, ' ')) return imap4i_bad(parser, textz);
  if (imap4i_next_is(parser, ' ')) return imap4i_bad(parser, "Only one space may separate arguments");
  return parser->p < parser->end ? IMAP4_OK : imap4i_bad(parser, textz);
}

imap4_str imap4i_take_atom(imap4i_parser *parser) {
  const char *start = parser->p;
  while (parser->p < parser->end && imap4i_is_atom_char(*parser->p)) {
    parser->p++;
  }
  return imap4i_str(start, (size_t)(parser->p - start));
}

static bool is_item_char(char c) {
  return imap4i_is_alpha(c) || imap4i_is_digit(c) || c == '.';
}

imap4_str imap4i_take_item_name(imap4i_parser *parser) {
  const char *start = parser->p;
  while (parser->p < parser->end && is_item_char(*parser->p)) {
    parser->p++;
  }
  return imap4i_str(start, (size_t)(parser->p - start));
}

/* ---- numbers and sets ----------------------------------------------------------------------- */

int imap4i_take_number(imap4i_parser *parser, uint64_t max, bool nonzero, const char *textz,
                       uint64_t *value) {
  const char *start = parser->p;
  while (parser->p < parser->end && imap4i_is_digit(*parser->p)) {
    parser->p++;
  }
  imap4_str digits = imap4i_str(start, (size_t)(parser->p - start));
  if (nonzero && digits.n > 0 && digits.p[0] == '0') return imap4i_bad(parser, textz);
  if (!imap4i_parse_u64(digits, max, value)) return imap4i_bad(parser, textz);
  return IMAP4_OK;
}

static int take_set_number(imap4i_parser *parser, uint32_t *number) {
  uint64_t value = IMAP4I_STAR;
  if (!imap4i_take_char(parser, '*')) {
    int status = imap4i_take_number(parser, UINT32_MAX, true,
                                    "Expected a sequence set: 1, 2:4, 7:* and so on", &value);
    if (status != IMAP4_OK) return status;
  }
  *number = (uint32_t)value;
  return IMAP4_OK;
}

/* Number of ranges in the set that begins here, at most one more than |max|. */
static size_t count_ranges(const imap4i_parser *parser, size_t max) {
  size_t n = 1;
  for (const char *p = parser->p; p < parser->end && n <= max; p++) {
    if (*p == ',') {
      n++;
    } else if (!imap4i_is_digit(*p) && *p != ':' && *p != '*') {
      break;
    }
  }
  return n;
}

/* What follows a set. */
static int end_set(imap4i_parser *parser) {
  if (parser->p < parser->end && *parser->p != ' ' && *parser->p != ')') {
    return imap4i_bad(parser, "Invalid sequence set: expected 1, 2:4, 7:* and so on");
  }
  return IMAP4_OK;
}

int imap4i_take_set(imap4i_parser *parser, imap4i_set *set) {
  if (imap4i_saved_is_next(parser)) {
    parser->p++;
    *set = (imap4i_set){NULL, 0};
    return end_set(parser);
  }
  size_t capacity = count_ranges(parser, parser->limits->set_ranges);
  if (capacity > parser->limits->set_ranges) return imap4i_bad(parser, "Too many ranges in the sequence set");
  set->n = 0;
  set->p = imap4i_arena_array(parser->arena, capacity, sizeof(imap4i_set_range));
  if (!set->p) return IMAP4_ERR_NOMEM;
  do {
    imap4i_set_range *range = &set->p[set->n];
    int status = take_set_number(parser, &range->first);
    if (status != IMAP4_OK) return status;
    range->last = range->first;
    if (imap4i_take_char(parser, ':')) {
      status = take_set_number(parser, &range->last);
      if (status != IMAP4_OK) return status;
    }
    set->n++;
  } while (imap4i_take_char(parser, ','));
  return end_set(parser);
}

/* ---- strings -------------------------------------------------------------------------------- */

bool imap4i_find_literal(imap4_str line, uint64_t *size, bool *sync) {
  size_t at = line.n;
  if (at == 0 || line.p[--at] != '}') return false;
  bool plus = at > 0 && line.p[at - 1] == '+';
  if (plus) at--;
  size_t end = at;
  while (at > 0 && imap4i_is_digit(line.p[at - 1])) {
    at--;
  }
  if (at == end || at == 0 || line.p[at - 1] != '{') return false;
  if (!imap4i_parse_u64(imap4i_str(line.p + at, end - at), INT64_MAX, size)) *size = UINT64_MAX;
  *sync = !plus;
  return true;
}

/* "{n}" or "{n+}", a line end, and n octets that are all here. */
static int take_literal(imap4i_parser *parser, imap4_str *s) {
  uint64_t size = 0;
  int status;
  parser->p++;
  status = imap4i_take_number(parser, INT64_MAX, false, "Invalid literal: expected {n} or {n+}", &size);
  if (status != IMAP4_OK) return status;
  imap4i_take_char(parser, '+');
  if (!imap4i_take_char(parser, '}')) return imap4i_bad(parser, "Invalid literal: expected {n} or {n+}");
  imap4i_take_char(parser, '\r');
  if (!imap4i_take_char(parser, '\n'))
    return imap4i_bad(parser, "Expected a line end after a literal's size");
  if (size > (uint64_t)(parser->end - parser->p)) return imap4i_bad(parser, "The literal is not complete");
  *s = imap4i_str(parser->p, (size_t)size);
  parser->p += size;
  if (s->n > 0 && memchr(s->p, '\0', s->n)) return imap4i_bad(parser, "NUL is not allowed in a literal");
  return IMAP4_OK;
}

/* The inside of a quoted string up to its closing quote; |escapes| counts backslashes. */
static int scan_quoted(imap4i_parser *parser, size_t *escapes) {
  for (; parser->p < parser->end; parser->p++) {
    switch (*parser->p) {
    case '"':
      return IMAP4_OK;
    case '\0':
      return imap4i_bad(parser, "NUL is not allowed in a quoted string");
    case '\r':
    case '\n':
      return imap4i_bad(parser, "A line end is not allowed in a quoted string");
    case '\\':
      ++*escapes;
      parser->p++;
      if (!imap4i_next_is(parser, '"') && !imap4i_next_is(parser, '\\')) {
        return imap4i_bad(parser, "In a quoted string a backslash must precede a quote or a backslash");
      }
      break;
    default:
      break;
    }
  }
  return imap4i_bad(parser, "The quoted string has no closing quote");
}

static int take_quoted(imap4i_parser *parser, imap4_str *s) {
  const char *start = ++parser->p;
  size_t escapes = 0;
  int status = scan_quoted(parser, &escapes);
  if (status != IMAP4_OK) return status;
  *s = imap4i_str(start, (size_t)(parser->p - start));
  parser->p++;
  if (parser->utf8 && !imap4i_utf8_valid(*s))
    return imap4i_bad(parser, "The quoted string is not valid UTF-8");
  if (escapes == 0) return IMAP4_OK;
  char *copy = imap4i_arena_alloc(parser->arena, s->n - escapes);
  if (!copy) return IMAP4_ERR_NOMEM;
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (s->p[i] == '\\') i++;
    copy[n++] = s->p[i];
  }
  *s = imap4i_str(copy, n);
  return IMAP4_OK;
}

int imap4i_take_string(imap4i_parser *parser, const char *textz, imap4_str *s) {
  if (imap4i_next_is(parser, '"')) return take_quoted(parser, s);
  if (imap4i_next_is(parser, '{')) return take_literal(parser, s);
  return imap4i_bad(parser, textz);
}

int imap4i_take_astring(imap4i_parser *parser, const char *textz, imap4_str *s) {
  const char *start = parser->p;
  while (parser->p < parser->end && imap4i_is_astring_char(*parser->p)) {
    parser->p++;
  }
  if (parser->p == start) return imap4i_take_string(parser, textz, s);
  *s = imap4i_str(start, (size_t)(parser->p - start));
  return IMAP4_OK;
}

int imap4i_take_field_name(imap4i_parser *parser, imap4_str *name) {
  int status = imap4i_take_astring(parser, "Expected the name of a header field", name);
  if (status != IMAP4_OK) return status;
  for (size_t i = 0; i < name->n; i++) {
    if (name->p[i] < ' ' || name->p[i] >= 0x7f) {
      return imap4i_bad(parser, "The name of a header field must be printable ASCII");
    }
  }
  return IMAP4_OK;
}
