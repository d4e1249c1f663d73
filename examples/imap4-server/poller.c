/* SPDX-License-Identifier: MIT */
/* Waiting for many file descriptors.  The two halves of this file implement poller.h by epoll and by poll. */
#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__linux__) && !defined(IMAP4_SERVER_POLL)
#include <sys/epoll.h>

#define BATCH 256

struct poller {
  int fd;
};

int poller_new(struct poller **poller) {
  struct poller *p = malloc(sizeof *p);
  if (p == NULL) return -1;
  p->fd = epoll_create1(EPOLL_CLOEXEC);
  if (p->fd < 0) {
    free(p);
    return -1;
  }
  *poller = p;
  return 0;
}

void poller_free(struct poller *poller) {
  if (poller == NULL) return;
  close(poller->fd);
  free(poller);
}

int poller_set(struct poller *poller, struct poller_watch *watch, uint32_t events) {
  if (watch->index != 0 && watch->events == events) return 0;
  struct epoll_event event = {.data.ptr = watch};
  event.events =
      ((events & POLLER_READ) ? (uint32_t)EPOLLIN : 0u) | ((events & POLLER_WRITE) ? (uint32_t)EPOLLOUT : 0u);
  if (epoll_ctl(poller->fd, watch->index != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, watch->fd, &event) != 0)
    return -1;
  watch->index = 1;
  watch->events = events;
  return 0;
}

void poller_remove(struct poller *poller, struct poller_watch *watch) {
  struct epoll_event unused = {0}; /* kernels before 2.6.9 want one */
  if (watch->index != 0) (void)epoll_ctl(poller->fd, EPOLL_CTL_DEL, watch->fd, &unused);
  watch->index = 0;
}

size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t capacity) {
  struct epoll_event ready[BATCH];
  int n = epoll_wait(poller->fd, ready, capacity < BATCH ? (int)capacity : BATCH, timeout_ms);
  for (int i = 0; i < n; i++) {
    events[i].watch = ready[i].data.ptr;
    events[i].events = ((ready[i].events & EPOLLIN) ? POLLER_READ : 0u) |
                       ((ready[i].events & EPOLLOUT) ? POLLER_WRITE : 0u) |
                       ((ready[i].events & (EPOLLERR | EPOLLHUP)) ? POLLER_BROKEN : 0u);
  }
  return n > 0 ? (size_t)n : 0;
}

#else
#include <poll.h>

/* Two tables side by side: what poll() takes, and whose it is. */
struct poller {
  struct pollfd *fds;
  struct poller_watch **watches;
  size_t count;
  size_t capacity;
  size_t next; /* where the next wait begins to report, so that no descriptor is always last */
};

int poller_new(struct poller **poller) {
  *poller = calloc(1, sizeof **poller);
  return *poller != NULL ? 0 : -1;
}

void poller_free(struct poller *poller) {
  if (poller == NULL) return;
  free(poller->fds);
  free(poller->watches);
  free(poller);
}

static int grow(struct poller *poller) {
  size_t capacity = poller->capacity != 0 ? poller->capacity * 2 : 64;
  struct pollfd *fds = realloc(poller->fds, capacity * sizeof *fds);
  if (fds == NULL) return -1;
  poller->fds = fds;
  struct poller_watch **watches = realloc(poller->watches, capacity * sizeof *watches);
  if (watches == NULL) return -1;
  poller->watches = watches;
  poller->capacity = capacity;
  return 0;
}

int poller_set(struct poller *poller, struct poller_watch *watch, uint32_t events) {
  if (watch->index == 0) {
    if (poller->count == poller->capacity && grow(poller) != 0) return -1;
    poller->watches[poller->count] = watch;
    poller->fds[poller->count].fd = watch->fd;
    poller->fds[poller->count].revents = 0;
    watch->index = ++poller->count;
  }
  int asked = ((events & POLLER_READ) ? POLLIN : 0) | ((events & POLLER_WRITE) ? POLLOUT : 0);
  poller->fds[watch->index - 1].events = (short)asked;
  watch->events = events;
  return 0;
}

void poller_remove(struct poller *poller, struct poller_watch *watch) {
  if (watch->index == 0) return;
  size_t hole = watch->index - 1;
  poller->count--;
  poller->fds[hole] = poller->fds[poller->count];
  poller->watches[hole] = poller->watches[poller->count];
  poller->watches[hole]->index = hole + 1;
  watch->index = 0;
}

size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t capacity) {
  if (poll(poller->fds, (nfds_t)poller->count, timeout_ms) <= 0) return 0;
  size_t filled = 0;
  size_t at = poller->next;
  for (size_t seen = 0; seen < poller->count && filled < capacity; seen++, at++) {
    at = at < poller->count ? at : 0;
    int got = poller->fds[at].revents;
    if (got == 0) continue;
    events[filled].watch = poller->watches[at];
    events[filled++].events = ((got & POLLIN) ? POLLER_READ : 0u) | ((got & POLLOUT) ? POLLER_WRITE : 0u) |
                              ((got & (POLLERR | POLLHUP | POLLNVAL)) ? POLLER_BROKEN : 0u);
  }
  poller->next = at;
  return filled;
}

#endif
