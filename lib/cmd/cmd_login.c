/* SPDX-License-Identifier: MIT */
/* Getting in and out: STARTTLS, LOGIN, AUTHENTICATE (RFC 3501 section 6.2, RFC 4959, RFC 4616), COMPRESS (RFC
 * 4978), UNAUTHENTICATE (RFC 8437). */
#include "base/base64.h"
#include "base/utf8.h"
#include "core/dispatch.h"

int imap4i_cmd_starttls(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->secure)
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("The connection is protected already"));
  if (!s->can_start_tls) return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("TLS is not available"));
  c->starts = IMAP4I_LAYER_TLS;
  return imap4i_reply_ok(c, IMAP4I_S("Begin TLS negotiation now"));
}

/* RFC 4978.  What is compressed twice only costs time. */
int imap4i_cmd_compress(imap4i_command *c) {
  imap4_session *s = c->s;
  if (c->args.words.count != 1 || !imap4i_ieq(c->args.words.words[0], IMAP4I_S("DEFLATE")))
    return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), IMAP4I_S("The only mechanism is DEFLATE"));
  if (s->compressed)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("COMPRESSIONACTIVE"), IMAP4I_S("DEFLATE is active already"));
  c->starts = IMAP4I_LAYER_COMPRESS;
  return imap4i_reply_ok(c, IMAP4I_S("DEFLATE active"));
}

/* RFC 8437.  NO is not among its answers, so what is still to be sent must fit the limits before login. */
int imap4i_cmd_unauthenticate(imap4i_command *c) {
  c->s->limits = &c->s->server->before_login;
  if (!imap4i_may_write(c->s)) return IMAP4I_STEP_WAIT_OUTPUT;
  imap4i_logged_out(c->s);
  return imap4i_reply_capabilities(c, IMAP4I_S("Log in again"));
}

/* The answer to authenticate or the last one to sasl. */
static int logged_in(imap4i_command *c, void *account, uint32_t delimiter) {
  imap4_session *s = c->s;
  imap4i_logged_in(s, account, delimiter);
  s->failed_logins = 0;
  return imap4i_reply_capabilities(c, IMAP4I_S("Logged in"));
}

static int refused(imap4i_command *c, int status) {
  c->s->failed_logins++;
  if (status != IMAP4_ST_AUTHFAILED) return imap4i_reply_status(c, status);
  /* RFC 3501 section 11.2: never say which of the two was wrong. */
  return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("AUTHENTICATIONFAILED"),
                      IMAP4I_S("Wrong user name or password"));
}

static int authenticated(imap4i_command *c) {
  imap4_session *s = c->s;
  if (s->op.status != IMAP4_OK) return refused(c, s->op.status);
  const imap4_authenticate_result *r = &s->op.result.authenticate;
  return logged_in(c, r->account, r->delimiter);
}

static int needs_privacy(imap4i_command *c) {
  return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("PRIVACYREQUIRED"),
                      IMAP4I_S("Passwords are taken under TLS only"));
}

int imap4i_cmd_login(imap4i_command *c) {
  enum { ASK, GOT };
  imap4_session *s = c->s;
  if (c->phase == GOT) return authenticated(c);
  if (!imap4i_plaintext_allowed(s)) return needs_privacy(c);
  imap4_authenticate_args args = {.secure = s->secure,
                                  .mechanism = IMAP4I_S("LOGIN"),
                                  .user = c->args.login.user,
                                  .password = c->args.login.password,
                                  .authorize = IMAP4I_S("")};
  c->phase = GOT;
  return imap4i_op_call(s, IMAP4I_OP_AUTHENTICATE, &args);
}

/* ---- AUTHENTICATE --------------------------------------------------------------------------- */

enum { AUTH_BEGIN, AUTH_CHALLENGE, AUTH_WAIT, AUTH_RESPONSE, AUTH_CHECKED, AUTH_SASL };

typedef struct auth {
  imap4i_buf response;  /* decoded */
  imap4i_buf user;      /* mechanism LOGIN: the first answer */
  imap4i_buf challenge; /* not encoded */
  void *exchange;       /* the store's, until it succeeds */
  uint32_t steps;
  bool has_response;
  bool succeeded; /* the store's last data was sent; the empty answer ends it */
  void *account;
  uint32_t delimiter;
} auth;
_Static_assert(sizeof(auth) <= 256, "fits the context in dispatch.c");

static bool is_mechanism(const imap4i_command *c, imap4_str name) {
  return imap4i_ieq(c->args.authenticate.mechanism, name);
}

static int auth_bad(imap4i_command *c, imap4_str text) {
  return imap4i_reply(c, IMAP4I_BAD, IMAP4I_S(""), text);
}

static bool clean_name(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) return false;
  }
  return imap4i_utf8_valid(s);
}

static int check_password(imap4i_command *c, imap4_str mechanism, imap4_str authorize, imap4_str user,
                          imap4_str password) {
  imap4_session *s = c->s;
  bool nul = password.n > 0 && memchr(password.p, 0, password.n);
  if (user.n == 0 || password.n == 0 || !clean_name(user) || !clean_name(authorize) || nul)
    return refused(c, IMAP4_ST_AUTHFAILED);
  if (imap4i_eq(authorize, user)) authorize = IMAP4I_S(""); /* it says no more than none */
  imap4_authenticate_args args = {.secure = s->secure,
                                  .mechanism = mechanism,
                                  .user = user,
                                  .password = password,
                                  .authorize = authorize};
  c->phase = AUTH_CHECKED;
  return imap4i_op_call(s, IMAP4I_OP_AUTHENTICATE, &args);
}

/* Ask for more with |challenge|. */
static int ask(imap4i_command *c, imap4_str challenge) {
  auth *a = c->context;
  imap4i_buf_clear(&a->challenge);
  if (!imap4i_buf_puts(&a->challenge, challenge)) return IMAP4_ERR_NOMEM;
  c->phase = AUTH_CHALLENGE;
  return IMAP4I_STEP_AGAIN;
}

/* RFC 4616: [authzid] NUL authcid NUL passwd. */
static int plain(imap4i_command *c) {
  auth *a = c->context;
  if (!a->has_response) return ask(c, IMAP4I_S(""));
  imap4_str all = imap4i_buf_str(&a->response);
  const char *first = all.n > 0 ? memchr(all.p, 0, all.n) : NULL;
  if (!first) return auth_bad(c, IMAP4I_S("The response does not fit the mechanism"));
  imap4_str authorize = imap4i_str(all.p, (size_t)(first - all.p));
  imap4_str rest = imap4i_tail(all, authorize.n + 1);
  const char *second = rest.n > 0 ? memchr(rest.p, 0, rest.n) : NULL;
  if (!second) return auth_bad(c, IMAP4I_S("The response does not fit the mechanism"));
  imap4_str user = imap4i_str(rest.p, (size_t)(second - rest.p));
  return check_password(c, IMAP4I_S("PLAIN"), authorize, user, imap4i_tail(rest, user.n + 1));
}

static int login(imap4i_command *c) {
  auth *a = c->context;
  if (!a->has_response) return ask(c, IMAP4I_S("Username:"));
  if (a->user.n == 0) {
    if (a->response.n == 0) return refused(c, IMAP4_ST_AUTHFAILED);
    if (!imap4i_buf_puts(&a->user, imap4i_buf_str(&a->response))) return IMAP4_ERR_NOMEM;
    return ask(c, IMAP4I_S("Password:"));
  }
  return check_password(c, IMAP4I_S("LOGIN"), IMAP4I_S(""), imap4i_buf_str(&a->user),
                        imap4i_buf_str(&a->response));
}

static int brought_by_store(imap4i_command *c) {
  auth *a = c->context;
  if (a->succeeded) { /* the client has acknowledged the last data */
    void *account = a->account;
    a->account = NULL;
    return logged_in(c, account, a->delimiter);
  }
  imap4_sasl_args args = {.secure = c->s->secure,
                          .mechanism = c->args.authenticate.mechanism,
                          .response = imap4i_buf_str(&a->response),
                          .exchange = a->exchange,
                          .has_response = a->has_response};
  c->phase = AUTH_SASL;
  return imap4i_op_call(c->s, IMAP4I_OP_SASL, &args);
}

static int sasl_answered(imap4i_command *c) {
  imap4_session *s = c->s;
  auth *a = c->context;
  if (s->op.status != IMAP4_OK) return refused(c, s->op.status);
  const imap4_sasl_result *r = &s->op.result.sasl;
  imap4_str challenge = r->challenge.p ? r->challenge : IMAP4I_S("");
  a->exchange = r->done ? NULL : r->exchange;
  if (!r->done) return ask(c, challenge);
  if (!r->account) return refused(c, IMAP4_ST_SERVERBUG);
  if (!imap4i_delimiter_valid(r->delimiter)) {
    imap4i_op_release(s, r->account);
    return refused(c, IMAP4_ST_SERVERBUG);
  }
  if (challenge.n == 0) return logged_in(c, r->account, r->delimiter);
  /* RFC 3501 has no data with success: it goes as a challenge that is answered with nothing. */
  a->succeeded = true;
  a->account = r->account;
  a->delimiter = r->delimiter;
  return ask(c, challenge);
}

static int respond(imap4i_command *c) {
  auth *a = c->context;
  if (++a->steps > c->s->limits->sasl_steps) {
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("LIMIT"), IMAP4I_S("Too many steps"));
  }
  if (is_mechanism(c, IMAP4I_S("PLAIN"))) return plain(c);
  if (is_mechanism(c, IMAP4I_S("LOGIN"))) return login(c);
  return brought_by_store(c);
}

static int begin(imap4i_command *c) {
  imap4_session *s = c->s;
  auth *a = c->context;
  bool plain_text = is_mechanism(c, IMAP4I_S("PLAIN")) || is_mechanism(c, IMAP4I_S("LOGIN"));
  if (!imap4i_mechanism_offered(s, c->args.authenticate.mechanism)) {
    if (plain_text && !imap4i_plaintext_allowed(s)) return needs_privacy(c);
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("CANNOT"), IMAP4I_S("Mechanism is not offered"));
  }
  imap4i_buf_init(&a->response, &s->mem, s->limits->sasl_octets);
  imap4i_buf_init(&a->user, &s->mem, s->limits->sasl_octets);
  imap4i_buf_init(&a->challenge, &s->mem, SIZE_MAX);
  a->response.secret = a->user.secret = true;
  c->phase = AUTH_RESPONSE;
  if (!c->args.authenticate.has_initial) return IMAP4I_STEP_AGAIN;
  a->has_response = true;
  imap4_str initial = c->args.authenticate.initial;
  if (initial.n > s->limits->sasl_octets)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("LIMIT"), IMAP4I_S("Response is too long"));
  if (imap4i_eq(initial, IMAP4I_S("="))) return IMAP4I_STEP_AGAIN;
  int status = imap4i_base64_decode(initial, &a->response);
  return status == IMAP4_ERR_INVALID ? auth_bad(c, IMAP4I_S("Invalid base64")) : status;
}

static int send_challenge(imap4i_command *c) {
  imap4_session *s = c->s;
  auth *a = c->context;
  if (!imap4i_may_write(s)) return IMAP4I_STEP_WAIT_OUTPUT;
  size_t mark = imap4i_begin_piece(c);
  bool ok = imap4i_buf_puts(&s->out, IMAP4I_S("+ ")) &&
            imap4i_base64_encode(imap4i_buf_str(&a->challenge), &s->out) &&
            imap4i_buf_puts(&s->out, IMAP4I_S("\r\n"));
  int status = imap4i_end_piece(c, mark, ok);
  if (status < 0) return status;
  imap4i_input_want_line(s, s->limits->sasl_octets, false);
  c->phase = AUTH_WAIT;
  return IMAP4I_STEP_AGAIN;
}

static int take_response(imap4i_command *c) {
  imap4_session *s = c->s;
  auth *a = c->context;
  if (!s->input.ready) return IMAP4I_STEP_WAIT_INPUT;
  imap4_str line = imap4i_buf_str(&s->input.buf);
  if (s->input.too_long)
    return imap4i_reply(c, IMAP4I_NO, IMAP4I_S("LIMIT"), IMAP4I_S("Response is too long or has a literal"));
  if (imap4i_eq(line, IMAP4I_S("*"))) return auth_bad(c, IMAP4I_S("Authentication was cancelled"));
  imap4i_wipe(a->response.p, a->response.n);
  imap4i_buf_clear(&a->response);
  int status = imap4i_base64_decode(line, &a->response);
  if (status == IMAP4_ERR_INVALID) return auth_bad(c, IMAP4I_S("Invalid base64"));
  if (status != IMAP4_OK) return status;
  imap4i_input_next(s);
  a->has_response = true;
  c->phase = AUTH_RESPONSE;
  return IMAP4I_STEP_AGAIN;
}

int imap4i_cmd_authenticate(imap4i_command *c) {
  switch (c->phase) {
  case AUTH_BEGIN:
    return begin(c);
  case AUTH_CHALLENGE:
    return send_challenge(c);
  case AUTH_WAIT:
    return take_response(c);
  case AUTH_RESPONSE:
    return respond(c);
  case AUTH_CHECKED:
    return authenticated(c);
  default:
    return sasl_answered(c);
  }
}

void imap4i_cmd_authenticate_end(imap4i_command *c) {
  imap4_session *s = c->s;
  auth *a = c->context;
  if (!a) return;
  if (a->response.mem) {
    imap4i_buf_free(&a->response);
    imap4i_buf_free(&a->user);
    imap4i_buf_free(&a->challenge);
  }
  /* An answer that was not taken yet is the newest word on the exchange; it is given back with the operation.
   */
  if (s->op.kind == IMAP4I_OP_SASL && s->op.fresh) a->exchange = NULL;
  if (a->exchange) imap4i_op_sasl_abort(s, a->exchange);
  if (a->account) imap4i_op_release(s, a->account);
  a->exchange = NULL;
  a->account = NULL;
}
