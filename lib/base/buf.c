/* SPDX-License-Identifier: MIT */
/* A growing buffer with a maximum; see buf.h. */
#include "base/buf.h"

/* First allocation: short lines fit, and a session at rest that once wrote one frees it anyway. */
#define FIRST_CAPACITY 256

void imap4i_buf_init(imap4i_buf *buf, imap4i_mem *mem, size_t max) {
  *buf = (imap4i_buf){.mem = mem, .max = max};
}

void imap4i_buf_free(imap4i_buf *buf) {
  if (buf->secret) imap4i_wipe(buf->p, buf->capacity);
  imap4i_free(buf->mem, buf->p, buf->capacity);
  buf->p = NULL;
  buf->n = buf->capacity = 0;
}

/* A secret must not stay behind where an allocator moves it away from. */
static char *grow(imap4i_buf *buf, size_t capacity) {
  if (!buf->secret || !buf->p) return imap4i_resize(buf->mem, buf->p, buf->capacity, capacity);
  char *p = imap4i_alloc(buf->mem, capacity);
  if (!p) return NULL;
  memcpy(p, buf->p, buf->n);
  imap4i_wipe(buf->p, buf->capacity);
  imap4i_free(buf->mem, buf->p, buf->capacity);
  return p;
}

static size_t more(const imap4i_buf *buf, size_t capacity) {
  size_t n = buf->step > 0 && buf->step < capacity ? buf->step : capacity;
  return capacity > buf->max - imap4i_min(n, buf->max) ? buf->max : capacity + n;
}

char *imap4i_buf_room(imap4i_buf *buf, size_t n) {
  if (n > buf->max || buf->n > buf->max - n) return NULL;
  size_t need = buf->n + n;
  if (need > buf->capacity) {
    size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;
    while (capacity < need)
      capacity = more(buf, capacity);
    char *p = grow(buf, capacity);
    if (!p && capacity > need) { /* doubling may pass the ceiling where the need alone does not */
      capacity = need;
      p = grow(buf, capacity);
    }
    if (!p) return NULL;
    buf->p = p;
    buf->capacity = capacity;
  }
  return buf->p + buf->n;
}

bool imap4i_buf_put(imap4i_buf *buf, const void *p, size_t n) {
  if (n == 0) return true;
  char *to = imap4i_buf_room(buf, n);
  if (!to) return false;
  memcpy(to, p, n);
  buf->n += n;
  return true;
}

bool imap4i_buf_puts(imap4i_buf *buf, imap4_str s) {
  return imap4i_buf_put(buf, s.p, s.n);
}

bool imap4i_buf_putc(imap4i_buf *buf, char c) {
  return imap4i_buf_put(buf, &c, 1);
}

bool imap4i_buf_put_u64(imap4i_buf *buf, uint64_t value) {
  char digits[IMAP4I_U64_DIGITS];
  return imap4i_buf_put(buf, digits, imap4i_format_u64(value, digits));
}

void imap4i_buf_trim(imap4i_buf *buf) {
  if (buf->n == 0) imap4i_buf_free(buf);
  char *p = buf->n < buf->capacity ? grow(buf, buf->n) : NULL;
  if (!p) return;
  buf->p = p;
  buf->capacity = buf->n;
}

void imap4i_buf_drop(imap4i_buf *buf, size_t n) {
  if (n == 0) return; /* |p| may be NULL then */
  memmove(buf->p, buf->p + n, buf->n - n);
  buf->n -= n;
}
