/* SPDX-License-Identifier: MIT */
/*
 * For tests of messages: digests at any cut and with any limits, and the example of RFC 3501 section 6.4.5.
 * Include after cmocka.h.
 */
#ifndef MAIL_CHECK_H
#define MAIL_CHECK_H

#include "imap4/error.h"
#include "mail/digest.h"
#include "mail/walker.h"
#include "memory_check.h"

static inline imap4_str mail_str(const char *z) {
  return imap4i_str(z, strlen(z));
}
#define STR(z) mail_str(z) /* |z| is evaluated once */

/* The defaults after login. */
static inline imap4_limits mail_limits(void) {
  imap4_limits limits;
  assert_int_equal(imap4_limits_init(&limits, sizeof limits, 1), IMAP4_OK);
  return limits;
}

/* Walk over |message| in pieces of |step| octets, the first of |first|; the digest goes to |digest|. */
static inline int mail_walk(imap4i_mem *mem, const imap4_limits *limits, imap4_str message, size_t first,
                            size_t step, imap4i_buf *digest) {
  imap4i_walker *walker;
  imap4_str result;
  int r = imap4i_walker_new(mem, limits, &walker);
  if (r != IMAP4_OK) return r;
  for (size_t n = first; message.n > 0 && r == IMAP4_OK; n = step) {
    n = imap4i_min(n, message.n);
    r = imap4i_walker_feed(walker, imap4i_str(message.p, n));
    message = imap4i_tail(message, n);
  }
  if (r == IMAP4_OK) r = imap4i_walker_finish(walker, &result);
  if (r == IMAP4_OK && !imap4i_buf_puts(digest, result)) r = IMAP4_ERR_NOMEM;
  imap4i_walker_free(walker);
  return r;
}

/* The same, whole, where nothing fails. */
static inline imap4_str mail_digest(imap4i_mem *mem, const imap4_limits *limits, imap4_str message,
                                    imap4i_buf *digest) {
  imap4i_buf_init(digest, mem, SIZE_MAX);
  assert_int_equal(mail_walk(mem, limits, message, SIZE_MAX, SIZE_MAX, digest), IMAP4_OK);
  assert_true(imap4i_digest_valid(imap4i_buf_str(digest)));
  return imap4i_buf_str(digest);
}

static inline void assert_text(imap4_str got, const char *wantz) {
  if (imap4i_eq(got, STR(wantz))) return;
  fail_msg("got  %.*s\nwant %s", (int)got.n, got.p ? got.p : "", wantz);
}

/* ENVELOPE ('e'), BODY ('b'), BODYSTRUCTURE ('s') or that with message/global opened ('g') of |messagez| with
 * |limits|. */
static inline void assert_item_limited(const imap4_limits *limits, const char *messagez, char item,
                                       const char *wantz) {
  memory_check memory;
  imap4i_buf digest, out;
  imap4i_mem *mem = memory_check_init(&memory);
  imap4_str d = mail_digest(mem, limits, STR(messagez), &digest);
  imap4i_buf_init(&out, mem, SIZE_MAX);
  if (item == 'e') {
    assert_int_equal(imap4i_digest_envelope(d, &out), IMAP4_OK);
  } else {
    assert_int_equal(imap4i_digest_body(d, item != 'b', item == 'g', &out), IMAP4_OK);
  }
  assert_text(imap4i_buf_str(&out), wantz);
  imap4i_buf_free(&out);
  imap4i_buf_free(&digest);
  memory_check_end(&memory);
}

static inline void assert_item(const char *messagez, char item, const char *wantz) {
  imap4_limits limits = mail_limits();
  assert_item_limited(&limits, messagez, item, wantz);
}

/* RFC 3501 section 6.4.5. */
static const char mail_example[] = "From: a@x\r\n"
                                   "Content-Type: multipart/mixed; boundary=outer\r\n"
                                   "\r\n"
                                   "preamble\r\n"
                                   "--outer\r\n"
                                   "\r\n"
                                   "one\r\n"
                                   "--outer\r\n"
                                   "Content-Type: application/octet-stream\r\n"
                                   "\r\n"
                                   "two\r\n"
                                   "--outer\r\n"
                                   "Content-Type: message/rfc822\r\n"
                                   "\r\n"
                                   "Subject: three\r\n"
                                   "Content-Type: multipart/mixed; boundary=third\r\n"
                                   "\r\n"
                                   "--third\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "\r\n"
                                   "three one\r\n"
                                   "--third\r\n"
                                   "Content-Type: application/octet-stream\r\n"
                                   "\r\n"
                                   "three two\r\n"
                                   "--third--\r\n"
                                   "--outer\r\n"
                                   "Content-Type: multipart/mixed; boundary=fourth\r\n"
                                   "\r\n"
                                   "--fourth\r\n"
                                   "Content-Type: image/gif\r\n"
                                   "\r\n"
                                   "four one\r\n"
                                   "--fourth\r\n"
                                   "Content-Type: message/rfc822\r\n"
                                   "\r\n"
                                   "Subject: four two\r\n"
                                   "Content-Type: multipart/mixed; boundary=inner\r\n"
                                   "\r\n"
                                   "--inner\r\n"
                                   "\r\n"
                                   "four two one\r\n"
                                   "--inner\r\n"
                                   "Content-Type: multipart/alternative; boundary=last\r\n"
                                   "\r\n"
                                   "--last\r\n"
                                   "\r\n"
                                   "plain\r\n"
                                   "--last\r\n"
                                   "Content-Type: text/richtext\r\n"
                                   "\r\n"
                                   "rich\r\n"
                                   "--last--\r\n"
                                   "--inner--\r\n"
                                   "--fourth--\r\n"
                                   "--outer--\r\n"
                                   "epilogue\r\n";

#endif
