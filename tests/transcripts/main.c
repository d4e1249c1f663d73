/* SPDX-License-Identifier: MIT */
/*
 * The program: transcripts GROUP FILE...
 *
 *   modes       every file in every mode of replay.c
 *   memory      every file with each allocation failing
 *   store       every file with each store call failing
 *   free        every file, freed after each call
 *   selftest    FILE is a folder of transcripts that must fail
 *
 * Exits with 1 if any file fails, after trying all; each failure names file, line, what was expected and
 * what came.
 */
#include <stdio.h>
#include <string.h>

#include "transcript.h"

static const struct {
  const char *name;
  int (*run)(const struct script *script);
} groups[] = {
    {"modes", replay_all},
    {"memory", fail_allocations},
    {"store", fail_store},
    {"free", free_early},
};

static int run_file(int (*run)(const struct script *script), const char *path) {
  struct script script;
  if (script_read(&script, path)) return -1;
  int status = run(&script);
  script_free(&script);
  return status;
}

int main(int argc, char **argv) {
  int failed = 0;
  int (*run)(const struct script *script) = NULL;
  for (size_t i = 0; argc > 2 && i < sizeof groups / sizeof groups[0]; ++i) {
    if (strcmp(groups[i].name, argv[1]) == 0) run = groups[i].run;
  }
  if (argc > 2 && strcmp(argv[1], "selftest") == 0) return selftest(argv[2]) ? 1 : 0;
  if (!run) {
    fprintf(stderr,
            "usage: transcripts modes|memory|store|free FILE...\n       transcripts selftest FOLDER\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    if (run_file(run, argv[i])) ++failed;
  }
  fprintf(stderr, "%s: %d of %d files failed\n", argv[1], failed, argc - 2);
  return failed ? 1 : 0;
}
