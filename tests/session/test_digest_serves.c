/* SPDX-License-Identifier: MIT */
/*
 * What is answered without reading a message: from its row, and from its digest, which is made while the
 * message is appended, or at its first use and then kept, and made anew when it is damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define HEADER                                                                                               \
  "Received: by x; 1 Feb 2003\r\n"                                                                           \
  "Date: Sat, 1 Feb 2003 04:05:06 +0000\r\n"                                                                 \
  "From: \"Ada\" <ada@example.org>\r\n"                                                                      \
  "To: =?utf-8?q?Bj=C3=B6rn?= <bjorn@example.net>,\r\n"                                                      \
  "\tcarl@example.com\r\n"                                                                                   \
  "Cc: dora@example.com\r\n"                                                                                 \
  "Subject: A long\r\n subject\r\n"                                                                          \
  "Message-ID: <1@example.org>\r\n"                                                                          \
  "References: <0@example.org>\r\n"                                                                          \
  "X-Mine: here\r\n"                                                                                         \
  "Content-Type: multipart/mixed; boundary=b\r\n"

static const char message[] = HEADER "\r\n--b\r\n\r\nfirst word\r\n--b\r\nContent-Type: image/png\r\n"
                                     "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";

static const imap4_store *honest;
static size_t reads; /* octets of messages that were read */
static size_t kept;  /* digests that the store was given to keep */
static bool damage;  /* digests come back with an octet changed */
static char damaged[8192];

static int counted_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  int status = honest->read(user, op, args, out);
  if (status == IMAP4_OK) reads += out->data.n;
  return status;
}

static int counted_keep(void *user, imap4_op op, const imap4_keep_digest_args *args,
                        imap4_empty_result *out) {
  kept++;
  return honest->keep_digest(user, op, args, out);
}

static int damaging_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = honest->query(user, op, args, out);
  for (uint32_t i = 0; damage && status == IMAP4_OK && i < out->count; i++) {
    imap4_row *row = (imap4_row *)(uintptr_t)&out->rows[i];
    if (row->digest.n == 0) continue;
    assert_true(out->count == 1 && row->digest.n <= sizeof damaged);
    memcpy(damaged, row->digest.p, row->digest.n);
    damaged[row->digest.n / 2] ^= 1;
    row->digest.p = damaged;
  }
  return status;
}

static void bend(imap4_store *table) {
  table->read = counted_read;
  table->keep_digest = counted_keep;
  table->query = damaging_query;
}

static void begin(host *h, client *c) {
  host_options options = {.bend = bend};
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  host_open_with(h, &memory, &options);
  honest = imap4_memory_table(h->memory);
  reads = kept = 0;
  damage = false;
  client_open(c, h);
  client_line(c, "a1 LOGIN somebody secret");
}

static void begin_appended(host *h, client *c) {
  char line[2000];
  begin(h, c);
  int n =
      snprintf(line, sizeof line, "a2 APPEND INBOX (\\Seen) \"01-Mar-2003 00:00:00 +0000\" {%zu+}\r\n%s\r\n",
               strlen(message), message);
  assert_non_null(strstr(client_send(c, line, (size_t)n), "a2 OK"));
  assert_non_null(strstr(client_line(c, "a3 SELECT INBOX"), "a3 OK"));
}

static void end(host *h, client *c) {
  client_close(c);
  host_close(h);
}

static const char envelope[] =
    "ENVELOPE (\"Sat, 1 Feb 2003 04:05:06 +0000\" \"A long subject\" "
    "((\"Ada\" NIL \"ada\" \"example.org\")) ((\"Ada\" NIL \"ada\" \"example.org\")) "
    "((\"Ada\" NIL \"ada\" \"example.org\")) "
    "((\"=?utf-8?q?Bj=C3=B6rn?=\" NIL \"bjorn\" \"example.net\")(NIL NIL \"carl\" \"example.com\")) "
    "((NIL NIL \"dora\" \"example.com\")) NIL NIL \"<1@example.org>\")";

static void expect(client *c, const char *linez, const char *wantz) {
  const char *said = client_line(c, linez);
  if (strstr(said, wantz)) return;
  print_message("%s\nwant %s\ngot  %s", linez, wantz, said);
  fail();
}

/* A line that is answered without reading. */
static void expect_unread(client *c, const char *linez, const char *wantz) {
  size_t before = reads;
  expect(c, linez, wantz);
  if (reads != before) fail_msg("%zu octets were read for %s", reads - before, linez);
}

static void expect_read(client *c, const char *linez, const char *wantz) {
  size_t before = reads;
  expect(c, linez, wantz);
  if (reads == before) fail_msg("nothing was read for %s", linez);
}

/* The digest is produced while APPEND streams: from then on the message is not read. */
static void fetch_is_served_from_the_digest(void **state) {
  (void)state;
  host h;
  client c;
  char want[100];
  begin_appended(&h, &c);
  expect_unread(&c, "b1 FETCH 1 ENVELOPE", envelope);
  expect_unread(&c, "b2 FETCH 1 BODY",
                "BODY ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 10 0)"
                "(\"IMAGE\" \"PNG\" NIL NIL NIL \"BASE64\" 4) \"MIXED\")");
  expect_unread(&c, "b3 FETCH 1 BODYSTRUCTURE", "\"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)");
  snprintf(want, sizeof want, "RFC822.SIZE %zu", strlen(message));
  expect_unread(&c, "b4 FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE)", want);
  expect_unread(&c, "b5 FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT FROM DATE)]",
                " {98}\r\nDate: Sat, 1 Feb 2003 04:05:06 +0000\r\nFrom: \"Ada\" <ada@example.org>\r\n"
                "Subject: A long\r\n subject\r\n\r\n)");
  expect_unread(&c, "b6 FETCH 1 BODY.PEEK[HEADER.FIELDS (References In-Reply-To)]<3.20>",
                "<3> {20}\r\nerences: <0@example.)");
  expect_unread(&c, "b7 FETCH 1 BODY.PEEK[HEADER.FIELDS (Priority)]", " {2}\r\n\r\n)");
  expect_read(&c, "b8 FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject X-Mine)]",
              "Subject: A long\r\n subject\r\nX-Mine: here\r\n\r\n)");
  expect_read(&c, "b9 FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (Subject)]", "X-Mine: here\r\n");
  end(&h, &c);
}

/* The same for what can be known of it in SEARCH. */
static void search_is_served_from_the_digest(void **state) {
  (void)state;
  static const char *const found[] = {"SENTON 1-Feb-2003",
                                      "SENTBEFORE 2-Feb-2003",
                                      "SENTSINCE 1-Feb-2003",
                                      "SUBJECT \"long subject\"",
                                      "FROM ada",
                                      "TO carl",
                                      "CC dora",
                                      "HEADER Message-ID 1@",
                                      "HEADER References \"\"",
                                      "NOT BCC a",
                                      "OR TO erna CC dora",
                                      "CHARSET UTF-8 TO {6+}\r\nBJ\xc3\x96RN"};
  static const char *const missed[] = {"SENTON 2-Feb-2003", "SUBJECT short", "FROM carl", "HEADER Bcc \"\"",
                                       "HEADER In-Reply-To x"};
  host h;
  client c;
  char line[100];
  begin_appended(&h, &c);
  for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
    snprintf(line, sizeof line, "b1 SEARCH %s", found[i]);
    expect_unread(&c, line, "* SEARCH 1\r\nb1 OK");
  }
  for (size_t i = 0; i < sizeof missed / sizeof *missed; i++) {
    snprintf(line, sizeof line, "b2 SEARCH %s", missed[i]);
    expect_unread(&c, line, "* SEARCH\r\nb2 OK");
  }
  expect_read(&c, "b3 SEARCH HEADER X-Mine here", "* SEARCH 1\r\n");
  expect_read(&c, "b4 SEARCH TEXT \"long subject\"", "* SEARCH 1\r\n");
  end(&h, &c);
}

/* Keys are taken in order of their cost, whatever the order of the command. */
static void cheap_keys_decide_before_octets_are_read(void **state) {
  (void)state;
  static const char *const missed[] = {
      "BODY word UNSEEN",        "TEXT word KEYWORD none",  "BODY word BEFORE 1-Mar-2003",
      "BODY word LARGER 100000", "BODY word UID 2:3",       "BODY word SENTSINCE 1-Mar-2003",
      "BODY word SUBJECT short", "NOT (OR SEEN BODY word)", "HEADER X-Mine here FROM carl"};
  host h;
  client c;
  char line[100];
  begin_appended(&h, &c);
  for (size_t i = 0; i < sizeof missed / sizeof *missed; i++) {
    snprintf(line, sizeof line, "b1 SEARCH %s", missed[i]);
    expect_unread(&c, line, "* SEARCH\r\nb1 OK");
  }
  expect_unread(&c, "b2 SEARCH OR BODY word SEEN", "* SEARCH 1\r\n");
  expect_read(&c, "b3 SEARCH BODY word SEEN", "* SEARCH 1\r\n");
  end(&h, &c);
}

/* Mail that came behind the library's back is read once, at its first use. */
static void digest_is_made_at_first_use_and_kept(void **state) {
  (void)state;
  host h;
  client c;
  begin(&h, &c);
  imap4_memory_message delivered = {.text = span(message)};
  assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &delivered), IMAP4_OK);
  assert_non_null(strstr(client_line(&c, "a3 SELECT INBOX"), "a3 OK"));
  expect_read(&c, "b1 FETCH 1 ENVELOPE", envelope);
  assert_int_equal(reads, strlen(message));
  assert_int_equal(kept, 1);
  expect_unread(&c, "b2 FETCH 1 (ENVELOPE BODYSTRUCTURE)", envelope);
  expect_unread(&c, "b3 SEARCH SUBJECT subject", "* SEARCH 1\r\n");
  assert_int_equal(kept, 1);
  end(&h, &c);
}

/* A damaged one is made again, and the good one kept. */
static void damaged_digest_is_made_again(void **state) {
  (void)state;
  host h;
  client c;
  begin_appended(&h, &c);
  assert_int_equal(kept, 0);
  damage = true;
  expect_read(&c, "b1 FETCH 1 ENVELOPE", envelope);
  assert_int_equal(kept, 1);
  expect_read(&c, "b2 SEARCH SUBJECT subject", "* SEARCH 1\r\n");
  assert_int_equal(kept, 2);
  damage = false;
  expect_unread(&c, "b3 FETCH 1 ENVELOPE", envelope);
  end(&h, &c);
}

/* APPEND of a message whose text is |start|, |n| times "x" and |endz|. */
static void append_long(client *c, const char *startz, size_t n, const char *endz) {
  static char line[70000];
  size_t start_n = strlen(startz), end_n = strlen(endz);
  assert_true(start_n + n + end_n + 100 < sizeof line);
  size_t at = (size_t)snprintf(line, sizeof line, "a APPEND INBOX {%zu+}\r\n%s", start_n + n + end_n, startz);
  memset(line + at, 'x', n);
  memcpy(line + at + n, endz, end_n);
  memcpy(line + at + n + end_n, "\r\n", 2);
  assert_non_null(strstr(client_send(c, line, at + n + end_n + 2), "a OK"));
}

/* RFC 8970: a message has a preview from the start, if its first 16,384 octets tell. */
static void preview_is_made_while_appended(void **state) {
  (void)state;
  host h;
  client c;
  begin_appended(&h, &c);
  expect_unread(&c, "b1 FETCH 1 (PREVIEW (LAZY))", "(PREVIEW \"first word\")");
  expect_unread(&c, "b2 FETCH 1 (BODYSTRUCTURE PREVIEW)", " PREVIEW \"first word\")");
  append_long(&c, "\r\nstart ", 60000, "");
  expect_unread(&c, "b3 FETCH 2 (PREVIEW (LAZY))", "(PREVIEW \"start xxx");
  append_long(&c, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nshort\r\n--b\r\n\r\n", 60000,
              "\r\n--b--\r\n");
  expect_unread(&c, "b4 FETCH 3 (PREVIEW (LAZY))", "(PREVIEW \"short\")");
  append_long(&c, "Content-Type: image/png\r\n\r\n", 60000, "");
  expect_unread(&c, "b5 FETCH 4 (PREVIEW (LAZY))", "(PREVIEW \"\")");
  /* The text ends with the last octet that is looked at, or with the one behind it. */
  static const char quoted[] = "\r\nhere\r\n> ";
  append_long(&c, quoted, 16384 - strlen(quoted), "");
  expect_unread(&c, "b6 FETCH 5 (PREVIEW (LAZY))", "(PREVIEW \"here\")");
  append_long(&c, quoted, 16385 - strlen(quoted), "");
  expect_unread(&c, "b7 FETCH 6 (PREVIEW (LAZY))", "(PREVIEW NIL)");
  append_long(&c, "Content-Type: multipart/mixed; boundary=b\r\n\r\n", 20000, "\r\n--b\r\n\r\nlate\r\n--b--");
  expect_unread(&c, "b8 FETCH 7 (PREVIEW (LAZY))", "(PREVIEW NIL)");
  assert_int_equal(kept, 0);
  expect_read(&c, "c1 FETCH 6:7 (PREVIEW)", "* 6 FETCH (PREVIEW \"here\")\r\n* 7 FETCH (PREVIEW \"late\")");
  assert_int_equal(kept, 2);
  end(&h, &c);
}

/* One that came behind the library's back gets one when it is asked for; LAZY never reads. */
static void preview_is_made_once_and_kept(void **state) {
  (void)state;
  host h;
  client c;
  begin(&h, &c);
  imap4_memory_message delivered = {.text = span(message)};
  assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &delivered), IMAP4_OK);
  assert_non_null(strstr(client_line(&c, "a3 SELECT INBOX"), "a3 OK"));
  expect_unread(&c, "b0 FETCH 1 (PREVIEW (LAZY))", "(PREVIEW NIL)");
  expect_read(&c, "b1 FETCH 1 (ENVELOPE PREVIEW (LAZY))", "PREVIEW NIL)");
  assert_int_equal(kept, 1);
  reads = kept = 0;
  expect_read(&c, "b2 FETCH 1 PREVIEW", "(PREVIEW \"first word\")");
  assert_int_equal(reads, strlen("first word"));
  assert_int_equal(kept, 1);
  expect_unread(&c, "b3 FETCH 1 PREVIEW", "(PREVIEW \"first word\")");
  expect_unread(&c, "b4 FETCH 1 (PREVIEW (LAZY))", "(PREVIEW \"first word\")");
  expect_unread(&c, "b5 FETCH 1 (ENVELOPE PREVIEW (LAZY))", envelope);
  expect_unread(&c, "b6 FETCH 1 BODYSTRUCTURE", "\"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)");
  expect_unread(&c, "b7 SEARCH SUBJECT \"long subject\"", "* SEARCH 1\r\n");
  assert_int_equal(kept, 1);
  /* One that is damaged is none. */
  damage = true;
  expect_unread(&c, "c1 FETCH 1 (PREVIEW (LAZY))", "(PREVIEW NIL)");
  expect_read(&c, "c2 FETCH 1 PREVIEW", "(PREVIEW \"first word\")");
  damage = false;
  expect_unread(&c, "c3 FETCH 1 (PREVIEW (LAZY))", "(PREVIEW \"first word\")");
  end(&h, &c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fetch_is_served_from_the_digest),
      cmocka_unit_test(search_is_served_from_the_digest),
      cmocka_unit_test(cheap_keys_decide_before_octets_are_read),
      cmocka_unit_test(digest_is_made_at_first_use_and_kept),
      cmocka_unit_test(damaged_digest_is_made_again),
      cmocka_unit_test(preview_is_made_while_appended),
      cmocka_unit_test(preview_is_made_once_and_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
