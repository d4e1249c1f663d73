/* SPDX-License-Identifier: MIT */
/*
 * The index file as it is read.
 *
 * A header (magic, version, UIDVALIDITY, checksum), then frames: length, checksum, payload.  A payload is a
 * kind and items; a frame counts as a whole or not at all.  The first frames are a snapshot, which the item
 * 'E' ends; what follows is history, appended by whoever holds the lock.  Memory is always what comes out
 * of applying the frames in order, in the process that wrote them too.
 *
 * An unfinished end is what a crash leaves.  Under the lock it is cut by writing the index anew, with UIDNEXT
 * and the mod-sequence raised by as many as the lost octets could have held, so that nothing is given twice
 * even if the end was damaged and had been valid once.  An intent without its commit is carried out instead.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[8] = "I4MAILDR";

/* The shortest item that gives a UID, and the shortest frame. */
#define ADD_LEAST (MD_ADD_FIXED + 4u)
#define FRAME_LEAST 9u
/* The longest frame that can end an intent. */
#define OUTCOME_MOST 22u

/* ---- items ---------------------------------------------------------------------------------- */

struct reader {
  const char *p;
  size_t n;
  bool bad;
};

static uint64_t take(struct reader *r, size_t octets) {
  if (r->n < octets) {
    r->bad = true;
    r->n = 0;
    return 0;
  }
  uint64_t value = md_get_le(r->p, octets);
  r->p += octets;
  r->n -= octets;
  return value;
}

static imap4_str take_name(struct reader *r) {
  size_t n = (size_t)take(r, 2);
  if (n > r->n || n > MD_NAME_MAX || memchr(r->p, '\0', n) || memchr(r->p, '/', n)) {
    r->bad = true;
    return (imap4_str){"", 0};
  }
  imap4_str name = {r->p, n};
  r->p += n;
  r->n -= n;
  return name;
}

static void raise_modseq(struct md_box *box, uint64_t modseq) {
  if (modseq > box->modseq) box->modseq = modseq;
}

static bool starved(struct md_box *box) {
  box->starved = true;
  return false;
}

static bool apply_add(struct md_box *box, struct reader *r) {
  struct md_entry entry = {0};
  entry.uid = (uint32_t)take(r, 4);
  entry.modseq = take(r, 8);
  entry.size = take(r, 8);
  entry.date = (int64_t)take(r, 8);
  int32_t zone = (int32_t)take(r, 2);
  entry.zone = (int16_t)(zone < 0x8000 ? zone : zone - 0x10000);
  entry.digest_at = take(r, 8);
  entry.digest_octets = (uint32_t)take(r, 4);
  uint32_t place = (uint32_t)take(r, 1);
  imap4_str name = take_name(r);
  if (r->bad || name.n == 0 || entry.uid == 0) return false;
  if (box->n > 0 && box->entries[box->n - 1].uid >= entry.uid) return false;
  entry.in_new = place == 1;
  entry.name = md_strdup(name.p, name.n);
  if (!entry.name || !md_grow((void **)&box->entries, &box->capacity, box->n, sizeof entry)) {
    free(entry.name);
    return starved(box);
  }
  uint32_t flags;
  md_name_flags(entry.name, &flags, &entry.letters);
  entry.flags = (uint8_t)flags;
  box->entries[box->n++] = entry;
  box->in_new += entry.in_new;
  raise_modseq(box, entry.modseq);
  if (entry.uid >= box->uidnext) box->uidnext = entry.uid + 1;
  return true;
}

static bool apply_flags(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  uint64_t modseq = take(r, 8);
  bool in_new = take(r, 1) == 1;
  imap4_str name = take_name(r);
  if (r->bad || name.n == 0) return false;
  if (!entry) return true; /* was removed meanwhile */
  char *copy = md_strdup(name.p, name.n);
  if (!copy) {
    return starved(box);
  }
  free(entry->name);
  entry->name = copy;
  uint32_t flags;
  md_name_flags(copy, &flags, &entry->letters);
  entry->flags = (uint8_t)flags;
  box->in_new = box->in_new - entry->in_new + in_new;
  entry->in_new = in_new;
  if (modseq > 0) entry->modseq = modseq;
  raise_modseq(box, modseq);
  return true;
}

static bool log_vanished(struct md_box *box, uint32_t first, uint32_t last, uint64_t modseq) {
  struct md_vanished *end = box->vanished_n ? &box->vanished[box->vanished_n - 1] : NULL;
  if (end && end->modseq == modseq && end->last + 1 == first) {
    end->last = last;
    return true;
  }
  if (box->vanished && box->vanished_n >= MD_VANISHED_MAX) {
    size_t drop = MD_VANISHED_MAX / 4;
    box->vanished_floor = box->vanished[drop - 1].modseq;
    box->vanished_n -= drop;
    memmove(box->vanished, box->vanished + drop, box->vanished_n * sizeof *box->vanished);
  }
  if (!md_grow((void **)&box->vanished, &box->vanished_capacity, box->vanished_n, sizeof *box->vanished)) {
    return starved(box);
  }
  box->vanished[box->vanished_n++] = (struct md_vanished){first, last, modseq};
  return true;
}

static bool apply_expunge(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  uint64_t modseq = take(r, 8);
  if (r->bad) return false;
  if (!entry) return true;
  if (!log_vanished(box, entry->uid, entry->uid, modseq)) return false;
  free(entry->name);
  entry->name = NULL;
  box->in_new -= entry->in_new;
  box->removed++;
  raise_modseq(box, modseq);
  return true;
}

static bool apply_vanished(struct md_box *box, struct reader *r) {
  uint32_t first = (uint32_t)take(r, 4), last = (uint32_t)take(r, 4);
  uint64_t modseq = take(r, 8);
  if (r->bad || first == 0 || last < first) return false;
  return log_vanished(box, first, last, modseq);
}

static bool apply_size(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  uint64_t modseq = take(r, 8), size = take(r, 8);
  if (r->bad) return false;
  if (!entry) return true;
  entry->size = size;
  if (modseq > 0) entry->modseq = modseq;
  raise_modseq(box, modseq);
  return true;
}

static bool apply_saved(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  int64_t saved = (int64_t)take(r, 8);
  if (entry) entry->saved = saved;
  return !r->bad;
}

static void take_id(struct reader *r, unsigned char id[MD_ID_OCTETS]) {
  for (size_t i = 0; i < MD_ID_OCTETS; i++)
    id[i] = (unsigned char)take(r, 1);
}

static bool apply_origin(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  struct md_origin origin;
  take_id(r, origin.id);
  origin.uid = (uint32_t)take(r, 4);
  if (entry && !r->bad) entry->origin = origin;
  return !r->bad;
}

static bool apply_identity(struct md_box *box, struct reader *r) {
  take_id(r, box->id);
  box->id_stored = !r->bad;
  return !r->bad;
}

static bool apply_digest(struct md_box *box, struct reader *r) {
  struct md_entry *entry = md_box_entry(box, (uint32_t)take(r, 4));
  uint64_t at = take(r, 8);
  uint32_t octets = (uint32_t)take(r, 4);
  if (r->bad) return false;
  if (!entry) return true; /* was removed meanwhile */
  entry->digest_at = at;
  entry->digest_octets = octets;
  return true;
}

static bool apply_header(struct md_box *box, struct reader *r) {
  box->uidnext = (uint32_t)take(r, 4);
  box->first_recent = (uint32_t)take(r, 4);
  box->modseq = take(r, 8);
  box->vanished_floor = take(r, 8);
  return !r->bad && box->uidnext > 0 && box->modseq > 0;
}

static bool apply_seen(struct md_box *box, struct reader *r) {
  box->stored_new = (int64_t)take(r, 8);
  box->stored_cur = (int64_t)take(r, 8);
  box->seen_new = (struct md_seen){box->stored_new, true};
  box->seen_cur = (struct md_seen){box->stored_cur, true};
  return !r->bad;
}

static bool apply_item(struct md_box *box, struct reader *r) {
  switch ((char)take(r, 1)) {
  case 'H':
    return apply_header(box, r);
  case 'A':
    return apply_add(box, r);
  case 'F':
    return apply_flags(box, r);
  case 'X':
    return apply_expunge(box, r);
  case 'V':
    return apply_vanished(box, r);
  case 'Z':
    return apply_size(box, r);
  case 'P':
    return apply_saved(box, r);
  case 'O':
    return apply_origin(box, r);
  case 'M':
    return apply_identity(box, r);
  case 'K':
    return apply_digest(box, r);
  case 'S':
    return apply_seen(box, r);
  case 'R':
    box->first_recent = (uint32_t)take(r, 4);
    return !r->bad;
  case 'U': {
    uint32_t uidnext = (uint32_t)take(r, 4);
    if (uidnext > box->uidnext) box->uidnext = uidnext;
    raise_modseq(box, take(r, 8));
    return !r->bad;
  }
  case 'T': /* only of interest while the intent is open */
    take_name(r);
    return !r->bad;
  case 'E':
    box->complete = true;
    return true;
  default:
    return false;
  }
}

bool md_index_apply(struct md_box *box, const char *p, size_t n) {
  struct reader r = {p, n, false};
  take(&r, 1);
  while (r.n > 0) {
    if (!apply_item(box, &r)) {
      box->stale = true;
      return false;
    }
  }
  return true;
}

/* ---- frames --------------------------------------------------------------------------------- */

/* The payload of the frame that begins at |p|; n = 0: none that is whole. */
static imap4_str frame_at(const char *p, size_t n) {
  imap4_str none = {NULL, 0};
  if (n < FRAME_LEAST) return none;
  uint64_t length = md_get_le(p, 4);
  if (length == 0 || length > n - MD_FRAME_OCTETS) return none;
  imap4_str payload = {p + MD_FRAME_OCTETS, (size_t)length};
  return md_checksum(payload.p, payload.n) == md_get_le(p + 4, 4) ? payload : none;
}

/* Apply all whole frames of |p|; |*intent| becomes an intent at the end that nothing follows. */
static void apply_frames(struct md_box *box, const char *p, size_t n, imap4_str *intent) {
  size_t at = 0;
  *intent = (imap4_str){NULL, 0};
  for (;;) {
    imap4_str frame = frame_at(p + at, n - at);
    if (frame.n == 0) return;
    size_t next = at + MD_FRAME_OCTETS + frame.n;
    if (frame.p[0] == MD_FRAME_INTENT) {
      imap4_str outcome = frame_at(p + next, n - next);
      if (outcome.n == 0) {
        *intent = frame;
        return;
      }
      next += MD_FRAME_OCTETS + outcome.n;
      bool commit = outcome.p[0] == MD_FRAME_COMMIT;
      if (commit && !md_index_apply(box, frame.p, frame.n)) return;
      if (!md_index_apply(box, outcome.p, outcome.n)) return;
    } else if (!md_index_apply(box, frame.p, frame.n)) {
      return;
    }
    box->end += next - at;
    at = next;
  }
}

/* Carry out an intent that was left by a crash: what still waits in tmp/ goes to cur/. */
static int roll_forward(struct md_box *box, imap4_str intent) {
  struct reader r = {intent.p, intent.n, false};
  take(&r, 1);
  char tmp[MD_NAME_MAX + 8] = "", cur[MD_NAME_MAX + 8];
  while (r.n > 0) {
    char type = (char)take(&r, 1);
    if (type == 'P') {
      take(&r, 4);
      take(&r, 8);
      continue;
    }
    if (type == 'O') {
      unsigned char id[MD_ID_OCTETS];
      take(&r, 4);
      take_id(&r, id);
      take(&r, 4);
      continue;
    }
    if (type == 'T') {
      imap4_str name = take_name(&r);
      memcpy(tmp, "tmp/", 4);
      memcpy(tmp + 4, name.p, name.n);
      tmp[4 + name.n] = '\0';
      continue;
    }
    if (r.n < MD_ADD_FIXED) return IMAP4_ST_CORRUPTION;
    r.p += MD_ADD_FIXED;
    r.n -= MD_ADD_FIXED;
    imap4_str name = take_name(&r);
    if (r.bad) return IMAP4_ST_CORRUPTION;
    memcpy(cur, "cur/", 4);
    memcpy(cur + 4, name.p, name.n);
    cur[4 + name.n] = '\0';
    if (renameat(box->dir_fd, tmp, box->dir_fd, cur) != 0 && errno != ENOENT) return md_status(errno);
  }
  int error = md_sync_dirs(box, false);
  if (error != 0) return md_status(error);
  uint64_t after = box->end + MD_FRAME_OCTETS + intent.n;
  if (ftruncate(box->index_fd, (off_t)after) != 0) return md_status(errno);
  struct md_buf commit = {0};
  md_frame_begin(&commit, MD_FRAME_COMMIT);
  int status = md_journal_write(box, &commit, after, true);
  if (status == IMAP4_OK) {
    if (!md_index_apply(box, intent.p, intent.n)) status = IMAP4_ST_UNAVAILABLE;
    box->end = after + commit.n;
    /* What was in neither place is found missing at the next look. */
    box->seen_new = box->seen_cur = (struct md_seen){0};
  }
  md_buf_free(&commit);
  return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

static int open_index(struct md_box *box) {
  md_box_clear(box);
  box->index_fd = openat(box->dir_fd, MD_INDEX, O_RDWR | O_CLOEXEC);
  if (box->index_fd < 0 && (errno == EROFS || errno == EACCES)) {
    box->index_fd = openat(box->dir_fd, MD_INDEX, O_RDONLY | O_CLOEXEC);
  }
  struct stat st;
  if (box->index_fd < 0 || fstat(box->index_fd, &st) != 0) {
    return errno == ENOENT ? MD_NEEDS_LOCK : md_status(errno);
  }
  box->index_inode = st.st_ino;
  char header[MD_HEADER_OCTETS];
  ssize_t got = pread(box->index_fd, header, sizeof header, 0);
  if (got < 0) return md_status(errno);
  if ((size_t)got < sizeof header || memcmp(header, magic, 8) != 0 || md_get_le(header + 8, 4) != 1 ||
      md_checksum(header, 28) != md_get_le(header + 28, 4)) {
    return MD_NEEDS_LOCK;
  }
  box->uidvalidity = (uint32_t)md_get_le(header + 12, 4);
  box->uidnext = 1;
  box->end = MD_HEADER_OCTETS;
  return box->uidvalidity > 0 ? IMAP4_OK : MD_NEEDS_LOCK;
}

/* Read from box->end to |size|. */
static int read_tail(struct md_box *box, uint64_t size, struct md_buf *tail) {
  if (size - box->end > MD_FRAME_MAX) return IMAP4_ST_CORRUPTION;
  size_t n = (size_t)(size - box->end);
  char *to = md_buf_room(tail, n);
  if (!to) return IMAP4_ST_UNAVAILABLE;
  while (tail->n < n) {
    ssize_t got = pread(box->index_fd, to + tail->n, n - tail->n, (off_t)(box->end + tail->n));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return md_status(errno);
    if (got == 0) break; /* cut meanwhile */
    tail->n += (size_t)got;
  }
  return IMAP4_OK;
}

/* Under the lock: what is behind the last whole frame goes, and nothing it may have given is given again. */
static int cut(struct md_box *box, uint64_t size) {
  uint64_t end = box->end;
  if (box->stale) {
    /* A frame was applied in part: begin again, up to there. */
    struct md_buf whole = {0};
    int status = open_index(box);
    if (status == IMAP4_OK) status = read_tail(box, end, &whole);
    imap4_str intent;
    if (status == IMAP4_OK) apply_frames(box, whole.p, whole.n, &intent);
    md_buf_free(&whole);
    if (status != IMAP4_OK || box->end != end) return IMAP4_ST_UNAVAILABLE;
  }
  uint64_t uidnext = box->uidnext + (size - end) / ADD_LEAST + 1;
  box->uidnext = uidnext < UINT32_MAX ? (uint32_t)uidnext : UINT32_MAX;
  box->modseq += (size - end) / FRAME_LEAST + 1;
  box->seen_new = box->seen_cur = (struct md_seen){0};
  md_box_tidy(box);
  int status = md_index_rewrite(box);
  if (status != IMAP4_OK) box->stale = true;
  return status;
}

static int load_tail(struct md_box *box, uint64_t size) {
  struct md_buf tail = {0};
  imap4_str intent;
  int status = read_tail(box, size, &tail);
  if (status != IMAP4_OK) {
    md_buf_free(&tail);
    return status;
  }
  bool first = box->end == MD_HEADER_OCTETS;
  bool locked = box->lock_fd >= 0;
  size = box->end + tail.n;
  apply_frames(box, tail.p, tail.n, &intent);
  /* Somebody may be writing it now, or a crash left it, and it has to be settled before it is looked at. */
  box->unfinished = !locked && (first || box->unfinished) && box->end < size;
  if (box->starved) {
    status = IMAP4_ST_UNAVAILABLE;
  } else if (!box->complete) {
    status = locked ? md_takeover(box) : MD_NEEDS_LOCK;
  } else if (locked && intent.n > 0 && size - box->end <= MD_FRAME_OCTETS + intent.n + OUTCOME_MOST) {
    status = roll_forward(box, intent);
  } else if (locked && box->end < size) {
    status = cut(box, size);
  } else if (box->stale) {
    status = MD_NEEDS_LOCK;
  }
  md_box_tidy(box);
  md_buf_free(&tail);
  return status;
}

int md_index_refresh(struct md_box *box) {
  bool locked = box->lock_fd >= 0;
  struct stat st;
  int status = IMAP4_OK;
  if (fstatat(box->dir_fd, MD_INDEX, &st, 0) != 0) {
    if (errno != ENOENT) return md_status(errno);
    return locked ? md_takeover(box) : MD_NEEDS_LOCK;
  }
  if (box->index_fd < 0 || box->stale || st.st_ino != box->index_inode || (uint64_t)st.st_size < box->end) {
    status = open_index(box);
    if (status == MD_NEEDS_LOCK && locked) return md_takeover(box);
    if (status != IMAP4_OK) return status;
    if (fstat(box->index_fd, &st) != 0) return md_status(errno);
  }
  if ((uint64_t)st.st_size > box->end || !box->complete) status = load_tail(box, (uint64_t)st.st_size);
  return status;
}
