/* SPDX-License-Identifier: MIT */
/* Header text as strings of a response: no octets make an illegal one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/text.h"
#include "mail_check.h"
#include "memory_check.h"

typedef bool (*put_function)(imap4i_buf *out, imap4_str s);

static void assert_put(put_function put, imap4_str s, const char *wantz) {
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
  assert_true(put(&out, s));
  assert_text(imap4i_buf_str(&out), wantz);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_string(void **unused) {
  (void)unused;
  assert_put(imap4i_text_string, (imap4_str){0}, "\"\"");
  assert_put(imap4i_text_string, IMAP4I_S("a b"), "\"a b\"");
  assert_put(imap4i_text_string, IMAP4I_S("a\"b\\"), "\"a\\\"b\\\\\"");
  assert_put(imap4i_text_string, IMAP4I_S("a\"\x80"), "{3}\r\na\"\x80");
  assert_put(imap4i_text_string, IMAP4I_S("a\r\nb"), "{4}\r\na\r\nb");
  assert_put(imap4i_text_string, IMAP4I_S("a\0b"), "\"ab\"");
  assert_put(imap4i_text_string, IMAP4I_S("\0\xff"), "{1}\r\n\xff");
  assert_put(imap4i_text_string, IMAP4I_S("\0"), "\"\"");
  assert_put(imap4i_text_upper, IMAP4I_S("aB\xe4"), "{3}\r\nAB\xe4");
}

static void test_collapsed(void **unused) {
  (void)unused;
  assert_put(imap4i_text_collapsed, IMAP4I_S("  a \t b\r\n\tc  \r\n"), "\"a b c\"");
  assert_put(imap4i_text_collapsed, IMAP4I_S(" \r\n"), "\"\"");
  assert_put(imap4i_text_collapsed, IMAP4I_S("a\rb\nc"), "\"a b c\"");
  assert_put(imap4i_text_collapsed, IMAP4I_S("a \0 b\0 "), "\"a b\"");
}

/* Strings of every length, plain but for |odd| as the last octet. */
static void check_lengths(char odd, const char *endz) {
  char octets[300];
  char want[sizeof(octets) + 10];
  for (size_t n = 1; n <= sizeof(octets); n++) {
    memset(octets, 'a', n);
    memset(want, 'A', n + 1);
    *want = '"';
    octets[n - 1] = odd;
    memcpy(want + n, endz, strlen(endz) + 1);
    assert_put(imap4i_text_upper, imap4i_str(octets, n), want);
  }
}

static void test_lengths(void **unused) {
  (void)unused;
  check_lengths('b', "B\"");
  check_lengths('"', "\\\"\"");
  check_lengths(' ', " \"");
  check_lengths('\t', "\t\"");
  check_lengths('\x7f', "\x7f\"");
  check_lengths('\0', "\"");
}

static void test_unfold(void **unused) {
  (void)unused;
  char folded[] = "a\r\n b\n\tc\rd\r\r\ne\0f\r";
  size_t n = imap4i_unfold(folded, sizeof(folded) - 1, false);
  assert_true(imap4i_eq(imap4i_str(folded, n), IMAP4I_S("a b\tc\rd\ref")));
  assert_int_equal(imap4i_unfold(NULL, 0, false), 0);
  assert_text(imap4i_trim(IMAP4I_S(" \r\n\ta b \t")), "a b");
  assert_int_equal(imap4i_trim(IMAP4I_S("  ")).n, 0);
}

/* A fold as one space, whatever white space it has behind it; all other white space stays. */
static void test_unfold_to_spaces(void **unused) {
  (void)unused;
  char folded[] = "a  b \r\n\tc\r\n \t d\ne\r\n\r\n  f\tg\r\n ";
  size_t n = imap4i_unfold(folded, sizeof(folded) - 1, true);
  assert_text(imap4i_str(folded, n), "a  b  c d e f\tg");
  assert_int_equal(imap4i_unfold(NULL, 0, true), 0);
}

/* Any octets, written by any function, are one string that can be sent. */
static void test_any(void **unused) {
  (void)unused;
  static const put_function puts[] = {imap4i_text_string, imap4i_text_upper, imap4i_text_collapsed};
  static const char octets[] = "a\" \\\r\n\t\0\x80(";
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
  for (uint32_t seed = 0; seed < 100000; seed++) {
    char text[5];
    uint32_t rest = seed;
    for (size_t i = 0; i < 5; i++, rest /= 10)
      text[i] = octets[rest % 10];
    imap4i_buf_clear(&out);
    assert_true(puts[seed % 3](&out, imap4i_str(text, 5)));
    assert_null(memchr(out.p, '\0', out.n));
    if (out.p[0] == '{') {
      assert_true(out.n >= 5 && out.p[1] >= '1' && out.p[1] <= '5' && memcmp(out.p + 2, "}\r\n", 3) == 0);
      assert_int_equal(out.n, (size_t)(out.p[1] - '0') + 5);
    } else {
      size_t i = 1;
      for (; i + 1 < out.n; i++) {
        assert_true(out.p[i] != '"' && out.p[i] != '\r' && out.p[i] != '\n' && (out.p[i] & 0x80) == 0);
        if (out.p[i] == '\\') i++;
      }
      assert_true(i + 1 == out.n && out.p[0] == '"' && out.p[i] == '"');
    }
  }
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_full(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf out;
  memory_check_init(&memory);
  for (size_t max = 0; max < 12; max++) {
    imap4i_buf_init(&out, &memory.mem, max);
    assert_int_equal(imap4i_text_string(&out, IMAP4I_S("quoted")), max >= 8);
    imap4i_buf_clear(&out);
    assert_int_equal(imap4i_text_string(&out, IMAP4I_S("\x80\x81")), max >= 7);
    imap4i_buf_free(&out);
  }
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_string), cmocka_unit_test(test_collapsed),        cmocka_unit_test(test_lengths),
      cmocka_unit_test(test_unfold), cmocka_unit_test(test_unfold_to_spaces), cmocka_unit_test(test_any),
      cmocka_unit_test(test_full)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
