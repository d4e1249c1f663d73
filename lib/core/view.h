/* SPDX-License-Identifier: MIT */
/*
 * The view: what the client has been told of the selected mailbox (contract C8).  Sequence numbers live here
 * and nowhere else.  Memory goes by the number of UID ranges.
 */
#ifndef IMAP4I_VIEW_H
#define IMAP4I_VIEW_H

#include "base/uidset.h"
#include "imap4/store.h"
#include "wire/command.h"

/* Batches of one size that UIDBATCHES has told of (RFC 10022). */
typedef struct imap4i_batches_asked {
  uint32_t size; /* 0: none */
  uint32_t first;
  uint32_t last;
  uint32_t arrived; /* as in the view then */
  uint32_t expunged;
} imap4i_batches_asked;

typedef struct imap4i_view {
  void *mailbox;        /* the store's */
  imap4i_uidset uids;   /* messages the client knows, in order of their sequence numbers */
  imap4i_uidset recent; /* those that are \Recent to this session */
  /* The saved result of a SEARCH (RFC 5182): those of its members that are in |uids| too.  Members that were
   * expunged, and UIDs that |uids| did not have when it was saved, do not count; so few ranges will do. */
  imap4i_uidset saved;
  imap4i_uidset gone; /* found to be expunged, while this is being told */
  imap4i_uidset kept; /* |uids| without them, and |recent|; while this is being told */
  imap4i_uidset kept_recent;
  uint64_t modseq;         /* flag changes are told up to this mod-sequence */
  uint64_t expunge_modseq; /* and expunges up to this one */
  uint64_t client_modseq;  /* HIGHESTMODSEQ as the client was told, or has worked out (RFC 7162 section 6) */
  uint64_t sent_modseq;    /* highest MODSEQ sent since then */
  uint64_t keywords_hash;  /* of the keywords last told in FLAGS */
  uint32_t *marks;         /* messages before every 64th range, made when they are looked for */
  size_t marks_n;
  size_t marks_capacity;
  uint32_t count;       /* members of |uids| */
  uint32_t told;        /* as EXISTS and EXPUNGE have told the client */
  uint32_t told_recent; /* as RECENT has */
  uint32_t arrived;     /* messages that EXISTS has told of since SELECT, and that were told as gone; both */
  uint32_t expunged;    /* may begin at 0 again */
  imap4i_batches_asked batches[4];
  uint8_t batches_next; /* where the last was put for which there was no place */
  bool no_recent;       /* nothing is \Recent */
  uint32_t uidvalidity;
  uint32_t uidnext; /* UIDs from here on are new to the client */
  bool read_only;
  bool no_modseq; /* the store keeps no mod-sequences for longer than the session */
  bool lost;      /* the mailbox is gone, or is another one now */
  bool starved;   /* there was no memory to tell what is new */

  /* The announcement under way (sync.c). */
  uint8_t sync_phase;
  bool sync_expunges;         /* EXPUNGE may be sent now */
  bool sync_uid;              /* FETCH responses carry the UID */
  uint32_t sync_after;        /* where a query or an announcement goes on */
  uint32_t sync_row;          /* next row of the answer */
  uint32_t sync_removed;      /* EXPUNGE responses sent so far */
  uint32_t sync_before;       /* |uidnext| when it began: what is below is no news */
  imap4_uid_range sync_range; /* of a query: must live during the call only, but costs little here */
  uint64_t sync_modseq;       /* highest_modseq of the poll */
  uint32_t sync_exists;       /* and its number of messages */
  uint32_t sync_first_recent;
  uint32_t sync_uidnext;
} imap4i_view;

/* Sequence number of a UID that is in the view. */
uint32_t imap4i_view_seq(imap4i_view *view, uint32_t uid);
/* The UID of message |seq|, 1 <= |seq| <= |count|. */
uint32_t imap4i_view_uid(imap4i_view *view, uint32_t seq);

/*
 * The messages that a set of sequence numbers or (|uid|) UIDs names, as UIDs: |to| becomes them.  "$" names
 * the saved ones. IMAP4_OK; IMAP4I_PARSE_REFUSED for a sequence number that no message has (RFC 3501 section
 * 9, seq-number), unless |lenient|; IMAP4_ERR_NOMEM.
 */
int imap4i_view_resolve(imap4i_view *view, const imap4i_set *set, bool uid, bool lenient, imap4i_uidset *to);

/* The numbers from 1 to |most| that a set names, "*" being |most|, whether they are in a view or not.
 * IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_view_numbers(const imap4i_set *set, uint32_t most, imap4i_uidset *to);

/* A zeroed view; what a view holds is freed. */
void imap4i_view_init(imap4i_view *view, imap4i_mem *mem);
void imap4i_view_free(imap4i_view *view);

/* The messages in |gone| leave the view in two steps, since between them this is told to the client and must
 * not fail any more: false without memory, then nothing has changed. */
IMAP4_MUST_USE bool imap4i_view_prepare_removal(imap4i_view *view);
void imap4i_view_commit_removal(imap4i_view *view);
/* From now on no message is \Recent: IMAP4rev2 has no such flag. */
void imap4i_view_forget_recent(imap4i_view *view);
/* Messages that are new become the last ones; from |first_recent| on they are \Recent, unless that is 0. */
IMAP4_MUST_USE bool imap4i_view_add(imap4i_view *view, imap4_uid_ranges uids, uint32_t first_recent);

/* Flags were changed for this session: what it has caused and been told alone is no news at the next
 * announcement. */
void imap4i_view_own_change(imap4i_view *view, const imap4_store_flags_result *change);

/* A hash to notice that the list of keywords has changed. */
uint64_t imap4i_keywords_hash(imap4_str keywords, bool new_keywords);

#endif
