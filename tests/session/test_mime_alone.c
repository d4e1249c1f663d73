/* SPDX-License-Identifier: MIT */
/*
 * A host that wants imap4/mime.h alone: messages are fed in pieces, and structure, envelope and sections are
 * asked for.  What it gets is octet for octet what clients of a session get.  Public headers only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/mime.h"
#include "mail.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n"

static const char *const messages[] = {
    "Date: Sat, 1 Feb 2003 04:05:06 +0100\r\nFrom: \"Ada\" <ada@example.org>\r\n"
    "To: g: a@b, <@r:c@d>;, e@f (E)\r\nSubject: =?utf-8?q?a?=\r\n folded\r\nMessage-ID: "
    "<1@x>\r\n\r\nbody\r\n",
    "Subject: outer\r\n" MIXED "Content-Language: en, de\r\n\r\npreamble\r\n--b\r\n\r\none\r\n"
    "--b\r\nContent-Type: image/gif; name*0=\"a\"; name*1=b\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename*=utf-8''%C3%A9\r\nContent-MD5: x==\r\n\r\nAAAA\r\n"
    "--b\r\nContent-Type: message/rfc822\r\nContent-Description: \"quoted\" \\ \xe9\r\n\r\n"
    "Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nX: y\r\n\r\ntext\r\n"
    "--i\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>\r\n--i--\r\n--b--\r\nepilogue\r\n",
    "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nend",
    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: 1\r\n\r\nx\r\n"
    "--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--",
    MIXED "\r\n--b\r\nContent-Type: multipart/x; boundary=bb\r\n\r\n--bb\r\n\r\n1\r\n--b\r\n\r\n2",
    MIXED "\r\n",
    MIXED "\r\n--b\r\nContent-Type: message/rfc822\r\n--b--",
    "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n",
    "no colon\r\n and more",
    "\r\nno header",
    "Subject: lone\rcr\n\nlone\nlf\r",
    "",
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* |text| in pieces of |step| octets. */
static imap4_mime *parse(imap4_str text, size_t step) {
  imap4_mime *mime;
  assert_int_equal(imap4_mime_new(NULL, NULL, NULL, &mime), IMAP4_OK);
  for (size_t at = 0; at < text.n; at += step) {
    size_t n = text.n - at < step ? text.n - at : step;
    char *piece = malloc(n); /* it need not stay */
    assert_non_null(piece);
    memcpy(piece, text.p + at, n);
    assert_int_equal(imap4_mime_feed(mime, piece, n), IMAP4_OK);
    free(piece);
  }
  assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
  return mime;
}

/* What was made of the digest of |mime|, which is freed. */
static imap4_mime *reopen(imap4_mime *mime) {
  imap4_str digest;
  imap4_mime *again;
  assert_int_equal(imap4_mime_digest(mime, &digest), IMAP4_OK);
  assert_int_equal(imap4_mime_open(NULL, NULL, digest, &again), IMAP4_OK);
  imap4_mime_free(mime);
  return again;
}

typedef void (*check_function)(mail *m, imap4_mime *mime, imap4_str text);

/* |check| with every message, at several cuts, and from its digest. */
static void with_messages(check_function check) {
  static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7, 64};
  mail m;
  mail_open(&m, NULL, NULL);
  for (size_t i = 0; i < COUNT(messages); i++) {
    imap4_str text = span(messages[i]);
    mail_add(&m, text);
    for (size_t k = 0; k < COUNT(steps); k++) {
      imap4_mime *mime = parse(text, text.n < steps[k] ? text.n + 1 : steps[k]);
      check(&m, mime, text);
      mime = reopen(mime);
      check(&m, mime, text);
      imap4_mime_free(mime);
    }
  }
  mail_close(&m);
}

static void check_envelope(mail *m, imap4_mime *mime, imap4_str text) {
  imap4_str envelope;
  (void)text;
  assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
  assert_true(envelope.n > 0);
  expect_octets("ENVELOPE", envelope, mail_fetch(m, "ENVELOPE", "ENVELOPE"));
}

static void envelope_is_that_of_a_session(void **state) {
  (void)state;
  with_messages(check_envelope);
}

static void check_structure(mail *m, imap4_mime *mime, imap4_str text) {
  imap4_str body;
  uint64_t size;
  char number[32];
  assert_int_equal(imap4_mime_body(mime, 0, &body), IMAP4_OK);
  expect_octets("BODY", body, mail_fetch(m, "BODY", "BODY"));
  assert_int_equal(imap4_mime_body(mime, 1, &body), IMAP4_OK);
  expect_octets("BODYSTRUCTURE", body, mail_fetch(m, "BODYSTRUCTURE", "BODYSTRUCTURE"));
  assert_int_equal(imap4_mime_size(mime, &size), IMAP4_OK);
  assert_int_equal(size, text.n);
  snprintf(number, sizeof number, "%zu", text.n);
  expect_octets("RFC822.SIZE", span(number), mail_fetch(m, "RFC822.SIZE", "RFC822.SIZE"));
}

static void structure_is_that_of_a_session(void **state) {
  (void)state;
  with_messages(check_structure);
}

/* |sectionz| as both have it.  Whether there is one. */
static bool check_section(mail *m, imap4_mime *mime, imap4_str text, const char *sectionz) {
  uint64_t offset, length;
  int status = imap4_mime_section(mime, span(sectionz), &offset, &length);
  if (status == IMAP4_ST_NONEXISTENT) {
    expect_section(m, sectionz, NULL, 0);
    return false;
  }
  assert_int_equal(status, IMAP4_OK);
  assert_true(offset <= text.n && length <= text.n - offset);
  expect_section(m, sectionz, text.p + offset, (size_t)length);
  return true;
}

/* Every section that a message of at most four parts in each of four levels can have. */
static void check_sections(mail *m, imap4_mime *mime, imap4_str text) {
  enum { NUMBERS = 5 * 5 * 5 * 5 };
  static const char *const kinds[] = {"", ".MIME", ".HEADER", ".TEXT"};
  char part[20], section[40];
  size_t found = 0;
  for (size_t i = 0; i < NUMBERS; i++) {
    size_t n = 0, rest = i;
    for (; rest > 0 && rest % 5 > 0; rest /= 5)
      n += (size_t)snprintf(part + n, sizeof part - n, "%s%zu", n > 0 ? "." : "", rest % 5);
    if (rest > 0) continue; /* a number 0 */
    part[n] = '\0';
    for (size_t k = 0; k < COUNT(kinds); k++) {
      if (n == 0 && k == 1) continue;
      snprintf(section, sizeof section, "%s%s", part, n == 0 && k > 0 ? kinds[k] + 1 : kinds[k]);
      if (check_section(m, mime, text, section))
        found++;
      else if (k == 0)
        break; /* no such part */
    }
  }
  assert_true(found >= 3); /* "", HEADER and TEXT at least */
}

static void sections_are_those_of_a_session(void **state) {
  (void)state;
  with_messages(check_sections);
}

/* Parts as structs: ranges inside each other, with the lines that they have, and the charset. */
static void check_parts(mail *m, imap4_mime *mime, imap4_str text) {
  uint32_t count;
  (void)m;
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  assert_true(count > 0);
  for (uint32_t i = 0; i < count; i++) {
    imap4_mime_part part = {.struct_size = sizeof part}, parent = {.struct_size = sizeof parent};
    uint64_t lines = 0;
    assert_int_equal(imap4_mime_get_part(mime, i, &part), IMAP4_OK);
    for (uint64_t at = 0; at < part.body_length; at++)
      lines += text.p[part.body_offset + at] == '\n';
    assert_int_equal(part.lines, lines);
    assert_int_equal(part.body_offset, part.header_offset + part.header_length);
    assert_int_equal(part.parent == UINT32_MAX, i == 0);
    if (i == 0) {
      assert_int_equal(part.header_offset, 0);
      assert_int_equal(part.body_offset + part.body_length, text.n);
      continue;
    }
    assert_true(part.parent < i);
    assert_int_equal(imap4_mime_get_part(mime, part.parent, &parent), IMAP4_OK);
    assert_int_not_equal(parent.kind, IMAP4_PART_LEAF);
    assert_true(part.header_offset >= parent.body_offset);
    assert_true(part.body_offset + part.body_length <= parent.body_offset + parent.body_length);
  }
}

static void parts_are_where_their_octets_are(void **state) {
  (void)state;
  with_messages(check_parts);
}

/* All that a host needs, once with the answers written down. */
static void a_host_parses_a_message(void **state) {
  (void)state;
  imap4_str text = span(messages[1]), got;
  imap4_mime *mime = parse(text, 10);
  imap4_mime_part part = {.struct_size = sizeof part};
  uint64_t offset, length;
  uint32_t count;
  assert_int_equal(imap4_mime_envelope(mime, &got), IMAP4_OK);
  expect_octets("ENVELOPE", got, span("(NIL \"outer\" NIL NIL NIL NIL NIL NIL NIL NIL)"));
  assert_int_equal(imap4_mime_body(mime, 0, &got), IMAP4_OK);
  expect_octets("BODY", got,
                span("((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 3 0)"
                     "(\"IMAGE\" \"GIF\" (\"NAME\" \"ab\") NIL NIL \"BASE64\" 4)"
                     "(\"MESSAGE\" \"RFC822\" NIL NIL {12}\r\n\"quoted\" \\ \xe9 \"7BIT\" 145 "
                     "(NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) "
                     "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 0)"
                     "(\"TEXT\" \"HTML\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 3 0) \"ALTERNATIVE\") 12) "
                     "\"MIXED\")"));
  assert_int_equal(imap4_mime_section(mime, span("3.2"), &offset, &length), IMAP4_OK);
  expect_octets("3.2", (imap4_str){text.p + offset, (size_t)length}, span("<p>"));
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  assert_int_equal(count, 7); /* the message, three parts, the message inside, its two parts */
  assert_int_equal(imap4_mime_get_part(mime, 2, &part), IMAP4_OK);
  assert_int_equal(part.encoding, IMAP4_ENCODING_BASE64);
  assert_int_equal(imap4_mime_get_part(mime, 6, &part), IMAP4_OK);
  assert_int_equal(part.is_text, 1);
  expect_octets("charset", part.charset, span("utf-8"));
  imap4_mime_free(mime);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(envelope_is_that_of_a_session),   cmocka_unit_test(structure_is_that_of_a_session),
      cmocka_unit_test(sections_are_those_of_a_session), cmocka_unit_test(parts_are_where_their_octets_are),
      cmocka_unit_test(a_host_parses_a_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
