/* SPDX-License-Identifier: MIT */
/*
 * Names of the memory store: persons, their mailboxes and subscriptions, in the order of LIST.
 */
#include "memory/internal.h"

/* ---- persons -------------------------------------------------------------------------------- */

struct memory_person *memory_person_find(imap4_memory *memory, imap4_str user) {
  if (user.n == 0 || !memory->known_users_only) return memory->person_count ? memory->persons[0] : NULL;
  for (size_t i = 0; i < memory->person_count; ++i) {
    if (memory_equal(memory_text_str(&memory->persons[i]->name), user)) return memory->persons[i];
  }
  return NULL;
}

struct memory_person *memory_person_new(imap4_memory *memory, imap4_str user, imap4_str password) {
  struct memory_person *person = calloc(1, sizeof *person);
  if (!person) return NULL;
  void *persons = memory_grow(memory->persons, memory->person_count, 1, &memory->person_capacity,
                              sizeof *memory->persons);
  if (persons) memory->persons = persons;
  struct memory_box *inbox;
  memory_quota_init(person, &memory->config);
  if (!persons || memory_text_set(&person->name, user) || memory_text_set(&person->password, password) ||
      memory_names_add(memory, person, memory_str("INBOX", 5), &inbox)) {
    memory_person_free(person);
    return NULL;
  }
  memory->persons[memory->person_count++] = person;
  return person;
}

void memory_person_free(struct memory_person *person) {
  for (size_t i = 0; i < person->box_count; ++i)
    memory_box_unref(person->boxes[i]);
  for (size_t i = 0; i < person->subscribed_count; ++i)
    memory_text_free(&person->subscribed[i]);
  free(person->boxes);
  free(person->subscribed);
  memory_text_free(&person->name);
  memory_text_free(&person->password);
  free(person);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* Index of the first box whose name does not sort before |name|. */
static size_t box_index(const imap4_memory *memory, const struct memory_person *person, imap4_str name) {
  size_t low = 0;
  size_t high = person->box_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    imap4_str have = memory_text_str(&person->boxes[middle]->name);
    if (imap4_mailbox_compare(have, name, memory->config.delimiter) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static size_t subscription_index(const imap4_memory *memory, const struct memory_person *person,
                                 imap4_str name) {
  size_t i = 0;
  while (i < person->subscribed_count &&
         imap4_mailbox_compare(memory_text_str(&person->subscribed[i]), name, memory->config.delimiter) < 0) {
    ++i;
  }
  return i;
}

struct memory_box *memory_find(const imap4_memory *memory, const struct memory_person *person,
                               imap4_str name) {
  size_t i = box_index(memory, person, name);
  if (i == person->box_count || !memory_equal(memory_text_str(&person->boxes[i]->name), name)) return NULL;
  return person->boxes[i];
}

struct memory_box *memory_find_selectable(const imap4_memory *memory, const struct memory_person *person,
                                          imap4_str name) {
  struct memory_box *box = memory_find(memory, person, name);
  return box && !box->no_select ? box : NULL;
}

static int is_below(const imap4_memory *memory, imap4_str name, imap4_str parent) {
  return name.n > parent.n + 1 && memcmp(name.p, parent.p, parent.n) == 0 &&
         name.p[parent.n] == memory->config.delimiter;
}

/* Boxes below a name follow it directly. */
static int has_children(const imap4_memory *memory, const struct memory_person *person, imap4_str name) {
  size_t i = box_index(memory, person, name);
  if (i < person->box_count && memory_equal(memory_text_str(&person->boxes[i]->name), name)) ++i;
  return i < person->box_count && is_below(memory, memory_text_str(&person->boxes[i]->name), name);
}

static int is_inbox(imap4_str name) {
  return memory_equal(name, memory_str("INBOX", 5));
}

/* ---- changes -------------------------------------------------------------------------------- */

int memory_names_add(imap4_memory *memory, struct memory_person *person, imap4_str name,
                     struct memory_box **box) {
  if (memory_find(memory, person, name)) return IMAP4_ST_ALREADYEXISTS;
  void *boxes =
      memory_grow(person->boxes, person->box_count, 1, &person->box_capacity, sizeof *person->boxes);
  if (!boxes) return IMAP4_ST_TEMPFAIL;
  person->boxes = boxes;
  *box = memory_box_new(memory, name);
  if (!*box) return IMAP4_ST_TEMPFAIL;
  size_t i = box_index(memory, person, name);
  memmove(person->boxes + i + 1, person->boxes + i, (person->box_count - i) * sizeof *person->boxes);
  person->boxes[i] = *box;
  ++person->box_count;
  return IMAP4_OK;
}

/* A box leaves the list of names; who has it open finds it deleted. */
static void detach(struct memory_box *box) {
  box->deleted = 1;
  memory_box_changed(box);
  memory_box_unref(box);
}

/* A new box takes the place of |*place|. */
static int replace(imap4_memory *memory, struct memory_box **place, int no_select) {
  struct memory_box *box = memory_box_new(memory, memory_text_str(&(*place)->name));
  if (!box) return IMAP4_ST_TEMPFAIL;
  box->no_select = no_select;
  detach(*place);
  *place = box;
  return IMAP4_OK;
}

/* The levels above |name| that are not there. */
static int create_above(imap4_memory *memory, struct memory_person *person, imap4_str name) {
  for (size_t i = 1; i < name.n; ++i) {
    if (name.p[i] != memory->config.delimiter) continue;
    imap4_str parent = memory_str(name.p, i);
    struct memory_box *box = memory_find(memory, person, parent);
    if (box && box->no_inferiors) return IMAP4_ST_CANNOT;
    if (box) continue;
    int status = memory_names_add(memory, person, parent, &box);
    if (status) return status;
  }
  return IMAP4_OK;
}

int memory_names_create(imap4_memory *memory, struct memory_person *person, imap4_str name, uint32_t uses) {
  struct memory_box *box = memory_find(memory, person, name);
  int status = IMAP4_OK;
  if (box && !box->no_select) return IMAP4_ST_ALREADYEXISTS;
  if (memory_quota_check(person, 0, 0, 1)) return IMAP4_ST_OVERQUOTA;
  if (box) {
    struct memory_box **place = &person->boxes[box_index(memory, person, name)];
    status = replace(memory, place, 0);
    box = *place;
  } else {
    status = create_above(memory, person, name);
    if (status == IMAP4_OK) status = memory_names_add(memory, person, name, &box);
  }
  if (status == IMAP4_OK) box->traits = uses;
  return status;
}

int memory_names_remove(imap4_memory *memory, struct memory_person *person, imap4_str name) {
  size_t i = box_index(memory, person, name);
  struct memory_box *box = memory_find(memory, person, name);
  int children = has_children(memory, person, name);
  if (is_inbox(name)) return IMAP4_ST_CANNOT;
  if (!box) return children ? IMAP4_ST_HASCHILDREN : IMAP4_ST_NONEXISTENT;
  if (children && box->no_select) return IMAP4_ST_HASCHILDREN;
  if (children && !memory->config.implied_levels) return replace(memory, &person->boxes[i], 1);
  memmove(person->boxes + i, person->boxes + i + 1, (person->box_count - i - 1) * sizeof *person->boxes);
  --person->box_count;
  detach(box);
  return IMAP4_OK;
}

int memory_names_subscribe(imap4_memory *memory, struct memory_person *person, imap4_str name, int on) {
  size_t i = subscription_index(memory, person, name);
  int have = i < person->subscribed_count && memory_equal(memory_text_str(&person->subscribed[i]), name);
  if (have == !!on) return IMAP4_OK;
  struct memory_text *list = person->subscribed;
  if (!on) {
    memory_text_free(&list[i]);
    memmove(list + i, list + i + 1, (person->subscribed_count - i - 1) * sizeof *list);
    --person->subscribed_count;
    return IMAP4_OK;
  }
  struct memory_text text = {0};
  list = memory_grow(list, person->subscribed_count, 1, &person->subscribed_capacity, sizeof *list);
  if (!list) return IMAP4_ST_TEMPFAIL;
  person->subscribed = list;
  if (memory_text_set(&text, name)) return IMAP4_ST_TEMPFAIL;
  memmove(list + i + 1, list + i, (person->subscribed_count - i) * sizeof *list);
  list[i] = text;
  ++person->subscribed_count;
  return IMAP4_OK;
}

/* ---- rename --------------------------------------------------------------------------------- */

static int moves(const imap4_memory *memory, const struct memory_box *box, imap4_str from) {
  imap4_str name = memory_text_str(&box->name);
  return memory_equal(name, from) || is_below(memory, name, from);
}

/* The new names of all boxes that move, one for each box of the person; others stay empty. */
static int new_names(imap4_memory *memory, struct memory_person *person, imap4_str from, imap4_str to,
                     struct memory_text *names) {
  size_t count = 0;
  for (size_t i = 0; i < person->box_count; ++i) {
    struct memory_box *box = person->boxes[i];
    if (!moves(memory, box, from)) continue;
    ++count;
    if (memory_text_set(&names[i], to) ||
        memory_text_add(&names[i], memory_str(box->name.p + from.n, box->name.n - from.n))) {
      return IMAP4_ST_TEMPFAIL;
    }
    if (memory_find(memory, person, memory_text_str(&names[i]))) return IMAP4_ST_ALREADYEXISTS;
  }
  return count ? IMAP4_OK : IMAP4_ST_NONEXISTENT;
}

/* The list is nearly in order, so insertion is quick. */
static void sort_boxes(imap4_memory *memory, struct memory_person *person) {
  for (size_t i = 1; i < person->box_count; ++i) {
    struct memory_box *box = person->boxes[i];
    size_t k = i;
    while (k > 0 && imap4_mailbox_compare(memory_text_str(&person->boxes[k - 1]->name),
                                          memory_text_str(&box->name), memory->config.delimiter) > 0) {
      person->boxes[k] = person->boxes[k - 1];
      --k;
    }
    person->boxes[k] = box;
  }
}

int memory_names_rename(imap4_memory *memory, struct memory_person *person, imap4_str from, imap4_str to) {
  if (memory_find(memory, person, to)) return IMAP4_ST_ALREADYEXISTS;
  if (is_below(memory, to, from) || is_inbox(from)) return IMAP4_ST_CANNOT;
  struct memory_box *box = memory_find(memory, person, from);
  if (!box && !has_children(memory, person, from)) return IMAP4_ST_NONEXISTENT;
  int status = create_above(memory, person, to);
  if (status) return status;
  size_t count = person->box_count;
  struct memory_text *names = calloc(count, sizeof *names);
  if (!names) return IMAP4_ST_TEMPFAIL;
  status = new_names(memory, person, from, to, names);
  for (size_t i = 0; i < count; ++i) {
    if (status == IMAP4_OK && names[i].n) {
      memory_text_free(&person->boxes[i]->name);
      person->boxes[i]->name = names[i];
    } else {
      memory_text_free(&names[i]);
    }
  }
  free(names);
  if (status == IMAP4_OK) sort_boxes(memory, person);
  return status;
}

/* ---- LIST ----------------------------------------------------------------------------------- */

static uint32_t box_attributes(const imap4_memory *memory, const struct memory_box *box) {
  uint32_t attributes = box->traits;
  if (box->no_inferiors) attributes |= IMAP4_MAILBOX_NOINFERIORS;
  if (box->no_select) return attributes | IMAP4_MAILBOX_NOSELECT;
  if (!memory->config.marked) return attributes;
  int recent = box->count && box->messages[box->count - 1].uid >= box->first_recent;
  return attributes | (recent ? IMAP4_MAILBOX_MARKED : IMAP4_MAILBOX_UNMARKED);
}

/* The next of two lists in step: boxes at |*i|, subscriptions at |*k|. */
static int next_entry(const imap4_memory *memory, const struct memory_person *person, size_t *i, size_t *k,
                      imap4_mailbox_entry *entry) {
  int has_box = *i < person->box_count;
  int has_name = *k < person->subscribed_count;
  int order = 0;
  if (!has_box && !has_name) return 0;
  if (has_box && has_name) {
    order = imap4_mailbox_compare(memory_text_str(&person->boxes[*i]->name),
                                  memory_text_str(&person->subscribed[*k]), memory->config.delimiter);
  } else {
    order = has_box ? -1 : 1;
  }
  *entry = (imap4_mailbox_entry){.attributes = 0};
  if (order <= 0) {
    entry->name = memory_text_str(&person->boxes[*i]->name);
    entry->attributes = box_attributes(memory, person->boxes[(*i)++]);
  }
  if (order >= 0) {
    entry->name = memory_text_str(&person->subscribed[(*k)++]);
    entry->attributes |= IMAP4_MAILBOX_SUBSCRIBED;
    if (order > 0) entry->attributes |= IMAP4_MAILBOX_NONEXISTENT;
  }
  return 1;
}

static int starts(imap4_str name, imap4_str prefix) {
  return name.n >= prefix.n && (prefix.n == 0 || memcmp(name.p, prefix.p, prefix.n) == 0);
}

int memory_names_list(imap4_memory *memory, struct memory_person *person, const imap4_list_args *args,
                      imap4_list_result *result, struct memory_scratch *scratch) {
  uint32_t capacity = memory_count(memory, args->capacity, memory->config.page_rows);
  imap4_mailbox_entry *entries = memory_scratch_alloc(scratch, capacity * sizeof *entries);
  if (!entries) return IMAP4_ST_TEMPFAIL;
  imap4_mailbox_entry entry;
  size_t i = args->after.n ? box_index(memory, person, args->after) : 0;
  size_t k = args->after.n ? subscription_index(memory, person, args->after) : 0;
  result->entries = entries;
  result->entry_size = sizeof *entries;
  result->last = 1;
  while (next_entry(memory, person, &i, &k, &entry)) {
    if (!starts(entry.name, args->prefix) || memory_equal(entry.name, args->after)) continue;
    if (result->count == capacity) {
      result->last = 0;
      break;
    }
    if (!memory_scratch_str(scratch, entry.name, &entry.name)) return IMAP4_ST_TEMPFAIL;
    entries[result->count++] = entry;
  }
  return IMAP4_OK;
}
