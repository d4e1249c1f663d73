/* SPDX-License-Identifier: MIT */
/* The checks of what stores answer, and the copy of an answer that came late; see answer.c. */
#ifndef IMAP4I_ANSWER_H
#define IMAP4I_ANSWER_H

#include "core/op.h"

/* Whatever number a store returned: IMAP4_OK or an IMAP4_ST_* that has a defined reply. */
int imap4i_answer_status(int status);
/* Whether |s->op.result| keeps to what store.h says of it. */
bool imap4i_answer_valid(const imap4_session *s);
/* Copy what the result points to into |op->copies|: it is the host's only until imap4_op_complete() returns.
 * Digests of more octets are left out.  False without memory. */
bool imap4i_answer_copy(imap4i_op *op, uint32_t digest_octets);

#endif
