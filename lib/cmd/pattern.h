/* SPDX-License-Identifier: MIT */
/* Mailbox names against a LIST pattern (RFC 3501 section 6.3.8), in time that goes by the product of their
 * lengths at worst. */
#ifndef IMAP4I_PATTERN_H
#define IMAP4I_PATTERN_H

#include "base/arena.h"

typedef struct imap4i_pattern {
  imap4_str text;   /* reference and mailbox name put together */
  uint8_t *reached; /* one per octet of |text| and one more: the states of the match */
  size_t caseless;  /* octets at the start of the name for which case does not count */
  size_t at;        /* octets of the name read */
  char delimiter;
  bool levels; /* it ends with "%": levels of hierarchy match too */
} imap4i_pattern;

/* |reference| and |name| as the client gave them; a delimiter is put between them where there is none.  False
 * without memory. */
bool imap4i_pattern_init(imap4i_pattern *pattern, imap4i_arena *arena, imap4_str reference, imap4_str name,
                         char delimiter);
/* One pass over |name|, octet by octet: after each, whether what was read so far matches.  INBOX as first
 * level of |name| matches in any case. */
void imap4i_pattern_begin(imap4i_pattern *pattern, imap4_str name);
void imap4i_pattern_step(imap4i_pattern *pattern, char octet);
static inline bool imap4i_pattern_done(const imap4i_pattern *pattern) {
  return pattern->reached[pattern->text.n] != 0;
}
/* All of it. */
bool imap4i_pattern_matches(imap4i_pattern *pattern, imap4_str name);
/* The octets with which every matching name begins. */
imap4_str imap4i_pattern_prefix(const imap4i_pattern *pattern);

#endif
