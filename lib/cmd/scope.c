/* SPDX-License-Identifier: MIT */
/* Which messages a SEARCH is about; see scope.h. */
#include "cmd/scope.h"

#include "search/criteria.h"

/* Sets that are looked at, each at the price of all ranges of the view; with more, messages count that could
 * be left out. */
#define SETS_MAX 16

/* |to| loses what is not in the set of |key|. */
static int narrow(imap4i_view *view, const imap4i_key *key, imap4i_uidset *to) {
  imap4i_uidset named;
  imap4i_uidset both;
  imap4i_uidset_init(&named, to->mem);
  imap4i_uidset_init(&both, to->mem);
  int status = imap4i_view_resolve(view, &key->set, key->kind == IMAP4I_KEY_UID, true, &named);
  if (status == IMAP4_OK &&
      !imap4i_uidset_intersect(&both, imap4i_uidset_ranges(to), imap4i_uidset_ranges(&named)))
    status = IMAP4_ERR_NOMEM;
  imap4i_uidset_free(&named);
  imap4i_uidset_free(to);
  *to = both;
  return status;
}

int imap4i_search_scope(imap4i_view *view, const imap4i_search_args *args, imap4i_uidset *to) {
  const imap4i_key *keys = args->keys;
  int status = imap4i_uidset_copy(to, imap4i_uidset_ranges(&view->uids)) ? IMAP4_OK : IMAP4_ERR_NOMEM;
  uint32_t sets = 0;
  /* From the last conjunct to the first; a list of keys is nothing but more of them. */
  for (size_t i = args->count; status == IMAP4_OK && sets < SETS_MAX && i-- > 0;) {
    if (keys[i].kind == IMAP4I_KEY_SEQUENCE || keys[i].kind == IMAP4I_KEY_UID) {
      status = narrow(view, &keys[i], to);
      sets++;
    } else if (keys[i].kind == IMAP4I_KEY_OR || keys[i].kind == IMAP4I_KEY_NOT) {
      i = imap4i_criteria_first(keys, i);
    }
  }
  return status;
}
