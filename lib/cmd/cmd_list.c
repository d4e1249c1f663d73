/* SPDX-License-Identifier: MIT */
/*
 * LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9, RFC 3348, RFC 5258, RFC 5819, RFC 6154).
 *
 * The store gives names in hierarchical order, a page at a time.  The current name is held against those
 * before it that lie above it: a stack of levels, each a prefix of the name before.  A level is shown as soon
 * as what is said of it is known, which may depend on what lies below it (\HasChildren, CHILDINFO), at the
 * latest when the list has left it.  Levels that exist only through what is below them are made up here.
 */
#include "cmd/list_line.h"
#include "cmd/pattern.h"
#include "cmd/tally.h"
#include "wire/parse_base.h"

enum {
  LIST_BEGIN,
  LIST_ASK,
  LIST_ROWS,
  LIST_ENTRY,
  LIST_MATCH,
  LIST_SETTLE,
  LIST_COUNT, /* RETURN (STATUS ...): the numbers of the level to be shown */
  LIST_TELL
};

/* A name, or a level of hierarchy above one. */
typedef struct list_level {
  uint32_t n;          /* octets of the name */
  uint32_t attributes; /* IMAP4_MAILBOX_*; NONEXISTENT for levels that the store has not given */
  bool selected;       /* meets the selection options by itself */
  bool matches;        /* one of the patterns */
  bool matches_level;  /* one that ends with "%" */
  bool children;       /* something below it exists */
  bool child_match;    /* something below it is selected */
  bool child_unseen;   /* and not shown for it doesn't match */
  bool settled;        /* shown, or known not to be */
} list_level;

typedef struct list_context {
  imap4i_pattern *patterns;
  size_t pattern_count;
  size_t pattern_at; /* the next to be compared */
  imap4i_buf page;   /* the store's last answer: it is looked at while others are asked for */
  size_t page_last;  /* where its last entry begins */
  size_t at;         /* where the next one begins */
  imap4_str name;    /* of the current entry, in |page| */
  imap4i_buf path;   /* the name before */
  list_level *levels;
  size_t capacity;
  size_t count;  /* levels of |path| */
  size_t fresh;  /* levels of |name| that follow them in |levels| */
  size_t common; /* the first so many of |path| are above |name| too */
  size_t settle; /* level to be settled next */
  imap4i_tally tally;
  int failure; /* of |tally| */
  bool last;   /* the store has no more pages */
  bool over;   /* and the last of its entries was looked at */
} list_context;
_Static_assert(sizeof(list_context) <= 1024, "fits the context in dispatch.c");

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

/* ---- before the first page ------------------------------------------------------------------ */

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
  imap4i_list_line line = {.name = {reference.p, n}, .attributes = IMAP4_MAILBOX_NOSELECT};
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, imap4i_put_list_line(c->s, &line));
  return status < 0 ? status : completed(c);
}

/* What of the extended form is used must be there: what is not advertised is not known. */
static bool options_known(const imap4i_command *c) {
  const imap4i_list_args *a = &c->args.list;
  uint64_t needs = a->extended ? IMAP4_FEATURE_LIST_EXTENDED : 0;
  if (a->returns & IMAP4I_LIST_STATUS) needs |= IMAP4_FEATURE_LIST_STATUS;
  if ((a->select | a->returns) & IMAP4I_LIST_SPECIAL_USE) needs |= IMAP4_FEATURE_SPECIAL_USE;
  return imap4i_has(c->s, needs);
}

/* In the extended form an empty pattern matches nothing (RFC 5258 section 3). */
static int make_patterns(imap4i_command *c) {
  list_context *x = c->context;
  const imap4i_list_args *a = &c->args.list;
  x->patterns = imap4i_arena_array(&c->arena, a->count, sizeof *x->patterns);
  if (!x->patterns) return IMAP4_ERR_NOMEM;
  for (size_t i = 0; i < a->count; i++) {
    if (a->patterns[i].n == 0) continue;
    imap4i_pattern *pattern = &x->patterns[x->pattern_count++];
    if (!imap4i_pattern_init(pattern, &c->arena, a->reference, a->patterns[i], c->s->delimiter))
      return IMAP4_ERR_NOMEM;
  }
  return IMAP4_OK;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  const imap4i_list_args *a = &c->args.list;
  if (!options_known(c))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("LIST was given an option that is not known"));
  if (a->returns & IMAP4I_LIST_STATUS) {
    int status = imap4i_begin_status_items(c, a->items);
    if (status != IMAP4I_STEP_AGAIN) return status;
  }
  if (a->count == 0) return completed(c);
  if (!a->extended && a->patterns[0].n == 0) return is_lsub(c) ? completed(c) : root(c);
  imap4i_buf_init(&x->page, &s->mem, SIZE_MAX);
  imap4i_buf_init(&x->path, &s->mem, SIZE_MAX);
  int status = make_patterns(c);
  if (status != IMAP4_OK) return status;
  return x->pattern_count > 0 ? go(c, LIST_ASK) : completed(c);
}

/* ---- pages ---------------------------------------------------------------------------------- */

/* An entry as it is kept in |page|: this, and then the name. */
typedef struct page_head {
  uint32_t attributes;
  uint32_t n;
} page_head;

static page_head head_at(const list_context *x, size_t at) {
  page_head head;
  memcpy(&head, x->page.p + at, sizeof head);
  return head;
}

/* The last name that the store gave; empty before the first page. */
static imap4_str last_name(const list_context *x) {
  if (x->page.n == 0) return (imap4_str){NULL, 0};
  return (imap4_str){x->page.p + x->page_last + sizeof(page_head), head_at(x, x->page_last).n};
}

/* The octets with which every name begins that can be shown. */
static imap4_str common_prefix(const list_context *x) {
  imap4_str prefix = imap4i_pattern_prefix(&x->patterns[0]);
  for (size_t i = 1; i < x->pattern_count; i++) {
    imap4_str other = imap4i_pattern_prefix(&x->patterns[i]);
    size_t n = 0;
    while (n < prefix.n && n < other.n && prefix.p[n] == other.p[n])
      n++;
    prefix.n = n;
  }
  return prefix;
}

static int ask(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  imap4_list_args args = {.capacity = s->limits->query_rows,
                          .account = s->account,
                          .after = last_name(x),
                          .prefix = common_prefix(x)};
  c->phase = LIST_ROWS;
  return imap4i_op_call(s, IMAP4I_OP_LIST, &args);
}

static int rows(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  if (s->op.status != IMAP4_OK) return imap4i_reply_status(c, s->op.status);
  const imap4_list_result *r = &s->op.result.list;
  imap4_str after = last_name(x);
  /* Pages must go on where the last one ended, whatever the store thinks. */
  if (after.n > 0 && r->count > 0 &&
      imap4_mailbox_compare(after, imap4i_op_entry(s, 0).name, s->delimiter) >= 0)
    return imap4i_reply_status(c, IMAP4_ST_SERVERBUG);
  imap4i_buf_clear(&x->page);
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_mailbox_entry e = imap4i_op_entry(s, i);
    if (e.name.n > UINT32_MAX) return imap4i_reply_status(c, IMAP4_ST_SERVERBUG);
    page_head head = {e.attributes, (uint32_t)e.name.n};
    x->page_last = x->page.n;
    if (!imap4i_buf_put(&x->page, &head, sizeof head) || !imap4i_buf_puts(&x->page, e.name))
      return IMAP4_ERR_NOMEM;
  }
  x->at = 0;
  x->last = r->last != 0;
  return go(c, LIST_ENTRY);
}

/* ---- the current name ----------------------------------------------------------------------- */

/* |name| lies below |level| in the hierarchy. */
static bool is_below(imap4_str name, imap4_str level, char delimiter) {
  return name.n > level.n && name.p[level.n] == delimiter && memcmp(name.p, level.p, level.n) == 0;
}

/* Names that this command does not see at all. */
static bool is_hidden(const imap4i_command *c, uint32_t attributes) {
  const imap4i_list_args *a = &c->args.list;
  if (attributes & IMAP4_MAILBOX_REMOTE && !(a->select & IMAP4I_LIST_REMOTE)) return true;
  if (is_lsub(c)) return (attributes & IMAP4_MAILBOX_SUBSCRIBED) == 0;
  return !a->extended && (attributes & IMAP4_MAILBOX_NONEXISTENT) != 0;
}

#define CRITERIA (IMAP4I_LIST_SUBSCRIBED | IMAP4I_LIST_SPECIAL_USE)

static bool is_selected(const imap4i_command *c, uint32_t attributes) {
  uint32_t select = c->args.list.select;
  bool exists = (attributes & IMAP4_MAILBOX_NONEXISTENT) == 0;
  if (select & IMAP4I_LIST_SUBSCRIBED && !(attributes & IMAP4_MAILBOX_SUBSCRIBED)) return false;
  if (select & IMAP4I_LIST_SPECIAL_USE && !(exists && attributes & IMAP4_MAILBOX_USES)) return false;
  return exists || select & CRITERIA || is_lsub(c);
}

static list_level *add_level(imap4i_command *c, size_t n, uint32_t attributes) {
  list_context *x = c->context;
  list_level *levels =
      imap4i_grow(&c->arena, x->levels, x->count + x->fresh, &x->capacity, sizeof *x->levels);
  if (!levels) return NULL;
  x->levels = levels;
  list_level *level = &levels[x->count + x->fresh++];
  *level = (list_level){.n = (uint32_t)n, .attributes = attributes};
  return level;
}

/* The current name, and the levels above it that are no mailboxes themselves. */
static int add_levels(imap4i_command *c, uint32_t attributes) {
  list_context *x = c->context;
  imap4_str path = imap4i_buf_str(&x->path);
  char delimiter = c->s->delimiter;
  x->common = 0;
  while (x->common < x->count && is_below(x->name, (imap4_str){path.p, x->levels[x->common].n}, delimiter))
    x->common++;
  size_t start = x->common > 0 ? x->levels[x->common - 1].n + 1 : 0;
  for (size_t i = start; i < x->name.n; i++) {
    bool ends = x->name.p[i] == delimiter && i > start;
    if (ends && !add_level(c, i, IMAP4_MAILBOX_NONEXISTENT)) return IMAP4_ERR_NOMEM;
  }
  /* In LSUB nothing is said of whether a mailbox is there, but to clients that would open it. */
  if (is_lsub(c) && !(c->s->quirks & IMAP4_QUIRK_LSUB_NOSELECT)) attributes &= ~IMAP4_MAILBOX_NONEXISTENT;
  list_level *level = add_level(c, x->name.n, attributes);
  if (!level) return IMAP4_ERR_NOMEM;
  level->selected = is_selected(c, attributes);
  return IMAP4_OK;
}

static int entry(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  x->settle = 0;
  x->fresh = 0;
  if (x->at == x->page.n) {
    if (!x->last) return go(c, LIST_ASK);
    x->over = true;
    x->common = 0;
    return go(c, LIST_SETTLE);
  }
  page_head head = head_at(x, x->at);
  x->name = imap4i_str(x->page.p + x->at + sizeof head, head.n);
  x->at += sizeof head + head.n;
  s->progress++;
  /* Nothing may show that there is a name which may not be seen, not even its levels (RFC 3348 section 6). */
  if (is_hidden(c, head.attributes) || imap4i_authorize(s, x->name, IMAP4_RIGHT_LOOKUP) != IMAP4_OK)
    return IMAP4I_STEP_AGAIN;
  int status = add_levels(c, head.attributes);
  if (status != IMAP4_OK) return status;
  x->pattern_at = 0;
  return go(c, LIST_MATCH);
}

static void note_match(list_level *level, const imap4i_pattern *pattern) {
  if (!imap4i_pattern_done(pattern)) return;
  level->matches = true;
  level->matches_level |= pattern->levels;
}

/* One pass over the name finds its new levels too. */
static void match_pattern(list_context *x, imap4i_pattern *pattern) {
  list_level *level = &x->levels[x->count];
  imap4i_pattern_begin(pattern, x->name);
  for (size_t i = 0; i < x->name.n; i++) {
    if (i == level->n) note_match(level++, pattern);
    imap4i_pattern_step(pattern, x->name.p[i]);
  }
  note_match(level, pattern);
}

/* What the current name says of those above it. */
static void tell_parents(list_context *x, bool exists) {
  const list_level *own = &x->levels[x->count + x->fresh - 1];
  for (size_t i = 0; i < x->count + x->fresh - 1; i++) {
    list_level *level = &x->levels[i];
    if (i >= x->common && i < x->count) continue;
    level->children |= exists;
    level->child_match |= own->selected;
    level->child_unseen |= own->selected && !own->matches;
  }
}

/* Matching goes by the product of the lengths; one unit of work is a good 16,000 octets of it. */
static int match(imap4i_command *c) {
  enum { UNIT = 16384 };
  list_context *x = c->context;
  size_t cost = 0;
  while (x->pattern_at < x->pattern_count && cost < UNIT) {
    imap4i_pattern *pattern = &x->patterns[x->pattern_at++];
    match_pattern(x, pattern);
    cost += (pattern->text.n + 1) * x->name.n;
  }
  c->s->charge += (uint32_t)(cost / UNIT);
  c->s->progress++;
  if (x->pattern_at < x->pattern_count) return IMAP4I_STEP_AGAIN;
  const list_level *own = &x->levels[x->count + x->fresh - 1];
  tell_parents(x, is_lsub(c) || !(own->attributes & IMAP4_MAILBOX_NONEXISTENT));
  return go(c, LIST_SETTLE);
}

/* ---- showing -------------------------------------------------------------------------------- */

static bool is_recursive(const imap4i_command *c) {
  return (c->args.list.select & IMAP4I_LIST_RECURSIVE) != 0;
}

/* In the extended form, attributes are given that were asked for. */
static bool tells_children(const imap4i_command *c, const list_level *level) {
  const imap4i_list_args *a = &c->args.list;
  if (is_lsub(c)) return false;
  if (!a->extended) return imap4i_has(c->s, IMAP4_FEATURE_CHILDREN);
  bool made_up = !level->selected && !(a->select & CRITERIA);
  return made_up || a->returns & IMAP4I_LIST_CHILDREN;
}

/* Whether nothing below |level| can change what is said of it. */
static bool is_known(const imap4i_command *c, const list_level *level) {
  if (!level->matches) return true;
  if (!level->children && tells_children(c, level)) return false;
  if (!is_recursive(c)) return true;
  return level->selected ? level->child_match : level->child_unseen;
}

/* RFC 5258 section 3.3: a name that is not selected is shown only if something below it is and can't be seen
 * otherwise.  Without selection options, levels that exist through others alone match a final "%". */
static bool is_shown(const imap4i_command *c, const list_level *level) {
  if (!level->matches) return false;
  if (level->selected) return true;
  if (c->args.list.select & CRITERIA) return is_recursive(c) && level->child_unseen;
  return level->matches_level && level->children;
}

static bool has_status(const imap4i_command *c, const list_level *level) {
  uint32_t no = IMAP4_MAILBOX_NONEXISTENT | IMAP4_MAILBOX_NOSELECT;
  return c->args.list.returns & IMAP4I_LIST_STATUS && level->selected && !(level->attributes & no);
}

static int show(imap4i_command *c, const list_level *level, bool with_status) {
  const list_context *x = c->context;
  const imap4i_list_args *a = &c->args.list;
  imap4i_list_line line = {.name = {x->path.p, level->n},
                           .attributes = level->attributes,
                           .lsub = is_lsub(c),
                           .extended = a->extended || imap4i_speaks_rev2(c->s),
                           .tells_subscribed = ((a->select | a->returns) & IMAP4I_LIST_SUBSCRIBED) != 0,
                           .tells_children = tells_children(c, level),
                           .children = level->children,
                           .child_match = is_recursive(c) && level->child_match ? a->select & CRITERIA : 0};
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_put_list_line(c->s, &line) && (!with_status || imap4i_tally_put(&x->tally, c));
  return imap4i_end_piece(c, mark, ok);
}

/* The current name becomes the one before. */
static int move_on(imap4i_command *c) {
  list_context *x = c->context;
  if (x->over) return completed(c);
  memmove(x->levels + x->common, x->levels + x->count, x->fresh * sizeof *x->levels);
  x->count = x->common + x->fresh;
  imap4i_buf_clear(&x->path);
  if (!imap4i_buf_puts(&x->path, x->name)) return IMAP4_ERR_NOMEM;
  return go(c, LIST_ENTRY);
}

static int settle(imap4i_command *c) {
  imap4_session *s = c->s;
  list_context *x = c->context;
  for (; x->settle < x->count; x->settle++) {
    list_level *level = &x->levels[x->settle];
    bool left = x->settle >= x->common;
    if (level->settled || (!left && !is_known(c, level))) continue;
    if (is_shown(c, level)) {
      if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
      if (has_status(c, level)) {
        imap4i_tally_init(&x->tally, (imap4_str){x->path.p, level->n}, c->args.list.items);
        return go(c, LIST_COUNT);
      }
      int status = show(c, level, false);
      if (status < 0) return status;
    }
    level->settled = true;
  }
  return move_on(c);
}

static int count(imap4i_command *c) {
  list_context *x = c->context;
  int status = imap4i_tally_step(&x->tally, c, &x->failure);
  return status == IMAP4I_STEP_DONE ? go(c, LIST_TELL) : status;
}

/* RFC 5819 section 2: what can't be selected is shown as such; other failures leave the numbers out. */
static int tell(imap4i_command *c) {
  list_context *x = c->context;
  list_level *level = &x->levels[x->settle];
  if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
  if (x->failure == IMAP4_ST_NONEXISTENT || x->failure == IMAP4_ST_NOPERM)
    level->attributes |= IMAP4_MAILBOX_NOSELECT;
  int status = show(c, level, x->failure == IMAP4_OK);
  if (status < 0) return status;
  level->settled = true;
  return go(c, LIST_SETTLE);
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
  case LIST_MATCH:
    return match(c);
  case LIST_SETTLE:
    return settle(c);
  case LIST_COUNT:
    return count(c);
  default:
    return tell(c);
  }
}

int imap4i_cmd_lsub(imap4i_command *c) {
  return imap4i_cmd_list(c);
}

void imap4i_cmd_list_end(imap4i_command *c) {
  list_context *x = c->context;
  if (!x || !x->page.mem) return;
  imap4i_tally_free(&x->tally, c->s);
  imap4i_buf_free(&x->page);
  imap4i_buf_free(&x->path);
}
