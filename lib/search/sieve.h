/* SPDX-License-Identifier: MIT */
/*
 * What can be said of text before it is unfolded, converted and folded: where a needle cannot be.  Of a
 * needle the sieve knows a run of ASCII letters, digits and signs.  Text that is ASCII has to have the run as
 * it is, but for case: neither folding nor unfolding change what stands between two such characters.
 */
#ifndef IMAP4I_SIEVE_H
#define IMAP4I_SIEVE_H

#include "base/str.h"

/* Longest run that is looked at.  It bounds the work that text made of almost-needles can cause. */
#define IMAP4I_SIEVE_RUN 16

typedef struct imap4i_sieve {
  bool blind;       /* the needle is of white space and controls only: it can be anywhere */
  bool crosses;     /* it has CR or LF: it can reach from one line to another */
  uint8_t length;   /* of the run; 0: the needle cannot be where all is ASCII */
  uint8_t pair;     /* where in the run its two rarest neighbours are */
  uint8_t gap;      /* 0 if the run has one character only, else 1 */
  uint8_t masks[2]; /* of the pair: 0x20 for letters */
  uint8_t marks[2]; /* with the mask set */
  char run[IMAP4I_SIEVE_RUN];
} imap4i_sieve;

/* |needle| is folded and not empty; |rarity| of an octet is larger the fewer of them text has. */
void imap4i_sieve_init(imap4i_sieve *sieve, imap4_str needle, size_t (*rarity)(char c));

/* Octets with which |text| begins that cannot end or begin what is looked for: none is above 0x7f, and in
 * them the run is not whole.  A needle that lies in them in part can reach beyond their ends. */
size_t imap4i_sieve_body(const imap4i_sieve *sieve, imap4_str text);
/* The same for a header as it stands in the message: encoded words and NUL end it too, since what is read is
 * not what stands there. */
size_t imap4i_sieve_header(const imap4i_sieve *sieve, imap4_str text);

#endif
