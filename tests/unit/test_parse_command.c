/* SPDX-License-Identifier: MIT */
/* Tag, name, and the arguments of the small commands. */
#include "parse_test.h"

#include "imap4/store.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static void check_tag(const char *text, const char *expected, bool ok) {
  imap4_str tag;
  parse_begin(&c, text, strlen(text));
  int status = imap4i_parse_tag(&c.parser, &tag);
  assert_int_equal(status, ok ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
  if (!ok) check_refusal(&c.parser.error);
  assert_false(c.parser.error.no);
  check_str(tag, expected);
  parse_end(&c);
}

static void test_tag(void **state) {
  (void)state;
  static const char *const tags[] = {"a001", "IDLE", "1", "A00001", "W11", "C", "8.569", "a]", "a-b_c"};
  for (size_t i = 0; i < IMAP4I_COUNT(tags); i++) {
    char text[40] = {0};
    memcpy(text, tags[i], strlen(tags[i]));
    check_tag(text, tags[i], false); /* a tag alone is no command, but can be answered */
    memcpy(text + strlen(tags[i]), " NOOP", 5);
    check_tag(text, tags[i], true);
  }
  check_tag("a  NOOP", "a", true);
  check_tag("a ", "a", true);
  static const char *const none[] = {"",        " ",       " NOOP",  "+ NOOP",  "a+ NOOP", "* OK",
                                     "a* NOOP", "a\tNOOP", "a\r b",  "\"a\" b", "(a) b",   "a% b",
                                     "\xC3 b",  "{5} b",   "%s%n b", "a(b"};
  for (size_t i = 0; i < IMAP4I_COUNT(none); i++) {
    check_tag(none[i], "", false);
  }
}

static void test_tag_length(void **state) {
  (void)state;
  char text[IMAP4I_TAG_OCTETS + 10];
  for (size_t n = IMAP4I_TAG_OCTETS - 1; n <= IMAP4I_TAG_OCTETS + 1; n++) {
    imap4_str tag;
    memset(text, 'x', n);
    memcpy(text + n, " NOOP", 5);
    parse_begin(&c, text, n + 5);
    assert_int_equal(imap4i_parse_tag(&c.parser, &tag),
                     n <= IMAP4I_TAG_OCTETS ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
    assert_int_equal(tag.n, n <= IMAP4I_TAG_OCTETS ? n : 0);
    parse_end(&c);
  }
}

static void check_name(const char *text, const char *expected, bool uid, const char *left) {
  imap4_str name;
  bool is_uid = !uid;
  parse_begin(&c, text, strlen(text));
  assert_int_equal(imap4i_parse_name(&c.parser, &name, &is_uid), IMAP4_OK);
  check_str(name, expected);
  assert_int_equal(is_uid, uid);
  check_str(imap4i_str(c.parser.p, (size_t)(c.parser.end - c.parser.p)), left);
  parse_end(&c);
}

static void test_name(void **state) {
  (void)state;
  check_name("NOOP", "NOOP", false, "");
  check_name("login a b", "login", false, " a b");
  check_name("uid FETCH 1 UID", "FETCH", true, " 1 UID");
  check_name("UIDX 1", "UIDX", false, " 1");
  check_name("NOOP((((", "NOOP", false, "((((");
  static const char *const bad[] = {"",           " ",     " NOOP",    "(",    "UID",      "UID ",
                                    "UID  FETCH", "UID (", "\"NOOP\"", "\xC3", "uid(FETCH"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    imap4_str name;
    bool uid;
    parse_begin(&c, bad[i], strlen(bad[i]));
    assert_int_equal(imap4i_parse_name(&c.parser, &name, &uid), IMAP4I_PARSE_REFUSED);
    check_refusal(&c.parser.error);
    assert_false(c.parser.error.no);
    parse_end(&c);
  }
}

static void test_none(void **state) {
  (void)state;
  check_ok(&c, imap4i_parse_none, "");
  check_ok(&c, imap4i_parse_none, " ");
  check_bad(&c, imap4i_parse_none, " x");
  check_bad(&c, imap4i_parse_none, "x");
  check_bad(&c, imap4i_parse_none, "((((");
  check_bad(&c, imap4i_parse_none, " {5}");
}

static void test_rename(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_rename, " {1}\r\na \"inbox\"");
  check_str(c.args.rename.from, "a");
  check_str(c.args.rename.to, "INBOX");
  parse_end(&c);
  check_bad(&c, imap4i_parse_rename, " a");
  check_bad(&c, imap4i_parse_rename, " a ");
  check_bad(&c, imap4i_parse_rename, " a  b");
  check_bad(&c, imap4i_parse_rename, " \"a\"b");
  check_bad(&c, imap4i_parse_rename, " a b c");
  check_no(&c, imap4i_parse_rename, " a b/", "CANNOT");
  check_no(&c, imap4i_parse_rename, " \"\" b", "CANNOT");
  check_nomem(&c, imap4i_parse_rename, " inbox/a b");
}

static void test_login(void **state) {
  (void)state;
  c.limits = (imap4_limits){0}; /* before login nearly all limits are 0 */
  parse_ok(&c, imap4i_parse_login, " user@example \"pass\\\" w\xFFord\"");
  check_str(c.args.login.user, "user@example");
  check_str(c.args.login.password, "pass\" w\xFFord");
  parse_end(&c);
  parse_ok(&c, imap4i_parse_login, " {3+}\r\n\"\xC3\xA9 {0+}\r\n");
  check_str(c.args.login.user, "\"\xC3\xA9");
  check_str(c.args.login.password, "");
  parse_end(&c);
  parse_ok(&c, imap4i_parse_login, " \"%var\" x");
  check_str(c.args.login.user, "%var");
  parse_end(&c);
  static const char *const no[] = {" \"\xFF\" x",  " \"\xC0\xAF\" x", " {2}\r\n\r\n x",
                                   " \"a\x01\" x", " \"a\x7f\" x",    " \"\t\" x"};
  for (size_t i = 0; i < IMAP4I_COUNT(no); i++) {
    check_no(&c, imap4i_parse_login, no[i], "AUTHENTICATIONFAILED");
  }
  static const char *const bad[] = {"",    " ",     " a",     " a ",    " a  b",  " a b c",
                                    "a b", "  a b", " (a) b", " \"a b", " a \"b", " \"\xFF\" x y"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_login, bad[i]);
  }
  check_refused_n(&c, imap4i_parse_login, " \"a\0\" b", 7, NULL);
  check_refused_n(&c, imap4i_parse_login, " a {2}\r\nb\0", 10, NULL);
  check_nomem(&c, imap4i_parse_login, " \"a\\\"\" \"\\\\\"");
}

static void check_authenticate(const char *text, const char *mechanism, const char *initial) {
  parse_ok(&c, imap4i_parse_authenticate, text);
  check_str(c.args.authenticate.mechanism, mechanism);
  assert_int_equal(c.args.authenticate.has_initial, initial != NULL);
  check_str(c.args.authenticate.initial, initial ? initial : "");
  parse_end(&c);
}

static void test_authenticate(void **state) {
  (void)state;
  check_authenticate(" plain", "PLAIN", NULL);
  check_authenticate(" PLAIN ", "PLAIN", NULL);
  check_authenticate(" scram-sha-256 =", "SCRAM-SHA-256", "=");
  check_authenticate(" PLAIN AGEAYg==", "PLAIN", "AGEAYg==");
  check_authenticate(" PLAIN a/+b", "PLAIN", "a/+b");
  static const char *const bad[] = {
      "",         " ", " PLAIN  x", " PLAIN x y", " \"PLAIN\"", " PLAIN \"x\"", " (", " PLAIN {3}\r\nabc",
      " PLAIN\tx"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_authenticate, bad[i]);
  }
  check_nomem(&c, imap4i_parse_authenticate, " PLAIN AGEAYg==");
}

static void test_copy(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_copy, " 1:*,3 \"a b\"");
  assert_int_equal(c.args.copy.set.n, 2);
  check_str(c.args.copy.name, "a b");
  parse_end(&c);
  static const char *const bad[] = {"", " ", " 1", " 1 ", " x a", " 1  a", " 1 a b", " 0 a"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_copy, bad[i]);
  }
  check_no(&c, imap4i_parse_copy, " 1 a/", "CANNOT");
  check_nomem(&c, imap4i_parse_copy, " 1 &AOk-");
}

static void check_store(const char *text, uint32_t mode, bool silent, uint32_t system, const char *keywords) {
  parse_ok(&c, imap4i_parse_store, text);
  assert_int_equal(c.args.store.mode, mode);
  assert_int_equal(c.args.store.silent, silent);
  assert_int_equal(c.args.store.flags.system, system);
  check_str(c.args.store.flags.keywords, keywords);
  parse_end(&c);
}

static void test_store(void **state) {
  (void)state;
  check_store(" 1 FLAGS ()", IMAP4_STORE_REPLACE, false, 0, "");
  check_store(" 1:* +Flags.silent (\\DELETED)", IMAP4_STORE_ADD, true, IMAP4_FLAG_DELETED, "");
  check_store(" 40 +FLAGS \\flagged Kw1", IMAP4_STORE_ADD, false, IMAP4_FLAG_FLAGGED, "Kw1");
  check_store(" 40 FLAGS $Forwarded", IMAP4_STORE_REPLACE, false, 0, "$Forwarded");
  check_store(" 1 -flags (a b) ", IMAP4_STORE_REMOVE, false, 0, "a b");
  check_store(" 1 flags.SILENT a", IMAP4_STORE_REPLACE, true, 0, "a");
  check_store(" 1 -FLAGS.SILENT a", IMAP4_STORE_REMOVE, true, 0, "a");
  static const char *const bad[] = {"",
                                    " 1",
                                    " 1 FLAGS",
                                    " 1 FLAGS ",
                                    " 1 FLAGS(a)",
                                    " 1  FLAGS (a)",
                                    " 1 FLAGS  (a)",
                                    " 1 *FLAGS (a)",
                                    " 1 ++FLAGS (a)",
                                    " 1 + FLAGS (a)",
                                    " 1 FLAG (a)",
                                    " 1 FLAGS.QUIET (a)",
                                    " 1 FLAGSX (a)",
                                    " 1 FLAGS (\\Recent)",
                                    " 1 FLAGS (\\Foo)",
                                    " 1 FLAGS (a) b",
                                    " FLAGS (a)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_store, bad[i]);
  }
  check_nomem(&c, imap4i_parse_store, " 1 FLAGS (a b)");
}

static void check_batches(const char *text, uint32_t size, uint32_t first, uint32_t last) {
  parse_ok(&c, imap4i_parse_uidbatches, text);
  assert_int_equal(c.args.batches.size, size);
  assert_int_equal(c.args.batches.first, first);
  assert_int_equal(c.args.batches.last, last);
  parse_end(&c);
}

static void test_uidbatches(void **state) {
  (void)state;
  check_batches(" 2000", 2000, 0, 0);
  check_batches(" 1", 1, 0, 0);
  check_batches(" 4294967295 ", UINT32_MAX, 0, 0);
  check_batches(" 2000 10:20", 2000, 10, 20);
  check_batches(" 500 1:1 ", 500, 1, 1);
  check_batches(" 500 4294967295:4294967295", 500, UINT32_MAX, UINT32_MAX);
  static const char *const bad[] = {"",           " ",           "500",
                                    "  500",      " 0",          " 0500",
                                    " -500",      " +500",       " 5e2",
                                    " \"500\"",   " 4294967296", " 500  1:2",
                                    " 500 1",     " 500 1:",     " 500 :2",
                                    " 500 1:0",   " 500 0:1",    " 500 01:2",
                                    " 500 1:*",   " 500 *:1",    " 500 $",
                                    " 500 1:2,3", " 500 1:2 3",  " 500 1-2",
                                    " 500 (1:2)", " 500,1:2",    " 500 1:4294967296",
                                    " 500 2:1x"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_uidbatches, bad[i]);
    assert_int_equal(c.parser.error.code.n, 0);
  }
  static const char *const wrong_order[] = {" 2000 4:1", " 500 4294967295:1", " 1 2:1 "};
  for (size_t i = 0; i < IMAP4I_COUNT(wrong_order); i++) {
    check_bad(&c, imap4i_parse_uidbatches, wrong_order[i]);
    check_str(c.parser.error.code, "CLIENTBUG");
  }
}

static void test_words(void **state) {
  (void)state;
  parse_ok(&c, imap4i_parse_words, " CONDSTORE X-Good UTF8=ACCEPT ");
  assert_int_equal(c.args.words.count, 3);
  check_str(c.args.words.words[0], "CONDSTORE");
  check_str(c.args.words.words[2], "UTF8=ACCEPT");
  parse_end(&c);
  static const char *const bad[] = {"", " ", " a  b", " \"a\"", " (a)", "a"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_words, bad[i]);
  }
  c.limits.list_items = 10;
  check_ok(&c, imap4i_parse_words, " a b c d e f g h i");
  check_ok(&c, imap4i_parse_words, " a b c d e f g h i j");
  check_bad(&c, imap4i_parse_words, " a b c d e f g h i j k");
  check_nomem(&c, imap4i_parse_words, " a b c d e f g h i j");
}

static void test_id(void **state) {
  (void)state;
  c.limits = (imap4_limits){0};
  check_ok(&c, imap4i_parse_id, " NIL");
  assert_int_equal(c.args.id.count, 0);
  check_ok(&c, imap4i_parse_id, " ()");
  assert_int_equal(c.args.id.count, 0);
  parse_ok(&c, imap4i_parse_id,
           " (\"name\" \"x \\\"y\\\"\" \"version\" nil {2}\r\nos {3+}\r\nNIL a \"nil\")");
  assert_int_equal(c.args.id.count, 8);
  check_str(c.args.id.pairs[0], "name");
  check_str(c.args.id.pairs[1], "x \"y\"");
  check_str(c.args.id.pairs[3], "");
  check_str(c.args.id.pairs[5], "NIL");
  check_str(c.args.id.pairs[7], "nil");
  parse_end(&c);
  static const char *const bad[] = {"",
                                    " ",
                                    " x",
                                    " \"a\" \"b\"",
                                    " (\"a\")",
                                    " (\"a\" )",
                                    " (\"a\" \"b\"",
                                    " ( )",
                                    " NIL x",
                                    " (\"a\"  \"b\")",
                                    " (\"a\" (\"b\"))",
                                    " (\"a\" \"b\" )"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_id, bad[i]);
  }
  check_nomem(&c, imap4i_parse_id, " (\"a\\\"\" \"b\")");
}

static void test_id_limit(void **state) {
  (void)state;
  for (size_t pairs = 29; pairs <= 31; pairs++) {
    char text[200] = " (";
    size_t n = 2;
    for (size_t i = 0; i < pairs; i++) {
      memcpy(text + n, "a b ", 4);
      n += 4;
    }
    text[n - 1] = ')';
    int status = parse_n(&c, imap4i_parse_id, text, n);
    assert_int_equal(status, pairs <= 30 ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
    parse_end(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_tag, setup),          cmocka_unit_test_setup(test_tag_length, setup),
      cmocka_unit_test_setup(test_name, setup),         cmocka_unit_test_setup(test_none, setup),
      cmocka_unit_test_setup(test_rename, setup),       cmocka_unit_test_setup(test_login, setup),
      cmocka_unit_test_setup(test_authenticate, setup), cmocka_unit_test_setup(test_copy, setup),
      cmocka_unit_test_setup(test_store, setup),        cmocka_unit_test_setup(test_words, setup),
      cmocka_unit_test_setup(test_id, setup),           cmocka_unit_test_setup(test_id_limit, setup),
      cmocka_unit_test_setup(test_uidbatches, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
