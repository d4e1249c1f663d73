/* SPDX-License-Identifier: MIT */
/* Header blocks: the filter and the reader of fields, at every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/header.h"
#include "mail/text.h"
#include "mail_check.h"
#include "memory_check.h"

/* Filter |headerz| in two pieces, cut at |cut|. */
static int filter(const char *headerz, size_t cut, const imap4_str *fields, size_t count, bool inverse,
                  imap4i_buf *out) {
  imap4i_header_filter f;
  imap4_str all = STR(headerz);
  imap4i_header_filter_init(&f, fields, count, inverse);
  int r = imap4i_header_filter_feed(&f, imap4i_str(all.p, cut), out);
  if (r == IMAP4_OK) r = imap4i_header_filter_feed(&f, imap4i_tail(all, cut), out);
  return r == IMAP4_OK ? imap4i_header_filter_finish(&f, out) : r;
}

static void assert_filter(const char *headerz, bool inverse, const char *wantz) {
  static const imap4_str fields[] = {{"subject", 7}, {"To", 2}, {"X-Long", 6}};
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
  for (size_t cut = 0; cut <= strlen(headerz); cut++) {
    imap4i_buf_clear(&out);
    assert_int_equal(filter(headerz, cut, fields, IMAP4I_COUNT(fields), inverse, &out), IMAP4_OK);
    assert_text(imap4i_buf_str(&out), wantz);
  }
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_filter(void **unused) {
  (void)unused;
  static const char header[] =
      "From: a@b\r\nSUBJECT : x\r\n y\r\n\tz\r\nTo:\r\nTox: no\r\nno colon\r\n\r\nTo: body\r\n";
  assert_filter(header, false, "SUBJECT : x\r\n y\r\n\tz\r\nTo:\r\n\r\n");
  assert_filter(header, true, "From: a@b\r\nTox: no\r\nno colon\r\n\r\n");
  assert_filter("Subject: x\nFrom: y\nTo: z\n\n", false, "Subject: x\nTo: z\n\n");
  assert_filter(" To: x\r\nTo: y\r\n\r\n", false, "To: y\r\n\r\n");
  assert_filter("\rTo: x\r\nTo: y\r\n\r\n", false, "To: y\r\n\r\n");
}

static void test_filter_stray_cr(void **unused) {
  (void)unused;
  assert_filter("To: x\r\r\nA: b\r\r\n\r\r\nTo: y\r\r\n", false, "To: x\r\r\n\r\n");
  assert_filter("To: x\r\r\nA: b\r\r\n\r\r\nTo: y\r\r\n", true, "A: b\r\r\n\r\n");
  assert_filter("A: b\r\n\r\r\r\nTo: y\r\n\r\n", true, "A: b\r\n\r\n");
  assert_filter("A: b\r\n\r\rTo: y\r\nTo: z\r\n\r\n", true, "A: b\r\n\r\rTo: y\r\n\r\n");
  assert_filter("To: x\r\nFrom: y\r\n\r", true, "From: y\r\n\r\n");
  assert_filter("To: x\r\nFrom: y\r\n\r\r", false, "To: x\r\n\r\n");
}

static void test_filter_without_empty_line(void **unused) {
  (void)unused;
  assert_filter("To: x\r\nFrom: y\r\n", false, "To: x\r\n\r\n");
  assert_filter("To: x\r\nFrom: y\r\n", true, "From: y\r\n");
  assert_filter("From: y\r\nTo: x", false, "To: x\r\n");
  assert_filter("From: y\r\nTo", true, "From: y\r\nTo");
  assert_filter("", false, "");
  assert_filter("", true, "");
}

static void test_long_names(void **unused) {
  (void)unused;
  char header[700];
  memset(header, 'n', sizeof(header));
  strcpy(header + 600, ": x\r\nTo: y\r\n\r\n");
  assert_filter(header, false, "To: y\r\n\r\n");
  strcpy(header + 600, ": x\r\nTo: y\r\n\r\n");
  char want[700];
  strcpy(want, header);
  strcpy(want + 605, "\r\n");
  assert_filter(header, true, want);
}

static void test_filter_no_memory(void **unused) {
  (void)unused;
  static const imap4_str to = {"to", 2};
  static const char header[] = "To: some octets\r\n\r\n";
  memory_check memory;
  imap4i_buf out;
  memory_check_init(&memory);
  for (size_t max = 0; max < sizeof(header); max++) {
    imap4i_buf_init(&out, &memory.mem, max);
    int r = filter(header, 4, &to, 1, false, &out);
    assert_int_equal(r, max + 1 < sizeof(header) ? IMAP4_ERR_NOMEM : IMAP4_OK);
    imap4i_buf_free(&out);
  }
  memory_check_end(&memory);
}

/* All fields of |headerz| as "name=value;", cut at |cut|. */
static int read_fields(const char *headerz, size_t cut, size_t max, imap4i_mem *mem, imap4i_buf *out) {
  imap4i_field_reader reader;
  imap4i_field field;
  imap4_str all = STR(headerz);
  imap4_str pieces[2] = {{all.p, cut}, imap4i_tail(all, cut)};
  bool got;
  int r = IMAP4_OK;
  imap4i_field_reader_init(&reader, mem, max);
  for (int i = 0; i < 3 && r == IMAP4_OK; i++) {
    for (got = true; got && r == IMAP4_OK;) {
      r = i < 2 ? imap4i_field_reader_next(&reader, &pieces[i], &field, &got)
                : imap4i_field_reader_finish(&reader, &field, &got);
      if (r != IMAP4_OK || !got) continue;
      bool ok = imap4i_buf_puts(out, field.name) && imap4i_buf_putc(out, '=');
      size_t start = out->n;
      ok = ok && imap4i_buf_puts(out, imap4i_trim(field.value));
      out->n = start + imap4i_unfold(out->p + start, out->n - start, false);
      ok = ok && imap4i_buf_putc(out, ';');
      if (!ok) r = IMAP4_ERR_NOMEM;
    }
  }
  imap4i_field_reader_free(&reader);
  return r;
}

static void assert_fields(const char *headerz, size_t max, const char *wantz) {
  memory_check memory;
  imap4i_buf out;
  imap4i_mem *mem = memory_check_init(&memory);
  imap4i_buf_init(&out, mem, SIZE_MAX);
  for (size_t cut = 0; cut <= strlen(headerz); cut++) {
    imap4i_buf_clear(&out);
    assert_int_equal(read_fields(headerz, cut, max, mem, &out), IMAP4_OK);
    assert_text(imap4i_buf_str(&out), wantz);
  }
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_fields(void **unused) {
  (void)unused;
  assert_fields("A: b\r\n c\r\n\td \r\nE:\r\nno colon\r\nF :g\r\n\r\nBody: x\r\n", 1000,
                "A=b c\td;E=;=no colon;F=g;");
  assert_fields("A: b\nC: d", 1000, "A=b;C=d;");
  assert_fields("A: b\r\nC", 1000, "A=b;=C;");
  assert_fields("\r\nA: b", 1000, "");
  assert_fields("", 1000, "");
  /* A lone CR is an octet like any other. */
  assert_fields("A: b\rc\r\n\rD: e\r\n\r\n", 1000, "A=b\rc;\rD=e;");
}

/* Of a header that is left in the middle of a field, or is over, nothing is in the next. */
static void test_field_restart(void **unused) {
  (void)unused;
  static const char *const beforez[] = {"A", "A: b", "A: b\r\n", "A: b\r\n c", "A: b\r\n\r\nD: e"};
  memory_check memory;
  imap4i_field_reader reader;
  imap4i_field field;
  bool got;
  imap4i_field_reader_init(&reader, memory_check_init(&memory), 1000);
  for (size_t i = 0; i < IMAP4I_COUNT(beforez); i++) {
    imap4_str before = STR(beforez[i]);
    imap4_str after = STR("F: g\r\n");
    do
      assert_int_equal(imap4i_field_reader_next(&reader, &before, &field, &got), IMAP4_OK);
    while (got);
    imap4i_field_reader_restart(&reader);
    assert_int_equal(imap4i_field_reader_next(&reader, &after, &field, &got), IMAP4_OK);
    assert_false(got);
    assert_int_equal(imap4i_field_reader_finish(&reader, &field, &got), IMAP4_OK);
    assert_true(got);
    assert_text(field.name, "F");
    assert_text(field.head, "F:");
    assert_text(field.value, " g");
    imap4i_field_reader_restart(&reader);
  }
  imap4i_field_reader_free(&reader);
  memory_check_end(&memory);
}

static void test_field_maximum(void **unused) {
  (void)unused;
  assert_fields("A: bcd\r\n\r\n", 7, "A=bcd;");
  assert_fields("A: bcd\r\n\r\n", 4, "A=bcd;");
  assert_fields("A: bcd\r\n e\r\nF: g\r\n\r\n", 3, "A=bc;F=g;");
  assert_fields("A: bcd\r\n\r\n", 0, "A=;");
}

static void test_fields_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  memory_check out_memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&out_memory), SIZE_MAX);
  int r = IMAP4_ERR_NOMEM;
  size_t failures = 0;
  for (; r != IMAP4_OK; failures++) {
    imap4i_mem *mem = memory_check_init(&memory);
    memory.fail_from = failures;
    r = read_fields("A: b\r\nname without colon", 3, 1000, mem, &out);
    memory_check_end(&memory);
  }
  assert_true(failures > 1);
  imap4i_buf_free(&out);
}

/* RFC 5322 section 2.1.1: a line, and so a name, may have 998 octets; RFC 3501 section 6.4.5 has every name
 * compared as a whole. */
static void test_names_of_a_whole_line(void **unused) {
  (void)unused;
  static const size_t lengths[] = {250, 251, 252, 300, 996};
  for (size_t i = 0; i < IMAP4I_COUNT(lengths); i++) {
    memory_check memory;
    imap4i_buf out;
    char name[1000];
    char header[1100];
    char want[1100];
    memset(name, 'n', lengths[i]);
    name[lengths[i]] = '\0';
    strcat(strcat(strcpy(want, name), ":x\r\n"), "\r\n");
    strcat(strcat(strcat(strcpy(header, "A: b\r\n"), name), ":x\r\n"), "\r\n");
    const imap4_str fields[] = {STR(name)};
    imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
    assert_int_equal(filter(header, 3, fields, 1, false, &out), IMAP4_OK);
    assert_text(imap4i_buf_str(&out), want);
    imap4i_buf_clear(&out);
    assert_int_equal(filter(header, 3, fields, 1, true, &out), IMAP4_OK);
    assert_text(imap4i_buf_str(&out), "A: b\r\n\r\n");
    imap4i_buf_free(&out);
    memory_check_end(&memory);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_names_of_a_whole_line),
                                     cmocka_unit_test(test_filter),
                                     cmocka_unit_test(test_filter_stray_cr),
                                     cmocka_unit_test(test_filter_without_empty_line),
                                     cmocka_unit_test(test_long_names),
                                     cmocka_unit_test(test_filter_no_memory),
                                     cmocka_unit_test(test_fields),
                                     cmocka_unit_test(test_field_restart),
                                     cmocka_unit_test(test_field_maximum),
                                     cmocka_unit_test(test_fields_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
