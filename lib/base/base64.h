/* SPDX-License-Identifier: MIT */
/*
 * Base64 (RFC 4648 section 4): as mail has it, in a stream and with anything between the characters; and as
 * SASL has it, whole and exact.
 */
#ifndef IMAP4I_BASE64_H
#define IMAP4I_BASE64_H

#include "base/buf.h"
#include "base/flow.h"

/* Zeroed at the start. */
typedef struct imap4i_base64 {
  uint32_t bits; /* the low |n| bits of it wait for more */
  uint8_t n;
  bool ended; /* padding was seen: the rest is ignored */
} imap4i_base64;

/* Skips what is not of the alphabet, takes missing padding for granted; never fails (see flow.h). */
bool imap4i_base64_feed(imap4i_base64 *state, imap4i_flow *flow);

/* Append what |in| stands for.  IMAP4_ERR_INVALID for foreign characters, line breaks, wrong or missing
 * padding and padding bits that are not zero; IMAP4_ERR_NOMEM.  On failure nothing is appended. */
IMAP4_MUST_USE int imap4i_base64_decode(imap4_str in, imap4i_buf *out);

/* Append |in| as base64 in one line; false without memory. */
IMAP4_MUST_USE bool imap4i_base64_encode(imap4_str in, imap4i_buf *out);

#endif
