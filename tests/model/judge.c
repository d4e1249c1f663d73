/* SPDX-License-Identifier: MIT */
/* Whether the store and the answer are what they must be. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the store ------------------------------------------------------------------------------ */

/* A mailbox that was not there before, under a name that may have been; it may have been away under another
 * name. */
static void meet(world *w, int i, const box *b) {
  bool again = b->uidvalidity == w->last_validity[i];
  for (size_t k = 0; k < b->count && again; k++) {
    uint32_t uid = b->messages[k].uid;
    EXPECT(w, uid >= w->last_uidnext[i] || (uid < UIDS && w->ids[i][uid] == b->messages[k].id),
           "%s: UID %u is given again", box_names[i], (unsigned)uid);
  }
  memset(w->ids[i], 0, sizeof w->ids[i]);
  memset(w->gone_at[i], 0, sizeof w->gone_at[i]);
  memset(w->since[i], 0, sizeof w->since[i]);
}

static void check_old(world *w, int i, const box *old, const message *was, const message *is, bool exact) {
  unsigned uid = (unsigned)is->uid;
  EXPECT(w, was->id == is->id && was->day == is->day, "%s: UID %u is another message", box_names[i], uid);
  if (was->flags != is->flags)
    EXPECT(w, is->modseq > old->highest, "%s: UID %u has other flags, but mod-sequence %llu of %llu",
           box_names[i], uid, (unsigned long long)is->modseq, (unsigned long long)old->highest);
  else if (is->modseq != was->modseq)
    EXPECT(w, !exact && is->modseq > old->highest, "%s: UID %u has mod-sequence %llu after %llu",
           box_names[i], uid, (unsigned long long)is->modseq, (unsigned long long)was->modseq);
}

static void check_new(world *w, int i, const box *old, const message *m) {
  unsigned uid = (unsigned)m->uid;
  EXPECT(w, m->uid >= old->uidnext, "%s: UID %u is below UIDNEXT %u", box_names[i], uid,
         (unsigned)old->uidnext);
  EXPECT(w, m->modseq > old->highest, "%s: new UID %u has mod-sequence %llu of %llu", box_names[i], uid,
         (unsigned long long)m->modseq, (unsigned long long)old->highest);
  EXPECT(w, m->uid < UIDS && m->id > 0 && m->id < w->next_id, "%s: UID %u was never sent", box_names[i], uid);
}

/* What a mailbox may become, whatever was done to it. */
static void check_growth(world *w, int i, const box *old, const box *b, bool exact) {
  bool changed = old->uidnext != b->uidnext;
  size_t kept = 0;
  EXPECT(w, b->uidvalidity == old->uidvalidity, "%s has another UIDVALIDITY", box_names[i]);
  EXPECT(w, b->highest >= old->highest && b->uidnext >= old->uidnext,
         "%s goes back: HIGHESTMODSEQ %llu to %llu", box_names[i], (unsigned long long)old->highest,
         (unsigned long long)b->highest);
  for (size_t k = 0; k < b->count; k++) {
    const message *m = &b->messages[k];
    const message *was = box_find(old, m->uid);
    EXPECT(w, m->uid < b->uidnext && (k == 0 || m->uid > b->messages[k - 1].uid),
           "%s: UID %u is out of order", box_names[i], (unsigned)m->uid);
    EXPECT(w, m->modseq > 0 && m->modseq <= b->highest, "%s: UID %u is newer than the mailbox", box_names[i],
           (unsigned)m->uid);
    if (was)
      check_old(w, i, old, was, m, exact);
    else
      check_new(w, i, old, m);
    changed = changed || !was || was->modseq != m->modseq;
    kept += was != NULL;
  }
  changed = changed || kept < old->count;
  EXPECT(w, !changed || b->highest > old->highest, "%s has changed, and HIGHESTMODSEQ has not", box_names[i]);
  EXPECT(w, changed || !exact || b->highest == old->highest, "%s has not changed, but HIGHESTMODSEQ has",
         box_names[i]);
}

static void check_wanted(world *w, int i, const box *want, const box *is) {
  EXPECT(w, is->count == want->count, "%s has %u messages, not %u", box_names[i], (unsigned)is->count,
         (unsigned)want->count);
  for (size_t k = 0; k < is->count; k++) {
    const message *a = &is->messages[k];
    const message *b = &want->messages[k];
    EXPECT(w, a->id == b->id && a->flags == b->flags && a->day == b->day && (b->uid == 0 || a->uid == b->uid),
           "%s: UID %u flags 0x%x message %u, expected UID %u flags 0x%x message %u", box_names[i],
           (unsigned)a->uid, (unsigned)a->flags, (unsigned)a->id, (unsigned)b->uid, (unsigned)b->flags,
           (unsigned)b->id);
  }
}

/* At that mod-sequence, or at some between two looks. */
static void note_changes(world *w, int i, const box *old, const message *m, bool exact) {
  const message *was = box_find(old, m->uid);
  for (size_t k = 0; k < 7 && was && m->uid < UIDS; k++) {
    if ((was->flags ^ m->flags) & all_flags[k]) w->since[i][m->uid][k] = exact ? m->modseq : old->highest + 1;
  }
}

static void learn(world *w, int i, const box *old, const box *b, bool fresh) {
  for (size_t k = 0; k < b->count; k++) {
    if (b->messages[k].uid < UIDS) w->ids[i][b->messages[k].uid] = (uint16_t)b->messages[k].id;
  }
  for (size_t k = 0; k < old->count && !fresh; k++) {
    if (!box_find(b, old->messages[k].uid)) w->gone_at[i][old->messages[k].uid] = old->highest;
  }
  if (b->is != THERE) return;
  w->last_validity[i] = b->uidvalidity;
  w->last_uidnext[i] = b->uidnext;
}

void judge_look(world *w, bool exact) {
  ground_look(w);
  for (int i = 0; i < BOXES; i++) {
    const box *old = &w->boxes[i], *b = &w->looked[i], *want = &w->expected[i];
    bool fresh = exact && want->fresh;
    if (exact && !want->open_ended)
      EXPECT(w, (b->is == THERE) == (want->is == THERE), "%s is %s", box_names[i],
             b->is == THERE ? "there" : "not there");
    if (b->is == THERE && (fresh || old->is != THERE))
      meet(w, i, b);
    else if (b->is == THERE)
      check_growth(w, i, old, b, exact);
    if (exact && b->is == THERE) check_wanted(w, i, want, b);
    for (size_t k = 0; k < b->count && !fresh; k++)
      note_changes(w, i, old, &b->messages[k], exact);
    learn(w, i, old, b, fresh);
  }
  memcpy(w->boxes, w->looked, sizeof w->boxes);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void check_same(client *c, const numbers *is, const numbers *want, const char *what) {
  EXPECT(c->world, is->n == want->n, "%s: %u, not %u", what, (unsigned)is->n, (unsigned)want->n);
  for (size_t i = 0; i < want->n; i++)
    EXPECT(c->world, is->p[i] == want->p[i], "%s: %u, not %u", what, (unsigned)is->p[i],
           (unsigned)want->p[i]);
}

static uint32_t number_of(const client *c, uint32_t uid) {
  for (size_t i = 0; i < c->count; i++) {
    if (c->list[i].uid == uid) return (uint32_t)i + 1;
  }
  return 0;
}

static uint64_t modseq_of(const client *c, uint32_t uid) {
  const message *m = box_find(&c->world->boxes[c->box], uid);
  return m ? m->modseq : 0;
}

/* The new messages of a mailbox, its last ones, are what COPYUID or APPENDUID says. */
static void check_made(client *c, const char *p, int to, size_t count) {
  world *w = c->world;
  const box *b = &w->boxes[to];
  numbers made;
  EXPECT(w, take_number(w, &p) == b->uidvalidity && take(&p, " "), "another UIDVALIDITY");
  if (strchr(p, ' ')) p = strchr(p, ' ') + 1;
  take_set(w, &p, &made);
  EXPECT(w, made.n == count && count <= b->count, "%u new UIDs, not %u", (unsigned)made.n, (unsigned)count);
  for (size_t i = 0; i < count; i++)
    EXPECT(w, made.p[i] == b->messages[b->count - count + i].uid, "UID %u is not what was made",
           (unsigned)made.p[i]);
}

static void judge_append(client *c, const step *s) {
  const char *p = s->kind == DO_APPEND ? c->answer.code : c->answer.copyuid;
  if (!(c->world->can & CAN_UIDPLUS)) return;
  EXPECT(c->world, take(&p, "APPENDUID "), "no APPENDUID: %s", p);
  check_made(c, p, s->box, s->kind == DO_APPEND ? s->count : 1);
}

/* COPYUID names what was copied, and what became of it (RFC 4315). */
static void judge_copy(client *c, const step *s, const effect *e) {
  world *w = c->world;
  const char *p = s->kind == DO_MOVE ? c->answer.copyuid : c->answer.code;
  numbers source;
  if (!(w->can & CAN_UIDPLUS) || e->found.n == 0) return;
  EXPECT(w, take(&p, "COPYUID "), "no COPYUID: %s", p);
  const char *sets = p;
  (void)take_number(w, &sets);
  EXPECT(w, take(&sets, " "), "no sets: %s", p);
  take_set(w, &sets, &source);
  check_same(c, &source, &e->found, "COPYUID");
  if (s->kind == DO_COPY || s->to != c->box) check_made(c, p, s->to, e->found.n);
}

/* Of each message that is in the store something was said, unless the client was told that it is gone. */
static void judge_fetch(client *c, const step *s, const effect *e) {
  uint32_t items = s->items & ~GOT_PEEK;
  for (size_t i = 0; i < c->count; i++) {
    known *k = &c->list[i];
    const message *m = box_find(&c->world->boxes[c->box], k->uid);
    if (!has_number(&e->target.uids, k->uid) || !m || (s->has_modseq && m->modseq <= s->modseq)) continue;
    EXPECT(c->world, (k->got & items) == items, "message %u: 0x%x of 0x%x was told", (unsigned)i + 1,
           (unsigned)k->got, (unsigned)items);
  }
  if (!s->vanished || !s->uid || !s->has_modseq || !c->qresync) return;
  /* What came and went before the session heard of it is no loss. */
  uint32_t heard = c->count > 0 ? c->list[c->count - 1].uid : 0;
  for (uint32_t uid = 1; uid < heard && uid < UIDS; uid++) {
    bool named = false;
    for (int i = 0; i < s->set.n; i++)
      named = named || (s->set.p[i].last != STAR && s->set.p[i].first <= uid && uid <= s->set.p[i].last);
    uint64_t at = c->world->gone_at[c->box][uid];
    if (!named || s->set.saved || at == 0 || at < s->modseq || has_number(&e->target.uids, uid)) continue;
    EXPECT(c->world, has_number(&c->answer.earlier, uid), "VANISHED leaves out UID %u", (unsigned)uid);
  }
}

/* What a client takes for granted when it asked not to be told. */
static void assume(client *c, const step *s, const effect *e) {
  for (size_t i = 0; i < c->count; i++) {
    known *k = &c->list[i];
    if (!has_number(&e->target.uids, k->uid) || k->got & GOT_FLAGS) continue;
    if (has_number(&e->found, k->uid) || (s->sign != '=' && !k->has_flags)) continue;
    k->flags = (k->flags & RECENT) | changed_flags(k->flags & ~RECENT, s->sign, s->flags);
    k->has_flags = true;
  }
}

static void judge_store(client *c, const step *s, const effect *e) {
  world *w = c->world;
  if (c->read_only) return;
  if (s->silent) assume(c, s, e);
  for (size_t i = 0; i < c->count; i++) {
    known *k = &c->list[i];
    if (s->silent || !has_number(&e->target.uids, k->uid) || !box_find(&w->boxes[c->box], k->uid)) continue;
    EXPECT(w, k->got & GOT_FLAGS, "nothing was said of message %u", (unsigned)i + 1);
  }
}

/* Whether others have changed what the client wants to change, after what it knows (RFC 7162 section 3.1.12:
 * a store may look at each flag). */
static bool clashes(const client *c, const step *s, uint32_t uid) {
  if (s->sign == '=') return true;
  for (size_t k = 0; k < 7; k++) {
    if (s->flags & all_flags[k] && c->world->since[c->box][uid][k] > s->modseq) return true;
  }
  return false;
}

void judge_modified(client *c, const step *s, effect *e) {
  world *w = c->world;
  numbers told = {.n = 0}, kept = {.n = 0};
  const char *p = c->answer.code;
  if (c->read_only) return;
  if (take(&p, "MODIFIED ")) take_set(w, &p, &told);
  for (size_t i = 0; i < e->found.n; i++) {
    uint32_t uid = e->found.p[i];
    if (has_number(&told, s->uid ? uid : number_of(c, uid))) {
      kept.p[kept.n++] = uid;
      continue;
    }
    EXPECT(w, !clashes(c, s, uid), "UID %u was changed since %llu by others, and is not MODIFIED",
           (unsigned)uid, (unsigned long long)s->modseq);
    message *m = (message *)box_find(&w->expected[c->box], uid);
    m->flags = changed_flags(m->flags, s->sign, s->flags);
  }
  EXPECT(w, told.n >= kept.n && told.n <= kept.n + e->target.gone, "MODIFIED: %u, not %u", (unsigned)told.n,
         (unsigned)kept.n);
  e->found = kept;
}

static uint64_t highest_of(const client *c, const step *s, const numbers *uids) {
  uint64_t highest = 0;
  if (uids->n == 0 || !search_has(s, KEY_MODSEQ)) return 0;
  bool ends = (s->result & (RETURN_MIN | RETURN_MAX)) != 0;
  bool all = (s->result & (RETURN_COUNT | RETURN_ALL)) != 0 || !ends;
  for (size_t i = 0; i < uids->n; i++) {
    bool min = i == 0 && s->result & RETURN_MIN, max = i + 1 == uids->n && s->result & RETURN_MAX;
    uint64_t modseq = modseq_of(c, uids->p[i]);
    if ((all || min || max) && modseq > highest) highest = modseq;
  }
  return highest;
}

/* RFC 9394: a page of what was found. */
static void check_page(client *c, const step *s, const numbers *want) {
  numbers page = {.n = 0};
  uint32_t low = s->to < s->cut ? s->to : s->cut, high = s->to < s->cut ? s->cut : s->to;
  for (uint32_t i = 0; i < want->n; i++) {
    uint32_t place = s->silent ? (uint32_t)want->n - i : i + 1;
    if (low <= place && place <= high) page.p[page.n++] = want->p[i];
  }
  EXPECT(c->world, c->answer.has_partial, "no PARTIAL");
  check_same(c, &c->answer.found, &page, "PARTIAL");
}

static void check_extended(client *c, const step *s, const numbers *want) {
  world *w = c->world;
  const answer *a = &c->answer;
  bool all = s->result == 0 || s->result & (RETURN_ALL | RETURN_EMPTY), some = want->n > 0;
  EXPECT(w, a->uid == s->uid, "UID in ESEARCH");
  EXPECT(w, a->has_min == (some && s->result & RETURN_MIN), "MIN");
  EXPECT(w, a->has_max == (some && s->result & RETURN_MAX), "MAX");
  EXPECT(w, a->has_count == ((s->result & RETURN_COUNT) != 0), "COUNT");
  EXPECT(w, a->has_all == (some && all), "ALL");
  EXPECT(w, !a->has_min || a->min == want->p[0], "MIN %u", (unsigned)a->min);
  EXPECT(w, !a->has_max || a->max == want->p[want->n - 1], "MAX %u", (unsigned)a->max);
  EXPECT(w, !a->has_count || a->number == want->n, "COUNT %u", (unsigned)a->number);
  if (a->has_all) check_same(c, &a->found, want, "ESEARCH");
  if (s->result & RETURN_PARTIAL) check_page(c, s, want);
}

/* RFC 5182 section 2.4: MIN and MAX alone save these alone. */
static void save(client *c, const step *s, const numbers *uids) {
  bool all = (s->result & (RETURN_COUNT | RETURN_ALL)) != 0 || !(s->result & (RETURN_MIN | RETURN_MAX));
  c->saved.n = 0;
  c->saved_known = true;
  for (size_t i = 0; i < uids->n; i++) {
    bool min = i == 0 && s->result & RETURN_MIN, max = i + 1 == uids->n && s->result & RETURN_MAX;
    if (all || min || max) c->saved.p[c->saved.n++] = uids->p[i];
  }
}

static void judge_search(client *c, const step *s, const effect *e) {
  world *w = c->world;
  numbers want = {.n = 0};
  bool extended = s->result != RETURN_SAVE && (s->result || c->rev2);
  if (s->result & RETURN_SAVE) save(c, s, &e->found);
  EXPECT(w, c->answer.searched == (s->result != RETURN_SAVE), "SEARCH without an answer");
  EXPECT(w, c->answer.extended == extended, "SEARCH for ESEARCH");
  for (size_t i = 0; i < e->found.n; i++)
    want.p[want.n++] = s->uid ? e->found.p[i] : number_of(c, e->found.p[i]);
  if (!c->answer.searched) return;
  if (extended)
    check_extended(c, s, &want);
  else
    check_same(c, &c->answer.found, &want, "SEARCH");
  if (s->result & RETURN_PARTIAL) return; /* of which messages is not for this test to say */
  EXPECT(w, c->answer.modseq == highest_of(c, s, &e->found), "SEARCH: MODSEQ %llu",
         (unsigned long long)c->answer.modseq);
}

static void judge_select(client *c) {
  world *w = c->world;
  const box *b = &w->boxes[c->box];
  uint32_t unseen = 0;
  for (uint32_t i = (uint32_t)b->count; i > 0; i--) {
    if (!(b->messages[i - 1].flags & IMAP4_FLAG_SEEN)) unseen = i;
  }
  EXPECT(w, strncmp(c->answer.code, c->read_only ? "READ-ONLY" : "READ-WRITE", 9) == 0, "the code is %s",
         c->answer.code);
  EXPECT(w, c->answer.uidnext == b->uidnext, "UIDNEXT %u", (unsigned)c->answer.uidnext);
  EXPECT(w, c->answer.uidvalidity == b->uidvalidity, "UIDVALIDITY %u", (unsigned)c->answer.uidvalidity);
  if (c->rev2) unseen = 0;
  EXPECT(w, c->answer.unseen == unseen, "UNSEEN %u", (unsigned)c->answer.unseen);
  EXPECT(w, !c->condstore || c->modseq == b->highest, "HIGHESTMODSEQ %llu", (unsigned long long)c->modseq);
}

static void judge_status(client *c, const step *s) {
  world *w = c->world;
  const box *b = &w->boxes[s->box];
  const char *p = c->answer.status;
  uint64_t unseen = 0, size = 0;
  for (size_t i = 0; i < b->count; i++) {
    unseen += (b->messages[i].flags & IMAP4_FLAG_SEEN) == 0;
    size += content_size(b->messages[i].id);
  }
  const struct {
    const char *name;
    uint64_t value;
  } items[] = {{"MESSAGES ", b->count}, {"UIDNEXT ", b->uidnext},       {"UIDVALIDITY ", b->uidvalidity},
               {"UNSEEN ", unseen},     {"HIGHESTMODSEQ ", b->highest}, {"SIZE ", size}};
  uint32_t told = 0;
  EXPECT(w, take(&p, "("), "no STATUS");
  while (*p && *p != ')') {
    size_t i = 0;
    (void)take(&p, " ");
    while (i < 6 && !take(&p, items[i].name))
      i++;
    bool recent = i == 6 && take(&p, "RECENT ");
    uint64_t value = take_modseq(w, &p);
    EXPECT(w, recent ? value <= b->count : i < 6 && value == items[i].value, "STATUS %s: %s",
           box_names[s->box], c->answer.status);
    told |= 1u << i;
  }
  EXPECT(w, told == s->items, "STATUS: 0x%x", (unsigned)told);
}

static void judge_names(client *c, const step *s) {
  world *w = c->world;
  if (s->kind == DO_LSUB) {
    EXPECT(w, (c->answer.listed & ~c->answer.levels) == (w->subscribed & ~c->answer.levels),
           "LSUB: 0x%x, not 0x%x", (unsigned)c->answer.listed, (unsigned)w->subscribed);
    return;
  }
  for (int i = 0; i < BOXES; i++) {
    bool told = (c->answer.listed & ~c->answer.levels & 1u << i) != 0;
    EXPECT(w, told == (w->boxes[i].is == THERE), "LIST: %s", box_names[i]);
  }
}

void judge_answer(client *c, const step *s, const effect *e) {
  switch (s->kind) {
  case DO_APPEND:
  case DO_REPLACE:
    judge_append(c, s);
    break;
  case DO_COPY:
  case DO_MOVE:
    judge_copy(c, s, e);
    break;
  case DO_FETCH:
    judge_fetch(c, s, e);
    break;
  case DO_STORE:
    judge_store(c, s, e);
    break;
  case DO_SEARCH:
    judge_search(c, s, e);
    break;
  case DO_SELECT:
  case DO_EXAMINE:
    judge_select(c);
    break;
  case DO_STATUS:
    judge_status(c, s);
    break;
  case DO_LIST:
  case DO_LSUB:
    judge_names(c, s);
    break;
  case DO_SUBSCRIBE:
    c->world->subscribed |= 1u << s->box;
    break;
  case DO_UNSUBSCRIBE:
    c->world->subscribed &= ~(1u << s->box);
    break;
  default:
    break;
  }
}
