/* SPDX-License-Identifier: MIT */
/*
 * A store whose answers break the rules of store.h, one at a time.  The library refuses such an answer or
 * does without it; it never crashes, goes round for ever, loses mail or passes nonsense on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

/* The store in memory, and how this one differs from it. */
static const imap4_store *honest;
static void (*bend)(imap4_store *table);

static void take_table(imap4_store *table) {
  bend(table);
}

static void begin(host *h, client *c, void (*how)(imap4_store *table), uint32_t without, int messages) {
  host_options options = {.bend = take_table};
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  memory.without = without;
  bend = how;
  host_open_with(h, &memory, &options);
  honest = imap4_memory_table(h->memory);
  host_fill(h, "INBOX", messages);
  assert_int_equal(imap4_memory_claim_recent(h->memory, span(""), span("INBOX")), IMAP4_OK);
  assert_int_equal(imap4_memory_add_mailbox(h->memory, span(""), span("box"), 0), IMAP4_OK);
  client_open(c, h);
}

static void begin_selected(host *h, client *c, void (*how)(imap4_store *table), uint32_t without,
                           int messages) {
  begin(h, c, how, without, messages);
  client_line(c, "a1 LOGIN somebody secret");
  assert_non_null(strstr(client_line(c, "a2 SELECT INBOX"), "a2 OK"));
}

static void end(host *h, client *c) {
  client_close(c);
  host_close(h);
}

static void expect(client *c, const char *linez, const char *startz) {
  const char *said = client_line(c, linez);
  if (strncmp(said, startz, strlen(startz)) == 0) return;
  print_message("%s: %s", linez, said);
  fail();
}

static void expect_messages(client *c, const char *mailboxz, unsigned count) {
  char line[100], answer[100];
  snprintf(line, sizeof line, "zz STATUS %s (MESSAGES)", mailboxz);
  snprintf(answer, sizeof answer, "* STATUS %s (MESSAGES %u)\r\nzz OK ", mailboxz, count);
  expect(c, line, answer);
}

/* ---- ranges that are not there -------------------------------------------------------------- */

static const imap4_uid_ranges nowhere = {NULL, 3};

static int null_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  int status = honest->copy(user, op, args, out);
  out->source = out->target = nowhere;
  return status;
}

static int null_commit(void *user, imap4_op op, const imap4_upload_args *args,
                       imap4_append_commit_result *out) {
  int status = honest->append_commit(user, op, args, out);
  out->uids = nowhere;
  return status;
}

static int null_store_flags(void *user, imap4_op op, const imap4_store_flags_args *args,
                            imap4_store_flags_result *out) {
  int status = honest->store_flags(user, op, args, out);
  out->modified = nowhere;
  return status;
}

static int null_vanished(void *user, imap4_op op, const imap4_vanished_args *args,
                         imap4_vanished_result *out) {
  (void)user, (void)op, (void)args;
  out->uids = nowhere;
  out->last = 1;
  return IMAP4_OK;
}

static void with_null_ranges(imap4_store *table) {
  table->copy = table->move = null_copy;
  table->append_commit = null_commit;
  table->store_flags = null_store_flags;
  table->vanished = null_vanished;
}

static void ranges_without_memory(void **state) {
  (void)state;
  host h;
  client c;
  begin_selected(&h, &c, with_null_ranges, 0, 3);
  expect(&c, "b1 COPY 1 box", "b1 NO [SERVERBUG] ");
  expect(&c, "b2 MOVE 1 box", "b2 NO [SERVERBUG] ");
  expect(&c, "b3 APPEND box {3+}\r\nabc", "b3 NO [SERVERBUG] ");
  assert_non_null(strstr(client_line(&c, "b4 STORE 1 +FLAGS.SILENT (\\Seen)"), "b4 NO [SERVERBUG] "));
  host_expunge(&h, "INBOX", 2, 2);
  expect(&c, "b5 NOOP", "* 2 EXPUNGE\r\n");
  end(&h, &c);
}

/* ---- which UIDs there are ------------------------------------------------------------------- */

static imap4_uids_result lie;
static uint32_t uids_calls;

static int lying_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  (void)user, (void)op, (void)args;
  uids_calls++;
  out->uids = lie.uids;
  out->last = lie.last;
  out->first_unseen = lie.first_unseen;
  return IMAP4_OK;
}

static void with_lying_uids(imap4_store *table) {
  table->uids = lying_uids;
}

static void ranges_of_uids(void **state) {
  (void)state;
  static const imap4_uid_range good[] = {{1, 2}, {3, 900}}, bad[] = {{2, 3}, {1, 1}}, none[] = {{0, 2}};
  static const imap4_uids_result refused[] = {
      {.uids = {NULL, 1}, .last = 1}, {.uids = {bad, 2}, .last = 1},  {.uids = {none, 1}, .last = 1},
      {.uids = {good, 0}, .last = 0}, {.uids = {good, 1}, .last = 0}, {.uids = {good, 5000}, .last = 1}};
  host h;
  client c;
  begin(&h, &c, with_lying_uids, 0, 3);
  expect(&c, "a1 LOGIN somebody secret", "a1 OK ");
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    lie = refused[i];
    uids_calls = 0;
    expect(&c, "b1 SELECT INBOX", "b1 NO [SERVERBUG] ");
    assert_in_range(uids_calls, 1, 2);
  }
  /* What is beyond UIDNEXT has come after it was asked for; a UID that is not there is not the first unseen.
   */
  lie = (imap4_uids_result){.uids = {good, 2}, .last = 1, .first_unseen = 3};
  assert_non_null(strstr(client_line(&c, "b2 SELECT INBOX"), "* 3 EXISTS\r\n* 0 RECENT\r\n* OK [UNSEEN 3] "));
  lie.first_unseen = 4;
  assert_null(strstr(client_line(&c, "b3 SELECT INBOX"), "UNSEEN"));
  lie = (imap4_uids_result){.uids = {good + 1, 1}, .last = 0};
  assert_non_null(strstr(client_line(&c, "b4 SELECT INBOX"), "* 1 EXISTS\r\n* 0 RECENT\r\n* OK [PERMANENT"));
  end(&h, &c);
}

/* ---- no progress ---------------------------------------------------------------------------- */

static uint32_t vanished_calls;

static int endless_vanished(void *user, imap4_op op, const imap4_vanished_args *args,
                            imap4_vanished_result *out) {
  static const imap4_uid_range first = {1, 1};
  (void)user, (void)op, (void)args;
  vanished_calls++;
  out->uids = (imap4_uid_ranges){&first, 1};
  out->last = 0;
  return IMAP4_OK;
}

static void with_endless_vanished(imap4_store *table) {
  table->vanished = endless_vanished;
}

static void same_answer_for_ever(void **state) {
  (void)state;
  host h;
  client c;
  begin_selected(&h, &c, with_endless_vanished, 0, 3);
  host_expunge(&h, "INBOX", 2, 2);
  vanished_calls = 0;
  expect(&c, "b1 NOOP", "* 2 EXPUNGE\r\nb1 OK ");
  assert_in_range(vanished_calls, 1, 3);
  end(&h, &c);
}

/* ---- objects that are NULL ------------------------------------------------------------------ */

static int null_account(void *user, imap4_op op, const imap4_authenticate_args *args,
                        imap4_authenticate_result *out) {
  (void)user, (void)op, (void)args, (void)out;
  return IMAP4_OK;
}

static int null_mailbox(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out) {
  (void)user, (void)op, (void)args, (void)out;
  return IMAP4_OK;
}

static int null_upload(void *user, imap4_op op, const imap4_append_begin_args *args,
                       imap4_append_begin_result *out) {
  (void)user, (void)op, (void)args, (void)out;
  return IMAP4_OK;
}

static void with_null_account(imap4_store *table) {
  table->authenticate = null_account;
}

static void with_null_objects(imap4_store *table) {
  table->open = null_mailbox;
  table->append_begin = null_upload;
  table->status = NULL;
}

static void objects_that_are_null(void **state) {
  (void)state;
  host h;
  client c;
  begin(&h, &c, with_null_account, 0, 0);
  expect(&c, "a1 LOGIN somebody secret", "a1 NO [SERVERBUG] ");
  expect(&c, "a2 SELECT INBOX", "a2 BAD ");
  end(&h, &c);
  begin(&h, &c, with_null_objects, 0, 1);
  client_line(&c, "a1 LOGIN somebody secret");
  expect(&c, "b1 SELECT INBOX", "b1 NO [SERVERBUG] ");
  expect(&c, "b2 STATUS INBOX (MESSAGES)", "b2 NO [SERVERBUG] ");
  expect(&c, "b3 RENAME INBOX old", "b3 NO [SERVERBUG] ");
  expect(&c, "b4 APPEND INBOX {3+}\r\nabc", "b4 NO [SERVERBUG] ");
  expect(&c, "b5 NOOP", "b5 OK ");
  end(&h, &c);
}

/* ---- UIDs that do not add up ---------------------------------------------------------------- */

static const imap4_uid_range seven_to_900 = {7, 900};

static int wide_commit(void *user, imap4_op op, const imap4_upload_args *args,
                       imap4_append_commit_result *out) {
  int status = honest->append_commit(user, op, args, out);
  out->uids = (imap4_uid_ranges){&seven_to_900, 1};
  return status;
}

/* As many as were asked for, but others. */
static int other_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  static const imap4_uid_range other = {7, 7}, target = {1, 1};
  int status = honest->copy(user, op, args, out);
  out->source = (imap4_uid_ranges){&other, 1};
  out->target = (imap4_uid_ranges){&target, 1};
  return status;
}

static void with_wrong_uids(imap4_store *table) {
  table->append_commit = wide_commit;
  if (table->copy) table->copy = other_copy;
}

static void uids_that_do_not_add_up(void **state) {
  (void)state;
  host h;
  client c;
  begin_selected(&h, &c, with_wrong_uids, 0, 3);
  expect(&c, "b1 APPEND box {3+}\r\nabc", "b1 OK APPEND completed\r\n");
  expect(&c, "b2 COPY 2 box", "b2 OK COPY completed\r\n");
  expect_messages(&c, "box", 2);
  end(&h, &c);
  begin_selected(&h, &c, with_wrong_uids, IMAP4_MEMORY_WITHOUT_COPY, 3);
  expect(&c, "b3 COPY 1:2 box", "b3 OK COPY completed\r\n");
  expect_messages(&c, "box", 2);
  end(&h, &c);
}

/* The number of rows is right for the store, but it says too early that there are no more. */
static int short_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = honest->query(user, op, args, out);
  if (!(args->attributes & IMAP4_ATTR_DIGEST) || out->count < 2) return status;
  out->count = 1;
  out->last = 1;
  return status;
}

static void with_short_pages(imap4_store *table) {
  table->query = short_query;
}

static void moved_is_what_was_copied(void **state) {
  (void)state;
  host h;
  client c;
  begin_selected(&h, &c, with_short_pages, IMAP4_MEMORY_WITHOUT_COPY | IMAP4_MEMORY_WITHOUT_MOVE, 3);
  expect(&c, "b1 MOVE 1:3 box", "b1 NO [EXPUNGEISSUED] ");
  expect_messages(&c, "box", 0);
  expect(&c, "b2 UID MOVE 1:3 box", "* OK [COPYUID 2 1 1] Moved\r\n* 1 EXPUNGE\r\nb2 OK ");
  expect_messages(&c, "box", 1);
  expect_messages(&c, "INBOX", 2);
  client_line(&c, "b3 RENAME INBOX old");
  assert_non_null(strstr(client_line(&c, "b4 STATUS INBOX (MESSAGES)"), "* STATUS INBOX (MESSAGES 1)\r\n"));
  expect_messages(&c, "old", 1);
  end(&h, &c);
}

/* ---- numbers that can't be ------------------------------------------------------------------ */

static imap4_status_result numbers;

static int given_status(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out) {
  (void)user, (void)op, (void)args;
  *out = numbers;
  return IMAP4_OK;
}

static void with_given_status(imap4_store *table) {
  table->status = given_status;
}

static void numbers_of_status(void **state) {
  (void)state;
  static const imap4_status_result wrong[] = {
      {.messages = 0},
      {.uidnext = 0, .uidvalidity = 1},
      {.uidnext = 1, .uidvalidity = 0},
      {.uidnext = 1, .uidvalidity = 1, .messages = 1, .unseen = 2},
      {.uidnext = 1, .uidvalidity = 1, .messages = 1, .recent = 2},
      {.uidnext = 1, .uidvalidity = 1, .messages = 1, .deleted = 2},
      {.uidnext = 1, .uidvalidity = 1, .messages = 1, .size = UINT64_MAX},
  };
  host h;
  client c;
  begin(&h, &c, with_given_status, 0, 0);
  client_line(&c, "a1 LOGIN somebody secret");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    numbers = wrong[i];
    expect(&c, "b1 STATUS box (MESSAGES UNSEEN RECENT)", "b1 NO [SERVERBUG] ");
  }
  numbers = (imap4_status_result){.uidnext = 2, .uidvalidity = 1, .messages = 1, .unseen = 1, .recent = 1};
  expect(&c, "b1 STATUS box (UNSEEN RECENT)", "* STATUS box (RECENT 1 UNSEEN 1)\r\nb1 OK ");
  /* A store need not count what was not asked for. */
  numbers = (imap4_status_result){.uidnext = 2, .uidvalidity = 1, .unseen = 1, .deleted = 1};
  numbers.known = IMAP4_STATUS_DELETED;
  expect(&c, "b2 STATUS box (UNSEEN)", "* STATUS box (UNSEEN 1)\r\nb2 OK ");
  expect(&c, "b3 STATUS box (DELETED)", "* STATUS box (DELETED 1)\r\nb3 OK ");
  end(&h, &c);
}

/* A store that was compiled when the result was shorter: what it can't know is counted. */
static int old_status(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out) {
  uint32_t size = offsetof(imap4_status_result, known);
  imap4_status_result full = {.struct_size = size, .messages = 7, .uidnext = 8, .uidvalidity = 1};
  void *old = malloc(size);
  (void)user, (void)out;
  assert_non_null(old);
  memcpy(old, &full, size);
  assert_int_equal(imap4_op_complete(args->session, op, IMAP4_OK, old), IMAP4_OK);
  free(old);
  return IMAP4_PENDING;
}

static void with_old_status(imap4_store *table) {
  table->status = old_status;
}

static void status_of_an_old_store(void **state) {
  (void)state;
  host h;
  client c;
  begin(&h, &c, with_old_status, 0, 2);
  client_line(&c, "a1 LOGIN somebody secret");
  expect(&c, "b1 STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 7)\r\nb1 OK ");
  expect(&c, "b2 STATUS INBOX (MESSAGES DELETED)", "* STATUS INBOX (MESSAGES 2 DELETED 0)\r\nb2 OK ");
  end(&h, &c);
}

/* ---- rows ----------------------------------------------------------------------------------- */

enum { HUGE_DIGEST = 3000000 };
static char *huge;
static bool inside;

static int huge_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  static imap4_row rows[256];
  int status = honest->query(user, op, args, out);
  for (uint32_t i = 0; i < out->count; i++) {
    rows[i] = out->rows[i];
    rows[i].digest = (imap4_str){huge, HUGE_DIGEST};
  }
  out->rows = rows;
  if (!inside) return status;
  assert_int_equal(imap4_op_complete(args->session, op, status, out), IMAP4_OK);
  return IMAP4_PENDING;
}

static void with_huge_digests(imap4_store *table) {
  table->query = huge_query;
}

/* The same answer gives the same octets, whether it comes at once or by imap4_op_complete(). */
static void digests_beyond_the_limit(void **state) {
  (void)state;
  huge = calloc(1, HUGE_DIGEST);
  assert_non_null(huge);
  for (int i = 0; i < 2; i++) {
    host h;
    client c;
    inside = i == 1;
    begin_selected(&h, &c, with_huge_digests, 0, 10);
    expect(&c, "b1 FETCH 10 (UID BODY)",
           "* 10 FETCH (UID 10 BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 6 1))\r\n"
           "b1 OK ");
    assert_true(client_info(&c).memory_peak < 1000000);
    end(&h, &c);
  }
  free(huge);
}

/* Rows of a store that was compiled when they were shorter: what they lack is not there. */
static int old_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  static char rows[256 * sizeof(imap4_row)];
  const size_t size = offsetof(imap4_row, email_id);
  int status = honest->query(user, op, args, out);
  for (uint32_t i = 0; i < out->count; i++)
    memcpy(rows + i * size, &out->rows[i], size);
  out->rows = (const void *)rows;
  out->row_size = (uint32_t)size;
  if (!inside) return status;
  assert_int_equal(imap4_op_complete(args->session, op, status, out), IMAP4_OK);
  return IMAP4_PENDING;
}

static void with_old_rows(imap4_store *table) {
  table->query = old_query;
}

static void rows_of_an_old_store(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    host h;
    client c;
    inside = i == 1;
    begin_selected(&h, &c, with_old_rows, 0, 3);
    expect(&c, "b1 FETCH 2:3 (UID FLAGS SAVEDATE)",
           "* 2 FETCH (UID 2 FLAGS () SAVEDATE NIL)\r\n"
           "* 3 FETCH (UID 3 FLAGS () SAVEDATE NIL)\r\nb1 OK ");
    end(&h, &c);
  }
}

/* Identifiers that could not stand in a response, and none where there must be one. */
static imap4_row identified;

static int identifying_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  static imap4_row rows[256];
  int status = honest->query(user, op, args, out);
  for (uint32_t i = 0; i < out->count; i++) {
    rows[i] = out->rows[i];
    if (!(args->attributes & IMAP4_ATTR_OBJECTID)) continue;
    rows[i].email_id = identified.email_id;
    rows[i].thread_id = identified.thread_id;
  }
  out->rows = rows;
  return status;
}

static void with_identifiers(imap4_store *table) {
  table->query = identifying_query;
  table->keeps |= IMAP4_KEEPS_OBJECT_IDS;
}

static void identifiers(void **state) {
  static char longest[256];
  (void)state;
  memset(longest, 'x', sizeof longest);
  const imap4_row wrong[] = {
      {.email_id = span("M 1")},
      {.email_id = span("M)1")},
      {.email_id = span("M1"), .thread_id = span("T\r\n1")},
      {.email_id = {longest, 256}},
      {.email_id = {NULL, 2}},
      {.thread_id = span("T1")},
  };
  host h;
  client c;
  begin_selected(&h, &c, with_identifiers, 0, 1);
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    identified = wrong[i];
    expect(&c, "b1 FETCH 1 EMAILID", "b1 NO [SERVERBUG] ");
  }
  identified = (imap4_row){.email_id = {longest, 255}, .thread_id = span("t-_9")};
  expect(&c, "b2 FETCH 1 THREADID", "* 1 FETCH (THREADID (t-_9))\r\nb2 OK ");
  expect(&c, "b3 FETCH 1 EMAILID", "* 1 FETCH (EMAILID (xxxxxx");
  end(&h, &c);
}

static imap4_query_result bent; /* what is not zero replaces what was said */

static int bent_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = honest->query(user, op, args, out);
  if (bent.row_size > 0) out->row_size = bent.row_size;
  if (bent.count > 0) out->count = bent.count;
  if (!inside) return status;
  assert_int_equal(imap4_op_complete(args->session, op, status, out), IMAP4_OK);
  return IMAP4_PENDING;
}

static void with_bent_rows(imap4_store *table) {
  table->query = bent_query;
}

static void rows_of_odd_sizes(void **state) {
  (void)state;
  static const imap4_query_result odd[] = {
      {.row_size = 1},          {.row_size = sizeof(imap4_row) - 1}, {.row_size = sizeof(imap4_row) + 1},
      {.row_size = UINT32_MAX}, {.row_size = UINT32_MAX - 7},        {.count = UINT32_MAX},
      {.count = 129},
  };
  for (size_t i = 0; i < 2 * sizeof odd / sizeof odd[0]; i++) {
    host h;
    client c;
    bent = (imap4_query_result){.row_size = 0};
    inside = i % 2 == 1;
    begin_selected(&h, &c, with_bent_rows, 0, 2);
    bent = odd[i / 2];
    expect(&c, "b1 FETCH 1:2 UID", "b1 NO [SERVERBUG] ");
    end(&h, &c);
  }
}

/* ---- namespaces and delimiters -------------------------------------------------------------- */

static void namespaces_that_can_not_be_said(void **state) {
  (void)state;
  enum { MANY = 65 };
  static imap4_namespace many[MANY];
  for (size_t i = 0; i < MANY; i++)
    many[i] = (imap4_namespace){.prefix = {"x", 1}, .kind = 2, .delimiter = '/'};
  static const imap4_namespace control = {.prefix = {"a\tb/", 4}, .delimiter = '/'};
  static const imap4_namespace broken = {.prefix = {"\xff/", 2}, .delimiter = '/'};
  static const imap4_namespace wildcard = {.prefix = {"x", 1}, .delimiter = '%'};
  const struct {
    const imap4_namespace *entries;
    uint32_t count;
  } wrong[] = {{&control, 1}, {&broken, 1}, {&wildcard, 1}, {many, MANY}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    imap4_memory_config memory;
    host h;
    client c;
    imap4_memory_config_init(&memory);
    memory.namespaces = wrong[i].entries;
    memory.namespace_count = wrong[i].count;
    host_open(&h, &memory, NULL);
    client_open(&c, &h);
    client_line(&c, "a1 LOGIN somebody secret");
    expect(&c, "a2 NAMESPACE", "a2 NO [SERVERBUG] ");
    expect(&c, "a3 NOOP", "a3 OK ");
    end(&h, &c);
  }
}

/* ---- quotas --------------------------------------------------------------------------------- */

static imap4_quota_roots_result roots_answer;

static int lie_about_roots(void *user, imap4_op op, const imap4_quota_roots_args *args,
                           imap4_quota_roots_result *out) {
  (void)user;
  (void)op;
  (void)args;
  out->roots = roots_answer.roots;
  out->count = roots_answer.count;
  return IMAP4_OK;
}

static int lie_about_quota(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out) {
  (void)user;
  (void)op;
  (void)args;
  out->limited = UINT32_MAX;
  out->storage = out->mailbox = (imap4_quota_resource){UINT64_MAX, UINT64_MAX};
  return IMAP4_OK;
}

static void bend_quota(imap4_store *table) {
  table->quota_resources = IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MAILBOX;
  table->quota_roots = lie_about_roots;
  table->quota = lie_about_quota;
}

static void quota_roots_that_can_not_be_said(void **state) {
  (void)state;
  enum { MOST = 64, MANY };
  static imap4_str many[MANY];
  static const imap4_str nul = {"a\0b", 3};
  static const imap4_str broken = {"\xff", 1};
  static const imap4_str missing = {NULL, 4};
  static const imap4_str fine[] = {{"#user/a b", 9}, {"\xc3\xa9", 2}};
  const imap4_quota_roots_result wrong[] = {{0, 1, &nul},    {0, 1, &broken}, {0, 1, &missing},
                                            {0, MANY, many}, {0, 1, NULL},    {0, UINT32_MAX, many}};
  imap4_memory_config memory;
  host h;
  client c;
  host_options options = {.bend = bend_quota};
  imap4_memory_config_init(&memory);
  host_open_with(&h, &memory, &options);
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN somebody secret");
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    roots_answer = wrong[i];
    expect(&c, "a2 GETQUOTAROOT INBOX", "a2 NO [SERVERBUG] ");
  }
  roots_answer = (imap4_quota_roots_result){0, 2, fine};
  assert_non_null(strstr(client_line(&c, "a3 GETQUOTAROOT INBOX"),
                         "* QUOTAROOT INBOX \"#user/a b\" {2}\r\n\xc3\xa9\r\n"
                         "* QUOTA \"#user/a b\" (STORAGE 9223372036854775807 9223372036854775807 "
                         "MAILBOX 9223372036854775807 9223372036854775807)\r\n"));
  roots_answer = (imap4_quota_roots_result){0, MOST, many};
  assert_non_null(strstr(client_line(&c, "a5 GETQUOTAROOT INBOX"), "\r\na5 OK "));
  expect(&c, "a4 SETQUOTA x (STORAGE 1)", "a4 BAD "); /* there is no set_quota */
  end(&h, &c);
}

static uint32_t delimiter;

static int with_delimiter(void *user, imap4_op op, const imap4_authenticate_args *args,
                          imap4_authenticate_result *out) {
  int status = honest->authenticate(user, op, args, out);
  out->delimiter = delimiter;
  return status;
}

static int sasl_with_delimiter(void *user, imap4_op op, const imap4_sasl_args *args, imap4_sasl_result *out) {
  int status = honest->sasl(user, op, args, out);
  out->delimiter = delimiter;
  return status;
}

static void with_delimiters(imap4_store *table) {
  table->authenticate = with_delimiter;
  table->sasl = sasl_with_delimiter;
}

static void delimiters_that_are_none(void **state) {
  (void)state;
  static const uint32_t wrong[] = {'%', '*', '"', '\\', ' ', '\n', 127, 200, 0x12f};
  static const imap4_memory_step step = {{"", 0}, {"one", 3}};
  host_options options = {.bend = with_delimiters};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    imap4_memory_config memory;
    imap4_session_args args;
    imap4_session *session = NULL;
    host h;
    client c;
    delimiter = wrong[i];
    imap4_memory_config_init(&memory);
    memory.sasl_mechanismz = "X-ONE";
    memory.steps = &step;
    memory.step_count = 1;
    host_open_with(&h, &memory, &options);
    honest = imap4_memory_table(h.memory);
    client_open(&c, &h);
    expect(&c, "a1 LOGIN somebody secret", "a1 NO [SERVERBUG] ");
    expect(&c, "a2 AUTHENTICATE X-ONE b25l", "a2 NO [SERVERBUG] ");
    assert_int_equal(client_info(&c).state, IMAP4_STATE_NOT_AUTHENTICATED);
    void *account = imap4_memory_account(h.memory, span(""));
    assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
    args.account = account;
    args.delimiter = delimiter;
    assert_int_equal(imap4_session_new(h.server, &args, &session), IMAP4_ERR_INVALID);
    honest->release(h.memory, account);
    end(&h, &c);
  }
}

/* ---- what a store is asked ------------------------------------------------------------------ */

static int no_writing(void *user, imap4_str account, imap4_str mailbox, uint32_t rights) {
  (void)user, (void)account, (void)mailbox;
  return rights & IMAP4_RIGHT_WRITE ? IMAP4_ST_NOPERM : IMAP4_OK;
}

static int opened_read_only;

static int noting_open(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out) {
  opened_read_only = args->read_only;
  return honest->open(user, op, args, out);
}

static void with_noting_open(imap4_store *table) {
  table->open = noting_open;
}

/* Who may not write does not open for writing. */
static void rights_before_opening(void **state) {
  (void)state;
  host_options options = {.bend = with_noting_open};
  for (int forbidden = 0; forbidden < 2; forbidden++) {
    imap4_memory_config memory;
    host h;
    client c;
    imap4_memory_config_init(&memory);
    if (forbidden) memory.authorize = no_writing;
    host_open_with(&h, &memory, &options);
    honest = imap4_memory_table(h.memory);
    client_open(&c, &h);
    client_line(&c, "a1 LOGIN somebody secret");
    opened_read_only = -1;
    const char *said = client_line(&c, "a2 SELECT INBOX");
    assert_non_null(strstr(said, forbidden ? "a2 OK [READ-ONLY] " : "a2 OK [READ-WRITE] "));
    assert_int_equal(opened_read_only, forbidden);
    end(&h, &c);
  }
}

/* ---- calls from inside ---------------------------------------------------------------------- */

static int calling_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  imap4_session *s = args->session;
  const void *data;
  size_t n;
  assert_int_equal(imap4_session_input(s, "x LOGOUT\r\n", 10, &n), IMAP4_ERR_REENTRANT);
  assert_int_equal(n, 0);
  assert_int_equal(imap4_session_run(s), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_output(s, &data, &n), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_output_done(s, 0), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_tick(s, UINT64_MAX), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_bye(s, span("Bye")), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_mask(s, UINT64_MAX), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_input_end(s), IMAP4_ERR_REENTRANT);
  assert_int_equal(imap4_session_tls_started(s), IMAP4_ERR_REENTRANT);
  imap4_session_free(s);
  return honest->read(user, op, args, out);
}

static void with_calling_read(imap4_store *table) {
  table->read = calling_read;
}

/* What is refused there has no effect. */
static void calls_from_inside(void **state) {
  (void)state;
  host h;
  client c;
  begin_selected(&h, &c, with_calling_read, 0, 1);
  expect(&c, "b1 FETCH 1 BODY.PEEK[TEXT]", "* 1 FETCH (BODY[TEXT] {6}\r\ntext\r\n)\r\nb1 OK ");
  expect(&c, "b2 IDLE", "+ idling\r\n");
  assert_false(client_closed(&c));
  end(&h, &c);
}

/* ---- a message that goes while it is fetched ------------------------------------------------ */

static uint32_t reads_left;

static int failing_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  return reads_left-- == 0 ? IMAP4_ST_EXPUNGED : honest->read(user, op, args, out);
}

static void with_failing_read(imap4_store *table) {
  table->read = failing_read;
}

static const char *fetch_losing(host *h, client *c, uint32_t reads, uint32_t without, const char *linez) {
  begin_selected(h, c, with_failing_read, without, 2);
  client_line(c, "b0 FETCH 1:* (ENVELOPE)"); /* digests are there, unless they can't be kept */
  reads_left = reads;
  return client_line(c, linez);
}

/* RFC 2180 section 4.1: the message goes between two sections of its response, which is whole all the same.
 */
static void gone_between_sections(void **state) {
  (void)state;
  host h;
  client c;
  reads_left = UINT32_MAX;
  const char *said = fetch_losing(&h, &c, 1, 0, "b1 FETCH 1:2 (BODY.PEEK[HEADER] BODY.PEEK[TEXT] UID)");
  assert_string_equal(said,
                      "* 1 FETCH (BODY[HEADER] {18}\r\nSubject: small\r\n\r\n BODY[TEXT] NIL UID 1)\r\n"
                      "* 2 FETCH (BODY[HEADER] {18}\r\nSubject: small\r\n\r\n BODY[TEXT] {6}\r\ntext\r\n UID "
                      "2)\r\nb1 NO [EXPUNGEISSUED] Some messages no longer exist\r\n");
  expect(&c, "b2 NOOP", "b2 OK ");
  end(&h, &c);
  reads_left = UINT32_MAX;
  said = fetch_losing(&h, &c, 1, 0, "b1 UID FETCH 1 (BODY.PEEK[HEADER.FIELDS.NOT (DATE)] BODY.PEEK[1])");
  assert_string_equal(
      said, "* 1 FETCH (UID 1 BODY[HEADER.FIELDS.NOT (DATE)] {18}\r\nSubject: small\r\n\r\n BODY[1] "
            "NIL)\r\nb1 NO [EXPUNGEISSUED] Some messages no longer exist\r\n");
  end(&h, &c);
}

/* At whatever read it goes: nothing is cut short. */
static void gone_at_any_read(void **state) {
  (void)state;
  static const char line[] = "b1 FETCH 1:2 (BODY.PEEK[HEADER] ENVELOPE BODY.PEEK[TEXT] BODY.PEEK[])";
  for (uint32_t without = 0; without <= IMAP4_MEMORY_WITHOUT_KEEP_DIGEST;
       without += IMAP4_MEMORY_WITHOUT_KEEP_DIGEST) {
    uint32_t reads = 0;
    for (bool done = false; !done; reads++) {
      host h;
      client c;
      reads_left = UINT32_MAX;
      const char *said = fetch_losing(&h, &c, reads, without, line);
      const char *last = strstr(said, "\r\nb1 ");
      last = last ? last + 2 : said;
      done = strncmp(last, "b1 OK ", 6) == 0;
      assert_true(done || strncmp(last, "b1 NO [EXPUNGEISSUED] ", 22) == 0);
      if (last != said) assert_memory_equal(last - 3, ")\r\n", 3);
      assert_false(client_closed(&c));
      end(&h, &c);
    }
    assert_true(reads > 6);
  }
}

/* RFC 9051 section 9, number64: clients need not understand more than 63 bits. */
static uint64_t given_size;

static int sized_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  static imap4_row row;
  int status = honest->query(user, op, args, out);
  assert_int_equal(out->count, 1);
  row = out->rows[0];
  row.size = given_size;
  out->rows = &row;
  return status;
}

static void with_given_size(imap4_store *table) {
  table->query = sized_query;
}

static void sizes_that_are_no_numbers(void **state) {
  (void)state;
  host h;
  client c;
  given_size = INT64_MAX;
  begin_selected(&h, &c, with_given_size, 0, 1);
  expect(&c, "b1 FETCH 1 RFC822.SIZE", "* 1 FETCH (RFC822.SIZE 9223372036854775807)\r\nb1 OK ");
  given_size++;
  expect(&c, "b2 FETCH 1 RFC822.SIZE", "b2 NO [SERVERBUG] ");
  expect(&c, "b3 FETCH 1 BINARY.SIZE[]", "b3 NO [SERVERBUG] ");
  expect(&c, "b4 SEARCH LARGER 1", "b4 NO [SERVERBUG] ");
  expect(&c, "b5 FETCH 1 FLAGS", "* 1 FETCH (FLAGS ())\r\nb5 OK ");
  end(&h, &c);
}

/* Rows of messages that were not asked for, before and behind those that were. */
static int unasked_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  imap4_query_args all = *args;
  all.uids = (imap4_uid_ranges){NULL, 0};
  return honest->query(user, op, &all, out);
}

static void with_unasked_rows(imap4_store *table) {
  table->query = unasked_query;
}

/* RFC 9738: a page that goes down has room for its own messages alone. */
static void rows_of_others(void **state) {
  (void)state;
  host h;
  client c;
  imap4_memory_config memory;
  imap4_limits limits;
  imap4_memory_config_init(&memory);
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  limits.command_messages = 3;
  limits.query_rows = 2;
  host_options options = {.after_login = &limits, .bend = with_unasked_rows};
  host_open_with(&h, &memory, &options);
  honest = imap4_memory_table(h.memory);
  host_fill(&h, "INBOX", 6);
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN joe secret");
  client_line(&c, "a2 SELECT INBOX");
  expect(&c, "b1 UID FETCH 1:5 UID",
         "* 5 FETCH (UID 5)\r\n* 4 FETCH (UID 4)\r\n* 3 FETCH (UID 3)\r\nb1 OK [MESSAGELIMIT 3 3] ");
  end(&h, &c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranges_without_memory),
      cmocka_unit_test(ranges_of_uids),
      cmocka_unit_test(same_answer_for_ever),
      cmocka_unit_test(objects_that_are_null),
      cmocka_unit_test(uids_that_do_not_add_up),
      cmocka_unit_test(moved_is_what_was_copied),
      cmocka_unit_test(numbers_of_status),
      cmocka_unit_test(status_of_an_old_store),
      cmocka_unit_test(rows_of_an_old_store),
      cmocka_unit_test(identifiers),
      cmocka_unit_test(digests_beyond_the_limit),
      cmocka_unit_test(rows_of_odd_sizes),
      cmocka_unit_test(sizes_that_are_no_numbers),
      cmocka_unit_test(rows_of_others),
      cmocka_unit_test(quota_roots_that_can_not_be_said),
      cmocka_unit_test(namespaces_that_can_not_be_said),
      cmocka_unit_test(delimiters_that_are_none),
      cmocka_unit_test(rights_before_opening),
      cmocka_unit_test(calls_from_inside),
      cmocka_unit_test(gone_between_sections),
      cmocka_unit_test(gone_at_any_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
