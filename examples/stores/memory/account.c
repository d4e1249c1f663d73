/* SPDX-License-Identifier: MIT */
/*
 * The table's functions that have to do with an account: logging in, names, STATUS.
 */
#include "memory/internal.h"

struct memory_account *memory_account_new(imap4_memory *memory, struct memory_person *person) {
  struct memory_account *account = calloc(1, sizeof *account);
  if (!account) return NULL;
  account->person = person;
  ++memory->counts.accounts;
  return account;
}

void memory_account_free(imap4_memory *memory, struct memory_account *account) {
  memory_scratch_free(&account->scratch);
  free(account);
  --memory->counts.accounts;
}

void memory_release(void *user, void *account) {
  imap4_memory *memory = user;
  memory_lock(memory);
  memory_account_free(memory, account);
  memory_unlock(memory);
}

/* ---- logging in ----------------------------------------------------------------------------- */

static int find_user(imap4_memory *memory, const imap4_authenticate_args *args,
                     struct memory_person **person) {
  *person = memory_person_find(memory, args->user);
  if (!*person || args->user.n == 0) return IMAP4_ST_AUTHFAILED;
  if (memory->known_users_only && !memory_equal(memory_text_str(&(*person)->password), args->password)) {
    return IMAP4_ST_AUTHFAILED;
  }
  if (args->authorize.n && !memory_equal(args->authorize, args->user)) return IMAP4_ST_AUTHZFAILED;
  return IMAP4_OK;
}

int memory_authenticate(void *user, imap4_op op, const imap4_authenticate_args *args,
                        imap4_authenticate_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_authenticate_result result = {.struct_size = sizeof result};
  struct memory_person *person = NULL;
  if (call.status == IMAP4_OK) call.status = find_user(call.memory, args, &person);
  if (call.status == IMAP4_OK) {
    result.delimiter = (unsigned char)call.memory->config.delimiter;
    result.account = memory_account_new(call.memory, person);
    if (!result.account) call.status = IMAP4_ST_TEMPFAIL;
  }
  if (result.account) {
    call.yields = MEMORY_YIELDS_ACCOUNT;
    call.yield = result.account;
  }
  return memory_end(&call, &result, sizeof result, out, NULL);
}

void memory_exchange_free(imap4_memory *memory, struct memory_exchange *exchange) {
  memory_scratch_free(&exchange->scratch);
  free(exchange);
  --memory->counts.exchanges;
}

/* The script has been played to its end. */
static int sasl_success(struct memory_call *call, struct memory_exchange *exchange,
                        imap4_sasl_result *result) {
  imap4_memory *memory = call->memory;
  struct memory_person *person = memory_person_find(memory, memory->config.sasl_user);
  if (!person) return IMAP4_ST_AUTHZFAILED;
  struct memory_account *account = memory_account_new(memory, person);
  if (!account) return IMAP4_ST_TEMPFAIL;
  call->yields = MEMORY_YIELDS_ACCOUNT;
  call->yield = account;
  call->over = exchange;
  result->done = 1;
  result->account = account;
  result->exchange = NULL;
  result->delimiter = (unsigned char)memory->config.delimiter;
  if (!memory_scratch_str(&account->scratch, memory->config.sasl_success, &result->challenge)) {
    result->challenge = memory_str("", 0);
  }
  return IMAP4_OK;
}

static int sasl_step(struct memory_call *call, const imap4_sasl_args *args, struct memory_exchange *exchange,
                     imap4_sasl_result *result) {
  const imap4_memory_config *config = &call->memory->config;
  if (args->has_response) {
    if (exchange->step >= config->step_count ||
        !memory_equal(args->response, config->steps[exchange->step].response)) {
      return IMAP4_ST_AUTHFAILED;
    }
    ++exchange->step;
  }
  if (exchange->step == config->step_count) return sasl_success(call, exchange, result);
  if (!memory_scratch_str(&call->scratch, config->steps[exchange->step].challenge, &result->challenge)) {
    return IMAP4_ST_TEMPFAIL;
  }
  result->exchange = exchange;
  return IMAP4_OK;
}

static struct memory_exchange *exchange_new(imap4_memory *memory) {
  struct memory_exchange *exchange = calloc(1, sizeof *exchange);
  if (exchange) ++memory->counts.exchanges;
  return exchange;
}

/* A first step that fails leaves no exchange; later the library ends it with sasl_abort. */
int memory_sasl(void *user, imap4_op op, const imap4_sasl_args *args, imap4_sasl_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_sasl_result result = {.struct_size = sizeof result};
  struct memory_exchange *exchange = args->exchange;
  if (call.status == IMAP4_OK && !exchange) {
    exchange = exchange_new(call.memory);
    if (!exchange) call.status = IMAP4_ST_TEMPFAIL;
  }
  if (call.status == IMAP4_OK) {
    call.status = sasl_step(&call, args, exchange, &result);
    if (!args->exchange && call.status != IMAP4_OK) {
      memory_exchange_free(call.memory, exchange);
      exchange = NULL;
    } else if (!args->exchange && !result.done) {
      call.yields = MEMORY_YIELDS_EXCHANGE;
      call.yield = exchange;
    } else if (!args->exchange) {
      memory_exchange_free(call.memory, exchange);
      call.over = NULL;
    }
  }
  struct memory_scratch *owner = result.exchange ? &exchange->scratch : NULL;
  return memory_end(&call, &result, sizeof result, out, owner);
}

void memory_sasl_abort(void *user, void *exchange) {
  imap4_memory *memory = user;
  memory_lock(memory);
  memory_exchange_free(memory, exchange);
  memory_unlock(memory);
}

/* ---- names ---------------------------------------------------------------------------------- */

int memory_list(void *user, imap4_op op, const imap4_list_args *args, imap4_list_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_list_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    call.status = memory_names_list(call.memory, account->person, args, &result, &call.scratch);
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_create(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    call.status = memory_names_create(call.memory, account->person, args->name, args->uses);
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_remove(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    call.status = memory_names_remove(call.memory, account->person, args->name);
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_rename(void *user, imap4_op op, const imap4_rename_args *args, imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    call.status = memory_names_rename(call.memory, account->person, args->from, args->to);
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_subscribe(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    call.status = memory_names_subscribe(call.memory, account->person, args->name, args->on);
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_status(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_status_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  const struct memory_box *box = memory_find_selectable(call.memory, account->person, args->name);
  if (call.status == IMAP4_OK && !box) call.status = IMAP4_ST_NONEXISTENT;
  if (call.status == IMAP4_OK) {
    result.known = IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED | IMAP4_STATUS_MAILBOXID |
                   IMAP4_STATUS_HIGHESTMODSEQ | IMAP4_STATUS_DELETED_STORAGE;
    result.messages = (uint32_t)box->count;
    if (!memory_box_id(box, &call.scratch, &result.mailbox_id)) call.status = IMAP4_ST_TEMPFAIL;
    result.uidnext = box->uidnext;
    result.uidvalidity = box->uidvalidity;
    if (!call.memory->config.no_modseq) result.highest_modseq = box->highest_modseq;
    for (size_t i = 0; i < box->count; ++i) {
      result.recent += box->messages[i].uid >= box->first_recent ? 1 : 0;
      result.unseen += box->messages[i].flags & IMAP4_FLAG_SEEN ? 0 : 1;
      result.size += box->messages[i].content->text.n;
      if (!(box->messages[i].flags & IMAP4_FLAG_DELETED)) continue;
      ++result.deleted;
      result.deleted_storage += box->messages[i].content->text.n;
    }
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

/* ---- what the configuration says ------------------------------------------------------------ */

int memory_authorize(void *user, const imap4_authorize_args *args) {
  struct memory_call call = memory_begin(user, args->session, 0);
  const imap4_memory_config *config = &call.memory->config;
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK) {
    imap4_str name = memory_text_str(&account->person->name);
    memory_scratch_free(&account->scratch); /* answers live until the next call, which this is */
    call.status = config->authorize(config->user, name, args->name, args->rights);
  }
  memory_unlock(call.memory);
  return call.status;
}

int memory_namespaces(void *user, imap4_op op, const imap4_namespaces_args *args,
                      imap4_namespaces_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_namespaces_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  result.entries = call.memory->config.namespaces;
  result.entry_size = sizeof *result.entries;
  result.count = call.memory->config.namespace_count;
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}
