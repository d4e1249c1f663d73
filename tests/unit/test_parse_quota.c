/* SPDX-License-Identifier: MIT */
/* Arguments of GETQUOTA and SETQUOTA (RFC 9208 section 7). */
#include "parse_test.h"

#include "imap4/store.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static void test_getquota(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_getquota, " \"#user/a b\"");
  check_str(c.args.quota.root, "#user/a b");
  parse_end(&c);
  parse_ok(&c, imap4i_parse_getquota, " \"\" ");
  check_str(c.args.quota.root, "");
  parse_end(&c);
  static const char *const bad[] = {"", " ", "x", " (x)", " x y", "  x", " \"x"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_getquota, bad[i]);
  check_nomem(&c, imap4i_parse_getquota, " \"a\\\"\"");
}

static void test_setquota(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_setquota,
           " r (STORAGE 512 message 0 Mailbox 7 ANNOTATION-STORAGE 9223372036854775807)");
  assert_int_equal(c.args.quota.limited, IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MESSAGE | IMAP4_QUOTA_MAILBOX |
                                             IMAP4_QUOTA_ANNOTATION_STORAGE);
  assert_false(c.args.quota.unknown);
  assert_int_equal(c.args.quota.storage, 512);
  assert_int_equal(c.args.quota.message, 0);
  assert_int_equal(c.args.quota.mailbox, 7);
  assert_true(c.args.quota.annotation_storage == INT64_MAX);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_setquota, " r (X 1 STORAGE 2 Y 3)");
  assert_int_equal(c.args.quota.limited, IMAP4_QUOTA_STORAGE);
  assert_true(c.args.quota.unknown);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_setquota, " r ()");
  assert_int_equal(c.args.quota.limited, 0);
  parse_end(&c);
  static const char *const bad[] = {"",
                                    " r",
                                    " r ",
                                    " r STORAGE 1",
                                    " r (STORAGE)",
                                    " r (1)",
                                    " r (A 1",
                                    " r (A  1)",
                                    " r (A 1 )",
                                    " r ( A 1)",
                                    " r (A 1)x",
                                    " r (A 1) x",
                                    " r (A -1)",
                                    " r (A 1.5)",
                                    " r (A 9223372036854775808)",
                                    " r (A a)",
                                    " r (\"A\" 1)",
                                    " r ((A 1))",
                                    " r (MESSAGE 1 MESSAGE 1)",
                                    " ()"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_setquota, bad[i]);
  c.limits.list_items = 2;
  check_ok(&c, imap4i_parse_setquota, " r (A 1 B 2)");
  check_bad(&c, imap4i_parse_setquota, " r (A 1 B 2 C 3)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_getquota, setup),
      cmocka_unit_test_setup(test_setquota, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
