/* SPDX-License-Identifier: MIT */
/*
 * Messages that come into the memory store: uploads.
 */
#include "memory/internal.h"

static struct memory_upload *upload_new(imap4_memory *memory, struct memory_account *account,
                                        struct memory_box *box) {
  struct memory_upload *upload = calloc(1, sizeof *upload);
  if (!upload) return NULL;
  upload->box = box;
  upload->account = account;
  memory_ref(box);
  ++memory->counts.uploads;
  return upload;
}

void memory_upload_free(imap4_memory *memory, struct memory_upload *upload) {
  for (size_t i = 0; i < upload->count; ++i)
    memory_message_free(&upload->messages[i]);
  free(upload->messages);
  memory_box_unref(upload->box);
  free(upload);
  --memory->counts.uploads;
}

/* Octets of the message that goes when the upload is committed; 0 if it is gone. */
static uint64_t replaced_octets(const imap4_append_begin_args *args) {
  const struct memory_handle *handle = args->replaces_in;
  const struct memory_box *box = handle->box;
  size_t at = memory_box_after(box, args->replaces - 1);
  if (at == box->count || box->messages[at].uid != args->replaces) return 0;
  return box->messages[at].content->text.n;
}

int memory_append_begin(void *user, imap4_op op, const imap4_append_begin_args *args,
                        imap4_append_begin_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_append_begin_result result = {.struct_size = sizeof result};
  struct memory_account *account = args->account;
  struct memory_box *box = memory_find_selectable(call.memory, account->person, args->mailbox);
  if (call.status == IMAP4_OK && !box) call.status = IMAP4_ST_NONEXISTENT;
  if (call.status == IMAP4_OK && box->read_only) call.status = IMAP4_ST_NOPERM;
  if (call.status == IMAP4_OK) {
    result.upload = upload_new(call.memory, account, box);
    if (!result.upload) call.status = IMAP4_ST_TEMPFAIL;
    if (result.upload && args->replaces_in) {
      struct memory_upload *upload = result.upload;
      upload->replaces = 1;
      upload->freed = replaced_octets(args);
    }
  }
  if (result.upload) {
    call.yields = MEMORY_YIELDS_UPLOAD;
    call.yield = result.upload;
  }
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

static uint64_t upload_octets(const struct memory_upload *upload) {
  uint64_t octets = 0;
  for (size_t i = 0; i < upload->count; ++i)
    octets += upload->messages[i].content->text.n;
  return octets;
}

static int add_message(imap4_memory *memory, struct memory_upload *upload,
                       const imap4_append_message_args *args) {
  const imap4_memory_config *config = &memory->config;
  if (config->message_octets && args->size > config->message_octets) return IMAP4_ST_TOOBIG;
  int status = args->size > UINT64_MAX / 2 ? IMAP4_ST_OVERQUOTA : IMAP4_OK;
  if (status == IMAP4_OK) {
    uint64_t octets = upload_octets(upload) + args->size;
    octets -= upload->freed < octets ? upload->freed : octets;
    status = memory_quota_check(upload->account->person, octets, upload->replaces ? 0 : upload->count + 1, 0);
  }
  if (status) return status;
  status = memory_box_learn(memory, upload->box, args->keywords);
  if (status) return status;
  void *messages =
      memory_grow(upload->messages, upload->count, 1, &upload->capacity, sizeof *upload->messages);
  if (!messages) return IMAP4_ST_TEMPFAIL;
  upload->messages = messages;
  struct memory_text keywords = {0};
  imap4_date date = args->internaldate.present ? args->internaldate : memory_now(memory);
  status = memory_box_spell(upload->box, args->keywords, &keywords);
  if (status == IMAP4_OK) {
    status =
        memory_message_init(&upload->messages[upload->count], args->flags, memory_text_str(&keywords), date);
  }
  memory_text_free(&keywords);
  if (status) return status;
  ++upload->count; /* from here on it is freed with the upload */
  upload->announced = args->size;
  return memory_message_identify(memory, &upload->messages[upload->count - 1], args->email_id,
                                 args->thread_id);
}

int memory_append_message(void *user, imap4_op op, const imap4_append_message_args *args,
                          imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) call.status = add_message(call.memory, args->upload, args);
  return memory_end(&call, &result, sizeof result, out, NULL);
}

static int write_octets(struct memory_upload *upload, const imap4_append_write_args *args) {
  if (upload->count == 0 || args->data.n > upload->announced) return IMAP4_ST_SERVERBUG;
  if (args->last && args->data.n != upload->announced) return IMAP4_ST_SERVERBUG;
  struct memory_content *content = upload->messages[upload->count - 1].content;
  int status = memory_text_add(&content->text, args->data);
  if (status == IMAP4_OK && args->last) status = memory_text_add(&content->digest, args->digest);
  if (status == IMAP4_OK) upload->announced -= args->data.n;
  return status;
}

int memory_append_write(void *user, imap4_op op, const imap4_append_write_args *args,
                        imap4_empty_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_empty_result result = {.struct_size = sizeof result};
  if (call.status == IMAP4_OK) call.status = write_octets(args->upload, args);
  return memory_end(&call, &result, sizeof result, out, NULL);
}

static int commit(struct memory_call *call, struct memory_upload *upload,
                  imap4_append_commit_result *result) {
  struct memory_box *box = upload->box;
  struct memory_ranges uids = {0};
  if (box->deleted) return IMAP4_ST_NONEXISTENT;
  if (upload->announced) return IMAP4_ST_SERVERBUG;
  if (upload->count == 0) return IMAP4_OK;
  int status = memory_box_reserve(box, upload->count);
  for (size_t i = 0; status == IMAP4_OK && i < upload->count; ++i)
    status = memory_ranges_add(&uids, &call->scratch, box->uidnext + (uint32_t)i);
  if (status) return status;
  uint64_t modseq = box->highest_modseq + 1;
  for (size_t i = 0; i < upload->count; ++i)
    upload->messages[i].saved = memory_now(call->memory);
  for (size_t i = 0; i < upload->count; ++i)
    memory_box_put(box, &upload->messages[i], modseq);
  upload->count = 0;
  result->uidvalidity = box->uidvalidity;
  result->uids = (imap4_uid_ranges){uids.p, uids.n};
  result->over_quota = memory_quota_soft(call->memory, upload->account->person);
  memory_box_changed(box);
  return IMAP4_OK;
}

/* The upload ends here, whatever becomes of it. */
int memory_append_commit(void *user, imap4_op op, const imap4_upload_args *args,
                         imap4_append_commit_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_append_commit_result result = {.struct_size = sizeof result};
  struct memory_upload *upload = args->upload;
  struct memory_account *account = upload->account;
  if (call.status == IMAP4_OK) call.status = commit(&call, upload, &result);
  memory_upload_free(call.memory, upload);
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

/* Everything that can fail comes before the first change. */
static int replace(struct memory_call *call, const imap4_replace_args *args,
                   imap4_append_commit_result *result) {
  struct memory_upload *upload = args->upload;
  const struct memory_handle *handle = args->mailbox;
  struct memory_box *box = handle->box;
  imap4_uid_range one = {args->uid, args->uid};
  if (box->deleted) return IMAP4_ST_NONEXISTENT;
  if (handle->read_only) return IMAP4_ST_READONLY;
  size_t at = memory_box_after(box, args->uid - 1);
  if (at == box->count || box->messages[at].uid != args->uid) return IMAP4_ST_EXPUNGED;
  void *gone = memory_grow(box->gone, box->gone_count, 1, &box->gone_capacity, sizeof *box->gone);
  if (!gone) return IMAP4_ST_TEMPFAIL;
  box->gone = gone;
  int status = commit(call, upload, result);
  return status ? status : memory_box_expunge(call->memory, box, (imap4_uid_ranges){&one, 1}, 0);
}

/* The upload ends here, too. */
int memory_replace(void *user, imap4_op op, const imap4_replace_args *args, imap4_append_commit_result *out) {
  struct memory_call call = memory_begin(user, args->session, op);
  imap4_append_commit_result result = {.struct_size = sizeof result};
  struct memory_upload *upload = args->upload;
  struct memory_account *account = upload->account;
  if (call.status == IMAP4_OK) call.status = replace(&call, args, &result);
  memory_upload_free(call.memory, upload);
  return memory_end(&call, &result, sizeof result, out, &account->scratch);
}

void memory_append_abort(void *user, void *upload) {
  imap4_memory *memory = user;
  memory_lock(memory);
  memory_upload_free(memory, upload);
  memory_unlock(memory);
}
