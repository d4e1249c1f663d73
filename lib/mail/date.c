/* SPDX-License-Identifier: MIT */
/*
 * Dates of messages; see date.h.  The text is read from left to right: an optional day of the week, day,
 * month, year, time, zone, with white space and comments anywhere between.  SEARCH disregards time and zone
 * (RFC 3501 section 6.4.4), so that a date counts even if no time that makes sense follows it.
 */
#include "mail/date.h"

#include "base/calendar.h"
#include "mail/token.h"

/* A number of |min| to |max| digits.  Returns how many there were, 0 if it is none. */
static size_t take_number(imap4_str *s, size_t min, size_t max, int32_t *value) {
  size_t n = 0;
  *value = 0;
  while (n < s->n && n < max && imap4i_is_digit(s->p[n]))
    *value = *value * 10 + (s->p[n++] - '0');
  if (n < min || (n < s->n && imap4i_is_digit(s->p[n]))) return 0;
  *s = imap4i_tail(*s, n);
  imap4i_skip_cfws(s, NULL);
  return n;
}

static imap4_str take_word(imap4_str *s) {
  size_t n = 0;
  while (n < s->n && imap4i_is_alpha(s->p[n]))
    n++;
  imap4_str word = {s->p, n};
  *s = imap4i_tail(*s, n);
  imap4i_skip_cfws(s, NULL);
  return word;
}

static bool take_char(imap4_str *s, char c) {
  if (s->n == 0 || *s->p != c) return false;
  *s = imap4i_tail(*s, 1);
  imap4i_skip_cfws(s, NULL);
  return true;
}

/* Day, month and year, as days since 1970. */
static bool take_day(imap4_str *s, int64_t *days) {
  int32_t day;
  int32_t year;
  if (s->n > 0 && imap4i_is_alpha(*s->p)) {
    take_word(s);
    if (!take_char(s, ',')) return false;
  }
  if (take_number(s, 1, 2, &day) == 0) return false;
  take_char(s, '-');
  uint32_t month = imap4i_month(take_word(s)); /* longer spellings begin with the three letters */
  if (month == 0) return false;
  take_char(s, '-');
  size_t digits = take_number(s, 2, 9, &year);
  if (digits == 0 || (s->n > 0 && *s->p == ':')) return false; /* a time in place of the year */
  /* RFC 5322 section 4.3: two digits below 50 are of this century, three count from 1900. */
  if (digits == 2) year += year < 50 ? 2000 : 1900;
  if (digits == 3) year += 1900;
  if (day < 1 || (uint32_t)day > imap4i_days_in_month(year, month)) return false;
  *days = imap4i_days(year, month, (uint32_t)day);
  return true;
}

static bool take_time(imap4_str *s, int64_t *seconds) {
  int32_t hour;
  int32_t minute;
  int32_t second = 0;
  if (take_number(s, 1, 2, &hour) == 0) return false;
  if (!take_char(s, ':') && !take_char(s, '.')) return false;
  if (take_number(s, 2, 2, &minute) == 0) return false;
  if ((take_char(s, ':') || take_char(s, '.')) && take_number(s, 2, 2, &second) == 0) return false;
  if (hour > 23 || minute > 59 || second > 60) return false;
  if (second == 60) second = 59; /* a leap second is of the day that it ends */
  *seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
  return true;
}

/* Zones that RFC 5322 section 4.3 defines; all other names, like no zone, are UTC. */
static int32_t named_zone(imap4_str word) {
  static const struct {
    char name[4];
    int32_t minutes;
  } zones[] = {{"EST", -300}, {"EDT", -240}, {"CST", -360}, {"CDT", -300},
               {"MST", -420}, {"MDT", -360}, {"PST", -480}, {"PDT", -420}};
  for (size_t i = 0; i < IMAP4I_COUNT(zones); i++) {
    if (imap4i_ieq(word, imap4i_str(zones[i].name, 3))) return zones[i].minutes;
  }
  return 0;
}

static int32_t take_zone(imap4_str *s) {
  int32_t number;
  if (s->n == 0 || (*s->p != '+' && *s->p != '-')) return named_zone(take_word(s));
  bool west = *s->p == '-';
  *s = imap4i_tail(*s, 1);
  if (take_number(s, 4, 4, &number) == 0 || number % 100 > 59) return 0;
  int32_t minutes = number / 100 * 60 + number % 100;
  return west ? -minutes : minutes;
}

bool imap4i_date_parse(imap4_str text, imap4_date *date) {
  int64_t days;
  int64_t seconds = 0;
  *date = (imap4_date){0};
  imap4i_skip_cfws(&text, NULL);
  if (!take_day(&text, &days)) return false;
  if (take_time(&text, &seconds)) date->zone_minutes = take_zone(&text);
  date->seconds = days * 86400 + seconds - (int64_t)date->zone_minutes * 60;
  date->present = 1;
  return true;
}
