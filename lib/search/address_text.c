/* SPDX-License-Identifier: MIT */
/* Address fields as readers see them; see address_text.h. */
#include "search/address_text.h"

#include "imap4/error.h"

static bool put_mailbox(imap4i_buf *out, const imap4i_address *address) {
  if (address->name.n > 0 && (!imap4i_buf_puts(out, address->name) || !imap4i_buf_putc(out, ' ')))
    return false;
  if (!imap4i_buf_putc(out, '<')) return false;
  if (address->route.n > 0 && (!imap4i_buf_puts(out, address->route) || !imap4i_buf_putc(out, ':'))) {
    return false;
  }
  if (!imap4i_buf_puts(out, address->mailbox)) return false;
  if (address->host.n > 0 && (!imap4i_buf_putc(out, '@') || !imap4i_buf_puts(out, address->host))) {
    return false;
  }
  return imap4i_buf_putc(out, '>');
}

/* |before| is what separates it from the address in front. */
static bool put_address(imap4i_buf *out, const imap4i_address *address, imap4_str before) {
  if (address->kind == IMAP4I_ADDRESS_GROUP_END) return imap4i_buf_putc(out, ';');
  if (!imap4i_buf_puts(out, before)) return false;
  if (address->kind == IMAP4I_ADDRESS_MAILBOX) return put_mailbox(out, address);
  return imap4i_buf_puts(out, address->name) && imap4i_buf_putc(out, ':');
}

int imap4i_address_text(imap4i_mem *mem, imap4_str value, imap4i_buf *out) {
  imap4i_address_list list;
  imap4i_address address;
  imap4i_address_list_init(&list, mem);
  imap4i_address_list_begin(&list, value);
  imap4_str before = {0};
  bool got;
  int status;
  while ((status = imap4i_address_list_next(&list, &address, &got)) == IMAP4_OK && got) {
    if (!put_address(out, &address, before)) {
      status = IMAP4_ERR_NOMEM;
      break;
    }
    before = address.kind == IMAP4I_ADDRESS_GROUP ? IMAP4I_S(" ") : IMAP4I_S(", ");
  }
  imap4i_address_list_free(&list);
  return status;
}
