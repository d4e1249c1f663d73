/* SPDX-License-Identifier: MIT */
/*
 * A world: one store, one server, its connections, and the two ways to drive a session (the core calls, or
 * a transport that the library pumps).  Everything random comes from the mode's seed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

/* So many rounds in which nothing moves mean that a session does not come to rest. */
enum { PATIENCE = 2000 };

uint64_t world_random(struct world *world, uint64_t below) {
  world->random ^= world->random << 13;
  world->random ^= world->random >> 7;
  world->random ^= world->random << 17;
  return (world->random >> 11) % below;
}

void world_trouble(struct world *world, int line, const char *format, ...) {
  char text[2000];
  va_list arguments;
  if (world->trouble.n) return;
  snprintf(text, sizeof text, "%s:%d: (mode %s) ", world->script->path, line, world->mode->name);
  bytes_addz(&world->trouble, text);
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  bytes_addz(&world->trouble, text);
}

bool world_on(const struct world *world) {
  return !world->trouble.n && !world->stopped && !world->broken;
}

void world_called(struct world *world, struct connection *connection, int status, const char *what) {
  ++world->api_calls;
  if (world->stop_after && world->api_calls == world->stop_after) world->stopped = true;
  if (connection->fatal && status != connection->fatal) {
    world_trouble(world, 0, "%s returned %d after the fatal error %d", what, status, connection->fatal);
  }
  if (status == IMAP4_OK) return;
  if (imap4_is_fatal(status) && !connection->fatal) {
    connection->fatal = status;
    /* It has to stay. */
    int again = imap4_session_run(connection->session);
    if (again != status) world_trouble(world, 0, "run returned %d after the fatal error %d", again, status);
    if (imap4_session_want(connection->session) != IMAP4_WANT_CLOSED) {
      world_trouble(world, 0, "want is not CLOSED after the fatal error %d", status);
    }
  }
  bool out_of_memory = status == IMAP4_ERR_NOMEM && world->heap.failed;
  if (!out_of_memory)
    world_trouble(world, 0, "%s returned %d (%s)", what, status, imap4_status_textz(status));
}

/* ---- the store ------------------------------------------------------------------------------ */

static uint32_t choose_manner(void *user, uint64_t call) {
  struct world *world = user;
  (void)call;
  if (world->held) return IMAP4_MEMORY_LATER;
  switch (world->mode->store) {
  case STORE_INSIDE:
    return IMAP4_MEMORY_INSIDE;
  case STORE_LATER:
    return IMAP4_MEMORY_LATER;
  case STORE_MIX:
    return (uint32_t)world_random(world, 3);
  default:
    return IMAP4_MEMORY_NOW;
  }
}

static uint32_t choose_count(void *user, uint32_t capacity) {
  struct world *world = user;
  if (world->mode->short_answers && world_random(world, 4)) {
    return 1 + (uint32_t)world_random(world, capacity < 7 ? capacity : 7);
  }
  return capacity;
}

/* ---- the transport -------------------------------------------------------------------------- */

/* How much of |n| moves at once. */
static size_t portion(struct world *world, int cut, size_t n) {
  if (cut == CUT_BYTE) return 1;
  if (cut == CUT_WHOLE) return n;
  return 1 + (size_t)world_random(world, world_random(world, 3) ? (n < 9 ? n : 9) : n);
}

static bool hesitates(struct world *world, int cut) {
  return cut == CUT_RANDOM && world_random(world, 4) == 0;
}

static int transport_read(void *user, void *data, size_t capacity, size_t *n) {
  struct connection *connection = user;
  struct world *world = connection->world;
  size_t left = connection->input.n - connection->taken;
  if (hesitates(world, world->mode->input)) return IMAP4_AGAIN;
  if (left == 0) return connection->ended ? IMAP4_END : IMAP4_AGAIN;
  *n = portion(world, world->mode->input, left < capacity ? left : capacity);
  memcpy(data, connection->input.p + connection->taken, *n);
  connection->taken += *n;
  return IMAP4_OK;
}

static int transport_write(void *user, const void *data, size_t len, size_t *n) {
  struct connection *connection = user;
  struct world *world = connection->world;
  if (hesitates(world, world->mode->output)) return IMAP4_AGAIN;
  *n = portion(world, world->mode->output, len);
  bytes_add(&connection->output, data, *n);
  return IMAP4_OK;
}

/* What came in plain after STARTTLS is the host's to throw away. */
static int transport_start_tls(void *user) {
  struct connection *connection = user;
  connection->tls_waits = !connection->tls_ready;
  return connection->tls_ready ? IMAP4_OK : IMAP4_AGAIN;
}

static int transport_start_compress(void *user) {
  struct connection *connection = user;
  connection->compress_waits = !connection->compress_ready;
  return connection->compress_ready ? IMAP4_OK : IMAP4_AGAIN;
}

/* ---- driving -------------------------------------------------------------------------------- */

/* Each of these returns whether anything has moved. */

static bool feed(struct world *world, struct connection *connection) {
  size_t left = connection->input.n - connection->taken;
  if (left == 0 || !(imap4_session_want(connection->session) & IMAP4_WANT_READ)) return false;
  size_t used = 0;
  size_t n = portion(world, world->mode->input, left);
  int status = imap4_session_input(connection->session, connection->input.p + connection->taken, n, &used);
  connection->taken += used;
  if (used > n) world_trouble(world, 0, "input took more octets than it was given");
  world_called(world, connection, status, "input");
  return used > 0;
}

static bool drain(struct world *world, struct connection *connection) {
  const void *data;
  size_t n;
  if (hesitates(world, world->mode->output)) return false;
  int status = imap4_session_output(connection->session, &data, &n);
  if (status != IMAP4_OK) {
    world_trouble(world, 0, "output returned %d", status);
    return false;
  }
  if (n == 0) return false;
  n = portion(world, world->mode->output, n);
  bytes_add(&connection->output, data, n);
  status = imap4_session_output_done(connection->session, n);
  ++world->api_calls;
  if (status != IMAP4_OK) world_trouble(world, 0, "output_done returned %d", status);
  if (world->stop_after && world->api_calls == world->stop_after) world->stopped = true;
  return true;
}

static bool run(struct world *world, struct connection *connection) {
  world_called(world, connection, imap4_session_run(connection->session), "run");
  return true;
}

static bool drive_core(struct world *world, struct connection *connection) {
  bool moved = feed(world, connection);
  if (world_on(world)) moved |= drain(world, connection);
  if (world_on(world) && imap4_session_want(connection->session) & IMAP4_WANT_RUN) {
    moved |= run(world, connection);
  }
  return moved;
}

/* Whether the pump would find something to do. */
static bool pump_ready(const struct connection *connection) {
  uint32_t want = imap4_session_want(connection->session);
  if (connection->tls_waits) return connection->tls_ready;
  if (connection->compress_waits) return connection->compress_ready;
  if (want & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE)) return true;
  return want & IMAP4_WANT_READ && (connection->ended || connection->taken < connection->input.n);
}

static bool drive_pump(struct world *world, struct connection *connection) {
  size_t taken = connection->taken;
  size_t sent = connection->output.n;
  run(world, connection);
  return taken != connection->taken || sent != connection->output.n;
}

static bool drive(struct world *world, struct connection *connection) {
  if (!connection->session || connection->fatal) return false;
  if (imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return false;
  return world->mode->pump ? drive_pump(world, connection) : drive_core(world, connection);
}

/* Something is still to be done, although nothing moved in this round. */
static bool restless(const struct world *world, const struct connection *connection) {
  if (!connection->session || connection->fatal) return false;
  uint32_t want = imap4_session_want(connection->session);
  if (want & IMAP4_WANT_CLOSED) return false;
  if (world->mode->pump) return pump_ready(connection);
  return (want & (IMAP4_WANT_RUN | IMAP4_WANT_WRITE)) != 0;
}

/* Operations that wait are completed as late as can be, or at any time in a mixed mode. */
static bool complete(struct world *world, bool moved) {
  if (world->held) return false;
  bool now = world->mode->store == STORE_MIX ? world_random(world, 2) == 0 : !moved;
  if (!now) return false;
  if (!imap4_memory_complete_next(world->store)) return false;
  ++world->api_calls;
  if (world->stop_after && world->api_calls == world->stop_after) world->stopped = true;
  return true;
}

static bool all_rest(const struct world *world) {
  imap4_memory_counts counts;
  imap4_memory_get_counts(world->store, &counts);
  for (int i = 1; i <= MAX_CONNECTIONS; ++i) {
    if (restless(world, &world->connections[i])) return false;
  }
  return counts.pending == 0 || world->held;
}

/* A session that is over, or waits for TLS or compression, has no use for what comes. */
static void check_taken(struct world *world, struct connection *connection, int line) {
  if (connection->session && connection->taken < connection->input.n) {
    uint32_t want = imap4_session_want(connection->session);
    bool over = connection->fatal || connection->tls_waits || connection->compress_waits ||
                want & (IMAP4_WANT_CLOSED | IMAP4_WANT_TLS | IMAP4_WANT_COMPRESS);
    if (!over && !world->lenient) {
      world_trouble(world, line, "input is not taken; the session wants 0x%x", (unsigned)want);
    }
  }
  connection->input.n = 0;
  connection->taken = 0;
}

void world_settle(struct world *world, int line) {
  int quiet = 0;
  while (world_on(world)) {
    bool moved = false;
    for (int i = 1; i <= MAX_CONNECTIONS && world_on(world); ++i)
      moved |= drive(world, &world->connections[i]);
    if (!world_on(world)) break;
    moved |= complete(world, moved);
    quiet = moved ? 0 : quiet + 1;
    if (!moved && all_rest(world)) break;
    if (quiet > PATIENCE) world_trouble(world, line, "a session does not come to rest");
  }
  for (int i = 1; i <= MAX_CONNECTIONS && world_on(world); ++i)
    check_taken(world, &world->connections[i], line);
}

/* ---- what happens to connections ------------------------------------------------------------ */

void world_connect(struct world *world, int number, int line) {
  struct connection *connection = &world->connections[number];
  imap4_transport transport = {
      .struct_size = sizeof transport, .read = transport_read, .write = transport_write};
  imap4_session_args args = world->args;
  if (connection->session) {
    world_trouble(world, line, "connection %d is open already", number);
    return;
  }
  args.now_ms = world->now_ms;
  if (world->mode->pump) {
    if (args.can_start_tls) transport.start_tls = transport_start_tls;
    if (args.can_compress) transport.start_compress = transport_start_compress;
    args.transport = &transport;
    args.transport_user = connection;
  }
  if (world->preauth) {
    args.account = imap4_memory_account(world->store, (imap4_str){world->user, strlen(world->user)});
    args.delimiter = (unsigned char)world->store_config.delimiter;
  }
  int status = imap4_session_new(world->server, &args, &connection->session);
  if (status != IMAP4_OK) {
    connection->session = NULL;
    if (args.account) imap4_memory_table(world->store)->release(world->store, args.account);
    if (status == IMAP4_ERR_NOMEM && world->heap.failed) {
      world->broken = true;
    } else {
      world_trouble(world, line, "session_new returned %d", status);
    }
  }
}

void world_tls(struct world *world, int number, int line) {
  struct connection *connection = &world->connections[number];
  connection->tls_ready = true;
  if (world->mode->pump || !connection->session) return;
  if (!(imap4_session_want(connection->session) & IMAP4_WANT_TLS)) {
    if (!world->lenient) world_trouble(world, line, "the session does not ask for TLS");
    return;
  }
  world_called(world, connection, imap4_session_tls_started(connection->session), "tls_started");
}

void world_compress(struct world *world, int number, int line) {
  struct connection *connection = &world->connections[number];
  connection->compress_ready = true;
  if (world->mode->pump || !connection->session) return;
  if (!(imap4_session_want(connection->session) & IMAP4_WANT_COMPRESS)) {
    if (!world->lenient) world_trouble(world, line, "the session does not ask for compression");
    return;
  }
  world_called(world, connection, imap4_session_compress_started(connection->session), "compress_started");
}

void world_tick(struct world *world, uint64_t ms, int line) {
  world->now_ms += ms;
  for (int i = 1; i <= MAX_CONNECTIONS && world_on(world); ++i) {
    struct connection *connection = &world->connections[i];
    if (!connection->session || connection->fatal) continue;
    if (imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) continue;
    world_called(world, connection, imap4_session_tick(connection->session, world->now_ms), "tick");
    if (!connection->fatal && world_on(world) &&
        imap4_session_deadline(connection->session) < world->now_ms && !world->lenient &&
        !(imap4_session_want(connection->session) &
          (IMAP4_WANT_RUN | IMAP4_WANT_CLOSED | IMAP4_WANT_WRITE | IMAP4_WANT_STORE))) {
      world_trouble(world, line, "the deadline lies in the past after a tick");
    }
  }
}

/* ---- the life of a world -------------------------------------------------------------------- */

static void configure(struct world *world) {
  imap4_memory_config_init(&world->store_config);
  if (imap4_config_init(&world->config, sizeof world->config) != IMAP4_OK ||
      imap4_limits_init(&world->before, sizeof world->before, 0) != IMAP4_OK ||
      imap4_limits_init(&world->after, sizeof world->after, 1) != IMAP4_OK ||
      imap4_session_args_init(&world->args, sizeof world->args) != IMAP4_OK) {
    world_trouble(world, 0, "the defaults can't be had");
  }
  world->config.allow_plaintext = 1;
  world->config.resize = heap_resize;
  world->config.resize_user = &world->heap;
  world->config.before_login = &world->before;
  world->config.after_login = &world->after;
  world->config.id = world->id;
  for (size_t i = 0; i < world->script->count && world_on(world); ++i) {
    const struct step *step = &world->script->steps[i];
    if (step->act == ACT_DIRECTIVE) directive_configure(world, step);
  }
  if (world->config.id_count == 0) world->config.id = NULL;
  if (world->mode->tight) {
    world->before.work_budget = world->after.work_budget = 1;
    world->before.output_octets = world->after.output_octets = 256;
    world->after.query_rows = 1;
  }
  if (world->mode->bare) {
    world->store_config.without |= IMAP4_MEMORY_WITHOUT_COPY | IMAP4_MEMORY_WITHOUT_MOVE |
                                   IMAP4_MEMORY_WITHOUT_VANISHED | IMAP4_MEMORY_WITHOUT_STATUS |
                                   IMAP4_MEMORY_WITHOUT_KEEP_DIGEST | IMAP4_MEMORY_WITHOUT_UIDS;
  }
}

void world_init(struct world *world, const struct script *script, const struct mode *mode) {
  world->script = script;
  world->mode = mode;
  world->user = "";
  world->now_ms = 1000000;
  world->random = mode->seed * 0x9E3779B97F4A7C15u + 88172645463325252u;
  for (int i = 0; i <= MAX_CONNECTIONS; ++i)
    world->connections[i].world = world;
  configure(world);
  if (!world_on(world)) return;
  world->store_config.user = world;
  world->store_config.choose_manner = choose_manner;
  if (mode->short_answers) world->store_config.choose_count = choose_count;
  world->store = imap4_memory_new(&world->store_config);
  if (!world->store) abort();
  if (world->fail_call) imap4_memory_fail(world->store, world->fail_call, IMAP4_ST_FAILED);
  world->config.store = imap4_memory_table(world->store);
  world->config.store_user = world->store;
  int status = imap4_server_new(&world->config, &world->server);
  if (status == IMAP4_OK) return;
  world->server = NULL;
  world->broken = status == IMAP4_ERR_NOMEM && world->heap.failed;
  if (!world->broken) world_trouble(world, 0, "server_new returned %d", status);
}

static void check_store(struct world *world) {
  imap4_memory_counts c;
  imap4_memory_get_counts(world->store, &c);
  if (c.accounts || c.mailboxes || c.uploads || c.exchanges || c.pending) {
    world_trouble(world, 0,
                  "left in the store: %d accounts, %d mailboxes, %d uploads, %d exchanges, %d pending",
                  (int)c.accounts, (int)c.mailboxes, (int)c.uploads, (int)c.exchanges, (int)c.pending);
  }
  if (c.bad_cancels) world_trouble(world, 0, "%d operations were cancelled twice", (int)c.bad_cancels);
  if (c.refused) world_trouble(world, 0, "%d completions were refused", (int)c.refused);
}

void world_free(struct world *world) {
  for (int i = 1; i <= MAX_CONNECTIONS; ++i) {
    imap4_session_free(world->connections[i].session);
    bytes_free(&world->connections[i].input);
    bytes_free(&world->connections[i].output);
  }
  imap4_server_free(world->server);
  if (world->store) check_store(world);
  imap4_memory_free(world->store);
  if (world->heap.octets || world->heap.blocks) {
    world_trouble(world, 0, "%d octets in %d blocks were not freed", (int)world->heap.octets,
                  (int)world->heap.blocks);
  }
  if (world->heap.wrong_sizes) {
    world_trouble(world, 0, "resize was told a wrong size %d times", (int)world->heap.wrong_sizes);
  }
  if (world->leaked) heap_resize(&world->heap, world->leaked, 10, 0);
}

/* ---- playing -------------------------------------------------------------------------------- */

/* The last thing expected of a connection in this step asks for more input. */
static bool expects_go_on(const struct step *step, int number) {
  const struct expect *last = NULL;
  for (size_t i = 0; i < step->expect_count; ++i) {
    if (step->expects[i].connection == number) last = &step->expects[i];
  }
  return last && !last->raw && last->text.n && last->text.p[0] == '+';
}

static bool ends_in_go_on(const struct bytes *output) {
  if (output->n < 3) return false;
  size_t begin = output->n - 2;
  while (begin > 0 && output->p[begin - 1] != '\n')
    --begin;
  return output->p[begin] == '+';
}

/* A client that is refused does not go on with its literal. */
static void client_watches(struct world *world, const struct step *step) {
  for (int i = 1; i <= MAX_CONNECTIONS; ++i) {
    struct connection *connection = &world->connections[i];
    if (connection->skipping && step->act == ACT_SEND && step->connection == i) {
      connection->skipping = expects_go_on(step, i);
    } else if (expects_go_on(step, i)) {
      connection->skipping = !ends_in_go_on(&connection->output);
    }
  }
}

/* The first connection opens by itself, when something is expected of it. */
static bool opens_first(const struct world *world, const struct step *step) {
  if (world->connections[1].session) return false;
  for (size_t i = 0; i < step->expect_count; ++i) {
    if (step->expects[i].connection == 1) return true;
  }
  return false;
}

static void act(struct world *world, const struct step *step) {
  if (step->act == ACT_DIRECTIVE) {
    directive_run(world, step);
    if (world_on(world) && opens_first(world, step)) world_connect(world, 1, step->line);
    return;
  }
  int number = step->act == ACT_SEND ? step->connection : 1;
  struct connection *connection = &world->connections[number];
  if (!connection->session) world_connect(world, number, step->line);
  if (step->act == ACT_NONE || connection->skipping) return;
  if (connection->ended && !world->lenient) world_trouble(world, step->line, "the client has closed");
  bytes_add(&connection->input, step->data.p, step->data.n);
}

static void play_step(struct world *world, const struct step *step, size_t index) {
  act(world, step);
  world_settle(world, step->line);
  if (!world_on(world)) return;
  if (world->lenient) {
    client_watches(world, step);
  } else {
    match_step(world, step);
  }
  for (int i = 1; i <= MAX_CONNECTIONS; ++i) {
    struct bytes *output = &world->connections[i].output;
    if (world->record) {
      struct bytes *record = &world->record[index * (MAX_CONNECTIONS + 1) + (size_t)i];
      bytes_add(record, output->p, output->n);
    }
    output->n = 0;
  }
}

void world_play(struct world *world) {
  for (size_t i = 0; i < world->script->count && world_on(world); ++i)
    play_step(world, &world->script->steps[i], i);
}
