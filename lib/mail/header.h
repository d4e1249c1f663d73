/* SPDX-License-Identifier: MIT */
/*
 * Header blocks (RFC 5322 section 2.2) as streams: a scanner that splits octets into fields at any cut, in
 * constant memory; the filter for HEADER.FIELDS and HEADER.FIELDS.NOT; a reader that gives whole fields,
 * bounded.  A block ends with its first empty line.  A line without a colon is a field
 * without a name.
 */
#ifndef IMAP4I_HEADER_H
#define IMAP4I_HEADER_H

#include "base/buf.h"

/* Field names longer than this, which fill more than a line may have (RFC 5322 section 2.1.1), are not
 * recognised: they are carried as octets without a name. */
#define IMAP4I_FIELD_NAME_MAX 998

/* What imap4i_header_next() tells. */
enum {
  IMAP4I_HEADER_MORE,  /* the data is used up */
  IMAP4I_HEADER_FIELD, /* a field begins: |name| is set, the piece is its start with the colon */
  IMAP4I_HEADER_VALUE, /* the piece is more of that field, line ends and folding as they stand */
  IMAP4I_HEADER_END    /* the empty line, which is the piece; what is left of the data is the body */
};

typedef struct imap4i_header {
  uint8_t state;
  bool began;     /* a field came before: a line with leading white space continues it */
  uint16_t held;  /* octets in |hold| */
  uint16_t named; /* length of the field's name, which begins |hold|; 0: none */
  char hold[IMAP4I_FIELD_NAME_MAX + 2];
} imap4i_header;

void imap4i_header_init(imap4i_header *header);
/* Take octets off |*data| up to the next event.  |*piece| is valid until the next call. */
unsigned imap4i_header_next(imap4i_header *header, imap4_str *data, imap4_str *piece);
/* The block ends without an empty line: a field whose name was not complete yet (FIELD), or MORE. */
unsigned imap4i_header_finish(imap4i_header *header, imap4_str *piece);

/* Whether |line|, with which a field begins, is nothing but CR, as broken conversions of line ends leave it.
 * No field stands behind it for those who ask for some: it is the empty line to them. */
bool imap4i_header_is_stray(imap4_str line);

/* After FIELD, until the next one. */
static inline imap4_str imap4i_header_name(const imap4i_header *header) {
  return (imap4_str){header->hold, header->named};
}

/* Which fields of a header pass, and whether the one under way does. */
typedef struct imap4i_header_filter {
  imap4i_header header;
  const imap4_str *fields;
  size_t field_count;
  bool inverse; /* HEADER.FIELDS.NOT */
  bool passing;
  bool ended;
  bool empty; /* the header has no octets at all */
} imap4i_header_filter;

/* |fields| must outlive the filter. */
void imap4i_header_filter_init(imap4i_header_filter *filter, const imap4_str *fields, size_t field_count,
                               bool inverse);
/* Append what passes of |data| to |out|; octets behind the empty line never pass, and a line of nothing but
 * CR is as good as that.  IMAP4_OK or IMAP4_ERR_NOMEM (|out| is full). */
int imap4i_header_filter_feed(imap4i_header_filter *filter, imap4_str data, imap4i_buf *out);
/* The header is over: append what was held back.  Behind chosen fields (not behind those that are left when
 * others are taken out) stands an empty line even if the header had none. */
int imap4i_header_filter_finish(imap4i_header_filter *filter, imap4i_buf *out);

/* A field as a whole.  Lives until the next call for the same reader. */
typedef struct imap4i_field {
  imap4_str name;  /* empty: a line without a colon */
  imap4_str head;  /* the name and its colon as they stand; empty without a name */
  imap4_str value; /* what follows, with its folds, without the last line end; cut at the reader's maximum */
} imap4i_field;

typedef struct imap4i_field_reader {
  imap4i_header header;
  imap4i_buf value;
  size_t max; /* octets of a value that are kept */
  uint16_t name_length;
  uint16_t head_length;
  bool pending; /* a field is being collected */
  bool ended;
  char name[IMAP4I_FIELD_NAME_MAX + 2];
} imap4i_field_reader;

void imap4i_field_reader_init(imap4i_field_reader *reader, imap4i_mem *mem, size_t max);
/* Another header begins; memory is kept. */
void imap4i_field_reader_restart(imap4i_field_reader *reader);
void imap4i_field_reader_free(imap4i_field_reader *reader);
/* Take octets off |*data| up to the next field.  |*got| is false when the data is used up or the header has
 * ended (|reader->ended|).  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_field_reader_next(imap4i_field_reader *reader, imap4_str *data, imap4i_field *field, bool *got);
/* The header is over: call until |*got| is false. */
int imap4i_field_reader_finish(imap4i_field_reader *reader, imap4i_field *field, bool *got);

#endif
