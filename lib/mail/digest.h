/* SPDX-License-Identifier: MIT */
/*
 * The digest of a message: an opaque blob from which ENVELOPE, BODY, BODYSTRUCTURE, the place of every
 * section and the common header fields are read without the message.  The walker makes it
 * (digest_maker.h), stores keep it.  It is the same on every machine, and checked as a whole before anything
 * is read from it.
 *
 *   offset  octets
 *        0       4  "IMD2": the version
 *        4       4  octets of the digest
 *        8       8  checksum of all octets but these
 *       16       8  octets of the message
 *       24       8  date, seconds
 *       32       4  date, minutes of the zone
 *       36       4  date, 1 if there is one
 *       40       4  number of parts
 *       44       4  octets of kept header fields
 *       48       8  the known fields of the message that are not kept, one bit each
 *       56          the parts, one after the other in order of the message
 *                4  for each part the offset of its record
 *                   the kept header fields
 *
 * A part's record:
 *
 *        0       4  kind, encoding, is_text, number of its texts (1 each)
 *        4       4  octets of the record
 *        8       4  parent
 *       12      32  header offset and length, body length, lines (8 each)
 *       44          the texts, one after the other in any order
 *                4  for each text which it is (the lowest 8 bits) and its octets
 *
 * Numbers are little-endian.  A part's children follow it, so everything is a walk over the parts with the
 * parents' numbers instead of a stack.
 */
#ifndef IMAP4I_DIGEST_H
#define IMAP4I_DIGEST_H

#include "base/buf.h"
#include "mail/field_name.h"
#include "wire/section.h"

#define IMAP4I_DIGEST_VERSION 0x32444d49u /* "IMD2" */
#define IMAP4I_DIGEST_HEAD 56u            /* octets before the parts */
#define IMAP4I_DIGEST_RECORD 44u          /* octets of a part before its texts */
#define IMAP4I_DIGEST_TEXT_BITS 8u        /* a text's number takes so many, its octets the other 24 */

/* Where the numbers of the head are (the version is the first), and those of a record (kind and the like are
 * the first); what they are is said above. */
enum {
  IMAP4I_HEAD_OCTETS = 4,
  IMAP4I_HEAD_CHECKSUM = 8,
  IMAP4I_HEAD_SIZE = 16,
  IMAP4I_HEAD_SECONDS = 24,
  IMAP4I_HEAD_ZONE = 32,
  IMAP4I_HEAD_DATED = 36,
  IMAP4I_HEAD_PARTS = 40,
  IMAP4I_HEAD_FIELDS = 44,
  IMAP4I_HEAD_MISSING = 48,
  IMAP4I_RECORD_OCTETS = 4,
  IMAP4I_RECORD_PARENT = 8,
  IMAP4I_RECORD_HEADER = 12, /* offset, length */
  IMAP4I_RECORD_BODY = 28    /* length, lines */
};

/* A preview has no more characters (RFC 8970 section 3.3). */
#define IMAP4I_PREVIEW_CHARACTERS 200

/* Kinds of parts. */
enum {
  IMAP4I_PART_LEAF,
  IMAP4I_PART_MULTIPART,
  IMAP4I_PART_MESSAGE /* message/rfc822 or message/global: its one child is the message inside */
};

/* Transfer encodings as far as decoding goes. */
enum {
  IMAP4I_ENCODING_IDENTITY, /* 7BIT, 8BIT, BINARY */
  IMAP4I_ENCODING_QUOTED_PRINTABLE,
  IMAP4I_ENCODING_BASE64,
  IMAP4I_ENCODING_OTHER /* cannot be decoded */
};

/* Texts of a part: IMAP4I_FIELD_* below IMAP4I_FIELD_SHOWN, as ENVELOPE and BODYSTRUCTURE send them (lists of
 * addresses without the parentheses around them; of a multipart's type only the subtype), and these. */
enum {
  IMAP4I_TEXT_PARAMETERS = IMAP4I_FIELD_SHOWN, /* of Content-Type */
  IMAP4I_TEXT_CHARSET,                         /* as written, not for sending */
  IMAP4I_TEXT_PREVIEW,                         /* of part 0, once there is one: its UTF-8 behind a '"' */
  IMAP4I_TEXT_COUNT
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
  uint64_t lines;                    /* of the body: number of LF */
  imap4_str text[IMAP4I_TEXT_COUNT]; /* empty: none */
} imap4i_part;

/* Whether |part| is message/global. */
static inline bool imap4i_is_global(const imap4i_part *part) {
  return imap4i_ieq(part->text[IMAP4I_FIELD_TYPE], IMAP4I_S("\"MESSAGE\" \"GLOBAL\""));
}

/* Whether |digest| is one that this version made, unharmed.  The functions below need that. */
bool imap4i_digest_valid(imap4_str digest);
/* RFC822.SIZE. */
uint64_t imap4i_digest_size(imap4_str digest);
/* The Date field of the message; not |present| if there is none that can be read. */
imap4_date imap4i_digest_date(imap4_str digest);
/* Append the value of ENVELOPE, BODY or BODYSTRUCTURE.  |global|: message/global shows what is inside it, as
 * message/rfc822 does (RFC 9051 section 7.5.2); else it is a part like any other (RFC 3501).  IMAP4_OK or
 * IMAP4_ERR_NOMEM (|out| is full). */
int imap4i_digest_envelope(imap4_str digest, imap4i_buf *out);
int imap4i_digest_body(imap4_str digest, bool extensible, bool global, imap4i_buf *out);
/* Where the octets of |section| are.  False: there is no such part (NIL).  FIELDS and FIELDS_NOT give the
 * whole header, to be filtered. */
bool imap4i_digest_section(imap4_str digest, const imap4i_section *section, uint64_t *offset,
                           uint64_t *length);
/* The transfer encoding (IMAP4I_ENCODING_*) of the octets of |section|, which there must be: only the body of
 * a part that holds no others can be encoded. */
int imap4i_digest_encoding(imap4_str digest, const imap4i_section *section);
/* The parts, parents before children, in order of the message. */
size_t imap4i_digest_parts(imap4_str digest);
/* False: |index| is too large. */
bool imap4i_digest_part(imap4_str digest, size_t index, imap4i_part *part);
/* The parent of part |index|, which there must be. */
uint32_t imap4i_digest_parent(imap4_str digest, size_t index);
/* Whether all fields of that name in the header of the message are among imap4i_digest_fields(), or there
 * are none. */
bool imap4i_digest_keeps(imap4_str digest, imap4_str name);
/* Fields of the header of the message as they stand, in their order, and its empty line if it has one. */
imap4_str imap4i_digest_fields(imap4_str digest);

/* The preview of the message (RFC 8970), which may be empty.  False: there is none in the digest yet. */
bool imap4i_digest_preview(imap4_str digest, imap4_str *preview);
/* Append |digest|, which has no preview, with one to |out|.  It has so many octets more. */
static inline size_t imap4i_digest_preview_octets(imap4_str preview) {
  return 1 + preview.n + 4;
}
int imap4i_digest_add_preview(imap4_str digest, imap4_str preview, imap4i_buf *out);

/* What undoes a transfer encoding (IMAP4I_ENCODING_*): IMAP4I_TRANSFER_*. */
int imap4i_encoding_transfer(int encoding);

/* Not against forgery, against damage. */
uint64_t imap4i_digest_checksum(imap4_str digest);

static inline uint32_t imap4i_get32(const char *p) {
  const unsigned char *u = (const unsigned char *)p;
  return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static inline uint64_t imap4i_get64(const char *p) {
  return (uint64_t)imap4i_get32(p) | (uint64_t)imap4i_get32(p + 4) << 32;
}

static inline void imap4i_set32(char *p, uint32_t value) {
  for (int i = 0; i < 4; i++)
    p[i] = (char)(unsigned char)(value >> (8 * i));
}

static inline void imap4i_set64(char *p, uint64_t value) {
  imap4i_set32(p, (uint32_t)value);
  imap4i_set32(p + 4, (uint32_t)(value >> 32));
}

#endif
