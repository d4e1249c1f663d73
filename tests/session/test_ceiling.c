/* SPDX-License-Identifier: MIT */
/*
 * imap4_limits.session_octets at every value from too little to plenty: the same conversation each time.  The
 * client hears NO [LIMIT] or BYE, never silence, stays in step, and knows what its mailbox holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

typedef struct setting {
  imap4_limits before, after;
  uint32_t manner;
} setting;

static void setting_init(setting *t) {
  assert_int_equal(imap4_limits_init(&t->before, sizeof t->before, 0), IMAP4_OK);
  assert_int_equal(imap4_limits_init(&t->after, sizeof t->after, 1), IMAP4_OK);
  t->manner = IMAP4_MEMORY_NOW;
}

static void open_host(host *h, const setting *t) {
  imap4_memory_config memory;
  host_options options = {.before_login = &t->before, .after_login = &t->after};
  imap4_memory_config_init(&memory);
  memory.manner = t->manner;
  memory.keywords = 1000;
  host_open_with(h, &memory, &options);
}

static bool says(const char *said, const char *textz) {
  return said && strstr(said, textz) != NULL;
}

/* A connection that ends has said why. */
static void expect_last_words(const client *c) {
  if (client_closed(c)) assert_true(says(c->said, "* BYE [LIMIT] "));
}

/* Whether the login leaves a session. */
static bool logged_in(client *c, host *h) {
  client_open(c, h);
  client_line(c, "a1 LOGIN somebody secret");
  expect_last_words(c);
  return !client_closed(c);
}

static void end(client *c, host *h) {
  client_close(c);
  host_close(h);
}

/* ---- EXPUNGE -------------------------------------------------------------------------------- */

enum { COUNT = 200 };

/* What a client believes of its mailbox: UIDs in the order of their numbers. */
typedef struct belief {
  uint32_t uids[COUNT];
  uint32_t count;
} belief;

/* Which messages are expunged: every other one, or all but the last ones. */
static bool is_gone(bool scattered, uint32_t uid) {
  return scattered ? uid % 2 == 0 : uid <= COUNT - 10;
}

/* Every EXPUNGE must take away one that is gone. */
static void believe(belief *b, bool scattered, const char *said) {
  for (const char *line = said; line && *line; line = strchr(line, '\n')) {
    char word[16] = "";
    unsigned number = 0;
    if (*line == '\n') line++;
    if (sscanf(line, "* %u %15s", &number, word) != 2 || strcmp(word, "EXPUNGE") != 0) continue;
    assert_in_range(number, 1, b->count);
    assert_true(is_gone(scattered, b->uids[number - 1]));
    b->count--;
    memmove(&b->uids[number - 1], &b->uids[number], (b->count - (number - 1)) * sizeof b->uids[0]);
  }
}

/* What the view is afterwards needs memory, and so do the responses; no EXPUNGE may be said twice.  Returns
 * whether all went well at this ceiling. */
static bool play_expunge(setting *t, bool scattered, uint64_t ceiling) {
  host h;
  client c;
  belief b = {.count = COUNT};
  for (uint32_t i = 0; i < COUNT; i++)
    b.uids[i] = i + 1;
  t->after.session_octets = ceiling;
  open_host(&h, t);
  host_fill(&h, "INBOX", COUNT);
  bool good = logged_in(&c, &h) && says(client_line(&c, "a2 SELECT INBOX"), "a2 OK");
  expect_last_words(&c);
  uint32_t left = COUNT;
  for (uint32_t uid = 1; uid <= COUNT; uid++) {
    if (!is_gone(scattered, uid)) continue;
    host_expunge(&h, "INBOX", uid, uid);
    left--;
  }
  bool told = false;
  for (int i = 0; good && i < 3 && !client_closed(&c); i++) {
    const char *said = client_line(&c, "n NOOP");
    believe(&b, scattered, said);
    told = told || (says(said, "n OK") && !client_closed(&c));
    assert_true(says(said, "n OK") || says(said, "n NO [LIMIT]") || says(said, "* BYE [LIMIT]"));
    expect_last_words(&c);
  }
  if (told) assert_int_equal(b.count, left);
  good = good && told && !client_closed(&c);
  end(&c, &h);
  return good;
}

static void check_expunge(setting *t, bool scattered) {
  uint64_t ceiling = 1500;
  unsigned bad = 0;
  for (int well = 0; well < 20; ceiling += 19) {
    bool good = play_expunge(t, scattered, ceiling);
    well = good ? well + 1 : 0;
    bad += !good;
    assert_true(ceiling < 50000);
  }
  assert_true(bad > 20);
}

static void expunge_is_told_once(void **state) {
  (void)state;
  setting t;
  setting_init(&t);
  for (t.manner = IMAP4_MEMORY_NOW; t.manner <= IMAP4_MEMORY_LATER; t.manner += IMAP4_MEMORY_LATER) {
    check_expunge(&t, true);
    check_expunge(&t, false);
  }
  /* What was queued is sent after each step, so that a reply would fit where a response did not. */
  t.manner = IMAP4_MEMORY_NOW;
  t.after.work_budget = 1;
  check_expunge(&t, true);
  check_expunge(&t, false);
}

/* ---- SELECT --------------------------------------------------------------------------------- */

/* Fragmented, so that the view of it takes memory. */
static bool play_select(setting *t, uint64_t ceiling) {
  host h;
  client c;
  t->after.session_octets = ceiling;
  open_host(&h, t);
  host_fill(&h, "INBOX", COUNT);
  for (uint32_t uid = 2; uid <= COUNT; uid += 2)
    host_expunge(&h, "INBOX", uid, uid);
  const char *said = logged_in(&c, &h) ? client_line(&c, "a2 SELECT INBOX") : c.said;
  bool good = says(said, "a2 OK");
  assert_true(good || says(said, "a2 NO [LIMIT]") || says(said, "* BYE [LIMIT]"));
  if (!client_closed(&c))
    assert_int_equal(client_info(&c).state, good ? IMAP4_STATE_SELECTED : IMAP4_STATE_AUTHENTICATED);
  end(&c, &h);
  return good;
}

static void failed_select_leaves_nothing_selected(void **state) {
  (void)state;
  setting t;
  setting_init(&t);
  for (t.manner = IMAP4_MEMORY_NOW; t.manner <= IMAP4_MEMORY_LATER; t.manner += IMAP4_MEMORY_LATER) {
    unsigned bad = 0;
    for (uint64_t ceiling = 1200; !play_select(&t, ceiling); ceiling += 11) {
      assert_true(ceiling < 50000);
      bad++;
    }
    assert_true(bad > 20);
  }
}

/* ---- APPEND --------------------------------------------------------------------------------- */

/* The octets of a message are never taken for commands, wherever memory ends. */
static bool play_append(setting *t, uint64_t ceiling, const char *const *pieces) {
  host h;
  client c;
  t->after.session_octets = ceiling;
  open_host(&h, t);
  bool good = false;
  for (logged_in(&c, &h); *pieces && !client_closed(&c); pieces++) {
    const char *said = client_line(&c, *pieces);
    good = says(said, "a2 OK");
    assert_false(says(said, "x OK") || says(said, "x NO") || says(said, "x BAD") || says(said, "* BAD"));
    if (says(said, "a2 NO") && pieces[1]) break; /* a client sends nothing more then */
  }
  expect_last_words(&c);
  end(&c, &h);
  return good;
}

static void check_append(const char *const *pieces) {
  setting t;
  setting_init(&t);
  for (t.manner = IMAP4_MEMORY_NOW; t.manner <= IMAP4_MEMORY_LATER; t.manner += IMAP4_MEMORY_LATER) {
    uint64_t ceiling = 1200;
    unsigned bad = 0;
    for (int well = 0; well < 5; ceiling += 61) {
      bool good = play_append(&t, ceiling, pieces);
      well = good ? well + 1 : 0;
      bad += !good;
      assert_true(ceiling < 200000);
    }
    assert_true(bad > 20);
  }
}

/* Flags that take more memory than the message: behind the first message, it ends at other places. */
static char *append_line(const char *beginz) {
  enum { KEYWORDS = 30 };
  char *line = malloc(KEYWORDS * 120 + 200);
  assert_non_null(line);
  size_t n = (size_t)sprintf(line, "%s (\\Seen", beginz);
  for (int i = 0; i < KEYWORDS; i++)
    n += (size_t)sprintf(line + n, " keyword-%0100d", i);
  sprintf(line + n, ") {15+}\r\nx CREATE evil\r\n");
  return line;
}

static void message_is_never_a_command(void **state) {
  (void)state;
  char *line = append_line("a2 APPEND INBOX");
  check_append((const char *const[]){line, NULL});
  free(line);
}

static void second_message_is_never_a_command(void **state) {
  (void)state;
  char *line = append_line("a2 APPEND INBOX {3+}\r\nabc");
  check_append((const char *const[]){line, NULL});
  free(line);
}

/* The first one was asked for, the second comes by itself. */
static void second_message_after_a_synchronising_one(void **state) {
  (void)state;
  char *line = append_line("abc");
  check_append((const char *const[]){"a2 APPEND INBOX {3}", line, NULL});
  free(line);
}

/* What was read of one message's flags is given back before the next one's. */
static void messages_of_one_command_do_not_add_up(void **state) {
  (void)state;
  enum { MESSAGES = 200 };
  setting t;
  host h;
  client c;
  uint64_t early = 0;
  setting_init(&t);
  char *line = append_line("abc");
  strcpy(strrchr(line, '{'), "{3+}");
  open_host(&h, &t);
  assert_true(logged_in(&c, &h));
  client_line(&c, "a2 APPEND INBOX {3+}");
  for (int i = 0; i < MESSAGES; i++) {
    assert_string_equal(client_line(&c, line), "");
    if (i == 5) early = client_info(&c).memory_peak;
  }
  assert_true(says(client_line(&c, "abc"), "a2 OK [APPENDUID 1 1:201] "));
  assert_true(client_info(&c).memory_peak <= early + 1024);
  free(line);
  end(&c, &h);
}

/* ---- what is done is done ------------------------------------------------------------------- */

/* A mailbox that was made is not denied, however little memory is left for what else there is to say. */
static bool play_news(setting *t, uint64_t ceiling) {
  host h;
  client c;
  t->after.session_octets = ceiling;
  open_host(&h, t);
  host_fill(&h, "INBOX", COUNT);
  bool good = logged_in(&c, &h) && says(client_line(&c, "a2 SELECT INBOX"), "a2 OK");
  for (uint32_t uid = 2; uid <= COUNT; uid += 2)
    host_expunge(&h, "INBOX", uid, uid);
  const char *said = good ? client_line(&c, "a3 CREATE new") : "";
  bool done = says(said, "a3 OK");
  bool denied = says(said, "a3 NO") || says(said, "a3 BAD");
  client_close(&c);
  imap4_uid_range all = {1, UINT32_MAX};
  int status = imap4_memory_expunge(h.memory, span(""), span("new"), (imap4_uid_ranges){&all, 1});
  if (done || denied) assert_int_equal(status, done ? IMAP4_OK : IMAP4_ST_NONEXISTENT);
  host_close(&h);
  return done;
}

static void success_is_not_denied(void **state) {
  (void)state;
  setting t;
  setting_init(&t);
  for (t.after.work_budget = 1; t.after.work_budget <= 256; t.after.work_budget += 255) {
    uint64_t ceiling = 1500;
    for (int well = 0; well < 20; ceiling += 11) {
      well = play_news(&t, ceiling) ? well + 1 : 0;
      assert_true(ceiling < 200000);
    }
  }
}

static const imap4_store *counted;
static int changes; /* of mailboxes, that have succeeded */

static int count_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  changes++;
  return counted->copy(user, op, args, out);
}

static int count_move(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out) {
  changes++;
  return counted->move(user, op, args, out);
}

static int count_commit(void *user, imap4_op op, const imap4_upload_args *args,
                        imap4_append_commit_result *out) {
  changes++;
  return counted->append_commit(user, op, args, out);
}

static void count_changes(imap4_store *table) {
  if (table->copy) table->copy = count_copy;
  if (table->move) table->move = count_move;
  table->append_commit = count_commit;
}

/* Copies whose UIDs come later than the call, when there is no memory to keep them, are not denied either:
 * the client would make them again. */
static bool play_copy(const char *linez, uint32_t without, uint64_t ceiling) {
  setting t;
  host h;
  client c;
  imap4_memory_config memory;
  setting_init(&t);
  t.after.session_octets = ceiling;
  host_options options = {.after_login = &t.after, .bend = count_changes};
  imap4_memory_config_init(&memory);
  memory.manner = IMAP4_MEMORY_LATER;
  memory.without = without;
  host_open_with(&h, &memory, &options);
  counted = imap4_memory_table(h.memory);
  host_fill(&h, "INBOX", COUNT);
  assert_int_equal(imap4_memory_add_mailbox(h.memory, span(""), span("box"), 0), IMAP4_OK);
  bool good = logged_in(&c, &h) && says(client_line(&c, "a2 SELECT INBOX"), "a2 OK");
  changes = 0;
  const char *said = good ? client_line(&c, linez) : "";
  bool done = says(said, "a3 OK");
  assert_false(changes > 0 && (says(said, "a3 NO") || says(said, "a3 BAD")));
  end(&c, &h);
  return done;
}

static void copies_are_not_denied(void **state) {
  (void)state;
  static const char *const verbsz[] = {"COPY", "MOVE"};
  for (unsigned i = 0; i < 4; i++) {
    char line[1000];
    uint32_t without = i / 2 ? IMAP4_MEMORY_WITHOUT_COPY | IMAP4_MEMORY_WITHOUT_MOVE : 0;
    size_t n = (size_t)sprintf(line, "a3 %s 1", verbsz[i % 2]);
    for (int number = 3; number < COUNT; number += 2)
      n += (size_t)sprintf(line + n, ",%d", number);
    strcpy(line + n, " box");
    uint64_t ceiling = 1500;
    for (int well = 0; well < 20; ceiling += 11) {
      well = play_copy(line, without, ceiling) ? well + 1 : 0;
      assert_true(ceiling < 200000);
    }
  }
}

/* ---- the edge ------------------------------------------------------------------------------- */

/* A command that needs so much: a long literal before login. */
static const char *play_id(client *c, host *h, setting *t, uint64_t ceiling) {
  enum { VALUE = 900 };
  char line[VALUE + 100];
  t->before.session_octets = ceiling;
  open_host(h, t);
  client_open(c, h);
  int n = sprintf(line, "a1 ID (\"name\" \"");
  memset(line + n, 'v', VALUE);
  strcpy(line + n + VALUE, "\")");
  return client_line(c, line);
}

static void one_octet_less(void **state) {
  (void)state;
  setting t;
  host h;
  client c;
  setting_init(&t);
  assert_true(says(play_id(&c, &h, &t, 65536), "a1 OK"));
  uint64_t peak = client_info(&c).memory_peak;
  end(&c, &h);
  for (uint64_t ceiling = peak; ceiling <= peak + 1; ceiling++) {
    assert_true(says(play_id(&c, &h, &t, ceiling), "a1 OK"));
    assert_false(client_closed(&c));
    assert_true(client_info(&c).memory_peak <= ceiling);
    end(&c, &h);
  }
  /* Doubling a buffer is given up for what is just needed: all the way down there is an answer. */
  unsigned refused = 0;
  for (uint64_t ceiling = peak - 1; ceiling >= 1200; ceiling--) {
    const char *said = play_id(&c, &h, &t, ceiling);
    assert_true(says(said, "a1 OK") || says(said, "a1 NO [LIMIT]") || says(said, "* BYE [LIMIT]"));
    refused += !says(said, "a1 OK");
    end(&c, &h);
  }
  assert_true(refused > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expunge_is_told_once),
      cmocka_unit_test(failed_select_leaves_nothing_selected),
      cmocka_unit_test(message_is_never_a_command),
      cmocka_unit_test(second_message_is_never_a_command),
      cmocka_unit_test(second_message_after_a_synchronising_one),
      cmocka_unit_test(messages_of_one_command_do_not_add_up),
      cmocka_unit_test(success_is_not_denied),
      cmocka_unit_test(copies_are_not_denied),
      cmocka_unit_test(one_octet_less),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
