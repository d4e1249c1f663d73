/* SPDX-License-Identifier: MIT */
/*
 * Making a digest, in place: the records of the parts are written where they stay, each text once, so that
 * there is never a second copy of what may be large.  A part's texts are written while its header is read;
 * how long its body is follows when it ends.
 */
#ifndef IMAP4I_DIGEST_MAKER_H
#define IMAP4I_DIGEST_MAKER_H

#include "mail/digest.h"

typedef struct imap4i_maker {
  imap4i_buf digest;
  size_t max;      /* octets that the digest may have, as far as anything can be left out */
  uint32_t parts;  /* complete records */
  size_t record;   /* where the record under way begins */
  uint8_t writing; /* the text under way */
  struct {
    uint32_t offset; /* in |digest|; 0: there is no such text */
    uint32_t length;
  } text[IMAP4I_TEXT_COUNT];
  imap4i_buf fields; /* kept */
  size_t field;      /* where the one under way begins there */
  uint64_t missing;  /* fields that are not kept */
} imap4i_maker;

void imap4i_maker_init(imap4i_maker *maker, imap4i_mem *mem, const imap4_limits *limits);
void imap4i_maker_free(imap4i_maker *maker);

/* Begin the record of a part: it has no texts yet.  False without memory, as in all functions here. */
IMAP4_MUST_USE bool imap4i_maker_open(imap4i_maker *maker);
/* Whether |n| more octets of text, or a record beside them, fit in. */
bool imap4i_maker_fits(const imap4i_maker *maker, size_t n);
/* Begin a text, or go on with it where it was: what is appended to the buffer until imap4i_maker_end()
 * belongs to it. */
imap4i_buf *imap4i_maker_begin(imap4i_maker *maker, unsigned text);
void imap4i_maker_end(imap4i_maker *maker);
/* Take a text out. */
void imap4i_maker_drop(imap4i_maker *maker, unsigned text);
static inline bool imap4i_maker_has(const imap4i_maker *maker, unsigned text) {
  return maker->text[text].length > 0;
}
/* The record is complete but for what imap4i_maker_set_body() says; of |part| the texts are not looked at.
 * |*record| is where it begins. */
IMAP4_MUST_USE bool imap4i_maker_close(imap4i_maker *maker, const imap4i_part *part, size_t *record);
/* Where the header of a complete record lies after all: a delimiter takes the line end in front of it. */
void imap4i_maker_set_header(imap4i_maker *maker, size_t record, uint64_t offset, uint64_t length);
/* The body has ended. */
void imap4i_maker_set_body(imap4i_maker *maker, size_t record, uint64_t length, uint64_t lines);

/* Keep a field of the message's header: its first octets and the rest of them.  One that is too long is left
 * out, and the digest says so. */
IMAP4_MUST_USE bool imap4i_maker_keep(imap4i_maker *maker, unsigned field, imap4_str piece);
IMAP4_MUST_USE bool imap4i_maker_keep_more(imap4i_maker *maker, unsigned field, imap4_str piece);
/* Keep no field at all: what is asked for is read from the message. */
void imap4i_maker_keep_none(imap4i_maker *maker);
/* The empty line behind them. */
IMAP4_MUST_USE bool imap4i_maker_keep_end(imap4i_maker *maker, imap4_str piece);

/* All parts are there: |maker->digest| is the digest. */
IMAP4_MUST_USE bool imap4i_maker_finish(imap4i_maker *maker, uint64_t size, imap4_date date);

#endif
