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
  assert_params("(;x=y) ; a=b (;x=y); c=\"d\" (;x=y); e=f", 9, "(\"A\" \"b\" \"C\" \"d\" \"E\" \"f\")");
  assert_params("; a; =b; c d=e; f/g=h; i=j", 9, "(\"\" \"b\" \"I\" \"j\")");
  assert_params(";; a=b;;; c=d; ;e=f;", 9, "(\"A\" \"b\" \"C\" \"d\" \"E\" \"f\")");
  assert_params("; a=\xc3\xb6; \xc3\xb6=b", 9, "(\"A\" {2}\r\n\xc3\xb6 {2}\r\n\xc3\xb6 \"b\")");
}

static void test_quoted(void **unused) {
  (void)unused;
  assert_params("; a=\"fol\r\n ded\r\r\n\t!\"", 9, "(\"A\" \"fol ded\t!\")");
  assert_params("; a=\"b\\\\\\\"c\\d\\\r\n e\"", 9, "(\"A\" \"b\\\\\\\"cd\\\\ e\")");
  assert_params("; a=\"b\rc\"; d=\"e\r\"", 9, "(\"A\" {3}\r\nb\rc \"D\" {2}\r\ne\r)");
  assert_params("; a=\"b\"c; d=\"e\" \"f\"; g=\"h", 9, "(\"A\" \"b\" \"D\" \"e\")");
  assert_params("; a=b\"; c=d", 9, "(\"A\" \"b\" \"C\" \"d\")");
  /* What is not closed takes the rest with it. */
  assert_params("; a=b; c=\"d; e=f", 9, "(\"A\" \"b\")");
  assert_params("; a=b; c=\"d\\\"", 9, "(\"A\" \"b\")");
  assert_params("; a=b; c=\"d\\", 9, "(\"A\" \"b\")");
  assert_params("; a=b; c=\"", 9, "(\"A\" \"b\")");
  assert_params("; a=b; c=d (e; f=g", 9, "(\"A\" \"b\")");
  assert_params("; a=b; c=(d; f=g", 9, "(\"A\" \"b\")");
  assert_params("; a=b; (c; f=g", 9, "(\"A\" \"b\")");
}

static void test_unquoted(void **unused) {
  (void)unused;
  assert_params("; name=a b/c?.txt ; x=y", 9, "(\"NAME\" \"a b/c?.txt\" \"X\" \"y\")");
  assert_params("; name=a:b@c,[d]<e>=f;x=y", 9, "(\"NAME\" \"a:b@c,[d]<e>=f\" \"X\" \"y\")");
  assert_params("; name=a b(c)d; x=a\\b; y=\x01; z=a)b", 9,
                "(\"NAME\" \"a b\" \"X\" \"a\" \"Y\" \"\" \"Z\" \"a\")");
  /* What fits in no name leaves a token only. */
  assert_params("; name=a=b\"c\"; x=a b\\c; y=a/b\"; z=a b ; u=a b", 9,
                "(\"NAME\" \"a\" \"X\" \"a\" \"Y\" \"a\" \"Z\" \"a b\" \"U\" \"a b\")");
  assert_params("; name==?utf-8?q?(a\"b)?=; x=y", 9, "(\"NAME\" \"=?utf-8?q?(a\\\"b)?=\" \"X\" \"y\")");
  assert_params("; charset=utf-8, format=flowed", 9, "(\"CHARSET\" \"utf-8\")");
  assert_params("; Charset=utf-8 format=flowed; x=y", 9, "(\"CHARSET\" \"utf-8\" \"X\" \"y\")");
  assert_params("; boundary=a:b=c/d,e f; x=y", 9, "(\"BOUNDARY\" \"a:b=c/d,e\" \"X\" \"y\")");
  assert_params("; a=b\r\n c=d;e=f", 9, "(\"A\" \"b\" \"E\" \"f\")");
}

static void assert_loose(const char *textz, bool loose) {
  memory_check memory;
  imap4i_params params;
  imap4i_params_init(&params, memory_check_init(&memory), 9);
  assert_int_equal(imap4i_params_parse(&params, STR("; a=b c")), IMAP4_OK);
  assert_int_equal(imap4i_params_parse(&params, STR(textz)), IMAP4_OK);
  assert_int_equal(params.loose, loose);
  imap4i_params_free(&params);
  memory_check_end(&memory);
}

static void test_loose(void **unused) {
  (void)unused;
  assert_loose("", false);
  assert_loose("; a=b ; c=\"d e\"; f= ", false);
  assert_loose("; a==?x?q?y?=", false);
  assert_loose("; charset=a b", false);
  assert_loose("; a=b \"c\"", false);
  assert_loose("; a=b c", true);
  assert_loose("; a=b/c; d=e", true);
  assert_loose("; a==?x?= b", true);
}

static void test_continuations(void **unused) {
  (void)unused;
  assert_params("; n*0=a; n*1=b; N*2=\"c d\"", 9, "(\"N\" \"abc d\")");
  assert_params("; n*1=b; x=y; n*0=a", 9, "(\"X\" \"y\" \"N\" \"ab\")");
  assert_params("; n*2=c; m*1=y; N*0=a; M*0=x; n*1=b", 9, "(\"M\" \"xy\" \"N\" \"abc\")");
  assert_params("; n*0=0; n*1=1; n*2=2; n*3=3; n*4=4; n*5=5; n*6=6; n*7=7; n*8=8; n*9=9; n*10=A", 20,
                "(\"N\" \"0123456789A\")");
  assert_params("; n*00=a; n*01=b", 9, "(\"N\" \"ab\")");
  assert_params("; n*0=; n*1=\"\"", 9, "(\"N\" \"\")");
  assert_params("; n*0=\"a\\\"\"; n*1=\xff", 9, "(\"N\" {3}\r\na\"\xff)");
  assert_params("; n*=utf-8''x", 9, "(\"N*\" \"utf-8''x\")");
  assert_params("; n=x; n*0=a; n*=u''y", 9, "(\"N\" \"x\" \"N*\" \"u''y\" \"N\" \"a\")");
  assert_params("; *0=a; *1=b", 9, "(\"\" \"ab\")");
  assert_params("; nn*0=a; n*1=y; n*0=x; nn*1=b", 9, "(\"N\" \"xy\" \"NN\" \"ab\")");
}

/* Sections that are not 0, 1, 2 and so on, each once, are not joined. */
static void test_no_continuations(void **unused) {
  (void)unused;
  assert_params("; n*0=a; n*2=c", 9, "(\"N*0\" \"a\" \"N*2\" \"c\")");
  assert_params("; n*2=c; n*1=b", 9, "(\"N*1\" \"b\" \"N*2\" \"c\")");
  assert_params("; n*0=a; n*0=b; n*1=c", 9, "(\"N*0\" \"a\" \"N*0\" \"b\" \"N*1\" \"c\")");
  assert_params("; n*0*=a; n*0=b", 9, "(\"N*0*\" \"a\" \"N*0\" \"b\")");
  assert_params("; n*4294967296=b; n*0=a", 9, "(\"N*0\" \"a\" \"N*4294967296\" \"b\")");
  assert_params("; n*18446744073709551615=a; n*0=b; n*x=c; n*-1=d", 9,
                "(\"N*18446744073709551615\" \"a\" \"N*X\" \"c\" \"N*-1\" \"d\" \"N\" \"b\")");
  assert_params("; n*x=a; n**=c; *=d; n*0*0=e", 9,
                "(\"N*X\" \"a\" \"N**\" \"c\" \"*\" \"d\" \"N*0*0\" \"e\")");
}

/* What has a charset goes out encoded, all of it. */
static void test_charset(void **unused) {
  (void)unused;
  assert_params("; n*0*=utf-8''%c3; n*1*=%b6; n*2=x", 9, "(\"N*\" \"utf-8''%c3%b6x\")");
  assert_params("; n*0*=utf-8''a%20; n*1=\"5% x%41\"; n*2*=%42", 9, "(\"N*\" \"utf-8''a%205%25 x%2541%42\")");
  assert_params("; n*0=\"5%\"; n*1*=%42", 9, "(\"N*\" \"''5%25%42\")");
  assert_params("; n*0=\"5%\"; n*1=%42", 9, "(\"N\" \"5%%42\")");
}

static void test_maximum(void **unused) {
  (void)unused;
  assert_params("; a=1; b=2; c=3", 4, "(\"A\" \"1\" \"B\" \"2\" \"C\" \"3\")");
  assert_params("; a=1; b=2; c=3", 3, "(\"A\" \"1\" \"B\" \"2\" \"C\" \"3\")");
  assert_params("; a=1; b=2; c=3", 2, "(\"A\" \"1\" \"B\" \"2\")");
  assert_params("; a=1; b=2; c=3", 0, "NIL");
}

static void assert_found(const char *textz, const char *wantz) {
  memory_check memory;
  imap4i_params params;
  imap4i_buf out;
  unsigned found;
  imap4i_params_init(&params, memory_check_init(&memory), 9);
  imap4i_buf_init(&out, &memory.mem, 4);
  assert_int_equal(imap4i_params_parse(&params, STR("; x=y; a=0")), IMAP4_OK);
  assert_int_equal(imap4i_params_parse(&params, STR(textz)), IMAP4_OK);
  assert_true(imap4i_params_find(&params, STR("a"), &out, &found));
  assert_int_equal(found, !wantz               ? IMAP4I_PARAM_NONE
                          : strlen(wantz) == 5 ? IMAP4I_PARAM_CUT
                                               : IMAP4I_PARAM_WHOLE);
  if (wantz) assert_text(imap4i_buf_str(&out), found == IMAP4I_PARAM_CUT ? "abcd" : wantz);
  imap4i_buf_free(&out);
  imap4i_params_free(&params);
  memory_check_end(&memory);
}

static void test_find(void **unused) {
  (void)unused;
  assert_found("", NULL);
  assert_found("; b=1", NULL);
  assert_found("; A=1; a=2", "1");
  assert_found("; a=\"\"", "");
  assert_found("; a=\"\\a\\\"\r\n b\"", "a\" b");
  assert_found("; a=abcd", "abcd");
  assert_found("; a=abcde", "abcde");
  assert_found("; a*0=x; a*1=y", "xy");
  assert_found("; a*1=x", NULL);
  assert_found("; a*0=x; a*2=y", NULL);
  /* A plain one before a joined one before one with a charset. */
  assert_found("; a*=u''3; a*0=2; a=1", "1");
  assert_found("; a*=u''3; a*0=2", "2");
  assert_found("; a*=u''3", "3");
}

static void test_find_encoded(void **unused) {
  (void)unused;
  assert_found("; a*=us-ascii'en'%61%3d", "a=");
  assert_found("; a*=us-ascii'en'a'b", "a'b");
  assert_found("; a*=%61b", "ab");
  assert_found("; a*=u''%4%z", "%4%z");
  assert_found("; a*=u''%", "%");
  assert_found("; a*=u'b", "u'b");
  assert_found("; a*0*=u'; a*1*='%6; a*2*=1b", "ab");
  assert_found("; a*0*=u''%61; a*1=\"%6\"; a*2*=%62", "a%6b");
  assert_found("; a*0=a; a*1*=%62", "ab");
  assert_found("; a*0*=u''abcd; a*1=e", "abcde");
}

/* The order of sections costs n log n, whatever it is: this would take hours otherwise. */
static void test_many(void **unused) {
  (void)unused;
  enum { COUNT = 100000 };
  memory_check memory;
  imap4i_params params;
  imap4i_buf text;
  imap4i_buf out;
  imap4i_buf_init(&text, memory_check_init(&memory), SIZE_MAX);
  imap4i_buf_init(&out, &memory.mem, SIZE_MAX);
  for (uint64_t i = COUNT; i-- > 0;) {
    assert_true(imap4i_buf_puts(&text, STR("; n*")) && imap4i_buf_put_u64(&text, i * 7 % COUNT) &&
                imap4i_buf_puts(&text, STR("*=a; *")) && imap4i_buf_put_u64(&text, i) &&
                imap4i_buf_puts(&text, STR("=b")));
  }
  imap4i_params_init(&params, &memory.mem, SIZE_MAX);
  assert_int_equal(imap4i_params_parse(&params, imap4i_buf_str(&text)), IMAP4_OK);
  assert_int_equal(params.n, 2 * COUNT);
  assert_true(imap4i_params_put(&params, (imap4_str){0}, &out));
  assert_int_equal(out.n, strlen("(\"\" \"\" \"N*\" \"\")") + 2 * COUNT);
  imap4i_buf_free(&text);
  imap4i_buf_free(&out);
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
  assert_true(n > 4);
  imap4i_buf_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values),        cmocka_unit_test(test_quoted),
      cmocka_unit_test(test_unquoted),      cmocka_unit_test(test_loose),
      cmocka_unit_test(test_continuations), cmocka_unit_test(test_no_continuations),
      cmocka_unit_test(test_charset),       cmocka_unit_test(test_find_encoded),
      cmocka_unit_test(test_many),          cmocka_unit_test(test_maximum),
      cmocka_unit_test(test_find),          cmocka_unit_test(test_no_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
