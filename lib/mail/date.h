/* SPDX-License-Identifier: MIT */
/*
 * Dates of messages: RFC 5322 section 3.3 with the obsolete forms of section 4.3.
 */
#ifndef IMAP4I_DATE_H
#define IMAP4I_DATE_H

#include "base/str.h"

/* Read the value of a Date field.  False if it has no date that can be understood; then |date| is zero. */
bool imap4i_date_parse(imap4_str text, imap4_date *date);

#endif
