/* SPDX-License-Identifier: MIT */
/* Modified UTF-7: RFC 3501 section 5.1.3 and its examples; what is not its one right form is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf7.h"
#include "base/utf8.h"
#include "imap4/error.h"
#include "memory_check.h"

static memory_check memory;
static imap4i_buf out;

static int begin(void **unused) {
  (void)unused;
  imap4i_buf_init(&out, memory_check_init(&memory), 4000);
  return 0;
}

static int end(void **unused) {
  (void)unused;
  imap4i_buf_free(&out);
  memory_check_end(&memory);
  return 0;
}

static const struct {
  imap4_str utf7, utf8;
} pairs[] = {
    {{"", 0}, {"", 0}},
    {{"INBOX", 5}, {"INBOX", 5}},
    {{" !\"#%'()*+,-./:~\\{}", 19}, {" !\"#%'()*+,-./:~\\{}", 19}},
    {{"&-", 2}, {"&", 1}},
    {{"a&-b&-&--", 9}, {"a&b&&-", 6}},
    {{"~peter/mail/&U,BTFw-/&ZeVnLIqe-", 31},
     {"~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 28}},
    {{"&U,BTF2XlZyyKng-", 16}, {"\xe5\x8f\xb0\xe5\x8c\x97\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 15}},
    {{"&Jjo-!", 6}, {"\xe2\x98\xba!", 4}},
    {{"Entw&APw-rfe", 12}, {"Entw\xc3\xbcrfe", 9}},
    {{"&2D3eAA-", 8}, {"\xf0\x9f\x98\x80", 4}},
    {{"&Jjo-&-", 7}, {"\xe2\x98\xba&", 4}},
    {{"&-&Jjo-", 7}, {"&\xe2\x98\xba", 4}},
    {{"&Jjo--", 6}, {"\xe2\x98\xba-", 4}},
    {{"&,,3,,A-", 8}, {"\xef\xbf\xbd\xef\xbf\xbc", 6}},
};

static void test_pairs(void **unused) {
  (void)unused;
  for (size_t i = 0; i < IMAP4I_COUNT(pairs); i++) {
    imap4i_buf_clear(&out);
    assert_int_equal(imap4i_utf7_decode(pairs[i].utf7, &out), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&out), pairs[i].utf8));
    imap4i_buf_clear(&out);
    assert_int_equal(imap4i_utf7_encode(pairs[i].utf8, &out), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&out), pairs[i].utf7));
  }
}

static void test_decode_invalid(void **unused) {
  (void)unused;
  static const imap4_str bad[] = {
      {"&", 1},                                                        /* not ended */
      {"a&Jjo", 5},       {"&Jjo!", 5},    {"&Jjo!-", 6},              /* not base64 */
      {"&J/o-", 5},       {"&Jjo=-", 6},   {"&U,BTFw-&ZeVnLIqe-", 18}, /* superfluous shift */
      {"&Jjo-&Jjo-", 10}, {"&AGE-", 5},                                /* "a" */
      {"&JjoAYQ-", 8},                                                 /* "a" after another */
      {"&ACY-", 5},                                                    /* "&" */
      {"&AH4-", 5},       {"&ACA-", 5},    {"&J-", 3},                 /* less than a unit */
      {"&Jj-", 4},        {"&Jjp-", 5},                                /* padding bits */
      {"&JjoA-", 6},                                                   /* a character too many */
      {"&JjoAA-", 7},     {"&2D0-", 5},                                /* half a pair */
      {"&3gA-", 5},       {"&2D3YPQ-", 8}, {"&2D0mOg-", 8},
      {"&3gDYPQ-", 8},    {"&AAA-", 5}, /* NUL */
      {"&AAk-", 5},       {"&AAo-", 5},    {"&AH8-", 5},
      {"&AIU-", 5},       {"&ICg-", 5},    {"&ICk-", 5},
      {"\xc3\xa9", 2}, /* not ASCII */
      {"a\0b", 3},        {"a\tb", 3},     {"\x7f", 1},
      {"\r\n", 2},        {"&Jj\0-", 5},   {"&&-", 3},
  };
  assert_true(imap4i_buf_putc(&out, '='));
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    assert_int_equal(imap4i_utf7_decode(bad[i], &out), IMAP4_ERR_INVALID);
    assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("=")));
  }
}

static void test_encode_invalid(void **unused) {
  (void)unused;
  static const imap4_str bad[] = {
      {"a\0", 2},
      {"\t", 1},
      {"\x7f", 1},
      {"\xc2\x85", 2},
      {"\xe2\x80\xa8", 3},
      {"\xe2\x80\xa9", 3},
      {"\xe9", 1},
      {"\xc3", 1},
      {"\xed\xa0\x80", 3},
      {"\xc0\xaf", 2},
      {"\xe2\x98\xba\xff", 4},
  };
  assert_true(imap4i_buf_putc(&out, '='));
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    assert_int_equal(imap4i_utf7_encode(bad[i], &out), IMAP4_ERR_INVALID);
    assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("=")));
  }
}

static void round_trip(imap4_str utf8) {
  static char copy[4000];
  imap4i_buf_clear(&out);
  assert_int_equal(imap4i_utf7_encode(utf8, &out), IMAP4_OK);
  size_t n = out.n;
  memcpy(copy, out.p, n);
  imap4i_buf_clear(&out);
  assert_int_equal(imap4i_utf7_decode(imap4i_str(copy, n), &out), IMAP4_OK);
  assert_true(imap4i_eq(imap4i_buf_str(&out), utf8));
}

static void test_round_trip(void **unused) {
  (void)unused;
  for (uint32_t cp = 0x20; cp <= 0x10ffff; cp += cp < 0x3000 ? 1 : 61) {
    if (!imap4i_is_name_char(cp)) continue;
    char utf8[2 + 2 * IMAP4I_UTF8_MAX] = "a";
    size_t n = imap4i_utf8_encode(cp, utf8 + 1);
    round_trip(imap4i_str(utf8, 1 + n));
    memcpy(utf8 + 1 + n, utf8 + 1, n);
    round_trip(imap4i_str(utf8 + 1, 2 * n));
  }
}

/* A name that decodes has no other form: encoding gives the same octets back. */
static void test_one_form(void **unused) {
  (void)unused;
  static const char characters[] = "&&&--AI2Jo,a3DYg";
  uint64_t seed = 3501;
  size_t decoded = 0;
  for (int i = 0; i < 200000; i++) {
    char name[10], utf8[40];
    size_t n = 1 + (size_t)i % sizeof name;
    for (size_t k = 0; k < n; k++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      name[k] = characters[(seed >> 40) % (sizeof characters - 1)];
    }
    imap4i_buf_clear(&out);
    if (imap4i_utf7_decode(imap4i_str(name, n), &out) != IMAP4_OK) continue;
    size_t length = out.n;
    memcpy(utf8, out.p, length);
    assert_true(imap4i_utf8_valid(imap4i_str(utf8, length)));
    imap4i_buf_clear(&out);
    assert_int_equal(imap4i_utf7_encode(imap4i_str(utf8, length), &out), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&out), imap4i_str(name, n)));
    decoded++;
  }
  assert_true(decoded > 1000);
}

static void test_no_memory(void **unused) {
  (void)unused;
  imap4_str utf8 = IMAP4I_S("a&\xe2\x98\xba\xf0\x9f\x98\x80-z"), utf7 = IMAP4I_S("a&-&JjrYPd4A--z");
  assert_int_equal(imap4i_utf7_encode(utf8, &out), IMAP4_OK);
  assert_true(imap4i_eq(imap4i_buf_str(&out), utf7));
  for (size_t max = 0; max < utf7.n; max++) {
    out.n = 0;
    out.max = max;
    assert_int_equal(imap4i_utf7_encode(utf8, &out), IMAP4_ERR_NOMEM);
    assert_int_equal(out.n, 0);
  }
  for (size_t max = 0; max < utf8.n; max++) {
    out.max = max;
    assert_int_equal(imap4i_utf7_decode(utf7, &out), IMAP4_ERR_NOMEM);
    assert_int_equal(out.n, 0);
  }
  out.max = utf8.n;
  assert_int_equal(imap4i_utf7_decode(utf7, &out), IMAP4_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_pairs, begin, end),
      cmocka_unit_test_setup_teardown(test_decode_invalid, begin, end),
      cmocka_unit_test_setup_teardown(test_encode_invalid, begin, end),
      cmocka_unit_test_setup_teardown(test_round_trip, begin, end),
      cmocka_unit_test_setup_teardown(test_one_form, begin, end),
      cmocka_unit_test_setup_teardown(test_no_memory, begin, end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
