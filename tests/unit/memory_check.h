/* SPDX-License-Identifier: MIT */
/*
 * For tests: an allocator that fails on demand and knows what is still allocated.  Include after cmocka.h.
 */
#ifndef MEMORY_CHECK_H
#define MEMORY_CHECK_H

#include <stdlib.h>

#include "base/mem.h"

typedef struct memory_check {
  size_t live;      /* octets */
  size_t fail_from; /* requests for more memory that still work; SIZE_MAX: all */
  imap4i_mem mem;
} memory_check;

static inline void *memory_check_resize(void *user, void *p, size_t old_size, size_t new_size) {
  memory_check *check = user;
  if (new_size > old_size) {
    if (check->fail_from == 0) return NULL;
    if (check->fail_from != SIZE_MAX) check->fail_from--;
  }
  check->live = check->live - old_size + new_size;
  if (new_size == 0) {
    free(p);
    return NULL;
  }
  /* A new block each time: old pointers are seen by AddressSanitizer. */
  char *q = malloc(new_size);
  assert_non_null(q);
  if (p) memcpy(q, p, imap4i_min(old_size, new_size));
  free(p);
  return q;
}

static inline imap4i_mem *memory_check_init(memory_check *check) {
  check->live = 0;
  check->fail_from = SIZE_MAX;
  imap4i_mem_init(&check->mem, memory_check_resize, check, UINT64_MAX);
  return &check->mem;
}

static inline void memory_check_end(memory_check *check) {
  assert_int_equal(check->live, 0);
  assert_int_equal(check->mem.used, 0);
}

#endif
