/* SPDX-License-Identifier: MIT */
/*
 * The search machine; see search.h.  A message is a list of segments (header, headers of parts, bodies) that
 * are read in order.  After every piece the criteria are decided anew; a segment that no wanted key looks at
 * is passed over.  Keys only ever go from unknown to known, so what is not wanted once stays so for the
 * message.
 */
#include "search/search.h"

#include "mail/digest.h"
#include "mail/encoded_word.h"
#include "mail/header.h"
#include "mail/text.h"
#include "search/address_text.h"
#include "search/criteria.h"
#include "search/field_span.h"
#include "search/haystack.h"
#include "search/terms.h"

/* Octets that are searched before the criteria are decided anew. */
#define STEP 16384
/* Octets of a header that are asked about at once when there are several needles, and more if they are quiet:
 * what one needle has near must not be looked for far away by another one again and again. */
#define AHEAD 1024
/* Longer names of charsets are of none that is known. */
#define CHARSET_MAX 64

enum {
  SEGMENT_HEADER, /* of the message */
  SEGMENT_MIME,   /* of a part, or of a message inside */
  SEGMENT_BODY    /* of a part that is text */
};

typedef struct segment {
  uint64_t offset;
  uint64_t length;  /* > 0 */
  uint32_t charset; /* where its name is in |charsets| */
  uint8_t charset_length;
  uint8_t kind;     /* SEGMENT_* */
  uint8_t transfer; /* IMAP4I_TRANSFER_* */
} segment;

struct imap4i_search {
  imap4i_mem *mem;
  uint32_t attributes;
  size_t field_max; /* octets of a header field that are looked at */
  size_t word_max;  /* encoded words of it that are decoded */
  imap4i_criteria criteria;
  imap4i_terms terms;
  /* What wanted keys look at: fields of the message, all text, bodies. */
  bool wants_fields;
  bool wants_text;
  bool wants_body;
  /* The message under way. */
  segment *segments;
  size_t segment_count;
  size_t segment_capacity;
  imap4i_buf charsets;
  size_t at;      /* segment */
  uint64_t taken; /* octets of it */
  bool begun;
  /* Where its octets go. */
  imap4i_field_reader fields;
  imap4i_buf decoded;   /* a field in UTF-8 */
  imap4i_buf addresses; /* of it, as they stand */
  imap4i_buf folded;    /* its value, folded */
  imap4i_matcher matcher;
  imap4i_haystack haystack;
  imap4i_charset_cache converters;
};

static uint32_t attributes_of(const imap4i_key *key) {
  switch (key->kind) {
  case IMAP4I_KEY_FLAG:
  case IMAP4I_KEY_KEYWORD:
    return IMAP4_ATTR_FLAGS;
  case IMAP4I_KEY_LARGER:
  case IMAP4I_KEY_SMALLER:
    return IMAP4_ATTR_SIZE;
  case IMAP4I_KEY_BEFORE:
  case IMAP4I_KEY_ON:
  case IMAP4I_KEY_SINCE:
    return IMAP4_ATTR_INTERNALDATE;
  case IMAP4I_KEY_BODY:
  case IMAP4I_KEY_TEXT:
    return key->text.n > 0 ? IMAP4_ATTR_DIGEST : 0;
  case IMAP4I_KEY_SENTBEFORE:
  case IMAP4I_KEY_SENTON:
  case IMAP4I_KEY_SENTSINCE:
  case IMAP4I_KEY_HEADER:
    return IMAP4_ATTR_DIGEST;
  default:
    return 0;
  }
}

static int prepare(imap4i_search *search, const imap4i_search_args *args) {
  int status = imap4i_criteria_init(&search->criteria, search->mem, args);
  if (status != IMAP4_OK) return status;
  if (!imap4i_terms_init(&search->terms, search->mem, args)) return IMAP4_ERR_NOMEM;
  imap4i_terms *terms = &search->terms;
  size_t texts = terms->needle_count - terms->header_count;
  if (texts > 0 &&
      !imap4i_matcher_init(&search->matcher, search->mem, terms->needles + terms->header_count, texts)) {
    return IMAP4_ERR_NOMEM;
  }
  for (size_t i = 0; i < args->count; i++) {
    search->attributes |= attributes_of(&args->keys[i]);
  }
  return IMAP4_OK;
}

int imap4i_search_new(imap4i_mem *mem, const imap4i_search_args *args, const imap4_limits *limits,
                      imap4i_search **out) {
  imap4i_search *search = imap4i_calloc(mem, sizeof *search);
  if (!search) return IMAP4_ERR_NOMEM;
  search->mem = mem;
  search->field_max = limits->header_field_octets;
  search->word_max = limits->encoded_words;
  search->criteria.mem = mem;
  search->terms.mem = mem;
  search->terms.arena.mem = mem;
  search->matcher.mem = mem;
  imap4i_buf_init(&search->charsets, mem, UINT32_MAX);
  imap4i_buf_init(&search->decoded, mem, SIZE_MAX / 4);
  imap4i_buf_init(&search->addresses, mem, SIZE_MAX / 4);
  imap4i_buf_init(&search->folded, mem, SIZE_MAX / 4);
  imap4i_field_reader_init(&search->fields, mem, search->field_max);
  imap4i_haystack_init(&search->haystack, &search->matcher, &search->converters);
  int status = prepare(search, args);
  if (status == IMAP4_OK) {
    *out = search;
  } else {
    imap4i_search_free(search);
  }
  return status;
}

void imap4i_search_free(imap4i_search *search) {
  if (!search) return;
  imap4i_charset_cache_free(&search->converters);
  imap4i_field_reader_free(&search->fields);
  imap4i_matcher_free(&search->matcher);
  imap4i_terms_free(&search->terms);
  imap4i_criteria_free(&search->criteria);
  imap4i_buf_free(&search->charsets);
  imap4i_buf_free(&search->decoded);
  imap4i_buf_free(&search->addresses);
  imap4i_buf_free(&search->folded);
  imap4i_free(search->mem, search->segments, search->segment_capacity * sizeof *search->segments);
  imap4i_free(search->mem, search, sizeof *search);
}

uint32_t imap4i_search_attributes(const imap4i_search *search) {
  return search->attributes;
}

/* ---- what is known without reading ---------------------------------------------------------- */

static uint8_t truth(bool value) {
  return value ? IMAP4I_TRUE : IMAP4I_FALSE;
}

/* Days since 1970-01-01 where the clock of |date| stood, "disregarding time and timezone".  A host may give
 * any number; those outside of all calendars become the first or last day of them. */
static int64_t day_of(imap4_date date) {
  const int64_t most = INT64_C(1) << 50;
  int64_t seconds = date.seconds < -most ? -most : date.seconds > most ? most : date.seconds;
  seconds += (int64_t)date.zone_minutes * 60;
  return seconds >= 0 ? seconds / 86400 : -((86399 - seconds) / 86400);
}

/* |kind| is that of a key of the internal date; the others are counted from theirs. */
static uint8_t compare_day(unsigned kind, imap4_date date, int64_t day) {
  if (!date.present) return IMAP4I_FALSE;
  int64_t is = day_of(date);
  if (kind == IMAP4I_KEY_BEFORE) return truth(is < day);
  return truth(kind == IMAP4I_KEY_ON ? is == day : is >= day);
}

static bool is_sent(unsigned kind) {
  return kind >= IMAP4I_KEY_SENTBEFORE && kind <= IMAP4I_KEY_SENTSINCE;
}

static uint8_t begin_key(const imap4i_key *key, const imap4i_search_message *message) {
  const imap4_row *row = message->row;
  switch (key->kind) {
  case IMAP4I_KEY_ALL:
    return IMAP4I_TRUE;
  case IMAP4I_KEY_RECENT:
    return truth(message->recent);
  case IMAP4I_KEY_FLAG:
    return truth((row->flags & key->number) != 0);
  case IMAP4I_KEY_KEYWORD:
    return truth(imap4i_has_word(row->keywords, key->text));
  case IMAP4I_KEY_LARGER:
    return truth(row->size > key->number);
  case IMAP4I_KEY_SMALLER:
    return truth(row->size < key->number);
  case IMAP4I_KEY_BEFORE:
  case IMAP4I_KEY_ON:
  case IMAP4I_KEY_SINCE:
    return compare_day(key->kind, row->internaldate, key->day);
  case IMAP4I_KEY_BODY:
  case IMAP4I_KEY_TEXT:
    return key->text.n == 0 ? IMAP4I_TRUE : IMAP4I_UNKNOWN;
  default:
    return IMAP4I_UNKNOWN;
  }
}

static void note_wants(imap4i_search *search) {
  const imap4i_criteria *criteria = &search->criteria;
  search->wants_fields = search->wants_text = search->wants_body = false;
  for (size_t i = 0; i < criteria->count; i++) {
    if (!criteria->wanted[i]) continue;
    if (criteria->keys[i].kind == IMAP4I_KEY_HEADER) search->wants_fields = true;
    if (criteria->keys[i].kind == IMAP4I_KEY_TEXT) search->wants_text = true;
    if (criteria->keys[i].kind == IMAP4I_KEY_BODY) search->wants_body = true;
  }
}

static int decide(imap4i_search *search) {
  uint8_t value = imap4i_criteria_decide(&search->criteria);
  if (value != IMAP4I_UNKNOWN) return value == IMAP4I_TRUE ? IMAP4I_SEARCH_YES : IMAP4I_SEARCH_NO;
  note_wants(search);
  return IMAP4I_SEARCH_UNDECIDED;
}

int imap4i_search_begin(imap4i_search *search, const imap4i_search_message *message) {
  imap4i_criteria *criteria = &search->criteria;
  imap4i_terms *terms = &search->terms;
  search->segment_count = search->at = 0;
  search->taken = 0;
  search->begun = false;
  for (size_t i = 0; i < criteria->count; i++) {
    criteria->values[i] = begin_key(&criteria->keys[i], message);
  }
  for (size_t i = 0; i < terms->set_count; i++) {
    const imap4i_set_term *term = &terms->sets[i];
    bool by_uid = criteria->keys[term->key].kind == IMAP4I_KEY_UID;
    criteria->values[term->key] =
        truth(by_uid ? imap4i_set_term_has(term, message->row->uid, message->max_uid)
                     : imap4i_set_term_has(term, message->seq, message->max_seq));
  }
  for (size_t i = 0; i < terms->needle_count; i++) {
    terms->needles[i].found = false;
  }
  return decide(search);
}

/* ---- the segments of a message -------------------------------------------------------------- */

static uint8_t transfer_of(const imap4i_part *part) {
  if (part->encoding == IMAP4I_ENCODING_BASE64) return IMAP4I_TRANSFER_BASE64;
  if (part->encoding == IMAP4I_ENCODING_QUOTED_PRINTABLE) return IMAP4I_TRANSFER_QP;
  return IMAP4I_TRANSFER_IDENTITY;
}

static segment *add_segment(imap4i_search *search, uint8_t kind, uint64_t offset, uint64_t length) {
  if (search->segment_count == search->segment_capacity) {
    size_t capacity = search->segment_capacity > 0 ? search->segment_capacity * 2 : 4;
    if (capacity > SIZE_MAX / sizeof(segment)) return NULL;
    void *p = imap4i_resize(search->mem, search->segments, search->segment_capacity * sizeof(segment),
                            capacity * sizeof(segment));
    if (!p) return NULL;
    search->segments = p;
    search->segment_capacity = capacity;
  }
  segment *added = &search->segments[search->segment_count++];
  *added = (segment){.offset = offset, .length = length, .kind = kind};
  return added;
}

/* A part whose octets are text for a reader: text, and messages that were not taken apart; nothing that
 * cannot be decoded. */
static bool is_searched(const imap4i_part *part) {
  return part->kind == IMAP4I_PART_LEAF && part->encoding != IMAP4I_ENCODING_OTHER &&
         (part->is_text || imap4i_istarts(part->text[IMAP4I_FIELD_TYPE], IMAP4I_S("\"message\"")));
}

static bool add_part(imap4i_search *search, const imap4i_part *part, bool is_first) {
  bool wants_header = search->wants_text || (search->wants_fields && is_first);
  if (wants_header && part->header_length > 0) {
    uint8_t kind = is_first ? SEGMENT_HEADER : SEGMENT_MIME;
    if (!add_segment(search, kind, part->header_offset, part->header_length)) return false;
  }
  bool wants_body = search->wants_text || search->wants_body;
  if (!wants_body || part->body_length == 0 || !is_searched(part)) return true;
  segment *body = add_segment(search, SEGMENT_BODY, part->body_offset, part->body_length);
  if (!body) return false;
  body->transfer = transfer_of(part);
  if (part->text[IMAP4I_TEXT_CHARSET].n > CHARSET_MAX) return true;
  body->charset = (uint32_t)search->charsets.n;
  body->charset_length = (uint8_t)part->text[IMAP4I_TEXT_CHARSET].n;
  return imap4i_buf_puts(&search->charsets, part->text[IMAP4I_TEXT_CHARSET]);
}

/* A segment is over: keys that looked at no other are false. */
static void end_segment(imap4i_search *search) {
  imap4i_criteria *criteria = &search->criteria;
  if (search->segments[search->at].kind == SEGMENT_HEADER) {
    for (size_t i = 0; i < criteria->count; i++) {
      if (criteria->keys[i].kind == IMAP4I_KEY_HEADER && criteria->values[i] == IMAP4I_UNKNOWN) {
        criteria->values[i] = IMAP4I_FALSE;
      }
    }
  }
  search->at++;
  search->taken = 0;
  search->begun = false;
}

static bool is_wanted(const imap4i_search *search, unsigned kind) {
  if (search->wants_text) return true;
  return kind == SEGMENT_HEADER ? search->wants_fields : kind == SEGMENT_BODY && search->wants_body;
}

/* Decide; if that is not possible, go on to a segment that is wanted. */
static int settle(imap4i_search *search) {
  imap4i_criteria *criteria = &search->criteria;
  for (;;) {
    int result = decide(search);
    if (result != IMAP4I_SEARCH_UNDECIDED) {
      search->at = search->segment_count;
      return result;
    }
    while (search->at < search->segment_count && !is_wanted(search, search->segments[search->at].kind)) {
      end_segment(search);
    }
    if (search->at < search->segment_count) return result;
    /* All was read: what was not found is not there. */
    for (size_t i = 0; i < criteria->count; i++) {
      if (criteria->values[i] == IMAP4I_UNKNOWN) criteria->values[i] = IMAP4I_FALSE;
    }
  }
}

bool imap4i_search_need(imap4i_search *search, uint64_t *offset, uint64_t *length) {
  if (search->at == search->segment_count) return false;
  const segment *now = &search->segments[search->at];
  *offset = now->offset + search->taken;
  *length = now->length - search->taken;
  return true;
}

/* ---- octets --------------------------------------------------------------------------------- */

static void found_needles(imap4i_search *search) {
  imap4i_terms *terms = &search->terms;
  for (size_t i = 0; i < terms->needle_count; i++) {
    if (terms->needles[i].found) search->criteria.values[terms->owners[i]] = IMAP4I_TRUE;
  }
}

static int begin_segment(imap4i_search *search, const segment *now) {
  const imap4i_criteria *criteria = &search->criteria;
  imap4i_terms *terms = &search->terms;
  for (size_t i = 0; i < terms->needle_count; i++) {
    size_t key = terms->owners[i];
    terms->needles[i].wanted =
        criteria->wanted[key] && (now->kind == SEGMENT_BODY || criteria->keys[key].kind != IMAP4I_KEY_BODY);
  }
  search->begun = true;
  if (now->kind != SEGMENT_BODY) {
    imap4i_field_reader_restart(&search->fields);
    if (!search->wants_text) return IMAP4_OK;
  }
  imap4_str charset = imap4i_tail(imap4i_buf_str(&search->charsets), now->charset);
  charset.n = imap4i_min(charset.n, now->charset_length);
  return imap4i_haystack_begin(&search->haystack, now->transfer, charset);
}

static bool is_named(const imap4i_key *key, imap4_str name, bool addresses) {
  return key->kind == IMAP4I_KEY_HEADER && key->addresses == addresses && imap4i_ieq(key->field, name);
}

/* A field of the message's header: look at its text or its addresses for HEADER keys. */
static bool look_at_field(imap4i_search *search, imap4_str name, imap4_str value, bool addresses,
                          bool *news) {
  imap4i_criteria *criteria = &search->criteria;
  imap4i_terms *terms = &search->terms;
  bool is_folded = false;
  imap4i_buf_clear(&search->folded);
  for (size_t i = 0; i < criteria->count; i++) {
    const imap4i_key *key = &criteria->keys[i];
    if (key->text.n > 0 || !is_named(key, name, addresses)) continue;
    criteria->values[i] = IMAP4I_TRUE;
    *news = true;
  }
  for (size_t i = 0; i < terms->header_count; i++) {
    imap4i_needle *needle = &terms->needles[i];
    if (!needle->wanted || needle->found) continue;
    if (!is_named(&criteria->keys[terms->owners[i]], name, addresses)) continue;
    if (!is_folded && !imap4i_fold_str(value, &search->folded)) return false;
    is_folded = true;
    if (!imap4i_needle_look(needle, search->mem, imap4i_buf_str(&search->folded))) return false;
    if (needle->found) *news = true;
  }
  return true;
}

static bool is_wanted_field(const imap4i_search *search, imap4_str name, bool addresses) {
  const imap4i_criteria *criteria = &search->criteria;
  if (search->segments[search->at].kind != SEGMENT_HEADER || !search->wants_fields) return false;
  for (size_t i = 0; i < criteria->count; i++) {
    if (criteria->wanted[i] && is_named(&criteria->keys[i], name, addresses)) return true;
  }
  return false;
}

/*
 * Look at |search->decoded|, which ends with what keys of |field| ask for: its value, which begins at
 * |start|, or its |addresses|.  Lines are folded at white space of any kind, and readers think of one space
 * there; so each run is one space here, but for needles with more, which look before that.
 */
static int look_at_line(imap4i_search *search, const imap4i_field *field, size_t start, bool addresses,
                        bool *news) {
  imap4i_buf *line = &search->decoded;
  bool named = is_wanted_field(search, field->name, addresses);
  for (bool collapsed = !search->terms.blanks;; collapsed = true) {
    if (collapsed && line->n > start) {
      line->n = start + imap4i_collapse(line->p + start, line->n - start);
    }
    imap4_str value = imap4i_tail(imap4i_buf_str(line), start);
    if (named && !look_at_field(search, field->name, value, addresses, news)) return IMAP4_ERR_NOMEM;
    if (search->wants_text && !addresses) {
      size_t end = line->n;
      if (!imap4i_buf_puts(line, IMAP4I_S("\r\n"))) return IMAP4_ERR_NOMEM;
      int status = imap4i_haystack_feed(&search->haystack, imap4i_buf_str(line), false, news);
      if (status != IMAP4_OK) return status;
      line->n = end;
    }
    if (collapsed) return IMAP4_OK;
  }
}

static int take_text(imap4i_search *search, const imap4i_field *field, bool *news) {
  imap4i_buf *line = &search->decoded;
  imap4i_buf_clear(line);
  bool ok = imap4i_buf_puts(line, field->name);
  if (field->name.n > 0) ok = ok && imap4i_buf_puts(line, IMAP4I_S(": "));
  size_t start = line->n;
  int status =
      ok ? imap4i_encoded_words(field->value, search->word_max, &search->converters, line) : IMAP4_ERR_NOMEM;
  return status == IMAP4_OK ? look_at_line(search, field, start, false, news) : status;
}

static int take_addresses(imap4i_search *search, const imap4i_field *field, bool *news) {
  imap4i_buf_clear(&search->addresses);
  imap4i_buf_clear(&search->decoded);
  int status = imap4i_address_text(search->mem, field->value, &search->addresses);
  if (status == IMAP4_OK) {
    status = imap4i_encoded_words(imap4i_buf_str(&search->addresses), search->word_max, &search->converters,
                                  &search->decoded);
  }
  return status == IMAP4_OK ? look_at_line(search, field, 0, true, news) : status;
}

static int take_field(imap4i_search *search, const imap4i_field *field, bool *news) {
  int status = IMAP4_OK;
  if (search->wants_text || is_wanted_field(search, field->name, false)) {
    status = take_text(search, field, news);
  }
  if (status == IMAP4_OK && is_wanted_field(search, field->name, true)) {
    status = take_addresses(search, field, news);
  }
  return status;
}

static int feed_header(imap4i_search *search, imap4_str data, bool last, bool *news) {
  imap4i_field field;
  for (;;) {
    bool got;
    int status = imap4i_field_reader_next(&search->fields, &data, &field, &got);
    if (status == IMAP4_OK && !got && last) {
      status = imap4i_field_reader_finish(&search->fields, &field, &got);
    }
    if (status != IMAP4_OK || !got) return status;
    status = take_field(search, &field, news);
    if (status != IMAP4_OK) return status;
  }
}

/* Whether |data|, all of the segment under way, is a header of which only some fields must be looked at:
 * those with names that are asked for, or those that needles can be in. */
static bool is_sifted(const imap4i_search *search, imap4_str data) {
  const segment *now = &search->segments[search->at];
  if (now->kind == SEGMENT_BODY || data.n != now->length) return false;
  if (now->kind == SEGMENT_HEADER && search->wants_fields) return !search->wants_text;
  return search->wants_text && imap4i_matcher_takes_fields(&search->matcher);
}

static int feed_field(imap4i_search *search, imap4_str header, imap4i_field_span span, bool *news) {
  imap4i_field_reader_restart(&search->fields);
  imap4i_matcher_restart(&search->matcher);
  return feed_header(search, imap4i_str(header.p + span.begin, span.end - span.begin), true, news);
}

/* Whether a field that begins like |field| may have a name that is asked for. */
static bool is_asked_for(const imap4i_search *search, imap4_str field) {
  const imap4i_criteria *criteria = &search->criteria;
  for (size_t i = 0; i < criteria->count; i++) {
    const imap4i_key *key = &criteria->keys[i];
    if (!criteria->wanted[i] || key->kind != IMAP4I_KEY_HEADER || !imap4i_istarts(field, key->field))
      continue;
    imap4_str rest = imap4i_tail(field, key->field.n);
    if (key->field.n == 0) return true; /* lines without a name */
    if (rest.n > 0 && (*rest.p == ':' || *rest.p == ' ' || *rest.p == '\t')) return true;
  }
  return false;
}

/* A header that is only asked for fields by their names. */
static int sift_names(imap4i_search *search, imap4_str header, bool *news) {
  imap4i_field_span span = {0, 0};
  while (span.end < header.n && imap4i_field_span_find(header, span.end, span.end, &span)) {
    if (!is_asked_for(search, imap4i_str(header.p + span.begin, span.end - span.begin))) continue;
    int status = feed_field(search, header, span, news);
    if (status != IMAP4_OK) return status;
  }
  return IMAP4_OK;
}

/* A header that is searched as text. */
static int sift_text(imap4i_search *search, imap4_str header, bool *news) {
  const size_t first = search->matcher.count > 1 ? AHEAD : header.n;
  size_t from = 0, at = 0, ahead = first;
  imap4i_field_span span;
  for (;;) {
    imap4_str next = imap4i_tail(header, at);
    next.n = imap4i_min(next.n, ahead);
    size_t quiet = imap4i_matcher_quiet(&search->matcher, next, true);
    if (at + quiet == header.n) return IMAP4_OK;
    if (quiet == next.n) {
      at += quiet - IMAP4I_SIEVE_RUN; /* a run may have begun */
      ahead *= 2;
      continue;
    }
    if (!imap4i_field_span_find(header, from, at + quiet, &span)) return IMAP4_OK;
    int status = feed_field(search, header, span, news);
    if (status != IMAP4_OK) return status;
    from = at = span.end;
    ahead = first;
  }
}

/* A piece of the segment under way. */
static int feed_piece(imap4i_search *search, imap4_str data, bool last) {
  bool news = false;
  bool is_body = search->segments[search->at].kind == SEGMENT_BODY;
  int status = is_body                    ? imap4i_haystack_feed(&search->haystack, data, last, &news)
               : !is_sifted(search, data) ? feed_header(search, data, last, &news)
               : search->wants_text       ? sift_text(search, data, &news)
                                          : sift_names(search, data, &news);
  if (status != IMAP4_OK) return status;
  if (news) found_needles(search);
  if (last) end_segment(search);
  return news || last ? settle(search) : IMAP4I_SEARCH_UNDECIDED;
}

int imap4i_search_feed(imap4i_search *search, imap4_str data) {
  size_t at = search->at;
  if (at == search->segment_count) return settle(search);
  const segment *now = &search->segments[at];
  bool ends = data.n == 0;
  if (!search->begun) {
    int status = begin_segment(search, now);
    if (status != IMAP4_OK) return status;
  }
  int result;
  do {
    uint64_t left = now->length - search->taken;
    size_t n = imap4i_min(data.n, STEP);
    if (n > left) n = (size_t)left;
    search->taken += n;
    result = feed_piece(search, imap4i_str(data.p, n), ends || n == left);
    data = imap4i_tail(data, n);
  } while (result == IMAP4I_SEARCH_UNDECIDED && search->at == at && data.n > 0);
  return result;
}

/* ---- the digest ----------------------------------------------------------------------------- */

/* Whether the digest tells of the field that a key asks for, and the key is not decided yet. */
static bool is_kept(const imap4i_search *search, imap4_str digest, size_t key) {
  const imap4i_criteria *criteria = &search->criteria;
  return criteria->keys[key].kind == IMAP4I_KEY_HEADER && criteria->values[key] == IMAP4I_UNKNOWN &&
         imap4i_digest_keeps(digest, criteria->keys[key].field);
}

/* The fields that the digest keeps are searched as a header of their own, by their names alone. */
static int look_at_kept(imap4i_search *search, imap4_str digest) {
  imap4i_criteria *criteria = &search->criteria;
  imap4_str fields = imap4i_digest_fields(digest);
  bool wants_text = search->wants_text;
  bool any = false;
  bool news = false;
  for (size_t i = 0; i < criteria->count; i++)
    any = any || (criteria->wanted[i] && is_kept(search, digest, i));
  if (!any) return IMAP4_OK;
  search->segment_count = search->at = 0;
  const segment *header = add_segment(search, SEGMENT_HEADER, 0, fields.n);
  if (!header) return IMAP4_ERR_NOMEM;
  search->wants_text = false;
  int status = begin_segment(search, header);
  if (status == IMAP4_OK) status = sift_names(search, fields, &news);
  search->wants_text = wants_text;
  search->segment_count = 0;
  search->begun = false;
  found_needles(search);
  for (size_t i = 0; i < criteria->count; i++) {
    if (is_kept(search, digest, i)) criteria->values[i] = IMAP4I_FALSE;
  }
  return status;
}

int imap4i_search_digest(imap4i_search *search, imap4_str digest) {
  imap4i_criteria *criteria = &search->criteria;
  imap4_date date = imap4i_digest_date(digest);
  for (size_t i = 0; i < criteria->count; i++) {
    const imap4i_key *key = &criteria->keys[i];
    if (is_sent(key->kind)) {
      criteria->values[i] =
          compare_day(key->kind - IMAP4I_KEY_SENTBEFORE + IMAP4I_KEY_BEFORE, date, key->day);
    }
  }
  int result = decide(search);
  if (result == IMAP4I_SEARCH_UNDECIDED && search->wants_fields) {
    int status = look_at_kept(search, digest);
    if (status != IMAP4_OK) return status;
    result = decide(search);
  }
  if (result != IMAP4I_SEARCH_UNDECIDED) return result;
  search->segment_count = search->at = 0;
  imap4i_buf_clear(&search->charsets);
  imap4i_part part;
  for (size_t i = 0; imap4i_digest_part(digest, i, &part); i++) {
    if (!add_part(search, &part, i == 0)) return IMAP4_ERR_NOMEM;
  }
  return settle(search);
}
