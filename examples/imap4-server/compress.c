/* SPDX-License-Identifier: MIT */
/*
 * COMPRESS=DEFLATE by zlib.  Both directions have one buffer of fixed size; what a client's octets inflate to
 * is taken in the pieces that the session asks for, so a few octets that stand for gigabytes cost the time of
 * reading them, in turns like any other input, and no memory.
 */
#include "compress.h"

#include "imap4/error.h"

#ifdef IMAP4_SERVER_ZLIB
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IN_OCTETS 8192u
#define OUT_OCTETS 16384u
#define EMPTY_READS 8     /* of one call: input that inflates to nothing does not keep the thread */
#define LEVEL 3           /* mail is mostly base64: higher levels cost more than they save */
#define WINDOW_BITS (-13) /* raw; with MEMORY_LEVEL some 64 kB for each connection, instead of 256 */
#define MEMORY_LEVEL 6

struct compress {
  struct compress_layer layer;
  z_stream in;
  z_stream out;
  size_t out_from; /* |out_buffer| holds what is not sent yet */
  size_t out_to;
  int dirty;    /* the compressor holds octets that no flush has brought out */
  int flushing; /* a flush is half done and comes before anything else */
  int ended;    /* the client has ended its stream */
  unsigned char in_buffer[IN_OCTETS];
  unsigned char out_buffer[OUT_OCTETS];
};

const char *compress_library_namez(void) {
  return "zlib " ZLIB_VERSION;
}

int compress_new(const struct compress_layer *layer, struct compress **compress) {
  struct compress *z = calloc(1, sizeof *z);
  if (z == NULL) return -1;
  z->layer = *layer;
  if (inflateInit2(&z->in, -MAX_WBITS) != Z_OK) {
    free(z);
    return -1;
  }
  if (deflateInit2(&z->out, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    inflateEnd(&z->in);
    free(z);
    return -1;
  }
  *compress = z;
  return 0;
}

void compress_free(struct compress *z) {
  if (z == NULL) return;
  inflateEnd(&z->in);
  deflateEnd(&z->out);
  free(z);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Compressed octets into the empty buffer. */
static int fill(struct compress *z) {
  size_t n = 0;
  int status = z->layer.read(z->layer.user, z->in_buffer, sizeof z->in_buffer, &n);
  if (status != IMAP4_OK) return status;
  z->in.next_in = z->in_buffer;
  z->in.avail_in = (uInt)n;
  return IMAP4_OK;
}

int compress_read(struct compress *z, void *data, size_t capacity, size_t *n) {
  uInt room = capacity < UINT_MAX ? (uInt)capacity : UINT_MAX;
  z->in.next_out = data;
  z->in.avail_out = room;
  for (int reads = 0; !z->ended; reads++) {
    /* There may be more to come of octets that were all taken before. */
    int result = inflate(&z->in, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) return IMAP4_ERR_TRANSPORT;
    z->ended = result == Z_STREAM_END;
    *n = room - z->in.avail_out;
    if (*n > 0) return IMAP4_OK;
    if (z->ended) break;
    if (z->in.avail_in > 0) return IMAP4_ERR_TRANSPORT; /* it can't go on, with room and octets */
    if (reads == EMPTY_READS) return IMAP4_AGAIN;
    int status = fill(z);
    if (status != IMAP4_OK) return status;
  }
  return IMAP4_END;
}

int compress_pending(const struct compress *z) {
  return z->in.avail_in > 0 && !z->ended;
}

/* ---- writing -------------------------------------------------------------------------------- */

static int send_buffer(struct compress *z) {
  while (z->out_from < z->out_to) {
    size_t n = 0;
    int status = z->layer.write(z->layer.user, z->out_buffer + z->out_from, z->out_to - z->out_from, &n);
    if (status != IMAP4_OK) return status;
    z->out_from += n;
  }
  return IMAP4_OK;
}

/* Compress into the empty buffer. */
static int squeeze(struct compress *z, int flush) {
  z->out.next_out = z->out_buffer;
  z->out.avail_out = OUT_OCTETS;
  int result = deflate(&z->out, flush);
  z->out_from = 0;
  z->out_to = OUT_OCTETS - z->out.avail_out;
  return result == Z_OK || result == Z_BUF_ERROR ? IMAP4_OK : IMAP4_ERR_TRANSPORT;
}

int compress_write(struct compress *z, const void *data, size_t len, size_t *n) {
  uInt given = len < UINT_MAX ? (uInt)len : UINT_MAX;
  int status = z->flushing ? compress_flush(z) : send_buffer(z);
  *n = 0;
  while (status == IMAP4_OK && *n == 0) {
    z->out.next_in = (Bytef *)(uintptr_t)data;
    z->out.avail_in = given;
    status = squeeze(z, Z_NO_FLUSH);
    *n = given - z->out.avail_in;
    z->out.next_in = NULL;
    z->out.avail_in = 0;
    z->dirty = 1;
    if (status == IMAP4_OK && *n == 0) status = send_buffer(z);
  }
  return status;
}

int compress_flush(struct compress *z) {
  int status = send_buffer(z);
  while (status == IMAP4_OK && z->dirty) {
    status = squeeze(z, Z_SYNC_FLUSH);
    if (status != IMAP4_OK) return status;
    z->flushing = z->dirty = z->out.avail_out == 0; /* then there is more of it */
    status = send_buffer(z);
  }
  return status;
}

int compress_unsent(const struct compress *z) {
  return z->dirty || z->out_from < z->out_to;
}

#else

const char *compress_library_namez(void) {
  return NULL;
}

int compress_new(const struct compress_layer *layer, struct compress **compress) {
  (void)layer;
  (void)compress;
  return -1;
}

void compress_free(struct compress *z) {
  (void)z;
}

int compress_read(struct compress *z, void *data, size_t capacity, size_t *n) {
  (void)z;
  (void)data;
  (void)capacity;
  (void)n;
  return IMAP4_ERR_TRANSPORT;
}

int compress_write(struct compress *z, const void *data, size_t len, size_t *n) {
  (void)z;
  (void)data;
  (void)len;
  (void)n;
  return IMAP4_ERR_TRANSPORT;
}

int compress_flush(struct compress *z) {
  (void)z;
  return IMAP4_ERR_TRANSPORT;
}

int compress_unsent(const struct compress *z) {
  (void)z;
  return 0;
}

int compress_pending(const struct compress *z) {
  (void)z;
  return 0;
}

#endif
