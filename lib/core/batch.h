/* SPDX-License-Identifier: MIT */
/*
 * Rows of messages, page by page, for commands that call the store between rows: a page is copied, since an
 * answer is valid until the next call only.
 *
 * A store gives rows from lower to higher UIDs.  Where they are wanted the other way round, each page is made
 * of the highest UIDs that are left, gathered until it is whole, and turned over.
 */
#ifndef IMAP4I_BATCH_H
#define IMAP4I_BATCH_H

#include "core/dispatch.h"

/* Rows in a page when each carries a digest. */
#define IMAP4I_DIGEST_ROWS 16

typedef struct imap4i_batch {
  imap4i_arena arena;
  imap4_row *rows;
  uint32_t count;
  uint32_t at;            /* the row under way */
  uint32_t after;         /* UID where the next answer begins */
  uint64_t changed_since; /* only rows with a greater mod-sequence; 0: all */
  uint64_t total;         /* rows so far */
  uint32_t most;          /* rows in a page */
  bool last;
  bool descending; /* from the highest UID to the lowest; set before the first page is asked for */
  bool gathering;  /* then: the page is not whole, |gathered| of its rows are there and |count| is 0 */
  uint32_t gathered;
  uint32_t lowest;      /* of all that is asked for */
  imap4i_uidset window; /* the UIDs of such a page */
} imap4i_batch;

void imap4i_batch_init(imap4i_batch *batch, imap4i_mem *mem);
void imap4i_batch_free(imap4i_batch *batch);
/* Ask for the next page, or for more of one that is not whole. */
int imap4i_batch_ask(imap4i_batch *batch, imap4_session *s, void *mailbox, imap4_uid_ranges uids,
                     uint32_t attributes);
/* Copy the answer, which must be IMAP4_OK.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_batch_take(imap4i_batch *batch, imap4_session *s);
/* The row under way; NULL at the end of the page, and while it is not whole. */
static inline const imap4_row *imap4i_batch_row(const imap4i_batch *batch) {
  return batch->at < batch->count ? &batch->rows[batch->at] : NULL;
}

#endif
