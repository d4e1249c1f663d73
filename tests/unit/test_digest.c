/* SPDX-License-Identifier: MIT */
/* Digests: what is read from them, and that no octets mislead the readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/digest_maker.h"
#include "mail_check.h"
#include "memory_check.h"

/* "1.2.MIME" and the like; fields are not needed here. */
static imap4i_section parse(const char *z, uint32_t *parts) {
  imap4i_section s = {.parts = parts};
  while (*z >= '0' && *z <= '9') {
    uint32_t n = 0;
    while (*z >= '0' && *z <= '9')
      n = n * 10 + (uint32_t)(*z++ - '0');
    parts[s.part_count++] = n;
    if (*z == '.') z++;
  }
  s.kind = *z == 'H'   ? IMAP4I_SECTION_HEADER
           : *z == 'T' ? IMAP4I_SECTION_TEXT
           : *z == 'M' ? IMAP4I_SECTION_MIME
                       : IMAP4I_SECTION_ALL;
  return s;
}

/* The octets of section |z| of |message|; "(nil)" if there are none. */
static imap4_str section(imap4_str digest, imap4_str message, const char *z) {
  uint32_t parts[20];
  uint64_t offset;
  uint64_t length;
  imap4i_section s = parse(z, parts);
  if (!imap4i_digest_section(digest, &s, &offset, &length)) return IMAP4I_S("(nil)");
  assert_true(offset <= message.n && length <= message.n - offset);
  return imap4i_str(message.p + offset, (size_t)length);
}

static void test_sections(void **unused) {
  (void)unused;
  static const char *const cases[][2] = {
      {"HEADER", "From: a@x\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n"},
      {"1", "one"},
      {"1.MIME", "\r\n"},
      {"2", "two"},
      {"2.MIME", "Content-Type: application/octet-stream\r\n\r\n"},
      {"3.MIME", "Content-Type: message/rfc822\r\n\r\n"},
      {"3.HEADER", "Subject: three\r\nContent-Type: multipart/mixed; boundary=third\r\n\r\n"},
      {"3.1", "three one"},
      {"3.1.MIME", "Content-Type: text/plain; charset=utf-8\r\n\r\n"},
      {"3.2", "three two"},
      {"4.1", "four one"},
      {"4.1.MIME", "Content-Type: image/gif\r\n\r\n"},
      {"4.2.HEADER", "Subject: four two\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n"},
      {"4.2.1", "four two one"},
      {"4.2.2.1", "plain"},
      {"4.2.2.2", "rich"},
      {"4.2.2.2.MIME", "Content-Type: text/richtext\r\n\r\n"},
      {"4.2.2", "--last\r\n\r\nplain\r\n--last\r\nContent-Type: text/richtext\r\n\r\nrich\r\n--last--\r\n"},
      {"0", "(nil)"},
      {"5", "(nil)"},
      {"1.1", "(nil)"},
      {"1.HEADER", "(nil)"},
      {"1.TEXT", "(nil)"},
      {"4.TEXT", "(nil)"},
      {"3.3", "(nil)"},
      {"3.1.1", "(nil)"},
      {"4.2.2.3", "(nil)"},
      {"4294967295", "(nil)"}};
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4_str message = STR(mail_example);
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, message, &buf);
  for (size_t i = 0; i < IMAP4I_COUNT(cases); i++) {
    assert_text(section(digest, message, cases[i][0]), cases[i][1]);
  }
  assert_true(imap4i_eq(section(digest, message, ""), message));
  assert_int_equal(imap4i_digest_size(digest), message.n);
  assert_true(imap4i_istarts(section(digest, message, "TEXT"), IMAP4I_S("preamble\r\n--outer")));
  assert_true(imap4i_istarts(section(digest, message, "3"), IMAP4I_S("Subject: three")));
  assert_true(imap4i_istarts(section(digest, message, "3.TEXT"), IMAP4I_S("--third\r\nContent")));
  assert_true(imap4i_istarts(section(digest, message, "4"), IMAP4I_S("--fourth")));
  assert_true(imap4i_istarts(section(digest, message, "4.2"), IMAP4I_S("Subject: four two")));
  assert_true(imap4i_istarts(section(digest, message, "4.2.TEXT"), IMAP4I_S("--inner")));
  assert_text(section(digest, message, "MIME"), "(nil)");
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_sections_of_one_part(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4_str message = IMAP4I_S("Subject: x\r\n\r\nbody\r\n");
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, message, &buf);
  assert_text(section(digest, message, "1"), "body\r\n");
  assert_text(section(digest, message, "TEXT"), "body\r\n");
  assert_text(section(digest, message, "1.MIME"), "Subject: x\r\n\r\n");
  assert_text(section(digest, message, "2"), "(nil)");
  assert_text(section(digest, message, "1.1"), "(nil)");
  assert_text(section(digest, message, "1.TEXT"), "(nil)");
  imap4i_buf_free(&buf);
  message = IMAP4I_S("Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninside");
  digest = mail_digest(&memory.mem, &limits, message, &buf);
  assert_text(section(digest, message, "1"), "Subject: in\r\n\r\ninside");
  assert_text(section(digest, message, "1.HEADER"), "Subject: in\r\n\r\n");
  assert_text(section(digest, message, "1.TEXT"), "inside");
  assert_text(section(digest, message, "1.1"), "inside");
  assert_text(section(digest, message, "1.1.MIME"), "Subject: in\r\n\r\n");
  assert_text(section(digest, message, "1.2"), "(nil)");
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* RFC 9051 section 7.5.2 opens message/global, RFC 3501 does not; its parts have numbers either way. */
static void test_global(void **unused) {
  (void)unused;
  const char *messagez =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: message/global\r\n\r\n"
      "Subject: in\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n"
      "--c--\r\n--b\r\n\r\ny\r\n"
      "--b\r\nContent-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n"
      "--b--\r\n";
#define INSIDE                                                                                               \
  "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "                                                            \
  "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 1 0 NIL NIL NIL NIL) \"MIXED\" "         \
  "(\"BOUNDARY\" \"c\") NIL NIL NIL) 7 "
#define BEHIND(sealed)                                                                                       \
  "NIL NIL NIL NIL)(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 1 0 NIL NIL NIL NIL)"     \
  "(\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"BASE64\" 4 " sealed                                                 \
  "NIL NIL NIL NIL) \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)"
  assert_item(messagez, 's', "((\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"7BIT\" 75 " BEHIND(""));
  /* What is encoded is not looked into, but has the form of a message too. */
  assert_item(messagez, 'g',
              "((\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"7BIT\" 75 " INSIDE BEHIND(
                  "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
                  "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL) 0 "));
#undef INSIDE
#undef BEHIND
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4_str message = STR(messagez);
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, message, &buf);
  assert_text(section(digest, message, "1.1"), "x");
  assert_text(section(digest, message, "2"), "y");
  assert_text(section(digest, message, "3"), "eA==");
  assert_text(section(digest, message, "3.1"), "(nil)");
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_body(void **unused) {
  (void)unused;
  assert_item(
      mail_example, 'b',
      "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 3 0)"
      "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 3)"
      "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 201 (NIL \"three\" NIL NIL NIL NIL NIL NIL NIL NIL) "
      "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"7BIT\" 9 0)"
      "(\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"7BIT\" 9) \"MIXED\") 12)"
      "((\"IMAGE\" \"GIF\" NIL NIL NIL \"7BIT\" 8)"
      "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 239 "
      "(NIL \"four two\" NIL NIL NIL NIL NIL NIL NIL NIL) "
      "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 12 0)"
      "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 5 0)"
      "(\"TEXT\" \"RICHTEXT\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 0) \"ALTERNATIVE\")"
      " \"MIXED\") 18) \"MIXED\") \"MIXED\")");
}

static void test_bodystructure(void **unused) {
  (void)unused;
  assert_item("Content-Type: Text/Html; charset=\"UTF-8\"; x=\"a\\\"b\"\r\n"
              "Content-Transfer-Encoding: Quoted-Printable\r\n"
              "Content-ID: <i@x>\r\nContent-Description: d e\r\n f\r\nContent-MD5: Q2g=\r\n"
              "Content-Disposition: attachment; filename=\"a b\"\r\n"
              "Content-Language: en, de\r\nContent-Location: http://x/\r\n\r\nx\r\ny\r\n",
              's',
              "(\"TEXT\" \"HTML\" (\"CHARSET\" \"UTF-8\" \"X\" \"a\\\"b\") \"<i@x>\" \"d e f\" "
              "\"QUOTED-PRINTABLE\" 6 2 "
              "\"Q2g=\" (\"ATTACHMENT\" (\"FILENAME\" \"a b\")) (\"en\" \"de\") \"http://x/\")");
  assert_item(
      "Content-Type: multipart/mixed; boundary=b\r\nContent-Disposition: inline\r\n\r\n"
      "--b\r\nContent-Type: application/x\r\n\r\n--b--",
      's',
      "((\"APPLICATION\" \"X\" NIL NIL NIL \"7BIT\" 0 NIL NIL NIL NIL) \"MIXED\" (\"BOUNDARY\" \"b\") "
      "(\"INLINE\" NIL) NIL NIL)");
  assert_item("", 's',
              "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)");
  assert_item("Content-Type: multipart/mixed\r\n\r\nnothing", 'b',
              "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 0 0) \"MIXED\")");
}

static void test_date(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits,
                                 IMAP4I_S("Date: 1 Jan 1970 01:00:00 +0130\r\n\r\n"), &buf);
  imap4_date date = imap4i_digest_date(digest);
  assert_int_equal(date.present, 1);
  assert_int_equal(date.seconds, -1800);
  assert_int_equal(date.zone_minutes, 90);
  imap4i_buf_free(&buf);
  digest = mail_digest(&memory.mem, &limits, IMAP4I_S("Date: soon\r\n\r\n"), &buf);
  assert_int_equal(imap4i_digest_date(digest).present, 0);
  imap4i_buf_free(&buf);
  /* Of several, the last that is one. */
  digest =
      mail_digest(&memory.mem, &limits,
                  IMAP4I_S("Date: 1 Jan 1970 01:00\r\nDate: 1 Jan 1970 02:00\r\nDate: soon\r\n\r\n"), &buf);
  assert_int_equal(imap4i_digest_date(digest).seconds, 7200);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_parts(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_part part;
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits,
                                 IMAP4I_S("Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                                          "--b\r\nContent-Type: text/html; charset=koi8-r\r\n"
                                          "Content-Transfer-Encoding: BASE64 (c)\r\n\r\nx\r\n--b--"),
                                 &buf);
  assert_int_equal(imap4i_digest_parts(digest), 2);
  assert_true(imap4i_digest_part(digest, 0, &part));
  assert_int_equal(part.kind, IMAP4I_PART_MULTIPART);
  assert_int_equal(part.parent, IMAP4I_NO_PARENT);
  assert_true(imap4i_digest_part(digest, 1, &part));
  assert_int_equal(part.kind, IMAP4I_PART_LEAF);
  assert_int_equal(part.parent, 0);
  assert_int_equal(part.encoding, IMAP4I_ENCODING_BASE64);
  assert_true(part.is_text);
  assert_text(part.text[IMAP4I_TEXT_CHARSET], "koi8-r");
  assert_int_equal(part.body_length, 1);
  assert_false(imap4i_digest_part(digest, 2, &part));
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* No octet can change without being noticed, and no length is taken. */
static void test_damage(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, STR(mail_example), &buf);
  for (size_t i = 0; i < digest.n; i++) {
    for (unsigned bit = 1; bit < 256; bit *= 2) {
      buf.p[i] = (char)(unsigned char)((unsigned char)buf.p[i] ^ bit);
      assert_false(imap4i_digest_valid(digest));
      buf.p[i] = (char)(unsigned char)((unsigned char)buf.p[i] ^ bit);
    }
  }
  assert_true(imap4i_digest_valid(digest));
  for (size_t n = 0; n < digest.n; n++) {
    char *exact = malloc(n + 1); /* so that a look behind the end is seen */
    memcpy(exact, digest.p, n);
    assert_false(imap4i_digest_valid(imap4i_str(exact, n)));
    free(exact);
  }
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* A right checksum over wrong contents: make what no walker makes, with |textz| as the text |id| of each. */
static bool made_with_text_is_valid(const imap4i_part *parts, size_t count, unsigned id, const char *textz,
                                    uint64_t size) {
  memory_check memory;
  imap4i_maker maker;
  imap4_limits limits = mail_limits();
  imap4i_maker_init(&maker, memory_check_init(&memory), &limits);
  size_t record;
  for (size_t i = 0; i < count; i++) {
    assert_true(imap4i_maker_open(&maker));
    assert_true(imap4i_buf_puts(imap4i_maker_begin(&maker, id), STR(textz)));
    imap4i_maker_end(&maker);
    assert_true(imap4i_maker_close(&maker, &parts[i], &record));
  }
  if (count == 0) assert_true(imap4i_maker_open(&maker));
  assert_true(imap4i_maker_finish(&maker, size, (imap4_date){0}));
  bool valid = imap4i_digest_valid(imap4i_buf_str(&maker.digest));
  imap4i_maker_free(&maker);
  memory_check_end(&memory);
  return valid;
}

static bool made_is_valid(const imap4i_part *parts, size_t count, const char *textz, uint64_t size) {
  return made_with_text_is_valid(parts, count, IMAP4I_FIELD_SUBJECT, textz, size);
}

static imap4i_part sound_part(void) {
  return (imap4i_part){.is_text = true, .parent = IMAP4I_NO_PARENT, .header_length = 10, .body_length = 5};
}

static bool is_sound(imap4i_part part, uint64_t size) {
  return made_is_valid(&part, 1, "\"\"", size);
}

static void test_wrong_numbers(void **unused) {
  (void)unused;
  imap4i_part p = sound_part();
  assert_true(is_sound(p, 15));
  assert_false(is_sound(p, 16));
  assert_false(made_is_valid(&p, 0, "\"\"", 15));
  p.header_offset = 1;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.header_length = UINT64_MAX;
  p.body_length = 16;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.lines = 6;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.parent = 0;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.kind = 3;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.encoding = 4;
  assert_false(is_sound(p, 15));
  p = sound_part();
  p.kind = IMAP4I_PART_MESSAGE; /* without its child */
  assert_false(is_sound(p, 15));
}

static void test_wrong_nesting(void **unused) {
  (void)unused;
  imap4i_part p[3] = {sound_part(), sound_part(), sound_part()};
  p[0].kind = IMAP4I_PART_MULTIPART;
  p[1] = (imap4i_part){.is_text = true, .header_offset = 10, .header_length = 1, .body_length = 1};
  p[2] = (imap4i_part){.is_text = true, .header_offset = 12, .header_length = 1, .body_length = 2};
  assert_true(made_is_valid(p, 3, "", 15));
  p[2].parent = 1; /* a leaf has no children */
  assert_false(made_is_valid(p, 3, "", 15));
  p[2].parent = 2; /* a loop */
  assert_false(made_is_valid(p, 3, "", 15));
  p[2].parent = IMAP4I_NO_PARENT;
  assert_false(made_is_valid(p, 3, "", 15));
  p[2].parent = 0;
  p[2].body_length = 3; /* outside of its parent */
  assert_false(made_is_valid(p, 3, "", 15));
  p[2].body_length = 2;
  p[1].header_offset = 9;
  p[1].header_length = 2;
  assert_false(made_is_valid(p, 3, "", 15));
  p[1].header_offset = 10;
  p[1].header_length = 1;
  p[1].body_length = 2; /* the second begins before the first ends */
  assert_false(made_is_valid(p, 3, "", 15));
  p[1].body_length = 1;
  p[0].kind = IMAP4I_PART_MESSAGE; /* with two children */
  assert_false(made_is_valid(p, 3, "", 15));
}

/* Parts inside each other, then one beside the outer one: what lies between them is not shared. */
static void test_wrong_order(void **unused) {
  (void)unused;
  imap4i_part p[4] = {sound_part()};
  p[0].kind = IMAP4I_PART_MULTIPART;
  p[1] = (imap4i_part){.kind = IMAP4I_PART_MULTIPART, .header_offset = 10, .body_length = 3};
  p[2] = (imap4i_part){.is_text = true, .parent = 1, .header_offset = 11, .body_length = 1};
  p[3] = (imap4i_part){.is_text = true, .header_offset = 13, .body_length = 2};
  assert_true(made_is_valid(p, 4, "", 15));
  p[3].header_offset = 12;
  assert_false(made_is_valid(p, 4, "", 15));
  p[3].parent = 1;
  p[3].body_length = 1;
  assert_true(made_is_valid(p, 4, "", 15));
  p[3].header_offset = 11;
  assert_false(made_is_valid(p, 4, "", 15));
}

/* A sound digest with some octets changed and the checksum right again. */
static bool changed_is_valid(size_t offset, uint32_t value) {
  memory_check memory;
  imap4_limits limits = mail_limits();
  imap4i_buf buf;
  mail_digest(memory_check_init(&memory), &limits, IMAP4I_S("Subject: x\r\n\r\n"), &buf);
  imap4i_set32(buf.p + offset, value);
  imap4i_set64(buf.p + 8, imap4i_digest_checksum(imap4i_buf_str(&buf)));
  bool valid = imap4i_digest_valid(imap4i_buf_str(&buf));
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
  return valid;
}

/* One part: a head of 56 octets, a record of 44, its text "x" in quotes with a number of 4, the index, 14
 * octets of fields. */
static void test_wrong_layout(void **unused) {
  (void)unused;
  const uint32_t head = IMAP4I_DIGEST_HEAD;
  const uint32_t text_number = head + IMAP4I_DIGEST_RECORD + 3;
  assert_true(changed_is_valid(40, 1));
  assert_false(changed_is_valid(40, 0)); /* parts */
  assert_false(changed_is_valid(40, 2));
  assert_false(changed_is_valid(40, UINT32_MAX));
  assert_true(changed_is_valid(44, 14)); /* kept fields */
  assert_false(changed_is_valid(44, 13));
  assert_false(changed_is_valid(44, 10));
  assert_false(changed_is_valid(44, UINT32_MAX));
  assert_true(changed_is_valid(head + 4, IMAP4I_DIGEST_RECORD + 7)); /* octets of the record */
  assert_false(changed_is_valid(head + 4, IMAP4I_DIGEST_RECORD + 6));
  assert_false(changed_is_valid(head + 4, IMAP4I_DIGEST_RECORD - 1));
  assert_false(changed_is_valid(head + 4, UINT32_MAX));
  assert_true(changed_is_valid(head, 0x01010000));
  assert_false(changed_is_valid(head, 0x00010000)); /* its texts */
  assert_false(changed_is_valid(head, 0x02010000));
  assert_false(changed_is_valid(head, 0xff010000));
  assert_true(changed_is_valid(text_number, 3u << IMAP4I_DIGEST_TEXT_BITS | IMAP4I_FIELD_SUBJECT));
  assert_false(changed_is_valid(text_number, 2u << IMAP4I_DIGEST_TEXT_BITS | IMAP4I_FIELD_SUBJECT));
  assert_false(changed_is_valid(text_number, 4u << IMAP4I_DIGEST_TEXT_BITS | IMAP4I_FIELD_SUBJECT));
  assert_false(changed_is_valid(text_number, 0u << IMAP4I_DIGEST_TEXT_BITS | IMAP4I_FIELD_SUBJECT));
  assert_false(changed_is_valid(text_number, 3u << IMAP4I_DIGEST_TEXT_BITS | IMAP4I_TEXT_COUNT));
  assert_true(changed_is_valid(text_number + 4, head)); /* the index */
  assert_false(changed_is_valid(text_number + 4, head + 1));
  assert_false(changed_is_valid(text_number + 4, UINT32_MAX));
}

/* Texts go out as they are, so they must be what may be sent. */
static void test_wrong_texts(void **unused) {
  (void)unused;
#define ADDRESS "(NIL NIL \"a\" \"b\")"
  enum { SUBJECT, LIST, TYPE, TEXT, MULTIPART, PARAMETERS, DISPOSITION, LANGUAGE, KINDS };
  static const unsigned ids[KINDS] = {IMAP4I_FIELD_SUBJECT,     IMAP4I_FIELD_TO,      IMAP4I_FIELD_TYPE,
                                      IMAP4I_FIELD_TYPE,        IMAP4I_FIELD_TYPE,    IMAP4I_TEXT_PARAMETERS,
                                      IMAP4I_FIELD_DISPOSITION, IMAP4I_FIELD_LANGUAGE};
  /* Each is good for one text, or for none. */
  static const struct {
    unsigned kinds;
    const char *textz;
  } texts[] = {{1 << SUBJECT | 1 << MULTIPART, "\"a\\\"b\\\\\""},
               {1 << SUBJECT, "{3}\r\n\x80\r\n"},
               {1 << PARAMETERS, "NIL"},
               {0, "NIL NIL"},
               {0, "N"},
               {0, " "},
               {0, "()"},
               {1 << TYPE, "\"a\" \"b\""},
               {1 << TEXT, "\"Text\" \"x\""},
               {0, "\"message\" \"rfc822\""},
               {0, "\"a\" {1}\r\nb"},
               {0, "{4}\r\nTEXT \"x\""},
               {0, "\"a\" \"b\" \"c\""},
               {0, "\"a\"\"b\""},
               {0, "\"a\" NIL"},
               {1 << LIST, ADDRESS},
               {1 << LIST, ADDRESS "({1}\r\nx \"y\" NIL NIL)"},
               {0, ADDRESS " " ADDRESS},
               {0, "(NIL NIL NIL)"},
               {0, "(NIL NIL NIL NIL NIL)"},
               {0, "(" ADDRESS ")"},
               {1 << PARAMETERS | 1 << LANGUAGE, "(\"a\" \"b\")"},
               {1 << LANGUAGE, "(\"a\" \"b\" \"c\")"},
               {0, "(\"a\" \"b\" )"},
               {0, "(\"a\"\"b\")"},
               {1 << DISPOSITION, "(\"a\" NIL)"},
               {1 << DISPOSITION, "(\"a\" (\"b\" \"c\"))"},
               {0, "(\"a\" (\"b\"))"},
               {0, "(NIL"},
               {0, "(NIL))"},
               {0, "\"a"},
               {0, "\"a\r\n\""},
               {0, "{3}\r\nab"},
               {0, "{x}\r\n"},
               {0, "{}\r\n"},
               {0, "{1}ab"},
               {0, "a"},
               {0, "\"a\"\r\n"},
               {0, "\"\x80\""},
               {0, "{18446744073709551616}\r\n"},
               {0, "\"\\\""},
               {0, "\"a\" * BYE "}};
  imap4i_part p = sound_part();
  for (size_t i = 0; i < IMAP4I_COUNT(texts); i++) {
    for (unsigned kind = 0; kind < KINDS; kind++) {
      p.kind = kind == MULTIPART ? IMAP4I_PART_MULTIPART : IMAP4I_PART_LEAF;
      p.is_text = kind != TYPE;
      bool valid = made_with_text_is_valid(&p, 1, ids[kind], texts[i].textz, 15);
      if (valid != (texts[i].kinds >> kind & 1)) fail_msg("%u: %s", kind, texts[i].textz);
    }
  }
}

/* The known fields of the message's header, as they stand, and what of them is not there. */
static void test_kept_fields(void **unused) {
  (void)unused;
  static const char message[] = "Received: x\r\nSUBJECT : a\r\n\tb\r\nX-Mine: y\r\nReferences: <i>\r\n"
                                "Subject: again\r\nTo: a@b\r\n\r\nbody\r\nSubject: no\r\n";
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_mem *mem = memory_check_init(&memory);
  imap4_str digest = mail_digest(mem, &limits, STR(message), &buf);
  assert_text(imap4i_digest_fields(digest),
              "SUBJECT : a\r\n\tb\r\nReferences: <i>\r\nSubject: again\r\nTo: a@b\r\n\r\n");
  assert_true(imap4i_digest_keeps(digest, STR("subject")));
  assert_true(imap4i_digest_keeps(digest, STR("Date"))); /* there is none */
  assert_false(imap4i_digest_keeps(digest, STR("Received")));
  assert_false(imap4i_digest_keeps(digest, STR("X-Mine")));
  imap4i_buf_free(&buf);
  /* A line of CR ends the header for HEADER.FIELDS, and not for SEARCH. */
  digest = mail_digest(mem, &limits, STR("To: a\r\n\r\r\nDate: b\r\n\r\n"), &buf);
  assert_false(imap4i_digest_keeps(digest, STR("To")));
  assert_false(imap4i_digest_keeps(digest, STR("Date")));
  imap4i_buf_free(&buf);
  limits.digest_field_octets = 17 + 17 + 2; /* the first subject, the references, the empty line */
  digest = mail_digest(mem, &limits, STR(message), &buf);
  assert_text(imap4i_digest_fields(digest), "SUBJECT : a\r\n\tb\r\nReferences: <i>\r\n\r\n");
  assert_false(imap4i_digest_keeps(digest, STR("Subject")));
  assert_false(imap4i_digest_keeps(digest, STR("To")));
  assert_true(imap4i_digest_keeps(digest, STR("References")));
  imap4i_buf_free(&buf);
  limits.digest_field_octets = 0;
  digest = mail_digest(mem, &limits, STR(message), &buf);
  assert_int_equal(imap4i_digest_fields(digest).n, 0);
  assert_false(imap4i_digest_keeps(digest, STR("Date")));
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  imap4_limits limits = mail_limits();
  memory_check memory;
  imap4i_buf buf;
  imap4i_buf out;
  imap4_str digest = mail_digest(memory_check_init(&memory), &limits, STR(mail_example), &buf);
  size_t length = 0;
  for (size_t max = 0; length == 0; max++) {
    imap4i_buf_init(&out, &memory.mem, max);
    if (imap4i_digest_body(digest, true, true, &out) == IMAP4_OK) length = out.n;
    assert_true(length == 0 || length == max);
    imap4i_buf_free(&out);
  }
  imap4i_buf_init(&out, &memory.mem, 10);
  assert_int_equal(imap4i_digest_envelope(digest, &out), IMAP4_ERR_NOMEM);
  imap4i_buf_free(&out);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sections),      cmocka_unit_test(test_sections_of_one_part),
      cmocka_unit_test(test_global),        cmocka_unit_test(test_body),
      cmocka_unit_test(test_bodystructure), cmocka_unit_test(test_date),
      cmocka_unit_test(test_parts),         cmocka_unit_test(test_damage),
      cmocka_unit_test(test_wrong_numbers), cmocka_unit_test(test_wrong_nesting),
      cmocka_unit_test(test_wrong_order),   cmocka_unit_test(test_wrong_texts),
      cmocka_unit_test(test_wrong_layout),  cmocka_unit_test(test_kept_fields),
      cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
