/* SPDX-License-Identifier: MIT */
/* The store in memory by itself: what it promises in store.h, and how it can be told to behave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/memory.h"

struct fixture {
  imap4_memory *memory;
  const imap4_store *table;
  void *account;
};

static imap4_str str(const char *z) {
  return (imap4_str){z, strlen(z)};
}

static void begin(struct fixture *f, const imap4_memory_config *config) {
  imap4_memory_config defaults;
  imap4_memory_config_init(&defaults);
  f->memory = imap4_memory_new(config ? config : &defaults);
  assert_non_null(f->memory);
  f->table = imap4_memory_table(f->memory);
  f->account = imap4_memory_account(f->memory, str(""));
  assert_non_null(f->account);
}

static void end(struct fixture *f) {
  imap4_memory_counts c;
  f->table->release(f->memory, f->account);
  imap4_memory_get_counts(f->memory, &c);
  assert_int_equal(c.accounts + c.mailboxes + c.uploads + c.exchanges + c.pending, 0);
  imap4_memory_free(f->memory);
}

static void *open_box(struct fixture *f, const char *name) {
  imap4_open_args args = {.struct_size = sizeof args, .account = f->account, .name = str(name)};
  imap4_open_result result;
  assert_int_equal(f->table->open(f->memory, 1, &args, &result), IMAP4_OK);
  return result.mailbox;
}

static imap4_mailbox_state poll_box(struct fixture *f, void *mailbox, int32_t claim) {
  imap4_poll_args args = {.struct_size = sizeof args, .mailbox = mailbox, .claim_recent = claim};
  imap4_mailbox_state state;
  assert_int_equal(f->table->poll(f->memory, 1, &args, &state), IMAP4_OK);
  return state;
}

static int name_call(struct fixture *f,
                     int (*call)(void *, imap4_op, const imap4_name_args *, imap4_empty_result *),
                     const char *name, int32_t on) {
  imap4_name_args args = {.struct_size = sizeof args, .account = f->account, .name = str(name), .on = on};
  imap4_empty_result result;
  return call(f->memory, 1, &args, &result);
}

static void add(struct fixture *f, const char *mailbox, const char *text) {
  imap4_memory_message message = {.text = str(text)};
  assert_int_equal(imap4_memory_add_message(f->memory, str(""), str(mailbox), &message), IMAP4_OK);
}

/* All names as one string, each page of |capacity| entries. */
static void list_names(struct fixture *f, uint32_t capacity, char *out) {
  char last[100] = "";
  int done = 0;
  *out = 0;
  while (!done) {
    imap4_list_args args = {.struct_size = sizeof args, .account = f->account, .capacity = capacity};
    imap4_list_result result;
    args.after = str(last);
    assert_int_equal(f->table->list(f->memory, 1, &args, &result), IMAP4_OK);
    assert_true(result.count <= capacity);
    for (uint32_t i = 0; i < result.count; ++i) {
      imap4_str name = result.entries[i].name;
      strncat(out, name.p, name.n);
      strcat(out, result.entries[i].attributes & IMAP4_MAILBOX_NONEXISTENT ? "? " : " ");
      memcpy(last, name.p, name.n);
      last[name.n] = 0;
    }
    done = result.last;
  }
}

static void names_are_listed_in_order(void **state) {
  struct fixture f;
  char names[200];
  (void)state;
  begin(&f, NULL);
  assert_int_equal(name_call(&f, f.table->create, "b/c", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->create, "b-", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->create, "a", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->create, "a", 0), IMAP4_ST_ALREADYEXISTS);
  assert_int_equal(name_call(&f, f.table->subscribe, "b/b", 1), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->subscribe, "a", 1), IMAP4_OK);
  for (uint32_t capacity = 1; capacity < 8; ++capacity) {
    list_names(&f, capacity, names);
    assert_string_equal(names, "INBOX a b b/b? b/c b- ");
  }
  assert_int_equal(name_call(&f, f.table->subscribe, "b/b", 0), IMAP4_OK);
  list_names(&f, 3, names);
  assert_string_equal(names, "INBOX a b b/c b- ");
  end(&f);
}

static void removing_leaves_levels(void **state) {
  struct fixture f;
  char names[200];
  (void)state;
  begin(&f, NULL);
  assert_int_equal(name_call(&f, f.table->create, "a/b", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->remove, "a", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->remove, "a", 0), IMAP4_ST_HASCHILDREN);
  assert_int_equal(name_call(&f, f.table->remove, "a/b", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->remove, "a", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->remove, "a", 0), IMAP4_ST_NONEXISTENT);
  list_names(&f, 5, names);
  assert_string_equal(names, "INBOX ");
  end(&f);
}

static void renaming_moves_what_is_below(void **state) {
  struct fixture f;
  char names[200];
  (void)state;
  begin(&f, NULL);
  assert_int_equal(name_call(&f, f.table->create, "a/b", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->create, "z", 0), IMAP4_OK);
  imap4_rename_args args = {
      .struct_size = sizeof args, .account = f.account, .from = str("a"), .to = str("x/y")};
  imap4_empty_result result;
  assert_int_equal(f.table->rename(f.memory, 1, &args, &result), IMAP4_OK);
  list_names(&f, 5, names);
  assert_string_equal(names, "INBOX x x/y x/y/b z ");
  args.from = str("x");
  args.to = str("z");
  assert_int_equal(f.table->rename(f.memory, 1, &args, &result), IMAP4_ST_ALREADYEXISTS);
  args.to = str("x/y/b/c");
  assert_int_equal(f.table->rename(f.memory, 1, &args, &result), IMAP4_ST_CANNOT);
  end(&f);
}

static void changes_raise_the_modseq(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  void *mailbox = open_box(&f, "INBOX");
  uint64_t before = poll_box(&f, mailbox, 0).highest_modseq;
  add(&f, "INBOX", "Subject: a\n\nb\n");
  assert_int_equal(poll_box(&f, mailbox, 0).highest_modseq, before + 1);
  assert_int_equal(imap4_memory_set_flags(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){NULL, 0},
                                          IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, str("Work")),
                   IMAP4_OK);
  assert_int_equal(poll_box(&f, mailbox, 0).highest_modseq, before + 2);
  /* Nothing changes, and nothing is raised. */
  assert_int_equal(imap4_memory_set_flags(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){NULL, 0},
                                          IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, str("WORK")),
                   IMAP4_OK);
  assert_int_equal(poll_box(&f, mailbox, 0).highest_modseq, before + 2);
  assert_int_equal(imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){NULL, 0}),
                   IMAP4_OK);
  imap4_mailbox_state now = poll_box(&f, mailbox, 0);
  assert_int_equal(now.highest_modseq, before + 3);
  assert_int_equal(now.exists, 0);
  assert_int_equal(now.uidnext, 2);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void conditional_store_leaves_newer_ones(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  void *mailbox = open_box(&f, "INBOX");
  for (int i = 0; i < 4; ++i)
    add(&f, "INBOX", "\nx\n");
  uint64_t since = poll_box(&f, mailbox, 0).highest_modseq;
  imap4_uid_range second = {2, 3};
  assert_int_equal(imap4_memory_set_flags(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){&second, 1},
                                          IMAP4_STORE_ADD, IMAP4_FLAG_SEEN, str("")),
                   IMAP4_OK);
  imap4_uid_range all = {1, 4};
  imap4_store_flags_args args = {.struct_size = sizeof args, .mailbox = mailbox, .mode = IMAP4_STORE_REPLACE};
  args.uids = (imap4_uid_ranges){&all, 1};
  args.flags = IMAP4_FLAG_DRAFT;
  args.unchanged_since = since;
  imap4_store_flags_result result;
  assert_int_equal(f.table->store_flags(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.modified.n, 1);
  assert_int_equal(result.modified.p[0].first, 2);
  assert_int_equal(result.modified.p[0].last, 3);
  assert_int_equal(result.previous_modseq, since + 1);
  assert_int_equal(result.highest_modseq, since + 2);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void vanished_names_what_is_gone(void **state) {
  struct fixture f;
  imap4_memory_config config;
  imap4_memory_config_init(&config);
  config.expunge_log = 4;
  (void)state;
  begin(&f, &config);
  void *mailbox = open_box(&f, "INBOX");
  for (int i = 0; i < 9; ++i)
    add(&f, "INBOX", "\nx\n");
  uint64_t first = poll_box(&f, mailbox, 0).highest_modseq;
  imap4_uid_range a = {7, 8};
  imap4_uid_range b[] = {{2, 2}, {6, 6}};
  imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){&a, 1});
  imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){b, 2});
  imap4_vanished_args args = {.struct_size = sizeof args, .mailbox = mailbox, .since = first, .capacity = 10};
  imap4_vanished_result result;
  assert_int_equal(f.table->vanished(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.uids.n, 2);
  assert_int_equal(result.uids.p[0].last, 2);
  assert_int_equal(result.uids.p[1].first, 6);
  assert_int_equal(result.uids.p[1].last, 8);
  args.capacity = 1;
  assert_int_equal(f.table->vanished(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.uids.n, 1);
  assert_false(result.last);
  /* What is older than the log is not known any more. */
  imap4_uid_range c = {1, 1};
  imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){&c, 1});
  assert_int_equal(f.table->vanished(f.memory, 1, &args, &result), IMAP4_ST_UNSUPPORTED);
  args.since = first + 1;
  assert_int_equal(f.table->vanished(f.memory, 1, &args, &result), IMAP4_OK);
  f.table->close(f.memory, mailbox);
  end(&f);
}

/* UIDs of the rows of a query, in pages. */
static size_t changed_uids(struct fixture *f, void *mailbox, uint64_t since, imap4_uid_ranges uids,
                           uint32_t capacity, uint32_t *to) {
  imap4_query_args args = {.struct_size = sizeof args, .mailbox = mailbox, .attributes = IMAP4_ATTR_MODSEQ};
  imap4_query_result result;
  size_t n = 0;
  args.changed_since = since;
  args.uids = uids;
  args.capacity = capacity;
  do {
    memset(&result, 0, sizeof result);
    assert_int_equal(f->table->query(f->memory, 1, &args, &result), IMAP4_OK);
    assert_in_range(result.count, result.last ? 0 : 1, capacity);
    for (uint32_t i = 0; i < result.count; ++i) {
      assert_true(result.rows[i].modseq > since && result.rows[i].uid > args.after_uid);
      to[n++] = args.after_uid = result.rows[i].uid;
    }
  } while (!result.last);
  return n;
}

static void set_flags(struct fixture *f, uint32_t first, uint32_t last, uint32_t flags) {
  imap4_uid_range range = {first, last};
  imap4_uid_ranges uids = {&range, 1};
  assert_int_equal(
      imap4_memory_set_flags(f->memory, str(""), str("INBOX"), uids, IMAP4_STORE_REPLACE, flags, str("")),
      IMAP4_OK);
}

/* Few changes are found in the list of changes, many by looking at the messages; it is the same. */
static void changes_are_found(void **state) {
  enum { MESSAGES = 50, CHANGES = 400 };
  struct fixture f;
  uint64_t modseqs[MESSAGES + 1] = {0};
  imap4_uid_range some[] = {{3, 10}, {12, 12}, {30, 70}};
  imap4_uid_ranges ranges[] = {{NULL, 0}, {some, 3}};
  (void)state;
  begin(&f, NULL);
  void *mailbox = open_box(&f, "INBOX");
  for (uint32_t uid = 1; uid <= MESSAGES; ++uid) {
    add(&f, "INBOX", "\nx\n");
    modseqs[uid] = poll_box(&f, mailbox, 0).highest_modseq;
  }
  for (uint32_t i = 0; i < CHANGES; ++i) {
    uint32_t uid = 1 + i * 7 % MESSAGES;
    uint64_t before = poll_box(&f, mailbox, 0).highest_modseq;
    set_flags(&f, uid, uid, i / MESSAGES % 2 ? IMAP4_FLAG_SEEN : IMAP4_FLAG_DRAFT);
    uint64_t now = poll_box(&f, mailbox, 0).highest_modseq;
    if (now > before) modseqs[uid] = now;
    if (i == CHANGES / 2) {
      imap4_uid_range gone = {20, 24};
      imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){&gone, 1});
    }
    for (uint32_t page = 1; page <= MESSAGES; page *= 7) {
      uint64_t since = now - i % 60 - 1;
      imap4_uid_ranges uids = ranges[i % 2];
      uint32_t found[MESSAGES];
      size_t n = changed_uids(&f, mailbox, since, uids, page, found);
      size_t at = 0;
      for (uint32_t u = 1; u <= MESSAGES; ++u) {
        int there = i < CHANGES / 2 || u < 20 || u > 24;
        int asked = !uids.n || (u >= 3 && u <= 10) || u == 12 || u >= 30;
        if (!there || !asked || modseqs[u] <= since) continue;
        assert_true(at < n);
        assert_int_equal(found[at++], u);
      }
      assert_int_equal(at, n);
    }
  }
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void uids_are_ranges(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  void *mailbox = open_box(&f, "INBOX");
  imap4_uids_args args = {.struct_size = sizeof args, .mailbox = mailbox, .capacity = 9, .wants_unseen = 1};
  imap4_uids_result result;
  assert_int_equal(f.table->uids(f.memory, 1, &args, &result), IMAP4_OK);
  assert_true(result.last && result.uids.n == 0 && result.first_unseen == 0);
  for (int i = 0; i < 9; ++i)
    add(&f, "INBOX", "\nx\n");
  set_flags(&f, 1, 8, IMAP4_FLAG_SEEN);
  imap4_uid_range gone[] = {{1, 1}, {5, 6}};
  imap4_memory_expunge(f.memory, str(""), str("INBOX"), (imap4_uid_ranges){gone, 2});
  assert_int_equal(f.table->uids(f.memory, 1, &args, &result), IMAP4_OK);
  assert_true(result.last);
  assert_int_equal(result.first_unseen, 9);
  assert_int_equal(result.uids.n, 2);
  assert_int_equal(result.uids.p[0].first, 2);
  assert_int_equal(result.uids.p[0].last, 4);
  assert_int_equal(result.uids.p[1].first, 7);
  assert_int_equal(result.uids.p[1].last, 9);
  set_flags(&f, 7, 7, 0);
  set_flags(&f, 3, 3, 0);
  args.after_uid = 3;
  args.capacity = 1;
  assert_int_equal(f.table->uids(f.memory, 1, &args, &result), IMAP4_OK);
  assert_false(result.last);
  assert_int_equal(result.first_unseen, 3);
  assert_int_equal(result.uids.n, 1);
  assert_int_equal(result.uids.p[0].first, 4);
  assert_int_equal(result.uids.p[0].last, 4);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void recent_is_claimed_once(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  add(&f, "INBOX", "\nx\n");
  void *one = open_box(&f, "INBOX");
  void *two = open_box(&f, "INBOX");
  assert_int_equal(poll_box(&f, one, 0).first_recent, 1);
  assert_int_equal(poll_box(&f, one, 1).first_recent, 1);
  assert_int_equal(poll_box(&f, two, 1).first_recent, 2);
  add(&f, "INBOX", "\nx\n");
  assert_int_equal(poll_box(&f, two, 1).first_recent, 2);
  assert_int_equal(poll_box(&f, one, 1).first_recent, 3);
  f.table->close(f.memory, one);
  f.table->close(f.memory, two);
  end(&f);
}

static void a_deleted_mailbox_is_gone_for_who_has_it(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  assert_int_equal(name_call(&f, f.table->create, "a", 0), IMAP4_OK);
  void *mailbox = open_box(&f, "a");
  assert_int_equal(name_call(&f, f.table->remove, "a", 0), IMAP4_OK);
  assert_int_equal(name_call(&f, f.table->create, "a", 0), IMAP4_OK);
  imap4_poll_args args = {.struct_size = sizeof args, .mailbox = mailbox};
  imap4_mailbox_state result;
  assert_int_equal(f.table->poll(f.memory, 1, &args, &result), IMAP4_ST_NONEXISTENT);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void copies_are_all_or_none(void **state) {
  struct fixture f;
  imap4_memory_config config;
  imap4_memory_config_init(&config);
  config.quota_octets = 100;
  (void)state;
  begin(&f, &config);
  assert_int_equal(name_call(&f, f.table->create, "a", 0), IMAP4_OK);
  add(&f, "INBOX", "0123456789012345678901234567\n"); /* 30 octets */
  add(&f, "INBOX", "0123456789012345678901234567\n");
  void *mailbox = open_box(&f, "INBOX");
  imap4_uid_range all = {1, 2};
  imap4_copy_args args = {.struct_size = sizeof args, .mailbox = mailbox, .to = str("a")};
  imap4_copy_result result;
  args.uids = (imap4_uid_ranges){&all, 1};
  assert_int_equal(f.table->copy(f.memory, 1, &args, &result), IMAP4_ST_OVERQUOTA);
  all.last = 1;
  assert_int_equal(f.table->copy(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.source.n, 1);
  assert_int_equal(result.target.p[0].first, 1);
  args.to = str("nowhere");
  assert_int_equal(f.table->copy(f.memory, 1, &args, &result), IMAP4_ST_NONEXISTENT);
  /* A move needs no room. */
  args.to = str("a");
  all = (imap4_uid_range){1, 2};
  assert_int_equal(f.table->move(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(poll_box(&f, mailbox, 0).exists, 0);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void reading_converts_line_ends(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  add(&f, "INBOX", "a\nb\r\nc");
  void *mailbox = open_box(&f, "INBOX");
  imap4_read_args args = {.struct_size = sizeof args, .mailbox = mailbox, .uid = 1, .capacity = 100};
  imap4_read_result result;
  assert_int_equal(f.table->read(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.data.n, 7);
  assert_memory_equal(result.data.p, "a\r\nb\r\nc", 7);
  args.uid = 2;
  assert_int_equal(f.table->read(f.memory, 1, &args, &result), IMAP4_ST_EXPUNGED);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void an_upload_counts_its_octets(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  imap4_append_begin_args begin_args = {.struct_size = sizeof begin_args, .account = f.account};
  imap4_append_begin_result upload;
  imap4_empty_result nothing;
  begin_args.mailbox = str("INBOX");
  assert_int_equal(f.table->append_begin(f.memory, 1, &begin_args, &upload), IMAP4_OK);
  imap4_append_message_args message = {.struct_size = sizeof message, .upload = upload.upload, .size = 3};
  assert_int_equal(f.table->append_message(f.memory, 1, &message, &nothing), IMAP4_OK);
  imap4_append_write_args write = {.struct_size = sizeof write, .upload = upload.upload, .last = 1};
  write.data = str("abcd");
  assert_int_equal(f.table->append_write(f.memory, 1, &write, &nothing), IMAP4_ST_SERVERBUG);
  write.data = str("abc");
  write.digest = str("kept");
  assert_int_equal(f.table->append_write(f.memory, 1, &write, &nothing), IMAP4_OK);
  imap4_upload_args commit = {.struct_size = sizeof commit, .upload = upload.upload};
  imap4_append_commit_result result;
  assert_int_equal(f.table->append_commit(f.memory, 1, &commit, &result), IMAP4_OK);
  assert_int_equal(result.uids.p[0].first, 1);
  void *mailbox = open_box(&f, "INBOX");
  imap4_query_args query = {.struct_size = sizeof query, .mailbox = mailbox, .capacity = 5};
  query.attributes = IMAP4_ATTR_DIGEST | IMAP4_ATTR_SIZE | IMAP4_ATTR_INTERNALDATE;
  imap4_query_result rows;
  assert_int_equal(f.table->query(f.memory, 1, &query, &rows), IMAP4_OK);
  assert_int_equal(rows.count, 1);
  assert_true(rows.last);
  assert_int_equal(rows.rows[0].size, 3);
  assert_int_equal(rows.rows[0].internaldate.present, 1);
  assert_memory_equal(rows.rows[0].digest.p, "kept", 4);
  f.table->close(f.memory, mailbox);
  end(&f);
}

static void users_have_passwords(void **state) {
  struct fixture f;
  (void)state;
  begin(&f, NULL);
  assert_int_equal(imap4_memory_add_user(f.memory, str("joe"), str("secret")), IMAP4_OK);
  assert_int_equal(imap4_memory_add_user(f.memory, str("ann"), str("other")), IMAP4_OK);
  assert_int_equal(imap4_memory_add_user(f.memory, str("ann"), str("again")), IMAP4_ST_ALREADYEXISTS);
  imap4_authenticate_args args = {.struct_size = sizeof args, .user = str("ann"), .password = str("secret")};
  imap4_authenticate_result result;
  assert_int_equal(f.table->authenticate(f.memory, 1, &args, &result), IMAP4_ST_AUTHFAILED);
  args.user = str("eve");
  assert_int_equal(f.table->authenticate(f.memory, 1, &args, &result), IMAP4_ST_AUTHFAILED);
  args.user = str("joe");
  args.authorize = str("ann");
  assert_int_equal(f.table->authenticate(f.memory, 1, &args, &result), IMAP4_ST_AUTHZFAILED);
  args.authorize = str("");
  assert_int_equal(f.table->authenticate(f.memory, 1, &args, &result), IMAP4_OK);
  assert_int_equal(result.delimiter, '/');
  f.table->release(f.memory, result.account);
  end(&f);
}

static void what_waits_can_be_cancelled(void **state) {
  struct fixture f;
  imap4_memory_counts c;
  (void)state;
  begin(&f, NULL);
  imap4_memory_set_manner(f.memory, IMAP4_MEMORY_LATER);
  imap4_open_args open_args = {.struct_size = sizeof open_args, .account = f.account, .name = str("INBOX")};
  imap4_open_result mailbox;
  imap4_append_begin_args begin_args = {.struct_size = sizeof begin_args, .account = f.account};
  imap4_append_begin_result upload;
  begin_args.mailbox = str("INBOX");
  assert_int_equal(f.table->open(f.memory, 7, &open_args, &mailbox), IMAP4_PENDING);
  assert_int_equal(f.table->append_begin(f.memory, 8, &begin_args, &upload), IMAP4_PENDING);
  imap4_memory_get_counts(f.memory, &c);
  assert_int_equal(c.mailboxes, 1);
  assert_int_equal(c.uploads, 1);
  assert_int_equal(c.pending, 2);
  f.table->cancel(f.memory, NULL, 8);
  f.table->cancel(f.memory, NULL, 7);
  assert_int_equal(imap4_memory_complete_next(f.memory), 0);
  end(&f);
}

static void members_can_be_left_out(void **state) {
  struct fixture f;
  imap4_memory_config config;
  imap4_memory_config_init(&config);
  config.without = IMAP4_MEMORY_WITHOUT_CANCEL | IMAP4_MEMORY_WITHOUT_COPY | IMAP4_MEMORY_WITHOUT_MOVE |
                   IMAP4_MEMORY_WITHOUT_VANISHED | IMAP4_MEMORY_WITHOUT_STATUS | IMAP4_MEMORY_WITHOUT_WATCH |
                   IMAP4_MEMORY_WITHOUT_KEEP_DIGEST | IMAP4_MEMORY_WITHOUT_UIDS;
  (void)state;
  begin(&f, &config);
  assert_null(f.table->cancel);
  assert_null(f.table->copy);
  assert_null(f.table->move);
  assert_null(f.table->vanished);
  assert_null(f.table->status);
  assert_null(f.table->watch);
  assert_null(f.table->keep_digest);
  assert_null(f.table->uids);
  assert_null(f.table->authorize);
  assert_null(f.table->namespaces);
  assert_null(f.table->sasl);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_listed_in_order),
      cmocka_unit_test(removing_leaves_levels),
      cmocka_unit_test(renaming_moves_what_is_below),
      cmocka_unit_test(changes_raise_the_modseq),
      cmocka_unit_test(conditional_store_leaves_newer_ones),
      cmocka_unit_test(vanished_names_what_is_gone),
      cmocka_unit_test(changes_are_found),
      cmocka_unit_test(uids_are_ranges),
      cmocka_unit_test(recent_is_claimed_once),
      cmocka_unit_test(a_deleted_mailbox_is_gone_for_who_has_it),
      cmocka_unit_test(copies_are_all_or_none),
      cmocka_unit_test(reading_converts_line_ends),
      cmocka_unit_test(an_upload_counts_its_octets),
      cmocka_unit_test(users_have_passwords),
      cmocka_unit_test(what_waits_can_be_cancelled),
      cmocka_unit_test(members_can_be_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
