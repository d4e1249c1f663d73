/* SPDX-License-Identifier: MIT */
/*
 * Quotas (RFC 9208): an account is one quota root, whose name is empty.
 *
 * Usage is the sum over the account's mailboxes.  What a mailbox came to is remembered as long as somebody is
 * logged in to the account, and holds while its index and its directories are as they were then; so asking
 * again costs three stat() for each mailbox, and what other programs deliver or remove counts at once.  A
 * message counts with its size with CRLF line ends; as long as that is not known, with the size of its file.
 *
 * Nothing is set aside for what is being uploaded: sessions that add messages at the same time may together
 * go above a limit that each of them alone kept.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIT 1024u /* octets that STORAGE counts as one */

/* By what it is seen that a mailbox has not changed. */
struct state {
  ino_t index_inode;
  uint64_t index_octets;
  int64_t mtime_new;
  int64_t mtime_cur;
};

/* What one mailbox came to. */
struct item {
  char *dir; /* below the account's: "" or ".Name" */
  struct state state;
  struct md_total total;
  uint64_t sum; /* number of the last sum that it was part of */
};

/* Of an account, for all of its logins; guarded by imap4_maildir.mutex. */
struct md_usage {
  struct md_usage *next;
  unsigned references;
  char *path;
  struct item *items; /* ordered by |dir| */
  size_t n;
  size_t capacity;
  uint64_t sums; /* that were begun */
};

bool md_quota_limited(const imap4_maildir *store) {
  return store->config.quota_octets > 0 || store->config.quota_messages > 0;
}

/* ---- the accounts that somebody is logged in to --------------------------------------------- */

static void usage_free(struct md_usage *usage) {
  for (size_t i = 0; i < usage->n; i++)
    free(usage->items[i].dir);
  free(usage->items);
  free(usage->path);
  free(usage);
}

static struct md_usage *usage_new(const char *path) {
  struct md_usage *usage = calloc(1, sizeof *usage);
  char *copy = md_strdup(path, strlen(path));
  if (!usage || !copy) {
    free(usage);
    free(copy);
    return NULL;
  }
  usage->path = copy;
  return usage;
}

bool md_usage_acquire(struct md_account *account) {
  imap4_maildir *store = account->store;
  if (!md_quota_limited(store)) return true;
  pthread_mutex_lock(&store->mutex);
  struct md_usage *usage = store->usages;
  while (usage && strcmp(usage->path, account->path) != 0)
    usage = usage->next;
  if (!usage) {
    usage = usage_new(account->path);
    if (usage) usage->next = store->usages;
    if (usage) store->usages = usage;
  }
  if (usage) usage->references++;
  pthread_mutex_unlock(&store->mutex);
  account->usage = usage;
  return usage != NULL;
}

void md_usage_release(struct md_account *account) {
  imap4_maildir *store = account->store;
  struct md_usage *usage = account->usage;
  if (!usage) return;
  pthread_mutex_lock(&store->mutex);
  bool last = --usage->references == 0;
  if (last) {
    struct md_usage **link = &store->usages;
    while (*link != usage)
      link = &(*link)->next;
    *link = usage->next;
  }
  pthread_mutex_unlock(&store->mutex);
  if (last) usage_free(usage);
}

/* ---- what is remembered of mailboxes -------------------------------------------------------- */

/* Index of the first item that is not before |dir|. */
static size_t item_find(const struct md_usage *usage, const char *dir) {
  size_t low = 0, high = usage->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strcmp(usage->items[middle].dir, dir) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static bool same_state(const struct state *a, const struct state *b) {
  return a->index_inode == b->index_inode && a->index_octets == b->index_octets &&
         a->mtime_new == b->mtime_new && a->mtime_cur == b->mtime_cur;
}

/* One more item at |at|; NULL without memory. */
static struct item *item_insert(struct md_usage *usage, size_t at, const char *dir) {
  char *copy = md_strdup(dir, strlen(dir));
  if (!copy || !md_grow((void **)&usage->items, &usage->capacity, usage->n, sizeof *usage->items)) {
    free(copy);
    return NULL;
  }
  memmove(usage->items + at + 1, usage->items + at, (usage->n - at) * sizeof *usage->items);
  usage->n++;
  usage->items[at] = (struct item){.dir = copy};
  return &usage->items[at];
}

/* The item of |dir|, noted as part of the sum; NULL when there is none.  In the mutex. */
static struct item *item_of(struct md_usage *usage, const char *dir, uint64_t sum, size_t *at) {
  *at = item_find(usage, dir);
  if (*at == usage->n || strcmp(usage->items[*at].dir, dir) != 0) return NULL;
  struct item *item = &usage->items[*at];
  if (item->sum < sum) item->sum = sum;
  return item;
}

static bool recall(const struct md_account *account, const char *dir, uint64_t sum, const struct state *state,
                   struct md_total *total) {
  size_t at;
  pthread_mutex_lock(&account->store->mutex);
  const struct item *item = item_of(account->usage, dir, sum, &at);
  bool known = item && same_state(&item->state, state);
  if (known) *total = item->total;
  pthread_mutex_unlock(&account->store->mutex);
  return known;
}

/* Without memory it is counted again the next time. */
static void remember(const struct md_account *account, const char *dir, uint64_t sum,
                     const struct state *state, const struct md_total *total) {
  size_t at;
  pthread_mutex_lock(&account->store->mutex);
  struct item *item = item_of(account->usage, dir, sum, &at);
  if (!item) item = item_insert(account->usage, at, dir);
  if (item) {
    item->state = *state;
    item->total = *total;
    item->sum = item->sum > sum ? item->sum : sum;
  }
  pthread_mutex_unlock(&account->store->mutex);
}

static uint64_t sum_begin(const struct md_account *account) {
  pthread_mutex_lock(&account->store->mutex);
  uint64_t sum = ++account->usage->sums;
  pthread_mutex_unlock(&account->store->mutex);
  return sum;
}

/* Forget mailboxes that were not met, neither by this sum nor by a later one. */
static void sum_end(const struct md_account *account, uint64_t sum) {
  struct md_usage *usage = account->usage;
  size_t to = 0;
  pthread_mutex_lock(&account->store->mutex);
  for (size_t i = 0; i < usage->n; i++) {
    if (usage->items[i].sum >= sum) {
      usage->items[to++] = usage->items[i];
    } else {
      free(usage->items[i].dir);
    }
  }
  usage->n = to;
  pthread_mutex_unlock(&account->store->mutex);
}

/* ---- counting ------------------------------------------------------------------------------- */

static void total_add(struct md_total *total, uint64_t octets, uint64_t messages) {
  total->octets = octets > UINT64_MAX - total->octets ? UINT64_MAX : total->octets + octets;
  total->messages += messages;
}

void md_total_entry(const struct md_box *box, const struct md_entry *entry, struct md_total *total) {
  uint64_t octets = entry->size;
  if (octets == MD_UNKNOWN) {
    char path[MD_NAME_MAX + 8];
    struct stat st;
    md_entry_path(entry, path);
    octets = fstatat(box->dir_fd, path, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
  }
  total_add(total, octets, 1);
}

static bool stat_below(int root_fd, const char *dir, const char *name, struct stat *st) {
  char path[2 * MD_NAME_MAX];
  int n = snprintf(path, sizeof path, "%s%s%s", dir, dir[0] ? "/" : "", name);
  return n > 0 && (size_t)n < sizeof path && fstatat(root_fd, path, st, 0) == 0;
}

static bool state_read(int root_fd, const char *dir, struct state *state) {
  struct stat index, new, cur;
  if (!stat_below(root_fd, dir, MD_INDEX, &index) || !stat_below(root_fd, dir, "new", &new) ||
      !stat_below(root_fd, dir, "cur", &cur)) {
    return false;
  }
  *state = (struct state){index.st_ino, (uint64_t)index.st_size, md_mtime_ns(&new), md_mtime_ns(&cur)};
  return true;
}

/* Count a mailbox; |*sure|: the count holds as long as |state| does. */
static int count_box(struct md_box *box, struct md_total *total, struct state *state, bool *sure) {
  md_box_enter(box);
  int status = md_sync(box, false);
  for (size_t i = 0; status == IMAP4_OK && i < box->n; i++)
    if (box->entries[i].name) md_total_entry(box, &box->entries[i], total);
  *state = (struct state){box->index_inode, box->end, box->seen_new.mtime, box->seen_cur.mtime};
  *sure = box->seen_new.sure && box->seen_cur.sure && !box->stale;
  md_box_leave(box);
  return status;
}

static int count_dir(const struct md_account *account, const char *dir, uint64_t sum,
                     struct md_total *total) {
  struct md_buf path = {0};
  struct md_box *box;
  struct state state;
  bool sure;
  md_buf_puts(&path, account->path);
  if (dir[0]) md_buf_puts(&path, "/");
  md_buf_puts(&path, dir);
  md_buf_put(&path, "", 1);
  int status = path.failed ? IMAP4_ST_UNAVAILABLE : md_box_acquire(account->store, path.p, &box);
  md_buf_free(&path);
  if (status != IMAP4_OK) return status;
  status = count_box(box, total, &state, &sure);
  md_box_release(box);
  if (status == IMAP4_OK && sure) remember(account, dir, sum, &state, total);
  return status;
}

/* Mailboxes that go meanwhile, and those that can't be opened at all, count for nothing. */
static int add_dir(const struct md_account *account, int root_fd, const char *dir, uint64_t sum,
                   struct md_total *total) {
  struct md_total one = {0};
  struct state state;
  struct stat st;
  int status = IMAP4_OK;
  if (!stat_below(root_fd, dir, "cur", &st)) return IMAP4_OK;
  if (!state_read(root_fd, dir, &state) || !recall(account, dir, sum, &state, &one)) {
    status = count_dir(account, dir, sum, &one);
  }
  if (status == IMAP4_ST_NONEXISTENT || status == IMAP4_ST_NOPERM) return IMAP4_OK;
  total_add(total, one.octets, one.messages);
  return status;
}

static int add_all(const struct md_account *account, DIR *dir, uint64_t sum, struct md_total *total) {
  struct md_buf name = {0};
  const struct dirent *entry;
  int status = add_dir(account, dirfd(dir), "", sum, total);
  while (status == IMAP4_OK && (entry = readdir(dir)) != NULL) {
    if (entry->d_name[0] != '.' || entry->d_name[1] == '.' || entry->d_name[1] == '\0') continue;
    name.n = 0;
    if (md_dir_mailbox(entry->d_name, &name))
      status = add_dir(account, dirfd(dir), entry->d_name, sum, total);
  }
  if (name.failed && status == IMAP4_OK) status = IMAP4_ST_UNAVAILABLE;
  md_buf_free(&name);
  return status;
}

/* Of all mailboxes of the account. */
static int total_of(const struct md_account *account, struct md_total *total) {
  *total = (struct md_total){0};
  DIR *dir = opendir(account->path);
  if (!dir) return md_status(errno);
  uint64_t sum = sum_begin(account);
  int status = add_all(account, dir, sum, total);
  closedir(dir);
  if (status == IMAP4_OK) sum_end(account, sum);
  return status;
}

/* ---- limits --------------------------------------------------------------------------------- */

static bool fits(uint64_t limit, uint64_t usage, uint64_t more) {
  if (limit == 0 || more == 0) return true;
  return usage <= limit && more <= limit - usage;
}

int md_quota_check(const struct md_account *account, const struct md_total *more) {
  const imap4_maildir_config *config = &account->store->config;
  struct md_total now;
  if (!account->usage) return IMAP4_OK;
  int status = total_of(account, &now);
  if (status != IMAP4_OK) return status;
  bool ok = fits(config->quota_octets, now.octets, more->octets) &&
            fits(config->quota_messages, now.messages, more->messages);
  return ok ? IMAP4_OK : IMAP4_ST_OVERQUOTA;
}

int md_quota_roots(void *user, imap4_op op, const imap4_quota_roots_args *args,
                   imap4_quota_roots_result *out) {
  static const imap4_str root = {"", 0};
  (void)user;
  (void)op;
  (void)args;
  out->roots = &root;
  out->count = 1;
  return IMAP4_OK;
}

int md_quota(void *user, imap4_op op, const imap4_quota_args *args, imap4_quota_result *out) {
  const struct md_account *account = args->account;
  const imap4_maildir_config *config = &account->store->config;
  struct md_total now;
  (void)user;
  (void)op;
  if (args->root.n > 0) return IMAP4_ST_NONEXISTENT;
  int status = total_of(account, &now);
  if (status != IMAP4_OK) return status;
  if (config->quota_octets) out->limited |= IMAP4_QUOTA_STORAGE;
  if (config->quota_messages) out->limited |= IMAP4_QUOTA_MESSAGE;
  out->storage =
      (imap4_quota_resource){now.octets / UNIT + (now.octets % UNIT ? 1 : 0), config->quota_octets / UNIT};
  out->message = (imap4_quota_resource){now.messages, config->quota_messages};
  return IMAP4_OK;
}
