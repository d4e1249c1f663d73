/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: a clock, an allocator that counts, and all messages of a folder in memory.
 * Times are CPU times of this process, so that other programs disturb them little; each is the best of
 * several rounds.
 */
#ifndef BENCH_H
#define BENCH_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Folders inside each other in which messages are looked for. */
#define BENCH_DEPTH 4
#define BENCH_PATH 4096

/* For what can't go on: there is nothing to measure then. */
_Noreturn static inline void bench_die(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline double bench_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Keep the best time; |*best| begins with 0. */
static inline void bench_best(double *best, double seconds) {
  if (*best == 0 || seconds < *best) *best = seconds;
}

/* Memory that was freed stays with the process: pages that come and go cost more than what is measured. */
static inline void bench_keep_memory(void) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

static inline void bench_warn(void) {
#ifndef __OPTIMIZE__
  printf("Built without optimisation: times mean little.  Use -DCMAKE_BUILD_TYPE=Release.\n");
#endif
}

/* ---- memory --------------------------------------------------------------------------------- */

typedef struct bench_heap {
  uint64_t now; /* octets that are allocated */
  uint64_t peak;
  uint64_t calls; /* allocations, and changes of size */
} bench_heap;

/* imap4_resize_function; |user| is a bench_heap. */
static inline void *bench_resize(void *user, void *p, size_t old_size, size_t new_size) {
  bench_heap *heap = user;
  heap->now -= old_size;
  if (new_size == 0) {
    free(p);
    return NULL;
  }
  heap->now += new_size;
  heap->calls++;
  if (heap->now > heap->peak) heap->peak = heap->now;
  void *q = realloc(p, new_size);
  if (!q) bench_die("no memory");
  return q;
}

/* ---- messages ------------------------------------------------------------------------------- */

typedef struct bench_message {
  char *p;
  size_t n;
} bench_message;

typedef struct bench_messages {
  bench_message *p;
  size_t n;
  uint64_t octets;
} bench_messages;

/* The same text with CRLF for each bare LF; |*n| changes. */
static inline char *bench_crlf(const char *text, size_t *n) {
  char *out = malloc(*n * 2 + 1);
  size_t to = 0;
  if (!out) bench_die("no memory");
  for (size_t i = 0; i < *n; i++) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out[to++] = '\r';
    out[to++] = text[i];
  }
  *n = to;
  return out;
}

static inline void bench_load_file(bench_messages *all, const char *path, size_t size) {
  FILE *f = fopen(path, "rb");
  char *text = malloc(size + 1);
  if (!f || !text) bench_die(path);
  size_t n = fread(text, 1, size, f);
  fclose(f);
  bench_message *p = realloc(all->p, (all->n + 1) * sizeof(*p));
  if (!p) bench_die("no memory");
  all->p = p;
  p[all->n].p = bench_crlf(text, &n);
  p[all->n].n = n;
  all->n++;
  all->octets += n;
  free(text);
}

/* All files below |folder| whose names end in ".eml".  False if there is no such folder. */
static inline bool bench_load(bench_messages *all, const char *folder, int depth) {
  DIR *dir = opendir(folder);
  if (!dir) return false;
  for (struct dirent *entry; (entry = readdir(dir));) {
    char path[BENCH_PATH];
    struct stat st;
    size_t n = strlen(entry->d_name);
    int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] == '.' || length >= (int)sizeof(path) || stat(path, &st) != 0) continue;
    if (S_ISDIR(st.st_mode) && depth < BENCH_DEPTH) bench_load(all, path, depth + 1);
    if (S_ISREG(st.st_mode) && n > 4 && strcmp(entry->d_name + n - 4, ".eml") == 0) {
      bench_load_file(all, path, (size_t)st.st_size);
    }
  }
  closedir(dir);
  return true;
}

static inline void bench_unload(bench_messages *all) {
  for (size_t i = 0; i < all->n; i++)
    free(all->p[i].p);
  free(all->p);
  *all = (bench_messages){0};
}

#endif
