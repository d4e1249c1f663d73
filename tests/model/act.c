/* SPDX-License-Identifier: MIT */
/*
 * Steps are carried out.  One at a time, all that must come of a step is known and checked.  Those that go
 * together are under way at once, in an order that chance decides; then the rules count, and the agreement
 * afterwards.
 */
#include "model.h"

#include <string.h>

static client *actor(world *w, const step *s) {
  return &w->clients[s->client % w->client_count];
}

/* Who has lost his connection comes back; who waits in IDLE has to end that first. */
static void make_ready(world *w, client *c, const step *s) {
  if (!c->session) {
    client_connect(w, c, c->number);
    if (!w->rush) world_settle(w);
  }
  if (!c->idle || s->kind == DO_DONE || s->kind == DO_DROP) return;
  client_send(c, "DONE\r\n", 6);
  c->idle = false;
  if (w->rush) return;
  world_settle(w);
  if (c->session) client_check(c, false);
}

/* ---- one command ---------------------------------------------------------------------------- */

/* The client leaves what it had selected and takes what it knows of the new mailbox. */
static void enter(client *c, const step *s) {
  world *w = c->world;
  const box *b = &w->boxes[s->box];
  client_forget(c);
  c->box = s->box;
  c->read_only = s->kind == DO_EXAMINE;
  cache *kept = &c->caches[s->box];
  if (s->way != WAY_QRESYNC || !c->qresync || !kept->resyncs) return;
  if (b->is != THERE || kept->uidvalidity != b->uidvalidity) return; /* it is of no use */
  memcpy(c->list, kept->list, kept->count * sizeof c->list[0]);
  c->count = kept->count;
  c->resyncs = true;
}

static bool enables(const step *s) {
  switch (s->kind) {
  case DO_FETCH:
    return s->has_modseq || s->items & GOT_MODSEQ;
  case DO_STORE:
    return s->has_modseq;
  case DO_SEARCH:
    return search_has(s, KEY_MODSEQ);
  case DO_SELECT:
  case DO_EXAMINE:
    return s->way == WAY_CONDSTORE;
  case DO_STATUS:
    return (s->items & 0x10u) != 0;
  default:
    return s->kind == DO_ENABLE && s->way != WAY_REV2;
  }
}

static bool keeps_numbers(const client *c, const step *s) {
  if (s->kind == DO_SEARCH) return !s->uid || (c->qresync && search_keeps_numbers(s));
  return (s->kind == DO_FETCH || s->kind == DO_STORE) && !s->uid;
}

static void enable(client *c, const step *s) {
  if (s->way == WAY_QRESYNC) c->qresync = true;
  if (s->way != WAY_REV2) return;
  c->rev2 = true;
  for (size_t i = 0; i < c->count; i++)
    c->list[i].flags &= ~RECENT;
}

static void send_step(client *c, const step *s, bool exact) {
  static char text[16000];
  bool selects = s->kind == DO_SELECT || s->kind == DO_EXAMINE;
  if (selects) client_keep(c);
  size_t n = text_of(c, s, text, sizeof text);
  if (selects) enter(c, s);
  pending *p = client_begin(c, text, n);
  c->world->done[s->kind]++;
  p->keeps_numbers = keeps_numbers(c, s);
  p->selects = selects;
  p->reads = s->kind == DO_FETCH && s->items & GOT_BODY;
  p->closes = s->kind == DO_CLOSE || s->kind == DO_UNSELECT;
  p->enables = enables(s);
  p->earlier = s->kind == DO_FETCH && s->vanished && s->has_modseq;
  p->silent = s->kind == DO_STORE && s->silent && !exact;
  if (p->closes) client_keep(c);
  if (s->kind == DO_ENABLE) enable(c, s);
  if (s->kind == DO_SEARCH && s->result & RETURN_SAVE && !exact) c->saved_known = false;
  if (s->kind == DO_IDLE) c->idle = true;
}

/* Nothing is announced at the end of these. */
static bool is_told(const step *s) {
  return s->kind != DO_DELETE && s->kind != DO_RENAME && s->kind != DO_CLOSE && s->kind != DO_UNSELECT;
}

static uint32_t answer_bit(const client *c) {
  if (strcmp(c->answer.word, "OK") == 0) return MAY_OK;
  return strcmp(c->answer.word, "NO") == 0 ? MAY_NO : MAY_BAD;
}

static void judge(client *c, const step *s, effect *e, bool keeps) {
  world *w = c->world;
  uint32_t is = answer_bit(c);
  EXPECT(w, is & e->answers, "the answer is %s %s", c->answer.word, c->answer.code);
  if (is == MAY_BAD || (is == MAY_NO && e->undone)) memcpy(w->expected, w->boxes, sizeof w->expected);
  if (s->kind == DO_CREATE || s->kind == DO_DELETE || s->kind == DO_RENAME) ground_reopen(w);
  if (e->exact && s->kind == DO_STORE && s->has_modseq && is != MAY_BAD) judge_modified(c, s, e);
  judge_look(w, e->exact);
  w->exact += e->exact;
  if (is == MAY_NO && s->kind == DO_SEARCH && s->result & RETURN_SAVE) c->saved.n = 0;
  if (is == MAY_NO && s->kind == DO_STORE && s->silent) {
    for (size_t i = 0; i < c->count; i++)
      c->list[i].has_flags = false;
  }
  if (!c->session || is == MAY_BAD) return;
  if (e->exact && is == MAY_OK) judge_answer(c, s, e);
  if (is_told(s)) client_check(c, keeps);
}

/* Whose mailbox is gone must be told so; whose was renamed may go on. */
static void act_lost(world *w, client *c) {
  static const step noop = {.kind = DO_NOOP};
  bool deleted = c->deleted;
  send_step(c, &noop, false);
  world_settle(w);
  EXPECT(w, !deleted || !c->session, "session %d goes on in a mailbox that is deleted", c->number);
}

static void act_idle(client *c, const step *s) {
  send_step(c, s, true);
  world_settle(c->world);
  EXPECT(c->world, c->idle && client_busy(c), "IDLE ended at once");
  client_check(c, false);
}

static void act_command(world *w, client *c, const step *s) {
  static const step noop = {.kind = DO_NOOP};
  static effect e;
  bool selects = s->kind == DO_SELECT || s->kind == DO_EXAMINE;
  if (c->lost && !selects) {
    act_lost(w, c);
    return;
  }
  if (s->kind == DO_IDLE) {
    act_idle(c, s);
    return;
  }
  /* What another process has just done may be found out by the end of a command only. */
  if (w->ground.other && c->box >= 0 && !selects && s->kind != DO_NOOP) act_command(w, c, &noop);
  effect_of(c, s, &e);
  if (e.answers == 0) return;
  bool keeps = keeps_numbers(c, s);
  send_step(c, s, e.exact);
  world_settle(w);
  EXPECT(w, !c->session || !client_busy(c), "no answer");
  judge(c, s, &e, keeps);
}

/* ---- other steps ---------------------------------------------------------------------------- */

static void act_outside(world *w, const step *s) {
  box *b = &w->expected[s->box];
  if (w->boxes[s->box].is != THERE) return;
  if (w->rush && w->waiting_n < 16 && pick(w, 4)) {
    w->waiting[w->waiting_n++] = s;
    return;
  }
  memcpy(w->expected, w->boxes, sizeof w->expected);
  ground_outside(w, s);
  if (w->rush) return;
  if (s->way == 0) b->messages[b->count++] = (message){0, s->flags, s->id, s->day, 0};
  for (size_t i = b->count; i > 0 && s->way > 0; i--) {
    message *m = &b->messages[i - 1];
    if (m->uid < s->set.p[0].first || m->uid > s->set.p[0].last) continue;
    if (s->way == 1)
      m->flags = changed_flags(m->flags, s->sign, s->flags);
    else
      memmove(m, m + 1, (--b->count - (i - 1)) * sizeof *m);
  }
  judge_look(w, true);
}

static void act_done(world *w, client *c) {
  if (!c->idle) return;
  client_send(c, "DONE\r\n", 6);
  world_settle(w);
  EXPECT(w, !c->session || !client_busy(c), "no answer");
  client_check(c, false);
}

/* The connection is lost amid whatever was under way. */
static void act_drop(world *w, client *c, const step *s) {
  if (!c->session) return;
  world_turns(w, c, s->cut);
  client_read(c);
  w->done[DO_DROP]++;
  note(w, "# connection %u is lost\n", c->connections);
  client_drop(c);
}

static void act_one(world *w, const step *s) {
  client *c = actor(w, s);
  w->random = s->seed | 1;
  if (s->kind == DO_OUTSIDE) {
    act_outside(w, s);
  } else {
    make_ready(w, c, s);
    if (!c->session) return;
    if (s->kind == DO_DROP)
      act_drop(w, c, s);
    else if (s->kind == DO_RETURN)
      come_back(c, s);
    else if (s->kind == DO_DONE)
      act_done(w, c);
    else
      act_command(w, c, s);
  }
  world_settle(w);
  world_hear_idle(w);
  for (int i = 0; i < w->client_count; i++) {
    if (w->clients[i].idle) client_check(&w->clients[i], false);
  }
}

/* ---- a rush --------------------------------------------------------------------------------- */

static void begin_in_rush(world *w, const step *s) {
  static effect e;
  client *c = actor(w, s);
  bool selects = s->kind == DO_SELECT || s->kind == DO_EXAMINE;
  if (s->kind == DO_OUTSIDE) {
    act_outside(w, s);
    return;
  }
  if (!c->session || c->lost) return;
  if (s->kind == DO_DROP) {
    act_drop(w, c, s);
    return;
  }
  if (c->idle || c->pending_n == PENDING || (selects && client_busy(c))) return;
  if (selects && w->boxes[s->box].is != THERE) return;
  effect_of(c, s, &e);
  send_step(c, s, false);
}

static void act_rush(world *w, const step *steps, size_t count) {
  static const step noop = {.kind = DO_NOOP};
  w->random = steps[0].seed | 1;
  w->rush = true;
  for (size_t i = 0; i < count; i++) {
    begin_in_rush(w, &steps[i]);
    for (int k = 0; k < w->client_count && pick(w, 2); k++)
      world_turns(w, &w->clients[k], pick(w, 4));
  }
  world_settle(w);
  w->rush = false;
  world_settle(w);
  judge_look(w, false);
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    if (!c->session || c->idle) continue;
    EXPECT(w, !client_busy(c), "no answer");
    if (c->box >= 0) act_command(w, c, &noop);
  }
  world_hear_idle(w);
  for (int i = 0; i < w->client_count; i++) {
    if (w->clients[i].idle) client_check(&w->clients[i], false);
  }
}

void act(world *w, const step *steps, size_t count) {
  for (size_t i = 0; i < count;) {
    size_t n = 1;
    while (i + n < count && steps[i + n - 1].together)
      n++;
    if (n == 1)
      act_one(w, &steps[i]);
    else
      act_rush(w, &steps[i], n);
    i += n;
  }
}
