/* SPDX-License-Identifier: MIT */
/*
 * The digest of a stored message: the one that came with its row if it is good, else one made by reading the
 * message, which the store is then asked to keep.  One path for FETCH and SEARCH.
 */
#ifndef IMAP4I_DIGESTER_H
#define IMAP4I_DIGESTER_H

#include "core/dispatch.h"
#include "mail/walker.h"

/* Octets that are asked for in one read. */
#define IMAP4I_READ_OCTETS 32768

typedef struct imap4i_digester {
  imap4i_walker *walker; /* owns a digest that was made here */
  imap4_str digest;      /* when done */
  uint64_t offset;
  uint64_t size;
  void *mailbox;
  uint32_t uid;
  uint8_t phase;
} imap4i_digester;

/* Whether |digest|, as a store gave it, is that of a message of |size| octets and unharmed. */
bool imap4i_digest_serves(const imap4_session *s, imap4_str digest, uint64_t size);

/* |row| has UID and size, and perhaps a digest, which must live as long as it is used here. */
void imap4i_digester_begin(imap4i_digester *d, void *mailbox, const imap4_row *row);
/* IMAP4I_STEP_DONE: |digest| is there if |*failure| is IMAP4_OK, else that says why not (IMAP4_ST_*).  Others
 * as a command's step. */
int imap4i_digester_step(imap4i_digester *d, imap4_session *s, int *failure);
void imap4i_digester_free(imap4i_digester *d);

/* Ask for octets of a message, at most what one read takes. */
int imap4i_read(imap4_session *s, void *mailbox, uint32_t uid, uint64_t offset, uint64_t left);

#endif
