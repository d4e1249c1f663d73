/* SPDX-License-Identifier: MIT */
/*
 * PREVIEW of FETCH (RFC 8970): from the octets of a message to its preview, part by part until one has a
 * text. How many octets are read for it is limited.
 */
#ifndef IMAP4I_FETCH_PREVIEW_H
#define IMAP4I_FETCH_PREVIEW_H

#include "base/charset_cache.h"
#include "base/transfer.h"
#include "mail/preview.h"

/* Octets of a message that are read for its preview at most: some mail has that much style before its text.
 */
#define IMAP4I_PREVIEW_OCTETS 65536
/* Parts that are tried. */
#define IMAP4I_PREVIEW_PARTS 4

typedef struct imap4i_fetch_preview {
  imap4i_preview preview;
  imap4i_transfer transfer;
  imap4i_charset_cache charsets; /* of all messages of the command */
  imap4i_charset *charset;       /* of the part under way */
  uint32_t parts;
  size_t index;  /* of the next part to be tried */
  uint64_t left; /* octets that may still be read */
} imap4i_fetch_preview;

/* The preview of another message begins.  |x| was zeroed before its first. */
void imap4i_fetch_preview_begin(imap4i_fetch_preview *x);
void imap4i_fetch_preview_free(imap4i_fetch_preview *x);
/* The next part to be read: |*length| octets from |*offset|.  |*found| is false if there is none.  IMAP4_OK
 * or IMAP4_ERR_NOMEM. */
int imap4i_fetch_preview_next(imap4i_fetch_preview *x, imap4_str digest, uint64_t *offset, uint64_t *length,
                              bool *found);
/* Octets of it, the last if |last|. */
void imap4i_fetch_preview_feed(imap4i_fetch_preview *x, imap4_str data, bool last);

#endif
