/* SPDX-License-Identifier: MIT */
/*
 * Address lists; see address.h.  The words at the start of an address are read before it is known what they
 * are (a display name, a local part, the name of a group); what follows them decides.  If that is neither <
 * nor : nor @, they are read once more from their start.  Nothing is read a third time, so all is linear.
 */
#include "mail/address.h"

#include "imap4/error.h"
#include "mail/text.h"
#include "mail/token.h"

void imap4i_address_list_init(imap4i_address_list *list, imap4i_mem *mem) {
  *list = (imap4i_address_list){0};
  imap4i_buf_init(&list->name, mem, SIZE_MAX);
  imap4i_buf_init(&list->route, mem, SIZE_MAX);
  imap4i_buf_init(&list->mailbox, mem, SIZE_MAX);
  imap4i_buf_init(&list->host, mem, SIZE_MAX);
}

void imap4i_address_list_free(imap4i_address_list *list) {
  imap4i_buf_free(&list->name);
  imap4i_buf_free(&list->route);
  imap4i_buf_free(&list->mailbox);
  imap4i_buf_free(&list->host);
}

void imap4i_address_list_begin(imap4i_address_list *list, imap4_str text) {
  list->empties = 0;
  list->in_group = false;
  list->begins = true;
  list->any = false;
  list->ended = false;
  imap4i_address_list_continue(list, text);
}

void imap4i_address_list_continue(imap4i_address_list *list, imap4_str text) {
  /* The line end is no part of the text; the white space before it is. */
  if (text.n > 0 && text.p[text.n - 1] == '\n') text.n--;
  if (text.n > 0 && text.p[text.n - 1] == '\r') text.n--;
  list->rest = text;
  list->open = false;
}

/* Octets up to and with the last comma that stands between addresses. */
static size_t whole_addresses(imap4_str s) {
  size_t comments = 0;
  size_t whole = 0;
  char closing = '\0'; /* of the quoted string, address or domain literal that is open */
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (c == '\\') {
      i++;
    } else if (comments > 0) {
      if (c == '(') comments++;
      if (c == ')') comments--;
    } else if (closing != '\0') {
      if (c == closing) closing = '\0';
    } else if (c == '(') {
      comments++;
    } else if (c == '"' || c == '<' || c == '[') {
      closing = c == '"' ? '"' : c == '<' ? '>' : ']';
    } else if (c == ',') {
      whole = i + 1;
    }
  }
  return whole;
}

size_t imap4i_address_list_open(imap4i_address_list *list) {
  list->rest.n = whole_addresses(list->rest);
  list->open = true;
  return list->rest.n;
}

static bool at(const imap4i_address_list *list, char c) {
  return list->rest.n > 0 && *list->rest.p == c;
}

static void advance(imap4i_address_list *list, size_t n) {
  list->rest = imap4i_tail(list->rest, n);
}

/* ---- comments, quoted strings, atoms ----------------------------------------------------------- */

static bool is_line_end(char c) {
  return c == '\r' || c == '\n';
}

/* A quoted pair (RFC 5322 section 3.2.1) begins at |i|.  Line ends come from folding and are not quoted. */
static bool is_pair(imap4_str s, size_t i) {
  return s.p[i] == '\\' && i + 1 < s.n && !is_line_end(s.p[i + 1]);
}

/* Append |s| without line ends, and if |unquote| without the backslashes of quoted pairs.  CR alone ends no
 * line; in a name it becomes white space when that is written. */
static bool put_content(imap4i_buf *out, imap4_str s, bool unquote) {
  size_t from = 0;
  for (size_t i = 0; i < s.n; i++) {
    bool pair = unquote && is_pair(s, i);
    bool ends = s.p[i] == '\n' || (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');
    if (!pair && !ends) continue;
    if (!imap4i_buf_put(out, s.p + from, i - from)) return false;
    from = i + 1;
    if (pair) i++;
  }
  return imap4i_buf_puts(out, imap4i_tail(s, from));
}

/* Take the comment that begins here; comments nest.  False if it is never closed: then it reaches to the end,
 * and what stands before its last line end or quoted pair is taken to belong to it. */
static bool take_comment(imap4i_address_list *list) {
  const char *p = list->rest.p;
  size_t depth = 0;
  size_t known = 1;
  for (size_t i = 0; i < list->rest.n; i++) {
    if (is_line_end(p[i])) {
      if (p[i] == '\r' || p[i - 1] != '\r') known = i;
    } else if (is_pair(list->rest, i)) {
      known = i++;
    } else if (p[i] == '(') {
      depth++;
    } else if (p[i] == ')' && --depth == 0) {
      list->comment = imap4i_str(p + 1, i - 1);
      advance(list, i + 1);
      return true;
    }
  }
  list->comment = imap4i_str(p + 1, known - 1);
  advance(list, list->rest.n);
  return false;
}

/* Skip white space and comments.  False if a comment is never closed. */
static bool skip_cfws(imap4i_address_list *list) {
  for (;;) {
    if (at(list, '(')) {
      if (!take_comment(list)) return false;
    } else if (list->rest.n > 0 && imap4i_is_wsp(*list->rest.p)) {
      advance(list, 1);
    } else {
      return true;
    }
  }
}

/* Take the quoted string that begins here; |*inside| is its content.  False if it is never closed; then it is
 * as with comments. */
static bool take_quoted(imap4i_address_list *list, imap4_str *inside) {
  const char *p = list->rest.p;
  size_t known = 1;
  for (size_t i = 1; i < list->rest.n; i++) {
    if (is_line_end(p[i])) {
      if (p[i] == '\r' || p[i - 1] != '\r') known = i;
    } else if (is_pair(list->rest, i)) {
      known = i++;
    } else if (p[i] == '"') {
      *inside = imap4i_str(p + 1, i - 1);
      advance(list, i + 1);
      return true;
    }
  }
  *inside = imap4i_str(p + 1, known - 1);
  advance(list, list->rest.n);
  return false;
}

/* Length of the run of atom text here, and of dots if |dots|. */
static size_t run_length(const imap4i_address_list *list, bool dots) {
  size_t n = 0;
  while (n < list->rest.n && (imap4i_is_atext(list->rest.p[n]) || (dots && list->rest.p[n] == '.')))
    n++;
  return n;
}

/* ---- words -------------------------------------------------------------------------------------- */

/* What words read so far may be. */
typedef struct words {
  size_t count;
  bool no_local; /* words and dots do not take turns: no local part in the sense of RFC 5322 section 4.4 */
  bool after;    /* the last of them was a word, not a dot */
} words;

static void note_word(words *w) {
  if (w->after) w->no_local = true;
  w->after = true;
}

static void note_run(words *w, imap4_str run) {
  for (size_t i = 0; i < run.n; i++) {
    if (run.p[i] != '.') {
      if (i == 0 || run.p[i - 1] == '.') note_word(w);
    } else {
      if (!w->after) w->no_local = true;
      w->after = false;
    }
  }
}

/* Take words up to something else.  They go to |name| (unless NULL) with a space between any two, and to the
 * mailbox without. */
static bool take_words(imap4i_address_list *list, imap4i_buf *name, words *w) {
  for (bool more = true; more; more = more && skip_cfws(list)) {
    imap4_str word = {list->rest.p, run_length(list, true)};
    size_t from = list->mailbox.n;
    bool quoted = word.n == 0 && at(list, '"');
    if (word.n == 0 && !quoted) return true;
    if (name && w->count > 0 && !imap4i_buf_putc(name, ' ')) return false;
    if (quoted) {
      more = take_quoted(list, &word);
      if (!more && word.n == 0) return true;
      note_word(w);
      if (!put_content(&list->mailbox, word, true)) return false;
    } else {
      note_run(w, word);
      advance(list, word.n);
      if (!imap4i_buf_puts(&list->mailbox, word)) return false;
    }
    if (name && !imap4i_buf_puts(name, imap4i_tail(imap4i_buf_str(&list->mailbox), from))) return false;
    w->count++;
  }
  return true;
}

/* A local part as other servers read it: a quoted string, or atoms with dots anywhere, but nothing between a
 * dot and what follows it.  |*whole| is false at an error. */
static bool take_local(imap4i_address_list *list, bool *whole) {
  imap4i_buf *out = &list->mailbox;
  imap4i_buf_clear(out);
  if (at(list, '"')) {
    imap4_str inside;
    *whole = take_quoted(list, &inside) && skip_cfws(list);
    return put_content(out, inside, true);
  }
  for (;;) {
    imap4_str run = {list->rest.p, run_length(list, true)};
    advance(list, run.n);
    if (!imap4i_buf_puts(out, run)) return false;
    *whole = run.n > 0;
    if (!*whole) return true;
    if (run.p[run.n - 1] == '.') {
      *whole = list->rest.n == 0 || at(list, '@');
      return true;
    }
    *whole = skip_cfws(list);
    if (!*whole || !at(list, '.')) return true;
  }
}

/* ---- domains and routes ------------------------------------------------------------------------- */

/* False if it is not closed; then nothing is taken. */
static bool take_literal(imap4i_address_list *list, imap4_str *literal) {
  for (size_t i = 1; i < list->rest.n; i++) {
    char c = list->rest.p[i];
    if (c == '[') return false;
    if (c == '\\') i++;
    if (c == ']') {
      *literal = imap4i_str(list->rest.p, i + 1);
      advance(list, i + 1);
      return true;
    }
  }
  return false;
}

/* Take the domain behind an @, which is here; it is appended to |out|.  |*whole| is false at an error. */
static bool take_domain(imap4i_address_list *list, imap4i_buf *out, bool *whole) {
  advance(list, 1);
  *whole = skip_cfws(list);
  if (at(list, '[')) {
    imap4_str literal = {0};
    *whole = take_literal(list, &literal) && skip_cfws(list);
    return put_content(out, literal, false);
  }
  while (*whole) {
    size_t n = run_length(list, false);
    if (!imap4i_buf_put(out, list->rest.p, n)) return false;
    advance(list, n);
    *whole = n > 0 && skip_cfws(list);
    if (!*whole || !at(list, '.')) break;
    advance(list, 1);
    if (!imap4i_buf_putc(out, '.')) return false;
    *whole = skip_cfws(list);
  }
  return true;
}

/* The obsolete source route in <@a,@b:c@d>.  One with an error is named so, as other servers do. */
static bool take_route(imap4i_address_list *list) {
  bool whole = true;
  while (whole && at(list, '@')) {
    if (list->route.n > 0 && !imap4i_buf_putc(&list->route, ',')) return false;
    if (!imap4i_buf_putc(&list->route, '@') || !take_domain(list, &list->route, &whole)) return false;
    while (whole && at(list, ',')) {
      advance(list, 1);
      whole = skip_cfws(list);
    }
  }
  if (whole && at(list, ':')) {
    advance(list, 1);
    skip_cfws(list);
    return true;
  }
  imap4i_buf_clear(&list->route);
  return imap4i_buf_puts(&list->route, IMAP4I_S("INVALID_ROUTE"));
}

/* ---- one address -------------------------------------------------------------------------------- */

/* A local part in front of an @, or what else there is.  |words|: those that begin at |start| and end here.
 */
static bool settle_local(imap4i_address_list *list, imap4_str start, const words *w, bool *whole) {
  *whole = w->count > 0 && w->after && !w->no_local && at(list, '@');
  if (*whole) return true;
  list->rest = start;
  list->comment.n = 0;
  return take_local(list, whole);
}

/* Whether a route begins here; commas may stand before it (obs-domain-list). */
static bool find_route(imap4i_address_list *list) {
  imap4_str start = list->rest;
  while (at(list, ',')) {
    advance(list, 1);
    if (!skip_cfws(list)) break;
  }
  if (at(list, '@')) return true;
  list->rest = start;
  return false;
}

/* What stands between < and >.  The domain counts only if the > is where it should be. */
static bool take_angle(imap4i_address_list *list) {
  words w = {0};
  bool whole = true;
  bool closed;
  advance(list, 1);
  imap4i_buf_clear(&list->mailbox);
  skip_cfws(list);
  if (find_route(list) && !take_route(list)) return false;
  if (!at(list, '>')) {
    imap4_str start = list->rest;
    if (!take_words(list, NULL, &w) || !settle_local(list, start, &w, &whole)) return false;
  }
  closed = whole;
  if (whole && at(list, '@') && !take_domain(list, &list->host, &closed)) return false;
  closed = closed && at(list, '>');
  if (closed) {
    advance(list, 1);
    closed = skip_cfws(list);
  }
  if (!whole) imap4i_buf_clear(&list->mailbox);
  if (!closed) imap4i_buf_clear(&list->host);
  return true;
}

/* A local part without a domain or comment behind it: with more words it is a name, and so is a quoted
 * string. */
static bool take_bare(imap4i_address_list *list, bool quoted, bool whole, imap4i_address *address) {
  words w = {.count = 1};
  size_t local = list->mailbox.n;
  if (!imap4i_buf_puts(&list->name, imap4i_buf_str(&list->mailbox))) return false;
  const char *end = list->rest.p;
  skip_cfws(list);
  /* Apart from a broken local part any word makes it a name, even "" or dots; else it takes a real one. */
  bool apart = list->rest.p != end;
  if ((apart || !at(list, '.')) && !take_words(list, &list->name, &w)) return false;
  address->named = list->name.n > local + (apart ? 0 : 1) || (quoted && whole);
  if (address->named) {
    imap4i_buf_clear(&list->mailbox);
  } else {
    imap4i_buf_clear(&list->name);
  }
  return true;
}

/* An address without < that begins at |start|.  |w|: its first words, which end here. */
static bool take_spec(imap4i_address_list *list, imap4_str start, const words *w, imap4i_address *address) {
  bool quoted = start.n > 0 && *start.p == '"';
  bool whole;
  if (!settle_local(list, start, w, &whole)) return false;
  bool domain = at(list, '@');
  if (domain) {
    bool good;
    if (!take_domain(list, &list->host, &good)) return false;
    if (!good) imap4i_buf_clear(&list->host);
  }
  imap4i_buf_clear(&list->name);
  if (list->comment.n > 0) {
    address->named = true;
    if (!put_content(&list->name, list->comment, true)) return false;
  } else if (!domain && !take_bare(list, quoted, whole, address)) {
    return false;
  }
  if (!whole) imap4i_buf_clear(&list->mailbox);
  return true;
}

/* The next mailbox, or the head of a group. */
static bool take_member(imap4i_address_list *list, imap4i_address *address) {
  imap4_str start = list->rest;
  words w = {0};
  imap4i_buf_clear(&list->name);
  imap4i_buf_clear(&list->route);
  imap4i_buf_clear(&list->mailbox);
  imap4i_buf_clear(&list->host);
  list->comment.n = 0;
  address->kind = IMAP4I_ADDRESS_MAILBOX;
  /* No name begins with a dot. */
  if (!at(list, '.') && !take_words(list, &list->name, &w)) return false;
  if (at(list, ':') && !list->in_group && (w.count > 0 || start.p == list->rest.p)) {
    address->kind = IMAP4I_ADDRESS_GROUP;
    imap4i_buf_clear(&list->mailbox);
  } else if (at(list, '<')) {
    address->named = list->name.n > 0;
    return take_angle(list);
  } else {
    return take_spec(list, start, &w, address);
  }
  advance(list, 1);
  return true;
}

/* ---- the list ----------------------------------------------------------------------------------- */

/* Behind a member: a comma, or else the list ends here. */
static void take_comma(imap4i_address_list *list) {
  if (at(list, ',')) {
    advance(list, 1);
  } else if (!(list->in_group && at(list, ';'))) {
    list->ended = true;
  }
}

/* Skip empty members.  True if a member begins here. */
static bool find_member(imap4i_address_list *list) {
  while (!list->ended) {
    bool closed = skip_cfws(list);
    if (!closed && !list->begins && !list->in_group) return true; /* something is there */
    if (list->rest.n == 0) {
      if (list->open) return false;
      list->ended = true;
    } else if (at(list, ',')) {
      advance(list, 1);
      list->begins = false;
      list->empties++;
    } else {
      return !(list->in_group && at(list, ';'));
    }
  }
  return false;
}

/* What comes where no more members are.  False if there is nothing. */
static bool take_end(imap4i_address_list *list, imap4i_address *address) {
  if (list->open && !list->ended && list->rest.n == 0) return false;
  if (list->in_group) {
    list->in_group = false;
    address->kind = IMAP4I_ADDRESS_GROUP_END;
    if (!list->ended) {
      advance(list, 1);
      skip_cfws(list);
      take_comma(list);
    }
    return true;
  }
  if (list->any || list->empties == 0) return false;
  list->empties--;
  return true;
}

static void set_spans(const imap4i_address_list *list, imap4i_address *address) {
  address->name = imap4i_buf_str(&list->name);
  address->route = imap4i_buf_str(&list->route);
  address->mailbox = imap4i_buf_str(&list->mailbox);
  address->host = imap4i_buf_str(&list->host);
}

int imap4i_address_list_next(imap4i_address_list *list, imap4i_address *address, bool *got) {
  *address = (imap4i_address){.kind = IMAP4I_ADDRESS_MAILBOX};
  *got = true;
  if (!find_member(list)) {
    *got = take_end(list, address);
    return IMAP4_OK;
  }
  if (!take_member(list, address)) return IMAP4_ERR_NOMEM;
  set_spans(list, address);
  list->begins = address->kind == IMAP4I_ADDRESS_GROUP;
  if (address->kind == IMAP4I_ADDRESS_GROUP) {
    list->in_group = true;
  } else {
    take_comma(list);
  }
  if (list->begins || address->named || address->route.n + address->mailbox.n + address->host.n > 0) {
    list->any = true;
  }
  return IMAP4_OK;
}

bool imap4i_address_put(imap4i_buf *out, const imap4i_address *address) {
  static const imap4_str nil = {"NIL", 3};
  switch (address->kind) {
  case IMAP4I_ADDRESS_GROUP:
    return imap4i_buf_puts(out, IMAP4I_S("(NIL NIL ")) && imap4i_text_string(out, address->name) &&
           imap4i_buf_puts(out, IMAP4I_S(" NIL)"));
  case IMAP4I_ADDRESS_GROUP_END:
    return imap4i_buf_puts(out, IMAP4I_S("(NIL NIL NIL NIL)"));
  default:
    return imap4i_buf_putc(out, '(') &&
           (address->named ? imap4i_text_collapsed(out, address->name) : imap4i_buf_puts(out, nil)) &&
           imap4i_buf_putc(out, ' ') &&
           (address->route.n > 0 ? imap4i_text_string(out, address->route) : imap4i_buf_puts(out, nil)) &&
           imap4i_buf_putc(out, ' ') && imap4i_text_string(out, address->mailbox) &&
           imap4i_buf_putc(out, ' ') && imap4i_text_string(out, address->host) && imap4i_buf_putc(out, ')');
  }
}
