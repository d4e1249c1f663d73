/* SPDX-License-Identifier: MIT */
/* The grammar of RFC 7162: parameters of SELECT, modifiers of FETCH and STORE, the search key MODSEQ. */
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static void test_fetch(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_fetch, " 1:* (FLAGS) (CHANGEDSINCE 12345)");
  assert_true(c.args.fetch.changed && !c.args.fetch.vanished);
  assert_true(c.args.fetch.changed_since == 12345);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_fetch, " 1 all (vanished changedsince 9223372036854775807) ");
  assert_true(c.args.fetch.changed && c.args.fetch.vanished);
  assert_true(c.args.fetch.changed_since == INT64_MAX);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_fetch, " 1 (UID MODSEQ modseq)");
  assert_int_equal(c.args.fetch.count, 2);
  assert_int_equal(c.args.fetch.items[1].kind, IMAP4I_FETCH_MODSEQ);
  assert_false(c.args.fetch.changed);
  parse_end(&c);
  static const char *const bad[] = {" 1 FLAGS ()",
                                    " 1 FLAGS (CHANGEDSINCE)",
                                    " 1 FLAGS (CHANGEDSINCE )",
                                    " 1 FLAGS (CHANGEDSINCE x)",
                                    " 1 FLAGS (CHANGEDSINCE -1)",
                                    " 1 FLAGS (CHANGEDSINCE 9223372036854775808)",
                                    " 1 FLAGS (CHANGEDSINCE 1",
                                    " 1 FLAGS (CHANGEDSINCE 1) x",
                                    " 1 FLAGS(CHANGEDSINCE 1)",
                                    " 1 FLAGS  (CHANGEDSINCE 1)",
                                    " 1 FLAGS CHANGEDSINCE 1",
                                    " 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 1)",
                                    " 1 FLAGS (CHANGEDSINCE 1 VANISHED VANISHED)",
                                    " 1 FLAGS (VANISHED)",
                                    " 1 FLAGS (UNCHANGEDSINCE 1)",
                                    " 1 FLAGS (CHANGEDSINCE 1)(VANISHED)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_fetch, bad[i]);
}

static void check_store(const char *text, uint64_t since) {
  parse_ok(&c, imap4i_parse_store, text);
  assert_true(c.args.store.unchanged);
  assert_true(c.args.store.unchanged_since == since);
  assert_int_equal(c.args.store.flags.system, IMAP4_FLAG_SEEN);
  parse_end(&c);
}

static void test_store(void **state) {
  (void)state;
  check_store(" 1 (UNCHANGEDSINCE 74) +FLAGS (\\Seen)", 74);
  check_store(" 1 +FLAGS (\\Seen) (UNCHANGEDSINCE 74)", 74);
  check_store(" 1 (unchangedsince 0) FLAGS.SILENT \\Seen", 0);
  check_store(" 7,5,9 (UNCHANGEDSINCE 9223372036854775807) -FLAGS \\Seen", INT64_MAX);
  parse_ok(&c, imap4i_parse_store, " 1 FLAGS (a)");
  assert_false(c.args.store.unchanged);
  parse_end(&c);
  static const char *const bad[] = {" 1 () FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE) FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE 1) FLAGS (a) (UNCHANGEDSINCE 1)",
                                    " 1 (CHANGEDSINCE 1) FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE 1)FLAGS (a)",
                                    " 1 (UNCHANGEDSINCE 1)",
                                    " 1 (UNCHANGEDSINCE 1) (UNCHANGEDSINCE 1) FLAGS (a)",
                                    " 1 FLAGS (a) UNCHANGEDSINCE 1",
                                    " 1 FLAGS a (UNCHANGEDSINCE 1)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_store, bad[i]);
}

static void test_search(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t modseq;
  } good[] = {{" MODSEQ 0", 0},
              {" modseq 620162338", 620162338},
              {" MODSEQ 9223372036854775807", INT64_MAX},
              {" MODSEQ \"/flags/\\\\draft\" all 620162338", 620162338},
              {" MODSEQ \"/flags/$MDNSent\" PRIV 1", 1},
              {" MODSEQ \"/flags/\\\\Seen\" shared 1", 1}};
  for (size_t i = 0; i < IMAP4I_COUNT(good); i++) {
    parse_ok(&c, imap4i_parse_search, good[i].text);
    assert_int_equal(c.args.search.count, 1);
    assert_int_equal(c.args.search.keys[0].kind, IMAP4I_KEY_MODSEQ);
    assert_true(c.args.search.keys[0].number == good[i].modseq);
    parse_end(&c);
  }
  check_ok(&c, imap4i_parse_search, " OR NOT MODSEQ 720162338 LARGER 50000");
  static const char *const bad[] = {" MODSEQ",
                                    " MODSEQ x",
                                    " MODSEQ -1",
                                    " MODSEQ 9223372036854775808",
                                    " MODSEQ /flags/a all 1",
                                    " MODSEQ \"/flags/\" all 1",
                                    " MODSEQ \"/flag/a\" all 1",
                                    " MODSEQ \"\" all 1",
                                    " MODSEQ \"/flags/a\" 1",
                                    " MODSEQ \"/flags/a\" none 1",
                                    " MODSEQ \"/flags/a\" all",
                                    " MODSEQ \"/flags/a\"all 1"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_search, bad[i]);
}

static void test_select(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_select, " inbox");
  check_str(c.args.select.name, "INBOX");
  assert_false(c.args.select.condstore || c.args.select.qresync);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_select, " \"a b\" (condstore) ");
  check_str(c.args.select.name, "a b");
  assert_true(c.args.select.condstore && !c.args.select.qresync);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_select, " INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))");
  assert_true(c.args.select.qresync && c.args.select.has_known);
  assert_int_equal(c.args.select.uidvalidity, 67890007);
  assert_true(c.args.select.modseq == 20050715194045000u);
  assert_int_equal(c.args.select.known.n, 3);
  assert_int_equal(c.args.select.match_seqs.n, 0);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_select, " x (CONDSTORE QRESYNC (1 2 (5,9:10 15,27:28)))");
  assert_true(c.args.select.condstore && c.args.select.qresync && !c.args.select.has_known);
  assert_int_equal(c.args.select.match_seqs.n, 2);
  assert_int_equal(c.args.select.match_uids.n, 2);
  parse_end(&c);
  check_ok(&c, imap4i_parse_select, " x (QRESYNC (4294967295 9223372036854775807 5:1 (1:3 1,5,9)))");
  check_nomem(&c, imap4i_parse_select, " inbox (QRESYNC (1 2 1:9 (1 1)))");
}

static void test_select_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    " x ()",
                                    " x CONDSTORE",
                                    " x(CONDSTORE)",
                                    " x (CONDSTORE",
                                    " x (CONDSTORE CONDSTORE)",
                                    " x (CONDSTORE) y",
                                    " x (FOO)",
                                    " x (QRESYNC)",
                                    " x (QRESYNC 1 2)",
                                    " x (QRESYNC ())",
                                    " x (QRESYNC (1))",
                                    " x (QRESYNC (0 1))",
                                    " x (QRESYNC (4294967296 1))",
                                    " x (QRESYNC (1 9223372036854775808))",
                                    " x (QRESYNC (1 x))",
                                    " x (QRESYNC (1 2 1:*))",
                                    " x (QRESYNC (1 2 *))",
                                    " x (QRESYNC (1 2 $))",
                                    " x (QRESYNC (1 2 (1 $)))",
                                    " x (QRESYNC (1 2 1:2 3))",
                                    " x (QRESYNC (1 2 1:2 (1)))",
                                    " x (QRESYNC (1 2 (1 2) 1:2))",
                                    " x (QRESYNC (1 2 (1:2 5)))",
                                    " x (QRESYNC (1 2 (2,1 5,6)))",
                                    " x (QRESYNC (1 2 (1,1 5,6)))",
                                    " x (QRESYNC (1 2 (1:2 6,5)))",
                                    " x (QRESYNC (1 2 (2:1 5:6)))",
                                    " x (QRESYNC (1 2 (1:* 5:6)))",
                                    " x (QRESYNC (1 2 ))",
                                    " x (QRESYNC (1 2) QRESYNC (1 2))",
                                    " x (QRESYNC (1 2)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_select, bad[i]);
  check_no(&c, imap4i_parse_select, " a//b (CONDSTORE)", "CANNOT");
}

/* RFC 9586 section 3.7. */
static void check_uid_only(const char *text, bool ok) {
  parse_begin(&c, text, strlen(text));
  c.parser.uid_only = true;
  assert_int_equal(imap4i_parse_select(&c.parser, &c.args), ok ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
  if (!ok) {
    check_refusal(&c.parser.error);
    check_str(c.parser.error.code, "UIDREQUIRED");
    assert_false(c.parser.error.no);
  }
  parse_end(&c);
}

static void test_select_uid_only(void **state) {
  (void)state;
  check_uid_only(" x (QRESYNC (1 2))", true);
  check_uid_only(" x (QRESYNC (1 2 3:4))", true);
  check_uid_only(" x (QRESYNC (1 2 3:4 (1 3)))", false);
  check_uid_only(" x (QRESYNC (1 2 (1 3)))", false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_fetch, setup),          cmocka_unit_test_setup(test_store, setup),
      cmocka_unit_test_setup(test_search, setup),         cmocka_unit_test_setup(test_select, setup),
      cmocka_unit_test_setup(test_select_refused, setup), cmocka_unit_test_setup(test_select_uid_only, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
