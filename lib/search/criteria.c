/* SPDX-License-Identifier: MIT */
/* Three-valued logic over keys in postfix order; see criteria.h. */
#include "search/criteria.h"

#include "imap4/error.h"

static size_t operands_of(const imap4i_key *key) {
  switch (key->kind) {
  case IMAP4I_KEY_AND:
    return key->operands;
  case IMAP4I_KEY_OR:
    return 2;
  case IMAP4I_KEY_NOT:
    return 1;
  default:
    return 0;
  }
}

size_t imap4i_criteria_first(const imap4i_key *keys, size_t at) {
  size_t need = operands_of(&keys[at]);
  while (need > 0)
    need += operands_of(&keys[--at]) - 1;
  return at;
}

/* Find each key's operator.  |stack| has room for all keys; at any time it holds the roots of the finished
 * expressions. */
static bool link_parents(imap4i_criteria *criteria, uint32_t *stack) {
  size_t depth = 0;
  for (size_t i = 0; i < criteria->count; i++) {
    size_t operands = operands_of(&criteria->keys[i]);
    if (operands > depth) return false;
    while (operands > 0) {
      criteria->parents[stack[--depth]] = (uint32_t)i;
      operands--;
    }
    stack[depth++] = (uint32_t)i;
  }
  if (depth != 1) return false;
  criteria->parents[criteria->count - 1] = (uint32_t)(criteria->count - 1);
  return true;
}

int imap4i_criteria_init(imap4i_criteria *criteria, imap4i_mem *mem, const imap4i_search_args *args) {
  *criteria = (imap4i_criteria){.mem = mem, .keys = args->keys, .count = args->count};
  if (args->count == 0 || args->count > UINT32_MAX / sizeof(uint32_t)) return IMAP4_ERR_INVALID;
  criteria->parents = imap4i_calloc(mem, args->count * sizeof(uint32_t));
  criteria->values = imap4i_calloc(mem, args->count);
  criteria->wanted = imap4i_calloc(mem, args->count);
  uint32_t *stack = imap4i_calloc(mem, args->count * sizeof(uint32_t));
  bool ok = criteria->parents && criteria->values && criteria->wanted && stack;
  int status = ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
  if (ok && !link_parents(criteria, stack)) status = IMAP4_ERR_INVALID;
  imap4i_free(mem, stack, args->count * sizeof(uint32_t));
  if (status != IMAP4_OK) imap4i_criteria_free(criteria);
  return status;
}

void imap4i_criteria_free(imap4i_criteria *criteria) {
  imap4i_free(criteria->mem, criteria->parents, criteria->count * sizeof(uint32_t));
  imap4i_free(criteria->mem, criteria->values, criteria->count);
  imap4i_free(criteria->mem, criteria->wanted, criteria->count);
  *criteria = (imap4i_criteria){0};
}

/* What an operator is while none of its operands is known: an AND of nothing is true. */
static uint8_t neutral(const imap4i_key *key) {
  return key->kind == IMAP4I_KEY_OR ? IMAP4I_FALSE : IMAP4I_TRUE;
}

/* |value| of an operator after an operand with |operand|. */
static uint8_t combine(uint8_t kind, uint8_t value, uint8_t operand) {
  if (kind == IMAP4I_KEY_NOT) {
    if (operand == IMAP4I_UNKNOWN) return IMAP4I_UNKNOWN;
    return operand == IMAP4I_TRUE ? IMAP4I_FALSE : IMAP4I_TRUE;
  }
  uint8_t strong = kind == IMAP4I_KEY_OR ? IMAP4I_TRUE : IMAP4I_FALSE;
  if (value == strong || operand == strong) return strong;
  return value == IMAP4I_UNKNOWN || operand == IMAP4I_UNKNOWN ? IMAP4I_UNKNOWN : value;
}

uint8_t imap4i_criteria_decide(imap4i_criteria *criteria) {
  size_t last = criteria->count - 1;
  for (size_t i = 0; i <= last; i++) {
    if (imap4i_key_is_operator(&criteria->keys[i])) criteria->values[i] = neutral(&criteria->keys[i]);
  }
  /* Operands precede their operator, so that each value is final when it is passed up. */
  for (size_t i = 0; i < last; i++) {
    uint32_t parent = criteria->parents[i];
    criteria->values[parent] =
        combine(criteria->keys[parent].kind, criteria->values[parent], criteria->values[i]);
  }
  /* What lies below a known operator is of no interest any more. */
  criteria->wanted[last] = criteria->values[last] == IMAP4I_UNKNOWN;
  for (size_t i = last; i-- > 0;) {
    criteria->wanted[i] = criteria->values[i] == IMAP4I_UNKNOWN && criteria->wanted[criteria->parents[i]];
  }
  return criteria->values[last];
}
