/* SPDX-License-Identifier: MIT */
/*
 * What a mailbox of the memory store knows beside its messages, so that nobody has to look at all of them:
 * which UIDs there are, who was changed last, and up to where everything is \Seen.
 */
#include "memory/internal.h"

void memory_index_free(struct memory_index *index) {
  free(index->runs);
  free(index->changes);
}

/* ---- changes -------------------------------------------------------------------------------- */

/* The message to which |change| was the last one that happened; |count| if it was not, or it is gone. */
static size_t changed_message(const struct memory_box *box, const struct memory_change *change) {
  size_t i = memory_box_find(box, change->uid);
  return i < box->count && box->messages[i].modseq == change->modseq ? i : box->count;
}

/* Every message is in the list once, if what was overtaken by later changes is left out. */
static void forget_overtaken(struct memory_box *box) {
  struct memory_index *index = &box->index;
  size_t kept = 0;
  for (size_t i = 0; i < index->change_count; ++i) {
    if (changed_message(box, &index->changes[i]) < box->count) index->changes[kept++] = index->changes[i];
  }
  index->change_count = kept;
}

void memory_index_change(struct memory_box *box, const struct memory_message *message) {
  struct memory_index *index = &box->index;
  index->changes[index->change_count++] = (struct memory_change){message->uid, message->modseq};
  if (!(message->flags & IMAP4_FLAG_SEEN) && message->uid <= index->seen_up_to) {
    index->seen_up_to = message->uid - 1;
  }
}

/* Room for |more| changes.  Twice as many as there are messages are kept at most, so forgetting is rare. */
static int reserve_changes(struct memory_box *box, size_t more) {
  struct memory_index *index = &box->index;
  int full = index->change_count + more > index->change_capacity;
  if (full && index->change_count / 2 > box->count) forget_overtaken(box);
  void *changes =
      memory_grow(index->changes, index->change_count, more, &index->change_capacity, sizeof *index->changes);
  if (!changes) return IMAP4_ST_TEMPFAIL;
  index->changes = changes;
  return IMAP4_OK;
}

static size_t first_change_after(const struct memory_index *index, uint64_t modseq) {
  size_t low = 0;
  size_t high = index->change_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (index->changes[middle].modseq <= modseq) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static int by_number(const void *a, const void *b) {
  const size_t *x = a;
  const size_t *y = b;
  return *x < *y ? -1 : *x > *y;
}

int memory_index_changed(const struct memory_box *box, uint64_t since, uint32_t after_uid, size_t capacity,
                         struct memory_scratch *scratch, struct memory_found *found) {
  const struct memory_index *index = &box->index;
  size_t first = first_change_after(index, since);
  size_t n = index->change_count - first;
  /* They are looked at once for each page. */
  *found = (struct memory_found){.known = n <= capacity || n / capacity <= box->count / n};
  if (!found->known) return IMAP4_OK;
  found->p = memory_scratch_alloc(scratch, n * sizeof *found->p);
  if (!found->p) return IMAP4_ST_TEMPFAIL;
  for (size_t i = first; i < index->change_count; ++i) {
    size_t message = changed_message(box, &index->changes[i]);
    if (message < box->count && index->changes[i].uid > after_uid) found->p[found->n++] = message;
  }
  qsort(found->p, found->n, sizeof *found->p, by_number);
  return IMAP4_OK;
}

/* ---- messages that come, change and go ------------------------------------------------------- */

static int reserve_runs(struct memory_index *index, size_t more) {
  void *runs = memory_grow(index->runs, index->run_count, more, &index->run_capacity, sizeof *index->runs);
  if (!runs) return IMAP4_ST_TEMPFAIL;
  index->runs = runs;
  return IMAP4_OK;
}

static void add_to_runs(struct memory_index *index, uint32_t uid) {
  imap4_uid_range *last = index->run_count ? &index->runs[index->run_count - 1] : NULL;
  if (last && last->last == uid - 1) {
    last->last = uid;
  } else {
    index->runs[index->run_count++] = (imap4_uid_range){uid, uid};
  }
}

int memory_index_reserve(struct memory_box *box, size_t messages, size_t changes, size_t removals) {
  /* New messages make one run, since their UIDs follow each other; one that goes can make two of one. */
  int status = reserve_runs(&box->index, (messages ? 1 : 0) + removals);
  return status ? status : reserve_changes(box, messages + changes);
}

void memory_index_add(struct memory_box *box, const struct memory_message *message) {
  add_to_runs(&box->index, message->uid);
  memory_index_change(box, message);
}

void memory_index_remove(struct memory_box *box) {
  box->index.run_count = 0;
  for (size_t i = 0; i < box->count; ++i)
    add_to_runs(&box->index, box->messages[i].uid);
}

uint32_t memory_index_first_unseen(struct memory_box *box) {
  size_t i = memory_box_after(box, box->index.seen_up_to);
  while (i < box->count && box->messages[i].flags & IMAP4_FLAG_SEEN)
    ++i;
  box->index.seen_up_to = (i < box->count ? box->messages[i].uid : box->uidnext) - 1;
  return i < box->count ? box->messages[i].uid : 0;
}
