/* SPDX-License-Identifier: MIT */
/* Quotas of the memory store (RFC 9208): an account is one quota root, whose name is empty. */
#include "memory/internal.h"

#define UNIT 1024u /* octets that STORAGE counts as one */

void memory_quota_init(struct memory_person *person, const imap4_memory_config *config) {
  person->limits = (struct memory_limits){.octets = config->quota_octets,
                                          .messages = config->quota_messages,
                                          .mailboxes = config->quota_mailboxes};
  if (config->quota_octets) person->limits.limited |= IMAP4_QUOTA_STORAGE;
  if (config->quota_messages) person->limits.limited |= IMAP4_QUOTA_MESSAGE;
  if (config->quota_mailboxes) person->limits.limited |= IMAP4_QUOTA_MAILBOX;
}

/* Boxes that are mailboxes, not levels above some. */
static uint64_t mailboxes_of(const struct memory_person *person) {
  uint64_t count = 0;
  for (size_t i = 0; i < person->box_count; ++i)
    count += person->boxes[i]->no_select ? 0 : 1;
  return count;
}

static uint64_t messages_of(const struct memory_person *person) {
  uint64_t count = 0;
  for (size_t i = 0; i < person->box_count; ++i)
    count += person->boxes[i]->count;
  return count;
}

static int fits(const struct memory_limits *limits, uint32_t resource, uint64_t limit, uint64_t usage,
                uint64_t more) {
  if (more == 0 || !(limits->limited & resource)) return 1;
  return usage <= limit && more <= limit - usage;
}

int memory_quota_check(const struct memory_person *person, uint64_t octets, uint64_t messages,
                       uint64_t mailboxes) {
  const struct memory_limits *l = &person->limits;
  int ok = fits(l, IMAP4_QUOTA_STORAGE, l->octets, memory_person_octets(person), octets) &&
           fits(l, IMAP4_QUOTA_MESSAGE, l->messages, messages_of(person), messages) &&
           fits(l, IMAP4_QUOTA_MAILBOX, l->mailboxes, mailboxes_of(person), mailboxes);
  return ok ? IMAP4_OK : IMAP4_ST_OVERQUOTA;
}

int memory_quota_soft(const imap4_memory *memory, const struct memory_person *person) {
  uint64_t soft = memory->config.soft_quota_octets;
  return soft && memory_person_octets(person) > soft;
}

int memory_quota_roots(void *user, imap4_op op, const imap4_quota_roots_args *args,
                       imap4_quota_roots_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_quota_roots_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  imap4_str *root = memory_scratch_alloc(&call.scratch, sizeof *root);
  if (call.status == IMAP4_OK && !root) call.status = IMAP4_ST_TEMPFAIL;
  if (root) *root = memory_str("", 0);
  result.roots = root;
  result.count = 1;
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_quota(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_quota_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  const struct memory_person *person = account->person;
  if (call.status == IMAP4_OK && args->root.n > 0) call.status = IMAP4_ST_NONEXISTENT;
  result.limited = person->limits.limited;
  result.storage.usage = memory_person_octets(person) / UNIT + (memory_person_octets(person) % UNIT ? 1 : 0);
  result.storage.limit = person->limits.octets / UNIT;
  result.message = (imap4_quota_resource){messages_of(person), person->limits.messages};
  result.mailbox = (imap4_quota_resource){mailboxes_of(person), person->limits.mailboxes};
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

int memory_set_quota(void *user, imap4_op op, const imap4_set_quota_args *args, imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  if (call.status == IMAP4_OK && args->root.n > 0) call.status = IMAP4_ST_NONEXISTENT;
  if (call.status == IMAP4_OK) {
    account->person->limits = (struct memory_limits){
        .limited = args->limited,
        .octets = args->storage > UINT64_MAX / UNIT ? UINT64_MAX : args->storage * UNIT,
        .messages = args->message,
        .mailboxes = args->mailbox};
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}
