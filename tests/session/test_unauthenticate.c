/* SPDX-License-Identifier: MIT */
/*
 * UNAUTHENTICATE behind a long response, while the client takes it in its own time: what the session held for
 * that is more than the limits before login allow, and must not cost the client its next login.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

enum { PARTS = 3000 };

/* A message whose BODYSTRUCTURE is longer than a session may be before login. */
static void add_message(host *h) {
  static const char part[] = "--b\nContent-Type: text/plain; charset=utf-8\n\nx\n";
  size_t n = 0;
  char *text = malloc(100 + PARTS * sizeof part);
  assert_non_null(text);
  n += (size_t)sprintf(text, "Content-Type: multipart/mixed; boundary=b\n\n");
  for (int i = 0; i < PARTS; i++)
    n += (size_t)sprintf(text + n, "%s", part);
  imap4_memory_message message = {.text = {text, n}};
  assert_int_equal(imap4_memory_add_message(h->memory, span(""), span("INBOX"), &message), IMAP4_OK);
  free(text);
}

/* Take at most |n| octets of what is waiting; how many were left. */
static size_t take(client *c, size_t n) {
  const void *data;
  size_t len;
  assert_int_equal(imap4_session_output(c->session, &data, &len), IMAP4_OK);
  if (n > len) n = len;
  if (n == 0) return 0;
  c->said = realloc(c->said, c->length + n + 1);
  assert_non_null(c->said);
  memcpy(c->said + c->length, data, n);
  c->length += n;
  c->said[c->length] = '\0';
  assert_int_equal(imap4_session_output_done(c->session, n), IMAP4_OK);
  return len - n;
}

/* The same conversation, of which the client reads as if it had room for |n| octets, but always keeps |back|
 * of them waiting as long as it can. */
static char *converse(size_t n, size_t back) {
  static const char lines[] = "b FETCH 1 BODYSTRUCTURE\r\nc UNAUTHENTICATE\r\nd LOGIN x y\r\ne NOOP\r\n";
  host h;
  client c;
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  host_open(&h, &memory, NULL);
  add_message(&h);
  client_open(&c, &h);
  client_line(&c, "a LOGIN x y");
  client_line(&c, "a SELECT INBOX");
  client_forget(&c);
  for (size_t at = 0, waiting = 1; (at < sizeof lines - 1 || waiting > 0) && !client_closed(&c);) {
    size_t used = 0;
    assert_int_equal(imap4_session_input(c.session, lines + at, sizeof lines - 1 - at, &used), IMAP4_OK);
    assert_int_equal(imap4_session_run(c.session), IMAP4_OK);
    at += used;
    const void *data;
    assert_int_equal(imap4_session_output(c.session, &data, &waiting), IMAP4_OK);
    bool keeps = at < sizeof lines - 1 && waiting > back && used > 0;
    waiting = take(&c, keeps && waiting - back < n ? waiting - back : n);
  }
  assert_false(client_closed(&c));
  assert_true(client_info(&c).memory < 8192);
  char *said = c.said;
  imap4_session_free(c.session);
  host_close(&h);
  return said;
}

static void behind_a_long_response(void **state) {
  (void)state;
  static const struct {
    size_t n, back;
  } readers[] = {{SIZE_MAX, 1}, {SIZE_MAX, 4095}, {SIZE_MAX, 4096}, {SIZE_MAX, 32767}, {1000, 0}, {70000, 9}};
  char *at_once = converse(SIZE_MAX, 0);
  assert_non_null(strstr(at_once, "\r\nc OK [CAPABILITY "));
  assert_non_null(strstr(at_once, "\r\nd OK [CAPABILITY "));
  assert_non_null(strstr(at_once, "\r\ne OK "));
  for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
    char *said = converse(readers[i].n, readers[i].back);
    assert_string_equal(said, at_once);
    free(said);
  }
  free(at_once);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(behind_a_long_response)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
