/* SPDX-License-Identifier: MIT */
/*
 * What other programs do in new/ and cur/: deliver, flag, move, delete.  A directory is read when its time of
 * change is not the one of the last look, or when the last look came so soon after a change that another
 * could have got the same time.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NEW 1u
#define LOOK_CUR 2u

/* Above so many messages, a look at cur/ that only makes sure is not repeated at once. */
#define LARGE 2000u

/* ---- listings ------------------------------------------------------------------------------- */

void md_listing_free(struct md_listing *list) {
  for (size_t i = 0; i < list->n; i++)
    free(list->files[i].name);
  free(list->files);
  *list = (struct md_listing){0};
}

static bool is_message(const struct dirent *entry) {
  if (entry->d_name[0] == '.' || entry->d_name[0] == ':') return false;
#ifdef DT_DIR
  if (entry->d_type == DT_DIR) return false;
#endif
  return strlen(entry->d_name) <= MD_NAME_MAX;
}

int md_listing_read(int dir_fd, bool in_new, struct md_listing *list) {
  int fd = openat(dir_fd, in_new ? "new" : "cur", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* A mailbox without new/ has no new messages; without cur/ it is none. */
  if (fd < 0) return errno == ENOENT && in_new ? IMAP4_OK : md_status(errno);
  DIR *dir = fdopendir(fd);
  if (!dir) {
    close(fd);
    return IMAP4_ST_UNAVAILABLE;
  }
  int status = IMAP4_OK;
  const struct dirent *entry;
  while (status == IMAP4_OK && (errno = 0, entry = readdir(dir)) != NULL) {
    if (!is_message(entry)) continue;
    char *name = md_strdup(entry->d_name, strlen(entry->d_name));
    if (!name || !md_grow((void **)&list->files, &list->capacity, list->n, sizeof *list->files)) {
      free(name);
      status = IMAP4_ST_UNAVAILABLE;
      break;
    }
    list->files[list->n++] = (struct md_found){name, in_new};
  }
  if (status == IMAP4_OK && errno != 0) status = md_status(errno);
  closedir(dir);
  return status;
}

void md_entry_path(const struct md_entry *entry, char out[MD_NAME_MAX + 8]) {
  snprintf(out, MD_NAME_MAX + 8, "%s/%s", entry->in_new ? "new" : "cur", entry->name);
}

/* ---- has anything changed? ------------------------------------------------------------------ */

static int64_t dir_mtime(const struct md_box *box, bool in_new) {
  struct stat st;
  if (fstatat(box->dir_fd, in_new ? "new" : "cur", &st, 0) != 0) return 0;
  return md_mtime_ns(&st);
}

/* Whether a change after |now| gets another time than |mtime|.  Times come in steps: of a few milliseconds
 * at most where they have a fraction, of up to two seconds where not. */
static bool is_past(int64_t mtime, int64_t now) {
  int64_t step = mtime % 1000000000 != 0 ? 50000000 : 2100000000;
  return now - mtime > step;
}

static unsigned what_to_look_at(const struct md_box *box, bool force) {
  unsigned look = 0;
  if (force || !box->seen_new.sure || dir_mtime(box, true) != box->seen_new.mtime) look |= LOOK_NEW;
  if (force || dir_mtime(box, false) != box->seen_cur.mtime) {
    look |= LOOK_CUR;
  } else if (!box->seen_cur.sure) {
    /* Only our own changes are known of, or the last look was too soon to be sure.  In a large mailbox the
     * second look waits, so that a client that flags messages one by one does not cause one each. */
    int64_t wait = box->n < LARGE ? 0 : 1000000000 + 10 * box->scan_took;
    if (md_monotonic_ns() - box->scanned_at >= wait) look |= LOOK_CUR;
  }
  return look;
}

bool md_seen_begin(const struct md_box *box, bool in_new) {
  return dir_mtime(box, in_new) == (in_new ? box->seen_new : box->seen_cur).mtime;
}

void md_seen_end(struct md_box *box, bool in_new, bool before) {
  struct md_seen *seen = in_new ? &box->seen_new : &box->seen_cur;
  *seen = (struct md_seen){before ? dir_mtime(box, in_new) : 0, false};
}

/* ---- comparing ------------------------------------------------------------------------------ */

/* Entries by base name, in a hash table with open addressing; 0: free, else index + 1. */
struct table {
  uint32_t *slots;
  size_t mask;
};

static size_t hash_base(const char *name, size_t n) {
  return md_checksum(name, n);
}

static bool table_make(struct table *table, const struct md_box *box) {
  size_t size = 16;
  while (size < box->n * 2)
    size *= 2;
  table->slots = calloc(size, sizeof *table->slots);
  table->mask = size - 1;
  if (!table->slots) return false;
  for (size_t i = 0; i < box->n; i++) {
    const char *name = box->entries[i].name;
    size_t at = hash_base(name, md_base_length(name)) & table->mask;
    while (table->slots[at])
      at = (at + 1) & table->mask;
    table->slots[at] = (uint32_t)i + 1;
  }
  return true;
}

static struct md_entry *table_find(const struct table *table, const struct md_box *box, const char *name) {
  size_t n = md_base_length(name);
  for (size_t at = hash_base(name, n) & table->mask; table->slots[at]; at = (at + 1) & table->mask) {
    struct md_entry *entry = &box->entries[table->slots[at] - 1];
    if (md_base_length(entry->name) == n && memcmp(entry->name, name, n) == 0) return entry;
  }
  return NULL;
}

/* One look: files, and which of them belongs to which entry. */
struct look {
  struct md_listing list;
  uint32_t *of;             /* per entry: index of its file + 1, or 0 */
  struct md_found *unknown; /* files without an entry; the names are the list's */
  size_t unknown_n;
  uint8_t *absent; /* per entry: looks in a row in which it was not found; stays from look to look */
};

static void look_clear(struct look *look) {
  md_listing_free(&look->list);
  free(look->of);
  free(look->unknown);
  *look = (struct look){.absent = look->absent};
}

static void look_free(struct look *look) {
  look_clear(look);
  free(look->absent);
}

static int by_name(const void *a, const void *b) {
  const struct md_found *x = a, *y = b;
  int order = md_name_compare(x->name, y->name);
  if (order != 0) return order;
  return x->in_new - y->in_new; /* of the same message in both places, cur/ counts */
}

static bool is_known(const struct md_found *file, const struct md_entry *entry) {
  return file->in_new == entry->in_new && strcmp(file->name, entry->name) == 0;
}

static const struct md_found *file_of(const struct look *look, size_t i) {
  return look->of[i] ? &look->list.files[look->of[i] - 1] : NULL;
}

static void look_match(struct look *look, const struct md_box *box, const struct table *table) {
  for (size_t i = 0; i < look->list.n; i++) {
    const struct md_found *file = &look->list.files[i];
    const struct md_entry *entry = table_find(table, box, file->name);
    if (!entry) {
      look->unknown[look->unknown_n++] = *file;
      continue;
    }
    size_t at = (size_t)(entry - box->entries);
    const struct md_found *before = file_of(look, at);
    /* A message under two names: the one we know, else the one in cur/. */
    bool better = !before || is_known(file, entry) || (!is_known(before, entry) && !file->in_new);
    if (better) look->of[at] = (uint32_t)i + 1;
  }
  if (look->unknown_n == 0) return;
  qsort(look->unknown, look->unknown_n, sizeof *look->unknown, by_name);
  size_t to = 1;
  for (size_t i = 1; i < look->unknown_n; i++) {
    if (md_name_compare(look->unknown[i].name, look->unknown[to - 1].name) != 0) {
      look->unknown[to++] = look->unknown[i];
    }
  }
  look->unknown_n = to;
}

static int look_read(struct look *look, const struct md_box *box, unsigned what) {
  int status = IMAP4_OK;
  if (what & LOOK_NEW) status = md_listing_read(box->dir_fd, true, &look->list);
  if (status == IMAP4_OK && (what & LOOK_CUR)) status = md_listing_read(box->dir_fd, false, &look->list);
  if (status != IMAP4_OK) return status;
  struct table table;
  look->of = calloc(box->n + 1, sizeof *look->of);
  look->unknown = calloc(look->list.n + 1, sizeof *look->unknown);
  if (!table_make(&table, box) || !look->of || !look->unknown) {
    free(table.slots);
    return IMAP4_ST_UNAVAILABLE;
  }
  look_match(look, box, &table);
  free(table.slots);
  return IMAP4_OK;
}

static bool looked_at(unsigned what, const struct md_entry *entry) {
  return (what & (entry->in_new ? LOOK_NEW : LOOK_CUR)) != 0;
}

static bool any_missing(const struct look *look, const struct md_box *box, unsigned what) {
  for (size_t i = 0; i < box->n; i++) {
    if (look->of[i] == 0 && looked_at(what, &box->entries[i])) return true;
  }
  return false;
}

/* So many looks must not find a file before it counts as removed. */
#define LOOKS 3

/* Count the looks at everything in which files were missing; true when all of them count as removed. */
static bool count_missing(struct look *look, const struct md_box *box, bool steady, bool sure) {
  bool settled = true;
  for (size_t i = 0; i < box->n; i++) {
    uint8_t *absent = &look->absent[i];
    if (look->of[i] != 0) {
      *absent = 0;
      continue;
    }
    if (sure) *absent = LOOKS;
    if (steady && *absent < LOOKS) (*absent)++;
    if (*absent < LOOKS) settled = false;
  }
  return settled;
}

/* ---- taking over ---------------------------------------------------------------------------- */

#define CHUNK_OCTETS (1u << 20)

/* Write the frame when it is long, or when it is the last. */
static int flush(struct md_box *box, struct md_buf *frame, bool last) {
  if (frame->failed) return IMAP4_ST_UNAVAILABLE;
  if (!last && frame->n < CHUNK_OCTETS) return IMAP4_OK;
  if (frame->n <= MD_FRAME_OCTETS + 1) return IMAP4_OK;
  int status = md_journal_write(box, frame, box->end, true);
  if (status == IMAP4_OK) {
    box->end += frame->n;
    if (!md_index_apply(box, frame->p + MD_FRAME_OCTETS, frame->n - MD_FRAME_OCTETS))
      status = IMAP4_ST_UNAVAILABLE;
  }
  md_frame_begin(frame, MD_FRAME_DATA);
  return status;
}

static int journal_known(struct md_box *box, const struct look *look, unsigned what, uint64_t modseq,
                         struct md_buf *frame) {
  int status = IMAP4_OK;
  for (size_t i = 0; i < box->n && status == IMAP4_OK; i++) {
    struct md_entry *entry = &box->entries[i];
    const struct md_found *file = file_of(look, i);
    if (!file) {
      if (!looked_at(what, entry) || look->absent[i] < LOOKS) continue;
      md_frame_expunge(frame, entry->uid, modseq);
    } else {
      if (is_known(file, entry)) continue;
      uint32_t flags, letters;
      md_name_flags(file->name, &flags, &letters);
      bool same = flags == entry->flags && letters == entry->letters;
      md_frame_flags(frame, entry->uid, same ? 0 : modseq, file->in_new, file->name);
    }
    status = flush(box, frame, false);
  }
  return status;
}

static int journal_unknown(struct md_box *box, const struct look *look, uint64_t modseq,
                           struct md_buf *frame) {
  int status = IMAP4_OK;
  uint32_t uid = box->uidnext;
  for (size_t i = 0; i < look->unknown_n && status == IMAP4_OK; i++) {
    const struct md_found *file = &look->unknown[i];
    struct md_entry entry = {.modseq = modseq, .in_new = file->in_new, .name = file->name};
    struct stat st;
    char path[MD_NAME_MAX + 8];
    md_entry_path(&entry, path);
    if (fstatat(box->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
    if (uid == UINT32_MAX) return IMAP4_ST_LIMIT;
    entry.uid = uid++;
    entry.date = (int64_t)st.st_mtime;
    entry.size = md_name_size(file->name);
    if (entry.size != MD_UNKNOWN &&
        (entry.size < (uint64_t)st.st_size || entry.size / 2 > (uint64_t)st.st_size)) {
      entry.size = MD_UNKNOWN; /* cannot be true */
    }
    md_frame_add(frame, &entry);
    /* RFC 8514 section 3: every message was saved at some time.  Who delivers a file renames it to here. */
    md_frame_saved(frame, entry.uid, (int64_t)st.st_ctime);
    status = flush(box, frame, false);
  }
  return status;
}

static int take_over(struct md_box *box, const struct look *look, unsigned what) {
  struct md_buf frame = {0};
  uint64_t modseq = box->modseq + 1;
  md_frame_begin(&frame, MD_FRAME_DATA);
  int status = journal_known(box, look, what, modseq, &frame);
  if (status == IMAP4_OK) status = journal_unknown(box, look, modseq, &frame);
  if (status == IMAP4_OK) status = flush(box, &frame, true);
  md_buf_free(&frame);
  md_box_tidy(box);
  return status;
}

/*
 * Read the directories.  A file that is renamed meanwhile may be missed, and must not be taken for removed:
 * it counts as such when a look in a time without changes does not find it, or several looks in a row do not
 * during which no change showed.  Where something moves all the time, it is left for another time.
 */
static int look_steadily(struct md_box *box, struct look *look, unsigned *what, struct md_seen seen[2]) {
  look->absent = calloc(box->n + 1, 1);
  if (!look->absent) return IMAP4_ST_UNAVAILABLE;
  for (int tries = 0; tries < 2 * LOOKS; tries++) {
    look_clear(look);
    int64_t now = md_now_ns();
    int64_t before[2] = {dir_mtime(box, true), dir_mtime(box, false)};
    int status = look_read(look, box, *what);
    if (status != IMAP4_OK) return status;
    bool steady = true;
    for (int i = 0; i < 2; i++) {
      bool same = dir_mtime(box, i == 0) == before[i];
      steady = steady && same;
      seen[i] = (struct md_seen){before[i], same && is_past(before[i], now)};
    }
    if (!any_missing(look, box, *what)) return IMAP4_OK;
    if (*what != (LOOK_NEW | LOOK_CUR)) {
      *what = LOOK_NEW | LOOK_CUR; /* may have moved from one to the other */
      continue;
    }
    if (count_missing(look, box, steady, seen[0].sure && seen[1].sure)) return IMAP4_OK;
  }
  seen[0] = seen[1] = (struct md_seen){0};
  return IMAP4_OK;
}

int md_sync_locked(struct md_box *box, bool force) {
  md_keywords_refresh(box);
  unsigned what = what_to_look_at(box, force);
  if (what == 0) return IMAP4_OK;
  struct look look = {0};
  struct md_seen seen[2];
  int64_t began = md_monotonic_ns();
  int status = look_steadily(box, &look, &what, seen);
  if (status == IMAP4_OK) status = take_over(box, &look, what);
  if (status == IMAP4_OK) {
    if (what & LOOK_NEW) box->seen_new = seen[0];
    if (what & LOOK_CUR) box->seen_cur = seen[1];
    if (what & LOOK_CUR) {
      box->scanned_at = began;
      box->scan_took = md_monotonic_ns() - began;
    }
    md_index_maybe_rewrite(box);
  }
  look_free(&look);
  return status;
}

int md_sync(struct md_box *box, bool force) {
  int status = md_index_refresh(box);
  if (status < 0) return status;
  if (status == IMAP4_OK) {
    md_keywords_refresh(box);
    if (!box->unfinished && what_to_look_at(box, force) == 0) return IMAP4_OK;
  }
  bool readable = status == IMAP4_OK;
  status = md_box_lock(box);
  if (status == IMAP4_OK) {
    status = md_sync_locked(box, force);
    md_box_unlock(box);
  }
  /* When the disk is full or somebody holds the lock, what is known is still true. */
  if (status != IMAP4_OK && status != IMAP4_ST_NONEXISTENT && readable && !box->stale) return IMAP4_OK;
  return status;
}

/* ---- new messages --------------------------------------------------------------------------- */

static int claim_locked(struct md_box *box, uint32_t *first_recent) {
  *first_recent = box->first_recent;
  if (box->in_new == 0 && box->first_recent == box->uidnext) return IMAP4_OK;
  bool before_new = md_seen_begin(box, true), before_cur = md_seen_begin(box, false);
  struct md_buf frame = {0};
  md_frame_begin(&frame, MD_FRAME_DATA);
  for (size_t i = 0; i < box->n && box->in_new > 0; i++) {
    struct md_entry *entry = &box->entries[i];
    char name[MD_NAME_MAX + 1], from[MD_NAME_MAX + 8], to[MD_NAME_MAX + 8];
    if (!entry->in_new || !md_name_with_flags(entry->name, entry->flags, entry->letters, name)) continue;
    md_entry_path(entry, from);
    snprintf(to, sizeof to, "cur/%s", name);
    /* What has gone elsewhere is found there at the next look. */
    if (renameat(box->dir_fd, from, box->dir_fd, to) == 0) md_frame_flags(&frame, entry->uid, 0, false, name);
  }
  md_frame_recent(&frame, box->uidnext);
  md_seen_end(box, true, before_new);
  md_seen_end(box, false, before_cur);
  int status = md_journal_append(box, &frame, false);
  /* The files have moved all the same: look again. */
  if (status != IMAP4_OK) box->seen_new = box->seen_cur = (struct md_seen){0};
  md_buf_free(&frame);
  return status;
}

int md_claim(struct md_box *box, uint32_t *first_recent) {
  *first_recent = box->first_recent;
  if (box->in_new == 0 && box->first_recent == box->uidnext) return IMAP4_OK;
  int status = md_box_lock(box);
  if (status != IMAP4_OK) return status;
  status = claim_locked(box, first_recent);
  md_box_unlock(box);
  return status;
}

/* ---- files of messages ---------------------------------------------------------------------- */

/* Look for a message whose file was renamed behind our back. */
static bool find_again(struct md_box *box, struct md_entry *entry) {
  uint32_t uid = entry->uid;
  bool locked = box->lock_fd >= 0;
  int status = locked ? md_sync_locked(box, true) : md_sync(box, true);
  return status == IMAP4_OK && md_box_entry(box, uid) != NULL;
}

int md_entry_rename(struct md_box *box, const struct md_entry *entry, const char *to) {
  char from[MD_NAME_MAX + 8], path[MD_NAME_MAX + 8];
  md_entry_path(entry, from);
  snprintf(path, sizeof path, "cur/%s", to);
  return renameat(box->dir_fd, from, box->dir_fd, path) == 0 ? 0 : errno;
}

static int sync_one(const struct md_box *box, const char *name) {
  int fd = openat(box->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = md_sync_dir(fd);
  close(fd);
  return error;
}

int md_sync_dirs(const struct md_box *box, bool both) {
  int error = both ? sync_one(box, "new") : 0;
  return error == 0 ? sync_one(box, "cur") : error;
}

int md_entry_open(struct md_box *box, const struct md_entry *entry) {
  uint32_t uid = entry->uid;
  for (int tries = 0; tries < 3; tries++) {
    struct md_entry *now = md_box_entry(box, uid);
    if (!now) break;
    char path[MD_NAME_MAX + 8];
    md_entry_path(now, path);
    int fd = openat(box->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 || errno != ENOENT) return fd;
    if (!find_again(box, now)) break;
  }
  errno = ENOENT;
  return -1;
}

void md_clean_tmp(const struct md_box *box) {
  int fd = openat(box->dir_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir) {
    if (fd >= 0) close(fd);
    return;
  }
  /* Maildir's rule: what was not touched for 36 hours is left over. */
  int64_t limit = md_now_ns() / 1000000000 - (int64_t)36 * 3600;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    struct stat st;
    if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISREG(st.st_mode) && st.st_mtime < limit && st.st_ctime < limit && st.st_atime < limit) {
      unlinkat(dirfd(dir), entry->d_name, 0);
    }
  }
  closedir(dir);
}
