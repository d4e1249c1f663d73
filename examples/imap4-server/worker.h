/* SPDX-License-Identifier: MIT */
/* A thread that serves many connections.  A connection stays on its thread from the first octet to the last.
 */
#ifndef IMAP4_SERVER_WORKER_H
#define IMAP4_SERVER_WORKER_H

#include "server.h"

struct worker;

/* Start a thread.  0, or -1 after a line in the log. */
int worker_start(struct server *server, struct worker **worker);

/* Hand a new connection over, from another thread.  Takes |fd| over, also when it fails. */
void worker_give(struct worker *worker, int fd, const union address *peer, int implicit_tls);

/* How many connections it has, about. */
unsigned worker_load(struct worker *worker);

/* Wake it, so that it sees that server.stopping was set. */
void worker_wake(struct worker *worker);

/* Wait for its end and free it. */
void worker_join(struct worker *worker);

#endif
