/* SPDX-License-Identifier: MIT */
/* Passwords do not stay behind: no block that the library gives back holds one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

/* What is looked for: the password in plain and in base64. */
static const char password[] = "Geheim-0815";
static const char in_base64[] = "R2VoZWltLTA4MTU";
static int left_behind;

static bool holds(const char *p, size_t n, const char *z) {
  size_t length = strlen(z);
  for (size_t i = 0; i + length <= n; i++) {
    if (memcmp(p + i, z, length) == 0) return true;
  }
  return false;
}

/* A block never grows in place, and is searched before it goes. */
static void *searching_resize(void *user, void *p, size_t old_size, size_t new_size) {
  char *q = NULL;
  (void)user;
  if (new_size > 0) {
    q = calloc(1, new_size);
    if (q && p) memcpy(q, p, old_size < new_size ? old_size : new_size);
  }
  if (p && (holds(p, old_size, password) || holds(p, old_size, in_base64))) left_behind++;
  free(p);
  return q;
}

/* ---- a connection --------------------------------------------------------------------------- */

typedef struct wire {
  const char *input;
  size_t left, step; /* octets at once */
  bool more;
} wire;

static int wire_read(void *user, void *data, size_t capacity, size_t *n) {
  wire *w = user;
  size_t some = w->left < w->step ? w->left : w->step;
  if (some > capacity) some = capacity;
  w->more = !w->more;
  if (some == 0 || w->more) return IMAP4_AGAIN;
  memcpy(data, w->input, some);
  w->input += some;
  w->left -= some;
  *n = some;
  return IMAP4_OK;
}

static int wire_write(void *user, const void *data, size_t len, size_t *n) {
  (void)user, (void)data;
  *n = len;
  return IMAP4_OK;
}

/* One conversation, its octets in pieces of |step|, over a transport or fed; then the end. */
static void play(imap4_server *server, imap4_memory *memory, const char *inputz, size_t step, bool pump) {
  imap4_session_args args;
  imap4_session *session;
  wire w = {.input = inputz, .left = strlen(inputz), .step = step};
  imap4_transport transport = {.struct_size = sizeof transport, .read = wire_read, .write = wire_write};
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  args.secure = 1;
  if (pump) args.transport = &transport;
  args.transport_user = &w;
  assert_int_equal(imap4_session_new(server, &args, &session), IMAP4_OK);
  for (int rest = 0; rest < 50; rest = w.left == 0 ? rest + 1 : 0) {
    const void *data;
    size_t used = 0, some = w.left < step ? w.left : step;
    assert_int_equal(imap4_session_run(session), IMAP4_OK);
    (void)imap4_memory_complete_next(memory);
    if (pump) continue;
    assert_int_equal(imap4_session_input(session, w.input, some, &used), IMAP4_OK);
    w.input += used;
    w.left -= used;
    assert_int_equal(imap4_session_output(session, &data, &used), IMAP4_OK);
    assert_int_equal(imap4_session_output_done(session, used), IMAP4_OK);
  }
  imap4_session_info info = {.struct_size = sizeof info};
  assert_int_equal(imap4_session_get_info(session, &info), IMAP4_OK);
  assert_int_equal(w.left, 0);
  assert_true(info.state != IMAP4_STATE_LOGOUT);
  imap4_session_free(session);
  assert_int_equal(left_behind, 0);
}

static void check(uint32_t manner) {
  static const char *const conversations[] = {
      "a1 LOGIN me Geheim-0815\r\n",
      "a1 LOGIN \"me\" \"Geheim-0815\"\r\n",
      "a1 LOGIN {2+}\r\nme {11+}\r\nGeheim-0815\r\n",
      /* a buffer that grows behind the password */
      "a1 LOGIN me Geheim-0815 "
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "x"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "x\r\n",
      "a1 AUTHENTICATE LOGIN\r\nbWU=\r\nR2VoZWltLTA4MTU=\r\n",
      "a1 AUTHENTICATE LOGIN bWU=\r\nR2VoZWltLTA4MTU=\r\n",
      /* NUL mexx NUL and the password, whose base64 begins anew there */
      "a1 AUTHENTICATE PLAIN AG1leHgAR2VoZWltLTA4MTU=\r\n",
      "a1 AUTHENTICATE PLAIN\r\nAG1leHgAR2VoZWltLTA4MTU=\r\n",
  };
  imap4_memory_config memory_config;
  imap4_config config;
  imap4_server *server;
  imap4_memory_config_init(&memory_config);
  memory_config.manner = manner;
  imap4_memory *memory = imap4_memory_new(&memory_config);
  assert_non_null(memory);
  assert_int_equal(imap4_config_init(&config, sizeof config), IMAP4_OK);
  config.resize = searching_resize;
  config.store = imap4_memory_table(memory);
  config.store_user = memory;
  assert_int_equal(imap4_server_new(&config, &server), IMAP4_OK);
  for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++) {
    for (size_t step = 1; step <= 1000; step = step * 5 + 2) {
      play(server, memory, conversations[i], step, false);
      play(server, memory, conversations[i], step, true);
    }
  }
  imap4_server_free(server);
  imap4_memory_free(memory);
}

static void passwords_are_wiped(void **state) {
  (void)state;
  check(IMAP4_MEMORY_NOW);
  check(IMAP4_MEMORY_LATER);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(passwords_are_wiped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
