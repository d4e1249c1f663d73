/* SPDX-License-Identifier: MIT */
/*
 * Special uses of mailboxes (RFC 6154): a file "imap4-special-use" in the mailbox's directory, one line such
 * as
 * "\Sent \Archive".  There it comes, moves and goes together with the mailbox.  Where the configuration says
 * so, mailboxes with the usual names have the uses that nobody else has.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_NAME "imap4-special-use"
#define FILE_MAX 4096u

static const struct {
  const char *name; /* without the backslash: the usual name too */
  uint32_t bit;
} uses[] = {
    {"Archive", IMAP4_MAILBOX_ARCHIVE}, {"Drafts", IMAP4_MAILBOX_DRAFTS}, {"Junk", IMAP4_MAILBOX_JUNK},
    {"Sent", IMAP4_MAILBOX_SENT},       {"Trash", IMAP4_MAILBOX_TRASH},
};

#define USES (sizeof uses / sizeof uses[0])

int md_uses_write(const char *path, uint32_t wanted) {
  int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0) return errno;
  struct md_buf text = {0};
  for (size_t i = 0; i < USES; i++) {
    if (!(wanted & uses[i].bit)) continue;
    md_buf_puts(&text, text.n > 0 ? " \\" : "\\");
    md_buf_puts(&text, uses[i].name);
  }
  md_buf_puts(&text, "\n");
  int error = text.failed ? ENOMEM : md_replace_file(dir_fd, FILE_NAME, text.p, text.n);
  md_buf_free(&text);
  close(dir_fd);
  return error;
}

static uint32_t use_of(const char *p, size_t n) {
  for (size_t i = 0; i < USES; i++) {
    size_t m = strlen(uses[i].name);
    if (n == m + 1 && p[0] == '\\' && strncasecmp(p + 1, uses[i].name, m) == 0) return uses[i].bit;
  }
  return 0;
}

uint32_t md_uses_read(int root_fd, const char *dir) {
  char path[MD_NAME_MAX + sizeof "/" FILE_NAME];
  struct md_buf text = {0};
  uint32_t found = 0;
  snprintf(path, sizeof path, "%s/" FILE_NAME, dir);
  if (md_read_file(root_fd, path, FILE_MAX, &text) == 0) {
    for (size_t i = 0, start = 0; i < text.n; i++) {
      if (text.p[i] != ' ' && text.p[i] != '\n') continue;
      found |= use_of(text.p + start, i - start);
      start = i + 1;
    }
  }
  md_buf_free(&text);
  return found;
}

void md_uses_by_name(struct md_account *account) {
  uint32_t taken = 0;
  for (size_t i = 0; i < account->names_n; i++)
    taken |= account->names[i].attributes & IMAP4_MAILBOX_USES;
  for (size_t i = 0; i < account->names_n; i++) {
    struct md_list_item *item = &account->names[i];
    if (item->attributes & IMAP4_MAILBOX_NONEXISTENT) continue;
    for (size_t k = 0; k < USES; k++) {
      if (!(taken & uses[k].bit) && strcasecmp(item->name, uses[k].name) == 0) {
        item->attributes |= uses[k].bit;
        taken |= uses[k].bit;
      }
    }
  }
}
