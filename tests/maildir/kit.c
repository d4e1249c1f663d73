/* SPDX-License-Identifier: MIT */
/* Short forms for the tests of the Maildir store; see kit.h. */
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const imap4_store *table(void) {
  return imap4_maildir_store();
}

imap4_str kit_str(const char *textz) {
  return (imap4_str){textz, textz ? strlen(textz) : 0};
}

static int check_password(void *user, imap4_str name, imap4_str password) {
  (void)user;
  (void)name;
  return password.n == 2 && memcmp(password.p, "pw", 2) == 0 ? IMAP4_OK : IMAP4_ST_AUTHFAILED;
}

void *kit_login(imap4_maildir *store, const char *user) {
  imap4_authenticate_args args = {
      .struct_size = sizeof args, .user = kit_str(user), .password = kit_str("pw")};
  imap4_authenticate_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->authenticate(store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.delimiter, '.');
  return out.account;
}

static void begin(struct kit *kit) {
  imap4_maildir_config config = {.struct_size = sizeof config,
                                 .rootz = kit->root,
                                 .check_password = check_password,
                                 .quota_octets = kit->quota_octets,
                                 .quota_messages = kit->quota_messages};
  assert_int_equal(imap4_maildir_new(&config, &kit->store), IMAP4_OK);
  kit->account = kit_login(kit->store, "joe");
}

static void end(struct kit *kit) {
  table()->release(kit->store, kit->account);
  assert_null(kit->store->boxes); /* nothing was left open */
  assert_null(kit->store->usages);
  imap4_maildir_free(kit->store);
}

int kit_setup(void **state) {
  struct kit *kit = calloc(1, sizeof *kit);
  assert_non_null(kit);
  assert_int_equal(scratch_make(kit->root), 0);
  begin(kit);
  *state = kit;
  return 0;
}

int kit_teardown(void **state) {
  struct kit *kit = *state;
  end(kit);
  scratch_remove(kit->root);
  free(kit);
  return 0;
}

void kit_second(const struct kit *kit, struct kit *second) {
  memcpy(second->root, kit->root, sizeof second->root);
  second->quota_octets = kit->quota_octets;
  second->quota_messages = kit->quota_messages;
  begin(second);
}

void kit_second_end(struct kit *second) {
  end(second);
}

void kit_restart(struct kit *kit) {
  end(kit);
  begin(kit);
}

void kit_limit(struct kit *kit, uint64_t octets, uint64_t messages) {
  kit->quota_octets = octets;
  kit->quota_messages = messages;
  kit_restart(kit);
}

/* ---- files ---------------------------------------------------------------------------------- */

static const char *full_path(const struct kit *kit, const char *path, char out[1024]) {
  snprintf(out, 1024, "%s/joe/%s", kit->root, path);
  return out;
}

void kit_put(const struct kit *kit, const char *path, const char *p, size_t n) {
  char name[1024];
  int fd = open(full_path(kit, path, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(md_pwrite_all(fd, p, n, 0), 0);
  close(fd);
}

void kit_write(const struct kit *kit, const char *path, const char *text) {
  kit_put(kit, path, text, strlen(text));
}

char *kit_slurp(const struct kit *kit, const char *path, size_t *n) {
  char name[1024];
  struct md_buf buf = {0};
  if (md_read_file(AT_FDCWD, full_path(kit, path, name), 1u << 30, &buf) != 0) {
    md_buf_free(&buf);
    return NULL;
  }
  if (n) *n = buf.n;
  md_buf_put(&buf, "", 1);
  return buf.p;
}

int kit_exists(const struct kit *kit, const char *path) {
  char name[1024];
  return access(full_path(kit, path, name), F_OK) == 0;
}

void kit_move(const struct kit *kit, const char *from, const char *to) {
  char a[1024], b[1024];
  assert_int_equal(rename(full_path(kit, from, a), full_path(kit, to, b)), 0);
}

void kit_remove(const struct kit *kit, const char *path) {
  char name[1024];
  assert_int_equal(unlink(full_path(kit, path, name)), 0);
}

const char *kit_find(const struct kit *kit, const char *dir, const char *prefix) {
  static char found[512];
  char name[1024];
  DIR *d = opendir(full_path(kit, dir, name));
  struct dirent *entry;
  const char *result = NULL;
  assert_non_null(d);
  while ((entry = readdir(d)) != NULL) {
    if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
    snprintf(found, sizeof found, "%s/%s", dir, entry->d_name);
    result = found;
  }
  closedir(d);
  return result;
}

size_t kit_count(const struct kit *kit, const char *dir) {
  char name[1024];
  DIR *d = opendir(full_path(kit, dir, name));
  struct dirent *entry;
  size_t n = 0;
  assert_non_null(d);
  while ((entry = readdir(d)) != NULL)
    n += entry->d_name[0] != '.';
  closedir(d);
  return n;
}

/* ---- the store ------------------------------------------------------------------------------ */

int kit_try_open(const struct kit *kit, const char *name, void **mailbox) {
  imap4_open_args args = {.struct_size = sizeof args, .account = kit->account, .name = kit_str(name)};
  imap4_open_result out = {.struct_size = sizeof out};
  int status = table()->open(kit->store, 1, &args, &out);
  *mailbox = out.mailbox;
  return status;
}

void *kit_open(const struct kit *kit, const char *name) {
  void *mailbox;
  assert_int_equal(kit_try_open(kit, name, &mailbox), IMAP4_OK);
  return mailbox;
}

void kit_close(const struct kit *kit, void *mailbox) {
  table()->close(kit->store, mailbox);
}

int kit_try_poll(const struct kit *kit, void *mailbox, imap4_mailbox_state *state) {
  imap4_poll_args args = {.struct_size = sizeof args, .mailbox = mailbox};
  *state = (imap4_mailbox_state){.struct_size = sizeof *state};
  return table()->poll(kit->store, 1, &args, state);
}

imap4_mailbox_state kit_poll(const struct kit *kit, void *mailbox, int claim) {
  imap4_poll_args args = {.struct_size = sizeof args, .mailbox = mailbox, .claim_recent = claim};
  imap4_mailbox_state state = {.struct_size = sizeof state};
  assert_int_equal(table()->poll(kit->store, 1, &args, &state), IMAP4_OK);
  assert_true(state.uidvalidity > 0 && state.uidnext > 0 && state.highest_modseq > 0);
  return state;
}

int kit_try_append(const struct kit *kit, const char *name, const char *text, uint32_t flags,
                   const char *keywords, uint32_t *uid) {
  imap4_append_begin_args begin_args = {
      .struct_size = sizeof begin_args, .account = kit->account, .mailbox = kit_str(name)};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  int status = table()->append_begin(kit->store, 1, &begin_args, &upload);
  if (status != IMAP4_OK) return status;
  imap4_append_message_args message = {.struct_size = sizeof message,
                                       .flags = flags,
                                       .upload = upload.upload,
                                       .keywords = kit_str(keywords),
                                       .size = strlen(text)};
  message.internaldate = (imap4_date){1000000000, 120, 1};
  status = table()->append_message(kit->store, 2, &message, &empty);
  imap4_append_write_args write_args = {.struct_size = sizeof write_args,
                                        .last = 1,
                                        .upload = upload.upload,
                                        .data = kit_str(text),
                                        .digest = kit_str("digest of it")};
  if (status == IMAP4_OK) status = table()->append_write(kit->store, 3, &write_args, &empty);
  if (status != IMAP4_OK) {
    table()->append_abort(kit->store, upload.upload);
    return status;
  }
  imap4_upload_args commit = {.struct_size = sizeof commit, .upload = upload.upload};
  imap4_append_commit_result out = {.struct_size = sizeof out};
  status = table()->append_commit(kit->store, 4, &commit, &out);
  if (status == IMAP4_OK) *uid = out.uids.p[0].first;
  return status;
}

uint32_t kit_append(const struct kit *kit, const char *name, const char *text, uint32_t flags,
                    const char *keywords) {
  uint32_t uid = 0;
  assert_int_equal(kit_try_append(kit, name, text, flags, keywords, &uid), IMAP4_OK);
  assert_true(uid > 0);
  return uid;
}

int kit_row(const struct kit *kit, void *mailbox, uint32_t uid, imap4_row *row) {
  imap4_uid_range range = {uid, uid};
  imap4_query_args args = {.struct_size = sizeof args,
                           .attributes = 0x7f,
                           .mailbox = mailbox,
                           .uids = {&range, 1},
                           .capacity = 10};
  imap4_query_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->query(kit->store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.last, 1);
  if (out.count == 0) return 0;
  assert_int_equal(out.count, 1);
  *row = out.rows[0];
  return 1;
}

char *kit_read(const struct kit *kit, void *mailbox, uint32_t uid, uint32_t capacity, size_t *n) {
  imap4_row row = {0};
  assert_true(kit_row(kit, mailbox, uid, &row));
  char *text = malloc((size_t)row.size + 1);
  assert_non_null(text);
  *n = 0;
  while (*n < row.size) {
    imap4_read_args args = {
        .struct_size = sizeof args, .uid = uid, .mailbox = mailbox, .offset = *n, .capacity = capacity};
    imap4_read_result out = {.struct_size = sizeof out};
    assert_int_equal(table()->read(kit->store, 1, &args, &out), IMAP4_OK);
    assert_true(out.data.n > 0 && out.data.n <= capacity && *n + out.data.n <= row.size);
    memcpy(text + *n, out.data.p, out.data.n);
    *n += out.data.n;
  }
  text[*n] = '\0';
  return text;
}

imap4_store_flags_result kit_flags(const struct kit *kit, void *mailbox, uint32_t uid, uint32_t mode,
                                   uint32_t flags, const char *keywords) {
  imap4_uid_range range = {uid, uid};
  imap4_store_flags_args args = {.struct_size = sizeof args,
                                 .mode = mode,
                                 .mailbox = mailbox,
                                 .uids = {&range, 1},
                                 .flags = flags,
                                 .keywords = kit_str(keywords)};
  imap4_store_flags_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->store_flags(kit->store, 1, &args, &out), IMAP4_OK);
  return out;
}

void kit_expunge(const struct kit *kit, void *mailbox, uint32_t uid) {
  imap4_uid_range range = {uid, uid};
  imap4_expunge_args args = {.struct_size = sizeof args, .mailbox = mailbox, .uids = {&range, 1}};
  imap4_empty_result out = {.struct_size = sizeof out};
  assert_int_equal(table()->expunge(kit->store, 1, &args, &out), IMAP4_OK);
}

int kit_name(const struct kit *kit, char what, const char *name) {
  imap4_name_args args = {
      .struct_size = sizeof args, .on = what == '+', .account = kit->account, .name = kit_str(name)};
  imap4_empty_result out = {.struct_size = sizeof out};
  if (what == 'c') return table()->create(kit->store, 1, &args, &out);
  if (what == 'd') return table()->remove(kit->store, 1, &args, &out);
  return table()->subscribe(kit->store, 1, &args, &out);
}

const char *kit_list(const struct kit *kit, uint32_t capacity) {
  static char text[4096];
  static char after[512];
  size_t n = 0;
  after[0] = '\0';
  text[0] = '\0';
  for (;;) {
    imap4_list_args args = {
        .struct_size = sizeof args, .capacity = capacity, .account = kit->account, .after = kit_str(after)};
    imap4_list_result out = {.struct_size = sizeof out};
    assert_int_equal(table()->list(kit->store, 1, &args, &out), IMAP4_OK);
    assert_true(out.count <= capacity && (out.count > 0 || out.last));
    for (uint32_t i = 0; i < out.count; i++) {
      const imap4_mailbox_entry *entry = &out.entries[i];
      n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s%s%s", n ? " " : "", (int)entry->name.n,
                            entry->name.p, entry->attributes & IMAP4_MAILBOX_SUBSCRIBED ? "(S)" : "",
                            entry->attributes & IMAP4_MAILBOX_NONEXISTENT ? "(N)" : "");
      snprintf(after, sizeof after, "%.*s", (int)entry->name.n, entry->name.p);
    }
    if (out.last) return text;
  }
}
