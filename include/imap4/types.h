/* SPDX-License-Identifier: MIT */
/**
 * @file types.h
 * The few types that every other header uses.
 *
 * Conventions of all headers:
 *  - Text and bytes are pointer + length (imap4_str) and may hold NUL; only names that end in "z" are
 *    NUL-terminated.
 *  - A struct that can grow begins with |struct_size|, which its maker sets to sizeof the struct as
 *    compiled.  New members are added at the end only.  The reader uses what both sides know.
 *  - Sizes and offsets of messages are in octets of the message as the client sees it, with CRLF line
 *    ends.  Message numbers and UIDs count from 1.  A range includes both its ends.
 */
#ifndef IMAP4_TYPES_H
#define IMAP4_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "imap4/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Octets: |n| of them at |p|.  |p| may be NULL when |n| is 0. */
typedef struct imap4_str {
  const char *p;
  size_t n;
} imap4_str;

/** UIDs |first| to |last|, both included, 1 <= first <= last. */
typedef struct imap4_uid_range {
  uint32_t first;
  uint32_t last;
} imap4_uid_range;

/** Ranges in ascending order that neither overlap nor touch. */
typedef struct imap4_uid_ranges {
  const imap4_uid_range *p;
  size_t n;
} imap4_uid_ranges;

/** A session, a server: opaque. */
typedef struct imap4_session imap4_session;
typedef struct imap4_server imap4_server;

/** Number of one request to the store; never 0, never used twice in a session. */
typedef uint64_t imap4_op;

/**
 * System flags of a message (RFC 3501 section 2.3.2) as bits.  \Recent is not among them: the library
 * keeps it (see imap4_mailbox_state.first_recent).
 */
#define IMAP4_FLAG_ANSWERED 0x01u
#define IMAP4_FLAG_FLAGGED 0x02u
#define IMAP4_FLAG_DELETED 0x04u
#define IMAP4_FLAG_SEEN 0x08u
#define IMAP4_FLAG_DRAFT 0x10u
#define IMAP4_FLAG_ALL 0x1Fu

/** Internal date of a message: a point in time, and the zone in which it is shown. */
typedef struct imap4_date {
  int64_t seconds;      /**< since 1970-01-01 00:00:00 UTC */
  int32_t zone_minutes; /**< east of Greenwich; 0 where the store does not know */
  int32_t present;      /**< 1; 0 means "no date given" */
} imap4_date;

/**
 * Compare two mailbox names in hierarchical order: octet by octet, but the hierarchy delimiter sorts
 * before every other octet, so that the inferiors of a name follow it directly.  This is the order in
 * which imap4_store.list gives names.
 *
 * Returns: < 0, 0 or > 0 as |a| sorts before, with or after |b|.
 */
IMAP4_API int imap4_mailbox_compare(imap4_str a, imap4_str b, char delimiter);

#ifdef __cplusplus
}
#endif

#endif
