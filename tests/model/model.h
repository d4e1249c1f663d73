/* SPDX-License-Identifier: MIT */
/*
 * A model of a mail server and of its clients: plain arrays of what the store must have, and of what each
 * client must believe from the responses that it got and nothing else.  Steps are drawn from a seed and
 * recorded; a step says all that it means by itself, so that any of them may be left out and the rest is
 * still a legal conversation, of which the model knows what must come.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "imap4/imap4.h"
#include "memory/memory.h"

enum {
  CLIENTS = 5,
  BOXES = 7,
  MESSAGES = 200,
  FULL = 24,   /* what grows of itself stops here */
  UIDS = 2048, /* a round does not get that far */
  STEPS = 400,
  NODES = 8,
  PENDING = 4,
  LOG_OCTETS = 4000000
};

/* Flags beside the system flags. */
#define KEYWORD_A 0x100u
#define KEYWORD_B 0x200u
#define RECENT 0x400u

/* ---- what the store has --------------------------------------------------------------------- */

typedef struct message {
  uint32_t uid; /* in what is expected 0: any that is new */
  uint32_t flags;
  uint32_t id; /* names the content, which tells its size */
  int32_t day; /* internal date: noon of that day since 1970; -1: not known */
  uint64_t modseq;
} message;

typedef enum existence { ABSENT, LEVEL, THERE } existence;

typedef struct box {
  existence is;
  bool open_ended; /* expected: whether it exists is for the store to say */
  bool fresh;      /* expected: made or made again */
  uint32_t uidvalidity;
  uint32_t uidnext;
  uint64_t highest;
  size_t count;
  message messages[MESSAGES];
} box;

/* ---- what a client believes ----------------------------------------------------------------- */

/* What it has been told of a message by the command under way. */
#define GOT_UID 0x01u
#define GOT_FLAGS 0x02u
#define GOT_MODSEQ 0x04u
#define GOT_SIZE 0x08u
#define GOT_DATE 0x10u
#define GOT_ENVELOPE 0x20u
#define GOT_BODY 0x40u
#define GOT_HEADER 0x80u
#define GOT_BINARY 0x100u
#define GOT_PEEK 0x200u /* asked for in this way, never got */

typedef struct known {
  uint32_t uid; /* 0: not yet */
  uint32_t flags;
  uint64_t modseq; /* 0: not told */
  uint32_t got;
  bool has_flags;
  bool has_recent; /* whether it is \Recent was told: it stays so */
} known;

/* What a client keeps of a mailbox that it has left: messages whose UIDs it knows, without a gap, and the
 * mod-sequence up to which it believes to know everything (RFC 7162 section 6). */
typedef struct cache {
  known list[MESSAGES];
  size_t count;
  uint64_t modseq; /* 0: nothing is kept */
  bool resyncs;    /* it was told of all expunges: QRESYNC was enabled */
  uint32_t uidvalidity;
} cache;

typedef struct numbers {
  uint32_t p[MESSAGES];
  size_t n;
} numbers;

/* What the last command brought. */
typedef struct answer {
  char word[4]; /* OK, NO or BAD; empty: none yet */
  char code[600];
  char copyuid[600]; /* untagged, from MOVE; or APPENDUID, from REPLACE */
  bool searched;
  bool extended; /* ESEARCH */
  bool uid;
  numbers found;
  uint32_t min, max, number;
  bool has_min, has_max, has_count, has_all, has_partial;
  uint64_t modseq; /* of SEARCH */
  uint32_t listed; /* names, bit by bit */
  uint32_t levels;
  uint32_t unseen;
  uint32_t uidnext;
  uint32_t uidvalidity;
  char status[300]; /* the list of STATUS */
  numbers earlier;  /* VANISHED (EARLIER) */
} answer;

/* A command that was sent and is not answered. */
typedef struct pending {
  char tag[16];
  bool keeps_numbers; /* FETCH, STORE or SEARCH: no EXPUNGE may come */
  bool silent;        /* flags are no longer known */
  bool closes;        /* no mailbox is selected afterwards, if it is OK */
  bool selects;
  bool reads;   /* messages themselves */
  bool enables; /* mod-sequences are shown from now on */
  bool earlier; /* VANISHED (EARLIER) may come */
} pending;

typedef struct client {
  struct world *world;
  int number;
  imap4_session *session; /* NULL: not connected */
  unsigned connections;
  int box; /* selected; -1: none */
  bool read_only;
  bool lost;    /* its mailbox was renamed or deleted: anything may come now */
  bool deleted; /* deleted: BYE must come */
  bool over;    /* BYE came */
  bool idle;
  pending pending[PENDING];
  size_t pending_n;
  bool condstore;       /* it has asked for mod-sequences */
  bool may_condstore;   /* it has asked in a command that failed */
  bool qresync;         /* it has enabled QRESYNC */
  bool resyncs;         /* SELECT with QRESYNC is under way: |list| is what was known before */
  bool rev2;            /* it has enabled IMAP4rev2: no \Recent, ESEARCH always */
  bool half;            /* NIL stood for what is gone: NO must follow */
  bool told_modseq;     /* HIGHESTMODSEQ was, since the last tagged response */
  uint64_t modseq;      /* all is known up to here */
  uint64_t seen_modseq; /* the highest MODSEQ since the last tagged response */
  uint32_t exists;      /* while it resyncs */
  uint32_t recent;
  bool saved_known; /* what "$" stands for */
  numbers saved;    /* UIDs */
  cache caches[BOXES];
  unsigned tag;
  known list[MESSAGES];
  size_t count;
  answer answer;
  char in[20000];
  size_t in_n;
  char out[200000];
  size_t out_n;
} client;

/* ---- steps ---------------------------------------------------------------------------------- */

typedef enum step_kind {
  DO_NOOP,
  DO_CHECK,
  DO_SELECT,
  DO_EXAMINE,
  DO_CLOSE,
  DO_UNSELECT,
  DO_IDLE,
  DO_DONE,
  DO_APPEND,
  DO_REPLACE,
  DO_FETCH,
  DO_STORE,
  DO_SEARCH,
  DO_COPY,
  DO_MOVE,
  DO_EXPUNGE,
  DO_CREATE,
  DO_DELETE,
  DO_RENAME,
  DO_LIST,
  DO_LSUB,
  DO_STATUS,
  DO_SUBSCRIBE,
  DO_UNSUBSCRIBE,
  DO_ENABLE,
  DO_DROP,    /* the connection is lost */
  DO_RETURN,  /* it is lost, and the client comes back in three ways */
  DO_OUTSIDE, /* the store is changed without any session */
  KINDS
} step_kind;

#define STAR UINT32_MAX

typedef struct set {
  bool saved; /* "$" */
  uint8_t n;
  struct {
    uint32_t first, last;
  } p[3];
} set;

typedef enum search_key {
  KEY_ALL,
  KEY_FLAG,
  KEY_UNFLAG,
  KEY_RECENT,
  KEY_OLD,
  KEY_NEW,
  KEY_SET,
  KEY_UID,
  KEY_LARGER,
  KEY_SMALLER,
  KEY_SINCE,
  KEY_BEFORE,
  KEY_ON,
  KEY_SUBJECT,
  KEY_BODY,
  KEY_TEXT,
  KEY_HEADER,
  KEY_MODSEQ,
  KEY_NOT,
  KEY_OR,
  KEY_AND,
  KEYS
} search_key;

/* Criteria in prefix order. */
typedef struct node {
  search_key key;
  uint64_t number;
  set set;
} node;

#define RETURN_MIN 0x01u
#define RETURN_MAX 0x02u
#define RETURN_COUNT 0x04u
#define RETURN_ALL 0x08u
#define RETURN_SAVE 0x10u
#define RETURN_EMPTY 0x20u   /* RETURN () */
#define RETURN_PARTIAL 0x40u /* from |to| to |cut|; |silent|: counted from the end */

typedef enum way { WAY_PLAIN, WAY_CONDSTORE, WAY_QRESYNC, WAY_REV2 } way;

typedef struct step {
  uint64_t seed; /* of the schedule */
  step_kind kind;
  uint8_t client;
  uint8_t box;
  uint8_t to;
  uint8_t way;
  uint8_t count; /* messages of APPEND */
  uint8_t cut;   /* DROP: how long the command before it goes on */
  bool uid;
  bool silent;
  bool together; /* the next step begins while this one is under way */
  bool vanished;
  bool has_modseq; /* UNCHANGEDSINCE, CHANGEDSINCE */
  char sign;
  uint32_t flags;
  uint32_t id;
  int32_t day;
  uint64_t modseq;
  uint32_t items;  /* GOT_*, or of STATUS */
  uint32_t result; /* RETURN_* */
  set set;
  uint8_t node_count;
  node nodes[NODES];
} step;

/* ---- the world ------------------------------------------------------------------------------ */

#define CAN_ESEARCH 0x01u
#define CAN_SEARCHRES 0x02u
#define CAN_BINARY 0x04u
#define CAN_REPLACE 0x08u
#define CAN_MOVE 0x10u
#define CAN_UIDPLUS 0x20u
#define CAN_CONDSTORE 0x40u
#define CAN_QRESYNC 0x80u
#define CAN_MULTIAPPEND 0x100u
#define CAN_UNSELECT 0x200u
#define CAN_IDLE 0x400u
#define CAN_STATUS_SIZE 0x800u
#define CAN_REV2 0x1000u
#define CAN_PARTIAL 0x2000u

typedef enum store_kind { STORE_MEMORY, STORE_MAILDIR } store_kind;

typedef enum fault {
  FAULT_NONE,
  FAULT_EXPUNGE,   /* forgets to tell of an expunge */
  FAULT_FLAGS,     /* forgets to tell of changed flags */
  FAULT_FALLS,     /* a mod-sequence goes back */
  FAULT_UID,       /* a UID is given twice */
  FAULT_MISSES,    /* a message is left out of a query */
  FAULT_UNCHANGED, /* UNCHANGEDSINCE is passed over */
  FAULT_VANISHED,  /* what was expunged earlier is told but in part */
  FAULTS
} fault;

/* The store under test, behind one table of functions. */
typedef struct ground {
  store_kind kind;
  const imap4_store *table; /* the store's own */
  void *user;
  imap4_memory *memory;
  struct imap4_maildir *maildir;
  struct imap4_maildir *other; /* on the same folder; NULL: there is none */
  char root[64];
  void *account; /* for looks */
  void *handles[BOXES];
} ground;

/* How a round is set up, drawn from its seed. */
typedef struct conditions {
  store_kind kind;
  fault fault;
  bool returns; /* the second model: clients drop and come back */
  int clients;
  bool apart;      /* some sessions have a store object of their own, as another process would */
  uint32_t manner; /* 3: mixed */
  uint32_t without;
  uint32_t query_rows;
  uint32_t output_octets;
  uint32_t work_budget;
  uint32_t expunge_log;
  bool cuts;
  bool little;
} conditions;

typedef struct world {
  conditions setup;
  uint64_t random;
  uint64_t steps; /* commands sent */
  uint64_t exact; /* of these, commands of which all was known beforehand */
  uint64_t done[KINDS];
  uint64_t remembered; /* of the returns, those to something that was known and has changed */
  ground ground;
  imap4_server *server;
  imap4_server *other_server;
  bool direct; /* the test itself asks the store */
  bool rush;   /* commands of several clients are under way at once */
  uint32_t can;
  uint32_t next_id;
  uint64_t now_ms;
  box boxes[BOXES]; /* as of the last look */
  box expected[BOXES];
  box looked[BOXES];
  uint16_t ids[BOXES][UIDS];
  uint64_t gone_at[BOXES][UIDS];  /* |highest| before the UID had gone; 0: it has not */
  uint64_t since[BOXES][UIDS][7]; /* when a flag was changed, or before that */
  uint32_t last_validity[BOXES];  /* of the last mailbox of this name */
  uint32_t last_uidnext[BOXES];
  uint32_t subscribed;
  client clients[CLIENTS];
  client travellers[2]; /* who come back in other ways; see back.c */
  int client_count;
  unsigned connections;
  const step *waiting[16]; /* changes from outside, for the middle of what is under way */
  size_t waiting_n;
  jmp_buf end;
  const char *trouble_kind;
  char trouble[600];
  char *log; /* NULL: nobody wants one */
  size_t log_n;
} world;

extern const char *const box_names[BOXES];
extern const uint32_t all_flags[7];
extern const char *const flag_names[7];

uint32_t pick(world *w, uint32_t below);
/* A difference was found: the round ends. */
void trouble(world *w, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

#define EXPECT(w, condition, ...)                                                                            \
  do {                                                                                                       \
    if (!(condition)) trouble(w, __VA_ARGS__);                                                               \
  } while (0)

/* ground.c: the store. */
void ground_open(world *w);
void ground_close(world *w);
void *ground_login(world *w, void *user);
void ground_reopen(world *w);
/* What the store holds, into |looked|. */
void ground_look(world *w);
void ground_outside(world *w, const step *s);

/* fault.c: the table that sessions get. */
const imap4_store *fault_table(world *w);

/* content.c: messages. */
size_t content_of(uint32_t id, char *out, size_t capacity);
uint32_t content_size(uint32_t id);
bool content_has(uint32_t id, search_key where, uint32_t word);
const char *content_word(uint32_t word);
void date_text(int32_t day, bool with_time, char *out, size_t capacity);

/* world.c: sessions. */
void world_begin(world *w, const conditions *setup, uint64_t seed);
void world_end(world *w, bool failed);
void world_settle(world *w);
/* One client moves for at most |turns| turns. */
void world_turns(world *w, client *c, unsigned turns);
void world_hear_idle(world *w);
void client_connect(world *w, client *c, int number);
/* The connection is lost; what the client knows it keeps. */
void client_drop(client *c);
void client_send(client *c, const char *p, size_t n);
/* A command begins; returns what is known of it, for the caller to fill in. */
pending *client_begin(client *c, const char *text, size_t n);
bool client_busy(const client *c);
void note(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* reading.c, belief.c, agree.c: responses. */
bool take(const char **p, const char *wordz);
uint32_t take_number(world *w, const char **p);
uint64_t take_modseq(world *w, const char **p);
uint32_t take_flags(world *w, const char **p);
/* A set of numbers as they stand. */
void take_set(world *w, const char **p, numbers *out);
/* A string: quoted, literal or NIL. */
imap4_str take_string(world *w, const char **p);
void skip_value(world *w, const char **p);
/* Octets of the first response of |n|; 0: it is not complete. */
size_t response_length(const char *p, size_t n);
void client_read(client *c);
/* What was untold until here are messages that the client does not know. */
void end_resync(client *c);
bool client_knows_all(const client *c);
/* What the client knows agrees with the store; |gone|: it may know messages that are gone. */
void client_check(client *c, bool gone);
void client_keep(client *c);
void client_forget(client *c);

/* invent.c: steps from chance. */
void invent_setup(conditions *setup, store_kind kind, bool returns, uint64_t seed);
size_t invent_group(world *w, step *out, size_t room);

/* text.c: a step as the client sends it. */
size_t text_of(const client *c, const step *s, char *out, size_t capacity);

/* effect.c: what must come of a step. */
#define MAY_OK 1u
#define MAY_NO 2u
#define MAY_BAD 4u
typedef struct target {
  numbers uids;
  size_t gone; /* of them, not in the store any more */
  bool beyond; /* a sequence number that no message has */
} target;
typedef struct effect {
  bool exact;
  bool undone; /* NO leaves everything as it was */
  uint32_t answers;
  target target;
  numbers found; /* SEARCH, and COPY: what is copied */
  uint64_t modseq;
} effect;
void effect_of(client *c, const step *s, effect *e);
const message *box_find(const box *b, uint32_t uid);
void resolve(const client *c, const set *named, bool uid, target *t);
bool has_number(const numbers *list, uint32_t number);
bool is_read(uint32_t items);
uint32_t changed_flags(uint32_t old, char sign, uint32_t flags);
int parent_of(int at);

/* search.c */
bool search_known(const client *c, const step *s);
void search_expect(client *c, const step *s, effect *e);
bool search_keeps_numbers(const step *s);
bool search_has(const step *s, search_key key);

/* judge.c: whether it did. */
/* STORE with UNCHANGEDSINCE: what the answer says of |expected|. */
void judge_modified(client *c, const step *s, effect *e);
void judge_look(world *w, bool exact);
void judge_answer(client *c, const step *s, const effect *e);

/* act.c: steps. */
void act(world *w, const step *steps, size_t count);

/* back.c */
void come_back(client *c, const step *s);

/* play.c: rounds, and what is left of one that fails. */
typedef struct failure {
  uint64_t seed;
  conditions setup;
  step *steps;
  size_t count;
  char text[600];
  const char *kind;
} failure;
/* Plays the steps; false: there was trouble, told in |w|. */
bool play(world *w, const conditions *setup, uint64_t seed, const step *steps, size_t count);
/* Invents and plays a round; false: |failure| is what is needed to play it again. */
bool play_round(world *w, const conditions *setup, uint64_t seed, failure *failure);
/* Leave out what is not needed. */
void shrink(world *w, failure *failure);
/* Print it as a transcript. */
void show(world *w, failure *failure);

#endif
