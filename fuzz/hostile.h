/* SPDX-License-Identifier: MIT */
/*
 * A store between the library and the memory store.  For each call it takes an octet of a schedule, and from
 * it how the call is answered: at once, inside the call or later; well, with an error, with less than could
 * be given, or with something that no store may answer.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "fuzz.h"
#include "memory/memory.h"

/* So many messages are taken; more would only take time. */
#define HOSTILE_MESSAGES 300

typedef struct hostile {
  imap4_store table; /* for imap4_config.store; the user is this struct */
  const imap4_store *real;
  imap4_memory *memory;
  imap4_str schedule;
  size_t at;
  bool lies;
  bool fails;
  uint32_t manner; /* of the call under way */
  bool little;
  uint64_t messages;
  imap4_row *rows;
  imap4_mailbox_entry *entries;
} hostile;

/* Bits 0 and 1: the manner.  Bits 2 to 4: what is done. */
enum { HOSTILE_WELL, HOSTILE_LITTLE = 4, HOSTILE_ERROR, HOSTILE_ANY_STATUS, HOSTILE_LIE };

static inline unsigned hostile_next(hostile *h) {
  if (h->schedule.n == 0) return 0;
  return (unsigned char)h->schedule.p[h->at++ % h->schedule.n];
}

/* A choice among |n| lies; 0: no lie. */
static inline unsigned hostile_begin(hostile *h) {
  static const int statuses[] = {1000, -1, -100, -101, -103, -5, 2, -99};
  unsigned choice = hostile_next(h);
  unsigned what = choice >> 2 & 7;
  h->manner = (choice & 3) == 3 ? IMAP4_MEMORY_NOW : choice & 3;
  h->little = what == HOSTILE_LITTLE;
  if (what == HOSTILE_ERROR && h->fails)
    imap4_memory_fail(h->memory, 1, IMAP4_ST_NONEXISTENT - (int)(hostile_next(h) % 22));
  if (what == HOSTILE_ANY_STATUS && h->lies) imap4_memory_fail(h->memory, 1, statuses[choice >> 5]);
  if (what != HOSTILE_LIE || !h->lies) return 0;
  h->manner = IMAP4_MEMORY_NOW;
  return 1 + hostile_next(h);
}

static inline uint32_t hostile_manner(void *user, uint64_t call) {
  hostile *h = user;
  (void)call;
  return h->manner;
}

static inline uint32_t hostile_count(void *user, uint32_t capacity) {
  hostile *h = user;
  return h->little ? 1 : capacity;
}

static inline imap4_str hostile_words(unsigned lie) {
  static const char *const words[] = {"a\r\n* BYE b", "\\Seen ( \"", "x  y",
                                      "\0 NUL",       "{5}\r\nabc",  "\xff\x80"};
  const char *word = words[lie % IMAP4I_COUNT(words)];
  return imap4i_str(word, word[0] ? strlen(word) : 5);
}

/* ---- lies ----------------------------------------------------------------------------------- */

static inline void hostile_spoil_row(imap4_row *row, const imap4_query_args *args, unsigned lie) {
  switch (lie % 12) {
  case 0:
    row->uid = 0;
    break;
  case 1:
    row->uid = args->after_uid;
    break;
  case 2:
    row->uid = UINT32_MAX;
    break;
  case 3:
    row->size += 1;
    break;
  case 4:
    row->size = row->size ? row->size - 1 : UINT64_MAX;
    break;
  case 5:
    row->size = UINT64_MAX;
    break;
  case 6:
    row->keywords = hostile_words(lie / 12);
    break;
  case 7:
    row->digest = IMAP4I_S("IMD2 and no digest");
    break;
  case 8:
    row->digest.n = row->digest.n / 2;
    break;
  case 9:
    row->modseq = 0;
    break;
  case 10:
    row->flags = UINT32_MAX;
    break;
  default:
    row->internaldate = (imap4_date){lie & 16 ? INT64_MAX : INT64_MIN, lie & 32 ? INT32_MAX : INT32_MIN, 1};
  }
}

static inline void hostile_spoil_query(hostile *h, const imap4_query_args *args, imap4_query_result *out,
                                       unsigned lie) {
  free(h->rows);
  h->rows = malloc((out->count + 1) * sizeof *h->rows);
  FUZZ_CHECK(h->rows);
  if (out->count > 0) memcpy(h->rows, out->rows, out->count * sizeof *h->rows);
  out->rows = h->rows;
  switch (lie % 8) {
  case 0:
    out->count = args->capacity + 1;
    break;
  case 1:
    out->count = 0;
    out->last = 0;
    break;
  case 2:
    out->row_size = lie & 8 ? 8 : lie & 16 ? sizeof(imap4_row) + 1 : 0;
    break;
  case 3:
    out->rows = NULL;
    break;
  case 4:
    out->last = !out->last;
    break;
  case 5:
    out->count /= 2;
    break;
  default:
    if (out->count > 0) hostile_spoil_row(&h->rows[lie % out->count], args, lie / 8);
  }
}

static inline void hostile_spoil_read(hostile *h, const imap4_read_args *args, imap4_read_result *out,
                                      unsigned lie) {
  static const char zeros[64];
  (void)h;
  switch (lie % 5) {
  case 0:
    out->data.n = (size_t)args->capacity + 1;
    break;
  case 1:
    out->data.n = 0;
    break;
  case 2:
    out->data.p = NULL;
    break;
  case 3:
    out->data.n = 1;
    break;
  default:
    out->data = imap4i_str(zeros, imap4i_min(out->data.n, sizeof zeros));
  }
}

static inline void hostile_spoil_poll(hostile *h, const imap4_poll_args *args, imap4_mailbox_state *out,
                                      unsigned lie) {
  (void)h;
  (void)args;
  switch (lie % 13) {
  case 0:
    out->uidvalidity = 0;
    break;
  case 1:
    out->uidvalidity++;
    break;
  case 2:
    out->uidnext = 0;
    break;
  case 3:
    out->uidnext = UINT32_MAX;
    break;
  case 4:
    out->uidnext = 1;
    break;
  case 5:
    out->exists = 0;
    break;
  case 6:
    out->exists = UINT32_MAX;
    break;
  case 7:
    out->highest_modseq = 0;
    break;
  case 8:
    out->highest_modseq = UINT64_MAX;
    break;
  case 9:
    out->highest_modseq = 1;
    break;
  case 10:
    out->first_recent = UINT32_MAX;
    break;
  case 11:
    out->keywords = hostile_words(lie / 13);
    break;
  default:
    out->flags = UINT32_MAX;
  }
}

static inline void hostile_spoil_list(hostile *h, const imap4_list_args *args, imap4_list_result *out,
                                      unsigned lie) {
  free(h->entries);
  h->entries = malloc((out->count + 1) * sizeof *h->entries);
  FUZZ_CHECK(h->entries);
  if (out->count > 0) memcpy(h->entries, out->entries, out->count * sizeof *h->entries);
  out->entries = h->entries;
  if (lie % 4 == 0) out->count = args->capacity + 1;
  if (lie % 4 == 1) out->last = !out->last;
  if (lie % 4 == 2) out->entry_size = lie & 4 ? 0 : 1;
  if (lie % 4 != 3 || out->count == 0) return;
  imap4_mailbox_entry *entry = &h->entries[lie / 4 % out->count];
  if (lie & 32) entry->attributes = UINT32_MAX;
  if (lie & 64) entry->name = hostile_words(lie / 4);
  if (lie & 128) entry->name.n = 0;
}

static const imap4_uid_range hostile_ranges[] = {{5, 1}, {0, 0}, {1, UINT32_MAX}, {1, 1}, {1, 1}, {3, 4}};

static inline imap4_uid_ranges hostile_any_ranges(unsigned lie) {
  size_t first = lie % IMAP4I_COUNT(hostile_ranges);
  return (imap4_uid_ranges){hostile_ranges + first, lie / 8 % (IMAP4I_COUNT(hostile_ranges) - first + 1)};
}

static inline void hostile_spoil_append_commit(hostile *h, const imap4_upload_args *args,
                                               imap4_append_commit_result *out, unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1)
    out->uidvalidity = lie & 64 ? 0 : out->uidvalidity;
  else
    out->uids = hostile_any_ranges(lie / 2);
}

static inline void hostile_spoil_copy(hostile *h, const imap4_copy_args *args, imap4_copy_result *out,
                                      unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1) out->source = hostile_any_ranges(lie / 2);
  if (lie & 2) out->target = hostile_any_ranges(lie / 4);
  if ((lie & 3) == 0) out->uidvalidity = lie & 4 ? 0 : UINT32_MAX;
}

static inline void hostile_spoil_vanished(hostile *h, const imap4_vanished_args *args,
                                          imap4_vanished_result *out, unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1) out->last = !out->last;
  if (lie & 2) out->uids = hostile_any_ranges(lie / 4);
}

static inline void hostile_spoil_uids(hostile *h, const imap4_uids_args *args, imap4_uids_result *out,
                                      unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1) out->last = !out->last;
  if (lie & 2) out->uids = hostile_any_ranges(lie / 4);
  if (lie & 128) out->first_unseen = lie & 64 ? UINT32_MAX : 3;
}

static inline void hostile_spoil_store_flags(hostile *h, const imap4_store_flags_args *args,
                                             imap4_store_flags_result *out, unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1) out->modified = hostile_any_ranges(lie / 8);
  if (lie & 2) out->previous_modseq = UINT64_MAX;
  if (lie & 4) out->highest_modseq = lie & 128 ? UINT64_MAX : 0;
}

static inline void hostile_spoil_status(hostile *h, const imap4_status_args *args, imap4_status_result *out,
                                        unsigned lie) {
  (void)h;
  (void)args;
  out->messages = lie & 1 ? UINT32_MAX : 0;
  out->uidnext = lie & 2 ? UINT32_MAX : 0;
  out->uidvalidity = lie & 4 ? UINT32_MAX : 0;
}

static inline void hostile_spoil_authenticate(hostile *h, const imap4_authenticate_args *args,
                                              imap4_authenticate_result *out, unsigned lie) {
  static const uint32_t delimiters[] = {'\r', '*', '"', 300, 0, '.', 0x7f, ' '};
  (void)h;
  (void)args;
  out->delimiter = delimiters[lie % 8];
}

static inline void hostile_spoil_open(hostile *h, const imap4_open_args *args, imap4_open_result *out,
                                      unsigned lie) {
  (void)h;
  (void)args;
  out->read_only = (int32_t)lie;
}

static inline void hostile_spoil_sasl(hostile *h, const imap4_sasl_args *args, imap4_sasl_result *out,
                                      unsigned lie) {
  (void)h;
  (void)args;
  if (lie & 1)
    out->challenge = (imap4_str){NULL, 7};
  else
    out->delimiter = '%';
}

static inline void hostile_spoil_none(hostile *h, const void *args, imap4_empty_result *out, unsigned lie) {
  (void)h;
  (void)args;
  out->struct_size = lie;
}

/* ---- the table ------------------------------------------------------------------------------ */

#define HOSTILE_WRAP(name, spoil, args_type, result_type)                                                    \
  static inline int hostile_##name(void *user, imap4_op op, const args_type *args, result_type *out) {       \
    hostile *h = user;                                                                                       \
    unsigned lie = hostile_begin(h);                                                                         \
    int status = h->real->name(h->memory, op, args, out);                                                    \
    if (status == IMAP4_OK && lie > 0) hostile_spoil_##spoil(h, args, out, lie - 1);                         \
    return status;                                                                                           \
  }

HOSTILE_WRAP(authenticate, authenticate, imap4_authenticate_args, imap4_authenticate_result)
HOSTILE_WRAP(list, list, imap4_list_args, imap4_list_result)
HOSTILE_WRAP(create, none, imap4_name_args, imap4_empty_result)
HOSTILE_WRAP(remove, none, imap4_name_args, imap4_empty_result)
HOSTILE_WRAP(rename, none, imap4_rename_args, imap4_empty_result)
HOSTILE_WRAP(subscribe, none, imap4_name_args, imap4_empty_result)
HOSTILE_WRAP(open, open, imap4_open_args, imap4_open_result)
HOSTILE_WRAP(poll, poll, imap4_poll_args, imap4_mailbox_state)
HOSTILE_WRAP(query, query, imap4_query_args, imap4_query_result)
HOSTILE_WRAP(read, read, imap4_read_args, imap4_read_result)
HOSTILE_WRAP(append_commit, append_commit, imap4_upload_args, imap4_append_commit_result)
HOSTILE_WRAP(append_write, none, imap4_append_write_args, imap4_empty_result)
HOSTILE_WRAP(store_flags, store_flags, imap4_store_flags_args, imap4_store_flags_result)
HOSTILE_WRAP(expunge, none, imap4_expunge_args, imap4_empty_result)
HOSTILE_WRAP(move, copy, imap4_copy_args, imap4_copy_result)
HOSTILE_WRAP(vanished, vanished, imap4_vanished_args, imap4_vanished_result)
HOSTILE_WRAP(uids, uids, imap4_uids_args, imap4_uids_result)
HOSTILE_WRAP(keep_digest, none, imap4_keep_digest_args, imap4_empty_result)
HOSTILE_WRAP(status, status, imap4_status_args, imap4_status_result)
HOSTILE_WRAP(sasl, sasl, imap4_sasl_args, imap4_sasl_result)

static inline void hostile_spoil_append_begin(hostile *h, const imap4_append_begin_args *args,
                                              imap4_append_begin_result *out, unsigned lie) {
  (void)h;
  (void)args;
  out->struct_size = lie;
}
HOSTILE_WRAP(append_begin, append_begin, imap4_append_begin_args, imap4_append_begin_result)

/* Messages are counted: a client can double their number with each command. */
static inline int hostile_append_message(void *user, imap4_op op, const imap4_append_message_args *args,
                                         imap4_empty_result *out) {
  hostile *h = user;
  if (h->messages >= HOSTILE_MESSAGES) return IMAP4_ST_OVERQUOTA;
  h->messages++;
  (void)hostile_begin(h);
  return h->real->append_message(h->memory, op, args, out);
}

static inline int hostile_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  hostile *h = user;
  for (size_t i = 0; i < args->uids.n; i++)
    h->messages += args->uids.p[i].last - args->uids.p[i].first + 1;
  if (h->messages >= HOSTILE_MESSAGES) return IMAP4_ST_OVERQUOTA;
  unsigned lie = hostile_begin(h);
  int status = h->real->copy(h->memory, op, args, out);
  if (status == IMAP4_OK && lie > 0) hostile_spoil_copy(h, args, out, lie - 1);
  return status;
}

static inline void hostile_release(void *user, void *account) {
  hostile *h = user;
  h->real->release(h->memory, account);
}

static inline void hostile_close(void *user, void *mailbox) {
  hostile *h = user;
  h->real->close(h->memory, mailbox);
}

static inline void hostile_append_abort(void *user, void *upload) {
  hostile *h = user;
  h->real->append_abort(h->memory, upload);
}

static inline void hostile_sasl_abort(void *user, void *exchange) {
  hostile *h = user;
  h->real->sasl_abort(h->memory, exchange);
}

static inline void hostile_cancel(void *user, imap4_session *session, imap4_op op) {
  hostile *h = user;
  h->real->cancel(h->memory, session, op);
}

static inline int hostile_watch(void *user, imap4_session *session, void *mailbox, int32_t on) {
  hostile *h = user;
  (void)hostile_begin(h);
  return h->real->watch(h->memory, session, mailbox, on);
}

static const imap4_store hostile_table = {
    .struct_size = sizeof(imap4_store),
    .authenticate = hostile_authenticate,
    .release = hostile_release,
    .list = hostile_list,
    .create = hostile_create,
    .remove = hostile_remove,
    .rename = hostile_rename,
    .subscribe = hostile_subscribe,
    .open = hostile_open,
    .close = hostile_close,
    .poll = hostile_poll,
    .query = hostile_query,
    .read = hostile_read,
    .append_begin = hostile_append_begin,
    .append_message = hostile_append_message,
    .append_write = hostile_append_write,
    .append_commit = hostile_append_commit,
    .append_abort = hostile_append_abort,
    .store_flags = hostile_store_flags,
    .expunge = hostile_expunge,
    .cancel = hostile_cancel,
    .sasl = hostile_sasl,
    .sasl_abort = hostile_sasl_abort,
};

/* |config| of the memory store is completed; what is optional is there if it is there. */
static inline void hostile_init(hostile *h, imap4_memory_config *config, imap4_str schedule) {
  *h = (hostile){.table = hostile_table, .schedule = schedule};
  config->user = h;
  config->choose_manner = hostile_manner;
  config->choose_count = hostile_count;
  h->memory = imap4_memory_new(config);
  FUZZ_CHECK(h->memory);
  h->real = imap4_memory_table(h->memory);
  if (h->real->copy) h->table.copy = hostile_copy;
  if (h->real->move) h->table.move = hostile_move;
  if (h->real->vanished) h->table.vanished = hostile_vanished;
  if (h->real->uids) h->table.uids = hostile_uids;
  if (h->real->keep_digest) h->table.keep_digest = hostile_keep_digest;
  if (h->real->status) h->table.status = hostile_status;
  if (h->real->watch) h->table.watch = hostile_watch;
  h->table.sasl_mechanismsz = h->real->sasl_mechanismsz;
}

static inline void hostile_free(hostile *h) {
  imap4_memory_counts counts;
  imap4_memory_get_counts(h->memory, &counts);
  FUZZ_CHECK(counts.accounts == 0 && counts.mailboxes == 0 && counts.uploads == 0);
  FUZZ_CHECK(counts.exchanges == 0 && counts.pending == 0 && counts.bad_cancels == 0);
  imap4_memory_free(h->memory);
  free(h->rows);
  free(h->entries);
}

#endif
