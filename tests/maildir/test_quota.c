/* SPDX-License-Identifier: MIT */
/* Quotas: what is told, what is refused, and that what others do to the mailboxes counts too. */
#include "kit.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEN "A: b\n\nxyz\n" /* ten octets, without CRLF */

static const imap4_store *table(const struct kit *kit) {
  return imap4_maildir_table(kit->store);
}

static imap4_quota_result told(const struct kit *kit) {
  imap4_quota_args args = {.struct_size = sizeof args, .account = kit->account};
  imap4_quota_result out = {.struct_size = sizeof out};
  assert_int_equal(table(kit)->quota(kit->store, 1, &args, &out), IMAP4_OK);
  return out;
}

static void assert_messages(const struct kit *kit, uint64_t messages) {
  assert_int_equal(told(kit).message.usage, messages);
}

/* A message of |n| octets. */
static int append(const struct kit *kit, const char *name, size_t n) {
  uint32_t uid;
  char *text = malloc(n + 1);
  assert_non_null(text);
  memset(text, 'x', n);
  text[n] = '\0';
  int status = kit_try_append(kit, name, text, 0, "", &uid);
  free(text);
  assert_int_equal(kit_count(kit, "tmp"), 0);
  return status;
}

static int transfer(const struct kit *kit, void *mailbox, uint32_t last, int move) {
  imap4_uid_range range = {1, last};
  imap4_copy_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .uids = {&range, 1}, .to = kit_str("Other")};
  imap4_copy_result out = {.struct_size = sizeof out};
  return move ? table(kit)->move(kit->store, 1, &args, &out) : table(kit)->copy(kit->store, 1, &args, &out);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void only_with_limits(void **state) {
  struct kit *kit = *state;
  assert_null(imap4_maildir_store()->quota);
  assert_null(table(kit)->quota);
  assert_null(table(kit)->quota_roots);
  assert_int_equal(table(kit)->quota_resources, 0);
  kit_limit(kit, 0, 3);
  assert_null(imap4_maildir_store()->quota);
  assert_null(table(kit)->set_quota);
  assert_int_equal(table(kit)->quota_resources, IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MESSAGE);
  assert_int_equal(told(kit).limited, IMAP4_QUOTA_MESSAGE);
  kit_limit(kit, 3000, 0);
  assert_int_equal(told(kit).limited, IMAP4_QUOTA_STORAGE);
}

static int no_password(void *user, imap4_str name, imap4_str password) {
  (void)user;
  (void)name;
  (void)password;
  return IMAP4_OK;
}

static void smaller_configuration(void **state) {
  struct kit *kit = *state;
  imap4_maildir *store;
  imap4_maildir_config config = {.struct_size = offsetof(imap4_maildir_config, quota_octets),
                                 .rootz = kit->root,
                                 .check_password = no_password,
                                 .quota_octets = 1};
  assert_int_equal(imap4_maildir_new(&config, &store), IMAP4_OK);
  assert_null(imap4_maildir_table(store)->quota);
  imap4_maildir_free(store);
}

static void one_root(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 3000, 7);
  imap4_quota_roots_args args = {
      .struct_size = sizeof args, .account = kit->account, .name = kit_str("None")};
  imap4_quota_roots_result roots = {.struct_size = sizeof roots};
  assert_int_equal(table(kit)->quota_roots(kit->store, 1, &args, &roots), IMAP4_OK);
  assert_int_equal(roots.count, 1);
  assert_int_equal(roots.roots[0].n, 0);
  imap4_quota_args other = {.struct_size = sizeof other, .account = kit->account, .root = kit_str("x")};
  imap4_quota_result out = {.struct_size = sizeof out};
  assert_int_equal(table(kit)->quota(kit->store, 1, &other, &out), IMAP4_ST_NONEXISTENT);
  out = told(kit);
  assert_int_equal(out.limited, IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MESSAGE);
  assert_int_equal(out.storage.limit, 2);
  assert_int_equal(out.storage.usage, 0);
  assert_int_equal(out.message.limit, 7);
}

/* ---- usage ---------------------------------------------------------------------------------- */

static void usage_of_all_mailboxes(void **state) {
  struct kit *kit = *state;
  struct kit other;
  kit_limit(kit, 100000, 100);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  assert_int_equal(told(kit).storage.usage, 1);
  assert_int_equal(kit_name(kit, 'c', "Other"), IMAP4_OK);
  assert_int_equal(append(kit, "Other", 25), IMAP4_OK);
  assert_int_equal(told(kit).storage.usage, 2);
  assert_messages(kit, 2);
  /* Another process, and another program. */
  kit_second(kit, &other);
  assert_int_equal(append(&other, "Other", 5000), IMAP4_OK);
  kit_second_end(&other);
  kit_write(kit, "new/1000.M1.h", TEN);
  kit_write(kit, ".Other/cur/1000.M1.h:2,S", TEN);
  assert_messages(kit, 5);
  assert_int_equal(told(kit).storage.usage, 6);
  kit_remove(kit, "new/1000.M1.h");
  assert_messages(kit, 4);
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  kit_expunge(kit, mailbox, 1);
  kit_close(kit, mailbox);
  assert_messages(kit, 3);
  assert_int_equal(kit_name(kit, 'd', "Other"), IMAP4_OK);
  assert_messages(kit, 0);
  assert_int_equal(told(kit).storage.usage, 0);
}

static void a_mailbox_of_the_same_name(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 100000, 100);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(kit_name(kit, 'c', "Other"), IMAP4_OK);
    assert_messages(kit, 0);
    assert_int_equal(append(kit, "Other", 10), IMAP4_OK);
    assert_messages(kit, 1);
    assert_int_equal(kit_name(kit, 'd', "Other"), IMAP4_OK);
  }
  /* Directories that are no mailboxes do not count. */
  kit_write(kit, ".file", TEN);
  assert_messages(kit, 0);
}

#define PAST 1000000000   /* so long ago that a look at the directories is sure */
#define FUTURE 4000000000 /* not yet over: something may change without being seen */

static void touch(const struct kit *kit, int64_t when) {
  struct timespec times[2] = {{.tv_sec = (time_t)when}, {.tv_sec = (time_t)when}};
  char path[128];
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/joe/%s", kit->root, i ? "new" : "cur");
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
  }
}

static void files_count_until_the_size_is_known(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  char text[1020];
  memset(text, '\n', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  kit_write(kit, "cur/1000.M1.h:2,", text);
  touch(kit, PAST);
  kit_limit(kit, 100000, 0);
  for (int i = 0; i < 3; i++)
    assert_int_equal(told(kit).storage.usage, 1);
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, 1, &row));
  kit_close(kit, mailbox);
  assert_int_equal(row.size, 2038);
  assert_int_equal(told(kit).storage.usage, 2);
}

/* A file that grows where it is does not show in its directory: only who counts again sees it. */
static void remembered(void **state) {
  struct kit *kit = *state;
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  kit_write(kit, "cur/1000.M1.h:2,", TEN);
  touch(kit, PAST);
  kit_limit(kit, 100000, 0);
  for (int i = 0; i < 3; i++) /* the first leaves word in the index */
    assert_int_equal(told(kit).storage.usage, 1);
  kit_write(kit, "cur/1000.M1.h:2,", text);
  assert_int_equal(told(kit).storage.usage, 1);
  void *again = kit_login(kit->store, "joe"); /* while the account is in use */
  table(kit)->release(kit->store, kit->account);
  kit->account = again;
  assert_int_equal(told(kit).storage.usage, 1);
  kit_restart(kit);
  assert_int_equal(told(kit).storage.usage, 3);
}

static void remembered_only_as_long_as_true(void **state) {
  struct kit *kit = *state;
  kit_write(kit, "cur/1000.M1.h:2,", TEN);
  touch(kit, PAST);
  kit_limit(kit, 0, 100);
  for (int i = 0; i < 3; i++)
    assert_messages(kit, 1);
  kit_write(kit, "new/1001.M1.h", TEN);
  assert_messages(kit, 2);
  touch(kit, FUTURE);
  for (int i = 0; i < 3; i++)
    assert_messages(kit, 2);
  kit_write(kit, "cur/1002.M1.h:2,", TEN);
  touch(kit, FUTURE); /* within the same tick of the clock */
  assert_messages(kit, 3);
}

static void deleted_storage(void **state) {
  struct kit *kit = *state;
  kit_append(kit, "INBOX", "12345678\r\n", IMAP4_FLAG_DELETED, "");
  kit_append(kit, "INBOX", "1234\r\n", 0, "");
  kit_append(kit, "INBOX", "12\r\n", IMAP4_FLAG_DELETED, "");
  imap4_status_args args = {.struct_size = sizeof args,
                            .items = IMAP4_STATUS_DELETED_STORAGE,
                            .account = kit->account,
                            .name = kit_str("INBOX")};
  imap4_status_result out = {.struct_size = sizeof out};
  assert_int_equal(table(kit)->status(kit->store, 1, &args, &out), IMAP4_OK);
  assert_true(out.known & IMAP4_STATUS_DELETED_STORAGE);
  assert_int_equal(out.deleted_storage, 14);
  assert_int_equal(out.deleted, 2);
  /* Sizes that are not known matter only where they are asked for. */
  kit_write(kit, "cur/1000.M1.h:2,", TEN);
  out = (imap4_status_result){.struct_size = sizeof out};
  assert_int_equal(table(kit)->status(kit->store, 1, &args, &out), IMAP4_OK);
  assert_true(out.known & IMAP4_STATUS_DELETED_STORAGE);
  assert_false(out.known & IMAP4_STATUS_SIZE);
  kit_write(kit, "cur/1001.M1.h:2,T", TEN);
  out = (imap4_status_result){.struct_size = sizeof out};
  assert_int_equal(table(kit)->status(kit->store, 1, &args, &out), IMAP4_OK);
  assert_false(out.known & IMAP4_STATUS_DELETED_STORAGE);
}

/* ---- limits --------------------------------------------------------------------------------- */

static void octets_are_limited(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 3000, 0);
  assert_int_equal(append(kit, "INBOX", 3001), IMAP4_ST_OVERQUOTA);
  assert_int_equal(append(kit, "INBOX", 2000), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1001), IMAP4_ST_OVERQUOTA);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1), IMAP4_ST_OVERQUOTA);
  assert_messages(kit, 2);
  void *mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 0).exists, 2);
  kit_expunge(kit, mailbox, 2);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  kit_close(kit, mailbox);
  /* Others are not asked; then there is no room. */
  kit_write(kit, "new/1000.M1.h", TEN);
  assert_int_equal(append(kit, "INBOX", 1), IMAP4_ST_OVERQUOTA);
  assert_messages(kit, 3);
}

static void messages_are_limited(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 0, 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(append(kit, "INBOX", 100), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1), IMAP4_ST_OVERQUOTA);
  assert_messages(kit, 3);
}

static void copy_is_limited_and_move_is_not(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 3000, 4);
  assert_int_equal(kit_name(kit, 'c', "Other"), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  assert_int_equal(transfer(kit, mailbox, 2, 0), IMAP4_ST_OVERQUOTA);
  assert_int_equal(kit_count(kit, ".Other/cur") + kit_count(kit, ".Other/tmp"), 0);
  assert_int_equal(transfer(kit, mailbox, 1, 0), IMAP4_OK);
  assert_int_equal(transfer(kit, mailbox, 1, 0), IMAP4_ST_OVERQUOTA);
  assert_int_equal(transfer(kit, mailbox, 2, 1), IMAP4_OK);
  assert_int_equal(transfer(kit, mailbox, 2, 0), IMAP4_OK); /* of messages that are gone */
  assert_int_equal(kit_count(kit, ".Other/cur"), 3);
  assert_messages(kit, 3);
  kit_close(kit, mailbox);
}

/* What a REPLACE of message 1 by one of |n| octets is told, before any of them. */
static int replace(const struct kit *kit, void *mailbox, size_t n) {
  imap4_append_begin_args begin = {.struct_size = sizeof begin,
                                   .account = kit->account,
                                   .mailbox = kit_str("INBOX"),
                                   .replaces_in = mailbox,
                                   .replaces = 1};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  assert_int_equal(table(kit)->append_begin(kit->store, 1, &begin, &upload), IMAP4_OK);
  imap4_append_message_args message = {.struct_size = sizeof message, .upload = upload.upload, .size = n};
  int status = table(kit)->append_message(kit->store, 1, &message, &empty);
  table(kit)->append_abort(kit->store, upload.upload);
  return status;
}

static void replaced_message_makes_room(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 3000, 2);
  assert_int_equal(append(kit, "INBOX", 1500), IMAP4_OK);
  assert_int_equal(append(kit, "INBOX", 1000), IMAP4_OK);
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  assert_int_equal(replace(kit, mailbox, 2000), IMAP4_OK);
  assert_int_equal(replace(kit, mailbox, 2001), IMAP4_ST_OVERQUOTA);
  kit_expunge(kit, mailbox, 1);
  assert_int_equal(replace(kit, mailbox, 2000), IMAP4_OK);
  assert_int_equal(replace(kit, mailbox, 2001), IMAP4_ST_OVERQUOTA);
  kit_close(kit, mailbox);
}

static void all_messages_of_an_upload_count(void **state) {
  struct kit *kit = *state;
  kit_limit(kit, 100, 0);
  imap4_append_begin_args begin = {
      .struct_size = sizeof begin, .account = kit->account, .mailbox = kit_str("INBOX")};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  assert_int_equal(table(kit)->append_begin(kit->store, 1, &begin, &upload), IMAP4_OK);
  imap4_append_message_args message = {.struct_size = sizeof message, .upload = upload.upload, .size = 60};
  imap4_append_write_args write = {.struct_size = sizeof write, .last = 1, .upload = upload.upload};
  char text[60];
  memset(text, 'x', sizeof text);
  write.data = (imap4_str){text, sizeof text};
  assert_int_equal(table(kit)->append_message(kit->store, 1, &message, &empty), IMAP4_OK);
  assert_int_equal(table(kit)->append_write(kit->store, 1, &write, &empty), IMAP4_OK);
  message.size = 41;
  assert_int_equal(table(kit)->append_message(kit->store, 1, &message, &empty), IMAP4_ST_OVERQUOTA);
  table(kit)->append_abort(kit->store, upload.upload);
  assert_messages(kit, 0);
  message.size = UINT64_MAX;
  assert_int_equal(table(kit)->append_begin(kit->store, 1, &begin, &upload), IMAP4_OK);
  message.upload = upload.upload;
  assert_int_equal(table(kit)->append_message(kit->store, 1, &message, &empty), IMAP4_ST_OVERQUOTA);
  table(kit)->append_abort(kit->store, upload.upload);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(only_with_limits),
      KIT_TEST(smaller_configuration),
      KIT_TEST(one_root),
      KIT_TEST(usage_of_all_mailboxes),
      KIT_TEST(a_mailbox_of_the_same_name),
      KIT_TEST(files_count_until_the_size_is_known),
      KIT_TEST(remembered),
      KIT_TEST(remembered_only_as_long_as_true),
      KIT_TEST(deleted_storage),
      KIT_TEST(octets_are_limited),
      KIT_TEST(messages_are_limited),
      KIT_TEST(copy_is_limited_and_move_is_not),
      KIT_TEST(replaced_message_makes_room),
      KIT_TEST(all_messages_of_an_upload_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
