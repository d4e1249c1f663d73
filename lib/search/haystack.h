/* SPDX-License-Identifier: MIT */
/*
 * The way from the octets of a body part to the matcher: transfer decoding, conversion to UTF-8, folding,
 * each in bounded steps.  What needs no decoding or conversion takes the shorter way; and long stretches of
 * ASCII in which no needle can lie are not converted, folded and searched at all but for their ends.
 */
#ifndef IMAP4I_HAYSTACK_H
#define IMAP4I_HAYSTACK_H

#include "base/casefold.h"
#include "base/charset_cache.h"
#include "base/transfer.h"
#include "search/matcher.h"

/* Octets that are decoded or converted at a time. */
#define IMAP4I_HAYSTACK_STEP 4096

typedef struct imap4i_haystack {
  imap4i_matcher *matcher;
  imap4i_transfer transfer;
  imap4i_charset_cache *charsets;
  imap4i_charset *charset; /* NULL: octets are UTF-8, or the converter was not asked for yet */
  imap4_str name;          /* of the charset whose converter was not asked for yet; else empty */
  imap4i_fold fold;
  bool ascii; /* octets up to 0x7f are ASCII, unless one above stands before them */
  bool began; /* octets of this text were fed */
  char decoded[IMAP4I_HAYSTACK_STEP];
  char converted[IMAP4I_HAYSTACK_STEP];
} imap4i_haystack;

/* Feeds |matcher|, by converters of |charsets|.  Both must outlive the haystack; there is nothing to free. */
void imap4i_haystack_init(imap4i_haystack *haystack, imap4i_matcher *matcher, imap4i_charset_cache *charsets);

/* A text begins: |transfer| is IMAP4I_TRANSFER_*, |charset| as named by the message or empty; it is read
 * until the next text begins, and until then nobody else takes converters from the cache.  A charset that is
 * not known is taken for UTF-8.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_haystack_begin(imap4i_haystack *haystack, int transfer, imap4_str charset);
/* More of it; |last| says that it ends here.  |news| as with imap4i_matcher_added().  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_haystack_feed(imap4i_haystack *haystack, imap4_str data, bool last, bool *news);

#endif
