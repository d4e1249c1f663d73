/* SPDX-License-Identifier: MIT */
/* Tokens of structured header fields; see token.h. */
#include "mail/token.h"

#include "mail/text.h"

bool imap4i_is_atext(char c) {
  unsigned char u = (unsigned char)c;
  switch (c) {
  case '(':
  case ')':
  case '<':
  case '>':
  case '[':
  case ']':
  case ':':
  case ';':
  case '@':
  case '\\':
  case ',':
  case '.':
  case '"':
    return false;
  default:
    return u > ' ' && u != 0x7f;
  }
}

bool imap4i_is_token_char(char c) {
  unsigned char u = (unsigned char)c;
  switch (c) {
  case '(':
  case ')':
  case '<':
  case '>':
  case '@':
  case ',':
  case ';':
  case ':':
  case '\\':
  case '"':
  case '/':
  case '[':
  case ']':
  case '?':
  case '=':
    return false;
  default:
    return u > ' ' && u < 0x7f;
  }
}

/* The comment that begins at s->p, without recursion: comments nest (RFC 5322 section 3.2.2). */
static imap4_str take_comment(imap4_str *s, bool *closed) {
  size_t depth = 0;
  size_t i = 0;
  for (; i < s->n; i++) {
    if (s->p[i] == '\\') {
      i++;
    } else if (s->p[i] == '(') {
      depth++;
    } else if (s->p[i] == ')' && --depth == 0) {
      break;
    }
  }
  size_t end = imap4i_min(i, s->n);
  *closed = i < s->n;
  imap4_str inside = {s->p + 1, end - 1};
  *s = imap4i_tail(*s, end + 1);
  return inside;
}

bool imap4i_skip_cfws(imap4_str *s, imap4_str *comment) {
  bool closed = true;
  while (s->n > 0) {
    if (*s->p == '(') {
      imap4_str inside = take_comment(s, &closed);
      if (comment) *comment = inside;
    } else if (imap4i_is_wsp(*s->p)) {
      *s = imap4i_tail(*s, 1);
    } else {
      break;
    }
  }
  return closed;
}

imap4_str imap4i_take_token8(imap4_str *s) {
  size_t n = 0;
  while (n < s->n && (imap4i_is_token_char(s->p[n]) || (unsigned char)s->p[n] >= 0x80))
    n++;
  imap4_str token = {s->p, n};
  *s = imap4i_tail(*s, n);
  return token;
}

imap4_str imap4i_take_token(imap4_str *s) {
  size_t n = 0;
  while (n < s->n && imap4i_is_token_char(s->p[n]))
    n++;
  imap4_str token = {s->p, n};
  *s = imap4i_tail(*s, n);
  return token;
}
