/* SPDX-License-Identifier: MIT */
/*
 * Other sessions change the mailbox while a command announces what is new in it: between any two answers of
 * the store.  No EXPUNGE may name a message that the client was not told of, and in the end the client knows
 * what is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

enum { MOST = 64, BEGIN = 3 };

/* What happens in between: UIDs that go, and how many messages come before and after that. */
typedef struct event {
  uint32_t arrive_first;
  uint32_t first, last;
  uint32_t arrive_then;
} event;

static const event events[] = {
    {0, 4, 6, 0}, {0, 4, 4, 0}, {0, 5, 6, 2}, {0, 6, 6, 1}, {2, 7, 8, 0},
    {2, 5, 7, 1}, {0, 2, 6, 0}, {0, 2, 2, 0}, {1, 2, 7, 3},
};

/* The mailbox as it is, and what the client believes of it. */
typedef struct box {
  host *h;
  uint32_t uids[MOST];
  uint32_t count, next;
  uint32_t believed;
} box;

static void arrive(box *b, uint32_t count) {
  host_fill(b->h, "INBOX", (int)count);
  for (uint32_t i = 0; i < count; i++)
    b->uids[b->count++] = b->next++;
}

static void leave(box *b, uint32_t first, uint32_t last) {
  uint32_t kept = 0;
  host_expunge(b->h, "INBOX", first, last);
  for (uint32_t i = 0; i < b->count; i++) {
    if (b->uids[i] < first || b->uids[i] > last) b->uids[kept++] = b->uids[i];
  }
  b->count = kept;
}

static void happen(box *b, const event *e) {
  arrive(b, e->arrive_first);
  leave(b, e->first, e->last);
  arrive(b, e->arrive_then);
}

static void believe(box *b, const char *said) {
  for (const char *line = said; *line; line = strchr(line, '\n') + 1) {
    char word[16] = "";
    unsigned number = 0;
    if (sscanf(line, "* %u %15s", &number, word) != 2) continue;
    if (strcmp(word, "EXPUNGE") == 0) {
      assert_in_range(number, 1, b->believed);
      b->believed--;
    } else if (strcmp(word, "EXISTS") == 0) {
      assert_true(number >= b->believed);
      b->believed = number;
    } else {
      assert_true(number <= b->believed || strcmp(word, "RECENT") == 0);
    }
  }
}

/* Send a line; before the |when|-th answer of the store, |e| happens.  Returns whether it did. */
static bool play_line(client *c, box *b, const char *linez, uint32_t when, const event *e) {
  uint32_t answers = 0;
  bool happened = false;
  size_t used;
  client_forget(c);
  assert_int_equal(imap4_session_input(c->session, linez, strlen(linez), &used), IMAP4_OK);
  assert_int_equal(used, strlen(linez));
  for (;;) {
    while (imap4_session_want(c->session) & IMAP4_WANT_RUN)
      assert_int_equal(imap4_session_run(c->session), IMAP4_OK);
    if (!(imap4_session_want(c->session) & IMAP4_WANT_STORE)) break;
    if (++answers == when) {
      happen(b, e);
      happened = true;
    }
    assert_int_equal(imap4_memory_complete_next(c->host->memory), 1);
  }
  client_settle(c);
  believe(b, c->said);
  return happened;
}

/* The client's numbers are those of the store. */
static void check_view(client *c, const box *b) {
  char line[64];
  const char *said = client_line(c, "z FETCH 1:* UID");
  for (uint32_t i = 0; i < b->count; i++) {
    snprintf(line, sizeof line, "* %u FETCH (UID %u)\r\n", (unsigned)i + 1, (unsigned)b->uids[i]);
    assert_true(strncmp(said, line, strlen(line)) == 0);
    said += strlen(line);
  }
  assert_true(strncmp(said, b->count > 0 ? "z OK" : "z BAD", 4) == 0);
}

/* A client that has selected |b|. */
static void begin(uint32_t without, host *h, client *c, box *b) {
  imap4_memory_config memory;
  *b = (box){.h = h, .next = 1, .believed = BEGIN};
  imap4_memory_config_init(&memory);
  memory.manner = IMAP4_MEMORY_LATER;
  memory.without = without;
  host_open(h, &memory, NULL);
  arrive(b, BEGIN);
  client_open(c, h);
  client_line(c, "a1 LOGIN somebody secret");
  client_line(c, "a2 SELECT INBOX");
}

static bool play(uint32_t without, const char *linez, uint32_t when, const event *e) {
  host h;
  client c;
  box b;
  begin(without, &h, &c, &b);
  arrive(&b, 3);
  leave(&b, 1, 1);
  bool happened = play_line(&c, &b, linez, when, e);
  if (strstr(linez, "IDLE")) play_line(&c, &b, "DONE\r\n", 0, NULL);
  play_line(&c, &b, "n1 NOOP\r\n", 0, NULL);
  assert_int_equal(b.believed, b.count);
  arrive(&b, 2);
  play_line(&c, &b, "n2 NOOP\r\n", 0, NULL);
  assert_int_equal(b.believed, b.count);
  check_view(&c, &b);
  client_close(&c);
  host_close(&h);
  return happened;
}

static void check_races(uint32_t without) {
  static const char *const lines[] = {"b NOOP\r\n", "b IDLE\r\n", "b STATUS INBOX (MESSAGES)\r\n",
                                      "b FETCH 1:* FLAGS\r\n", "b UID STORE 1:* +FLAGS (\\Seen)\r\n"};
  for (size_t l = 0; l < sizeof lines / sizeof lines[0]; l++) {
    for (size_t e = 0; e < sizeof events / sizeof events[0]; e++) {
      uint32_t when = 1;
      while (play(without, lines[l], when, &events[e]))
        when++;
      assert_true(when > 3);
    }
  }
}

static void with_vanished(void **state) {
  (void)state;
  check_races(IMAP4_MEMORY_WITHOUT_WATCH);
}

static void without_vanished(void **state) {
  (void)state;
  check_races(IMAP4_MEMORY_WITHOUT_WATCH | IMAP4_MEMORY_WITHOUT_VANISHED);
}

static void without_uids(void **state) {
  (void)state;
  check_races(IMAP4_MEMORY_WITHOUT_WATCH | IMAP4_MEMORY_WITHOUT_VANISHED | IMAP4_MEMORY_WITHOUT_UIDS);
}

/* All messages go while they are read.  A section that was begun becomes NIL, and then the command must not
 * be OK, however many others were not there at all. */
static void half_answers(void **state) {
  (void)state;
  static const event all_go = {0, 1, BEGIN, 0};
  bool happened = true;
  uint32_t halves = 0;
  for (uint32_t when = 1; happened; when++) {
    host h;
    client c;
    box b;
    begin(0, &h, &c, &b);
    happened = play_line(&c, &b, "b UID FETCH 1:* (BODY.PEEK[TEXT] BINARY.PEEK[1])\r\n", when, &all_go);
    if (strstr(c.said, "NIL")) {
      halves++;
      assert_non_null(strstr(c.said, "b NO [EXPUNGEISSUED]"));
    }
    client_close(&c);
    host_close(&h);
  }
  assert_true(halves > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(with_vanished),
      cmocka_unit_test(without_vanished),
      cmocka_unit_test(without_uids),
      cmocka_unit_test(half_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
