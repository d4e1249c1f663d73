/* SPDX-License-Identifier: MIT */
/*
 * Lexical tokens of structured header fields (RFC 5322 section 3.2, RFC 2045 section 5.1), taken off the
 * front of a span.  Line ends count as white space wherever they stand, so fields may come folded or
 * unfolded.  8-bit octets count as atom text.
 */
#ifndef IMAP4I_TOKEN_H
#define IMAP4I_TOKEN_H

#include "base/str.h"

/* RFC 5322 atext, and 8-bit octets. */
bool imap4i_is_atext(char c);
/* RFC 2045: token, 7-bit only. */
bool imap4i_is_token_char(char c);

/* Skip white space and comments; |*comment| becomes the inside of the last comment if there is one.  A
 * comment that is not closed reaches to the end, and false says so.  NULL: not wanted. */
bool imap4i_skip_cfws(imap4_str *s, imap4_str *comment);
/* Take a token; empty if there is none here. */
imap4_str imap4i_take_token(imap4_str *s);
/* The same with 8-bit octets, which names in real mail have. */
imap4_str imap4i_take_token8(imap4_str *s);

#endif
