/* SPDX-License-Identifier: MIT */
/* Whether what a client believes is what the store has, and what it keeps of that when it leaves. */
#include "model.h"

#include <string.h>

bool client_knows_all(const client *c) {
  for (size_t i = 0; i < c->count; i++) {
    if (c->list[i].uid == 0) return false;
  }
  return true;
}

static void check_message(client *c, size_t i, const message *m) {
  known *k = &c->list[i];
  unsigned n = (unsigned)i + 1, uid = (unsigned)m->uid;
  EXPECT(c->world, k->uid == 0 || k->uid == m->uid, "session %d: message %u should be UID %u, not %u",
         c->number, n, uid, (unsigned)k->uid);
  EXPECT(c->world, !k->has_flags || (k->flags & ~RECENT) == m->flags,
         "session %d: message %u, UID %u: flags 0x%x, the client knows 0x%x", c->number, n, uid,
         (unsigned)m->flags, (unsigned)(k->flags & ~RECENT));
  EXPECT(c->world, k->modseq == 0 || k->modseq == m->modseq,
         "session %d: message %u, UID %u: MODSEQ %llu, the client knows %llu", c->number, n, uid,
         (unsigned long long)m->modseq, (unsigned long long)k->modseq);
}

static void check_recent(client *c) {
  uint32_t recent = 0;
  if (c->rev2) return;
  for (size_t i = 0; i < c->count; i++) {
    if (!c->list[i].has_recent) return;
    recent += (c->list[i].flags & RECENT) != 0;
  }
  EXPECT(c->world, recent == c->recent, "session %d: RECENT %u, but %u messages are", c->number,
         (unsigned)c->recent, (unsigned)recent);
}

void client_check(client *c, bool gone) {
  world *w = c->world;
  if (c->box < 0 || c->lost || !c->session) return;
  const box *b = &w->boxes[c->box];
  size_t at = 0;
  EXPECT(w, !c->condstore || c->modseq <= b->highest, "session %d: HIGHESTMODSEQ %llu of %llu", c->number,
         (unsigned long long)c->modseq, (unsigned long long)b->highest);
  check_recent(c);
  if (!gone) {
    EXPECT(w, c->count == b->count, "session %d knows %u messages of %u", c->number, (unsigned)c->count,
           (unsigned)b->count);
    for (size_t i = 0; i < c->count; i++)
      check_message(c, i, &b->messages[i]);
    return;
  }
  /* What is gone is still counted: every message of the store is in the client's list, in order.  Where UIDs
   * are not known it can't be said which message is meant. */
  EXPECT(w, c->count >= b->count, "session %d has not heard of all messages", c->number);
  if (!client_knows_all(c)) return;
  for (size_t i = 0; i < c->count && at < b->count; i++) {
    if (c->list[i].uid == b->messages[at].uid) check_message(c, i, &b->messages[at++]);
  }
  EXPECT(w, at == b->count, "session %d does not know UID %u", c->number,
         (unsigned)b->messages[at < b->count ? at : 0].uid);
}

/* Up to the first message that it has not looked at.  Amid SELECT what was kept before stays. */
void client_keep(client *c) {
  if (!c->condstore || c->box < 0 || c->lost || c->modseq == 0) return;
  for (size_t i = 0; i < c->pending_n; i++) {
    if (c->pending[i].selects) return;
  }
  cache *kept = &c->caches[c->box];
  kept->count = 0;
  kept->modseq = c->modseq;
  kept->resyncs = c->qresync;
  kept->uidvalidity = c->world->boxes[c->box].uidvalidity;
  while (kept->count < c->count && c->list[kept->count].uid > 0 && c->list[kept->count].has_flags) {
    known *k = &kept->list[kept->count];
    *k = c->list[kept->count++];
    k->flags &= ~RECENT;
    k->has_recent = false;
  }
}

void client_forget(client *c) {
  c->box = -1;
  c->count = 0;
  c->recent = 0;
  c->modseq = c->seen_modseq = 0;
  c->lost = c->deleted = c->read_only = false;
  c->saved_known = true;
  c->saved.n = 0;
}
