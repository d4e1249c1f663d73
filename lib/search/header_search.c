/* SPDX-License-Identifier: MIT */
/* Headers in SEARCH; see header_search.h. */
#include "search/header_search.h"

#include "imap4/error.h"
#include "mail/encoded_word.h"
#include "mail/text.h"
#include "search/address_text.h"
#include "search/field_span.h"

/* Octets of a header that several needles are asked about at once behind a field that one may be in. */
#define AHEAD_LOUD 128

void imap4i_header_search_init(imap4i_header_search *search, imap4i_mem *mem, const imap4_limits *limits,
                               imap4i_criteria *criteria, imap4i_terms *terms, imap4i_haystack *haystack) {
  search->mem = mem;
  search->criteria = criteria;
  search->terms = terms;
  search->haystack = haystack;
  search->word_max = limits->encoded_words;
  imap4i_field_reader_init(&search->fields, mem, limits->header_field_octets);
  imap4i_buf_init(&search->decoded, mem, SIZE_MAX / 4);
  imap4i_buf_init(&search->line, mem, SIZE_MAX / 4);
  imap4i_buf_init(&search->folded, mem, SIZE_MAX / 4);
}

void imap4i_header_search_free(imap4i_header_search *search) {
  imap4i_field_reader_free(&search->fields);
  imap4i_buf_free(&search->decoded);
  imap4i_buf_free(&search->line);
  imap4i_buf_free(&search->folded);
}

int imap4i_header_search_begin(imap4i_header_search *search, unsigned as) {
  imap4i_field_reader_restart(&search->fields);
  if (!(as & IMAP4I_AS_TEXT)) return IMAP4_OK;
  return imap4i_haystack_begin(search->haystack, IMAP4I_TRANSFER_IDENTITY, (imap4_str){0});
}

/* ---- a field -------------------------------------------------------------------------------- */

static bool is_named(const imap4i_key *key, imap4_str name, bool addresses) {
  return key->kind == IMAP4I_KEY_HEADER && key->addresses == addresses && imap4i_ieq(key->field, name);
}

/* A field of the message's header: look at its text or its addresses for HEADER keys. */
static bool look_at_field(imap4i_header_search *search, imap4_str name, imap4_str value, bool addresses,
                          bool *news) {
  imap4i_criteria *criteria = search->criteria;
  imap4i_terms *terms = search->terms;
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

/* Whether a key that is not decided yet asks for the text or the addresses of the field. */
static bool is_wanted_field(const imap4i_header_search *search, imap4_str name, bool addresses) {
  const imap4i_criteria *criteria = search->criteria;
  if (!(search->as & IMAP4I_AS_FIELDS)) return false;
  for (size_t i = 0; i < criteria->count; i++) {
    if (criteria->wanted[i] && is_named(&criteria->keys[i], name, addresses)) return true;
  }
  return false;
}

/* Look at |line|: a field named |field->name|, whose value begins at |start|. */
static int look_at_text(imap4i_header_search *search, const imap4i_field *field, imap4i_buf *line,
                        size_t start, bool *news) {
  imap4_str value = imap4i_tail(imap4i_buf_str(line), start);
  while (value.n > 0 && imap4i_is_blank(*value.p))
    value = imap4i_tail(value, 1);
  if (is_wanted_field(search, field->name, false) &&
      !look_at_field(search, field->name, value, false, news)) {
    return IMAP4_ERR_NOMEM;
  }
  if (!(search->as & IMAP4I_AS_TEXT)) return IMAP4_OK;
  if (!imap4i_buf_puts(line, IMAP4I_S("\r\n"))) return IMAP4_ERR_NOMEM;
  return imap4i_haystack_feed(search->haystack, imap4i_buf_str(line), false, news);
}

/* The text of a field is what it is without its line ends.  But lines are folded at white space of any kind,
 * and readers think of one space there; so it is looked at in that way too. */
static int take_text(imap4i_header_search *search, const imap4i_field *field, bool *news) {
  imap4i_buf *decoded = &search->decoded;
  imap4i_buf *line = &search->line;
  imap4i_buf_clear(decoded);
  int status = imap4i_encoded_words(field->value, search->word_max, search->haystack->charsets, decoded);
  imap4_str value = imap4i_buf_str(decoded);
  bool folded = value.n > 0 && memchr(value.p, '\n', value.n);
  for (int spaces = 0; status == IMAP4_OK && spaces <= (folded ? 1 : 0); spaces++) {
    imap4i_buf_clear(line);
    if (!imap4i_buf_puts(line, field->head) || !imap4i_buf_puts(line, value)) return IMAP4_ERR_NOMEM;
    size_t start = field->head.n;
    if (value.n > 0) line->n = start + imap4i_unfold(line->p + start, value.n, spaces);
    status = look_at_text(search, field, line, start, news);
  }
  return status;
}

static int take_addresses(imap4i_header_search *search, const imap4i_field *field, bool *news) {
  imap4i_buf_clear(&search->line);
  imap4i_buf_clear(&search->decoded);
  int status = imap4i_address_text(search->mem, field->value, &search->line);
  if (status == IMAP4_OK) {
    status = imap4i_encoded_words(imap4i_buf_str(&search->line), search->word_max, search->haystack->charsets,
                                  &search->decoded);
  }
  if (status != IMAP4_OK) return status;
  return look_at_field(search, field->name, imap4i_buf_str(&search->decoded), true, news) ? IMAP4_OK
                                                                                          : IMAP4_ERR_NOMEM;
}

static int take_field(imap4i_header_search *search, const imap4i_field *field, bool *news) {
  int status = IMAP4_OK;
  if ((search->as & IMAP4I_AS_TEXT) || is_wanted_field(search, field->name, false)) {
    status = take_text(search, field, news);
  }
  if (status == IMAP4_OK && is_wanted_field(search, field->name, true)) {
    status = take_addresses(search, field, news);
  }
  return status;
}

/* The rest of the header, if |last|; else more of it. */
static int take_fields(imap4i_header_search *search, imap4_str data, bool last, bool *news) {
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

/* ---- a header as a whole -------------------------------------------------------------------- */

/* The field at |span|, as if the header had no other. */
static int feed_field(imap4i_header_search *search, imap4_str header, imap4i_field_span span, bool *news) {
  imap4i_field_reader_restart(&search->fields);
  imap4i_matcher_restart(search->haystack->matcher);
  return take_fields(search, imap4i_str(header.p + span.begin, span.end - span.begin), true, news);
}

/* Whether a field that begins like |field| may have a name that is asked for. */
static bool is_asked_for(const imap4i_header_search *search, imap4_str field) {
  const imap4i_criteria *criteria = search->criteria;
  for (size_t i = 0; i < criteria->count; i++) {
    const imap4i_key *key = &criteria->keys[i];
    if (!criteria->wanted[i] || key->kind != IMAP4I_KEY_HEADER || !imap4i_istarts(field, key->field))
      continue;
    imap4_str rest = imap4i_tail(field, key->field.n);
    if (key->field.n == 0) return true; /* lines without a name */
    if (rest.n > 0 && (*rest.p == ':' || imap4i_is_blank(*rest.p))) return true;
  }
  return false;
}

/* A header in which fields are only looked for by their names. */
static int sift_names(imap4i_header_search *search, imap4_str header, bool *news) {
  imap4i_field_span span = {0, 0};
  while (span.end < header.n && imap4i_field_span_find(header, span.end, span.end, &span)) {
    if (!is_asked_for(search, imap4i_str(header.p + span.begin, span.end - span.begin))) continue;
    int status = feed_field(search, header, span, news);
    if (status != IMAP4_OK) return status;
  }
  return IMAP4_OK;
}

/* A header that is only searched as text: fields in which no needle can be are passed over. */
static int sift_text(imap4i_header_search *search, imap4_str header, bool *news) {
  const imap4i_matcher *matcher = search->haystack->matcher;
  const size_t first = imap4i_matcher_ahead(matcher, header.n);
  /* Behind a field that was not quiet there may be many such, and short ones. */
  const size_t loud = matcher->count > 1 ? AHEAD_LOUD : header.n;
  size_t from = 0, at = 0, ahead = first;
  imap4i_field_span span;
  for (;;) {
    imap4_str next = imap4i_tail(header, at);
    next.n = imap4i_min(next.n, ahead);
    size_t quiet = imap4i_matcher_quiet(matcher, next, true);
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
    ahead = imap4i_min(first, loud);
  }
}

/* ---- the interface -------------------------------------------------------------------------- */

int imap4i_header_search_feed(imap4i_header_search *search, imap4_str data, bool last, unsigned as,
                              bool *news) {
  search->as = as;
  return take_fields(search, data, last, news);
}

int imap4i_header_search_whole(imap4i_header_search *search, imap4_str header, unsigned as, bool *news) {
  search->as = as;
  if (as == IMAP4I_AS_FIELDS) return sift_names(search, header, news);
  bool by_fields = as == IMAP4I_AS_TEXT && imap4i_matcher_takes_fields(search->haystack->matcher);
  return by_fields ? sift_text(search, header, news) : take_fields(search, header, true, news);
}
