/* SPDX-License-Identifier: MIT */
/*
 * What was expected against what came.  In a line, $number matches digits, $any a word, $text anything up
 * to the end of the line, each at least one octet.
 */
#include <string.h>

#include "transcript.h"

enum { CARD_NONE, CARD_NUMBER, CARD_ANY, CARD_TEXT };

static int wild_card(const char *p, size_t n, size_t *length) {
  static const char *const names[] = {"$number", "$any", "$text"};
  for (int i = 0; i < 3; ++i) {
    *length = strlen(names[i]);
    if (n >= *length && memcmp(p, names[i], *length) == 0) return i + 1;
  }
  return CARD_NONE;
}

static bool fits(int card, char c) {
  if (card == CARD_NUMBER) return c >= '0' && c <= '9';
  return card == CARD_TEXT || c != ' ';
}

/* Whether |line| is like |pattern|: at a wild card the longest run is tried first. */
static bool line_matches(const char *pattern, size_t pattern_n, const char *line, size_t n) {
  for (size_t i = 0; i < pattern_n; ++i) {
    size_t length;
    int card = wild_card(pattern + i, pattern_n - i, &length);
    if (card == CARD_NONE) {
      if (n == 0 || *line != pattern[i]) return false;
      ++line;
      --n;
      continue;
    }
    size_t most = 0;
    while (most < n && fits(card, line[most]))
      ++most;
    for (size_t k = most; k > 0; --k) {
      if (line_matches(pattern + i + length, pattern_n - i - length, line + k, n - k)) return true;
    }
    return false;
  }
  return n == 0;
}

/* Octets up to the CRLF; |n| if there is none. */
static size_t line_length(const char *p, size_t n) {
  for (size_t i = 0; i + 1 < n; ++i) {
    if (p[i] == '\r' && p[i + 1] == '\n') return i;
  }
  return n;
}

static void differs(struct world *world, const struct expect *expect, const char *p, size_t n) {
  struct bytes wanted = {0};
  struct bytes got = {0};
  size_t show = expect->raw ? expect->text.n : line_length(p, n) + 2;
  bytes_show(&wanted, expect->text.p, expect->text.n);
  bytes_show(&got, p, show < n ? show : n);
  world_trouble(world, expect->line, "\n  expected S%d%c %s\n  got         %s%s", expect->connection,
                expect->raw ? '=' : ':', wanted.p ? wanted.p : "", got.p ? got.p : "(nothing)",
                show < n ? " ..." : "");
  bytes_free(&wanted);
  bytes_free(&got);
}

/* Octets that |expect| takes of the |n| at |p|; 0: it does not match. */
static size_t take(const struct expect *expect, const char *p, size_t n) {
  if (expect->raw) {
    return n >= expect->text.n && memcmp(p, expect->text.p, expect->text.n) == 0 ? expect->text.n : 0;
  }
  size_t length = line_length(p, n);
  if (length == n) return 0;
  return line_matches(expect->text.p, expect->text.n, p, length) ? length + 2 : 0;
}

static void match_connection(struct world *world, const struct step *step, int number) {
  const struct bytes *output = &world->connections[number].output;
  size_t at = 0;
  for (size_t i = 0; i < step->expect_count; ++i) {
    const struct expect *expect = &step->expects[i];
    if (expect->connection != number || (expect->raw && expect->text.n == 0)) continue;
    size_t n = at < output->n ? take(expect, output->p + at, output->n - at) : 0;
    if (n == 0) {
      differs(world, expect, at < output->n ? output->p + at : "", output->n - at);
      return;
    }
    at += n;
  }
  if (at == output->n) return;
  struct bytes got = {0};
  bytes_show(&got, output->p + at, output->n - at);
  world_trouble(world, step->line, "\n  got more to this than expected on connection %d:\n  %s", number,
                got.p);
  bytes_free(&got);
}

void match_step(struct world *world, const struct step *step) {
  for (int i = 1; i <= MAX_CONNECTIONS; ++i)
    match_connection(world, step, i);
}
