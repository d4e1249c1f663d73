/* SPDX-License-Identifier: MIT */
/* One connection: a socket, perhaps TLS, and a session of the library. */
#ifndef IMAP4_SERVER_CONNECTION_H
#define IMAP4_SERVER_CONNECTION_H

#include "poller.h"
#include "server.h"

/* What connection_run() wants next. */
#define CONNECTION_WAITS 0 /* for |*events|, or connection_deadline() */
#define CONNECTION_AGAIN 1 /* for another turn, after others had theirs */
#define CONNECTION_OVER 2  /* for connection_free() */

struct connection {
  struct poller_watch watch; /* first: the poller gives this back */
  imap4_session *session;    /* NULL: said goodbye, waits for the client to hang up */
  struct tls *tls;
  struct compress *compress;
  struct server *server;
  struct connection *next_ready;
  char *userz; /* who has logged in, escaped for the log */
  const char *endz;
  uint64_t began_ms;
  uint64_t linger_until_ms;
  uint64_t turn_ms;    /* when its turn under way began */
  uint64_t stalled_ms; /* since when no write has gone through; 0: the last one has */
  union address peer;
  uint32_t slot;        /* place in the worker's table */
  uint32_t drained;     /* octets thrown away after the goodbye */
  uint8_t read_events;  /* POLLER_*: what a read has to wait for */
  uint8_t write_events; /* and a write */
  uint8_t ready;        /* in the worker's queue */
  uint8_t broken;       /* the poller says so */
  uint8_t input_ended;  /* the client has closed its side */
};

/* Begin.  Takes |fd| over, also when it fails.  0 or -1. */
int connection_new(struct server *server, int fd, const union address *peer, int implicit_tls,
                   uint64_t now_ms, struct connection **connection);

/* Do a bounded share of what can be done.  CONNECTION_*. */
int connection_run(struct connection *connection, uint64_t now_ms, uint32_t *events);

/* When connection_run() must be called at the latest; UINT64_MAX: never. */
uint64_t connection_deadline(const struct connection *connection);

/* The server shuts down: the session ends as soon as its response under way is complete. */
void connection_bye(struct connection *connection);

/* Close the socket and free all.  A session that still lives ends here, with a line in the log. */
void connection_free(struct connection *connection, uint64_t now_ms);

/* imap4_store.authenticate of this server: the list of passwords, then the store. */
int connection_authenticate(void *user, imap4_op op, const imap4_authenticate_args *args,
                            imap4_authenticate_result *out);

#endif
