/* SPDX-License-Identifier: MIT */
/* STORE and UID STORE (RFC 3501 section 6.4.6): change flags, then show them unless the client said
 * .SILENT.  Who has enabled CONDSTORE gets the new mod-sequences anyway, and learns which messages others had
 * changed since UNCHANGEDSINCE (RFC 7162 section 3.1.3). */
#include "core/batch.h"
#include "core/modseq.h"
#include "wire/writer.h"

enum { STORE_BEGIN, STORE_CHANGED, STORE_ASK, STORE_PAGE, STORE_ROWS };

typedef struct store_context {
  imap4i_uidset uids;
  imap4i_uidset modified; /* failed the test of UNCHANGEDSINCE */
  imap4i_batch batch;
  uint64_t shown;
} store_context;
_Static_assert(sizeof(store_context) <= 256, "fits the context in dispatch.c");

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  const imap4i_store_args *a = &c->args.store;
  int status = a->unchanged ? imap4i_condstore_begin(c, true) : IMAP4I_STEP_AGAIN;
  if (status != IMAP4I_STEP_AGAIN) return status;
  imap4i_uidset_init(&x->uids, &s->mem);
  imap4i_uidset_init(&x->modified, &s->mem);
  imap4i_batch_init(&x->batch, &s->mem);
  if (s->view->read_only) return imap4i_reply_status(c, IMAP4_ST_READONLY);
  status = imap4i_view_resolve(s->view, &a->set, c->row->uid, c->row->uid, &x->uids);
  if (status == IMAP4I_PARSE_REFUSED) return imap4i_reply_no_message(c);
  if (status != IMAP4_OK) return status;
  if (x->uids.n == 0) return imap4i_reply_ok(c, IMAP4I_S("STORE completed; no such message"));
  imap4i_limit_messages(c, &x->uids);
  x->batch.descending = c->lowest_uid > 0;
  if (a->unchanged && a->unchanged_since == 0) { /* every message has a greater one */
    if (!imap4i_uidset_copy(&x->modified, imap4i_uidset_ranges(&x->uids))) return IMAP4_ERR_NOMEM;
    c->phase = STORE_ASK;
    return IMAP4I_STEP_AGAIN;
  }
  imap4_store_flags_args args = {.mode = a->mode,
                                 .mailbox = s->view->mailbox,
                                 .uids = imap4i_uidset_ranges(&x->uids),
                                 .flags = a->flags.system,
                                 .keywords = a->flags.keywords,
                                 .unchanged_since = a->unchanged_since};
  c->phase = STORE_CHANGED;
  return imap4i_op_call(s, IMAP4I_OP_STORE_FLAGS, &args);
}

static int changed(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  const imap4_store_flags_result *r = &s->op.result.store_flags;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  if (c->args.store.unchanged &&
      !imap4i_uidset_intersect(&x->modified, imap4i_uidset_ranges(&x->uids), r->modified))
    return IMAP4_ERR_NOMEM;
  imap4i_view_own_change(s->view, r);
  if (c->args.store.silent && !imap4i_shows_modseq(s)) return imap4i_reply_ok(c, IMAP4I_S("STORE completed"));
  c->phase = STORE_ASK;
  return IMAP4I_STEP_AGAIN;
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  uint32_t modseq = imap4i_shows_modseq(s) ? IMAP4_ATTR_MODSEQ : 0;
  c->phase = STORE_PAGE;
  return imap4i_batch_ask(&x->batch, s, s->view->mailbox, imap4i_uidset_ranges(&x->uids),
                          IMAP4_ATTR_FLAGS | modseq);
}

static int page(imap4i_command *c) {
  store_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  if (status != IMAP4_OK) return status;
  c->phase = STORE_ROWS;
  return IMAP4I_STEP_AGAIN;
}

/* What was not changed for the client is shown with its flags: it can't know them. */
static bool put_row(imap4i_command *c, const imap4_row *row) {
  const store_context *x = c->context;
  bool flags = !c->args.store.silent || imap4i_ranges_has(imap4i_uidset_ranges(&x->modified), row->uid);
  return flags ? imap4i_put_flags_row(c->s, row, c->row->uid) : imap4i_put_modseq_row(c->s, row);
}

/* The members of |uids|, each range of which is part of one of the view's, as sequence numbers. */
static bool to_numbers(imap4i_view *v, imap4i_uidset *uids) {
  imap4i_uidset numbers;
  imap4i_uidset_init(&numbers, uids->mem);
  bool ok = true;
  for (size_t i = 0; ok && i < uids->n; i++) {
    uint32_t first = imap4i_view_seq(v, uids->p[i].first);
    ok = imap4i_uidset_add(&numbers, first, first + (uids->p[i].last - uids->p[i].first));
  }
  imap4i_uidset_free(ok ? uids : &numbers);
  if (ok) *uids = numbers;
  return ok;
}

/* "MODIFIED set", of UIDs for UID STORE, else of sequence numbers. */
static int put_modified(imap4i_command *c) {
  store_context *x = c->context;
  imap4i_buf code;
  if (!c->row->uid && !to_numbers(c->s->view, &x->modified)) return IMAP4_ERR_NOMEM;
  imap4i_buf_init(&code, &c->s->mem, SIZE_MAX);
  bool ok = imap4i_buf_puts(&code, IMAP4I_S("MODIFIED ")) &&
            imap4i_put_uid_ranges(&code, imap4i_uidset_ranges(&x->modified));
  if (ok) c->code = imap4i_arena_str(&c->arena, imap4i_buf_str(&code), &ok);
  imap4i_buf_free(&code);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* All that is left was shown. */
static int finish(imap4i_command *c) {
  store_context *x = c->context;
  /* RFC 2180 section 4.2.3: some were expunged by others. */
  bool gone = x->shown < imap4i_ranges_count(imap4i_uidset_ranges(&x->uids));
  if (gone) c->expunged = IMAP4I_GONE_SOME;
  if (x->modified.n == 0) return imap4i_reply_ok(c, IMAP4I_S("STORE completed"));
  int status = put_modified(c);
  if (status != IMAP4_OK) return status;
  if (!gone || c->row->uid)
    return imap4i_reply(c, IMAP4I_OK, c->code, IMAP4I_S("Some were changed by others"));
  return imap4i_reply(c, IMAP4I_NO, c->code, IMAP4I_S("Some were changed by others, some are gone"));
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  store_context *x = c->context;
  imap4_uid_ranges wanted = imap4i_uidset_ranges(&x->uids);
  for (const imap4_row *row; (row = imap4i_batch_row(&x->batch)) != NULL; x->batch.at++) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    if (!imap4i_ranges_has(wanted, row->uid)) continue;
    size_t mark = imap4i_begin_piece(c);
    int status = imap4i_end_piece(c, mark, put_row(c, row));
    if (status < 0) return status;
    x->shown++;
  }
  if (x->batch.last) return finish(c);
  c->phase = STORE_ASK;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_cmd_store(imap4i_command *c) {
  switch (c->phase) {
  case STORE_BEGIN:
    return begin(c);
  case STORE_CHANGED:
    return changed(c);
  case STORE_ASK:
    return ask(c);
  case STORE_PAGE:
    return page(c);
  default:
    return rows(c);
  }
}

void imap4i_cmd_store_end(imap4i_command *c) {
  store_context *x = c->context;
  if (!x || !x->uids.mem) return;
  imap4i_uidset_free(&x->uids);
  imap4i_uidset_free(&x->modified);
  imap4i_batch_free(&x->batch);
}
