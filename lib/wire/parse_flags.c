/* SPDX-License-Identifier: MIT */
/*
 * Flags and keywords as clients write them, in STORE, APPEND and SEARCH.
 */
#include "wire/parse_base.h"

/* Beside the bits of IMAP4_FLAG_ALL, while parsing only. */
#define RECENT 0x80000000u

static uint32_t system_flag(imap4_str name) {
  static const struct {
    imap4_str name;
    uint32_t bit;
  } flags[] = {{{"Answered", 8}, IMAP4_FLAG_ANSWERED}, {{"Flagged", 7}, IMAP4_FLAG_FLAGGED},
               {{"Deleted", 7}, IMAP4_FLAG_DELETED},   {{"Seen", 4}, IMAP4_FLAG_SEEN},
               {{"Draft", 5}, IMAP4_FLAG_DRAFT},       {{"Recent", 6}, RECENT}};
  for (size_t i = 0; i < IMAP4I_COUNT(flags); i++) {
    if (imap4i_ieq(name, flags[i].name)) return flags[i].bit;
  }
  return 0;
}

int imap4i_take_keyword(imap4i_parser *parser, imap4_str *keyword) {
  *keyword = imap4i_take_atom(parser);
  if (keyword->n == 0 && imap4i_next_is(parser, '\\')) {
    return imap4i_bad(parser, "A keyword can't begin with a backslash");
  }
  if (keyword->n == 0) return imap4i_bad(parser, "Expected a flag");
  if (keyword->n > parser->limits->keyword_octets)
    return imap4i_no(parser, "LIMIT", "The keyword is too long");
  return IMAP4_OK;
}

static int take_system_flag(imap4i_parser *parser, bool append, uint32_t *system) {
  parser->p++;
  uint32_t bit = system_flag(imap4i_take_atom(parser));
  if (bit == 0) return imap4i_bad(parser, "Unknown system flag (keywords have no backslash)");
  if (bit == RECENT && !append) return imap4i_bad(parser, "\\Recent can't be set by clients");
  *system |= bit & IMAP4_FLAG_ALL;
  return IMAP4_OK;
}

/* |keywords| gets its memory with the first keyword; all of them fit in what is left of the command. */
static int add_keyword(imap4i_parser *parser, imap4_str keyword, imap4i_buf *keywords) {
  size_t longest = (size_t)(parser->end - parser->p) + keyword.n + 1;
  if (imap4i_has_word(imap4i_buf_str(keywords), keyword)) return IMAP4_OK;
  if (!keywords->p && !imap4i_arena_buf(parser->arena, longest, keywords)) return IMAP4_ERR_NOMEM;
  if (keywords->n > 0 && !imap4i_buf_putc(keywords, ' ')) return IMAP4_ERR_NOMEM;
  return imap4i_buf_puts(keywords, keyword) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

static int take_flag(imap4i_parser *parser, bool append, uint32_t *system, imap4i_buf *keywords) {
  imap4_str keyword;
  if (imap4i_next_is(parser, '\\')) return take_system_flag(parser, append, system);
  int status = imap4i_take_keyword(parser, &keyword);
  return status == IMAP4_OK ? add_keyword(parser, keyword, keywords) : status;
}

int imap4i_take_flags(imap4i_parser *parser, bool append, imap4i_flags *flags) {
  bool parentheses = imap4i_take_char(parser, '(');
  imap4i_buf keywords = {0};
  int status = IMAP4_OK;
  flags->system = 0;
  flags->keywords = IMAP4I_S("");
  if (!parentheses && append) return imap4i_bad(parser, "Expected a list of flags in parentheses");
  if (parentheses && imap4i_take_char(parser, ')')) return IMAP4_OK;
  for (size_t n = 0;; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many flags in one list");
    status = take_flag(parser, append, &flags->system, &keywords);
    if (status != IMAP4_OK) return status;
    if (parentheses ? imap4i_next_is(parser, ')') : imap4i_at_end(parser)) break;
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a flag");
    if (status != IMAP4_OK) return status;
  }
  if (parentheses) parser->p++;
  if (keywords.n > 0) flags->keywords = imap4i_buf_str(&keywords);
  return IMAP4_OK;
}
