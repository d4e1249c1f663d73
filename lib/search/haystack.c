/* SPDX-License-Identifier: MIT */
/* Body parts to folded text; see haystack.h. */
#include "search/haystack.h"

#include "imap4/error.h"

void imap4i_haystack_init(imap4i_haystack *haystack, imap4i_matcher *matcher) {
  memset(haystack, 0, sizeof *haystack);
  haystack->matcher = matcher;
}

void imap4i_haystack_free(imap4i_haystack *haystack) {
  if (haystack->converts) imap4i_charset_close(&haystack->charset);
  haystack->converts = false;
}

/* Octets that are UTF-8 by their charset; the folding copes with those that are not. */
static bool is_utf8(imap4_str charset) {
  return charset.n == 0 || imap4i_has_word(IMAP4I_S("utf-8 us-ascii utf8 ascii"), charset);
}

int imap4i_haystack_begin(imap4i_haystack *haystack, int transfer, imap4_str charset) {
  imap4i_haystack_free(haystack);
  memset(&haystack->transfer, 0, sizeof haystack->transfer);
  memset(&haystack->fold, 0, sizeof haystack->fold);
  haystack->transfer.kind = transfer;
  imap4i_matcher_restart(haystack->matcher);
  if (is_utf8(charset)) return IMAP4_OK;
  int status = imap4i_charset_open(&haystack->charset, charset);
  haystack->converts = status == IMAP4_OK;
  return status == IMAP4_ERR_NOMEM ? status : IMAP4_OK;
}

/* UTF-8 to the matcher. */
static bool feed_folded(imap4i_haystack *haystack, imap4_str data, bool last, bool *news) {
  imap4i_flow flow = {.in = data, .last = last};
  bool done;
  do {
    size_t room;
    flow.out = imap4i_matcher_room(haystack->matcher, &room);
    flow.room = room;
    done = imap4i_fold_feed(&haystack->fold, &flow);
    if (!imap4i_matcher_added(haystack->matcher, room - flow.room, news)) return false;
  } while (!done);
  return true;
}

/* Octets in the part's charset to UTF-8. */
static bool feed_converted(imap4i_haystack *haystack, imap4_str data, bool last, bool *news) {
  if (!haystack->converts) return feed_folded(haystack, data, last, news);
  imap4i_flow flow = {.in = data, .last = last};
  bool done;
  do {
    flow.out = haystack->converted;
    flow.room = sizeof haystack->converted;
    done = imap4i_charset_feed(&haystack->charset, &flow);
    imap4_str out = {haystack->converted, sizeof haystack->converted - flow.room};
    if (!feed_folded(haystack, out, last && done, news)) return false;
  } while (!done);
  return true;
}

int imap4i_haystack_feed(imap4i_haystack *haystack, imap4_str data, bool last, bool *news) {
  if (haystack->transfer.kind == IMAP4I_TRANSFER_IDENTITY) {
    return feed_converted(haystack, data, last, news) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  }
  imap4i_flow flow = {.in = data, .last = last};
  bool done;
  do {
    flow.out = haystack->decoded;
    flow.room = sizeof haystack->decoded;
    done = imap4i_transfer_feed(&haystack->transfer, &flow);
    imap4_str out = {haystack->decoded, sizeof haystack->decoded - flow.room};
    if (!feed_converted(haystack, out, last && done, news)) return IMAP4_ERR_NOMEM;
  } while (!done);
  return IMAP4_OK;
}

bool imap4i_fold_any(imap4_str text, imap4i_buf *out) {
  imap4i_fold state = {0};
  imap4i_flow flow = {.in = text, .last = true};
  bool done;
  do {
    size_t room = flow.in.n + IMAP4I_FLOW_ROOM;
    flow.out = imap4i_buf_room(out, room);
    if (!flow.out) return false;
    flow.room = room;
    done = imap4i_fold_feed(&state, &flow);
    imap4i_buf_added(out, room - flow.room);
  } while (!done);
  return true;
}
