/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the parser share: refusals, the small productions of RFC 3501 section 9, and flags, dates
 * and mailbox names.  Functions named take_ move |p| behind what they took; those that return int return what
 * parser.h says.
 */
#ifndef IMAP4I_PARSE_BASE_H
#define IMAP4I_PARSE_BASE_H

#include "base/buf.h"
#include "wire/parser.h"

/* A tag comes back with the completion; those of real clients have fewer than 40 octets. */
#define IMAP4I_TAG_OCTETS 255

/* Refuse with BAD, or with NO and a response code (which may be empty).  Texts are 7-bit ASCII of the
 * library's own, never the client's octets. */
int imap4i_bad(imap4i_parser *parser, const char *textz);
int imap4i_no(imap4i_parser *parser, const char *codez, const char *textz);

/* Whether the next octet is |c|. */
static inline bool imap4i_next_is(const imap4i_parser *parser, char c) {
  return parser->p < parser->end && *parser->p == c;
}

static inline bool imap4i_take_char(imap4i_parser *parser, char c) {
  bool is = imap4i_next_is(parser, c);
  if (is) parser->p++;
  return is;
}

/* Whether nothing but spaces is left. */
bool imap4i_at_end(const imap4i_parser *parser);
/* The end of the command; spaces before it are forgiven. */
int imap4i_take_end(imap4i_parser *parser);
/* One SP between two arguments; |textz| is for the client if there is none or if nothing follows. */
int imap4i_take_space(imap4i_parser *parser, const char *textz);
/* As many ATOM-CHAR as there are, maybe none. */
imap4_str imap4i_take_atom(imap4i_parser *parser);
/* As many letters, digits and "." as there are, maybe none: the names of items and of sections. */
imap4_str imap4i_take_item_name(imap4i_parser *parser);

/* Decimal digits as RFC 3501's number or, with |nonzero|, nz-number, at most |max|. */
int imap4i_take_number(imap4i_parser *parser, uint64_t max, bool nonzero, const char *textz, uint64_t *value);
int imap4i_take_set(imap4i_parser *parser, imap4i_set *set);
/* Whether "$" stands here, and the client was shown that there is one. */
bool imap4i_saved_is_next(const imap4i_parser *parser);
/* quoted or literal; no NUL in it.  |textz| is for the client if there is no string. */
int imap4i_take_string(imap4i_parser *parser, const char *textz, imap4_str *s);
int imap4i_take_astring(imap4i_parser *parser, const char *textz, imap4_str *s);
/* header-fld-name: an astring of printable ASCII. */
int imap4i_take_field_name(imap4i_parser *parser, imap4_str *name);

/* flag-keyword. */
int imap4i_take_keyword(imap4i_parser *parser, imap4_str *keyword);
/* Flags in parentheses; without |append| also bare ones up to the end (STORE).  With |append| \Recent is
 * dropped, else it is refused. */
int imap4i_take_flags(imap4i_parser *parser, bool append, imap4i_flags *flags);

/* date of SEARCH, in quotes or not, as days since 1970-01-01. */
int imap4i_take_date(imap4i_parser *parser, int64_t *day);
/* What follows "PARTIAL" (RFC 9394): SP and a range (parse_return.c). */
int imap4i_take_partial(imap4i_parser *parser, imap4i_partial *partial);
/* What follows "RETURN" in a SEARCH: the result options as IMAP4I_RETURN_* (parse_return.c). */
int imap4i_take_return(imap4i_parser *parser, imap4i_search_args *args);
/* date-time of APPEND, with its quotes. */
int imap4i_take_date_time(imap4i_parser *parser, imap4_date *date);

/* A mailbox name to UTF-8, checked.  With |create| one delimiter may end it, and stays. */
int imap4i_take_mailbox(imap4i_parser *parser, bool create, imap4_str *name);
/* Reference and pattern of LIST to UTF-8; either may be empty.  What is not valid stays as it is.  A first
 * level of INBOX is put in upper case where it is whole without looking at the other of the two.
 * |fits| is false if it is longer than any name: it can be thrown away then. */
int imap4i_take_reference(imap4i_parser *parser, imap4_str *reference, bool *fits);
int imap4i_take_pattern(imap4i_parser *parser, imap4_str reference, imap4_str *pattern, bool *fits);

/* Room in an array for one more than |count| elements of |size| octets: |old|, or a larger copy in the arena.
 * NULL without memory. */
void *imap4i_grow(imap4i_arena *arena, void *old, size_t count, size_t *capacity, size_t size);
/* An empty buffer that lives in the arena and holds |max| octets, never more.  False without memory. */
IMAP4_MUST_USE bool imap4i_arena_buf(imap4i_arena *arena, size_t max, imap4i_buf *buf);

#endif
