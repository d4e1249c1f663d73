/* SPDX-License-Identifier: MIT */
/* Arguments of APPEND and MULTIAPPEND up to the marker of the message. */
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static int whole(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_append(parser, args, &complete);
  assert_true(complete);
  return status;
}

static int replace(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_replace(parser, args, &complete);
  assert_true(complete || status == IMAP4_OK);
  return status;
}

static int next(imap4i_parser *parser, imap4i_args *args) {
  bool more = false;
  int status = imap4i_parse_append_next(parser, &args->append.message, &more);
  assert_true(more);
  return status;
}

static void check_message(imap4i_parse_function function, const char *text, uint64_t size, bool sync,
                          uint32_t system, const char *keywords, bool dated) {
  parse_ok(&c, function, text);
  const imap4i_append_message *m = &c.args.append.message;
  assert_true(m->size == size);
  assert_int_equal(m->sync, sync);
  assert_int_equal(m->flags.system, system);
  check_str(m->flags.keywords, keywords);
  assert_int_equal(m->date.present, dated);
  if (dated) assert_true(m->date.seconds == 837596665);
  if (function == whole) check_str(c.args.append.name, "INBOX");
  parse_end(&c);
}

#define DATE "\"17-Jul-1996 02:44:25 -0700\""

static void test_append(void **state) {
  (void)state;
  check_message(whole, " INBOX {310}", 310, true, 0, "", false);
  check_message(whole, " inbox {310+}", 310, false, 0, "", false);
  check_message(whole, " \"INBOX\" (\\Seen) {0}", 0, true, IMAP4_FLAG_SEEN, "", false);
  check_message(whole, " INBOX (\\Seen $Kw \\Recent) " DATE " {7}", 7, true, IMAP4_FLAG_SEEN, "$Kw", true);
  check_message(whole, " INBOX " DATE " {7+}", 7, false, 0, "", true);
  check_message(whole, " INBOX () " DATE " {7+}", 7, false, 0, "", true);
  /* A literal8 (RFC 3516). */
  check_message(whole, " INBOX ~{310}", 310, true, 0, "", false);
  assert_true(c.args.append.message.binary);
  check_message(whole, " INBOX (\\Seen) " DATE "~{7+}", 7, false, IMAP4_FLAG_SEEN, "", true);
  assert_true(c.args.append.message.binary);
  check_message(whole, " INBOX {310}", 310, true, 0, "", false);
  assert_false(c.args.append.message.binary);
  /* In the parentheses of RFC 6855. */
  check_message(whole, " INBOX (\\Seen) UTF8 (~{4471006}", 4471006, true, IMAP4_FLAG_SEEN, "", false);
  assert_true(c.args.append.message.closes);
  check_message(whole, " INBOX utf8 (~{7+}", 7, false, 0, "", false);
  /* Without the space before the marker. */
  check_message(whole, " INBOX (){203}", 203, true, 0, "", false);
  check_message(whole, " INBOX " DATE "{203}", 203, true, 0, "", true);
  check_message(whole, " \"INBOX\"{203+}", 203, false, 0, "", false);
  /* The name as a literal that was read before. */
  check_message(whole, " {5}\r\nInBox {310}", 310, true, 0, "", false);
  check_message(whole, " {5+}\r\ninbox (\\Seen) {310}", 310, true, IMAP4_FLAG_SEEN, "", false);
  /* Sizes are for the command to judge. */
  check_message(whole, " INBOX {4294967296}", 4294967296u, true, 0, "", false);
  check_message(whole, " INBOX {9223372036854775807}", INT64_MAX, true, 0, "", false);
  check_message(whole, " INBOX {9223372036854775808}", UINT64_MAX, true, 0, "", false);
  check_message(whole, " INBOX {99999999999999999999999999+}", UINT64_MAX, false, 0, "", false);
}

static void test_incomplete(void **state) {
  (void)state;
  static const char *const texts[] = {" {5}", " {5+}", " {0}", " {99999999999999999999}"};
  for (size_t i = 0; i < IMAP4I_COUNT(texts); i++) {
    bool complete = true;
    parse_begin(&c, texts[i], strlen(texts[i]));
    assert_int_equal(imap4i_parse_append(&c.parser, &c.args, &complete), IMAP4_OK);
    assert_false(complete);
    parse_end(&c);
  }
}

static void test_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      " ",
      "{5}",
      " INBOX",
      " INBOX ",
      " INBOX (\\Seen)",
      " INBOX (\\Seen) ",
      " INBOX (\\Seen {5}",
      " INBOX \\Seen {5}",
      " INBOX (\\Foo) {5}",
      " INBOX  {5}",
      " INBOX (\\Seen)  {5}",
      " INBOX " DATE " (\\Seen) {5}",
      " INBOX \"17-Jul-1996 02:44:25 -0700\"",
      " INBOX x {5}",
      " INBOX {5}x",
      " INBOX {5} ",
      " INBOX {-5}",
      " INBOX {}",
      " INBOX {",
      " INBOX {5",
      " INBOX {5}\r\nabcde",
      " INBOX {5}\r\nabcde {6}",
      " INBOX (~{5}",
      " INBOX UTF8 ({5}",
      " INBOX UTF8 ~{5}",
      " INBOX UTF9 (~{5}",
      " INBOX UTF8(~{5}",
      " \"INBOX {5}",
      " {5}\r\nINB {5}",
      " INBOX \"17-Jul-1996 02:44:25\" {5}",
      " INBOX \"\" {5}",
      " {5}x {5}",
  };
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, whole, bad[i]);
  }
  check_no(&c, whole, " a//b {5}", "CANNOT");
  check_no(&c, whole, " \"\" {5}", "CANNOT");
  check_no(&c, whole, " INBOX (abcdefghijklmnopqrstuvwxyzabcdefgh) {5}", "LIMIT");
}

static void test_replace(void **state) {
  (void)state;
  check_message(replace, " 4 Drafts (\\Seen) " DATE " {312}", 312, true, IMAP4_FLAG_SEEN, "", true);
  assert_int_equal(c.args.append.replaces.n, 1);
  check_message(replace, " * Drafts ~{7+}", 7, false, 0, "", false);
  static const char *const bad[] = {
      "",         " {5}",       " 1 {5",        " 0 INBOX {5}", " 1:2 INBOX {5}", " 1,2 INBOX {5}",
      " 1 INBOX", " INBOX {5}", " 1  INBOX {5}"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, replace, bad[i]);
  }
  check_nomem(&c, replace, " 1 inbox/x (\\Seen a b) {7}");
}

static void check_end(const char *text) {
  bool more = true;
  parse_begin(&c, text, strlen(text));
  assert_int_equal(imap4i_parse_append_next(&c.parser, &c.args.append.message, &more), IMAP4_OK);
  assert_false(more);
  parse_end(&c);
}

static void test_next(void **state) {
  (void)state;
  check_end("");
  check_end(" ");
  check_message(next, " {5}", 5, true, 0, "", false);
  check_message(next, " (\\Seen a) " DATE " {5+}", 5, false, IMAP4_FLAG_SEEN, "a", true);
  check_message(next, " (){5}", 5, true, 0, "", false);
  static const char *const bad[] = {"x",   " x",    "{5}", " (\\Seen)", "  {5}",
                                    " {5", " {5}x", ")",   " INBOX {5}"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, next, bad[i]);
  }
}

static void test_nomem(void **state) {
  (void)state;
  check_nomem(&c, whole, " inbox/x (\\Seen a b) " DATE " {7}");
  check_nomem(&c, next, " (a b) {7}");
}

static void test_cuts(void **state) {
  (void)state;
  static const char text[] = " {5}\r\ninbox (\\Seen a b) " DATE " {7+}";
  for (size_t n = 0; n < sizeof(text); n++) {
    bool complete = false;
    parse_begin(&c, text, n);
    int status = imap4i_parse_append(&c.parser, &c.args, &complete);
    bool ends = n == 4 || n == sizeof(text) - 1; /* a marker that was not read yet */
    assert_int_equal(status, ends ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
    assert_int_equal(complete, n != 4);
    parse_end(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_append, setup),  cmocka_unit_test_setup(test_incomplete, setup),
      cmocka_unit_test_setup(test_refused, setup), cmocka_unit_test_setup(test_next, setup),
      cmocka_unit_test_setup(test_replace, setup), cmocka_unit_test_setup(test_nomem, setup),
      cmocka_unit_test_setup(test_cuts, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
