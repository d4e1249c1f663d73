/* SPDX-License-Identifier: MIT */
/* The life of a session, and the push and pull calls of session.h. */
#include "imap4/session.h"

#include "core/dispatch.h"

#define MINIMUM_ARGS offsetof(imap4_session_args, can_compress)
#define MINIMUM_INFO sizeof(imap4_session_info)
#define MINIMUM_TRANSPORT offsetof(imap4_transport, start_tls)

int imap4_session_args_init(imap4_session_args *args, uint32_t struct_size) {
  if (!args) return IMAP4_ERR_INVALID;
  if (struct_size < MINIMUM_ARGS) return IMAP4_ERR_VERSION;
  memset(args, 0, struct_size);
  args->struct_size = struct_size;
  return IMAP4_OK;
}

static int import_transport(imap4_session *s, const imap4_session_args *args) {
  const imap4_transport *t = args->transport;
  s->can_start_tls = args->can_start_tls != 0;
  s->can_compress = args->can_compress != 0;
  if (!t) return IMAP4_OK;
  int status = imap4i_import(&s->transport, sizeof s->transport, MINIMUM_TRANSPORT, t, t->struct_size);
  if (status != IMAP4_OK) return status;
  if (!s->transport.read || !s->transport.write) return IMAP4_ERR_INVALID;
  s->has_transport = true;
  s->transport_user = args->transport_user;
  s->can_start_tls = s->transport.start_tls != NULL;
  s->can_compress = s->transport.start_compress != NULL;
  return IMAP4_OK;
}

static bool is_idle(const imap4_session *s) {
  return s->command && s->command->row && s->command->row->flags & IMAP4I_IDLES;
}

int imap4_session_new(imap4_server *server, const imap4_session_args *given, imap4_session **session) {
  imap4_session_args args;
  if (!server || !given || !session) return IMAP4_ERR_INVALID;
  int status = imap4i_import(&args, sizeof args, MINIMUM_ARGS, given, given->struct_size);
  if (status != IMAP4_OK) return status;
  if (!imap4i_delimiter_valid(args.delimiter)) return IMAP4_ERR_INVALID;
  imap4_session *s = server->resize(server->resize_user, NULL, 0, sizeof *s);
  if (!s) return IMAP4_ERR_NOMEM;
  memset(s, 0, sizeof *s);
  s->server = server;
  s->user = args.user;
  status = import_transport(s, &args);
  if (status != IMAP4_OK) {
    server->resize(server->resize_user, s, sizeof *s, 0);
    return status;
  }
  s->limits = &server->before_login;
  imap4i_mem_init(&s->mem, server->resize, server->resize_user, s->limits->session_octets);
  s->mem.used = s->mem.peak = sizeof *s;
  s->secure = args.secure != 0;
  s->mask = s->features_off = args.features_off;
  s->now_ms = s->last_command_ms = args.now_ms;
  s->delimiter = '/';
  s->runnable = true;
  imap4i_buf_init(&s->input.buf, &s->mem, SIZE_MAX);
  imap4i_buf_init(&s->out, &s->mem, SIZE_MAX);
  imap4i_buf_init(&s->pump, &s->mem, SIZE_MAX);
  s->input.buf.secret = s->pump.secret = true; /* passwords pass through */
  imap4i_arena_init(&s->op.copies, &s->mem);
  if (args.account) {
    s->preauth = true;
    imap4i_logged_in(s, args.account, args.delimiter);
  }
  *session = s;
  return IMAP4_OK;
}

void imap4i_logged_in(imap4_session *s, void *account, uint32_t delimiter) {
  s->account = account;
  s->delimiter = delimiter != 0 ? (char)delimiter : '/';
  s->state = IMAP4_STATE_AUTHENTICATED;
  s->limits = &s->server->after_login;
  s->mem.ceiling = s->limits->session_octets;
}

void imap4i_deselect(imap4_session *s) {
  imap4i_view *view = s->view;
  if (!view) return;
  s->view = NULL;
  imap4i_op_close(s, view->mailbox);
  imap4i_view_free(view);
  imap4i_free(&s->mem, view, sizeof *view);
  s->state = IMAP4_STATE_AUTHENTICATED;
}

void imap4i_logged_out(imap4_session *s) {
  imap4i_deselect(s);
  void *account = s->account;
  s->account = NULL;
  s->enabled = 0;
  s->delimiter = '/';
  s->state = IMAP4_STATE_NOT_AUTHENTICATED;
  s->limits = &s->server->before_login;
  s->mem.ceiling = s->limits->session_octets;
  /* What was needed for long responses is more than a session may hold now. */
  imap4i_buf_drop(&s->out, s->out_sent);
  s->out_sent = 0;
  imap4i_buf_trim(&s->out);
  if (account) imap4i_op_release(s, account);
}

void imap4_session_free(imap4_session *s) {
  if (!s || s->calling > 0) return;
  imap4i_op_cancel(s);
  imap4i_op_settle(s);
  imap4i_command_free(s);
  imap4i_op_free(s);
  imap4i_deselect(s);
  if (s->account) imap4i_op_release(s, s->account);
  imap4i_buf_free(&s->input.buf);
  imap4i_buf_free(&s->out);
  imap4i_buf_free(&s->pump);
  s->server->resize(s->server->resize_user, s, sizeof *s, 0);
}

int imap4i_usable(const imap4_session *s) {
  if (s->calling > 0) return IMAP4_ERR_REENTRANT;
  return s->fatal;
}

/* ---- push and pull -------------------------------------------------------------------------- */

/* Nothing may stand between STARTTLS and TLS, or COMPRESS and compressed octets (contract C10). */
static bool refuse_plain_input(imap4_session *s) {
  if (s->layer == IMAP4I_LAYER_NONE) return false;
  s->closing = true;
  return true;
}

int imap4_session_input(imap4_session *s, const void *data, size_t len, size_t *used) {
  if (!s || !used || (!data && len > 0)) return IMAP4_ERR_INVALID;
  *used = 0;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  uint32_t budget = s->limits->work_budget;
  status = imap4i_run(s, &budget);
  while (status == IMAP4_OK && *used < len && !refuse_plain_input(s) && imap4i_input_wanted(s)) {
    size_t n = 0;
    status = imap4i_input_take(s, imap4i_str((const char *)data + *used, len - *used), &n);
    *used += n;
    s->input_octets += n;
    if (status != IMAP4_OK) {
      if (status == IMAP4_ERR_NOMEM) status = imap4i_out_of_memory(s);
      s->fatal = status;
      break;
    }
    if (s->input.ready) status = imap4i_run(s, &budget);
  }
  imap4i_shrink(s);
  return status;
}

int imap4_session_input_end(imap4_session *s) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  s->input.ended = true;
  s->runnable = true;
  return IMAP4_OK;
}

int imap4_session_output(imap4_session *s, const void **data, size_t *len) {
  if (!s || !data || !len) return IMAP4_ERR_INVALID;
  if (s->calling > 0) return IMAP4_ERR_REENTRANT;
  *len = imap4i_output_waiting(s);
  *data = *len > 0 ? s->out.p + s->out_sent : NULL;
  return IMAP4_OK;
}

int imap4_session_output_done(imap4_session *s, size_t n) {
  if (!s || n > imap4i_output_waiting(s)) return IMAP4_ERR_INVALID;
  if (s->calling > 0) return IMAP4_ERR_REENTRANT;
  bool was_full = !imap4i_may_write(s);
  s->out_sent += n;
  s->output_octets += n;
  /* That a client takes notices of progress does not keep a store that hangs. */
  if (s->command && s->output_octets > s->progress_end) s->last_command_ms = s->now_ms;
  /* A reader that is never quite up to date must not make the queue grow. */
  if (s->out_sent >= imap4i_output_waiting(s)) {
    imap4i_buf_drop(&s->out, s->out_sent);
    s->out_sent = 0;
  }
  if (was_full && imap4i_may_write(s)) s->runnable = true;
  imap4i_shrink(s);
  return IMAP4_OK;
}

/* A session that waits for its client holds no buffers (contract C7); one at work needs them again at once.
 */
void imap4i_shrink(imap4_session *s) {
  bool waits = !s->command || s->input.mode == IMAP4I_INPUT_LINE;
  if (!waits || s->runnable) return;
  if (s->out.n == 0) imap4i_buf_free(&s->out);
  if (s->input.buf.n == 0) imap4i_buf_free(&s->input.buf);
}

void *imap4_session_user(const imap4_session *s) {
  return s ? s->user : NULL;
}

uint32_t imap4_session_want(const imap4_session *s) {
  if (!s) return IMAP4_WANT_CLOSED;
  if (s->fatal) return IMAP4_WANT_CLOSED;
  uint32_t want = imap4i_output_waiting(s) > 0 ? IMAP4_WANT_WRITE : 0;
  if (s->closing) return want ? want : IMAP4_WANT_CLOSED;
  if (s->layer != IMAP4I_LAYER_NONE) {
    if (s->has_transport) return want ? want : IMAP4_WANT_READ;
    return want ? want : s->layer == IMAP4I_LAYER_TLS ? IMAP4_WANT_TLS : IMAP4_WANT_COMPRESS;
  }
  if (s->op.state == IMAP4I_OP_WAITING) want |= IMAP4_WANT_STORE;
  if (imap4i_input_wanted(s) && imap4i_may_write(s)) want |= IMAP4_WANT_READ;
  if (s->runnable) want |= IMAP4_WANT_RUN;
  return want;
}

/* What the session has asked for is there, and all that was said before it is sent. */
static int layer_started(imap4_session *s, uint8_t layer) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  if (s->layer != layer || imap4i_output_waiting(s) > 0) return IMAP4_ERR_STATE;
  s->layer = IMAP4I_LAYER_NONE;
  s->runnable = true;
  return IMAP4_OK;
}

int imap4_session_tls_started(imap4_session *s) {
  int status = layer_started(s, IMAP4I_LAYER_TLS);
  if (status == IMAP4_OK) s->secure = true;
  return status;
}

int imap4_session_compress_started(imap4_session *s) {
  int status = layer_started(s, IMAP4I_LAYER_COMPRESS);
  if (status == IMAP4_OK) s->compressed = true;
  return status;
}

/* ---- time ----------------------------------------------------------------------------------- */

int imap4_session_tick(imap4_session *s, uint64_t now_ms) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  if (now_ms > s->now_ms) s->now_ms = now_ms;
  s->ticked = true;
  if (s->now_ms >= imap4i_progress_deadline(s)) s->progress_due = s->runnable = true;
  if (s->now_ms >= s->next_poll_ms && s->next_poll_ms > 0) {
    s->next_poll_ms = 0;
    s->notified = true;
    s->runnable = true;
  }
  if (s->closing || s->now_ms - s->last_command_ms < s->limits->idle_ms) return IMAP4_OK;
  /* A client that does not read what it asked for, or a store that hangs, can't be told; RFC 3501 5.4. */
  bool quiet = !s->command || (!s->command->line_open && s->op.state == IMAP4I_OP_NONE);
  if (quiet && imap4i_output_waiting(s) == 0) {
    status = imap4i_bye(s, IMAP4I_S(""), IMAP4I_S("Autologout; idle for too long"));
    if (status < 0) s->fatal = status;
  }
  s->closing = true;
  return s->fatal;
}

int imap4_session_set_clock(imap4_session *s, int64_t seconds) {
  const int64_t most = INT64_C(1) << 50;
  if (!s || seconds > most || seconds < -most) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  s->has_clock = true;
  s->clock_seconds = seconds;
  s->clock_ms = s->now_ms;
  return IMAP4_OK;
}

int64_t imap4i_time_of_day(const imap4_session *s) {
  return s->clock_seconds + (int64_t)((s->now_ms - s->clock_ms) / 1000);
}

uint64_t imap4_session_deadline(const imap4_session *s) {
  if (!s || s->fatal || s->closing) return UINT64_MAX;
  uint64_t deadline = s->last_command_ms + s->limits->idle_ms;
  if (s->next_poll_ms > 0 && s->next_poll_ms < deadline) deadline = s->next_poll_ms;
  uint64_t progress = imap4i_progress_deadline(s);
  return progress < deadline ? progress : deadline;
}

/* ---- the rest ------------------------------------------------------------------------------- */

int imap4_session_notify(imap4_session *s) {
  if (!s) return IMAP4_ERR_INVALID;
  if (s->fatal) return s->fatal;
  s->notified = true;
  if (is_idle(s)) s->runnable = true;
  return IMAP4_OK;
}

int imap4_session_bye(imap4_session *s, imap4_str text) {
  if (!s || !text.p || text.n == 0) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  s->bye_length = (uint8_t)imap4i_min(text.n, sizeof s->bye);
  memcpy(s->bye, text.p, s->bye_length);
  s->runnable = true;
  return IMAP4_OK;
}

int imap4_session_mask(imap4_session *s, uint64_t features_off) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  s->mask = features_off;
  if (!s->command) s->features_off = features_off;
  return status;
}

int imap4_session_get_info(const imap4_session *s, imap4_session_info *info) {
  if (!s || !info) return IMAP4_ERR_INVALID;
  if (info->struct_size < MINIMUM_INFO) return IMAP4_ERR_VERSION;
  imap4_session_info now = {
      .struct_size = info->struct_size,
      .state = s->closing || s->fatal ? IMAP4_STATE_LOGOUT : s->state,
      .commands = s->commands,
      .memory = s->mem.used,
      .memory_peak = s->mem.peak,
      .input_octets = s->input_octets,
      .output_octets = s->output_octets,
      .secure = s->secure,
      .idle = is_idle(s),
  };
  uint32_t size = info->struct_size;
  memset(info, 0, size);
  memcpy(info, &now, imap4i_min(size, sizeof now));
  return IMAP4_OK;
}
