/* SPDX-License-Identifier: MIT */
/*
 * The pump: imap4_session_run() over a transport.  Written over the push and pull calls of session.h; what it
 * does a host could do.  It holds a buffer only while the client has sent more than the session can use.
 */
#include "core/session.h"

#define READ_OCTETS 8192

static void fail(imap4_session *s) {
  s->fatal = IMAP4_ERR_TRANSPORT;
}

/* Send what there is.  IMAP4_OK: all of it.  One write is always tried: steps that wait for output may have
 * spent the budget. */
static int pump_out(imap4_session *s, uint32_t *budget) {
  const void *data;
  size_t len;
  for (bool first = true; imap4_session_output(s, &data, &len) == IMAP4_OK && len > 0; first = false) {
    size_t n = 0;
    if (*budget == 0 && !first) return IMAP4_AGAIN;
    if (*budget > 0) --*budget;
    s->calling++;
    int status = s->transport.write(s->transport_user, data, len, &n);
    s->calling--;
    if (status == IMAP4_AGAIN) return IMAP4_AGAIN;
    if (status != IMAP4_OK || n == 0 || n > len || imap4_session_output_done(s, n) != IMAP4_OK) {
      fail(s);
      return s->fatal;
    }
  }
  return IMAP4_OK;
}

/* Fill the empty pump buffer.  IMAP4_OK: there are octets in it. */
static int pump_read(imap4_session *s) {
  size_t n = 0;
  char *room = imap4i_buf_room(&s->pump, READ_OCTETS);
  if (!room) return s->fatal = IMAP4_ERR_NOMEM;
  s->calling++;
  int status = s->transport.read(s->transport_user, room, READ_OCTETS, &n);
  s->calling--;
  if (status == IMAP4_OK && n > 0 && n <= READ_OCTETS) {
    imap4i_buf_added(&s->pump, n);
    return IMAP4_OK;
  }
  imap4i_buf_free(&s->pump);
  if (status == IMAP4_AGAIN) return IMAP4_AGAIN;
  if (status == IMAP4_END) {
    s->saw_end = true;
    return imap4_session_input_end(s);
  }
  fail(s);
  return s->fatal;
}

/* Give the session what was read.  IMAP4_AGAIN: it can't use more now. */
static int pump_in(imap4_session *s) {
  size_t used = 0;
  int status = imap4_session_input(s, s->pump.p, s->pump.n, &used);
  imap4i_buf_drop(&s->pump, used);
  if (s->pump.n == 0) imap4i_buf_free(&s->pump);
  return status != IMAP4_OK ? status : used > 0 ? IMAP4_OK : IMAP4_AGAIN;
}

/* STARTTLS or COMPRESS was answered: hand over, with nothing left that came before. */
static int pump_layer(imap4_session *s) {
  bool tls = s->layer == IMAP4I_LAYER_TLS;
  if (s->pump.n > 0) {
    s->closing = true;
    return IMAP4_OK;
  }
  s->calling++;
  int status =
      tls ? s->transport.start_tls(s->transport_user) : s->transport.start_compress(s->transport_user);
  s->calling--;
  if (status == IMAP4_AGAIN) return IMAP4_AGAIN;
  if (status == IMAP4_OK) return tls ? imap4_session_tls_started(s) : imap4_session_compress_started(s);
  fail(s);
  return s->fatal;
}

/* One round.  IMAP4_AGAIN: nothing can go on before something happens outside. */
static int pump(imap4_session *s, uint32_t *budget) {
  int status = imap4i_run(s, budget);
  imap4i_shrink(s);
  int sent = pump_out(s, budget);
  if (status != IMAP4_OK || s->fatal) return s->fatal;
  if (s->layer != IMAP4I_LAYER_NONE && sent == IMAP4_OK && !s->closing) return pump_layer(s);
  if (s->runnable) return IMAP4_OK;
  if (!imap4i_input_wanted(s) || !imap4i_may_write(s) || s->layer != IMAP4I_LAYER_NONE) return IMAP4_AGAIN;
  if (s->pump.n > 0) return pump_in(s);
  return s->saw_end ? IMAP4_AGAIN : pump_read(s);
}

int imap4_session_run(imap4_session *s) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  uint32_t budget = s->limits->work_budget;
  if (!s->has_transport) {
    status = imap4i_run(s, &budget);
    imap4i_shrink(s);
    return status;
  }
  do {
    status = pump(s, &budget);
    if (budget > 0) --budget;
  } while (status == IMAP4_OK && !s->closing && budget > 0);
  if (status == IMAP4_OK && !s->closing) s->runnable = true; /* the budget is spent */
  if (s->closing && !s->fatal) (void)pump_out(s, &(uint32_t){s->limits->work_budget});
  return s->fatal;
}
