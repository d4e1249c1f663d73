/* SPDX-License-Identifier: MIT */
/*
 * The smallest host: one IMAP session on standard input and output, over a store in memory with one message.
 *
 * Type commands, or let something else bring the bytes:
 *
 *     printf 'a LOGIN me secret\r\nb SELECT INBOX\r\nc FETCH 1 ENVELOPE\r\nd LOGOUT\r\n' | minimal
 *     socat TCP-LISTEN:1143,bind=127.0.0.1,fork EXEC:minimal
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "imap4/session.h"
#include "memory/memory.h"

/* The transport: two functions that move bytes.  These block, so the session never has to wait. */

static int read_input(void *user, void *data, size_t capacity, size_t *n) {
  ssize_t got;
  (void)user;
  do
    got = read(STDIN_FILENO, data, capacity);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return got == 0 ? IMAP4_END : IMAP4_ERR_TRANSPORT;
  *n = (size_t)got;
  return IMAP4_OK;
}

static int write_output(void *user, const void *data, size_t len, size_t *n) {
  ssize_t put;
  (void)user;
  do
    put = write(STDOUT_FILENO, data, len);
  while (put < 0 && errno == EINTR);
  if (put <= 0) return IMAP4_ERR_TRANSPORT;
  *n = (size_t)put;
  return IMAP4_OK;
}

static const imap4_transport transport = {
    .struct_size = sizeof transport,
    .read = read_input,
    .write = write_output,
};

static imap4_str text(const char *textz) {
  return (imap4_str){textz, strlen(textz)};
}

/* The store: any table of functions that keeps mail.  This one forgets it at the end. */
static imap4_memory *make_store(void) {
  imap4_memory_config config;
  imap4_memory_message hello = {.flags = 0};
  imap4_memory_config_init(&config);
  imap4_memory *store = imap4_memory_new(&config);
  if (store == NULL) return NULL;
  hello.text = text("From: libimap4 <hello@example.org>\r\n"
                    "To: you <you@example.org>\r\n"
                    "Subject: It works\r\n"
                    "Date: Mon, 1 Jan 2024 12:00:00 +0000\r\n"
                    "\r\n"
                    "This message is in memory.\r\n");
  if (imap4_memory_add_user(store, text("me"), text("secret")) != IMAP4_OK ||
      imap4_memory_add_message(store, text("me"), text("INBOX"), &hello) != IMAP4_OK) {
    imap4_memory_free(store);
    return NULL;
  }
  return store;
}

/* A session lives until it wants to be closed; everything that is IMAP happens in imap4_session_run(). */
static int serve(imap4_server *server) {
  imap4_session *session;
  imap4_session_args args;
  int status = imap4_session_args_init(&args, sizeof args);
  args.transport = &transport;
  args.secure = 1; /* nobody listens in on a pipe: passwords are welcome */
  if (status == IMAP4_OK) status = imap4_session_new(server, &args, &session);
  if (status != IMAP4_OK) return status;
  while (status == IMAP4_OK && !(imap4_session_want(session) & IMAP4_WANT_CLOSED))
    status = imap4_session_run(session);
  imap4_session_free(session);
  return status;
}

int main(void) {
  imap4_server *server = NULL;
  imap4_config config;
  imap4_memory *store = make_store();
  if (store == NULL) return 1;
  int status = imap4_config_init(&config, sizeof config);
  config.store = imap4_memory_table(store);
  config.store_user = store;
  if (status == IMAP4_OK) status = imap4_server_new(&config, &server);
  if (status == IMAP4_OK) status = serve(server);
  imap4_server_free(server);
  imap4_memory_free(store);
  if (status != IMAP4_OK) fprintf(stderr, "minimal: %s\n", imap4_status_textz(status));
  return status == IMAP4_OK ? 0 : 1;
}
