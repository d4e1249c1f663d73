/* SPDX-License-Identifier: MIT */
/* Sets with and without "*", needles and their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_check.h"
#include "search/terms.h"

static bool has(imap4i_set_range *ranges, size_t n, uint32_t number, uint32_t largest) {
  memory_check check;
  imap4i_terms terms;
  imap4i_key key = {.kind = IMAP4I_KEY_SEQUENCE, .set = {ranges, n}};
  assert_true(
      imap4i_terms_init(&terms, memory_check_init(&check), &(imap4i_search_args){.keys = &key, .count = 1}));
  assert_int_equal(terms.set_count, 1);
  bool result = imap4i_set_term_has(&terms.sets[0], number, largest);
  imap4i_terms_free(&terms);
  memory_check_end(&check);
  return result;
}

/* The range as RFC 3501 section 9 explains it. */
static bool naive(imap4i_set_range range, uint32_t number, uint32_t largest) {
  uint32_t first = range.first == IMAP4I_STAR ? largest : range.first;
  uint32_t last = range.last == IMAP4I_STAR ? largest : range.last;
  return first <= last ? first <= number && number <= last : last <= number && number <= first;
}

static void test_sets(void **state) {
  (void)state;
  static const uint32_t ends[] = {IMAP4I_STAR, 1, 2, 5, 7, 9, UINT32_MAX};
  const size_t n = IMAP4I_COUNT(ends);
  for (size_t i = 0; i < n * n * n * n; i++) {
    imap4i_set_range ranges[2] = {{ends[i % n], ends[i / n % n]}, {ends[i / n / n % n], ends[i / n / n / n]}};
    for (uint32_t number = 1; number <= 8; number++) {
      bool expected = naive(ranges[0], number, 8) || naive(ranges[1], number, 8);
      assert_int_equal(has(ranges, 2, number, 8), expected);
    }
  }
  assert_true(has(&(imap4i_set_range){IMAP4I_STAR, IMAP4I_STAR}, 1, UINT32_MAX, UINT32_MAX));
}

static imap4i_key text_key(uint8_t kind, imap4_str text) {
  return (imap4i_key){.kind = kind, .field = IMAP4I_S("Subject"), .text = text};
}

static void test_needles(void **state) {
  (void)state;
  imap4i_set_range ranges[] = {{9, 7}, {1, 2}, {5, 5}};
  imap4i_key keys[] = {
      text_key(IMAP4I_KEY_TEXT, IMAP4I_S("abc")),
      text_key(IMAP4I_KEY_HEADER, IMAP4I_S("")),
      text_key(IMAP4I_KEY_BODY, IMAP4I_S("")),
      {.kind = IMAP4I_KEY_UID, .set = {ranges, 3}},
      text_key(IMAP4I_KEY_HEADER, IMAP4I_S("M\303\274")),
      text_key(IMAP4I_KEY_BODY, IMAP4I_S("\377x\357\267\272")),
      text_key(IMAP4I_KEY_HEADER, IMAP4I_S("a\tb")),
      {.kind = IMAP4I_KEY_AND, .operands = 7},
  };
  imap4i_search_args args = {.keys = keys, .count = IMAP4I_COUNT(keys)};
  memory_check check;
  imap4i_terms terms;
  assert_true(imap4i_terms_init(&terms, memory_check_init(&check), &args));
  assert_int_equal(terms.needle_count, 4);
  assert_int_equal(terms.header_count, 2);
  static const size_t owners[] = {4, 6, 0, 5};
  for (size_t i = 0; i < 4; i++)
    assert_int_equal(terms.owners[i], owners[i]);
  assert_true(imap4i_eq(terms.needles[0].text, IMAP4I_S("MU\314\210")));
  assert_true(imap4i_eq(terms.needles[1].text, IMAP4I_S("A\tB")));
  assert_true(imap4i_eq(terms.needles[2].text, IMAP4I_S("ABC")));
  assert_int_equal(terms.needles[3].text.n, 3 + 1 + 33);
  imap4i_terms_free(&terms);
  memory_check_end(&check);
  /* Each allocation fails in turn. */
  bool ok = false;
  size_t n = 0;
  for (; !ok; n++) {
    memory_check_init(&check);
    check.fail_from = n;
    ok = imap4i_terms_init(&terms, &check.mem, &args);
    if (ok) imap4i_terms_free(&terms);
    memory_check_end(&check);
  }
  assert_true(n > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sets),
      cmocka_unit_test(test_needles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
