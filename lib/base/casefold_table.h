/* SPDX-License-Identifier: MIT */
/* The table of casefold.c, as casefold.py makes it; the script explains the layout. */
#ifndef IMAP4I_CASEFOLD_TABLE_H
#define IMAP4I_CASEFOLD_TABLE_H

#include <stdint.h>

#define IMAP4I_CASEFOLD_BLOCK_BITS 6
#define IMAP4I_CASEFOLD_OFFSET_BITS 13
/* From here on every code point stands for itself. */
#define IMAP4I_CASEFOLD_LIMIT 195102

extern const uint8_t imap4i_casefold_blocks[];
extern const uint16_t imap4i_casefold_entries[];
extern const uint16_t imap4i_casefold_units[];

#endif
