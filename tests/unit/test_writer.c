/* SPDX-License-Identifier: MIT */
/* The response writer: every form of every value, and that nothing illegal can come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_check.h"
#include "wire/writer.h"

typedef struct fixture {
  memory_check memory;
  imap4i_buf buf;
} fixture;

static fixture f;

static int setup(void **state) {
  (void)state;
  imap4i_buf_init(&f.buf, memory_check_init(&f.memory), 1 << 20);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  imap4i_buf_free(&f.buf);
  memory_check_end(&f.memory);
  return 0;
}

static imap4_str str(const char *z) {
  return imap4i_str(z, strlen(z));
}

/* What was put since the last time. */
static void check(bool put, const char *expected) {
  assert_true(put);
  if (!imap4i_eq(imap4i_buf_str(&f.buf), str(expected))) {
    print_error("got \"%.*s\", expected \"%s\"\n", (int)f.buf.n, f.buf.p, expected);
    fail();
  }
  imap4i_buf_clear(&f.buf);
}

static void test_string(void **state) {
  (void)state;
  check(imap4i_put_string(&f.buf, str("abc"), false), "\"abc\"");
  check(imap4i_put_string(&f.buf, str(""), false), "\"\"");
  check(imap4i_put_string(&f.buf, (imap4_str){NULL, 0}, false), "\"\"");
  check(imap4i_put_string(&f.buf, str("a\"b\\c"), false), "\"a\\\"b\\\\c\"");
  check(imap4i_put_string(&f.buf, str("a\r\nb"), false), "{4}\r\na\r\nb");
  check(imap4i_put_string(&f.buf, str("a\nb"), true), "{3}\r\na\nb");
  check(imap4i_put_string(&f.buf, str("a\rb"), true), "{3}\r\na\rb");
  check(imap4i_put_string(&f.buf, str("\xC3\xA9"), false), "{2}\r\n\xC3\xA9");
  check(imap4i_put_string(&f.buf, str("\xC3\xA9\""), true), "\"\xC3\xA9\\\"\"");
  check(imap4i_put_string(&f.buf, str("\xC3"), true), "{1}\r\n\xC3");
  check(imap4i_put_string(&f.buf, str("\x80"), false), "{1}\r\n\x80");
  check(imap4i_put_string(&f.buf, imap4i_str("a\0b", 3), false), "\"a?b\"");
  check(imap4i_put_string(&f.buf, imap4i_str("a\0\n", 3), false), "{3}\r\na?\n");
}

static void test_string_length(void **state) {
  (void)state;
  char text[1001];
  memset(text, 'x', sizeof(text));
  assert_true(imap4i_put_string(&f.buf, imap4i_str(text, 1000), false));
  assert_int_equal(f.buf.n, 1002);
  imap4i_buf_clear(&f.buf);
  assert_true(imap4i_put_string(&f.buf, imap4i_str(text, 1001), false));
  assert_memory_equal(f.buf.p, "{1001}\r\nx", 9);
  assert_int_equal(f.buf.n, 1009);
}

static void test_nstring(void **state) {
  (void)state;
  check(imap4i_put_nstring(&f.buf, (imap4_str){NULL, 0}, false), "NIL");
  check(imap4i_put_nstring(&f.buf, str(""), false), "\"\"");
  check(imap4i_put_nstring(&f.buf, str("NIL"), false), "\"NIL\"");
}

static void test_astring(void **state) {
  (void)state;
  check(imap4i_put_astring(&f.buf, str("abc]"), false), "abc]");
  check(imap4i_put_astring(&f.buf, str("nil"), false), "\"nil\"");
  check(imap4i_put_astring(&f.buf, str("nils"), false), "nils");
  check(imap4i_put_astring(&f.buf, str(""), false), "\"\"");
  static const char specials[] = "(){ %*\"\\\x7f\x01";
  for (size_t i = 0; specials[i] != '\0'; i++) {
    char text[2] = {'a', specials[i]};
    assert_true(imap4i_put_astring(&f.buf, imap4i_str(text, 2), false));
    assert_int_equal(f.buf.p[0], '"');
    imap4i_buf_clear(&f.buf);
  }
}

static void test_quoted(void **state) {
  (void)state;
  check(imap4i_put_quoted(&f.buf, str("/")), "\"/\"");
  check(imap4i_put_quoted(&f.buf, str("\\")), "\"\\\\\"");
  check(imap4i_put_quoted(&f.buf, str("\x7f\x80")), "\"\x7f?\"");
  check(imap4i_put_quoted(&f.buf, str("\"\r\n\xFF")), "\"\\\"???\"");
  check(imap4i_put_quoted(&f.buf, imap4i_str("\0", 1)), "\"?\"");
}

static void test_literal_head(void **state) {
  (void)state;
  check(imap4i_put_literal_head(&f.buf, 0), "{0}\r\n");
  check(imap4i_put_literal_head(&f.buf, UINT64_MAX), "{18446744073709551615}\r\n");
}

static void test_mailbox(void **state) {
  (void)state;
  check(imap4i_put_mailbox(&f.buf, str("INBOX"), false), "INBOX");
  check(imap4i_put_mailbox(&f.buf, str("Sent Mail"), false), "\"Sent Mail\"");
  check(imap4i_put_mailbox(&f.buf, str("R&D"), false), "R&-D");
  check(imap4i_put_mailbox(&f.buf, str("R&D"), true), "R&D");
  check(imap4i_put_mailbox(&f.buf, str("NIL"), false), "\"NIL\"");
  check(imap4i_put_mailbox(&f.buf, str("\xC3\xA9/x"), false), "&AOk-/x");
  check(imap4i_put_mailbox(&f.buf, str("\xC3\xA9/x"), true), "\"\xC3\xA9/x\"");
  check(imap4i_put_mailbox(&f.buf, str("\xC3\xA9 x"), false), "\"&AOk- x\"");
  check(imap4i_put_mailbox(&f.buf, str("\xC3\xA9\"\xC3\xA9\\"), false), "\"&AOk-\\\"&AOk-\\\\\"");
  check(imap4i_put_mailbox(&f.buf, str("a*%"), false), "\"a*%\"");
  check(imap4i_put_mailbox(&f.buf, str(""), false), "\"\"");
  /* No names, but no illegal lines either. */
  check(imap4i_put_mailbox(&f.buf, str("a\xFF"), false), "\"a?\"");
  check(imap4i_put_mailbox(&f.buf, str("a\xFF"), true), "\"a?\"");
  check(imap4i_put_mailbox(&f.buf, imap4i_str("a\0\r\n\"", 5), false), "\"a???\\\"\"");
  check(imap4i_put_mailbox(&f.buf, str("a\x7f"), false), "\"a\x7f\"");
  check(imap4i_put_mailbox(&f.buf, str("a]b"), false), "a]b");
}

static void test_flags(void **state) {
  (void)state;
  check(imap4i_put_flags(&f.buf, 0, str(""), false), "()");
  check(imap4i_put_flags(&f.buf, 0, str(""), true), "(\\Recent)");
  check(imap4i_put_flags(&f.buf, IMAP4_FLAG_ALL, str("$Kw b"), true),
        "(\\Answered \\Flagged \\Deleted \\Seen \\Draft $Kw b \\Recent)");
  check(imap4i_put_flags(&f.buf, IMAP4_FLAG_SEEN | 0xffffff00u, str(""), false), "(\\Seen)");
  check(imap4i_put_flags(&f.buf, 0, str("a) b\r\n \\Seen c]  \xC3\xA9 ok"), false), "(ok)");
  check(imap4i_put_permanent_flags(&f.buf, IMAP4_FLAG_SEEN, str("x"), true), "(\\Seen x \\*)");
  check(imap4i_put_permanent_flags(&f.buf, 0, str(""), true), "(\\*)");
  check(imap4i_put_permanent_flags(&f.buf, 0, str("x"), false), "(x)");
}

static void check_date(int64_t seconds, int32_t zone, const char *expected) {
  check(imap4i_put_date_time(&f.buf, (imap4_date){seconds, zone, 1}), expected);
}

static void test_date_time(void **state) {
  (void)state;
  check_date(0, 0, "\" 1-Jan-1970 00:00:00 +0000\"");
  check_date(837596665, -420, "\"17-Jul-1996 02:44:25 -0700\"");
  check_date(951782400, 0, "\"29-Feb-2000 00:00:00 +0000\"");
  check_date(4107542399, 0, "\"28-Feb-2100 23:59:59 +0000\"");
  check_date(4107542400, 0, "\" 1-Mar-2100 00:00:00 +0000\"");
  check_date(-1, 0, "\"31-Dec-1969 23:59:59 +0000\"");
  check_date(-1, 330, "\" 1-Jan-1970 05:29:59 +0530\"");
  check_date(0, -1, "\"31-Dec-1969 23:59:00 -0001\"");
  check_date(INT64_MIN, INT32_MIN, "\" 1-Jan-0000 00:00:00 -2359\"");
  check_date(INT64_MAX, INT32_MAX, "\"31-Dec-9999 23:59:59 +2359\"");
  check_date(-62162035200, 0, "\" 1-Mar-0000 00:00:00 +0000\"");
  check(imap4i_put_date_time(&f.buf, (imap4_date){5, 60, 0}), "\" 1-Jan-1970 00:00:00 +0000\"");
}

/* Day after day through all years, against counting. */
static void test_date_time_days(void **state) {
  (void)state;
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int64_t at = -62167219200;
  for (int year = 0; year < 2500; year++) {
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (int month = 0; month < 12; month++) {
      for (int day = 1; day <= lengths[month] + (leap && month == 1); day++, at += 86400) {
        imap4i_buf_clear(&f.buf);
        assert_true(imap4i_put_date_time(&f.buf, (imap4_date){at + 43200, 0, 1}));
        int got_day = (f.buf.p[1] == ' ' ? 0 : f.buf.p[1] - '0') * 10 + f.buf.p[2] - '0';
        int got_year = 0;
        for (int i = 8; i < 12; i++) {
          got_year = got_year * 10 + f.buf.p[i] - '0';
        }
        if (got_day != day || got_year != year) fail();
        assert_memory_equal(f.buf.p + 4, months + month * 3, 3);
      }
    }
  }
}

static void test_text(void **state) {
  (void)state;
  check(imap4i_put_text(&f.buf, str("Done")), "Done");
  check(imap4i_put_text(&f.buf, str("")), "-");
  check(imap4i_put_text(&f.buf, str("a\r\nb\xC3\xA9\x7f")), "a??b???");
  check(imap4i_put_text(&f.buf, imap4i_str("a\0", 2)), "a?");
  check(imap4i_put_text(&f.buf, str("[ALERT] x")), "(ALERT] x");
  char text[500];
  memset(text, 'x', sizeof(text));
  for (size_t n = IMAP4I_TEXT_OCTETS - 1; n <= IMAP4I_TEXT_OCTETS + 1; n++) {
    imap4i_buf_clear(&f.buf);
    assert_true(imap4i_put_text(&f.buf, imap4i_str(text, n)));
    assert_int_equal(f.buf.n, imap4i_min(n, IMAP4I_TEXT_OCTETS));
  }
}

static void test_code_text(void **state) {
  (void)state;
  check(imap4i_put_code_text(&f.buf, str("TRYCREATE"), str("No")), "[TRYCREATE] No");
  check(imap4i_put_code_text(&f.buf, str("UIDNEXT 5"), str("")), "[UIDNEXT 5] -");
  check(imap4i_put_code_text(&f.buf, str(""), str("No")), "No");
  check(imap4i_put_code_text(&f.buf, str("PERMANENTFLAGS (\\Seen \\*)"), str("Ok")),
        "[PERMANENTFLAGS (\\Seen \\*)] Ok");
  check(imap4i_put_code_text(&f.buf, str("A] B"), str("x")), "x");
  check(imap4i_put_code_text(&f.buf, str("A\r\n"), str("x")), "x");
  check(imap4i_put_code_text(&f.buf, str("A \x7f"), str("x")), "x");
  check(imap4i_put_code_text(&f.buf, str(" A"), str("x")), "x");
  check(imap4i_put_code_text(&f.buf, str("A \xC3\xA9"), str("x")), "x");
}

static void test_uid_ranges(void **state) {
  (void)state;
  static const imap4_uid_range ranges[] = {{1, 3}, {7, 7}, {9, 4294967295u}};
  check(imap4i_put_uid_ranges(&f.buf, (imap4_uid_ranges){ranges, 1}), "1:3");
  check(imap4i_put_uid_ranges(&f.buf, (imap4_uid_ranges){ranges, 3}), "1:3,7,9:4294967295");
}

static bool put_all(int which, imap4i_buf *buf) {
  static const imap4_uid_range ranges[] = {{1, 3}, {7, 7}};
  switch (which) {
  case 0:
    return imap4i_put_string(buf, str("a\"b"), false);
  case 1:
    return imap4i_put_string(buf, str("a\nb"), false);
  case 2:
    return imap4i_put_astring(buf, str("a b"), false);
  case 3:
    return imap4i_put_quoted(buf, str("a\\b"));
  case 4:
    return imap4i_put_literal_head(buf, 1000);
  case 5:
    return imap4i_put_mailbox(buf, str("\xC3\xA9\"\xC3\xA9 x"), false);
  case 6:
    return imap4i_put_mailbox(buf, str("\"\xFF"), false);
  case 7:
    return imap4i_put_flags(buf, IMAP4_FLAG_ALL, str("a b"), true);
  case 8:
    return imap4i_put_permanent_flags(buf, IMAP4_FLAG_SEEN, str("a b"), true);
  case 9:
    return imap4i_put_date_time(buf, (imap4_date){0, 0, 1});
  case 10:
    return imap4i_put_code_text(buf, str("A B"), str("text"));
  case 11:
    return imap4i_put_uid_ranges(buf, (imap4_uid_ranges){ranges, 2});
  case 12:
    return imap4i_put_nstring(buf, (imap4_str){NULL, 0}, false);
  default:
    return imap4i_put_text(buf, str("text"));
  }
}

/* A buffer that is full at any point stays as it was before the put that did not fit. */
static void test_full(void **state) {
  (void)state;
  for (int which = 0; which < 14; which++) {
    assert_true(put_all(which, &f.buf));
    size_t whole = f.buf.n;
    imap4i_buf_free(&f.buf);
    for (size_t max = 0; max <= whole + 1; max++) {
      imap4i_buf small;
      imap4i_buf_init(&small, &f.memory.mem, max + 1);
      assert_true(imap4i_buf_putc(&small, '!'));
      bool fits = put_all(which, &small);
      assert_int_equal(fits, max >= whole);
      assert_int_equal(small.n, fits ? whole + 1 : 1);
      assert_int_equal(small.p[0], '!');
      imap4i_buf_free(&small);
    }
  }
}

static void test_no_memory(void **state) {
  (void)state;
  f.memory.fail_from = 0;
  for (int which = 0; which < 14; which++) {
    assert_false(put_all(which, &f.buf));
    assert_int_equal(f.buf.n, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_string, setup, teardown),
      cmocka_unit_test_setup_teardown(test_string_length, setup, teardown),
      cmocka_unit_test_setup_teardown(test_nstring, setup, teardown),
      cmocka_unit_test_setup_teardown(test_astring, setup, teardown),
      cmocka_unit_test_setup_teardown(test_quoted, setup, teardown),
      cmocka_unit_test_setup_teardown(test_literal_head, setup, teardown),
      cmocka_unit_test_setup_teardown(test_mailbox, setup, teardown),
      cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
      cmocka_unit_test_setup_teardown(test_date_time, setup, teardown),
      cmocka_unit_test_setup_teardown(test_date_time_days, setup, teardown),
      cmocka_unit_test_setup_teardown(test_text, setup, teardown),
      cmocka_unit_test_setup_teardown(test_code_text, setup, teardown),
      cmocka_unit_test_setup_teardown(test_uid_ranges, setup, teardown),
      cmocka_unit_test_setup_teardown(test_full, setup, teardown),
      cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
