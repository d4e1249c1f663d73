/* SPDX-License-Identifier: MIT */
/* Case folding; see casefold.h.  The table comes from casefold.py. */
#include "base/casefold.h"

#include "base/casefold_table.h"

/* Hangul syllables and the conjoining jamo of which they are composed (The Unicode Standard, 3.12). */
#define S_BASE 0xAC00u
#define S_COUNT 11172u
#define L_BASE 0x1100u
#define V_BASE 0x1161u
#define T_BASE 0x11A7u
#define V_COUNT 21u
#define T_COUNT 28u

static size_t fold_hangul(uint32_t index, uint32_t *out) {
  out[0] = L_BASE + index / (V_COUNT * T_COUNT);
  out[1] = V_BASE + index / T_COUNT % V_COUNT;
  out[2] = T_BASE + index % T_COUNT;
  return index % T_COUNT == 0 ? 2 : 3;
}

static uint16_t entry_of(uint32_t cp) {
  if (cp >= IMAP4I_CASEFOLD_LIMIT) return 0;
  size_t block = imap4i_casefold_blocks[cp >> IMAP4I_CASEFOLD_BLOCK_BITS];
  size_t place = cp & ((1u << IMAP4I_CASEFOLD_BLOCK_BITS) - 1);
  return imap4i_casefold_entries[(block << IMAP4I_CASEFOLD_BLOCK_BITS) + place];
}

size_t imap4i_casefold(uint32_t cp, uint32_t out[IMAP4I_CASEFOLD_MAX]) {
  if (cp - S_BASE < S_COUNT) return fold_hangul(cp - S_BASE, out);
  uint16_t entry = entry_of(cp);
  if (entry == 0) {
    out[0] = cp;
    return 1;
  }
  const uint16_t *unit = imap4i_casefold_units + (entry & ((1u << IMAP4I_CASEFOLD_OFFSET_BITS) - 1));
  size_t units = entry >> IMAP4I_CASEFOLD_OFFSET_BITS;
  if (units == 0) units = *unit++;
  size_t n = 0;
  for (size_t i = 0; i < units; i++) {
    uint32_t value = unit[i];
    if (value - 0xd800u < 0x400) { /* the table has surrogates in pairs only */
      value = 0x10000 + ((value - 0xd800u) << 10) + (unit[++i] - 0xdc00u);
    }
    out[n++] = value;
  }
  return n;
}

/* Octets that are folded at once.  Loops over a block have no branches, so that compilers make vectors. */
#define BLOCK 32

static bool block_is_ascii(const char *in) {
  unsigned char all = 0;
  for (size_t i = 0; i < BLOCK; i++)
    all |= (unsigned char)in[i];
  return all < 0x80;
}

static void fold_block(const char *restrict in, char *restrict out) {
  for (size_t i = 0; i < BLOCK; i++) {
    unsigned char c = (unsigned char)in[i];
    out[i] = (char)(c ^ ((unsigned char)(c - 'a') < 26 ? 0x20 : 0));
  }
}

/* Beginning of |in| that is ASCII, for which titlecase is all there is to do. */
static void feed_ascii(imap4i_flow *flow) {
  size_t n = 0, most = imap4i_min(flow->in.n, flow->room);
  const char *in = flow->in.p;
  char *out = flow->out;
  for (; most - n >= BLOCK && block_is_ascii(in + n); n += BLOCK)
    fold_block(in + n, out + n);
  while (n < most && (unsigned char)in[n] < 0x80) {
    out[n] = imap4i_upper(in[n]);
    n++;
  }
  flow->out += n;
  flow->room -= n;
  imap4i_flow_take(flow, n);
}

/* The character above U+007F at |p|, or U+FFFD for octets that are none, as imap4i_utf8_decode() has it.
 * Returns its length; 0: it has four octets, which is for others.  Four octets can be read. */
static size_t simple_character(const unsigned char *p, uint32_t *cp) {
  *cp = IMAP4I_REPLACEMENT;
  if (p[0] < 0xc2 || p[0] > 0xf4) return 1;
  if (p[0] >= 0xf0) return 0;
  if ((p[1] & 0xc0) != 0x80) return 1;
  if (p[0] < 0xe0) {
    *cp = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    return 2;
  }
  uint32_t high = (p[0] & 0xfu) << 6 | (p[1] & 0x3fu);
  if (high < 0x800 >> 6 || (high >= 0xd800 >> 6 && high <= 0xdfff >> 6)) return 1;
  if ((p[2] & 0xc0) != 0x80) return 2;
  *cp = high << 6 | (p[2] & 0x3fu);
  return 3;
}

/* Fold |cp|, which is |length| octets at |p|, to |out|; where the next octet goes.  As of |p|, four octets
 * can be written in any case. */
static char *fold_character(uint32_t cp, const char *p, size_t length, char *out) {
  uint32_t folded[IMAP4I_CASEFOLD_MAX];
  if (cp == IMAP4I_REPLACEMENT) return out + imap4i_utf8_encode(cp, out);
  if (entry_of(cp) == 0 && cp - S_BASE >= S_COUNT) {
    memcpy(out, p, 4); /* of a fixed length: it is one instruction */
    return out + length;
  }
  size_t n = imap4i_casefold(cp, folded);
  for (size_t i = 0; i < n; i++)
    out += imap4i_utf8_encode(folded[i], out);
  return out;
}

/* Beginning of |in| that is neither ASCII nor characters of four octets. */
static void feed_simple(imap4i_flow *flow) {
  const char *in = flow->in.p, *end = in + flow->in.n;
  char *out = flow->out, *out_end = out + flow->room;
  uint32_t cp;
  while (end - in >= 4 && out_end - out >= IMAP4I_FLOW_ROOM && (unsigned char)*in >= 0x80) {
    size_t length = simple_character((const unsigned char *)in, &cp);
    if (length == 0) break;
    out = fold_character(cp, in, length, out);
    in += length;
  }
  imap4i_flow_take(flow, (size_t)(in - flow->in.p));
  flow->room -= (size_t)(out - flow->out);
  flow->out = out;
}

bool imap4i_fold_feed(imap4i_fold *state, imap4i_flow *flow) {
  for (;;) {
    uint32_t cp, folded[IMAP4I_CASEFOLD_MAX];
    if (state->cut.n == 0 && flow->room > 0) feed_ascii(flow);
    if (state->cut.n == 0 && flow->in.n >= 4) feed_simple(flow);
    if (state->cut.n == 0 && flow->room > 0 && flow->in.n > 0 && (unsigned char)*flow->in.p < 0x80) continue;
    if (flow->in.n == 0 && (!flow->last || state->cut.n == 0)) return true;
    if (flow->room < IMAP4I_FLOW_ROOM) return false;
    if (!imap4i_utf8_next(&state->cut, &flow->in, flow->last, &cp)) return true;
    size_t n = imap4i_casefold(cp, folded);
    for (size_t i = 0; i < n; i++)
      imap4i_utf8_put(flow, folded[i]);
  }
}

bool imap4i_fold_str(imap4_str in, imap4i_buf *out) {
  imap4i_fold state = {0};
  imap4i_flow flow = {.in = in, .last = true};
  size_t before = out->n;
  bool done;
  do {
    size_t room = flow.in.n + IMAP4I_FLOW_ROOM;
    flow.out = imap4i_buf_room(out, room);
    if (!flow.out) {
      out->n = before;
      return false;
    }
    flow.room = room;
    done = imap4i_fold_feed(&state, &flow);
    imap4i_buf_added(out, room - flow.room);
  } while (!done);
  return true;
}
