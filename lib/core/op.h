/* SPDX-License-Identifier: MIT */
/*
 * Operations: the one wrapper through which every call of the store goes.  It numbers calls, hides whether
 * the answer comes at once, inside the call or later, and checks every answer (contracts C4 and C10).
 *
 * A command fills an args struct (all but struct_size and session), sets its next phase and returns
 * imap4i_op_call(); in that phase, |session->op.status| and |session->op.result| hold the answer.  What the
 * result points to is valid until the session's next call of the store.
 */
#ifndef IMAP4I_OP_H
#define IMAP4I_OP_H

#include "base/arena.h"
#include "imap4/store.h"

enum {
  IMAP4I_OP_AUTHENTICATE,
  IMAP4I_OP_SASL,
  IMAP4I_OP_LIST,
  IMAP4I_OP_CREATE,
  IMAP4I_OP_REMOVE,
  IMAP4I_OP_RENAME,
  IMAP4I_OP_SUBSCRIBE,
  IMAP4I_OP_OPEN,
  IMAP4I_OP_POLL,
  IMAP4I_OP_QUERY,
  IMAP4I_OP_READ,
  IMAP4I_OP_APPEND_BEGIN,
  IMAP4I_OP_APPEND_MESSAGE,
  IMAP4I_OP_APPEND_WRITE,
  IMAP4I_OP_APPEND_COMMIT,
  IMAP4I_OP_STORE_FLAGS,
  IMAP4I_OP_EXPUNGE,
  IMAP4I_OP_COPY,
  IMAP4I_OP_MOVE,
  IMAP4I_OP_VANISHED,
  IMAP4I_OP_UIDS,
  IMAP4I_OP_STATUS,
  IMAP4I_OP_NAMESPACES,
  IMAP4I_OP_KEEP_DIGEST,
  IMAP4I_OP_REPLACE,
  IMAP4I_OP_QUOTA_ROOTS,
  IMAP4I_OP_QUOTA,
  IMAP4I_OP_SET_QUOTA,
  IMAP4I_OP_KINDS
};

enum {
  IMAP4I_OP_NONE,    /* no operation, or its answer is there */
  IMAP4I_OP_CALLING, /* inside the store's function */
  IMAP4I_OP_WAITING  /* the store said IMAP4_PENDING */
};

typedef union imap4i_result {
  imap4_authenticate_result authenticate;
  imap4_sasl_result sasl;
  imap4_list_result list;
  imap4_empty_result empty;
  imap4_open_result open;
  imap4_mailbox_state poll;
  imap4_query_result query;
  imap4_read_result read;
  imap4_append_begin_result append_begin;
  imap4_append_commit_result append_commit;
  imap4_store_flags_result store_flags;
  imap4_copy_result copy;
  imap4_vanished_result vanished;
  imap4_uids_result uids;
  imap4_status_result status;
  imap4_namespaces_result namespaces;
  imap4_quota_roots_result quota_roots;
  imap4_quota_result quota;
} imap4i_result;

typedef struct imap4i_op {
  imap4_op number; /* of the current or last operation */
  uint8_t kind;
  uint8_t state;
  bool completed;    /* imap4_op_complete() came */
  bool unsettled;    /* an answer that came late and was not checked yet */
  bool fresh;        /* the command has not seen the answer yet */
  int status;        /* IMAP4_OK or IMAP4_ST_* */
  uint32_t capacity; /* what the call allowed, to check the answer against */
  uint32_t after_uid;
  uint32_t attributes; /* or items of STATUS */
  imap4i_result result;
  imap4i_arena copies; /* of what a completion's result pointed to */
} imap4i_op;

/*
 * Call the store.  |args| is the args struct of |kind|.  Returns a step result: STEP_AGAIN when the answer is
 * there, STEP_WAIT_STORE when it comes later.  |session->op.status| is IMAP4_ST_UNSUPPORTED for an optional
 * member that is NULL.
 */
int imap4i_op_call(imap4_session *s, uint8_t kind, void *args);
/* Which UIDs the mailbox has, from |after| on; |unseen|: and which is the first without \Seen. */
int imap4i_op_uids(imap4_session *s, void *mailbox, uint32_t after, bool unseen);
/* Check an answer that came late; before the command sees it. */
void imap4i_op_settle(imap4_session *s);
/* Cancel the operation under way, if there is one. */
void imap4i_op_cancel(imap4_session *s);
/* Give back what an answer holds that no command has taken.  The command is freed already. */
void imap4i_op_free(imap4_session *s);

/* Calls that cannot fail and answer at once: an object is no longer used. */
void imap4i_op_close(imap4_session *s, void *mailbox);
void imap4i_op_abort(imap4_session *s, void *upload);
void imap4i_op_release(imap4_session *s, void *account);
void imap4i_op_sasl_abort(imap4_session *s, void *exchange);
/* Ask the store to watch the selected mailbox, or no longer; true if it does. */
bool imap4i_op_watch(imap4_session *s, void *mailbox, bool on);

/* The one authorisation point: may the session do |rights| with |name|?  IMAP4_OK or IMAP4_ST_*. */
int imap4i_authorize(imap4_session *s, imap4_str name, uint32_t rights);

/* Row |i| of the answer to a query, whatever size rows have for the store. */
imap4_row imap4i_op_row(const imap4_session *s, uint32_t i);
/* Entry |i| of the answer to list. */
imap4_mailbox_entry imap4i_op_entry(const imap4_session *s, uint32_t i);

#endif
