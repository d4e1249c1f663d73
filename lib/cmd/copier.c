/* SPDX-License-Identifier: MIT */
/* Copying and moving; see copier.h. */
#include "cmd/copier.h"

#include "core/digester.h"
#include "wire/writer.h"

enum {
  COPY_NATIVE,
  COPY_NATIVE_DONE,
  COPY_BEGUN,
  COPY_ASK,
  COPY_PAGE,
  COPY_MESSAGE,
  COPY_READ,
  COPY_WRITE,
  COPY_WRITTEN,
  COPY_COMMIT,
  COPY_COMMITTED,
  COPY_EXPUNGED
};

static int go(imap4i_copier *x, uint8_t phase) {
  x->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

void imap4i_copier_init(imap4i_copier *x, imap4_session *s, void *mailbox, imap4_uid_ranges uids,
                        imap4_str to, bool move, bool whole) {
  *x = (imap4i_copier){.mailbox = mailbox, .uids = uids, .to = to, .move = move, .whole = whole};
  imap4i_batch_init(&x->batch, &s->mem);
  imap4i_uidset_init(&x->source, &s->mem);
}

void imap4i_copier_free(imap4i_copier *x, imap4_session *s) {
  if (!x->source.mem) return;
  imap4i_batch_free(&x->batch);
  imap4i_uidset_free(&x->source);
  if (x->upload) {
    imap4i_op_abort(s, x->upload);
  }
  x->upload = NULL;
}

static int fail(int *failure, int status) {
  *failure = status;
  return IMAP4I_STEP_DONE;
}

/* Whether a store names only what it was asked to copy. */
static bool are_of(imap4_uid_ranges ranges, imap4_uid_ranges of) {
  for (size_t i = 0; i < ranges.n; i++) {
    size_t at = imap4i_ranges_find(of, ranges.p[i].first);
    uint64_t members = imap4i_ranges_rank(of, ranges.p[i].last) - imap4i_ranges_rank(of, ranges.p[i].first);
    if (at == of.n || members != ranges.p[i].last - ranges.p[i].first ||
        !imap4i_ranges_has(of, ranges.p[i].last))
      return false;
  }
  return true;
}

/* "COPYUID validity source target" (RFC 4315 section 3). */
static void make_code(imap4i_copier *x, imap4i_command *c, uint32_t uidvalidity, imap4_uid_ranges source,
                      imap4_uid_ranges target) {
  if (uidvalidity == 0 || source.n == 0 || imap4i_ranges_count(source) != imap4i_ranges_count(target) ||
      !are_of(source, x->uids) || !imap4i_has(c->s, IMAP4_FEATURE_UIDPLUS))
    return;
  imap4i_buf code;
  imap4i_buf_init(&code, &c->s->mem, SIZE_MAX);
  bool ok = imap4i_buf_puts(&code, IMAP4I_S("COPYUID ")) && imap4i_buf_put_u64(&code, uidvalidity) &&
            imap4i_buf_putc(&code, ' ') && imap4i_put_uid_ranges(&code, source) &&
            imap4i_buf_putc(&code, ' ') && imap4i_put_uid_ranges(&code, target);
  /* RFC 4315 section 3: not for a mailbox that the client could not select.  Asked only now: another call of
   * the store ends what the last one has answered. */
  ok = ok && imap4i_authorize(c->s, x->to, IMAP4_RIGHT_READ) == IMAP4_OK;
  /* The copies are there; without memory for the code the client does not learn their UIDs. */
  if (ok) x->code = imap4i_arena_str(&c->arena, imap4i_buf_str(&code), &ok);
  imap4i_buf_free(&code);
}

static int native_done(imap4i_copier *x, imap4i_command *c, int *failure) {
  imap4_session *s = c->s;
  if (s->op.status == IMAP4_ST_UNSUPPORTED) {
    imap4_append_begin_args args = {.account = s->account, .mailbox = x->to};
    x->phase = COPY_BEGUN;
    return imap4i_op_call(s, IMAP4I_OP_APPEND_BEGIN, &args);
  }
  if (s->op.status != IMAP4_OK) return fail(failure, s->op.status);
  const imap4_copy_result *r = &s->op.result.copy;
  x->copied = imap4i_ranges_count(r->source);
  x->over_quota = r->over_quota != 0;
  make_code(x, c, r->uidvalidity, r->source, r->target);
  return fail(failure, IMAP4_OK);
}

static int page(imap4i_copier *x, imap4i_command *c, int *failure) {
  if (c->s->op.status != IMAP4_OK) return fail(failure, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  return status != IMAP4_OK ? status : go(x, COPY_MESSAGE);
}

static int message(imap4i_copier *x, imap4i_command *c) {
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (!row) return go(x, !x->batch.last ? COPY_ASK : COPY_COMMIT);
  if (!imap4i_ranges_has(x->uids, row->uid)) {
    x->batch.at++;
    c->s->progress++;
    return IMAP4I_STEP_AGAIN;
  }
  x->offset = 0;
  imap4_date date = row->internaldate;
  date.present = 1;
  imap4_append_message_args args = {.flags = row->flags & IMAP4_FLAG_ALL,
                                    .upload = x->upload,
                                    .keywords = row->keywords,
                                    .internaldate = date,
                                    .size = row->size,
                                    .email_id = row->email_id,
                                    .thread_id = row->thread_id};
  x->phase = COPY_READ;
  return imap4i_op_call(c->s, IMAP4I_OP_APPEND_MESSAGE, &args);
}

static int read(imap4i_copier *x, imap4i_command *c, int *failure) {
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (c->s->op.status != IMAP4_OK) return fail(failure, c->s->op.status);
  x->phase = COPY_WRITE;
  if (row->size == 0) { /* there is nothing to read, and the message must not be lost */
    c->s->op.result.read.data = (imap4_str){"", 0};
    return IMAP4I_STEP_AGAIN;
  }
  return imap4i_read(c->s, x->mailbox, row->uid, x->offset, row->size - x->offset);
}

static int write(imap4i_copier *x, imap4i_command *c, int *failure) {
  imap4_session *s = c->s;
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (s->op.status != IMAP4_OK) return fail(failure, s->op.status);
  bool ok = true;
  /* What the read gave is the store's only until the next call, which this is. */
  imap4i_arena arena;
  imap4i_arena_init(&arena, &s->mem);
  imap4_str data = imap4i_arena_str(&arena, s->op.result.read.data, &ok);
  if (!ok) return IMAP4_ERR_NOMEM;
  x->offset += data.n;
  bool last = x->offset == row->size;
  imap4_append_write_args args = {
      .last = last, .upload = x->upload, .data = data, .digest = last ? row->digest : (imap4_str){"", 0}};
  x->phase = COPY_WRITTEN;
  int status = imap4i_op_call(s, IMAP4I_OP_APPEND_WRITE, &args);
  imap4i_arena_free(&arena);
  return status;
}

static int written(imap4i_copier *x, imap4i_command *c, int *failure) {
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (c->s->op.status != IMAP4_OK) return fail(failure, c->s->op.status);
  if (x->offset < row->size) return go(x, COPY_READ);
  if (!imap4i_uidset_add(&x->source, row->uid, row->uid)) return IMAP4_ERR_NOMEM;
  x->copied++;
  c->done++;
  x->batch.at++;
  return go(x, COPY_MESSAGE);
}

static int commit(imap4i_copier *x, imap4i_command *c, int *failure) {
  if (x->copied == 0) return fail(failure, IMAP4_OK); /* all are gone; nothing to put anywhere */
  if (x->whole && x->copied < imap4i_ranges_count(x->uids)) return fail(failure, IMAP4_ST_EXPUNGED);
  imap4_upload_args args = {.upload = x->upload};
  x->upload = NULL;
  x->phase = COPY_COMMITTED;
  return imap4i_op_call(c->s, IMAP4I_OP_APPEND_COMMIT, &args);
}

static int committed(imap4i_copier *x, imap4i_command *c, int *failure) {
  imap4_session *s = c->s;
  if (s->op.status != IMAP4_OK) return fail(failure, s->op.status);
  const imap4_append_commit_result *r = &s->op.result.append_commit;
  x->over_quota = r->over_quota != 0;
  make_code(x, c, r->uidvalidity, imap4i_uidset_ranges(&x->source), r->uids);
  if (!x->move) return fail(failure, IMAP4_OK);
  imap4_expunge_args args = {.mailbox = x->mailbox, .uids = imap4i_uidset_ranges(&x->source)};
  x->phase = COPY_EXPUNGED;
  return imap4i_op_call(s, IMAP4I_OP_EXPUNGE, &args);
}

int imap4i_copier_step(imap4i_copier *x, imap4i_command *c, int *failure) {
  imap4_session *s = c->s;
  *failure = IMAP4_OK;
  switch (x->phase) {
  case COPY_NATIVE: {
    imap4_copy_args args = {.whole = x->whole, .mailbox = x->mailbox, .uids = x->uids, .to = x->to};
    x->phase = COPY_NATIVE_DONE;
    return imap4i_op_call(s, x->move ? IMAP4I_OP_MOVE : IMAP4I_OP_COPY, &args);
  }
  case COPY_NATIVE_DONE:
    return native_done(x, c, failure);
  case COPY_BEGUN:
    if (s->op.status != IMAP4_OK) return fail(failure, s->op.status);
    x->upload = s->op.result.append_begin.upload;
    return go(x, COPY_ASK);
  case COPY_ASK:
    x->phase = COPY_PAGE;
    return imap4i_batch_ask(&x->batch, s, x->mailbox, x->uids,
                            IMAP4_ATTR_FLAGS | IMAP4_ATTR_INTERNALDATE | IMAP4_ATTR_SIZE | IMAP4_ATTR_DIGEST |
                                IMAP4_ATTR_OBJECTID);
  case COPY_PAGE:
    return page(x, c, failure);
  case COPY_MESSAGE:
    return message(x, c);
  case COPY_READ:
    return read(x, c, failure);
  case COPY_WRITE:
    return write(x, c, failure);
  case COPY_WRITTEN:
    return written(x, c, failure);
  case COPY_COMMIT:
    return commit(x, c, failure);
  case COPY_COMMITTED:
    return committed(x, c, failure);
  default:
    return fail(failure, s->op.status);
  }
}
