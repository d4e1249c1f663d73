/* SPDX-License-Identifier: MIT */
/*
 * The transcript runner: conversations as text, replayed against the library with a store in memory.
 *
 *   script.c      reads a file into steps
 *   heap.c        the allocator given to the library: counts, checks, fails on demand
 *   world.c       a store, a server and its connections, driven until they rest
 *   directive.c   lines that begin with "!"
 *   match.c       what was expected against what came
 *   replay.c      the same conversation in every mode, with the same octets each time
 *   failure.c     ... with each allocation and each store call failing, and freed after each call
 *   selftest.c    cases that must fail, so that the runner is known to notice
 *
 * README.md tells how transcripts are written.
 */
#ifndef IMAP4_TESTS_TRANSCRIPT_H
#define IMAP4_TESTS_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imap4/session.h"
#include "memory/memory.h"

/* ---- octets; a test program that has no memory gives up */

struct bytes {
  char *p;
  size_t n;
  size_t capacity;
};

void bytes_add(struct bytes *bytes, const void *p, size_t n);
void bytes_addz(struct bytes *bytes, const char *z);
void bytes_free(struct bytes *bytes);
/* Print with CR, LF and other octets that can't be seen as escapes. */
void bytes_show(struct bytes *to, const char *p, size_t n);

/* ---- scripts */

enum { MAX_CONNECTIONS = 6, MAX_WORDS = 32 };

/* A piece of what the server must send. */
struct expect {
  int line;       /* in the file */
  int connection; /* from 1 */
  bool raw;       /* octets as they are, else a line with wild cards and CRLF after it */
  struct bytes text;
};

enum { ACT_NONE, ACT_SEND, ACT_DIRECTIVE };

/* Something happens, then something is expected of each connection. */
struct step {
  int line;
  int act;
  int connection;    /* ACT_SEND */
  struct bytes data; /* ACT_SEND: octets; ACT_DIRECTIVE: its "|" lines */
  char *words[MAX_WORDS];
  int word_count;
  struct expect *expects;
  size_t expect_count;
};

struct script {
  const char *path;
  char *folder; /* of the file, with a slash at its end, or empty */
  struct step *steps;
  size_t count;
};

/* 0, or -1 after printing what is wrong. */
int script_read(struct script *script, const char *path);
void script_free(struct script *script);

/* ---- heap */

struct heap {
  uint64_t octets; /* in use */
  uint64_t blocks;
  uint64_t calls;   /* that asked for memory */
  uint64_t fail_at; /* 0: none; else this call fails */
  bool fail_on;     /* and all after it */
  uint64_t failed;
  uint64_t wrong_sizes; /* resize was told a wrong old size */
};

void *heap_resize(void *heap, void *p, size_t old_size, size_t new_size);

/* ---- worlds */

enum { CUT_WHOLE, CUT_BYTE, CUT_RANDOM };
enum { STORE_NOW, STORE_INSIDE, STORE_LATER, STORE_MIX };

/* How a conversation is replayed. */
struct mode {
  const char *name;
  int input;          /* CUT_* */
  int output;         /* CUT_* */
  int store;          /* STORE_* */
  bool pump;          /* over a transport, else with the core calls */
  bool short_answers; /* the store gives a random part of what it was asked for */
  uint64_t seed;
  bool tight; /* the smallest budgets, one row at a time */
  bool bare;  /* the store has no member that the library can do without, but |watch| */
};

struct world;

struct connection {
  struct world *world;
  imap4_session *session;
  struct bytes input; /* what the client still has to send */
  size_t taken;
  struct bytes output; /* what came in this step */
  bool ended;          /* the client has closed its side */
  bool tls_waits;      /* transport: the session has asked for TLS */
  bool tls_ready;      /* transport: TLS may begin */
  bool compress_waits; /* the same for COMPRESS; nothing is compressed here */
  bool compress_ready;
  bool skipping; /* lenient: the command under way was refused, its rest is not sent */
  int fatal;     /* what a call has returned */
};

struct world {
  const struct script *script;
  const struct mode *mode;
  struct heap heap;
  imap4_memory *store;
  imap4_server *server;
  imap4_memory_config store_config;
  imap4_config config;
  imap4_limits before;
  imap4_limits after;
  imap4_id_field id[8];
  imap4_namespace namespaces[8];
  imap4_memory_step sasl[8];
  imap4_session_args args; /* of the next connection */
  bool preauth;
  const char *user; /* whose mail directives mean */
  struct connection connections[MAX_CONNECTIONS + 1];
  uint64_t now_ms;
  uint64_t random;
  uint64_t api_calls;
  uint64_t stop_after; /* 0: never; else everything ends after this call of the library */
  uint64_t fail_call;  /* 0: none; else this store call from the start fails */
  bool stopped;
  bool held;            /* the store's answers wait */
  bool lenient;         /* something fails on purpose: nothing is expected but order */
  bool broken;          /* lenient: the world could not be made */
  struct bytes *record; /* what each connection has sent in each step, if wanted */
  void *leaked;         /* for the self test */
  struct bytes trouble; /* what is wrong; empty: nothing so far */
};

/* Make everything up to the first connection.  Trouble is noted. */
void world_init(struct world *world, const struct script *script, const struct mode *mode);
/* End everything and check that nothing is left. */
void world_free(struct world *world);
/* Play the whole script; stops at the first trouble. */
void world_play(struct world *world);
/* Drive all connections until they rest. */
void world_settle(struct world *world, int line);
void world_connect(struct world *world, int number, int line);
/* Note trouble at |line| of the script; only the first is kept. */
void world_trouble(struct world *world, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool world_on(const struct world *world);
uint64_t world_random(struct world *world, uint64_t below);
/* Call tls_started (core calls) or let the transport begin TLS. */
void world_tls(struct world *world, int number, int line);
/* The same for compression. */
void world_compress(struct world *world, int number, int line);
void world_tick(struct world *world, uint64_t ms, int line);
/* Count a call of the library; after it, |status| is looked at. */
void world_called(struct world *world, struct connection *connection, int status, const char *what);

/* directive.c: configuration is done before there is a store, all else at its step. */
void directive_configure(struct world *world, const struct step *step);
void directive_run(struct world *world, const struct step *step);

/* match.c: compare what came in this step; trouble is noted. */
void match_step(struct world *world, const struct step *step);

/* ---- groups of tests: 0, or -1 after printing the trouble */

int replay_all(const struct script *script);
int fail_allocations(const struct script *script);
int fail_store(const struct script *script);
int free_early(const struct script *script);
int selftest(const char *folder);

#endif
