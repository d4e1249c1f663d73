/* SPDX-License-Identifier: MIT */
/* Limits of what a client sends and of what waits for it, each one below, at and one above. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

typedef struct fixture {
  imap4_memory_config memory;
  imap4_limits before, after;
  host h;
  client c;
} fixture;

static void prepare(fixture *f) {
  imap4_memory_config_init(&f->memory);
  assert_int_equal(imap4_limits_init(&f->before, sizeof f->before, 0), IMAP4_OK);
  assert_int_equal(imap4_limits_init(&f->after, sizeof f->after, 1), IMAP4_OK);
}

static void begin(fixture *f) {
  host_options options = {.before_login = &f->before, .after_login = &f->after};
  host_open_with(&f->h, &f->memory, &options);
  client_open(&f->c, &f->h);
}

static void end(fixture *f) {
  client_close(&f->c);
  host_close(&f->h);
}

static bool starts(const char *said, const char *withz) {
  return strncmp(said, withz, strlen(withz)) == 0;
}

/* The session is there and in step. */
static void expect_in_step(fixture *f) {
  assert_true(starts(client_line(&f->c, "zz NOOP"), "zz OK "));
}

/* ---- commands ------------------------------------------------------------------------------- */

/* "a1 ID ("x" "y...")" of |size| octets with its CRLF. */
static void id_line(char *line, size_t size) {
  memcpy(line, "a1 ID (\"x\" \"", 12);
  memset(line + 12, 'y', size - 12);
  memcpy(line + size - 4, "\")\r\n", 4);
}

static void command_octets(void **state) {
  (void)state;
  enum { SIZE = 100 };
  char line[SIZE];
  fixture f;
  prepare(&f);
  id_line(line, SIZE);
  for (f.before.command_octets = SIZE - 1; f.before.command_octets <= SIZE + 1; f.before.command_octets++) {
    begin(&f);
    const char *said = client_send(&f.c, line, SIZE);
    if (f.before.command_octets < SIZE) {
      assert_true(starts(said, "a1 BAD "));
    } else {
      assert_true(starts(said, "* ID NIL\r\na1 OK "));
    }
    expect_in_step(&f);
    end(&f);
  }
}

/* Its literals do not count, but the lines around them do. */
static void command_octets_without_literals(void **state) {
  (void)state;
  static const char command[] = "a1 LOGIN {40+}\r\n0123456789012345678901234567890123456789 "
                                "{40+}\r\n0123456789012345678901234567890123456789 \r\n";
  enum { LINES = sizeof command - 1 - 80 };
  char padded[sizeof command + 100];
  fixture f;
  prepare(&f);
  f.before.command_octets = 64;
  for (size_t size = 63; size <= 65;
       size++) { /* blanks at the end, to be one octet less, as many, one more */
    size_t n = sizeof command - 1 - 2;
    memcpy(padded, command, n);
    memset(padded + n, ' ', size - LINES);
    memcpy(padded + n + size - LINES, "\r\n", 2);
    begin(&f);
    const char *said = client_send(&f.c, padded, n + size - LINES + 2);
    assert_true(starts(said, size > 64 ? "a1 BAD " : "a1 OK "));
    expect_in_step(&f);
    end(&f);
  }
}

/* The octets of the command up to the end of its last literal. */
static void command_total_octets(void **state) {
  (void)state;
  static const char command[] = "a1 ID ({10+}\r\n0123456789 {20+}\r\n01234567890123456789 {30+}\r\n"
                                "012345678901234567890123456789 NIL)\r\n";
  enum { TOTAL = sizeof command - 1 - 7 };
  fixture f;
  prepare(&f);
  for (uint32_t limit = TOTAL - 1; limit <= TOTAL + 1; limit++) {
    f.before.command_total_octets = limit;
    begin(&f);
    const char *said = client_send(&f.c, command, sizeof command - 1);
    assert_true(starts(said, limit < TOTAL ? "a1 NO [LIMIT] " : "* ID NIL\r\na1 OK "));
    expect_in_step(&f);
    end(&f);
  }
}

static void literals(void **state) {
  (void)state;
  static const char *const commands[] = {"a1 ID ({1+}\r\na b)", "a1 ID ({1+}\r\na {1+}\r\nb)",
                                         "a1 ID ({1+}\r\na {1+}\r\nb {1+}\r\nc NIL)",
                                         "a1 ID ({1+}\r\na {1+}\r\nb {1+}\r\nc {1+}\r\nd)"};
  fixture f;
  prepare(&f);
  f.before.literals = 3;
  f.before.bad_commands = 20;
  begin(&f);
  for (int i = 1; i < 4; i++) {
    const char *said = client_line(&f.c, commands[i]);
    assert_true(starts(said, i == 3 ? "a1 BAD " : "* ID NIL\r\na1 OK "));
    expect_in_step(&f);
  }
  /* Of a synchronising one too many, the octets are not asked for. */
  assert_true(starts(client_line(&f.c, "a1 ID ({1+}\r\na {1+}\r\nb {1+}\r\nc {1}"), "a1 BAD "));
  expect_in_step(&f);
  end(&f);
}

/* ---- authentication ------------------------------------------------------------------------- */

static const imap4_memory_step steps[] = {
    {{"c1", 2}, {"one", 3}}, {{"c2", 2}, {"two", 3}}, {{"c3", 2}, {"three", 5}}};

static void sasl_steps(void **state) {
  (void)state;
  static const char *const answers[] = {"b25l", "dHdv", "dGhyZWU="};
  fixture f;
  prepare(&f);
  f.memory.sasl_mechanismz = "X-STEPS";
  f.memory.steps = steps;
  f.memory.step_count = 3;
  for (uint32_t limit = 3; limit <= 5; limit++) { /* the first step has no response: there are four */
    f.before.sasl_steps = limit;
    begin(&f);
    const char *said = client_line(&f.c, "a1 AUTHENTICATE X-STEPS");
    for (int i = 0; i < 3; i++) {
      assert_true(starts(said, "+ "));
      said = client_line(&f.c, answers[i]);
    }
    assert_true(starts(said, limit < 4 ? "a1 NO [LIMIT] " : "a1 OK "));
    expect_in_step(&f);
    end(&f);
  }
}

/* "AHVzZXIAcGFzcw==": NUL user NUL pass. */
#define PLAIN_RESPONSE "AHVzZXIAcGFzcw=="

/* In the command and on a line of its own, the same response is taken or not. */
static void sasl_octets(void **state) {
  (void)state;
  enum { SIZE = sizeof PLAIN_RESPONSE - 1 };
  fixture f;
  prepare(&f);
  for (uint32_t limit = SIZE - 1; limit <= SIZE + 1; limit++) {
    const char *expected = limit < SIZE ? "a1 NO [LIMIT] " : "a1 OK ";
    f.before.sasl_octets = limit;
    begin(&f);
    assert_true(starts(client_line(&f.c, "a1 AUTHENTICATE PLAIN " PLAIN_RESPONSE), expected));
    expect_in_step(&f);
    end(&f);
    begin(&f);
    assert_string_equal(client_line(&f.c, "a1 AUTHENTICATE PLAIN"), "+ \r\n");
    assert_true(starts(client_line(&f.c, PLAIN_RESPONSE), expected));
    expect_in_step(&f);
    end(&f);
  }
}

/* What the server asks is not bounded by what the client may answer. */
static void sasl_octets_of_challenges(void **state) {
  (void)state;
  static const char *const mechanisms[] = {"a1 AUTHENTICATE LOGIN", "a1 AUTHENTICATE X-STEPS"};
  fixture f;
  prepare(&f);
  f.memory.sasl_mechanismz = "X-STEPS";
  f.memory.steps = steps;
  f.memory.step_count = 3;
  for (uint32_t limit = 0; limit <= 10; limit++) {
    f.before.sasl_octets = limit;
    for (int i = 0; i < 2; i++) {
      begin(&f);
      assert_true(starts(client_line(&f.c, mechanisms[i]), "+ "));
      const char *said = client_line(&f.c, "AAAAAAAAAAAA");
      assert_true(starts(said, "a1 NO [LIMIT] "));
      expect_in_step(&f);
      assert_true(starts(client_line(&f.c, "a2 AUTHENTICATE PLAIN " PLAIN_RESPONSE), "a2 NO [LIMIT] "));
      expect_in_step(&f);
      end(&f);
    }
  }
}

/* RFC 4959 section 6: by default an initial response may be as long as one on a line of its own. */
static void longest_initial_response(void **state) {
  (void)state;
  for (int logged_in = 0; logged_in < 2; logged_in++) {
    imap4_limits l;
    assert_int_equal(imap4_limits_init(&l, sizeof l, logged_in), IMAP4_OK);
    assert_true(l.command_octets >= l.sasl_octets + 512);
  }
}

/* ---- output --------------------------------------------------------------------------------- */

/* What waits after a FETCH whose responses are not read. */
static size_t waiting(fixture *f, uint32_t limit) {
  const void *data;
  size_t used, len;
  f->after.output_octets = limit;
  begin(f);
  host_fill(&f->h, "INBOX", 200);
  client_line(&f->c, "a1 LOGIN somebody secret");
  client_line(&f->c, "a2 SELECT INBOX");
  client_forget(&f->c);
  assert_int_equal(imap4_session_input(f->c.session, "a3 FETCH 1:* UID\r\n", 18, &used), IMAP4_OK);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(imap4_session_run(f->c.session), IMAP4_OK);
  assert_false(imap4_session_want(f->c.session) & (IMAP4_WANT_RUN | IMAP4_WANT_READ));
  assert_int_equal(imap4_session_output(f->c.session, &data, &len), IMAP4_OK);
  client_settle(&f->c);
  assert_non_null(strstr(f->c.said, "* 200 FETCH (UID 200)\r\na3 OK "));
  end(f);
  return len;
}

static void output_octets(void **state) {
  (void)state;
  fixture f;
  prepare(&f);
  size_t some = waiting(&f, 1000); /* where a piece of a response ends */
  assert_in_range(some, 1000, 1100);
  assert_int_equal(waiting(&f, (uint32_t)some - 1), some);
  assert_int_equal(waiting(&f, (uint32_t)some), some);
  assert_in_range(waiting(&f, (uint32_t)some + 1), some + 1, some + 100);
  for (uint32_t limit = 255; limit <= 257; limit++) { /* the least there may be */
    imap4_config config;
    imap4_server *server;
    imap4_memory *memory = imap4_memory_new(&f.memory);
    f.after.output_octets = limit;
    assert_int_equal(imap4_config_init(&config, sizeof config), IMAP4_OK);
    config.store = imap4_memory_table(memory);
    config.store_user = memory;
    config.after_login = &f.after;
    assert_int_equal(imap4_server_new(&config, &server), limit < 256 ? IMAP4_ERR_INVALID : IMAP4_OK);
    if (limit >= 256) imap4_server_free(server);
    imap4_memory_free(memory);
  }
}

/* ---- work ----------------------------------------------------------------------------------- */

/* The first steps of a session by themselves: the greeting, then nothing that can be done. */
static void work_budget(void **state) {
  (void)state;
  fixture f;
  prepare(&f);
  for (f.before.work_budget = 1; f.before.work_budget <= 3; f.before.work_budget++) {
    host_options options = {.before_login = &f.before, .after_login = &f.after};
    imap4_session_args args;
    host_open_with(&f.h, &f.memory, &options);
    assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
    f.c = (client){.host = &f.h};
    assert_int_equal(imap4_session_new(f.h.server, &args, &f.c.session), IMAP4_OK);
    assert_int_equal(imap4_session_run(f.c.session), IMAP4_OK);
    assert_int_equal((imap4_session_want(f.c.session) & IMAP4_WANT_RUN) != 0, f.before.work_budget < 2);
    end(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(command_octets),
      cmocka_unit_test(command_octets_without_literals),
      cmocka_unit_test(command_total_octets),
      cmocka_unit_test(literals),
      cmocka_unit_test(sasl_steps),
      cmocka_unit_test(sasl_octets),
      cmocka_unit_test(sasl_octets_of_challenges),
      cmocka_unit_test(longest_initial_response),
      cmocka_unit_test(output_octets),
      cmocka_unit_test(work_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
