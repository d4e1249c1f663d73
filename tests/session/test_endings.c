/* SPDX-License-Identifier: MIT */
/* How sessions end: by the host's BYE, and by octets in plain text behind STARTTLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

static void open_selected(host *h, client *c, int messages, uint32_t manner) {
  imap4_memory_config memory;
  imap4_memory_config_init(&memory);
  memory.manner = manner;
  host_open(h, &memory, NULL);
  host_fill(h, "INBOX", messages);
  client_open(c, h);
  client_line(c, "a1 LOGIN somebody secret");
  client_line(c, "a2 SELECT INBOX");
}

static void bye_needs_a_text(void **state) {
  (void)state;
  host h;
  client c;
  open_selected(&h, &c, 0, IMAP4_MEMORY_NOW);
  assert_int_equal(imap4_session_bye(NULL, span("Bye")), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_session_bye(c.session, (imap4_str){NULL, 5}), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_session_bye(c.session, (imap4_str){NULL, 0}), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_session_bye(c.session, span("")), IMAP4_ERR_INVALID);
  assert_true(strncmp(client_line(&c, "a3 NOOP"), "a3 OK", 5) == 0);
  char text[300];
  memset(text, 'x', sizeof text);
  client_forget(&c);
  assert_int_equal(imap4_session_bye(c.session, (imap4_str){text, sizeof text}), IMAP4_OK);
  client_settle(&c);
  assert_int_equal(c.length, sizeof "* BYE [UNAVAILABLE] \r\n" - 1 + 200);
  assert_true(client_closed(&c));
  client_close(&c);
  host_close(&h);
}

/* FETCH of a large mailbox, its client reading slowly: BYE comes between two responses, not at the end. */
static void check_bye_in_fetch(uint32_t manner) {
  enum { COUNT = 5000 };
  host h;
  client c;
  open_selected(&h, &c, COUNT, manner);
  client_forget(&c);
  static const char fetch[] = "a3 FETCH 1:* (UID BODY.PEEK[])\r\n";
  size_t used;
  assert_int_equal(imap4_session_input(c.session, fetch, sizeof fetch - 1, &used), IMAP4_OK);
  assert_int_equal(used, sizeof fetch - 1);
  char last_sent = '\0';
  while (client_info(&c).output_octets < 10000) {
    const void *data;
    size_t len;
    assert_int_equal(imap4_session_run(c.session), IMAP4_OK);
    (void)imap4_memory_complete_next(h.memory);
    assert_int_equal(imap4_session_output(c.session, &data, &len), IMAP4_OK);
    if (len > 0) last_sent = ((const char *)data)[len - 1];
    assert_int_equal(imap4_session_output_done(c.session, len), IMAP4_OK);
  }
  assert_int_equal(imap4_session_bye(c.session, span("Going down")), IMAP4_OK);
  client_settle(&c);
  assert_true(client_closed(&c));
  static const char last[] = "* BYE [UNAVAILABLE] Going down\r\n";
  size_t before = c.length - (sizeof last - 1); /* what was left of the response under way */
  assert_true(c.length >= sizeof last - 1);
  assert_string_equal(c.said + before, last);
  assert_int_equal(before > 0 ? c.said[before - 1] : last_sent, '\n');
  if (before > 0) assert_memory_equal(c.said + before - 3, ")\r\n", 3);
  assert_null(strstr(c.said, "a3 "));
  assert_true(c.length < 1000);
  client_close(&c);
  host_close(&h);
}

static void bye_in_a_long_fetch(void **state) {
  (void)state;
  check_bye_in_fetch(IMAP4_MEMORY_NOW);
  check_bye_in_fetch(IMAP4_MEMORY_LATER);
}

/* What changes something is answered first, even where a message is still to come. */
static void bye_in_an_append(void **state) {
  (void)state;
  static const char message[] = "abc\r\n";
  host h;
  client c;
  open_selected(&h, &c, 0, IMAP4_MEMORY_LATER);
  assert_int_equal(strncmp(client_line(&c, "a3 APPEND INBOX {3}"), "+ ", 2), 0);
  client_forget(&c);
  size_t used;
  assert_int_equal(imap4_session_input(c.session, message, 5, &used), IMAP4_OK);
  while (used < 5) {
    size_t more;
    assert_int_equal(imap4_memory_complete_next(h.memory), 1);
    assert_int_equal(imap4_session_input(c.session, &message[used], 5 - used, &more), IMAP4_OK);
    used += more;
  }
  assert_int_equal(imap4_session_bye(c.session, span("Going down")), IMAP4_OK);
  client_settle(&c);
  assert_non_null(strstr(c.said, "a3 OK [APPENDUID 1 1] "));
  assert_non_null(strstr(c.said, "\r\n* BYE [UNAVAILABLE] Going down\r\n"));
  assert_true(client_closed(&c));
  client_close(&c);
  host_close(&h);
}

/* ---- STARTTLS ------------------------------------------------------------------------------- */

static void open_plain(client *c, host *h) {
  imap4_memory_config memory;
  imap4_session_args args;
  imap4_memory_config_init(&memory);
  host_open(h, &memory, NULL);
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  args.can_start_tls = 1;
  *c = (client){.host = h};
  assert_int_equal(imap4_session_new(h->server, &args, &c->session), IMAP4_OK);
  client_settle(c);
}

static void expect_nothing_run(client *c, host *h) {
  client_settle(c);
  assert_true(strncmp(c->said, "a1 OK ", 6) == 0);
  assert_string_equal(strchr(c->said, '\n'), "\n"); /* that alone */
  assert_true(client_closed(c));
  assert_int_equal(client_info(c).commands, 1);
  assert_false(client_info(c).secure);
  client_close(c);
  host_close(h);
}

/* A command that an attacker puts behind STARTTLS must not be run when TLS is up. */
static void octets_behind_starttls_in_one_call(void **state) {
  (void)state;
  static const char both[] = "a1 STARTTLS\r\nx1 NOOP\r\n";
  host h;
  client c;
  open_plain(&c, &h);
  client_forget(&c);
  size_t used;
  assert_int_equal(imap4_session_input(c.session, both, sizeof both - 1, &used), IMAP4_OK);
  assert_int_equal(used, 13);
  expect_nothing_run(&c, &h);
}

static void octets_behind_starttls_in_two_calls(void **state) {
  (void)state;
  host h;
  client c;
  for (int sent = 0; sent < 2; sent++) { /* before and after the OK was sent */
    open_plain(&c, &h);
    client_forget(&c);
    size_t used;
    assert_int_equal(imap4_session_input(c.session, "a1 STARTTLS\r\n", 13, &used), IMAP4_OK);
    assert_int_equal(used, 13);
    if (sent) {
      client_settle(&c);
      assert_int_equal(imap4_session_want(c.session), IMAP4_WANT_TLS);
    }
    assert_int_equal(imap4_session_input(c.session, "x1 NOOP\r\n", 9, &used), IMAP4_OK);
    assert_int_equal(used, 0);
    expect_nothing_run(&c, &h);
  }
}

static void tls_up_and_going_on(void **state) {
  (void)state;
  host h;
  client c;
  open_plain(&c, &h);
  assert_int_equal(imap4_session_tls_started(c.session), IMAP4_ERR_STATE);
  assert_true(strncmp(client_line(&c, "a1 STARTTLS"), "a1 OK ", 6) == 0);
  assert_int_equal(imap4_session_tls_started(c.session), IMAP4_OK);
  assert_true(strncmp(client_line(&c, "a2 NOOP"), "a2 OK ", 6) == 0);
  assert_true(client_info(&c).secure);
  client_close(&c);
  host_close(&h);
}

/* ---- COMPRESS ------------------------------------------------------------------------------- */

static void open_compressible(client *c, host *h) {
  imap4_memory_config memory;
  imap4_session_args args;
  imap4_memory_config_init(&memory);
  host_open(h, &memory, NULL);
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  args.can_compress = args.secure = 1;
  *c = (client){.host = h};
  assert_int_equal(imap4_session_new(h->server, &args, &c->session), IMAP4_OK);
  client_settle(c);
  assert_true(strncmp(client_line(c, "a0 LOGIN joe secret"), "a0 OK ", 6) == 0);
}

/* A command behind COMPRESS is not compressed: nothing after it could be read. */
static void octets_behind_compress(void **state) {
  (void)state;
  static const char both[] = "a1 COMPRESS DEFLATE\r\nx1 NOOP\r\n";
  host h;
  client c;
  for (int calls = 1; calls <= 2; calls++) {
    open_compressible(&c, &h);
    client_forget(&c);
    size_t used;
    size_t n = calls == 1 ? sizeof both - 1 : 21;
    assert_int_equal(imap4_session_input(c.session, both, n, &used), IMAP4_OK);
    assert_int_equal(used, 21);
    if (calls == 2) {
      client_settle(&c);
      assert_int_equal(imap4_session_want(c.session), IMAP4_WANT_COMPRESS);
      assert_int_equal(imap4_session_input(c.session, both + 21, 9, &used), IMAP4_OK);
      assert_int_equal(used, 0);
    }
    client_settle(&c);
    assert_true(strncmp(c.said, "a1 OK ", 6) == 0);
    assert_string_equal(strchr(c.said, '\n'), "\n"); /* that alone */
    assert_true(client_closed(&c));
    assert_int_equal(client_info(&c).commands, 2);
    client_close(&c);
    host_close(&h);
  }
}

static void compressed_and_going_on(void **state) {
  (void)state;
  host h;
  client c;
  open_compressible(&c, &h);
  assert_int_equal(imap4_session_compress_started(c.session), IMAP4_ERR_STATE);
  assert_int_equal(imap4_session_compress_started(NULL), IMAP4_ERR_INVALID);
  assert_true(strncmp(client_line(&c, "a1 COMPRESS DEFLATE"), "a1 OK ", 6) == 0);
  assert_int_equal(imap4_session_tls_started(c.session), IMAP4_ERR_STATE);
  assert_int_equal(imap4_session_compress_started(c.session), IMAP4_OK);
  assert_int_equal(imap4_session_compress_started(c.session), IMAP4_ERR_STATE);
  assert_true(strncmp(client_line(&c, "a2 NOOP"), "a2 OK ", 6) == 0);
  client_close(&c);
  host_close(&h);
}

/* A host that was compiled before there was COMPRESS goes on as it did. */
static void args_of_an_older_host(void **state) {
  (void)state;
  imap4_memory_config memory;
  imap4_session_args args;
  host h;
  client c;
  imap4_memory_config_init(&memory);
  host_open(&h, &memory, NULL);
  uint32_t old = offsetof(imap4_session_args, can_compress);
  assert_int_equal(imap4_session_args_init(&args, old - 1), IMAP4_ERR_VERSION);
  memset(&args, 0xff, sizeof args);
  assert_int_equal(imap4_session_args_init(&args, old), IMAP4_OK);
  args.secure = 1;
  c = (client){.host = &h};
  assert_int_equal(imap4_session_new(h.server, &args, &c.session), IMAP4_OK);
  client_settle(&c);
  assert_true(strncmp(client_line(&c, "a0 LOGIN joe secret"), "a0 OK ", 6) == 0);
  assert_true(strncmp(client_line(&c, "a1 COMPRESS DEFLATE"), "a1 BAD ", 7) == 0);
  client_close(&c);
  host_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bye_needs_a_text),
      cmocka_unit_test(bye_in_a_long_fetch),
      cmocka_unit_test(bye_in_an_append),
      cmocka_unit_test(octets_behind_starttls_in_one_call),
      cmocka_unit_test(octets_behind_starttls_in_two_calls),
      cmocka_unit_test(tls_up_and_going_on),
      cmocka_unit_test(octets_behind_compress),
      cmocka_unit_test(compressed_and_going_on),
      cmocka_unit_test(args_of_an_older_host),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
