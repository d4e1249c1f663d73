/* SPDX-License-Identifier: MIT */
/*
 * Content-Transfer-Encoding (RFC 2045 section 6): any of the three ways to decode, behind one function.
 */
#ifndef IMAP4I_TRANSFER_H
#define IMAP4I_TRANSFER_H

#include "base/base64.h"
#include "base/qp.h"

enum { IMAP4I_TRANSFER_IDENTITY, IMAP4I_TRANSFER_BASE64, IMAP4I_TRANSFER_QP };

typedef struct imap4i_transfer {
  int kind;
  union {
    imap4i_base64 base64;
    imap4i_qp qp;
  } state;
} imap4i_transfer;

/* Begin to decode |encoding|, the field's value without comments and white space; empty means 7bit.  False
 * if it is none of RFC 2045; then the state is good for identity. */
bool imap4i_transfer_init(imap4i_transfer *transfer, imap4_str encoding);

/* See flow.h. */
bool imap4i_transfer_feed(imap4i_transfer *state, imap4i_flow *flow);

#endif
