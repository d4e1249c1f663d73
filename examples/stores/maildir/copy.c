/* SPDX-License-Identifier: MIT */
/*
 * COPY and MOVE between mailboxes of one account: hard links where the file system allows, and the same
 * commit as for uploads.  Both mailboxes are locked for the whole of it.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_OCTETS 32768u

/* Octet by octet, where a link cannot be. */
static int copy_file(struct md_box *from, const char *source, struct md_box *to, const char *target) {
  int in = openat(from->dir_fd, source, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (in < 0) return errno;
  int out = openat(to->dir_fd, target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  int error = out < 0 ? errno : 0;
  char *block = malloc(BLOCK_OCTETS);
  uint64_t at = 0;
  if (!block) error = ENOMEM;
  while (error == 0) {
    ssize_t got = read(in, block, BLOCK_OCTETS);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    error = md_pwrite_all(out, block, (size_t)got, at);
    at += (uint64_t)got;
  }
  if (error == 0 && fsync(out) != 0) error = errno;
  free(block);
  if (out >= 0) close(out);
  close(in);
  if (error != 0 && out >= 0) unlinkat(to->dir_fd, target, 0);
  return error;
}

static int stage_file(struct md_box *from, const struct md_entry *entry, struct md_box *to,
                      struct md_staged *message) {
  char source[MD_NAME_MAX + 8], target[MD_NAME_MAX + 8], name[MD_NAME_MAX + 1];
  struct stat st;
  md_entry_path(entry, source);
  md_unique_name(to->store, name);
  snprintf(target, sizeof target, "tmp/%s", name);
  int error = linkat(from->dir_fd, source, to->dir_fd, target, 0) == 0 ? 0 : errno;
  message->linked = error == 0;
  if (error != 0 && error != ENOENT) error = copy_file(from, source, to, target);
  if (error != 0) return error;
  message->tmp = md_strdup(name, strlen(name));
  if (!message->tmp || fstatat(to->dir_fd, target, &st, 0) != 0) {
    unlinkat(to->dir_fd, target, 0);
    return ENOMEM;
  }
  message->raw_size = (uint64_t)st.st_size;
  return 0;
}

static int stage(struct md_box *from, uint32_t uid, struct md_box *to, struct md_staged *message) {
  const struct md_entry *entry = md_box_entry(from, uid);
  struct md_buf names = {0};
  if (!entry) return ENOENT;
  *message = (struct md_staged){.flags = entry->flags,
                                .size = entry->size,
                                .date = entry->date,
                                .zone = entry->zone,
                                .lenient = true,
                                .source = from,
                                .source_uid = uid,
                                .origin = md_identity_of(from, entry)};
  md_keywords_names(from, entry->letters, &names);
  if (names.n > 0) message->keywords = md_strdup(names.p, names.n);
  bool failed = names.failed || (names.n > 0 && !message->keywords);
  md_buf_free(&names);
  int error = failed ? ENOMEM : stage_file(from, entry, to, message);
  if (error != 0) {
    free(message->keywords);
    *message = (struct md_staged){0};
  }
  return error;
}

/* A batch of messages on their way. */
struct batch {
  uint32_t *uids;
  size_t uids_n;
  struct md_staged *messages;
  size_t n;
};

/* Messages that are gone are left out. */
static int stage_all(struct md_box *from, struct md_box *to, struct batch *batch) {
  bool looked = false;
  for (size_t i = 0; i < batch->uids_n; i++) {
    int error = stage(from, batch->uids[i], to, &batch->messages[batch->n]);
    if (error == ENOENT && !looked) {
      looked = true; /* renamed meanwhile, perhaps */
      int status = md_sync_locked(from, true);
      if (status != IMAP4_OK) return status;
      error = stage(from, batch->uids[i], to, &batch->messages[batch->n]);
    }
    if (error == ENOENT) continue;
    if (error != 0) return md_status(error);
    batch->uids[batch->n++] = batch->uids[i];
  }
  return IMAP4_OK;
}

static uint64_t ranges_count(imap4_uid_ranges ranges) {
  uint64_t count = 0;
  for (size_t i = 0; i < ranges.n; i++)
    count += (uint64_t)ranges.p[i].last - ranges.p[i].first + 1;
  return count;
}

static int copy_locked(struct md_mailbox *mailbox, struct md_box *to, imap4_uid_ranges uids, bool whole,
                       struct batch *batch) {
  struct md_box *from = mailbox->box;
  int status = md_sync_locked(from, false);
  if (status == IMAP4_OK) status = md_select_uids(from, uids, 0, &batch->uids, &batch->uids_n);
  bool some_gone = batch->uids_n < ranges_count(uids);
  if (status == IMAP4_OK && whole && some_gone) return IMAP4_ST_EXPUNGED;
  if (status != IMAP4_OK || batch->uids_n == 0) return status;
  size_t wanted = batch->uids_n;
  batch->messages = calloc(batch->uids_n, sizeof *batch->messages);
  if (!batch->messages) return IMAP4_ST_UNAVAILABLE;
  status = stage_all(from, to, batch);
  if (status == IMAP4_OK && whole && batch->n < wanted) status = IMAP4_ST_EXPUNGED;
  if (status == IMAP4_OK && batch->n > 0) status = md_commit(to, batch->messages, batch->n);
  return status;
}

static bool file_is_there(struct md_box *box, uint32_t uid) {
  const struct md_entry *entry = md_box_entry(box, uid);
  struct stat st;
  if (!entry) return false;
  char path[MD_NAME_MAX + 8];
  md_entry_path(entry, path);
  return fstatat(box->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Take the originals away; if that fails, the copies. */
static int remove_originals(struct md_box *from, struct md_box *to, struct batch *batch) {
  int status = md_remove_messages(from, batch->uids, batch->n);
  if (status == IMAP4_OK) return IMAP4_OK;
  size_t n = 0;
  for (size_t i = 0; i < batch->n; i++) {
    /* Where the original is gone, the copy is all there is. */
    if (file_is_there(from, batch->uids[i])) batch->uids[n++] = batch->messages[i].uid;
  }
  md_remove_messages(to, batch->uids, n);
  return status;
}

static int report(struct md_mailbox *mailbox, const struct batch *batch, imap4_copy_result *out) {
  mailbox->ranges_n[0] = mailbox->ranges_n[1] = 0;
  for (size_t i = 0; i < batch->n; i++) {
    if (!md_ranges_add(mailbox, 0, batch->uids[i]) || !md_ranges_add(mailbox, 1, batch->messages[i].uid)) {
      out->uidvalidity = 0; /* it is done; only the numbers cannot be told */
      return IMAP4_OK;
    }
  }
  out->source = (imap4_uid_ranges){mailbox->ranges[0], mailbox->ranges_n[0]};
  out->target = (imap4_uid_ranges){mailbox->ranges[1], mailbox->ranges_n[1]};
  return IMAP4_OK;
}

/* Whether there is room for copies; before the mailboxes are locked, because all of the account are counted.
 */
static int check_quota(const struct md_mailbox *mailbox, imap4_uid_ranges uids) {
  struct md_box *box = mailbox->box;
  struct md_total more = {0};
  if (!mailbox->account->usage) return IMAP4_OK;
  md_box_enter(box);
  for (size_t r = 0; r < uids.n; r++) {
    for (size_t i = md_box_find(box, uids.p[r].first); i < box->n; i++) {
      if (box->entries[i].uid > uids.p[r].last) break;
      if (box->entries[i].name) md_total_entry(box, &box->entries[i], &more);
    }
  }
  md_box_leave(box);
  return more.messages > 0 ? md_quota_check(mailbox->account, &more) : IMAP4_OK;
}

static int copy_or_move(const imap4_copy_args *args, bool move, imap4_copy_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  struct md_box *from = mailbox->box, *to;
  struct batch batch = {0};
  char *path;
  int status = md_mailbox_path(mailbox->account, args->to, &path);
  if (status != IMAP4_OK) return status;
  status = md_box_acquire(from->store, path, &to);
  free(path);
  if (status != IMAP4_OK) return status;
  if (!move) status = check_quota(mailbox, args->uids);
  if (status == IMAP4_OK) status = md_box_enter_locked_both(from, to);
  if (status == IMAP4_OK) {
    out->uidvalidity = to->uidvalidity;
    status = copy_locked(mailbox, to, args->uids, args->whole != 0, &batch);
    if (status == IMAP4_OK && move && batch.n > 0) status = remove_originals(from, to, &batch);
    if (status == IMAP4_OK) status = report(mailbox, &batch, out);
    md_staged_free(to, batch.messages, batch.n);
    md_box_leave_locked_both(from, to);
  }
  free(batch.uids);
  md_box_release(to);
  return status;
}

int md_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  (void)user;
  (void)op;
  return copy_or_move(args, false, out);
}

int md_move(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  (void)user;
  (void)op;
  return mailbox->read_only ? IMAP4_ST_READONLY : copy_or_move(args, true, out);
}
