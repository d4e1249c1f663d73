/* SPDX-License-Identifier: MIT */
/* Charsets; see charset.h. */
#include "base/charset.h"

#include "imap4/error.h"

enum { KIND_ICONV, KIND_ASCII, KIND_UTF8, KIND_LATIN1, KIND_LATIN9, KIND_WINDOWS_1252 };

/* Names and aliases, from the IANA registry and from what mail is seen to use. */
static const struct {
  int kind;
  const char *namesz;
} built_in[] = {
    {KIND_UTF8, "utf-8 utf8 utf_8 csutf8 unicode-1-1-utf-8"},
    {KIND_ASCII, "us-ascii ascii usascii ansi_x3.4-1968 ansi_x3.4-1986 iso_646.irv:1991 iso646-us iso-ir-6 "
                 "us ibm367 cp367 csascii cp20127 646"},
    {KIND_LATIN1, "iso-8859-1 iso8859-1 iso_8859-1 iso8859_1 iso88591 iso_8859-1:1987 iso-ir-100 latin1 "
                  "latin-1 l1 ibm819 cp819 csisolatin1 8859-1 "
                  "iso-8859-1:1987 iso_8859-1:1998"},
    {KIND_LATIN9, "iso-8859-15 iso8859-15 iso_8859-15 iso8859_15 iso885915 latin9 latin-9 l9 csiso885915 "
                  "iso_8859-15:1998"},
    {KIND_WINDOWS_1252,
     "windows-1252 cp1252 cp-1252 x-cp1252 cswindows1252 win-1252 windows1252 win1252 ms-ansi"},
};

/* 0x80 to 0x9f; 0 where nothing is assigned. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* Without what stands around it in mail: white space, and apostrophes for quotes. */
static imap4_str bare(imap4_str name) {
  static const char around[] = " \t'";
  while (name.n > 0 && memchr(around, name.p[0], sizeof around - 1))
    name = imap4i_tail(name, 1);
  while (name.n > 0 && memchr(around, name.p[name.n - 1], sizeof around - 1))
    name.n--;
  return name;
}

bool imap4i_charset_is_utf8(imap4_str name) {
  return name.n == 0 || imap4i_has_word(IMAP4I_S("utf-8 us-ascii utf8 ascii"), name);
}

/* Converters of windows-1255 and windows-1258 keep ASCII letters back for what may follow, so these are none.
 */
bool imap4i_charset_keeps_ascii(imap4_str name) {
  return imap4i_has_word(
      IMAP4I_S("iso-8859-1 windows-1252 iso-8859-15 gb2312 gbk gb18030 big5 euc-kr euc-jp koi8-r koi8-u "
               "iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 "
               "iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-16 windows-1250 windows-1251 windows-1253 "
               "windows-1254 windows-1256 windows-1257 ks_c_5601-1987 latin1 "
               "iso8859-1 iso8859-15 cp1252 cp1251 ansi_x3.4-1968"),
      name);
}

int imap4i_charset_open(imap4i_charset *charset, imap4_str name) {
  name = bare(name);
  *charset = (imap4i_charset){.kind = KIND_ICONV};
  for (size_t i = 0; i < IMAP4I_COUNT(built_in); i++) {
    if (imap4i_has_word(imap4i_str(built_in[i].namesz, strlen(built_in[i].namesz)), name)) {
      charset->kind = built_in[i].kind;
      return IMAP4_OK;
    }
  }
  return imap4i_iconv_open(&charset->iconv, name);
}

void imap4i_charset_close(imap4i_charset *charset) {
  if (charset->kind == KIND_ICONV) imap4i_iconv_close(&charset->iconv);
}

void imap4i_charset_restart(imap4i_charset *charset) {
  charset->cut = (imap4i_utf8_cut){.n = 0};
  if (charset->kind == KIND_ICONV) imap4i_iconv_restart(&charset->iconv);
}

/* What an octet above 0x7f stands for. */
static uint32_t latin9(unsigned char c) {
  switch (c) {
  case 0xa4:
    return 0x20ac;
  case 0xa6:
    return 0x160;
  case 0xa8:
    return 0x161;
  case 0xb4:
    return 0x17d;
  case 0xb8:
    return 0x17e;
  case 0xbc:
    return 0x152;
  case 0xbd:
    return 0x153;
  case 0xbe:
    return 0x178;
  default:
    return c;
  }
}

static uint32_t character(int kind, unsigned char c) {
  switch (kind) {
  case KIND_LATIN1:
    return c;
  case KIND_LATIN9:
    return latin9(c);
  case KIND_WINDOWS_1252:
    if (c >= 0xa0) return c;
    return windows_1252[c - 0x80] != 0 ? windows_1252[c - 0x80] : IMAP4I_REPLACEMENT;
  default:
    return IMAP4I_REPLACEMENT;
  }
}

/* Pass on what is ASCII at the beginning; it is the same in all charsets that are built in. */
static void feed_ascii(imap4i_flow *flow) {
  size_t n = 0, most = imap4i_min(flow->in.n, flow->room);
  while (n < most && (unsigned char)flow->in.p[n] < 0x80)
    n++;
  imap4i_flow_pass(flow, n);
}

static bool feed_utf8(imap4i_utf8_cut *cut, imap4i_flow *flow) {
  for (;;) {
    uint32_t cp;
    if (cut->n == 0) feed_ascii(flow);
    if (flow->in.n == 0 && (!flow->last || cut->n == 0)) return true;
    if (flow->room < IMAP4I_UTF8_MAX) return false;
    if (!imap4i_utf8_next(cut, &flow->in, flow->last, &cp)) return true;
    imap4i_utf8_put(flow, cp);
  }
}

bool imap4i_charset_feed(imap4i_charset *state, imap4i_flow *flow) {
  if (state->kind == KIND_ICONV) return imap4i_iconv_feed(&state->iconv, flow);
  if (state->kind == KIND_UTF8) return feed_utf8(&state->cut, flow);
  for (;;) {
    feed_ascii(flow);
    if (flow->in.n == 0) return true;
    if (flow->room < IMAP4I_UTF8_MAX) return false;
    imap4i_utf8_put(flow, character(state->kind, (unsigned char)flow->in.p[0]));
    imap4i_flow_take(flow, 1);
  }
}
