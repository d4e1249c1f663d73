/* SPDX-License-Identifier: MIT */
/*
 * What CAPABILITY says is so: in every state, with each member of the store, each ability of the host and
 * each feature there or not, the list is held against the rules of capability_rules.h, and so is what the
 * commands take.  With the argument --names it prints the capabilities that the library has, for
 * tests/readme.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capability_rules.h"

enum { LIMIT = 2, LONG = 5000 };

/* ---- words ----------------------------------------------------------------------------------- */

/* Whether |list| has |word|; a word without "=" may have a value there. */
static bool has_word(const char *list, const char *word, size_t length) {
  bool named = memchr(word, '=', length) != NULL;
  for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ') {
    size_t n = strcspn(at, named ? " " : " =");
    if (n == length && memcmp(at, word, n) == 0) return true;
  }
  return false;
}

/* "A B|C". */
static bool are_shown(const char *list, const char *capabilitiesz) {
  bool all = true;
  for (const char *at = capabilitiesz; *at;) {
    size_t n = strcspn(at, " |");
    all = all && has_word(list, at, n);
    at += n;
    if (*at == '|' && all) return true;
    if (*at == '|') all = true;
    at += *at != '\0';
  }
  return all;
}

static size_t count_words(const char *list) {
  size_t count = 0;
  for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ')
    count++;
  return count;
}

/* ---- a world is built ------------------------------------------------------------------------ */

static const world *building; /* for bend(), which has no pointer of its own */

static void bend(imap4_store *table) {
  for (size_t i = 0; i < MEMBERS; i++) {
    bool has = (building->has & (UINT64_C(1) << i)) != 0;
    char *at = (char *)table + members[i].offset;
    uint32_t number;
    if (members[i].bits) {
      memcpy(&number, at, sizeof number);
      number = has ? number | members[i].bits : number & ~members[i].bits;
      memcpy(at, &number, sizeof number);
    } else if (!has) {
      memset(at, 0, sizeof(void *));
    }
  }
}

static const imap4_namespace one_namespace = {.prefix = {"", 0}, .delimiter = '/'};
static const imap4_memory_step one_step = {.challenge = {"who?", 4}, .response = {"me", 2}};

static void fill(host *h) {
  host_fill(h, "INBOX", 1);
  assert_int_equal(imap4_memory_add_mailbox(h->memory, span(""), span("Work"), 0), IMAP4_OK);
  assert_int_equal(imap4_memory_add_mailbox(h->memory, span(""), span("Sent"), IMAP4_MAILBOX_SENT), IMAP4_OK);
}

static imap4_memory_config memory_with_all(void) {
  imap4_memory_config config;
  imap4_memory_config_init(&config);
  config.object_ids = 1;
  config.quota_roots = 1;
  config.quota_octets = 1000000;
  config.namespaces = &one_namespace;
  config.namespace_count = 1;
  config.sasl_mechanismz = "X-TEST";
  config.steps = &one_step;
  config.step_count = 1;
  return config;
}

static imap4_limits limits_of(const world *w) {
  imap4_limits limits;
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  limits.message_octets = w->has & BIT(NO_APPEND_LIMIT) ? UINT64_MAX : 123456;
  if (w->has & BIT(MESSAGE_LIMIT)) limits.command_messages = LIMIT;
  if (w->has & BIT(SAVE_LIMIT)) limits.save_messages = LIMIT;
  if (!(w->has & BIT(PROGRESS))) limits.progress_ms = 0;
  return limits;
}

static void open_world(host *h, const world *w) {
  imap4_memory_config memory = memory_with_all();
  imap4_limits limits = limits_of(w);
  host_options options = {.after_login = &limits,
                          .bend = bend,
                          .features_off = w->server_off,
                          .allow_plaintext = (w->has & BIT(PLAINTEXT)) != 0};
  building = w;
  host_open_with(h, &memory, &options);
  fill(h);
}

static void open_session(client *c, host *h, const world *w) {
  imap4_session_args args;
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  args.secure = (w->has & BIT(SECURE)) != 0;
  args.can_start_tls = (w->has & BIT(TLS)) != 0;
  args.can_compress = (w->has & BIT(COMPRESS)) != 0;
  args.features_off = w->session_off;
  if (w->has & BIT(PREAUTH)) {
    args.account = imap4_memory_account(h->memory, span(""));
    assert_non_null(args.account);
  }
  *c = (client){.host = h};
  assert_int_equal(imap4_session_new(h->server, &args, &c->session), IMAP4_OK);
  if (w->has & BIT(TICK)) assert_int_equal(imap4_session_tick(c->session, 1000), IMAP4_OK);
  if (w->has & BIT(CLOCK)) assert_int_equal(imap4_session_set_clock(c->session, 1700000000), IMAP4_OK);
  client_settle(c);
}

/* ---- lists are held against the rules --------------------------------------------------------- */

/* How a capability is written in this world. */
static void spell(const rule *r, const world *w, char *text, size_t size) {
  size_t n = strlen(r->namez);
  if (n < 2 || strcmp(r->namez + n - 2, "=n") != 0) {
    snprintf(text, size, "%s", r->namez);
  } else if (strncmp(r->namez, "APPENDLIMIT", 11) != 0) {
    snprintf(text, size, "%.*s=%d", (int)(n - 2), r->namez, LIMIT);
  } else {
    snprintf(text, size, w->has & BIT(NO_APPEND_LIMIT) ? "APPENDLIMIT" : "APPENDLIMIT=123456");
  }
}

/* What the world should show. */
static bool list_is_right(const char *list, const world *w, int where) {
  size_t expected = 0;
  bool right = true;
  for (size_t i = 0; i < RULES; i++) {
    char text[64];
    spell(&rules[i], w, text, sizeof text);
    bool should = rule_holds(&rules[i], w, where);
    bool is = has_word(list, text, strlen(text));
    expected += should;
    if (should != is) print_error("%s: %s\n", text, should ? "is missing" : "is there");
    right = right && should == is;
  }
  if (count_words(list) != expected) print_error("%zu words expected in: %s\n", expected, list);
  return right && count_words(list) == expected;
}

/* The list between |before| and |after| in what was said. */
static void take_list(const char *said, const char *before, const char *after, char *list, size_t size) {
  const char *start = strstr(said, before);
  assert_non_null(start);
  start += strlen(before);
  const char *end = strstr(start, after);
  assert_non_null(end);
  assert_true((size_t)(end - start) < size);
  memcpy(list, start, (size_t)(end - start));
  list[end - start] = '\0';
}

typedef char capability_list[2048];

static void check_code(const char *said, const world *w, int where) {
  capability_list list;
  take_list(said, "[CAPABILITY ", "]", list, sizeof list);
  assert_true(list_is_right(list, w, where));
}

static void check_command(client *c, const world *w, int where, char *list) {
  take_list(client_line(c, "x CAPABILITY"), "* CAPABILITY ", "\r\n", list, sizeof(capability_list));
  assert_true(list_is_right(list, w, where));
}

/* Into the state |where|; on the way each list is looked at. */
static void enter(client *c, const world *w, int where, char *list) {
  bool preauth = (w->has & BIT(PREAUTH)) != 0;
  int now = preauth ? AFTER_LOGIN : BEFORE_LOGIN;
  check_code(c->said, w, now);
  if (!preauth && where != NEW) {
    const char *said = client_line(c, "x LOGIN joe secret");
    if (strstr(said, "x OK")) check_code(said, w, AFTER_LOGIN);
    now = AFTER_LOGIN;
  }
  if (where == SELECTED) assert_non_null(strstr(client_line(c, "x SELECT INBOX"), "x OK"));
  check_command(c, w, now, list);
}

/* Whether a session of this world can get there. */
static bool reachable(const world *w, int where) {
  if (where == NEW) return !(w->has & BIT(PREAUTH));
  return (w->has & (BIT(PREAUTH) | BIT(SECURE) | BIT(PLAINTEXT))) != 0;
}

/* ---- commands are held against the list ------------------------------------------------------- */

static size_t write_lines(const char *linesz, char *text, size_t size) {
  size_t n = 0;
  for (const char *at = linesz; *at; at++) {
    size_t times = *at == '@' ? LONG : 1;
    assert_true(n + times + 2 < size);
    memset(text + n, *at == '@' ? 'x' : *at, times);
    n += times;
  }
  memcpy(text + n, "\r\n", 2);
  return n + 2;
}

static bool check_probe(host *h, const world *w, const probe *p) {
  client c;
  capability_list list;
  char text[LONG + 512];
  open_session(&c, h, w);
  enter(&c, w, p->where, list);
  const char *said = client_send(&c, text, write_lines(p->linesz, text, sizeof text));
  bool shown = are_shown(list, p->capabilitiesz);
  bool answered = strstr(said, "t OK") || strstr(said, "t NO") || strstr(said, "+ ");
  bool taken = p->signz ? strstr(said, p->signz) != NULL : answered && !strstr(said, "t BAD");
  bool right = taken == shown || (p->lenient && taken);
  if (!right)
    print_error("%s is %sshown, and %s is answered: %s\n", p->capabilitiesz, shown ? "" : "not ", p->linesz,
                said);
  client_close(&c);
  return right;
}

/* All lists of a world, and with |commands| what is taken. */
static void check_world(const world *w, bool commands) {
  host h;
  bool right = true;
  open_world(&h, w);
  static const int states[] = {NEW, LOGGED_IN, SELECTED};
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
    client c;
    capability_list list;
    if (!reachable(w, states[i])) continue;
    open_session(&c, &h, w);
    enter(&c, w, states[i], list);
    client_close(&c);
  }
  host_close(&h);
  for (size_t i = 0; commands && i < PROBES; i++) {
    if (!reachable(w, probes[i].where)) continue;
    open_world(&h, w); /* a new one each time: many commands change what is there */
    right = check_probe(&h, w, &probes[i]) && right;
    host_close(&h);
  }
  if (!right)
    print_error("in the world %llx, off %llx and %llx\n", (unsigned long long)w->has,
                (unsigned long long)w->server_off, (unsigned long long)w->session_off);
  assert_true(right);
}

/* ---- the worlds ------------------------------------------------------------------------------- */

static uint64_t all_features(void) {
  uint64_t all = 0;
  for (size_t i = 0; i < RULES; i++)
    all |= rules[i].features | rules[i].features_off;
  return all;
}

static void test_usual(void **state) {
  (void)state;
  check_world(&(world){.has = USUAL}, true);
}

/* Each feature masked alone, for the server and for the session, and each one alone not masked. */
static void test_features(void **state) {
  (void)state;
  uint64_t all = all_features();
  for (int bit = 0; bit < 64; bit++) {
    uint64_t feature = UINT64_C(1) << bit;
    if (!(all & feature)) continue;
    check_world(&(world){.has = USUAL, .server_off = feature}, true);
    check_world(&(world){.has = USUAL, .session_off = feature}, false);
    check_world(&(world){.has = USUAL, .server_off = all & ~feature}, false);
    check_world(&(world){.has = USUAL, .session_off = all & ~feature}, true);
  }
  check_world(&(world){.has = USUAL, .server_off = all}, true);
  check_world(&(world){.has = USUAL, .server_off = UINT64_MAX}, false);
  check_world(&(world){.has = USUAL, .session_off = F(LITERAL_PLUS) | F(LITERAL_MINUS)}, true);
}

/* Each optional member of the store away alone, there alone, and all of them away. */
static void test_members(void **state) {
  (void)state;
  for (int i = 0; i < MEMBERS; i++) {
    check_world(&(world){.has = USUAL & ~(UINT64_C(1) << i)}, true);
    check_world(&(world){.has = (USUAL & ~STORE_BITS) | UINT64_C(1) << i}, true);
  }
  check_world(&(world){.has = USUAL & ~STORE_BITS}, true);
}

/* All subsets of what matters of the store. */
static void test_subsets(void **state) {
  (void)state;
  uint64_t subset = 0;
  do {
    subset = (subset - STORE_BITS_THAT_MATTER) & STORE_BITS_THAT_MATTER; /* the next one, at last none */
    check_world(&(world){.has = (USUAL & ~STORE_BITS_THAT_MATTER) | subset}, false);
  } while (subset != 0);
}

/* What a host may be able to do or not. */
static void test_hosts(void **state) {
  (void)state;
  static const uint64_t less[] = {
      BIT(TICK),   BIT(CLOCK),    BIT(PROGRESS),          BIT(TLS),
      BIT(SECURE), BIT(COMPRESS), BIT(TLS) | BIT(SECURE), BIT(TICK) | BIT(CLOCK),
  };
  static const uint64_t more[] = {
      BIT(PREAUTH),
      BIT(PLAINTEXT),
      BIT(MESSAGE_LIMIT),
      BIT(SAVE_LIMIT),
      BIT(MESSAGE_LIMIT) | BIT(SAVE_LIMIT),
      BIT(NO_APPEND_LIMIT),
  };
  for (size_t i = 0; i < sizeof less / sizeof less[0]; i++) {
    check_world(&(world){.has = USUAL & ~less[i]}, true);
    check_world(&(world){.has = (USUAL & ~less[i]) | BIT(PLAINTEXT)}, true);
  }
  for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
    check_world(&(world){.has = USUAL | more[i]}, true);
    check_world(&(world){.has = USUAL | more[i], .session_off = F(MESSAGELIMIT) | F(APPENDLIMIT)}, true);
  }
}

/* TLS begins, compression begins, the client goes away from its account, and logs out. */
static void test_changes(void **state) {
  (void)state;
  world w = {.has = USUAL & ~BIT(SECURE)};
  host h;
  client c;
  capability_list list;
  open_world(&h, &w);
  open_session(&c, &h, &w);
  enter(&c, &w, NEW, list);
  client_line(&c, "x STARTTLS");
  assert_true(imap4_session_want(c.session) & IMAP4_WANT_TLS);
  assert_int_equal(imap4_session_tls_started(c.session), IMAP4_OK);
  w.has |= BIT(SECURE);
  check_command(&c, &w, BEFORE_LOGIN, list);
  assert_non_null(strstr(client_line(&c, "x STARTTLS"), "x BAD"));
  check_code(client_line(&c, "x LOGIN joe secret"), &w, AFTER_LOGIN);
  check_command(&c, &w, AFTER_LOGIN, list);
  check_code(client_line(&c, "x UNAUTHENTICATE"), &w, BEFORE_LOGIN);
  check_command(&c, &w, BEFORE_LOGIN, list);
  check_code(client_line(&c, "x LOGIN joe secret"), &w, AFTER_LOGIN);
  client_line(&c, "x COMPRESS DEFLATE");
  assert_int_equal(imap4_session_compress_started(c.session), IMAP4_OK);
  w.has |= BIT(COMPRESSED);
  check_command(&c, &w, AFTER_LOGIN, list);
  /* RFC 4978 section 3 has an answer of its own for a second time. */
  assert_non_null(strstr(client_line(&c, "x COMPRESS DEFLATE"), "x NO [COMPRESSIONACTIVE]"));
  assert_non_null(strstr(client_line(&c, "x UNAUTHENTICATE"), "x BAD"));
  assert_non_null(strstr(client_line(&c, "x LOGOUT"), "* BYE"));
  assert_string_equal(client_line(&c, "x CAPABILITY"), "");
  client_close(&c);
  host_close(&h);
}

/* ---- long lists ------------------------------------------------------------------------------- */

static char many[16384]; /* names of mechanisms */

static void bend_mechanisms(imap4_store *table) {
  bend(table);
  table->sasl_mechanismsz = many;
}

/* |count| mechanisms with names as long as they may be (RFC 4422 section 3.1), and numbers as large. */
static void open_large(host *h, client *c, const world *w, int count) {
  imap4_memory_config memory = memory_with_all();
  imap4_limits limits = limits_of(w);
  size_t n = 0;
  limits.message_octets = UINT32_MAX;
  limits.command_messages = UINT32_MAX;
  for (int i = 0; i < count; i++)
    n += (size_t)snprintf(many + n, sizeof many - n, "%sX-MECHANISM-%08d", i > 0 ? " " : "", i);
  assert_true(n < sizeof many);
  host_options options = {.after_login = &limits, .bend = bend_mechanisms};
  building = w;
  host_open_with(h, &memory, &options);
  fill(h);
  open_session(c, h, w);
}

/* The longest list there can be is in the code of LOGIN whole. */
static void test_longest(void **state) {
  (void)state;
  const world w = {.has = USUAL | BIT(MESSAGE_LIMIT)};
  host h;
  client c;
  capability_list code, list;
  open_large(&h, &c, &w, 1);
  take_list(client_line(&c, "x LOGIN joe secret"), "x OK [CAPABILITY ", "] ", code, sizeof code);
  take_list(client_line(&c, "x CAPABILITY"), "* CAPABILITY ", "\r\n", list, sizeof list);
  assert_string_equal(code, list);
  assert_non_null(strstr(list, " APPENDLIMIT=4294967295 "));
  assert_non_null(strstr(list, " MESSAGELIMIT=4294967295 "));
  size_t words = 0;
  for (size_t i = 0; i < RULES; i++)
    words += rule_holds(&rules[i], &w, AFTER_LOGIN);
  assert_int_equal(count_words(list), words);
  client_close(&c);
  host_close(&h);
}

/* The store's mechanisms are told whole where there is no bound; where they do not fit the code of a reply,
 * there is none, and the client asks. */
static void check_mechanisms(int count, bool fits) {
  const world w = {.has = USUAL};
  host h;
  client c;
  char last[64];
  open_large(&h, &c, &w, count);
  snprintf(last, sizeof last, " AUTH=X-MECHANISM-%08d", count - 1);
  const char *end = strstr(c.said, last);
  assert_non_null(strstr(c.said, "* OK [CAPABILITY "));
  assert_non_null(end);
  assert_memory_equal(end + strlen(last), "] ", 2);
  assert_non_null(strstr(client_line(&c, "x LOGIN joe secret"), "x OK [CAPABILITY "));
  const char *said = client_line(&c, "x UNAUTHENTICATE");
  if (fits) {
    assert_non_null(strstr(said, "x OK [CAPABILITY "));
    assert_non_null(strstr(said, last));
  } else {
    assert_string_equal(said, "x OK Log in again\r\n");
  }
  assert_non_null(strstr(client_line(&c, "x CAPABILITY"), last));
  assert_non_null(strstr(client_line(&c, "x LOGIN joe secret"), "x OK [CAPABILITY "));
  client_close(&c);
  host_close(&h);
}

static void test_mechanisms(void **state) {
  (void)state;
  check_mechanisms(20, true);
  check_mechanisms(600, false);
}

/* ---- with a transport ------------------------------------------------------------------------- */

typedef struct wire {
  const char *p;
  capability_list said[2];
  size_t n;
} wire;

static int wire_read(void *user, void *data, size_t capacity, size_t *n) {
  wire *x = user;
  *n = strlen(x->p) < capacity ? strlen(x->p) : capacity;
  memcpy(data, x->p, *n);
  x->p += *n;
  return *n > 0 ? IMAP4_OK : IMAP4_END;
}

static int wire_write(void *user, const void *data, size_t len, size_t *n) {
  wire *x = user;
  assert_true(x->n + len < sizeof x->said);
  memcpy((char *)x->said + x->n, data, len);
  x->n += len;
  *n = len;
  return IMAP4_OK;
}

static int wire_start(void *user) {
  (void)user;
  return IMAP4_OK;
}

/* What a transport can do is what is shown; what |args| say of it then does not count. */
static void test_transports(void **state) {
  (void)state;
  for (unsigned i = 0; i < 4; i++) {
    world w = {.has = (USUAL & ~(BIT(SECURE) | BIT(TICK) | BIT(CLOCK) | BIT(TLS) | BIT(COMPRESS))) |
                      BIT(PLAINTEXT)};
    if (i & 1) w.has |= BIT(TLS);
    if (i & 2) w.has |= BIT(COMPRESS);
    host h;
    wire x = {.p = "x LOGIN joe secret\r\n"};
    imap4_transport transport = {.struct_size = sizeof transport,
                                 .read = wire_read,
                                 .write = wire_write,
                                 .start_tls = i & 1 ? wire_start : NULL,
                                 .start_compress = i & 2 ? wire_start : NULL};
    imap4_session_args args;
    imap4_session *session;
    open_world(&h, &w);
    assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
    args.transport = &transport;
    args.transport_user = &x;
    args.can_start_tls = args.can_compress = 1;
    assert_int_equal(imap4_session_new(h.server, &args, &session), IMAP4_OK);
    while (!(imap4_session_want(session) & IMAP4_WANT_CLOSED))
      assert_int_equal(imap4_session_run(session), IMAP4_OK);
    ((char *)x.said)[x.n] = '\0';
    check_code((const char *)x.said, &w, BEFORE_LOGIN);
    const char *answer = strstr((const char *)x.said, "x OK ");
    assert_non_null(answer);
    check_code(answer, &w, AFTER_LOGIN);
    imap4_session_free(session);
    host_close(&h);
  }
}

/* ---- the test itself -------------------------------------------------------------------------- */

/* A list with one word more, one less or one other is found out. */
static void test_rules_bite(void **state) {
  (void)state;
  world w = {.has = USUAL, .server_off = all_features() & ~F(IDLE)};
  assert_true(list_is_right("IMAP4rev1 IDLE", &w, AFTER_LOGIN));
  assert_false(list_is_right("IMAP4rev1", &w, AFTER_LOGIN));
  assert_false(list_is_right("IMAP4rev1 IDLE IDLE", &w, AFTER_LOGIN));
  assert_false(list_is_right("IMAP4rev1 IDLE X", &w, AFTER_LOGIN));
  assert_false(list_is_right("IMAP4rev1 MOVE", &w, AFTER_LOGIN));
  assert_true(are_shown("A B=2 C", "A B"));
  assert_true(are_shown("A B=2 C", "X Y|C"));
  assert_false(are_shown("A B=2 C", "A D"));
  assert_false(are_shown("A B=2 C", "B=3|D"));
}

/* Every capability of the rules that a command can tell has a probe. */
static void test_probes_are_complete(void **state) {
  (void)state;
  for (size_t i = 0; i < RULES; i++) {
    size_t n = strlen(rules[i].namez);
    if (strcmp(rules[i].namez, "INPROGRESS") == 0) continue; /* no command of its own: test_progress.c */
    if (n > 2 && strcmp(rules[i].namez + n - 2, "=n") == 0) n -= 2;
    bool found = false;
    for (size_t k = 0; k < PROBES; k++) {
      char name[64];
      snprintf(name, sizeof name, "%.*s", (int)n, rules[i].namez);
      const char *at = strstr(probes[k].capabilitiesz, name);
      found = found || (at && strchr(" |", at[n]) != NULL);
    }
    if (!found) print_error("nothing is done with %s\n", rules[i].namez);
    assert_true(found);
  }
}

/* Without those that only another store could bring. */
static int print_names(void) {
  static const char *const others[] = {"AUTH=X-TEST", "QUOTA=RES-ANNOTATION-STORAGE"};
  for (size_t i = 0; i < RULES; i++) {
    if (strcmp(rules[i].namez, others[0]) != 0 && strcmp(rules[i].namez, others[1]) != 0)
      puts(rules[i].namez);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--names") == 0) return print_names();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_rules_bite), cmocka_unit_test(test_probes_are_complete),
      cmocka_unit_test(test_usual),      cmocka_unit_test(test_features),
      cmocka_unit_test(test_members),    cmocka_unit_test(test_subsets),
      cmocka_unit_test(test_hosts),      cmocka_unit_test(test_changes),
      cmocka_unit_test(test_longest),    cmocka_unit_test(test_mechanisms),
      cmocka_unit_test(test_transports),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
