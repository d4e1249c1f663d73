/* SPDX-License-Identifier: MIT */
/*
 * The search machine; see search.h.  A message is a list of segments (segments.h) that are read in order:
 * headers by header_search.h, bodies by haystack.h.  After every piece the criteria are decided anew; a
 * segment that no wanted key looks at is passed over.  Keys only ever go from unknown to known, so what is
 * not wanted once stays so for the message.
 */
#include "search/search.h"

#include "mail/digest.h"
#include "search/criteria.h"
#include "search/haystack.h"
#include "search/header_search.h"
#include "search/segments.h"
#include "search/terms.h"

/* Octets that are searched before the criteria are decided anew. */
#define STEP 16384

struct imap4i_search {
  imap4i_mem *mem;
  uint32_t attributes;
  imap4i_criteria criteria;
  imap4i_terms terms;
  /* What wanted keys look at: fields of the message, all text, bodies. */
  bool wants_fields;
  bool wants_text;
  bool wants_body;
  /* The message under way. */
  imap4i_segments segments;
  size_t at;      /* segment */
  uint64_t taken; /* octets of it */
  bool begun;
  /* Where its octets go. */
  imap4i_header_search header;
  imap4i_haystack haystack;
  imap4i_matcher matcher;
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
  case IMAP4I_KEY_MODSEQ:
    return IMAP4_ATTR_MODSEQ;
  case IMAP4I_KEY_BEFORE:
  case IMAP4I_KEY_ON:
  case IMAP4I_KEY_SINCE:
  case IMAP4I_KEY_OLDER:
  case IMAP4I_KEY_YOUNGER:
    return IMAP4_ATTR_INTERNALDATE;
  case IMAP4I_KEY_SAVEDBEFORE:
  case IMAP4I_KEY_SAVEDON:
  case IMAP4I_KEY_SAVEDSINCE:
    return IMAP4_ATTR_INTERNALDATE | IMAP4_ATTR_SAVEDATE;
  case IMAP4I_KEY_SAVEDATESUPPORTED:
    return IMAP4_ATTR_SAVEDATE;
  case IMAP4I_KEY_EMAILID:
  case IMAP4I_KEY_THREADID:
    return IMAP4_ATTR_OBJECTID;
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
  search->criteria.mem = mem;
  search->terms.mem = mem;
  search->terms.arena.mem = mem;
  search->matcher.mem = mem;
  imap4i_segments_init(&search->segments, mem);
  imap4i_haystack_init(&search->haystack, &search->matcher, &search->converters);
  imap4i_header_search_init(&search->header, mem, limits, &search->criteria, &search->terms,
                            &search->haystack);
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
  imap4i_header_search_free(&search->header);
  imap4i_charset_cache_free(&search->converters);
  imap4i_matcher_free(&search->matcher);
  imap4i_terms_free(&search->terms);
  imap4i_criteria_free(&search->criteria);
  imap4i_segments_free(&search->segments);
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
  case IMAP4I_KEY_MODSEQ:
    return truth(row->modseq >= key->number);
  case IMAP4I_KEY_BEFORE:
  case IMAP4I_KEY_ON:
  case IMAP4I_KEY_SINCE:
    return compare_day(key->kind, row->internaldate, key->day);
  case IMAP4I_KEY_OLDER:
    return truth(row->internaldate.present && row->internaldate.seconds <= key->second);
  case IMAP4I_KEY_YOUNGER:
    return truth(row->internaldate.present && row->internaldate.seconds >= key->second);
  case IMAP4I_KEY_SAVEDBEFORE:
  case IMAP4I_KEY_SAVEDON:
  case IMAP4I_KEY_SAVEDSINCE:
    return compare_day(key->kind - IMAP4I_KEY_SAVEDBEFORE + IMAP4I_KEY_BEFORE,
                       row->saved.present ? row->saved : row->internaldate, key->day);
  case IMAP4I_KEY_SAVEDATESUPPORTED:
    return truth(row->saved.present != 0);
  case IMAP4I_KEY_EMAILID:
    return truth(imap4i_eq(row->email_id, key->text));
  case IMAP4I_KEY_THREADID:
    return truth(imap4i_eq(row->thread_id, key->text));
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

/* Kinds of segments that wanted keys look at, a bit for each. */
static unsigned wanted_kinds(const imap4i_search *search) {
  unsigned header = 1u << IMAP4I_SEGMENT_HEADER, body = 1u << IMAP4I_SEGMENT_BODY;
  if (search->wants_text) return header | 1u << IMAP4I_SEGMENT_MIME | body;
  return (search->wants_fields ? header : 0) | (search->wants_body ? body : 0);
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
  imap4i_segments_clear(&search->segments);
  search->at = 0;
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

/* ---- segments -------------------------------------------------------------------------------- */

/* A segment is over: keys that looked at no other are false. */
static void end_segment(imap4i_search *search) {
  imap4i_criteria *criteria = &search->criteria;
  if (search->segments.p[search->at].kind == IMAP4I_SEGMENT_HEADER) {
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

/* Decide; if that is not possible, go on to a segment that is wanted. */
static int settle(imap4i_search *search) {
  imap4i_criteria *criteria = &search->criteria;
  for (;;) {
    int result = decide(search);
    if (result != IMAP4I_SEARCH_UNDECIDED) {
      search->at = search->segments.n;
      return result;
    }
    unsigned kinds = wanted_kinds(search);
    while (search->at < search->segments.n && !(kinds >> search->segments.p[search->at].kind & 1)) {
      end_segment(search);
    }
    if (search->at < search->segments.n) return result;
    /* All was read: what was not found is not there. */
    for (size_t i = 0; i < criteria->count; i++) {
      if (criteria->values[i] == IMAP4I_UNKNOWN) criteria->values[i] = IMAP4I_FALSE;
    }
  }
}

bool imap4i_search_need(imap4i_search *search, uint64_t *offset, uint64_t *length) {
  if (search->at == search->segments.n) return false;
  const imap4i_segment *now = &search->segments.p[search->at];
  *offset = now->offset + search->taken;
  *length = now->length - search->taken;
  return true;
}

/* ---- octets --------------------------------------------------------------------------------- */

/* Keys are true whose needles were found. */
static void note_found(imap4i_search *search) {
  imap4i_terms *terms = &search->terms;
  for (size_t i = 0; i < terms->needle_count; i++) {
    if (terms->needles[i].found) search->criteria.values[terms->owners[i]] = IMAP4I_TRUE;
  }
}

/* Look for the needles of wanted keys that a segment of this kind can have. */
static void set_needles(imap4i_search *search, unsigned kind) {
  const imap4i_criteria *criteria = &search->criteria;
  imap4i_terms *terms = &search->terms;
  for (size_t i = 0; i < terms->needle_count; i++) {
    size_t key = terms->owners[i];
    terms->needles[i].wanted =
        criteria->wanted[key] && (kind == IMAP4I_SEGMENT_BODY || criteria->keys[key].kind != IMAP4I_KEY_BODY);
  }
}

/* What a header is searched as. */
static unsigned header_as(const imap4i_search *search, unsigned kind) {
  bool fields = kind == IMAP4I_SEGMENT_HEADER && search->wants_fields;
  return (fields ? IMAP4I_AS_FIELDS : 0) | (search->wants_text ? IMAP4I_AS_TEXT : 0);
}

static int begin_segment(imap4i_search *search, const imap4i_segment *now) {
  set_needles(search, now->kind);
  search->begun = true;
  if (now->kind != IMAP4I_SEGMENT_BODY) {
    return imap4i_header_search_begin(&search->header, header_as(search, now->kind));
  }
  return imap4i_haystack_begin(&search->haystack, now->transfer,
                               imap4i_segment_charset(&search->segments, now));
}

/* A piece of the segment under way. */
static int feed_piece(imap4i_search *search, imap4_str data, bool last) {
  const imap4i_segment *now = &search->segments.p[search->at];
  unsigned as = header_as(search, now->kind);
  bool news = false;
  int status = now->kind == IMAP4I_SEGMENT_BODY ? imap4i_haystack_feed(&search->haystack, data, last, &news)
               : data.n == now->length          ? imap4i_header_search_whole(&search->header, data, as, &news)
                                       : imap4i_header_search_feed(&search->header, data, last, as, &news);
  if (status != IMAP4_OK) return status;
  if (news) note_found(search);
  if (last) end_segment(search);
  return news || last ? settle(search) : IMAP4I_SEARCH_UNDECIDED;
}

int imap4i_search_feed(imap4i_search *search, imap4_str data) {
  size_t at = search->at;
  if (at == search->segments.n) return settle(search);
  const imap4i_segment *now = &search->segments.p[at];
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
  bool any = false;
  bool news = false;
  for (size_t i = 0; i < criteria->count; i++)
    any = any || (criteria->wanted[i] && is_kept(search, digest, i));
  if (!any) return IMAP4_OK;
  set_needles(search, IMAP4I_SEGMENT_HEADER);
  int status = imap4i_header_search_begin(&search->header, IMAP4I_AS_FIELDS);
  if (status == IMAP4_OK) {
    status =
        imap4i_header_search_whole(&search->header, imap4i_digest_fields(digest), IMAP4I_AS_FIELDS, &news);
  }
  note_found(search);
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
  if (!imap4i_segments_make(&search->segments, digest, wanted_kinds(search))) return IMAP4_ERR_NOMEM;
  return settle(search);
}
