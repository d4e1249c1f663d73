/* SPDX-License-Identifier: MIT */
/*
 * The walker; see walker.h.
 *
 * Octets go to one of two readers: the header scanner, or the body, where only line ends count.  While a
 * multipart is open, lines that begin with "-" are held back until they end (or are longer than any
 * boundary) and are compared with the open boundaries; what is no boundary goes to its reader then.  So
 * nothing depends on how the octets were cut.
 *
 * Parts are open along one path, which is the stack; the one whose header is under way is not on it yet.
 */
#include "mail/walker.h"

#include "imap4/error.h"
#include "mail/digest_maker.h"
#include "mail/fields.h"
#include "mail/header.h"

/* "--", boundary, "--" and a line end, and one octet to see that a line is longer. */
#define HELD_MAX (IMAP4I_BOUNDARY_MAX + 8)

/* Boundaries that begin each other are told apart by so many octets; RFC 2046 allows 70. */
#define SIGNIFICANT 80

/* Lists of addresses are taken off when so many octets have come. */
#define LIST_OCTETS 4096

/* Where in the message the walker is. */
enum {
  IN_HEADER,   /* of the part that begins at |header_offset| */
  IN_BODY,     /* of the innermost open part: text, preamble or epilogue */
  IN_DELIMITER /* a delimiter line of it; with its end a part begins, or after the last the epilogue */
};

typedef struct open_part {
  size_t record; /* in the digest */
  uint32_t index;
  uint8_t kind;    /* IMAP4I_PART_* */
  bool of_digest;  /* a multipart/digest: its parts are messages unless they say otherwise */
  bool bounded;    /* delimiters are looked for */
  bool as_written; /* see imap4i_fields */
  uint32_t boundary_length;
  size_t boundary; /* in |boundaries| */
  uint64_t header_offset;
  uint64_t body_offset;
  uint64_t lines; /* LF before its body */
} open_part;

struct imap4i_walker {
  imap4i_mem *mem;
  const imap4_limits *limits;
  int status; /* the first failure, which stays */
  uint8_t state;
  bool holding;           /* |held| has the start of a line */
  bool line_start;        /* the next octet begins a line */
  bool after_cr;          /* the last octet was CR */
  uint8_t eol;            /* octets of the last line end: 1 or 2 */
  bool closing;           /* IN_DELIMITER: it is the close-delimiter */
  bool flat;              /* no delimiter is looked for any more: too many parts */
  bool finished;          /* the digest is complete */
  unsigned field;         /* the known header field under way, or IMAP4I_FIELD_COUNT */
  uint64_t header_offset; /* IN_HEADER: where it begins */
  uint32_t depth;         /* open multiparts and messages */
  uint32_t bounded;       /* open parts that are */
  uint64_t at;            /* octets taken */
  uint64_t lines;         /* LF among them */
  uint64_t floor;         /* no body ends before this: a header or delimiter ended here */
  size_t held_length;
  imap4_date date;
  imap4i_buf stack;      /* open_part */
  imap4i_buf boundaries; /* their octets */
  imap4i_buf value;      /* of the field under way */
  imap4i_maker maker;
  imap4i_fields fields;
  imap4i_header header;
  char held[HELD_MAX];
};

static open_part *stack_at(imap4i_walker *w, size_t index) {
  return (open_part *)(void *)w->stack.p + index;
}

static size_t stack_count(const imap4i_walker *w) {
  return w->stack.n / sizeof(open_part);
}

/* The innermost open part, or NULL. */
static open_part *innermost(imap4i_walker *w) {
  size_t open = stack_count(w);
  return open > 0 ? stack_at(w, open - 1) : NULL;
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* A part begins at |offset|, with its header, inside the innermost open one. */
static int begin_part(imap4i_walker *w, uint64_t offset) {
  w->header_offset = offset;
  w->state = IN_HEADER;
  w->field = IMAP4I_FIELD_COUNT;
  imap4i_header_init(&w->header);
  imap4i_fields_clear(&w->fields);
  w->fields.as_written = stack_count(w) > 0 && innermost(w)->as_written;
  return imap4i_maker_open(&w->maker) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* No delimiter of |part|, the innermost one that is bounded, is looked for any more. */
static void forget_boundary(imap4i_walker *w, open_part *part) {
  if (!part->bounded) return;
  part->bounded = false;
  w->bounded--;
  w->boundaries.n = part->boundary;
}

/* The bodies of all open parts but the outer |count| end at |end|, where |lines| LF have been. */
static void close_parts(imap4i_walker *w, size_t count, uint64_t end, uint64_t lines) {
  while (stack_count(w) > count) {
    open_part *part = innermost(w);
    imap4i_maker_set_body(&w->maker, part->record, end - part->body_offset, lines - part->lines);
    if (part->kind != IMAP4I_PART_LEAF) w->depth--;
    forget_boundary(w, part);
    w->stack.n -= sizeof(*part);
  }
}

/* Unlike message/rfc822, message/global may be encoded (RFC 6532 section 3.7), and then holds no part. */
static uint8_t kind_of(const imap4i_walker *w) {
  switch (w->fields.type) {
  case IMAP4I_TYPE_MULTIPART:
  case IMAP4I_TYPE_DIGEST:
    return IMAP4I_PART_MULTIPART;
  case IMAP4I_TYPE_MESSAGE:
    return IMAP4I_PART_MESSAGE;
  case IMAP4I_TYPE_GLOBAL:
    return w->fields.encoding == IMAP4I_ENCODING_IDENTITY ? IMAP4I_PART_MESSAGE : IMAP4I_PART_LEAF;
  default:
    return IMAP4I_PART_LEAF;
  }
}

/* Whether no further part can be told of. */
static bool is_full(const imap4i_walker *w, uint32_t parts) {
  return parts >= w->limits->mime_parts || !imap4i_maker_fits(&w->maker, 0);
}

/* Put the part on the stack whose record is complete and whose body begins at |end|. */
static int push_part(imap4i_walker *w, const imap4i_part *numbers, size_t record, uint64_t end,
                     uint64_t lines) {
  imap4_str text = imap4i_buf_str(&w->fields.boundary);
  /* Without a boundary nothing in the body can be told apart: a multipart without parts. */
  bool bounded = numbers->kind == IMAP4I_PART_MULTIPART && w->fields.has_boundary;
  if (!bounded) text.n = 0;
  open_part part = {.record = record,
                    .index = w->maker.parts - 1,
                    .kind = numbers->kind,
                    .of_digest = w->fields.type == IMAP4I_TYPE_DIGEST,
                    .bounded = bounded,
                    .as_written = w->fields.as_written,
                    .boundary_length = (uint32_t)text.n,
                    .boundary = w->boundaries.n,
                    .header_offset = numbers->header_offset,
                    .body_offset = end,
                    .lines = lines};
  if (!imap4i_buf_puts(&w->boundaries, text) || !imap4i_buf_put(&w->stack, &part, sizeof(part))) {
    return IMAP4_ERR_NOMEM;
  }
  if (part.kind != IMAP4I_PART_LEAF) w->depth++;
  if (bounded) w->bounded++;
  return IMAP4_OK;
}

static int end_field(imap4i_walker *w) {
  unsigned field = w->field;
  w->field = IMAP4I_FIELD_COUNT;
  if (field >= IMAP4I_FIELD_ADDED) return IMAP4_OK;
  return imap4i_fields_add(&w->fields, field, imap4i_buf_str(&w->value));
}

/* Whether the part whose header is under way is one of a multipart/digest. */
static bool in_digest(imap4i_walker *w) {
  const open_part *outer = innermost(w);
  return outer && outer->of_digest && outer->bounded;
}

/* Whether its header is that of a message. */
static bool is_message(imap4i_walker *w) {
  const open_part *outer = innermost(w);
  return !outer || outer->kind == IMAP4I_PART_MESSAGE;
}

/* The header of the part under way ends at |end|, where |lines| LF have been: its body begins there. */
static int end_header(imap4i_walker *w, uint64_t end, uint64_t lines) {
  size_t record;
  int r = end_field(w);
  if (r == IMAP4_OK) r = imap4i_fields_finish(&w->fields, is_message(w), in_digest(w));
  bool full = w->depth + 1 >= w->limits->mime_depth || is_full(w, w->maker.parts + 1);
  if (r == IMAP4_OK && full && kind_of(w) != IMAP4I_PART_LEAF) r = imap4i_fields_make_opaque(&w->fields);
  if (r != IMAP4_OK) return r;
  if (w->maker.parts == 0) w->date = w->fields.date;
  imap4i_part part = {.parent = stack_count(w) > 0 ? innermost(w)->index : IMAP4I_NO_PARENT,
                      .header_offset = w->header_offset,
                      .header_length = end - w->header_offset,
                      .is_text = w->fields.type == IMAP4I_TYPE_TEXT,
                      .encoding = w->fields.encoding,
                      .kind = kind_of(w)};
  if (!imap4i_maker_close(&w->maker, &part, &record)) return IMAP4_ERR_NOMEM;
  w->floor = end;
  w->state = IN_BODY;
  r = push_part(w, &part, record, end, lines);
  if (r != IMAP4_OK || part.kind != IMAP4I_PART_MESSAGE) return r;
  return begin_part(w, end);
}

/* ---- delimiters ----------------------------------------------------------------------------- */

static size_t significant(const open_part *part) {
  return imap4i_min(part->boundary_length, SIGNIFICANT);
}

/* |line| without its line end. */
static imap4_str strip_line_end(imap4_str line) {
  if (line.n == 0 || line.p[line.n - 1] != '\n') return line;
  line.n--;
  if (line.n > 0 && line.p[line.n - 1] == '\r') line.n--;
  return line;
}

/* What a held line, without its line end, is to the boundary of |part|: 0 nothing, 1 a delimiter, 2 a
 * close-delimiter.  RFC 2046 section 5.1.1: it is sufficient that the boundary stands at the beginning of the
 * line.  |*exact|: nothing else does, but for the "--" of a close-delimiter. */
static int match(const imap4i_walker *w, const open_part *part, imap4_str line, bool *exact) {
  imap4_str rest = imap4i_tail(line, 2);
  size_t n = part->boundary_length;
  if (!part->bounded || rest.n < n) return 0;
  if (n > 0) { /* with empty boundaries alone there are no octets to point at */
    const char *boundary = w->boundaries.p + part->boundary;
    /* Boundaries inside each other tend to begin alike, and end differently. */
    if (rest.p[n - 1] != boundary[n - 1] || memcmp(rest.p, boundary, n) != 0) return 0;
  }
  rest = imap4i_tail(rest, n);
  bool closing = rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == '-';
  if (closing) rest = imap4i_tail(rest, 2);
  *exact = n <= SIGNIFICANT && rest.n == 0;
  return closing ? 2 : 1;
}

/* The open part of which |line| is a delimiter.  Where boundaries begin each other, an exact match goes
 * before the longest one, and an inner multipart before an outer one. */
static int find_boundary(imap4i_walker *w, imap4_str line, size_t *index) {
  int found = 0;
  size_t longest = 0;
  if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-' || w->flat) return 0;
  line = strip_line_end(line);
  for (size_t i = stack_count(w); i-- > 0;) {
    bool exact = false;
    int kind = match(w, stack_at(w, i), line, &exact);
    size_t n = significant(stack_at(w, i));
    if (kind == 0 || (found != 0 && !exact && n <= longest)) continue;
    found = kind;
    longest = n;
    *index = i;
    if (exact) break;
  }
  return found;
}

/* Whether the |index|-th open part is a message: the whole one, or one inside a message/rfc822. */
static bool is_open_message(imap4i_walker *w, size_t index) {
  return index == 0 || stack_at(w, index - 1)->kind == IMAP4I_PART_MESSAGE;
}

/* A delimiter stands directly behind the header of the innermost part and takes the header's last line end,
 * before which is |end|: close the part.  A message without an octet has none to give, but the part around it
 * has; a part that began with another delimiter has none either.  The empty line of a message is part of its
 * header always (RFC 3501 section 6.4.5); only the |cut|-th open part has none yet. */
static void cut_header(imap4i_walker *w, uint64_t end, size_t cut) {
  size_t last = stack_count(w) - 1;
  while (stack_at(w, last)->header_offset > end && is_open_message(w, last))
    last--;
  if (stack_at(w, last)->header_offset > end || (last != cut && is_open_message(w, last))) return;
  for (size_t i = last; i < stack_count(w); i++) {
    open_part *part = stack_at(w, i);
    if (part->header_offset > end) part->header_offset = end;
    imap4i_maker_set_header(&w->maker, part->record, part->header_offset, end - part->header_offset);
    part->body_offset = end;
    part->lines = 0;
  }
  close_parts(w, last, end, 0);
  while (innermost(w)->kind == IMAP4I_PART_MESSAGE) /* its body is that message and no more */
    close_parts(w, stack_count(w) - 1, end, w->lines - 1);
}

/* The line at |w->at| is a delimiter of the |index|-th open part. */
static int at_delimiter(imap4i_walker *w, size_t index, int kind) {
  size_t open = stack_count(w);
  bool in_header = w->state == IN_HEADER;
  if (kind == 1 && is_full(w, w->maker.parts + (in_header ? 1 : 0))) {
    w->flat = true; /* what follows belongs to the part under way */
    return IMAP4_OK;
  }
  while (w->state == IN_HEADER) { /* cut short; if it says that a message follows, that is empty */
    int r = end_header(w, w->at, w->lines);
    if (r != IMAP4_OK) return r;
  }
  /* The line end before a delimiter belongs to it (RFC 2046 section 5.1.1), unless another delimiter ended
   * with it.  One that ended a header is missing from that header alone. */
  bool taken = w->at - w->eol < w->floor;
  if (taken && stack_count(w) > index + 1 && innermost(w)->body_offset == w->at) {
    cut_header(w, w->at - w->eol, in_header ? open : SIZE_MAX);
  }
  close_parts(w, index + 1, taken ? w->at : w->at - w->eol, taken ? w->lines : w->lines - 1);
  if (kind == 2) forget_boundary(w, stack_at(w, index));
  w->state = IN_DELIMITER;
  w->closing = kind == 2;
  return IMAP4_OK;
}

/* ---- octets --------------------------------------------------------------------------------- */

static void advance(imap4i_walker *w, imap4_str data) {
  w->at += data.n;
}

/* Note the line end at data.p[lf]. */
static void end_line(imap4i_walker *w, imap4_str data, size_t lf) {
  bool cr = lf > 0 ? data.p[lf - 1] == '\r' : w->after_cr;
  w->eol = cr ? 2 : 1;
}

/* Which field to collect: its name was read.  Only messages have an envelope, and only the message itself
 * has fields that are kept. */
static int begin_field(imap4i_walker *w, imap4_str piece) {
  unsigned field = imap4i_field_id(imap4i_header_name(&w->header));
  bool top = w->maker.parts == 0;
  imap4i_buf_clear(&w->value);
  /* Fields behind such a line are there for some who ask, and not for others. */
  if (top && imap4i_header_is_stray(piece)) imap4i_maker_keep_none(&w->maker);
  if (field < IMAP4I_FIELD_TYPE && !is_message(w)) field = IMAP4I_FIELD_COUNT;
  if (field >= IMAP4I_FIELD_ADDED && !top) field = IMAP4I_FIELD_COUNT;
  w->field = field;
  if (field == IMAP4I_FIELD_COUNT || !top) return IMAP4_OK;
  return imap4i_maker_keep(&w->maker, field, piece) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* More of a field of the message itself, to be kept. */
static bool keep(imap4i_walker *w, imap4_str piece) {
  return w->maker.parts > 0 || imap4i_maker_keep_more(&w->maker, w->field, piece);
}

/* More of the value of the field under way.  Lists of addresses are taken off as they come, at places that
 * depend on the text alone, so that long ones need little memory.  What stands before such a place is kept
 * before: whether there is room for it must not depend on how the octets were cut. */
static int add_value(imap4i_walker *w, imap4_str piece) {
  size_t most = w->limits->mime_field_octets;
  bool list = imap4i_field_is_list(w->field);
  while (piece.n > 0) {
    size_t full = list && w->value.n < LIST_OCTETS ? imap4i_min(LIST_OCTETS, most) : most;
    size_t n = imap4i_min(piece.n, full - w->value.n);
    if (n == 0) break; /* the rest is not looked at */
    if (!keep(w, imap4i_str(piece.p, n)) || !imap4i_buf_put(&w->value, piece.p, n)) return IMAP4_ERR_NOMEM;
    piece = imap4i_tail(piece, n);
    if (!list || w->value.n < full) continue;
    size_t used;
    int r = imap4i_fields_add_start(&w->fields, w->field, imap4i_buf_str(&w->value), &used);
    if (r != IMAP4_OK) return r;
    imap4i_buf_drop(&w->value, used);
  }
  return keep(w, piece) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

static int header_event(imap4i_walker *w, unsigned event, imap4_str piece) {
  int r = IMAP4_OK;
  switch (event) {
  case IMAP4I_HEADER_FIELD:
    r = end_field(w);
    return r == IMAP4_OK ? begin_field(w, piece) : r;
  case IMAP4I_HEADER_VALUE:
    if (w->field == IMAP4I_FIELD_COUNT) return IMAP4_OK;
    if (w->field < IMAP4I_FIELD_ADDED) return add_value(w, piece);
    return keep(w, piece) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  case IMAP4I_HEADER_END:
    if (w->maker.parts == 0 && !imap4i_maker_keep_end(&w->maker, piece)) return IMAP4_ERR_NOMEM;
    return end_header(w, w->at, w->lines);
  default:
    return IMAP4_OK;
  }
}

/* Octets of a header, one event at a time; |*data| shrinks. */
static int take_header(imap4i_walker *w, imap4_str *data) {
  imap4_str all = *data;
  imap4_str piece;
  /* A line at a time, as each may be a delimiter. */
  const char *lf = memchr(all.p, '\n', all.n);
  imap4_str line = {all.p, lf ? (size_t)(lf - all.p) + 1 : all.n};
  if (lf) end_line(w, line, line.n - 1);
  w->line_start = lf != NULL;
  w->after_cr = line.p[line.n - 1] == '\r';
  w->lines += lf ? 1 : 0;
  advance(w, line);
  *data = imap4i_tail(all, line.n);
  while (line.n > 0 && w->state == IN_HEADER) {
    unsigned event = imap4i_header_next(&w->header, &line, &piece);
    int r = header_event(w, event, piece);
    if (r != IMAP4_OK || event == IMAP4I_HEADER_MORE || event == IMAP4I_HEADER_END) return r;
  }
  return IMAP4_OK;
}

/* Octets of a body, up to the start of a line that may be a delimiter. */
static void take_body(imap4i_walker *w, imap4_str *data) {
  const char *p = data->p;
  const char *end = p + data->n;
  const char *last = NULL;
  bool watch = w->bounded > 0;
  while (p < end) {
    const char *lf = memchr(p, '\n', (size_t)(end - p));
    if (!lf) {
      p = end;
      break;
    }
    w->lines++;
    last = lf;
    p = lf + 1;
    if (watch && p < end && *p == '-') break;
  }
  size_t n = (size_t)(p - data->p);
  if (last) end_line(w, *data, (size_t)(last - data->p));
  w->line_start = last && last + 1 == p;
  w->after_cr = p[-1] == '\r';
  advance(w, imap4i_str(data->p, n));
  *data = imap4i_tail(*data, n);
}

/* The rest of a delimiter line. */
static int take_delimiter(imap4i_walker *w, imap4_str *data) {
  const char *lf = memchr(data->p, '\n', data->n);
  size_t n = lf ? (size_t)(lf - data->p) + 1 : data->n;
  if (lf) end_line(w, *data, n - 1);
  w->line_start = lf != NULL;
  w->after_cr = data->p[n - 1] == '\r';
  w->lines += lf ? 1 : 0;
  advance(w, imap4i_str(data->p, n));
  *data = imap4i_tail(*data, n);
  if (!lf) return IMAP4_OK;
  w->floor = w->at;
  if (!w->closing) return begin_part(w, w->at);
  w->state = IN_BODY;
  return IMAP4_OK;
}

/* Octets that are known not to begin a delimiter, all of them. */
static int take(imap4i_walker *w, imap4_str data) {
  int r = IMAP4_OK;
  while (data.n > 0 && r == IMAP4_OK) {
    if (w->state == IN_HEADER) {
      r = take_header(w, &data);
    } else if (w->state == IN_BODY) {
      take_body(w, &data);
    } else {
      r = take_delimiter(w, &data);
    }
  }
  return r;
}

/* A held line is complete, or as long as it can be. */
static int release(imap4i_walker *w) {
  imap4_str line = {w->held, w->held_length};
  size_t index;
  int r = IMAP4_OK;
  w->holding = false;
  w->held_length = 0;
  int kind = find_boundary(w, line, &index);
  if (kind != 0) r = at_delimiter(w, index, kind);
  return r == IMAP4_OK ? take(w, line) : r;
}

static int hold(imap4i_walker *w, imap4_str *data) {
  size_t n = imap4i_min(data->n, HELD_MAX - w->held_length);
  const char *lf = memchr(data->p, '\n', n);
  if (lf) n = (size_t)(lf - data->p) + 1;
  memcpy(w->held + w->held_length, data->p, n);
  w->held_length += n;
  *data = imap4i_tail(*data, n);
  if (lf || w->held_length == HELD_MAX) return release(w);
  return IMAP4_OK;
}

static int take_some(imap4i_walker *w, imap4_str *data) {
  if (w->holding) return hold(w, data);
  if (w->line_start && w->bounded > 0 && *data->p == '-' && w->state != IN_DELIMITER) {
    w->holding = true;
    return IMAP4_OK;
  }
  if (w->state == IN_HEADER) return take_header(w, data);
  if (w->state == IN_DELIMITER) return take_delimiter(w, data);
  take_body(w, data);
  return IMAP4_OK;
}

/* ---- the interface -------------------------------------------------------------------------- */

int imap4i_walker_new(imap4i_mem *mem, const imap4_limits *limits, imap4i_walker **out) {
  imap4i_walker *w = imap4i_calloc(mem, sizeof(*w));
  if (!w) return IMAP4_ERR_NOMEM;
  w->mem = mem;
  w->limits = limits;
  w->line_start = true;
  imap4i_buf_init(&w->stack, mem, SIZE_MAX);
  imap4i_buf_init(&w->boundaries, mem, SIZE_MAX);
  imap4i_buf_init(&w->value, mem, SIZE_MAX);
  imap4i_maker_init(&w->maker, mem, limits);
  imap4i_fields_init(&w->fields, mem, limits, &w->maker);
  int r = begin_part(w, 0);
  if (r != IMAP4_OK) {
    imap4i_walker_free(w);
    return r;
  }
  *out = w;
  return IMAP4_OK;
}

void imap4i_walker_free(imap4i_walker *w) {
  if (!w) return;
  imap4i_buf_free(&w->stack);
  imap4i_buf_free(&w->boundaries);
  imap4i_buf_free(&w->value);
  imap4i_maker_free(&w->maker);
  imap4i_fields_free(&w->fields);
  imap4i_free(w->mem, w, sizeof(*w));
}

int imap4i_walker_feed(imap4i_walker *w, imap4_str data) {
  while (data.n > 0 && w->status == IMAP4_OK)
    w->status = take_some(w, &data);
  return w->status;
}

/* What the header scanner held back when the message ended in the middle of a line. */
static int finish_header(imap4i_walker *w) {
  imap4_str piece;
  unsigned event = imap4i_header_finish(&w->header, &piece);
  return event == IMAP4I_HEADER_FIELD ? header_event(w, event, piece) : IMAP4_OK;
}

static int finish(imap4i_walker *w) {
  int r = w->holding ? release(w) : IMAP4_OK;
  while (r == IMAP4_OK && w->state == IN_HEADER) {
    r = finish_header(w);
    if (r == IMAP4_OK) r = end_header(w, w->at, w->lines);
  }
  if (r != IMAP4_OK) return r;
  close_parts(w, 0, w->at, w->lines);
  return imap4i_maker_finish(&w->maker, w->at, w->date) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_walker_finish(imap4i_walker *w, imap4_str *digest) {
  if (w->status == IMAP4_OK && !w->finished) {
    w->status = finish(w);
    w->finished = true;
  }
  *digest = w->status == IMAP4_OK ? imap4i_buf_str(&w->maker.digest) : (imap4_str){NULL, 0};
  return w->status;
}
