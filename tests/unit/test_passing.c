/* SPDX-License-Identifier: MIT */
/*
 * Text that is passed over has no match: random text in many charsets and encodings, with needles taken from
 * it or nearly so, searched as it is in parts at random cuts, and naively: all decoded, all folded, then
 * looked at.  Headers are searched whole, which passes over fields, and octet by octet, which does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail_check.h"
#include "search/haystack.h"
#include "search/search.h"

#define TEXT_MAX 30000
#define NEEDLES 3

static uint32_t random_state;

static uint32_t below(uint32_t n) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % n;
}

/* ---- random texts --------------------------------------------------------------------------- */

/* What folds to something else, what is cut badly, what shifts, and what is like it. */
static const char *const nastyz[] = {
    "\xe2\x84\xaa",     /* KELVIN SIGN, a K */
    "\xc5\xbf",         /* LONG S */
    "\xef\xac\x81",     /* the ligature fi */
    "\xef\xbc\xab",     /* a fullwidth K */
    "\xc3\xa9",         /* e with acute */
    "e\xcc\x81",        /* the same in two */
    "\xef\xb7\xba",     /* U+FDFA, 18 characters */
    "\xd0\xba\xd0\xb8", /* Cyrillic */
    "\xe6\x97\xa5\xe6\x9c\xac",
    "\xc3",
    "\xff",
    "\x81",
    "\xb0\xa1",
    "\x1b$BF|K\\\x1b(B",
    "+AGs-",
    "~{",
    "\\",
    "\t",
    "\r\n",
    "\r\n \t",
    "\n",
    "\r",
    ":",
    " ",
    "  ",
    "=",
    "=?",
    "?=",
    "K",
    "s",
};

/* Of few letters, so that needles are nearly found. */
static size_t put_word(char *to) {
  size_t n = 1 + below(12);
  for (size_t i = 0; i < n; i++)
    to[i] = "aKsef\\FISEAx-"[below(13)];
  return n;
}

static size_t put_nasty(char *to) {
  if (below(20) == 0) {
    to[0] = (char)(uint8_t)below(256);
    return 1;
  }
  imap4_str nasty = STR(nastyz[below(IMAP4I_COUNT(nastyz))]);
  memcpy(to, nasty.p, nasty.n);
  return nasty.n;
}

/* Words with something nasty now and then, more or less of it. */
static size_t make_text(char *text, size_t most) {
  static const uint32_t rarities[] = {1, 3, 30, 300, 3000};
  uint32_t rarity = rarities[below(5)];
  size_t n = 0;
  while (n + 40 < most) {
    n += put_word(text + n);
    text[n++] = ' ';
    if (below(rarity) == 0) n += put_nasty(text + n);
  }
  return n;
}

/* A piece of |text|, sometimes not quite, or something else. */
static imap4_str make_needle(imap4_str text, char *room, size_t most) {
  size_t n = 1 + below(below(4) ? 8 : (uint32_t)most - 1);
  if (n > text.n || below(12) == 0) {
    imap4_str other = STR(nastyz[below(IMAP4I_COUNT(nastyz))]);
    memcpy(room, other.p, other.n);
    return imap4i_str(room, other.n);
  }
  memcpy(room, text.p + below((uint32_t)(text.n - n + 1)), n);
  if (below(3) == 0) room[below((uint32_t)n)] = below(2) ? 'x' : (char)(uint8_t)below(256);
  return imap4i_str(room, n);
}

static bool has(imap4_str text, imap4_str needle) {
  for (size_t i = 0; i + needle.n <= text.n; i++) {
    if (memcmp(text.p + i, needle.p, needle.n) == 0) return true;
  }
  return false;
}

/* ---- bodies --------------------------------------------------------------------------------- */

static const char *const charsetsz[] = {
    "",          "utf-8",       "us-ascii",     "iso-8859-1", "windows-1252", "utf_8",        "iso-8859-15",
    "gbk",       "gb2312",      "gb18030",      "big5",       "euc-kr",       "euc-jp",       "koi8-r",
    "shift_jis", "iso-2022-jp", "windows-1255", "utf-7",      "windows-1258", "windows-1251", "utf-16",
    "x-unknown", "iso-8859-8",  "viscii",       "euc-tw",     "iso-8859-2",   "johab",
};

/* Add |in| to |out| as octets of |transfer|. */
static void encode(int transfer, imap4_str in, imap4i_buf *out) {
  static const char digits[] = "0123456789ABCDEF";
  if (transfer == IMAP4I_TRANSFER_IDENTITY) assert_true(imap4i_buf_puts(out, in));
  if (transfer == IMAP4I_TRANSFER_BASE64) {
    for (; in.n > 0; in = imap4i_tail(in, 57)) {
      assert_true(imap4i_base64_encode(imap4i_str(in.p, imap4i_min(in.n, 57)), out));
      assert_true(imap4i_buf_puts(out, IMAP4I_S("\r\n")));
    }
  }
  for (size_t i = 0; transfer == IMAP4I_TRANSFER_QP && i < in.n; i++) {
    unsigned char c = (unsigned char)in.p[i];
    char escape[3] = {'=', digits[c >> 4], digits[c & 15]};
    bool plain = c > ' ' && c < 0x7f && c != '=';
    assert_true(plain ? imap4i_buf_putc(out, in.p[i]) : imap4i_buf_put(out, escape, 3));
    if (below(40) == 0) assert_true(imap4i_buf_puts(out, IMAP4I_S("=\r\n")));
  }
}

/* Add all of |in|, which is in |charset|, to |out| as it is searched. */
static void fold(imap4_str charset, imap4_str in, imap4i_buf *out) {
  imap4i_charset converter;
  imap4i_buf utf8;
  imap4i_buf_init(&utf8, out->mem, SIZE_MAX / 4);
  bool is_utf8 = imap4i_has_word(IMAP4I_S("utf-8 us-ascii"), charset) || charset.n == 0;
  if (is_utf8 || imap4i_charset_open(&converter, charset) != IMAP4_OK) {
    assert_true(imap4i_fold_str(in, out));
    return;
  }
  imap4i_flow flow = {.in = in, .last = true, .room = in.n * 4 + 1000};
  flow.out = imap4i_buf_room(&utf8, flow.room);
  size_t room = flow.room;
  assert_non_null(flow.out);
  assert_true(imap4i_charset_feed(&converter, &flow));
  imap4i_buf_added(&utf8, room - flow.room);
  imap4i_charset_close(&converter);
  assert_true(imap4i_fold_str(imap4i_buf_str(&utf8), out));
  imap4i_buf_free(&utf8);
}

/* Feed |data| in pieces, most of them long. */
static void feed(imap4i_haystack *haystack, imap4_str data) {
  bool news = false;
  uint32_t longest = below(2) ? 100 : 20000;
  bool empty_end = below(2) == 0;
  while (data.n > 0) {
    size_t n = imap4i_min(1 + below(longest), data.n);
    char *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, data.p, n);
    bool last = n == data.n && !empty_end;
    assert_int_equal(imap4i_haystack_feed(haystack, imap4i_str(copy, n), last, &news), IMAP4_OK);
    free(copy);
    data = imap4i_tail(data, n);
  }
  if (empty_end) assert_int_equal(imap4i_haystack_feed(haystack, data, true, &news), IMAP4_OK);
}

/* One text, encoded as |transfer|, searched for |count| needles that are folded already. */
static void check_body(imap4i_haystack *haystack, imap4_str charset, int transfer, imap4_str text,
                       imap4_str folded) {
  imap4i_matcher *matcher = haystack->matcher;
  imap4i_buf encoded;
  imap4i_buf_init(&encoded, matcher->mem, SIZE_MAX / 4);
  encode(transfer, text, &encoded);
  assert_int_equal(imap4i_haystack_begin(haystack, transfer, charset), IMAP4_OK);
  for (size_t i = 0; i < matcher->count; i++) {
    matcher->needles[i].found = false;
    matcher->needles[i].wanted = below(8) > 0;
  }
  feed(haystack, imap4i_buf_str(&encoded));
  for (size_t i = 0; i < matcher->count; i++) {
    bool expected = matcher->needles[i].wanted && has(folded, matcher->needles[i].text);
    assert_int_equal(matcher->needles[i].found, expected);
  }
  imap4i_buf_free(&encoded);
}

static void run_bodies(imap4i_mem *mem, int round) {
  static imap4i_haystack haystack;
  static imap4i_charset_cache charsets;
  static char text[TEXT_MAX], rooms[NEEDLES][600];
  imap4i_needle needles[NEEDLES];
  imap4i_matcher matcher;
  imap4i_buf folded;
  imap4_str charset = STR(charsetsz[(size_t)round % IMAP4I_COUNT(charsetsz)]);
  imap4_str whole = {text, make_text(text, below(2) ? 300 : TEXT_MAX)};
  imap4i_buf_init(&folded, mem, SIZE_MAX / 4);
  fold(charset, whole, &folded);
  size_t count = 1 + below(NEEDLES);
  for (size_t i = 0; i < count; i++)
    imap4i_needle_init(&needles[i], make_needle(imap4i_buf_str(&folded), rooms[i], below(9) ? 40 : 600));
  assert_true(imap4i_matcher_init(&matcher, mem, needles, count));
  imap4i_haystack_init(&haystack, &matcher, &charsets);
  for (int transfer = IMAP4I_TRANSFER_IDENTITY; transfer <= IMAP4I_TRANSFER_QP; transfer++)
    check_body(&haystack, charset, transfer, whole, imap4i_buf_str(&folded));
  imap4i_charset_cache_free(&charsets);
  imap4i_matcher_free(&matcher);
  for (size_t i = 0; i < count; i++)
    imap4i_needle_free(&needles[i], mem);
  imap4i_buf_free(&folded);
}

static void test_bodies(void **state) {
  (void)state;
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  random_state = 1;
  for (int round = 0; round < 1500; round++)
    run_bodies(mem, round);
  memory_check_end(&check);
}

/* ---- headers -------------------------------------------------------------------------------- */

static const char *const fieldsz[] = {
    "Subject: =?iso-8859-1?q?Stra=DFe_caf=E9?=\r\n =?utf-8?b?4oSqxb8=?= Ks\r\n",
    "X-Odd : white space before the colon\r\n",
    "no colon aKs in this line\r\n",
    "Subject:aKs\r\n\tin\r\n two lines\r\n",
    "From: \"aKs\" <fie@example.org>,\r\n\r\n",
    "X-Nul: a\0Ks",
    "X-Bare: fold\n ed\n",
    "X-Cr: a\rb\r\n\r\n",
    "\r\n",
    ": no name\r\n",
    "Subjects: K\r\nX-Odd\r\n: K\r\nSubject\t: fie\r\n",
};

static size_t make_header(char *text, size_t most) {
  size_t n = 0;
  while (n + 400 < most) {
    if (below(3) == 0) {
      size_t i = below(IMAP4I_COUNT(fieldsz) - 2);
      imap4_str field = i == 5 ? IMAP4I_S("X-Nul: a\0Ks\r\n") : STR(fieldsz[below(30) ? i : i + 2]);
      memcpy(text + n, field.p, field.n);
      n += field.n;
      continue;
    }
    memcpy(text + n, "X-Words: ", 9);
    n += 9;
    n += make_text(text + n, 60 + below(200));
    memcpy(text + n, "\r\n", 2);
    n += 2;
  }
  memcpy(text + n, "\r\n", 2);
  return n + 2;
}

static imap4_limits limits;

static int search_all(imap4i_search *search, imap4_str text, imap4_str digest, size_t longest) {
  imap4_row row = {.uid = 1, .size = text.n};
  imap4i_search_message about = {.row = &row, .seq = 1, .max_seq = 1, .max_uid = 1};
  uint64_t offset, length;
  int result = imap4i_search_begin(search, &about);
  if (result == IMAP4I_SEARCH_UNDECIDED) result = imap4i_search_digest(search, digest);
  while (result == IMAP4I_SEARCH_UNDECIDED && imap4i_search_need(search, &offset, &length)) {
    size_t n = imap4i_min(longest, (size_t)length);
    char *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, text.p + offset, n);
    result = imap4i_search_feed(search, imap4i_str(copy, n));
    free(copy);
  }
  return result;
}

/* TEXT; or OR of two TEXT, or TEXT and not TEXT, or either with a field; or one or two fields. */
static size_t make_keys(imap4_str text, char rooms[2][600], imap4i_key *keys) {
  static const char *const namesz[] = {"subject", "x-odd", "X-Words", "", "x-nul", "from"};
  uint32_t fields = below(4);
  for (uint32_t i = 0; i < 2; i++) {
    keys[i] = (imap4i_key){.kind = fields > i ? IMAP4I_KEY_HEADER : IMAP4I_KEY_TEXT,
                           .text = make_needle(text, rooms[i], 60),
                           .field = STR(namesz[below(IMAP4I_COUNT(namesz))])};
    if (fields == 3 && below(10) == 0) keys[i].text.n = 0;
  }
  keys[2] = (imap4i_key){.kind = IMAP4I_KEY_NOT, .operands = 1};
  keys[3] = (imap4i_key){.kind = below(2) ? IMAP4I_KEY_AND : IMAP4I_KEY_OR, .operands = 2};
  return below(2) ? 1 : 4;
}

static unsigned found_headers;

static void run_header(imap4i_mem *mem, imap4i_mem *search_mem) {
  static char text[TEXT_MAX], rooms[2][600];
  imap4i_buf buf;
  imap4_str whole = {text, make_header(text, below(3) ? 1200 : below(3) ? 5000 : TEXT_MAX)};
  imap4_str digest = mail_digest(mem, &limits, whole, &buf);
  for (int i = 0; i < 10; i++) {
    imap4i_key keys[4];
    imap4i_search_args args = {.keys = keys, .count = make_keys(whole, rooms, keys)};
    imap4i_search *search;
    assert_int_equal(imap4i_search_new(search_mem, &args, &limits, &search), IMAP4_OK);
    int expected = search_all(search, whole, digest, 1);
    assert_int_equal(search_all(search, whole, digest, SIZE_MAX), expected);
    assert_int_equal(search_all(search, whole, digest, 1 + below(3000)), expected);
    imap4i_search_free(search);
    found_headers += expected == IMAP4I_SEARCH_YES;
  }
  imap4i_buf_free(&buf);
}

static void test_headers(void **state) {
  (void)state;
  memory_check walks, searches;
  imap4i_mem *mem = memory_check_init(&walks), *search_mem = memory_check_init(&searches);
  limits = mail_limits();
  limits.header_field_octets = 2000;
  random_state = 2;
  found_headers = 0;
  for (int round = 0; round < 400; round++)
    run_header(mem, search_mem);
  /* Both answers are frequent, or this would not say much. */
  assert_in_range(found_headers, 800, 3200);
  memory_check_end(&walks);
  memory_check_end(&searches);
}

/* Whether |text|, fed whole, is found. */
static int search_once(imap4_str text, const imap4i_key *keys, size_t count) {
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_search_args args = {.keys = (imap4i_key *)keys, .count = count};
  imap4i_search *search;
  imap4i_buf buf;
  limits = mail_limits();
  imap4_str digest = mail_digest(mem, &limits, text, &buf);
  assert_int_equal(imap4i_search_new(mem, &args, &limits, &search), IMAP4_OK);
  int result = search_all(search, text, digest, SIZE_MAX);
  imap4i_search_free(search);
  imap4i_buf_free(&buf);
  memory_check_end(&check);
  return result;
}

/* What stands around a colon, in lines that are folded, and between lines. */
static void test_edges(void **state) {
  (void)state;
  static const struct {
    const char *textz;
    const char *needlez;
    int expected;
  } tests[] = {
      {"Subject : x\r\n\r\n", "subject : x", 1},
      {"Subject :x\r\n\r\n", "t: x", 0},
      {"Subject : x\r\n\r\n", "t :", 1},
      {"A: b\r\n c\r\n\r\n", "b c", 1},
      {"A: b\r\nC: d\r\n\r\n", "b\r\nC", 1},
      {"A: b\r\nC: d\r\n\r\n", "\r\n", 1},
      {"A: b\r\nC: d\r\n\r\n", "\n", 1},
      {"A: b\r\n\tc\r\n\r\n", "b c", 1},
      {"A: b c\r\n\r\n", " ", 1},
      {"A: =?utf-8?q?n?=eedle\r\n\r\n", "needle", 1},
      {"A: n=?\r\n\r\n", "n=?", 1},
      {"A: \xe2\x84\xaa\r\n\r\n", "K", 1},
      {"A: b\r\n\r\n", "q", 0},
      {"A: b\r\n\r\n", "\xc3\xa9", 0},
      {"A: caf\xc3\xa9\r\n\r\n", "CAFE", 1},
      {"needle: b\r\n\r\n", "needle", 1},
      {"A: b\r\n\r\nneedle", "needle", 1},
      {"A: b\r\n\r\n nee\r\n dle", "needle", 0},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    imap4i_key key = {.kind = IMAP4I_KEY_TEXT, .text = STR(tests[i].needlez)};
    assert_int_equal(search_once(STR(tests[i].textz), &key, 1), tests[i].expected);
  }
  imap4i_key key = {.kind = IMAP4I_KEY_TEXT, .text = IMAP4I_S("needle")};
  assert_int_equal(search_once(IMAP4I_S("A: nee\0dle\r\n\r\n"), &key, 1), 1);
}

/* With two needles not all is asked about at once: a match lies at each place where one could be cut. */
static void test_ahead(void **state) {
  (void)state;
  static char text[6000];
  imap4i_key keys[] = {
      {.kind = IMAP4I_KEY_TEXT, .text = IMAP4I_S("x-needle-that-is-rather-long")},
      {.kind = IMAP4I_KEY_TEXT, .text = IMAP4I_S("absent")},
      {.kind = IMAP4I_KEY_OR, .operands = 2},
  };
  for (size_t at = 900; at < 5200; at++) {
    if (at > 1100 && at < 2900) continue;
    memset(text, '.', sizeof text);
    memcpy(text, "A: ", 3);
    memcpy(text + at, keys[0].text.p, keys[0].text.n);
    memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
    assert_int_equal(search_once(imap4i_str(text, sizeof text), keys, 3), 1);
    text[at + 5] = '.';
    assert_int_equal(search_once(imap4i_str(text, sizeof text), keys, 3), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bodies),
      cmocka_unit_test(test_headers),
      cmocka_unit_test(test_edges),
      cmocka_unit_test(test_ahead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
