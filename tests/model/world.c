/* SPDX-License-Identifier: MIT */
/* Sessions, and the loop that moves octets and completions between them and the store. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint32_t all_flags[7] = {IMAP4_FLAG_ANSWERED, IMAP4_FLAG_FLAGGED, IMAP4_FLAG_DELETED, IMAP4_FLAG_SEEN,
                               IMAP4_FLAG_DRAFT,    KEYWORD_A,          KEYWORD_B};
const char *const flag_names[7] = {"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", "$A", "$B"};

uint32_t pick(world *w, uint32_t below) {
  w->random ^= w->random << 13;
  w->random ^= w->random >> 7;
  w->random ^= w->random << 17;
  return (uint32_t)(w->random >> 20) % below;
}

void trouble(world *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(w->trouble, sizeof w->trouble, format, arguments);
  va_end(arguments);
  w->trouble_kind = format;
  longjmp(w->end, 1);
}

/* ---- the transcript ------------------------------------------------------------------------- */

void note(world *w, const char *format, ...) {
  va_list arguments;
  if (!w->log) return;
  va_start(arguments, format);
  int n = vsnprintf(w->log + w->log_n, LOG_OCTETS - w->log_n, format, arguments);
  va_end(arguments);
  if (n > 0 && (size_t)n < LOG_OCTETS - w->log_n) w->log_n += (size_t)n;
}

/* As lines of a transcript (tests/transcripts/README.md). */
static void note_octets(const client *c, char side, const char *p, size_t n) {
  world *w = c->world;
  while (w->log && n > 0) {
    const char *end = memchr(p, '\n', n);
    size_t line = end ? (size_t)(end - p) + 1 : n;
    size_t shown = line > 1 && p[line - 2] == '\r' ? line - 2 : line;
    note(w, "%c%u%s %.*s\n", side, c->connections, end ? ":" : "=", (int)shown, p);
    p += line;
    n -= line;
  }
}

/* ---- octets --------------------------------------------------------------------------------- */

static void check(world *w, int status) {
  EXPECT(w, status == IMAP4_OK, "a call returned %d", status);
}

static bool feed(world *w, client *c) {
  size_t used = 0;
  if (c->in_n == 0 || !(imap4_session_want(c->session) & IMAP4_WANT_READ)) return false;
  size_t n = w->setup.cuts ? 1 + pick(w, (uint32_t)c->in_n) : c->in_n;
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
  if (w->setup.cuts) n = 1 + pick(w, (uint32_t)n);
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

static bool turn(world *w, client *c) {
  if (!c->session) return false;
  bool moved = feed(w, c);
  moved |= run(w, c);
  moved |= drain(w, c);
  return moved;
}

static bool waits(const client *c) {
  if (!c->session) return false;
  uint32_t want = imap4_session_want(c->session);
  return (want & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE)) != 0 || ((want & IMAP4_WANT_READ) && c->in_n > 0);
}

static bool complete(world *w) {
  return w->ground.memory && imap4_memory_complete_next(w->ground.memory) != 0;
}

void world_turns(world *w, client *c, unsigned turns) {
  for (unsigned i = 0; i < turns; i++) {
    if (!turn(w, c)) (void)complete(w);
  }
}

static client *client_at(world *w, int i) {
  return i < w->client_count ? &w->clients[i] : &w->travellers[i - w->client_count];
}

/* A message that goes while it is being sent leaves half a literal: then the connection must end. */
static bool is_cut(const client *c) {
  bool closed = (imap4_session_want(c->session) & IMAP4_WANT_CLOSED) != 0;
  return c->world->rush && closed && !c->over && client_busy(c) && c->pending[0].reads;
}

static void hear(client *c) {
  if (!c->session) return;
  if (c->out_n > 0) note_octets(c, 'S', c->out, c->out_n);
  client_read(c);
  if (is_cut(c)) {
    client_drop(c);
    return;
  }
  EXPECT(c->world, c->out_n == 0, "half a response");
  bool closed = (imap4_session_want(c->session) & IMAP4_WANT_CLOSED) != 0;
  EXPECT(c->world, closed == c->over, closed ? "session %d is over" : "session %d goes on after BYE",
         c->number);
  if (c->over) client_drop(c);
}

void world_settle(world *w) {
  int all = w->client_count + 2;
  for (unsigned rounds = 0;; rounds++) {
    bool moved = false;
    EXPECT(w, rounds < 100000, "a session does not come to rest");
    for (int i = 0; i < all; i++)
      moved |= turn(w, client_at(w, w->rush ? (int)pick(w, (uint32_t)all) : i));
    if (w->waiting_n > 0 && (!moved || pick(w, 8) == 0)) {
      ground_outside(w, w->waiting[--w->waiting_n]);
      moved = true;
    }
    for (int i = 0; i < all && w->rush && !moved; i++)
      moved = waits(client_at(w, i));
    if (!moved || pick(w, 2)) moved |= complete(w);
    if (!moved) break;
  }
  for (int i = 0; i < all; i++)
    hear(client_at(w, i));
}

/* Who waits in IDLE hears of what has happened, where the store does not tell it at once. */
void world_hear_idle(world *w) {
  bool idle = false;
  for (int i = 0; i < w->client_count; i++)
    idle = idle || (w->clients[i].idle && w->clients[i].session);
  if (!idle) return;
  w->now_ms += 61000;
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    if (c->session && c->idle) check(w, imap4_session_tick(c->session, w->now_ms));
  }
  world_settle(w);
}

void client_send(client *c, const char *p, size_t n) {
  assert_true(n < sizeof c->in - c->in_n);
  memcpy(c->in + c->in_n, p, n);
  note_octets(c, 'C', p, n);
  c->in_n += n;
}

bool client_busy(const client *c) {
  return c->pending_n > 0;
}

pending *client_begin(client *c, const char *text, size_t n) {
  char line[16000];
  assert_true(c->pending_n < PENDING && n + 32 < sizeof line);
  pending *p = &c->pending[c->pending_n++];
  memset(p, 0, sizeof *p);
  memset(&c->answer, 0, sizeof c->answer);
  for (size_t i = 0; i < c->count; i++)
    c->list[i].got = 0;
  snprintf(p->tag, sizeof p->tag, "t%u", ++c->tag);
  size_t at = (size_t)snprintf(line, sizeof line, "%s ", p->tag);
  memcpy(line + at, text, n);
  memcpy(line + at + n, "\r\n", 2);
  client_send(c, line, at + n + 2);
  c->world->steps++;
  return p;
}

/* ---- connections ---------------------------------------------------------------------------- */

void client_connect(world *w, client *c, int number) {
  imap4_session_args args;
  c->world = w;
  c->number = number;
  c->connections = ++w->connections;
  client_forget(c);
  c->pending_n = c->in_n = c->out_n = 0;
  c->half = c->rev2 = c->condstore = c->may_condstore = c->qresync = c->idle = c->over = c->resyncs =
      c->told_modseq = false;
  note(w, "! connect %u\n", c->connections);
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  bool apart = w->ground.other && number % 2 == 0;
  args.account = ground_login(w, apart ? (void *)w->ground.other : w->ground.user);
  args.delimiter = '.';
  args.now_ms = w->now_ms;
  assert_int_equal(imap4_session_new(apart ? w->other_server : w->server, &args, &c->session), IMAP4_OK);
}

void client_drop(client *c) {
  if (!c->session) return;
  client_keep(c);
  imap4_session_free(c->session);
  c->session = NULL;
  client_forget(c);
  c->pending_n = c->in_n = c->out_n = 0;
  c->idle = c->over = c->resyncs = false;
}

/* ---- begin and end -------------------------------------------------------------------------- */

static void make_server(world *w) {
  imap4_config config;
  imap4_limits limits;
  assert_int_equal(imap4_config_init(&config, sizeof config), IMAP4_OK);
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  limits.idle_ms = UINT32_MAX;
  limits.bad_commands = UINT32_MAX;
  if (w->setup.query_rows) limits.query_rows = w->setup.query_rows;
  if (w->setup.output_octets) limits.output_octets = w->setup.output_octets;
  if (w->setup.work_budget) limits.work_budget = w->setup.work_budget;
  config.after_login = &limits;
  config.store = w->setup.fault ? fault_table(w) : w->ground.table;
  config.store_user = w->ground.user;
  assert_int_equal(imap4_server_new(&config, &w->server), IMAP4_OK);
  config.store_user = w->ground.other;
  if (w->ground.other) assert_int_equal(imap4_server_new(&config, &w->other_server), IMAP4_OK);
}

void world_begin(world *w, const conditions *setup, uint64_t seed) {
  w->setup = *setup;
  w->random = seed * 0x9e3779b97f4a7c15u + 88172645463325252u;
  w->client_count = setup->clients;
  w->now_ms = 1000;
  w->next_id = 1;
  w->subscribed = 0;
  w->rush = w->direct = false;
  w->can = 0;
  w->waiting_n = 0;
  w->log_n = w->connections = 0;
  memset(w->boxes, 0, sizeof w->boxes);
  memset(w->ids, 0, sizeof w->ids);
  memset(w->gone_at, 0, sizeof w->gone_at);
  memset(w->since, 0, sizeof w->since);
  memset(w->last_validity, 0, sizeof w->last_validity);
  memset(w->last_uidnext, 0, sizeof w->last_uidnext);
  memset(w->clients, 0, sizeof w->clients);
  memset(w->travellers, 0, sizeof w->travellers);
  w->travellers[0].world = w->travellers[1].world = w;
  ground_open(w);
  make_server(w);
  ground_look(w);
  memcpy(w->boxes, w->looked, sizeof w->boxes);
  for (int i = 0; i < w->client_count; i++)
    client_connect(w, &w->clients[i], i + 1);
  world_settle(w);
}

void world_end(world *w, bool failed) {
  (void)failed;
  for (int i = 0; i < w->client_count + 2; i++) {
    client *c = client_at(w, i);
    imap4_session_free(c->session);
    c->session = NULL;
  }
  imap4_server_free(w->server);
  imap4_server_free(w->other_server);
  w->server = w->other_server = NULL;
  ground_close(w);
}
