/* SPDX-License-Identifier: MIT */
/*
 * Mod-sequences towards the client (RFC 7162): who is told of them, and what the client may take for the
 * mailbox's highest one.
 *
 * The client takes the highest MODSEQ that it has seen for the point up to which it knows everything (section
 * 6).  Where that is not so, because an EXPUNGE had to wait, it is told a lower HIGHESTMODSEQ before the
 * reply.
 */
#ifndef IMAP4I_MODSEQ_H
#define IMAP4I_MODSEQ_H

#include "core/dispatch.h"

/* Whether FETCH responses of the selected mailbox carry mod-sequences: the client has asked for them once,
 * and the mailbox has some. */
bool imap4i_shows_modseq(const imap4_session *s);
/* Whether it keeps HIGHESTMODSEQ, and everything up to it, from one connection to the next (QRESYNC). */
bool imap4i_resyncs(const imap4_session *s);
/* Whether it hears VANISHED instead of EXPUNGE: with QRESYNC and with UIDONLY. */
bool imap4i_shows_vanished(const imap4_session *s);
/* Whether [CLOSED] is told when a mailbox is left by SELECT (section 3.2.11). */
bool imap4i_shows_closed(const imap4_session *s);

/* "MODSEQ (n)" of a message. */
bool imap4i_put_modseq(imap4_session *s, uint64_t modseq);
/* "* OK [HIGHESTMODSEQ n]" or "* OK [NOMODSEQ]" of the selected mailbox, once for all that it holds now. */
bool imap4i_put_highest(imap4_session *s);
/* "* OK [CLOSED]", when the mailbox that is selected is about to be left. */
bool imap4i_put_closed(imap4_session *s);

/* A CONDSTORE enabling command begins (section 3.1); |uses|: it needs the mod-sequences of the selected
 * mailbox. STEP_AGAIN: go on; all else is what the step returns, STEP_DONE with a BAD. */
int imap4i_condstore_begin(imap4i_command *c, bool uses);

/* "* VANISHED uids" or "* VANISHED (EARLIER) uids" of the members of |uids| that are above |*after| and not
 * above |most|; at least one must be.  Takes some of them and moves |*after| behind them. */
int imap4i_tell_vanished(imap4i_command *c, imap4_uid_ranges uids, uint32_t most, bool earlier,
                         uint32_t *after);

/* At the end of an announcement: put right what the client takes for the highest mod-sequence. */
int imap4i_settle_highest(imap4i_command *c);

#endif
