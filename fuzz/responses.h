/* SPDX-License-Identifier: MIT */
/*
 * What a client makes of a server's octets: responses, read after the grammar of RFC 3501 section 9 and its
 * extensions, and the number of messages that the client must believe in.  Anything illegal ends the process.
 */
#ifndef RESPONSES_H
#define RESPONSES_H

#include "grammar.h"

typedef struct responses {
  char *p; /* all octets so far */
  size_t n;
  size_t capacity;
  size_t parsed;
  uint64_t tagged;    /* tagged responses */
  uint64_t tagless;   /* "* BAD", the answer to a command without a tag */
  uint64_t go_ons;    /* "+" */
  imap4_str last_tag; /* into |p|, until more is added */
  uint64_t exists;    /* messages in the selected mailbox */
  bool selecting;     /* EXISTS may be less than before */
  bool keeps_numbers; /* the command is FETCH, STORE or SEARCH: no EXPUNGE may come */
  bool bye;
  bool utf8;     /* UTF8=ACCEPT is enabled */
  bool uid_only; /* UIDONLY is */
} responses;

static inline void responses_add(responses *r, const void *p, size_t n) {
  if (n > r->capacity - r->n) {
    r->capacity = 2 * (r->n + n);
    r->p = realloc(r->p, r->capacity);
    FUZZ_CHECK(r->p);
  }
  memcpy(r->p + r->n, p, n);
  r->n += n;
}

static inline void responses_free(responses *r) {
  free(r->p);
}

static inline bool response_end(grammar *g) {
  return grammar_octet(g, '\r') && grammar_octet(g, '\n');
}

/* Printable octets to the end of the line, |least| of them or more. */
static inline bool response_text(grammar *g, size_t least) {
  size_t n = 0;
  while (n < g->rest.n && g->rest.p[n] >= ' ' && g->rest.p[n] < 0x7f)
    n++;
  if (n == g->rest.n) g->ended = true;
  if (n < least) return false;
  g->rest = imap4i_tail(g->rest, n);
  return response_end(g);
}

static inline bool response_flags(grammar *g) {
  if (!grammar_octet(g, '(')) return false;
  if (grammar_octet(g, ')')) return true;
  do {
    if (grammar_word(g, "\\*")) continue;
    (void)grammar_octet(g, '\\');
    if (!grammar_atom(g, "")) return false;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')');
}

static inline bool response_atoms(grammar *g) {
  while (grammar_octet(g, ' ')) {
    if (!grammar_atom(g, "")) return false;
  }
  return true;
}

static inline bool response_set(grammar *g) {
  uint64_t number;
  do {
    if (!grammar_number(g, &number) || number == 0) return false;
    if (grammar_octet(g, ':') && (!grammar_number(g, &number) || number == 0)) return false;
  } while (grammar_octet(g, ','));
  return true;
}

/* As an astring, but what ends the code is not in it. */
static inline bool response_code_word(grammar *g) {
  return grammar_peek(g) == '"' ? grammar_quoted(g) : grammar_atom(g, "");
}

/* Between the brackets. */
static inline bool response_code(grammar *g) {
  uint64_t number;
  if (grammar_word(g, "CAPABILITY")) return response_atoms(g);
  if (grammar_word(g, "PERMANENTFLAGS ")) return response_flags(g);
  if (grammar_word(g, "UIDNEXT ") || grammar_word(g, "UIDVALIDITY ") || grammar_word(g, "UNSEEN "))
    return grammar_number(g, &number) && number > 0;
  if (grammar_word(g, "APPENDUID "))
    return grammar_number(g, &number) && number > 0 && grammar_octet(g, ' ') && response_set(g);
  if (grammar_word(g, "COPYUID "))
    return grammar_number(g, &number) && number > 0 && grammar_octet(g, ' ') && response_set(g) &&
           grammar_octet(g, ' ') && response_set(g);
  if (!grammar_atom(g, "")) return false;
  while (grammar_octet(g, ' ')) {
    bool list = grammar_octet(g, '(');
    if (!response_code_word(g)) return false;
    while (list && grammar_octet(g, ' ')) {
      if (!response_code_word(g)) return false;
    }
    if (list && !grammar_octet(g, ')')) return false;
  }
  return true;
}

static inline bool response_status_text(grammar *g) {
  if (!grammar_octet(g, ' ')) return false;
  if (grammar_octet(g, '[') && (!response_code(g) || !grammar_octet(g, ']') || !grammar_octet(g, ' ')))
    return false;
  return response_text(g, 1);
}

static inline bool response_section(grammar *g) {
  for (int c = grammar_peek(g); c != ']' && c != ' '; c = grammar_peek(g)) {
    if (!imap4i_is_alpha((char)c) && !imap4i_is_digit((char)c) && c != '.') return false;
    g->rest = imap4i_tail(g->rest, 1);
  }
  if (grammar_octet(g, ' ')) {
    if (!grammar_octet(g, '(')) return false;
    do {
      if (!grammar_astring(g)) return false;
    } while (grammar_octet(g, ' '));
    if (!grammar_octet(g, ')')) return false;
  }
  return grammar_octet(g, ']');
}

/* dd-Mon-yyyy hh:mm:ss +zzzz */
static inline bool response_date(grammar *g) {
  static const char form[] = "\"##-AAA-#### ##:##:## s####\"";
  for (size_t i = 0; form[i]; i++) {
    int c = grammar_peek(g);
    bool digit = c >= '0' && c <= '9';
    if (form[i] == '#'   ? !digit && !(i == 1 && c == ' ')
        : form[i] == 'A' ? c < 0 || !imap4i_is_alpha((char)c)
        : form[i] == 's' ? c != '+' && c != '-'
                         : c != form[i])
      return false;
    g->rest = imap4i_tail(g->rest, 1);
  }
  return true;
}

static inline bool response_structure(grammar *g, bool extensible) {
  g->extensible = extensible;
  return grammar_body(g);
}

static inline bool response_item(grammar *g) {
  uint64_t number;
  if (grammar_word(g, "FLAGS ")) return response_flags(g);
  if (grammar_word(g, "UID ")) return grammar_number(g, &number) && number > 0;
  if (grammar_word(g, "INTERNALDATE ")) return response_date(g);
  if (grammar_word(g, "RFC822.SIZE ")) return grammar_number(g, &number);
  if (grammar_word(g, "RFC822.HEADER ") || grammar_word(g, "RFC822.TEXT ") || grammar_word(g, "RFC822 "))
    return grammar_nstring(g);
  if (grammar_word(g, "ENVELOPE ")) return grammar_envelope(g);
  if (grammar_word(g, "BODYSTRUCTURE ")) return response_structure(g, true);
  if (grammar_word(g, "BODY ")) return response_structure(g, false);
  if (grammar_word(g, "MODSEQ ("))
    return grammar_number(g, &number) && (g->ended || number > 0) && grammar_octet(g, ')');
  if (grammar_word(g, "PREVIEW ")) return grammar_nstring(g);
  if (grammar_word(g, "SAVEDATE ")) return grammar_word(g, "NIL") || (!g->ended && response_date(g));
  if (grammar_word(g, "EMAILID ") || grammar_word(g, "THREADID "))
    return grammar_word(g, "NIL") || (grammar_octet(g, '(') && grammar_atom(g, "") && grammar_octet(g, ')'));
  if (grammar_word(g, "BINARY.SIZE["))
    return response_section(g) && grammar_octet(g, ' ') && grammar_number(g, &number);
  bool binary = grammar_word(g, "BINARY[");
  if ((!binary && !grammar_word(g, "BODY[")) || !response_section(g)) return false;
  if (grammar_octet(g, '<') && (!grammar_number(g, &number) || !grammar_octet(g, '>'))) return false;
  if (!grammar_octet(g, ' ')) return false;
  return binary && grammar_octet(g, '~') ? grammar_octets(g, true) : grammar_nstring(g);
}

static inline bool response_items(grammar *g) {
  if (!grammar_octet(g, '(')) return false;
  do {
    if (!response_item(g)) return false;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')') && response_end(g);
}

static inline bool response_numbered(grammar *g, responses *r) {
  uint64_t number;
  if (!grammar_number(g, &number) || !grammar_octet(g, ' ')) return false;
  if (grammar_word(g, "EXISTS\r\n")) {
    FUZZ_CHECK(r->selecting || number >= r->exists);
    r->exists = number;
    return true;
  }
  if (grammar_word(g, "RECENT\r\n")) {
    FUZZ_CHECK(number <= r->exists);
    return true;
  }
  if (grammar_word(g, "EXPUNGE\r\n")) {
    FUZZ_CHECK(number > 0 && number <= r->exists && !r->keeps_numbers);
    r->exists--;
    return true;
  }
  if (grammar_word(g, "UIDFETCH ")) {
    FUZZ_CHECK(number > 0 && r->exists > 0 && r->uid_only);
    return response_items(g);
  }
  if (!grammar_word(g, "FETCH ") || !response_items(g)) return false;
  FUZZ_CHECK(number > 0 && number <= r->exists);
  return true;
}

/* Each of the messages is one less. */
static inline bool response_vanished(grammar *g, responses *r) {
  bool earlier = grammar_word(g, "(EARLIER) "); /* RFC 7162: they were not counted */
  do {
    uint64_t first, last;
    if (!grammar_number(g, &first) || first == 0) return false;
    last = first;
    if (grammar_octet(g, ':') && (!grammar_number(g, &last) || last <= first)) return false;
    if (!earlier && !g->ended) {
      FUZZ_CHECK(last - first < r->exists && !r->keeps_numbers);
      r->exists -= last - first + 1;
    }
  } while (grammar_octet(g, ','));
  return response_end(g);
}

/* Behind the opening parentheses. */
static inline bool response_criteria(grammar *g) {
  do {
    if (!grammar_quoted(g)) return false;
  } while (grammar_octet(g, ' '));
  return grammar_word(g, "))");
}

static inline bool response_list(grammar *g) {
  if (!response_flags(g) || !grammar_octet(g, ' ')) return false;
  if (!grammar_word(g, "NIL") && !grammar_quoted(g)) return false;
  if (!grammar_octet(g, ' ') || !grammar_astring(g)) return false;
  return (!grammar_word(g, " (\"CHILDINFO\" (") || response_criteria(g)) && response_end(g);
}

static inline bool response_status(grammar *g) {
  uint64_t number;
  if (!grammar_astring(g) || !grammar_octet(g, ' ') || !grammar_octet(g, '(')) return false;
  do {
    bool id = grammar_word(g, "MAILBOXID (");
    if (id && (!grammar_atom(g, "") || !grammar_octet(g, ')'))) return false;
    if (id) continue;
    if (!grammar_atom(g, "") || !grammar_octet(g, ' ')) return false;
    if (!grammar_word(g, "NIL") && !grammar_number(g, &number)) return false;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')') && response_end(g);
}

static inline bool response_namespace(grammar *g) {
  if (grammar_word(g, "NIL")) return true;
  if (!grammar_octet(g, '(')) return false;
  do {
    if (!grammar_octet(g, '(') || !grammar_string(g) || !grammar_octet(g, ' ')) return false;
    if ((!grammar_word(g, "NIL") && !grammar_quoted(g)) || !grammar_octet(g, ')')) return false;
  } while (grammar_peek(g) == '(');
  return grammar_octet(g, ')');
}

static inline bool response_id(grammar *g) {
  if (grammar_word(g, "NIL")) return true;
  if (!grammar_octet(g, '(')) return false;
  do {
    if (!grammar_string(g) || !grammar_octet(g, ' ') || !grammar_nstring(g)) return false;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')');
}

static inline bool response_search(grammar *g) {
  uint64_t number;
  while (grammar_octet(g, ' ')) {
    if (grammar_word(g, "(MODSEQ "))
      return grammar_number(g, &number) && grammar_octet(g, ')') && response_end(g);
    if (!grammar_number(g, &number) || number == 0) return false;
  }
  return response_end(g);
}

/* RFC 9394: a range, and what is in it. */
static inline bool response_partial(grammar *g) {
  uint64_t number;
  if (!grammar_octet(g, '(')) return false;
  bool minus = grammar_octet(g, '-');
  if (!grammar_number(g, &number) || number == 0 || !grammar_octet(g, ':')) return false;
  if (grammar_octet(g, '-') != minus || !grammar_number(g, &number) || number == 0) return false;
  return grammar_octet(g, ' ') && (grammar_word(g, "NIL") || response_set(g)) && grammar_octet(g, ')');
}

/* RFC 4731: the items in the order in which they are sent. */
static inline bool response_esearch(grammar *g) {
  uint64_t number;
  if (!grammar_word(g, "(TAG ") || !grammar_quoted(g) || !grammar_octet(g, ')')) return false;
  (void)grammar_word(g, " UID");
  if (grammar_word(g, " MIN ") && (!grammar_number(g, &number) || number == 0)) return false;
  if (grammar_word(g, " MAX ") && (!grammar_number(g, &number) || number == 0)) return false;
  if (grammar_word(g, " COUNT ") && !grammar_number(g, &number)) return false;
  if (grammar_word(g, " ALL ") && !response_set(g)) return false;
  if (grammar_word(g, " PARTIAL ") && !response_partial(g)) return false;
  if (grammar_word(g, " MODSEQ ") && !grammar_number(g, &number)) return false;
  return response_end(g);
}

/* RFC 10022: ranges of UIDs from the highest down. */
static inline bool response_uidbatches(grammar *g) {
  uint64_t above = UINT32_MAX, high, low;
  if (!grammar_word(g, "(TAG ") || !grammar_quoted(g) || !grammar_octet(g, ')')) return false;
  if (!grammar_octet(g, ' ')) return response_end(g);
  do {
    if (!grammar_number(g, &high) || !grammar_octet(g, ':') || !grammar_number(g, &low)) return false;
    if (!g->ended) FUZZ_CHECK(0 < low && low <= high && high < above);
    above = low;
  } while (grammar_octet(g, ','));
  return response_end(g);
}

/* Words that matter for what follows are noted. */
static inline bool response_enabled(grammar *g, responses *r) {
  while (grammar_octet(g, ' ')) {
    if (grammar_word(g, "UTF8=ACCEPT") || grammar_word(g, "IMAP4rev2")) {
      r->utf8 = true;
    } else if (grammar_word(g, "UIDONLY")) {
      r->uid_only = true;
    } else if (!grammar_atom(g, "")) {
      return false;
    }
  }
  return response_end(g);
}

static inline bool response_quota(grammar *g) {
  uint64_t number;
  if (!grammar_astring(g) || !grammar_octet(g, ' ') || !grammar_octet(g, '(')) return false;
  if (grammar_octet(g, ')')) return response_end(g);
  do {
    if (!grammar_atom(g, "") || !grammar_octet(g, ' ') || !grammar_number(g, &number) ||
        !grammar_octet(g, ' ') || !grammar_number(g, &number))
      return false;
  } while (grammar_octet(g, ' '));
  return grammar_octet(g, ')') && response_end(g);
}

static inline bool response_quota_root(grammar *g) {
  if (!grammar_astring(g)) return false;
  while (grammar_octet(g, ' ')) {
    if (!grammar_astring(g)) return false;
  }
  return response_end(g);
}

static inline bool response_untagged(grammar *g, responses *r) {
  int c = grammar_peek(g);
  if (c >= '0' && c <= '9') return response_numbered(g, r);
  if (grammar_word(g, "OK") || grammar_word(g, "PREAUTH")) return response_status_text(g);
  if (grammar_word(g, "BYE")) return response_status_text(g) && (r->bye = true);
  if (grammar_word(g, "NO")) return response_status_text(g); /* a warning: RFC 3501 section 7.1.2 */
  if (grammar_word(g, "BAD")) {
    if (!response_status_text(g)) return false;
    r->tagless++;
    return true;
  }
  if (grammar_word(g, "FLAGS ")) return response_flags(g) && response_end(g);
  if (grammar_word(g, "LIST ") || grammar_word(g, "LSUB ")) return response_list(g);
  if (grammar_word(g, "SEARCH")) return response_search(g);
  if (grammar_word(g, "ESEARCH ")) return response_esearch(g);
  if (grammar_word(g, "UIDBATCHES ")) return response_uidbatches(g);
  if (grammar_word(g, "QUOTA ")) return response_quota(g);
  if (grammar_word(g, "QUOTAROOT ")) return response_quota_root(g);
  if (grammar_word(g, "STATUS ")) return response_status(g);
  if (grammar_word(g, "VANISHED ")) return response_vanished(g, r);
  if (grammar_word(g, "ENABLED")) return response_enabled(g, r);
  if (grammar_word(g, "CAPABILITY")) return response_atoms(g) && response_end(g);
  if (grammar_word(g, "ID ")) return response_id(g) && response_end(g);
  if (!grammar_word(g, "NAMESPACE ")) return false;
  return response_namespace(g) && grammar_octet(g, ' ') && response_namespace(g) && grammar_octet(g, ' ') &&
         response_namespace(g) && response_end(g);
}

static inline bool response_any(grammar *g, responses *r) {
  if (grammar_octet(g, '+')) {
    if (!grammar_octet(g, ' ') || !response_text(g, 0)) return false;
    r->go_ons++;
    return true;
  }
  if (grammar_word(g, "* ")) return response_untagged(g, r);
  imap4_str tag = g->rest;
  if (!grammar_atom(g, "]")) return false;
  tag.n = (size_t)(g->rest.p - tag.p);
  if (!grammar_octet(g, ' ') ||
      (!grammar_word(g, "OK") && !grammar_word(g, "NO") && !grammar_word(g, "BAD")) ||
      !response_status_text(g))
    return false;
  r->tagged++;
  r->last_tag = tag;
  return true;
}

/* Read what is complete.  Whether nothing is left over. */
static inline bool responses_read(responses *r) {
  while (r->parsed < r->n) {
    responses before = *r;
    grammar g = grammar_of(imap4i_str(r->p + r->parsed, r->n - r->parsed));
    g.utf8 = r->utf8;
    FUZZ_CHECK(!r->bye); /* nothing follows BYE but what LOGOUT still owes, which is read with it */
    if (!response_any(&g, r)) {
      *r = before;
      if (!g.ended)
        fprintf(stderr, "illegal: %.*s\nat: %.*s\n", (int)imap4i_min(r->n - r->parsed, 1000),
                r->p + r->parsed, (int)imap4i_min(g.rest.n, 100), g.rest.p);
      FUZZ_CHECK(g.ended);
      return false;
    }
    r->parsed = r->n - g.rest.n;
    /* LOGOUT: BYE comes first, then the answer. */
    if (r->bye && !before.bye && r->parsed < r->n) {
      grammar rest = grammar_of(imap4i_str(r->p + r->parsed, r->n - r->parsed));
      FUZZ_CHECK(response_any(&rest, r) && r->tagged == before.tagged + 1 && rest.rest.n == 0);
      r->parsed = r->n;
    }
  }
  return true;
}

#endif
