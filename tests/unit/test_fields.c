/* SPDX-License-Identifier: MIT */
/* Header fields as ENVELOPE and BODYSTRUCTURE show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "imap4/error.h"
#include "mail/digest.h"
#include "mail/fields.h"
#include "mail_check.h"
#include "memory_check.h"

#define A "((NIL NIL \"a\" \"b\"))"
#define C "((NIL NIL \"c\" \"d\"))"

static void test_envelope(void **unused) {
  (void)unused;
  assert_item("\r\n", 'e', "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
  assert_item("Date:  now \r\nSubject: a\r\n  b\r\nFrom: a@b\r\nTo: c@d\r\nCc: a@b\r\nBcc: c@d\r\n"
              "In-Reply-To: <x>\r\n <y>\r\nMessage-ID: <i>\r\n\r\n",
              'e', "(\"now \" \"a b\" " A " " A " " A " " C " " A " " C " \"<x> <y>\" \"<i>\")");
  /* Sender and Reply-To come from From when missing or empty. */
  assert_item("From: a@b\r\nSender:\r\nReply-To: c@d\r\n\r\n", 'e',
              "(NIL NIL " A " " A " " C " NIL NIL NIL NIL NIL)");
  assert_item("Sender: a@b\r\n\r\n", 'e', "(NIL NIL NIL " A " NIL NIL NIL NIL NIL NIL)");
  /* Present but empty is not missing. */
  assert_item("Subject:\r\nMessage-ID: \r\n\r\n", 'e', "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL \"\")");
  /* Of two, the last; address lists are joined. */
  assert_item("Subject: a\r\nSubject: b\r\nTo: a@b\r\nTo: c@d\r\n\r\n", 'e',
              "(NIL \"b\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)");
  assert_item("Subject: \x80\"\r\n\r\n", 'e', "(NIL {2}\r\n\x80\" NIL NIL NIL NIL NIL NIL NIL NIL)");
}

/* Of a value that is white space alone, all but the first octet stays. */
static void test_blank(void **unused) {
  (void)unused;
  assert_item("Date: \r\nIn-Reply-To:\r\nMessage-ID:\t  \r\n\r\n", 'e',
              "(\"\" NIL NIL NIL NIL NIL NIL NIL \"\" \"  \")");
  assert_item("Date: \t\r\n x\r\nMessage-ID:\r\n  x\r\nSubject: \t \r\n x \r\n\r\n", 'e',
              "(\"\t x\" \"x\" NIL NIL NIL NIL NIL NIL NIL \"  x\")");
}

/* CR that ends no line is white space, together with what follows. */
static void test_lone_cr(void **unused) {
  (void)unused;
  assert_item("Date: 1 Feb\r2003\r\nIn-Reply-To: a\r b\r\rc\r\n d\r\nMessage-ID: <a\rb>\r\n\r\n", 'e',
              "(\"1 Feb 2003\" NIL NIL NIL NIL NIL NIL NIL \"a b c d\" \"<a b>\")");
  assert_item("Content-Type: a/b; c=\"d\re\"\r\nContent-ID: <a\rb>\r\nContent-Description: a\rb\r\n"
              "Content-Location: a\rb\r\n\r\n",
              's', "(\"A\" \"B\" (\"C\" {3}\r\nd\re) \"<a b>\" \"a b\" \"7BIT\" 0 NIL NIL NIL \"a b\")");
}

/* A list that is longer than what is held of it at once is the same list, groups too. */
static void test_long_list(void **unused) {
  (void)unused;
  enum { ROUNDS = 100, ROOM = 40000 };
  static const char given[] = "\"a, b\" <c@d>,\r\n (x,y) e@f (n(,)),g: h@i, <@r,@s:j@[1,2]>;, ,k@l,\r\n ";
  static const char shown[] = "(\"a, b\" NIL \"c\" \"d\")(\"n(,)\" NIL \"e\" \"f\")"
                              "(NIL NIL \"g\" NIL)(NIL NIL \"h\" \"i\")(NIL \"@r,@s\" \"j\" \"[1,2]\")"
                              "(NIL NIL NIL NIL)(NIL NIL \"k\" \"l\")";
  char *message = malloc(ROOM);
  char *want = malloc(ROOM);
  strcpy(message, "To: ");
  strcpy(want, "(NIL NIL NIL NIL NIL (");
  for (int i = 0; i < ROUNDS; i++) {
    strcat(message, given);
    strcat(want, shown);
  }
  strcat(message, "\r\n\r\n");
  strcat(want, ") NIL NIL NIL NIL)");
  assert_in_range(strlen(message), 5000, 16000);
  assert_item(message, 'e', want);
  free(message);
  free(want);
}

/* Lists that a limit cuts are still lists. */
static void test_limits(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
#define NILS "(NIL NIL NIL NIL)"
  limits.addresses = 2;
  assert_item_limited(&limits, "To: g: a@b, c@d;\r\nCc: g: a@b\r\nCc: c@d\r\nBcc: ,,,\r\n\r\n", 'e',
                      "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")" NILS
                      ") ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")" NILS
                      ") ((NIL NIL \"\" \"\")(NIL NIL \"\" \"\")) NIL NIL)");
  limits.addresses = 1;
  assert_item_limited(&limits, "To: g: a@b;\r\nTo: c@d\r\nCc: g:;, h:;\r\n\r\n", 'e',
                      "(NIL NIL NIL NIL NIL ((NIL NIL \"g\" NIL)" NILS ") ((NIL NIL \"g\" NIL)" NILS
                      ") NIL NIL NIL)");
}

static void test_type(void **unused) {
  (void)unused;
#define PLAIN "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0)"
  static const char *const nonsense[] = {"",
                                         "text",
                                         "text/plain charset=x",
                                         "text/plain, charset=x",
                                         "t\xc3\xa4xt/plain",
                                         "text plain",
                                         ";",
                                         "a;x=y",
                                         "a/",
                                         "a/ (c)",
                                         "a/(c",
                                         "a/b/c",
                                         "\"a/b\""};
  char message[100];
  for (size_t i = 0; i < IMAP4I_COUNT(nonsense); i++) {
    strcpy(message, "Content-Type: ");
    strcat(message, nonsense[i]);
    strcat(message, "\r\n\r\n");
    assert_item(message, 'b', PLAIN);
  }
#define TYPE(type, want) assert_item("Content-Type: " type "\r\n\r\n", 'b', "(" want ")")
  TYPE("(c) a (c) / (c) b (c) ; (c) x=y", "\"A\" \"B\" (\"X\" \"y\") NIL NIL \"7BIT\" 0");
  TYPE("/plain", "\"\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0");
  TYPE("text/; x=y", "\"TEXT\" \"\" (\"X\" \"y\" \"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0");
  TYPE("a/b (c; x=y", "\"A\" \"B\" NIL NIL NIL \"7BIT\" 0");
  TYPE("message/delivery-status", "\"MESSAGE\" \"DELIVERY-STATUS\" NIL NIL NIL \"7BIT\" 0");
  /* Of two, the first that can be understood. */
  TYPE("a/b\r\nContent-Type: c/d", "\"A\" \"B\" NIL NIL NIL \"7BIT\" 0");
  TYPE("a\r\nContent-Type: c/d", "\"C\" \"D\" NIL NIL NIL \"7BIT\" 0");
}

static void test_default_charset(void **unused) {
  (void)unused;
#define HTML(given, params) TYPE("text/html" given, "\"TEXT\" \"HTML\" (" params ") NIL NIL \"7BIT\" 0 0")
  HTML("", "\"CHARSET\" \"us-ascii\"");
  HTML("; charset", "\"CHARSET\" \"us-ascii\"");
  HTML("; charset=\"", "\"CHARSET\" \"us-ascii\"");
  HTML("; name=x", "\"NAME\" \"x\" \"CHARSET\" \"us-ascii\"");
  HTML("; charset=\"\"", "\"CHARSET\" \"\"");
  HTML("; charset*=us-ascii''utf-8", "\"CHARSET*\" \"us-ascii''utf-8\"");
  HTML("; charset*0=u; charset*1=v", "\"CHARSET\" \"uv\"");
  HTML("; name=x y", "\"NAME\" \"x y\"");
  HTML("; name=x/y; charset=z", "\"NAME\" \"x/y\" \"CHARSET\" \"z\"");
}

/* Where not all servers see a structure, its parts have no more than what stands there. */
static void test_no_default_charset(void **unused) {
  (void)unused;
#define TEXTS(type, first)                                                                                   \
  assert_item("Content-Type: multipart/mixed; " type                                                         \
              "\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--",                    \
              'b',                                                                                           \
              "((\"TEXT\" \"HTML\" " first " NIL NIL \"7BIT\" 1 0)"                                          \
              "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 1 0) \"MIXED\")")
  TEXTS("boundary=b", "(\"CHARSET\" \"us-ascii\")");
  TEXTS("x:y; boundary=b;;", "(\"CHARSET\" \"us-ascii\")");
  TEXTS("boundary*0=b", "(\"CHARSET\" \"us-ascii\")");
  TEXTS("; boundary=b", "NIL");
  TEXTS("x; boundary=b", "NIL");
  TEXTS("boundary*=us-ascii''b", "NIL");
  assert_item("Content-Type: text\r\nContent-Type: text/html\r\n\r\n", 'b',
              "(\"TEXT\" \"HTML\" NIL NIL NIL \"7BIT\" 0 0)");
}

/* In a digest what has no type that can be understood is a message. */
static void test_digest_default(void **unused) {
  (void)unused;
#define DIGEST(field, want)                                                                                  \
  assert_item("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n" field "\r\n\r\n--b--", 'b',        \
              "((" want ") \"DIGEST\")")
#define EMPTY_MESSAGE                                                                                        \
  "\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 0 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) " PLAIN " 0"
  DIGEST("X: y", EMPTY_MESSAGE);
  DIGEST("Content-Type: text", EMPTY_MESSAGE);
  DIGEST("Content-Type: text/plain junk", EMPTY_MESSAGE);
  DIGEST("Content-Type: a/b", "\"A\" \"B\" NIL NIL NIL \"7BIT\" 0");
}

/* A part is found by its boundary however that is given. */
static void test_boundary(void **unused) {
  (void)unused;
#define PARTS(type)                                                                                          \
  assert_item("Content-Type: multipart/mixed; " type "\r\n\r\n--ab\r\nContent-Type: x/y\r\n\r\nz\r\n--ab--", \
              'b', "((\"X\" \"Y\" NIL NIL NIL \"7BIT\" 1) \"MIXED\")")
  PARTS("boundary=ab");
  PARTS("boundary=ab cd");
  PARTS("boundary*0=a; boundary*1=b");
  PARTS("boundary*1=b; boundary*0=a");
  PARTS("boundary*=us-ascii''a%62");
  PARTS("boundary*0*=us-ascii''a; boundary*1*=%62");
  PARTS("boundary*0=a; boundary*1*=%62");
  PARTS("boundary*0=cd; boundary=ab");
}

static void test_rest(void **unused) {
  (void)unused;
#define REST(fields, encoding, rest)                                                                         \
  assert_item("Content-Type: a/b\r\n" fields "\r\n\r\n", 's',                                                \
              "(\"A\" \"B\" NIL NIL NIL " encoding " 0 " rest ")")
#define LANGUAGE(language, rest) REST("Content-Language: " language, "\"7BIT\"", "NIL NIL " rest " NIL")
  LANGUAGE("en (c), (c) de", "(\"en\" \"de\")");
  LANGUAGE("en, ,de", "(\"en\")");
  LANGUAGE("en, de x, fr", "(\"en\" \"de\")");
  LANGUAGE("en, \"de\"", "(\"en\")");
  LANGUAGE("en;q=1", "(\"en\")");
  LANGUAGE("\xff", "({1}\r\n\xff)");
  LANGUAGE(",en", "NIL");
  LANGUAGE("\"en\"", "NIL");
  LANGUAGE("en (c", "NIL");
  LANGUAGE("", "NIL");
  LANGUAGE("en\r\nContent-Language: de", "(\"en\")");
  LANGUAGE("\r\nContent-Language: de", "(\"de\")");
  REST("Content-Location: a\r\n b", "\"7BIT\"", "NIL NIL NIL \"a b\"");
  REST("Content-MD5: x=", "\"7BIT\"", "\"x=\" NIL NIL NIL");
  REST("Content-MD5: x\r\nContent-MD5: y", "\"7BIT\"", "\"x\" NIL NIL NIL");
}

static void test_encoding(void **unused) {
  (void)unused;
#define ENCODING(encoding, shown)                                                                            \
  REST("Content-Transfer-Encoding: " encoding, "\"" shown "\"", "NIL NIL NIL NIL")
  ENCODING("base64 (c)", "BASE64");
  ENCODING("(c)\r\n x-y", "X-Y");
  ENCODING("two words", "7BIT");
  ENCODING("base64;", "7BIT");
  ENCODING("base64 (c", "7BIT");
  ENCODING("", "7BIT");
  ENCODING("8bit\r\nContent-Transfer-Encoding: base64", "BASE64");
  ENCODING("8bit\r\nContent-Transfer-Encoding: base64;", "8BIT");
  ENCODING("\r\nContent-Transfer-Encoding: base64", "BASE64");
}

static void assert_encoding(const char *valuez, unsigned encoding) {
  memory_check memory;
  imap4_limits limits;
  imap4i_fields *fields = calloc(1, sizeof(*fields));
  imap4i_maker maker;
  assert_int_equal(imap4_limits_init(&limits, sizeof(limits), 1), IMAP4_OK);
  imap4i_mem *mem = memory_check_init(&memory);
  imap4i_maker_init(&maker, mem, &limits);
  assert_true(imap4i_maker_open(&maker));
  imap4i_fields_init(fields, mem, &limits, &maker);
  assert_int_equal(imap4i_fields_add(fields, IMAP4I_FIELD_ENCODING, STR(valuez)), IMAP4_OK);
  assert_int_equal(imap4i_fields_finish(fields, false, false), IMAP4_OK);
  assert_int_equal(fields->encoding, encoding);
  imap4i_fields_free(fields);
  imap4i_maker_free(&maker);
  free(fields);
  memory_check_end(&memory);
}

/* How the body is read, which search depends on. */
static void test_decoding(void **unused) {
  (void)unused;
  assert_encoding("7bit", IMAP4I_ENCODING_IDENTITY);
  assert_encoding("8BIT", IMAP4I_ENCODING_IDENTITY);
  assert_encoding("binary; x", IMAP4I_ENCODING_IDENTITY);
  assert_encoding("base64", IMAP4I_ENCODING_BASE64);
  assert_encoding("base64;", IMAP4I_ENCODING_BASE64);
  assert_encoding("base64(c", IMAP4I_ENCODING_BASE64);
  assert_encoding("quoted-printable", IMAP4I_ENCODING_QUOTED_PRINTABLE);
  assert_encoding("quoted printable", IMAP4I_ENCODING_OTHER);
  assert_encoding("text/html", IMAP4I_ENCODING_OTHER);
  assert_encoding("x-unknown", IMAP4I_ENCODING_OTHER);
  assert_encoding("\"7bit\"", IMAP4I_ENCODING_OTHER);
  assert_encoding("", IMAP4I_ENCODING_OTHER);
}

static void test_disposition(void **unused) {
  (void)unused;
#define DISPOSITION(given, want) REST("Content-Disposition: " given, "\"7BIT\"", "NIL " want " NIL NIL")
  DISPOSITION("inline", "(\"INLINE\" NIL)");
  DISPOSITION("; filename=x", "NIL");
  DISPOSITION("\"inline\"; filename=x", "NIL");
  DISPOSITION("inline (c; filename=x", "NIL");
  DISPOSITION("inline (;x=y) z; filename=x y", "(\"INLINE\" (\"FILENAME\" \"x y\"))");
  DISPOSITION("inl\xff", "({4}\r\nINL\xff NIL)");
  DISPOSITION("inline; a=b\r\nContent-Disposition: attachment; c=d", "(\"INLINE\" (\"A\" \"b\"))");
  DISPOSITION("inline\r\nContent-Disposition: attachment; c=d", "(\"ATTACHMENT\" (\"C\" \"d\"))");
  DISPOSITION("inline\r\nContent-Disposition:", "(\"INLINE\" NIL)");
}

/* Parameters are spans of the field: their memory depends on how many there are alone. */
static void test_heap(void **unused) {
  (void)unused;
  enum { OCTETS = 65536 };
  static const char *const fills[] = {"; n*0=x", "; =", "\"", "(", "; a=\"x\xff\\", "; boundary*=%41'", "*"};
  memory_check memory;
  imap4i_params params;
  imap4_limits limits;
  char *text = malloc(OCTETS);
  assert_int_equal(imap4_limits_init(&limits, sizeof(limits), 1), IMAP4_OK);
  for (size_t i = 0; i < IMAP4I_COUNT(fills); i++) {
    size_t n = strlen(fills[i]);
    strcpy(text, "; a=");
    for (size_t at = 4; at < OCTETS; at++)
      text[at] = fills[i][at % n];
    imap4i_params_init(&params, memory_check_init(&memory), limits.mime_parameters);
    assert_int_equal(imap4i_params_parse(&params, imap4i_str(text, OCTETS)), IMAP4_OK);
    assert_true(memory.mem.peak <= 16384);
    imap4i_params_free(&params);
    memory_check_end(&memory);
  }
  free(text);
}

static void test_names(void **unused) {
  (void)unused;
  assert_int_equal(imap4i_field_id(STR("DATE")), IMAP4I_FIELD_DATE);
  assert_int_equal(imap4i_field_id(STR("Content-Location")), IMAP4I_FIELD_LOCATION);
  assert_int_equal(imap4i_field_id(STR("Dates")), IMAP4I_FIELD_COUNT);
  assert_int_equal(imap4i_field_id(STR("Dat")), IMAP4I_FIELD_COUNT);
  assert_int_equal(imap4i_field_id(STR("")), IMAP4I_FIELD_COUNT);
}

/* limits.h: of a list of addresses 1,000 are shown, each up to |mime_field_octets|; nothing there bounds all
 * of them together. */
static void test_whole_list(void **unused) {
  (void)unused;
  enum { COUNT = 1000, ROOM = 200000 };
  char *message = malloc(ROOM);
  char *want = malloc(ROOM);
  size_t m = (size_t)sprintf(message, "To: ");
  size_t n = (size_t)sprintf(want, "(NIL NIL NIL NIL NIL (");
  for (int i = 0; i < COUNT; i++) {
    m += (size_t)sprintf(message + m, "%su%04d@%080d.example", i > 0 ? ",\r\n " : "", i, i);
    n += (size_t)sprintf(want + n, "(NIL NIL \"u%04d\" \"%080d.example\")", i, i);
  }
  strcpy(message + m, "\r\n\r\n");
  strcpy(want + n, ") NIL NIL NIL NIL)");
  assert_item(message, 'e', want);
  free(message);
  free(want);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_whole_list),     cmocka_unit_test(test_envelope),
      cmocka_unit_test(test_blank),          cmocka_unit_test(test_lone_cr),
      cmocka_unit_test(test_long_list),      cmocka_unit_test(test_limits),
      cmocka_unit_test(test_type),           cmocka_unit_test(test_default_charset),
      cmocka_unit_test(test_boundary),       cmocka_unit_test(test_no_default_charset),
      cmocka_unit_test(test_digest_default), cmocka_unit_test(test_rest),
      cmocka_unit_test(test_encoding),       cmocka_unit_test(test_decoding),
      cmocka_unit_test(test_disposition),    cmocka_unit_test(test_heap),
      cmocka_unit_test(test_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
