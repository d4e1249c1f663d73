/* SPDX-License-Identifier: MIT */
/*
 * The header fields that the library knows by name: those of ENVELOPE and BODYSTRUCTURE, and others that
 * clients ask for in every list of messages.
 */
#ifndef IMAP4I_FIELD_NAME_H
#define IMAP4I_FIELD_NAME_H

#include "base/str.h"

/* The order of the first ten is that of ENVELOPE, Content-MD5 to Content-Location that of BODYSTRUCTURE.
 * Digests hold these numbers. */
enum {
  IMAP4I_FIELD_DATE,
  IMAP4I_FIELD_SUBJECT,
  IMAP4I_FIELD_FROM,
  IMAP4I_FIELD_SENDER,
  IMAP4I_FIELD_REPLY_TO,
  IMAP4I_FIELD_TO,
  IMAP4I_FIELD_CC,
  IMAP4I_FIELD_BCC,
  IMAP4I_FIELD_IN_REPLY_TO,
  IMAP4I_FIELD_MESSAGE_ID,
  IMAP4I_FIELD_TYPE, /* Content-Type and the rest of them */
  IMAP4I_FIELD_ENCODING,
  IMAP4I_FIELD_ID,
  IMAP4I_FIELD_DESCRIPTION,
  IMAP4I_FIELD_MD5,
  IMAP4I_FIELD_DISPOSITION,
  IMAP4I_FIELD_LANGUAGE,
  IMAP4I_FIELD_LOCATION,
  IMAP4I_FIELD_SHOWN, /* number of those in ENVELOPE or BODYSTRUCTURE */
  IMAP4I_FIELD_MIME_VERSION = IMAP4I_FIELD_SHOWN,
  IMAP4I_FIELD_ADDED, /* number of those that matter to them */
  IMAP4I_FIELD_REFERENCES = IMAP4I_FIELD_ADDED,
  IMAP4I_FIELD_NEWSGROUPS,
  IMAP4I_FIELD_PRIORITY,
  IMAP4I_FIELD_X_PRIORITY,
  IMAP4I_FIELD_IMPORTANCE,
  IMAP4I_FIELD_LINES,
  IMAP4I_FIELD_LIST_ID,
  IMAP4I_FIELD_LIST_POST,
  IMAP4I_FIELD_LIST_SUBSCRIBE,
  IMAP4I_FIELD_LIST_UNSUBSCRIBE,
  IMAP4I_FIELD_LIST_UNSUBSCRIBE_POST,
  IMAP4I_FIELD_RETURN_PATH,
  IMAP4I_FIELD_DELIVERED_TO,
  IMAP4I_FIELD_X_ORIGINAL_TO,
  IMAP4I_FIELD_MAIL_REPLY_TO,
  IMAP4I_FIELD_MAIL_FOLLOWUP_TO,
  IMAP4I_FIELD_DISPOSITION_NOTIFICATION_TO,
  IMAP4I_FIELD_X_LABEL,
  IMAP4I_FIELD_X_SPAM_FLAG,
  IMAP4I_FIELD_COUNT /* all that are known: at most 64 */
};

/* Whether the field is a list of addresses. */
static inline bool imap4i_field_is_list(unsigned id) {
  return id >= IMAP4I_FIELD_FROM && id <= IMAP4I_FIELD_BCC;
}
/* Which field this is, in any case; IMAP4I_FIELD_COUNT for all others. */
unsigned imap4i_field_id(imap4_str name);

#endif
