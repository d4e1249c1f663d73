/* SPDX-License-Identifier: MIT */
/* Which messages a SEARCH is about: those that its sets leave.  With MESSAGELIMIT (RFC 9738) a client goes on
 * below the lowest message of an answer by naming the others, so messages that it has not named do not count.
 */
#ifndef IMAP4I_SCOPE_H
#define IMAP4I_SCOPE_H

#include "core/view.h"

/* |to| becomes the messages of the view that are in every set of which |args| is a conjunction.  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_search_scope(imap4i_view *view, const imap4i_search_args *args, imap4i_uidset *to);

#endif
