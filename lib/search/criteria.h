/* SPDX-License-Identifier: MIT */
/*
 * The criteria of a SEARCH as a tree of keys in postfix order, with three-valued logic: a key is false, true
 * or not known yet.  The tree says whether what is known decides the whole, and which keys can still change
 * it.  Knows nothing of messages.
 */
#ifndef IMAP4I_CRITERIA_H
#define IMAP4I_CRITERIA_H

#include "base/mem.h"
#include "wire/command.h"

enum { IMAP4I_FALSE, IMAP4I_TRUE, IMAP4I_UNKNOWN };

typedef struct imap4i_criteria {
  imap4i_mem *mem;
  const imap4i_key *keys;
  size_t count;
  uint32_t *parents; /* index of each key's operator; that of the last key is its own */
  uint8_t *values;   /* of each key; those of operators come from imap4i_criteria_decide() */
  uint8_t *wanted;   /* whether a key is unknown and can change the whole */
} imap4i_criteria;

/* IMAP4_OK; IMAP4_ERR_NOMEM; IMAP4_ERR_INVALID when |args| is not exactly one expression. */
int imap4i_criteria_init(imap4i_criteria *criteria, imap4i_mem *mem, const imap4i_search_args *args);
void imap4i_criteria_free(imap4i_criteria *criteria);

/* The value of the whole from the values of its keys; sets |wanted|. */
uint8_t imap4i_criteria_decide(imap4i_criteria *criteria);

static inline bool imap4i_key_is_operator(const imap4i_key *key) {
  return key->kind <= IMAP4I_KEY_NOT;
}

/* Where the expression that ends with keys[at] begins.  |keys| is whole expressions up to there. */
size_t imap4i_criteria_first(const imap4i_key *keys, size_t at);

#endif
