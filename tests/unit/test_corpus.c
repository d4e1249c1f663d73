/* SPDX-License-Identifier: MIT */
/*
 * Real and nasty messages: walking them never fails, no cut shows, and what comes out is well-formed.  They
 * are in the directory that the environment variable IMAP4_CORPUS names, or in ../shared/corpus beside the
 * source tree; without them this is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mail/header.h"
#include "mail_check.h"
#include "memory_check.h"

#define PATH_MAX_HERE 1000
#define STEP_ONE_MAX 20000 /* larger messages are not cut into single octets */

static char directory[PATH_MAX_HERE];

/* "directory/name" to |path|. */
static void join_path(const char *dir, const char *name, char *path) {
  assert_true(strlen(dir) + strlen(name) + 2 < PATH_MAX_HERE);
  strcpy(path, dir);
  strcat(path, "/");
  strcat(path, name);
}

static FILE *open_index(void) {
  char path[PATH_MAX_HERE];
  const char *env = getenv("IMAP4_CORPUS");
  if (env && *env) {
    join_path(env, "", directory);
  } else {
    /* This file is tests/unit/test_corpus.c of the source tree. */
    const char *mark = strstr(__FILE__, "tests/unit/");
    size_t n = mark ? (size_t)(mark - __FILE__) : 0;
    assert_true(n < PATH_MAX_HERE - 20);
    memcpy(directory, __FILE__, n);
    strcpy(directory + n, "../shared/corpus");
  }
  join_path(directory, "expected.jsonl", path);
  return fopen(path, "rb");
}

/* The value behind |key| in |line|, up to |end|. */
static bool find_value(const char *line, const char *key, char end, char *value) {
  const char *p = strstr(line, key);
  if (!p) return false;
  p += strlen(key);
  const char *q = strchr(p, end);
  if (!q || q - p >= PATH_MAX_HERE) return false;
  memcpy(value, p, (size_t)(q - p));
  value[q - p] = '\0';
  return true;
}

/* The file as a message: each bare LF becomes CRLF. */
static void read_message(const char *name, imap4i_buf *message) {
  char path[PATH_MAX_HERE];
  int last = 0;
  int c;
  join_path(directory, name, path);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  imap4i_buf_clear(message);
  while ((c = getc(file)) != EOF) {
    if (c == '\n' && last != '\r') assert_true(imap4i_buf_putc(message, '\r'));
    assert_true(imap4i_buf_putc(message, (char)c));
    last = c;
  }
  fclose(file);
}

static void check_cuts(imap4_str message, imap4_str digest, imap4i_mem *mem) {
  static const size_t steps[] = {1, 2, 61, 4096};
  imap4_limits limits = mail_limits();
  imap4i_buf cut;
  imap4i_buf_init(&cut, mem, SIZE_MAX);
  for (size_t i = 0; i < IMAP4I_COUNT(steps); i++) {
    if (steps[i] == 1 && message.n > STEP_ONE_MAX) continue;
    imap4i_buf_clear(&cut);
    assert_int_equal(mail_walk(mem, &limits, message, steps[i] / 2 + 1, steps[i], &cut), IMAP4_OK);
    assert_true(imap4i_eq(imap4i_buf_str(&cut), digest));
  }
  imap4i_buf_free(&cut);
}

/* Parts lie one behind the other, and each line count is right. */
static void check_parts(imap4_str message, imap4_str digest) {
  imap4i_part part;
  uint64_t at = 0;
  for (size_t i = 0; imap4i_digest_part(digest, i, &part); i++) {
    uint64_t lines = 0;
    assert_true(part.header_offset >= at);
    at = part.kind == IMAP4I_PART_LEAF ? part.body_offset + part.body_length : part.body_offset;
    for (uint64_t j = 0; j < part.body_length; j++)
      lines += message.p[part.body_offset + j] == '\n';
    assert_int_equal(part.lines, lines);
  }
}

/* With tight limits too, everything is valid and the sizes are true. */
static void check_limits(imap4_str message, imap4i_mem *mem) {
  imap4_limits limits = mail_limits();
  imap4i_buf buf;
  imap4i_part part;
  limits.mime_parts = 3;
  limits.mime_depth = 3;
  limits.mime_field_octets = 40;
  limits.addresses = 2;
  limits.mime_parameters = 2;
  for (limits.digest_octets = 1500; limits.digest_octets > 0; limits.digest_octets -= 750) {
    imap4_str digest = mail_digest(mem, &limits, message, &buf);
    assert_int_equal(imap4i_digest_size(digest), message.n);
    assert_true(imap4i_digest_parts(digest) <= 3);
    assert_true(imap4i_digest_part(digest, 0, &part));
    assert_int_equal(part.header_length + part.body_length, message.n);
    imap4i_buf_free(&buf);
  }
}

static void test_corpus(void **unused) {
  (void)unused;
  static char line[1 << 20];
  memory_check memory;
  imap4i_buf message;
  size_t count = 0;
  FILE *index = open_index();
  if (!index) skip();
  imap4i_mem *mem = memory_check_init(&memory);
  imap4i_buf_init(&message, mem, SIZE_MAX);
  while (fgets(line, sizeof(line), index)) {
    char name[PATH_MAX_HERE];
    char octets[PATH_MAX_HERE];
    imap4_limits limits = mail_limits();
    imap4i_buf buf;
    assert_true(find_value(line, "\"file\":\"", '"', name));
    assert_true(find_value(line, "\"crlf_bytes\":", ',', octets));
    read_message(name, &message);
    imap4_str digest = mail_digest(mem, &limits, imap4i_buf_str(&message), &buf);
    assert_int_equal(imap4i_digest_size(digest), strtoul(octets, NULL, 10));
    check_cuts(imap4i_buf_str(&message), digest, mem);
    check_parts(imap4i_buf_str(&message), digest);
    check_limits(imap4i_buf_str(&message), mem);
    imap4i_buf_free(&buf);
    count++;
  }
  assert_int_equal(ferror(index), 0);
  fclose(index);
  assert_true(count > 1000);
  imap4i_buf_free(&message);
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
