/* SPDX-License-Identifier: MIT */
/*
 * Transfer decoding (RFC 2045 section 6): any of the three ways, behind one function.
 */
#ifndef IMAP4I_TRANSFER_H
#define IMAP4I_TRANSFER_H

#include "base/base64.h"
#include "base/qp.h"

enum {
  IMAP4I_TRANSFER_IDENTITY, /* 7bit, 8bit, binary */
  IMAP4I_TRANSFER_BASE64,
  IMAP4I_TRANSFER_QP
};

typedef struct imap4i_transfer {
  int kind;
  union {
    imap4i_base64 base64;
    imap4i_qp qp;
  } state;
} imap4i_transfer;

/* Another body begins; |kind| is IMAP4I_TRANSFER_*. */
void imap4i_transfer_begin(imap4i_transfer *transfer, int kind);
/* See flow.h. */
bool imap4i_transfer_feed(imap4i_transfer *state, imap4i_flow *flow);

#endif
