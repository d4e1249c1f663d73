/* SPDX-License-Identifier: MIT */
/*
 * The parser: the octets of one command to typed arguments in an arena.  The text is a whole command
 * without its final line end, literals inside it as they were sent: {n} CRLF and n octets.
 *
 * Every function takes exactly its part of the grammar (RFC 3501 section 9, in the lenient spots that
 * real clients need) and returns IMAP4_OK, or IMAP4I_PARSE_REFUSED with |error| set, or IMAP4_ERR_NOMEM.
 */
#ifndef IMAP4I_PARSER_H
#define IMAP4I_PARSER_H

#include "imap4/error.h"
#include "imap4/limits.h"
#include "wire/command.h"

/* Not IMAP4_OK and not fatal: the client hears |error|. */
#define IMAP4I_PARSE_REFUSED 100

/* What the client hears: NO if |no|, else BAD; |code| is a response code without brackets, or empty. */
typedef struct imap4i_refusal {
  bool no;
  imap4_str code;
  imap4_str text;
} imap4i_refusal;

typedef struct imap4i_parser {
  const char *p; /* next octet */
  const char *end;
  imap4i_arena *arena;
  const imap4_limits *limits;
  char delimiter;          /* of mailbox names */
  bool trailing_delimiter; /* one behind a name is passed over (IMAP4_QUIRK_TRAILING_DELIMITER) */
  bool utf8;               /* names and quoted strings are UTF-8 (RFC 9051, RFC 9755) */
  bool no_charset;         /* SEARCH may not name a charset (RFC 9755 section 3) */
  bool uid_only;           /* sequence numbers are refused (RFC 9586) */
  uint64_t features_off;   /* IMAP4_FEATURE_* that are not there: their syntax is not either */
  imap4i_refusal error;
} imap4i_parser;

void imap4i_parser_init(imap4i_parser *parser, imap4_str text, imap4i_arena *arena,
                        const imap4_limits *limits, char delimiter);

/* BAD for sequence numbers where |uid_only|. */
int imap4i_refuse_numbers(imap4i_parser *parser);

/* The tag and the SP after it; |tag| is empty and the result REFUSED when there is no valid tag. */
int imap4i_parse_tag(imap4i_parser *parser, imap4_str *tag);
/* The command's name, without the SP before its arguments.  |uid| is true and the name that of the second
 * word for "UID FETCH" and the like. */
int imap4i_parse_name(imap4i_parser *parser, imap4_str *name, bool *uid);

/* Arguments, from the SP that precedes them to the end of the command; one per shape. */
typedef int (*imap4i_parse_function)(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_none(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_mailbox(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_select(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_create(imap4i_parser *parser,
                        imap4i_args *args); /* a trailing delimiter stays on the name */
int imap4i_parse_rename(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_login(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_authenticate(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_list(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_lsub(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_status(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_fetch(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_store(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_copy(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_set(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_search(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_uidbatches(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_words(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_id(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_getquota(imap4i_parser *parser, imap4i_args *args);
int imap4i_parse_setquota(imap4i_parser *parser, imap4i_args *args);

/*
 * APPEND streams its messages, so its text ends with the marker of a literal, "{310}" or "{310+}", that was
 * not read yet.  Parses mailbox, flags and date up to that marker.  |complete| is false when the marker
 * belongs to the mailbox name, which the parser must see first.
 */
int imap4i_parse_append(imap4i_parser *parser, imap4i_args *args, bool *complete);
/* The same for REPLACE (RFC 8508). */
int imap4i_parse_replace(imap4i_parser *parser, imap4i_args *args, bool *complete);
/* What follows |message| of APPEND: nothing (|more| is false), or SP and all that precedes the next message
 * of a MULTIAPPEND (RFC 3502) up to its marker. */
int imap4i_parse_append_next(imap4i_parser *parser, imap4i_append_message *message, bool *more);

/* The marker of a literal at the end of |line| (without line end): {n}, {n+}, ~{n} or ~{n+}.  |size| is
 * UINT64_MAX for a number that does not fit 63 bits.  False if there is none. */
bool imap4i_find_literal(imap4_str line, uint64_t *size, bool *sync);

#endif
