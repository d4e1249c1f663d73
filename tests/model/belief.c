/* SPDX-License-Identifier: MIT */
/*
 * What a client must believe: sequence numbers, UIDs, flags and mod-sequences, from responses alone, and the
 * rules that responses keep (RFC 3501 sections 5.2, 5.5, 7.3.1 and 7.4.1, RFC 7162).
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const pending *under_way(const client *c) {
  static const pending none;
  return c->pending_n > 0 ? &c->pending[0] : &none;
}

static void copy_text(char *to, size_t capacity, const char *p, size_t n) {
  if (n >= capacity) n = capacity - 1;
  memcpy(to, p, n);
  to[n] = 0;
}

/* ---- messages come and go ------------------------------------------------------------------- */

static void on_highest(client *c, const char *p) {
  c->modseq = take_modseq(c->world, &p);
  EXPECT(c->world, c->modseq > 0, "HIGHESTMODSEQ 0");
  c->told_modseq = true;
  if (under_way(c)->enables || c->may_condstore) c->condstore = true;
}

void end_resync(client *c) {
  if (!c->resyncs) return;
  c->resyncs = false;
  EXPECT(c->world, c->count <= c->exists, "%u known messages are left of %u", (unsigned)c->count,
         (unsigned)c->exists);
  while (c->count < c->exists)
    c->list[c->count++] = (known){0};
}

static void on_exists(client *c, uint32_t n) {
  if (c->resyncs) {
    c->exists = n;
    return;
  }
  EXPECT(c->world, n >= c->count, "EXISTS %u after %u: it shrinks", (unsigned)n, (unsigned)c->count);
  EXPECT(c->world, n <= MESSAGES, "too many messages for the test");
  while (c->count < n)
    c->list[c->count++] = (known){0};
}

static void remove_known(client *c, size_t i) {
  memmove(&c->list[i], &c->list[i + 1], (c->count - i - 1) * sizeof c->list[0]);
  c->count--;
}

static void on_expunge(client *c, uint32_t n) {
  EXPECT(c->world, n >= 1 && n <= c->count, "EXPUNGE %u of %u", (unsigned)n, (unsigned)c->count);
  EXPECT(c->world, !under_way(c)->keeps_numbers, "EXPUNGE during FETCH, STORE or SEARCH");
  EXPECT(c->world, client_busy(c), "EXPUNGE while no command is in progress");
  EXPECT(c->world, !c->qresync, "EXPUNGE to somebody who has enabled QRESYNC");
  remove_known(c, n - 1);
}

/* A UID that the client does not know is one of the messages between those that it knows. */
static size_t place_of(client *c, uint32_t uid) {
  size_t place = c->count;
  for (size_t i = 0; i < c->count; i++) {
    if (c->list[i].uid == uid) return i;
    if (c->list[i].uid > uid) break;
    if (c->list[i].uid > 0) place = c->count;
    if (c->list[i].uid == 0 && place == c->count) place = i;
  }
  for (size_t i = place; i < c->count && c->list[i].uid == 0; i++)
    c->list[i] = (known){0};
  return place;
}

static void vanish(client *c, uint32_t uid, bool earlier) {
  world *w = c->world;
  size_t i = place_of(c, uid);
  if (!earlier) {
    EXPECT(w, i < c->count, "VANISHED %u was never told of", (unsigned)uid);
    remove_known(c, i);
    return;
  }
  bool there = !w->rush && c->box >= 0 && box_find(&w->boxes[c->box], uid);
  EXPECT(w, !there, "VANISHED %u is there", (unsigned)uid);
  if (c->resyncs && i < c->count && c->list[i].uid == uid) remove_known(c, i);
}

static void on_vanished(client *c, const char *p) {
  world *w = c->world;
  bool earlier = take(&p, "(EARLIER) ");
  numbers uids;
  EXPECT(w, c->qresync, "VANISHED to somebody who did not ask");
  EXPECT(w, earlier ? c->resyncs || under_way(c)->earlier : !c->resyncs, "the wrong kind of VANISHED");
  EXPECT(w, earlier || !under_way(c)->keeps_numbers, "VANISHED where numbers must stay");
  EXPECT(w, client_busy(c), "VANISHED while no command is in progress");
  take_set(w, &p, &uids);
  EXPECT(w, *p == 0, "more than expected: %s", p);
  for (size_t i = 0; i < uids.n; i++)
    vanish(c, uids.p[i], earlier);
  for (size_t i = 0; i < uids.n && earlier && c->answer.earlier.n < MESSAGES; i++)
    c->answer.earlier.p[c->answer.earlier.n++] = uids.p[i];
}

/* ---- FETCH ---------------------------------------------------------------------------------- */

typedef struct fetched {
  known k;
  uint32_t size;
  imap4_str date, subject, body, header, binary;
} fetched;

static void learn_uid(client *c, uint32_t n, uint32_t uid) {
  known *k = &c->list[n - 1];
  EXPECT(c->world, k->uid == 0 || k->uid == uid, "message %u has UID %u, not %u", (unsigned)n,
         (unsigned)k->uid, (unsigned)uid);
  k->uid = uid;
  for (size_t i = 0; i < n - 1; i++)
    EXPECT(c->world, c->list[i].uid < uid, "UID %u comes behind UID %u", (unsigned)uid,
           (unsigned)c->list[i].uid);
  for (size_t i = n; i < c->count; i++)
    EXPECT(c->world, c->list[i].uid == 0 || c->list[i].uid > uid, "UID %u comes before UID %u", (unsigned)uid,
           (unsigned)c->list[i].uid);
}

static void learn_flags(client *c, uint32_t n, uint32_t flags) {
  known *k = &c->list[n - 1];
  EXPECT(c->world, !c->rev2 || !(flags & RECENT), "\\Recent in IMAP4rev2");
  EXPECT(c->world, !k->has_recent || ((k->flags ^ flags) & RECENT) == 0, "\\Recent of message %u changes",
         (unsigned)n);
  k->flags = flags;
  k->has_flags = k->has_recent = true;
}

/* The subject is the second string of ENVELOPE. */
static void take_envelope(world *w, const char **p, fetched *f) {
  const char *inside = *p;
  skip_value(w, p);
  if (w->rush && take(&inside, "NIL")) return;
  EXPECT(w, take(&inside, "("), "no ENVELOPE");
  (void)take_string(w, &inside);
  EXPECT(w, take(&inside, " "), "no subject");
  f->subject = take_string(w, &inside);
}

static void take_item(client *c, const char **p, fetched *f) {
  world *w = c->world;
  if (take(p, "UID ")) {
    f->k.uid = take_number(w, p);
    f->k.got |= GOT_UID;
  } else if (take(p, "FLAGS ")) {
    f->k.flags = take_flags(w, p);
    f->k.got |= GOT_FLAGS;
  } else if (take(p, "MODSEQ (")) {
    f->k.modseq = take_modseq(w, p);
    f->k.got |= GOT_MODSEQ;
    EXPECT(w, f->k.modseq > 0 && take(p, ")"), "no MODSEQ: %.40s", *p);
  } else if (take(p, "RFC822.SIZE ")) {
    f->size = take_number(w, p);
    f->k.got |= GOT_SIZE;
  } else if (take(p, "INTERNALDATE ")) {
    f->date = take_string(w, p);
    f->k.got |= GOT_DATE;
  } else if (take(p, "ENVELOPE ")) {
    take_envelope(w, p, f);
    f->k.got |= GOT_ENVELOPE;
  } else if (take(p, "BODY[] ")) {
    f->body = take_string(w, p);
    f->k.got |= GOT_BODY;
  } else if (take(p, "BODY[HEADER.FIELDS (SUBJECT)] ")) {
    f->header = take_string(w, p);
    f->k.got |= GOT_HEADER;
  } else {
    EXPECT(w, take(p, "BINARY[1] "), "an unexpected item: %.40s", *p);
    f->binary = take_string(w, p);
    f->k.got |= GOT_BINARY;
  }
}

/* RFC 2180 section 4.1.3: what can't be read any more, because the message goes at this moment, may be NIL.
 */
static void leave_out_gone(client *c, fetched *f) {
  const struct {
    uint32_t item;
    const imap4_str *is;
  } items[] = {
      {GOT_ENVELOPE, &f->subject}, {GOT_BODY, &f->body}, {GOT_HEADER, &f->header}, {GOT_BINARY, &f->binary}};
  for (size_t i = 0; i < sizeof items / sizeof items[0] && c->world->rush; i++) {
    if (!(f->k.got & items[i].item) || items[i].is->n > 0) continue;
    f->k.got &= ~items[i].item;
    c->half = true;
  }
}

/* What is shown is of the message with this UID, whole. */
static void check_content(client *c, uint32_t uid, const fetched *f) {
  world *w = c->world;
  char text[8000], line[80];
  uint32_t id = c->box >= 0 && uid < UIDS ? w->ids[c->box][uid] : 0;
  const message *m = c->box >= 0 ? box_find(&w->boxes[c->box], uid) : NULL;
  if (id == 0) return; /* it has come while this command was under way */
  size_t n = content_of(id, text, sizeof text);
  if (f->k.got & GOT_SIZE) EXPECT(w, f->size == n, "UID %u has another size", (unsigned)uid);
  if (f->k.got & GOT_BODY)
    EXPECT(w, f->body.n == n && memcmp(f->body.p, text, n) == 0, "UID %u has another text", (unsigned)uid);
  const char *subject = strstr(text, "Subject: ");
  size_t length = strcspn(subject, "\r");
  if (f->k.got & GOT_ENVELOPE)
    EXPECT(w, f->subject.n == length - 9 && memcmp(f->subject.p, subject + 9, length - 9) == 0,
           "UID %u has another subject", (unsigned)uid);
  if (f->k.got & GOT_HEADER)
    EXPECT(w, f->header.n == length + 4 && memcmp(f->header.p, subject, length) == 0,
           "UID %u has another header", (unsigned)uid);
  const char *body = strstr(text, "\r\n\r\n") + 4;
  size_t rest = n - (size_t)(body - text);
  if (f->k.got & GOT_BINARY)
    EXPECT(w, f->binary.n == rest && memcmp(f->binary.p, body, rest) == 0, "UID %u has another body",
           (unsigned)uid);
  if (!(f->k.got & GOT_DATE) || !m) return;
  date_text(m->day, true, line, sizeof line);
  EXPECT(w, f->date.n == strlen(line) && memcmp(f->date.p, line, f->date.n) == 0, "UID %u has another date",
         (unsigned)uid);
}

static void on_fetch(client *c, uint32_t n, const char *p) {
  world *w = c->world;
  fetched f;
  memset(&f, 0, sizeof f);
  end_resync(c);
  EXPECT(w, n >= 1 && n <= c->count, "FETCH %u of %u", (unsigned)n, (unsigned)c->count);
  do
    take_item(c, &p, &f);
  while (take(&p, " "));
  EXPECT(w, take(&p, ")") && *p == 0, "more than expected: %s", p);
  known *k = &c->list[n - 1];
  if (f.k.got & GOT_UID) learn_uid(c, n, f.k.uid);
  if (f.k.got & GOT_FLAGS) learn_flags(c, n, f.k.flags);
  leave_out_gone(c, &f);
  if (k->uid) check_content(c, k->uid, &f);
  bool shows = c->condstore || c->may_condstore;
  for (size_t i = 0; i < c->pending_n; i++)
    shows = shows || c->pending[i].enables;
  EXPECT(w, f.k.modseq == 0 || shows, "MODSEQ to somebody who did not ask");
  EXPECT(w, f.k.modseq > 0 || !c->condstore || !(f.k.got & GOT_FLAGS), "no MODSEQ");
  EXPECT(w, f.k.modseq == 0 || f.k.modseq >= k->modseq, "the MODSEQ of message %u goes back", (unsigned)n);
  if (f.k.modseq > 0) k->modseq = f.k.modseq;
  if (f.k.modseq > 0) c->condstore = true;
  if (f.k.modseq > c->seen_modseq) c->seen_modseq = f.k.modseq;
  k->got |= f.k.got;
}

/* ---- other answers -------------------------------------------------------------------------- */

static void on_search(client *c, const char *p) {
  world *w = c->world;
  answer *a = &c->answer;
  EXPECT(w, !a->searched, "two SEARCH responses");
  a->searched = true;
  while (take(&p, " ")) {
    if (take(&p, "(MODSEQ ")) {
      a->modseq = take_modseq(w, &p);
      EXPECT(w, take(&p, ")"), "no end");
      break;
    }
    EXPECT(w, a->found.n < MESSAGES, "too many results");
    a->found.p[a->found.n++] = take_number(w, &p);
  }
  EXPECT(w, *p == 0, "more than expected: %s", p);
}

static void on_esearch(client *c, const char *p) {
  world *w = c->world;
  answer *a = &c->answer;
  EXPECT(w, !a->searched, "two SEARCH responses");
  a->searched = a->extended = true;
  EXPECT(w, take(&p, " (TAG \"") && take(&p, under_way(c)->tag) && take(&p, "\")"), "another tag: %s", p);
  a->uid = take(&p, " UID");
  while (take(&p, " ")) {
    if (take(&p, "MIN ")) {
      a->has_min = true;
      a->min = take_number(w, &p);
    } else if (take(&p, "MAX ")) {
      a->has_max = true;
      a->max = take_number(w, &p);
    } else if (take(&p, "COUNT ")) {
      a->has_count = true;
      a->number = take_number(w, &p);
    } else if (take(&p, "MODSEQ ")) {
      a->modseq = take_modseq(w, &p);
    } else if (take(&p, "PARTIAL (")) {
      a->has_partial = true;
      p += strcspn(p, " ");
      EXPECT(w, take(&p, " "), "no results: %s", p);
      if (!take(&p, "NIL")) take_set(w, &p, &a->found);
      EXPECT(w, take(&p, ")"), "no end: %s", p);
    } else {
      EXPECT(w, take(&p, "ALL "), "an unexpected result: %s", p);
      a->has_all = true;
      take_set(w, &p, &a->found);
    }
  }
  EXPECT(w, *p == 0, "more than expected: %s", p);
}

static int box_named(const char *p) {
  size_t n = strcspn(p, " "); /* OLDNAME may follow */
  if (n > 1 && p[0] == '"') p++, n -= 2;
  for (int i = 0; i < BOXES; i++) {
    if (strlen(box_names[i]) == n && memcmp(box_names[i], p, n) == 0) return i;
  }
  return -1;
}

static void on_list(client *c, const char *p) {
  world *w = c->world;
  const char *attributes = p;
  EXPECT(w, take(&p, "("), "no attributes");
  p = strchr(p, ')');
  EXPECT(w, p && take(&p, ") \".\" "), "no delimiter: %s", attributes);
  int i = box_named(p);
  EXPECT(w, i >= 0, "what is %s", p);
  EXPECT(w, !(c->answer.listed & 1u << i), "%s is listed twice", p);
  c->answer.listed |= 1u << i;
  const char *level = strstr(attributes, "\\Noselect");
  if (!level) level = strstr(attributes, "\\NonExistent");
  if (level && level < p) c->answer.levels |= 1u << i;
}

static void on_code(client *c, const char *p) {
  size_t n = strcspn(p, "]");
  if (take(&p, "HIGHESTMODSEQ ")) on_highest(c, p);
  if (take(&p, "UNSEEN ")) c->answer.unseen = take_number(c->world, &p);
  if (take(&p, "UIDNEXT ")) c->answer.uidnext = take_number(c->world, &p);
  if (take(&p, "UIDVALIDITY ")) c->answer.uidvalidity = take_number(c->world, &p);
  if (strncmp(p, "COPYUID ", 8) == 0 || strncmp(p, "APPENDUID ", 10) == 0)
    copy_text(c->answer.copyuid, sizeof c->answer.copyuid, p, n);
}

static void on_number(client *c, const char *p) {
  uint32_t n = take_number(c->world, &p);
  if (strcmp(p, " EXISTS") == 0) {
    on_exists(c, n);
  } else if (strcmp(p, " EXPUNGE") == 0) {
    on_expunge(c, n);
  } else if (strcmp(p, " RECENT") == 0) {
    EXPECT(c->world, !c->rev2, "RECENT in IMAP4rev2");
    EXPECT(c->world, n <= (c->resyncs ? c->exists : c->count), "more RECENT than EXISTS");
    c->recent = n;
  } else if (take(&p, " FETCH (")) {
    on_fetch(c, n, p);
  } else {
    trouble(c->world, "an unexpected response: %s", p);
  }
}

static void on_untagged(client *c, const char *p) {
  if (take(&p, "BYE")) {
    EXPECT(c->world, c->deleted || c->lost, "BYE%s", p);
    c->over = true;
    return;
  }
  if (take(&p, "LIST ") || take(&p, "LSUB ")) on_list(c, p);
  if (take(&p, "STATUS ")) {
    const char *list = strchr(p, '(');
    copy_text(c->answer.status, sizeof c->answer.status, list ? list : p, strlen(list ? list : p));
  }
  if (c->lost) return;
  if (*p >= '0' && *p <= '9') {
    on_number(c, p);
    return;
  }
  if (take(&p, "SEARCH")) on_search(c, p);
  if (take(&p, "ESEARCH")) on_esearch(c, p);
  if (take(&p, "VANISHED ")) on_vanished(c, p);
  if (take(&p, "OK [")) on_code(c, p);
}

/* ---- the end of a command ------------------------------------------------------------------- */

static void end_command(client *c, bool ok) {
  pending p = c->pending[0];
  memmove(&c->pending[0], &c->pending[1], --c->pending_n * sizeof p);
  end_resync(c);
  EXPECT(c->world, !c->half || !ok, "NIL for what is gone, and OK");
  c->half = false;
  if (p.enables && ok) c->condstore = true;
  if (p.enables) c->may_condstore = true;
  if (p.selects ? !ok : ok && p.closes) client_forget(c);
  for (size_t i = 0; i < c->count && p.silent; i++)
    c->list[i].has_flags = false;
  if (!c->told_modseq && c->seen_modseq > c->modseq) c->modseq = c->seen_modseq;
  c->told_modseq = false;
  c->seen_modseq = 0;
  c->idle = false;
  if (c->pending_n > 0) memset(&c->answer, 0, sizeof c->answer);
}

static void on_tagged(client *c, const char *p) {
  world *w = c->world;
  EXPECT(w, client_busy(c) && take(&p, c->pending[0].tag) && take(&p, " "), "an answer to nothing: %s", p);
  size_t n = strcspn(p, " ");
  EXPECT(w, n < sizeof c->answer.word, "no answer: %s", p);
  copy_text(c->answer.word, sizeof c->answer.word, p, n);
  p += n;
  c->answer.code[0] = 0;
  if (take(&p, " [")) copy_text(c->answer.code, sizeof c->answer.code, p, strcspn(p, "]"));
  if (strncmp(c->answer.code, "HIGHESTMODSEQ ", 14) == 0 && !c->lost) on_highest(c, c->answer.code + 14);
  end_command(c, strcmp(c->answer.word, "OK") == 0);
}

/* The first response of a connection tells what the server can do. */
static void on_greeting(client *c, const char *p) {
  static const struct {
    const char *name;
    uint32_t can;
  } names[] = {
      {" ESEARCH", CAN_ESEARCH},         {" SEARCHRES", CAN_SEARCHRES}, {" BINARY", CAN_BINARY},
      {" REPLACE", CAN_REPLACE},         {" MOVE", CAN_MOVE},           {" UIDPLUS", CAN_UIDPLUS},
      {" CONDSTORE", CAN_CONDSTORE},     {" QRESYNC", CAN_QRESYNC},     {" IDLE", CAN_IDLE},
      {" MULTIAPPEND", CAN_MULTIAPPEND}, {" UNSELECT", CAN_UNSELECT},   {" STATUS=SIZE", CAN_STATUS_SIZE},
      {" IMAP4rev2", CAN_REV2},          {" PARTIAL", CAN_PARTIAL}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *at = strstr(p, names[i].name);
    char next = at ? at[strlen(names[i].name)] : 'x';
    if (next == ' ' || next == ']') c->world->can |= names[i].can;
  }
}

void client_read(client *c) {
  size_t at = 0;
  size_t n;
  while ((n = response_length(c->out + at, c->out_n - at)) > 0) {
    char *line = c->out + at;
    EXPECT(c->world, n >= 2 && line[n - 2] == '\r', "a line without CR");
    line[n - 2] = 0;
    at += n;
    if (strncmp(line, "* PREAUTH ", 10) == 0)
      on_greeting(c, line);
    else if (line[0] == '*')
      on_untagged(c, line + 2);
    else if (line[0] == 't')
      on_tagged(c, line);
    else
      EXPECT(c->world, line[0] == '+', "what is this: %s", line);
  }
  memmove(c->out, c->out + at, c->out_n - at);
  c->out_n -= at;
}
