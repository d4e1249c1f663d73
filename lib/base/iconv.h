/* SPDX-License-Identifier: MIT */
/*
 * The C library's iconv, where it is to be used (macro IMAP4_ICONV).  Without it no charset is known here.
 */
#ifndef IMAP4I_ICONV_H
#define IMAP4I_ICONV_H

#include "base/flow.h"

#define IMAP4I_ICONV_HELD 16

/* Converters that there can be; each has a number below it, but for a few that share the last one. */
#define IMAP4I_ICONV_NUMBERS 160

typedef struct imap4i_iconv {
  void *handle;                 /* NULL: closed */
  char held[IMAP4I_ICONV_HELD]; /* the beginning of a character, where the input was cut */
  uint8_t n;
  uint8_t unit;   /* octets to skip where the input is invalid */
  uint8_t number; /* which converter this is, whatever name it was asked for by */
  bool flushed;
} imap4i_iconv;

/* IMAP4_OK, then to be closed; IMAP4_ERR_INVALID if |name| is not known; IMAP4_ERR_NOMEM. */
IMAP4_MUST_USE int imap4i_iconv_open(imap4i_iconv *state, imap4_str name);
void imap4i_iconv_close(imap4i_iconv *state);
/* Another text begins; |state| is open. */
void imap4i_iconv_restart(imap4i_iconv *state);
/* See flow.h. */
bool imap4i_iconv_feed(imap4i_iconv *state, imap4i_flow *flow);

#endif
