/* SPDX-License-Identifier: MIT */
/* What a session that waits costs (contract C7): octets of heap in the library, counted by the allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define MESSAGES 100000

static void check_idle(uint32_t manner) {
  imap4_memory_config memory;
  host h;
  client c;
  imap4_memory_config_init(&memory);
  memory.manner = manner;
  host_open(&h, &memory, NULL);
  imap4_memory_message message = {.text = span("Subject: small\n\ntext\n")};
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &message), IMAP4_OK);

  size_t server = h.heap;
  client_open(&c, &h);
  size_t greeted = h.heap - server;
  client_line(&c, "a1 LOGIN somebody secret");
  size_t logged_in = h.heap - server;
  assert_non_null(strstr(client_line(&c, "a2 SELECT INBOX"), "* 100000 EXISTS\r\n"));
  size_t selected = h.heap - server;
  assert_string_equal(client_line(&c, "a3 IDLE"), "+ idling\r\n");
  size_t idle = h.heap - server;
  print_message("heap of a session: greeted %zu, logged in %zu, selected %zu, in IDLE %zu octets\n", greeted,
                logged_in, selected, idle);
  assert_int_equal(client_info(&c).memory, idle);
  assert_true(client_info(&c).idle);
  assert_true(idle <= 4096);
  assert_true(logged_in <= 2048);
  client_close(&c);
  host_close(&h);
}

static void idle_on_100000_messages(void **state) {
  (void)state;
  check_idle(IMAP4_MEMORY_NOW);
}

/* Answers that came later were copied; the copies must not stay. */
static void idle_after_late_answers(void **state) {
  (void)state;
  check_idle(IMAP4_MEMORY_LATER);
}

/* Every other message is gone: the view is as fragmented as it can be, and still bounded by its ranges. */
static void idle_on_a_fragmented_mailbox(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  imap4_memory_config memory;
  host h;
  client c;
  imap4_memory_config_init(&memory);
  host_open(&h, &memory, NULL);
  imap4_memory_message message = {.text = span("Subject: small\n\ntext\n")};
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &message), IMAP4_OK);
  for (uint32_t uid = 2; uid <= COUNT; uid += 2) {
    imap4_uid_range one = {uid, uid};
    assert_int_equal(imap4_memory_expunge(h.memory, span(""), span("INBOX"), (imap4_uid_ranges){&one, 1}),
                     IMAP4_OK);
  }
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN somebody secret");
  client_line(&c, "a2 SELECT INBOX");
  client_line(&c, "a3 IDLE");
  /* 12 octets a range would do; buffers grow by doubling. */
  assert_true(client_info(&c).memory <= 4096 + COUNT / 2 * 2 * 2 * sizeof(imap4_uid_range));
  client_close(&c);
  host_close(&h);
}

/* A reader that always leaves an octet unread: what was sent does not pile up. */
static void slow_reader(void **state) {
  (void)state;
  enum { SIZE = 3000000 };
  imap4_memory_config memory;
  host h;
  client c;
  size_t total = 0;
  imap4_memory_config_init(&memory);
  host_open(&h, &memory, NULL);
  char *text = malloc(SIZE);
  assert_non_null(text);
  memset(text, 'x', SIZE);
  memcpy(text, "Subject: x\n\n", 12);
  imap4_memory_message message = {.text = {text, SIZE}};
  assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &message), IMAP4_OK);
  free(text);
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN somebody secret");
  client_line(&c, "a2 SELECT INBOX");
  static const char fetch[] = "a3 FETCH 1 BODY.PEEK[]\r\n";
  size_t used;
  assert_int_equal(imap4_session_input(c.session, fetch, sizeof fetch - 1, &used), IMAP4_OK);
  for (;;) {
    const void *data;
    size_t len;
    assert_int_equal(imap4_session_run(c.session), IMAP4_OK);
    assert_int_equal(imap4_session_output(c.session, &data, &len), IMAP4_OK);
    if (len <= 1) break;
    assert_int_equal(imap4_session_output_done(c.session, len - 1), IMAP4_OK);
    total += len - 1;
    assert_true(client_info(&c).memory < 200000);
  }
  assert_true(total > SIZE);
  client_close(&c);
  host_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(idle_on_100000_messages),
      cmocka_unit_test(idle_after_late_answers),
      cmocka_unit_test(idle_on_a_fragmented_mailbox),
      cmocka_unit_test(slow_reader),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
