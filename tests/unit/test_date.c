/* SPDX-License-Identifier: MIT */
/* Dates of messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"
#include "mail/date.h"
#include "mail_check.h"
#include "memory_check.h"

static void assert_date(const char *z, int64_t seconds, int32_t zone) {
  imap4_date date;
  if (!imap4i_date_parse(STR(z), &date)) fail_msg("%s", z);
  assert_int_equal(date.present, 1);
  assert_int_equal(date.seconds, seconds);
  assert_int_equal(date.zone_minutes, zone);
}

static void test_good(void **unused) {
  (void)unused;
  assert_date("Thu, 1 Jan 1970 00:00:00 +0000", 0, 0);
  assert_date("1 Jan 1970 00:00 -0000", 0, 0);
  assert_date("Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360);
  assert_date("Thu,\r\n 13\r\n   Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)", -27723480, -210);
  assert_date("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360);
  assert_date(" (c) Fri , 21-Nov-97 09:55:06 CST", 880127706, -360);
  assert_date("21 Nov 97 09:55:06 GMT", 880106106, 0);
  assert_date("21 november 2049 09:55:06 z", 2521101306, 0);
  assert_date("21 Nov 49 09:55:06 PDT", 2521126506, -420);
  assert_date("21 Nov 097 09:55:06 XYZ", 880106106, 0);
  assert_date("29 Feb 2000 23:59:60 +1400", 951818399, 840);
}

/* The time makes no sense, the day does. */
static void test_day_alone(void **unused) {
  (void)unused;
  static const char *const times[] = {
      "",    "24:00:00 +0000", "09:60:00 +0000", "09:59:61 +0000", "9",      "9:",
      "9:5", "10:2:3 +0100",   "0915 +0100",     "59:10 -0500",    ", 9:05", "noon"};
  for (size_t i = 0; i < IMAP4I_COUNT(times); i++) {
    char text[40] = "1 Nov 1997 ";
    strcat(text, times[i]);
    assert_date(text, 878342400, 0);
  }
  assert_date("1 Nov 1997", 878342400, 0);
}

static void test_bad(void **unused) {
  (void)unused;
  static const char *const bad[] = {"",
                                    "Fri,",
                                    "yesterday",
                                    "Thu 1 Apr 2021 10:20:30 +0000",
                                    "0 Nov 1997 09:55:06 -0600",
                                    "31 Nov 1997 09:55:06 -0600",
                                    "29 Feb 1900 09:55:06 -0600",
                                    "100 Nov 1997 09:55:06 -0600",
                                    "1 No 1997 09:55:06 -0600",
                                    "1 Nox 1997 09:55:06 -0600",
                                    "1 Nov 1 09:55:06 -0600",
                                    "1 Nov 09:55:06 -0600",
                                    "1 Nov 97:55"};
  imap4_date date;
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    if (imap4i_date_parse(STR(bad[i]), &date)) fail_msg("%s", bad[i]);
    assert_int_equal(date.present, 0);
  }
}

/* RFC 5322 section 3.3: year = (FWS 4*DIGIT FWS). */
static void test_long_years(void **unused) {
  (void)unused;
  assert_date("1 Jan 10000 00:00:00 +0000", imap4i_days(10000, 1, 1) * 86400, 0);
  assert_date("29 Feb 12344 12:00:00 +0100", imap4i_days(12344, 2, 29) * 86400 + 39600, 60);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_years), cmocka_unit_test(test_good),
                                     cmocka_unit_test(test_day_alone), cmocka_unit_test(test_bad)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
