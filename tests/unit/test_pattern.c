/* SPDX-License-Identifier: MIT */
/* LIST patterns: the wildcards, INBOX, and patterns made to take long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/pattern.h"
#include "memory_check.h"

static bool matches(const char *referencez, const char *patternz, const char *namez) {
  memory_check check;
  imap4i_arena arena;
  imap4i_pattern pattern;
  imap4i_arena_init(&arena, memory_check_init(&check));
  assert_true(imap4i_pattern_init(&pattern, &arena, imap4i_str(referencez, strlen(referencez)),
                                  imap4i_str(patternz, strlen(patternz)), '/'));
  bool yes = imap4i_pattern_matches(&pattern, imap4i_str(namez, strlen(namez)));
  imap4i_arena_free(&arena);
  memory_check_end(&check);
  return yes;
}

static void wildcards(void **state) {
  (void)state;
  assert_true(matches("", "*", "a/b/c"));
  assert_true(matches("", "%", "abc"));
  assert_false(matches("", "%", "a/b"));
  assert_true(matches("", "a/%", "a/b"));
  assert_false(matches("", "a/%", "a/b/c"));
  assert_false(matches("", "a/%", "a"));
  assert_true(matches("", "%/c", "b/c"));
  assert_false(matches("", "%/c", "a/b/c"));
  assert_true(matches("", "*/c", "a/b/c"));
  assert_true(matches("", "a*c", "ac"));
  assert_true(matches("", "a*b*c", "a1b2b3c"));
  assert_false(matches("", "a*b*c", "a1c2b"));
  assert_true(matches("", "%b%", "abc"));
  assert_true(matches("", "**", ""));
  assert_true(matches("", "abc", "abc"));
  assert_false(matches("", "abc", "abcd"));
  assert_false(matches("", "abcd", "abc"));
  assert_false(matches("", "ABC", "abc"));
}

static void reference(void **state) {
  (void)state;
  assert_true(matches("a/", "%", "a/b"));
  assert_false(matches("a/", "%", "b"));
  assert_true(matches("a", "/b", "a/b"));
  assert_true(matches("a", "b", "a/b"));
  assert_true(matches("a/", "/b", "a/b"));
  assert_false(matches("a", "%", "a"));
}

/* RFC 3501 section 5.1: INBOX in any case. */
static void inbox(void **state) {
  (void)state;
  assert_true(matches("", "inbox", "INBOX"));
  assert_true(matches("", "InBoX/%", "INBOX/x"));
  assert_true(matches("", "inbox*", "INBOX/x"));
  assert_true(matches("inbox", "%", "INBOX/x"));
  assert_true(matches("", "iNb%", "INBOX"));
  assert_true(matches("", "%bo*", "INBOX/x"));
  assert_false(matches("", "%/inbox", "a/INBOX"));
  assert_false(matches("", "inboxes", "INBOXes"));
  assert_true(matches("", "inboxes", "inboxes"));
}

/* Compared with the plainest definition on all short strings of three letters. */
static bool naive(imap4_str pattern, imap4_str name) {
  if (pattern.n == 0) return name.n == 0;
  imap4_str rest = imap4i_tail(pattern, 1);
  if (*pattern.p != '*' && *pattern.p != '%')
    return name.n > 0 && *pattern.p == *name.p && naive(rest, imap4i_tail(name, 1));
  for (size_t i = 0; i <= name.n; i++) {
    if (naive(rest, imap4i_tail(name, i))) return true;
    if (i < name.n && *pattern.p == '%' && name.p[i] == '/') return false;
  }
  return false;
}

static void like_the_definition(void **state) {
  (void)state;
  static const char pattern_letters[] = "a/*%";
  static const char name_letters[] = "ab/";
  char pattern[6];
  char name[6];
  for (unsigned p = 0; p < 4 * 4 * 4 * 4 * 4; p++) {
    for (unsigned i = 0, rest = p; i < 5; i++, rest /= 4)
      pattern[i] = pattern_letters[rest % 4];
    pattern[p % 6] = '\0';
    pattern[5] = '\0';
    for (unsigned n = 0; n < 3 * 3 * 3 * 3; n++) {
      for (unsigned i = 0, rest = n; i < 4; i++, rest /= 3)
        name[i] = name_letters[rest % 3];
      name[n % 5] = '\0';
      name[4] = '\0';
      assert_int_equal(matches("", pattern, name),
                       naive(imap4i_str(pattern, strlen(pattern)), imap4i_str(name, strlen(name))));
    }
  }
}

/* H18: exponential for a backtracking matcher. */
static void hostile_h18_many_wildcards(void **state) {
  (void)state;
  char pattern[1001];
  char name[1001];
  memset(name, 'a', 1000);
  name[1000] = '\0';
  for (size_t i = 0; i < 1000; i++)
    pattern[i] = i % 2 ? '%' : '*';
  pattern[999] = 'b';
  pattern[1000] = '\0';
  assert_false(matches("", pattern, name));
  pattern[999] = 'a';
  assert_true(matches("", pattern, name));
}

static void prefix(void **state) {
  (void)state;
  memory_check check;
  imap4i_arena arena;
  imap4i_pattern pattern;
  imap4i_arena_init(&arena, memory_check_init(&check));
  assert_true(imap4i_pattern_init(&pattern, &arena, IMAP4I_S("a/"), IMAP4I_S("b%c*"), '/'));
  assert_true(imap4i_eq(imap4i_pattern_prefix(&pattern), IMAP4I_S("a/b")));
  assert_true(imap4i_pattern_init(&pattern, &arena, IMAP4I_S(""), IMAP4I_S("inb*"), '/'));
  assert_int_equal(imap4i_pattern_prefix(&pattern).n, 0);
  assert_false(pattern.levels);
  imap4i_arena_free(&arena);
  memory_check_end(&check);
}

static void no_memory(void **state) {
  (void)state;
  for (size_t n = 0; n < 2; n++) {
    memory_check check;
    imap4i_arena arena;
    imap4i_pattern pattern;
    imap4i_arena_init(&arena, memory_check_init(&check));
    check.fail_from = 0;
    assert_false(imap4i_pattern_init(&pattern, &arena, IMAP4I_S("a"), IMAP4I_S("b"), '/'));
    imap4i_arena_free(&arena);
    memory_check_end(&check);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wildcards),
      cmocka_unit_test(reference),
      cmocka_unit_test(inbox),
      cmocka_unit_test(like_the_definition),
      cmocka_unit_test(hostile_h18_many_wildcards),
      cmocka_unit_test(prefix),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
