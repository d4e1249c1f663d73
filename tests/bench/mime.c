/* SPDX-License-Identifier: MIT */
/*
 * bench_mime [--rounds N] [FOLDER]: every message of a folder is walked to its digest, and by the side of
 * it, if it was found when this was built, GMime parses the same octets to a tree of parts.  The two take
 * turns; of each the best round counts.
 */
#define _POSIX_C_SOURCE 200809L

#include "imap4/mime.h"
#include "bench.h"

#ifdef BENCH_GMIME
#include <gmime/gmime.h>
#endif

#define PIECE 16384u
#define ROUNDS 7
/* What the comparison should be at least. */
#define WANTED 3.0

/* ---- memory that is thrown away as a whole -------------------------------------------------- */

typedef struct arena {
  char *p;
  size_t n;
  size_t used;
} arena;

#define ARENA_OCTETS ((size_t)64 << 20)
#define ARENA_ALIGN 16u

static void *arena_resize(void *user, void *p, size_t old_size, size_t new_size) {
  arena *a = user;
  size_t old_room = (old_size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  size_t room = (new_size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  if (new_size == 0) return NULL;
  if (p && a->p + a->used == (char *)p + old_room) a->used -= old_room; /* the last one stays where it is */
  if (room > a->n - a->used) return NULL;
  char *q = a->p + a->used;
  a->used += room;
  if (p && q != p) memcpy(q, p, old_size < new_size ? old_size : new_size);
  return q;
}

/* ---- what is measured ----------------------------------------------------------------------- */

typedef struct digests {
  uint64_t octets;
  uint64_t largest;
} digests;

static void walk(const bench_message *m, size_t piece, imap4_resize_function resize, void *user, digests *d) {
  imap4_mime *mime;
  imap4_str digest;
  int r = imap4_mime_new(resize, user, NULL, &mime);
  if (r != IMAP4_OK) bench_die("imap4_mime_new failed");
  for (size_t at = 0; at < m->n && r == IMAP4_OK; at += piece) {
    r = imap4_mime_feed(mime, m->p + at, m->n - at < piece ? m->n - at : piece);
  }
  if (r == IMAP4_OK) r = imap4_mime_finish(mime);
  if (r == IMAP4_OK) r = imap4_mime_digest(mime, &digest);
  if (r != IMAP4_OK) bench_die("a message was not taken");
  d->octets += digest.n;
  if (digest.n > d->largest) d->largest = digest.n;
  imap4_mime_free(mime);
}

static double walk_all(const bench_messages *all, size_t piece, arena *a) {
  digests d = {0};
  double begin = bench_seconds();
  for (size_t i = 0; i < all->n; i++) {
    if (a) a->used = 0;
    walk(&all->p[i], piece, a ? arena_resize : NULL, a, &d);
  }
  return bench_seconds() - begin;
}

#ifdef BENCH_GMIME
static void count_part(GMimeObject *parent, GMimeObject *part, gpointer user) {
  uint64_t *parts = user;
  (void)parent;
  ++*parts;
  if (!GMIME_IS_MESSAGE_PART(part)) return;
  GMimeMessage *inner = g_mime_message_part_get_message((GMimeMessagePart *)part);
  if (inner) g_mime_message_foreach(inner, count_part, user);
}

/* The stream reads the octets where they are. */
static uint64_t parse(const bench_message *m) {
  uint64_t parts = 0;
  GByteArray octets = {(guint8 *)m->p, (guint)m->n};
  GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(&octets);
  g_mime_stream_mem_set_owner((GMimeStreamMem *)stream, FALSE);
  GMimeParser *parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
  if (message) {
    g_mime_message_foreach(message, count_part, &parts);
    g_object_unref(message);
  }
  g_object_unref(parser);
  g_object_unref(stream);
  return parts;
}

static double parse_all(const bench_messages *all, uint64_t *parts) {
  double begin = bench_seconds();
  *parts = 0;
  for (size_t i = 0; i < all->n; i++)
    *parts += parse(&all->p[i]);
  return bench_seconds() - begin;
}

static void peer_begin(void) {
  g_mime_init();
}

static void peer_end(void) {
  g_mime_shutdown();
}
#else
/* No time is taken: there is nothing to compare with. */
static double parse_all(const bench_messages *all, uint64_t *parts) {
  (void)all;
  *parts = 0;
  return 0;
}

static void peer_begin(void) {
}

static void peer_end(void) {
}
#endif

/* ---- what is printed ------------------------------------------------------------------------ */

typedef struct times {
  double whole;  /* each message in one piece */
  double pieces; /* in pieces of PIECE octets */
  double reused; /* in one piece, with memory that is thrown away as a whole */
  double peer;
} times;

static void print_row(const char *name, const bench_messages *all, double seconds) {
  printf("%-34s %9.1f MB/s %10.0f messages/s %8.2f us/message\n", name, (double)all->octets / seconds * 1e-6,
         (double)all->n / seconds, seconds / (double)all->n * 1e6);
}

static void print_memory(const bench_messages *all) {
  bench_heap heap = {0};
  digests d = {0};
  for (size_t i = 0; i < all->n; i++)
    walk(&all->p[i], PIECE, bench_resize, &heap, &d);
  printf("a message: %llu octets of digest (at most %llu), %.1f allocations; peak heap %llu octets\n",
         (unsigned long long)(d.octets / all->n), (unsigned long long)d.largest,
         (double)heap.calls / (double)all->n, (unsigned long long)heap.peak);
}

static void print_comparison(const times *t) {
  if (t->peer == 0) {
    printf("GMime 3 was not found when this was built: no comparison\n");
    return;
  }
  double slower = t->whole > t->pieces ? t->whole : t->pieces;
  printf("times GMime: %.2f in one piece, %.2f in pieces of 16 KiB\n", t->peer / t->whole,
         t->peer / t->pieces);
  printf("at least %.0f times GMime: %s\n", WANTED, t->peer / slower >= WANTED ? "yes" : "no");
}

static void measure(const bench_messages *all, long rounds) {
  times t = {0};
  uint64_t parts = 0;
  arena a = {.p = malloc(ARENA_OCTETS), .n = ARENA_OCTETS};
  if (!a.p) bench_die("no memory");
  for (long round = 0; round < rounds; round++) {
    bench_best(&t.whole, walk_all(all, SIZE_MAX, NULL));
    bench_best(&t.peer, parse_all(all, &parts));
    bench_best(&t.pieces, walk_all(all, PIECE, NULL));
    bench_best(&t.reused, walk_all(all, SIZE_MAX, &a));
  }
  free(a.p);
  printf("%zu messages, %.2f MB with CRLF; CPU time of one thread, best of %ld rounds\n", all->n,
         (double)all->octets * 1e-6, rounds);
  print_row("libimap4, one piece", all, t.whole);
  print_row("libimap4, pieces of 16 KiB", all, t.pieces);
  print_row("libimap4, one piece, memory reused", all, t.reused);
  if (t.peer > 0) print_row("GMime 3, tree of parts", all, t.peer);
  print_memory(all);
  print_comparison(&t);
}

int main(int argc, char **argv) {
  const char *folder = BENCH_CORPUS;
  long rounds = ROUNDS;
  bench_messages all = {0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = strtol(argv[++i], NULL, 10);
    } else {
      folder = argv[i];
    }
  }
  if (rounds < 1) bench_die("usage: bench_mime [--rounds N] [FOLDER]");
  if (!bench_load(&all, folder, 0) || all.n == 0) {
    printf("no messages (*.eml) in %s: nothing is measured\n", folder);
    return 0;
  }
  bench_warn();
  bench_keep_memory();
  peer_begin();
  measure(&all, rounds);
  peer_end();
  bench_unload(&all);
  return 0;
}
