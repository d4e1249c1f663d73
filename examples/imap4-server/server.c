/* SPDX-License-Identifier: MIT */
/*
 * Listeners and the life of the process.  The main thread accepts and hands each connection to the thread
 * that has the fewest; SIGTERM and SIGINT reach it through a pipe.
 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "worker.h"

#define BACKLOG 1024
#define ACCEPTS_PER_ROUND 64
#define ACCEPT_PAUSE_MS 100
#define MAX_SOCKETS ((size_t)SERVER_MAX_LISTENERS * 4)

struct listener {
  int fd;
  int implicit_tls;
};

struct acceptor {
  struct server *server;
  struct listener listeners[MAX_SOCKETS];
  size_t listener_count;
  struct worker *workers[SERVER_MAX_THREADS];
  unsigned worker_count;
  int complained; /* about too many open files, since the last time accepting worked */
};

/* Ends of the pipe into which the signal handler writes. */
static int signal_pipe[2] = {-1, -1};

uint64_t server_now(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

void server_format_address(const union address *address, char out[SERVER_ADDRESS_OCTETS]) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address->any.sa_family == AF_INET6) {
    (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof text);
    (void)snprintf(out, SERVER_ADDRESS_OCTETS, "[%s]:%u", text, (unsigned)ntohs(address->v6.sin6_port));
  } else {
    (void)inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof text);
    (void)snprintf(out, SERVER_ADDRESS_OCTETS, "%s:%u", text, (unsigned)ntohs(address->v4.sin_port));
  }
}

int server_is_loopback(const union address *address) {
  if (address->any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
  return address->any.sa_family == AF_INET && ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
}

static void on_signal(int number) {
  int saved = errno;
  (void)number;
  if (write(signal_pipe[1], "", 1) < 0) errno = 0; /* full: then it is known already */
  errno = saved;
}

static int prepare_signals(void) {
  if (pipe(signal_pipe) != 0) return -1;
  for (int i = 0; i < 2; i++) {
    if (fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK) != 0 || fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC) != 0)
      return -1;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigemptyset(&action.sa_mask);
  action.sa_handler = SIG_IGN;
  if (sigaction(SIGPIPE, &action, NULL) != 0) return -1;
  action.sa_handler = on_signal;
  return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0 ? 0 : -1;
}

/* As many open files as the system lets this process have. */
static void raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    log_line(LOG_DEBUG, "the limit of open files could not be raised: %s", strerror(errno));
}

/* Split HOST:PORT, [HOST]:PORT, :PORT.  0 or -1. */
static int split_address(const char *textz, char host[256], const char **portz) {
  const char *colon = strrchr(textz, ':');
  if (colon == NULL || colon[1] == '\0') return -1;
  const char *from = textz;
  size_t n = (size_t)(colon - textz);
  if (n >= 2 && textz[0] == '[' && textz[n - 1] == ']') {
    from++;
    n -= 2;
  }
  if (n >= 256) return -1;
  memcpy(host, from, n);
  host[n] = '\0';
  *portz = colon + 1;
  /* getaddrinfo() takes 99999 and listens somewhere else. */
  return strspn(*portz, "0123456789") == strlen(*portz) && strtoul(*portz, NULL, 10) > 65535 ? -1 : 0;
}

/* A listening socket for one address; its descriptor or -1 with errno. */
static int open_listener(const struct addrinfo *at) {
  int on = 1;
  int fd = socket(at->ai_family, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  int ok = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  if (at->ai_family == AF_INET6) /* so that 0.0.0.0 can be listened to beside [::] */
    ok = ok && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0;
  if (ok && bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) return fd;
  int saved = errno;
  close(fd);
  errno = saved;
  return -1;
}

/* All addresses of one option; one that can't be had is an error only if it was the only one.  0 or -1. */
static int listen_to(struct acceptor *a, const struct listen_option *option) {
  char host[256];
  const char *portz;
  if (split_address(option->addressz, host, &portz) != 0) {
    log_line(LOG_ERROR, "%s: not HOST:PORT", option->addressz);
    return -1;
  }
  struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  int wrong = getaddrinfo(host[0] != '\0' ? host : NULL, portz, &hints, &found);
  if (wrong != 0) {
    log_line(LOG_ERROR, "%s: %s", option->addressz, gai_strerror(wrong));
    return -1;
  }
  size_t before = a->listener_count;
  int why = 0;
  for (const struct addrinfo *at = found; at != NULL && a->listener_count < MAX_SOCKETS; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    int fd = open_listener(at);
    if (fd >= 0)
      a->listeners[a->listener_count++] = (struct listener){fd, option->implicit_tls};
    else
      why = errno;
  }
  freeaddrinfo(found);
  if (a->listener_count > before) return 0;
  log_line(LOG_ERROR, "%s: %s", option->addressz, strerror(why));
  return -1;
}

/* Tell whoever started the server where it can be reached; with port 0 nobody else knows. */
static int announce(const struct acceptor *a) {
  for (size_t i = 0; i < a->listener_count; i++) {
    union address address;
    char text[SERVER_ADDRESS_OCTETS];
    socklen_t n = sizeof address;
    memset(&address, 0, sizeof address);
    if (getsockname(a->listeners[i].fd, &address.any, &n) != 0) return -1;
    server_format_address(&address, text);
    printf("imap4-server: ready on %s\n", text);
  }
  return fflush(stdout) == 0 ? 0 : -1;
}

static struct worker *least_loaded(const struct acceptor *a) {
  struct worker *best = a->workers[0];
  for (unsigned i = 1; i < a->worker_count; i++) {
    if (worker_load(a->workers[i]) < worker_load(best)) best = a->workers[i];
  }
  return best;
}

static void hand_over(const struct acceptor *a, int fd, const union address *peer, int implicit_tls) {
  int on = 1;
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    close(fd);
    return;
  }
  /* Answers are written whole, so waiting for more octets gains nothing; clients that vanish are noticed. */
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  worker_give(least_loaded(a), fd, peer, implicit_tls);
}

/* Accept what is there.  0, or the milliseconds for which nothing can be accepted. */
static int accept_some(struct acceptor *a, const struct listener *listener) {
  for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
    union address peer;
    socklen_t n = sizeof peer;
    memset(&peer, 0, sizeof peer);
    int fd = accept(listener->fd, &peer.any, &n);
    if (fd >= 0) {
      a->complained = 0;
      hand_over(a, fd, &peer, listener->implicit_tls);
      continue;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
      return 0; /* nobody is there (any more) */
    /* The connection stays in the kernel's queue; to ask for it again at once would only burn time. */
    if (!a->complained) log_line(LOG_ERROR, "accept: %s; new connections have to wait", strerror(errno));
    a->complained = 1;
    return ACCEPT_PAUSE_MS;
  }
  return 0;
}

/* Accept until a signal comes. */
static void accept_loop(struct acceptor *a) {
  struct pollfd fds[MAX_SOCKETS + 1];
  int pause_ms = 0;
  fds[0] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
  for (size_t i = 0; i < a->listener_count; i++)
    fds[i + 1] = (struct pollfd){.fd = a->listeners[i].fd, .events = POLLIN};
  for (;;) {
    /* During a pause, only for the signal. */
    int n = poll(fds, pause_ms > 0 ? 1 : (nfds_t)(a->listener_count + 1), pause_ms > 0 ? pause_ms : -1);
    int paused = pause_ms > 0;
    pause_ms = 0;
    if (n > 0 && fds[0].revents != 0) return;
    for (size_t i = 0; n > 0 && !paused && i < a->listener_count && pause_ms == 0; i++) {
      if (fds[i + 1].revents != 0) pause_ms = accept_some(a, &a->listeners[i]);
    }
  }
}

/* Threads inherit the signal mask: the signals are for the main thread. */
static int start_workers(struct acceptor *a) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return -1;
  int status = 0;
  while (status == 0 && a->worker_count < a->server->options.threads) {
    status = worker_start(a->server, &a->workers[a->worker_count]);
    if (status == 0) a->worker_count++;
  }
  if (pthread_sigmask(SIG_SETMASK, &before, NULL) != 0) return -1;
  return status;
}

static void close_listeners(struct acceptor *a) {
  for (size_t i = 0; i < a->listener_count; i++)
    close(a->listeners[i].fd);
  a->listener_count = 0;
}

int server_run(struct server *server) {
  struct acceptor *a = calloc(1, sizeof *a);
  if (a == NULL) return -1;
  a->server = server;
  raise_file_limit();
  int status = prepare_signals();
  if (status != 0) log_line(LOG_ERROR, "signals: %s", strerror(errno));
  for (size_t i = 0; status == 0 && i < server->options.listener_count; i++)
    status = listen_to(a, &server->options.listeners[i]);
  if (status == 0) status = start_workers(a);
  if (status == 0 && announce(a) != 0) log_line(LOG_DEBUG, "nobody reads standard output");
  if (status == 0) {
    accept_loop(a);
    log_line(LOG_INFO, "shutting down");
  }
  close_listeners(a);
  atomic_store(&server->stopping, 1);
  for (unsigned i = 0; i < a->worker_count; i++)
    worker_wake(a->workers[i]);
  for (unsigned i = 0; i < a->worker_count; i++)
    worker_join(a->workers[i]);
  free(a);
  return status;
}
