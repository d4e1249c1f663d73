/* SPDX-License-Identifier: MIT */
/* Changing flags, which are part of file names, and removing messages. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int md_select_uids(const struct md_box *box, imap4_uid_ranges ranges, uint32_t flags, uint32_t **uids,
                   size_t *n) {
  imap4_uid_range all = {1, UINT32_MAX};
  size_t capacity = 0;
  *uids = NULL;
  *n = 0;
  if (ranges.n == 0) ranges = (imap4_uid_ranges){&all, 1};
  for (size_t r = 0; r < ranges.n; r++) {
    for (size_t i = md_box_find(box, ranges.p[r].first); i < box->n; i++) {
      const struct md_entry *entry = &box->entries[i];
      if (entry->uid > ranges.p[r].last) break;
      if (!entry->name || (entry->flags & flags) != flags) continue;
      if (!md_grow((void **)uids, &capacity, *n, sizeof **uids)) {
        free(*uids);
        *uids = NULL;
        *n = 0;
        return IMAP4_ST_UNAVAILABLE;
      }
      (*uids)[(*n)++] = entry->uid;
    }
  }
  return IMAP4_OK;
}

bool md_ranges_add(struct md_mailbox *mailbox, int which, uint32_t uid) {
  size_t *n = &mailbox->ranges_n[which];
  imap4_uid_range *last = *n ? &mailbox->ranges[which][*n - 1] : NULL;
  if (last && last->last + 1 == uid) {
    last->last = uid;
    return true;
  }
  if (!md_grow((void **)&mailbox->ranges[which], &mailbox->ranges_capacity[which], *n, sizeof *last))
    return false;
  mailbox->ranges[which][(*n)++] = (imap4_uid_range){uid, uid};
  return true;
}

/* ---- flags ---------------------------------------------------------------------------------- */

/* A change under way. */
struct change {
  uint32_t mode;
  uint32_t flags;
  uint32_t letters;
  uint32_t known; /* letters that have a name */
  struct md_buf frame;
  uint64_t modseq;
  uint32_t *again; /* UIDs whose files have got other names */
  size_t again_n;
  bool from_new;
  size_t changed;
};

static void new_flags(const struct change *change, const struct md_entry *entry, uint32_t *flags,
                      uint32_t *letters) {
  *flags = entry->flags;
  *letters = entry->letters;
  switch (change->mode) {
  case IMAP4_STORE_ADD:
    *flags |= change->flags;
    *letters |= change->letters;
    break;
  case IMAP4_STORE_REMOVE:
    *flags &= ~change->flags;
    *letters &= ~change->letters;
    break;
  default:
    *flags = change->flags;
    /* Letters without a name are not the client's to take away. */
    *letters = change->letters | (entry->letters & ~change->known);
    break;
  }
}

static int change_one(struct md_box *box, struct change *change, uint32_t uid) {
  const struct md_entry *entry = md_box_entry(box, uid);
  if (!entry) return 0;
  uint32_t flags, letters;
  new_flags(change, entry, &flags, &letters);
  if (flags == entry->flags && letters == entry->letters) return 0;
  char name[MD_NAME_MAX + 1];
  if (!md_name_with_flags(entry->name, flags, letters, name)) return ENAMETOOLONG;
  int error = md_entry_rename(box, entry, name);
  if (error == ENOENT) {
    change->again[change->again_n++] = uid;
    return 0;
  }
  if (error != 0) return error;
  change->from_new = change->from_new || entry->in_new;
  md_frame_flags(&change->frame, uid, change->modseq, false, name);
  change->changed++;
  return 0;
}

/* Rename the files, make that durable, then tell the index. */
static int change_files(struct md_box *box, struct change *change, const uint32_t *uids, size_t n) {
  bool before[2] = {md_seen_begin(box, true), md_seen_begin(box, false)};
  int error = 0;
  change->again_n = change->changed = 0;
  change->modseq = box->modseq + 1;
  md_frame_begin(&change->frame, MD_FRAME_DATA);
  for (size_t i = 0; i < n && error == 0; i++)
    error = change_one(box, change, uids[i]);
  if (change->changed == 0) return md_status(error);
  if (change->from_new) md_seen_end(box, true, before[0]);
  md_seen_end(box, false, before[1]);
  int sync = md_sync_dirs(box, change->from_new);
  if (error == 0) error = sync;
  int status = md_journal_append(box, &change->frame, true);
  if (status != IMAP4_OK) box->seen_new = box->seen_cur = (struct md_seen){0}; /* the next look finds it */
  return error != 0 ? md_status(error) : status;
}

/* The UIDs to change; those that are left out for |unchanged_since| go to the mailbox's ranges. */
static int choose(struct md_mailbox *mailbox, uint64_t unchanged_since, uint32_t *uids, size_t *n) {
  size_t to = 0;
  mailbox->ranges_n[0] = 0;
  for (size_t i = 0; i < *n; i++) {
    const struct md_entry *entry = md_box_entry(mailbox->box, uids[i]);
    if (unchanged_since == 0 || entry->modseq <= unchanged_since) {
      uids[to++] = uids[i];
    } else if (!md_ranges_add(mailbox, 0, uids[i])) {
      return IMAP4_ST_UNAVAILABLE;
    }
  }
  *n = to;
  return IMAP4_OK;
}

static int store_locked(struct md_mailbox *mailbox, const imap4_store_flags_args *args,
                        imap4_store_flags_result *out) {
  struct md_box *box = mailbox->box;
  struct change change = {.mode = args->mode, .flags = args->flags & IMAP4_FLAG_ALL};
  uint32_t *uids = NULL;
  size_t n = 0;
  int status = md_sync_locked(box, false);
  if (status == IMAP4_OK) status = md_select_uids(box, args->uids, 0, &uids, &n);
  out->previous_modseq = box->modseq;
  if (status == IMAP4_OK) status = choose(mailbox, args->unchanged_since, uids, &n);
  if (status == IMAP4_OK && n > 0) {
    bool make = args->mode != IMAP4_STORE_REMOVE;
    status = md_keywords_letters(box, args->keywords, make, false, &change.letters);
    change.known = md_keywords_known(box);
  }
  change.again = n > 0 ? malloc(n * sizeof *change.again) : NULL;
  if (status == IMAP4_OK && n > 0) {
    status = change.again ? change_files(box, &change, uids, n) : IMAP4_ST_UNAVAILABLE;
    /* Files that were renamed by others meanwhile: look where they are, and try once more. */
    if (status == IMAP4_OK && change.again_n > 0) {
      status = md_sync_locked(box, true);
      memcpy(uids, change.again, change.again_n * sizeof *uids);
      out->previous_modseq = 0;
      if (status == IMAP4_OK) status = change_files(box, &change, uids, change.again_n);
    }
  }
  out->highest_modseq = box->modseq;
  out->modified = (imap4_uid_ranges){mailbox->ranges[0], mailbox->ranges_n[0]};
  md_buf_free(&change.frame);
  free(change.again);
  free(uids);
  return status;
}

int md_store_flags(void *user, imap4_op op, const imap4_store_flags_args *args,
                   imap4_store_flags_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  (void)user;
  (void)op;
  if (mailbox->read_only) return IMAP4_ST_READONLY;
  int status = md_box_enter_locked(mailbox->box);
  if (status != IMAP4_OK) return status;
  status = store_locked(mailbox, args, out);
  md_index_maybe_rewrite(mailbox->box);
  md_box_leave_locked(mailbox->box);
  return status;
}

/* ---- removing ------------------------------------------------------------------------------- */

static int remove_file(struct md_box *box, uint32_t uid) {
  for (int tries = 0; tries < 3; tries++) {
    const struct md_entry *entry = md_box_entry(box, uid);
    if (!entry) return 0;
    char path[MD_NAME_MAX + 8];
    md_entry_path(entry, path);
    if (unlinkat(box->dir_fd, path, 0) == 0) return 0;
    if (errno != ENOENT) return errno;
    /* Gone, or under another name. */
    int status = md_sync_locked(box, true);
    if (status != IMAP4_OK) return EAGAIN;
  }
  return EAGAIN;
}

static int journal_removed(struct md_box *box, const uint32_t *uids, size_t n) {
  struct md_buf frame = {0};
  uint64_t modseq = box->modseq + 1;
  size_t gone = 0;
  md_frame_begin(&frame, MD_FRAME_DATA);
  for (size_t i = 0; i < n; i++) {
    if (!md_box_entry(box, uids[i])) continue;
    md_frame_expunge(&frame, uids[i], modseq);
    gone++;
  }
  int status = gone > 0 ? md_journal_append(box, &frame, true) : IMAP4_OK;
  md_buf_free(&frame);
  return status;
}

int md_remove_messages(struct md_box *box, const uint32_t *uids, size_t n) {
  bool before[2] = {md_seen_begin(box, true), md_seen_begin(box, false)};
  bool from_new = box->in_new > 0;
  size_t done = 0;
  int error = 0;
  while (done < n && error == 0) {
    error = remove_file(box, uids[done]);
    if (error == 0) done++;
  }
  if (done == 0) return md_status(error);
  if (from_new) md_seen_end(box, true, before[0]);
  md_seen_end(box, false, before[1]);
  int sync = md_sync_dirs(box, from_new);
  if (error == 0) error = sync;
  int status = journal_removed(box, uids, done);
  /* A full disk: there is room now, perhaps. */
  if (status == IMAP4_ST_OVERQUOTA) status = journal_removed(box, uids, done);
  /* The files are gone, which is what was asked for; the index learns of it at a later look. */
  if (status != IMAP4_OK) box->seen_new = box->seen_cur = (struct md_seen){0};
  return md_status(error);
}

int md_expunge(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  struct md_box *box = mailbox->box;
  (void)user;
  (void)op;
  (void)out;
  if (mailbox->read_only) return IMAP4_ST_READONLY;
  int status = md_box_enter_locked(box);
  if (status != IMAP4_OK) return status;
  uint32_t *uids = NULL;
  size_t n = 0;
  status = md_sync_locked(box, false);
  /* On a full disk removing is what helps: what is known is good enough then. */
  if (status == IMAP4_ST_OVERQUOTA) status = IMAP4_OK;
  if (status == IMAP4_OK) {
    status = md_select_uids(box, args->uids, args->only_deleted ? IMAP4_FLAG_DELETED : 0, &uids, &n);
  }
  if (status == IMAP4_OK && n > 0) status = md_remove_messages(box, uids, n);
  free(uids);
  md_index_maybe_rewrite(box);
  md_box_leave_locked(box);
  return status;
}
