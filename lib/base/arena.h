/* SPDX-License-Identifier: MIT */
/*
 * An arena: objects that die together, a command's.  Under AddressSanitizer each object is an allocation of
 * its own, so that overruns are seen.
 */
#ifndef IMAP4I_ARENA_H
#define IMAP4I_ARENA_H

#include "base/mem.h"

struct imap4i_arena_block;

typedef struct imap4i_arena {
  imap4i_mem *mem;
  struct imap4i_arena_block *blocks; /* the newest first */
  size_t last_size;                  /* of the newest, for growth */
} imap4i_arena;

void imap4i_arena_init(imap4i_arena *arena, imap4i_mem *mem);
/* Wipes and frees everything; the arena is empty then. */
void imap4i_arena_free(imap4i_arena *arena);
/* |size| octets, zeroed, aligned for any object; NULL without memory. */
void *imap4i_arena_alloc(imap4i_arena *arena, size_t size);
/* |count| * |size| octets, checked. */
void *imap4i_arena_array(imap4i_arena *arena, size_t count, size_t size);
/* A copy of |s|; |ok| becomes false without memory (an empty |s| needs none). */
imap4_str imap4i_arena_str(imap4i_arena *arena, imap4_str s, bool *ok);

#endif
