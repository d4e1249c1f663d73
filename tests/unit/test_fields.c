/* SPDX-License-Identifier: MIT */
/* Header fields as ENVELOPE and BODYSTRUCTURE show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static void test_type(void **unused) {
  (void)unused;
#define PLAIN "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0)"
  static const char *const nonsense[] = {
      "", "text", "/plain", "text/", "text/plain charset=x", "t\xc3\xa4xt/plain", "text plain", ";"};
  char message[100];
  for (size_t i = 0; i < IMAP4I_COUNT(nonsense); i++) {
    strcpy(message, "Content-Type: ");
    strcat(message, nonsense[i]);
    strcat(message, "\r\n\r\n");
    assert_item(message, 'b', PLAIN);
  }
  assert_item("Content-Type: (c) a (c) / (c) b (c) ; (c) x=y\r\n\r\n", 'b',
              "(\"A\" \"B\" (\"X\" \"y\") NIL NIL \"7BIT\" 0)");
  assert_item("Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 'b', "(\"A\" \"B\" NIL NIL NIL \"7BIT\" 0)");
  assert_item("Content-Type: text/html; name=x\r\n\r\n", 'b',
              "(\"TEXT\" \"HTML\" (\"NAME\" \"x\" \"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0)");
  assert_item("Content-Type: message/delivery-status\r\n\r\n", 'b',
              "(\"MESSAGE\" \"DELIVERY-STATUS\" NIL NIL NIL \"7BIT\" 0)");
}

static void test_rest(void **unused) {
  (void)unused;
#define REST(fields, encoding, rest)                                                                         \
  assert_item("Content-Type: a/b\r\n" fields "\r\n\r\n", 's',                                                \
              "(\"A\" \"B\" NIL NIL NIL " encoding " 0 " rest ")")
  REST("Content-Transfer-Encoding: base64 (c)", "\"BASE64\"", "NIL NIL NIL NIL");
  REST("Content-Transfer-Encoding: x-y", "\"X-Y\"", "NIL NIL NIL NIL");
  REST("Content-Transfer-Encoding: two words", "\"7BIT\"", "NIL NIL NIL NIL");
  REST("Content-Transfer-Encoding:", "\"7BIT\"", "NIL NIL NIL NIL");
  REST("Content-Disposition: inline", "\"7BIT\"", "NIL (\"INLINE\" NIL) NIL NIL");
  REST("Content-Disposition: ; filename=x", "\"7BIT\"", "NIL NIL NIL NIL");
  REST("Content-Language: en (c), ,de", "\"7BIT\"", "NIL NIL (\"en\" \"de\") NIL");
  REST("Content-Language: en, \"de\"", "\"7BIT\"", "NIL NIL NIL NIL");
  REST("Content-Language:", "\"7BIT\"", "NIL NIL NIL NIL");
  REST("Content-Location: a\r\n b", "\"7BIT\"", "NIL NIL NIL \"a b\"");
  REST("Content-MD5: x=", "\"7BIT\"", "\"x=\" NIL NIL NIL");
}

static void test_names(void **unused) {
  (void)unused;
  assert_int_equal(imap4i_field_id(STR("DATE")), IMAP4I_FIELD_DATE);
  assert_int_equal(imap4i_field_id(STR("Content-Location")), IMAP4I_FIELD_LOCATION);
  assert_int_equal(imap4i_field_id(STR("Dates")), IMAP4I_FIELD_COUNT);
  assert_int_equal(imap4i_field_id(STR("Dat")), IMAP4I_FIELD_COUNT);
  assert_int_equal(imap4i_field_id(STR("")), IMAP4I_FIELD_COUNT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_envelope), cmocka_unit_test(test_type),
                                     cmocka_unit_test(test_rest), cmocka_unit_test(test_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
