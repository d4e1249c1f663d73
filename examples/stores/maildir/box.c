/* SPDX-License-Identifier: MIT */
/*
 * Boxes: mailbox directories in memory, one per directory and process however many sessions have it open,
 * and the locks on them.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- entries -------------------------------------------------------------------------------- */

size_t md_box_find(const struct md_box *box, uint32_t uid) {
  size_t low = 0, high = box->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (box->entries[middle].uid < uid) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct md_entry *md_box_entry(const struct md_box *box, uint32_t uid) {
  size_t i = md_box_find(box, uid);
  if (i == box->n || box->entries[i].uid != uid || !box->entries[i].name) return NULL;
  return &box->entries[i];
}

void md_box_tidy(struct md_box *box) {
  if (box->removed == 0) return;
  size_t to = 0;
  for (size_t i = 0; i < box->n; i++) {
    if (box->entries[i].name) box->entries[to++] = box->entries[i];
  }
  box->n = to;
  box->removed = 0;
}

void md_box_clear(struct md_box *box) {
  for (size_t i = 0; i < box->n; i++)
    free(box->entries[i].name);
  free(box->entries);
  free(box->vanished);
  box->entries = NULL;
  box->vanished = NULL;
  box->n = box->capacity = box->removed = box->in_new = 0;
  box->vanished_n = box->vanished_capacity = 0;
  if (box->index_fd >= 0) close(box->index_fd);
  box->index_fd = -1;
  box->end = 0;
  box->complete = box->id_stored = false;
  box->stale = box->starved = box->unfinished = false;
  if (box->digest_fd >= 0) close(box->digest_fd);
  box->digest_fd = -1;
  box->seen_new = box->seen_cur = (struct md_seen){0};
  box->stored_new = box->stored_cur = 0;
}

/* ---- making and freeing --------------------------------------------------------------------- */

static void box_free(struct md_box *box) {
  md_box_clear(box);
  for (size_t i = 0; i < MD_LETTERS; i++)
    free(box->keywords[i]);
  if (box->dir_fd >= 0) close(box->dir_fd);
  pthread_mutex_destroy(&box->mutex);
  free(box->path);
  free(box);
}

static int box_new(imap4_maildir *store, const char *path, struct md_box **out) {
  struct md_box *box = calloc(1, sizeof *box);
  char *copy = md_strdup(path, strlen(path));
  if (!box || !copy || pthread_mutex_init(&box->mutex, NULL) != 0) {
    free(box);
    free(copy);
    return IMAP4_ST_UNAVAILABLE;
  }
  box->store = store;
  box->path = copy;
  box->references = 1;
  box->lock_fd = box->index_fd = box->digest_fd = -1;
  box->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat st;
  if (box->dir_fd < 0 || fstat(box->dir_fd, &st) != 0 || fstatat(box->dir_fd, "cur", &st, 0) != 0) {
    int status = md_status(errno);
    box_free(box);
    return status;
  }
  if (fstat(box->dir_fd, &st) != 0) st = (struct stat){0};
  box->device = st.st_dev;
  box->inode = st.st_ino;
  *out = box;
  return IMAP4_OK;
}

int md_box_acquire(imap4_maildir *store, const char *path, struct md_box **out) {
  struct md_box *made = NULL;
  int status = box_new(store, path, &made);
  if (!made) return status;
  pthread_mutex_lock(&store->mutex);
  struct md_box *box = store->boxes;
  /* The inode number cannot have been given to another directory: the old one is still open. */
  while (box && (box->inode != made->inode || box->device != made->device || strcmp(box->path, path) != 0)) {
    box = box->next;
  }
  if (box) {
    box->references++;
  } else {
    made->next = store->boxes;
    store->boxes = made;
  }
  pthread_mutex_unlock(&store->mutex);
  if (box) box_free(made);
  *out = box ? box : made;
  return IMAP4_OK;
}

/* Leave word in the index that the directories were as they are now, so that the next program to open the
 * mailbox need not read them. */
static void box_remember(struct md_box *box) {
  int64_t mtime_new = box->seen_new.mtime, mtime_cur = box->seen_cur.mtime;
  uint64_t end = box->end;
  if (!box->seen_new.sure || !box->seen_cur.sure) return;
  if (mtime_new == box->stored_new && mtime_cur == box->stored_cur) return;
  if (md_box_lock(box) != IMAP4_OK) return;
  if (box->end == end && md_seen_begin(box, true) && md_seen_begin(box, false)) {
    struct md_buf frame = {0};
    md_frame_begin(&frame, MD_FRAME_DATA);
    md_frame_seen(&frame, mtime_new, mtime_cur);
    md_journal_append(box, &frame, false);
    md_buf_free(&frame);
    md_index_maybe_rewrite(box);
  }
  md_box_unlock(box);
}

void md_box_release(struct md_box *box) {
  imap4_maildir *store = box->store;
  pthread_mutex_lock(&store->mutex);
  bool last = box->references == 1;
  pthread_mutex_unlock(&store->mutex);
  /* Another session may take it up meanwhile; then this was for nothing but does no harm. */
  if (last) {
    md_box_enter(box);
    box_remember(box);
    md_box_leave(box);
  }
  pthread_mutex_lock(&store->mutex);
  last = --box->references == 0;
  if (last) {
    struct md_box **link = &store->boxes;
    while (*link != box)
      link = &(*link)->next;
    *link = box->next;
  }
  pthread_mutex_unlock(&store->mutex);
  if (last) box_free(box);
}

/* ---- locks ---------------------------------------------------------------------------------- */

void md_box_enter(struct md_box *box) {
  pthread_mutex_lock(&box->mutex);
}

void md_box_leave(struct md_box *box) {
  pthread_mutex_unlock(&box->mutex);
}

int md_box_alive(const struct md_box *box) {
  struct stat st;
  if (stat(box->path, &st) != 0) return errno == ENOENT || errno == ENOTDIR ? IMAP4_ST_NONEXISTENT : IMAP4_OK;
  return st.st_dev == box->device && st.st_ino == box->inode ? IMAP4_OK : IMAP4_ST_NONEXISTENT;
}

static int lock_open(const struct md_box *box) {
  int fd = openat(box->dir_fd, MD_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  /* A directory that cannot be written may still have a lock from before. */
  if (fd < 0 && (errno == EROFS || errno == EACCES)) fd = openat(box->dir_fd, MD_LOCK, O_RDONLY | O_CLOEXEC);
  return fd;
}

bool md_box_was_met(const struct md_box *box) {
  struct stat st;
  return fstat(box->lock_fd, &st) == 0 && st.st_size > 0;
}

int md_box_lock(struct md_box *box) {
  box->lock_fd = lock_open(box);
  if (box->lock_fd < 0) return md_status(errno);
  int status = md_flock(box->lock_fd);
  if (status == IMAP4_OK) status = md_box_alive(box);
  if (status == IMAP4_OK) status = md_index_refresh(box);
  /* The mark in the lock file outlives the index; if it cannot be made now, the next one tries again. */
  if (status == IMAP4_OK && !md_box_was_met(box)) md_pwrite_all(box->lock_fd, "imap4\n", 6, 0);
  if (status == IMAP4_OK) status = md_identity_store(box);
  if (status != IMAP4_OK) md_box_unlock(box);
  return status;
}

void md_box_unlock(struct md_box *box) {
  if (box->lock_fd >= 0) close(box->lock_fd);
  box->lock_fd = -1;
}

int md_box_enter_locked(struct md_box *box) {
  md_box_enter(box);
  int status = md_box_lock(box);
  if (status != IMAP4_OK) md_box_leave(box);
  return status;
}

void md_box_leave_locked(struct md_box *box) {
  md_box_unlock(box);
  md_box_leave(box);
}

int md_box_enter_locked_both(struct md_box *a, struct md_box *b) {
  if (a == b) return md_box_enter_locked(a);
  bool swap = a->device != b->device ? a->device > b->device : a->inode > b->inode;
  struct md_box *first = swap ? b : a, *second = swap ? a : b;
  int status = md_box_enter_locked(first);
  if (status != IMAP4_OK) return status;
  status = md_box_enter_locked(second);
  if (status != IMAP4_OK) md_box_leave_locked(first);
  return status;
}

void md_box_leave_locked_both(struct md_box *a, struct md_box *b) {
  md_box_leave_locked(a);
  if (a != b) md_box_leave_locked(b);
}

/* ---- UIDVALIDITY ---------------------------------------------------------------------------- */

/* The account's directory of a box: its own for INBOX, the one above for the rest. */
static char *account_file(const struct md_box *box, const char *name) {
  const char *slash = strrchr(box->path, '/');
  size_t n = slash && slash[1] == '.' ? (size_t)(slash - box->path) : strlen(box->path);
  size_t m = strlen(name);
  char *path = malloc(n + m + 2);
  if (!path) return NULL;
  memcpy(path, box->path, n);
  path[n] = '/';
  memcpy(path + n + 1, name, m);
  path[n + 1 + m] = '\0';
  return path;
}

int md_next_uidvalidity(const struct md_box *box, uint32_t at_least, uint32_t *out) {
  char *path = account_file(box, "imap4-uidvalidity");
  if (!path) return IMAP4_ST_UNAVAILABLE;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  free(path);
  if (fd < 0) return md_status(errno);
  int status = md_flock(fd);
  char text[24];
  ssize_t got = status == IMAP4_OK ? pread(fd, text, sizeof text, 0) : 0;
  uint64_t last = 0;
  const char *p = text;
  if (got > 0 && !md_parse_number(&p, text + got, UINT32_MAX, &last)) last = 0;
  uint64_t now = (uint64_t)(md_now_ns() / 1000000000);
  uint64_t next = at_least ? at_least : now > last ? now : last + 1;
  if (next > UINT32_MAX) next = UINT32_MAX;
  uint64_t greatest = next > last ? next : last;
  if (status == IMAP4_OK && greatest != last) {
    struct md_buf line = {0};
    md_buf_put_decimal(&line, greatest);
    md_buf_put(&line, "\n", 1);
    int error = line.failed ? ENOMEM : md_pwrite_all(fd, line.p, line.n, 0);
    if (error == 0 && fsync(fd) != 0) error = errno;
    status = md_status(error);
    md_buf_free(&line);
  }
  close(fd);
  *out = (uint32_t)next;
  return status;
}
