/* SPDX-License-Identifier: MIT */
/*
 * What the files of FETCH share: where the command stands.  cmd_fetch.c goes from message to message and
 * writes what needs no reading; fetch_section.c reads, for what is made of a message's octets.
 */
#ifndef IMAP4I_FETCH_H
#define IMAP4I_FETCH_H

#include "cmd/fetch_binary.h"
#include "cmd/previewer.h"
#include "core/batch.h"
#include "core/digester.h"
#include "core/resync.h"
#include "mail/header.h"

enum {
  IMAP4I_FETCHING_BEGIN,
  IMAP4I_FETCHING_GONE, /* VANISHED (EARLIER) */
  IMAP4I_FETCHING_ASK,
  IMAP4I_FETCHING_PAGE,
  IMAP4I_FETCHING_MESSAGE,
  IMAP4I_FETCHING_DIGEST,
  IMAP4I_FETCHING_SEEN,
  IMAP4I_FETCHING_SEEN_DONE,
  IMAP4I_FETCHING_FIRST,   /* prepare the first section before the response begins */
  IMAP4I_FETCHING_OPEN,    /* "* n FETCH (" */
  IMAP4I_FETCHING_ITEM,    /* the next item */
  IMAP4I_FETCHING_LOCATE,  /* a section: where it is */
  IMAP4I_FETCHING_PREPARE, /* a section: its first octets, or its chosen header fields */
  IMAP4I_FETCHING_PREPARED,
  IMAP4I_FETCHING_KEPT, /* the preview */
  IMAP4I_FETCHING_HEAD, /* "BODY[...] {n}" */
  IMAP4I_FETCHING_SEND,
  IMAP4I_FETCHING_GOT,
  IMAP4I_FETCHING_CLOSE
};

/* Chosen header fields that are kept while their length is found out; more are read twice. */
#define IMAP4I_FETCH_FIELDS_OCTETS 16384

typedef struct imap4i_fetch {
  imap4i_uidset uids;
  imap4i_batch batch;
  imap4i_digester digester;
  imap4i_resync resync;
  imap4i_buf fields; /* what passed the filter, up to IMAP4I_FETCH_FIELDS_OCTETS or, when sending, a chunk */
  imap4i_header_filter *filter;
  imap4i_binary *binary;
  imap4i_previewer *preview;
  uint64_t fields_total; /* octets that passed so far */
  uint64_t skip;         /* of the section: octets before the part that is sent */
  uint64_t offset;       /* in the message: of the next read */
  uint64_t source;       /* octets of the message still to be read for the section */
  uint64_t left;         /* octets of the literal still to be sent */
  uint32_t attributes;
  uint32_t item;
  bool digests; /* some item needs the digest */
  bool sets_seen;
  bool prepared;    /* the first section's first octets are in the answer of the last operation */
  bool filtered;    /* the section is chosen header fields, or decoded */
  bool decoded;     /* the section is decoded */
  bool undecodable; /* a message has a section that can't be */
  bool shows_flags;
  bool shows_uid;    /* UID is one of the items */
  bool asks_modseq;  /* MODSEQ is */
  bool shows_modseq; /* every response has it: the client has enabled CONDSTORE */
  bool none;         /* there is no such section: NIL */
  bool flagged;      /* \Seen was set for this message: show it */
  bool began;        /* an item of this response was written */
} imap4i_fetch;
_Static_assert(sizeof(imap4i_fetch) <= 512, "fits the context in dispatch.c");

static inline int imap4i_fetch_go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static inline const imap4_row *imap4i_fetch_row(const imap4i_command *c) {
  const imap4i_fetch *x = c->context;
  return imap4i_batch_row(&x->batch);
}

/* The item under way; NULL behind the last. */
static inline const imap4i_fetch_item *imap4i_fetch_item_now(const imap4i_command *c) {
  const imap4i_fetch *x = c->context;
  return x->item < c->args.fetch.count ? &c->args.fetch.items[x->item] : NULL;
}

/* fetch_section.c: what items are. */
bool imap4i_fetch_is_binary(const imap4i_fetch_item *item);
/* Made of octets of the message, and not a PEEK if it does not say so. */
bool imap4i_fetch_is_section(const imap4i_fetch_item *item);
/* Whether it can't do without the message's digest. */
bool imap4i_fetch_needs_digest(const imap4i_fetch_item *item);
/* Whether octets of the message under way are read for it. */
bool imap4i_fetch_reads(const imap4i_command *c, const imap4i_fetch_item *item);
/* The preview that came with the digest.  False: none did. */
bool imap4i_fetch_kept_preview(const imap4i_command *c, imap4_str *preview);

/* fetch_section.c: the steps from IMAP4I_FETCHING_LOCATE to _GOT. */
int imap4i_fetch_locate(imap4i_command *c);
int imap4i_fetch_prepare(imap4i_command *c);
int imap4i_fetch_prepared(imap4i_command *c);
int imap4i_fetch_kept(imap4i_command *c);
int imap4i_fetch_head(imap4i_command *c);
int imap4i_fetch_send(imap4i_command *c);
int imap4i_fetch_got(imap4i_command *c);

/* cmd_fetch.c: the message can't be read.  Gone: passed over.  Else the command fails. */
int imap4i_fetch_unreadable(imap4i_command *c, int status);

#endif
