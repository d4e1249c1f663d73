/* SPDX-License-Identifier: MIT */
/* Base64; see base64.h. */
#include "base/base64.h"

#include "imap4/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NO 64
/* clang-format off */
static const uint8_t values[256] = {
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
  52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
  NO,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
  15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
  NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
  41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
  NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
};
/* clang-format on */

static uint8_t value_of(char c) {
  return values[(unsigned char)c];
}

/* Whole groups of four, as long as nothing but line ends disturbs them: nearly all of a body. */
static void feed_groups(imap4i_flow *flow) {
  const char *p = flow->in.p, *end = p + flow->in.n;
  char *out = flow->out, *out_end = out + flow->room;
  while (end - p >= 4 && out_end - out >= 3) {
    uint8_t a = value_of(p[0]), b = value_of(p[1]), c = value_of(p[2]), d = value_of(p[3]);
    if ((a | b | c | d) & NO) {
      if (*p != '\r' && *p != '\n') break;
      p++;
      continue;
    }
    out[0] = (char)(uint8_t)(a << 2 | b >> 4);
    out[1] = (char)(uint8_t)(b << 4 | c >> 2);
    out[2] = (char)(uint8_t)(c << 6 | d);
    p += 4;
    out += 3;
  }
  imap4i_flow_take(flow, (size_t)(p - flow->in.p));
  flow->room -= (size_t)(out - flow->out);
  flow->out = out;
}

bool imap4i_base64_feed(imap4i_base64 *state, imap4i_flow *flow) {
  while (flow->in.n > 0 && !state->ended) {
    if (state->n == 0) feed_groups(flow);
    if (flow->in.n == 0) break;
    char c = flow->in.p[0];
    uint8_t value = value_of(c);
    /* Padding counts where it can stand, after two or three characters of a group; elsewhere it is noise. */
    if (c == '=' && (state->n == 2 || state->n == 4)) state->ended = true;
    if (value != NO) {
      if (state->n >= 2 && flow->room == 0) return false;
      state->bits = (state->bits << 6 | value) & 0xfff;
      state->n = (uint8_t)(state->n + 6);
      if (state->n >= 8) {
        state->n = (uint8_t)(state->n - 8);
        imap4i_flow_put(flow, (char)(state->bits >> state->n & 0xff));
      }
    }
    imap4i_flow_take(flow, 1);
  }
  if (state->ended) imap4i_flow_take(flow, flow->in.n);
  return true;
}

/* Number of padding characters; 3 if |in| cannot be right. */
static size_t padding(imap4_str in) {
  if (in.n % 4 != 0) return 3;
  if (in.n == 0 || in.p[in.n - 1] != '=') return 0;
  return in.p[in.n - 2] == '=' ? 2 : 1;
}

int imap4i_base64_decode(imap4_str in, imap4i_buf *out) {
  size_t pads = padding(in);
  if (pads > 2) return IMAP4_ERR_INVALID;
  if (in.n == 0) return IMAP4_OK;
  size_t n = in.n - pads;
  uint8_t all = 0;
  for (size_t i = 0; i < n; i++)
    all |= value_of(in.p[i]);
  if (all & NO) return IMAP4_ERR_INVALID;
  /* Of the last character the low 2 bits (one pad) or 4 bits (two) stand for nothing. */
  if (value_of(in.p[n - 1]) & (pads == 2 ? 0xf : pads == 1 ? 0x3 : 0)) return IMAP4_ERR_INVALID;
  size_t size = in.n / 4 * 3 - pads;
  imap4i_flow flow = {.in = {in.p, n}, .last = true, .room = size};
  flow.out = imap4i_buf_room(out, size);
  if (!flow.out) return IMAP4_ERR_NOMEM;
  imap4i_base64 state = {0};
  (void)imap4i_base64_feed(&state, &flow);
  imap4i_buf_added(out, size);
  return IMAP4_OK;
}

bool imap4i_base64_encode(imap4_str in, imap4i_buf *out) {
  if (in.n == 0) return true;
  if (in.n > SIZE_MAX / 4 * 3 - 3) return false;
  size_t size = (in.n + 2) / 3 * 4;
  char *to = imap4i_buf_room(out, size);
  if (!to) return false;
  for (size_t i = 0; i < in.n; i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++)
      bits = bits << 8 | (i + k < in.n ? (unsigned char)in.p[i + k] : 0);
    for (int shift = 18; shift >= 0; shift -= 6)
      *to++ = alphabet[bits >> shift & 0x3f];
  }
  if (in.n % 3 != 0) to[-1] = '=';
  if (in.n % 3 == 1) to[-2] = '=';
  imap4i_buf_added(out, size);
  return true;
}
