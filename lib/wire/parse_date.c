/* SPDX-License-Identifier: MIT */
/*
 * Dates of SEARCH and date-times of APPEND: fixed formats, every number checked for its range.
 */
#include "wire/parse_base.h"

#include "base/calendar.h"

/* Zones in use reach from -1200 to +1400. */
#define LARGEST_ZONE_HOURS 14

/* Exactly |n| digits. */
static bool take_digits(imap4i_parser *parser, size_t n, uint32_t *value) {
  uint64_t number = 0;
  if ((size_t)(parser->end - parser->p) < n) return false;
  if (!imap4i_parse_u64(imap4i_str(parser->p, n), UINT32_MAX, &number)) return false;
  parser->p += n;
  *value = (uint32_t)number;
  return true;
}

static bool take_month(imap4i_parser *parser, uint32_t *month) {
  *month = imap4i_month(imap4i_str(parser->p, (size_t)(parser->end - parser->p)));
  if (*month == 0) return false;
  parser->p += 3;
  return true;
}

/* What follows the day: "-" month "-" year. */
static int take_month_year(imap4i_parser *parser, uint32_t day, int64_t *days) {
  uint32_t month = 1;
  uint32_t year = 0;
  if (!imap4i_take_char(parser, '-') || !take_month(parser, &month)) {
    return imap4i_bad(parser, "Invalid date: expected a month, Jan to Dec, between hyphens");
  }
  if (!imap4i_take_char(parser, '-') || !take_digits(parser, 4, &year)) {
    return imap4i_bad(parser, "Invalid date: expected a year of four digits");
  }
  if (day < 1 || day > imap4i_days_in_month((int32_t)year, month))
    return imap4i_bad(parser, "Invalid date: no such day");
  *days = imap4i_days((int32_t)year, month, day);
  return IMAP4_OK;
}

int imap4i_take_date(imap4i_parser *parser, int64_t *day) {
  bool quoted = imap4i_take_char(parser, '"');
  uint32_t number = 0;
  if (!take_digits(parser, 2, &number) && !take_digits(parser, 1, &number)) {
    return imap4i_bad(parser, "Expected a date: 1-Feb-1994");
  }
  int status = take_month_year(parser, number, day);
  if (status == IMAP4_OK && quoted && !imap4i_take_char(parser, '"')) {
    return imap4i_bad(parser, "The date has no closing quote");
  }
  return status;
}

static int take_time(imap4i_parser *parser, int64_t *seconds) {
  uint32_t hour = 0;
  uint32_t minute = 0;
  uint32_t second = 0;
  if (!take_digits(parser, 2, &hour) || !imap4i_take_char(parser, ':') || !take_digits(parser, 2, &minute) ||
      !imap4i_take_char(parser, ':') || !take_digits(parser, 2, &second)) {
    return imap4i_bad(parser, "Invalid date-time: expected a time, hh:mm:ss");
  }
  if (hour > 23 || minute > 59 || second > 60) return imap4i_bad(parser, "Invalid date-time: no such time");
  *seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
  return IMAP4_OK;
}

static int take_zone(imap4i_parser *parser, int32_t *minutes) {
  bool west = imap4i_take_char(parser, '-');
  uint32_t hour = 0;
  uint32_t minute = 0;
  if ((!west && !imap4i_take_char(parser, '+')) || !take_digits(parser, 2, &hour) ||
      !take_digits(parser, 2, &minute)) {
    return imap4i_bad(parser, "Invalid date-time: expected a zone, +hhmm or -hhmm");
  }
  if (hour > LARGEST_ZONE_HOURS || minute > 59) return imap4i_bad(parser, "Invalid date-time: no such zone");
  *minutes = (int32_t)(hour * 60 + minute);
  if (west) *minutes = -*minutes;
  return IMAP4_OK;
}

int imap4i_take_date_time(imap4i_parser *parser, imap4_date *date) {
  uint32_t day = 0;
  int64_t days = 0;
  int64_t seconds = 0;
  if (!imap4i_take_char(parser, '"')) return imap4i_bad(parser, "Expected a date-time in quotes");
  if (!take_digits(parser, imap4i_take_char(parser, ' ') ? 1 : 2, &day)) {
    return imap4i_bad(parser, "Invalid date-time: expected a day of two characters");
  }
  int status = take_month_year(parser, day, &days);
  if (status == IMAP4_OK)
    status = imap4i_take_space(parser, "Invalid date-time: expected a time after the date");
  if (status == IMAP4_OK) status = take_time(parser, &seconds);
  if (status == IMAP4_OK)
    status = imap4i_take_space(parser, "Invalid date-time: expected a zone after the time");
  if (status == IMAP4_OK) status = take_zone(parser, &date->zone_minutes);
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '"')) return imap4i_bad(parser, "The date-time has no closing quote");
  date->seconds = days * 86400 + seconds - (int64_t)date->zone_minutes * 60;
  date->present = 1;
  return IMAP4_OK;
}
