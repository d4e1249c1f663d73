/* SPDX-License-Identifier: MIT */
/**
 * @file maildir.h
 * A store that keeps mail in Maildir++ directories.
 *
 * ROOT/USER/ is INBOX (cur, new, tmp) and ROOT/USER/.Sub.Folder the mailbox "Sub.Folder": the hierarchy
 * delimiter is '.', names on disk are in modified UTF-7 (RFC 3501 section 5.1.3).  Delivery agents and other
 * mail programs may deliver, flag, move and delete files at any moment.  UIDs and keywords of Dovecot
 * ("dovecot-uidlist", "dovecot-keywords") and UIDs of Courier ("courierimapuiddb") are taken over when a
 * mailbox is met for the first time; "dovecot-keywords" and "subscriptions" are kept up.
 *
 * Each mailbox directory has an index, "imap4-index" (UIDs, mod-sequences, sizes, dates, object
 * identifiers), beside it
 * "imap4-index.lock" and "imap4-digests", and "imap4-special-use" if it was made for a special
 * use (RFC 6154).  Any number of processes may work on the same directories.
 *
 * All functions of the store answer at once; IMAP4_PENDING is never returned.  One imap4_maildir serves all
 * sessions and threads of a process.  A process that forks makes a new one in the child.
 */
#ifndef IMAP4_MAILDIR_H
#define IMAP4_MAILDIR_H

#include "imap4/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct imap4_maildir imap4_maildir;

typedef struct imap4_maildir_config {
  uint32_t struct_size; /**< sizeof(imap4_maildir_config) */
  int32_t use_names;    /**< 1: mailboxes named Archive, Drafts, Junk, Sent, Trash have these special uses */
  /** Directory with one directory per user; must exist.  Directories of users are made at their first
   *  login. */
  const char *rootz;
  /** First argument of |check_password|. */
  void *user;
  /** Required.  IMAP4_OK, IMAP4_ST_AUTHFAILED or another status for the client.  May be called from several
   *  threads at a time.  Names that cannot be a directory are refused before. */
  int (*check_password)(void *user, imap4_str user_name, imap4_str password);
  /** Limits of each account, all its mailboxes together; 0: no limit.  With one of them,
   * imap4_maildir_table() has QUOTA (RFC 9208): an account is one quota root, named "".  APPEND, COPY and
   * REPLACE beyond a limit are IMAP4_ST_OVERQUOTA before anything is written; MOVE and what other programs
   * deliver are never refused. Messages count with CRLF line ends, or with the size of their file until that
   * is known; sessions that add messages at the same time may together go above a limit.  Configurations
   * without these members (a smaller |struct_size|) have no limits. */
  uint64_t quota_octets;
  uint64_t quota_messages;
} imap4_maildir_config;

/**
 * Make a store.
 *
 * Memory:  |config| is copied.
 * Returns: IMAP4_OK; IMAP4_ERR_INVALID; IMAP4_ERR_VERSION; IMAP4_ERR_NOMEM; IMAP4_ST_NONEXISTENT when the
 *          root is no directory.
 */
IMAP4_MUST_USE int imap4_maildir_new(const imap4_maildir_config *config, imap4_maildir **out);

/** The functions, for imap4_config.store; their |user| is the imap4_maildir.  Without those for QUOTA; limits
 *  hold all the same. */
const imap4_store *imap4_maildir_store(void);

/** The functions of this store: those of imap4_maildir_store(), and with limits those for QUOTA.  Valid until
 *  imap4_maildir_free(). */
const imap4_store *imap4_maildir_table(const imap4_maildir *maildir);

/** End it, after all accounts were released and all mailboxes closed.  NULL is allowed. */
void imap4_maildir_free(imap4_maildir *maildir);

#ifdef __cplusplus
}
#endif

#endif
