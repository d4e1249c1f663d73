/* SPDX-License-Identifier: MIT */
/**
 * @file mime.h
 * ENVELOPE, BODYSTRUCTURE and sections of a message, for hosts that want them alone.
 *
 *     imap4_mime_new(NULL, NULL, NULL, &mime);
 *     while (there is more of the message) imap4_mime_feed(mime, data, len);
 *     imap4_mime_finish(mime);
 *     imap4_mime_envelope(mime, &text);
 *     imap4_mime_free(mime);
 *
 * The message comes in pieces of any size, with CRLF line ends as IMAP clients see it, and is never held in
 * memory.  Any octets at all are a message; what is not well-formed is taken for what it most probably
 * means.  What is known of a message then fits in a digest (imap4_mime_digest()), from which
 * imap4_mime_open() brings it back.  These are the digests that a store is given with new messages.
 *
 * An object is used from one thread at a time.
 */
#ifndef IMAP4_MIME_H
#define IMAP4_MIME_H

#include "imap4/error.h"
#include "imap4/limits.h"
#include "imap4/session.h"
#include "imap4/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct imap4_mime imap4_mime;

/**
 * Begin to look at a message.
 *
 * |resize| and |user|: where memory comes from; NULL: malloc, realloc and free.  |limits|: its members
 * mime_*, header_field_octets, addresses and digest_* bound memory and work; NULL: the defaults.
 *
 * Memory:  |limits| is copied.  Free with imap4_mime_free().
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_VERSION (limits->struct_size), IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_new(imap4_resize_function resize, void *user,
                                            const imap4_limits *limits, imap4_mime **mime);

/**
 * The next octets of the message.
 *
 * Returns: IMAP4_OK; IMAP4_ERR_INVALID; IMAP4_ERR_STATE after imap4_mime_finish(); IMAP4_ERR_NOMEM, which
 *          stays.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_feed(imap4_mime *mime, const void *data, size_t len);

/**
 * The message is complete.  Until then the functions below return IMAP4_ERR_STATE.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_finish(imap4_mime *mime);

/**
 * Bring back what imap4_mime_digest() gave, as if the message had been fed again.
 *
 * Memory:  the digest is copied.
 * Returns: IMAP4_OK; IMAP4_ERR_INVALID (these octets are no digest of this version, or damaged: feed the
 *          message instead); IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_open(imap4_resize_function resize, void *user, imap4_str digest,
                                             imap4_mime **mime);

/** Free it at any point.  NULL is allowed. */
IMAP4_API void imap4_mime_free(imap4_mime *mime);

/**
 * All that is known of the message, as octets to be kept: the same on every machine.
 *
 * Memory:  |*digest| lives as long as |mime|.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_digest(imap4_mime *mime, imap4_str *digest);

/** Octets of the message: RFC822.SIZE. */
IMAP4_API IMAP4_MUST_USE int imap4_mime_size(imap4_mime *mime, uint64_t *size);

/** Date of the message as its Date field says it; not |present| if that is missing or means nothing. */
IMAP4_API IMAP4_MUST_USE int imap4_mime_date(imap4_mime *mime, imap4_date *date);

/**
 * The value of ENVELOPE (RFC 3501 section 7.4.2), ready to send; it may hold literals.
 *
 * Memory:  |*text| lives until the next call of this function or imap4_mime_body(), or imap4_mime_free().
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_STATE, IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_envelope(imap4_mime *mime, imap4_str *text);

/** The same for BODYSTRUCTURE (|extensible| = 1) or BODY (0), as IMAP4rev1 has them: message/global does not
 * show what is inside it.  As a part (below) it is open like message/rfc822. */
IMAP4_API IMAP4_MUST_USE int imap4_mime_body(imap4_mime *mime, int extensible, imap4_str *text);

/**
 * Where a section is in the message: |section| is what stands between the brackets of BODY[...]: "", "1.2",
 * "HEADER", "TEXT", "2.HEADER", "2.TEXT", "1.2.MIME", in any case.
 *
 * Returns: IMAP4_OK; IMAP4_ST_NONEXISTENT (the message has no such section); IMAP4_ERR_INVALID (no section
 *          is written like that; HEADER.FIELDS are not single ranges and not known here);
 *          IMAP4_ERR_STATE.
 */
IMAP4_API IMAP4_MUST_USE int imap4_mime_section(imap4_mime *mime, imap4_str section, uint64_t *offset,
                                                uint64_t *length);

/** Kinds of parts. */
#define IMAP4_PART_LEAF 0u      /**< anything that has no parts */
#define IMAP4_PART_MULTIPART 1u /**< its children are its parts */
#define IMAP4_PART_MESSAGE 2u   /**< message/rfc822: its one child is the message inside */

/** Transfer encodings. */
#define IMAP4_ENCODING_IDENTITY 0u /**< 7bit, 8bit, binary */
#define IMAP4_ENCODING_QUOTED_PRINTABLE 1u
#define IMAP4_ENCODING_BASE64 2u
#define IMAP4_ENCODING_OTHER 3u /**< not known */

/** A part of a message. */
typedef struct imap4_mime_part {
  uint32_t struct_size; /**< set before the call */
  uint32_t kind;        /**< IMAP4_PART_* */
  uint32_t encoding;    /**< IMAP4_ENCODING_* of the body */
  int32_t is_text;      /**< 1: text/anything */
  uint32_t parent;      /**< index of the part it is in; UINT32_MAX for part 0, the message itself */
  uint32_t reserved;
  uint64_t header_offset;
  uint64_t header_length; /**< with the empty line */
  uint64_t body_offset;
  uint64_t body_length;
  uint64_t lines;    /**< line ends in the body */
  imap4_str charset; /**< as the message names it, up to 250 octets; empty if it does not.  Lives as long as
                        the object */
} imap4_mime_part;

/** Number of parts, at least 1: the message itself, then every part, parents before children. */
IMAP4_API IMAP4_MUST_USE int imap4_mime_part_count(imap4_mime *mime, uint32_t *count);

/** Part |index|.  IMAP4_ERR_INVALID if there are not so many; IMAP4_ERR_VERSION, IMAP4_ERR_STATE. */
IMAP4_API IMAP4_MUST_USE int imap4_mime_get_part(imap4_mime *mime, uint32_t index, imap4_mime_part *part);

#ifdef __cplusplus
}
#endif

#endif
