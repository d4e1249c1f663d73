/* SPDX-License-Identifier: MIT */
/*
 * A growing buffer of octets with a maximum.  A put that fails changes nothing.  imap4i_buf_clear() keeps
 * the memory, imap4i_buf_free() gives it back; a zeroed struct with |mem| and |max| set is an empty buffer.
 */
#ifndef IMAP4I_BUF_H
#define IMAP4I_BUF_H

#include "base/mem.h"

typedef struct imap4i_buf {
  imap4i_mem *mem;
  char *p;
  size_t n;        /* octets in use */
  size_t capacity; /* octets allocated */
  size_t max;      /* |n| never exceeds this */
  size_t step;     /* the capacity grows by this at most; 0: it doubles */
  bool secret;     /* memory is wiped before it is given back, and when the buffer grows */
} imap4i_buf;

void imap4i_buf_init(imap4i_buf *buf, imap4i_mem *mem, size_t max);
void imap4i_buf_free(imap4i_buf *buf);

static inline void imap4i_buf_clear(imap4i_buf *buf) {
  buf->n = 0;
}

static inline imap4_str imap4i_buf_str(const imap4i_buf *buf) {
  return (imap4_str){buf->p, buf->n};
}

/* Room for |n| more octets; NULL when there is none, else where they go.  |n| octets count as used only
 * after imap4i_buf_added(). */
char *imap4i_buf_room(imap4i_buf *buf, size_t n);

static inline void imap4i_buf_added(imap4i_buf *buf, size_t n) {
  buf->n += n;
}

IMAP4_MUST_USE bool imap4i_buf_put(imap4i_buf *buf, const void *p, size_t n);
IMAP4_MUST_USE bool imap4i_buf_puts(imap4i_buf *buf, imap4_str s);
IMAP4_MUST_USE bool imap4i_buf_putc(imap4i_buf *buf, char c);
IMAP4_MUST_USE bool imap4i_buf_put_u64(imap4i_buf *buf, uint64_t value);
/* Drop the first |n| octets. */
void imap4i_buf_drop(imap4i_buf *buf, size_t n);
/* Give back what is allocated and not in use.  Failing to is harmless. */
void imap4i_buf_trim(imap4i_buf *buf);

#endif
