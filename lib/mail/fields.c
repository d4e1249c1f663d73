/* SPDX-License-Identifier: MIT */
/*
 * Fields of a header as ENVELOPE and BODYSTRUCTURE show them; see fields.h.  Of fields that should be there
 * once, the first of the MIME fields and the last of the others counts; address lists are joined.
 */
#include "mail/fields.h"

#include "imap4/error.h"
#include "mail/date.h"
#include "mail/digest.h"
#include "mail/text.h"
#include "mail/token.h"

#define DEFAULT_CHARSET "\"CHARSET\" \"us-ascii\""

void imap4i_fields_init(imap4i_fields *fields, imap4i_mem *mem, const imap4_limits *limits,
                        imap4i_maker *maker) {
  memset(fields, 0, sizeof *fields); /* it is large; a literal would be made on the stack first */
  fields->limits = limits;
  fields->maker = maker;
  imap4i_buf_init(&fields->boundary, mem, IMAP4I_BOUNDARY_MAX);
  imap4i_buf_init(&fields->charset, mem, IMAP4I_CHARSET_MAX);
  imap4i_params_init(&fields->params, mem, limits->mime_parameters);
  imap4i_address_list_init(&fields->list, mem);
  imap4i_fields_clear(fields);
}

void imap4i_fields_free(imap4i_fields *fields) {
  imap4i_buf_free(&fields->boundary);
  imap4i_buf_free(&fields->charset);
  imap4i_params_free(&fields->params);
  imap4i_address_list_free(&fields->list);
}

void imap4i_fields_clear(imap4i_fields *fields) {
  memset(fields->present, 0, sizeof fields->present);
  memset(fields->addresses, 0, sizeof fields->addresses);
  memset(fields->full, 0, sizeof fields->full);
  imap4i_buf_clear(&fields->boundary);
  fields->has_boundary = false;
  fields->date = (imap4_date){0};
  fields->type = IMAP4I_TYPE_OTHER;
  fields->encoding = IMAP4I_ENCODING_IDENTITY;
  fields->started = false;
  fields->disposition_is_bare = false;
  fields->as_written = false;
}

/* ---- values --------------------------------------------------------------------------------- */

static size_t count_octets(imap4_str s, char c) {
  size_t count = 0;
  for (size_t i = 0; i < s.n; i++)
    count += s.p[i] == c;
  return count;
}

/* Most octets of text that |value| becomes.  Each octet may be escaped, in joined parameters as a "%" that
 * becomes three; each address, parameter and language has its own quotes or literals. */
static size_t text_octets(const imap4i_fields *fields, unsigned id, imap4_str value) {
  if (id == IMAP4I_FIELD_TYPE || id == IMAP4I_FIELD_DISPOSITION) {
    return 3 * value.n + 16 * imap4i_min(count_octets(value, ';'), fields->limits->mime_parameters) + 100;
  }
  size_t items = imap4i_field_is_list(id)      ? 20 * imap4i_min(value.n, fields->limits->addresses)
                 : id == IMAP4I_FIELD_LANGUAGE ? 8 * count_octets(value, ',')
                                               : 0;
  return 2 * value.n + items + 100;
}

/* Whether there is room for the text of |value|. */
static bool text_fits(const imap4i_fields *fields, unsigned id, imap4_str value) {
  return imap4i_maker_fits(fields->maker, text_octets(fields, id, value));
}

/* Append an address; the text begins with the first, so that a list of none moves nothing. */
static bool put_address(imap4i_fields *fields, unsigned id, const imap4i_address *address, imap4i_buf **out) {
  if (!*out) *out = imap4i_maker_begin(fields->maker, id);
  return imap4i_address_put(*out, address);
}

/* Addresses of |fields->list|, up to its end or the limit. */
static int put_addresses(imap4i_fields *fields, unsigned id) {
  imap4i_buf *out = NULL;
  imap4i_address address;
  bool got = true;
  while (fields->addresses[id] < fields->limits->addresses) {
    int r = imap4i_address_list_next(&fields->list, &address, &got);
    if (r != IMAP4_OK) return r;
    if (!got) break;
    if (!put_address(fields, id, &address, &out)) return IMAP4_ERR_NOMEM;
    fields->addresses[id]++;
  }
  if (got && fields->list.in_group) { /* a group that the limit cuts in two must still end */
    address = (imap4i_address){.kind = IMAP4I_ADDRESS_GROUP_END};
    fields->list.in_group = false;
    if (!put_address(fields, id, &address, &out)) return IMAP4_ERR_NOMEM;
  }
  if (out) imap4i_maker_end(fields->maker);
  return IMAP4_OK;
}

/* Whether |value|, more of a list, may be looked at.  A list that has once met a limit has ended. */
static bool takes(imap4i_fields *fields, unsigned id, imap4_str value) {
  if (fields->addresses[id] == fields->limits->addresses || !text_fits(fields, id, value))
    fields->full[id] = true;
  return !fields->full[id];
}

static void begin_list(imap4i_fields *fields, imap4_str value) {
  if (fields->started) {
    imap4i_address_list_continue(&fields->list, value);
  } else {
    imap4i_address_list_begin(&fields->list, value);
  }
}

int imap4i_fields_add_start(imap4i_fields *fields, unsigned id, imap4_str value, size_t *used) {
  *used = value.n;
  fields->present[id] = true;
  begin_list(fields, value);
  size_t whole = imap4i_address_list_open(&fields->list);
  if (!takes(fields, id, imap4i_str(value.p, whole))) return IMAP4_OK;
  *used = whole;
  fields->started = true;
  return whole > 0 ? put_addresses(fields, id) : IMAP4_OK;
}

static int add_addresses(imap4i_fields *fields, unsigned id, imap4_str value) {
  if (!takes(fields, id, value)) value.n = 0;
  begin_list(fields, value);
  fields->started = false;
  return value.n > 0 || fields->list.in_group ? put_addresses(fields, id) : IMAP4_OK;
}

/* Begin a text in place of the one that is there. */
static imap4i_buf *begin_text(imap4i_fields *fields, unsigned text) {
  imap4i_maker_drop(fields->maker, text);
  return imap4i_maker_begin(fields->maker, text);
}

static int end_text(imap4i_fields *fields, bool ok) {
  imap4i_maker_end(fields->maker);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* Append |value| unfolded, without the white space behind the colon; of a line that has nothing else, only
 * the first goes. */
static bool put_unfolded(imap4i_buf *out, imap4_str value) {
  size_t blank = 0;
  while (blank < value.n && (value.p[blank] == ' ' || value.p[blank] == '\t'))
    blank++;
  bool more = blank < value.n && value.p[blank] != '\r' && value.p[blank] != '\n';
  return imap4i_text_unfolded(out, imap4i_tail(value, more ? blank : imap4i_min(blank, 1)));
}

static uint8_t encoding_of(imap4_str name) {
  static const struct {
    const char *name;
    uint8_t encoding;
  } known[] = {{"7bit", IMAP4I_ENCODING_IDENTITY},
               {"8bit", IMAP4I_ENCODING_IDENTITY},
               {"binary", IMAP4I_ENCODING_IDENTITY},
               {"quoted-printable", IMAP4I_ENCODING_QUOTED_PRINTABLE},
               {"base64", IMAP4I_ENCODING_BASE64}};
  for (size_t i = 0; i < IMAP4I_COUNT(known); i++) {
    if (imap4i_ieq(name, imap4i_str(known[i].name, strlen(known[i].name)))) return known[i].encoding;
  }
  return IMAP4I_ENCODING_OTHER;
}

/* Content-Transfer-Encoding (RFC 2045 section 6.1): a token; of several fields the last that is one.  What
 * is none is shown as if missing, but the body is not taken for readable text (section 6.4). */
static int add_encoding(imap4i_fields *fields, imap4_str value) {
  imap4i_skip_cfws(&value, NULL);
  imap4_str token = imap4i_take_token(&value);
  bool closed = imap4i_skip_cfws(&value, NULL);
  if (token.n > 0 && closed && value.n == 0) {
    fields->encoding = encoding_of(token);
    return end_text(fields, imap4i_text_upper(begin_text(fields, IMAP4I_FIELD_ENCODING), token));
  }
  /* Parameters have no meaning here, but do no harm to what stands before them. */
  if (!imap4i_maker_has(fields->maker, IMAP4I_FIELD_ENCODING)) {
    fields->encoding = value.n == 0 || *value.p == ';' ? encoding_of(token) : IMAP4I_ENCODING_OTHER;
  }
  return IMAP4_OK;
}

/* Content-Disposition (RFC 2183): a type and parameters; without a type, nothing. */
static int add_disposition(imap4i_fields *fields, imap4_str value) {
  imap4i_skip_cfws(&value, NULL);
  imap4_str type = imap4i_take_token8(&value);
  if (type.n == 0 || !imap4i_skip_cfws(&value, NULL)) return IMAP4_OK;
  int r = imap4i_params_parse(&fields->params, value);
  if (r != IMAP4_OK) return r;
  imap4i_buf *out = begin_text(fields, IMAP4I_FIELD_DISPOSITION);
  fields->disposition_is_bare = fields->params.n == 0;
  return end_text(fields,
                  imap4i_buf_putc(out, '(') && imap4i_text_upper(out, type) && imap4i_buf_putc(out, ' ') &&
                      imap4i_params_put(&fields->params, (imap4_str){0}, out) && imap4i_buf_putc(out, ')'));
}

static imap4_str take_atom(imap4_str *s) {
  size_t n = 0;
  while (n < s->n && imap4i_is_atext(s->p[n]))
    n++;
  imap4_str atom = {s->p, n};
  *s = imap4i_tail(*s, n);
  return atom;
}

/* Content-Language (RFC 3282): tags separated by commas, as far as that is what stands there. */
static int add_language(imap4i_fields *fields, imap4_str value) {
  imap4i_buf *out = begin_text(fields, IMAP4I_FIELD_LANGUAGE);
  bool first = true;
  for (;; first = false) {
    imap4i_skip_cfws(&value, NULL);
    imap4_str tag = take_atom(&value);
    if (tag.n == 0 || !imap4i_skip_cfws(&value, NULL)) break;
    if (!imap4i_buf_putc(out, first ? '(' : ' ') || !imap4i_text_string(out, tag)) return IMAP4_ERR_NOMEM;
    if (value.n == 0 || *value.p != ',') {
      first = false;
      break;
    }
    value = imap4i_tail(value, 1);
  }
  return end_text(fields, first || imap4i_buf_putc(out, ')'));
}

/* ---- Content-Type --------------------------------------------------------------------------- */

static uint8_t type_of(imap4_str type, imap4_str subtype) {
  if (imap4i_ieq(type, IMAP4I_S("text"))) return IMAP4I_TYPE_TEXT;
  if (imap4i_ieq(type, IMAP4I_S("multipart"))) {
    return imap4i_ieq(subtype, IMAP4I_S("digest")) ? IMAP4I_TYPE_DIGEST : IMAP4I_TYPE_MULTIPART;
  }
  if (imap4i_ieq(type, IMAP4I_S("message")) && imap4i_ieq(subtype, IMAP4I_S("rfc822")))
    return IMAP4I_TYPE_MESSAGE;
  if (imap4i_ieq(type, IMAP4I_S("message")) && imap4i_ieq(subtype, IMAP4I_S("global")))
    return IMAP4I_TYPE_GLOBAL;
  return IMAP4I_TYPE_OTHER;
}

static bool is_multipart(const imap4i_fields *fields) {
  return fields->type == IMAP4I_TYPE_MULTIPART || fields->type == IMAP4I_TYPE_DIGEST;
}

/* Set the media type without parameters. */
static int set_type(imap4i_fields *fields, imap4_str type, imap4_str subtype) {
  imap4i_maker_drop(fields->maker, IMAP4I_TEXT_PARAMETERS);
  imap4i_maker_drop(fields->maker, IMAP4I_TEXT_CHARSET);
  imap4i_buf *out = begin_text(fields, IMAP4I_FIELD_TYPE);
  fields->type = type_of(type, subtype);
  bool ok = is_multipart(fields) || (imap4i_text_upper(out, type) && imap4i_buf_putc(out, ' '));
  return end_text(fields, ok && imap4i_text_upper(out, subtype));
}

/* Set the parameters of a media type that is set.  Text without a charset is us-ascii (RFC 2046 section
 * 4.1.2), which is said to clients unless the parameters are out of order anyway, or the part is there only
 * because the boundary around it was taken from where not everybody looks for it. */
static int set_parameters(imap4i_fields *fields) {
  const imap4i_params *params = &fields->params;
  imap4i_buf *charset = &fields->charset;
  imap4_str extra = {0};
  unsigned found;
  if (!imap4i_params_find(params, IMAP4I_S("boundary"), &fields->boundary, &found)) return IMAP4_ERR_NOMEM;
  fields->has_boundary = found != IMAP4I_PARAM_NONE;
  if (is_multipart(fields) && fields->has_boundary && !imap4i_params_plain(params, IMAP4I_S("boundary"))) {
    fields->as_written = true;
  }
  imap4i_buf_clear(charset);
  if (!imap4i_params_find(params, IMAP4I_S("charset"), charset, &found)) return IMAP4_ERR_NOMEM;
  int r = end_text(fields, imap4i_buf_puts(begin_text(fields, IMAP4I_TEXT_CHARSET), imap4i_buf_str(charset)));
  if (r != IMAP4_OK) return r;
  if (found == IMAP4I_PARAM_NONE && fields->type == IMAP4I_TYPE_TEXT && !params->loose &&
      !fields->as_written) {
    extra = IMAP4I_S(DEFAULT_CHARSET);
  }
  return end_text(fields, imap4i_params_put(params, extra, begin_text(fields, IMAP4I_TEXT_PARAMETERS)));
}

/* A field that cannot be understood is as good as none (RFC 2045 section 5.2).  Something must follow the
 * slash, but either side of it may be missing. */
static int add_type(imap4i_fields *fields, imap4_str value) {
  imap4i_skip_cfws(&value, NULL);
  imap4_str type = imap4i_take_token(&value);
  imap4i_skip_cfws(&value, NULL);
  if (value.n == 0 || *value.p != '/') return IMAP4_OK;
  value = imap4i_tail(value, 1);
  imap4i_skip_cfws(&value, NULL);
  if (value.n == 0) return IMAP4_OK;
  imap4_str subtype = imap4i_take_token(&value);
  imap4i_skip_cfws(&value, NULL); /* a comment that is not closed takes the parameters with it */
  if (value.n > 0 && *value.p != ';') return IMAP4_OK;
  int r = imap4i_params_parse(&fields->params, value);
  if (r == IMAP4_OK) r = set_type(fields, type, subtype);
  return r == IMAP4_OK ? set_parameters(fields) : r;
}

/* RFC 2045 section 4: a message that does not say it is MIME is plain text, whatever its header has.  SEARCH
 * decodes it all the same. */
static void forget_content(imap4i_fields *fields) {
  for (unsigned id = IMAP4I_FIELD_ENCODING; id <= IMAP4I_FIELD_LOCATION; id++)
    imap4i_maker_drop(fields->maker, id);
}

int imap4i_fields_finish(imap4i_fields *fields, bool message, bool in_digest) {
  bool mime = fields->present[IMAP4I_FIELD_TYPE] || fields->present[IMAP4I_FIELD_MIME_VERSION];
  if (message && !mime) forget_content(fields);
  if (imap4i_maker_has(fields->maker, IMAP4I_FIELD_TYPE)) return IMAP4_OK;
  if (in_digest) {
    return set_type(fields, IMAP4I_S("message"), IMAP4I_S("rfc822"));
  }
  fields->type = IMAP4I_TYPE_TEXT; /* plain, which needs no text */
  return IMAP4_OK;
}

int imap4i_fields_make_opaque(imap4i_fields *fields) {
  fields->has_boundary = false;
  fields->type = IMAP4I_TYPE_OTHER;
  return end_text(fields, imap4i_buf_puts(begin_text(fields, IMAP4I_FIELD_TYPE),
                                          IMAP4I_S("\"APPLICATION\" \"OCTET-STREAM\"")));
}

/* ---- one field ------------------------------------------------------------------------------ */

static bool is_content(unsigned id) {
  return id >= IMAP4I_FIELD_TYPE;
}

/* Of several dates the last that is one. */
static void add_date(imap4i_fields *fields, imap4_str value) {
  imap4_date date;
  if (imap4i_date_parse(value, &date)) fields->date = date;
}

/* A MIME field that has said something is not overruled by one that comes later.  But a disposition without
 * parameters is by the next one. */
static bool is_settled(const imap4i_fields *fields, unsigned id) {
  if (!is_content(id) || id == IMAP4I_FIELD_ENCODING || !imap4i_maker_has(fields->maker, id)) return false;
  return id != IMAP4I_FIELD_DISPOSITION || !fields->disposition_is_bare;
}

int imap4i_fields_add(imap4i_fields *fields, unsigned id, imap4_str value) {
  if (is_settled(fields, id)) return IMAP4_OK;
  /* Behind a Content-Type that says nothing, one that many would not look at. */
  if (id == IMAP4I_FIELD_TYPE && fields->present[id]) fields->as_written = true;
  fields->present[id] = true;
  if (id == IMAP4I_FIELD_MIME_VERSION) return IMAP4_OK; /* any version will do */
  if (imap4i_field_is_list(id)) return add_addresses(fields, id, value);
  if (id == IMAP4I_FIELD_DATE) add_date(fields, value);
  if (!text_fits(fields, id, value)) {
    imap4i_maker_drop(fields->maker, id);
    return id == IMAP4I_FIELD_TYPE ? imap4i_fields_make_opaque(fields) : IMAP4_OK;
  }
  switch (id) {
  case IMAP4I_FIELD_TYPE:
    return add_type(fields, value);
  case IMAP4I_FIELD_DISPOSITION:
    return add_disposition(fields, value);
  case IMAP4I_FIELD_ENCODING:
    return add_encoding(fields, value);
  case IMAP4I_FIELD_LANGUAGE:
    return add_language(fields, value);
  case IMAP4I_FIELD_SUBJECT:
    return end_text(fields, imap4i_text_collapsed(begin_text(fields, id), value));
  default:
    return end_text(fields, put_unfolded(begin_text(fields, id), value));
  }
}
