/* SPDX-License-Identifier: MIT */
/* COMPRESS=DEFLATE (RFC 4978) between the session and what is below: a socket or TLS.  Without zlib there are
 * stubs that say so. */
#ifndef IMAP4_SERVER_COMPRESS_H
#define IMAP4_SERVER_COMPRESS_H

#include <stddef.h>

struct compress; /* one connection */

/* What compressed octets are read from and written to: like the functions of imap4_transport. */
struct compress_layer {
  int (*read)(void *user, void *data, size_t capacity, size_t *n);
  int (*write)(void *user, const void *data, size_t len, size_t *n);
  void *user;
};

/* Name and version of what compresses here; NULL: it is not compiled in. */
const char *compress_library_namez(void);

/* 0 or -1. */
int compress_new(const struct compress_layer *layer, struct compress **compress);
void compress_free(struct compress *compress);

/* Like the functions of imap4_transport.  A read gives |capacity| octets at most, whatever they would inflate
 * to. */
int compress_read(struct compress *compress, void *data, size_t capacity, size_t *n);
int compress_write(struct compress *compress, const void *data, size_t len, size_t *n);

/* Send all that was written, so that the client can read it.  IMAP4_AGAIN: the layer below does not take it
 * now; call again when it does. */
int compress_flush(struct compress *compress);

/* 1 when something was written that compress_flush() has still to send. */
int compress_unsent(const struct compress *compress);
/* 1 when there may be octets that the layer below will not tell of: it has given them already. */
int compress_pending(const struct compress *compress);

#endif
