/* SPDX-License-Identifier: MIT */
/* Names of header fields; see field_name.h. */
#include "mail/field_name.h"

#define NAME(z)                                                                                              \
  { z, sizeof(z) - 1 }

static const struct {
  const char *p;
  uint8_t n;
} names[IMAP4I_FIELD_COUNT] = {
    [IMAP4I_FIELD_DATE] = NAME("date"),
    [IMAP4I_FIELD_SUBJECT] = NAME("subject"),
    [IMAP4I_FIELD_FROM] = NAME("from"),
    [IMAP4I_FIELD_SENDER] = NAME("sender"),
    [IMAP4I_FIELD_REPLY_TO] = NAME("reply-to"),
    [IMAP4I_FIELD_TO] = NAME("to"),
    [IMAP4I_FIELD_CC] = NAME("cc"),
    [IMAP4I_FIELD_BCC] = NAME("bcc"),
    [IMAP4I_FIELD_IN_REPLY_TO] = NAME("in-reply-to"),
    [IMAP4I_FIELD_MESSAGE_ID] = NAME("message-id"),
    [IMAP4I_FIELD_TYPE] = NAME("content-type"),
    [IMAP4I_FIELD_ENCODING] = NAME("content-transfer-encoding"),
    [IMAP4I_FIELD_ID] = NAME("content-id"),
    [IMAP4I_FIELD_DESCRIPTION] = NAME("content-description"),
    [IMAP4I_FIELD_MD5] = NAME("content-md5"),
    [IMAP4I_FIELD_DISPOSITION] = NAME("content-disposition"),
    [IMAP4I_FIELD_LANGUAGE] = NAME("content-language"),
    [IMAP4I_FIELD_LOCATION] = NAME("content-location"),
    [IMAP4I_FIELD_REFERENCES] = NAME("references"),
    [IMAP4I_FIELD_MIME_VERSION] = NAME("mime-version"),
    [IMAP4I_FIELD_NEWSGROUPS] = NAME("newsgroups"),
    [IMAP4I_FIELD_PRIORITY] = NAME("priority"),
    [IMAP4I_FIELD_X_PRIORITY] = NAME("x-priority"),
    [IMAP4I_FIELD_IMPORTANCE] = NAME("importance"),
    [IMAP4I_FIELD_LINES] = NAME("lines"),
    [IMAP4I_FIELD_LIST_ID] = NAME("list-id"),
    [IMAP4I_FIELD_LIST_POST] = NAME("list-post"),
    [IMAP4I_FIELD_LIST_SUBSCRIBE] = NAME("list-subscribe"),
    [IMAP4I_FIELD_LIST_UNSUBSCRIBE] = NAME("list-unsubscribe"),
    [IMAP4I_FIELD_LIST_UNSUBSCRIBE_POST] = NAME("list-unsubscribe-post"),
    [IMAP4I_FIELD_RETURN_PATH] = NAME("return-path"),
    [IMAP4I_FIELD_DELIVERED_TO] = NAME("delivered-to"),
    [IMAP4I_FIELD_X_ORIGINAL_TO] = NAME("x-original-to"),
    [IMAP4I_FIELD_MAIL_REPLY_TO] = NAME("mail-reply-to"),
    [IMAP4I_FIELD_MAIL_FOLLOWUP_TO] = NAME("mail-followup-to"),
    [IMAP4I_FIELD_DISPOSITION_NOTIFICATION_TO] = NAME("disposition-notification-to"),
    [IMAP4I_FIELD_X_LABEL] = NAME("x-label"),
    [IMAP4I_FIELD_X_SPAM_FLAG] = NAME("x-spam-flag"),
};
_Static_assert(IMAP4I_FIELD_COUNT <= 64, "a set of fields is a number of 64 bits");

unsigned imap4i_field_id(imap4_str name) {
  if (name.n == 0) return IMAP4I_FIELD_COUNT;
  char first = imap4i_lower(*name.p);
  for (unsigned i = 0; i < IMAP4I_FIELD_COUNT; i++) {
    /* Length and first letter decide nearly always. */
    if (names[i].n == name.n && *names[i].p == first &&
        imap4i_istarts(name, imap4i_str(names[i].p, names[i].n)))
      return i;
  }
  return IMAP4I_FIELD_COUNT;
}
