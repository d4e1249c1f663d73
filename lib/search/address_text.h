/* SPDX-License-Identifier: MIT */
/*
 * Address fields as readers see them: "name <mailbox@host>, ...", without quotes and comments,
 * however the message writes them.  RFC 3501 has FROM, TO, CC and BCC look in the envelope structure, and
 * what people type is this.  HEADER looks at the field as it stands.
 */
#ifndef IMAP4I_ADDRESS_TEXT_H
#define IMAP4I_ADDRESS_TEXT_H

#include "mail/address.h"

/* Append the addresses of |value|, encoded words as they stand.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_address_text(imap4i_mem *mem, imap4_str value, imap4i_buf *out);

#endif
