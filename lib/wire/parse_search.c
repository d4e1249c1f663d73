/* SPDX-License-Identifier: MIT */
/*
 * Arguments of SEARCH to postfix order.  The grammar nests; the nesting is kept in an explicit stack of open
 * operators, whose height and whose number of keys are limited, so depth costs no C stack.
 */
#include "base/charset.h"
#include "imap4/session.h"
#include "wire/parse_base.h"
#include "wire/parse_modifiers.h"

/* An operator whose operands are being read. */
typedef struct frame {
  uint8_t kind; /* IMAP4I_KEY_AND for a list of keys, _OR, _NOT */
  uint32_t operands;
} frame;

typedef struct builder {
  imap4i_parser *parser;
  imap4i_key *keys;
  size_t count;
  size_t capacity;
  uint32_t written; /* search keys as the client wrote them */
  frame *open;      /* the first is the whole command */
  size_t depth;
  size_t open_capacity;
  imap4_str charset; /* empty: UTF-8 */
} builder;

/* What follows the name of a key. */
enum {
  NOTHING,
  FLAG,
  TEXT,
  FIELD_TEXT,
  SUBJECT,
  ADDRESSES,
  DATE,
  NUMBER,
  INTERVAL,
  KEYWORD,
  OBJECT_ID,
  SET,
  MODSEQ,
  UID_ABOVE,
  UID_BELOW,
  NEW,
  OLD,
  NOT,
  OR
};

typedef struct key_name {
  imap4_str name;
  uint8_t takes;
  uint8_t kind;
  uint8_t flag;
  bool negated;
} key_name;

#define NAME(s)                                                                                              \
  { s, sizeof(s) - 1 }

static const key_name key_names[] = {
    {NAME("ALL"), NOTHING, IMAP4I_KEY_ALL, 0, false},
    {NAME("ANSWERED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_ANSWERED, false},
    {NAME("BCC"), ADDRESSES, IMAP4I_KEY_HEADER, 0, false},
    {NAME("BEFORE"), DATE, IMAP4I_KEY_BEFORE, 0, false},
    {NAME("BODY"), TEXT, IMAP4I_KEY_BODY, 0, false},
    {NAME("CC"), ADDRESSES, IMAP4I_KEY_HEADER, 0, false},
    {NAME("DELETED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_DELETED, false},
    {NAME("DRAFT"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_DRAFT, false},
    {NAME("EMAILID"), OBJECT_ID, IMAP4I_KEY_EMAILID, 0, false},
    {NAME("FLAGGED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_FLAGGED, false},
    {NAME("FROM"), ADDRESSES, IMAP4I_KEY_HEADER, 0, false},
    {NAME("HEADER"), FIELD_TEXT, IMAP4I_KEY_HEADER, 0, false},
    {NAME("KEYWORD"), KEYWORD, IMAP4I_KEY_KEYWORD, 0, false},
    {NAME("LARGER"), NUMBER, IMAP4I_KEY_LARGER, 0, false},
    {NAME("MODSEQ"), MODSEQ, IMAP4I_KEY_MODSEQ, 0, false},
    {NAME("NEW"), NEW, 0, 0, false},
    {NAME("NOT"), NOT, IMAP4I_KEY_NOT, 0, false},
    {NAME("OLD"), OLD, 0, 0, false},
    {NAME("OLDER"), INTERVAL, IMAP4I_KEY_OLDER, 0, false},
    {NAME("ON"), DATE, IMAP4I_KEY_ON, 0, false},
    {NAME("OR"), OR, IMAP4I_KEY_OR, 0, false},
    {NAME("RECENT"), NOTHING, IMAP4I_KEY_RECENT, 0, false},
    {NAME("SAVEDATESUPPORTED"), NOTHING, IMAP4I_KEY_SAVEDATESUPPORTED, 0, false},
    {NAME("SAVEDBEFORE"), DATE, IMAP4I_KEY_SAVEDBEFORE, 0, false},
    {NAME("SAVEDON"), DATE, IMAP4I_KEY_SAVEDON, 0, false},
    {NAME("SAVEDSINCE"), DATE, IMAP4I_KEY_SAVEDSINCE, 0, false},
    {NAME("SEEN"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_SEEN, false},
    {NAME("SENTBEFORE"), DATE, IMAP4I_KEY_SENTBEFORE, 0, false},
    {NAME("SENTON"), DATE, IMAP4I_KEY_SENTON, 0, false},
    {NAME("SENTSINCE"), DATE, IMAP4I_KEY_SENTSINCE, 0, false},
    {NAME("SINCE"), DATE, IMAP4I_KEY_SINCE, 0, false},
    {NAME("SMALLER"), NUMBER, IMAP4I_KEY_SMALLER, 0, false},
    {NAME("SUBJECT"), SUBJECT, IMAP4I_KEY_HEADER, 0, false},
    {NAME("TEXT"), TEXT, IMAP4I_KEY_TEXT, 0, false},
    {NAME("THREADID"), OBJECT_ID, IMAP4I_KEY_THREADID, 0, false},
    {NAME("TO"), ADDRESSES, IMAP4I_KEY_HEADER, 0, false},
    {NAME("UID"), SET, IMAP4I_KEY_UID, 0, false},
    {NAME("UIDAFTER"), UID_ABOVE, IMAP4I_KEY_UID, 0, false},
    {NAME("UIDBEFORE"), UID_BELOW, IMAP4I_KEY_UID, 0, false},
    {NAME("UNANSWERED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_ANSWERED, true},
    {NAME("UNDELETED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_DELETED, true},
    {NAME("UNDRAFT"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_DRAFT, true},
    {NAME("UNFLAGGED"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_FLAGGED, true},
    {NAME("UNKEYWORD"), KEYWORD, IMAP4I_KEY_KEYWORD, 0, true},
    {NAME("UNSEEN"), FLAG, IMAP4I_KEY_FLAG, IMAP4_FLAG_SEEN, true},
    {NAME("YOUNGER"), INTERVAL, IMAP4I_KEY_YOUNGER, 0, false},
};

/* What a client must have been shown to have such keys. */
static uint64_t feature_of(uint8_t takes) {
  if (takes == INTERVAL) return IMAP4_FEATURE_WITHIN;
  return takes == UID_ABOVE || takes == UID_BELOW ? IMAP4_FEATURE_MESSAGELIMIT : 0;
}

static const key_name *find_key(imap4_str name, uint64_t features_off) {
  for (size_t i = 0; i < IMAP4I_COUNT(key_names); i++) {
    if (imap4i_ieq(name, key_names[i].name))
      return (feature_of(key_names[i].takes) & features_off) == 0 ? &key_names[i] : NULL;
  }
  return NULL;
}

/* ---- output --------------------------------------------------------------------------------- */

static int emit(builder *b, const imap4i_key *key) {
  imap4i_key *keys = imap4i_grow(b->parser->arena, b->keys, b->count, &b->capacity, sizeof(*keys));
  if (!keys) return IMAP4_ERR_NOMEM;
  b->keys = keys;
  b->keys[b->count++] = *key;
  return IMAP4_OK;
}

static int emit_operator(builder *b, uint8_t kind, uint32_t operands) {
  return emit(b, &(imap4i_key){.kind = kind, .operands = operands});
}

static int emit_flag(builder *b, uint32_t flag) {
  return emit(b, &(imap4i_key){.kind = IMAP4I_KEY_FLAG, .number = flag});
}

/* Another key of the client's, operators and lists included. */
static int count_key(builder *b) {
  if (b->written >= b->parser->limits->search_keys) return imap4i_bad(b->parser, "Too many search keys");
  b->written++;
  return IMAP4_OK;
}

static int open_frame(builder *b, uint8_t kind) {
  frame *open = imap4i_grow(b->parser->arena, b->open, b->depth, &b->open_capacity, sizeof(*open));
  if (!open) return IMAP4_ERR_NOMEM;
  b->open = open;
  b->open[b->depth++] = (frame){.kind = kind};
  return IMAP4_OK;
}

/* An operator or list inside those that are open; the frame of the whole command does not count. */
static int nest(builder *b, uint8_t kind) {
  if (b->depth > b->parser->limits->nesting)
    return imap4i_bad(b->parser, "Search keys are nested too deeply");
  return open_frame(b, kind);
}

/* ---- strings -------------------------------------------------------------------------------- */

static int refuse_charset(imap4i_parser *parser, const char *textz) {
  return imap4i_no(parser, "BADCHARSET (US-ASCII UTF-8)", textz);
}

static bool has_replacement(imap4_str s) {
  for (size_t i = 0; i + 3 <= s.n; i++) {
    if (memcmp(s.p + i, "\xEF\xBF\xBD", 3) == 0) return true;
  }
  return false;
}

/* All of |in| through |charset| to |out|. */
static int convert(imap4i_charset *charset, imap4_str in, imap4i_buf *out) {
  char piece[4 * IMAP4I_FLOW_ROOM];
  imap4i_flow flow = {.in = in, .last = true};
  bool all = false;
  while (!all) {
    flow.out = piece;
    flow.room = sizeof(piece);
    all = imap4i_charset_feed(charset, &flow);
    if (!imap4i_buf_put(out, piece, sizeof(piece) - flow.room)) return IMAP4_ERR_NOMEM;
  }
  return IMAP4_OK;
}

/* |*s| from the command's charset to UTF-8.  A string that is not valid in it cannot be searched for. */
static int to_utf8(builder *b, imap4_str *s) {
  imap4i_charset charset;
  imap4i_buf out;
  bool ok = true;
  if (b->charset.n == 0) {
    if (imap4i_utf8_valid(*s)) return IMAP4_OK;
    return refuse_charset(b->parser, "The search string is not valid in its charset");
  }
  int status = imap4i_charset_open(&charset, b->charset);
  if (status == IMAP4_ERR_INVALID) return refuse_charset(b->parser, "The charset is not known");
  imap4i_buf_init(&out, b->parser->arena->mem, SIZE_MAX);
  if (status == IMAP4_OK) status = convert(&charset, *s, &out);
  imap4i_charset_close(&charset);
  if (status == IMAP4_OK && has_replacement(imap4i_buf_str(&out))) {
    status = refuse_charset(b->parser, "The search string is not valid in its charset");
  }
  if (status == IMAP4_OK) *s = imap4i_arena_str(b->parser->arena, imap4i_buf_str(&out), &ok);
  imap4i_buf_free(&out);
  return ok ? status : IMAP4_ERR_NOMEM;
}

static int take_text(builder *b, imap4_str *text) {
  int status = imap4i_take_space(b->parser, "Missing string after the search key");
  if (status == IMAP4_OK) status = imap4i_take_astring(b->parser, "Expected a string to search for", text);
  return status == IMAP4_OK ? to_utf8(b, text) : status;
}

/* [CHARSET SP astring SP] */
static int take_charset(builder *b) {
  imap4i_parser *parser = b->parser;
  imap4i_charset charset;
  const char *start = parser->p;
  if (!imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("CHARSET"))) {
    parser->p = start;
    return IMAP4_OK;
  }
  /* RFC 9755 section 3: everything is UTF-8 then. */
  if (parser->no_charset) return imap4i_bad(parser, "No CHARSET is allowed after ENABLE UTF8=ACCEPT");
  int status = imap4i_take_space(parser, "Missing name after CHARSET");
  if (status == IMAP4_OK) status = imap4i_take_astring(parser, "Expected the name of a charset", &b->charset);
  if (status != IMAP4_OK) return status;
  status = imap4i_charset_open(&charset, b->charset);
  imap4i_charset_close(&charset);
  if (b->charset.n == 0 || status == IMAP4_ERR_INVALID)
    return refuse_charset(parser, "The charset is not known");
  if (status != IMAP4_OK) return status;
  if (imap4i_ieq(b->charset, IMAP4I_S("UTF-8"))) b->charset.n = 0;
  return imap4i_take_space(parser, "Missing search key after the charset");
}

/* ---- keys ----------------------------------------------------------------------------------- */

static int take_date_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing date after the search key");
  return status == IMAP4_OK ? imap4i_take_date(b->parser, &key->day) : status;
}

static int take_number_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing number after the search key");
  if (status != IMAP4_OK) return status;
  return imap4i_take_number(b->parser, INT64_MAX, false, "Expected a number of octets, below 2^63",
                            &key->number);
}

static int take_interval_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing number after the search key");
  if (status != IMAP4_OK) return status;
  return imap4i_take_number(b->parser, UINT32_MAX, true, "Expected a number of seconds, 1 to 4294967295",
                            &key->number);
}

static int take_keyword_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing keyword after the search key");
  return status == IMAP4_OK ? imap4i_take_keyword(b->parser, &key->text) : status;
}

static int take_object_id_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing object identifier after the search key");
  if (status == IMAP4_OK)
    status = imap4i_take_astring(b->parser, "Expected an object identifier", &key->text);
  if (status != IMAP4_OK || imap4i_is_object_id(key->text)) return status;
  return imap4i_bad(b->parser, "Expected an object identifier of letters, digits, \"_\" and \"-\"");
}

static int take_field_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing field name after HEADER");
  if (status == IMAP4_OK) status = imap4i_take_field_name(b->parser, &key->field);
  return status == IMAP4_OK ? take_text(b, &key->text) : status;
}

static int take_uid_key(builder *b, imap4i_key *key) {
  int status = imap4i_take_space(b->parser, "Missing sequence set after UID");
  return status == IMAP4_OK ? imap4i_take_set(b->parser, &key->set) : status;
}

/* UIDAFTER and UIDBEFORE (RFC 9738 section 3.2): all UIDs on one side of another. */
static int take_side_key(builder *b, bool above, imap4i_key *key) {
  uint64_t uid = 0;
  int status = imap4i_take_space(b->parser, "Missing UID after the search key");
  if (status == IMAP4_OK)
    status = imap4i_take_number(b->parser, UINT32_MAX, true, "Expected a UID, 1 to 4294967295", &uid);
  if (status != IMAP4_OK) return status;
  key->set.p = imap4i_arena_array(b->parser->arena, 1, sizeof *key->set.p);
  if (!key->set.p) return IMAP4_ERR_NOMEM;
  key->set.n = 1;
  /* No message has the highest number there is, since UIDNEXT is above it. */
  if (above) {
    uint32_t first = uid < UINT32_MAX ? (uint32_t)uid + 1 : UINT32_MAX;
    *key->set.p = (imap4i_set_range){first, UINT32_MAX};
  } else {
    *key->set.p =
        uid > 1 ? (imap4i_set_range){1, (uint32_t)uid - 1} : (imap4i_set_range){UINT32_MAX, UINT32_MAX};
  }
  return IMAP4_OK;
}

/* RECENT, and for NEW also not \Seen. */
static int emit_recent(builder *b, bool new) {
  int status = emit_operator(b, IMAP4I_KEY_RECENT, 0);
  if (status == IMAP4_OK && new) status = emit_flag(b, IMAP4_FLAG_SEEN);
  if (status == IMAP4_OK) status = emit_operator(b, IMAP4I_KEY_NOT, 1);
  if (status == IMAP4_OK && new) status = emit_operator(b, IMAP4I_KEY_AND, 2);
  return status;
}

/* What follows |name|, and the key. */
static int take_key(builder *b, const key_name *name) {
  imap4i_key key = {.kind = name->kind, .number = name->flag};
  int status = IMAP4_OK;
  switch (name->takes) {
  case NEW:
  case OLD:
    return emit_recent(b, name->takes == NEW);
  case TEXT:
    status = take_text(b, &key.text);
    break;
  case SUBJECT:
  case ADDRESSES:
    key.field = name->name;
    key.addresses = name->takes == ADDRESSES;
    status = take_text(b, &key.text);
    break;
  case FIELD_TEXT:
    status = take_field_key(b, &key);
    break;
  case DATE:
    status = take_date_key(b, &key);
    break;
  case NUMBER:
    status = take_number_key(b, &key);
    break;
  case INTERVAL:
    status = take_interval_key(b, &key);
    break;
  case KEYWORD:
    status = take_keyword_key(b, &key);
    break;
  case OBJECT_ID:
    status = take_object_id_key(b, &key);
    break;
  case MODSEQ:
    status = imap4i_take_modseq_key(b->parser, &key.number);
    break;
  case SET:
    status = take_uid_key(b, &key);
    break;
  case UID_ABOVE:
  case UID_BELOW:
    status = take_side_key(b, name->takes == UID_ABOVE, &key);
    break;
  default:
    break;
  }
  if (status == IMAP4_OK) status = emit(b, &key);
  if (status == IMAP4_OK && name->negated) status = emit_operator(b, IMAP4I_KEY_NOT, 1);
  return status;
}

/* The beginning of a key: |complete| is false if it opened an operator or list whose operands come next. */
static int begin_key(builder *b, bool *complete) {
  imap4i_parser *parser = b->parser;
  int status = count_key(b);
  *complete = false;
  if (status != IMAP4_OK) return status;
  if (imap4i_take_char(parser, '(')) return nest(b, IMAP4I_KEY_AND);
  if (imap4i_saved_is_next(parser) ||
      (parser->p < parser->end && (*parser->p == '*' || imap4i_is_digit(*parser->p)))) {
    imap4i_key key = {.kind = IMAP4I_KEY_SEQUENCE};
    *complete = true;
    status = imap4i_take_set(parser, &key.set);
    /* "$" has no numbers. */
    if (status == IMAP4_OK && key.set.n > 0 && parser->uid_only) return imap4i_refuse_numbers(parser);
    return status == IMAP4_OK ? emit(b, &key) : status;
  }
  imap4_str word = imap4i_take_atom(parser);
  const key_name *name = find_key(word, parser->features_off);
  if (word.n == 0) return imap4i_bad(parser, "Expected a search key");
  if (!name) return imap4i_bad(parser, "Unknown search key");
  if (name->takes == NOT || name->takes == OR) {
    status = nest(b, name->kind);
    return status == IMAP4_OK ? imap4i_take_space(parser, "Missing search key after NOT or OR") : status;
  }
  *complete = true;
  return take_key(b, name);
}

/* One more operand of the innermost operator is complete.  Closes what ends with it; |done| is set when the
 * command does, else the next key follows. */
static int end_key(builder *b, bool *done) {
  imap4i_parser *parser = b->parser;
  for (;;) {
    frame *f = &b->open[b->depth - 1];
    bool whole = b->depth == 1;
    f->operands++;
    if (f->kind == IMAP4I_KEY_OR && f->operands < 2) break;
    if (f->kind == IMAP4I_KEY_AND && !(whole ? imap4i_at_end(parser) : imap4i_take_char(parser, ')'))) break;
    b->depth--;
    if (f->kind != IMAP4I_KEY_AND || f->operands > 1) {
      int status = emit_operator(b, f->kind, f->operands);
      if (status != IMAP4_OK) return status;
    }
    *done = whole;
    if (whole) return IMAP4_OK;
  }
  return imap4i_take_space(parser, "Expected a space or the end of the list after a search key");
}

/* ["RETURN" SP options SP]; a client that was not shown ESEARCH has no such word. */
static int take_return(builder *b, imap4i_search_args *args) {
  imap4i_parser *parser = b->parser;
  const char *start = parser->p;
  if (!imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("RETURN")) ||
      parser->features_off & IMAP4_FEATURE_ESEARCH) {
    parser->p = start;
    return IMAP4_OK;
  }
  int status = imap4i_take_return(parser, args);
  return status == IMAP4_OK ? imap4i_take_space(parser, "Missing search key after the result options")
                            : status;
}

int imap4i_parse_search(imap4i_parser *parser, imap4i_args *args) {
  builder b = {.parser = parser};
  bool done = false;
  bool complete = false;
  args->search = (imap4i_search_args){.options = 0};
  int status = imap4i_take_space(parser, "Missing search key");
  if (status == IMAP4_OK) status = take_return(&b, &args->search);
  if (status == IMAP4_OK) status = take_charset(&b);
  if (status == IMAP4_OK) status = open_frame(&b, IMAP4I_KEY_AND);
  while (status == IMAP4_OK && !done) {
    status = begin_key(&b, &complete);
    if (status == IMAP4_OK && complete) status = end_key(&b, &done);
  }
  if (status != IMAP4_OK) return status;
  parser->p = parser->end;
  args->search.keys = b.keys;
  args->search.count = b.count;
  return IMAP4_OK;
}
