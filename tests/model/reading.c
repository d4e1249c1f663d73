/* SPDX-License-Identifier: MIT */
/* The grammar of responses, piece by piece: each function takes its part from the front of a text. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

bool take(const char **p, const char *wordz) {
  size_t n = strlen(wordz);
  if (strncmp(*p, wordz, n) != 0) return false;
  *p += n;
  return true;
}

uint64_t take_modseq(world *w, const char **p) {
  char *end;
  unsigned long long number = strtoull(*p, &end, 10);
  EXPECT(w, end != *p && number <= INT64_MAX, "no mod-sequence: %.40s", *p);
  *p = end;
  return number;
}

uint32_t take_number(world *w, const char **p) {
  uint64_t number = take_modseq(w, p);
  EXPECT(w, number <= UINT32_MAX, "no number: %.40s", *p);
  return (uint32_t)number;
}

uint32_t take_flags(world *w, const char **p) {
  uint32_t flags = 0;
  EXPECT(w, take(p, "("), "no list of flags: %.40s", *p);
  while (!take(p, ")")) {
    size_t i = 0;
    (void)take(p, " ");
    while (i < 7 && !take(p, flag_names[i]))
      i++;
    bool recent = i == 7 && take(p, "\\Recent");
    EXPECT(w, i < 7 || recent, "an unknown flag: %.40s", *p);
    flags |= recent ? RECENT : all_flags[i];
  }
  return flags;
}

void take_set(world *w, const char **p, numbers *out) {
  out->n = 0;
  do {
    uint32_t first = take_number(w, p);
    uint32_t last = take(p, ":") ? take_number(w, p) : first;
    EXPECT(w, first > 0 && first <= last, "not a set as servers write it");
    for (uint32_t number = first; number <= last && number > 0; number++) {
      EXPECT(w, out->n < MESSAGES, "a set of too many");
      out->p[out->n++] = number;
    }
  } while (take(p, ","));
}

static imap4_str take_quoted(world *w, const char **p) {
  imap4_str s = {*p, 0};
  for (; **p != '"'; ++*p, s.n++) {
    EXPECT(w, **p >= ' ', "an open string");
    if (**p == '\\') ++*p, s.n++;
  }
  ++*p;
  return s;
}

imap4_str take_string(world *w, const char **p) {
  if (take(p, "NIL")) return (imap4_str){"", 0};
  if (take(p, "\"")) return take_quoted(w, p);
  (void)take(p, "~");
  EXPECT(w, take(p, "{"), "no string: %.40s", *p);
  imap4_str s = {NULL, take_number(w, p)};
  EXPECT(w, take(p, "}\r\n"), "no literal: %.40s", *p);
  s.p = *p;
  *p += s.n;
  return s;
}

/* A string, an atom, or a list of such. */
void skip_value(world *w, const char **p) {
  unsigned depth = 0;
  do {
    (void)take(p, " ");
    if (take(p, "("))
      depth++;
    else if (take(p, ")"))
      depth--;
    else if (**p == '"' || **p == '{' || **p == '~')
      (void)take_string(w, p);
    else {
      size_t n = strcspn(*p, " ()\r\n");
      EXPECT(w, n > 0, "no value: %.40s", *p);
      *p += n;
    }
  } while (depth > 0);
}

/* Octets of the literal that |line| announces at its end; SIZE_MAX: none. */
static size_t literal_at_end(const char *line, size_t n) {
  size_t at = n;
  if (n < 5 || line[n - 3] != '}') return SIZE_MAX;
  for (at = n - 4; at > 0 && line[at] >= '0' && line[at] <= '9';)
    at--;
  if (line[at] != '{' || at == n - 4) return SIZE_MAX;
  return (size_t)strtoul(line + at + 1, NULL, 10);
}

size_t response_length(const char *p, size_t n) {
  size_t at = 0;
  for (;;) {
    const char *end = at < n ? memchr(p + at, '\n', n - at) : NULL;
    if (!end) return 0;
    size_t line = (size_t)(end - (p + at)) + 1;
    size_t literal = line >= 2 ? literal_at_end(p + at, line) : SIZE_MAX;
    at += line;
    if (literal == SIZE_MAX) return at;
    if (literal > n - at) return 0;
    at += literal;
  }
}
