/* SPDX-License-Identifier: MIT */
/* Three-valued logic against an evaluator that tries all values of what is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/error.h"
#include "search/criteria.h"

#define KEYS_MAX 64

static uint32_t random_state;

static uint32_t random_below(uint32_t n) {
  random_state = random_state * 1664525u + 1013904223u;
  return (random_state >> 8) % n;
}

typedef struct tree {
  imap4i_key keys[KEYS_MAX];
  size_t count;
} tree;

/* A random expression in postfix order. */
static void make_tree(tree *t, size_t leaves) {
  size_t open = 0;
  memset(t, 0, sizeof *t);
  while (leaves > 0 || open > 1 || t->count == 0) {
    imap4i_key *key = &t->keys[t->count];
    uint32_t choice = random_below(8);
    if (leaves > 0 && (open < 2 || choice < 4)) {
      key->kind = IMAP4I_KEY_TEXT;
      leaves--;
      open++;
    } else if (open > 1 && choice >= 5 && choice < 7) {
      key->kind = IMAP4I_KEY_OR;
      open--;
    } else if (open > 1 && choice == 7) {
      key->kind = IMAP4I_KEY_AND;
      key->operands = 1 + random_below((uint32_t)open);
      open -= key->operands - 1;
    } else if (t->count + 2 * leaves + open < KEYS_MAX - 8) {
      key->kind = IMAP4I_KEY_NOT;
    } else {
      key->kind = IMAP4I_KEY_AND;
      key->operands = (uint32_t)open;
      open = 1;
    }
    t->count++;
  }
}

/* The value of keys |*end| - 1 and below as one expression, all keys known. */
static bool naive(const tree *t, const bool *leaves, size_t *end) {
  size_t i = --*end;
  const imap4i_key *key = &t->keys[i];
  if (key->kind == IMAP4I_KEY_NOT) return !naive(t, leaves, end);
  if (key->kind > IMAP4I_KEY_NOT) return leaves[i];
  bool is_or = key->kind == IMAP4I_KEY_OR;
  bool value = !is_or;
  for (uint32_t n = is_or ? 2 : key->operands; n > 0; n--) {
    bool operand = naive(t, leaves, end);
    value = is_or ? value || operand : value && operand;
  }
  return value;
}

static void init(imap4i_criteria *criteria, imap4i_mem *mem, tree *t) {
  imap4i_search_args args = {.keys = t->keys, .count = t->count};
  assert_int_equal(imap4i_criteria_init(criteria, mem, &args), IMAP4_OK);
  memset(criteria->values, IMAP4I_UNKNOWN, t->count);
}

static void test_random_trees(void **state) {
  (void)state;
  random_state = 4711;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  for (int round = 0; round < 3000; round++) {
    tree t;
    imap4i_criteria criteria;
    bool leaves[KEYS_MAX] = {false};
    make_tree(&t, 1 + random_below(12));
    init(&criteria, &mem, &t);
    for (size_t i = 0; i < t.count; i++)
      leaves[i] = random_below(2) == 1;
    size_t end = t.count;
    uint8_t expected = naive(&t, leaves, &end) ? IMAP4I_TRUE : IMAP4I_FALSE;
    assert_int_equal(end, 0);
    /* Tell values of wanted keys only, in random order: nothing may become less known, and the end is right.
     */
    uint8_t value;
    while ((value = imap4i_criteria_decide(&criteria)) == IMAP4I_UNKNOWN) {
      size_t wanted[KEYS_MAX], n = 0;
      for (size_t i = 0; i < t.count; i++) {
        if (criteria.wanted[i] && !imap4i_key_is_operator(&t.keys[i])) wanted[n++] = i;
      }
      assert_true(n > 0);
      size_t pick = wanted[random_below((uint32_t)n)];
      criteria.values[pick] = leaves[pick] ? IMAP4I_TRUE : IMAP4I_FALSE;
    }
    assert_int_equal(value, expected);
    imap4i_criteria_free(&criteria);
  }
  assert_int_equal(mem.used, 0);
}

/* A key that is not wanted can take any value without changing the whole; checked by trying both. */
static void test_not_wanted_is_without_effect(void **state) {
  (void)state;
  random_state = 99;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  for (int round = 0; round < 3000; round++) {
    tree t;
    imap4i_criteria criteria;
    make_tree(&t, 1 + random_below(10));
    init(&criteria, &mem, &t);
    for (size_t i = 0; i < t.count; i++) {
      if (!imap4i_key_is_operator(&t.keys[i])) criteria.values[i] = (uint8_t)random_below(3);
    }
    uint8_t value = imap4i_criteria_decide(&criteria);
    uint8_t wanted[KEYS_MAX];
    memcpy(wanted, criteria.wanted, t.count);
    for (size_t i = 0; i < t.count; i++) {
      if (imap4i_key_is_operator(&t.keys[i]) || criteria.values[i] != IMAP4I_UNKNOWN || wanted[i]) continue;
      for (uint8_t v = IMAP4I_FALSE; v <= IMAP4I_TRUE; v++) {
        criteria.values[i] = v;
        assert_int_equal(imap4i_criteria_decide(&criteria), value);
      }
      criteria.values[i] = IMAP4I_UNKNOWN;
    }
    imap4i_criteria_free(&criteria);
  }
}

static void test_shapes(void **state) {
  (void)state;
  imap4i_mem mem;
  imap4i_mem_init(&mem, imap4i_default_resize, NULL, UINT64_MAX);
  tree t = {.keys = {{.kind = IMAP4I_KEY_AND, .operands = 0}}, .count = 1};
  imap4i_criteria criteria;
  init(&criteria, &mem, &t);
  assert_int_equal(imap4i_criteria_decide(&criteria), IMAP4I_TRUE);
  imap4i_criteria_free(&criteria);
  static const imap4i_key bad[][3] = {
      {{.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_OR}, {.kind = IMAP4I_KEY_NOT}},
      {{.kind = IMAP4I_KEY_NOT}, {.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_NOT}},
      {{.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_NOT}},
      {{.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_AND, .operands = 3}},
      {{.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_ALL}, {.kind = IMAP4I_KEY_AND, .operands = UINT32_MAX}},
  };
  for (size_t i = 0; i < IMAP4I_COUNT(bad); i++) {
    memcpy(t.keys, bad[i], sizeof bad[i]);
    assert_int_equal(imap4i_criteria_init(&criteria, &mem, &(imap4i_search_args){.keys = t.keys, .count = 3}),
                     IMAP4_ERR_INVALID);
  }
  assert_int_equal(imap4i_criteria_init(&criteria, &mem, &(imap4i_search_args){.keys = t.keys, .count = 0}),
                   IMAP4_ERR_INVALID);
  assert_int_equal(mem.used, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_trees),
      cmocka_unit_test(test_not_wanted_is_without_effect),
      cmocka_unit_test(test_shapes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
