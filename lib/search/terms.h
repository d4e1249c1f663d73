/* SPDX-License-Identifier: MIT */
/*
 * What the keys of a SEARCH compare with, prepared once per command: sets of numbers in order, text folded
 * to needles.  A term belongs to the key whose index it has.
 */
#ifndef IMAP4I_TERMS_H
#define IMAP4I_TERMS_H

#include "base/arena.h"
#include "base/uidset.h"
#include "search/matcher.h"
#include "wire/command.h"

/* A set without "*" but for ranges from |from| upwards: "4:*" and "*:4" are all numbers from the smaller of 4
 * and the largest number in use. */
typedef struct imap4i_set_term {
  size_t key;
  imap4i_uidset numbers;
  bool open; /* |from| counts */
  uint32_t from;
} imap4i_set_term;

typedef struct imap4i_terms {
  imap4i_mem *mem;
  imap4i_arena arena; /* folded text */
  imap4i_set_term *sets;
  size_t set_count;
  /* Needles of HEADER keys first, then those of TEXT and BODY; keys with empty text have none. */
  imap4i_needle *needles;
  size_t *owners; /* their keys */
  size_t needle_count;
  size_t header_count;
} imap4i_terms;

/* False without memory; then there is nothing to free. */
IMAP4_MUST_USE bool imap4i_terms_init(imap4i_terms *terms, imap4i_mem *mem, const imap4i_search_args *args);
void imap4i_terms_free(imap4i_terms *terms);
/* Whether |number| is in the set, if |largest| is the largest number in use. */
bool imap4i_set_term_has(const imap4i_set_term *term, uint32_t number, uint32_t largest);

#endif
