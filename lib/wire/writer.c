/* SPDX-License-Identifier: MIT */
/*
 * The response writer; see writer.h.  Each function classifies what it is given and writes it in the one form
 * that the grammar of RFC 3501 section 9 allows there.
 */
#include "wire/writer.h"

#include "base/calendar.h"
#include "base/utf7.h"
#include "base/utf8.h"

/* Longer strings are sent as literals: clients cope better with those than with very long lines. */
#define LONGEST_QUOTED 1000

#define DAY_SECONDS 86400
#define FIRST_SECOND INT64_C(-62167219200) /* 0000-01-01 00:00:00 */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31 23:59:59 */
#define LARGEST_ZONE (23 * 60 + 59)

static bool done(imap4i_buf *buf, size_t before, bool ok) {
  if (!ok) buf->n = before;
  return ok;
}

/* What is sent for |c|, by whether it is |legal|. */
static char or_question_mark(char c, bool legal) {
  if (legal) return c;
  return '?';
}

static bool put_quoted_char(imap4i_buf *buf, char c) {
  if ((c == '"' || c == '\\') && !imap4i_buf_putc(buf, '\\')) return false;
  return imap4i_buf_putc(buf, c);
}

static bool is_8bit(char c) {
  return (unsigned char)c >= 0x80;
}

/* QUOTED-CHAR of RFC 3501; CTL are allowed there but for CR and LF. */
static bool is_quotable(char c) {
  return c != '\0' && c != '\r' && c != '\n' && !is_8bit(c);
}

/* Whether |s| may stand in a quoted string; NUL is no reason against it, for it is never sent. */
static bool fits_quoted(imap4_str s, bool utf8) {
  bool any_8bit = false;
  if (s.n > LONGEST_QUOTED) return false;
  for (size_t i = 0; i < s.n; i++) {
    if (is_8bit(s.p[i]))
      any_8bit = true;
    else if (s.p[i] != '\0' && !is_quotable(s.p[i]))
      return false;
  }
  return !any_8bit || (utf8 && imap4i_utf8_valid(s));
}

bool imap4i_put_literal_head(imap4i_buf *buf, uint64_t n) {
  size_t before = buf->n;
  return done(buf, before,
              imap4i_buf_putc(buf, '{') && imap4i_buf_put_u64(buf, n) && imap4i_buf_put(buf, "}\r\n", 3));
}

static bool put_literal(imap4i_buf *buf, imap4_str s) {
  if (!imap4i_put_literal_head(buf, s.n)) return false;
  char *to = imap4i_buf_room(buf, s.n);
  if (!to) return false;
  for (size_t i = 0; i < s.n; i++)
    to[i] = or_question_mark(s.p[i], s.p[i] != '\0');
  imap4i_buf_added(buf, s.n);
  return true;
}

bool imap4i_put_string(imap4i_buf *buf, imap4_str s, bool utf8) {
  size_t before = buf->n;
  if (!fits_quoted(s, utf8)) return done(buf, before, put_literal(buf, s));
  bool ok = imap4i_buf_putc(buf, '"');
  for (size_t i = 0; ok && i < s.n; i++)
    ok = put_quoted_char(buf, or_question_mark(s.p[i], s.p[i] != '\0'));
  return done(buf, before, ok && imap4i_buf_putc(buf, '"'));
}

bool imap4i_put_nstring(imap4i_buf *buf, imap4_str s, bool utf8) {
  return s.p ? imap4i_put_string(buf, s, utf8) : imap4i_buf_puts(buf, IMAP4I_S("NIL"));
}

bool imap4i_put_astring(imap4i_buf *buf, imap4_str s, bool utf8) {
  bool atom = s.n > 0 && !imap4i_ieq(s, IMAP4I_S("NIL"));
  for (size_t i = 0; atom && i < s.n; i++)
    atom = imap4i_is_astring_char(s.p[i]);
  return atom ? imap4i_buf_puts(buf, s) : imap4i_put_string(buf, s, utf8);
}

bool imap4i_put_quoted(imap4i_buf *buf, imap4_str s) {
  size_t before = buf->n;
  bool ok = imap4i_buf_putc(buf, '"');
  for (size_t i = 0; ok && i < s.n; i++)
    ok = put_quoted_char(buf, or_question_mark(s.p[i], is_quotable(s.p[i])));
  return done(buf, before, ok && imap4i_buf_putc(buf, '"'));
}

/* In modified UTF-7.  The encoding ends every shift at a printable ASCII character, so the text
 * may be encoded in pieces around those that need a backslash. */
static bool put_utf7(imap4i_buf *buf, imap4_str name, bool *valid) {
  size_t at = 0;
  *valid = true;
  while (at < name.n) {
    size_t end = at;
    while (end < name.n && name.p[end] != '"' && name.p[end] != '\\')
      end++;
    int status = imap4i_utf7_encode(imap4i_str(name.p + at, end - at), buf);
    *valid = status != IMAP4_ERR_INVALID;
    if (status != IMAP4_OK) return false;
    if (end < name.n && !put_quoted_char(buf, name.p[end])) return false;
    at = end + 1;
  }
  return true;
}

bool imap4i_put_mailbox(imap4i_buf *buf, imap4_str name, bool utf8) {
  size_t before = buf->n;
  bool valid = true;
  bool ascii = true;
  for (size_t i = 0; i < name.n; i++)
    ascii = ascii && name.p[i] >= ' ' && name.p[i] < 0x7f && name.p[i] != '&';
  if (ascii || (utf8 && imap4i_utf8_valid(name))) return imap4i_put_astring(buf, name, utf8);
  bool atom = true; /* what is not ASCII becomes base64, all of it atom characters */
  for (size_t i = 0; i < name.n; i++)
    atom = atom && (is_8bit(name.p[i]) || imap4i_is_astring_char(name.p[i]));
  bool ok = (atom || imap4i_buf_putc(buf, '"')) && put_utf7(buf, name, &valid) &&
            (atom || imap4i_buf_putc(buf, '"'));
  if (done(buf, before, ok)) return true;
  /* A store gave what is no name; a client must see a legal line all the same. */
  return !valid && imap4i_put_quoted(buf, name);
}

static bool put_flag(imap4i_buf *buf, size_t start, imap4_str flag) {
  return (buf->n == start || imap4i_buf_putc(buf, ' ')) && imap4i_buf_puts(buf, flag);
}

/* A list of flags in parentheses; |last| is one more unless it is empty. */
static bool put_flag_list(imap4i_buf *buf, uint32_t system, imap4_str keywords, imap4_str last) {
  static const struct {
    uint32_t bit;
    imap4_str name;
  } flags[] = {{IMAP4_FLAG_ANSWERED, {"\\Answered", 9}},
               {IMAP4_FLAG_FLAGGED, {"\\Flagged", 8}},
               {IMAP4_FLAG_DELETED, {"\\Deleted", 8}},
               {IMAP4_FLAG_SEEN, {"\\Seen", 5}},
               {IMAP4_FLAG_DRAFT, {"\\Draft", 6}}};
  size_t before = buf->n;
  imap4_str word;
  bool ok = imap4i_buf_putc(buf, '(');
  size_t start = buf->n;
  for (size_t i = 0; ok && i < IMAP4I_COUNT(flags); i++) {
    if (system & flags[i].bit) ok = put_flag(buf, start, flags[i].name);
  }
  while (ok && imap4i_next_word(&keywords, &word)) {
    if (imap4i_is_atom(word)) ok = put_flag(buf, start, word);
  }
  if (ok && last.n > 0) ok = put_flag(buf, start, last);
  return done(buf, before, ok && imap4i_buf_putc(buf, ')'));
}

bool imap4i_put_flags(imap4i_buf *buf, uint32_t system, imap4_str keywords, bool recent) {
  return put_flag_list(buf, system, keywords, recent ? IMAP4I_S("\\Recent") : IMAP4I_S(""));
}

bool imap4i_put_permanent_flags(imap4i_buf *buf, uint32_t system, imap4_str keywords, bool any) {
  return put_flag_list(buf, system, keywords, any ? IMAP4I_S("\\*") : IMAP4I_S(""));
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

typedef struct civil {
  int64_t year;
  int64_t month; /* 1 to 12 */
  int64_t day;   /* 1 to 31 */
} civil;

/* Date of a day counted from 1970-01-01, proleptic Gregorian; year >= 0.  Counts years from March on, so that
 * the leap day comes last. */
static civil civil_of_day(int64_t day) {
  int64_t from_era = day + 719468 + 146097; /* since March 1 of the year -400 */
  int64_t era = from_era / 146097;          /* 400 years */
  int64_t d = from_era % 146097;
  int64_t year = (d - d / 1460 + d / 36524 - d / 146096) / 365;
  int64_t day_of_year = d - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * day_of_year + 2) / 153; /* 0: March */
  civil c;
  c.day = day_of_year - (153 * month + 2) / 5 + 1;
  c.month = month < 10 ? month + 3 : month - 9;
  c.year = year + (era - 1) * 400 + (c.month <= 2 ? 1 : 0);
  return c;
}

static char *put_digits(char *to, int64_t value, size_t digits) {
  for (size_t i = digits; i > 0; i--) {
    to[i - 1] = (char)('0' + value % 10);
    value /= 10;
  }
  return to + digits;
}

bool imap4i_put_date_time(imap4i_buf *buf, imap4_date date) {
  int64_t zone = date.present ? clamp(date.zone_minutes, -LARGEST_ZONE, LARGEST_ZONE) : 0;
  int64_t local = date.present ? clamp(date.seconds, FIRST_SECOND, LAST_SECOND) : 0;
  local = clamp(local + zone * 60, FIRST_SECOND, LAST_SECOND) - FIRST_SECOND;
  int64_t time = local % DAY_SECONDS;
  civil c = civil_of_day((local + FIRST_SECOND - time) / DAY_SECONDS);
  int64_t hours = zone < 0 ? -zone / 60 : zone / 60;
  int64_t minutes = zone < 0 ? -zone % 60 : zone % 60;
  char text[28]; /* "dd-Mon-yyyy hh:mm:ss +hhmm" with its quotes */
  char *to = text;
  *to++ = '"';
  to = put_digits(to, c.day, 2);
  if (text[1] == '0') text[1] = ' ';
  *to++ = '-';
  memcpy(to, imap4i_months + (c.month - 1) * 3, 3);
  to[3] = '-';
  to = put_digits(to + 4, c.year, 4);
  *to++ = ' ';
  to = put_digits(to, time / 3600, 2);
  *to++ = ':';
  to = put_digits(to, time / 60 % 60, 2);
  *to++ = ':';
  to = put_digits(to, time % 60, 2);
  *to++ = ' ';
  *to++ = zone < 0 ? '-' : '+';
  to = put_digits(to, hours, 2);
  to = put_digits(to, minutes, 2);
  *to++ = '"';
  return imap4i_buf_put(buf, text, (size_t)(to - text));
}

bool imap4i_put_text(imap4i_buf *buf, imap4_str text) {
  size_t n = imap4i_min(text.n, IMAP4I_TEXT_OCTETS);
  if (n == 0) return imap4i_buf_putc(buf, '-');
  char *to = imap4i_buf_room(buf, n);
  if (!to) return false;
  for (size_t i = 0; i < n; i++)
    to[i] = or_question_mark(text.p[i], text.p[i] >= ' ' && text.p[i] < 0x7f);
  if (to[0] == '[') to[0] = '(';
  imap4i_buf_added(buf, n);
  return true;
}

/* resp-text-code without brackets: begins with an atom, has no "]". */
static bool is_code(imap4_str code) {
  if (code.n == 0 || !imap4i_is_atom_char(code.p[0])) return false;
  for (size_t i = 0; i < code.n; i++) {
    if (code.p[i] < ' ' || code.p[i] >= 0x7f || code.p[i] == ']') return false;
  }
  return true;
}

bool imap4i_put_code_text(imap4i_buf *buf, imap4_str code, imap4_str text) {
  size_t before = buf->n;
  bool ok = true;
  if (is_code(code))
    ok = imap4i_buf_putc(buf, '[') && imap4i_buf_puts(buf, code) && imap4i_buf_put(buf, "] ", 2);
  return done(buf, before, ok && imap4i_put_text(buf, text));
}

bool imap4i_put_uid_ranges(imap4i_buf *buf, imap4_uid_ranges ranges) {
  size_t before = buf->n;
  bool ok = true;
  for (size_t i = 0; ok && i < ranges.n; i++) {
    imap4_uid_range r = ranges.p[i];
    ok = (i == 0 || imap4i_buf_putc(buf, ',')) && imap4i_buf_put_u64(buf, r.first);
    if (r.last != r.first) ok = ok && imap4i_buf_putc(buf, ':') && imap4i_buf_put_u64(buf, r.last);
  }
  return done(buf, before, ok);
}
