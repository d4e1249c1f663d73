/* SPDX-License-Identifier: MIT */
/*
 * Parameters of SELECT and EXAMINE, modifiers of FETCH and STORE, in lists as RFC 4466 sections 2.1, 2.4 and
 * 2.5 have them: what RFC 7162 puts there, and PARTIAL of RFC 9394.  And what RFC 7162 puts after the search
 * key MODSEQ.
 */
#include "wire/parse_modifiers.h"

#include "wire/parse_base.h"

static const char many_textz[] = "A modifier or parameter may be given only once";

/* 63 bits.  0 is mod-sequence-valzer's; where the grammar has mod-sequence-value it is "from the start",
 * which harms nobody. */
static int take_modseq(imap4i_parser *parser, uint64_t *modseq) {
  return imap4i_take_number(parser, INT64_MAX, false, "Expected a mod-sequence, at most 9223372036854775807",
                            modseq);
}

/* SP mod-sequence after the name of a modifier; |given| says whether there was one before. */
static int take_modseq_once(imap4i_parser *parser, bool *given, uint64_t *modseq) {
  if (*given) return imap4i_bad(parser, many_textz);
  *given = true;
  int status = imap4i_take_space(parser, "Missing mod-sequence after the modifier");
  return status == IMAP4_OK ? take_modseq(parser, modseq) : status;
}

/* The name of one element of a list and its value. */
typedef int (*take_element)(imap4i_parser *parser, imap4_str name, imap4i_args *args);

/* "(" name [SP value] *(SP name [SP value]) ")" */
static int take_list(imap4i_parser *parser, take_element take, imap4i_args *args) {
  if (!imap4i_take_char(parser, '('))
    return imap4i_bad(parser, "Expected modifiers or parameters in parentheses");
  for (size_t n = 0;; n++) {
    if (n >= parser->limits->list_items) return imap4i_bad(parser, "Too many modifiers or parameters");
    imap4_str name = imap4i_take_item_name(parser);
    if (name.n == 0) return imap4i_bad(parser, "Expected a modifier or parameter");
    int status = take(parser, name, args);
    if (status != IMAP4_OK || imap4i_take_char(parser, ')')) return status;
    status = imap4i_take_space(parser, "Expected a space or the end of the list after a modifier");
    if (status != IMAP4_OK) return status;
  }
}

/* ---- FETCH and STORE ------------------------------------------------------------------------ */

static int take_fetch_modifier(imap4i_parser *parser, imap4_str name, imap4i_args *args) {
  imap4i_fetch_args *a = &args->fetch;
  if (imap4i_ieq(name, IMAP4I_S("CHANGEDSINCE")))
    return take_modseq_once(parser, &a->changed, &a->changed_since);
  if (imap4i_ieq(name, IMAP4I_S("PARTIAL")) && (parser->features_off & IMAP4_FEATURE_PARTIAL) == 0)
    return imap4i_take_partial(parser, &a->partial);
  if (!imap4i_ieq(name, IMAP4I_S("VANISHED"))) return imap4i_bad(parser, "Unknown FETCH modifier");
  if (a->vanished) return imap4i_bad(parser, many_textz);
  a->vanished = true;
  return IMAP4_OK;
}

int imap4i_take_fetch_modifiers(imap4i_parser *parser, imap4i_args *args) {
  if (imap4i_at_end(parser)) return IMAP4_OK;
  int status = imap4i_take_space(parser, "Expected a space or the end after the FETCH items");
  if (status == IMAP4_OK && !imap4i_next_is(parser, '('))
    return imap4i_bad(parser, "Unexpected text after the FETCH items");
  if (status == IMAP4_OK) status = take_list(parser, take_fetch_modifier, args);
  if (status == IMAP4_OK && args->fetch.vanished && !args->fetch.changed)
    return imap4i_bad(parser, "VANISHED needs CHANGEDSINCE beside it");
  return status;
}

static int take_store_modifier(imap4i_parser *parser, imap4_str name, imap4i_args *args) {
  imap4i_store_args *a = &args->store;
  if (!imap4i_ieq(name, IMAP4I_S("UNCHANGEDSINCE"))) return imap4i_bad(parser, "Unknown STORE modifier");
  return take_modseq_once(parser, &a->unchanged, &a->unchanged_since);
}

int imap4i_take_store_modifiers(imap4i_parser *parser, imap4i_args *args) {
  return take_list(parser, take_store_modifier, args);
}

/* ---- SELECT and EXAMINE --------------------------------------------------------------------- */

/* sequence-set without "*", and without "$", since no mailbox is selected that a result was saved of. */
static int take_known_set(imap4i_parser *parser, imap4i_set *set) {
  int status = imap4i_take_set(parser, set);
  if (status == IMAP4_OK && set->n == 0)
    return imap4i_bad(parser, "\"$\" is not allowed in the sets of QRESYNC");
  for (size_t i = 0; status == IMAP4_OK && i < set->n; i++) {
    if (set->p[i].first == IMAP4I_STAR || set->p[i].last == IMAP4I_STAR)
      status = imap4i_bad(parser, "\"*\" is not allowed in the sets of QRESYNC");
  }
  return status;
}

/* Members of a set in ascending order; 0 if it is not. */
static uint64_t count_ascending(const imap4i_set *set) {
  uint64_t count = 0;
  uint32_t before = 0;
  for (size_t i = 0; i < set->n; i++) {
    if (set->p[i].first <= before || set->p[i].last < set->p[i].first) return 0;
    before = set->p[i].last;
    count += (uint64_t)set->p[i].last - set->p[i].first + 1;
  }
  return count;
}

/* "(" known-sequence-set SP known-uid-set ")", the parenthesis is taken.  RFC 9586 section 3.7. */
static int take_match_data(imap4i_parser *parser, imap4i_select_args *a) {
  if (parser->uid_only) return imap4i_refuse_numbers(parser);
  int status = take_known_set(parser, &a->match_seqs);
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing set of UIDs in QRESYNC");
  if (status == IMAP4_OK) status = take_known_set(parser, &a->match_uids);
  if (status != IMAP4_OK) return status;
  uint64_t seqs = count_ascending(&a->match_seqs);
  if (seqs == 0 || seqs != count_ascending(&a->match_uids))
    return imap4i_bad(parser, "Expected as many sequence numbers as UIDs, each in ascending order");
  return imap4i_take_char(parser, ')') ? IMAP4_OK : imap4i_bad(parser, "Expected ) after the set of UIDs");
}

/* What may follow the mod-sequence of QRESYNC. */
static int take_known(imap4i_parser *parser, imap4i_select_args *a) {
  if (imap4i_next_is(parser, ')')) return IMAP4_OK;
  int status = imap4i_take_space(parser, "Expected a space or ) after the mod-sequence of QRESYNC");
  if (status != IMAP4_OK) return status;
  if (!imap4i_next_is(parser, '(')) {
    a->has_known = true;
    status = take_known_set(parser, &a->known);
    if (status != IMAP4_OK || imap4i_next_is(parser, ')')) return status;
    status = imap4i_take_space(parser, "Expected a space or ) after the known UIDs of QRESYNC");
    if (status != IMAP4_OK) return status;
  }
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected a list of two sets in parentheses");
  return take_match_data(parser, a);
}

static int take_qresync(imap4i_parser *parser, imap4i_select_args *a) {
  uint64_t uidvalidity = 0;
  if (a->qresync) return imap4i_bad(parser, many_textz);
  a->qresync = true;
  int status = imap4i_take_space(parser, "Missing list after QRESYNC");
  if (status != IMAP4_OK) return status;
  if (!imap4i_take_char(parser, '(')) return imap4i_bad(parser, "Expected a list after QRESYNC");
  status = imap4i_take_number(parser, UINT32_MAX, true, "Expected a UIDVALIDITY", &uidvalidity);
  a->uidvalidity = (uint32_t)uidvalidity;
  if (status == IMAP4_OK) status = imap4i_take_space(parser, "Missing mod-sequence after the UIDVALIDITY");
  if (status == IMAP4_OK) status = take_modseq(parser, &a->modseq);
  if (status == IMAP4_OK) status = take_known(parser, a);
  if (status != IMAP4_OK) return status;
  return imap4i_take_char(parser, ')') ? IMAP4_OK : imap4i_bad(parser, "Expected ) at the end of QRESYNC");
}

static int take_select_parameter(imap4i_parser *parser, imap4_str name, imap4i_args *args) {
  imap4i_select_args *a = &args->select;
  if (imap4i_ieq(name, IMAP4I_S("QRESYNC"))) return take_qresync(parser, a);
  if (!imap4i_ieq(name, IMAP4I_S("CONDSTORE"))) return imap4i_bad(parser, "Unknown SELECT parameter");
  if (a->condstore) return imap4i_bad(parser, many_textz);
  a->condstore = true;
  return IMAP4_OK;
}

int imap4i_parse_select(imap4i_parser *parser, imap4i_args *args) {
  args->select = (imap4i_select_args){0};
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status == IMAP4_OK) status = imap4i_take_mailbox(parser, false, &args->select.name);
  if (status == IMAP4_OK && !imap4i_at_end(parser)) {
    status = imap4i_take_space(parser, "Expected a space after the mailbox name");
    if (status == IMAP4_OK && !imap4i_next_is(parser, '('))
      return imap4i_bad(parser, "Unexpected text after the last argument");
    if (status == IMAP4_OK) status = take_list(parser, take_select_parameter, args);
  }
  return status == IMAP4_OK ? imap4i_take_end(parser) : status;
}

/* ---- SEARCH --------------------------------------------------------------------------------- */

/* entry-name SP entry-type-req SP.  All flags share one mod-sequence here, and there is none for one user
 * alone, so both "MUST be ignored" (RFC 7162 section 3.1.5). */
static int take_entry(imap4i_parser *parser) {
  imap4_str prefix = IMAP4I_S("/flags/");
  imap4_str entry;
  int status = imap4i_take_string(parser, "Expected an entry name", &entry);
  if (status != IMAP4_OK) return status;
  if (!imap4i_istarts(entry, prefix) || entry.n == prefix.n)
    return imap4i_bad(parser, "Expected \"/flags/\" and a flag as entry name");
  status = imap4i_take_space(parser, "Missing entry type after the entry name");
  if (status != IMAP4_OK) return status;
  imap4_str type = imap4i_take_atom(parser);
  if (!imap4i_ieq(type, IMAP4I_S("all")) && !imap4i_ieq(type, IMAP4I_S("shared")) &&
      !imap4i_ieq(type, IMAP4I_S("priv")))
    return imap4i_bad(parser, "Expected all, shared or priv as entry type");
  return imap4i_take_space(parser, "Missing mod-sequence after the entry type");
}

int imap4i_take_modseq_key(imap4i_parser *parser, uint64_t *modseq) {
  int status = imap4i_take_space(parser, "Missing mod-sequence after MODSEQ");
  if (status == IMAP4_OK && imap4i_next_is(parser, '"')) status = take_entry(parser);
  return status == IMAP4_OK ? take_modseq(parser, modseq) : status;
}
