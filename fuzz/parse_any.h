/* SPDX-License-Identifier: MIT */
/*
 * One command through the parser, whatever it is, and what must hold of the result.  The fuzzer of the parser
 * and its mutation test use this.
 */
#ifndef PARSE_ANY_H
#define PARSE_ANY_H

#include <stdlib.h>

#include "base/utf8.h"
#include "wire/parser.h"
#include "wire/writer.h"

#define PARSE_ANY_CHECK(condition) ((condition) ? (void)0 : abort())

typedef struct parse_any_command {
  const char *namez;
  imap4i_parse_function function;
} parse_any_command;

static inline int parse_any_append(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_append(parser, args, &complete);
  if (status == IMAP4_OK && !complete) args->append.name = (imap4_str){"", 0};
  return status;
}

static inline int parse_any_replace(imap4i_parser *parser, imap4i_args *args) {
  bool complete = false;
  int status = imap4i_parse_replace(parser, args, &complete);
  if (status == IMAP4_OK && !complete) args->append.name = (imap4_str){"", 0};
  return status;
}

static inline int parse_any_append_next(imap4i_parser *parser, imap4i_args *args) {
  bool more = false;
  args->append.name = (imap4_str){"", 0};
  args->append.message = (imap4i_append_message){.closes = parser->p < parser->end && *parser->p == ')'};
  return imap4i_parse_append_next(parser, &args->append.message, &more);
}

/* "MORE" stands for what follows a message of APPEND. */
static inline imap4i_parse_function parse_any_find(imap4_str name) {
  static const parse_any_command commands[] = {{"NOOP", imap4i_parse_none},
                                               {"SELECT", imap4i_parse_select},
                                               {"DELETE", imap4i_parse_mailbox},
                                               {"CREATE", imap4i_parse_create},
                                               {"RENAME", imap4i_parse_rename},
                                               {"LOGIN", imap4i_parse_login},
                                               {"LIST", imap4i_parse_list},
                                               {"STATUS", imap4i_parse_status},
                                               {"FETCH", imap4i_parse_fetch},
                                               {"STORE", imap4i_parse_store},
                                               {"COPY", imap4i_parse_copy},
                                               {"EXPUNGE", imap4i_parse_set},
                                               {"SEARCH", imap4i_parse_search},
                                               {"GETQUOTA", imap4i_parse_getquota},
                                               {"SETQUOTA", imap4i_parse_setquota},
                                               {"ENABLE", imap4i_parse_words},
                                               {"UIDBATCHES", imap4i_parse_uidbatches},
                                               {"ID", imap4i_parse_id},
                                               {"APPEND", parse_any_append},
                                               {"AUTHENTICATE", imap4i_parse_authenticate},
                                               {"REPLACE", parse_any_replace},
                                               {"MORE", parse_any_append_next}};
  for (size_t i = 0; i < IMAP4I_COUNT(commands); i++) {
    const char *z = commands[i].namez;
    if (imap4i_ieq(name, imap4i_str(z, strlen(z)))) return commands[i].function;
  }
  return NULL;
}

static inline void parse_any_check_printable(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    PARSE_ANY_CHECK(s.p[i] >= ' ' && s.p[i] < 0x7f);
  }
}

static inline void parse_any_check_refusal(const imap4i_refusal *error) {
  PARSE_ANY_CHECK(error->text.n > 0);
  PARSE_ANY_CHECK(error->no || error->code.n == 0 || imap4i_eq(error->code, IMAP4I_S("UIDREQUIRED")) ||
                  imap4i_eq(error->code, IMAP4I_S("CLIENTBUG")));
  parse_any_check_printable(error->text);
  parse_any_check_printable(error->code);
}

/* A name that was taken can be written and is then taken as the same. */
static inline void parse_any_check_name(const imap4i_parser *parser, imap4_str name) {
  imap4i_args args;
  imap4i_parser again;
  imap4i_buf buf;
  imap4i_buf_init(&buf, parser->arena->mem, SIZE_MAX);
  PARSE_ANY_CHECK(imap4i_utf8_valid(name));
  bool ok = imap4i_buf_putc(&buf, ' ') && imap4i_put_mailbox(&buf, name, false);
  if (ok) {
    imap4i_parser_init(&again, imap4i_buf_str(&buf), parser->arena, parser->limits, parser->delimiter);
    int status = imap4i_parse_create(&again, &args);
    PARSE_ANY_CHECK(status == IMAP4_ERR_NOMEM || status == IMAP4_OK);
    if (status == IMAP4_OK) PARSE_ANY_CHECK(imap4i_eq(args.mailbox.name, name));
  }
  imap4i_buf_free(&buf);
}

static inline void parse_any_check_flags(const imap4i_flags *flags) {
  imap4_str list = flags->keywords;
  imap4_str word;
  PARSE_ANY_CHECK((flags->system & ~IMAP4_FLAG_ALL) == 0);
  while (imap4i_next_word(&list, &word)) {
    PARSE_ANY_CHECK(imap4i_is_atom(word));
  }
}

/* The postfix order has one value, and every text is UTF-8. */
static inline void parse_any_check_search(const imap4i_search_args *args) {
  size_t height = 0;
  for (size_t i = 0; i < args->count; i++) {
    const imap4i_key *key = &args->keys[i];
    PARSE_ANY_CHECK(key->operands <= height);
    PARSE_ANY_CHECK(imap4i_utf8_valid(key->text));
    height = height - key->operands + 1;
  }
  PARSE_ANY_CHECK(height == 1);
}

static inline void parse_any_check_fetch(const imap4i_fetch_args *args, const imap4_limits *limits) {
  PARSE_ANY_CHECK(args->count > 0 && args->set.n <= limits->set_ranges);
  PARSE_ANY_CHECK((args->set.n > 0) == (args->set.p != NULL));
  for (size_t i = 0; i < args->count; i++) {
    const imap4i_fetch_item *item = &args->items[i];
    PARSE_ANY_CHECK(item->label.n > 0);
    PARSE_ANY_CHECK(item->section.part_count <= limits->section_depth);
    PARSE_ANY_CHECK(!item->partial || item->count > 0);
    parse_any_check_printable(item->label);
  }
}

static inline void parse_any_check(const imap4i_parser *parser, imap4i_parse_function function,
                                   const imap4i_args *args) {
  if (function == imap4i_parse_search) parse_any_check_search(&args->search);
  if (function == imap4i_parse_fetch) parse_any_check_fetch(&args->fetch, parser->limits);
  if (function == imap4i_parse_store) parse_any_check_flags(&args->store.flags);
  if ((function == parse_any_append || function == parse_any_replace) && args->append.name.n > 0)
    parse_any_check_flags(&args->append.message.flags);
  if (function == imap4i_parse_mailbox || function == imap4i_parse_create) {
    parse_any_check_name(parser, args->mailbox.name);
  }
  if (function == imap4i_parse_select) {
    parse_any_check_name(parser, args->select.name);
    PARSE_ANY_CHECK(args->select.modseq <= INT64_MAX);
    PARSE_ANY_CHECK(!args->select.qresync || args->select.uidvalidity > 0);
  }
  if (function == imap4i_parse_fetch) PARSE_ANY_CHECK(args->fetch.changed_since <= INT64_MAX);
  if (function == imap4i_parse_store) PARSE_ANY_CHECK(args->store.unchanged_since <= INT64_MAX);
  if (function == imap4i_parse_uidbatches) {
    const imap4i_batches_args *batches = &args->batches;
    PARSE_ANY_CHECK(batches->size > 0 && batches->first <= batches->last);
    PARSE_ANY_CHECK((batches->first > 0) == (batches->last > 0));
  }
  if (function == imap4i_parse_copy) parse_any_check_name(parser, args->copy.name);
  if (function == imap4i_parse_rename) parse_any_check_name(parser, args->rename.to);
  if (function == imap4i_parse_login) PARSE_ANY_CHECK(imap4i_utf8_valid(args->login.user));
}

/* A whole command, tag first; false if it was refused. */
static inline bool parse_any(imap4i_parser *parser) {
  imap4_str tag;
  imap4_str name;
  imap4i_args args;
  bool uid = false;
  bool sync = false;
  uint64_t size = 0;
  imap4i_parse_function function = NULL;
  bool literal = imap4i_find_literal(imap4i_str(parser->p, (size_t)(parser->end - parser->p)), &size, &sync);
  PARSE_ANY_CHECK(!literal || parser->end[-1] == '}');
  int status = imap4i_parse_tag(parser, &tag);
  PARSE_ANY_CHECK(status == IMAP4I_PARSE_REFUSED || tag.n > 0);
  if (status == IMAP4_OK) status = imap4i_parse_name(parser, &name, &uid);
  if (status == IMAP4_OK) function = parse_any_find(name);
  if (status == IMAP4_OK && !function) return false;
  if (status == IMAP4_OK) status = function(parser, &args);
  PARSE_ANY_CHECK(parser->p <= parser->end);
  if (status == IMAP4I_PARSE_REFUSED) parse_any_check_refusal(&parser->error);
  if (status != IMAP4_OK) PARSE_ANY_CHECK(status == IMAP4I_PARSE_REFUSED || status == IMAP4_ERR_NOMEM);
  if (status == IMAP4_OK) parse_any_check(parser, function, &args);
  return status == IMAP4_OK;
}

#endif
