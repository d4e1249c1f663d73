/* SPDX-License-Identifier: MIT */
/* The attributes of one mailbox, found in the store's list of names. */
#ifndef IMAP4I_LOOKUP_H
#define IMAP4I_LOOKUP_H

#include "core/dispatch.h"

typedef struct imap4i_lookup {
  imap4_str name;
  imap4i_buf after;    /* names up to this one are before it */
  uint32_t attributes; /* IMAP4_MAILBOX_*; 0 while the name was not found */
  bool asked;
} imap4i_lookup;

/* |name| must outlive the steps. */
IMAP4_MUST_USE bool imap4i_lookup_init(imap4i_lookup *lookup, imap4_session *s, imap4_str name);
/* IMAP4I_STEP_DONE when the name was found or is not there: |*failure| is IMAP4_OK or the store's. */
int imap4i_lookup_step(imap4i_lookup *lookup, imap4_session *s, int *failure);
void imap4i_lookup_free(imap4i_lookup *lookup);

#endif
