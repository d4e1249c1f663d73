/* SPDX-License-Identifier: MIT */
/* Result options of SEARCH (RFC 4466 section 2.6.1, RFC 4731, RFC 5182): what is to be told of what is found.
 */
#include "imap4/session.h"
#include "wire/parse_base.h"

#define NAME(s)                                                                                              \
  { s, sizeof(s) - 1 }

static const struct {
  imap4_str name;
  uint32_t option;
  uint64_t feature;
} options[] = {
    {NAME("MIN"), IMAP4I_RETURN_MIN, IMAP4_FEATURE_ESEARCH},
    {NAME("MAX"), IMAP4I_RETURN_MAX, IMAP4_FEATURE_ESEARCH},
    {NAME("ALL"), IMAP4I_RETURN_ALL, IMAP4_FEATURE_ESEARCH},
    {NAME("COUNT"), IMAP4I_RETURN_COUNT, IMAP4_FEATURE_ESEARCH},
    {NAME("SAVE"), IMAP4I_RETURN_SAVE, IMAP4_FEATURE_SEARCHRES},
};

static int take_option(imap4i_parser *parser, imap4i_search_args *args) {
  imap4_str name = imap4i_take_atom(parser);
  for (size_t i = 0; i < IMAP4I_COUNT(options); i++) {
    if (!imap4i_ieq(name, options[i].name) || parser->features_off & options[i].feature) continue;
    args->options |= options[i].option;
    return IMAP4_OK;
  }
  return imap4i_bad(parser, name.n > 0 ? "Unknown result option" : "Expected a result option");
}

int imap4i_take_return(imap4i_parser *parser, imap4i_search_args *args) {
  int status = imap4i_take_space(parser, "Missing result options after RETURN");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected result options in parentheses");
  if (imap4i_take_char(parser, ')')) {
    args->options = IMAP4I_RETURN_ALL; /* RFC 4731 section 3.1 */
    return IMAP4_OK;
  }
  for (size_t n = 0;; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many result options");
    status = take_option(parser, args);
    if (status != IMAP4_OK || imap4i_take_char(parser, ')')) return status;
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a result option");
    if (status != IMAP4_OK) return status;
  }
}
