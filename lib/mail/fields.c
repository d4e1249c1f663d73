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
  imap4i_params_init(&fields->params, mem, limits->mime_parameters);
  imap4i_address_list_init(&fields->list, mem);
  imap4i_fields_clear(fields);
}

void imap4i_fields_free(imap4i_fields *fields) {
  imap4i_buf_free(&fields->boundary);
  imap4i_params_free(&fields->params);
  imap4i_address_list_free(&fields->list);
}

void imap4i_fields_clear(imap4i_fields *fields) {
  memset(fields->present, 0, sizeof fields->present);
  memset(fields->addresses, 0, sizeof fields->addresses);
  memset(fields->octets, 0, sizeof fields->octets);
  imap4i_buf_clear(&fields->boundary);
  fields->date = (imap4_date){0};
  fields->type = IMAP4I_TYPE_OTHER;
  fields->encoding = IMAP4I_ENCODING_IDENTITY;
  fields->started = false;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Whether there is room for the text of a value of |n| octets: each may be escaped, and each two of a list
 * may be an address. */
static bool text_fits(const imap4i_fields *fields, unsigned id, size_t n) {
  size_t addresses = imap4i_field_is_list(id) ? imap4i_min(n, fields->limits->addresses) : 0;
  return imap4i_maker_fits(fields->maker, 2 * n + 20 * addresses + 100);
}

/* Addresses of |fields->list|, up to its end or the limit. */
static int put_addresses(imap4i_fields *fields, unsigned id) {
  imap4i_buf *out = imap4i_maker_begin(fields->maker, id);
  int r = IMAP4_OK;
  while (fields->addresses[id] < fields->limits->addresses) {
    imap4i_address address;
    bool got;
    r = imap4i_address_list_next(&fields->list, &address, &got);
    if (r != IMAP4_OK || !got) break;
    if (!imap4i_address_put(out, &address)) {
      r = IMAP4_ERR_NOMEM;
      break;
    }
    fields->addresses[id]++;
  }
  imap4i_maker_end(fields->maker);
  return r;
}

/* What of |value| may still be looked at. */
static imap4_str take_octets(imap4i_fields *fields, unsigned id, imap4_str value) {
  uint32_t room = fields->limits->header_field_octets - fields->octets[id];
  value.n = imap4i_min(value.n, room);
  bool fits = fields->addresses[id] < fields->limits->addresses && text_fits(fields, id, value.n);
  fields->octets[id] += fits ? (uint32_t)value.n : room;
  if (!fits) value.n = 0;
  return value;
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
  imap4_str taken = take_octets(fields, id, imap4i_str(value.p, whole));
  if (taken.n < whole) return IMAP4_OK; /* no more room: the rest of the field is not looked at either */
  *used = whole;
  fields->started = true;
  return whole > 0 ? put_addresses(fields, id) : IMAP4_OK;
}

static int add_addresses(imap4i_fields *fields, unsigned id, imap4_str value) {
  value = take_octets(fields, id, value);
  begin_list(fields, value);
  fields->started = false;
  return value.n > 0 || fields->list.in_group ? put_addresses(fields, id) : IMAP4_OK;
}

/* Unfold |value| into |out| as a string; white space stays as it is but for that after the colon. */
static bool put_unfolded(imap4i_buf *out, imap4i_buf *scratch, imap4_str value) {
  imap4i_buf_clear(scratch);
  while (value.n > 0 && (*value.p == ' ' || *value.p == '\t'))
    value = imap4i_tail(value, 1);
  if (!imap4i_buf_puts(scratch, value)) return false;
  scratch->n = imap4i_unfold(scratch->p, scratch->n);
  return imap4i_text_string(out, imap4i_buf_str(scratch));
}

/* A single token with nothing but comments around it. */
static bool only_token(imap4_str value, imap4_str *token) {
  imap4i_skip_cfws(&value, NULL);
  *token = imap4i_take_token(&value);
  imap4i_skip_cfws(&value, NULL);
  return token->n > 0 && value.n == 0;
}

static bool add_encoding(imap4i_fields *fields, imap4i_buf *out, imap4_str value) {
  imap4_str token;
  if (!only_token(value, &token)) token = IMAP4I_S("7BIT");
  if (imap4i_ieq(token, IMAP4I_S("quoted-printable"))) {
    fields->encoding = IMAP4I_ENCODING_QUOTED_PRINTABLE;
  } else if (imap4i_ieq(token, IMAP4I_S("base64"))) {
    fields->encoding = IMAP4I_ENCODING_BASE64;
  } else if (!imap4i_ieq(token, IMAP4I_S("7bit")) && !imap4i_ieq(token, IMAP4I_S("8bit")) &&
             !imap4i_ieq(token, IMAP4I_S("binary"))) {
    fields->encoding = IMAP4I_ENCODING_OTHER;
  }
  return imap4i_text_upper(out, token);
}

/* Content-Disposition (RFC 2183): a type and parameters; without a type, nothing. */
static int add_disposition(imap4i_fields *fields, imap4i_buf *out, imap4_str value) {
  imap4i_skip_cfws(&value, NULL);
  imap4_str type = imap4i_take_token(&value);
  if (type.n == 0) return IMAP4_OK;
  int r = imap4i_params_parse(&fields->params, value);
  if (r != IMAP4_OK) return r;
  bool ok = imap4i_buf_putc(out, '(') && imap4i_text_upper(out, type) && imap4i_buf_putc(out, ' ') &&
            imap4i_params_put(&fields->params, (imap4_str){0}, out) && imap4i_buf_putc(out, ')');
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* Content-Language (RFC 3282): tags separated by commas; anything else, and it is as if missing. */
static bool add_language(imap4i_buf *out, imap4_str value) {
  size_t start = out->n;
  for (;;) {
    imap4i_skip_cfws(&value, NULL);
    imap4_str tag = imap4i_take_token(&value);
    imap4i_skip_cfws(&value, NULL);
    if (tag.n > 0) {
      if (!imap4i_buf_putc(out, out->n == start ? '(' : ' ') || !imap4i_text_string(out, tag)) return false;
    }
    if (value.n == 0) break;
    if (*value.p != ',') {
      out->n = start;
      break;
    }
    value = imap4i_tail(value, 1);
  }
  return out->n == start || imap4i_buf_putc(out, ')');
}

/* ---- Content-Type --------------------------------------------------------------------------- */

static uint8_t type_of(imap4_str type, imap4_str subtype) {
  if (imap4i_ieq(type, IMAP4I_S("text"))) return IMAP4I_TYPE_TEXT;
  if (imap4i_ieq(type, IMAP4I_S("multipart"))) {
    return imap4i_ieq(subtype, IMAP4I_S("digest")) ? IMAP4I_TYPE_DIGEST : IMAP4I_TYPE_MULTIPART;
  }
  if (imap4i_ieq(type, IMAP4I_S("message")) && imap4i_ieq(subtype, IMAP4I_S("rfc822"))) {
    return IMAP4I_TYPE_MESSAGE;
  }
  return IMAP4I_TYPE_OTHER;
}

static bool is_multipart(const imap4i_fields *fields) {
  return fields->type == IMAP4I_TYPE_MULTIPART || fields->type == IMAP4I_TYPE_DIGEST;
}

/* Set the media type without parameters. */
static bool set_type(imap4i_fields *fields, imap4_str type, imap4_str subtype) {
  imap4i_maker_drop(fields->maker, IMAP4I_TEXT_PARAMETERS);
  imap4i_maker_drop(fields->maker, IMAP4I_TEXT_CHARSET);
  imap4i_maker_drop(fields->maker, IMAP4I_FIELD_TYPE);
  imap4i_buf *out = imap4i_maker_begin(fields->maker, IMAP4I_FIELD_TYPE);
  fields->type = type_of(type, subtype);
  bool ok = is_multipart(fields) || (imap4i_text_upper(out, type) && imap4i_buf_putc(out, ' '));
  ok = ok && imap4i_text_upper(out, subtype);
  imap4i_maker_end(fields->maker);
  return ok;
}

/* Set the parameters of the media type that was set. */
static bool set_parameters(imap4i_fields *fields, const imap4i_params *params) {
  imap4_str charset = {0};
  imap4_str extra = {0};
  imap4_str boundary;
  bool named = imap4i_params_find(params, IMAP4I_S("charset"), &charset);
  if (!named && fields->type == IMAP4I_TYPE_TEXT) extra = IMAP4I_S(DEFAULT_CHARSET);
  imap4i_buf *out = imap4i_maker_begin(fields->maker, IMAP4I_TEXT_PARAMETERS);
  bool ok = imap4i_params_put(params, extra, out);
  imap4i_maker_end(fields->maker);
  out = imap4i_maker_begin(fields->maker, IMAP4I_TEXT_CHARSET);
  ok = ok && imap4i_buf_put(out, charset.p, imap4i_min(charset.n, IMAP4I_CHARSET_MAX));
  imap4i_maker_end(fields->maker);
  if (ok && imap4i_params_find(params, IMAP4I_S("boundary"), &boundary) &&
      boundary.n <= IMAP4I_BOUNDARY_MAX) {
    ok = imap4i_buf_puts(&fields->boundary, boundary);
  }
  return ok;
}

/* A field that cannot be understood is as good as none (RFC 2045 section 5.2). */
static int add_type(imap4i_fields *fields, imap4_str value) {
  bool understood = false;
  imap4_str subtype = {0};
  imap4i_skip_cfws(&value, NULL);
  imap4_str type = imap4i_take_token(&value);
  imap4i_skip_cfws(&value, NULL);
  if (type.n > 0 && value.n > 0 && *value.p == '/') {
    value = imap4i_tail(value, 1);
    imap4i_skip_cfws(&value, NULL);
    subtype = imap4i_take_token(&value);
    imap4i_skip_cfws(&value, NULL);
    understood = subtype.n > 0 && (value.n == 0 || *value.p == ';');
  }
  if (!understood) {
    fields->type = IMAP4I_TYPE_TEXT;
    return IMAP4_OK;
  }
  int r = imap4i_params_parse(&fields->params, value);
  if (r != IMAP4_OK) return r;
  bool ok = set_type(fields, type, subtype) && set_parameters(fields, &fields->params);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_fields_finish(imap4i_fields *fields, bool in_digest) {
  if (fields->present[IMAP4I_FIELD_TYPE]) return IMAP4_OK;
  fields->type = IMAP4I_TYPE_TEXT; /* plain, which needs no text */
  if (!in_digest) return IMAP4_OK;
  return set_type(fields, IMAP4I_S("message"), IMAP4I_S("rfc822")) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_fields_make_opaque(imap4i_fields *fields) {
  imap4i_buf_clear(&fields->boundary);
  bool ok = set_type(fields, IMAP4I_S("application"), IMAP4I_S("octet-stream"));
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- one field ------------------------------------------------------------------------------ */

static bool is_content(unsigned id) {
  return id >= IMAP4I_FIELD_TYPE;
}

/* A field whose text is one string or list of its own. */
static int add_text(imap4i_fields *fields, unsigned id, imap4_str value) {
  imap4i_buf *out = imap4i_maker_begin(fields->maker, id);
  int r = IMAP4_OK;
  bool ok = true;
  switch (id) {
  case IMAP4I_FIELD_DISPOSITION:
    r = add_disposition(fields, out, value);
    break;
  case IMAP4I_FIELD_ENCODING:
    ok = add_encoding(fields, out, value);
    break;
  case IMAP4I_FIELD_LANGUAGE:
    ok = add_language(out, value);
    break;
  case IMAP4I_FIELD_SUBJECT:
    ok = imap4i_text_collapsed(out, value);
    break;
  default:
    ok = put_unfolded(out, &fields->params.text, value);
    break;
  }
  imap4i_maker_end(fields->maker);
  return ok ? r : IMAP4_ERR_NOMEM;
}

int imap4i_fields_add(imap4i_fields *fields, unsigned id, imap4_str value) {
  bool again = fields->present[id];
  if (is_content(id) && again) return IMAP4_OK;
  fields->present[id] = true;
  if (imap4i_field_is_list(id)) return add_addresses(fields, id, value);
  if (id == IMAP4I_FIELD_DATE) imap4i_date_parse(value, &fields->date);
  imap4i_maker_drop(fields->maker, id);
  if (!text_fits(fields, id, value.n)) {
    return id == IMAP4I_FIELD_TYPE ? imap4i_fields_make_opaque(fields) : IMAP4_OK;
  }
  return id == IMAP4I_FIELD_TYPE ? add_type(fields, value) : add_text(fields, id, value);
}
