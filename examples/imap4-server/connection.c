/* SPDX-License-Identifier: MIT */
/*
 * One connection.  The library pumps through the transport functions below; the worker calls connection_run()
 * when the socket is ready or time has come, and waits for what it answers.
 */
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "compress.h"
#include "log.h"

#define LINGER_MS 2000
#define LINGER_OCTETS 1048576u
#define STALL_SECONDS 300u             /* a client that takes no octet for so long has gone */
#define STALL_BEFORE_LOGIN_SECONDS 60u /* or does not finish its TLS handshake */
#define USER_LOG_OCTETS 256

/* The connection whose session runs on this thread: a store's function is told the session, not whose it is.
 */
static _Thread_local struct connection *running;

static int socket_read(struct connection *c, void *data, size_t capacity, size_t *n) {
  ssize_t got;
  do
    got = recv(c->watch.fd, data, capacity, 0);
  while (got < 0 && errno == EINTR);
  if (got > 0) {
    *n = (size_t)got;
    return IMAP4_OK;
  }
  if (got == 0) return IMAP4_END;
  return errno == EAGAIN || errno == EWOULDBLOCK ? IMAP4_AGAIN : IMAP4_ERR_TRANSPORT;
}

/* Octets below compression: of TLS or the socket. */
static int layer_read(void *user, void *data, size_t capacity, size_t *n) {
  struct connection *c = user;
  uint32_t events = POLLER_READ;
  int status =
      c->tls != NULL ? tls_read(c->tls, data, capacity, n, &events) : socket_read(c, data, capacity, n);
  c->read_events = (uint8_t)events;
  if (status == IMAP4_END) c->input_ended = 1;
  return status;
}

static int socket_write(struct connection *c, const void *data, size_t len, size_t *n) {
  ssize_t put;
  do
    put = send(c->watch.fd, data, len, 0);
  while (put < 0 && errno == EINTR);
  if (put > 0) {
    *n = (size_t)put;
    return IMAP4_OK;
  }
  return put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? IMAP4_AGAIN : IMAP4_ERR_TRANSPORT;
}

static int layer_write(void *user, const void *data, size_t len, size_t *n) {
  struct connection *c = user;
  uint32_t events = POLLER_WRITE;
  int status = c->tls != NULL ? tls_write(c->tls, data, len, n, &events) : socket_write(c, data, len, n);
  c->write_events = (uint8_t)events;
  if (status == IMAP4_OK)
    c->stalled_ms = 0;
  else if (c->stalled_ms == 0)
    c->stalled_ms = c->turn_ms;
  return status;
}

static int transport_read(void *user, void *data, size_t capacity, size_t *n) {
  struct connection *c = user;
  return c->compress != NULL ? compress_read(c->compress, data, capacity, n)
                             : layer_read(c, data, capacity, n);
}

static int transport_write(void *user, const void *data, size_t len, size_t *n) {
  struct connection *c = user;
  return c->compress != NULL ? compress_write(c->compress, data, len, n) : layer_write(c, data, len, n);
}

static int transport_start_tls(void *user) {
  struct connection *c = user;
  return tls_new(c->server->tls, c->watch.fd, &c->tls) == 0 ? IMAP4_OK : IMAP4_ERR_TRANSPORT;
}

static int transport_start_compress(void *user) {
  struct connection *c = user;
  const struct compress_layer layer = {layer_read, layer_write, c};
  return compress_new(&layer, &c->compress) == 0 ? IMAP4_OK : IMAP4_ERR_TRANSPORT;
}

static int new_session(struct connection *c, uint64_t now_ms) {
  imap4_session_args args;
  if (imap4_session_args_init(&args, sizeof args) != IMAP4_OK) return -1;
  int trusted = server_is_loopback(&c->peer) && !c->server->options.require_tls;
  args.secure = c->tls != NULL;
  imap4_transport transport = {
      .struct_size = sizeof transport, .read = transport_read, .write = transport_write};
  if (c->tls == NULL && c->server->tls != NULL) transport.start_tls = transport_start_tls;
  if (compress_library_namez() != NULL) transport.start_compress = transport_start_compress;
  args.transport = &transport;
  args.transport_user = c;
  args.now_ms = now_ms;
  imap4_server *server =
      trusted || c->server->options.allow_plaintext ? c->server->plaintext : c->server->strict;
  return imap4_session_new(server, &args, &c->session) == IMAP4_OK ? 0 : -1;
}

int connection_new(struct server *server, int fd, const union address *peer, int implicit_tls,
                   uint64_t now_ms, struct connection **connection) {
  struct connection *c = calloc(1, sizeof *c);
  if (c == NULL) {
    close(fd);
    return -1;
  }
  c->watch.fd = fd;
  c->server = server;
  c->peer = *peer;
  c->began_ms = now_ms;
  c->read_events = POLLER_READ;
  c->write_events = POLLER_WRITE;
  if ((implicit_tls && tls_new(server->tls, fd, &c->tls) != 0) || new_session(c, now_ms) != 0) {
    connection_free(c, now_ms);
    return -1;
  }
  *connection = c;
  return 0;
}

static void log_end(const struct connection *c, uint64_t now_ms) {
  char peer[SERVER_ADDRESS_OCTETS];
  imap4_session_info info = {.struct_size = sizeof info};
  if (imap4_session_get_info(c->session, &info) != IMAP4_OK) return;
  server_format_address(&c->peer, peer);
  uint64_t ms = now_ms - c->began_ms;
  log_line(LOG_INFO,
           "session peer=%s user=%s%s%s tls=%s commands=%llu in=%llu out=%llu seconds=%llu.%03u end=%s", peer,
           c->userz != NULL ? "\"" : "", c->userz != NULL ? c->userz : "-", c->userz != NULL ? "\"" : "",
           c->tls != NULL ? "yes" : "no", (unsigned long long)info.commands,
           (unsigned long long)info.input_octets, (unsigned long long)info.output_octets,
           (unsigned long long)(ms / 1000), (unsigned)(ms % 1000), c->endz != NULL ? c->endz : "aborted");
  log_line(LOG_DEBUG, "session peer=%s memory-peak=%llu", peer, (unsigned long long)info.memory_peak);
}

static void end_session(struct connection *c, uint64_t now_ms) {
  log_end(c, now_ms);
  running = c;
  imap4_session_free(c->session);
  running = NULL;
  c->session = NULL;
}

/*
 * After the goodbye the server's side is closed, but the socket stays until the client has hung up, or for a
 * moment: to close it with unread input would reset the connection, and the client might never see the BYE.
 */
static int linger(struct connection *c, uint64_t now_ms, uint32_t *events) {
  char waste[4096];
  size_t n;
  int status = IMAP4_END;
  if (!c->broken && !c->input_ended && now_ms < c->linger_until_ms) {
    do {
      n = 0;
      status = socket_read(c, waste, sizeof waste, &n);
      c->drained += (uint32_t)n;
    } while (status == IMAP4_OK && c->drained < LINGER_OCTETS);
  }
  *events = POLLER_READ;
  return status == IMAP4_AGAIN ? CONNECTION_WAITS : CONNECTION_OVER;
}

static int say_goodbye(struct connection *c, uint64_t now_ms, uint32_t *events) {
  end_session(c, now_ms);
  if (c->tls != NULL) tls_goodbye(c->tls);
  if (shutdown(c->watch.fd, SHUT_WR) != 0) return CONNECTION_OVER;
  c->linger_until_ms = now_ms + LINGER_MS;
  return linger(c, now_ms, events);
}

static uint64_t input_octets(const struct connection *c) {
  imap4_session_info info = {.struct_size = sizeof info};
  return imap4_session_get_info(c->session, &info) == IMAP4_OK ? info.input_octets : 0;
}

/*
 * How a session that is over in good order came to its end.  |input_before| is what it had read before a turn
 * in which its deadline had come, else UINT64_MAX.
 */
static void note_end(struct connection *c, uint64_t input_before) {
  if (c->endz != NULL) return;
  if (c->input_ended)
    c->endz = "client-closed";
  else if (input_before == input_octets(c))
    c->endz = "autologout";
  else
    c->endz = "goodbye"; /* LOGOUT, or BYE at a limit */
}

/* When a client that takes nothing is given up; the library's autologout leaves this to the transport. */
static uint64_t stall_deadline(const struct connection *c) {
  unsigned seconds = c->userz != NULL ? STALL_SECONDS : STALL_BEFORE_LOGIN_SECONDS;
  if (seconds > c->server->options.idle_seconds) seconds = c->server->options.idle_seconds;
  return c->stalled_ms != 0 ? c->stalled_ms + (uint64_t)seconds * 1000u : UINT64_MAX;
}

/* What to wait for, from what the session wants and what its reads and writes ran into. */
static int next_wait(const struct connection *c, uint32_t want, uint32_t *events) {
  if (c->compress != NULL && compress_unsent(c->compress)) want |= IMAP4_WANT_WRITE;
  *events =
      ((want & IMAP4_WANT_READ) ? c->read_events : 0u) | ((want & IMAP4_WANT_WRITE) ? c->write_events : 0u);
  if (want & IMAP4_WANT_RUN) return CONNECTION_AGAIN;
  if ((want & IMAP4_WANT_READ) && c->compress != NULL && compress_pending(c->compress))
    return CONNECTION_AGAIN;
  if ((want & IMAP4_WANT_READ) && c->tls != NULL && tls_pending(c->tls)) return CONNECTION_AGAIN;
  /* A dead socket on which nobody waits would wake the poller for ever. */
  if (c->broken && *events == 0) return CONNECTION_OVER;
  return CONNECTION_WAITS;
}

/* After every batch of output; what the socket does not take now goes out in a later turn. */
static int flush(struct connection *c) {
  int status = compress_flush(c->compress);
  return status == IMAP4_AGAIN ? IMAP4_OK : status;
}

int connection_run(struct connection *c, uint64_t now_ms, uint32_t *events) {
  if (c->session == NULL) return linger(c, now_ms, events);
  uint64_t input_before = UINT64_MAX;
  if (now_ms >= imap4_session_deadline(c->session)) input_before = input_octets(c);
  if (now_ms >= stall_deadline(c)) {
    c->endz = "write-timeout";
    return CONNECTION_OVER;
  }
  c->turn_ms = now_ms;
  running = c;
  int status = imap4_session_tick(c->session, now_ms);
  if (status == IMAP4_OK) status = imap4_session_set_clock(c->session, (int64_t)time(NULL));
  if (status == IMAP4_OK) status = imap4_session_run(c->session);
  running = NULL;
  if (status == IMAP4_OK && c->compress != NULL) status = flush(c);
  uint32_t want = imap4_session_want(c->session);
  if (status != IMAP4_OK) {
    c->endz = imap4_status_textz(status);
    return CONNECTION_OVER;
  }
  /* The goodbye may still be on its way through the compressor. */
  if (want & IMAP4_WANT_CLOSED && c->compress != NULL && compress_unsent(c->compress))
    return next_wait(c, 0, events);
  if (want & IMAP4_WANT_CLOSED) {
    note_end(c, input_before);
    return say_goodbye(c, now_ms, events);
  }
  return next_wait(c, want, events);
}

uint64_t connection_deadline(const struct connection *c) {
  if (c->session == NULL) return c->linger_until_ms;
  uint64_t session = imap4_session_deadline(c->session);
  uint64_t stall = stall_deadline(c);
  return session < stall ? session : stall;
}

void connection_bye(struct connection *c) {
  static const char text[] = "Server is shutting down";
  if (c->session == NULL || c->endz != NULL) return;
  c->endz = "shutdown";
  if (imap4_session_bye(c->session, (imap4_str){text, sizeof text - 1}) != IMAP4_OK)
    log_line(LOG_DEBUG, "a session could not say BYE");
}

void connection_free(struct connection *c, uint64_t now_ms) {
  if (c->session != NULL) end_session(c, now_ms);
  compress_free(c->compress);
  tls_free(c->tls);
  close(c->watch.fd);
  free(c->userz);
  free(c);
}

/* The name is kept for the log even if the store refuses the login afterwards: it is whose password was
 * right. */
static void note_user(struct connection *c, imap4_str user) {
  char escaped[USER_LOG_OCTETS];
  log_escape(user, escaped, sizeof escaped);
  free(c->userz);
  c->userz = strdup(escaped);
}

int connection_authenticate(void *user, imap4_op op, const imap4_authenticate_args *args,
                            imap4_authenticate_result *out) {
  struct connection *c = running;
  (void)user;
  if (c == NULL) return IMAP4_ST_SERVERBUG;
  char peer[SERVER_ADDRESS_OCTETS];
  server_format_address(&c->peer, peer);
  /* Nobody may act for somebody else here (RFC 4616 authorization identity). */
  int same = args->authorize.n == 0 || (args->authorize.n == args->user.n &&
                                        memcmp(args->authorize.p, args->user.p, args->user.n) == 0);
  if (!passwd_check(c->server->passwords, args->user, args->password)) {
    char escaped[USER_LOG_OCTETS];
    log_escape(args->user, escaped, sizeof escaped);
    log_line(LOG_INFO, "login failed peer=%s user=\"%s\"", peer, escaped);
    return IMAP4_ST_AUTHFAILED;
  }
  if (!same) return IMAP4_ST_AUTHZFAILED;
  note_user(c, args->user);
  log_line(LOG_DEBUG, "login peer=%s user=\"%s\"", peer, c->userz != NULL ? c->userz : "?");
  return storage_authenticate(c->server->storage, op, args, out);
}
