/* SPDX-License-Identifier: MIT */
/**
 * @file limits.h
 * Every limit of the library, with its default and the attack that it stops.
 *
 * A server has two sets: one for a client that has not logged in, one for a client that has.  What
 * happens at a limit is said at the limit; it is never a crash, a hang or a silent cut.  The limits of
 * what messages hold (digest_*, mime_* and those about fields) do not refuse a message: what lies beyond them
 * is not told of or not taken apart, and sizes stay true.
 *
 * imap4_server_new() refuses limits under which nothing could ever happen: |work_budget| 0, |output_octets|
 * below 256, |command_octets| below 64, and after login |query_rows| 0.
 */
#ifndef IMAP4_LIMITS_H
#define IMAP4_LIMITS_H

#include "imap4/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct imap4_limits {
  uint32_t struct_size; /**< sizeof(imap4_limits) */

  /* What a client sends.  Defaults: before login / after login. */

  /** Octets of one command without its literals (8,192 / 65,536): a line that never ends.  BAD, the rest
   *  of the line is dropped. */
  uint32_t command_octets;
  /** Octets of one literal that is no message (1,024 / 65,536): memory by announcement.  A synchronising
   *  literal is refused before it is sent, others are read and dropped; NO [LIMIT]. */
  uint32_t literal_octets;
  /** Octets of one command with its literals (12,288 / 262,144): many literals.  NO [LIMIT]. */
  uint32_t command_total_octets;
  /** Literals in one command (4 / 100): as above.  BAD. */
  uint32_t literals;
  /** Parentheses, NOT and OR inside each other in SEARCH (0 / 32): depth.  BAD. */
  uint32_t nesting;
  /** Ranges in one sequence set (0 / 16,384).  BAD.  A result of SEARCH that takes more is not saved: NO
   *  [NOTSAVED]. */
  uint32_t set_ranges;
  /** Search keys in one command (0 / 1,024): work.  BAD. */
  uint32_t search_keys;
  /** Elements of one list (0 / 256): data items of FETCH, header field names, flags, STATUS items, patterns
   * and options of LIST, result options of SEARCH, modifiers, special uses, limits of SETQUOTA.  BAD. */
  uint32_t list_items;
  /** Octets of a mailbox name in UTF-8 (0 / 1,024).  NO [CANNOT]; a pattern of LIST with more
   *  octets beside its wildcards, or with more wildcards, matches nothing. */
  uint32_t mailbox_octets;
  /** Octets of one keyword (0 / 255).  NO [LIMIT]. */
  uint32_t keyword_octets;
  /** Numbers in BODY[1.2.3...] (0 / 100).  BAD. */
  uint32_t section_depth;
  /** Octets of one message in APPEND (0 / 4,294,967,295): NO [TOOBIG]; the APPENDLIMIT (RFC 7889), unless it
   * is more than 4,294,967,295. */
  uint64_t message_octets;
  /** Messages in one MULTIAPPEND (0 / 10,000).  NO [LIMIT]. */
  uint32_t append_messages;
  /** Commands in a row that are answered with BAD (3 / 20): another protocol on this port, password
   *  guessing by garbage.  BYE. */
  uint32_t bad_commands;
  /** Failed attempts to log in (3 / 3): password guessing.  BYE. */
  uint32_t failed_logins;
  /** Steps of an authentication exchange (16 / 16).  NO. */
  uint32_t sasl_steps;
  /** Octets of one line of an authentication exchange, in base64 (6,144 / 6,144; with the command around it
   *  below |command_octets|, so that an initial response may be as long).  NO [LIMIT]. */
  uint32_t sasl_octets;

  /* What a session holds. */

  /** Octets of memory that one session may hold (65,536 / 16,777,216).  NO [LIMIT], or BYE where a
   *  response is half sent or news of the selected mailbox can't be told. */
  uint64_t session_octets;
  /** Octets waiting to be sent above which no more work is done for this client (4,096 / 32,768): a slow
   *  reader. */
  uint32_t output_octets;
  /** Units of work in one call (64 / 256); a unit is one step of a command, at most a few tens of
   *  kilobytes of mail. */
  uint32_t work_budget;
  /** Milliseconds without a command until BYE (60,000 / 1,800,000; RFC 3501 section 5.4 asks for 30
   *  minutes at least after login). */
  uint32_t idle_ms;
  /** Milliseconds between two looks at a mailbox in IDLE when the store has no |watch| (0 / 10,000). */
  uint32_t poll_ms;

  /* What a store gives and messages hold. */

  /** Octets of one digest (0 / 1,048,576; at most 16,777,215): texts that would not fit in are left out, and
   *  what follows a part that would not is part of the last one. */
  uint32_t digest_octets;
  /** Octets of header fields that a digest keeps as they stand (0 / 8,192): those above it are read from the
   *  message. */
  uint32_t digest_field_octets;
  /** Rows that are asked for in one query (0 / 128). */
  uint32_t query_rows;
  /** Parts of a message (0 / 10,000): what follows is part of the last one. */
  uint32_t mime_parts;
  /** Levels of parts, the message itself being the first (0 / 100): what the last one holds is opaque. */
  uint32_t mime_depth;
  /** Octets of one header field that SEARCH looks at (0 / 65,536): the rest is passed over. */
  uint32_t header_field_octets;
  /** Encoded words of one header field that SEARCH decodes (0 / 1,000): each may ask for another
   *  charset.  What follows is searched as it stands. */
  uint32_t encoded_words;
  /** Octets of one header field, of a list of addresses those of one address, that ENVELOPE and BODYSTRUCTURE
   *  show (0 / 16,384): the rest counts in sizes only. */
  uint32_t mime_field_octets;
  /** Addresses in one member of an ENVELOPE, the beginnings and ends of groups among them (0 / 1,000): the
   * rest is left out. */
  uint32_t addresses;
  /** Parameters of one MIME field (0 / 128): the rest is left out. */
  uint32_t mime_parameters;

  /** Milliseconds for which a client that waits for a command hears nothing, until it is told how far that is
   *  (0 / 15,000; RFC 9585 section 4 asks for 10 to 15 seconds).  0: never, and INPROGRESS is not shown. */
  uint32_t progress_ms;
  /** Messages in one COPY, UID COPY or APPEND (0 / 0): NO [MESSAGELIMIT] (RFC 9738), and nothing is copied or
   *  kept.  0: no such limit, and SAVELIMIT is not shown; RFC 9738 asks for 1,000 at least.  Not used with
   *  |command_messages|. */
  uint32_t save_messages;
  /** Messages that one FETCH, SEARCH, STORE, MOVE or UID EXPUNGE is about, in either form (0 / 0): of more,
   *  those with the highest UIDs, and OK [MESSAGELIMIT] says where that was (RFC 9738); and messages in one
   *  COPY or APPEND, as with |save_messages|.  0: no such limit, and MESSAGELIMIT is not shown.  EXPUNGE and
   *  CLOSE are not limited.  RFC 9738 asks for 1,000 at least.  Clients that do not know of it see only a
   * part of large mailboxes. */
  uint32_t command_messages;
  /** Batches that one UIDBATCHES tells of (0 / 10,000): a line that no client can read.  NO [TOOMANY]; the
   *  client can ask for some of them.  0: any number; RFC 10022 asks for 200 at least.  With
   *  |command_messages|, not more UIDs than that either, unless the batches have 100,000 messages at most. */
  uint32_t uid_batches;
} imap4_limits;

/**
 * Fill |limits| with the defaults.
 *
 * |struct_size| is sizeof(imap4_limits) as the caller compiled it; |logged_in| is 0 for the set before
 * login and 1 for the set after it.
 *
 * Returns: IMAP4_OK, or IMAP4_ERR_INVALID (NULL), IMAP4_ERR_VERSION (|struct_size| is too small).
 */
IMAP4_API IMAP4_MUST_USE int imap4_limits_init(imap4_limits *limits, uint32_t struct_size, int logged_in);

#ifdef __cplusplus
}
#endif

#endif
