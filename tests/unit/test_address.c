/* SPDX-License-Identifier: MIT */
/* Address lists, as ENVELOPE shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/address.h"
#include "mail_check.h"
#include "memory_check.h"

static int put_all(imap4i_mem *mem, const char *textz, imap4i_buf *out) {
  imap4i_address_list list;
  imap4i_address address;
  bool got = true;
  int r = IMAP4_OK;
  /* Flush against the end of its block, so that a look behind it is seen. */
  size_t n = strlen(textz);
  char *exact = malloc(n + 1);
  memcpy(exact, textz, n);
  exact = realloc(exact, n > 0 ? n : 1);
  imap4i_address_list_init(&list, mem);
  imap4i_address_list_begin(&list, imap4i_str(exact, n));
  while (r == IMAP4_OK && got) {
    r = imap4i_address_list_next(&list, &address, &got);
    if (r == IMAP4_OK && got && !imap4i_address_put(out, &address)) r = IMAP4_ERR_NOMEM;
  }
  imap4i_address_list_free(&list);
  free(exact);
  return r;
}

static void assert_addresses(const char *textz, const char *wantz) {
  memory_check memory;
  imap4i_buf out;
  imap4i_mem *mem = memory_check_init(&memory);
  imap4i_buf_init(&out, mem, SIZE_MAX);
  assert_int_equal(put_all(mem, textz, &out), IMAP4_OK);
  assert_text(imap4i_buf_str(&out), wantz);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_plain(void **unused) {
  (void)unused;
  assert_addresses("a@b", "(NIL NIL \"a\" \"b\")");
  assert_addresses("a@b,c@d", "(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")");
  assert_addresses("<a@b.c>", "(NIL NIL \"a\" \"b.c\")");
  assert_addresses("A B <a@b>", "(\"A B\" NIL \"a\" \"b\")");
  assert_addresses("\"B, A\" <a@b>", "(\"B, A\" NIL \"a\" \"b\")");
  assert_addresses("\"a \\\"q\\\" \\\\\" <a@b>", "(\"a \\\"q\\\" \\\\\" NIL \"a\" \"b\")");
  assert_addresses("Mr. D. Q. Phrase <d@p>", "(\"Mr. D. Q. Phrase\" NIL \"d\" \"p\")");
  assert_addresses("\"q l\"@x", "(NIL NIL \"q l\" \"x\")");
  assert_addresses("a@[1.2.3.4]", "(NIL NIL \"a\" \"[1.2.3.4]\")");
  assert_addresses("J\xc3\xb6rg <j@x>", "({5}\r\nJ\xc3\xb6rg NIL \"j\" \"x\")");
}

static void test_comments(void **unused) {
  (void)unused;
  assert_addresses("a@b (The Name)", "(\"The Name\" NIL \"a\" \"b\")");
  assert_addresses("a@b (x) (y\\) (z))", "(\"y) (z)\" NIL \"a\" \"b\")");
  assert_addresses("(before) a (m) @ (n) b", "(\"n\" NIL \"a\" \"b\")");
  assert_addresses("N <a@b> (c)", "(\"N\" NIL \"a\" \"b\")");
  assert_addresses("a@b (never closed", "(\"never closed\" NIL \"a\" \"b\")");
  assert_addresses("a@b (ends in \\", "(\"ends in \\\\\" NIL \"a\" \"b\")");
  assert_addresses("(", "");
}

static void test_folding(void **unused) {
  (void)unused;
  assert_addresses("A\r\n  B\r\n\t<a@b>,\r\n c\r\n @\r\n d . e\r\n",
                   "(\"A B\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d.e\")");
  assert_addresses("\"A\r\n B\" <a@b>", "(\"A B\" NIL \"a\" \"b\")");
}

static void test_groups(void **unused) {
  (void)unused;
  assert_addresses("g: a@b, c@d;",
                   "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL NIL NIL)");
  assert_addresses("The Group:;, x@y", "(NIL NIL \"The Group\" NIL)(NIL NIL NIL NIL)(NIL NIL \"x\" \"y\")");
  assert_addresses("g: a@b", "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)");
  assert_addresses("g:", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)");
}

static void test_routes(void **unused) {
  (void)unused;
  assert_addresses("<@a,@b.c:d@e>", "(NIL \"@a,@b.c\" \"d\" \"e\")");
  assert_addresses("N <@a:d@e>", "(\"N\" \"@a\" \"d\" \"e\")");
  assert_addresses("<@a>", "(NIL NIL \"\" \"a\")");
}

static void test_wrong(void **unused) {
  (void)unused;
  assert_addresses("", "");
  assert_addresses(" , ;,", "");
  assert_addresses("<>", "(NIL NIL \"\" \"\")");
  assert_addresses("N <>", "(\"N\" NIL \"\" \"\")");
  assert_addresses("word", "(NIL NIL \"word\" \"\")");
  assert_addresses("two words", "(\"two words\" NIL \"\" \"\")");
  assert_addresses("a@", "(NIL NIL \"a\" \"\")");
  assert_addresses("@b", "(NIL NIL \"\" \"b\")");
  assert_addresses("a@b@c, d@e", "(NIL NIL \"a\" \"b\")(NIL NIL \"d\" \"e\")");
  assert_addresses("a@b; c@d", "(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")");
  assert_addresses("<a@b, c@d", "(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")");
  assert_addresses("a \"never closed, b@c", "(NIL NIL \"a\" \"\")");
  assert_addresses("a\\@b, c@d", "(NIL NIL \"a\" \"\")(NIL NIL \"c\" \"d\")");
  assert_addresses(">a@b, c@d", "(NIL NIL \"c\" \"d\")");
  assert_addresses("<mailto:a@b>", "(NIL NIL \"mailto:a\" \"b\")");
  assert_addresses("\"", "");
  assert_addresses("\"\"@b", "(NIL NIL \"\" \"b\")");
  assert_addresses("a@[", "(NIL NIL \"a\" \"[\")");
  assert_addresses("<\"", "(NIL NIL \"\" \"\")");
  assert_addresses("\"a\\", "");
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  memory_check other;
  imap4i_buf out;
  imap4i_buf_init(&out, memory_check_init(&other), SIZE_MAX);
  int r = IMAP4_ERR_NOMEM;
  size_t failures = 0;
  for (; r != IMAP4_OK; failures++) {
    memory_check_init(&memory);
    memory.fail_from = failures;
    r = put_all(&memory.mem, "g: \"q\" x <@r:a@b>, c@[d] (e), <a b@c>;", &out);
    memory_check_end(&memory);
  }
  assert_true(failures > 4);
  for (size_t max = 0; max < 40; max++) {
    imap4i_buf small;
    imap4i_buf_init(&small, &other.mem, max);
    r = put_all(&other.mem, "N <@r:a@b>", &small);
    assert_int_equal(r, max < 18 ? IMAP4_ERR_NOMEM : IMAP4_OK);
    imap4i_buf_free(&small);
  }
  imap4i_buf_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain),    cmocka_unit_test(test_comments),
                                     cmocka_unit_test(test_folding),  cmocka_unit_test(test_groups),
                                     cmocka_unit_test(test_routes),   cmocka_unit_test(test_wrong),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
