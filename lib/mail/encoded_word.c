/* SPDX-License-Identifier: MIT */
/*
 * Encoded words; see encoded_word.h.  A word is recognised wherever it stands, inside quoted strings and
 * without white space around it too, as real mail has it.  Each is converted for itself: RFC 2047 section 5
 * has every word hold whole characters, and shifts of one word must not reach into the next.
 */
#include "mail/encoded_word.h"

#include "base/base64.h"
#include "imap4/error.h"
#include "mail/text.h"

/* Octets that are decoded at a time. */
#define STEP 128

/* =?charset?encoding?text?= taken apart. */
typedef struct word {
  imap4_str charset;
  imap4_str text;
  bool base64;   /* else "Q" */
  size_t length; /* of the whole */
} word;

/* The way to |out| for the word under way. */
typedef struct writer {
  imap4i_buf *out;
  imap4i_charset *charset;
} writer;

/* The span up to the next "?", which is taken off |*s| with it.  False if there is none. */
static bool take_item(imap4_str *s, imap4_str *item) {
  const char *mark = s->n > 0 ? memchr(s->p, '?', s->n) : NULL;
  if (!mark) return false;
  *item = (imap4_str){s->p, (size_t)(mark - s->p)};
  *s = imap4i_tail(*s, item->n + 1);
  return true;
}

/* Whether |s|, which starts with "=?", starts with an encoded word. */
static bool parse_word(imap4_str s, word *w) {
  imap4_str rest = imap4i_tail(s, 2);
  imap4_str encoding;
  if (!take_item(&rest, &w->charset) || w->charset.n == 0) return false;
  if (!take_item(&rest, &encoding) || encoding.n != 1) return false;
  char c = imap4i_lower(*encoding.p);
  if (c != 'b' && c != 'q') return false;
  if (!take_item(&rest, &w->text) || rest.n == 0 || *rest.p != '=') return false;
  const char *star = memchr(w->charset.p, '*', w->charset.n);
  if (star) w->charset.n = (size_t)(star - w->charset.p);
  w->base64 = c == 'b';
  w->length = s.n - rest.n + 1;
  return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Convert |in|; |last|: the word ends. */
static int convert(writer *w, imap4_str in, bool last) {
  imap4i_flow flow = {.in = in, .last = last};
  bool done = false;
  while (!done) {
    size_t want = imap4i_min(flow.in.n, STEP) * 3 + IMAP4I_FLOW_ROOM;
    flow.out = imap4i_buf_room(w->out, want);
    if (!flow.out) return IMAP4_ERR_NOMEM;
    flow.room = want;
    done = imap4i_charset_feed(w->charset, &flow);
    imap4i_buf_added(w->out, want - flow.room);
  }
  return IMAP4_OK;
}

/* Be ready for octets of |charset|; one that is not known is taken for UTF-8. */
static int find_converter(writer *w, imap4i_charset_cache *charsets, imap4_str charset) {
  int r = IMAP4_ERR_INVALID;
  if (!imap4i_charset_is_utf8(charset)) r = imap4i_charset_cache_get(charsets, charset, &w->charset);
  return r == IMAP4_ERR_INVALID ? imap4i_charset_cache_get(charsets, IMAP4I_S("utf-8"), &w->charset) : r;
}

static int put_q(writer *w, imap4_str text) {
  char octets[STEP];
  while (text.n > 0) {
    size_t n = 0;
    for (; text.n > 0 && n < sizeof(octets); n++) {
      size_t used = 1;
      octets[n] = *text.p;
      if (*text.p == '_') octets[n] = ' ';
      if (*text.p == '=' && text.n >= 3 && imap4i_hex_value(text.p[1]) >= 0 &&
          imap4i_hex_value(text.p[2]) >= 0) {
        octets[n] = (char)(unsigned char)(imap4i_hex_value(text.p[1]) * 16 + imap4i_hex_value(text.p[2]));
        used = 3;
      }
      text = imap4i_tail(text, used);
    }
    int r = convert(w, imap4i_str(octets, n), false);
    if (r != IMAP4_OK) return r;
  }
  return IMAP4_OK;
}

static int put_b(writer *w, imap4_str text) {
  char octets[STEP];
  imap4i_base64 base64 = {0};
  imap4i_flow flow = {.in = text, .last = true};
  bool done = false;
  while (!done) {
    flow.out = octets;
    flow.room = sizeof(octets);
    done = imap4i_base64_feed(&base64, &flow);
    int r = convert(w, imap4i_str(octets, sizeof(octets) - flow.room), false);
    if (r != IMAP4_OK) return r;
  }
  return IMAP4_OK;
}

static int put_word(writer *w, const word *found, imap4i_charset_cache *charsets) {
  int r = find_converter(w, charsets, found->charset);
  if (r == IMAP4_OK) r = found->base64 ? put_b(w, found->text) : put_q(w, found->text);
  return r == IMAP4_OK ? convert(w, (imap4_str){0}, true) : r;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Where the next encoded word of |s| begins; s.n if there is none. */
static size_t find_word(imap4_str s, word *w) {
  size_t at = 0;
  while (at < s.n) {
    const char *p = memchr(s.p + at, '=', s.n - at);
    if (!p) return s.n;
    at = (size_t)(p - s.p);
    if (at + 1 < s.n && p[1] == '?' && parse_word(imap4i_tail(s, at), w)) return at;
    at++;
  }
  return s.n;
}

int imap4i_encoded_words(imap4_str text, size_t max, imap4i_charset_cache *charsets, imap4i_buf *out) {
  writer w = {.out = out};
  bool after_word = false;
  word found = {.length = 0}; /* what is read was set; not every compiler sees it */
  for (size_t words = 0; text.n > 0; words++) {
    size_t at = words < max ? find_word(text, &found) : text.n;
    imap4_str between = {text.p, at};
    /* White space between two words is no part of the text. */
    bool dropped = after_word && at < text.n && imap4i_trim(between).n == 0;
    if (!dropped && !imap4i_buf_puts(out, between)) return IMAP4_ERR_NOMEM;
    text = imap4i_tail(text, at);
    if (text.n == 0) break;
    int r = put_word(&w, &found, charsets);
    if (r != IMAP4_OK) return r;
    text = imap4i_tail(text, found.length);
    after_word = true;
  }
  return IMAP4_OK;
}
