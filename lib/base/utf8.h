/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 (RFC 3629), strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef IMAP4I_UTF8_H
#define IMAP4I_UTF8_H

#include "base/flow.h"

#define IMAP4I_UTF8_MAX 4
/* What stands for octets that mean nothing. */
#define IMAP4I_REPLACEMENT 0xFFFDu

/* The first character of |s|: its length, 1 to 4, with |*cp| set.  0: |s| is empty or the beginning of a
 * character.  -k: the first k octets cannot be part of a character, as much as is replaced by one U+FFFD. */
int imap4i_utf8_decode(imap4_str s, uint32_t *cp);
/* Write |cp|; returns the number of octets, 0 if it is no character. */
size_t imap4i_utf8_encode(uint32_t cp, char out[IMAP4I_UTF8_MAX]);
/* Write |cp|, for which there is room. */
static inline void imap4i_utf8_put(imap4i_flow *flow, uint32_t cp) {
  size_t length = imap4i_utf8_encode(cp, flow->out);
  flow->out += length;
  flow->room -= length;
}
bool imap4i_utf8_valid(imap4_str s);

/* Where a stream was cut inside a character.  Zeroed at the start. */
typedef struct imap4i_utf8_cut {
  char p[IMAP4I_UTF8_MAX];
  uint8_t n;
} imap4i_utf8_cut;

/* Take one character off the stream whose next octets are |*in|, U+FFFD for what is none.  False: |*in| is
 * used up, and if |last| is set so is the stream. */
bool imap4i_utf8_next(imap4i_utf8_cut *cut, imap4_str *in, bool last, uint32_t *cp);

#endif
