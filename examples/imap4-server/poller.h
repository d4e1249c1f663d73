/* SPDX-License-Identifier: MIT */
/* Waiting for many file descriptors: epoll on Linux, poll elsewhere.  Level-triggered in both. */
#ifndef IMAP4_SERVER_POLLER_H
#define IMAP4_SERVER_POLLER_H

#include <stddef.h>
#include <stdint.h>

#define POLLER_READ 0x01u
#define POLLER_WRITE 0x02u
#define POLLER_BROKEN 0x04u /* reported whether asked for or not: an error, or both directions are closed */

struct poller;

/* One descriptor; lives inside the object that owns it.  All but |fd| is the poller's. */
struct poller_watch {
  int fd;
  uint32_t events; /* POLLER_* asked for */
  size_t index;    /* poll: place in the table + 1; epoll: 1 once known to the kernel; 0: not yet */
};

struct poller_event {
  struct poller_watch *watch;
  uint32_t events;
};

/* 0, or -1 with errno. */
int poller_new(struct poller **poller);
void poller_free(struct poller *poller);

/* Ask for |events| (0 is allowed: only POLLER_BROKEN then).  0, or -1 with errno. */
int poller_set(struct poller *poller, struct poller_watch *watch, uint32_t events);

/* Forget a descriptor; before it is closed. */
void poller_remove(struct poller *poller, struct poller_watch *watch);

/* Wait at most |timeout_ms| (-1: for ever).  The number of |events| that were filled, 0 at most if
 * interrupted. */
size_t poller_wait(struct poller *poller, int timeout_ms, struct poller_event *events, size_t capacity);

#endif
