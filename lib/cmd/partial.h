/* SPDX-License-Identifier: MIT */
/* Pages of a list of messages (RFC 9394), for SEARCH and UID FETCH. */
#ifndef IMAP4I_PARTIAL_H
#define IMAP4I_PARTIAL_H

#include "base/uidset.h"
#include "wire/command.h"

/* |to|, another set, becomes the part of |messages| that is asked for; what is not there is left out.  False
 * without memory. */
IMAP4_MUST_USE bool imap4i_partial_cut(const imap4i_partial *partial, imap4_uid_ranges messages,
                                       imap4i_uidset *to);

/* How many messages from the end where it counts must be there for the part to be whole. */
static inline uint32_t imap4i_partial_reach(const imap4i_partial *partial) {
  return partial->first > partial->last ? partial->first : partial->last;
}

#endif
