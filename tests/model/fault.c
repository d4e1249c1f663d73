/* SPDX-License-Identifier: MIT */
/* Stores with a planted fault each, to prove that the model finds it. */
#include "model.h"

#include <string.h>

/* The table in use, and what it has done so far: one world has a fault at a time. */
static struct {
  imap4_store table;
  const imap4_store *real;
  const world *w;
  unsigned calls;
  uint32_t hidden; /* expunges that are not told */
  imap4_row rows[1000];
  imap4_uid_range range;
} faulty;

/* Not at the first opportunity, and not for the test's own looks. */
static bool strikes(const imap4_session *session) {
  return session && ++faulty.calls > 1;
}

static int faulty_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  int status = faulty.real->query(user, op, args, out);
  if (status != IMAP4_OK || out->count == 0 || out->row_size != sizeof(imap4_row)) return status;
  fault f = faulty.w->setup.fault;
  bool changes = args->changed_since > 0;
  if (f == FAULT_FLAGS && changes && out->last && strikes(args->session)) out->count--;
  if (f == FAULT_MISSES && !changes && out->last && args->attributes & IMAP4_ATTR_SIZE &&
      strikes(args->session))
    out->count--;
  if (f != FAULT_FALLS || out->count > 1000) return status;
  memcpy(faulty.rows, out->rows, out->count * sizeof faulty.rows[0]);
  for (uint32_t i = 0; i < out->count; i++) {
    if (faulty.rows[i].modseq > 9 && faulty.rows[i].flags & IMAP4_FLAG_FLAGGED) faulty.rows[i].modseq -= 5;
  }
  out->rows = faulty.rows;
  return status;
}

static int faulty_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out) {
  int status = faulty.real->poll(user, op, args, out);
  if (status == IMAP4_OK && faulty.w->setup.fault == FAULT_EXPUNGE && args->session)
    out->exists += faulty.hidden;
  return status;
}

static int faulty_expunge(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out) {
  if (faulty.w->setup.fault == FAULT_EXPUNGE && strikes(args->session)) faulty.hidden = 1;
  return faulty.real->expunge(user, op, args, out);
}

static int faulty_vanished(void *user, imap4_op op, const imap4_vanished_args *args,
                           imap4_vanished_result *out) {
  int status = faulty.real->vanished(user, op, args, out);
  if (status != IMAP4_OK || out->uids.n == 0 || faulty.w->setup.fault != FAULT_VANISHED) return status;
  if (strikes(args->session)) out->uids.n--;
  return status;
}

static int faulty_store(void *user, imap4_op op, const imap4_store_flags_args *args,
                        imap4_store_flags_result *out) {
  imap4_store_flags_args changed = *args;
  if (faulty.w->setup.fault == FAULT_UNCHANGED) changed.unchanged_since = 0;
  return faulty.real->store_flags(user, op, &changed, out);
}

static int faulty_commit(void *user, imap4_op op, const imap4_upload_args *args,
                         imap4_append_commit_result *out) {
  int status = faulty.real->append_commit(user, op, args, out);
  if (status != IMAP4_OK || out->uids.n != 1 || faulty.w->setup.fault != FAULT_UID) return status;
  if (!strikes(args->session) || out->uids.p[0].first < 2) return status;
  faulty.range = (imap4_uid_range){out->uids.p[0].first - 1, out->uids.p[0].last - 1};
  out->uids.p = &faulty.range;
  return status;
}

const imap4_store *fault_table(world *w) {
  if (faulty.real == w->ground.table && faulty.w == w && w->server) return &faulty.table;
  memset(&faulty, 0, sizeof faulty);
  faulty.w = w;
  faulty.real = w->ground.table;
  memcpy(&faulty.table, faulty.real, faulty.real->struct_size);
  faulty.table.query = faulty_query;
  faulty.table.poll = faulty_poll;
  faulty.table.expunge = faulty_expunge;
  faulty.table.store_flags = faulty_store;
  faulty.table.append_commit = faulty_commit;
  if (faulty.table.vanished) faulty.table.vanished = faulty_vanished;
  return &faulty.table;
}
