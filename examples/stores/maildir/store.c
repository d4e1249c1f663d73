/* SPDX-License-Identifier: MIT */
/* The store as a whole: its making, logins, opening and closing, and the table of functions. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint32_t random_number(void) {
  uint32_t value = (uint32_t)md_now_ns();
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return value;
  uint32_t better;
  if (read(fd, &better, sizeof better) == (ssize_t)sizeof better) value ^= better;
  close(fd);
  return value;
}

static void fill_table(imap4_maildir *store) {
  store->table = *imap4_maildir_store();
  if (!md_quota_limited(store)) return;
  store->table.quota_resources = IMAP4_QUOTA_STORAGE | IMAP4_QUOTA_MESSAGE;
  store->table.quota_roots = md_quota_roots;
  store->table.quota = md_quota;
}

const imap4_store *imap4_maildir_table(const imap4_maildir *store) {
  return &store->table;
}

int imap4_maildir_new(const imap4_maildir_config *config, imap4_maildir **out) {
  struct stat st;
  if (!config || !out) return IMAP4_ERR_INVALID;
  if (config->struct_size < offsetof(imap4_maildir_config, quota_octets)) return IMAP4_ERR_VERSION;
  if (!config->rootz || !config->check_password) return IMAP4_ERR_INVALID;
  if (stat(config->rootz, &st) != 0 || !S_ISDIR(st.st_mode)) return IMAP4_ST_NONEXISTENT;
  imap4_maildir *store = calloc(1, sizeof *store);
  char *root = md_strdup(config->rootz, strlen(config->rootz));
  if (!store || !root || pthread_mutex_init(&store->mutex, NULL) != 0) {
    free(store);
    free(root);
    return IMAP4_ERR_NOMEM;
  }
  memcpy(&store->config, config, config->struct_size < sizeof *config ? config->struct_size : sizeof *config);
  store->root = root;
  store->config.rootz = root;
  store->random = random_number();
  fill_table(store);
  *out = store;
  return IMAP4_OK;
}

void imap4_maildir_free(imap4_maildir *store) {
  if (!store) return;
  pthread_mutex_destroy(&store->mutex);
  free(store->root);
  free(store);
}

/* ---- accounts ------------------------------------------------------------------------------- */

static int account_new(imap4_maildir *store, imap4_str user, struct md_account **out) {
  size_t n = strlen(store->root);
  struct md_account *account = calloc(1, sizeof *account);
  char *path = malloc(n + user.n + 2);
  if (!account || !path) {
    free(account);
    free(path);
    return IMAP4_ST_UNAVAILABLE;
  }
  memcpy(path, store->root, n);
  path[n] = '/';
  memcpy(path + n + 1, user.p, user.n);
  path[n + 1 + user.n] = '\0';
  account->store = store;
  account->path = path;
  if (!md_usage_acquire(account)) {
    free(account);
    free(path);
    return IMAP4_ST_UNAVAILABLE;
  }
  *out = account;
  return IMAP4_OK;
}

static void md_release(void *user, void *object) {
  struct md_account *account = object;
  (void)user;
  md_names_free(account);
  md_usage_release(account);
  free(account->entries);
  free(account->path);
  free(account);
}

/* The user's directory is made at the first login; where it cannot be, reading what is there still may. */
static int account_prepare(const struct md_account *account) {
  struct stat st;
  int error = md_make_maildir(account->path, false);
  if (error == EROFS && stat(account->path, &st) == 0) return IMAP4_OK;
  return error == ENOENT ? IMAP4_ST_UNAVAILABLE : md_status(error);
}

static int md_authenticate(void *user, imap4_op op, const imap4_authenticate_args *args,
                           imap4_authenticate_result *out) {
  imap4_maildir *store = user;
  (void)op;
  if (!md_user_valid(args->user)) return IMAP4_ST_AUTHFAILED;
  int status = store->config.check_password(store->config.user, args->user, args->password);
  if (status != IMAP4_OK) return status;
  bool own = args->authorize.n == 0 || (args->authorize.n == args->user.n &&
                                        memcmp(args->authorize.p, args->user.p, args->user.n) == 0);
  if (!own) return IMAP4_ST_AUTHZFAILED;
  struct md_account *account;
  status = account_new(store, args->user, &account);
  if (status != IMAP4_OK) return status;
  status = account_prepare(account);
  if (status != IMAP4_OK) {
    md_release(user, account);
    return status;
  }
  out->delimiter = '.';
  out->account = account;
  return IMAP4_OK;
}

/* ---- mailboxes ------------------------------------------------------------------------------ */

static int md_open(void *user, imap4_op op, const imap4_open_args *args, imap4_open_result *out) {
  struct md_account *account = args->account;
  char *path;
  (void)op;
  int status = md_mailbox_path(account, args->name, &path);
  if (status != IMAP4_OK) return status;
  struct md_mailbox *mailbox = calloc(1, sizeof *mailbox);
  status = mailbox ? md_box_acquire(user, path, &mailbox->box) : IMAP4_ST_UNAVAILABLE;
  free(path);
  if (status != IMAP4_OK) {
    free(mailbox);
    return status;
  }
  bool writable = faccessat(mailbox->box->dir_fd, "cur", W_OK | X_OK, 0) == 0;
  mailbox->account = account;
  mailbox->reader.fd = -1;
  mailbox->read_only = args->read_only || !writable;
  out->read_only = !writable;
  out->mailbox = mailbox;
  return IMAP4_OK;
}

static void md_close(void *user, void *object) {
  struct md_mailbox *mailbox = object;
  (void)user;
  md_reader_close(&mailbox->reader);
  md_box_release(mailbox->box);
  free(mailbox->rows);
  free(mailbox->places);
  md_buf_free(&mailbox->text);
  md_buf_free(&mailbox->blobs);
  free(mailbox->ranges[0]);
  free(mailbox->ranges[1]);
  free(mailbox);
}

const imap4_store *imap4_maildir_store(void) {
  static const imap4_store store = {
      .struct_size = sizeof(imap4_store),
      .authenticate = md_authenticate,
      .release = md_release,
      .list = md_list,
      .create = md_create,
      .remove = md_delete,
      .rename = md_rename,
      .subscribe = md_subscribe,
      .open = md_open,
      .close = md_close,
      .poll = md_poll,
      .query = md_query,
      .read = md_read,
      .append_begin = md_append_begin,
      .append_message = md_append_message,
      .append_write = md_append_write,
      .append_commit = md_append_commit,
      .append_abort = md_append_abort,
      .store_flags = md_store_flags,
      .expunge = md_expunge,
      .copy = md_copy,
      .move = md_move,
      .vanished = md_vanished,
      .keep_digest = md_keep_digest,
      .status = md_status_of,
      .special_uses = MD_USES,
      .create_uses = MD_USES,
      .keeps = IMAP4_KEEPS_OBJECT_IDS | IMAP4_KEEPS_SAVE_DATES,
      .replace = md_replace,
      .uids = md_uids,
  };
  return &store;
}
