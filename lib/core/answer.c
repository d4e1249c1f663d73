/* SPDX-License-Identifier: MIT */
/* What stores answer: whether it keeps to the rules of store.h, and a copy of it for when it came late.
 * Nothing else in the library looks at an answer that was not found good here (contract C10). */
#include "core/answer.h"

#include "base/uidset.h"
#include "base/utf7.h"
#include "base/utf8.h"
#include "core/session.h"

/* Whatever number a store returns, commands see IMAP4_OK or an IMAP4_ST_* that has a defined answer. */
int imap4i_answer_status(int status) {
  if (status == IMAP4_OK || (status <= IMAP4_ST_NONEXISTENT && status >= IMAP4_ST_UNKNOWNCTE)) return status;
  if (status == IMAP4_ERR_NOMEM) return IMAP4_ST_TEMPFAIL;
  return IMAP4_ST_SERVERBUG;
}

/* A stride must hold the oldest form of its struct and keep its members aligned. */
static bool stride_valid(uint32_t stride, size_t minimum) {
  enum { TIMES = 8 }; /* a struct never grows beyond that */
  return stride >= minimum && stride <= minimum * TIMES && stride % sizeof(void *) == 0;
}

/* Rows were shorter in older stores; what they lack reads as zero. */
#define OLDEST_ROW offsetof(imap4_row, email_id)

/* objectid (RFC 8474 section 7), or empty. */
static bool object_id_valid(imap4_str id) {
  if (id.n > 0 && !id.p) return false;
  return id.n == 0 || imap4i_is_object_id(id);
}

/* RFC 7162 section 3.1: 63 bits. */
static bool modseq_valid(uint64_t modseq) {
  return modseq > 0 && modseq <= INT64_MAX;
}

static bool rows_valid(const imap4_session *s, const imap4_query_result *r) {
  uint32_t after = s->op.after_uid;
  if (r->count > s->op.capacity || (r->count > 0 && (!r->rows || !stride_valid(r->row_size, OLDEST_ROW))))
    return false;
  if (r->count == 0 && !r->last) return false; /* no progress */
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row row = imap4i_op_row(s, i);
    if (s->op.attributes & IMAP4_ATTR_MODSEQ && !modseq_valid(row.modseq)) return false;
    if (s->op.attributes & IMAP4_ATTR_SIZE && row.size > INT64_MAX) return false; /* no number64 */
    if (row.uid <= after || (row.keywords.n > 0 && !row.keywords.p) || (row.digest.n > 0 && !row.digest.p))
      return false;
    if (!object_id_valid(row.email_id) || !object_id_valid(row.thread_id)) return false;
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

/* A page of UIDs. */
static bool uids_valid(const imap4_session *s, imap4_uid_ranges uids, int32_t last) {
  if (uids.n > s->op.capacity || !imap4i_ranges_valid(uids)) return false;
  if (uids.n == 0) return last != 0; /* else there would be no progress */
  return uids.p[0].first > s->op.after_uid;
}

static bool poll_valid(const imap4_mailbox_state *r) {
  return r->uidvalidity > 0 && r->uidnext > 0 && modseq_valid(r->highest_modseq) &&
         (r->keywords.n == 0 || r->keywords.p) && object_id_valid(r->mailbox_id);
}

/* A part of the messages is not more than all; what was not asked for need not be there to compare with. */
static bool status_valid(const imap4_session *s, const imap4_status_result *r) {
  uint32_t all = s->op.attributes & IMAP4_STATUS_MESSAGES ? r->messages : UINT32_MAX;
  return r->uidnext > 0 && r->uidvalidity > 0 && r->unseen <= all && r->recent <= all && r->deleted <= all &&
         r->size <= INT64_MAX && r->highest_modseq <= INT64_MAX && r->deleted_storage <= INT64_MAX &&
         object_id_valid(r->mailbox_id);
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

#define QUOTA_ROOTS_MAX 64

static bool quota_roots_valid(const imap4_quota_roots_result *r) {
  if (r->count > QUOTA_ROOTS_MAX || (r->count > 0 && !r->roots)) return false;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_str root = r->roots[i];
    if (root.n > 0 && (!root.p || memchr(root.p, 0, root.n) || !imap4i_utf8_valid(root))) return false;
  }
  return true;
}

bool imap4i_answer_valid(const imap4_session *s) {
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
  case IMAP4I_OP_REPLACE:
    return each_range_valid(r->append_commit.uids);
  case IMAP4I_OP_STORE_FLAGS:
    return imap4i_ranges_valid(r->store_flags.modified) && r->store_flags.highest_modseq <= INT64_MAX;
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    return each_range_valid(r->copy.source) && each_range_valid(r->copy.target) &&
           imap4i_ranges_count(r->copy.source) == imap4i_ranges_count(r->copy.target);
  case IMAP4I_OP_VANISHED:
    return uids_valid(s, r->vanished.uids, r->vanished.last);
  case IMAP4I_OP_UIDS:
    return uids_valid(s, r->uids.uids, r->uids.last);
  case IMAP4I_OP_NAMESPACES:
    return namespaces_valid(&r->namespaces);
  case IMAP4I_OP_QUOTA_ROOTS:
    return quota_roots_valid(&r->quota_roots);
  case IMAP4I_OP_STATUS:
    return status_valid(s, &r->status);
  default:
    return true;
  }
}

imap4_row imap4i_op_row(const imap4_session *s, uint32_t i) {
  imap4_row row = {0};
  const imap4_query_result *r = &s->op.result.query;
  size_t n = r->row_size < sizeof row ? OLDEST_ROW : sizeof row;
  memcpy(&row, (const char *)r->rows + (size_t)i * r->row_size, n);
  return row;
}

imap4_mailbox_entry imap4i_op_entry(const imap4_session *s, uint32_t i) {
  imap4_mailbox_entry entry;
  const imap4_list_result *r = &s->op.result.list;
  memcpy(&entry, (const char *)r->entries + (size_t)i * r->entry_size, sizeof entry);
  return entry;
}

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
  if (r->count > op->capacity || !stride_valid(r->row_size, OLDEST_ROW)) return true;
  const void *p = r->rows;
  if (!copy_octets(&op->copies, &p, (uint64_t)r->count * r->row_size)) return false;
  r->rows = p;
  if (!p) return true;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row *row = (void *)((char *)(uintptr_t)p + (size_t)i * r->row_size);
    if (row->digest.n > digest_octets) row->digest.n = 0; /* it would not be used either */
    if (!copy_str(&op->copies, &row->keywords) || !copy_str(&op->copies, &row->digest)) return false;
    if (r->row_size < sizeof *row) continue;
    if (!copy_str(&op->copies, &row->email_id) || !copy_str(&op->copies, &row->thread_id)) return false;
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

static bool copy_quota_roots(imap4i_op *op) {
  imap4_quota_roots_result *r = &op->result.quota_roots;
  if (r->count > QUOTA_ROOTS_MAX) return true; /* it will not be looked at */
  const void *p = r->roots;
  if (!copy_octets(&op->copies, &p, (uint64_t)r->count * sizeof *r->roots)) return false;
  imap4_str *roots = (void *)(uintptr_t)p;
  r->roots = roots;
  for (uint32_t i = 0; roots && i < r->count; i++) {
    if (!copy_str(&op->copies, &roots[i])) return false;
  }
  return true;
}

/* Copy what the result points to: it is the host's only until imap4_op_complete() returns. */
bool imap4i_answer_copy(imap4i_op *op, uint32_t digest_octets) {
  imap4i_result *r = &op->result;
  switch (op->kind) {
  case IMAP4I_OP_SASL:
    return copy_str(&op->copies, &r->sasl.challenge);
  case IMAP4I_OP_LIST:
    return copy_entries(op);
  case IMAP4I_OP_POLL:
    return copy_str(&op->copies, &r->poll.keywords) && copy_str(&op->copies, &r->poll.mailbox_id);
  case IMAP4I_OP_STATUS:
    return copy_str(&op->copies, &r->status.mailbox_id);
  case IMAP4I_OP_QUERY:
    return copy_rows(op, digest_octets);
  case IMAP4I_OP_READ:
    return r->read.data.n > op->capacity || copy_str(&op->copies, &r->read.data);
  case IMAP4I_OP_APPEND_COMMIT:
  case IMAP4I_OP_REPLACE:
    return copy_ranges(&op->copies, &r->append_commit.uids);
  case IMAP4I_OP_STORE_FLAGS:
    return copy_ranges(&op->copies, &r->store_flags.modified);
  case IMAP4I_OP_COPY:
  case IMAP4I_OP_MOVE:
    return copy_ranges(&op->copies, &r->copy.source) && copy_ranges(&op->copies, &r->copy.target);
  case IMAP4I_OP_VANISHED:
    return copy_ranges(&op->copies, &r->vanished.uids);
  case IMAP4I_OP_UIDS:
    return copy_ranges(&op->copies, &r->uids.uids);
  case IMAP4I_OP_NAMESPACES:
    return copy_namespaces(op);
  case IMAP4I_OP_QUOTA_ROOTS:
    return copy_quota_roots(op);
  default:
    return true;
  }
}
