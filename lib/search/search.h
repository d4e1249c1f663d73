/* SPDX-License-Identifier: MIT */
/*
 * SEARCH (RFC 3501 section 6.4.4): whether one message after another meets the criteria of a command.  A
 * push machine without I/O: it says which octets of a message it still needs, is fed what was read, and stops
 * as soon as nothing unread can change the answer.
 *
 *   imap4i_search_begin() -> YES or NO, or UNDECIDED:
 *     imap4i_search_digest() -> YES or NO, or UNDECIDED:
 *       while (imap4i_search_need()) imap4i_search_feed() -> YES or NO, or UNDECIDED: again
 */
#ifndef IMAP4I_SEARCH_H
#define IMAP4I_SEARCH_H

#include "base/mem.h"
#include "imap4/error.h"
#include "imap4/limits.h"
#include "imap4/store.h"
#include "wire/command.h"

/* Results beside negative errors. */
#define IMAP4I_SEARCH_NO 0
#define IMAP4I_SEARCH_YES 1
#define IMAP4I_SEARCH_UNDECIDED 2

typedef struct imap4i_search imap4i_search;

/* Prepare; |args| and what it points to must live as long as the search, |limits| only during the call.
 * IMAP4_OK, IMAP4_ERR_NOMEM, or IMAP4_ERR_INVALID when the keys are not one expression. */
IMAP4_MUST_USE int imap4i_search_new(imap4i_mem *mem, const imap4i_search_args *args,
                                     const imap4_limits *limits, imap4i_search **out);
/* NULL is allowed. */
void imap4i_search_free(imap4i_search *search);

/* IMAP4_ATTR_* that rows must carry; IMAP4_ATTR_DIGEST only if a key may need the message itself. */
uint32_t imap4i_search_attributes(const imap4i_search *search);

/* What is known of a message without reading it. */
typedef struct imap4i_search_message {
  const imap4_row *row;
  uint32_t seq;
  bool recent;
  uint32_t max_seq; /* what "*" stands for */
  uint32_t max_uid;
} imap4i_search_message;

/* Begin with a message; what was known of the one before is forgotten.  |message| is read during the call
 * only.  YES, NO or UNDECIDED. */
int imap4i_search_begin(imap4i_search *search, const imap4i_search_message *message);

/* UNDECIDED: take the message's structure from a digest that imap4i_digest_valid() approved; it is read
 * during the call only.  YES, NO, UNDECIDED or IMAP4_ERR_NOMEM. */
int imap4i_search_digest(imap4i_search *search, imap4_str digest);

/* The octets of the message that are needed next; |length| > 0.  Fewer may be fed than named here, in any
 * cut.  False when nothing is needed: the message is decided. */
bool imap4i_search_need(imap4i_search *search, uint64_t *offset, uint64_t *length);

/* The octets at |offset| as named by imap4i_search_need(); what is more than |length| is not looked at. Empty
 * |data| says that the message ends before.  YES, NO, UNDECIDED or IMAP4_ERR_NOMEM. */
int imap4i_search_feed(imap4i_search *search, imap4_str data);

#endif
