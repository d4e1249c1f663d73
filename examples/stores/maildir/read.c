/* SPDX-License-Identifier: MIT */
/*
 * Octets of messages.  Files may have LF or CRLF line ends, or both; the client sees CRLF: a LF without a CR
 * before it gets one, everything else stays.  The file of the last message stays open, with marks on the way
 * through it, so that neither reading on nor going back begins at the start, and a message that is removed
 * meanwhile can be read to its end.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_OCTETS 16384u
#define OUT_OCTETS 65536u

/* ---- sizes ---------------------------------------------------------------------------------- */

/* LFs without a CR before them; |*after_cr| goes from one piece to the next. */
static uint64_t count_bare(const char *p, size_t n, bool *after_cr) {
  uint64_t bare = 0;
  const char *end = p + n;
  for (const char *at = p; at < end; at++) {
    at = memchr(at, '\n', (size_t)(end - at));
    if (!at) break;
    if (at == p ? !*after_cr : at[-1] != '\r') bare++;
  }
  if (n > 0) *after_cr = end[-1] == '\r';
  return bare;
}

int md_count_size(int fd, uint64_t *size) {
  char *block = malloc(OUT_OCTETS);
  bool after_cr = false;
  uint64_t total = 0;
  int error = block ? 0 : ENOMEM;
  while (error == 0) {
    ssize_t got = pread(fd, block, OUT_OCTETS, (off_t)total);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    total += (uint64_t)got;
    *size += (uint64_t)got + count_bare(block, (size_t)got, &after_cr);
  }
  free(block);
  return error;
}

void md_heal_size(struct md_box *box, uint32_t uid, uint64_t size) {
  if (md_box_lock(box) != IMAP4_OK) return;
  struct md_buf frame = {0};
  md_frame_begin(&frame, MD_FRAME_DATA);
  md_frame_size(&frame, uid, box->modseq + 1, size);
  md_journal_append(box, &frame, true);
  md_buf_free(&frame);
  md_box_unlock(box);
}

/* ---- the open file -------------------------------------------------------------------------- */

void md_reader_close(struct md_reader *reader) {
  if (reader->fd >= 0) close(reader->fd);
  free(reader->in);
  free(reader->out);
  *reader = (struct md_reader){.fd = -1};
}

/* The size in the index came from a file name and is not true: put it right for the next time. */
static int reader_wrong(struct md_mailbox *mailbox, uint32_t uid) {
  uint64_t size = 0;
  if (md_count_size(mailbox->reader.fd, &size) == 0) md_heal_size(mailbox->box, uid, size);
  md_reader_close(&mailbox->reader);
  return IMAP4_ST_CORRUPTION;
}

static int reader_fill(struct md_reader *reader) {
  for (;;) {
    ssize_t got = pread(reader->fd, reader->in, IN_OCTETS, (off_t)reader->at.raw);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return md_status(errno);
    reader->in_at = reader->at.raw;
    reader->in_n = (size_t)got;
    return IMAP4_OK;
  }
}

static int reader_open(struct md_mailbox *mailbox, uint32_t uid) {
  struct md_reader *reader = &mailbox->reader;
  struct md_entry *entry = md_box_entry(mailbox->box, uid);
  md_reader_close(reader);
  if (!entry) return IMAP4_ST_EXPUNGED;
  reader->fd = md_entry_open(mailbox->box, entry);
  if (reader->fd < 0) return errno == ENOENT ? IMAP4_ST_EXPUNGED : md_status(errno);
  struct stat st;
  entry = md_box_entry(mailbox->box, uid); /* may have moved */
  reader->in = malloc(IN_OCTETS);
  if (!entry || !reader->in || fstat(reader->fd, &st) != 0) {
    md_reader_close(reader);
    return IMAP4_ST_UNAVAILABLE;
  }
  uint64_t raw = (uint64_t)st.st_size;
  reader->uid = uid;
  reader->size = entry->size;
  reader->plain = entry->size == raw;
  reader->spacing = raw / MD_MARKS + 1;
  reader->marks_n = 1; /* the start */
  int status = reader_fill(reader);
  if (status != IMAP4_OK) {
    md_reader_close(reader);
    return status;
  }
  bool after_cr = false;
  if (entry->size < raw) return reader_wrong(mailbox, uid);
  if (reader->plain && count_bare(reader->in, reader->in_n, &after_cr) > 0) return reader_wrong(mailbox, uid);
  return IMAP4_OK;
}

/* ---- conversion ----------------------------------------------------------------------------- */

static void reader_mark(struct md_reader *reader) {
  if (reader->marks_n < MD_MARKS && reader->at.virtual >= reader->marks_n * reader->spacing) {
    reader->marks[reader->marks_n++] = reader->at;
  }
}

static void put(struct md_reader *reader, char *out, size_t *n, char c) {
  out[(*n)++] = c;
  reader->at.virtual ++;
}

/* Go on from reader->at; fewer than |capacity| octets only at the end. */
static int convert(struct md_reader *reader, char *out, size_t capacity, size_t *n) {
  struct md_position *at = &reader->at;
  *n = 0;
  while (*n < capacity) {
    if (at->raw < reader->in_at || at->raw >= reader->in_at + reader->in_n) {
      int status = reader_fill(reader);
      if (status != IMAP4_OK) return status;
      if (reader->in_n == 0) return IMAP4_OK;
      reader_mark(reader);
    }
    const char *p = reader->in + (at->raw - reader->in_at);
    size_t left = reader->in_n - (size_t)(at->raw - reader->in_at);
    if (*p == '\n' && !at->after_cr && !at->half) {
      put(reader, out, n, '\r');
      at->half = true;
      continue;
    }
    if (*p == '\n') {
      put(reader, out, n, '\n');
      at->half = at->after_cr = false;
      at->raw++;
      continue;
    }
    const char *lf = memchr(p, '\n', left);
    size_t run = lf ? (size_t)(lf - p) : left;
    if (run > capacity - *n) run = capacity - *n;
    memcpy(out + *n, p, run);
    *n += run;
    at->raw += run;
    at->virtual += run;
    at->after_cr = p[run - 1] == '\r';
  }
  return IMAP4_OK;
}

/* Move reader->at to |offset|. */
static int seek_to(struct md_reader *reader, uint64_t offset) {
  if (reader->at.virtual > offset) reader->at = reader->marks[0];
  for (size_t i = reader->marks_n; i > 0; i--) {
    const struct md_position *mark = &reader->marks[i - 1];
    if (mark->virtual > offset) continue;
    if (mark->virtual > reader->at.virtual) reader->at = *mark;
    break;
  }
  while (reader->at.virtual < offset) {
    uint64_t left = offset - reader->at.virtual;
    size_t n, want = left < reader->out_capacity ? (size_t)left : reader->out_capacity;
    int status = convert(reader, reader->out, want, &n);
    if (status != IMAP4_OK) return status;
    if (n < want) return IMAP4_ST_CORRUPTION;
  }
  return IMAP4_OK;
}

static int read_plain(struct md_reader *reader, uint64_t offset, size_t capacity, size_t *n) {
  for (;;) {
    ssize_t got = pread(reader->fd, reader->out, capacity, (off_t)offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return md_status(errno);
    *n = (size_t)got;
    return IMAP4_OK;
  }
}

static int reader_read(struct md_reader *reader, uint64_t offset, size_t capacity, size_t *n) {
  if (capacity > OUT_OCTETS) capacity = OUT_OCTETS;
  if (reader->out_capacity < capacity) {
    char *out = realloc(reader->out, capacity);
    if (!out) return IMAP4_ST_UNAVAILABLE;
    reader->out = out;
    reader->out_capacity = capacity;
  }
  if (reader->plain) return read_plain(reader, offset, capacity, n);
  int status = seek_to(reader, offset);
  return status == IMAP4_OK ? convert(reader, reader->out, capacity, n) : status;
}

int md_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out) {
  struct md_mailbox *mailbox = args->mailbox;
  struct md_reader *reader = &mailbox->reader;
  int status = IMAP4_OK;
  size_t n = 0;
  (void)user;
  (void)op;
  if (reader->fd < 0 || reader->uid != args->uid) {
    md_box_enter(mailbox->box);
    status = reader_open(mailbox, args->uid);
    md_box_leave(mailbox->box);
  }
  if (status == IMAP4_OK) status = reader_read(reader, args->offset, args->capacity, &n);
  if (status != IMAP4_OK) return status;
  /* Fewer or more octets than the index promised. */
  bool over = reader->size != MD_UNKNOWN && args->offset + n > reader->size;
  bool under = n == 0 || (reader->size != MD_UNKNOWN && !reader->plain && n < args->capacity &&
                          n < OUT_OCTETS && args->offset + n < reader->size);
  if (over || under) {
    md_box_enter(mailbox->box);
    status = reader_wrong(mailbox, args->uid);
    md_box_leave(mailbox->box);
    return status;
  }
  reader->used = true;
  out->data = (imap4_str){reader->out, n};
  return IMAP4_OK;
}
