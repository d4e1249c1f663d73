/* SPDX-License-Identifier: MIT */
/* Pages of rows; see batch.h. */
#include "core/batch.h"

void imap4i_batch_init(imap4i_batch *batch, imap4i_mem *mem) {
  *batch = (imap4i_batch){.last = false};
  imap4i_arena_init(&batch->arena, mem);
  imap4i_uidset_init(&batch->window, mem);
}

static void free_page(imap4i_batch *batch) {
  imap4i_arena_free(&batch->arena);
  batch->rows = NULL;
  batch->count = batch->at = batch->gathered = 0;
}

void imap4i_batch_free(imap4i_batch *batch) {
  if (!batch->arena.mem) return;
  free_page(batch);
  imap4i_uidset_free(&batch->window);
}

/* The next window: the highest of |uids|, or of those below the window that was. */
static bool next_window(imap4i_batch *batch, imap4_uid_ranges uids) {
  uint32_t below = batch->window.n > 0 ? batch->window.p[0].first : 0;
  size_t n = uids.n;
  if (below > 0) {
    n = imap4i_ranges_find(uids, below);
    if (n < uids.n && uids.p[n].first < below) n++;
  }
  size_t from = n > batch->most ? n - batch->most : 0; /* no range is empty */
  if (!imap4i_uidset_copy(&batch->window, (imap4_uid_ranges){uids.p + from, n - from})) return false;
  imap4_uid_range *end = &batch->window.p[batch->window.n - 1];
  if (below > 0 && end->last >= below) end->last = below - 1;
  imap4i_uidset_keep_highest(&batch->window, batch->most);
  batch->after = 0;
  return true;
}

int imap4i_batch_ask(imap4i_batch *batch, imap4_session *s, void *mailbox, imap4_uid_ranges uids,
                     uint32_t attributes) {
  batch->most = s->limits->query_rows;
  if (attributes & IMAP4_ATTR_DIGEST && batch->most > IMAP4I_DIGEST_ROWS) batch->most = IMAP4I_DIGEST_ROWS;
  if (!batch->gathering) free_page(batch);
  if (batch->descending) {
    if (!batch->gathering && !next_window(batch, uids)) return IMAP4_ERR_NOMEM;
    batch->gathering = true;
    batch->lowest = uids.p[0].first;
    uids = imap4i_uidset_ranges(&batch->window);
  }
  imap4_query_args args = {.attributes = attributes,
                           .mailbox = mailbox,
                           .uids = uids,
                           .changed_since = batch->changed_since,
                           .after_uid = batch->after,
                           .capacity = batch->most};
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

/* A row of the answer with all that it points to.  False without memory. */
static bool take_row(imap4i_batch *batch, imap4_session *s, uint32_t i, imap4_row *row) {
  bool ok = true;
  *row = imap4i_op_row(s, i);
  row->keywords = imap4i_arena_str(&batch->arena, row->keywords, &ok);
  /* One that is too large is as good as none; it is made again. */
  if (row->digest.n > s->limits->digest_octets) row->digest.n = 0;
  row->digest = imap4i_arena_str(&batch->arena, row->digest, &ok);
  row->email_id = imap4i_arena_str(&batch->arena, row->email_id, &ok);
  row->thread_id = imap4i_arena_str(&batch->arena, row->thread_id, &ok);
  return ok;
}

static void turn_over(imap4i_batch *batch) {
  for (uint32_t i = 0; i < batch->gathered / 2; i++) {
    imap4_row *other = &batch->rows[batch->gathered - 1 - i];
    imap4_row row = batch->rows[i];
    batch->rows[i] = *other;
    *other = row;
  }
}

/* Rows join the page, which is turned over when it is whole.  What is not of the window was not asked for, so
 * there is room for all. */
static int gather(imap4i_batch *batch, imap4_session *s) {
  const imap4_query_result *r = &s->op.result.query;
  imap4_uid_ranges window = imap4i_uidset_ranges(&batch->window);
  uint64_t most = imap4i_ranges_count(window);
  if (!batch->rows && !(batch->rows = imap4i_arena_array(&batch->arena, (size_t)most, sizeof *batch->rows)))
    return IMAP4_ERR_NOMEM;
  for (uint32_t i = 0; i < r->count; i++) {
    batch->after = imap4i_op_row(s, i).uid;
    if (!imap4i_ranges_has(window, batch->after)) continue;
    if (!take_row(batch, s, i, &batch->rows[batch->gathered])) return IMAP4_ERR_NOMEM;
    batch->gathered++;
  }
  batch->last = false;
  if (!r->last && batch->gathered < most) return IMAP4_OK;
  turn_over(batch);
  batch->gathering = false;
  batch->last = window.p[0].first == batch->lowest;
  batch->count = batch->gathered;
  batch->total += batch->gathered;
  return IMAP4_OK;
}

int imap4i_batch_take(imap4i_batch *batch, imap4_session *s) {
  const imap4_query_result *r = &s->op.result.query;
  if (batch->descending) return gather(batch, s);
  batch->last = r->last != 0;
  if (r->count == 0) return IMAP4_OK;
  batch->rows = imap4i_arena_array(&batch->arena, r->count, sizeof *batch->rows);
  if (!batch->rows) return IMAP4_ERR_NOMEM;
  for (uint32_t i = 0; i < r->count; i++) {
    if (!take_row(batch, s, i, &batch->rows[i])) return IMAP4_ERR_NOMEM;
    batch->after = batch->rows[i].uid;
  }
  batch->count = r->count;
  batch->total += r->count;
  return IMAP4_OK;
}
