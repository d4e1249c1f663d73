/* SPDX-License-Identifier: MIT */
/* TLS over a non-blocking socket.  Without OpenSSL there are stubs that say so. */
#ifndef IMAP4_SERVER_TLS_H
#define IMAP4_SERVER_TLS_H

#include <stddef.h>
#include <stdint.h>

struct tls_context; /* certificate and settings, shared by all connections */
struct tls;         /* one connection */

/* Name and version of what does TLS here; NULL: TLS is not compiled in. */
const char *tls_library_namez(void);

/* 0, or -1 after a line in the log. */
int tls_context_new(const char *certificate_pathz, const char *key_pathz, struct tls_context **context);
void tls_context_free(struct tls_context *context);

/* Begin as server on |fd|, which stays the caller's; the handshake happens inside reads and writes.  0 or -1.
 */
int tls_new(struct tls_context *context, int fd, struct tls **tls);
void tls_free(struct tls *tls);

/*
 * Like the functions of imap4_transport: IMAP4_OK with |*n| octets, IMAP4_AGAIN with what to wait for in
 * |*events| (POLLER_READ or POLLER_WRITE: TLS may have to write in order to read, and the other way round),
 * IMAP4_END, or a negative number.
 */
int tls_read(struct tls *tls, void *data, size_t capacity, size_t *n, uint32_t *events);
int tls_write(struct tls *tls, const void *data, size_t len, size_t *n, uint32_t *events);

/* 1 when octets have been decrypted that tls_read() has not given yet: the socket won't tell of them. */
int tls_pending(const struct tls *tls);

/* Tell the client that nothing follows, if the socket takes it now. */
void tls_goodbye(struct tls *tls);

#endif
