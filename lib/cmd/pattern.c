/* SPDX-License-Identifier: MIT */
/* LIST patterns; see pattern.h.  All positions that the pattern may have reached are moved on together, octet
 * by octet of the name, so "*%*%*%" costs no more than its length. */
#include "cmd/pattern.h"

bool imap4i_pattern_init(imap4i_pattern *pattern, imap4i_arena *arena, imap4_str reference, imap4_str name,
                         char delimiter) {
  size_t n = reference.n + name.n;
  char *text = imap4i_arena_alloc(arena, n + 1);
  uint8_t *reached = imap4i_arena_alloc(arena, n + 1);
  if (!text || !reached) return false;
  if (reference.n > 0) memcpy(text, reference.p, reference.n);
  if (name.n > 0) memcpy(text + reference.n, name.p, name.n);
  *pattern = (imap4i_pattern){
      .text = {text, n}, .reached = reached, .delimiter = delimiter, .levels = n > 0 && text[n - 1] == '%'};
  imap4_str inbox = IMAP4I_S("INBOX");
  bool whole = n == inbox.n || (n > inbox.n && (text[inbox.n] == delimiter || text[inbox.n] == '*' || text[inbox.n] == '%'));
  if (whole && imap4i_istarts(pattern->text, inbox)) memcpy(text, inbox.p, inbox.n);
  return true;
}

/* A wildcard may stand for nothing: what lies behind it is reached with it. */
static void spread(const imap4i_pattern *pattern) {
  for (size_t i = 0; i < pattern->text.n; i++) {
    char c = pattern->text.p[i];
    if (pattern->reached[i] && (c == '*' || c == '%')) pattern->reached[i + 1] = 1;
  }
}

bool imap4i_pattern_matches(const imap4i_pattern *pattern, imap4_str name) {
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
      bool moves = i < n && c != '*' && c != '%' && c == name.p[at];
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
  while (n < pattern->text.n && pattern->text.p[n] != '*' && pattern->text.p[n] != '%') n++;
  return (imap4_str){pattern->text.p, n};
}
