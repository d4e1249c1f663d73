/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the parser share: one command's text in a block of exactly its size, an allocator that
 * can fail, and checks of refusals.
 */
#ifndef PARSE_TEST_H
#define PARSE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "memory_check.h"
#include "wire/parse_base.h"

typedef struct parse_case {
  memory_check memory;
  imap4i_arena arena;
  imap4_limits limits;
  imap4i_parser parser;
  imap4i_args args;
  char *text;
} parse_case;

static inline void parse_setup(parse_case *c) {
  imap4i_arena_init(&c->arena, memory_check_init(&c->memory));
  c->limits = (imap4_limits){.nesting = 32,
                             .set_ranges = 100,
                             .search_keys = 100,
                             .list_items = 20,
                             .mailbox_octets = 64,
                             .keyword_octets = 32,
                             .section_depth = 10};
}

/* The text ends where its memory does, so that a look behind it is seen. */
static inline void parse_begin(parse_case *c, const void *text, size_t n) {
  c->text = malloc(n > 0 ? n : 1);
  assert_non_null(c->text);
  memcpy(c->text, text, n);
  imap4i_parser_init(&c->parser, imap4i_str(c->text, n), &c->arena, &c->limits, '/');
}

static inline void parse_end(parse_case *c) {
  free(c->text);
  c->text = NULL;
  imap4i_arena_free(&c->arena);
  memory_check_end(&c->memory);
}

static inline int parse_n(parse_case *c, imap4i_parse_function function, const void *text, size_t n) {
  parse_begin(c, text, n);
  return function(&c->parser, &c->args);
}

/* What holds of every refusal. */
static inline void check_refusal(const imap4i_refusal *error) {
  assert_true(error->text.n > 0 && error->text.n <= 200);
  for (size_t i = 0; i < error->text.n; i++) {
    assert_true(error->text.p[i] >= ' ' && error->text.p[i] < 0x7f);
  }
  assert_true(error->text.p[0] != '[');
  assert_true(error->no || error->code.n == 0 || imap4i_eq(error->code, IMAP4I_S("UIDREQUIRED")) ||
              imap4i_eq(error->code, IMAP4I_S("CLIENTBUG")));
}

/* |code| NULL: BAD. */
static inline void check_refused_n(parse_case *c, imap4i_parse_function function, const void *text, size_t n,
                                   const char *code) {
  int status = parse_n(c, function, text, n);
  if (status != IMAP4I_PARSE_REFUSED) print_error("accepted: %.*s\n", (int)n, (const char *)text);
  assert_int_equal(status, IMAP4I_PARSE_REFUSED);
  check_refusal(&c->parser.error);
  if (c->parser.error.no != (code != NULL)) {
    print_error("%.*s: %.*s\n", (int)n, (const char *)text, (int)c->parser.error.text.n,
                c->parser.error.text.p);
  }
  assert_int_equal(c->parser.error.no, code != NULL);
  if (code) assert_true(imap4i_eq(c->parser.error.code, imap4i_str(code, strlen(code))));
  parse_end(c);
}

static inline void check_bad(parse_case *c, imap4i_parse_function function, const char *text) {
  check_refused_n(c, function, text, strlen(text), NULL);
}

static inline void check_no(parse_case *c, imap4i_parse_function function, const char *text,
                            const char *code) {
  check_refused_n(c, function, text, strlen(text), code);
}

static inline void parse_ok(parse_case *c, imap4i_parse_function function, const char *text) {
  int status = parse_n(c, function, text, strlen(text));
  if (status == IMAP4I_PARSE_REFUSED) {
    print_error("%s: %.*s\n", text, (int)c->parser.error.text.n, c->parser.error.text.p);
  }
  assert_int_equal(status, IMAP4_OK);
  assert_ptr_equal(c->parser.p, c->parser.end);
}

static inline void check_ok(parse_case *c, imap4i_parse_function function, const char *text) {
  parse_ok(c, function, text);
  parse_end(c);
}

static inline void check_str(imap4_str s, const char *expected) {
  if (!imap4i_eq(s, imap4i_str(expected, strlen(expected)))) {
    print_error("got \"%.*s\", expected \"%s\"\n", (int)s.n, s.p, expected);
    fail();
  }
}

/* Counts the allocations of a command, then lets memory end at each of them in turn. */
static inline void check_nomem(parse_case *c, imap4i_parse_function function, const char *text) {
  enum { PLENTY = 1000 };
  c->memory.fail_from = PLENTY;
  parse_ok(c, function, text);
  size_t needed = PLENTY - c->memory.fail_from;
  parse_end(c);
  assert_true(needed > 0 && needed < PLENTY);
  for (size_t n = 0; n < needed; n++) {
    c->memory.fail_from = n;
    assert_int_equal(parse_n(c, function, text, strlen(text)), IMAP4_ERR_NOMEM);
    parse_end(c);
  }
  c->memory.fail_from = SIZE_MAX;
}

#endif
