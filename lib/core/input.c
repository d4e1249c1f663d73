/* SPDX-License-Identifier: MIT */
/*
 * Input: finds the end of commands, lines and literals, at any cut.  It decides nothing about their meaning
 * but this: whether a literal is worth being taken.  A literal that is refused is either never sent by the
 * client (synchronising) or read and dropped, so the session stays in step.
 */
#include "core/dispatch.h"
#include "core/session.h"

/* Octets of a message that are gathered before the store gets them. */
#define STREAM_CHUNK 16384
/* Of a refused command, enough is kept to answer with its tag, and of each line enough to see a literal. */
#define KEEP_START 512
#define KEEP_TAIL 48

static void refuse(imap4i_input *in, bool no, imap4_str code, imap4_str text) {
  in->refusal = (imap4i_refusal){.no = no, .code = code, .text = text};
}

/* From here on only the ends of lines matter.  The end of a line that was cut stays: it may be the first half
 * of a literal's marker. */
static void enter_skip(imap4i_input *in) {
  size_t tail = imap4i_min(in->buf.n - in->line_start, KEEP_TAIL);
  size_t start = imap4i_min(in->buf.n, KEEP_START);
  if (in->mode == IMAP4I_INPUT_SKIP || in->buf.n == 0) tail = 0;
  if (tail > 0 && start + tail > in->buf.n) start = in->buf.n - tail; /* a short line is kept once */
  if (tail > 0) memmove(in->buf.p + start, in->buf.p + in->buf.n - tail, tail);
  in->line_start = (uint32_t)start;
  in->buf.n = start + tail;
  in->mode = IMAP4I_INPUT_SKIP;
}

static bool continuation(imap4_session *s) {
  return imap4i_buf_puts(&s->out, IMAP4I_S("+ OK\r\n"));
}

/* The literal's command is refused: go on behind the literal, or at once if it will not come. */
static int refuse_literal(imap4_session *s, uint64_t size, bool sync) {
  imap4i_input *in = &s->input;
  /* This line is complete: of the first one its start is kept for the tag, of later ones nothing. */
  if (in->mode != IMAP4I_INPUT_SKIP) in->line_start = (uint32_t)imap4i_min(in->buf.n, KEEP_START);
  in->buf.n = in->line_start;
  in->mode = IMAP4I_INPUT_SKIP;
  if (sync) {
    in->ready = true;
    return IMAP4_OK;
  }
  in->left = size;
  in->after = IMAP4I_INPUT_SKIP;
  in->mode = IMAP4I_INPUT_DISCARD;
  return IMAP4_OK;
}

/* A line of a command ended with the marker of a literal. */
static int take_marker(imap4_session *s, uint64_t size, bool sync) {
  imap4i_input *in = &s->input;
  const imap4_limits *limits = s->limits;
  bool streams = false;
  int status = imap4i_command_probe(s, imap4i_buf_str(&in->buf), &streams, &in->refusal);
  if (status != IMAP4_OK) return status;
  if (in->refusal.text.n == 0 && imap4i_literal_unasked(s, size, sync))
    refuse(in, false, IMAP4I_S("TOOBIG"), IMAP4I_S("LITERAL- allows 4096 octets; wait for + with more"));
  if (in->refusal.text.n > 0) return refuse_literal(s, size, sync);
  if (streams) {
    in->ready = true;
    return IMAP4_OK;
  }
  in->literals++;
  uint64_t total = (uint64_t)in->buf.n + 2; /* earlier literals are in it; CRLF follows */
  if (in->literals > limits->literals) {
    refuse(in, false, IMAP4I_S(""), IMAP4I_S("Too many literals in one command"));
  } else if (size > limits->literal_octets || size > limits->command_total_octets ||
             total > limits->command_total_octets - size) {
    refuse(in, true, IMAP4I_S("LIMIT"), IMAP4I_S("Literal is too long for this command"));
  }
  if (in->refusal.text.n > 0) return refuse_literal(s, size, sync);
  if (sync && !continuation(s)) return IMAP4_ERR_NOMEM;
  if (!imap4i_buf_puts(&in->buf, IMAP4I_S("\r\n"))) return IMAP4_ERR_NOMEM;
  in->literal_octets += (uint32_t)size;
  in->left = size;
  in->mode = IMAP4I_INPUT_LITERAL;
  return IMAP4_OK;
}

static void strip_line_end(imap4i_input *in) {
  if (in->buf.n > in->line_start && in->buf.p[in->buf.n - 1] == '\n') in->buf.n--;
  if (in->buf.n > in->line_start && in->buf.p[in->buf.n - 1] == '\r') in->buf.n--;
}

/* What was kept of a skipped line ends like a marker whose "{" is not there any more. */
static bool marker_is_cut(imap4_str line) {
  if (line.n < KEEP_TAIL - 2 || line.p[line.n - 1] != '}') return false;
  size_t i = line.n - 1;
  if (line.p[i - 1] == '+') i--;
  while (i > 0 && imap4i_is_digit(line.p[i - 1]))
    i--;
  return i == 0;
}

/* A whole line of a command, wanted or skipped, is in the buffer. */
static int end_command_line(imap4_session *s) {
  imap4i_input *in = &s->input;
  uint64_t size;
  bool sync;
  strip_line_end(in);
  imap4_str line = imap4i_tail(imap4i_buf_str(&in->buf), in->line_start);
  if (imap4i_find_literal(line, &size, &sync)) {
    return in->mode == IMAP4I_INPUT_SKIP ? refuse_literal(s, size, sync) : take_marker(s, size, sync);
  }
  if (in->mode == IMAP4I_INPUT_SKIP && marker_is_cut(line))
    return imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("A literal's size can't be read"));
  if (in->too_long) in->mode = IMAP4I_INPUT_LINE; /* the line that a command waits for ends here */
  in->ready = true;
  return IMAP4_OK;
}

/* Up to and with the next LF, or all. */
static imap4_str next_piece(imap4_str data, bool *whole) {
  const char *lf = memchr(data.p, '\n', data.n);
  *whole = lf != NULL;
  return (imap4_str){data.p, lf ? (size_t)(lf - data.p) + 1 : data.n};
}

static int take_command_line(imap4_session *s, imap4_str data, size_t *used) {
  imap4i_input *in = &s->input;
  bool whole;
  imap4_str piece = next_piece(data, &whole);
  size_t have = in->buf.n - in->literal_octets;
  if (piece.n > s->limits->command_octets - imap4i_min(have, s->limits->command_octets)) {
    /* What fits is taken first, so that the answer does not depend on how the line was cut. */
    size_t fits = s->limits->command_octets - imap4i_min(have, s->limits->command_octets);
    if (!imap4i_buf_put(&in->buf, data.p, fits)) return IMAP4_ERR_NOMEM;
    refuse(in, false, IMAP4I_S(""), IMAP4I_S("Command line is too long"));
    enter_skip(in);
    *used = fits;
    return IMAP4_OK;
  }
  if (!imap4i_buf_puts(&in->buf, piece)) return IMAP4_ERR_NOMEM;
  *used = piece.n;
  return whole ? end_command_line(s) : IMAP4_OK;
}

static int take_skipped_line(imap4_session *s, imap4_str data, size_t *used) {
  imap4i_input *in = &s->input;
  bool whole;
  imap4_str piece = next_piece(data, &whole);
  *used = piece.n;
  if (piece.n > KEEP_TAIL) {
    in->buf.n = in->line_start;
    piece = imap4i_tail(piece, piece.n - KEEP_TAIL);
  }
  if (!imap4i_buf_puts(&in->buf, piece)) return IMAP4_ERR_NOMEM;
  size_t length = in->buf.n - in->line_start;
  if (length > KEEP_TAIL) {
    memmove(in->buf.p + in->line_start, in->buf.p + in->buf.n - KEEP_TAIL, KEEP_TAIL);
    in->buf.n = in->line_start + KEEP_TAIL;
  }
  return whole ? end_command_line(s) : IMAP4_OK;
}

/* A literal that a command can't use is read over with what follows it, like the rest of a line that is too
 * long: its octets must not be taken for commands (RFC 7888 section 3). */
static int end_wanted_line(imap4_session *s) {
  imap4i_input *in = &s->input;
  uint64_t size;
  bool sync;
  strip_line_end(in);
  if (!in->takes_markers && imap4i_find_literal(imap4i_buf_str(&in->buf), &size, &sync) && !sync) {
    in->too_long = true;
    return refuse_literal(s, size, sync);
  }
  in->ready = true;
  return IMAP4_OK;
}

static int take_wanted_line(imap4_session *s, imap4_str data, size_t *used) {
  imap4i_input *in = &s->input;
  bool whole;
  imap4_str piece = next_piece(data, &whole);
  size_t room = in->line_max + 2 - imap4i_min(in->buf.n, in->line_max + 2); /* CR and LF beside the line */
  if (piece.n > room) {
    if (!imap4i_buf_put(&in->buf, piece.p, room)) return IMAP4_ERR_NOMEM;
    *used = room;
    in->too_long = true;
    enter_skip(in);
    return IMAP4_OK;
  }
  if (!imap4i_buf_puts(&in->buf, piece)) return IMAP4_ERR_NOMEM;
  *used = piece.n;
  return whole ? end_wanted_line(s) : IMAP4_OK;
}

static int take_octets(imap4_session *s, imap4_str data, size_t *used) {
  imap4i_input *in = &s->input;
  size_t n = in->left < data.n ? (size_t)in->left : data.n;
  if (in->mode == IMAP4I_INPUT_STREAM) n = imap4i_min(n, STREAM_CHUNK - in->buf.n);
  if (in->mode != IMAP4I_INPUT_DISCARD && !imap4i_buf_put(&in->buf, data.p, n)) return IMAP4_ERR_NOMEM;
  in->left -= n;
  *used = n;
  return IMAP4_OK;
}

/* A literal ends, or a chunk is full. */
static void end_octets(imap4i_input *in) {
  switch (in->mode) {
  case IMAP4I_INPUT_STREAM:
    in->ready = in->left == 0 || in->buf.n == STREAM_CHUNK;
    break;
  case IMAP4I_INPUT_LITERAL:
    if (in->left > 0) break;
    in->mode = IMAP4I_INPUT_COMMAND;
    in->line_start = (uint32_t)in->buf.n;
    break;
  default:
    if (in->left > 0) break;
    in->mode = in->after;
    if (in->mode == IMAP4I_INPUT_SKIP) in->buf.n = in->line_start;
    break;
  }
}

int imap4i_input_take(imap4_session *s, imap4_str data, size_t *used) {
  imap4i_input *in = &s->input;
  size_t n = 0;
  int status = IMAP4_OK;
  switch (in->mode) {
  case IMAP4I_INPUT_COMMAND:
    status = take_command_line(s, data, &n);
    break;
  case IMAP4I_INPUT_SKIP:
    status = take_skipped_line(s, data, &n);
    break;
  case IMAP4I_INPUT_LINE:
    status = take_wanted_line(s, data, &n);
    break;
  default:
    status = take_octets(s, data, &n);
    break;
  }
  if (status == IMAP4_OK && (in->mode == IMAP4I_INPUT_LITERAL || in->mode == IMAP4I_INPUT_DISCARD ||
                             in->mode == IMAP4I_INPUT_STREAM))
    end_octets(in);
  *used = n;
  return status;
}

bool imap4i_input_wanted(const imap4_session *s) {
  if (s->fatal || s->closing || !s->greeted || s->input.ready || s->input.ended) return false;
  return !s->command || s->input.mode != IMAP4I_INPUT_COMMAND;
}

void imap4i_input_want_line(imap4_session *s, uint32_t max, bool takes_markers) {
  imap4i_input_reset(s);
  s->input.mode = IMAP4I_INPUT_LINE;
  s->input.line_max = max;
  s->input.takes_markers = takes_markers;
}

int imap4i_input_as_command(imap4_session *s) {
  imap4i_input *in = &s->input;
  bool too_long = in->too_long;
  in->mode = IMAP4I_INPUT_COMMAND;
  in->line_start = 0;
  in->ready = false;
  in->too_long = false;
  if (!too_long) return end_command_line(s);
  refuse(in, false, IMAP4I_S(""), IMAP4I_S("Command line is too long"));
  in->ready = true;
  return IMAP4_OK;
}

void imap4i_input_want_stream(imap4_session *s, uint64_t size) {
  imap4i_input_reset(s);
  s->input.mode = IMAP4I_INPUT_STREAM;
  s->input.left = size;
  s->input.ready = size == 0;
}

void imap4i_input_discard(imap4_session *s, uint64_t size, uint32_t max) {
  imap4i_input_want_line(s, max, true);
  s->input.left = size;
  s->input.after = IMAP4I_INPUT_LINE;
  if (size > 0) s->input.mode = IMAP4I_INPUT_DISCARD;
}

void imap4i_input_next(imap4_session *s) {
  if (s->input.mode == IMAP4I_INPUT_LINE) {
    imap4i_wipe(s->input.buf.p, s->input.buf.n);
    s->input.mode =
        IMAP4I_INPUT_COMMAND; /* until the command asks again: the next line may be a new command */
  }
  imap4i_buf_clear(&s->input.buf);
  s->input.ready = s->input.mode == IMAP4I_INPUT_STREAM && s->input.left == 0;
  s->input.too_long = false;
}

void imap4i_input_reset(imap4_session *s) {
  imap4i_input *in = &s->input;
  imap4i_buf buf = in->buf;
  bool ended = in->ended;
  imap4i_wipe(buf.p, buf.n); /* it may hold a password */
  imap4i_buf_free(&buf);
  *in = (imap4i_input){.buf = buf, .ended = ended};
}
