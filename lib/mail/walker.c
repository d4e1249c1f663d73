/* SPDX-License-Identifier: MIT */
/*
 * The walker; see walker.h.
 *
 * Octets go to one of two readers: the header scanner, or the body, where only line ends count.  While a
 * multipart is open, lines that begin with "-" are held back until they end (or are longer than any
 * boundary) and are compared with the open boundaries; what is no boundary goes to its reader then.  So
 * nothing depends on how the octets were cut.
 *
 * Parts are open along one path, from part 0 to |current| by their parents; that path is the stack.  An open
 * part's |lines| holds the count at which its body began.
 */
#include "mail/walker.h"

#include "imap4/error.h"
#include "mail/digest.h"
#include "mail/fields.h"
#include "mail/header.h"
#include "mail/text.h"

/* "--", boundary, "--" and a line end, and one octet to see that a line is longer. */
#define HELD_MAX (IMAP4I_BOUNDARY_MAX + 8)

/* Where in the message the walker is. */
enum {
  IN_HEADER,   /* of |current| */
  IN_BODY,     /* of |current|: text, preamble or epilogue */
  IN_DELIMITER /* a delimiter line of |current|; behind it a part begins, or after the last the epilogue */
};

typedef struct boundary {
  uint32_t part;
  uint32_t length;
  size_t offset;  /* in |boundaries| */
  bool of_digest; /* the parts of a multipart/digest are messages unless they say otherwise */
} boundary;

struct imap4i_walker {
  imap4i_mem *mem;
  const imap4_limits *limits;
  int status; /* the first failure, which stays */
  uint8_t state;
  bool holding;         /* |held| has the start of a line */
  bool line_start;      /* the next octet begins a line */
  bool after_cr;        /* the last octet was CR */
  uint8_t eol;          /* octets of the last line end: 1 or 2 */
  bool closing;         /* IN_DELIMITER: it is the close-delimiter */
  bool flat;            /* no delimiter is looked for any more: too many parts */
  bool overflow;        /* the digest would be too large */
  unsigned field;       /* the header field under way; IMAP4I_FIELD_COUNT: one that does not matter */
  uint32_t current;     /* innermost open part */
  uint32_t depth;       /* open multiparts and messages */
  uint64_t at;          /* octets taken */
  uint64_t lines;       /* LF among them */
  uint64_t floor;       /* no body ends before this: a header or delimiter ended here */
  uint64_t floor_lines; /* LF before it */
  size_t held_length;
  imap4_date date;
  size_t top_envelope; /* octets of part 0's envelope, the first of |texts| */
  imap4i_buf parts;    /* imap4i_part */
  imap4i_buf texts;
  imap4i_buf stack;      /* boundary */
  imap4i_buf boundaries; /* their octets */
  imap4i_buf value;      /* of the field under way */
  imap4i_buf digest;
  imap4i_fields fields;
  imap4i_header header;
  char held[HELD_MAX];
};

static imap4i_part *part_at(imap4i_walker *w, uint32_t index) {
  return (imap4i_part *)(void *)w->parts.p + index;
}

static uint32_t part_count(const imap4i_walker *w) {
  return (uint32_t)(w->parts.n / sizeof(imap4i_part));
}

static boundary *stack_at(imap4i_walker *w, size_t index) {
  return (boundary *)(void *)w->stack.p + index;
}

static size_t stack_count(const imap4i_walker *w) {
  return w->stack.n / sizeof(boundary);
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* A part begins at |offset|, with its header, inside |parent|. */
static int open_part(imap4i_walker *w, uint32_t parent, uint64_t offset) {
  imap4i_part part = {.parent = parent, .header_offset = offset, .body_offset = offset};
  if (!imap4i_buf_put(&w->parts, &part, sizeof(part))) return IMAP4_ERR_NOMEM;
  w->current = part_count(w) - 1;
  w->state = IN_HEADER;
  w->field = IMAP4I_FIELD_COUNT;
  imap4i_header_init(&w->header);
  imap4i_fields_clear(&w->fields);
  return IMAP4_OK;
}

/* The body of every open part below |until| ends at |end|, where |lines| LF have been. */
static void close_parts(imap4i_walker *w, uint32_t until, uint64_t end, uint64_t lines) {
  while (w->current != until) {
    imap4i_part *part = part_at(w, w->current);
    part->body_length = end - part->body_offset;
    part->lines = lines - part->lines;
    if (part->kind != IMAP4I_PART_LEAF) w->depth--;
    w->current = part->parent;
  }
}

static bool is_container(const imap4i_walker *w) {
  return w->fields.type == IMAP4I_TYPE_MULTIPART || w->fields.type == IMAP4I_TYPE_DIGEST ||
         w->fields.type == IMAP4I_TYPE_MESSAGE;
}

/* The message as one opaque part, with its envelope if that fits: keep nothing but counts from here on. */
static void overflow(imap4i_walker *w) {
  w->overflow = true;
  w->texts.n = w->top_envelope;
  if (imap4i_digest_octets(1, w->texts.n + 100) > w->limits->digest_octets) w->texts.n = 0;
  imap4i_buf_clear(&w->stack);
  imap4i_buf_clear(&w->boundaries);
  imap4i_buf_clear(&w->value);
  w->field = IMAP4I_FIELD_COUNT;
  w->parts.n = sizeof(imap4i_part);
  w->current = 0;
  w->depth = 0;
  w->state = IN_BODY;
  part_at(w, 0)->kind = IMAP4I_PART_LEAF;
  part_at(w, 0)->is_text = false;
}

/* The texts of the current part, now that its header is complete. */
static int put_texts(imap4i_walker *w, imap4i_part *part) {
  imap4i_buf *texts = &w->texts;
  size_t start = texts->n;
  bool message = part->parent == IMAP4I_NO_PARENT || part_at(w, part->parent)->kind == IMAP4I_PART_MESSAGE;
  if (message && !imap4i_fields_put_envelope(&w->fields, texts)) return IMAP4_ERR_NOMEM;
  part->envelope.n = texts->n - start;
  if (w->current == 0) w->top_envelope = texts->n;
  start = texts->n;
  if (!imap4i_fields_put_basic(&w->fields, texts)) return IMAP4_ERR_NOMEM;
  part->basic.n = texts->n - start;
  start = texts->n;
  if (!imap4i_fields_put_extension(&w->fields, texts)) return IMAP4_ERR_NOMEM;
  part->extension.n = texts->n - start;
  part->charset.n = w->fields.charset.n;
  return imap4i_buf_puts(texts, imap4i_buf_str(&w->fields.charset)) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

static int push_boundary(imap4i_walker *w) {
  imap4_str text = imap4i_buf_str(&w->fields.boundary);
  while (text.n > 0 && imap4i_is_wsp(text.p[text.n - 1]))
    text.n--; /* RFC 2046: never at its end */
  boundary b = {.part = w->current,
                .length = (uint32_t)text.n,
                .offset = w->boundaries.n,
                .of_digest = w->fields.type == IMAP4I_TYPE_DIGEST};
  if (text.n == 0) return IMAP4_OK; /* nothing in the body can be told apart: a multipart without parts */
  if (!imap4i_buf_puts(&w->boundaries, text) || !imap4i_buf_put(&w->stack, &b, sizeof(b))) {
    return IMAP4_ERR_NOMEM;
  }
  return IMAP4_OK;
}

static void pop_boundaries(imap4i_walker *w, size_t count) {
  if (count < stack_count(w)) w->boundaries.n = stack_at(w, count)->offset;
  w->stack.n = count * sizeof(boundary);
}

static int end_field(imap4i_walker *w) {
  if (w->field == IMAP4I_FIELD_COUNT) return IMAP4_OK;
  int r = imap4i_fields_add(&w->fields, w->field, imap4i_buf_str(&w->value));
  w->field = IMAP4I_FIELD_COUNT;
  return r;
}

/* Whether the current part stands directly in a multipart/digest. */
static bool in_digest(imap4i_walker *w) {
  size_t open = stack_count(w);
  if (open == 0) return false;
  const boundary *last = stack_at(w, open - 1);
  return last->of_digest && last->part == part_at(w, w->current)->parent;
}

/* Nothing that is open ends before |end|. */
static void set_floor(imap4i_walker *w, uint64_t end, uint64_t lines) {
  w->floor = end;
  w->floor_lines = lines;
}

/* The header of the current part ends at |end|, where |lines| LF have been: its body begins there. */
static int end_header(imap4i_walker *w, uint64_t end, uint64_t lines) {
  int r = end_field(w);
  if (r == IMAP4_OK) r = imap4i_fields_finish(&w->fields, in_digest(w));
  bool full = w->depth >= w->limits->mime_depth || part_count(w) >= w->limits->mime_parts;
  if (r == IMAP4_OK && full && is_container(w)) r = imap4i_fields_make_opaque(&w->fields);
  if (r != IMAP4_OK) return r;
  imap4i_part *part = part_at(w, w->current);
  part->header_length = end - part->header_offset;
  part->body_offset = end;
  part->lines = lines;
  set_floor(w, end, lines);
  part->is_text = w->fields.type == IMAP4I_TYPE_TEXT;
  part->encoding = w->fields.encoding;
  part->kind = !is_container(w)                        ? IMAP4I_PART_LEAF
               : w->fields.type == IMAP4I_TYPE_MESSAGE ? IMAP4I_PART_MESSAGE
                                                       : IMAP4I_PART_MULTIPART;
  if (w->current == 0) w->date = w->fields.date;
  r = put_texts(w, part);
  if (r != IMAP4_OK) return r;
  w->state = IN_BODY;
  if (imap4i_digest_octets(part_count(w), w->texts.n) > w->limits->digest_octets) {
    overflow(w);
    return IMAP4_OK;
  }
  if (part->kind == IMAP4I_PART_LEAF) return IMAP4_OK;
  w->depth++;
  if (part->kind == IMAP4I_PART_MESSAGE) return open_part(w, w->current, end);
  return push_boundary(w);
}

/* ---- delimiters ----------------------------------------------------------------------------- */

/* What a held line is to boundary |b|: 0 nothing, 1 a delimiter, 2 a close-delimiter.  White space and
 * anything behind it may follow. */
static int match(const imap4i_walker *w, const boundary *b, imap4_str line) {
  if (line.n < b->length + 2 || memcmp(line.p + 2, w->boundaries.p + b->offset, b->length) != 0) return 0;
  imap4_str rest = imap4i_tail(line, b->length + 2);
  if (rest.n == 0 || imap4i_is_wsp(*rest.p)) return 1;
  return rest.n >= 2 && rest.p[0] == '-' && rest.p[1] == '-' ? 2 : 0;
}

/* The innermost open multipart of which |line| is a delimiter; a boundary that ends in "--" may look like
 * the close-delimiter of another, so plain delimiters are looked for first. */
static int find_boundary(imap4i_walker *w, imap4_str line, size_t *index) {
  if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-' || w->flat) return 0;
  for (int wanted = 1; wanted <= 2; wanted++) {
    for (size_t i = stack_count(w); i-- > 0;) {
      if (match(w, stack_at(w, i), line) != wanted) continue;
      *index = i;
      return wanted;
    }
  }
  return 0;
}

/* The line at |w->at| is a delimiter of the |index|-th open boundary. */
static int at_delimiter(imap4i_walker *w, size_t index, int kind) {
  uint32_t part = stack_at(w, index)->part;
  if (kind == 1 && part_count(w) >= w->limits->mime_parts) {
    w->flat = true; /* what follows belongs to the part under way */
    return IMAP4_OK;
  }
  /* The line end before a delimiter belongs to it (RFC 2046 section 5.1.1), unless it has ended a header or
   * another delimiter. */
  uint64_t end = w->at - w->eol;
  uint64_t lines = w->lines - 1;
  if (end < w->floor) {
    end = w->floor;
    lines = w->floor_lines;
  }
  /* A header that is cut short here ends here too; if it is one of a message, that is empty. */
  while (w->state == IN_HEADER) {
    int r = end_header(w, end, lines);
    if (r != IMAP4_OK) return r;
    if (w->overflow) return IMAP4_OK;
  }
  close_parts(w, part, end, lines);
  pop_boundaries(w, kind == 2 ? index : index + 1);
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

static int header_event(imap4i_walker *w, unsigned event, imap4_str piece) {
  int r;
  size_t room;
  switch (event) {
  case IMAP4I_HEADER_FIELD:
    r = end_field(w);
    if (r != IMAP4_OK) return r;
    w->field = imap4i_field_id(imap4i_header_name(&w->header));
    imap4i_buf_clear(&w->value);
    return IMAP4_OK;
  case IMAP4I_HEADER_VALUE:
    if (w->field == IMAP4I_FIELD_COUNT) return IMAP4_OK;
    room = w->limits->header_field_octets - w->value.n;
    return imap4i_buf_put(&w->value, piece.p, imap4i_min(piece.n, room)) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  case IMAP4I_HEADER_END:
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
  bool watch = w->stack.n > 0;
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
  set_floor(w, w->at, w->lines);
  if (!w->closing) return open_part(w, w->current, w->at);
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
  if (w->line_start && w->stack.n > 0 && *data->p == '-' && w->state != IN_DELIMITER) {
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
  imap4i_buf_init(&w->parts, mem, SIZE_MAX);
  imap4i_buf_init(&w->texts, mem, SIZE_MAX);
  imap4i_buf_init(&w->stack, mem, SIZE_MAX);
  imap4i_buf_init(&w->boundaries, mem, SIZE_MAX);
  imap4i_buf_init(&w->value, mem, SIZE_MAX);
  imap4i_buf_init(&w->digest, mem, SIZE_MAX);
  imap4i_fields_init(&w->fields, mem, limits);
  int r = open_part(w, IMAP4I_NO_PARENT, 0);
  if (r != IMAP4_OK) {
    imap4i_walker_free(w);
    return r;
  }
  *out = w;
  return IMAP4_OK;
}

void imap4i_walker_free(imap4i_walker *w) {
  if (!w) return;
  imap4i_buf_free(&w->parts);
  imap4i_buf_free(&w->texts);
  imap4i_buf_free(&w->stack);
  imap4i_buf_free(&w->boundaries);
  imap4i_buf_free(&w->value);
  imap4i_buf_free(&w->digest);
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

/* The texts of an opaque message behind what is left of its envelope. */
static int put_opaque_texts(imap4i_walker *w, imap4i_part *part) {
  static const char empty[] = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
  static const char basic[] = "\"APPLICATION\" \"OCTET-STREAM\" NIL NIL NIL \"8BIT\"";
  static const char extension[] = "NIL NIL NIL NIL";
  if (w->texts.n == 0 && !imap4i_buf_put(&w->texts, empty, sizeof(empty) - 1)) return IMAP4_ERR_NOMEM;
  part->envelope.n = w->texts.n;
  part->basic.n = sizeof(basic) - 1;
  part->extension.n = sizeof(extension) - 1;
  part->charset.n = 0;
  bool ok = imap4i_buf_put(&w->texts, basic, sizeof(basic) - 1) &&
            imap4i_buf_put(&w->texts, extension, sizeof(extension) - 1);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

static int finish(imap4i_walker *w) {
  int r = w->holding ? release(w) : IMAP4_OK;
  if (r == IMAP4_OK && w->state == IN_DELIMITER && !w->closing) {
    set_floor(w, w->at, w->lines);
    r = open_part(w, w->current, w->at);
  }
  while (r == IMAP4_OK && w->state == IN_HEADER) {
    r = finish_header(w);
    if (r == IMAP4_OK) r = end_header(w, w->at, w->lines);
  }
  if (r != IMAP4_OK) return r;
  close_parts(w, IMAP4I_NO_PARENT, w->at, w->lines);
  if (w->overflow) {
    part_at(w, 0)->encoding = IMAP4I_ENCODING_IDENTITY;
    r = put_opaque_texts(w, part_at(w, 0));
  }
  if (r != IMAP4_OK) return r;
  return imap4i_digest_encode(part_at(w, 0), part_count(w), imap4i_buf_str(&w->texts), w->at, w->date,
                              &w->digest);
}

int imap4i_walker_finish(imap4i_walker *w, imap4_str *digest) {
  if (w->status == IMAP4_OK && w->digest.n == 0) w->status = finish(w);
  *digest = imap4i_buf_str(&w->digest);
  return w->status;
}
