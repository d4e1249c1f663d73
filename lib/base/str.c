/* SPDX-License-Identifier: MIT */
/* Spans and character classes; see str.h. */
#include "base/str.h"

bool imap4i_ieq(imap4_str a, imap4_str b) {
  return a.n == b.n && imap4i_istarts(a, b);
}

bool imap4i_istarts(imap4_str s, imap4_str prefix) {
  if (s.n < prefix.n) return false;
  for (size_t i = 0; i < prefix.n; i++) {
    if (imap4i_lower(s.p[i]) != imap4i_lower(prefix.p[i])) return false;
  }
  return true;
}

bool imap4i_is_atom_char(char c) {
  unsigned char u = (unsigned char)c;
  if (u <= 0x20 || u >= 0x7f) return false; /* CTL, SP, 8-bit */
  switch (c) {
  case '(':
  case ')':
  case '{':
  case '%':
  case '*':
  case '"':
  case '\\':
  case ']':
    return false;
  default:
    return true;
  }
}

bool imap4i_is_astring_char(char c) {
  return c == ']' || imap4i_is_atom_char(c);
}

bool imap4i_is_atom(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    if (!imap4i_is_atom_char(s.p[i])) return false;
  }
  return s.n > 0;
}

bool imap4i_next_word(imap4_str *list, imap4_str *word) {
  if (list->n == 0) return false;
  const char *space = memchr(list->p, ' ', list->n);
  word->p = list->p;
  word->n = space ? (size_t)(space - list->p) : list->n;
  *list = imap4i_tail(*list, word->n + 1);
  return true;
}

bool imap4i_has_word(imap4_str list, imap4_str word) {
  imap4_str w;
  while (imap4i_next_word(&list, &w)) {
    if (imap4i_ieq(w, word)) return true;
  }
  return false;
}

bool imap4i_parse_u64(imap4_str s, uint64_t max, uint64_t *value) {
  uint64_t v = 0;
  if (s.n == 0) return false;
  for (size_t i = 0; i < s.n; i++) {
    if (!imap4i_is_digit(s.p[i])) return false;
    uint64_t digit = (uint64_t)(s.p[i] - '0');
    if (v > (UINT64_MAX - digit) / 10) return false;
    v = v * 10 + digit;
  }
  if (v > max) return false;
  *value = v;
  return true;
}

size_t imap4i_format_u64(uint64_t value, char out[IMAP4I_U64_DIGITS]) {
  char reverse[IMAP4I_U64_DIGITS];
  size_t n = 0;
  do {
    reverse[n++] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  for (size_t i = 0; i < n; i++)
    out[i] = reverse[n - 1 - i];
  return n;
}

void imap4i_wipe(void *p, size_t n) {
  volatile unsigned char *v = p;
  while (n-- > 0)
    *v++ = 0;
}

bool imap4i_is_object_id(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (!imap4i_is_alpha(c) && !imap4i_is_digit(c) && c != '_' && c != '-') return false;
  }
  return s.n > 0 && s.n <= IMAP4I_OBJECT_ID_OCTETS;
}
