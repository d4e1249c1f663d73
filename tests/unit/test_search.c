/* SPDX-License-Identifier: MIT */
/* The search machine: every kind of key, every cut, octets that are asked for, memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/digest.h"
#include "mail/walker.h"
#include "memory_check.h"
#include "search/search.h"
#include "wire/parser.h"

#define BROKEN (-1000)

/* What a command would have of a message. */
typedef struct mail {
  imap4_str text;
  imap4_row row; /* without digest */
  uint32_t seq;
  bool recent;
  uint32_t max_seq;
  uint32_t max_uid;
} mail;

typedef struct outcome {
  int result;
  uint64_t octets; /* asked for, with reads of |chunk| */
} outcome;

static imap4_limits limits;

static int set_up(void **state) {
  (void)state;
  return imap4_limits_init(&limits, sizeof limits, 1);
}

static mail mail_of(imap4_str text) {
  mail m = {.text = text, .seq = 5, .max_seq = 9, .max_uid = 90};
  m.row.uid = 50;
  m.row.size = text.n;
  m.row.flags = IMAP4_FLAG_SEEN | IMAP4_FLAG_DRAFT;
  m.row.keywords = IMAP4I_S("$Work other");
  m.row.internaldate = (imap4_date){INT64_C(1646092800) + 1800, -60, 1}; /* 28-Feb-2022 23:30 -0100 */
  return m;
}

/* Feed what the search needs, |chunk| octets at most at a time, each from a block of its own.  Reads behind
 * |end| find nothing. */
static int feed_all(imap4i_search *search, const mail *m, size_t chunk, size_t end, uint64_t *octets) {
  int result = IMAP4I_SEARCH_UNDECIDED;
  while (result == IMAP4I_SEARCH_UNDECIDED) {
    uint64_t offset, length;
    assert_true(imap4i_search_need(search, &offset, &length));
    assert_true(length > 0 && offset <= m->text.n && length <= m->text.n - offset);
    size_t n = imap4i_min((size_t)length, chunk);
    *octets += n;
    n = offset < end ? imap4i_min(n, end - (size_t)offset) : 0;
    char *block = malloc(n + 1);
    assert_non_null(block);
    memcpy(block + 1, m->text.p + offset, n);
    result = imap4i_search_feed(search, imap4i_str(block + 1, n));
    free(block);
  }
  return result;
}

static int walk(imap4i_mem *mem, imap4_str text, imap4i_walker **walker, imap4_str *digest) {
  int status = imap4i_walker_new(mem, &limits, walker);
  if (status == IMAP4_OK) status = imap4i_walker_feed(*walker, text);
  if (status == IMAP4_OK) status = imap4i_walker_finish(*walker, digest);
  return status;
}

static outcome search_with(memory_check *check, imap4i_search *search, const mail *m, size_t chunk,
                           size_t end) {
  outcome o = {0, 0};
  imap4i_search_message message = {&m->row, m->seq, m->recent, m->max_seq, m->max_uid};
  uint64_t offset, length;
  o.result = imap4i_search_begin(search, &message);
  if (o.result == IMAP4I_SEARCH_UNDECIDED) {
    assert_true((imap4i_search_attributes(search) & IMAP4_ATTR_DIGEST) != 0);
    imap4i_walker *walker = NULL;
    imap4_str digest;
    size_t fail_from = check->fail_from;
    check->fail_from = SIZE_MAX; /* this is not about the walker */
    assert_int_equal(walk(&check->mem, m->text, &walker, &digest), IMAP4_OK);
    check->fail_from = fail_from;
    assert_true(imap4i_digest_valid(digest));
    o.result = imap4i_search_digest(search, digest);
    imap4i_walker_free(walker);
  }
  if (o.result == IMAP4I_SEARCH_UNDECIDED) o.result = feed_all(search, m, chunk, end, &o.octets);
  if (o.result >= 0) assert_false(imap4i_search_need(search, &offset, &length));
  return o;
}

/* Search |m| for |query|, the arguments of a SEARCH.  |fail_from| counts for the search alone. */
static outcome search_for(const char *queryz, const mail *m, size_t chunk, size_t end, size_t fail_from) {
  memory_check check, parser_check;
  imap4i_arena arena;
  imap4i_parser parser;
  imap4i_args args;
  imap4i_search *search = NULL;
  outcome o = {BROKEN, 0};
  imap4i_arena_init(&arena, memory_check_init(&parser_check));
  imap4i_parser_init(&parser, imap4i_str(queryz, strlen(queryz)), &arena, &limits, '/');
  assert_int_equal(imap4i_parse_search(&parser, &args), IMAP4_OK);
  memory_check_init(&check);
  check.fail_from = fail_from;
  o.result = imap4i_search_new(&check.mem, &args.search, &limits, &search);
  if (o.result == IMAP4_OK) {
    o = search_with(&check, search, m, chunk, end);
    imap4i_search_free(search);
  }
  memory_check_end(&check);
  imap4i_arena_free(&arena);
  return o;
}

static outcome find(const char *queryz, const mail *m) {
  return search_for(queryz, m, SIZE_MAX, SIZE_MAX, SIZE_MAX);
}

static void check_query(const char *queryz, const mail *m, int expected) {
  outcome o = find(queryz, m);
  if (o.result != expected) print_error("%s: %d, not %d\n", queryz, o.result, expected);
  assert_int_equal(o.result, expected);
}

/* ---- what is known without reading ---------------------------------------------------------- */

static void test_keys_of_rows(void **state) {
  (void)state;
  static const struct {
    const char *queryz;
    int expected;
  } tests[] = {
      {" ALL", 1},
      {" SEEN", 1},
      {" UNSEEN", 0},
      {" DRAFT UNFLAGGED", 1},
      {" ANSWERED", 0},
      {" KEYWORD $work", 1},
      {" KEYWORD $wor", 0},
      {" UNKEYWORD OTHER", 0},
      {" RECENT", 1},
      {" NEW", 0},
      {" OLD", 0},
      {" LARGER 99", 1},
      {" LARGER 100", 0},
      {" SMALLER 100", 0},
      {" SMALLER 101", 1},
      {" ON 28-Feb-2022", 1},
      {" ON 1-Mar-2022", 0},
      {" BEFORE 1-Mar-2022", 1},
      {" BEFORE 28-Feb-2022", 0},
      {" SINCE 28-Feb-2022", 1},
      {" SINCE 1-Mar-2022", 0},
      {" 5", 1},
      {" 1:4,6:9", 0},
      {" 7:3", 1},
      {" *", 0},
      {" 6:*", 0},
      {" *:5", 1},
      {" UID 50", 1},
      {" UID 5", 0},
      {" UID 1:49,51:*", 0},
      {" UID 100:*", 0},
      {" NOT UID 5 OR SEEN FLAGGED", 1},
      {" OR UNSEEN (DRAFT NOT SEEN)", 0},
      {" TEXT \"\" BODY \"\"", 1},
      {" UNSEEN TEXT x", 0},
      {" OR SEEN TEXT x", 1},
      {" NOT (UNSEEN BODY x)", 1},
  };
  mail m = mail_of(IMAP4I_S(""));
  m.row.size = 100;
  m.recent = true;
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    check_query(tests[i].queryz, &m, tests[i].expected);
    assert_int_equal(find(tests[i].queryz, &m).octets, 0);
  }
  m.seq = m.max_seq = 9;
  m.row.uid = m.max_uid = 90;
  check_query(" *", &m, 1);
  check_query(" UID 100:*", &m, 1);
  m.row.internaldate.present = 0;
  check_query(" OR BEFORE 1-Jan-3000 OR ON 1-Jan-1970 SINCE 1-Jan-1970", &m, 0);
}

static void test_days_before_1970(void **state) {
  (void)state;
  mail m = mail_of(IMAP4I_S(""));
  m.row.internaldate = (imap4_date){-1, 0, 1};
  check_query(" ON 31-Dec-1969", &m, 1);
  m.row.internaldate = (imap4_date){-1, 1, 1};
  check_query(" ON 1-Jan-1970", &m, 1);
  m.row.internaldate = (imap4_date){-86400, 0, 1};
  check_query(" ON 31-Dec-1969", &m, 1);
  m.row.internaldate = (imap4_date){INT64_MIN, INT32_MIN, 1};
  check_query(" BEFORE 1-Jan-1970", &m, 1);
  m.row.internaldate = (imap4_date){INT64_MAX, INT32_MAX, 1};
  check_query(" SINCE 1-Jan-2970", &m, 1);
}

static void test_attributes(void **state) {
  (void)state;
  static const struct {
    imap4i_key key;
    uint32_t expected;
  } tests[] = {
      {{.kind = IMAP4I_KEY_ALL}, 0},
      {{.kind = IMAP4I_KEY_SEQUENCE}, 0},
      {{.kind = IMAP4I_KEY_FLAG}, IMAP4_ATTR_FLAGS},
      {{.kind = IMAP4I_KEY_KEYWORD}, IMAP4_ATTR_FLAGS},
      {{.kind = IMAP4I_KEY_SMALLER}, IMAP4_ATTR_SIZE},
      {{.kind = IMAP4I_KEY_MODSEQ}, IMAP4_ATTR_MODSEQ},
      {{.kind = IMAP4I_KEY_SINCE}, IMAP4_ATTR_INTERNALDATE},
      {{.kind = IMAP4I_KEY_SENTON}, IMAP4_ATTR_DIGEST},
      {{.kind = IMAP4I_KEY_HEADER}, IMAP4_ATTR_DIGEST},
      {{.kind = IMAP4I_KEY_TEXT}, 0},
      {{.kind = IMAP4I_KEY_BODY, .text = {"x", 1}}, IMAP4_ATTR_DIGEST},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    memory_check check;
    imap4i_search *search = NULL;
    imap4i_key key = tests[i].key;
    imap4i_search_args args = {.keys = &key, .count = 1};
    assert_int_equal(imap4i_search_new(memory_check_init(&check), &args, &limits, &search), IMAP4_OK);
    assert_int_equal(imap4i_search_attributes(search), tests[i].expected);
    imap4i_search_free(search);
    key.kind = IMAP4I_KEY_NOT;
    assert_int_equal(imap4i_search_new(&check.mem, &args, &limits, &search), IMAP4_ERR_INVALID);
    memory_check_end(&check);
  }
  imap4i_search_free(NULL);
}

/* ---- what is known from the message --------------------------------------------------------- */

static const char letterz[] = "X-Bounces-To: <bounce@example.net>\r\n"
                              "Date: Tue, 1 Mar 2022 00:30:00 +0100\r\n"
                              "From: \"Smith, J.\" <j.smith@example.org> (at work)\r\n"
                              "To: Friends: =?utf-8?q?J=C3=B6rg?= <joerg@example.de>,\r\n"
                              "\tann@example.com;\r\n"
                              "Subject: a plain\r\n"
                              " fold =?iso-8859-1?q?Gr=FC?=\r\n"
                              " =?iso-8859-1?q?=DFe?= and\r\n"
                              "\ttabs\r\n"
                              "Received: first\r\n"
                              "Received: second\r\n"
                              "X-Empty:\r\n"
                              "X-Blanks: two  three \t four\r\n"
                              "\t five\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: multipart/mixed; boundary=b\r\n"
                              "\r\n"
                              "words in preamble\r\n"
                              "--b\r\n"
                              "X-Part: words in header of part\r\n"
                              "\r\n"
                              "plain words\r\n"
                              "--b\r\n"
                              "Content-Type: text/html; charset=iso-8859-1\r\n"
                              "Content-Transfer-Encoding: quoted-printable\r\n"
                              "\r\n"
                              "<p>caf=E9, un=\r\n"
                              "subscribe</p>\r\n"
                              "--b\r\n"
                              "Content-Type: message/rfc822\r\n"
                              "\r\n"
                              "Subject: inner =?utf-8?q?M=C3=BCnchen?=\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: base64\r\n"
                              "\r\n"
                              "bmVlZGxlIGluc2lk\r\n"
                              "ZSBuZXN0ZWQgTcO8\r\n"
                              "bmNoZW4=\r\n"
                              "--b\r\n"
                              "Content-Type: application/octet-stream\r\n"
                              "\r\n"
                              "words in binary\r\n"
                              "--b\r\n"
                              "Content-Transfer-Encoding: x-unknown\r\n"
                              "\r\n"
                              "words in code\r\n"
                              "--b--\r\n"
                              "words in epilogue\r\n";

static const struct {
  const char *queryz;
  int expected;
} letter_tests[] = {
    /* The day of the Date field in its own zone. */
    {" SENTON 1-Mar-2022", 1},
    {" SENTON 28-Feb-2022", 0},
    {" SENTBEFORE 1-Mar-2022", 0},
    {" SENTBEFORE 2-Mar-2022", 1},
    {" SENTSINCE 1-Mar-2022", 1},
    {" SENTSINCE 2-Mar-2022", 0},
    /* Fields. */
    {" SUBJECT \"A PLAIN FOLD\"", 1},
    {" SUBJECT \"and tabs\"", 1},
    {" SUBJECT \"and\ttabs\"", 1}, /* as it stands */
    {" SUBJECT \"and  tabs\"", 0},
    {" SUBJECT \"plain\tfold\"", 0},
    {" TEXT \"and tabs\"", 1},
    {" TEXT \"and\ttabs\"", 1},
    {" HEADER X-Blanks \"two three four five\"", 0},
    {" HEADER X-Blanks \"two  three\"", 1},
    {" HEADER X-Blanks \"three \t four\"", 1},
    {" HEADER X-Blanks \"three  four\"", 0},
    {" HEADER X-Blanks \"four\t five\"", 1},
    {" TEXT \"x-blanks: two three four five\"", 0},
    {" TEXT \"x-blanks: two  three\"", 1},
    {" TEXT \"four five\" TEXT \"two  three\"", 1},
    {" CHARSET UTF-8 SUBJECT \"gr\303\234\303\237E\"", 1},
    {" CHARSET UTF-8 SUBJECT \"GRU\314\210\"", 1},
    {" SUBJECT \"=?\"", 0},
    {" SUBJECT \"plain \"", 1},
    {" SUBJECT inner", 0},
    {" HEADER received FIRST", 1},
    {" HEADER Received second", 1},
    {" HEADER Received firstsecond", 0},
    {" HEADER X-Empty \"\"", 1},
    {" HEADER X-Empty x", 0},
    {" HEADER X-None \"\"", 0},
    {" NOT HEADER X-None \"\"", 1},
    {" HEADER X-Part \"\"", 0},
    {" HEADER Receive first", 0},
    /* Addresses, as ENVELOPE has them; HEADER looks at them as they stand. */
    {" FROM \"Smith, J. <j.smith@\"", 1},
    {" FROM \"\\\"Smith, J.\\\"\"", 0},
    {" HEADER From \"\\\"Smith, J.\\\"\"", 1},
    {" FROM \"at work\"", 0},
    {" HEADER From \"(at work)\"", 1},
    {" HEADER From \"Smith, J. <\"", 0},
    {" FROM \"\" HEADER From \"\"", 1},
    {" TO \"<ann@example.com>\"", 1},
    {" HEADER To \"<ann@\"", 0},
    {" HEADER To \", ann@example.com;\"", 1},
    {" TO \"friends: \"", 1},
    {" CHARSET UTF-8 TO \"j\303\266rg <joerg\"", 1},
    {" FROM smith HEADER From work TEXT \"from: \\\"smith\"", 1},
    {" TO j.smith", 0},
    {" CC \"\"", 0},
    /* Bodies: text, decoded. */
    {" BODY \"plain words\"", 1},
    {" BODY \"unsubscribe</P>\"", 1},
    {" CHARSET ISO-8859-1 BODY \"CAF\311\"", 1},
    {" BODY \"=E9\"", 0},
    {" CHARSET UTF-8 BODY \"inside nested M\303\274nchen\"", 1},
    {" BODY \"bmVl\"", 0},
    {" BODY \"words in preamble\"", 0},
    {" BODY \"words in epilogue\"", 0},
    {" BODY \"words in binary\"", 0},
    {" BODY \"words in code\"", 0},
    {" BODY \"header of part\"", 0},
    {" BODY {10}\r\nwords\r\n--b", 0},
    {" BODY inner", 0},
    {" BODY words NOT BODY needles", 1},
    /* Text: headers of all kinds, and bodies. */
    {" TEXT \"header of part\"", 1},
    {" TEXT \"x-part: words\"", 1},
    {" CHARSET UTF-8 TEXT \"subject: inner m\303\274nchen\"", 1},
    {" TEXT \"received: second\"", 1},
    {" TEXT \"boundary=b\"", 1},
    {" TEXT unsubscribe", 1},
    {" TEXT \"needle inside\"", 1},
    {" TEXT \"words in epilogue\"", 0},
    {" TEXT \"base64\" NOT BODY \"base64\"", 1},
    /* Together. */
    {" FROM smith TO ann SUBJECT plain BODY nested SENTON 1-Mar-2022", 1},
    {" FROM smith TO ann SUBJECT plain BODY nested SENTON 2-Mar-2022", 0},
    {" OR (FROM nobody BODY words) (SUBJECT fold TEXT nested)", 1},
    {" NOT (OR FROM nobody BODY nonsense) UID 50", 1},
};

static mail letter(void) {
  return mail_of(imap4i_str(letterz, sizeof letterz - 1));
}

static void test_keys_of_messages(void **state) {
  (void)state;
  mail m = letter();
  for (size_t i = 0; i < IMAP4I_COUNT(letter_tests); i++) {
    check_query(letter_tests[i].queryz, &m, letter_tests[i].expected);
  }
}

static void test_every_chunk(void **state) {
  (void)state;
  mail m = letter();
  for (size_t i = 0; i < IMAP4I_COUNT(letter_tests); i++) {
    for (size_t chunk = 1; chunk < 200; chunk += chunk < 20 ? 1 : 13) {
      outcome o = search_for(letter_tests[i].queryz, &m, chunk, SIZE_MAX, SIZE_MAX);
      assert_int_equal(o.result, letter_tests[i].expected);
    }
  }
}

/* A message that ends before its digest says: what was there counts. */
static void test_short_messages(void **state) {
  (void)state;
  mail m = letter();
  for (size_t end = 0; end <= m.text.n; end++) {
    outcome o = search_for(" TEXT nonsense", &m, 100, end, SIZE_MAX);
    assert_int_equal(o.result, 0);
    o = search_for(" HEADER X-Bounces-To bounce", &m, 10, end, SIZE_MAX);
    assert_int_equal(o.result, end >= strlen("X-Bounces-To: <bounce"));
  }
}

static void test_odd_messages(void **state) {
  (void)state;
  static const struct {
    const char *textz;
    const char *queryz;
    int expected;
  } tests[] = {
      {"", " TEXT x", 0},
      {"", " NOT SUBJECT x", 1},
      {"", " SENTBEFORE 1-Jan-2100", 0},
      {"\r\n", " BODY x", 0},
      {"\r\nx", " BODY x", 1},
      {"Subject: x", " SUBJECT x", 1},
      {"Subject: x", " BODY x", 0},
      {"Subject: x\r\n", " TEXT \"subject: x\"", 1},
      {"Date: yesterday\r\n\r\n", " OR SENTSINCE 1-Jan-1900 SENTBEFORE 1-Jan-2100", 0},
      {"no colon here\r\n\r\nx", " TEXT \"no colon\"", 1},
      {"Subject: 8 bit \374\r\n\r\n", " SUBJECT \"8 bit\"", 1},
      {"To: <\r\n\r\n", " TO \"<\"", 1},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(tests); i++) {
    mail m = mail_of(imap4i_str(tests[i].textz, strlen(tests[i].textz)));
    check_query(tests[i].queryz, &m, tests[i].expected);
  }
}

/* One octet more of a field than is looked at. */
static void test_long_fields(void **state) {
  (void)state;
  static char text[4000];
  uint32_t usual = limits.header_field_octets;
  for (uint32_t max = 999; max <= 1001; max++) {
    memset(text, 'a', sizeof text);
    memcpy(text, "Subject:", 8);
    memcpy(text + 8 + 1000 - 1, "b", 1);
    memcpy(text + sizeof text - 4, "\r\n\r\n", 4);
    mail m = mail_of(imap4i_str(text, sizeof text));
    limits.header_field_octets = max;
    outcome o = find(" SUBJECT b", &m);
    limits.header_field_octets = usual;
    assert_int_equal(o.result, max >= 1000);
  }
}

/* ---- work ----------------------------------------------------------------------------------- */

static void test_reads_no_more_than_needed(void **state) {
  (void)state;
  mail m = letter();
  const size_t header = (size_t)(strstr(letterz, "\r\n\r\n") + 4 - letterz);
  assert_int_equal(find(" SENTON 1-Mar-2022", &m).octets, 0);
  assert_int_equal(find(" SENTON 2-Mar-2022 TEXT words", &m).octets, 0);
  assert_int_equal(find(" FLAGGED TEXT words", &m).octets, 0);
  /* Common fields are in the digest. */
  assert_int_equal(find(" SUBJECT nonsense BODY words", &m).octets, 0);
  assert_int_equal(find(" OR SUBJECT plain BODY words", &m).octets, 0);
  assert_int_equal(find(" SUBJECT plain OR SEEN TEXT nonsense", &m).octets, 0);
  assert_int_equal(find(" SUBJECT plain NOT (UNSEEN TEXT nonsense)", &m).octets, 0);
  assert_int_equal(find(" HEADER X-None \"\"", &m).octets, header);
  assert_int_equal(find(" HEADER X-Bounces-To nonsense BODY words", &m).octets, header);
  assert_int_equal(find(" OR HEADER X-Bounces-To bounce BODY words", &m).octets, header);
  assert_int_equal(find(" BODY \"plain words\"", &m).octets, strlen("plain words"));
  /* What an OR with a true side would need is not read. */
  assert_int_equal(find(" HEADER X-Bounces-To bounce OR SEEN TEXT nonsense", &m).octets, header);
  assert_int_equal(find(" HEADER X-Bounces-To bounce NOT (UNSEEN TEXT nonsense)", &m).octets, header);
  /* A match in the first line ends the reading of the header. */
  assert_int_equal(search_for(" HEADER X-Bounces-To bounce", &m, 40, SIZE_MAX, SIZE_MAX).octets, 40);
  /* All of it is less than the message: nobody looks at preambles and binaries. */
  assert_true(find(" TEXT nonsense", &m).octets < m.text.n - 50);
  assert_true(find(" BODY nonsense", &m).octets < 150);
}

/* What a key costs decides when it is looked at, not where it stands in the command: rows before the digest,
 * the digest before octets, the header before bodies. */
static const struct {
  const char *queryz;
  uint32_t attributes;
  int begun;      /* what imap4i_search_begin() says */
  int digested;   /* and imap4i_search_digest(), if it is asked */
  bool in_header; /* the octets that are needed first are there */
} cost_tests[] = {
    {" ALL 1:5 UID 50 OLD", 0, 1, 0, false},
    {" TEXT x UNSEEN", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 0, 0, false},
    {" BODY words KEYWORD nothing", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 0, 0, false},
    {" SUBJECT plain SMALLER 10", IMAP4_ATTR_SIZE | IMAP4_ATTR_DIGEST, 0, 0, false},
    {" SENTON 1-Mar-2022 SINCE 1-Mar-2022", IMAP4_ATTR_INTERNALDATE | IMAP4_ATTR_DIGEST, 0, 0, false},
    {" TEXT x NOT 5", IMAP4_ATTR_DIGEST, 0, 0, false},
    {" OR BODY x OR SENTON 2-Mar-2022 SEEN", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 1, 0, false},
    {" NOT (TEXT x UNSEEN)", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 1, 0, false},
    {" TEXT x SENTON 2-Mar-2022", IMAP4_ATTR_DIGEST, 2, 0, false},
    {" BODY words SENTSINCE 2-Mar-2022 SEEN", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 2, 0, false},
    {" OR SUBJECT plain SENTBEFORE 2-Mar-2022", IMAP4_ATTR_DIGEST, 2, 1, false},
    {" OR UNSEEN NOT SENTON 2-Mar-2022", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 2, 1, false},
    {" BODY words SUBJECT nonsense", IMAP4_ATTR_DIGEST, 2, 0, false},
    {" OR BODY words SUBJECT plain", IMAP4_ATTR_DIGEST, 2, 1, false},
    {" BODY words SUBJECT plain", IMAP4_ATTR_DIGEST, 2, 2, false},
    {" BODY words HEADER X-Bounces-To x", IMAP4_ATTR_DIGEST, 2, 2, true},
    {" OR BODY words HEADER X-Bounces-To x", IMAP4_ATTR_DIGEST, 2, 2, true},
    {" BODY words OR SEEN SUBJECT plain", IMAP4_ATTR_FLAGS | IMAP4_ATTR_DIGEST, 2, 2, false},
    {" BODY words OR SENTON 1-Mar-2022 TEXT plain", IMAP4_ATTR_DIGEST, 2, 2, false},
};

static void check_costs(size_t i) {
  memory_check check, parser_check;
  imap4i_arena arena;
  imap4i_parser parser;
  imap4i_args args;
  imap4i_search *search = NULL;
  imap4i_walker *walker = NULL;
  imap4_str digest, query = imap4i_str(cost_tests[i].queryz, strlen(cost_tests[i].queryz));
  uint64_t offset, length;
  mail m = letter();
  imap4i_search_message message = {&m.row, m.seq, m.recent, m.max_seq, m.max_uid};
  imap4i_arena_init(&arena, memory_check_init(&parser_check));
  imap4i_parser_init(&parser, query, &arena, &limits, '/');
  assert_int_equal(imap4i_parse_search(&parser, &args), IMAP4_OK);
  assert_int_equal(imap4i_search_new(memory_check_init(&check), &args.search, &limits, &search), IMAP4_OK);
  assert_int_equal(imap4i_search_attributes(search), cost_tests[i].attributes);
  int result = imap4i_search_begin(search, &message);
  assert_int_equal(result, cost_tests[i].begun);
  assert_false(imap4i_search_need(search, &offset, &length));
  if (result == IMAP4I_SEARCH_UNDECIDED) {
    assert_int_equal(walk(&check.mem, m.text, &walker, &digest), IMAP4_OK);
    result = imap4i_search_digest(search, digest);
    assert_int_equal(result, cost_tests[i].digested);
    assert_int_equal(imap4i_search_need(search, &offset, &length), result == IMAP4I_SEARCH_UNDECIDED);
    if (result == IMAP4I_SEARCH_UNDECIDED) assert_int_equal(offset == 0, cost_tests[i].in_header);
    imap4i_walker_free(walker);
  }
  imap4i_search_free(search);
  memory_check_end(&check);
  imap4i_arena_free(&arena);
}

static void test_cheap_keys_first(void **state) {
  (void)state;
  for (size_t i = 0; i < IMAP4I_COUNT(cost_tests); i++)
    check_costs(i);
}

static void test_long_body_stops_early(void **state) {
  (void)state;
  const size_t size = 1000000;
  char *text = malloc(size);
  assert_non_null(text);
  memset(text, '.', size);
  memcpy(text, "Subject: x\r\n\r\n", 14);
  memcpy(text + 300000, "needle", 6);
  mail m = mail_of(imap4i_str(text, size));
  outcome o = search_for(" BODY needle", &m, 10000, SIZE_MAX, SIZE_MAX);
  assert_int_equal(o.result, 1);
  assert_true(o.octets <= 310000);
  assert_int_equal(search_for(" BODY needle2", &m, 10000, SIZE_MAX, SIZE_MAX).result, 0);
  assert_int_equal(search_for(" OR BODY needle2 BODY needle", &m, SIZE_MAX, SIZE_MAX, SIZE_MAX).result, 1);
  free(text);
}

static void test_each_allocation_fails(void **state) {
  (void)state;
  mail m = letter();
  static const char *queries[] = {
      " 1:3,5 UID 1,3,50 CC x",
      " NOT TO nonsense NOT TEXT nonsense NOT BODY \"more nonsense\"",
  };
  for (size_t i = 0; i < IMAP4I_COUNT(queries); i++) {
    int result = IMAP4_ERR_NOMEM;
    size_t n = 0;
    for (; result == IMAP4_ERR_NOMEM; n++)
      result = search_for(queries[i], &m, 100, SIZE_MAX, n).result;
    assert_int_equal(result, i == 1);
    assert_true(n > 5);
  }
}

/* ---- logic ---------------------------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t random_below(uint32_t n) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % n;
}

static const char *const atoms[] = {
    "SEEN",
    "FLAGGED",
    "UID 50",
    "SUBJECT plain",
    "SUBJECT nonsense",
    "FROM smith",
    "HEADER X-None \"\"",
    "BODY needle",
    "BODY nonsense",
    "TEXT words",
    "TEXT receive",
    "TEXT nothing",
    "SENTON 1-Mar-2022",
    "SENTON 2-Mar-2022",
    "LARGER 1000000",
};

/* Append |s| to |query|, which has room for all that is made here. */
static void append(char *query, const char *s) {
  memcpy(query + strlen(query), s, strlen(s) + 1);
}

/* A random expression; returns its value by the values of its atoms. */
static bool make_query(char *query, const bool *values, int depth) {
  uint32_t choice = random_below(8);
  if (depth == 0 || choice < 2) {
    uint32_t atom = random_below(IMAP4I_COUNT(atoms));
    append(query, atoms[atom]);
    return values[atom];
  }
  if (choice < 4) {
    append(query, "NOT ");
    return !make_query(query, values, depth - 1);
  }
  append(query, choice < 6 ? "OR " : "(");
  bool a = make_query(query, values, depth - 1);
  append(query, " ");
  bool b = make_query(query, values, depth - 1);
  if (choice >= 6) append(query, ")");
  return choice < 6 ? a || b : a && b;
}

static void test_random_queries(void **state) {
  (void)state;
  mail m = letter();
  bool values[IMAP4I_COUNT(atoms)];
  random_state = 20220301;
  for (size_t i = 0; i < IMAP4I_COUNT(atoms); i++) {
    char query[100] = " ";
    append(query, atoms[i]);
    values[i] = find(query, &m).result == 1;
  }
  for (int round = 0; round < 1500; round++) {
    char query[2000] = " ";
    bool expected = make_query(query, values, 1 + round % 5);
    size_t chunk = round % 2 ? SIZE_MAX : 1 + random_below(300);
    outcome o = search_for(query, &m, chunk, SIZE_MAX, SIZE_MAX);
    if (o.result != expected) print_error("%s\n", query);
    assert_int_equal(o.result, expected);
  }
}

/* Whatever the octets are, the cut does not show and memory holds. */
static void test_damaged_messages(void **state) {
  (void)state;
  static const char *const queries[] = {" TEXT nonsense", " OR FROM \"<\" SUBJECT e NOT BODY words",
                                        " BODY nest"};
  char text[sizeof letterz];
  random_state = 42;
  for (int round = 0; round < 600; round++) {
    memcpy(text, letterz, sizeof text);
    for (uint32_t changes = random_below(30); changes > 0; changes--) {
      static const char octets[] = "\r\n:<>@\"=?-b \t\0\377(";
      size_t at = random_below(sizeof text - 1);
      text[at] = random_below(2) ? octets[random_below(sizeof octets - 1)] : text[random_below(sizeof text)];
    }
    mail m = mail_of(imap4i_str(text, 1 + random_below(sizeof text - 1)));
    const char *query = queries[round % 3];
    outcome o = find(query, &m);
    assert_in_range(o.result, 0, 1);
    assert_true(o.octets <= m.text.n);
    assert_int_equal(search_for(query, &m, 1 + random_below(80), SIZE_MAX, SIZE_MAX).result, o.result);
    assert_int_equal(search_for(query, &m, 1, SIZE_MAX, SIZE_MAX).result, o.result);
  }
}

/* One search goes over many messages: nothing of one may show in the next. */
static void test_messages_in_a_row(void **state) {
  (void)state;
  static const char *const textsz[] = {
      "Subject: one\r\n\r\nneedle",
      "Subject: two\r\n\r\nneed",
      "Subject: three\r\n\r\nle",
      "Subject: one\r\nContent-Type: text/plain; charset=iso-8859-2\r\n\r\nneedle",
  };
  static const int expected[] = {1, 0, 0, 1};
  imap4i_key keys[] = {
      {.kind = IMAP4I_KEY_HEADER, .field = IMAP4I_S("subject"), .text = IMAP4I_S("one")},
      {.kind = IMAP4I_KEY_TEXT, .text = IMAP4I_S("needle")},
      {.kind = IMAP4I_KEY_AND, .operands = 2},
  };
  memory_check check;
  imap4i_search *search = NULL;
  imap4i_search_args args = {.keys = keys, .count = 3};
  assert_int_equal(imap4i_search_new(memory_check_init(&check), &args, &limits, &search), IMAP4_OK);
  for (size_t i = 0; i < 200; i++) {
    mail m = mail_of(imap4i_str(textsz[i % 4], strlen(textsz[i % 4])));
    outcome o = search_with(&check, search, &m, 1 + i / 4, SIZE_MAX);
    assert_int_equal(o.result, expected[i % 4]);
  }
  imap4i_search_free(search);
  memory_check_end(&check);
}

/* ---- RFC 3501 section 6.4.4, to the letter -------------------------------------------------- */

/* A name of 300 octets is a name (RFC 5322 section 2.1.1 allows a line 998). */
static void test_long_field_name(void **state) {
  (void)state;
  char name[301], text[400], query[400];
  memset(name, 'x', 300);
  name[300] = '\0';
  strcat(strcat(strcpy(text, name), ": there\r\n"), "\r\n");
  mail m = mail_of(imap4i_str(text, strlen(text)));
  strcat(strcat(strcpy(query, " HEADER "), name), " \"\"");
  check_query(query, &m, 1);
  strcat(strcat(strcpy(query, " HEADER "), name), " there");
  check_query(query, &m, 1);
}

/* HEADER looks at "what comes after the colon", white space at its end included. */
static void test_blank_at_end_of_field(void **state) {
  (void)state;
  mail m = mail_of(IMAP4I_S("X-A: lead trail \r\nX-B: y\t\r\n\r\n"));
  check_query(" HEADER X-A \"trail\"", &m, 1);
  check_query(" HEADER X-A \"trail \"", &m, 1);
  check_query(" HEADER X-A \"trail  \"", &m, 0);
  check_query(" HEADER X-B \"y\t\"", &m, 1);
}

/* TEXT looks at the header as it stands: nothing is put behind a colon. */
static void test_text_behind_colon(void **state) {
  (void)state;
  mail m = mail_of(IMAP4I_S("X-A:b c\r\nX-B :d\r\n\r\n"));
  check_query(" TEXT \"X-A:b\"", &m, 1);
  check_query(" TEXT \"X-A: b\"", &m, 0);
  check_query(" TEXT \"X-B :d\"", &m, 1);
}

/* A string with one space is no substring of a line that has two there; only line ends are taken out (RFC
 * 5322 section 2.2.3). */
static void test_blanks_are_not_less(void **state) {
  (void)state;
  mail m = mail_of(IMAP4I_S("Subject: two  spaces\r\nX-A: lead  trail\r\nCc: \"Q  R\" <z@w>\r\n\r\n"));
  check_query(" SUBJECT \"two  spaces\"", &m, 1);
  check_query(" SUBJECT \"two spaces\"", &m, 0);
  check_query(" HEADER X-A \"lead trail\"", &m, 0);
  check_query(" CC \"Q R\"", &m, 0);
  check_query(" TEXT \"two spaces\"", &m, 0);
}

/* RFC 5322 section 3.3: a year has four digits or more. */
static void test_year_of_five_digits(void **state) {
  (void)state;
  mail m = mail_of(IMAP4I_S("Date: 1 Jan 12345 00:00:00 +0000\r\n\r\n"));
  check_query(" SENTSINCE 31-Dec-9999", &m, 1);
  check_query(" SENTBEFORE 31-Dec-9999", &m, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_long_field_name),       cmocka_unit_test(test_blank_at_end_of_field),
      cmocka_unit_test(test_text_behind_colon),     cmocka_unit_test(test_blanks_are_not_less),
      cmocka_unit_test(test_year_of_five_digits),   cmocka_unit_test(test_keys_of_rows),
      cmocka_unit_test(test_days_before_1970),      cmocka_unit_test(test_attributes),
      cmocka_unit_test(test_keys_of_messages),      cmocka_unit_test(test_every_chunk),
      cmocka_unit_test(test_short_messages),        cmocka_unit_test(test_odd_messages),
      cmocka_unit_test(test_long_fields),           cmocka_unit_test(test_reads_no_more_than_needed),
      cmocka_unit_test(test_cheap_keys_first),      cmocka_unit_test(test_long_body_stops_early),
      cmocka_unit_test(test_each_allocation_fails), cmocka_unit_test(test_random_queries),
      cmocka_unit_test(test_damaged_messages),      cmocka_unit_test(test_messages_in_a_row),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
