/* SPDX-License-Identifier: MIT */
/* Sets and needles of SEARCH keys; see terms.h. */
#include "search/terms.h"

#include "base/casefold.h"

static bool is_set(const imap4i_key *key) {
  return key->kind == IMAP4I_KEY_SEQUENCE || key->kind == IMAP4I_KEY_UID;
}

static bool is_text(const imap4i_key *key) {
  return key->kind == IMAP4I_KEY_BODY || key->kind == IMAP4I_KEY_TEXT;
}

static bool add_range(imap4i_set_term *term, imap4i_set_range range) {
  if (range.first != IMAP4I_STAR && range.last != IMAP4I_STAR) {
    bool up = range.first <= range.last;
    return imap4i_uidset_add(&term->numbers, up ? range.first : range.last, up ? range.last : range.first);
  }
  uint32_t other = range.first == IMAP4I_STAR ? range.last : range.first;
  uint32_t from = other == IMAP4I_STAR ? UINT32_MAX : other;
  if (!term->open || from < term->from) term->from = from;
  term->open = true;
  return true;
}

static bool add_set(imap4i_terms *terms, const imap4i_key *key, size_t index) {
  imap4i_set_term *term = &terms->sets[terms->set_count++];
  *term = (imap4i_set_term){.key = index};
  imap4i_uidset_init(&term->numbers, terms->mem);
  for (size_t i = 0; i < key->set.n; i++) {
    if (!add_range(term, key->set.p[i])) return false;
  }
  return true;
}

static bool add_needle(imap4i_terms *terms, const imap4i_key *key, size_t index) {
  if (key->text.n == 0) return true;
  imap4i_buf folded;
  imap4i_buf_init(&folded, terms->mem, SIZE_MAX / 4);
  bool ok = imap4i_fold_str(key->text, &folded);
  imap4_str text = {0};
  if (ok) text = imap4i_arena_str(&terms->arena, imap4i_buf_str(&folded), &ok);
  imap4i_buf_free(&folded);
  if (!ok) return false;
  imap4i_needle_init(&terms->needles[terms->needle_count], text);
  terms->owners[terms->needle_count++] = index;
  return true;
}

static bool add_all(imap4i_terms *terms, const imap4i_search_args *args) {
  for (size_t i = 0; i < args->count; i++) {
    if (is_set(&args->keys[i]) && !add_set(terms, &args->keys[i], i)) return false;
  }
  for (size_t i = 0; i < args->count; i++) {
    if (args->keys[i].kind == IMAP4I_KEY_HEADER && !add_needle(terms, &args->keys[i], i)) return false;
  }
  terms->header_count = terms->needle_count;
  for (size_t i = 0; i < args->count; i++) {
    if (is_text(&args->keys[i]) && !add_needle(terms, &args->keys[i], i)) return false;
  }
  return true;
}

bool imap4i_terms_init(imap4i_terms *terms, imap4i_mem *mem, const imap4i_search_args *args) {
  *terms = (imap4i_terms){.mem = mem};
  imap4i_arena_init(&terms->arena, mem);
  size_t sets = 0, needles = 0;
  for (size_t i = 0; i < args->count; i++) {
    sets += is_set(&args->keys[i]);
    needles += args->keys[i].kind == IMAP4I_KEY_HEADER || is_text(&args->keys[i]);
  }
  terms->sets = imap4i_arena_array(&terms->arena, sets, sizeof *terms->sets);
  terms->needles = imap4i_arena_array(&terms->arena, needles, sizeof *terms->needles);
  terms->owners = imap4i_arena_array(&terms->arena, needles, sizeof *terms->owners);
  if (terms->sets && terms->needles && terms->owners && add_all(terms, args)) return true;
  imap4i_terms_free(terms);
  return false;
}

void imap4i_terms_free(imap4i_terms *terms) {
  for (size_t i = 0; i < terms->set_count; i++) {
    imap4i_uidset_free(&terms->sets[i].numbers);
  }
  for (size_t i = 0; i < terms->needle_count; i++) {
    imap4i_needle_free(&terms->needles[i], terms->mem);
  }
  imap4i_arena_free(&terms->arena);
  *terms = (imap4i_terms){0};
}

bool imap4i_set_term_has(const imap4i_set_term *term, uint32_t number, uint32_t largest) {
  if (term->open && number >= (term->from < largest ? term->from : largest)) return true;
  return imap4i_ranges_has(imap4i_uidset_ranges(&term->numbers), number);
}
