/* SPDX-License-Identifier: MIT */
/*
 * Quoted-printable (RFC 2045 section 6.7), decoding.  Nothing is an error: what is not a proper escape is
 * passed on as it stands.
 */
#ifndef IMAP4I_QP_H
#define IMAP4I_QP_H

#include "base/flow.h"

/* Longest white space that is dropped at the end of a line; encoded lines have 76 octets at most. */
#define IMAP4I_QP_HELD 80

/* Zeroed at the start. */
typedef struct imap4i_qp {
  char held[IMAP4I_QP_HELD]; /* read, not decided: white space, or "=" and what follows it */
  uint8_t n;
  uint8_t sent;  /* while |decided|: octets of |held| already written */
  bool decided;  /* |held| is plain text and goes out first */
  bool after_cr; /* a soft line break ended in CR: an LF belongs to it */
} imap4i_qp;

/* See flow.h. */
bool imap4i_qp_feed(imap4i_qp *state, imap4i_flow *flow);

#endif
