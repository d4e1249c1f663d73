/* SPDX-License-Identifier: MIT */
/*
 * Coming back.  A client that has lost its connection returns to a mailbox that it knows in three ways: by
 * QRESYNC, by CONDSTORE alone, and from scratch.  In the end it must believe the same.
 */
#include "model.h"

#include <string.h>

static step command(step_kind k, const step *s) {
  return (step){.kind = k, .seed = s->seed, .box = s->box, .set = {.n = 1, .p = {{1, STAR}}}};
}

/* A command of a client that comes back; the store does not change meanwhile. */
static void ask(client *c, const step *s, bool enables) {
  char text[200];
  world *w = c->world;
  size_t n = text_of(c, s, text, sizeof text);
  pending *p = client_begin(c, text, n);
  p->enables = enables;
  p->selects = s->kind == DO_SELECT || s->kind == DO_EXAMINE;
  world_settle(w);
  EXPECT(w, c->session && !client_busy(c), "no answer");
  EXPECT(w, strcmp(c->answer.word, "OK") == 0, "the answer is %s", c->answer.word);
}

static void select_plainly(client *c, const step *s) {
  step select = command(DO_EXAMINE, s);
  select.way = WAY_CONDSTORE;
  client_forget(c);
  c->box = s->box;
  c->read_only = true;
  ask(c, &select, true);
}

static void fetch(client *c, const step *s, uint32_t first, uint32_t last, uint64_t since) {
  step fetch = command(DO_FETCH, s);
  fetch.uid = true;
  fetch.items = GOT_UID | GOT_FLAGS | GOT_MODSEQ;
  fetch.set.p[0].first = first;
  fetch.set.p[0].last = last;
  fetch.has_modseq = since > 0;
  fetch.modseq = since;
  ask(c, &fetch, true);
}

/* Everything anew. */
static void from_scratch(client *c, const step *s) {
  select_plainly(c, s);
  fetch(c, s, 1, STAR, 0);
}

/* RFC 7162 section 6: what has changed, which of the known UIDs are left, and what is new. */
static void by_condstore(client *c, const cache *kept, const step *s) {
  world *w = c->world;
  uint32_t last = kept->count > 0 ? kept->list[kept->count - 1].uid : 0;
  step search = command(DO_SEARCH, s);
  numbers left = {.n = 0};
  select_plainly(c, s);
  if (last > 0 && kept->uidvalidity == c->answer.uidvalidity) {
    search.uid = true;
    search.node_count = 1;
    search.nodes[0] = (node){.key = KEY_UID, .set = {.n = 1, .p = {{1, last}}}};
    ask(c, &search, false);
    left = c->answer.found;
    EXPECT(w, left.n <= c->count, "more UIDs than messages");
    for (size_t i = 0; i < left.n; i++) {
      c->list[i].uid = left.p[i];
      for (size_t k = 0; k < kept->count; k++) {
        if (kept->list[k].uid == left.p[i]) c->list[i] = kept->list[k];
      }
    }
    fetch(c, s, 1, last, kept->modseq);
  } else {
    last = 0;
  }
  if (last < UIDS) fetch(c, s, last + 1, STAR, 0);
}

static void by_qresync(client *c, const cache *kept, const step *s) {
  step enable = command(DO_ENABLE, s), select = command(DO_EXAMINE, s);
  enable.way = select.way = WAY_QRESYNC;
  c->qresync = true;
  ask(c, &enable, true);
  client_forget(c);
  c->caches[s->box] = *kept;
  c->box = s->box;
  c->read_only = true;
  select.uid = s->uid;
  select.silent = s->silent;
  select.cut = s->cut;
  if (kept->resyncs && kept->uidvalidity == c->world->boxes[s->box].uidvalidity) {
    memcpy(c->list, kept->list, kept->count * sizeof c->list[0]);
    c->count = kept->count;
    c->resyncs = true;
  }
  ask(c, &select, true);
  /* What has come since is new to it. */
  uint32_t last = 0;
  for (size_t i = 0; i < c->count && c->list[i].uid > 0; i++)
    last = c->list[i].uid;
  if (!client_knows_all(c)) fetch(c, s, last + 1, STAR, 0);
}

static void same(client *a, const client *b, const char *how) {
  EXPECT(a->world, a->count == b->count, "%s leads to %u messages, not %u", how, (unsigned)b->count,
         (unsigned)a->count);
  for (size_t i = 0; i < a->count; i++) {
    const known *x = &a->list[i], *y = &b->list[i];
    EXPECT(a->world,
           x->uid == y->uid && (x->flags & ~RECENT) == (y->flags & ~RECENT) && x->modseq == y->modseq,
           "%s leads to UID %u flags 0x%x modseq %llu, not UID %u flags 0x%x modseq %llu", how,
           (unsigned)y->uid, (unsigned)y->flags, (unsigned long long)y->modseq, (unsigned)x->uid,
           (unsigned)x->flags, (unsigned long long)x->modseq);
  }
}

/* A MODSEQ that was not told when the flags were is as good as none. */
static void complete(cache *kept) {
  size_t n = 0;
  while (n < kept->count && kept->list[n].has_flags && kept->list[n].modseq > 0)
    n++;
  kept->count = n;
}

/* It is known what the client knew; what happens to the mailbox meanwhile has happened before this step. */
void come_back(client *c, const step *s) {
  world *w = c->world;
  static cache kept;
  uint32_t need = CAN_CONDSTORE | CAN_QRESYNC;
  if (w->boxes[s->box].is != THERE || (w->can & need) != need) return;
  client_drop(c);
  kept = c->caches[s->box];
  complete(&kept);
  client *second = &w->travellers[0], *third = &w->travellers[1];
  client_connect(w, c, c->number);
  client_connect(w, second, CLIENTS + 1);
  client_connect(w, third, CLIENTS + 2);
  world_settle(w);
  by_qresync(c, &kept, s);
  by_condstore(second, &kept, s);
  from_scratch(third, s);
  client_check(c, false);
  client_check(second, false);
  client_check(third, false);
  same(third, c, "QRESYNC");
  same(third, second, "CONDSTORE alone");
  client_drop(second);
  client_drop(third);
  w->done[DO_RETURN]++;
  w->remembered += kept.resyncs && kept.count > 0 && kept.modseq < w->boxes[s->box].highest;
}
