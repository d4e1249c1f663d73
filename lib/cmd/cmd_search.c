/* SPDX-License-Identifier: MIT */
/* SEARCH and UID SEARCH (RFC 3501 section 6.4.4, RFC 7162 section 3.1.5): asks for rows, lets lib/search
 * decide, reads of a message what that still needs. */
#include "search/criteria.h"
#include "search/search.h"

#include "cmd/scope.h"
#include "cmd/search_result.h"
#include "core/batch.h"
#include "core/digester.h"
#include "core/modseq.h"

enum {
  SEARCH_BEGIN,
  SEARCH_ASK,
  SEARCH_PAGE,
  SEARCH_MESSAGE,
  SEARCH_DIGEST,
  SEARCH_NEED,
  SEARCH_FEED,
  SEARCH_END,
  SEARCH_MODSEQS,
  SEARCH_NOTE,
  SEARCH_SAVE,
  SEARCH_TELL
};

typedef struct search_context {
  imap4i_search *search;
  imap4i_batch batch;
  imap4i_digester digester;
  imap4i_search_result result;
  imap4i_uidset scope; /* the messages that are searched, if |scoped|, else all */
  bool scoped;
} search_context;
_Static_assert(sizeof(search_context) <= 512, "fits the context in dispatch.c");

static int go(imap4i_command *c, int phase) {
  c->phase = phase;
  return IMAP4I_STEP_AGAIN;
}

static bool saves(const imap4i_command *c) {
  return (c->args.search.options & IMAP4I_RETURN_SAVE) != 0;
}

static bool has_key(const imap4i_search_args *a, uint8_t kind) {
  bool has = false;
  for (size_t i = 0; i < a->count; i++)
    has = has || a->keys[i].kind == kind;
  return has;
}

/* "$" becomes the UIDs that are saved as the command begins, since it may save others itself. */
static int set_saved(imap4i_command *c) {
  imap4_uid_ranges saved = imap4i_uidset_ranges(&c->s->view->saved);
  imap4i_set set = {NULL, 0};
  for (size_t i = 0; i < c->args.search.count; i++) {
    imap4i_key *key = &c->args.search.keys[i];
    if ((key->kind != IMAP4I_KEY_SEQUENCE && key->kind != IMAP4I_KEY_UID) || key->set.n > 0) continue;
    if (!set.p && !(set.p = imap4i_arena_array(&c->arena, saved.n, sizeof *set.p))) return IMAP4_ERR_NOMEM;
    for (; set.n < saved.n; set.n++)
      set.p[set.n] = (imap4i_set_range){saved.p[set.n].first, saved.p[set.n].last};
    key->kind = IMAP4I_KEY_UID;
    key->set = set;
  }
  return IMAP4_OK;
}

/* RFC 5032 section 2: intervals end now. */
static void set_times(imap4i_command *c) {
  for (size_t i = 0; i < c->args.search.count; i++) {
    imap4i_key *key = &c->args.search.keys[i];
    if (key->kind == IMAP4I_KEY_OLDER || key->kind == IMAP4I_KEY_YOUNGER)
      key->second = imap4i_time_of_day(c->s) - (int64_t)key->number;
  }
}

/* Features to which search keys of the command belong. */
static uint64_t needed_features(const imap4i_search_args *a) {
  uint64_t needs = 0;
  for (size_t i = 0; i < a->count; i++) {
    uint8_t kind = a->keys[i].kind;
    if (kind == IMAP4I_KEY_EMAILID || kind == IMAP4I_KEY_THREADID) needs |= IMAP4_FEATURE_OBJECTID;
    if (kind >= IMAP4I_KEY_SAVEDBEFORE && kind <= IMAP4I_KEY_SAVEDATESUPPORTED)
      needs |= IMAP4_FEATURE_SAVEDATE;
  }
  return needs;
}

/* RFC 9738: not more messages than one command may be about. */
static int limit(imap4i_command *c) {
  imap4_session *s = c->s;
  search_context *x = c->context;
  uint32_t most = imap4i_message_limit(s);
  x->scoped = most > 0 && s->view->count > most;
  if (!x->scoped) return IMAP4_OK;
  int status = imap4i_search_scope(s->view, &c->args.search, &x->scope);
  if (status == IMAP4_OK) imap4i_limit_messages(c, &x->scope);
  return status;
}

static imap4_uid_ranges scope_of(const imap4i_command *c) {
  const search_context *x = c->context;
  return imap4i_uidset_ranges(x->scoped ? &x->scope : &c->s->view->uids);
}

/* Where a key MODSEQ must hold: messages with this mod-sequence or a lower one are not looked for. */
static uint64_t changed_since(const imap4i_search_args *a) {
  size_t end = a->count; /* of the conjunct under way */
  uint32_t conjuncts = 1;
  uint64_t since = 0;
  if (a->keys[end - 1].kind == IMAP4I_KEY_AND) conjuncts = a->keys[--end].operands;
  for (; conjuncts > 0; conjuncts--) {
    const imap4i_key *key = &a->keys[end - 1];
    if (key->kind == IMAP4I_KEY_MODSEQ && key->number > since + 1) since = key->number - 1;
    end = imap4i_criteria_first(a->keys, end - 1);
  }
  return since;
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  search_context *x = c->context;
  if (!imap4i_has(s, needed_features(&c->args.search)))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("There is no such search key here"));
  bool by_modseq = has_key(&c->args.search, IMAP4I_KEY_MODSEQ);
  int status = by_modseq ? imap4i_condstore_begin(c, true) : IMAP4I_STEP_AGAIN;
  if (status != IMAP4I_STEP_AGAIN) return status;
  imap4i_search_args *a = &c->args.search;
  if (a->options == 0 && imap4i_speaks_rev2(s)) a->options = IMAP4I_RETURN_ALL; /* RFC 9051 6.4.4 */
  imap4i_batch_init(&x->batch, &s->mem);
  imap4i_search_result_init(&x->result, &s->mem, &c->args.search);
  x->result.tells_modseq = by_modseq;
  imap4i_uidset_init(&x->scope, &s->mem);
  x->batch.changed_since = changed_since(&c->args.search);
  set_times(c);
  status = set_saved(c);
  if (status == IMAP4_OK) status = limit(c);
  /* RFC 7162 section 3.2.10.2. */
  c->keeps_seqs = imap4i_shows_vanished(s) && has_key(&c->args.search, IMAP4I_KEY_SEQUENCE);
  if (saves(c)) imap4i_uidset_free(&s->view->saved); /* RFC 5182 section 2.1: unless this succeeds */
  if (status == IMAP4_OK) status = imap4i_search_new(&s->mem, &c->args.search, s->limits, &x->search);
  if (status != IMAP4_OK) return status;
  c->total = (uint32_t)imap4i_ranges_count(scope_of(c));
  return go(c, c->total > 0 ? SEARCH_ASK : SEARCH_END);
}

static int ask(imap4i_command *c) {
  search_context *x = c->context;
  c->phase = SEARCH_PAGE;
  return imap4i_batch_ask(&x->batch, c->s, c->s->view->mailbox, scope_of(c),
                          imap4i_search_attributes(x->search) | IMAP4_ATTR_SIZE);
}

static int page(imap4i_command *c) {
  search_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  return status != IMAP4_OK ? status : go(c, SEARCH_MESSAGE);
}

/* The message under way is decided or needs more. */
static int verdict(imap4i_command *c, int result, int undecided_phase) {
  search_context *x = c->context;
  c->s->progress++;
  if (result < 0) return result;
  if (result == IMAP4I_SEARCH_UNDECIDED) return go(c, undecided_phase);
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (result == IMAP4I_SEARCH_YES && !imap4i_search_result_add(&x->result, row)) return IMAP4_ERR_NOMEM;
  x->batch.at++;
  c->done++;
  return go(c, imap4i_search_result_settled(&x->result) ? SEARCH_END : SEARCH_MESSAGE);
}

static int message(imap4i_command *c) {
  search_context *x = c->context;
  imap4i_view *v = c->s->view;
  const imap4_row *row = imap4i_batch_row(&x->batch);
  if (!row) return go(c, x->batch.last ? SEARCH_END : SEARCH_ASK);
  imap4_uid_ranges uids = imap4i_uidset_ranges(&v->uids);
  if (!imap4i_ranges_has(scope_of(c), row->uid)) {
    x->batch.at++;
    c->s->progress++;
    return IMAP4I_STEP_AGAIN;
  }
  imap4i_search_message m = {.row = row,
                             .seq = imap4i_view_seq(v, row->uid),
                             .recent = imap4i_ranges_has(imap4i_uidset_ranges(&v->recent), row->uid),
                             .max_seq = v->count,
                             .max_uid = uids.p[uids.n - 1].last};
  int result = imap4i_search_begin(x->search, &m);
  if (result == IMAP4I_SEARCH_UNDECIDED) imap4i_digester_begin(&x->digester, v->mailbox, row);
  return verdict(c, result, SEARCH_DIGEST);
}

/* A message that can't be read matches nothing: it is gone, or will be. */
static int unreadable(imap4i_command *c, int status) {
  if (status != IMAP4_ST_EXPUNGED) return imap4i_reply_status(c, status);
  return verdict(c, IMAP4I_SEARCH_NO, SEARCH_MESSAGE);
}

static int digest(imap4i_command *c) {
  search_context *x = c->context;
  int failure;
  int status = imap4i_digester_step(&x->digester, c->s, &failure);
  if (status != IMAP4I_STEP_DONE) return status;
  if (failure != IMAP4_OK) return unreadable(c, failure);
  return verdict(c, imap4i_search_digest(x->search, x->digester.digest), SEARCH_NEED);
}

static int need(imap4i_command *c) {
  search_context *x = c->context;
  uint64_t offset;
  uint64_t length;
  if (!imap4i_search_need(x->search, &offset, &length)) return verdict(c, IMAP4I_SEARCH_NO, SEARCH_MESSAGE);
  uint64_t size = imap4i_batch_row(&x->batch)->size;
  if (offset >= size) return verdict(c, imap4i_search_feed(x->search, (imap4_str){NULL, 0}), SEARCH_NEED);
  if (length > size - offset) length = size - offset;
  c->phase = SEARCH_FEED;
  return imap4i_read(c->s, c->s->view->mailbox, imap4i_batch_row(&x->batch)->uid, offset, length);
}

static int feed(imap4i_command *c) {
  search_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return unreadable(c, c->s->op.status);
  imap4_str data = c->s->op.result.read.data;
  /* Every key may look at every octet. */
  c->s->charge += (uint32_t)(c->args.search.count * data.n / IMAP4I_READ_OCTETS);
  return verdict(c, imap4i_search_feed(x->search, data), SEARCH_NEED);
}

/* All is found. */
static int end(imap4i_command *c) {
  search_context *x = c->context;
  if (!imap4i_search_result_end(&x->result)) return IMAP4_ERR_NOMEM;
  imap4i_batch_free(&x->batch);
  imap4i_batch_init(&x->batch, &c->s->mem);
  return go(c, imap4i_search_result_unnoted(&x->result).n > 0 ? SEARCH_MODSEQS : SEARCH_SAVE);
}

static int modseqs(imap4i_command *c) {
  search_context *x = c->context;
  c->phase = SEARCH_NOTE;
  return imap4i_batch_ask(&x->batch, c->s, c->s->view->mailbox, imap4i_search_result_unnoted(&x->result),
                          IMAP4_ATTR_MODSEQ);
}

static int note(imap4i_command *c) {
  search_context *x = c->context;
  if (c->s->op.status != IMAP4_OK) return imap4i_reply_status(c, c->s->op.status);
  int status = imap4i_batch_take(&x->batch, c->s);
  if (status != IMAP4_OK) return status;
  for (const imap4_row *row; (row = imap4i_batch_row(&x->batch)) != NULL; x->batch.at++)
    imap4i_search_result_note(&x->result, row);
  return go(c, x->batch.last ? SEARCH_SAVE : SEARCH_MODSEQS);
}

static int save(imap4i_command *c) {
  search_context *x = c->context;
  int status = saves(c) ? imap4i_search_result_save(&x->result, c->s) : IMAP4_OK;
  if (status == IMAP4_ST_LIMIT)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("NOTSAVED"), IMAP4I_S("The result has too many ranges"));
  return status != IMAP4_OK ? status : go(c, SEARCH_TELL);
}

static int tell(imap4i_command *c) {
  search_context *x = c->context;
  int status = imap4i_search_result_tell(&x->result, c);
  if (status < 0 && saves(c)) imap4i_uidset_free(&c->s->view->saved);
  if (status != IMAP4I_STEP_DONE) return status;
  return imap4i_reply_ok(c, saves(c) ? IMAP4I_S("SEARCH completed, result saved")
                                     : IMAP4I_S("SEARCH completed"));
}

int imap4i_cmd_search(imap4i_command *c) {
  switch (c->phase) {
  case SEARCH_BEGIN:
    return begin(c);
  case SEARCH_ASK:
    return ask(c);
  case SEARCH_PAGE:
    return page(c);
  case SEARCH_MESSAGE:
    return message(c);
  case SEARCH_DIGEST:
    return digest(c);
  case SEARCH_NEED:
    return need(c);
  case SEARCH_FEED:
    return feed(c);
  case SEARCH_END:
    return end(c);
  case SEARCH_MODSEQS:
    return modseqs(c);
  case SEARCH_NOTE:
    return note(c);
  case SEARCH_SAVE:
    return save(c);
  default:
    return tell(c);
  }
}

void imap4i_cmd_search_end(imap4i_command *c) {
  search_context *x = c->context;
  if (!x || !x->result.found.mem) return;
  imap4i_search_free(x->search);
  x->search = NULL;
  imap4i_batch_free(&x->batch);
  imap4i_digester_free(&x->digester);
  imap4i_uidset_free(&x->scope);
  imap4i_search_result_free(&x->result);
}
