/* SPDX-License-Identifier: MIT */
/* Memory, numbers and files for the Maildir store; see internal.h. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* ---- memory --------------------------------------------------------------------------------- */

void md_buf_free(struct md_buf *buf) {
  free(buf->p);
  *buf = (struct md_buf){0};
}

char *md_buf_room(struct md_buf *buf, size_t n) {
  if (buf->failed) return NULL;
  if (n <= buf->capacity - buf->n && buf->p) return buf->p + buf->n;
  size_t capacity = buf->capacity ? buf->capacity : 256;
  while (capacity - buf->n < n && capacity <= SIZE_MAX / 2)
    capacity *= 2;
  char *p = capacity - buf->n < n ? NULL : realloc(buf->p, capacity);
  if (!p) {
    buf->failed = true;
    return NULL;
  }
  buf->p = p;
  buf->capacity = capacity;
  return p + buf->n;
}

void md_buf_put(struct md_buf *buf, const void *p, size_t n) {
  if (n == 0) return;
  char *to = md_buf_room(buf, n);
  if (!to) return;
  memcpy(to, p, n);
  buf->n += n;
}

void md_buf_puts(struct md_buf *buf, const char *textz) {
  md_buf_put(buf, textz, strlen(textz));
}

void md_buf_put_le(struct md_buf *buf, uint64_t value, size_t octets) {
  char *to = md_buf_room(buf, octets);
  if (!to) return;
  for (size_t i = 0; i < octets; i++)
    to[i] = i < 8 ? (char)(unsigned char)(value >> (8 * i)) : 0;
  buf->n += octets;
}

void md_buf_put_decimal(struct md_buf *buf, uint64_t value) {
  char text[24];
  int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  md_buf_put(buf, text, (size_t)n);
}

bool md_grow(void **array, size_t *capacity, size_t n, size_t size) {
  if (n < *capacity) return true;
  size_t more = *capacity ? *capacity * 2 : 16;
  if (more > SIZE_MAX / 2 / size) return false;
  void *p = realloc(*array, more * size);
  if (!p) return false;
  *array = p;
  *capacity = more;
  return true;
}

char *md_strdup(const char *p, size_t n) {
  char *copy = malloc(n + 1);
  if (!copy) return NULL;
  if (n > 0) memcpy(copy, p, n);
  copy[n] = '\0';
  return copy;
}

/* ---- numbers -------------------------------------------------------------------------------- */

uint64_t md_get_le(const void *p, size_t octets) {
  const unsigned char *u = p;
  uint64_t value = 0;
  for (size_t i = octets; i > 0; i--)
    value = value << 8 | u[i - 1];
  return value;
}

bool md_parse_number(const char **p, const char *end, uint64_t max, uint64_t *value) {
  const char *at = *p;
  uint64_t v = 0;
  while (at < end && *at >= '0' && *at <= '9') {
    uint64_t digit = (uint64_t)(*at - '0');
    if (v > (max - digit) / 10) return false;
    v = v * 10 + digit;
    at++;
  }
  if (at == *p) return false;
  *p = at;
  *value = v;
  return true;
}

/* Not cryptographic: it tells a record from one that was written in part or damaged.  Each step is a
 * bijection of the state, so a change in one word always shows. */
uint32_t md_checksum(const void *p, size_t n) {
  const unsigned char *u = p;
  uint64_t h = 0x243F6A8885A308D3u ^ (uint64_t)n;
  size_t i = 0;
  for (; n - i >= 8; i += 8) {
    h = (h ^ md_get_le(u + i, 8)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
  }
  h = (h ^ md_get_le(u + i, n - i)) * 0x9E3779B97F4A7C15u;
  h ^= h >> 29;
  return (uint32_t)(h ^ h >> 32);
}

int64_t md_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t md_monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t md_mtime_ns(const struct stat *st) {
#ifdef __APPLE__
  return (int64_t)st->st_mtimespec.tv_sec * 1000000000 + st->st_mtimespec.tv_nsec;
#else
  return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
#endif
}

/* ---- files ---------------------------------------------------------------------------------- */

int md_status(int error) {
  switch (error) {
  case 0:
    return IMAP4_OK;
  case ENOSPC:
  case EDQUOT:
  case EFBIG:
    return IMAP4_ST_OVERQUOTA;
  case EROFS:
    return IMAP4_ST_READONLY;
  case EACCES:
  case EPERM:
    return IMAP4_ST_NOPERM;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case EAGAIN:
  case EINTR:
    return IMAP4_ST_UNAVAILABLE;
  case ENAMETOOLONG:
    return IMAP4_ST_CANNOT;
  case ENOENT:
  case ENOTDIR:
    return IMAP4_ST_NONEXISTENT;
  default:
    return IMAP4_ST_SERVERBUG;
  }
}

int md_pwrite_all(int fd, const void *p, size_t n, uint64_t offset) {
  const char *from = p;
  while (n > 0) {
    ssize_t put = pwrite(fd, from, n, (off_t)offset);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    if (put == 0) return ENOSPC;
    from += put;
    n -= (size_t)put;
    offset += (uint64_t)put;
  }
  return 0;
}

static int read_all(int fd, size_t max, struct md_buf *buf) {
  size_t start = buf->n;
  for (;;) {
    char *to = md_buf_room(buf, 4096);
    if (!to) return ENOMEM;
    ssize_t got = read(fd, to, 4096);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    buf->n += (size_t)got;
    if (buf->n - start > max) return EFBIG;
  }
}

int md_read_file(int dir_fd, const char *namez, size_t max, struct md_buf *buf) {
  int fd = openat(dir_fd, namez, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = read_all(fd, max, buf);
  close(fd);
  return error;
}

int md_sync_dir(int fd) {
  while (fsync(fd) != 0) {
    if (errno == EINTR) continue;
    /* Some file systems cannot and need not sync directories. */
    return errno == EINVAL ? 0 : errno;
  }
  return 0;
}

int md_replace_file(int dir_fd, const char *namez, const void *p, size_t n) {
  char temporary[64];
  snprintf(temporary, sizeof temporary, "%s.tmp", namez);
  int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = md_pwrite_all(fd, p, n, 0);
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && renameat(dir_fd, temporary, dir_fd, namez) != 0) error = errno;
  if (error != 0) {
    unlinkat(dir_fd, temporary, 0);
    return error;
  }
  return md_sync_dir(dir_fd);
}

int md_flock(int fd) {
  const int64_t patience = (int64_t)30 * 1000000000;
  int64_t began = 0;
  struct timespec pause = {0, 200000};
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return md_status(errno);
    int64_t now = md_monotonic_ns();
    if (began == 0) began = now;
    if (now - began > patience) return IMAP4_ST_INUSE;
    nanosleep(&pause, NULL);
    if (pause.tv_nsec < 10000000) pause.tv_nsec += pause.tv_nsec / 2;
  }
  return IMAP4_OK;
}
