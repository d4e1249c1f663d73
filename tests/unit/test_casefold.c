/* SPDX-License-Identifier: MIT */
/* Case folding: RFC 5051's own example, samples of every kind of mapping, and a checksum over all the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/casefold.h"
#include "flow_check.h"
#include "memory_check.h"

#define FFFD "\xef\xbf\xbd"

static void folds(uint32_t cp, const uint32_t *expected, size_t n) {
  uint32_t out[IMAP4I_CASEFOLD_MAX];
  assert_int_equal(imap4i_casefold(cp, out), n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(out[i], expected[i]);
}

#define FOLDS(cp, ...)                                                                                       \
  do {                                                                                                       \
    const uint32_t expected_[] = {__VA_ARGS__};                                                              \
    folds(cp, expected_, IMAP4I_COUNT(expected_));                                                           \
  } while (0)

static void test_samples(void **unused) {
  (void)unused;
  FOLDS(0x1C4, 'D', 'z', 0x30C); /* the RFC's example */
  FOLDS(0x1C5, 'D', 'z', 0x30C);
  FOLDS(0x1C6, 'D', 'z', 0x30C);
  FOLDS(0, 0);
  FOLDS('A', 'A');
  FOLDS('a', 'A');
  FOLDS('z', 'Z');
  FOLDS('[', '[');
  FOLDS(0x7F, 0x7F);
  FOLDS(0xA0, ' ');
  FOLDS(0xB5, 0x39C); /* micro sign, capital mu */
  FOLDS(0xDF, 0xDF);  /* sharp s: no titlecase of one character */
  FOLDS(0xE9, 'E', 0x301);
  FOLDS(0xC9, 'E', 0x301);
  FOLDS(0xFF, 'Y', 0x308);
  FOLDS(0x131, 'I'); /* dotless i */
  FOLDS(0x130, 'I', 0x307);
  FOLDS(0x3C2, 0x3A3); /* final sigma */
  FOLDS(0x3C3, 0x3A3);
  FOLDS(0x430, 0x410);
  FOLDS(0x439, 0x418, 0x306);
  FOLDS(0x10D0, 0x10D0); /* Georgian: its titlecase is itself */
  FOLDS(0x1E9E, 0x1E9E);
  FOLDS(0x1F88, 0x391, 0x313, 0x345);
  FOLDS(0x2170, 'I'); /* small roman numeral one */
  FOLDS(0xAA, 'a');   /* a decomposition is not mapped again */
  FOLDS(0xFB01, 'f', 'i');
  FOLDS(0xFF41, 'A'); /* fullwidth a */
  FOLDS(0x30AC, 0x30AB, 0x3099);
  FOLDS(0x65E5, 0x65E5);
  FOLDS(0xF900, 0x8C48);
  FOLDS(0x10428, 0x10400); /* Deseret: beyond 16 bits */
  FOLDS(0x1D400, 'A');     /* mathematical bold A */
  FOLDS(0x1D15F, 0x1D158, 0x1D165);
  FOLDS(0x2F800, 0x4E3D);
  FOLDS(0x2FA1D, 0x2A600); /* the last of the table */
  FOLDS(0x2FA1E, 0x2FA1E);
  FOLDS(0xFFFD, 0xFFFD);
  FOLDS(0x10FFFF, 0x10FFFF);
  FOLDS(UINT32_MAX, UINT32_MAX);
  FOLDS(0xFDFA, 0x635, 0x644, 0x649, ' ', 0x627, 0x644, 0x644, 0x647, ' ', 0x639, 0x644, 0x64A, 0x647, ' ',
        0x648, 0x633, 0x644, 0x645);
}

static void test_hangul(void **unused) {
  (void)unused;
  FOLDS(0xABFF, 0xABFF);
  FOLDS(0xAC00, 0x1100, 0x1161);
  FOLDS(0xAC01, 0x1100, 0x1161, 0x11A8);
  FOLDS(0xD55C, 0x1112, 0x1161, 0x11AB);
  FOLDS(0xD7A3, 0x1112, 0x1175, 0x11C2);
  FOLDS(0xD7A4, 0xD7A4);
}

/* casefold.py computes this from UnicodeData.txt 15.0 before it makes the table. */
static void test_checksum(void **unused) {
  (void)unused;
  uint32_t value = 0x811C9DC5;
  size_t octets = 0;
  for (uint32_t cp = 0; cp < 0x110000; cp++) {
    uint32_t out[IMAP4I_CASEFOLD_MAX];
    char utf8[IMAP4I_UTF8_MAX];
    size_t n = imap4i_casefold(cp, out), length = 0;
    assert_in_range(n, 1, IMAP4I_CASEFOLD_MAX);
    value = (value ^ (uint32_t)n) * 0x01000193u;
    for (size_t i = 0; i < n; i++) {
      value = (value ^ out[i]) * 0x01000193u;
      length += imap4i_utf8_encode(out[i], utf8);
    }
    if (length > octets) octets = length;
  }
  assert_int_equal(value, 0x336e6d31);
  assert_true(octets <= IMAP4I_FLOW_ROOM);
}

static void begin(void *state) {
  memset(state, 0, sizeof(imap4i_fold));
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_fold_feed(state, flow);
}

static void becomes(imap4_str in, imap4_str expected) {
  imap4i_fold state;
  flow_check check = {begin, feed, NULL, &state, IMAP4I_FLOW_ROOM};
  flow_check_all(&check, in, expected);
}

static void test_stream(void **unused) {
  (void)unused;
  becomes(IMAP4I_S(""), IMAP4I_S(""));
  becomes(IMAP4I_S("Hello, World!\0\r\n"), IMAP4I_S("HELLO, WORLD!\0\r\n"));
  becomes(IMAP4I_S("Stra\xc3\x9f"
                   "e \xc3\x89t\xc3\xa9"),
          IMAP4I_S("STRA\xc3\x9f"
                   "E E\xcc\x81TE\xcc\x81"));
  becomes(IMAP4I_S("\xd0\xbf\xd1\x80\xf0\x90\x90\xa8z"), IMAP4I_S("\xd0\x9f\xd0\xa0\xf0\x90\x90\x80Z"));
  becomes(IMAP4I_S("a\xff"
                   "b\xe2\x82"),
          IMAP4I_S("A" FFFD "B" FFFD));
  becomes(
      IMAP4I_S("\xef\xb7\xba\xef\xb7\xba"),
      IMAP4I_S("\xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 \xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 "
               "\xd9\x88\xd8\xb3\xd9\x84\xd9\x85"
               "\xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 \xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 "
               "\xd9\x88\xd8\xb3\xd9\x84\xd9\x85"));
}

static void test_string(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), 2000);
  assert_true(imap4i_fold_str((imap4_str){NULL, 0}, &out));
  assert_int_equal(out.n, 0);
  assert_true(imap4i_fold_str(IMAP4I_S("\xc3\xbc"
                                       "ber"),
                              &out));
  assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("U\xcc\x88"
                                                       "BER")));
  imap4i_buf_clear(&out);
  assert_true(imap4i_fold_str(IMAP4I_S("ok\xfc"), &out));
  assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("OK\xef\xbf\xbd")));
  char many[1000];
  memset(many, 'x', sizeof many);
  assert_true(imap4i_fold_str(imap4i_str(many, sizeof many), &out));
  assert_int_equal(out.n, 1005);
  assert_int_equal(out.p[1004], 'X');
  /* The first of two steps fits, the second does not. */
  for (size_t i = 0; i + 3 <= sizeof many; i += 3)
    memcpy(many + i, "\xef\xb7\xba", 3);
  assert_false(imap4i_fold_str(imap4i_str(many, 600), &out));
  assert_int_equal(out.n, 1005);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_random(void **unused) {
  (void)unused;
  const imap4_str pieces[] = {
      IMAP4I_S("forty octets of text, in both Cases @[`{"),
      IMAP4I_S("a"),
      IMAP4I_S("Z"),
      IMAP4I_S("\0\r\n"),
      IMAP4I_S("\xc3\xa9"),
      IMAP4I_S("\xe2\x84\xaa"),
      IMAP4I_S("\xd0\xbf\xd1\x80\xd0\xb8"),
      IMAP4I_S("\xff"),
      IMAP4I_S("\xc3"),
      IMAP4I_S("\xe2\x84"),
      IMAP4I_S("\xf0\x90\x90\xa8"),
      IMAP4I_S("\xf0\x90"),
      IMAP4I_S("\xea\xb0\x81"),
      IMAP4I_S("\xe6\x97\xa5\xe6\x9c\xac"),
      IMAP4I_S("\xed\xa0\x80"),
      IMAP4I_S("\xe0\x80\xaf"),
      IMAP4I_S("\xc1\x81"),
      IMAP4I_S("\xf5"),
      IMAP4I_S("\xe2\x84z"),
      IMAP4I_S("\xe0\xa0\x80"),
      IMAP4I_S("\xed\x9f\xbf"),
      IMAP4I_S("\xed\xbf\xbf"),
      IMAP4I_S("\xee\x80\x80"),
  };
  imap4i_fold state;
  flow_check check = {begin, feed, NULL, &state, IMAP4I_FLOW_ROOM};
  flow_check_random(&check, pieces, IMAP4I_COUNT(pieces), 2000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_samples), cmocka_unit_test(test_hangul), cmocka_unit_test(test_checksum),
      cmocka_unit_test(test_stream),  cmocka_unit_test(test_string), cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
