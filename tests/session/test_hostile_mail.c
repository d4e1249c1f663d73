/* SPDX-License-Identifier: MIT */
/*
 * Messages that broke other servers, with default limits: depth, numbers and lengths without bounds, syntax
 * that ends too early, octets that could end a string or a response.  Each answer is one that the grammar of
 * RFC 3501 has, and it is written down.  What has no bounds takes no memory that grows with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grammar.h"
#include "mail.h"

#define BARE " NIL NIL NIL NIL"
#define PLAIN(octets, lines)                                                                                 \
  "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" " #octets " " #lines BARE ")"
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define MIXED_END " \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)"

/* A message that is put together. */
typedef struct text {
  char *p;
  size_t n, room;
} text;

static void add_octets(text *t, const char *p, size_t n) {
  if (n + 1 > t->room - t->n) {
    t->room = 2 * (t->n + n + 1);
    t->p = realloc(t->p, t->room);
    assert_non_null(t->p);
  }
  memcpy(t->p + t->n, p, n);
  t->n += n;
  t->p[t->n] = '\0';
}

static void add(text *t, const char *z) {
  add_octets(t, z, strlen(z));
}

static void add_times(text *t, const char *z, size_t times) {
  for (size_t i = 0; i < times; i++)
    add(t, z);
}

static size_t occurrences(imap4_str s, const char *ofz) {
  size_t n = strlen(ofz), found = 0;
  for (size_t i = 0; i + n <= s.n; i++)
    found += memcmp(s.p + i, ofz, n) == 0;
  return found;
}

/* ENVELOPE, BODY and BODYSTRUCTURE of the last message are well-formed, its size is |size|, and a session
 * needs little for them.  The parts of BODYSTRUCTURE. */
static size_t well_formed(mail *m, size_t size) {
  char number[32];
  grammar g = grammar_of(mail_fetch(m, "ENVELOPE", "ENVELOPE"));
  if (!grammar_envelope(&g) || g.rest.n > 0) fail_msg("no envelope: %.*s", (int)m->said.n, m->said.p);
  g = grammar_of(mail_fetch(m, "BODY", "BODY"));
  if (!grammar_body(&g) || g.rest.n > 0) fail_msg("no body: %.*s", (int)m->said.n, m->said.p);
  g = grammar_of(mail_fetch(m, "BODYSTRUCTURE", "BODYSTRUCTURE"));
  g.extensible = true;
  if (!grammar_body(&g) || g.rest.n > 0) fail_msg("no body: %.*s", (int)m->said.n, m->said.p);
  snprintf(number, sizeof number, "%zu", size);
  expect_octets("RFC822.SIZE", mail_fetch(m, "RFC822.SIZE", "RFC822.SIZE"), span(number));
  return g.bodies;
}

/* The same for a message that is alone, and the |answers| to questions about it. */
static void expect_well_formed(imap4_str octets, const answer *answers, size_t count) {
  mail m;
  mail_open(&m, NULL, NULL);
  mail_add(&m, octets);
  well_formed(&m, octets.n);
  for (size_t i = 0; i < count; i++)
    expect(&m, &answers[i]);
  mail_close(&m);
}

#define HOSTILE_OCTETS(octets, ...)                                                                          \
  expect_well_formed(octets, (const answer[]){__VA_ARGS__},                                                  \
                     sizeof((const answer[]){__VA_ARGS__}) / sizeof(answer))
#define HOSTILE(textz, ...) HOSTILE_OCTETS(span(textz), __VA_ARGS__)

/* ---- H31: depth and number of parts --------------------------------------------------------- */

/* |levels| multiparts inside each other and a text.  Returns where the body of level |of| begins. */
static size_t nest(text *message, size_t levels, size_t of) {
  char line[100];
  size_t begins = 0;
  message->n = 0;
  for (size_t i = 1; i <= levels; i++) {
    snprintf(line, sizeof line, "Content-Type: multipart/mixed; boundary=b%zu.\r\n\r\n", i);
    add(message, line);
    if (i == of) begins = message->n;
    snprintf(line, sizeof line, "--b%zu.\r\n", i);
    add(message, line);
  }
  add(message, "\r\n");
  if (of == levels + 1) begins = message->n;
  add(message, "text\r\n");
  return begins;
}

/* 100 levels are shown.  The innermost of them is opaque if it has more inside, from where it begins to the
 * end. */
static void hostile_h31_depth(void **state) {
  (void)state;
  static const size_t levels[] = {98, 99, 100, 1000, 20000};
  text message = {0};
  char path[200] = "1";
  for (size_t i = 1; i < 99; i++)
    memcpy(path + 2 * i - 1, ".1", 3);
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    mail m;
    size_t inner = nest(&message, levels[i], 100);
    mail_open(&m, NULL, NULL);
    mail_add(&m, (imap4_str){message.p, message.n});
    assert_int_equal(well_formed(&m, message.n), levels[i] < 100 ? levels[i] + 1 : 100);
    assert_int_equal(occurrences(mail_fetch(&m, "BODY", "BODY"), "OCTET-STREAM"), levels[i] > 99);
    if (levels[i] >= 99) { /* part 1.1.1... of 99 numbers is on level 100 */
      expect_section(&m, path, message.p + inner, message.n - inner);
    } else {
      expect_section(&m, path, NULL, 0);
    }
    assert_true(client_info(&m.c).memory_peak < 1048576);
    mail_close(&m);
  }
  free(message.p);
}

/* 10,000 parts are shown, the message with them; the last one goes to the end. */
static void hostile_h31_number_of_parts(void **state) {
  (void)state;
  text message = {0};
  mail m;
  add(&message, MIXED);
  size_t head = message.n;
  add_times(&message, "--b\r\n\r\nx\r\n", 25000);
  add(&message, "--b--\r\n");
  size_t last = head + 9998 * 10 + 7;
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){message.p, message.n});
  assert_int_equal(well_formed(&m, message.n), 10000);
  assert_int_equal(occurrences(mail_fetch(&m, "BODYSTRUCTURE", "BODYSTRUCTURE"), PLAIN(1, 0)), 9998);
  expect(&m, &(answer){"[1]", "x"});
  expect(&m, &(answer){"[9998]", "x"});
  expect_section(&m, "9999", message.p + last, message.n - last);
  expect(&m, &(answer){"[10000]", NULL});
  mail_close(&m);
  free(message.p);
}

/* ---- H32: messages inside messages ---------------------------------------------------------- */

#define FW "Content-Type: message/rfc822\r\n"

static void hostile_h32_malformed_messages_inside(void **state) {
  (void)state;
  /* It says that a message follows, and nothing does. */
  HOSTILE(FW,
          {"BODYSTRUCTURE",
           "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 0 " NO_ENVELOPE " " PLAIN(0, 0) " 0" BARE ")"},
          {"[1]", ""}, {"[1.1]", ""}, {"[1.1.1]", NULL});
  /* Cut by a delimiter in its header. */
  HOSTILE(MIXED "--b\r\n" FW "\r\nSubject: cut\r\n--b\r\n\r\nx\r\n--b--\r\n",
          {"BODYSTRUCTURE",
           "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 12 "
           "(NIL \"cut\" NIL NIL NIL NIL NIL NIL NIL NIL) " PLAIN(0, 0) " 0" BARE ")" PLAIN(1, 0) MIXED_END},
          {"[1]", "Subject: cut"}, {"[1.HEADER]", "Subject: cut"}, {"[1.TEXT]", ""}, {"[2]", "x"});
  /* With the boundary of the multipart that it is in: its own goes first, and nothing is inside itself. */
  HOSTILE(MIXED "--b\r\n" FW "\r\n" MIXED "--b\r\n" FW "\r\n" MIXED "--b\r\n\r\nx\r\n--b--\r\n",
          {"[1.1.1]", "x"}, {"[1.1.1.1]", NULL}, {"[1.1.2]", NULL}, {"[1.2]", NULL}, {"[2]", NULL});
  /* In an encoding, which RFC 2046 section 5.2.1 forbids: not decoded. */
  HOSTILE(FW "Content-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQo=\r\n",
          {"BODYSTRUCTURE",
           "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"BASE64\" 22 " NO_ENVELOPE " " PLAIN(0, 0) " 1" BARE ")"},
          {"[1.HEADER]", "U3ViamVjdDogeA0KDQo=\r\n"}, {"[1.TEXT]", ""});
}

static void hostile_h32_endless_messages_inside(void **state) {
  (void)state;
  text message = {0};
  mail m;
  add_times(&message, FW "\r\n", 30000);
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){message.p, message.n});
  assert_int_equal(well_formed(&m, message.n), 100);
  expect_section(&m, "1.1.1", message.p + 3 * strlen(FW "\r\n"), message.n - 3 * strlen(FW "\r\n"));
  assert_true(mail_finds(&m, "TEXT message/rfc822"));
  assert_true(client_info(&m.c).memory_peak < 1048576);
  mail_close(&m);
  free(message.p);
}

/* ---- H33: headers --------------------------------------------------------------------------- */

/* A hundred thousand lines of addresses: the first thousand addresses of each field. */
static void hostile_h33_many_address_headers(void **state) {
  (void)state;
  text message = {0};
  mail m;
  add_times(&message, "To: a@b.example\r\nCc: c@d.example,\r\n e@f.example\r\n", 50000);
  add(&message, "Subject: last\r\n\r\nbody\r\n");
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){message.p, message.n});
  well_formed(&m, message.n);
  imap4_str envelope = mail_fetch(&m, "ENVELOPE", "ENVELOPE");
  assert_int_equal(occurrences(envelope, "\"last\""), 1);
  assert_int_equal(occurrences(envelope, "(NIL NIL \"a\" \"b.example\")"), 1000);
  assert_int_equal(occurrences(envelope, "(NIL NIL \"c\" \"d.example\")"), 500);
  assert_int_equal(occurrences(envelope, "(NIL NIL \"e\" \"f.example\")"), 500);
  assert_true(mail_finds(&m, "CC e@f"));
  assert_false(mail_finds(&m, "CC x@y"));
  expect(&m, &(answer){"[TEXT]", "body\r\n"});
  assert_true(client_info(&m.c).memory_peak < 1048576);
  mail_close(&m);
  free(message.p);
}

/* One field of megabytes: as much as imap4_limits.mime_field_octets, and all of it in the section. */
static void hostile_h33_one_long_header(void **state) {
  (void)state;
  static char filler[4096];
  text message = {0}, want = {0};
  mail m;
  memset(filler, 'x', sizeof filler - 1);
  add(&message, "Subject:");
  add_times(&message, filler, 1000);
  add(&message, "\r\nTo: ");
  add_times(&message, filler, 1000);
  add(&message, "@b\r\nMessage-ID: <i>\r\n\r\nbody");
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){message.p, message.n});
  well_formed(&m, message.n);
  add(&want, "(NIL \"");
  add_times(&want, "x", 16384);
  add(&want, "\" NIL NIL NIL ((NIL NIL \"");
  add_times(&want, "x", 16383); /* the space behind the colon is one */
  add(&want, "\" \"\")) NIL NIL NIL \"<i>\")");
  expect_octets("ENVELOPE", mail_fetch(&m, "ENVELOPE", "ENVELOPE"), (imap4_str){want.p, want.n});
  expect_section(&m, "HEADER", message.p, message.n - 4);
  assert_false(mail_finds(&m, "SUBJECT y"));
  assert_true(client_info(&m.c).memory_peak < 1048576);
  mail_close(&m);
  free(message.p);
  free(want.p);
}

/* ---- H34: parameters ------------------------------------------------------------------------ */

/* Thousands of sections: the first 128 that stand there, put together if they are 0 to 127. */
static void hostile_h34_many_parameters(void **state) {
  (void)state;
  enum { COUNT = 5000 };
  char parameter[40];
  text up = {0}, down = {0};
  mail m;
  add(&up, "Content-Type: image/gif");
  add(&down, "Content-Type: image/gif");
  for (unsigned i = 0; i < COUNT; i++) {
    snprintf(parameter, sizeof parameter, ";n*%u=x", i);
    add(&up, parameter);
    snprintf(parameter, sizeof parameter, ";n*%u=x", COUNT - i);
    add(&down, parameter);
  }
  add(&up, "\r\n\r\nbody");
  add(&down, "\r\n\r\nbody");
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){up.p, up.n});
  well_formed(&m, up.n);
  imap4_str body = mail_fetch(&m, "BODYSTRUCTURE", "BODYSTRUCTURE");
  assert_int_equal(occurrences(body, "(\"IMAGE\" \"GIF\" (\"N\" \"x"), 1);
  assert_int_equal(occurrences(body, "x"), 128);
  assert_int_equal(occurrences(body, "xx\") NIL NIL \"7BIT\" 4" BARE ")"), 1);
  mail_add(&m, (imap4_str){down.p, down.n});
  well_formed(&m, down.n);
  body = mail_fetch(&m, "BODYSTRUCTURE", "BODYSTRUCTURE");
  assert_int_equal(occurrences(body, "\"N*"), 128);
  assert_true(client_info(&m.c).memory_peak < 1048576);
  mail_close(&m);
  free(up.p);
  free(down.p);
}

/* ---- H35: addresses ------------------------------------------------------------------------- */

/* The field behind must never be seen in it. */
#define TO(given, shown)                                                                                     \
  HOSTILE("To: " given "\r\nX-Other: (secret) <secret@secret>\r\n\r\n",                                      \
          {"ENVELOPE", "(NIL NIL NIL NIL NIL " shown " NIL NIL NIL NIL)"})
#define NOBODY "(NIL NIL \"\" \"\")"

/* What is wrong is left out; what stands before it is shown. */
static void hostile_h35_comments(void **state) {
  (void)state;
  TO("a@b (ends in \\", "((NIL NIL \"a\" \"\"))");
  TO("(\\", "NIL");
  TO("a@b (c", "((NIL NIL \"a\" \"\"))");
  TO("a@b (c))", "((\"c\" NIL \"a\" \"b\"))");
  TO("a@b ((c)", "((NIL NIL \"a\" \"\"))");
  TO("a@b, c@d )", "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))");
  TO(")", "(" NOBODY ")");
  TO("(", "NIL");
  /* Comments inside each other, thousands deep. */
  text message = {0};
  add(&message, "To: a@b ");
  add_times(&message, "(", 8000);
  add_times(&message, ")", 8000);
  add(&message, ", c@d\r\n\r\n");
  mail m;
  mail_open(&m, NULL, NULL);
  mail_add(&m, (imap4_str){message.p, message.n});
  well_formed(&m, message.n);
  assert_int_equal(
      occurrences(mail_fetch(&m, "ENVELOPE", "ENVELOPE"), ")\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))"), 1);
  mail_close(&m);
  free(message.p);
}

static void hostile_h35_addresses(void **state) {
  (void)state;
#define GROUP_END "(NIL NIL NIL NIL)"
  TO("", "NIL");
  TO(" ", "NIL");
  TO(",", "(" NOBODY ")");
  TO(";", "(" NOBODY ")");
  TO("<>", "(" NOBODY ")");
  TO("@", "(" NOBODY ")");
  TO("\"", "(" NOBODY ")");
  TO("\"\\", "(" NOBODY ")");
  TO("<", "(" NOBODY ")");
  TO("a@[", "((NIL NIL \"a\" \"\"))");
  TO("<@", "((NIL \"INVALID_ROUTE\" \"\" \"\"))");
  TO("a@b@c", "((NIL NIL \"a\" \"b\"))");
  TO(":", "((NIL NIL \"\" NIL)" GROUP_END ")");
  TO("g:", "((NIL NIL \"g\" NIL)" GROUP_END ")");
  TO("g:;", "((NIL NIL \"g\" NIL)" GROUP_END ")");
  TO("g:;;", "((NIL NIL \"g\" NIL)" GROUP_END ")");
  TO("g: (;", "((NIL NIL \"g\" NIL)" GROUP_END ")");
  TO("g: h: a@b;;", "((NIL NIL \"g\" NIL)(NIL NIL \"h\" \"\")" GROUP_END ")");
}

/* ---- H36: boundaries ------------------------------------------------------------------------ */

/* An empty one is one: lines that begin with two hyphens are its delimiters. */
static void hostile_h36_empty_boundary(void **state) {
  (void)state;
  HOSTILE("Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\nx\r\n--\r\n\r\nyy\r\n----\r\n",
          {"BODYSTRUCTURE", "(" PLAIN(1, 0) PLAIN(2, 0) " \"MIXED\" (\"BOUNDARY\" \"\") NIL NIL NIL)"},
          {"[1]", "x"}, {"[2]", "yy"}, {"[3]", NULL});
  HOSTILE("Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\nx\r\n----", {"[1]", "x"}, {"[2]", NULL});
}

/* RFC 2046 allows 70 octets; longer ones are boundaries too, and shown whole. */
static void hostile_h36_long_boundary(void **state) {
  (void)state;
  static const size_t lengths[] = {70, 71, 249, 250, 251, 1024, 10000};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    text boundary = {0}, message = {0}, want = {0};
    mail m;
    add_times(&boundary, "b", lengths[i]);
    add(&message, "Content-Type: multipart/mixed; boundary=");
    add(&message, boundary.p);
    for (int part = 0; part < 2; part++) {
      add(&message, part == 0 ? "\r\n\r\n--" : "\r\n--");
      add(&message, boundary.p);
      add(&message, "\r\n\r\nx");
    }
    add(&message, "\r\n--");
    add(&message, boundary.p);
    add(&message, "--\r\n");
    add(&want, "(" PLAIN(1, 0) PLAIN(1, 0) " \"MIXED\" (\"BOUNDARY\" \"");
    add(&want, boundary.p);
    add(&want, "\") NIL NIL NIL)");
    mail_open(&m, NULL, NULL);
    mail_add(&m, (imap4_str){message.p, message.n});
    well_formed(&m, message.n);
    /* Of very long ones the end cannot be seen, so neither can it be seen that a delimiter closes. */
    imap4_str body = mail_fetch(&m, "BODYSTRUCTURE", "BODYSTRUCTURE");
    if (lengths[i] <= 250) {
      expect_octets("BODYSTRUCTURE", body, (imap4_str){want.p, want.n});
    } else {
      assert_int_equal(occurrences(body, PLAIN(1, 0)), 2);
    }
    expect(&m, &(answer){"[1]", "x"});
    expect(&m, &(answer){"[2]", "x"});
    mail_close(&m);
    free(boundary.p);
    free(message.p);
    free(want.p);
  }
}

static void hostile_h36_prefixes_and_epilogues(void **state) {
  (void)state;
  /* The outer boundary begins the inner one, and the other way round. */
  HOSTILE(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=bb\r\n\r\n"
      "--bb\r\n\r\n1\r\n--bb--\r\n--b\r\n\r\n2\r\n--b--",
      {"[1.1]", "1"}, {"[1.2]", NULL}, {"[2]", "2"}, {"[3]", NULL});
  HOSTILE("Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: multipart/x; "
          "boundary=b\r\n\r\n"
          "--b\r\n\r\n1\r\n--b--\r\n--bb\r\n\r\n2\r\n--bb--",
          {"[1.1]", "1"}, {"[1.2]", NULL}, {"[2]", "2"}, {"[3]", NULL});
  /* What looks like a delimiter in an epilogue, and epilogues without a line end. */
  HOSTILE(MIXED "--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--", {"[1]", "x"}, {"[2]", NULL});
  HOSTILE(MIXED "--b\r\n\r\nx\r\n--b--e", {"[1]", "x"}, {"[2]", NULL});
  HOSTILE(MIXED "--b\r\n\r\nx\r\n--b--\r\n-", {"[1]", "x"}, {"[2]", NULL});
  HOSTILE(MIXED "--b--\r\n--b\r\n\r\nx\r\n", {"BODYSTRUCTURE", "(" PLAIN(0, 0) MIXED_END}, {"[1]", NULL});
}

/* ---- H38: octets ---------------------------------------------------------------------------- */

/* A quoted string has quotes and backslashes escaped; what it cannot hold goes as a literal, octet for octet
 * (RFC 3501 section 4.3). */
static void hostile_h38_quotes_and_backslashes(void **state) {
  (void)state;
#define QUOTED "((\"q\\\"\\\\\" NIL \"l\\\"\" \"h\"))"
  HOSTILE(
      "Subject: a\"b\\c\r\nFrom: \"q\\\"\\\\\" <\"l\\\"\"@h>\r\nMessage-ID: <\"\\>\r\n"
      "Content-Type: image/gif; name=\"n\\\"\\\\\"\r\nContent-Description: \\\"\r\n"
      "Content-Disposition: inline; filename=\"\\\"\"\r\nContent-Location: \"\r\nContent-MD5: \\\r\n"
      "Content-ID: <\">\r\n\r\n",
      {"ENVELOPE", "(NIL \"a\\\"b\\\\c\" " QUOTED " " QUOTED " " QUOTED " NIL NIL NIL NIL \"<\\\"\\\\>\")"},
      {"BODYSTRUCTURE",
       "(\"IMAGE\" \"GIF\" (\"NAME\" \"n\\\"\\\\\") \"<\\\">\" \"\\\\\\\"\" \"7BIT\" 0 \"\\\\\" "
       "(\"INLINE\" (\"FILENAME\" \"\\\"\")) NIL \"\\\"\")"});
}

/* Nothing that a message holds begins a line of its own, but inside a literal. */
static void hostile_h38_split_responses(void **state) {
  (void)state;
#define SPLIT "((\"a * 9 EXPUNGE\" NIL \"l\" \"h\"))"
  HOSTILE("Subject: x\n* 9 EXPUNGE\r\nFrom: \"a\r* 9 EXPUNGE\r\" <l@h>\r\nMessage-ID: <\r* 9 EXPUNGE>\r\n"
          "Content-Type: image/gif; name=\"n\r* 9 EXPUNGE\"\r\n"
          "Content-Disposition: inline; filename*=us-ascii''%0d%0a* 9 EXPUNGE\r\n"
          "Content-Description: =?us-ascii?q?=0d=0a*_9_EXPUNGE?=\r\n\r\n",
          {"ENVELOPE", "(NIL \"x\" " SPLIT " " SPLIT " " SPLIT " NIL NIL NIL NIL \"< * 9 EXPUNGE>\")"},
          {"BODYSTRUCTURE", "(\"IMAGE\" \"GIF\" (\"NAME\" {13}\r\nn\r* 9 EXPUNGE) NIL "
                            "\"=?us-ascii?q?=0d=0a*_9_EXPUNGE?=\" \"7BIT\" 0 "
                            "NIL (\"INLINE\" (\"FILENAME*\" \"us-ascii''%0d%0a* 9 EXPUNGE\")) NIL NIL)"});
}

static void hostile_h38_8bit_invalid_utf8_and_nul(void **state) {
  (void)state;
#define BAD "(({2}\r\n\xc0\xaf NIL {3}\r\n\xed\xa0\x80 \"h\"))"
  HOSTILE("Subject: \xff\xfe\xc3\r\nFrom: \"\xc0\xaf\" <\xed\xa0\x80@h>\r\nMessage-ID: <\x80>\r\n"
          "Content-Type: image/gif; name=\"\xf5\"; \xe9=x\r\nContent-Disposition: inl\xff\r\n"
          "Content-Language: \xfe\r\n\r\n",
          {"ENVELOPE", "(NIL {3}\r\n\xff\xfe\xc3 " BAD " " BAD " " BAD " NIL NIL NIL NIL {3}\r\n<\x80>)"},
          {"BODYSTRUCTURE",
           "(\"IMAGE\" \"GIF\" (\"NAME\" {1}\r\n\xf5 {1}\r\n\xe9 \"x\") NIL NIL \"7BIT\" 0 NIL "
           "({4}\r\nINL\xff NIL) ({1}\r\n\xfe) NIL)"});
  static const char with_nul[] =
      "Subject: \0\"\0\\\0\r\nMessage-ID: \0\r\nContent-Type: image/gif; name=\"\0\"\r\n"
      "Content-Description: \0x\0\r\nContent-Location: \0\r\n\r\n\0";
  HOSTILE_OCTETS(
      ((imap4_str){with_nul, sizeof with_nul - 1}),
      {"ENVELOPE", "(NIL \"\\\"\\\\\" NIL NIL NIL NIL NIL NIL NIL \"\")"},
      {"BODYSTRUCTURE", "(\"IMAGE\" \"GIF\" (\"NAME\" \"\") NIL \"x\" \"7BIT\" 1 NIL NIL NIL \"\")"},
      {"[TEXT]", "?"});
}

/* Every octet in every place of a header leaves answers that can be read. */
static void hostile_h38_any_octet_anywhere(void **state) {
  (void)state;
  static const char header[] =
      "Date: 1 Feb 2003 04:05:06 +0000\r\nSubject: s t\r\nFrom: \"n\" <@r:l@[d]> (c)\r\n"
      "To: g: a@b;\r\nContent-Type: multipart/x; boundary=\"b\"; n*0=a; n*1*=%41\r\n"
      "Content-Disposition: d; f=g\r\nContent-Language: en\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
  static const char octets[] = "\0\t\n\r \"%()*,-.:;<=>?@[\\]\x7f\x80\xff";
  char message[sizeof header];
  mail m;
  mail_open(&m, NULL, NULL);
  for (size_t i = 0; i < sizeof header - 1; i += 3) {
    for (size_t k = 0; k < sizeof octets - 1; k++) {
      memcpy(message, header, sizeof header);
      message[i] = octets[k];
      if (octets[k] == '\0' && header[i] == '\r') continue; /* the store has CR before every LF then */
      mail_add(&m, (imap4_str){message, sizeof header - 1});
      well_formed(&m, sizeof header - 1);
    }
  }
  mail_close(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_h31_depth),
      cmocka_unit_test(hostile_h31_number_of_parts),
      cmocka_unit_test(hostile_h32_malformed_messages_inside),
      cmocka_unit_test(hostile_h32_endless_messages_inside),
      cmocka_unit_test(hostile_h33_many_address_headers),
      cmocka_unit_test(hostile_h33_one_long_header),
      cmocka_unit_test(hostile_h34_many_parameters),
      cmocka_unit_test(hostile_h35_comments),
      cmocka_unit_test(hostile_h35_addresses),
      cmocka_unit_test(hostile_h36_empty_boundary),
      cmocka_unit_test(hostile_h36_long_boundary),
      cmocka_unit_test(hostile_h36_prefixes_and_epilogues),
      cmocka_unit_test(hostile_h38_quotes_and_backslashes),
      cmocka_unit_test(hostile_h38_split_responses),
      cmocka_unit_test(hostile_h38_8bit_invalid_utf8_and_nul),
      cmocka_unit_test(hostile_h38_any_octet_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
