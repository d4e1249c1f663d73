/* SPDX-License-Identifier: MIT */
/* Who may log in: names with passwords, plain or hashed by crypt(3). */
#ifndef IMAP4_SERVER_PASSWD_H
#define IMAP4_SERVER_PASSWD_H

#include "imap4/types.h"

struct passwd;

/* NULL when there is no memory. */
struct passwd *passwd_new(void);
void passwd_free(struct passwd *list);

/* Add NAME:PASSWORD; the password as typed.  0, or -1 when one of them is empty. */
int passwd_add(struct passwd *list, const char *entryz);

/*
 * Add the lines of a file: NAME:PASSWORD, NAME:{PLAIN}PASSWORD or NAME:{CRYPT}HASH.  Empty lines and lines
 * that begin with '#' are passed over.  0, or -1 after a line in the log.
 */
int passwd_load(struct passwd *list, const char *pathz);

/* Let every name in with |passwordz|.  0 or -1. */
int passwd_any(struct passwd *list, const char *passwordz);

/* 1 when anybody at all could log in. */
int passwd_usable(const struct passwd *list);

/* 1 when |user| may log in with |password|, else 0.  May be called from several threads. */
int passwd_check(const struct passwd *list, imap4_str user, imap4_str password);

/* What checks hashed passwords: "crypt" or "none". */
const char *passwd_hashing_namez(void);

/* Overwrite a secret in a way that is not optimised away. */
void passwd_wipe(void *p, size_t n);

#endif
