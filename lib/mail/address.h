/* SPDX-License-Identifier: MIT */
/*
 * Address lists (RFC 5322 section 3.4, obsolete forms of section 4.4, and what real mail makes of them), one
 * address at a time.  Nothing is refused, but neither is anything guessed:
 *   - of an address with an error the parts before it are shown; one without any parts is blank;
 *   - a list ends where something other than a comma (or the end of a group) follows an address;
 *   - members that are empty, which section 4.4 allows, are left out.  A list of nothing else breaks every
 *     syntax: then each of its commas is a blank address.
 * Readers see from it that something was there, and other servers show the same.
 */
#ifndef IMAP4I_ADDRESS_H
#define IMAP4I_ADDRESS_H

#include "base/buf.h"

enum {
  IMAP4I_ADDRESS_MAILBOX,
  IMAP4I_ADDRESS_GROUP, /* a group begins: |name| is its name */
  IMAP4I_ADDRESS_GROUP_END
};

/* Spans live until the next call for the same list. */
typedef struct imap4i_address {
  uint8_t kind;
  bool named;        /* there is a name, which may be empty: "" */
  imap4_str name;    /* display name, or a comment behind the address */
  imap4_str route;   /* "@a,@b"; empty: none */
  imap4_str mailbox; /* empty: missing */
  imap4_str host;    /* empty: missing */
} imap4i_address;

typedef struct imap4i_address_list {
  imap4_str rest;    /* text not looked at yet */
  imap4_str comment; /* inside of the last comment of this address */
  imap4i_buf name;
  imap4i_buf route;
  imap4i_buf mailbox;
  imap4i_buf host;
  size_t empties; /* empty members so far */
  bool in_group;
  bool begins; /* no member of the list or group came yet */
  bool any;    /* an address that is not blank was given */
  bool ended;  /* nothing more is looked at */
  bool open;   /* more text will follow */
} imap4i_address_list;

void imap4i_address_list_init(imap4i_address_list *list, imap4i_mem *mem);
void imap4i_address_list_free(imap4i_address_list *list);
/* Begin with another text, which must outlive the calls below. */
void imap4i_address_list_begin(imap4i_address_list *list, imap4_str text);
/* What the list has is only the start of its text: hand out what stands before its last comma between
 * addresses, and go on with imap4i_address_list_continue().  Returns the octets before that comma and of
 * itself, perhaps none. */
size_t imap4i_address_list_open(imap4i_address_list *list);
void imap4i_address_list_continue(imap4i_address_list *list, imap4_str text);
/* The next address; |*got| is false at the end.  IMAP4_OK or IMAP4_ERR_NOMEM. */
int imap4i_address_list_next(imap4i_address_list *list, imap4i_address *address, bool *got);
/* Append an address as ENVELOPE shows it.  False without memory. */
IMAP4_MUST_USE bool imap4i_address_put(imap4i_buf *out, const imap4i_address *address);

#endif
