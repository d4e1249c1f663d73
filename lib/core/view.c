/* SPDX-License-Identifier: MIT */
/* Sequence numbers and UIDs; see view.h. */
#include "core/view.h"

#include "imap4/error.h"
#include "wire/parser.h"

/* Ranges from one mark to the next. */
#define MARK_RANGES 64

/* Marks for all ranges that are there; without memory for them, counting takes longer and is right all the
 * same. */
static void make_marks(imap4i_view *view) {
  size_t need = view->uids.n > 0 ? (view->uids.n - 1) / MARK_RANGES : 0; /* the last range may still grow */
  if (view->marks_n >= need) return;
  if (need > view->marks_capacity) {
    size_t capacity = need * 2;
    uint32_t *p =
        imap4i_resize(view->uids.mem, view->marks, view->marks_capacity * sizeof *p, capacity * sizeof *p);
    if (!p) return;
    view->marks = p;
    view->marks_capacity = capacity;
  }
  for (; view->marks_n < need; view->marks_n++) {
    imap4_uid_ranges block = {view->uids.p + view->marks_n * MARK_RANGES, MARK_RANGES};
    uint32_t before = view->marks_n > 0 ? view->marks[view->marks_n - 1] : 0;
    view->marks[view->marks_n] = before + (uint32_t)imap4i_ranges_count(block);
  }
}

/* Messages before range |i|, and with |*from| the ranges that are counted in it already. */
static uint32_t mark_before(const imap4i_view *view, size_t i, size_t *from) {
  size_t mark = imap4i_min(i / MARK_RANGES, view->marks_n);
  *from = mark * MARK_RANGES;
  return mark > 0 ? view->marks[mark - 1] : 0;
}

uint32_t imap4i_view_seq(imap4i_view *view, uint32_t uid) {
  size_t from;
  make_marks(view);
  size_t i = imap4i_ranges_find(imap4i_uidset_ranges(&view->uids), uid);
  uint32_t before = mark_before(view, i, &from);
  return before +
         (uint32_t)imap4i_ranges_rank((imap4_uid_ranges){view->uids.p + from, view->uids.n - from}, uid) + 1;
}

uint32_t imap4i_view_uid(imap4i_view *view, uint32_t seq) {
  make_marks(view);
  size_t low = 0, high = view->marks_n; /* the last mark with fewer than |seq| messages before it */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (view->marks[middle] < seq) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  size_t from = low * MARK_RANGES;
  uint32_t before = low > 0 ? view->marks[low - 1] : 0;
  return imap4i_ranges_at((imap4_uid_ranges){view->uids.p + from, view->uids.n - from}, seq - 1 - before);
}

/* Number |number| of a set, where "*" is |largest|. */
static uint32_t number_of(uint32_t number, uint32_t largest) {
  return number == IMAP4I_STAR ? largest : number;
}

/* Heap sort by the first number: no recursion, no memory, and no set that makes it slow. */
static void sift(imap4_uid_range *p, size_t at, size_t n) {
  for (size_t child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && p[child + 1].first > p[child].first) child++;
    if (p[at].first >= p[child].first) return;
    imap4_uid_range swap = p[at];
    p[at] = p[child];
    p[child] = swap;
  }
}

static void sort(imap4_uid_range *p, size_t n) {
  bool sorted = true;
  for (size_t i = 1; sorted && i < n; i++)
    sorted = p[i - 1].first <= p[i].first;
  if (sorted) return;
  for (size_t i = n / 2; i-- > 0;)
    sift(p, i, n);
  while (n-- > 1) {
    imap4_uid_range swap = p[0];
    p[0] = p[n];
    p[n] = swap;
    sift(p, 0, n);
  }
}

/* The numbers that |set| names as ascending ranges in |numbers|, nothing above |most|. */
static int collect(const imap4i_set *set, uint32_t star, uint32_t most, bool lenient,
                   imap4i_uidset *numbers) {
  imap4i_mem *mem = numbers->mem;
  size_t size = set->n * sizeof(imap4_uid_range), n = 0;
  imap4_uid_range *p = imap4i_alloc(mem, size);
  int status = p ? IMAP4_OK : IMAP4_ERR_NOMEM;
  for (size_t i = 0; status == IMAP4_OK && i < set->n; i++) {
    uint32_t first = number_of(set->p[i].first, star), last = number_of(set->p[i].last, star);
    imap4_uid_range range = first <= last ? (imap4_uid_range){first, last} : (imap4_uid_range){last, first};
    if (!lenient && (range.first == 0 || range.last > most)) status = IMAP4I_PARSE_REFUSED;
    if (range.last > most) range.last = most;
    if (range.first > 0 && range.first <= range.last) p[n++] = range;
  }
  if (status == IMAP4_OK) sort(p, n);
  for (size_t i = 0; status == IMAP4_OK && i < n; i++) {
    if (!imap4i_uidset_add(numbers, p[i].first, p[i].last)) status = IMAP4_ERR_NOMEM;
  }
  imap4i_free(mem, p, size);
  return status;
}

int imap4i_view_resolve(imap4i_view *view, const imap4i_set *set, bool uid, bool lenient, imap4i_uidset *to) {
  imap4_uid_ranges uids = imap4i_uidset_ranges(&view->uids);
  uint32_t largest_uid = uids.n > 0 ? uids.p[uids.n - 1].last : 0;
  if (set->n == 0)
    return imap4i_uidset_intersect(to, uids, imap4i_uidset_ranges(&view->saved)) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  imap4i_uidset numbers;
  imap4i_uidset_init(&numbers, to->mem);
  int status = collect(set, uid ? largest_uid : view->count, uid ? largest_uid : view->count, lenient || uid,
                       &numbers);
  /* Each range of sequence numbers becomes the range of UIDs from its first to its last message. */
  for (size_t i = 0; !uid && status == IMAP4_OK && i < numbers.n; i++) {
    numbers.p[i].first = imap4i_view_uid(view, numbers.p[i].first);
    numbers.p[i].last = imap4i_view_uid(view, numbers.p[i].last);
  }
  if (status == IMAP4_OK && !imap4i_uidset_intersect(to, uids, imap4i_uidset_ranges(&numbers)))
    status = IMAP4_ERR_NOMEM;
  imap4i_uidset_free(&numbers);
  return status;
}

int imap4i_view_numbers(const imap4i_set *set, uint32_t most, imap4i_uidset *to) {
  return collect(set, most, most, true, to);
}

bool imap4i_view_prepare_removal(imap4i_view *view) {
  imap4_uid_ranges gone = imap4i_uidset_ranges(&view->gone);
  return imap4i_uidset_copy(&view->kept, imap4i_uidset_ranges(&view->uids)) &&
         imap4i_uidset_copy(&view->kept_recent, imap4i_uidset_ranges(&view->recent)) &&
         imap4i_uidset_subtract(&view->kept, gone) && imap4i_uidset_subtract(&view->kept_recent, gone);
}

static void replace(imap4i_uidset *set, imap4i_uidset *by) {
  imap4i_uidset_free(set);
  *set = *by;
  imap4i_uidset_init(by, set->mem);
}

void imap4i_view_commit_removal(imap4i_view *view) {
  replace(&view->uids, &view->kept);
  replace(&view->recent, &view->kept_recent);
  imap4i_uidset_free(&view->gone);
  view->marks_n = 0;
  view->count = (uint32_t)imap4i_ranges_count(imap4i_uidset_ranges(&view->uids));
}

void imap4i_view_init(imap4i_view *view, imap4i_mem *mem) {
  imap4i_uidset_init(&view->uids, mem);
  imap4i_uidset_init(&view->recent, mem);
  imap4i_uidset_init(&view->saved, mem);
  imap4i_uidset_init(&view->gone, mem);
  imap4i_uidset_init(&view->kept, mem);
  imap4i_uidset_init(&view->kept_recent, mem);
}

void imap4i_view_free(imap4i_view *view) {
  imap4i_uidset_free(&view->uids);
  imap4i_uidset_free(&view->recent);
  imap4i_uidset_free(&view->saved);
  imap4i_uidset_free(&view->gone);
  imap4i_uidset_free(&view->kept);
  imap4i_uidset_free(&view->kept_recent);
  imap4i_free(view->uids.mem, view->marks, view->marks_capacity * sizeof *view->marks);
  view->marks = NULL;
}

void imap4i_view_forget_recent(imap4i_view *view) {
  imap4i_uidset_free(&view->recent);
  view->told_recent = 0;
  view->no_recent = true;
}

bool imap4i_view_add(imap4i_view *view, imap4_uid_ranges uids, uint32_t first_recent) {
  bool any_recent = first_recent > 0 && !view->no_recent;
  size_t i = any_recent ? imap4i_ranges_find(uids, first_recent) : uids.n;
  for (; i < uids.n; i++) {
    uint32_t first = uids.p[i].first > first_recent ? uids.p[i].first : first_recent;
    if (!imap4i_uidset_add(&view->recent, first, uids.p[i].last)) return false;
  }
  if (!imap4i_uidset_append(&view->uids, uids)) return false;
  view->count += (uint32_t)imap4i_ranges_count(uids);
  return true;
}

void imap4i_view_own_change(imap4i_view *view, const imap4_store_flags_result *change) {
  if (change->previous_modseq != view->modseq || change->highest_modseq < view->modseq) return;
  if (view->expunge_modseq == view->modseq) view->expunge_modseq = change->highest_modseq;
  view->modseq = change->highest_modseq;
}

uint64_t imap4i_keywords_hash(imap4_str keywords, bool new_keywords) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a: only tells one list from the next */
  for (size_t i = 0; i < keywords.n; i++)
    hash = (hash ^ (unsigned char)keywords.p[i]) * 1099511628211u;
  return (hash ^ (new_keywords ? 1 : 0)) * 1099511628211u;
}
