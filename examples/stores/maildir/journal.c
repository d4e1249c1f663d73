/* SPDX-License-Identifier: MIT */
/*
 * Writing the index: frames at its end, and the whole of it anew when most of it is history.  Digests lie in
 * a file of their own, to which the index has offsets; it is a cache, and each record says whose it is, so
 * that a mismatch of the two files costs speed only.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- building frames ------------------------------------------------------------------------ */

void md_frame_begin(struct md_buf *frame, char kind) {
  frame->n = 0;
  md_buf_put_le(frame, 0, MD_FRAME_OCTETS);
  md_buf_put(frame, &kind, 1);
}

static void put_name(struct md_buf *frame, const char *name) {
  size_t n = strlen(name);
  md_buf_put_le(frame, n, 2);
  md_buf_put(frame, name, n);
}

void md_frame_header(struct md_buf *frame, const struct md_box *box) {
  md_buf_put(frame, "H", 1);
  md_buf_put_le(frame, box->uidnext, 4);
  md_buf_put_le(frame, box->first_recent, 4);
  md_buf_put_le(frame, box->modseq, 8);
  md_buf_put_le(frame, box->vanished_floor, 8);
}

void md_frame_add(struct md_buf *frame, const struct md_entry *entry) {
  md_buf_put(frame, "A", 1);
  md_buf_put_le(frame, entry->uid, 4);
  md_buf_put_le(frame, entry->modseq, 8);
  md_buf_put_le(frame, entry->size, 8);
  md_buf_put_le(frame, (uint64_t)entry->date, 8);
  md_buf_put_le(frame, (uint64_t)(int64_t)entry->zone, 2);
  md_buf_put_le(frame, entry->digest_at, 8);
  md_buf_put_le(frame, entry->digest_octets, 4);
  md_buf_put_le(frame, entry->in_new, 1);
  put_name(frame, entry->name);
}

void md_frame_staged(struct md_buf *frame, const char *tmp) {
  md_buf_put(frame, "T", 1);
  put_name(frame, tmp);
}

void md_frame_flags(struct md_buf *frame, uint32_t uid, uint64_t modseq, bool in_new, const char *name) {
  md_buf_put(frame, "F", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put_le(frame, modseq, 8);
  md_buf_put_le(frame, in_new, 1);
  put_name(frame, name);
}

void md_frame_expunge(struct md_buf *frame, uint32_t uid, uint64_t modseq) {
  md_buf_put(frame, "X", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put_le(frame, modseq, 8);
}

void md_frame_size(struct md_buf *frame, uint32_t uid, uint64_t modseq, uint64_t size) {
  md_buf_put(frame, "Z", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put_le(frame, modseq, 8);
  md_buf_put_le(frame, size, 8);
}

void md_frame_saved(struct md_buf *frame, uint32_t uid, int64_t saved) {
  md_buf_put(frame, "P", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put_le(frame, (uint64_t)saved, 8);
}

void md_frame_origin(struct md_buf *frame, uint32_t uid, const struct md_origin *origin) {
  md_buf_put(frame, "O", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put(frame, origin->id, MD_ID_OCTETS);
  md_buf_put_le(frame, origin->uid, 4);
}

void md_frame_identity(struct md_buf *frame, const unsigned char id[MD_ID_OCTETS]) {
  md_buf_put(frame, "M", 1);
  md_buf_put(frame, id, MD_ID_OCTETS);
}

void md_frame_digest(struct md_buf *frame, uint32_t uid, uint64_t at, uint32_t octets) {
  md_buf_put(frame, "K", 1);
  md_buf_put_le(frame, uid, 4);
  md_buf_put_le(frame, at, 8);
  md_buf_put_le(frame, octets, 4);
}

void md_frame_recent(struct md_buf *frame, uint32_t first_recent) {
  md_buf_put(frame, "R", 1);
  md_buf_put_le(frame, first_recent, 4);
}

void md_frame_uidnext(struct md_buf *frame, uint32_t uidnext, uint64_t modseq) {
  md_buf_put(frame, "U", 1);
  md_buf_put_le(frame, uidnext, 4);
  md_buf_put_le(frame, modseq, 8);
}

void md_frame_seen(struct md_buf *frame, int64_t mtime_new, int64_t mtime_cur) {
  md_buf_put(frame, "S", 1);
  md_buf_put_le(frame, (uint64_t)mtime_new, 8);
  md_buf_put_le(frame, (uint64_t)mtime_cur, 8);
}

static void put_le_at(char *to, uint64_t value, size_t octets) {
  for (size_t i = 0; i < octets; i++)
    to[i] = (char)(unsigned char)(value >> (8 * i));
}

/* Length and checksum of the frame that begins at |start|. */
static void frame_seal(struct md_buf *frame, size_t start) {
  if (frame->failed) return;
  char *payload = frame->p + start + MD_FRAME_OCTETS;
  size_t n = frame->n - start - MD_FRAME_OCTETS;
  put_le_at(frame->p + start, n, 4);
  put_le_at(frame->p + start + 4, md_checksum(payload, n), 4);
}

/* ---- writing -------------------------------------------------------------------------------- */

static int sync_data(int fd) {
  while (fdatasync(fd) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int md_journal_write(struct md_box *box, struct md_buf *frame, uint64_t at, bool sync) {
  /* Nothing is written from, or behind, what this process has not understood. */
  if (frame->failed || box->stale) return IMAP4_ST_UNAVAILABLE;
  if (frame->n > MD_FRAME_MAX) return IMAP4_ST_LIMIT;
  frame_seal(frame, 0);
  int error = md_pwrite_all(box->index_fd, frame->p, frame->n, at);
  if (error == 0 && sync) error = sync_data(box->index_fd);
  if (error != 0 && ftruncate(box->index_fd, (off_t)at) != 0) box->stale = true;
  if (error == EBADF) return IMAP4_ST_READONLY; /* the file could be opened for reading only */
  return md_status(error);
}

int md_journal_append(struct md_box *box, struct md_buf *frame, bool sync) {
  int status = md_journal_write(box, frame, box->end, sync);
  if (status != IMAP4_OK) return status;
  box->end += frame->n;
  if (!md_index_apply(box, frame->p + MD_FRAME_OCTETS, frame->n - MD_FRAME_OCTETS))
    status = IMAP4_ST_UNAVAILABLE;
  md_box_tidy(box);
  return status;
}

/* ---- the whole index ------------------------------------------------------------------------ */

#define CHUNK_OCTETS (1u << 20)

static void put_snapshot(struct md_buf *file, const struct md_box *box) {
  md_buf_put(file, "I4MAILDR", 8);
  md_buf_put_le(file, 1, 4); /* version */
  md_buf_put_le(file, box->uidvalidity, 4);
  md_buf_put_le(file, 0, 8); /* for later versions */
  md_buf_put_le(file, 0, 4);
  if (!file->failed) md_buf_put_le(file, md_checksum(file->p, file->n), 4);
  size_t start = file->n;
  md_buf_put_le(file, 0, MD_FRAME_OCTETS);
  md_buf_put(file, "D", 1);
  md_frame_header(file, box);
  if (box->id_stored) md_frame_identity(file, box->id);
  for (size_t i = 0; i < box->vanished_n; i++) {
    md_buf_put(file, "V", 1);
    md_buf_put_le(file, box->vanished[i].first, 4);
    md_buf_put_le(file, box->vanished[i].last, 4);
    md_buf_put_le(file, box->vanished[i].modseq, 8);
  }
  for (size_t i = 0; i < box->n; i++) {
    const struct md_entry *entry = &box->entries[i];
    if (entry->name) md_frame_add(file, entry);
    if (entry->name && entry->saved) md_frame_saved(file, entry->uid, entry->saved);
    if (entry->name && entry->origin.uid) md_frame_origin(file, entry->uid, &entry->origin);
    if (file->n - start < CHUNK_OCTETS) continue;
    frame_seal(file, start);
    start = file->n;
    md_buf_put_le(file, 0, MD_FRAME_OCTETS);
    md_buf_put(file, "D", 1);
  }
  if (box->seen_new.sure && box->seen_cur.sure) {
    md_frame_seen(file, box->seen_new.mtime, box->seen_cur.mtime);
  }
  /* Adding a message raises UIDNEXT above its UID at least; the real one may be higher. */
  md_frame_uidnext(file, box->uidnext, box->modseq);
  md_buf_put(file, "E", 1);
  frame_seal(file, start);
}

int md_index_rewrite(struct md_box *box) {
  if (box->stale) return IMAP4_ST_UNAVAILABLE;
  md_digest_maybe_rewrite(box);
  struct md_buf file = {0};
  put_snapshot(&file, box);
  if (file.failed) {
    md_buf_free(&file);
    return IMAP4_ST_UNAVAILABLE;
  }
  int error = md_replace_file(box->dir_fd, MD_INDEX, file.p, file.n);
  if (error == 0) {
    if (box->index_fd >= 0) close(box->index_fd);
    box->index_fd = openat(box->dir_fd, MD_INDEX, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (box->index_fd < 0 || fstat(box->index_fd, &st) != 0) {
      error = errno;
      box->stale = true;
    } else {
      box->index_inode = st.st_ino;
      box->end = file.n;
      box->complete = true;
      if (box->seen_new.sure && box->seen_cur.sure) {
        box->stored_new = box->seen_new.mtime;
        box->stored_cur = box->seen_cur.mtime;
      }
    }
  }
  md_buf_free(&file);
  return md_status(error);
}

void md_index_maybe_rewrite(struct md_box *box) {
  uint64_t live = MD_HEADER_OCTETS + (uint64_t)box->n * 130 + (uint64_t)box->vanished_n * 17;
  /* When this fails, the index is as good as before, only longer. */
  if (box->end > 65536 && box->end > 3 * live && md_index_rewrite(box) != IMAP4_OK) return;
}

/* ---- digests -------------------------------------------------------------------------------- */

#define DIGEST_HEADER 12u /* UID, length, checksum */

static int digest_open(struct md_box *box) {
  if (box->digest_fd < 0)
    box->digest_fd = openat(box->dir_fd, MD_DIGESTS, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return box->digest_fd;
}

void md_digest_put(struct md_box *box, uint32_t uid, const char *p, size_t n, uint64_t *at) {
  *at = 0;
  struct stat st;
  if (n == 0 || n > UINT32_MAX || digest_open(box) < 0 || fstat(box->digest_fd, &st) != 0) return;
  struct md_buf record = {0};
  uint64_t end = (uint64_t)st.st_size;
  if (end < 8) {
    md_buf_put(&record, "I4DIGEST", 8); /* so that no record is at 0 */
    end = 0;
  }
  uint64_t place = end + record.n;
  md_buf_put_le(&record, uid, 4);
  md_buf_put_le(&record, n, 4);
  md_buf_put_le(&record, md_checksum(p, n), 4);
  md_buf_put(&record, p, n);
  if (!record.failed) {
    if (md_pwrite_all(box->digest_fd, record.p, record.n, end) == 0) {
      *at = place;
    } else if (ftruncate(box->digest_fd, (off_t)end) != 0) {
      *at = 0; /* what is left there belongs to nobody */
    }
  }
  md_buf_free(&record);
}

bool md_digest_get(struct md_box *box, const struct md_entry *entry, struct md_buf *out) {
  char header[DIGEST_HEADER];
  size_t n = entry->digest_octets;
  if (entry->digest_at == 0 || n == 0 || digest_open(box) < 0) return false;
  if (pread(box->digest_fd, header, sizeof header, (off_t)entry->digest_at) != (ssize_t)sizeof header)
    return false;
  if (md_get_le(header, 4) != entry->uid || md_get_le(header + 4, 4) != n) return false;
  char *to = md_buf_room(out, n);
  if (!to || pread(box->digest_fd, to, n, (off_t)(entry->digest_at + DIGEST_HEADER)) != (ssize_t)n)
    return false;
  if (md_checksum(to, n) != md_get_le(header + 8, 4)) return false;
  out->n += n;
  return true;
}

/* Write the digests that are still wanted to |fd| and say in |box| where they are now. */
static int digest_copy_all(struct md_box *box, int fd) {
  struct md_buf old = {0};
  uint64_t at = 8;
  int error = md_pwrite_all(fd, "I4DIGEST", 8, 0);
  for (size_t i = 0; i < box->n && error == 0; i++) {
    struct md_entry *entry = &box->entries[i];
    old.n = 0;
    md_buf_put_le(&old, entry->uid, 4);
    md_buf_put_le(&old, entry->digest_octets, 4);
    md_buf_put_le(&old, 0, 4);
    uint64_t place = 0;
    if (!old.failed && entry->name && md_digest_get(box, entry, &old)) {
      put_le_at(old.p + 8, md_checksum(old.p + DIGEST_HEADER, old.n - DIGEST_HEADER), 4);
      error = md_pwrite_all(fd, old.p, old.n, at);
      place = at;
      at += old.n;
    }
    entry->digest_at = place;
  }
  md_buf_free(&old);
  return error;
}

void md_digest_maybe_rewrite(struct md_box *box) {
  struct stat st;
  if (fstatat(box->dir_fd, MD_DIGESTS, &st, 0) != 0 || st.st_size < (1 << 20)) return;
  uint64_t live = 0;
  for (size_t i = 0; i < box->n; i++) {
    if (box->entries[i].digest_at) live += box->entries[i].digest_octets + DIGEST_HEADER;
  }
  if ((uint64_t)st.st_size < 2 * live) return;
  int fd = openat(box->dir_fd, MD_DIGESTS ".tmp", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return;
  /* Offsets in memory change at once; if the new file does not make it into place, they point to nothing
   * and the digests are lost, which costs speed only. */
  if (digest_copy_all(box, fd) == 0 &&
      renameat(box->dir_fd, MD_DIGESTS ".tmp", box->dir_fd, MD_DIGESTS) == 0) {
    if (box->digest_fd >= 0) close(box->digest_fd);
    box->digest_fd = fd;
    return;
  }
  close(fd);
  unlinkat(box->dir_fd, MD_DIGESTS ".tmp", 0);
}
