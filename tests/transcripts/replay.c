/* SPDX-License-Identifier: MIT */
/*
 * One conversation in every mode.  The first mode decides what the server says (and the transcript whether
 * that is right); every other must give the same octets at the same steps, also where the library does itself
 * what the store's optional members would do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

static const struct mode modes[] = {
    {"whole", CUT_WHOLE, CUT_WHOLE, STORE_NOW, false, false, 1, false, false},
    {"octet by octet", CUT_BYTE, CUT_WHOLE, STORE_NOW, false, false, 1, false, false},
    {"drained octet by octet", CUT_WHOLE, CUT_BYTE, STORE_NOW, false, false, 1, false, false},
    {"store inside", CUT_WHOLE, CUT_WHOLE, STORE_INSIDE, false, false, 1, false, false},
    {"store later", CUT_WHOLE, CUT_WHOLE, STORE_LATER, false, false, 1, false, false},
    {"all slow", CUT_BYTE, CUT_BYTE, STORE_LATER, false, true, 1, false, false},
    {"random 2", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false, true, 2, false, false},
    {"random 3", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false, true, 3, false, false},
    {"random 4", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false, true, 4, false, false},
    {"pump", CUT_WHOLE, CUT_WHOLE, STORE_NOW, true, false, 1, false, false},
    {"pump, octet by octet", CUT_BYTE, CUT_BYTE, STORE_INSIDE, true, false, 1, false, false},
    {"pump, store later", CUT_WHOLE, CUT_WHOLE, STORE_LATER, true, true, 1, false, false},
    {"pump, random 5", CUT_RANDOM, CUT_RANDOM, STORE_MIX, true, true, 5, false, false},
    {"pump, random 6", CUT_RANDOM, CUT_RANDOM, STORE_MIX, true, true, 6, false, false},
    {"tight", CUT_WHOLE, CUT_WHOLE, STORE_NOW, false, false, 1, true, false},
    {"pump, tight", CUT_RANDOM, CUT_RANDOM, STORE_MIX, true, true, 7, true, false},
    {"bare store", CUT_WHOLE, CUT_WHOLE, STORE_NOW, false, false, 1, false, true},
    {"bare store, random 8", CUT_RANDOM, CUT_RANDOM, STORE_MIX, false, true, 8, false, true},
};

enum { PER_STEP = MAX_CONNECTIONS + 1 };

static struct bytes *record_new(const struct script *script) {
  struct bytes *record = calloc(script->count * PER_STEP + 1, sizeof *record);
  if (!record) abort();
  return record;
}

static void record_free(const struct script *script, struct bytes *record) {
  for (size_t i = 0; i < script->count * PER_STEP; ++i)
    bytes_free(&record[i]);
  free(record);
}

static int compare(const struct script *script, const struct mode *mode, const struct bytes *first,
                   const struct bytes *record) {
  for (size_t i = 0; i < script->count * PER_STEP; ++i) {
    if (first[i].n == record[i].n && (first[i].n == 0 || memcmp(first[i].p, record[i].p, first[i].n) == 0)) {
      continue;
    }
    struct bytes a = {0};
    struct bytes b = {0};
    bytes_show(&a, first[i].p, first[i].n);
    bytes_show(&b, record[i].p, record[i].n);
    fprintf(stderr, "%s:%d: (mode %s) differs on connection %d\n  whole: %s\n  here:  %s\n", script->path,
            script->steps[i / PER_STEP].line, mode->name, (int)(i % PER_STEP), a.p ? a.p : "",
            b.p ? b.p : "");
    bytes_free(&a);
    bytes_free(&b);
    return -1;
  }
  return 0;
}

static int replay(const struct script *script, const struct mode *mode, struct bytes *record) {
  struct world *world = calloc(1, sizeof *world);
  if (!world) abort();
  world_init(world, script, mode);
  world->record = record;
  world_play(world);
  world_free(world);
  int status = world->trouble.n ? -1 : 0;
  if (status) fprintf(stderr, "%s\n", world->trouble.p);
  bytes_free(&world->trouble);
  free(world);
  return status;
}

/* A transcript in which the n-th store call fails depends on what calls there are; others say what they need.
 */
static bool applies(const struct script *script, const struct mode *mode) {
  for (size_t i = 0; mode->bare && i < script->count; ++i) {
    const struct step *step = &script->steps[i];
    if (step->act == ACT_DIRECTIVE &&
        (strcmp(step->words[0], "fail") == 0 || strcmp(step->words[0], "needs") == 0))
      return false;
  }
  return true;
}

int replay_all(const struct script *script) {
  struct bytes *first = record_new(script);
  int status = replay(script, &modes[0], first);
  for (size_t i = 1; status == 0 && i < sizeof modes / sizeof modes[0]; ++i) {
    if (!applies(script, &modes[i])) continue;
    struct bytes *record = record_new(script);
    status = replay(script, &modes[i], record);
    if (status == 0) status = compare(script, &modes[i], first, record);
    record_free(script, record);
  }
  record_free(script, first);
  return status;
}
