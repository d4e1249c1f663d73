/* SPDX-License-Identifier: MIT */
/* Texts of results, the version, and the order of mailbox names: what belongs to no other file. */
#include "imap4/error.h"
#include "base/str.h"

uint32_t imap4_version_number(void) {
  return IMAP4_VERSION_MAJOR * 10000u + IMAP4_VERSION_MINOR * 100u + IMAP4_VERSION_PATCH;
}

const char *imap4_version_stringz(void) {
  return IMAP4_VERSION_STRING;
}

int imap4_is_fatal(int status) {
  return status <= IMAP4_FATAL;
}

static const struct {
  int status;
  const char *textz;
} texts[] = {
    {IMAP4_OK, "Success"},
    {IMAP4_PENDING, "The result comes later"},
    {IMAP4_AGAIN, "Nothing can be done now"},
    {IMAP4_END, "The client has ended its side"},
    {IMAP4_ERR_INVALID, "Invalid argument"},
    {IMAP4_ERR_VERSION, "A struct's size does not fit this version of the library"},
    {IMAP4_ERR_REENTRANT, "Called from inside a callback of the same session"},
    {IMAP4_ERR_STALE_OP, "The operation is over"},
    {IMAP4_ERR_STATE, "Not possible in the session's state"},
    {IMAP4_ST_NONEXISTENT, "No such mailbox"},
    {IMAP4_ST_ALREADYEXISTS, "Mailbox exists already"},
    {IMAP4_ST_CANNOT, "Not possible"},
    {IMAP4_ST_OVERQUOTA, "No space left"},
    {IMAP4_ST_NOPERM, "Permission denied"},
    {IMAP4_ST_UNAVAILABLE, "Temporarily unavailable"},
    {IMAP4_ST_INUSE, "In use"},
    {IMAP4_ST_LIMIT, "A limit is reached"},
    {IMAP4_ST_TOOBIG, "Too large"},
    {IMAP4_ST_EXPUNGED, "Some messages no longer exist"},
    {IMAP4_ST_CORRUPTION, "Stored data is damaged"},
    {IMAP4_ST_SERVERBUG, "Internal error"},
    {IMAP4_ST_READONLY, "Mailbox is read-only"},
    {IMAP4_ST_HASCHILDREN, "Mailbox has inferior names"},
    {IMAP4_ST_AUTHFAILED, "Authentication failed"},
    {IMAP4_ST_AUTHZFAILED, "Authorization failed"},
    {IMAP4_ST_EXPIRED, "Credentials have expired"},
    {IMAP4_ST_PRIVACYREQUIRED, "A protected connection is required"},
    {IMAP4_ST_CONTACTADMIN, "Contact the administrator"},
    {IMAP4_ST_UNSUPPORTED, "Not supported"},
    {IMAP4_ST_FAILED, "Failed"},
    {IMAP4_ST_TEMPFAIL, "Failed this time, try again"},
    {IMAP4_ST_UNKNOWNCTE, "The content transfer encoding is not supported"},
    {IMAP4_FATAL, "Fatal error"},
    {IMAP4_ERR_NOMEM, "Out of memory"},
    {IMAP4_ERR_CALLBACK, "A callback broke its contract"},
    {IMAP4_ERR_STALLED, "No progress"},
    {IMAP4_ERR_TRANSPORT, "The connection failed"},
    {IMAP4_ERR_CLOSED, "The session is over"},
};

const char *imap4_status_textz(int status) {
  for (size_t i = 0; i < IMAP4I_COUNT(texts); i++) {
    if (texts[i].status == status) return texts[i].textz;
  }
  return "Unknown status";
}

/* The delimiter sorts before everything. */
static int weight(char c, char delimiter) {
  return c == delimiter ? -1 : (int)(unsigned char)c;
}

int imap4_mailbox_compare(imap4_str a, imap4_str b, char delimiter) {
  size_t n = imap4i_min(a.n, b.n);
  for (size_t i = 0; i < n; i++) {
    if (a.p[i] != b.p[i]) return weight(a.p[i], delimiter) < weight(b.p[i], delimiter) ? -1 : 1;
  }
  return a.n < b.n ? -1 : a.n > b.n;
}
