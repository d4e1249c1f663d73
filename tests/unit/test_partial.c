/* SPDX-License-Identifier: MIT */
/* Pages of a list of messages against the book: every range over lists of every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/partial.h"
#include "memory_check.h"

enum { MOST = 9 };

/* UIDs with gaps: two together, then one is missing. */
static uint32_t uid_of(uint32_t index) {
  return 10 + index + index / 2;
}

static void check_cut(imap4i_partial partial, uint32_t count) {
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_uidset all;
  imap4i_uidset part;
  imap4i_uidset_init(&all, mem);
  imap4i_uidset_init(&part, mem);
  for (uint32_t i = 0; i < count; i++)
    assert_true(imap4i_uidset_add(&all, uid_of(i), uid_of(i)));
  assert_true(imap4i_partial_cut(&partial, imap4i_uidset_ranges(&all), &part));
  uint32_t low = partial.first < partial.last ? partial.first : partial.last;
  uint32_t high = imap4i_partial_reach(&partial);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = partial.from_end ? count - i : i + 1;
    assert_int_equal(imap4i_ranges_has(imap4i_uidset_ranges(&part), uid_of(i)),
                     low <= number && number <= high);
  }
  uint64_t left = count < low ? 0 : (count < high ? count : high) - low + 1;
  assert_true(imap4i_ranges_count(imap4i_uidset_ranges(&part)) == left);
  imap4i_uidset_free(&all);
  imap4i_uidset_free(&part);
  memory_check_end(&check);
}

static void test_all_ranges(void **state) {
  (void)state;
  for (uint32_t count = 0; count <= MOST; count++) {
    for (uint32_t first = 1; first <= MOST + 2; first++) {
      for (uint32_t last = 1; last <= MOST + 2; last++) {
        check_cut((imap4i_partial){first, last, false}, count);
        check_cut((imap4i_partial){first, last, true}, count);
      }
    }
  }
}

static void test_large_numbers(void **state) {
  (void)state;
  check_cut((imap4i_partial){1, UINT32_MAX, false}, MOST);
  check_cut((imap4i_partial){UINT32_MAX, 2, true}, MOST);
  check_cut((imap4i_partial){UINT32_MAX, UINT32_MAX, false}, MOST);
  check_cut((imap4i_partial){UINT32_MAX - 1, UINT32_MAX, true}, MOST);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_ranges), cmocka_unit_test(test_large_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
