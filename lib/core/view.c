/* SPDX-License-Identifier: MIT */
/* Sequence numbers and UIDs; see view.h. */
#include "core/view.h"

#include "imap4/error.h"
#include "wire/parser.h"

uint32_t imap4i_view_seq(const imap4i_view *view, uint32_t uid) {
  return (uint32_t)imap4i_ranges_rank(imap4i_uidset_ranges(&view->uids), uid) + 1;
}

/* Number |number| of a set, where "*" is |largest|. */
static uint32_t number_of(uint32_t number, uint32_t largest) {
  return number == IMAP4I_STAR ? largest : number;
}

static bool add_uids(const imap4i_view *view, uint32_t first, uint32_t last, imap4i_uidset *to) {
  imap4_uid_ranges uids = imap4i_uidset_ranges(&view->uids);
  for (size_t i = imap4i_ranges_find(uids, first); i < uids.n && uids.p[i].first <= last; i++) {
    uint32_t from = uids.p[i].first > first ? uids.p[i].first : first;
    uint32_t until = uids.p[i].last < last ? uids.p[i].last : last;
    if (!imap4i_uidset_add(to, from, until)) return false;
  }
  return true;
}

int imap4i_view_resolve(const imap4i_view *view, const imap4i_set *set, bool uid, bool lenient,
                        imap4i_uidset *to) {
  imap4_uid_ranges uids = imap4i_uidset_ranges(&view->uids);
  uint32_t largest_uid = uids.n > 0 ? uids.p[uids.n - 1].last : 0;
  for (size_t i = 0; i < set->n; i++) {
    uint32_t first = number_of(set->p[i].first, uid ? largest_uid : view->count);
    uint32_t last = number_of(set->p[i].last, uid ? largest_uid : view->count);
    if (first > last) {
      uint32_t swap = first;
      first = last;
      last = swap;
    }
    if (!uid) {
      if (!lenient && (first == 0 || last > view->count)) return IMAP4I_PARSE_REFUSED;
      if (last > view->count) last = view->count;
      if (first == 0 || first > last) continue;
      first = imap4i_ranges_at(uids, first - 1);
      last = imap4i_ranges_at(uids, last - 1);
    }
    if (view->count > 0 && !add_uids(view, first, last, to)) return IMAP4_ERR_NOMEM;
  }
  return IMAP4_OK;
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
  view->count = (uint32_t)imap4i_ranges_count(imap4i_uidset_ranges(&view->uids));
}

void imap4i_view_init(imap4i_view *view, imap4i_mem *mem) {
  imap4i_uidset_init(&view->uids, mem);
  imap4i_uidset_init(&view->recent, mem);
  imap4i_uidset_init(&view->gone, mem);
  imap4i_uidset_init(&view->kept, mem);
  imap4i_uidset_init(&view->kept_recent, mem);
}

void imap4i_view_free(imap4i_view *view) {
  imap4i_uidset_free(&view->uids);
  imap4i_uidset_free(&view->recent);
  imap4i_uidset_free(&view->gone);
  imap4i_uidset_free(&view->kept);
  imap4i_uidset_free(&view->kept_recent);
}

bool imap4i_view_add(imap4i_view *view, uint32_t uid, bool recent) {
  if (recent && !imap4i_uidset_add(&view->recent, uid, uid)) return false;
  if (!imap4i_uidset_add(&view->uids, uid, uid)) return false;
  view->count++;
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
