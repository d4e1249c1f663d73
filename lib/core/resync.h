/* SPDX-License-Identifier: MIT */
/*
 * VANISHED (EARLIER) (RFC 7162 section 3.2.10.1): which of the messages that a client knows are gone.  The
 * store's log says so, and costs as much as there is in it; where there is none, or it does not reach back so
 * far, all UIDs count as gone that the client asks about and the mailbox does not have.  Never is one told
 * that the view has, nor one that is still to come.
 */
#ifndef IMAP4I_RESYNC_H
#define IMAP4I_RESYNC_H

#include "core/modseq.h"

typedef struct imap4i_resync {
  imap4i_uidset asked; /* what the client asks about, none that is still to come */
  imap4i_uidset gone;  /* of these, what is found to be gone */
  uint64_t since;
  uint32_t after;
  uint32_t known_up_to; /* the client knows what is gone up to this UID */
  uint8_t phase;
} imap4i_resync;

/* Ask about |uids|, which may be "$"; NULL: all.  IMAP4_OK or IMAP4_ERR_NOMEM.  Free it in either case. */
int imap4i_resync_begin(imap4i_resync *r, imap4_session *s, const imap4i_set *uids, uint64_t since);
/* Sequence match data (section 3.2.5.2): both sets are ascending and have as many members. */
void imap4i_resync_match(imap4i_resync *r, imap4_session *s, const imap4i_set *seqs, const imap4i_set *uids);
/* Steps until IMAP4I_STEP_DONE. */
int imap4i_resync_step(imap4i_resync *r, imap4i_command *c);
void imap4i_resync_free(imap4i_resync *r);

#endif
