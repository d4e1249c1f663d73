/* SPDX-License-Identifier: MIT */
/*
 * Mail that comes into the memory store, or changes there, from elsewhere: test data and "other programs".
 */
#include "memory/internal.h"

/* Find user and mailbox, with the lock held. */
static int seek(imap4_memory *memory, imap4_str user, imap4_str name, struct memory_person **person,
                struct memory_box **box) {
  *person = memory_person_find(memory, user);
  if (!*person) return IMAP4_ST_NONEXISTENT;
  if (!box) return IMAP4_OK;
  *box = memory_find_selectable(memory, *person, name);
  return *box ? IMAP4_OK : IMAP4_ST_NONEXISTENT;
}

int imap4_memory_add_user(imap4_memory *memory, imap4_str user, imap4_str password) {
  int status = IMAP4_OK;
  memory_lock(memory);
  if (!memory->known_users_only) {
    /* The one account there was becomes the first user's. */
    struct memory_person *person = memory->persons[0];
    status = memory_text_set(&person->name, user);
    if (status == IMAP4_OK) status = memory_text_set(&person->password, password);
    memory->known_users_only = status == IMAP4_OK;
  } else if (memory_person_find(memory, user)) {
    status = IMAP4_ST_ALREADYEXISTS;
  } else if (!memory_person_new(memory, user, password)) {
    status = IMAP4_ST_TEMPFAIL;
  }
  memory_unlock(memory);
  return status;
}

int imap4_memory_add_mailbox(imap4_memory *memory, imap4_str user, imap4_str name, uint32_t attributes) {
  struct memory_person *person;
  struct memory_box *box;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, NULL);
  if (status == IMAP4_OK) status = memory_names_add(memory, person, name, &box);
  if (status == IMAP4_OK) {
    box->no_select = (attributes & IMAP4_MAILBOX_NOSELECT) != 0;
    box->no_inferiors = (attributes & IMAP4_MAILBOX_NOINFERIORS) != 0;
    box->traits = attributes & (IMAP4_MAILBOX_REMOTE | IMAP4_MAILBOX_USES);
    if (attributes & IMAP4_MAILBOX_SUBSCRIBED) status = memory_names_subscribe(memory, person, name, 1);
  }
  memory_unlock(memory);
  return status;
}

int imap4_memory_subscribe(imap4_memory *memory, imap4_str user, imap4_str name) {
  struct memory_person *person;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, NULL);
  if (status == IMAP4_OK) status = memory_names_subscribe(memory, person, name, 1);
  memory_unlock(memory);
  return status;
}

int imap4_memory_remove_mailbox(imap4_memory *memory, imap4_str user, imap4_str name) {
  struct memory_person *person;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, NULL);
  if (status == IMAP4_OK) status = memory_names_remove(memory, person, name);
  memory_unlock(memory);
  return status;
}

int imap4_memory_rename_mailbox(imap4_memory *memory, imap4_str user, imap4_str from, imap4_str to) {
  struct memory_person *person;
  memory_lock(memory);
  int status = seek(memory, user, from, &person, NULL);
  if (status == IMAP4_OK) status = memory_names_rename(memory, person, from, to);
  memory_unlock(memory);
  return status;
}

int imap4_memory_set_uids(imap4_memory *memory, imap4_str user, imap4_str name, uint32_t uidvalidity,
                          uint32_t uidnext) {
  struct memory_person *person;
  struct memory_box *box;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK && uidnext && uidnext < box->uidnext) status = IMAP4_ST_CANNOT;
  if (status == IMAP4_OK) {
    /* Nothing has to become recent by a change of UIDNEXT. */
    if (box->first_recent == box->uidnext && uidnext) box->first_recent = uidnext;
    if (uidvalidity) box->uidvalidity = uidvalidity;
    if (uidnext) box->uidnext = uidnext;
  }
  memory_unlock(memory);
  return status;
}

int imap4_memory_set_read_only(imap4_memory *memory, imap4_str user, imap4_str name, int32_t read_only) {
  struct memory_person *person;
  struct memory_box *box;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK) box->read_only = read_only;
  memory_unlock(memory);
  return status;
}

int imap4_memory_claim_recent(imap4_memory *memory, imap4_str user, imap4_str name) {
  struct memory_person *person;
  struct memory_box *box;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK) box->first_recent = box->uidnext;
  memory_unlock(memory);
  return status;
}

/* |text| with each LF that has no CR before it made CRLF. */
static int add_crlf(struct memory_text *to, imap4_str text) {
  size_t begin = 0;
  int status = IMAP4_OK;
  for (size_t i = 0; status == IMAP4_OK && i < text.n; ++i) {
    if (text.p[i] != '\n' || (i > 0 && text.p[i - 1] == '\r')) continue;
    status = memory_text_add(to, memory_str(text.p + begin, i - begin));
    if (status == IMAP4_OK) status = memory_text_add(to, memory_str("\r\n", 2));
    begin = i + 1;
  }
  if (status || begin == text.n) return status; /* an empty text may have no octets to point to */
  return memory_text_add(to, memory_str(text.p + begin, text.n - begin));
}

static int deliver(imap4_memory *memory, struct memory_box *box, const imap4_memory_message *from) {
  struct memory_message message = {0};
  struct memory_text keywords = {0};
  imap4_date date = from->date.present ? from->date : memory_now(memory);
  int status = memory_box_learn(memory, box, from->keywords);
  if (status == IMAP4_OK) status = memory_box_spell(box, from->keywords, &keywords);
  if (status == IMAP4_OK) {
    status = memory_message_init(&message, from->flags, memory_text_str(&keywords), date);
  }
  memory_text_free(&keywords);
  if (status) return status;
  message.saved = from->saved;
  status = add_crlf(&message.content->text, from->text);
  if (status == IMAP4_OK)
    status = memory_message_identify(memory, &message, memory_str(NULL, 0), from->thread_id);
  if (status == IMAP4_OK) status = memory_box_reserve(box, 1);
  if (status) {
    memory_message_free(&message);
    return status;
  }
  memory_box_put(box, &message, box->highest_modseq + 1);
  memory_box_changed(box);
  return IMAP4_OK;
}

int imap4_memory_add_message(imap4_memory *memory, imap4_str user, imap4_str name,
                             const imap4_memory_message *message) {
  struct memory_person *person;
  struct memory_box *box;
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK) status = deliver(memory, box, message);
  memory_unlock(memory);
  return status;
}

static const imap4_uid_range all_uids = {1, UINT32_MAX};

int imap4_memory_set_flags(imap4_memory *memory, imap4_str user, imap4_str name, imap4_uid_ranges uids,
                           uint32_t mode, uint32_t flags, imap4_str keywords) {
  struct memory_person *person;
  struct memory_box *box;
  struct memory_ranges modified = {0};
  struct memory_scratch scratch = {0};
  imap4_store_flags_args args = {.struct_size = sizeof args, .mode = mode, .flags = flags};
  args.keywords = keywords;
  args.uids = uids.n ? uids : (imap4_uid_ranges){&all_uids, 1};
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK) status = memory_box_store(memory, box, &args, &modified, &scratch);
  memory_unlock(memory);
  memory_scratch_free(&scratch);
  return status;
}

int imap4_memory_expunge(imap4_memory *memory, imap4_str user, imap4_str name, imap4_uid_ranges uids) {
  struct memory_person *person;
  struct memory_box *box;
  if (uids.n == 0) uids = (imap4_uid_ranges){&all_uids, 1};
  memory_lock(memory);
  int status = seek(memory, user, name, &person, &box);
  if (status == IMAP4_OK) status = memory_box_expunge(memory, box, uids, 0);
  memory_unlock(memory);
  return status;
}
