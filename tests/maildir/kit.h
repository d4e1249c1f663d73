/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the Maildir store share: a directory of its own for each test, and short forms of the
 * store's functions.  A short form fails the test when the call fails, unless it returns a status.
 */
#ifndef MAILDIR_KIT_H
#define MAILDIR_KIT_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../scratch.h"
#include "maildir/internal.h"

struct kit {
  char root[SCRATCH_OCTETS];
  imap4_maildir *store;
  void *account; /* of "joe" */
  uint64_t quota_octets;
  uint64_t quota_messages;
};

/* For cmocka_unit_test_setup_teardown(). */
int kit_setup(void **state);
int kit_teardown(void **state);

/* Another store object on the same root, as another process would have one. */
void kit_second(const struct kit *kit, struct kit *second);
void kit_second_end(struct kit *second);
/* Forget all that is in memory: what a restart does. */
void kit_restart(struct kit *kit);
/* The same, with other limits from now on. */
void kit_limit(struct kit *kit, uint64_t octets, uint64_t messages);

imap4_str kit_str(const char *textz);
void *kit_login(imap4_maildir *store, const char *user);

/* Files: |path| is below the directory of joe. */
void kit_write(const struct kit *kit, const char *path, const char *text);
void kit_put(const struct kit *kit, const char *path, const char *p, size_t n);
/* The contents, to be freed; NULL when there is no such file. */
char *kit_slurp(const struct kit *kit, const char *path, size_t *n);
int kit_exists(const struct kit *kit, const char *path);
void kit_move(const struct kit *kit, const char *from, const char *to);
void kit_remove(const struct kit *kit, const char *path);
/* Name of the only file of |dir| that begins with |prefix|; NULL when there is none. */
const char *kit_find(const struct kit *kit, const char *dir, const char *prefix);
size_t kit_count(const struct kit *kit, const char *dir);

void *kit_open(const struct kit *kit, const char *name);
int kit_try_open(const struct kit *kit, const char *name, void **mailbox);
void kit_close(const struct kit *kit, void *mailbox);
imap4_mailbox_state kit_poll(const struct kit *kit, void *mailbox, int claim);
int kit_try_poll(const struct kit *kit, void *mailbox, imap4_mailbox_state *state);
/* The UID. */
uint32_t kit_append(const struct kit *kit, const char *name, const char *text, uint32_t flags,
                    const char *keywords);
int kit_try_append(const struct kit *kit, const char *name, const char *text, uint32_t flags,
                   const char *keywords, uint32_t *uid);
/* The row of a message with all attributes; false when there is no such message. */
int kit_row(const struct kit *kit, void *mailbox, uint32_t uid, imap4_row *row);
/* All of a message in pieces of |capacity|, to be freed. */
char *kit_read(const struct kit *kit, void *mailbox, uint32_t uid, uint32_t capacity, size_t *n);
imap4_store_flags_result kit_flags(const struct kit *kit, void *mailbox, uint32_t uid, uint32_t mode,
                                   uint32_t flags, const char *keywords);
void kit_expunge(const struct kit *kit, void *mailbox, uint32_t uid);
int kit_name(const struct kit *kit, char what, const char *name);
/* Names and attributes as text: "INBOX Sent(S) ...", with S subscribed, N nonexistent. */
const char *kit_list(const struct kit *kit, uint32_t capacity);

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

#endif
