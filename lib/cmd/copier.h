/* SPDX-License-Identifier: MIT */
/*
 * Copying and moving messages to another mailbox: by the store if it can, else by reading and appending, and
 * for a move expunging.  For COPY, MOVE and RENAME INBOX.
 */
#ifndef IMAP4I_COPIER_H
#define IMAP4I_COPIER_H

#include "core/batch.h"

typedef struct imap4i_copier {
  void *mailbox; /* from */
  imap4_uid_ranges uids;
  imap4_str to;
  bool move;
  bool whole; /* nothing is copied unless all messages are there (RFC 2180 section 4.4) */
  void *upload;
  imap4i_batch batch;
  imap4i_uidset source; /* that were copied */
  uint64_t offset;      /* in the message under way */
  uint8_t phase;
  imap4_str code; /* "COPYUID ...", in the command's arena, or empty */
  uint64_t copied;
  bool over_quota; /* the store says so of the mailbox copied to */
} imap4i_copier;

/* |uids| and |to| must live as long as the copier. */
void imap4i_copier_init(imap4i_copier *x, imap4_session *s, void *mailbox, imap4_uid_ranges uids,
                        imap4_str to, bool move, bool whole);
/* IMAP4I_STEP_DONE when it is over: |*failure| is IMAP4_OK or why nothing was copied. */
int imap4i_copier_step(imap4i_copier *x, imap4i_command *c, int *failure);
void imap4i_copier_free(imap4i_copier *x, imap4_session *s);

#endif
