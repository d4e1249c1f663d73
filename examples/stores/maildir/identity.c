/* SPDX-License-Identifier: MIT */
/*
 * Object identifiers (RFC 8474).
 *
 * A mailbox has 128 bits that are drawn when its index is made, kept in the index, and lost with it:
 * UIDVALIDITY is another one then, too.  A directory that somebody copies together with its index shares
 * both.
 *
 * A message is known by the mailbox it first came into and its UID there, neither of which is given twice; so
 * nothing is kept for it and no file is read.  Only copies have an item in the index that says whose they
 * are.
 */
#include "internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void md_identity_new(struct md_box *box) {
  unsigned char *id = box->id;
  box->id_stored = true;
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  bool drawn = fd >= 0 && read(fd, id, MD_ID_OCTETS) == (ssize_t)MD_ID_OCTETS;
  if (fd >= 0) close(fd);
  if (drawn) return;
  /* UIDVALIDITY and the time make it this mailbox's in any case. */
  uint64_t now = (uint64_t)md_now_ns();
  for (size_t i = 0; i < 8; i++)
    id[i] = (unsigned char)(now >> (8 * i));
  for (size_t i = 0; i < 4; i++) {
    id[8 + i] = (unsigned char)(box->uidvalidity >> (8 * i));
    id[12 + i] = (unsigned char)(box->store->random >> (8 * i));
  }
}

void md_identity_get(const struct md_box *box, unsigned char out[MD_ID_OCTETS]) {
  memset(out, 0, MD_ID_OCTETS);
  if (box->id_stored) {
    memcpy(out, box->id, MD_ID_OCTETS);
    return;
  }
  for (size_t i = 0; i < 8; i++)
    out[i] = (unsigned char)((uint64_t)box->inode >> (8 * i));
  for (size_t i = 0; i < 4; i++)
    out[8 + i] = (unsigned char)(box->uidvalidity >> (8 * i));
}

int md_identity_store(struct md_box *box) {
  if (box->id_stored || (fcntl(box->index_fd, F_GETFL) & O_ACCMODE) != O_RDWR) return IMAP4_OK;
  unsigned char id[MD_ID_OCTETS];
  struct md_buf frame = {0};
  md_identity_get(box, id);
  md_frame_begin(&frame, MD_FRAME_DATA);
  md_frame_identity(&frame, id);
  /* Until it can be kept, it is made from the same numbers again. */
  md_journal_append(box, &frame, true);
  md_buf_free(&frame);
  return box->stale ? IMAP4_ST_UNAVAILABLE : IMAP4_OK;
}

struct md_origin md_identity_of(const struct md_box *box, const struct md_entry *entry) {
  struct md_origin origin = entry->origin;
  if (origin.uid > 0) return origin;
  md_identity_get(box, origin.id);
  origin.uid = entry->uid;
  return origin;
}

/* ---- as text -------------------------------------------------------------------------------- */

static const char digits[] = "0123456789abcdef";

void md_identity_mailbox(const struct md_box *box, char out[MD_MAILBOX_ID_OCTETS]) {
  unsigned char id[MD_ID_OCTETS];
  md_identity_get(box, id);
  *out++ = 'F';
  for (size_t i = 0; i < MD_ID_OCTETS; i++) {
    *out++ = digits[id[i] >> 4];
    *out++ = digits[id[i] & 15];
  }
}

void md_identity_message(const struct md_origin *origin, struct md_buf *out) {
  md_buf_put(out, "M", 1);
  for (size_t i = 0; i < MD_ID_OCTETS; i++) {
    md_buf_put(out, &digits[origin->id[i] >> 4], 1);
    md_buf_put(out, &digits[origin->id[i] & 15], 1);
  }
  md_buf_put(out, "-", 1);
  md_buf_put_decimal(out, origin->uid);
}

bool md_identity_parse(imap4_str text, struct md_origin *out) {
  if (text.n < 2 * MD_ID_OCTETS + 3 || text.p[0] != 'M') return false;
  const char *p = text.p + 1, *end = text.p + text.n;
  for (size_t i = 0; i < 2 * MD_ID_OCTETS; i++) {
    const char *digit = memchr(digits, *p++, sizeof digits - 1);
    if (!digit) return false;
    out->id[i / 2] = (unsigned char)((i % 2 ? out->id[i / 2] << 4 : 0) | (int)(digit - digits));
  }
  uint64_t uid;
  if (*p++ != '-' || !md_parse_number(&p, end, UINT32_MAX, &uid) || p != end) return false;
  out->uid = (uint32_t)uid;
  return uid > 0;
}
