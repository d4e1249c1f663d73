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
  assert_addresses("a@(c)[b](d)", "(\"d\" NIL \"a\" \"[b]\")");
  assert_addresses("a@b ((c)\r\n  d)", "(\"(c) d\" NIL \"a\" \"b\")");
  assert_addresses("a@b ()", "(NIL NIL \"a\" \"b\")");
  assert_addresses("a@b ( )", "(\"\" NIL \"a\" \"b\")");
  assert_addresses("a (c)", "(\"c\" NIL \"a\" \"\")");
  assert_addresses("\"a\" (c), d", "(\"c\" NIL \"a\" \"\")(NIL NIL \"d\" \"\")");
  /* Before or behind an angle they say nothing. */
  assert_addresses("N (d) <(e) a (f) @ (g) b (h)> (c)", "(\"N\" NIL \"a\" \"b\")");
  assert_addresses("<a@b> (c)", "(NIL NIL \"a\" \"b\")");
}

/* A comment that is never closed spoils what it stands behind. */
static void test_open_comments(void **unused) {
  (void)unused;
  assert_addresses("(", "");
  assert_addresses("(\\", "");
  assert_addresses("a@b (never closed", "(NIL NIL \"a\" \"\")");
  assert_addresses("a@b (ends in \\", "(NIL NIL \"a\" \"\")");
  assert_addresses("a@b (x\\), c@d", "(\"x\" NIL \"a\" \"\")");
  assert_addresses("a@b (x (\\y\r\n z", "(\"x (y\" NIL \"a\" \"\")");
  assert_addresses("a@b (c\\\r\n d)", "(\"c\\\\ d\" NIL \"a\" \"b\")");
  assert_addresses("a (x @b", "(NIL NIL \"\" \"\")");
  assert_addresses("N <a@b> (x", "(\"N\" NIL \"a\" \"\")");
  assert_addresses("a@b, (c", "(NIL NIL \"a\" \"b\")(NIL NIL \"\" \"\")");
  assert_addresses("g: a@b, (c;", "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)");
}

static void test_folding(void **unused) {
  (void)unused;
  assert_addresses("A\r\n  B\r\n\t<a@b>,\r\n c\r\n @\r\n d . e\r\n",
                   "(\"A B\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d.e\")");
  assert_addresses("\"A\r\n B\" <a@b>", "(\"A B\" NIL \"a\" \"b\")");
  assert_addresses("\"A\\\r\n B\" <a@b>", "(\"A\\\\ B\" NIL \"a\" \"b\")");
  assert_addresses("a@[b\r\n c]", "(NIL NIL \"a\" \"[b c]\")");
}

/* White space is part of quoted local parts, of literals and of group names, but only parts words of a name.
 */
static void test_white_space(void **unused) {
  (void)unused;
  assert_addresses("\"a  b\t\"@[c  d]", "(NIL NIL \"a  b\t\" \"[c  d]\")");
  assert_addresses("\" a  b\t\" c <d@e>", "(\"a b c\" NIL \"d\" \"e\")");
  assert_addresses("\"a  b\":;", "(NIL NIL \"a  b\" NIL)(NIL NIL NIL NIL)");
  assert_addresses("\"\" <a@b>", "(NIL NIL \"a\" \"b\")");
  assert_addresses("\" \" <a@b>", "(\"\" NIL \"a\" \"b\")");
}

/* RFC 5322 section 4.4, obs-local-part and obs-domain. */
static void test_obsolete(void **unused) {
  (void)unused;
  assert_addresses("a . b@c . d", "(NIL NIL \"a.b\" \"c.d\")");
  assert_addresses("a.\"b c\" . (x) d @ (y) e", "(\"y\" NIL \"a.b c.d\" \"e\")");
  assert_addresses("N <\"a\".b. c@d>, e", "(\"N\" NIL \"a.b.c\" \"d\")(NIL NIL \"e\" \"\")");
  assert_addresses("\"a\"\"b\"@c", "(\"a b\" NIL \"\" \"\")");
  assert_addresses("J. R. x <a@b>", "(\"J. R. x\" NIL \"a\" \"b\")");
  assert_addresses("\"J\".\"R\"x <a@b>", "(\"J . R x\" NIL \"a\" \"b\")");
  /* Dots where none may be are let through as long as all stands together. */
  assert_addresses("..a..b.@c", "(NIL NIL \"..a..b.\" \"c\")");
  assert_addresses("a .b..@c", "(NIL NIL \"a.b..\" \"c\")");
}

static void test_groups(void **unused) {
  (void)unused;
  assert_addresses("g: a@b, c@d;",
                   "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL NIL NIL)");
  assert_addresses("The Group:;, x@y", "(NIL NIL \"The Group\" NIL)(NIL NIL NIL NIL)(NIL NIL \"x\" \"y\")");
  assert_addresses("g: a@b", "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)");
  assert_addresses("g:", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)");
  assert_addresses(":", "(NIL NIL \"\" NIL)(NIL NIL NIL NIL)");
  assert_addresses("g: , (c) ,;", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)");
  assert_addresses("g:; (c), x", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)(NIL NIL \"x\" \"\")");
  assert_addresses("g:;x@y", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)");
  assert_addresses("g: h: a@b;, c@d", "(NIL NIL \"g\" NIL)(NIL NIL \"h\" \"\")(NIL NIL NIL NIL)");
  assert_addresses("g: a@b c; d@e", "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)");
  assert_addresses("g: );", "(NIL NIL \"g\" NIL)(NIL NIL \"\" \"\")(NIL NIL NIL NIL)");
}

static void test_routes(void **unused) {
  (void)unused;
  assert_addresses("<@a,@b.c:d@e>", "(NIL \"@a,@b.c\" \"d\" \"e\")");
  assert_addresses("< @a , , (x) @[b  c] : d@e>", "(NIL \"@a,@[b  c]\" \"d\" \"e\")");
  assert_addresses("N <@a:d@e>", "(\"N\" \"@a\" \"d\" \"e\")");
  assert_addresses("<@a:>, b", "(NIL \"@a\" \"\" \"\")(NIL NIL \"b\" \"\")");
  assert_addresses("<@a>, b", "(NIL \"INVALID_ROUTE\" \"\" \"\")(NIL NIL \"b\" \"\")");
  assert_addresses("<@a,b:c@d>, e", "(NIL \"INVALID_ROUTE\" \"b\" \"\")");
  assert_addresses("<@a., b@c>", "(NIL \"INVALID_ROUTE\" \"\" \"\")(NIL NIL \"b\" \"c\")");
  assert_addresses("<@a (x", "(NIL \"INVALID_ROUTE\" \"\" \"\")");
}

/* RFC 5322 section 4.4 lets members of a list be empty, but not all of them. */
static void test_empty(void **unused) {
  (void)unused;
  assert_addresses("", "");
  assert_addresses(" (c) ", "");
  assert_addresses(",, a@b, (c) ,, d@e, ,", "(NIL NIL \"a\" \"b\")(NIL NIL \"d\" \"e\")");
  assert_addresses(",", "(NIL NIL \"\" \"\")");
  assert_addresses(", (c) ,", "(NIL NIL \"\" \"\")(NIL NIL \"\" \"\")");
  assert_addresses(",;", "(NIL NIL \"\" \"\")(NIL NIL \"\" \"\")");
  assert_addresses(";", "(NIL NIL \"\" \"\")");
}

/* A name, a local part, a domain: as much as can be seen of them. */
static void test_parts(void **unused) {
  (void)unused;
  assert_addresses("<>", "(NIL NIL \"\" \"\")");
  assert_addresses("N <>", "(\"N\" NIL \"\" \"\")");
  assert_addresses("word", "(NIL NIL \"word\" \"\")");
  assert_addresses("a. ", "(NIL NIL \"\" \"\")");
  assert_addresses("two words, x", "(\"two words\" NIL \"\" \"\")(NIL NIL \"x\" \"\")");
  assert_addresses("a. \"b\" c", "(\"a. b c\" NIL \"\" \"\")");
  assert_addresses("\"one\"", "(\"one\" NIL \"\" \"\")");
  assert_addresses("\"\"", "(\"\" NIL \"\" \"\")");
  assert_addresses("a \"\"", "(NIL NIL \"a\" \"\")");
  assert_addresses(". \"\"", "(\".\" NIL \"\" \"\")");
  assert_addresses("\"\"@b", "(NIL NIL \"\" \"b\")");
  assert_addresses("a@, @b", "(NIL NIL \"a\" \"\")(NIL NIL \"\" \"b\")");
  assert_addresses("a@b., c@d", "(NIL NIL \"a\" \"\")(NIL NIL \"c\" \"d\")");
  assert_addresses("a@b..c", "(NIL NIL \"a\" \"\")");
  assert_addresses("a@[", "(NIL NIL \"a\" \"\")");
  assert_addresses("a@[b[c]", "(NIL NIL \"a\" \"\")");
  assert_addresses("a@[b\\]c]", "(NIL NIL \"a\" \"[b\\\\]c]\")");
  assert_addresses("a.,b", "(NIL NIL \"\" \"\")(NIL NIL \"b\" \"\")");
}

/* Where something other than a comma follows, the list ends. */
static void test_wrong(void **unused) {
  (void)unused;
  assert_addresses("a@b@c, d@e", "(NIL NIL \"a\" \"b\")");
  assert_addresses("a@b; c@d", "(NIL NIL \"a\" \"b\")");
  assert_addresses("a@b c, d@e", "(NIL NIL \"a\" \"b\")");
  assert_addresses("N <a@b> x, d@e", "(\"N\" NIL \"a\" \"b\")");
  assert_addresses("A B@c, d@e", "(\"A B\" NIL \"\" \"\")");
  assert_addresses("N [x] <a@b>", "(NIL NIL \"N\" \"\")");
  assert_addresses(".N <a@b>", "(NIL NIL \".N\" \"\")");
  assert_addresses("a\\@b, c@d", "(NIL NIL \"a\" \"\")");
  assert_addresses(">a@b, c@d", "(NIL NIL \"\" \"\")");
  assert_addresses("a\x01@b", "(NIL NIL \"a\" \"\")");
  assert_addresses("a \"never closed, b@c", "(NIL NIL \"a\" \"\")");
  assert_addresses("a \"never \\closed, b@c", "(\"a never\" NIL \"\" \"\")");
  assert_addresses("\"never closed <b@c>", "(NIL NIL \"\" \"\")");
  assert_addresses("\"a\\", "(NIL NIL \"\" \"\")");
  assert_addresses("\"", "(NIL NIL \"\" \"\")");
  /* Without its > an angle has no domain. */
  assert_addresses("<a@b, c@d", "(NIL NIL \"a\" \"\")(NIL NIL \"c\" \"d\")");
  assert_addresses("<a b@c>, d@e", "(NIL NIL \"a\" \"\")");
  assert_addresses("<a. >, d@e", "(NIL NIL \"\" \"\")");
  assert_addresses("<<a@b>>", "(NIL NIL \"\" \"\")");
  assert_addresses("<mailto:a@b>", "(NIL NIL \"mailto\" \"\")");
  assert_addresses("<\"", "(NIL NIL \"\" \"\")");
  assert_addresses("<", "(NIL NIL \"\" \"\")");
}

/* What no quoted string may hold goes out as a literal, and NUL not at all. */
static void test_octets(void **unused) {
  (void)unused;
  assert_addresses("a\xe9@b\xe9 (c\xe9)", "({2}\r\nc\xe9 NIL {2}\r\na\xe9 {2}\r\nb\xe9)");
  /* CR alone is white space in a name, and an octet like any elsewhere. */
  assert_addresses("\"a\rb\"@[c\rd]", "(NIL NIL {3}\r\na\rb {5}\r\n[c\rd])");
  assert_addresses("\"a\r\r b\r\" <\"\\\"\\\\\"@c>", "(\"a b\" NIL \"\\\"\\\\\" \"c\")");
  assert_addresses("a@b (c\rd)", "(\"c d\" NIL \"a\" \"b\")");
  assert_addresses("\"g\xe9\":;", "(NIL NIL {2}\r\ng\xe9 NIL)(NIL NIL NIL NIL)");
}

/* Every octet is looked at a few times at most, whatever it stands between. */
static void test_long(void **unused) {
  (void)unused;
  static const char *const pieces[] = {"(",  "\"", "a ", "a.", "<",    "@",     ",",
                                       "g:", "a,", "\\", "[",  "(\\)", "a (c) "};
  enum { SIZE = 300000 };
  char *text = malloc(SIZE + 1);
  for (size_t i = 0; i < IMAP4I_COUNT(pieces); i++) {
    memory_check memory;
    imap4i_buf out;
    size_t n = strlen(pieces[i]);
    for (size_t at = 0; at < SIZE; at++)
      text[at] = pieces[i][at % n];
    text[SIZE] = '\0';
    imap4i_mem *mem = memory_check_init(&memory);
    imap4i_buf_init(&out, mem, SIZE_MAX);
    assert_int_equal(put_all(mem, text, &out), IMAP4_OK);
    imap4i_buf_free(&out);
    memory_check_end(&memory);
  }
  free(text);
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
    r = put_all(&memory.mem, "g: \"q\" x <@r:a@b>, c@[d] (e), a.\"b\"@c, d \"e\", <@r>, <a b@c>;", &out);
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

/* RFC 5322 section 4.4: obs-domain-list = *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain]). */
static void test_routes_with_commas(void **unused) {
  (void)unused;
  assert_addresses("<,@a:b@c>", "(NIL \"@a\" \"b\" \"c\")");
  assert_addresses("N < (c) , , @a , (x) , @b,: c@d>, e@f",
                   "(\"N\" \"@a,@b\" \"c\" \"d\")(NIL NIL \"e\" \"f\")");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_routes_with_commas),
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_comments),
      cmocka_unit_test(test_open_comments),
      cmocka_unit_test(test_folding),
      cmocka_unit_test(test_white_space),
      cmocka_unit_test(test_obsolete),
      cmocka_unit_test(test_groups),
      cmocka_unit_test(test_routes),
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_parts),
      cmocka_unit_test(test_wrong),
      cmocka_unit_test(test_octets),
      cmocka_unit_test(test_long),
      cmocka_unit_test(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
