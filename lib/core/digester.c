/* SPDX-License-Identifier: MIT */
/* The digest of a stored message; see digester.h. */
#include "core/digester.h"

#include "mail/digest.h"

enum { DIGEST_CHECK, DIGEST_READ, DIGEST_FEED, DIGEST_FINISH, DIGEST_KEPT };

int imap4i_read(imap4_session *s, void *mailbox, uint32_t uid, uint64_t offset, uint64_t left) {
  imap4_read_args args = {.uid = uid,
                          .mailbox = mailbox,
                          .offset = offset,
                          .capacity = left < IMAP4I_READ_OCTETS ? (uint32_t)left : IMAP4I_READ_OCTETS};
  return imap4i_op_call(s, IMAP4I_OP_READ, &args);
}

void imap4i_digester_begin(imap4i_digester *d, void *mailbox, const imap4_row *row) {
  imap4i_digester_free(d);
  *d = (imap4i_digester){.digest = row->digest, .size = row->size, .mailbox = mailbox, .uid = row->uid};
}

void imap4i_digester_free(imap4i_digester *d) {
  imap4i_walker_free(d->walker);
  d->walker = NULL;
}

bool imap4i_digest_serves(const imap4_session *s, imap4_str digest, uint64_t size) {
  return digest.n > 0 && digest.n <= s->limits->digest_octets && imap4i_digest_valid(digest) &&
         imap4i_digest_size(digest) == size;
}

static int check(imap4i_digester *d, imap4_session *s) {
  if (imap4i_digest_serves(s, d->digest, d->size)) return IMAP4I_STEP_DONE;
  d->digest = (imap4_str){NULL, 0};
  d->phase = DIGEST_READ;
  return imap4i_walker_new(&s->mem, s->limits, &d->walker);
}

static int read(imap4i_digester *d, imap4_session *s) {
  if (d->offset == d->size) {
    d->phase = DIGEST_FINISH;
    return IMAP4I_STEP_AGAIN;
  }
  d->phase = DIGEST_FEED;
  return imap4i_read(s, d->mailbox, d->uid, d->offset, d->size - d->offset);
}

static int feed(imap4i_digester *d, imap4_session *s, int *failure) {
  *failure = s->op.status;
  if (*failure != IMAP4_OK) return IMAP4I_STEP_DONE;
  d->offset += s->op.result.read.data.n;
  d->phase = DIGEST_READ;
  return imap4i_walker_feed(d->walker, s->op.result.read.data);
}

static int finish(imap4i_digester *d, imap4_session *s) {
  int status = imap4i_walker_finish(d->walker, &d->digest);
  if (status != IMAP4_OK) return status;
  d->phase = DIGEST_KEPT;
  imap4_keep_digest_args args = {.uid = d->uid, .mailbox = d->mailbox, .digest = d->digest};
  return imap4i_op_call(s, IMAP4I_OP_KEEP_DIGEST, &args); /* whether it was kept makes no difference here */
}

int imap4i_digester_step(imap4i_digester *d, imap4_session *s, int *failure) {
  *failure = IMAP4_OK;
  switch (d->phase) {
  case DIGEST_CHECK:
    return check(d, s);
  case DIGEST_READ:
    return read(d, s);
  case DIGEST_FEED:
    return feed(d, s, failure);
  case DIGEST_FINISH:
    return finish(d, s);
  default:
    return IMAP4I_STEP_DONE;
  }
}
