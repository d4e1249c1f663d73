/* SPDX-License-Identifier: MIT */
/*
 * The run loop: the only place that loops over steps.  A session greets, takes a command, steps it, announces
 * what has changed in the selected mailbox, replies, and takes the next.
 */
#include "core/modseq.h"
#include "wire/writer.h"

/* Steps that change nothing that can be seen: more in a row are a bug, ended instead of hanging. */
#define STALL_STEPS 64

/* ---- the beginning of a command ------------------------------------------------------------- */

static bool allowed(const imap4_session *s, const imap4i_row *row) {
  return (row->states & (1u << s->state)) != 0;
}

static imap4_str not_allowed_text(const imap4_session *s, const imap4i_row *row) {
  if (s->state == IMAP4_STATE_NOT_AUTHENTICATED) return IMAP4I_S("Log in first");
  if (row->states == IMAP4I_IN_SELECTED) return IMAP4I_S("Select a mailbox first");
  return IMAP4I_S("Already logged in");
}

/* Tag, name and the row; |error| of the parser is set when there is none. */
static int parse_head(imap4_session *s, imap4i_parser *p, imap4_str *tag, const imap4i_row **row) {
  imap4_str name;
  bool uid;
  int status = imap4i_parse_tag(p, tag);
  if (status == IMAP4_OK) status = imap4i_parse_name(p, &name, &uid);
  if (status != IMAP4_OK) return status;
  *row = imap4i_dispatch(s, name, uid);
  if (*row && (*row)->flags & IMAP4I_BY_NUMBER && p->uid_only) return imap4i_refuse_numbers(p);
  if (*row && allowed(s, *row)) return IMAP4_OK;
  p->error = (imap4i_refusal){.text = *row ? not_allowed_text(s, *row) : IMAP4I_S("Unknown command")};
  return IMAP4I_PARSE_REFUSED;
}

void imap4i_session_parser(const imap4_session *s, imap4_str text, imap4i_arena *arena,
                           imap4i_parser *parser) {
  imap4i_parser_init(parser, text, arena, s->limits, s->delimiter);
  parser->features_off = imap4i_features_off(s);
  parser->utf8 = imap4i_speaks_utf8(s);
  parser->no_charset = (s->enabled & IMAP4I_ENABLED_UTF8) != 0;
  parser->uid_only = imap4i_speaks_uidonly(s);
  parser->trailing_delimiter = (s->quirks & IMAP4_QUIRK_TRAILING_DELIMITER) != 0;
}

int imap4i_command_probe(imap4_session *s, imap4_str text, bool *streams, imap4i_refusal *refusal) {
  imap4i_arena arena;
  imap4i_parser parser;
  imap4_str tag;
  const imap4i_row *row = NULL;
  imap4i_arena_init(&arena, &s->mem);
  imap4i_session_parser(s, text, &arena, &parser);
  int status = parse_head(s, &parser, &tag, &row);
  *streams = false;
  if (status == IMAP4_OK && row->flags & IMAP4I_STREAMS) {
    imap4i_args args;
    memset(&args, 0, sizeof args);
    bool replaces = row->parse == imap4i_cmd_replace_parse;
    status = replaces ? imap4i_parse_replace(&parser, &args, streams)
                      : imap4i_parse_append(&parser, &args, streams);
  }
  imap4i_arena_free(&arena);
  if (status != IMAP4I_PARSE_REFUSED) return status;
  *refusal = parser.error;
  return IMAP4_OK;
}

static bool selects(const imap4i_row *row) {
  return row && row->flags & IMAP4I_SELECTS;
}

static int refuse_command(imap4i_command *c, const imap4i_row *row, const imap4i_refusal *error) {
  if (error->no && selects(row)) { /* RFC 3501 section 6.3.1: it has failed */
    if (imap4i_shows_closed(c->s) && !imap4i_put_closed(c->s)) return IMAP4_ERR_NOMEM;
    imap4i_deselect(c->s);
  }
  c->stage = IMAP4I_STAGE_REPLY;
  c->row = NULL;
  (void)imap4i_reply(c, error->no ? IMAP4I_NO : IMAP4I_BAD, error->code, error->text);
  return IMAP4I_STEP_AGAIN;
}

/* RFC 5182 section 2.1: a SEARCH that was to save its result and gets a NO has saved that there is none. */
static void forget_saved(imap4_session *s, const imap4i_row *row, const imap4i_args *args) {
  bool saves = row && row->parse == imap4i_parse_search && args->search.options & IMAP4I_RETURN_SAVE;
  if (saves && s->view) imap4i_uidset_free(&s->view->saved);
}

/* The command in the input buffer begins: it becomes the command's own text. */
static int begin_command(imap4_session *s) {
  imap4i_command *c = imap4i_calloc(&s->mem, sizeof *c);
  if (!c) return IMAP4_ERR_NOMEM;
  c->s = s;
  c->text = s->input.buf;
  imap4i_arena_init(&c->arena, &s->mem);
  s->command = c;
  s->features_off = s->mask;
  s->last_command_ms = s->now_ms;
  imap4i_refusal refusal = s->input.refusal;
  imap4i_buf_init(&s->input.buf, &s->mem, SIZE_MAX);
  s->input.buf.secret = true;
  imap4i_input_reset(s);

  imap4i_parser parser;
  imap4i_session_parser(s, imap4i_buf_str(&c->text), &c->arena, &parser);
  const imap4i_row *row = NULL;
  int status = parse_head(s, &parser, &c->tag, &row);
  if (refusal.text.n > 0) {
    /* What was kept of it may say what a NO means. */
    if (status == IMAP4_OK && refusal.no && row->parse == imap4i_parse_search)
      (void)row->parse(&parser, &c->args);
    if (refusal.no) forget_saved(s, row, &c->args);
    return refuse_command(c, row, &refusal);
  }
  if (status == IMAP4_OK) status = row->parse(&parser, &c->args);
  if (status != IMAP4_OK && (status != IMAP4I_PARSE_REFUSED || parser.error.no))
    forget_saved(s, row, &c->args);
  if (status == IMAP4I_PARSE_REFUSED) return refuse_command(c, row, &parser.error);
  if (status != IMAP4_OK) return status;
  if (row->context > 0 && !(c->context = imap4i_arena_alloc(&c->arena, row->context))) return IMAP4_ERR_NOMEM;
  c->row = row;
  return IMAP4I_STEP_AGAIN;
}

/* ---- its end -------------------------------------------------------------------------------- */

void imap4i_command_free(imap4_session *s) {
  imap4i_command *c = s->command;
  if (!c) return;
  s->command = NULL;
  if (c->row && c->row->end) c->row->end(c);
  imap4i_arena_free(&c->arena);
  imap4i_arena_free(&s->op.copies); /* a session that waits holds no old answer */
  imap4i_buf_free(&c->text);
  imap4i_free(&s->mem, c, sizeof *c);
}

static imap4_str reply_word(uint8_t reply) {
  switch (reply) {
  case IMAP4I_OK:
    return IMAP4I_S(" OK ");
  case IMAP4I_NO:
    return IMAP4I_S(" NO ");
  default:
    return IMAP4I_S(" BAD ");
  }
}

static bool put_limit_code(imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  return imap4i_buf_putc(out, '[') &&
         imap4i_put_message_limit(out, imap4i_message_limit(c->s), c->lowest_uid) &&
         imap4i_buf_puts(out, IMAP4I_S("] "));
}

/* RFC 9738 section 3.1: where the reply has another code, this one comes before it. */
static bool put_limit_line(imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  if (c->lowest_uid == 0 || c->code.n == 0) return true;
  return imap4i_buf_puts(out, IMAP4I_S("* NO ")) && put_limit_code(c) &&
         imap4i_buf_puts(out, IMAP4I_S("Not all messages at once\r\n"));
}

static bool put_reply(imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  return put_limit_line(c) && imap4i_buf_puts(out, c->tag.n > 0 ? c->tag : IMAP4I_S("*")) &&
         imap4i_buf_puts(out, reply_word(c->reply)) &&
         (c->lowest_uid == 0 || c->code.n > 0 || put_limit_code(c)) &&
         imap4i_put_code_text(out, c->code, c->reply_text) && imap4i_buf_puts(out, IMAP4I_S("\r\n"));
}

int imap4i_bye(imap4_session *s, imap4_str code, imap4_str text) {
  size_t mark = s->out.n;
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* BYE ")) && imap4i_put_code_text(&s->out, code, text) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  if (!ok) s->out.n = mark;
  s->closing = true;
  return ok ? IMAP4I_STEP_AGAIN : IMAP4_ERR_NOMEM;
}

static imap4_str starved_text(void) {
  return IMAP4I_S("This needs more memory than a session may use");
}

static int step_reply(imap4_session *s) {
  imap4i_command *c = s->command;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, put_reply(c));
  if (status < 0) return status;
  bool bad = c->reply == IMAP4I_BAD;
  bool hands_over = c->hands_over;
  if (c->reply == IMAP4I_OK) s->layer = c->starts;
  imap4i_command_free(s);
  s->commands++;
  s->bad_commands = bad ? s->bad_commands + 1 : 0;
  if (!hands_over) imap4i_input_reset(s);
  if (s->view && s->view->starved) return imap4i_bye(s, IMAP4I_S("LIMIT"), starved_text());
  if (s->view && s->view->lost) return imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("The selected mailbox is gone"));
  if (s->bad_commands >= s->limits->bad_commands && !s->closing)
    return imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("Too many invalid commands"));
  if (s->failed_logins >= s->limits->failed_logins)
    return imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("Too many failed logins"));
  return hands_over ? imap4i_input_as_command(s) : IMAP4I_STEP_AGAIN;
}

/* After the command's work: announce what has changed, where that is allowed. */
static int step_sync(imap4_session *s) {
  imap4i_command *c = s->command;
  int status = imap4i_sync_step(s, (c->row->flags & IMAP4I_CHECKPOINT) != 0);
  if (status != IMAP4I_STEP_DONE) return status;
  c->stage = IMAP4I_STAGE_REPLY;
  return IMAP4I_STEP_AGAIN;
}

static int end_run(imap4_session *s) {
  imap4i_command *c = s->command;
  bool must_say = c->expunged == IMAP4I_GONE_HALF || (c->expunged == IMAP4I_GONE_SOME && !c->row->uid);
  if (must_say && c->reply == IMAP4I_OK) imap4i_reply_status(c, IMAP4_ST_EXPUNGED);
  bool sync = s->state == IMAP4_STATE_SELECTED && s->view && c->reply != IMAP4I_BAD &&
              (c->row->flags & IMAP4I_NO_SYNC) == 0;
  if (sync) {
    bool expunges = (c->row->flags & IMAP4I_USES_SEQS) == 0 && !c->keeps_seqs;
    imap4i_sync_begin(s, expunges, c->row->uid);
  }
  c->stage = sync ? IMAP4I_STAGE_SYNC : IMAP4I_STAGE_REPLY;
  return IMAP4I_STEP_AGAIN;
}

static int step_command(imap4_session *s) {
  imap4i_command *c = s->command;
  if (c->stage == IMAP4I_STAGE_REPLY) return step_reply(s);
  if (c->stage == IMAP4I_STAGE_SYNC) return step_sync(s);
  s->op.fresh = false; /* this step takes the answer */
  int status = c->row->step(c);
  return status == IMAP4I_STEP_DONE ? end_run(s) : status;
}

/* ---- the session ---------------------------------------------------------------------------- */

static bool put_greeting(imap4_session *s) {
  imap4i_buf *out = &s->out;
  imap4_str text = s->server->greeting ? imap4i_str(s->server->greeting, s->server->greeting_length)
                                       : IMAP4I_S("IMAP4 server ready");
  return imap4i_buf_puts(out,
                         s->preauth ? IMAP4I_S("* PREAUTH [CAPABILITY ") : IMAP4I_S("* OK [CAPABILITY ")) &&
         imap4i_put_capabilities(s, out) && imap4i_buf_puts(out, IMAP4I_S("] ")) &&
         imap4i_put_text(out, text) && imap4i_buf_puts(out, IMAP4I_S("\r\n"));
}

static int greet(imap4_session *s) {
  if (!put_greeting(s)) return IMAP4_ERR_NOMEM;
  s->greeted = true;
  return IMAP4I_STEP_AGAIN;
}

/* What imap4_session_bye() has asked for. */
static int say_bye(imap4_session *s) {
  return imap4i_bye(s, IMAP4I_S("UNAVAILABLE"), imap4i_str(s->bye, s->bye_length));
}

/* Commands that change something are finished, so that the client knows; a long FETCH is not. */
static bool may_leave(const imap4i_command *c) {
  return c->stage == IMAP4I_STAGE_RUN && c->row->flags & IMAP4I_READS && !c->line_open;
}

/* No command is under way. */
static int step_between(imap4_session *s) {
  if (s->bye_length > 0) return say_bye(s);
  if (s->layer != IMAP4I_LAYER_NONE) return IMAP4I_STEP_WAIT_LAYER;
  if (s->input.ready) return imap4i_may_write(s) ? begin_command(s) : IMAP4I_STEP_WAIT_OUTPUT;
  if (s->input.ended) {
    s->closing = true;
    return IMAP4I_STEP_AGAIN;
  }
  return IMAP4I_STEP_WAIT_INPUT;
}

static int step(imap4_session *s) {
  if (!s->greeted) return greet(s);
  if (s->progress_due) imap4i_progress_tell(s);
  if (s->op.state == IMAP4I_OP_WAITING) return IMAP4I_STEP_WAIT_STORE;
  imap4i_op_settle(s);
  if (!s->command) return step_between(s);
  if (s->bye_length > 0 && may_leave(s->command)) return say_bye(s);
  int status = step_command(s);
  if (status == IMAP4I_STEP_WAIT_INPUT) {
    if (s->bye_length > 0) return say_bye(s);
    if (s->input.ended) s->closing = true; /* it waits for what will not come */
  }
  return status;
}

/* The client sends a message without being asked: its octets must not be taken for commands. */
static bool message_follows(const imap4i_command *c) {
  uint64_t size;
  bool sync;
  return imap4i_find_literal(imap4i_buf_str(&c->text), &size, &sync) && !sync;
}

/*
 * Memory is short.  A host without memory loses the session.  At the session's own ceiling the command is
 * given up and the client hears of it, unless a response or a message is half through: then the connection
 * ends.  It ends as well where news of the mailbox can't be told, but a command that was carried out has its
 * reply first.
 */
int imap4i_out_of_memory(imap4_session *s) {
  enum { LAST_WORDS = 1024 };
  imap4i_command *c = s->command;
  if (!s->mem.ceiling_hit) return s->fatal = IMAP4_ERR_NOMEM;
  if (c && c->stage == IMAP4I_STAGE_SYNC) {
    s->mem.ceiling += LAST_WORDS; /* kept for this */
    s->view->starved = true;
    c->stage = IMAP4I_STAGE_REPLY;
    return IMAP4_OK;
  }
  if (!c || c->stage == IMAP4I_STAGE_REPLY || c->line_open || s->input.mode != IMAP4I_INPUT_COMMAND ||
      message_follows(c)) {
    s->closing = true;
    if (c && c->line_open) return IMAP4_OK;
    s->mem.ceiling += LAST_WORDS;
    (void)imap4i_bye(s, IMAP4I_S("LIMIT"), starved_text());
    return IMAP4_OK;
  }
  if (selects(c->row)) imap4i_deselect(s);
  if (c->row && c->row->end) c->row->end(c);
  imap4i_arena_free(&c->arena);
  c->row = NULL;
  c->stage = IMAP4I_STAGE_REPLY;
  imap4i_reply(c, IMAP4I_NO, IMAP4I_S("LIMIT"), starved_text());
  return IMAP4_OK;
}

/* What a step leaves behind: while none of this moves, nothing happens. */
static uint64_t trace(const imap4_session *s) {
  const imap4i_command *c = s->command;
  uint64_t sum = s->progress + s->op.number + s->commands + s->output_octets + s->out.n + s->input_octets;
  if (c) sum += (uint64_t)c->phase << 48 | (uint64_t)c->stage << 40;
  if (s->view) sum += (uint64_t)s->view->sync_phase << 32;
  return sum;
}

int imap4i_run(imap4_session *s, uint32_t *budget) {
  uint64_t before = trace(s);
  uint32_t still = 0;
  while (!s->fatal && !s->closing) {
    if (*budget == 0) {
      s->runnable = true;
      return IMAP4_OK;
    }
    --*budget;
    s->runnable = false;
    s->charge = 0;
    int status = step(s);
    *budget -= s->charge < *budget ? s->charge : *budget;
    if (s->fatal) break; /* noticed inside a callback */
    if (status == IMAP4_ERR_NOMEM) status = imap4i_out_of_memory(s);
    if (status < 0) s->fatal = status;
    if (status != IMAP4I_STEP_AGAIN) break;
    uint64_t now = trace(s);
    still = now == before ? still + 1 : 0;
    before = now;
    if (still > STALL_STEPS) s->fatal = IMAP4_ERR_STALLED;
  }
  return s->fatal;
}
