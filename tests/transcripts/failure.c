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
enum { MOST_POINTS = 5000 };

static const struct mode at_once = {"whole", CUT_WHOLE, CUT_WHOLE, STORE_NOW, false, false, 1, false, false};
static const struct mode later = {"store later", CUT_WHOLE, CUT_WHOLE, STORE_LATER, false,
                                  false,         1,         false,     false};
static const struct mode mixed = {"random 7", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false,
                                  true,       7,          false,      false};
static const struct mode pumped = {
    "pump, store later", CUT_WHOLE, CUT_RANDOM, STORE_LATER, true, true, 7, false, false};

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
    if (imap4_session_want(connection->session) & (IMAP4_WANT_CLOSED | IMAP4_WANT_TLS | IMAP4_WANT_COMPRESS))
      return;
    connection->output.n = 0;
    bytes_addz(&connection->input, i == 0 ? "zz1 NOOP\r\n" : "zz2 NOOP\r\n");
    world_settle(world, 0);
    if (has_tagged(&connection->output, "zz")) return;
  }
  if (world_on(world) && !(imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) &&
      !connection->fatal) {
    world_trouble(world, 0, "the session on connection %d is out of step", number);
  }
}

static bool begins_with_word(const struct bytes *text, const char *p, size_t n) {
  return text->n > n && memcmp(text->p, p, n) == 0 && text->p[n] == ' ';
}

/* Whether the transcript has a command or response that begins with this word; in a few of them any may come.
 */
static bool known_word(const struct script *script, const char *p, size_t n) {
  if (n >= 2 && memcmp(p, "zz", 2) == 0) return true;
  bool goes_on = false; /* the client was asked for more: the line is no command */
  for (size_t i = 0; i < script->count; ++i) {
    const struct step *step = &script->steps[i];
    if (step->act == ACT_SEND && !goes_on && begins_with_word(&step->data, p, n)) return true;
    if (step->act == ACT_SEND) goes_on = false;
    for (size_t k = 0; k < step->expect_count; ++k) {
      const struct bytes *text = &step->expects[k].text;
      if (text->n && text->p[0] == '$') return true;
      if (begins_with_word(text, p, n)) return true;
      goes_on = text->n && text->p[0] == '+';
    }
  }
  return false;
}

/* The length of the line at |p| with CRLF; 0 if it is cut off. */
static size_t whole_line(const char *p, size_t n) {
  for (size_t i = 0; i + 1 < n; ++i) {
    if (p[i] == '\r' && p[i + 1] == '\n') return i + 2;
  }
  return 0;
}

/* What follows a line that ends with "{n}": that many octets and the rest of the response. */
static size_t literal_after(const char *p, size_t length, bool *has) {
  size_t value = 0;
  size_t at = length - 2;
  *has = at > 2 && p[at - 1] == '}';
  if (!*has) return 0;
  for (at -= 1; at > 0 && p[at - 1] >= '0' && p[at - 1] <= '9';)
    --at;
  *has = at > 0 && p[at - 1] == '{';
  for (; *has && p[at] != '}'; ++at)
    value = value * 10 + (size_t)(p[at] - '0');
  return value;
}

/*
 * All that a connection has sent is responses, and each is untagged or has a tag of the transcript.  A server
 * that takes octets of a message for a command answers with another tag, or "* BAD".
 */
static void check_responses(struct world *world, const struct bytes *stream, int number) {
  size_t at = 0;
  bool begins = true;
  while (stream->p && at < stream->n) {
    const char *p = stream->p + at;
    size_t length = whole_line(p, stream->n - at);
    if (length == 0) return;
    const char *space = memchr(p, ' ', length);
    size_t word = space ? (size_t)(space - p) : length - 2;
    bool untagged =
        word == 1 && (*p == '*' || *p == '+') && memcmp(p, "* BAD ", length < 6 ? length : 6) != 0;
    if (begins && !untagged && !known_word(world->script, p, length > 5 && *p == '*' ? 5 : word)) {
      world_trouble(world, 0, "connection %d is out of step: %.*s", number, (int)(length - 2), p);
      return;
    }
    bool has;
    size_t octets = literal_after(p, length, &has);
    begins = !has;
    at += length + octets;
  }
}

static void check_all_responses(struct world *world) {
  for (int i = 1; i <= MAX_CONNECTIONS; ++i) {
    struct bytes stream = {0};
    for (size_t k = 0; k < world->script->count; ++k) {
      const struct bytes *piece = &world->record[k * (MAX_CONNECTIONS + 1) + (size_t)i];
      bytes_add(&stream, piece->p, piece->n);
    }
    check_responses(world, &stream, i);
    bytes_free(&stream);
  }
}

static void free_record(struct world *world) {
  for (size_t i = 0; i < world->script->count * (MAX_CONNECTIONS + 1); ++i)
    bytes_free(&world->record[i]);
  free(world->record);
}

static int play(const struct script *script, const struct mode *mode, const struct fault *fault,
                struct occasions *occasions) {
  struct world *world = calloc(1, sizeof *world);
  if (!world) abort();
  world->lenient = true;
  world->record = calloc(script->count * (MAX_CONNECTIONS + 1) + 1, sizeof *world->record);
  if (!world->record) abort();
  world->heap.fail_at = fault->allocation;
  world->heap.fail_on = fault->for_ever;
  world->fail_call = fault->store_call;
  world->stop_after = fault->stop_after;
  world_init(world, script, mode);
  if (world_on(world)) world_play(world);
  for (int i = 1; i <= MAX_CONNECTIONS && world_on(world); ++i)
    check_in_step(world, i);
  check_all_responses(world);
  if (occasions) {
    imap4_memory_counts counts = {.calls = 0};
    if (world->store) imap4_memory_get_counts(world->store, &counts);
    *occasions = (struct occasions){world->heap.calls, counts.calls, world->api_calls};
  }
  world_free(world);
  free_record(world);
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
