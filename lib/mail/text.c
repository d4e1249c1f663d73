/* SPDX-License-Identifier: MIT */
/*
 * Header text as strings of a response; see text.h.  All strings are written by one function, in two
 * passes: look at the octets to choose the form, then write them.
 */
#include "mail/text.h"

/* How octets are changed on their way out. */
enum { AS_IS, UPPER, COLLAPSED, UNFOLDED };

/* What the octets of a string amount to after the change. */
typedef struct form {
  size_t length;  /* octets that go out */
  size_t escapes; /* among them " and \ */
  bool literal;   /* 8-bit, CR or LF: no quoted string can hold it */
} form;

imap4_str imap4i_trim(imap4_str s) {
  while (s.n > 0 && imap4i_is_wsp(s.p[s.n - 1]))
    s.n--;
  while (s.n > 0 && imap4i_is_wsp(*s.p))
    s = imap4i_tail(s, 1);
  return s;
}

/* Whether |c|, before |rest|, belongs to a line end. */
static bool is_line_end(char c, imap4_str rest) {
  return c == '\n' || (c == '\r' && (rest.n == 0 || *rest.p == '\n'));
}

size_t imap4i_unfold(char *p, size_t n, bool spaces) {
  size_t to = 0;
  bool folded = false; /* a line end was the last that is no blank */
  for (size_t i = 0; i < n; i++) {
    if (is_line_end(p[i], imap4i_str(p + i + 1, n - i - 1))) {
      folded = spaces;
    } else if (p[i] != '\0' && !(folded && imap4i_is_blank(p[i]))) {
      if (folded) p[to++] = ' '; /* at least one octet was left out for it */
      folded = false;
      p[to++] = p[i];
    }
  }
  return to;
}

/* The next octet to go out, or -1 at the end. */
static int next_octet(imap4_str *s, int how) {
  while (s->n > 0) {
    char c = *s->p;
    *s = imap4i_tail(*s, 1);
    if (c == '\0' || (how == UNFOLDED && is_line_end(c, *s))) continue;
    if (how == UNFOLDED && c == '\r') { /* alone: white space, as other servers have it */
      if (imap4i_is_wsp(*s->p)) continue;
      c = ' ';
    }
    if (how == UPPER) return (unsigned char)imap4i_upper(c);
    if (how != COLLAPSED || !imap4i_is_wsp(c)) return (unsigned char)c;
    while (s->n > 0 && (imap4i_is_wsp(*s->p) || *s->p == '\0'))
      *s = imap4i_tail(*s, 1);
    return s->n > 0 ? ' ' : -1;
  }
  return -1;
}

static form measure(imap4_str s, int how) {
  form f = {0};
  int c;
  while ((c = next_octet(&s, how)) >= 0) {
    f.length++;
    if (c == '"' || c == '\\') f.escapes++;
    if (c == '\r' || c == '\n' || c >= 0x80) f.literal = true;
  }
  return f;
}

/* Strings up to this length are tried as plain ones first; room asked for in vain is no more than this. */
#define PLAIN_MAX 256

/* Most strings are short, printable ASCII and without quotes: they are looked at once, on their way out.
 * False: this one is not, and nothing was done. */
static bool put_plain(imap4i_buf *out, imap4_str s, int how) {
  if (s.n > PLAIN_MAX) return false;
  char *start = imap4i_buf_room(out, s.n + 2);
  if (!start) return false;
  char *to = start;
  *to++ = '"';
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (how == COLLAPSED && imap4i_is_wsp(c)) {
      if (to[-1] == ' ') continue;
      c = ' ';
    }
    if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    *to++ = how == UPPER ? imap4i_upper(c) : c;
  }
  *to++ = '"';
  imap4i_buf_added(out, (size_t)(to - start));
  return true;
}

static bool put(imap4i_buf *out, imap4_str s, int how) {
  int c;
  if (how == COLLAPSED) s = imap4i_trim(s);
  if (put_plain(out, s, how)) return true;
  form f = measure(s, how);
  if (f.literal && (!imap4i_buf_putc(out, '{') || !imap4i_buf_put_u64(out, f.length) ||
                    !imap4i_buf_puts(out, IMAP4I_S("}\r\n")))) {
    return false;
  }
  size_t n = f.literal ? f.length : f.length + f.escapes + 2;
  char *to = imap4i_buf_room(out, n);
  if (!to) return false;
  if (!f.literal) *to++ = '"';
  while ((c = next_octet(&s, how)) >= 0) {
    if (!f.literal && (c == '"' || c == '\\')) *to++ = '\\';
    *to++ = (char)c;
  }
  if (!f.literal) *to = '"';
  imap4i_buf_added(out, n);
  return true;
}

bool imap4i_text_string(imap4i_buf *out, imap4_str s) {
  return put(out, s, AS_IS);
}

bool imap4i_text_upper(imap4i_buf *out, imap4_str s) {
  return put(out, s, UPPER);
}

bool imap4i_text_unfolded(imap4i_buf *out, imap4_str s) {
  /* The last line end first: what is left is most often plain. */
  if (s.n > 0 && s.p[s.n - 1] == '\n') s.n--;
  if (s.n > 0 && s.p[s.n - 1] == '\r') s.n--;
  return put(out, s, UNFOLDED);
}

bool imap4i_text_collapsed(imap4i_buf *out, imap4_str s) {
  return put(out, s, COLLAPSED);
}
