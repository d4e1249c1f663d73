/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * What functions of the library return, and what functions of a store return to the library.
 *
 * One number space, in bands.  A number is never used again for something else.
 *
 *   0            it worked
 *   > 0          not an error: the answer comes later
 *   -1 .. -29    the caller made a mistake; the call had no effect
 *   -30 .. -99   what a store says of a request; the client gets a NO with the response code named here
 *   <= -100      fatal to the session and sticky: every later call on it returns the same
 *
 * What a client does wrong is traffic (it is answered with BAD or NO) and never a return value.
 */
#ifndef IMAP4_ERROR_H
#define IMAP4_ERROR_H

#include "imap4/version.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  IMAP4_OK = 0,
  IMAP4_PENDING = 1, /**< a store's function: imap4_op_complete() will bring the result */
  IMAP4_AGAIN = 2,   /**< a transport's function: nothing can be done now, try when the socket is ready */
  IMAP4_END = 3,     /**< a transport's read: the client has ended its side of the connection */

  /* The caller's mistake, no effect. */
  IMAP4_ERR_INVALID = -1,   /**< an argument is NULL, out of range or contradicts another */
  IMAP4_ERR_VERSION = -2,   /**< a struct_size is too small, or unknown members are not zero */
  IMAP4_ERR_REENTRANT = -3, /**< called from inside a callback of the same session */
  IMAP4_ERR_STALE_OP = -4,  /**< this operation is over: completed before, cancelled, or never begun */
  IMAP4_ERR_STATE = -5,     /**< not now: the session is not at a point where this makes sense */

  /* What a store says: RFC 5530 response codes unless another RFC is named. */
  IMAP4_ST_NONEXISTENT = -30,     /**< NO [NONEXISTENT]; [TRYCREATE] for APPEND, COPY and MOVE */
  IMAP4_ST_ALREADYEXISTS = -31,   /**< NO [ALREADYEXISTS] */
  IMAP4_ST_CANNOT = -32,          /**< NO [CANNOT]: never possible, for example a name the store can't hold */
  IMAP4_ST_OVERQUOTA = -33,       /**< NO [OVERQUOTA] */
  IMAP4_ST_NOPERM = -34,          /**< NO [NOPERM] */
  IMAP4_ST_UNAVAILABLE = -35,     /**< NO [UNAVAILABLE]: a backend is away for a while */
  IMAP4_ST_INUSE = -36,           /**< NO [INUSE] */
  IMAP4_ST_LIMIT = -37,           /**< NO [LIMIT] */
  IMAP4_ST_TOOBIG = -38,          /**< NO [TOOBIG] (RFC 7889): the message is too large */
  IMAP4_ST_EXPUNGED = -39,        /**< NO [EXPUNGEISSUED]: a message asked for is gone */
  IMAP4_ST_CORRUPTION = -40,      /**< NO [CORRUPTION] */
  IMAP4_ST_SERVERBUG = -41,       /**< NO [SERVERBUG] */
  IMAP4_ST_READONLY = -42,        /**< NO [READ-ONLY] (RFC 3501) */
  IMAP4_ST_HASCHILDREN = -43,     /**< NO [HASCHILDREN] (RFC 9051): has inferiors and is \Noselect already */
  IMAP4_ST_AUTHFAILED = -44,      /**< NO [AUTHENTICATIONFAILED] */
  IMAP4_ST_AUTHZFAILED = -45,     /**< NO [AUTHORIZATIONFAILED] */
  IMAP4_ST_EXPIRED = -46,         /**< NO [EXPIRED] */
  IMAP4_ST_PRIVACYREQUIRED = -47, /**< NO [PRIVACYREQUIRED]: only under TLS */
  IMAP4_ST_CONTACTADMIN = -48,    /**< NO [CONTACTADMIN] */
  IMAP4_ST_UNSUPPORTED = -49,     /**< NO [CANNOT]: an optional member that does not apply here; the library
                                       does without it where it can */
  IMAP4_ST_FAILED = -50,          /**< NO without a code */
  IMAP4_ST_TEMPFAIL = -51,        /**< NO [UNAVAILABLE] with a text that says to try again */
  IMAP4_ST_UNKNOWNCTE = -52, /**< NO [UNKNOWN-CTE] (RFC 3516): a message that the mailbox can't hold as it is,
                                  or an encoding that can't be undone */

  /* Fatal to the session. */
  IMAP4_FATAL = -100,        /**< the first fatal number; see imap4_is_fatal() */
  IMAP4_ERR_NOMEM = -101,    /**< the allocator returned NULL */
  IMAP4_ERR_CALLBACK = -102, /**< a callback broke its contract, for example took more octets than given */
  IMAP4_ERR_STALLED = -103,  /**< steps without progress: a bug of the library, ended instead of hanging */
  IMAP4_ERR_TRANSPORT =
      -104, /**< a function of the transport failed (the end of input is no failure, wherever it comes) */
  IMAP4_ERR_CLOSED = -105 /**< the session is over and the host went on using it */
};

/** Whether |status| is fatal to the session (<= IMAP4_FATAL): 1 or 0. */
IMAP4_API int imap4_is_fatal(int status);

/**
 * A short English sentence for |status|, for logs.
 *
 * Memory: static; never NULL, never freed.
 */
IMAP4_API const char *imap4_status_textz(int status);

#ifdef __cplusplus
}
#endif

#endif
