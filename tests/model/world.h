/* SPDX-License-Identifier: MIT */
/*
 * A world for the model of views: one memory store with two mailboxes, the sessions of a few clients, what
 * the store really holds, and what each client must believe from the responses that it got and nothing else.
 */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "imap4/imap4.h"
#include "memory/memory.h"

enum { CLIENTS = 4, BOXES = 2, MESSAGES = 400, LOG_OCTETS = 200000 };

/* Flags beside the system flags. */
#define KEYWORD_A 0x100u
#define KEYWORD_B 0x200u
#define RECENT 0x400u

/* What the store has. */
typedef struct message {
  uint32_t uid;
  uint32_t flags;
  uint32_t size; /* no two messages that were not copied have the same: it names them */
} message;

typedef struct box {
  message messages[MESSAGES];
  size_t count;
} box;

/* What a client knows of a message. */
typedef struct known {
  uint32_t uid; /* 0: not yet */
  uint32_t flags;
  bool has_flags;
  bool has_recent; /* whether it is \Recent was told: it stays so */
  bool touched;    /* by a FETCH response of this command */
  bool shown;      /* with its flags */
} known;

/* What a client keeps of a mailbox that it has left: the messages whose UIDs it knows, without a gap, and the
 * mod-sequence up to which it believes to know everything (RFC 7162 section 6). */
typedef struct cache {
  known list[MESSAGES];
  size_t count;
  uint64_t modseq;
} cache;

/* What the last command brought. */
typedef struct answer {
  char word[4]; /* OK, NO or BAD; empty: none yet */
  char code[400];
  uint32_t found[MESSAGES]; /* SEARCH */
  size_t found_count;
  bool searched;
  size_t expunges;
} answer;

typedef struct client {
  struct world *world;
  int number;
  imap4_session *session;
  int box; /* selected; -1: none */
  bool read_only;
  bool idle;
  bool busy;            /* a command is under way */
  bool keeps_numbers;   /* it is FETCH, STORE or SEARCH: no EXPUNGE may come */
  bool qresync;         /* it has enabled QRESYNC */
  bool resyncs;         /* SELECT with QRESYNC is under way: |list| is what was known before */
  bool told_modseq;     /* HIGHESTMODSEQ was, since the last tagged response */
  uint64_t modseq;      /* all is known up to here */
  uint64_t seen_modseq; /* the highest MODSEQ since the last tagged response */
  uint32_t exists;      /* while it resyncs */
  cache caches[BOXES];
  unsigned tag;
  known list[MESSAGES];
  size_t count;
  answer answer;
  char in[4000];
  size_t in_n;
  char out[100000];
  size_t out_n;
} client;

typedef struct world {
  uint64_t seed;
  uint64_t random;
  unsigned steps;  /* of all commands */
  uint32_t manner; /* 3: mixed */
  uint32_t without;
  bool cuts;
  bool little;
  bool direct;                        /* the test itself asks the store */
  bool rush;                          /* commands of several clients are under way at once */
  void (*meanwhile)(struct world *w); /* called now and then in a rush, in the middle of commands */
  uint32_t next_size;
  uint64_t now_ms;
  imap4_memory *memory;
  imap4_server *server;
  void *account;
  void *handles[BOXES];
  box boxes[BOXES]; /* as of the last look */
  client clients[CLIENTS];
  int client_count;
  char log[LOG_OCTETS];
  size_t log_n;
} world;

extern const char *const box_names[BOXES];

uint32_t pick(world *w, uint32_t below);
/* The test fails: with the seed and the end of the conversation. */
void trouble(world *w, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

#define EXPECT(w, condition, ...)                                                                            \
  do {                                                                                                       \
    if (!(condition)) trouble(w, __VA_ARGS__);                                                               \
  } while (0)

void world_begin(world *w, uint64_t seed);
void world_end(world *w);
/* Look into the store. */
void world_look(world *w);
const message *box_find(const box *b, uint32_t uid);
/* Until nothing moves any more. */
void world_settle(world *w);
void world_tick(world *w, uint64_t ms);

/* Text for a client to send. */
void client_send(client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A command begins: tag and text, with line end. */
void client_begin(client *c, bool keeps_numbers, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Read what came (belief.c). */
void client_read(client *c);
bool client_knows_all(const client *c);
/* What the client knows agrees with the store; |gone|: it may know messages that are gone. */
void client_check(client *c, bool gone);

#endif
