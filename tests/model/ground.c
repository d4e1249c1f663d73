/* SPDX-License-Identifier: MIT */
/* The store under test: in memory, or Maildirs in a folder of their own; and looks into it past all
 * sessions. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE 1
#endif
#include "model.h"

#include "../scratch.h"
#include "maildir/maildir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(sizeof(((ground *)0)->root) == SCRATCH_OCTETS, "a folder's path fits");

const char *const box_names[BOXES] = {"INBOX", "one", "one.sub", "two", "two.sub", "three", "three.sub"};

static imap4_str name_of(int i) {
  return (imap4_str){box_names[i], strlen(box_names[i])};
}

/* ---- in memory ------------------------------------------------------------------------------ */

static uint32_t choose_manner(void *user, uint64_t call) {
  world *w = user;
  (void)call;
  if (w->direct) return IMAP4_MEMORY_NOW;
  return w->setup.manner == 3 ? pick(w, 3) : w->setup.manner;
}

static uint32_t choose_count(void *user, uint32_t capacity) {
  world *w = user;
  if (w->direct || !w->setup.little) return capacity;
  return 1 + pick(w, capacity < 4 ? capacity : 4);
}

static void open_memory(world *w) {
  ground *g = &w->ground;
  imap4_memory_config config;
  imap4_memory_config_init(&config);
  config.delimiter = '.';
  config.without = w->setup.without;
  config.user = w;
  config.choose_manner = choose_manner;
  config.choose_count = choose_count;
  config.expunge_log = w->setup.expunge_log;
  g->memory = imap4_memory_new(&config);
  assert_non_null(g->memory);
  g->table = imap4_memory_table(g->memory);
  g->user = g->memory;
}

/* ---- Maildirs ------------------------------------------------------------------------------- */

static int check_password(void *user, imap4_str name, imap4_str password) {
  (void)user;
  (void)name;
  (void)password;
  return IMAP4_OK;
}

static void open_maildir(world *w) {
  ground *g = &w->ground;
  assert_int_equal(scratch_make(g->root), 0);
  imap4_maildir_config config = {
      .struct_size = sizeof config, .rootz = g->root, .check_password = check_password};
  assert_int_equal(imap4_maildir_new(&config, &g->maildir), IMAP4_OK);
  if (w->setup.apart) assert_int_equal(imap4_maildir_new(&config, &g->other), IMAP4_OK);
  g->table = imap4_maildir_store();
  g->user = g->maildir;
}

/* ---- begin and end -------------------------------------------------------------------------- */

void *ground_login(world *w, void *user) {
  ground *g = &w->ground;
  imap4_authenticate_args args = {.struct_size = sizeof args, .user = {"joe", 3}, .password = {"pw", 2}};
  imap4_authenticate_result out = {.struct_size = sizeof out};
  w->direct = true;
  assert_int_equal(g->table->authenticate(user, 1, &args, &out), IMAP4_OK);
  w->direct = false;
  return out.account;
}

static void make_box(world *w, int i) {
  ground *g = &w->ground;
  imap4_name_args args = {.struct_size = sizeof args, .account = g->account, .name = name_of(i)};
  imap4_empty_result out = {.struct_size = sizeof out};
  w->direct = true;
  assert_int_equal(g->table->create(g->user, 1, &args, &out), IMAP4_OK);
  w->direct = false;
}

void ground_open(world *w) {
  ground *g = &w->ground;
  memset(g, 0, sizeof *g);
  g->kind = w->setup.kind;
  if (g->kind == STORE_MEMORY)
    open_memory(w);
  else
    open_maildir(w);
  g->account = ground_login(w, g->user);
  make_box(w, 1);
  make_box(w, 3);
  ground_reopen(w);
}

static void close_handles(ground *g) {
  for (int i = 0; i < BOXES; i++) {
    if (g->handles[i]) g->table->close(g->user, g->handles[i]);
    g->handles[i] = NULL;
  }
}

void ground_close(world *w) {
  ground *g = &w->ground;
  close_handles(g);
  g->table->release(g->user, g->account);
  if (g->memory) {
    imap4_memory_counts counts;
    imap4_memory_get_counts(g->memory, &counts);
    assert_true(counts.accounts + counts.mailboxes + counts.uploads + counts.pending == 0);
    imap4_memory_free(g->memory);
  } else {
    imap4_maildir_free(g->other);
    imap4_maildir_free(g->maildir);
    scratch_remove(g->root);
  }
}

void ground_reopen(world *w) {
  ground *g = &w->ground;
  close_handles(g);
  w->direct = true;
  for (int i = 0; i < BOXES; i++) {
    imap4_open_args args = {.struct_size = sizeof args, .account = g->account, .name = name_of(i)};
    imap4_open_result out = {.struct_size = sizeof out};
    int status = g->table->open(g->user, 1, &args, &out);
    if (status == IMAP4_OK)
      g->handles[i] = out.mailbox;
    else
      assert_int_equal(status, IMAP4_ST_NONEXISTENT);
  }
  w->direct = false;
}

/* ---- looks ---------------------------------------------------------------------------------- */

static uint32_t row_flags(const imap4_row *row) {
  uint32_t flags = row->flags;
  for (size_t j = 0; j + 1 < row->keywords.n; j++) {
    if (memcmp(row->keywords.p + j, "$A", 2) == 0) flags |= KEYWORD_A;
    if (memcmp(row->keywords.p + j, "$B", 2) == 0) flags |= KEYWORD_B;
  }
  return flags;
}

static void look_at_rows(world *w, int i, const imap4_store *table) {
  ground *g = &w->ground;
  box *b = &w->looked[i];
  imap4_query_args args = {.struct_size = sizeof args,
                           .attributes = IMAP4_ATTR_FLAGS | IMAP4_ATTR_SIZE | IMAP4_ATTR_MODSEQ |
                                         IMAP4_ATTR_INTERNALDATE,
                           .mailbox = g->handles[i],
                           .capacity = MESSAGES};
  imap4_query_result out = {.struct_size = sizeof out};
  int status = table->query(g->user, 1, &args, &out);
  EXPECT(w, status == IMAP4_OK && out.last, "the test can't look into %s: %d", box_names[i], status);
  b->count = out.count;
  for (size_t k = 0; k < out.count; k++) {
    imap4_row row = {.uid = 0};
    size_t size = out.row_size < sizeof row ? out.row_size : sizeof row;
    memcpy(&row, (const char *)out.rows + k * out.row_size, size);
    b->messages[k] = (message){.uid = row.uid,
                               .flags = row_flags(&row),
                               .id = (uint32_t)row.size - content_size(0),
                               .day = (int32_t)(row.internaldate.seconds / 86400),
                               .modseq = row.modseq};
  }
}

static void look_at(world *w, int i) {
  ground *g = &w->ground;
  const imap4_store *table = w->setup.fault ? fault_table(w) : g->table;
  box *b = &w->looked[i];
  imap4_poll_args args = {.struct_size = sizeof args, .mailbox = g->handles[i]};
  imap4_mailbox_state state = {.struct_size = sizeof state};
  b->open_ended = b->fresh = false;
  b->is = g->handles[i] ? THERE : ABSENT;
  b->count = 0;
  if (!g->handles[i]) return;
  int status = table->poll(g->user, 1, &args, &state);
  EXPECT(w, status == IMAP4_OK, "the test can't look at %s: %d", box_names[i], status);
  b->uidvalidity = state.uidvalidity;
  b->uidnext = state.uidnext;
  b->highest = state.highest_modseq;
  look_at_rows(w, i, table);
  EXPECT(w, b->count == state.exists, "%s has %u messages and says %u", box_names[i], (unsigned)b->count,
         (unsigned)state.exists);
}

void ground_look(world *w) {
  w->direct = true;
  for (int i = 0; i < BOXES; i++)
    look_at(w, i);
  w->direct = false;
}

/* ---- changes without a session -------------------------------------------------------------- */

static imap4_str keywords_of(uint32_t flags) {
  static const char *const names[] = {"", "$A", "$B", "$A $B"};
  const char *text = names[(flags & KEYWORD_A ? 1 : 0) + (flags & KEYWORD_B ? 2 : 0)];
  return (imap4_str){text, strlen(text)};
}

static void add_message(world *w, const step *s) {
  ground *g = &w->ground;
  char text[8000];
  size_t n = content_of(s->id, text, sizeof text);
  imap4_append_begin_args begin = {
      .struct_size = sizeof begin, .account = g->account, .mailbox = name_of(s->box)};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  assert_int_equal(g->table->append_begin(g->user, 1, &begin, &upload), IMAP4_OK);
  imap4_append_message_args head = {.struct_size = sizeof head,
                                    .flags = s->flags & IMAP4_FLAG_ALL,
                                    .upload = upload.upload,
                                    .keywords = keywords_of(s->flags),
                                    .internaldate = {(int64_t)s->day * 86400 + 43200, 0, 1},
                                    .size = n};
  assert_int_equal(g->table->append_message(g->user, 1, &head, &empty), IMAP4_OK);
  imap4_append_write_args data = {
      .struct_size = sizeof data, .last = 1, .upload = upload.upload, .data = {text, n}};
  assert_int_equal(g->table->append_write(g->user, 1, &data, &empty), IMAP4_OK);
  imap4_upload_args end = {.struct_size = sizeof end, .upload = upload.upload};
  imap4_append_commit_result out = {.struct_size = sizeof out};
  assert_int_equal(g->table->append_commit(g->user, 1, &end, &out), IMAP4_OK);
}

static void change_flags(world *w, const step *s, imap4_uid_ranges uids) {
  ground *g = &w->ground;
  imap4_store_flags_args args = {.struct_size = sizeof args,
                                 .mode = s->sign == '+'   ? IMAP4_STORE_ADD
                                         : s->sign == '-' ? IMAP4_STORE_REMOVE
                                                          : IMAP4_STORE_REPLACE,
                                 .mailbox = g->handles[s->box],
                                 .uids = uids,
                                 .flags = s->flags & IMAP4_FLAG_ALL,
                                 .keywords = keywords_of(s->flags)};
  imap4_store_flags_result out = {.struct_size = sizeof out};
  assert_int_equal(g->table->store_flags(g->user, 1, &args, &out), IMAP4_OK);
}

void ground_outside(world *w, const step *s) {
  ground *g = &w->ground;
  imap4_uid_range range = {s->set.p[0].first, s->set.p[0].last};
  imap4_uid_ranges uids = {&range, 1};
  if (!g->handles[s->box]) return;
  w->direct = true;
  if (s->way == 0) {
    add_message(w, s);
  } else if (s->way == 1) {
    change_flags(w, s, uids);
  } else {
    imap4_expunge_args args = {.struct_size = sizeof args, .mailbox = g->handles[s->box], .uids = uids};
    imap4_empty_result out = {.struct_size = sizeof out};
    assert_int_equal(g->table->expunge(g->user, 1, &args, &out), IMAP4_OK);
  }
  w->direct = false;
}
