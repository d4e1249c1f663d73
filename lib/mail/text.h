/* SPDX-License-Identifier: MIT */
/*
 * Header text: unfolding and trimming, and strings of a response (RFC 3501 section 9, string and nstring)
 * made from the octets of a message.
 */
#ifndef IMAP4I_TEXT_H
#define IMAP4I_TEXT_H

#include "base/buf.h"

/* WSP of RFC 5234 and the octets of line ends: white space of a field as it stands, perhaps folded. */
static inline bool imap4i_is_wsp(char c) {
  return imap4i_is_blank(c) || c == '\r' || c == '\n';
}

/* Without white space at both ends. */
imap4_str imap4i_trim(imap4_str s);
/* Unfold in place (RFC 5322 section 2.2.3): line ends go, NUL goes, all else stays; but |spaces| puts one
 * space for each line end and the white space behind it.  Returns the new length. */
size_t imap4i_unfold(char *p, size_t n, bool spaces);
/* Append |s| as a string: quoted where that is possible, else as a literal.  NUL is left out.  False
 * without memory. */
IMAP4_MUST_USE bool imap4i_text_string(imap4i_buf *out, imap4_str s);
/* Append |s| as a string in upper case. */
IMAP4_MUST_USE bool imap4i_text_upper(imap4i_buf *out, imap4_str s);
/* Append |s| as a string without its line ends (RFC 5322 section 2.2.3); white space stays as it is. */
IMAP4_MUST_USE bool imap4i_text_unfolded(imap4i_buf *out, imap4_str s);
/* Append |s| as a string, each run of white space and line ends as one space, none at the ends. */
IMAP4_MUST_USE bool imap4i_text_collapsed(imap4i_buf *out, imap4_str s);

#endif
