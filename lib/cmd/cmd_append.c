/* SPDX-License-Identifier: MIT */
/*
 * APPEND (RFC 3501 section 6.3.11) with MULTIAPPEND (RFC 3502), and REPLACE (RFC 8508), which is an APPEND
 * that takes a message away.  The messages stream into the store as they come, and through the walker, so
 * that each is kept with its digest.  After a failure the rest of what the client sends is read and dropped,
 * or, where it waits for "+", never asked for.
 */
#include "base/uidset.h"
#include "cmd/previewer.h"
#include "core/dispatch.h"
#include "mail/walker.h"
#include "wire/writer.h"

enum {
  APPEND_BEGIN,
  APPEND_UPLOAD,  /* the upload was asked for */
  APPEND_MESSAGE, /* the next message's size and flags are known */
  APPEND_READY,   /* the store knows them */
  APPEND_STREAM,
  APPEND_WRITTEN,
  APPEND_LINE, /* behind a message */
  APPEND_COMMIT,
  APPEND_COMMITTED,
  APPEND_TELL /* REPLACE: the new UID, before EXPUNGE is told */
};

/* Failures beside IMAP4_ST_*: a further message is longer than LITERAL- allows, is one too many, or is empty,
 * by which clients call it off (RFC 3502 section 6.3.11). */
enum { APPEND_UNASKED = -1, APPEND_TOO_MANY = -2, APPEND_EMPTY = -3 };

typedef struct append_context {
  void *upload;
  imap4i_walker *walker;
  uint64_t left;   /* octets of the message that are not written yet */
  uint32_t count;  /* messages so far */
  int failure;     /* what the store said first, IMAP4I_PARSE_REFUSED, or IMAP4_OK */
  bool last_write; /* the write under way completes the message */
  bool no_message; /* REPLACE: there is none with such a number */
  uint32_t uid;    /* REPLACE: of the message that goes */
  imap4i_append_message message;
  imap4i_arena arena; /* of a further message's flags */
  imap4i_buf start;   /* the first piece of the message, to make its preview of */
  imap4i_buf digest;
} append_context;
_Static_assert(sizeof(append_context) <= 256, "fits the context in dispatch.c");

int imap4i_cmd_append_parse(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_append(parser, args, &complete);
  if (status != IMAP4_OK || complete) return status;
  parser->error = (imap4i_refusal){.text = IMAP4I_S("Expected a message as literal")};
  return IMAP4I_PARSE_REFUSED;
}

int imap4i_cmd_replace_parse(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_replace(parser, args, &complete);
  if (status != IMAP4_OK || complete) return status;
  parser->error = (imap4i_refusal){.text = IMAP4I_S("Expected a message as literal")};
  return IMAP4I_PARSE_REFUSED;
}

static bool is_replace(const imap4i_command *c) {
  return c->row->step == imap4i_cmd_replace;
}

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

/* What is held of the message under way. */
static void free_message(append_context *x) {
  imap4i_walker_free(x->walker);
  x->walker = NULL;
  imap4i_buf_free(&x->start);
  imap4i_buf_free(&x->digest);
}

static void drop_upload(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  free_message(x);
  if (!x->upload) return;
  imap4i_op_abort(s, x->upload);
  x->upload = NULL;
}

static int reply_failure(imap4i_command *c) {
  append_context *x = c->context;
  if (x->no_message) return imap4i_reply_no_message(c);
  if (x->failure == APPEND_TOO_MANY) return imap4i_reply_too_many(c, imap4i_save_limit(c->s), 0);
  if (x->failure == APPEND_UNASKED)
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S("TOOBIG"),
                        IMAP4I_S("LITERAL- allows 4096 octets; wait for + with more"));
  if (x->failure == APPEND_EMPTY)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("CANNOT"), IMAP4I_S("A message is empty; none was added"));
  if (x->failure != IMAP4I_PARSE_REFUSED) return imap4i_reply_target(c, x->failure);
  return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("Expected the end of APPEND or another message"));
}

/* The command has failed; |octets| of the message at hand are still to come, if they come. */
static int fail(imap4i_command *c, int failure, uint64_t octets, bool comes) {
  append_context *x = c->context;
  drop_upload(c);
  if (x->failure == IMAP4_OK) x->failure = failure;
  if (!comes) return reply_failure(c);
  imap4i_input_discard(c->s, octets, c->s->limits->command_octets);
  return go(c, APPEND_LINE);
}

/* Before anything of the message was taken. */
static int fail_message(imap4i_command *c, int failure) {
  append_context *x = c->context;
  return fail(c, failure, x->message.size, !x->message.sync);
}

/* The UID of the message that is to be replaced.  IMAP4_OK, IMAP4_ST_* or what the client did wrong. */
static int find_replaced(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  imap4i_uidset uids;
  imap4i_uidset_init(&uids, &s->mem);
  int status = imap4i_view_resolve(s->view, &c->args.append.replaces, c->row->uid, c->row->uid, &uids);
  x->no_message = status == IMAP4I_PARSE_REFUSED;
  if (status == IMAP4_OK && uids.n == 0) status = IMAP4_ST_EXPUNGED;
  if (status == IMAP4_OK) x->uid = imap4i_uidset_ranges(&uids).p[0].first;
  imap4i_uidset_free(&uids);
  if (status == IMAP4_OK && s->view->read_only) status = IMAP4_ST_READONLY;
  return status;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  x->message = c->args.append.message;
  imap4i_buf_init(&x->start, &s->mem, SIZE_MAX);
  imap4i_buf_init(&x->digest, &s->mem, SIZE_MAX);
  int status = is_replace(c) ? find_replaced(c) : IMAP4_OK;
  if (status == IMAP4_ERR_NOMEM) return status;
  if (status == IMAP4_OK) status = imap4i_authorize(s, c->args.append.name, IMAP4_RIGHT_INSERT);
  if (status != IMAP4_OK) return fail_message(c, status);
  imap4_append_begin_args args = {.account = s->account,
                                  .mailbox = c->args.append.name,
                                  .replaces_in = is_replace(c) ? s->view->mailbox : NULL,
                                  .replaces = x->uid};
  c->phase = APPEND_UPLOAD;
  return imap4i_op_call(s, IMAP4I_OP_APPEND_BEGIN, &args);
}

static int upload(imap4i_command *c) {
  append_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return fail_message(c, c->s->op.status);
  x->upload = c->s->op.result.append_begin.upload;
  return go(c, APPEND_MESSAGE);
}

static int message(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  if (x->failure != IMAP4_OK) return fail_message(c, x->failure);
  if (x->message.binary && !imap4i_has(s, IMAP4_FEATURE_BINARY) && !imap4i_has(s, IMAP4_FEATURE_UTF8_ACCEPT))
    return fail_message(c, IMAP4_ST_UNKNOWNCTE);
  if (x->message.size > s->limits->message_octets) return fail_message(c, IMAP4_ST_TOOBIG);
  uint32_t most = imap4i_save_limit(s);
  if (most > 0 && x->count >= most) return fail_message(c, APPEND_TOO_MANY);
  if (x->count >= s->limits->append_messages) return fail_message(c, IMAP4_ST_LIMIT);
  /* RFC 3502: a message of no octets takes the whole command back. */
  if (x->message.size == 0) return fail_message(c, APPEND_EMPTY);
  imap4_append_message_args args = {.flags = x->message.flags.system,
                                    .upload = x->upload,
                                    .keywords = x->message.flags.keywords,
                                    .internaldate = x->message.date,
                                    .size = x->message.size,
                                    .binary = x->message.binary};
  c->phase = APPEND_READY;
  return imap4i_op_call(s, IMAP4I_OP_APPEND_MESSAGE, &args);
}

static int ready(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  if (s->op.status != IMAP4_OK) return fail_message(c, s->op.status);
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (!x->walker) {
    int status = imap4i_walker_new(&s->mem, s->limits, &x->walker);
    if (status != IMAP4_OK) return status;
  }
  if (x->message.sync) {
    size_t mark = imap4i_begin_piece(c);
    int status = imap4i_end_piece(c, mark, imap4i_buf_puts(&s->out, IMAP4I_S("+ OK\r\n")));
    if (status < 0) return status;
  }
  x->left = x->message.size;
  x->count++;
  imap4i_input_want_stream(s, x->left);
  return go(c, APPEND_STREAM);
}

/* The digest of the message that is complete now, with its preview if the first piece was enough for one. */
static int make_digest(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  imap4_str digest;
  int status = imap4i_walker_finish(x->walker, &digest);
  if (status != IMAP4_OK) return status;
  if (!imap4i_has(s, IMAP4_FEATURE_PREVIEW))
    return imap4i_buf_puts(&x->digest, digest) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  return imap4i_preview_start(&s->mem, imap4i_buf_str(&x->start), digest, s->limits->digest_octets,
                              &x->digest);
}

static int stream(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  if (!s->input.ready) return IMAP4I_STEP_WAIT_INPUT;
  s->last_command_ms = s->now_ms; /* it is at work, however slowly */
  imap4_str data = imap4i_buf_str(&s->input.buf);
  int status = imap4i_walker_feed(x->walker, data);
  x->last_write = data.n == x->left;
  if (status == IMAP4_OK && x->left == x->message.size && !imap4i_buf_puts(&x->start, data))
    status = IMAP4_ERR_NOMEM;
  if (status == IMAP4_OK && x->last_write) status = make_digest(c);
  if (status != IMAP4_OK) return status;
  imap4_str digest = imap4i_buf_str(&x->digest);
  imap4_append_write_args args = {.last = x->last_write, .upload = x->upload, .data = data, .digest = digest};
  c->phase = APPEND_WRITTEN;
  return imap4i_op_call(s, IMAP4I_OP_APPEND_WRITE, &args);
}

static int written(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  x->left -= s->input.buf.n;
  if (s->op.status != IMAP4_OK) return fail(c, s->op.status, x->left, true);
  imap4i_input_next(s);
  if (!x->last_write) return go(c, APPEND_STREAM);
  free_message(x);
  imap4i_input_want_line(s, s->limits->command_octets, true);
  return go(c, APPEND_LINE);
}

/* A MULTIAPPEND goes on, or the command is complete. */
static int line(imap4i_command *c) {
  imap4_session *s = c->s;
  append_context *x = c->context;
  if (!s->input.ready) return IMAP4I_STEP_WAIT_INPUT;
  imap4i_parser parser;
  bool more = false;
  uint64_t size = 0;
  bool sync;
  bool ok = true;
  imap4i_arena_free(&x->arena);
  imap4i_arena_init(&x->arena, &s->mem);
  imap4_str text = imap4i_arena_str(&x->arena, imap4i_buf_str(&s->input.buf), &ok);
  if (!ok) return IMAP4_ERR_NOMEM;
  imap4i_session_parser(s, text, &x->arena, &parser);
  int status =
      s->input.too_long ? IMAP4I_PARSE_REFUSED : imap4i_parse_append_next(&parser, &x->message, &more);
  bool comes = imap4i_find_literal(text, &size, &sync) && !sync;
  if (!more && !comes) imap4i_input_next(s); /* else, octets that are no command follow this line */
  /* What is not understood may still be followed by octets that are no command. */
  if (status == IMAP4I_PARSE_REFUSED) return fail(c, IMAP4I_PARSE_REFUSED, size, comes);
  if (status != IMAP4_OK) return status;
  if (more && (is_replace(c) || !imap4i_has(s, IMAP4_FEATURE_MULTIAPPEND)))
    return fail_message(c, IMAP4I_PARSE_REFUSED);
  if (more && imap4i_literal_unasked(s, x->message.size, x->message.sync))
    return fail_message(c, APPEND_UNASKED);
  if (more) return go(c, APPEND_MESSAGE);
  return x->failure == IMAP4_OK ? go(c, APPEND_COMMIT) : reply_failure(c);
}

static int commit(imap4i_command *c) {
  append_context *x = c->context;
  imap4_upload_args args = {.upload = x->upload};
  imap4_replace_args replace_args = {.uid = x->uid, .upload = x->upload};
  x->upload = NULL; /* it ends, whatever the status is */
  c->phase = APPEND_COMMITTED;
  if (is_replace(c)) {
    replace_args.mailbox = c->s->view->mailbox;
    return imap4i_op_call(c->s, IMAP4I_OP_REPLACE, &replace_args);
  }
  return imap4i_op_call(c->s, IMAP4I_OP_APPEND_COMMIT, &args);
}

static imap4_str completed(const imap4i_command *c) {
  return is_replace(c) ? IMAP4I_S("REPLACE completed") : IMAP4I_S("APPEND completed");
}

static int committed(imap4i_command *c) {
  imap4_session *s = c->s;
  const append_context *x = c->context;
  if (s->op.status != IMAP4_OK) return imap4i_reply_target(c, s->op.status);
  const imap4_append_commit_result *r = &s->op.result.append_commit;
  if (r->over_quota) {
    int status = imap4i_tell_over_quota(c);
    if (status != IMAP4I_STEP_AGAIN) return status;
  }
  if (r->uidvalidity == 0 || imap4i_ranges_count(r->uids) != x->count ||
      !imap4i_has(s, IMAP4_FEATURE_UIDPLUS))
    return imap4i_reply_ok(c, completed(c));
  imap4i_buf code;
  imap4i_buf_init(&code, &s->mem, SIZE_MAX);
  bool ok = imap4i_buf_puts(&code, IMAP4I_S("APPENDUID ")) && imap4i_buf_put_u64(&code, r->uidvalidity) &&
            imap4i_buf_putc(&code, ' ') && imap4i_put_uid_ranges(&code, r->uids);
  imap4_str kept = ok ? imap4i_arena_str(&c->arena, imap4i_buf_str(&code), &ok) : IMAP4I_S("");
  imap4i_buf_free(&code);
  /* RFC 4315 section 3: no UIDs of a mailbox that the client could not select.  Asked only now: another call
   * of the store ends what the last one has answered. */
  ok = ok && imap4i_authorize(s, c->args.append.name, IMAP4_RIGHT_READ) == IMAP4_OK;
  /* The messages are there; without memory for their UIDs, the client is told that much. */
  if (ok && is_replace(c)) {
    c->code = kept;
    return go(c, APPEND_TELL);
  }
  return imap4i_reply(c, IMAP4I_OK, ok ? kept : IMAP4I_S(""), completed(c));
}

/* RFC 8508 section 4.3: APPENDUID comes before the EXPUNGE response, so not with the tagged OK. */
static int tell(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* OK ")) &&
            imap4i_put_code_text(&s->out, c->code, IMAP4I_S("The message is replaced")) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  return status < 0 ? status : imap4i_reply_ok(c, completed(c));
}

int imap4i_cmd_append(imap4i_command *c) {
  switch (c->phase) {
  case APPEND_BEGIN:
    return begin(c);
  case APPEND_UPLOAD:
    return upload(c);
  case APPEND_MESSAGE:
    return message(c);
  case APPEND_READY:
    return ready(c);
  case APPEND_STREAM:
    return stream(c);
  case APPEND_WRITTEN:
    return written(c);
  case APPEND_LINE:
    return line(c);
  case APPEND_COMMIT:
    return commit(c);
  case APPEND_COMMITTED:
    return committed(c);
  default:
    return tell(c);
  }
}

int imap4i_cmd_replace(imap4i_command *c) {
  return imap4i_cmd_append(c);
}

void imap4i_cmd_append_end(imap4i_command *c) {
  append_context *x = c->context;
  if (!x) return;
  drop_upload(c);
  imap4i_arena_free(&x->arena);
}
