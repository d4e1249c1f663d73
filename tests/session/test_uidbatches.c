/* SPDX-License-Identifier: MIT */
/*
 * UIDBATCHES (RFC 10022) of large mailboxes: the batches are those that counting finds, the work goes by the
 * ranges of UIDs and comes in small steps, and the limits hold where they are.  The store says what UIDs it
 * has, and has no message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define RANGES_MAX 1000000

/* The mailbox. */
static imap4_uid_range ranges[RANGES_MAX];
static size_t ranges_n;
static uint32_t messages;

static const imap4_store *honest;

static int few_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out) {
  int status = honest->poll(user, op, args, out);
  out->exists = messages;
  out->uidnext = ranges[ranges_n - 1].last + 1;
  out->highest_modseq = 1;
  return status;
}

static int few_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  size_t at = 0, high = ranges_n;
  (void)user;
  (void)op;
  while (at < high) {
    size_t middle = at + (high - at) / 2;
    if (ranges[middle].last <= args->after_uid)
      at = middle + 1;
    else
      high = middle;
  }
  size_t n = ranges_n - at < args->capacity ? ranges_n - at : args->capacity;
  out->uids = (imap4_uid_ranges){ranges + at, n};
  out->last = at + n == ranges_n;
  return IMAP4_OK;
}

static void bend(imap4_store *table) {
  table->poll = few_poll;
  table->uids = few_uids;
}

static void mailbox_clear(void) {
  ranges_n = messages = 0;
}

/* |n| messages more, |gap| UIDs behind the last. */
static void mailbox_add(uint32_t gap, uint32_t n) {
  uint32_t after = ranges_n > 0 ? ranges[ranges_n - 1].last : 0;
  assert_true(ranges_n < RANGES_MAX);
  ranges[ranges_n++] = (imap4_uid_range){after + gap + 1, after + gap + n};
  messages += n;
}

typedef struct test {
  host h;
  client c;
} test;

static imap4_limits usual(void) {
  imap4_limits limits;
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  limits.session_octets = 64 << 20;
  return limits;
}

static void begin(test *t, const imap4_limits *limits) {
  imap4_memory_config memory;
  host_options options = {.after_login = limits, .bend = bend};
  imap4_memory_config_init(&memory);
  host_open_with(&t->h, &memory, &options);
  honest = imap4_memory_table(t->h.memory);
  client_open(&t->c, &t->h);
  client_line(&t->c, "a1 LOGIN somebody secret");
  assert_non_null(strstr(client_line(&t->c, "a2 SELECT INBOX"), "\r\na2 OK "));
}

static void end(test *t) {
  client_close(&t->c);
  host_close(&t->h);
}

static void expect(test *t, const char *command, const char *want) {
  char line[100];
  snprintf(line, sizeof line, "t %s", command);
  const char *said = client_line(&t->c, line);
  if (!strstr(said, want)) print_error("%s: %s\n", command, said);
  assert_non_null(strstr(said, want));
}

/* ---- the right ones ------------------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t pick(uint32_t below) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % below;
}

/* The UID of message |seq|, by counting. */
static uint32_t uid_of(uint32_t seq) {
  for (size_t i = 0; i < ranges_n; i++) {
    uint32_t n = ranges[i].last - ranges[i].first + 1;
    if (seq <= n) return ranges[i].first + seq - 1;
    seq -= n;
  }
  fail();
  return 0;
}

/* What is told of batches |first| to |last|. */
static void count_batches(uint32_t size, uint32_t first, uint32_t last, char *text, size_t room) {
  size_t n = (size_t)snprintf(text, room, "* UIDBATCHES (TAG \"t\")");
  for (uint32_t batch = first; batch <= last && (batch - 1) * size < messages; batch++) {
    uint32_t high = messages - (batch - 1) * size;
    bool ends = high <= size;
    n += (size_t)snprintf(text + n, room - n, "%c%u:%u", batch == first ? ' ' : ',', (unsigned)uid_of(high),
                          (unsigned)(ends ? 1 : uid_of(high - size + 1)));
    assert_true(n < room);
  }
  snprintf(text + n, room - n, "\r\nt OK ");
}

static void counted(void **state) {
  (void)state;
  static char want[100000];
  char command[100];
  imap4_limits limits = usual();
  for (uint32_t seed = 1; seed <= 60; seed++) {
    test t;
    random_state = seed;
    mailbox_clear();
    for (uint32_t n = 1 + pick(200); n > 0; n--)
      mailbox_add(1 + pick(1 + pick(50)), 1 + pick(pick(20) ? 1 + pick(200) : 5000));
    limits.output_octets = pick(2) ? 256 : 32768;
    limits.work_budget = 1 + pick(10);
    begin(&t, &limits);
    for (int i = 0; i < 4; i++) {
      uint32_t size = 500 + pick(pick(2) ? 10 : 2 * messages), first = 1 + pick(4), last = first + pick(6);
      bool all = i == 0 || size > 100000 / (last - first + 1);
      count_batches(size, all ? 1 : first, all ? UINT32_MAX - 1 : last, want, sizeof want);
      snprintf(command, sizeof command, all ? "UIDBATCHES %u" : "UIDBATCHES %u %u:%u", (unsigned)size,
               (unsigned)first, (unsigned)last);
      client_line(&t.c, "u UNSELECT");
      client_line(&t.c, "s SELECT INBOX");
      expect(&t, command, want);
    }
    end(&t);
  }
}

/* ---- the work ------------------------------------------------------------------------------- */

/* Calls of imap4_session_run(), each of one step, until there is a reply. */
static uint32_t steps(client *c, const char *linez) {
  uint32_t n = 0;
  size_t used;
  client_forget(c);
  assert_int_equal(imap4_session_input(c->session, linez, strlen(linez), &used), IMAP4_OK);
  assert_int_equal(used, strlen(linez));
  while (imap4_session_want(c->session) & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE)) {
    client_run(c);
    n++;
  }
  assert_non_null(strstr(c->said, "\r\nt OK "));
  return n;
}

static uint32_t times(const char *said, char what) {
  uint32_t n = 0;
  for (; *said; said++)
    n += *said == what;
  return n;
}

/* A million messages, each with a gap behind it: many small steps, and next to no memory. */
static void holes(void **state) {
  (void)state;
  imap4_limits limits = usual();
  test t;
  mailbox_clear();
  for (uint32_t i = 0; i < RANGES_MAX; i++)
    mailbox_add(1, 1);
  limits.work_budget = 1;
  begin(&t, &limits);
  uint64_t before = client_info(&t.c).memory;
  uint32_t n = steps(&t.c, "t UIDBATCHES 500\r\n");
  assert_in_range(n, RANGES_MAX / 512, RANGES_MAX / 512 + 100);
  assert_int_equal(times(t.c.said, ','), RANGES_MAX / 500 - 1);
  assert_non_null(strstr(t.c.said, " (TAG \"t\") 2000000:1999002,1999000:1998002,"));
  assert_non_null(strstr(t.c.said, ",2000:1002,1000:1\r\n"));
  assert_int_equal(client_info(&t.c).memory, before);
  /* The last ones are as far away. */
  n = steps(&t.c, "t UIDBATCHES 1000 1000:1000\r\n");
  assert_in_range(n, RANGES_MAX / 512, RANGES_MAX / 512 + 100);
  assert_non_null(strstr(t.c.said, " (TAG \"t\") 2000:1\r\n"));
  n = steps(&t.c, "t UIDBATCHES 1000 1:1\r\n");
  assert_in_range(n, 1, 20);
  end(&t);
}

/* A million messages without a gap cost as much as what is told of them. */
static void without_holes(void **state) {
  (void)state;
  imap4_limits limits = usual();
  test t;
  mailbox_clear();
  mailbox_add(0, 1000000);
  limits.work_budget = 1;
  begin(&t, &limits);
  assert_in_range(steps(&t.c, "t UIDBATCHES 100000\r\n"), 1, 20);
  assert_int_equal(times(t.c.said, ','), 9);
  assert_non_null(strstr(t.c.said, " 1000000:900001,900000:800001,"));
  assert_non_null(strstr(t.c.said, ",200000:100001,100000:1\r\n"));
  assert_in_range(steps(&t.c, "t UIDBATCHES 500 1900:2000\r\n"), 1, 20);
  assert_int_equal(times(t.c.said, ','), 100);
  end(&t);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* The highest UIDs that there can be. */
static void highest(void **state) {
  (void)state;
  imap4_limits limits = usual();
  test t;
  mailbox_clear();
  mailbox_add(0, 1);
  mailbox_add(4294967294u - 1 - 600, 600);
  begin(&t, &limits);
  expect(&t, "UIDBATCHES 600", "* UIDBATCHES (TAG \"t\") 4294967294:4294966695,1:1\r\n");
  expect(&t, "UIDBATCHES 4294967295", "* UIDBATCHES (TAG \"t\") 4294967294:1\r\n");
  end(&t);
}

/* As many batches as the default allows, and one more; any number with 0. */
static void many(void **state) {
  (void)state;
  imap4_limits limits = usual();
  for (uint32_t i = 0; i < 4; i++) {
    test t;
    mailbox_clear();
    mailbox_add(0, 500 * (limits.uid_batches > 0 ? limits.uid_batches : 10001) - 1 + i);
    if (i == 3) limits.uid_batches = 0;
    begin(&t, &limits);
    expect(&t, "UIDBATCHES 500", i == 2 ? "t NO [TOOMANY] " : "\r\nt OK ");
    expect(&t, "UIDBATCHES 500 1:200", i == 2 ? "\r\nt OK " : "t NO [LIMIT] ");
    end(&t);
  }
}

/* Section 3.2: not more UIDs than messages in one command, unless that would be no 100,000 messages. */
static void with_message_limit(void **state) {
  (void)state;
  static const struct {
    uint32_t limit, messages;
    bool ok;
  } cases[] = {{1000, 249999, true}, {1000, 250000, true}, {1000, 250001, false},
               {100, 99999, true},   {100, 100000, true},  {100, 100001, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    imap4_limits limits = usual();
    test t;
    limits.command_messages = cases[i].limit;
    mailbox_clear();
    mailbox_add(0, cases[i].messages);
    begin(&t, &limits);
    expect(&t, "UIDBATCHES 500", cases[i].ok ? "\r\nt OK " : "t NO [TOOMANY] ");
    expect(&t, "UIDBATCHES 500 1:200", cases[i].ok ? "t NO [LIMIT] " : "\r\nt OK ");
    end(&t);
  }
}

/* Section 3.1.1: five sizes are too many to remember, four are not. */
static void remembered(void **state) {
  (void)state;
  imap4_limits limits = usual();
  test t;
  char command[100];
  mailbox_clear();
  mailbox_add(0, 3000);
  begin(&t, &limits);
  for (unsigned size = 500; size < 504; size++) {
    snprintf(command, sizeof command, "UIDBATCHES %u", size);
    expect(&t, command, "\r\nt OK ");
  }
  for (unsigned size = 500; size < 504; size++) {
    snprintf(command, sizeof command, "UIDBATCHES %u", size);
    expect(&t, command, "t NO [LIMIT] ");
  }
  expect(&t, "UIDBATCHES 504", "\r\nt OK ");
  expect(&t, "UIDBATCHES 501", "t NO [LIMIT] ");
  expect(&t, "UIDBATCHES 500", "\r\nt OK ");
  /* What does not touch what was told before takes its place. */
  expect(&t, "UIDBATCHES 600 1:1", "\r\nt OK ");
  expect(&t, "UIDBATCHES 600 3:3", "\r\nt OK ");
  expect(&t, "UIDBATCHES 600 3:3", "t NO [LIMIT] ");
  expect(&t, "UIDBATCHES 600 2:2", "\r\nt OK ");
  expect(&t, "UIDBATCHES 600 2:3", "t NO [LIMIT] ");
  expect(&t, "UIDBATCHES 600 4:4", "\r\nt OK ");
  expect(&t, "UIDBATCHES 600 2:4", "t NO [LIMIT] ");
  expect(&t, "UIDBATCHES 600", "\r\nt OK ");
  expect(&t, "UIDBATCHES 600 1:1", "t NO [LIMIT] ");
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counted),    cmocka_unit_test(holes), cmocka_unit_test(without_holes),
      cmocka_unit_test(highest),    cmocka_unit_test(many),  cmocka_unit_test(with_message_limit),
      cmocka_unit_test(remembered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
