/* SPDX-License-Identifier: MIT */
/*
 * The response writer: values to the octets of a response, so that no value from a host, a store or a message
 * can make an illegal line (contract C10).  NUL never leaves: it becomes "?".
 *
 * Every function returns false without memory or when the buffer's maximum is reached; the buffer is then as
 * it was before.  |utf8| says that the client has enabled UTF8=ACCEPT (RFC 6855): then valid UTF-8 may stand
 * in a quoted string; without it, everything with 8-bit octets becomes a literal.
 */
#ifndef IMAP4I_WRITER_H
#define IMAP4I_WRITER_H

#include "base/buf.h"

/* Octets of resp-text that are sent at most. */
#define IMAP4I_TEXT_OCTETS 400

/* A quoted string where the grammar allows one and it is short, else a literal. */
IMAP4_MUST_USE bool imap4i_put_string(imap4i_buf *buf, imap4_str s, bool utf8);
/* The same; NIL when |s.p| is NULL. */
IMAP4_MUST_USE bool imap4i_put_nstring(imap4i_buf *buf, imap4_str s, bool utf8);
/* An atom where possible (never the word NIL), else as imap4i_put_string(). */
IMAP4_MUST_USE bool imap4i_put_astring(imap4i_buf *buf, imap4_str s, bool utf8);
/* Only a quoted string, for where the grammar has no literal (mailbox delimiters, tag strings): what cannot
 * stand in one, 8-bit octets included, becomes "?". */
IMAP4_MUST_USE bool imap4i_put_quoted(imap4i_buf *buf, imap4_str s);
/* The head of a literal, "{n}" CRLF, whose |n| octets the caller sends. */
IMAP4_MUST_USE bool imap4i_put_literal_head(imap4i_buf *buf, uint64_t n);
/* A mailbox name, UTF-8 inside, as modified UTF-7 (with |utf8|: as it is), an atom or a string. */
IMAP4_MUST_USE bool imap4i_put_mailbox(imap4i_buf *buf, imap4_str name, bool utf8);
/* "(\Answered \Seen $Kw \Recent)": system flags as bits, keywords separated by a space, \Recent if |recent|.
 * What is no atom among the keywords (and so "\Seen" too) is left out. */
IMAP4_MUST_USE bool imap4i_put_flags(imap4i_buf *buf, uint32_t system, imap4_str keywords, bool recent);
/* The same for PERMANENTFLAGS: no \Recent, and "\*" at the end if |any| keyword may be made up. */
IMAP4_MUST_USE bool imap4i_put_permanent_flags(imap4i_buf *buf, uint32_t system, imap4_str keywords,
                                               bool any);
/* An INTERNALDATE in quotes: "17-Jul-1996 02:44:25 -0700".  Years are held within 0000 and 9999, zones within
 * a day; a date that is not present is that of 1970-01-01 00:00:00 +0000. */
IMAP4_MUST_USE bool imap4i_put_date_time(imap4i_buf *buf, imap4_date date);
/* resp-text without code: CR, LF, NUL and everything that is not printable ASCII becomes "?"; cut at
 * IMAP4I_TEXT_OCTETS; a single "-" when empty; a "[" at the start, which would be a code, becomes "(". */
IMAP4_MUST_USE bool imap4i_put_text(imap4i_buf *buf, imap4_str text);
/* "[code] text": as above, with a response code without brackets; no code when |code| is empty or could not
 * stand in brackets. */
IMAP4_MUST_USE bool imap4i_put_code_text(imap4i_buf *buf, imap4_str code, imap4_str text);
/* A sequence set: "1:3,7".  |ranges| must not be empty. */
IMAP4_MUST_USE bool imap4i_put_uid_ranges(imap4i_buf *buf, imap4_uid_ranges ranges);

#endif
