/* SPDX-License-Identifier: MIT */
/* What the library asks of an open mailbox: where it stands, rows, and which messages are there or gone. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS_MAX 1024u

/* ---- poll and STATUS ------------------------------------------------------------------------ */

static void close_idle_reader(struct md_mailbox *mailbox) {
  if (!mailbox->reader.used) md_reader_close(&mailbox->reader);
  mailbox->reader.used = false;
}

static int poll_box(struct md_mailbox *mailbox, const imap4_poll_args *args, imap4_mailbox_state *out) {
  struct md_box *box = mailbox->box;
  int status = md_box_alive(box);
  if (status == IMAP4_OK) status = md_sync(box, args->checkpoint != 0);
  if (status != IMAP4_OK) return status;
  out->first_recent = box->first_recent;
  /* Where nothing can be written, they stay new to everybody. */
  if (args->claim_recent && !mailbox->read_only) status = md_claim(box, &out->first_recent);
  if (status == IMAP4_ST_NONEXISTENT || box->stale) return status == IMAP4_OK ? IMAP4_ST_UNAVAILABLE : status;
  if (args->checkpoint) md_clean_tmp(box);
  mailbox->text.n = 0;
  md_keywords_names(box, md_keywords_known(box), &mailbox->text);
  size_t keywords = mailbox->text.n;
  char *id = md_buf_room(&mailbox->text, MD_MAILBOX_ID_OCTETS);
  if (mailbox->text.failed) {
    md_buf_free(&mailbox->text);
    return IMAP4_ST_UNAVAILABLE;
  }
  md_identity_mailbox(box, id);
  out->mailbox_id = (imap4_str){id, MD_MAILBOX_ID_OCTETS};
  out->uidvalidity = box->uidvalidity;
  out->uidnext = box->uidnext;
  out->exists = (uint32_t)box->n;
  out->highest_modseq = box->modseq;
  out->flags = IMAP4_FLAG_ALL;
  out->keywords = (imap4_str){mailbox->text.p, keywords};
  out->new_keywords = !md_keywords_full(box);
  return IMAP4_OK;
}

int md_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out) {
  struct md_mailbox *mailbox = args->mailbox;
  (void)user;
  (void)op;
  close_idle_reader(mailbox);
  md_box_enter(mailbox->box);
  int status = poll_box(mailbox, args, out);
  md_box_leave(mailbox->box);
  return status;
}

/* Sizes that were not counted yet are the library's to ask for. */
static void count_status(const struct md_box *box, imap4_status_result *out) {
  out->known = IMAP4_STATUS_SIZE | IMAP4_STATUS_DELETED | IMAP4_STATUS_HIGHESTMODSEQ |
               IMAP4_STATUS_MAILBOXID | IMAP4_STATUS_DELETED_STORAGE;
  for (size_t i = 0; i < box->n; i++) {
    const struct md_entry *entry = &box->entries[i];
    out->unseen += !(entry->flags & IMAP4_FLAG_SEEN);
    bool deleted = (entry->flags & IMAP4_FLAG_DELETED) != 0;
    uint64_t size = entry->size == MD_UNKNOWN ? 0 : entry->size;
    if (entry->size == MD_UNKNOWN) {
      out->known &= ~(uint32_t)(IMAP4_STATUS_SIZE | (deleted ? IMAP4_STATUS_DELETED_STORAGE : 0));
    }
    out->deleted += deleted;
    out->deleted_storage += deleted ? size : 0;
    out->size += size;
  }
}

int md_status_of(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out) {
  struct md_box *box;
  char *path;
  (void)op;
  int status = md_mailbox_path(args->account, args->name, &path);
  if (status != IMAP4_OK) return status;
  status = md_box_acquire(user, path, &box);
  free(path);
  if (status != IMAP4_OK) return status;
  md_box_enter(box);
  status = md_sync(box, false);
  if (status == IMAP4_OK) {
    out->messages = (uint32_t)box->n;
    out->uidnext = box->uidnext;
    out->uidvalidity = box->uidvalidity;
    out->recent = (uint32_t)(box->n - md_box_find(box, box->first_recent));
    count_status(box, out);
    out->highest_modseq = box->modseq;
    char *id = ((struct md_account *)args->account)->mailbox_id;
    md_identity_mailbox(box, id);
    out->mailbox_id = (imap4_str){id, MD_MAILBOX_ID_OCTETS};
  }
  md_box_leave(box);
  md_box_release(box);
  return status;
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* Walks over the entries that a query means. */
struct walk {
  const struct md_box *box;
  imap4_uid_ranges ranges;
  uint64_t changed_since;
  size_t range;
  size_t at;
};

static void walk_begin(struct walk *walk, const struct md_box *box, const imap4_query_args *args) {
  *walk = (struct walk){box, args->uids, args->changed_since, 0, box->n};
  if (args->after_uid < UINT32_MAX) walk->at = md_box_find(box, args->after_uid + 1);
}

static struct md_entry *walk_next(struct walk *walk) {
  while (walk->at < walk->box->n) {
    struct md_entry *entry = &walk->box->entries[walk->at];
    if (walk->ranges.n > 0) {
      while (walk->range < walk->ranges.n && walk->ranges.p[walk->range].last < entry->uid)
        walk->range++;
      if (walk->range == walk->ranges.n) return NULL;
      if (entry->uid < walk->ranges.p[walk->range].first) {
        walk->at = md_box_find(walk->box, walk->ranges.p[walk->range].first);
        continue;
      }
    }
    walk->at++;
    if (entry->modseq > walk->changed_since) return entry;
  }
  return NULL;
}

static bool rows_reserve(struct md_mailbox *mailbox, size_t n) {
  if (mailbox->rows_capacity >= n) return true;
  imap4_row *rows = realloc(mailbox->rows, n * sizeof *rows);
  if (rows) mailbox->rows = rows;
  struct md_row_place *places = realloc(mailbox->places, n * sizeof *places);
  if (places) mailbox->places = places;
  if (!rows || !places) return false;
  mailbox->rows_capacity = n;
  return true;
}

static void row_fill(struct md_mailbox *mailbox, size_t i, const struct md_entry *entry,
                     uint32_t attributes) {
  imap4_row *row = &mailbox->rows[i];
  struct md_row_place *place = &mailbox->places[i];
  *place = (struct md_row_place){.text_at = mailbox->text.n, .blob_at = mailbox->blobs.n};
  *row = (imap4_row){.uid = entry->uid, .flags = entry->flags, .size = entry->size, .modseq = entry->modseq};
  row->internaldate = (imap4_date){entry->date, entry->zone, 1};
  row->saved = (imap4_date){entry->saved, 0, entry->saved != 0};
  if (attributes & IMAP4_ATTR_FLAGS) {
    md_keywords_names(mailbox->box, entry->letters, &mailbox->text);
    place->text_n = mailbox->text.n - place->text_at;
  }
  if (attributes & IMAP4_ATTR_OBJECTID) {
    struct md_origin origin = md_identity_of(mailbox->box, entry);
    place->id_at = mailbox->text.n;
    md_identity_message(&origin, &mailbox->text);
    place->id_n = mailbox->text.n - place->id_at;
  }
  if ((attributes & IMAP4_ATTR_DIGEST) && md_digest_get(mailbox->box, entry, &mailbox->blobs)) {
    place->blob_n = mailbox->blobs.n - place->blob_at;
  }
}

static int rows_finish(struct md_mailbox *mailbox, size_t n) {
  if (mailbox->text.failed || mailbox->blobs.failed) {
    md_buf_free(&mailbox->text);
    md_buf_free(&mailbox->blobs);
    return IMAP4_ST_UNAVAILABLE;
  }
  for (size_t i = 0; i < n; i++) {
    const struct md_row_place *place = &mailbox->places[i];
    if (place->text_n)
      mailbox->rows[i].keywords = (imap4_str){mailbox->text.p + place->text_at, place->text_n};
    if (place->id_n) mailbox->rows[i].email_id = (imap4_str){mailbox->text.p + place->id_at, place->id_n};
    if (place->blob_n)
      mailbox->rows[i].digest = (imap4_str){mailbox->blobs.p + place->blob_at, place->blob_n};
  }
  return IMAP4_OK;
}

/* Count the octets of one message whose size nobody knows yet. */
static int count_one(struct md_box *box, uint32_t uid, struct md_buf *frame) {
  const struct md_entry *known = md_box_entry(box, uid);
  if (!known) return IMAP4_OK;
  int fd = md_entry_open(box, known);
  if (fd < 0) return errno == ENOENT ? IMAP4_OK : md_status(errno);
  uint64_t size = 0;
  int error = md_count_size(fd, &size);
  close(fd);
  struct md_entry *entry = md_box_entry(box, uid);
  if (error != 0 || !entry) return md_status(error);
  entry->size = size;
  md_frame_size(frame, uid, 0, size);
  return IMAP4_OK;
}

/* Make sure that the sizes of the page are known, and keep them for the next time. */
static int count_sizes(struct md_mailbox *mailbox, const imap4_query_args *args, size_t capacity) {
  struct md_box *box = mailbox->box;
  struct walk walk;
  struct md_entry *entry;
  uint32_t *uids = NULL;
  size_t n = 0, uids_capacity = 0;
  walk_begin(&walk, box, args);
  for (size_t i = 0; i < capacity && (entry = walk_next(&walk)) != NULL; i++) {
    if (entry->size != MD_UNKNOWN) continue;
    if (!md_grow((void **)&uids, &uids_capacity, n, sizeof *uids)) {
      free(uids);
      return IMAP4_ST_UNAVAILABLE;
    }
    uids[n++] = entry->uid;
  }
  struct md_buf frame = {0};
  int status = IMAP4_OK;
  md_frame_begin(&frame, MD_FRAME_DATA);
  for (size_t i = 0; i < n && status == IMAP4_OK; i++)
    status = count_one(box, uids[i], &frame);
  /* If they cannot be kept, they are counted again some day. */
  if (n > 0 && status == IMAP4_OK && md_box_lock(box) == IMAP4_OK) {
    md_journal_append(box, &frame, false);
    md_index_maybe_rewrite(box);
    md_box_unlock(box);
  }
  md_buf_free(&frame);
  free(uids);
  return box->stale ? IMAP4_ST_UNAVAILABLE : status;
}

static int query_box(struct md_mailbox *mailbox, const imap4_query_args *args, imap4_query_result *out) {
  size_t capacity = args->capacity < ROWS_MAX ? args->capacity : ROWS_MAX, n = 0;
  bool sizes = (args->attributes & IMAP4_ATTR_SIZE) != 0;
  struct walk walk;
  struct md_entry *entry = NULL;
  if (!rows_reserve(mailbox, capacity)) return IMAP4_ST_UNAVAILABLE;
  /* Counting may bring in messages whose sizes are not known yet; an empty page would stop the caller. */
  for (int tries = 0; tries < 3 && n == 0; tries++) {
    int status = sizes ? count_sizes(mailbox, args, capacity) : IMAP4_OK;
    if (status != IMAP4_OK) return status;
    mailbox->text.n = mailbox->blobs.n = 0;
    walk_begin(&walk, mailbox->box, args);
    while ((entry = walk_next(&walk)) != NULL && n < capacity) {
      if (sizes && entry->size == MD_UNKNOWN) break;
      row_fill(mailbox, n++, entry, args->attributes);
    }
    if (!entry) break;
  }
  if (n == 0 && entry) return IMAP4_ST_UNAVAILABLE;
  out->row_size = sizeof(imap4_row);
  out->rows = mailbox->rows;
  out->count = (uint32_t)n;
  out->last = entry == NULL;
  return rows_finish(mailbox, n);
}

int md_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  (void)user;
  (void)op;
  if (args->capacity == 0) return IMAP4_ST_SERVERBUG;
  md_box_enter(mailbox->box);
  int status = query_box(mailbox, args, out);
  md_box_leave(mailbox->box);
  return status;
}

/* ---- digests -------------------------------------------------------------------------------- */

static int keep_digest(struct md_box *box, const imap4_keep_digest_args *args) {
  struct md_buf frame = {0};
  uint64_t at = 0;
  if (!md_box_entry(box, args->uid)) return IMAP4_ST_EXPUNGED;
  md_digest_put(box, args->uid, args->digest.p, args->digest.n, &at);
  if (at == 0) return IMAP4_ST_UNAVAILABLE;
  md_frame_begin(&frame, MD_FRAME_DATA);
  md_frame_digest(&frame, args->uid, at, (uint32_t)args->digest.n);
  int status = md_journal_append(box, &frame, false);
  md_buf_free(&frame);
  return status;
}

int md_keep_digest(void *user, imap4_op op, const imap4_keep_digest_args *args, imap4_empty_result *out) {
  struct md_box *box = ((struct md_mailbox *)args->mailbox)->box;
  (void)user;
  (void)op;
  (void)out;
  md_box_enter(box);
  int status = md_box_lock(box);
  if (status == IMAP4_OK) {
    status = keep_digest(box, args);
    if (status == IMAP4_OK) md_index_maybe_rewrite(box);
    md_box_unlock(box);
  }
  md_box_leave(box);
  return status;
}

/* ---- vanished ------------------------------------------------------------------------------- */

static int by_first(const void *a, const void *b) {
  const imap4_uid_range *x = a, *y = b;
  return x->first < y->first ? -1 : x->first > y->first;
}

/* The ranges of the log after |since|, sorted and joined. */
static int collect_vanished(struct md_mailbox *mailbox, uint64_t since, uint32_t after_uid) {
  const struct md_box *box = mailbox->box;
  size_t n = 0;
  for (size_t i = box->vanished_n; i > 0 && box->vanished[i - 1].modseq > since; i--) {
    const struct md_vanished *gone = &box->vanished[i - 1];
    if (gone->last <= after_uid) continue;
    if (!md_grow((void **)&mailbox->ranges[0], &mailbox->ranges_capacity[0], n, sizeof(imap4_uid_range))) {
      return IMAP4_ST_UNAVAILABLE;
    }
    mailbox->ranges[0][n++] =
        (imap4_uid_range){gone->first > after_uid ? gone->first : after_uid + 1, gone->last};
  }
  imap4_uid_range *ranges = mailbox->ranges[0];
  if (n > 0) qsort(ranges, n, sizeof *ranges, by_first);
  size_t to = 0;
  for (size_t i = 0; i < n; i++) {
    if (to > 0 && ranges[i].first <= ranges[to - 1].last + 1) {
      if (ranges[i].last > ranges[to - 1].last) ranges[to - 1].last = ranges[i].last;
    } else {
      ranges[to++] = ranges[i];
    }
  }
  mailbox->ranges_n[0] = to;
  return IMAP4_OK;
}

int md_vanished(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  (void)user;
  (void)op;
  md_box_enter(mailbox->box);
  int status = args->since < mailbox->box->vanished_floor
                   ? IMAP4_ST_UNSUPPORTED
                   : collect_vanished(mailbox, args->since, args->after_uid);
  md_box_leave(mailbox->box);
  if (status != IMAP4_OK) return status;
  size_t n = mailbox->ranges_n[0] < args->capacity ? mailbox->ranges_n[0] : args->capacity;
  out->uids = (imap4_uid_ranges){mailbox->ranges[0], n};
  out->last = n == mailbox->ranges_n[0];
  return IMAP4_OK;
}

/* ---- UIDs ----------------------------------------------------------------------------------- */

/* A page of ranges of UIDs from entry |at| on; |*last|: there are no more. */
static int collect_uids(struct md_mailbox *mailbox, size_t at, uint32_t capacity, bool *last) {
  const struct md_box *box = mailbox->box;
  for (mailbox->ranges_n[0] = 0; at < box->n; at++) {
    bool touches = at > 0 && box->entries[at - 1].uid + 1 == box->entries[at].uid;
    if (mailbox->ranges_n[0] == capacity && !touches) break;
    if (!md_ranges_add(mailbox, 0, box->entries[at].uid)) return IMAP4_ST_UNAVAILABLE;
  }
  *last = at == box->n;
  return IMAP4_OK;
}

static uint32_t first_unseen(const struct md_box *box) {
  size_t i = 0;
  while (i < box->n && box->entries[i].flags & IMAP4_FLAG_SEEN)
    i++;
  return i < box->n ? box->entries[i].uid : 0;
}

int md_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  const struct md_box *box = mailbox->box;
  bool last;
  (void)user;
  (void)op;
  md_box_enter(mailbox->box);
  size_t at = args->after_uid < UINT32_MAX ? md_box_find(box, args->after_uid + 1) : box->n;
  int status = collect_uids(mailbox, at, args->capacity, &last);
  if (status == IMAP4_OK && args->wants_unseen) out->first_unseen = first_unseen(box);
  md_box_leave(mailbox->box);
  if (status != IMAP4_OK) return status;
  out->uids = (imap4_uid_ranges){mailbox->ranges[0], mailbox->ranges_n[0]};
  out->last = last;
  return IMAP4_OK;
}
