/* SPDX-License-Identifier: MIT */
/*
 * The allocator that the library gets in tests.  Each block remembers its size, so that a wrong |old_size|
 * is seen; new memory is filled with garbage and a block never grows in place, so that nothing leans on
 * either.
 */
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

enum { HEADER = 16, GARBAGE = 0xA5, DEAD = 0xDD };

static size_t size_of(const void *p) {
  size_t size;
  memcpy(&size, (const char *)p - HEADER, sizeof size);
  return size;
}

static void *allocate(struct heap *heap, size_t size) {
  ++heap->calls;
  if (heap->fail_at && (heap->calls == heap->fail_at || (heap->fail_on && heap->calls > heap->fail_at))) {
    ++heap->failed;
    return NULL;
  }
  char *block = malloc(HEADER + size);
  if (!block) abort();
  memcpy(block, &size, sizeof size);
  memset(block + HEADER, GARBAGE, size);
  ++heap->blocks;
  heap->octets += size;
  return block + HEADER;
}

static void release(struct heap *heap, void *p) {
  size_t size = size_of(p);
  memset(p, DEAD, size);
  --heap->blocks;
  heap->octets -= size;
  free((char *)p - HEADER);
}

void *heap_resize(void *user, void *p, size_t old_size, size_t new_size) {
  struct heap *heap = user;
  if (p ? size_of(p) != old_size : old_size != 0) ++heap->wrong_sizes;
  void *fresh = NULL;
  if (new_size > 0) {
    fresh = allocate(heap, new_size);
    if (!fresh) return NULL;
    size_t have = p ? size_of(p) : 0;
    if (have) memcpy(fresh, p, have < new_size ? have : new_size);
  }
  if (p) release(heap, p);
  return fresh;
}
