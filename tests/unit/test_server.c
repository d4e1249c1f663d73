/* SPDX-License-Identifier: MIT */
/* Configuration: defaults, structs of other ages, what a server refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/server.h"
#include "memory_check.h"

/* A store whose required members are there; none of them is called here. */
static void never(void) {
  fail();
}

static imap4_store complete_store(void) {
  imap4_store s = {.struct_size = sizeof s};
  void (**members)(void) = (void (**)(void))(void *)&s.authenticate;
  size_t count = (offsetof(imap4_store, cancel) - offsetof(imap4_store, authenticate)) / sizeof *members;
  for (size_t i = 0; i < count; i++)
    members[i] = never;
  return s;
}

static imap4_config config_for(const imap4_store *store) {
  imap4_config c;
  assert_int_equal(imap4_config_init(&c, sizeof c), IMAP4_OK);
  c.store = store;
  return c;
}

static void store_must_be_complete(void **state) {
  (void)state;
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  imap4_server *server = NULL;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  imap4_server_free(server);
  size_t count = (offsetof(imap4_store, cancel) - offsetof(imap4_store, authenticate)) / sizeof(void *);
  for (size_t i = 0; i < count; i++) {
    store = complete_store();
    memset((char *)&store + offsetof(imap4_store, authenticate) + i * sizeof(void *), 0, sizeof(void *));
    assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
  }
  assert_int_equal(imap4_server_new(NULL, &server), IMAP4_ERR_INVALID);
  assert_int_equal(imap4_server_new(&c, NULL), IMAP4_ERR_INVALID);
  c.store = NULL;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
}

static void sasl_needs_its_functions(void **state) {
  (void)state;
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  imap4_server *server = NULL;
  store.sasl_mechanismsz = "X-ONE";
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
}

static void older_and_newer_stores(void **state) {
  (void)state;
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  imap4_server *server = NULL;
  /* Compiled before the optional members: what lies there is not looked at. */
  store.cancel = (void (*)(void *, imap4_session *, imap4_op))never;
  store.struct_size = offsetof(imap4_store, cancel);
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  assert_null(server->store.cancel);
  imap4_server_free(server);
  store.struct_size--;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_VERSION);
  /* Compiled against a later version: unknown members must not be set. */
  struct {
    imap4_store known;
    void *later;
  } newer = {.known = complete_store()};
  newer.known.struct_size = sizeof newer;
  c.store = &newer.known;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  imap4_server_free(server);
  newer.later = &newer;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_VERSION);
}

static void limits(void **state) {
  (void)state;
  imap4_limits l;
  assert_int_equal(imap4_limits_init(NULL, sizeof l, 0), IMAP4_ERR_INVALID);
  uint32_t oldest = offsetof(imap4_limits, progress_ms);
  assert_int_equal(imap4_limits_init(&l, oldest - 1, 0), IMAP4_ERR_VERSION);
  l.progress_ms = 7; /* behind what an older host knows */
  assert_int_equal(imap4_limits_init(&l, oldest, 1), IMAP4_OK);
  assert_int_equal(l.progress_ms, 7);
  assert_int_equal(imap4_limits_init(&l, sizeof l, 0), IMAP4_OK);
  assert_int_equal(l.command_octets, 8192);
  assert_int_equal(l.idle_ms, 60000);
  assert_int_equal(imap4_limits_init(&l, sizeof l, 1), IMAP4_OK);
  assert_int_equal(l.command_octets, 65536);
  assert_true(l.idle_ms >= 30 * 60 * 1000); /* RFC 3501 section 5.4 */

  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  imap4_server *server = NULL;
  c.after_login = &l;
  l.literals = 3;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  assert_int_equal(server->after_login.literals, 3);
  imap4_server_free(server);
  l.work_budget = 0; /* nothing could ever happen */
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
}

static void texts(void **state) {
  (void)state;
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  const imap4_id_field id[] = {{IMAP4I_S("name"), IMAP4I_S("a \"b\"")}, {IMAP4I_S("version"), {NULL, 0}}};
  imap4_server *server = NULL;
  c.greeting = IMAP4I_S("wel\r\ncome");
  c.id = id;
  c.id_count = 2;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  assert_true(imap4i_eq(imap4i_str(server->greeting, server->greeting_length), IMAP4I_S("wel??come")));
  assert_true(imap4i_eq(imap4i_str(server->id, server->id_length),
                        IMAP4I_S("(\"name\" \"a \\\"b\\\"\" \"version\" NIL)")));
  imap4_server_free(server);
  imap4_server_free(NULL);
}

/* RFC 2971 section 3.3: at most 30 pairs, names of 30 octets, values of 1,024, no name twice. */
static void limits_of_id(void **state) {
  (void)state;
  enum { NAME = 30, VALUE = 1024, PAIRS = 30 };
  static char names[PAIRS + 1][NAME + 1], value[VALUE + 1];
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  imap4_server *server = NULL;
  imap4_id_field id[PAIRS + 1];
  memset(value, '"', sizeof value);
  for (size_t i = 0; i <= PAIRS; i++) {
    memset(names[i], 'n', sizeof names[i]);
    names[i][0] = (char)('A' + i);
    id[i] = (imap4_id_field){{names[i], NAME}, {value, VALUE}};
  }
  c.id = id;
  for (c.id_count = PAIRS - 1; c.id_count <= PAIRS + 1; c.id_count++) {
    assert_int_equal(imap4_server_new(&c, &server), c.id_count <= PAIRS ? IMAP4_OK : IMAP4_ERR_INVALID);
    if (c.id_count <= PAIRS) imap4_server_free(server);
  }
  c.id_count = 2;
  id[1].name.n = NAME + 1;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
  id[1].name.n = NAME - 1;
  id[1].value.n = VALUE + 1;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
  id[1].value.n = VALUE - 1;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_OK);
  imap4_server_free(server);
  id[0].name = IMAP4I_S("name");
  id[1].name = IMAP4I_S("NAME");
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
  c.id = NULL;
  assert_int_equal(imap4_server_new(&c, &server), IMAP4_ERR_INVALID);
}

static void no_memory(void **state) {
  (void)state;
  imap4_store store = complete_store();
  imap4_config c = config_for(&store);
  memory_check check;
  memory_check_init(&check);
  c.resize = memory_check_resize;
  c.resize_user = &check;
  c.greeting = IMAP4I_S("welcome");
  int status = IMAP4_ERR_NOMEM;
  size_t n = 0;
  for (; status == IMAP4_ERR_NOMEM; n++) {
    imap4_server *server = NULL;
    check.fail_from = n;
    status = imap4_server_new(&c, &server);
    if (status == IMAP4_OK) imap4_server_free(server);
    assert_int_equal(check.live, 0);
  }
  assert_int_equal(status, IMAP4_OK);
  assert_true(n > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_must_be_complete),
      cmocka_unit_test(sasl_needs_its_functions),
      cmocka_unit_test(older_and_newer_stores),
      cmocka_unit_test(limits),
      cmocka_unit_test(texts),
      cmocka_unit_test(limits_of_id),
      cmocka_unit_test(no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
