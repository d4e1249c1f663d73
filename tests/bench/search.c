/* SPDX-License-Identifier: MIT */
/*
 * bench_search [--rounds N] [--mb N] [FOLDER]: every message of a folder is searched for a word that none
 * has, from memory, without an index, with digests made before (as a store has them that keeps them).  What
 * counts are the octets that were fed to the search, headers and text as they are stored; memmem() looks at
 * the same octets, case and all, for comparison.
 */
#define _GNU_SOURCE

#include "search/search.h"
#include "base/base64.h"
#include "bench.h"
#include "mail/digest.h"
#include "mail/walker.h"

#define ROUNDS 9
/* Text made of the messages, once plain, once encoded. */
#define LARGE_MB 64
/* What is wanted, in MB/s: of text that is not encoded, and of text that is. */
#define WANTED_PLAIN 1000.0
#define WANTED_ENCODED (WANTED_PLAIN / 3)
/* Less than this cannot be timed. */
#define ENOUGH_OCTETS 100000u
/* Sets that are smaller are searched again and again until it is this many: a fraction of a millisecond is
 * no time to measure. */
#define PASSES_OCTETS 4000000u
/* A message counts for at least as many: searches that its digest answers look at hardly any of its own. */
#define DIGEST_OCTETS 1000u

/* In no message, but all of its letters are in many. */
static const char absent[] = "quixotry";

typedef struct item {
  imap4_str text;
  imap4_str digest;
} item;

typedef struct set {
  item *p;
  size_t n;
  char *owned;      /* octets that are freed with the set */
  imap4_str *spans; /* what a search for an absent word looks at */
  size_t span_count;
  uint64_t octets; /* of the spans */
} set;

typedef struct figure {
  double seconds; /* best of all rounds */
  uint64_t octets;
} figure;

/* ---- sets of messages ----------------------------------------------------------------------- */

static imap4i_mem mem;
static imap4_limits limits;

/* The digest of |text|, which lives as long as |*walker|. */
static imap4_str walk(imap4_str text, imap4i_walker **walker) {
  imap4_str digest;
  if (imap4i_walker_new(&mem, &limits, walker) != IMAP4_OK || imap4i_walker_feed(*walker, text) != IMAP4_OK ||
      imap4i_walker_finish(*walker, &digest) != IMAP4_OK) {
    bench_die("a message was not taken");
  }
  return digest;
}

static imap4_str digest_of(imap4_str text) {
  imap4i_walker *walker;
  imap4_str made = walk(text, &walker);
  char *copy = malloc(made.n);
  if (!copy) bench_die("no memory");
  memcpy(copy, made.p, made.n);
  imap4i_walker_free(walker);
  return imap4i_str(copy, made.n);
}

static void add(set *to, imap4_str text) {
  item *p = realloc(to->p, (to->n + 1) * sizeof(*p));
  if (!p) bench_die("no memory");
  to->p = p;
  p[to->n++] = (item){text, digest_of(text)};
}

static void drop(set *s) {
  for (size_t i = 0; i < s->n; i++)
    free((char *)s->p[i].digest.p);
  free(s->p);
  free(s->spans);
  free(s->owned);
  *s = (set){0};
}

static bool is_text(const imap4i_part *part) {
  return part->kind == IMAP4I_PART_LEAF && part->is_text;
}

static bool is_plain(imap4_str digest) {
  imap4i_part part;
  for (size_t i = 0; imap4i_digest_part(digest, i, &part); i++) {
    if (is_text(&part) && part.encoding != IMAP4I_ENCODING_IDENTITY) return false;
  }
  return true;
}

/* Parts of |from| that are text in this encoding, each as a message of its own. */
static void add_parts(set *to, const item *from, unsigned encoding) {
  imap4i_part part;
  for (size_t i = 0; imap4i_digest_part(from->digest, i, &part); i++) {
    if (!is_text(&part) || part.encoding != encoding || part.body_length == 0) continue;
    add(to, imap4i_str(from->text.p + part.header_offset, (size_t)(part.header_length + part.body_length)));
  }
}

/* ---- what is timed -------------------------------------------------------------------------- */

static void note_span(set *s, imap4_str span) {
  imap4_str *p = realloc(s->spans, (s->span_count + 1) * sizeof(*p));
  if (!p) bench_die("no memory");
  s->spans = p;
  p[s->span_count++] = span;
  s->octets += span.n;
}

/* Feed what is needed of |text|.  With |notes| its places are noted there. */
static int feed(imap4i_search *search, imap4_str text, int result, set *notes, uint64_t *octets) {
  uint64_t offset, length;
  while (result == IMAP4I_SEARCH_UNDECIDED && imap4i_search_need(search, &offset, &length)) {
    imap4_str span = {text.p + offset, (size_t)length};
    if (notes) note_span(notes, span);
    *octets += length;
    result = imap4i_search_feed(search, span);
  }
  return result;
}

/* Where digests come from. */
typedef enum how {
  AS_KEPT, /* from the set */
  CHECKED, /* from the set, and it is looked at whether they are good */
  WALKED   /* from the message */
} how;

/* One message.  True if it has the word. */
static bool search_one(imap4i_search *search, const item *message, how h, set *notes, uint64_t *octets) {
  imap4_row row = {.uid = 1, .size = message->text.n};
  imap4i_search_message about = {.row = &row, .seq = 1, .max_seq = 1, .max_uid = 1};
  imap4i_walker *walker = NULL;
  imap4_str digest = message->digest;
  int result = imap4i_search_begin(search, &about);
  if (h == WALKED) digest = walk(message->text, &walker);
  if (h == CHECKED && !imap4i_digest_valid(digest)) bench_die("a digest is broken");
  if (result == IMAP4I_SEARCH_UNDECIDED) result = imap4i_search_digest(search, digest);
  result = feed(search, message->text, result, notes, octets);
  imap4i_walker_free(walker);
  if (result < 0) bench_die("a search failed");
  return result == IMAP4I_SEARCH_YES;
}

static imap4i_search *prepare(uint8_t kind) {
#define KEY(k)                                                                                               \
  {                                                                                                          \
    .kind = (k), .text = {absent, sizeof absent - 1}, .field = { "subject", sizeof "subject" - 1 }           \
  }
  static imap4i_key keys[] = {KEY(IMAP4I_KEY_TEXT), KEY(IMAP4I_KEY_BODY), KEY(IMAP4I_KEY_HEADER)};
  imap4i_search_args args = {.keys = keys, .count = 1};
  imap4i_search *search;
  while (args.keys->kind != kind)
    args.keys++;
  if (imap4i_search_new(&mem, &args, &limits, &search) != IMAP4_OK) bench_die("no memory");
  return search;
}

/* Before its spans are known, a set is gone over once. */
static size_t passes_of(const set *s) {
  if (s->octets == 0) return 1;
  return (size_t)(PASSES_OCTETS / (s->octets + s->n * DIGEST_OCTETS)) + 1;
}

/* Search all of |s|; with |notes|, the places that were looked at are noted there. */
static void time_search(const set *s, imap4i_search *search, how h, set *notes, figure *f) {
  uint64_t octets = 0;
  size_t found = 0, passes = passes_of(s);
  double begin = bench_seconds();
  for (size_t i = 0; i < s->n * passes; i++)
    found += search_one(search, &s->p[i % s->n], h, notes, &octets);
  bench_best(&f->seconds, (bench_seconds() - begin) / (double)passes);
  octets /= passes;
  f->octets = octets;
  if (found > 0) bench_die("the word is not absent");
}

/* The octets that a search looks at, without any machine. */
static void time_memmem(const set *s, figure *f) {
  size_t found = 0, passes = passes_of(s);
  double begin = bench_seconds();
  for (size_t i = 0; i < s->span_count * passes; i++) {
    const imap4_str *span = &s->spans[i % s->span_count];
    found += memmem(span->p, span->n, absent, sizeof absent - 1) != NULL;
  }
  bench_best(&f->seconds, (bench_seconds() - begin) / (double)passes);
  f->octets = s->octets;
  if (found > 0) bench_die("the word is not absent");
}

static double rate(const figure *f) {
  return f->seconds > 0 ? (double)f->octets / f->seconds * 1e-6 : 0;
}

static void print_row(const char *name, const set *s, const figure *f) {
  printf("%-44s %6zu texts %9.2f MB %9.1f MB/s %8.2f us each\n", name, s->n, (double)f->octets * 1e-6,
         rate(f), s->n > 0 ? f->seconds / (double)s->n * 1e6 : 0);
}

/* ---- large texts ---------------------------------------------------------------------------- */

typedef struct writer {
  char *p;
  size_t n;
  size_t column;
} writer;

static void put_crlf(writer *w, bool soft) {
  if (soft) w->p[w->n++] = '=';
  w->p[w->n++] = '\r';
  w->p[w->n++] = '\n';
  w->column = 0;
}

static void put_qp(writer *w, imap4_str text) {
  static const char digits[] = "0123456789ABCDEF";
  for (size_t i = 0; i < text.n; i++) {
    unsigned char c = (unsigned char)text.p[i];
    if (c == '\r') continue;
    if (c == '\n') {
      put_crlf(w, false);
      continue;
    }
    if (w->column >= 73) put_crlf(w, true);
    bool plain = c != '=' && c >= ' ' && c < 0x7f;
    w->p[w->n++] = plain ? (char)c : '=';
    if (!plain) {
      w->p[w->n++] = digits[c >> 4];
      w->p[w->n++] = digits[c & 15];
    }
    w->column += plain ? 1 : 3;
  }
}

static void put_base64(writer *w, imap4_str text) {
  for (; text.n > 0; text = imap4i_tail(text, 57)) {
    imap4i_buf line;
    imap4i_buf_init(&line, &mem, 100);
    if (!imap4i_base64_encode(imap4i_str(text.p, imap4i_min(text.n, 57)), &line)) bench_die("no memory");
    memcpy(w->p + w->n, line.p, line.n);
    w->n += line.n;
    imap4i_buf_free(&line);
    put_crlf(w, false);
  }
}

/* Append as much of the plain text of |from| as there is room for up to |size|. */
static size_t put_text(const item *from, char *p, size_t n, size_t size) {
  imap4i_part part;
  for (size_t i = 0; imap4i_digest_part(from->digest, i, &part); i++) {
    if (!is_text(&part) || part.encoding != IMAP4I_ENCODING_IDENTITY) continue;
    size_t k = imap4i_min((size_t)part.body_length, size - n);
    memcpy(p + n, from->text.p + part.body_offset, k);
    n += k;
  }
  return n;
}

/* The plain text of |from| again and again, |size| octets of it. */
static imap4_str make_text(const set *from, size_t size) {
  char *p = malloc(size + 1);
  size_t n = 0;
  if (!p) bench_die("no memory");
  while (n < size) {
    size_t before = n;
    for (size_t i = 0; i < from->n && n < size; i++)
      n = put_text(&from->p[i], p, n, size);
    if (n == before) bench_die("no plain text");
  }
  return imap4i_str(p, n);
}

static void make_large(set *to, imap4_str text, unsigned encoding) {
  static const char *const headsz[] = {"\r\n", "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                                       "Content-Transfer-Encoding: base64\r\n\r\n"};
  const char *headz = headsz[encoding];
  writer w = {.p = malloc(text.n * 4 + 1000)};
  if (!w.p) bench_die("no memory");
  w.n = strlen(headz);
  memcpy(w.p, headz, w.n);
  if (encoding == IMAP4I_ENCODING_QUOTED_PRINTABLE) {
    put_qp(&w, text);
  } else if (encoding == IMAP4I_ENCODING_BASE64) {
    put_base64(&w, text);
  } else {
    memcpy(w.p + w.n, text.p, text.n);
    w.n += text.n;
  }
  to->owned = w.p;
  add(to, imap4i_str(w.p, w.n));
}

/* ---- all of it ------------------------------------------------------------------------------ */

enum { ALL, SUBJECT, PLAIN, QP, BASE64, LARGE_PLAIN, LARGE_QP, LARGE_BASE64, SETS };

static const struct {
  const char *name;
  uint8_t kind;
} about[SETS] = {
    {"TEXT, all messages", IMAP4I_KEY_TEXT},
    {"SUBJECT, all messages", IMAP4I_KEY_HEADER},
    {"TEXT, messages whose text is not encoded", IMAP4I_KEY_TEXT},
    {"BODY, quoted-printable parts", IMAP4I_KEY_BODY},
    {"BODY, base64 parts", IMAP4I_KEY_BODY},
    {"BODY, one large text, plain", IMAP4I_KEY_BODY},
    {"BODY, one large text, quoted-printable", IMAP4I_KEY_BODY},
    {"BODY, one large text, base64", IMAP4I_KEY_BODY},
};

static void make_sets(const bench_messages *messages, size_t large, set *sets) {
  for (size_t i = 0; i < messages->n; i++)
    add(&sets[ALL], imap4i_str(messages->p[i].p, messages->p[i].n));
  for (size_t i = 0; i < sets[ALL].n; i++) {
    const item *m = &sets[ALL].p[i];
    add(&sets[SUBJECT], m->text);
    if (is_plain(m->digest)) add(&sets[PLAIN], m->text);
    add_parts(&sets[QP], m, IMAP4I_ENCODING_QUOTED_PRINTABLE);
    add_parts(&sets[BASE64], m, IMAP4I_ENCODING_BASE64);
  }
  imap4_str text = make_text(&sets[ALL], large);
  make_large(&sets[LARGE_PLAIN], text, IMAP4I_ENCODING_IDENTITY);
  make_large(&sets[LARGE_QP], text, IMAP4I_ENCODING_QUOTED_PRINTABLE);
  make_large(&sets[LARGE_BASE64], text, IMAP4I_ENCODING_BASE64);
  free((char *)text.p);
}

static bool holds(const char *what, const figure *f, double wanted) {
  if (f->octets < ENOUGH_OCTETS) {
    printf("%s: too little of it to say\n", what);
    return true;
  }
  bool ok = rate(f) >= wanted;
  printf("%s: %.0f MB/s, wanted %.0f: %s\n", what, rate(f), wanted, ok ? "yes" : "no");
  return ok;
}

/* What was measured. */
typedef struct figures {
  figure kept[SETS];
  figure memmem[SETS];
  figure first, checked, walked; /* of PLAIN */
} figures;

static void print_all(const set *sets, const figures *f) {
  for (size_t i = 0; i < SETS; i++) {
    print_row(about[i].name, &sets[i], &f->kept[i]);
    if (i == PLAIN) print_row("  the same, the first time", &sets[i], &f->first);
    if (i == PLAIN) print_row("  the same, digests checked", &sets[i], &f->checked);
    if (i == PLAIN) print_row("  the same, digests made for the search", &sets[i], &f->walked);
    print_row("  memmem over the same octets", &sets[i], &f->memmem[i]);
  }
  bool ok = holds("not encoded", &f->kept[PLAIN], WANTED_PLAIN);
  ok &= holds("not encoded, large", &f->kept[LARGE_PLAIN], WANTED_PLAIN);
  ok &= holds("quoted-printable", &f->kept[QP], WANTED_ENCODED);
  ok &= holds("quoted-printable, large", &f->kept[LARGE_QP], WANTED_ENCODED);
  ok &= holds("base64", &f->kept[BASE64], WANTED_ENCODED);
  ok &= holds("base64, large", &f->kept[LARGE_BASE64], WANTED_ENCODED);
  printf("search at memory speed: %s\n", ok ? "yes" : "no");
}

/* The first time, which is not counted, searches have to load what converts charsets and to ask for memory:
 * once for a command, not once for a message. */
static void measure(set *sets, long rounds) {
  figures f = {0};
  figure unused = {0};
  imap4i_search *searches[SETS];
  for (size_t i = 0; i < SETS; i++) {
    searches[i] = prepare(about[i].kind);
    time_search(&sets[i], searches[i], AS_KEPT, &sets[i], i == PLAIN ? &f.first : &unused);
  }
  for (long round = 0; round < rounds; round++) {
    for (size_t i = 0; i < SETS; i++) {
      time_search(&sets[i], searches[i], AS_KEPT, NULL, &f.kept[i]);
      time_memmem(&sets[i], &f.memmem[i]);
    }
    time_search(&sets[PLAIN], searches[PLAIN], CHECKED, NULL, &f.checked);
    time_search(&sets[PLAIN], searches[PLAIN], WALKED, NULL, &f.walked);
  }
  for (size_t i = 0; i < SETS; i++)
    imap4i_search_free(searches[i]);
  print_all(sets, &f);
}

int main(int argc, char **argv) {
  const char *folder = BENCH_CORPUS;
  long rounds = ROUNDS, mb = LARGE_MB;
  bench_messages messages = {0};
  set sets[SETS] = {0};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
      rounds = strtol(argv[++i], NULL, 10);
    } else if (strcmp(argv[i], "--mb") == 0 && i + 1 < argc) {
      mb = strtol(argv[++i], NULL, 10);
    } else {
      folder = argv[i];
    }
  }
  if (rounds < 1 || mb < 1 || mb > 1024) bench_die("usage: bench_search [--rounds N] [--mb N] [FOLDER]");
  if (!bench_load(&messages, folder, 0) || messages.n == 0) {
    printf("no messages (*.eml) in %s: nothing is measured\n", folder);
    return 0;
  }
  bench_warn();
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  if (imap4_limits_init(&limits, sizeof limits, 1) != IMAP4_OK) bench_die("no limits");
  make_sets(&messages, (size_t)mb << 20, sets);
  measure(sets, rounds);
  for (size_t i = 0; i < SETS; i++)
    drop(&sets[i]);
  bench_unload(&messages);
  return 0;
}
