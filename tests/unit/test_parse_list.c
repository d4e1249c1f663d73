/* SPDX-License-Identifier: MIT */
/* Arguments of LIST, LSUB, STATUS and CREATE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/store.h"
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static void check_plain(imap4i_parse_function parse, const char *text, const char *reference,
                        const char *pattern) {
  parse_ok(&c, parse, text);
  check_str(c.args.list.reference, reference);
  assert_int_equal(c.args.list.count, 1);
  check_str(c.args.list.patterns[0], pattern);
  assert_false(c.args.list.extended);
  assert_int_equal(c.args.list.select | c.args.list.returns, 0);
  parse_end(&c);
}

static void check_list(const char *text, const char *reference, const char *pattern) {
  check_plain(imap4i_parse_list, text, reference, pattern);
  check_plain(imap4i_parse_lsub, text, reference, pattern);
}

static void test_list(void **state) {
  (void)state;
  check_list(" \"\" *", "", "*");
  check_list(" \"\" %", "", "%");
  check_list(" \"\" \"\"", "", "");
  check_list(" \"\" /", "", "/");
  check_list(" Needles \"\"", "Needles", "");
  check_list(" \"\" \"*\"", "", "*");
  check_list(" a/ b]*%/c", "a/", "b]*%/c");
  check_list(" \"\" {3+}\r\n%/%", "", "%/%");
  check_list(" /a//b/ //c/", "/a//b/", "//c/");
  check_list(" \"\" &AOk-*", "", "\xC3\xA9*");
  check_list(" &AOk-/ %", "\xC3\xA9/", "%");
  check_list(" \"\" \"\xC3\xA9%\"", "", "\xC3\xA9%");
  check_list(" \"\" &AO*-", "", "&AO*-");
  check_list(" \"\" R&D", "", "R&D");
  check_list(" \"\xFF\" \"\xFF\"", "\xFF", "\xFF");
  check_list(" \"\" inbox", "", "INBOX");
  check_list(" \"\" inbox/%", "", "INBOX/%");
  check_list(" \"\" inbox*", "", "inbox*");
  check_list(" a/ inbox", "a/", "inbox");
  check_list(" inbox/ %", "INBOX/", "%");
  check_list(" inbox es", "inbox", "es");
  check_list(" \"\" *%*%*%*%*%", "", "*%*%*%*%*%");
  static const char *const bad[] = {"",     " ",         " \"\"",  " \"\" ",     " \"\"  *",
                                    " * *", " \"\" * *", " \"\"*", " \"\" a\\b", " \"\" \xC3\xA9"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_list, bad[i]);
    check_bad(&c, imap4i_parse_lsub, bad[i]);
  }
  check_refused_n(&c, imap4i_parse_list, " \"\" \"\0\"", 7, NULL);
  check_nomem(&c, imap4i_parse_list, " inbox/ &AOk-*");
  check_nomem(&c, imap4i_parse_list, " \"\" inbox/*");
  check_nomem(&c, imap4i_parse_lsub, " inbox/ &AOk-*");
}

static void test_list_limit(void **state) {
  (void)state;
  c.limits.mailbox_octets = 4;
  check_list(" abcd *%*%", "abcd", "*%*%");
  static const char *const longer[] = {" abcde *", " \"\" *%*%*", " \"\" &&&&&&&&&&&&&&&&&",
                                       " &&&&&&&&&&&&&&&&& *", " \"\" {5+}\r\nabcde"};
  for (size_t i = 0; i < IMAP4I_COUNT(longer); i++) {
    parse_ok(&c, imap4i_parse_list, longer[i]);
    assert_int_equal(c.args.list.count, 0);
    parse_end(&c);
    parse_ok(&c, imap4i_parse_lsub, longer[i]);
    assert_int_equal(c.args.list.count, 0);
    parse_end(&c);
  }
  parse_ok(&c, imap4i_parse_list, " \"\" (abcde abcd *****)");
  assert_int_equal(c.args.list.count, 1);
  check_str(c.args.list.patterns[0], "abcd");
  parse_end(&c);
  /* What is ignored counts. */
  c.limits.list_items = 2;
  check_bad(&c, imap4i_parse_list, " \"\" (abcde abcde abcd)");
}

static void check_status(const char *text, uint32_t items) {
  parse_ok(&c, imap4i_parse_status, text);
  check_str(c.args.status.name, "x");
  assert_int_equal(c.args.status.items, items);
  parse_end(&c);
}

static void test_status(void **state) {
  (void)state;
  check_status(" x (messages)", IMAP4_STATUS_MESSAGES);
  check_status(" x (MESSAGES Recent UIDNEXT UidValidity UNSEEN)", 0x1F);
  check_status(" x (size DELETED)", IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED);
  check_status(" \"x\" (UNSEEN UNSEEN) ", IMAP4_STATUS_UNSEEN);
  static const char *const bad[] = {"",
                                    " ",
                                    " x",
                                    " x ",
                                    " x ()",
                                    " x MESSAGES",
                                    " x (",
                                    " x (UNSEEN",
                                    " x (UNSEEN ",
                                    " x (FOO)",
                                    " x (UNSEEN)x",
                                    " x (UNSEEN) x",
                                    " x ( UNSEEN)",
                                    " x (UNSEEN )",
                                    " x(UNSEEN)",
                                    " x  (UNSEEN)",
                                    " x (HIGHESTMODSEQS)",
                                    " x ((UNSEEN))"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_status, bad[i]);
  }
  c.limits.list_items = 2;
  check_status(" x (UNSEEN UNSEEN)", IMAP4_STATUS_UNSEEN);
  check_bad(&c, imap4i_parse_status, " x (UNSEEN UNSEEN UNSEEN)");
  check_nomem(&c, imap4i_parse_status, " x (UNSEEN)");
}

static void check_extended(const char *text, size_t count, uint32_t select, uint32_t returns) {
  parse_ok(&c, imap4i_parse_list, text);
  assert_true(c.args.list.extended);
  assert_int_equal(c.args.list.count, count);
  assert_int_equal(c.args.list.select, select);
  assert_int_equal(c.args.list.returns, returns);
  parse_end(&c);
  check_bad(&c, imap4i_parse_lsub, text);
}

/* RFC 5258 section 6. */
static void test_extended(void **state) {
  (void)state;
  check_extended(" () \"\" %", 1, 0, 0);
  check_extended(" \"\" (a)", 1, 0, 0);
  check_extended(" \"\" % RETURN ()", 1, 0, 0);
  check_extended(" (subscribed) \"\" *", 1, IMAP4I_LIST_SUBSCRIBED, 0);
  check_extended(" (REMOTE) \"\" *", 1, IMAP4I_LIST_REMOTE, 0);
  check_extended(" (SUBSCRIBED REMOTE RecursiveMatch SUBSCRIBED) \"\" *", 1,
                 IMAP4I_LIST_SUBSCRIBED | IMAP4I_LIST_REMOTE | IMAP4I_LIST_RECURSIVE, 0);
  check_extended(" (RECURSIVEMATCH SPECIAL-USE) \"\" *", 1, IMAP4I_LIST_SPECIAL_USE | IMAP4I_LIST_RECURSIVE,
                 0);
  check_extended(" \"\" (INBOX \"Drafts\" \"\" {6+}\r\nSent/%)", 4, 0, 0);
  check_extended(" \"\" % return (children SUBSCRIBED special-use) ", 1, 0,
                 IMAP4I_LIST_CHILDREN | IMAP4I_LIST_SUBSCRIBED | IMAP4I_LIST_SPECIAL_USE);
  check_extended(" (SUBSCRIBED) \"\" (% *) RETURN (STATUS (MESSAGES UNSEEN) CHILDREN)", 2,
                 IMAP4I_LIST_SUBSCRIBED, IMAP4I_LIST_STATUS | IMAP4I_LIST_CHILDREN);
  parse_ok(&c, imap4i_parse_list, " \"\" (inbox Inbox/&AOk-) RETURN (STATUS (MESSAGES SIZE))");
  check_str(c.args.list.patterns[0], "INBOX");
  check_str(c.args.list.patterns[1], "INBOX/\xC3\xA9");
  assert_int_equal(c.args.list.items, IMAP4_STATUS_MESSAGES | IMAP4_STATUS_SIZE);
  parse_end(&c);
  static const char *const bad[] = {" (RECURSIVEMATCH) \"\" *",
                                    " (REMOTE RECURSIVEMATCH) \"\" *",
                                    " (CHILDREN) \"\" *",
                                    " (FOO) \"\" *",
                                    " (SUBSCRIBED (x)) \"\" *",
                                    " ( SUBSCRIBED) \"\" *",
                                    " (SUBSCRIBED ) \"\" *",
                                    " (SUBSCRIBED)\"\" *",
                                    " (SUBSCRIBED \"\" *",
                                    " (SUBSCRIBED) \"\"",
                                    " (SUBSCRIBED)",
                                    " (",
                                    " \"\" ()",
                                    " \"\" (a",
                                    " \"\" (a )",
                                    " \"\" ( a)",
                                    " \"\" (a)b",
                                    " \"\" ((a))",
                                    " \"\" * RETURN",
                                    " \"\" * RETURN ",
                                    " \"\" * RETURN CHILDREN",
                                    " \"\" * RETURN (REMOTE)",
                                    " \"\" * RETURN (RECURSIVEMATCH)",
                                    " \"\" * RETURN (STATUS)",
                                    " \"\" * RETURN (STATUS ())",
                                    " \"\" * RETURN (STATUS (FOO))",
                                    " \"\" * RETURN (CHILDREN",
                                    " \"\" * RETURN (CHILDREN) x",
                                    " \"\" * RETURNS (CHILDREN)",
                                    " \"\" * (CHILDREN)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_list, bad[i]);
  }
  check_nomem(&c, imap4i_parse_list, " (SUBSCRIBED) inbox/ (a b c d e f g h i j) RETURN (CHILDREN)");
}

static void test_extended_limits(void **state) {
  (void)state;
  c.limits.list_items = 2;
  check_extended(" (REMOTE REMOTE) \"\" (a b) RETURN (CHILDREN CHILDREN)", 2, IMAP4I_LIST_REMOTE,
                 IMAP4I_LIST_CHILDREN);
  check_bad(&c, imap4i_parse_list, " (REMOTE REMOTE REMOTE) \"\" a");
  check_bad(&c, imap4i_parse_list, " \"\" (a b c)");
  check_bad(&c, imap4i_parse_list, " \"\" a RETURN (CHILDREN CHILDREN CHILDREN)");
  check_bad(&c, imap4i_parse_list, " \"\" a RETURN (STATUS (UNSEEN UNSEEN UNSEEN))");
  c.limits.list_items = 0;
  check_list(" \"\" a", "", "a");
}

static void check_create(const char *text, uint32_t uses, bool has, bool unknown) {
  parse_ok(&c, imap4i_parse_create, text);
  check_str(c.args.mailbox.name, "x");
  assert_int_equal(c.args.mailbox.uses, uses);
  assert_int_equal(c.args.mailbox.has_uses, has);
  assert_int_equal(c.args.mailbox.unknown_use, unknown);
  parse_end(&c);
}

/* RFC 6154 section 6. */
static void test_create(void **state) {
  (void)state;
  check_create(" x", 0, false, false);
  check_create(" x (USE ())", 0, true, false);
  check_create(" x (use (\\drafts \\SENT)) ", IMAP4_MAILBOX_DRAFTS | IMAP4_MAILBOX_SENT, true, false);
  check_create(" x (USE (\\All \\Archive \\Drafts \\Flagged \\Important \\Junk \\Sent \\Trash))",
               IMAP4_MAILBOX_USES, true, false);
  check_create(" x (USE (\\Sent \\Memos))", IMAP4_MAILBOX_SENT, true, true);
  static const char *const bad[] = {" x USE (\\Sent)",    " x (USE \\Sent)",
                                    " x (USE)",           " x (USE (Sent))",
                                    " x (USE (\\))",      " x (USE (\\Sent)",
                                    " x (USE (\\Sent ))", " x (USE (\\Sent)) y",
                                    " x (FOO (\\Sent))",  " x ()",
                                    " x(USE (\\Sent))",   " x (USE (\\Sent) USE ())"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_create, bad[i]);
  }
  c.limits.list_items = 1;
  check_create(" x (USE (\\Sent))", IMAP4_MAILBOX_SENT, true, false);
  check_bad(&c, imap4i_parse_create, " x (USE (\\Sent \\Sent))");
  check_nomem(&c, imap4i_parse_create, " inbox/x (USE (\\Sent))");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_list, setup),     cmocka_unit_test_setup(test_list_limit, setup),
      cmocka_unit_test_setup(test_extended, setup), cmocka_unit_test_setup(test_extended_limits, setup),
      cmocka_unit_test_setup(test_status, setup),   cmocka_unit_test_setup(test_create, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
