/* SPDX-License-Identifier: MIT */
/* Needles in a stream of octets; see matcher.h. */
#include "search/matcher.h"

#define AHEAD 1024

/* Octets of folded mail from the most frequent down; those that are not here are rarer. */
static const char frequent[] =
    " ETAOINSRHLDCUMFPGWYB.\r\n,=VK-0123/:>\";456789<_X'QJZ()+@\303\320\321\342\314";

static size_t rarity(char c) {
  const char *p = memchr(frequent, c, sizeof frequent - 1);
  return p ? (size_t)(p - frequent) : sizeof frequent;
}

void imap4i_needle_init(imap4i_needle *needle, imap4_str text) {
  *needle = (imap4i_needle){.text = text};
  for (size_t i = 1; i < text.n; i++) {
    if (rarity(text.p[i]) > rarity(text.p[needle->rarest])) needle->rarest = i;
  }
  imap4i_sieve_init(&needle->sieve, text, rarity);
}

void imap4i_needle_free(imap4i_needle *needle, imap4i_mem *mem) {
  imap4i_free(mem, needle->borders, needle->text.n * sizeof(uint32_t));
  needle->borders = NULL;
}

/* One more octet of text or needle: how much of the needle ends here, if |matched| of it ended before. */
static size_t advance(const imap4i_needle *needle, size_t matched, char c) {
  while (matched > 0 && needle->text.p[matched] != c) {
    matched = needle->borders[matched - 1];
  }
  return needle->text.p[matched] == c ? matched + 1 : 0;
}

static bool make_borders(imap4i_needle *needle, imap4i_mem *mem) {
  size_t n = needle->text.n;
  if (n > SIZE_MAX / sizeof(uint32_t) || n > UINT32_MAX) return false;
  needle->borders = imap4i_calloc(mem, n * sizeof(uint32_t));
  if (!needle->borders) return false;
  size_t border = 0;
  for (size_t i = 1; i < n; i++) {
    border = advance(needle, border, needle->text.p[i]);
    needle->borders[i] = (uint32_t)border;
  }
  return true;
}

/* Look in what is new to a needle that has borders. */
static void step_through(imap4i_needle *needle, imap4_str text) {
  for (size_t i = 0; i < text.n; i++) {
    needle->matched = advance(needle, needle->matched, text.p[i]);
    if (needle->matched == needle->text.n) {
      needle->found = true;
      return;
    }
  }
}

/* Whether comparing has cost so much more than the text is long that it is better to be careful.  Short
 * needles can't cost much. */
static bool is_hostile(const imap4i_needle *needle) {
  return needle->text.n > 16 && needle->compared / 8 > needle->searched + 8192;
}

/* Look for matches that begin anywhere in |text| and end in it; stop early when the text is hostile. */
static void jump_through(imap4i_needle *needle, imap4_str text) {
  imap4_str want = needle->text;
  if (text.n < want.n) return;
  const char *first = text.p + needle->rarest;
  const char *end = first + (text.n - want.n + 1);
  for (const char *p = first; p < end; p++) {
    p = memchr(p, want.p[needle->rarest], (size_t)(end - p));
    if (!p) return;
    const char *start = p - needle->rarest;
    if (start[0] != want.p[0] || start[want.n - 1] != want.p[want.n - 1]) continue;
    if (memcmp(start, want.p, want.n) == 0) {
      needle->found = true;
      return;
    }
    needle->compared += want.n;
    if (is_hostile(needle)) return;
  }
}

/* |text| ends with |fresh| octets that were not searched before. */
static bool look(imap4i_needle *needle, imap4i_mem *mem, imap4_str text, size_t fresh) {
  needle->searched += fresh;
  if (!needle->borders) {
    size_t keep = imap4i_min(needle->text.n - 1, text.n - fresh);
    text = imap4i_tail(text, text.n - fresh - keep);
    jump_through(needle, text);
    if (needle->found || !is_hostile(needle)) return true;
    if (!make_borders(needle, mem)) return false;
    needle->matched = 0;
    fresh = text.n;
  }
  step_through(needle, imap4i_tail(text, text.n - fresh));
  return true;
}

bool imap4i_needle_look(imap4i_needle *needle, imap4i_mem *mem, imap4_str text) {
  needle->matched = 0;
  return look(needle, mem, text, text.n);
}

bool imap4i_matcher_init(imap4i_matcher *matcher, imap4i_mem *mem, imap4i_needle *needles, size_t count) {
  *matcher = (imap4i_matcher){.mem = mem, .needles = needles, .count = count};
  for (size_t i = 0; i < count; i++) {
    if (needles[i].text.n - 1 > matcher->keep) matcher->keep = needles[i].text.n - 1;
  }
  if (matcher->keep > SIZE_MAX / 4) return false;
  /* Room for as many new octets as are kept, so that each octet is moved about once. */
  size_t room = matcher->keep > IMAP4I_MATCHER_ROOM ? matcher->keep : IMAP4I_MATCHER_ROOM;
  size_t capacity = matcher->keep + room;
  matcher->window = imap4i_alloc(mem, capacity);
  if (!matcher->window) return false;
  matcher->capacity = capacity;
  return true;
}

void imap4i_matcher_free(imap4i_matcher *matcher) {
  imap4i_free(matcher->mem, matcher->window, matcher->capacity);
  *matcher = (imap4i_matcher){0};
}

void imap4i_matcher_restart(imap4i_matcher *matcher) {
  matcher->end = 0;
  matcher->searched = 0;
  for (size_t i = 0; i < matcher->count; i++) {
    matcher->needles[i].matched = 0;
  }
}

char *imap4i_matcher_room(imap4i_matcher *matcher, size_t *room) {
  if (matcher->capacity - matcher->end < IMAP4I_MATCHER_ROOM) {
    size_t keep = imap4i_min(matcher->keep, matcher->end);
    memmove(matcher->window, matcher->window + matcher->end - keep, keep);
    matcher->end = keep;
    matcher->searched = keep;
  }
  *room = matcher->capacity - matcher->end;
  return matcher->window + matcher->end;
}

static bool is_active(const imap4i_needle *needle) {
  return needle->wanted && !needle->found;
}

bool imap4i_matcher_added(imap4i_matcher *matcher, size_t n, bool *news) {
  matcher->end += n;
  imap4_str text = {matcher->window, matcher->end};
  size_t fresh = matcher->end - matcher->searched;
  for (size_t i = 0; i < matcher->count; i++) {
    imap4i_needle *needle = &matcher->needles[i];
    if (!is_active(needle)) continue;
    if (!look(needle, matcher->mem, text, fresh)) return false;
    if (needle->found) *news = true;
  }
  matcher->searched = matcher->end;
  return true;
}

size_t imap4i_matcher_quiet(const imap4i_matcher *matcher, imap4_str text, bool header) {
  for (size_t i = 0; i < matcher->count && text.n > 0; i++) {
    const imap4i_needle *needle = &matcher->needles[i];
    if (!is_active(needle)) continue;
    text.n = header ? imap4i_sieve_header(&needle->sieve, text) : imap4i_sieve_body(&needle->sieve, text);
  }
  return text.n;
}

size_t imap4i_matcher_ahead(const imap4i_matcher *matcher, size_t n) {
  return matcher->count > 1 ? AHEAD : n;
}

bool imap4i_matcher_takes_fields(const imap4i_matcher *matcher) {
  for (size_t i = 0; i < matcher->count; i++) {
    const imap4i_needle *needle = &matcher->needles[i];
    if (is_active(needle) && (needle->sieve.blind || needle->sieve.crosses)) return false;
  }
  return true;
}
