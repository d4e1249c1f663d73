/* SPDX-License-Identifier: MIT */
/*
 * What the parser makes of a command: typed arguments, one struct per shape of arguments.  Spans point into
 * the command's text or its arena and live as long as the command.  Mailbox names are UTF-8 with INBOX
 * spelt in upper case.  Knows no session and no store.
 */
#ifndef IMAP4I_COMMAND_H
#define IMAP4I_COMMAND_H

#include "base/arena.h"
#include "wire/section.h"

/* "*" in a set: the largest number in use. */
#define IMAP4I_STAR 0u

/* A range of a sequence set as written: either end may be IMAP4I_STAR, and first may be above last. */
typedef struct imap4i_set_range {
  uint32_t first;
  uint32_t last;
} imap4i_set_range;

/* A set as written.  |n| is 0 for "$", the saved result of a SEARCH (RFC 5182), and only for it. */
typedef struct imap4i_set {
  imap4i_set_range *p;
  size_t n;
} imap4i_set;

/* Flags as written: system bits, and keywords separated by a space.  \Recent is taken and dropped where a
 * client may name it by mistake. */
typedef struct imap4i_flags {
  uint32_t system;
  imap4_str keywords;
} imap4i_flags;

typedef struct imap4i_mailbox_args { /* CREATE DELETE SUBSCRIBE UNSUBSCRIBE */
  imap4_str name;
  uint32_t uses;    /* CREATE: IMAP4_MAILBOX_ALL and so on */
  bool has_uses;    /* CREATE: USE was given */
  bool unknown_use; /* and names one that is not known */
} imap4i_mailbox_args;

typedef struct imap4i_select_args { /* SELECT EXAMINE */
  imap4_str name;
  bool condstore; /* RFC 7162 section 3.1.8 */
  bool qresync;   /* section 3.2.5: all that follows */
  bool has_known; /* |known| was given */
  uint32_t uidvalidity;
  uint64_t modseq;
  imap4i_set known;      /* UIDs; no "*" in this set and the next two */
  imap4i_set match_seqs; /* ascending, as many as |match_uids|; n = 0: not given */
  imap4i_set match_uids;
} imap4i_select_args;

typedef struct imap4i_rename_args {
  imap4_str from;
  imap4_str to;
} imap4i_rename_args;

typedef struct imap4i_login_args {
  imap4_str user;
  imap4_str password;
} imap4i_login_args;

typedef struct imap4i_authenticate_args {
  imap4_str mechanism; /* in upper case */
  bool has_initial;    /* RFC 4959 */
  imap4_str initial;   /* base64 as written, "=" for empty */
} imap4i_authenticate_args;

/* Selection and return options of LIST (RFC 5258). */
#define IMAP4I_LIST_SUBSCRIBED 0x01u
#define IMAP4I_LIST_REMOTE 0x02u
#define IMAP4I_LIST_RECURSIVE 0x04u
#define IMAP4I_LIST_CHILDREN 0x08u
#define IMAP4I_LIST_STATUS 0x10u      /* RFC 5819 */
#define IMAP4I_LIST_SPECIAL_USE 0x20u /* RFC 6154 */

typedef struct imap4i_list_args { /* LIST LSUB */
  imap4_str reference;
  imap4_str *patterns; /* UTF-8, wildcards * and % as they are */
  size_t count;        /* of them; those that are too long are ignored (RFC 9051 section 6.3.9) */
  uint32_t select;     /* IMAP4I_LIST_* */
  uint32_t returns;
  uint32_t items; /* of RETURN (STATUS ...): IMAP4_STATUS_* */
  bool extended;  /* any of what RFC 5258 has added was used */
} imap4i_list_args;

/* A special use (RFC 6154) and its name; the table ends with 0. */
typedef struct imap4i_special_use {
  uint32_t bit; /* IMAP4_MAILBOX_ALL and so on */
  imap4_str name;
} imap4i_special_use;
extern const imap4i_special_use imap4i_special_uses[];

typedef struct imap4i_status_args {
  imap4_str name;
  uint32_t items; /* IMAP4_STATUS_* */
} imap4i_status_args;

/* One message of APPEND: all before its literal. */
typedef struct imap4i_append_message {
  imap4i_flags flags;
  imap4_date date;
  uint64_t size;
  bool sync;   /* {n}: the client waits for "+"; false: {n+} */
  bool binary; /* literal8, ~{n} (RFC 3516) */
  bool closes; /* UTF8 (~{n}: a parenthesis follows the message (RFC 6855) */
} imap4i_append_message;

typedef struct imap4i_append_args { /* APPEND REPLACE */
  imap4i_set replaces;              /* REPLACE: one number */
  imap4_str name;
  imap4i_append_message message;
} imap4i_append_args;

/* Kinds of FETCH items. */
enum {
  IMAP4I_FETCH_UID,
  IMAP4I_FETCH_FLAGS,
  IMAP4I_FETCH_INTERNALDATE,
  IMAP4I_FETCH_SIZE, /* RFC822.SIZE */
  IMAP4I_FETCH_ENVELOPE,
  IMAP4I_FETCH_BODY, /* BODY without section */
  IMAP4I_FETCH_BODYSTRUCTURE,
  IMAP4I_FETCH_MODSEQ,  /* RFC 7162 */
  IMAP4I_FETCH_SECTION, /* BODY[...], RFC822, RFC822.HEADER, RFC822.TEXT */
  IMAP4I_FETCH_EMAILID, /* RFC 8474 */
  IMAP4I_FETCH_THREADID,
  IMAP4I_FETCH_SAVEDATE, /* RFC 8514 */
  IMAP4I_FETCH_BINARY,   /* BINARY[...] (RFC 3516) */
  IMAP4I_FETCH_BINARY_SIZE,
  IMAP4I_FETCH_PREVIEW /* RFC 8970 */
};

typedef struct imap4i_fetch_item {
  uint8_t kind;
  bool peek;    /* does not set \Seen (BODY.PEEK, RFC822.HEADER) */
  bool partial; /* <offset.count> was given */
  bool lazy;    /* PREVIEW (LAZY) */
  uint64_t offset;
  uint64_t count;
  imap4i_section section;
  imap4_str label; /* the item's name in the response, ready to send: "BODY[1.HEADER.FIELDS (To Cc)]<0>" */
} imap4i_fetch_item;

/* A part of a list of messages, counted from 1 at its beginning or at its end (RFC 9394); either number may
 * be the larger one.  |first| is 0 if none was asked for. */
typedef struct imap4i_partial {
  uint32_t first;
  uint32_t last;
  bool from_end;
} imap4i_partial;

typedef struct imap4i_fetch_args {
  imap4i_set set;
  imap4i_fetch_item *items; /* macros expanded, in order, without doubles */
  size_t count;
  imap4i_partial partial; /* of the messages in |set| */
  bool changed;           /* CHANGEDSINCE was given (RFC 7162) */
  bool vanished;          /* and VANISHED */
  uint64_t changed_since;
} imap4i_fetch_args;

typedef struct imap4i_store_args {
  imap4i_set set;
  uint32_t mode; /* IMAP4_STORE_* */
  bool silent;
  imap4i_flags flags;
  bool unchanged; /* UNCHANGEDSINCE was given (RFC 7162) */
  uint64_t unchanged_since;
} imap4i_store_args;

typedef struct imap4i_copy_args { /* COPY MOVE */
  imap4i_set set;
  imap4_str name;
} imap4i_copy_args;

typedef struct imap4i_set_args { /* UID EXPUNGE */
  imap4i_set set;
} imap4i_set_args;

typedef struct imap4i_words_args { /* ENABLE */
  imap4_str *words;
  size_t count;
} imap4i_words_args;

typedef struct imap4i_id_args {
  imap4_str *pairs; /* name, value, name, value ...; a NIL value is empty */
  size_t count;     /* strings, even; 0: NIL or an empty list */
} imap4i_id_args;

/* Kinds of search keys. */
enum {
  /* Operators; operands come before them. */
  IMAP4I_KEY_AND, /* |operands| of them, >= 0; none: true */
  IMAP4I_KEY_OR,  /* two */
  IMAP4I_KEY_NOT, /* one */
  /* Known from the view or a row. */
  IMAP4I_KEY_ALL,
  IMAP4I_KEY_SEQUENCE, /* |set| of sequence numbers */
  IMAP4I_KEY_UID,      /* |set| of UIDs */
  IMAP4I_KEY_RECENT,
  IMAP4I_KEY_FLAG,    /* system flag |number| is set */
  IMAP4I_KEY_KEYWORD, /* keyword |text| is set */
  IMAP4I_KEY_LARGER,  /* than |number| octets */
  IMAP4I_KEY_SMALLER,
  IMAP4I_KEY_OLDER, /* than |number| seconds, or as old (RFC 5032) */
  IMAP4I_KEY_YOUNGER,
  IMAP4I_KEY_MODSEQ, /* mod-sequence |number| or greater (RFC 7162) */
  IMAP4I_KEY_BEFORE, /* internal date, |day| */
  IMAP4I_KEY_ON,
  IMAP4I_KEY_SINCE,
  IMAP4I_KEY_SAVEDBEFORE, /* RFC 8514: the date it was saved, or the internal date where there is none */
  IMAP4I_KEY_SAVEDON,
  IMAP4I_KEY_SAVEDSINCE,
  IMAP4I_KEY_SAVEDATESUPPORTED,
  IMAP4I_KEY_EMAILID, /* RFC 8474: is |text| */
  IMAP4I_KEY_THREADID,
  /* Known from the message. */
  IMAP4I_KEY_SENTBEFORE,
  IMAP4I_KEY_SENTON,
  IMAP4I_KEY_SENTSINCE,
  IMAP4I_KEY_HEADER, /* |field| has |text|; BCC, CC, FROM, SUBJECT and TO are this too */
  IMAP4I_KEY_BODY,
  IMAP4I_KEY_TEXT
};

/* One key or operator.  UNSEEN is FLAG and NOT, NEW is RECENT, FLAG, NOT and AND, and so on. */
typedef struct imap4i_key {
  uint8_t kind;
  bool addresses; /* BCC, CC, FROM, TO: the addresses of |field|, not its text */
  uint32_t operands;
  uint64_t number;
  int64_t day;    /* days since 1970-01-01 */
  int64_t second; /* OLDER, YOUNGER: seconds since then, of the time |number| seconds ago; set at run time */
  imap4i_set set;
  imap4_str field;
  imap4_str text; /* UTF-8, converted from the command's CHARSET */
} imap4i_key;

/* Result options of SEARCH, as bits (RFC 4731 unless said). */
#define IMAP4I_RETURN_MIN 0x01u
#define IMAP4I_RETURN_MAX 0x02u
#define IMAP4I_RETURN_ALL 0x04u
#define IMAP4I_RETURN_COUNT 0x08u
#define IMAP4I_RETURN_SAVE 0x10u    /* RFC 5182 */
#define IMAP4I_RETURN_PARTIAL 0x20u /* RFC 9394; never with ALL */

/* Postfix order: operands, then their operator; evaluated with a stack, never by recursion.  The whole has
 * one value. */
typedef struct imap4i_search_args {
  imap4i_key *keys;
  size_t count;
  uint32_t options; /* IMAP4I_RETURN_*; none: the answer is that of RFC 3501 */
  imap4i_partial partial;
} imap4i_search_args;

typedef struct imap4i_batches_args { /* UIDBATCHES (RFC 10022) */
  uint32_t size;                     /* messages in a batch */
  uint32_t first;                    /* batches, from the one with the highest UIDs on; 0: all */
  uint32_t last;
} imap4i_batches_args;

typedef struct imap4i_quota_args { /* GETQUOTA SETQUOTA */
  imap4_str root;
  uint32_t limited; /* SETQUOTA: IMAP4_QUOTA_* */
  bool unknown;     /* a resource that is none of those was named */
  uint64_t storage;
  uint64_t message;
  uint64_t mailbox;
  uint64_t annotation_storage;
} imap4i_quota_args;

typedef union imap4i_args {
  imap4i_batches_args batches;
  imap4i_quota_args quota;
  imap4i_mailbox_args mailbox;
  imap4i_select_args select;
  imap4i_rename_args rename;
  imap4i_login_args login;
  imap4i_authenticate_args authenticate;
  imap4i_list_args list;
  imap4i_status_args status;
  imap4i_append_args append;
  imap4i_fetch_args fetch;
  imap4i_store_args store;
  imap4i_copy_args copy;
  imap4i_set_args set;
  imap4i_words_args words;
  imap4i_id_args id;
  imap4i_search_args search;
} imap4i_args;

#endif
