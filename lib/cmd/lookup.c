/* SPDX-License-Identifier: MIT */
/* See lookup.h. */
#include "cmd/lookup.h"

/* What comes before the name's parent in the list need not be looked at. */
bool imap4i_lookup_init(imap4i_lookup *lookup, imap4_session *s, imap4_str name) {
  size_t n = name.n;
  while (n > 0 && name.p[n - 1] != s->delimiter)
    n--;
  memset(lookup, 0, sizeof *lookup);
  lookup->name = name;
  imap4i_buf_init(&lookup->after, &s->mem, SIZE_MAX);
  return n == 0 || imap4i_buf_put(&lookup->after, name.p, n - 1);
}

static int ask(imap4i_lookup *lookup, imap4_session *s) {
  imap4_list_args args = {.capacity = s->limits->query_rows,
                          .account = s->account,
                          .after = imap4i_buf_str(&lookup->after),
                          .prefix = lookup->name};
  lookup->asked = true;
  return imap4i_op_call(s, IMAP4I_OP_LIST, &args);
}

static int keep_place(imap4i_lookup *lookup, imap4_session *s, imap4_str last) {
  imap4_str after = imap4i_buf_str(&lookup->after);
  if (after.n > 0 && imap4_mailbox_compare(after, last, s->delimiter) >= 0) return IMAP4_ST_SERVERBUG;
  imap4i_buf_clear(&lookup->after);
  return imap4i_buf_puts(&lookup->after, last) ? IMAP4_OK : IMAP4_ERR_NOMEM;
}

int imap4i_lookup_step(imap4i_lookup *lookup, imap4_session *s, int *failure) {
  *failure = IMAP4_OK;
  if (!lookup->asked) return ask(lookup, s);
  lookup->asked = false;
  *failure = s->op.status;
  if (*failure != IMAP4_OK) return IMAP4I_STEP_DONE;
  const imap4_list_result *r = &s->op.result.list;
  for (uint32_t i = 0; i < r->count; i++) {
    imap4_mailbox_entry e = imap4i_op_entry(s, i);
    int order = imap4_mailbox_compare(e.name, lookup->name, s->delimiter);
    if (order == 0) lookup->attributes = e.attributes;
    if (order >= 0) return IMAP4I_STEP_DONE;
  }
  if (r->last) return IMAP4I_STEP_DONE;
  *failure = keep_place(lookup, s, imap4i_op_entry(s, r->count - 1).name);
  if (*failure == IMAP4_ERR_NOMEM) return IMAP4_ERR_NOMEM;
  return *failure == IMAP4_OK ? IMAP4I_STEP_AGAIN : IMAP4I_STEP_DONE;
}

void imap4i_lookup_free(imap4i_lookup *lookup) {
  imap4i_buf_free(&lookup->after);
}
