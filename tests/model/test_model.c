/* SPDX-License-Identifier: MIT */
/*
 * Random conversations of two to five clients, against what must come of them.
 *
 *   test_model memory|maildir|return-memory|return-maildir [COMMANDS [SEED]]
 *
 * plays rounds from SEED on (1 if there is none) until COMMANDS were sent (IMAP4_MODEL_COMMANDS in the
 * environment, or a few thousand).  In "return" rounds clients drop and come back by QRESYNC, by CONDSTORE
 * alone and from scratch.  A round that fails is made as small as it gets and shown as a transcript.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(void) {
  fprintf(stderr, "usage: test_model memory|maildir|return-memory|return-maildir [COMMANDS [SEED]]\n");
  return 2;
}

static void show_kinds(const world *w) {
  static const char *const names[KINDS] = {
      "NOOP",    "CHECK", "SELECT", "EXAMINE", "CLOSE",     "UNSELECT",    "IDLE",    "DONE",   "APPEND",
      "REPLACE", "FETCH", "STORE",  "SEARCH",  "COPY",      "MOVE",        "EXPUNGE", "CREATE", "DELETE",
      "RENAME",  "LIST",  "LSUB",   "STATUS",  "SUBSCRIBE", "UNSUBSCRIBE", "ENABLE"};
  for (int i = 0; i < KINDS; i++) {
    if (names[i] && w->done[i]) printf("%s %llu, ", names[i], (unsigned long long)w->done[i]);
  }
  printf("lost connections %llu, returns %llu, to changed mail that was known %llu\n",
         (unsigned long long)w->done[DO_DROP], (unsigned long long)w->done[DO_RETURN],
         (unsigned long long)w->remembered);
}

static int rounds(world *w, failure *f, store_kind kind, bool returns, uint64_t commands, uint64_t seed) {
  uint64_t count = 0;
  while (w->steps < commands) {
    conditions setup;
    invent_setup(&setup, kind, returns, seed);
    if (!play_round(w, &setup, seed, f)) {
      fprintf(stderr, "seed %llu, step %u: %s\n", (unsigned long long)seed, (unsigned)f->count, f->text);
      shrink(w, f);
      show(w, f);
      return 1;
    }
    seed++;
    count++;
  }
  printf("%llu commands in %llu rounds, of %llu all was known beforehand\n", (unsigned long long)w->steps,
         (unsigned long long)count, (unsigned long long)w->exact);
  show_kinds(w);
  return w->exact < w->steps / 3; /* then the test knows too little */
}

int main(int argc, char **argv) {
  const char *wanted = argc > 2 ? argv[2] : getenv("IMAP4_MODEL_COMMANDS");
  uint64_t commands = wanted ? strtoull(wanted, NULL, 10) : 5000;
  uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
  if (argc < 2 || argc > 4 || commands == 0) return usage();
  bool returns = strncmp(argv[1], "return-", 7) == 0;
  const char *name = returns ? argv[1] + 7 : argv[1];
  if (strcmp(name, "memory") != 0 && strcmp(name, "maildir") != 0) return usage();
  world *w = calloc(1, sizeof *w);
  failure f = {.steps = calloc(STEPS, sizeof *f.steps)};
  int status = 1;
  if (w && f.steps)
    status =
        rounds(w, &f, strcmp(name, "memory") == 0 ? STORE_MEMORY : STORE_MAILDIR, returns, commands, seed);
  free(f.steps);
  free(w);
  return status;
}
