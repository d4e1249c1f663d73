/* SPDX-License-Identifier: MIT */
/* Calls of the store, their completion and the checks of what it answers; see op.h. */
#include "core/op.h"

#include "core/answer.h"
#include "core/session.h"

/* Every args struct begins alike, so the wrapper can fill in what is the same for all. */
struct args_head {
  uint32_t struct_size;
  uint32_t second;
  imap4_session *session;
};

#define HEAD_FITS(type)                                                                                      \
  _Static_assert(offsetof(type, struct_size) == 0 &&                                                         \
                     offsetof(type, session) == offsetof(struct args_head, session),                         \
                 "args structs begin alike")
HEAD_FITS(imap4_authenticate_args);
HEAD_FITS(imap4_sasl_args);
HEAD_FITS(imap4_list_args);
HEAD_FITS(imap4_name_args);
HEAD_FITS(imap4_rename_args);
HEAD_FITS(imap4_open_args);
HEAD_FITS(imap4_poll_args);
HEAD_FITS(imap4_query_args);
HEAD_FITS(imap4_read_args);
HEAD_FITS(imap4_append_begin_args);
HEAD_FITS(imap4_append_message_args);
HEAD_FITS(imap4_append_write_args);
HEAD_FITS(imap4_upload_args);
HEAD_FITS(imap4_replace_args);
HEAD_FITS(imap4_store_flags_args);
HEAD_FITS(imap4_expunge_args);
HEAD_FITS(imap4_copy_args);
HEAD_FITS(imap4_vanished_args);
HEAD_FITS(imap4_uids_args);
HEAD_FITS(imap4_keep_digest_args);
HEAD_FITS(imap4_status_args);
HEAD_FITS(imap4_namespaces_args);
HEAD_FITS(imap4_quota_roots_args);
HEAD_FITS(imap4_quota_args);
HEAD_FITS(imap4_set_quota_args);

/* Sizes of args and result by kind. */
static const struct {
  uint16_t args;
  uint16_t result;
} sizes[IMAP4I_OP_KINDS] = {
    [IMAP4I_OP_AUTHENTICATE] = {sizeof(imap4_authenticate_args), sizeof(imap4_authenticate_result)},
    [IMAP4I_OP_SASL] = {sizeof(imap4_sasl_args), sizeof(imap4_sasl_result)},
    [IMAP4I_OP_LIST] = {sizeof(imap4_list_args), sizeof(imap4_list_result)},
    [IMAP4I_OP_CREATE] = {sizeof(imap4_name_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_REMOVE] = {sizeof(imap4_name_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_RENAME] = {sizeof(imap4_rename_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_SUBSCRIBE] = {sizeof(imap4_name_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_OPEN] = {sizeof(imap4_open_args), sizeof(imap4_open_result)},
    [IMAP4I_OP_POLL] = {sizeof(imap4_poll_args), sizeof(imap4_mailbox_state)},
    [IMAP4I_OP_QUERY] = {sizeof(imap4_query_args), sizeof(imap4_query_result)},
    [IMAP4I_OP_READ] = {sizeof(imap4_read_args), sizeof(imap4_read_result)},
    [IMAP4I_OP_APPEND_BEGIN] = {sizeof(imap4_append_begin_args), sizeof(imap4_append_begin_result)},
    [IMAP4I_OP_APPEND_MESSAGE] = {sizeof(imap4_append_message_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_APPEND_WRITE] = {sizeof(imap4_append_write_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_APPEND_COMMIT] = {sizeof(imap4_upload_args), sizeof(imap4_append_commit_result)},
    [IMAP4I_OP_REPLACE] = {sizeof(imap4_replace_args), sizeof(imap4_append_commit_result)},
    [IMAP4I_OP_STORE_FLAGS] = {sizeof(imap4_store_flags_args), sizeof(imap4_store_flags_result)},
    [IMAP4I_OP_EXPUNGE] = {sizeof(imap4_expunge_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_COPY] = {sizeof(imap4_copy_args), sizeof(imap4_copy_result)},
    [IMAP4I_OP_MOVE] = {sizeof(imap4_copy_args), sizeof(imap4_copy_result)},
    [IMAP4I_OP_VANISHED] = {sizeof(imap4_vanished_args), sizeof(imap4_vanished_result)},
    [IMAP4I_OP_UIDS] = {sizeof(imap4_uids_args), sizeof(imap4_uids_result)},
    [IMAP4I_OP_KEEP_DIGEST] = {sizeof(imap4_keep_digest_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_STATUS] = {sizeof(imap4_status_args), sizeof(imap4_status_result)},
    [IMAP4I_OP_NAMESPACES] = {sizeof(imap4_namespaces_args), sizeof(imap4_namespaces_result)},
    [IMAP4I_OP_QUOTA_ROOTS] = {sizeof(imap4_quota_roots_args), sizeof(imap4_quota_roots_result)},
    [IMAP4I_OP_QUOTA] = {sizeof(imap4_quota_args), sizeof(imap4_quota_result)},
    [IMAP4I_OP_SET_QUOTA] = {sizeof(imap4_set_quota_args), sizeof(imap4_empty_result)},
};

/* A result that has grown: what a store gives that was compiled before that.  What it lacks reads as zero. */
static uint32_t oldest_result(uint8_t kind) {
  switch (kind) {
  case IMAP4I_OP_STATUS:
    return offsetof(imap4_status_result, known);
  case IMAP4I_OP_POLL:
    return offsetof(imap4_mailbox_state, mailbox_id);
  case IMAP4I_OP_APPEND_COMMIT:
    return offsetof(imap4_append_commit_result, over_quota);
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    return offsetof(imap4_copy_result, over_quota);
  default:
    return sizes[kind].result;
  }
}

/* ---- calling -------------------------------------------------------------------------------- */

static int call_optional(imap4_session *s, uint8_t kind, const void *args, imap4i_result *out) {
  const imap4_store *t = &s->server->store;
  void *user = s->server->store_user;
  imap4_op op = s->op.number;
  switch (kind) {
  case IMAP4I_OP_SASL:
    return t->sasl ? t->sasl(user, op, args, &out->sasl) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_COPY:
    return t->copy ? t->copy(user, op, args, &out->copy) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_MOVE:
    return t->move ? t->move(user, op, args, &out->copy) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_VANISHED:
    return t->vanished ? t->vanished(user, op, args, &out->vanished) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_REPLACE:
    return t->replace ? t->replace(user, op, args, &out->append_commit) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_UIDS:
    return t->uids ? t->uids(user, op, args, &out->uids) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_KEEP_DIGEST:
    return t->keep_digest ? t->keep_digest(user, op, args, &out->empty) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_STATUS:
    return t->status ? t->status(user, op, args, &out->status) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_NAMESPACES:
    return t->namespaces ? t->namespaces(user, op, args, &out->namespaces) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_QUOTA_ROOTS:
    return t->quota_roots ? t->quota_roots(user, op, args, &out->quota_roots) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_QUOTA:
    return t->quota ? t->quota(user, op, args, &out->quota) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_SET_QUOTA:
    return t->set_quota ? t->set_quota(user, op, args, &out->empty) : IMAP4_ST_UNSUPPORTED;
  default:
    return IMAP4_ST_SERVERBUG;
  }
}

static int call_required(imap4_session *s, uint8_t kind, const void *args, imap4i_result *out) {
  const imap4_store *t = &s->server->store;
  void *user = s->server->store_user;
  imap4_op op = s->op.number;
  switch (kind) {
  case IMAP4I_OP_AUTHENTICATE:
    return t->authenticate(user, op, args, &out->authenticate);
  case IMAP4I_OP_LIST:
    return t->list(user, op, args, &out->list);
  case IMAP4I_OP_CREATE:
    return t->create(user, op, args, &out->empty);
  case IMAP4I_OP_REMOVE:
    return t->remove(user, op, args, &out->empty);
  case IMAP4I_OP_RENAME:
    return t->rename(user, op, args, &out->empty);
  case IMAP4I_OP_SUBSCRIBE:
    return t->subscribe(user, op, args, &out->empty);
  case IMAP4I_OP_OPEN:
    return t->open(user, op, args, &out->open);
  case IMAP4I_OP_POLL:
    return t->poll(user, op, args, &out->poll);
  case IMAP4I_OP_QUERY:
    return t->query(user, op, args, &out->query);
  case IMAP4I_OP_READ:
    return t->read(user, op, args, &out->read);
  case IMAP4I_OP_APPEND_BEGIN:
    return t->append_begin(user, op, args, &out->append_begin);
  case IMAP4I_OP_APPEND_MESSAGE:
    return t->append_message(user, op, args, &out->empty);
  case IMAP4I_OP_APPEND_WRITE:
    return t->append_write(user, op, args, &out->empty);
  case IMAP4I_OP_APPEND_COMMIT:
    return t->append_commit(user, op, args, &out->append_commit);
  case IMAP4I_OP_STORE_FLAGS:
    return t->store_flags(user, op, args, &out->store_flags);
  case IMAP4I_OP_EXPUNGE:
    return t->expunge(user, op, args, &out->empty);
  default:
    return call_optional(s, kind, args, out);
  }
}

void imap4i_op_close(imap4_session *s, void *mailbox) {
  s->calling++;
  s->server->store.close(s->server->store_user, mailbox);
  s->calling--;
}

void imap4i_op_abort(imap4_session *s, void *upload) {
  s->calling++;
  s->server->store.append_abort(s->server->store_user, upload);
  s->calling--;
}

void imap4i_op_release(imap4_session *s, void *account) {
  s->calling++;
  s->server->store.release(s->server->store_user, account);
  s->calling--;
}

void imap4i_op_sasl_abort(imap4_session *s, void *exchange) {
  s->calling++;
  s->server->store.sasl_abort(s->server->store_user, exchange);
  s->calling--;
}

bool imap4i_op_watch(imap4_session *s, void *mailbox, bool on) {
  if (!s->server->store.watch) return false;
  s->calling++;
  int status = s->server->store.watch(s->server->store_user, s, mailbox, on);
  s->calling--;
  return status == IMAP4_OK;
}

/* The object that an answer yields; NULL if there is none. */
static void *object_of(const imap4_session *s) {
  const imap4i_result *r = &s->op.result;
  switch (s->op.kind) {
  case IMAP4I_OP_AUTHENTICATE:
    return r->authenticate.account;
  case IMAP4I_OP_SASL:
    return r->sasl.done ? r->sasl.account : r->sasl.exchange;
  case IMAP4I_OP_OPEN:
    return r->open.mailbox;
  case IMAP4I_OP_APPEND_BEGIN:
    return r->append_begin.upload;
  default:
    return NULL;
  }
}

/* Objects in an answer that no command will take are given back. */
static void give_back(imap4_session *s) {
  const imap4i_result *r = &s->op.result;
  if (!object_of(s)) return;
  switch (s->op.kind) {
  case IMAP4I_OP_AUTHENTICATE:
    imap4i_op_release(s, r->authenticate.account);
    break;
  case IMAP4I_OP_SASL:
    if (r->sasl.done) {
      imap4i_op_release(s, r->sasl.account);
    } else {
      imap4i_op_sasl_abort(s, r->sasl.exchange);
    }
    break;
  case IMAP4I_OP_OPEN:
    imap4i_op_close(s, r->open.mailbox);
    break;
  case IMAP4I_OP_APPEND_BEGIN:
    imap4i_op_abort(s, r->append_begin.upload);
    break;
  default:
    break;
  }
}

/* The answer is complete: make sure that it is one. */
static void settle(imap4_session *s, int status) {
  s->op.status = imap4i_answer_status(status);
  s->op.fresh = s->op.status == IMAP4_OK;
  if (s->op.status != IMAP4_OK || imap4i_answer_valid(s)) return;
  s->op.status = IMAP4_ST_SERVERBUG;
  s->op.fresh = false;
  give_back(s);
}

void imap4i_op_settle(imap4_session *s) {
  if (!s->op.unsettled) return;
  s->op.unsettled = false;
  settle(s, s->op.status);
}

/* ---- completion ----------------------------------------------------------------------------- */

/* What was copied or appended is there: without memory for the UIDs, they are not known, but it is no failure
 * that would have the client do it again.  False for other answers. */
static bool forget_uids(imap4i_op *op) {
  static const imap4_uid_range some = {1, 1}; /* that anything was copied */
  imap4_copy_result *copy = &op->result.copy;
  imap4_append_commit_result *commit = &op->result.append_commit;
  switch (op->kind) {
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    copy->uidvalidity = 0;
    copy->source = copy->target = (imap4_uid_ranges){&some, copy->source.n > 0 ? 1 : 0};
    return true;
  case IMAP4I_OP_APPEND_COMMIT:
  case IMAP4I_OP_REPLACE:
    commit->uidvalidity = 0;
    commit->uids = (imap4_uid_ranges){NULL, 0};
    return true;
  default:
    return false;
  }
}

/* There was no memory for the copy: what the result points to will be gone, and must not be looked at any
 * more.  Objects in it must not be lost, so a step of SASL stays one until the session ends.  Returns the
 * status. */
static int drop_result(imap4_session *s) {
  imap4i_op *op = &s->op;
  if (s->mem.ceiling_hit && forget_uids(op)) return IMAP4_OK;
  bool sasl = op->kind == IMAP4I_OP_SASL;
  if (sasl) {
    op->result.sasl.challenge = (imap4_str){NULL, 0};
  } else {
    memset(&op->result, 0, sizeof op->result);
  }
  if (s->mem.ceiling_hit && !sasl) return IMAP4_ST_LIMIT;
  s->fatal = IMAP4_ERR_NOMEM;
  return sasl ? IMAP4_OK : IMAP4_ST_TEMPFAIL;
}

int imap4_op_complete(imap4_session *s, imap4_op number, int status, const void *result) {
  if (!s) return IMAP4_ERR_INVALID;
  imap4i_op *op = &s->op;
  if (op->state == IMAP4I_OP_NONE || op->number != number || op->completed) return IMAP4_ERR_STALE_OP;
  if (status == IMAP4_PENDING || (status == IMAP4_OK && !result)) return IMAP4_ERR_INVALID;
  if (status == IMAP4_OK) {
    uint32_t given;
    memcpy(&given, result, sizeof given);
    if (given < oldest_result(op->kind)) return IMAP4_ERR_VERSION;
    size_t n = imap4i_min(given, sizes[op->kind].result);
    memmove(&op->result, result, n); /* a store may give what it was given to fill in */
    memset((char *)&op->result + n, 0, sizeof op->result - n);
    if (!imap4i_answer_copy(op, s->limits->digest_octets)) status = drop_result(s);
  }
  op->completed = true;
  if (op->state == IMAP4I_OP_WAITING) {
    op->state = IMAP4I_OP_NONE;
    op->unsettled = true; /* checked in the next step: nothing of the store is called from in here */
    s->runnable = true;
  }
  op->status = status; /* or it is checked when the store's function returns */
  return IMAP4_OK;
}

/* What the call allows the answer to hold. */
static void note_bounds(imap4i_op *op, uint8_t kind, const void *args) {
  op->capacity = 0;
  op->after_uid = 0;
  op->attributes = 0;
  switch (kind) {
  case IMAP4I_OP_QUERY:
    op->capacity = ((const imap4_query_args *)args)->capacity;
    op->after_uid = ((const imap4_query_args *)args)->after_uid;
    op->attributes = ((const imap4_query_args *)args)->attributes;
    break;
  case IMAP4I_OP_VANISHED:
    op->capacity = ((const imap4_vanished_args *)args)->capacity;
    op->after_uid = ((const imap4_vanished_args *)args)->after_uid;
    break;
  case IMAP4I_OP_UIDS:
    op->capacity = ((const imap4_uids_args *)args)->capacity;
    op->after_uid = ((const imap4_uids_args *)args)->after_uid;
    break;
  case IMAP4I_OP_LIST:
    op->capacity = ((const imap4_list_args *)args)->capacity;
    break;
  case IMAP4I_OP_STATUS:
    op->attributes = ((const imap4_status_args *)args)->items;
    break;
  case IMAP4I_OP_READ:
    op->capacity = ((const imap4_read_args *)args)->capacity;
    break;
  default:
    break;
  }
}

int imap4i_op_call(imap4_session *s, uint8_t kind, void *args) {
  imap4i_op *op = &s->op;
  struct args_head *head = args;
  head->struct_size = sizes[kind].args;
  head->session = s;
  imap4i_arena_free(&op->copies);
  op->number++;
  op->kind = kind;
  op->completed = false;
  memset(&op->result, 0, sizeof op->result);
  uint32_t size = sizes[kind].result;
  memcpy(&op->result, &size, sizeof size);
  note_bounds(op, kind, args);
  op->state = IMAP4I_OP_CALLING;
  s->calling++;
  int status = call_required(s, kind, args, &op->result);
  s->calling--;
  op->state = IMAP4I_OP_NONE;
  if (status == IMAP4_PENDING) {
    if (op->completed) {
      settle(s, op->status);
      return IMAP4I_STEP_AGAIN;
    }
    if (!s->server->store.cancel) {
      s->fatal = IMAP4_ERR_CALLBACK; /* it could never be ended */
      return IMAP4_ERR_CALLBACK;
    }
    op->state = IMAP4I_OP_WAITING;
    return IMAP4I_STEP_WAIT_STORE;
  }
  settle(s, op->completed ? IMAP4_ST_SERVERBUG : status); /* two answers are none */
  return IMAP4I_STEP_AGAIN;
}

int imap4i_op_uids(imap4_session *s, void *mailbox, uint32_t after, bool unseen) {
  enum { RANGES = 8 }; /* for each row that a page of these may have: they are much smaller */
  uint32_t rows = s->limits->query_rows;
  imap4_uids_args args = {.after_uid = after,
                          .mailbox = mailbox,
                          .capacity = rows < UINT32_MAX / RANGES ? rows * RANGES : UINT32_MAX,
                          .wants_unseen = unseen};
  return imap4i_op_call(s, IMAP4I_OP_UIDS, &args);
}

void imap4i_op_cancel(imap4_session *s) {
  if (s->op.state != IMAP4I_OP_WAITING) return;
  s->op.state = IMAP4I_OP_NONE;
  s->calling++;
  s->server->store.cancel(s->server->store_user, s, s->op.number);
  s->calling--;
}

void imap4i_op_free(imap4_session *s) {
  imap4i_op_settle(s);
  if (s->op.fresh) give_back(s);
  s->op.fresh = false;
  imap4i_arena_free(&s->op.copies);
}

int imap4i_authorize(imap4_session *s, imap4_str name, uint32_t rights) {
  if (!s->server->store.authorize) return IMAP4_OK;
  imap4_authorize_args args = {
      .struct_size = sizeof args, .rights = rights, .session = s, .account = s->account, .name = name};
  s->calling++;
  int status = imap4i_answer_status(s->server->store.authorize(s->server->store_user, &args));
  s->calling--;
  return status;
}
