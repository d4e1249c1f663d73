/* SPDX-License-Identifier: MIT */
/* imap4-server: an IMAP server over libimap4.  This file puts the parts together. */
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "log.h"
#include "options.h"
#include "server.h"
#include "storage.h"

#define POLL_MS 1000u /* how late a client in IDLE hears of new mail at most */

static imap4_str text(const char *textz) {
  return (imap4_str){textz, strlen(textz)};
}

/* The limits of the library fit a server on the internet; only times are this server's own. */
static int set_limits(const struct server_options *options, imap4_limits *before, imap4_limits *after) {
  if (imap4_limits_init(before, sizeof *before, 0) != IMAP4_OK ||
      imap4_limits_init(after, sizeof *after, 1) != IMAP4_OK)
    return -1;
  after->idle_ms = options->idle_seconds * 1000u;
  if (before->idle_ms > after->idle_ms) before->idle_ms = after->idle_ms;
  after->poll_ms = POLL_MS;
  return 0;
}

/* The two configurations: with and without passwords in the clear. */
static int make_servers(struct server *server) {
  const imap4_id_field id[] = {{text("name"), text("imap4-server")},
                               {text("vendor"), text("libimap4")},
                               {text("version"), text(imap4_version_stringz())}};
  imap4_limits before;
  imap4_limits after;
  imap4_config config;
  imap4_store store = *storage_table(server->storage);
  if (set_limits(&server->options, &before, &after) != 0 ||
      imap4_config_init(&config, sizeof config) != IMAP4_OK)
    return -1;
  store.authenticate = connection_authenticate;
  config.store = &store;
  config.store_user = storage_user(server->storage);
  config.before_login = &before;
  config.after_login = &after;
  config.id = id;
  config.id_count = sizeof id / sizeof id[0];
  if (imap4_server_new(&config, &server->strict) != IMAP4_OK) return -1;
  config.allow_plaintext = 1;
  return imap4_server_new(&config, &server->plaintext) == IMAP4_OK ? 0 : -1;
}

static int serve(const struct options *options, struct server *server) {
  server->options = options->server;
  server->passwords = options->passwords;
  if (options->certificate_pathz != NULL &&
      tls_context_new(options->certificate_pathz, options->key_pathz, &server->tls) != 0)
    return -1;
  int opened = options->memory ? storage_open_memory(&options->quota, &server->storage)
                               : storage_open_maildir(options->mail_pathz, options->special_use,
                                                      &options->quota, &server->storage);
  if (opened != 0) return -1;
  if (make_servers(server) != 0) {
    log_line(LOG_ERROR, "the library refused the configuration");
    return -1;
  }
  return server_run(server);
}

int main(int argc, char **argv) {
  struct options options;
  memset(&options, 0, sizeof options);
  options.passwords = passwd_new();
  if (options.passwords == NULL) return EXIT_FAILURE;
  int outcome = options_read(&options, argc, argv);
  if (outcome != OPTIONS_RUN) {
    passwd_free(options.passwords);
    return outcome == OPTIONS_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  struct server server;
  memset(&server, 0, sizeof server);
  int status = serve(&options, &server);
  imap4_server_free(server.plaintext);
  imap4_server_free(server.strict);
  storage_free(server.storage);
  tls_context_free(server.tls);
  passwd_free(options.passwords);
  return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
