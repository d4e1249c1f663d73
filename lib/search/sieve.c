/* SPDX-License-Identifier: MIT */
/*
 * The sieve; see sieve.h.  A block of octets is looked at as a whole: all loops over a block are of fixed
 * length and without branches, so that compilers make vectors of them.  Only where something is in a block is
 * it looked at octet by octet.
 */
#include "search/sieve.h"

#define BLOCK 64

/* ---- the run -------------------------------------------------------------------------------- */

/* A colon is left out: in a header what stands around it changes. */
static bool is_mark(char c) {
  return c > ' ' && c < 0x7f && c != ':';
}

/* Octets are taken for independent of each other, but for Q, which hardly ever stands without U. */
static size_t pair_rarity(imap4_str needle, size_t at, size_t (*rarity)(char c)) {
  size_t a = rarity(needle.p[at]), b = rarity(needle.p[at + 1]);
  return needle.p[at] == 'Q' && needle.p[at + 1] == 'U' ? b : a + b;
}

/* The rarest two neighbours of |needle|; if there are none, a character.  False if there is none either. */
static bool choose(imap4_str needle, size_t (*rarity)(char c), size_t *at, uint8_t *gap) {
  size_t best = 0;
  bool found = false;
  *gap = 0;
  for (size_t i = 0; i < needle.n; i++) {
    if (!is_mark(needle.p[i])) continue;
    bool pair = i + 1 < needle.n && is_mark(needle.p[i + 1]);
    if (found && (!pair || (*gap == 1 && pair_rarity(needle, i, rarity) <= best))) continue;
    *at = i;
    *gap = pair;
    best = pair ? pair_rarity(needle, i, rarity) : 0;
    found = true;
  }
  return found;
}

static void set_run(imap4i_sieve *sieve, imap4_str needle, size_t at) {
  size_t begin = at, end = at + 1;
  while (end < needle.n && end - at < IMAP4I_SIEVE_RUN / 2 && is_mark(needle.p[end]))
    end++;
  while (begin > 0 && end - begin < IMAP4I_SIEVE_RUN && is_mark(needle.p[begin - 1]))
    begin--;
  sieve->length = (uint8_t)(end - begin);
  sieve->pair = (uint8_t)(at - begin);
  memcpy(sieve->run, needle.p + begin, sieve->length);
  for (size_t i = 0; i < 2; i++) {
    char c = sieve->run[sieve->pair + (i > 0 ? sieve->gap : 0)];
    sieve->masks[i] = imap4i_is_alpha(c) ? 0x20 : 0;
    sieve->marks[i] = (uint8_t)((unsigned char)c | sieve->masks[i]);
  }
}

void imap4i_sieve_init(imap4i_sieve *sieve, imap4_str needle, size_t (*rarity)(char c)) {
  size_t at;
  /* No octet of ASCII is 0xff: this pair is nowhere. */
  *sieve = (imap4i_sieve){.blind = true, .marks = {0xff, 0xff}};
  for (size_t i = 0; i < needle.n; i++) {
    if ((unsigned char)needle.p[i] > 0x7f) sieve->blind = false;
    if (needle.p[i] == '\r' || needle.p[i] == '\n') sieve->crosses = true;
  }
  if (!choose(needle, rarity, &at, &sieve->gap)) return;
  sieve->blind = false;
  set_run(sieve, needle, at);
}

/* ---- looking -------------------------------------------------------------------------------- */

/* The run is in |text| around the pair at |at|. */
static bool has_run(const imap4i_sieve *sieve, imap4_str text, size_t at) {
  if (at < sieve->pair || text.n - (at - sieve->pair) < sieve->length) return false;
  const char *p = text.p + (at - sieve->pair);
  for (size_t i = 0; i < sieve->length; i++) {
    if (imap4i_upper(p[i]) != sieve->run[i]) return false;
  }
  return true;
}

/* What ends the quiet beginning of |text| between |from| and |to|, octet by octet; |text.n| if nothing. */
static size_t look_closely(const imap4i_sieve *sieve, imap4_str text, size_t from, size_t to, bool header) {
  for (size_t i = from; i < to; i++) {
    uint8_t c = (uint8_t)text.p[i];
    if (c > 0x7f) return i;
    if (header && (c == 0 || (c == '=' && i + 1 < text.n && text.p[i + 1] == '?'))) return i;
    if ((c | sieve->masks[0]) == sieve->marks[0] && has_run(sieve, text, i)) return i - sieve->pair;
  }
  return text.n;
}

static uint8_t smaller(uint8_t a, uint8_t b) {
  return a < b ? a : b;
}

/* Whether there is an octet above 0x7f, or the pair, in the block at |p| or with its second octet after it.
 * A difference is 0 where both octets of the pair stand: the least of all tells whether that is anywhere. */
static bool body_block(const imap4i_sieve *sieve, const uint8_t *p) {
  uint8_t mask0 = sieve->masks[0], mask1 = sieve->masks[1];
  uint8_t mark0 = sieve->marks[0], mark1 = sieve->marks[1];
  const uint8_t *q = p + sieve->gap;
  uint8_t all = 0, least = 0xff;
  for (size_t i = 0; i < BLOCK; i++) {
    uint8_t pair = (uint8_t)(((p[i] | mask0) ^ mark0) | ((q[i] | mask1) ^ mark1));
    least = smaller(least, pair);
    all |= p[i];
  }
  return all > 0x7f || least == 0;
}

/* Whether there is any of these, or NUL or "=?". */
static bool header_block(const imap4i_sieve *sieve, const uint8_t *p) {
  uint8_t mask0 = sieve->masks[0], mask1 = sieve->masks[1];
  uint8_t mark0 = sieve->marks[0], mark1 = sieve->marks[1];
  const uint8_t *q = p + sieve->gap, *next = p + 1;
  uint8_t all = 0, least = 0xff;
  for (size_t i = 0; i < BLOCK; i++) {
    uint8_t pair = (uint8_t)(((p[i] | mask0) ^ mark0) | ((q[i] | mask1) ^ mark1));
    uint8_t word = (uint8_t)((p[i] ^ '=') | (next[i] ^ '?'));
    least = smaller(least, smaller(smaller(pair, word), p[i]));
    all |= p[i];
  }
  return all > 0x7f || least == 0;
}

static size_t look(const imap4i_sieve *sieve, imap4_str text, bool header) {
  const uint8_t *p = (const uint8_t *)text.p;
  if (text.n <= BLOCK) return look_closely(sieve, text, 0, text.n, header);
  for (size_t i = 0; i + 1 < text.n; i += BLOCK) {
    if (text.n - i <= BLOCK) i = text.n - BLOCK - 1; /* the last block shares octets with the one before */
    if (!(header ? header_block(sieve, p + i) : body_block(sieve, p + i))) continue;
    size_t at = look_closely(sieve, text, i, i + BLOCK, header);
    if (at < text.n) return at;
  }
  return look_closely(sieve, text, text.n - 1, text.n, header);
}

size_t imap4i_sieve_body(const imap4i_sieve *sieve, imap4_str text) {
  return sieve->blind ? 0 : look(sieve, text, false);
}

size_t imap4i_sieve_header(const imap4i_sieve *sieve, imap4_str text) {
  return sieve->blind ? 0 : look(sieve, text, true);
}
