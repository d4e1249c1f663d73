/* SPDX-License-Identifier: MIT */
/* Converters that stay open; see charset_cache.h. */
#include "base/charset_cache.h"

#include "imap4/error.h"

/* An entry is needed for another name: it stays open if it is the only one of its kind. */
static void drop(imap4i_charset_cache *cache, imap4i_charset_entry *entry) {
  imap4i_iconv *iconv = &entry->charset.iconv;
  if (entry->open && iconv->handle && !cache->kept[iconv->number]) {
    cache->kept[iconv->number] = iconv->handle;
  } else if (entry->open) {
    imap4i_charset_close(&entry->charset);
  }
  entry->open = false;
  entry->used = 0;
}

/* The entry of |name|, or else the one that was not used for the longest time. */
static imap4i_charset_entry *find(imap4i_charset_cache *cache, imap4_str name) {
  imap4i_charset_entry *oldest = &cache->entries[0];
  for (size_t i = 0; i < IMAP4I_CHARSET_CACHE_SIZE; i++) {
    imap4i_charset_entry *entry = &cache->entries[i];
    if (entry->used > 0 && imap4i_ieq(imap4i_str(entry->name, entry->length), name)) return entry;
    if (entry->used < oldest->used) oldest = entry;
  }
  drop(cache, oldest);
  return oldest;
}

int imap4i_charset_cache_get(imap4i_charset_cache *cache, imap4_str name, imap4i_charset **charset) {
  if (name.n == 0 || name.n > IMAP4I_CHARSET_CACHE_NAME) return IMAP4_ERR_INVALID;
  if (cache->clock == UINT32_MAX) imap4i_charset_cache_free(cache);
  imap4i_charset_entry *entry = find(cache, name);
  if (entry->used == 0) {
    int status = imap4i_charset_open(&entry->charset, name);
    if (status == IMAP4_ERR_NOMEM) return status;
    entry->open = status == IMAP4_OK;
    entry->length = (uint8_t)name.n;
    memcpy(entry->name, name.p, name.n);
  } else if (entry->open) {
    imap4i_charset_restart(&entry->charset);
  }
  entry->used = ++cache->clock;
  *charset = &entry->charset;
  return entry->open ? IMAP4_OK : IMAP4_ERR_INVALID;
}

void imap4i_charset_cache_free(imap4i_charset_cache *cache) {
  for (size_t i = 0; i < IMAP4I_CHARSET_CACHE_SIZE; i++)
    drop(cache, &cache->entries[i]);
  for (size_t i = 0; i < IMAP4I_ICONV_NUMBERS; i++) {
    imap4i_iconv_close(&(imap4i_iconv){.handle = cache->kept[i]});
    cache->kept[i] = NULL;
  }
  cache->clock = 0;
}
