/* SPDX-License-Identifier: MIT */
/*
 * SEARCH looks at what a reader sees: encoded words, transfer encodings and charsets are decoded, case and
 * folding make no difference, and where the octets were cut neither.  That cheap keys go first is seen in
 * test_digest_serves.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail.h"

#define UTF8 "SEARCH CHARSET UTF-8 "
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* "Gruesse" and "GRUESSE" with u umlaut and sharp s, seven octets of UTF-8. */
#define GRUESSE                                                                                              \
  "gr\xc3\xbc\xc3\x9f"                                                                                       \
  "e"
#define UPPER_GRUESSE                                                                                        \
  "GR\xc3\x9c\xc3\x9f"                                                                                       \
  "E"
#define SEEK(key) UTF8 key " {7+}\r\n" UPPER_GRUESSE

#ifdef IMAP4_ICONV
#define WITH_ICONV true
#else
#define WITH_ICONV false
#endif

/* ---- what is decoded ------------------------------------------------------------------------ */

/* RFC 3501 section 6.4.4 with RFC 2047. */
static void encoded_words(void **state) {
  (void)state;
  ASK("Subject: a =?utf-8?q?Gr=C3=BC=C3=9Fe=21?= b\r\n\r\n", {SEEK("SUBJECT"), FOUND}, {SEEK("TEXT"), FOUND},
      {SEEK("HEADER SUBJECT"), FOUND}, {SEEK("BODY"), MISSED}, {"SEARCH SUBJECT \"e! b\"", FOUND});
  ASK("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n\r\n", {SEEK("SUBJECT"), FOUND});
  ASK("Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n\r\n", {SEEK("SUBJECT"), FOUND});
  /* Section 6.2: white space between two is not there; a word may be cut between characters. */
  ASK("Subject: =?iso-8859-1?Q?Gr=FC?=\r\n =?utf-8?B?w59l?=\r\n\r\n", {SEEK("SUBJECT"), FOUND});
  ASK("From: =?utf-8?q?Gr=C3=BC=C3=9Fe?= <a@b>\r\nTo: \"x\" <c@d> , =?iso-8859-1?q?gr=FC=DFe?= <e@f>\r\n"
      "Cc: g@h (=?iso-8859-1?q?gr=FC=DFe?=)\r\nBcc: =?iso-8859-1?q?gr=FC=DFe?=:;\r\n"
      "X-Any: =?iso-8859-1?q?gr=FC=DFe?=\r\n\r\n",
      {SEEK("FROM"), FOUND}, {SEEK("TO"), FOUND}, {SEEK("CC"), FOUND}, {SEEK("BCC"), FOUND},
      {SEEK("HEADER X-ANY"), FOUND}, {SEEK("SUBJECT"), MISSED});
}

static void quoted_printable_parts(void **state) {
  (void)state;
#define QP "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
  ASK(QP "x Gr=C3=BC=C3=9Fe=3D y", {SEEK("BODY"), FOUND}, {SEEK("TEXT"), FOUND},
      {"SEARCH BODY \"e= y\"", FOUND}, {"SEARCH BODY =C3=BC", MISSED});
  /* RFC 2045 section 6.7: soft line breaks, also inside a character, and white space before them. */
  ASK(QP "Gr=C3=\r\n=BC=\r\n=C3=9F= \t\r\ne", {SEEK("BODY"), FOUND});
  ASK(QP "gr=c3=bc=c3=9fe", {SEEK("BODY"), FOUND});
  ASK(QP "soft=\r\nbreak", {"SEARCH BODY softbreak", FOUND}, {"SEARCH BODY soft=", MISSED});
  /* Errors stand for themselves. */
  ASK(QP "1=2 =G1 =", {"SEARCH BODY \"1=2 =g1\"", FOUND});
}

static void base64_parts(void **state) {
  (void)state;
#define B64 "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
  ASK(B64 "eCBHcsO8w59lIHk=\r\n", {SEEK("BODY"), FOUND}, {SEEK("TEXT"), FOUND}, {"SEARCH BODY eCBH", MISSED},
      {"SEARCH BODY \"e y\"", FOUND});
  /* RFC 2045 section 6.8: line ends anywhere, octets that are none of the alphabet are nothing. */
  ASK(B64 "eC\r\nBHcs\r\n\r\nO8 w5*9l\r\nIHk=\r\n", {SEEK("BODY"), FOUND});
  /* Inside a multipart, each part by its own encoding. */
  ASK("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" QP "gr=C3=BC=C3=9Fe\r\n--b\r\n" B64
      "eCBIYWxsbw==\r\n--b--\r\n",
      {SEEK("BODY"), FOUND}, {"SEARCH BODY \"x hallo\"", FOUND}, {"SEARCH BODY eCBI", MISSED});
}

/* ---- charsets ------------------------------------------------------------------------------- */

typedef struct charset_case {
  const char *namez, *octetsz; /* as a part of this charset has it */
  const char *utf8z;
} charset_case;

/* In base64, with line ends only where the octets end. */
static void put_base64(char *to, const char *octetsz) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t n = strlen(octetsz);
  for (size_t i = 0; i < n; i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; k++)
      group = group << 8 | (i + k < n ? (unsigned char)octetsz[i + k] : 0);
    for (size_t k = 0; k < 4; k++)
      *to++ = i + k > n ? '=' : digits[group >> (18 - 6 * k) & 63];
  }
  *to = '\0';
}

/* Whether the text is found in a part, in one with base64 and in encoded words of that charset. */
static void expect_charset(const charset_case *c, bool want) {
  static const char *const formats[] = {
      "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbefore %s after",
      "Content-Type: text/plain; charset=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
      "Subject: before =?%s?B?%s?= after\r\n\r\n"};
  char message[300], base64[100], question[100];
  put_base64(base64, c->octetsz);
  for (size_t i = 0; i < COUNT(formats); i++) {
    snprintf(message, sizeof message, formats[i], c->namez, i == 0 ? c->octetsz : base64);
    snprintf(question, sizeof question, UTF8 "%s {%zu+}\r\n%s", i < 2 ? "BODY" : "SUBJECT", strlen(c->utf8z),
             c->utf8z);
    ASK(message, {question, want ? FOUND : MISSED}, {"SEARCH TEXT unrelated", MISSED});
  }
}

static void built_in_charsets(void **state) {
  (void)state;
  static const charset_case cases[] = {
      {"UTF-8", "5 \xe2\x82\xac", "5 \xe2\x82\xac"},
      {"ISO-8859-1", "Gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f"},
      {"ISO-8859-15", "5 \xa4", "5 \xe2\x82\xac"},
      {"windows-1252", "5 \x80", "5 \xe2\x82\xac"},
      {"latin1", "Gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f"},
      {"cp1252", "5 \x80", "5 \xe2\x82\xac"},
      {"US-ASCII", "plain", "PLAIN"},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    expect_charset(&cases[i], true);
}

static const charset_case converted[] = {
    {"ISO-2022-JP", "\x1b$BF|K\\8l\x1b(B", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
    {"GB18030", "\x95\x32\x82\x36\xba\xba\xd7\xd6", "\xf0\xa0\x80\x80\xe6\xb1\x89\xe5\xad\x97"},
    {"GB2312", "\xba\xba\xd7\xd6", "\xe6\xb1\x89\xe5\xad\x97"},
    {"GBK", "\x9d\x68\xd7\xd6", "\xe6\xbc\xa2\xe5\xad\x97"},
    {"Big5", "\xa4\xa4\xa4\xe5\xa6\x72", "\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97"},
    {"EUC-KR", "\xc7\xd1\xb1\xb9\xbe\xee", "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4"},
    {"ISO-2022-KR", "\x1b$)C\x0eGQ19>n\x0f", "\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4"},
    {"EUC-JP", "\xc6\xfc\xcb\xdc\xb8\xec", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
    {"Shift_JIS", "\x93\xfa\x96\x7b\x8c\xea", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
    {"KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "\xd0\xbf\xd0\xa0\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
    {"KOI8-U", "\xa7\xd6\xc1\xcb", "\xd1\x97\xd0\xb6\xd0\xb0\xd0\xba"},
    {"windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "\xd0\xbf\xd0\xa0\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
    {"ISO-8859-5", "\xbf\xe0\xd8\xd2\xd5\xe2", "\xd0\xbf\xd0\xa0\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
    {"ISO-8859-2", "\xbc\x64\xbc\x62\xb3\x6f", "\xc5\xb9\x64\xc5\xba\x62\xc5\x81\x6f"},
    {"windows-1250", "\x9f\x64\x9f\x62\xb3\x6f", "\xc5\xb9\x64\xc5\xba\x62\xc5\x81\x6f"},
    {"ISO-8859-7", "\xc1\xe8\xde\xed\xe1", "\xce\xb1\xce\xb8\xce\xae\xce\xbd\xce\x91"},
    {"ISO-8859-8", "\xf9\xec\xe5\xed", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
    {"windows-1256", "\xd3\xe1\xc7\xe3", "\xd8\xb3\xd9\x84\xd8\xa7\xd9\x85"},
    {"TIS-620", "\xe4\xb7\xc2", "\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2"},
    {"UTF-7", "+ZeVnLIqe-", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"},
};

/* The octets are those that Unicode's mapping tables and the charsets' RFCs give.  Without iconv the text is
 * not found, but nothing else happens. */
static void charsets_through_iconv(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(converted); i++)
    expect_charset(&converted[i], WITH_ICONV);
  /* UTF-16, which has NUL in it. */
  ASK("Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64\r\n\r\nZeVnLABBip4=",
      {UTF8 "BODY {10+}\r\n\xe6\x97\xa5\xe6\x9c\xac"
            "a\xe8\xaa\x9e",
       WITH_ICONV ? FOUND : MISSED});
}

/* Octets of a charset that nobody knows are still searched for what is ASCII in them. */
static void unknown_charsets(void **state) {
  (void)state;
  ASK("Content-Type: text/plain; charset=x-nowhere\r\n\r\n\xff\xfe plain \x80", {"SEARCH BODY PLAIN", FOUND});
  ASK("Content-Type: text/plain; charset=\"/dev/null\"\r\nContent-Transfer-Encoding: base64\r\n\r\ncGxhaW4=",
      {"SEARCH BODY PLAIN", FOUND});
  /* RFC 2045 section 5.2 has no charset mean US-ASCII, but UTF-8 is what stands there if it is not that. */
  ASK("Subject: \xc3\xa9\r\n\r\n\xc3\xa9", {UTF8 "BODY {2+}\r\n\xc3\x89", FOUND},
      {UTF8 "SUBJECT {2+}\r\n\xc3\x89", FOUND});
}

/* ---- folds and borders ---------------------------------------------------------------------- */

/* RFC 5322 section 2.2.3: unfolding takes the line end away, and no more; but the white space
 * of a fold is one space to a reader. */
static void matches_across_line_folds(void **state) {
  (void)state;
  ASK("Subject: one\r\n two\r\n\tthree\r\n  four\r\nTo: ada,\r\n\t\"Bob\r\n B\" <b@c>\r\n"
      "X-Any: =?utf-8?q?a?=\r\n b\r\n\r\n",
      {"SEARCH SUBJECT \"one two\"", FOUND}, {"SEARCH SUBJECT \"two three four\"", FOUND},
      {"SEARCH SUBJECT \"onetwo\"", MISSED}, {"SEARCH TEXT \"one two three\"", FOUND},
      {"SEARCH TO \"bob b\"", FOUND}, {"SEARCH HEADER X-ANY \"a b\"", FOUND},
      {"SEARCH TEXT \"subject: one\"", FOUND});
  /* The header of a part too. */
  ASK("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Description: un\r\n "
      "folded\r\n\r\nx\r\n--b--",
      {"SEARCH TEXT \"un folded\"", FOUND});
}

/* Every text of a long message is found however little is read at a time, so that each border comes in the
 * middle of each: of words, characters, escapes, line ends, base64 quanta and shifts. */
static const char long_message[] =
    "Subject: =?utf-8?q?=C3=A9l?= =?utf-8?b?w6h2ZQ==?= of\r\n a school\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nna\xc3\xafve caf\xc3\xa9\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n"
    "gar=E7=\r\non man=\r\nqu=E9\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "5pel5\r\npys6Kqe\r\n--b--\r\n"; /* Japanese */

static void matches_across_chunk_borders(void **state) {
  (void)state;
  static const answer answers[] = {{UTF8 "SUBJECT {12+}\r\n\xc3\x89L\xc3\x88VE OF A", FOUND},
                                   {UTF8 "TEXT {9+}\r\nLVE OF A ", MISSED},
                                   {"SEARCH TEXT \"OF A SCHOOL\"", FOUND},
                                   {UTF8 "BODY {12+}\r\nNA\xc3\x8fVE CAF\xc3\x89", FOUND},
                                   {UTF8 "BODY {15+}\r\nGAR\xc3\x87ON MANQU\xc3\x89", FOUND},
                                   {UTF8 "BODY {9+}\r\n\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", FOUND},
                                   {UTF8 "BODY {9+}\r\n\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9d", MISSED}};
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  for (memory.read_octets = 1; memory.read_octets < 40; memory.read_octets++) {
    mail m;
    mail_open(&m, &memory, NULL);
    mail_add(&m, span(long_message));
    for (size_t i = 0; i < COUNT(answers); i++)
      expect(&m, &answers[i]);
    mail_close(&m);
  }
}

/* Nor in the middle of what iconv converts at once. */
static void matches_across_chunk_borders_with_iconv(void **state) {
  (void)state;
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  for (memory.read_octets = 1; memory.read_octets < 8; memory.read_octets++) {
    for (size_t i = 0; i < COUNT(converted); i++) {
      char message[300], question[100];
      mail m;
      snprintf(message, sizeof message, "Content-Type: text/plain; charset=%s\r\n\r\n%s", converted[i].namez,
               converted[i].octetsz);
      snprintf(question, sizeof question, UTF8 "BODY {%zu+}\r\n%s", strlen(converted[i].utf8z),
               converted[i].utf8z);
      mail_open(&m, &memory, NULL);
      mail_add(&m, span(message));
      expect(&m, &(answer){question, WITH_ICONV ? FOUND : MISSED});
      mail_close(&m);
    }
  }
}

/* The same with the library's own pieces, whatever they are: the text moves past their borders. */
static void matches_across_pieces_of_long_bodies(void **state) {
  (void)state;
  static const size_t borders[] = {4096, 8192, 16384, 32768, 65536};
  char *message = malloc(70000);
  assert_non_null(message);
  for (size_t i = 0; i < COUNT(borders); i++) {
    for (size_t before = 0; before < 16; before += 3) {
      size_t head = (size_t)snprintf(message, 100, "Content-Type: text/plain; charset=utf-8\r\n\r\n");
      memset(message + head, 'x', borders[i]);
      size_t at = (before % 2 ? 0 : head) + borders[i] - before; /* counted from the message or the body */
      memcpy(message + at, "na\xc3\xafve caf\xc3\xa9", 13);
      ASK(message, {UTF8 "BODY {12+}\r\nNA\xc3\x8fVE CAF\xc3\x89", FOUND}, {"SEARCH BODY y", MISSED});
    }
  }
  free(message);
}

/* ---- i;unicode-casemap ---------------------------------------------------------------------- */

/* RFC 5051 section 2: each character becomes what its titlecase decomposes to. */
static void case_insensitive_by_unicode_casemap(void **state) {
  (void)state;
  static const struct {
    const char *textz, *keyz;
    const char *wantz;
  } cases[] = {
      {"Plain", "pLAIN", FOUND},
      {"\xc3\xa9", "\xc3\x89", FOUND},                 /* e acute */
      {"\xce\xa3", "\xcf\x83", FOUND},                 /* sigma */
      {"\xcf\x82", "\xcf\x83", FOUND},                 /* final sigma has the same titlecase */
      {"\xd0\xb6", "\xd0\x96", FOUND},                 /* zhe */
      {"\xf0\x90\x90\xa8", "\xf0\x90\x90\x80", FOUND}, /* Deseret, outside of the BMP */
      {"\xc3\xa9", "E\xcc\x81", FOUND},                /* composed and decomposed */
      {"e\xcc\x81", "\xc3\x89", FOUND},
      {"\xc7\x84", "\xc7\x86", FOUND},       /* the example of section 2: DZ caron and dz caron */
      {"\xc7\x86", "D\x7a\xcc\x8c", MISSED}, /* its z stays small, one by itself does not */
      {"\xef\xbc\xa1", "a", FOUND},          /* fullwidth A: compatibility too */
      {"\xc2\xb2", "2", FOUND},              /* superscript two */
      {"\xe2\x84\xab", "\xc3\xa5", FOUND},   /* angstrom sign and a ring */
      {"\xea\xb0\x80", "\xe1\x84\x80\xe1\x85\xa1", FOUND}, /* Hangul syllable and its letters */
      {"\xc3\x9f", "ss", MISSED},                          /* sharp s has no titlecase in UnicodeData.txt */
      {"\xc3\xa9", "e", FOUND},                            /* a substring of the decomposition */
      {"e", "\xc3\xa9", MISSED},
      {"\xc4\xb1", "i", FOUND}, /* dotless i has the titlecase I */
      {"\xc4\xb0", "i", FOUND}, /* I with dot decomposes to I and the dot */
      {"\xc3\xa5", "\xc3\xa4", MISSED},
  };
  char message[200], body[100], subject[100];
  for (size_t i = 0; i < COUNT(cases); i++) {
    snprintf(message, sizeof message,
             "Subject: =?utf-8?q?%s?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s", cases[i].textz,
             cases[i].textz);
    snprintf(body, sizeof body, UTF8 "BODY {%zu+}\r\n%s", strlen(cases[i].keyz), cases[i].keyz);
    snprintf(subject, sizeof subject, UTF8 "SUBJECT {%zu+}\r\n%s", strlen(cases[i].keyz), cases[i].keyz);
    ASK(message, {body, cases[i].wantz}, {subject, cases[i].wantz});
  }
}

/* ---- which octets --------------------------------------------------------------------------- */

/* "plain words" in base64 is what an image could hold too. */
#define WORDS_IN_BASE64 "cGxhaW4gd29yZHM="

static const char with_attachments[] =
    "Subject: the subject\r\nX-Top: topfield\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "the preamble\r\n--b\r\nContent-Type: image/png; name=pixel.png\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Description: partfield\r\n\r\n" WORDS_IN_BASE64 "\r\n"
    "--b\r\nContent-Type: application/octet-stream\r\n\r\noctets in clear\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "Subject: =?utf-8?q?inner=20subject?=\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
    "--i\r\nContent-Type: text/plain\r\nX-Deep: deepfield\r\n\r\nplain text\r\n"
    "--i\r\nContent-Type: text/html\r\n\r\n<b>marked up</b>\r\n--i--\r\n--b--\r\nthe epilogue\r\n";

static void body_searches_text_parts_only(void **state) {
  (void)state;
  ASK(with_attachments, {"SEARCH BODY \"plain text\"", FOUND}, {"SEARCH BODY \"marked up\"", FOUND},
      {"SEARCH BODY \"plain words\"", MISSED}, {"SEARCH BODY cGxhaW4g", MISSED},
      {"SEARCH BODY \"octets in clear\"", MISSED}, {"SEARCH BODY \"the subject\"", MISSED},
      {"SEARCH BODY partfield", MISSED}, {"SEARCH BODY \"inner subject\"", MISSED},
      {"SEARCH BODY deepfield", MISSED});
  /* Nothing is found across two parts. */
  ASK("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
      {"SEARCH BODY one", FOUND}, {"SEARCH BODY two", FOUND}, {"SEARCH BODY onetwo", MISSED});
}

/* RFC 3501 section 6.4.4: "in the header or body of the message". */
static void text_includes_headers(void **state) {
  (void)state;
  ASK(with_attachments, {"SEARCH TEXT \"the subject\"", FOUND}, {"SEARCH TEXT topfield", FOUND},
      {"SEARCH TEXT x-top:", FOUND}, {"SEARCH TEXT \"plain text\"", FOUND}, {"SEARCH TEXT nowhere", MISSED});
  ASK("Subject: only\r\n", {"SEARCH TEXT only", FOUND}, {"SEARCH BODY only", MISSED});
}

static void text_includes_headers_of_nested_parts(void **state) {
  (void)state;
  ASK(with_attachments, {"SEARCH TEXT partfield", FOUND}, {"SEARCH TEXT pixel.png", FOUND},
      {"SEARCH TEXT \"inner subject\"", FOUND}, {"SEARCH TEXT deepfield", FOUND},
      {"SEARCH TEXT \"plain words\"", MISSED}, {"SEARCH TEXT cGxhaW4g", MISSED},
      {"SEARCH SUBJECT \"inner subject\"", MISSED}, {"SEARCH HEADER X-DEEP \"\"", MISSED});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encoded_words),
      cmocka_unit_test(quoted_printable_parts),
      cmocka_unit_test(base64_parts),
      cmocka_unit_test(built_in_charsets),
      cmocka_unit_test(charsets_through_iconv),
      cmocka_unit_test(unknown_charsets),
      cmocka_unit_test(matches_across_line_folds),
      cmocka_unit_test(matches_across_chunk_borders),
      cmocka_unit_test(matches_across_chunk_borders_with_iconv),
      cmocka_unit_test(matches_across_pieces_of_long_bodies),
      cmocka_unit_test(case_insensitive_by_unicode_casemap),
      cmocka_unit_test(body_searches_text_parts_only),
      cmocka_unit_test(text_includes_headers),
      cmocka_unit_test(text_includes_headers_of_nested_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
