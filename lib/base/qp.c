/* SPDX-License-Identifier: MIT */
/*
 * Quoted-printable; see qp.h.  Two things cannot be decided when they are read: white space, which is
 * dropped if the line ends after it, and "=", which begins an escape or, with nothing but white space up to
 * the end of the line, a soft line break.  They are held until the octet that decides.
 *
 * Lines that are there as a whole, which is nearly all of them, are decoded without holding anything.  That
 * way stops at whatever is unusual and leaves it to the other.
 */
#include "base/qp.h"

/* Value of a hexadecimal digit, plus 1: faster than imap4i_hex_value(), and text in other scripts has little
 * else. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

/* 0 to 15, or -1. */
static int hex_value(char c) {
  return hex_values[(unsigned char)c] - 1;
}

/* ---- octet by octet ------------------------------------------------------------------------- */

/* Write what was decided to be plain text; false if the room does not suffice. */
static bool send_held(imap4i_qp *qp, imap4i_flow *flow) {
  if (!qp->decided) return true;
  for (; qp->sent < qp->n; qp->sent++) {
    if (flow->room == 0) return false;
    imap4i_flow_put(flow, qp->held[qp->sent]);
  }
  qp->n = 0;
  qp->sent = 0;
  qp->decided = false;
  return true;
}

/* Hold the next octet, or let go of all if it is too much. */
static void hold(imap4i_qp *qp, imap4i_flow *flow) {
  if (qp->n == IMAP4I_QP_HELD) {
    qp->decided = true;
    return;
  }
  qp->held[qp->n++] = flow->in.p[0];
  imap4i_flow_take(flow, 1);
}

/* Nothing is held. */
static void feed_text(imap4i_qp *qp, imap4i_flow *flow) {
  char c = flow->in.p[0];
  bool rest_of_break = qp->after_cr && c == '\n';
  qp->after_cr = false;
  if (rest_of_break) {
    imap4i_flow_take(flow, 1);
    return;
  }
  if (c == '=' || imap4i_is_blank(c)) {
    hold(qp, flow);
    return;
  }
  size_t n = 0, most = imap4i_min(flow->in.n, flow->room);
  while (n < most && flow->in.p[n] != '=' && !imap4i_is_blank(flow->in.p[n]))
    n++;
  imap4i_flow_pass(flow, n);
}

/* White space is held. */
static void feed_blank(imap4i_qp *qp, imap4i_flow *flow) {
  char c = flow->in.p[0];
  if (imap4i_is_blank(c)) {
    hold(qp, flow);
  } else if (c == '\r' || c == '\n') {
    qp->n = 0;
  } else {
    qp->decided = true;
  }
}

/* "=" and perhaps more is held. */
static void feed_escape(imap4i_qp *qp, imap4i_flow *flow) {
  char c = flow->in.p[0];
  int high = qp->n == 2 ? hex_value(qp->held[1]) : -1;
  if (high >= 0) {
    if (hex_value(c) < 0) {
      qp->decided = true;
      return;
    }
    imap4i_flow_put(flow, (char)(unsigned char)(high * 16 + hex_value(c)));
    imap4i_flow_take(flow, 1);
    qp->n = 0;
  } else if (imap4i_is_blank(c) || (qp->n == 1 && hex_value(c) >= 0)) {
    hold(qp, flow);
  } else if (c == '\r' || c == '\n') {
    imap4i_flow_take(flow, 1);
    qp->after_cr = c == '\r';
    qp->n = 0;
  } else {
    qp->decided = true;
  }
}

/* Take |flow->in| octet by octet.  False if the room does not suffice. */
static bool feed_octets(imap4i_qp *state, imap4i_flow *flow) {
  for (;;) {
    if (!send_held(state, flow)) return false;
    if (flow->in.n == 0) return true;
    if (flow->room == 0) return false;
    if (state->n == 0) {
      feed_text(state, flow);
    } else if (state->held[0] == '=') {
      feed_escape(state, flow);
    } else {
      feed_blank(state, flow);
    }
  }
}

/* ---- line by line --------------------------------------------------------------------------- */

static const char *copy(imap4i_flow *flow, const char *from, const char *to) {
  size_t n = (size_t)(to - from);
  memcpy(flow->out, from, n);
  flow->out += n;
  flow->room -= n;
  return to;
}

/* Decode escapes that stand one after the other at |p|; what follows them. */
static const char *feed_escapes(imap4i_flow *flow, const char *p, const char *end) {
  while (end - p >= 3 && *p == '=') {
    int high = hex_value(p[1]), low = hex_value(p[2]);
    if (high < 0 || low < 0) break;
    imap4i_flow_put(flow, (char)(unsigned char)(high * 16 + low));
    p += 3;
  }
  return p;
}

/* Decode a line from |p| to |end|, where |line_end| octets of CR or LF begin.  There is room for all of it.
 * What was taken ends at the result: |end| or the end of the line, or what is not for this function. */
static const char *feed_line(imap4i_flow *flow, const char *p, const char *end, size_t line_end) {
  while (p < end) {
    const char *equals = memchr(p, '=', (size_t)(end - p));
    if (!equals) break;
    const char *after = feed_escapes(flow, copy(flow, p, equals), end);
    if (after == end - 1 && *after == '=') return end + line_end;
    if (after == equals) return equals;
    p = after;
  }
  const char *last = end;
  while (last > p && imap4i_is_blank(last[-1]))
    last--;
  if (end - last >= IMAP4I_QP_HELD) return p;
  copy(flow, p, last);
  return copy(flow, end, end + line_end);
}

/* Nothing is held: whole lines, up to something unusual or the last line end that there is room for. */
static void feed_lines(imap4i_flow *flow) {
  for (;;) {
    const char *p = flow->in.p;
    size_t most = imap4i_min(flow->in.n, flow->room);
    const char *lf = most > 0 ? memchr(p, '\n', most) : NULL;
    if (!lf) return;
    const char *end = lf > p && lf[-1] == '\r' ? lf - 1 : lf;
    if (memchr(p, '\r', (size_t)(end - p))) return;
    const char *to = feed_line(flow, p, end, (size_t)(lf + 1 - end));
    imap4i_flow_take(flow, (size_t)(to - p));
    if (to <= lf) return;
  }
}

/* The rest of the line that |in| begins with. */
static size_t rest_of_line(imap4_str in) {
  const char *lf = memchr(in.p, '\n', in.n);
  return lf ? (size_t)(lf - in.p) + 1 : in.n;
}

bool imap4i_qp_feed(imap4i_qp *state, imap4i_flow *flow) {
  while (flow->in.n > 0) {
    if (state->n == 0 && !state->after_cr) feed_lines(flow);
    if (flow->in.n == 0) break;
    imap4_str rest = imap4i_tail(flow->in, rest_of_line(flow->in));
    flow->in.n -= rest.n;
    bool done = feed_octets(state, flow);
    flow->in.n += rest.n;
    if (!done) return false;
  }
  if (!send_held(state, flow)) return false;
  if (!flow->last || state->n == 0) return true;
  /* The end of the data ends the line: of what is held only half an escape is text. */
  state->decided = state->n == 2 && hex_value(state->held[1]) >= 0;
  if (!state->decided) state->n = 0;
  return send_held(state, flow);
}
