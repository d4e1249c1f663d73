/* SPDX-License-Identifier: MIT */
/*
 * The one shape of all streaming decoders: base64, quoted-printable, identity (transfer.h), conversion to
 * UTF-8 (charset.h) and case folding (casefold.h).  Each is
 *
 *   bool imap4i_NAME_feed(imap4i_NAME *state, imap4i_flow *flow);
 *
 * which moves octets from |in| to |out|.  True: all of |in| is taken, and if |last| is set all of the result
 * is written.  False: |out| is too full, call again with more room.  Given IMAP4I_FLOW_ROOM or more, a call
 * that returns false has moved something, so that chains of decoders cannot stall.  What comes out depends
 * on the whole of what goes in and never on where it was cut.
 */
#ifndef IMAP4I_FLOW_H
#define IMAP4I_FLOW_H

#include "base/str.h"

/* More than the longest result of one character, which is the case folding of U+FDFA with 33 octets. */
#define IMAP4I_FLOW_ROOM 64

typedef struct imap4i_flow {
  imap4_str in; /* what is left to read */
  bool last;    /* nothing comes after |in| */
  char *out;    /* where the next octet goes */
  size_t room;  /* octets free at |out| */
} imap4i_flow;

static inline void imap4i_flow_take(imap4i_flow *flow, size_t n) {
  if (n == 0) return; /* |p| may be NULL then */
  flow->in.p += n;
  flow->in.n -= n;
}

/* Put an octet, for which there is room. */
static inline void imap4i_flow_put(imap4i_flow *flow, char c) {
  *flow->out++ = c;
  flow->room--;
}

/* Pass |n| octets on unchanged, for which there is room. */
static inline void imap4i_flow_pass(imap4i_flow *flow, size_t n) {
  if (n == 0) return;
  memcpy(flow->out, flow->in.p, n);
  flow->out += n;
  flow->room -= n;
  imap4i_flow_take(flow, n);
}

#endif
