/* SPDX-License-Identifier: MIT */
/* Modified UTF-7; see utf7.h. */
#include "base/utf7.h"

#include "base/utf8.h"
#include "imap4/error.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool imap4i_is_name_char(uint32_t cp) {
  if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) return false;
  if (cp == 0x2028 || cp == 0x2029) return false;
  /* Those that Unicode says never are characters (RFC 5198 section 2). */
  if ((cp >= 0xfdd0 && cp <= 0xfdef) || (cp & 0xfffe) == 0xfffe) return false;
  return cp < 0xd800 || (cp > 0xdfff && cp <= 0x10ffff);
}

static bool is_printable(uint32_t cp) {
  return cp >= 0x20 && cp <= 0x7e;
}

static bool put_utf8(imap4i_buf *out, uint32_t cp) {
  char octets[IMAP4I_UTF8_MAX];
  return imap4i_buf_put(out, octets, imap4i_utf8_encode(cp, octets));
}

/* Value of a character of modified base64, or -1. */
static int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (imap4i_is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* A shift to base64 while it is read. */
typedef struct bit_run {
  uint32_t bits; /* the low |n| of it make no UTF-16 unit yet */
  unsigned n;
  uint32_t high; /* first half of a surrogate pair, or 0 */
} bit_run;

/* One UTF-16 unit of a shift. */
static int put_unit(bit_run *run, uint32_t unit, imap4i_buf *out) {
  uint32_t cp = unit;
  bool low = unit >= 0xdc00 && unit <= 0xdfff;
  if (low != (run->high != 0)) return IMAP4_ERR_INVALID;
  if (unit >= 0xd800 && unit <= 0xdbff) {
    run->high = unit;
    return IMAP4_OK;
  }
  if (low) cp = 0x10000 + ((run->high - 0xd800) << 10) + (unit - 0xdc00);
  run->high = 0;
  if (is_printable(cp) || !imap4i_is_name_char(cp)) return IMAP4_ERR_INVALID;
  return put_utf8(out, cp) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* The inside of a shift, without "&" and "-". */
static int decode_shift(imap4_str in, imap4i_buf *out) {
  bit_run run = {0};
  for (size_t i = 0; i < in.n; i++) {
    int value = value_of(in.p[i]);
    if (value < 0) return IMAP4_ERR_INVALID;
    run.bits = run.bits << 6 | (uint32_t)value;
    run.n += 6;
    if (run.n < 16) continue;
    run.n -= 16;
    int status = put_unit(&run, run.bits >> run.n & 0xffff, out);
    if (status != IMAP4_OK) return status;
    run.bits &= (1u << run.n) - 1;
  }
  /* Six bits or more would be a character too many. */
  if (run.high != 0 || run.n >= 6 || run.bits != 0) return IMAP4_ERR_INVALID;
  return IMAP4_OK;
}

static int decode(imap4_str in, imap4i_buf *out) {
  bool after_shift = false;
  size_t at = 0;
  while (at < in.n) {
    char c = in.p[at];
    if (!is_printable((unsigned char)c)) return IMAP4_ERR_INVALID;
    at++;
    if (c != '&') {
      if (!imap4i_buf_putc(out, c)) return IMAP4_ERR_NOMEM;
      after_shift = false;
      continue;
    }
    const char *end = memchr(in.p + at, '-', in.n - at);
    if (!end) return IMAP4_ERR_INVALID;
    imap4_str inside = {in.p + at, (size_t)(end - in.p) - at};
    at += inside.n + 1;
    if (inside.n == 0) {
      if (!imap4i_buf_putc(out, '&')) return IMAP4_ERR_NOMEM;
      after_shift = false;
      continue;
    }
    if (after_shift) return IMAP4_ERR_INVALID;
    int status = decode_shift(inside, out);
    if (status != IMAP4_OK) return status;
    after_shift = true;
  }
  return IMAP4_OK;
}

int imap4i_utf7_decode(imap4_str in, imap4i_buf *out) {
  size_t before = out->n;
  int status = decode(in, out);
  if (status != IMAP4_OK) out->n = before;
  return status;
}

/* Put one UTF-16 unit, or with |end| the bits that are left over, in base64. */
static bool put_bits(bit_run *run, uint32_t unit, bool end, imap4i_buf *out) {
  if (end) {
    if (run->n > 0 && !imap4i_buf_putc(out, alphabet[run->bits << (6 - run->n) & 0x3f])) return false;
    return imap4i_buf_putc(out, '-');
  }
  run->bits = run->bits << 16 | unit;
  run->n += 16;
  while (run->n >= 6) {
    run->n -= 6;
    if (!imap4i_buf_putc(out, alphabet[run->bits >> run->n & 0x3f])) return false;
  }
  run->bits &= (1u << run->n) - 1;
  return true;
}

static bool put_shifted(bit_run *run, uint32_t cp, imap4i_buf *out) {
  if (cp < 0x10000) return put_bits(run, cp, false, out);
  return put_bits(run, 0xd800 + ((cp - 0x10000) >> 10), false, out) &&
         put_bits(run, 0xdc00 + ((cp - 0x10000) & 0x3ff), false, out);
}

static int encode(imap4_str in, imap4i_buf *out) {
  bit_run run = {0};
  bool shifted = false;
  while (in.n > 0) {
    uint32_t cp;
    int length = imap4i_utf8_decode(in, &cp);
    if (length <= 0 || !imap4i_is_name_char(cp)) return IMAP4_ERR_INVALID;
    in = imap4i_tail(in, (size_t)length);
    if (shifted == is_printable(cp)) {
      if (shifted ? !put_bits(&run, 0, true, out) : !imap4i_buf_putc(out, '&')) return IMAP4_ERR_NOMEM;
      shifted = !shifted;
      memset(&run, 0, sizeof run);
    }
    bool ok = shifted     ? put_shifted(&run, cp, out)
              : cp == '&' ? imap4i_buf_put(out, "&-", 2)
                          : imap4i_buf_putc(out, (char)cp);
    if (!ok) return IMAP4_ERR_NOMEM;
  }
  if (shifted && !put_bits(&run, 0, true, out)) return IMAP4_ERR_NOMEM;
  return IMAP4_OK;
}

int imap4i_utf7_encode(imap4_str in, imap4i_buf *out) {
  size_t before = out->n;
  int status = encode(in, out);
  if (status != IMAP4_OK) out->n = before;
  return status;
}
