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

static const char *const names[IMAP4I_FIELD_COUNT] = {"date",
                                                      "subject",
                                                      "from",
                                                      "sender",
                                                      "reply-to",
                                                      "to",
                                                      "cc",
                                                      "bcc",
                                                      "in-reply-to",
                                                      "message-id",
                                                      "content-type",
                                                      "content-transfer-encoding",
                                                      "content-id",
                                                      "content-description",
                                                      "content-md5",
                                                      "content-disposition",
                                                      "content-language",
                                                      "content-location"};

#define DEFAULT_CHARSET "\"CHARSET\" \"us-ascii\""

void imap4i_fields_init(imap4i_fields *fields, imap4i_mem *mem, const imap4_limits *limits) {
  memset(fields, 0, sizeof *fields); /* it is large; a literal would be made on the stack first */
  fields->limits = limits;
  for (size_t i = 0; i < IMAP4I_FIELD_COUNT; i++)
    imap4i_buf_init(&fields->text[i], mem, SIZE_MAX);
  imap4i_buf_init(&fields->parameters, mem, SIZE_MAX);
  imap4i_buf_init(&fields->boundary, mem, IMAP4I_BOUNDARY_MAX);
  imap4i_buf_init(&fields->charset, mem, IMAP4I_CHARSET_MAX);
  imap4i_params_init(&fields->params, mem, limits->mime_parameters);
  imap4i_address_list_init(&fields->list, mem);
  imap4i_fields_clear(fields);
}

void imap4i_fields_free(imap4i_fields *fields) {
  for (size_t i = 0; i < IMAP4I_FIELD_COUNT; i++)
    imap4i_buf_free(&fields->text[i]);
  imap4i_buf_free(&fields->parameters);
  imap4i_buf_free(&fields->boundary);
  imap4i_buf_free(&fields->charset);
  imap4i_params_free(&fields->params);
  imap4i_address_list_free(&fields->list);
}

void imap4i_fields_clear(imap4i_fields *fields) {
  for (size_t i = 0; i < IMAP4I_FIELD_COUNT; i++) {
    imap4i_buf_clear(&fields->text[i]);
    fields->present[i] = false;
    fields->addresses[i] = 0;
    fields->octets[i] = 0;
  }
  imap4i_buf_clear(&fields->parameters);
  imap4i_buf_clear(&fields->boundary);
  imap4i_buf_clear(&fields->charset);
  fields->date = (imap4_date){0};
  fields->type = IMAP4I_TYPE_OTHER;
  fields->encoding = IMAP4I_ENCODING_IDENTITY;
  fields->subtype = 0;
}

unsigned imap4i_field_id(imap4_str name) {
  for (unsigned i = 0; i < IMAP4I_FIELD_COUNT; i++) {
    size_t n = strlen(names[i]);
    if (n == name.n && imap4i_istarts(name, imap4i_str(names[i], n))) return i;
  }
  return IMAP4I_FIELD_COUNT;
}

/* ---- values --------------------------------------------------------------------------------- */

static int add_addresses(imap4i_fields *fields, unsigned id, imap4_str value) {
  imap4i_buf *out = &fields->text[id];
  uint32_t room = fields->limits->header_field_octets - fields->octets[id];
  value.n = imap4i_min(value.n, room);
  fields->octets[id] += (uint32_t)value.n;
  imap4i_address_list_begin(&fields->list, value);
  while (fields->addresses[id] < fields->limits->addresses) {
    imap4i_address address;
    bool got;
    int r = imap4i_address_list_next(&fields->list, &address, &got);
    if (r != IMAP4_OK || !got) return r;
    if (!imap4i_address_put(out, &address)) return IMAP4_ERR_NOMEM;
    fields->addresses[id]++;
  }
  return IMAP4_OK;
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

static bool add_encoding(imap4i_fields *fields, imap4_str value) {
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
  return imap4i_text_upper(&fields->text[IMAP4I_FIELD_ENCODING], token);
}

/* Content-Disposition (RFC 2183): a type and parameters; without a type, nothing. */
static int add_disposition(imap4i_fields *fields, imap4_str value) {
  imap4i_buf *out = &fields->text[IMAP4I_FIELD_DISPOSITION];
  imap4i_skip_cfws(&value, NULL);
  imap4_str type = imap4i_take_token(&value);
  if (type.n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL")) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  int r = imap4i_params_parse(&fields->params, value);
  if (r != IMAP4_OK) return r;
  bool ok = imap4i_buf_putc(out, '(') && imap4i_text_upper(out, type) && imap4i_buf_putc(out, ' ') &&
            imap4i_params_put(&fields->params, (imap4_str){0}, out) && imap4i_buf_putc(out, ')');
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* Content-Language (RFC 3282): tags separated by commas; anything else, and it is as if missing. */
static bool add_language(imap4i_fields *fields, imap4_str value) {
  imap4i_buf *out = &fields->text[IMAP4I_FIELD_LANGUAGE];
  for (;;) {
    imap4i_skip_cfws(&value, NULL);
    imap4_str tag = imap4i_take_token(&value);
    imap4i_skip_cfws(&value, NULL);
    if (tag.n > 0) {
      if (!imap4i_buf_putc(out, out->n == 0 ? '(' : ' ') || !imap4i_text_string(out, tag)) return false;
    }
    if (value.n == 0) break;
    if (*value.p != ',') {
      imap4i_buf_clear(out);
      break;
    }
    value = imap4i_tail(value, 1);
  }
  return out->n == 0 ? imap4i_buf_puts(out, IMAP4I_S("NIL")) : imap4i_buf_putc(out, ')');
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

/* Set media type and parameters; |params| NULL: none. */
static bool set_type(imap4i_fields *fields, imap4_str type, imap4_str subtype, const imap4i_params *params) {
  imap4i_buf *out = &fields->text[IMAP4I_FIELD_TYPE];
  imap4_str charset = {0};
  imap4_str extra = {0};
  imap4_str boundary;
  imap4i_buf_clear(out);
  imap4i_buf_clear(&fields->parameters);
  fields->type = type_of(type, subtype);
  if (!imap4i_text_upper(out, type) || !imap4i_buf_putc(out, ' ')) return false;
  fields->subtype = out->n;
  if (!imap4i_text_upper(out, subtype)) return false;
  if (!params || !imap4i_params_find(params, IMAP4I_S("charset"), &charset)) {
    if (fields->type == IMAP4I_TYPE_TEXT) extra = IMAP4I_S(DEFAULT_CHARSET);
  }
  if (!params) {
    imap4i_params none = {0};
    return imap4i_params_put(&none, extra, &fields->parameters);
  }
  if (charset.n > 0 &&
      !imap4i_buf_put(&fields->charset, charset.p, imap4i_min(charset.n, IMAP4I_CHARSET_MAX))) {
    return false;
  }
  if (imap4i_params_find(params, IMAP4I_S("boundary"), &boundary) && boundary.n <= IMAP4I_BOUNDARY_MAX &&
      !imap4i_buf_puts(&fields->boundary, boundary)) {
    return false;
  }
  return imap4i_params_put(params, extra, &fields->parameters);
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
    bool ok = set_type(fields, IMAP4I_S("text"), IMAP4I_S("plain"), NULL);
    return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
  }
  int r = imap4i_params_parse(&fields->params, value);
  if (r != IMAP4_OK) return r;
  return set_type(fields, type, subtype, &fields->params) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_fields_finish(imap4i_fields *fields, bool in_digest) {
  bool ok = true;
  if (!fields->present[IMAP4I_FIELD_TYPE]) {
    ok = in_digest ? set_type(fields, IMAP4I_S("message"), IMAP4I_S("rfc822"), NULL)
                   : set_type(fields, IMAP4I_S("text"), IMAP4I_S("plain"), NULL);
  }
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_fields_make_opaque(imap4i_fields *fields) {
  imap4i_buf_clear(&fields->boundary);
  imap4i_buf_clear(&fields->charset);
  bool ok = set_type(fields, IMAP4I_S("application"), IMAP4I_S("octet-stream"), NULL);
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- one field ------------------------------------------------------------------------------ */

static bool is_content(unsigned id) {
  return id >= IMAP4I_FIELD_TYPE;
}

int imap4i_fields_add(imap4i_fields *fields, unsigned id, imap4_str value) {
  imap4i_buf *out = &fields->text[id];
  bool again = fields->present[id];
  bool ok;
  if (is_content(id) && again) return IMAP4_OK;
  fields->present[id] = true;
  switch (id) {
  case IMAP4I_FIELD_FROM:
  case IMAP4I_FIELD_SENDER:
  case IMAP4I_FIELD_REPLY_TO:
  case IMAP4I_FIELD_TO:
  case IMAP4I_FIELD_CC:
  case IMAP4I_FIELD_BCC:
    return add_addresses(fields, id, value);
  case IMAP4I_FIELD_TYPE:
    return add_type(fields, value);
  case IMAP4I_FIELD_DISPOSITION:
    return add_disposition(fields, value);
  case IMAP4I_FIELD_ENCODING:
    ok = add_encoding(fields, value);
    break;
  case IMAP4I_FIELD_LANGUAGE:
    ok = add_language(fields, value);
    break;
  case IMAP4I_FIELD_SUBJECT:
    imap4i_buf_clear(out);
    ok = imap4i_text_collapsed(out, value);
    break;
  default:
    if (id == IMAP4I_FIELD_DATE) imap4i_date_parse(value, &fields->date);
    imap4i_buf_clear(out);
    ok = put_unfolded(out, &fields->params.text, value);
    break;
  }
  return ok ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

/* ---- what goes out -------------------------------------------------------------------------- */

static bool put_or_nil(const imap4i_fields *fields, unsigned id, imap4i_buf *out) {
  imap4_str s = imap4i_buf_str(&fields->text[id]);
  return imap4i_buf_puts(out, s.n > 0 ? s : IMAP4I_S("NIL"));
}

static bool put_list(const imap4i_fields *fields, unsigned id, imap4i_buf *out) {
  imap4_str s = imap4i_buf_str(&fields->text[id]);
  if (s.n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL"));
  return imap4i_buf_putc(out, '(') && imap4i_buf_puts(out, s) && imap4i_buf_putc(out, ')');
}

bool imap4i_fields_put_envelope(const imap4i_fields *fields, imap4i_buf *out) {
  for (unsigned id = IMAP4I_FIELD_DATE; id <= IMAP4I_FIELD_MESSAGE_ID; id++) {
    unsigned shown = id;
    bool list = id >= IMAP4I_FIELD_FROM && id <= IMAP4I_FIELD_BCC;
    /* RFC 3501 section 7.4.2: missing or empty, these two are the same as From. */
    bool as_from = (id == IMAP4I_FIELD_SENDER || id == IMAP4I_FIELD_REPLY_TO) && fields->text[id].n == 0;
    if (as_from) shown = IMAP4I_FIELD_FROM;
    if (!imap4i_buf_putc(out, id == IMAP4I_FIELD_DATE ? '(' : ' ')) return false;
    if (!(list ? put_list(fields, shown, out) : put_or_nil(fields, shown, out))) return false;
  }
  return imap4i_buf_putc(out, ')');
}

static bool is_multipart(const imap4i_fields *fields) {
  return fields->type == IMAP4I_TYPE_MULTIPART || fields->type == IMAP4I_TYPE_DIGEST;
}

bool imap4i_fields_put_basic(const imap4i_fields *fields, imap4i_buf *out) {
  imap4_str type = imap4i_buf_str(&fields->text[IMAP4I_FIELD_TYPE]);
  if (is_multipart(fields)) return imap4i_buf_puts(out, imap4i_tail(type, fields->subtype));
  bool ok = imap4i_buf_puts(out, type) && imap4i_buf_putc(out, ' ') &&
            imap4i_buf_puts(out, imap4i_buf_str(&fields->parameters)) && imap4i_buf_putc(out, ' ') &&
            put_or_nil(fields, IMAP4I_FIELD_ID, out) && imap4i_buf_putc(out, ' ') &&
            put_or_nil(fields, IMAP4I_FIELD_DESCRIPTION, out) && imap4i_buf_putc(out, ' ');
  if (!ok) return false;
  if (!fields->present[IMAP4I_FIELD_ENCODING]) return imap4i_buf_puts(out, IMAP4I_S("\"7BIT\""));
  return put_or_nil(fields, IMAP4I_FIELD_ENCODING, out);
}

bool imap4i_fields_put_extension(const imap4i_fields *fields, imap4i_buf *out) {
  bool ok = is_multipart(fields) ? imap4i_buf_puts(out, imap4i_buf_str(&fields->parameters))
                                 : put_or_nil(fields, IMAP4I_FIELD_MD5, out);
  for (unsigned id = IMAP4I_FIELD_DISPOSITION; ok && id <= IMAP4I_FIELD_LOCATION; id++) {
    ok = imap4i_buf_putc(out, ' ') && put_or_nil(fields, id, out);
  }
  return ok;
}
