/* SPDX-License-Identifier: MIT */
/* Body parts to folded text; see haystack.h. */
#include "search/haystack.h"

#include "imap4/error.h"

void imap4i_haystack_init(imap4i_haystack *haystack, imap4i_matcher *matcher,
                          imap4i_charset_cache *charsets) {
  memset(haystack, 0, sizeof *haystack);
  haystack->matcher = matcher;
  haystack->charsets = charsets;
}

/* Octets will be converted. */
static int find_converter(imap4i_haystack *haystack) {
  if (haystack->name.n == 0) return IMAP4_OK;
  int status = imap4i_charset_cache_get(haystack->charsets, haystack->name, &haystack->charset);
  if (status == IMAP4_ERR_NOMEM) return status;
  if (status == IMAP4_ERR_INVALID) haystack->charset = NULL;
  haystack->name.n = 0;
  return IMAP4_OK;
}

int imap4i_haystack_begin(imap4i_haystack *haystack, int transfer, imap4_str charset) {
  imap4i_transfer_begin(&haystack->transfer, transfer);
  memset(&haystack->fold, 0, sizeof haystack->fold);
  haystack->charset = NULL;
  haystack->name.n = 0;
  haystack->began = false;
  haystack->ascii = true;
  imap4i_matcher_restart(haystack->matcher);
  if (imap4i_charset_is_utf8(charset)) return IMAP4_OK;
  haystack->name = charset;
  if (imap4i_charset_keeps_ascii(charset)) return IMAP4_OK; /* whose octets are often all ASCII */
  int status = find_converter(haystack);
  haystack->ascii = !haystack->charset;
  return status;
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
  if (find_converter(haystack) != IMAP4_OK) return false;
  if (!haystack->charset) return feed_folded(haystack, data, last, news);
  imap4i_flow flow = {.in = data, .last = last};
  bool done;
  do {
    flow.out = haystack->converted;
    flow.room = sizeof haystack->converted;
    done = imap4i_charset_feed(haystack->charset, &flow);
    imap4_str out = {haystack->converted, sizeof haystack->converted - flow.room};
    if (!feed_folded(haystack, out, last && done, news)) return false;
  } while (!done);
  return true;
}

/* What follows octets that are not quiet is not asked about again so soon. */
#define LOUD 256

/* |data| is quiet: no match lies in it, but one can reach into it from before, and from it into what
 * follows if anything does. */
static bool feed_quiet(imap4i_haystack *haystack, imap4_str data, size_t edge, bool last, bool *news) {
  if (haystack->began && !feed_converted(haystack, imap4i_str(data.p, edge), false, news)) return false;
  imap4i_matcher_restart(haystack->matcher);
  return last || feed_converted(haystack, imap4i_tail(data, data.n - edge), false, news);
}

/* Octets in the part's charset, of which ASCII can be passed over. */
static bool feed_text(imap4i_haystack *haystack, imap4_str data, bool last, bool *news) {
  /* As far as matches reach, and more than a character of any charset has. */
  const size_t edge = haystack->matcher->keep + IMAP4I_ICONV_HELD;
  const size_t first = imap4i_matcher_ahead(haystack->matcher, data.n);
  size_t ahead = first;
  if (!haystack->ascii) return feed_converted(haystack, data, last, news);
  while (data.n > 0) {
    imap4_str piece = {data.p, imap4i_min(data.n, ahead)};
    size_t quiet = imap4i_matcher_quiet(haystack->matcher, piece, false);
    bool all = last && quiet == data.n;
    ahead = quiet == piece.n ? ahead * 2 : first;
    if (quiet / 2 > edge || (all && !haystack->began)) {
      piece.n = quiet;
      if (!feed_quiet(haystack, piece, edge, all, news)) return false;
      if (all) return true;
    } else {
      piece.n = imap4i_min(quiet + LOUD, data.n);
      if (!feed_converted(haystack, piece, false, news)) return false;
    }
    haystack->began = true;
    data = imap4i_tail(data, piece.n);
  }
  return !last || feed_converted(haystack, data, true, news);
}

int imap4i_haystack_feed(imap4i_haystack *haystack, imap4_str data, bool last, bool *news) {
  if (haystack->transfer.kind == IMAP4I_TRANSFER_IDENTITY) {
    return feed_text(haystack, data, last, news) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  }
  imap4i_flow flow = {.in = data, .last = last};
  bool done;
  do {
    flow.out = haystack->decoded;
    flow.room = sizeof haystack->decoded;
    done = imap4i_transfer_feed(&haystack->transfer, &flow);
    imap4_str out = {haystack->decoded, sizeof haystack->decoded - flow.room};
    if (!feed_text(haystack, out, last && done, news)) return IMAP4_ERR_NOMEM;
  } while (!done);
  return IMAP4_OK;
}
