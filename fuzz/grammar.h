/* SPDX-License-Identifier: MIT */
/*
 * A reader of what servers send, after the grammar of RFC 3501 section 9 and independent of the library's
 * writer: strings, lists, ENVELOPE and BODYSTRUCTURE.  The targets use it to see that what was written is
 * legal.  A function takes its part off the front and returns false if it is not there; |ended| then says
 * that the octets were used up, so that more of them could still make it right.
 */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "base/utf8.h"
#include "fuzz.h"

typedef struct grammar {
  imap4_str rest;
  bool ended;
  bool utf8;       /* UTF8=ACCEPT is enabled: quoted strings are UTF-8 (RFC 9755) */
  bool extensible; /* BODYSTRUCTURE: extension data must be there; BODY: it must not */
  size_t depth;
  size_t bodies;     /* parts seen */
  size_t multiparts; /* of these */
} grammar;

/* Deeper bodies are not read: the library's default for their depth is 100. */
#define GRAMMAR_DEPTH 300

static inline grammar grammar_of(imap4_str s) {
  return (grammar){.rest = s};
}

static inline int grammar_peek(grammar *g) {
  if (g->rest.n == 0) {
    g->ended = true;
    return -1;
  }
  return (unsigned char)*g->rest.p;
}

static inline bool grammar_octet(grammar *g, char c) {
  if (grammar_peek(g) != (unsigned char)c) return false;
  g->rest = imap4i_tail(g->rest, 1);
  return true;
}

/* A fixed text, in any case. */
static inline bool grammar_word(grammar *g, const char *wordz) {
  size_t n = strlen(wordz);
  imap4_str word = imap4i_str(wordz, n);
  if (g->rest.n < n) {
    if (imap4i_istarts(word, g->rest)) g->ended = true;
    return false;
  }
  if (!imap4i_istarts(g->rest, word)) return false;
  g->rest = imap4i_tail(g->rest, n);
  return true;
}

static inline bool grammar_number(grammar *g, uint64_t *value) {
  size_t n = 0;
  *value = 0;
  while (n < g->rest.n && imap4i_is_digit(g->rest.p[n])) {
    uint64_t digit = (uint64_t)(g->rest.p[n++] - '0');
    if (*value > (UINT64_MAX - digit) / 10) return false;
    *value = *value * 10 + digit;
  }
  if (n == g->rest.n) g->ended = true;
  if (n == 0 || n == g->rest.n) return false;
  g->rest = imap4i_tail(g->rest, n);
  return true;
}

static inline bool grammar_quoted(grammar *g) {
  if (!grammar_octet(g, '"')) return false;
  imap4_str inside = g->rest;
  while (!grammar_octet(g, '"')) {
    int c = grammar_peek(g);
    if (c <= 0 || (c >= 0x80 && !g->utf8) || c == '\r' || c == '\n') return false;
    g->rest = imap4i_tail(g->rest, 1);
    if (c != '\\') continue;
    c = grammar_peek(g);
    if (c != '\\' && c != '"') return false;
    g->rest = imap4i_tail(g->rest, 1);
  }
  inside.n = (size_t)(g->rest.p - inside.p) - 1;
  return imap4i_utf8_valid(inside);
}

/* |binary|: it may hold NUL. */
static inline bool grammar_octets(grammar *g, bool binary) {
  uint64_t n;
  if (!grammar_octet(g, '{') || !grammar_number(g, &n) || !grammar_octet(g, '}') || !grammar_octet(g, '\r') ||
      !grammar_octet(g, '\n'))
    return false;
  if (n > g->rest.n) {
    g->ended = true;
    return false;
  }
  if (!binary && memchr(g->rest.p, 0, (size_t)n)) return false;
  g->rest = imap4i_tail(g->rest, (size_t)n);
  return true;
}

static inline bool grammar_literal(grammar *g) {
  return grammar_octets(g, false);
}

static inline bool grammar_string(grammar *g) {
  return grammar_peek(g) == '{' ? grammar_literal(g) : grammar_quoted(g);
}

static inline bool grammar_nstring(grammar *g) {
  return grammar_word(g, "NIL") || (!g->ended && grammar_string(g));
}

/* An atom; |more| are octets allowed beside ATOM-CHAR. */
static inline bool grammar_atom(grammar *g, const char *morez) {
  size_t n = 0;
  while (n < g->rest.n &&
         (imap4i_is_atom_char(g->rest.p[n]) || (g->rest.p[n] && strchr(morez, g->rest.p[n]))))
    n++;
  if (n == g->rest.n) g->ended = true;
  if (n == 0 || n == g->rest.n) return false;
  g->rest = imap4i_tail(g->rest, n);
  return true;
}

static inline bool grammar_astring(grammar *g) {
  int c = grammar_peek(g);
  return c == '"' || c == '{' ? grammar_string(g) : grammar_atom(g, "]");
}

static inline bool grammar_addresses(grammar *g) {
  if (grammar_word(g, "NIL")) return true;
  if (!grammar_octet(g, '(')) return false;
  do {
    if (!grammar_octet(g, '(')) return false;
    for (int i = 0; i < 4; i++) {
      if ((i > 0 && !grammar_octet(g, ' ')) || !grammar_nstring(g)) return false;
    }
    if (!grammar_octet(g, ')')) return false;
  } while (grammar_peek(g) == '(');
  return grammar_octet(g, ')');
}

static inline bool grammar_envelope(grammar *g) {
  if (!grammar_octet(g, '(')) return false;
  for (int i = 0; i < 10; i++) {
    if (i > 0 && !grammar_octet(g, ' ')) return false;
    if (i >= 2 && i <= 7 ? !grammar_addresses(g) : !grammar_nstring(g)) return false;
  }
  return grammar_octet(g, ')');
}

/* NIL, or "(" string *(SP string) ")" with, for parameters, an even number of them. */
static inline bool grammar_strings(grammar *g, bool pairs) {
  size_t n = 0;
  if (grammar_word(g, "NIL")) return true;
  if (!grammar_octet(g, '(')) return false;
  do {
    if (!grammar_string(g)) return false;
    n++;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')') && (!pairs || n % 2 == 0);
}

static inline bool grammar_disposition(grammar *g) {
  if (grammar_word(g, "NIL")) return true;
  return grammar_octet(g, '(') && grammar_string(g) && grammar_octet(g, ' ') && grammar_strings(g, true) &&
         grammar_octet(g, ')');
}

static inline bool grammar_language(grammar *g) {
  return grammar_peek(g) == '(' ? grammar_strings(g, false) : grammar_nstring(g);
}

/* Extension data from the disposition on. */
static inline bool grammar_extension(grammar *g) {
  return grammar_octet(g, ' ') && grammar_disposition(g) && grammar_octet(g, ' ') && grammar_language(g) &&
         grammar_octet(g, ' ') && grammar_nstring(g);
}

static inline bool grammar_body(grammar *g);

static inline bool grammar_multipart(grammar *g) {
  g->multiparts++;
  do {
    if (!grammar_body(g)) return false;
  } while (grammar_peek(g) == '(');
  if (!grammar_octet(g, ' ') || !grammar_string(g)) return false;
  if (!g->extensible) return true;
  return grammar_octet(g, ' ') && grammar_strings(g, true) && grammar_extension(g);
}

static inline bool grammar_single(grammar *g) {
  uint64_t number;
  imap4_str start = g->rest;
  bool text = grammar_word(g, "\"TEXT\"");
  bool message = grammar_word(g, "\"MESSAGE\" \"RFC822\"");
  g->rest = start;
  if (!grammar_string(g) || !grammar_octet(g, ' ') || !grammar_string(g) || !grammar_octet(g, ' ') ||
      !grammar_strings(g, true) || !grammar_octet(g, ' ') || !grammar_nstring(g) || !grammar_octet(g, ' ') ||
      !grammar_nstring(g) || !grammar_octet(g, ' ') || !grammar_string(g) || !grammar_octet(g, ' ') ||
      !grammar_number(g, &number))
    return false;
  if (message && !(grammar_octet(g, ' ') && grammar_envelope(g) && grammar_octet(g, ' ') && grammar_body(g)))
    return false;
  if ((message || text) && !(grammar_octet(g, ' ') && grammar_number(g, &number))) return false;
  if (!g->extensible) return true;
  return grammar_octet(g, ' ') && grammar_nstring(g) && grammar_extension(g);
}

static inline bool grammar_body(grammar *g) {
  if (!grammar_octet(g, '(') || g->depth == GRAMMAR_DEPTH) return false;
  g->depth++;
  g->bodies++;
  bool ok = grammar_peek(g) == '(' ? grammar_multipart(g) : grammar_single(g);
  g->depth--;
  return ok && grammar_octet(g, ')');
}

#endif
