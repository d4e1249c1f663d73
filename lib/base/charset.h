/* SPDX-License-Identifier: MIT */
/*
 * From a named charset to UTF-8, in a stream.  US-ASCII, UTF-8, ISO-8859-1, ISO-8859-15 and windows-1252 are
 * always there; others come from the C library where it has them (iconv.h).  What comes out is always valid
 * UTF-8: octets that mean nothing become U+FFFD.
 */
#ifndef IMAP4I_CHARSET_H
#define IMAP4I_CHARSET_H

#include "base/iconv.h"
#include "base/utf8.h"

typedef struct imap4i_charset {
  int kind;
  imap4i_utf8_cut cut; /* UTF-8 */
  imap4i_iconv iconv;  /* what is not built in */
} imap4i_charset;

/* Whether what is said to be in |name| is best taken for UTF-8 as it stands: no name, UTF-8, and US-ASCII,
 * whose other octets are UTF-8 where they mean anything. */
bool imap4i_charset_is_utf8(imap4_str name);
/* Whether in charset |name|, which is usual in mail, an octet up to 0x7f is ASCII, or belongs to a character
 * that began above 0x7f shortly before. */
bool imap4i_charset_keeps_ascii(imap4_str name);

/* IMAP4_OK, then to be closed; IMAP4_ERR_INVALID if |name| is not known; IMAP4_ERR_NOMEM.  Names that are
 * built in cannot fail, and are so under their usual aliases. */
IMAP4_MUST_USE int imap4i_charset_open(imap4i_charset *charset, imap4_str name);
/* May be called after a failed open too, and twice. */
void imap4i_charset_close(imap4i_charset *charset);
/* Another text in the same charset begins; |charset| is open. */
void imap4i_charset_restart(imap4i_charset *charset);
/* See flow.h. */
bool imap4i_charset_feed(imap4i_charset *state, imap4i_flow *flow);

#endif
