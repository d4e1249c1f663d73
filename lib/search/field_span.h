/* SPDX-License-Identifier: MIT */
/*
 * Where fields lie in a header that is in memory as a whole, by the rules of mail/header.h.
 */
#ifndef IMAP4I_FIELD_SPAN_H
#define IMAP4I_FIELD_SPAN_H

#include "base/str.h"

typedef struct imap4i_field_span {
  size_t begin;
  size_t end; /* behind the line end of its last line */
} imap4i_field_span;

/* The field of |header| that the octet at |at| is in; a field begins at |from|, which is not behind |at|.
 * False if the header ends before. */
bool imap4i_field_span_find(imap4_str header, size_t from, size_t at, imap4i_field_span *span);

#endif
