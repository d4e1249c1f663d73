/* SPDX-License-Identifier: MIT */
/*
 * Arguments of LIST and LSUB (RFC 3501 section 6.3.8, RFC 5258 section 6), STATUS, and CREATE with its
 * special uses (RFC 6154 section 6).  Whether what is asked for is offered, the commands know.
 */
#include "imap4/store.h"
#include "wire/parse_base.h"

const imap4i_special_use imap4i_special_uses[] = {{IMAP4_MAILBOX_ALL, {"\\All", 4}},
                                                  {IMAP4_MAILBOX_ARCHIVE, {"\\Archive", 8}},
                                                  {IMAP4_MAILBOX_DRAFTS, {"\\Drafts", 7}},
                                                  {IMAP4_MAILBOX_FLAGGED, {"\\Flagged", 8}},
                                                  {IMAP4_MAILBOX_IMPORTANT, {"\\Important", 10}},
                                                  {IMAP4_MAILBOX_JUNK, {"\\Junk", 5}},
                                                  {IMAP4_MAILBOX_SENT, {"\\Sent", 5}},
                                                  {IMAP4_MAILBOX_TRASH, {"\\Trash", 6}},
                                                  {0, {NULL, 0}}};

typedef struct named_bit {
  imap4_str name;
  uint32_t bit;
} named_bit;

/* 0: not in the table. */
static uint32_t bit_of(imap4_str name, const named_bit *table, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (imap4i_ieq(name, table[i].name)) return table[i].bit;
  }
  return 0;
}

/* After an element of a list in parentheses: its end, or SP and more. */
static int take_more(imap4i_parser *parser, bool *more) {
  *more = !imap4i_take_char(parser, ')');
  return *more ? imap4i_take_space(parser, "Expected a space or the end of the list") : IMAP4_OK;
}

/* ---- STATUS --------------------------------------------------------------------------------- */

static const named_bit status_items[] = {
    {{"MESSAGES", 8}, IMAP4_STATUS_MESSAGES},
    {{"RECENT", 6}, IMAP4_STATUS_RECENT},
    {{"UIDNEXT", 7}, IMAP4_STATUS_UIDNEXT},
    {{"UIDVALIDITY", 11}, IMAP4_STATUS_UIDVALIDITY},
    {{"UNSEEN", 6}, IMAP4_STATUS_UNSEEN},
    {{"SIZE", 4}, IMAP4_STATUS_SIZE},
    {{"DELETED", 7}, IMAP4_STATUS_DELETED},
    {{"APPENDLIMIT", 11}, IMAP4_STATUS_APPENDLIMIT},
    {{"MAILBOXID", 9}, IMAP4_STATUS_MAILBOXID},
    {{"HIGHESTMODSEQ", 13}, IMAP4_STATUS_HIGHESTMODSEQ},
    {{"DELETED-STORAGE", 15}, IMAP4_STATUS_DELETED_STORAGE},
};

/* "(" status-att *(SP status-att) ")" */
static int take_status_items(imap4i_parser *parser, uint32_t *items) {
  if (!imap4i_take_char(parser, '('))
    return imap4i_bad(parser, "Expected a list of STATUS items in parentheses");
  bool more = true;
  *items = 0;
  for (size_t n = 0; more; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many STATUS items");
    uint32_t item = bit_of(imap4i_take_atom(parser), status_items, IMAP4I_COUNT(status_items));
    if (item == 0)
      return imap4i_bad(parser, "Expected a STATUS item: MESSAGES, UIDNEXT, UIDVALIDITY, UNSEEN or another");
    *items |= item;
    int status = take_more(parser, &more);
    if (status != IMAP4_OK) return status;
  }
  return IMAP4_OK;
}

int imap4i_parse_status(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status == IMAP4_OK) status = imap4i_take_mailbox(parser, false, &args->status.name);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing list of items after the mailbox name");
  if (status == IMAP4_OK) status = take_status_items(parser, &args->status.items);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

/* ---- LIST ----------------------------------------------------------------------------------- */

static const named_bit select_options[] = {
    {{"SUBSCRIBED", 10}, IMAP4I_LIST_SUBSCRIBED},
    {{"REMOTE", 6}, IMAP4I_LIST_REMOTE},
    {{"RECURSIVEMATCH", 14}, IMAP4I_LIST_RECURSIVE},
    {{"SPECIAL-USE", 11}, IMAP4I_LIST_SPECIAL_USE},
};

static const named_bit return_options[] = {
    {{"SUBSCRIBED", 10}, IMAP4I_LIST_SUBSCRIBED},
    {{"CHILDREN", 8}, IMAP4I_LIST_CHILDREN},
    {{"SPECIAL-USE", 11}, IMAP4I_LIST_SPECIAL_USE},
    {{"STATUS", 6}, IMAP4I_LIST_STATUS},
};

static int take_select_option(imap4i_parser *parser, imap4i_list_args *a) {
  uint32_t bit = bit_of(imap4i_take_atom(parser), select_options, IMAP4I_COUNT(select_options));
  a->select |= bit;
  return bit != 0 ? IMAP4_OK : imap4i_bad(parser, "This selection option of LIST is not known");
}

static int take_return_option(imap4i_parser *parser, imap4i_list_args *a) {
  uint32_t bit = bit_of(imap4i_take_atom(parser), return_options, IMAP4I_COUNT(return_options));
  a->returns |= bit;
  if (bit == 0) return imap4i_bad(parser, "This return option of LIST is not known");
  if (bit != IMAP4I_LIST_STATUS) return IMAP4_OK;
  int status = imap4i_take_space(parser, "Missing list of items after STATUS");
  return status == IMAP4_OK ? take_status_items(parser, &a->items) : status;
}

/* "(" [option *(SP option)] ")" */
static int take_options(imap4i_parser *parser, imap4i_list_args *a,
                        int (*take)(imap4i_parser *parser, imap4i_list_args *a)) {
  a->extended = true;
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected a list of options in parentheses");
  bool more = !imap4i_take_char(parser, ')');
  for (size_t n = 0; more; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many options");
    int status = take(parser, a);
    if (status == IMAP4_OK) status = take_more(parser, &more);
    if (status != IMAP4_OK) return status;
  }
  return IMAP4_OK;
}

/* RFC 5258 section 3.1: it says what to do with those that other options select. */
static int take_select_options(imap4i_parser *parser, imap4i_list_args *a) {
  int status = take_options(parser, a, take_select_option);
  uint32_t criteria = IMAP4I_LIST_SUBSCRIBED | IMAP4I_LIST_SPECIAL_USE;
  if (status == IMAP4_OK && a->select & IMAP4I_LIST_RECURSIVE && !(a->select & criteria))
    status = imap4i_bad(parser, "RECURSIVEMATCH needs another selection option");
  return status == IMAP4_OK ? imap4i_take_space(parser, "Missing reference name") : status;
}

static int take_patterns(imap4i_parser *parser, imap4i_list_args *a) {
  size_t capacity = 0;
  size_t n = 0;
  bool more = imap4i_take_char(parser, '(');
  bool list = more;
  do {
    bool fits = false;
    if (n++ >= parser->limits->list_items && list) return imap4i_bad(parser, "Too many patterns");
    a->patterns = imap4i_grow(parser->arena, a->patterns, a->count, &capacity, sizeof *a->patterns);
    if (!a->patterns) return IMAP4_ERR_NOMEM;
    int status = imap4i_take_pattern(parser, a->reference, &a->patterns[a->count], &fits);
    if (status == IMAP4_OK && list) status = take_more(parser, &more);
    if (status != IMAP4_OK) return status;
    a->count += fits ? 1 : 0;
  } while (more);
  a->extended |= list;
  return IMAP4_OK;
}

static int take_return_options(imap4i_parser *parser, imap4i_list_args *a) {
  int status = imap4i_take_space(parser, "Expected a space after the mailbox pattern");
  if (status != IMAP4_OK) return status;
  if (!imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("RETURN")))
    return imap4i_bad(parser, "Expected RETURN or nothing after the mailbox pattern");
  status = imap4i_take_space(parser, "Missing options after RETURN");
  return status == IMAP4_OK ? take_options(parser, a, take_return_option) : status;
}

int imap4i_parse_list(imap4i_parser *parser, imap4i_args *args) {
  imap4i_list_args *a = &args->list;
  *a = (imap4i_list_args){0};
  bool fits = false;
  int status = imap4i_take_space(parser, "Missing reference name");
  if (status == IMAP4_OK && imap4i_next_is(parser, '(')) status = take_select_options(parser, a);
  if (status == IMAP4_OK) status = imap4i_take_reference(parser, &a->reference, &fits);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing mailbox pattern after the reference");
  if (status == IMAP4_OK) status = take_patterns(parser, a);
  if (!fits) a->count = 0;
  if (status == IMAP4_OK && !imap4i_at_end(parser)) status = take_return_options(parser, a);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

int imap4i_parse_lsub(imap4i_parser *parser, imap4i_args *args) {
  imap4i_list_args *a = &args->list;
  bool fits = false;
  bool pattern_fits = false;
  *a = (imap4i_list_args){.patterns = imap4i_arena_alloc(parser->arena, sizeof *a->patterns)};
  if (!a->patterns) return IMAP4_ERR_NOMEM;
  int status = imap4i_take_space(parser, "Missing reference name");
  if (status == IMAP4_OK) status = imap4i_take_reference(parser, &a->reference, &fits);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing mailbox pattern after the reference");
  if (status == IMAP4_OK) status = imap4i_take_pattern(parser, a->reference, &a->patterns[0], &pattern_fits);
  a->count = fits && pattern_fits ? 1 : 0;
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

/* ---- CREATE --------------------------------------------------------------------------------- */

/* use-attr; one that is not known is no mistake of grammar. */
static int take_use(imap4i_parser *parser, imap4i_mailbox_args *a) {
  const char *start = parser->p;
  if (!imap4i_take_char(parser, '\\') || imap4i_take_atom(parser).n == 0)
    return imap4i_bad(parser, "Expected a special use, for example \\Sent");
  imap4_str name = imap4i_str(start, (size_t)(parser->p - start));
  uint32_t bit = 0;
  for (size_t i = 0; imap4i_special_uses[i].bit; i++) {
    if (imap4i_ieq(name, imap4i_special_uses[i].name)) bit = imap4i_special_uses[i].bit;
  }
  a->uses |= bit;
  a->unknown_use |= bit == 0;
  return IMAP4_OK;
}

/* SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")": the one create parameter (RFC 4466 section 2.2). */
static int take_create_params(imap4i_parser *parser, imap4i_mailbox_args *a) {
  int status = imap4i_take_space(parser, "Expected a space after the mailbox name");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '(') || !imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("USE")))
    return imap4i_bad(parser, "Expected (USE (...)) or nothing after the mailbox name");
  status = imap4i_take_space(parser, "Missing list after USE");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected a list of special uses");
  a->has_uses = true;
  bool more = !imap4i_take_char(parser, ')');
  for (size_t n = 0; more; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many special uses");
    status = take_use(parser, a);
    if (status == IMAP4_OK) status = take_more(parser, &more);
    if (status != IMAP4_OK) return status;
  }
  return imap4i_take_char(parser, ')') ? IMAP4_OK
                                       : imap4i_bad(parser, "Expected \")\" after the list of USE");
}

int imap4i_parse_create(imap4i_parser *parser, imap4i_args *args) {
  imap4i_mailbox_args *a = &args->mailbox;
  *a = (imap4i_mailbox_args){0};
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status == IMAP4_OK) status = imap4i_take_mailbox(parser, true, &a->name);
  if (status == IMAP4_OK && !imap4i_at_end(parser)) status = take_create_params(parser, a);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}
