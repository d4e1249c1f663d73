/* SPDX-License-Identifier: MIT */
/* UTF-8; see utf8.h. */
#include "base/utf8.h"

/* By the first octet: length of the character, and the limits of the second octet, which rule out overlong
 * forms, surrogates and what lies above U+10FFFF.  Length 0 if none begins so. */
static int lead(unsigned char c, unsigned char *low, unsigned char *high) {
  *low = 0x80;
  *high = 0xbf;
  if (c < 0x80) return 1;
  if (c < 0xc2 || c > 0xf4) return 0;
  if (c == 0xe0) *low = 0xa0;
  if (c == 0xed) *high = 0x9f;
  if (c == 0xf0) *low = 0x90;
  if (c == 0xf4) *high = 0x8f;
  return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

int imap4i_utf8_decode(imap4_str s, uint32_t *cp) {
  unsigned char low, high;
  if (s.n == 0) return 0;
  unsigned char c = (unsigned char)s.p[0];
  int length = lead(c, &low, &high);
  if (length == 0) return -1;
  uint32_t value = length == 1 ? c : c & (0x7fu >> length);
  for (int i = 1; i < length; i++) {
    if ((size_t)i == s.n) return 0;
    c = (unsigned char)s.p[i];
    if (c < low || c > high) return -i;
    low = 0x80;
    high = 0xbf;
    value = value << 6 | (c & 0x3fu);
  }
  *cp = value;
  return length;
}

size_t imap4i_utf8_encode(uint32_t cp, char out[IMAP4I_UTF8_MAX]) {
  if (cp < 0x80) {
    out[0] = (char)cp;
    return 1;
  }
  if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) return 0;
  size_t length = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (cp & 0x3f));
    cp >>= 6;
  }
  out[0] = (char)((0xf00u >> length & 0xf0) | cp);
  return length;
}

bool imap4i_utf8_valid(imap4_str s) {
  size_t i = 0;
  while (i < s.n) {
    uint32_t cp;
    if ((unsigned char)s.p[i] < 0x80) {
      i++;
      continue;
    }
    int length = imap4i_utf8_decode(imap4i_tail(s, i), &cp);
    if (length <= 0) return false;
    i += (size_t)length;
  }
  return true;
}

static void skip(imap4_str *in, size_t n) {
  if (n == 0) return; /* |p| may be NULL then */
  in->p += n;
  in->n -= n;
}

bool imap4i_utf8_next(imap4i_utf8_cut *cut, imap4_str *in, bool last, uint32_t *cp) {
  if (cut->n == 0) {
    int length = imap4i_utf8_decode(*in, cp);
    if (length < 0) *cp = IMAP4I_REPLACEMENT;
    skip(in, (size_t)(length < 0 ? -length : length));
    if (length != 0) return true;
  }
  while (in->n > 0) {
    cut->p[cut->n] = in->p[0];
    int length = imap4i_utf8_decode(imap4i_str(cut->p, (size_t)cut->n + 1), cp);
    if (length >= 0) skip(in, 1);
    if (length == 0) {
      cut->n++;
      continue;
    }
    /* What was held before was a good beginning; so it is this octet that breaks it, and it stays. */
    if (length < 0) *cp = IMAP4I_REPLACEMENT;
    cut->n = 0;
    return true;
  }
  if (!last || cut->n == 0) return false;
  cut->n = 0;
  *cp = IMAP4I_REPLACEMENT;
  return true;
}
