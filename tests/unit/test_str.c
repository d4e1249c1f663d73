/* SPDX-License-Identifier: MIT */
/* Spans and character classes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

static void test_compare(void **unused) {
  (void)unused;
  imap4_str none = {NULL, 0};
  assert_true(imap4i_eq(none, IMAP4I_S("")));
  assert_true(imap4i_eq(IMAP4I_S("a\0b"), IMAP4I_S("a\0b")));
  assert_false(imap4i_eq(IMAP4I_S("a\0b"), IMAP4I_S("a\0c")));
  assert_false(imap4i_eq(IMAP4I_S("ab"), IMAP4I_S("abc")));
  assert_false(imap4i_eq(IMAP4I_S("a"), IMAP4I_S("A")));
  assert_true(imap4i_ieq(IMAP4I_S("INBOX"), IMAP4I_S("inBox")));
  assert_true(imap4i_ieq(none, none));
  assert_false(imap4i_ieq(IMAP4I_S("inbox"), IMAP4I_S("inboxx")));
  assert_false(imap4i_ieq(IMAP4I_S("["), IMAP4I_S("{"))); /* 0x20 apart, no letters */
  assert_false(imap4i_ieq(IMAP4I_S("@"), IMAP4I_S("`")));
  assert_false(imap4i_ieq(IMAP4I_S("\xc9"), IMAP4I_S("\xe9")));
  assert_true(imap4i_istarts(IMAP4I_S("BODY[TEXT]"), IMAP4I_S("body[")));
  assert_true(imap4i_istarts(IMAP4I_S("x"), none));
  assert_false(imap4i_istarts(IMAP4I_S("bod"), IMAP4I_S("body")));
}

static void test_tail(void **unused) {
  (void)unused;
  imap4_str s = IMAP4I_S("abc");
  assert_true(imap4i_eq(imap4i_tail(s, 0), s));
  assert_true(imap4i_eq(imap4i_tail(s, 2), IMAP4I_S("c")));
  assert_int_equal(imap4i_tail(s, 3).n, 0);
  assert_int_equal(imap4i_tail(s, SIZE_MAX).n, 0);
  assert_int_equal(imap4i_tail((imap4_str){NULL, 0}, 1).n, 0);
}

/* RFC 3501 section 9, spelled out octet by octet. */
static void test_classes(void **unused) {
  (void)unused;
  for (int i = 0; i < 256; i++) {
    char c = (char)(unsigned char)i;
    bool special = i <= 0x20 || i >= 0x7f || memchr("(){%*\"\\]", i, 8) != NULL;
    assert_int_equal(imap4i_is_atom_char(c), !special);
    assert_int_equal(imap4i_is_astring_char(c), !special || c == ']');
    bool upper = i >= 'A' && i <= 'Z', lower = i >= 'a' && i <= 'z';
    assert_int_equal(imap4i_is_alpha(c), upper || lower);
    assert_int_equal(imap4i_is_digit(c), i >= '0' && i <= '9');
    assert_int_equal((unsigned char)imap4i_lower(c), upper ? i + 32 : i);
    assert_int_equal((unsigned char)imap4i_upper(c), lower ? i - 32 : i);
  }
  assert_true(imap4i_is_atom(IMAP4I_S("a.b+c[}")));
  assert_false(imap4i_is_atom(IMAP4I_S("")));
  assert_false(imap4i_is_atom(IMAP4I_S("a b")));
  assert_false(imap4i_is_atom(IMAP4I_S("a\0")));
}

static void test_words(void **unused) {
  (void)unused;
  imap4_str list = IMAP4I_S("one two three"), word = {NULL, 0};
  assert_true(imap4i_next_word(&list, &word));
  assert_true(imap4i_eq(word, IMAP4I_S("one")));
  assert_true(imap4i_next_word(&list, &word));
  assert_true(imap4i_eq(word, IMAP4I_S("two")));
  assert_true(imap4i_next_word(&list, &word));
  assert_true(imap4i_eq(word, IMAP4I_S("three")));
  assert_false(imap4i_next_word(&list, &word));
  list = (imap4_str){NULL, 0};
  assert_false(imap4i_next_word(&list, &word));
  assert_true(imap4i_has_word(IMAP4I_S("one two"), IMAP4I_S("TWO")));
  assert_false(imap4i_has_word(IMAP4I_S("one two"), IMAP4I_S("tw")));
  assert_false(imap4i_has_word(IMAP4I_S("one two"), IMAP4I_S("one two")));
  assert_false(imap4i_has_word(IMAP4I_S("one two"), IMAP4I_S("")));
}

static void test_numbers(void **unused) {
  (void)unused;
  uint64_t value = 7;
  assert_true(imap4i_parse_u64(IMAP4I_S("0"), 0, &value));
  assert_int_equal(value, 0);
  assert_true(imap4i_parse_u64(IMAP4I_S("18446744073709551615"), UINT64_MAX, &value));
  assert_true(value == UINT64_MAX);
  assert_true(imap4i_parse_u64(IMAP4I_S("0004294967295"), UINT32_MAX, &value));
  assert_int_equal(value, UINT32_MAX);
  static const char *const bad[] = {
      "", "-1", "+1", " 1", "1 ", "1a", "0x1", "18446744073709551616", "99999999999999999999", "4294967296"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    uint64_t max = i + 1 == IMAP4I_COUNT(bad) ? UINT32_MAX : UINT64_MAX;
    assert_false(imap4i_parse_u64(imap4i_str(bad[i], strlen(bad[i])), max, &value));
    assert_int_equal(value, UINT32_MAX); /* untouched */
  }
  static const uint64_t values[] = {0, 9, 10, 4294967295u, UINT64_MAX};
  for (size_t i = 0; i < IMAP4I_COUNT(values); i++) {
    char digits[IMAP4I_U64_DIGITS];
    size_t n = imap4i_format_u64(values[i], digits);
    assert_true(imap4i_parse_u64(imap4i_str(digits, n), UINT64_MAX, &value));
    assert_true(value == values[i]);
    assert_true(n == 1 || digits[0] != '0');
  }
}

static void test_wipe(void **unused) {
  (void)unused;
  char secret[] = "xsecretx";
  imap4i_wipe(secret + 1, 6);
  assert_memory_equal(secret, "x\0\0\0\0\0\0x", 9);
  imap4i_wipe(NULL, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_compare), cmocka_unit_test(test_tail),    cmocka_unit_test(test_classes),
      cmocka_unit_test(test_words),   cmocka_unit_test(test_numbers), cmocka_unit_test(test_wipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
