/* SPDX-License-Identifier: MIT */
/* The parser's ground floor: literals, strings, sets, mailbox names, flags and dates. */
#include "imap4/session.h"
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

/* ---- the marker of a literal ---------------------------------------------------------------- */

static void check_marker(const char *line, bool found, uint64_t expected, bool expected_sync) {
  uint64_t size = 77;
  bool sync = !expected_sync;
  size_t n = strlen(line);
  char *copy = malloc(n > 0 ? n : 1);
  assert_non_null(copy);
  memcpy(copy, line, n);
  bool is = imap4i_find_literal(imap4i_str(copy, n), &size, &sync);
  free(copy);
  if (is != found) print_error("%s\n", line);
  assert_int_equal(is, found);
  if (!found) return;
  assert_true(size == expected);
  assert_int_equal(sync, expected_sync);
}

static void test_find_literal(void **state) {
  (void)state;
  check_marker("a LOGIN {5}", true, 5, true);
  check_marker("a LOGIN {5+}", true, 5, false);
  check_marker("{0}", true, 0, true);
  check_marker("x ~{12}", true, 12, true);
  check_marker("x (~{12+}", true, 12, false);
  check_marker("{00000000000000001}", true, 1, true);
  check_marker("{4294967295}", true, 4294967295u, true);
  check_marker("{4294967296}", true, 4294967296u, true);
  check_marker("{9223372036854775807}", true, INT64_MAX, true);
  check_marker("{9223372036854775808}", true, UINT64_MAX, true);
  check_marker("{18446744073709551615}", true, UINT64_MAX, true);
  check_marker("{18446744073709551616+}", true, UINT64_MAX, false);
  check_marker("{999999999999999999999}", true, UINT64_MAX, true);
  static const char *const none[] = {"",      "{",     "}",    "{}",   "{+}",   "+}",   "5}",   "5+}",
                                     "{-1}",  "{5",    "{5}x", "{5} ", "{5++}", "{5-}", "{ 5}", "{5 }",
                                     "{0x5}", "{5}\r", "(5}",  "~{}",  "{+5}",  "{5.}", "}}",   "{{}"};
  for (size_t i = 0; i < IMAP4I_COUNT(none); i++) {
    check_marker(none[i], false, 0, true);
  }
}

/* ---- strings -------------------------------------------------------------------------------- */

static int take_astring(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_astring(parser, "Expected a string", &args->mailbox.name);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

static void check_astring(const char *text, const char *expected) {
  parse_ok(&c, take_astring, text);
  check_str(c.args.mailbox.name, expected);
  parse_end(&c);
}

static void test_astring(void **state) {
  (void)state;
  check_astring("atom", "atom");
  check_astring("a]b", "a]b");
  check_astring("NIL", "NIL");
  check_astring("\"\"", "");
  check_astring("\"a b(){}%*\"", "a b(){}%*");
  check_astring("\"a\\\"b\\\\\"", "a\"b\\");
  check_astring("\"\xC3\xA9\xFF\"", "\xC3\xA9\xFF");
  check_astring("\"\x01\x7f\"", "\x01\x7f");
  check_astring("{3}\r\nabc", "abc");
  check_astring("{3+}\r\na\"b", "a\"b");
  check_astring("{3}\nabc", "abc");
  check_astring("{2}\r\n\r\n", "\r\n");
  check_astring("{0}\r\n", "");
  check_astring("{003}\r\nabc", "abc");
  check_astring("atom  ", "atom");
}

static void test_astring_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",          " ",           "\"",     "\"abc",       "\"abc\\",    "\"abc\\\"",   "\"a\\nb\"",
      "\"a\rb\"",  "\"a\nb\"",    "(",      ")",           "*",          "%",           "\\",
      "\x7f",      "\xC3\xA9",    "{",      "{3",          "{3}",        "{3}\r",       "{3}abc",
      "{3}\r\nab", "{3-}\r\nabc", "{}\r\n", "{+}\r\n",     "{-1}\r\nab", "{3}\r\nabcd", "~{3}\r\nabc",
      "a b",       "a\"b\"",      "{3+",    "{3++}\r\nabc"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, take_astring, bad[i]);
  }
  check_bad(&c, take_astring, "{18446744073709551615}\r\nabc");
  check_bad(&c, take_astring, "{18446744073709551617}\r\nabc");
  check_bad(&c, take_astring, "{9223372036854775807}\r\nabc");
  check_bad(&c, take_astring, "{4294967295}\r\nabc");
}

static void test_nul(void **state) {
  (void)state;
  check_refused_n(&c, take_astring, "a\0b", 3, NULL);
  check_refused_n(&c, take_astring, "\"a\0b\"", 5, NULL);
  check_refused_n(&c, take_astring, "\"a\\\0\"", 5, NULL);
  check_refused_n(&c, take_astring, "{3}\r\na\0b", 8, NULL);
  check_refused_n(&c, take_astring, "\0", 1, NULL);
}

/* ---- numbers and sets ----------------------------------------------------------------------- */

static void check_set(const char *text, const char *expected) {
  char shown[200];
  size_t n = 0;
  parse_ok(&c, imap4i_parse_set, text);
  for (size_t i = 0; i < c.args.set.set.n; i++) {
    imap4i_set_range r = c.args.set.set.p[i];
    if (i > 0) shown[n++] = ' ';
    n += imap4i_format_u64(r.first, shown + n);
    shown[n++] = '-';
    n += imap4i_format_u64(r.last, shown + n);
  }
  check_str(imap4i_str(shown, n), expected);
  parse_end(&c);
}

static void test_set(void **state) {
  (void)state;
  check_set(" 1", "1-1");
  check_set(" *", "0-0");
  check_set(" 1:*", "1-0");
  check_set(" *:1", "0-1");
  check_set(" *:*", "0-0");
  check_set(" 4:2,2:4,1:10", "4-2 2-4 1-10");
  check_set(" 2,4:7,9,12:*", "2-2 4-7 9-9 12-0");
  check_set(" 1:4294967295", "1-4294967295");
  check_set(" 5 ", "5-5");
  check_set(" $", "");
}

static void test_set_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",      " ",    "1",   " 0",   " 1:0",   " 1,0",          " 4294967296",
      " 1,",   " ,1",  " 1:", " :1",  " 1:2:3", " 1,,2",         " -1",
      " a",    " 1a",  " **", " 1*",  " $1",    " 1 2",          "  1",
      " 1:2;", " 01",  " +1", " (1)", " \"1\"", " 1:4294967296", " 99999999999999999999",
      " 1\t",  " 1.2", " *1"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_set, bad[i]);
  }
}

/* A client that was not shown SEARCHRES has no "$". */
static void test_set_without_saved(void **state) {
  (void)state;
  parse_begin(&c, " $", 2);
  c.parser.features_off = IMAP4_FEATURE_SEARCHRES;
  assert_int_equal(imap4i_parse_set(&c.parser, &c.args), IMAP4I_PARSE_REFUSED);
  parse_end(&c);
}

static void test_set_limit(void **state) {
  (void)state;
  c.limits.set_ranges = 3;
  check_set(" 1,2", "1-1 2-2");
  check_set(" 1,2,3", "1-1 2-2 3-3");
  check_bad(&c, imap4i_parse_set, " 1,2,3,4");
  check_bad(&c, imap4i_parse_set, " 1,2,3,");
  c.limits.set_ranges = 0;
  check_bad(&c, imap4i_parse_set, " 1");
  c.limits.set_ranges = 16384;
  size_t n = 200000;
  char *text = malloc(n);
  assert_non_null(text);
  for (size_t i = 0; i < n; i++) {
    text[i] = i % 2 == 0 ? '1' : ',';
  }
  text[0] = ' ';
  text[1] = '1';
  check_refused_n(&c, imap4i_parse_set, text, n, NULL);
  free(text);
}

/* ---- mailbox names -------------------------------------------------------------------------- */

static void check_name(imap4i_parse_function function, const char *text, const char *expected) {
  parse_ok(&c, function, text);
  check_str(c.args.mailbox.name, expected);
  parse_end(&c);
}

static void test_mailbox(void **state) {
  (void)state;
  check_name(imap4i_parse_mailbox, " Sent", "Sent");
  check_name(imap4i_parse_mailbox, " inBox", "INBOX");
  check_name(imap4i_parse_mailbox, " \"inbox\"", "INBOX");
  check_name(imap4i_parse_mailbox, " {5}\r\niNBOX", "INBOX");
  check_name(imap4i_parse_mailbox, " inbox/x", "INBOX/x");
  check_name(imap4i_parse_mailbox, " inbox/inbox", "INBOX/inbox");
  check_name(imap4i_parse_mailbox, " inboxes", "inboxes");
  check_name(imap4i_parse_mailbox, " inbox.x", "inbox.x");
  check_name(imap4i_parse_mailbox, " a/inbox", "a/inbox");
  check_name(imap4i_parse_mailbox, " &AOk-t&AOk-", "\xC3\xA9t\xC3\xA9");
  check_name(imap4i_parse_mailbox, " ~peter/mail/&U,BTFw-/&ZeVnLIqe-",
             "~peter/mail/\xE5\x8F\xB0\xE5\x8C\x97/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E");
  check_name(imap4i_parse_mailbox, " R&-D", "R&D");
  check_name(imap4i_parse_mailbox, " \"\xC3\xA9/R&D\"", "\xC3\xA9/R&D");
  check_name(imap4i_parse_mailbox, " {3}\r\n\xC3\xA9x", "\xC3\xA9x");
  check_name(imap4i_parse_mailbox, " \"a*%b\"", "a*%b");
  check_name(imap4i_parse_mailbox, " ../../etc", "../../etc");
  check_name(imap4i_parse_mailbox, " a]b ", "a]b");
  check_name(imap4i_parse_create, " a/", "a/");
  check_name(imap4i_parse_create, " inbox/", "INBOX/");
  check_name(imap4i_parse_create, " a/b", "a/b");
}

static void test_mailbox_no(void **state) {
  (void)state;
  static const char *const cannot[] = {" \"\"",
                                       " {0}\r\n",
                                       " /",
                                       " //",
                                       " /a",
                                       " a//b",
                                       " a/",
                                       " \"a\x01\"",
                                       " \"a\x7f\"",
                                       " {2}\r\na\n",
                                       " \"a\tb\"",
                                       " R&D",
                                       " &",
                                       " &AOk",
                                       " &A-",
                                       " &AOl-",
                                       " &AGE-",
                                       " &2D0-",
                                       " \"\xC3\"",
                                       " \"\xFF\"",
                                       " \"\xC0\x80\"",
                                       " \"\xED\xA0\x80\"",
                                       " \"\xC2\x80\"",
                                       " \"\xE2\x80\xA8\"",
                                       " \"\xF4\x90\x80\x80\"",
                                       " &AAA-",
                                       " &AAo-",
                                       " &AOk-&AOk-"};
  for (size_t i = 0; i < IMAP4I_COUNT(cannot); i++) {
    check_no(&c, imap4i_parse_mailbox, cannot[i], "CANNOT");
  }
  check_no(&c, imap4i_parse_create, " /", "CANNOT");
  check_no(&c, imap4i_parse_create, " a//", "CANNOT");
  check_no(&c, imap4i_parse_create, " //", "CANNOT");
  check_refused_n(&c, imap4i_parse_mailbox, " \"a\0\"", 5, NULL);
  static const char *const bad[] = {"",     " ",    "a",  "  a", " a b",      " \"",
                                    " a\"", " (a)", " *", " %",  " \xC3\xA9", " {5}"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_mailbox, bad[i]);
  }
}

static void test_mailbox_limit(void **state) {
  (void)state;
  c.limits.mailbox_octets = 4;
  check_name(imap4i_parse_mailbox, " abc", "abc");
  check_name(imap4i_parse_mailbox, " abcd", "abcd");
  check_no(&c, imap4i_parse_mailbox, " abcde", "CANNOT");
  check_name(imap4i_parse_mailbox, " &AOkA6Q-", "\xC3\xA9\xC3\xA9");
  check_name(imap4i_parse_mailbox, " &-&-&-&-", "&&&&");
  check_no(&c, imap4i_parse_mailbox, " &-&-&-&-&-", "CANNOT");
  check_no(&c, imap4i_parse_mailbox, " abcdabcdabcdabcd", "CANNOT");
  char text[10001];
  memset(text, 'x', sizeof(text));
  text[0] = ' ';
  check_refused_n(&c, imap4i_parse_mailbox, text, sizeof(text), "CANNOT");
  check_refused_n(&c, imap4i_parse_list, text, sizeof(text), NULL); /* no pattern */
}

/* Other delimiters, and a store without hierarchy. */
static void test_mailbox_delimiter(void **state) {
  (void)state;
  static const char text[] = " inbox.a/";
  parse_begin(&c, text, sizeof(text) - 1);
  c.parser.delimiter = '.';
  assert_int_equal(imap4i_parse_mailbox(&c.parser, &c.args), IMAP4_OK);
  check_str(c.args.mailbox.name, "INBOX.a/");
  parse_end(&c);
  parse_begin(&c, text, sizeof(text) - 1);
  c.parser.delimiter = '\0';
  assert_int_equal(imap4i_parse_mailbox(&c.parser, &c.args), IMAP4_OK);
  check_str(c.args.mailbox.name, "inbox.a/");
  parse_end(&c);
}

/* ---- flags ---------------------------------------------------------------------------------- */

static int take_flags(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_flags(parser, false, &args->store.flags);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

static int take_append_flags(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_flags(parser, true, &args->store.flags);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

static void check_flags(imap4i_parse_function function, const char *text, uint32_t system,
                        const char *keywords) {
  parse_ok(&c, function, text);
  assert_int_equal(c.args.store.flags.system, system);
  check_str(c.args.store.flags.keywords, keywords);
  parse_end(&c);
}

static void test_flags(void **state) {
  (void)state;
  check_flags(take_flags, "()", 0, "");
  check_flags(take_flags, "(\\SEEN)", IMAP4_FLAG_SEEN, "");
  check_flags(take_flags, "(\\answered \\Flagged \\deleted \\Seen \\draft)", IMAP4_FLAG_ALL, "");
  check_flags(take_flags, "\\flagged Kw1", IMAP4_FLAG_FLAGGED, "Kw1");
  check_flags(take_flags, "$Forwarded", 0, "$Forwarded");
  check_flags(take_flags, "a b  ", 0, "a b");
  check_flags(take_flags, "(a B A b c)", 0, "a B c");
  check_flags(take_flags, "(ab a abc)", 0, "ab a abc");
  check_flags(take_flags, "(Seen)", 0, "Seen");
  check_flags(take_append_flags, "(\\Recent)", 0, "");
  check_flags(take_append_flags, "(\\recent \\Seen x)", IMAP4_FLAG_SEEN, "x");
}

static void test_flags_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",       "(",        "(\\Seen",    "(\\Seen ", "(\\Seen )", "( \\Seen)",
                                    "\\",     "(\\)",     "(\\*)",      "(\\X)",    "\\Seenx",   "(\\Recent)",
                                    "a  b",   "(a  b)",   "(a)(b)",     "(\"a\")",  "a)",        "(a]b)",
                                    "(a\\b)", "\\Seen\\", "(\xC3\xA9)", "((a))",    "(a{b)",     "a (b)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, take_flags, bad[i]);
  }
  check_bad(&c, take_append_flags, "\\Seen");
  check_bad(&c, take_append_flags, "(\\X)");
}

static void test_flags_limits(void **state) {
  (void)state;
  c.limits.list_items = 3;
  c.limits.keyword_octets = 5;
  check_flags(take_flags, "(a b)", 0, "a b");
  check_flags(take_flags, "a a a", 0, "a");
  check_flags(take_flags, "(a b c)", 0, "a b c");
  check_bad(&c, take_flags, "(a b c d)");
  check_bad(&c, take_flags, "a a a a");
  check_flags(take_flags, "(abcd)", 0, "abcd");
  check_flags(take_flags, "(abcde)", 0, "abcde");
  check_no(&c, take_flags, "(abcdef)", "LIMIT");
  check_no(&c, take_append_flags, "(abcdef)", "LIMIT");
}

/* ---- dates ---------------------------------------------------------------------------------- */

static int take_date(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_date(parser, &args->append.message.date.seconds);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

static int take_date_time(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_date_time(parser, &args->append.message.date);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

static void check_date(const char *text, int64_t day) {
  parse_ok(&c, take_date, text);
  assert_true(c.args.append.message.date.seconds == day);
  parse_end(&c);
}

static void test_date(void **state) {
  (void)state;
  check_date("1-Jan-1970", 0);
  check_date("\"01-jan-1970\"", 0);
  check_date("31-DEC-1969", -1);
  check_date("29-Feb-2000", 11016);
  check_date("1-Mar-2000", 11017);
  check_date("28-Feb-1900", -25509);
  check_date("1-Mar-1900", -25508);
  check_date("1-Jan-0000", -719528);
  check_date("1-Mar-0000", -719468);
  check_date("1-Jan-0001", -719162);
  check_date("31-Dec-9999", 2932896);
  check_date("1-Feb-1994", 8797);
  static const char *const bad[] = {"",
                                    "1",
                                    "1-",
                                    "1-Jan",
                                    "1-Jan-",
                                    "1-Jan-199",
                                    "1-Jan-19944",
                                    "0-Jan-1994",
                                    "32-Jan-1994",
                                    "29-Feb-1900",
                                    "29-Feb-2001",
                                    "30-Feb-2000",
                                    "31-Apr-1994",
                                    "1-Foo-1994",
                                    "001-Jan-1994",
                                    "1 Jan 1994",
                                    "1-Jan-94",
                                    "\"1-Jan-1994",
                                    "1-Jan-1994\"",
                                    "\"\"",
                                    "1-1-1994",
                                    "-1-Jan-1994",
                                    "1-Ja",
                                    "1-J",
                                    " 1-Jan-1994"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, take_date, bad[i]);
  }
}

static void check_date_time(const char *text, int64_t seconds, int32_t zone) {
  parse_ok(&c, take_date_time, text);
  assert_true(c.args.append.message.date.seconds == seconds);
  assert_int_equal(c.args.append.message.date.zone_minutes, zone);
  assert_int_equal(c.args.append.message.date.present, 1);
  parse_end(&c);
}

static void test_date_time(void **state) {
  (void)state;
  check_date_time("\"17-Jul-1996 02:44:25 -0700\"", 837596665, -420);
  check_date_time("\" 1-Jan-1970 00:00:00 +0000\"", 0, 0);
  check_date_time("\"01-Jan-1970 00:00:00 -0000\"", 0, 0);
  check_date_time("\" 1-jan-1970 05:30:00 +0530\"", 0, 330);
  check_date_time("\"31-Dec-1998 23:59:60 +0000\"", 915148800, 0);
  check_date_time("\"31-Dec-9999 23:59:59 -1459\"", 253402300799 + 899 * 60, -899);
  check_date_time("\" 1-Jan-0000 00:00:00 +1459\"", -62167219200 - 899 * 60, 899);
  static const char *const bad[] = {
      "",
      "\"\"",
      "17-Jul-1996 02:44:25 -0700",
      "\"1-Jul-1996 02:44:25 -0700\"",
      "\"17-Jul-1996 02:44:25 -0700",
      "\"17-Jul-1996 02:44:25\"",
      "\"17-Jul-1996 2:44:25 -0700\"",
      "\"17-Jul-1996  02:44:25 -0700\"",
      "\"17-Jul-1996 24:00:00 -0700\"",
      "\"17-Jul-1996 02:60:25 -0700\"",
      "\"17-Jul-1996 02:44:61 -0700\"",
      "\"17-Jul-1996 02:44:25 0700\"",
      "\"17-Jul-1996 02:44:25 -1500\"",
      "\"17-Jul-1996 02:44:25 -0760\"",
      "\"17-Jul-1996 02:44:25 -070\"",
      "\"17-Jul-1996 02:44:25 -07000\"",
      "\"17-Jul-1996 02:44:25 GMT\"",
      "\"32-Jul-1996 02:44:25 -0700\"",
      "\" 0-Jul-1996 02:44:25 -0700\"",
      "\"00-Jul-1996 02:44:25 -0700\"",
      "\"31-Jun-1996 02:44:25 -0700\"",
      "\"17-Jul-96 02:44:25 -0700\"",
      "\"17-Foo-1996 02:44:25 -0700\"",
      "\"17-Jul-1996\"",
      "\"17-Jul-1996 02-44-25 -0700\"",
      "\"17-Jul-1996 02:44:25 -0700 \"",
  };
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, take_date_time, bad[i]);
  }
}

static void test_nomem(void **state) {
  (void)state;
  check_nomem(&c, imap4i_parse_mailbox, " \"a\\\"b\"");
  check_nomem(&c, imap4i_parse_mailbox, " inbox/&AOk-");
  check_nomem(&c, imap4i_parse_set, " 1,2,3");
  check_nomem(&c, take_flags, "(\\Seen a b c)");
}

/* Texts that end anywhere are refused or taken, and never looked behind. */
static void test_cuts(void **state) {
  (void)state;
  static const struct {
    imap4i_parse_function function;
    const char *text;
  } cases[] = {{take_astring, "\"a\\\"b\""},
               {take_astring, "{3+}\r\nabc"},
               {imap4i_parse_set, " 1:2,*:4,7"},
               {imap4i_parse_mailbox, " \"inbox/\xE2\x82\xAC\""},
               {imap4i_parse_mailbox, " inbox/&ZeVnLIqe-"},
               {take_flags, "(\\Seen abc)"},
               {take_date, "\"1-Jan-1970\""},
               {take_date_time, "\"17-Jul-1996 02:44:25 -0700\""}};
  for (size_t i = 0; i < IMAP4I_COUNT(cases); i++) {
    size_t whole = strlen(cases[i].text);
    for (size_t n = 0; n <= whole; n++) {
      int status = parse_n(&c, cases[i].function, cases[i].text, n);
      if (n == whole) assert_int_equal(status, IMAP4_OK);
      if (status != IMAP4_OK) check_refusal(&c.parser.error);
      parse_end(&c);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_find_literal, setup),
      cmocka_unit_test_setup(test_astring, setup),
      cmocka_unit_test_setup(test_astring_refused, setup),
      cmocka_unit_test_setup(test_nul, setup),
      cmocka_unit_test_setup(test_set, setup),
      cmocka_unit_test_setup(test_set_refused, setup),
      cmocka_unit_test_setup(test_set_without_saved, setup),
      cmocka_unit_test_setup(test_set_limit, setup),
      cmocka_unit_test_setup(test_mailbox, setup),
      cmocka_unit_test_setup(test_mailbox_no, setup),
      cmocka_unit_test_setup(test_mailbox_limit, setup),
      cmocka_unit_test_setup(test_mailbox_delimiter, setup),
      cmocka_unit_test_setup(test_flags, setup),
      cmocka_unit_test_setup(test_flags_refused, setup),
      cmocka_unit_test_setup(test_flags_limits, setup),
      cmocka_unit_test_setup(test_date, setup),
      cmocka_unit_test_setup(test_date_time, setup),
      cmocka_unit_test_setup(test_nomem, setup),
      cmocka_unit_test_setup(test_cuts, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
