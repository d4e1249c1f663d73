/* SPDX-License-Identifier: MIT */
/*
 * What it costs to come back to a large mailbox (RFC 7162 section 3.2.5): the store is asked for ranges of
 * UIDs and for what has changed, and for no row of any other message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define MESSAGES 20000
#define HOLES 200

static const imap4_store *honest;
static uint64_t rows, ranges, vanished;

static int count_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = honest->query(user, op, args, out);
  if (status == IMAP4_OK) rows += out->count;
  return status;
}

static int count_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  int status = honest->uids(user, op, args, out);
  if (status == IMAP4_OK) ranges += out->uids.n;
  return status;
}

static int count_vanished(void *user, imap4_op op, const imap4_vanished_args *args,
                          imap4_vanished_result *out) {
  int status = honest->vanished(user, op, args, out);
  if (status == IMAP4_OK) vanished += out->uids.n;
  return status;
}

static void count(imap4_store *table) {
  table->query = count_query;
  table->uids = count_uids;
  table->vanished = count_vanished;
}

/* |n| messages, one in each stretch of |every| UIDs, the |at|-th of it. */
static imap4_uid_ranges some(imap4_uid_range *p, uint32_t n, uint32_t every, uint32_t at) {
  for (uint32_t i = 0; i < n; i++)
    p[i].first = p[i].last = i * every + at;
  return (imap4_uid_ranges){p, n};
}

static void flag(host *h, imap4_uid_ranges uids, uint32_t flags) {
  imap4_str keywords = {NULL, 0};
  int status =
      imap4_memory_set_flags(h->memory, span(""), span("INBOX"), uids, IMAP4_STORE_ADD, flags, keywords);
  assert_int_equal(status, IMAP4_OK);
}

static uint32_t times(const char *said, const char *what) {
  uint32_t n = 0;
  for (; (said = strstr(said, what)); said++)
    n++;
  return n;
}

static uint64_t highest(const char *said) {
  const char *code = strstr(said, "[HIGHESTMODSEQ ");
  assert_non_null(code);
  return strtoull(code + strlen("[HIGHESTMODSEQ "), NULL, 10);
}

static void only_what_has_changed(void **state) {
  (void)state;
  static imap4_uid_range p[HOLES];
  imap4_uid_ranges all = {NULL, 0};
  imap4_memory_config memory;
  host_options options = {.bend = count};
  host h;
  client c;
  char line[100];
  imap4_memory_config_init(&memory);
  host_open_with(&h, &memory, &options);
  honest = imap4_memory_table(h.memory);
  host_fill(&h, "INBOX", MESSAGES);
  flag(&h, all, IMAP4_FLAG_SEEN);
  assert_int_equal(imap4_memory_expunge(h.memory, span(""), span("INBOX"), some(p, HOLES, 100, 50)),
                   IMAP4_OK);
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN somebody secret");
  client_line(&c, "a2 ENABLE QRESYNC");
  rows = ranges = vanished = 0;
  uint64_t modseq = highest(client_line(&c, "a3 SELECT INBOX"));
  assert_null(strstr(c.said, "UNSEEN"));
  assert_int_equal(rows, 0);
  assert_int_equal(ranges, HOLES + 1);
  client_line(&c, "a4 UNSELECT");

  flag(&h, some(p, 20, 1000, 7), IMAP4_FLAG_FLAGGED);
  assert_int_equal(imap4_memory_expunge(h.memory, span(""), span("INBOX"), some(p, 10, 2000, 3)), IMAP4_OK);
  rows = ranges = vanished = 0;
  snprintf(line, sizeof line, "b1 SELECT INBOX (QRESYNC (1 %llu))", (unsigned long long)modseq);
  client_line(&c, line);
  assert_int_equal(times(c.said, " FETCH "), 20);
  assert_non_null(
      strstr(c.said, "* VANISHED (EARLIER) 3,2003,4003,6003,8003,10003,12003,14003,16003,18003\r\n"));
  assert_int_equal(rows, 20);
  assert_int_equal(vanished, 10);
  assert_int_equal(ranges, HOLES + 1 + 10);

  rows = 0;
  snprintf(line, sizeof line,
           "b2 UID SEARCH RETURN (MIN COUNT) OR SEEN DRAFT NOT (DRAFT SEEN) MODSEQ %llu FLAGGED",
           (unsigned long long)modseq + 1);
  assert_non_null(strstr(client_line(&c, line), "* ESEARCH (TAG \"b2\") UID MIN 7 COUNT 20 MODSEQ "));
  assert_int_equal(rows, 20);
  client_close(&c);
  host_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_has_changed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
