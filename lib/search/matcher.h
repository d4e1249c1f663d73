/* SPDX-License-Identifier: MIT */
/*
 * Finds needles in octets that come in pieces, in memory that depends on the longest needle only.  Works on
 * text that is folded already (base/casefold.h), so that it compares octets.
 *
 * All needles look at one window: the newest octets, preceded by as many old ones as a match can begin in.
 * A needle looks for its rarest octet with memchr; one that meets text made to defeat this goes on with a
 * table of its own prefixes, which takes the same time for any text.
 */
#ifndef IMAP4I_MATCHER_H
#define IMAP4I_MATCHER_H

#include "base/mem.h"
#include "search/sieve.h"

typedef struct imap4i_needle {
  imap4_str text; /* not empty; must outlive the needle */
  size_t rarest;  /* index of an octet that mail has seldom */
  bool wanted;    /* others are not looked for */
  bool found;
  uint64_t searched; /* octets of text, */
  uint64_t compared; /* and of needle: much more of these means that the text is hostile */
  uint32_t *borders; /* NULL, or for each prefix the length of its longest border */
  size_t matched;    /* with |borders|: octets of the needle that end where the text ends so far */
  imap4i_sieve sieve;
} imap4i_needle;

void imap4i_needle_init(imap4i_needle *needle, imap4_str text);
void imap4i_needle_free(imap4i_needle *needle, imap4i_mem *mem);
/* Whether |text| has the needle; sets |found|, never clears it.  False without memory. */
IMAP4_MUST_USE bool imap4i_needle_look(imap4i_needle *needle, imap4i_mem *mem, imap4_str text);

typedef struct imap4i_matcher {
  imap4i_mem *mem;
  imap4i_needle *needles; /* the caller's */
  size_t count;
  char *window;
  size_t capacity;
  size_t keep; /* octets before the new ones in which a match can begin */
  size_t end;
  size_t searched; /* of the window */
} imap4i_matcher;

/* Room that a matcher has at least. */
#define IMAP4I_MATCHER_ROOM 4096

/* False without memory. */
IMAP4_MUST_USE bool imap4i_matcher_init(imap4i_matcher *matcher, imap4i_mem *mem, imap4i_needle *needles,
                                        size_t count);
/* Frees the window, not the needles. */
void imap4i_matcher_free(imap4i_matcher *matcher);
/* Another text begins: no match reaches from the one before into it. */
void imap4i_matcher_restart(imap4i_matcher *matcher);
/* Where the next octets of text go; |room| is never less than IMAP4I_MATCHER_ROOM.  All that was added must
 * have been searched. */
char *imap4i_matcher_room(imap4i_matcher *matcher, size_t *room);
/* |n| octets were put there: look for the wanted needles that were not found yet.  |news| becomes true if one
 * is, and is left alone otherwise.  False without memory. */
IMAP4_MUST_USE bool imap4i_matcher_added(imap4i_matcher *matcher, size_t n, bool *news);

/* Octets with which |text|, not folded yet, begins that are ASCII and have no match that lies in them as a
 * whole; see sieve.h.  |header|: it is not unfolded either, and may have encoded words. */
size_t imap4i_matcher_quiet(const imap4i_matcher *matcher, imap4_str text, bool header);
/* How much of |n| octets is asked about at once, and more if that is quiet.  With several needles it is
 * little: what one of them has near must not be looked for far away by another one again and again. */
size_t imap4i_matcher_ahead(const imap4i_matcher *matcher, size_t n);
/* Whether fields of a header can be searched one by one: no wanted needle is found between them. */
bool imap4i_matcher_takes_fields(const imap4i_matcher *matcher);

#endif
