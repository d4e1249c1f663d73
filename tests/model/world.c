/* SPDX-License-Identifier: MIT */
/* Store, sessions, and the loop that moves octets and completions between them; see world.h. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const box_names[BOXES] = {"INBOX", "other"};

uint32_t pick(world *w, uint32_t below) {
  w->random ^= w->random << 13;
  w->random ^= w->random >> 7;
  w->random ^= w->random << 17;
  return (uint32_t)(w->random >> 20) % below;
}

void trouble(world *w, const char *format, ...) {
  enum { SHOWN = 6000 };
  va_list arguments;
  size_t from = w->log_n > SHOWN ? w->log_n - SHOWN : 0;
  fprintf(stderr, "seed %llu, command %u, manner %u, without 0x%x, rush %d\n...%.*s\n",
          (unsigned long long)w->seed, w->steps, (unsigned)w->manner, (unsigned)w->without, w->rush,
          (int)(w->log_n - from), w->log + from);
  va_start(arguments, format);
  char text[500];
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fail_msg("%s", text);
  abort();
}

static void note(world *w, const client *c, char side, const char *p, size_t n) {
  char head[16];
  int k = snprintf(head, sizeof head, "%c%d: ", side, c->number);
  if (w->log_n + n + 16 > sizeof w->log) { /* keep the newer half */
    memmove(w->log, w->log + w->log_n / 2, w->log_n - w->log_n / 2);
    w->log_n -= w->log_n / 2;
  }
  memcpy(w->log + w->log_n, head, (size_t)k);
  memcpy(w->log + w->log_n + k, p, n);
  w->log_n += (size_t)k + n;
}

/* ---- the store ------------------------------------------------------------------------------ */

static uint32_t choose_manner(void *user, uint64_t call) {
  world *w = user;
  (void)call;
  if (w->direct) return IMAP4_MEMORY_NOW;
  return w->manner == 3 ? pick(w, 3) : w->manner;
}

static uint32_t choose_count(void *user, uint32_t capacity) {
  world *w = user;
  if (w->direct || !w->little) return capacity;
  return 1 + pick(w, capacity < 4 ? capacity : 4);
}

static void look_at(world *w, int i) {
  const imap4_store *table = imap4_memory_table(w->memory);
  box *b = &w->boxes[i];
  imap4_query_args args = {.struct_size = sizeof args,
                           .attributes = IMAP4_ATTR_FLAGS | IMAP4_ATTR_SIZE,
                           .mailbox = w->handles[i],
                           .capacity = MESSAGES};
  imap4_query_result result;
  w->direct = true;
  int status = table->query(w->memory, 1, &args, &result);
  w->direct = false;
  EXPECT(w, status == IMAP4_OK && result.last, "the test can't look into the store");
  b->count = result.count;
  for (size_t k = 0; k < result.count; k++) {
    const imap4_row *row = &result.rows[k];
    uint32_t flags = row->flags;
    for (size_t j = 0; j + 1 < row->keywords.n; j++) {
      if (memcmp(row->keywords.p + j, "$A", 2) == 0) flags |= KEYWORD_A;
      if (memcmp(row->keywords.p + j, "$B", 2) == 0) flags |= KEYWORD_B;
    }
    b->messages[k] = (message){row->uid, flags, (uint32_t)row->size};
  }
}

void world_look(world *w) {
  for (int i = 0; i < BOXES; i++)
    look_at(w, i);
}

const message *box_find(const box *b, uint32_t uid) {
  for (size_t i = 0; i < b->count; i++) {
    if (b->messages[i].uid == uid) return &b->messages[i];
  }
  return NULL;
}

static void open_boxes(world *w) {
  const imap4_store *table = imap4_memory_table(w->memory);
  imap4_str nobody = {"", 0};
  w->account = imap4_memory_account(w->memory, nobody);
  assert_non_null(w->account);
  w->direct = true;
  for (int i = 0; i < BOXES; i++) {
    imap4_open_args args = {.struct_size = sizeof args,
                            .read_only = 1,
                            .account = w->account,
                            .name = {box_names[i], strlen(box_names[i])}};
    imap4_open_result result;
    assert_int_equal(table->open(w->memory, 1, &args, &result), IMAP4_OK);
    w->handles[i] = result.mailbox;
  }
  w->direct = false;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static void connect_client(world *w, int i) {
  imap4_session_args args;
  client *c = &w->clients[i];
  memset(c, 0, sizeof *c);
  c->world = w;
  c->number = i + 1;
  c->box = -1;
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  imap4_str nobody = {"", 0};
  args.account = imap4_memory_account(w->memory, nobody);
  args.delimiter = '/';
  args.now_ms = w->now_ms;
  assert_int_equal(imap4_session_new(w->server, &args, &c->session), IMAP4_OK);
}

static void check(world *w, int status) {
  EXPECT(w, status == IMAP4_OK, "a call returned %d", status);
}

static bool feed(world *w, client *c) {
  size_t used = 0;
  if (c->in_n == 0 || !(imap4_session_want(c->session) & IMAP4_WANT_READ)) return false;
  size_t n = w->cuts ? 1 + pick(w, (uint32_t)c->in_n) : c->in_n;
  check(w, imap4_session_input(c->session, c->in, n, &used));
  memmove(c->in, c->in + used, c->in_n - used);
  c->in_n -= used;
  return used > 0;
}

static bool drain(world *w, client *c) {
  const void *data;
  size_t n;
  check(w, imap4_session_output(c->session, &data, &n));
  if (n == 0) return false;
  if (w->cuts) n = 1 + pick(w, (uint32_t)n);
  EXPECT(w, n <= sizeof c->out - c->out_n, "more output than expected");
  memcpy(c->out + c->out_n, data, n);
  c->out_n += n;
  check(w, imap4_session_output_done(c->session, n));
  return true;
}

static bool run(world *w, client *c) {
  if (!(imap4_session_want(c->session) & IMAP4_WANT_RUN)) return false;
  check(w, imap4_session_run(c->session));
  return true;
}

void world_settle(world *w) {
  for (unsigned rounds = 0;; rounds++) {
    bool moved = false;
    EXPECT(w, rounds < 100000, "a session does not come to rest");
    for (int i = 0; i < w->client_count; i++) {
      client *c = &w->clients[w->rush ? pick(w, (uint32_t)w->client_count) : (uint32_t)i];
      moved |= feed(w, c);
      moved |= run(w, c);
      moved |= drain(w, c);
    }
    /* Not for ever: who compares UIDs would never be done with what comes meanwhile. */
    if (w->rush && w->meanwhile && rounds < 2000 && pick(w, 8) == 0) w->meanwhile(w);
    for (int i = 0; i < w->client_count && w->rush; i++) {
      uint32_t want = imap4_session_want(w->clients[i].session);
      moved |= (want & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE)) != 0;
      moved |= (want & IMAP4_WANT_READ) && w->clients[i].in_n > 0;
    }
    if (!moved || pick(w, 2)) moved |= imap4_memory_complete_next(w->memory) != 0;
    if (!moved) break;
  }
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    if (c->out_n > 0) note(w, c, 'S', c->out, c->out_n);
    client_read(c);
    EXPECT(w, !(imap4_session_want(c->session) & IMAP4_WANT_CLOSED), "session %d is over", c->number);
  }
}

void world_tick(world *w, uint64_t ms) {
  w->now_ms += ms;
  for (int i = 0; i < w->client_count; i++)
    check(w, imap4_session_tick(w->clients[i].session, w->now_ms));
  world_settle(w);
}

void client_send(client *c, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(c->in + c->in_n, sizeof c->in - c->in_n, format, arguments);
  va_end(arguments);
  assert_true(n >= 0 && (size_t)n < sizeof c->in - c->in_n);
  note(c->world, c, 'C', c->in + c->in_n, (size_t)n);
  c->in_n += (size_t)n;
}

void client_begin(client *c, bool keeps_numbers, const char *format, ...) {
  char text[1000];
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  assert_true(n >= 0 && (size_t)n < sizeof text);
  memset(&c->answer, 0, sizeof c->answer);
  for (size_t i = 0; i < c->count; i++)
    c->list[i].touched = c->list[i].shown = false;
  c->busy = true;
  c->keeps_numbers = keeps_numbers;
  c->world->steps++;
  client_send(c, "t%u %s\r\n", ++c->tag, text);
}

/* ---- begin and end -------------------------------------------------------------------------- */

static void make_store(world *w) {
  imap4_memory_config config;
  imap4_str nobody = {"", 0};
  imap4_memory_config_init(&config);
  config.without = w->without;
  config.user = w;
  config.choose_manner = choose_manner;
  config.choose_count = choose_count;
  config.expunge_log = pick(w, 3) == 0 ? 2 : 0;
  w->memory = imap4_memory_new(&config);
  assert_non_null(w->memory);
  imap4_str other = {box_names[1], strlen(box_names[1])};
  assert_int_equal(imap4_memory_add_mailbox(w->memory, nobody, other, 0), IMAP4_OK);
  w->next_size = 10;
}

static void make_server(world *w) {
  imap4_config config;
  imap4_limits limits;
  assert_int_equal(imap4_config_init(&config, sizeof config), IMAP4_OK);
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  limits.idle_ms = UINT32_MAX;
  if (pick(w, 2)) limits.query_rows = 1 + pick(w, 5);
  if (pick(w, 2)) limits.output_octets = 256;
  if (pick(w, 2)) limits.work_budget = 1 + pick(w, 9);
  config.after_login = &limits;
  config.store = imap4_memory_table(w->memory);
  config.store_user = w->memory;
  assert_int_equal(imap4_server_new(&config, &w->server), IMAP4_OK);
}

void world_begin(world *w, uint64_t seed) {
  unsigned steps = w->steps;
  memset(w, 0, sizeof *w);
  w->steps = steps;
  w->seed = seed;
  w->random = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
  w->manner = pick(w, 4);
  w->without = pick(w, 2) ? 0 : (pick(w, 256) & ~IMAP4_MEMORY_WITHOUT_CANCEL);
  w->cuts = pick(w, 2) != 0;
  w->little = pick(w, 2) != 0;
  w->client_count = 2 + (int)pick(w, CLIENTS - 1);
  w->now_ms = 1000;
  make_store(w);
  make_server(w);
  open_boxes(w);
  for (int i = 0; i < w->client_count; i++)
    connect_client(w, i);
  world_settle(w);
  for (int i = 0; i < w->client_count; i += 2) { /* some keep mail offline, some have never heard of that */
    w->clients[i].qresync = true;
    client_begin(&w->clients[i], false, "ENABLE QRESYNC");
    world_settle(w);
  }
}

void world_end(world *w) {
  imap4_memory_counts counts;
  const imap4_store *table = imap4_memory_table(w->memory);
  for (int i = 0; i < w->client_count; i++)
    imap4_session_free(w->clients[i].session);
  for (int i = 0; i < BOXES; i++)
    table->close(w->memory, w->handles[i]);
  table->release(w->memory, w->account);
  imap4_server_free(w->server);
  imap4_memory_get_counts(w->memory, &counts);
  EXPECT(w, counts.accounts + counts.mailboxes + counts.uploads + counts.pending == 0, "something is left");
  imap4_memory_free(w->memory);
}
