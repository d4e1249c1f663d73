/* SPDX-License-Identifier: MIT */
/* The results of a SEARCH; see search_result.h. */
#include "cmd/search_result.h"

#include "wire/writer.h"

/* Ranges that are looked at in one step; many of UIDs can be one of sequence numbers. */
#define STEP_RANGES 512

enum { TELL_HEAD, TELL_NUMBERS, TELL_END };

void imap4i_search_result_init(imap4i_search_result *result, imap4i_mem *mem,
                               const imap4i_search_args *args) {
  *result = (imap4i_search_result){.options = args->options, .partial = args->partial};
  imap4i_uidset_init(&result->found, mem);
  imap4i_uidset_init(&result->part, mem);
}

void imap4i_search_result_free(imap4i_search_result *result) {
  if (!result->found.mem) return;
  imap4i_uidset_free(&result->found);
  imap4i_uidset_free(&result->part);
}

/* Whether all that is found is told. */
static bool lists(const imap4i_search_result *result) {
  return result->options == 0 || result->options & IMAP4I_RETURN_ALL;
}

/* Whether all that is found is told or counted, and not what MIN, MAX and PARTIAL tell alone. */
static bool tells_all(const imap4i_search_result *result) {
  return (result->options & (IMAP4I_RETURN_MIN | IMAP4I_RETURN_MAX | IMAP4I_RETURN_PARTIAL)) == 0 ||
         result->options & (IMAP4I_RETURN_ALL | IMAP4I_RETURN_COUNT);
}

/* RFC 5182 section 2.4, RFC 9394 section 3.2: whether all that is found is saved. */
static bool saves_all(const imap4i_search_result *result) {
  return result->options & IMAP4I_RETURN_SAVE && tells_all(result);
}

/* Whether the UID of one more message is needed. */
static bool keeps(const imap4i_search_result *result) {
  if (lists(result) || saves_all(result)) return true;
  if ((result->options & IMAP4I_RETURN_PARTIAL) == 0) return false;
  return result->partial.from_end || result->count < imap4i_partial_reach(&result->partial);
}

bool imap4i_search_result_add(imap4i_search_result *result, const imap4_row *row) {
  if (keeps(result) && !imap4i_uidset_add(&result->found, row->uid, row->uid)) return false;
  if (result->count == 0) {
    result->min = row->uid;
    result->min_modseq = row->modseq;
  }
  result->max = row->uid;
  result->max_modseq = row->modseq;
  if (row->modseq > result->modseq) result->modseq = row->modseq;
  result->count++;
  return true;
}

bool imap4i_search_result_settled(const imap4i_search_result *result) {
  const uint32_t all = IMAP4I_RETURN_ALL | IMAP4I_RETURN_MAX | IMAP4I_RETURN_COUNT;
  if (result->options == 0 || result->options & all || saves_all(result)) return false;
  if ((result->options & IMAP4I_RETURN_PARTIAL) == 0) return result->count > 0;
  return !result->partial.from_end && result->count >= imap4i_partial_reach(&result->partial);
}

bool imap4i_search_result_end(imap4i_search_result *result) {
  if ((result->options & IMAP4I_RETURN_PARTIAL) == 0) return true;
  return imap4i_partial_cut(&result->partial, imap4i_uidset_ranges(&result->found), &result->part);
}

/* What is listed: all that was found, or a part. */
static imap4_uid_ranges listed(const imap4i_search_result *result) {
  return imap4i_uidset_ranges(result->options & IMAP4I_RETURN_PARTIAL ? &result->part : &result->found);
}

imap4_uid_ranges imap4i_search_result_unnoted(const imap4i_search_result *result) {
  bool needed = result->tells_modseq && !tells_all(result);
  return needed ? imap4i_uidset_ranges(&result->part) : (imap4_uid_ranges){NULL, 0};
}

void imap4i_search_result_note(imap4i_search_result *result, const imap4_row *row) {
  /* What has changed since it was found counts as it was found. */
  uint64_t modseq = row->modseq < result->modseq ? row->modseq : result->modseq;
  if (modseq > result->part_modseq && imap4i_ranges_has(imap4i_uidset_ranges(&result->part), row->uid))
    result->part_modseq = modseq;
}

/* ---- saving --------------------------------------------------------------------------------- */

/* One more range, not before those that are there.  It becomes one with the last if the view has nothing
 * between them. */
static int keep(imap4_session *s, imap4_uid_range range, imap4i_uidset *saved) {
  imap4_uid_range *last = saved->n > 0 ? &saved->p[saved->n - 1] : NULL;
  if (last && imap4i_ranges_next(imap4i_uidset_ranges(&s->view->uids), last->last) == range.first) {
    last->last = range.last;
    return IMAP4_OK;
  }
  if (!imap4i_uidset_add(saved, range.first, range.last)) return IMAP4_ERR_NOMEM;
  return saved->n <= s->limits->set_ranges ? IMAP4_OK : IMAP4_ST_LIMIT;
}

static int keep_one(imap4_session *s, uint32_t uid, imap4i_uidset *saved) {
  return keep(s, (imap4_uid_range){uid, uid}, saved);
}

int imap4i_search_result_save(const imap4i_search_result *result, imap4_session *s) {
  imap4i_uidset *saved = &s->view->saved;
  bool all = saves_all(result);
  bool some = !all && result->count > 0;
  bool many = all || result->options & IMAP4I_RETURN_PARTIAL;
  imap4_uid_ranges set = all ? imap4i_uidset_ranges(&result->found) : listed(result);
  int status = IMAP4_OK;
  imap4i_uidset_free(saved);
  if (some && result->options & IMAP4I_RETURN_MIN) status = keep_one(s, result->min, saved);
  for (size_t i = 0; many && status == IMAP4_OK && i < set.n; i++) {
    status = keep(s, set.p[i], saved);
  }
  if (some && status == IMAP4_OK && result->options & IMAP4I_RETURN_MAX)
    status = keep_one(s, result->max, saved);
  if (many) s->charge += (uint32_t)(set.n / STEP_RANGES);
  if (status != IMAP4_OK) imap4i_uidset_free(saved);
  return status;
}

/* ---- telling -------------------------------------------------------------------------------- */

static uint32_t number_of(imap4i_command *c, uint32_t uid) {
  return c->row->uid ? uid : imap4i_view_seq(c->s->view, uid);
}

static bool put_item(imap4i_command *c, imap4_str name, uint64_t number) {
  return imap4i_buf_puts(&c->s->out, name) && imap4i_buf_put_u64(&c->s->out, number);
}

/* The range as it was asked for. */
static bool put_partial(imap4i_buf *out, const imap4i_partial *partial) {
  return imap4i_buf_puts(out, partial->from_end ? IMAP4I_S(" PARTIAL (-") : IMAP4I_S(" PARTIAL (")) &&
         imap4i_buf_put_u64(out, partial->first) &&
         imap4i_buf_puts(out, partial->from_end ? IMAP4I_S(":-") : IMAP4I_S(":")) &&
         imap4i_buf_put_u64(out, partial->last) && imap4i_buf_putc(out, ' ');
}

static bool put_head(const imap4i_search_result *result, imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  uint32_t options = result->options;
  bool any = result->count > 0;
  if (options == 0) return imap4i_buf_puts(out, IMAP4I_S("* SEARCH"));
  /* Some clients take the tag as a quoted string only, although atoms would do for most. */
  bool ok = imap4i_buf_puts(out, IMAP4I_S("* ESEARCH (TAG ")) && imap4i_put_quoted(out, c->tag) &&
            imap4i_buf_putc(out, ')') && (!c->row->uid || imap4i_buf_puts(out, IMAP4I_S(" UID")));
  if (any && options & IMAP4I_RETURN_MIN)
    ok = ok && put_item(c, IMAP4I_S(" MIN "), number_of(c, result->min));
  if (any && options & IMAP4I_RETURN_MAX)
    ok = ok && put_item(c, IMAP4I_S(" MAX "), number_of(c, result->max));
  if (options & IMAP4I_RETURN_COUNT) ok = ok && put_item(c, IMAP4I_S(" COUNT "), result->count);
  if (any && options & IMAP4I_RETURN_ALL) ok = ok && imap4i_buf_puts(out, IMAP4I_S(" ALL "));
  if (options & IMAP4I_RETURN_PARTIAL) ok = ok && put_partial(out, &result->partial);
  return ok;
}

static int tell_head(imap4i_search_result *result, imap4i_command *c) {
  if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  int status = imap4i_end_piece(c, mark, put_head(result, c));
  if (status < 0) return status;
  c->line_open = true;
  c->s->progress++;
  result->phase = lists(result) || result->options & IMAP4I_RETURN_PARTIAL ? TELL_NUMBERS : TELL_END;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 3501: every number by itself. */
static int tell_numbers(imap4i_search_result *result, imap4i_command *c) {
  imap4_session *s = c->s;
  imap4_uid_ranges found = imap4i_uidset_ranges(&result->found);
  uint32_t uid;
  while ((uid = imap4i_ranges_next(found, result->told)) != 0) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    if (!imap4i_buf_putc(&s->out, ' ') || !imap4i_buf_put_u64(&s->out, number_of(c, uid)))
      return IMAP4_ERR_NOMEM;
    result->told = uid;
  }
  result->phase = TELL_END;
  return IMAP4I_STEP_AGAIN;
}

/* The run of numbers that is complete, if there is one. */
static bool put_run(imap4i_search_result *result, imap4i_buf *out) {
  if (result->run.first == 0) return true;
  if (result->listing && !imap4i_buf_putc(out, ',')) return false;
  result->listing = true;
  return imap4i_put_uid_ranges(out, (imap4_uid_ranges){&result->run, 1});
}

/* A sequence set: UIDs with a gap can be sequence numbers without. */
static int tell_ranges(imap4i_search_result *result, imap4i_command *c) {
  imap4_session *s = c->s;
  imap4_uid_ranges set = listed(result);
  for (size_t left = STEP_RANGES; result->at < set.n; result->at++, left--) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    if (left == 0) {
      s->progress++;
      return IMAP4I_STEP_AGAIN;
    }
    uint32_t first = number_of(c, set.p[result->at].first);
    uint32_t last = first + (set.p[result->at].last - set.p[result->at].first);
    if (result->run.first > 0 && first - result->run.last == 1) {
      result->run.last = last;
      continue;
    }
    if (!put_run(result, &s->out)) return IMAP4_ERR_NOMEM;
    result->run = (imap4_uid_range){first, last};
  }
  if (!put_run(result, &s->out)) return IMAP4_ERR_NOMEM;
  result->phase = TELL_END;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 4731 section 3.2: of the messages that are told, be it by MIN, MAX and PARTIAL only. */
static uint64_t told_modseq(const imap4i_search_result *result) {
  uint64_t most = 0;
  if (tells_all(result)) return result->modseq;
  if (result->options & IMAP4I_RETURN_MIN) most = result->min_modseq;
  if (result->options & IMAP4I_RETURN_MAX && result->max_modseq > most) most = result->max_modseq;
  if (result->options & IMAP4I_RETURN_PARTIAL && result->part_modseq > most) most = result->part_modseq;
  return most;
}

/* RFC 7162 sections 3.1.5 and 3.1.10: unless no message is told. */
static bool put_modseq(const imap4i_search_result *result, imap4i_buf *out) {
  bool extended = result->options != 0;
  uint64_t modseq = told_modseq(result);
  if (!result->tells_modseq || modseq == 0) return true;
  return imap4i_buf_puts(out, extended ? IMAP4I_S(" MODSEQ ") : IMAP4I_S(" (MODSEQ ")) &&
         imap4i_buf_put_u64(out, modseq) && (extended || imap4i_buf_putc(out, ')'));
}

static int tell_end(imap4i_search_result *result, imap4i_command *c) {
  imap4i_buf *out = &c->s->out;
  bool ok = true;
  if (result->options & IMAP4I_RETURN_PARTIAL)
    ok = imap4i_buf_puts(out, result->listing ? IMAP4I_S(")") : IMAP4I_S("NIL)"));
  ok = ok && put_modseq(result, out);
  if (!ok || !imap4i_buf_puts(out, IMAP4I_S("\r\n"))) return IMAP4_ERR_NOMEM;
  c->line_open = false;
  return IMAP4I_STEP_DONE;
}

int imap4i_search_result_tell(imap4i_search_result *result, imap4i_command *c) {
  if (result->options == IMAP4I_RETURN_SAVE) return IMAP4I_STEP_DONE;
  switch (result->phase) {
  case TELL_HEAD:
    return tell_head(result, c);
  case TELL_NUMBERS:
    return result->options == 0 ? tell_numbers(result, c) : tell_ranges(result, c);
  default:
    return tell_end(result, c);
  }
}
