/* SPDX-License-Identifier: MIT */
/* Days, months and leap years. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"

static void test_days(void **unused) {
  (void)unused;
  int64_t days = imap4i_days(1800, 1, 1);
  static const uint32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  assert_int_equal(imap4i_days(1970, 1, 1), 0);
  assert_int_equal(imap4i_days(2000, 3, 1), 11017);
  assert_int_equal(imap4i_days(0, 3, 1), -719468);
  for (int32_t year = 1800; year < 2500; year++) {
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    for (uint32_t month = 1; month <= 12; month++) {
      uint32_t n = lengths[month - 1] + (leap && month == 2 ? 1u : 0u);
      assert_int_equal(imap4i_days_in_month(year, month), n);
      for (uint32_t day = 1; day <= n; day++)
        assert_int_equal(imap4i_days(year, month, day), days++);
    }
  }
}

static void test_months(void **unused) {
  (void)unused;
  for (uint32_t month = 1; month <= 12; month++)
    assert_int_equal(imap4i_month(imap4i_str(imap4i_months + (size_t)(month - 1) * 3, 3)), month);
  assert_int_equal(imap4i_month(IMAP4I_S("SEPTEMBER")), 9);
  assert_int_equal(imap4i_month(IMAP4I_S("dec-1999")), 12);
  assert_int_equal(imap4i_month(IMAP4I_S("Ja")), 0);
  assert_int_equal(imap4i_month(IMAP4I_S("anF")), 0);
  assert_int_equal(imap4i_month(IMAP4I_S("")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_days),
      cmocka_unit_test(test_months),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
