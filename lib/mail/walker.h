/* SPDX-License-Identifier: MIT */
/*
 * The walker: takes a message in pieces of any cut and makes its digest.  Memory goes by the limits, not by
 * the message: of bodies nothing is kept, of headers the field under way and what ENVELOPE and
 * BODYSTRUCTURE show.
 */
#ifndef IMAP4I_WALKER_H
#define IMAP4I_WALKER_H

#include "base/mem.h"
#include "imap4/limits.h"

typedef struct imap4i_walker imap4i_walker;

/* |limits| and |mem| must outlive the walker.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_walker_new(imap4i_mem *mem, const imap4_limits *limits, imap4i_walker **out);
/* More octets of the message.  IMAP4_OK, or IMAP4_ERR_NOMEM, which stays. */
int imap4i_walker_feed(imap4i_walker *walker, imap4_str data);
/* The message is complete.  The digest lives until imap4i_walker_free().  What would make it larger than
 * limits->digest_octets is left out; sizes are true all the same.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_walker_finish(imap4i_walker *walker, imap4_str *digest);
void imap4i_walker_free(imap4i_walker *walker); /* NULL is allowed */

#endif
