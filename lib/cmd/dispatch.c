/* SPDX-License-Identifier: MIT */
/* The dispatch table: one row per command.  README.md and the tests hold the same table. */
#include "core/dispatch.h"

#define NOAUTH IMAP4I_IN_NOT_AUTHENTICATED
#define LOGGED IMAP4I_IN_LOGGED_IN
#define SELECTED IMAP4I_IN_SELECTED
#define ANY IMAP4I_IN_ANY

static const imap4i_row rows[] = {
    /* name, uid, states, flags, context, feature, parse, step, end */
    {"CAPABILITY", false, ANY, 0, 0, 0, imap4i_parse_none, imap4i_cmd_capability, NULL},
    {"NOOP", false, ANY, 0, 0, 0, imap4i_parse_none, imap4i_cmd_noop, NULL},
    {"LOGOUT", false, ANY, IMAP4I_NO_SYNC, 0, 0, imap4i_parse_none, imap4i_cmd_logout, NULL},
    {"ID", false, ANY, 0, 0, IMAP4_FEATURE_ID, imap4i_parse_id, imap4i_cmd_id, NULL},

    {"STARTTLS", false, NOAUTH, 0, 0, IMAP4_FEATURE_STARTTLS, imap4i_parse_none, imap4i_cmd_starttls, NULL},
    {"AUTHENTICATE", false, NOAUTH, 0, 256, 0, imap4i_parse_authenticate, imap4i_cmd_authenticate,
     imap4i_cmd_authenticate_end},
    {"LOGIN", false, NOAUTH, 0, 0, 0, imap4i_parse_login, imap4i_cmd_login, NULL},

    {"ENABLE", false, LOGGED, 0, 0, IMAP4_FEATURE_ENABLE, imap4i_parse_words, imap4i_cmd_enable, NULL},
    {"SELECT", false, LOGGED, IMAP4I_NO_SYNC | IMAP4I_SELECTS, 512, 0, imap4i_parse_select, imap4i_cmd_select,
     imap4i_cmd_select_end},
    {"EXAMINE", false, LOGGED, IMAP4I_NO_SYNC | IMAP4I_SELECTS, 512, 0, imap4i_parse_select,
     imap4i_cmd_examine, imap4i_cmd_select_end},
    {"CREATE", false, LOGGED, 0, 512, 0, imap4i_parse_create, imap4i_cmd_create, imap4i_cmd_status_end},
    {"DELETE", false, LOGGED, IMAP4I_NO_SYNC, 0, 0, imap4i_parse_mailbox, imap4i_cmd_delete, NULL},
    {"RENAME", false, LOGGED, IMAP4I_NO_SYNC, 512, 0, imap4i_parse_rename, imap4i_cmd_rename,
     imap4i_cmd_rename_end},
    {"SUBSCRIBE", false, LOGGED, 0, 0, 0, imap4i_parse_mailbox, imap4i_cmd_subscribe, NULL},
    {"UNSUBSCRIBE", false, LOGGED, 0, 0, 0, imap4i_parse_mailbox, imap4i_cmd_unsubscribe, NULL},
    {"LIST", false, LOGGED, 0, 1024, 0, imap4i_parse_list, imap4i_cmd_list, imap4i_cmd_list_end},
    {"LSUB", false, LOGGED, 0, 1024, 0, imap4i_parse_lsub, imap4i_cmd_lsub, imap4i_cmd_list_end},
    {"NAMESPACE", false, LOGGED, 0, 0, IMAP4_FEATURE_NAMESPACE, imap4i_parse_none, imap4i_cmd_namespace,
     NULL},
    {"STATUS", false, LOGGED, 0, 512, 0, imap4i_parse_status, imap4i_cmd_status, imap4i_cmd_status_end},
    {"APPEND", false, LOGGED, IMAP4I_STREAMS, 256, 0, imap4i_cmd_append_parse, imap4i_cmd_append,
     imap4i_cmd_append_end},
    {"IDLE", false, LOGGED, IMAP4I_IDLES, 16, IMAP4_FEATURE_IDLE, imap4i_parse_none, imap4i_cmd_idle,
     imap4i_cmd_idle_end},

    {"GETQUOTA", false, LOGGED, 0, 64, IMAP4_FEATURE_QUOTA, imap4i_parse_getquota, imap4i_cmd_getquota, NULL},
    {"GETQUOTAROOT", false, LOGGED, 0, 64, IMAP4_FEATURE_QUOTA, imap4i_parse_mailbox, imap4i_cmd_getquotaroot,
     NULL},
    {"SETQUOTA", false, LOGGED, 0, 64, IMAP4_FEATURE_QUOTA, imap4i_parse_setquota, imap4i_cmd_setquota, NULL},
    {"COMPRESS", false, LOGGED, 0, 0, IMAP4_FEATURE_COMPRESS, imap4i_parse_words, imap4i_cmd_compress, NULL},
    {"UNAUTHENTICATE", false, LOGGED, IMAP4I_NO_SYNC, 0, IMAP4_FEATURE_UNAUTHENTICATE, imap4i_parse_none,
     imap4i_cmd_unauthenticate, NULL},

    {"CHECK", false, SELECTED, IMAP4I_CHECKPOINT, 0, 0, imap4i_parse_none, imap4i_cmd_noop, NULL},
    {"CLOSE", false, SELECTED, IMAP4I_NO_SYNC, 0, 0, imap4i_parse_none, imap4i_cmd_close, NULL},
    {"UNSELECT", false, SELECTED, IMAP4I_NO_SYNC, 0, IMAP4_FEATURE_UNSELECT, imap4i_parse_none,
     imap4i_cmd_unselect, NULL},
    {"EXPUNGE", false, SELECTED, IMAP4I_EXPUNGES, 0, 0, imap4i_parse_none, imap4i_cmd_expunge, NULL},
    {"SEARCH", false, SELECTED, IMAP4I_USES_SEQS | IMAP4I_READS | IMAP4I_BY_NUMBER, 512, 0,
     imap4i_parse_search, imap4i_cmd_search, imap4i_cmd_search_end},
    {"FETCH", false, SELECTED, IMAP4I_USES_SEQS | IMAP4I_READS | IMAP4I_BY_NUMBER, 512, 0, imap4i_parse_fetch,
     imap4i_cmd_fetch, imap4i_cmd_fetch_end},
    {"STORE", false, SELECTED, IMAP4I_USES_SEQS | IMAP4I_BY_NUMBER, 256, 0, imap4i_parse_store,
     imap4i_cmd_store, imap4i_cmd_store_end},
    {"COPY", false, SELECTED, IMAP4I_BY_NUMBER, 512, 0, imap4i_parse_copy, imap4i_cmd_copy,
     imap4i_cmd_copy_end},
    {"MOVE", false, SELECTED, IMAP4I_BY_NUMBER, 512, IMAP4_FEATURE_MOVE, imap4i_parse_copy, imap4i_cmd_move,
     imap4i_cmd_copy_end},
    {"REPLACE", false, SELECTED, IMAP4I_STREAMS | IMAP4I_EXPUNGES | IMAP4I_BY_NUMBER, 256,
     IMAP4_FEATURE_REPLACE, imap4i_cmd_replace_parse, imap4i_cmd_replace, imap4i_cmd_append_end},
    {"UIDBATCHES", false, SELECTED, IMAP4I_READS, 128, IMAP4_FEATURE_UIDBATCHES, imap4i_parse_uidbatches,
     imap4i_cmd_uidbatches, NULL},
    {"EXPUNGE", true, SELECTED, IMAP4I_EXPUNGES, 128, IMAP4_FEATURE_UIDPLUS, imap4i_parse_set,
     imap4i_cmd_uid_expunge, imap4i_cmd_uid_expunge_end},
    {"SEARCH", true, SELECTED, IMAP4I_READS, 512, 0, imap4i_parse_search, imap4i_cmd_search,
     imap4i_cmd_search_end},
    {"FETCH", true, SELECTED, IMAP4I_READS, 512, 0, imap4i_parse_fetch, imap4i_cmd_fetch,
     imap4i_cmd_fetch_end},
    {"STORE", true, SELECTED, 0, 256, 0, imap4i_parse_store, imap4i_cmd_store, imap4i_cmd_store_end},
    {"COPY", true, SELECTED, 0, 512, 0, imap4i_parse_copy, imap4i_cmd_copy, imap4i_cmd_copy_end},
    {"REPLACE", true, SELECTED, IMAP4I_STREAMS | IMAP4I_EXPUNGES, 256, IMAP4_FEATURE_REPLACE,
     imap4i_cmd_replace_parse, imap4i_cmd_replace, imap4i_cmd_append_end},
    {"MOVE", true, SELECTED, 0, 512, IMAP4_FEATURE_MOVE, imap4i_parse_copy, imap4i_cmd_move,
     imap4i_cmd_copy_end},
};

const imap4i_row *imap4i_dispatch(const imap4_session *s, imap4_str name, bool uid) {
  for (size_t i = 0; i < IMAP4I_COUNT(rows); i++) {
    const imap4i_row *row = &rows[i];
    if (row->uid == uid && imap4i_ieq(name, imap4i_str(row->namez, strlen(row->namez))))
      return imap4i_has(s, row->feature) ? row : NULL;
  }
  return NULL;
}
