/* SPDX-License-Identifier: MIT */
/*
 * Messages that come in: each is written to tmp/ as it arrives, octet for octet, and made durable; the commit
 * gives them UIDs and moves them to cur/ together.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The message that goes by a REPLACE, if it is still there. */
static void note_replaced(struct md_upload *upload, const imap4_append_begin_args *args) {
  const struct md_mailbox *mailbox = args->replaces_in;
  if (!mailbox || !upload->account->usage) return;
  md_box_enter(mailbox->box);
  const struct md_entry *entry = md_box_entry(mailbox->box, args->replaces);
  if (entry) md_total_entry(mailbox->box, entry, &upload->replaced);
  md_box_leave(mailbox->box);
}

int md_append_begin(void *user, imap4_op op, const imap4_append_begin_args *args,
                    imap4_append_begin_result *out) {
  struct md_account *account = args->account;
  char *path;
  (void)op;
  int status = md_mailbox_path(account, args->mailbox, &path);
  if (status != IMAP4_OK) return status;
  struct md_upload *upload = calloc(1, sizeof *upload);
  status = upload ? md_box_acquire(user, path, &upload->box) : IMAP4_ST_UNAVAILABLE;
  free(path);
  if (status != IMAP4_OK) {
    free(upload);
    return status;
  }
  upload->account = account;
  upload->fd = -1;
  note_replaced(upload, args);
  out->upload = upload;
  return IMAP4_OK;
}

static int open_tmp(struct md_upload *upload, struct md_staged *message) {
  char name[MD_NAME_MAX + 1], path[MD_NAME_MAX + 8];
  for (int tries = 0; tries < 10; tries++) {
    md_unique_name(upload->box->store, name);
    snprintf(path, sizeof path, "tmp/%s", name);
    upload->fd = openat(upload->box->dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (upload->fd < 0 && errno == ENOENT && mkdirat(upload->box->dir_fd, "tmp", 0700) == 0) continue;
    if (upload->fd >= 0 || errno != EEXIST) break;
  }
  if (upload->fd < 0) return md_status(errno);
  message->tmp = md_strdup(name, strlen(name));
  if (message->tmp) return IMAP4_OK;
  unlinkat(upload->box->dir_fd, path, 0);
  return IMAP4_ST_UNAVAILABLE;
}

static uint64_t without(uint64_t total, uint64_t part) {
  return total > part ? total - part : 0;
}

/* Whether there is room for what came already and for |octets| more. */
static int check_quota(const struct md_upload *upload, uint64_t octets) {
  struct md_total more = {.messages = upload->n + 1};
  for (size_t i = 0; i < upload->n; i++)
    more.octets += upload->messages[i].size;
  if (octets > UINT64_MAX - more.octets) return IMAP4_ST_OVERQUOTA;
  more.octets = without(more.octets + octets, upload->replaced.octets);
  more.messages = without(more.messages, upload->replaced.messages);
  return md_quota_check(upload->account, &more);
}

int md_append_message(void *user, imap4_op op, const imap4_append_message_args *args,
                      imap4_empty_result *out) {
  struct md_upload *upload = args->upload;
  (void)user;
  (void)op;
  (void)out;
  if (upload->status != IMAP4_OK) return upload->status;
  if (upload->fd >= 0) return upload->status = IMAP4_ST_SERVERBUG; /* the last one is not complete */
  upload->status = check_quota(upload, args->size);
  if (upload->status != IMAP4_OK) return upload->status;
  if (!md_grow((void **)&upload->messages, &upload->capacity, upload->n, sizeof *upload->messages)) {
    return upload->status = IMAP4_ST_UNAVAILABLE;
  }
  struct md_staged *message = &upload->messages[upload->n++];
  *message = (struct md_staged){.flags = args->flags & IMAP4_FLAG_ALL};
  message->date = args->internaldate.present ? args->internaldate.seconds : md_now_ns() / 1000000000;
  message->zone = args->internaldate.present ? (int16_t)args->internaldate.zone_minutes : (int16_t)0;
  if (!md_identity_parse(args->email_id, &message->origin)) message->origin = (struct md_origin){0};
  upload->last = '\0';
  if (args->keywords.n > 0) {
    message->keywords = md_strdup(args->keywords.p, args->keywords.n);
    if (!message->keywords) return upload->status = IMAP4_ST_UNAVAILABLE;
  }
  return upload->status = open_tmp(upload, message);
}

static int write_octets(struct md_upload *upload, struct md_staged *message, imap4_str data) {
  int error = md_pwrite_all(upload->fd, data.p, data.n, message->raw_size);
  if (error != 0) return error;
  message->raw_size += data.n;
  message->size += data.n;
  for (size_t i = 0; i < data.n; i++) {
    const char *lf = memchr(data.p + i, '\n', data.n - i);
    if (!lf) break;
    i = (size_t)(lf - data.p);
    if ((i > 0 ? data.p[i - 1] : upload->last) != '\r') message->size++;
  }
  if (data.n > 0) upload->last = data.p[data.n - 1];
  return 0;
}

static int finish_file(struct md_upload *upload) {
  int error = 0;
  while (fsync(upload->fd) != 0 && error == 0) {
    if (errno != EINTR) error = errno;
  }
  if (close(upload->fd) != 0 && error == 0) error = errno;
  upload->fd = -1;
  return error;
}

int md_append_write(void *user, imap4_op op, const imap4_append_write_args *args, imap4_empty_result *out) {
  struct md_upload *upload = args->upload;
  (void)user;
  (void)op;
  (void)out;
  if (upload->status != IMAP4_OK) return upload->status;
  if (upload->fd < 0) return upload->status = IMAP4_ST_SERVERBUG;
  struct md_staged *message = &upload->messages[upload->n - 1];
  int error = write_octets(upload, message, args->data);
  if (error == 0 && args->last) {
    error = finish_file(upload);
    /* A digest speaks of the octets as they came; where line ends are mended it would not fit. */
    if (message->size == message->raw_size) md_buf_put(&message->digest, args->digest.p, args->digest.n);
  }
  return upload->status = md_status(error);
}

void md_staged_free(struct md_box *box, struct md_staged *messages, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char path[MD_NAME_MAX + 8];
    if (messages[i].tmp) {
      snprintf(path, sizeof path, "tmp/%s", messages[i].tmp);
      unlinkat(box->dir_fd, path, 0);
    }
    free(messages[i].tmp);
    free(messages[i].keywords);
    md_buf_free(&messages[i].digest);
  }
  free(messages);
}

void md_append_abort(void *user, void *object) {
  struct md_upload *upload = object;
  (void)user;
  if (upload->fd >= 0) close(upload->fd);
  md_staged_free(upload->box, upload->messages, upload->n);
  md_box_release(upload->box);
  free(upload);
}

/* Both mailboxes are locked. */
static int commit_locked(struct md_upload *upload, imap4_append_commit_result *out) {
  struct md_box *box = upload->box;
  int status = md_commit(box, upload->messages, upload->n);
  if (status == IMAP4_OK) {
    imap4_uid_range *range = &upload->account->committed;
    *range = (imap4_uid_range){upload->messages[0].uid, upload->messages[upload->n - 1].uid};
    out->uidvalidity = box->uidvalidity;
    out->uids = (imap4_uid_ranges){range, 1};
  }
  return status;
}

static int check_complete(const struct md_upload *upload) {
  if (upload->status != IMAP4_OK) return upload->status;
  return upload->fd >= 0 || upload->n == 0 ? IMAP4_ST_SERVERBUG : IMAP4_OK;
}

static int commit_upload(struct md_upload *upload, imap4_append_commit_result *out) {
  int status = check_complete(upload);
  if (status == IMAP4_OK) status = md_box_enter_locked(upload->box);
  if (status != IMAP4_OK) return status;
  status = commit_locked(upload, out);
  md_box_leave_locked(upload->box);
  return status;
}

int md_append_commit(void *user, imap4_op op, const imap4_upload_args *args,
                     imap4_append_commit_result *out) {
  struct md_upload *upload = args->upload;
  (void)op;
  int status = commit_upload(upload, out);
  md_append_abort(user, upload);
  return status;
}

/* The message is committed, then the other one removed; where that can't be, the new one goes again.  A crash
 * in between leaves both, like that of a move. */
static int replace_locked(struct md_upload *upload, struct md_box *from, uint32_t uid,
                          imap4_append_commit_result *out) {
  int status = md_sync_locked(from, false);
  if (status != IMAP4_OK) return status;
  if (!md_box_entry(from, uid)) return IMAP4_ST_EXPUNGED;
  status = commit_locked(upload, out);
  if (status != IMAP4_OK) return status;
  status = md_remove_messages(from, &uid, 1);
  if (status != IMAP4_OK) md_remove_messages(upload->box, &upload->messages[0].uid, 1);
  return status;
}

int md_replace(void *user, imap4_op op, const imap4_replace_args *args, imap4_append_commit_result *out) {
  struct md_upload *upload = args->upload;
  struct md_mailbox *mailbox = args->mailbox;
  (void)op;
  int status = mailbox->read_only ? IMAP4_ST_READONLY : check_complete(upload);
  if (status == IMAP4_OK) status = md_box_enter_locked_both(upload->box, mailbox->box);
  if (status == IMAP4_OK) {
    status = replace_locked(upload, mailbox->box, args->uid, out);
    md_box_leave_locked_both(upload->box, mailbox->box);
  }
  md_append_abort(user, upload);
  return status;
}
