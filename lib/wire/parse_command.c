/* SPDX-License-Identifier: MIT */
/*
 * Tag, name, and the arguments of the commands that have few: everything but LIST, STATUS, CREATE, FETCH,
 * SEARCH and APPEND.
 */
#include "base/utf8.h"
#include "imap4/store.h"
#include "wire/parse_base.h"
#include "wire/parse_modifiers.h"

/* Thirty pairs of an ID (RFC 2971 section 3.3). */
#define ID_STRINGS 60

int imap4i_parse_tag(imap4i_parser *parser, imap4_str *tag) {
  const char *p = parser->p;
  while (p < parser->end && imap4i_is_astring_char(*p) && *p != '+') {
    p++;
  }
  *tag = imap4i_str(parser->p, (size_t)(p - parser->p));
  if (tag->n > 0 && tag->n <= IMAP4I_TAG_OCTETS && (p == parser->end || *p == ' ')) {
    parser->p = p;
    return imap4i_take_char(parser, ' ') ? IMAP4_OK : imap4i_bad(parser, "Missing command after the tag");
  }
  *tag = IMAP4I_S("");
  return imap4i_bad(parser, "Expected a tag, a space and a command");
}

int imap4i_parse_name(imap4i_parser *parser, imap4_str *name, bool *uid) {
  *name = imap4i_take_atom(parser);
  *uid = imap4i_ieq(*name, IMAP4I_S("UID"));
  if (name->n == 0) return imap4i_bad(parser, "Expected a command after the tag and one space");
  if (!*uid) return IMAP4_OK;
  int status = imap4i_take_space(parser, "Missing command after UID");
  if (status != IMAP4_OK) return status;
  *name = imap4i_take_atom(parser);
  return name->n > 0 ? IMAP4_OK : imap4i_bad(parser, "Missing command after UID");
}

int imap4i_parse_none(imap4i_parser *parser, imap4i_args *args) {
  (void)args;
  return imap4i_at_end(parser) ? imap4i_take_end(parser)
                               : imap4i_bad(parser, "This command has no arguments");
}

/* SP mailbox, up to the end. */
static int take_last_mailbox(imap4i_parser *parser, imap4_str *name) {
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status == IMAP4_OK) status = imap4i_take_mailbox(parser, false, name);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

int imap4i_parse_mailbox(imap4i_parser *parser, imap4i_args *args) {
  return take_last_mailbox(parser, &args->mailbox.name);
}

int imap4i_parse_rename(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status == IMAP4_OK) status = imap4i_take_mailbox(parser, false, &args->rename.from);
  return status == IMAP4_OK ? take_last_mailbox(parser, &args->rename.to) : status;
}

/* UTF-8 without control characters, as store.h promises of user names. */
static bool is_user(imap4_str user) {
  for (size_t i = 0; i < user.n; i++) {
    if ((unsigned char)user.p[i] < ' ' || user.p[i] == 0x7f) return false;
  }
  return imap4i_utf8_valid(user);
}

int imap4i_parse_login(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_space(parser, "Missing user name");
  if (status == IMAP4_OK) status = imap4i_take_astring(parser, "Expected a user name", &args->login.user);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing password after the user name");
  if (status == IMAP4_OK) status = imap4i_take_astring(parser, "Expected a password", &args->login.password);
  if (status == IMAP4_OK) status = imap4i_take_end(parser);
  if (status != IMAP4_OK) return status;
  if (!is_user(args->login.user)) return imap4i_no(parser, "AUTHENTICATIONFAILED", "Authentication failed");
  return IMAP4_OK;
}

/* A word of letters and the like in upper case. */
static int upper(imap4i_parser *parser, imap4_str *word) {
  char *copy = imap4i_arena_alloc(parser->arena, word->n);
  if (!copy) return IMAP4_ERR_NOMEM;
  for (size_t i = 0; i < word->n; i++) {
    copy[i] = imap4i_upper(word->p[i]);
  }
  *word = imap4i_str(copy, word->n);
  return IMAP4_OK;
}

int imap4i_parse_authenticate(imap4i_parser *parser, imap4i_args *args) {
  imap4i_authenticate_args *a = &args->authenticate;
  int status = imap4i_take_space(parser, "Missing SASL mechanism");
  if (status != IMAP4_OK) return status;
  a->mechanism = imap4i_take_atom(parser);
  if (a->mechanism.n == 0) return imap4i_bad(parser, "Expected the name of a SASL mechanism");
  status = upper(parser, &a->mechanism);
  if (status != IMAP4_OK) return status;
  a->has_initial = !imap4i_at_end(parser);
  a->initial = IMAP4I_S("");
  if (a->has_initial) {
    status = imap4i_take_space(parser, "Expected a space after the SASL mechanism");
    if (status != IMAP4_OK) return status;
    a->initial = imap4i_take_atom(parser);
    if (a->initial.n == 0) return imap4i_bad(parser, "Expected an initial response in base64");
  }
  return imap4i_take_end(parser);
}

/* SP sequence-set */
static int take_first_set(imap4i_parser *parser, imap4i_set *set) {
  int status = imap4i_take_space(parser, "Missing sequence set");
  return status == IMAP4_OK ? imap4i_take_set(parser, set) : status;
}

int imap4i_parse_set(imap4i_parser *parser, imap4i_args *args) {
  int status = take_first_set(parser, &args->set.set);
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

int imap4i_parse_copy(imap4i_parser *parser, imap4i_args *args) {
  int status = take_first_set(parser, &args->copy.set);
  return status == IMAP4_OK ? take_last_mailbox(parser, &args->copy.name) : status;
}

/* FLAGS, +FLAGS or -FLAGS, each with .SILENT or without. */
static int take_store_mode(imap4i_parser *parser, imap4i_store_args *args) {
  args->mode = IMAP4_STORE_REPLACE;
  if (imap4i_take_char(parser, '+')) {
    args->mode = IMAP4_STORE_ADD;
  } else if (imap4i_take_char(parser, '-')) {
    args->mode = IMAP4_STORE_REMOVE;
  }
  imap4_str name = imap4i_take_item_name(parser);
  args->silent = imap4i_ieq(name, IMAP4I_S("FLAGS.SILENT"));
  if (args->silent || imap4i_ieq(name, IMAP4I_S("FLAGS"))) return IMAP4_OK;
  return imap4i_bad(parser, "Expected FLAGS, +FLAGS or -FLAGS, with .SILENT or without");
}

/* Modifiers precede FLAGS (RFC 4466 section 2.5); some clients put them at the end. */
int imap4i_parse_store(imap4i_parser *parser, imap4i_args *args) {
  const char *missing = "Missing FLAGS after the sequence set";
  args->store = (imap4i_store_args){0};
  int status = take_first_set(parser, &args->store.set);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, missing);
  if (status == IMAP4_OK && imap4i_next_is(parser, '(')) {
    status = imap4i_take_store_modifiers(parser, args);
    if (status == IMAP4_OK) status = imap4i_take_space(parser, missing);
  }
  if (status == IMAP4_OK) status = take_store_mode(parser, &args->store);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing flags");
  if (status == IMAP4_OK) status = imap4i_take_flags(parser, false, &args->store.flags);
  if (status == IMAP4_OK && !imap4i_at_end(parser)) {
    status = imap4i_take_space(parser, "Expected a space after the flags");
    if (status == IMAP4_OK && !imap4i_next_is(parser, '('))
      return imap4i_bad(parser, "Unexpected text after the last argument");
    if (status == IMAP4_OK) status = imap4i_take_store_modifiers(parser, args);
  }
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

/* nz-number ":" nz-number, the lower one first (RFC 10022 section 3.1.5). */
static int take_batches(imap4i_parser *parser, imap4i_batches_args *args) {
  static const char expected[] = "Expected a range of batches, 1:5 and so on";
  uint64_t first = 0, last = 0;
  int status = imap4i_take_number(parser, UINT32_MAX, true, expected, &first);
  if (status == IMAP4_OK && !imap4i_take_char(parser, ':')) return imap4i_bad(parser, expected);
  if (status == IMAP4_OK) status = imap4i_take_number(parser, UINT32_MAX, true, expected, &last);
  if (status == IMAP4_OK) status = imap4i_take_end(parser);
  if (status != IMAP4_OK) return status;
  args->first = (uint32_t)first;
  args->last = (uint32_t)last;
  if (first <= last) return IMAP4_OK;
  (void)imap4i_bad(parser, "The lower number of a range of batches comes first");
  parser->error.code = IMAP4I_S("CLIENTBUG");
  return IMAP4I_PARSE_REFUSED;
}

int imap4i_parse_uidbatches(imap4i_parser *parser, imap4i_args *args) {
  uint64_t size = 0;
  int status = imap4i_take_space(parser, "Missing number of messages in a batch");
  if (status == IMAP4_OK)
    status =
        imap4i_take_number(parser, UINT32_MAX, true, "Expected a number of messages, 1 to 4294967295", &size);
  if (status != IMAP4_OK) return status;
  args->batches = (imap4i_batches_args){.size = (uint32_t)size};
  if (imap4i_at_end(parser)) return imap4i_take_end(parser);
  status = imap4i_take_space(parser, "Expected a space after the number of messages");
  return status == IMAP4_OK ? take_batches(parser, &args->batches) : status;
}

int imap4i_parse_words(imap4i_parser *parser, imap4i_args *args) {
  imap4i_words_args *a = &args->words;
  size_t capacity = 0;
  *a = (imap4i_words_args){0};
  do {
    int status = imap4i_take_space(parser, "Missing word");
    if (status != IMAP4_OK) return status;
    if (a->count >= parser->limits->list_items) return imap4i_bad(parser, "Too many words");
    imap4_str word = imap4i_take_atom(parser);
    if (word.n == 0) return imap4i_bad(parser, "Expected a word");
    imap4_str *words = imap4i_grow(parser->arena, a->words, a->count, &capacity, sizeof(*words));
    if (!words) return IMAP4_ERR_NOMEM;
    a->words = words;
    a->words[a->count++] = word;
  } while (!imap4i_at_end(parser));
  return imap4i_take_end(parser);
}

/* NIL, or a string; atoms are forgiven. */
static int take_id_value(imap4i_parser *parser, imap4_str *value) {
  bool string = imap4i_next_is(parser, '"') || imap4i_next_is(parser, '{');
  int status = imap4i_take_astring(parser, "Expected a string or NIL", value);
  if (status == IMAP4_OK && !string && imap4i_ieq(*value, IMAP4I_S("NIL"))) *value = IMAP4I_S("");
  return status;
}

static int take_id_pairs(imap4i_parser *parser, imap4i_id_args *args) {
  for (;;) {
    if (args->count >= ID_STRINGS) return imap4i_bad(parser, "Too many pairs in ID");
    int status = imap4i_take_astring(parser, "Expected a field name", &args->pairs[args->count]);
    if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing value after a field name");
    if (status == IMAP4_OK) status = take_id_value(parser, &args->pairs[args->count + 1]);
    if (status != IMAP4_OK) return status;
    args->count += 2;
    if (imap4i_take_char(parser, ')')) return imap4i_take_end(parser);
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a value");
    if (status != IMAP4_OK) return status;
  }
}

int imap4i_parse_id(imap4i_parser *parser, imap4i_args *args) {
  int status = imap4i_take_space(parser, "Missing list or NIL");
  if (status != IMAP4_OK) return status;
  args->id = (imap4i_id_args){0};
  if (!imap4i_take_char(parser, '(')) {
    if (!imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("NIL"))) {
      return imap4i_bad(parser, "Expected a list in parentheses or NIL");
    }
    return imap4i_take_end(parser);
  }
  if (imap4i_take_char(parser, ')')) return imap4i_take_end(parser);
  args->id.pairs = imap4i_arena_array(parser->arena, ID_STRINGS, sizeof(imap4_str));
  return args->id.pairs ? take_id_pairs(parser, &args->id) : IMAP4_ERR_NOMEM;
}
