/* SPDX-License-Identifier: MIT */
/*
 * H37: previews (RFC 8970) of mail that was made to do harm.  Whatever a message holds, its preview is one
 * string of at most 200 characters of UTF-8 without controls, and little of the message is read for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

/* What is read of a message's body at most, and the same for one that is read whole to be taken apart. */
#define MOST_READ 65536

static const imap4_store *honest;
static size_t reads; /* octets of messages that were read */

static int counted_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  int status = honest->read(user, op, args, out);
  if (status == IMAP4_OK) reads += out->data.n;
  return status;
}

static void bend(imap4_store *table) {
  table->read = counted_read;
}

typedef struct fixture {
  host h;
  client c;
  int count; /* messages */
} fixture;

static void begin(fixture *f) {
  host_options options = {.bend = bend};
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  f->count = 0;
  host_open_with(&f->h, &memory, &options);
  honest = imap4_memory_table(f->h.memory);
  client_open(&f->c, &f->h);
  assert_non_null(strstr(client_line(&f->c, "a LOGIN joe secret"), "a OK"));
  assert_non_null(strstr(client_line(&f->c, "a ENABLE UTF8=ACCEPT"), "a OK"));
  assert_non_null(strstr(client_line(&f->c, "a SELECT INBOX"), "a OK"));
}

static void end(fixture *f) {
  client_close(&f->c);
  host_close(&f->h);
}

/* One character of UTF-8 at |p|: its octets; 0 if it is none that may be shown. */
static size_t character(const unsigned char *p, size_t n) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
  if (length == 0 || length > n) return 0;
  uint32_t cp = length == 1 ? *p : *p & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    cp = cp << 6 | (p[i] & 0x3fu);
  }
  bool control = cp < ' ' || (cp >= 0x7f && cp < 0xa0);
  bool turns = (cp >= 0x200e && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e);
  return control || turns || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000) || cp < least[length] ? 0
                                                                                                  : length;
}

/* The preview of the last message into |out|, which must be legal to send. */
static void fetch(fixture *f, char out[4 * 200 + 1]) {
  char line[64], head[64];
  static const char tail[] = "\")\r\nf OK FETCH completed\r\n";
  snprintf(line, sizeof line, "f FETCH %d PREVIEW", f->count);
  size_t head_n = (size_t)snprintf(head, sizeof head, "* %d FETCH (PREVIEW \"", f->count);
  const char *said = client_line(&f->c, line);
  size_t n = f->c.length, at = head_n, to = 0, characters = 0;
  if (n < head_n + sizeof tail - 1 || memcmp(said, head, head_n) != 0 ||
      strcmp(said + n - (sizeof tail - 1), tail) != 0)
    fail_msg("no preview: %s", said);
  for (n -= sizeof tail - 1; at < n; characters++) {
    if (said[at] == '\\')
      at++;
    else if (said[at] == '"')
      fail_msg("a quote inside: %s", said);
    size_t length = character((const unsigned char *)said + at, n - at);
    if (length == 0) fail_msg("no character at %zu: %s", at, said);
    if (characters == 200) fail_msg("too long: %s", said);
    memcpy(out + to, said + at, length);
    at += length;
    to += length;
  }
  out[to] = '\0';
}

static void add(fixture *f, const char *p, size_t n) {
  imap4_memory_message message = {.text = {p, n}};
  assert_int_equal(imap4_memory_add_message(f->h.memory, span(""), span("INBOX"), &message), IMAP4_OK);
  assert_non_null(strstr(client_line(&f->c, "a NOOP"), "a OK"));
  f->count++;
  /* So that its digest is there, and what is read then is read for the preview. */
  char line[64];
  snprintf(line, sizeof line, "a FETCH %d BODY", f->count);
  assert_non_null(strstr(client_line(&f->c, line), "a OK"));
  reads = 0;
}

/* The preview of a message of |n| octets; |wantz| NULL: whatever it is. */
static void check(const char *p, size_t n, const char *wantz) {
  fixture f;
  char preview[4 * 200 + 1];
  begin(&f);
  add(&f, p, n);
  fetch(&f, preview);
  if (reads > MOST_READ) fail_msg("%zu octets were read", reads);
  if (wantz && strcmp(preview, wantz) != 0)
    fail_msg("%.*s\ngot  %s\nwant %s", n < 200 ? (int)n : 200, p, preview, wantz);
  end(&f);
}

#define HTML "Content-Type: text/html; charset=utf-8\r\n\r\n"
#define CHECK(text, want) check(text, sizeof(text) - 1, want)

/* |head|, |times| times |piece|, |tail|. */
static void check_many(const char *head, const char *piece, size_t times, const char *tail,
                       const char *wantz) {
  size_t n = strlen(piece), at = strlen(head);
  char *text = malloc(at + n * times + strlen(tail) + 1);
  assert_non_null(text);
  memcpy(text, head, at);
  for (size_t i = 0; i < times; i++, at += n)
    memcpy(text + at, piece, n);
  memcpy(text + at, tail, strlen(tail));
  check(text, at + strlen(tail), wantz);
  free(text);
}

static void hostile_h37_html(void **state) {
  (void)state;
  CHECK(HTML "<", "");
  CHECK(HTML "<p", "");
  CHECK(HTML "<p x=\"", "");
  CHECK(HTML "<p x=\"'>no\">yes", "yes");
  CHECK(HTML "</", "");
  CHECK(HTML "<!", "");
  CHECK(HTML "<!-", "");
  CHECK(HTML "<!-->no", NULL);
  CHECK(HTML "<script>no</scrip", "");
  CHECK(HTML "<script></script", "");
  CHECK(HTML "</blockquote></blockquote>yes<blockquote>no", "yes");
  CHECK(HTML "&", "&");
  CHECK(HTML "&#", "&#");
  CHECK(HTML "&#x", "&#x");
  CHECK(HTML "&#x;&#;", "&#x;&#;");
  CHECK(HTML "a&lt;script&gt;b", "a<script>b");
}

/* Lines of the protocol, its quotes, and what turns text around. */
static void hostile_h37_splitting(void **state) {
  (void)state;
  CHECK(HTML "a&#13;&#10;* 9 EXISTS&#0;b", NULL);
  CHECK(HTML "a&#34;)&#13;&#10;f OK FETCH completed&#13;&#10;", "a\") f OK FETCH completed");
  CHECK("Content-Type: text/plain\r\n\r\na\")\r\n* BYE\r\n\\", "a\") * BYE \\");
  CHECK("\r\n\0a\0b\0\r\n\0", "ab");
  CHECK("Content-Type: text/plain; charset=utf-8\r\n\r\n\xe2\x80\xae\xe2\x81\xa6gnp.exe\xef\xbb\xbf",
        "gnp.exe");
  CHECK(HTML "&#8238;&#x202E;&#xD800;&#x110000;&#4294967361;x", NULL);
  CHECK("Content-Type: text/plain; charset=utf-8\r\n\r\n\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82",
        NULL);
}

/* Not more of a message is read, and not more of its parts are tried. */
static void bounds(void **state) {
  (void)state;
#define PLAIN "Content-Type: text/plain; charset=utf-8\r\n\r\n"
#define NOTHING "--b\r\n\r\n\r\n"
  check_many(PLAIN, " ", MOST_READ - 2, "y", "y");
  check_many(PLAIN, " ", MOST_READ - 1, "y", "y");
  check_many(PLAIN, " ", MOST_READ, "y", "");
  check_many("Content-Type: multipart/mixed; boundary=b\r\n\r\n", NOTHING, 2, "--b\r\n\r\ny\r\n--b--\r\n",
             "y");
  check_many("Content-Type: multipart/mixed; boundary=b\r\n\r\n", NOTHING, 3, "--b\r\n\r\ny\r\n--b--\r\n",
             "y");
  check_many("Content-Type: multipart/mixed; boundary=b\r\n\r\n", NOTHING, 4, "--b\r\n\r\ny\r\n--b--\r\n",
             "");
#undef NOTHING
#undef PLAIN
}

static void hostile_h37_charsets(void **state) {
  (void)state;
  static const char *const charsets[] = {"utf-7",       "iso-2022-jp", "iso-2022-kr", "hz-gb-2312",  "utf-16",
                                         "utf-16be",    "utf-32",      "ucs-4",       "big5",        "euc-jp",
                                         "gb18030",     "x-unknown",   "\"\"",        "\"\\\"\"",    "\xff",
                                         "iso-8859-1'", "//translit",  "utf-8//",     "%s%s%n%s%s%s"};
  static const char body[] =
      "\x1b$B\x1b$B0l\x1b(J+AGE-~{<:\x1b$)C\x0e\x0f\xff\xfe\x81\x30\x81\x30\0\0\xfe\xff";
  char text[600];
  for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++) {
    int n = snprintf(text, sizeof text, "Content-Type: text/html; charset=%s\r\n\r\n", charsets[i]);
    memcpy(text + n, body, sizeof body);
    /* Cut off everywhere: inside escapes and characters too. */
    for (size_t length = 0; length <= sizeof body; length += 1)
      check(text, (size_t)n + length, NULL);
  }
  check_many("Content-Type: text/plain; charset=", "x", 100000, "\r\n\r\nyes", "yes");
  check_many("Content-Type: text/plain; charset=utf-16\r\n\r\n", "\xd8\x00", 50000, "", NULL);
}

static void hostile_h37_encodings(void **state) {
  (void)state;
  CHECK("Content-Transfer-Encoding: base64\r\n\r\n====\r\n*!=\xff=YQ==", NULL);
  CHECK("Content-Transfer-Encoding: quoted-printable\r\n\r\n=\r\n=\r\n=0=00=0D=0Aa=", NULL);
  check_many("Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\r\n", 300000, "a", "");
  check_many("Content-Transfer-Encoding: base64\r\n\r\n", "\r\n", 300000, "YQ==", "");
}

/* However long it is, no more than its beginning is read. */
static void hostile_h37_long(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "<",      "<a ", "<!--", "&",          "&#",          "<blockquote>", "<a x=\"",
      "<b><i>", " ",   "\r\n", "<style><p>", "</script x=", "\xe2\x80\xae", "\xff",
      "<!x",    "<?",  "--",   "&nbsp;",     "&#1;",        "<a b='\">"};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    check_many(HTML, pieces[i], 1000000 / strlen(pieces[i]), "late", NULL);
  check_many(HTML, "ab", 500000, "", NULL);
  check_many(HTML "<style>", "p{}", 10000, "</style>seen", "seen");
  check_many(HTML "<style>", "p{}", 30000, "</style>not seen", "");
}

/* Parts without text are passed over, but not without end. */
static void hostile_h37_parts(void **state) {
  (void)state;
#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
  check_many(MIXED, "--b\r\n\r\n \r\n", 3, "--b\r\n\r\nfound\r\n", "found");
  check_many(MIXED, "--b\r\n\r\n \r\n", 9000, "--b\r\n\r\nlost\r\n", "");
  check_many(MIXED, "--b\r\nContent-Type: image/png\r\n\r\n \r\n", 900, "--b\r\n\r\nfound\r\n", "found");
  check_many("", "Content-Type: message/rfc822\r\n\r\n", 500, "\r\nno", "");
}

/* Anything that can be put together of what means something to the reader. */
static void hostile_h37_any(void **state) {
  (void)state;
  static const char *const pieces[] = {
      "<", ">",      "/",     "!",          "--", "\"",   "'", "=",     "&",    "#",        ";",
      "x", "script", "style", "blockquote", "p",  "\r\n", " ", "\xc3",  "\x9f", "\xe2\x80", "\xae",
      "9", "lt",     "=3C",   "=\r\n",      "> ", "\x1b", "?", "title", "br",   "~"};
  static const char *const heads[] = {
      HTML, "\r\n", "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
      "Content-Type: text/html; charset=iso-2022-jp\r\n\r\n"};
  uint32_t random = 1;
  fixture f;
  char preview[4 * 200 + 1];
  begin(&f);
  for (int round = 0; round < 2000; round++) {
    char text[2000];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", heads[round % 4]);
    for (int i = 0; i < 200; i++) {
      random = random * 1664525u + 1013904223u;
      const char *piece = pieces[random >> 27];
      memcpy(text + n, piece, strlen(piece));
      n += strlen(piece);
    }
    add(&f, text, n);
    fetch(&f, preview);
  }
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_h37_html),
      cmocka_unit_test(hostile_h37_splitting),
      cmocka_unit_test(bounds),
      cmocka_unit_test(hostile_h37_charsets),
      cmocka_unit_test(hostile_h37_encodings),
      cmocka_unit_test(hostile_h37_long),
      cmocka_unit_test(hostile_h37_parts),
      cmocka_unit_test(hostile_h37_any),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
