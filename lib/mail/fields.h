/* SPDX-License-Identifier: MIT */
/*
 * The fields of one header that ENVELOPE and BODYSTRUCTURE show, each turned into its text as soon as it is
 * complete.  One struct serves all headers of a message, one after the other.
 */
#ifndef IMAP4I_FIELDS_H
#define IMAP4I_FIELDS_H

#include "imap4/limits.h"
#include "mail/address.h"
#include "mail/param.h"

/* The fields; those of ENVELOPE in its order. */
enum {
  IMAP4I_FIELD_DATE,
  IMAP4I_FIELD_SUBJECT,
  IMAP4I_FIELD_FROM,
  IMAP4I_FIELD_SENDER,
  IMAP4I_FIELD_REPLY_TO,
  IMAP4I_FIELD_TO,
  IMAP4I_FIELD_CC,
  IMAP4I_FIELD_BCC,
  IMAP4I_FIELD_IN_REPLY_TO,
  IMAP4I_FIELD_MESSAGE_ID,
  IMAP4I_FIELD_TYPE, /* Content-Type and the rest of them */
  IMAP4I_FIELD_ENCODING,
  IMAP4I_FIELD_ID,
  IMAP4I_FIELD_DESCRIPTION,
  IMAP4I_FIELD_MD5,
  IMAP4I_FIELD_DISPOSITION,
  IMAP4I_FIELD_LANGUAGE,
  IMAP4I_FIELD_LOCATION,
  IMAP4I_FIELD_COUNT
};

/* What a Content-Type field means for the structure. */
enum {
  IMAP4I_TYPE_OTHER,
  IMAP4I_TYPE_TEXT,
  IMAP4I_TYPE_MULTIPART,
  IMAP4I_TYPE_DIGEST, /* multipart/digest */
  IMAP4I_TYPE_MESSAGE /* message/rfc822 */
};

/* Longest boundary that is recognised: RFC 2046 allows 70 octets, a line holds 998. */
#define IMAP4I_BOUNDARY_MAX 990
/* Longest charset name that is kept for decoding. */
#define IMAP4I_CHARSET_MAX 64

typedef struct imap4i_fields {
  const imap4_limits *limits;
  imap4i_buf text[IMAP4I_FIELD_COUNT]; /* ready to send; addresses without the outer parentheses */
  bool present[IMAP4I_FIELD_COUNT];
  uint32_t addresses[IMAP4I_FIELD_COUNT]; /* how many a field has */
  uint32_t octets[IMAP4I_FIELD_COUNT];    /* of the lists joined in a field */
  imap4_date date;
  uint8_t type;          /* IMAP4I_TYPE_* */
  uint8_t encoding;      /* IMAP4I_ENCODING_* */
  size_t subtype;        /* offset of the subtype in text[IMAP4I_FIELD_TYPE] */
  imap4i_buf parameters; /* of Content-Type, ready to send */
  imap4i_buf boundary;
  imap4i_buf charset;
  imap4i_params params;
  imap4i_address_list list;
} imap4i_fields;

void imap4i_fields_init(imap4i_fields *fields, imap4i_mem *mem, const imap4_limits *limits);
void imap4i_fields_free(imap4i_fields *fields);
/* Forget the header of before. */
void imap4i_fields_clear(imap4i_fields *fields);
/* Which field this is; IMAP4I_FIELD_COUNT for all others. */
unsigned imap4i_field_id(imap4_str name);
/* A field of the header: |value| as it stands, folded or not.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_fields_add(imap4i_fields *fields, unsigned id, imap4_str value);
/* The header is complete: settle the type; |in_digest|: without a Content-Type this is a message. */
int imap4i_fields_finish(imap4i_fields *fields, bool in_digest);
/* The body cannot be looked into: it becomes application/octet-stream. */
int imap4i_fields_make_opaque(imap4i_fields *fields);

/* Append ENVELOPE, or the parts of BODYSTRUCTURE before and behind size and lines.  False without memory. */
IMAP4_MUST_USE bool imap4i_fields_put_envelope(const imap4i_fields *fields, imap4i_buf *out);
IMAP4_MUST_USE bool imap4i_fields_put_basic(const imap4i_fields *fields, imap4i_buf *out);
IMAP4_MUST_USE bool imap4i_fields_put_extension(const imap4i_fields *fields, imap4i_buf *out);

#endif
