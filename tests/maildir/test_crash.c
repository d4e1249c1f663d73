/* SPDX-License-Identifier: MIT */
/*
 * A process that works on a mailbox is killed at a random moment, again and again.  What it had reported as
 * done must be there; what it was doing may be done or not; no UID ever means two messages.
 */
#include "kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 50
#define MOST 20000 /* UIDs and messages */

/* What the child reports: small letters before it does something, capitals when it is done. */
struct report {
  char what; /* A append, X expunge, F flag, M move, D deliver */
  uint32_t uid;
  uint32_t id; /* of the message, in its text */
  uint32_t to; /* UID in Other */
};

struct model {
  uint32_t id[MOST];  /* by UID in INBOX: the message it was seen to be, or 0 */
  uint8_t owed[MOST]; /* by UID: reported and not taken away */
  uint8_t flagged[MOST];
  uint32_t moved[MOST];    /* by UID in Other: the message, or 0 */
  uint8_t unsure[MOST];    /* by UID: what was to be done to it was not reported as done */
  uint8_t delivered[MOST]; /* by id */
  uint32_t uidvalidity;
  uint32_t next_id;
  uint32_t uidnext;
};

static struct {
  uint8_t present;  /* in either mailbox */
  uint8_t reported; /* its UID was */
  uint32_t first;   /* of the upload it came with */
  uint32_t count;
} messages[MOST]; /* by id */

static uint32_t id_of(const struct kit *kit, void *mailbox, uint32_t uid) {
  size_t n;
  unsigned id = 0, first = 0, count = 0;
  char *text = kit_read(kit, mailbox, uid, 1000, &n);
  assert_int_equal(sscanf(text, "Id: %u of %u+%u\r\n\r\nbody\r\n", &id, &first, &count), 3);
  free(text);
  assert_true(id > 0 && id < MOST);
  messages[id].first = first;
  messages[id].count = count;
  return id;
}

/* ---- the child ------------------------------------------------------------------------------ */

struct child {
  struct kit kit;
  void *mailbox;
  int out;
  uint32_t random;
  uint32_t id;
};

static uint32_t dice(struct child *child, uint32_t n) {
  child->random = child->random * 1664525u + 1013904223u;
  return (child->random >> 8) % n;
}

static void tell(struct child *child, char what, uint32_t uid, uint32_t id, uint32_t to) {
  struct report report = {what, uid, id, to};
  if (write(child->out, &report, sizeof report) != sizeof report) _exit(1);
}

static void do_append(struct child *child) {
  const imap4_store *table = imap4_maildir_store();
  imap4_append_begin_args b = {
      .struct_size = sizeof b, .account = child->kit.account, .mailbox = kit_str("INBOX")};
  imap4_append_begin_result upload = {.struct_size = sizeof upload};
  imap4_empty_result empty = {.struct_size = sizeof empty};
  assert_int_equal(table->append_begin(child->kit.store, 1, &b, &upload), IMAP4_OK);
  uint32_t n = 1 + dice(child, 3), first = child->id;
  for (uint32_t i = 0; i < n; i++) {
    char text[64];
    int length = snprintf(text, sizeof text, "Id: %u of %u+%u\n\nbody\n", child->id++, first, n);
    imap4_append_message_args m = {.struct_size = sizeof m, .upload = upload.upload};
    assert_int_equal(table->append_message(child->kit.store, 1, &m, &empty), IMAP4_OK);
    imap4_append_write_args w = {
        .struct_size = sizeof w, .upload = upload.upload, .last = 1, .data = {text, (size_t)length}};
    assert_int_equal(table->append_write(child->kit.store, 1, &w, &empty), IMAP4_OK);
  }
  imap4_upload_args u = {.struct_size = sizeof u, .upload = upload.upload};
  imap4_append_commit_result out = {.struct_size = sizeof out};
  assert_int_equal(table->append_commit(child->kit.store, 1, &u, &out), IMAP4_OK);
  for (uint32_t i = 0; i < n; i++)
    tell(child, 'A', out.uids.p[0].first + i, first + i, 0);
}

static void do_deliver(struct child *child) {
  char text[64], tmp[64], name[64];
  snprintf(text, sizeof text, "Id: %u of %u+1\n\nbody\n", child->id, child->id);
  snprintf(tmp, sizeof tmp, "tmp/%u.D.h", 1000000 + child->id);
  snprintf(name, sizeof name, "new/%u.D.h", 1000000 + child->id);
  kit_write(&child->kit, tmp, text);
  kit_move(&child->kit, tmp, name);
  tell(child, 'D', 0, child->id++, 0);
}

/* Some message that is there, or 0. */
static uint32_t pick(struct child *child) {
  imap4_mailbox_state s = kit_poll(&child->kit, child->mailbox, (int)dice(child, 2));
  imap4_row row;
  for (int tries = 0; tries < 20 && s.exists > 0; tries++) {
    uint32_t back = dice(child, 60);
    uint32_t uid = s.uidnext - 1 > back ? s.uidnext - 1 - back : 1;
    if (kit_row(&child->kit, child->mailbox, uid, &row)) return uid;
  }
  return 0;
}

static void do_expunge(struct child *child) {
  uint32_t uid = pick(child);
  if (uid == 0) return;
  uint32_t id = id_of(&child->kit, child->mailbox, uid);
  tell(child, 'x', uid, id, 0);
  kit_expunge(&child->kit, child->mailbox, uid);
  tell(child, 'X', uid, id, 0);
}

static void do_flag(struct child *child) {
  uint32_t uid = pick(child);
  if (uid == 0) return;
  kit_flags(&child->kit, child->mailbox, uid, IMAP4_STORE_ADD, IMAP4_FLAG_FLAGGED, "");
  tell(child, 'F', uid, 0, 0);
}

static void do_move(struct child *child) {
  uint32_t uid = pick(child);
  if (uid == 0) return;
  imap4_uid_range range = {uid, uid};
  imap4_copy_args args = {
      .struct_size = sizeof args, .mailbox = child->mailbox, .uids = {&range, 1}, .to = kit_str("Other")};
  imap4_copy_result out = {.struct_size = sizeof out};
  uint32_t id = id_of(&child->kit, child->mailbox, uid);
  tell(child, 'm', uid, id, 0);
  assert_int_equal(imap4_maildir_store()->move(child->kit.store, 1, &args, &out), IMAP4_OK);
  assert_int_equal(out.target.n, 1);
  tell(child, 'M', uid, id, out.target.p[0].first);
}

static void child_run(const struct kit *parent, int out, uint32_t random, uint32_t id) {
  struct child child = {.out = out, .random = random, .id = id};
  kit_second(parent, &child.kit);
  child.mailbox = kit_open(&child.kit, "INBOX");
  for (;;) {
    switch (dice(&child, 8)) {
    case 0:
      do_expunge(&child);
      break;
    case 1:
      do_flag(&child);
      break;
    case 2:
      do_move(&child);
      break;
    case 3:
      do_deliver(&child);
      break;
    default:
      do_append(&child);
      break;
    }
  }
}

/* ---- the parent ----------------------------------------------------------------------------- */

static void hear(struct model *model, const struct report *r) {
  assert_true(r->uid < MOST && r->id < MOST && r->to < MOST);
  switch (r->what) {
  case 'A':
    assert_true(model->id[r->uid] == 0 || model->id[r->uid] == r->id);
    model->id[r->uid] = r->id;
    model->owed[r->uid] = 1;
    messages[r->id].reported = 1;
    model->next_id = r->id + 1;
    break;
  case 'D':
    model->delivered[r->id] = 1;
    model->next_id = r->id + 1;
    break;
  case 'x':
  case 'm':
    assert_true(model->id[r->uid] == 0 || model->id[r->uid] == r->id);
    model->id[r->uid] = r->id;
    model->unsure[r->uid] = 1;
    break;
  case 'X':
  case 'M':
    model->unsure[r->uid] = 0;
    model->owed[r->uid] = 0;
    model->flagged[r->uid] = 2; /* gone for good */
    if (r->what == 'X') model->delivered[r->id] = 0;
    if (r->what == 'M') model->moved[r->to] = r->id;
    break;
  case 'F':
    if (model->flagged[r->uid] == 0) model->flagged[r->uid] = 1;
    break;
  default:
    fail();
  }
}

/* Which messages of which UIDs are there. */
static void take_stock(const struct kit *kit, struct model *model) {
  void *mailbox = kit_open(kit, "INBOX"), *other = kit_open(kit, "Other");
  imap4_mailbox_state s = kit_poll(kit, mailbox, 0), o = kit_poll(kit, other, 0);
  imap4_row row;
  for (uint32_t id = 0; id < MOST; id++)
    messages[id].present = 0;
  if (model->uidvalidity == 0) model->uidvalidity = s.uidvalidity;
  assert_int_equal(s.uidvalidity, model->uidvalidity);
  assert_true(s.uidnext >= model->uidnext && s.uidnext < MOST);
  model->uidnext = s.uidnext;
  for (uint32_t uid = 1; uid < o.uidnext; uid++) {
    if (!kit_row(kit, other, uid, &row)) {
      assert_int_equal(model->moved[uid], 0);
      continue;
    }
    uint32_t id = id_of(kit, other, uid);
    if (model->moved[uid] == 0) model->moved[uid] = id;
    assert_int_equal(model->moved[uid], id);
    messages[id].present = 1;
  }
  uint32_t exists = 0;
  for (uint32_t uid = 1; uid < s.uidnext; uid++) {
    int there = kit_row(kit, mailbox, uid, &row);
    if (model->owed[uid] && !model->unsure[uid]) assert_true(there);
    if (model->flagged[uid] == 2) assert_false(there);
    if (!there) {
      model->owed[uid] = 0;
      continue;
    }
    exists++;
    if (model->flagged[uid] == 1) assert_true(row.flags & IMAP4_FLAG_FLAGGED);
    uint32_t id = id_of(kit, mailbox, uid);
    assert_true(model->id[uid] == 0 || model->id[uid] == id); /* a UID is one message for ever */
    model->id[uid] = id;
    model->owed[uid] = 1;
    messages[id].present = 1;
  }
  assert_int_equal(s.exists, exists);
  kit_close(kit, other);
  kit_close(kit, mailbox);
}

/* A message that was to be removed when its process was killed may be gone; where a move was cut short, it
 * must be in one of the two. */
static void settle(struct model *model, const struct report *last) {
  for (uint32_t uid = 1; uid < MOST; uid++) {
    if (model->unsure[uid] && model->id[uid]) {
      if (last->what == 'm' && last->uid == uid) assert_true(messages[model->id[uid]].present);
      if (last->what == 'x' && last->uid == uid) model->delivered[model->id[uid]] = 0;
    }
    model->unsure[uid] = 0;
  }
}

/* Of an upload whose end was not reported, all messages are there or none. */
static void check_uploads(void) {
  for (uint32_t id = 1; id < MOST; id++) {
    if (!messages[id].present || messages[id].reported) continue;
    for (uint32_t i = 0; i < messages[id].count; i++)
      assert_true(messages[messages[id].first + i].present);
    messages[id].reported = 1; /* from now on it may be removed */
  }
}

static void killed_and_killed_again(void **state) {
  struct kit *kit = *state;
  static struct model model;
  uint32_t random = 20240229, reports = 0;
  model.next_id = 1;
  assert_int_equal(kit_name(kit, 'c', "Other"), IMAP4_OK);
  for (int round = 0; round < ROUNDS; round++) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    random = random * 1664525u + 1013904223u;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      close(ends[0]);
      child_run(kit, ends[1], random, model.next_id);
    }
    close(ends[1]);
    struct report report, last = {0};
    uint32_t until = 1 + (random >> 20) % 40, heard = 0;
    while (read(ends[0], &report, sizeof report) == sizeof report) {
      hear(&model, &report);
      last = report;
      if (++heard == until) {
        usleep((random >> 8) % 3000);
        kill(pid, SIGKILL);
      }
    }
    reports += heard;
    close(ends[0]);
    int status;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    /* It may have used more message numbers than it reported. */
    model.next_id += 10;
    take_stock(kit, &model);
    settle(&model, &last);
    check_uploads();
    for (uint32_t id = 1; id < MOST; id++) {
      if (model.delivered[id]) assert_true(messages[id].present);
    }
    kit_restart(kit);
  }
  assert_true(reports > ROUNDS);
}

int main(void) {
  const struct CMUnitTest tests[] = {KIT_TEST(killed_and_killed_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
