/* SPDX-License-Identifier: MIT */
/* Pages of rows; see batch.h. */
#include "core/batch.h"

void imap4i_batch_init(imap4i_batch *batch, imap4i_mem *mem) {
  *batch = (imap4i_batch){.last = false};
  imap4i_arena_init(&batch->arena, mem);
}

void imap4i_batch_free(imap4i_batch *batch) {
  if (batch->arena.mem) imap4i_arena_free(&batch->arena);
  batch->rows = NULL;
  batch->count = batch->at = 0;
}

int imap4i_batch_ask(imap4i_batch *batch, imap4_session *s, void *mailbox, imap4_uid_ranges uids,
                     uint32_t attributes) {
  uint32_t capacity = s->limits->query_rows;
  if (attributes & IMAP4_ATTR_DIGEST && capacity > IMAP4I_DIGEST_ROWS) capacity = IMAP4I_DIGEST_ROWS;
  imap4_query_args args = {.attributes = attributes,
                           .mailbox = mailbox,
                           .uids = uids,
                           .changed_since = batch->changed_since,
                           .after_uid = batch->after,
                           .capacity = capacity};
  imap4i_batch_free(batch);
  return imap4i_op_call(s, IMAP4I_OP_QUERY, &args);
}

int imap4i_batch_take(imap4i_batch *batch, imap4_session *s) {
  const imap4_query_result *r = &s->op.result.query;
  bool ok = true;
  batch->last = r->last != 0;
  if (r->count == 0) return IMAP4_OK;
  batch->rows = imap4i_arena_array(&batch->arena, r->count, sizeof *batch->rows);
  if (!batch->rows) return IMAP4_ERR_NOMEM;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_row *row = &batch->rows[i];
    *row = imap4i_op_row(s, i);
    row->keywords = imap4i_arena_str(&batch->arena, row->keywords, &ok);
    /* One that is too large is as good as none; it is made again. */
    if (row->digest.n > s->limits->digest_octets) row->digest.n = 0;
    row->digest = imap4i_arena_str(&batch->arena, row->digest, &ok);
    row->email_id = imap4i_arena_str(&batch->arena, row->email_id, &ok);
    row->thread_id = imap4i_arena_str(&batch->arena, row->thread_id, &ok);
    batch->after = row->uid;
  }
  if (!ok) return IMAP4_ERR_NOMEM;
  batch->count = r->count;
  batch->total += r->count;
  return IMAP4_OK;
}
