/* SPDX-License-Identifier: MIT */
/*
 * UIDBATCHES (RFC 10022): the UIDs between which a mailbox falls into batches of as many messages.  The
 * ranges of the view are walked from the highest one down, some in each step; a batch is exact, and the last
 * one of the mailbox goes down to UID 1, so that the client knows it for the last.
 *
 * Who asks again for what was told, although little has changed since, gets NO [LIMIT] (section 3.1.1).
 */
#include "core/dispatch.h"
#include "wire/writer.h"

enum { BATCHES_BEGIN, BATCHES_HEAD, BATCHES_WALK };

/* Section 3.1.3.2: with smaller ones, sequence numbers could be told from them. */
#define SIZE_MIN 500

/* Section 3.1.5: messages that a client may ask about, where it says which batches. */
#define SPAN_MAX 100000

/* Ranges that are looked at in one step. */
#define STEP_RANGES 512

typedef struct batches_context {
  uint64_t skip;  /* messages still to be passed over */
  uint64_t left;  /* messages still to be told of, behind those */
  uint64_t told;  /* batches */
  size_t ranges;  /* of the view, from the first to the one under way */
  uint32_t taken; /* messages of that one, from its upper end */
  uint32_t need;  /* messages that are missing in the batch under way */
  uint32_t high;  /* its highest UID; 0: it has not begun */
  uint32_t first; /* batches that are told, */
  uint32_t last;  /* of those that there are */
  bool ends;      /* the last one of the mailbox is among them */
} batches_context;
_Static_assert(sizeof(batches_context) <= 128, "fits the context in dispatch.c");

/* ---- what may be asked ---------------------------------------------------------------------- */

/* Half a batch has come or gone since, or more. */
static bool outdated(const imap4i_view *v, const imap4i_batches_asked *before) {
  uint64_t arrived = v->arrived - before->arrived, expunged = v->expunged - before->expunged;
  return 2 * arrived >= before->size || 2 * expunged >= before->size;
}

/* What was told of batches of this size, and still holds; NULL if nothing was. */
static imap4i_batches_asked *asked_before(imap4i_view *v, uint32_t size) {
  for (size_t i = 0; i < IMAP4I_COUNT(v->batches); i++) {
    imap4i_batches_asked *before = &v->batches[i];
    if (before->size == size && !outdated(v, before)) return before;
  }
  return NULL;
}

/* Whether all was told before. */
static bool repeats(imap4i_command *c) {
  const batches_context *x = c->context;
  const imap4i_batches_asked *before = asked_before(c->s->view, c->args.batches.size);
  return before && before->first <= x->first && before->last >= x->last;
}

/* A place for what is told of batches of this size: the one that is there, or the oldest. */
static imap4i_batches_asked *place_for(imap4i_view *v, uint32_t size) {
  for (size_t i = 0; i < IMAP4I_COUNT(v->batches); i++) {
    if (v->batches[i].size == size) return &v->batches[i];
  }
  v->batches_next = (uint8_t)((v->batches_next + 1) % IMAP4I_COUNT(v->batches));
  return &v->batches[v->batches_next];
}

/* Batches that touch are remembered together; of others, those that were told last. */
static void remember(imap4i_command *c) {
  const batches_context *x = c->context;
  const imap4i_batches_args *a = &c->args.batches;
  imap4i_view *v = c->s->view;
  uint32_t last = a->last == 0 ? UINT32_MAX : x->last;
  imap4i_batches_asked *before = asked_before(v, a->size);
  if (before && (uint64_t)before->last + 1 >= x->first && (uint64_t)last + 1 >= before->first) {
    if (x->first < before->first) before->first = x->first;
    if (last > before->last) before->last = last;
    return;
  }
  *place_for(v, a->size) = (imap4i_batches_asked){
      .size = a->size, .first = x->first, .last = last, .arrived = v->arrived, .expunged = v->expunged};
}

/* Whether the answer would be too long a line (section 3.1.7).  What spans 100,000 messages never is, but by
 * the limit of the host. */
static bool too_many(imap4i_command *c) {
  const batches_context *x = c->context;
  const imap4_limits *limits = c->s->limits;
  uint64_t count = (uint64_t)x->last - x->first + 1;
  uint32_t most = imap4i_message_limit(c->s); /* section 3.2: so many UIDs */
  if (limits->uid_batches > 0 && count > limits->uid_batches) return true;
  return most > 0 && 2 * count > most && x->left > SPAN_MAX;
}

static int refuse(imap4i_command *c, imap4_str code, imap4_str text) {
  return imap4i_reply(c, IMAP4I_NO, code, text);
}

/* ---- telling -------------------------------------------------------------------------------- */

/* Where the walk begins and ends. */
static void plan(imap4i_command *c) {
  batches_context *x = c->context;
  const imap4i_batches_args *a = &c->args.batches;
  const imap4i_view *v = c->s->view;
  uint64_t size = a->size, count = v->count;
  uint32_t batches = (uint32_t)((count + size - 1) / size);
  x->first = a->first == 0 ? 1 : a->first;
  x->last = a->last == 0 || a->last > batches ? batches : a->last;
  x->need = a->size;
  x->ranges = v->uids.n;
  if (x->first > x->last) return;
  uint64_t end = x->last * size < count ? x->last * size : count;
  x->skip = (x->first - 1) * size;
  x->left = end - x->skip;
  x->ends = x->last == batches;
}

static int begin(imap4i_command *c) {
  const batches_context *x = c->context;
  const imap4i_batches_args *a = &c->args.batches;
  if (a->size < SIZE_MIN) return refuse(c, IMAP4I_S("TOOFEW"), IMAP4I_S("Minimum batch size is 500"));
  uint64_t asked = a->last == 0 ? 0 : (uint64_t)a->last - a->first + 1;
  if (asked > SPAN_MAX / a->size)
    return refuse(c, IMAP4I_S("TOOMANY"), IMAP4I_S("Batches of 100,000 messages together may be asked for"));
  plan(c);
  if (x->left > 0 && too_many(c))
    return refuse(c, IMAP4I_S("TOOMANY"), IMAP4I_S("Too many messages; ask for some of the batches"));
  if (x->left > 0 && repeats(c))
    return refuse(c, IMAP4I_S("LIMIT"), IMAP4I_S("Little has changed since these batches were told"));
  c->phase = BATCHES_HEAD;
  return IMAP4I_STEP_AGAIN;
}

static int head(imap4i_command *c) {
  imap4_session *s = c->s;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("* UIDBATCHES (TAG ")) && imap4i_put_quoted(&s->out, c->tag) &&
            imap4i_buf_putc(&s->out, ')');
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  c->line_open = true;
  c->phase = BATCHES_WALK;
  return IMAP4I_STEP_AGAIN;
}

/* The next messages down the view that are in one of its ranges, |most| of them or fewer. */
static imap4_uid_range take(batches_context *x, imap4_uid_ranges uids, uint64_t most) {
  imap4_uid_range range = uids.p[x->ranges - 1];
  range.last -= x->taken;
  if (range.last - range.first < most) {
    x->ranges--;
    x->taken = 0;
  } else {
    range.first = range.last - (uint32_t)(most - 1);
    x->taken += (uint32_t)most;
  }
  return range;
}

/* A batch is complete, with |low| its lowest UID. */
static bool put_batch(imap4i_command *c, uint32_t low) {
  batches_context *x = c->context;
  imap4i_buf *out = &c->s->out;
  if (x->left == 0 && x->ends) low = 1;
  bool ok = imap4i_buf_putc(out, x->told > 0 ? ',' : ' ') && imap4i_buf_put_u64(out, x->high) &&
            imap4i_buf_putc(out, ':') && imap4i_buf_put_u64(out, low);
  x->told++;
  x->high = 0;
  x->need = c->args.batches.size;
  return ok;
}

/* Some messages more, of one range. */
static bool walk_range(imap4i_command *c) {
  batches_context *x = c->context;
  uint64_t most = x->skip > 0 ? x->skip : x->need < x->left ? x->need : x->left;
  imap4_uid_range range = take(x, imap4i_uidset_ranges(&c->s->view->uids), most);
  uint32_t n = range.last - range.first + 1;
  if (x->skip > 0) {
    x->skip -= n;
    return true;
  }
  if (x->high == 0) x->high = range.last;
  x->need -= n;
  x->left -= n;
  return (x->need > 0 && x->left > 0) || put_batch(c, range.first);
}

static int walk(imap4i_command *c) {
  imap4_session *s = c->s;
  batches_context *x = c->context;
  for (uint32_t ranges = 0; x->left > 0; ranges++) {
    if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
    if (ranges == STEP_RANGES) {
      s->progress++;
      return IMAP4I_STEP_AGAIN;
    }
    if (!walk_range(c)) return IMAP4_ERR_NOMEM;
  }
  if (!imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"))) return IMAP4_ERR_NOMEM;
  c->line_open = false;
  if (x->told > 0) remember(c);
  return imap4i_reply_ok(c, IMAP4I_S("UIDBATCHES completed"));
}

int imap4i_cmd_uidbatches(imap4i_command *c) {
  switch (c->phase) {
  case BATCHES_BEGIN:
    return begin(c);
  case BATCHES_HEAD:
    return head(c);
  default:
    return walk(c);
  }
}
