/* SPDX-License-Identifier: MIT */
/*
 * Quoted-printable; see qp.h.  Two things cannot be decided when they are read: white space, which is
 * dropped if the line ends after it, and "=", which begins an escape or, with nothing but white space up to
 * the end of the line, a soft line break.  They are held until the octet that decides.
 */
#include "base/qp.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* 0 to 15, or -1. */
static int hex_value(char c) {
  if (imap4i_is_digit(c)) return c - '0';
  c = imap4i_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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
  if (c == '=' || is_blank(c)) {
    hold(qp, flow);
    return;
  }
  size_t n = 0, most = imap4i_min(flow->in.n, flow->room);
  while (n < most && flow->in.p[n] != '=' && !is_blank(flow->in.p[n]))
    n++;
  imap4i_flow_pass(flow, n);
}

/* White space is held. */
static void feed_blank(imap4i_qp *qp, imap4i_flow *flow) {
  char c = flow->in.p[0];
  if (is_blank(c)) {
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
  } else if (is_blank(c) || (qp->n == 1 && hex_value(c) >= 0)) {
    hold(qp, flow);
  } else if (c == '\r' || c == '\n') {
    imap4i_flow_take(flow, 1);
    qp->after_cr = c == '\r';
    qp->n = 0;
  } else {
    qp->decided = true;
  }
}

bool imap4i_qp_feed(imap4i_qp *state, imap4i_flow *flow) {
  for (;;) {
    if (!send_held(state, flow)) return false;
    if (flow->in.n == 0) break;
    if (flow->room == 0) return false;
    if (state->n == 0) {
      feed_text(state, flow);
    } else if (state->held[0] == '=') {
      feed_escape(state, flow);
    } else {
      feed_blank(state, flow);
    }
  }
  if (!flow->last || state->n == 0) return true;
  /* The end of the data ends the line: of what is held only half an escape is text. */
  state->decided = state->n == 2 && hex_value(state->held[1]) >= 0;
  if (!state->decided) state->n = 0;
  return send_held(state, flow);
}
