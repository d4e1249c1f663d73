/* SPDX-License-Identifier: MIT */
/* Decoded sections; see fetch_binary.h. */
#include "cmd/fetch_binary.h"

#include "imap4/error.h"
#include "mail/digest.h"

void imap4i_binary_begin(imap4i_binary *binary, int encoding, uint64_t first, uint64_t count) {
  *binary = (imap4i_binary){.first = first, .count = count};
  imap4i_transfer_begin(&binary->transfer, imap4i_encoding_transfer(encoding));
}

uint64_t imap4i_binary_length(const imap4i_binary *binary) {
  uint64_t n = binary->total > binary->first ? binary->total - binary->first : 0;
  return n < binary->count ? n : binary->count;
}

/* |decoded| octets were added behind |mark|: only those of the window stay. */
static void keep_window(imap4i_binary *binary, imap4i_buf *out, size_t mark, size_t decoded) {
  uint64_t before = imap4i_binary_length(binary);
  uint64_t early = binary->first > binary->total ? binary->first - binary->total : 0;
  size_t skip = early < decoded ? (size_t)early : decoded;
  binary->total += decoded;
  size_t n = (size_t)(imap4i_binary_length(binary) - before);
  if (n == 0) return;
  if (skip > 0) memmove(out->p + mark, out->p + mark + skip, n);
  binary->nul = binary->nul || memchr(out->p + mark, '\0', n);
  imap4i_buf_added(out, n);
}

int imap4i_binary_feed(imap4i_binary *binary, imap4_str data, bool last, imap4i_buf *out) {
  imap4i_flow flow = {.in = data, .last = last};
  for (bool done = false; !done;) {
    /* Decoding adds nothing but what was held back before. */
    size_t room = flow.in.n + IMAP4I_QP_HELD + IMAP4I_FLOW_ROOM;
    size_t mark = out->n;
    flow.out = imap4i_buf_room(out, room);
    flow.room = room;
    if (!flow.out) return IMAP4_ERR_NOMEM;
    done = imap4i_transfer_feed(&binary->transfer, &flow);
    keep_window(binary, out, mark, room - flow.room);
  }
  return IMAP4_OK;
}
