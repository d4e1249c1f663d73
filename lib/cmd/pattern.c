/* SPDX-License-Identifier: MIT */
/* LIST patterns; see pattern.h.  All positions that the pattern may have reached are moved on together, octet
 * by octet of the name, so "*%*%*%" costs no more than its length. */
#include "cmd/pattern.h"

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
  *pattern = (imap4i_pattern){
      .text = {text, n}, .reached = reached, .delimiter = delimiter, .levels = n > 0 && text[n - 1] == '%'};
  return true;
}

/* A wildcard may stand for nothing: what lies behind it is reached with it. */
static void spread(const imap4i_pattern *pattern) {
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

bool imap4i_pattern_matches(const imap4i_pattern *pattern, imap4_str name) {
  size_t caseless = caseless_octets(name, pattern->delimiter);
  uint8_t *reached = pattern->reached;
  size_t n = pattern->text.n;
  memset(reached, 0, n + 1);
  reached[0] = 1;
  spread(pattern);
  for (size_t at = 0; at < name.n; at++) {
    bool any = false;
    for (size_t i = n + 1; i-- > 0;) { /* from the end, so that each moves on once */
      if (!reached[i]) continue;
      char c = i < n ? pattern->text.p[i] : '\0';
      bool stays = i < n && (c == '*' || (c == '%' && name.p[at] != pattern->delimiter));
      bool same = c == name.p[at] || (at < caseless && imap4i_upper(c) == imap4i_upper(name.p[at]));
      bool moves = i < n && c != '*' && c != '%' && same;
      if (moves) reached[i + 1] = 1;
      reached[i] = stays;
      any = any || moves || stays;
    }
    if (!any) return false;
    spread(pattern);
  }
  return reached[n] != 0;
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
