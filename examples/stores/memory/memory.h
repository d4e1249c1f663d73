/* SPDX-License-Identifier: MIT */
/**
 * @file memory.h
 * A store that keeps mail in memory: the smallest whole example of store.h, and the store of the tests.
 *
 * Beside keeping mail it can be told how to behave: to answer at once, inside the call or later, to give
 * little at a time, and to fail at a chosen call.  Counters say what a session has left behind.
 *
 * Compiled with IMAP4_MEMORY_THREADS a mutex is held in each call, and sessions of many threads may share a
 * store; then only manner "now" or "inside" is of use, and |watch| has to stay off (its notifications would
 * come on the wrong thread).
 */
#ifndef IMAP4_STORES_MEMORY_H
#define IMAP4_STORES_MEMORY_H

#include "imap4/session.h"
#include "imap4/store.h"

typedef struct imap4_memory imap4_memory;

/** When a function answers. */
#define IMAP4_MEMORY_NOW 0u    /**< it returns a status */
#define IMAP4_MEMORY_INSIDE 1u /**< it calls imap4_op_complete() before it returns IMAP4_PENDING */
#define IMAP4_MEMORY_LATER 2u  /**< imap4_memory_complete_next() completes it */

/** Optional members of imap4_store that are left NULL. */
#define IMAP4_MEMORY_WITHOUT_CANCEL 0x01u /**< only for a store that always answers at once */
#define IMAP4_MEMORY_WITHOUT_COPY 0x02u
#define IMAP4_MEMORY_WITHOUT_MOVE 0x04u
#define IMAP4_MEMORY_WITHOUT_VANISHED 0x08u
#define IMAP4_MEMORY_WITHOUT_STATUS 0x10u
#define IMAP4_MEMORY_WITHOUT_WATCH 0x20u
#define IMAP4_MEMORY_WITHOUT_KEEP_DIGEST 0x40u
#define IMAP4_MEMORY_WITHOUT_REPLACE 0x80u
#define IMAP4_MEMORY_WITHOUT_UIDS 0x100u

/** One step of the scripted SASL mechanism: what the store says, and what it wants to hear. */
typedef struct imap4_memory_step {
  imap4_str challenge;
  imap4_str response;
} imap4_memory_step;

/** What a new store is like.  Texts and arrays must stay as long as the store. */
typedef struct imap4_memory_config {
  char delimiter;             /**< hierarchy delimiter */
  uint32_t without;           /**< IMAP4_MEMORY_WITHOUT_* */
  uint32_t first_uidvalidity; /**< of the first mailbox; each further one gets the next number */
  uint32_t keywords;          /**< at most so many different keywords in a mailbox */
  uint32_t expunge_log;       /**< so many removed UIDs are remembered for |vanished|; 0: all */
  uint32_t marked;            /**< 1: LIST shows \Marked and \Unmarked */
  uint32_t no_modseq;         /**< 1: imap4_mailbox_state.no_modseq */
  uint32_t one_modseq;        /**< 1: nobody knows which flags of a message were changed last */
  uint32_t implied_levels;    /**< 1: a mailbox deleted with names below it leaves no \Noselect entry */
  uint32_t plain;             /**< 1: no special uses and no dates of saving are kept */
  uint32_t object_ids;        /**< 1: object identifiers are given (RFC 8474) */
  uint64_t message_octets;    /**< a longer message is IMAP4_ST_TOOBIG; 0: no limit */
  uint64_t quota_octets;      /**< more in an account is IMAP4_ST_OVERQUOTA; 0: no limit */

  /** 1: quotas can be told and set (imap4_store.quota).  Each account is one quota root, named "", and begins
   *  with these limits and |quota_octets|; they hold without this too. */
  uint32_t quota_roots;
  uint64_t quota_messages;    /**< messages in an account; 0: no limit */
  uint64_t quota_mailboxes;   /**< mailboxes in an account, INBOX too; 0: no limit */
  uint64_t soft_quota_octets; /**< above it the client is warned; 0: never */

  imap4_date now;                  /**< internal date of messages that come without one */
  imap4_date (*clock)(void *user); /**< if not NULL, instead of |now| */

  uint32_t manner;                                      /**< IMAP4_MEMORY_NOW, _INSIDE or _LATER */
  uint32_t read_octets;                                 /**< at most so many in one read; 0: no limit */
  uint32_t page_rows;                                   /**< rows, names, ranges in one answer; 0: no limit */
  uint32_t (*choose_manner)(void *user, uint64_t call); /**< if not NULL, instead of |manner| */
  uint32_t (*choose_count)(void *user, uint32_t capacity); /**< if not NULL: 1..capacity, instead of both */

  /** If not NULL, imap4_store.authorize. */
  int (*authorize)(void *user, imap4_str account, imap4_str mailbox, uint32_t rights);
  const imap4_namespace *namespaces; /**< if not NULL, imap4_store.namespaces */
  uint32_t namespace_count;

  /** A SASL mechanism (upper case) that plays |steps| and then logs |sasl_user| in; NULL: none. */
  const char *sasl_mechanismz;
  const imap4_memory_step *steps;
  uint32_t step_count;
  imap4_str sasl_user;
  imap4_str sasl_success; /**< data that goes with success; may be empty */

  void *user; /**< first argument of the functions above */
} imap4_memory_config;

/** What is open or under way, and what has happened so far. */
typedef struct imap4_memory_counts {
  uint64_t accounts;
  uint64_t mailboxes;
  uint64_t uploads;
  uint64_t exchanges;
  uint64_t pending;
  uint64_t calls;       /**< of functions that can fail */
  uint64_t cancelled;   /**< operations cancelled */
  uint64_t bad_cancels; /**< cancels of operations that were not pending */
  uint64_t refused;     /**< completions that imap4_op_complete() refused */
} imap4_memory_counts;

/** '/' as delimiter, UIDVALIDITY from 1, a fixed date, answers at once, no limits. */
void imap4_memory_config_init(imap4_memory_config *config);

/** A store without users: any name and password open the one account there is.  NULL: no memory. */
imap4_memory *imap4_memory_new(const imap4_memory_config *config);
/** When no session is left. */
void imap4_memory_free(imap4_memory *memory);

/** The table for imap4_config.store; its user is the store. */
const imap4_store *imap4_memory_table(const imap4_memory *memory);
/** An account for imap4_session_args.account; NULL: no such user, or no memory. */
void *imap4_memory_account(imap4_memory *memory, imap4_str user);

/** Complete the operation that has waited longest.  1: done; 0: none waits. */
int imap4_memory_complete_next(imap4_memory *memory);
/** Answer like this from now on. */
void imap4_memory_set_manner(imap4_memory *memory, uint32_t manner);
/** The |n|-th call from now on (1: the next) has no effect and answers |status|; 0: none. */
void imap4_memory_fail(imap4_memory *memory, uint64_t n, int status);
void imap4_memory_get_counts(imap4_memory *memory, imap4_memory_counts *counts);

/*
 * Mail, as it comes from elsewhere: each change raises mod-sequences and is told to sessions that watch.
 * |user| empty: the first account.  All return IMAP4_OK or one of IMAP4_ST_*.
 */

/** From the first one on, only users that were added can log in. */
int imap4_memory_add_user(imap4_memory *memory, imap4_str user, imap4_str password);

/** |attributes|: IMAP4_MAILBOX_NOSELECT, _NOINFERIORS, _SUBSCRIBED, _REMOTE and special uses.  Levels above
 * are not made. */
int imap4_memory_add_mailbox(imap4_memory *memory, imap4_str user, imap4_str name, uint32_t attributes);
int imap4_memory_subscribe(imap4_memory *memory, imap4_str user, imap4_str name);
int imap4_memory_remove_mailbox(imap4_memory *memory, imap4_str user, imap4_str name);
int imap4_memory_rename_mailbox(imap4_memory *memory, imap4_str user, imap4_str from, imap4_str to);
/** 0 leaves a value as it is; |uidnext| can't go back. */
int imap4_memory_set_uids(imap4_memory *memory, imap4_str user, imap4_str name, uint32_t uidvalidity,
                          uint32_t uidnext);
int imap4_memory_set_read_only(imap4_memory *memory, imap4_str user, imap4_str name, int32_t read_only);
/** Messages there are so far are not \Recent to anybody any more. */
int imap4_memory_claim_recent(imap4_memory *memory, imap4_str user, imap4_str name);

typedef struct imap4_memory_message {
  imap4_str text; /**< LF alone becomes CRLF */
  uint32_t flags;
  imap4_str keywords;
  imap4_date date;     /**< not |present|: now */
  imap4_date saved;    /**< when it came into the mailbox; not |present|: nobody knows */
  imap4_str thread_id; /**< or empty */
} imap4_memory_message;

int imap4_memory_add_message(imap4_memory *memory, imap4_str user, imap4_str name,
                             const imap4_memory_message *message);
/** |mode|: IMAP4_STORE_REPLACE, _ADD, _REMOVE.  No |uids|: all messages. */
int imap4_memory_set_flags(imap4_memory *memory, imap4_str user, imap4_str name, imap4_uid_ranges uids,
                           uint32_t mode, uint32_t flags, imap4_str keywords);
int imap4_memory_expunge(imap4_memory *memory, imap4_str user, imap4_str name, imap4_uid_ranges uids);

#endif
