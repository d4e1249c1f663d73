/* SPDX-License-Identifier: MIT */
/* Address fields as readers see them; see address_text.h. */
#include "search/address_text.h"

#include "imap4/error.h"

bool imap4i_is_address_field(imap4_str name) {
  return imap4i_has_word(IMAP4I_S("from to cc bcc sender reply-to"), name);
}

static bool put_mailbox(imap4i_buf *out, const imap4i_address *address) {
  if (address->name.n > 0 && (!imap4i_buf_puts(out, address->name) || !imap4i_buf_putc(out, ' '))) {
    return false;
  }
  if (!imap4i_buf_putc(out, '<') || !imap4i_buf_puts(out, address->mailbox)) return false;
  if (address->host.n > 0 && (!imap4i_buf_putc(out, '@') || !imap4i_buf_puts(out, address->host))) {
    return false;
  }
  return imap4i_buf_putc(out, '>');
}

static bool put_address(imap4i_buf *out, const imap4i_address *address, bool follows) {
  if (address->kind == IMAP4I_ADDRESS_GROUP_END) return imap4i_buf_putc(out, ';');
  if (follows && !imap4i_buf_puts(out, IMAP4I_S(", "))) return false;
  if (address->kind == IMAP4I_ADDRESS_MAILBOX) return put_mailbox(out, address);
  return imap4i_buf_puts(out, address->name) && imap4i_buf_puts(out, IMAP4I_S(": "));
}

int imap4i_address_text(imap4i_mem *mem, imap4_str value, imap4i_buf *out) {
  imap4i_address_list list;
  imap4i_address address;
  imap4i_address_list_init(&list, mem);
  imap4i_address_list_begin(&list, value);
  bool got, follows = false;
  int status;
  while ((status = imap4i_address_list_next(&list, &address, &got)) == IMAP4_OK && got) {
    if (!put_address(out, &address, follows)) {
      status = IMAP4_ERR_NOMEM;
      break;
    }
    follows = address.kind != IMAP4I_ADDRESS_GROUP;
  }
  imap4i_address_list_free(&list);
  return status;
}
