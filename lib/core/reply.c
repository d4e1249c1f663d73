/* SPDX-License-Identifier: MIT */
/* Replies of commands, and the pieces of responses. */
#include "core/dispatch.h"
#include "wire/writer.h"

int imap4i_reply(imap4i_command *c, uint8_t reply, imap4_str code, imap4_str text) {
  c->reply = reply;
  if (reply == IMAP4I_BAD) c->lowest_uid = 0;
  c->code = code;
  c->reply_text = text;
  return IMAP4I_STEP_DONE;
}

int imap4i_reply_ok(imap4i_command *c, imap4_str text) {
  return imap4i_reply(c, IMAP4I_OK, IMAP4I_S(""), text);
}

/* Response codes of RFC 5530, RFC 3501 and others by status. */
static const struct {
  int status;
  const char *codez;
} codes[] = {
    {IMAP4_ST_NONEXISTENT, "NONEXISTENT"},
    {IMAP4_ST_ALREADYEXISTS, "ALREADYEXISTS"},
    {IMAP4_ST_CANNOT, "CANNOT"},
    {IMAP4_ST_OVERQUOTA, "OVERQUOTA"},
    {IMAP4_ST_NOPERM, "NOPERM"},
    {IMAP4_ST_UNAVAILABLE, "UNAVAILABLE"},
    {IMAP4_ST_INUSE, "INUSE"},
    {IMAP4_ST_LIMIT, "LIMIT"},
    {IMAP4_ST_TOOBIG, "TOOBIG"},
    {IMAP4_ST_EXPUNGED, "EXPUNGEISSUED"},
    {IMAP4_ST_CORRUPTION, "CORRUPTION"},
    {IMAP4_ST_SERVERBUG, "SERVERBUG"},
    {IMAP4_ST_READONLY, "READ-ONLY"},
    {IMAP4_ST_HASCHILDREN, "HASCHILDREN"},
    {IMAP4_ST_AUTHFAILED, "AUTHENTICATIONFAILED"},
    {IMAP4_ST_AUTHZFAILED, "AUTHORIZATIONFAILED"},
    {IMAP4_ST_EXPIRED, "EXPIRED"},
    {IMAP4_ST_PRIVACYREQUIRED, "PRIVACYREQUIRED"},
    {IMAP4_ST_CONTACTADMIN, "CONTACTADMIN"},
    {IMAP4_ST_UNSUPPORTED, "CANNOT"},
    {IMAP4_ST_TEMPFAIL, "UNAVAILABLE"},
    {IMAP4_ST_UNKNOWNCTE, "UNKNOWN-CTE"},
};

int imap4i_reply_status(imap4i_command *c, int status) {
  /* These say that some of the messages could not be had; with any other, nothing is known of the rest. */
  bool some = status == IMAP4_ST_EXPUNGED || status == IMAP4_ST_UNKNOWNCTE;
  const char *textz = imap4_status_textz(status);
  if (!some) c->lowest_uid = 0;
  imap4_str code = IMAP4I_S("");
  for (size_t i = 0; i < IMAP4I_COUNT(codes); i++) {
    if (codes[i].status == status) code = imap4i_str(codes[i].codez, strlen(codes[i].codez));
  }
  return imap4i_reply(c, IMAP4I_NO, code, imap4i_str(textz, strlen(textz)));
}

int imap4i_reply_target(imap4i_command *c, int status) {
  if (status != IMAP4_ST_NONEXISTENT) return imap4i_reply_status(c, status);
  c->lowest_uid = 0;
  return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("TRYCREATE"), IMAP4I_S("No such mailbox; create it first"));
}

int imap4i_reply_no_message(imap4i_command *c) {
  return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("There is no message with such a number"));
}

int imap4i_reply_capabilities(imap4i_command *c, imap4_str text) {
  enum { LONGEST = 1024 };
  imap4i_buf buf;
  imap4i_buf_init(&buf, &c->s->mem, LONGEST);
  bool ok = imap4i_buf_puts(&buf, IMAP4I_S("CAPABILITY ")) && imap4i_put_capabilities(c->s, &buf);
  imap4_str code = ok ? imap4i_arena_str(&c->arena, imap4i_buf_str(&buf), &ok) : IMAP4I_S("");
  imap4i_buf_free(&buf);
  /* Without memory for it the client asks for itself. */
  return imap4i_reply(c, IMAP4I_OK, ok ? code : IMAP4I_S(""), text);
}

int imap4i_die_in_literal(imap4i_command *c) {
  c->s->closing = true;
  return IMAP4I_STEP_AGAIN;
}

size_t imap4i_begin_piece(const imap4i_command *c) {
  return c->s->out.n;
}

int imap4i_end_piece(imap4i_command *c, size_t mark, bool ok) {
  if (ok) return IMAP4I_STEP_AGAIN;
  c->s->out.n = mark;
  return IMAP4_ERR_NOMEM;
}

int imap4i_tell_over_quota(imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  return imap4i_end_piece(
      c, mark, imap4i_buf_puts(out, IMAP4I_S("* NO [OVERQUOTA] Soft quota has been exceeded\r\n")));
}
