/* SPDX-License-Identifier: MIT */
/* Where mail is kept: which of the two stores, and how a user whose password was right gets into it. */
#include "storage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "maildir/maildir.h"
#include "memory/memory.h"

/* Passwords are checked before the store is asked, so all of the memory store's users have this one. */
#define MEMORY_PASSWORD "-"

struct storage {
  imap4_memory *memory; /* one of these two */
  imap4_maildir *maildir;
  const imap4_store *table;
};

static imap4_date now(void *user) {
  (void)user;
  return (imap4_date){.seconds = (int64_t)time(NULL), .zone_minutes = 0, .present = 1};
}

int storage_open_memory(const struct storage_limits *quota, struct storage **storage) {
  imap4_memory_config config;
  struct storage *made = calloc(1, sizeof *made);
  if (made == NULL) return -1;
  imap4_memory_config_init(&config);
  config.clock = now;
  config.object_ids = 1;
  config.quota_octets = quota->octets;
  config.quota_messages = quota->messages;
  config.quota_roots = quota->octets > 0 || quota->messages > 0;
  config.first_uidvalidity = (uint32_t)time(NULL); /* so that clients don't take old UIDs for new ones */
  /* A change may come from another thread than the one of the session that would have to hear of it. */
  config.without = IMAP4_MEMORY_WITHOUT_WATCH;
  made->memory = imap4_memory_new(&config);
  if (made->memory == NULL) {
    log_line(LOG_ERROR, "no memory");
    free(made);
    return -1;
  }
  made->table = imap4_memory_table(made->memory);
  *storage = made;
  return 0;
}

/* The server has checked the password already. */
static int any_password(void *user, imap4_str name, imap4_str password) {
  (void)user;
  (void)name;
  (void)password;
  return IMAP4_OK;
}

int storage_open_maildir(const char *rootz, int special_use, const struct storage_limits *quota,
                         struct storage **storage) {
  imap4_maildir_config config = {.struct_size = sizeof config};
  struct storage *made = calloc(1, sizeof *made);
  if (made == NULL) return -1;
  config.rootz = rootz;
  config.use_names = special_use;
  config.quota_octets = quota->octets;
  config.quota_messages = quota->messages;
  config.check_password = any_password;
  int status = imap4_maildir_new(&config, &made->maildir);
  if (status != IMAP4_OK) {
    log_line(LOG_ERROR, "%s: %s", rootz, imap4_status_textz(status));
    free(made);
    return -1;
  }
  made->table = imap4_maildir_table(made->maildir);
  *storage = made;
  return 0;
}

void storage_free(struct storage *storage) {
  if (storage == NULL) return;
  if (storage->memory != NULL)
    imap4_memory_free(storage->memory);
  else
    imap4_maildir_free(storage->maildir);
  free(storage);
}

const imap4_store *storage_table(const struct storage *storage) {
  return storage->table;
}

void *storage_user(const struct storage *storage) {
  return storage->memory != NULL ? (void *)storage->memory : (void *)storage->maildir;
}

int storage_authenticate(struct storage *storage, imap4_op op, const imap4_authenticate_args *args,
                         imap4_authenticate_result *out) {
  imap4_authenticate_args known = *args;
  if (storage->memory != NULL) {
    known.password = (imap4_str){MEMORY_PASSWORD, sizeof MEMORY_PASSWORD - 1};
    int status = imap4_memory_add_user(storage->memory, known.user, known.password);
    if (status != IMAP4_OK && status != IMAP4_ST_ALREADYEXISTS) return status;
  }
  return storage->table->authenticate(storage_user(storage), op, &known, out);
}
