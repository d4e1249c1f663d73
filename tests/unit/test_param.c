/* SPDX-License-Identifier: MIT */
/* Parameters of MIME fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/param.h"
#include "mail_check.h"
#include "memory_check.h"

static int put(imap4i_mem *mem, const char *textz, size_t max, imap4i_buf *out) {
  imap4i_params params;
  size_t n = strlen(textz);
  char *exact = malloc(n > 0 ? n : 1); /* so that a look behind the end is seen */
  memcpy(exact, textz, n);
  imap4i_params_init(&params, mem, max);
  int r = imap4i_params_parse(&params, imap4i_str(exact, n));
  if (r == IMAP4_OK && !imap4i_params_put(&params, (imap4_str){0}, out)) r = IMAP4_ERR_NOMEM;
  imap4i_params_free(&params);
  free(exact);
  return r;
}

static void assert_params(const char *textz, size_t max, const char *wantz) {
  memory_check memory;
  imap4i_buf out;
  imap4i_mem *mem = memory_check_init(&memory);
  imap4i_buf_init(&out, mem, SIZE_MAX);
  assert_int_equal(put(mem, textz, max, &out), IMAP4_OK);
  assert_text(imap4i_buf_str(&out), wantz);
  imap4i_buf_free(&out);
  memory_check_end(&memory);
}

static void test_values(void **unused) {
  (void)unused;
  assert_params("", 9, "NIL");
  assert_params(";;", 9, "NIL");
  assert_params("; a=b", 9, "(\"A\" \"b\")");
  assert_params("; a=b;C = \"d;\\\"e\" ; f=", 9, "(\"A\" \"b\" \"C\" \"d;\\\"e\" \"F\" \"\")");
  assert_params("(c) ; (c) a (c) = (c) b (c) ; d=e", 9, "(\"A\" \"b\" \"D\" \"e\")");
  assert_params("; name=a b/c?.txt ; x=y", 9, "(\"NAME\" \"a b/c?.txt\" \"X\" \"y\")");
  assert_params("; charset=utf-8, format=flowed", 9, "(\"CHARSET\" \"utf-8\")");
  assert_params("; a=b\r\n c=d;e=f", 9, "(\"A\" \"b\" \"E\" \"f\")");
  assert_params("; a=\"fol\r\n ded\"", 9, "(\"A\" \"fol ded\")");
  assert_params("; a; =b; c d=e; f=\"g", 9, "(\"F\" \"g\")");
  assert_params("; a=\"b\" junk \"; x=y\"; c=d", 9, "(\"A\" \"b\" \"C\" \"d\")");
  assert_params("; a=\xc3\xb6", 9, "(\"A\" {2}\r\n\xc3\xb6)");
}

static void test_continuations(void **unused) {
  (void)unused;
  assert_params("; n*0=a; n*1=b; N*2=\"c d\"", 9, "(\"N\" \"abc d\")");
  assert_params("; n*1=b; x=y; n*0=a", 9, "(\"X\" \"y\" \"N\" \"ab\")");
  assert_params("; n*0*=utf-8''%c3; n*1*=%b6; n*2=x", 9, "(\"N*\" \"utf-8''%c3%b6x\")");
  assert_params("; n*=utf-8''x", 9, "(\"N*\" \"utf-8''x\")");
  assert_params("; n*0=a; n*2=c", 9, "(\"N\" \"a\" \"N*2\" \"c\")");
  assert_params("; n*1=b; n*2=c", 9, "(\"N*1\" \"b\" \"N*2\" \"c\")");
  assert_params("; n*0=a; n*0=b; n*1=c", 9, "(\"N\" \"ac\" \"N\" \"b\")");
  assert_params("; n*x=a; *0=b; n**=c", 9, "(\"N*X\" \"a\" \"\" \"b\" \"N**\" \"c\")");
  assert_params("; n*99999999999999999999=a", 9, "(\"N*99999999999999999999\" \"a\")");
}

static void test_maximum(void **unused) {
  (void)unused;
  assert_params("; a=1; b=2; c=3", 4, "(\"A\" \"1\" \"B\" \"2\" \"C\" \"3\")");
  assert_params("; a=1; b=2; c=3", 3, "(\"A\" \"1\" \"B\" \"2\" \"C\" \"3\")");
  assert_params("; a=1; b=2; c=3", 2, "(\"A\" \"1\" \"B\" \"2\")");
  assert_params("; a=1; b=2; c=3", 0, "NIL");
}

static void test_find(void **unused) {
  (void)unused;
  memory_check memory;
  imap4i_params params;
  imap4_str value;
  imap4i_params_init(&params, memory_check_init(&memory), 9);
  assert_int_equal(imap4i_params_parse(&params, STR("; a=1; A=2; b*0=x; b*1=y")), IMAP4_OK);
  assert_true(imap4i_params_find(&params, STR("A"), &value));
  assert_text(value, "1");
  assert_true(imap4i_params_find(&params, STR("b"), &value));
  assert_text(value, "xy");
  assert_false(imap4i_params_find(&params, STR("b*1"), &value));
  assert_int_equal(imap4i_params_parse(&params, STR("; c=1")), IMAP4_OK);
  assert_false(imap4i_params_find(&params, STR("a"), &value));
  imap4i_params_free(&params);
  memory_check_end(&memory);
}

static void test_no_memory(void **unused) {
  (void)unused;
  memory_check memory;
  memory_check other;
  imap4i_buf out;
  size_t n = 0;
  imap4i_buf_init(&out, memory_check_init(&other), SIZE_MAX);
  char text[3000] = "";
  for (int i = 0; i < 20; i++)
    strcat(text, "; some-name*0=\"some value of some length\"; some-name*1=more");
  for (int r = IMAP4_ERR_NOMEM; r != IMAP4_OK; n++) {
    imap4i_mem *mem = memory_check_init(&memory);
    memory.fail_from = n;
    r = put(mem, text, 100, &out);
    memory_check_end(&memory);
  }
  assert_true(n > 6);
  imap4i_buf_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_continuations),
                                     cmocka_unit_test(test_maximum), cmocka_unit_test(test_find),
                                     cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
