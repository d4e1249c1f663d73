/* SPDX-License-Identifier: MIT */
/**
 * @file transport.h
 * The transport: how bytes move, for hosts that let imap4_session_run() pump.
 *
 * A host that would rather push and pull itself gives no transport and uses imap4_session_input() and
 * imap4_session_output(); the pump is written over those and does nothing that a host could not do.
 *
 * Every function returns one of
 *   IMAP4_OK     done; for read and write |*n| says how many octets, 1 <= |*n| <= what was given
 *   IMAP4_AGAIN  nothing can be done now; the host calls imap4_session_run() again when it can
 *   IMAP4_END    read only: the client has closed its side, nothing will come any more
 *   a negative number: the connection is broken; the session ends with IMAP4_ERR_TRANSPORT
 *
 * "Zero octets" is never an answer: say IMAP4_AGAIN or IMAP4_END.  Blocking functions are fine; then
 * imap4_session_run() in a loop until imap4_session_want() is IMAP4_WANT_CLOSED is a whole server, but for
 * the autologout, which needs imap4_session_tick().
 */
#ifndef IMAP4_TRANSPORT_H
#define IMAP4_TRANSPORT_H

#include "imap4/error.h"
#include "imap4/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct imap4_transport {
  uint32_t struct_size; /**< sizeof(imap4_transport) */
  uint32_t reserved;    /**< 0 */

  /* Required since 0.1. */

  /** Read up to |capacity| octets (>= 1) to |data|. */
  int (*read)(void *user, void *data, size_t capacity, size_t *n);
  /** Write up to |len| octets (>= 1) from |data|. */
  int (*write)(void *user, const void *data, size_t len, size_t *n);

  /* Optional since 0.1. */

  /**
   * Begin TLS as server: all reads and writes after this go through it.  Called when everything written so
   * far was taken by |write|.  May do the whole handshake here, or return IMAP4_AGAIN until it is done (the
   * session wants IMAP4_WANT_READ meanwhile; a TLS library that wants to write knows so itself), or return
   * IMAP4_OK at once and do it inside the following reads and writes.  NULL: no STARTTLS.
   */
  int (*start_tls)(void *user);
  /**
   * Begin to compress (RFC 4978): what |read| gives after this is inflated, what |write| takes is deflated,
   * as raw DEFLATE (RFC 1951) without a header, inside TLS.  Called, like |start_tls|, when everything
   * written so far was taken by |write| and nothing that was read is left; may return IMAP4_AGAIN likewise.
   * NULL: no COMPRESS.
   *
   * The library says nothing of flushing: the host flushes its compressor (zlib: Z_SYNC_FLUSH, never
   * Z_PARTIAL_FLUSH, at which some clients wait for ever) each time imap4_session_run() returns, or the
   * client will not see the end of a response.  |read| gives at most |capacity| octets however many the
   * client's octets would inflate to: the rest stays compressed until it is asked for.
   */
  int (*start_compress)(void *user);
} imap4_transport;

#ifdef __cplusplus
}
#endif

#endif
