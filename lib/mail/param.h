/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields (RFC 2045 section 5.1), with the continuations of RFC 2231 section 3 joined:
 * name*0, name*1 become name; name*0*, name*1* become name*, still encoded, for the client to decode.
 */
#ifndef IMAP4I_PARAM_H
#define IMAP4I_PARAM_H

#include "base/buf.h"

struct imap4i_param;

typedef struct imap4i_params {
  imap4i_mem *mem;
  struct imap4i_param *p;
  size_t n;
  size_t capacity;
  size_t max;      /* parameters that are kept */
  imap4i_buf text; /* names and values */
} imap4i_params;

void imap4i_params_init(imap4i_params *params, imap4i_mem *mem, size_t max);
void imap4i_params_free(imap4i_params *params);
/* Read the rest of a field, which begins behind its value ("; name=value; ...").  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_params_parse(imap4i_params *params, imap4_str text);
/* The first parameter of that name.  The value lives until the next parse. */
bool imap4i_params_find(const imap4i_params *params, imap4_str name, imap4_str *value);
/* Append them as body-fld-param: a list or NIL; |extra| is one more pair, ready to send, or empty.  False
 * without memory. */
IMAP4_MUST_USE bool imap4i_params_put(const imap4i_params *params, imap4_str extra, imap4i_buf *out);

#endif
