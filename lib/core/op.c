/* SPDX-License-Identifier: MIT */
/* Calls of the store, their completion and the checks of what it answers; see op.h. */
#include "core/op.h"

#include "base/uidset.h"
#include "base/utf7.h"
#include "base/utf8.h"
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
HEAD_FITS(imap4_store_flags_args);
HEAD_FITS(imap4_expunge_args);
HEAD_FITS(imap4_copy_args);
HEAD_FITS(imap4_vanished_args);
HEAD_FITS(imap4_keep_digest_args);
HEAD_FITS(imap4_status_args);
HEAD_FITS(imap4_namespaces_args);

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
    [IMAP4I_OP_STORE_FLAGS] = {sizeof(imap4_store_flags_args), sizeof(imap4_store_flags_result)},
    [IMAP4I_OP_EXPUNGE] = {sizeof(imap4_expunge_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_COPY] = {sizeof(imap4_copy_args), sizeof(imap4_copy_result)},
    [IMAP4I_OP_MOVE] = {sizeof(imap4_copy_args), sizeof(imap4_copy_result)},
    [IMAP4I_OP_VANISHED] = {sizeof(imap4_vanished_args), sizeof(imap4_vanished_result)},
    [IMAP4I_OP_KEEP_DIGEST] = {sizeof(imap4_keep_digest_args), sizeof(imap4_empty_result)},
    [IMAP4I_OP_STATUS] = {sizeof(imap4_status_args), sizeof(imap4_status_result)},
    [IMAP4I_OP_NAMESPACES] = {sizeof(imap4_namespaces_args), sizeof(imap4_namespaces_result)},
};

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
  case IMAP4I_OP_KEEP_DIGEST:
    return t->keep_digest ? t->keep_digest(user, op, args, &out->empty) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_STATUS:
    return t->status ? t->status(user, op, args, &out->status) : IMAP4_ST_UNSUPPORTED;
  case IMAP4I_OP_NAMESPACES:
    return t->namespaces ? t->namespaces(user, op, args, &out->namespaces) : IMAP4_ST_UNSUPPORTED;
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

/* ---- checking ------------------------------------------------------------------------------- */

/* Whatever number a store returns, commands see IMAP4_OK or an IMAP4_ST_* that has a defined answer. */
static int known_status(int status) {
  if (status == IMAP4_OK || (status <= IMAP4_ST_NONEXISTENT && status >= IMAP4_ST_TEMPFAIL)) return status;
  if (status == IMAP4_ERR_NOMEM) return IMAP4_ST_TEMPFAIL;
  return IMAP4_ST_SERVERBUG;
}

/* A stride must hold the oldest form of its struct and keep its members aligned. */
static bool stride_valid(uint32_t stride, size_t minimum) {
  enum { TIMES = 8 }; /* a struct never grows beyond that */
  return stride >= minimum && stride <= minimum * TIMES && stride % sizeof(void *) == 0;
}

static bool rows_valid(const imap4_session *s, const imap4_query_result *r) {
  uint32_t after = s->op.after_uid;
  if (r->count > s->op.capacity ||
      (r->count > 0 && (!r->rows || !stride_valid(r->row_size, sizeof(imap4_row)))))
    return false;
  if (r->count == 0 && !r->last) return false; /* no progress */
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    if (row.uid <= after || (row.keywords.n > 0 && !row.keywords.p) || (row.digest.n > 0 && !row.digest.p))
      return false;
    after = row.uid;
  }
  return true;
}

/* UTF-8 without control characters. */
static bool name_valid(imap4_str name) {
  if (name.n > 0 && !name.p) return false;
  while (name.n > 0) {
    uint32_t cp;
    int n = imap4i_utf8_decode(name, &cp);
    if (n <= 0 || !imap4i_is_name_char(cp)) return false;
    name = imap4i_tail(name, (size_t)n);
  }
  return true;
}

static bool entry_valid(const imap4_mailbox_entry *e) {
  return e->name.n > 0 && name_valid(e->name);
}

static bool entries_valid(const imap4_session *s, const imap4_list_result *r) {
  imap4_str before = {NULL, 0};
  if (r->count > s->op.capacity ||
      (r->count > 0 && (!r->entries || !stride_valid(r->entry_size, sizeof(imap4_mailbox_entry)))))
    return false;
  if (r->count == 0 && !r->last) return false;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_mailbox_entry e = imap4i_op_entry(s, i);
    if (!entry_valid(&e)) return false;
    if (i > 0 && imap4_mailbox_compare(before, e.name, s->delimiter) >= 0) return false;
    before = e.name;
  }
  return true;
}

/* Ranges may stand in any order (COPYUID pairs source and target), but each must be one. */
static bool each_range_valid(imap4_uid_ranges r) {
  if (r.n > 0 && !r.p) return false;
  for (size_t i = 0; i < r.n; i++) {
    if (r.p[i].first == 0 || r.p[i].first > r.p[i].last) return false;
  }
  return true;
}

static bool vanished_valid(const imap4_session *s, const imap4_vanished_result *r) {
  if (!imap4i_ranges_valid(r->uids) || r->uids.n > s->op.capacity) return false;
  if (r->uids.n == 0) return r->last != 0; /* else there would be no progress */
  return r->uids.p[0].first > s->op.after_uid;
}

static bool poll_valid(const imap4_mailbox_state *r) {
  return r->uidvalidity > 0 && r->uidnext > 0 && r->highest_modseq > 0 &&
         (r->keywords.n == 0 || r->keywords.p);
}

#define NAMESPACES_MAX 64

static bool namespaces_valid(const imap4_namespaces_result *r) {
  if (r->count > NAMESPACES_MAX) return false;
  if (r->count > 0 && (!r->entries || !stride_valid(r->entry_size, sizeof(imap4_namespace)))) return false;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_namespace n;
    memcpy(&n, (const char *)r->entries + (size_t)i * r->entry_size, sizeof n);
    if (!name_valid(n.prefix) || !imap4i_delimiter_valid(n.delimiter)) return false;
  }
  return true;
}

static bool result_valid(const imap4_session *s) {
  const imap4i_result *r = &s->op.result;
  switch (s->op.kind) {
  case IMAP4I_OP_AUTHENTICATE:
    return r->authenticate.account && imap4i_delimiter_valid(r->authenticate.delimiter);
  case IMAP4I_OP_OPEN:
    return r->open.mailbox != NULL;
  case IMAP4I_OP_APPEND_BEGIN:
    return r->append_begin.upload != NULL;
  case IMAP4I_OP_SASL:
    /* A refusal here would leave nobody to end the exchange; the command copes with what is wrong. */
    return true;
  case IMAP4I_OP_LIST:
    return entries_valid(s, &r->list);
  case IMAP4I_OP_POLL:
    return poll_valid(&r->poll);
  case IMAP4I_OP_QUERY:
    return rows_valid(s, &r->query);
  case IMAP4I_OP_READ:
    return r->read.data.n > 0 && r->read.data.p && r->read.data.n <= s->op.capacity;
  case IMAP4I_OP_APPEND_COMMIT:
    return each_range_valid(r->append_commit.uids);
  case IMAP4I_OP_STORE_FLAGS:
    return imap4i_ranges_valid(r->store_flags.modified);
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    return each_range_valid(r->copy.source) && each_range_valid(r->copy.target) &&
           imap4i_ranges_count(r->copy.source) == imap4i_ranges_count(r->copy.target);
  case IMAP4I_OP_VANISHED:
    return vanished_valid(s, &r->vanished);
  case IMAP4I_OP_NAMESPACES:
    return namespaces_valid(&r->namespaces);
  case IMAP4I_OP_STATUS:
    return r->status.uidnext > 0 && r->status.uidvalidity > 0 && r->status.unseen <= r->status.messages &&
           r->status.recent <= r->status.messages;
  default:
    return true;
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
  s->op.status = known_status(status);
  s->op.fresh = s->op.status == IMAP4_OK;
  if (s->op.status != IMAP4_OK || result_valid(s)) return;
  s->op.status = IMAP4_ST_SERVERBUG;
  s->op.fresh = false;
  give_back(s);
}

void imap4i_op_settle(imap4_session *s) {
  if (!s->op.unsettled) return;
  s->op.unsettled = false;
  settle(s, s->op.status);
}

imap4_row imap4i_op_row(const imap4_session *s, uint32_t i) {
  imap4_row row;
  const imap4_query_result *r = &s->op.result.query;
  memcpy(&row, (const char *)r->rows + (size_t)i * r->row_size, sizeof row);
  return row;
}

imap4_mailbox_entry imap4i_op_entry(const imap4_session *s, uint32_t i) {
  imap4_mailbox_entry entry;
  const imap4_list_result *r = &s->op.result.list;
  memcpy(&entry, (const char *)r->entries + (size_t)i * r->entry_size, sizeof entry);
  return entry;
}

/* ---- completion ----------------------------------------------------------------------------- */

static bool copy_octets(imap4i_arena *arena, const void **p, uint64_t size) {
  if (!*p || size == 0) return true;
  if (size > SIZE_MAX / 2) return false;
  void *q = imap4i_arena_alloc(arena, (size_t)size);
  if (!q) return false;
  memcpy(q, *p, (size_t)size);
  *p = q;
  return true;
}

static bool copy_str(imap4i_arena *arena, imap4_str *s) {
  const void *p = s->p;
  if (!copy_octets(arena, &p, s->n)) return false;
  s->p = p;
  return true;
}

static bool copy_ranges(imap4i_arena *arena, imap4_uid_ranges *r) {
  const void *p = r->p;
  if (r->n > SIZE_MAX / 2 / sizeof *r->p || !copy_octets(arena, &p, r->n * sizeof *r->p)) return false;
  r->p = p;
  return true;
}

/* Arrays are checked against what was asked for before they are copied. */
static bool copy_rows(imap4i_op *op, uint32_t digest_octets) {
  imap4_query_result *r = &op->result.query;
  if (r->count > op->capacity || !stride_valid(r->row_size, sizeof(imap4_row))) return true;
  const void *p = r->rows;
  if (!copy_octets(&op->copies, &p, (uint64_t)r->count * r->row_size)) return false;
  r->rows = p;
  if (!p) return true;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row *row = (void *)((char *)(uintptr_t)p + (size_t)i * r->row_size);
    if (row->digest.n > digest_octets) row->digest.n = 0; /* it would not be used either */
    if (!copy_str(&op->copies, &row->keywords) || !copy_str(&op->copies, &row->digest)) return false;
  }
  return true;
}

static bool copy_entries(imap4i_op *op) {
  imap4_list_result *r = &op->result.list;
  if (r->count > op->capacity || !stride_valid(r->entry_size, sizeof(imap4_mailbox_entry))) return true;
  const void *p = r->entries;
  if (!copy_octets(&op->copies, &p, (uint64_t)r->count * r->entry_size)) return false;
  r->entries = p;
  if (!p) return true;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_mailbox_entry *e = (void *)((char *)(uintptr_t)p + (size_t)i * r->entry_size);
    if (!copy_str(&op->copies, &e->name)) return false;
  }
  return true;
}

static bool copy_namespaces(imap4i_op *op) {
  imap4_namespaces_result *r = &op->result.namespaces;
  if (r->count == 0 || r->count > NAMESPACES_MAX || !stride_valid(r->entry_size, sizeof(imap4_namespace)))
    return true;
  const void *p = r->entries;
  if (!copy_octets(&op->copies, &p, (uint64_t)r->count * r->entry_size)) return false;
  r->entries = p;
  if (!p) return true;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_namespace *n = (void *)((char *)(uintptr_t)p + (size_t)i * r->entry_size);
    if (!copy_str(&op->copies, &n->prefix)) return false;
  }
  return true;
}

/* Copy what the result points to: it is the host's only until imap4_op_complete() returns. */
static bool copy_result(imap4i_op *op, uint32_t digest_octets) {
  imap4i_result *r = &op->result;
  switch (op->kind) {
  case IMAP4I_OP_SASL:
    return copy_str(&op->copies, &r->sasl.challenge);
  case IMAP4I_OP_LIST:
    return copy_entries(op);
  case IMAP4I_OP_POLL:
    return copy_str(&op->copies, &r->poll.keywords);
  case IMAP4I_OP_QUERY:
    return copy_rows(op, digest_octets);
  case IMAP4I_OP_READ:
    return r->read.data.n > op->capacity || copy_str(&op->copies, &r->read.data);
  case IMAP4I_OP_APPEND_COMMIT:
    return copy_ranges(&op->copies, &r->append_commit.uids);
  case IMAP4I_OP_STORE_FLAGS:
    return copy_ranges(&op->copies, &r->store_flags.modified);
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    return copy_ranges(&op->copies, &r->copy.source) && copy_ranges(&op->copies, &r->copy.target);
  case IMAP4I_OP_VANISHED:
    return copy_ranges(&op->copies, &r->vanished.uids);
  case IMAP4I_OP_NAMESPACES:
    return copy_namespaces(op);
  default:
    return true;
  }
}

/* There was no memory for the copy: what the result points to will be gone, and must not be looked at any
 * more.  Objects in it must not be lost, so a step of SASL stays one until the session ends.  Returns the
 * status. */
static int drop_result(imap4_session *s) {
  imap4i_op *op = &s->op;
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
    if (given < sizes[op->kind].result) return IMAP4_ERR_VERSION;
    memcpy(&op->result, result, sizes[op->kind].result);
    if (!copy_result(op, s->limits->digest_octets)) status = drop_result(s);
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
  switch (kind) {
  case IMAP4I_OP_QUERY:
    op->capacity = ((const imap4_query_args *)args)->capacity;
    op->after_uid = ((const imap4_query_args *)args)->after_uid;
    break;
  case IMAP4I_OP_VANISHED:
    op->capacity = ((const imap4_vanished_args *)args)->capacity;
    op->after_uid = ((const imap4_vanished_args *)args)->after_uid;
    break;
  case IMAP4I_OP_LIST:
    op->capacity = ((const imap4_list_args *)args)->capacity;
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
  int status = known_status(s->server->store.authorize(s->server->store_user, &args));
  s->calling--;
  return status;
}
