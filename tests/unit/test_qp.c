/* SPDX-License-Identifier: MIT */
/* Quoted-printable: the rules of RFC 2045 section 6.7, and what is not quite so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/qp.h"
#include "flow_check.h"

static void begin(void *state) {
  memset(state, 0, sizeof(imap4i_qp));
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_qp_feed(state, flow);
}

static void becomes(imap4_str in, imap4_str expected) {
  imap4i_qp state;
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_all(&check, in, expected);
}

static void test_escapes(void **unused) {
  (void)unused;
  becomes(IMAP4I_S(""), IMAP4I_S(""));
  becomes(IMAP4I_S("plain text\r\nand more\r\n"), IMAP4I_S("plain text\r\nand more\r\n"));
  becomes(IMAP4I_S("=E9=e9=3D=3d=00=fF"), IMAP4I_S("\xe9\xe9==\0\xff"));
  becomes(IMAP4I_S("x=20\r\ny=09\r\n"), IMAP4I_S("x \r\ny\t\r\n"));
  becomes(IMAP4I_S("8\xc3\xa9\0-bit"), IMAP4I_S("8\xc3\xa9\0-bit"));
}

static void test_soft_breaks(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("Now's the time =\r\nfor all"), IMAP4I_S("Now's the time for all"));
  becomes(IMAP4I_S("a=\nb=\rc=\r\n\nd"), IMAP4I_S("abc\nd"));
  becomes(IMAP4I_S("a= \t \r\nb"), IMAP4I_S("ab"));
  becomes(IMAP4I_S("a=\r\n=\r\n=\r\nb"), IMAP4I_S("ab"));
  becomes(IMAP4I_S("a =\r\n b"), IMAP4I_S("a  b"));
  becomes(IMAP4I_S("a=\r\n\r\nb"), IMAP4I_S("a\r\nb"));
  becomes(IMAP4I_S("a="), IMAP4I_S("a"));
  becomes(IMAP4I_S("a=  "), IMAP4I_S("a"));
}

static void test_white_space(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("a \t \r\nb  \nc\t\rd  "), IMAP4I_S("a\r\nb\nc\rd"));
  becomes(IMAP4I_S("a  b\t c"), IMAP4I_S("a  b\t c"));
  becomes(IMAP4I_S("   \r\n \t"), IMAP4I_S("\r\n"));
  becomes(IMAP4I_S("a  =20\r\n"), IMAP4I_S("a   \r\n"));
  char in[210], out[210];
  memset(in, ' ', sizeof in);
  memset(out, ' ', sizeof out);
  in[209] = out[209] = 'x';
  becomes(imap4i_str(in, sizeof in), imap4i_str(out, sizeof out));
  in[80] = '\n'; /* 80 are held and dropped */
  becomes(imap4i_str(in, 81), IMAP4I_S("\n"));
}

static void test_broken(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("=G1 =1G =4"), IMAP4I_S("=G1 =1G =4"));
  becomes(IMAP4I_S("==41 =4=41 =\x80="), IMAP4I_S("=A =4A =\x80"));
  becomes(IMAP4I_S("=  x =4\r\n=4 \r\n"), IMAP4I_S("=  x =4\r\n=4\r\n"));
  becomes(IMAP4I_S("= =41= "), IMAP4I_S("= A"));
  char in[200];
  memset(in, '\t', sizeof in);
  in[0] = '=';
  in[199] = '!';
  becomes(imap4i_str(in, sizeof in), imap4i_str(in, sizeof in));
}

/* Lines that are there as a whole go another way than octets. */
static void test_lines(void **unused) {
  (void)unused;
  static const char blanks[100] =
      "                                                                            "
      "                       ";
  const imap4_str pieces[] = {
      IMAP4I_S("plain words"),
      IMAP4I_S("\r\n"),
      IMAP4I_S("\r\n"),
      IMAP4I_S("\n"),
      IMAP4I_S("\r"),
      IMAP4I_S("=\r\n"),
      IMAP4I_S("=E9"),
      IMAP4I_S("=e9"),
      IMAP4I_S("=20"),
      IMAP4I_S("="),
      IMAP4I_S("=4"),
      IMAP4I_S(" "),
      IMAP4I_S("\t"),
      IMAP4I_S("=3D="),
      IMAP4I_S("4"),
      IMAP4I_S("= \r\n"),
      IMAP4I_S(" \n"),
      IMAP4I_S("\xff"),
      {blanks, 79},
      {blanks, 80},
      {blanks, 81},
  };
  imap4i_qp state;
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_random(&check, pieces, IMAP4I_COUNT(pieces), 2000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_escapes), cmocka_unit_test(test_soft_breaks), cmocka_unit_test(test_white_space),
      cmocka_unit_test(test_broken),  cmocka_unit_test(test_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
