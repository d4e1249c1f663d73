/* SPDX-License-Identifier: MIT */
/* Arguments of GETQUOTA and SETQUOTA (RFC 9208 section 7).  GETQUOTAROOT takes a mailbox and nothing else. */
#include "imap4/store.h"
#include "wire/parse_base.h"

static int take_root(imap4i_parser *parser, imap4i_quota_args *args) {
  *args = (imap4i_quota_args){0};
  int status = imap4i_take_space(parser, "Missing name of a quota root");
  return status == IMAP4_OK ? imap4i_take_astring(parser, "Expected the name of a quota root", &args->root)
                            : status;
}

int imap4i_parse_getquota(imap4i_parser *parser, imap4i_args *args) {
  int status = take_root(parser, &args->quota);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

/* Where the limit of a resource goes; NULL for one that is not known. */
static uint64_t *place_of(imap4i_quota_args *args, imap4_str name, uint32_t *bit) {
  *bit = 0;
  if (imap4i_ieq(name, IMAP4I_S("STORAGE"))) {
    *bit = IMAP4_QUOTA_STORAGE;
    return &args->storage;
  }
  if (imap4i_ieq(name, IMAP4I_S("MESSAGE"))) {
    *bit = IMAP4_QUOTA_MESSAGE;
    return &args->message;
  }
  if (imap4i_ieq(name, IMAP4I_S("MAILBOX"))) {
    *bit = IMAP4_QUOTA_MAILBOX;
    return &args->mailbox;
  }
  if (imap4i_ieq(name, IMAP4I_S("ANNOTATION-STORAGE"))) {
    *bit = IMAP4_QUOTA_ANNOTATION_STORAGE;
    return &args->annotation_storage;
  }
  return NULL;
}

/* resource-name SP number64. */
static int take_limit(imap4i_parser *parser, imap4i_quota_args *args) {
  uint64_t limit;
  uint32_t bit;
  imap4_str name = imap4i_take_atom(parser);
  if (name.n == 0) return imap4i_bad(parser, "Expected a resource, for example STORAGE");
  int status = imap4i_take_space(parser, "Missing limit after a resource");
  if (status == IMAP4_OK)
    status = imap4i_take_number(parser, INT64_MAX, false, "Expected a limit below 2^63", &limit);
  if (status != IMAP4_OK) return status;
  uint64_t *place = place_of(args, name, &bit);
  if (args->limited & bit) return imap4i_bad(parser, "A resource is named twice");
  args->limited |= bit;
  if (place) {
    *place = limit;
  } else {
    args->unknown = true;
  }
  return IMAP4_OK;
}

int imap4i_parse_setquota(imap4i_parser *parser, imap4i_args *args) {
  imap4i_quota_args *a = &args->quota;
  int status = take_root(parser, a);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing list of limits after the quota root");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected a list of limits in parentheses");
  if (imap4i_take_char(parser, ')')) return imap4i_take_end(parser);
  for (size_t n = 0;; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many limits");
    status = take_limit(parser, a);
    if (status != IMAP4_OK) return status;
    if (imap4i_take_char(parser, ')')) return imap4i_take_end(parser);
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a limit");
    if (status != IMAP4_OK) return status;
  }
}
