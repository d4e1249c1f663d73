/* SPDX-License-Identifier: MIT */
/* Rounds: invented and played, or played again; what fails is made small and shown. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool play(world *w, const conditions *setup, uint64_t seed, const step *steps, size_t count) {
  if (setjmp(w->end) == 0) {
    world_begin(w, setup, seed);
    w->next_id = UINT16_MAX; /* of what is left out nothing is known */
    act(w, steps, count);
    world_end(w, false);
    return true;
  }
  note(w, "# %s\n", w->trouble);
  world_end(w, true);
  return false;
}

static void keep_failure(world *w, failure *f, const conditions *setup, uint64_t seed) {
  f->seed = seed;
  f->setup = *setup;
  f->kind = w->trouble_kind;
  memcpy(f->text, w->trouble, sizeof f->text);
}

bool play_round(world *w, const conditions *setup, uint64_t seed, failure *f) {
  uint64_t until = w->steps + 250;
  f->count = 0;
  if (setjmp(w->end) == 0) {
    world_begin(w, setup, seed);
    uint64_t chance = w->random;
    while (w->steps < until && f->count + PENDING * CLIENTS < STEPS) {
      w->random = chance;
      size_t n = invent_group(w, f->steps + f->count, PENDING * CLIENTS);
      chance = w->random;
      f->count += n;
      act(w, f->steps + f->count - n, n);
    }
    world_end(w, false);
    return true;
  }
  keep_failure(w, f, setup, seed);
  world_end(w, true);
  return false;
}

/* ---- what is needed ------------------------------------------------------------------------- */

/* Whether |steps| fail in the same way. */
static bool fails(world *w, const failure *f, const conditions *setup, const step *steps, size_t count) {
  return !play(w, setup, f->seed, steps, count) && w->trouble_kind == f->kind;
}

static void lower(set *t, uint32_t by) {
  for (int i = 0; i < t->n; i++) {
    if (t->p[i].first != STAR && t->p[i].first > by) t->p[i].first -= by;
    if (t->p[i].last != STAR && t->p[i].last > by) t->p[i].last -= by;
  }
}

/* Fewer messages come: later steps name the ones that are meant by lower numbers. */
static void lower_all(step *steps, size_t count, uint32_t by) {
  for (size_t i = 0; i < count; i++) {
    step *s = &steps[i];
    lower(&s->set, by);
    for (size_t k = 0; k < s->node_count; k++)
      lower(&s->nodes[k].set, by);
    if (s->modseq > 1) s->modseq--;
  }
}

/* Steps that bring messages, left out or made smaller while the others are made to fit. */
static bool bring_fewer(world *w, failure *f, step *rest) {
  bool less = false;
  for (size_t at = f->count; at-- > 0;) {
    uint32_t by = f->steps[at].kind == DO_APPEND ? f->steps[at].count : 1;
    memcpy(rest, f->steps, at * sizeof *rest);
    memcpy(rest + at, f->steps + at + 1, (f->count - at - 1) * sizeof *rest);
    lower_all(rest + at, f->count - at - 1, by);
    bool fewer = fails(w, f, &f->setup, rest, f->count - 1);
    if (fewer) {
      f->count--;
    } else if (by > 1) {
      memcpy(rest, f->steps, f->count * sizeof *rest);
      rest[at].count = 1;
      lower_all(rest + at + 1, f->count - at - 1, by - 1);
      fewer = fails(w, f, &f->setup, rest, f->count);
    }
    if (fewer) memcpy(f->steps, rest, f->count * sizeof *rest);
    less = less || fewer;
  }
  return less;
}

/* Leave out pieces, large ones first, as long as anything can be left out. */
static void leave_out(world *w, failure *f) {
  step *rest = calloc(STEPS, sizeof *rest);
  assert_non_null(rest);
  for (size_t piece = f->count / 2 + 1; piece > 0;) {
    bool less = false;
    for (size_t at = 0; at < f->count;) {
      size_t n = piece < f->count - at ? piece : f->count - at;
      memcpy(rest, f->steps, at * sizeof *rest);
      memcpy(rest + at, f->steps + at + n, (f->count - at - n) * sizeof *rest);
      if (fails(w, f, &f->setup, rest, f->count - n)) {
        f->count -= n;
        memcpy(f->steps, rest, f->count * sizeof *rest);
        less = true;
      } else {
        at += n;
      }
    }
    if (piece > 1)
      piece /= 2;
    else if (!less && !bring_fewer(w, f, rest))
      break;
  }
  free(rest);
}

/* One at a time instead of together. */
static void separate(world *w, failure *f) {
  for (size_t i = 0; i < f->count; i++) {
    if (!f->steps[i].together) continue;
    f->steps[i].together = false;
    if (!fails(w, f, &f->setup, f->steps, f->count)) f->steps[i].together = true;
  }
}

static void plainer(world *w, failure *f, const conditions *s) {
  if (fails(w, f, s, f->steps, f->count)) f->setup = *s;
}

/* The plainest store and the plainest limits that show it. */
static void simplify(world *w, failure *f) {
  conditions s = f->setup;
  s.manner = IMAP4_MEMORY_NOW;
  plainer(w, f, &s);
  s = f->setup;
  s.cuts = s.little = false;
  plainer(w, f, &s);
  s = f->setup;
  s.query_rows = s.output_octets = s.work_budget = s.expunge_log = 0;
  plainer(w, f, &s);
  s = f->setup;
  s.without = 0;
  plainer(w, f, &s);
  s = f->setup;
  s.apart = false;
  plainer(w, f, &s);
  for (int n = 1; n < f->setup.clients; n++) {
    s = f->setup;
    s.clients = n;
    plainer(w, f, &s);
  }
}

void shrink(world *w, failure *f) {
  char *log = w->log;
  w->log = NULL;
  if (fails(w, f, &f->setup, f->steps, f->count)) {
    simplify(w, f);
    separate(w, f);
    leave_out(w, f);
    separate(w, f);
    simplify(w, f);
    leave_out(w, f);
  }
  w->log = log;
}

/* ---- the transcript ------------------------------------------------------------------------- */

static void show_head(const failure *f) {
  static const char *const names[] = {"copy",  "move",        "vanished", "status",
                                      "watch", "keep-digest", "replace",  "uids"};
  const conditions *s = &f->setup;
  fprintf(stderr, "# seed %llu on the %s store: %s\n", (unsigned long long)f->seed,
          s->kind == STORE_MEMORY ? "memory" : "Maildir", f->text);
  fprintf(stderr, "# manner %u, cuts %d, little %d, apart %d\n", (unsigned)s->manner, s->cuts, s->little,
          s->apart);
  fprintf(stderr, "! connection preauth\n! delimiter .\n! mailbox one\n! mailbox two\n");
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (s->without & 2u << i) fprintf(stderr, "! without %s\n", names[i]);
  }
  if (s->query_rows) fprintf(stderr, "! limit after query_rows %u\n", (unsigned)s->query_rows);
  if (s->output_octets) fprintf(stderr, "! limit after output_octets %u\n", (unsigned)s->output_octets);
  if (s->work_budget) fprintf(stderr, "! limit after work_budget %u\n", (unsigned)s->work_budget);
  if (s->expunge_log) fprintf(stderr, "! store expunge-log %u\n", (unsigned)s->expunge_log);
}

void show(world *w, failure *f) {
  w->log = malloc(LOG_OCTETS);
  assert_non_null(w->log);
  w->log[0] = 0;
  bool fine = play(w, &f->setup, f->seed, f->steps, f->count);
  show_head(f);
  const char *first = "! connect 1\n";
  const char *p = w->log;
  if (strncmp(p, first, strlen(first)) == 0) p += strlen(first);
  fprintf(stderr, "%s", p);
  if (fine)
    fprintf(stderr, "# it does not fail when it is played again: look for what differs between two runs\n");
  free(w->log);
  w->log = NULL;
}
