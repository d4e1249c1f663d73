/* SPDX-License-Identifier: MIT */
/* UTF-8: every code point there and back, and every kind of octets that are not UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

static void test_every_code_point(void **unused) {
  (void)unused;
  for (uint32_t cp = 0; cp < 0x110100; cp++) {
    char octets[IMAP4I_UTF8_MAX] = {0};
    uint32_t back = 0;
    size_t n = imap4i_utf8_encode(cp, octets);
    bool good = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
    assert_int_equal(n, !good ? 0 : cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4);
    if (!good) continue;
    assert_int_equal(imap4i_utf8_decode(imap4i_str(octets, n), &back), n);
    assert_int_equal(back, cp);
    for (size_t cut = 0; cut < n; cut++) {
      assert_int_equal(imap4i_utf8_decode(imap4i_str(octets, cut), &back), 0);
    }
  }
  char octets[IMAP4I_UTF8_MAX];
  assert_int_equal(imap4i_utf8_encode(UINT32_MAX, octets), 0);
}

static void test_decode_invalid(void **unused) {
  (void)unused;
  static const struct {
    imap4_str in;
    int result;
  } cases[] = {
      {{"\x80", 1}, -1},
      {{"\xbf\x80", 2}, -1},
      {{"\xc0\x80", 2}, -1},
      {{"\xc1\xbf", 2}, -1},
      {{"\xc2 ", 2}, -1},
      {{"\xc3\xc3", 2}, -1},
      {{"\xe0\x9f\xbf", 3}, -1},
      {{"\xe0\xa0 ", 3}, -2},
      {{"\xed\xa0\x80", 3}, -1},
      {{"\xed\xbf\xbf", 3}, -1},
      {{"\xef\xbf\xff", 3}, -2},
      {{"\xf0\x8f\xbf\xbf", 4}, -1},
      {{"\xf0\x90 ", 3}, -2},
      {{"\xf0\x90\x80 ", 4}, -3},
      {{"\xf4\x90\x80\x80", 4}, -1},
      {{"\xf5\x80\x80\x80", 4}, -1},
      {{"\xfe", 1}, -1},
      {{"\xff", 1}, -1},
      {{"\xc3", 1}, 0},
      {{"\xe2\x82", 2}, 0},
      {{"\xf0\x9f\x98", 3}, 0},
      {{"\0", 1}, 1},
      {{"\x7f\xff", 2}, 1},
      {{"\xc3\xa9\xff", 3}, 2},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(cases); i++) {
    uint32_t cp;
    assert_int_equal(imap4i_utf8_decode(cases[i].in, &cp), cases[i].result);
    assert_int_equal(imap4i_utf8_valid(cases[i].in), cases[i].result == (int)cases[i].in.n);
  }
}

static void test_valid(void **unused) {
  (void)unused;
  assert_true(imap4i_utf8_valid((imap4_str){NULL, 0}));
  assert_true(imap4i_utf8_valid(IMAP4I_S("a\0 \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f")));
  assert_false(imap4i_utf8_valid(IMAP4I_S("good\xe2\x82")));
  assert_false(imap4i_utf8_valid(IMAP4I_S("\xe9t\xe9")));
}

/* The characters of |in|, cut into pieces of |step|, are |expected|. */
static void next_gives(imap4_str in, size_t step, const uint32_t *expected, size_t n) {
  imap4i_utf8_cut cut = {{0}, 0};
  size_t got = 0;
  bool last;
  do {
    imap4_str piece = {in.p, imap4i_min(step, in.n)};
    in = imap4i_tail(in, piece.n);
    last = in.n == 0;
    uint32_t cp;
    while (imap4i_utf8_next(&cut, &piece, last, &cp)) {
      assert_true(got < n);
      assert_int_equal(cp, expected[got]);
      got++;
    }
    assert_int_equal(piece.n, 0);
  } while (!last);
  assert_int_equal(got, n);
}

static void test_next(void **unused) {
  (void)unused;
  /* One U+FFFD for each part that cannot go on. */
  static const uint32_t expected[] = {'a',    0xe9,    0xfffd, 'b',    0xfffd, 0xfffd, 0x20ac,
                                      0xfffd, 0x1f600, 0xfffd, 0xfffd, 0xfffd, 0xe9,   0xfffd};
  imap4_str in = IMAP4I_S("a\xc3\xa9\xe2\x82"
                          "b\xc0\x80\xe2\x82\xac\xf0\x9f\x98\xf0\x9f\x98\x80\xed\xa0\x80\xc3\xa9\xf0\x9f");
  for (size_t step = 1; step <= in.n; step++)
    next_gives(in, step, expected, IMAP4I_COUNT(expected));
  next_gives((imap4_str){NULL, 0}, 1, NULL, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_code_point),
      cmocka_unit_test(test_decode_invalid),
      cmocka_unit_test(test_valid),
      cmocka_unit_test(test_next),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
