/* SPDX-License-Identifier: MIT */
/*
 * The limits of what is looked at in a message, each one below, at and one above.  Beyond a limit an answer
 * is still what the grammar of RFC 3501 allows, and says the truth about sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grammar.h"
#include "mail.h"

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"

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

static imap4_limits usual(void) {
  imap4_limits limits;
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  return limits;
}

/* ---- what must hold for every answer -------------------------------------------------------- */

static void check_lines(imap4_str message, const imap4_mime_part *part) {
  uint64_t lines = 0;
  for (uint64_t at = 0; at < part->body_length; at++)
    lines += message.p[part->body_offset + at] == '\n';
  assert_int_equal(part->lines, lines);
}

/* Every part is inside its parent, and has as many lines as it says. */
static void check_parts(imap4_mime *mime, imap4_str message) {
  uint32_t count;
  imap4_mime_part part = {.struct_size = sizeof part}, parent = part;
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(imap4_mime_get_part(mime, i, &part), IMAP4_OK);
    uint64_t begin = 0, end = message.n;
    if (i > 0) {
      assert_int_equal(imap4_mime_get_part(mime, part.parent, &parent), IMAP4_OK);
      begin = parent.body_offset;
      end = begin + parent.body_length;
    } else {
      assert_int_equal(part.body_offset + part.body_length, message.n);
    }
    assert_true(part.header_offset >= begin && part.body_offset >= part.header_offset);
    assert_true(part.body_offset + part.body_length <= end);
    if (count < 100) check_lines(message, &part);
  }
}

static void check_grammar(imap4_mime *mime) {
  for (int extensible = 0; extensible < 2; extensible++) {
    imap4_str answer_text;
    assert_int_equal(imap4_mime_body(mime, extensible, &answer_text), IMAP4_OK);
    grammar g = grammar_of(answer_text);
    g.extensible = extensible != 0;
    assert_true(grammar_body(&g) && g.rest.n == 0);
  }
  imap4_str envelope;
  assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
  grammar g = grammar_of(envelope);
  assert_true(grammar_envelope(&g) && g.rest.n == 0);
}

/* Well-formed answers with true sizes, from a digest no larger than the limit. */
static imap4_mime *parse(const text *message, const imap4_limits *limits) {
  imap4_mime *mime;
  uint64_t size;
  imap4_str digest;
  assert_int_equal(imap4_mime_new(NULL, NULL, limits, &mime), IMAP4_OK);
  assert_int_equal(imap4_mime_feed(mime, message->p, message->n), IMAP4_OK);
  assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
  assert_int_equal(imap4_mime_size(mime, &size), IMAP4_OK);
  assert_int_equal(size, message->n);
  assert_int_equal(imap4_mime_digest(mime, &digest), IMAP4_OK);
  assert_true(digest.n <= limits->digest_octets);
  check_grammar(mime);
  check_parts(mime, (imap4_str){message->p, message->n});
  return mime;
}

static void assert_body(imap4_mime *mime, int extensible, const char *wantz) {
  imap4_str body;
  assert_int_equal(imap4_mime_body(mime, extensible, &body), IMAP4_OK);
  expect_octets("BODY", body, span(wantz));
}

static void assert_envelope(imap4_mime *mime, const char *wantz) {
  imap4_str envelope;
  assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
  expect_octets("ENVELOPE", envelope, span(wantz));
}

static uint32_t count_parts(imap4_mime *mime) {
  uint32_t count;
  assert_int_equal(imap4_mime_part_count(mime, &count), IMAP4_OK);
  return count;
}

/* Octets of a section. */
static uint64_t length_of(imap4_mime *mime, const char *sectionz) {
  uint64_t offset, length;
  assert_int_equal(imap4_mime_section(mime, span(sectionz), &offset, &length), IMAP4_OK);
  return length;
}

static size_t occurrences(imap4_str s, const char *ofz) {
  size_t n = strlen(ofz), found = 0;
  for (size_t i = 0; i + n <= s.n; i++)
    found += memcmp(s.p + i, ofz, n) == 0;
  return found;
}

/* ---- depth and parts ------------------------------------------------------------------------ */

/* |levels| multiparts inside each other, and a text in the innermost: one level more. */
static void nest(text *message, size_t levels) {
  char line[100];
  message->n = 0;
  for (size_t i = 0; i < levels; i++) {
    snprintf(line, sizeof line, "Content-Type: multipart/mixed; boundary=b%zu.\r\n\r\n--b%zu.\r\n", i, i);
    add(message, line);
  }
  add(message, "\r\ntext\r\n");
}

/* At the limit all is shown; beyond it the innermost that may be shown is opaque, with its true size. */
static void depth(void **state) {
  (void)state;
  static const uint32_t limits_tried[] = {1, 2, 5, 100};
  text message = {0};
  for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
    imap4_limits limits = usual();
    uint32_t limit = limits.mime_depth = limits_tried[i];
    for (uint32_t levels = limit > 1 ? limit - 1 : 1; levels <= limit + 1; levels++) {
      nest(&message, levels - 1);
      imap4_mime *mime = parse(&message, &limits);
      imap4_str body;
      assert_int_equal(imap4_mime_body(mime, 0, &body), IMAP4_OK);
      assert_int_equal(count_parts(mime), levels <= limit ? levels : limit);
      assert_int_equal(occurrences(body, "\"MIXED\""), (levels <= limit ? levels : limit) - 1);
      assert_int_equal(occurrences(body, "\"APPLICATION\" \"OCTET-STREAM\""), levels > limit);
      imap4_mime_free(mime);
    }
  }
  free(message.p);
  /* The size of what is opaque. */
  text two = {0};
  imap4_limits limits = usual();
  limits.mime_depth = 2;
  add(&two,
      MIXED "--b\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n\r\n--b--\r\n");
  imap4_mime *mime = parse(&two, &limits);
  assert_body(mime, 0,
              "((\"APPLICATION\" \"OCTET-STREAM\" (\"BOUNDARY\" \"i\") NIL NIL \"7BIT\" 17) \"MIXED\")");
  assert_int_equal(length_of(mime, "1"), 17);
  imap4_mime_free(mime);
  free(two.p);
}

/* Messages inside messages count as levels too. */
static void depth_of_messages(void **state) {
  (void)state;
  imap4_limits limits = usual();
  limits.mime_depth = 10;
  for (uint32_t levels = 9; levels <= 11; levels++) {
    text message = {0};
    add_times(&message, "Content-Type: message/rfc822\r\n\r\n", levels - 1);
    add(&message, "\r\ntext");
    imap4_mime *mime = parse(&message, &limits);
    assert_int_equal(count_parts(mime), levels < 10 ? levels : 10);
    imap4_mime_free(mime);
    free(message.p);
  }
}

/* What follows the last part that may be is part of it. */
static void parts(void **state) {
  (void)state;
  static const char part[] = "--b\r\n\r\n12345\r\n";
  static const uint32_t limits_tried[] = {2, 3, 10, 10000};
  for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
    imap4_limits limits = usual();
    uint32_t limit = limits.mime_parts = limits_tried[i];
    for (uint32_t there = limit - 1; there <= limit + 1; there++) { /* with the message itself */
      text message = {0};
      char last[16];
      add(&message, MIXED);
      add_times(&message, part, there - 1);
      add(&message, "--b--\r\n");
      imap4_mime *mime = parse(&message, &limits);
      assert_int_equal(count_parts(mime), there <= limit ? there : limit);
      if (there > 1) {
        snprintf(last, sizeof last, "%u", (there <= limit ? there : limit) - 1);
        assert_int_equal(length_of(mime, last),
                         there <= limit ? 5 : 5 + 2 + strlen(part) + strlen("--b--\r\n"));
      }
      imap4_mime_free(mime);
      free(message.p);
    }
  }
}

/* ---- octets of fields ----------------------------------------------------------------------- */

/* The value with the white space before it and its line end. */
static void mime_field_octets(void **state) {
  (void)state;
  enum { MAX = 50 };
  imap4_limits limits = usual();
  char subject[MAX + 2], want[MAX + 100], type[MAX + 100];
  limits.mime_field_octets = MAX;
  for (size_t n = MAX - 1; n <= MAX + 1; n++) { /* octets of the value behind the colon */
    text message = {0};
    memset(subject, 's', sizeof subject);
    add(&message, "Subject:");
    add_octets(&message, subject, n);
    snprintf(type, sizeof type, "\r\nContent-Type: text/x;%*sy=zzzz\r\n\r\nbody\r\n", (int)n - 14, "");
    add(&message, type);
    imap4_mime *mime = parse(&message, &limits);
    size_t shown = n < MAX ? n : MAX;
    snprintf(want, sizeof want, "(NIL \"%.*s\" NIL NIL NIL NIL NIL NIL NIL NIL)", (int)shown, subject);
    assert_envelope(mime, want);
    /* " text/x;...y=zzzz" is as long: what does not fit in is not shown. */
    snprintf(want, sizeof want,
             "(\"TEXT\" \"X\" (\"Y\" \"%.*s\" \"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 6 1)",
             n <= MAX ? 4 : 3, "zzzz");
    assert_body(mime, 0, want);
    imap4_mime_free(mime);
    free(message.p);
  }
}

/* Of a list, the octets of one address: there may be any number of them. */
static void mime_field_octets_of_addresses(void **state) {
  (void)state;
  enum { MAX = 50 };
  imap4_limits limits = usual();
  limits.mime_field_octets = MAX;
  text message = {0};
  add(&message, "To: ");
  add_times(&message, "a@example.org,\r\n ", 100);
  add(&message, "z@example.org\r\n\r\n");
  imap4_mime *mime = parse(&message, &limits);
  imap4_str envelope;
  assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
  assert_int_equal(occurrences(envelope, "(NIL NIL \"a\" \"example.org\")"), 100);
  assert_int_equal(occurrences(envelope, "(NIL NIL \"z\" \"example.org\")"), 1);
  imap4_mime_free(mime);
  free(message.p);
}

/* Octets behind the colon: SEARCH finds what ends with the last one that it looks at, and not what goes on.
 */
static void header_field_octets(void **state) {
  (void)state;
  enum { MAX = 100, WORD = 6 };
  imap4_limits limits = usual();
  limits.header_field_octets = MAX;
  limits.digest_field_octets = 0;
  for (size_t end = MAX - 1; end <= MAX + 1; end++) {
    text message = {0};
    mail m;
    add(&message, "X-Long:");
    add_times(&message, "x", end - WORD);
    add(&message, "needle and more of it\r\nX-Next: other\r\n\r\nbody\r\n");
    mail_open(&m, NULL, &limits);
    mail_add(&m, (imap4_str){message.p, message.n});
    bool found = end <= MAX;
    expect(&m, &(answer){"SEARCH HEADER X-LONG needle", found ? FOUND : MISSED});
    expect(&m, &(answer){"SEARCH TEXT needle", found ? FOUND : MISSED});
    expect(&m, &(answer){"SEARCH HEADER X-NEXT other", FOUND}); /* what follows is looked at */
    expect(&m, &(answer){"SEARCH BODY body", FOUND});
    expect_section(&m, "", message.p, message.n);
    mail_close(&m);
    free(message.p);
  }
}

/* |count| encoded words, the last of which is "needle", of the field |namez|. */
static void add_words(text *message, const char *namez, uint32_t count) {
  add(message, namez);
  add(message, ":");
  add_times(message, " =?utf-8?q?x=20?=", count - 1);
  add(message, " =?utf-8?q?nee=64le?=\r\n");
}

/* What follows the last that is decoded is searched as it stands; each field has as many. */
static void encoded_words(void **state) {
  (void)state;
  static const uint32_t limits_tried[] = {1, 2, 1000};
  static const char *const keys[] = {"SUBJECT", "HEADER X-ANY", "TEXT"};
  for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
    imap4_limits limits = usual();
    uint32_t limit = limits.encoded_words = limits_tried[i];
    for (uint32_t there = limit > 1 ? limit - 1 : 1; there <= limit + 1; there++) {
      text message = {0};
      mail m;
      add_words(&message, "Subject", there);
      add_words(&message, "X-Any", there);
      add(&message, "To: =?utf-8?q?first?= <a@b>\r\n\r\nbody\r\n");
      mail_open(&m, NULL, &limits);
      mail_add(&m, (imap4_str){message.p, message.n});
      for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        char decoded[60], raw[60];
        snprintf(decoded, sizeof decoded, "SEARCH %s needle", keys[k]);
        snprintf(raw, sizeof raw, "SEARCH %s \"?q?nee=64le?=\"", keys[k]);
        expect(&m, &(answer){decoded, there <= limit ? FOUND : MISSED});
        expect(&m, &(answer){raw, there <= limit ? MISSED : FOUND});
      }
      expect(&m, &(answer){"SEARCH TO first", FOUND});
      expect_section(&m, "", message.p, message.n);
      mail_close(&m);
      free(message.p);
    }
  }
}

/* Of a list of addresses too. */
static void encoded_words_of_addresses(void **state) {
  (void)state;
  imap4_limits limits = usual();
  limits.encoded_words = 3;
  for (uint32_t there = 2; there <= 4; there++) {
    text message = {0};
    mail m;
    add(&message, "To: ");
    add_times(&message, "=?utf-8?q?=78?= <a@b>, ", there - 1);
    add(&message, "=?utf-8?q?nee=64le?= <c@d>\r\n\r\n");
    mail_open(&m, NULL, &limits);
    mail_add(&m, (imap4_str){message.p, message.n});
    expect(&m, &(answer){"SEARCH TO needle", there <= 3 ? FOUND : MISSED});
    expect(&m, &(answer){"SEARCH TO nee=64le", there <= 3 ? MISSED : FOUND});
    expect(&m, &(answer){"SEARCH TO c@d", FOUND});
    mail_close(&m);
    free(message.p);
  }
}

/* ---- the digest ----------------------------------------------------------------------------- */

static const imap4_store *honest;
static size_t reads; /* octets of messages that were read */

static int counted_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  int status = honest->read(user, op, args, out);
  if (status == IMAP4_OK) reads += out->data.n;
  return status;
}

static void count_reads(imap4_store *table) {
  table->read = counted_read;
}

/* Fields that are kept are sent without a look at the message; others are read: the same octets. */
static void digest_field_octets(void **state) {
  (void)state;
  static const char fields[] = "Subject: something\r\nTo: a@b\r\n\r\n";
  enum { KEPT = sizeof fields - 1 };
  for (uint32_t limit = KEPT - 1; limit <= KEPT + 1; limit++) {
    imap4_limits limits = usual();
    imap4_memory_config memory;
    host_options options = {.after_login = &limits, .bend = count_reads};
    mail m = {.room = 0};
    limits.digest_field_octets = limit;
    imap4_memory_config_init(&memory);
    host_open_with(&m.h, &memory, &options);
    honest = imap4_memory_table(m.h.memory);
    client_open(&m.c, &m.h);
    client_line(&m.c, "a LOGIN joe secret");
    client_line(&m.c, "a SELECT INBOX");
    mail_add(&m, span("X-Other: not kept\r\nSubject: something\r\nTo: a@b\r\n\r\nbody"));
    reads = 0;
    expect_section(&m, "HEADER.FIELDS (SUBJECT TO)", fields, KEPT);
    assert_int_equal(reads > 0, limit < KEPT);
    reads = 0;
    expect(&m,
           &(answer){"ENVELOPE", "(NIL \"something\" NIL NIL NIL ((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL)"});
    assert_int_equal(reads, 0);
    mail_close(&m);
  }
}

/* As many octets as the digest has: all is there.  One less: something is left out, but no size is wrong. */
static void digest_octets(void **state) {
  (void)state;
  text message = {0};
  add(&message, "Subject: s\r\nFrom: a@b\r\n" MIXED);
  add_times(&message, "--b\r\nContent-Type: image/gif; name=x\r\n\r\n12345\r\n", 20);
  add(&message, "--b--\r\n");
  imap4_limits limits = usual();
  imap4_mime *whole = parse(&message, &limits);
  imap4_str want, digest;
  assert_int_equal(imap4_mime_digest(whole, &digest), IMAP4_OK);
  assert_int_equal(imap4_mime_body(whole, 1, &want), IMAP4_OK);
  uint32_t needed = (uint32_t)digest.n, least = 0;
  /* A text has to fit in with every octet escaped, so a bit more than what is used is needed. */
  for (uint32_t more = 0; more <= 1000; more++) {
    imap4_str got;
    limits.digest_octets = needed + 1000 - more;
    imap4_mime *mime = parse(&message, &limits);
    assert_int_equal(imap4_mime_body(mime, 1, &got), IMAP4_OK);
    bool same = got.n == want.n && memcmp(got.p, want.p, got.n) == 0;
    imap4_mime_free(mime);
    if (!same) break;
    least = limits.digest_octets;
  }
  assert_in_range(least, needed, needed + 500);
  for (limits.digest_octets = 2000; limits.digest_octets > 300; limits.digest_octets--) {
    imap4_mime *mime = parse(&message, &limits);
    char last[16];
    uint32_t count = count_parts(mime);
    assert_in_range(count, 1, 21);
    if (count > 1) { /* the last one goes on to the end of the message */
      imap4_mime_part part = {.struct_size = sizeof part};
      snprintf(last, sizeof last, "%u", count - 1);
      assert_int_equal(imap4_mime_get_part(mime, count - 1, &part), IMAP4_OK);
      assert_int_equal(part.body_length, length_of(mime, last));
      if (count < 21) assert_int_equal(part.body_offset + part.body_length, message.n);
    }
    imap4_mime_free(mime);
  }
  imap4_mime_free(whole);
  free(message.p);
}

/* ---- addresses and parameters --------------------------------------------------------------- */

static void addresses(void **state) {
  (void)state;
  static const uint32_t limits_tried[] = {1, 2, 1000};
  for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
    imap4_limits limits = usual();
    uint32_t limit = limits.addresses = limits_tried[i];
    for (uint32_t there = limit - 1; there <= limit + 1; there++) {
      text message = {0};
      imap4_str envelope;
      add(&message, "To: ");
      add_times(&message, "a@b,", there);
      add(&message, "\r\nCc: c@d\r\n\r\nbody");
      imap4_mime *mime = parse(&message, &limits);
      assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
      assert_int_equal(occurrences(envelope, "(NIL NIL \"a\" \"b\")"), there <= limit ? there : limit);
      assert_int_equal(occurrences(envelope, "((NIL NIL \"c\" \"d\"))"), 1);
      imap4_mime_free(mime);
      free(message.p);
    }
  }
}

/* A group that is cut is closed. */
static void addresses_of_groups(void **state) {
  (void)state;
  imap4_limits limits = usual();
  limits.addresses = 3; /* the name of the group is one */
  for (uint32_t members = 1; members <= 3; members++) {
    text message = {0};
    imap4_str envelope;
    add(&message, "To: g:");
    add_times(&message, "a@b,", members);
    add(&message, ";\r\n\r\n");
    imap4_mime *mime = parse(&message, &limits);
    assert_int_equal(imap4_mime_envelope(mime, &envelope), IMAP4_OK);
    assert_int_equal(occurrences(envelope, "(NIL NIL \"g\" NIL)"), 1);
    assert_int_equal(occurrences(envelope, "(NIL NIL \"a\" \"b\")"), members < 2 ? members : 2);
    assert_int_equal(occurrences(envelope, "(NIL NIL NIL NIL))"), 1);
    imap4_mime_free(mime);
    free(message.p);
  }
}

static void add_parameters(text *message, const char *formatz, uint32_t count) {
  char parameter[40];
  for (uint32_t i = 0; i < count; i++) {
    snprintf(parameter, sizeof parameter, formatz, i);
    add(message, parameter);
  }
}

static void parameters(void **state) {
  (void)state;
  static const uint32_t limits_tried[] = {1, 2, 128};
  for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
    imap4_limits limits = usual();
    uint32_t limit = limits.mime_parameters = limits_tried[i];
    for (uint32_t there = limit - 1; there <= limit + 1; there++) {
      text message = {0};
      imap4_str body;
      add(&message, "Content-Type: image/gif");
      add_parameters(&message, "; p%u=v", there);
      add(&message, "\r\nContent-Disposition: inline");
      add_parameters(&message, "; q*%u=w", there); /* sections count, as they came */
      add(&message, "\r\n\r\nbody");
      imap4_mime *mime = parse(&message, &limits);
      uint32_t shown = there < limit ? there : limit;
      assert_int_equal(imap4_mime_body(mime, 1, &body), IMAP4_OK);
      assert_int_equal(occurrences(body, "\" \"v\""), shown);
      assert_int_equal(occurrences(body, "\"Q\" \""), shown > 0);
      assert_int_equal(occurrences(body, "w"), shown);
      assert_int_equal(occurrences(body, " 4 NIL (\"INLINE\" "), 1);
      imap4_mime_free(mime);
      free(message.p);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(depth),
      cmocka_unit_test(depth_of_messages),
      cmocka_unit_test(parts),
      cmocka_unit_test(mime_field_octets),
      cmocka_unit_test(mime_field_octets_of_addresses),
      cmocka_unit_test(header_field_octets),
      cmocka_unit_test(encoded_words),
      cmocka_unit_test(encoded_words_of_addresses),
      cmocka_unit_test(digest_field_octets),
      cmocka_unit_test(digest_octets),
      cmocka_unit_test(addresses),
      cmocka_unit_test(addresses_of_groups),
      cmocka_unit_test(parameters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
