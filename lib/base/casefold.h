/* SPDX-License-Identifier: MIT */
/*
 * Comparison without regard to case, as i;unicode-casemap has it (RFC 5051): every code point becomes its
 * titlecase and that its full decomposition; the results are then compared octet by octet.  Two traits come
 * with the RFC: "e" is found in "é", since that is "e" and an accent; and what a decomposition brings is not
 * mapped to titlecase again, so that folding twice is not the same as folding once.
 */
#ifndef IMAP4I_CASEFOLD_H
#define IMAP4I_CASEFOLD_H

#include "base/buf.h"
#include "base/flow.h"
#include "base/utf8.h"

/* U+FDFA stands for this many. */
#define IMAP4I_CASEFOLD_MAX 18

/* What |cp| becomes; returns the number of code points, at least 1. */
size_t imap4i_casefold(uint32_t cp, uint32_t out[IMAP4I_CASEFOLD_MAX]);

/* A stream of UTF-8 to its folding.  Zeroed at the start. */
typedef struct imap4i_fold {
  imap4i_utf8_cut cut;
} imap4i_fold;

/* See flow.h.  What is not UTF-8 becomes U+FFFD. */
bool imap4i_fold_feed(imap4i_fold *state, imap4i_flow *flow);

/* Append the folding of |in|.  False without memory; then nothing is appended. */
IMAP4_MUST_USE bool imap4i_fold_str(imap4_str in, imap4i_buf *out);

#endif
