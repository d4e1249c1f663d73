/* SPDX-License-Identifier: MIT */
/*
 * A set of UIDs (or sequence numbers) as ascending ranges that do not touch.  Memory goes by the number of
 * ranges, never of members (contract C7).
 */
#ifndef IMAP4I_UIDSET_H
#define IMAP4I_UIDSET_H

#include "base/mem.h"

typedef struct imap4i_uidset {
  imap4i_mem *mem;
  imap4_uid_range *p;
  size_t n;        /* ranges */
  size_t capacity; /* ranges allocated */
} imap4i_uidset;

void imap4i_uidset_init(imap4i_uidset *set, imap4i_mem *mem);
void imap4i_uidset_free(imap4i_uidset *set);

static inline imap4_uid_ranges imap4i_uidset_ranges(const imap4i_uidset *set) {
  return (imap4_uid_ranges){set->p, set->n};
}

/* Whether ranges given by a host are in order: 1 <= first <= last, ascending, not overlapping. */
bool imap4i_ranges_valid(imap4_uid_ranges ranges);
/* Number of members. */
uint64_t imap4i_ranges_count(imap4_uid_ranges ranges);
bool imap4i_ranges_has(imap4_uid_ranges ranges, uint32_t uid);
/* Index of the first range whose |last| is >= |uid|; ranges.n if there is none. */
size_t imap4i_ranges_find(imap4_uid_ranges ranges, uint32_t uid);
/* The |index|-th member, counted from 0, which must exist. */
uint32_t imap4i_ranges_at(imap4_uid_ranges ranges, uint64_t index);
/* Number of members below |uid|. */
uint64_t imap4i_ranges_rank(imap4_uid_ranges ranges, uint32_t uid);
/* The smallest member > |uid|; 0 if there is none. */
uint32_t imap4i_ranges_next(imap4_uid_ranges ranges, uint32_t uid);

/* Add |first| to |last|, both included; fast at the end.  False without memory; then nothing changed. */
IMAP4_MUST_USE bool imap4i_uidset_add(imap4i_uidset *set, uint32_t first, uint32_t last);
/* Add |ranges|, none of which begins before the last one there is.  False without memory; then nothing
 * changed. */
IMAP4_MUST_USE bool imap4i_uidset_append(imap4i_uidset *set, imap4_uid_ranges ranges);
/* Remove all members of |ranges|.  False without memory; then nothing changed. */
IMAP4_MUST_USE bool imap4i_uidset_subtract(imap4i_uidset *set, imap4_uid_ranges ranges);
/* |to| becomes what is both in |a| and in |b|.  |to| must be another set. */
IMAP4_MUST_USE bool imap4i_uidset_intersect(imap4i_uidset *to, imap4_uid_ranges a, imap4_uid_ranges b);
/* Of more members than |n| > 0, only the highest stay. */
void imap4i_uidset_keep_highest(imap4i_uidset *set, uint64_t n);
IMAP4_MUST_USE bool imap4i_uidset_copy(imap4i_uidset *to, imap4_uid_ranges from);

#endif
