/* SPDX-License-Identifier: MIT */
/* A folder of a test's own, which goes with all that is in it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_OCTETS 64

/* In memory where there is such a place: waiting for a disk tells nothing here.  0 or -1. */
static inline int scratch_make(char path[SCRATCH_OCTETS]) {
  const char *tmp = getenv("TMPDIR");
  if (!tmp || strlen(tmp) > 30) tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(path, SCRATCH_OCTETS, "%s/imap4-test-XXXXXX", tmp);
  return mkdtemp(path) ? 0 : -1;
}

static inline void scratch_remove(const char *path) {
  DIR *dir = opendir(path);
  struct dirent *entry;
  char below[1024];
  while (dir && (entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    int n = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
    if (n < 0 || (size_t)n >= sizeof below) continue;
    if (unlink(below) != 0) scratch_remove(below);
  }
  if (dir) closedir(dir);
  rmdir(path);
}

#endif
