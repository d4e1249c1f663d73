/* SPDX-License-Identifier: MIT */
/* The calendar; see calendar.h. */
#include "base/calendar.h"

const char imap4i_months[36] = {'J', 'a', 'n', 'F', 'e', 'b', 'M', 'a', 'r', 'A', 'p', 'r',
                                'M', 'a', 'y', 'J', 'u', 'n', 'J', 'u', 'l', 'A', 'u', 'g',
                                'S', 'e', 'p', 'O', 'c', 't', 'N', 'o', 'v', 'D', 'e', 'c'};

uint32_t imap4i_month(imap4_str word) {
  for (uint32_t i = 0; i < 12; i++) {
    if (imap4i_istarts(word, imap4i_str(imap4i_months + (size_t)i * 3, 3))) return i + 1;
  }
  return 0;
}

uint32_t imap4i_days_in_month(int32_t year, uint32_t month) {
  static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

int64_t imap4i_days(int32_t year, uint32_t month, uint32_t day) {
  /* Years are counted from March, so that the leap day is the last of a year. */
  int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t year_of_era = y - era * 400;
  int64_t day_of_year = (int64_t)(153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}
