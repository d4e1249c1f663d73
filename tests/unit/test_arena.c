/* SPDX-License-Identifier: MIT */
/* The arena: alignment, zeroes, everything freed and wiped, and memory that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "base/arena.h"
#include "memory_check.h"

static void test_objects(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_arena arena;
  imap4i_arena_init(&arena, memory_check_init(&memory));
  assert_int_equal(memory.live, 0);
  unsigned char *objects[300];
  for (size_t i = 0; i < 300; i++) {
    objects[i] = imap4i_arena_alloc(&arena, i);
    assert_non_null(objects[i]);
    assert_int_equal((uintptr_t)objects[i] % alignof(max_align_t), 0);
    for (size_t k = 0; k < i; k++)
      assert_int_equal(objects[i][k], 0);
    memset(objects[i], (int)(i & 0xff), i);
  }
  for (size_t i = 0; i < 300; i++) {
    for (size_t k = 0; k < i; k++)
      assert_int_equal(objects[i][k], i & 0xff);
  }
  unsigned char *large = imap4i_arena_alloc(&arena, 100000);
  assert_non_null(large);
  memset(large, 1, 100000);
  imap4i_arena_free(&arena);
  memory_check_end(&memory);
  assert_non_null(imap4i_arena_alloc(&arena, 1)); /* it can be used again */
  imap4i_arena_free(&arena);
  imap4i_arena_free(&arena);
  memory_check_end(&memory);
}

static void test_sizes(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_arena arena;
  imap4i_arena_init(&arena, memory_check_init(&memory));
  assert_null(imap4i_arena_alloc(&arena, SIZE_MAX));
  assert_null(imap4i_arena_array(&arena, SIZE_MAX, 2));
  assert_null(imap4i_arena_array(&arena, SIZE_MAX / 16, 17));
  assert_int_equal(memory.live, 0);
  assert_non_null(imap4i_arena_array(&arena, 3, 0));
  assert_non_null(imap4i_arena_array(&arena, 0, 8));
  uint64_t *array = imap4i_arena_array(&arena, 100, sizeof *array);
  assert_non_null(array);
  for (size_t i = 0; i < 100; i++)
    assert_int_equal(array[i], 0);
  imap4i_arena_free(&arena);
  memory_check_end(&memory);
}

static void test_strings(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_arena arena;
  bool ok = true;
  char text[] = "a\0b";
  imap4i_arena_init(&arena, memory_check_init(&memory));
  imap4_str copy = imap4i_arena_str(&arena, imap4i_str(text, 3), &ok);
  text[0] = '!';
  assert_true(ok);
  assert_true(imap4i_eq(copy, IMAP4I_S("a\0b")));
  memory.fail_from = 0;
  assert_int_equal(imap4i_arena_str(&arena, (imap4_str){NULL, 0}, &ok).n, 0);
  assert_true(ok);
  char many[4000] = {0};
  assert_int_equal(imap4i_arena_str(&arena, imap4i_str(many, sizeof many), &ok).n, 0);
  assert_false(ok);
  assert_true(imap4i_eq(copy, IMAP4I_S("a\0b")));
  imap4i_arena_free(&arena);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  for (size_t failing = 0; failing < 20; failing++) {
    memory_check memory;
    imap4i_arena arena;
    imap4i_arena_init(&arena, memory_check_init(&memory));
    memory.fail_from = failing;
    size_t got = 0;
    while (got < 1000000 && imap4i_arena_alloc(&arena, 1000))
      got++;
    assert_true(got >= failing && got < 1000000);
    imap4i_arena_free(&arena);
    memory_check_end(&memory);
  }
}

/* A block that grows past the ceiling is not the end while the object alone fits. */
static void test_ceiling(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_arena arena;
  imap4i_arena_init(&arena, memory_check_init(&memory));
  memory.mem.ceiling = 400;
  assert_non_null(imap4i_arena_alloc(&arena, 300));
  assert_null(imap4i_arena_alloc(&arena, 300));
  imap4i_arena_free(&arena);
  memory_check_end(&memory);
}

/* A LOGIN's arena holds a password: it is wiped before the memory goes back. */
static bool wiped;

static void *watching_resize(void *user, void *p, size_t old_size, size_t new_size) {
  if (new_size == 0 && p) {
    wiped = true;
    const char *octets = p;
    for (size_t i = 0; i + 6 <= old_size; i++) {
      if (memcmp(octets + i, "secret", 6) == 0) wiped = false;
    }
  }
  return imap4i_default_resize(user, p, old_size, new_size);
}

static void test_wiped(void **unused) {
  (void)unused;
  imap4i_mem mem;
  imap4i_arena arena;
  bool ok = true;
  imap4i_mem_init(&mem, watching_resize, NULL, UINT64_MAX);
  imap4i_arena_init(&arena, &mem);
  (void)imap4i_arena_str(&arena, IMAP4I_S("a secret"), &ok);
  assert_true(ok);
  wiped = false;
  imap4i_arena_free(&arena);
  assert_true(wiped);
  assert_int_equal(mem.used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_objects),   cmocka_unit_test(test_sizes),   cmocka_unit_test(test_strings),
      cmocka_unit_test(test_no_memory), cmocka_unit_test(test_ceiling), cmocka_unit_test(test_wiped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
