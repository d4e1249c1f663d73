/* SPDX-License-Identifier: MIT */
/* Octets of messages with all kinds of line ends, at all offsets, in pieces of all sizes. */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The plain rule: CR before each LF that has none. */
static char *with_crlf(const char *text, size_t *n) {
  char *out = malloc(2 * strlen(text) + 1);
  assert_non_null(out);
  *n = 0;
  for (size_t i = 0; text[i]; i++) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out[(*n)++] = '\r';
    out[(*n)++] = text[i];
  }
  out[*n] = '\0';
  return out;
}

static const char *const samples[] = {
    "x",
    "\n",
    "\r",
    "\r\n",
    "\n\n\n",
    "\r\r\n\n\r",
    "A: b\n\nbody\n",
    "A: b\r\n\r\nbody\r\n",
    "a\nb\r\nc\rd",
    "\n\r\n\r\r\n\n",
    "end without line",
    "x\n\r",
    "lines\r\nmixed\nhere\r\n\n.",
};

static int read_at(const struct kit *kit, void *mailbox, uint32_t uid, uint64_t offset, uint32_t capacity,
                   imap4_str *data) {
  imap4_read_args args = {
      .struct_size = sizeof args, .uid = uid, .mailbox = mailbox, .offset = offset, .capacity = capacity};
  imap4_read_result out = {.struct_size = sizeof out};
  int status = imap4_maildir_store()->read(kit->store, 1, &args, &out);
  *data = out.data;
  return status;
}

static void all_offsets_and_capacities(void **state) {
  struct kit *kit = *state;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    char path[64];
    snprintf(path, sizeof path, "cur/%d.M1.h:2,", 1000 + (int)i);
    kit_write(kit, path, samples[i]);
  }
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 0);
  for (uint32_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    size_t n;
    char *expected = with_crlf(samples[i], &n);
    imap4_row row;
    assert_true(kit_row(kit, mailbox, i + 1, &row));
    assert_int_equal(row.size, n);
    for (uint32_t capacity = 1; capacity <= n + 1; capacity++) {
      for (size_t offset = 0; offset < n; offset++) {
        imap4_str data;
        assert_int_equal(read_at(kit, mailbox, i + 1, offset, capacity, &data), IMAP4_OK);
        assert_true(data.n > 0 && data.n <= capacity && offset + data.n <= n);
        assert_memory_equal(data.p, expected + offset, data.n);
      }
      size_t got;
      char *text = kit_read(kit, mailbox, i + 1, capacity, &got);
      assert_int_equal(got, n);
      assert_memory_equal(text, expected, n);
      free(text);
    }
    free(expected);
  }
  kit_close(kit, mailbox);
}

/* Long enough for several buffers and all marks. */
static void a_long_message(void **state) {
  struct kit *kit = *state;
  size_t length = 1500000, n, got;
  char *raw = malloc(length + 1);
  assert_non_null(raw);
  uint32_t random = 12345;
  for (size_t i = 0; i < length; i++) {
    random = random * 1664525u + 1013904223u;
    unsigned pick = random >> 24;
    raw[i] = pick < 8 ? '\n' : pick < 12 ? '\r' : (char)('a' + pick % 26);
  }
  raw[length] = '\0';
  char *expected = with_crlf(raw, &n);
  kit_write(kit, "new/1000.M1.h", raw);
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 1);
  char *text = kit_read(kit, mailbox, 1, 16384, &got);
  assert_int_equal(got, n);
  assert_memory_equal(text, expected, n);
  free(text);
  for (int i = 0; i < 500; i++) {
    imap4_str data;
    random = random * 1664525u + 1013904223u;
    uint64_t offset = (uint64_t)(random >> 4) % n;
    uint32_t capacity = 1 + (random & 0xffff);
    assert_int_equal(read_at(kit, mailbox, 1, offset, capacity, &data), IMAP4_OK);
    assert_true(data.n > 0 && (data.n == capacity || offset + data.n == n || data.n == 65536));
    assert_memory_equal(data.p, expected + offset, data.n);
  }
  kit_close(kit, mailbox);
  free(expected);
  free(raw);
}

static void removed_while_it_is_read(void **state) {
  struct kit *kit = *state;
  imap4_str data;
  kit_write(kit, "new/1000.M1.h", "one\ntwo\nthree\n");
  kit_append(kit, "INBOX", "1\r\n2\r\n", 0, "");
  void *mailbox = kit_open(kit, "INBOX"), *other = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 1);
  uint32_t first = kit_poll(kit, other, 1).uidnext - 2;
  imap4_row row;
  assert_true(kit_row(kit, mailbox, first, &row) && kit_row(kit, mailbox, first + 1, &row));
  for (uint32_t uid = first; uid < first + 2; uid++) {
    assert_int_equal(read_at(kit, mailbox, uid, 0, 2, &data), IMAP4_OK);
    kit_expunge(kit, other, uid);
    assert_int_equal(read_at(kit, mailbox, uid, 2, 2, &data), IMAP4_OK);
    assert_int_equal(data.n, 2);
    assert_int_equal(read_at(kit, other, uid, 0, 2, &data), IMAP4_ST_EXPUNGED);
  }
  assert_int_equal(kit_count(kit, "cur") + kit_count(kit, "new"), 0);
  kit_close(kit, other);
  kit_close(kit, mailbox);
}

static void removed_by_another_program(void **state) {
  struct kit *kit = *state;
  imap4_str data;
  kit_write(kit, "cur/1000.M1.h:2,", "one\n");
  kit_write(kit, "cur/1001.M1.h:2,", "two\n");
  void *mailbox = kit_open(kit, "INBOX");
  kit_poll(kit, mailbox, 1);
  kit_remove(kit, "cur/1000.M1.h:2,");
  kit_move(kit, "cur/1001.M1.h:2,", "cur/1001.M1.h:2,S");
  assert_int_equal(read_at(kit, mailbox, 1, 0, 100, &data), IMAP4_ST_EXPUNGED);
  assert_int_equal(read_at(kit, mailbox, 2, 0, 100, &data), IMAP4_OK);
  assert_int_equal(data.n, 5);
  kit_close(kit, mailbox);
}

/* A name that tells a wrong size is found out when the message is read, and put right. */
static void wrong_sizes(void **state) {
  struct kit *kit = *state;
  static const char *const names[] = {"cur/1000.M1.h,S=9,W=12:2,", "cur/1001.M1.h,S=9,W=9:2,",
                                      "cur/1002.M1.h,S=9,W=10:2,", "cur/1003.M1.h,S=9,W=3:2,",
                                      "cur/1004.M1.h,S=9,W=99999:2,"};
  imap4_str data;
  imap4_row row;
  for (size_t i = 0; i < 5; i++)
    kit_write(kit, names[i], "A\nB\nCCCC\n"); /* 9 octets, 12 with CRLF */
  void *mailbox = kit_open(kit, "INBOX");
  uint64_t modseq = kit_poll(kit, mailbox, 1).highest_modseq;
  for (uint32_t uid = 1; uid <= 5; uid++) {
    int status = read_at(kit, mailbox, uid, 0, 100, &data);
    assert_int_equal(status, uid == 2 || uid == 3 ? IMAP4_ST_CORRUPTION : IMAP4_OK);
    assert_true(kit_row(kit, mailbox, uid, &row));
    assert_int_equal(row.size, 12);
    assert_int_equal(read_at(kit, mailbox, uid, 0, 100, &data), IMAP4_OK);
    assert_int_equal(data.n, 12);
  }
  assert_true(kit_poll(kit, mailbox, 1).highest_modseq > modseq); /* other sessions hear of it */
  kit_close(kit, mailbox);
}

static void links_are_no_messages(void **state) {
  struct kit *kit = *state;
  char path[200];
  snprintf(path, sizeof path, "%s/joe/cur/1000.M1.h:2,", kit->root);
  assert_int_equal(symlink("/etc/passwd", path), 0);
  void *mailbox = kit_open(kit, "INBOX");
  assert_int_equal(kit_poll(kit, mailbox, 1).exists, 0);
  kit_close(kit, mailbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(all_offsets_and_capacities), KIT_TEST(a_long_message), KIT_TEST(removed_while_it_is_read),
      KIT_TEST(removed_by_another_program), KIT_TEST(wrong_sizes),    KIT_TEST(links_are_no_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
