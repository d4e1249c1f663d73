/* SPDX-License-Identifier: MIT */
/* Steps from chance, with an eye on what the clients believe, so that most of them mean something. */
#include "model.h"

#include <string.h>

enum { JULY_1 = 9678 };

void invent_setup(conditions *setup, store_kind kind, bool returns, uint64_t seed) {
  static world dice;
  world *w = &dice;
  w->random = seed * 0xbf58476d1ce4e5b9u + 1181783497276652981u;
  memset(setup, 0, sizeof *setup);
  setup->kind = kind;
  setup->returns = returns;
  setup->clients = 2 + (int)pick(w, CLIENTS - 1);
  setup->manner = pick(w, 4);
  setup->without = pick(w, 2) ? 0 : (pick(w, 512) & ~IMAP4_MEMORY_WITHOUT_CANCEL);
  setup->query_rows = pick(w, 2) ? 1 + pick(w, 5) : 0;
  setup->output_octets = pick(w, 2) ? 256 : 0;
  setup->work_budget = pick(w, 2) ? 1 + pick(w, 9) : 0;
  setup->expunge_log = pick(w, 3) == 0 ? 2 : 0;
  setup->cuts = pick(w, 2) != 0;
  setup->little = pick(w, 2) != 0;
  setup->apart = kind == STORE_MAILDIR && pick(w, 2);
}

static uint32_t some_flags(world *w) {
  uint32_t flags = 0;
  for (size_t i = 0; i < 7; i++) {
    if (pick(w, 4) == 0) flags |= all_flags[i];
  }
  return pick(w, 4) == 0 ? flags | IMAP4_FLAG_DELETED : flags;
}

static uint8_t some_box(world *w) {
  static const uint8_t usual[] = {0, 0, 0, 0, 1, 1, 1, 3, 3};
  uint32_t choice = pick(w, 12);
  return choice < 9 ? usual[choice] : (uint8_t)pick(w, BOXES);
}

static bool is_full(const world *w, int i) {
  return w->boxes[i].count >= FULL;
}

/* One or two ranges; "*" may end one; now and then "$". */
static void some_set(const client *c, set *t, bool uid) {
  world *w = c->world;
  uint32_t largest = c->count == 0 ? 1 : uid ? c->list[c->count - 1].uid : (uint32_t)c->count;
  memset(t, 0, sizeof *t);
  if (w->can & CAN_SEARCHRES && pick(w, 8) == 0) {
    t->saved = true;
    return;
  }
  t->n = (uint8_t)(1 + pick(w, 2));
  for (int i = 0; i < t->n; i++) {
    uint32_t first = 1 + pick(w, uid ? largest + 3 : largest), last = first + pick(w, 3);
    uint32_t one = uid && c->count > 0 && pick(w, 2) ? c->list[pick(w, (uint32_t)c->count)].uid : 0;
    if (one > 0) first = last = one;
    if (!uid && last > largest && pick(w, 20)) last = largest;
    if (pick(w, 6) == 0) last = STAR;
    t->p[i].first = pick(w, 4) ? first : last;
    t->p[i].last = t->p[i].first == first ? last : first;
  }
}

/* A mod-sequence that says something. */
static uint64_t some_modseq(const client *c) {
  world *w = c->world;
  const box *b = &w->boxes[c->box < 0 ? 0 : c->box];
  if (b->count > 0 && pick(w, 3)) return b->messages[pick(w, (uint32_t)b->count)].modseq;
  uint64_t back = pick(w, 6);
  return b->highest > back ? b->highest - back : 1;
}

/* ---- messages come -------------------------------------------------------------------------- */

static void some_append(client *c, step *s) {
  world *w = c->world;
  s->kind = DO_APPEND;
  s->flags = some_flags(w);
  s->count = (uint8_t)(w->can & CAN_MULTIAPPEND && pick(w, 4) == 0 ? 2 + pick(w, 2) : 1);
  s->id = w->next_id;
  s->day = (int32_t)(JULY_1 + pick(w, 25));
  w->next_id += s->count;
  if (is_full(w, s->box)) s->kind = DO_NOOP;
}

static void some_replace(client *c, step *s) {
  world *w = c->world;
  some_append(c, s);
  if (!(w->can & CAN_REPLACE) || c->count == 0 || s->kind == DO_NOOP) return;
  uint32_t at = pick(w, (uint32_t)c->count);
  s->kind = DO_REPLACE;
  s->count = 1;
  s->set.saved = false;
  s->set.n = 1;
  s->set.p[0].first = s->set.p[0].last = s->uid && c->list[at].uid > 0 ? c->list[at].uid : at + 1;
}

static void some_outside(client *c, step *s) {
  world *w = c->world;
  const box *b = &w->boxes[s->box];
  some_append(c, s);
  s->way = (uint8_t)(s->kind == DO_NOOP ? 2 : pick(w, 3));
  s->kind = DO_OUTSIDE;
  s->count = 1;
  s->sign = "+-="[pick(w, 3)];
  s->set.n = 1;
  s->set.p[0].first = b->count > 0 ? b->messages[pick(w, (uint32_t)b->count)].uid : 1;
  s->set.p[0].last = s->set.p[0].first + pick(w, 3);
}

/* ---- commands in a mailbox ------------------------------------------------------------------ */

static void some_fetch(client *c, step *s) {
  static const uint32_t items[] = {GOT_FLAGS,
                                   GOT_UID,
                                   GOT_UID | GOT_FLAGS | GOT_SIZE,
                                   GOT_FLAGS | GOT_DATE | GOT_ENVELOPE,
                                   GOT_BODY,
                                   GOT_BODY | GOT_PEEK | GOT_HEADER,
                                   GOT_UID | GOT_MODSEQ,
                                   GOT_BODY | GOT_FLAGS};
  world *w = c->world;
  s->kind = DO_FETCH;
  s->items = items[pick(w, 8)];
  if (w->can & CAN_BINARY && pick(w, 6) == 0) s->items |= GOT_BINARY;
  bool modseq = (w->can & CAN_CONDSTORE) != 0;
  if (!modseq) s->items &= ~GOT_MODSEQ;
  if (s->items == 0) s->items = GOT_FLAGS;
  s->has_modseq = modseq && (c->condstore ? pick(w, 3) == 0 : pick(w, 30) == 0);
  if (!c->condstore && pick(w, 4)) s->items &= ~GOT_MODSEQ;
  if (s->items == 0) s->items = GOT_UID;
  s->modseq = some_modseq(c);
  s->vanished = s->has_modseq && s->uid && c->qresync && pick(w, 2);
}

static void some_store(client *c, step *s) {
  world *w = c->world;
  s->kind = DO_STORE;
  s->sign = "+-="[pick(w, 3)];
  s->silent = pick(w, 3) == 0;
  s->flags = some_flags(w);
  bool modseq = (w->can & CAN_CONDSTORE) != 0;
  s->has_modseq = modseq && (c->condstore ? pick(w, 3) == 0 : pick(w, 30) == 0);
  s->modseq = pick(w, 10) ? some_modseq(c) : 0;
}

static void add_key(client *c, step *s, unsigned depth);

static void add_leaf(client *c, step *s) {
  world *w = c->world;
  node *n = &s->nodes[s->node_count++];
  n->key = (search_key)pick(w, KEY_NOT);
  if (n->key == KEY_MODSEQ && (!(w->can & CAN_CONDSTORE) || (!c->condstore && pick(w, 10)))) n->key = KEY_ALL;
  switch (n->key) {
  case KEY_FLAG:
  case KEY_UNFLAG:
    n->number = pick(w, 7);
    break;
  case KEY_SET:
  case KEY_UID:
    some_set(c, &n->set, n->key == KEY_UID);
    break;
  case KEY_LARGER:
  case KEY_SMALLER:
    n->number = content_size(1 + pick(w, w->next_id));
    break;
  case KEY_SINCE:
  case KEY_BEFORE:
  case KEY_ON:
    n->number = JULY_1 + pick(w, 25);
    break;
  case KEY_MODSEQ:
    n->number = some_modseq(c);
    break;
  default:
    n->number = pick(w, 5);
    break;
  }
}

static void add_key(client *c, step *s, unsigned depth) {
  world *w = c->world;
  uint32_t choice = pick(w, 8);
  if (depth == 2 || choice > 3) {
    add_leaf(c, s);
    return;
  }
  node *n = &s->nodes[s->node_count++];
  n->key = choice < 2 ? KEY_NOT : choice == 2 ? KEY_OR : KEY_AND;
  add_key(c, s, depth + 1);
  if (n->key != KEY_NOT) add_key(c, s, depth + 1);
}

static void some_search(client *c, step *s) {
  world *w = c->world;
  s->kind = DO_SEARCH;
  add_key(c, s, 0); /* seven at most */
  if (!(w->can & CAN_ESEARCH) || pick(w, 2)) return;
  s->result = pick(w, 16);
  if (w->can & CAN_SEARCHRES && pick(w, 2)) s->result |= RETURN_SAVE;
  if (s->result == 0) s->result = RETURN_EMPTY;
  if (!(w->can & CAN_PARTIAL) || pick(w, 4)) return;
  s->result = (s->result & (RETURN_MIN | RETURN_MAX | RETURN_COUNT)) | RETURN_PARTIAL;
  s->to = (uint8_t)(1 + pick(w, 8));
  s->cut = (uint8_t)(1 + pick(w, 8));
  s->silent = pick(w, 2) != 0;
}

static void some_copy(client *c, step *s) {
  world *w = c->world;
  s->kind = w->can & CAN_MOVE && pick(w, 2) ? DO_MOVE : DO_COPY;
  s->to = some_box(w);
  if (is_full(w, s->to)) s->kind = DO_EXPUNGE;
}

static void learn(client *c, step *s) {
  s->kind = DO_FETCH;
  s->uid = pick(c->world, 2) != 0;
  s->items = GOT_UID | (pick(c->world, 4) ? GOT_FLAGS : 0);
  s->set = (set){.n = 1, .p = {{1, STAR}}};
}

static void in_mailbox(client *c, step *s) {
  world *w = c->world;
  uint32_t choice = pick(w, 20);
  if (!client_knows_all(c) && pick(w, 4)) {
    learn(c, s);
    return;
  }
  some_set(c, &s->set, s->uid);
  if (choice < 5)
    some_store(c, s);
  else if (choice < 10)
    some_fetch(c, s);
  else if (choice < 14)
    some_search(c, s);
  else if (choice < 17)
    some_copy(c, s);
  else if (choice < 19)
    s->kind = DO_EXPUNGE;
  else
    some_replace(c, s);
  if (s->kind == DO_EXPUNGE && !(w->can & CAN_UIDPLUS)) s->uid = false;
}

/* ---- all commands --------------------------------------------------------------------------- */

static void some_select(client *c, step *s) {
  world *w = c->world;
  s->kind = pick(w, 4) ? DO_SELECT : DO_EXAMINE;
  s->way = WAY_PLAIN;
  if (w->can & CAN_CONDSTORE && pick(w, 4) == 0) s->way = WAY_CONDSTORE;
  if (c->qresync && pick(w, 4)) s->way = WAY_QRESYNC;
  s->silent = pick(w, 2) != 0;
  s->cut = (uint8_t)pick(w, 200);
}

/* Names come and go, seldom, and those below others more often. */
static void some_name(client *c, step *s) {
  static const step_kind kinds[] = {DO_CREATE, DO_CREATE,    DO_CREATE,    DO_DELETE,      DO_RENAME,
                                    DO_LIST,   DO_SUBSCRIBE, DO_SUBSCRIBE, DO_UNSUBSCRIBE, DO_LSUB};
  world *w = c->world;
  s->kind = kinds[pick(w, 10)];
  s->box = (uint8_t)pick(w, BOXES);
  s->to = (uint8_t)(1 + pick(w, BOXES - 1));
  bool taken = w->boxes[1].is == THERE && w->boxes[3].is == THERE;
  if (s->kind == DO_DELETE && s->box < 4 && taken && pick(w, 3)) s->box = (uint8_t)(4 + pick(w, 3));
}

static void some_status(client *c, step *s) {
  world *w = c->world;
  s->kind = DO_STATUS;
  s->items = 1 + pick(w, 127);
  if (!(w->can & CAN_STATUS_SIZE)) s->items &= ~0x20u;
  if (!(w->can & CAN_CONDSTORE) || (!c->condstore && pick(w, 10))) s->items &= ~0x10u;
  if (s->items == 0) s->items = 1;
}

static void anywhere(client *c, step *s) {
  world *w = c->world;
  switch (pick(w, 8)) {
  case 0:
    s->kind = DO_NOOP;
    break;
  case 1:
    some_status(c, s);
    break;
  case 2:
  case 3:
    some_name(c, s);
    break;
  case 4:
    s->kind = DO_ENABLE;
    s->way = (uint8_t)(w->can & CAN_QRESYNC && pick(w, 2) ? WAY_QRESYNC : WAY_CONDSTORE);
    if (w->can & CAN_REV2 && pick(w, 4) == 0)
      s->way = WAY_REV2;
    else if (!(w->can & CAN_CONDSTORE) || pick(w, 3))
      s->kind = DO_NOOP;
    break;
  default:
    some_append(c, s);
    break;
  }
}

static void leave(client *c, step *s) {
  world *w = c->world;
  s->kind = w->can & CAN_UNSELECT && pick(w, 2) ? DO_UNSELECT : DO_CLOSE;
  if (pick(w, 3) == 0) s->kind = DO_CHECK;
}

/* Rather to mail that is known and has changed. */
static void some_return(client *c, step *s) {
  world *w = c->world;
  s->kind = DO_RETURN;
  for (int i = 0; i < 8; i++) {
    const cache *kept = &c->caches[s->box];
    if (kept->resyncs && kept->count > 0 && kept->modseq < w->boxes[s->box].highest) return;
    s->box = some_box(w);
  }
}

static void some_step(world *w, step *s) {
  uint32_t number = pick(w, (uint32_t)w->client_count), choice = pick(w, 40);
  client *c = &w->clients[number];
  memset(s, 0, sizeof *s);
  s->client = (uint8_t)number;
  s->seed = ((uint64_t)pick(w, UINT32_MAX) << 20) + pick(w, UINT32_MAX);
  s->uid = pick(w, 2) != 0;
  s->box = some_box(w);
  s->cut = (uint8_t)pick(w, 20);
  if (choice < 2)
    some_outside(c, s);
  else if (w->setup.returns && choice < 6)
    some_return(c, s);
  else if (choice == 6)
    s->kind = DO_DROP;
  else if (c->idle)
    s->kind = pick(w, 4) ? DO_DONE : DO_NOOP;
  else if (c->lost || c->box < 0 ? choice < 32 : choice < 9)
    some_select(c, s);
  else if (choice == 9 && w->can & CAN_IDLE)
    s->kind = DO_IDLE;
  else if (choice == 10 && c->box >= 0)
    leave(c, s);
  else if (choice < 18 || c->box < 0)
    anywhere(c, s);
  else
    in_mailbox(c, s);
}

/* What may be under way together with others: names stay as they are meanwhile. */
static bool may_rush(const step *s) {
  switch (s->kind) {
  case DO_CREATE:
  case DO_DELETE:
  case DO_RENAME:
  case DO_CLOSE:
  case DO_UNSELECT:
  case DO_IDLE:
  case DO_DONE:
  case DO_ENABLE:
  case DO_RETURN:
  case DO_SUBSCRIBE:
  case DO_UNSUBSCRIBE:
    return false;
  default:
    return true;
  }
}

size_t invent_group(world *w, step *out, size_t room) {
  size_t n = 0;
  size_t most = pick(w, 6) == 0 ? 2 + pick(w, 6) : 1;
  /* Now and then a storm from outside on one mailbox. */
  bool storm = most > 1 && pick(w, 3) == 0;
  uint8_t where = some_box(w);
  if (storm) most += 8;
  for (unsigned tries = 0; n < most && n < room && tries < 100; tries++) {
    some_step(w, &out[n]);
    if (storm && pick(w, 3)) out[n].box = where;
    if (most > 1 && pick(w, storm ? 2 : 8) == 0) some_outside(&w->clients[out[n].client], &out[n]);
    n += most == 1 || may_rush(&out[n]);
  }
  for (size_t i = 0; i + 1 < n; i++)
    out[i].together = true;
  return n;
}
