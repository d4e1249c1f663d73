/* SPDX-License-Identifier: MIT */
/*
 * The digest of a message: an opaque blob from which ENVELOPE, BODY, BODYSTRUCTURE and the place of every
 * section are read without the message.  The walker makes it, stores keep it.  It is the same on every
 * machine, and checked as a whole before anything is read from it.
 */
#ifndef IMAP4I_DIGEST_H
#define IMAP4I_DIGEST_H

#include "base/buf.h"
#include "wire/section.h"

/* Kinds of parts. */
enum {
  IMAP4I_PART_LEAF,
  IMAP4I_PART_MULTIPART,
  IMAP4I_PART_MESSAGE /* message/rfc822: its one child is the message inside */
};

/* Transfer encodings as far as decoding goes. */
enum {
  IMAP4I_ENCODING_IDENTITY, /* 7BIT, 8BIT, BINARY */
  IMAP4I_ENCODING_QUOTED_PRINTABLE,
  IMAP4I_ENCODING_BASE64,
  IMAP4I_ENCODING_OTHER /* cannot be decoded */
};

#define IMAP4I_NO_PARENT UINT32_MAX

/* A part of a message.  Part 0 is the message itself: its header is the header of the message. */
typedef struct imap4i_part {
  uint8_t kind;     /* IMAP4I_PART_* */
  uint8_t encoding; /* IMAP4I_ENCODING_* */
  bool is_text;     /* text/anything */
  uint32_t parent;  /* index; IMAP4I_NO_PARENT for part 0 */
  uint64_t header_offset;
  uint64_t header_length; /* with the empty line */
  uint64_t body_offset;
  uint64_t body_length;
  uint64_t lines;      /* of the body: number of LF */
  imap4_str envelope;  /* "(...)"; empty if the part is no message */
  imap4_str basic;     /* "TEXT" "PLAIN" (...) NIL NIL "7BIT"; of a multipart its subtype */
  imap4_str extension; /* MD5 (of a multipart its parameters), disposition, language, location */
  imap4_str charset;   /* as written; empty: none was given */
} imap4i_part;

/* Whether |digest| is one that this version made, unharmed.  The functions below need that. */
bool imap4i_digest_valid(imap4_str digest);
/* RFC822.SIZE. */
uint64_t imap4i_digest_size(imap4_str digest);
/* The Date field of the message; not |present| if there is none that can be read. */
imap4_date imap4i_digest_date(imap4_str digest);
/* Append the value of ENVELOPE, BODY or BODYSTRUCTURE.  IMAP4_OK or IMAP4_ERR_NOMEM (|out| is full). */
int imap4i_digest_envelope(imap4_str digest, imap4i_buf *out);
int imap4i_digest_body(imap4_str digest, bool extensible, imap4i_buf *out);
/* Where the octets of |section| are.  False: there is no such part (NIL).  FIELDS and FIELDS_NOT give the
 * whole header, to be filtered. */
bool imap4i_digest_section(imap4_str digest, const imap4i_section *section, uint64_t *offset,
                           uint64_t *length);
/* The parts, parents before children, in order of the message. */
size_t imap4i_digest_parts(imap4_str digest);
/* False: |index| is too large. */
bool imap4i_digest_part(imap4_str digest, size_t index, imap4i_part *part);

/* What a digest is made of: |parts| as above, their texts one after the other (envelope, basic, extension,
 * charset) in |texts|.  Octets that the digest will have. */
size_t imap4i_digest_octets(size_t part_count, size_t text_octets);
/* Append the digest to |out|; only the lengths of the parts' texts are used.  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_digest_encode(const imap4i_part *parts, size_t part_count, imap4_str texts, uint64_t size,
                         imap4_date date, imap4i_buf *out);

#endif
