/* SPDX-License-Identifier: MIT */
/* Conversion to UTF-8: the charsets that are built in, and iconv's where it is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/charset.h"
#include "flow_check.h"
#include "imap4/error.h"

typedef struct named {
  imap4_str name;
  imap4i_charset charset;
} named;

static void begin(void *state) {
  named *n = state;
  assert_int_equal(imap4i_charset_open(&n->charset, n->name), IMAP4_OK);
}

static bool feed(void *state, imap4i_flow *flow) {
  return imap4i_charset_feed(&((named *)state)->charset, flow);
}

static void end(void *state) {
  imap4i_charset_close(&((named *)state)->charset);
  imap4i_charset_close(&((named *)state)->charset);
}

static void becomes(imap4_str name, imap4_str in, imap4_str expected) {
  named state = {.name = name};
  flow_check check = {begin, feed, end, &state, IMAP4I_FLOW_ROOM};
  flow_check_all(&check, in, expected);
}

static bool known(imap4_str name) {
  imap4i_charset charset;
  int status = imap4i_charset_open(&charset, name);
  imap4i_charset_close(&charset);
  assert_true(status == IMAP4_OK || status == IMAP4_ERR_INVALID);
  return status == IMAP4_OK;
}

#define FFFD "\xef\xbf\xbd"

static void test_names(void **unused) {
  (void)unused;
  assert_true(known(IMAP4I_S("US-ASCII")));
  assert_true(known(IMAP4I_S("ISO-8859-1")));
  assert_true(known(IMAP4I_S("ISO-8859-15")));
  assert_true(known(IMAP4I_S("windows-1252")));
  assert_true(known(IMAP4I_S("utf-8")));
  assert_true(known(IMAP4I_S("Latin1")));
  assert_true(known(IMAP4I_S("ANSI_X3.4-1968")));
  assert_true(known(IMAP4I_S("CP1252")));
  assert_true(known(IMAP4I_S("ISO_8859-15")));
  assert_true(known(IMAP4I_S("ISO_8859-1:1987")));
  assert_true(known(IMAP4I_S("windows1252")));
  assert_true(known(IMAP4I_S(" 'utf-8' ")));
}

/* ASCII before, between and behind what a charset has above it, a letter at a time: nothing waits for what
 * follows. */
static void test_keeps_ascii(void **unused) {
  (void)unused;
  static const char *const keepsz[] = {"iso-8859-1", "ISO-8859-15", "windows-1251", "gbk",   "big5",
                                       "euc-jp",     "euc-kr",      "koi8-r",       "cp1252"};
  for (size_t i = 0; i < IMAP4I_COUNT(keepsz); i++) {
    imap4i_charset charset;
    imap4_str name = imap4i_str(keepsz[i], strlen(keepsz[i]));
    assert_true(imap4i_charset_keeps_ascii(name));
    if (imap4i_charset_open(&charset, name) != IMAP4_OK) continue; /* without iconv */
    for (int c = 1; c < 0x80; c++) {
      char in = (char)c, out[IMAP4I_FLOW_ROOM];
      imap4i_flow flow = {.in = {&in, 1}, .out = out, .room = sizeof out};
      assert_true(imap4i_charset_feed(&charset, &flow));
      assert_int_equal(flow.room, sizeof out - 1);
      assert_int_equal(out[0], in);
    }
    imap4i_charset_close(&charset);
  }
  static const char *const notz[] = {"utf-16", "utf-7", "iso-2022-jp", "windows-1255", "x-unknown", ""};
  for (size_t i = 0; i < IMAP4I_COUNT(notz); i++)
    assert_false(imap4i_charset_keeps_ascii(imap4i_str(notz[i], strlen(notz[i]))));
  assert_true(imap4i_charset_is_utf8(IMAP4I_S("")));
  assert_true(imap4i_charset_is_utf8(IMAP4I_S("UTF-8")));
  assert_true(imap4i_charset_is_utf8(IMAP4I_S("us-ascii")));
  assert_false(imap4i_charset_is_utf8(IMAP4I_S("utf-7")));
  assert_false(imap4i_charset_is_utf8(IMAP4I_S("iso-8859-1")));
}

/* Neither nothing, nor the locale's charset, nor anything that iconv takes for an instruction. */
static void test_unknown_names(void **unused) {
  (void)unused;
  static const imap4_str bad[] = {
      {"", 0},
      {NULL, 0},
      {"x-unknown", 9},
      {"utf-8//IGNORE", 13},
      {"//", 2},
      {"char", 4},
      {"wchar_t", 7},
      {"INTERNAL", 8},
      {" ' ", 3},
      {"utf-8 x", 7},
      {"utf-8\0", 6},
      {"../../x", 7},
      {"koi8-r//TRANSLIT", 16},
      {"koi8-r,utf-8", 12},
      {"iso-2022-cn-ext", 15},
      {"koi8-r koi8-u", 13},
      {"koi8-raaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 80},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++)
    assert_false(known(bad[i]));
}

static void test_utf8(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("utf-8"), IMAP4I_S("a\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"),
          IMAP4I_S("a\0\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"));
  becomes(IMAP4I_S("utf-8"), IMAP4I_S("\xe9t\xe9 \xe2\x82x\xed\xa0\x80\xf0\x9f"),
          IMAP4I_S(FFFD "t" FFFD " " FFFD "x" FFFD FFFD FFFD FFFD));
  becomes(IMAP4I_S("utf-8"), IMAP4I_S(""), IMAP4I_S(""));
}

static void test_single_octets(void **unused) {
  (void)unused;
  becomes(IMAP4I_S("us-ascii"), IMAP4I_S("a\0~\x80\xff"), IMAP4I_S("a\0~" FFFD FFFD));
  becomes(IMAP4I_S("iso-8859-1"), IMAP4I_S("a\x80\xa4\xe9\xff"),
          IMAP4I_S("a\xc2\x80\xc2\xa4\xc3\xa9\xc3\xbf"));
  becomes(IMAP4I_S("iso-8859-15"), IMAP4I_S("\xa3\xa4\xa6\xa8\xb4\xb8\xbc\xbd\xbe\xbf"),
          IMAP4I_S("\xc2\xa3\xe2\x82\xac\xc5\xa0\xc5\xa1\xc5\xbd\xc5\xbe\xc5\x92\xc5\x93\xc5\xb8\xc2\xbf"));
  becomes(IMAP4I_S("windows-1252"), IMAP4I_S("\x80\x81\x85\x93x\x94\x9f\xa0\xfc"),
          IMAP4I_S("\xe2\x82\xac" FFFD "\xe2\x80\xa6\xe2\x80\x9cx\xe2\x80\x9d\xc5\xb8\xc2\xa0\xc3\xbc"));
}

/* All that an octet can be: ASCII is ASCII, and the rest is one character each. */
static void test_every_octet(void **unused) {
  (void)unused;
  static const imap4_str names[] = {{"us-ascii", 8}, {"iso-8859-1", 10}, {"latin-9", 7}, {"cp1252", 6}};
  for (size_t k = 0; k < IMAP4I_COUNT(names); k++) {
    for (unsigned i = 0; i < 256; i++) {
      imap4i_charset charset;
      char in = (char)(unsigned char)i, out[IMAP4I_FLOW_ROOM];
      assert_int_equal(imap4i_charset_open(&charset, names[k]), IMAP4_OK);
      imap4i_flow flow = {.in = {&in, 1}, .last = true, .out = out, .room = sizeof out};
      assert_true(imap4i_charset_feed(&charset, &flow));
      size_t n = sizeof out - flow.room;
      uint32_t cp;
      assert_int_equal(imap4i_utf8_decode(imap4i_str(out, n), &cp), n);
      assert_true(i < 0x80 ? cp == i : cp >= 0x80);
      imap4i_charset_close(&charset);
    }
  }
}

/* Whether iconv is compiled in does not show here, so its charsets are tested where they are known. */
static void iconv_becomes(imap4_str name, imap4_str in, imap4_str expected) {
  if (known(name)) becomes(name, in, expected);
}

static void test_iconv(void **unused) {
  (void)unused;
  iconv_becomes(IMAP4I_S("koi8-r"), IMAP4I_S("\xf0\xd2\xc9\xd7\xc5\xd4!"),
                IMAP4I_S("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82!"));
  iconv_becomes(IMAP4I_S("ISO-8859-2"), IMAP4I_S("\xb1\xe6\xea"), IMAP4I_S("\xc4\x85\xc4\x87\xc4\x99"));
  iconv_becomes(IMAP4I_S("ISO-2022-JP"), IMAP4I_S("\x1b$BF|K\\\x1b(B!\r\n"),
                IMAP4I_S("\xe6\x97\xa5\xe6\x9c\xac!\r\n"));
  iconv_becomes(IMAP4I_S("Shift_JIS"), IMAP4I_S("\x93\xfa\x96{a"),
                IMAP4I_S("\xe6\x97\xa5\xe6\x9c\xac"
                         "a"));
  iconv_becomes(IMAP4I_S("gb18030"), IMAP4I_S("\xc4\xe3\x94\x39\xda\x33"),
                IMAP4I_S("\xe4\xbd\xa0\xf0\x9f\x92\xa9"));
  iconv_becomes(IMAP4I_S("gb2312"), IMAP4I_S("\xc4\xe3\xba\xc3"), IMAP4I_S("\xe4\xbd\xa0\xe5\xa5\xbd"));
  iconv_becomes(IMAP4I_S("ks_c_5601-1987"), IMAP4I_S("\xb0\xa1"), IMAP4I_S("\xea\xb0\x80"));
  iconv_becomes(IMAP4I_S("utf-16le"), IMAP4I_S("a\0\xac\x20=\xd8\0\xde"),
                IMAP4I_S("a\xe2\x82\xac\xf0\x9f\x98\x80"));
  iconv_becomes(IMAP4I_S("UTF-16"), IMAP4I_S("\xfe\xff\0a \xac"), IMAP4I_S("a\xe2\x82\xac"));
  /* Converters that look one character ahead. */
  iconv_becomes(IMAP4I_S("big5-hkscs"), IMAP4I_S("\x88\x66"), IMAP4I_S("\xc3\x8a"));
  iconv_becomes(IMAP4I_S("windows-1258"), IMAP4I_S("a\xec"), IMAP4I_S("\xc3\xa1"));
}

/* Other names of the same. */
static void test_iconv_names(void **unused) {
  (void)unused;
  static const struct {
    const char *namesz, *inz, *outz;
  } tests[] = {
      {"cskoi8r koi8 koi8-ru", "\xf0\xd2", "\xd0\x9f\xd1\x80"},
      {"windows1251 win-1251 'windows-1251'", "\xcf\xf0", "\xd0\x9f\xd1\x80"},
      {"csgb2312 gb_2312-80 cn-gb x-gbk", "\xd6\xd0", "\xe4\xb8\xad"},
      {"csbig5 cn-big5", "\xa4\xa4", "\xe4\xb8\xad"},
      {"euckr cseuckr ms949 ks_c_5601-1989", "\xc7\xd1", "\xed\x95\x9c"},
      {"eucjp x-euc-jp", "\xc6\xfc", "\xe6\x97\xa5"},
      {"csshiftjis ms932 x-sjis", "\x93\xfa", "\xe6\x97\xa5"},
      {"csiso2022jp cp50220 iso-2022-jp-1", "\x1b$BF|\x1b(B", "\xe6\x97\xa5"},
      {"unicode-1-1-utf-7 utf7", "+AOk-", "\xc3\xa9"},
      {"csisolatin2 iso_8859-2:1987", "\xb1", "\xc4\x85"},
  };
  if (!known(IMAP4I_S("koi8-r"))) return;
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    imap4_str names = imap4i_str(tests[i].namesz, strlen(tests[i].namesz)), name;
    while (imap4i_next_word(&names, &name))
      becomes(name, imap4i_str(tests[i].inz, strlen(tests[i].inz)),
              imap4i_str(tests[i].outz, strlen(tests[i].outz)));
  }
  /* Two octets are skipped where they mean nothing. */
  becomes(IMAP4I_S("ucs-2"), IMAP4I_S("\xdc\0\0a\0\xe9"), IMAP4I_S(FFFD "a\xc3\xa9"));
  becomes(IMAP4I_S("utf16"), IMAP4I_S("\xfe\xff\0a\xdc\0\0b"), IMAP4I_S("a" FFFD "b"));
}

/* What follows something broken is not lost. */
static void test_iconv_goes_on(void **unused) {
  (void)unused;
  static const struct {
    const char *namez, *inz, *endz;
  } tests[] = {
      {"gb18030", "\xd6\xff ok \xd6\xd0", "k \xe4\xb8\xad"},
      {"gb2312", "\xd6\r\nok \xd6\xd0", "k \xe4\xb8\xad"},
      {"big5", "\xa4\x20 ok \xa4\xa4", "k \xe4\xb8\xad"},
      {"euc-kr", "\xc7 \xff ok \xc7\xd1", "k \xed\x95\x9c"},
      {"euc-jp", "\x8f\xff\xc6 ok \xc6\xfc", "k \xe6\x97\xa5"},
      {"shift_jis", "\x93\xff\xfd ok \x93\xfa", "k \xe6\x97\xa5"},
      {"koi8-r", "\xff ok \xf0", "k \xd0\x9f"},
      {"windows-1255", "\xff\xd9 ok \xf9", "k \xd7\xa9"},
      /* A line that does not shift back, a shift cut short, one that nobody knows. */
      {"iso-2022-jp", "\x1b$BF|\r\nok \x1b$BF|\x1b(B", "\xe6\x97\xa5"},
      {"iso-2022-jp", "\x1b$ ok \x1b$BF|\x1b(B", "k \xe6\x97\xa5"},
      {"iso-2022-jp", "\x1b%X\xff ok \x1b$BF|\x1b(B", "k \xe6\x97\xa5"},
      {"iso-2022-jp", "\x1b$BF\x1b(B ok \x1b$BF|\x1b(B", "k \xe6\x97\xa5"},
      {"utf-7", "+A!!\xff ok +AOk-", " \xc3\xa9"},
  };
  if (!known(IMAP4I_S("koi8-r"))) return;
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    static flow_result whole;
    imap4_str in = imap4i_str(tests[i].inz, strlen(tests[i].inz));
    size_t n = strlen(tests[i].endz);
    named state = {.name = imap4i_str(tests[i].namez, strlen(tests[i].namez))};
    flow_check check = {begin, feed, end, &state, IMAP4I_FLOW_ROOM};
    flow_check_run(&check, in, in.n, 1, FLOW_CHECK_MAX, false, &whole);
    if (whole.n < n || memcmp(whole.p + whole.n - n, tests[i].endz, n) != 0) {
      fail_msg("%s, test %zu: %.*s", tests[i].namez, i, (int)whole.n, whole.p);
    }
    becomes(state.name, in, imap4i_str(whole.p, whole.n));
  }
}

static void test_iconv_invalid(void **unused) {
  (void)unused;
  iconv_becomes(IMAP4I_S("gb18030"),
                IMAP4I_S("a\xff"
                         "b\x81"),
                IMAP4I_S("a" FFFD "b" FFFD));
  iconv_becomes(IMAP4I_S("euc-jp"), IMAP4I_S("\xff\xff\xa4\xa2"), IMAP4I_S(FFFD FFFD "\xe3\x81\x82"));
  iconv_becomes(IMAP4I_S("euc-jp"), IMAP4I_S("\xa4\xa2\xa4"), IMAP4I_S("\xe3\x81\x82" FFFD));
  iconv_becomes(IMAP4I_S("utf-16be"), IMAP4I_S("\xdc\0\0a\0"), IMAP4I_S(FFFD "a" FFFD));
  iconv_becomes(IMAP4I_S("utf-32be"), IMAP4I_S("\x7f\xff\xff\xff\0\0\0a\0\0"), IMAP4I_S(FFFD "a" FFFD));
  iconv_becomes(IMAP4I_S("windows-1253"), IMAP4I_S("\xff\xe1"), IMAP4I_S(FFFD "\xce\xb1"));
}

/* Random octets: always UTF-8, and the same however they are cut. */
static void test_random(void **unused) {
  (void)unused;
  static const imap4_str names[] = {
      {"utf-8", 5},  {"koi8-u", 6},       {"gb18030", 7},   {"big5", 4},           {"big5-hkscs", 10},
      {"euc-jp", 6}, {"iso-2022-jp", 11}, {"shift_jis", 9}, {"iso-2022-jp-2", 13}, {"iso-2022-kr", 11},
      {"utf-7", 5},  {"utf-16", 6},       {"utf-32le", 8},  {"windows-1255", 12},  {"windows-1258", 12},
      {"euc-tw", 6}, {"johab", 5},        {"euc-kr", 6},
  };
  uint64_t seed = 2978;
  for (size_t i = 0; i < IMAP4I_COUNT(names); i++) {
    if (!known(names[i])) continue;
    for (int round = 0; round < 12; round++) {
      static flow_result whole;
      char in[60];
      for (size_t k = 0; k < sizeof in; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint32_t r = (uint32_t)(seed >> 33);
        in[k] = r % 5 == 0 ? "\x1b$B(+-AJ~"[r / 5 % 9] : (char)(unsigned char)(r / 5 & 0xff);
      }
      named state = {.name = names[i]};
      flow_check check = {begin, feed, end, &state, IMAP4I_FLOW_ROOM};
      flow_check_run(&check, imap4i_str(in, sizeof in), sizeof in, 1, FLOW_CHECK_MAX, false, &whole);
      assert_true(imap4i_utf8_valid(imap4i_str(whole.p, whole.n)));
      becomes(names[i], imap4i_str(in, sizeof in), imap4i_str(whole.p, whole.n));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),         cmocka_unit_test(test_keeps_ascii),
      cmocka_unit_test(test_unknown_names), cmocka_unit_test(test_utf8),
      cmocka_unit_test(test_single_octets), cmocka_unit_test(test_every_octet),
      cmocka_unit_test(test_iconv),         cmocka_unit_test(test_iconv_names),
      cmocka_unit_test(test_iconv_goes_on), cmocka_unit_test(test_iconv_invalid),
      cmocka_unit_test(test_random),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
