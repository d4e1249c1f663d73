/* SPDX-License-Identifier: MIT */
/* Tokens of structured header fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/token.h"
#include "mail_check.h"

static void assert_skipped(const char *textz, const char *restz, const char *commentz, bool closed) {
  imap4_str s = STR(textz);
  imap4_str comment = {0};
  assert_int_equal(imap4i_skip_cfws(&s, &comment), closed);
  assert_text(s, restz);
  assert_text(comment, commentz);
  s = STR(textz);
  imap4i_skip_cfws(&s, NULL);
  assert_text(s, restz);
}

static void test_comments(void **unused) {
  (void)unused;
  assert_skipped("", "", "", true);
  assert_skipped(" \t\r\n a", "a", "", true);
  assert_skipped("(a (b) \\) c) (d)e", "e", "d", true);
  assert_skipped("((((", "", "(((", false);
  assert_skipped("(a\\", "", "a\\", false);
  assert_skipped("()x", "x", "", true);
  assert_skipped(")x", ")x", "", true);
  assert_skipped("(a) (b\\)", "", "b\\)", false);
}

/* A hundred thousand comments inside each other are no deeper on the stack than one. */
static void test_deep_comment(void **unused) {
  (void)unused;
  enum { DEPTH = 100000 };
  char *text = malloc(2 * DEPTH + 1);
  memset(text, '(', DEPTH);
  memset(text + DEPTH, ')', DEPTH);
  text[2 * DEPTH] = 'x';
  imap4_str s = {text, 2 * DEPTH + 1};
  imap4i_skip_cfws(&s, NULL);
  assert_text(s, "x");
  free(text);
}

static void test_tokens(void **unused) {
  (void)unused;
  imap4_str s = STR("a-b.c*'/x");
  assert_text(imap4i_take_token(&s), "a-b.c*'");
  assert_text(s, "/x");
  assert_text(imap4i_take_token(&s), "");
  s = STR("a\xc3\xb6/");
  assert_text(imap4i_take_token(&s), "a");
  assert_text(imap4i_take_token8(&s), "\xc3\xb6");
  assert_text(imap4i_take_token8(&s), "");
  assert_text(s, "/");
  static const char special[] = "()<>@,;:\\\"/[]?= \t\x7f\x80";
  for (size_t i = 0; i < sizeof(special); i++)
    assert_false(imap4i_is_token_char(special[i]));
  static const char no_atext[] = "()<>[]:;@\\,.\" \t\x7f";
  for (size_t i = 0; i < sizeof(no_atext); i++)
    assert_false(imap4i_is_atext(no_atext[i]));
  assert_true(imap4i_is_atext('='));
  assert_true(imap4i_is_atext('\x80'));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_comments), cmocka_unit_test(test_deep_comment),
                                     cmocka_unit_test(test_tokens)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
