/* SPDX-License-Identifier: MIT */
/*
 * The fields of one header that ENVELOPE and BODYSTRUCTURE show, each turned into its text as soon as it is
 * complete.  One struct serves all headers of a message, one after the other.
 */
#ifndef IMAP4I_FIELDS_H
#define IMAP4I_FIELDS_H

#include "imap4/limits.h"
#include "mail/address.h"
#include "mail/digest_maker.h"
#include "mail/param.h"

/* What a Content-Type field means for the structure. */
enum {
  IMAP4I_TYPE_OTHER,
  IMAP4I_TYPE_TEXT,
  IMAP4I_TYPE_MULTIPART,
  IMAP4I_TYPE_DIGEST,  /* multipart/digest */
  IMAP4I_TYPE_MESSAGE, /* message/rfc822 */
  IMAP4I_TYPE_GLOBAL   /* message/global */
};

/* Octets of a boundary that are kept and compared: RFC 2046 allows 70. */
#define IMAP4I_BOUNDARY_MAX 250
/* Octets of a charset's name that are kept; those that are known are shorter than 64. */
#define IMAP4I_CHARSET_MAX 250

typedef struct imap4i_fields {
  const imap4_limits *limits;
  imap4i_maker *maker; /* where the texts go */
  bool present[IMAP4I_FIELD_ADDED];
  uint32_t addresses[IMAP4I_FIELD_SHOWN]; /* how many a field has */
  bool full[IMAP4I_FIELD_SHOWN];          /* lists that have met a limit */
  imap4_date date;
  uint8_t type;             /* IMAP4I_TYPE_* */
  uint8_t encoding;         /* IMAP4I_ENCODING_* */
  bool started;             /* the start of a list was added */
  bool disposition_is_bare; /* it has no parameters */
  bool has_boundary;        /* there is one, perhaps empty */
  bool as_written;          /* no charset is added to types that are given, in this part and those in it */
  imap4i_buf boundary;      /* its first octets */
  imap4i_buf charset;
  imap4i_params params;
  imap4i_address_list list;
} imap4i_fields;

void imap4i_fields_init(imap4i_fields *fields, imap4i_mem *mem, const imap4_limits *limits,
                        imap4i_maker *maker);
void imap4i_fields_free(imap4i_fields *fields);
/* Forget the header of before. */
void imap4i_fields_clear(imap4i_fields *fields);
/* A field of the header, which is below IMAP4I_FIELD_ADDED: |value| as it stands, folded or not.  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_fields_add(imap4i_fields *fields, unsigned id, imap4_str value);
/* The start of a list of addresses: |*used| octets of whole addresses were taken, perhaps none.  What is
 * added next is what follows in the same field. */
int imap4i_fields_add_start(imap4i_fields *fields, unsigned id, imap4_str value, size_t *used);
/* The header is complete: settle the type.  |message|: it is the header of a message, not of a part;
 * |in_digest|: without a Content-Type that can be understood this is a message. */
int imap4i_fields_finish(imap4i_fields *fields, bool message, bool in_digest);
/* The body cannot be looked into: it becomes application/octet-stream, with the parameters that it had. */
int imap4i_fields_make_opaque(imap4i_fields *fields);

#endif
