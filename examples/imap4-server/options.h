/* SPDX-License-Identifier: MIT */
/* The command line of imap4-server. */
#ifndef IMAP4_SERVER_OPTIONS_H
#define IMAP4_SERVER_OPTIONS_H

#include "passwd.h"
#include "server.h"
#include "storage.h"

struct options {
  struct server_options server;
  struct passwd *passwords; /* made by the caller */
  const char *mail_pathz;   /* NULL: memory */
  const char *certificate_pathz;
  const char *key_pathz;
  int memory;
  int special_use;
  struct storage_limits quota;
};

#define OPTIONS_RUN 0
#define OPTIONS_DONE 1  /* --help or --version was asked for and printed */
#define OPTIONS_WRONG 2 /* and a message was printed */

/* Read the command line; secrets in |argv| are overwritten.  OPTIONS_*. */
int options_read(struct options *options, int argc, char **argv);

#endif
