/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields; see param.h.
 *
 * A value is read octet by octet when it is wanted, through quotes and folding and across the sections of a
 * joined parameter, so it is never copied whole.  Sections are found by sorting: plain parameters come first
 * as they stood, then the sections by name and number, so that what belongs together is a run.
 */
#include "mail/param.h"

#include "imap4/error.h"
#include "mail/text.h"
#include "mail/token.h"

#define FIRST_CAPACITY 8
/* The number of a parameter that is no section. */
#define NO_NUMBER UINT64_MAX

struct imap4i_param {
  imap4_str name;  /* as it stands: base, base*, base*number, base*number* */
  imap4_str value; /* without the quotes around it, else as it stands */
  uint64_t number;
  size_t base_length;
  size_t position; /* in the field */
  size_t sections; /* 0: one of the joined that is not the first; else how many, with this one */
  bool quoted;
  bool encoded; /* the name ends in "*" */
  bool joined;  /* the first of several sections, or the only one; |name| is what they are joined to */
  bool charset; /* the value has a charset: "base*" */
};

/* Reads one parameter. */
typedef struct reader {
  const struct imap4i_param *param; /* the section under way */
  size_t sections;                  /* to come, with that one */
  size_t at;
  char held[2]; /* octets that go first, the last one at 0 */
  uint8_t held_count;
  bool encode; /* joined to a value with a charset: where it is not encoded, "%" must be */
} reader;

void imap4i_params_init(imap4i_params *params, imap4i_mem *mem, size_t max) {
  *params = (imap4i_params){.mem = mem, .max = max};
}

void imap4i_params_free(imap4i_params *params) {
  imap4i_free(params->mem, params->p, params->capacity * sizeof(*params->p));
  imap4i_params_init(params, params->mem, params->max);
}

static void clear(imap4i_params *params) {
  params->n = 0;
  params->plain = SIZE_MAX;
  params->loose = false;
}

/* ---- reading a field ------------------------------------------------------------------------ */

/* Room for one more; false without memory. */
static bool reserve(imap4i_params *params) {
  if (params->n < params->capacity) return true;
  size_t capacity = params->capacity ? params->capacity * 2 : FIRST_CAPACITY;
  if (capacity > SIZE_MAX / sizeof(*params->p)) return false;
  struct imap4i_param *p =
      imap4i_resize(params->mem, params->p, params->capacity * sizeof(*p), capacity * sizeof(*p));
  if (!p) return false;
  params->p = p;
  params->capacity = capacity;
  return true;
}

static void skip_to_semicolon(imap4_str *s) {
  const char *semicolon = s->n > 0 ? memchr(s->p, ';', s->n) : NULL;
  *s = imap4i_tail(*s, semicolon ? (size_t)(semicolon - s->p) : s->n);
}

/* A quoted string, which begins here; false if its quote is missing. */
static bool take_quoted(imap4_str *s, imap4_str *value) {
  for (size_t i = 1; i < s->n; i++) {
    if (s->p[i] == '\\') {
      i++;
    } else if (s->p[i] == '"') {
      *value = imap4i_str(s->p + 1, i - 1);
      *s = imap4i_tail(*s, i + 1);
      return true;
    }
  }
  return false;
}

/* An encoded word has no place in a value, but stands there often: up to white space or a semicolon. */
static size_t encoded_word_length(imap4_str s) {
  size_t n = 0;
  if (s.n == 0 || *s.p != '=') return 0;
  while (n < s.n && s.p[n] != ';' && !imap4i_is_wsp(s.p[n]))
    n++;
  return n;
}

/* What names of files have that no token has. */
static bool is_loose(char c) {
  static const char more[] = " \t/?=:@,[]<>";
  return c != '\0' && memchr(more, c, sizeof(more) - 1);
}

/* Whether nothing but white space stands before the end of a parameter, or a comment. */
static bool ends_here(imap4_str s) {
  while (s.n > 0 && imap4i_is_wsp(*s.p))
    s = imap4i_tail(s, 1);
  return s.n == 0 || *s.p == ';' || *s.p == '(';
}

/* A value without quotes.  Real mail writes names with blanks, slashes and more there, so it ends at a
 * semicolon or with the field.  But a charset is a token, and a boundary has no blanks; and where something
 * stands that fits in no name, only a token is taken of it. */
static imap4_str take_unquoted(imap4i_params *params, imap4_str *s, imap4_str name) {
  imap4_str rest = *s;
  size_t n = encoded_word_length(rest);
  imap4_str token = n > 0 ? imap4i_str(rest.p, n) : imap4i_take_token8(s);
  if (imap4i_ieq(name, IMAP4I_S("charset"))) {
    *s = imap4i_tail(rest, token.n);
    return token;
  }
  bool blanks = !imap4i_ieq(name, IMAP4I_S("boundary"));
  for (n = token.n; n < rest.n; n++) {
    char c = rest.p[n];
    bool fits = imap4i_is_token_char(c) || (unsigned char)c >= 0x80 || is_loose(c);
    if (!fits || (!blanks && imap4i_is_wsp(c))) break;
  }
  if (blanks && !ends_here(imap4i_tail(rest, n))) n = token.n;
  *s = imap4i_tail(rest, n);
  imap4_str value = imap4i_trim(imap4i_str(rest.p, n));
  if (value.n > token.n) params->loose = true;
  return value;
}

/* Take the name apart. */
static void split_name(struct imap4i_param *param) {
  imap4_str name = param->name;
  const char *star = name.n > 0 ? memchr(name.p, '*', name.n) : NULL;
  param->number = NO_NUMBER;
  param->base_length = name.n;
  param->sections = 1;
  if (!star) return;
  param->base_length = (size_t)(star - name.p);
  imap4_str number = imap4i_tail(name, param->base_length + 1);
  if (name.p[name.n - 1] == '*') {
    param->encoded = true;
    param->charset = number.n == 0;
    if (number.n > 0) number.n--;
  }
  if (!imap4i_parse_u64(number, NO_NUMBER - 1, &param->number)) param->number = NO_NUMBER;
}

/* One "name=value"; what is none is passed over, and noted if it is a name alone or nothing at all.  A quoted
 * string or a comment that is not closed takes the rest of the field with it.  False without memory. */
static bool take_param(imap4i_params *params, imap4_str *s) {
  imap4_str end = {s->p + s->n, 0};
  struct imap4i_param param = {.name = imap4i_take_token8(s), .position = params->n};
  imap4i_skip_cfws(s, NULL);
  if (s->n > 0 && *s->p == '=') {
    *s = imap4i_tail(*s, 1);
    bool closed = imap4i_skip_cfws(s, NULL);
    param.quoted = s->n > 0 && *s->p == '"';
    if (param.quoted) {
      closed = take_quoted(s, &param.value);
    } else {
      param.value = take_unquoted(params, s, param.name);
    }
    if (!closed || !imap4i_skip_cfws(s, NULL)) {
      *s = end;
      return true;
    }
    if (!reserve(params)) return false;
    split_name(&param);
    params->p[params->n++] = param;
  } else if (s->n > 0 && *s->p == ';') {
    params->plain = imap4i_min(params->plain, params->n);
  }
  skip_to_semicolon(s);
  return true;
}

/* ---- joining -------------------------------------------------------------------------------- */

static imap4_str base_of(const struct imap4i_param *param) {
  return imap4i_str(param->name.p, param->base_length);
}

/* Order of names but for case: < 0, 0, > 0. */
static int compare_names(imap4_str a, imap4_str b) {
  for (size_t i = 0; i < a.n && i < b.n; i++) {
    int difference = (unsigned char)imap4i_lower(a.p[i]) - (unsigned char)imap4i_lower(b.p[i]);
    if (difference != 0) return difference;
  }
  return (a.n > b.n) - (a.n < b.n);
}

static bool before(const struct imap4i_param *a, const struct imap4i_param *b) {
  bool section = a->number != NO_NUMBER;
  if (section != (b->number != NO_NUMBER)) return !section;
  if (section) {
    int order = compare_names(base_of(a), base_of(b));
    if (order != 0) return order < 0;
    if (a->number != b->number) return a->number < b->number;
  }
  return a->position < b->position;
}

static void swap(struct imap4i_param *a, struct imap4i_param *b) {
  struct imap4i_param t = *a;
  *a = *b;
  *b = t;
}

/* Let p[i] sink to its place in the heap of the first |n|. */
static void sink(struct imap4i_param *p, size_t n, size_t i) {
  for (size_t child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && before(&p[child], &p[child + 1])) child++;
    if (!before(&p[i], &p[child])) return;
    swap(&p[i], &p[child]);
  }
}

/* A heap sort: no memory, and never more than n log n steps. */
static void sort(struct imap4i_param *p, size_t n) {
  for (size_t i = n / 2; i-- > 0;)
    sink(p, n, i);
  for (size_t i = n; i-- > 1;) {
    swap(&p[0], &p[i]);
    sink(p, i, 0);
  }
}

/* Join the |n| sections of one name, if they are 0, 1, 2 and so on. */
static void join_run(struct imap4i_param *p, size_t n) {
  bool encoded = false;
  for (size_t i = 0; i < n; i++) {
    if (p[i].number != i) return;
    encoded = encoded || p[i].encoded;
  }
  p[0].sections = n;
  p[0].joined = true;
  p[0].charset = encoded;
  p[0].name.n = p[0].base_length + (encoded ? 1 : 0); /* "base*" stands there */
  for (size_t i = 1; i < n; i++)
    p[i].sections = 0;
}

static void join(imap4i_params *params) {
  struct imap4i_param *p = params->p;
  size_t plain = 0;
  for (size_t i = 0; i < params->n; i++)
    plain += p[i].number == NO_NUMBER;
  if (plain == params->n) return;
  sort(p, params->n);
  for (size_t i = plain, end; i < params->n; i = end) {
    for (end = i + 1; end < params->n && imap4i_ieq(base_of(&p[i]), base_of(&p[end]));)
      end++;
    join_run(p + i, end - i);
  }
}

int imap4i_params_parse(imap4i_params *params, imap4_str s) {
  clear(params);
  imap4i_skip_cfws(&s, NULL);
  skip_to_semicolon(&s);
  while (s.n > 0 && params->n < params->max) {
    if (*s.p == ';') s = imap4i_tail(s, 1);
    imap4i_skip_cfws(&s, NULL);
    if (!take_param(params, &s)) return IMAP4_ERR_NOMEM;
  }
  join(params);
  return IMAP4_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

static reader reader_of(const struct imap4i_param *param) {
  reader r = {.param = param, .sections = param->sections, .encode = param->joined && param->charset};
  /* RFC 2231 section 4.1: charset and language lead the first section; here neither is given. */
  if (r.encode && !param->encoded) {
    r.held[0] = r.held[1] = '\'';
    r.held_count = 2;
  }
  return r;
}

/* Whether s.p[i] is of a line end, which comes from folding and is no part of the value; more than one CR
 * may stand before LF. */
static bool is_fold(imap4_str s, size_t i) {
  if (s.p[i] != '\r') return s.p[i] == '\n';
  return i + 1 < s.n && (s.p[i + 1] == '\n' || s.p[i + 1] == '\r');
}

/* The next octet of the value, or -1 at its end. */
static int next_octet(reader *r) {
  if (r->held_count > 0) return (unsigned char)r->held[--r->held_count];
  while (r->sections > 0) {
    imap4_str s = r->param->value;
    if (r->at >= s.n) {
      r->param++;
      r->sections--;
      r->at = 0;
      continue;
    }
    size_t i = r->at++;
    if (is_fold(s, i) || s.p[i] == '\0') continue;
    bool escape = r->param->quoted && s.p[i] == '\\' && i + 1 < s.n && !is_fold(s, i + 1);
    if (escape && s.p[r->at++] == '\0') continue;
    char c = s.p[r->at - 1];
    if (c == '%' && r->encode && !r->param->encoded) {
      r->held[0] = '5';
      r->held[1] = '2';
      r->held_count = 2;
    }
    return (unsigned char)c;
  }
  return -1;
}

/* The value as a string: quoted where that is possible, else a literal. */
static bool put_value(const struct imap4i_param *param, imap4i_buf *out) {
  size_t length = 0;
  size_t escapes = 0;
  bool literal = false;
  int c;
  for (reader r = reader_of(param); (c = next_octet(&r)) >= 0; length++) {
    if (c == '"' || c == '\\') escapes++;
    if (c == '\r' || c == '\n' || c >= 0x80) literal = true;
  }
  if (literal && (!imap4i_buf_putc(out, '{') || !imap4i_buf_put_u64(out, length) ||
                  !imap4i_buf_puts(out, IMAP4I_S("}\r\n")))) {
    return false;
  }
  size_t n = literal ? length : length + escapes + 2;
  char *to = imap4i_buf_room(out, n);
  if (!to) return false;
  if (!literal) *to++ = '"';
  for (reader r = reader_of(param); (c = next_octet(&r)) >= 0;) {
    if (!literal && (c == '"' || c == '\\')) *to++ = '\\';
    *to++ = (char)c;
  }
  if (!literal) *to = '"';
  imap4i_buf_added(out, n);
  return true;
}

bool imap4i_params_put(const imap4i_params *params, imap4_str extra, imap4i_buf *out) {
  bool first = true;
  for (size_t i = 0; i < params->n; i++) {
    const struct imap4i_param *param = &params->p[i];
    if (param->sections == 0) continue;
    if (!imap4i_buf_putc(out, first ? '(' : ' ')) return false;
    if (!imap4i_text_upper(out, param->name) || !imap4i_buf_putc(out, ' ')) return false;
    if (!put_value(param, out)) return false;
    first = false;
  }
  if (extra.n > 0) {
    if (!imap4i_buf_putc(out, first ? '(' : ' ') || !imap4i_buf_puts(out, extra)) return false;
    first = false;
  }
  return first ? imap4i_buf_puts(out, IMAP4I_S("NIL")) : imap4i_buf_putc(out, ')');
}

/* ---- finding -------------------------------------------------------------------------------- */

/* The next octet of a value with a charset, its percent signs decoded. */
static int next_decoded(reader *r) {
  int c = next_octet(r);
  if (c != '%') return c;
  reader ahead = *r;
  int high = imap4i_hex_value((char)next_octet(&ahead));
  int low = high < 0 ? -1 : imap4i_hex_value((char)next_octet(&ahead));
  if (low < 0) return c;
  *r = ahead;
  return high * 16 + low;
}

/* Pass over charset'language', if they are there. */
static reader behind_charset(reader start) {
  reader r = start;
  for (int c, quotes = 0; quotes < 2;) {
    if ((c = next_octet(&r)) < 0) return start;
    if (c == '\'') quotes++;
  }
  return r;
}

static bool put_found(const struct imap4i_param *param, imap4i_buf *out, unsigned *found) {
  bool charset = param->charset;
  reader r = reader_of(param);
  int c;
  if (charset) r = behind_charset(r);
  *found = IMAP4I_PARAM_WHOLE;
  while ((c = charset ? next_decoded(&r) : next_octet(&r)) >= 0) {
    if (out->n == out->max) {
      *found = IMAP4I_PARAM_CUT;
      break;
    }
    if (!imap4i_buf_putc(out, (char)c)) return false;
  }
  return true;
}

/* How good an answer |param| is: 0 none, then worse to better. */
static unsigned rank(const struct imap4i_param *param, imap4_str name) {
  if (param->sections == 0 || !imap4i_ieq(base_of(param), name)) return 0;
  if (param->charset) return 1;
  if (param->joined) return 2;
  return param->name.n == param->base_length ? 3 : 0;
}

bool imap4i_params_find(const imap4i_params *params, imap4_str name, imap4i_buf *out, unsigned *found) {
  const struct imap4i_param *best = NULL;
  unsigned best_rank = 0;
  *found = IMAP4I_PARAM_NONE;
  for (size_t i = 0; i < params->n; i++) {
    unsigned r = rank(&params->p[i], name);
    if (r <= best_rank) continue;
    best = &params->p[i];
    best_rank = r;
  }
  return !best || put_found(best, out, found);
}

bool imap4i_params_plain(const imap4i_params *params, imap4_str name) {
  for (size_t i = 0; i < params->n; i++) {
    if (rank(&params->p[i], name) > 1 && params->p[i].position < params->plain) return true;
  }
  return false;
}
