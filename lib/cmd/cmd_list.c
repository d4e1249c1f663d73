/* SPDX-License-Identifier: MIT */
/*
 * LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 3348).  The store gives names in hierarchical order,
 * a page at a time; each is held back until the next one is known, which says whether it has children. Levels
 * that exist only through what is below them are made up here.
 */
#include "cmd/pattern.h"
#include "core/dispatch.h"
#include "wire/writer.h"

enum { LIST_BEGIN, LIST_ASK, LIST_ROWS, LIST_ENTRY, LIST_LEVELS, LIST_LAST };

typedef struct list_context {
  imap4i_pattern pattern;
  imap4i_buf held;  /* the name that waits for the next one; empty: none */
  imap4i_buf after; /* the last name that the store gave */
  uint32_t held_attributes;
  uint32_t row;
  uint32_t level; /* octets of the current name that were looked at for levels */
  bool last;
} list_context;
_Static_assert(sizeof(list_context) <= 256, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static bool is_lsub(const imap4i_command *c) {
  return c->row->step == imap4i_cmd_lsub;
}

static int completed(imap4i_command *c) {
  return imap4i_reply_ok(c, is_lsub(c) ? IMAP4I_S("LSUB completed") : IMAP4I_S("LIST completed"));
}

static bool put_attribute(imap4i_buf *out, imap4_str word, bool set, bool *any) {
  if (!set) return true;
  bool ok = !*any || imap4i_buf_putc(out, ' ');
  *any = true;
  return ok && imap4i_buf_puts(out, word);
}

static int put_line(imap4i_command *c, imap4_str name, uint32_t attributes, bool children,
                    bool tells_children) {
  imap4_session *s = c->s;
  imap4i_buf *out = &s->out;
  bool any = false;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(out, is_lsub(c) ? IMAP4I_S("* LSUB (") : IMAP4I_S("* LIST ("));
  /* In LSUB this says that the name itself is not subscribed, in LIST that it can't be selected; names that
   * do not exist are shown by LSUB alone. */
  bool no_select = (attributes & IMAP4_MAILBOX_NOSELECT) != 0;
  bool no_inferiors = (attributes & IMAP4_MAILBOX_NOINFERIORS) != 0;
  tells_children = tells_children && !is_lsub(c) && imap4i_has(s, IMAP4_FEATURE_CHILDREN);
  ok = ok && put_attribute(out, IMAP4I_S("\\Noselect"), no_select, &any) &&
       put_attribute(out, IMAP4I_S("\\Noinferiors"), no_inferiors, &any) &&
       put_attribute(out, IMAP4I_S("\\Marked"), !no_select && attributes & IMAP4_MAILBOX_MARKED, &any) &&
       put_attribute(out, IMAP4I_S("\\Unmarked"), !no_select && attributes & IMAP4_MAILBOX_UNMARKED, &any) &&
       put_attribute(out, IMAP4I_S("\\HasChildren"), tells_children && children && !no_inferiors, &any) &&
       put_attribute(out, IMAP4I_S("\\HasNoChildren"), tells_children && !children && !no_inferiors, &any);
  ok = ok && imap4i_buf_puts(out, IMAP4I_S(") ")) && imap4i_put_quoted(out, imap4i_str(&s->delimiter, 1)) &&
       imap4i_buf_putc(out, ' ') && imap4i_put_mailbox(out, name, false) &&
       imap4i_buf_puts(out, IMAP4I_S("\r\n"));
  return imap4i_end_piece(c, mark, ok);
}

/* LIST with an empty name asks for the delimiter and the root of the reference. */
static int root(imap4i_command *c) {
  imap4_session *s = c->s;
  imap4_str reference = c->args.list.reference;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t n = 0;
  if (reference.n > 0 && reference.p[0] == '#') { /* RFC 2342: a namespace breaks out of the hierarchy */
    while (n < reference.n && reference.p[n] != s->delimiter)
      n++;
    if (n < reference.n) n++;
  } else if (reference.n > 0 && reference.p[0] == s->delimiter) {
    n = 1;
  }
  int status = put_line(c, (imap4_str){reference.p, n}, IMAP4_MAILBOX_NOSELECT, false, false);
  return status < 0 ? status : completed(c);
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  const imap4i_list_args *a = &c->args.list;
  if (a->pattern.n == 0) return is_lsub(c) ? completed(c) : root(c);
  imap4i_buf_init(&x->held, &s->mem, SIZE_MAX);
  imap4i_buf_init(&x->after, &s->mem, SIZE_MAX);
  if (!imap4i_pattern_init(&x->pattern, &c->arena, a->reference, a->pattern, s->delimiter))
    return IMAP4_ERR_NOMEM;
  return go(c, LIST_ASK);
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  imap4_list_args args = {.capacity = s->limits->query_rows,
                          .account = s->account,
                          .after = imap4i_buf_str(&x->after),
                          .prefix = imap4i_pattern_prefix(&x->pattern)};
  x->row = 0;
  c->phase = LIST_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_LIST, &args);
}

/* |name| lies below |level| in the hierarchy. */
static bool is_below(imap4_str name, imap4_str level, char delimiter) {
  return name.n > level.n && name.p[level.n] == delimiter && memcmp(name.p, level.p, level.n) == 0;
}

/* Matching goes by the product of the lengths; one unit of work is a good 16,000 octets of it. */
static void charge(imap4i_command *c, imap4_str name) {
  const list_context *x = c->context;
  c->s->charge += (uint32_t)(x->pattern.text.n * name.n / 16384);
}

/* The held name is complete knowledge now: show it if it matches. */
static int show_held(imap4i_command *c, bool children) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  imap4_str held = imap4i_buf_str(&x->held);
  if (held.n == 0) return IMAP4I_STEP_AGAIN;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  charge(c, held);
  if (imap4i_pattern_matches(&x->pattern, held)) {
    int status = put_line(c, held, x->held_attributes, children, true);
    if (status < 0) return status;
  }
  return IMAP4I_STEP_AGAIN;
}

/* Names that this command does not see at all. */
static bool is_hidden(const imap4i_command *c, uint32_t attributes) {
  if (is_lsub(c)) return (attributes & IMAP4_MAILBOX_SUBSCRIBED) == 0;
  return (attributes & IMAP4_MAILBOX_NONEXISTENT) != 0;
}

static int rows(imap4i_command *c) {
  list_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  x->last = c->s->op.result.list.last != 0;
  return go(c, LIST_ENTRY);
}

static int entry(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  if (x->row == s->op.result.list.count) return go(c, x->last ? LIST_LAST : LIST_ASK);
  imap4_mailbox_entry e = imap4i_op_entry(s, x->row);
  /* Pages must go on where the last one ended, whatever the store thinks. */
  if (x->after.n > 0 && x->row == 0 &&
      imap4_mailbox_compare(imap4i_buf_str(&x->after), e.name, s->delimiter) >= 0)
    return imap4i_reply_status(c, IMAP4_ST_SERVERBUG);
  /* Nothing may show that there is a name which may not be seen, not even its levels (RFC 3348 section 6). */
  if (is_hidden(c, e.attributes) || imap4i_authorize(s, e.name, IMAP4_RIGHT_LOOKUP) != IMAP4_OK) {
    imap4i_buf_clear(&x->after);
    if (!imap4i_buf_puts(&x->after, e.name)) return IMAP4_ERR_NOMEM;
    x->row++;
    s->progress++;
    return IMAP4I_STEP_AGAIN;
  }
  int status = show_held(c, is_below(e.name, imap4i_buf_str(&x->held), s->delimiter));
  if (status != IMAP4I_STEP_AGAIN) return status;
  x->level = 0;
  return go(c, LIST_LEVELS);
}

/* Levels above the current name that are no mailboxes themselves: with a final "%" they match too. */
static int levels(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  imap4_mailbox_entry e = imap4i_op_entry(s, x->row);
  imap4_str held = imap4i_buf_str(&x->held);
  if (x->pattern.levels && x->level == 0) imap4i_pattern_begin(&x->pattern, e.name);
  for (; x->pattern.levels && x->level < e.name.n; x->level++) {
    imap4_str level = {e.name.p, x->level};
    bool ends = e.name.p[x->level] == s->delimiter && x->level > 0 && imap4i_pattern_done(&x->pattern);
    if (ends && !imap4i_eq(held, level) && !is_below(held, level, s->delimiter)) {
      if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
      int status = put_line(c, level, IMAP4_MAILBOX_NOSELECT, true, true);
      if (status < 0) return status;
    }
    imap4i_pattern_step(&x->pattern, e.name.p[x->level]);
  }
  imap4i_buf_clear(&x->held);
  imap4i_buf_clear(&x->after);
  if (!imap4i_buf_puts(&x->held, e.name) || !imap4i_buf_puts(&x->after, e.name)) return IMAP4_ERR_NOMEM;
  x->held_attributes = e.attributes;
  x->row++;
  return go(c, LIST_ENTRY);
}

static int last(imap4i_command *c) {
  int status = show_held(c, false);
  return status != IMAP4I_STEP_AGAIN ? status : completed(c);
}

int imap4i_cmd_list(imap4i_command *c) {
  switch (c->phase) {
  case LIST_BEGIN:
    return begin(c);
  case LIST_ASK:
    return ask(c);
  case LIST_ROWS:
    return rows(c);
  case LIST_ENTRY:
    return entry(c);
  case LIST_LEVELS:
    return levels(c);
  default:
    return last(c);
  }
}

int imap4i_cmd_lsub(imap4i_command *c) {
  return imap4i_cmd_list(c);
}

void imap4i_cmd_list_end(imap4i_command *c) {
  list_context *x = c->context;
  if (!x || !x->held.mem) return;
  imap4i_buf_free(&x->held);
  imap4i_buf_free(&x->after);
}
