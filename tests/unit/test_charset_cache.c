/* SPDX-License-Identifier: MIT */
/* Converters that stay open: each text begins anew, old ones make room, memory of nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/charset_cache.h"
#include "imap4/error.h"

/* |in| by the converter of |name|, all at once or (not |last|) as the beginning of a text that is dropped. */
static imap4_str convert(imap4i_charset_cache *cache, const char *namez, imap4_str in, bool last) {
  static char out[200];
  imap4i_charset *charset;
  int status = imap4i_charset_cache_get(cache, imap4i_str(namez, strlen(namez)), &charset);
  if (status != IMAP4_OK) return imap4i_str("unknown", 7);
  imap4i_flow flow = {.in = in, .last = last, .out = out, .room = sizeof out};
  assert_true(imap4i_charset_feed(charset, &flow));
  return imap4i_str(out, sizeof out - flow.room);
}

static void test_texts(void **state) {
  (void)state;
  static imap4i_charset_cache cache;
  for (int i = 0; i < 3; i++) {
    assert_true(imap4i_eq(convert(&cache, "iso-8859-1", IMAP4I_S("\xe9"), true), IMAP4I_S("\xc3\xa9")));
    assert_true(imap4i_eq(convert(&cache, "ISO-8859-1", IMAP4I_S("\xe9"), true), IMAP4I_S("\xc3\xa9")));
    assert_true(imap4i_eq(convert(&cache, "x-none", IMAP4I_S("a"), true), IMAP4I_S("unknown")));
    assert_true(imap4i_eq(convert(&cache, "", IMAP4I_S("a"), true), IMAP4I_S("unknown")));
    assert_true(imap4i_eq(convert(&cache, "utf_8", IMAP4I_S("\xc3"), false), IMAP4I_S("")));
    assert_true(imap4i_eq(convert(&cache, "utf_8", IMAP4I_S("\xa9"), true), IMAP4I_S("\xef\xbf\xbd")));
  }
  imap4i_charset_cache_free(&cache);
  imap4i_charset_cache_free(&cache);
}

/* Half a character and a shift of one text are not there in the next. */
static void test_iconv(void **state) {
  (void)state;
  static imap4i_charset_cache cache;
  if (imap4i_eq(convert(&cache, "gbk", IMAP4I_S(""), true), IMAP4I_S("unknown"))) return;
  for (int i = 0; i < 3; i++) {
    assert_true(imap4i_eq(convert(&cache, "gbk", IMAP4I_S("a\xc4"), false), IMAP4I_S("a")));
    assert_true(imap4i_eq(convert(&cache, "gbk", IMAP4I_S("\xe3"), true), IMAP4I_S("\xef\xbf\xbd")));
    assert_true(imap4i_eq(convert(&cache, "gbk", IMAP4I_S("\xc4\xe3"), true), IMAP4I_S("\xe4\xbd\xa0")));
    assert_true(
        imap4i_eq(convert(&cache, "iso-2022-jp", IMAP4I_S("\x1b$BF|"), false), IMAP4I_S("\xe6\x97\xa5")));
    assert_true(imap4i_eq(convert(&cache, "iso-2022-jp", IMAP4I_S("F|"), true), IMAP4I_S("F|")));
  }
  imap4i_charset_cache_free(&cache);
}

/* More names than there is room for, some of them again and again. */
static void test_many(void **state) {
  (void)state;
  static imap4i_charset_cache cache;
  static const char *const namesz[] = {"iso-8859-1", "windows-1252", "latin9", "x-none"};
  static const char *const expectedz[] = {"\xc2\xa4", "\xc2\xa4", "\xe2\x82\xac", "unknown"};
  char other[20] = "x-other-aa";
  for (size_t i = 0; i < 300; i++) {
    imap4_str made = convert(&cache, namesz[i % 4], IMAP4I_S("\xa4"), true);
    assert_true(imap4i_eq(made, imap4i_str(expectedz[i % 4], strlen(expectedz[i % 4]))));
    other[8] = (char)('a' + i % 23);
    other[9] = (char)('a' + i / 23);
    assert_true(imap4i_eq(convert(&cache, other, IMAP4I_S("a"), true), IMAP4I_S("unknown")));
    if (i == 150) cache.clock = UINT32_MAX - 20;
  }
  char longer[IMAP4I_CHARSET_CACHE_NAME + 2];
  memset(longer, 'x', sizeof longer);
  longer[sizeof longer - 1] = '\0';
  assert_true(imap4i_eq(convert(&cache, longer, IMAP4I_S("a"), true), IMAP4I_S("unknown")));
  imap4i_charset_cache_free(&cache);
}

static size_t count_kept(const imap4i_charset_cache *cache) {
  size_t n = 0;
  for (size_t i = 0; i < IMAP4I_ICONV_NUMBERS; i++)
    n += cache->kept[i] != NULL;
  return n;
}

/* A converter that makes room for another stays loaded: one handle of it is open whatever names follow. */
static void test_kept(void **state) {
  (void)state;
  enum { ROUNDS = 3, NAMES = 39, OTHERS = NAMES - IMAP4I_CHARSET_CACHE_SIZE };
  static imap4i_charset_cache cache;
  static const char *const namesz[NAMES] = {
      "iso-8859-2",  "iso-8859-3",  "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
      "iso-8859-9",  "iso-8859-10", "cp1250",     "cp1251",     "cp1253",     "cp1254",     "cp1255",
      "cp1256",      "cp1257",      "cp1258",     "koi8-r",     "koi8-u",     "cp437",      "cp737",
      "cp775",       "cp850",       "cp852",      "cp855",      "cp857",      "cp860",      "cp861",
      "cp862",       "cp863",       "cp864",      "cp865",      "cp866",      "cp869",      "gbk",
      "iso-2022-jp", "euc-jp",      "euc-kr",     "big5"};
  if (imap4i_eq(convert(&cache, "big5", IMAP4I_S(""), true), IMAP4I_S("unknown"))) return;
  imap4i_charset_cache_free(&cache);
  for (size_t round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < NAMES; i++) {
      assert_true(imap4i_eq(convert(&cache, namesz[i], IMAP4I_S("a"), false), IMAP4I_S("a")) ||
                  imap4i_eq(convert(&cache, namesz[i], IMAP4I_S("a"), true), IMAP4I_S("a")));
    }
    assert_int_equal(count_kept(&cache), round == 0 ? OTHERS : NAMES);
  }
  assert_true(imap4i_eq(convert(&cache, "'CP437 ", IMAP4I_S("\x80"), true), IMAP4I_S("\xc3\x87")));
  assert_int_equal(count_kept(&cache), NAMES);
  imap4i_charset_cache_free(&cache);
  assert_int_equal(count_kept(&cache), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_iconv),
      cmocka_unit_test(test_kept),
      cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
