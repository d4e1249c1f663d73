/* SPDX-License-Identifier: MIT */
/*
 * The model of views: a few clients send random commands to mailboxes that they share.  Each command has an
 * expected effect, worked out from what its client believes; what the store holds afterwards must be just
 * that.  What each client believes, built from responses alone, must agree with the store whenever the rules
 * say that it was told everything.  In a rush several commands are under way at once; then only the rules and
 * the agreement afterwards count.
 *
 *   test_views               fixed seeds
 *   test_views SEED [COUNT]  other ones
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 80, STEPS = 250, FULL = 40 };

/* The messages that a command names. */
typedef struct target {
  uint32_t uids[MESSAGES];
  size_t count;
  size_t gone; /* of them, not in the store any more */
  char text[64];
} target;

static const uint32_t all_flags[] = {
    IMAP4_FLAG_ANSWERED, IMAP4_FLAG_FLAGGED, IMAP4_FLAG_DELETED, IMAP4_FLAG_SEEN,
    IMAP4_FLAG_DRAFT,    KEYWORD_A,          KEYWORD_B};
static const char *const flag_names[] = {"\\Answered", "\\Flagged", "\\Deleted", "\\Seen",
                                         "\\Draft",    "$A",        "$B"};

static uint32_t some_flags(world *w) {
  uint32_t flags = 0;
  for (size_t i = 0; i < sizeof all_flags / sizeof all_flags[0]; i++) {
    if (pick(w, 4) == 0) flags |= all_flags[i];
  }
  return pick(w, 4) == 0 ? flags | IMAP4_FLAG_DELETED : flags;
}

static const char *flags_text(uint32_t flags, char *text) {
  text[0] = 0;
  for (size_t i = 0; i < sizeof all_flags / sizeof all_flags[0]; i++) {
    if (!(flags & all_flags[i])) continue;
    if (text[0]) strcat(text, " ");
    strcat(text, flag_names[i]);
  }
  return text;
}

/* ---- sets ----------------------------------------------------------------------------------- */

static bool names(const target *t, uint32_t uid) {
  for (size_t i = 0; i < t->count; i++) {
    if (t->uids[i] == uid) return true;
  }
  return false;
}

static void choose(client *c, target *t, uint32_t first, uint32_t last, bool uid) {
  uint32_t low = first < last ? first : last;
  uint32_t high = first < last ? last : first;
  for (size_t i = 0; i < c->count; i++) {
    uint32_t number = uid ? c->list[i].uid : (uint32_t)i + 1;
    if (low > number || number > high || names(t, c->list[i].uid)) continue;
    t->uids[t->count++] = c->list[i].uid;
    t->gone += !box_find(&c->world->boxes[c->box], c->list[i].uid);
  }
}

/* One or two ranges; "*" may end one.  There is a message, and the client knows all UIDs. */
static void some_set(client *c, target *t, bool uid) {
  world *w = c->world;
  uint32_t largest = uid ? c->list[c->count - 1].uid : (uint32_t)c->count;
  memset(t, 0, sizeof *t);
  for (uint32_t ranges = 1 + pick(w, 2); ranges > 0; ranges--) {
    size_t at = strlen(t->text);
    uint32_t first = 1 + pick(w, uid ? largest + 3 : largest);
    uint32_t last = first + pick(w, 3);
    bool star = pick(w, 5) == 0;
    if (star || (!uid && last > largest)) last = largest;
    if (at > 0) t->text[at++] = ',';
    if (star)
      snprintf(t->text + at, sizeof t->text - at, "%u:*", (unsigned)first);
    else if (first == last)
      snprintf(t->text + at, sizeof t->text - at, "%u", (unsigned)first);
    else
      snprintf(t->text + at, sizeof t->text - at, "%u:%u", (unsigned)last, (unsigned)first);
    choose(c, t, first, last, uid);
  }
}

/* ---- expected and real ---------------------------------------------------------------------- */

static void expect_boxes(world *w, const box *expected) {
  world_look(w);
  for (int i = 0; i < BOXES; i++) {
    const box *is = &w->boxes[i];
    const box *want = &expected[i];
    EXPECT(w, is->count == want->count, "%s has %u messages, not %u", box_names[i], (unsigned)is->count,
           (unsigned)want->count);
    for (size_t k = 0; k < is->count; k++) {
      const message *a = &is->messages[k];
      const message *b = &want->messages[k];
      EXPECT(w, a->size == b->size && a->flags == b->flags && (b->uid == 0 || a->uid == b->uid),
             "%s: UID %u flags 0x%x size %u, expected UID %u flags 0x%x size %u", box_names[i],
             (unsigned)a->uid, (unsigned)a->flags, (unsigned)a->size, (unsigned)b->uid, (unsigned)b->flags,
             (unsigned)b->size);
    }
  }
}

static void box_add(box *b, uint32_t flags, uint32_t size) {
  b->messages[b->count++] = (message){0, flags, size};
}

static void box_remove(box *b, size_t index) {
  memmove(&b->messages[index], &b->messages[index + 1], (b->count - index - 1) * sizeof b->messages[0]);
  b->count--;
}

/* Everybody who waits in IDLE has heard of it. */
static void check_idle(world *w) {
  if (w->without & IMAP4_MEMORY_WITHOUT_WATCH) world_tick(w, 11000);
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    if (c->idle && c->box >= 0) client_check(c, false);
  }
}

/* The command is answered: with OK, or with NO where that may be.  Whether it is OK. */
static bool await(client *c, bool may_fail) {
  world *w = c->world;
  world_settle(w);
  EXPECT(w, !c->busy, "no answer");
  bool ok = strcmp(c->answer.word, "OK") == 0;
  EXPECT(w, ok || may_fail, "the answer is %s", c->answer.word);
  world_look(w);
  return ok;
}

static bool finish(client *c, bool may_fail) {
  bool keeps = c->keeps_numbers;
  bool ok = await(c, may_fail);
  if (ok && c->box >= 0) client_check(c, keeps);
  return ok;
}

/* ---- commands: each sends, and then knows what must have come of it ------------------------- */

static void do_noop(client *c) {
  world *w = c->world;
  box before[BOXES];
  memcpy(before, w->boxes, sizeof before);
  client_begin(c, false, "%s", c->box >= 0 && pick(w, 2) ? "CHECK" : "NOOP");
  if (w->rush) return;
  finish(c, false);
  expect_boxes(w, before);
}

static void do_append(client *c) {
  world *w = c->world;
  char text[128];
  char octets[1024];
  int to = (int)pick(w, BOXES);
  uint32_t flags = some_flags(w);
  uint32_t size = w->next_size++ % 900 + 1;
  box expected[BOXES];
  if (w->boxes[to].count >= FULL) return;
  memcpy(expected, w->boxes, sizeof expected);
  memset(octets, 'x', size);
  octets[size] = 0;
  client_begin(c, false, "APPEND %s (%s) {%u+}", box_names[to], flags_text(flags, text), (unsigned)size);
  client_send(c, "%s\r\n", octets);
  if (w->rush) return;
  finish(c, false);
  box_add(&expected[to], flags, size);
  expect_boxes(w, expected);
}

static uint32_t stored(uint32_t old, char sign, uint32_t flags) {
  if (sign == '+') return old | flags;
  if (sign == '-') return old & ~flags;
  return flags;
}

/* What a client takes for granted when it asked not to be told. */
static void assume(client *c, const target *t, char sign, uint32_t flags) {
  for (size_t i = 0; i < c->count; i++) {
    known *k = &c->list[i];
    if (!names(t, k->uid) || k->shown || (sign != '=' && !k->has_flags)) continue;
    k->flags = (k->flags & RECENT) | stored(k->flags & ~RECENT, sign, flags);
    k->has_flags = true;
  }
}

/* Of each message that is in the store something was said, unless the client was told that it is gone. */
static void check_touched(client *c, const target *t) {
  for (size_t i = 0; i < c->count; i++) {
    known *k = &c->list[i];
    if (!names(t, k->uid) || !box_find(&c->world->boxes[c->box], k->uid)) continue;
    EXPECT(c->world, k->touched, "nothing was said of message %u", (unsigned)i + 1);
  }
}

static void do_store(client *c) {
  world *w = c->world;
  target t;
  char text[128];
  bool uid = pick(w, 2) != 0;
  char sign = "+-="[pick(w, 3)];
  bool silent = !w->rush && pick(w, 3) == 0;
  uint32_t flags = some_flags(w);
  box expected[BOXES];
  some_set(c, &t, uid);
  memcpy(expected, w->boxes, sizeof expected);
  client_begin(c, !uid, "%sSTORE %s %.*sFLAGS%s (%s)", uid ? "UID " : "", t.text, sign != '=', &sign,
               silent ? ".SILENT" : "", flags_text(flags, text));
  if (w->rush) return;
  bool ok = await(c, t.gone > 0 || c->read_only);
  EXPECT(w, !ok || !c->read_only, "a read-only mailbox was changed");
  if (!c->read_only) {
    for (size_t i = 0; i < expected[c->box].count; i++) {
      message *m = &expected[c->box].messages[i];
      if (names(&t, m->uid)) m->flags = stored(m->flags, sign, flags);
    }
    if (silent)
      assume(c, &t, sign, flags);
    else
      check_touched(c, &t);
  }
  client_check(c, !uid);
  expect_boxes(w, expected);
}

static void expect_expunged(client *c, box *expected, const target *t) {
  box *b = &expected[c->box];
  for (size_t i = b->count; i > 0; i--) {
    if (b->messages[i - 1].flags & IMAP4_FLAG_DELETED && names(t, b->messages[i - 1].uid))
      box_remove(b, i - 1);
  }
}

/* EXPUNGE, UID EXPUNGE, CLOSE: what the client does not know of stays. */
static void do_expunge(client *c) {
  world *w = c->world;
  target t;
  uint32_t kind = pick(w, w->rush ? 2 : 5);
  box expected[BOXES];
  memcpy(expected, w->boxes, sizeof expected);
  if (kind == 1) {
    some_set(c, &t, true);
    client_begin(c, false, "UID EXPUNGE %s", t.text);
  } else {
    memset(&t, 0, sizeof t);
    choose(c, &t, 1, (uint32_t)c->count, false);
    client_begin(c, false, kind == 4 ? "CLOSE" : "EXPUNGE");
  }
  if (w->rush) return;
  if (!c->read_only) expect_expunged(c, expected, &t);
  if (kind == 4) {
    await(c, false);
    c->box = -1;
    c->count = 0;
  } else {
    bool ok = finish(c, c->read_only);
    EXPECT(w, !ok || !c->read_only, "a read-only mailbox was expunged");
  }
  expect_boxes(w, expected);
}

/* Numbers of a set in a response code, in its order. */
static const char *expand(const char *p, uint32_t *numbers, size_t *n) {
  char *end;
  for (*n = 0;; p++) {
    uint32_t first = (uint32_t)strtoul(p, &end, 10);
    uint32_t last = *end == ':' ? (uint32_t)strtoul(end + 1, &end, 10) : first;
    while (first <= last && *n < MESSAGES)
      numbers[(*n)++] = first++;
    p = end;
    if (*p != ',') return p;
  }
}

/* COPYUID names what was copied, and what became of it (RFC 4315). */
static void check_copyuid(client *c, const uint32_t *copied, size_t count, int to) {
  world *w = c->world;
  uint32_t source[MESSAGES];
  uint32_t made[MESSAGES];
  size_t sources;
  size_t mades;
  const char *p = c->answer.code;
  const box *b = &w->boxes[to];
  if (count == 0) return;
  EXPECT(w, strncmp(p, "COPYUID ", 8) == 0, "no COPYUID: %s", p);
  p = strchr(p + 8, ' ');
  EXPECT(w, p, "no sets: %s", c->answer.code);
  p = expand(p + 1, source, &sources);
  expand(p + 1, made, &mades);
  EXPECT(w, sources == count && mades == count && count <= b->count, "not %u: %s", (unsigned)count,
         c->answer.code);
  for (size_t i = 0; i < count; i++) {
    EXPECT(w, source[i] == copied[i], "UID %u was not copied", (unsigned)source[i]);
    EXPECT(w, made[i] == b->messages[b->count - count + i].uid, "UID %u is not the copy", (unsigned)made[i]);
  }
}

/* The effect of COPY and MOVE; returns how many were copied. */
static size_t expect_copied(const client *c, const target *t, int to, bool move, box *expected,
                            uint32_t *copied) {
  const box *from = &c->world->boxes[c->box];
  size_t n = 0;
  for (size_t i = 0; i < from->count; i++) {
    if (!names(t, from->messages[i].uid)) continue;
    copied[n++] = from->messages[i].uid;
    box_add(&expected[to], from->messages[i].flags, from->messages[i].size);
  }
  for (size_t i = expected[c->box].count; i > 0 && move; i--) {
    if (names(t, expected[c->box].messages[i - 1].uid)) box_remove(&expected[c->box], i - 1);
  }
  return n;
}

static void do_copy(client *c) {
  world *w = c->world;
  target t;
  uint32_t copied[MESSAGES];
  bool uid = pick(w, 2) != 0;
  bool move = pick(w, 2) != 0;
  int to = (int)pick(w, BOXES);
  box expected[BOXES];
  box before[BOXES];
  if (w->boxes[to].count >= FULL) return;
  memcpy(expected, w->boxes, sizeof expected);
  memcpy(before, w->boxes, sizeof before);
  some_set(c, &t, uid);
  client_begin(c, false, "%s%s %s %s", uid ? "UID " : "", move ? "MOVE" : "COPY", t.text, box_names[to]);
  if (w->rush) return;
  bool forbidden = move && c->read_only;
  size_t n = expect_copied(c, &t, to, move, expected, copied);
  bool ok = finish(c, t.gone > 0 || forbidden);
  EXPECT(w, !ok || !forbidden || n == 0, "messages were moved out of a read-only mailbox");
  expect_boxes(w, ok ? expected : before);
  if (ok && !move) check_copyuid(c, copied, n, to);
}

static void do_fetch(client *c) {
  static const char *const items[] = {"FLAGS", "(UID FLAGS RFC822.SIZE)", "UID", "(RFC822.SIZE UID)"};
  world *w = c->world;
  target t;
  bool uid = pick(w, 2) != 0;
  box before[BOXES];
  memcpy(before, w->boxes, sizeof before);
  some_set(c, &t, uid);
  client_begin(c, !uid, "%sFETCH %s %s", uid ? "UID " : "", t.text, items[pick(w, 4)]);
  if (w->rush) return;
  finish(c, t.gone > 0);
  check_touched(c, &t);
  expect_boxes(w, before);
}

/* The client learns what it does not know. */
static void do_learn(client *c) {
  world *w = c->world;
  bool uid = pick(w, 2) != 0;
  const char *items = pick(w, 2) ? "(UID FLAGS)" : "UID";
  client_begin(c, !uid, "%sFETCH 1:* %s", uid ? "UID " : "", items);
  if (w->rush) return;
  finish(c, true);
  if (!client_knows_all(c) && uid) EXPECT(w, c->count > 0, "nothing to learn");
}

static bool meets(const message *m, uint32_t key) {
  static const uint32_t flags[] = {0, IMAP4_FLAG_DELETED, IMAP4_FLAG_SEEN, KEYWORD_A};
  return (m->flags & flags[key % 4]) == (key < 4 ? flags[key] : 0);
}

static void do_search(client *c) {
  static const char *const keys[] = {"ALL", "DELETED",   "SEEN",   "KEYWORD $A",
                                     "ALL", "UNDELETED", "UNSEEN", "UNKEYWORD $A"};
  world *w = c->world;
  target t;
  bool uid = pick(w, 2) != 0;
  bool uid_set = pick(w, 2) != 0;
  uint32_t key = pick(w, 8);
  uint32_t expected[MESSAGES];
  size_t n = 0;
  some_set(c, &t, uid_set);
  for (size_t i = 0; i < c->count; i++) {
    const message *m = box_find(&w->boxes[c->box], c->list[i].uid);
    if (m && names(&t, m->uid) && meets(m, key)) expected[n++] = uid ? m->uid : (uint32_t)i + 1;
  }
  client_begin(c, !uid || (c->qresync && !uid_set), "%sSEARCH %s%s %s", uid ? "UID " : "",
               uid_set ? "UID " : "", t.text, keys[key]);
  if (w->rush) return;
  bool ok = finish(c, t.gone > 0);
  if (!ok) return;
  EXPECT(w, c->answer.searched && c->answer.found_count == n, "found %u, not %u",
         (unsigned)c->answer.found_count, (unsigned)n);
  for (size_t i = 0; i < n; i++)
    EXPECT(w, c->answer.found[i] == expected[i], "found %u, not %u", (unsigned)c->answer.found[i],
           (unsigned)expected[i]);
}

/* The client leaves a mailbox, and keeps what it knows up to the first message that it has not looked at. */
static void keep_offline(client *c) {
  if (!c->qresync || c->box < 0) return;
  cache *kept = &c->caches[c->box];
  kept->count = 0;
  kept->modseq = c->modseq;
  while (kept->count < c->count && c->list[kept->count].uid > 0) {
    known *k = &kept->list[kept->count];
    *k = c->list[kept->count++];
    k->flags &= ~RECENT;
    k->has_recent = false;
  }
}

/* It selects the mailbox again and wants to hear what has happened since, with or without known UIDs and
 * sequence match data. */
static void come_back(client *c, int to, bool examine) {
  world *w = c->world;
  const cache *kept = &c->caches[to];
  char known_uids[32] = "", match[64] = "";
  size_t at = kept->count > 0 ? pick(w, (uint32_t)kept->count) : 0;
  memcpy(c->list, kept->list, sizeof c->list);
  c->count = kept->count;
  c->resyncs = true;
  c->box = to;
  if (kept->count > 0 && pick(w, 2))
    snprintf(known_uids, sizeof known_uids, " 1:%u", (unsigned)kept->list[kept->count - 1].uid);
  if (kept->count > 0 && pick(w, 2))
    snprintf(match, sizeof match, " (%u %u)", (unsigned)at + 1, (unsigned)kept->list[at].uid);
  client_begin(c, false, "%s %s (QRESYNC (%d %llu%s%s))", examine ? "EXAMINE" : "SELECT", box_names[to],
               to + 1, (unsigned long long)kept->modseq, known_uids, match);
}

static void do_select(client *c) {
  world *w = c->world;
  int to = (int)pick(w, BOXES);
  bool examine = pick(w, 4) == 0;
  box before[BOXES];
  memcpy(before, w->boxes, sizeof before);
  keep_offline(c);
  c->box = -1;
  c->count = 0;
  if (c->qresync && c->caches[to].modseq > 0 && pick(w, 4)) {
    come_back(c, to, examine);
  } else {
    client_begin(c, false, "%s %s", examine ? "EXAMINE" : "SELECT", box_names[to]);
  }
  await(c, false);
  c->box = to;
  c->read_only = examine;
  EXPECT(w, strcmp(c->answer.code, examine ? "READ-ONLY" : "READ-WRITE") == 0, "the code is %s",
         c->answer.code);
  client_check(c, false);
  expect_boxes(w, before);
}

static void do_idle(client *c) {
  client_begin(c, false, "IDLE");
  c->idle = true;
  world_settle(c->world);
  EXPECT(c->world, c->idle, "IDLE ended at once");
  if (c->box >= 0) client_check(c, false);
}

static void do_done(client *c) {
  client_send(c, "DONE\r\n");
  finish(c, false);
}

/* A UID that is there, or that is about to be given. */
static uint32_t some_uid(world *w, const box *b) {
  uint32_t last = b->count > 0 ? b->messages[b->count - 1].uid : 0;
  return b->count == 0 || pick(w, 2) ? last + 1 + pick(w, 4) : b->messages[pick(w, (uint32_t)b->count)].uid;
}

/* Mail comes and goes without any session. */
static void do_outside(world *w) {
  char octets[1024];
  imap4_str nobody = {"", 0};
  int i = (int)pick(w, BOXES);
  imap4_str name = {box_names[i], strlen(box_names[i])};
  imap4_uid_range range = {some_uid(w, &w->boxes[i]), 0};
  range.last = range.first + pick(w, 3);
  imap4_uid_ranges ranges = {&range, 1};
  uint32_t size = w->next_size++ % 900 + 1;
  imap4_memory_message m = {.text = {octets, size}, .flags = some_flags(w) & IMAP4_FLAG_ALL};
  memset(octets, 'y', size);
  uint32_t what = pick(w, 3);
  if (what == 0 && w->boxes[i].count < FULL)
    assert_int_equal(imap4_memory_add_message(w->memory, nobody, name, &m), IMAP4_OK);
  if (what == 1) assert_int_equal(imap4_memory_expunge(w->memory, nobody, name, ranges), IMAP4_OK);
  if (what == 2)
    assert_int_equal(imap4_memory_set_flags(w->memory, nobody, name, ranges, pick(w, 3), m.flags, nobody),
                     IMAP4_OK);
  if (w->rush) return;
  world_settle(w);
  world_look(w);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void some_command(client *c) {
  static void (*const commands[])(client *) = {do_store, do_store, do_expunge, do_copy,
                                               do_fetch, do_fetch, do_search};
  world *w = c->world;
  uint32_t choice = pick(w, 12);
  if (choice < 2 || c->box < 0) {
    if (choice & 1)
      do_append(c);
    else
      do_noop(c);
  } else if (!client_knows_all(c)) {
    if (pick(w, 3))
      do_learn(c);
    else
      do_noop(c);
  } else if (choice == 2 || c->count == 0) {
    do_append(c);
  } else {
    commands[pick(w, sizeof commands / sizeof commands[0])](c);
  }
}

static void one_step(world *w) {
  client *c = &w->clients[pick(w, (uint32_t)w->client_count)];
  uint32_t choice = pick(w, 20);
  if (choice < 2)
    do_outside(w);
  else if (c->idle && choice > 14)
    do_done(c);
  else if (c->idle)
    return;
  else if (choice == 2 || c->box < 0)
    do_select(c);
  else if (choice == 3)
    do_idle(c);
  else
    some_command(c);
  check_idle(w);
}

/* Commands of several clients at once; afterwards all agree. */
static void rush(world *w) {
  w->rush = true;
  w->meanwhile = do_outside;
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    if (!c->busy && pick(w, 3)) some_command(c);
    if (pick(w, 4) == 0) do_outside(w);
  }
  world_settle(w);
  w->rush = false;
  world_look(w);
  for (int i = 0; i < w->client_count; i++) {
    client *c = &w->clients[i];
    EXPECT(w, c->idle || !c->busy, "no answer");
    if (!c->idle && c->box >= 0) do_noop(c);
  }
  check_idle(w);
}

static void play(world *w, uint64_t seed) {
  world_begin(w, seed);
  world_look(w);
  unsigned until = w->steps + STEPS;
  for (unsigned turns = 0; w->steps < until && turns < 20 * STEPS; turns++) {
    if (pick(w, 6) == 0)
      rush(w);
    else
      one_step(w);
  }
  world_end(w);
}

static uint64_t first_seed = 1;
static uint64_t seeds = ROUNDS;

static void test_views(void **state) {
  (void)state;
  world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  for (uint64_t i = 0; i < seeds; i++)
    play(w, first_seed + i);
  print_message("%u commands\n", w->steps);
  assert_true(seeds < ROUNDS || w->steps >= 20000);
  free(w);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_views)};
  if (argc > 1) {
    first_seed = strtoull(argv[1], NULL, 10);
    seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
