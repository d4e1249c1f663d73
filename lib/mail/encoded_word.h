/* SPDX-License-Identifier: MIT */
/*
 * Encoded words (RFC 2047, with the language tags of RFC 2231 section 5) in header values, decoded.
 */
#ifndef IMAP4I_ENCODED_WORD_H
#define IMAP4I_ENCODED_WORD_H

#include "base/buf.h"
#include "base/charset_cache.h"

/*
 * Append |text| to |out| with its encoded words as UTF-8, by converters of |charsets|.  All else is passed on
 * as it stands, words that are not well-formed too, and those behind the first |max|; a charset that is not
 * known is taken for UTF-8.  Each word ends its last character: halves of one in adjacent words become
 * U+FFFD.  IMAP4_OK or IMAP4_ERR_NOMEM (|out| is full).
 */
int imap4i_encoded_words(imap4_str text, size_t max, imap4i_charset_cache *charsets, imap4i_buf *out);

#endif
