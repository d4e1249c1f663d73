/* SPDX-License-Identifier: MIT */
/*
 * Everything that can fail fails once: each allocation, each opening of a file, each writing beyond a limit.
 * Calls may answer with an error then; what was answered with OK is there afterwards, what was refused is
 * not, and no file stays open.
 *
 * Allocations of the store go through __wrap_malloc and so on (the linker's --wrap).
 */
#include "kit.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- failing allocations -------------------------------------------------------------------- */

static long fail_at = -1; /* allocations until the one that fails */
static int fail_on;       /* all after it fail too */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static int fails(void) {
  if (fail_at < 0) return 0;
  if (fail_at > 0) {
    fail_at--;
    return 0;
  }
  if (!fail_on) fail_at = -1;
  return 1;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
  return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
  return fails() ? NULL : __real_realloc(p, size);
}

/* ---- what is done --------------------------------------------------------------------------- */

enum {
  OPEN,
  POLL,
  APPEND,
  QUERY,
  READ,
  FLAGS,
  COPY,
  MOVE,
  EXPUNGE,
  LIST,
  SUBSCRIBE,
  STATUS,
  QUOTA,
  CREATE,
  RENAME,
  DELETE,
  STEPS
};

static const imap4_store *table(void) {
  return imap4_maildir_store();
}

static int transfer(const struct kit *kit, void *mailbox, uint32_t uid, int move) {
  imap4_uid_range range = {uid, uid};
  imap4_copy_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .uids = {&range, 1}, .to = kit_str("Other")};
  imap4_copy_result out = {.struct_size = sizeof out};
  return move ? table()->move(kit->store, 1, &args, &out) : table()->copy(kit->store, 1, &args, &out);
}

static int query_all(const struct kit *kit, void *mailbox) {
  imap4_query_args args = {
      .struct_size = sizeof args, .attributes = 0x1f, .mailbox = mailbox, .capacity = 10};
  imap4_query_result out = {.struct_size = sizeof out};
  int status = table()->query(kit->store, 1, &args, &out);
  for (uint32_t i = 0; status == IMAP4_OK && i < out.count; i++)
    assert_true(out.rows[i].size != MD_UNKNOWN);
  return status;
}

static int read_one(const struct kit *kit, void *mailbox, uint32_t uid) {
  imap4_read_args args = {.struct_size = sizeof args, .uid = uid, .mailbox = mailbox, .capacity = 100};
  imap4_read_result out = {.struct_size = sizeof out};
  int status = table()->read(kit->store, 1, &args, &out);
  if (status == IMAP4_OK) assert_memory_equal(out.data.p, "one\r\n", 5);
  return status;
}

static int flag_one(const struct kit *kit, void *mailbox, uint32_t uid) {
  imap4_uid_range range = {uid, uid};
  imap4_store_flags_args args = {.struct_size = sizeof args,
                                 .mode = IMAP4_STORE_ADD,
                                 .mailbox = mailbox,
                                 .uids = {&range, 1},
                                 .flags = IMAP4_FLAG_SEEN,
                                 .keywords = kit_str("new1 new2")};
  imap4_store_flags_result out = {.struct_size = sizeof out};
  return table()->store_flags(kit->store, 1, &args, &out);
}

static int expunge_one(const struct kit *kit, void *mailbox, uint32_t uid) {
  imap4_uid_range range = {uid, uid};
  imap4_expunge_args args = {.struct_size = sizeof args, .mailbox = mailbox, .uids = {&range, 1}};
  imap4_empty_result out = {.struct_size = sizeof out};
  return table()->expunge(kit->store, 1, &args, &out);
}

static int list_all(const struct kit *kit) {
  imap4_list_args args = {.struct_size = sizeof args, .capacity = 10, .account = kit->account};
  imap4_list_result out = {.struct_size = sizeof out};
  return table()->list(kit->store, 1, &args, &out);
}

static int status_of(const struct kit *kit) {
  imap4_status_args args = {
      .struct_size = sizeof args, .items = 0x1f, .account = kit->account, .name = kit_str("Other")};
  imap4_status_result out = {.struct_size = sizeof out};
  return table()->status(kit->store, 1, &args, &out);
}

static int limited; /* whether accounts have limits, which are far away */

static int quota_of(const struct kit *kit) {
  imap4_quota_args args = {.struct_size = sizeof args, .account = kit->account};
  imap4_quota_result out = {.struct_size = sizeof out};
  if (!limited) return IMAP4_OK;
  int status = imap4_maildir_table(kit->store)->quota(kit->store, 1, &args, &out);
  if (status == IMAP4_OK) assert_true(out.message.usage > 0 && out.storage.usage == 1);
  return status;
}

static int rename_new(const struct kit *kit) {
  imap4_rename_args args = {
      .struct_size = sizeof args, .account = kit->account, .from = kit_str("New"), .to = kit_str("New2")};
  imap4_empty_result out = {.struct_size = sizeof out};
  return table()->rename(kit->store, 1, &args, &out);
}

static void do_all(const struct kit *kit, int *status) {
  imap4_mailbox_state state;
  void *mailbox;
  uint32_t uid;
  for (int i = 0; i < STEPS; i++)
    status[i] = IMAP4_ST_FAILED;
  status[OPEN] = kit_try_open(kit, "INBOX", &mailbox);
  if (status[OPEN] == IMAP4_OK) {
    status[POLL] = kit_try_poll(kit, mailbox, &state);
    status[APPEND] = kit_try_append(kit, "INBOX", "four\n", 0, "kw", &uid);
    if (status[POLL] != IMAP4_OK) status[POLL] = kit_try_poll(kit, mailbox, &state);
    status[QUERY] = query_all(kit, mailbox);
    status[READ] = read_one(kit, mailbox, 1);
    status[FLAGS] = flag_one(kit, mailbox, 1);
    status[COPY] = transfer(kit, mailbox, 2, 0);
    status[MOVE] = transfer(kit, mailbox, 3, 1);
    status[EXPUNGE] = expunge_one(kit, mailbox, 2);
    table()->close(kit->store, mailbox);
  }
  status[LIST] = list_all(kit);
  status[SUBSCRIBE] = kit_name(kit, '+', "Other");
  status[STATUS] = status_of(kit);
  status[QUOTA] = quota_of(kit);
  status[CREATE] = kit_name(kit, 'c', "New");
  status[RENAME] = rename_new(kit);
  status[DELETE] = kit_name(kit, 'd', "New2");
}

/* ---- what must hold afterwards -------------------------------------------------------------- */

/* How often a message is in a mailbox; |flags| of the last one. */
static int count_text(const struct kit *kit, const char *name, const char *text, uint32_t *flags) {
  void *mailbox = kit_open(kit, name);
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  int count = 0;
  imap4_row row;
  for (uint32_t uid = 1; uid < s.uidnext; uid++) {
    if (!kit_row(kit, mailbox, uid, &row)) continue;
    *flags = row.flags;
    size_t n;
    char *got = kit_read(kit, mailbox, uid, 100, &n);
    count += strcmp(got, text) == 0;
    free(got);
  }
  kit_close(kit, mailbox);
  return count;
}

static size_t open_files(void) {
  DIR *dir = opendir("/proc/self/fd");
  size_t n = 0;
  while (dir && readdir(dir))
    n++;
  if (dir) closedir(dir);
  return n;
}

static void check(const struct kit *kit, const int *status) {
  uint32_t flags = 0;
  for (int i = 0; i < STEPS; i++)
    assert_true(status[i] <= IMAP4_OK && status[i] > IMAP4_FATAL);
  assert_int_equal(count_text(kit, "INBOX", "four\r\n", &flags), status[APPEND] == IMAP4_OK);
  /* What was only delivered is never lost. */
  assert_int_equal(count_text(kit, "INBOX", "one\r\n", &flags), 1);
  int there = count_text(kit, "INBOX", "two\r\n", &flags),
      copied = count_text(kit, "Other", "two\r\n", &flags);
  assert_int_equal(copied, status[COPY] == IMAP4_OK);
  if (status[EXPUNGE] == IMAP4_OK) assert_int_equal(there, 0);
  int stayed = count_text(kit, "INBOX", "three\r\n", &flags),
      moved = count_text(kit, "Other", "three\r\n", &flags);
  if (status[MOVE] == IMAP4_OK) assert_true(!stayed && moved == 1);
  assert_true(stayed + moved >= 1);
  assert_int_equal(kit_exists(kit, ".New2/cur"),
                   status[RENAME] == IMAP4_OK && status[DELETE] != IMAP4_OK && kit_exists(kit, ".New2/cur"));
  if (status[DELETE] == IMAP4_OK) assert_false(kit_exists(kit, ".New2"));
  if (status[FLAGS] == IMAP4_OK) {
    void *mailbox = kit_open(kit, "INBOX");
    imap4_row row;
    kit_poll(kit, mailbox, 0);
    assert_true(kit_row(kit, mailbox, 1, &row) && (row.flags & IMAP4_FLAG_SEEN));
    kit_close(kit, mailbox);
  }
}

static void prepare(struct kit *kit) {
  kit_write(kit, "cur/1000.M1.h:2,", "one\n");
  kit_write(kit, "cur/1001.M1.h:2,F", "two\n");
  kit_write(kit, "new/1002.M1.h", "three\n");
  assert_int_equal(kit_name(kit, 'c', "Other"), IMAP4_OK);
  /* UIDs are given in a mailbox that was opened before, or at the first meeting. */
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  kit_close(kit, mailbox);
  kit_limit(kit, limited ? 1000000 : 0, 0);
}

static int all_ok(const int *status) {
  for (int i = 0; i < STEPS; i++) {
    if (status[i] != IMAP4_OK) return 0;
  }
  return 1;
}

/* ---- the loops ------------------------------------------------------------------------------ */

static void each_allocation(void **state) {
  (void)state;
  int status[STEPS], failed = 0;
  for (int mode = 0; mode < 2; mode++) {
    for (long n = 0;; n++) {
      void *fresh;
      kit_setup(&fresh);
      struct kit *kit = fresh;
      prepare(kit);
      size_t files = open_files();
      fail_on = mode;
      fail_at = n;
      do_all(kit, status);
      int reached = fail_at < 0 || fail_on;
      int over = fail_at > 0;
      fail_at = -1;
      assert_int_equal(open_files(), files);
      kit_restart(kit);
      check(kit, status);
      failed += !all_ok(status);
      kit_teardown(&fresh);
      if (over || !reached) break;
    }
    assert_true(all_ok(status));
  }
  assert_true(failed > 100);
}

static void each_file(void **state) {
  (void)state;
  int status[STEPS], failed = 0;
  struct rlimit before, low;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  for (rlim_t n = 3; n < 40; n++) {
    void *fresh;
    kit_setup(&fresh);
    struct kit *kit = fresh;
    prepare(kit);
    size_t files = open_files();
    low = before;
    low.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    do_all(kit, status);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(open_files(), files);
    kit_restart(kit);
    check(kit, status);
    failed += !all_ok(status);
    kit_teardown(&fresh);
  }
  assert_true(all_ok(status)); /* with enough of them */
  assert_true(failed > 3);
}

/* No file may grow beyond a limit: what a full disk is like. */
static void each_octet(void **state) {
  (void)state;
  int status[STEPS], failed = 0;
  struct rlimit before, low;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  for (rlim_t n = 0; n < 900; n += 3) {
    void *fresh;
    kit_setup(&fresh);
    struct kit *kit = fresh;
    prepare(kit);
    low = before;
    low.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    do_all(kit, status);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    /* What is there can be removed on a full disk too. */
    if (status[OPEN] == IMAP4_OK && status[POLL] == IMAP4_OK) assert_int_equal(status[READ], IMAP4_OK);
    kit_restart(kit);
    check(kit, status);
    failed += !all_ok(status);
    kit_teardown(&fresh);
  }
  assert_true(all_ok(status));
  assert_true(failed > 20);
}

static void each_allocation_with_limits(void **state) {
  limited = 1;
  each_allocation(state);
  limited = 0;
}

static void each_file_with_limits(void **state) {
  limited = 1;
  each_file(state);
  limited = 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_allocation), cmocka_unit_test(each_allocation_with_limits),
      cmocka_unit_test(each_file),       cmocka_unit_test(each_file_with_limits),
      cmocka_unit_test(each_octet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
