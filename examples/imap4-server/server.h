/* SPDX-License-Identifier: MIT */
/* What the parts of imap4-server share: the settings, the life of the process and the clock. */
#ifndef IMAP4_SERVER_SERVER_H
#define IMAP4_SERVER_SERVER_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "imap4/session.h"
#include "passwd.h"
#include "storage.h"
#include "tls.h"

#define SERVER_MAX_LISTENERS 32
#define SERVER_MAX_THREADS 64
#define SERVER_ADDRESS_OCTETS 80

/* An address of a peer or a listener; the smallest union that holds both families. */
union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

struct listen_option {
  const char *addressz; /* HOST:PORT as given */
  int implicit_tls;
};

struct server_options {
  struct listen_option listeners[SERVER_MAX_LISTENERS];
  size_t listener_count;
  unsigned threads;
  unsigned idle_seconds;
  int allow_plaintext; /* from everywhere */
  int require_tls;     /* even from this machine */
};

struct server {
  struct server_options options;
  struct storage *storage;
  struct passwd *passwords;
  struct tls_context *tls; /* NULL: no TLS */
  /* Two configurations of the same store: passwords in the clear are taken by the first one only. */
  imap4_server *plaintext;
  imap4_server *strict;
  atomic_int stopping;
};

/* Listen, serve until SIGTERM or SIGINT, say goodbye.  0, or -1 after a line in the log. */
int server_run(struct server *server);

/* Milliseconds of a clock that never goes back. */
uint64_t server_now(void);

/* "127.0.0.1:143" or "[::1]:143". */
void server_format_address(const union address *address, char out[SERVER_ADDRESS_OCTETS]);

/* Whether |address| is of this machine's loopback network. */
int server_is_loopback(const union address *address);

#endif
