/* SPDX-License-Identifier: MIT */
/* HEADER.FIELDS larger than what FETCH keeps: read twice, and the same octets, whole and in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define FIELDS 900

/* A message whose X-Long fields are about 40 kB together, with others between them. */
static char *make_message(void) {
  char *text = malloc(FIELDS * 120 + 100);
  size_t n = 0;
  assert_non_null(text);
  for (int i = 0; i < FIELDS; i++) {
    n += (size_t)sprintf(text + n, "X-Long: field number %06d\n\tfolded %d\n", i, i * 7);
    if (i % 3 == 0) n += (size_t)sprintf(text + n, "X-Other: %d\n", i);
  }
  sprintf(text + n, "Subject: end\n\nbody\n");
  return text;
}

/* The octets of the one literal in a FETCH response; |*n| is how many. */
static const char *literal(const char *said, size_t *n) {
  const char *open = strchr(strstr(said, "HEADER.FIELDS"), '{');
  assert_non_null(open);
  *n = (size_t)strtoul(open + 1, NULL, 10);
  const char *start = strchr(open, '\n');
  assert_non_null(start);
  return start + 1;
}

static void check_store(uint32_t manner, uint32_t read_octets, uint32_t without) {
  imap4_memory_config memory;
  host h;
  client c;
  char line[128];
  imap4_memory_config_init(&memory);
  memory.manner = manner;
  memory.read_octets = read_octets;
  memory.without = without;
  host_open(&h, &memory, NULL);
  char *text = make_message();
  imap4_memory_message message = {.text = span(text)};
  assert_int_equal(imap4_memory_add_message(h.memory, span(""), span("INBOX"), &message), IMAP4_OK);
  client_open(&c, &h);
  client_line(&c, "a1 LOGIN somebody secret");
  client_line(&c, "a2 SELECT INBOX");

  size_t n;
  const char *said = client_line(&c, "a3 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Long)]");
  const char *got = literal(said, &n);
  char *whole = malloc(n);
  assert_non_null(whole);
  memcpy(whole, got, n);
  assert_memory_equal(got + n, ")\r\na3 OK", 8);
  assert_true(n > 16384);
  assert_memory_equal(whole, "X-Long: field number 000000\r\n\tfolded 0\r\nX-Long: field number 000001\r\n",
                      68);
  assert_memory_equal(whole + n - 4, "\r\n\r\n", 4);

  static const struct {
    size_t offset, count;
  } parts[] = {{0, 1}, {0, 16384}, {16383, 2}, {16385, 20000}, {30000, 1000000}, {1000000, 5}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    size_t offset = parts[i].offset, length;
    sprintf(line, "a4 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Long)]<%zu.%zu>", offset, parts[i].count);
    got = literal(client_line(&c, line), &length);
    size_t expected = offset < n ? n - offset : 0;
    if (expected > parts[i].count) expected = parts[i].count;
    assert_int_equal(length, expected);
    assert_memory_equal(got, whole + (offset < n ? offset : 0), length);
  }
  got = literal(client_line(&c, "a5 FETCH 1 (ENVELOPE BODY.PEEK[HEADER.FIELDS.NOT (X-Long X-Other)] FLAGS)"),
                &n);
  assert_int_equal(n, 16);
  static const char rest[] = "Subject: end\r\n\r\n FLAGS (\\Recent))\r\na5 OK";
  assert_memory_equal(got, rest, sizeof rest - 1);
  free(whole);
  free(text);
  client_close(&c);
  host_close(&h);
}

static void fields_read_twice(void **state) {
  (void)state;
  check_store(IMAP4_MEMORY_NOW, 0, 0);
  check_store(IMAP4_MEMORY_INSIDE, 1000, IMAP4_MEMORY_WITHOUT_KEEP_DIGEST);
  check_store(IMAP4_MEMORY_LATER, 17, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fields_read_twice)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
