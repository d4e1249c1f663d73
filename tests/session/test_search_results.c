/* SPDX-License-Identifier: MIT */
/* SEARCH with result options: what it costs, and the time of day that some keys need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

/* Every second message is \Flagged, so that found UIDs are never neighbours. */
static void open_flagged(host *h, client *c, int count) {
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  host_open(h, &memory, NULL);
  for (int i = 0; i < count; i++) {
    imap4_memory_message message = {.text = span("Subject: small\n\ntext\n"),
                                    .flags = i % 2 == 0 ? IMAP4_FLAG_FLAGGED : 0};
    assert_int_equal(imap4_memory_add_message(h->memory, span(""), span("INBOX"), &message), IMAP4_OK);
  }
  client_open(c, h);
  client_line(c, "a1 LOGIN somebody secret");
  client_line(c, "a2 SELECT INBOX");
}

/* Octets of heap that a SEARCH has needed at most. */
static uint64_t peak_of(const char *linez, int count) {
  host h;
  client c;
  open_flagged(&h, &c, count);
  assert_non_null(strstr(client_line(&c, linez), "a3 OK"));
  uint64_t peak = client_info(&c).memory_peak;
  client_close(&c);
  host_close(&h);
  return peak;
}

static void what_is_not_told_is_not_kept(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  static const char *const small[] = {
      "a3 SEARCH RETURN (MIN) FLAGGED", "a3 SEARCH RETURN (MIN MAX COUNT) FLAGGED",
      "a3 SEARCH RETURN (MAX SAVE) FLAGGED", "a3 UID SEARCH RETURN (PARTIAL 1:50 COUNT) FLAGGED"};
  uint64_t all = peak_of("a3 UID SEARCH RETURN (ALL) FLAGGED", COUNT);
  for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
    assert_true(peak_of(small[i], COUNT) + COUNT / 2 * sizeof(imap4_uid_range) <= all);
  }
}

static void a_saved_result_is_kept_as_ranges(void **state) {
  (void)state;
  host h;
  client c;
  open_flagged(&h, &c, 20000);
  uint64_t before = client_info(&c).memory;
  assert_non_null(strstr(client_line(&c, "a3 SEARCH RETURN (SAVE) ALL"), "a3 OK"));
  assert_true(client_info(&c).memory < before + 100);
  assert_non_null(strstr(client_line(&c, "a4 SEARCH RETURN (COUNT) $"), "COUNT 20000\r\n"));
  assert_non_null(strstr(client_line(&c, "a5 SEARCH RETURN (SAVE COUNT) FLAGGED"), "COUNT 10000\r\n"));
  assert_true(client_info(&c).memory >= before + 10000 * sizeof(imap4_uid_range));
  assert_non_null(strstr(client_line(&c, "a6 SEARCH RETURN (SAVE) NOT ALL"), "a6 OK"));
  assert_true(client_info(&c).memory < before + 100);
  client_close(&c);
  host_close(&h);
}

static void the_time_of_day(void **state) {
  (void)state;
  const int64_t most = INT64_C(1) << 50;
  host h;
  client c;
  open_flagged(&h, &c, 1);
  assert_null(strstr(client_line(&c, "a3 CAPABILITY"), "WITHIN"));
  assert_int_equal(imap4_session_set_clock(NULL, 0), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_session_set_clock(c.session, most + 1), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_session_set_clock(c.session, -most - 1), IMAP4_ERR_INVALID);
  assert_null(strstr(client_line(&c, "a4 CAPABILITY"), "WITHIN"));
  assert_int_equal(imap4_session_set_clock(c.session, -most), IMAP4_OK);
  assert_non_null(strstr(client_line(&c, "a5 CAPABILITY"), " WITHIN"));
  assert_non_null(strstr(client_line(&c, "a6 SEARCH OLDER 4294967295"), "* SEARCH\r\n"));
  assert_int_equal(imap4_session_set_clock(c.session, most), IMAP4_OK);
  assert_non_null(strstr(client_line(&c, "a7 SEARCH OLDER 4294967295"), "* SEARCH 1\r\n"));
  client_close(&c);
  host_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_told_is_not_kept),
      cmocka_unit_test(a_saved_result_is_kept_as_ranges),
      cmocka_unit_test(the_time_of_day),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
