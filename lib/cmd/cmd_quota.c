/* SPDX-License-Identifier: MIT */
/* GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208): what the store says of quota roots, told one by one. */
#include "core/dispatch.h"
#include "wire/writer.h"

enum { QUOTA_BEGIN, QUOTA_SET, QUOTA_ROOTS, QUOTA_NAMES, QUOTA_ASK, QUOTA_GOT };

typedef struct quota_context {
  imap4_str *roots; /* in the arena; those from |at| on are still to be told */
  uint32_t count;
  uint32_t at;
} quota_context;
_Static_assert(sizeof(quota_context) <= 64, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

/* One root, whose name is the client's. */
static int tell_one(imap4i_command *c) {
  quota_context *x = c->context;
  x->roots = &c->args.quota.root;
  x->count = 1;
  return go(c, QUOTA_ASK);
}

/* What the store can't find here is no mailbox. */
static int refuse(imap4i_command *c, int status) {
  if (status != IMAP4_ST_NONEXISTENT) return imap4i_reply_status(c, status);
  return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("NONEXISTENT"), IMAP4I_S("No such quota root"));
}

/* ---- QUOTA responses ------------------------------------------------------------------------ */

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  const quota_context *x = c->context;
  if (x->at == x->count) return imap4i_reply_ok(c, IMAP4I_S("Quota completed"));
  imap4_quota_args args = {.account = s->account, .root = x->roots[x->at]};
  c->phase = QUOTA_GOT;
  return imap4i_op_call(s, IMAP4I_OP_QUOTA, &args);
}

static bool put_number(imap4i_buf *out, uint64_t value) {
  return imap4i_buf_putc(out, ' ') && imap4i_buf_put_u64(out, value < INT64_MAX ? value : INT64_MAX);
}

static bool put_resource(imap4i_buf *out, bool there, imap4_str name, const imap4_quota_resource *r,
                         bool *any) {
  if (!there) return true;
  bool ok = (!*any || imap4i_buf_putc(out, ' ')) && imap4i_buf_puts(out, name) && put_number(out, r->usage) &&
            put_number(out, r->limit);
  *any = true;
  return ok;
}

static bool put_quota(const imap4_session *s, imap4i_buf *out, imap4_str root, const imap4_quota_result *r) {
  uint32_t limited = r->limited & s->server->store.quota_resources;
  bool any = false;
  return imap4i_buf_puts(out, IMAP4I_S("* QUOTA ")) && imap4i_put_string(out, root, imap4i_speaks_utf8(s)) &&
         imap4i_buf_puts(out, IMAP4I_S(" (")) &&
         put_resource(out, limited & IMAP4_QUOTA_STORAGE, IMAP4I_S("STORAGE"), &r->storage, &any) &&
         put_resource(out, limited & IMAP4_QUOTA_MESSAGE, IMAP4I_S("MESSAGE"), &r->message, &any) &&
         put_resource(out, limited & IMAP4_QUOTA_MAILBOX, IMAP4I_S("MAILBOX"), &r->mailbox, &any) &&
         put_resource(out, limited & IMAP4_QUOTA_ANNOTATION_STORAGE, IMAP4I_S("ANNOTATION-STORAGE"),
                      &r->annotation_storage, &any) &&
         imap4i_buf_puts(out, IMAP4I_S(")\r\n"));
}

static int got(imap4i_command *c) {
  imap4_session *s = c->s;
  quota_context *x = c->context;
  if (s->op.status != IMAP4_OK) return refuse(c, s->op.status);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, put_quota(s, &s->out, x->roots[x->at], &s->op.result.quota));
  if (status < 0) return status;
  x->at++;
  return go(c, QUOTA_ASK);
}

int imap4i_cmd_getquota(imap4i_command *c) {
  if (c->phase == QUOTA_ASK) return ask(c);
  if (c->phase == QUOTA_GOT) return got(c);
  return tell_one(c);
}

/* ---- GETQUOTAROOT --------------------------------------------------------------------------- */

static int begin_roots(imap4i_command *c) {
  imap4_session *s = c->s;
  int status = imap4i_authorize(s, c->args.mailbox.name, IMAP4_RIGHT_READ);
  if (status != IMAP4_OK) return imap4i_reply_status(c, status);
  imap4_quota_roots_args args = {.account = s->account, .name = c->args.mailbox.name};
  c->phase = QUOTA_ROOTS;
  return imap4i_op_call(s, IMAP4I_OP_QUOTA_ROOTS, &args);
}

/* The names are the store's until its next call, and are needed for longer. */
static int keep_roots(imap4i_command *c) {
  imap4_session *s = c->s;
  quota_context *x = c->context;
  const imap4_quota_roots_result *r = &s->op.result.quota_roots;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  bool ok = true;
  if (r->count > 0) x->roots = imap4i_arena_array(&c->arena, r->count, sizeof *x->roots);
  if (r->count > 0 && !x->roots) return IMAP4_ERR_NOMEM;
  for (uint32_t i = 0; ok && i < r->count; i++)
    x->roots[i] = imap4i_arena_str(&c->arena, r->roots[i], &ok);
  if (!ok) return IMAP4_ERR_NOMEM;
  x->count = r->count;
  return go(c, QUOTA_NAMES);
}

static int tell_names(imap4i_command *c) {
  imap4_session *s = c->s;
  const quota_context *x = c->context;
  bool utf8 = imap4i_speaks_utf8(s);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* QUOTAROOT ")) &&
            imap4i_put_mailbox(&s->out, c->args.mailbox.name, utf8);
  for (uint32_t i = 0; ok && i < x->count; i++)
    ok = imap4i_buf_putc(&s->out, ' ') && imap4i_put_string(&s->out, x->roots[i], utf8);
  int status = imap4i_end_piece(c, mark, ok && imap4i_buf_puts(&s->out, IMAP4I_S("\r\n")));
  return status < 0 ? status : go(c, QUOTA_ASK);
}

int imap4i_cmd_getquotaroot(imap4i_command *c) {
  switch (c->phase) {
  case QUOTA_BEGIN:
    return begin_roots(c);
  case QUOTA_ROOTS:
    return keep_roots(c);
  case QUOTA_NAMES:
    return tell_names(c);
  case QUOTA_ASK:
    return ask(c);
  default:
    return got(c);
  }
}

/* ---- SETQUOTA ------------------------------------------------------------------------------- */

static int begin_set(imap4i_command *c) {
  imap4_session *s = c->s;
  const imap4i_quota_args *a = &c->args.quota;
  if (!s->server->store.set_quota)
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("Quotas can't be changed here"));
  if (a->unknown || (a->limited & ~s->server->store.quota_resources) != 0)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("CANNOT"), IMAP4I_S("Such a resource can't be limited here"));
  imap4_set_quota_args args = {.limited = a->limited,
                               .account = s->account,
                               .root = a->root,
                               .storage = a->storage,
                               .message = a->message,
                               .mailbox = a->mailbox,
                               .annotation_storage = a->annotation_storage};
  c->phase = QUOTA_SET;
  return imap4i_op_call(s, IMAP4I_OP_SET_QUOTA, &args);
}

int imap4i_cmd_setquota(imap4i_command *c) {
  switch (c->phase) {
  case QUOTA_BEGIN:
    return begin_set(c);
  case QUOTA_SET:
    return c->s->op.status != IMAP4_OK ? refuse(c, c->s->op.status) : tell_one(c);
  case QUOTA_ASK:
    return ask(c);
  default:
    return got(c);
  }
}
