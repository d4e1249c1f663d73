/* SPDX-License-Identifier: MIT */
/* Arguments of SEARCH: every key, their order in postfix, charsets, nesting. */
#include "imap4/session.h"
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

static size_t show(char *to, size_t n, imap4_str s) {
  assert_true(n + s.n < 3000);
  if (s.n > 0) memcpy(to + n, s.p, s.n);
  return n + s.n;
}

static size_t show_number(char *to, size_t n, int64_t value) {
  if (value < 0) to[n++] = '-';
  return n + imap4i_format_u64((uint64_t)(value < 0 ? -value : value), to + n);
}

static size_t show_key(char *to, size_t n, const imap4i_key *key) {
  static const char *const names[] = {[IMAP4I_KEY_AND] = "and",
                                      [IMAP4I_KEY_OR] = "or",
                                      [IMAP4I_KEY_NOT] = "not",
                                      [IMAP4I_KEY_ALL] = "all",
                                      [IMAP4I_KEY_SEQUENCE] = "seq",
                                      [IMAP4I_KEY_UID] = "uid",
                                      [IMAP4I_KEY_RECENT] = "recent",
                                      [IMAP4I_KEY_FLAG] = "flag",
                                      [IMAP4I_KEY_KEYWORD] = "keyword",
                                      [IMAP4I_KEY_LARGER] = "larger",
                                      [IMAP4I_KEY_SMALLER] = "smaller",
                                      [IMAP4I_KEY_OLDER] = "older",
                                      [IMAP4I_KEY_YOUNGER] = "younger",
                                      [IMAP4I_KEY_MODSEQ] = "modseq",
                                      [IMAP4I_KEY_BEFORE] = "before",
                                      [IMAP4I_KEY_ON] = "on",
                                      [IMAP4I_KEY_SINCE] = "since",
                                      [IMAP4I_KEY_SAVEDBEFORE] = "savedbefore",
                                      [IMAP4I_KEY_SAVEDON] = "savedon",
                                      [IMAP4I_KEY_SAVEDSINCE] = "savedsince",
                                      [IMAP4I_KEY_SAVEDATESUPPORTED] = "savedates",
                                      [IMAP4I_KEY_EMAILID] = "emailid",
                                      [IMAP4I_KEY_THREADID] = "threadid",
                                      [IMAP4I_KEY_SENTBEFORE] = "sentbefore",
                                      [IMAP4I_KEY_SENTON] = "senton",
                                      [IMAP4I_KEY_SENTSINCE] = "sentsince",
                                      [IMAP4I_KEY_HEADER] = "header",
                                      [IMAP4I_KEY_BODY] = "body",
                                      [IMAP4I_KEY_TEXT] = "text"};
  n = show(to, n, imap4i_str(names[key->kind], strlen(names[key->kind])));
  if (key->kind <= IMAP4I_KEY_NOT) return show_number(to, n, key->operands);
  if (key->kind == IMAP4I_KEY_FLAG || (key->kind >= IMAP4I_KEY_LARGER && key->kind <= IMAP4I_KEY_MODSEQ)) {
    to[n++] = ':';
    n = show_number(to, n, (int64_t)key->number);
  } else if ((key->kind >= IMAP4I_KEY_BEFORE && key->kind <= IMAP4I_KEY_SAVEDSINCE) ||
             (key->kind >= IMAP4I_KEY_SENTBEFORE && key->kind <= IMAP4I_KEY_SENTSINCE)) {
    to[n++] = ':';
    n = show_number(to, n, key->day);
  } else if (key->kind == IMAP4I_KEY_HEADER) {
    n = show(to, n, key->addresses ? IMAP4I_S("@") : IMAP4I_S(":"));
    n = show(to, n, key->field);
  }
  bool object_id = key->kind == IMAP4I_KEY_EMAILID || key->kind == IMAP4I_KEY_THREADID;
  if (key->kind >= IMAP4I_KEY_HEADER || key->kind == IMAP4I_KEY_KEYWORD || object_id) {
    to[n++] = '=';
    n = show(to, n, key->text);
  }
  for (size_t i = 0; i < key->set.n; i++) {
    to[n++] = i == 0 ? ':' : ',';
    n = show_number(to, n, key->set.p[i].first);
    to[n++] = '-';
    n = show_number(to, n, key->set.p[i].last);
  }
  return n;
}

/* The whole has exactly one value. */
static void check_balance(const imap4i_search_args *args) {
  size_t height = 0;
  for (size_t i = 0; i < args->count; i++) {
    const imap4i_key *key = &args->keys[i];
    if (key->kind <= IMAP4I_KEY_NOT) {
      assert_true(key->operands <= height);
      height -= key->operands;
    }
    height++;
  }
  assert_int_equal(height, 1);
}

static void check_keys(const char *text, const char *expected) {
  char shown[4000];
  size_t n = 0;
  parse_ok(&c, imap4i_parse_search, text);
  check_balance(&c.args.search);
  for (size_t i = 0; i < c.args.search.count; i++) {
    if (i > 0) shown[n++] = ' ';
    n = show_key(shown, n, &c.args.search.keys[i]);
  }
  check_str(imap4i_str(shown, n), expected);
  parse_end(&c);
}

static void test_flag_keys(void **state) {
  (void)state;
  check_keys(" ALL", "all");
  check_keys(" all ", "all");
  check_keys(" ANSWERED", "flag:1");
  check_keys(" FLAGGED", "flag:2");
  check_keys(" DELETED", "flag:4");
  check_keys(" SEEN", "flag:8");
  check_keys(" DRAFT", "flag:16");
  check_keys(" UNANSWERED", "flag:1 not1");
  check_keys(" UNFLAGGED", "flag:2 not1");
  check_keys(" UNDELETED", "flag:4 not1");
  check_keys(" unseen", "flag:8 not1");
  check_keys(" UNDRAFT", "flag:16 not1");
  check_keys(" RECENT", "recent");
  check_keys(" OLD", "recent not1");
  check_keys(" NEW", "recent flag:8 not1 and2");
  check_keys(" KEYWORD $Fwd", "keyword=$Fwd");
  check_keys(" UNKEYWORD $Fwd", "keyword=$Fwd not1");
  check_keys(" KEYWORD Seen", "keyword=Seen");
}

static void test_string_keys(void **state) {
  (void)state;
  check_keys(" BCC a", "header@BCC=a");
  check_keys(" cc \"a b\"", "header@CC=a b");
  check_keys(" FROM {3}\r\na\"b", "header@FROM=a\"b");
  check_keys(" SUBJECT \"\"", "header:SUBJECT=");
  check_keys(" TO x", "header@TO=x");
  check_keys(" HEADER To x", "header:To=x");
  check_keys(" HEADER X-ONLY yes", "header:X-ONLY=yes");
  check_keys(" HEADER \"Message-ID\" \"<a@b>\"", "header:Message-ID=<a@b>");
  check_keys(" HEADER a \"\"", "header:a=");
  check_keys(" BODY xyzzyneedle42", "body=xyzzyneedle42");
  check_keys(" TEXT NIL", "text=NIL");
  check_keys(" BODY \"\xC3\xA9\"", "body=\xC3\xA9");
}

static void test_other_keys(void **state) {
  (void)state;
  check_keys(" LARGER 0", "larger:0");
  check_keys(" LARGER 9223372036854775807", "larger:9223372036854775807");
  check_keys(" SMALLER 4294967295", "smaller:4294967295");
  check_keys(" OLDER 1", "older:1");
  check_keys(" UIDAFTER 1", "uid:2-4294967295");
  check_keys(" uidafter 4294967294", "uid:4294967295-4294967295");
  check_keys(" UIDAFTER 4294967295", "uid:4294967295-4294967295");
  check_keys(" UIDBEFORE 4294967295", "uid:1-4294967294");
  check_keys(" UIDBEFORE 2 SEEN", "uid:1-1 flag:8 and2");
  check_keys(" UIDBEFORE 1", "uid:4294967295-4294967295");
  check_keys(" UNSEEN younger 4294967295", "flag:8 not1 younger:4294967295 and2");
  check_keys(" BEFORE 1-Jan-1970", "before:0");
  check_keys(" ON \"02-Jan-1970\"", "on:1");
  check_keys(" SINCE 31-Dec-1969", "since:-1");
  check_keys(" SENTBEFORE 1-Feb-1994", "sentbefore:8797");
  check_keys(" SENTON 1-Feb-1994", "senton:8797");
  check_keys(" SENTSINCE 1-Feb-1994", "sentsince:8797");
  check_keys(" SAVEDBEFORE 1-Feb-1994", "savedbefore:8797");
  check_keys(" savedon 2-Jan-1970", "savedon:1");
  check_keys(" SAVEDSINCE 1-Feb-1994", "savedsince:8797");
  check_keys(" SAVEDATESUPPORTED", "savedates");
  check_keys(" EMAILID M6d99ac-_75bb4e", "emailid=M6d99ac-_75bb4e");
  check_keys(" threadid \"T1\"", "threadid=T1");
  check_bad(&c, imap4i_parse_search, " EMAILID");
  check_bad(&c, imap4i_parse_search, " EMAILID \"\"");
  check_bad(&c, imap4i_parse_search, " EMAILID M.1");
  check_bad(&c, imap4i_parse_search, " THREADID \"T 1\"");
  check_bad(&c, imap4i_parse_search, " SAVEDON");
  check_keys(" 5:9,20", "seq:5-9,20-20");
  check_keys(" *", "seq:0-0");
  check_keys(" UID 1:*", "uid:1-0");
  check_keys(" $", "seq");
  check_keys(" UID $ NOT ($)", "uid seq not1 and2");
}

static void test_operators(void **state) {
  (void)state;
  check_keys(" UID 1:3 ALL", "uid:1-3 all and2");
  check_keys(" 5:9,20 DELETED", "seq:5-9,20-20 flag:4 and2");
  check_keys(" SEEN ANSWERED DRAFT", "flag:8 flag:1 flag:16 and3");
  check_keys(" NOT SEEN", "flag:8 not1");
  check_keys(" NOT NOT SEEN", "flag:8 not1 not1");
  check_keys(" OR SEEN DRAFT", "flag:8 flag:16 or2");
  check_keys(" OR NOT SEEN OR DRAFT ALL", "flag:8 not1 flag:16 all or2 or2");
  check_keys(" OR OR 1 2 3", "seq:1-1 seq:2-2 or2 seq:3-3 or2");
  check_keys(" (SEEN)", "flag:8");
  check_keys(" ((((SEEN))))", "flag:8");
  check_keys(" (SEEN DRAFT)", "flag:8 flag:16 and2");
  check_keys(" (body xyzzyneedle42)", "body=xyzzyneedle42");
  check_keys(" OR (SUBJECT \"x\") (LARGER 5)", "header:SUBJECT=x larger:5 or2");
  check_keys(" NOT (SEEN DRAFT) 1", "flag:8 flag:16 and2 not1 seq:1-1 and2");
  check_keys(" OR (1 2) NOT (NOT 3) NEW",
             "seq:1-1 seq:2-2 and2 seq:3-3 not1 not1 or2 recent flag:8 not1 and2 and2");
  check_keys(" (1:2 3)", "seq:1-2 seq:3-3 and2");
  check_keys(" NOT UNSEEN", "flag:8 not1 not1");
}

static void test_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",
                                    " ",
                                    "ALL",
                                    "  ALL",
                                    " ALL  SEEN",
                                    " FOO",
                                    " ALLX",
                                    " \"ALL\"",
                                    " ()",
                                    " (",
                                    " (ALL",
                                    " (ALL ",
                                    " ALL)",
                                    " (ALL))",
                                    " ( ALL)",
                                    " (ALL )",
                                    " (ALL)(SEEN)",
                                    " NOT",
                                    " NOT ",
                                    " NOT)",
                                    " NOT(ALL)",
                                    " (NOT)",
                                    " OR",
                                    " OR ALL",
                                    " OR ALL ",
                                    " (OR ALL)",
                                    " OR (ALL)(ALL)",
                                    " BODY",
                                    " BODY ",
                                    " BODY (a)",
                                    " BODY \"a",
                                    " BODY {5}",
                                    " BODY {5}\r\nabc",
                                    " HEADER",
                                    " HEADER a",
                                    " HEADER a ",
                                    " HEADER \"a\x01\" b",
                                    " HEADER \xC3\xA9 b",
                                    " KEYWORD",
                                    " KEYWORD \\Seen",
                                    " KEYWORD \"a\"",
                                    " LARGER",
                                    " LARGER x",
                                    " LARGER -1",
                                    " LARGER 9223372036854775808",
                                    " OLDER",
                                    " OLDER 0",
                                    " OLDER 4294967296",
                                    " YOUNGER -1",
                                    " YOUNGER 01",
                                    " YOUNGER 1s",
                                    " SINCE",
                                    " SINCE 1994-02-01",
                                    " SINCE 30-Feb-1994",
                                    " UIDAFTER",
                                    " UIDAFTER 0",
                                    " UIDAFTER 4294967296",
                                    " UIDBEFORE *",
                                    " UIDBEFORE 1:2",
                                    " UID",
                                    " UID 0",
                                    " UID x",
                                    " 0",
                                    " 1,",
                                    " 1:2:3",
                                    " 4294967296",
                                    " CHARSET",
                                    " CHARSET UTF-8",
                                    " CHARSET UTF-8 ",
                                    " CHARSET (UTF-8) ALL",
                                    " ALL CHARSET UTF-8",
                                    " MODSEQS 5",
                                    " $5",
                                    " $,1",
                                    " 1,$",
                                    " $:5",
                                    " $$",
                                    " UID $,1",
                                    " ALL {3}"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_search, bad[i]);
  }
  check_refused_n(&c, imap4i_parse_search, " BODY \"a\0\"", 10, NULL);
  check_no(&c, imap4i_parse_search, " KEYWORD abcdefghijklmnopqrstuvwxyzabcdefg", "LIMIT");
}

static void check_options(const char *text, uint32_t options, const char *keys) {
  check_keys(text, keys);
  parse_ok(&c, imap4i_parse_search, text);
  assert_int_equal(c.args.search.options, options);
  parse_end(&c);
}

static void check_partial(const char *text, uint32_t options, uint32_t first, uint32_t last, bool from_end) {
  check_options(text, options, "all");
  parse_ok(&c, imap4i_parse_search, text);
  assert_int_equal(c.args.search.partial.first, first);
  assert_int_equal(c.args.search.partial.last, last);
  assert_int_equal(c.args.search.partial.from_end, from_end);
  parse_end(&c);
}

static void test_return(void **state) {
  (void)state;
  check_options(" ALL", 0, "all");
  check_options(" RETURN () SEEN", IMAP4I_RETURN_ALL, "flag:8");
  check_options(" return (min) 1:5", IMAP4I_RETURN_MIN, "seq:1-5");
  check_options(" RETURN (MAX) CHARSET UTF-8 ALL", IMAP4I_RETURN_MAX, "all");
  check_options(" RETURN (ALL) (ALL)", IMAP4I_RETURN_ALL, "all");
  check_options(" RETURN (COUNT Min count) ALL", IMAP4I_RETURN_COUNT | IMAP4I_RETURN_MIN, "all");
  check_options(" RETURN (MIN MAX ALL COUNT) ALL",
                IMAP4I_RETURN_MIN | IMAP4I_RETURN_MAX | IMAP4I_RETURN_ALL | IMAP4I_RETURN_COUNT, "all");
  check_options(" RETURN (SAVE) ALL", IMAP4I_RETURN_SAVE, "all");
  check_options(" RETURN (MIN save) $", IMAP4I_RETURN_MIN | IMAP4I_RETURN_SAVE, "seq");
  check_partial(" RETURN (PARTIAL 1:100) ALL", IMAP4I_RETURN_PARTIAL, 1, 100, false);
  check_partial(" RETURN (MIN partial -4294967295:-1 SAVE) ALL",
                IMAP4I_RETURN_MIN | IMAP4I_RETURN_PARTIAL | IMAP4I_RETURN_SAVE, UINT32_MAX, 1, true);
  c.limits.list_items = 2;
  check_ok(&c, imap4i_parse_search, " RETURN (MIN MIN) ALL");
  check_bad(&c, imap4i_parse_search, " RETURN (MIN MIN MIN) ALL");
}

static void test_return_refused(void **state) {
  (void)state;
  static const char *const bad[] = {" RETURN",
                                    " RETURN ",
                                    " RETURN ALL",
                                    " RETURN ()",
                                    " RETURN ()ALL",
                                    " RETURN (ALL",
                                    " RETURN (ALL) ",
                                    " RETURN ( ALL) ALL",
                                    " RETURN (ALL ) ALL",
                                    " RETURN (ALL  MIN) ALL",
                                    " RETURN (\"ALL\") ALL",
                                    " RETURN (ALL,MIN) ALL",
                                    " RETURN (MIN 1) ALL",
                                    " RETURN (FIRST) ALL",
                                    " RETURN (PARTIAL) ALL",
                                    " RETURN (PARTIAL ) ALL",
                                    " RETURN (PARTIAL 1) ALL",
                                    " RETURN (PARTIAL 1:) ALL",
                                    " RETURN (PARTIAL :1) ALL",
                                    " RETURN (PARTIAL 0:1) ALL",
                                    " RETURN (PARTIAL 1:0) ALL",
                                    " RETURN (PARTIAL 1:*) ALL",
                                    " RETURN (PARTIAL 1:4294967296) ALL",
                                    " RETURN (PARTIAL 1:-1) ALL",
                                    " RETURN (PARTIAL -1:1) ALL",
                                    " RETURN (PARTIAL -0:-1) ALL",
                                    " RETURN (PARTIAL 1:2,3) ALL",
                                    " RETURN (PARTIAL $) ALL",
                                    " RETURN (PARTIAL (1:2)) ALL",
                                    " RETURN (ALL PARTIAL 1:2) ALL",
                                    " RETURN (PARTIAL 1:2 ALL) ALL",
                                    " RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL",
                                    " RETURN () RETURN () ALL",
                                    " (RETURN () ALL)",
                                    " CHARSET UTF-8 RETURN () ALL",
                                    " RETURN (SAVE $) ALL"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_search, bad[i]);
  }
}

/* |features_off|: what the client was not shown. */
static void check_without(uint64_t features_off, const char *text) {
  parse_begin(&c, text, strlen(text));
  c.parser.features_off = features_off;
  assert_int_equal(imap4i_parse_search(&c.parser, &c.args), IMAP4I_PARSE_REFUSED);
  check_refusal(&c.parser.error);
  assert_false(c.parser.error.no);
  parse_end(&c);
}

static void test_without_features(void **state) {
  (void)state;
  check_without(IMAP4_FEATURE_ESEARCH, " RETURN () ALL");
  check_without(IMAP4_FEATURE_WITHIN, " OLDER 5");
  check_without(IMAP4_FEATURE_PARTIAL, " RETURN (PARTIAL 1:2) ALL");
  check_without(IMAP4_FEATURE_SEARCHRES, " $");
  check_without(IMAP4_FEATURE_SEARCHRES, " UID $");
  check_without(IMAP4_FEATURE_SEARCHRES, " RETURN (SAVE) ALL");
  check_without(IMAP4_FEATURE_WITHIN, " (SEEN YOUNGER 5)");
  check_without(IMAP4_FEATURE_MESSAGELIMIT, " UIDAFTER 5");
  check_without(IMAP4_FEATURE_MESSAGELIMIT, " NOT UIDBEFORE 5");
}

/* RFC 9586 section 3.5. */
static void check_uid_only(const char *text, bool ok) {
  parse_begin(&c, text, strlen(text));
  c.parser.uid_only = true;
  assert_int_equal(imap4i_parse_search(&c.parser, &c.args), ok ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
  if (!ok) {
    check_refusal(&c.parser.error);
    check_str(c.parser.error.code, "UIDREQUIRED");
    assert_false(c.parser.error.no);
  }
  parse_end(&c);
}

static void test_uid_only(void **state) {
  (void)state;
  check_uid_only(" ALL", true);
  check_uid_only(" UID 1:* NOT (OR SEEN UID 3)", true);
  check_uid_only(" $ UID $", true);
  check_uid_only(" RETURN (PARTIAL 1:2) ALL", true);
  check_uid_only(" 1", false);
  check_uid_only(" *", false);
  check_uid_only(" UID 1 2:3", false);
  check_uid_only(" NOT (OR SEEN 4,5)", false);
  check_uid_only(" RETURN () *:1", false);
}

#define BADCHARSET "BADCHARSET (US-ASCII UTF-8)"

static void test_charset(void **state) {
  (void)state;
  check_keys(" CHARSET US-ASCII BODY a", "body=a");
  check_keys(" charset utf-8 BODY \"\xC3\xA9\"", "body=\xC3\xA9");
  check_keys(" CHARSET \"UTF-8\" BODY {2}\r\n\xC3\xA9", "body=\xC3\xA9");
  check_keys(" CHARSET UTF-8 ALL", "all");
  check_keys(" CHARSET ISO-8859-1 OR BODY \"\xE9\" SUBJECT {2}\r\n\xE9t",
             "body=\xC3\xA9 header:SUBJECT=\xC3\xA9t or2");
  check_keys(" CHARSET iso-8859-15 TEXT \"\xA4\"", "text=\xE2\x82\xAC");
  check_keys(" CHARSET WINDOWS-1252 BODY \"\x80\"", "body=\xE2\x82\xAC");
  check_keys(" CHARSET ISO-8859-1 BODY \"\"", "body=");
  static const char *const no[] = {" CHARSET X-NONE ALL",
                                   " CHARSET \"\" ALL",
                                   " CHARSET X-NONE BODY a",
                                   " CHARSET US-ASCII BODY \"\xE9\"",
                                   " CHARSET UTF-8 BODY \"\xE9\"",
                                   " BODY \"\xE9\"",
                                   " CHARSET UTF-8 HEADER a \"\xFF\"",
                                   " SUBJECT {1}\r\n\xFF",
                                   " CHARSET windows-1252 TO \"\x81\"",
                                   " CHARSET UTF8 TO \"\xC3\""};
  for (size_t i = 0; i < IMAP4I_COUNT(no); i++) {
    check_no(&c, imap4i_parse_search, no[i], BADCHARSET);
  }
}

/* A conversion that is longer than the pieces in which it is done. */
static void test_charset_long(void **state) {
  (void)state;
  char text[5000] = " CHARSET ISO-8859-1 BODY {4000}\r\n";
  size_t head = strlen(text);
  memset(text + head, 0xE9, 4000);
  assert_int_equal(parse_n(&c, imap4i_parse_search, text, head + 4000), IMAP4_OK);
  imap4_str got = c.args.search.keys[0].text;
  assert_int_equal(got.n, 8000);
  for (size_t i = 0; i < got.n; i += 2) {
    assert_memory_equal(got.p + i, "\xC3\xA9", 2);
  }
  parse_end(&c);
}

static void test_limits(void **state) {
  (void)state;
  c.limits.search_keys = 3;
  check_ok(&c, imap4i_parse_search, " ALL ALL");
  check_ok(&c, imap4i_parse_search, " NEW NEW NEW");
  check_bad(&c, imap4i_parse_search, " ALL ALL ALL ALL");
  check_ok(&c, imap4i_parse_search, " NOT (ALL)");
  check_bad(&c, imap4i_parse_search, " NOT (ALL ALL)");
  c.limits.search_keys = 100;
  c.limits.nesting = 2;
  check_ok(&c, imap4i_parse_search, " (ALL)");
  check_ok(&c, imap4i_parse_search, " ((ALL) (ALL))");
  check_ok(&c, imap4i_parse_search, " NOT NOT ALL NOT OR ALL ALL");
  check_bad(&c, imap4i_parse_search, " (((ALL)))");
  check_bad(&c, imap4i_parse_search, " NOT NOT NOT ALL");
  check_bad(&c, imap4i_parse_search, " OR OR OR ALL ALL ALL ALL");
  check_ok(&c, imap4i_parse_search, " OR ALL OR ALL ALL");
  check_bad(&c, imap4i_parse_search, " (NOT (ALL))");
  c.limits.nesting = 0;
  check_ok(&c, imap4i_parse_search, " ALL ALL");
  check_bad(&c, imap4i_parse_search, " (ALL)");
  check_bad(&c, imap4i_parse_search, " NOT ALL");
  c.limits.search_keys = 0;
  check_bad(&c, imap4i_parse_search, " ALL");
}

/* Depth costs no C stack, whatever the limit. */
static void test_deep(void **state) {
  (void)state;
  enum { DEPTH = 20000 };
  static const struct {
    const char *opens;
    const char *closes;
  } kinds[] = {{"(", ")"}, {"NOT ", ""}, {"OR ", " ALL"}};
  c.limits.nesting = DEPTH;
  c.limits.search_keys = UINT32_MAX;
  for (size_t k = 0; k < IMAP4I_COUNT(kinds); k++) {
    size_t open = strlen(kinds[k].opens);
    size_t close = strlen(kinds[k].closes);
    size_t n = 0;
    char *text = malloc(DEPTH * (open + close) + 10);
    assert_non_null(text);
    text[n++] = ' ';
    for (size_t i = 0; i < DEPTH; i++, n += open) {
      memcpy(text + n, kinds[k].opens, open);
    }
    size_t cut = n;
    memcpy(text + n, "ALL", 3);
    n += 3;
    for (size_t i = 0; i < DEPTH; i++, n += close) {
      memcpy(text + n, kinds[k].closes, close);
    }
    assert_int_equal(parse_n(&c, imap4i_parse_search, text, n), IMAP4_OK);
    check_balance(&c.args.search);
    parse_end(&c);
    check_refused_n(&c, imap4i_parse_search, text, cut, NULL);
    c.limits.nesting = DEPTH - 1;
    check_refused_n(&c, imap4i_parse_search, text, n, NULL);
    c.limits.nesting = DEPTH;
    free(text);
  }
}

static void test_nomem(void **state) {
  (void)state;
  check_nomem(&c, imap4i_parse_search, " OR (NEW 1,2) NOT (HEADER a \"\\\"\" BODY {1}\r\nx OLD) UNSEEN ALL");
  check_nomem(&c, imap4i_parse_search, " CHARSET ISO-8859-1 BODY \"\xE9\" TEXT \"\xE9\"");
}

static void test_cuts(void **state) {
  (void)state;
  static const char text[] =
      " CHARSET ISO-8859-1 OR (NEW 1:2,*) NOT (HEADER \"a\" {1}\r\nx SINCE 1-Feb-1994) KEYWORD a";
  for (size_t n = 0; n < sizeof(text); n++) {
    int status = parse_n(&c, imap4i_parse_search, text, n);
    if (n == sizeof(text) - 1) assert_int_equal(status, IMAP4_OK);
    if (status != IMAP4_OK) check_refusal(&c.parser.error);
    parse_end(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_flag_keys, setup),
      cmocka_unit_test_setup(test_string_keys, setup),
      cmocka_unit_test_setup(test_other_keys, setup),
      cmocka_unit_test_setup(test_operators, setup),
      cmocka_unit_test_setup(test_refused, setup),
      cmocka_unit_test_setup(test_return, setup),
      cmocka_unit_test_setup(test_return_refused, setup),
      cmocka_unit_test_setup(test_without_features, setup),
      cmocka_unit_test_setup(test_uid_only, setup),
      cmocka_unit_test_setup(test_charset, setup),
      cmocka_unit_test_setup(test_charset_long, setup),
      cmocka_unit_test_setup(test_limits, setup),
      cmocka_unit_test_setup(test_deep, setup),
      cmocka_unit_test_setup(test_nomem, setup),
      cmocka_unit_test_setup(test_cuts, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
