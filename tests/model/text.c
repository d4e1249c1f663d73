/* SPDX-License-Identifier: MIT */
/* A step as its client sends it. */
#include "model.h"

#include <stdio.h>
#include <string.h>

typedef struct writer {
  char *p;
  size_t n;
  size_t capacity;
} writer;

static void put(writer *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(writer *t, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(t->p + t->n, t->capacity - t->n, format, arguments);
  va_end(arguments);
  assert_true(n >= 0 && (size_t)n < t->capacity - t->n);
  t->n += (size_t)n;
}

static void put_number(writer *t, uint32_t number) {
  if (number == STAR)
    put(t, "*");
  else
    put(t, "%u", (unsigned)number);
}

static void put_set(writer *t, const set *s) {
  if (s->saved) put(t, "$");
  for (int i = 0; i < s->n && !s->saved; i++) {
    if (i > 0) put(t, ",");
    put_number(t, s->p[i].first);
    if (s->p[i].first == s->p[i].last) continue;
    put(t, ":");
    put_number(t, s->p[i].last);
  }
}

static void put_flags(writer *t, uint32_t flags) {
  const char *between = "";
  put(t, "(");
  for (size_t i = 0; i < 7; i++) {
    if (!(flags & all_flags[i])) continue;
    put(t, "%s%s", between, flag_names[i]);
    between = " ";
  }
  put(t, ")");
}

/* One message of APPEND or REPLACE. */
static void put_message(writer *t, const step *s, uint32_t id) {
  char date[64];
  date_text(s->day, true, date, sizeof date);
  put(t, " ");
  put_flags(t, s->flags);
  put(t, " \"%s\" {%u+}\r\n", date, (unsigned)content_size(id));
  t->n += content_of(id, t->p + t->n, t->capacity - t->n);
}

static void put_fetch(writer *t, const client *c, const step *s) {
  static const struct {
    uint32_t item;
    const char *name;
  } items[] = {{GOT_UID, "UID"},
               {GOT_FLAGS, "FLAGS"},
               {GOT_MODSEQ, "MODSEQ"},
               {GOT_SIZE, "RFC822.SIZE"},
               {GOT_DATE, "INTERNALDATE"},
               {GOT_ENVELOPE, "ENVELOPE"},
               {GOT_BODY, NULL},
               {GOT_HEADER, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"},
               {GOT_BINARY, "BINARY.PEEK[1]"}};
  const char *between = "(";
  put(t, "%sFETCH ", s->uid ? "UID " : "");
  put_set(t, &s->set);
  put(t, " ");
  for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
    if (!(s->items & items[i].item)) continue;
    const char *body = s->items & GOT_PEEK ? "BODY.PEEK[]" : "BODY[]";
    put(t, "%s%s", between, items[i].name ? items[i].name : body);
    between = " ";
  }
  put(t, ")");
  if (!s->has_modseq) return;
  bool vanished = s->vanished && s->uid && c->qresync;
  put(t, " (CHANGEDSINCE %llu%s)", (unsigned long long)s->modseq, vanished ? " VANISHED" : "");
}

static void put_store(writer *t, const step *s) {
  put(t, "%sSTORE ", s->uid ? "UID " : "");
  put_set(t, &s->set);
  if (s->has_modseq) put(t, " (UNCHANGEDSINCE %llu)", (unsigned long long)s->modseq);
  put(t, " %.*sFLAGS%s ", s->sign != '=', &s->sign, s->silent ? ".SILENT" : "");
  put_flags(t, s->flags);
}

static void put_key(writer *t, const node *n) {
  static const char *const names[KEYS] = {[KEY_ALL] = "ALL",
                                          [KEY_RECENT] = "RECENT",
                                          [KEY_OLD] = "OLD",
                                          [KEY_NEW] = "NEW",
                                          [KEY_UID] = "UID ",
                                          [KEY_LARGER] = "LARGER ",
                                          [KEY_SMALLER] = "SMALLER ",
                                          [KEY_SINCE] = "SINCE ",
                                          [KEY_BEFORE] = "BEFORE ",
                                          [KEY_ON] = "ON ",
                                          [KEY_SUBJECT] = "SUBJECT ",
                                          [KEY_BODY] = "BODY ",
                                          [KEY_TEXT] = "TEXT ",
                                          [KEY_HEADER] = "HEADER FROM ",
                                          [KEY_MODSEQ] = "MODSEQ ",
                                          [KEY_NOT] = "NOT",
                                          [KEY_OR] = "OR",
                                          [KEY_AND] = "("};
  static const char *const flags[] = {"ANSWERED", "FLAGGED", "DELETED", "SEEN", "DRAFT"};
  char date[64];
  if (names[n->key]) put(t, "%s", names[n->key]);
  switch (n->key) {
  case KEY_FLAG:
  case KEY_UNFLAG:
    put(t, "%s", n->key == KEY_UNFLAG ? "UN" : "");
    if (n->number < 5)
      put(t, "%s", flags[n->number]);
    else
      put(t, "KEYWORD %s", flag_names[n->number]);
    break;
  case KEY_SET:
  case KEY_UID:
    put_set(t, &n->set);
    break;
  case KEY_LARGER:
  case KEY_SMALLER:
  case KEY_MODSEQ:
    put(t, "%llu", (unsigned long long)n->number);
    break;
  case KEY_SINCE:
  case KEY_BEFORE:
  case KEY_ON:
    date_text((int32_t)n->number, false, date, sizeof date);
    put(t, "%s", date);
    break;
  case KEY_SUBJECT:
  case KEY_BODY:
  case KEY_TEXT:
    put(t, "%s", content_word((uint32_t)n->number));
    break;
  case KEY_HEADER:
    put(t, "user%u", (unsigned)(n->number % 3));
    break;
  default:
    break;
  }
}

static size_t put_node(writer *t, const step *s, size_t at) {
  if (at >= s->node_count) { /* cannot be: invented whole */
    put(t, " ALL");
    return at;
  }
  const node *n = &s->nodes[at++];
  put(t, " ");
  put_key(t, n);
  if (n->key == KEY_NOT) return put_node(t, s, at);
  if (n->key != KEY_OR && n->key != KEY_AND) return at;
  if (n->key == KEY_AND) { /* "(" and no blank behind it */
    size_t mark = t->n;
    at = put_node(t, s, at);
    memmove(t->p + mark, t->p + mark + 1, t->n - mark);
    t->n--;
  } else {
    at = put_node(t, s, at);
  }
  at = put_node(t, s, at);
  if (n->key == KEY_AND) put(t, ")");
  return at;
}

static void put_search(writer *t, const step *s) {
  static const char *const names[] = {"MIN", "MAX", "COUNT", "ALL", "SAVE"};
  put(t, "%sSEARCH", s->uid ? "UID " : "");
  if (s->result) {
    const char *between = "";
    put(t, " RETURN (");
    for (unsigned i = 0; i < 5; i++) {
      if (!(s->result & (1u << i))) continue;
      put(t, "%s%s", between, names[i]);
      between = " ";
    }
    const char *sign = s->silent ? "-" : "";
    if (s->result & RETURN_PARTIAL)
      put(t, "%sPARTIAL %s%u:%s%u", between, sign, (unsigned)s->to, sign, (unsigned)s->cut);
    put(t, ")");
  }
  for (size_t at = 0; at < s->node_count;)
    at = put_node(t, s, at);
}

static void put_status(writer *t, const step *s) {
  static const char *const names[] = {"MESSAGES",      "UIDNEXT", "UIDVALIDITY", "UNSEEN",
                                      "HIGHESTMODSEQ", "SIZE",    "RECENT"};
  const char *between = "";
  put(t, "STATUS %s (", box_names[s->box]);
  for (unsigned i = 0; i < 7; i++) {
    if (!(s->items & (1u << i))) continue;
    put(t, "%s%s", between, names[i]);
    between = " ";
  }
  put(t, ")");
}

/* What it knows, with or without known UIDs and sequence match data. */
static void put_resync(writer *t, const client *c, const step *s) {
  const cache *kept = &c->caches[s->box];
  size_t at = kept->count > 0 ? s->cut % kept->count : 0;
  put(t, " (QRESYNC (%u %llu", (unsigned)kept->uidvalidity, (unsigned long long)kept->modseq);
  if (kept->count > 0 && s->uid) put(t, " 1:%u", (unsigned)kept->list[kept->count - 1].uid);
  if (kept->count > 0 && s->silent) put(t, " (%u %u)", (unsigned)at + 1, (unsigned)kept->list[at].uid);
  put(t, "))");
}

static void put_select(writer *t, const client *c, const step *s) {
  put(t, "%s %s", s->kind == DO_EXAMINE ? "EXAMINE" : "SELECT", box_names[s->box]);
  if (s->way == WAY_CONDSTORE) put(t, " (CONDSTORE)");
  if (s->way == WAY_QRESYNC && c->qresync && c->caches[s->box].resyncs) put_resync(t, c, s);
}

static void put_append(writer *t, const step *s) {
  put(t, "APPEND %s", box_names[s->box]);
  for (uint32_t i = 0; i < s->count; i++)
    put_message(t, s, s->id + i);
}

static void put_moving(writer *t, const step *s) {
  put(t, "%s%s ", s->uid ? "UID " : "", s->kind == DO_MOVE ? "MOVE" : "COPY");
  put_set(t, &s->set);
  put(t, " %s", box_names[s->to]);
}

static void put_expunge(writer *t, const step *s) {
  put(t, "%sEXPUNGE", s->uid ? "UID " : "");
  if (!s->uid) return;
  put(t, " ");
  put_set(t, &s->set);
}

static void put_replace(writer *t, const step *s) {
  put(t, "%sREPLACE ", s->uid ? "UID " : "");
  put_set(t, &s->set);
  put(t, " %s", box_names[s->box]);
  put_message(t, s, s->id);
}

size_t text_of(const client *c, const step *s, char *out, size_t capacity) {
  static const char *const words[KINDS] = {[DO_NOOP] = "NOOP",
                                           [DO_CHECK] = "CHECK",
                                           [DO_CLOSE] = "CLOSE",
                                           [DO_UNSELECT] = "UNSELECT",
                                           [DO_IDLE] = "IDLE",
                                           [DO_LIST] = "LIST \"\" *",
                                           [DO_LSUB] = "LSUB \"\" *",
                                           [DO_CREATE] = "CREATE",
                                           [DO_DELETE] = "DELETE",
                                           [DO_SUBSCRIBE] = "SUBSCRIBE",
                                           [DO_UNSUBSCRIBE] = "UNSUBSCRIBE"};
  writer t = {out, 0, capacity};
  if (words[s->kind]) put(&t, "%s", words[s->kind]);
  switch (s->kind) {
  case DO_CREATE:
  case DO_DELETE:
  case DO_SUBSCRIBE:
  case DO_UNSUBSCRIBE:
    put(&t, " %s", box_names[s->box]);
    break;
  case DO_RENAME:
    put(&t, "RENAME %s %s", box_names[s->box], box_names[s->to]);
    break;
  case DO_ENABLE:
    put(&t, "ENABLE %s", s->way == WAY_REV2 ? "IMAP4rev2" : s->way == WAY_QRESYNC ? "QRESYNC" : "CONDSTORE");
    break;
  case DO_SELECT:
  case DO_EXAMINE:
    put_select(&t, c, s);
    break;
  case DO_APPEND:
    put_append(&t, s);
    break;
  case DO_REPLACE:
    put_replace(&t, s);
    break;
  case DO_FETCH:
    put_fetch(&t, c, s);
    break;
  case DO_STORE:
    put_store(&t, s);
    break;
  case DO_SEARCH:
    put_search(&t, s);
    break;
  case DO_COPY:
  case DO_MOVE:
    put_moving(&t, s);
    break;
  case DO_EXPUNGE:
    put_expunge(&t, s);
    break;
  case DO_STATUS:
    put_status(&t, s);
    break;
  default:
    break;
  }
  return t.n;
}
