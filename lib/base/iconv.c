/* SPDX-License-Identifier: MIT */
/*
 * Conversion by the C library's iconv; see iconv.h.  The only file that uses more of libc than memory and
 * string functions.
 *
 * A message names the converter that runs on it.  Converters of rare charsets have had overflows and failed
 * assertions in more than one C library, and some names mean the locale; so only charsets that mail uses are
 * asked for.
 */
#include "base/iconv.h"

#include "imap4/error.h"

#ifdef IMAP4_ICONV

#include <errno.h>
#include <iconv.h>

#include "base/utf8.h"

/* The longest name of the lists below, with its NUL. */
#define NAME_SIZE 24

static const char single_octet[] =
    "iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10 "
    "iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-16 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 "
    "iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-16 iso_8859-2 "
    "iso_8859-5 iso_8859-7 iso_8859-9 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin10 "
    "windows-1250 windows-1251 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 "
    "windows-1258 windows-874 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 cp874 tis-620 "
    "koi8-r koi8-u macintosh cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 "
    "cp865 cp866 cp869 ibm437 ibm850 ibm852 ibm855 ibm857 ibm862 ibm864 ibm866 viscii";
static const char multi_octet[] =
    "gb2312 euc-cn gbk cp936 gb18030 big5 cp950 big5-hkscs euc-tw euc-jp shift_jis shift-jis sjis cp932 "
    "windows-31j iso-2022-jp iso-2022-jp-2 euc-kr uhc cp949 johab iso-2022-kr utf-7";
static const char two_octets[] = "utf-16 utf-16be utf-16le";
static const char four_octets[] = "utf-32 utf-32be utf-32le";

/* Names that mail uses and C libraries do not know, or have another meaning for. */
static const struct {
  const char *namez, *meansz;
} other_names[] = {
    {"iso-8859-6-e", "iso-8859-6"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-11", "tis-620"},
    {"windows-874", "cp874"},
    {"gb2312", "gbk"},
    {"ks_c_5601-1987", "cp949"},
    {"ks_c_5601", "cp949"},
    {"ksc5601", "cp949"},
    {"euc-kr", "cp949"},
    {"windows-949", "cp949"},
    {"x-sjis", "cp932"},
    {"shift_jis", "cp932"},
    {"ms_kanji", "cp932"},
    {"windows-31j", "cp932"},
    {"x-gbk", "gbk"},
    {"x-euc-jp", "euc-jp"},
    {"big5-eten", "big5"},
    {"x-mac-roman", "macintosh"},
    {"x-windows-1251", "cp1251"},
    {"windows1251", "cp1251"},
    {"win-1251", "cp1251"},
    {"win1251", "cp1251"},
    {"windows1250", "cp1250"},
    {"x-mac-cyrillic", "maccyrillic"},
    {"iso_8859-2:1987", "iso-8859-2"},
    {"iso_8859-5:1988", "iso-8859-5"},
    {"iso_8859-7:1987", "iso-8859-7"},
    {"iso_8859-8:1988", "iso-8859-8"},
    {"iso_8859-9:1989", "iso-8859-9"},
    {"csisolatin2", "iso-8859-2"},
    {"csisolatin5", "iso-8859-9"},
    {"csisolatincyrillic", "iso-8859-5"},
    {"csisolatingreek", "iso-8859-7"},
    {"cskoi8r", "koi8-r"},
    {"koi8", "koi8-r"},
    {"koi8r", "koi8-r"},
    {"koi8u", "koi8-u"},
    {"koi8-ru", "koi8-u"},
    {"csgb2312", "gbk"},
    {"gb_2312-80", "gbk"},
    {"cn-gb", "gbk"},
    {"csbig5", "big5"},
    {"cn-big5", "big5"},
    {"x-x-big5", "big5"},
    {"cseuckr", "cp949"},
    {"euckr", "cp949"},
    {"ks_c_5601-1989", "cp949"},
    {"csksc56011987", "cp949"},
    {"ms949", "cp949"},
    {"csiso2022kr", "iso-2022-kr"},
    {"eucjp", "euc-jp"},
    {"cseucpkdfmtjapanese", "euc-jp"},
    {"csshiftjis", "cp932"},
    {"cswindows31j", "cp932"},
    {"ms932", "cp932"},
    {"csiso2022jp", "iso-2022-jp"},
    {"cp50220", "iso-2022-jp"},
    {"iso-2022-jp-1", "iso-2022-jp-2"},
    {"iso-2022-jp-ms", "iso-2022-jp-2"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"utf7", "utf-7"},
    {"utf16", "utf-16"},
    {"utf32", "utf-32"},
    {"unicode", "utf-16"},
    {"ucs-2", "utf-16be"},
    {"iso-10646-ucs-2", "utf-16be"},
};

/* |listz| has |name|. */
static bool has(const char *listz, imap4_str name) {
  return imap4i_has_word(imap4i_str(listz, strlen(listz)), name);
}

/* 0 if |name| is not to be asked for, else its unit. */
static uint8_t unit_of(imap4_str name) {
  if (has(four_octets, name)) return 4;
  if (has(two_octets, name)) return 2;
  return has(single_octet, name) || has(multi_octet, name);
}

/* What to ask the C library for; NULL if |name| is none of the names above.  |scratch| holds it. */
static const char *find_name(imap4_str name, char scratch[NAME_SIZE]) {
  for (size_t i = 0; i < IMAP4I_COUNT(other_names); i++) {
    if (imap4i_ieq(name, imap4i_str(other_names[i].namez, strlen(other_names[i].namez)))) {
      return other_names[i].meansz;
    }
  }
  if (name.n >= NAME_SIZE || unit_of(name) == 0) return NULL;
  for (size_t i = 0; i < name.n; i++)
    scratch[i] = imap4i_upper(name.p[i]);
  scratch[name.n] = '\0';
  return scratch;
}

/* The number of the charset that the C library is asked for. */
static uint8_t number_of(imap4_str name) {
  const char *const lists[] = {single_octet, multi_octet, two_octets, four_octets};
  uint8_t number = 0;
  for (size_t i = 0; i < IMAP4I_COUNT(lists); i++) {
    imap4_str word, list = imap4i_str(lists[i], strlen(lists[i]));
    while (number < IMAP4I_ICONV_NUMBERS - 1 && imap4i_next_word(&list, &word)) {
      if (imap4i_ieq(word, name)) return number;
      number++;
    }
  }
  return IMAP4I_ICONV_NUMBERS - 1;
}

int imap4i_iconv_open(imap4i_iconv *state, imap4_str name) {
  char scratch[NAME_SIZE];
  const char *from = find_name(name, scratch);
  *state = (imap4i_iconv){.unit = 1};
  if (!from) return IMAP4_ERR_INVALID;
  uint8_t unit = unit_of(imap4i_str(from, strlen(from)));
  if (unit > 0) state->unit = unit;
  state->number = number_of(imap4i_str(from, strlen(from)));
  iconv_t handle = iconv_open("UTF-8", from);
  if ((intptr_t)handle == -1) return errno == ENOMEM ? IMAP4_ERR_NOMEM : IMAP4_ERR_INVALID;
  state->handle = handle;
  return IMAP4_OK;
}

void imap4i_iconv_close(imap4i_iconv *state) {
  if (state->handle) iconv_close(state->handle);
  state->handle = NULL;
}

void imap4i_iconv_restart(imap4i_iconv *state) {
  (void)iconv(state->handle, NULL, NULL, NULL, NULL);
  state->n = 0;
  state->flushed = false;
}

/*
 * Convert what |in| begins with and move it forward.  What is left has a cut character in front, or there
 * was no room.
 */
static void convert(imap4i_iconv *state, imap4_str *in, imap4i_flow *flow) {
  while (in->n > 0 && flow->room >= IMAP4I_FLOW_ROOM) {
    size_t before = in->n;
    char *from = (char *)in->p; /* iconv's prototype lacks the const */
    size_t result = iconv(state->handle, &from, &in->n, &flow->out, &flow->room);
    int error = result == (size_t)-1 ? errno : 0;
    in->p = from;
    if (error == 0) continue;
    if (error == EINVAL && in->n < IMAP4I_ICONV_HELD) return;
    /* E2BIG without progress despite ample room would go on forever. */
    if (error == E2BIG && in->n < before) continue;
    if (flow->room < IMAP4I_FLOW_ROOM) return;
    size_t skip = imap4i_min(state->unit, in->n);
    in->p += skip;
    in->n -= skip;
    imap4i_utf8_put(flow, IMAP4I_REPLACEMENT);
  }
}

/* |held| is followed by |flow->in|: convert from both as far as that frees |held|. */
static void feed_held(imap4i_iconv *state, imap4i_flow *flow) {
  size_t old = state->n, added = imap4i_min(IMAP4I_ICONV_HELD - old, flow->in.n);
  memcpy(state->held + old, flow->in.p, added);
  imap4_str in = {state->held, old + added};
  convert(state, &in, flow);
  size_t used = old + added - in.n;
  if (used >= old) {
    imap4i_flow_take(flow, used - old);
    state->n = 0;
  } else if (flow->room < IMAP4I_FLOW_ROOM) {
    memmove(state->held, in.p, old - used);
    state->n = (uint8_t)(old - used);
  } else { /* everything there is does not make a character */
    memmove(state->held, in.p, in.n);
    state->n = (uint8_t)in.n;
    imap4i_flow_take(flow, added);
  }
}

bool imap4i_iconv_feed(imap4i_iconv *state, imap4i_flow *flow) {
  while (flow->in.n > 0) {
    if (flow->room < IMAP4I_FLOW_ROOM) return false;
    if (state->n > 0) {
      feed_held(state, flow);
      continue;
    }
    convert(state, &flow->in, flow);
    if (flow->in.n == 0 || flow->room < IMAP4I_FLOW_ROOM) continue;
    memcpy(state->held, flow->in.p, flow->in.n);
    state->n = (uint8_t)flow->in.n;
    imap4i_flow_take(flow, flow->in.n);
  }
  if (!flow->last || state->flushed) return true;
  if (flow->room < IMAP4I_FLOW_ROOM) return false;
  if (state->n > 0) imap4i_utf8_put(flow, IMAP4I_REPLACEMENT);
  state->n = 0;
  state->flushed = true;
  /* Some converters keep the last character back; and room was made sure of. */
  (void)iconv(state->handle, NULL, NULL, &flow->out, &flow->room);
  return true;
}

#else

int imap4i_iconv_open(imap4i_iconv *state, imap4_str name) {
  (void)name;
  *state = (imap4i_iconv){0};
  return IMAP4_ERR_INVALID;
}

void imap4i_iconv_close(imap4i_iconv *state) {
  (void)state;
}

void imap4i_iconv_restart(imap4i_iconv *state) {
  (void)state;
}

bool imap4i_iconv_feed(imap4i_iconv *state, imap4i_flow *flow) {
  (void)state;
  imap4i_flow_take(flow, flow->in.n);
  return true;
}

#endif
