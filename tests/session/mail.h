/* SPDX-License-Identifier: MIT */
/*
 * A client with one mailbox for tests of messages: a message is put there, then questions about it are
 * compared with the answers that a client must get, octet for octet.
 */
#ifndef TESTS_SESSION_MAIL_H
#define TESTS_SESSION_MAIL_H

#include "client.h"

typedef struct mail {
  host h;
  client c;
  size_t count;   /* messages; questions are about the last one */
  char *line;     /* what is sent and what is wanted, grown as needed */
  size_t room;    /* octets of |line| */
  imap4_str said; /* the last answer */
} mail;

/* A question and the answer to it.  "ENVELOPE", "BODY" and other items of FETCH: the value.  "[1.MIME]" and
 * other sections: their octets; NULL: NIL.  "SEARCH ...": FOUND or MISSED. */
typedef struct answer {
  const char *questionz, *wantz;
} answer;

#define FOUND "1"
#define MISSED ""

/* |memory| and |limits| (after login): NULL for the usual ones. */
static inline void mail_open(mail *m, const imap4_memory_config *memory, const imap4_limits *limits) {
  imap4_memory_config usual;
  imap4_memory_config_init(&usual);
  *m = (mail){.room = 0};
  host_open(&m->h, memory ? memory : &usual, limits);
  client_open(&m->c, &m->h);
  assert_non_null(strstr(client_line(&m->c, "a LOGIN joe secret"), "a OK"));
  assert_non_null(strstr(client_line(&m->c, "a SELECT INBOX"), "a OK"));
}

static inline void mail_close(mail *m) {
  client_close(&m->c);
  host_close(&m->h);
  free(m->line);
}

static inline char *mail_room(mail *m, size_t n) {
  if (n > m->room) {
    m->line = realloc(m->line, n);
    assert_non_null(m->line);
    m->room = n;
  }
  return m->line;
}

/* By APPEND, which changes no octet; but no literal may hold NUL, and an empty one is no message: these come
 * from elsewhere. */
static inline void mail_add(mail *m, imap4_str text) {
  m->count++;
  if (text.n == 0 || memchr(text.p, 0, text.n)) {
    imap4_memory_message message = {.text = text};
    assert_int_equal(imap4_memory_add_message(m->h.memory, span(""), span("INBOX"), &message), IMAP4_OK);
    assert_non_null(strstr(client_line(&m->c, "a NOOP"), "a OK"));
    return;
  }
  char *line = mail_room(m, text.n + 64);
  size_t n = (size_t)snprintf(line, 64, "a APPEND INBOX {%zu+}\r\n", text.n);
  memcpy(line + n, text.p, text.n);
  memcpy(line + n + text.n, "\r\n", 2);
  assert_non_null(strstr(client_send(&m->c, line, n + text.n + 2), "a OK"));
}

static inline imap4_str mail_say(mail *m, const char *linez) {
  char line[1000];
  int n = snprintf(line, sizeof line, "%s\r\n", linez);
  assert_true(n > 0 && (size_t)n < sizeof line);
  const char *said = client_send(&m->c, line, (size_t)n);
  m->said = (imap4_str){said, m->c.length};
  return m->said;
}

/* The value of |itemz| in a FETCH response that has nothing else. */
static inline imap4_str mail_fetch(mail *m, const char *itemz, const char *namez) {
  char line[500], head[500];
  static const char tail[] = ")\r\nf OK FETCH completed\r\n";
  snprintf(line, sizeof line, "f FETCH %zu %s", m->count, itemz);
  size_t head_n = (size_t)snprintf(head, sizeof head, "* %zu FETCH (%s ", m->count, namez);
  imap4_str said = mail_say(m, line);
  size_t tail_n = sizeof tail - 1;
  if (said.n < head_n + tail_n || memcmp(said.p, head, head_n) != 0 ||
      memcmp(said.p + said.n - tail_n, tail, tail_n) != 0) {
    fail_msg("%s: %.*s", line, (int)said.n, said.p);
  }
  return (imap4_str){said.p + head_n, said.n - head_n - tail_n};
}

static inline void expect_octets(const char *questionz, imap4_str got, imap4_str want) {
  if (got.n == want.n && memcmp(got.p, want.p, got.n) == 0) return;
  fail_msg("%s\nwant %.*s\ngot  %.*s", questionz, (int)want.n, want.p, (int)got.n, got.p);
}

/* What is between the brackets of BODY.PEEK[...]: "{n}", a line end and the octets, or "NIL". */
static inline imap4_str mail_section(mail *m, const char *sectionz) {
  char item[300], name[300];
  snprintf(item, sizeof item, "BODY.PEEK[%s]", sectionz);
  snprintf(name, sizeof name, "BODY[%s]", sectionz);
  return mail_fetch(m, item, name);
}

static inline void expect_section(mail *m, const char *sectionz, const char *want, size_t want_n) {
  imap4_str got = mail_section(m, sectionz);
  if (!want) {
    expect_octets(sectionz, got, span("NIL"));
    return;
  }
  char *literal = mail_room(m, want_n + 32);
  size_t n = (size_t)snprintf(literal, 32, "{%zu}\r\n", want_n);
  memcpy(literal + n, want, want_n);
  expect_octets(sectionz, got, (imap4_str){literal, n + want_n});
}

/* Whether the last message is among those that SEARCH finds; |keyz| may hold a literal. */
static inline bool mail_finds(mail *m, const char *keyz) {
  char line[700], want[40];
  snprintf(line, sizeof line, "s SEARCH %zu %s", m->count, keyz);
  if (strncmp(keyz, "CHARSET", 7) == 0) snprintf(line, sizeof line, "s SEARCH %s", keyz);
  const char *said = mail_say(m, line).p;
  snprintf(want, sizeof want, "* SEARCH %zu\r\ns OK", m->count);
  if (strncmp(said, want, strlen(want)) == 0) return true;
  if (strncmp(said, "* SEARCH\r\ns OK", 14) != 0) fail_msg("%s: %s", line, said);
  return false;
}

static inline void expect(mail *m, const answer *a) {
  if (strncmp(a->questionz, "SEARCH ", 7) == 0) {
    bool want = a->wantz[0] != '\0';
    if (mail_finds(m, a->questionz + 7) != want) fail_msg("%s: want \"%s\"", a->questionz, a->wantz);
  } else if (a->questionz[0] == '[') {
    char section[200];
    snprintf(section, sizeof section, "%.*s", (int)strlen(a->questionz) - 2, a->questionz + 1);
    expect_section(m, section, a->wantz, a->wantz ? strlen(a->wantz) : 0);
  } else {
    expect_octets(a->questionz, mail_fetch(m, a->questionz, a->questionz), span(a->wantz));
  }
}

/* All |answers| to questions about a message that is alone in its mailbox. */
static inline void expect_answers(imap4_str text, const answer *answers, size_t count) {
  mail m;
  mail_open(&m, NULL, NULL);
  mail_add(&m, text);
  for (size_t i = 0; i < count; i++)
    expect(&m, &answers[i]);
  mail_close(&m);
}

#define ASK_OCTETS(text, ...)                                                                                \
  expect_answers(text, (const answer[]){__VA_ARGS__}, sizeof((const answer[]){__VA_ARGS__}) / sizeof(answer))
#define ASK(textz, ...) ASK_OCTETS(span(textz), __VA_ARGS__)

#endif
