/* SPDX-License-Identifier: MIT */
/* What a SEARCH must find. */
#include "model.h"

bool search_has(const step *s, search_key key) {
  bool has = false;
  for (size_t i = 0; i < s->node_count; i++)
    has = has || s->nodes[i].key == key;
  return has;
}

/* RFC 7162 section 3.2.10.2: VANISHED must not come where sequence numbers are used. */
bool search_keeps_numbers(const step *s) {
  bool used = false;
  for (size_t i = 0; i < s->node_count; i++)
    used = used || (s->nodes[i].key == KEY_SET && !s->nodes[i].set.saved);
  return used;
}

bool search_known(const client *c, const step *s) {
  if (!client_knows_all(c)) return false;
  bool recent = search_has(s, KEY_RECENT) || search_has(s, KEY_OLD) || search_has(s, KEY_NEW);
  for (size_t i = 0; i < c->count && recent && !c->rev2; i++) {
    if (!c->list[i].has_recent) return false;
  }
  for (size_t i = 0; i < s->node_count; i++) {
    const node *n = &s->nodes[i];
    if ((n->key == KEY_SET || n->key == KEY_UID) && n->set.saved && !c->saved_known) return false;
  }
  return true;
}

/* One message under evaluation. */
typedef struct subject {
  const client *c;
  const step *s;
  const message *m;
  bool recent;
} subject;

static bool in_set(const subject *x, const node *n) {
  target t;
  resolve(x->c, &n->set, n->key == KEY_UID, &t);
  return has_number(&t.uids, x->m->uid);
}

static bool leaf(const subject *x, const node *n) {
  const message *m = x->m;
  switch (n->key) {
  case KEY_FLAG:
    return (m->flags & all_flags[n->number]) != 0;
  case KEY_UNFLAG:
    return (m->flags & all_flags[n->number]) == 0;
  case KEY_RECENT:
    return x->recent;
  case KEY_OLD:
    return !x->recent;
  case KEY_NEW:
    return x->recent && !(m->flags & IMAP4_FLAG_SEEN);
  case KEY_SET:
  case KEY_UID:
    return in_set(x, n);
  case KEY_LARGER:
    return content_size(m->id) > n->number;
  case KEY_SMALLER:
    return content_size(m->id) < n->number;
  case KEY_SINCE:
    return m->day >= (int32_t)n->number;
  case KEY_BEFORE:
    return m->day < (int32_t)n->number;
  case KEY_ON:
    return m->day == (int32_t)n->number;
  case KEY_SUBJECT:
  case KEY_BODY:
  case KEY_TEXT:
  case KEY_HEADER:
    return content_has(m->id, n->key, (uint32_t)n->number);
  case KEY_MODSEQ:
    return m->modseq >= n->number;
  default:
    return true;
  }
}

static bool meets(const subject *x, size_t *at) {
  if (*at >= x->s->node_count) return true;
  const node *n = &x->s->nodes[(*at)++];
  if (n->key == KEY_NOT) return !meets(x, at);
  if (n->key != KEY_OR && n->key != KEY_AND) return leaf(x, n);
  bool a = meets(x, at), b = meets(x, at);
  return n->key == KEY_OR ? a || b : a && b;
}

void search_expect(client *c, const step *s, effect *e) {
  const box *b = &c->world->boxes[c->box];
  e->found.n = 0;
  for (size_t i = 0; i < c->count; i++) {
    const message *m = box_find(b, c->list[i].uid);
    subject x = {c, s, m, (c->list[i].flags & RECENT) != 0};
    bool all = true;
    for (size_t at = 0; m && at < s->node_count;) {
      bool one = meets(&x, &at);
      all = all && one;
    }
    if (!m) e->target.gone++;
    if (m && all) e->found.p[e->found.n++] = m->uid;
  }
}
