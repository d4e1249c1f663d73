/* SPDX-License-Identifier: MIT */
/*
 * ENVELOPE, BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2), put together from the texts in a digest; see
 * digest.h.  What a header does not say gets its default here.
 */
#include "imap4/error.h"
#include "mail/digest.h"

#define DEFAULT_TYPE IMAP4I_S("\"TEXT\" \"PLAIN\"")
#define DEFAULT_PARAMETERS IMAP4I_S("(\"CHARSET\" \"us-ascii\")")
#define DEFAULT_SUBTYPE IMAP4I_S("\"MIXED\"")

static bool put_or(imap4i_buf *out, imap4_str s, imap4_str fallback) {
  return imap4i_buf_puts(out, s.n > 0 ? s : fallback);
}

static bool put_or_nil(imap4i_buf *out, imap4_str s) {
  return put_or(out, s, IMAP4I_S("NIL"));
}

/* |s| behind a space. */
static bool put_next(imap4i_buf *out, imap4_str s) {
  return imap4i_buf_putc(out, ' ') && put_or_nil(out, s);
}

static bool put_list(imap4i_buf *out, imap4_str s) {
  if (s.n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL"));
  return imap4i_buf_putc(out, '(') && imap4i_buf_puts(out, s) && imap4i_buf_putc(out, ')');
}

/* ---- ENVELOPE ------------------------------------------------------------------------------- */

static bool put_envelope(imap4i_buf *out, const imap4i_part *part) {
  for (unsigned id = IMAP4I_FIELD_DATE; id <= IMAP4I_FIELD_MESSAGE_ID; id++) {
    imap4_str text = part->text[id];
    /* Missing or empty, these two are the same as From. */
    if ((id == IMAP4I_FIELD_SENDER || id == IMAP4I_FIELD_REPLY_TO) && text.n == 0) {
      text = part->text[IMAP4I_FIELD_FROM];
    }
    if (!imap4i_buf_putc(out, id == IMAP4I_FIELD_DATE ? '(' : ' ')) return false;
    if (!(imap4i_field_is_list(id) ? put_list(out, text) : put_or_nil(out, text))) return false;
  }
  return imap4i_buf_putc(out, ')');
}

int imap4i_digest_envelope(imap4_str digest, imap4i_buf *out) {
  imap4i_part part;
  return imap4i_digest_part(digest, 0, &part) && put_envelope(out, &part) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- BODY and BODYSTRUCTURE ----------------------------------------------------------------- */

typedef struct body_writer {
  imap4_str digest;
  imap4i_buf *out;
  bool extensible;
  bool global;
} body_writer;

/* Part |index| as it is shown. */
static bool get_part(const body_writer *w, size_t index, imap4i_part *part) {
  if (!imap4i_digest_part(w->digest, index, part)) return false;
  if (imap4i_is_global(part)) part->kind = w->global ? IMAP4I_PART_MESSAGE : IMAP4I_PART_LEAF;
  return true;
}

/* The next part behind |index|, or behind all that it holds: parts come before what they hold. */
static size_t next_part(const body_writer *w, size_t index, bool over) {
  size_t next = index + 1;
  size_t count = imap4i_digest_parts(w->digest);
  while (over && next < count && imap4i_digest_parent(w->digest, next) >= index)
    next++;
  return next;
}

static bool put_number(imap4i_buf *out, uint64_t n) {
  return imap4i_buf_putc(out, ' ') && imap4i_buf_put_u64(out, n);
}

/* MD5 or the parameters of a multipart, disposition, language and location. */
static bool put_extension(const body_writer *w, const imap4i_part *part) {
  if (!w->extensible) return true;
  bool ok = put_next(
      w->out, part->text[part->kind == IMAP4I_PART_MULTIPART ? IMAP4I_TEXT_PARAMETERS : IMAP4I_FIELD_MD5]);
  for (unsigned id = IMAP4I_FIELD_DISPOSITION; ok && id <= IMAP4I_FIELD_LOCATION; id++) {
    ok = put_next(w->out, part->text[id]);
  }
  return ok;
}

/* Type, parameters, id, description, encoding. */
static bool put_basic(imap4i_buf *out, const imap4i_part *part) {
  imap4_str type = part->text[IMAP4I_FIELD_TYPE];
  imap4_str parameters = part->text[IMAP4I_TEXT_PARAMETERS];
  return put_or(out, type, DEFAULT_TYPE) && imap4i_buf_putc(out, ' ') &&
         put_or(out, parameters, type.n > 0 ? IMAP4I_S("NIL") : DEFAULT_PARAMETERS) &&
         put_next(out, part->text[IMAP4I_FIELD_ID]) && put_next(out, part->text[IMAP4I_FIELD_DESCRIPTION]) &&
         imap4i_buf_putc(out, ' ') && put_or(out, part->text[IMAP4I_FIELD_ENCODING], IMAP4I_S("\"7BIT\""));
}

/* A part with nothing in it, for where the grammar wants one and there is none. */
static const imap4i_part empty = {.is_text = true};

static bool put_empty_part(const body_writer *w) {
  return imap4i_buf_putc(w->out, '(') && put_basic(w->out, &empty) &&
         imap4i_buf_puts(w->out, IMAP4I_S(" 0 0")) && put_extension(w, &empty) &&
         imap4i_buf_putc(w->out, ')');
}

static bool has_child(const body_writer *w, size_t index) {
  return index + 1 < imap4i_digest_parts(w->digest) && imap4i_digest_parent(w->digest, index + 1) == index;
}

/* The envelope of a message in a message.  One that is encoded (message/global alone can be) has none to
 * show, but the grammar wants it and a body. */
static bool open_message(const body_writer *w, size_t index) {
  imap4i_part inner = empty;
  bool known = has_child(w, index);
  bool ok = !known || imap4i_digest_part(w->digest, index + 1, &inner);
  ok = ok && imap4i_buf_putc(w->out, ' ') && put_envelope(w->out, &inner) && imap4i_buf_putc(w->out, ' ');
  return ok && (known || put_empty_part(w));
}

/* All of a part that precedes its children. */
static bool open_part(const body_writer *w, size_t index, const imap4i_part *part) {
  if (!imap4i_buf_putc(w->out, '(')) return false;
  if (part->kind == IMAP4I_PART_MULTIPART) return true;
  if (!put_basic(w->out, part) || !put_number(w->out, part->body_length)) return false;
  return part->kind == IMAP4I_PART_LEAF || open_message(w, index);
}

/* All that follows the children; |childless| if there were none. */
static bool close_part(const body_writer *w, const imap4i_part *part, bool childless) {
  bool ok = true;
  if (part->kind == IMAP4I_PART_MULTIPART) {
    ok = (!childless || put_empty_part(w)) && imap4i_buf_putc(w->out, ' ') &&
         put_or(w->out, part->text[IMAP4I_FIELD_TYPE], DEFAULT_SUBTYPE);
  } else if (part->is_text || part->kind == IMAP4I_PART_MESSAGE) {
    ok = put_number(w->out, part->lines);
  }
  return ok && put_extension(w, part) && imap4i_buf_putc(w->out, ')');
}

int imap4i_digest_body(imap4_str digest, bool extensible, bool global, imap4i_buf *out) {
  body_writer w = {digest, out, extensible, global};
  size_t count = imap4i_digest_parts(digest);
  size_t next = 0;
  imap4i_part part;
  bool ok = true;
  for (size_t i = 0; ok && i < count; i = next) {
    ok = get_part(&w, i, &part) && open_part(&w, i, &part);
    next = next_part(&w, i, ok && part.kind == IMAP4I_PART_LEAF);
    /* Close this part and those around it, up to the parent of the next one. */
    uint32_t parent = next < count ? imap4i_digest_parent(digest, next) : IMAP4I_NO_PARENT;
    for (uint32_t at = (uint32_t)i; ok && at != parent; at = part.parent) {
      ok = get_part(&w, at, &part) && close_part(&w, &part, at == i);
    }
  }
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}
