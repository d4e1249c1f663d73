/* SPDX-License-Identifier: MIT */
/* Configuration: defaults, import of host structs of any age, the server object. */
#include "core/server.h"

#include "base/buf.h"
#include "wire/writer.h"

/* A struct that was shorter in a released version is still taken; see the sizes in tests/unit/test_server.c.
 */
#define MINIMUM_STORE offsetof(imap4_store, cancel)
#define MINIMUM_LIMITS offsetof(imap4_limits, progress_ms)
#define MINIMUM_CONFIG sizeof(imap4_config)

bool imap4i_delimiter_valid(uint32_t delimiter) {
  return delimiter == 0 || (delimiter > 0x20 && delimiter < 0x7f && delimiter != '*' && delimiter != '%' &&
                            delimiter != '"' && delimiter != '\\');
}

int imap4i_import(void *to, size_t known, size_t minimum, const void *from, uint32_t given) {
  if (given < minimum) return IMAP4_ERR_VERSION;
  const char *octets = from;
  for (size_t i = known; i < given; i++) {
    if (octets[i] != 0) return IMAP4_ERR_VERSION;
  }
  memset(to, 0, known);
  memcpy(to, from, imap4i_min(known, given));
  return IMAP4_OK;
}

int imap4_limits_init(imap4_limits *limits, uint32_t struct_size, int logged_in) {
  static const imap4_limits before = {
      .command_octets = 8192,
      .literal_octets = 1024,
      .command_total_octets = 12288,
      .literals = 4,
      .bad_commands = 3,
      .failed_logins = 3,
      .sasl_steps = 16,
      .sasl_octets = 6144,
      .session_octets = 65536,
      .output_octets = 4096,
      .work_budget = 64,
      .idle_ms = 60000,
  };
  static const imap4_limits after = {
      .command_octets = 65536,
      .literal_octets = 65536,
      .command_total_octets = 262144,
      .literals = 100,
      .nesting = 32,
      .set_ranges = 16384,
      .search_keys = 1024,
      .list_items = 256,
      .mailbox_octets = 1024,
      .keyword_octets = 255,
      .section_depth = 100,
      .message_octets = UINT32_MAX,
      .append_messages = 10000,
      .bad_commands = 20,
      .failed_logins = 3,
      .sasl_steps = 16,
      .sasl_octets = 6144,
      .session_octets = 16777216,
      .output_octets = 32768,
      .work_budget = 256,
      .idle_ms = 1800000,
      .poll_ms = 10000,
      .digest_octets = 1048576,
      .digest_field_octets = 8192,
      .query_rows = 128,
      .mime_parts = 10000,
      .mime_depth = 100,
      .header_field_octets = 65536,
      .encoded_words = 1000,
      .mime_field_octets = 16384,
      .addresses = 1000,
      .mime_parameters = 128,
      .progress_ms = 15000,
      .uid_batches = 10000,
  };
  if (!limits) return IMAP4_ERR_INVALID;
  if (struct_size < MINIMUM_LIMITS) return IMAP4_ERR_VERSION;
  memset(limits, 0, struct_size);
  memcpy(limits, logged_in ? &after : &before, imap4i_min(sizeof before, struct_size));
  limits->struct_size = struct_size;
  return IMAP4_OK;
}

int imap4_config_init(imap4_config *config, uint32_t struct_size) {
  if (!config) return IMAP4_ERR_INVALID;
  if (struct_size < MINIMUM_CONFIG) return IMAP4_ERR_VERSION;
  memset(config, 0, struct_size);
  config->struct_size = struct_size;
  return IMAP4_OK;
}

static int import_limits(imap4_limits *to, const imap4_limits *from, int logged_in) {
  if (!from) return imap4_limits_init(to, sizeof *to, logged_in);
  int status = imap4i_import(to, sizeof *to, MINIMUM_LIMITS, from, from->struct_size);
  if (status != IMAP4_OK) return status;
  /* Zero would mean "nothing ever": these must allow a step. */
  bool usable = to->work_budget > 0 && to->output_octets >= 256 && to->command_octets >= 64 &&
                (!logged_in || to->query_rows > 0);
  return usable ? IMAP4_OK : IMAP4_ERR_INVALID;
}

static bool store_is_complete(const imap4_store *s) {
  return s->authenticate && s->release && s->list && s->create && s->remove && s->rename && s->subscribe &&
         s->open && s->close && s->poll && s->query && s->read && s->append_begin && s->append_message &&
         s->append_write && s->append_commit && s->append_abort && s->store_flags && s->expunge &&
         (!s->sasl_mechanismsz || (s->sasl && s->sasl_abort));
}

/* Features that nobody can have with this store. */
static uint64_t missing_features(const imap4_store *s) {
  uint64_t missing = 0;
  if ((s->special_uses & IMAP4_MAILBOX_USES) == 0) missing |= IMAP4_FEATURE_SPECIAL_USE;
  if ((s->create_uses & IMAP4_MAILBOX_USES) == 0) missing |= IMAP4_FEATURE_CREATE_SPECIAL_USE;
  if (!(s->keeps & IMAP4_KEEPS_OBJECT_IDS)) missing |= IMAP4_FEATURE_OBJECTID;
  if (!(s->keeps & IMAP4_KEEPS_SAVE_DATES)) missing |= IMAP4_FEATURE_SAVEDATE;
  if (!s->replace) missing |= IMAP4_FEATURE_REPLACE;
  if (!s->quota_roots || !s->quota || s->quota_resources == 0) missing |= IMAP4_FEATURE_QUOTA;
  return missing;
}

/* The text of |buf|, shrunk to its length, as the server's own. */
static bool keep_text(imap4_server *server, const imap4i_buf *buf, char **p, size_t *n) {
  if (buf->n == 0) return true;
  *p = server->resize(server->resize_user, NULL, 0, buf->n);
  if (!*p) return false;
  memcpy(*p, buf->p, buf->n);
  *n = buf->n;
  return true;
}

/* RFC 2971 section 3.3. */
static bool id_valid(const imap4_config *config) {
  if (config->id_count > 30 || (config->id_count > 0 && !config->id)) return false;
  for (uint32_t i = 0; i < config->id_count; i++) {
    if (config->id[i].name.n > 30 || config->id[i].value.n > 1024) return false;
    for (uint32_t k = 0; k < i; k++) {
      if (imap4i_ieq(config->id[i].name, config->id[k].name)) return false;
    }
  }
  return true;
}

static bool put_id(imap4i_buf *buf, const imap4_config *config) {
  if (!config->id || config->id_count == 0) return true;
  bool ok = imap4i_buf_putc(buf, '(');
  for (uint32_t i = 0; i < config->id_count; i++) {
    ok = ok && (i == 0 || imap4i_buf_putc(buf, ' ')) && imap4i_put_string(buf, config->id[i].name, false) &&
         imap4i_buf_putc(buf, ' ') && imap4i_put_nstring(buf, config->id[i].value, false);
  }
  return ok && imap4i_buf_putc(buf, ')');
}

static bool make_texts(imap4_server *server, const imap4_config *config) {
  enum { LONGEST = 131072 }; /* 30 pairs, each octet escaped */
  imap4i_mem mem;
  imap4i_buf buf;
  imap4i_mem_init(&mem, server->resize, server->resize_user, UINT64_MAX);
  imap4i_buf_init(&buf, &mem, LONGEST);
  bool ok = put_id(&buf, config) && keep_text(server, &buf, &server->id, &server->id_length);
  imap4i_buf_clear(&buf);
  if (config->greeting.n > 0) {
    ok = ok && imap4i_put_text(&buf, config->greeting) &&
         keep_text(server, &buf, &server->greeting, &server->greeting_length);
  }
  imap4i_buf_free(&buf);
  return ok;
}

int imap4_server_new(const imap4_config *config, imap4_server **server) {
  imap4_config c;
  if (!config || !server) return IMAP4_ERR_INVALID;
  int status = imap4i_import(&c, sizeof c, MINIMUM_CONFIG, config, config->struct_size);
  if (status != IMAP4_OK) return status;
  if (!c.store || !id_valid(&c)) return IMAP4_ERR_INVALID;

  imap4_server made = {.resize = c.resize ? c.resize : imap4i_default_resize,
                       .resize_user = c.resize_user,
                       .store_user = c.store_user,
                       .features_off = c.features_off,
                       .allow_plaintext = c.allow_plaintext != 0};
  status = imap4i_import(&made.store, sizeof made.store, MINIMUM_STORE, c.store, c.store->struct_size);
  if (status == IMAP4_OK && !store_is_complete(&made.store)) status = IMAP4_ERR_INVALID;
  if (status == IMAP4_OK) status = import_limits(&made.before_login, c.before_login, 0);
  if (status == IMAP4_OK) status = import_limits(&made.after_login, c.after_login, 1);
  if (status != IMAP4_OK) return status;
  made.features_off |= missing_features(&made.store);

  imap4_server *s = made.resize(made.resize_user, NULL, 0, sizeof *s);
  if (!s) return IMAP4_ERR_NOMEM;
  *s = made;
  if (!make_texts(s, &c)) {
    imap4_server_free(s);
    return IMAP4_ERR_NOMEM;
  }
  *server = s;
  return IMAP4_OK;
}

void imap4_server_free(imap4_server *server) {
  if (!server) return;
  imap4_resize_function resize = server->resize;
  void *user = server->resize_user;
  if (server->greeting) resize(user, server->greeting, server->greeting_length, 0);
  if (server->id) resize(user, server->id, server->id_length, 0);
  resize(user, server, sizeof *server, 0);
}
