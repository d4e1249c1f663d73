/* SPDX-License-Identifier: MIT */
/* Object identifiers (RFC 8474): what keeps them, what makes others. */
#include "kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct id {
  char text[256];
};

static struct id id_of(imap4_str text) {
  struct id id = {{0}};
  assert_true(text.n > 0 && text.n <= 255);
  for (size_t i = 0; i < text.n; i++)
    assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", text.p[i]));
  memcpy(id.text, text.p, text.n);
  return id;
}

static struct id mailbox_id(const struct kit *kit, const char *name) {
  imap4_status_args args = {
      .struct_size = sizeof args, .account = kit->account, .items = 0xffff, .name = kit_str(name)};
  imap4_status_result out = {.struct_size = sizeof out};
  void *mailbox = kit_open(kit, name);
  struct id id = id_of(kit_poll(kit, mailbox, 0).mailbox_id);
  kit_close(kit, mailbox);
  assert_int_equal(imap4_maildir_store()->status(kit->store, 1, &args, &out), IMAP4_OK);
  assert_true(out.known & IMAP4_STATUS_MAILBOXID);
  assert_string_equal(id_of(out.mailbox_id).text, id.text);
  return id;
}

static struct id email_id(const struct kit *kit, const char *name, uint32_t uid) {
  imap4_row row;
  void *mailbox = kit_open(kit, name);
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.thread_id.n, 0);
  struct id id = id_of(row.email_id);
  kit_close(kit, mailbox);
  return id;
}

static void same(struct id a, struct id b) {
  assert_string_equal(a.text, b.text);
}

static void differ(struct id a, struct id b) {
  assert_string_not_equal(a.text, b.text);
}

/* The UID of the copy. */
static uint32_t copy(const struct kit *kit, const char *from, uint32_t uid, const char *to, int move) {
  void *mailbox = kit_open(kit, from);
  kit_poll(kit, mailbox, 0);
  imap4_uid_range range = {uid, uid};
  imap4_copy_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .uids = {&range, 1}, .to = kit_str(to)};
  imap4_copy_result out = {.struct_size = sizeof out};
  const imap4_store *table = imap4_maildir_store();
  assert_int_equal((move ? table->move : table->copy)(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.target.n, 1);
  uint32_t copied = out.target.p[0].first;
  kit_close(kit, mailbox);
  return copied;
}

static void rewrite(const struct kit *kit, const char *name) {
  struct md_mailbox *mailbox = kit_open(kit, name);
  kit_poll(kit, mailbox, 0);
  assert_int_equal(md_box_enter_locked(mailbox->box), IMAP4_OK);
  assert_int_equal(md_index_rewrite(mailbox->box), IMAP4_OK);
  md_box_leave_locked(mailbox->box);
  kit_close(kit, mailbox);
  kit_restart((struct kit *)kit);
}

static void of_mailboxes(void **state) {
  struct kit *kit = *state;
  assert_true(imap4_maildir_store()->keeps & IMAP4_KEEPS_OBJECT_IDS);
  struct id inbox = mailbox_id(kit, "INBOX");
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  struct id first = mailbox_id(kit, "a");
  differ(first, inbox);
  kit_restart(kit);
  same(mailbox_id(kit, "a"), first);
  rewrite(kit, "a");
  same(mailbox_id(kit, "a"), first);
  imap4_rename_args args = {
      .struct_size = sizeof args, .account = kit->account, .from = kit_str("a"), .to = kit_str("b")};
  imap4_empty_result out = {.struct_size = sizeof out};
  assert_int_equal(imap4_maildir_store()->rename(kit->store, 1, &args, &out), IMAP4_OK);
  same(mailbox_id(kit, "b"), first);
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  struct id second = mailbox_id(kit, "a");
  differ(second, first);
  assert_int_equal(kit_name(kit, 'd', "b"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "b"), IMAP4_OK);
  differ(mailbox_id(kit, "b"), first);
  differ(mailbox_id(kit, "b"), second);
  same(mailbox_id(kit, "INBOX"), inbox);
}

static void of_messages(void **state) {
  struct kit *kit = *state;
  kit_append(kit, "INBOX", "one\r\n", 0, "");
  kit_append(kit, "INBOX", "two\r\n", 0, "");
  kit_write(kit, "cur/1000.M1.h:2,", "three\n");
  struct id ids[3];
  for (uint32_t i = 0; i < 3; i++)
    ids[i] = email_id(kit, "INBOX", i + 1);
  differ(ids[0], ids[1]);
  differ(ids[0], ids[2]);
  differ(ids[1], ids[2]);
  differ(ids[0], mailbox_id(kit, "INBOX"));
  kit_move(kit, "cur/1000.M1.h:2,", "cur/1000.M1.h:2,S"); /* flagged by somebody else */
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < 3; i++)
      same(email_id(kit, "INBOX", i + 1), ids[i]);
    rewrite(kit, "INBOX");
  }
}

static void of_copies(void **state) {
  struct kit *kit = *state;
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  assert_int_equal(kit_name(kit, 'c', "b"), IMAP4_OK);
  uint32_t uid = kit_append(kit, "INBOX", "one\r\n", 0, "");
  uint32_t other = kit_append(kit, "a", "other\r\n", 0, "");
  struct id id = email_id(kit, "INBOX", uid);
  differ(email_id(kit, "a", other), id);
  uint32_t here = copy(kit, "INBOX", uid, "INBOX", 0);
  uint32_t there = copy(kit, "INBOX", uid, "a", 0);
  kit_restart(kit);
  same(email_id(kit, "INBOX", here), id);
  same(email_id(kit, "a", there), id);
  uint32_t moved = copy(kit, "a", there, "b", 1);
  uint32_t original = copy(kit, "INBOX", uid, "b", 1);
  same(email_id(kit, "b", moved), id);
  same(email_id(kit, "b", original), id);
  rewrite(kit, "b");
  same(email_id(kit, "b", moved), id);
  /* Where the first is gone, nothing else gets what it had. */
  differ(email_id(kit, "INBOX", kit_append(kit, "INBOX", "new\r\n", 0, "")), id);
  assert_int_equal(kit_name(kit, 'd', "a"), IMAP4_OK);
  same(email_id(kit, "b", moved), id);
}

/* The library copies where the store cannot, and says whose copy it is. */
static void of_uploads(void **state) {
  struct kit *kit = *state;
  const imap4_store *table = imap4_maildir_store();
  struct id id = email_id(kit, "INBOX", kit_append(kit, "INBOX", "x\r\n", 0, ""));
  const char *const texts[] = {id.text,
                               "",
                               "M1",
                               "M00112233445566778899aabbccddeeff-",
                               "M00112233445566778899aabbccddeeff-0",
                               "M00112233445566778899aabbccddeeff-1x",
                               "M00112233445566778899aabbccddeefg-12",
                               "M00112233445566778899aabbccddeeff_12",
                               "F00112233445566778899aabbccddeeff-12"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    imap4_append_begin_args begin = {
        .struct_size = sizeof begin, .account = kit->account, .mailbox = kit_str("INBOX")};
    imap4_append_begin_result upload = {.struct_size = sizeof upload};
    imap4_empty_result empty = {.struct_size = sizeof empty};
    assert_int_equal(table->append_begin(kit->store, 1, &begin, &upload), IMAP4_OK);
    imap4_append_message_args message = {
        .struct_size = sizeof message, .upload = upload.upload, .size = 3, .email_id = kit_str(texts[i])};
    assert_int_equal(table->append_message(kit->store, 1, &message, &empty), IMAP4_OK);
    imap4_append_write_args write = {
        .struct_size = sizeof write, .last = 1, .upload = upload.upload, .data = kit_str("x\r\n")};
    assert_int_equal(table->append_write(kit->store, 1, &write, &empty), IMAP4_OK);
    imap4_upload_args commit = {.struct_size = sizeof commit, .upload = upload.upload};
    imap4_append_commit_result out = {.struct_size = sizeof out};
    assert_int_equal(table->append_commit(kit->store, 1, &commit, &out), IMAP4_OK);
    struct id got = email_id(kit, "INBOX", out.uids.p[0].first);
    if (i == 0) {
      same(got, id);
    } else {
      differ(got, id);
      differ(got, id_of(kit_str(texts[i][0] ? texts[i] : "-")));
    }
  }
}

/* A directory that is taken over; then its index is lost and UIDs begin anew. */
static void taken_over(void **state) {
  struct kit *kit = *state;
  kit_write(kit, "cur/1000.M1.h:2,", "one\n");
  kit_write(kit, "new/1001.M1.h", "two\n");
  struct id mailbox = mailbox_id(kit, "INBOX"), one = email_id(kit, "INBOX", 1),
            two = email_id(kit, "INBOX", 2);
  differ(one, two);
  kit_restart(kit);
  same(mailbox_id(kit, "INBOX"), mailbox);
  same(email_id(kit, "INBOX", 2), two);
  kit_remove(kit, "cur/1000.M1.h:2,");
  kit_remove(kit, "imap4-index");
  kit_restart(kit);
  differ(mailbox_id(kit, "INBOX"), mailbox);
  differ(email_id(kit, "INBOX", 1), one);
}

/* An index of an earlier version has no identifiers: they are there all the same, and stay. */
static void earlier_index(void **state) {
  struct kit *kit = *state;
  size_t n;
  kit_append(kit, "INBOX", "one\r\n", 0, "");
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  rewrite(kit, "INBOX");
  struct id drawn = mailbox_id(kit, "INBOX");
  kit_restart(kit);
  char *index = kit_slurp(kit, "imap4-index", &n);
  char *payload = index + MD_HEADER_OCTETS + MD_FRAME_OCTETS, *item = payload + 1 + 25;
  size_t length = (size_t)md_get_le(payload - MD_FRAME_OCTETS, 4), gone = 1 + MD_ID_OCTETS;
  assert_int_equal(*item, 'M');
  memmove(item, item + gone, (size_t)(index + n - item) - gone);
  n -= gone;
  length -= gone;
  uint64_t sum = md_checksum(payload, length);
  for (size_t i = 0; i < 4; i++) {
    payload[(ptrdiff_t)i - 8] = (char)(length >> (8 * i));
    payload[(ptrdiff_t)i - 4] = (char)(sum >> (8 * i));
  }
  kit_put(kit, "imap4-index", index, n);
  free(index);
  struct id mailbox = mailbox_id(kit, "INBOX"), message = email_id(kit, "INBOX", 1);
  differ(mailbox, drawn);
  differ(mailbox, mailbox_id(kit, "a"));
  kit_append(kit, "INBOX", "two\r\n", 0, ""); /* now it is written */
  struct md_mailbox *open = kit_open(kit, "INBOX");
  kit_poll(kit, open, 0);
  assert_true(open->box->id_stored);
  kit_close(kit, open);
  for (int round = 0; round < 2; round++) {
    same(mailbox_id(kit, "INBOX"), mailbox);
    same(email_id(kit, "INBOX", 1), message);
    rewrite(kit, "INBOX");
  }
}

/* A crash before a copy was marked as carried out. */
static void copy_left_open(void **state) {
  struct kit *kit = *state;
  size_t n;
  assert_int_equal(kit_name(kit, 'c', "a"), IMAP4_OK);
  uint32_t uid = kit_append(kit, "INBOX", "one\r\n", 0, "");
  struct id id = email_id(kit, "INBOX", uid);
  mailbox_id(kit, "a"); /* makes the index */
  uint32_t copied = copy(kit, "INBOX", uid, "a", 0);
  kit_restart(kit);
  char *index = kit_slurp(kit, ".a/imap4-index", &n);
  size_t at = MD_HEADER_OCTETS;
  while (index[at + MD_FRAME_OCTETS] != MD_FRAME_INTENT)
    at += MD_FRAME_OCTETS + (size_t)md_get_le(index + at, 4);
  at += MD_FRAME_OCTETS + (size_t)md_get_le(index + at, 4);
  assert_true(at < n);
  kit_put(kit, ".a/imap4-index", index, at);
  free(index);
  same(email_id(kit, "a", copied), id);
  kit_restart(kit);
  same(email_id(kit, "a", copied), id);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(of_mailboxes), KIT_TEST(of_messages),   KIT_TEST(of_copies),      KIT_TEST(of_uploads),
      KIT_TEST(taken_over),   KIT_TEST(earlier_index), KIT_TEST(copy_left_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
