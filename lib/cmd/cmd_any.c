/* SPDX-License-Identifier: MIT */
/* Commands that are about the session: CAPABILITY, NOOP, CHECK, LOGOUT, ID, ENABLE, NAMESPACE. */
#include "base/utf7.h"
#include "core/modseq.h"
#include "wire/writer.h"

/* RFC 3501 section 6.1.1. */
int imap4i_cmd_capability(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* CAPABILITY ")) && imap4i_put_capabilities(s, &s->out) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("CAPABILITY completed"));
}

/* RFC 3501 sections 6.1.2 and 6.4.1: what is new is announced after every command anyway. */
int imap4i_cmd_noop(imap4i_command *c) {
  return imap4i_reply_ok(c, c->row->flags & IMAP4I_CHECKPOINT ? IMAP4I_S("CHECK completed")
                                                              : IMAP4I_S("NOOP completed"));
}

/* RFC 3501 section 6.1.3. */
int imap4i_cmd_logout(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  /* The tagged OK must follow in the same step: after it, nothing runs any more. */
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* BYE Logging out\r\n")) && imap4i_buf_puts(&s->out, c->tag) &&
            imap4i_buf_puts(&s->out, IMAP4I_S(" OK LOGOUT completed\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  s->commands++;
  s->closing = true;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 2971.  What the client says of itself decides on quirks alone. */
int imap4i_cmd_id(imap4i_command *c) {
  imap4_session *s = c->s;
  if (c->phase == 0) imap4i_quirks_from_id(s, &c->args.id);
  c->phase = 1;
  imap4_str id = s->server->id ? imap4i_str(s->server->id, s->server->id_length) : IMAP4I_S("NIL");
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* ID ")) && imap4i_buf_puts(&s->out, id) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("ID completed"));
}

/* What can be enabled. */
static const struct {
  imap4_str name;
  uint64_t features; /* all of which must be there */
  uint32_t enables;
} extensions[] = {
    {{"CONDSTORE", 9}, IMAP4_FEATURE_CONDSTORE, IMAP4I_ENABLED_CONDSTORE},
    {{"QRESYNC", 7}, IMAP4_FEATURE_QRESYNC, IMAP4I_ENABLED_QRESYNC | IMAP4I_ENABLED_CONDSTORE},
    {{"IMAP4rev2", 9}, IMAP4_FEATURE_IMAP4REV2, IMAP4I_ENABLED_REV2},
    {{"UTF8=ACCEPT", 11}, IMAP4_FEATURE_UTF8_ACCEPT, IMAP4I_ENABLED_UTF8},
    {{"UIDONLY", 7}, IMAP4_FEATURE_UIDONLY, IMAP4I_ENABLED_UIDONLY},
};

/* Whether |words| have the extension, and it is there. */
static bool wants(const imap4i_command *c, size_t extension) {
  const imap4i_words_args *a = &c->args.words;
  for (size_t i = 0; i < a->count; i++) {
    if (imap4i_ieq(a->words[i], extensions[extension].name))
      return imap4i_has(c->s, extensions[extension].features);
  }
  return false;
}

/* RFC 5161: what is unknown is ignored.  The response lists what was asked for and is on now. */
int imap4i_cmd_enable(imap4i_command *c) {
  imap4_session *s = c->s;
  uint32_t enabled = s->enabled;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* ENABLED"));
  for (size_t i = 0; i < IMAP4I_COUNT(extensions); i++) {
    if (!wants(c, i)) continue;
    enabled |= extensions[i].enables;
    ok = ok && imap4i_buf_putc(&s->out, ' ') && imap4i_buf_puts(&s->out, extensions[i].name);
  }
  ok = ok && imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  /* RFC 7162 section 3.1: the first command of its kind tells where the selected mailbox stands. */
  if ((enabled & ~s->enabled & IMAP4I_ENABLED_CONDSTORE) != 0 && s->view) ok = ok && imap4i_put_highest(s);
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  s->enabled = enabled;
  if (imap4i_speaks_rev2(s) && s->view) imap4i_view_forget_recent(s->view);
  return imap4i_reply_ok(c, IMAP4I_S("ENABLE completed"));
}

/* ---- NAMESPACE (RFC 2342) ------------------------------------------------------------------- */

static imap4_namespace namespace_at(const imap4_namespaces_result *r, uint32_t i) {
  imap4_namespace n;
  memcpy(&n, (const char *)r->entries + (size_t)i * r->entry_size, sizeof n);
  return n;
}

/* The prefix is a string, never an atom. */
static bool put_namespace(imap4_session *s, imap4_str prefix, char delimiter) {
  imap4i_buf *out = &s->out;
  bool utf8 = imap4i_speaks_utf8(s);
  imap4i_buf name;
  imap4i_buf_init(&name, out->mem, SIZE_MAX);
  bool ok = (utf8 || imap4i_utf7_encode(prefix, &name) == IMAP4_OK) && imap4i_buf_putc(out, '(') &&
            imap4i_put_string(out, utf8 ? prefix : imap4i_buf_str(&name), utf8) &&
            imap4i_buf_putc(out, ' ') && imap4i_put_quoted(out, imap4i_str(&delimiter, 1)) &&
            imap4i_buf_putc(out, ')');
  imap4i_buf_free(&name);
  return ok;
}

static bool put_namespace_kind(imap4_session *s, const imap4_namespaces_result *r, uint32_t kind) {
  bool ok = true;
  uint32_t found = 0;
  for (uint32_t i = 0; ok && i < r->count; i++) {
    imap4_namespace n = namespace_at(r, i);
    if (n.kind != kind) continue;
    if (found++ == 0) ok = imap4i_buf_putc(&s->out, '(');
    char delimiter = n.delimiter != 0 ? (char)n.delimiter : s->delimiter;
    ok = ok && put_namespace(s, n.prefix, delimiter);
  }
  if (kind == 0 && found == 0) {
    found++;
    ok = ok && imap4i_buf_putc(&s->out, '(') && put_namespace(s, IMAP4I_S(""), s->delimiter);
  }
  if (found > 0) return ok && imap4i_buf_putc(&s->out, ')');
  return ok && imap4i_buf_puts(&s->out, IMAP4I_S("NIL"));
}

static int put_namespaces(imap4i_command *c, const imap4_namespaces_result *r) {
  imap4_session *s = c->s;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* NAMESPACE "));
  for (uint32_t kind = 0; kind < 3; kind++) {
    ok = ok && (kind == 0 || imap4i_buf_putc(&s->out, ' ')) && put_namespace_kind(s, r, kind);
  }
  ok = ok && imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, IMAP4I_S("NAMESPACE completed"));
}

int imap4i_cmd_namespace(imap4i_command *c) {
  enum { ASK, GOT };
  imap4_session *s = c->s;
  if (c->phase == ASK) {
    imap4_namespaces_args args = {.account = s->account};
    c->phase = GOT;
    return imap4i_op_call(s, IMAP4I_OP_NAMESPACES, &args);
  }
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (s->op.status == IMAP4_OK) return put_namespaces(c, &s->op.result.namespaces);
  if (s->op.status != IMAP4_ST_UNSUPPORTED) return imap4i_reply_status(c, s->op.status);
  imap4_namespaces_result none = {.count = 0};
  return put_namespaces(c, &none);
}
