/* SPDX-License-Identifier: MIT */
/* Where mail is kept: in memory, or in Maildir folders below a directory. */
#ifndef IMAP4_SERVER_STORAGE_H
#define IMAP4_SERVER_STORAGE_H

#include "imap4/store.h"

struct storage;

/* What each account may hold; 0: no limit. */
struct storage_limits {
  uint64_t octets;
  uint64_t messages;
};

/* An empty account for each user, gone when the server ends.  0, or -1 after a line in the log. */
int storage_open_memory(const struct storage_limits *quota, struct storage **storage);

/* |rootz|/USER is the Maildir of a user; |special_use|: folders with the usual names have special uses.  0,
 * or -1 after a line in the log. */
int storage_open_maildir(const char *rootz, int special_use, const struct storage_limits *quota,
                         struct storage **storage);

void storage_free(struct storage *storage);

/* The table of functions, and their user. */
const imap4_store *storage_table(const struct storage *storage);
void *storage_user(const struct storage *storage);

/* Open the account of args->user, whose password was found right before. */
int storage_authenticate(struct storage *storage, imap4_op op, const imap4_authenticate_args *args,
                         imap4_authenticate_result *out);

#endif
