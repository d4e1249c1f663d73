/* SPDX-License-Identifier: MIT */
/*
 * Texts, words, ranges and scratches of the memory store.
 */
#include "memory/internal.h"

struct memory_block {
  struct memory_block *next;
};

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int memory_equal(imap4_str a, imap4_str b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int memory_equal_nocase(imap4_str a, imap4_str b) {
  if (a.n != b.n) return 0;
  for (size_t i = 0; i < a.n; ++i) {
    if (lower(a.p[i]) != lower(b.p[i])) return 0;
  }
  return 1;
}

int memory_next_word(imap4_str *list, imap4_str *word) {
  size_t at = 0;
  while (at < list->n && list->p[at] == ' ')
    ++at;
  size_t end = at;
  while (end < list->n && list->p[end] != ' ')
    ++end;
  if (at == end) return 0;
  *word = memory_str(list->p + at, end - at);
  *list = memory_str(list->p + end, list->n - end);
  return 1;
}

int memory_has_word(imap4_str list, imap4_str word) {
  imap4_str have;
  while (memory_next_word(&list, &have)) {
    if (memory_equal_nocase(have, word)) return 1;
  }
  return 0;
}

void *memory_grow(void *array, size_t count, size_t more, size_t *capacity, size_t size) {
  if (more > SIZE_MAX / 4 / size - count) return NULL;
  if (array && count + more <= *capacity) return array;
  size_t wanted = count + more;
  if (wanted < *capacity * 2) wanted = *capacity * 2;
  if (wanted < 4) wanted = 4;
  void *grown = realloc(array, wanted * size);
  if (grown) *capacity = wanted;
  return grown;
}

int memory_text_add(struct memory_text *text, imap4_str s) {
  if (s.n == 0) return IMAP4_OK;
  char *p = memory_grow(text->p, text->n, s.n, &text->capacity, 1);
  if (!p) return IMAP4_ST_TEMPFAIL;
  text->p = p;
  memcpy(p + text->n, s.p, s.n);
  text->n += s.n;
  return IMAP4_OK;
}

int memory_text_add_word(struct memory_text *text, imap4_str word) {
  int status = text->n ? memory_text_add(text, memory_str(" ", 1)) : IMAP4_OK;
  return status ? status : memory_text_add(text, word);
}

int memory_text_set(struct memory_text *text, imap4_str s) {
  text->n = 0;
  return memory_text_add(text, s);
}

void memory_text_free(struct memory_text *text) {
  free(text->p);
  *text = (struct memory_text){0};
}

void *memory_scratch_alloc(struct memory_scratch *scratch, size_t size) {
  if (size > SIZE_MAX - sizeof(struct memory_block)) return NULL;
  struct memory_block *block = malloc(sizeof *block + size);
  if (!block) return NULL;
  block->next = scratch->blocks;
  scratch->blocks = block;
  return block + 1;
}

int memory_scratch_str(struct memory_scratch *scratch, imap4_str s, imap4_str *copy) {
  char *p = memory_scratch_alloc(scratch, s.n);
  if (!p) return 0;
  if (s.n) memcpy(p, s.p, s.n);
  *copy = memory_str(p, s.n);
  return 1;
}

void memory_scratch_free(struct memory_scratch *scratch) {
  while (scratch->blocks) {
    struct memory_block *block = scratch->blocks;
    scratch->blocks = block->next;
    free(block);
  }
}

size_t memory_ranges_find(imap4_uid_ranges ranges, uint32_t uid) {
  size_t low = 0;
  size_t high = ranges.n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (ranges.p[middle].last < uid) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

int memory_ranges_has(imap4_uid_ranges ranges, uint32_t uid) {
  size_t i = memory_ranges_find(ranges, uid);
  return i < ranges.n && ranges.p[i].first <= uid;
}

int memory_ranges_add(struct memory_ranges *ranges, struct memory_scratch *scratch, uint32_t uid) {
  if (ranges->n && uid > 0 && ranges->p[ranges->n - 1].last == uid - 1) {
    ranges->p[ranges->n - 1].last = uid;
    return IMAP4_OK;
  }
  if (ranges->n == ranges->capacity) {
    size_t capacity = ranges->capacity ? ranges->capacity * 2 : 4;
    imap4_uid_range *p = memory_scratch_alloc(scratch, capacity * sizeof *p);
    if (!p) return IMAP4_ST_TEMPFAIL;
    if (ranges->n) memcpy(p, ranges->p, ranges->n * sizeof *p);
    ranges->p = p;
    ranges->capacity = capacity;
  }
  ranges->p[ranges->n++] = (imap4_uid_range){uid, uid};
  return IMAP4_OK;
}
