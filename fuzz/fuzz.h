/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share: a check that ends the process, the choices that an input begins with, and a
 * heap that counts, knows wrong sizes and fails when told to.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

#define FUZZ_CHECK(condition)                                                                                \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                         \
      abort();                                                                                               \
    }                                                                                                        \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The octets of an input, taken from the front; zero when there are none left. */
static inline unsigned fuzz_take(imap4_str *input) {
  if (input->n == 0) return 0;
  unsigned octet = (unsigned char)*input->p;
  *input = imap4i_tail(*input, 1);
  return octet;
}

/* Numbers that depend on a seed alone. */
typedef struct fuzz_random {
  uint64_t state;
} fuzz_random;

static inline uint32_t fuzz_below(fuzz_random *random, uint32_t below) {
  random->state = random->state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((random->state >> 33) % below);
}

/* A copy in memory of just its size, so that reading past it is seen. */
static inline imap4_str fuzz_copy(imap4_str s) {
  char *p = malloc(s.n > 0 ? s.n : 1);
  FUZZ_CHECK(p);
  if (s.n > 0) memcpy(p, s.p, s.n);
  return (imap4_str){p, s.n};
}

static inline void fuzz_copy_free(imap4_str s) {
  free((void *)(uintptr_t)s.p);
}

typedef struct fuzz_heap {
  size_t live; /* octets */
  size_t blocks;
  size_t peak;
  size_t left; /* requests for more memory that still succeed; SIZE_MAX: all */
  bool failed; /* one did not */
} fuzz_heap;

static inline void fuzz_heap_init(fuzz_heap *heap, size_t left) {
  *heap = (fuzz_heap){.left = left};
}

/* An imap4_resize_function.  Every block begins with its size, which callers must know too. */
static inline void *fuzz_resize(void *user, void *p, size_t old_size, size_t new_size) {
  enum { HEAD = 16 };
  fuzz_heap *heap = user;
  char *old = p ? (char *)p - HEAD : NULL;
  char *block = NULL;
  if (new_size > old_size && heap->left == 0) {
    heap->failed = true;
    return NULL;
  }
  if (new_size > old_size && heap->left != SIZE_MAX) heap->left--;
  if (old) {
    size_t size;
    memcpy(&size, old, sizeof size);
    FUZZ_CHECK(size == old_size);
  }
  FUZZ_CHECK(old || old_size == 0);
  if (new_size > 0) {
    /* Always another block: pointers to the old one are found out. */
    block = malloc(HEAD + new_size);
    FUZZ_CHECK(block);
    memcpy(block, &new_size, sizeof new_size);
    memset(block + HEAD, 0xa5, new_size);
    if (old) memcpy(block + HEAD, p, old_size < new_size ? old_size : new_size);
  }
  heap->live = heap->live - old_size + new_size;
  heap->blocks = heap->blocks + (block ? 1 : 0) - (old ? 1 : 0);
  if (heap->live > heap->peak) heap->peak = heap->live;
  free(old);
  return block ? block + HEAD : NULL;
}

static inline void fuzz_heap_end(const fuzz_heap *heap) {
  FUZZ_CHECK(heap->live == 0 && heap->blocks == 0);
}

#endif
