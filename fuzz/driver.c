/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over the files named as arguments, and over all files of directories named there.  A
 * name that cannot be read is an error, and so is a run without any file: a test must not pass because its
 * inputs are gone.
 */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t files_run;

static int run_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  uint8_t *data = malloc(size > 0 ? size : 1);
  size_t n = 0;
  if (file && data) n = fread(data, 1, size, file);
  int failed = !file || !data || n != size;
  if (file) fclose(file);
  if (failed) {
    fprintf(stderr, "cannot read %s\n", path);
  } else {
    /* Named before it runs, so that a crash shows whose it is. */
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    files_run++;
  }
  free(data);
  return failed;
}

static int run_path(const char *path);

static int run_directory(const char *path) {
  DIR *directory = opendir(path);
  int failed = !directory;
  const struct dirent *entry;
  while (directory && (entry = readdir(directory))) {
    char name[4096];
    if (entry->d_name[0] == '.') continue;
    int n = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
    if (n < 0 || (size_t)n >= sizeof(name) || run_path(name)) failed = 1;
  }
  if (directory) closedir(directory);
  return failed;
}

static int run_path(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) {
    fprintf(stderr, "there is no %s\n", path);
    return 1;
  }
  return S_ISDIR(status.st_mode) ? run_directory(path) : run_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv) {
  int failed = 0;
  for (int i = 1; i < argc; i++) {
    if (run_path(argv[i])) failed = 1;
  }
  if (files_run == 0) {
    fprintf(stderr, "no input was run\n");
    failed = 1;
  }
  fprintf(stderr, "%zu inputs run\n", files_run);
  return failed;
}
