/* SPDX-License-Identifier: MIT */
/* Objects that die together; see arena.h. */
#include "base/arena.h"

#include <stdalign.h>

#if defined(__SANITIZE_ADDRESS__)
#define EACH_ALONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EACH_ALONE 1
#endif
#endif
#ifndef EACH_ALONE
#define EACH_ALONE 0
#endif

#define FIRST_BLOCK 512
#define LARGEST_BLOCK 16384
#define ALIGN(n) (((n) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t))

struct imap4i_arena_block {
  struct imap4i_arena_block *older;
  size_t size; /* of the whole block */
  size_t used;
  alignas(max_align_t) char data[];
};

void imap4i_arena_init(imap4i_arena *arena, imap4i_mem *mem) {
  *arena = (imap4i_arena){.mem = mem};
}

void imap4i_arena_free(imap4i_arena *arena) {
  while (arena->blocks) {
    struct imap4i_arena_block *block = arena->blocks;
    size_t size = block->size;
    arena->blocks = block->older;
    imap4i_wipe(block->data, block->used); /* a LOGIN's arena holds its password */
    imap4i_free(arena->mem, block, size);
  }
  arena->last_size = 0;
}

static struct imap4i_arena_block *new_block(imap4i_arena *arena, size_t need) {
  size_t size = arena->last_size > 0 ? imap4i_min(arena->last_size * 2, LARGEST_BLOCK) : FIRST_BLOCK;
  if (EACH_ALONE || size < need) size = need;
  struct imap4i_arena_block *block = imap4i_alloc(arena->mem, size);
  if (!block && size > need) {
    size = need;
    block = imap4i_alloc(arena->mem, size);
  }
  if (!block) return NULL;
  block->older = arena->blocks;
  block->size = size;
  block->used = 0;
  arena->blocks = block;
  arena->last_size = size;
  return block;
}

void *imap4i_arena_alloc(imap4i_arena *arena, size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size_t need = EACH_ALONE ? size : ALIGN(size);
  struct imap4i_arena_block *block = arena->blocks;
  if (EACH_ALONE || !block || block->size - offsetof(struct imap4i_arena_block, data) - block->used < need) {
    block = new_block(arena, offsetof(struct imap4i_arena_block, data) + need);
    if (!block) return NULL;
  }
  void *p = block->data + block->used;
  block->used += need;
  memset(p, 0, size);
  return p;
}

void *imap4i_arena_array(imap4i_arena *arena, size_t count, size_t size) {
  if (size > 0 && count > SIZE_MAX / 2 / size) return NULL;
  return imap4i_arena_alloc(arena, count * size);
}

imap4_str imap4i_arena_str(imap4i_arena *arena, imap4_str s, bool *ok) {
  if (s.n == 0) return (imap4_str){"", 0};
  char *p = imap4i_arena_alloc(arena, s.n);
  if (!p) {
    *ok = false;
    return (imap4_str){"", 0};
  }
  memcpy(p, s.p, s.n);
  return (imap4_str){p, s.n};
}
