/* SPDX-License-Identifier: MIT */
/*
 * What the files of the Maildir store share.
 *
 * The objects: md_box is one mailbox directory in memory, shared by all sessions of the process and guarded
 * by its mutex; md_mailbox is what one session has open; md_account is one login.
 *
 * The locks, in the order in which they are taken: the account's tree lock (a file), a box's mutex, the box's
 * index lock (a file), the UIDVALIDITY counter (a file).  Two boxes are locked in the order of their inode
 * numbers.  imap4_maildir.mutex guards the lists of boxes and of usages only and is never held while another
 * is taken.
 */
#ifndef IMAP4_MAILDIR_INTERNAL_H
#define IMAP4_MAILDIR_INTERNAL_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1 /* flock */
#endif

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "maildir.h"

#define MD_INDEX "imap4-index"
#define MD_LOCK "imap4-index.lock"
#define MD_DIGESTS "imap4-digests"
#define MD_KEYWORDS "dovecot-keywords"

/* What a Maildir can be used for; other uses are views over several mailboxes. */
#define MD_USES                                                                                              \
  (IMAP4_MAILBOX_ARCHIVE | IMAP4_MAILBOX_DRAFTS | IMAP4_MAILBOX_JUNK | IMAP4_MAILBOX_SENT |                  \
   IMAP4_MAILBOX_TRASH)

#define MD_LETTERS 26          /* keywords that file names can hold */
#define MD_NAME_MAX 255        /* octets of a file name */
#define MD_UNKNOWN UINT64_MAX  /* a size that was not counted yet */
#define MD_VANISHED_MAX 16384u /* ranges in the log of removed messages */

/* ---- util.c: memory, files, numbers --------------------------------------------------------- */

/* A growing buffer; after a failed allocation it stays |failed| and further puts do nothing. */
struct md_buf {
  char *p;
  size_t n;
  size_t capacity;
  bool failed;
};

void md_buf_free(struct md_buf *buf);
/* Room for |n| more octets, which count as used only when |buf->n| is raised; NULL without memory. */
char *md_buf_room(struct md_buf *buf, size_t n);
void md_buf_put(struct md_buf *buf, const void *p, size_t n);
void md_buf_puts(struct md_buf *buf, const char *textz);
/* The low |octets| octets of |value|, the lowest first. */
void md_buf_put_le(struct md_buf *buf, uint64_t value, size_t octets);
void md_buf_put_decimal(struct md_buf *buf, uint64_t value);
/* Octets of a little-endian number. */
uint64_t md_get_le(const void *p, size_t octets);
/* Digits at |*p| below |end|, at least one and not above |max|; |*p| moves behind them. */
bool md_parse_number(const char **p, const char *end, uint64_t max, uint64_t *value);
/* Grow an array of |size|d elements so that |*capacity| > |n|. */
bool md_grow(void **array, size_t *capacity, size_t n, size_t size);
char *md_strdup(const char *p, size_t n);
uint32_t md_checksum(const void *p, size_t n);
/* What the client hears when a system call failed with |error|. */
int md_status(int error);
/* The time of day, and a clock that never goes back. */
int64_t md_now_ns(void);
int64_t md_monotonic_ns(void);
int64_t md_mtime_ns(const struct stat *st);
/* 0 or an errno. */
int md_pwrite_all(int fd, const void *p, size_t n, uint64_t offset);
/* All of a file of at most |max| octets, behind what |buf| has; 0 or an errno. */
int md_read_file(int dir_fd, const char *namez, size_t max, struct md_buf *buf);
/* Put a file in place of another, durably, all or nothing; 0 or an errno. */
int md_replace_file(int dir_fd, const char *namez, const void *p, size_t n);
int md_sync_dir(int fd);
/* flock() with patience of half a minute; IMAP4_OK, IMAP4_ST_INUSE or what went wrong. */
int md_flock(int fd);

/* ---- names.c: names of users, mailboxes and message files ----------------------------------- */

bool md_user_valid(imap4_str name);
/* Directory of a mailbox below the user's: "" for INBOX, else ".Name"; IMAP4_OK or IMAP4_ST_CANNOT. */
int md_mailbox_dir(imap4_str mailbox, char out[MD_NAME_MAX + 1]);
/* The mailbox of a directory ".Name"; false when no mailbox can have it. */
bool md_dir_mailbox(const char *dirz, struct md_buf *out);
/* Modified UTF-7 to UTF-8, appended to |out|; false when it is not well-formed. */
bool md_utf7_decode(const char *p, size_t n, struct md_buf *out);
/* UTF-8 to modified UTF-7, appended to |out|; false when it is not UTF-8. */
bool md_utf7_encode(imap4_str text, struct md_buf *out);
/* Octets of a message's file name before its flags: what identifies it. */
size_t md_base_length(const char *namez);
/* Flags and keyword letters in a file name. */
void md_name_flags(const char *namez, uint32_t *flags, uint32_t *letters);
/* |namez| with other flags; what the store does not know in it stays.  False when it gets too long. */
bool md_name_with_flags(const char *namez, uint32_t flags, uint32_t letters, char out[MD_NAME_MAX + 1]);
/* Size with CRLF line ends as the name tells it ("W="), or MD_UNKNOWN. */
uint64_t md_name_size(const char *namez);
/* Order of arrival: by the time that begins the name, then by its octets; flags do not count. */
int md_name_compare(const char *a, const char *b);
/* A unique name (Maildir's rule) for a message that arrives now. */
void md_unique_name(imap4_maildir *store, char out[MD_NAME_MAX + 1]);

/* ---- the objects ---------------------------------------------------------------------------- */

#define MD_ID_OCTETS 16u
#define MD_MAILBOX_ID_OCTETS (1 + 2 * MD_ID_OCTETS) /* as text */

/* Where the octets of a message first came into a mailbox; |uid| 0: nothing is said. */
struct md_origin {
  unsigned char id[MD_ID_OCTETS]; /* of the mailbox */
  uint32_t uid;
};

/* One message. */
struct md_entry {
  uint32_t uid;
  uint32_t letters; /* keywords: bit 0 is the letter a */
  uint64_t modseq;
  uint64_t size; /* with CRLF line ends, or MD_UNKNOWN */
  int64_t date;
  int64_t saved;      /* when it came here; 0: not known */
  uint64_t digest_at; /* in MD_DIGESTS */
  uint32_t digest_octets;
  int16_t zone;
  uint8_t flags;
  bool in_new;
  struct md_origin origin; /* of a copy */
  char *name;              /* the file's; NULL: removed, until md_box_tidy() */
};

/* Messages that are gone, in ascending order of |modseq|. */
struct md_vanished {
  uint32_t first;
  uint32_t last;
  uint64_t modseq;
};

/* What is known of new/ or cur/. */
struct md_seen {
  int64_t mtime; /* at the last look, or 0 */
  bool sure;     /* nothing can have changed since without a change of |mtime| */
};

struct md_box {
  imap4_maildir *store;
  struct md_box *next;
  unsigned references; /* guarded by store->mutex */
  pthread_mutex_t mutex;
  char *path;
  int dir_fd;
  dev_t device;
  ino_t inode;
  int lock_fd; /* >= 0 while the index is locked */

  /* The index. */
  int index_fd;
  bool complete; /* its snapshot was read to the end */
  ino_t index_inode;
  uint64_t end;    /* octets of the index that are in memory */
  bool stale;      /* memory is not what the file says: read it from the start */
  bool starved;    /* because an allocation failed, not because of the file */
  bool unfinished; /* when it was first read, something unfinished was at the end of the file, and still is */
  int digest_fd;
  bool id_stored; /* the index has |id|; those of earlier versions have not, see md_identity_get() */
  unsigned char id[MD_ID_OCTETS];
  uint32_t uidvalidity;
  uint32_t uidnext;
  uint32_t first_recent;
  uint64_t modseq;
  uint64_t vanished_floor; /* the log below is complete for changes after this */
  struct md_entry *entries;
  size_t n;
  size_t capacity;
  size_t removed; /* entries without a name */
  size_t in_new;
  struct md_vanished *vanished;
  size_t vanished_n;
  size_t vanished_capacity;

  /* Keywords. */
  char *keywords[MD_LETTERS];
  int64_t keywords_mtime;
  uint64_t keywords_size;
  ino_t keywords_inode;

  /* The directories. */
  struct md_seen seen_new;
  struct md_seen seen_cur;
  int64_t stored_new; /* as the index has them */
  int64_t stored_cur;
  int64_t scanned_at; /* by the monotonic clock */
  int64_t scan_took;
};

struct imap4_maildir {
  imap4_maildir_config config;
  char *root;
  pthread_mutex_t mutex;
  struct md_box *boxes;
  uint32_t random;
  uint32_t count; /* of unique names */
  struct md_usage *usages;
  imap4_store table; /* the functions that this configuration has */
};

struct md_list_item {
  char *name;
  uint32_t attributes;
};

struct md_account {
  imap4_maildir *store;
  char *path;                 /* ROOT/USER */
  struct md_list_item *names; /* as they were when a LIST began */
  size_t names_n;
  size_t names_capacity;
  imap4_mailbox_entry *entries;          /* the page given last */
  imap4_uid_range committed;             /* UIDs that the last upload got */
  char mailbox_id[MD_MAILBOX_ID_OCTETS]; /* that STATUS gave last */
  struct md_usage *usage;                /* NULL: without limits */
};

/* A message file that is being read with CRLF line ends. */
struct md_position {
  uint64_t raw;     /* in the file */
  uint64_t virtual; /* as the client sees it */
  bool after_cr;
  bool half; /* the CR for the LF at |raw| has been given */
};

#define MD_MARKS 32

struct md_reader {
  int fd; /* -1: none */
  uint32_t uid;
  uint64_t size; /* as the index has it */
  bool plain;    /* the file is as long as the message: no conversion */
  bool used;     /* since the last poll */
  struct md_position at;
  struct md_position marks[MD_MARKS]; /* places to begin from, |spacing| octets apart or a little more */
  size_t marks_n;
  uint64_t spacing;
  char *out;
  size_t out_capacity;
  char *in;
  uint64_t in_at; /* place in the file of what |in| has */
  size_t in_n;
};

/* Where keywords, digest and EMAILID of a row lie in the buffers, which may move while the page is made. */
struct md_row_place {
  size_t text_at;
  size_t text_n;
  size_t blob_at;
  size_t blob_n;
  size_t id_at; /* among the keywords */
  size_t id_n;
};

struct md_mailbox {
  struct md_account *account;
  struct md_box *box;
  bool read_only;
  struct md_reader reader;
  imap4_row *rows;
  struct md_row_place *places;
  size_t rows_capacity;
  struct md_buf text;  /* keywords and EMAILIDs of rows; keywords and MAILBOXID of the mailbox */
  struct md_buf blobs; /* digests of rows */
  imap4_uid_range *ranges[2];
  size_t ranges_n[2];
  size_t ranges_capacity[2];
};

/* A message that waits in tmp/ of the mailbox it goes to. */
struct md_staged {
  char *tmp;
  uint32_t uid; /* given at the commit */
  uint32_t flags;
  char *keywords; /* names, separated by a space; may be NULL */
  uint64_t raw_size;
  uint64_t size; /* with CRLF line ends, or MD_UNKNOWN */
  int64_t date;
  int16_t zone;
  bool linked;  /* a copy that shares its file with the source, dates too */
  bool lenient; /* keywords that do not fit are left out */
  struct md_buf digest;
  struct md_box *source; /* of a copy, where its digest is */
  uint32_t source_uid;
  struct md_origin origin; /* of a copy */
};

/* What counts for quotas. */
struct md_total {
  uint64_t octets;
  uint64_t messages;
};

struct md_upload {
  struct md_account *account;
  struct md_total replaced; /* goes when this is committed */
  struct md_box *box;
  struct md_staged *messages;
  size_t n;
  size_t capacity;
  int fd;     /* of the message under way, or -1 */
  char last;  /* octet written last */
  int status; /* of the first failure */
};

/* ---- box.c: boxes and their locks ----------------------------------------------------------- */

int md_box_acquire(imap4_maildir *store, const char *path, struct md_box **out);
void md_box_release(struct md_box *box);
/* The mutex alone. */
void md_box_enter(struct md_box *box);
void md_box_leave(struct md_box *box);
/* In the mutex: take the index lock and read what others have appended.  IMAP4_ST_NONEXISTENT when the
 * directory is no longer at its place. */
int md_box_lock(struct md_box *box);
void md_box_unlock(struct md_box *box);
/* Under the lock: whether this directory has had an index at any time. */
bool md_box_was_met(const struct md_box *box);
/* Both for one box, and for two (which may be the same). */
int md_box_enter_locked(struct md_box *box);
void md_box_leave_locked(struct md_box *box);
int md_box_enter_locked_both(struct md_box *a, struct md_box *b);
void md_box_leave_locked_both(struct md_box *a, struct md_box *b);
/* Whether the directory is still the one that was opened: IMAP4_OK or IMAP4_ST_NONEXISTENT. */
int md_box_alive(const struct md_box *box);
/* Index of the first entry whose UID is >= |uid|. */
size_t md_box_find(const struct md_box *box, uint32_t uid);
struct md_entry *md_box_entry(const struct md_box *box, uint32_t uid);
/* Forget everything that came from the index. */
void md_box_clear(struct md_box *box);
/* Drop entries that were removed. */
void md_box_tidy(struct md_box *box);
/* A UIDVALIDITY that no mailbox of this account had, or |at_least| where it is greater than 0. */
int md_next_uidvalidity(const struct md_box *box, uint32_t at_least, uint32_t *out);

/* ---- index.c: the file in memory; journal.c: writing it ------------------------------------- */

/* Kinds of frames. */
#define MD_FRAME_DATA 'D'
#define MD_FRAME_INTENT 'I' /* messages that will be moved from tmp/ to cur/, followed by one of these: */
#define MD_FRAME_COMMIT 'C'
#define MD_FRAME_ABORT 'B'

#define MD_HEADER_OCTETS 32u
#define MD_FRAME_OCTETS 8u /* before the payload: length, checksum */
#define MD_FRAME_MAX (512u << 20)
/* Octets of the item of a new message between its type and its name. */
#define MD_ADD_FIXED 43u

/* The index can only be read after it was made or mended under the lock. */
#define MD_NEEDS_LOCK 1

/* Bring memory up to date with the file.  Without the index lock an unfinished end is left for later and the
 * answer may be MD_NEEDS_LOCK; with it, the end is finished or cut, and a missing index is made. */
int md_index_refresh(struct md_box *box);
/* Apply a frame's payload to memory; false, with |box->stale|, when it is damaged or memory ran out. */
bool md_index_apply(struct md_box *box, const char *p, size_t n);

void md_frame_begin(struct md_buf *frame, char kind);
void md_frame_header(struct md_buf *frame, const struct md_box *box);
void md_frame_add(struct md_buf *frame, const struct md_entry *entry);
void md_frame_staged(struct md_buf *frame, const char *tmp);
/* New flags, place or name; |modseq| 0: the client need not hear of it. */
void md_frame_flags(struct md_buf *frame, uint32_t uid, uint64_t modseq, bool in_new, const char *name);
void md_frame_expunge(struct md_buf *frame, uint32_t uid, uint64_t modseq);
void md_frame_size(struct md_buf *frame, uint32_t uid, uint64_t modseq, uint64_t size);
/* When a message that was added came into the mailbox. */
void md_frame_saved(struct md_buf *frame, uint32_t uid, int64_t saved);
/* Whose copy a message is that was added. */
void md_frame_origin(struct md_buf *frame, uint32_t uid, const struct md_origin *origin);
void md_frame_identity(struct md_buf *frame, const unsigned char id[MD_ID_OCTETS]);
/* Where the digest of a message is that got one later, or another. */
void md_frame_digest(struct md_buf *frame, uint32_t uid, uint64_t at, uint32_t octets);
void md_frame_recent(struct md_buf *frame, uint32_t first_recent);
void md_frame_uidnext(struct md_buf *frame, uint32_t uidnext, uint64_t modseq);
void md_frame_seen(struct md_buf *frame, int64_t mtime_new, int64_t mtime_cur);
/* Append a frame to the locked index; |sync|: make it durable.  Does not change memory. */
int md_journal_write(struct md_box *box, struct md_buf *frame, uint64_t at, bool sync);
/* The same, then apply it. */
int md_journal_append(struct md_box *box, struct md_buf *frame, bool sync);
/* Write the index anew from memory. */
int md_index_rewrite(struct md_box *box);
/* The same when too much of it is history. */
void md_index_maybe_rewrite(struct md_box *box);
/* Keep a digest; |*at| 0: it could not be. */
void md_digest_put(struct md_box *box, uint32_t uid, const char *p, size_t n, uint64_t *at);
/* Append the digest of |entry| to |out|; false when there is none or it is damaged. */
bool md_digest_get(struct md_box *box, const struct md_entry *entry, struct md_buf *out);
/* Copy all digests into a new file when too many of the old one are of messages that are gone. */
void md_digest_maybe_rewrite(struct md_box *box);

/* ---- takeover.c: the first meeting with a directory ----------------------------------------- */

/* Make an index for a directory without a usable one, under the lock. */
int md_takeover(struct md_box *box);

/* ---- identity.c: object identifiers ---------------------------------------------------------- */

/* Draw another for |box|, whose index is being made. */
void md_identity_new(struct md_box *box);
/* The mailbox's; where the index has none yet, one that its directory and UIDVALIDITY make up. */
void md_identity_get(const struct md_box *box, unsigned char out[MD_ID_OCTETS]);
/* Under the lock: put it into an index of an earlier version, if that can be written; a status only when the
 * index must be read again. */
int md_identity_store(struct md_box *box);
struct md_origin md_identity_of(const struct md_box *box, const struct md_entry *entry);
/* MAILBOXID, without a NUL. */
void md_identity_mailbox(const struct md_box *box, char out[MD_MAILBOX_ID_OCTETS]);
/* EMAILID, appended to |out|, and back; false when it is none of this store's. */
void md_identity_message(const struct md_origin *origin, struct md_buf *out);
bool md_identity_parse(imap4_str text, struct md_origin *out);

/* ---- keywords.c ------------------------------------------------------------------------------ */

/* Read the names again if the file has changed. */
void md_keywords_refresh(struct md_box *box);
/* Letters of keyword names separated by spaces.  Unknown names get a letter if |make|; without a free one
 * the answer is IMAP4_ST_LIMIT, or the name is left out if |lenient|. */
int md_keywords_letters(struct md_box *box, imap4_str names, bool make, bool lenient, uint32_t *letters);
/* Names of |letters|, separated by a space, appended to |out|. */
void md_keywords_names(const struct md_box *box, uint32_t letters, struct md_buf *out);
uint32_t md_keywords_known(const struct md_box *box);
bool md_keywords_full(const struct md_box *box);

/* ---- sync.c: the directories ---------------------------------------------------------------- */

/* A file found in new/ or cur/. */
struct md_found {
  char *name;
  bool in_new;
};

struct md_listing {
  struct md_found *files;
  size_t n;
  size_t capacity;
};

int md_listing_read(int dir_fd, bool in_new, struct md_listing *list);
void md_listing_free(struct md_listing *list);

/* Take over what other programs did; cheap when nothing did.  |force|: look in any case. */
int md_sync(struct md_box *box, bool force);
/* The same under the index lock. */
int md_sync_locked(struct md_box *box, bool force);
/* Around changes of our own in cur/ or new/, under the lock: |before| says whether the directory was as we
 * knew it. */
bool md_seen_begin(const struct md_box *box, bool in_new);
void md_seen_end(struct md_box *box, bool in_new, bool before);
/* Move new messages to cur/ and let them no longer be recent. */
int md_claim(struct md_box *box, uint32_t *first_recent);
/* Remove what others left in tmp/ long ago. */
void md_clean_tmp(const struct md_box *box);
/* Path of a message's file below the mailbox directory: "cur/NAME". */
void md_entry_path(const struct md_entry *entry, char out[MD_NAME_MAX + 8]);
/* Give a message's file another name in cur/; 0 or an errno. */
int md_entry_rename(struct md_box *box, const struct md_entry *entry, const char *to);
/* Make cur/, and new/ too if |both|, durable; 0 or an errno. */
int md_sync_dirs(const struct md_box *box, bool both);

/* ---- read.c, upload.c, commit.c, copy.c, flags.c, query.c, tree.c, subscriptions.c ----------- */

void md_reader_close(struct md_reader *reader);
/* Take the real size of a message into the index, in which it was wrong. */
void md_heal_size(struct md_box *box, uint32_t uid, uint64_t size);
/* Count the octets of a message with CRLF line ends; 0 or an errno. */
int md_count_size(int fd, uint64_t *size);
/* Open a message's file, looking for it where it may have gone; -1 with errno, ENOENT when it is gone. */
int md_entry_open(struct md_box *box, const struct md_entry *entry);
int md_read(void *user, imap4_op op, const imap4_read_args *args, imap4_read_result *out);

int md_append_begin(void *user, imap4_op op, const imap4_append_begin_args *args,
                    imap4_append_begin_result *out);
int md_append_message(void *user, imap4_op op, const imap4_append_message_args *args,
                      imap4_empty_result *out);
int md_append_write(void *user, imap4_op op, const imap4_append_write_args *args, imap4_empty_result *out);
int md_replace(void *user, imap4_op op, const imap4_replace_args *args, imap4_append_commit_result *out);
int md_append_commit(void *user, imap4_op op, const imap4_upload_args *args, imap4_append_commit_result *out);
void md_append_abort(void *user, void *upload);

/* Give UIDs to |messages|, which wait in tmp/, and move them to cur/: all or none.  Under the lock. */
int md_commit(struct md_box *box, struct md_staged *messages, size_t n);
/* Remove what waits in tmp/ and free it. */
void md_staged_free(struct md_box *box, struct md_staged *messages, size_t n);

int md_copy(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);
int md_move(void *user, imap4_op op, const imap4_copy_args *args, imap4_copy_result *out);

int md_store_flags(void *user, imap4_op op, const imap4_store_flags_args *args,
                   imap4_store_flags_result *out);
int md_expunge(void *user, imap4_op op, const imap4_expunge_args *args, imap4_empty_result *out);
/* Under the lock: remove the files of |uids|, then the entries. */
int md_remove_messages(struct md_box *box, const uint32_t *uids, size_t n);
/* UIDs of the messages in |ranges|, of those with all of |flags|; to be freed. */
int md_select_uids(const struct md_box *box, imap4_uid_ranges ranges, uint32_t flags, uint32_t **uids,
                   size_t *n);

int md_query(void *user, imap4_op op, const imap4_query_args *args, imap4_query_result *out);
int md_uids(void *user, imap4_op op, const imap4_uids_args *args, imap4_uids_result *out);
int md_keep_digest(void *user, imap4_op op, const imap4_keep_digest_args *args, imap4_empty_result *out);
int md_vanished(void *user, imap4_op op, const imap4_vanished_args *args, imap4_vanished_result *out);
/* Add a UID to a list of ranges of the handle. */
bool md_ranges_add(struct md_mailbox *mailbox, int which, uint32_t uid);

int md_poll(void *user, imap4_op op, const imap4_poll_args *args, imap4_mailbox_state *out);
int md_status_of(void *user, imap4_op op, const imap4_status_args *args, imap4_status_result *out);

int md_list(void *user, imap4_op op, const imap4_list_args *args, imap4_list_result *out);
int md_create(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
int md_delete(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
int md_rename(void *user, imap4_op op, const imap4_rename_args *args, imap4_empty_result *out);
int md_subscribe(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out);
/* Full path of a mailbox's directory, to be freed. */
int md_mailbox_path(const struct md_account *account, imap4_str name, char **out);
/* Make a mailbox directory with its three parts; 0 or an errno (EEXIST). */
int md_make_maildir(const char *path, bool folder);
/* The lock on the tree of mailboxes: a descriptor to be closed, or a negative status. */
int md_tree_lock(const struct md_account *account);
/* Add the subscribed names, in UTF-8, to the account's list. */
int md_subscriptions_read(struct md_account *account);
bool md_names_add(struct md_account *account, const char *p, size_t n, uint32_t attributes);

/* ---- quota.c --------------------------------------------------------------------------------- */

bool md_quota_limited(const imap4_maildir *store);
/* What is remembered of the account's mailboxes, where there are limits; false without memory. */
bool md_usage_acquire(struct md_account *account);
void md_usage_release(struct md_account *account);
/* Add a message to a total; its box is entered. */
void md_total_entry(const struct md_box *box, const struct md_entry *entry, struct md_total *total);
/* Whether there is room for |more|: IMAP4_OK, IMAP4_ST_OVERQUOTA or what went wrong.  No box is entered. */
int md_quota_check(const struct md_account *account, const struct md_total *more);
int md_quota_roots(void *user, imap4_op op, const imap4_quota_roots_args *args,
                   imap4_quota_roots_result *out);
int md_quota(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out);

/* ---- special_use.c -------------------------------------------------------------------------- */

/* Keep the special uses of the mailbox directory |path|; 0 or an errno. */
int md_uses_write(const char *path, uint32_t wanted);
/* Those of the directory |dir| below |root_fd|; what can't be read is none. */
uint32_t md_uses_read(int root_fd, const char *dir);
/* Mailboxes with the usual names get the uses that no mailbox has. */
void md_uses_by_name(struct md_account *account);
void md_names_free(struct md_account *account);

#endif
