/* SPDX-License-Identifier: MIT */
/*
 * A thread with its poller and its connections.  Each round: wait, put every connection that something
 * happened to into the ready queue, give each in the queue one turn.  Who wants another turn goes to the end
 * of the queue, so that one long SEARCH does not keep the others waiting.  Nothing is freed outside a
 * connection's own turn.
 */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "log.h"

#define BATCH 256
#define SCAN_INTERVAL_MS 100 /* deadlines are kept to this */
#define GOODBYE_MS 3000      /* what is half done at a shutdown has so long */

struct handover {
  int fd;
  int implicit_tls;
  union address peer;
};

/* Deadlines side by side: a look at all of them is cheaper than a heap up to some ten thousand connections.
 */
struct slot {
  struct connection *connection;
  uint64_t deadline_ms;
};

struct worker {
  struct server *server;
  struct poller *poller;
  struct poller_watch wake; /* reading end of a pipe */
  int wake_write;
  pthread_t thread;
  atomic_uint load;

  pthread_mutex_t lock; /* guards the connections handed over */
  struct handover *given;
  size_t given_count;
  size_t given_capacity;

  struct slot *slots;
  size_t slot_count;
  size_t slot_capacity;
  uint64_t next_deadline_ms; /* no slot has an earlier one */
  uint64_t last_scan_ms;
  struct connection *ready_first;
  struct connection *ready_last;
};

unsigned worker_load(struct worker *w) {
  return atomic_load_explicit(&w->load, memory_order_relaxed);
}

void worker_wake(struct worker *w) {
  /* A full pipe wakes as well. */
  if (write(w->wake_write, "", 1) < 0 && errno != EAGAIN)
    log_line(LOG_ERROR, "cannot wake a thread: %s", strerror(errno));
}

void worker_give(struct worker *w, int fd, const union address *peer, int implicit_tls) {
  pthread_mutex_lock(&w->lock);
  if (w->given_count == w->given_capacity) {
    size_t capacity = w->given_capacity != 0 ? w->given_capacity * 2 : 64;
    struct handover *given = realloc(w->given, capacity * sizeof *given);
    if (given != NULL) {
      w->given = given;
      w->given_capacity = capacity;
    }
  }
  int first = w->given_count == 0;
  int taken = w->given_count < w->given_capacity;
  if (taken) w->given[w->given_count++] = (struct handover){fd, implicit_tls, *peer};
  pthread_mutex_unlock(&w->lock);
  if (!taken) {
    close(fd);
    return;
  }
  atomic_fetch_add_explicit(&w->load, 1, memory_order_relaxed);
  if (first) worker_wake(w);
}

static void make_ready(struct worker *w, struct connection *c) {
  if (c->ready) return;
  c->ready = 1;
  c->next_ready = NULL;
  if (w->ready_last != NULL)
    w->ready_last->next_ready = c;
  else
    w->ready_first = c;
  w->ready_last = c;
}

/* A free slot; 0 or -1. */
static int take_slot(struct worker *w, struct connection *c) {
  if (w->slot_count == w->slot_capacity) {
    size_t capacity = w->slot_capacity != 0 ? w->slot_capacity * 2 : 64;
    struct slot *slots = realloc(w->slots, capacity * sizeof *slots);
    if (slots == NULL) return -1;
    w->slots = slots;
    w->slot_capacity = capacity;
  }
  c->slot = (uint32_t)w->slot_count;
  w->slots[w->slot_count++] = (struct slot){c, UINT64_MAX};
  return 0;
}

/* End a connection that is in no queue; the last slot moves into the hole. */
static void drop(struct worker *w, struct connection *c, uint64_t now_ms) {
  poller_remove(w->poller, &c->watch);
  w->slots[c->slot] = w->slots[--w->slot_count];
  w->slots[c->slot].connection->slot = c->slot;
  connection_free(c, now_ms);
  atomic_fetch_sub_explicit(&w->load, 1, memory_order_relaxed);
}

static void begin(struct worker *w, const struct handover *given, uint64_t now_ms) {
  struct connection *c;
  if (connection_new(w->server, given->fd, &given->peer, given->implicit_tls, now_ms, &c) != 0) {
    log_line(LOG_ERROR, "a connection could not be set up");
    atomic_fetch_sub_explicit(&w->load, 1, memory_order_relaxed);
    return;
  }
  if (take_slot(w, c) != 0) {
    connection_free(c, now_ms);
    atomic_fetch_sub_explicit(&w->load, 1, memory_order_relaxed);
    return;
  }
  make_ready(w, c);
}

/* Take over what was handed to this thread. */
static void begin_given(struct worker *w, uint64_t now_ms) {
  char waste[64];
  while (read(w->wake.fd, waste, sizeof waste) > 0)
    ;
  pthread_mutex_lock(&w->lock);
  struct handover *given = w->given;
  size_t count = w->given_count;
  w->given = NULL;
  w->given_count = 0;
  w->given_capacity = 0;
  pthread_mutex_unlock(&w->lock);
  for (size_t i = 0; i < count; i++)
    begin(w, &given[i], now_ms);
  free(given);
}

/* Wake connections whose time has come, and find when the next one's will. */
static void scan_deadlines(struct worker *w, uint64_t now_ms) {
  uint64_t next = UINT64_MAX;
  for (size_t i = 0; i < w->slot_count; i++) {
    if (w->slots[i].deadline_ms <= now_ms)
      make_ready(w, w->slots[i].connection);
    else if (w->slots[i].deadline_ms < next)
      next = w->slots[i].deadline_ms;
  }
  w->next_deadline_ms = next;
  w->last_scan_ms = now_ms;
}

static void run_one(struct worker *w, struct connection *c, uint64_t now_ms) {
  uint32_t events = 0;
  int outcome = connection_run(c, now_ms, &events);
  c->broken = 0; /* the poller says so again if it still is */
  if (outcome == CONNECTION_OVER ||
      (outcome == CONNECTION_WAITS && poller_set(w->poller, &c->watch, events) != 0)) {
    drop(w, c, now_ms);
    return;
  }
  if (outcome == CONNECTION_AGAIN) make_ready(w, c);
  uint64_t deadline = connection_deadline(c);
  w->slots[c->slot].deadline_ms = deadline;
  if (deadline < w->next_deadline_ms) w->next_deadline_ms = deadline;
}

/* One turn for everyone who is in the queue now. */
static void run_ready(struct worker *w, uint64_t now_ms) {
  struct connection *c = w->ready_first;
  w->ready_first = NULL;
  w->ready_last = NULL;
  while (c != NULL) {
    struct connection *next = c->next_ready;
    c->ready = 0;
    run_one(w, c, now_ms);
    c = next;
  }
}

static int timeout_of(const struct worker *w, uint64_t now_ms, uint64_t stop_at_ms) {
  if (w->ready_first != NULL) return 0;
  uint64_t at = w->next_deadline_ms;
  if (at < w->last_scan_ms + SCAN_INTERVAL_MS) at = w->last_scan_ms + SCAN_INTERVAL_MS;
  if (at > stop_at_ms) at = stop_at_ms;
  if (at <= now_ms) return 0;
  uint64_t ms = at - now_ms;
  return ms < 60000 ? (int)ms : 60000;
}

/* Wait, and queue what something happened to.  1 when another thread has woken this one. */
static int collect(struct worker *w, int timeout_ms) {
  struct poller_event events[BATCH];
  int woken = 0;
  size_t n = poller_wait(w->poller, timeout_ms, events, BATCH);
  for (size_t i = 0; i < n; i++) {
    if (events[i].watch == &w->wake) {
      woken = 1;
      continue;
    }
    struct connection *c = (struct connection *)events[i].watch;
    if (events[i].events & POLLER_BROKEN) c->broken = 1;
    make_ready(w, c);
  }
  return woken;
}

static void shut_down(struct worker *w) {
  for (size_t i = 0; i < w->slot_count; i++) {
    connection_bye(w->slots[i].connection);
    make_ready(w, w->slots[i].connection);
  }
}

static void *worker_main(void *argument) {
  struct worker *w = argument;
  uint64_t stop_at_ms = UINT64_MAX;
  uint64_t now_ms = server_now();
  while (stop_at_ms == UINT64_MAX || (w->slot_count > 0 && now_ms < stop_at_ms)) {
    int woken = collect(w, timeout_of(w, now_ms, stop_at_ms));
    now_ms = server_now();
    /* In this order: nothing is handed over after |stopping| was set, so all hear the goodbye. */
    int stopping = atomic_load(&w->server->stopping);
    if (woken) begin_given(w, now_ms);
    if (stopping && stop_at_ms == UINT64_MAX) {
      stop_at_ms = now_ms + GOODBYE_MS;
      shut_down(w);
    }
    if (now_ms >= w->next_deadline_ms && now_ms >= w->last_scan_ms + SCAN_INTERVAL_MS)
      scan_deadlines(w, now_ms);
    run_ready(w, now_ms);
  }
  while (w->slot_count > 0)
    drop(w, w->slots[0].connection, now_ms);
  return NULL;
}

static void free_worker(struct worker *w) {
  for (size_t i = 0; i < w->given_count; i++)
    close(w->given[i].fd);
  poller_free(w->poller);
  if (w->wake.fd >= 0) close(w->wake.fd);
  if (w->wake_write >= 0) close(w->wake_write);
  pthread_mutex_destroy(&w->lock);
  free(w->given);
  free(w->slots);
  free(w);
}

static int prepare(struct worker *w) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  w->wake.fd = ends[0];
  w->wake_write = ends[1];
  for (int i = 0; i < 2; i++) {
    if (fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0) return -1;
  }
  if (poller_new(&w->poller) != 0) return -1;
  return poller_set(w->poller, &w->wake, POLLER_READ);
}

int worker_start(struct server *server, struct worker **worker) {
  struct worker *w = calloc(1, sizeof *w);
  if (w == NULL) return -1;
  w->server = server;
  w->wake.fd = -1;
  w->wake_write = -1;
  w->next_deadline_ms = UINT64_MAX;
  pthread_mutex_init(&w->lock, NULL);
  int failed = prepare(w) != 0 ? errno : pthread_create(&w->thread, NULL, worker_main, w);
  if (failed != 0) {
    log_line(LOG_ERROR, "cannot start a thread: %s", strerror(failed));
    free_worker(w);
    return -1;
  }
  *worker = w;
  return 0;
}

void worker_join(struct worker *w) {
  pthread_join(w->thread, NULL);
  free_worker(w);
}
