/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes of the memory store as data: messages, keywords, mod-sequences, and what is gone.
 *
 * Whatever can fail (memory, UIDs, limits) is asked for before anything changes, so that a change is made
 * as a whole or not at all.
 */
#include "memory/internal.h"

imap4_date memory_now(imap4_memory *memory) {
  return memory->config.clock ? memory->config.clock(memory->config.user) : memory->config.now;
}

/* |prefix| and a number: begins with a letter, as RFC 8474 section 8.1 advises. */
#define ID_ROOM 12

static imap4_str id_text(char prefix, uint32_t number, char text[ID_ROOM]) {
  size_t n = ID_ROOM;
  do {
    text[--n] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  text[--n] = prefix;
  return memory_str(text + n, ID_ROOM - n);
}

int memory_box_id(const struct memory_box *box, struct memory_scratch *scratch, imap4_str *id) {
  char text[ID_ROOM];
  return memory_scratch_str(scratch, id_text('F', box->id, text), id);
}

/* ---- messages ------------------------------------------------------------------------------- */

int memory_message_init(struct memory_message *message, uint32_t flags, imap4_str keywords, imap4_date date) {
  *message = (struct memory_message){.flags = flags, .date = date};
  message->content = calloc(1, sizeof *message->content);
  if (!message->content) return IMAP4_ST_TEMPFAIL;
  message->content->references = 1;
  int status = memory_text_add(&message->keywords, keywords);
  if (status) memory_message_free(message);
  return status;
}

int memory_message_identify(imap4_memory *memory, struct memory_message *message, imap4_str email_id,
                            imap4_str thread_id) {
  char text[ID_ROOM];
  if (email_id.n == 0) email_id = id_text('M', ++memory->messages_made, text);
  int status = memory_text_set(&message->content->email_id, email_id);
  return status ? status : memory_text_set(&message->content->thread_id, thread_id);
}

int memory_message_copy(const struct memory_message *from, struct memory_message *to) {
  *to = *from;
  to->keywords = (struct memory_text){0};
  int status = memory_text_add(&to->keywords, memory_text_str(&from->keywords));
  if (status) return status;
  ++to->content->references;
  return IMAP4_OK;
}

void memory_message_free(struct memory_message *message) {
  struct memory_content *content = message->content;
  if (content && --content->references == 0) {
    memory_text_free(&content->text);
    memory_text_free(&content->digest);
    memory_text_free(&content->email_id);
    memory_text_free(&content->thread_id);
    free(content);
  }
  memory_text_free(&message->keywords);
  message->content = NULL;
}

uint64_t memory_person_octets(const struct memory_person *person) {
  uint64_t octets = 0;
  for (size_t i = 0; i < person->box_count; ++i) {
    const struct memory_box *box = person->boxes[i];
    for (size_t k = 0; k < box->count; ++k)
      octets += box->messages[k].content->text.n;
  }
  return octets;
}

/* ---- boxes ---------------------------------------------------------------------------------- */

struct memory_box *memory_box_new(imap4_memory *memory, imap4_str name) {
  struct memory_box *box = calloc(1, sizeof *box);
  if (!box) return NULL;
  if (memory_text_set(&box->name, name) != IMAP4_OK) {
    free(box);
    return NULL;
  }
  box->references = 1;
  box->id = ++memory->boxes_made;
  box->uidvalidity = memory->next_uidvalidity++;
  box->uidnext = 1;
  box->first_recent = 1;
  box->highest_modseq = 1;
  return box;
}

void memory_box_unref(struct memory_box *box) {
  if (--box->references > 0) return;
  for (size_t i = 0; i < box->count; ++i)
    memory_message_free(&box->messages[i]);
  free(box->messages);
  memory_index_free(&box->index);
  free(box->gone);
  memory_text_free(&box->name);
  memory_text_free(&box->keywords);
  free(box);
}

void memory_box_changed(struct memory_box *box) {
  for (struct memory_handle *handle = box->handles; handle; handle = handle->next) {
    if (handle->watching) imap4_session_notify(handle->session);
  }
}

int memory_box_learn(imap4_memory *memory, struct memory_box *box, imap4_str keywords) {
  imap4_str rest = keywords;
  imap4_str word;
  size_t count = 0;
  size_t before = box->keywords.n;
  int status = IMAP4_OK;
  imap4_str known = memory_text_str(&box->keywords);
  while (memory_next_word(&known, &word))
    ++count;
  while (status == IMAP4_OK && memory_next_word(&rest, &word)) {
    if (memory_has_word(memory_text_str(&box->keywords), word)) continue;
    status = ++count > memory->config.keywords ? IMAP4_ST_LIMIT : memory_text_add_word(&box->keywords, word);
  }
  if (status) box->keywords.n = before;
  return status;
}

int memory_box_spell(const struct memory_box *box, imap4_str keywords, struct memory_text *text) {
  imap4_str word;
  int status = IMAP4_OK;
  while (status == IMAP4_OK && memory_next_word(&keywords, &word)) {
    imap4_str known = memory_text_str(&box->keywords);
    imap4_str have;
    while (memory_next_word(&known, &have)) {
      if (memory_equal_nocase(have, word)) word = have;
    }
    if (memory_has_word(memory_text_str(text), word)) continue;
    status = memory_text_add_word(text, word);
  }
  return status;
}

int memory_box_reserve(struct memory_box *box, size_t more) {
  if (more > UINT32_MAX - box->uidnext) return IMAP4_ST_LIMIT;
  void *messages = memory_grow(box->messages, box->count, more, &box->capacity, sizeof *box->messages);
  if (!messages) return IMAP4_ST_TEMPFAIL;
  box->messages = messages;
  return memory_index_reserve(box, more, 0, 0);
}

uint32_t memory_box_put(struct memory_box *box, struct memory_message *message, uint64_t modseq) {
  message->uid = box->uidnext++;
  message->modseq = modseq;
  for (size_t i = 0; i < MEMORY_MARKS; ++i)
    message->mark_modseqs[i] = modseq;
  box->messages[box->count++] = *message;
  memory_index_add(box, message);
  box->highest_modseq = modseq;
  return message->uid;
}

size_t memory_box_after(const struct memory_box *box, uint32_t uid) {
  size_t low = 0;
  size_t high = box->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (box->messages[middle].uid <= uid) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

size_t memory_box_find(const struct memory_box *box, uint32_t uid) {
  size_t i = memory_box_after(box, uid - 1);
  return i < box->count && box->messages[i].uid == uid ? i : box->count;
}

/* ---- expunge -------------------------------------------------------------------------------- */

static int goes(const struct memory_message *message, imap4_uid_ranges uids, int only_deleted) {
  if (only_deleted && !(message->flags & IMAP4_FLAG_DELETED)) return 0;
  return memory_ranges_has(uids, message->uid);
}

static void forget_old(imap4_memory *memory, struct memory_box *box) {
  size_t keep = memory->config.expunge_log;
  if (keep == 0 || box->gone_count <= keep) return;
  size_t drop = box->gone_count - keep;
  box->forgotten_modseq = box->gone[drop - 1].modseq;
  memmove(box->gone, box->gone + drop, keep * sizeof *box->gone);
  box->gone_count = keep;
}

int memory_box_expunge(imap4_memory *memory, struct memory_box *box, imap4_uid_ranges uids,
                       int only_deleted) {
  size_t going = 0;
  for (size_t i = 0; i < box->count; ++i)
    going += goes(&box->messages[i], uids, only_deleted) ? 1 : 0;
  if (going == 0) return IMAP4_OK;
  void *gone = memory_grow(box->gone, box->gone_count, going, &box->gone_capacity, sizeof *box->gone);
  if (!gone) return IMAP4_ST_TEMPFAIL;
  box->gone = gone;
  int status = memory_index_reserve(box, 0, 0, going);
  if (status) return status;
  uint64_t modseq = ++box->highest_modseq;
  size_t kept = 0;
  for (size_t i = 0; i < box->count; ++i) {
    struct memory_message *message = &box->messages[i];
    if (goes(message, uids, only_deleted)) {
      box->gone[box->gone_count++] = (struct memory_change){message->uid, modseq};
      memory_message_free(message);
    } else {
      box->messages[kept++] = *message;
    }
  }
  box->count = kept;
  memory_index_remove(box);
  forget_old(memory, box);
  memory_box_changed(box);
  return IMAP4_OK;
}

/* ---- flags ---------------------------------------------------------------------------------- */

/* |keywords| of a message after the change. */
static int changed_keywords(const struct memory_box *box, imap4_str old, const imap4_store_flags_args *args,
                            struct memory_text *keywords) {
  imap4_str word;
  imap4_str rest = old;
  int status = IMAP4_OK;
  if (args->mode != IMAP4_STORE_REPLACE) {
    while (status == IMAP4_OK && memory_next_word(&rest, &word)) {
      if (args->mode == IMAP4_STORE_REMOVE && memory_has_word(args->keywords, word)) continue;
      status = memory_text_add_word(keywords, word);
    }
  }
  if (status || args->mode == IMAP4_STORE_REMOVE) return status;
  return memory_box_spell(box, args->keywords, keywords);
}

static uint32_t changed_flags(uint32_t old, uint32_t mode, uint32_t flags) {
  if (mode == IMAP4_STORE_ADD) return old | flags;
  if (mode == IMAP4_STORE_REMOVE) return old & ~flags;
  return flags;
}

static int same_words(imap4_str a, imap4_str b) {
  imap4_str word;
  imap4_str rest = a;
  while (memory_next_word(&rest, &word)) {
    if (!memory_has_word(b, word)) return 0;
  }
  while (memory_next_word(&b, &word)) {
    if (!memory_has_word(a, word)) return 0;
  }
  return 1;
}

/* System flags as bits, and one more for keywords. */
static uint32_t marks(uint32_t flags, int keywords) {
  return (flags & IMAP4_FLAG_ALL) | (keywords ? 1u << MEMORY_KEYWORDS : 0);
}

/* Whether what a client wants to change was changed after what it knows. */
static int outdated(const imap4_memory *memory, const struct memory_message *message,
                    const imap4_store_flags_args *args) {
  uint32_t named = marks(args->flags, args->keywords.n > 0);
  uint64_t modseq = 0;
  if (args->unchanged_since == 0 || message->modseq <= args->unchanged_since) return 0;
  if (memory->config.one_modseq || args->mode == IMAP4_STORE_REPLACE) return 1;
  for (uint32_t i = 0; i < MEMORY_MARKS; ++i) {
    if (named >> i & 1 && message->mark_modseqs[i] > modseq) modseq = message->mark_modseqs[i];
  }
  return modseq > args->unchanged_since;
}

static void note_modseq(struct memory_message *message, uint32_t changed, uint64_t modseq) {
  message->modseq = modseq;
  for (uint32_t i = 0; i < MEMORY_MARKS; ++i) {
    if (changed >> i & 1) message->mark_modseqs[i] = modseq;
  }
}

static int store_one(struct memory_box *box, struct memory_message *message,
                     const imap4_store_flags_args *args, uint64_t modseq) {
  struct memory_text keywords = {0};
  int status = changed_keywords(box, memory_text_str(&message->keywords), args, &keywords);
  uint32_t flags = changed_flags(message->flags, args->mode, args->flags);
  int same_keywords = same_words(memory_text_str(&message->keywords), memory_text_str(&keywords));
  uint32_t changed = marks(flags ^ message->flags, !same_keywords);
  if (status || changed == 0) {
    memory_text_free(&keywords);
    return status;
  }
  memory_text_free(&message->keywords);
  message->keywords = keywords;
  message->flags = flags;
  note_modseq(message, changed, modseq);
  box->highest_modseq = modseq;
  memory_index_change(box, message);
  return IMAP4_OK;
}

/* Messages from |*first| on, in one range. */
static size_t count_in(const struct memory_box *box, imap4_uid_range range, size_t *first) {
  *first = memory_box_after(box, range.first - 1);
  return memory_box_after(box, range.last) - *first;
}

int memory_box_store(imap4_memory *memory, struct memory_box *box, const imap4_store_flags_args *args,
                     struct memory_ranges *modified, struct memory_scratch *scratch) {
  uint64_t modseq = box->highest_modseq + 1;
  size_t touched = 0;
  size_t first;
  for (size_t r = 0; r < args->uids.n; ++r)
    touched += count_in(box, args->uids.p[r], &first);
  int status = memory_index_reserve(box, 0, touched, 0);
  if (status == IMAP4_OK && args->mode != IMAP4_STORE_REMOVE)
    status = memory_box_learn(memory, box, args->keywords);
  for (size_t r = 0; status == IMAP4_OK && r < args->uids.n; ++r) {
    size_t n = count_in(box, args->uids.p[r], &first);
    for (size_t i = first; status == IMAP4_OK && i < first + n; ++i) {
      struct memory_message *message = &box->messages[i];
      if (outdated(memory, message, args)) {
        status = memory_ranges_add(modified, scratch, message->uid);
      } else {
        status = store_one(box, message, args, modseq);
      }
    }
  }
  if (box->highest_modseq == modseq) memory_box_changed(box);
  return status;
}
