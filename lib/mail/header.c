/* SPDX-License-Identifier: MIT */
/*
 * The header scanner and what is built on it; see header.h.  The scanner holds back only the start of a line
 * until it knows the field's name; values pass through as they come.
 */
#include "mail/header.h"

#include "imap4/error.h"
#include "mail/text.h"

enum {
  LINE_START, /* the next octet is the first of a line */
  LINE_CR,    /* a line began with CR, which is held */
  IN_NAME,    /* collecting the name into |hold| */
  IN_VALUE    /* in a line whose field is known */
};

void imap4i_header_init(imap4i_header *header) {
  header->state = LINE_START;
  header->began = false;
  header->held = 0;
  header->named = 0;
}

static imap4_str take(imap4_str *data, size_t n) {
  imap4_str piece = {data->p, n};
  *data = imap4i_tail(*data, n);
  return piece;
}

/* Of what is held before a colon; white space may stand between (RFC 5322 section 4.5). */
static uint16_t name_length(const imap4i_header *header) {
  size_t n = header->held - 1u;
  while (n > 0 && imap4i_is_blank(header->hold[n - 1]))
    n--;
  return (uint16_t)n;
}

static unsigned begin_field(imap4i_header *header, uint8_t state, imap4_str *piece) {
  *piece = (imap4_str){header->hold, header->held};
  header->state = state;
  header->began = true;
  return IMAP4I_HEADER_FIELD;
}

static unsigned scan_name(imap4i_header *header, imap4_str *data, imap4_str *piece) {
  size_t n = imap4i_min(data->n, sizeof(header->hold) - header->held);
  char *to = header->hold + header->held;
  char c = '\0';
  size_t i = 0;
  while (i < n && c != ':' && c != '\n') {
    c = data->p[i];
    to[i++] = c;
  }
  header->held = (uint16_t)(header->held + i);
  header->named = c == ':' ? name_length(header) : 0;
  *data = imap4i_tail(*data, i);
  if (c == '\n') return begin_field(header, LINE_START, piece);
  if (c == ':' || header->held == sizeof(header->hold)) return begin_field(header, IN_VALUE, piece);
  return IMAP4I_HEADER_MORE;
}

static unsigned scan_value(imap4i_header *header, imap4_str *data, imap4_str *piece) {
  const char *lf = memchr(data->p, '\n', data->n);
  *piece = take(data, lf ? (size_t)(lf - data->p) + 1 : data->n);
  header->state = lf ? LINE_START : IN_VALUE;
  return IMAP4I_HEADER_VALUE;
}

/* The first octet of a line.  True when it ends the header. */
static bool scan_line_start(imap4i_header *header, imap4_str *data, imap4_str *piece) {
  char c = *data->p;
  header->held = 0;
  if (c == '\n') {
    *piece = take(data, 1);
    return true;
  }
  if (imap4i_is_blank(c) && header->began) {
    header->state = IN_VALUE;
  } else if (c == '\r') {
    header->hold[header->held++] = c;
    *data = imap4i_tail(*data, 1);
    header->state = LINE_CR;
  } else {
    header->state = IN_NAME;
  }
  return false;
}

unsigned imap4i_header_next(imap4i_header *header, imap4_str *data, imap4_str *piece) {
  unsigned event;
  while (data->n > 0) {
    switch (header->state) {
    case LINE_START:
      if (scan_line_start(header, data, piece)) return IMAP4I_HEADER_END;
      break;
    case LINE_CR:
      if (*data->p == '\n') {
        *data = imap4i_tail(*data, 1);
        *piece = IMAP4I_S("\r\n");
        return IMAP4I_HEADER_END;
      }
      header->state = IN_NAME;
      break;
    case IN_NAME:
      event = scan_name(header, data, piece);
      if (event != IMAP4I_HEADER_MORE) return event;
      break;
    default:
      return scan_value(header, data, piece);
    }
  }
  return IMAP4I_HEADER_MORE;
}

unsigned imap4i_header_finish(imap4i_header *header, imap4_str *piece) {
  if (header->state != IN_NAME && header->state != LINE_CR) return IMAP4I_HEADER_MORE;
  header->named = 0;
  return begin_field(header, LINE_START, piece);
}

bool imap4i_header_is_stray(imap4_str line) {
  size_t n = line.n;
  while (n > 0 && (line.p[n - 1] == '\r' || line.p[n - 1] == '\n'))
    n--;
  return n == 0;
}

/* ---- the filter ----------------------------------------------------------------------------- */

void imap4i_header_filter_init(imap4i_header_filter *filter, const imap4_str *fields, size_t field_count,
                               bool inverse) {
  imap4i_header_init(&filter->header);
  filter->fields = fields;
  filter->field_count = field_count;
  filter->inverse = inverse;
  filter->passing = false;
  filter->ended = false;
  filter->empty = true;
}

static bool passes(const imap4i_header_filter *filter) {
  imap4_str name = imap4i_header_name(&filter->header);
  if (name.n == 0) return filter->inverse;
  for (size_t i = 0; i < filter->field_count; i++) {
    if (imap4i_ieq(filter->fields[i], name)) return !filter->inverse;
  }
  return filter->inverse;
}

/* A field begins, with |piece|.  What passes in its place if it is |filter->passing|. */
static imap4_str begin_passing(imap4i_header_filter *filter, imap4_str piece) {
  if (imap4i_header_is_stray(piece)) {
    filter->passing = filter->ended = true;
    return IMAP4I_S("\r\n");
  }
  filter->passing = passes(filter);
  return piece;
}

int imap4i_header_filter_feed(imap4i_header_filter *filter, imap4_str data, imap4i_buf *out) {
  imap4_str piece;
  unsigned event;
  if (data.n > 0) filter->empty = false;
  while (!filter->ended &&
         (event = imap4i_header_next(&filter->header, &data, &piece)) != IMAP4I_HEADER_MORE) {
    if (event == IMAP4I_HEADER_FIELD) piece = begin_passing(filter, piece);
    if (event == IMAP4I_HEADER_END) filter->passing = filter->ended = true;
    if (filter->passing && !imap4i_buf_puts(out, piece)) return IMAP4_ERR_NOMEM;
  }
  return IMAP4_OK;
}

int imap4i_header_filter_finish(imap4i_header_filter *filter, imap4i_buf *out) {
  imap4_str piece;
  if (filter->ended) return IMAP4_OK;
  if (imap4i_header_finish(&filter->header, &piece) == IMAP4I_HEADER_FIELD) {
    piece = begin_passing(filter, piece);
    if (filter->passing && !imap4i_buf_puts(out, piece)) return IMAP4_ERR_NOMEM;
  }
  bool done = filter->ended || filter->inverse || filter->empty;
  filter->ended = true;
  if (done) return IMAP4_OK;
  return imap4i_buf_puts(out, IMAP4I_S("\r\n")) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- whole fields --------------------------------------------------------------------------- */

void imap4i_field_reader_init(imap4i_field_reader *reader, imap4i_mem *mem, size_t max) {
  imap4i_buf_init(&reader->value, mem, max);
  reader->max = max;
  imap4i_field_reader_restart(reader);
}

void imap4i_field_reader_restart(imap4i_field_reader *reader) {
  imap4i_header_init(&reader->header);
  imap4i_buf_clear(&reader->value);
  reader->name_length = 0;
  reader->pending = false;
  reader->ended = false;
}

void imap4i_field_reader_free(imap4i_field_reader *reader) {
  imap4i_buf_free(&reader->value);
}

/* Hand out the field that was collected. */
static void give(imap4i_field_reader *reader, imap4i_field *field) {
  imap4_str value = imap4i_buf_str(&reader->value);
  if (value.n > 0 && value.p[value.n - 1] == '\n') value.n--;
  if (value.n > 0 && value.p[value.n - 1] == '\r') value.n--;
  field->name = (imap4_str){reader->name, reader->name_length};
  field->head = (imap4_str){reader->name, reader->head_length};
  field->value = value;
  reader->pending = false;
}

static int keep(imap4i_field_reader *reader, imap4_str piece) {
  size_t room = reader->max - reader->value.n;
  return imap4i_buf_put(&reader->value, piece.p, imap4i_min(piece.n, room)) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* A field begins: note its name; without one, its octets are the value. */
static int begin(imap4i_field_reader *reader, imap4_str piece) {
  imap4_str name = imap4i_header_name(&reader->header);
  reader->pending = true;
  reader->name_length = (uint16_t)name.n;
  reader->head_length = name.n == 0 ? 0 : (uint16_t)piece.n;
  memcpy(reader->name, piece.p, reader->head_length);
  imap4i_buf_clear(&reader->value);
  return name.n == 0 ? keep(reader, piece) : IMAP4_OK;
}

/* Whether the octets before |*data| end the field under way: a line starts that does not continue it. */
static bool field_over(const imap4i_field_reader *reader, imap4_str data) {
  return reader->pending && reader->header.state == LINE_START && data.n > 0 && !imap4i_is_blank(*data.p);
}

int imap4i_field_reader_next(imap4i_field_reader *reader, imap4_str *data, imap4i_field *field, bool *got) {
  *got = false;
  while (!reader->ended) {
    imap4_str piece;
    if (field_over(reader, *data)) {
      give(reader, field);
      *got = true;
      return IMAP4_OK;
    }
    unsigned event = imap4i_header_next(&reader->header, data, &piece);
    if (event == IMAP4I_HEADER_MORE) return IMAP4_OK;
    if (event == IMAP4I_HEADER_END) reader->ended = true;
    int r = event == IMAP4I_HEADER_FIELD   ? begin(reader, piece)
            : event == IMAP4I_HEADER_VALUE ? keep(reader, piece)
                                           : IMAP4_OK;
    if (r != IMAP4_OK) return r;
  }
  return IMAP4_OK;
}

int imap4i_field_reader_finish(imap4i_field_reader *reader, imap4i_field *field, bool *got) {
  imap4_str piece;
  *got = true;
  if (reader->pending) {
    give(reader, field);
    return IMAP4_OK;
  }
  if (!reader->ended && imap4i_header_finish(&reader->header, &piece) == IMAP4I_HEADER_FIELD) {
    int r = begin(reader, piece);
    if (r != IMAP4_OK) return r;
    give(reader, field);
    return IMAP4_OK;
  }
  reader->ended = true;
  *got = false;
  return IMAP4_OK;
}
