/* SPDX-License-Identifier: MIT */
/*
 * Cases that must fail: a harness that never fails proves nothing.  Each transcript of the folder has one
 * fault (a wrong line, one line too few, a store that depends on the mode, memory that is never freed), and
 * the group must report it; the allocator and the store's counters are tried by hand.
 */
#include <stdio.h>
#include <string.h>

#include "transcript.h"

static int must_fail(const char *folder, const char *name, int (*run)(const struct script *script)) {
  char path[1000];
  struct script script;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (script_read(&script, path)) return -1;
  int status = run(&script);
  script_free(&script);
  if (status == 0) fprintf(stderr, "%s: should have failed\n", path);
  return status ? 0 : -1;
}

static int must_not_parse(const char *folder, const char *name) {
  char path[1000];
  struct script script;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (script_read(&script, path)) return 0;
  script_free(&script);
  fprintf(stderr, "%s: should not be a transcript\n", path);
  return -1;
}

static int check(int ok, const char *what) {
  if (!ok) fprintf(stderr, "selftest: %s\n", what);
  return ok ? 0 : -1;
}

static int heap_notices(void) {
  struct heap heap = {.fail_at = 2};
  char *p = heap_resize(&heap, NULL, 0, 5);
  int status = check(heap.octets == 5 && heap.blocks == 1, "the heap does not count");
  status |= check(heap_resize(&heap, NULL, 0, 5) == NULL, "the heap does not fail when told to");
  p = heap_resize(&heap, p, 4, 6);
  status |= check(heap.wrong_sizes == 1, "the heap does not notice a wrong size");
  heap_resize(&heap, p, 6, 0);
  status |= check(heap.octets == 0 && heap.blocks == 0, "the heap does not forget");
  return status;
}

/* An operation that waits is cancelled twice; the second time nothing waits. */
static int store_notices(void) {
  imap4_memory_config config;
  imap4_memory_counts counts;
  imap4_authenticate_result out;
  imap4_memory_config_init(&config);
  config.manner = IMAP4_MEMORY_LATER;
  imap4_memory *store = imap4_memory_new(&config);
  const imap4_store *table = imap4_memory_table(store);
  imap4_authenticate_args args = {.struct_size = sizeof args, .user = {"joe", 3}, .password = {"x", 1}};
  int status = check(table->authenticate(store, 1, &args, &out) == IMAP4_PENDING, "the store does not wait");
  imap4_memory_get_counts(store, &counts);
  status |= check(counts.pending == 1 && counts.accounts == 1, "the store does not count");
  table->cancel(store, NULL, 1);
  table->cancel(store, NULL, 1);
  imap4_memory_get_counts(store, &counts);
  status |= check(counts.pending == 0 && counts.accounts == 0, "a cancelled operation leaves something");
  status |=
      check(counts.cancelled == 1 && counts.bad_cancels == 1, "the store does not notice a second cancel");
  imap4_memory_set_manner(store, IMAP4_MEMORY_NOW);
  imap4_memory_fail(store, 2, IMAP4_ST_FAILED);
  status |= check(table->authenticate(store, 2, &args, &out) == IMAP4_OK, "the store fails too early");
  table->release(store, out.account);
  status |= check(table->authenticate(store, 3, &args, &out) == IMAP4_ST_FAILED, "the store does not fail");
  imap4_memory_free(store);
  return status;
}

int selftest(const char *folder) {
  int status = heap_notices() | store_notices();
  status |= must_fail(folder, "wrong-line.imap", replay_all);
  status |= must_fail(folder, "missing-line.imap", replay_all);
  status |= must_fail(folder, "extra-line.imap", replay_all);
  status |= must_fail(folder, "wrong-octets.imap", replay_all);
  status |= must_fail(folder, "wrong-state.imap", replay_all);
  status |= must_fail(folder, "differs-later.imap", replay_all);
  status |= must_fail(folder, "leak.imap", replay_all);
  status |= must_fail(folder, "leak.imap", free_early);
  status |= must_not_parse(folder, "no-transcript.imap");
  fprintf(stderr, "selftest: %s\n", status ? "FAILED" : "every fault above was meant and was noticed");
  return status;
}
