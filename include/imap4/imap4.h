/* SPDX-License-Identifier: MIT */
/**
 * @file imap4.h
 * All public headers, and a guided tour.
 *
 * libimap4 is the protocol half of an IMAP server.  A host gives it a store (store.h: where mail is) and,
 * if it likes, a transport (transport.h: how bytes move), makes a session per connection (session.h) and
 * calls imap4_session_run() whenever something may have happened.  Everything that is IMAP happens inside.
 *
 *   version.h    version, export marks
 *   error.h      the one number space of results
 *   types.h      octets, ranges of UIDs, flags, dates
 *   limits.h     every limit, with the attack that it stops
 *   store.h      the functions that a host writes
 *   transport.h  two more, for hosts that let the library pump
 *   session.h    servers and sessions
 *   mime.h       ENVELOPE, BODYSTRUCTURE and sections for hosts that want them alone
 */
#ifndef IMAP4_IMAP4_H
#define IMAP4_IMAP4_H

#include "imap4/error.h"
#include "imap4/limits.h"
#include "imap4/mime.h"
#include "imap4/session.h"
#include "imap4/store.h"
#include "imap4/transport.h"
#include "imap4/types.h"
#include "imap4/version.h"

#endif
