/* SPDX-License-Identifier: MIT */
/* Several store objects and several processes on the same mailbox. */
#include "kit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void two_objects_in_turn(void **state) {
  struct kit *kit = *state, other;
  imap4_row row;
  kit_second(kit, &other);
  void *a = kit_open(kit, "INBOX"), *b = kit_open(&other, "INBOX");
  uint32_t next = 1;
  for (int i = 0; i < 100; i++) {
    const struct kit *who = i % 2 ? kit : &other;
    assert_int_equal(kit_append(who, "INBOX", "x\r\n", 0, i % 10 ? "" : "key"), next++);
    imap4_mailbox_state sa = kit_poll(kit, a, i % 3 == 0), sb = kit_poll(&other, b, 0);
    assert_int_equal(sa.exists, next - 1);
    assert_int_equal(sb.exists, next - 1);
    assert_true(sa.highest_modseq == sb.highest_modseq);
    assert_int_equal(sa.uidvalidity, sb.uidvalidity);
  }
  kit_flags(kit, a, 7, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "second third");
  kit_poll(&other, b, 0);
  assert_true(kit_row(&other, b, 7, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN);
  assert_int_equal(row.keywords.n, 12);
  kit_expunge(&other, b, 7);
  assert_int_equal(kit_poll(kit, a, 0).exists, 99);
  assert_false(kit_row(kit, a, 7, &row));
  kit_close(&other, b);
  kit_close(kit, a);
  kit_second_end(&other);
}

#define EACH 200
#define PROCESSES 3
#define THREADS 4

/* Append and say which UIDs came. */
static void appender(const struct kit *parent, int out, int flags_too) {
  struct kit kit;
  uint32_t uids[EACH];
  kit_second(parent, &kit);
  void *mailbox = kit_open(&kit, "INBOX");
  kit_poll(&kit, mailbox, 0);
  for (int i = 0; i < EACH; i++) {
    uids[i] = kit_append(&kit, "INBOX", "A: b\r\n\r\n", 0, "");
    if (flags_too && i % 5 == 0) kit_flags(&kit, mailbox, uids[i], IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
    if (i > 0) assert_true(uids[i] > uids[i - 1]);
  }
  kit_close(&kit, mailbox);
  kit_second_end(&kit);
  assert_int_equal(write(out, uids, sizeof uids), sizeof uids);
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void check_all(const struct kit *kit, uint32_t *uids, size_t n) {
  imap4_row row;
  qsort(uids, n, sizeof *uids, ascending);
  for (size_t i = 1; i < n; i++)
    assert_true(uids[i] > uids[i - 1]);
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  assert_int_equal(s.exists, n);
  for (size_t i = 0; i < n; i++)
    assert_true(kit_row(kit, mailbox, uids[i], &row));
  assert_int_equal(kit_count(kit, "cur"), n);
  assert_int_equal(kit_count(kit, "tmp"), 0);
  kit_close(kit, mailbox);
}

static void two_processes(void **state) {
  struct kit *kit = *state;
  static uint32_t uids[PROCESSES][EACH];
  int pipes[PROCESSES][2], status;
  for (int i = 0; i < PROCESSES; i++) {
    assert_int_equal(pipe(pipes[i]), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      appender(kit, pipes[i][1], i);
      _exit(0);
    }
    close(pipes[i][1]);
  }
  for (int i = 0; i < PROCESSES; i++) {
    char *to = (char *)uids[i];
    size_t left = sizeof uids[i];
    while (left > 0) {
      ssize_t got = read(pipes[i][0], to, left);
      assert_true(got > 0);
      to += got;
      left -= (size_t)got;
    }
    close(pipes[i][0]);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  check_all(kit, uids[0], sizeof uids / sizeof uids[0][0]);
}

struct worker {
  const struct kit *kit;
  uint32_t uids[EACH];
  int failures;
  int spare;
};

/* CMocka's checks are for the main thread: count instead. */
static void *work(void *arg) {
  struct worker *worker = arg;
  struct kit kit = *worker->kit;
  const imap4_store *table = imap4_maildir_store();
  kit.account = kit_login(kit.store, "joe");
  void *mailbox;
  worker->failures += kit_try_open(&kit, "INBOX", &mailbox) != IMAP4_OK;
  for (int i = 0; i < EACH && worker->failures == 0; i++) {
    imap4_mailbox_state s;
    worker->failures +=
        kit_try_append(&kit, "INBOX", "A: b\n\n", 0, i % 7 ? "" : "key", &worker->uids[i]) != IMAP4_OK;
    worker->failures += kit_try_poll(&kit, mailbox, &s) != IMAP4_OK;
    imap4_query_args args = {.struct_size = sizeof args,
                             .attributes = 0x1f,
                             .mailbox = mailbox,
                             .capacity = 20,
                             .after_uid = worker->uids[i] - 1};
    imap4_query_result out = {.struct_size = sizeof out};
    worker->failures += table->query(kit.store, 1, &args, &out) != IMAP4_OK || out.count == 0;
    if (out.count > 0) worker->failures += out.rows[0].uid != worker->uids[i] || out.rows[0].size != 8;
    imap4_read_args read_args = {
        .struct_size = sizeof read_args, .uid = worker->uids[i], .mailbox = mailbox, .capacity = 100};
    imap4_read_result data = {.struct_size = sizeof data};
    worker->failures += table->read(kit.store, 1, &read_args, &data) != IMAP4_OK || data.data.n != 8;
  }
  table->close(kit.store, mailbox);
  table->release(kit.store, kit.account);
  return NULL;
}

static void several_threads(void **state) {
  struct kit *kit = *state;
  static struct worker workers[THREADS];
  static uint32_t uids[THREADS][EACH];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){.kit = kit};
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(workers[i].failures, 0);
    memcpy(uids[i], workers[i].uids, sizeof workers[i].uids);
  }
  check_all(kit, uids[0], sizeof uids / sizeof uids[0][0]);
}

#define BEFORE 1500 /* messages, so that reading the directory takes a while */
#define ARRIVING 300

/* Another mail program: delivers, moves from new/ to cur/, flags; never removes. */
static void mover(const struct kit *kit) {
  char a[64], b[64];
  for (int i = 0; i < ARRIVING; i++) {
    snprintf(a, sizeof a, "tmp/%d.M1.h", 10000 + i);
    snprintf(b, sizeof b, "new/%d.M1.h", 10000 + i);
    kit_write(kit, a, "x\n");
    kit_move(kit, a, b);
    if (i % 3 == 0) usleep(300);
    snprintf(a, sizeof a, "cur/%d.M1.h:2,", 10000 + i);
    kit_move(kit, b, a);
    for (int k = 0; k < 60; k++) {
      int message = (i % 25) * 60 + k;
      snprintf(a, sizeof a, "cur/%d.M1.h:2,%s", 1000 + message, i / 25 % 2 ? "F" : "");
      snprintf(b, sizeof b, "cur/%d.M1.h:2,%s", 1000 + message, i / 25 % 2 ? "" : "F");
      kit_move(kit, a, b);
    }
  }
}

/* A file that is renamed while its directory is read may not be seen: that does not mean that it is gone. */
static void nothing_is_lost_on_the_way(void **state) {
  struct kit *kit = *state;
  for (int i = 0; i < BEFORE; i++) {
    char path[64];
    snprintf(path, sizeof path, "cur/%d.M1.h:2,", 1000 + i);
    kit_write(kit, path, "x\n");
  }
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state before = kit_poll(kit, mailbox, 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    mover(kit);
    _exit(0);
  }
  int status;
  uint32_t exists = before.exists;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_true(s.exists >= exists);
    exists = s.exists;
  }
  assert_int_equal(status, 0);
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  assert_int_equal(s.exists, BEFORE + ARRIVING);
  assert_int_equal(s.uidnext, BEFORE + ARRIVING + 1); /* none was taken for another one */
  imap4_vanished_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .since = before.highest_modseq, .capacity = 9};
  imap4_vanished_result out = {.struct_size = sizeof out};
  assert_int_equal(imap4_maildir_store()->vanished(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 0);
  kit_close(kit, mailbox);
}

/* All sessions of a process share what is in memory. */
static void one_copy_per_mailbox(void **state) {
  struct kit *kit = *state;
  void *mailboxes[50];
  for (int i = 0; i < 50; i++)
    mailboxes[i] = kit_open(kit, "INBOX");
  assert_non_null(kit->store->boxes);
  assert_null(kit->store->boxes->next);
  for (int i = 0; i < 50; i++)
    kit_close(kit, mailboxes[i]);
  assert_null(kit->store->boxes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(two_objects_in_turn),        KIT_TEST(two_processes),        KIT_TEST(several_threads),
      KIT_TEST(nothing_is_lost_on_the_way), KIT_TEST(one_copy_per_mailbox),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
