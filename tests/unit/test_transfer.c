/* SPDX-License-Identifier: MIT */
/* Content-Transfer-Encoding by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/transfer.h"
#include "flow_check.h"

typedef struct named {
  imap4_str name;
  imap4i_transfer transfer;
} named;

static void begin(void *state) {
  named *n = state;
  (void)imap4i_transfer_init(&n->transfer, n->name);
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_transfer_feed(&((named *)state)->transfer, flow);
}

static void becomes(imap4_str name, imap4_str in, imap4_str expected) {
  named state = {.name = name};
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_all(&check, in, expected);
}

static void test_names(void **unused) {
  (void)unused;
  imap4i_transfer transfer;
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("")));
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("7BIT")));
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("8bit")));
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("binary")));
  assert_int_equal(transfer.kind, IMAP4I_TRANSFER_IDENTITY);
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("Base64")));
  assert_int_equal(transfer.kind, IMAP4I_TRANSFER_BASE64);
  assert_true(imap4i_transfer_init(&transfer, IMAP4I_S("QUOTED-PRINTABLE")));
  assert_int_equal(transfer.kind, IMAP4I_TRANSFER_QP);
  assert_false(imap4i_transfer_init(&transfer, IMAP4I_S("x-uuencode")));
  assert_false(imap4i_transfer_init(&transfer, IMAP4I_S("base64 ")));
  assert_false(imap4i_transfer_init(&transfer, IMAP4I_S("7bit 8bit")));
  assert_int_equal(transfer.kind, IMAP4I_TRANSFER_IDENTITY);
}

static void test_decoding(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("base64"), IMAP4I_S("Zm9v\r\nYg=="), IMAP4I_S("foob"));
  becomes(IMAP4I_S("quoted-printable"), IMAP4I_S("a=3Db =\r\n"), IMAP4I_S("a=b "));
  becomes(IMAP4I_S("8bit"), IMAP4I_S("a=3D \r\n\0\xff"), IMAP4I_S("a=3D \r\n\0\xff"));
  becomes(IMAP4I_S("unheard-of"), IMAP4I_S("Zm9v"), IMAP4I_S("Zm9v"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),
      cmocka_unit_test(test_decoding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
