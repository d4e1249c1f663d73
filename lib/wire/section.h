/* SPDX-License-Identifier: MIT */
/*
 * A section of a message as BODY[...] names it (RFC 3501 section 6.4.5), parsed.
 */
#ifndef IMAP4I_SECTION_H
#define IMAP4I_SECTION_H

#include "imap4/types.h"

/* What follows the part numbers. */
enum {
  IMAP4I_SECTION_ALL,        /* nothing: the whole message, or the body of part n */
  IMAP4I_SECTION_HEADER,     /* HEADER */
  IMAP4I_SECTION_FIELDS,     /* HEADER.FIELDS (...) */
  IMAP4I_SECTION_FIELDS_NOT, /* HEADER.FIELDS.NOT (...) */
  IMAP4I_SECTION_TEXT,       /* TEXT */
  IMAP4I_SECTION_MIME        /* MIME, never without part numbers */
};

typedef struct imap4i_section {
  const uint32_t *parts; /* part numbers, each >= 1 */
  size_t part_count;
  const imap4_str *fields; /* names for FIELDS and FIELDS_NOT */
  size_t field_count;
  uint8_t kind;
} imap4i_section;

#endif
