/* SPDX-License-Identifier: MIT */
/* Encoded words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/error.h"
#include "mail/encoded_word.h"
#include "mail_check.h"
#include "memory_check.h"

static imap4i_charset_cache charsets;

static void assert_decoded(const char *textz, const char *wantz) {
  memory_check memory;
  imap4i_buf out;
  size_t n = strlen(textz);
  char *exact = malloc(n > 0 ? n : 1); /* so that a look behind the end is seen */
  memcpy(exact, textz, n);
  imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
  assert_int_equal(imap4i_encoded_words(imap4i_str(exact, n), 1000, &charsets, &out), IMAP4_OK);
  assert_text(imap4i_buf_str(&out), wantz);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
  imap4i_charset_cache_free(&charsets);
  free(exact);
}

static void test_words(void **unused) {
  (void)unused;
  assert_decoded("", "");
  assert_decoded("plain =text", "plain =text");
  assert_decoded("=?iso-8859-1?q?J=F6rg?= x", "J\xc3\xb6rg x");
  assert_decoded("a =?UTF-8?B?w7Y=?= b", "a \xc3\xb6 b");
  assert_decoded("=?utf-8?Q?a_b=5F?=", "a b_");
  assert_decoded("=?us-ascii*en?q?tagged?=", "tagged");
  assert_decoded("\"=?utf-8?q?in?=side\"", "\"inside\"");
}

static void test_adjacent(void **unused) {
  (void)unused;
  assert_decoded("=?utf-8?q?a?= =?utf-8?q?b?=", "ab");
  assert_decoded("=?utf-8?q?a?=\r\n\t=?iso-8859-1?q?=F6?=", "a\xc3\xb6");
  assert_decoded("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b");
  assert_decoded("=?utf-8?q?a?=  ", "a  ");
  /* A character cut in two (RFC 2047 section 5 forbids it). */
  assert_decoded("=?utf-8?q?=C3?= =?utf-8?b?tg==?=", "\xef\xbf\xbd\xef\xbf\xbd");
  assert_decoded("=?utf-8?q?=C3=B6?= =?utf-8?q?=B6x?=", "\xc3\xb6\xef\xbf\xbdx");
  assert_decoded("=?utf-8?q?=C3?=x", "\xef\xbf\xbdx");
}

static void test_broken(void **unused) {
  (void)unused;
  static const char *const same[] = {"=?",         "=?utf-8",       "=?utf-8?",     "=?utf-8?q",
                                     "=?utf-8?q?", "=?utf-8?q?x",   "=?utf-8?q?x?", "=?utf-8?q?x?y",
                                     "=??q?x?=",   "=?utf-8?z?x?=", "=?utf-8??x?=", "=?utf-8?qq?x?="};
  for (size_t i = 0; i < IMAP4I_COUNT(same); i++)
    assert_decoded(same[i], same[i]);
  assert_decoded("=?utf-8?q?a=zz=?=", "a=zz=");
  assert_decoded("=?x-no-such-charset?q?abc=C3=B6?=", "abc\xc3\xb6");
  assert_decoded("=?=?utf-8?q?x?=", "=?x");
  assert_decoded("=?utf-8?q?"
                 "?=",
                 "");
}

static void test_ascii(void **unused) {
  (void)unused;
  assert_decoded("=?us-ascii?q?=C3=B6?=", "\xc3\xb6");
  assert_decoded("=?ASCII?q?=F6?=", "\xef\xbf\xbd");
}

/* Each word of a charset with shifts begins anew. */
static void test_shifts(void **unused) {
  (void)unused;
  imap4i_charset charset;
  bool known = imap4i_charset_open(&charset, IMAP4I_S("iso-2022-jp")) == IMAP4_OK;
  imap4i_charset_close(&charset);
  if (!known) return; /* without iconv */
  assert_decoded("=?iso-2022-jp?b?GyRCRnwbKEI=?= =?iso-2022-jp?b?GyRCS1wbKEI=?=", "\xe6\x97\xa5\xe6\x9c\xac");
  assert_decoded("=?iso-2022-jp?b?GyRCRnw=?= =?iso-2022-jp?q?or?=", "\xe6\x97\xa5or");
}

static void test_long(void **unused) {
  (void)unused;
  char text[2000];
  char want[1200];
  strcpy(text, "=?iso-8859-1?q?");
  for (size_t i = 0; i < 500; i++) {
    strcat(text, "=F6");
    memcpy(want + 2 * i, "\xc3\xb6", 2);
  }
  strcat(text, "?=");
  want[1000] = '\0';
  assert_decoded(text, want);
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf out;
  memory_check_init(&memory);
  for (size_t n = 0;; n++) {
    imap4i_buf_init(&out, &memory.mem, SIZE_MAX);
    memory.fail_from = n;
    int r = imap4i_encoded_words(IMAP4I_S("x =?iso-8859-1?q?=F6=F6?= =?koi8-r?b?w7Y=?= y"), 1000, &charsets,
                                 &out);
    imap4i_buf_free(&out);
    imap4i_charset_cache_free(&charsets);
    memory.fail_from = SIZE_MAX;
    assert_int_equal(memory.live, 0);
    if (r == IMAP4_OK) break;
    assert_int_equal(r, IMAP4_ERR_NOMEM);
    assert_true(n < 100);
  }
}

/* Words behind the first so many stay as they are. */
static void test_limit(void **unused) {
  (void)unused;
  static const char *const want[] = {"=?utf-8?q?a?= =?utf-8?q?b?= c", "a =?utf-8?q?b?= c", "ab c", "ab c"};
  for (size_t max = 0; max < IMAP4I_COUNT(want); max++) {
    memory_check memory;
    imap4i_buf out;
    imap4i_buf_init(&out, memory_check_init(&memory), SIZE_MAX);
    assert_int_equal(imap4i_encoded_words(IMAP4I_S("=?utf-8?q?a?= =?utf-8?q?b?= c"), max, &charsets, &out),
                     IMAP4_OK);
    assert_int_equal(out.n, strlen(want[max]));
    assert_memory_equal(out.p, want[max], out.n);
    imap4i_buf_free(&out);
    imap4i_charset_cache_free(&charsets);
    memory_check_end(&memory);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_words),  cmocka_unit_test(test_adjacent),
                                     cmocka_unit_test(test_broken), cmocka_unit_test(test_ascii),
                                     cmocka_unit_test(test_shifts), cmocka_unit_test(test_long),
                                     cmocka_unit_test(test_limit),  cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
