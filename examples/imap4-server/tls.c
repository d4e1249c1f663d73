/* SPDX-License-Identifier: MIT */
/* TLS by OpenSSL 1.1.1 or later: TLS 1.2 at least, no renegotiation, no compression (RFC 8314, RFC 7525). */
#include "tls.h"

#include "imap4/error.h"
#include "log.h"
#include "poller.h"

#ifdef IMAP4_SERVER_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
  SSL_CTX *ctx;
};

struct tls {
  SSL *ssl;
  int broken; /* after a fatal error nothing more may be done with |ssl|, not even a goodbye */
};

const char *tls_library_namez(void) {
  return OpenSSL_version(OPENSSL_VERSION);
}

static void log_errors(int level, const char *whatz) {
  unsigned long code;
  char text[256];
  while ((code = ERR_get_error()) != 0) {
    ERR_error_string_n(code, text, sizeof text);
    log_line(level, "%s: %s", whatz, text);
  }
}

/*
 * Protocol names (RFC 7301): a client that names protocols must name "imap".  One that speaks another
 * protocol to this port, or was sent here from another server (ALPACA attack), is turned away in the
 * handshake.
 */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
                           unsigned in_n, void *unused) {
  (void)ssl;
  (void)unused;
  for (unsigned at = 0; at < in_n; at += in[at] + 1u) {
    if (in[at] == 4 && in_n - at > 4 && memcmp(in + at + 1, "imap", 4) == 0) {
      *out = in + at + 1;
      *out_n = 4;
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int configure(SSL_CTX *ctx, const char *certificate_pathz, const char *key_pathz) {
  uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE;
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
  /* Clients close the socket without a goodbye; half a command is never run, so nothing can be cut off. */
  options |= SSL_OP_IGNORE_UNEXPECTED_EOF;
#endif
  (void)SSL_CTX_set_options(ctx, options);
  /* RELEASE_BUFFERS: a connection that waits gives 34 kB back. */
  (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
         SSL_CTX_use_certificate_chain_file(ctx, certificate_pathz) == 1 &&
         SSL_CTX_use_PrivateKey_file(ctx, key_pathz, SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_check_private_key(ctx) == 1;
}

int tls_context_new(const char *certificate_pathz, const char *key_pathz, struct tls_context **context) {
  struct tls_context *made = malloc(sizeof *made);
  if (made == NULL) return -1;
  made->ctx = SSL_CTX_new(TLS_server_method());
  if (made->ctx == NULL || !configure(made->ctx, certificate_pathz, key_pathz)) {
    log_errors(LOG_ERROR, "TLS certificate or key");
    SSL_CTX_free(made->ctx);
    free(made);
    return -1;
  }
  *context = made;
  return 0;
}

void tls_context_free(struct tls_context *context) {
  if (context == NULL) return;
  SSL_CTX_free(context->ctx);
  free(context);
}

int tls_new(struct tls_context *context, int fd, struct tls **tls) {
  struct tls *made = malloc(sizeof *made);
  if (made == NULL) return -1;
  made->broken = 0;
  made->ssl = SSL_new(context->ctx);
  if (made->ssl == NULL || SSL_set_fd(made->ssl, fd) != 1) {
    log_errors(LOG_ERROR, "TLS");
    SSL_free(made->ssl);
    free(made);
    return -1;
  }
  SSL_set_accept_state(made->ssl);
  *tls = made;
  return 0;
}

void tls_free(struct tls *tls) {
  if (tls == NULL) return;
  SSL_free(tls->ssl);
  free(tls);
}

/* What OpenSSL says of a call that moved nothing, in the terms of a transport. */
static int outcome(struct tls *tls, int returned, uint32_t *events) {
  switch (SSL_get_error(tls->ssl, returned)) {
  case SSL_ERROR_WANT_READ:
    *events = POLLER_READ;
    return IMAP4_AGAIN;
  case SSL_ERROR_WANT_WRITE:
    *events = POLLER_WRITE;
    return IMAP4_AGAIN;
  case SSL_ERROR_ZERO_RETURN:
    return IMAP4_END;
  default:
    tls->broken = 1;
    log_errors(LOG_DEBUG, "TLS");
    return IMAP4_ERR_TRANSPORT;
  }
}

int tls_read(struct tls *tls, void *data, size_t capacity, size_t *n, uint32_t *events) {
  ERR_clear_error();
  int returned = SSL_read_ex(tls->ssl, data, capacity, n);
  return returned == 1 ? IMAP4_OK : outcome(tls, returned, events);
}

int tls_write(struct tls *tls, const void *data, size_t len, size_t *n, uint32_t *events) {
  ERR_clear_error();
  int returned = SSL_write_ex(tls->ssl, data, len, n);
  if (returned == 1) return IMAP4_OK;
  int status = outcome(tls, returned, events);
  return status == IMAP4_END ? IMAP4_ERR_TRANSPORT : status;
}

int tls_pending(const struct tls *tls) {
  return SSL_pending(tls->ssl) > 0;
}

void tls_goodbye(struct tls *tls) {
  if (tls->broken || !SSL_is_init_finished(tls->ssl)) return;
  ERR_clear_error();
  (void)SSL_shutdown(tls->ssl);
  ERR_clear_error();
}

#else

const char *tls_library_namez(void) {
  return NULL;
}

int tls_context_new(const char *certificate_pathz, const char *key_pathz, struct tls_context **context) {
  (void)certificate_pathz;
  (void)key_pathz;
  (void)context;
  log_line(LOG_ERROR, "TLS is not compiled in: build with OpenSSL");
  return -1;
}

void tls_context_free(struct tls_context *context) {
  (void)context;
}

int tls_new(struct tls_context *context, int fd, struct tls **tls) {
  (void)context;
  (void)fd;
  (void)tls;
  return -1;
}

void tls_free(struct tls *tls) {
  (void)tls;
}

int tls_read(struct tls *tls, void *data, size_t capacity, size_t *n, uint32_t *events) {
  (void)tls;
  (void)data;
  (void)capacity;
  (void)n;
  (void)events;
  return IMAP4_ERR_TRANSPORT;
}

int tls_write(struct tls *tls, const void *data, size_t len, size_t *n, uint32_t *events) {
  (void)tls;
  (void)data;
  (void)len;
  (void)n;
  (void)events;
  return IMAP4_ERR_TRANSPORT;
}

int tls_pending(const struct tls *tls) {
  (void)tls;
  return 0;
}

void tls_goodbye(struct tls *tls) {
  (void)tls;
}

#endif
