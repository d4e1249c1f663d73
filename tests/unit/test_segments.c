/* SPDX-License-Identifier: MIT */
/* What SEARCH reads of a message: which ranges, in which order, decoded how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/transfer.h"
#include "imap4/error.h"
#include "mail/walker.h"
#include "memory_check.h"
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

static imap4_limits limits;

static int walk(imap4i_mem *mem, imap4_str text, imap4i_walker **walker, imap4_str *digest) {
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  assert_int_equal(imap4i_walker_new(mem, &limits, walker), IMAP4_OK);
  assert_int_equal(imap4i_walker_feed(*walker, text), IMAP4_OK);
  return imap4i_walker_finish(*walker, digest);
}

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

static void assert_same(imap4_str is, const char *wantz) {
  assert_int_equal(is.n, strlen(wantz));
  assert_memory_equal(is.p, wantz, is.n);
}

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
    assert_same(imap4i_str(messagez + segment->offset, (size_t)segment->length), all[i].textz);
    assert_same(imap4i_segment_charset(segments, segment), all[i].charsetz);
  }
  assert_int_equal(segments->n, at);
}

static void test_kinds(void **state) {
  (void)state;
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_segments segments;
  imap4i_walker *walker;
  imap4_str digest;
  imap4i_segments_init(&segments, mem);
  assert_int_equal(walk(mem, imap4i_str(messagez, sizeof messagez - 1), &walker, &digest), IMAP4_OK);
  for (unsigned kinds = 0; kinds <= (HEADER | MIME | BODY); kinds++)
    check_kinds(&segments, digest, kinds);
  imap4i_segments_free(&segments);
  imap4i_walker_free(walker);
  memory_check_end(&check);
}

/* Of text without octets nothing is read, and a name of no charset is none. */
static void test_odd(void **state) {
  (void)state;
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_segments segments;
  imap4i_walker *walker;
  imap4_str digest;
  imap4i_segments_init(&segments, mem);
  assert_int_equal(walk(mem, (imap4_str){0}, &walker, &digest), IMAP4_OK);
  assert_true(imap4i_segments_make(&segments, digest, HEADER | MIME | BODY));
  assert_int_equal(segments.n, 0);
  imap4i_walker_free(walker);
  imap4_str text =
      IMAP4I_S("Content-Type: text/plain; charset=x-23456789012345678901234567890123456789012345\r\n\r\nx");
  assert_int_equal(walk(mem, text, &walker, &digest), IMAP4_OK);
  assert_true(imap4i_segments_make(&segments, digest, BODY));
  assert_int_equal(segments.n, 1);
  assert_int_equal(imap4i_segment_charset(&segments, &segments.p[0]).n, 0);
  imap4i_walker_free(walker);
  imap4i_segments_free(&segments);
  memory_check_end(&check);
}

static void test_no_memory(void **state) {
  (void)state;
  memory_check walks, check;
  imap4i_walker *walker;
  imap4_str digest;
  imap4_str text = imap4i_str(messagez, sizeof messagez - 1);
  assert_int_equal(walk(memory_check_init(&walks), text, &walker, &digest), IMAP4_OK);
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
  imap4i_walker_free(walker);
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
