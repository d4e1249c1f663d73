/* SPDX-License-Identifier: MIT */
/*
 * The session: what is known of a connection.  The struct is small, because a thousand idle clients each
 * have one; buffers, the command and the selected mailbox are allocated while they are needed.
 */
#ifndef IMAP4I_SESSION_H
#define IMAP4I_SESSION_H

#include "base/buf.h"
#include "core/op.h"
#include "core/server.h"
#include "core/view.h"
#include "wire/command.h"
#include "wire/parser.h"

struct imap4i_command;

/* What a step of a command returns, beside a fatal error. */
enum {
  IMAP4I_STEP_AGAIN = 0,   /* call me again */
  IMAP4I_STEP_DONE,        /* the reply is set */
  IMAP4I_STEP_WAIT_OUTPUT, /* when output was sent */
  IMAP4I_STEP_WAIT_STORE,  /* when the operation is complete */
  IMAP4I_STEP_WAIT_INPUT,  /* when the input asked for is there */
  IMAP4I_STEP_WAIT_LAYER   /* when TLS is up, or compression */
};

/* What the client has switched on (RFC 5161, RFC 7162, RFC 9051, RFC 9755, RFC 9586), for the rest of the
 * connection. */
#define IMAP4I_ENABLED_CONDSTORE 0x01u
#define IMAP4I_ENABLED_QRESYNC 0x02u
#define IMAP4I_ENABLED_REV2 0x04u
#define IMAP4I_ENABLED_UTF8 0x08u
#define IMAP4I_ENABLED_UIDONLY 0x10u

/* What the next octets of input are. */
enum {
  IMAP4I_INPUT_COMMAND, /* a line of a command */
  IMAP4I_INPUT_LITERAL, /* octets of a literal that is part of a command */
  IMAP4I_INPUT_SKIP,    /* a line of a command that is refused already: nothing is kept but its end */
  IMAP4I_INPUT_DISCARD, /* octets of a literal of such a command */
  IMAP4I_INPUT_LINE,    /* a line that a running command waits for (AUTHENTICATE, IDLE, APPEND) */
  IMAP4I_INPUT_STREAM   /* octets of a message, for the running command */
};

typedef struct imap4i_input {
  imap4i_buf buf;      /* what was collected */
  uint64_t left;       /* octets of a literal or message still to come */
  uint32_t line_start; /* of the current line in |buf| */
  uint32_t line_max;   /* INPUT_LINE: octets of the line at most */
  uint32_t literals;   /* in this command so far */
  uint32_t literal_octets;
  uint8_t mode;
  uint8_t after;      /* the mode that follows a discarded literal */
  bool ready;         /* a command, a line or a chunk is complete in |buf| */
  bool ended;         /* the client has closed its side */
  bool too_long;      /* INPUT_LINE: the line is longer than |line_max|, or has a literal: not to be used */
  bool takes_markers; /* INPUT_LINE: the command looks for a literal at the line's end itself */
  bool sync;          /* a refused literal was synchronising: the client will not send it */
  imap4i_refusal refusal; /* the command under way is refused with this; text is empty if not */
} imap4i_input;

struct imap4_session {
  imap4_server *server;
  const imap4_limits *limits; /* before or after login */
  imap4i_mem mem;
  uint64_t features_off; /* while a command lasts, as they were when it began */
  uint64_t mask;         /* from the next command on */
  uint64_t quirks;       /* IMAP4_QUIRK_* */
  void *account;
  imap4i_input input;
  imap4i_buf out;
  size_t out_sent; /* octets of |out| that were sent */
  imap4i_op op;
  struct imap4i_command *command; /* the one under way, or NULL */
  imap4i_view *view;              /* the selected mailbox, or NULL */
  imap4_transport transport;
  void *transport_user;
  void *user;      /* the host's */
  imap4i_buf pump; /* read from the transport, not taken yet */
  uint64_t now_ms;
  int64_t clock_seconds; /* since 1970, when |now_ms| was |clock_ms|; valid if |has_clock| */
  uint64_t clock_ms;
  uint64_t last_command_ms; /* autologout counts from here */
  uint64_t next_poll_ms;    /* in IDLE */
  uint64_t progress_told_ms;
  uint64_t progress_end; /* |output_octets| when what was last told of progress has been sent */
  uint64_t commands;
  uint64_t input_octets;
  uint64_t output_octets;
  uint64_t progress; /* raised by steps that leave no other trace, for the stall guard */
  uint32_t charge;   /* work of the step under way beyond its one unit */
  int fatal;         /* sticky */
  uint32_t calling;  /* inside a callback */
  uint32_t bad_commands;
  uint32_t failed_logins;
  uint32_t enabled; /* IMAP4I_ENABLED_* */
  char delimiter;
  uint8_t state; /* IMAP4_STATE_* */
  uint8_t layer; /* IMAP4I_LAYER_*: what the host is asked to begin */
  bool has_transport;
  bool has_clock; /* the host has told the time of day */
  bool can_start_tls;
  bool can_compress;
  bool compressed;
  bool secure;
  bool preauth;
  bool greeted;
  bool closing;              /* nothing more will be said; closed when the output is sent */
  bool runnable;             /* a step can be made without anything from outside */
  bool quirks_are_the_hosts; /* ID changes nothing */
  bool ticked;               /* the host tells the time */
  bool progress_due;
  bool notified; /* something may have happened in the selected mailbox */
  bool watching; /* the store's watch is on */
  bool saw_end;  /* the transport's read said IMAP4_END */
  uint8_t bye_length;
  char bye[200]; /* asked for by imap4_session_bye(): its text */
};

enum { IMAP4I_LAYER_NONE, IMAP4I_LAYER_TLS, IMAP4I_LAYER_COMPRESS };

/* Octets waiting to be sent. */
static inline size_t imap4i_output_waiting(const imap4_session *s) {
  return s->out.n - s->out_sent;
}

/* Whether a step may add a piece of a response now; otherwise it returns STEP_WAIT_OUTPUT. */
static inline bool imap4i_may_write(const imap4_session *s) {
  return imap4i_output_waiting(s) < s->limits->output_octets;
}

/* capability.c: features that are not there for this session: masked by the server or the session, or without
 * what they need. */
uint64_t imap4i_features_off(const imap4_session *s);

/* Whether a feature is there for this session. */
static inline bool imap4i_has(const imap4_session *s, uint64_t feature) {
  return (imap4i_features_off(s) & feature) == 0;
}

/* Whether the client wants IMAP4rev2 (RFC 9051), and not IMAP4rev1 any more. */
static inline bool imap4i_speaks_rev2(const imap4_session *s) {
  return (s->enabled & IMAP4I_ENABLED_REV2) != 0;
}

/* Whether the client neither sends nor hears sequence numbers (RFC 9586). */
static inline bool imap4i_speaks_uidonly(const imap4_session *s) {
  return (s->enabled & IMAP4I_ENABLED_UIDONLY) != 0;
}

/* Whether strings in quotes and mailbox names are UTF-8, both ways (RFC 9755 section 3, RFC 9051 sections 4.3
 * and 5.1). */
static inline bool imap4i_speaks_utf8(const imap4_session *s) {
  return (s->enabled & (IMAP4I_ENABLED_UTF8 | IMAP4I_ENABLED_REV2)) != 0;
}

/* Whether a literal is longer than LITERAL- (RFC 7888 section 5) allows one that nobody has asked for. */
static inline bool imap4i_literal_unasked(const imap4_session *s, uint64_t size, bool sync) {
  enum { LITERAL_MINUS_OCTETS = 4096 };
  return !sync && size > LITERAL_MINUS_OCTETS && imap4i_has(s, IMAP4_FEATURE_LITERAL_MINUS);
}

/* input.c: take octets; |*used| says how many.  Collects only what can be used now. */
int imap4i_input_take(imap4_session *s, imap4_str data, size_t *used);
/* Whether input could be used now. */
bool imap4i_input_wanted(const imap4_session *s);
/* A running command asks for a line of at most |max| octets; |input.ready| tells when it is there.  Unless
 * the command |takes_markers|, a line with a literal is one that is too long. */
void imap4i_input_want_line(imap4_session *s, uint32_t max, bool takes_markers);
/* No command is under way, and the line that one has waited for is the next command (IDLE). */
int imap4i_input_as_command(imap4_session *s);
/* A running command asks for |size| octets in chunks; after each, it calls imap4i_input_next(). */
void imap4i_input_want_stream(imap4_session *s, uint64_t size);
/* A running command has no use for |size| octets that come; then a line is wanted. */
void imap4i_input_discard(imap4_session *s, uint64_t size, uint32_t max);
/* The collected line or chunk was used. */
void imap4i_input_next(imap4_session *s);
/* Back to commands; buffers are given back. */
void imap4i_input_reset(imap4_session *s);

/* run.c: there was no memory: what the client hears, if it can.  IMAP4_OK or the fatal error. */
int imap4i_out_of_memory(imap4_session *s);
/* run steps until nothing can go on or |*budget| is spent.  IMAP4_OK or a fatal error. */
int imap4i_run(imap4_session *s, uint32_t *budget);
/* Announce the end: "* BYE text", and close. */
int imap4i_bye(imap4_session *s, imap4_str code, imap4_str text);

/* progress.c: when the command under way should do so next; UINT64_MAX: never, as things are. */
uint64_t imap4i_progress_deadline(const imap4_session *s);
/* It does so, if it still may. */
void imap4i_progress_tell(imap4_session *s);

/* session.c: the selected mailbox is closed, if there is one. */
void imap4i_deselect(imap4_session *s);
/* The account is there: the limits after login hold. */
void imap4i_logged_in(imap4_session *s, void *account, uint32_t delimiter);
/* No mailbox, no account and nothing that ENABLE has switched on: as after the greeting.  TLS stays. */
void imap4i_logged_out(imap4_session *s);
/* Whether calls are possible: IMAP4_OK, IMAP4_ERR_REENTRANT or the fatal error. */
int imap4i_usable(const imap4_session *s);
/* Seconds since 1970-01-01 00:00:00 UTC, if |has_clock|. */
int64_t imap4i_time_of_day(const imap4_session *s);
/* After output was sent or a command ended: give memory back that is not needed. */
void imap4i_shrink(imap4_session *s);

/* capability.c: append the list of capabilities that hold now ("IMAP4rev1 ..."). */
bool imap4i_put_capabilities(const imap4_session *s, imap4i_buf *buf);
/* message_limit.c: messages that one command may be about, and that one COPY or APPEND may save; 0: any
 * number. */
uint32_t imap4i_message_limit(const imap4_session *s);
uint32_t imap4i_save_limit(const imap4_session *s);
/* quirks.c: what the client says of itself. */
void imap4i_quirks_from_id(imap4_session *s, const imap4i_id_args *id);
/* Whether passwords in plain text are allowed now. */
bool imap4i_plaintext_allowed(const imap4_session *s);
/* Whether a SASL mechanism (in upper case) is offered now. */
bool imap4i_mechanism_offered(const imap4_session *s, imap4_str mechanism);

#endif
