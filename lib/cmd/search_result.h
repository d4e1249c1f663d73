/* SPDX-License-Identifier: MIT */
/*
 * What a SEARCH has found and how it is told: the SEARCH response of RFC 3501, or the ESEARCH response with
 * the items that the client asked for (RFC 4731, RFC 9394), or not at all if it is saved only (RFC 5182).
 * Keeps UIDs, as ranges, and only if an item needs them; for MIN, MAX and COUNT alone a mailbox of any size
 * costs nothing.
 */
#ifndef IMAP4I_SEARCH_RESULT_H
#define IMAP4I_SEARCH_RESULT_H

#include "cmd/partial.h"
#include "core/dispatch.h"

typedef struct imap4i_search_result {
  uint32_t options; /* IMAP4I_RETURN_* */
  imap4i_partial partial;
  imap4i_uidset found; /* UIDs; empty if no item needs them */
  imap4i_uidset part;  /* those that PARTIAL asks for */
  uint32_t min;        /* UIDs; 0: nothing was found */
  uint32_t max;
  uint64_t count;      /* messages found */
  uint64_t modseq;     /* the highest of them; these three only if |tells_modseq| */
  uint64_t min_modseq; /* that of |min| */
  uint64_t max_modseq;
  uint64_t part_modseq; /* the highest of |part| */
  size_t at;            /* while it is told: the next range of those that are listed */
  uint32_t told;        /* UIDs up to this one were told */
  imap4_uid_range run;  /* numbers that are to be told next; |first| 0: none */
  uint8_t phase;
  bool listing;      /* a number was told */
  bool tells_modseq; /* set by the command: a key asks for mod-sequences (RFC 7162 section 3.1.5) */
} imap4i_search_result;

void imap4i_search_result_init(imap4i_search_result *result, imap4i_mem *mem, const imap4i_search_args *args);
void imap4i_search_result_free(imap4i_search_result *result);
/* A message was found; UIDs ascend.  False without memory. */
IMAP4_MUST_USE bool imap4i_search_result_add(imap4i_search_result *result, const imap4_row *row);
/* Whether the answer stays as it is whatever else is found. */
bool imap4i_search_result_settled(const imap4i_search_result *result);
/* All is found.  False without memory. */
IMAP4_MUST_USE bool imap4i_search_result_end(imap4i_search_result *result);
/* The messages whose mod-sequences must be noted before the result is told, if any: a page is known at the
 * end only, and its mod-sequences are not kept until then. */
imap4_uid_ranges imap4i_search_result_unnoted(const imap4i_search_result *result);
void imap4i_search_result_note(imap4i_search_result *result, const imap4_row *row);
/* Save what RFC 5182 section 2.4 says of it in the view.  IMAP4_OK, IMAP4_ST_LIMIT, IMAP4_ERR_NOMEM; what was
 * saved before is gone in any case. */
int imap4i_search_result_save(const imap4i_search_result *result, imap4_session *s);
/* Write the response, piece by piece: steps until IMAP4I_STEP_DONE.  In UIDs for a UID command, else in
 * sequence numbers of the view. */
int imap4i_search_result_tell(imap4i_search_result *result, imap4i_command *c);

#endif
