/* SPDX-License-Identifier: MIT */
/*
 * Modified UTF-7, the form of mailbox names (RFC 3501 section 5.1.3), to and from UTF-8.  Strict both ways,
 * so that each name has exactly one form and the two functions undo each other.
 */
#ifndef IMAP4I_UTF7_H
#define IMAP4I_UTF7_H

#include "base/buf.h"

/* Whether a mailbox name may have |cp|: no control characters and no line or paragraph separators
 * (RFC 6855 section 3), no surrogates. */
bool imap4i_is_name_char(uint32_t cp);

/*
 * Append |in| in the other form.  IMAP4_ERR_INVALID if |in| is not well formed (to decode: octets that are
 * not printable ASCII, a shift that is not ended, superfluous or empty, printable ASCII inside it, half a
 * surrogate pair, padding bits that are not zero) or has a character that no name may have;
 * IMAP4_ERR_NOMEM.  On failure nothing is appended.
 */
IMAP4_MUST_USE int imap4i_utf7_decode(imap4_str in, imap4i_buf *out);
IMAP4_MUST_USE int imap4i_utf7_encode(imap4_str in, imap4i_buf *out);

#endif
