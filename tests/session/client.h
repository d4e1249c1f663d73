/* SPDX-License-Identifier: MIT */
/*
 * A client for tests: one session on a memory store with a counting allocator, fed with whole lines.  What
 * the session says is gathered in |said| and forgotten at the next line.
 */
#ifndef TESTS_SESSION_CLIENT_H
#define TESTS_SESSION_CLIENT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap4/imap4.h"
#include "memory/memory.h"

typedef struct host {
  imap4_memory *memory;
  imap4_server *server;
  size_t heap; /* octets that the library holds */
} host;

typedef struct client {
  host *host;
  imap4_session *session;
  char *said;
  size_t length;
} client;

static inline imap4_str span(const char *textz) {
  return (imap4_str){textz, strlen(textz)};
}

static inline void *host_resize(void *user, void *p, size_t old_size, size_t new_size) {
  host *h = user;
  h->heap = h->heap - old_size + new_size;
  if (new_size > 0) return realloc(p, new_size);
  free(p);
  return NULL;
}

/* What a test may have otherwise than usual; zero is usual. */
typedef struct host_options {
  const imap4_limits *before_login, *after_login;
  void (*bend)(imap4_store *table); /* changes the table of the store */
  uint64_t features_off;
  int32_t allow_plaintext;
} host_options;

static inline void host_open_with(host *h, const imap4_memory_config *memory, const host_options *options) {
  imap4_config config;
  h->heap = 0;
  h->memory = imap4_memory_new(memory);
  assert_non_null(h->memory);
  imap4_store table = *imap4_memory_table(h->memory);
  if (options->bend) options->bend(&table);
  assert_int_equal(imap4_config_init(&config, sizeof config), IMAP4_OK);
  config.resize = host_resize;
  config.resize_user = h;
  config.store = &table;
  config.store_user = h->memory;
  config.before_login = options->before_login;
  config.after_login = options->after_login;
  config.features_off = options->features_off;
  config.allow_plaintext = options->allow_plaintext;
  assert_int_equal(imap4_server_new(&config, &h->server), IMAP4_OK);
}

static inline void host_open(host *h, const imap4_memory_config *memory, const imap4_limits *after_login) {
  host_options options = {.after_login = after_login};
  host_open_with(h, memory, &options);
}

static inline void host_close(host *h) {
  imap4_memory_counts counts;
  imap4_memory_get_counts(h->memory, &counts);
  assert_int_equal(counts.accounts + counts.mailboxes + counts.uploads + counts.exchanges + counts.pending,
                   0);
  imap4_server_free(h->server);
  assert_int_equal(h->heap, 0);
  imap4_memory_free(h->memory);
}

/* One call, and what it says.  False: nothing. */
static inline bool client_run(client *c) {
  const void *data;
  size_t len;
  assert_int_equal(imap4_session_run(c->session), IMAP4_OK);
  assert_int_equal(imap4_session_output(c->session, &data, &len), IMAP4_OK);
  if (len == 0) return false;
  c->said = realloc(c->said, c->length + len + 1);
  assert_non_null(c->said);
  memcpy(c->said + c->length, data, len);
  c->length += len;
  c->said[c->length] = '\0';
  assert_int_equal(imap4_session_output_done(c->session, len), IMAP4_OK);
  return true;
}

/* Run until nothing moves, gathering what is said. */
static inline void client_settle(client *c) {
  while (client_run(c) || imap4_session_want(c->session) & IMAP4_WANT_RUN ||
         imap4_memory_complete_next(c->host->memory))
    ;
}

static inline void client_forget(client *c) {
  c->length = 0;
  if (c->said) c->said[0] = '\0';
}

static inline void client_open(client *c, host *h) {
  imap4_session_args args;
  assert_int_equal(imap4_session_args_init(&args, sizeof args), IMAP4_OK);
  args.secure = 1;
  *c = (client){.host = h};
  assert_int_equal(imap4_session_new(h->server, &args, &c->session), IMAP4_OK);
  client_settle(c);
}

static inline void client_close(client *c) {
  imap4_session_free(c->session);
  free(c->said);
}

/* Feed octets; the answer is in |said|. */
static inline const char *client_send(client *c, const char *data, size_t len) {
  client_forget(c);
  while (len > 0) {
    size_t used = 0;
    assert_int_equal(imap4_session_input(c->session, data, len, &used), IMAP4_OK);
    client_settle(c);
    if (used == 0 && imap4_session_want(c->session) & IMAP4_WANT_CLOSED) break;
    data += used;
    len -= used;
  }
  client_settle(c);
  return c->said ? c->said : "";
}

/* Many small messages in a mailbox of the store. */
static inline void host_fill(host *h, const char *mailboxz, int count) {
  for (int i = 0; i < count; i++) {
    imap4_memory_message message = {.text = span("Subject: small\n\ntext\n")};
    assert_int_equal(imap4_memory_add_message(h->memory, span(""), span(mailboxz), &message), IMAP4_OK);
  }
}

static inline void host_expunge(host *h, const char *mailboxz, uint32_t first, uint32_t last) {
  imap4_uid_range range = {first, last};
  assert_int_equal(imap4_memory_expunge(h->memory, span(""), span(mailboxz), (imap4_uid_ranges){&range, 1}),
                   IMAP4_OK);
}

/* A line without its CRLF. */
static inline const char *client_line(client *c, const char *linez) {
  char line[4096];
  int n = snprintf(line, sizeof line, "%s\r\n", linez);
  assert_true(n > 0 && (size_t)n < sizeof line);
  return client_send(c, line, (size_t)n);
}

static inline bool client_closed(const client *c) {
  return (imap4_session_want(c->session) & IMAP4_WANT_CLOSED) != 0;
}

static inline imap4_session_info client_info(const client *c) {
  imap4_session_info info = {.struct_size = sizeof info};
  assert_int_equal(imap4_session_get_info(c->session, &info), IMAP4_OK);
  return info;
}

#endif
