/* SPDX-License-Identifier: MIT */
/*
 * The numbers of STATUS for one mailbox: from the store if it knows them, else by opening the mailbox and
 * counting.  For STATUS and for LIST with RETURN (STATUS ...).
 */
#ifndef IMAP4I_TALLY_H
#define IMAP4I_TALLY_H

#include "core/modseq.h"

typedef struct imap4i_tally {
  imap4_str name;
  uint32_t items; /* IMAP4_STATUS_* */
  uint8_t phase;
  void *mailbox; /* open while it is counted */
  imap4_status_result numbers;
  uint32_t first_recent;
  uint32_t after; /* UIDs up to this one are counted */
  char mailbox_id[IMAP4I_OBJECT_ID_OCTETS];
  uint8_t mailbox_id_octets; /* 0: there is none */
} imap4i_tally;

/* The items must be known to the client.  Those of RFC 7162 make it one that hears of mod-sequences (section
 * 3.1).  IMAP4I_STEP_AGAIN, or what the step returns: IMAP4I_STEP_DONE with BAD as the reply. */
int imap4i_begin_status_items(imap4i_command *c, uint32_t items);

/* |name| must live as long as the tally. */
void imap4i_tally_init(imap4i_tally *x, imap4_str name, uint32_t items);
/* IMAP4I_STEP_DONE when it is over: |*failure| is IMAP4_OK or why there are no numbers. */
int imap4i_tally_step(imap4i_tally *x, imap4i_command *c, int *failure);
/* "* STATUS name (...)" and CRLF.  False without memory. */
IMAP4_MUST_USE bool imap4i_tally_put(const imap4i_tally *x, imap4i_command *c);
void imap4i_tally_free(imap4i_tally *x, imap4_session *s);

#endif
