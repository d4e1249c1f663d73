/* SPDX-License-Identifier: MIT */
/*
 * What SEARCH reads of a message, as ranges of its octets in the order in which they stand: the header,
 * headers of parts, bodies that are text for a reader.
 */
#ifndef IMAP4I_SEGMENTS_H
#define IMAP4I_SEGMENTS_H

#include "base/buf.h"

/* Kinds of segments. */
enum {
  IMAP4I_SEGMENT_HEADER, /* of the message */
  IMAP4I_SEGMENT_MIME,   /* of a part, or of a message inside */
  IMAP4I_SEGMENT_BODY    /* of a part */
};

typedef struct imap4i_segment {
  uint64_t offset;
  uint64_t length;  /* > 0 */
  uint32_t charset; /* where its name is in |charsets| */
  uint8_t charset_length;
  uint8_t kind;     /* IMAP4I_SEGMENT_* */
  uint8_t transfer; /* IMAP4I_TRANSFER_* */
} imap4i_segment;

typedef struct imap4i_segments {
  imap4i_mem *mem;
  imap4i_segment *p;
  size_t n;
  size_t capacity;
  imap4i_buf charsets; /* names, one after the other */
} imap4i_segments;

void imap4i_segments_init(imap4i_segments *segments, imap4i_mem *mem);
void imap4i_segments_free(imap4i_segments *segments);
/* Memory is kept. */
void imap4i_segments_clear(imap4i_segments *segments);
/* Take those of the message with that digest in place of what is there.  |kinds|: a bit for each kind that is
 * to be read.  False without memory. */
IMAP4_MUST_USE bool imap4i_segments_make(imap4i_segments *segments, imap4_str digest, unsigned kinds);
/* As named by the message, or empty. */
imap4_str imap4i_segment_charset(const imap4i_segments *segments, const imap4i_segment *segment);

#endif
