/* SPDX-License-Identifier: MIT */
/* The matcher against a naive search, over all kinds of cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "search/matcher.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t n) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % n;
}

static bool naive(imap4_str text, imap4_str needle) {
  for (size_t i = 0; i + needle.n <= text.n; i++) {
    if (memcmp(text.p + i, needle.p, needle.n) == 0) return true;
  }
  return false;
}

/* Feed |text| in pieces of |cut| octets, or of random lengths for 0.  False without memory. */
static bool feed(imap4i_matcher *matcher, imap4_str text, size_t cut) {
  imap4i_matcher_restart(matcher);
  while (text.n > 0) {
    size_t room;
    bool news = false;
    char *out = imap4i_matcher_room(matcher, &room);
    assert_true(room >= IMAP4I_MATCHER_ROOM);
    size_t n = cut > 0 ? cut : 1 + random_below(random_below(2) == 0 ? 9 : 6000);
    n = imap4i_min(imap4i_min(n, room), text.n);
    memcpy(out, text.p, n);
    text = imap4i_tail(text, n);
    if (!imap4i_matcher_added(matcher, n, &news)) return false;
  }
  return true;
}

static void check(imap4_str text, const imap4_str *wanted, size_t count, size_t cut) {
  imap4i_mem mem;
  imap4i_needle needles[8];
  imap4i_matcher matcher;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  for (size_t i = 0; i < count; i++) {
    imap4i_needle_init(&needles[i], wanted[i]);
    needles[i].wanted = true;
  }
  assert_true(imap4i_matcher_init(&matcher, &mem, needles, count));
  assert_true(feed(&matcher, text, cut));
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(needles[i].found, naive(text, wanted[i]));
    imap4i_needle_free(&needles[i], &mem);
  }
  imap4i_matcher_free(&matcher);
  assert_int_equal(mem.used, 0);
}

static void test_every_cut(void **state) {
  (void)state;
  const imap4_str needles[] = {IMAP4I_S("NEEDLE"),  IMAP4I_S("N"),       IMAP4I_S("A NEEDLE IN"),
                               IMAP4I_S("NEEDLES"), IMAP4I_S("EDNEEDL"), IMAP4I_S("ACK"),
                               IMAP4I_S("FIND"),    IMAP4I_S("FOUND")};
  const imap4_str text = IMAP4I_S("FIND A NEEDLE IN A NEEDNEEDLEHAYSTACK");
  for (size_t cut = 1; cut <= text.n; cut++)
    check(text, needles, IMAP4I_COUNT(needles), cut);
}

/* Small alphabets make many near misses. */
static void test_random_texts(void **state) {
  (void)state;
  random_state = 1;
  for (int round = 0; round < 2000; round++) {
    char text[400], chars[8][40];
    imap4_str needles[8];
    size_t n = random_below(sizeof text);
    for (size_t i = 0; i < n; i++)
      text[i] = (char)('A' + random_below(2));
    for (size_t k = 0; k < 8; k++) {
      needles[k] = (imap4_str){chars[k], 1 + random_below(round % 2 ? 12 : 40)};
      size_t from = random_below(300);
      for (size_t i = 0; i < needles[k].n; i++) {
        bool copy = round % 4 < 2 && from + i < n;
        chars[k][i] = copy ? text[from + i] : (char)('A' + random_below(2));
      }
    }
    check((imap4_str){text, n}, needles, 8, round % 3 == 0 ? 0 : 1 + random_below(50));
  }
}

/* Text on which comparing costs much, so that needles change to borders in the middle; long needles that are
 * more than the room of a window. */
static void test_hostile_texts(void **state) {
  (void)state;
  random_state = 7;
  const size_t size = 200000, longest = 9000;
  char *text = malloc(size), *chars = malloc(longest);
  assert_true(text && chars);
  for (int round = 0; round < 24; round++) {
    size_t n = round % 3 == 0 ? 40 : round % 3 == 1 ? 700 : longest;
    memset(text, 'A', size);
    memset(chars, 'A', n);
    for (size_t i = n - 1; i < size; i += n)
      text[i] = 'B';
    chars[random_below((uint32_t)n)] = round % 2 ? 'B' : 'A';
    if (round % 4 == 0) memcpy(text + size - n - (size_t)round * 3, chars, n);
    imap4_str needle = {chars, n};
    check((imap4_str){text, size}, &needle, 1, round % 2 ? 0 : 4096);
  }
  free(text);
  free(chars);
}

static void test_hostile_text_takes_the_careful_way(void **state) {
  (void)state;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  static char text[100000], chars[2000];
  memset(text, 'A', sizeof text);
  memset(chars, 'A', sizeof chars);
  chars[1000] = 'E'; /* as frequent as it gets, so that the rarest is no help */
  for (size_t i = 1500; i < sizeof text; i += 900)
    text[i] = 'E';
  imap4i_needle needle;
  imap4i_needle_init(&needle, (imap4_str){chars, sizeof chars});
  needle.rarest = 0;
  assert_true(imap4i_needle_look(&needle, &mem, (imap4_str){text, sizeof text}));
  assert_false(needle.found);
  assert_non_null(needle.borders);
  assert_true(needle.compared < 8 * (needle.searched + 8192) + 9 * sizeof chars);
  memcpy(text + 50000, chars, sizeof chars);
  assert_true(imap4i_needle_look(&needle, &mem, (imap4_str){text, sizeof text}));
  assert_true(needle.found);
  imap4i_needle_free(&needle, &mem);
  assert_int_equal(mem.used, 0);
}

static void test_restart_and_wanted(void **state) {
  (void)state;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  imap4i_needle needles[2];
  imap4i_needle_init(&needles[0], IMAP4I_S("ABCD"));
  imap4i_needle_init(&needles[1], IMAP4I_S("CD"));
  needles[0].wanted = true;
  imap4i_matcher matcher;
  assert_true(imap4i_matcher_init(&matcher, &mem, needles, 2));
  assert_true(feed(&matcher, IMAP4I_S("xAB"), 0));
  assert_true(feed(&matcher, IMAP4I_S("CDx"), 0));
  assert_false(needles[0].found); /* not across texts */
  assert_false(needles[1].found); /* not wanted */
  needles[1].wanted = true;
  assert_true(feed(&matcher, IMAP4I_S("ABCD"), 3));
  assert_true(needles[0].found && needles[1].found);
  imap4i_matcher_free(&matcher);
  assert_int_equal(mem.used, 0);
}

static void test_without_memory(void **state) {
  (void)state;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, 100);
  imap4i_needle needle;
  imap4i_matcher matcher;
  imap4i_needle_init(&needle, IMAP4I_S("A"));
  assert_false(imap4i_matcher_init(&matcher, &mem, &needle, 1));
  imap4i_matcher_free(&matcher);
  static char text[100000], chars[64];
  memset(text, 'A', sizeof text);
  memset(chars, 'A', sizeof chars);
  chars[20] = 'B';
  imap4i_needle_init(&needle, (imap4_str){chars, sizeof chars});
  needle.rarest = 0;
  assert_false(imap4i_needle_look(&needle, &mem, (imap4_str){text, sizeof text}));
  assert_int_equal(mem.used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_cut),          cmocka_unit_test(test_random_texts),
      cmocka_unit_test(test_hostile_texts),      cmocka_unit_test(test_hostile_text_takes_the_careful_way),
      cmocka_unit_test(test_restart_and_wanted), cmocka_unit_test(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
