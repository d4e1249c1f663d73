/* SPDX-License-Identifier: MIT */
/* The log of imap4-server: lines on standard error.  Never holds message content or a password. */
#ifndef IMAP4_SERVER_LOG_H
#define IMAP4_SERVER_LOG_H

#include "imap4/types.h"

#define LOG_ERROR 0
#define LOG_INFO 1
#define LOG_DEBUG 2

/* Lines above |level| are not written.  Set once, before threads are started. */
void log_set_level(int level);

/* "error", "info" or "debug" to a level; -1 for anything else. */
int log_level_from(const char *namez);

/* Write one line with the time in front, in a single write, so that lines of threads don't mix. */
#if defined(__GNUC__) || defined(__clang__)
__attribute__((format(printf, 2, 3)))
#endif
void log_line(int level, const char *formatz, ...);

/*
 * Make |text| from outside fit for a log: printable ASCII stays, quotes, backslashes and all else become
 * \xNN. The result is cut to what fits and NUL-terminated.
 */
void log_escape(imap4_str text, char *out, size_t capacity);

#endif
