/* SPDX-License-Identifier: MIT */
/* One line of LIST or LSUB. */
#ifndef IMAP4I_LIST_LINE_H
#define IMAP4I_LIST_LINE_H

#include "core/dispatch.h"

typedef struct imap4i_list_line {
  imap4_str name;
  uint32_t attributes; /* IMAP4_MAILBOX_* */
  bool lsub;
  bool extended; /* the client knows \NonExistent */
  bool tells_subscribed;
  bool tells_children;
  bool children;        /* has names below it */
  uint32_t child_match; /* CHILDINFO: something below it meets these selection options (IMAP4I_LIST_*) */
} imap4i_list_line;

/* False without memory. */
IMAP4_MUST_USE bool imap4i_put_list_line(imap4_session *s, const imap4i_list_line *line);

#endif
