/* SPDX-License-Identifier: MIT */
/* What SEARCH reads of a message: which ranges, in which order, decoded how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/transfer.h"
#include "mail_check.h"
#include "search/segments.h"

#define HEADER (1u << IMAP4I_SEGMENT_HEADER)
#define MIME (1u << IMAP4I_SEGMENT_MIME)
#define BODY (1u << IMAP4I_SEGMENT_BODY)

#define TOP "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define LATIN "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: base64\r\n\r\n"
#define IMAGE "Content-Type: image/png\r\n\r\n"
#define UNKNOWN "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-own\r\n\r\n"
#define NOTICE "Content-Type: message/delivery-status\r\n\r\n"
#define EMPTY "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
#define INNER "Subject: inside\r\n\r\n"

static const char messagez[] = TOP "preamble\r\n"
                                   "--b\r\n" LATIN "bmVlZGxl\r\n"
                                   "--b\r\n" IMAGE "pixels\r\n"
                                   "--b\r\n" UNKNOWN "riddle\r\n"
                                   "--b\r\n" NOTICE "Action: failed\r\n"
                                   "--b\r\n" EMPTY "\r\n"
                                   "--b\r\nContent-Type: message/rfc822\r\n\r\n" INNER "deep\r\n"
                                   "--b--\r\nepilogue\r\n";

typedef struct expected {
  uint8_t kind;
  uint8_t transfer;
  const char *textz;
  const char *charsetz;
} expected;

static const expected all[] = {
    {IMAP4I_SEGMENT_HEADER, IMAP4I_TRANSFER_IDENTITY, TOP, ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, LATIN, ""},
    {IMAP4I_SEGMENT_BODY, IMAP4I_TRANSFER_BASE64, "bmVlZGxl", "iso-8859-1"},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, IMAGE, ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, UNKNOWN, ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, NOTICE, ""},
    {IMAP4I_SEGMENT_BODY, IMAP4I_TRANSFER_IDENTITY, "Action: failed", ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, EMPTY, ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, "Content-Type: message/rfc822\r\n\r\n", ""},
    {IMAP4I_SEGMENT_MIME, IMAP4I_TRANSFER_IDENTITY, INNER, ""},
    {IMAP4I_SEGMENT_BODY, IMAP4I_TRANSFER_IDENTITY, "deep", ""},
};

/* Those of |all| whose kinds are among |kinds|, and no others. */
static void check_kinds(imap4i_segments *segments, imap4_str digest, unsigned kinds) {
  size_t at = 0;
  assert_true(imap4i_segments_make(segments, digest, kinds));
  for (size_t i = 0; i < IMAP4I_COUNT(all); i++) {
    if (!(kinds >> all[i].kind & 1)) continue;
    assert_true(at < segments->n);
    const imap4i_segment *segment = &segments->p[at++];
    assert_int_equal(segment->kind, all[i].kind);
    assert_int_equal(segment->transfer, all[i].transfer);
    assert_text(imap4i_str(messagez + segment->offset, (size_t)segment->length), all[i].textz);
    assert_text(imap4i_segment_charset(segments, segment), all[i].charsetz);
  }
  assert_int_equal(segments->n, at);
}

static void test_kinds(void **state) {
  (void)state;
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_segments segments;
  imap4i_buf buf;
  imap4_limits limits = mail_limits();
  imap4_str digest = mail_digest(mem, &limits, STR(messagez), &buf);
  imap4i_segments_init(&segments, mem);
  for (unsigned kinds = 0; kinds <= (HEADER | MIME | BODY); kinds++)
    check_kinds(&segments, digest, kinds);
  imap4i_segments_free(&segments);
  imap4i_buf_free(&buf);
  memory_check_end(&check);
}

/* How many segments a message has; |*charset| is the length of the name that the last one has. */
static size_t count(const char *textz, unsigned kinds, size_t *charset) {
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_segments segments;
  imap4i_buf buf;
  imap4_limits limits = mail_limits();
  imap4_str digest = mail_digest(mem, &limits, STR(textz), &buf);
  imap4i_segments_init(&segments, mem);
  assert_true(imap4i_segments_make(&segments, digest, kinds));
  size_t n = segments.n;
  *charset = n > 0 ? imap4i_segment_charset(&segments, &segments.p[n - 1]).n : 0;
  imap4i_segments_free(&segments);
  imap4i_buf_free(&buf);
  memory_check_end(&check);
  return n;
}

/* Nothing is read of what has no octets; and a name that is too long for a charset is none. */
static void test_odd(void **state) {
  (void)state;
  size_t charset;
  assert_int_equal(count("", HEADER | MIME | BODY, &charset), 0);
  assert_int_equal(count("\r\n", HEADER | MIME | BODY, &charset), 1);
  assert_int_equal(count("Content-Type: text/plain; charset=x-3456789012345678901234567890123456789"
                         "\r\n\r\nx",
                         BODY, &charset),
                   1);
  assert_int_equal(charset, 39);
  assert_int_equal(count("Content-Type: text/plain; charset=x-345678901234567890123456789012345678901"
                         "\r\n\r\nx",
                         BODY, &charset),
                   1);
  assert_int_equal(charset, 0);
}

static void test_no_memory(void **state) {
  (void)state;
  memory_check walks, check;
  imap4i_buf buf;
  imap4_limits limits = mail_limits();
  imap4_str digest = mail_digest(memory_check_init(&walks), &limits, STR(messagez), &buf);
  bool ok = false;
  size_t n = 0;
  for (; !ok; n++) {
    imap4i_segments segments;
    imap4i_segments_init(&segments, memory_check_init(&check));
    check.fail_from = n;
    ok = imap4i_segments_make(&segments, digest, HEADER | MIME | BODY);
    imap4i_segments_free(&segments);
    memory_check_end(&check);
  }
  assert_true(n > 3);
  imap4i_buf_free(&buf);
  memory_check_end(&walks);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kinds),
      cmocka_unit_test(test_odd),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
