/* SPDX-License-Identifier: MIT */
/*
 * Memory with accounting.  Everything that a session allocates goes through one imap4i_mem, which keeps the
 * running total against the session's ceiling (contract C6).  Callers remember sizes, so blocks have no
 * headers.
 */
#ifndef IMAP4I_MEM_H
#define IMAP4I_MEM_H

#include "base/str.h"
#include "imap4/session.h"

typedef struct imap4i_mem {
  imap4_resize_function resize;
  void *user;
  uint64_t used;
  uint64_t peak;
  uint64_t ceiling; /* more is refused */
  bool ceiling_hit; /* the last refusal came from the ceiling, not from the host */
} imap4i_mem;

/* malloc, realloc, free. */
void *imap4i_default_resize(void *user, void *p, size_t old_size, size_t new_size);

void imap4i_mem_init(imap4i_mem *mem, imap4_resize_function resize, void *user, uint64_t ceiling);
/* As imap4_resize_function, but counted.  Freeing NULL (old_size 0) is allowed. */
void *imap4i_resize(imap4i_mem *mem, void *p, size_t old_size, size_t new_size);

static inline void *imap4i_alloc(imap4i_mem *mem, size_t size) {
  return imap4i_resize(mem, NULL, 0, size);
}

static inline void imap4i_free(imap4i_mem *mem, void *p, size_t size) {
  if (p) imap4i_resize(mem, p, size, 0);
}

/* Zeroed. */
void *imap4i_calloc(imap4i_mem *mem, size_t size);

#endif
