/* SPDX-License-Identifier: MIT */
/*
 * The first meeting with a mailbox directory that has no usable index: UIDs come from what Dovecot or Courier
 * left, as long as this store has never given any itself; otherwise UIDVALIDITY is new.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of another server's list. */
struct old_message {
  char *base; /* file name without flags */
  uint32_t uid;
  uint64_t size; /* or MD_UNKNOWN */
};

struct old_list {
  uint32_t uidvalidity;
  uint32_t uidnext;
  struct old_message *messages;
  size_t n;
  size_t capacity;
  bool failed; /* for want of memory */
};

static void old_free(struct old_list *old) {
  for (size_t i = 0; i < old->n; i++)
    free(old->messages[i].base);
  free(old->messages);
  *old = (struct old_list){0};
}

static void old_put(struct old_list *old, uint64_t uid, uint64_t size, const char *name, const char *end) {
  if (uid == 0 || uid >= UINT32_MAX || name >= end) return;
  char *base = md_strdup(name, (size_t)(end - name));
  if (!base || !md_grow((void **)&old->messages, &old->capacity, old->n, sizeof *old->messages)) {
    free(base);
    old->failed = true;
    return;
  }
  base[md_base_length(base)] = '\0';
  old->messages[old->n++] = (struct old_message){base, (uint32_t)uid, size};
  if (uid >= old->uidnext) old->uidnext = (uint32_t)uid + 1;
}

/* "3 V<UIDVALIDITY> N<UIDNEXT> ...", or "1 <UIDVALIDITY> <UIDNEXT>" as Courier has it, too. */
static bool old_header(struct old_list *old, const char *p, const char *end, bool *extended) {
  uint64_t version, uidvalidity = 0, uidnext = 0;
  if (!md_parse_number(&p, end, 3, &version)) return false;
  *extended = version == 3;
  if (!*extended) {
    if (version != 1 || p == end || *p++ != ' ' || !md_parse_number(&p, end, UINT32_MAX, &uidvalidity))
      return false;
    if (p == end || *p++ != ' ' || !md_parse_number(&p, end, UINT32_MAX, &uidnext)) return false;
  }
  while (*extended && p < end) {
    const char *field = p + 1;
    const char *next = field < end ? memchr(field, ' ', (size_t)(end - field)) : NULL;
    if (!next) next = end;
    const char *digits = field + 1;
    if (field < next && *field == 'V' && !md_parse_number(&digits, next, UINT32_MAX, &uidvalidity))
      return false;
    if (field < next && *field == 'N' && !md_parse_number(&digits, next, UINT32_MAX, &uidnext)) return false;
    p = next;
  }
  old->uidvalidity = (uint32_t)uidvalidity;
  if (uidnext > old->uidnext) old->uidnext = (uint32_t)uidnext;
  return uidvalidity > 0;
}

/* "UID [KEYvalue ...] :NAME", or "UID NAME". */
static void old_line(struct old_list *old, const char *p, const char *end, bool extended) {
  uint64_t uid, size = MD_UNKNOWN;
  if (!md_parse_number(&p, end, UINT32_MAX, &uid) || p == end || *p != ' ') return;
  if (!extended) {
    old_put(old, uid, size, p + 1, end);
    return;
  }
  while (p < end && *p == ' ') {
    p++;
    if (p < end && *p == ':') {
      old_put(old, uid, size, p + 1, end);
      return;
    }
    const char *digits = p + 1;
    const char *next = memchr(p, ' ', (size_t)(end - p));
    if (!next) return;
    if (*p == 'W' && !md_parse_number(&digits, next, MD_UNKNOWN - 1, &size)) size = MD_UNKNOWN;
    p = next;
  }
}

static int by_base(const void *a, const void *b) {
  const struct old_message *x = a, *y = b;
  int order = strcmp(x->base, y->base);
  if (order != 0) return order;
  return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static bool old_read(struct md_box *box, const char *namez, struct old_list *old) {
  struct md_buf text = {0};
  bool extended = false, first = true, ok = true;
  if (md_read_file(box->dir_fd, namez, 256u << 20, &text) != 0) {
    md_buf_free(&text);
    return false;
  }
  const char *p = text.p, *end = text.p + text.n;
  while (p < end && ok) {
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    if (!eol) eol = end;
    if (first) {
      ok = old_header(old, p, eol, &extended);
    } else {
      old_line(old, p, eol, extended);
    }
    first = false;
    p = eol < end ? eol + 1 : end;
  }
  md_buf_free(&text);
  if (!ok || first || old->failed) {
    old_free(old);
    return false;
  }
  if (old->n > 0) qsort(old->messages, old->n, sizeof *old->messages, by_base);
  return true;
}

static const struct old_message *old_find(const struct old_list *old, const char *name) {
  size_t n = md_base_length(name), low = 0, high = old->n;
  const struct old_message *found = NULL;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const struct old_message *message = &old->messages[middle];
    int order = strncmp(message->base, name, n);
    if (order == 0 && message->base[n] != '\0') order = 1;
    if (order == 0) found = message; /* the last of several: lines further down were written later */
    if (order <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return found;
}

/* ---- the directory -------------------------------------------------------------------------- */

/* Messages that were in the list come first, by UID; then cur/ and new/, by their names. */
static int by_arrival(const void *a, const void *b) {
  const struct md_entry *x = a, *y = b;
  if (x->uid != y->uid) return x->uid < y->uid ? -1 : 1;
  if (x->in_new != y->in_new) return x->in_new ? 1 : -1;
  return md_name_compare(x->name, y->name);
}

static int entry_from_file(struct md_box *box, struct md_found *file, const struct old_list *old,
                           struct md_entry *entry) {
  struct stat st;
  *entry =
      (struct md_entry){.uid = UINT32_MAX, .in_new = file->in_new, .name = file->name, .modseq = box->modseq};
  char path[MD_NAME_MAX + 8];
  md_entry_path(entry, path);
  if (fstatat(box->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (!S_ISREG(st.st_mode)) return ENOENT;
  const struct old_message *message = old_find(old, file->name);
  if (message) entry->uid = message->uid;
  entry->size = md_name_size(file->name);
  if (entry->size == MD_UNKNOWN && message) entry->size = message->size;
  /* A size that cannot be true is not believed. */
  if (entry->size != MD_UNKNOWN &&
      (entry->size < (uint64_t)st.st_size || entry->size / 2 > (uint64_t)st.st_size)) {
    entry->size = MD_UNKNOWN;
  }
  entry->date = (int64_t)st.st_mtime;
  entry->saved = (int64_t)st.st_ctime; /* nothing says more of when it came here */
  uint32_t flags;
  md_name_flags(file->name, &flags, &entry->letters);
  entry->flags = (uint8_t)flags;
  file->name = NULL; /* the entry's now */
  return 0;
}

static int entries_from_files(struct md_box *box, struct md_listing *list, const struct old_list *old) {
  for (size_t i = 0; i < list->n; i++) {
    if (!md_grow((void **)&box->entries, &box->capacity, box->n, sizeof *box->entries))
      return IMAP4_ST_UNAVAILABLE;
    int error = entry_from_file(box, &list->files[i], old, &box->entries[box->n]);
    if (error == ENOENT) continue; /* gone already */
    if (error != 0) return md_status(error);
    box->n++;
  }
  if (box->n > 0) qsort(box->entries, box->n, sizeof *box->entries, by_arrival);
  return IMAP4_OK;
}

/* The same message in two places (caught on its way from new/ to cur/), or one UID twice. */
static void drop_doubles(struct md_box *box) {
  size_t to = 0;
  for (size_t i = 0; i < box->n; i++) {
    struct md_entry *entry = &box->entries[i], *last = to ? &box->entries[to - 1] : NULL;
    if (last && entry->uid != UINT32_MAX && entry->uid == last->uid) {
      if (md_name_compare(entry->name, last->name) == 0) {
        free(entry->name);
        continue;
      }
      entry->uid = UINT32_MAX;
    }
    box->entries[to++] = *entry;
  }
  box->n = to;
  if (box->n > 0) qsort(box->entries, box->n, sizeof *box->entries, by_arrival);
}

static void give_uids(struct md_box *box) {
  box->in_new = 0;
  for (size_t i = 0; i < box->n; i++) {
    struct md_entry *entry = &box->entries[i];
    box->in_new += entry->in_new;
    if (entry->uid != UINT32_MAX) continue;
    if (entry->in_new && box->first_recent == 0) box->first_recent = box->uidnext;
    entry->uid = box->uidnext++;
  }
  /* What lay in cur/ has been seen by somebody. */
  if (box->first_recent == 0) box->first_recent = box->uidnext;
}

static int read_directories(struct md_box *box, const struct old_list *old) {
  struct md_listing list = {0};
  int status = md_listing_read(box->dir_fd, true, &list);
  if (status == IMAP4_OK) status = md_listing_read(box->dir_fd, false, &list);
  if (status == IMAP4_OK) status = entries_from_files(box, &list, old);
  md_listing_free(&list);
  return status;
}

/* Clients have mod-sequences of the server that was here before, and go on with them while UIDVALIDITY stays.
 * This is more than any has counted to, so for all of them everything is new. */
#define TAKEN_OVER_MODSEQ (UINT64_C(1) << 40)

int md_takeover(struct md_box *box) {
  struct old_list old = {0};
  /* After an index was there, UIDs of other servers are out of date. */
  if (!md_box_was_met(box) && !old_read(box, "dovecot-uidlist", &old))
    old_read(box, "courierimapuiddb", &old);
  md_box_clear(box);
  int status = md_next_uidvalidity(box, old.uidvalidity, &box->uidvalidity);
  md_identity_new(box);
  box->uidnext = old.uidnext > 0 ? old.uidnext : 1;
  box->first_recent = 0;
  bool stays = old.uidvalidity > 0 && box->uidvalidity == old.uidvalidity;
  box->modseq = box->vanished_floor = stays ? TAKEN_OVER_MODSEQ : 1;
  if (status == IMAP4_OK) status = read_directories(box, &old);
  if (status == IMAP4_OK) {
    drop_doubles(box);
    give_uids(box);
    status = md_index_rewrite(box);
  }
  if (status != IMAP4_OK) md_box_clear(box);
  old_free(&old);
  return status;
}
