/* SPDX-License-Identifier: MIT */
/*
 * What the files of the memory store share.  A person has boxes; a box has messages and lives as long as
 * anybody has it open; contents are shared by copies of a message.  What sessions hold are handles:
 * memory_account, memory_handle, memory_upload, memory_exchange.
 *
 * Memory lent to the library in a result is a scratch: it lives until the next call for the same handle, or,
 * where the operation is completed by imap4_op_complete(), until that returns, and not one call longer, so
 * that sanitizers see a library that keeps it.
 */
#ifndef IMAP4_STORES_MEMORY_INTERNAL_H
#define IMAP4_STORES_MEMORY_INTERNAL_H

#include <stdlib.h>
#include <string.h>

#include "memory/memory.h"

/* ---- texts and scratch (text.c) */

struct memory_text {
  char *p;
  size_t n;
  size_t capacity;
};

struct memory_block; /* one allocation */

struct memory_scratch {
  struct memory_block *blocks;
};

static inline imap4_str memory_str(const char *p, size_t n) {
  return (imap4_str){p, n};
}

static inline imap4_str memory_text_str(const struct memory_text *text) {
  return (imap4_str){text->p, text->n};
}

int memory_equal(imap4_str a, imap4_str b);
int memory_equal_nocase(imap4_str a, imap4_str b);
/* Take the next word off |*list|; 0 at its end. */
int memory_next_word(imap4_str *list, imap4_str *word);
int memory_has_word(imap4_str list, imap4_str word);
/* 0, or IMAP4_ST_TEMPFAIL without memory. */
int memory_text_add(struct memory_text *text, imap4_str s);
int memory_text_add_word(struct memory_text *text, imap4_str word);
int memory_text_set(struct memory_text *text, imap4_str s);
void memory_text_free(struct memory_text *text);
/* Make room for |count| + |more| elements of |size|.  NULL without memory; |*capacity| follows. */
void *memory_grow(void *array, size_t count, size_t more, size_t *capacity, size_t size);

void *memory_scratch_alloc(struct memory_scratch *scratch, size_t size);
/* A copy; false (0) without memory. */
int memory_scratch_str(struct memory_scratch *scratch, imap4_str s, imap4_str *copy);
void memory_scratch_free(struct memory_scratch *scratch);

int memory_ranges_has(imap4_uid_ranges ranges, uint32_t uid);
/* Index of the first range that ends at |uid| or later; ranges.n if there is none. */
size_t memory_ranges_find(imap4_uid_ranges ranges, uint32_t uid);

/* Ranges that are being collected in a scratch: ascending UIDs, or in the order they come. */
struct memory_ranges {
  imap4_uid_range *p;
  size_t n;
  size_t capacity;
};

int memory_ranges_add(struct memory_ranges *ranges, struct memory_scratch *scratch, uint32_t uid);

/* ---- mail (box.c) */

struct memory_content {
  size_t references;
  struct memory_text email_id;
  struct memory_text thread_id;
  struct memory_text text;
  struct memory_text digest;
};

/* System flags, and all keywords together. */
#define MEMORY_KEYWORDS 5
#define MEMORY_MARKS 6

struct memory_message {
  uint32_t uid;
  uint32_t flags;
  uint64_t modseq;
  uint64_t mark_modseqs[MEMORY_MARKS]; /* of the last change of each */
  imap4_date date;
  imap4_date saved;
  struct memory_text keywords;
  struct memory_content *content;
};

struct memory_change {
  uint32_t uid;
  uint64_t modseq;
};

struct memory_index {
  imap4_uid_range *runs; /* UIDs of all messages */
  size_t run_count;
  size_t run_capacity;
  struct memory_change
      *changes; /* with ascending mod-sequences; some are overtaken or of messages that are gone */
  size_t change_count;
  size_t change_capacity;
  uint32_t seen_up_to; /* no message up to this UID lacks \Seen */
};

struct memory_box {
  size_t references; /* one of the person, one of each handle and upload */
  int deleted;
  int no_select;
  int no_inferiors;
  int read_only;
  uint32_t id;
  uint32_t traits; /* IMAP4_MAILBOX_REMOTE and special uses */
  struct memory_text name;
  struct memory_text keywords;
  uint32_t uidvalidity;
  uint32_t uidnext;
  uint32_t first_recent;
  uint64_t highest_modseq;
  uint64_t forgotten_modseq;       /* what was removed up to here is not in |gone| any more */
  struct memory_message *messages; /* ascending UIDs */
  size_t count;
  size_t capacity;
  struct memory_index index;
  struct memory_change *gone; /* in the order of removal */
  size_t gone_count;
  size_t gone_capacity;
  struct memory_handle *handles;
};

/* What an account may hold, for each bit of |limited|. */
struct memory_limits {
  uint32_t limited; /* IMAP4_QUOTA_* */
  uint64_t octets;
  uint64_t messages;
  uint64_t mailboxes;
};

struct memory_person {
  struct memory_limits limits;
  struct memory_text name;
  struct memory_text password;
  struct memory_box **boxes; /* in the order of imap4_mailbox_compare() */
  size_t box_count;
  size_t box_capacity;
  struct memory_text *subscribed; /* in the same order */
  size_t subscribed_count;
  size_t subscribed_capacity;
};

struct memory_account {
  struct memory_person *person;
  struct memory_scratch scratch;
};

struct memory_handle {
  struct memory_handle *next; /* of the box */
  struct memory_box *box;
  struct memory_person *person;
  imap4_session *session;
  int read_only;
  int watching;
  struct memory_scratch scratch;
};

struct memory_upload {
  struct memory_box *box;
  struct memory_account *account;
  struct memory_message *messages;
  size_t count;
  size_t capacity;
  uint64_t announced; /* octets of the message under way that are still to come */
  int replaces;       /* a message that is there goes as its one comes */
  uint64_t freed;     /* octets of that message */
};

struct memory_exchange {
  uint32_t step;
  struct memory_scratch scratch;
};

/* Objects that an operation yields, for when it is cancelled or refused. */
#define MEMORY_YIELDS_NOTHING 0u
#define MEMORY_YIELDS_ACCOUNT 1u
#define MEMORY_YIELDS_MAILBOX 2u
#define MEMORY_YIELDS_UPLOAD 3u
#define MEMORY_YIELDS_EXCHANGE 4u

union memory_result {
  imap4_authenticate_result authenticate;
  imap4_sasl_result sasl;
  imap4_list_result list;
  imap4_empty_result empty;
  imap4_mailbox_state state;
  imap4_open_result open;
  imap4_query_result query;
  imap4_read_result read;
  imap4_store_flags_result store_flags;
  imap4_append_begin_result append_begin;
  imap4_append_commit_result append_commit;
  imap4_copy_result copy;
  imap4_vanished_result vanished;
  imap4_uids_result uids;
  imap4_status_result status;
  imap4_namespaces_result namespaces;
  imap4_quota_roots_result quota_roots;
  imap4_quota_result quota;
};

struct memory_pending {
  struct memory_pending *next;
  imap4_session *session;
  imap4_op op;
  int status;
  uint32_t yields;
  void *yield;
  struct memory_exchange *over; /* an exchange that ends when this is delivered */
  struct memory_scratch scratch;
  union memory_result result;
};

struct imap4_memory {
  imap4_memory_config config;
  imap4_store table;
  void *lock;
  struct memory_person **persons;
  size_t person_count;
  size_t person_capacity;
  int known_users_only;
  uint32_t next_uidvalidity;
  uint32_t boxes_made;
  uint32_t messages_made;
  uint64_t fail_call;
  int fail_status;
  struct memory_pending *pending; /* the oldest first */
  imap4_memory_counts counts;
};

void memory_lock(imap4_memory *memory);
void memory_unlock(imap4_memory *memory);

static inline void memory_ref(struct memory_box *box) {
  ++box->references;
}

struct memory_box *memory_box_new(imap4_memory *memory, imap4_str name);
void memory_box_unref(struct memory_box *box);
void memory_message_free(struct memory_message *message);
/* Tell who watches. */
void memory_box_changed(struct memory_box *box);
/* Know these keywords from now on; IMAP4_ST_LIMIT when they become too many. */
int memory_box_learn(imap4_memory *memory, struct memory_box *box, imap4_str keywords);
/* Add known keywords to |text| as the mailbox spells them, each once. */
int memory_box_spell(const struct memory_box *box, imap4_str keywords, struct memory_text *text);
/* Room for |more| messages, and UIDs for them. */
int memory_box_reserve(struct memory_box *box, size_t more);
/* Takes |message| over and gives it a UID and |modseq|; room was reserved. */
uint32_t memory_box_put(struct memory_box *box, struct memory_message *message, uint64_t modseq);
/* Index of the first message with a UID greater than |uid|. */
size_t memory_box_after(const struct memory_box *box, uint32_t uid);
/* Index of the message with this UID; |count| if there is none. */
size_t memory_box_find(const struct memory_box *box, uint32_t uid);
/* Remove messages; no |uids| (n = 0): none. */
int memory_box_expunge(imap4_memory *memory, struct memory_box *box, imap4_uid_ranges uids, int only_deleted);
int memory_box_store(imap4_memory *memory, struct memory_box *box, const imap4_store_flags_args *args,
                     struct memory_ranges *modified, struct memory_scratch *scratch);
/* A message whose content is shared with |from|. */
int memory_message_copy(const struct memory_message *from, struct memory_message *to);
int memory_message_init(struct memory_message *message, uint32_t flags, imap4_str keywords, imap4_date date);
/* Object identifiers of a message that is new, or of the one it is a copy of. */
int memory_message_identify(imap4_memory *memory, struct memory_message *message, imap4_str email_id,
                            imap4_str thread_id);
/* MAILBOXID, in the scratch; false (0) without memory. */
int memory_box_id(const struct memory_box *box, struct memory_scratch *scratch, imap4_str *id);
imap4_date memory_now(imap4_memory *memory);

/* ---- what is known beside the messages (index.c) */

void memory_index_free(struct memory_index *index);
/* Room for messages that come, change and go. */
int memory_index_reserve(struct memory_box *box, size_t messages, size_t changes, size_t removals);
/* For what was reserved: a message is the last one now; has a new mod-sequence; some are gone. */
void memory_index_add(struct memory_box *box, const struct memory_message *message);
void memory_index_change(struct memory_box *box, const struct memory_message *message);
void memory_index_remove(struct memory_box *box);
/* UID of the first message without \Seen; 0: there is none. */
uint32_t memory_index_first_unseen(struct memory_box *box);

/* Indexes of messages in ascending order. */
struct memory_found {
  size_t *p; /* in the scratch */
  size_t n;
  int known; /* 0: there are so many that to look at all messages is less work */
};

/* The messages above |after_uid| that were changed after |since|; pages have |capacity| rows. */
int memory_index_changed(const struct memory_box *box, uint64_t since, uint32_t after_uid, size_t capacity,
                         struct memory_scratch *scratch, struct memory_found *found);
uint64_t memory_person_octets(const struct memory_person *person);

/* ---- quotas (quota.c) */

void memory_quota_init(struct memory_person *person, const imap4_memory_config *config);
/* IMAP4_ST_OVERQUOTA if the person can't have so much more. */
int memory_quota_check(const struct memory_person *person, uint64_t octets, uint64_t messages,
                       uint64_t mailboxes);
/* Whether the person has more than the soft quota allows. */
int memory_quota_soft(const imap4_memory *memory, const struct memory_person *person);
int memory_quota_roots(void *user, imap4_op op, const imap4_quota_roots_args *args,
                       imap4_quota_roots_result *out);
int memory_quota(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out);
int memory_set_quota(void *user, imap4_op op, const imap4_set_quota_args *args, imap4_empty_result *out);

/* ---- names (names.c) */

struct memory_person *memory_person_find(imap4_memory *memory, imap4_str user);
struct memory_person *memory_person_new(imap4_memory *memory, imap4_str user, imap4_str password);
void memory_person_free(struct memory_person *person);
struct memory_box *memory_find(const imap4_memory *memory, const struct memory_person *person,
                               imap4_str name);
/* The same, but only a mailbox that can be selected. */
struct memory_box *memory_find_selectable(const imap4_memory *memory, const struct memory_person *person,
                                          imap4_str name);
int memory_names_add(imap4_memory *memory, struct memory_person *person, imap4_str name,
                     struct memory_box **box);
int memory_names_create(imap4_memory *memory, struct memory_person *person, imap4_str name, uint32_t uses);
int memory_names_remove(imap4_memory *memory, struct memory_person *person, imap4_str name);
int memory_names_rename(imap4_memory *memory, struct memory_person *person, imap4_str from, imap4_str to);
int memory_names_subscribe(imap4_memory *memory, struct memory_person *person, imap4_str name, int on);
int memory_names_list(imap4_memory *memory, struct memory_person *person, const imap4_list_args *args,
                      imap4_list_result *result, struct memory_scratch *scratch);

/* ---- calls (memory.c) */

/* One call of a function of the table, from memory_begin() to memory_end(). */
struct memory_call {
  imap4_memory *memory;
  imap4_session *session;
  imap4_op op;
  uint32_t manner;
  int status; /* not IMAP4_OK after memory_begin(): fail without an effect */
  uint32_t yields;
  void *yield;
  struct memory_exchange *over;
  struct memory_scratch scratch; /* what the result points to */
};

struct memory_call memory_begin(void *user, imap4_session *session, imap4_op op);
/* Answer: |result| of |size| octets goes to |out| or to the session.  |owner| keeps the scratch, if any. */
int memory_end(struct memory_call *call, const void *result, size_t size, void *out,
               struct memory_scratch *owner);
/* How many of |capacity| may be given, under the limit |most| (0: none). */
uint32_t memory_count(imap4_memory *memory, uint32_t capacity, uint32_t most);

/* ---- the table's functions */

int memory_open(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out);
void memory_close(void *user, void *mailbox);
int memory_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out);
int memory_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out);
int memory_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out);
int memory_store_flags(void *user, imap4_op op, const imap4_store_flags_args *args,
                       imap4_store_flags_result *out);
int memory_expunge(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out);
int memory_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);
int memory_move(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);
int memory_vanished(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out);
int memory_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out);
int memory_keep_digest(void *user, imap4_op op, const imap4_keep_digest_args *args, imap4_empty_result *out);
int memory_watch(void *user, imap4_session *session, void *mailbox, int32_t on);
void memory_handle_free(imap4_memory *memory, struct memory_handle *handle);

int memory_append_begin(void *user, imap4_op op, const imap4_append_begin_args *args,
                        imap4_append_begin_result *out);
int memory_append_message(void *user, imap4_op op, const imap4_append_message_args *args,
                          imap4_empty_result *out);
int memory_append_write(void *user, imap4_op op, const imap4_append_write_args *args,
                        imap4_empty_result *out);
int memory_replace(void *user, imap4_op op, const imap4_replace_args *args, imap4_append_commit_result *out);
int memory_append_commit(void *user, imap4_op op, const imap4_upload_args *args,
                         imap4_append_commit_result *out);
void memory_append_abort(void *user, void *upload);
void memory_upload_free(imap4_memory *memory, struct memory_upload *upload);

int memory_authenticate(void *user, imap4_op op, const imap4_authenticate_args *args,
                        imap4_authenticate_result *out);
void memory_release(void *user, void *account);
int memory_list(void *user, imap4_op op, const imap4_list_args *args, imap4_list_result *out);
int memory_create(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
int memory_remove(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
int memory_rename(void *user, imap4_op op, const imap4_rename_args *args, imap4_empty_result *out);
int memory_subscribe(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
int memory_status(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out);
int memory_authorize(void *user, const imap4_authorize_args *args);
int memory_namespaces(void *user, imap4_op op, const imap4_namespaces_args *args,
                      imap4_namespaces_result *out);
int memory_sasl(void *user, imap4_op op, const imap4_sasl_args *args, imap4_sasl_result *out);
void memory_sasl_abort(void *user, void *exchange);
struct memory_account *memory_account_new(imap4_memory *memory, struct memory_person *person);
void memory_account_free(imap4_memory *memory, struct memory_account *account);
void memory_exchange_free(imap4_memory *memory, struct memory_exchange *exchange);

#endif
