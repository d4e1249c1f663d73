/* SPDX-License-Identifier: MIT */
/*
 * Parameters of MIME fields (RFC 2045 section 5.1), with the continuations of RFC 2231 section 3 joined:
 * name*0, name*1 become name; name*0*, name*1* become name*, still encoded, for the client to decode.
 * Sections that are not one each from 0 up stay as they are.
 *
 * Parameters are spans of the field's value, which must stay until they have been used; there is no copy.
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
  size_t max;   /* parameters that are kept */
  size_t plain; /* of these nothing that is no parameter stands before */
  bool loose;   /* a value without quotes has more in it than a token may */
} imap4i_params;

/* How much of a value there is. */
enum {
  IMAP4I_PARAM_NONE, /* no such parameter */
  IMAP4I_PARAM_CUT,  /* as much as there was room for */
  IMAP4I_PARAM_WHOLE
};

void imap4i_params_init(imap4i_params *params, imap4i_mem *mem, size_t max);
void imap4i_params_free(imap4i_params *params);
/* Read the rest of a field, which begins behind its value ("; name=value; ...").  IMAP4_OK or
 * IMAP4_ERR_NOMEM. */
int imap4i_params_parse(imap4i_params *params, imap4_str text);
/* Append the value of the first parameter of that name to |out|, up to |out->max|: one given plainly, else
 * a joined one, else one with a charset (RFC 2231 section 4), decoded.  False without memory. */
IMAP4_MUST_USE bool imap4i_params_find(const imap4i_params *params, imap4_str name, imap4i_buf *out,
                                       unsigned *found);
/* Whether a parameter of that name is given without a charset, with nothing but parameters before it: all
 * who read the field find it. */
bool imap4i_params_plain(const imap4i_params *params, imap4_str name);
/* Append them as body-fld-param: a list or NIL; |extra| is one more pair, ready to send, or empty.  False
 * without memory. */
IMAP4_MUST_USE bool imap4i_params_put(const imap4i_params *params, imap4_str extra, imap4i_buf *out);

#endif
