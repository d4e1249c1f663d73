/* SPDX-License-Identifier: MIT */
/*
 * The table's functions that have to do with an open mailbox.
 */
#include "memory/internal.h"

/* ---- open and close ------------------------------------------------------------------------- */

static struct memory_handle *handle_new(imap4_memory *memory, const imap4_open_args *args,
                                        struct memory_box *box) {
  struct memory_handle *handle = calloc(1, sizeof *handle);
  if (!handle) return NULL;
  struct memory_account *account = args->account;
  handle->box = box;
  handle->person = account->person;
  handle->session = args->session;
  handle->read_only = args->read_only || box->read_only;
  handle->next = box->handles;
  box->handles = handle;
  memory_ref(box);
  ++memory->counts.mailboxes;
  return handle;
}

void memory_handle_free(imap4_memory *memory, struct memory_handle *handle) {
  struct memory_handle **place = &handle->box->handles;
  while (*place != handle)
    place = &(*place)->next;
  *place = handle->next;
  memory_box_unref(handle->box);
  memory_scratch_free(&handle->scratch);
  free(handle);
  --memory->counts.mailboxes;
}

int memory_open(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_open_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  struct memory_box *box = memory_find_selectable(call.memory, account->person, args->name);
  if (call.status == IMAP4_OK && !box) call.status = IMAP4_ST_NONEXISTENT;
  if (call.status == IMAP4_OK) {
    result.mailbox = handle_new(call.memory, args, box);
    result.read_only = box->read_only;
    if (!result.mailbox) call.status = IMAP4_ST_TEMPFAIL;
  }
  if (result.mailbox) {
    call.yields = MEMORY_YIELDS_MAILBOX;
    call.yield = result.mailbox;
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

void memory_close(void *user, void *mailbox) {
  imap4_memory *memory = user;
  memory_lock(memory);
  memory_handle_free(memory, mailbox);
  memory_unlock(memory);
}

int memory_watch(void *user, imap4_session *session, void *mailbox, int32_t on) {
  struct memory_call call = memory_begin(user, session, 0);
  struct memory_handle *handle = mailbox;
  if (call.status == IMAP4_OK) handle->watching = on;
  memory_unlock(call.memory);
  return call.status;
}

/* A call on an open mailbox: fails if it was deleted, or may not be changed. */
static struct memory_call begin(void *user, imap4_session *session, imap4_op op,
                                const struct memory_handle *handle, int changes) {
  struct memory_call call = memory_begin(user, session, op);
  if (call.status == IMAP4_OK && handle->box->deleted) call.status = IMAP4_ST_NONEXISTENT;
  if (call.status == IMAP4_OK && changes && handle->read_only) call.status = IMAP4_ST_READONLY;
  return call;
}

int memory_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_box *box = handle->box;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_mailbox_state result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    size_t known = 0;
    imap4_str word;
    imap4_str rest = memory_text_str(&box->keywords);
    while (memory_next_word(&rest, &word))
      ++known;
    result.uidvalidity = box->uidvalidity;
    result.uidnext = box->uidnext;
    result.exists = (uint32_t)box->count;
    result.highest_modseq = box->highest_modseq;
    result.first_recent = box->first_recent;
    result.flags = IMAP4_FLAG_ALL;
    result.no_modseq = call.memory->config.no_modseq != 0;
    result.new_keywords = known < call.memory->config.keywords;
    if (!memory_scratch_str(&call.scratch, memory_text_str(&box->keywords), &result.keywords) ||
        !memory_box_id(box, &call.scratch, &result.mailbox_id)) {
      call.status = IMAP4_ST_TEMPFAIL;
    } else if (args->claim_recent) {
      box->first_recent = box->uidnext;
    }
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

/* ---- messages ------------------------------------------------------------------------------- */

static int fill_row(const struct memory_message *message, uint32_t attributes, imap4_row *row,
                    struct memory_scratch *scratch) {
  int ok = 1;
  *row = (imap4_row){.uid = message->uid};
  if (attributes & IMAP4_ATTR_FLAGS) {
    row->flags = message->flags;
    ok = memory_scratch_str(scratch, memory_text_str(&message->keywords), &row->keywords);
  }
  if (attributes & IMAP4_ATTR_INTERNALDATE) row->internaldate = message->date;
  if (attributes & IMAP4_ATTR_SIZE) row->size = message->content->text.n;
  if (attributes & IMAP4_ATTR_MODSEQ) row->modseq = message->modseq;
  if (ok && attributes & IMAP4_ATTR_DIGEST) {
    ok = memory_scratch_str(scratch, memory_text_str(&message->content->digest), &row->digest);
  }
  if (ok && attributes & IMAP4_ATTR_OBJECTID) {
    ok = memory_scratch_str(scratch, memory_text_str(&message->content->email_id), &row->email_id) &&
         memory_scratch_str(scratch, memory_text_str(&message->content->thread_id), &row->thread_id);
  }
  if (attributes & IMAP4_ATTR_SAVEDATE) row->saved = message->saved;
  return ok;
}

/* Messages of a query, one after the other. */
struct walk {
  const struct memory_box *box;
  const imap4_query_args *args;
  struct memory_found changed;
  size_t at;    /* in |changed|, or of the message, if that is not known */
  size_t range; /* of the query's UIDs: those before it are done */
};

static int walk_begin(struct walk *walk, const struct memory_box *box, const imap4_query_args *args,
                      size_t capacity, struct memory_scratch *scratch) {
  *walk =
      (struct walk){.box = box, .args = args, .range = memory_ranges_find(args->uids, args->after_uid + 1)};
  walk->at = memory_box_after(box, args->after_uid);
  if (args->changed_since == 0) return IMAP4_OK;
  int status =
      memory_index_changed(box, args->changed_since, args->after_uid, capacity, scratch, &walk->changed);
  if (walk->changed.known) walk->at = 0;
  return status;
}

/* The next message of the mailbox whose UID is asked for; |count|: there is none. */
static size_t next_in_ranges(struct walk *walk) {
  const struct memory_box *box = walk->box;
  imap4_uid_ranges uids = walk->args->uids;
  while (walk->at < box->count) {
    uint32_t uid = box->messages[walk->at].uid;
    while (walk->range < uids.n && uids.p[walk->range].last < uid)
      ++walk->range;
    if (uids.n == 0 || (walk->range < uids.n && uids.p[walk->range].first <= uid)) return walk->at++;
    if (walk->range == uids.n) break;
    walk->at = memory_box_after(box, uids.p[walk->range].first - 1);
  }
  return box->count;
}

/* The next message that meets the conditions; |count|: there is none. */
static size_t walk_next(struct walk *walk) {
  const struct memory_box *box = walk->box;
  imap4_uid_ranges uids = walk->args->uids;
  while (walk->changed.known && walk->at < walk->changed.n) {
    size_t i = walk->changed.p[walk->at++];
    if (uids.n == 0 || memory_ranges_has(uids, box->messages[i].uid)) return i;
  }
  if (walk->changed.known) return box->count;
  size_t i = next_in_ranges(walk);
  while (i < box->count && box->messages[i].modseq <= walk->args->changed_since)
    i = next_in_ranges(walk);
  return i;
}

static int fill_rows(imap4_memory *memory, const struct memory_box *box, const imap4_query_args *args,
                     imap4_query_result *result, struct memory_scratch *scratch) {
  uint32_t capacity = memory_count(memory, args->capacity, memory->config.page_rows);
  struct walk walk;
  int status = walk_begin(&walk, box, args, capacity, scratch);
  if (status) return status;
  imap4_row *rows = memory_scratch_alloc(scratch, capacity * sizeof *rows);
  if (!rows) return IMAP4_ST_TEMPFAIL;
  result->rows = rows;
  result->row_size = sizeof *rows;
  result->last = 1;
  for (size_t i; (i = walk_next(&walk)) < box->count;) {
    if (result->count == capacity) {
      result->last = 0;
      break;
    }
    if (!fill_row(&box->messages[i], args->attributes, &rows[result->count++], scratch))
      return IMAP4_ST_TEMPFAIL;
  }
  return IMAP4_OK;
}

int memory_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_query_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    call.status = fill_rows(call.memory, handle->box, args, &result, &call.scratch);
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

static int read_octets(imap4_memory *memory, const struct memory_box *box, const imap4_read_args *args,
                       imap4_read_result *result, struct memory_scratch *scratch) {
  size_t i = memory_box_find(box, args->uid);
  if (i == box->count) return IMAP4_ST_EXPUNGED;
  const struct memory_text *text = &box->messages[i].content->text;
  if (args->offset >= text->n) return IMAP4_ST_SERVERBUG;
  size_t n = text->n - (size_t)args->offset;
  uint32_t most = memory_count(memory, args->capacity, memory->config.read_octets);
  if (n > most) n = most;
  imap4_str data = memory_str(text->p + args->offset, n);
  return memory_scratch_str(scratch, data, &result->data) ? IMAP4_OK : IMAP4_ST_TEMPFAIL;
}

int memory_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_read_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    call.status = read_octets(call.memory, handle->box, args, &result, &call.scratch);
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

int memory_keep_digest(void *user, imap4_op op, const imap4_keep_digest_args *args, imap4_empty_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_box *box = handle->box;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_empty_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    size_t i = memory_box_find(box, args->uid);
    call.status =
        i < box->count ? memory_text_set(&box->messages[i].content->digest, args->digest) : IMAP4_ST_EXPUNGED;
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

int memory_store_flags(void *user, imap4_op op, const imap4_store_flags_args *args,
                       imap4_store_flags_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 1);
  imap4_store_flags_result result = {.struct_size = sizeof result};
  struct memory_ranges modified = {0};
  result.previous_modseq = handle->box->highest_modseq;
  if (call.status == IMAP4_OK) {
    call.status = memory_box_store(call.memory, handle->box, args, &modified, &call.scratch);
  }
  result.highest_modseq = handle->box->highest_modseq;
  result.modified = (imap4_uid_ranges){modified.p, modified.n};
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

int memory_expunge(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 1);
  imap4_empty_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    call.status = memory_box_expunge(call.memory, handle->box, args->uids, args->only_deleted);
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

/* ---- copy and move -------------------------------------------------------------------------- */

/* Copies that have not got their UIDs yet. */
struct batch {
  struct memory_message *messages;
  size_t count;
  uint64_t octets;
};

static void batch_free(struct batch *batch) {
  for (size_t i = 0; i < batch->count; ++i)
    memory_message_free(&batch->messages[i]);
  free(batch->messages);
}

static int batch_fill(imap4_memory *memory, struct memory_box *from, struct memory_box *to,
                      imap4_uid_ranges uids, struct batch *batch) {
  int status = IMAP4_OK;
  batch->messages = calloc(from->count + 1, sizeof *batch->messages);
  if (!batch->messages) return IMAP4_ST_TEMPFAIL;
  for (size_t i = 0; status == IMAP4_OK && i < from->count; ++i) {
    const struct memory_message *message = &from->messages[i];
    if (!memory_ranges_has(uids, message->uid)) continue;
    status = memory_box_learn(memory, to, memory_text_str(&message->keywords));
    if (status == IMAP4_OK) status = memory_message_copy(message, &batch->messages[batch->count]);
    if (status == IMAP4_OK) batch->messages[batch->count].saved = memory_now(memory);
    if (status == IMAP4_OK) batch->octets += batch->messages[batch->count++].content->text.n;
  }
  return status;
}

/* Give the batch its UIDs in |to| and say which became which. */
static int batch_put(struct batch *batch, struct memory_box *to, imap4_copy_result *result,
                     struct memory_scratch *scratch) {
  struct memory_ranges source = {0};
  struct memory_ranges target = {0};
  int status = memory_box_reserve(to, batch->count);
  for (size_t i = 0; status == IMAP4_OK && i < batch->count; ++i) {
    status = memory_ranges_add(&source, scratch, batch->messages[i].uid);
    if (status == IMAP4_OK) status = memory_ranges_add(&target, scratch, to->uidnext + (uint32_t)i);
  }
  if (status) return status;
  uint64_t modseq = to->highest_modseq + 1;
  for (size_t i = 0; i < batch->count; ++i)
    memory_box_put(to, &batch->messages[i], modseq);
  batch->count = 0;
  result->uidvalidity = to->uidvalidity;
  result->source = (imap4_uid_ranges){source.p, source.n};
  result->target = (imap4_uid_ranges){target.p, target.n};
  return IMAP4_OK;
}

static uint64_t ranges_count(imap4_uid_ranges ranges) {
  uint64_t count = 0;
  for (size_t i = 0; i < ranges.n; ++i)
    count += (uint64_t)ranges.p[i].last - ranges.p[i].first + 1;
  return count;
}

static int copy(struct memory_call *call, const imap4_copy_args *args, imap4_copy_result *result,
                int and_remove) {
  struct memory_handle *handle = args->mailbox;
  struct memory_box *to = memory_find_selectable(call->memory, handle->person, args->to);
  if (!to) return IMAP4_ST_NONEXISTENT;
  if (to->read_only) return IMAP4_ST_NOPERM;
  struct batch batch = {0};
  int status = batch_fill(call->memory, handle->box, to, args->uids, &batch);
  if (status == IMAP4_OK && !and_remove) {
    status = memory_quota_check(handle->person, batch.octets, batch.count, 0);
  }
  int any = batch.count > 0;
  if (status == IMAP4_OK && args->whole && batch.count < ranges_count(args->uids)) status = IMAP4_ST_EXPUNGED;
  if (status == IMAP4_OK && any) status = batch_put(&batch, to, result, &call->scratch);
  batch_free(&batch);
  if (status || !any) return status;
  if (and_remove) status = memory_box_expunge(call->memory, handle->box, result->source, 0);
  result->over_quota = !and_remove && memory_quota_soft(call->memory, handle->person);
  memory_box_changed(to);
  return status;
}

int memory_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_copy_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) call.status = copy(&call, args, &result, 0);
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

int memory_move(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 1);
  imap4_copy_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) call.status = copy(&call, args, &result, 1);
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

/* ---- what is gone --------------------------------------------------------------------------- */

static int by_uid(const void *a, const void *b) {
  const uint32_t *x = a;
  const uint32_t *y = b;
  return *x < *y ? -1 : *x > *y;
}

static int fill_vanished(imap4_memory *memory, const struct memory_box *box, const imap4_vanished_args *args,
                         imap4_vanished_result *result, struct memory_scratch *scratch) {
  if (args->since < box->forgotten_modseq) return IMAP4_ST_UNSUPPORTED;
  uint32_t capacity = memory_count(memory, args->capacity, memory->config.page_rows);
  struct memory_ranges ranges = {0};
  size_t first = box->gone_count;
  size_t n = 0;
  while (first > 0 && box->gone[first - 1].modseq > args->since)
    --first;
  uint32_t *uids = memory_scratch_alloc(scratch, (box->gone_count - first) * sizeof *uids);
  if (!uids) return IMAP4_ST_TEMPFAIL;
  for (size_t i = first; i < box->gone_count; ++i) {
    if (box->gone[i].uid > args->after_uid) uids[n++] = box->gone[i].uid;
  }
  qsort(uids, n, sizeof *uids, by_uid);
  result->last = 1;
  for (size_t i = 0; i < n; ++i) {
    int touches = ranges.n && ranges.p[ranges.n - 1].last == uids[i] - 1;
    if (ranges.n == capacity && !touches) {
      result->last = 0;
      break;
    }
    int status = memory_ranges_add(&ranges, scratch, uids[i]);
    if (status) return status;
  }
  result->uids = (imap4_uid_ranges){ranges.p, ranges.n};
  return IMAP4_OK;
}

int memory_vanished(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_vanished_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    call.status = fill_vanished(call.memory, handle->box, args, &result, &call.scratch);
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}

/* ---- what is there -------------------------------------------------------------------------- */

static int fill_uids(imap4_memory *memory, struct memory_box *box, const imap4_uids_args *args,
                     imap4_uids_result *result, struct memory_scratch *scratch) {
  const struct memory_index *index = &box->index;
  imap4_uid_ranges all = {index->runs, index->run_count};
  size_t from = args->after_uid < UINT32_MAX ? memory_ranges_find(all, args->after_uid + 1) : all.n;
  size_t n = memory_count(memory, args->capacity, memory->config.page_rows);
  if (n > all.n - from) n = all.n - from;
  imap4_uid_range *p = memory_scratch_alloc(scratch, n * sizeof *p);
  if (!p) return IMAP4_ST_TEMPFAIL;
  if (n) memcpy(p, all.p + from, n * sizeof *p);
  if (n && p[0].first <= args->after_uid) p[0].first = args->after_uid + 1;
  result->uids = (imap4_uid_ranges){p, n};
  result->last = from + n == all.n;
  if (args->wants_unseen) result->first_unseen = memory_index_first_unseen(box);
  return IMAP4_OK;
}

int memory_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  struct memory_handle *handle = args->mailbox;
  struct memory_call call = begin(user, args->session, op, handle, 0);
  imap4_uids_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) {
    call.status = fill_uids(call.memory, handle->box, args, &result, &call.scratch);
  }
  return memory_end(&call, &result, sizeof result, out, &handle->scratch);
}
