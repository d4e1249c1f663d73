/* SPDX-License-Identifier: MIT */
/*
 * bench_hostile [--max-mb N] [--only WORD] [--once] [--open]: messages made to cost more than they should,
 * generated piece by piece and never whole in memory, are walked to their digests; once at half their size
 * and once at full size.  Twice the size should take about twice the time, and beside the digest the heap
 * should stay small whatever the message; what would not fit in limits->digest_octets is left out of it.
 *
 * --max-mb shortens the messages that are longer, --only takes those whose names have a word in them, --once
 * walks each size once instead of until the time means something (to see that it works).
 * --open lifts the limits on depth, parts, addresses, parameters and octets, which shows what they hide.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>

#include "bench.h"
#include "imap4/mime.h"

#define PIECE 65536u
/* Octets of the heap beside the digest. */
#define HEAP_MAX 65536u
/* Time at full size to time at half size: 2 is linear, 4 quadratic. */
#define RATIO_MAX 2.5
/* A size is walked again until it took this long, so that short times mean something. */
#define ENOUGH_SECONDS 0.3
#define ROUNDS_MIN 3
#define ROUNDS_MAX 100
#define ATTEMPTS 3
#define BOUNDARY_MAX 990

/* ---- a message on its way ------------------------------------------------------------------- */

typedef struct stream {
  imap4_mime *mime;
  double seconds; /* in the library; making the octets costs nothing */
  uint64_t octets;
  size_t n;
  char piece[PIECE];
} stream;

static void flush(stream *s) {
  double begin = bench_seconds();
  if (imap4_mime_feed(s->mime, s->piece, s->n) != IMAP4_OK) bench_die("imap4_mime_feed failed");
  s->seconds += bench_seconds() - begin;
  s->octets += s->n;
  s->n = 0;
}

static void put(stream *s, const char *p, size_t n) {
  while (n > 0) {
    size_t now = n < PIECE - s->n ? n : PIECE - s->n;
    memcpy(s->piece + s->n, p, now);
    s->n += now;
    p += now;
    n -= now;
    if (s->n == PIECE) flush(s);
  }
}

static void text(stream *s, const char *text) {
  put(s, text, strlen(text));
}

#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
static void
putf(stream *s, const char *format, ...) {
  char line[256];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  put(s, line, (size_t)n);
}

static void put_times(stream *s, uint64_t times, const char *text) {
  size_t n = strlen(text);
  while (times-- > 0)
    put(s, text, n);
}

/* ---- structure ------------------------------------------------------------------------------ */

static void nested_multiparts(stream *s, uint64_t n) {
  for (uint64_t i = 0; i < n; i++)
    putf(s, "Content-Type: multipart/mixed; boundary=b%llu\r\n\r\n--b%llu\r\n", (unsigned long long)i,
         (unsigned long long)i);
}

static void nested_messages(stream *s, uint64_t n) {
  put_times(s, n, "Subject: inside\r\nContent-Type: message/rfc822\r\n\r\n");
}

static void nested_both(stream *s, uint64_t n) {
  for (uint64_t i = 0; i < n / 2; i++)
    putf(s,
         "Content-Type: multipart/mixed; boundary=b%llu\r\n\r\n--b%llu\r\nContent-Type: "
         "message/rfc822\r\n\r\n",
         (unsigned long long)i, (unsigned long long)i);
}

static const char mixed[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";

static void parts(stream *s, uint64_t n) {
  text(s, mixed);
  for (uint64_t i = 0; i < n; i++)
    putf(s, "--b\r\nContent-Type: text/plain; name=\"part %llu\"\r\n\r\ntext\r\n", (unsigned long long)i);
}

static void empty_parts(stream *s, uint64_t n) {
  text(s, mixed);
  put_times(s, n, "--b\r\n\r\n");
}

static void parts_in_parts(stream *s, uint64_t n) {
  text(s, mixed);
  put_times(s, n, "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n");
}

static void message_parts(stream *s, uint64_t n) {
  text(s, "Content-Type: multipart/digest; boundary=b\r\n\r\n");
  put_times(s, n, "--b\r\n\r\nFrom: a@example.org\r\nTo: b@example.org\r\nSubject: c\r\n\r\ntext\r\n");
}

/* ---- headers -------------------------------------------------------------------------------- */

static void header_line(stream *s, const char *name, uint64_t n) {
  text(s, name);
  put_times(s, n / 64, "0123456789 123456789 123456789 123456789 123456789 123456789 123");
  text(s, "\r\n\r\ntext\r\n");
}

static void one_field(stream *s, uint64_t n) {
  header_line(s, "X-Long: ", n);
}

static void one_subject(stream *s, uint64_t n) {
  header_line(s, "Subject: ", n);
}

static void one_line_without_colon(stream *s, uint64_t n) {
  header_line(s, "", n);
}

static void many_fields(stream *s, uint64_t n) {
  char line[80];
  for (uint64_t i = 0; i < n; i++) {
    int length =
        snprintf(line, sizeof(line), "X-%07u: 0123456789 123456789 123456789 123456789 123456789 12\r\n",
                 (unsigned)(i % 10000000));
    put(s, line, (size_t)length);
  }
  text(s, "\r\ntext\r\n");
}

static void many_subjects(stream *s, uint64_t n) {
  put_times(s, n, "Subject: 0123456789 123456789 123456789 123456789 123456789 1234\r\n");
}

static void many_types(stream *s, uint64_t n) {
  put_times(s, n, "Content-Type: text/plain; charset=utf-8; format=flowed\r\n");
}

static void many_dates(stream *s, uint64_t n) {
  put_times(s, n, "Date: Mon, 4 Mar 2024 10:00:00 +0100 (CET)\r\n");
}

static void folds(stream *s, uint64_t n) {
  text(s, "Subject: a");
  put_times(s, n, "\r\n b");
  text(s, "\r\n\r\n");
}

static void empty_folds(stream *s, uint64_t n) {
  text(s, "Subject: a");
  put_times(s, n, "\r\n ");
  text(s, "b\r\n\r\n");
}

static void encoded_words(stream *s, uint64_t n) {
  text(s, "Subject:");
  put_times(s, n, " =?utf-8?q?=C3=A4?=\r\n");
  text(s, "\r\n");
}

/* ---- addresses ------------------------------------------------------------------------------ */

static void one_to(stream *s, uint64_t n) {
  text(s, "To:");
  for (uint64_t i = 0; i < n; i++)
    putf(s, " user%llu@example.org,\r\n", (unsigned long long)i);
  text(s, "\r\n");
}

static void many_to(stream *s, uint64_t n) {
  for (uint64_t i = 0; i < n; i++)
    putf(s, "To: user%llu@example.org\r\n", (unsigned long long)i);
  text(s, "\r\n");
}

static void comments(stream *s, uint64_t n) {
  text(s, "To: ");
  put_times(s, n, "(");
  put_times(s, n, ")");
  text(s, " a@example.org\r\n\r\n");
}

/* Fields of the same kind, each as long as any is looked at, each in a message of its own. */
static void fields(stream *s, uint64_t n, const char *name, const char *unit) {
  text(s, "Content-Type: multipart/digest; boundary=b\r\n\r\n");
  for (uint64_t i = 0; i < n; i++) {
    putf(s, "--b\r\n\r\n%s: ", name);
    put_times(s, 60000 / strlen(unit), unit);
    text(s, "\r\n\r\ntext\r\n");
  }
}

static void open_comments(stream *s, uint64_t n) {
  fields(s, n, "To", "(");
}

/* Of these the last counts, and each is looked at. */
static void open_comments_in_date(stream *s, uint64_t n) {
  for (uint64_t i = 0; i < n; i++) {
    text(s, "Date: ");
    put_times(s, 60000, "(");
    text(s, "\r\n");
  }
}

static void open_angles(stream *s, uint64_t n) {
  fields(s, n, "To", "<a,");
}

static void open_quotes(stream *s, uint64_t n) {
  fields(s, n, "To", "\"\\");
}

static void open_groups(stream *s, uint64_t n) {
  fields(s, n, "To", "g:;");
}

static void open_routes(stream *s, uint64_t n) {
  fields(s, n, "To", "<@a,@b,");
}

static void open_literals(stream *s, uint64_t n) {
  fields(s, n, "To", "a@[b,");
}

static void at_signs(stream *s, uint64_t n) {
  fields(s, n, "To", "@,");
}

static void eight_bit(stream *s, uint64_t n) {
  fields(s, n, "Subject", "\xe4\"\\");
}

/* ---- parameters ----------------------------------------------------------------------------- */

static void continuations(stream *s, uint64_t n) {
  text(s, "Content-Type: text/plain");
  for (uint64_t i = 0; i < n; i++)
    putf(s, ";\r\n title*%llu=abc", (unsigned long long)i);
  text(s, "\r\n\r\n");
}

static void distinct_parameters(stream *s, uint64_t n) {
  text(s, "Content-Type: text/plain");
  for (uint64_t i = 0; i < n; i++)
    putf(s, ";\r\n p%llu=abc", (unsigned long long)i);
  text(s, "\r\n\r\n");
}

/* Part after part with as many continuations as are looked at, backwards. */
static void continued_parts(stream *s, uint64_t n) {
  text(s, mixed);
  for (uint64_t i = 0; i < n; i++) {
    text(s, "--b\r\nContent-Disposition: x");
    for (unsigned k = 128; k-- > 0;)
      putf(s, ";a*%u=b", k);
    text(s, "\r\n\r\n");
  }
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* A boundary of full length, all the same but for its last four octets. */
static void put_boundary(stream *s, unsigned number, size_t less) {
  char boundary[BOUNDARY_MAX + 1];
  memset(boundary, 'b', sizeof(boundary));
  snprintf(boundary + BOUNDARY_MAX - 4, 5, "%04u", number % 10000);
  put(s, boundary, BOUNDARY_MAX - less);
}

static void near_misses_of(stream *s, uint64_t n, unsigned open) {
  for (unsigned i = 0; i < open; i++) {
    text(s, "Content-Type: multipart/mixed; boundary=\"");
    put_boundary(s, i, 0);
    text(s, "\"\r\n\r\n--");
    put_boundary(s, i, 0);
    text(s, "\r\n");
  }
  text(s, "\r\n");
  for (uint64_t i = 0; i < n; i++) {
    text(s, "--");
    put_boundary(s, 0, 1);
    text(s, "x\r\n");
  }
}

static void near_misses(stream *s, uint64_t n) {
  near_misses_of(s, n, 1);
}

static void near_misses_of_many(stream *s, uint64_t n) {
  near_misses_of(s, n, 99);
}

/* Short lines against many boundaries. */
static void dashes_under_many(stream *s, uint64_t n) {
  for (unsigned i = 0; i < 99; i++)
    putf(s, "Content-Type: multipart/mixed; boundary=-%u\r\n\r\n---%u\r\n", i, i);
  text(s, "\r\n");
  put_times(s, n, "---\r\n");
}

static void dashes(stream *s, uint64_t n) {
  text(s, mixed);
  text(s, "--b\r\n\r\n");
  put_times(s, n, "--x\r\n");
}

static void short_lines(stream *s, uint64_t n) {
  text(s, mixed);
  text(s, "--b\r\n\r\n");
  put_times(s, n, "\n");
}

static void long_line(stream *s, uint64_t n) {
  text(s, mixed);
  text(s, "--b\r\n\r\n");
  put_times(s, n / 64, "0123456789 123456789 123456789 123456789 123456789 123456789 123");
}

static void text_lines(stream *s, uint64_t n) {
  text(s, mixed);
  text(s, "--b\r\n\r\n");
  put_times(s, n, "0123456789 123456789 123456789 123456789 123456789 123456789 123456789 12345\r\n");
}

static void carriage_returns(stream *s, uint64_t n) {
  put_times(s, n, "\r");
}

/* ---- the table ------------------------------------------------------------------------------ */

typedef struct hostile {
  const char *name;
  void (*make)(stream *s, uint64_t n);
  uint64_t n;    /* full size */
  uint32_t unit; /* octets of a message for each of them, about */
} hostile;

#define MB ((uint64_t)1000000)

static const hostile table[] = {
    {"10,000 multiparts inside each other", nested_multiparts, 10000, 60},
    {"10,000 messages inside each other", nested_messages, 10000, 50},
    {"10,000 of both, by turns", nested_both, 10000, 45},
    {"100,000 parts in a multipart", parts, 100000, 60},
    {"100,000 empty parts", empty_parts, 100000, 7},
    {"100,000 multiparts in a multipart", parts_in_parts, 100000, 72},
    {"100,000 messages in a digest", message_parts, 100000, 70},
    {"a header field of 500 MB", one_field, 500 * MB, 1},
    {"a Subject of 500 MB", one_subject, 500 * MB, 1},
    {"500 MB of header without a colon", one_line_without_colon, 500 * MB, 1},
    {"7 million header fields", many_fields, 7 * MB, 71},
    {"7 million Subject fields", many_subjects, 7 * MB, 71},
    {"1 million Content-Type fields", many_types, MB, 56},
    {"1 million Date fields", many_dates, MB, 46},
    {"1 million folds in a Subject", folds, MB, 4},
    {"1 million empty folds", empty_folds, MB, 3},
    {"100,000 encoded words in a Subject", encoded_words, 100000, 21},
    {"500,000 addresses in a To field", one_to, 500000, 25},
    {"500,000 To fields", many_to, 500000, 28},
    {"100,000 comments inside each other", comments, 100000, 2},
    {"500 fields of comments never closed", open_comments, 500, 60000},
    {"500 dates of comments never closed", open_comments_in_date, 500, 60000},
    {"10 fields of <a,<a,<a,", open_angles, 10, 60000},
    {"500 fields of \"\\\"\\\"\\", open_quotes, 500, 60000},
    {"10 fields of g:;g:;", open_groups, 10, 60000},
    {"10 fields of <@a,@b,<@a,@b,", open_routes, 10, 60000},
    {"10 fields of a@[b,a@[b,", open_literals, 10, 60000},
    {"10 fields of @,@,@,", at_signs, 10, 60000},
    {"10 Subjects of 8-bit and quotes", eight_bit, 10, 60000},
    {"100,000 continuations of a parameter", continuations, 100000, 17},
    {"100,000 parameters", distinct_parameters, 100000, 14},
    {"5,000 parts of 128 continuations", continued_parts, 5000, 900},
    {"100,000 lines all but a boundary", near_misses, 100000, 993},
    {"the same under 99 open boundaries", near_misses_of_many, 100000, 993},
    {"1 million lines of \"--\"", dashes, MB, 5},
    {"the same under 99 open boundaries", dashes_under_many, MB, 5},
    {"100 million empty lines", short_lines, 100 * MB, 1},
    {"a line of 100 MB", long_line, 100 * MB, 1},
    {"7 million lines of text", text_lines, 7 * MB, 78},
    {"100 MB of CR", carriage_returns, 100 * MB, 1},
};

/* ---- measuring ------------------------------------------------------------------------------ */

typedef struct result {
  double seconds;
  uint64_t octets;
  uint64_t digest;
  uint64_t heap; /* at most, beside the digest */
} result;

static void walk_once(const hostile *h, uint64_t n, const imap4_limits *limits, result *out) {
  static stream s; /* it is large */
  bench_heap heap = {0};
  imap4_str digest;
  s.seconds = 0;
  s.octets = 0;
  s.n = 0;
  if (imap4_mime_new(bench_resize, &heap, limits, &s.mime) != IMAP4_OK) bench_die("imap4_mime_new failed");
  h->make(&s, n);
  flush(&s);
  double begin = bench_seconds();
  int r = imap4_mime_finish(s.mime);
  s.seconds += bench_seconds() - begin;
  if (r == IMAP4_OK) r = imap4_mime_digest(s.mime, &digest);
  if (r != IMAP4_OK) bench_die("imap4_mime_finish failed");
  bench_best(&out->seconds, s.seconds);
  out->octets = s.octets;
  out->digest = digest.n;
  out->heap = heap.peak > digest.n ? heap.peak - digest.n : 0;
  imap4_mime_free(s.mime);
  if (heap.now != 0) bench_die("memory was not given back");
}

typedef struct options {
  uint64_t max_octets;
  const char *only;
  bool once;
  bool open;
} options;

static void walk(const hostile *h, uint64_t n, const options *o, const imap4_limits *limits, result *out) {
  double begin = bench_seconds();
  int least = o->once ? 1 : ROUNDS_MIN;
  int most = o->once ? 1 : ROUNDS_MAX;
  for (int round = 0; round < least || (round < most && bench_seconds() - begin < ENOUGH_SECONDS); round++)
    walk_once(h, n, limits, out);
}

/* What did not hold. */
typedef struct verdict {
  unsigned rows;
  unsigned not_linear;
  unsigned too_much;
} verdict;

static void run(const hostile *h, const options *o, const imap4_limits *limits, verdict *v) {
  uint64_t n = h->n * h->unit > o->max_octets ? o->max_octets / h->unit : h->n;
  if (n < 2) n = 2;
  result half = {0};
  result full = {0};
  double ratio = RATIO_MAX;
  /* What another program's load made look slow is looked at again. */
  for (int attempt = 0; attempt < (o->once ? 1 : ATTEMPTS) && ratio >= RATIO_MAX; attempt++) {
    walk(h, n / 2, o, limits, &half);
    walk(h, n, o, limits, &full);
    ratio = full.seconds / half.seconds;
  }
  uint64_t heap = full.heap > half.heap ? full.heap : half.heap;
  bool linear = ratio < RATIO_MAX;
  bool small = heap < HEAP_MAX;
  v->rows++;
  v->not_linear += linear ? 0 : 1;
  v->too_much += small ? 0 : 1;
  printf("%-37s %9.2f %9.2f %6.2f %8.1f %9llu %9llu  %s%s%s\n", h->name, half.seconds * 1e3,
         full.seconds * 1e3, ratio, (double)full.octets / full.seconds * 1e-6, (unsigned long long)heap,
         (unsigned long long)full.digest, linear && small ? "ok" : "", linear ? "" : "not linear ",
         small ? "" : "heap");
  fflush(stdout);
}

static void lift(imap4_limits *limits) {
  limits->digest_octets = UINT32_MAX / 2;
  limits->mime_parts = limits->mime_depth = UINT32_MAX / 2;
  limits->addresses = limits->mime_parameters = UINT32_MAX / 2;
}

static options read_options(int argc, char **argv) {
  options o = {.max_octets = 500 * MB, .only = ""};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--max-mb") == 0 && i + 1 < argc) {
      o.max_octets = strtoull(argv[++i], NULL, 10) * MB;
    } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      o.only = argv[++i];
    } else if (strcmp(argv[i], "--once") == 0) {
      o.once = true;
    } else if (strcmp(argv[i], "--open") == 0) {
      o.open = true;
    } else {
      bench_die("usage: bench_hostile [--max-mb N] [--only WORD] [--once] [--open]");
    }
  }
  return o;
}

int main(int argc, char **argv) {
  options o = read_options(argc, argv);
  imap4_limits limits;
  verdict v = {0};
  if (imap4_limits_init(&limits, sizeof(limits), 1) != IMAP4_OK) bench_die("imap4_limits_init failed");
  if (o.open) lift(&limits);
  bench_warn();
  bench_keep_memory();
  printf("%-37s %9s %9s %6s %8s %9s %9s\n", "message", "ms, half", "ms, full", "ratio", "MB/s", "heap",
         "digest");
  for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
    if (strstr(table[i].name, o.only)) run(&table[i], &o, &limits, &v);
  }
  printf("all %u linear (ratio under %.1f) and under %u octets of heap beside the digest: %s", v.rows,
         RATIO_MAX, HEAP_MAX, v.not_linear + v.too_much == 0 ? "yes" : "no");
  if (v.not_linear + v.too_much > 0) printf(" (%u not linear, %u over)", v.not_linear, v.too_much);
  printf("\n");
  return 0;
}
