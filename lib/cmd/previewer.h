/* SPDX-License-Identifier: MIT */
/*
 * From the octets of a message to its preview (RFC 8970), part by part until one has a text.  How many octets
 * are read for it is limited.  For FETCH and APPEND.
 */
#ifndef IMAP4I_PREVIEWER_H
#define IMAP4I_PREVIEWER_H

#include "base/charset_cache.h"
#include "base/transfer.h"
#include "mail/preview.h"

/* Octets of a message that are read for its preview at most: some mail has that much style before its text.
 */
#define IMAP4I_PREVIEW_OCTETS 65536
/* Parts that are tried. */
#define IMAP4I_PREVIEW_PARTS 4

typedef struct imap4i_previewer {
  imap4i_preview preview;
  imap4i_transfer transfer;
  imap4i_charset_cache charsets; /* of all messages of the command */
  imap4i_charset *charset;       /* of the part under way */
  uint32_t parts;
  size_t index;  /* of the next part to be tried */
  uint64_t left; /* octets that may still be read */
} imap4i_previewer;

/* The preview of another message begins.  |x| was zeroed before its first. */
void imap4i_previewer_begin(imap4i_previewer *x);
void imap4i_previewer_free(imap4i_previewer *x);
/* The next part to be read: |*length| octets from |*offset|.  |*found| is false if there is none.  IMAP4_OK
 * or IMAP4_ERR_NOMEM. */
int imap4i_previewer_next(imap4i_previewer *x, imap4_str digest, uint64_t *offset, uint64_t *length,
                          bool *found);
/* Octets of it, the last if |last|. */
void imap4i_previewer_feed(imap4i_previewer *x, imap4_str data, bool last);

/* All of that out of the first octets of a message: its |digest| is appended to |out|, with a preview if
 * |start| is enough for that and both together have not more than |most| octets.  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_preview_start(imap4i_mem *mem, imap4_str start, imap4_str digest, size_t most, imap4i_buf *out);

#endif
