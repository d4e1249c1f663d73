/* SPDX-License-Identifier: MIT */
/* Bodies in all encodings and charsets, at every cut, on their way to the matcher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/error.h"
#include "memory_check.h"
#include "search/haystack.h"

/* Whether |needle|, which is folded, is in |data| fed in pieces: |first|, then |step|. */
static bool finds(int transfer, imap4_str charset, imap4_str data, size_t first, size_t step,
                  imap4_str text) {
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_needle needle;
  imap4i_matcher matcher;
  static imap4i_haystack haystack;
  static imap4i_charset_cache charsets;
  bool news = false;
  imap4i_needle_init(&needle, text);
  needle.wanted = true;
  assert_true(imap4i_matcher_init(&matcher, mem, &needle, 1));
  imap4i_haystack_init(&haystack, &matcher, &charsets);
  assert_int_equal(imap4i_haystack_begin(&haystack, transfer, charset), IMAP4_OK);
  for (size_t piece = first; data.n > 0; piece = step) {
    size_t n = imap4i_min(piece, data.n);
    int status = imap4i_haystack_feed(&haystack, imap4i_str(data.p, n), n == data.n, &news);
    assert_int_equal(status, IMAP4_OK);
    data = imap4i_tail(data, n);
  }
  assert_int_equal(news, needle.found);
  imap4i_charset_cache_free(&charsets);
  imap4i_matcher_free(&matcher);
  imap4i_needle_free(&needle, mem);
  memory_check_end(&check);
  return news;
}

typedef struct sample {
  int transfer;
  const char *charsetz;
  const char *dataz;
  const char *needlez;
  bool found;
} sample;

static const sample samples[] = {
    {IMAP4I_TRANSFER_IDENTITY, "", "one two three", "E TWO T", true},
    {IMAP4I_TRANSFER_IDENTITY, "", "one two\r\nthree", "TWO\r\nTHREE", true},
    {IMAP4I_TRANSFER_IDENTITY, "", "one two\r\nthree", "TWO THREE", false},
    {IMAP4I_TRANSFER_IDENTITY, "us-ascii", "M\303\274nchen", "MU\314\210NCHEN", true},
    {IMAP4I_TRANSFER_IDENTITY, "x-unknown", "in M\303\274nchen", "MU\314\210NCHEN", true},
    {IMAP4I_TRANSFER_IDENTITY, "utf-8", "Mu\314\210nchen", "MU\314\210NCHEN", true},
    {IMAP4I_TRANSFER_IDENTITY, "ISO-8859-1", "in M\374nchen", "MU\314\210NCHEN", true},
    {IMAP4I_TRANSFER_IDENTITY, "windows-1252", "10 \200", "10 \342\202\254", true},
    {IMAP4I_TRANSFER_IDENTITY, "utf-8", "bad \374 octet", "BAD \357\277\275 O", true},
    {IMAP4I_TRANSFER_IDENTITY, "utf-8", "the end \303", "END \357\277\275", true},
    {IMAP4I_TRANSFER_QP, "iso-8859-1", "caf=E9 unsub=\r\nscribe", "CAFE\314\201 UNSUBSCRIBE", true},
    {IMAP4I_TRANSFER_QP, "iso-8859-1", "caf=E9 unsub=\r\nscribe", "=E9", false},
    {IMAP4I_TRANSFER_QP, "", "line \t \r\nend", "LINE\r\nEND", true},
    {IMAP4I_TRANSFER_BASE64, "utf-8",
     "bmVlZGxlIGluc2lk\r\nZSBuZXN0ZWQgTcO8\r\nbmNoZW4=", "ED MU\314\210NCHEN", true},
    {IMAP4I_TRANSFER_BASE64, "utf-8", "bmVlZGxlIGluc2lkZSBuZXN0ZWQ=", "BMVL", false},
};

static void test_every_cut(void **state) {
  (void)state;
  for (size_t i = 0; i < IMAP4I_COUNT(samples); i++) {
    const sample *s = &samples[i];
    imap4_str data = imap4i_str(s->dataz, strlen(s->dataz));
    imap4_str charset = imap4i_str(s->charsetz, strlen(s->charsetz));
    imap4_str needle = imap4i_str(s->needlez, strlen(s->needlez));
    for (size_t first = 1; first <= data.n; first++) {
      assert_int_equal(finds(s->transfer, charset, data, first, data.n, needle), s->found);
      assert_int_equal(finds(s->transfer, charset, data, first, 1, needle), s->found);
    }
  }
}

/* Longer than all buffers between, so that each of them fills up. */
static void test_long_bodies(void **state) {
  (void)state;
  static char data[60000];
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (char)(i % 3 == 0 ? 0xdf : 0xe9);
  memcpy(data + sizeof data - 10, "needle", 6);
  const imap4_str all = {data, sizeof data};
  const imap4_str charset = IMAP4I_S("iso-8859-1");
  assert_true(finds(IMAP4I_TRANSFER_IDENTITY, charset, all, all.n, 1, IMAP4I_S("\201NEEDLEE\314\201")));
  assert_true(finds(IMAP4I_TRANSFER_QP, charset, all, 777, 5000, IMAP4I_S("NEEDLE")));
  /* Each FDFA grows from 3 octets to 33. */
  for (size_t i = 0; i + 16 < sizeof data; i += 3)
    memcpy(data + i, "\357\267\272", 3);
  assert_true(finds(IMAP4I_TRANSFER_QP, IMAP4I_S("utf-8"), all, 4097, 5000, IMAP4I_S("NEEDLE")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_cut),
      cmocka_unit_test(test_long_bodies),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
