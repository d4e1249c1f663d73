/* SPDX-License-Identifier: MIT */
/* Messages: appended, delivered, flagged, copied, moved, removed, by the store and behind its back. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const imap4_store *table(void) {
  return imap4_maildir_store();
}

static void appended(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  uint32_t uid =
      kit_append(kit, "INBOX", "A: b\r\n\r\nbody\r\n", IMAP4_FLAG_SEEN | IMAP4_FLAG_DRAFT, "$Fwd Work");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  assert_int_equal(s.exists, 1);
  assert_int_equal(s.uidnext, uid + 1);
  assert_int_equal(s.first_recent, uid);
  assert_int_equal(s.new_keywords, 1);
  assert_int_equal(s.keywords.n, 9);
  assert_memory_equal(s.keywords.p, "$Fwd Work", 9);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN | IMAP4_FLAG_DRAFT);
  assert_int_equal(row.keywords.n, 9);
  assert_int_equal(row.size, 14);
  assert_int_equal(row.internaldate.seconds, 1000000000);
  assert_int_equal(row.internaldate.zone_minutes, 120);
  assert_int_equal(row.modseq, s.highest_modseq);
  assert_int_equal(row.digest.n, 12);
  assert_memory_equal(row.digest.p, "digest of it", 12);
  kit_close(kit, mailbox);
  /* The same after a restart. */
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 0).uidvalidity, s.uidvalidity);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.internaldate.zone_minutes, 120);
  assert_memory_equal(row.digest.p, "digest of it", 12);
  assert_non_null(strstr(kit_find(kit, "cur", ""), ",S=14,W=14:2,DSab"));
  kit_close(kit, mailbox);
  assert_int_equal(kit_count(kit, "tmp"), 0);
}

static void bare_lines_lose_the_digest(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  uint32_t uid = kit_append(kit, "INBOX", "A: b\n\nbody\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.size, 14);
  assert_int_equal(row.digest.n, 0);
  kit_close(kit, mailbox);
}

static void delivered(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 1);
  assert_int_equal(a.exists, 0);
  kit_write(kit, "new/1000.M1.h", "A: b\n\nx\n");
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_int_equal(b.exists, 1);
  assert_true(b.highest_modseq > a.highest_modseq);
  assert_int_equal(b.first_recent, a.uidnext);
  assert_true(kit_exists(kit, "new/1000.M1.h")); /* not claimed yet */
  assert_true(kit_row(kit, mailbox, a.uidnext, &row));
  assert_int_equal(row.size, 11);
  kit_write(kit, "new/999.M1.h", "A: b\n\nxy\n");
  b = kit_poll(kit, mailbox, 1);
  assert_int_equal(b.exists, 2);
  assert_int_equal(b.first_recent, a.uidnext);
  assert_true(kit_exists(kit, "cur/1000.M1.h:2,"));
  assert_int_equal(kit_count(kit, "new"), 0);
  imap4_mailbox_state c = kit_poll(kit, mailbox, 1);
  assert_int_equal(c.first_recent, c.uidnext); /* no longer new to anybody */
  assert_true(c.highest_modseq == b.highest_modseq);
  kit_close(kit, mailbox);
  mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 1).first_recent, c.uidnext);
  kit_close(kit, mailbox);
}

static void many_deliveries_between_polls(void **state) {
  struct kit *kit = *state;
  void *mailbox = kit_open(kit, "INBOX");
  uint32_t exists = 0;
  for (int i = 0; i < 200; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s/%d.M1.h%s", i % 3 ? "new" : "cur", 1000 + i, i % 3 ? "" : ":2,S");
    kit_write(kit, path, "A: b\n\nx\n");
    imap4_mailbox_state s = kit_poll(kit, mailbox, i % 5 == 0);
    assert_int_equal(s.exists, ++exists);
    assert_int_equal(s.uidnext, exists + 1);
  }
  kit_close(kit, mailbox);
}

static void changed_by_others(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  kit_write(kit, "cur/1000.M1.h:2,", "A: b\n\nx\n");
  kit_write(kit, "cur/1001.M1.h:2,S", "A: b\n\nx\n");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 1);
  assert_int_equal(a.exists, 2);
  kit_move(kit, "cur/1000.M1.h:2,", "cur/1000.M1.h:2,FS");
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_true(b.highest_modseq > a.highest_modseq);
  assert_true(kit_row(kit, mailbox, 1, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_FLAGGED | IMAP4_FLAG_SEEN);
  assert_true(row.modseq == b.highest_modseq);
  assert_true(kit_row(kit, mailbox, 2, &row));
  assert_true(row.modseq <= a.highest_modseq);
  /* Another name with the same flags is no news. */
  kit_move(kit, "cur/1000.M1.h:2,FS", "cur/1000.M1.h:2,SF");
  imap4_mailbox_state c = kit_poll(kit, mailbox, 0);
  assert_true(c.highest_modseq == b.highest_modseq);
  kit_remove(kit, "cur/1001.M1.h:2,S");
  imap4_mailbox_state d = kit_poll(kit, mailbox, 0);
  assert_int_equal(d.exists, 1);
  assert_true(d.highest_modseq > c.highest_modseq);
  assert_int_equal(d.uidnext, 3);
  imap4_vanished_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .since = c.highest_modseq, .capacity = 9};
  imap4_vanished_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->vanished(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 1);
  assert_int_equal(out.uids.p[0].first, 2);
  assert_int_equal(out.last, 1);
  args.since = 0;
  assert_int_equal(table()->vanished(kit->store, 1, &args, &out), IMAP4_ST_UNSUPPORTED);
  kit_close(kit, mailbox);
}

/* A client that comes back after a restart finds the mod-sequences that it was told, and greater ones for
 * what another program has done meanwhile (RFC 7162). */
static void modseqs_outlive_a_restart(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  for (int i = 0; i < 3; i++) {
    char name[32];
    snprintf(name, sizeof name, "cur/100%d.M1.h:2,", i);
    kit_write(kit, name, "A: b\n\nx\n");
  }
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 1);
  uint64_t changed = kit_flags(kit, mailbox, 2, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "").highest_modseq;
  imap4_mailbox_state a = kit_poll(kit, mailbox, 0);
  assert_true(a.highest_modseq == changed && a.no_modseq == 0);
  kit_close(kit, mailbox);
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_true(b.highest_modseq == a.highest_modseq && b.uidvalidity == a.uidvalidity);
  assert_true(kit_row(kit, mailbox, 2, &row));
  assert_true(row.modseq == changed);
  kit_close(kit, mailbox);
  kit_restart(kit);
  kit_move(kit, "cur/1000.M1.h:2,", "cur/1000.M1.h:2,F");
  kit_remove(kit, "cur/1002.M1.h:2,");
  mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state c = kit_poll(kit, mailbox, 0);
  assert_true(c.highest_modseq > b.highest_modseq);
  assert_true(kit_row(kit, mailbox, 1, &row));
  assert_true(row.modseq > b.highest_modseq && row.modseq <= c.highest_modseq);
  assert_true(kit_row(kit, mailbox, 2, &row));
  assert_true(row.modseq == changed);
  imap4_vanished_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .since = b.highest_modseq, .capacity = 9};
  imap4_vanished_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->vanished(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 1);
  assert_int_equal(out.uids.p[0].first, 3);
  kit_close(kit, mailbox);
}

static void flags_stored(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  uint32_t uid = kit_append(kit, "INBOX", "x\r\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 0);
  imap4_store_flags_result r = kit_flags(kit, mailbox, uid, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "one");
  assert_true(r.previous_modseq == a.highest_modseq && r.highest_modseq == a.highest_modseq + 1);
  assert_int_equal(r.modified.n, 0);
  r = kit_flags(kit, mailbox, uid, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "ONE"); /* nothing new */
  assert_true(r.previous_modseq == r.highest_modseq);
  kit_flags(kit, mailbox, uid, IMAP4_STORE_ADD, IMAP4_FLAG_DELETED, "");
  assert_non_null(strstr(kit_find(kit, "cur", ""), ":2,STa"));
  kit_flags(kit, mailbox, uid, IMAP4_STORE_REMOVE, IMAP4_FLAG_SEEN, "unknown");
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_DELETED);
  assert_int_equal(row.keywords.n, 3);
  r = kit_flags(kit, mailbox, uid, IMAP4_STORE_REPLACE, IMAP4_FLAG_ANSWERED, "two");
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_ANSWERED);
  assert_memory_equal(row.keywords.p, "two", 3);
  assert_true(row.modseq == r.highest_modseq);
  char *file = kit_slurp(kit, "dovecot-keywords", NULL);
  assert_string_equal(file, "0 one\n1 two\n");
  free(file);
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_true(b.highest_modseq == r.highest_modseq);
  kit_close(kit, mailbox);
}

static void flags_unchanged_since(void **state) {
  struct kit *kit = *state;
  uint32_t uids[3];
  imap4_row row;
  for (int i = 0; i < 3; i++)
    uids[i] = kit_append(kit, "INBOX", "x\r\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 0);
  kit_flags(kit, mailbox, uids[1], IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
  imap4_store_flags_args args = {.struct_size = sizeof args,
                                 .mode = IMAP4_STORE_ADD,
                                 .mailbox = mailbox,
                                 .flags = IMAP4_FLAG_FLAGGED,
                                 .unchanged_since = a.highest_modseq};
  imap4_uid_range all = {1, 100};
  args.uids = (imap4_uid_ranges){&all, 1};
  imap4_store_flags_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->store_flags(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.modified.n, 1);
  assert_int_equal(out.modified.p[0].first, uids[1]);
  assert_int_equal(out.modified.p[0].last, uids[1]);
  assert_true(kit_row(kit, mailbox, uids[1], &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN);
  assert_true(kit_row(kit, mailbox, uids[2], &row));
  assert_int_equal(row.flags, IMAP4_FLAG_FLAGGED);
  kit_close(kit, mailbox);
}

static void flags_meet_other_names(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  kit_write(kit, "new/1000.M1.h", "x\n");
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  /* The store has it in new/ while it lies in cur/ with a flag already. */
  kit_move(kit, "new/1000.M1.h", "cur/1000.M1.h:2,F");
  kit_flags(kit, mailbox, 1, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
  assert_true(kit_exists(kit, "cur/1000.M1.h:2,FS"));
  assert_true(kit_row(kit, mailbox, 1, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN | IMAP4_FLAG_FLAGGED);
  /* And flags of a message in new/ move it to cur/. */
  kit_write(kit, "new/1001.M1.h", "x\n");
  kit_poll(kit, mailbox, 0);
  kit_flags(kit, mailbox, 2, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
  assert_true(kit_exists(kit, "cur/1001.M1.h:2,S"));
  assert_int_equal(kit_poll(kit, mailbox, 0).exists, 2);
  kit_close(kit, mailbox);
}

static void keywords_end_at_26(void **state) {
  struct kit *kit = *state;
  uint32_t uid = kit_append(kit, "INBOX", "x\r\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  char name[16];
  for (int i = 0; i < 26; i++) {
    assert_int_equal(kit_poll(kit, mailbox, 0).new_keywords, 1);
    snprintf(name, sizeof name, "key%d", i);
    kit_flags(kit, mailbox, uid, IMAP4_STORE_ADD, 0, name);
  }
  assert_int_equal(kit_poll(kit, mailbox, 0).new_keywords, 0);
  imap4_uid_range range = {uid, uid};
  imap4_store_flags_args args = {.struct_size = sizeof args,
                                 .mode = IMAP4_STORE_ADD,
                                 .mailbox = mailbox,
                                 .uids = {&range, 1},
                                 .keywords = kit_str("key3 more")};
  imap4_store_flags_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->store_flags(kit->store, 1, &args, &out), IMAP4_ST_LIMIT);
  assert_int_equal(kit_try_append(kit, "INBOX", "x\r\n", 0, "more", &uid), IMAP4_ST_LIMIT);
  kit_append(kit, "INBOX", "x\r\n", 0, "KEY25");
  assert_non_null(strstr(kit_find(kit, "cur", ""), ":2,"));
  assert_int_equal(kit_poll(kit, mailbox, 0).exists, 2);
  kit_close(kit, mailbox);
}

static void expunged(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  for (int i = 0; i < 6; i++)
    kit_append(kit, "INBOX", "x\r\n", i % 2 ? IMAP4_FLAG_DELETED : 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state a = kit_poll(kit, mailbox, 0);
  imap4_uid_range some[] = {{1, 2}, {5, 6}};
  imap4_expunge_args args = {
      .struct_size = sizeof args, .only_deleted = 1, .mailbox = mailbox, .uids = {some, 2}};
  imap4_empty_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->expunge(kit->store, 1, &args, &out), IMAP4_OK);
  imap4_mailbox_state b = kit_poll(kit, mailbox, 0);
  assert_int_equal(b.exists, 4);
  assert_true(b.highest_modseq > a.highest_modseq);
  assert_false(kit_row(kit, mailbox, 2, &row));
  assert_true(kit_row(kit, mailbox, 4, &row)); /* \Deleted, but not among the UIDs */
  assert_int_equal(kit_count(kit, "cur"), 4);
  kit_close(kit, mailbox);
  /* The log outlives a restart; pages of one range. */
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  imap4_vanished_args v = {
      .struct_size = sizeof v, .mailbox = mailbox, .since = a.highest_modseq, .capacity = 1};
  imap4_vanished_result gone = {.struct_size = sizeof gone};
  assert_int_equal(table()->vanished(kit->store, 1, &v, &gone), IMAP4_OK);
  assert_int_equal(gone.last, 0);
  assert_int_equal(gone.uids.p[0].last, 2);
  v.after_uid = 2;
  assert_int_equal(table()->vanished(kit->store, 1, &v, &gone), IMAP4_OK);
  assert_int_equal(gone.last, 1);
  assert_int_equal(gone.uids.p[0].first, 6);
  kit_close(kit, mailbox);
}

static void ranges_of_uids(void **state) {
  struct kit *kit = *state;
  for (int i = 1; i <= 7; i++)
    kit_append(kit, "INBOX", "x\r\n", i < 6 ? IMAP4_FLAG_SEEN : 0, "");
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  kit_expunge(kit, mailbox, 3);
  kit_expunge(kit, mailbox, 5);
  imap4_uids_args args = {.struct_size = sizeof args, .mailbox = mailbox, .capacity = 2, .wants_unseen = 1};
  imap4_uids_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->uids(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 2);
  assert_int_equal(out.uids.p[0].first, 1);
  assert_int_equal(out.uids.p[0].last, 2);
  assert_int_equal(out.uids.p[1].last, 4);
  assert_int_equal(out.last, 0);
  assert_int_equal(out.first_unseen, 6);
  args.after_uid = 4;
  assert_int_equal(table()->uids(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 1);
  assert_int_equal(out.uids.p[0].first, 6);
  assert_int_equal(out.uids.p[0].last, 7);
  assert_int_equal(out.last, 1);
  args.after_uid = UINT32_MAX;
  assert_int_equal(table()->uids(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.uids.n, 0);
  assert_int_equal(out.last, 1);
  kit_close(kit, mailbox);
}

static int transfer(struct kit *kit, void *mailbox, int move, const char *to, imap4_copy_result *out) {
  imap4_copy_args args = {.struct_size = sizeof args, .mailbox = mailbox, .to = kit_str(to)};
  *out = (imap4_copy_result){.struct_size = sizeof *out};
  return move ? table()->move(kit->store, 1, &args, out) : table()->copy(kit->store, 1, &args, out);
}

static void copied_and_moved(void **state) {
  struct kit *kit = *state;
  imap4_copy_result out;
  imap4_row row;
  kit_append(kit, "INBOX", "one\r\n", IMAP4_FLAG_SEEN, "a b");
  kit_append(kit, "INBOX", "two\r\n", 0, "c");
  void *inbox = kit_open(kit, "INBOX");
  kit_poll(kit, inbox, 0);
  assert_int_equal(transfer(kit, inbox, 0, "Sent", &out), IMAP4_ST_NONEXISTENT);
  assert_int_equal(kit_name(kit, 'c', "Sent"), IMAP4_OK);
  kit_append(kit, "Sent", "zero\r\n", 0, "c");
  void *sent = kit_open(kit, "Sent");
  imap4_mailbox_state s = kit_poll(kit, sent, 0);
  assert_int_equal(transfer(kit, inbox, 0, "Sent", &out), IMAP4_OK);
  assert_int_equal(out.uidvalidity, s.uidvalidity);
  assert_int_equal(out.source.p[0].last, 2);
  assert_int_equal(out.target.p[0].first, 2);
  assert_int_equal(out.target.p[0].last, 3);
  assert_int_equal(kit_poll(kit, sent, 0).exists, 3);
  assert_true(kit_row(kit, sent, 2, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN);
  assert_memory_equal(row.keywords.p, "a b", 3); /* under other letters there */
  assert_int_equal(row.internaldate.zone_minutes, 120);
  assert_int_equal(row.digest.n, 12);
  assert_int_equal(transfer(kit, inbox, 1, "Sent", &out), IMAP4_OK);
  assert_int_equal(kit_poll(kit, inbox, 0).exists, 0);
  assert_int_equal(kit_poll(kit, sent, 0).exists, 5);
  size_t n;
  char *text = kit_read(kit, sent, 5, 3, &n);
  assert_string_equal(text, "two\r\n");
  free(text);
  /* Into itself. */
  assert_int_equal(transfer(kit, sent, 0, "Sent", &out), IMAP4_OK);
  assert_int_equal(kit_poll(kit, sent, 0).exists, 10);
  assert_int_equal(transfer(kit, sent, 1, "Sent", &out), IMAP4_OK);
  s = kit_poll(kit, sent, 0);
  assert_int_equal(s.exists, 10);
  assert_int_equal(s.uidnext, 21);
  assert_int_equal(transfer(kit, inbox, 0, "Sent", &out), IMAP4_OK); /* nothing to copy */
  assert_int_equal(out.source.n + out.target.n, 0);
  kit_close(kit, sent);
  kit_close(kit, inbox);
}

/* RFC 8514: a date for what this store puts there and for what others deliver, also in a copy and in an index
 * written anew. */
static void saved_dates(void **state) {
  struct kit *kit = *state;
  imap4_row row, copied, delivered;
  imap4_copy_result out;
  int64_t before = md_now_ns() / 1000000000;
  assert_int_equal(kit_name(kit, 'c', "box"), IMAP4_OK);
  kit_write(kit, "new/1000000000.others.host", "x\n");
  void *mailbox = kit_open(kit, "INBOX");
  uint32_t first = kit_poll(kit, mailbox, 0).uidnext;
  uint32_t uid = kit_append(kit, "INBOX", "y\r\n", 0, "");
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, first - 1, &delivered));
  assert_int_equal(delivered.saved.present, 1);
  /* The file system may look at its clock less often. */
  assert_true(delivered.saved.seconds >= before - 1 && delivered.saved.seconds <= md_now_ns() / 1000000000);
  assert_true(kit_row(kit, mailbox, uid, &row));
  assert_int_equal(row.saved.present, 1);
  assert_true(row.saved.seconds >= before && row.saved.seconds <= md_now_ns() / 1000000000);
  assert_int_equal(transfer(kit, mailbox, 0, "box", &out), IMAP4_OK);
  struct md_box *box = ((struct md_mailbox *)mailbox)->box;
  assert_int_equal(md_box_enter_locked(box), IMAP4_OK);
  assert_int_equal(md_index_rewrite(box), IMAP4_OK);
  md_box_leave_locked(box);
  kit_close(kit, mailbox);
  kit_restart(kit);
  mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, uid, &copied));
  assert_int_equal(copied.saved.seconds, row.saved.seconds);
  assert_true(kit_row(kit, mailbox, first - 1, &copied));
  assert_int_equal(copied.saved.seconds, delivered.saved.seconds);
  kit_close(kit, mailbox);
  mailbox = kit_open(kit, "box");
  kit_poll(kit, mailbox, 0);
  for (uint32_t i = 1; i <= 2; i++) {
    assert_true(kit_row(kit, mailbox, i, &copied));
    assert_true(copied.saved.present && copied.saved.seconds >= row.saved.seconds);
  }
  kit_close(kit, mailbox);
}

/* An upload to |name| that takes message |uid| of |mailbox| away. */
static int replace(struct kit *kit, void *mailbox, uint32_t uid, const char *name, uint32_t *new_uid) {
  imap4_append_begin_args b = {.struct_size = sizeof b,
                               .account = kit->account,
                               .mailbox = kit_str(name),
                               .replaces_in = mailbox,
                               .replaces = uid};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  assert_int_equal(table()->append_begin(kit->store, 1, &b, &upload), IMAP4_OK);
  imap4_append_message_args m = {.struct_size = sizeof m, .upload = upload.upload, .size = 5};
  assert_int_equal(table()->append_message(kit->store, 1, &m, &empty), IMAP4_OK);
  imap4_append_write_args w = {
      .struct_size = sizeof w, .last = 1, .upload = upload.upload, .data = kit_str("new\r\n")};
  assert_int_equal(table()->append_write(kit->store, 1, &w, &empty), IMAP4_OK);
  imap4_replace_args args = {
      .struct_size = sizeof args, .uid = uid, .upload = upload.upload, .mailbox = mailbox};
  imap4_append_commit_result out = {.struct_size = sizeof out};
  int status = table()->replace(kit->store, 1, &args, &out);
  if (status == IMAP4_OK) *new_uid = out.uids.p[0].first;
  return status;
}

static void replaced(void **state) {
  struct kit *kit = *state;
  uint32_t uid = 0;
  imap4_row row;
  kit_append(kit, "INBOX", "one\r\n", 0, "");
  kit_append(kit, "INBOX", "two\r\n", 0, "");
  assert_int_equal(kit_name(kit, 'c', "Sent"), IMAP4_OK);
  void *inbox = kit_open(kit, "INBOX");
  void *sent = kit_open(kit, "Sent");
  kit_poll(kit, inbox, 0);
  assert_int_equal(replace(kit, inbox, 1, "INBOX", &uid), IMAP4_OK);
  assert_int_equal(uid, 3);
  assert_int_equal(kit_poll(kit, inbox, 0).exists, 2);
  assert_false(kit_row(kit, inbox, 1, &row));
  assert_true(kit_row(kit, inbox, 3, &row));
  assert_int_equal(row.size, 5);
  assert_int_equal(replace(kit, inbox, 2, "Sent", &uid), IMAP4_OK);
  assert_int_equal(uid, 1);
  assert_int_equal(kit_poll(kit, inbox, 0).exists, 1);
  assert_int_equal(kit_poll(kit, sent, 0).exists, 1);
  /* What is gone can't be replaced, and nothing comes. */
  assert_int_equal(replace(kit, inbox, 2, "Sent", &uid), IMAP4_ST_EXPUNGED);
  assert_int_equal(kit_poll(kit, sent, 0).exists, 1);
  kit_close(kit, sent);
  kit_close(kit, inbox);
}

static void several_at_once(void **state) {
  struct kit *kit = *state;
  imap4_append_begin_args b = {.struct_size = sizeof b, .account = kit->account, .mailbox = kit_str("INBOX")};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  for (int round = 0; round < 2; round++) {
    assert_int_equal(table()->append_begin(kit->store, 1, &b, &upload), IMAP4_OK);
    for (int i = 0; i < 3; i++) {
      imap4_append_message_args m = {.struct_size = sizeof m, .upload = upload.upload};
      assert_int_equal(table()->append_message(kit->store, 1, &m, &empty), IMAP4_OK);
      imap4_append_write_args w = {.struct_size = sizeof w, .upload = upload.upload, .data = kit_str("x\r")};
      assert_int_equal(table()->append_write(kit->store, 1, &w, &empty), IMAP4_OK);
      w.data = kit_str("\ny\n");
      w.last = 1;
      assert_int_equal(table()->append_write(kit->store, 1, &w, &empty), IMAP4_OK);
    }
    if (round == 0) {
      assert_int_equal(kit_count(kit, "tmp"), 3);
      table()->append_abort(kit->store, upload.upload);
      assert_int_equal(kit_count(kit, "tmp"), 0);
      continue;
    }
    imap4_upload_args u = {.struct_size = sizeof u, .upload = upload.upload};
    imap4_append_commit_result out = {.struct_size = sizeof out};
    assert_int_equal(table()->append_commit(kit->store, 1, &u, &out), IMAP4_OK);
    assert_int_equal(out.uids.p[0].first, 1);
    assert_int_equal(out.uids.p[0].last, 3);
  }
  void *mailbox = kit_open(kit, "INBOX");
  imap4_row row;
  kit_poll(kit, mailbox, 0);
  assert_true(kit_row(kit, mailbox, 2, &row));
  assert_int_equal(row.size, 6);
  kit_close(kit, mailbox);
}

static void pages(void **state) {
  struct kit *kit = *state;
  char path[64];
  for (int i = 0; i < 50; i++) {
    snprintf(path, sizeof path, "cur/%d.M1.h:2,", 1000 + i);
    kit_write(kit, path, "x\n");
  }
  void *mailbox = kit_open(kit, "INBOX");
  uint64_t before = kit_poll(kit, mailbox, 0).highest_modseq;
  imap4_uid_range ranges[] = {{3, 5}, {10, 10}, {40, 60}};
  static const uint32_t expected[] = {3, 4, 5, 10, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50};
  for (uint32_t capacity = 1; capacity < 20; capacity++) {
    imap4_query_args args = {.struct_size = sizeof args,
                             .attributes = 0x1f,
                             .mailbox = mailbox,
                             .uids = {ranges, 3},
                             .capacity = capacity};
    imap4_query_result out = {.struct_size = sizeof out};
    size_t n = 0;
    do {
      assert_int_equal(table()->query(kit->store, 1, &args, &out), IMAP4_OK);
      assert_true(out.count <= capacity && (out.count > 0 || out.last));
      for (uint32_t i = 0; i < out.count; i++) {
        assert_int_equal(out.rows[i].uid, expected[n++]);
        assert_int_equal(out.rows[i].size, 3);
        args.after_uid = out.rows[i].uid;
      }
    } while (!out.last);
    assert_int_equal(n, 15);
  }
  kit_flags(kit, mailbox, 41, IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, "");
  imap4_query_args args = {
      .struct_size = sizeof args, .mailbox = mailbox, .changed_since = before, .capacity = 5};
  imap4_query_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->query(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.count, 1);
  assert_int_equal(out.last, 1);
  assert_int_equal(out.rows[0].uid, 41);
  imap4_status_args sa = {
      .struct_size = sizeof sa, .items = 0x1f, .account = kit->account, .name = kit_str("INBOX")};
  imap4_status_result so = {.struct_size = sizeof so};
  assert_int_equal(table()->status(kit->store, 1, &sa, &so), IMAP4_OK);
  assert_int_equal(so.messages, 50);
  assert_int_equal(so.unseen, 49);
  assert_int_equal(so.recent, 0);
  assert_int_equal(so.uidnext, 51);
  sa.name = kit_str("none");
  assert_int_equal(table()->status(kit->store, 1, &sa, &so), IMAP4_ST_NONEXISTENT);
  kit_close(kit, mailbox);
}

static void refused_logins(void **state) {
  struct kit *kit = *state;
  imap4_authenticate_args args = {
      .struct_size = sizeof args, .user = kit_str("joe"), .password = kit_str("no")};
  imap4_authenticate_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->authenticate(kit->store, 1, &args, &out), IMAP4_ST_AUTHFAILED);
  args.password = kit_str("pw");
  args.user = kit_str("../joe");
  assert_int_equal(table()->authenticate(kit->store, 1, &args, &out), IMAP4_ST_AUTHFAILED);
  args.user = kit_str("joe");
  args.authorize = kit_str("ann");
  assert_int_equal(table()->authenticate(kit->store, 1, &args, &out), IMAP4_ST_AUTHZFAILED);
  imap4_maildir *none;
  imap4_maildir_config config = {.struct_size = 1};
  assert_int_equal(imap4_maildir_new(&config, &none), IMAP4_ERR_VERSION);
  config.struct_size = sizeof config;
  assert_int_equal(imap4_maildir_new(&config, &none), IMAP4_ERR_INVALID);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(appended),
      KIT_TEST(bare_lines_lose_the_digest),
      KIT_TEST(delivered),
      KIT_TEST(many_deliveries_between_polls),
      KIT_TEST(changed_by_others),
      KIT_TEST(modseqs_outlive_a_restart),
      KIT_TEST(flags_stored),
      KIT_TEST(flags_unchanged_since),
      KIT_TEST(flags_meet_other_names),
      KIT_TEST(keywords_end_at_26),
      KIT_TEST(expunged),
      KIT_TEST(ranges_of_uids),
      KIT_TEST(copied_and_moved),
      KIT_TEST(saved_dates),
      KIT_TEST(replaced),
      KIT_TEST(several_at_once),
      KIT_TEST(pages),
      KIT_TEST(refused_logins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
