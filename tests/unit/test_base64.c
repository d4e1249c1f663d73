/* SPDX-License-Identifier: MIT */
/* Base64: RFC 4648 section 10, mail's liberties, and strictness where SASL needs it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"
#include "flow_check.h"
#include "imap4/error.h"
#include "memory_check.h"

static void begin(void *state) {
  memset(state, 0, sizeof(imap4i_base64));
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_base64_feed(state, flow);
}

static void streams(imap4_str in, imap4_str expected) {
  imap4i_base64 state;
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_all(&check, in, expected);
}

static const struct {
  imap4_str plain, encoded;
} vectors[] = {
    {{"", 0}, {"", 0}},
    {{"f", 1}, {"Zg==", 4}},
    {{"fo", 2}, {"Zm8=", 4}},
    {{"foo", 3}, {"Zm9v", 4}},
    {{"foob", 4}, {"Zm9vYg==", 8}},
    {{"fooba", 5}, {"Zm9vYmE=", 8}},
    {{"foobar", 6}, {"Zm9vYmFy", 8}},
    {{"\0\0\0", 3}, {"AAAA", 4}},
    {{"\377\376\373\360", 4}, {"//778A==", 8}},
};

static void test_vectors(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), 1000);
  for (size_t i = 0; i < IMAP4I_COUNT(vectors); i++) {
    streams(vectors[i].encoded, vectors[i].plain);
    imap4i_buf_clear(&out);
    assert_true(imap4i_base64_encode(vectors[i].plain, &out));
    assert_true(imap4i_eq(imap4i_buf_str(&out), vectors[i].encoded));
    imap4i_buf_clear(&out);
    assert_int_equal(imap4i_base64_decode(vectors[i].encoded, &out), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&out), vectors[i].plain));
  }
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_strict(void **unused) {
  (void)unused;
  static const char *const bad[] = {
      "Z",        "Zg",
      "Zg=",      "Zg===",
      "=",        "==",
      "====",     "A===",
      "Zg==Zg==", "Zh==",
      "Zk==",     "Zm9=",
      "Zm 9v",    "Zm9v\r\n",
      "Zm9v ",    "Zm-_",
      "Z=g=",     "=Zm9",
      "Zm9v=",    "Zm9v\x80",
      "Zm9vYg=a", "\xff\xff\xff\xff",
  };
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), 1000);
  assert_true(imap4i_buf_putc(&out, '!'));
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    assert_int_equal(imap4i_base64_decode(imap4i_str(bad[i], strlen(bad[i])), &out), IMAP4_ERR_INVALID);
  }
  assert_int_equal(imap4i_base64_decode(IMAP4I_S("Zm\0v"), &out), IMAP4_ERR_INVALID);
  assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("!")));
  assert_int_equal(imap4i_base64_decode(IMAP4I_S("AGEAYg=="), &out), IMAP4_OK);
  assert_true(imap4i_eq(imap4i_buf_str(&out), IMAP4I_S("!\0a\0b")));
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&memory), 1000);
  memory.fail_from = 0;
  assert_int_equal(imap4i_base64_decode(IMAP4I_S("Zm9v"), &out), IMAP4_ERR_NOMEM);
  assert_false(imap4i_base64_encode(IMAP4I_S("foo"), &out));
  imap4i_buf_init(&out, memory_check_init(&memory), 3);
  assert_int_equal(imap4i_base64_decode(IMAP4I_S("Zm9vYg=="), &out), IMAP4_ERR_NOMEM);
  assert_false(imap4i_base64_encode(IMAP4I_S("foo"), &out));
  assert_int_equal(imap4i_base64_decode(IMAP4I_S("Zm9v"), &out), IMAP4_OK);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_mail(void **unused) {
  (void)unused;
  streams(IMAP4I_S("Zm9v\r\nYmFy\r\n"), IMAP4I_S("foobar"));
  streams(IMAP4I_S(" Z m\t9-v\0Y*m\200F\xffy"), IMAP4I_S("foobar"));
  streams(IMAP4I_S("Zm9vYg"), IMAP4I_S("foob")); /* no padding */
  streams(IMAP4I_S("Zm9vYmE"), IMAP4I_S("fooba"));
  streams(IMAP4I_S("Zm9vY"), IMAP4I_S("foo")); /* six bits make no octet */
  streams(IMAP4I_S("Zm9vYg=\r\n=\r\nZm9v"), IMAP4I_S("foob"));
  streams(IMAP4I_S("Zg==Zm9v"), IMAP4I_S("f"));         /* padding ends it */
  streams(IMAP4I_S("=Zm9v=Y=mFy"), IMAP4I_S("foobar")); /* where padding cannot be, it is noise */
  streams(IMAP4I_S("\r\n--\r\n"), IMAP4I_S(""));
}

static void test_every_octet(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf encoded, decoded;
  char plain[256];
  for (size_t i = 0; i < 256; i++)
    plain[i] = (char)(unsigned char)(i * 167 + 13);
  imap4i_buf_init(&encoded, memory_check_init(&memory), 10000);
  imap4i_buf_init(&decoded, &memory.mem, 10000);
  for (size_t n = 0; n <= sizeof plain; n++) {
    imap4i_buf_clear(&encoded);
    imap4i_buf_clear(&decoded);
    assert_true(imap4i_base64_encode(imap4i_str(plain, n), &encoded));
    assert_int_equal(encoded.n, (n + 2) / 3 * 4);
    assert_int_equal(imap4i_base64_decode(imap4i_buf_str(&encoded), &decoded), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&decoded), imap4i_str(plain, n)));
  }
  streams(imap4i_buf_str(&encoded), imap4i_str(plain, sizeof plain));
  imap4i_buf_free(&encoded);
  imap4i_buf_free(&decoded);
  memory_check_end(&memory);
}

static void test_random(void **unused) {
  (void)unused;
  const imap4_str pieces[] = {
      IMAP4I_S("bm90IGEgbGluZSBvZiBwb2VtcyBpcyB0aGF0IA"),
      IMAP4I_S("YWJj"),
      IMAP4I_S("YW"),
      IMAP4I_S("+"),
      IMAP4I_S("\r\n"),
      IMAP4I_S("\n"),
      IMAP4I_S("/x"),
      IMAP4I_S(" "),
      IMAP4I_S("\xff"),
      IMAP4I_S("YWJj\r\n"),
      IMAP4I_S("YWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVmYWJjZGVm\r\n"),
  };
  imap4i_base64 state;
  flow_check check = {begin, feed, NULL, &state, 1};
  flow_check_random(&check, pieces, IMAP4I_COUNT(pieces), 1000);
  imap4_str with_padding[IMAP4I_COUNT(pieces) + 1];
  memcpy(with_padding, pieces, sizeof pieces);
  with_padding[IMAP4I_COUNT(pieces)] = IMAP4I_S("=");
  flow_check_random(&check, with_padding, IMAP4I_COUNT(with_padding), 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors), cmocka_unit_test(test_strict),      cmocka_unit_test(test_no_memory),
      cmocka_unit_test(test_mail),    cmocka_unit_test(test_every_octet), cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
