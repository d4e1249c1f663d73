/* SPDX-License-Identifier: MIT */
/* The parser as a whole: mutated commands, always the same ones, keep its promises. */
#include "parse_test.h"

#include "../../fuzz/parse_any.h"

static const char *const seeds[] = {
    "a1 NOOP",
    "a1 LOGIN \"user\" {4+}\r\npass",
    "a1 SELECT inbox/&AOk-",
    "a1 CREATE \"a/b/\"",
    "a1 RENAME a \"b c\"",
    "a1 LIST \"\" \"inbox/%\"",
    "a1 STATUS x (MESSAGES UNSEEN UIDNEXT)",
    "a1 UID FETCH 1:*,5 (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (To \"a b\")]<0.5> RFC822.SIZE)",
    "a1 FETCH 1 (BODY[] BODY[TEXT] RFC822 UID)",
    "a1 STORE 1,2 +FLAGS.SILENT (\\Seen $Kw)",
    "a1 COPY 2:4 &U,BTFw-",
    "a1 UID EXPUNGE 1:4294967295",
    "a1 SEARCH CHARSET UTF-8 OR (NEW 1:2) NOT (HEADER a {1}\r\nx SINCE \"1-Feb-1994\") KEYWORD b",
    "a1 SEARCH CHARSET ISO-8859-1 BODY \"\xE9\" LARGER 5",
    "a1 ENABLE CONDSTORE UTF8=ACCEPT",
    "a1 ID (\"name\" \"x\" \"os\" NIL)",
    "a1 APPEND {5}\r\nINBOX (\\Seen a) \"17-Jul-1996 02:44:25 -0700\" {310+}",
    "a1 AUTHENTICATE PLAIN AGEAYg==",
    "a1 MORE (\\Flagged) {12}",
};

static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static size_t mutate(uint32_t *random, char *text, size_t n) {
  static const char specials[] = " \"\\(){}[]<>*%&,:.+-~\r\n\0\x7f\xC3\xA9\xFF"
                                 "019aA/";
  size_t at = next_random(random) % (n + 1);
  switch (next_random(random) % 4) {
  case 0: /* another octet */
    if (at < n) text[at] = specials[next_random(random) % (sizeof(specials) - 1)];
    return n;
  case 1: /* one more */
    memmove(text + at + 1, text + at, n - at);
    text[at] = specials[next_random(random) % (sizeof(specials) - 1)];
    return n + 1;
  case 2: /* some fewer */
    if (at < n) {
      size_t gone = imap4i_min(n - at, next_random(random) % 4 + 1);
      memmove(text + at, text + at + gone, n - at - gone);
      n -= gone;
    }
    return n;
  default: { /* a piece twice */
    size_t piece = imap4i_min(n - at, next_random(random) % 10);
    memmove(text + at + piece, text + at, n - at);
    return n + piece;
  }
  }
}

static void test_seeds(void **state) {
  (void)state;
  parse_case c;
  parse_setup(&c);
  for (size_t i = 0; i < IMAP4I_COUNT(seeds); i++) {
    parse_begin(&c, seeds[i], strlen(seeds[i]));
    bool taken = parse_any(&c.parser);
    if (!taken) print_error("%s: %.*s\n", seeds[i], (int)c.parser.error.text.n, c.parser.error.text.p);
    assert_true(taken);
    parse_end(&c);
  }
}

static void test_mutations(void **state) {
  (void)state;
  uint32_t random = 20031; /* any will do; the same each time */
  size_t taken = 0;
  enum { ROUNDS = 40000 };
  parse_case c;
  parse_setup(&c);
  for (int round = 0; round < ROUNDS; round++) {
    char text[400];
    const char *seed = seeds[next_random(&random) % IMAP4I_COUNT(seeds)];
    size_t n = strlen(seed);
    memcpy(text, seed, n);
    for (uint32_t times = next_random(&random) % 4 + 1; times > 0; times--) {
      n = mutate(&random, text, n);
    }
    c.memory.fail_from = round % 8 == 0 ? next_random(&random) % 8 : SIZE_MAX;
    parse_begin(&c, text, n);
    taken += parse_any(&c.parser);
    parse_end(&c);
  }
  /* Neither all nor none: the loop sees both ways. */
  assert_true(taken > ROUNDS / 100 && taken < ROUNDS / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_seeds),
      cmocka_unit_test(test_mutations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
