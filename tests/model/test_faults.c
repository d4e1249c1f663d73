/* SPDX-License-Identifier: MIT */
/*
 * The model can fail: stores with a planted fault are found out, each within a few rounds, and what is shown
 * of them is short.
 *
 *   test_faults [FAULT]   shows the transcript that is left of one
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 60, FEW = 10 };

static const char *const names[FAULTS] = {[FAULT_EXPUNGE] = "forgets to tell of an expunge",
                                          [FAULT_FLAGS] = "forgets to tell of changed flags",
                                          [FAULT_FALLS] = "lets a mod-sequence go back",
                                          [FAULT_UID] = "gives a UID twice",
                                          [FAULT_MISSES] = "leaves a message out",
                                          [FAULT_UNCHANGED] = "passes over UNCHANGEDSINCE",
                                          [FAULT_VANISHED] = "tells a part of what was expunged"};

static world *w;
static failure found;

/* From |seed| on; the seed of the round that has failed, 0: none has. */
static uint64_t find(fault planted, store_kind kind, uint64_t seed) {
  for (; seed <= ROUNDS; seed++) {
    conditions setup;
    /* Who remembers what he saw is needed to notice the last ones. */
    invent_setup(&setup, kind, planted == FAULT_VANISHED, seed);
    setup.fault = planted;
    setup.manner = IMAP4_MEMORY_NOW;
    if (!play_round(w, &setup, seed, &found)) return seed;
  }
  return 0;
}

/* The first round whose rest is short: another may need more. */
static void check_fault(fault planted, store_kind kind) {
  size_t before = 0;
  uint64_t seed = 0;
  do {
    seed = find(planted, kind, seed + 1);
    if (seed == 0) fail_msg("a store that %s is not found out, or not in a few steps", names[planted]);
    before = found.count;
    shrink(w, &found);
  } while (found.count > FEW);
  print_message("%s: seed %llu, %u of %u steps are left: %s\n", names[planted], (unsigned long long)seed,
                (unsigned)found.count, (unsigned)before, found.text);
  /* What is left out does not matter, what is left does. */
  assert_false(play(w, &found.setup, found.seed, found.steps, found.count));
  found.setup.fault = FAULT_NONE;
  assert_true(play(w, &found.setup, found.seed, found.steps, found.count));
}

static void test_memory(void **state) {
  (void)state;
  for (int i = FAULT_NONE + 1; i < FAULTS; i++)
    check_fault((fault)i, STORE_MEMORY);
}

static void test_maildir(void **state) {
  (void)state;
  check_fault(FAULT_EXPUNGE, STORE_MAILDIR);
  check_fault(FAULT_UID, STORE_MAILDIR);
}

static int show_one(int planted) {
  if (planted <= FAULT_NONE || planted >= FAULTS || !find((fault)planted, STORE_MEMORY, 1)) return 1;
  shrink(w, &found);
  show(w, &found);
  return 0;
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_maildir)};
  w = calloc(1, sizeof *w);
  found.steps = calloc(STEPS, sizeof *found.steps);
  int status = 1;
  if (w && found.steps)
    status = argc > 1 ? show_one(atoi(argv[1])) : cmocka_run_group_tests(tests, NULL, NULL);
  free(found.steps);
  free(w);
  return status;
}
