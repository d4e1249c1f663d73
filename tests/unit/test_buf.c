/* SPDX-License-Identifier: MIT */
/* The growing buffer: its maximum, and nothing lost when memory fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "memory_check.h"

static void test_put(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  imap4i_buf_init(&buf, memory_check_init(&memory), 10000);
  assert_int_equal(memory.live, 0);
  assert_true(imap4i_buf_put(&buf, NULL, 0));
  assert_int_equal(memory.live, 0);
  assert_true(imap4i_buf_puts(&buf, IMAP4I_S("a\0b")));
  assert_true(imap4i_buf_putc(&buf, '-'));
  assert_true(imap4i_buf_put_u64(&buf, UINT64_MAX));
  assert_true(imap4i_buf_put_u64(&buf, 0));
  assert_true(imap4i_eq(imap4i_buf_str(&buf), IMAP4I_S("a\0b-184467440737095516150")));
  imap4i_buf_drop(&buf, 4);
  assert_true(imap4i_eq(imap4i_buf_str(&buf), IMAP4I_S("184467440737095516150")));
  imap4i_buf_drop(&buf, 21);
  imap4i_buf_drop(&buf, 0);
  assert_int_equal(buf.n, 0);
  size_t live = memory.live;
  imap4i_buf_clear(&buf);
  assert_int_equal(memory.live, live);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
  imap4i_buf_drop(&buf, 0); /* nothing of nothing */
  assert_true(imap4i_buf_put(&buf, "again", 5));
  imap4i_buf_free(&buf);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_maximum(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  char many[1000];
  memset(many, 'm', sizeof many);
  for (size_t max = 0; max < 700; max += 7) {
    imap4i_buf_init(&buf, memory_check_init(&memory), max);
    assert_false(imap4i_buf_put(&buf, many, max + 1));
    assert_int_equal(buf.n, 0);
    for (size_t i = 0; i < max; i++)
      assert_true(imap4i_buf_putc(&buf, (char)(unsigned char)i));
    assert_false(imap4i_buf_putc(&buf, 'x'));
    assert_null(imap4i_buf_room(&buf, 1));
    assert_null(imap4i_buf_room(&buf, SIZE_MAX));
    assert_int_equal(buf.n, max);
    for (size_t i = 0; i < max; i++)
      assert_int_equal((unsigned char)buf.p[i], i & 0xff);
    imap4i_buf_free(&buf);
    memory_check_end(&memory);
  }
}

static void test_room(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  imap4i_buf_init(&buf, memory_check_init(&memory), 5000);
  char *room = imap4i_buf_room(&buf, 3000);
  assert_non_null(room);
  memset(room, 'r', 3000);
  assert_int_equal(buf.n, 0);
  imap4i_buf_added(&buf, 2);
  assert_true(imap4i_eq(imap4i_buf_str(&buf), IMAP4I_S("rr")));
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  imap4i_buf_init(&buf, memory_check_init(&memory), SIZE_MAX);
  memory.fail_from = 0;
  assert_false(imap4i_buf_putc(&buf, 'x'));
  assert_int_equal(buf.n, 0);
  memory.fail_from = SIZE_MAX;
  while (buf.n == 0 || buf.n < buf.capacity)
    assert_true(imap4i_buf_putc(&buf, 'x'));
  size_t n = buf.n;
  memory.fail_from = 0;
  assert_false(imap4i_buf_put(&buf, "yy", 2));
  assert_int_equal(buf.n, n);
  assert_int_equal(buf.p[n - 1], 'x');
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

/* Where twice the size passes the ceiling, what is needed may still do. */
static void test_ceiling(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  char many[600] = {0};
  imap4i_buf_init(&buf, memory_check_init(&memory), 10000);
  memory.mem.ceiling = 700;
  assert_true(imap4i_buf_put(&buf, many, 400));
  assert_true(imap4i_buf_put(&buf, many, 200));
  assert_int_equal(buf.n, 600);
  assert_false(imap4i_buf_put(&buf, many, 101));
  assert_int_equal(buf.n, 600);
  assert_true(memory.mem.ceiling_hit);
  imap4i_buf_free(&buf);
  memory_check_end(&memory);
}

static void test_trim(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_buf buf;
  imap4i_buf_init(&buf, memory_check_init(&memory), SIZE_MAX);
  imap4i_buf_trim(&buf);
  assert_true(imap4i_buf_puts(&buf, IMAP4I_S("some octets")));
  memory.fail_from = 0;
  imap4i_buf_trim(&buf);
  memory.fail_from = SIZE_MAX;
  assert_true(imap4i_eq(imap4i_buf_str(&buf), IMAP4I_S("some octets")));
  imap4i_buf_trim(&buf);
  assert_int_equal(buf.capacity, buf.n);
  assert_true(imap4i_eq(imap4i_buf_str(&buf), IMAP4I_S("some octets")));
  imap4i_buf_clear(&buf);
  imap4i_buf_trim(&buf);
  assert_null(buf.p);
  memory_check_end(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_put),       cmocka_unit_test(test_maximum), cmocka_unit_test(test_room),
      cmocka_unit_test(test_no_memory), cmocka_unit_test(test_ceiling), cmocka_unit_test(test_trim),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
