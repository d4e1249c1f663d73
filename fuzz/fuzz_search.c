/* SPDX-License-Identifier: MIT */
/*
 * Fuzzer of SEARCH.  Eight octets say what is known of the message (flags and \Recent; sequence number; how
 * much larger the largest number is; UID; internal date in days of about ten years; its zone; seed of the
 * cuts; after so many requests there is no more memory, 255: there always is).  Then stand the search keys,
 * up to a NUL, then the message.
 *
 * Oracles: the answer does not depend on how the message is cut; NOT turns it around; what an evaluation by
 * the book knows from flags, numbers, dates and plain text is not contradicted; nothing is left allocated.
 */
#include "fuzz.h"
#include "mail/digest.h"
#include "mail/walker.h"
#include "search/search.h"
#include "wire/parser.h"

typedef struct mail {
  imap4_str text;
  imap4_str digest;
  imap4_row row;
  imap4i_search_message about;
  unsigned seed;
  unsigned left;
  bool plain; /* ASCII, without MIME: the body is text as it stands */
} mail;

/* ---- by the book ---------------------------------------------------------------------------- */

enum { NO, YES, UNKNOWN };

static bool set_has(const imap4i_set *set, uint32_t number, uint32_t largest) {
  for (size_t i = 0; i < set->n; i++) {
    uint32_t a = set->p[i].first == IMAP4I_STAR ? largest : set->p[i].first;
    uint32_t b = set->p[i].last == IMAP4I_STAR ? largest : set->p[i].last;
    if ((a <= number && number <= b) || (b <= number && number <= a)) return true;
  }
  return false;
}

static int64_t day_of(imap4_date date) {
  int64_t local = date.seconds + (int64_t)date.zone_minutes * 60;
  return local >= 0 ? local / 86400 : -((86399 - local) / 86400);
}

static int truth(bool value) {
  return value ? YES : NO;
}

static int compare_day(uint8_t kind, int64_t is, int64_t day) {
  if (kind == IMAP4I_KEY_ON || kind == IMAP4I_KEY_SENTON) return truth(is == day);
  bool before = kind == IMAP4I_KEY_BEFORE || kind == IMAP4I_KEY_SENTBEFORE;
  return truth(before == (is < day));
}

static bool is_ascii(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    if ((unsigned char)s.p[i] >= 0x80) return false;
  }
  return true;
}

static bool contains(imap4_str text, imap4_str what) {
  for (; text.n >= what.n; text = imap4i_tail(text, 1)) {
    if (imap4i_istarts(text, what)) return true;
    if (text.n == 0) break;
  }
  return false;
}

/* Only what the octets of the body decide. */
static int body_has(const mail *m, imap4_str what) {
  imap4i_part part;
  if (!m->plain || !is_ascii(what) || what.n == 0) return UNKNOWN;
  FUZZ_CHECK(imap4i_digest_part(m->digest, 0, &part));
  if (part.kind != IMAP4I_PART_LEAF || !part.is_text) return UNKNOWN;
  imap4_str body = imap4i_str(m->text.p + part.body_offset, (size_t)part.body_length);
  return truth(contains(body, what));
}

static int value_of_row(const mail *m, const imap4i_key *key) {
  switch (key->kind) {
  case IMAP4I_KEY_ALL:
    return YES;
  case IMAP4I_KEY_SEQUENCE:
    return truth(set_has(&key->set, m->about.seq, m->about.max_seq));
  case IMAP4I_KEY_UID:
    return truth(set_has(&key->set, m->row.uid, m->about.max_uid));
  case IMAP4I_KEY_RECENT:
    return truth(m->about.recent);
  case IMAP4I_KEY_FLAG:
    return truth((m->row.flags & key->number) != 0);
  case IMAP4I_KEY_KEYWORD:
    return truth(imap4i_has_word(m->row.keywords, key->text));
  case IMAP4I_KEY_LARGER:
    return truth(m->row.size > key->number);
  case IMAP4I_KEY_SMALLER:
    return truth(m->row.size < key->number);
  default:
    return UNKNOWN;
  }
}

static int value_of(const mail *m, const imap4i_key *key) {
  imap4_date sent;
  switch (key->kind) {
  case IMAP4I_KEY_BEFORE:
  case IMAP4I_KEY_ON:
  case IMAP4I_KEY_SINCE:
    return compare_day(key->kind, day_of(m->row.internaldate), key->day);
  case IMAP4I_KEY_OLDER:
    return truth(m->row.internaldate.seconds <= key->second);
  case IMAP4I_KEY_YOUNGER:
    return truth(m->row.internaldate.seconds >= key->second);
  case IMAP4I_KEY_SENTBEFORE:
  case IMAP4I_KEY_SENTON:
  case IMAP4I_KEY_SENTSINCE:
    sent = imap4i_digest_date(m->digest);
    return sent.present ? compare_day(key->kind, day_of(sent), key->day) : UNKNOWN;
  case IMAP4I_KEY_BODY:
    return body_has(m, key->text);
  case IMAP4I_KEY_TEXT:
    return body_has(m, key->text) == YES ? YES : UNKNOWN;
  default:
    return value_of_row(m, key);
  }
}

static int combine(uint8_t kind, const int *values, size_t n) {
  if (kind == IMAP4I_KEY_NOT) return values[0] == UNKNOWN ? UNKNOWN : !values[0];
  int decides = kind == IMAP4I_KEY_OR ? YES : NO;
  int value = !decides;
  for (size_t i = 0; i < n; i++) {
    if (values[i] == decides) return decides;
    if (values[i] == UNKNOWN) value = UNKNOWN;
  }
  return value;
}

static int evaluate(const mail *m, const imap4i_search_args *args) {
  int *stack = malloc((args->count + 1) * sizeof *stack);
  size_t n = 0;
  FUZZ_CHECK(stack);
  for (size_t i = 0; i < args->count; i++) {
    const imap4i_key *key = &args->keys[i];
    bool is_operator = key->kind <= IMAP4I_KEY_NOT;
    FUZZ_CHECK(!is_operator || key->operands <= n);
    if (is_operator) n -= key->operands;
    stack[n] = is_operator ? combine(key->kind, stack + n, key->operands) : value_of(m, key);
    n++;
  }
  FUZZ_CHECK(n == 1);
  int value = stack[0];
  free(stack);
  return value;
}

/* ---- the search ----------------------------------------------------------------------------- */

static int feed(imap4i_search *search, const mail *m, int way) {
  int result = IMAP4I_SEARCH_UNDECIDED;
  fuzz_random random = {m->seed};
  uint64_t offset;
  uint64_t length;
  uint64_t fed = 0;
  while (result == IMAP4I_SEARCH_UNDECIDED) {
    FUZZ_CHECK(imap4i_search_need(search, &offset, &length));
    FUZZ_CHECK(length > 0 && offset <= m->text.n && length <= m->text.n - offset);
    size_t n = way == 0 ? (size_t)length : way == 1 ? 1 : 1 + fuzz_below(&random, 3000);
    imap4_str piece = fuzz_copy(imap4i_str(m->text.p + offset, imap4i_min(n, (size_t)length)));
    fed += piece.n;
    result = imap4i_search_feed(search, piece);
    fuzz_copy_free(piece);
    /* A message is read twice at most: its headers, then its text. */
    FUZZ_CHECK(fed <= 3 * (uint64_t)m->text.n);
  }
  return result;
}

static int search_with(imap4i_search *search, const mail *m, int way) {
  uint64_t offset;
  uint64_t length;
  int result = imap4i_search_begin(search, &m->about);
  if (result == IMAP4I_SEARCH_UNDECIDED) {
    FUZZ_CHECK(imap4i_search_attributes(search) & IMAP4_ATTR_DIGEST);
    imap4_str digest = fuzz_copy(m->digest);
    result = imap4i_search_digest(search, digest);
    fuzz_copy_free(digest);
  }
  if (result == IMAP4I_SEARCH_UNDECIDED) result = feed(search, m, way);
  if (result >= 0) FUZZ_CHECK(!imap4i_search_need(search, &offset, &length));
  return result;
}

/* Twice, so that nothing is left over from the message before. */
static int search_for(const mail *m, const imap4i_search_args *args, const imap4_limits *limits, int way,
                      size_t left) {
  fuzz_heap heap;
  imap4i_mem mem;
  imap4i_search *search = NULL;
  fuzz_heap_init(&heap, left);
  imap4i_mem_init(&mem, fuzz_resize, &heap, UINT64_MAX);
  int result = imap4i_search_new(&mem, args, limits, &search);
  if (result == IMAP4_OK) result = search_with(search, m, way);
  if (result >= 0) {
    int again = search_with(search, m, way);
    FUZZ_CHECK(again == result || (again == IMAP4_ERR_NOMEM && heap.failed));
  }
  imap4i_search_free(search);
  FUZZ_CHECK(result == IMAP4I_SEARCH_NO || result == IMAP4I_SEARCH_YES ||
             (result == IMAP4_ERR_NOMEM && heap.failed));
  fuzz_heap_end(&heap);
  return result;
}

static void check_search(const mail *m, const imap4i_search_args *args, const imap4_limits *limits) {
  int result = search_for(m, args, limits, 0, SIZE_MAX);
  int expected = evaluate(m, args);
  FUZZ_CHECK(expected == UNKNOWN || expected == result);
  FUZZ_CHECK(search_for(m, args, limits, 1, SIZE_MAX) == result);
  FUZZ_CHECK(search_for(m, args, limits, 2, SIZE_MAX) == result);

  imap4i_search_args negated = {.keys = malloc((args->count + 1) * sizeof *args->keys),
                                .count = args->count + 1};
  FUZZ_CHECK(negated.keys);
  memcpy(negated.keys, args->keys, args->count * sizeof *args->keys);
  negated.keys[args->count] = (imap4i_key){.kind = IMAP4I_KEY_NOT, .operands = 1};
  FUZZ_CHECK(search_for(m, &negated, limits, 2, SIZE_MAX) == !result);
  free(negated.keys);

  int tight = search_for(m, args, limits, 2, m->left == 255 ? SIZE_MAX : m->left);
  FUZZ_CHECK(tight == result || tight == IMAP4_ERR_NOMEM);
}

/* ---- the input ------------------------------------------------------------------------------ */

static mail mail_of(imap4_str *input) {
  mail m = {0};
  unsigned bits = fuzz_take(input);
  m.row = (imap4_row){.flags = bits & IMAP4_FLAG_ALL, .keywords = IMAP4I_S("$Work other"), .modseq = 1};
  m.about.recent = (bits & 32) != 0;
  m.about.seq = 1 + fuzz_take(input);
  m.about.max_seq = m.about.seq + fuzz_take(input);
  m.row.uid = m.about.seq + fuzz_take(input);
  m.about.max_uid = m.row.uid + (m.about.max_seq - m.about.seq);
  m.row.internaldate.seconds = (int64_t)fuzz_take(input) * 86400 * 14 - 86400 * 30 + 3600;
  m.row.internaldate.zone_minutes = ((int32_t)fuzz_take(input) - 128) * 11;
  m.row.internaldate.present = 1;
  m.seed = fuzz_take(input);
  m.left = fuzz_take(input);
  return m;
}

static imap4_str take_keys(imap4_str *input) {
  const char *nul = input->n ? memchr(input->p, 0, input->n) : NULL;
  imap4_str keys = {input->p, nul ? (size_t)(nul - input->p) : input->n};
  *input = imap4i_tail(*input, keys.n + 1);
  return keys;
}

static void walk(mail *m, const imap4_limits *limits, imap4i_mem *mem, imap4i_walker **walker) {
  FUZZ_CHECK(imap4i_walker_new(mem, limits, walker) == IMAP4_OK);
  FUZZ_CHECK(imap4i_walker_feed(*walker, m->text) == IMAP4_OK);
  FUZZ_CHECK(imap4i_walker_finish(*walker, &m->digest) == IMAP4_OK);
  FUZZ_CHECK(imap4i_digest_valid(m->digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_heap heap;
  imap4i_mem mem;
  imap4i_arena arena;
  imap4i_parser parser;
  imap4i_args args;
  imap4_limits limits;
  imap4i_walker *walker = NULL;
  imap4_str input = imap4i_str(data, size);
  mail m = mail_of(&input);
  imap4_str keys = fuzz_copy(take_keys(&input));
  m.text = input;
  m.plain = is_ascii(m.text) && !contains(m.text, IMAP4I_S("content-"));
  m.row.size = m.text.n;
  m.about.row = &m.row;
  FUZZ_CHECK(imap4_limits_init(&limits, sizeof limits, 1) == IMAP4_OK);
  fuzz_heap_init(&heap, SIZE_MAX);
  imap4i_mem_init(&mem, fuzz_resize, &heap, UINT64_MAX);
  imap4i_arena_init(&arena, &mem);
  imap4i_parser_init(&parser, keys, &arena, &limits, '/');
  if (imap4i_parse_search(&parser, &args) == IMAP4_OK) {
    walk(&m, &limits, &mem, &walker);
    check_search(&m, &args.search, &limits);
  }
  imap4i_walker_free(walker);
  imap4i_arena_free(&arena);
  fuzz_heap_end(&heap);
  fuzz_copy_free(keys);
  return 0;
}
