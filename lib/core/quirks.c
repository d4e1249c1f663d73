/* SPDX-License-Identifier: MIT */
/*
 * Quirks: what some clients need that the standards do not ask for.  This table is the only place that knows
 * a client by its name; everything else looks at switches, which a host can set for a session as it likes.
 */
#include "core/session.h"

/* Who, by what ID says (RFC 2971), and which switches.  |osz| NULL: whatever the field "os" says. */
static const struct {
  const char *namez;
  const char *osz;
  uint64_t quirks;
} clients[] = {
    /* Flushes its compressor only partly: with some inflaters the end of its commands is never seen. */
    {"com.apple.email.maild", "iOS", IMAP4_QUIRK_NO_COMPRESS},
    {"iPhone Mail", NULL, IMAP4_QUIRK_NO_COMPRESS},
    {"iPad Mail", NULL, IMAP4_QUIRK_NO_COMPRESS},
    /* Puts the delimiter behind names of mailboxes, and opens whatever LSUB does not call unselectable. */
    {"Thunderbird", NULL, IMAP4_QUIRK_TRAILING_DELIMITER | IMAP4_QUIRK_LSUB_NOSELECT},
};

static bool is_z(imap4_str s, const char *z) {
  return imap4i_ieq(s, imap4i_str(z, strlen(z)));
}

static imap4_str field(const imap4i_id_args *id, const char *namez) {
  for (size_t i = 0; i + 1 < id->count; i += 2) {
    if (is_z(id->pairs[i], namez)) return id->pairs[i + 1];
  }
  return IMAP4I_S("");
}

void imap4i_quirks_from_id(imap4_session *s, const imap4i_id_args *id) {
  imap4_str name = field(id, "name");
  imap4_str os = field(id, "os");
  if (s->quirks_are_the_hosts) return;
  s->quirks = 0;
  for (size_t i = 0; i < IMAP4I_COUNT(clients); i++) {
    if (is_z(name, clients[i].namez) && (!clients[i].osz || is_z(os, clients[i].osz)))
      s->quirks |= clients[i].quirks;
  }
}

int imap4_session_set_quirks(imap4_session *s, uint64_t quirks) {
  if (!s) return IMAP4_ERR_INVALID;
  int status = imap4i_usable(s);
  if (status != IMAP4_OK) return status;
  s->quirks_are_the_hosts = true;
  s->quirks = quirks;
  return IMAP4_OK;
}

uint64_t imap4_session_quirks(const imap4_session *s) {
  return s ? s->quirks : 0;
}
