/* SPDX-License-Identifier: MIT */
/**
 * @file session.h
 * Servers and sessions: the life of a connection.
 *
 * A server is the configuration that sessions share; it never changes after imap4_server_new() and may be
 * used from many threads.  A session is one connection: use it from one thread at a time.
 *
 * With a transport (transport.h):
 *
 *     imap4_session_new(server, &args, &session);
 *     while (!(imap4_session_want(session) & IMAP4_WANT_CLOSED)) {
 *       unless it has IMAP4_WANT_RUN, wait for what imap4_session_want() says, at most until
 *       imap4_session_deadline();
 *       imap4_session_tick(session, now);
 *       imap4_session_run(session);
 *     }
 *     imap4_session_free(session);
 *
 * Without one:
 *
 *     for (;;) {
 *       send what imap4_session_output() gives and report it with imap4_session_output_done();
 *       want = imap4_session_want(session);
 *       if (want & IMAP4_WANT_CLOSED) break;
 *       if (want & IMAP4_WANT_RUN) imap4_session_run(session);
 *       else if (octets are left) imap4_session_input(session, octets, n, &used);
 *       else wait, at most until imap4_session_deadline(), and read octets if want has IMAP4_WANT_READ;
 *       imap4_session_tick(session, now);
 *     }
 *
 * A host that never calls imap4_session_tick() has no autologout, and IDLE without the store's |watch| hears
 * nothing; one that never calls imap4_session_set_clock() has no searches for messages by their age.
 *
 * What is sent depends on the octets received, the store's answers and the time that was told, never on how
 * octets were cut into calls.
 *
 * RE-ENTRY.  Inside a store's or transport's function, only imap4_op_complete() and
 * imap4_session_notify() may be called for the same session; others return IMAP4_ERR_REENTRANT.
 */
#ifndef IMAP4_SESSION_H
#define IMAP4_SESSION_H

#include "imap4/error.h"
#include "imap4/limits.h"
#include "imap4/store.h"
#include "imap4/transport.h"
#include "imap4/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The one function through which the library gets memory.
 *
 *   resize(user, NULL, 0, n)    n > 0: allocate
 *   resize(user, p, old, n)     n > 0: change the size, contents kept up to the smaller size
 *   resize(user, p, old, 0)     free; returns NULL
 *
 * |old_size| is always the size that was asked for.  Returns NULL when there is no memory; then |p| stays
 * as it was.  Must be callable from every thread that runs sessions.
 */
typedef void *(*imap4_resize_function)(void *user, void *p, size_t old_size, size_t new_size);

/**
 * Features that a host can switch off, for a server or a session; see imap4_session_mask().  All are 64 bits
 * wide, so that ~ of one of them is a mask.
 *
 * LITERAL_MINUS:  with LITERAL_PLUS off, LITERAL- is shown, and a literal that nobody has asked for may have
 *                 4,096 octets at most; with both off neither is shown, and such literals are taken as with
 *                 LITERAL+.
 * IMAP4REV2:      what it took in are IDLE, NAMESPACE, CHILDREN, UNSELECT, UIDPLUS, SASL_IR, ENABLE, MOVE,
 * ESEARCH, SEARCHRES, LIST_EXTENDED, LIST_STATUS, STATUS_SIZE, BINARY, and LITERAL_PLUS or LITERAL_MINUS:
 *                 without one of these it is off.
 * QUOTA:          with QUOTASET and QUOTA=RES-*.
 * MESSAGELIMIT:   MESSAGELIMIT with imap4_limits.command_messages, SAVELIMIT with imap4_limits.save_messages.
 *                 Off, neither limit holds.
 */
#define IMAP4_FEATURE_IDLE 0x00000000001ull          /**< RFC 2177 */
#define IMAP4_FEATURE_NAMESPACE 0x00000000002ull     /**< RFC 2342 */
#define IMAP4_FEATURE_ID 0x00000000004ull            /**< RFC 2971 */
#define IMAP4_FEATURE_CHILDREN 0x00000000008ull      /**< RFC 3348 */
#define IMAP4_FEATURE_UNSELECT 0x00000000010ull      /**< RFC 3691 */
#define IMAP4_FEATURE_UIDPLUS 0x00000000020ull       /**< RFC 4315 */
#define IMAP4_FEATURE_SASL_IR 0x00000000040ull       /**< RFC 4959 */
#define IMAP4_FEATURE_ENABLE 0x00000000080ull        /**< RFC 5161 */
#define IMAP4_FEATURE_MOVE 0x00000000100ull          /**< RFC 6851 */
#define IMAP4_FEATURE_LITERAL_PLUS 0x00000000200ull  /**< RFC 7888; the syntax is taken all the same */
#define IMAP4_FEATURE_MULTIAPPEND 0x00000000400ull   /**< RFC 3502 */
#define IMAP4_FEATURE_STARTTLS 0x00000000800ull      /**< RFC 3501 section 6.2.1 */
#define IMAP4_FEATURE_AUTH_PLAIN 0x00000001000ull    /**< RFC 4616 */
#define IMAP4_FEATURE_AUTH_LOGIN 0x00000002000ull    /**< the LOGIN mechanism, widely used, no standard */
#define IMAP4_FEATURE_CONDSTORE 0x00000004000ull     /**< RFC 7162 section 3.1 */
#define IMAP4_FEATURE_QRESYNC 0x00000008000ull       /**< RFC 7162 section 3.2; needs CONDSTORE and ENABLE */
#define IMAP4_FEATURE_IMAP4REV2 0x00000010000ull     /**< RFC 9051; needs ENABLE and all that it took in */
#define IMAP4_FEATURE_UTF8_ACCEPT 0x00000020000ull   /**< RFC 9755; needs ENABLE */
#define IMAP4_FEATURE_ESEARCH 0x00000040000ull       /**< RFC 4731 */
#define IMAP4_FEATURE_SEARCHRES 0x00000080000ull     /**< RFC 5182; needs ESEARCH */
#define IMAP4_FEATURE_PARTIAL 0x00000100000ull       /**< RFC 9394; needs ESEARCH */
#define IMAP4_FEATURE_WITHIN 0x00000200000ull        /**< RFC 5032; needs imap4_session_set_clock() */
#define IMAP4_FEATURE_LIST_EXTENDED 0x00000400000ull /**< RFC 5258 */
#define IMAP4_FEATURE_LIST_STATUS 0x00000800000ull   /**< RFC 5819; needs LIST_EXTENDED */
#define IMAP4_FEATURE_SPECIAL_USE 0x00001000000ull   /**< RFC 6154; needs LIST_EXTENDED */
#define IMAP4_FEATURE_CREATE_SPECIAL_USE 0x00002000000ull /**< RFC 6154 section 3 */
#define IMAP4_FEATURE_STATUS_SIZE 0x00004000000ull        /**< RFC 8438 */
#define IMAP4_FEATURE_BINARY 0x00008000000ull             /**< RFC 3516 */
#define IMAP4_FEATURE_LITERAL_MINUS 0x00010000000ull      /**< RFC 7888 section 5; see above */
#define IMAP4_FEATURE_REPLACE 0x00020000000ull            /**< RFC 8508; needs the store's |replace| */
#define IMAP4_FEATURE_APPENDLIMIT 0x00040000000ull        /**< RFC 7889 */
#define IMAP4_FEATURE_OBJECTID 0x00080000000ull           /**< RFC 8474 */
#define IMAP4_FEATURE_SAVEDATE 0x00100000000ull           /**< RFC 8514 */
#define IMAP4_FEATURE_PREVIEW 0x00200000000ull            /**< RFC 8970 */
#define IMAP4_FEATURE_INPROGRESS 0x00400000000ull         /**< RFC 9585; needs imap4_session_tick() */
#define IMAP4_FEATURE_UNAUTHENTICATE 0x00800000000ull     /**< RFC 8437; not behind PREAUTH or COMPRESS */
#define IMAP4_FEATURE_COMPRESS 0x01000000000ull           /**< RFC 4978; needs a host that can compress */
#define IMAP4_FEATURE_QUOTA 0x02000000000ull              /**< RFC 9208 */
#define IMAP4_FEATURE_UIDONLY 0x04000000000ull            /**< RFC 9586; needs ENABLE */
#define IMAP4_FEATURE_MESSAGELIMIT 0x08000000000ull       /**< RFC 9738; see above */
#define IMAP4_FEATURE_UIDBATCHES 0x10000000000ull         /**< RFC 10022 */

/** A name and a value that the ID response tells (RFC 2971). */
typedef struct imap4_id_field {
  imap4_str name;
  imap4_str value;
} imap4_id_field;

typedef struct imap4_config {
  uint32_t struct_size; /**< sizeof(imap4_config) */
  /** 1: passwords may be sent over connections that are not secure (imap4_session_args.secure).  0: then
   *  LOGIN and plain text mechanisms are refused and LOGINDISABLED is shown (RFC 3501 section 11.2). */
  int32_t allow_plaintext;
  imap4_resize_function resize; /**< NULL: malloc, realloc and free */
  void *resize_user;
  const imap4_store *store; /**< required */
  void *store_user;
  const imap4_limits *before_login; /**< NULL: the defaults */
  const imap4_limits *after_login;  /**< NULL: the defaults */
  uint64_t features_off; /**< IMAP4_FEATURE_* that no session has; bits not known here are ignored */
  imap4_str
      greeting; /**< text of the greeting, 7-bit without CR and LF (others become "?"); empty: a default */
  /** What ID tells of this server; NULL: "NIL".  At most 30, names of 30 and values of 1,024 octets, no name
   *  twice (RFC 2971 section 3.3). */
  const imap4_id_field *id;
  uint32_t id_count;
  uint32_t reserved;
} imap4_config;

/** Set |config| to the defaults.  |struct_size| is sizeof(imap4_config).  Errors: INVALID, VERSION. */
IMAP4_API IMAP4_MUST_USE int imap4_config_init(imap4_config *config, uint32_t struct_size);

/**
 * Make a server.
 *
 * Memory:  everything that |config| points to is copied, texts too; only |store_user| and |resize_user| are
 * kept as pointers and must outlive the server.  Free with imap4_server_free() after its last session.
 * Returns: IMAP4_OK; IMAP4_ERR_INVALID (no store, a required member is NULL, limits that do not allow a step,
 * |id| out of bounds or with a name twice); IMAP4_ERR_VERSION (a |struct_size| in |config|, the store or the
 *          limits is too small, or members are set that are not known here); IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_server_new(const imap4_config *config, imap4_server **server);

/** Free a server that has no session left.  NULL is allowed. */
IMAP4_API void imap4_server_free(imap4_server *server);

typedef struct imap4_session_args {
  uint32_t struct_size;
  int32_t secure; /**< 1: the connection is protected already (TLS from the start, a local socket) */
  const imap4_transport *transport; /**< copied; NULL: the host pushes and pulls */
  void *transport_user;
  void *account;      /**< not NULL: the client is logged in already (PREAUTH); released like any other */
  uint32_t delimiter; /**< with |account|: as in imap4_authenticate_result */
  /** 1: without a transport, the host can do TLS when asked (IMAP4_WANT_TLS): STARTTLS is offered. */
  int32_t can_start_tls;
  uint64_t now_ms;       /**< as in imap4_session_tick() */
  uint64_t features_off; /**< as in imap4_session_mask() */
  void *user;            /**< the host's own, given back by imap4_session_user() */
  /** 1: without a transport, the host can compress when asked (IMAP4_WANT_COMPRESS): COMPRESS is offered. */
  int32_t can_compress;
  int32_t reserved;
} imap4_session_args;

/** Set |args| to zero and its |struct_size|.  Errors: INVALID, VERSION. */
IMAP4_API IMAP4_MUST_USE int imap4_session_args_init(imap4_session_args *args, uint32_t struct_size);

/**
 * Begin a session.  The greeting is sent by the first imap4_session_run().
 *
 * Memory:  |args| is copied.  Free with imap4_session_free() before the server.
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_VERSION, IMAP4_ERR_NOMEM.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_new(imap4_server *server, const imap4_session_args *args,
                                               imap4_session **session);

/**
 * End a session at any point.  An operation under way is cancelled; uploads are aborted, the mailbox is
 * closed, the account released.  Nothing is sent.  NULL is allowed.
 *
 * Reentry: never from inside a callback of the same session (it is ignored there).
 */
IMAP4_API void imap4_session_free(imap4_session *session);

/** imap4_session_args.user.  May be called at any time, from callbacks too. */
IMAP4_API void *imap4_session_user(const imap4_session *session);

/**
 * Feed octets received from the client.
 *
 * Takes as many as can be used now and stores that count in |*used|; fewer than |len| means that a command
 * is busy or output is waiting: send, complete the operation or call imap4_session_run(), then feed
 * the rest.  Does a bounded amount of work (imap4_limits.work_budget).
 *
 * Memory:  |data| is read during the call only.
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_REENTRANT, or a fatal error, which stays.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_input(imap4_session *session, const void *data, size_t len,
                                                 size_t *used);

/**
 * The client has closed its side: no input will come.  A command under way is finished; then the session
 * closes.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_input_end(imap4_session *session);

/**
 * Octets to be sent to the client: |*len| of them at |*data|; 0 when there are none now.
 *
 * Memory:  valid until the next call for this session other than imap4_session_want().
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_REENTRANT.  Works after a fatal error too, although
 *          imap4_session_want() is IMAP4_WANT_CLOSED then: what was
 *          queued before it may still be sent.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_output(imap4_session *session, const void **data, size_t *len);

/**
 * The first |n| of those octets were sent.  |n| may be less than the length that was given.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID (more than there are), IMAP4_ERR_REENTRANT.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_output_done(imap4_session *session, size_t n);

/**
 * Go on with whatever can go on: pump the transport, if there is one, and run commands, within the work
 * budget.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_REENTRANT, or a fatal error, which stays.  When the session is over in
 *          good order the value is IMAP4_OK and imap4_session_want() is IMAP4_WANT_CLOSED.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_run(imap4_session *session);

/** What a session waits for, as bits. */
#define IMAP4_WANT_READ 0x01u  /**< octets from the client */
#define IMAP4_WANT_WRITE 0x02u /**< that output is sent */
#define IMAP4_WANT_STORE 0x04u /**< the completion of an operation */
#define IMAP4_WANT_RUN                                                                                       \
  0x08u                         /**< a call of imap4_session_run(): the work budget was spent, or something  \
                                     was completed */
#define IMAP4_WANT_TLS 0x10u    /**< no transport: begin TLS, then call imap4_session_tls_started() */
#define IMAP4_WANT_CLOSED 0x20u /**< the session is over and all output is sent: close the connection */

/** No transport: begin to compress, then call imap4_session_compress_started(). */
#define IMAP4_WANT_COMPRESS 0x40u

/** IMAP4_WANT_*.  May be called at any time, from callbacks too.  After a fatal error: CLOSED. */
IMAP4_API uint32_t imap4_session_want(const imap4_session *session);

/**
 * TLS is up (answer to IMAP4_WANT_TLS).  Octets that came in plain after STARTTLS must not be fed to the
 * session; feeding them before this call ends it.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_STATE (nobody asked), IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_tls_started(imap4_session *session);

/**
 * Compression is on (answer to IMAP4_WANT_COMPRESS): what goes to imap4_session_input() from here on was
 * inflated by the host, and what imap4_session_output() gives is to be deflated and flushed; see
 * imap4_transport.start_compress.  Octets that came before this call must not be fed to the session; feeding
 * them ends it.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_STATE (nobody asked), IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_compress_started(imap4_session *session);

/**
 * Tell the time: milliseconds of a clock that never goes back, with any zero point.  Needed for the
 * autologout and for polling in IDLE; call it when imap4_session_deadline() has come, or more often.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_tick(imap4_session *session, uint64_t now_ms);

/**
 * Tell the time of day: |seconds| since 1970-01-01 00:00:00 UTC at the moment that imap4_session_tick()
 * (before the first one, imap4_session_args.now_ms) told last.  The session reckons on from there by what
 * imap4_session_tick() says; call it again when the clock was set, or after every imap4_session_tick().  A
 * session that was never told does not know the time of day, and the capability WITHIN is not there.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID (more than 2^50 seconds away from 1970), IMAP4_ERR_REENTRANT, or a
 *          fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_set_clock(imap4_session *session, int64_t seconds);

/** When imap4_session_tick() should be called next at the latest, on the same clock; UINT64_MAX: never. */
IMAP4_API uint64_t imap4_session_deadline(const imap4_session *session);

/**
 * Something happened in the selected mailbox (imap4_store.watch).  Records only; the session looks at the
 * next imap4_session_run().  May be called at any time on the session's thread, from callbacks too.
 *
 * Returns: IMAP4_OK, or a fatal error.
 */
IMAP4_API int imap4_session_notify(imap4_session *session);

/**
 * Say BYE with |text| (7-bit, no CR or LF; cut at 200 octets) as soon as the response under way is
 * complete, and close.  For shutdowns.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_bye(imap4_session *session, imap4_str text);

/**
 * Switch features (IMAP4_FEATURE_*) off for this session: replaces the mask of before.  Capabilities and
 * commands follow from the next command on.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_mask(imap4_session *session, uint64_t features_off);

/**
 * Quirks: switches for clients that need something else than the standards say.  They follow from what the
 * client says in ID, by a table in the library (lib/core/quirks.c), unless the host sets them.
 */
#define IMAP4_QUIRK_NO_COMPRESS 0x01u /**< COMPRESS is not offered */
/** One hierarchy delimiter behind the name of a mailbox is passed over. */
#define IMAP4_QUIRK_TRAILING_DELIMITER 0x02u
#define IMAP4_QUIRK_LSUB_NOSELECT 0x04u /**< LSUB shows subscribed names that do not exist with \Noselect */

/**
 * Set the quirks of this session (IMAP4_QUIRK_*): replaces those of before, and from now on ID changes
 * nothing any more.  They hold from the next command on.
 *
 * Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_REENTRANT, or a fatal error.
 */
IMAP4_API IMAP4_MUST_USE int imap4_session_set_quirks(imap4_session *session, uint64_t quirks);

/** The quirks that hold now.  May be called at any time, from callbacks too. */
IMAP4_API uint64_t imap4_session_quirks(const imap4_session *session);

/** States of RFC 3501 section 3. */
#define IMAP4_STATE_NOT_AUTHENTICATED 0u
#define IMAP4_STATE_AUTHENTICATED 1u
#define IMAP4_STATE_SELECTED 2u
#define IMAP4_STATE_LOGOUT 3u

/** What a session is doing, for logs and tests. */
typedef struct imap4_session_info {
  uint32_t struct_size;   /**< set before the call */
  uint32_t state;         /**< IMAP4_STATE_* */
  uint64_t commands;      /**< commands answered */
  uint64_t memory;        /**< octets held now */
  uint64_t memory_peak;   /**< and at most so far */
  uint64_t input_octets;  /**< taken by imap4_session_input() */
  uint64_t output_octets; /**< reported by imap4_session_output_done() */
  int32_t secure;         /**< 1: protected */
  int32_t idle;           /**< 1: in IDLE */
} imap4_session_info;

/** Fill |*info|.  Returns: IMAP4_OK, IMAP4_ERR_INVALID, IMAP4_ERR_VERSION. */
IMAP4_API IMAP4_MUST_USE int imap4_session_get_info(const imap4_session *session, imap4_session_info *info);

#ifdef __cplusplus
}
#endif

#endif
