/* SPDX-License-Identifier: MIT */
/* Arguments of FETCH: items, sections, labels. */
#include "imap4/session.h"
#include "parse_test.h"

static parse_case c;

static int setup(void **state) {
  (void)state;
  parse_setup(&c);
  return 0;
}

/* Items as "LABEL" or, with peek, "!LABEL", separated by "; ". */
static void check_items(const char *text, const char *expected) {
  char shown[2000];
  size_t n = 0;
  parse_ok(&c, imap4i_parse_fetch, text);
  assert_true(c.args.fetch.set.n > 0);
  for (size_t i = 0; i < c.args.fetch.count; i++) {
    const imap4i_fetch_item *item = &c.args.fetch.items[i];
    if (i > 0) shown[n++] = ';';
    if (i > 0) shown[n++] = ' ';
    if (item->peek) shown[n++] = '!';
    assert_true(n + item->label.n + 10 < sizeof(shown));
    memcpy(shown + n, item->label.p, item->label.n);
    n += item->label.n;
  }
  check_str(imap4i_str(shown, n), expected);
  parse_end(&c);
}

static void test_attributes(void **state) {
  (void)state;
  check_items(" 1 FLAGS", "FLAGS");
  check_items(" 1:* (UID Flags internaldate RFC822.SIZE envelope BODY BODYSTRUCTURE)",
              "UID; FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE; BODY; BODYSTRUCTURE");
  check_items(" 1 all", "FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE");
  check_items(" 1 FAST ", "FLAGS; INTERNALDATE; RFC822.SIZE");
  check_items(" 1 Full", "FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE; BODY");
  check_items(" 1 (FLAGS FLAGS flags)", "FLAGS");
  check_items(" 1 (FLAGS)", "FLAGS");
}

static void test_attribute_kinds(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint8_t kind;
  } kinds[] = {{" 1 UID", IMAP4I_FETCH_UID},
               {" 1 FLAGS", IMAP4I_FETCH_FLAGS},
               {" 1 INTERNALDATE", IMAP4I_FETCH_INTERNALDATE},
               {" 1 RFC822.SIZE", IMAP4I_FETCH_SIZE},
               {" 1 ENVELOPE", IMAP4I_FETCH_ENVELOPE},
               {" 1 BODY", IMAP4I_FETCH_BODY},
               {" 1 BODYSTRUCTURE", IMAP4I_FETCH_BODYSTRUCTURE},
               {" 1 emailid", IMAP4I_FETCH_EMAILID},
               {" 1 THREADID", IMAP4I_FETCH_THREADID},
               {" 1 (SaveDate)", IMAP4I_FETCH_SAVEDATE},
               {" 1 BODY[]", IMAP4I_FETCH_SECTION}};
  for (size_t i = 0; i < IMAP4I_COUNT(kinds); i++) {
    parse_ok(&c, imap4i_parse_fetch, kinds[i].text);
    assert_int_equal(c.args.fetch.items[0].kind, kinds[i].kind);
    parse_end(&c);
  }
}

static void test_preview(void **state) {
  (void)state;
  check_items(" 1 PREVIEW", "!PREVIEW");
  check_items(" 1 (UID preview (lazy) FLAGS)", "UID; !PREVIEW; FLAGS");
  parse_ok(&c, imap4i_parse_fetch, " 1 PREVIEW (LAZY)");
  assert_true(c.args.fetch.items[0].lazy);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_fetch, " 1 PREVIEW (Lazy LAZY)");
  assert_true(c.args.fetch.items[0].lazy);
  parse_end(&c);
  parse_ok(&c, imap4i_parse_fetch, " 1 (PREVIEW (LAZY) PREVIEW)");
  assert_int_equal(c.args.fetch.count, 1);
  assert_false(c.args.fetch.items[0].lazy);
  parse_end(&c);
  check_bad(&c, imap4i_parse_fetch, " 1 PREVIEW ()");
  check_bad(&c, imap4i_parse_fetch, " 1 PREVIEW (HASTY)");
  check_bad(&c, imap4i_parse_fetch, " 1 PREVIEW (LAZY HASTY)");
  check_bad(&c, imap4i_parse_fetch, " 1 (PREVIEW(LAZY))");
}

static void test_binary(void **state) {
  (void)state;
  check_items(" 1 (binary[] Binary.Peek[1.2.3]<5.6> BINARY.SIZE[7] BINARY[1] BODY[1])",
              "BINARY[]; !BINARY[1.2.3]<5>; !BINARY.SIZE[7]; BINARY[1]; BODY[1]");
  check_items(" 1 (BINARY.PEEK[1] BINARY[1])", "BINARY[1]");
  static const char *const bad[] = {
      " 1 BINARY",     " 1 BINARY.SIZE", " 1 BINARY.PEEK", " 1 BINARY[TEXT]",        " 1 BINARY[1.TEXT]",
      " 1 BINARY[1.]", " 1 BINARY[0]",   " 1 BINARY[1",    " 1 BINARY.SIZE[1]<0.1>", " 1 BINARY[1]<0.0>"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    check_bad(&c, imap4i_parse_fetch, bad[i]);
}

static void check_section(const char *text, uint8_t kind, size_t parts, size_t fields, bool peek,
                          const char *label) {
  parse_ok(&c, imap4i_parse_fetch, text);
  assert_int_equal(c.args.fetch.count, 1);
  const imap4i_fetch_item *item = &c.args.fetch.items[0];
  assert_int_equal(item->kind, IMAP4I_FETCH_SECTION);
  assert_int_equal(item->section.kind, kind);
  assert_int_equal(item->section.part_count, parts);
  assert_int_equal(item->section.field_count, fields);
  assert_int_equal(item->peek, peek);
  check_str(item->label, label);
  for (size_t i = 0; i < parts; i++) {
    assert_true(item->section.parts[i] >= 1);
  }
  parse_end(&c);
}

static void test_sections(void **state) {
  (void)state;
  check_section(" 1 RFC822", IMAP4I_SECTION_ALL, 0, 0, false, "RFC822");
  check_section(" 1 RFC822.HEADER", IMAP4I_SECTION_HEADER, 0, 0, true, "RFC822.HEADER");
  check_section(" 1 rfc822.text", IMAP4I_SECTION_TEXT, 0, 0, false, "RFC822.TEXT");
  check_section(" 1 BODY[]", IMAP4I_SECTION_ALL, 0, 0, false, "BODY[]");
  check_section(" 1 body.peek[]", IMAP4I_SECTION_ALL, 0, 0, true, "BODY[]");
  check_section(" 1 BODY[header]", IMAP4I_SECTION_HEADER, 0, 0, false, "BODY[HEADER]");
  check_section(" 1 BODY[Text]", IMAP4I_SECTION_TEXT, 0, 0, false, "BODY[TEXT]");
  check_section(" 1 BODY[1]", IMAP4I_SECTION_ALL, 1, 0, false, "BODY[1]");
  check_section(" 1 BODY.PEEK[1.2.3]", IMAP4I_SECTION_ALL, 3, 0, true, "BODY[1.2.3]");
  check_section(" 1 BODY[4294967295.mime]", IMAP4I_SECTION_MIME, 1, 0, false, "BODY[4294967295.MIME]");
  check_section(" 1 BODY[1.2.HEADER]", IMAP4I_SECTION_HEADER, 2, 0, false, "BODY[1.2.HEADER]");
  check_section(" 1 BODY[1.TEXT]", IMAP4I_SECTION_TEXT, 1, 0, false, "BODY[1.TEXT]");
  check_section(" 1 BODY[header.fields (Subject fROM)]", IMAP4I_SECTION_FIELDS, 0, 2, false,
                "BODY[HEADER.FIELDS (Subject fROM)]");
  check_section(" 1 BODY[1.HEADER.FIELDS.not (\"To\")]", IMAP4I_SECTION_FIELDS_NOT, 1, 1, false,
                "BODY[1.HEADER.FIELDS.NOT (To)]");
  check_section(" 1 BODY[HEADER.FIELDS (\"a b\" {3}\r\nc\"\\ a]b nil \"\")]", IMAP4I_SECTION_FIELDS, 0, 5,
                false, "BODY[HEADER.FIELDS (\"a b\" \"c\\\"\\\\\" a]b \"nil\" \"\")]");
}

static void check_partial(const char *text, uint64_t offset, uint64_t count, const char *label) {
  parse_ok(&c, imap4i_parse_fetch, text);
  assert_true(c.args.fetch.items[0].partial);
  assert_true(c.args.fetch.items[0].offset == offset);
  assert_true(c.args.fetch.items[0].count == count);
  check_str(c.args.fetch.items[0].label, label);
  parse_end(&c);
}

static void test_partial(void **state) {
  (void)state;
  check_partial(" 1 BODY[]<0.1>", 0, 1, "BODY[]<0>");
  check_partial(" 1 (BODY.PEEK[1.TEXT]<100.4294967295>)", 100, 4294967295u, "BODY[1.TEXT]<100>");
  check_partial(" 1 BODY[]<9223372036854775807.9223372036854775807>", INT64_MAX, INT64_MAX,
                "BODY[]<9223372036854775807>");
  check_partial(" 1 BODY[HEADER.FIELDS (a)]<0007.5>", 7, 5, "BODY[HEADER.FIELDS (a)]<7>");
  static const char *const bad[] = {"<>",
                                    "<0>",
                                    "<0.0>",
                                    "<.1>",
                                    "<0.>",
                                    "<0.1",
                                    "<0.1.2>",
                                    "<-1.1>",
                                    "<0.-1>",
                                    "<0.01>",
                                    "< 0.1>",
                                    "<a.b>",
                                    "<0.1>x",
                                    "<0.1><0.1>",
                                    "<9223372036854775808.1>",
                                    "<0.9223372036854775808>",
                                    "<18446744073709551616.1>",
                                    " <0.1>"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    char text[100] = " 1 BODY[]";
    memcpy(text + 9, bad[i], strlen(bad[i]));
    check_bad(&c, imap4i_parse_fetch, text);
  }
}

static void test_doubles(void **state) {
  (void)state;
  check_items(" 1 (BODY[] BODY[])", "BODY[]");
  check_items(" 1 (BODY.PEEK[] BODY[])", "BODY[]");
  check_items(" 1 (BODY[] BODY.PEEK[])", "BODY[]");
  check_items(" 1 (BODY.PEEK[] body.peek[])", "!BODY[]");
  check_items(" 1 (BODY[] RFC822)", "BODY[]; RFC822");
  check_items(" 1 (BODY[]<0.5> BODY[]<0.5> BODY[])", "BODY[]<0>; BODY[]");
  /* The same start, but not the same data. */
  check_items(" 1 (BODY[]<0.5> BODY[]<0.6>)", "BODY[]<0>; BODY[]<0>");
  check_items(" 1 (BODY BODYSTRUCTURE BODY[TEXT] BODY.PEEK[TEXT] UID UID)",
              "BODY; BODYSTRUCTURE; BODY[TEXT]; UID");
}

/* The modifier of RFC 9394. */
static void check_modifier(const char *text, uint32_t first, uint32_t last, bool from_end) {
  check_items(text, "UID");
  parse_ok(&c, imap4i_parse_fetch, text);
  assert_int_equal(c.args.fetch.partial.first, first);
  assert_int_equal(c.args.fetch.partial.last, last);
  assert_int_equal(c.args.fetch.partial.from_end, from_end);
  parse_end(&c);
}

static void test_modifiers(void **state) {
  (void)state;
  check_modifier(" 1 UID", 0, 0, false);
  check_modifier(" 1 UID (PARTIAL 1:5)", 1, 5, false);
  check_modifier(" 1 (UID) (partial -500:-4) ", 500, 4, true);
  static const char *const bad[] = {"()",
                                    "(PARTIAL)",
                                    "(PARTIAL 1)",
                                    "(PARTIAL 1:5",
                                    "( PARTIAL 1:5)",
                                    "(PARTIAL 1:5 )",
                                    "(PARTIAL 1:5)x",
                                    "(PARTIAL 1:5) (PARTIAL 1:5)",
                                    "(PARTIAL 1:5 PARTIAL 1:5)",
                                    "(PARTIAL 1:5,UID)",
                                    "(PARTIAL *:5)",
                                    "PARTIAL 1:5",
                                    "(MODSEQ 5)"};
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    char text[60] = " 1 UID ";
    strcat(text, bad[i]);
    check_bad(&c, imap4i_parse_fetch, text);
  }
  parse_begin(&c, " 1 UID (PARTIAL 1:5)", 20);
  c.parser.features_off = IMAP4_FEATURE_PARTIAL;
  assert_int_equal(imap4i_parse_fetch(&c.parser, &c.args), IMAP4I_PARSE_REFUSED);
  parse_end(&c);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",
      " ",
      " 1",
      " 1 ",
      " FLAGS",
      " 1 ()",
      " 1 (",
      " 1 (FLAGS",
      " 1 (FLAGS ",
      " 1 (FLAGS )",
      " 1 ( FLAGS)",
      " 1 (FLAGS  UID)",
      " 1 ((FLAGS))",
      " 1 FLAGS UID",
      " 1 FLAGS)",
      " 1 (FLAGS) UID",
      " 1 (ALL)",
      " 1 (FLAGS FAST)",
      " 1 ALL FLAGS",
      " 1 ALLX",
      " 1 FOO",
      " 1 MODSEQS",
      " 1 BINARY[p",
      " 1 BODY.PEEK",
      " 1 BODYSTRUCTURE[]",
      " 1 RFC822[]",
      " 1 RFC822.HEADER[]",
      " 1 RFC822.PEEK",
      " 1 RFC822<0.1>",
      " 1 BODY<0.1>",
      " 1 BODY []",
      " 1 BODY[",
      " 1 BODY[p",
      " 1 BODY[p]",
      " 1 BODY[1",
      " 1 BODY[1.",
      " 1 BODY[1.]",
      " 1 BODY[.1]",
      " 1 BODY[0]",
      " 1 BODY[1.0]",
      " 1 BODY[01]",
      " 1 BODY[1..2]",
      " 1 BODY[-1]",
      " 1 BODY[4294967296]",
      " 1 BODY[99999999999999999999]",
      " 1 BODY[MIME]",
      " 1 BODY[1HEADER]",
      " 1 BODY[1.FOO]",
      " 1 BODY[HEADER.1]",
      " 1 BODY[TEXT.1]",
      " 1 BODY[1.HEADER.]",
      " 1 BODY[ ]",
      " 1 BODY[HEADER ]",
      " 1 BODY[ HEADER]",
      " 1 BODY[HEADER (a)]",
      " 1 BODY[HEADER.FIELDS]",
      " 1 BODY[HEADER.FIELDS ]",
      " 1 BODY[HEADER.FIELDS a]",
      " 1 BODY[HEADER.FIELDS ()]",
      " 1 BODY[HEADER.FIELDS (a]",
      " 1 BODY[HEADER.FIELDS (a)",
      " 1 BODY[HEADER.FIELDS (a )]",
      " 1 BODY[HEADER.FIELDS(a)]",
      " 1 BODY[HEADER.FIELDS (a)x]",
      " 1 BODY[HEADER.FIELDS (\"a\x01\")]",
      " 1 BODY[HEADER.FIELDS (\"\xC3\xA9\")]",
      " 1 BODY[HEADER.FIELDS ({2}\r\na\n)]",
      " 1 BODY[]]",
      " 1 BODY[][]",
  };
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    check_bad(&c, imap4i_parse_fetch, bad[i]);
  }
}

static void test_limits(void **state) {
  (void)state;
  c.limits.list_items = 3;
  c.limits.section_depth = 2;
  check_items(" 1 (UID FLAGS)", "UID; FLAGS");
  check_items(" 1 (UID FLAGS ENVELOPE)", "UID; FLAGS; ENVELOPE");
  check_bad(&c, imap4i_parse_fetch, " 1 (UID FLAGS ENVELOPE BODY)");
  check_bad(&c, imap4i_parse_fetch, " 1 (UID UID UID UID)");
  check_items(" 1 FULL", "FLAGS; INTERNALDATE; RFC822.SIZE; ENVELOPE; BODY");
  check_items(" 1 BODY[1]", "BODY[1]");
  check_items(" 1 BODY[1.2.MIME]", "BODY[1.2.MIME]");
  check_bad(&c, imap4i_parse_fetch, " 1 BODY[1.2.3]");
  check_bad(&c, imap4i_parse_fetch, " 1 BODY[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]");
  check_items(" 1 BODY[HEADER.FIELDS (a b)]", "BODY[HEADER.FIELDS (a b)]");
  check_items(" 1 BODY[HEADER.FIELDS (a b c)]", "BODY[HEADER.FIELDS (a b c)]");
  check_bad(&c, imap4i_parse_fetch, " 1 BODY[HEADER.FIELDS (a b c d)]");
  for (size_t n = 997; n <= 999; n++) {
    char text[1100] = " 1 BODY[HEADER.FIELDS (\"";
    size_t at = strlen(text);
    for (size_t i = 0; i < n; i++) {
      text[at + i] = i % 2 == 0 ? 'x' : 'y';
    }
    at += n;
    memcpy(text + at, "\")]", 3);
    int status = parse_n(&c, imap4i_parse_fetch, text, at + 3);
    assert_int_equal(status, n <= 998 ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
    parse_end(&c);
  }
}

/* The longest label that there can be for its section fits the room that is made for it. */
static void test_long_label(void **state) {
  (void)state;
  c.limits.section_depth = 3;
  check_items(
      " 1 BODY[4294967295.4294967295.4294967295.HEADER.FIELDS.NOT (\"\\\"\\\"\\\"\" \"\\\\\\\\\" \" \")]"
      "<9223372036854775807.1>",
      "BODY[4294967295.4294967295.4294967295.HEADER.FIELDS.NOT (\"\\\"\\\"\\\"\" \"\\\\\\\\\" \" \")]"
      "<9223372036854775807>");
}

static void test_nomem(void **state) {
  (void)state;
  check_nomem(&c, imap4i_parse_fetch, " 1 FULL");
  check_nomem(&c, imap4i_parse_fetch, " 1,2 (FLAGS UID BODY[1.2.3] BODY[HEADER.FIELDS (a \"\\\"\")]<0.5>)");
  check_nomem(&c, imap4i_parse_fetch,
              " 1 (UID FLAGS ENVELOPE BODY BODYSTRUCTURE INTERNALDATE RFC822 RFC822.SIZE RFC822.TEXT)");
}

static void test_cuts(void **state) {
  (void)state;
  static const char text[] = " 1:2,* (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (a \"b\" {1}\r\nc)]<0.5> RFC822)";
  for (size_t n = 0; n < sizeof(text); n++) {
    int status = parse_n(&c, imap4i_parse_fetch, text, n);
    assert_int_equal(status, n == sizeof(text) - 1 ? IMAP4_OK : IMAP4I_PARSE_REFUSED);
    if (status != IMAP4_OK) check_refusal(&c.parser.error);
    parse_end(&c);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_attributes, setup), cmocka_unit_test_setup(test_attribute_kinds, setup),
      cmocka_unit_test_setup(test_sections, setup),   cmocka_unit_test_setup(test_partial, setup),
      cmocka_unit_test_setup(test_doubles, setup),    cmocka_unit_test_setup(test_modifiers, setup),
      cmocka_unit_test_setup(test_binary, setup),     cmocka_unit_test_setup(test_preview, setup),
      cmocka_unit_test_setup(test_refused, setup),    cmocka_unit_test_setup(test_limits, setup),
      cmocka_unit_test_setup(test_long_label, setup), cmocka_unit_test_setup(test_nomem, setup),
      cmocka_unit_test_setup(test_cuts, setup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
