/* SPDX-License-Identifier: MIT */
/* A server: the configuration of its sessions, checked and copied once, never changed. */
#ifndef IMAP4I_SERVER_H
#define IMAP4I_SERVER_H

#include "base/mem.h"
#include "imap4/session.h"

struct imap4_server {
  imap4_resize_function resize;
  void *resize_user;
  imap4_store store; /* members that the host's struct_size did not reach are NULL */
  void *store_user;
  imap4_limits before_login;
  imap4_limits after_login;
  uint64_t features_off;
  bool allow_plaintext;
  char *greeting; /* octets of the greeting's text, or NULL */
  size_t greeting_length;
  char *id; /* the parenthesised list of the ID response, or NULL */
  size_t id_length;
};

/* Whether a host may use |delimiter| between levels of hierarchy; 0 stands for the default. */
bool imap4i_delimiter_valid(uint32_t delimiter);

/*
 * Import a struct of a host: copies what both sides know to |to| (|known| octets, the rest zero).  The host's
 * struct is |given| octets long, at least |minimum|; what lies beyond |known| must be zero.
 */
IMAP4_MUST_USE int imap4i_import(void *to, size_t known, size_t minimum, const void *from, uint32_t given);

#endif
