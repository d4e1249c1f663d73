/* SPDX-License-Identifier: MIT */
/* The sieve: which run it looks for, and every place at which something can end the quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "search/sieve.h"

/* Letters late in the alphabet are rarer. */
static size_t rarity(char c) {
  return (unsigned char)c;
}

static imap4i_sieve sieve_of(imap4_str needle) {
  imap4i_sieve sieve;
  imap4i_sieve_init(&sieve, needle, rarity);
  return sieve;
}

static void check_run(imap4_str needle, imap4_str run, size_t pair, size_t gap) {
  imap4i_sieve sieve = sieve_of(needle);
  assert_false(sieve.blind);
  assert_true(imap4i_eq(imap4i_str(sieve.run, sieve.length), run));
  assert_int_equal(sieve.pair, pair);
  assert_int_equal(sieve.gap, gap);
}

static void test_runs(void **state) {
  (void)state;
  check_run(IMAP4I_S("NEEDLE"), IMAP4I_S("NEEDLE"), 0, 1);
  check_run(IMAP4I_S("AB ZZ C"), IMAP4I_S("ZZ"), 0, 1);
  check_run(IMAP4I_S("A Z\tM"), IMAP4I_S("A"), 0, 0);
  check_run(IMAP4I_S("Z A BC"), IMAP4I_S("BC"), 0, 1);
  check_run(IMAP4I_S("SUBJECT: XY"), IMAP4I_S("XY"), 0, 1);
  check_run(IMAP4I_S("\r\nMU\314\210NCHEN"), IMAP4I_S("MU"), 0, 1);
  check_run(IMAP4I_S("QUIT"), IMAP4I_S("QUIT"), 1, 1); /* not QU, which is as frequent as Q */
  check_run(IMAP4I_S("AAAAAAAAAAAAAAAAAAAAAAAYZBBBBBBBBBBBBBBBBB"), IMAP4I_S("AAAAAAAAYZBBBBBB"), 8, 1);
  assert_int_equal(sieve_of(IMAP4I_S("\320\232\320\230")).length, 0);
  assert_false(sieve_of(IMAP4I_S("\320\232\320\230")).blind);
  assert_true(sieve_of(IMAP4I_S(" \r\n")).blind);
  assert_true(sieve_of(IMAP4I_S("A\nB")).crosses);
  assert_false(sieve_of(IMAP4I_S("A B")).crosses);
}

/* In a block of its own, so that AddressSanitizer sees what is read too much. */
static void check_place(const imap4i_sieve *sieve, imap4_str text, size_t body, size_t header) {
  char *copy = malloc(text.n);
  assert_non_null(copy);
  memcpy(copy, text.p, text.n);
  assert_int_equal(imap4i_sieve_body(sieve, imap4i_str(copy, text.n)), body);
  assert_int_equal(imap4i_sieve_header(sieve, imap4i_str(copy, text.n)), header);
  free(copy);
}

/* |what| at every place of texts of all lengths around those of a block. */
static void check_places(const imap4i_sieve *sieve, imap4_str what, bool in_body, bool in_header) {
  char text[220];
  for (size_t n = what.n; n < sizeof text; n += n < 140 ? 1 : 19) {
    for (size_t at = 0; at + what.n <= n; at++) {
      memset(text, '.', n);
      memcpy(text + at, what.p, what.n);
      check_place(sieve, imap4i_str(text, n), in_body ? at : n, in_header ? at : n);
    }
  }
}

static void test_places(void **state) {
  (void)state;
  imap4i_sieve sieve = sieve_of(IMAP4I_S("X-4U[Z"));
  imap4i_sieve single = sieve_of(IMAP4I_S("Z "));
  imap4i_sieve none = sieve_of(IMAP4I_S("\303\251"));
  check_places(&sieve, IMAP4I_S("X-4U[Z"), true, true);
  check_places(&sieve, IMAP4I_S("x-4u[z"), true, true);
  check_places(&sieve, IMAP4I_S("x-4u{z"), false, false); /* "{" is "[" and 0x20 */
  check_places(&sieve, IMAP4I_S("x-4u[y"), false, false);
  check_places(&sieve, IMAP4I_S("-4u[z"), false, false);
  check_places(&sieve, IMAP4I_S("x-\0244u[z"), false, false);
  check_places(&sieve, IMAP4I_S("\200"), true, true);
  check_places(&sieve, IMAP4I_S("\377"), true, true);
  check_places(&sieve, IMAP4I_S("=?"), false, true);
  check_places(&sieve, IMAP4I_S("="), false, false);
  check_places(&sieve, IMAP4I_S("\0"), false, true);
  check_places(&single, IMAP4I_S("z"), true, true);
  check_places(&none, IMAP4I_S("needle"), false, false);
  check_places(&none, IMAP4I_S("\303"), true, true);
}

/* A run that goes on behind the text is not in it. */
static void test_cut(void **state) {
  (void)state;
  char text[200];
  imap4i_sieve sieve = sieve_of(IMAP4I_S("X-4U[Z"));
  for (size_t n = 1; n < 150; n++) {
    for (size_t k = 1; k < 6 && k <= n; k++) {
      memset(text, '.', sizeof text);
      memcpy(text + n - k, "x-4u[z", 6);
      assert_int_equal(imap4i_sieve_body(&sieve, imap4i_str(text, n)), n);
      assert_int_equal(imap4i_sieve_header(&sieve, imap4i_str(text, n)), n);
    }
  }
}

static void test_blind(void **state) {
  (void)state;
  imap4i_sieve sieve = sieve_of(IMAP4I_S("  "));
  assert_int_equal(imap4i_sieve_body(&sieve, IMAP4I_S("text")), 0);
  assert_int_equal(imap4i_sieve_header(&sieve, IMAP4I_S("text")), 0);
  assert_int_equal(imap4i_sieve_body(&sieve, (imap4_str){NULL, 0}), 0);
  sieve = sieve_of(IMAP4I_S("x"));
  assert_int_equal(imap4i_sieve_body(&sieve, (imap4_str){NULL, 0}), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_runs),
      cmocka_unit_test(test_places),
      cmocka_unit_test(test_cut),
      cmocka_unit_test(test_blind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
