/* SPDX-License-Identifier: MIT */
/* Commands that change names: CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 sections 6.3.3, 6.3.4, 6.3.6
 * and 6.3.7, RFC 6154 section 3, RFC 8474).  RENAME has a file of its own. */
#include "cmd/tally.h"

enum { NAME_BEGIN, NAME_DONE, NAME_IDENTIFY };

_Static_assert(sizeof(imap4i_tally) <= 512, "fits the context in dispatch.c");

static int call(imap4i_command *c, uint8_t kind, imap4_str name, int32_t on, uint32_t rights) {
  imap4_session *s = c->s;
  int status = rights ? imap4i_authorize(s, name, rights) : IMAP4_OK;
  if (status != IMAP4_OK) return imap4i_reply_status(c, status);
  uint32_t uses = kind == IMAP4I_OP_CREATE ? c->args.mailbox.uses : 0;
  imap4_name_args args = {.on = on, .account = s->account, .name = name, .uses = uses};
  c->phase = NAME_DONE;
  return imap4i_op_call(s, kind, &args);
}

static int done(imap4i_command *c, imap4_str text) {
  int status = c->s->op.status;
  return status == IMAP4_OK ? imap4i_reply_ok(c, text) : imap4i_reply_status(c, status);
}

static bool is_inbox(imap4_str name) {
  return imap4i_eq(name, IMAP4I_S("INBOX"));
}

/* RFC 6154 section 3: the mailbox is not made without the uses that were asked for. */
static int refuse_uses(imap4i_command *c) {
  return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("USEATTR"), IMAP4I_S("No mailbox can be made for this use"));
}

static int created(imap4i_command *c, imap4_str name) {
  int status = c->s->op.status;
  if (c->args.mailbox.uses && status == IMAP4_ST_UNSUPPORTED) return refuse_uses(c);
  if (status != IMAP4_OK || !imap4i_has(c->s, IMAP4_FEATURE_OBJECTID))
    return done(c, IMAP4I_S("CREATE completed"));
  imap4i_tally_init(c->context, name, IMAP4_STATUS_MAILBOXID);
  c->phase = NAME_IDENTIFY;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 8474 section 4.1.  The mailbox is made, whatever becomes of this. */
static int identify(imap4i_command *c) {
  imap4i_tally *x = c->context;
  int failure = IMAP4_OK;
  bool ok = true;
  int status = imap4i_tally_step(x, c, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  imap4_str code = IMAP4I_S("");
  if (failure == IMAP4_OK && x->mailbox_id_octets > 0) {
    imap4i_buf buf;
    imap4i_buf_init(&buf, &c->s->mem, SIZE_MAX);
    ok = imap4i_buf_puts(&buf, IMAP4I_S("MAILBOXID (")) &&
         imap4i_buf_put(&buf, x->mailbox_id, x->mailbox_id_octets) && imap4i_buf_putc(&buf, ')');
    if (ok) code = imap4i_arena_str(&c->arena, imap4i_buf_str(&buf), &ok);
    imap4i_buf_free(&buf);
  }
  return imap4i_reply(c, IMAP4I_OK, ok ? code : IMAP4I_S(""), IMAP4I_S("CREATE completed"));
}

int imap4i_cmd_create(imap4i_command *c) {
  const imap4i_mailbox_args *a = &c->args.mailbox;
  imap4_str name = c->args.mailbox.name;
  bool trailing = name.n > 1 && name.p[name.n - 1] == c->s->delimiter;
  if (trailing) name.n--;
  if (c->phase == NAME_DONE) return created(c, name);
  if (c->phase == NAME_IDENTIFY) return identify(c);
  if (a->has_uses && !imap4i_has(c->s, IMAP4_FEATURE_CREATE_SPECIAL_USE))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("CREATE has no parameter USE here"));
  if (a->unknown_use || a->uses & ~c->s->server->store.create_uses) return refuse_uses(c);
  if (is_inbox(name)) return imap4i_reply_status(c, IMAP4_ST_ALREADYEXISTS);
  return call(c, IMAP4I_OP_CREATE, name, trailing, IMAP4_RIGHT_CREATE);
}

int imap4i_cmd_delete(imap4i_command *c) {
  if (c->phase == NAME_DONE) return done(c, IMAP4I_S("DELETE completed"));
  imap4_str name = c->args.mailbox.name;
  if (is_inbox(name))
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("CANNOT"), IMAP4I_S("INBOX can't be deleted"));
  return call(c, IMAP4I_OP_REMOVE, name, 0, IMAP4_RIGHT_DELETE);
}

int imap4i_cmd_subscribe(imap4i_command *c) {
  if (c->phase == NAME_DONE) return done(c, IMAP4I_S("SUBSCRIBE completed"));
  return call(c, IMAP4I_OP_SUBSCRIBE, c->args.mailbox.name, 1, 0);
}

int imap4i_cmd_unsubscribe(imap4i_command *c) {
  if (c->phase == NAME_DONE) return done(c, IMAP4I_S("UNSUBSCRIBE completed"));
  return call(c, IMAP4I_OP_SUBSCRIBE, c->args.mailbox.name, 0, 0);
}
