/* SPDX-License-Identifier: MIT */
/* Accounting: what is used, the most that was used, the ceiling, and whose refusal it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_check.h"

static void test_accounting(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_mem *mem = memory_check_init(&memory);
  char *p = imap4i_alloc(mem, 100);
  assert_non_null(p);
  memset(p, 'p', 100);
  assert_int_equal(mem->used, 100);
  p = imap4i_resize(mem, p, 100, 300);
  assert_non_null(p);
  assert_int_equal(p[99], 'p');
  assert_int_equal(mem->used, 300);
  p = imap4i_resize(mem, p, 300, 10);
  assert_non_null(p);
  assert_int_equal(mem->used, 10);
  assert_int_equal(mem->peak, 300);
  unsigned char *zeroed = imap4i_calloc(mem, 50);
  assert_non_null(zeroed);
  for (size_t i = 0; i < 50; i++)
    assert_int_equal(zeroed[i], 0);
  imap4i_free(mem, zeroed, 50);
  imap4i_free(mem, p, 10);
  imap4i_free(mem, NULL, 0);
  memory_check_end(&memory);
}

static void test_ceiling(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_mem *mem = memory_check_init(&memory);
  mem->ceiling = 100;
  char *p = imap4i_alloc(mem, 100);
  assert_non_null(p);
  assert_null(imap4i_alloc(mem, 1));
  assert_true(mem->ceiling_hit);
  assert_null(imap4i_resize(mem, p, 100, 101));
  assert_null(imap4i_resize(mem, p, 100, SIZE_MAX));
  assert_int_equal(mem->used, 100);
  mem->ceiling = 50; /* lowered below what is in use: only less is allowed */
  assert_null(imap4i_alloc(mem, 1));
  p = imap4i_resize(mem, p, 100, 99);
  assert_non_null(p);
  p = imap4i_resize(mem, p, 99, 40);
  assert_non_null(p);
  p = imap4i_resize(mem, p, 40, 50);
  assert_non_null(p);
  imap4i_free(mem, p, 50);
  memory_check_end(&memory);
}

static void test_host_refuses(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_mem *mem = memory_check_init(&memory);
  mem->ceiling = 100;
  char *p = imap4i_alloc(mem, 10);
  assert_null(imap4i_alloc(mem, 1000));
  assert_true(mem->ceiling_hit);
  memory.fail_from = 0;
  assert_null(imap4i_alloc(mem, 1));
  assert_false(mem->ceiling_hit);
  assert_null(imap4i_calloc(mem, 1));
  assert_null(imap4i_resize(mem, p, 10, 20));
  assert_int_equal(mem->used, 10);
  imap4i_free(mem, p, 10);
  memory_check_end(&memory);
}

static void test_default(void **unused) {
  (void)unused;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, 1000);
  char *p = imap4i_alloc(&mem, 10);
  assert_non_null(p);
  memcpy(p, "0123456789", 10);
  p = imap4i_resize(&mem, p, 10, 1000);
  assert_non_null(p);
  assert_memory_equal(p, "0123456789", 10);
  imap4i_free(&mem, p, 1000);
  assert_int_equal(mem.used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_accounting),
      cmocka_unit_test(test_ceiling),
      cmocka_unit_test(test_host_refuses),
      cmocka_unit_test(test_default),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
