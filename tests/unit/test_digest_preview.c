/* SPDX-License-Identifier: MIT */
/* Previews in digests: they are put in without harm to the rest, and must be what may be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail_check.h"
#include "memory_check.h"

/* Everything that is read from |a| is read from |b|, too. */
static void assert_same(imap4_str a, imap4_str b) {
  imap4i_part part, other;
  assert_int_equal(imap4i_digest_parts(a), imap4i_digest_parts(b));
  for (size_t i = 0; i < imap4i_digest_parts(a); i++) {
    assert_true(imap4i_digest_part(a, i, &part) && imap4i_digest_part(b, i, &other));
    assert_true(part.kind == other.kind && part.parent == other.parent && part.lines == other.lines &&
                part.header_offset == other.header_offset && part.body_length == other.body_length);
    for (unsigned id = 0; id < IMAP4I_TEXT_PREVIEW; id++)
      assert_true(imap4i_eq(part.text[id], other.text[id]));
  }
  assert_true(imap4i_eq(imap4i_digest_fields(a), imap4i_digest_fields(b)));
  assert_true(imap4i_digest_size(a) == imap4i_digest_size(b));
}

static void check(const char *messagez, const char *previewz) {
  memory_check memory;
  imap4i_buf digest, out;
  imap4_limits limits = mail_limits();
  imap4i_mem *mem = memory_check_init(&memory);
  imap4_str d = mail_digest(mem, &limits, STR(messagez), &digest);
  imap4_str preview;
  assert_false(imap4i_digest_preview(d, &preview));
  imap4i_buf_init(&out, mem, SIZE_MAX);
  assert_true(imap4i_buf_puts(&out, IMAP4I_S("before")));
  assert_int_equal(imap4i_digest_add_preview(d, STR(previewz), &out), IMAP4_OK);
  imap4_str made = imap4i_tail(imap4i_buf_str(&out), 6);
  assert_int_equal(made.n, d.n + imap4i_digest_preview_octets(STR(previewz)));
  assert_true(imap4i_digest_valid(made));
  assert_true(imap4i_digest_preview(made, &preview));
  assert_text(preview, previewz);
  assert_same(d, made);
  imap4i_buf_free(&out);
  imap4i_buf_free(&digest);
  memory_check_end(&memory);
}

static void test_added(void **state) {
  (void)state;
  static const char *const messages[] = {mail_example, "", "\r\n", "Subject: a\r\n\r\nb", "x"};
  char longest[4 * IMAP4I_PREVIEW_CHARACTERS + 1] = "";
  for (size_t i = 0; i < IMAP4I_PREVIEW_CHARACTERS; i++)
    memcpy(longest + 4 * i, "\xf0\x9f\x90\x9f", 5);
  for (size_t i = 0; i < IMAP4I_COUNT(messages); i++) {
    check(messages[i], "");
    check(messages[i], "a \"word\" \\ more");
    check(messages[i], "gr\xc3\xbc\xc3\x9f");
    check(messages[i], longest);
  }
}

/* Whether a digest with |preview| is one that is trusted; |part| must have it. */
static bool is_valid(imap4_str preview, size_t part) {
  memory_check memory;
  imap4i_buf digest, out;
  imap4_limits limits = mail_limits();
  imap4i_mem *mem = memory_check_init(&memory);
  imap4_str d = mail_digest(mem, &limits, STR(mail_example), &digest);
  imap4i_buf_init(&out, mem, SIZE_MAX);
  assert_int_equal(imap4i_digest_add_preview(d, preview, &out), IMAP4_OK);
  if (part > 0) /* then this is not the part whose parent is none */
    imap4i_set32(out.p + IMAP4I_DIGEST_HEAD + IMAP4I_RECORD_PARENT, 0);
  imap4i_set64(out.p + IMAP4I_HEAD_CHECKSUM, imap4i_digest_checksum(imap4i_buf_str(&out)));
  bool valid = imap4i_digest_valid(imap4i_buf_str(&out));
  imap4i_buf_free(&out);
  imap4i_buf_free(&digest);
  memory_check_end(&memory);
  return valid;
}

static void test_wrong(void **state) {
  (void)state;
  char longer[4 * IMAP4I_PREVIEW_CHARACTERS + 1];
  memset(longer, 'a', sizeof longer);
  assert_true(is_valid(IMAP4I_S("a"), 0));
  assert_false(is_valid(IMAP4I_S("a"), 1));
  assert_false(is_valid(IMAP4I_S("a\r\nb"), 0));
  assert_false(is_valid(IMAP4I_S("a\tb"), 0));
  assert_false(is_valid(IMAP4I_S("a\0b"), 0));
  assert_false(is_valid(IMAP4I_S("a\x7f"), 0));
  assert_false(is_valid(IMAP4I_S("a\xff"), 0));
  assert_false(is_valid(IMAP4I_S("a\xc3"), 0));
  assert_true(is_valid(imap4i_str(longer, sizeof longer - 1), 0));
  assert_false(is_valid(imap4i_str(longer, sizeof longer), 0));
}

static void test_no_memory(void **state) {
  (void)state;
  memory_check memory;
  imap4i_buf digest, out;
  imap4_limits limits = mail_limits();
  imap4i_mem *mem = memory_check_init(&memory);
  imap4_str d = mail_digest(mem, &limits, STR(mail_example), &digest);
  for (size_t most = 1; most < d.n + imap4i_digest_preview_octets(IMAP4I_S("word")); most++) {
    imap4i_buf_init(&out, mem, most);
    assert_int_equal(imap4i_digest_add_preview(d, IMAP4I_S("word"), &out), IMAP4_ERR_NOMEM);
    assert_int_equal(out.n, 0);
    imap4i_buf_free(&out);
  }
  imap4i_buf_free(&digest);
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_added), cmocka_unit_test(test_wrong),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
