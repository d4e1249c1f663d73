/* SPDX-License-Identifier: MIT */
/*
 * BINARY[...] of FETCH (RFC 3516): a section is decoded twice, first to learn how many octets there will be
 * and whether NUL is among them, then to be sent, so that it is never held.  What is asked for of the decoded
 * octets is the window.
 */
#ifndef IMAP4I_FETCH_BINARY_H
#define IMAP4I_FETCH_BINARY_H

#include "base/buf.h"
#include "base/transfer.h"

typedef struct imap4i_binary {
  imap4i_transfer transfer;
  uint64_t first; /* of the decoded octets, those of the window */
  uint64_t count;
  uint64_t total; /* decoded so far */
  bool nul;       /* one was seen in the window */
} imap4i_binary;

/* Another section begins; |encoding| is IMAP4I_ENCODING_*, none that is unknown. */
void imap4i_binary_begin(imap4i_binary *binary, int encoding, uint64_t first, uint64_t count);
/* Decode |data|, the last of the section if |last|; what of it is in the window is appended to |out|.
 * IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_binary_feed(imap4i_binary *binary, imap4_str data, bool last, imap4i_buf *out);
/* Octets of the window so far. */
uint64_t imap4i_binary_length(const imap4i_binary *binary);
/* Whether the window is complete, whatever follows. */
static inline bool imap4i_binary_full(const imap4i_binary *binary) {
  return imap4i_binary_length(binary) == binary->count;
}

#endif
