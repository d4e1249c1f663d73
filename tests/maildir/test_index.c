/* SPDX-License-Identifier: MIT */
/* The index file: unfinished ends, damage, open intents, rewriting, what it costs to look. */
#include "kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the last frame of an index begins. */
static size_t last_frame(const char *index, size_t n) {
  size_t at = MD_HEADER_OCTETS, last = at;
  while (at + MD_FRAME_OCTETS < n) {
    last = at;
    at += MD_FRAME_OCTETS + (size_t)md_get_le(index + at, 4);
  }
  assert_int_equal(at, n);
  return last;
}

/* The last record is cut at each of its octets: everything before it is there, its UID is not given again. */
static void torn_at_every_octet(void **state) {
  struct kit *kit = *state;
  size_t n;
  imap4_row row;
  kit_append(kit, "INBOX", "one\r\n", IMAP4_FLAG_SEEN, "");
  kit_append(kit, "INBOX", "two\r\n", 0, "");
  kit_write(kit, "cur/1000.M1.h:2,", "three\n");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state whole = kit_poll(kit, mailbox, 0);
  kit_close(kit, mailbox);
  kit_restart(kit);
  char *index = kit_slurp(kit, "imap4-index", &n);
  size_t at = last_frame(index, n);
  /* The delivery is in the last frame, unless the last look was written behind it. */
  if (index[at + MD_FRAME_OCTETS + 1] == 'S') {
    n = at;
    at = last_frame(index, n);
  }
  assert_int_equal(index[at + MD_FRAME_OCTETS + 1], 'A');
  for (size_t cut = at; cut < n; cut++) {
    kit_put(kit, "imap4-index", index, cut);
    mailbox = kit_open(kit, "INBOX");
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_int_equal(s.uidvalidity, whole.uidvalidity);
    assert_int_equal(s.exists, 3);
    assert_true(s.uidnext >= whole.uidnext);
    if (cut > at) assert_true(s.highest_modseq >= whole.highest_modseq);
    assert_true(kit_row(kit, mailbox, 1, &row) && row.flags == IMAP4_FLAG_SEEN);
    assert_true(kit_row(kit, mailbox, 2, &row));
    assert_true(kit_row(kit, mailbox, s.uidnext - 1, &row));
    /* Nobody was told of UID 3 when nothing of its record is there; else it must not come back. */
    if (cut > at) assert_true(s.uidnext - 1 > 3);
    kit_close(kit, mailbox);
    kit_restart(kit);
  }
  free(index);
}

/* One octet of the file is wrong: no crash, no UID under the same UIDVALIDITY for another message. */
static void damaged_at_every_octet(void **state) {
  struct kit *kit = *state;
  size_t n;
  imap4_row row;
  uint32_t uids[4];
  for (int i = 0; i < 4; i++) {
    char text[] = "message 0\r\n";
    text[8] = (char)('1' + i);
    uids[i] = kit_append(kit, "INBOX", text, 0, "");
  }
  void *mailbox = kit_open(kit, "INBOX");
  kit_flags(kit, mailbox, uids[0], IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
  kit_expunge(kit, mailbox, uids[1]);
  imap4_mailbox_state whole = kit_poll(kit, mailbox, 0);
  kit_close(kit, mailbox);
  kit_restart(kit);
  char *index = kit_slurp(kit, "imap4-index", &n);
  for (size_t i = 0; i < n; i++) {
    index[i] ^= 0x55;
    kit_put(kit, "imap4-index", index, n);
    index[i] ^= 0x55;
    mailbox = kit_open(kit, "INBOX");
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_int_equal(s.exists, 3);
    if (s.uidvalidity == whole.uidvalidity) assert_true(s.uidnext >= whole.uidnext);
    for (uint32_t uid = 1; uid < 5 && s.uidvalidity == whole.uidvalidity; uid++) {
      if (!kit_row(kit, mailbox, uid, &row)) continue;
      size_t got;
      char *text = kit_read(kit, mailbox, uid, 100, &got);
      assert_int_equal(text[8], '0' + (int)uid);
      free(text);
    }
    kit_close(kit, mailbox);
    kit_restart(kit);
  }
  free(index);
}

static void index_lost(void **state) {
  struct kit *kit = *state;
  kit_append(kit, "INBOX", "x\r\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 0);
  kit_remove(kit, "imap4-index"); /* under an open session */
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_true(b.uidvalidity > a.uidvalidity);
  assert_int_equal(b.exists, 1);
  kit_close(kit, mailbox);
}

/* A crash between the intent of an append and its end. */
static void intent_left_open(void **state) {
  struct kit *kit = *state;
  size_t n;
  imap4_row row;
  kit_append(kit, "INBOX", "one\r\n", 0, "");
  kit_append(kit, "INBOX", "two\r\n", IMAP4_FLAG_SEEN, "");
  kit_restart(kit);
  char *index = kit_slurp(kit, "imap4-index", &n), name[300], tmp[300];
  size_t commit = last_frame(index, n);
  if (index[commit + MD_FRAME_OCTETS + 1] == 'S') commit = last_frame(index, n = commit);
  assert_int_equal(index[commit + MD_FRAME_OCTETS], MD_FRAME_COMMIT);
  size_t intent = last_frame(index, commit);
  assert_int_equal(index[intent + MD_FRAME_OCTETS], MD_FRAME_INTENT);
  /* The file was not moved yet. */
  size_t length = (size_t)md_get_le(index + intent + MD_FRAME_OCTETS + 2, 2);
  snprintf(tmp, sizeof tmp, "tmp/%.*s", (int)length, index + intent + MD_FRAME_OCTETS + 4);
  snprintf(name, sizeof name, "%s", kit_find(kit, "cur", tmp + 4));
  for (int round = 0; round < 3; round++) {
    kit_put(kit, "imap4-index", index, round == 1 ? commit + 3 : commit); /* also with a torn commit */
    if (round < 2) kit_move(kit, name, tmp);
    if (round == 2) kit_remove(kit, name); /* nor anywhere else */
    void *mailbox = kit_open(kit, "INBOX");
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_int_equal(s.exists, round == 2 ? 1 : 2);
    assert_int_equal(s.uidnext, 3);
    assert_int_equal(kit_row(kit, mailbox, 2, &row), round < 2);
    assert_int_equal(kit_exists(kit, name), round < 2);
    assert_int_equal(kit_count(kit, "tmp"), 0);
    kit_close(kit, mailbox);
    kit_restart(kit);
  }
  assert_int_equal(kit_append(kit, "INBOX", "x\r\n", 0, ""), 3);
  free(index);
}

static void rewritten_when_long(void **state) {
  struct kit *kit = *state, other;
  size_t n;
  imap4_row row;
  uint32_t uid = kit_append(kit, "INBOX", "x\r\n", 0, "");
  kit_append(kit, "INBOX", "x\r\n", 0, "");
  kit_second(kit, &other);
  void *mailbox = kit_open(kit, "INBOX"), *elsewhere = kit_open(&other, "INBOX");
  kit_expunge(kit, mailbox, uid + 1);
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  uint64_t modseq = s.highest_modseq;
  for (int i = 0; i < 1500; i++) {
    kit_flags(kit, mailbox, uid, i % 2 ? IMAP4_STORE_REMOVE : IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
    if (i % 100 == 0) assert_true(kit_poll(&other, elsewhere, 0).highest_modseq == modseq + (uint64_t)i + 1);
  }
  char *index = kit_slurp(kit, "imap4-index", &n);
  assert_true(n < 80000);
  free(index);
  s = kit_poll(&other, elsewhere, 0);
  assert_true(s.highest_modseq == modseq + 1500);
  assert_int_equal(s.uidnext, 3);
  assert_true(kit_row(&other, elsewhere, uid, &row));
  assert_int_equal(row.digest.n, 12);
  imap4_vanished_args v = {.struct_size = sizeof v, .mailbox = elsewhere, .since = modseq - 1, .capacity = 1};
  imap4_vanished_result gone = {.struct_size = sizeof gone};
  assert_int_equal(imap4_maildir_store()->vanished(other.store, 1, &v, &gone), IMAP4_OK);
  assert_int_equal(gone.uids.n, 1);
  kit_close(&other, elsewhere);
  kit_close(kit, mailbox);
  kit_second_end(&other);
}

static int keep(struct kit *kit, void *mailbox, uint32_t uid, const char *digestz) {
  imap4_keep_digest_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .uid = uid, .digest = kit_str(digestz)};
  imap4_empty_result out = {.struct_size = sizeof out};
  return imap4_maildir_store()->keep_digest(kit->store, 1, &args, &out);
}

static void assert_digest(struct kit *kit, void *mailbox, uint32_t uid, const char *digestz) {
  imap4_row row;
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.digest.n, strlen(digestz));
  assert_memory_equal(row.digest.p, digestz, row.digest.n);
}

/* A digest that comes later, for a message that had none or another one, is there for everybody, stays, and
 * is no change that anybody hears of. */
static void digest_kept_later(void **state) {
  struct kit *kit = *state;
  struct kit other;
  kit_write(kit, "new/1000000000.others.host", "x\n");
  void *mailbox = kit_open(kit, "INBOX");
  uint32_t found = kit_poll(kit, mailbox, 0).uidnext - 1;
  uint32_t mine = kit_append(kit, "INBOX", "y\r\n", 0, "");
  uint64_t modseq = kit_poll(kit, mailbox, 0).highest_modseq;
  kit_second(kit, &other);
  void *elsewhere = kit_open(&other, "INBOX");
  assert_digest(kit, mailbox, found, "");
  assert_digest(kit, mailbox, mine, "digest of it");
  assert_int_equal(keep(kit, mailbox, found, "late"), IMAP4_OK);
  assert_int_equal(keep(kit, mailbox, mine, "another digest of it"), IMAP4_OK);
  assert_digest(kit, mailbox, found, "late");
  assert_true(kit_poll(&other, elsewhere, 0).highest_modseq == modseq);
  assert_digest(&other, elsewhere, found, "late");
  assert_digest(&other, elsewhere, mine, "another digest of it");
  kit_expunge(kit, mailbox, mine);
  assert_int_equal(keep(&other, elsewhere, mine, "for nobody"), IMAP4_ST_EXPUNGED);
  kit_close(&other, elsewhere);
  kit_second_end(&other);
  for (int rewritten = 0; rewritten < 2; rewritten++) {
    kit_close(kit, mailbox);
    kit_restart(kit);
    mailbox = kit_open(kit, "INBOX");
    kit_poll(kit, mailbox, 0);
    assert_digest(kit, mailbox, found, "late");
    struct md_box *box = ((struct md_mailbox *)mailbox)->box;
    assert_int_equal(md_box_enter_locked(box), IMAP4_OK);
    assert_int_equal(md_index_rewrite(box), IMAP4_OK);
    md_box_leave_locked(box);
  }
  kit_close(kit, mailbox);
}

/* The log of removed messages has an end; before it, the answer is that it does not know. */
static void vanished_log_is_bounded(void **state) {
  struct kit *kit = *state;
  struct md_box *box;
  char path[200];
  snprintf(path, sizeof path, "%s/joe", kit->root);
  assert_int_equal(md_box_acquire(kit->store, path, &box), IMAP4_OK);
  assert_int_equal(md_box_enter_locked(box), IMAP4_OK);
  uint64_t start = box->modseq;
  struct md_buf frame = {0};
  char name[] = "1.a.h";
  for (uint32_t i = 1; i <= MD_VANISHED_MAX + 10; i++) {
    struct md_entry entry = {.uid = 2 * i, .modseq = start + i, .name = name};
    md_frame_begin(&frame, MD_FRAME_DATA);
    md_frame_add(&frame, &entry);
    md_frame_expunge(&frame, 2 * i, start + i);
    assert_int_equal(md_journal_append(box, &frame, false), IMAP4_OK);
  }
  md_buf_free(&frame);
  md_box_leave_locked(box);
  assert_true(box->vanished_n <= MD_VANISHED_MAX);
  void *mailbox = kit_open(kit, "INBOX");
  imap4_vanished_args v = {
      .struct_size = sizeof v, .mailbox = mailbox, .since = box->vanished_floor, .capacity = 5};
  imap4_vanished_result gone = {.struct_size = sizeof gone};
  assert_int_equal(imap4_maildir_store()->vanished(kit->store, 1, &v, &gone), IMAP4_OK);
  assert_int_equal(gone.uids.n, 5);
  assert_true(gone.uids.p[0].first == 2 * (box->vanished_floor - start + 1));
  v.since--;
  assert_int_equal(imap4_maildir_store()->vanished(kit->store, 1, &v, &gone), IMAP4_ST_UNSUPPORTED);
  kit_close(kit, mailbox);
  md_box_release(box);
}

/* An unchanged mailbox is opened and polled without reading its directories. */
static void unchanged_is_not_read(void **state) {
  struct kit *kit = *state;
  for (int i = 0; i < 20; i++) {
    char path[64];
    snprintf(path, sizeof path, "cur/%d.M1.h:2,", 1000 + i);
    kit_write(kit, path, "x\n");
  }
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 1);
  usleep(150000); /* until the directories' times are past */
  kit_poll(kit, mailbox, 1);
  struct md_box *box = kit->store->boxes;
  assert_true(box->seen_cur.sure && box->seen_new.sure);
  int64_t scanned = box->scanned_at;
  for (int i = 0; i < 100; i++)
    kit_poll(kit, mailbox, 1);
  assert_true(box->scanned_at == scanned);
  kit_close(kit, mailbox);
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 1).exists, 20);
  assert_true(kit->store->boxes->scanned_at == 0);
  kit_close(kit, mailbox);
}

static void many_messages(void **state) {
  struct kit *kit = *state;
  for (int i = 0; i < 20000; i++) {
    char path[80];
    snprintf(path, sizeof path, "cur/%d.M%dP1.host,S=3,W=3:2,S", 1000 + i / 10, i);
    kit_write(kit, path, "x\r\n");
  }
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 1);
  assert_int_equal(s.exists, 20000);
  for (uint32_t uid = 1; uid <= 20000; uid += 777) {
    kit_flags(kit, mailbox, uid, IMAP4_STORE_ADD, IMAP4_FLAG_FLAGGED, "");
  }
  imap4_expunge_args args = {.struct_size = sizeof args, .mailbox = mailbox};
  imap4_uid_range half = {5001, 15000};
  args.uids = (imap4_uid_ranges){&half, 1};
  imap4_empty_result out = {.struct_size = sizeof out};
  assert_int_equal(imap4_maildir_store()->expunge(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(kit_poll(kit, mailbox, 1).exists, 10000);
  kit_close(kit, mailbox);
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state t = kit_poll(kit, mailbox, 1);
  assert_int_equal(t.exists, 10000);
  assert_int_equal(t.uidnext, 20001);
  kit_close(kit, mailbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(torn_at_every_octet), KIT_TEST(damaged_at_every_octet), KIT_TEST(index_lost),
      KIT_TEST(intent_left_open),    KIT_TEST(rewritten_when_long),    KIT_TEST(vanished_log_is_bounded),
      KIT_TEST(digest_kept_later),   KIT_TEST(unchanged_is_not_read),  KIT_TEST(many_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
