/* SPDX-License-Identifier: MIT */
/* What other servers left is taken over when a mailbox is met for the first time, and only then. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void dovecot(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  kit_write(kit, "dovecot-uidlist",
            "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n"
            "25006 S4 W6 :1000.M1.h,S=4:2,S\n"
            "25007 W7 :1001.M1.h\n"
            "25015 :1002.M1.h:2,\n"
            "25016 :gone.M1.h:2,\n");
  kit_write(kit, "dovecot-keywords", "0 $Forwarded\n2 Junk\n99 no\nx\n1 bad name\n");
  kit_write(kit, "cur/1000.M1.h,S=4:2,Sac", "a\nb\n");
  kit_write(kit, "cur/1001.M1.h:2,FT", "a\nb\nc\n");
  kit_write(kit, "cur/1003.M1.h:2,b", "x\n");
  kit_write(kit, "new/1002.M1.h", "x\n");
  kit_write(kit, "new/1004.M1.h", "x\n");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 1);
  assert_int_equal(s.uidvalidity, 1275660208);
  assert_true(s.highest_modseq > UINT64_C(1) << 39); /* above what clients have from the other server */
  assert_int_equal(s.exists, 5);
  assert_int_equal(s.uidnext, 25024);
  assert_int_equal(s.first_recent, 25023); /* 25022 lay in cur/ */
  assert_true(kit_row(kit, mailbox, 25006, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_SEEN);
  assert_int_equal(row.keywords.n, 15);
  assert_memory_equal(row.keywords.p, "$Forwarded Junk", 15);
  assert_int_equal(row.size, 6);
  kit_close(kit, mailbox);
}

static void sizes_of_dovecot(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  kit_write(kit, "dovecot-uidlist", "3 N10 V77\n5 W6 :1000.M1.h\n6 W2 :1001.M1.h\n7 :1002.M1.h\n");
  kit_write(kit, "cur/1000.M1.h:2,", "a\nb\n");
  kit_write(kit, "cur/1001.M1.h:2,", "a\nb\n");
  kit_write(kit, "cur/1002.M1.h:2,", "a\nb\n");
  void *mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 0).uidvalidity, 77);
  for (uint32_t uid = 5; uid < 8; uid++) {
    assert_true(kit_row(kit, mailbox, uid, &row));
    assert_int_equal(row.size, 6);
  }
  kit_close(kit, mailbox);
}

static void courier(void **state) {
  struct kit *kit = *state;
  imap4_row row;
  kit_write(kit, "courierimapuiddb", "1 1234567 20\n7 1000.M1.h\n9 1001.M1.h,S=3\n");
  kit_write(kit, "cur/1001.M1.h,S=3:2,S", "x\n");
  kit_write(kit, "cur/1000.M1.h:2,R", "x\n");
  kit_write(kit, "courierimapsubscribed", "INBOX\nINBOX.Sent\nINBOX.a&-b.c\n");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 1);
  assert_int_equal(s.uidvalidity, 1234567);
  assert_int_equal(s.uidnext, 20);
  assert_int_equal(s.first_recent, 20);
  assert_true(kit_row(kit, mailbox, 7, &row));
  assert_int_equal(row.flags, IMAP4_FLAG_ANSWERED);
  assert_true(kit_row(kit, mailbox, 9, &row));
  kit_close(kit, mailbox);
  assert_string_equal(kit_list(kit, 10), "INBOX(S) Sent(S)(N) a&b.c(S)(N)");
  assert_int_equal(kit_name(kit, '-', "Sent"), IMAP4_OK);
  char *file = kit_slurp(kit, "subscriptions", NULL);
  assert_string_equal(file, "V\t2\n\nINBOX\na&-b\tc\n");
  free(file);
}

/* UIDs that this store has given itself are not given again because an old list is still there. */
static void only_once(void **state) {
  struct kit *kit = *state;
  kit_write(kit, "dovecot-uidlist", "3 V77 N10\n5 :1000.M1.h\n");
  kit_write(kit, "cur/1000.M1.h:2,", "a\n");
  void *mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 0).uidvalidity, 77);
  kit_close(kit, mailbox);
  assert_int_equal(kit_append(kit, "INBOX", "x\r\n", 0, ""), 10);
  kit_restart(kit);
  kit_remove(kit, "imap4-index");
  mailbox = kit_open(kit, "INBOX");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  assert_true(s.uidvalidity > 77);
  assert_int_equal(s.exists, 2);
  assert_int_equal(s.uidnext, 3);
  kit_close(kit, mailbox);
}

static void lists_that_make_no_sense(void **state) {
  struct kit *kit = *state;
  static const char *const lists[] = {
      "",          "\n",    "3\n",     "3 N5\n5 :x\n",        "2 V5 N6\n", "9 V5 N6\n",
      "3 Vx N6\n", "1 5\n", "1 x y\n", "3 V99999999999 N5\n", "\xff\xfe",  "3 V0 N5\n"};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    char name[32], path[64];
    snprintf(name, sizeof name, "b%d", (int)i);
    assert_int_equal(kit_name(kit, 'c', name), IMAP4_OK);
    snprintf(path, sizeof path, ".%s/dovecot-uidlist", name);
    kit_write(kit, path, lists[i]);
    snprintf(path, sizeof path, ".%s/cur/1000.M1.h:2,", name);
    kit_write(kit, path, "x\n");
    void *mailbox = kit_open(kit, name);
    imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
    assert_true(s.uidvalidity > 1000000000);
    assert_int_equal(s.uidnext, 2);
    kit_close(kit, mailbox);
  }
  /* Lines that make none are passed over; one UID for two messages; one message on two lines. */
  kit_write(kit, "dovecot-uidlist",
            "3 V9 N4\n0 :a\n4294967295 :b\nx\n7\n7 \n7 :\n2 :1000.M1.h\n2 :1001.M1.h\n1 :1002.M1.h\n3 "
            ":1002.M1.h\n");
  kit_write(kit, "cur/1000.M1.h:2,", "x\n");
  kit_write(kit, "cur/1001.M1.h:2,", "x\n");
  kit_write(kit, "cur/1002.M1.h:2,", "x\n");
  void *mailbox = kit_open(kit, "INBOX");
  imap4_row row;
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0);
  assert_int_equal(s.uidvalidity, 9);
  assert_int_equal(s.exists, 3);
  assert_true(kit_row(kit, mailbox, 2, &row));
  assert_true(kit_row(kit, mailbox, 3, &row));
  assert_true(kit_row(kit, mailbox, 4, &row));
  assert_int_equal(s.uidnext, 5);
  kit_close(kit, mailbox);
}

static void subscriptions_of_dovecot(void **state) {
  struct kit *kit = *state;
  kit_write(kit, "subscriptions", "V\t2\n\nSent\nEntw&APw-rfe\tAlt\nwei\001trd\n");
  assert_string_equal(kit_list(kit, 1), "Entw\xc3\xbcrfe.Alt(S)(N) INBOX Sent(S)(N)");
  assert_int_equal(kit_name(kit, '+', "a.b"), IMAP4_OK);
  assert_int_equal(kit_name(kit, '+', "a.b"), IMAP4_OK);
  assert_int_equal(kit_name(kit, '-', "Sent"), IMAP4_OK);
  assert_int_equal(kit_name(kit, '-', "other"), IMAP4_OK);
  char *file = kit_slurp(kit, "subscriptions", NULL);
  assert_string_equal(file, "V\t2\n\nEntw&APw-rfe\tAlt\nwei\001trd\na\tb\n");
  free(file);
  /* The first version of the format stays what it is. */
  kit_write(kit, "subscriptions", "Sent\na.b\n");
  assert_int_equal(kit_name(kit, '+', "c.d"), IMAP4_OK);
  file = kit_slurp(kit, "subscriptions", NULL);
  assert_string_equal(file, "Sent\na.b\nc.d\n");
  free(file);
  kit_remove(kit, "subscriptions");
  assert_int_equal(kit_name(kit, '+', "x.y"), IMAP4_OK);
  file = kit_slurp(kit, "subscriptions", NULL);
  assert_string_equal(file, "V\t2\n\nx\ty\n");
  free(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(dovecot),   KIT_TEST(sizes_of_dovecot),         KIT_TEST(courier),
      KIT_TEST(only_once), KIT_TEST(lists_that_make_no_sense), KIT_TEST(subscriptions_of_dovecot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
