/* SPDX-License-Identifier: MIT */
/*
 * A library to be loaded before the C library (LD_PRELOAD): the process kills itself right before its
 * IMAP4_CRASHPOINT-th call that changes files, so that a test can try every moment at which a crash differs
 * from another.  With IMAP4_CRASHPOINT_TORN=1 only writes count, and the one is done by half first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static long number_from(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static int is_the_one(void) {
  long at = number_from("IMAP4_CRASHPOINT");
  return at > 0 && atomic_fetch_add(&calls, 1) + 1 == at;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;)
    pause();
}

static void point(void) {
  if (!number_from("IMAP4_CRASHPOINT_TORN") && is_the_one()) die();
}

static int is_file(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The function that this one stands before. */
#define NEXT(type, name, ...)                                                                                \
  static type (*next)(__VA_ARGS__);                                                                          \
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, name)

#define PLAIN(type, name, parameters, arguments, ...)                                                        \
  type name parameters;                                                                                      \
  type name parameters {                                                                                     \
    NEXT(type, #name, __VA_ARGS__);                                                                          \
    point();                                                                                                 \
    return next arguments;                                                                                   \
  }

PLAIN(int, rename, (const char *from, const char *to), (from, to), const char *, const char *)
PLAIN(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), int, const char *,
      int, const char *)
PLAIN(int, link, (const char *from, const char *to), (from, to), const char *, const char *)
PLAIN(int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), int,
      const char *, int, const char *, int)
PLAIN(int, unlink, (const char *path), (path), const char *)
PLAIN(int, unlinkat, (int a, const char *path, int flags), (a, path, flags), int, const char *, int)
PLAIN(int, rmdir, (const char *path), (path), const char *)
PLAIN(int, mkdir, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
PLAIN(int, mkdirat, (int a, const char *path, mode_t mode), (a, path, mode), int, const char *, mode_t)
PLAIN(int, fsync, (int fd), (fd), int)
PLAIN(int, fdatasync, (int fd), (fd), int)
PLAIN(int, ftruncate, (int fd, off_t size), (fd, size), int, off_t)
PLAIN(int, ftruncate64, (int fd, off64_t size), (fd, size), int, off64_t)
PLAIN(int, utimensat, (int a, const char *path, const struct timespec times[2], int flags),
      (a, path, times, flags), int, const char *, const struct timespec *, int)

ssize_t write(int fd, const void *data, size_t n) {
  NEXT(ssize_t, "write", int, const void *, size_t);
  if (is_file(fd) && is_the_one()) {
    if (number_from("IMAP4_CRASHPOINT_TORN") && next(fd, data, n / 2) < 0) die();
    die();
  }
  return next(fd, data, n);
}

#define PWRITE(name, offset)                                                                                 \
  ssize_t name(int fd, const void *data, size_t n, offset at) {                                              \
    NEXT(ssize_t, #name, int, const void *, size_t, offset);                                                 \
    if (is_the_one()) {                                                                                      \
      if (number_from("IMAP4_CRASHPOINT_TORN") && next(fd, data, n / 2, at) < 0) die();                      \
      die();                                                                                                 \
    }                                                                                                        \
    return next(fd, data, n, at);                                                                            \
  }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* Opening changes files when it makes or cuts one. */
#define OPENS(flags) (((flags) & (O_CREAT | O_TRUNC)) != 0)

#define OPENAT(name)                                                                                         \
  int name(int a, const char *path, int flags, ...) {                                                        \
    NEXT(int, #name, int, const char *, int, ...);                                                           \
    va_list list;                                                                                            \
    va_start(list, flags);                                                                                   \
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;                                                \
    va_end(list);                                                                                            \
    if (OPENS(flags)) point();                                                                               \
    return next(a, path, flags, mode);                                                                       \
  }

OPENAT(openat)
OPENAT(openat64)

#define OPEN(name)                                                                                           \
  int name(const char *path, int flags, ...) {                                                               \
    NEXT(int, #name, const char *, int, ...);                                                                \
    va_list list;                                                                                            \
    va_start(list, flags);                                                                                   \
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;                                                \
    va_end(list);                                                                                            \
    if (OPENS(flags)) point();                                                                               \
    return next(path, flags, mode);                                                                          \
  }

OPEN(open)
OPEN(open64)
