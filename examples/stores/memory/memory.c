/* SPDX-License-Identifier: MIT */
/*
 * The memory store as a table of functions: its life, how calls are answered, and what waits.
 *
 * Every function of the table is memory_begin(), some work on data, memory_end(); these two hold the lock,
 * count, inject failures and bring the answer in the manner that was chosen.
 */
#include "memory/internal.h"

#ifdef IMAP4_MEMORY_THREADS
#include <pthread.h>

static int lock_new(imap4_memory *memory) {
  pthread_mutex_t *mutex = malloc(sizeof *mutex);
  if (!mutex) return 0;
  pthread_mutex_init(mutex, NULL);
  memory->lock = mutex;
  return 1;
}

static void lock_free(imap4_memory *memory) {
  pthread_mutex_destroy(memory->lock);
  free(memory->lock);
}

void memory_lock(imap4_memory *memory) {
  pthread_mutex_lock(memory->lock);
}

void memory_unlock(imap4_memory *memory) {
  pthread_mutex_unlock(memory->lock);
}
#else
static int lock_new(imap4_memory *memory) {
  memory->lock = NULL;
  return 1;
}

static void lock_free(imap4_memory *memory) {
  (void)memory;
}

void memory_lock(imap4_memory *memory) {
  (void)memory;
}

void memory_unlock(imap4_memory *memory) {
  (void)memory;
}
#endif

/* ---- calls ---------------------------------------------------------------------------------- */

struct memory_call memory_begin(void *user, imap4_session *session, imap4_op op) {
  imap4_memory *memory = user;
  memory_lock(memory);
  uint64_t number = ++memory->counts.calls;
  struct memory_call call = {.memory = memory, .session = session, .op = op, .manner = memory->config.manner};
  if (memory->config.choose_manner) {
    call.manner = memory->config.choose_manner(memory->config.user, number);
  }
  if (number == memory->fail_call) call.status = memory->fail_status;
  return call;
}

uint32_t memory_count(imap4_memory *memory, uint32_t capacity, uint32_t most) {
  if (memory->config.choose_count) return memory->config.choose_count(memory->config.user, capacity);
  return most && most < capacity ? most : capacity;
}

/* An object that no session will ever own. */
static void drop_yield(imap4_memory *memory, uint32_t yields, void *yield) {
  switch (yields) {
  case MEMORY_YIELDS_ACCOUNT:
    memory_account_free(memory, yield);
    break;
  case MEMORY_YIELDS_MAILBOX:
    memory_handle_free(memory, yield);
    break;
  case MEMORY_YIELDS_UPLOAD:
    memory_upload_free(memory, yield);
    break;
  case MEMORY_YIELDS_EXCHANGE:
    memory_exchange_free(memory, yield);
    break;
  default:
    break;
  }
}

/* Tell the session, and forget everything about the operation. */
static void deliver(imap4_memory *memory, struct memory_pending *pending) {
  if (pending->over) memory_exchange_free(memory, pending->over);
  int status = imap4_op_complete(pending->session, pending->op, pending->status, &pending->result);
  if (status != IMAP4_OK) {
    ++memory->counts.refused;
    drop_yield(memory, pending->yields, pending->yield);
  }
  memory_scratch_free(&pending->scratch);
}

static int answer_later(struct memory_call *call, const struct memory_pending *answer) {
  imap4_memory *memory = call->memory;
  struct memory_pending *pending = malloc(sizeof *pending);
  if (!pending) {
    drop_yield(memory, answer->yields, answer->yield);
    memory_scratch_free(&call->scratch);
    return IMAP4_ST_TEMPFAIL;
  }
  *pending = *answer;
  struct memory_pending **end = &memory->pending;
  while (*end)
    end = &(*end)->next;
  *end = pending;
  ++memory->counts.pending;
  return IMAP4_PENDING;
}

static int answer_now(struct memory_call *call, const void *result, size_t size, void *out,
                      struct memory_scratch *owner) {
  if (call->over) memory_exchange_free(call->memory, call->over);
  if (owner) {
    memory_scratch_free(owner);
    *owner = call->scratch;
  } else {
    memory_scratch_free(&call->scratch);
  }
  if (call->status == IMAP4_OK) memcpy(out, result, size);
  return call->status;
}

int memory_end(struct memory_call *call, const void *result, size_t size, void *out,
               struct memory_scratch *owner) {
  int status = IMAP4_PENDING;
  if (call->manner == IMAP4_MEMORY_NOW) {
    status = answer_now(call, result, size, out, owner);
  } else {
    struct memory_pending answer = {.session = call->session,
                                    .op = call->op,
                                    .status = call->status,
                                    .yields = call->yields,
                                    .yield = call->yield,
                                    .over = call->over,
                                    .scratch = call->scratch};
    memcpy(&answer.result, result, size);
    if (call->manner == IMAP4_MEMORY_INSIDE) {
      deliver(call->memory, &answer);
    } else {
      status = answer_later(call, &answer);
    }
  }
  memory_unlock(call->memory);
  return status;
}

/* ---- what waits ----------------------------------------------------------------------------- */

/* Take |*place| out of the list. */
static struct memory_pending *take(imap4_memory *memory, struct memory_pending **place) {
  struct memory_pending *pending = *place;
  *place = pending->next;
  --memory->counts.pending;
  return pending;
}

int imap4_memory_complete_next(imap4_memory *memory) {
  memory_lock(memory);
  struct memory_pending *pending = memory->pending ? take(memory, &memory->pending) : NULL;
  if (pending) deliver(memory, pending);
  free(pending);
  memory_unlock(memory);
  return pending != NULL;
}

static void memory_cancel(void *user, imap4_session *session, imap4_op op) {
  imap4_memory *memory = user;
  memory_lock(memory);
  struct memory_pending **place = &memory->pending;
  while (*place && ((*place)->session != session || (*place)->op != op))
    place = &(*place)->next;
  if (*place) {
    struct memory_pending *pending = take(memory, place);
    drop_yield(memory, pending->yields, pending->yield);
    memory_scratch_free(&pending->scratch);
    free(pending);
    ++memory->counts.cancelled;
  } else {
    ++memory->counts.bad_cancels;
  }
  memory_unlock(memory);
}

void imap4_memory_set_manner(imap4_memory *memory, uint32_t manner) {
  memory->config.manner = manner;
}

void imap4_memory_fail(imap4_memory *memory, uint64_t n, int status) {
  memory_lock(memory);
  memory->fail_call = n ? memory->counts.calls + n : 0;
  memory->fail_status = status;
  memory_unlock(memory);
}

void imap4_memory_get_counts(imap4_memory *memory, imap4_memory_counts *counts) {
  memory_lock(memory);
  *counts = memory->counts;
  memory_unlock(memory);
}

/* ---- the store ------------------------------------------------------------------------------ */

void imap4_memory_config_init(imap4_memory_config *config) {
  *config = (imap4_memory_config){
      .delimiter = '/',
      .first_uidvalidity = 1,
      .keywords = 100,
      .now = {.seconds = 837596665, .zone_minutes = -420, .present = 1},
  };
}

static void fill_table(imap4_store *table, const imap4_memory_config *config) {
  *table = (imap4_store){
      .struct_size = sizeof *table,
      .authenticate = memory_authenticate,
      .release = memory_release,
      .list = memory_list,
      .create = memory_create,
      .remove = memory_remove,
      .rename = memory_rename,
      .subscribe = memory_subscribe,
      .open = memory_open,
      .close = memory_close,
      .poll = memory_poll,
      .query = memory_query,
      .read = memory_read,
      .append_begin = memory_append_begin,
      .append_message = memory_append_message,
      .append_write = memory_append_write,
      .append_commit = memory_append_commit,
      .append_abort = memory_append_abort,
      .store_flags = memory_store_flags,
      .expunge = memory_expunge,
  };
  uint32_t without = config->without;
  if (!(without & IMAP4_MEMORY_WITHOUT_CANCEL)) table->cancel = memory_cancel;
  if (!(without & IMAP4_MEMORY_WITHOUT_COPY)) table->copy = memory_copy;
  if (!(without & IMAP4_MEMORY_WITHOUT_MOVE)) table->move = memory_move;
  if (!(without & IMAP4_MEMORY_WITHOUT_VANISHED)) table->vanished = memory_vanished;
  if (!(without & IMAP4_MEMORY_WITHOUT_KEEP_DIGEST)) table->keep_digest = memory_keep_digest;
  if (!(without & IMAP4_MEMORY_WITHOUT_REPLACE)) table->replace = memory_replace;
  if (!(without & IMAP4_MEMORY_WITHOUT_UIDS)) table->uids = memory_uids;
  if (!(without & IMAP4_MEMORY_WITHOUT_STATUS)) table->status = memory_status;
  if (!(without & IMAP4_MEMORY_WITHOUT_WATCH)) table->watch = memory_watch;
  if (!config->plain) {
    table->keeps = IMAP4_KEEPS_SAVE_DATES;
    table->special_uses = IMAP4_MAILBOX_USES;
    table->create_uses =
        IMAP4_MAILBOX_USES & ~IMAP4_MAILBOX_ALL; /* that would be all messages, in one mailbox */
  }
  if (config->object_ids) table->keeps |= IMAP4_KEEPS_OBJECT_IDS;
  if (config->quota_roots) {
    table->quota_resources = IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MESSAGE | IMAP4_QUOTA_MAILBOX;
    table->quota_roots = memory_quota_roots;
    table->quota = memory_quota;
    table->set_quota = memory_set_quota;
  }
  if (config->authorize) table->authorize = memory_authorize;
  if (config->namespaces) table->namespaces = memory_namespaces;
  if (config->sasl_mechanismz) {
    table->sasl_mechanismsz = config->sasl_mechanismz;
    table->sasl = memory_sasl;
    table->sasl_abort = memory_sasl_abort;
  }
}

imap4_memory *imap4_memory_new(const imap4_memory_config *config) {
  imap4_memory *memory = calloc(1, sizeof *memory);
  if (!memory) return NULL;
  memory->config = *config;
  memory->next_uidvalidity = config->first_uidvalidity;
  fill_table(&memory->table, config);
  if (!lock_new(memory)) {
    free(memory);
    return NULL;
  }
  if (!memory_person_new(memory, memory_str("", 0), memory_str("", 0))) {
    imap4_memory_free(memory);
    return NULL;
  }
  return memory;
}

void imap4_memory_free(imap4_memory *memory) {
  if (!memory) return;
  for (size_t i = 0; i < memory->person_count; ++i)
    memory_person_free(memory->persons[i]);
  free(memory->persons);
  lock_free(memory);
  free(memory);
}

const imap4_store *imap4_memory_table(const imap4_memory *memory) {
  return &memory->table;
}

void *imap4_memory_account(imap4_memory *memory, imap4_str user) {
  memory_lock(memory);
  struct memory_person *person = memory_person_find(memory, user);
  struct memory_account *account = person ? memory_account_new(memory, person) : NULL;
  memory_unlock(memory);
  return account;
}
