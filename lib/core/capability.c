/* SPDX-License-Identifier: MIT */
/* Capabilities: worked out from what is there, never written by hand (contract C9). */
#include "core/session.h"

/* After login there is nothing to be gained from knowing how one could log in. */
static const struct {
  const char *namez;
  uint64_t feature;
  bool before_login;
} capabilities[] = {
    {"IMAP4rev2", IMAP4_FEATURE_IMAP4REV2, true},
    {"LITERAL+", IMAP4_FEATURE_LITERAL_PLUS, true},
    {"LITERAL-", IMAP4_FEATURE_LITERAL_MINUS, true},
    {"SASL-IR", IMAP4_FEATURE_SASL_IR, true},
    {"ID", IMAP4_FEATURE_ID, true},
    {"ENABLE", IMAP4_FEATURE_ENABLE, true},
    {"IDLE", IMAP4_FEATURE_IDLE, true},
    {"NAMESPACE", IMAP4_FEATURE_NAMESPACE, false},
    {"CHILDREN", IMAP4_FEATURE_CHILDREN, false},
    {"UNSELECT", IMAP4_FEATURE_UNSELECT, false},
    {"UIDPLUS", IMAP4_FEATURE_UIDPLUS, false},
    {"MOVE", IMAP4_FEATURE_MOVE, false},
    {"MULTIAPPEND", IMAP4_FEATURE_MULTIAPPEND, false},
    {"CONDSTORE", IMAP4_FEATURE_CONDSTORE, false},
    {"QRESYNC", IMAP4_FEATURE_QRESYNC, false},
    {"ESEARCH", IMAP4_FEATURE_ESEARCH, false},
    {"SEARCHRES", IMAP4_FEATURE_SEARCHRES, false},
    {"PARTIAL", IMAP4_FEATURE_PARTIAL, false},
    {"WITHIN", IMAP4_FEATURE_WITHIN, false},
    {"LIST-EXTENDED", IMAP4_FEATURE_LIST_EXTENDED, false},
    {"LIST-STATUS", IMAP4_FEATURE_LIST_STATUS, false},
    {"STATUS=SIZE", IMAP4_FEATURE_STATUS_SIZE, false},
    {"APPENDLIMIT", IMAP4_FEATURE_APPENDLIMIT, false},
    {"OBJECTID", IMAP4_FEATURE_OBJECTID, false},
    {"SAVEDATE", IMAP4_FEATURE_SAVEDATE, false},
    {"SPECIAL-USE", IMAP4_FEATURE_SPECIAL_USE, false},
    {"CREATE-SPECIAL-USE", IMAP4_FEATURE_CREATE_SPECIAL_USE, false},
    {"QUOTA", IMAP4_FEATURE_QUOTA, false},
    {"MESSAGELIMIT", IMAP4_FEATURE_MESSAGELIMIT, false},
    {"INPROGRESS", IMAP4_FEATURE_INPROGRESS, false},
    {"COMPRESS=DEFLATE", IMAP4_FEATURE_COMPRESS, false},
    {"UNAUTHENTICATE", IMAP4_FEATURE_UNAUTHENTICATE, false},
    {"BINARY", IMAP4_FEATURE_BINARY, false},
    {"UTF8=ACCEPT", IMAP4_FEATURE_UTF8_ACCEPT, false},
    {"REPLACE", IMAP4_FEATURE_REPLACE, false},
    {"PREVIEW", IMAP4_FEATURE_PREVIEW, false},
    {"UIDONLY", IMAP4_FEATURE_UIDONLY, false},
    {"UIDBATCHES", IMAP4_FEATURE_UIDBATCHES, false},
};

/* Features, and others without which they are not there. */
static const struct {
  uint64_t feature;
  uint64_t needs;
} dependencies[] = {
    {IMAP4_FEATURE_UTF8_ACCEPT, IMAP4_FEATURE_ENABLE},
    {IMAP4_FEATURE_UIDONLY, IMAP4_FEATURE_ENABLE},
    {IMAP4_FEATURE_QRESYNC, IMAP4_FEATURE_CONDSTORE | IMAP4_FEATURE_ENABLE},
    {IMAP4_FEATURE_SEARCHRES, IMAP4_FEATURE_ESEARCH},
    {IMAP4_FEATURE_PARTIAL, IMAP4_FEATURE_ESEARCH},
    /* Options of the extended form of LIST. */
    {IMAP4_FEATURE_LIST_STATUS, IMAP4_FEATURE_LIST_EXTENDED},
    {IMAP4_FEATURE_SPECIAL_USE, IMAP4_FEATURE_LIST_EXTENDED},
    /* What became part of it (RFC 9051 appendix E): it is not whole without. */
    {IMAP4_FEATURE_IMAP4REV2, IMAP4_FEATURE_NAMESPACE | IMAP4_FEATURE_UNSELECT | IMAP4_FEATURE_UIDPLUS |
                                  IMAP4_FEATURE_ESEARCH | IMAP4_FEATURE_SEARCHRES | IMAP4_FEATURE_ENABLE |
                                  IMAP4_FEATURE_IDLE | IMAP4_FEATURE_SASL_IR | IMAP4_FEATURE_CHILDREN |
                                  IMAP4_FEATURE_LIST_EXTENDED | IMAP4_FEATURE_LIST_STATUS |
                                  IMAP4_FEATURE_MOVE | IMAP4_FEATURE_STATUS_SIZE | IMAP4_FEATURE_BINARY},
};

/* Either of them lets clients send short literals without being asked. */
#define LITERALS (IMAP4_FEATURE_LITERAL_PLUS | IMAP4_FEATURE_LITERAL_MINUS)

/* What this connection can't have, whatever is switched on. */
static uint64_t unavailable(const imap4_session *s) {
  uint64_t off = 0;
  if (!s->has_clock) off |= IMAP4_FEATURE_WITHIN;
  if (s->limits->command_messages == 0) off |= IMAP4_FEATURE_MESSAGELIMIT;
  if (!s->ticked || s->limits->progress_ms == 0) off |= IMAP4_FEATURE_INPROGRESS;
  if (!s->can_compress || s->quirks & IMAP4_QUIRK_NO_COMPRESS) off |= IMAP4_FEATURE_COMPRESS;
  /* RFC 8437: the connection goes back to where a login is possible.  Compression would have to end between
   * two commands (section 4.1), which no transport can do when they are pipelined. */
  if (s->preauth || s->compressed) off |= IMAP4_FEATURE_UNAUTHENTICATE;
  return off;
}

uint64_t imap4i_features_off(const imap4_session *s) {
  uint64_t off = s->server->features_off | s->features_off | unavailable(s);
  if ((off & LITERALS) == LITERALS) off |= IMAP4_FEATURE_IMAP4REV2;
  /* RFC 7888 section 5: never both. */
  if (!(off & IMAP4_FEATURE_LITERAL_PLUS)) off |= IMAP4_FEATURE_LITERAL_MINUS;
  for (uint64_t before = ~off; before != off;) {
    before = off;
    for (size_t i = 0; i < IMAP4I_COUNT(dependencies); i++)
      if (off & dependencies[i].needs) off |= dependencies[i].feature;
  }
  return off;
}

bool imap4i_plaintext_allowed(const imap4_session *s) {
  return s->secure || s->server->allow_plaintext;
}

static imap4_str store_mechanisms(const imap4_session *s) {
  const char *textz = s->server->store.sasl_mechanismsz;
  return textz ? imap4i_str(textz, strlen(textz)) : (imap4_str){NULL, 0};
}

bool imap4i_mechanism_offered(const imap4_session *s, imap4_str mechanism) {
  if (imap4i_ieq(mechanism, IMAP4I_S("PLAIN")))
    return imap4i_has(s, IMAP4_FEATURE_AUTH_PLAIN) && imap4i_plaintext_allowed(s);
  if (imap4i_ieq(mechanism, IMAP4I_S("LOGIN")))
    return imap4i_has(s, IMAP4_FEATURE_AUTH_LOGIN) && imap4i_plaintext_allowed(s);
  return imap4i_has_word(store_mechanisms(s), mechanism);
}

static bool put_capability(imap4i_buf *buf, imap4_str prefix, imap4_str name) {
  return imap4i_buf_putc(buf, ' ') && imap4i_buf_puts(buf, prefix) && imap4i_buf_puts(buf, name);
}

static bool put_login_capabilities(const imap4_session *s, imap4i_buf *buf) {
  imap4_str own = IMAP4I_S("PLAIN LOGIN");
  imap4_str brought = store_mechanisms(s);
  imap4_str word;
  bool ok = true;
  if (!s->secure && s->can_start_tls && imap4i_has(s, IMAP4_FEATURE_STARTTLS))
    ok = put_capability(buf, IMAP4I_S(""), IMAP4I_S("STARTTLS"));
  if (!imap4i_plaintext_allowed(s)) ok = ok && put_capability(buf, IMAP4I_S(""), IMAP4I_S("LOGINDISABLED"));
  while (ok && imap4i_next_word(&own, &word)) {
    if (imap4i_mechanism_offered(s, word)) ok = put_capability(buf, IMAP4I_S("AUTH="), word);
  }
  while (ok && imap4i_next_word(&brought, &word)) {
    bool own_name = imap4i_has_word(IMAP4I_S("PLAIN LOGIN"), word);
    if (imap4i_is_atom(word) && !own_name) ok = put_capability(buf, IMAP4I_S("AUTH="), word);
  }
  return ok;
}

/* RFC 9208 section 3.1: each resource is a capability. */
static bool put_quota_capabilities(const imap4_store *store, imap4i_buf *buf) {
  static const struct {
    uint32_t resource;
    const char *namez;
  } resources[] = {
      {IMAP4_QUOTA_STORAGE, "STORAGE"},
      {IMAP4_QUOTA_MESSAGE, "MESSAGE"},
      {IMAP4_QUOTA_MAILBOX, "MAILBOX"},
      {IMAP4_QUOTA_ANNOTATION_STORAGE, "ANNOTATION-STORAGE"},
  };
  bool ok = !store->set_quota || put_capability(buf, IMAP4I_S(""), IMAP4I_S("QUOTASET"));
  for (size_t i = 0; ok && i < IMAP4I_COUNT(resources); i++) {
    const char *namez = resources[i].namez;
    if (store->quota_resources & resources[i].resource)
      ok = put_capability(buf, IMAP4I_S("QUOTA=RES-"), imap4i_str(namez, strlen(namez)));
  }
  return ok;
}

/* What comes behind the name of a capability: its value, or others that go with it. */
static bool put_rest(const imap4_session *s, imap4i_buf *buf, uint64_t feature) {
  switch (feature) {
  case IMAP4_FEATURE_APPENDLIMIT: {
    /* RFC 7889 section 2: the same for all mailboxes, unless there is none that its grammar can say. */
    uint64_t limit = s->limits->message_octets;
    return limit > UINT32_MAX || (imap4i_buf_putc(buf, '=') && imap4i_buf_put_u64(buf, limit));
  }
  case IMAP4_FEATURE_MESSAGELIMIT:
    return imap4i_buf_putc(buf, '=') && imap4i_buf_put_u64(buf, imap4i_message_limit(s));
  case IMAP4_FEATURE_QUOTA:
    return put_quota_capabilities(&s->server->store, buf);
  default:
    return true;
  }
}

/* RFC 9738 section 3: instead of MESSAGELIMIT. */
static bool put_save_limit(const imap4_session *s, imap4i_buf *buf) {
  uint32_t limit = imap4i_save_limit(s);
  return limit == 0 || imap4i_message_limit(s) > 0 ||
         (put_capability(buf, IMAP4I_S(""), IMAP4I_S("SAVELIMIT=")) && imap4i_buf_put_u64(buf, limit));
}

bool imap4i_put_capabilities(const imap4_session *s, imap4i_buf *buf) {
  bool logged_in = s->state != IMAP4_STATE_NOT_AUTHENTICATED;
  uint64_t off = imap4i_features_off(s);
  if (s->compressed) off |= IMAP4_FEATURE_COMPRESS; /* the command stays there, to say why not */
  bool ok = imap4i_buf_puts(buf, IMAP4I_S("IMAP4rev1"));
  for (size_t i = 0; ok && i < IMAP4I_COUNT(capabilities); i++) {
    const char *namez = capabilities[i].namez;
    if ((logged_in || capabilities[i].before_login) && (off & capabilities[i].feature) == 0)
      ok = put_capability(buf, IMAP4I_S(""), imap4i_str(namez, strlen(namez))) &&
           put_rest(s, buf, capabilities[i].feature);
  }
  if (ok && logged_in) ok = put_save_limit(s, buf);
  if (ok && !logged_in) ok = put_login_capabilities(s, buf);
  return ok;
}
