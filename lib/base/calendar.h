/* SPDX-License-Identifier: MIT */
/*
 * The Gregorian calendar, also before it was in use.  Time zones and texts of dates are for others.
 */
#ifndef IMAP4I_CALENDAR_H
#define IMAP4I_CALENDAR_H

#include "base/str.h"

/* "JanFebMar...Dec". */
extern const char imap4i_months[36];

/* The month that |word| begins with, in any case, 1 to 12; 0 if it is none. */
uint32_t imap4i_month(imap4_str word);
/* |month| is 1 to 12. */
uint32_t imap4i_days_in_month(int32_t year, uint32_t month);
/* Days from 1970-01-01 to that day; |month| is 1 to 12. */
int64_t imap4i_days(int32_t year, uint32_t month, uint32_t day);

#endif
