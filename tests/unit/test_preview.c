/* SPDX-License-Identifier: MIT */
/* Previews: what is left of plain text and HTML, however hostile, at any cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail/preview.h"

static void check_cut(bool html, imap4_str in, size_t cut, const char *expected) {
  imap4i_preview preview;
  imap4i_preview_begin(&preview, html);
  for (size_t at = 0; at < in.n; at += cut)
    imap4i_preview_feed(&preview, imap4i_str(in.p + at, imap4i_min(cut, in.n - at)), false);
  imap4i_preview_feed(&preview, IMAP4I_S(""), true);
  imap4_str text = imap4i_preview_text(&preview);
  if (!imap4i_eq(text, imap4i_str(expected, strlen(expected))))
    fail_msg("\"%.*s\" instead of \"%s\"", (int)text.n, text.p, expected);
}

static void check(bool html, const char *in, const char *expected) {
  imap4_str s = imap4i_str(in, strlen(in));
  for (size_t cut = 1; cut <= s.n + 1; cut++)
    check_cut(html, s, cut, expected);
}

static void test_plain(void **state) {
  (void)state;
  check(false, "", "");
  check(false, " \r\n\t ", "");
  check(false, "  a \r\n\r\n b\tc  ", "a b c");
  check(false, "> no\r\nyes > yes\r\n>no\r\n> ", "yes > yes");
  check(false, "<b>&amp;", "<b>&amp;");
  /* Controls, what turns text around, spaces of all widths. */
  check(false,
        "a\x01\x7f\xe2\x80\xae"
        "b\xc2\xa0\xe2\x80\x83"
        "c\xef\xbb\xbf",
        "ab c");
  check(false, "\xff", "\xef\xbf\xbd");
}

static void test_html(void **state) {
  (void)state;
  check(true, "<p>a</p><p>b<b>c</b>d<br/>e", "a bcd e");
  check(true, "a<!-- <p>no-- > --->b<!doctype x>c<?php no?>d", "abcd");
  check(true, "<a title='>no' href=\"x>no\">yes</a>", "yes");
  check(true, "<STYLE>no</stylex>no</ style></Style >yes<script>no</script>!", "yes !");
  check(true, "<script>no", "");
  check(true, "<!-- no", "");
  check(true, "<a href=\"no", "");
  check(true, "a<blockquote>no<blockquote>no</blockquote>no</blockquote>b</blockquote>c", "a b c");
  check(true, "1 < 2 <3 & 4 &5; &bogus; &averylongname;", "1 < 2 <3 & 4 &5; &bogus; &averylongname;");
  check(true, "&lt;p&gt; &#65;&#x42;&#x20ac;&#0;&#xd800;&#99999999;",
        "<p> AB\xe2\x82\xac\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  check(true, "AT&T &bogus; &averylongname; &", "AT&T &bogus; &averylongname; &");
  check(true, "a&nbsp;&nbsp; b&zwnj;&shy;c", "a bc");
  check(true, "a<abcdefghijklmnopqrst>b", "a b");
}

static void test_length(void **state) {
  (void)state;
  char in[2000];
  char expected[IMAP4I_PREVIEW_CHARACTERS * 4 + 1];
  for (size_t i = 0; i < sizeof in; i += 4)
    memcpy(in + i, "\xf0\x9f\x98\x80", 4);
  memcpy(expected, in, sizeof expected - 1);
  expected[sizeof expected - 1] = '\0';
  check_cut(false, imap4i_str(in, sizeof in), 7, expected);
  check_cut(true, imap4i_str(in, sizeof in), 1000, expected);
  check_cut(true, imap4i_str(in, 4 * IMAP4I_PREVIEW_CHARACTERS), 1, expected);
  memset(in, 'a', sizeof in);
  in[IMAP4I_PREVIEW_CHARACTERS - 1] = ' ';
  memset(expected, 'a', IMAP4I_PREVIEW_CHARACTERS - 1);
  expected[IMAP4I_PREVIEW_CHARACTERS - 1] = '\0';
  check_cut(false, imap4i_str(in, sizeof in), 3, expected);
}

/* No work beyond the end, and none that grows with what was opened. */
static void test_hostile(void **state) {
  (void)state;
  size_t n = 300000;
  char *in = malloc(n);
  assert_non_null(in);
  static const char *const units[] = {"<blockquote>", "<",        "&",   "<a ",     "<!--",
                                      "</",           "<script>", "&#x", "\xe2\x80"};
  for (size_t u = 0; u < IMAP4I_COUNT(units); u++) {
    size_t length = strlen(units[u]);
    for (size_t i = 0; i < n; i++)
      in[i] = units[u][i % length];
    imap4i_preview preview;
    imap4i_preview_begin(&preview, true);
    imap4i_preview_feed(&preview, imap4i_str(in, n), true);
    imap4_str text = imap4i_preview_text(&preview);
    assert_true(imap4i_utf8_valid(text));
    assert_true(preview.characters <= IMAP4I_PREVIEW_CHARACTERS);
  }
  free(in);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_html),
      cmocka_unit_test(test_length),
      cmocka_unit_test(test_hostile),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
