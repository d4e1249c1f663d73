/* SPDX-License-Identifier: MIT */
/*
 * Address lists; see address.h.  The words at the start of an address are read before it is known what they
 * are (a display name, a local part, the name of a group); what follows them decides.
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
  list->in_group = false;
  imap4i_address_list_continue(list, text);
}

void imap4i_address_list_continue(imap4i_address_list *list, imap4_str text) {
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

/* Words read so far. */
typedef struct words {
  size_t count;
  bool apart;        /* two of them with white space and no dot between: no local part */
  imap4_str comment; /* the last comment behind the first word */
} words;

/* One more word goes to |name| with a space before it if it stood apart, and to |mailbox| without. */
static bool word_begins(imap4i_address_list *list, words *w, bool gap, char first) {
  const imap4i_buf *m = &list->mailbox;
  bool dotted = first == '.' || (m->n > 0 && m->p[m->n - 1] == '.');
  if (gap && w->count > 0 && !dotted) w->apart = true;
  w->count++;
  return !gap || list->name.n == 0 || imap4i_buf_putc(&list->name, ' ');
}

/* A quoted word; one that is never closed is dropped with all that follows. */
static bool take_quoted_word(imap4i_address_list *list, words *w, bool gap, bool *closed) {
  words before = *w;
  size_t name = list->name.n;
  size_t mailbox = list->mailbox.n;
  if (!word_begins(list, w, gap, '"')) return false;
  size_t from = list->name.n;
  if (!imap4i_take_quoted(&list->rest, &list->name, closed)) return false;
  if (!*closed) {
    list->name.n = name;
    list->mailbox.n = mailbox;
    *w = before;
    return true;
  }
  return imap4i_buf_puts(&list->mailbox, imap4i_tail(imap4i_buf_str(&list->name), from));
}

static bool take_atom_word(imap4i_address_list *list, words *w, bool gap, size_t n) {
  imap4_str atom = {list->rest.p, n};
  advance(list, n);
  return word_begins(list, w, gap, *atom.p) && imap4i_buf_puts(&list->name, atom) &&
         imap4i_buf_puts(&list->mailbox, atom);
}

/* Words, up to something else.  |colons|: colon and semicolon are part of a word, as in <mailto:a@b>. */
static bool take_words(imap4i_address_list *list, words *w, bool colons) {
  imap4i_buf_clear(&list->name);
  imap4i_buf_clear(&list->mailbox);
  for (;;) {
    const char *before = list->rest.p;
    imap4i_skip_cfws(&list->rest, w->count > 0 ? &w->comment : NULL);
    bool gap = list->rest.p != before;
    size_t n = 0;
    while (n < list->rest.n && (imap4i_is_atext(list->rest.p[n]) || list->rest.p[n] == '.' ||
                                (colons && (list->rest.p[n] == ':' || list->rest.p[n] == ';')))) {
      n++;
    }
    if (n > 0) {
      if (!take_atom_word(list, w, gap, n)) return false;
    } else if (at(list, '"')) {
      bool closed;
      if (!take_quoted_word(list, w, gap, &closed)) return false;
      if (!closed) return true;
    } else {
      return true;
    }
  }
}

static bool take_domain_literal(imap4i_address_list *list, imap4i_buf *out) {
  const char *close = memchr(list->rest.p, ']', list->rest.n);
  imap4_str literal = {list->rest.p, close ? (size_t)(close - list->rest.p) + 1 : list->rest.n};
  advance(list, literal.n);
  return imap4i_buf_puts(out, imap4i_trim(literal));
}

/* A domain, appended to |out|; white space and comments may stand around its dots. */
static bool take_domain(imap4i_address_list *list, imap4i_buf *out, imap4_str *comment) {
  size_t start = out->n;
  imap4i_skip_cfws(&list->rest, comment);
  if (at(list, '[')) return take_domain_literal(list, out);
  for (;;) {
    size_t n = 0;
    while (n < list->rest.n && imap4i_is_atext(list->rest.p[n]))
      n++;
    if (n > 0 && out->n > start && !imap4i_buf_putc(out, '.')) return false;
    if (!imap4i_buf_put(out, list->rest.p, n)) return false;
    advance(list, n);
    imap4i_skip_cfws(&list->rest, comment);
    if (!at(list, '.')) return true;
    while (at(list, '.'))
      advance(list, 1);
    imap4i_skip_cfws(&list->rest, comment);
  }
}

/* The obsolete source route in <@a,@b:c@d>.  Without its colon it was the domain of a missing mailbox. */
static bool take_route(imap4i_address_list *list) {
  while (at(list, '@') || at(list, ',')) {
    if (at(list, ',')) {
      advance(list, 1);
      imap4i_skip_cfws(&list->rest, NULL);
      continue;
    }
    advance(list, 1);
    if (list->route.n > 0 && !imap4i_buf_putc(&list->route, ',')) return false;
    if (!imap4i_buf_putc(&list->route, '@') || !take_domain(list, &list->route, NULL)) return false;
  }
  if (at(list, ':')) {
    advance(list, 1);
    return true;
  }
  if (list->route.n > 0 && !imap4i_buf_put(&list->host, list->route.p + 1, list->route.n - 1)) return false;
  imap4i_buf_clear(&list->route);
  return true;
}

/* Whatever is left of an address, up to its comma (or the semicolon of a list or group). */
static void skip_rest(imap4i_address_list *list) {
  for (;;) {
    imap4i_skip_cfws(&list->rest, NULL);
    if (list->rest.n == 0 || at(list, ',') || at(list, ';')) return;
    if (at(list, '"')) {
      size_t i = 1;
      for (; i < list->rest.n && list->rest.p[i] != '"'; i++) {
        if (list->rest.p[i] == '\\') i++;
      }
      advance(list, i);
    }
    advance(list, 1);
  }
}

/* What stands between < and >.  |name| holds the display name, which must survive. */
static bool take_angle(imap4i_address_list *list) {
  words inside = {0};
  imap4i_buf name = list->name;
  advance(list, 1);
  imap4i_skip_cfws(&list->rest, NULL);
  while (at(list, '<'))
    advance(list, 1);
  list->name = (imap4i_buf){.mem = name.mem, .max = name.max};
  imap4i_buf_clear(&list->mailbox);
  bool ok = !at(list, '@') || take_route(list);
  ok = ok && take_words(list, &inside, true);
  if (ok && inside.apart) {
    imap4i_buf_clear(&list->mailbox);
    ok = imap4i_buf_puts(&list->mailbox, imap4i_buf_str(&list->name));
  }
  imap4i_buf_free(&list->name);
  list->name = name;
  if (!ok) return false;
  if (at(list, '@')) {
    advance(list, 1);
    if (!take_domain(list, &list->host, NULL)) return false;
  }
  const char *close = memchr(list->rest.p, '>', list->rest.n);
  const char *comma = memchr(list->rest.p, ',', list->rest.n);
  if (close && (!comma || close < comma)) advance(list, (size_t)(close - list->rest.p) + 1);
  return true;
}

/* The inside of a comment as a display name. */
static bool name_from_comment(imap4i_address_list *list, imap4_str comment) {
  for (size_t i = 0; i < comment.n; i++) {
    if (comment.p[i] == '\\' && i + 1 < comment.n) i++;
    if (!imap4i_buf_putc(&list->name, comment.p[i])) return false;
  }
  return true;
}

/* All of a mailbox behind its first words. */
static bool finish_mailbox(imap4i_address_list *list, words *w) {
  if (at(list, '<')) {
    if (!take_angle(list)) return false;
    imap4i_skip_cfws(&list->rest, &w->comment);
  } else {
    bool domain = at(list, '@');
    if (domain) {
      advance(list, 1);
      if (!take_domain(list, &list->host, &w->comment)) return false;
    }
    if (w->apart && !domain) {
      imap4i_buf_clear(&list->mailbox); /* several words alone are a name */
    } else {
      if (w->apart) {
        imap4i_buf_clear(&list->mailbox);
        if (!imap4i_buf_puts(&list->mailbox, imap4i_buf_str(&list->name))) return false;
      }
      imap4i_buf_clear(&list->name);
    }
  }
  skip_rest(list);
  return imap4i_trim(imap4i_buf_str(&list->name)).n > 0 || name_from_comment(list, w->comment);
}

/* Separators before the next address.  True if a group ends here. */
static bool skip_separators(imap4i_address_list *list) {
  for (;;) {
    imap4i_skip_cfws(&list->rest, NULL);
    bool group_ends = list->in_group && ((list->rest.n == 0 && !list->open) || at(list, ';'));
    if (group_ends) list->in_group = false;
    if (at(list, ',') || at(list, ';')) {
      advance(list, 1);
    } else if (!group_ends) {
      return false;
    }
    if (group_ends) return true;
  }
}

static void set_spans(const imap4i_address_list *list, imap4i_address *address) {
  address->name = imap4i_buf_str(&list->name);
  address->route = imap4i_buf_str(&list->route);
  address->mailbox = imap4i_buf_str(&list->mailbox);
  address->host = imap4i_buf_str(&list->host);
}

int imap4i_address_list_next(imap4i_address_list *list, imap4i_address *address, bool *got) {
  for (;;) {
    words w = {0};
    *got = true;
    *address = (imap4i_address){.kind = IMAP4I_ADDRESS_GROUP_END};
    if (skip_separators(list)) return IMAP4_OK;
    if (list->rest.n == 0) {
      *got = false;
      return IMAP4_OK;
    }
    imap4i_buf_clear(&list->route);
    imap4i_buf_clear(&list->host);
    if (!take_words(list, &w, false)) return IMAP4_ERR_NOMEM;
    if (at(list, ':') && w.count > 0 && !list->in_group) {
      advance(list, 1);
      list->in_group = true;
      imap4i_buf_clear(&list->mailbox);
      set_spans(list, address);
      address->kind = IMAP4I_ADDRESS_GROUP;
      return IMAP4_OK;
    }
    if (w.count > 0 || at(list, '<') || at(list, '@')) {
      if (!finish_mailbox(list, &w)) return IMAP4_ERR_NOMEM;
      set_spans(list, address);
      address->kind = IMAP4I_ADDRESS_MAILBOX;
      return IMAP4_OK;
    }
    if (list->rest.n > 0) advance(list, 1); /* something that begins no address */
    skip_rest(list);
  }
}

static bool put_or_nil(imap4i_buf *out, imap4_str s) {
  if (imap4i_trim(s).n == 0) return imap4i_buf_puts(out, IMAP4I_S("NIL"));
  return imap4i_text_collapsed(out, s);
}

bool imap4i_address_put(imap4i_buf *out, const imap4i_address *address) {
  switch (address->kind) {
  case IMAP4I_ADDRESS_GROUP:
    return imap4i_buf_puts(out, IMAP4I_S("(NIL NIL ")) && imap4i_text_collapsed(out, address->name) &&
           imap4i_buf_puts(out, IMAP4I_S(" NIL)"));
  case IMAP4I_ADDRESS_GROUP_END:
    return imap4i_buf_puts(out, IMAP4I_S("(NIL NIL NIL NIL)"));
  default:
    return imap4i_buf_putc(out, '(') && put_or_nil(out, address->name) && imap4i_buf_putc(out, ' ') &&
           put_or_nil(out, address->route) && imap4i_buf_putc(out, ' ') &&
           imap4i_text_collapsed(out, address->mailbox) && imap4i_buf_putc(out, ' ') &&
           imap4i_text_collapsed(out, address->host) && imap4i_buf_putc(out, ')');
  }
}
