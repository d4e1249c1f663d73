/* SPDX-License-Identifier: MIT */
/* Pages of a list of messages; see partial.h. */
#include "cmd/partial.h"

bool imap4i_partial_cut(const imap4i_partial *partial, imap4_uid_ranges messages, imap4i_uidset *to) {
  uint64_t count = imap4i_ranges_count(messages);
  uint64_t high = imap4i_partial_reach(partial);
  uint64_t low = (uint64_t)partial->first + partial->last - high;
  to->n = 0;
  if (low > count) return true;
  if (high > count) high = count;
  uint64_t from = partial->from_end ? count - high : low - 1;
  uint64_t until = partial->from_end ? count - low : high - 1;
  imap4_uid_range range = {imap4i_ranges_at(messages, from), imap4i_ranges_at(messages, until)};
  return imap4i_uidset_intersect(to, messages, (imap4_uid_ranges){&range, 1});
}
