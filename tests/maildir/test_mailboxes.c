/* SPDX-License-Identifier: MIT */
/* The tree of mailboxes: create, delete, rename, list, and what open sessions notice of it. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int rename_to(const struct kit *kit, const char *from, const char *to) {
  imap4_rename_args args = {
      .struct_size = sizeof args, .account = kit->account, .from = kit_str(from), .to = kit_str(to)};
  imap4_empty_result out = {.struct_size = sizeof out};
  return imap4_maildir_store()->rename(kit->store, 1, &args, &out);
}

static void created_and_deleted(void **state) {
  struct kit *kit = *state;
  assert_string_equal(kit_list(kit, 5), "INBOX");
  assert_int_equal(kit_name(kit, 'c', "b.c"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "b!"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "b"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "b"), IMAP4_ST_ALREADYEXISTS);
  assert_int_equal(kit_name(kit, 'c', "INBOX"), IMAP4_ST_ALREADYEXISTS);
  assert_int_equal(kit_name(kit, 'c', "INBOX.x"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "a/b"), IMAP4_ST_CANNOT);
  assert_true(kit_exists(kit, ".b.c/maildirfolder") && kit_exists(kit, ".b.c/tmp"));
  for (uint32_t capacity = 1; capacity < 7; capacity++) {
    assert_string_equal(kit_list(kit, capacity), "INBOX INBOX.x b b.c b!"); /* '.' before '!' */
  }
  assert_int_equal(kit_name(kit, '+', "b"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'd', "b"), IMAP4_OK);
  assert_string_equal(kit_list(kit, 5), "INBOX INBOX.x b(S)(N) b.c b!");
  assert_int_equal(kit_name(kit, 'd', "b"), IMAP4_ST_HASCHILDREN);
  assert_int_equal(kit_name(kit, 'd', "b.c"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'd', "b"), IMAP4_ST_NONEXISTENT);
  assert_int_equal(kit_name(kit, 'd', "INBOX"), IMAP4_ST_CANNOT);
  assert_null(kit_find(kit, ".", "..imap4"));
}

static void uidvalidity_is_new(void **state) {
  struct kit *kit = *state;
  uint32_t last = 0;
  for (int i = 0; i < 5; i++) {
    assert_int_equal(kit_name(kit, 'c', "box"), IMAP4_OK);
    kit_append(kit, "box", "x\r\n", 0, "");
    void *mailbox = kit_open(kit, "box");
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_true(s.uidvalidity > last);
    assert_int_equal(s.exists, 1);
    last = s.uidvalidity;
    kit_close(kit, mailbox);
    assert_int_equal(kit_name(kit, 'd', "box"), IMAP4_OK);
  }
}

static void open_sessions_notice(void **state) {
  struct kit *kit = *state;
  imap4_mailbox_state s;
  assert_int_equal(kit_name(kit, 'c', "box"), IMAP4_OK);
  void *mailbox = kit_open(kit, "box"), *again;
  kit_poll(kit, mailbox, 1);
  assert_int_equal(kit_name(kit, 'd', "box"), IMAP4_OK);
  assert_int_equal(kit_try_poll(kit, mailbox, &s), IMAP4_ST_NONEXISTENT);
  assert_int_equal(kit_try_open(kit, "box", &again), IMAP4_ST_NONEXISTENT);
  assert_int_equal(kit_name(kit, 'c', "box"), IMAP4_OK);
  assert_int_equal(kit_try_poll(kit, mailbox, &s), IMAP4_ST_NONEXISTENT); /* not that one */
  kit_append(kit, "box", "x\r\n", 0, "");
  again = kit_open(kit, "box");
  assert_int_equal(kit_poll(kit, again, 0).exists, 1);
  kit_close(kit, mailbox);
  /* An upload that began before the mailbox went. */
  imap4_append_begin_args b = {.struct_size = sizeof b, .account = kit->account, .mailbox = kit_str("box")};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  const imap4_store *table = imap4_maildir_store();
  assert_int_equal(table->append_begin(kit->store, 1, &b, &upload), IMAP4_OK);
  imap4_append_message_args m = {.struct_size = sizeof m, .upload = upload.upload};
  assert_int_equal(table->append_message(kit->store, 1, &m, &empty), IMAP4_OK);
  imap4_append_write_args w = {
      .struct_size = sizeof w, .upload = upload.upload, .data = kit_str("x"), .last = 1};
  assert_int_equal(table->append_write(kit->store, 1, &w, &empty), IMAP4_OK);
  assert_int_equal(rename_to(kit, "box", "other"), IMAP4_OK);
  imap4_upload_args u = {.struct_size = sizeof u, .upload = upload.upload};
  imap4_append_commit_result out = {.struct_size = sizeof out};
  assert_int_equal(table->append_commit(kit->store, 1, &u, &out), IMAP4_ST_NONEXISTENT);
  assert_int_equal(kit_count(kit, ".other/tmp"), 0);
  assert_int_equal(kit_try_poll(kit, again, &s), IMAP4_ST_NONEXISTENT);
  kit_close(kit, again);
}

static int create_for(const struct kit *kit, const char *name, uint32_t uses) {
  imap4_name_args args = {
      .struct_size = sizeof args, .account = kit->account, .name = kit_str(name), .uses = uses};
  imap4_empty_result out = {.struct_size = sizeof out};
  return imap4_maildir_store()->create(kit->store, 1, &args, &out);
}

/* The special uses of a mailbox, and whether it is subscribed. */
static uint32_t attributes_of(const struct kit *kit, const char *name) {
  imap4_list_args args = {.struct_size = sizeof args, .capacity = 100, .account = kit->account};
  imap4_list_result out = {.struct_size = sizeof out};
  assert_int_equal(imap4_maildir_store()->list(kit->store, 1, &args, &out), IMAP4_OK);
  for (uint32_t i = 0; i < out.count; i++) {
    imap4_str n = out.entries[i].name;
    if (n.n == strlen(name) && memcmp(n.p, name, n.n) == 0) return out.entries[i].attributes;
  }
  fail_msg("there is no %s", name);
  return 0;
}

/* RFC 6154: a use is there as soon as the mailbox is, and goes where it goes. */
static void special_uses(void **state) {
  struct kit *kit = *state;
  assert_int_equal(create_for(kit, "Out.Mail", IMAP4_MAILBOX_SENT | IMAP4_MAILBOX_ARCHIVE), IMAP4_OK);
  assert_int_equal(create_for(kit, "All", IMAP4_MAILBOX_ALL), IMAP4_ST_UNSUPPORTED);
  assert_false(kit_exists(kit, ".All"));
  assert_int_equal(kit_name(kit, '+', "Out.Mail"), IMAP4_OK);
  assert_int_equal(attributes_of(kit, "Out.Mail"),
                   IMAP4_MAILBOX_SENT | IMAP4_MAILBOX_ARCHIVE | IMAP4_MAILBOX_SUBSCRIBED);
  assert_int_equal(attributes_of(kit, "INBOX"), 0);
  kit_restart(kit);
  assert_int_equal(rename_to(kit, "Out", "Gone"), IMAP4_OK);
  assert_int_equal(attributes_of(kit, "Gone.Mail"), IMAP4_MAILBOX_SENT | IMAP4_MAILBOX_ARCHIVE);
  assert_int_equal(kit_name(kit, 'd', "Gone.Mail"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "Gone.Mail"), IMAP4_OK);
  assert_int_equal(attributes_of(kit, "Gone.Mail"), 0);
  /* A directory without its parts is finished; words that are not known are passed over. */
  char path[128];
  snprintf(path, sizeof path, "%s/joe/.half", kit->root);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_int_equal(create_for(kit, "half", IMAP4_MAILBOX_JUNK), IMAP4_OK);
  assert_int_equal(attributes_of(kit, "half"), IMAP4_MAILBOX_JUNK);
  assert_int_equal(create_for(kit, "half", IMAP4_MAILBOX_JUNK), IMAP4_ST_ALREADYEXISTS);
  kit_write(kit, ".half/imap4-special-use", "\\Memos \\trash Sent\n");
  assert_int_equal(attributes_of(kit, "half"), IMAP4_MAILBOX_TRASH);
}

/* Names stand for uses only where they were not given otherwise, and only if that is wanted. */
static void uses_by_name(void **state) {
  struct kit *kit = *state;
  assert_int_equal(kit_name(kit, 'c', "Sent"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "Drafts"), IMAP4_OK);
  assert_int_equal(kit_name(kit, '+', "Junk"), IMAP4_OK);
  assert_int_equal(create_for(kit, "Mine", IMAP4_MAILBOX_DRAFTS), IMAP4_OK);
  assert_int_equal(attributes_of(kit, "Sent"), 0);
  kit->store->config.use_names = 1;
  assert_int_equal(attributes_of(kit, "Sent"), IMAP4_MAILBOX_SENT);
  assert_int_equal(attributes_of(kit, "Drafts"), 0);
  assert_int_equal(attributes_of(kit, "Mine"), IMAP4_MAILBOX_DRAFTS);
  assert_int_equal(attributes_of(kit, "Junk"), IMAP4_MAILBOX_SUBSCRIBED | IMAP4_MAILBOX_NONEXISTENT);
}

static void renamed(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "a.b.c"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "ab"), IMAP4_OK);
  assert_int_equal(kit_name(kit, '+', "a.b.c"), IMAP4_OK);
  uint32_t uid = kit_append(kit, "a.b.c", "x\r\n", IMAP4_FLAG_SEEN, "k");
  void *mailbox = kit_open(kit, "a.b.c");
  imap4_mailbox_state before = kit_poll(kit, mailbox, 0);
  kit_close(kit, mailbox);
  assert_int_equal(rename_to(kit, "a", "ab"), IMAP4_ST_ALREADYEXISTS);
  assert_int_equal(rename_to(kit, "a", "INBOX"), IMAP4_ST_ALREADYEXISTS);
  assert_int_equal(rename_to(kit, "INBOX", "x"), IMAP4_ST_CANNOT);
  assert_int_equal(rename_to(kit, "a", "a.x"), IMAP4_ST_CANNOT);
  assert_int_equal(rename_to(kit, "zz", "y"), IMAP4_ST_NONEXISTENT);
  assert_int_equal(rename_to(kit, "a", "\xc3\xbc.new"), IMAP4_OK);
  assert_string_equal(kit_list(kit, 9), "INBOX a.b.c(S)(N) ab \xc3\xbc.new \xc3\xbc.new.b.c");
  mailbox = kit_open(kit, "\xc3\xbc.new.b.c");
  imap4_mailbox_state after = kit_poll(kit, mailbox, 0);
  assert_int_equal(after.uidvalidity, before.uidvalidity);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.keywords.n, 1);
  kit_close(kit, mailbox);
  /* A level that is no mailbox moves what is below it. */
  assert_int_equal(rename_to(kit, "\xc3\xbc.new.b", "z"), IMAP4_OK);
  assert_string_equal(kit_list(kit, 9), "INBOX a.b.c(S)(N) ab z.c \xc3\xbc.new");
  /* An inferior that cannot have its new name stops the whole. */
  char lengthy[256];
  memset(lengthy, 'x', sizeof lengthy);
  lengthy[253] = '\0';
  assert_int_equal(rename_to(kit, "z", lengthy), IMAP4_ST_CANNOT);
  assert_int_equal(kit_name(kit, 'c', "ab.c"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'd', "ab"), IMAP4_OK);
  assert_int_equal(rename_to(kit, "z", "ab"), IMAP4_ST_ALREADYEXISTS); /* ab.c is there */
  assert_string_equal(kit_list(kit, 9), "INBOX a.b.c(S)(N) ab.c z.c \xc3\xbc.new");
}

static void what_is_no_mailbox(void **state) {
  struct kit *kit = *state;
  static const char *const dirs[] = {".x", "..imap4-trash-1", ".&AP-", ".INBOX", ".a..b", "plain", ".file"};
  char path[200];
  for (size_t i = 0; i < 6; i++) {
    snprintf(path, sizeof path, "%s/joe/%s", kit->root, dirs[i]);
    assert_int_equal(mkdir(path, 0700), 0);
    if (i == 0) continue; /* has no cur/ */
    snprintf(path, sizeof path, "%s/joe/%s/cur", kit->root, dirs[i]);
    assert_int_equal(mkdir(path, 0700), 0);
  }
  kit_write(kit, dirs[6], "x");
  assert_string_equal(kit_list(kit, 9), "INBOX");
  /* A directory without its parts gets them. */
  assert_int_equal(kit_name(kit, 'c', "x"), IMAP4_OK);
  assert_string_equal(kit_list(kit, 9), "INBOX x");
  /* What a crash left hidden goes with the next mailbox that is deleted. */
  assert_int_equal(kit_name(kit, 'd', "x"), IMAP4_OK);
  assert_false(kit_exists(kit, "..imap4-trash-1"));
}

static void users_are_apart(void **state) {
  struct kit *kit = *state;
  kit_append(kit, "INBOX", "x\r\n", 0, "");
  struct kit ann = *kit;
  ann.account = kit_login(kit->store, "ann");
  void *mailbox = kit_open(&ann, "INBOX");
  assert_int_equal(kit_poll(&ann, mailbox, 0).exists, 0);
  kit_close(&ann, mailbox);
  imap4_maildir_store()->release(kit->store, ann.account);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(created_and_deleted), KIT_TEST(uidvalidity_is_new), KIT_TEST(open_sessions_notice),
      KIT_TEST(special_uses),        KIT_TEST(uses_by_name),       KIT_TEST(renamed),
      KIT_TEST(what_is_no_mailbox),  KIT_TEST(users_are_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
