/* SPDX-License-Identifier: MIT */
/* From a message to its preview; see previewer.h. */
#include "cmd/previewer.h"

#include "imap4/error.h"

/* Octets that are decoded or converted at a time. */
#define STEP 256

void imap4i_previewer_begin(imap4i_previewer *x) {
  x->parts = 0;
  x->index = 0;
  x->left = IMAP4I_PREVIEW_OCTETS;
  imap4i_preview_begin(&x->preview, false);
}

void imap4i_previewer_free(imap4i_previewer *x) {
  imap4i_charset_cache_free(&x->charsets);
}

/* A charset that is not known is taken for UTF-8. */
static int find_charset(imap4i_previewer *x, imap4_str name) {
  imap4_str utf8 = IMAP4I_S("UTF-8");
  if (imap4i_charset_is_utf8(name)) name = utf8;
  int status = imap4i_charset_cache_get(&x->charsets, name, &x->charset);
  return status == IMAP4_ERR_INVALID ? imap4i_charset_cache_get(&x->charsets, utf8, &x->charset) : status;
}

int imap4i_previewer_next(imap4i_previewer *x, imap4_str digest, uint64_t *offset, uint64_t *length,
                          bool *found) {
  imap4i_part part;
  bool html;
  *found =
      x->left > 0 && x->parts < IMAP4I_PREVIEW_PARTS && imap4i_preview_part(digest, &x->index, &part, &html);
  if (!*found) return IMAP4_OK;
  x->index++;
  x->parts++;
  imap4i_preview_begin(&x->preview, html);
  imap4i_transfer_begin(&x->transfer, imap4i_encoding_transfer(part.encoding));
  *offset = part.body_offset;
  *length = part.body_length < x->left ? part.body_length : x->left;
  x->left -= *length;
  return find_charset(x, part.text[IMAP4I_TEXT_CHARSET]);
}

static void convert(imap4i_previewer *x, imap4_str data, bool last) {
  char piece[STEP];
  imap4i_flow flow = {.in = data, .last = last};
  for (bool done = false; !done;) {
    flow.out = piece;
    flow.room = sizeof piece;
    done = imap4i_charset_feed(x->charset, &flow);
    imap4i_preview_feed(&x->preview, imap4i_str(piece, sizeof piece - flow.room), last && done);
  }
}

void imap4i_previewer_feed(imap4i_previewer *x, imap4_str data, bool last) {
  char piece[STEP];
  imap4i_flow flow = {.in = data, .last = last};
  for (bool done = false; !done && !imap4i_preview_full(&x->preview);) {
    flow.out = piece;
    flow.room = sizeof piece;
    done = imap4i_transfer_feed(&x->transfer, &flow);
    convert(x, imap4i_str(piece, sizeof piece - flow.room), last && done);
  }
}

/* |*known|: what follows |start| makes no difference. */
static int read_start(imap4i_previewer *x, imap4_str start, imap4_str digest, bool *known) {
  bool found;
  *known = true;
  imap4i_previewer_begin(x);
  do {
    uint64_t offset;
    uint64_t length;
    int status = imap4i_previewer_next(x, digest, &offset, &length, &found);
    if (status != IMAP4_OK || !found) return status;
    imap4_str body = imap4i_tail(start, offset < start.n ? (size_t)offset : start.n);
    bool whole = offset <= start.n && length <= body.n;
    if (whole) body.n = (size_t)length;
    imap4i_previewer_feed(x, body, whole);
    *known = whole || imap4i_preview_full(&x->preview);
  } while (*known && imap4i_preview_text(&x->preview).n == 0);
  return IMAP4_OK;
}

int imap4i_preview_start(imap4i_mem *mem, imap4_str start, imap4_str digest, size_t most, imap4i_buf *out) {
  bool known;
  imap4i_previewer *x = imap4i_calloc(mem, sizeof *x);
  if (!x) return IMAP4_ERR_NOMEM;
  int status = read_start(x, start, digest, &known);
  imap4_str preview = imap4i_preview_text(&x->preview);
  if (status == IMAP4_OK && known && digest.n + imap4i_digest_preview_octets(preview) <= most) {
    status = imap4i_digest_add_preview(digest, preview, out);
  } else if (status == IMAP4_OK && !imap4i_buf_puts(out, digest)) {
    status = IMAP4_ERR_NOMEM;
  }
  imap4i_previewer_free(x);
  imap4i_free(mem, x, sizeof *x);
  return status;
}
