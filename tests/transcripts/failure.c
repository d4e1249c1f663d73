/* SPDX-License-Identifier: MIT */
/*
 * What goes wrong on purpose: each allocation in turn (once, and from then on), each store call in turn, and
 * an end of everything after each call of the library.  Nothing is expected of what the server says then,
 * but that it is in step: it answers, or has closed.  In all cases nothing may be left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

/* So many points of failure are tried in one conversation; if there are more, they are spread evenly. */
enum { MOST_POINTS = 400 };

static const struct mode at_once = {"whole", CUT_WHOLE, CUT_WHOLE, STORE_NOW, false, false, 1};
static const struct mode later = {"store later", CUT_WHOLE, CUT_WHOLE, STORE_LATER, false, false, 1};
static const struct mode mixed = {"random 7", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false, true, 7};
static const struct mode pumped = {"pump, store later", CUT_WHOLE, CUT_RANDOM, STORE_LATER, true, true, 7};

/* What is to go wrong: number 0 is nothing. */
struct fault {
  uint64_t allocation;
  bool for_ever;
  uint64_t store_call;
  uint64_t stop_after;
};

/* How often there was an occasion. */
struct occasions {
  uint64_t allocations;
  uint64_t store_calls;
  uint64_t api_calls;
};

static bool has_tagged(const struct bytes *output, const char *tag) {
  size_t length = strlen(tag);
  for (size_t i = 0; i + length <= output->n; ++i) {
    if ((i == 0 || output->p[i - 1] == '\n') && memcmp(output->p + i, tag, length) == 0) return true;
  }
  return false;
}

/* Whether the session answers.  The first line may be taken for something that was under way. */
static void check_in_step(struct world *world, int number) {
  struct connection *connection = &world->connections[number];
  for (int i = 0; i < 3 && world_on(world); ++i) {
    if (!connection->session || connection->fatal || connection->ended) return;
    if (imap4_session_want(connection->session) & (IMAP4_WANT_CLOSED | IMAP4_WANT_TLS)) return;
    connection->output.n = 0;
    bytes_addz(&connection->input, i == 0 ? "zz1 NOOP\r\n" : "zz2 NOOP\r\n");
    world_settle(world, 0);
    if (has_tagged(&connection->output, "zz")) return;
  }
  if (world_on(world) && !(imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) && !connection->fatal) {
    world_trouble(world, 0, "the session on connection %d is out of step", number);
  }
}

static int play(const struct script *script, const struct mode *mode, const struct fault *fault,
                struct occasions *occasions) {
  struct world *world = calloc(1, sizeof *world);
  if (!world) abort();
  world->lenient = true;
  world->heap.fail_at = fault->allocation;
  world->heap.fail_on = fault->for_ever;
  world->fail_call = fault->store_call;
  world->stop_after = fault->stop_after;
  world_init(world, script, mode);
  if (world_on(world)) world_play(world);
  for (int i = 1; i <= MAX_CONNECTIONS && world_on(world); ++i)
    check_in_step(world, i);
  if (occasions) {
    imap4_memory_counts counts = {.calls = 0};
    if (world->store) imap4_memory_get_counts(world->store, &counts);
    *occasions = (struct occasions){world->heap.calls, counts.calls, world->api_calls};
  }
  world_free(world);
  int status = world->trouble.n ? -1 : 0;
  if (status) {
    fprintf(stderr, "%s\n  with allocation %d failing%s, store call %d failing, stop after call %d\n",
            world->trouble.p, (int)fault->allocation, fault->for_ever ? " from then on" : "",
            (int)fault->store_call, (int)fault->stop_after);
  }
  bytes_free(&world->trouble);
  free(world);
  return status;
}

static uint64_t stride(uint64_t points) {
  return points > MOST_POINTS ? (points + MOST_POINTS - 1) / MOST_POINTS : 1;
}

int fail_allocations(const struct script *script) {
  struct fault fault = {0};
  struct occasions occasions;
  if (play(script, &at_once, &fault, &occasions)) return -1;
  uint64_t step = stride(occasions.allocations);
  for (uint64_t n = 1; n <= occasions.allocations; n += step) {
    fault = (struct fault){.allocation = n};
    if (play(script, n % 2 ? &at_once : &later, &fault, NULL)) return -1;
    fault.for_ever = true;
    if (play(script, n % 2 ? &pumped : &at_once, &fault, NULL)) return -1;
  }
  return 0;
}

int fail_store(const struct script *script) {
  struct fault fault = {0};
  struct occasions occasions;
  if (play(script, &at_once, &fault, &occasions)) return -1;
  uint64_t step = stride(occasions.store_calls);
  for (uint64_t n = 1; n <= occasions.store_calls; n += step) {
    fault = (struct fault){.store_call = n};
    if (play(script, &at_once, &fault, NULL)) return -1;
    if (play(script, &later, &fault, NULL)) return -1;
  }
  return 0;
}

int free_early(const struct script *script) {
  static const struct mode *const modes[] = {&at_once, &later, &mixed};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; ++i) {
    struct fault fault = {0};
    struct occasions occasions;
    if (play(script, modes[i], &fault, &occasions)) return -1;
    uint64_t step = stride(occasions.api_calls);
    for (uint64_t n = 1; n <= occasions.api_calls; n += step) {
      fault = (struct fault){.stop_after = n};
      if (play(script, modes[i], &fault, NULL)) return -1;
    }
  }
  return 0;
}
