/* SPDX-License-Identifier: MIT */
/* Each way to decode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/transfer.h"
#include "flow_check.h"

typedef struct body {
  int kind;
  imap4i_transfer transfer;
} body;

static void begin(void *state) {
  body *b = state;
  imap4i_transfer_begin(&b->transfer, b->kind);
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_transfer_feed(&((body *)state)->transfer, flow);
}

static void becomes(int kind, imap4_str in, imap4_str expected) {
  body state = {.kind = kind};
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_all(&check, in, expected);
}

static void test_decoding(void **unused) {
  (void)unused;
  becomes(IMAP4I_TRANSFER_BASE64, IMAP4I_S("Zm9v\r\nYg=="), IMAP4I_S("foob"));
  becomes(IMAP4I_TRANSFER_QP, IMAP4I_S("a=3Db =\r\n"), IMAP4I_S("a=b "));
  becomes(IMAP4I_TRANSFER_IDENTITY, IMAP4I_S("a=3D \r\n\0\xff"), IMAP4I_S("a=3D \r\n\0\xff"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_decoding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
