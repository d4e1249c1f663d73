/* SPDX-License-Identifier: MIT */
/*
 * The commit: messages that wait in tmp/ become messages of the mailbox, all or none.
 *
 * An intent with their UIDs and names is made durable first; then the files are moved to cur/ and the
 * directory is made durable; then the intent is marked as carried out.  Whoever takes the lock after a crash
 * in between carries it out (index.c).
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool final_name(const struct md_staged *message, uint32_t letters, char out[MD_NAME_MAX + 1]) {
  char base[MD_NAME_MAX + 1];
  int n = message->size == MD_UNKNOWN
              ? snprintf(base, sizeof base, "%s,S=%llu", message->tmp, (unsigned long long)message->raw_size)
              : snprintf(base, sizeof base, "%s,S=%llu,W=%llu", message->tmp,
                         (unsigned long long)message->raw_size, (unsigned long long)message->size);
  if (n < 0 || n > MD_NAME_MAX) return false;
  return md_name_with_flags(base, message->flags, letters, out);
}

/* Put the digest of a message into the mailbox's file, from memory or from where it is copied from. */
static void keep_digest(struct md_box *box, struct md_staged *message, struct md_entry *entry) {
  struct md_entry *source = message->source ? md_box_entry(message->source, message->source_uid) : NULL;
  if (source) md_digest_get(message->source, source, &message->digest);
  if (!message->digest.failed && message->digest.n > 0) {
    md_digest_put(box, message->uid, message->digest.p, message->digest.n, &entry->digest_at);
    if (entry->digest_at) entry->digest_octets = (uint32_t)message->digest.n;
  }
  if (source) md_buf_free(&message->digest);
}

static int put_intent(struct md_box *box, struct md_staged *message, uint64_t modseq, struct md_buf *frame) {
  struct md_entry entry = {.uid = message->uid,
                           .modseq = modseq,
                           .size = message->size,
                           .date = message->date,
                           .zone = message->zone};
  imap4_str keywords = {message->keywords, message->keywords ? strlen(message->keywords) : 0};
  char name[MD_NAME_MAX + 1];
  uint32_t letters;
  int status = md_keywords_letters(box, keywords, true, message->lenient, &letters);
  if (status != IMAP4_OK) return status;
  if (!final_name(message, letters, name)) return IMAP4_ST_CANNOT;
  keep_digest(box, message, &entry);
  entry.name = name;
  md_frame_staged(frame, message->tmp);
  md_frame_add(frame, &entry);
  return frame->failed ? IMAP4_ST_UNAVAILABLE : IMAP4_OK;
}

/* The name that an intent gave to the message after |at|; moves |at| behind it. */
static void name_in(const struct md_buf *frame, size_t *at, char out[MD_NAME_MAX + 8]) {
  size_t tmp = (size_t)md_get_le(frame->p + *at + 1, 2);
  size_t name = *at + 3 + tmp + 1 + MD_ADD_FIXED;
  size_t n = (size_t)md_get_le(frame->p + name, 2);
  memcpy(out, "cur/", 4);
  memcpy(out + 4, frame->p + name + 2, n);
  out[4 + n] = '\0';
  *at = name + 2 + n;
}

static int move_one(const struct md_box *box, const struct md_staged *message, const char *to) {
  char from[MD_NAME_MAX + 8];
  snprintf(from, sizeof from, "tmp/%s", message->tmp);
  if (!message->linked) {
    struct timespec times[2] = {{.tv_sec = (time_t)message->date}, {.tv_sec = (time_t)message->date}};
    /* The index has the date too; a file system that cannot hold it is no reason to refuse the message. */
    if (utimensat(box->dir_fd, from, times, 0) != 0 && errno == ENOENT) return ENOENT;
  }
  return renameat(box->dir_fd, from, box->dir_fd, to) == 0 ? 0 : errno;
}

static int move_all(const struct md_box *box, const struct md_staged *messages, size_t n,
                    const struct md_buf *frame) {
  size_t at = MD_FRAME_OCTETS + 1, done = 0;
  int error = 0;
  char to[MD_NAME_MAX + 8], from[MD_NAME_MAX + 8];
  while (done < n && error == 0) {
    name_in(frame, &at, to);
    error = move_one(box, &messages[done], to);
    if (error == 0) done++;
  }
  if (error == 0) error = md_sync_dirs(box, false);
  if (error == 0) return 0;
  /* Back to tmp/, where they are removed as any upload that fails. */
  at = MD_FRAME_OCTETS + 1;
  for (size_t i = 0; i < done; i++) {
    name_in(frame, &at, to);
    snprintf(from, sizeof from, "tmp/%s", messages[i].tmp);
    if (renameat(box->dir_fd, to, box->dir_fd, from) != 0) unlinkat(box->dir_fd, to, 0);
  }
  return error;
}

/* Mark the intent as carried out or as given up, which uses up its UIDs all the same. */
static void close_intent(struct md_box *box, struct md_buf *intent, bool commit, uint32_t uidnext,
                         uint64_t modseq) {
  struct md_buf outcome = {0};
  md_frame_begin(&outcome, commit ? MD_FRAME_COMMIT : MD_FRAME_ABORT);
  if (!commit) md_frame_uidnext(&outcome, uidnext, modseq);
  int status = md_journal_write(box, &outcome, box->end + intent->n, false);
  /* When it cannot be written, box->end stays before the intent and the next one to take the lock finishes
   * it; a commit is durable already. */
  if (status == IMAP4_OK) {
    box->end += intent->n + outcome.n;
    if (commit) md_index_apply(box, intent->p + MD_FRAME_OCTETS, intent->n - MD_FRAME_OCTETS);
    md_index_apply(box, outcome.p + MD_FRAME_OCTETS, outcome.n - MD_FRAME_OCTETS);
  } else {
    box->stale = true;
  }
  md_buf_free(&outcome);
}

int md_commit(struct md_box *box, struct md_staged *messages, size_t n) {
  struct md_buf intent = {0};
  int status = IMAP4_OK;
  uint64_t modseq = box->modseq + 1;
  uint32_t uidnext = box->uidnext;
  if (n >= UINT32_MAX - uidnext) return IMAP4_ST_LIMIT;
  md_frame_begin(&intent, MD_FRAME_INTENT);
  for (size_t i = 0; i < n && status == IMAP4_OK; i++) {
    messages[i].uid = uidnext++;
    status = put_intent(box, &messages[i], modseq, &intent);
  }
  int64_t now = md_now_ns() / 1000000000;
  for (size_t i = 0; i < n && status == IMAP4_OK; i++) {
    md_frame_saved(&intent, messages[i].uid, now);
    if (messages[i].origin.uid) md_frame_origin(&intent, messages[i].uid, &messages[i].origin);
  }
  if (status == IMAP4_OK) status = md_journal_write(box, &intent, box->end, true);
  if (status != IMAP4_OK) {
    md_buf_free(&intent);
    return status;
  }
  bool before = md_seen_begin(box, false);
  int error = move_all(box, messages, n, &intent);
  md_seen_end(box, false, before);
  close_intent(box, &intent, error == 0, uidnext, modseq);
  for (size_t i = 0; i < n && error == 0; i++) {
    free(messages[i].tmp);
    messages[i].tmp = NULL;
  }
  md_buf_free(&intent);
  if (error == 0) md_index_maybe_rewrite(box);
  return md_status(error);
}
