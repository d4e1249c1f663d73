/* SPDX-License-Identifier: MIT */
/* Where fields lie, compared with what the scanner of headers says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/header.h"
#include "search/field_span.h"

/* Where each field begins by the scanner, and where the last one ends. */
static size_t scan(imap4_str header, size_t *begins) {
  imap4i_header scanner;
  imap4_str rest = header, piece;
  unsigned event;
  size_t count = 0, at = 0;
  imap4i_header_init(&scanner);
  while ((event = imap4i_header_next(&scanner, &rest, &piece)) != IMAP4I_HEADER_MORE) {
    if (event == IMAP4I_HEADER_END) {
      begins[count] = at;
      return count;
    }
    if (event == IMAP4I_HEADER_FIELD) begins[count++] = at;
    at += piece.n;
  }
  if (imap4i_header_finish(&scanner, &piece) == IMAP4I_HEADER_FIELD) begins[count++] = at;
  begins[count] = header.n;
  return count;
}

static void check(imap4_str header) {
  size_t begins[200];
  imap4i_field_span span;
  size_t count = scan(header, begins);
  for (size_t i = 0; i < count; i++) {
    for (size_t at = begins[i]; at < begins[i + 1]; at++) {
      for (size_t from = 0; from <= i; from++) {
        assert_true(imap4i_field_span_find(header, begins[from], at, &span));
        assert_int_equal(span.begin, begins[i]);
        assert_int_equal(span.end, begins[i + 1]);
      }
    }
  }
  for (size_t at = begins[count]; at < header.n; at++)
    assert_false(imap4i_field_span_find(header, 0, at, &span));
}

static void test_fields(void **state) {
  (void)state;
  check(IMAP4I_S("A: b\r\nC: d\r\n e\r\n\tf\r\nG:\r\n\r\nbody\r\n"));
  check(IMAP4I_S(" A: b\r\n c\nd\n\nbody"));
  check(IMAP4I_S("no colon\r\n \r\n\r\r\nx: y"));
  check(IMAP4I_S("\r\nbody"));
  check(IMAP4I_S("a: b\r"));
}

static void test_random(void **state) {
  (void)state;
  static const char octets[] = "\r\n\n\n :\tab";
  uint32_t random = 5;
  for (int round = 0; round < 20000; round++) {
    char text[24];
    size_t n = 1 + (size_t)round % sizeof text;
    for (size_t i = 0; i < n; i++) {
      random = random * 1664525u + 1013904223u;
      text[i] = octets[(random >> 8) % (sizeof octets - 1)];
    }
    check(imap4i_str(text, n));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fields),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
