/* SPDX-License-Identifier: MIT */
/*
 * Sets as ascending ranges; see uidset.h.  All searching is binary and all rewriting is one pass over the
 * ranges concerned.  4294967295 is a legal member, so "one more than |last|" is never computed unless
 * something larger than |last| is known to exist.
 */
#include "base/uidset.h"

#define FIRST_CAPACITY 4

void imap4i_uidset_init(imap4i_uidset *set, imap4i_mem *mem) {
  *set = (imap4i_uidset){.mem = mem};
}

void imap4i_uidset_free(imap4i_uidset *set) {
  imap4i_free(set->mem, set->p, set->capacity * sizeof *set->p);
  imap4i_uidset_init(set, set->mem);
}

bool imap4i_ranges_valid(imap4_uid_ranges ranges) {
  uint32_t before = 0;
  if (ranges.n > 0 && !ranges.p) return false;
  for (size_t i = 0; i < ranges.n; i++) {
    imap4_uid_range range = ranges.p[i];
    if (range.first <= before || range.last < range.first) return false;
    before = range.last;
  }
  return true;
}

uint64_t imap4i_ranges_count(imap4_uid_ranges ranges) {
  uint64_t count = 0;
  for (size_t i = 0; i < ranges.n; i++)
    count += (uint64_t)(ranges.p[i].last - ranges.p[i].first) + 1;
  return count;
}

bool imap4i_ranges_has(imap4_uid_ranges ranges, uint32_t uid) {
  size_t i = imap4i_ranges_find(ranges, uid);
  return i < ranges.n && ranges.p[i].first <= uid;
}

size_t imap4i_ranges_find(imap4_uid_ranges ranges, uint32_t uid) {
  size_t low = 0, high = ranges.n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (ranges.p[middle].last < uid) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* The same from |from| on, before which all ranges end below |uid|.  What is near is found fast, so a few
 * ranges meet many in little time, and many meet many in the time that it takes to look at all. */
static size_t find_from(imap4_uid_ranges ranges, size_t from, uint32_t uid) {
  size_t step = 1;
  for (; step <= ranges.n - from && ranges.p[from + step - 1].last < uid; step *= 2)
    from += step;
  size_t left = ranges.n - from;
  return from + imap4i_ranges_find((imap4_uid_ranges){ranges.p + from, step < left ? step : left}, uid);
}

uint32_t imap4i_ranges_at(imap4_uid_ranges ranges, uint64_t index) {
  for (size_t i = 0; i < ranges.n; i++) {
    uint32_t beyond = ranges.p[i].last - ranges.p[i].first;
    if (index <= beyond) return ranges.p[i].first + (uint32_t)index;
    index -= (uint64_t)beyond + 1;
  }
  return 0;
}

uint64_t imap4i_ranges_rank(imap4_uid_ranges ranges, uint32_t uid) {
  size_t at = imap4i_ranges_find(ranges, uid);
  uint64_t rank = imap4i_ranges_count((imap4_uid_ranges){ranges.p, at});
  if (at < ranges.n && ranges.p[at].first < uid) rank += uid - ranges.p[at].first;
  return rank;
}

uint32_t imap4i_ranges_next(imap4_uid_ranges ranges, uint32_t uid) {
  if (uid == UINT32_MAX) return 0;
  size_t at = imap4i_ranges_find(ranges, uid + 1);
  if (at == ranges.n) return 0;
  return ranges.p[at].first > uid ? ranges.p[at].first : uid + 1;
}

static bool set_capacity(imap4i_uidset *set, size_t capacity) {
  if (capacity > SIZE_MAX / sizeof *set->p) return false;
  size_t size = sizeof *set->p;
  imap4_uid_range *p = imap4i_resize(set->mem, set->p, set->capacity * size, capacity * size);
  if (!p && capacity > 0) return false;
  set->p = p;
  set->capacity = capacity;
  return true;
}

/* Room for |more| ranges: twice what there was if that is to be had, else just enough. */
static bool reserve(imap4i_uidset *set, size_t more) {
  if (more <= set->capacity - set->n) return true;
  if (more > SIZE_MAX - set->n) return false;
  size_t need = set->n + more;
  size_t ample = set->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : set->capacity;
  if (ample <= SIZE_MAX / 2 && set->capacity >= FIRST_CAPACITY) ample *= 2;
  if (ample > need && set_capacity(set, ample)) return true;
  return set_capacity(set, need);
}

/* Give memory back after much was removed.  Failing to is harmless. */
static void shrink(imap4i_uidset *set) {
  if (set->n > 0 && (set->capacity <= FIRST_CAPACITY || set->n >= set->capacity / 4)) return;
  if (set->capacity > 0) (void)set_capacity(set, set->n);
}

/* Whether |b|, which is not before |a|, overlaps or touches a range that ends at |a|. */
static bool joins(uint32_t a, uint32_t b) {
  return b <= a || b - a == 1;
}

/* Put a range at the end, which must not begin before the one that is last now. */
static bool append(imap4i_uidset *set, imap4_uid_range range) {
  if (set->n > 0 && joins(set->p[set->n - 1].last, range.first)) {
    imap4_uid_range *end = &set->p[set->n - 1];
    if (range.last > end->last) end->last = range.last;
    return true;
  }
  if (!reserve(set, 1)) return false;
  set->p[set->n++] = range;
  return true;
}

bool imap4i_uidset_add(imap4i_uidset *set, uint32_t first, uint32_t last) {
  if (set->n == 0 || first >= set->p[set->n - 1].first) return append(set, (imap4_uid_range){first, last});
  imap4_uid_ranges ranges = imap4i_uidset_ranges(set);
  /* Ranges |from| to |to| - 1 become one with the new range. */
  size_t from = imap4i_ranges_find(ranges, first > 0 ? first - 1 : 0);
  size_t to = last == UINT32_MAX ? set->n : imap4i_ranges_find(ranges, last + 1);
  if (to < set->n && joins(last, set->p[to].first)) to++;
  if (from == to) {
    if (!reserve(set, 1)) return false;
    memmove(set->p + from + 1, set->p + from, (set->n - from) * sizeof *set->p);
    set->p[from] = (imap4_uid_range){first, last};
    set->n++;
    return true;
  }
  if (set->p[from].first > first) set->p[from].first = first;
  set->p[from].last = set->p[to - 1].last > last ? set->p[to - 1].last : last;
  memmove(set->p + from + 1, set->p + to, (set->n - to) * sizeof *set->p);
  set->n -= to - from - 1;
  return true;
}

/*
 * The pieces of |range| that |cuts| leaves, to |to| unless that is NULL; returns their number.  |*at| is the
 * first cut that may matter, and moves on to what may matter for the range after this one.
 */
static size_t cut_range(imap4_uid_range range, imap4_uid_ranges cuts, size_t *at, imap4_uid_range *to) {
  size_t n = 0;
  *at = find_from(cuts, *at, range.first);
  for (; *at < cuts.n && cuts.p[*at].first <= range.last; ++*at) {
    imap4_uid_range cut = cuts.p[*at];
    if (cut.first > range.first) {
      if (to) to[n] = (imap4_uid_range){range.first, cut.first - 1};
      n++;
    }
    if (cut.last >= range.last) return n;
    range.first = cut.last + 1;
  }
  if (to) to[n] = range;
  return n + 1;
}

bool imap4i_uidset_subtract(imap4i_uidset *set, imap4_uid_ranges ranges) {
  if (ranges.n == 0) return true;
  size_t begin = imap4i_ranges_find(imap4i_uidset_ranges(set), ranges.p[0].first);
  size_t end = imap4i_ranges_find(imap4i_uidset_ranges(set), ranges.p[ranges.n - 1].last);
  if (end < set->n) end++;
  if (begin >= end) return true;
  size_t splits = 0, at = 0;
  for (size_t i = begin; i < end; i++) {
    size_t pieces = cut_range(set->p[i], ranges, &at, NULL);
    if (pieces > 1) splits += pieces - 1;
  }
  if (!reserve(set, splits)) return false;
  /* With the old ranges moved up by |splits|, writing never overtakes reading. */
  if (splits > 0) memmove(set->p + begin + splits, set->p + begin, (set->n - begin) * sizeof *set->p);
  size_t write = begin;
  at = 0;
  for (size_t i = begin; i < end; i++)
    write += cut_range(set->p[i + splits], ranges, &at, set->p + write);
  memmove(set->p + write, set->p + end + splits, (set->n - end) * sizeof *set->p);
  set->n = set->n - end + write;
  shrink(set);
  return true;
}

bool imap4i_uidset_intersect(imap4i_uidset *to, imap4_uid_ranges a, imap4_uid_ranges b) {
  to->n = 0;
  if (a.n == 0 || b.n == 0) return true;
  size_t i = imap4i_ranges_find(a, b.p[0].first);
  size_t j = imap4i_ranges_find(b, a.p[0].first);
  while (i < a.n && j < b.n) {
    uint32_t first = a.p[i].first > b.p[j].first ? a.p[i].first : b.p[j].first;
    uint32_t last = a.p[i].last < b.p[j].last ? a.p[i].last : b.p[j].last;
    if (first <= last && !append(to, (imap4_uid_range){first, last})) {
      to->n = 0;
      return false;
    }
    if (first <= last && last == UINT32_MAX) break;
    uint32_t next = first <= last ? last + 1 : first;
    i = find_from(a, i, next);
    j = find_from(b, j, next);
  }
  return true;
}

void imap4i_uidset_keep_highest(imap4i_uidset *set, uint64_t n) {
  size_t i = set->n;
  for (uint64_t size; i > 0 && (size = (uint64_t)(set->p[i - 1].last - set->p[i - 1].first) + 1) <= n; i--)
    n -= size;
  if (i > 0 && n > 0) {
    set->p[i - 1].first = set->p[i - 1].last - (uint32_t)(n - 1);
    i--;
  }
  if (i == 0) return;
  memmove(set->p, set->p + i, (set->n - i) * sizeof *set->p);
  set->n -= i;
  shrink(set);
}

bool imap4i_uidset_append(imap4i_uidset *set, imap4_uid_ranges ranges) {
  if (ranges.n == 0) return true;
  if (!reserve(set, ranges.n)) return false;
  imap4_uid_range *end = set->p + set->n;
  for (size_t i = 0; i < ranges.n; i++) {
    imap4_uid_range range = ranges.p[i];
    if (end == set->p || !joins(end[-1].last, range.first)) {
      *end++ = range;
    } else if (range.last > end[-1].last) {
      end[-1].last = range.last;
    }
  }
  set->n = (size_t)(end - set->p);
  return true;
}

bool imap4i_uidset_copy(imap4i_uidset *to, imap4_uid_ranges from) {
  if (from.n > to->capacity && !set_capacity(to, from.n)) return false;
  to->n = 0;
  return imap4i_uidset_append(to, from); /* ranges from outside may touch */
}
