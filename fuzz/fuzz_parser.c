/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of the parser.  First octet: bit 0 the limits after login, bit 1 the delimiter, bit 2 no delimiter.
 * Second octet: after so many allocations there is no more memory (255: there always is).  The rest is a
 * command.  Oracles: no crash, results that keep what they promise (parse_any.h), nothing left allocated.
 */
#include "parse_any.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct heap {
  size_t live;
  unsigned left;
} heap;

static void *resize(void *user, void *p, size_t old_size, size_t new_size) {
  heap *h = user;
  if (new_size > old_size && h->left < 255 && h->left-- == 0) {
    h->left = 0;
    return NULL;
  }
  h->live = h->live - old_size + new_size;
  return imap4i_default_resize(NULL, p, old_size, new_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  imap4i_mem mem;
  imap4i_arena arena;
  imap4_limits limits;
  imap4i_parser parser;
  if (size < 2) return 0;
  heap h = {0, data[1]};
  char *text = malloc(size - 2 > 0 ? size - 2 : 1); /* ends where its memory does */
  if (!text) return 0;
  memcpy(text, data + 2, size - 2);
  PARSE_ANY_CHECK(imap4_limits_init(&limits, sizeof(limits), data[0] & 1) == IMAP4_OK);
  imap4i_mem_init(&mem, resize, &h, limits.session_octets);
  imap4i_arena_init(&arena, &mem);
  char delimiter = data[0] & 2 ? '.' : '/';
  imap4i_parser_init(&parser, imap4i_str(text, size - 2), &arena, &limits, data[0] & 4 ? '\0' : delimiter);
  (void)parse_any(&parser);
  imap4i_arena_free(&arena);
  PARSE_ANY_CHECK(h.live == 0 && mem.used == 0);
  free(text);
  return 0;
}
