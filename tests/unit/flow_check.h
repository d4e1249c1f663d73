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

static inline uint32_t flow_check_below(uint32_t *state, uint32_t n) {
  *state = *state * 1664525u + 1013904223u;
  return (*state >> 8) % n;
}

/* Texts made of |pieces| at random: octet by octet and in large pieces, they give the same.  What octets give
 * one by one is for other tests to say. */
static inline void flow_check_random(const flow_check *check, const imap4_str *pieces, size_t piece_count,
                                     size_t rounds) {
  static flow_result expected, result;
  static char in[FLOW_CHECK_MAX / 8];
  uint32_t state = 20240301;
  for (size_t round = 0; round < rounds; round++) {
    size_t n = 0, most = 1 + flow_check_below(&state, round % 4 ? 100 : sizeof in);
    while (n < most) {
      imap4_str piece = pieces[flow_check_below(&state, (uint32_t)piece_count)];
      piece.n = imap4i_min(piece.n, most - n);
      memcpy(in + n, piece.p, piece.n);
      n += piece.n;
    }
    flow_check_run(check, imap4i_str(in, n), 1, 1, check->least_room, true, &expected);
    for (size_t i = 0; i < 6; i++) {
      size_t first = i == 0 ? n : flow_check_below(&state, (uint32_t)n + 1);
      size_t step = 1 + flow_check_below(&state, i % 2 ? 20 : (uint32_t)n);
      size_t room = i % 3 == 0 ? FLOW_CHECK_MAX : check->least_room + flow_check_below(&state, 200);
      flow_check_run(check, imap4i_str(in, n), first, step, room, i % 2, &result);
      assert_int_equal(result.n, expected.n);
      assert_memory_equal(result.p, expected.p, expected.n);
    }
  }
}

#endif
