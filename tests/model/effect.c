/* SPDX-License-Identifier: MIT */
/*
 * What must come of a step: the answers that may come, and the store afterwards (|expected|, which is what it
 * was before when this begins).  Total: every step means something in every state.
 */
#include "model.h"

#include <string.h>

const message *box_find(const box *b, uint32_t uid) {
  for (size_t i = 0; i < b->count; i++) {
    if (b->messages[i].uid == uid) return &b->messages[i];
  }
  return NULL;
}

bool has_number(const numbers *list, uint32_t number) {
  for (size_t i = 0; i < list->n; i++) {
    if (list->p[i] == number) return true;
  }
  return false;
}

int parent_of(int at) {
  return at == 2 || at == 4 || at == 6 ? at - 1 : -1;
}

static int child_of(int at) {
  return at == 1 || at == 3 || at == 5 ? at + 1 : -1;
}

uint32_t changed_flags(uint32_t old, char sign, uint32_t flags) {
  if (sign == '+') return old | flags;
  if (sign == '-') return old & ~flags;
  return flags;
}

/* ---- sets ----------------------------------------------------------------------------------- */

static void choose(const client *c, target *t, uint32_t a, uint32_t b, bool uid) {
  uint32_t low = a < b ? a : b, high = a < b ? b : a;
  for (size_t i = 0; i < c->count; i++) {
    uint32_t number = uid ? c->list[i].uid : (uint32_t)i + 1;
    if (low > number || number > high || has_number(&t->uids, c->list[i].uid)) continue;
    t->uids.p[t->uids.n++] = c->list[i].uid;
    t->gone += !box_find(&c->world->boxes[c->box], c->list[i].uid);
  }
}

static void choose_saved(const client *c, target *t) {
  for (size_t i = 0; i < c->count; i++) {
    if (!has_number(&c->saved, c->list[i].uid)) continue;
    t->uids.p[t->uids.n++] = c->list[i].uid;
    t->gone += !box_find(&c->world->boxes[c->box], c->list[i].uid);
  }
}

void resolve(const client *c, const set *named, bool uid, target *t) {
  uint32_t largest = c->count == 0 ? 0 : uid ? c->list[c->count - 1].uid : (uint32_t)c->count;
  t->uids.n = t->gone = 0;
  t->beyond = false;
  if (c->box < 0) return;
  if (named->saved) {
    choose_saved(c, t);
    return;
  }
  for (int i = 0; i < named->n; i++) {
    uint32_t first = named->p[i].first == STAR ? largest : named->p[i].first;
    uint32_t last = named->p[i].last == STAR ? largest : named->p[i].last;
    if (!uid && (first == 0 || last == 0 || first > largest || last > largest)) t->beyond = true;
    choose(c, t, first, last, uid);
  }
}

/* ---- messages ------------------------------------------------------------------------------- */

static void add(box *b, const message *m) {
  if (b->count < MESSAGES) b->messages[b->count++] = (message){0, m->flags, m->id, m->day, 0};
}

static void remove_at(box *b, size_t index) {
  memmove(&b->messages[index], &b->messages[index + 1], (b->count - index - 1) * sizeof b->messages[0]);
  b->count--;
}

static void expect_append(world *w, const step *s, effect *e) {
  box *b = &w->expected[s->box];
  e->answers = w->boxes[s->box].is == THERE ? MAY_OK : MAY_NO;
  for (uint32_t i = 0; i < s->count && e->answers == MAY_OK; i++)
    add(b, &(message){0, s->flags, s->id + i, s->day, 0});
}

bool is_read(uint32_t items) {
  return (items & GOT_BODY) != 0 && (items & GOT_PEEK) == 0;
}

static void expect_fetch(client *c, const step *s, effect *e) {
  box *b = &c->world->expected[c->box];
  e->answers = e->target.beyond ? MAY_BAD : MAY_OK | (e->target.gone ? MAY_NO : 0);
  bool vanished = s->vanished && s->has_modseq && c->qresync;
  (void)vanished;
  if (e->target.beyond || c->read_only || !is_read(s->items)) return;
  for (size_t i = 0; i < b->count; i++) {
    message *m = &b->messages[i];
    bool shown = !s->has_modseq || m->modseq > s->modseq;
    if (shown && has_number(&e->target.uids, m->uid)) m->flags |= IMAP4_FLAG_SEEN;
  }
}

static void expect_store(client *c, const step *s, effect *e) {
  box *b = &c->world->expected[c->box];
  if (c->read_only) {
    e->answers = MAY_NO;
    return;
  }
  e->answers = e->target.beyond ? MAY_BAD : MAY_OK | (e->target.gone ? MAY_NO : 0);
  for (size_t i = 0; i < b->count && !e->target.beyond; i++) {
    message *m = &b->messages[i];
    if (!has_number(&e->target.uids, m->uid)) continue;
    if (s->has_modseq && m->modseq > s->modseq)
      e->found.p[e->found.n++] = m->uid; /* MODIFIED */
    else
      m->flags = changed_flags(m->flags, s->sign, s->flags);
  }
}

static void expect_expunge(client *c, const step *s, effect *e) {
  box *b = &c->world->expected[c->box];
  bool all = s->kind == DO_CLOSE || !s->uid;
  e->answers = s->kind == DO_EXPUNGE && c->read_only ? MAY_NO : MAY_OK;
  if (c->read_only) return;
  if (all) resolve(c, &(set){.n = 1, .p = {{1, STAR}}}, true, &e->target);
  for (size_t i = b->count; i > 0; i--) {
    if (b->messages[i - 1].flags & IMAP4_FLAG_DELETED && has_number(&e->target.uids, b->messages[i - 1].uid))
      remove_at(b, i - 1);
  }
}

static void expect_copy(client *c, const step *s, effect *e) {
  world *w = c->world;
  const box *from = &w->boxes[c->box];
  bool move = s->kind == DO_MOVE;
  bool forbidden = move && c->read_only;
  e->undone = true;
  e->answers = e->target.beyond ? MAY_BAD : e->target.uids.n == 0 ? MAY_OK : 0;
  if (forbidden) e->answers |= MAY_NO;
  if (e->answers) return;
  if (w->boxes[s->to].is != THERE) {
    e->answers = MAY_NO;
    return;
  }
  e->answers = MAY_OK | (e->target.gone ? MAY_NO : 0);
  for (size_t i = 0; i < from->count; i++) {
    if (!has_number(&e->target.uids, from->messages[i].uid)) continue;
    e->found.p[e->found.n++] = from->messages[i].uid;
    add(&w->expected[s->to], &from->messages[i]);
  }
  box *b = &w->expected[c->box];
  for (size_t i = b->count; i > 0 && move; i--) {
    if (has_number(&e->target.uids, b->messages[i - 1].uid)) remove_at(b, i - 1);
  }
}

static void expect_replace(client *c, const step *s, effect *e) {
  world *w = c->world;
  box *b = &w->expected[c->box];
  e->undone = true;
  e->answers = 0;
  if (c->read_only || w->boxes[s->box].is != THERE) e->answers |= MAY_NO;
  if (e->target.uids.n == 0 || e->target.beyond) e->answers |= MAY_BAD | MAY_NO;
  if (e->target.gone) e->answers |= MAY_NO;
  if (e->answers) return;
  e->answers = MAY_OK;
  for (size_t i = b->count; i > 0; i--) {
    if (has_number(&e->target.uids, b->messages[i - 1].uid)) remove_at(b, i - 1);
  }
  add(&w->expected[s->box], &(message){0, s->flags, s->id, s->day, 0});
}

/* ---- names ---------------------------------------------------------------------------------- */

/* Who has it selected may hear anything from now on, until he selects again. */
static void lose(world *w, int at, bool deleted) {
  for (int i = 0; i < w->client_count + 2; i++) {
    client *c = i < w->client_count ? &w->clients[i] : &w->travellers[i - w->client_count];
    if (!c->session || c->box != at) continue;
    c->lost = true;
    c->deleted = c->deleted || deleted;
  }
}

static void remake(box *b, existence is) {
  b->is = is;
  b->count = 0;
  b->fresh = true;
}

static void loosen_parent(world *w, int at) {
  int parent = parent_of(at);
  if (parent < 0 || w->boxes[parent].is == THERE) return;
  remake(&w->expected[parent], ABSENT);
  w->expected[parent].open_ended = true;
}

static void expect_create(world *w, const step *s, effect *e) {
  e->answers = w->boxes[s->box].is == THERE ? MAY_NO : MAY_OK;
  if (e->answers == MAY_NO) return;
  remake(&w->expected[s->box], THERE);
  loosen_parent(w, s->box);
}

static void expect_delete(world *w, const step *s, effect *e) {
  e->answers = s->box == 0 ? MAY_NO : w->boxes[s->box].is == THERE ? MAY_OK : MAY_OK | MAY_NO;
  if (e->answers != MAY_OK) return;
  lose(w, s->box, true);
  remake(&w->expected[s->box], ABSENT);
}

static void carry(world *w, int from, int to) {
  if (from < 0 || to < 0 || w->boxes[from].is != THERE) return;
  lose(w, from, false);
  w->expected[to] = w->boxes[from];
  w->expected[to].fresh = true;
  for (size_t i = 0; i < w->expected[to].count; i++)
    w->expected[to].messages[i].uid = 0;
  remake(&w->expected[from], ABSENT);
}

static void expect_rename(world *w, const step *s, effect *e) {
  int from = s->box, to = s->to, child = child_of(from), heir = child_of(to);
  bool blocked = w->boxes[to].is == THERE || parent_of(to) == from ||
                 (child >= 0 && heir >= 0 && w->boxes[child].is == THERE && w->boxes[heir].is == THERE);
  e->undone = true;
  e->answers = MAY_OK;
  if (blocked || to == 0) {
    e->answers = MAY_NO;
    return;
  }
  if (from == 0) { /* RFC 3501 section 6.3.5: its messages move, it stays */
    if (heir >= 0 && w->boxes[heir].is == THERE) e->answers |= MAY_NO;
    remake(&w->expected[to], THERE);
    for (size_t i = 0; i < w->boxes[0].count; i++)
      add(&w->expected[to], &w->boxes[0].messages[i]);
    w->expected[0].count = 0;
    loosen_parent(w, to);
    return;
  }
  if (w->boxes[from].is == THERE && !(child >= 0 && w->boxes[child].is == THERE && heir < 0)) {
    if (heir >= 0 && w->boxes[heir].is == THERE) e->answers |= MAY_NO; /* |to| may be a level */
    carry(w, from, to);
    carry(w, child, heir);
    loosen_parent(w, to);
    return;
  }
  /* A level that is no mailbox, or one with names below it that the test does not know: not tried. */
  e->answers = 0;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static bool needs_mailbox(step_kind k) {
  static const bool needs[KINDS] = {
      [DO_CHECK] = true,  [DO_CLOSE] = true, [DO_UNSELECT] = true, [DO_FETCH] = true,   [DO_STORE] = true,
      [DO_SEARCH] = true, [DO_COPY] = true,  [DO_MOVE] = true,     [DO_EXPUNGE] = true, [DO_REPLACE] = true};
  return needs[k];
}

static bool uses_numbers(step_kind k) {
  return needs_mailbox(k) && k != DO_CHECK && k != DO_UNSELECT;
}

static void expect_in_mailbox(client *c, const step *s, effect *e) {
  if (s->kind == DO_CHECK || s->kind == DO_UNSELECT) return;
  resolve(c, &s->set, s->uid, &e->target);
  switch (s->kind) {
  case DO_FETCH:
    expect_fetch(c, s, e);
    break;
  case DO_STORE:
    expect_store(c, s, e);
    break;
  case DO_SEARCH:
    e->target.gone = 0;
    search_expect(c, s, e);
    e->answers = MAY_OK | (e->target.gone ? MAY_NO : 0);
    break;
  case DO_COPY:
  case DO_MOVE:
    expect_copy(c, s, e);
    break;
  case DO_REPLACE:
    expect_replace(c, s, e);
    break;
  default:
    expect_expunge(c, s, e);
    break;
  }
}

static bool foreseen(const client *c, const step *s) {
  if (c->world->rush || c->lost) return false;
  if (s->kind == DO_SEARCH) return c->box < 0 || search_known(c, s);
  if (!uses_numbers(s->kind)) return true;
  return client_knows_all(c) && (!s->set.saved || c->saved_known);
}

void effect_of(client *c, const step *s, effect *e) {
  world *w = c->world;
  memset(e, 0, sizeof *e);
  memcpy(w->expected, w->boxes, sizeof w->expected);
  e->exact = foreseen(c, s);
  e->answers = MAY_OK;
  if (needs_mailbox(s->kind) && c->box < 0) {
    e->answers = MAY_BAD;
    return;
  }
  if (!e->exact) {
    e->answers = MAY_OK | MAY_NO | (s->set.n > 0 && !s->uid ? MAY_BAD : 0);
    return;
  }
  if (needs_mailbox(s->kind)) expect_in_mailbox(c, s, e);
  switch (s->kind) {
  case DO_SELECT:
  case DO_EXAMINE:
  case DO_STATUS:
    e->answers = w->boxes[s->box].is == THERE ? MAY_OK : MAY_NO;
    break;
  case DO_APPEND:
    expect_append(w, s, e);
    break;
  case DO_CREATE:
    expect_create(w, s, e);
    break;
  case DO_DELETE:
    expect_delete(w, s, e);
    break;
  case DO_RENAME:
    expect_rename(w, s, e);
    break;
  default:
    break;
  }
}
