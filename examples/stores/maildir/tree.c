/* SPDX-License-Identifier: MIT */
/*
 * The mailboxes of an account as directories: list, create, delete, rename.  Directories appear and go in one
 * step: they are made and taken apart under names that begin with "..", which no mailbox has.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_LOCK "imap4-tree.lock"
#define HIDDEN "..imap4-"

static char *join(const char *path, const char *name) {
  size_t n = strlen(path), m = strlen(name);
  char *out = malloc(n + m + 2);
  if (!out) return NULL;
  memcpy(out, path, n);
  if (m > 0) out[n++] = '/';
  memcpy(out + n, name, m);
  out[n + m] = '\0';
  return out;
}

int md_mailbox_path(const struct md_account *account, imap4_str name, char **out) {
  char dir[MD_NAME_MAX + 1];
  int status = md_mailbox_dir(name, dir);
  if (status != IMAP4_OK) return status;
  *out = join(account->path, dir);
  return *out ? IMAP4_OK : IMAP4_ST_UNAVAILABLE;
}

int md_tree_lock(const struct md_account *account) {
  char *path = join(account->path, TREE_LOCK);
  if (!path) return IMAP4_ST_UNAVAILABLE;
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  free(path);
  if (fd < 0) return md_status(errno);
  int status = md_flock(fd);
  if (status == IMAP4_OK) return fd;
  close(fd);
  return status;
}

/* ---- list ----------------------------------------------------------------------------------- */

void md_names_free(struct md_account *account) {
  for (size_t i = 0; i < account->names_n; i++)
    free(account->names[i].name);
  free(account->names);
  account->names = NULL;
  account->names_n = account->names_capacity = 0;
}

bool md_names_add(struct md_account *account, const char *p, size_t n, uint32_t attributes) {
  char *name = md_strdup(p, n);
  if (!name || !md_grow((void **)&account->names, &account->names_capacity, account->names_n,
                        sizeof *account->names)) {
    free(name);
    return false;
  }
  account->names[account->names_n++] = (struct md_list_item){name, attributes};
  return true;
}

static imap4_str item_name(const struct md_list_item *item) {
  return (imap4_str){item->name, strlen(item->name)};
}

/* Hierarchical order; of the same name, the mailbox before the subscription. */
static int by_hierarchy(const void *a, const void *b) {
  const struct md_list_item *x = a, *y = b;
  int order = imap4_mailbox_compare(item_name(x), item_name(y), '.');
  if (order != 0) return order;
  int missing = (x->attributes & IMAP4_MAILBOX_NONEXISTENT) != 0;
  return missing - ((y->attributes & IMAP4_MAILBOX_NONEXISTENT) != 0);
}

static void names_merge(struct md_account *account) {
  struct md_list_item *names = account->names;
  size_t to = 0;
  if (account->names_n > 0) qsort(names, account->names_n, sizeof *names, by_hierarchy);
  for (size_t i = 0; i < account->names_n; i++) {
    if (to > 0 && strcmp(names[i].name, names[to - 1].name) == 0) {
      names[to - 1].attributes |= names[i].attributes & IMAP4_MAILBOX_SUBSCRIBED;
      free(names[i].name);
    } else {
      names[to++] = names[i];
    }
  }
  account->names_n = to;
}

static bool is_maildir(int dir_fd, const char *dir) {
  char path[MD_NAME_MAX + 8];
  struct stat st;
  snprintf(path, sizeof path, "%s/cur", dir);
  return fstatat(dir_fd, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static int names_from_disk(struct md_account *account) {
  DIR *dir = opendir(account->path);
  if (!dir) return md_status(errno);
  struct md_buf name = {0};
  const struct dirent *entry;
  bool ok = md_names_add(account, "INBOX", 5, 0);
  while (ok && (entry = readdir(dir)) != NULL) {
    if (entry->d_name[0] != '.' || entry->d_name[1] == '.' || entry->d_name[1] == '\0') continue;
    name.n = 0;
    if (!md_dir_mailbox(entry->d_name, &name) || !is_maildir(dirfd(dir), entry->d_name)) continue;
    ok = md_names_add(account, name.p, name.n, md_uses_read(dirfd(dir), entry->d_name));
  }
  closedir(dir);
  md_buf_free(&name);
  return ok ? IMAP4_OK : IMAP4_ST_UNAVAILABLE;
}

static int names_load(struct md_account *account) {
  md_names_free(account);
  int status = names_from_disk(account);
  if (status == IMAP4_OK) status = md_subscriptions_read(account);
  if (status == IMAP4_OK) {
    names_merge(account);
    if (account->store->config.use_names) md_uses_by_name(account);
  } else {
    md_names_free(account);
  }
  return status;
}

/* Index of the first name after |after|. */
static size_t names_after(const struct md_account *account, imap4_str after) {
  size_t low = 0, high = account->names_n;
  while (low < high && after.n > 0) {
    size_t middle = low + (high - low) / 2;
    if (imap4_mailbox_compare(item_name(&account->names[middle]), after, '.') <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

int md_list(void *user, imap4_op op, const imap4_list_args *args, imap4_list_result *out) {
  struct md_account *account = args->account;
  (void)user;
  (void)op;
  if (args->after.n == 0 || account->names_n == 0) {
    int status = names_load(account);
    if (status != IMAP4_OK) return status;
  }
  size_t first = names_after(account, args->after), n = account->names_n - first;
  if (n > args->capacity) n = args->capacity;
  imap4_mailbox_entry *entries = realloc(account->entries, (n + 1) * sizeof *entries);
  if (!entries) return IMAP4_ST_UNAVAILABLE;
  account->entries = entries;
  for (size_t i = 0; i < n; i++) {
    const struct md_list_item *item = &account->names[first + i];
    entries[i] = (imap4_mailbox_entry){item_name(item), item->attributes, 0};
  }
  out->entry_size = sizeof *entries;
  out->entries = entries;
  out->count = (uint32_t)n;
  out->last = first + n == account->names_n;
  return IMAP4_OK;
}

/* ---- making --------------------------------------------------------------------------------- */

static int make_part(int dir_fd, const char *name) {
  return mkdirat(dir_fd, name, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

static int make_parts(const char *path, bool folder) {
  int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0) return errno;
  int error = make_part(dir_fd, "tmp");
  if (error == 0) error = make_part(dir_fd, "new");
  if (error == 0) error = make_part(dir_fd, "cur");
  if (error == 0 && folder) {
    int fd = openat(dir_fd, "maildirfolder", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) error = errno;
    if (fd >= 0) close(fd);
  }
  if (error == 0) error = md_sync_dir(dir_fd);
  close(dir_fd);
  return error;
}

int md_make_maildir(const char *path, bool folder) {
  if (mkdir(path, 0700) != 0 && errno != EEXIST) return errno;
  return make_parts(path, folder);
}

static int sync_path(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = md_sync_dir(fd);
  close(fd);
  return error;
}

static void hidden_name(struct md_account *account, const char *purpose, char out[MD_NAME_MAX + 1]) {
  char unique[MD_NAME_MAX + 1];
  md_unique_name(account->store, unique);
  snprintf(out, MD_NAME_MAX + 1, HIDDEN "%s-%.200s", purpose, unique);
}

/* A directory is there already: it is one that somebody has not finished, or a mailbox. */
static int create_rest(const char *path, uint32_t uses) {
  struct stat st;
  char *cur = join(path, "cur");
  bool whole = cur && stat(cur, &st) == 0;
  free(cur);
  if (whole) return IMAP4_ST_ALREADYEXISTS;
  int error = uses ? md_uses_write(path, uses) : 0;
  return md_status(error ? error : make_parts(path, true));
}

static int create_locked(struct md_account *account, const char *path, uint32_t uses) {
  struct stat st;
  if (stat(path, &st) == 0) return create_rest(path, uses);
  char name[MD_NAME_MAX + 1];
  hidden_name(account, "new", name);
  char *hidden = join(account->path, name);
  if (!hidden) return IMAP4_ST_UNAVAILABLE;
  int error = md_make_maildir(hidden, true);
  if (error == 0 && uses) error = md_uses_write(hidden, uses);
  if (error == 0 && rename(hidden, path) != 0) error = errno;
  if (error == 0) error = sync_path(account->path);
  free(hidden);
  return md_status(error);
}

int md_create(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct md_account *account = args->account;
  char *path;
  (void)user;
  (void)op;
  (void)out;
  if (args->uses & ~MD_USES) return IMAP4_ST_UNSUPPORTED;
  int status = md_mailbox_path(account, args->name, &path);
  if (status != IMAP4_OK) return status;
  int lock = md_tree_lock(account);
  status = lock < 0 ? lock : create_locked(account, path, args->uses);
  if (lock >= 0) close(lock);
  free(path);
  return status;
}

/* ---- deleting ------------------------------------------------------------------------------- */

#define DEPTH_MAX 4

/* Everything below a directory, then the directory; what cannot be removed stays. */
static void remove_tree(int dir_fd, const char *name, int depth) {
  int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir) {
    if (fd >= 0) close(fd);
    return;
  }
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (unlinkat(dirfd(dir), entry->d_name, 0) == 0) continue;
    if (depth < DEPTH_MAX) remove_tree(dirfd(dir), entry->d_name, depth + 1);
  }
  closedir(dir);
  unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* Take apart what was hidden, now or before a crash. */
static void remove_hidden(const struct md_account *account) {
  DIR *dir = opendir(account->path);
  if (!dir) return;
  const struct dirent *entry;
  while ((entry = readdir(dir)) != NULL) {
    if (strncmp(entry->d_name, HIDDEN, strlen(HIDDEN)) == 0) remove_tree(dirfd(dir), entry->d_name, 0);
  }
  closedir(dir);
}

/* Whether there are mailboxes below the one of |dir| (".Name"). */
static bool has_inferiors(const struct md_account *account, const char *dirz) {
  DIR *dir = opendir(account->path);
  size_t n = strlen(dirz);
  bool found = false;
  const struct dirent *entry;
  while (dir && !found && (entry = readdir(dir)) != NULL) {
    found = strncmp(entry->d_name, dirz, n) == 0 && entry->d_name[n] == '.' &&
            is_maildir(dirfd(dir), entry->d_name);
  }
  if (dir) closedir(dir);
  return found;
}

static int delete_locked(struct md_account *account, const char *dirz, const char *path) {
  struct md_box *box;
  int status = md_box_acquire(account->store, path, &box);
  if (status == IMAP4_ST_NONEXISTENT && has_inferiors(account, dirz)) return IMAP4_ST_HASCHILDREN;
  if (status != IMAP4_OK) return status;
  char name[MD_NAME_MAX + 1];
  hidden_name(account, "trash", name);
  char *hidden = join(account->path, name);
  status = hidden ? md_box_enter_locked(box) : IMAP4_ST_UNAVAILABLE;
  if (status == IMAP4_OK) {
    /* Whoever waits for the lock finds the mailbox gone when it is free. */
    int error = rename(path, hidden) == 0 ? sync_path(account->path) : errno;
    if (error == 0) remove_hidden(account);
    status = md_status(error);
    md_box_leave_locked(box);
  }
  free(hidden);
  md_box_release(box);
  return status;
}

int md_delete(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct md_account *account = args->account;
  char dirz[MD_NAME_MAX + 1];
  (void)user;
  (void)op;
  (void)out;
  int status = md_mailbox_dir(args->name, dirz);
  if (status == IMAP4_OK && dirz[0] == '\0') status = IMAP4_ST_CANNOT; /* INBOX */
  if (status != IMAP4_OK) return status;
  char *path = join(account->path, dirz);
  int lock = path ? md_tree_lock(account) : IMAP4_ST_UNAVAILABLE;
  status = lock < 0 ? lock : delete_locked(account, dirz, path);
  if (lock >= 0) close(lock);
  free(path);
  return status;
}

/* ---- renaming ------------------------------------------------------------------------------- */

/* Directories that are to get other names. */
struct renames {
  struct md_list_item *items; /* |attributes| is not used */
  size_t n;
  size_t capacity;
};

static bool renames_add(struct renames *renames, const char *dirz) {
  char *name = md_strdup(dirz, strlen(dirz));
  if (!name || !md_grow((void **)&renames->items, &renames->capacity, renames->n, sizeof *renames->items)) {
    free(name);
    return false;
  }
  renames->items[renames->n++] = (struct md_list_item){name, 0};
  return true;
}

static int renames_collect(const struct md_account *account, const char *from, struct renames *renames) {
  DIR *dir = opendir(account->path);
  if (!dir) return md_status(errno);
  size_t n = strlen(from);
  bool ok = true;
  const struct dirent *entry;
  while (ok && (entry = readdir(dir)) != NULL) {
    const char *name = entry->d_name;
    if (strncmp(name, from, n) != 0 || (name[n] != '\0' && name[n] != '.')) continue;
    if (is_maildir(dirfd(dir), name)) ok = renames_add(renames, name);
  }
  closedir(dir);
  return ok ? IMAP4_OK : IMAP4_ST_UNAVAILABLE;
}

/* The new name of |dirz|; false when it gets too long. */
static bool new_name(const char *dirz, const char *from, const char *to, char out[MD_NAME_MAX + 1]) {
  int n = snprintf(out, MD_NAME_MAX + 1, "%s%s", to, dirz + strlen(from));
  return n >= 0 && n <= MD_NAME_MAX;
}

static int rename_all(int dir_fd, const struct renames *renames, const char *from, const char *to) {
  char name[MD_NAME_MAX + 1];
  struct stat st;
  if (fstatat(dir_fd, to, &st, 0) == 0) return IMAP4_ST_ALREADYEXISTS;
  for (size_t i = 0; i < renames->n; i++) {
    if (!new_name(renames->items[i].name, from, to, name)) return IMAP4_ST_CANNOT;
    if (fstatat(dir_fd, name, &st, 0) == 0) return IMAP4_ST_ALREADYEXISTS;
  }
  size_t done = 0;
  int error = 0;
  while (done < renames->n && error == 0) {
    new_name(renames->items[done].name, from, to, name);
    if (renameat(dir_fd, renames->items[done].name, dir_fd, name) != 0) error = errno;
    if (error == 0) done++;
  }
  while (error != 0 && done > 0) {
    done--;
    new_name(renames->items[done].name, from, to, name);
    if (renameat(dir_fd, name, dir_fd, renames->items[done].name) != 0) break;
  }
  return md_status(error != 0 ? error : md_sync_dir(dir_fd));
}

static int rename_locked(const struct md_account *account, const char *from, const char *to) {
  struct renames renames = {0};
  int status = renames_collect(account, from, &renames);
  if (status == IMAP4_OK && renames.n == 0) status = IMAP4_ST_NONEXISTENT;
  int dir_fd = status == IMAP4_OK ? open(account->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (status == IMAP4_OK) status = dir_fd < 0 ? md_status(errno) : rename_all(dir_fd, &renames, from, to);
  if (dir_fd >= 0) close(dir_fd);
  for (size_t i = 0; i < renames.n; i++)
    free(renames.items[i].name);
  free(renames.items);
  return status;
}

int md_rename(void *user, imap4_op op, const imap4_rename_args *args, imap4_empty_result *out) {
  struct md_account *account = args->account;
  char from[MD_NAME_MAX + 1], to[MD_NAME_MAX + 1];
  (void)user;
  (void)op;
  (void)out;
  int status = md_mailbox_dir(args->from, from);
  if (status == IMAP4_OK) status = md_mailbox_dir(args->to, to);
  if (status != IMAP4_OK) return status;
  if (from[0] == '\0') return IMAP4_ST_CANNOT;
  if (to[0] == '\0') return IMAP4_ST_ALREADYEXISTS;
  /* Into itself: the directories would have to hold both names at once. */
  size_t n = strlen(from);
  if (strncmp(to, from, n) == 0 && to[n] == '.') return IMAP4_ST_CANNOT;
  int lock = md_tree_lock(account);
  if (lock < 0) return lock;
  status = rename_locked(account, from, to);
  close(lock);
  return status;
}
