/* SPDX-License-Identifier: MIT */
/* Result options of SEARCH (RFC 4466 section 2.6.1, RFC 4731, RFC 5182, RFC 9394): what is to be told of what
 * is found. */
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
    {NAME("PARTIAL"), IMAP4I_RETURN_PARTIAL, IMAP4_FEATURE_PARTIAL},
};

int imap4i_take_partial(imap4i_parser *parser, imap4i_partial *partial) {
  const char *textz = "Expected a range after PARTIAL: 1:100, or -1:-100 from the end";
  uint64_t first;
  uint64_t last;
  if (partial->first > 0) return imap4i_bad(parser, "PARTIAL was given before");
  int status = imap4i_take_space(parser, textz);
  if (status != IMAP4_OK) return status;
  bool from_end = imap4i_take_char(parser, '-');
  status = imap4i_take_number(parser, UINT32_MAX, true, textz, &first);
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, ':') || imap4i_take_char(parser, '-') != from_end)
    return imap4i_bad(parser, textz);
  status = imap4i_take_number(parser, UINT32_MAX, true, textz, &last);
  if (status != IMAP4_OK) return status;
  *partial = (imap4i_partial){(uint32_t)first, (uint32_t)last, from_end};
  return IMAP4_OK;
}

static int add_option(imap4i_parser *parser, imap4i_search_args *args, uint32_t option) {
  const uint32_t both = IMAP4I_RETURN_ALL | IMAP4I_RETURN_PARTIAL;
  args->options |= option;
  if ((args->options & both) == both) /* RFC 9394 section 3.1 */
    return imap4i_bad(parser, "ALL and PARTIAL exclude each other");
  return option == IMAP4I_RETURN_PARTIAL ? imap4i_take_partial(parser, &args->partial) : IMAP4_OK;
}

static int take_option(imap4i_parser *parser, imap4i_search_args *args) {
  imap4_str name = imap4i_take_atom(parser);
  for (size_t i = 0; i < IMAP4I_COUNT(options); i++) {
    if (!imap4i_ieq(name, options[i].name) || parser->features_off & options[i].feature) continue;
    return add_option(parser, args, options[i].option);
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
