/* SPDX-License-Identifier: MIT */
/*
 * What SEARCH does with headers: fields are decoded one by one, those that HEADER keys name are looked at by
 * their needles, and for TEXT keys all of them go to the matcher as lines of text.  Of a header that is there
 * as a whole only the fields are decoded that can make a difference.
 */
#ifndef IMAP4I_HEADER_SEARCH_H
#define IMAP4I_HEADER_SEARCH_H

#include "imap4/limits.h"
#include "mail/header.h"
#include "search/criteria.h"
#include "search/haystack.h"
#include "search/terms.h"

/* What a header is searched as: one of these or both. */
#define IMAP4I_AS_FIELDS 1u /* it is the message's, and HEADER keys look at it */
#define IMAP4I_AS_TEXT 2u

typedef struct imap4i_header_search {
  imap4i_mem *mem;
  imap4i_criteria *criteria; /* keys without a text become true here */
  imap4i_terms *terms;       /* needles are found here, also those of TEXT keys */
  imap4i_haystack *haystack;
  size_t word_max; /* encoded words of a field that are decoded */
  unsigned as;     /* what the call under way was told */
  imap4i_field_reader fields;
  imap4i_buf decoded; /* a field in UTF-8 */
  imap4i_buf line;    /* as it is looked at, or addresses before they are decoded */
  imap4i_buf folded;  /* its value, folded */
} imap4i_header_search;

/* |criteria|, |terms| and |haystack| must outlive it; |limits| is read during the call only. */
void imap4i_header_search_init(imap4i_header_search *search, imap4i_mem *mem, const imap4_limits *limits,
                               imap4i_criteria *criteria, imap4i_terms *terms, imap4i_haystack *haystack);
void imap4i_header_search_free(imap4i_header_search *search);

/* In all of these |as| is IMAP4I_AS_*, which can only become less while a header is fed; |news| becomes true
 * if a needle or key is, and is left alone otherwise.  IMAP4_OK or IMAP4_ERR_NOMEM. */

/* A header begins. */
IMAP4_MUST_USE int imap4i_header_search_begin(imap4i_header_search *search, unsigned as);
/* More of it, in any cut; |last| says that it ends here. */
IMAP4_MUST_USE int imap4i_header_search_feed(imap4i_header_search *search, imap4_str data, bool last,
                                             unsigned as, bool *news);
/* All of it at once, after it began.  Finds the same, and mostly sooner. */
IMAP4_MUST_USE int imap4i_header_search_whole(imap4i_header_search *search, imap4_str header, unsigned as,
                                              bool *news);

#endif
