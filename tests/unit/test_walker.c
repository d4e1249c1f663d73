/* SPDX-License-Identifier: MIT */
/* The walker: no cut shows, boundaries of all kinds, limits, and every allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mail_check.h"
#include "memory_check.h"

#define TEXT(size, lines)                                                                                    \
  "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" " #size " " #lines ")"

static const char *const messages[] = {
    mail_example,
    "",
    "x",
    "\r",
    "\r\n",
    "\n",
    "Subject",
    "Subject: x",
    "Subject: a\r\n\tb\r\nFrom: x@y\r\n\r\n\r\n--\r\n",
    "Subject: bare\nTo: a@b\n\nbody\n",
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--",
    "Content-Type: multipart/mixed; "
    "boundary=b\r\n\r\n--b\r\n--b\r\n--bb\r\n\r\n--\r\n-\r\n--b-\r\n\r--b\r\n--b --\r\n\r\ny",
    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nSubject: cut\r\n--b\r\n\r\nSubject: "
    "cut\r\n--b--",
    "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: text/plain",
    "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: multipart/digest; "
    "boundary=b\r\n\r\n"
    "--b\r\n\r\nX: y\n--bx\r\nSubject: s\r\n--bbx\r\nContent-Type: "
    "message/rfc822\r\n\r\n--bb--\r\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\n\n--\r\n\r\n--\nX: y\n\n----"};

static void test_cuts(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_mem *mem = memory_check_init(&memory);
  for (size_t i = 0; i < IMAP4I_COUNT(messages); i++) {
    imap4i_buf whole;
    imap4i_buf cut;
    imap4_str message = STR(messages[i]);
    imap4_str digest = mail_digest(mem, &limits, message, &whole);
    imap4i_buf_init(&cut, mem, SIZE_MAX);
    for (size_t first = 1; first < message.n; first++) {
      imap4i_buf_clear(&cut);
      assert_int_equal(mail_walk(mem, &limits, message, first, SIZE_MAX, &cut), IMAP4_OK);
      assert_true(imap4i_eq(imap4i_buf_str(&cut), digest));
    }
    for (size_t step = 1; step < 9; step++) {
      imap4i_buf_clear(&cut);
      assert_int_equal(mail_walk(mem, &limits, message, step, step, &cut), IMAP4_OK);
      assert_true(imap4i_eq(imap4i_buf_str(&cut), digest));
    }
    imap4i_buf_free(&cut);
    imap4i_buf_free(&whole);
  }
  memory_check_end(&memory);
}

static void test_boundaries(void **unused) {
  (void)unused;
#define MULTI "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
  /* Anything may follow. */
  assert_item(MULTI "--b \t\r\n\r\nx\r\n--b junk\r\n\r\nyy\r\n--bx\r\n\r\nz\r\n--b-\r\n\r\nu\r\n"
                    "--b--junk\r\n--b\r\n\r\nv",
              'b', "(" TEXT(1, 0) TEXT(2, 0) TEXT(1, 0) TEXT(1, 0) " \"MIXED\")");
  assert_item(MULTI "--B\r\n\r\nx\r\n --b\r\n\r\ny\r\n-b\r\n---b\r\n", 'b', "(" TEXT(0, 0) " \"MIXED\")");
  /* The line end before a delimiter is its own, whatever it is. */
  assert_item(MULTI "--b\r\n\r\nx\r\n\r\n--b\r\n\r\ny\n--b\r\n\r\n--b--", 'b',
              "(" TEXT(3, 1) TEXT(1, 0) TEXT(0, 0) " \"MIXED\")");
  /* The message ends before the part begins. */
  assert_item(MULTI "--b\r\n\r\nx\r\n--b", 'b', "(" TEXT(1, 0) " \"MIXED\")");
  assert_item(MULTI "--b\r\n\r\nx\r\n--b\r\n", 'b', "(" TEXT(1, 0) TEXT(0, 0) " \"MIXED\")");
  /* A part without an empty line is all header; without a delimiter, it goes to the end. */
  assert_item(MULTI "--b\r\nContent-Type: text/plain\r\n--b\r\n\r\nlast\r\n", 'b',
              "(" TEXT(0, 0) TEXT(6, 1) " \"MIXED\")");
  /* A boundary that begins another, in both directions. */
  assert_item(MULTI
              "--b\r\nContent-Type: multipart/x; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--",
              'b', "((" TEXT(1, 0) " \"X\")" TEXT(1, 0) " \"MIXED\")");
  assert_item(
      "Content-Type: multipart/x; boundary=bb\r\n\r\n--bb\r\nContent-Type: multipart/mixed; boundary=b\r\n"
      "\r\n--b\r\n\r\nx\r\n--bb\r\n\r\ny\r\n--bb--",
      'b', "((" TEXT(1, 0) " \"MIXED\")" TEXT(1, 0) " \"X\")");
  /* An outer delimiter ends what is open inside. */
  assert_item(MULTI
              "--b\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--b--\r\n--i\r\n\r\nz",
              'b', "((" TEXT(1, 0) " \"X\") \"MIXED\")");
  /* One that is longer goes before one that begins it, but for an exact match. */
#define NESTED(outer, inner)                                                                                 \
  "Content-Type: multipart/x; boundary=\"" outer "\"\r\n\r\n--" outer                                        \
  "\r\nContent-Type: multipart/mixed; boundary=\"" inner "\"\r\n\r\n--" inner "\r\n\r\n1\r\n--"
  static const char two_and_one[] = "((" TEXT(1, 0) " \"MIXED\")" TEXT(1, 0) " \"X\")";
  static const char two_inside[] = "((" TEXT(1, 0) TEXT(1, 0) " \"MIXED\") \"X\")";
  assert_item(NESTED("bb", "b") "bbx\r\n\r\n2", 'b', two_and_one);
  assert_item(NESTED("bb", "b") "bx\r\n\r\n2", 'b', two_inside);
  assert_item(NESTED("b", "bb") "bx\r\n\r\n2", 'b', two_and_one);
  assert_item(NESTED("b", "bb") "bbx\r\n\r\n2", 'b', two_inside);
  assert_item(NESTED("b--", "b") "b--\r\n\r\n2", 'b', "((" TEXT(1, 0) " \"MIXED\") \"X\")");
  assert_item(NESTED("b--", "b") "b-- \r\n\r\n2", 'b', two_and_one);
  assert_item(NESTED("b", "b--") "b--\r\n\r\n2", 'b', two_inside);
  assert_item(NESTED("b", "b--") "b--x\r\n\r\n2", 'b', two_inside);
  /* White space at the end of a boundary is part of it. */
  assert_item("Content-Type: multipart/x; boundary=\"b \"\r\n\r\n--b\r\n\r\n1\r\n--b \r\n\r\n22\r\n--b --",
              'b', "(" TEXT(2, 0) " \"X\")");
  /* So is CR, but not that of a line end. */
  assert_item("Content-Type: multipart/x; boundary=\"b\r\"\r\n\r\n--b\r\n\r\n1\r\n--b\r\r\n\r\n22\r\n--b\r--",
              'b', "(" TEXT(2, 0) " \"X\")");
  /* A boundary may be empty, which is not the same as none. */
  assert_item("Content-Type: multipart/x; boundary=\"\"\r\n\r\n--\r\n\r\n1\r\n-- \r\n\r\n22\r\n----\r\n--",
              'b', "(" TEXT(1, 0) TEXT(2, 0) " \"X\")");
  assert_item("Content-Type: multipart/x\r\n\r\n--\r\n\r\n1\r\n----", 'b', "(" TEXT(0, 0) " \"X\")");
  /* Two levels with one boundary: the inner one is ended first. */
  assert_item(
      MULTI
      "--b\r\nContent-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--",
      'b', "((" TEXT(1, 0) " \"X\")" TEXT(1, 0) " \"MIXED\")");
}

/* Part |index| of a multipart that holds |partz| has the header |headerz| and the body |bodyz|. */
static void assert_part(const char *partz, size_t index, const char *headerz, const char *bodyz) {
  char message[1000];
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_part part;
  strcpy(message, MULTI "--b\r\n");
  strcat(message, partz);
  strcat(message, "--b--\r\n");
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, STR(message), &buf);
  assert_true(imap4i_digest_valid(digest));
  assert_true(imap4i_digest_part(digest, index, &part));
  assert_text(imap4i_str(message + part.header_offset, (size_t)part.header_length), headerz);
  assert_text(imap4i_str(message + part.body_offset, (size_t)part.body_length), bodyz);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* The line end before a delimiter is not in the header that it ended, but in the bodies around that.  The
 * empty line of a message stays, and a message/rfc822 part ends with its message. */
static void test_cut_headers(void **unused) {
  (void)unused;
#define FORWARDED "Content-Type: message/rfc822\r\n"
  assert_part("", 1, "", "");
  assert_part("\r\n", 1, "", "");
  assert_part("\n", 1, "", "");
  assert_part("\r\n\r\n", 1, "\r\n", "");
  assert_part("X: y\r\n", 1, "X: y", "");
  assert_part("X: y\r\n\r\n", 1, "X: y\r\n", "");
  assert_part("X: y\n\n", 1, "X: y\n", "");
  assert_part("X: y\r\n\r\n\r\n", 1, "X: y\r\n\r\n", "");
  assert_part(FORWARDED, 1, "Content-Type: message/rfc822", "");
  assert_part(FORWARDED "\r\n", 1, FORWARDED, "");
  assert_part(FORWARDED "\r\n", 2, "", "");
  assert_part(FORWARDED "\r\n\r\n", 1, FORWARDED "\r\n", "\r\n");
  assert_part(FORWARDED "\r\n\r\n", 2, "\r\n", "");
  assert_part(FORWARDED "\r\nX: y\r\n", 1, FORWARDED "\r\n", "X: y");
  assert_part(FORWARDED "\r\nX: y\r\n", 2, "X: y", "");
  assert_part(FORWARDED "\r\nX: y\r\n\r\n", 1, FORWARDED "\r\n", "X: y\r\n\r\n");
  assert_part(FORWARDED "\r\nX: y\r\n\r\n", 2, "X: y\r\n\r\n", "");
  assert_part(FORWARDED "\r\nX: y\r\n\r\n\r\n", 1, FORWARDED "\r\n", "X: y\r\n\r\n");
  assert_part(FORWARDED "\r\n" FORWARDED, 1, FORWARDED "\r\n", "Content-Type: message/rfc822");
  assert_part(FORWARDED "\r\n" FORWARDED, 2, "Content-Type: message/rfc822", "");
  assert_part(FORWARDED "\r\n" FORWARDED "\r\n", 1, FORWARDED "\r\n", FORWARDED "\r\n");
  assert_part(FORWARDED "\r\n" FORWARDED "\r\n", 2, FORWARDED "\r\n", "");
#define INNER "Content-Type: multipart/x; boundary=i\r\n"
  assert_part(INNER "\r\n", 1, INNER, "");
  assert_part(INNER "\r\n--i\r\n", 1, INNER "\r\n", "--i\r\n");
  assert_part(INNER "\r\n--i\r\n", 2, "", "");
  assert_part(INNER "\r\n--i\r\n\r\n", 1, INNER "\r\n", "--i\r\n\r\n");
  assert_part(INNER "\r\n--i\r\n\r\n", 2, "", "");
  assert_part(INNER "\r\n--i\r\nX: y\r\n", 1, INNER "\r\n", "--i\r\nX: y\r\n");
  assert_part(INNER "\r\n--i--\r\n", 1, INNER "\r\n", "--i--\r\n");
  assert_part(INNER "\r\n--i--\r\n\r\n", 1, INNER "\r\n", "--i--\r\n");
}

static void test_long_lines(void **unused) {
  (void)unused;
  static char message[9000];
  static char dashes[3000];
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_part part;
  memset(dashes, '-', sizeof(dashes) - 1);
  /* A line of dashes is longer than what is held back, and no delimiter. */
  strcpy(message, MULTI "--b\r\n\r\n");
  strcat(message, dashes);
  strcat(message, "\r\n--b--\r\n");
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, STR(message), &buf);
  assert_int_equal(imap4i_digest_parts(digest), 2);
  assert_true(imap4i_digest_part(digest, 1, &part));
  assert_int_equal(part.body_length, sizeof(dashes) - 1);
  imap4i_buf_free(&buf);
  /* A delimiter with as much behind it is one. */
  strcpy(message, MULTI "--b ");
  strcat(message, dashes);
  strcat(message, "\r\n\r\nx\r\n--b--");
  strcat(message, dashes);
  digest = mail_digest(&memory.mem, &limits, STR(message), &buf);
  assert_int_equal(imap4i_digest_parts(digest), 2);
  assert_true(imap4i_digest_part(digest, 1, &part));
  assert_int_equal(part.body_length, 1);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* A boundary of |n| octets around one that has one octet less; in the inner multipart stands a delimiter of
 * the outer one with |lastz| behind it. */
static void assert_long_boundaries(size_t n, const char *lastz, size_t parts) {
  static char message[9000];
  static char boundary[1100];
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  memset(boundary, 'l', n);
  boundary[n] = 0;
  strcpy(message, "Content-Type: multipart/mixed; boundary=");
  strcat(strcat(message, boundary), "\r\n\r\n--");
  strcat(strcat(message, boundary), "\r\nContent-Type: multipart/x; boundary=");
  strcat(strcat(message, boundary + 1), "\r\n\r\n--");
  strcat(strcat(message, boundary + 1), "\r\n\r\nx\r\n--");
  strcat(strcat(message, boundary), lastz);
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, STR(message), &buf);
  imap4i_part part;
  assert_true(imap4i_digest_part(digest, 2, &part));
  assert_int_equal(part.body_length, 1);
  assert_int_equal(imap4i_digest_parts(digest), parts);
  if (parts > 3) {
    assert_true(imap4i_digest_part(digest, 3, &part));
    assert_int_equal(part.parent, n > 80 ? 1 : 0);
  }
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* In boundaries that are longer than RFC 2046 allows, one octet more makes no difference. */
static void test_long_boundaries(void **unused) {
  (void)unused;
  assert_long_boundaries(70, "\r\n\r\ny", 4);
  assert_long_boundaries(70, "--\r\n\r\ny", 3);
  assert_long_boundaries(80, "\r\n\r\ny", 4);
  assert_long_boundaries(81, "\r\n\r\ny", 4);
  assert_long_boundaries(990, "\r\n\r\ny", 4);
  assert_long_boundaries(1000, "\r\n\r\ny", 4);
}

static void test_defaults(void **unused) {
  (void)unused;
  /* RFC 2046 section 5.1.5: what stands in a digest is a message. */
  assert_item(
      "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\nx\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--",
      'b',
      "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 15 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) " TEXT(
          1, 0) " 2)" TEXT(1, 0) " \"DIGEST\")");
  /* RFC 2045 section 5.2: a field that means nothing is as good as none. */
  assert_item("Content-Type: nonsense\r\n\r\nx", 'b', TEXT(1, 0));
}

/* Limits: one below, at, one above. */
static void test_parts_limit(void **unused) {
  (void)unused;
  static const char message[] = MULTI "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n";
  imap4_limits limits = mail_limits();
  limits.mime_parts = 4;
  assert_item_limited(&limits, message, 'b', "(" TEXT(1, 0) TEXT(1, 0) " \"MIXED\")");
  limits.mime_parts = 3;
  assert_item_limited(&limits, message, 'b', "(" TEXT(1, 0) TEXT(1, 0) " \"MIXED\")");
  limits.mime_parts = 2; /* what follows is part of the last one */
  assert_item_limited(&limits, message, 'b', "(" TEXT(20, 5) " \"MIXED\")");
  limits.mime_parts = 1;
  assert_item_limited(&limits, message, 'b',
                      "(\"APPLICATION\" \"OCTET-STREAM\" (\"BOUNDARY\" \"b\") NIL NIL \"7BIT\" 27)");
}

static void test_depth_limit(void **unused) {
  (void)unused;
  static const char message[] = MULTI "--b\r\nContent-Type: message/rfc822\r\n\r\n\r\nx\r\n--b--\r\n";
  static const char full[] = "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 3 "
                             "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) " TEXT(1, 0) " 1) \"MIXED\")";
  imap4_limits limits = mail_limits();
  limits.mime_depth = 4;
  assert_item_limited(&limits, message, 'b', full);
  limits.mime_depth = 3;
  assert_item_limited(&limits, message, 'b', full);
  limits.mime_depth = 2;
  assert_item_limited(&limits, message, 'b',
                      "((\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 3) \"MIXED\")");
  limits.mime_depth = 1;
  assert_item_limited(&limits, message, 'b',
                      "(\"APPLICATION\" \"OCTET-STREAM\" (\"BOUNDARY\" \"b\") NIL NIL \"7BIT\" 49)");
  limits.mime_depth = 0;
  assert_item_limited(&limits, message, 'b',
                      "(\"APPLICATION\" \"OCTET-STREAM\" (\"BOUNDARY\" \"b\") NIL NIL \"7BIT\" 49)");
}

static void test_field_limit(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  limits.mime_field_octets = 5;
  assert_item_limited(&limits, "Subject: 123\r\n\r\n", 'e', "(NIL \"123\" NIL NIL NIL NIL NIL NIL NIL NIL)");
  assert_item_limited(&limits, "Subject: 1234\r\n\r\n", 'e',
                      "(NIL \"1234\" NIL NIL NIL NIL NIL NIL NIL NIL)");
  assert_item_limited(&limits, "Subject: 12345\r\n\r\n", 'e',
                      "(NIL \"1234\" NIL NIL NIL NIL NIL NIL NIL NIL)");
  limits = mail_limits();
  limits.addresses = 1;
  assert_item_limited(&limits, "To: a@b\r\nTo: c@d\r\n\r\n", 'e',
                      "(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL)");
  limits.addresses = 2;
  assert_item_limited(&limits, "To: a@b\r\nTo: c@d\r\n\r\n", 'e',
                      "(NIL NIL NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)");
}

/* The digest's own limit: texts are left out, and parts at the end; sizes stay true. */
static void test_digest_limit(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_part part;
  imap4i_mem *mem = memory_check_init(&memory);
  size_t n = mail_digest(mem, &limits, STR(mail_example), &buf).n;
  imap4i_buf_free(&buf);
  size_t seen[16] = {0};
  for (size_t max = n + 2000; max-- > 0;) {
    limits.digest_octets = (uint32_t)max;
    imap4_str digest = mail_digest(mem, &limits, STR(mail_example), &buf);
    size_t parts = imap4i_digest_parts(digest);
    assert_int_equal(imap4i_digest_size(digest), sizeof(mail_example) - 1);
    assert_true(imap4i_digest_part(digest, 0, &part));
    assert_int_equal(part.header_length, 60);
    assert_int_equal(part.body_length, sizeof(mail_example) - 1 - 60);
    assert_true(digest.n <= max || max < 250);
    assert_in_range(parts, 1, 15);
    seen[parts]++;
    imap4i_buf_free(&buf);
  }
  size_t different = 0;
  for (size_t i = 1; i < 16; i++)
    different += seen[i] > 0;
  assert_true(seen[1] > 0 && seen[15] > 0 && different > 8);
  memory_check_end(&memory);
}

/* Texts that become much longer than the field never make a digest longer than it may be, and what is left
 * out does not depend on how the octets were cut. */
static void test_digest_limit_of_texts(void **unused) {
  (void)unused;
  enum { FIELD = 300, LONG = 4500 };
  static const struct {
    const char *startz, *repeatedz;
    size_t octets;
  } fields[] = {{"Content-Type: text/plain; a*0*=x; a*1=", "%", FIELD},
                {"Content-Type: text/plain", ";\xe9=\xe9", FIELD},
                {"Content-Type: text/plain", ";=", FIELD},
                {"Content-Disposition: a", ";b=\xe9", FIELD},
                {"Content-Language: x", ",\xe9", FIELD},
                {"Subject: x", "\\", FIELD},
                {"From: ", "<@>,", FIELD},
                {"From: ", "\xe9:;,", FIELD},
                {"To: ", "\xe9,", LONG},
                {"To: ", "a@b,", LONG}};
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf whole, cut;
  char message[LONG + 100];
  imap4i_mem *mem = memory_check_init(&memory);
  for (size_t i = 0; i < IMAP4I_COUNT(fields); i++) {
    size_t most = 0;
    strcpy(message, fields[i].startz);
    while (strlen(message) < fields[i].octets)
      strcat(message, fields[i].repeatedz);
    strcat(message, "\r\nMIME-Version: 1.0\r\n\r\n");
    for (size_t max = 250; max < 5000 + fields[i].octets * 12; max += fields[i].octets / 40) {
      limits.digest_octets = (uint32_t)max;
      imap4_str digest = mail_digest(mem, &limits, STR(message), &whole);
      if (digest.n > max) fail_msg("%s: %zu for %zu", fields[i].startz, digest.n, max);
      most = digest.n > most ? digest.n : most;
      imap4i_buf_init(&cut, mem, SIZE_MAX);
      assert_int_equal(mail_walk(mem, &limits, STR(message), 97, 97, &cut), IMAP4_OK);
      if (!imap4i_eq(imap4i_buf_str(&cut), digest)) fail_msg("%s at %zu", fields[i].startz, max);
      imap4i_buf_free(&cut);
      imap4i_buf_free(&whole);
    }
    if (most < fields[i].octets + 200) fail_msg("%s%s", fields[i].startz, fields[i].repeatedz);
  }
  memory_check_end(&memory);
}

/* Lists that take turns cost moves of all that was written so far.  One without an address must cost none, as
 * a message can have very many: it leaves the texts in their order. */
static void test_lists_take_turns(void **unused) {
  (void)unused;
  static const char *const nothing[] = {"To:\r\n", "To: \t\r\n", "To:\n"};
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf digest;
  imap4i_part part;
  char message[4000], want[4000];
  imap4i_mem *mem = memory_check_init(&memory);
  for (size_t i = 0; i < IMAP4I_COUNT(nothing); i++) {
    snprintf(message, sizeof message, "To: a@b\r\nCc: c@d\r\n%s\r\n", nothing[i]);
    assert_true(imap4i_digest_part(mail_digest(mem, &limits, STR(message), &digest), 0, &part));
    assert_true(part.text[IMAP4I_FIELD_TO].p < part.text[IMAP4I_FIELD_CC].p);
    imap4i_buf_free(&digest);
  }
  memory_check_end(&memory);
  strcpy(message, "");
  strcpy(want, "(NIL NIL NIL NIL NIL (");
  for (int list = 0; list < 2; list++) {
    for (int i = 0; i < 40; i++) { /* of all lengths, so that moves meet in the middle in all ways */
      if (list == 0) sprintf(message + strlen(message), "To: %.*s%d\r\nCc: %d\r\n", i % 9, "aaaaaaaaa", i, i);
      if (list == 0) sprintf(want + strlen(want), "(NIL NIL \"%.*s%d\" \"\")", i % 9, "aaaaaaaaa", i);
      if (list == 1) sprintf(want + strlen(want), "(NIL NIL \"%d\" \"\")", i);
    }
    strcat(want, list == 0 ? ") (" : ") NIL NIL NIL)");
  }
  strcat(message, "\r\n");
  assert_item(message, 'e', want);
}

/* Memory goes by the limits, not by the message. */
static void test_memory_bound(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_walker *walker;
  imap4_str digest;
  limits.mime_field_octets = 1000;
  limits.header_field_octets = 1000;
  limits.digest_octets = 10000;
  limits.addresses = 10;
  imap4i_mem *mem = memory_check_init(&memory);
  assert_int_equal(imap4i_walker_new(mem, &limits, &walker), IMAP4_OK);
  for (int i = 0; i < 2000; i++) {
    assert_int_equal(
        imap4i_walker_feed(walker, IMAP4I_S("To: a@b, c@d,\r\nSubject: many octets\r\n  folded\r\n"
                                            "Content-Description: \"\x80\"\r\nX: y\r\n")),
        IMAP4_OK);
  }
  assert_int_equal(imap4i_walker_feed(walker, IMAP4I_S("Content-Type: multipart/digest; boundary=b\r\n\r\n")),
                   IMAP4_OK);
  for (int i = 0; i < 2000; i++) {
    assert_int_equal(imap4i_walker_feed(walker, IMAP4I_S("--b\r\n\r\nSubject: x\r\n\r\nbody\r\n")), IMAP4_OK);
  }
  assert_int_equal(imap4i_walker_finish(walker, &digest), IMAP4_OK);
  assert_true(imap4i_digest_valid(digest));
  assert_true(mem->peak < 100000);
  imap4i_walker_free(walker);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  static const char message[] =
      "From: \"a\" <b@c> (d)\r\nTo: g: <@r:x@y>;\r\nSubject: s\r\nDate: now\r\nMessage-ID: <i>\r\n"
      "Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\r\n\r\n--bc\r\n"
      "Content-Type: text/plain; charset=x\r\nContent-Disposition: attachment; filename=\"f\"\r\n"
      "Content-Language: en\r\nContent-ID: <i>\r\n\r\nx\r\n--bc\r\nContent-Type: "
      "message/rfc822\r\n\r\n\r\n--bc--";
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf digest;
  size_t failures = 0;
  for (;; failures++) {
    imap4i_mem *mem = memory_check_init(&memory);
    imap4i_buf_init(&digest, mem, SIZE_MAX);
    memory.fail_from = failures;
    int r = mail_walk(mem, &limits, STR(message), 7, 7, &digest);
    imap4i_buf_free(&digest);
    memory_check_end(&memory);
    if (r == IMAP4_OK) break;
    assert_int_equal(r, IMAP4_ERR_NOMEM);
  }
  assert_true(failures > 15);
}

static void test_failure_stays(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_walker *walker;
  imap4_str digest;
  assert_int_equal(imap4i_walker_new(memory_check_init(&memory), &limits, &walker), IMAP4_OK);
  memory.fail_from = 0;
  assert_int_equal(imap4i_walker_feed(walker, IMAP4I_S("Subject: x\r\n\r\n")), IMAP4_ERR_NOMEM);
  memory.fail_from = SIZE_MAX;
  assert_int_equal(imap4i_walker_feed(walker, IMAP4I_S("x")), IMAP4_ERR_NOMEM);
  assert_int_equal(imap4i_walker_finish(walker, &digest), IMAP4_ERR_NOMEM);
  imap4i_walker_free(walker);
  imap4i_walker_free(NULL);
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cuts),
                                     cmocka_unit_test(test_boundaries),
                                     cmocka_unit_test(test_cut_headers),
                                     cmocka_unit_test(test_long_lines),
                                     cmocka_unit_test(test_long_boundaries),
                                     cmocka_unit_test(test_defaults),
                                     cmocka_unit_test(test_parts_limit),
                                     cmocka_unit_test(test_depth_limit),
                                     cmocka_unit_test(test_field_limit),
                                     cmocka_unit_test(test_digest_limit),
                                     cmocka_unit_test(test_digest_limit_of_texts),
                                     cmocka_unit_test(test_lists_take_turns),
                                     cmocka_unit_test(test_memory_bound),
                                     cmocka_unit_test(test_no_memory),
                                     cmocka_unit_test(test_failure_stays)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
