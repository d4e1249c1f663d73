/* SPDX-License-Identifier: MIT */
/* INPROGRESS (RFC 9585): what a client hears of a command while the store takes its time over each call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

enum { MESSAGES = 9, INTERVAL = 15000 };

typedef struct watched {
  host h;
  client c;
  uint64_t now;
  unsigned notices;
  unsigned last; /* the largest number of messages done that was told */
} watched;

static void watched_open(watched *w, uint32_t without) {
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  memory.manner = IMAP4_MEMORY_LATER;
  memory.page_rows = 2;
  memory.without = without;
  *w = (watched){.now = 1};
  host_open(&w->h, &memory, NULL);
  host_fill(&w->h, "INBOX", MESSAGES);
  client_open(&w->c, &w->h);
  client_line(&w->c, "a1 LOGIN somebody secret");
  client_line(&w->c, "a2 SELECT INBOX");
  assert_int_equal(imap4_session_tick(w->c.session, w->now), IMAP4_OK);
  client_forget(&w->c);
}

static void watched_close(watched *w) {
  client_close(&w->c);
  host_close(&w->h);
}

/* Take what there is without completing anything.  Every line of it is whole. */
static void listen(watched *w) {
  const void *data;
  size_t len;
  do {
    assert_int_equal(imap4_session_run(w->c.session), IMAP4_OK);
    assert_int_equal(imap4_session_output(w->c.session, &data, &len), IMAP4_OK);
    w->c.said = realloc(w->c.said, w->c.length + len + 1);
    assert_non_null(w->c.said);
    if (len > 0) memcpy(w->c.said + w->c.length, data, len);
    w->c.length += len;
    w->c.said[w->c.length] = '\0';
    assert_int_equal(imap4_session_output_done(w->c.session, len), IMAP4_OK);
  } while (len > 0 || imap4_session_want(w->c.session) & IMAP4_WANT_RUN);
}

/* An interval goes by; the notice, if there is one, is the whole of what comes. */
static void wait_and_note(watched *w, const char *tagz) {
  unsigned done;
  unsigned total;
  char tag[8];
  client_forget(&w->c);
  assert_true(imap4_session_deadline(w->c.session) <= w->now + INTERVAL);
  w->now += INTERVAL;
  assert_int_equal(imap4_session_tick(w->c.session, w->now), IMAP4_OK);
  listen(w);
  assert_int_equal(
      sscanf(w->c.said, "* OK [INPROGRESS (\"%7[^\"]\" %u %u)] Still at work\r\n", tag, &done, &total), 3);
  assert_string_equal(strchr(w->c.said, '\n'), "\n");
  assert_string_equal(tag, tagz);
  assert_int_equal(total, MESSAGES);
  assert_true(done >= w->last && done < total);
  w->last = done;
  w->notices++;
}

/* Send a command; before each answer of the store an interval goes by. */
static const char *slowly(watched *w, const char *line, const char *tagz) {
  size_t used;
  assert_int_equal(imap4_session_input(w->c.session, line, strlen(line), &used), IMAP4_OK);
  assert_int_equal(used, strlen(line));
  while (listen(w), imap4_session_want(w->c.session) & IMAP4_WANT_STORE) {
    if (!strstr(w->c.said, "* SEARCH") && !strstr(w->c.said, "EXISTS")) wait_and_note(w, tagz);
    client_forget(&w->c);
    assert_int_equal(imap4_memory_complete_next(w->h.memory), 1);
  }
  return w->c.said;
}

static void search_tells_how_far_it_is(void **state) {
  (void)state;
  watched w;
  watched_open(&w, 0);
  const char *said = slowly(&w, "a3 SEARCH BODY needle\r\n", "a3");
  assert_non_null(strstr(said, "a3 OK "));
  assert_true(w.notices >= MESSAGES);
  assert_int_equal(w.last, MESSAGES - 1);
  watched_close(&w);
}

static void copy_tells_how_far_it_is(void **state) {
  (void)state;
  watched w;
  watched_open(&w, IMAP4_MEMORY_WITHOUT_COPY);
  assert_int_equal(imap4_memory_add_mailbox(w.h.memory, span(""), span("Target"), 0), IMAP4_OK);
  const char *said = slowly(&w, "a3 COPY 1:* Target\r\n", "a3");
  assert_non_null(strstr(said, "a3 OK [COPYUID "));
  assert_true(w.notices >= 3 * MESSAGES);
  assert_int_equal(w.last, MESSAGES - 1);
  watched_close(&w);
}

/* What was said last is still on its way: another line would only come later. */
static void nothing_behind_other_output(void **state) {
  (void)state;
  watched w;
  const void *data;
  size_t before;
  size_t after;
  watched_open(&w, 0);
  static const char line[] = "a3 NOOP\r\na4 SEARCH BODY needle\r\n";
  size_t used;
  assert_int_equal(imap4_session_input(w.c.session, line, 9, &used), IMAP4_OK);
  while (imap4_memory_complete_next(w.h.memory))
    assert_int_equal(imap4_session_run(w.c.session), IMAP4_OK);
  assert_int_equal(imap4_session_input(w.c.session, line + 9, sizeof line - 10, &used), IMAP4_OK);
  assert_int_equal(used, sizeof line - 10);
  assert_true(imap4_session_want(w.c.session) & IMAP4_WANT_STORE);
  assert_int_equal(imap4_session_output(w.c.session, &data, &before), IMAP4_OK);
  assert_true(before > 0);
  for (int i = 0; i < 3; i++) {
    w.now += INTERVAL;
    assert_int_equal(imap4_session_tick(w.c.session, w.now), IMAP4_OK);
    assert_int_equal(imap4_session_run(w.c.session), IMAP4_OK);
  }
  assert_int_equal(imap4_session_output(w.c.session, &data, &after), IMAP4_OK);
  assert_int_equal(after, before);
  watched_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(search_tells_how_far_it_is),
      cmocka_unit_test(copy_tells_how_far_it_is),
      cmocka_unit_test(nothing_behind_other_output),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
