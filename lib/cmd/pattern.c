/* SPDX-License-Identifier: MIT */
/* LIST patterns; see pattern.h.  All positions that the pattern may have reached are moved on together, octet
 * by octet of the name, so "*%*%*%" costs no more than its length. */
#include "cmd/pattern.h"

/* "*" beside any wildcard is "*", and "%%" is "%": shorter, and the same. */
static size_t fold_wildcards(char *text, size_t n) {
  size_t to = 0;
  for (size_t i = 0; i < n; i++) {
    bool wild = text[i] == '*' || text[i] == '%';
    if (wild && to > 0 && (text[to - 1] == '*' || text[to - 1] == '%')) {
      if (text[i] == '*') text[to - 1] = '*';
    } else {
      text[to++] = text[i];
    }
  }
  return to;
}

bool imap4i_pattern_init(imap4i_pattern *pattern, imap4i_arena *arena, imap4_str reference, imap4_str name,
                         char delimiter) {
  /* RFC 2683 section 3.4.9: exactly one delimiter between the two. */
  bool ends = reference.n > 0 && reference.p[reference.n - 1] == delimiter;
  bool begins = name.n > 0 && name.p[0] == delimiter;
  if (ends && begins) name = imap4i_tail(name, 1);
  size_t between = reference.n > 0 && !ends && !begins ? 1 : 0;
  size_t n = reference.n + between + name.n;
  char *text = imap4i_arena_alloc(arena, n + 1);
  uint8_t *reached = imap4i_arena_alloc(arena, n + 1);
  if (!text || !reached) return false;
  if (reference.n > 0) memcpy(text, reference.p, reference.n);
  if (between > 0) text[reference.n] = delimiter;
  if (name.n > 0) memcpy(text + reference.n + between, name.p, name.n);
  bool levels = n > 0 && text[n - 1] == '%';
  n = fold_wildcards(text, n);
  *pattern =
      (imap4i_pattern){.text = {text, n}, .reached = reached, .delimiter = delimiter, .levels = levels};
  return true;
}

/* A wildcard may stand for nothing: what lies behind it is reached with it. */
static void spread(imap4i_pattern *pattern) {
  for (size_t i = 0; i < pattern->text.n; i++) {
    char c = pattern->text.p[i];
    if (pattern->reached[i] && (c == '*' || c == '%')) pattern->reached[i + 1] = 1;
  }
}

/* INBOX as first level is the same in any case (RFC 3501 section 5.1). */
static size_t caseless_octets(imap4_str name, char delimiter) {
  imap4_str inbox = IMAP4I_S("INBOX");
  bool first_level = name.n == inbox.n || (name.n > inbox.n && name.p[inbox.n] == delimiter);
  return first_level && imap4i_istarts(name, inbox) ? inbox.n : 0;
}

void imap4i_pattern_begin(imap4i_pattern *pattern, imap4_str name) {
  pattern->caseless = caseless_octets(name, pattern->delimiter);
  pattern->at = 0;
  memset(pattern->reached, 0, pattern->text.n + 1);
  pattern->reached[0] = 1;
  spread(pattern);
}

void imap4i_pattern_step(imap4i_pattern *pattern, char octet) {
  uint8_t *reached = pattern->reached;
  size_t n = pattern->text.n;
  bool caseless = pattern->at++ < pattern->caseless;
  reached[n] = 0;
  for (size_t i = n; i-- > 0;) { /* from the end, so that each moves on once */
    if (!reached[i]) continue;
    char c = pattern->text.p[i];
    bool wild = c == '*' || c == '%';
    bool same = c == octet || (caseless && imap4i_upper(c) == imap4i_upper(octet));
    reached[i] = c == '*' || (c == '%' && octet != pattern->delimiter);
    if (!wild && same) reached[i + 1] = 1;
  }
  spread(pattern);
}

bool imap4i_pattern_matches(imap4i_pattern *pattern, imap4_str name) {
  imap4i_pattern_begin(pattern, name);
  for (size_t i = 0; i < name.n; i++)
    imap4i_pattern_step(pattern, name.p[i]);
  return imap4i_pattern_done(pattern);
}

imap4_str imap4i_pattern_prefix(const imap4i_pattern *pattern) {
  size_t n = 0;
  while (n < pattern->text.n && pattern->text.p[n] != '*' && pattern->text.p[n] != '%')
    n++;
  /* INBOX matches in any case, but a store compares octets. */
  imap4_str start = {pattern->text.p, imap4i_min(n, sizeof "INBOX" - 1)};
  if (imap4i_istarts(IMAP4I_S("INBOX"), start)) n = 0;
  return (imap4_str){pattern->text.p, n};
}
