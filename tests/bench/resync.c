/* SPDX-License-Identifier: MIT */
/*
 * bench_resync [--rounds N] [--max-messages N]: a client comes back to mailboxes of 10,000, 100,000 and
 * 1,000,000 messages of which 100 were changed meanwhile, 20 of them removed, and says so with SELECT
 * (QRESYNC ...).  The answer should take as long as there are changes, not as there are messages.
 *
 * Once with UIDs that follow each other, and once with 1 % of them missing, evenly: a session keeps the UIDs
 * of its mailbox as ranges, and each hole makes one more, which has to be copied.  That part goes by the
 * mailbox.
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"
#include "imap4/imap4.h"
#include "memory/memory.h"

#define ROUNDS 201
#define CHANGED 80
#define REMOVED 20
/* A hole for so many messages, where there are holes. */
#define HOLE_EVERY 100
/* Time of the largest to time of the smallest mailbox. */
#define RATIO_MAX 3.0
#define ATTEMPTS 3

static const uint32_t sizes[] = {10000, 100000, 1000000};
#define SIZES (sizeof sizes / sizeof *sizes)

/* ---- the store, counted --------------------------------------------------------------------- */

static const imap4_store *store;
static struct {
  uint64_t calls;
  uint64_t rows;
  uint64_t ranges;
} asked;

static int query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = store->query(user, op, args, out);
  asked.calls++;
  asked.rows += out->count;
  return status;
}

static int vanished(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out) {
  int status = store->vanished(user, op, args, out);
  asked.calls++;
  asked.ranges += out->uids.n;
  return status;
}

static int uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  int status = store->uids(user, op, args, out);
  asked.calls++;
  asked.ranges += out->uids.n;
  return status;
}

/* ---- a mailbox and its client --------------------------------------------------------------- */

typedef struct world {
  bench_heap heap;
  imap4_memory *memory;
  imap4_server *server;
  imap4_session *session;
  char said[65536]; /* what the session said last */
  size_t n;
} world;

static imap4_str str(const char *text) {
  return (imap4_str){text, strlen(text)};
}

/* Run until nothing moves. */
static void settle(world *w) {
  const void *data;
  size_t n;
  for (;;) {
    if (imap4_session_run(w->session) != IMAP4_OK) bench_die("imap4_session_run failed");
    if (imap4_session_output(w->session, &data, &n) != IMAP4_OK) bench_die("imap4_session_output failed");
    if (n >= sizeof w->said - w->n) bench_die("too long an answer");
    if (n > 0) memcpy(w->said + w->n, data, n);
    w->n += n;
    if (imap4_session_output_done(w->session, n) != IMAP4_OK) bench_die("imap4_session_output_done failed");
    if (n == 0 && !(imap4_session_want(w->session) & IMAP4_WANT_RUN)) break;
  }
  w->said[w->n] = 0;
}

static void say(world *w, const char *line) {
  size_t used;
  w->n = 0;
  if (imap4_session_input(w->session, line, strlen(line), &used) != IMAP4_OK || used != strlen(line))
    bench_die("imap4_session_input failed");
  settle(w);
  if (!strstr(w->said, "x OK ")) bench_die(w->said);
}

static imap4_session *open_session(world *w) {
  imap4_session_args args;
  imap4_session *session;
  if (imap4_session_args_init(&args, sizeof args) != IMAP4_OK) bench_die("no arguments");
  args.secure = 1;
  if (imap4_session_new(w->server, &args, &session) != IMAP4_OK) bench_die("no session");
  return session;
}

static void fill(world *w, uint32_t messages) {
  imap4_memory_message message = {.text = str("\n"), .flags = IMAP4_FLAG_SEEN};
  for (uint32_t i = 0; i < messages; i++) {
    if (imap4_memory_add_message(w->memory, str(""), str("INBOX"), &message) != IMAP4_OK)
      bench_die("no memory");
  }
  imap4_memory_claim_recent(w->memory, str(""), str("INBOX"));
}

static void open_world(world *w, uint32_t messages) {
  imap4_memory_config memory;
  imap4_config config;
  imap4_memory_config_init(&memory);
  w->memory = imap4_memory_new(&memory);
  if (!w->memory || imap4_config_init(&config, sizeof config) != IMAP4_OK) bench_die("no memory");
  store = imap4_memory_table(w->memory);
  imap4_store table = *store;
  table.query = query;
  table.vanished = vanished;
  table.uids = uids;
  config.store = &table;
  config.store_user = w->memory;
  config.resize = bench_resize;
  config.resize_user = &w->heap;
  if (imap4_server_new(&config, &w->server) != IMAP4_OK) bench_die("no server");
  fill(w, messages);
  w->session = open_session(w);
  settle(w);
  say(w, "x LOGIN somebody secret\r\n");
  say(w, "x ENABLE QRESYNC\r\n");
}

static void close_world(world *w) {
  imap4_session_free(w->session);
  imap4_server_free(w->server);
  imap4_memory_free(w->memory);
  if (w->heap.now != 0) bench_die("memory was not given back");
}

/* |n| UIDs of |messages|, evenly, the |at|-th of each stretch. */
static imap4_uid_ranges spread(uint32_t n, uint32_t messages, uint32_t at, imap4_uid_range *to) {
  for (uint32_t i = 0; i < n; i++)
    to[i].first = to[i].last = (uint32_t)((uint64_t)i * messages / n) + at;
  return (imap4_uid_ranges){to, n};
}

static void expunge(world *w, imap4_uid_ranges gone) {
  if (imap4_memory_expunge(w->memory, str(""), str("INBOX"), gone) != IMAP4_OK) bench_die("no memory");
}

static void make_holes(world *w, uint32_t messages) {
  uint32_t n = messages / HOLE_EVERY;
  imap4_uid_range *p = malloc(n * sizeof *p);
  if (!p) bench_die("no memory");
  expunge(w, spread(n, messages, HOLE_EVERY / 2, p));
  free(p);
}

static void change(world *w, uint32_t messages) {
  imap4_uid_range p[CHANGED];
  for (uint32_t i = 0; i < CHANGED; i++) {
    imap4_uid_ranges one = {spread(CHANGED, messages, 7, p).p + i, 1};
    int status = imap4_memory_set_flags(w->memory, str(""), str("INBOX"), one, IMAP4_STORE_ADD,
                                        IMAP4_FLAG_FLAGGED, (imap4_str){NULL, 0});
    if (status != IMAP4_OK) bench_die("no memory");
  }
  expunge(w, spread(REMOVED, messages, 3, p));
}

/* ---- measuring ------------------------------------------------------------------------------ */

static uint64_t highest(const world *w) {
  const char *code = strstr(w->said, "[HIGHESTMODSEQ ");
  if (!code) bench_die("no HIGHESTMODSEQ");
  return strtoull(code + strlen("[HIGHESTMODSEQ "), NULL, 10);
}

static void check_answer(const world *w) {
  unsigned fetches = 0;
  for (const char *p = w->said; (p = strstr(p, " FETCH ")); p++)
    fetches++;
  if (fetches != CHANGED || !strstr(w->said, "VANISHED (EARLIER)")) bench_die("not what has changed");
}

typedef struct figure {
  double seconds; /* that coming back takes, at best */
  uint64_t ranges;
} figure;

static figure measure(uint32_t messages, bool holes, long rounds) {
  static world w;
  char line[100];
  figure f = {0};
  memset(&w, 0, sizeof w);
  open_world(&w, messages);
  if (holes) make_holes(&w, messages);
  say(&w, "x SELECT INBOX\r\n");
  uint64_t known = highest(&w);
  change(&w, messages);
  snprintf(line, sizeof line, "x SELECT INBOX (QRESYNC (1 %llu))\r\n", (unsigned long long)known);
  for (long round = 0; round < rounds; round++) {
    say(&w, "x UNSELECT\r\n");
    w.heap.calls = 0;
    memset(&asked, 0, sizeof asked);
    double begin = bench_seconds();
    say(&w, line);
    bench_best(&f.seconds, bench_seconds() - begin);
  }
  check_answer(&w);
  f.ranges = asked.ranges;
  printf("%9u %6s %9.1f %7llu %6llu %8llu %7llu %8zu\n", messages, holes ? "1 %" : "none", f.seconds * 1e6,
         (unsigned long long)asked.calls, (unsigned long long)asked.rows, (unsigned long long)asked.ranges,
         (unsigned long long)w.heap.calls, w.n);
  fflush(stdout);
  close_world(&w);
  return f;
}

/* All sizes; how much longer the largest takes than the smallest. */
static double curve(bool holes, long rounds, uint32_t max) {
  figure smallest = {0}, largest = {0};
  for (size_t i = 0; i < SIZES && sizes[i] <= max; i++) {
    largest = measure(sizes[i], holes, rounds);
    if (i == 0) smallest = largest;
  }
  uint64_t more = largest.ranges - smallest.ranges;
  if (more > 0)
    printf("%llu ranges more: %.1f ns each\n", (unsigned long long)more,
           (largest.seconds - smallest.seconds) * 1e9 / (double)more);
  return largest.seconds / smallest.seconds;
}

/* What another program's load made look slow is looked at again. */
static bool holds(bool holes, long rounds, uint32_t max) {
  double ratio = RATIO_MAX;
  for (int attempt = 0; attempt < ATTEMPTS && ratio >= RATIO_MAX; attempt++)
    ratio = curve(holes, rounds, max);
  bool ok = ratio < RATIO_MAX;
  printf("%s: the largest takes %.1f times as long as the smallest, wanted under %.0f: %s\n",
         holes ? "1 % of the UIDs missing" : "no UID missing before", ratio, RATIO_MAX, ok ? "yes" : "no");
  return ok;
}

int main(int argc, char **argv) {
  long rounds = ROUNDS;
  unsigned long max = sizes[SIZES - 1];
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = strtol(argv[++i], NULL, 10);
    } else if (strcmp(argv[i], "--max-messages") == 0 && i + 1 < argc) {
      max = strtoul(argv[++i], NULL, 10);
    } else {
      rounds = 0;
    }
  }
  if (rounds < 1 || max < sizes[0]) bench_die("usage: bench_resync [--rounds N] [--max-messages N]");
  bench_warn();
  bench_keep_memory();
  printf("%9s %6s %9s %7s %6s %8s %7s %8s\n", "messages", "holes", "us", "calls", "rows", "ranges", "allocs",
         "octets");
  bool ok = holds(false, rounds, (uint32_t)max);
  ok &= holds(true, rounds, (uint32_t)max);
  printf("coming back takes time by the %u changes, not by the mailbox: %s\n", CHANGED + REMOVED,
         ok ? "yes" : "no");
  return 0;
}
