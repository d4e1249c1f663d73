/* SPDX-License-Identifier: MIT */
/* The command line: a table of options, each with what it does to the settings. */
#include "options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compress.h"
#include "imap4/version.h"
#include "log.h"

#define DEFAULT_ADDRESS "127.0.0.1:1143"
#define DEFAULT_IDLE_SECONDS 1800u
#define MAX_IDLE_SECONDS 4000000u /* milliseconds have to fit in 32 bits */

static const char usage[] =
    "Usage: imap4-server (--mail DIR | --memory) [OPTION]...\n"
    "\n"
    "Where mail is:\n"
    "  --mail DIR             Maildir folders: DIR/USER is the inbox of USER\n"
    "  --special-use          with --mail: folders named Archive, Drafts, Junk, Sent and Trash are for just "
    "that\n"
    "  --memory               accounts in memory, empty at first, gone at the end\n"
    "  --quota-storage OCTETS each account holds at most so much mail (RFC 9208); default: no limit\n"
    "  --quota-messages N     each account holds at most so many messages; default: no limit\n"
    "Who may log in:\n"
    "  --user NAME:PASSWORD   one user; may be repeated\n"
    "  --passwd FILE          lines NAME:PASSWORD, NAME:{PLAIN}PASSWORD or NAME:{CRYPT}HASH (crypt(3))\n"
    "  --any-user PASSWORD    every name, with this password: for tests\n"
    "Where to listen (HOST: a name, an address, [::1], or empty for all; PORT 0: any free one):\n"
    "  --listen HOST:PORT     IMAP, with STARTTLS if there is a certificate; default " DEFAULT_ADDRESS "\n"
    "  --listen-tls HOST:PORT IMAP over TLS from the first octet\n"
    "  --cert FILE --key FILE certificate chain and private key (PEM)\n"
    "  --allow-plaintext      take passwords without TLS from everywhere; default: from this machine only\n"
    "  --require-tls          not even from this machine\n"
    "How it runs:\n"
    "  --threads N            threads that serve connections; default: one per processor\n"
    "  --idle-timeout SECONDS log clients out that are silent for so long; default 1800\n"
    "  --log LEVEL            error, info (a line per session) or debug, on standard error; default info\n"
    "  --help, --version\n"
    "\n"
    "Prints \"imap4-server: ready on HOST:PORT\" for each listener.  SIGTERM and SIGINT end it in good "
    "order.\n";

static int complain(const char *whatz, const char *valuez) {
  fprintf(stderr, "imap4-server: %s: %s (see --help)\n", valuez, whatz);
  return OPTIONS_WRONG;
}

/* A decimal number from 1 to |high|.  0 or -1. */
static int number_from(const char *textz, unsigned high, unsigned *out) {
  unsigned value = 0;
  if (textz[0] == '\0' || strlen(textz) > 8) return -1;
  for (const char *p = textz; *p != '\0'; p++) {
    if (*p < '0' || *p > '9') return -1;
    value = value * 10 + (unsigned)(*p - '0');
  }
  if (value < 1 || value > high) return -1;
  *out = value;
  return 0;
}

/* A decimal number from 1 to 2^63 - 1, the most that IMAP can tell.  0 or -1. */
static int amount_from(const char *textz, uint64_t *out) {
  uint64_t value = 0;
  if (textz[0] == '\0' || strlen(textz) > 19) return -1;
  for (const char *p = textz; *p != '\0'; p++) {
    if (*p < '0' || *p > '9') return -1;
    value = value * 10 + (uint64_t)(*p - '0');
  }
  if (value < 1 || value > INT64_MAX) return -1;
  *out = value;
  return 0;
}

static int add_listener(struct server_options *server, const char *addressz, int implicit_tls) {
  if (server->listener_count == SERVER_MAX_LISTENERS) return complain("too many listeners", addressz);
  server->listeners[server->listener_count++] = (struct listen_option){addressz, implicit_tls};
  return OPTIONS_RUN;
}

static int take_listen(struct options *o, char *valuez) {
  return add_listener(&o->server, valuez, 0);
}

static int take_listen_tls(struct options *o, char *valuez) {
  return add_listener(&o->server, valuez, 1);
}

/* Passwords are overwritten in the list of arguments, where other users of the machine can see them. */
static int take_user(struct options *o, char *valuez) {
  if (passwd_add(o->passwords, valuez) != 0) return complain("--user wants NAME:PASSWORD", valuez);
  char *password = strchr(valuez, ':') + 1;
  memset(password, '*', strlen(password));
  return OPTIONS_RUN;
}

static int take_any_user(struct options *o, char *valuez) {
  if (valuez[0] == '\0') return complain("empty password", "--any-user");
  if (passwd_any(o->passwords, valuez) != 0) return complain("no memory", "--any-user");
  memset(valuez, '*', strlen(valuez));
  return OPTIONS_RUN;
}

static int take_passwd(struct options *o, char *valuez) {
  return passwd_load(o->passwords, valuez) == 0 ? OPTIONS_RUN : OPTIONS_WRONG;
}

static int take_mail(struct options *o, char *valuez) {
  o->mail_pathz = valuez;
  return OPTIONS_RUN;
}

static int take_quota_storage(struct options *o, char *valuez) {
  if (amount_from(valuez, &o->quota.octets) != 0) return complain("--quota-storage wants octets", valuez);
  return OPTIONS_RUN;
}

static int take_quota_messages(struct options *o, char *valuez) {
  if (amount_from(valuez, &o->quota.messages) != 0)
    return complain("--quota-messages wants a number", valuez);
  return OPTIONS_RUN;
}

static int take_certificate(struct options *o, char *valuez) {
  o->certificate_pathz = valuez;
  return OPTIONS_RUN;
}

static int take_key(struct options *o, char *valuez) {
  o->key_pathz = valuez;
  return OPTIONS_RUN;
}

static int take_threads(struct options *o, char *valuez) {
  if (number_from(valuez, SERVER_MAX_THREADS, &o->server.threads) != 0)
    return complain("--threads wants a number from 1 to 64", valuez);
  return OPTIONS_RUN;
}

static int take_idle_timeout(struct options *o, char *valuez) {
  if (number_from(valuez, MAX_IDLE_SECONDS, &o->server.idle_seconds) != 0)
    return complain("--idle-timeout wants a number from 1 to 4000000", valuez);
  return OPTIONS_RUN;
}

static int take_log(struct options *o, char *valuez) {
  (void)o;
  int level = log_level_from(valuez);
  if (level < 0) return complain("--log wants error, info or debug", valuez);
  log_set_level(level);
  return OPTIONS_RUN;
}

static int take_memory(struct options *o, char *valuez) {
  (void)valuez;
  o->memory = 1;
  return OPTIONS_RUN;
}

static int take_special_use(struct options *o, char *valuez) {
  (void)valuez;
  o->special_use = 1;
  return OPTIONS_RUN;
}

static int take_allow_plaintext(struct options *o, char *valuez) {
  (void)valuez;
  o->server.allow_plaintext = 1;
  return OPTIONS_RUN;
}

static int take_require_tls(struct options *o, char *valuez) {
  (void)valuez;
  o->server.require_tls = 1;
  return OPTIONS_RUN;
}

static int take_help(struct options *o, char *valuez) {
  (void)o;
  (void)valuez;
  return fputs(usage, stdout) >= 0 ? OPTIONS_DONE : OPTIONS_WRONG;
}

static int take_version(struct options *o, char *valuez) {
  (void)o;
  (void)valuez;
  const char *tls = tls_library_namez();
  const char *compression = compress_library_namez();
  int printed =
      printf("imap4-server %s, TLS: %s, compression: %s, hashed passwords: %s\n", imap4_version_stringz(),
             tls != NULL ? tls : "none", compression != NULL ? compression : "none", passwd_hashing_namez());
  return printed > 0 ? OPTIONS_DONE : OPTIONS_WRONG;
}

struct option {
  const char *namez;
  int has_value;
  int (*take)(struct options *o, char *valuez);
};

static const struct option table[] = {
    {"--listen", 1, take_listen},
    {"--listen-tls", 1, take_listen_tls},
    {"--cert", 1, take_certificate},
    {"--key", 1, take_key},
    {"--mail", 1, take_mail},
    {"--memory", 0, take_memory},
    {"--special-use", 0, take_special_use},
    {"--quota-storage", 1, take_quota_storage},
    {"--quota-messages", 1, take_quota_messages},
    {"--user", 1, take_user},
    {"--passwd", 1, take_passwd},
    {"--any-user", 1, take_any_user},
    {"--allow-plaintext", 0, take_allow_plaintext},
    {"--require-tls", 0, take_require_tls},
    {"--threads", 1, take_threads},
    {"--idle-timeout", 1, take_idle_timeout},
    {"--log", 1, take_log},
    {"--help", 0, take_help},
    {"--version", 0, take_version},
};

static const struct option *find(const char *namez) {
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    if (strcmp(table[i].namez, namez) == 0) return &table[i];
  }
  return NULL;
}

/* What does not go together, and what was left out. */
static int finish(struct options *o) {
  if (o->memory == (o->mail_pathz != NULL))
    return complain("one of these two is needed", "--mail DIR, --memory");
  if ((o->certificate_pathz == NULL) != (o->key_pathz == NULL))
    return complain("one needs the other", "--cert FILE, --key FILE");
  if (o->server.allow_plaintext && o->server.require_tls)
    return complain("they contradict each other", "--allow-plaintext, --require-tls");
  if (!passwd_usable(o->passwords))
    return complain("nobody could log in without one of these", "--user, --passwd, --any-user");
  for (size_t i = 0; i < o->server.listener_count; i++) {
    if (o->server.listeners[i].implicit_tls && o->certificate_pathz == NULL)
      return complain("needs --cert and --key", "--listen-tls");
  }
  if (o->server.listener_count == 0) return add_listener(&o->server, DEFAULT_ADDRESS, 0);
  return OPTIONS_RUN;
}

static unsigned processors(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > SERVER_MAX_THREADS ? SERVER_MAX_THREADS : (unsigned)n;
}

int options_read(struct options *options, int argc, char **argv) {
  options->server.threads = processors();
  options->server.idle_seconds = DEFAULT_IDLE_SECONDS;
  for (int i = 1; i < argc; i++) {
    const struct option *option = find(argv[i]);
    if (option == NULL) return complain("unknown option", argv[i]);
    if (option->has_value && i + 1 == argc) return complain("needs a value", argv[i]);
    int outcome = option->take(options, option->has_value ? argv[++i] : NULL);
    if (outcome != OPTIONS_RUN) return outcome;
  }
  return finish(options);
}
