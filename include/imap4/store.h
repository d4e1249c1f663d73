/* SPDX-License-Identifier: MIT */
/**
 * @file store.h
 * The store: the table of functions through which a host keeps mail.
 *
 * THE OBJECTS.  Four kinds, all the host's, known to the library as |void *|:
 *   account  what a login yields; released with |release|
 *   mailbox  an open mailbox; released with |close|
 *   upload   messages coming in (APPEND, COPY without |copy|); ended with |append_commit| or |append_abort|
 *   user     the pointer given in imap4_config.store_user, the first argument of every function
 * Accounts, mailboxes and uploads are never NULL; several may be the same pointer.
 *
 * THE SHAPE.  Functions that may take time look alike:
 *
 *     int f(void *user, imap4_op op, const imap4_f_args *args, imap4_f_result *out);
 *
 * A function either fills |*out| and returns a status (IMAP4_OK or one of IMAP4_ST_*), or keeps |op|,
 * returns IMAP4_PENDING, and calls imap4_op_complete(args->session, op, status, &result) later, once, from
 * any depth (inside this very call too), on the thread on which the session runs.  When the session ends
 * first, |cancel| is called; after it has returned, |op| is dead.
 * |*out| is zero but for its |struct_size| when the function is called.
 * A store that never returns IMAP4_PENDING may ignore |op| and leave |cancel| NULL.
 *
 * A function runs inside imap4_session_input(), imap4_session_run() or imap4_session_tick() and may call
 * imap4_op_complete() and imap4_session_notify() only; everything else is refused there with
 * IMAP4_ERR_REENTRANT.
 *
 * MEMORY.  |args| and all it points to is valid until the function returns, also when it returns
 * IMAP4_PENDING: copy what is needed later.  What |out| points to belongs to the store and must stay as
 * it is until that session's next call of a function of the store; what is handed to imap4_op_complete(),
 * until that returns.  Other sessions call in between: arrays of rows and the like belong in the account or
 * the open mailbox.  One array for all sessions would show clients each other's rows.
 *
 * THE END.  When a session ends, the operation under way is cancelled first; then uploads are aborted,
 * mailboxes closed, and last the account is released.
 *
 * ONE AT A TIME.  A session has at most one operation under way.  Different sessions may call from
 * different threads, if the host runs them on such.
 *
 * TRUST.  The library checks what it gets (order, counts, lengths).  An answer that breaks the rules here
 * is treated as IMAP4_ST_SERVERBUG: the client sees NO [SERVERBUG].  Usual causes: |row_size| or |entry_size|
 * was not set; |account| or |mailbox| is NULL; |uidvalidity|, |uidnext| or |highest_modseq| is 0; rows or
 * names do not ascend; |count| is 0 while |last| is 0.  What it can't check: that every change raises
 * |highest_modseq| (else nobody hears of it), that |exists| is the number of messages (else expunges are told
 * late or never), that no row's |modseq| is above |highest_modseq|, and that |size| is what |read| gives
 * (else the connection ends in the middle of the message).
 *
 * READ-ONLY STORES answer |read_only| = 1 to open and IMAP4_ST_NOPERM to append_begin, create, remove, rename
 * and subscribe.  Then store_flags, expunge and the rest of append are never called, but required members
 * must be there all the same: functions that return IMAP4_ST_NOPERM will do.  The same holds for a store that
 * lets flags change and takes no mail: append_begin answers IMAP4_ST_NOPERM.
 *
 * MAILBOX NAMES are UTF-8 with the account's hierarchy delimiter between levels, never empty, never with
 * a NUL or control character, no empty level, no delimiter at either end, not longer than
 * imap4_limits.mailbox_octets.  "INBOX" is always spelt in upper case as a whole first level.  A store
 * that cannot hold a name answers IMAP4_ST_CANNOT.  INBOX always exists: the library never asks to create,
 * remove or rename it.
 *
 * KEYWORDS (flags other than the five system flags) are atoms (RFC 3501 section 9, flag-keyword),
 * compared without regard to ASCII case, in lists separated by one space: "$Forwarded Work".
 *
 * UIDS AND MOD-SEQUENCES.  A store gives each message of a mailbox a UID (RFC 3501 section 2.3.1.1):
 * strictly ascending, never used again while UIDVALIDITY stays.  It keeps one mod-sequence per mailbox (RFC
 * 7162): every change (message added, flags changed, message removed) raises |highest_modseq|, and the
 * changed messages get the new value.  From these two the library works out everything that a client
 * must hear.  Clients keep them as they keep UIDs: while UIDVALIDITY stays they never go back.  A store that
 * cannot keep a mod-sequence per message may give all messages the value of the mailbox, at the price of
 * longer announcements.  With that alone CONDSTORE and QRESYNC are offered; |vanished| and |uids| make
 * QRESYNC cheaper.  A store whose mod-sequences do not last sets |no_modseq|.
 */
#ifndef IMAP4_STORE_H
#define IMAP4_STORE_H

#include "imap4/error.h"
#include "imap4/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- accounts ------------------------------------------------------------------------------- */

typedef struct imap4_authenticate_args {
  uint32_t struct_size;
  int32_t secure; /**< 1: the connection is protected (TLS, or the host said so) */
  imap4_session *session;
  imap4_str mechanism; /**< "LOGIN" (the command) or "PLAIN" or "LOGIN" as SASL mechanism: all plain text */
  imap4_str user;      /**< who proves who they are: UTF-8, no NUL, no control characters */
  imap4_str password;  /**< octets without NUL; the library wipes its copy */
  /** Whose mail is wanted (RFC 4616 authzid), if not the user's own; else empty.  A store that lets nobody do
   *  that answers IMAP4_ST_AUTHZFAILED. */
  imap4_str authorize;
} imap4_authenticate_args;

typedef struct imap4_authenticate_result {
  uint32_t struct_size;
  uint32_t delimiter; /**< hierarchy delimiter of this account's names, an ASCII character; default '/' */
  void *account;
} imap4_authenticate_result;

/** A step of a SASL mechanism that the store brings (imap4_store.sasl_mechanismsz). */
typedef struct imap4_sasl_args {
  uint32_t struct_size;
  int32_t secure;
  imap4_session *session;
  imap4_str mechanism;  /**< in upper case */
  imap4_str response;   /**< what the client sent, decoded; valid when |has_response| */
  void *exchange;       /**< NULL at the first step, then what the last step left in its result */
  int32_t has_response; /**< 0: first step without initial response (RFC 4959) */
} imap4_sasl_args;

typedef struct imap4_sasl_result {
  uint32_t struct_size;
  int32_t done;        /**< 1: success, |account| is valid; 0: send |challenge| and go on */
  imap4_str challenge; /**< not encoded; with |done|, data for the client that goes with success, or empty */
  void *exchange;      /**< the store's own, kept by the library between steps */
  void *account;
  uint32_t delimiter; /**< as in imap4_authenticate_result */
} imap4_sasl_result;

/* ---- mailboxes as names --------------------------------------------------------------------- */

/** What is known of a name in LIST. */
#define IMAP4_MAILBOX_NOSELECT 0x01u    /**< a level of hierarchy only (\Noselect) */
#define IMAP4_MAILBOX_NOINFERIORS 0x02u /**< can have no names below it (\Noinferiors) */
#define IMAP4_MAILBOX_MARKED 0x04u      /**< has got messages since it was last selected (\Marked) */
#define IMAP4_MAILBOX_UNMARKED 0x08u    /**< has not (\Unmarked) */
#define IMAP4_MAILBOX_SUBSCRIBED 0x10u  /**< is subscribed */
#define IMAP4_MAILBOX_NONEXISTENT 0x20u /**< subscribed, but there is no such mailbox */
/** Is on another server; shown only to clients that ask for such (\Remote, RFC 5258 section 3.1). */
#define IMAP4_MAILBOX_REMOTE 0x40u
/** Special uses (RFC 6154 section 2, RFC 8457); see imap4_store.special_uses. */
#define IMAP4_MAILBOX_ALL 0x0100u       /**< \All */
#define IMAP4_MAILBOX_ARCHIVE 0x0200u   /**< \Archive */
#define IMAP4_MAILBOX_DRAFTS 0x0400u    /**< \Drafts */
#define IMAP4_MAILBOX_FLAGGED 0x0800u   /**< \Flagged */
#define IMAP4_MAILBOX_IMPORTANT 0x1000u /**< \Important */
#define IMAP4_MAILBOX_JUNK 0x2000u      /**< \Junk */
#define IMAP4_MAILBOX_SENT 0x4000u      /**< \Sent */
#define IMAP4_MAILBOX_TRASH 0x8000u     /**< \Trash */
#define IMAP4_MAILBOX_USES 0xFF00u      /**< all of these */

typedef struct imap4_mailbox_entry {
  imap4_str name;
  uint32_t attributes; /**< IMAP4_MAILBOX_* */
  uint32_t reserved;   /**< 0 */
} imap4_mailbox_entry;

/**
 * Names after |after| in the order of imap4_mailbox_compare().  Every mailbox is given and every
 * subscribed name (with IMAP4_MAILBOX_NONEXISTENT if there is none).  Levels that exist only because
 * something is below them need not be given.
 */
typedef struct imap4_list_args {
  uint32_t struct_size;
  uint32_t capacity; /**< at most so many entries */
  imap4_session *session;
  void *account;
  imap4_str after;  /**< empty: from the start */
  imap4_str prefix; /**< a hint: names that do not begin with this are not needed */
} imap4_list_args;

typedef struct imap4_list_result {
  uint32_t struct_size;
  uint32_t entry_size; /**< sizeof(imap4_mailbox_entry) as the store compiled it */
  const imap4_mailbox_entry *entries;
  uint32_t count;
  int32_t last; /**< 1: nothing follows */
} imap4_list_result;

/** For create, remove and subscribe: one name. */
typedef struct imap4_name_args {
  uint32_t struct_size;
  int32_t on; /**< subscribe: 1 subscribe, 0 unsubscribe; create: 1 if the client means to put names below
                   it (trailing delimiter); else 0 */
  imap4_session *session;
  void *account;
  imap4_str name;
  uint32_t uses; /**< create: special uses that the mailbox gets, of imap4_store.create_uses; else 0 */
  uint32_t reserved;
} imap4_name_args;

typedef struct imap4_rename_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *account;
  imap4_str from;
  imap4_str to;
} imap4_rename_args;

/** Result of functions that answer with a status alone. */
typedef struct imap4_empty_result {
  uint32_t struct_size;
  uint32_t reserved;
} imap4_empty_result;

/* ---- an open mailbox ------------------------------------------------------------------------ */

/** Where a mailbox stands: the result of poll. */
typedef struct imap4_mailbox_state {
  uint32_t struct_size;
  uint32_t uidvalidity;    /**< > 0 */
  uint32_t uidnext;        /**< > every UID ever given, >= 1 */
  uint32_t exists;         /**< number of messages */
  uint64_t highest_modseq; /**< > 0, at most 2^63-1; raised by every change */
  /** Messages with this UID or a higher one had not been shown to any session before; see |claim_recent|.
   *  0: the store does not know, then only what arrives during a session is \Recent to it. */
  uint32_t first_recent;
  uint32_t flags;     /**< IMAP4_FLAG_*: system flags that can be kept, normally IMAP4_FLAG_ALL */
  imap4_str keywords; /**< keywords in use or known in this mailbox */
  /** 1: a client may make up more (PERMANENTFLAGS \*).  This is only told: keywords that are not in
   * |keywords| come to store_flags and append_message all the same.  IMAP4_ST_LIMIT refuses them; a store
   * that passes them over has the client hear OK. */
  int32_t new_keywords;
  /** 1: mod-sequences are good for this session only, because they are not kept when nobody has the mailbox
   *  open, or are those of some other store next time.  Clients are told NOMODSEQ (RFC 7162 section 3.1.2.2)
   *  and hear of no mod-sequence.  Looked at when a mailbox is selected. */
  int32_t no_modseq;
  /** MAILBOXID (see imap4_store.keeps): another for each mailbox, the same after rename, never used again. */
  imap4_str mailbox_id;
} imap4_mailbox_state;

typedef struct imap4_open_args {
  uint32_t struct_size;
  int32_t read_only; /**< 1: EXAMINE or STATUS: nothing will be changed */
  imap4_session *session;
  void *account;
  imap4_str name;
} imap4_open_args;

/** The library polls right after it has opened. */
typedef struct imap4_open_result {
  uint32_t struct_size;
  int32_t read_only; /**< 1: this user may not change the mailbox */
  void *mailbox;
} imap4_open_result;

typedef struct imap4_poll_args {
  uint32_t struct_size;
  int32_t claim_recent; /**< 1: what |first_recent| reports is from now on no longer new to anybody else */
  imap4_session *session;
  void *mailbox;
  int32_t checkpoint; /**< 1: CHECK: do your housekeeping, look at the disk again */
  int32_t reserved;
} imap4_poll_args;

/* ---- messages ------------------------------------------------------------------------------- */

/** What a row of imap4_query_result must hold beside the UID. */
#define IMAP4_ATTR_FLAGS 0x01u        /**< |flags| and |keywords| */
#define IMAP4_ATTR_INTERNALDATE 0x02u /**< |internaldate| */
#define IMAP4_ATTR_SIZE 0x04u         /**< |size| */
#define IMAP4_ATTR_MODSEQ 0x08u       /**< |modseq| */
#define IMAP4_ATTR_DIGEST 0x10u       /**< |digest|, if the store has one */
#define IMAP4_ATTR_OBJECTID 0x20u     /**< |email_id| and |thread_id| */
#define IMAP4_ATTR_SAVEDATE 0x40u     /**< |saved| */

typedef struct imap4_row {
  uint32_t uid;
  uint32_t flags; /**< IMAP4_FLAG_* */
  imap4_str keywords;
  imap4_date internaldate; /**< always |present|; without it clients see 1-Jan-1970 */
  /** Octets of the message with CRLF line ends: exactly what |read| gives; at most 2^63-1. */
  uint64_t size;
  uint64_t modseq;  /**< 0 < modseq <= the mailbox's highest */
  imap4_str digest; /**< as the library gave it (imap4_append_write_args.digest), or empty */
  /** EMAILID and THREADID (see imap4_store.keeps).  Messages with the same |email_id| have the same octets,
   * and a copy has that of its source; |thread_id| empty: not known. */
  imap4_str email_id;
  imap4_str thread_id;
  imap4_date saved; /**< when it came into this mailbox (RFC 8514); not |present|: not kept here */
} imap4_row;

/** Which messages: all conditions together. */
typedef struct imap4_query_args {
  uint32_t struct_size;
  uint32_t attributes; /**< IMAP4_ATTR_* */
  imap4_session *session;
  void *mailbox;
  imap4_uid_ranges uids;  /**< only these; n = 0: all */
  uint64_t changed_since; /**< only messages whose mod-sequence is greater; 0: all */
  uint32_t after_uid;     /**< only UIDs greater than this: where the last call ended */
  uint32_t capacity;      /**< at most so many rows, >= 1 */
} imap4_query_args;

/** Rows in ascending order of UID.  Fewer than |capacity| are fine while |last| is 0 (one at least), and so
 * are attributes that were not asked for. */
typedef struct imap4_query_result {
  uint32_t struct_size;
  uint32_t row_size; /**< sizeof(imap4_row) as the store compiled it */
  const imap4_row *rows;
  uint32_t count;
  int32_t last; /**< 1: no message after these meets the conditions */
} imap4_query_result;

typedef struct imap4_read_args {
  uint32_t struct_size;
  uint32_t uid;
  imap4_session *session;
  void *mailbox;
  uint64_t offset;   /**< octets from the start of the message, < size */
  uint32_t capacity; /**< at most so many octets, >= 1 */
  uint32_t reserved;
} imap4_read_args;

/** 1 to |capacity| octets from |offset|.  IMAP4_ST_EXPUNGED when the message is gone. */
typedef struct imap4_read_result {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_str data;
} imap4_read_result;

/** How store_flags changes flags. */
#define IMAP4_STORE_REPLACE 0u
#define IMAP4_STORE_ADD 1u
#define IMAP4_STORE_REMOVE 2u

typedef struct imap4_store_flags_args {
  uint32_t struct_size;
  uint32_t mode; /**< IMAP4_STORE_* */
  imap4_session *session;
  void *mailbox;
  imap4_uid_ranges uids; /**< never empty; UIDs that are gone are passed over */
  uint32_t flags;        /**< IMAP4_FLAG_* */
  uint32_t reserved;
  imap4_str keywords;
  /** Change only messages whose mod-sequence is not greater; 0: no condition (a client's UNCHANGEDSINCE 0
   * never comes here).  With IMAP4_STORE_ADD and _REMOVE, a store that knows when each flag was changed last
   * goes by the flags named here (RFC 7162 section 3.1.12).
   */
  uint64_t unchanged_since;
} imap4_store_flags_args;

typedef struct imap4_store_flags_result {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t previous_modseq;  /**< the mailbox's highest_modseq right before this change; 0: not known */
  uint64_t highest_modseq;   /**< right after it; the same if nothing had to be changed */
  imap4_uid_ranges modified; /**< left as they were because of |unchanged_since| */
} imap4_store_flags_result;

typedef struct imap4_expunge_args {
  uint32_t struct_size;
  int32_t only_deleted; /**< 1: only those that have \Deleted at that moment; 0: all of |uids| (MOVE) */
  imap4_session *session;
  void *mailbox;
  imap4_uid_ranges uids; /**< never empty; UIDs that are gone are passed over */
} imap4_expunge_args;

/* ---- messages coming in --------------------------------------------------------------------- */

typedef struct imap4_append_begin_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *account;
  imap4_str mailbox;
  /** REPLACE: the open mailbox and the UID of the message that goes when this upload is committed (with
   *  imap4_store.replace); for quotas it may count as gone already (RFC 8508 section 3.4).  Else NULL and 0.
   */
  void *replaces_in;
  uint32_t replaces;
  uint32_t reserved2; /**< 0 */
} imap4_append_begin_args;

typedef struct imap4_append_begin_result {
  uint32_t struct_size;
  uint32_t reserved;
  void *upload;
} imap4_append_begin_result;

/** The next message of an upload begins. */
typedef struct imap4_append_message_args {
  uint32_t struct_size;
  uint32_t flags; /**< IMAP4_FLAG_* */
  imap4_session *session;
  void *upload;
  imap4_str keywords;
  imap4_date internaldate; /**< not |present|: now */
  uint64_t size;           /**< octets that will follow */
  /** The message is a copy of one that has these (imap4_row); empty: it is new. */
  imap4_str email_id;
  imap4_str thread_id;
  /** 1: sent as literal8 (RFC 3516): it may hold NUL, and those must be kept.  A store that can't answers
   *  IMAP4_ST_UNKNOWNCTE.  NUL that |read| gives later is sent as it is in BINARY and as "?" in BODY.  0
   *  in a copy, which has the octets that |read| gave. */
  int32_t binary;
  int32_t reserved; /**< 0 */
} imap4_append_message_args;

typedef struct imap4_append_write_args {
  uint32_t struct_size;
  int32_t last; /**< 1: the message is complete with this */
  imap4_session *session;
  void *upload;
  imap4_str data; /**< the next octets, as the client sent them: at most 32,768; none for an empty message */
  imap4_str digest; /**< with |last|: to be kept beside the message and given back in rows; may be empty */
} imap4_append_write_args;

/** For append_commit. */
typedef struct imap4_upload_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *upload;
} imap4_upload_args;

/** For replace. */
typedef struct imap4_replace_args {
  uint32_t struct_size;
  uint32_t uid; /**< of the message that goes */
  imap4_session *session;
  void *upload;
  void *mailbox; /**< that the message is in; the upload may be for this mailbox or for another */
} imap4_replace_args;

typedef struct imap4_append_commit_result {
  uint32_t struct_size;
  uint32_t uidvalidity;  /**< of the mailbox the messages went to; 0: no UIDs are known */
  imap4_uid_ranges uids; /**< of the messages, in the order of the upload */
  int32_t over_quota;    /**< 1: done, but the mailbox is above a soft quota now; the client is told */
  int32_t reserved;      /**< 0 */
} imap4_append_commit_result;

/* ---- optional functions --------------------------------------------------------------------- */

typedef struct imap4_copy_args {
  uint32_t struct_size;
  int32_t whole; /**< 1: if one of |uids| is gone, nothing is copied: IMAP4_ST_EXPUNGED; 0: those are passed
                    over */
  imap4_session *session;
  void *mailbox;         /**< from */
  imap4_uid_ranges uids; /**< never empty */
  imap4_str to;          /**< name of the mailbox to copy to, may be the same one */
} imap4_copy_args;

typedef struct imap4_copy_result {
  uint32_t struct_size;
  uint32_t uidvalidity;    /**< of the mailbox copied to; 0: no UIDs are known */
  imap4_uid_ranges source; /**< UIDs that were copied */
  imap4_uid_ranges target; /**< their new UIDs, in the same order, as many */
  int32_t over_quota;      /**< as in imap4_append_commit_result */
  int32_t reserved;        /**< 0 */
} imap4_copy_result;

typedef struct imap4_vanished_args {
  uint32_t struct_size;
  uint32_t after_uid; /**< only UIDs greater than this */
  imap4_session *session;
  void *mailbox;
  uint64_t since;    /**< removed after the mailbox's highest_modseq had this value */
  uint32_t capacity; /**< at most so many ranges */
  uint32_t reserved;
} imap4_vanished_args;

/** UIDs that are gone; more than were removed since then may be named, never one that is there. */
typedef struct imap4_vanished_result {
  uint32_t struct_size;
  int32_t last;
  imap4_uid_ranges uids;
} imap4_vanished_result;

typedef struct imap4_uids_args {
  uint32_t struct_size;
  uint32_t after_uid; /**< only UIDs greater than this: where the last call ended */
  imap4_session *session;
  void *mailbox;
  uint32_t capacity;    /**< at most so many ranges, >= 1 */
  int32_t wants_unseen; /**< 1: |first_unseen| is to be found out */
} imap4_uids_args;

/** The UIDs of all messages, as ranges in ascending order.  Fewer than |capacity| are fine while |last| is 0
 *  (one at least). */
typedef struct imap4_uids_result {
  uint32_t struct_size;
  int32_t last; /**< 1: no message has a greater UID */
  imap4_uid_ranges uids;
  uint32_t first_unseen; /**< UID of the mailbox's first message without \Seen; 0: there is none */
  uint32_t reserved;
} imap4_uids_result;

/** A digest that the library made of a message that had none, or a damaged one, or one that has got a preview
 *  since (RFC 8970).  It shows what is in the message: whoever may not read that, may not read this. */
typedef struct imap4_keep_digest_args {
  uint32_t struct_size;
  uint32_t uid;
  imap4_session *session;
  void *mailbox;
  imap4_str digest;
} imap4_keep_digest_args;

/** Items of STATUS (RFC 3501 section 6.3.10). */
#define IMAP4_STATUS_MESSAGES 0x01u
#define IMAP4_STATUS_RECENT 0x02u
#define IMAP4_STATUS_UIDNEXT 0x04u
#define IMAP4_STATUS_UIDVALIDITY 0x08u
#define IMAP4_STATUS_UNSEEN 0x10u
#define IMAP4_STATUS_SIZE 0x20u             /**< RFC 8438 */
#define IMAP4_STATUS_DELETED 0x40u          /**< RFC 9051 section 6.3.11 */
#define IMAP4_STATUS_APPENDLIMIT 0x80u      /**< RFC 7889; the library knows, a store need do nothing */
#define IMAP4_STATUS_MAILBOXID 0x100u       /**< RFC 8474 */
#define IMAP4_STATUS_HIGHESTMODSEQ 0x200u   /**< RFC 7162 */
#define IMAP4_STATUS_DELETED_STORAGE 0x400u /**< RFC 9208 section 4.1.4 */

typedef struct imap4_status_args {
  uint32_t struct_size;
  uint32_t items; /**< IMAP4_STATUS_* */
  imap4_session *session;
  void *account;
  imap4_str name;
} imap4_status_args;

/** |uidnext| and |uidvalidity| are always there; the others if they were asked for. */
typedef struct imap4_status_result {
  uint32_t struct_size;
  uint32_t messages;
  uint32_t recent;
  uint32_t uidnext;
  uint32_t uidvalidity;
  uint32_t unseen;
  /** Which of IMAP4_STATUS_SIZE, _DELETED, _MAILBOXID, _HIGHESTMODSEQ and _DELETED_STORAGE are given here;
   *  where one that was asked for is not, the library opens the mailbox and finds out. */
  uint32_t known;
  uint32_t deleted;         /**< messages that have \Deleted */
  uint64_t size;            /**< octets of all messages together */
  imap4_str mailbox_id;     /**< as in imap4_mailbox_state */
  uint64_t highest_modseq;  /**< as in imap4_mailbox_state; 0 where that says |no_modseq| */
  uint64_t deleted_storage; /**< octets that an EXPUNGE would free, at least about */
} imap4_status_result;

/** Resources of quotas (RFC 9208 section 5). */
#define IMAP4_QUOTA_STORAGE 0x01u            /**< space, in units of 1,024 octets */
#define IMAP4_QUOTA_MESSAGE 0x02u            /**< messages */
#define IMAP4_QUOTA_MAILBOX 0x04u            /**< mailboxes */
#define IMAP4_QUOTA_ANNOTATION_STORAGE 0x08u /**< annotations of messages, in units of 1,024 octets */

/** Which quota roots govern a mailbox?  It need not exist: then those that would. */
typedef struct imap4_quota_roots_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *account;
  imap4_str name;
} imap4_quota_roots_args;

typedef struct imap4_quota_roots_result {
  uint32_t struct_size;
  uint32_t count;         /**< at most 64 */
  const imap4_str *roots; /**< names, UTF-8 without NUL; one may be empty */
} imap4_quota_roots_result;

/** One resource of a quota root; numbers above 2^63 - 1 are told as that. */
typedef struct imap4_quota_resource {
  uint64_t usage;
  uint64_t limit;
} imap4_quota_resource;

typedef struct imap4_quota_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *account;
  imap4_str root; /**< as the client spells it, no NUL */
} imap4_quota_args;

/** Only resources that are limited are told (RFC 9208 section 4.2.1). */
typedef struct imap4_quota_result {
  uint32_t struct_size;
  uint32_t limited; /**< IMAP4_QUOTA_*: which of these have a limit */
  imap4_quota_resource storage;
  imap4_quota_resource message;
  imap4_quota_resource mailbox;
  imap4_quota_resource annotation_storage;
} imap4_quota_result;

typedef struct imap4_set_quota_args {
  uint32_t struct_size;
  uint32_t limited; /**< IMAP4_QUOTA_*: these get a limit, all others have none from now on */
  imap4_session *session;
  void *account;
  imap4_str root;
  uint64_t storage;
  uint64_t message;
  uint64_t mailbox;
  uint64_t annotation_storage;
} imap4_set_quota_args;

/** What a session is about to do with a mailbox (imap4_store.authorize). */
#define IMAP4_RIGHT_LOOKUP 0x01u /**< see the name in LIST */
#define IMAP4_RIGHT_READ 0x02u   /**< open it, STATUS */
#define IMAP4_RIGHT_WRITE 0x04u  /**< open it for changes */
#define IMAP4_RIGHT_INSERT 0x08u /**< APPEND, COPY and MOVE into it */
#define IMAP4_RIGHT_CREATE 0x10u /**< create it, or rename something to it */
#define IMAP4_RIGHT_DELETE 0x20u /**< delete it, or rename it */

typedef struct imap4_authorize_args {
  uint32_t struct_size;
  uint32_t rights; /**< IMAP4_RIGHT_*, all of which are needed */
  imap4_session *session;
  void *account;
  imap4_str name;
} imap4_authorize_args;

/** Namespaces (RFC 2342): prefixes with a delimiter at their end.  Without one of kind 0, the library adds
 * the personal one with an empty prefix. */
typedef struct imap4_namespace {
  imap4_str prefix;
  uint32_t kind;      /**< 0 personal, 1 other users', 2 shared */
  uint32_t delimiter; /**< 0: the account's */
} imap4_namespace;

typedef struct imap4_namespaces_args {
  uint32_t struct_size;
  uint32_t reserved;
  imap4_session *session;
  void *account;
} imap4_namespaces_args;

typedef struct imap4_namespaces_result {
  uint32_t struct_size;
  uint32_t entry_size; /**< sizeof(imap4_namespace) as the store compiled it */
  const imap4_namespace *entries;
  uint32_t count;
  uint32_t reserved;
} imap4_namespaces_result;

/* What a store keeps beyond what is required (imap4_store.keeps). */
/** Object identifiers (RFC 8474): |mailbox_id|, |email_id| and maybe |thread_id|, each of 1 to 255 letters,
 *  digits, "-" and "_", not used for anything else in the account. */
#define IMAP4_KEEPS_OBJECT_IDS 0x01u
/** The date at which a message came into its mailbox (imap4_row.saved), in some mailboxes at least. */
#define IMAP4_KEEPS_SAVE_DATES 0x02u

/* ---- the table ------------------------------------------------------------------------------ */

/**
 * A store.  Members are "required" or "optional"; an optional one that is NULL is done without, as its
 * comment says.  The table is copied by imap4_server_new().
 */
typedef struct imap4_store {
  uint32_t struct_size; /**< sizeof(imap4_store) */
  uint32_t reserved;    /**< 0 */

  /* Required since 0.1. */

  /** Check a password.  IMAP4_ST_AUTHFAILED when it is wrong, without saying what was. */
  int (*authenticate)(void *user, imap4_op op, const imap4_authenticate_args *args,
                      imap4_authenticate_result *out);
  /** The account is no longer used.  Cannot fail. */
  void (*release)(void *user, void *account);
  /** Names of mailboxes and subscriptions; see imap4_list_args. */
  int (*list)(void *user, imap4_op op, const imap4_list_args *args, imap4_list_result *out);
  /** Make a mailbox, and the levels above it where the store needs them.  IMAP4_ST_ALREADYEXISTS. A name
   *  that was there before gets a new UIDVALIDITY or goes on with higher UIDs.  IMAP4_ST_UNSUPPORTED: it
   * can't have the special uses that are asked for, and was not made. */
  int (*create)(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
  /** Delete a mailbox with its messages, never what is below it.  IMAP4_ST_NONEXISTENT;
   *  IMAP4_ST_HASCHILDREN when it is \Noselect with names below it.  Subscriptions stay. */
  int (*remove)(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
  /** Rename a mailbox and everything below it.  IMAP4_ST_NONEXISTENT, also for a level that nothing exists
   *  below; IMAP4_ST_ALREADYEXISTS for the new name; levels above it are made like in create.  Never called
   *  for INBOX as source: the library moves its messages instead (RFC 3501 section 6.3.5). */
  int (*rename)(void *user, imap4_op op, const imap4_rename_args *args, imap4_empty_result *out);
  /** Change the list of subscriptions.  The name need not exist.  |authorize| is not asked. */
  int (*subscribe)(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
  /** Open a mailbox.  IMAP4_ST_NONEXISTENT. */
  int (*open)(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out);
  /** The mailbox is no longer used; what was changed stays changed.  Cannot fail. */
  void (*close)(void *user, void *mailbox);
  /** Has anything changed?  Cheap when nothing has.  IMAP4_ST_NONEXISTENT when the mailbox was deleted, or
   *  replaced by one of the same name: the session ends with BYE. */
  int (*poll)(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out);
  /** Messages and their attributes. */
  int (*query)(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out);
  /** Octets of a message. */
  int (*read)(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out);
  /** Begin to take messages into a mailbox.  IMAP4_ST_NONEXISTENT. */
  int (*append_begin)(void *user, imap4_op op, const imap4_append_begin_args *args,
                      imap4_append_begin_result *out);
  /** The next message of an upload. */
  int (*append_message)(void *user, imap4_op op, const imap4_append_message_args *args,
                        imap4_empty_result *out);
  /** Octets of the message under way. */
  int (*append_write)(void *user, imap4_op op, const imap4_append_write_args *args, imap4_empty_result *out);
  /** Put all messages of the upload into the mailbox, durably, or none.  The upload ends with this call,
   *  whatever the status is, also when it is cancelled: append_abort is not called for it. */
  int (*append_commit)(void *user, imap4_op op, const imap4_upload_args *args,
                       imap4_append_commit_result *out);
  /** Throw the upload away, at any point, also after a function for it has failed; other calls may come
   * between, so an upload must not hold a lock.  Cannot fail. */
  void (*append_abort)(void *user, void *upload);
  /** Change flags of messages, durably.  System flags that the mailbox can't keep (imap4_mailbox_state.flags)
   * are passed over; a new keyword that it has no room for is IMAP4_ST_LIMIT, and nothing is changed. */
  int (*store_flags)(void *user, imap4_op op, const imap4_store_flags_args *args,
                     imap4_store_flags_result *out);
  /** Remove messages, durably. */
  int (*expunge)(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out);

  /* Optional since 0.1. */

  /** Required if any function returns IMAP4_PENDING.  |op| is that of |session|: numbers are unique within a
   *  session only.  After it returns, |op| is dead: its completion is refused with IMAP4_ERR_STALE_OP.  An
   *  object that |op| was to yield must not be left behind. */
  void (*cancel)(void *user, imap4_session *session, imap4_op op);
  /** Copy messages with flags and dates, all that are there or none.  NULL: the library reads and appends. */
  int (*copy)(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);
  /** Move messages, all that are there or none.  NULL: the library copies, then expunges. */
  int (*move)(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);
  /** Which UIDs are gone.  IMAP4_ST_UNSUPPORTED when |since| is too long ago.  NULL: the library compares
   *  all UIDs when the number of messages does not add up. */
  int (*vanished)(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out);
  /** Keep a digest beside its message, to be given back in rows.  Nothing is lost when this fails.  NULL: the
   *  library reads such messages again whenever it needs one. */
  int (*keep_digest)(void *user, imap4_op op, const imap4_keep_digest_args *args, imap4_empty_result *out);
  /** Numbers for STATUS.  NULL: the library opens the mailbox and counts. */
  int (*status)(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out);
  /** Call imap4_session_notify() when this mailbox changes (|on| = 1), or no longer (0), on the session's
   * thread. IMAP4_OK: it will; anything else: it can't now, and the library polls.  NULL: the library polls
   * every imap4_limits.poll_ms during IDLE. */
  int (*watch)(void *user, imap4_session *session, void *mailbox, int32_t on);
  /** May this account do that?  IMAP4_OK or IMAP4_ST_NOPERM (or IMAP4_ST_NONEXISTENT, to hide that the name
   *  is there).  Answers at once.  NULL: whatever the other functions allow. */
  int (*authorize)(void *user, const imap4_authorize_args *args);
  /** Namespaces.  NULL: one personal namespace with an empty prefix. */
  int (*namespaces)(void *user, imap4_op op, const imap4_namespaces_args *args, imap4_namespaces_result *out);
  /** Names of SASL mechanisms that |sasl| speaks, in upper case, separated by a space; NULL: none. */
  const char *sasl_mechanismsz;
  /** One step of such a mechanism.  With |done| the exchange is over and the store frees it; a step that
   *  fails leaves it to sasl_abort. */
  int (*sasl)(void *user, imap4_op op, const imap4_sasl_args *args, imap4_sasl_result *out);
  /** An exchange ends without success: the client gave up, or a step failed.  Cannot fail. */
  void (*sasl_abort)(void *user, void *exchange);
  /** Special uses (IMAP4_MAILBOX_ALL and so on) that mailboxes of this store may have; 0: SPECIAL-USE is not
   *  offered. */
  uint32_t special_uses;
  /** Those of them that |create| gives to a mailbox when it is asked to (imap4_name_args.uses); 0:
   *  CREATE-SPECIAL-USE is not offered. */
  uint32_t create_uses;
  uint32_t keeps; /**< IMAP4_KEEPS_* */
  /** IMAP4_QUOTA_*: resources that |quota| may tell of; each is a capability (QUOTA=RES-...). */
  uint32_t quota_resources;
  /** Quota roots of a mailbox.  The library has asked |authorize| for IMAP4_RIGHT_READ.  NULL, like |quota|
   *  and |quota_resources| 0: no QUOTA. */
  int (*quota_roots)(void *user, imap4_op op, const imap4_quota_roots_args *args,
                     imap4_quota_roots_result *out);
  /** Usage and limits of a quota root.  IMAP4_ST_NONEXISTENT; IMAP4_ST_NOPERM when it is not this account's
   *  to see. */
  int (*quota)(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out);
  /** Change the limits of a quota root; limits may be rounded, the library asks for them after it.
   *  IMAP4_ST_NOPERM for those who may not, IMAP4_ST_CANNOT for limits that can't be changed.  NULL: no
   *  QUOTASET. */
  int (*set_quota)(void *user, imap4_op op, const imap4_set_quota_args *args, imap4_empty_result *out);
  /** The same as append_commit, and take a message away with it: both or neither.  IMAP4_ST_EXPUNGED when
   * that message is gone.  NULL: there is no REPLACE. */
  int (*replace)(void *user, imap4_op op, const imap4_replace_args *args, imap4_append_commit_result *out);
  /** Which messages there are.  With this and |vanished|, to select a mailbox again costs what has changed
   *  since, where the store can find that without looking at every message.  NULL or IMAP4_ST_UNSUPPORTED:
   * the library asks |query| about all of them. */
  int (*uids)(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out);
} imap4_store;

/**
 * Bring the result of an operation for which a store's function returned IMAP4_PENDING.
 *
 * |status| is what the function would have returned; |result| points to the result struct of that
 * function, with its |struct_size| set, is read when |status| is IMAP4_OK, and is copied.  This only records:
 * the session goes on in the next imap4_session_run() (imap4_session_want() has IMAP4_WANT_RUN), so it may be
 * called from anywhere, inside callbacks too.
 *
 * Returns: IMAP4_OK; IMAP4_ERR_STALE_OP (never begun, completed before, cancelled); IMAP4_ERR_INVALID;
 *          IMAP4_ERR_VERSION (|struct_size| is too small).
 */
IMAP4_API int imap4_op_complete(imap4_session *session, imap4_op op, int status, const void *result);

#ifdef __cplusplus
}
#endif

#endif
