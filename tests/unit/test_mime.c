/* SPDX-License-Identifier: MIT */
/* The public functions for ENVELOPE, BODYSTRUCTURE and sections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/mime.h"
#include "mail_check.h"
#include "memory_check.h"

static imap4_mime *walked(memory_check *memory, const char *messagez) {
  imap4_mime *mime = NULL;
  memory_check_init(memory);
  assert_int_equal(imap4_mime_new(memory_check_resize, memory, NULL, &mime), IMAP4_OK);
  assert_int_equal(imap4_mime_feed(mime, messagez, strlen(messagez)), IMAP4_OK);
  assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
  return mime;
}

static void done(memory_check *memory, imap4_mime *mime) {
  imap4_mime_free(mime);
  assert_int_equal(memory->live, 0);
}

static void test_answers(void **unused) {
  (void)unused;
  memory_check memory;
  imap4_mime *mime = walked(&memory, "From: a@b\r\nDate: 1 Jan 1970 00:00:01 +0000\r\n\r\nbody\r\n");
  imap4_str text;
  imap4_date date;
  uint64_t size;
  assert_int_equal(imap4_mime_envelope(mime, &text), IMAP4_OK);
  assert_text(text, "(\"1 Jan 1970 00:00:01 +0000\" NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                    "((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)");
  assert_int_equal(imap4_mime_body(mime, 0, &text), IMAP4_OK);
  assert_text(text, "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 6 1)");
  assert_int_equal(imap4_mime_body(mime, 1, &text), IMAP4_OK);
  assert_text(text, "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 6 1 NIL NIL NIL NIL)");
  assert_int_equal(imap4_mime_size(mime, &size), IMAP4_OK);
  assert_int_equal(size, 52);
  assert_int_equal(imap4_mime_date(mime, &date), IMAP4_OK);
  assert_int_equal(date.seconds, 1);
  done(&memory, mime);
}

static void test_sections(void **unused) {
  (void)unused;
  static const char *const bad[] = {"x",     "1.",         "1..2", ".1",   "MIME",     "1.HEADER.FIELDS (To)",
                                    "0",     "1.0",        "01x",  "1 ",   "HEADER.1", "HEADERS",
                                    "1.TEX", "4294967296", "-1",   "1.-1", " "};
  memory_check memory;
  imap4_mime *mime = walked(&memory, mail_example);
  uint64_t offset;
  uint64_t length;
  assert_int_equal(imap4_mime_section(mime, STR(""), &offset, &length), IMAP4_OK);
  assert_int_equal(offset, 0);
  assert_int_equal(length, sizeof(mail_example) - 1);
  assert_int_equal(imap4_mime_section(mime, STR("4.2.2.2"), &offset, &length), IMAP4_OK);
  assert_text(imap4i_str(mail_example + offset, length), "rich");
  assert_int_equal(imap4_mime_section(mime, STR("4.2.2.2.mime"), &offset, &length), IMAP4_OK);
  assert_text(imap4i_str(mail_example + offset, length), "Content-Type: text/richtext\r\n\r\n");
  assert_int_equal(imap4_mime_section(mime, STR("HEADER"), &offset, &length), IMAP4_OK);
  assert_int_equal(length, 60);
  assert_int_equal(imap4_mime_section(mime, STR("Text"), &offset, &length), IMAP4_OK);
  assert_int_equal(offset, 60);
  assert_int_equal(imap4_mime_section(mime, STR("9"), &offset, &length), IMAP4_ST_NONEXISTENT);
  assert_int_equal(imap4_mime_section(mime, STR("1.TEXT"), &offset, &length), IMAP4_ST_NONEXISTENT);
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    if (imap4_mime_section(mime, STR(bad[i]), &offset, &length) != IMAP4_ERR_INVALID) fail_msg("%s", bad[i]);
  }
  char many[600];
  for (size_t numbers = 127; numbers <= 129; numbers++) {
    for (size_t i = 0; i < numbers; i++)
      memcpy(many + 2 * i, "1.", 2);
    assert_int_equal(imap4_mime_section(mime, imap4i_str(many, 2 * numbers - 1), &offset, &length),
                     numbers > 128 ? IMAP4_ERR_INVALID : IMAP4_ST_NONEXISTENT);
  }
  done(&memory, mime);
}

static void test_parts(void **unused) {
  (void)unused;
  memory_check memory;
  imap4_mime *mime = walked(&memory, mail_example);
  imap4_mime_part part = {.struct_size = sizeof(part)};
  uint32_t count;
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  assert_int_equal(count, 15);
  assert_int_equal(imap4_mime_get_part(mime, 0, &part), IMAP4_OK);
  assert_int_equal(part.kind, IMAP4_PART_MULTIPART);
  assert_int_equal(part.parent, UINT32_MAX);
  assert_int_equal(imap4_mime_get_part(mime, 3, &part), IMAP4_OK);
  assert_int_equal(part.kind, IMAP4_PART_MESSAGE);
  assert_int_equal(imap4_mime_get_part(mime, 5, &part), IMAP4_OK);
  assert_int_equal(part.kind, IMAP4_PART_LEAF);
  assert_int_equal(part.parent, 4);
  assert_int_equal(part.is_text, 1);
  assert_text(part.charset, "utf-8");
  assert_int_equal(imap4_mime_get_part(mime, count, &part), IMAP4_ERR_INVALID);
  part.struct_size--;
  assert_int_equal(imap4_mime_get_part(mime, 0, &part), IMAP4_ERR_VERSION);
  done(&memory, mime);
}

static void test_digest(void **unused) {
  (void)unused;
  memory_check memory;
  memory_check other;
  imap4_mime *mime = walked(&memory, mail_example);
  imap4_mime *again;
  imap4_str digest;
  imap4_str text;
  imap4_str text_again;
  memory_check_init(&other);
  assert_int_equal(imap4_mime_digest(mime, &digest), IMAP4_OK);
  assert_int_equal(imap4_mime_open(memory_check_resize, &other, digest, &again), IMAP4_OK);
  assert_int_equal(imap4_mime_body(mime, 1, &text), IMAP4_OK);
  assert_int_equal(imap4_mime_body(again, 1, &text_again), IMAP4_OK);
  assert_true(imap4i_eq(text, text_again));
  assert_int_equal(imap4_mime_feed(again, "x", 1), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_finish(again), IMAP4_ERR_STATE);
  done(&other, again);
  assert_int_equal(imap4_mime_open(NULL, NULL, imap4i_tail(digest, 1), &again), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_open(NULL, NULL, (imap4_str){0}, &again), IMAP4_ERR_INVALID);
  for (size_t n = 0; n < 2; n++) {
    other.fail_from = n;
    assert_int_equal(imap4_mime_open(memory_check_resize, &other, digest, &again), IMAP4_ERR_NOMEM);
    assert_int_equal(other.live, 0);
  }
  done(&memory, mime);
}

static void test_order(void **unused) {
  (void)unused;
  imap4_mime *mime;
  imap4_str text;
  uint64_t n;
  uint32_t count;
  imap4_date date;
  imap4_mime_part part = {.struct_size = sizeof(part)};
  assert_int_equal(imap4_mime_new(NULL, NULL, NULL, &mime), IMAP4_OK);
  assert_int_equal(imap4_mime_envelope(mime, &text), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_body(mime, 0, &text), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_digest(mime, &text), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_size(mime, &n), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_date(mime, &date), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_section(mime, STR("1"), &n, &n), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_get_part(mime, 0, &part), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_feed(mime, NULL, 1), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_feed(mime, NULL, 0), IMAP4_OK);
  assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
  assert_int_equal(imap4_mime_feed(mime, "x", 1), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_finish(mime), IMAP4_ERR_STATE);
  assert_int_equal(imap4_mime_envelope(mime, NULL), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_section(mime, STR("1"), &n, NULL), IMAP4_ERR_INVALID);
  imap4_mime_free(mime);
  imap4_mime_free(NULL);
  assert_int_equal(imap4_mime_new(NULL, NULL, NULL, NULL), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_feed(NULL, "x", 1), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_finish(NULL), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_size(NULL, &n), IMAP4_ERR_INVALID);
}

static void test_limits(void **unused) {
  (void)unused;
  imap4_mime *mime;
  imap4_limits limits = mail_limits();
  uint32_t count;
  limits.mime_parts = 2;
  assert_int_equal(imap4_mime_new(NULL, NULL, &limits, &mime), IMAP4_OK);
  limits.mime_parts = 1; /* copied */
  assert_int_equal(imap4_mime_feed(mime, mail_example, sizeof(mail_example) - 1), IMAP4_OK);
  assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  assert_int_equal(count, 2);
  imap4_mime_free(mime);
  limits.struct_size = 8;
  assert_int_equal(imap4_mime_new(NULL, NULL, &limits, &mime), IMAP4_ERR_VERSION);
}

static int all(memory_check *memory) {
  imap4_mime *mime;
  imap4_str text;
  int r = imap4_mime_new(memory_check_resize, memory, NULL, &mime);
  if (r != IMAP4_OK) return r;
  r = imap4_mime_feed(mime, mail_example, sizeof(mail_example) - 1);
  if (r == IMAP4_OK) r = imap4_mime_finish(mime);
  if (r == IMAP4_OK) r = imap4_mime_envelope(mime, &text);
  if (r == IMAP4_OK) r = imap4_mime_body(mime, 1, &text);
  imap4_mime_free(mime);
  return r;
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  size_t n = 0;
  for (int r = IMAP4_ERR_NOMEM; r != IMAP4_OK; n++) {
    memory_check_init(&memory);
    memory.fail_from = n;
    r = all(&memory);
    assert_true(r == IMAP4_OK || r == IMAP4_ERR_NOMEM);
    assert_int_equal(memory.live, 0);
  }
  assert_true(n > 10);
}

/* mime.h: a section is what stands between the brackets, where numbers do not begin with 0 (RFC 3501 section
 * 9, nz-number). */
static void test_leading_zero(void **unused) {
  (void)unused;
  memory_check memory;
  imap4_mime *mime = walked(&memory, mail_example);
  uint64_t offset;
  uint64_t length;
  assert_int_equal(imap4_mime_section(mime, STR("01"), &offset, &length), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_mime_section(mime, STR("4.02"), &offset, &length), IMAP4_ERR_INVALID);
  done(&memory, mime);
}

/* mime.h: the charset is "as the message names it", however long. */
static void test_long_charset(void **unused) {
  (void)unused;
  static const char name[] = "x-0123456789-0123456789-0123456789-0123456789-0123456789-0123456789";
  memory_check memory;
  char message[200];
  strcat(strcat(strcpy(message, "Content-Type: text/plain; charset="), name), "\r\n\r\nx");
  imap4_mime *mime = walked(&memory, message);
  imap4_mime_part part = {.struct_size = sizeof(part)};
  assert_int_equal(imap4_mime_get_part(mime, 0, &part), IMAP4_OK);
  assert_text(part.charset, name);
  done(&memory, mime);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_leading_zero), cmocka_unit_test(test_long_charset),
                                     cmocka_unit_test(test_answers),      cmocka_unit_test(test_sections),
                                     cmocka_unit_test(test_parts),        cmocka_unit_test(test_digest),
                                     cmocka_unit_test(test_order),        cmocka_unit_test(test_limits),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
