/* SPDX-License-Identifier: MIT */
/*
 * For tests of streaming decoders: the same input, cut at every place, with little and with much room, has
 * to give the same output.  Include after cmocka.h.
 */
#ifndef FLOW_CHECK_H
#define FLOW_CHECK_H

#include <stdlib.h>

#include "base/flow.h"

typedef struct flow_check {
  void (*begin)(void *state);
  bool (*feed)(void *state, imap4i_flow *flow);
  void (*end)(void *state); /* NULL: nothing to do */
  void *state;
  size_t least_room;
} flow_check;

#define FLOW_CHECK_MAX 4096

typedef struct flow_result {
  char p[FLOW_CHECK_MAX];
  size_t n;
} flow_result;

/* One piece of input, through blocks of exactly the size that is promised. */
static inline void flow_check_piece(const flow_check *check, imap4_str piece, bool last, size_t room,
                                    flow_result *result) {
  char *in = malloc(piece.n + 1), *out = malloc(room + 1);
  assert_non_null(in);
  assert_non_null(out);
  in[0] = 0;
  if (piece.n > 0) memcpy(in + 1, piece.p, piece.n);
  imap4i_flow flow = {.in = {in + 1, piece.n}, .last = last};
  bool done = false;
  while (!done) {
    size_t before = flow.in.n;
    flow.out = out;
    flow.room = room;
    done = check->feed(check->state, &flow);
    size_t produced = (size_t)(flow.out - out);
    assert_int_equal(produced + flow.room, room);
    assert_true(done || produced > 0 || flow.in.n < before);
    if (done) assert_int_equal(flow.in.n, 0);
    assert_true(result->n + produced <= FLOW_CHECK_MAX);
    memcpy(result->p + result->n, out, produced);
    result->n += produced;
  }
  free(in);
  free(out);
}

/* |in| with the first cut at |first|, then pieces of |step|. */
static inline void flow_check_run(const flow_check *check, imap4_str in, size_t first, size_t step,
                                  size_t room, bool empty_end, flow_result *result) {
  result->n = 0;
  check->begin(check->state);
  size_t piece = first;
  for (;;) {
    bool end = piece >= in.n;
    flow_check_piece(check, (imap4_str){in.p, imap4i_min(piece, in.n)}, end && !empty_end, room, result);
    if (end) break;
    in = imap4i_tail(in, piece);
    piece = step;
  }
  if (empty_end) flow_check_piece(check, (imap4_str){NULL, 0}, true, room, result);
  if (check->end) check->end(check->state);
}

/* All cuts of |in| give |expected|. */
static inline void flow_check_all(const flow_check *check, imap4_str in, imap4_str expected) {
  static flow_result result;
  size_t rooms[] = {check->least_room, check->least_room + 1, FLOW_CHECK_MAX};
  for (size_t first = 0; first <= in.n; first++) {
    for (size_t i = 0; i < 12; i++) {
      size_t step = i % 2 ? 1 : in.n + 1;
      flow_check_run(check, in, first, step, rooms[i / 2 % 3], i >= 6, &result);
      assert_int_equal(result.n, expected.n);
      if (expected.n > 0) assert_memory_equal(result.p, expected.p, expected.n);
    }
  }
}

#endif
