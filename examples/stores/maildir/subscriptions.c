/* SPDX-License-Identifier: MIT */
/*
 * The file "subscriptions" of an account as Dovecot writes it: a first line "V<TAB>2" and an empty line, then
 * one name a line with a tab between levels; without that head, names with '.' between levels.  Names are in
 * modified UTF-7.  Lines that are not understood stay as they are.  As long as the file is not there,
 * Courier's "courierimapsubscribed" is read instead.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "subscriptions"
#define FILE_MAX (16u << 20)

static const char head[] = "V\t2\n\n";

/* A line as a name in UTF-8; false when it is none. */
static bool line_name(imap4_str line, bool tabs, struct md_buf *name) {
  struct md_buf dots = {0};
  md_buf_put(&dots, line.p, line.n);
  name->n = 0;
  if (tabs && !dots.failed) {
    for (size_t i = 0; i < dots.n; i++) {
      if (dots.p[i] == '\t') dots.p[i] = '.';
    }
  }
  char dir[MD_NAME_MAX + 1];
  bool ok = !dots.failed && dots.n > 0 && md_utf7_decode(dots.p, dots.n, name);
  md_buf_free(&dots);
  return ok && md_mailbox_dir((imap4_str){name->p, name->n}, dir) == IMAP4_OK;
}

static bool next_line(imap4_str *text, imap4_str *line) {
  if (text->n == 0) return false;
  const char *eol = memchr(text->p, '\n', text->n);
  line->p = text->p;
  line->n = eol ? (size_t)(eol - text->p) : text->n;
  size_t used = line->n + (eol != NULL);
  text->p += used;
  text->n -= used;
  return true;
}

/* Whether |*text| begins with a head, which is passed over: lines with tabs follow. */
static bool skip_head(imap4_str *text) {
  imap4_str line;
  if (text->n < 2 || memcmp(text->p, "V\t", 2) != 0) return false;
  while (next_line(text, &line) && line.n > 0)
    continue;
  return true;
}

/* What Courier left, in our form. */
static int read_courier(int dir_fd, struct md_buf *text) {
  struct md_buf old = {0};
  imap4_str rest, line;
  int error = md_read_file(dir_fd, "courierimapsubscribed", FILE_MAX, &old);
  rest = (imap4_str){old.p, old.n};
  while (error == 0 && next_line(&rest, &line)) {
    if (line.n > 6 && memcmp(line.p, "INBOX.", 6) == 0) line = (imap4_str){line.p + 6, line.n - 6};
    md_buf_put(text, line.p, line.n);
    md_buf_put(text, "\n", 1);
  }
  md_buf_free(&old);
  if (text->failed) return ENOMEM;
  return error == ENOENT ? 0 : error;
}

/* |*exists|: the text is that of our file. */
static int read_text(int dir_fd, struct md_buf *text, bool *exists) {
  int error = md_read_file(dir_fd, FILE_NAME, FILE_MAX, text);
  *exists = error == 0;
  return error == ENOENT ? read_courier(dir_fd, text) : error;
}

int md_subscriptions_read(struct md_account *account) {
  int dir_fd = open(account->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd < 0) return md_status(errno);
  struct md_buf text = {0}, name = {0};
  bool exists;
  int status = md_status(read_text(dir_fd, &text, &exists));
  close(dir_fd);
  imap4_str rest = {text.p, text.n}, line;
  bool tabs = skip_head(&rest);
  while (status == IMAP4_OK && next_line(&rest, &line)) {
    if (!line_name(line, tabs, &name)) continue;
    uint32_t attributes = IMAP4_MAILBOX_SUBSCRIBED | IMAP4_MAILBOX_NONEXISTENT;
    if (!md_names_add(account, name.p, name.n, attributes)) status = IMAP4_ST_UNAVAILABLE;
  }
  md_buf_free(&name);
  md_buf_free(&text);
  return status;
}

static void put_line(struct md_buf *out, imap4_str name, bool tabs) {
  size_t start = out->n;
  md_utf7_encode(name, out);
  for (size_t i = start; tabs && !out->failed && i < out->n; i++) {
    if (out->p[i] == '.') out->p[i] = '\t';
  }
  md_buf_put(out, "\n", 1);
}

/* The text of the file after the change; false when nothing changes. */
static bool change_text(imap4_str old, bool exists, imap4_str wanted, bool on, struct md_buf *out) {
  imap4_str rest = old, line;
  struct md_buf name = {0};
  bool tabs = skip_head(&rest), found = false;
  bool write_tabs = exists ? tabs : true;
  if (exists) {
    md_buf_put(out, old.p, old.n - rest.n);
  } else {
    md_buf_puts(out, head);
  }
  while (next_line(&rest, &line)) {
    bool named = line_name(line, tabs, &name);
    bool same = named && name.n == wanted.n && memcmp(name.p, wanted.p, name.n) == 0;
    found = found || same;
    if (same && !on) continue;
    if (named && !exists) {
      put_line(out, (imap4_str){name.p, name.n}, write_tabs);
    } else {
      md_buf_put(out, line.p, line.n);
      md_buf_put(out, "\n", 1);
    }
  }
  if (on && !found) put_line(out, wanted, write_tabs);
  md_buf_free(&name);
  return on != found;
}

int md_subscribe(void *user, imap4_op op, const imap4_name_args *args, imap4_empty_result *out) {
  struct md_account *account = args->account;
  char dir[MD_NAME_MAX + 1];
  (void)user;
  (void)op;
  (void)out;
  int status = md_mailbox_dir(args->name, dir);
  if (status != IMAP4_OK) return status;
  int lock = md_tree_lock(account);
  if (lock < 0) return lock;
  int dir_fd = open(account->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = dir_fd < 0 ? errno : 0;
  struct md_buf old = {0}, text = {0};
  bool exists = false;
  if (error == 0) error = read_text(dir_fd, &old, &exists);
  if (error == 0 && change_text((imap4_str){old.p, old.n}, exists, args->name, args->on != 0, &text)) {
    error = text.failed ? ENOMEM : md_replace_file(dir_fd, FILE_NAME, text.p, text.n);
  }
  md_buf_free(&old);
  md_buf_free(&text);
  if (dir_fd >= 0) close(dir_fd);
  close(lock);
  return md_status(error);
}
