/* SPDX-License-Identifier: MIT */
/* Memory with accounting; see mem.h. */
#include "base/mem.h"

#include <stdlib.h>

void *imap4i_default_resize(void *user, void *p, size_t old_size, size_t new_size) {
  (void)user;
  (void)old_size;
  if (new_size == 0) {
    free(p);
    return NULL;
  }
  return realloc(p, new_size);
}

void imap4i_mem_init(imap4i_mem *mem, imap4_resize_function resize, void *user, uint64_t ceiling) {
  *mem = (imap4i_mem){.resize = resize, .user = user, .ceiling = ceiling};
}

void *imap4i_resize(imap4i_mem *mem, void *p, size_t old_size, size_t new_size) {
  if (new_size > old_size) {
    uint64_t more = new_size - old_size;
    /* |used| may lie above the ceiling when the ceiling was lowered. */
    if (mem->used > mem->ceiling || more > mem->ceiling - mem->used) {
      mem->ceiling_hit = true;
      return NULL;
    }
  }
  void *q = mem->resize(mem->user, p, old_size, new_size);
  if (!q && new_size > 0) {
    mem->ceiling_hit = false;
    return NULL;
  }
  mem->used = mem->used - old_size + new_size;
  if (mem->used > mem->peak) mem->peak = mem->used;
  return q;
}

void *imap4i_calloc(imap4i_mem *mem, size_t size) {
  void *p = imap4i_alloc(mem, size);
  if (p) memset(p, 0, size);
  return p;
}
