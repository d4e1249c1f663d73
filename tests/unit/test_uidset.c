/* SPDX-License-Identifier: MIT */
/* UID sets: the corners by hand, and random operations against a bit map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/uidset.h"
#include "memory_check.h"

#define LAST UINT32_MAX

/* |set| is exactly |ranges|. */
static void is(imap4_uid_ranges set, const imap4_uid_range *ranges, size_t n) {
  assert_int_equal(set.n, n);
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(set.p[i].first, ranges[i].first);
    assert_int_equal(set.p[i].last, ranges[i].last);
  }
}

#define IS(set, ...)                                                                                         \
  do {                                                                                                       \
    const imap4_uid_range expected_[] = {__VA_ARGS__};                                                       \
    is(imap4i_uidset_ranges(set), expected_, IMAP4I_COUNT(expected_));                                       \
  } while (0)
#define RANGES(...)                                                                                          \
  ((imap4_uid_ranges){(const imap4_uid_range[]){__VA_ARGS__},                                                \
                      IMAP4I_COUNT(((const imap4_uid_range[]){__VA_ARGS__}))})

static void test_add(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  assert_true(imap4i_uidset_add(&set, 10, 20));
  IS(&set, {10, 20});
  assert_true(imap4i_uidset_add(&set, 21, 21)); /* touches at the end */
  assert_true(imap4i_uidset_add(&set, 15, 18)); /* inside */
  IS(&set, {10, 21});
  assert_true(imap4i_uidset_add(&set, 30, 40));
  assert_true(imap4i_uidset_add(&set, 1, 2)); /* before all */
  assert_true(imap4i_uidset_add(&set, 5, 9)); /* touches what follows */
  IS(&set, {1, 2}, {5, 21}, {30, 40});
  assert_true(imap4i_uidset_add(&set, 24, 26)); /* between */
  IS(&set, {1, 2}, {5, 21}, {24, 26}, {30, 40});
  assert_true(imap4i_uidset_add(&set, 22, 23)); /* closes a gap */
  IS(&set, {1, 2}, {5, 26}, {30, 40});
  assert_true(imap4i_uidset_add(&set, 2, 29)); /* swallows */
  IS(&set, {1, 40});
  assert_true(imap4i_uidset_add(&set, 41, 50));
  assert_true(imap4i_uidset_add(&set, 1, 60));
  IS(&set, {1, 60});
  imap4i_uidset_free(&set);
  memory_check_end(&memory);
}

static void test_last_uid(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  assert_true(imap4i_uidset_add(&set, LAST, LAST));
  assert_true(imap4i_uidset_add(&set, LAST, LAST));
  assert_true(imap4i_uidset_add(&set, 1, 1));
  IS(&set, {1, 1}, {LAST, LAST});
  assert_true(imap4i_uidset_add(&set, LAST - 1, LAST - 1));
  IS(&set, {1, 1}, {LAST - 1, LAST});
  assert_true(imap4i_uidset_add(&set, 5, LAST));
  IS(&set, {1, 1}, {5, LAST});
  imap4_uid_ranges ranges = imap4i_uidset_ranges(&set);
  assert_true(imap4i_ranges_has(ranges, LAST));
  assert_int_equal(imap4i_ranges_next(ranges, LAST), 0);
  assert_int_equal(imap4i_ranges_next(ranges, LAST - 1), LAST);
  assert_int_equal(imap4i_ranges_rank(ranges, LAST), (uint64_t)LAST - 4);
  assert_int_equal(imap4i_ranges_count(ranges), (uint64_t)LAST - 3);
  assert_int_equal(imap4i_ranges_at(ranges, (uint64_t)LAST - 4), LAST);
  assert_true(imap4i_uidset_subtract(&set, RANGES({LAST, LAST})));
  IS(&set, {1, 1}, {5, LAST - 1});
  assert_true(imap4i_uidset_add(&set, 1, LAST));
  IS(&set, {1, LAST});
  assert_int_equal(imap4i_ranges_count(imap4i_uidset_ranges(&set)), LAST);
  assert_true(imap4i_uidset_subtract(&set, RANGES({1, LAST})));
  assert_int_equal(set.n, 0);
  imap4i_uidset_free(&set);
  memory_check_end(&memory);
}

static void test_queries(void **unused) {
  (void)unused;
  imap4_uid_ranges none = {NULL, 0}, some = RANGES({2, 4}, {7, 7}, {9, 12});
  assert_int_equal(imap4i_ranges_count(none), 0);
  assert_false(imap4i_ranges_has(none, 1));
  assert_int_equal(imap4i_ranges_find(none, 1), 0);
  assert_int_equal(imap4i_ranges_next(none, 0), 0);
  assert_int_equal(imap4i_ranges_rank(none, LAST), 0);
  assert_int_equal(imap4i_ranges_find(some, 1), 0);
  assert_int_equal(imap4i_ranges_find(some, 5), 1);
  assert_int_equal(imap4i_ranges_find(some, 12), 2);
  assert_int_equal(imap4i_ranges_find(some, 13), 3);
  assert_int_equal(imap4i_ranges_next(some, 0), 2);
  assert_int_equal(imap4i_ranges_next(some, 4), 7);
  assert_int_equal(imap4i_ranges_next(some, 12), 0);
  static const uint32_t members[] = {2, 3, 4, 7, 9, 10, 11, 12};
  for (size_t i = 0; i < IMAP4I_COUNT(members); i++) {
    assert_int_equal(imap4i_ranges_at(some, i), members[i]);
    assert_int_equal(imap4i_ranges_rank(some, members[i]), i);
  }
  assert_int_equal(imap4i_ranges_rank(some, 8), 4);
  assert_int_equal(imap4i_ranges_rank(some, 100), 8);
}

static void test_valid(void **unused) {
  (void)unused;
  assert_true(imap4i_ranges_valid((imap4_uid_ranges){NULL, 0}));
  assert_false(imap4i_ranges_valid((imap4_uid_ranges){NULL, 1}));
  assert_true(imap4i_ranges_valid(RANGES({1, 1}, {3, LAST})));
  assert_true(imap4i_ranges_valid(RANGES({1, 1}, {2, 2}))); /* may touch */
  assert_false(imap4i_ranges_valid(RANGES({0, 1})));
  assert_false(imap4i_ranges_valid(RANGES({2, 1})));
  assert_false(imap4i_ranges_valid(RANGES({1, 3}, {3, 4})));
  assert_false(imap4i_ranges_valid(RANGES({5, 6}, {1, 2})));
  assert_false(imap4i_ranges_valid(RANGES({1, LAST}, {LAST, LAST})));
}

static void test_subtract(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  assert_true(imap4i_uidset_subtract(&set, RANGES({1, LAST})));
  assert_true(imap4i_uidset_add(&set, 1, 100));
  assert_true(imap4i_uidset_subtract(&set, RANGES({1, 1}, {3, 3}, {5, 5}, {50, 60}, {100, 200})));
  IS(&set, {2, 2}, {4, 4}, {6, 49}, {61, 99});
  assert_true(imap4i_uidset_subtract(&set, RANGES({300, 400})));
  assert_true(imap4i_uidset_subtract(&set, RANGES({3, 3}, {50, 55}, {56, 60})));
  IS(&set, {2, 2}, {4, 4}, {6, 49}, {61, 99});
  assert_true(imap4i_uidset_subtract(&set, RANGES({4, 70})));
  IS(&set, {2, 2}, {71, 99});
  /* First a split that needs more room, then ranges that vanish. */
  assert_true(imap4i_uidset_add(&set, 200, 201));
  assert_true(imap4i_uidset_add(&set, 300, 301));
  assert_true(imap4i_uidset_subtract(&set, RANGES({75, 75}, {77, 77}, {80, 250}, {300, 301})));
  IS(&set, {2, 2}, {71, 74}, {76, 76}, {78, 79});
  imap4i_uidset_free(&set);
  memory_check_end(&memory);
}

static void test_intersect_and_copy(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  assert_true(imap4i_uidset_intersect(&set, RANGES({1, 5}, {8, 20}, {30, LAST}), RANGES({4, 9}, {15, 40})));
  IS(&set, {4, 5}, {8, 9}, {15, 20}, {30, 40});
  assert_true(imap4i_uidset_intersect(&set, RANGES({1, 5}), RANGES({6, 9})));
  assert_int_equal(set.n, 0);
  assert_true(imap4i_uidset_intersect(&set, RANGES({1, 3}, {4, 6}), RANGES({2, LAST})));
  IS(&set, {2, 6});
  assert_true(imap4i_uidset_copy(&set, RANGES({1, 3}, {4, 6}, {9, 9})));
  IS(&set, {1, 6}, {9, 9});
  assert_true(imap4i_uidset_copy(&set, (imap4_uid_ranges){NULL, 0}));
  assert_int_equal(set.n, 0);
  imap4i_uidset_free(&set);
  memory_check_end(&memory);
}

static void test_keep_highest(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  imap4i_uidset_keep_highest(&set, 1);
  assert_int_equal(set.n, 0);
  assert_true(imap4i_uidset_copy(&set, RANGES({1, 3}, {5, 5}, {8, 10})));
  imap4i_uidset_keep_highest(&set, UINT64_MAX);
  IS(&set, {1, 3}, {5, 5}, {8, 10});
  imap4i_uidset_keep_highest(&set, 7);
  IS(&set, {1, 3}, {5, 5}, {8, 10});
  imap4i_uidset_keep_highest(&set, 6);
  IS(&set, {2, 3}, {5, 5}, {8, 10});
  imap4i_uidset_keep_highest(&set, 4);
  IS(&set, {5, 5}, {8, 10});
  imap4i_uidset_keep_highest(&set, 1);
  IS(&set, {10, 10});
  assert_true(imap4i_uidset_copy(&set, RANGES({1, LAST})));
  imap4i_uidset_keep_highest(&set, 2);
  IS(&set, {LAST - 1, LAST});
  imap4i_uidset_free(&set);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set, other;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  imap4i_uidset_init(&other, &memory.mem);
  memory.fail_from = 0;
  assert_false(imap4i_uidset_add(&set, 1, 1));
  assert_false(imap4i_uidset_copy(&set, RANGES({1, 1})));
  assert_false(imap4i_uidset_intersect(&set, RANGES({1, 1}), RANGES({1, 1})));
  assert_int_equal(set.n, 0);
  memory.fail_from = SIZE_MAX;
  for (uint32_t i = 1; i <= 4; i++)
    assert_true(imap4i_uidset_add(&set, i * 10, i * 10 + 5));
  assert_int_equal(set.capacity, 4);
  memory.fail_from = 0;
  assert_false(imap4i_uidset_add(&set, 1, 2));
  assert_false(imap4i_uidset_add(&set, 100, 100));
  assert_false(imap4i_uidset_subtract(&set, RANGES({12, 12})));
  assert_false(imap4i_uidset_copy(&set, RANGES({1, 1}, {3, 3}, {5, 5}, {7, 7}, {9, 9})));
  IS(&set, {10, 15}, {20, 25}, {30, 35}, {40, 45});
  assert_true(imap4i_uidset_add(&set, 46, 50)); /* needs none */
  assert_true(imap4i_uidset_add(&set, 16, 19));
  IS(&set, {10, 25}, {30, 35}, {40, 50});
  imap4i_uidset_free(&set);
  imap4i_uidset_free(&other);
  memory_check_end(&memory);
}

/* C7: memory goes by what is there, also after there was much more. */
static void test_memory_returns(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_uidset set;
  imap4i_uidset_init(&set, memory_check_init(&memory));
  for (uint32_t i = 1; i <= 10000; i++)
    assert_true(imap4i_uidset_add(&set, i * 2, i * 2));
  assert_int_equal(set.n, 10000);
  assert_true(imap4i_uidset_subtract(&set, RANGES({100, LAST})));
  assert_int_equal(set.n, 49);
  assert_true(memory.live <= 4 * 49 * sizeof(imap4_uid_range));
  assert_true(imap4i_uidset_subtract(&set, RANGES({1, LAST})));
  assert_int_equal(memory.live, 0);
  memory_check_end(&memory);
}

#define SPAN 300

/* The same numbers in every run. */
static uint32_t random_below(uint64_t *seed, uint32_t n) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*seed >> 33) % n;
}

/* |set| says what |bits|, for |base| + 0 to |base| + SPAN - 1, says. */
static void compare(const imap4i_uidset *set, const bool *bits, uint32_t base) {
  imap4_uid_ranges ranges = imap4i_uidset_ranges(set);
  uint64_t rank = 0;
  size_t runs = 0;
  uint32_t next = 0;
  assert_true(imap4i_ranges_valid(ranges));
  for (uint32_t i = SPAN; i-- > 0;) {
    assert_int_equal(imap4i_ranges_next(ranges, base + i), next);
    if (bits[i]) next = base + i;
  }
  for (uint32_t i = 0; i < SPAN; i++) {
    assert_int_equal(imap4i_ranges_has(ranges, base + i), bits[i]);
    assert_int_equal(imap4i_ranges_rank(ranges, base + i), rank);
    if (!bits[i]) continue;
    if (i == 0 || !bits[i - 1]) runs++;
    assert_int_equal(imap4i_ranges_at(ranges, rank), base + i);
    rank++;
  }
  assert_int_equal(imap4i_ranges_count(ranges), rank);
  assert_int_equal(ranges.n, runs); /* so none touch */
}

/* Random ranges in order, which may touch, and the bits they stand for. */
static size_t random_ranges(uint64_t *seed, uint32_t base, imap4_uid_range *to, bool *bits) {
  size_t n = 0;
  memset(bits, 0, SPAN * sizeof *bits);
  uint32_t gap = 1 + random_below(seed, 40);
  for (uint32_t at = random_below(seed, SPAN); at < SPAN; at += random_below(seed, gap) + 1) {
    uint32_t first = at;
    bits[at] = true;
    while (at + 1 < SPAN && random_below(seed, 3) != 0)
      bits[++at] = true;
    to[n++] = (imap4_uid_range){base + first, base + at};
  }
  return n;
}

static void model_step(imap4i_uidset *set, bool *bits, uint32_t base, uint64_t *seed) {
  imap4_uid_range ranges[SPAN];
  bool other[SPAN];
  uint32_t what = random_below(seed, 17);
  imap4_uid_ranges given = {ranges, random_ranges(seed, base, ranges, other)};
  if (what < 12) {
    uint32_t first = random_below(seed, SPAN), length = 1 + random_below(seed, 6);
    uint32_t last = first + length > SPAN ? SPAN - 1 : first + length - 1;
    assert_true(imap4i_uidset_add(set, base + first, base + last));
    for (uint32_t i = first; i <= last; i++)
      bits[i] = true;
  } else if (what < 14) {
    assert_true(imap4i_uidset_subtract(set, given));
    for (size_t i = 0; i < SPAN; i++)
      bits[i] = bits[i] && !other[i];
  } else if (what == 14) {
    imap4i_uidset both;
    imap4i_uidset_init(&both, set->mem);
    assert_true(imap4i_uidset_intersect(&both, imap4i_uidset_ranges(set), given));
    for (size_t i = 0; i < SPAN; i++)
      bits[i] = bits[i] && other[i];
    imap4i_uidset_free(set);
    *set = both;
  } else if (what == 15) {
    uint32_t most = 1 + random_below(seed, SPAN);
    imap4i_uidset_keep_highest(set, most);
    for (size_t i = SPAN; i-- > 0;) {
      bits[i] = bits[i] && most > 0;
      most -= bits[i];
    }
  } else {
    assert_true(imap4i_uidset_copy(set, given));
    memcpy(bits, other, sizeof other);
  }
}

static void test_model(void **unused) {
  (void)unused;
  static const uint32_t bases[] = {1, 70000, LAST - SPAN + 1};
  uint64_t seed = 20240229;
  for (size_t b = 0; b < IMAP4I_COUNT(bases); b++) {
    memory_check memory;
    imap4i_uidset set;
    bool bits[SPAN] = {false};
    imap4i_uidset_init(&set, memory_check_init(&memory));
    for (int step = 0; step < 4000; step++) {
      model_step(&set, bits, bases[b], &seed);
      compare(&set, bits, bases[b]);
    }
    imap4i_uidset_free(&set);
    memory_check_end(&memory);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_last_uid),
      cmocka_unit_test(test_queries),
      cmocka_unit_test(test_valid),
      cmocka_unit_test(test_subtract),
      cmocka_unit_test(test_intersect_and_copy),
      cmocka_unit_test(test_keep_highest),
      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_memory_returns),
      cmocka_unit_test(test_model),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
