/* SPDX-License-Identifier: MIT */
/*
 * Commands: the row of the dispatch table, the command under way, and how it answers.
 *
 * A command is an enum of phases and a step() that does one of them.  It sets its next phase before it calls
 * the store, and it ends by setting a reply and returning IMAP4I_STEP_DONE; the run loop then announces
 * what has changed in the selected mailbox and sends the reply.
 */
#ifndef IMAP4I_DISPATCH_H
#define IMAP4I_DISPATCH_H

#include "core/session.h"

typedef struct imap4i_command imap4i_command;

/* States in which a command is allowed, as bits. */
#define IMAP4I_IN_NOT_AUTHENTICATED (1u << IMAP4_STATE_NOT_AUTHENTICATED)
#define IMAP4I_IN_AUTHENTICATED (1u << IMAP4_STATE_AUTHENTICATED)
#define IMAP4I_IN_SELECTED (1u << IMAP4_STATE_SELECTED)
#define IMAP4I_IN_LOGGED_IN (IMAP4I_IN_AUTHENTICATED | IMAP4I_IN_SELECTED)
#define IMAP4I_IN_ANY (IMAP4I_IN_NOT_AUTHENTICATED | IMAP4I_IN_LOGGED_IN)

/* What a command means for the others. */
#define IMAP4I_USES_SEQS                                                                                     \
  0x01u /* its arguments are sequence numbers: no EXPUNGE while it runs (RFC 3501 7.4.1) */
#define IMAP4I_STREAMS 0x02u    /* takes message literals as they come */
#define IMAP4I_NO_SYNC 0x04u    /* nothing is announced at its end */
#define IMAP4I_SELECTS 0x10u    /* a failure leaves no mailbox selected */
#define IMAP4I_IDLES 0x20u      /* waits for news */
#define IMAP4I_READS 0x40u      /* changes nothing that a client would have to know */
#define IMAP4I_EXPUNGES 0x80u   /* its OK tells HIGHESTMODSEQ if messages are gone (RFC 7162) */
#define IMAP4I_CHECKPOINT 0x08u /* the poll at its end does housekeeping */
#define IMAP4I_BY_NUMBER 0x100u /* names or tells messages by sequence numbers: not there with UIDONLY */

typedef struct imap4i_row {
  const char *namez;
  bool uid; /* the form after "UID" */
  uint8_t states;
  uint16_t flags;
  uint16_t context; /* octets of the command's own struct */
  uint64_t feature; /* that it belongs to; 0: always there */
  imap4i_parse_function parse;
  int (*step)(imap4i_command *command);
  void (*end)(imap4i_command *command); /* frees what the context holds beside the arena, or NULL */
} imap4i_row;

struct imap4i_command {
  imap4_session *s;
  const imap4i_row *row; /* NULL: unknown or refused, only the reply is sent */
  imap4i_arena arena;
  imap4i_buf text; /* its octets; arguments point into them */
  imap4_str tag;   /* empty: "*" */
  imap4i_args args;
  void *context;
  int phase;           /* of the command's own enum; starts at 0 */
  uint8_t stage;       /* IMAP4I_STAGE_* */
  uint8_t reply;       /* IMAP4I_OK, _NO, _BAD */
  bool line_open;      /* a response is half written: nothing else may be */
  uint8_t starts;      /* IMAP4I_LAYER_*: when OK is written */
  bool hands_over;     /* the line that it has read is the next command */
  bool keeps_seqs;     /* no VANISHED at its end: a UID SEARCH with sequence numbers */
  uint8_t expunged;    /* IMAP4I_GONE_*: messages that were asked for are gone, and OK becomes NO */
  uint32_t done;       /* of |total| messages, for INPROGRESS */
  uint32_t total;      /* 0: not known */
  uint32_t lowest_uid; /* done for this message and those above it: the others were too many; 0: for all */
  imap4_str code;      /* response code without brackets; in the arena or static */
  imap4_str reply_text;
};

/* RFC 2180 section 4.1: UID commands pass over what is gone, others must say so; nobody may take an answer
 * with holes for a whole one. */
enum { IMAP4I_GONE_NONE, IMAP4I_GONE_SOME, IMAP4I_GONE_HALF };
enum { IMAP4I_STAGE_RUN, IMAP4I_STAGE_SYNC, IMAP4I_STAGE_REPLY };
enum { IMAP4I_OK, IMAP4I_NO, IMAP4I_BAD };

/* lib/cmd/dispatch.c: the row of a command that is there for this session; NULL if there is none. */
const imap4i_row *imap4i_dispatch(const imap4_session *s, imap4_str name, bool uid);

/* run.c: a parser of |text| for the syntax that this session speaks now. */
void imap4i_session_parser(const imap4_session *s, imap4_str text, imap4i_arena *arena,
                           imap4i_parser *parser);

/* run.c: may the literal at the end of |text| be taken?  |refusal| says why not; |streams|: it is a message
 * and the command is to begin now. */
int imap4i_command_probe(imap4_session *s, imap4_str text, bool *streams, imap4i_refusal *refusal);
/* Free the command under way. */
void imap4i_command_free(imap4_session *s);

/* Set the reply; all return IMAP4I_STEP_DONE. */
int imap4i_reply(imap4i_command *c, uint8_t reply, imap4_str code, imap4_str text);
int imap4i_reply_ok(imap4i_command *c, imap4_str text);
/* NO with the response code that belongs to a store's status. */
int imap4i_reply_status(imap4i_command *c, int status);
/* The same for a mailbox that was to be written to: NONEXISTENT becomes TRYCREATE. */
int imap4i_reply_target(imap4i_command *c, int status);
/* BAD for a sequence number that no message has. */
int imap4i_reply_no_message(imap4i_command *c);
/* "CAPABILITY ..." as the code of an OK. */
int imap4i_reply_capabilities(imap4i_command *c, imap4_str text);
/* A literal was promised and can't be kept: the connection must end (never a short literal). */
int imap4i_die_in_literal(imap4i_command *c);
/* "* NO [OVERQUOTA]": done, but a soft quota is exceeded (RFC 9208 section 4.3.1).  STEP_AGAIN, or wait. */
int imap4i_tell_over_quota(imap4i_command *c);

/* message_limit.c: of more messages than one command may be about, |uids| keeps the highest, and the OK of
 * the command will say so (RFC 9738). */
void imap4i_limit_messages(imap4i_command *c, imap4i_uidset *uids);
/* "MESSAGELIMIT limit uid"; |uid| 0: it is not known. */
bool imap4i_put_message_limit(imap4i_buf *buf, uint32_t limit, uint32_t uid);
/* NO with that as its code: nothing was done, and |uid| is the lowest that would not have been too many. */
int imap4i_reply_too_many(imap4i_command *c, uint32_t limit, uint32_t uid);

/*
 * Responses are written to |s->out| piece by piece.  A piece that can't be written for want of memory leaves
 * no trace: imap4i_begin_piece() before, imap4i_end_piece() with the outcome after it, which gives a step
 * result or the error.
 */
size_t imap4i_begin_piece(const imap4i_command *c);
int imap4i_end_piece(imap4i_command *c, size_t mark, bool ok);

/* sync.c: announce changes of the selected mailbox.  |expunges|: EXPUNGE may be sent; |uid|: FETCH carries
 * UIDs.  Steps until IMAP4I_STEP_DONE. */
void imap4i_sync_begin(imap4_session *s, bool expunges, bool uid);
int imap4i_sync_step(imap4_session *s, bool checkpoint);
/* "* FLAGS" and "* OK [PERMANENTFLAGS" of a state. */
bool imap4i_put_flags_line(imap4_session *s, const imap4_mailbox_state *state);
bool imap4i_put_permanent_line(imap4_session *s, const imap4_mailbox_state *state);
/* "* n FETCH (" of a message in the view, or "* uid UIDFETCH (" (RFC 9586 section 3.3): whatever is told of a
 * message begins like this. */
bool imap4i_put_fetch_head(imap4_session *s, uint32_t uid);
/* "* n FETCH (FLAGS ...)" of a row whose UID is in the view, with the UID if |uid|; UID and MODSEQ are there
 * when the client has enabled CONDSTORE (RFC 7162 section 3.2.4). */
bool imap4i_put_flags_row(imap4_session *s, const imap4_row *row, bool uid);
/* The same without FLAGS; only where mod-sequences are shown. */
bool imap4i_put_modseq_row(imap4_session *s, const imap4_row *row);

/* lib/cmd: one step function per command, and what must be freed. */
int imap4i_cmd_capability(imap4i_command *c);
int imap4i_cmd_noop(imap4i_command *c);
int imap4i_cmd_logout(imap4i_command *c);
int imap4i_cmd_id(imap4i_command *c);
int imap4i_cmd_enable(imap4i_command *c);
int imap4i_cmd_namespace(imap4i_command *c);
int imap4i_cmd_starttls(imap4i_command *c);
int imap4i_cmd_login(imap4i_command *c);
int imap4i_cmd_authenticate(imap4i_command *c);
void imap4i_cmd_authenticate_end(imap4i_command *c);
int imap4i_cmd_getquota(imap4i_command *c);
int imap4i_cmd_getquotaroot(imap4i_command *c);
int imap4i_cmd_setquota(imap4i_command *c);
int imap4i_cmd_compress(imap4i_command *c);
int imap4i_cmd_unauthenticate(imap4i_command *c);
int imap4i_cmd_select(imap4i_command *c);
int imap4i_cmd_examine(imap4i_command *c);
void imap4i_cmd_select_end(imap4i_command *c);
int imap4i_cmd_unselect(imap4i_command *c);
int imap4i_cmd_close(imap4i_command *c);
int imap4i_cmd_create(imap4i_command *c);
int imap4i_cmd_delete(imap4i_command *c);
int imap4i_cmd_rename(imap4i_command *c);
void imap4i_cmd_rename_end(imap4i_command *c);
int imap4i_cmd_subscribe(imap4i_command *c);
int imap4i_cmd_unsubscribe(imap4i_command *c);
int imap4i_cmd_list(imap4i_command *c);
int imap4i_cmd_lsub(imap4i_command *c);
void imap4i_cmd_list_end(imap4i_command *c);
int imap4i_cmd_status(imap4i_command *c);
void imap4i_cmd_status_end(imap4i_command *c);
int imap4i_cmd_append(imap4i_command *c);
void imap4i_cmd_append_end(imap4i_command *c);
int imap4i_cmd_append_parse(imap4i_parser *parser, imap4i_args *args);
int imap4i_cmd_replace(imap4i_command *c);
int imap4i_cmd_replace_parse(imap4i_parser *parser, imap4i_args *args);
int imap4i_cmd_expunge(imap4i_command *c);
int imap4i_cmd_uid_expunge(imap4i_command *c);
void imap4i_cmd_uid_expunge_end(imap4i_command *c);
int imap4i_cmd_uidbatches(imap4i_command *c);
int imap4i_cmd_search(imap4i_command *c);
void imap4i_cmd_search_end(imap4i_command *c);
int imap4i_cmd_fetch(imap4i_command *c);
void imap4i_cmd_fetch_end(imap4i_command *c);
int imap4i_cmd_store(imap4i_command *c);
void imap4i_cmd_store_end(imap4i_command *c);
int imap4i_cmd_copy(imap4i_command *c);
int imap4i_cmd_move(imap4i_command *c);
void imap4i_cmd_copy_end(imap4i_command *c);
int imap4i_cmd_idle(imap4i_command *c);
void imap4i_cmd_idle_end(imap4i_command *c);

#endif
