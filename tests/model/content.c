/* SPDX-License-Identifier: MIT */
/* Messages, made from a number: their octets, and what a search finds in them. */
#include "model.h"

#include <stdio.h>
#include <string.h>

enum { SMALLEST = 300, JULY_1996 = 836179200 };

static const char *const words[] = {"apple", "pear", "plum", "fig", "quince"};

static uint32_t subject_word(uint32_t id) {
  return id % 5;
}

static uint32_t body_word(uint32_t id) {
  return id / 5 % 5;
}

const char *content_word(uint32_t word) {
  return words[word % 5];
}

uint32_t content_size(uint32_t id) {
  return SMALLEST + id;
}

size_t content_of(uint32_t id, char *out, size_t capacity) {
  size_t size = content_size(id);
  int n =
      snprintf(out, capacity,
               "From: User <user%u@example.org>\r\nTo: joe@example.org\r\nSubject: m%u %s\r\n"
               "Date: Mon, 1 Jul 1996 12:00:00 +0000\r\nMessage-ID: <m%u@example.org>\r\n\r\n%s\r\n",
               (unsigned)(id % 3), (unsigned)id, words[subject_word(id)], (unsigned)id, words[body_word(id)]);
  assert_true(n > 0 && (size_t)n < size && size < capacity);
  size_t at = (size_t)n;
  for (; at < size; at++)
    out[at] = at % 70 == 0 ? '-' : 'x';
  memcpy(out + size - 2, "\r\n", 2);
  return size;
}

bool content_has(uint32_t id, search_key where, uint32_t word) {
  bool subject = subject_word(id) == word % 5, body = body_word(id) == word % 5;
  if (where == KEY_SUBJECT) return subject;
  if (where == KEY_BODY) return body;
  if (where == KEY_HEADER) return id % 3 == word % 3;
  return subject || body;
}

void date_text(int32_t day, bool with_time, char *out, size_t capacity) {
  int32_t of_month = day - JULY_1996 / 86400 + 1;
  snprintf(out, capacity, "%s%d-Jul-1996%s", with_time && of_month < 10 ? " " : "", (int)of_month,
           with_time ? " 12:00:00 +0000" : "");
}
