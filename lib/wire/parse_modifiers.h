/* SPDX-License-Identifier: MIT */
/*
 * Modifiers and mod-sequences inside of commands.  The functions return what parser.h says.
 */
#ifndef IMAP4I_PARSE_MODIFIERS_H
#define IMAP4I_PARSE_MODIFIERS_H

#include "wire/parser.h"

/* [SP fetch-modifiers] at the end of FETCH. */
int imap4i_take_fetch_modifiers(imap4i_parser *parser, imap4i_args *args);
/* store-modifiers; their "(" is the next octet. */
int imap4i_take_store_modifiers(imap4i_parser *parser, imap4i_args *args);
/* What follows the search key MODSEQ. */
int imap4i_take_modseq_key(imap4i_parser *parser, uint64_t *modseq);

#endif
