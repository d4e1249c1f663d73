/* SPDX-License-Identifier: MIT */
/*
 * Converters that stay open while many texts are converted one after the other.  To open one can cost more
 * than to convert a message, since the C library may have to load it first, and unloads it when the last one
 * of its kind is closed.  So of each kind one stays open even when its entry is needed for another name: a
 * message that names many in turn has each loaded once.
 */
#ifndef IMAP4I_CHARSET_CACHE_H
#define IMAP4I_CHARSET_CACHE_H

#include "base/charset.h"

#define IMAP4I_CHARSET_CACHE_SIZE 24
/* Longer names are of no charset that is known. */
#define IMAP4I_CHARSET_CACHE_NAME 40

typedef struct imap4i_charset_entry {
  imap4i_charset charset;
  uint32_t used; /* when, by the clock of the cache; 0: never */
  bool open;     /* else the name is not known */
  uint8_t length;
  char name[IMAP4I_CHARSET_CACHE_NAME];
} imap4i_charset_entry;

/* Zeroed at the start. */
typedef struct imap4i_charset_cache {
  uint32_t clock;
  imap4i_charset_entry entries[IMAP4I_CHARSET_CACHE_SIZE];
  void *kept[IMAP4I_ICONV_NUMBERS]; /* handles that are not used, only open */
} imap4i_charset_cache;

/* A converter for the beginning of a text; it lives until the next call for the same cache.  As
 * imap4i_charset_open(), but it is the cache that closes it. */
IMAP4_MUST_USE int imap4i_charset_cache_get(imap4i_charset_cache *cache, imap4_str name,
                                            imap4i_charset **charset);
/* Closes everything. */
void imap4i_charset_cache_free(imap4i_charset_cache *cache);

#endif
