/* SPDX-License-Identifier: MIT */
/* Where fields lie; see field_span.h. */
#include "search/field_span.h"

/* Where the line that begins at |at| ends, behind its LF. */
static size_t line_end(imap4_str header, size_t at) {
  const char *lf = memchr(header.p + at, '\n', header.n - at);
  return lf ? (size_t)(lf - header.p) + 1 : header.n;
}

static bool is_continued(imap4_str header, size_t line) {
  return line < header.n && imap4i_is_blank(header.p[line]);
}

bool imap4i_field_span_find(imap4_str header, size_t from, size_t at, imap4i_field_span *span) {
  size_t begin = from, line = from;
  for (;;) {
    size_t end = line_end(header, line);
    const char *p = header.p + line;
    if (end - line <= 2 && p[0] == (end - line == 2 ? '\r' : '\n') && header.p[end - 1] == '\n') return false;
    if (line > from && !is_continued(header, line)) begin = line;
    line = end;
    if (line > at) break;
  }
  while (is_continued(header, line))
    line = line_end(header, line);
  *span = (imap4i_field_span){begin, line};
  return true;
}
