/* SPDX-License-Identifier: MIT */
/*
 * What a client must believe: sequence numbers, UIDs and flags, from responses alone, and the rules that
 * responses keep (RFC 3501 sections 5.2, 5.5, 7.3.1 and 7.4.1).
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static bool take(const char **p, const char *wordz) {
  size_t n = strlen(wordz);
  if (strncmp(*p, wordz, n) != 0) return false;
  *p += n;
  return true;
}

static uint32_t take_number(client *c, const char **p) {
  char *end;
  unsigned long number = strtoul(*p, &end, 10);
  EXPECT(c->world, end != *p && number <= UINT32_MAX, "a number is missing: %s", *p);
  *p = end;
  return (uint32_t)number;
}

static uint32_t take_flags(client *c, const char **p) {
  static const struct {
    const char *name;
    uint32_t flag;
  } names[] = {{"\\Answered", IMAP4_FLAG_ANSWERED},
               {"\\Flagged", IMAP4_FLAG_FLAGGED},
               {"\\Deleted", IMAP4_FLAG_DELETED},
               {"\\Seen", IMAP4_FLAG_SEEN},
               {"\\Draft", IMAP4_FLAG_DRAFT},
               {"\\Recent", RECENT},
               {"$A", KEYWORD_A},
               {"$B", KEYWORD_B}};
  uint32_t flags = 0;
  EXPECT(c->world, take(p, "("), "no list of flags: %s", *p);
  while (!take(p, ")")) {
    size_t i = 0;
    (void)take(p, " ");
    while (i < sizeof names / sizeof names[0] && !take(p, names[i].name))
      i++;
    EXPECT(c->world, i < sizeof names / sizeof names[0], "an unknown flag: %s", *p);
    flags |= names[i].flag;
  }
  return flags;
}

/* ---- responses ------------------------------------------------------------------------------ */

static uint64_t take_modseq(client *c, const char **p) {
  char *end;
  unsigned long long number = strtoull(*p, &end, 10);
  EXPECT(c->world, end != *p && number > 0 && number <= INT64_MAX, "no mod-sequence: %s", *p);
  *p = end;
  return number;
}

static void on_highest(client *c, const char *p) {
  EXPECT(c->world, c->qresync, "HIGHESTMODSEQ to somebody who did not ask");
  c->modseq = take_modseq(c, &p);
  c->told_modseq = true;
}

/* All that was known and is gone was told: what is left are new messages. */
static void end_resync(client *c) {
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

static void on_expunge(client *c, uint32_t n) {
  EXPECT(c->world, n >= 1 && n <= c->count, "EXPUNGE %u of %u", (unsigned)n, (unsigned)c->count);
  EXPECT(c->world, !c->keeps_numbers, "EXPUNGE during FETCH, STORE or SEARCH");
  EXPECT(c->world, c->busy, "EXPUNGE while no command is in progress");
  EXPECT(c->world, !c->qresync, "EXPUNGE to somebody who has enabled QRESYNC");
  memmove(&c->list[n - 1], &c->list[n], (c->count - n) * sizeof c->list[0]);
  c->count--;
  c->answer.expunges++;
}

static void remove_known(client *c, size_t i) {
  memmove(&c->list[i], &c->list[i + 1], (c->count - i - 1) * sizeof c->list[0]);
  c->count--;
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

static void on_vanished(client *c, const char *p) {
  bool earlier = take(&p, "(EARLIER) ");
  EXPECT(c->world, c->qresync, "VANISHED to somebody who did not ask");
  EXPECT(c->world, earlier == c->resyncs, "the wrong kind of VANISHED");
  EXPECT(c->world, earlier || !c->keeps_numbers, "VANISHED where numbers must stay");
  EXPECT(c->world, c->busy, "VANISHED while no command is in progress");
  do {
    uint32_t first = take_number(c, &p);
    uint32_t last = take(&p, ":") ? take_number(c, &p) : first;
    for (uint32_t uid = first; uid <= last; uid++) {
      size_t i = place_of(c, uid);
      EXPECT(c->world, earlier || i < c->count, "VANISHED %u was never told of", (unsigned)uid);
      EXPECT(c->world, !earlier || !box_find(&c->world->boxes[c->box], uid), "UID %u is there",
             (unsigned)uid);
      if (i < c->count && (!earlier || c->list[i].uid == uid)) remove_known(c, i);
    }
  } while (take(&p, ","));
  EXPECT(c->world, *p == 0, "more than expected: %s", p);
  if (!earlier) c->answer.expunges++;
}

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
  EXPECT(c->world, !k->has_recent || ((k->flags ^ flags) & RECENT) == 0, "\\Recent of message %u changes",
         (unsigned)n);
  k->flags = flags;
  k->has_flags = k->has_recent = true;
}

/* The size names the message: it must be that of the UID in the store. */
static void check_size(client *c, uint32_t n, uint32_t uid, uint32_t size) {
  const message *m = box_find(&c->world->boxes[c->box], uid);
  if (m) EXPECT(c->world, m->size == size, "message %u, UID %u, is another one", (unsigned)n, (unsigned)uid);
}

static void on_fetch(client *c, uint32_t n, const char *p) {
  uint32_t uid = 0;
  uint32_t size = 0;
  uint64_t modseq = 0;
  bool flags = false;
  end_resync(c);
  EXPECT(c->world, n >= 1 && n <= c->count, "FETCH %u of %u", (unsigned)n, (unsigned)c->count);
  do {
    if (take(&p, "UID ")) {
      uid = take_number(c, &p);
    } else if (take(&p, "FLAGS ")) {
      learn_flags(c, n, take_flags(c, &p));
      flags = true;
    } else if (c->qresync && take(&p, "MODSEQ (")) {
      modseq = take_modseq(c, &p);
      EXPECT(c->world, take(&p, ")"), "no end: %s", p);
    } else {
      EXPECT(c->world, take(&p, "RFC822.SIZE "), "an unexpected item: %s", p);
      size = take_number(c, &p);
    }
  } while (take(&p, " "));
  EXPECT(c->world, take(&p, ")") && *p == 0, "more than expected: %s", p);
  if (uid) learn_uid(c, n, uid);
  if (size && c->list[n - 1].uid) check_size(c, n, c->list[n - 1].uid, size);
  EXPECT(c->world, !c->qresync || modseq > 0, "no MODSEQ");
  if (modseq > c->seen_modseq) c->seen_modseq = modseq;
  c->list[n - 1].touched = true;
  c->list[n - 1].shown = c->list[n - 1].shown || flags;
}

static void on_search(client *c, const char *p) {
  EXPECT(c->world, !c->answer.searched, "two SEARCH responses");
  c->answer.searched = true;
  while (take(&p, " ")) {
    EXPECT(c->world, c->answer.found_count < MESSAGES, "too many results");
    c->answer.found[c->answer.found_count++] = take_number(c, &p);
  }
  EXPECT(c->world, *p == 0, "more than expected: %s", p);
}

static void on_untagged(client *c, const char *p) {
  if (*p >= '0' && *p <= '9') {
    uint32_t n = take_number(c, &p);
    if (strcmp(p, " EXISTS") == 0)
      on_exists(c, n);
    else if (strcmp(p, " EXPUNGE") == 0)
      on_expunge(c, n);
    else if (strcmp(p, " RECENT") == 0)
      EXPECT(c->world, n <= (c->resyncs ? c->exists : c->count), "more RECENT than EXISTS");
    else if (take(&p, " FETCH ("))
      on_fetch(c, n, p);
    else
      trouble(c->world, "an unexpected response: %s", p);
    return;
  }
  if (take(&p, "SEARCH")) on_search(c, p);
  if (take(&p, "VANISHED ")) on_vanished(c, p);
  if (take(&p, "OK [HIGHESTMODSEQ ")) on_highest(c, p);
  EXPECT(c->world, strncmp(p, "BYE", 3) != 0, "BYE");
}

static void on_tagged(client *c, const char *p) {
  char tag[16];
  size_t n = 0;
  tag[n++] = 't';
  for (unsigned t = c->tag, d = 1000000; d > 0; d /= 10) {
    if (t >= d || d == 1) tag[n++] = (char)('0' + t / d % 10);
  }
  tag[n] = 0;
  EXPECT(c->world, c->busy && take(&p, tag) && take(&p, " "), "an answer to nothing: %s", p);
  n = strcspn(p, " ");
  EXPECT(c->world, n < sizeof c->answer.word, "no answer: %s", p);
  memcpy(c->answer.word, p, n);
  p += n;
  if (take(&p, " [")) {
    n = strcspn(p, "]");
    if (n >= sizeof c->answer.code) n = sizeof c->answer.code - 1;
    memcpy(c->answer.code, p, n);
  }
  EXPECT(c->world, strcmp(c->answer.word, "BAD") != 0, "the test sent something wrong");
  end_resync(c);
  if (strncmp(c->answer.code, "HIGHESTMODSEQ ", 14) == 0) on_highest(c, c->answer.code + 14);
  if (!c->told_modseq && c->seen_modseq > c->modseq) c->modseq = c->seen_modseq;
  c->told_modseq = false;
  c->seen_modseq = 0;
  c->busy = c->idle = c->keeps_numbers = false;
}

void client_read(client *c) {
  size_t at = 0;
  for (;;) {
    char *line = c->out + at;
    char *end = memchr(line, '\n', c->out_n - at);
    if (!end) break;
    EXPECT(c->world, end > line && end[-1] == '\r', "a line without CR");
    end[-1] = 0;
    at = (size_t)(end - c->out) + 1;
    if (line[0] == '*')
      on_untagged(c, line + 2);
    else if (line[0] == 't')
      on_tagged(c, line);
    else
      EXPECT(c->world, line[0] == '+', "what is this: %s", line);
  }
  EXPECT(c->world, at == c->out_n, "half a line");
  c->out_n = 0;
}

/* ---- belief and truth ----------------------------------------------------------------------- */

bool client_knows_all(const client *c) {
  for (size_t i = 0; i < c->count; i++) {
    if (c->list[i].uid == 0) return false;
  }
  return true;
}

static void check_message(client *c, size_t i, const message *m) {
  known *k = &c->list[i];
  EXPECT(c->world, k->uid == 0 || k->uid == m->uid, "message %u should be UID %u, not %u", (unsigned)i + 1,
         (unsigned)m->uid, (unsigned)k->uid);
  if (k->has_flags)
    EXPECT(c->world, (k->flags & ~RECENT) == m->flags,
           "message %u, UID %u: flags 0x%x, the client knows 0x%x", (unsigned)i + 1, (unsigned)m->uid,
           (unsigned)m->flags, (unsigned)(k->flags & ~RECENT));
}

void client_check(client *c, bool gone) {
  const box *b = &c->world->boxes[c->box];
  size_t at = 0;
  if (!gone) {
    EXPECT(c->world, c->count == b->count, "session %d knows %u messages of %u", c->number,
           (unsigned)c->count, (unsigned)b->count);
    for (size_t i = 0; i < c->count; i++)
      check_message(c, i, &b->messages[i]);
    return;
  }
  /* What is gone is still counted: every message of the store is in the client's list, in order.  Where UIDs
   * are not known it can't be said which message is meant. */
  EXPECT(c->world, c->count >= b->count, "session %d has not heard of all messages", c->number);
  if (!client_knows_all(c)) return;
  for (size_t i = 0; i < c->count && at < b->count; i++) {
    if (c->list[i].uid == b->messages[at].uid) check_message(c, i, &b->messages[at++]);
  }
  EXPECT(c->world, at == b->count, "session %d does not know UID %u", c->number,
         (unsigned)b->messages[at < b->count ? at : 0].uid);
}
