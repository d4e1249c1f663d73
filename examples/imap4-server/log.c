/* SPDX-License-Identifier: MIT */
/* The log: one line per event on standard error, which whatever started the server keeps or throws away. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_OCTETS 1024

static int highest_level = LOG_INFO;

void log_set_level(int level) {
  highest_level = level;
}

int log_level_from(const char *namez) {
  static const char *const names[] = {"error", "info", "debug"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(namez, names[i]) == 0) return i;
  }
  return -1;
}

void log_line(int level, const char *formatz, ...) {
  static const char *const names[] = {"error", "info", "debug"};
  if (level > highest_level) return;
  char line[LINE_OCTETS];
  time_t seconds = time(NULL);
  struct tm utc;
  if (gmtime_r(&seconds, &utc) == NULL) memset(&utc, 0, sizeof utc);
  size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ ", &utc);
  used += (size_t)snprintf(line + used, sizeof line - used, "%s: ", names[level]);
  va_list arguments;
  va_start(arguments, formatz);
  int n = vsnprintf(line + used, sizeof line - used, formatz, arguments);
  va_end(arguments);
  if (n < 0) return;
  used = (size_t)n < sizeof line - used ? used + (size_t)n : sizeof line - 1;
  line[used++] = '\n';
  /* A log that nobody reads must not stop the server: what can't be written is lost. */
  if (write(STDERR_FILENO, line, used) < 0) return;
}

void log_escape(imap4_str text, char *out, size_t capacity) {
  static const char digits[] = "0123456789abcdef";
  size_t used = 0;
  for (size_t i = 0; i < text.n && used + 5 <= capacity; i++) {
    unsigned char octet = (unsigned char)text.p[i];
    if (octet > 0x20 && octet < 0x7f && octet != '"' && octet != '\\') {
      out[used++] = (char)octet;
      continue;
    }
    out[used++] = '\\';
    out[used++] = 'x';
    out[used++] = digits[octet >> 4];
    out[used++] = digits[octet & 15u];
  }
  out[used] = '\0';
}
