/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields; see param.h.  Texts stand in one buffer that grows, so parameters hold offsets.
 */
#include "mail/param.h"

#include "imap4/error.h"
#include "mail/text.h"
#include "mail/token.h"

#define FIRST_CAPACITY 8

struct imap4i_param {
  size_t name;
  size_t name_length;
  size_t value;
  size_t value_length;
  bool dropped; /* part of a continuation that was joined */
};

/* A name taken apart: base, base*, base*number, base*number*. */
typedef struct extended_name {
  imap4_str base;
  uint64_t number; /* UINT64_MAX: none */
  bool encoded;
} extended_name;

void imap4i_params_init(imap4i_params *params, imap4i_mem *mem, size_t max) {
  *params = (imap4i_params){.mem = mem, .max = max};
  imap4i_buf_init(&params->text, mem, SIZE_MAX);
}

void imap4i_params_free(imap4i_params *params) {
  imap4i_free(params->mem, params->p, params->capacity * sizeof(*params->p));
  imap4i_buf_free(&params->text);
  imap4i_params_init(params, params->mem, params->max);
}

static imap4_str name_of(const imap4i_params *params, size_t i) {
  return imap4i_str(params->text.p + params->p[i].name, params->p[i].name_length);
}

static imap4_str value_of(const imap4i_params *params, size_t i) {
  return imap4i_str(params->text.p + params->p[i].value, params->p[i].value_length);
}

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

/* Up to the next semicolon outside of quotes. */
static void skip_to_semicolon(imap4_str *s) {
  while (s->n > 0 && *s->p != ';') {
    size_t i = 1;
    if (*s->p == '"') {
      for (; i < s->n && s->p[i] != '"'; i++) {
        if (s->p[i] == '\\') i++;
      }
      i++;
    }
    *s = imap4i_tail(*s, i);
  }
}

/* A value without quotes: real mail writes spaces, slashes and more there, so it ends at the semicolon, at
 * a comment or with its line.  A charset or boundary ends at white space and at a comma too. */
static imap4_str take_unquoted(imap4_str *s, bool strict) {
  size_t n = 0;
  while (n < s->n && s->p[n] != ';') {
    char c = s->p[n];
    if (strict && (imap4i_is_wsp(c) || c == ',' || c == '(')) break;
    if (c == '\r' || c == '\n') break;
    if (c == '(' && (n == 0 || imap4i_is_wsp(s->p[n - 1]))) break;
    n++;
  }
  imap4_str value = imap4i_trim(imap4i_str(s->p, n));
  *s = imap4i_tail(*s, n);
  return value;
}

static bool take_value(imap4i_params *params, imap4_str *s, bool strict) {
  imap4i_skip_cfws(s, NULL);
  if (s->n > 0 && *s->p == '"') {
    bool closed;
    return imap4i_take_quoted(s, &params->text, &closed);
  }
  imap4_str value = take_unquoted(s, strict);
  return imap4i_buf_puts(&params->text, value);
}

/* One "name=value"; what is none is passed over. */
static bool take_param(imap4i_params *params, imap4_str *s) {
  struct imap4i_param param = {.name = params->text.n};
  imap4_str name = imap4i_take_token(s);
  imap4i_skip_cfws(s, NULL);
  if (name.n > 0 && s->n > 0 && *s->p == '=') {
    bool strict = imap4i_ieq(name, IMAP4I_S("charset")) || imap4i_ieq(name, IMAP4I_S("boundary"));
    *s = imap4i_tail(*s, 1);
    if (!imap4i_buf_puts(&params->text, name)) return false;
    param.name_length = name.n;
    param.value = params->text.n;
    if (!take_value(params, s, strict) || !reserve(params)) return false;
    param.value_length = params->text.n - param.value;
    params->p[params->n++] = param;
  }
  skip_to_semicolon(s);
  return true;
}

static extended_name split_name(imap4_str name) {
  extended_name e = {name, UINT64_MAX, false};
  const char *star = name.n > 0 ? memchr(name.p, '*', name.n) : NULL;
  if (!star) return e;
  imap4_str rest = imap4i_tail(name, (size_t)(star - name.p) + 1);
  e.base.n = (size_t)(star - name.p);
  if (rest.n > 0 && rest.p[rest.n - 1] == '*') {
    e.encoded = true;
    rest.n--;
  }
  if (!imap4i_parse_u64(rest, UINT32_MAX, &e.number)) e.number = UINT64_MAX;
  return e;
}

/* Where the section |number| of |base| is; params->n if it is missing. */
static size_t find_section(const imap4i_params *params, imap4_str base, uint64_t number) {
  for (size_t i = 0; i < params->n; i++) {
    extended_name e = split_name(name_of(params, i));
    if (!params->p[i].dropped && e.number == number && imap4i_ieq(e.base, base)) return i;
  }
  return params->n;
}

/* Append the sections after the first one; the joined parameter takes the place of the first. */
static bool join(imap4i_params *params, size_t first) {
  extended_name e = split_name(name_of(params, first));
  bool encoded = e.encoded;
  struct imap4i_param joined = {.name = params->text.n};
  if (!imap4i_buf_room(&params->text, e.base.n + 1)) return false;
  e = split_name(name_of(params, first)); /* the text may have moved */
  memcpy(params->text.p + params->text.n, e.base.p, e.base.n);
  params->text.p[params->text.n + e.base.n] = '*';
  imap4i_buf_added(&params->text, e.base.n + 1);
  joined.value = params->text.n;
  uint64_t number = 0;
  size_t base_length = e.base.n;
  for (size_t i = first; i < params->n;
       i = find_section(params, imap4i_str(params->text.p + joined.name, base_length), ++number)) {
    imap4_str value = value_of(params, i);
    encoded = encoded || split_name(name_of(params, i)).encoded;
    if (!imap4i_buf_room(&params->text, value.n)) return false;
    value = value_of(params, i);
    if (value.n > 0) memcpy(params->text.p + params->text.n, value.p, value.n);
    imap4i_buf_added(&params->text, value.n);
    params->p[i].dropped = true;
  }
  joined.name_length = base_length + (encoded ? 1 : 0);
  joined.value_length = params->text.n - joined.value;
  params->p[first] = joined;
  return true;
}

int imap4i_params_parse(imap4i_params *params, imap4_str s) {
  params->n = 0;
  imap4i_buf_clear(&params->text);
  skip_to_semicolon(&s);
  while (s.n > 0 && params->n < params->max) {
    if (*s.p == ';') s = imap4i_tail(s, 1);
    imap4i_skip_cfws(&s, NULL);
    if (!take_param(params, &s)) return IMAP4_ERR_NOMEM;
  }
  for (size_t i = 0; i < params->n; i++) {
    if (!params->p[i].dropped && split_name(name_of(params, i)).number == 0 && !join(params, i)) {
      return IMAP4_ERR_NOMEM;
    }
  }
  return IMAP4_OK;
}

bool imap4i_params_find(const imap4i_params *params, imap4_str name, imap4_str *value) {
  for (size_t i = 0; i < params->n; i++) {
    if (params->p[i].dropped || !imap4i_ieq(name_of(params, i), name)) continue;
    *value = value_of(params, i);
    return true;
  }
  return false;
}

bool imap4i_params_put(const imap4i_params *params, imap4_str extra, imap4i_buf *out) {
  bool first = true;
  for (size_t i = 0; i < params->n; i++) {
    if (params->p[i].dropped) continue;
    if (!imap4i_buf_putc(out, first ? '(' : ' ')) return false;
    if (!imap4i_text_upper(out, name_of(params, i)) || !imap4i_buf_putc(out, ' ')) return false;
    if (!imap4i_text_string(out, value_of(params, i))) return false;
    first = false;
  }
  if (extra.n > 0) {
    if (!imap4i_buf_putc(out, first ? '(' : ' ') || !imap4i_buf_puts(out, extra)) return false;
    first = false;
  }
  return first ? imap4i_buf_puts(out, IMAP4I_S("NIL")) : imap4i_buf_putc(out, ')');
}
