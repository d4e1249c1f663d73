/* SPDX-License-Identifier: MIT */
/*
 * Lines that begin with "!".  One table: name, fewest words after it, and what it does.  Configuration is
 * read before there is a store, wherever it stands in the file.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

static imap4_str str(const char *z) {
  return (imap4_str){z, strlen(z)};
}

static bool is(const char *a, const char *b) {
  return strcmp(a, b) == 0;
}

static uint64_t number(const char *z) {
  return strtoull(z, NULL, 10);
}

/* ---- names of numbers ----------------------------------------------------------------------- */

struct named {
  const char *name;
  uint64_t value;
};

#define NAMED(name, value)                                                                                   \
  { name, value }

static const struct named members[] = {
    NAMED("copy", IMAP4_MEMORY_WITHOUT_COPY),         NAMED("move", IMAP4_MEMORY_WITHOUT_MOVE),
    NAMED("vanished", IMAP4_MEMORY_WITHOUT_VANISHED), NAMED("status", IMAP4_MEMORY_WITHOUT_STATUS),
    NAMED("watch", IMAP4_MEMORY_WITHOUT_WATCH),       NAMED("keep-digest", IMAP4_MEMORY_WITHOUT_KEEP_DIGEST),
    NAMED("replace", IMAP4_MEMORY_WITHOUT_REPLACE),   NAMED("uids", IMAP4_MEMORY_WITHOUT_UIDS),
};

static const struct named features[] = {
    NAMED("IDLE", IMAP4_FEATURE_IDLE),
    NAMED("NAMESPACE", IMAP4_FEATURE_NAMESPACE),
    NAMED("ID", IMAP4_FEATURE_ID),
    NAMED("CHILDREN", IMAP4_FEATURE_CHILDREN),
    NAMED("UNSELECT", IMAP4_FEATURE_UNSELECT),
    NAMED("UIDPLUS", IMAP4_FEATURE_UIDPLUS),
    NAMED("SASL-IR", IMAP4_FEATURE_SASL_IR),
    NAMED("ENABLE", IMAP4_FEATURE_ENABLE),
    NAMED("MOVE", IMAP4_FEATURE_MOVE),
    NAMED("LITERAL+", IMAP4_FEATURE_LITERAL_PLUS),
    NAMED("MULTIAPPEND", IMAP4_FEATURE_MULTIAPPEND),
    NAMED("CONDSTORE", IMAP4_FEATURE_CONDSTORE),
    NAMED("QRESYNC", IMAP4_FEATURE_QRESYNC),
    NAMED("ESEARCH", IMAP4_FEATURE_ESEARCH),
    NAMED("SEARCHRES", IMAP4_FEATURE_SEARCHRES),
    NAMED("PARTIAL", IMAP4_FEATURE_PARTIAL),
    NAMED("WITHIN", IMAP4_FEATURE_WITHIN),
    NAMED("LIST-EXTENDED", IMAP4_FEATURE_LIST_EXTENDED),
    NAMED("LIST-STATUS", IMAP4_FEATURE_LIST_STATUS),
    NAMED("STATUS=SIZE", IMAP4_FEATURE_STATUS_SIZE),
    NAMED("APPENDLIMIT", IMAP4_FEATURE_APPENDLIMIT),
    NAMED("OBJECTID", IMAP4_FEATURE_OBJECTID),
    NAMED("SAVEDATE", IMAP4_FEATURE_SAVEDATE),
    NAMED("SPECIAL-USE", IMAP4_FEATURE_SPECIAL_USE),
    NAMED("CREATE-SPECIAL-USE", IMAP4_FEATURE_CREATE_SPECIAL_USE),
    NAMED("BINARY", IMAP4_FEATURE_BINARY),
    NAMED("UTF8=ACCEPT", IMAP4_FEATURE_UTF8_ACCEPT),
    NAMED("REPLACE", IMAP4_FEATURE_REPLACE),
    NAMED("PREVIEW", IMAP4_FEATURE_PREVIEW),
    NAMED("STARTTLS", IMAP4_FEATURE_STARTTLS),
    NAMED("AUTH=PLAIN", IMAP4_FEATURE_AUTH_PLAIN),
    NAMED("AUTH=LOGIN", IMAP4_FEATURE_AUTH_LOGIN),
    NAMED("LITERAL-", IMAP4_FEATURE_LITERAL_MINUS),
    NAMED("MESSAGELIMIT", IMAP4_FEATURE_MESSAGELIMIT),
    NAMED("UIDONLY", IMAP4_FEATURE_UIDONLY),
    NAMED("UIDBATCHES", IMAP4_FEATURE_UIDBATCHES),
    NAMED("QUOTA", IMAP4_FEATURE_QUOTA),
    NAMED("INPROGRESS", IMAP4_FEATURE_INPROGRESS),
    NAMED("COMPRESS", IMAP4_FEATURE_COMPRESS),
    NAMED("UNAUTHENTICATE", IMAP4_FEATURE_UNAUTHENTICATE),
    NAMED("all", ~(uint64_t)(IMAP4_FEATURE_STARTTLS | IMAP4_FEATURE_AUTH_PLAIN)),
};

static const struct named flags[] = {
    NAMED("\\Answered", IMAP4_FLAG_ANSWERED), NAMED("\\Flagged", IMAP4_FLAG_FLAGGED),
    NAMED("\\Deleted", IMAP4_FLAG_DELETED),   NAMED("\\Seen", IMAP4_FLAG_SEEN),
    NAMED("\\Draft", IMAP4_FLAG_DRAFT),
};

static const struct named attributes[] = {
    NAMED("noselect", IMAP4_MAILBOX_NOSELECT),     NAMED("noinferiors", IMAP4_MAILBOX_NOINFERIORS),
    NAMED("subscribed", IMAP4_MAILBOX_SUBSCRIBED), NAMED("remote", IMAP4_MAILBOX_REMOTE),
    NAMED("\\Archive", IMAP4_MAILBOX_ARCHIVE),     NAMED("\\Drafts", IMAP4_MAILBOX_DRAFTS),
    NAMED("\\Junk", IMAP4_MAILBOX_JUNK),           NAMED("\\Sent", IMAP4_MAILBOX_SENT),
    NAMED("\\Trash", IMAP4_MAILBOX_TRASH),
};

/* Statuses by what they are to the store, counted down from IMAP4_ST_NONEXISTENT. */
static const char *const statuses[] = {
    "NONEXISTENT",  "ALREADYEXISTS", "CANNOT",     "OVERQUOTA",   "NOPERM",     "UNAVAILABLE",
    "INUSE",        "LIMIT",         "TOOBIG",     "EXPUNGED",    "CORRUPTION", "SERVERBUG",
    "READONLY",     "HASCHILDREN",   "AUTHFAILED", "AUTHZFAILED", "EXPIRED",    "PRIVACYREQUIRED",
    "CONTACTADMIN", "UNSUPPORTED",   "FAILED",     "TEMPFAIL",
};

#define LIMIT32(member)                                                                                      \
  { #member, offsetof(imap4_limits, member), 4 }
#define LIMIT64(member)                                                                                      \
  { #member, offsetof(imap4_limits, member), 8 }

static const struct {
  const char *name;
  size_t offset;
  size_t size;
} limits[] = {
    LIMIT32(command_octets),
    LIMIT32(literal_octets),
    LIMIT32(command_total_octets),
    LIMIT32(literals),
    LIMIT32(nesting),
    LIMIT32(set_ranges),
    LIMIT32(search_keys),
    LIMIT32(list_items),
    LIMIT32(mailbox_octets),
    LIMIT32(keyword_octets),
    LIMIT32(section_depth),
    LIMIT64(message_octets),
    LIMIT32(append_messages),
    LIMIT32(bad_commands),
    LIMIT32(failed_logins),
    LIMIT32(sasl_steps),
    LIMIT32(sasl_octets),
    LIMIT64(session_octets),
    LIMIT32(output_octets),
    LIMIT32(work_budget),
    LIMIT32(idle_ms),
    LIMIT32(poll_ms),
    LIMIT32(digest_octets),
    LIMIT32(query_rows),
    LIMIT32(mime_parts),
    LIMIT32(mime_depth),
    LIMIT32(header_field_octets),
    LIMIT32(addresses),
    LIMIT32(mime_parameters),
    LIMIT32(encoded_words),
    LIMIT32(mime_field_octets),
    LIMIT32(digest_field_octets),
    LIMIT32(progress_ms),
    LIMIT32(save_messages),
    LIMIT32(command_messages),
    LIMIT32(uid_batches),
};

static bool lookup(const struct named *table, size_t n, const char *name, uint64_t *value) {
  for (size_t i = 0; i < n; ++i) {
    if (!is(table[i].name, name)) continue;
    *value |= table[i].value;
    return true;
  }
  return false;
}

#define LOOKUP(table, name, value) lookup(table, sizeof(table) / sizeof((table)[0]), name, value)

static void unknown(struct world *world, const struct step *step, const char *word) {
  world_trouble(world, step->line, "what is \"%s\"?", word);
}

/* All words from |first| on as bits. */
static uint64_t lookup_all(struct world *world, const struct step *step, int first, const struct named *table,
                           size_t n) {
  uint64_t value = 0;
  for (int i = first; i < step->word_count; ++i) {
    if (!lookup(table, n, step->words[i], &value)) unknown(world, step, step->words[i]);
  }
  return value;
}

/* ---- configuration -------------------------------------------------------------------------- */

static void set_limit(struct world *world, const struct step *step) {
  imap4_limits *set = is(step->words[1], "before") ? &world->before : &world->after;
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; ++i) {
    if (!is(limits[i].name, step->words[2])) continue;
    uint64_t wide = number(step->words[3]);
    uint32_t narrow = (uint32_t)wide;
    memcpy((char *)set + limits[i].offset, limits[i].size == 8 ? (void *)&wide : (void *)&narrow,
           limits[i].size);
    return;
  }
  unknown(world, step, step->words[2]);
}

static void do_delimiter(struct world *world, const struct step *step) {
  world->store_config.delimiter = step->words[1][0];
}

static void do_without(struct world *world, const struct step *step) {
  world->store_config.without |=
      (uint32_t)lookup_all(world, step, 1, members, sizeof members / sizeof members[0]);
}

static void do_features_off(struct world *world, const struct step *step) {
  world->config.features_off |= lookup_all(world, step, 1, features, sizeof features / sizeof features[0]);
}

/* So that a whole list of capabilities can be expected whatever else the library learns. */
static void do_features_only(struct world *world, const struct step *step) {
  uint64_t always = IMAP4_FEATURE_STARTTLS | IMAP4_FEATURE_AUTH_PLAIN;
  world->config.features_off =
      ~(always | lookup_all(world, step, 1, features, sizeof features / sizeof features[0]));
}

static void do_plaintext(struct world *world, const struct step *step) {
  world->config.allow_plaintext = is(step->words[1], "on");
}

static void do_greeting(struct world *world, const struct step *step) {
  world->config.greeting = str(step->words[1]);
}

static void do_id(struct world *world, const struct step *step) {
  if (world->config.id_count == 8) return;
  world->id[world->config.id_count++] = (imap4_id_field){str(step->words[1]), str(step->words[2])};
}

/* kind (0 personal, 1 other users', 2 shared), prefix, delimiter */
static void do_namespace(struct world *world, const struct step *step) {
  if (world->store_config.namespace_count == 8) return;
  imap4_namespace *entry = &world->namespaces[world->store_config.namespace_count++];
  entry->kind = (uint32_t)number(step->words[1]);
  entry->prefix = str(step->words[2]);
  entry->delimiter = (unsigned char)step->words[3][0];
  world->store_config.namespaces = world->namespaces;
}

/* mechanism, user, then challenges and responses in turn; the "|" line is data for success */
static void do_sasl(struct world *world, const struct step *step) {
  world->store_config.sasl_mechanismz = step->words[1];
  world->store_config.sasl_user = str(step->words[2]);
  for (int i = 3; i + 1 < step->word_count; i += 2) {
    uint32_t at = world->store_config.step_count++;
    world->sasl[at] = (imap4_memory_step){str(step->words[i]), str(step->words[i + 1])};
  }
  world->store_config.steps = world->sasl;
  if (step->data.n) world->store_config.sasl_success = (imap4_str){step->data.p, step->data.n - 1};
}

static void do_store(struct world *world, const struct step *step) {
  imap4_memory_config *config = &world->store_config;
  uint64_t value = number(step->words[2]);
  if (is(step->words[1], "page")) {
    config->page_rows = (uint32_t)value;
  } else if (is(step->words[1], "read")) {
    config->read_octets = (uint32_t)value;
  } else if (is(step->words[1], "marked")) {
    config->marked = (uint32_t)value;
  } else if (is(step->words[1], "no-modseq")) {
    config->no_modseq = (uint32_t)value;
  } else if (is(step->words[1], "one-modseq")) {
    config->one_modseq = (uint32_t)value;
  } else if (is(step->words[1], "implied-levels")) {
    config->implied_levels = (uint32_t)value;
  } else if (is(step->words[1], "object-ids")) {
    config->object_ids = (uint32_t)value;
  } else if (is(step->words[1], "plain")) {
    config->plain = (uint32_t)value;
  } else if (is(step->words[1], "keywords")) {
    config->keywords = (uint32_t)value;
  } else if (is(step->words[1], "quota-roots")) {
    config->quota_roots = (uint32_t)value;
  } else if (is(step->words[1], "quota-messages")) {
    config->quota_messages = value;
  } else if (is(step->words[1], "quota-mailboxes")) {
    config->quota_mailboxes = value;
  } else if (is(step->words[1], "soft-quota")) {
    config->soft_quota_octets = value;
  } else if (is(step->words[1], "quota")) {
    config->quota_octets = value;
  } else if (is(step->words[1], "message")) {
    config->message_octets = value;
  } else if (is(step->words[1], "expunge-log")) {
    config->expunge_log = (uint32_t)value;
  } else if (is(step->words[1], "uidvalidity")) {
    config->first_uidvalidity = (uint32_t)value;
  } else {
    unknown(world, step, step->words[1]);
  }
}

/* Names that may not be touched: mailbox and rights as a number in hexadecimal. */
static int authorize(void *user, imap4_str account, imap4_str mailbox, uint32_t rights) {
  const struct world *world = user;
  (void)account;
  for (size_t i = 0; i < world->script->count; ++i) {
    const struct step *step = &world->script->steps[i];
    if (step->act != ACT_DIRECTIVE || !is(step->words[0], "forbid")) continue;
    bool same = mailbox.n == strlen(step->words[1]) && memcmp(mailbox.p, step->words[1], mailbox.n) == 0;
    if (same && (rights & strtoul(step->words[2], NULL, 16))) {
      return step->word_count > 3 ? IMAP4_ST_NONEXISTENT : IMAP4_ST_NOPERM;
    }
  }
  return IMAP4_OK;
}

static void do_forbid(struct world *world, const struct step *step) {
  (void)step;
  world->store_config.authorize = authorize;
}

/* ---- mail ----------------------------------------------------------------------------------- */

static void check(struct world *world, const struct step *step, int status) {
  if (status != IMAP4_OK && !world->lenient) {
    world_trouble(world, step->line, "the store says %s", imap4_status_textz(status));
  }
}

static imap4_str user_of(const struct world *world) {
  return str(world->user);
}

static int64_t days(int64_t year, int64_t month, int64_t day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = y / 400;
  int64_t of_era = y - era * 400;
  int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "17-Jul-1996 02:44:25 -0700" */
static bool parse_date(const char *z, imap4_date *date) {
  static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  int day, year, hour, minute, second, zone;
  char month[4];
  char sign;
  if (sscanf(z, "%d-%3s-%d %d:%d:%d %c%d", &day, month, &year, &hour, &minute, &second, &sign, &zone) != 8) {
    return false;
  }
  const char *at = strstr(names, month);
  if (!at) return false;
  date->zone_minutes = (zone / 100 * 60 + zone % 100) * (sign == '-' ? -1 : 1);
  date->seconds = days(year, (at - names) / 3 + 1, day) * 86400 + hour * 3600 + minute * 60 + second -
                  date->zone_minutes * 60;
  date->present = 1;
  return true;
}

/* Flags, keywords, a date and a file name, as they come in the words from |first| on. */
static void message_words(struct world *world, const struct step *step, int first,
                          imap4_memory_message *message, struct bytes *keywords, struct bytes *file) {
  for (int i = first; i < step->word_count; ++i) {
    const char *word = step->words[i];
    uint64_t bits = 0;
    if (word[0] == '@') {
      bytes_addz(file, word + 1);
    } else if (parse_date(word, &message->date)) {
      continue;
    } else if (strncmp(word, "saved=", 6) == 0) {
      if (!parse_date(word + 6, &message->saved)) unknown(world, step, word);
    } else if (strncmp(word, "thread=", 7) == 0) {
      message->thread_id = str(word + 7);
    } else if (word[0] != '\\') {
      if (keywords->n) bytes_addz(keywords, " ");
      bytes_addz(keywords, word);
    } else if (LOOKUP(flags, word, &bits)) {
      message->flags |= (uint32_t)bits;
    } else {
      unknown(world, step, word);
    }
  }
  message->keywords = (imap4_str){keywords->p, keywords->n};
}

static void read_file(struct world *world, const struct step *step, const char *name, struct bytes *text) {
  struct bytes path = {0};
  char chunk[4096];
  size_t n;
  if (world->script->folder) bytes_addz(&path, world->script->folder);
  bytes_addz(&path, name);
  FILE *file = fopen(path.p, "rb");
  if (!file) {
    unknown(world, step, path.p);
  } else {
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
      bytes_add(text, chunk, n);
    fclose(file);
  }
  bytes_free(&path);
}

/* mailbox [flags, keywords, date, @file]; the text in "|" lines or the file */
static void do_message(struct world *world, const struct step *step) {
  imap4_memory_message message = {.flags = 0};
  struct bytes keywords = {0};
  struct bytes file = {0};
  struct bytes text = {0};
  message_words(world, step, 2, &message, &keywords, &file);
  if (file.n) read_file(world, step, file.p, &text);
  bytes_add(&text, step->data.p, step->data.n);
  message.text = (imap4_str){text.p, text.n};
  check(world, step, imap4_memory_add_message(world->store, user_of(world), str(step->words[1]), &message));
  bytes_free(&keywords);
  bytes_free(&file);
  bytes_free(&text);
}

/* mailbox, count [flags, keywords, date]: that many small messages, "Subject: message 1" and so on */
static void do_fill(struct world *world, const struct step *step) {
  imap4_memory_message message = {.flags = 0};
  struct bytes keywords = {0};
  struct bytes file = {0};
  message_words(world, step, 3, &message, &keywords, &file);
  for (uint64_t i = 1; i <= number(step->words[2]) && world_on(world); ++i) {
    char text[100];
    snprintf(text, sizeof text, "Subject: message %d\n\nThis is text %d.\n", (int)i, (int)i);
    message.text = str(text);
    check(world, step, imap4_memory_add_message(world->store, user_of(world), str(step->words[1]), &message));
  }
  bytes_free(&keywords);
  bytes_free(&file);
}

static void do_mailbox(struct world *world, const struct step *step) {
  uint64_t bits = lookup_all(world, step, 2, attributes, sizeof attributes / sizeof attributes[0]);
  check(world, step,
        imap4_memory_add_mailbox(world->store, user_of(world), str(step->words[1]), (uint32_t)bits));
}

static void do_subscribe(struct world *world, const struct step *step) {
  check(world, step, imap4_memory_subscribe(world->store, user_of(world), str(step->words[1])));
}

static void do_remove(struct world *world, const struct step *step) {
  check(world, step, imap4_memory_remove_mailbox(world->store, user_of(world), str(step->words[1])));
}

static void do_rename(struct world *world, const struct step *step) {
  check(world, step,
        imap4_memory_rename_mailbox(world->store, user_of(world), str(step->words[1]), str(step->words[2])));
}

static void do_uids(struct world *world, const struct step *step) {
  check(world, step,
        imap4_memory_set_uids(world->store, user_of(world), str(step->words[1]),
                              (uint32_t)number(step->words[2]), (uint32_t)number(step->words[3])));
}

static void do_read_only(struct world *world, const struct step *step) {
  check(world, step, imap4_memory_set_read_only(world->store, user_of(world), str(step->words[1]), 1));
}

static void do_old(struct world *world, const struct step *step) {
  check(world, step, imap4_memory_claim_recent(world->store, user_of(world), str(step->words[1])));
}

/* "1:3,5" as ranges. */
static imap4_uid_ranges parse_uids(const char *z, imap4_uid_range *ranges, size_t capacity) {
  size_t n = 0;
  while (*z && n < capacity) {
    char *end;
    uint32_t first = (uint32_t)strtoul(z, &end, 10);
    uint32_t last = *end == ':' ? (uint32_t)strtoul(end + 1, &end, 10) : first;
    ranges[n++] = (imap4_uid_range){first, last};
    z = *end ? end + 1 : end;
  }
  return (imap4_uid_ranges){ranges, n};
}

/* mailbox, UIDs, "+" or "-" or "=", flags and keywords */
static void do_flag(struct world *world, const struct step *step) {
  imap4_memory_message message = {.flags = 0};
  struct bytes keywords = {0};
  struct bytes file = {0};
  imap4_uid_range ranges[32];
  uint32_t mode = step->words[3][0] == '+'   ? IMAP4_STORE_ADD
                  : step->words[3][0] == '-' ? IMAP4_STORE_REMOVE
                                             : IMAP4_STORE_REPLACE;
  message_words(world, step, 4, &message, &keywords, &file);
  check(world, step,
        imap4_memory_set_flags(world->store, user_of(world), str(step->words[1]),
                               parse_uids(step->words[2], ranges, 32), mode, message.flags,
                               message.keywords));
  bytes_free(&keywords);
  bytes_free(&file);
}

static void do_expunge(struct world *world, const struct step *step) {
  imap4_uid_range ranges[32];
  check(world, step,
        imap4_memory_expunge(world->store, user_of(world), str(step->words[1]),
                             parse_uids(step->words[2], ranges, 32)));
}

/* ---- events --------------------------------------------------------------------------------- */

static int connection_of(const struct step *step, int word) {
  int i = step->word_count > word ? (int)number(step->words[word]) : 1;
  return i >= 1 && i <= MAX_CONNECTIONS ? i : 1;
}

static void do_as(struct world *world, const struct step *step) {
  world->user = step->words[1];
}

static void do_user(struct world *world, const struct step *step) {
  check(world, step, imap4_memory_add_user(world->store, str(step->words[1]), str(step->words[2])));
}

static void do_connection(struct world *world, const struct step *step) {
  for (int i = 1; i < step->word_count; ++i) {
    if (is(step->words[i], "secure")) {
      world->args.secure = 1;
    } else if (is(step->words[i], "insecure")) {
      world->args.secure = 0;
    } else if (is(step->words[i], "tls-possible")) {
      world->args.can_start_tls = 1;
    } else if (is(step->words[i], "compress-possible")) {
      world->args.can_compress = 1;
    } else if (is(step->words[i], "preauth")) {
      world->preauth = true;
    } else {
      unknown(world, step, step->words[i]);
    }
  }
}

static void do_connect(struct world *world, const struct step *step) {
  world_connect(world, connection_of(step, 1), step->line);
}

static void do_tls(struct world *world, const struct step *step) {
  world_tls(world, connection_of(step, 1), step->line);
}

static void do_compress(struct world *world, const struct step *step) {
  world_compress(world, connection_of(step, 1), step->line);
}

/* The store answers nothing from here on ... */
static void do_hold(struct world *world, const struct step *step) {
  (void)step;
  world->held = true;
}

/* ... until here. */
static void do_go_on(struct world *world, const struct step *step) {
  (void)step;
  world->held = false;
}

static void do_tick(struct world *world, const struct step *step) {
  world_tick(world, number(step->words[1]), step->line);
}

static struct connection *open_connection(struct world *world, const struct step *step, int word) {
  struct connection *connection = &world->connections[connection_of(step, word)];
  if (!connection->session) world_trouble(world, step->line, "there is no such connection");
  return connection->session && !connection->fatal ? connection : NULL;
}

/* The client closes its side. */
static void do_close(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 1);
  if (!connection) return;
  connection->ended = true;
  if (world->mode->pump || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  world_called(world, connection, imap4_session_input_end(connection->session), "input_end");
}

static void do_bye(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 2);
  if (!connection || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  world_called(world, connection, imap4_session_bye(connection->session, str(step->words[1])), "bye");
}

/* Features that this session does not have from now on: "mask 1 IDLE ID". */
static void do_mask(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 1);
  if (!connection || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  uint64_t off = lookup_all(world, step, 2, features, sizeof features / sizeof features[0]);
  world_called(world, connection, imap4_session_mask(connection->session, off), "mask");
}

/* Quirks of this session, in hexadecimal: "quirks 1 0x3". */
static void do_quirks(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 1);
  if (!connection || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  uint64_t quirks = strtoull(step->words[2], NULL, 16);
  world_called(world, connection, imap4_session_set_quirks(connection->session, quirks), "set_quirks");
  if (!connection->fatal && imap4_session_quirks(connection->session) != quirks && !world->lenient)
    world_trouble(world, step->line, "the quirks are others");
}

static void do_notify(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 1);
  if (!connection || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  world_called(world, connection, imap4_session_notify(connection->session), "notify");
}

/* The time of day, in seconds since 1970. */
static void do_clock(struct world *world, const struct step *step) {
  struct connection *connection = open_connection(world, step, 2);
  if (!connection || imap4_session_want(connection->session) & IMAP4_WANT_CLOSED) return;
  world_called(world, connection,
               imap4_session_set_clock(connection->session, (int64_t)number(step->words[1])), "set_clock");
}

/* The n-th store call from here has this status: "fail 1 OVERQUOTA". */
static void do_fail(struct world *world, const struct step *step) {
  if (world->lenient) return;
  for (int i = 0; i < (int)(sizeof statuses / sizeof statuses[0]); ++i) {
    if (!is(statuses[i], step->words[2])) continue;
    imap4_memory_fail(world->store, number(step->words[1]), IMAP4_ST_NONEXISTENT - i);
    return;
  }
  unknown(world, step, step->words[2]);
}

/* expect STATE [connection]: a state of RFC 3501, "closed", "idle", "secure", "tls" (TLS is wanted) or
 * "compress". */
static void do_expect(struct world *world, const struct step *step) {
  static const char *const states[] = {"not-authenticated", "authenticated", "selected", "logout"};
  struct connection *connection = open_connection(world, step, 2);
  imap4_session_info info = {.struct_size = sizeof info};
  if (!connection || world->lenient) return;
  if (imap4_session_get_info(connection->session, &info) != IMAP4_OK) {
    world_trouble(world, step->line, "get_info failed");
    return;
  }
  const char *wanted = step->words[1];
  uint32_t want = imap4_session_want(connection->session);
  bool good = info.state < 4 && is(states[info.state], wanted);
  if (is(wanted, "closed")) good = (want & IMAP4_WANT_CLOSED) != 0;
  if (is(wanted, "open")) good = !(want & IMAP4_WANT_CLOSED);
  if (is(wanted, "idle")) good = info.idle;
  if (is(wanted, "secure")) good = info.secure;
  if (is(wanted, "tls")) good = world->mode->pump || (want & IMAP4_WANT_TLS);
  if (is(wanted, "compress")) good = world->mode->pump || (want & IMAP4_WANT_COMPRESS);
  if (!good) {
    world_trouble(world, step->line, "state is %s, want is 0x%x", info.state < 4 ? states[info.state] : "?",
                  (unsigned)want);
  }
}

/* For the self test: mail that depends on when the store answers. */
static void do_differ(struct world *world, const struct step *step) {
  if (world->mode->store != STORE_NOW) do_mailbox(world, step);
}

/* For the self test: memory that nobody frees while it counts. */
static void do_leak(struct world *world, const struct step *step) {
  (void)step;
  if (!world->leaked) world->leaked = heap_resize(&world->heap, NULL, 0, 10);
}

static void do_nothing(struct world *world, const struct step *step) {
  (void)world;
  (void)step;
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct {
  const char *name;
  int words;
  void (*configure)(struct world *world, const struct step *step);
  void (*run)(struct world *world, const struct step *step);
} directives[] = {
    {"delimiter", 1, do_delimiter, do_nothing},
    {"without", 1, do_without, do_nothing},
    {"needs", 1, do_nothing, do_nothing},
    {"features-off", 1, do_features_off, do_nothing},
    {"features-only", 1, do_features_only, do_nothing},
    {"limit", 3, set_limit, do_nothing},
    {"plaintext", 1, do_plaintext, do_nothing},
    {"greeting", 1, do_greeting, do_nothing},
    {"id", 2, do_id, do_nothing},
    {"namespace", 3, do_namespace, do_nothing},
    {"sasl", 2, do_sasl, do_nothing},
    {"store", 2, do_store, do_nothing},
    {"forbid", 2, do_forbid, do_nothing},
    {"message", 1, do_nothing, do_message},
    {"fill", 2, do_nothing, do_fill},
    {"mailbox", 1, do_nothing, do_mailbox},
    {"subscribe", 1, do_nothing, do_subscribe},
    {"remove", 1, do_nothing, do_remove},
    {"rename", 2, do_nothing, do_rename},
    {"uids", 3, do_nothing, do_uids},
    {"read-only", 1, do_nothing, do_read_only},
    {"old", 1, do_nothing, do_old},
    {"flag", 3, do_nothing, do_flag},
    {"expunge", 2, do_nothing, do_expunge},
    {"as", 1, do_nothing, do_as},
    {"user", 2, do_nothing, do_user},
    {"connection", 1, do_nothing, do_connection},
    {"connect", 1, do_nothing, do_connect},
    {"tls", 0, do_nothing, do_tls},
    {"compress", 0, do_nothing, do_compress},
    {"hold", 0, do_nothing, do_hold},
    {"go-on", 0, do_nothing, do_go_on},
    {"tick", 1, do_nothing, do_tick},
    {"clock", 1, do_nothing, do_clock},
    {"close", 0, do_nothing, do_close},
    {"bye", 1, do_nothing, do_bye},
    {"mask", 1, do_nothing, do_mask},
    {"quirks", 2, do_nothing, do_quirks},
    {"notify", 0, do_nothing, do_notify},
    {"fail", 2, do_nothing, do_fail},
    {"expect", 1, do_nothing, do_expect},
    {"differ", 1, do_nothing, do_differ},
    {"leak", 0, do_nothing, do_leak},
};

static int find(struct world *world, const struct step *step) {
  for (int i = 0; i < (int)(sizeof directives / sizeof directives[0]); ++i) {
    if (!is(directives[i].name, step->words[0])) continue;
    if (step->word_count > directives[i].words) return i;
  }
  unknown(world, step, step->words[0]);
  return -1;
}

void directive_configure(struct world *world, const struct step *step) {
  int i = find(world, step);
  if (i >= 0) directives[i].configure(world, step);
}

void directive_run(struct world *world, const struct step *step) {
  int i = find(world, step);
  if (i >= 0) directives[i].run(world, step);
}
