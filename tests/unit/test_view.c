/* SPDX-License-Identifier: MIT */
/* The view: sequence numbers, sets of messages, what leaves and joins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/view.h"
#include "memory_check.h"
#include "wire/parser.h"

typedef struct fixture {
  memory_check check;
  imap4i_view view;
  imap4i_uidset to;
} fixture;

static bool add(imap4i_view *view, uint32_t uid, uint32_t first_recent) {
  imap4_uid_range one = {uid, uid};
  return imap4i_view_add(view, (imap4_uid_ranges){&one, 1}, first_recent);
}

static void open_view(fixture *f, const uint32_t *uids, size_t n) {
  imap4i_mem *mem = memory_check_init(&f->check);
  memset(&f->view, 0, sizeof f->view);
  imap4i_view_init(&f->view, mem);
  imap4i_uidset_init(&f->to, mem);
  for (size_t i = 0; i < n; i++)
    assert_true(add(&f->view, uids[i], 8));
}

static void close_view(fixture *f) {
  imap4i_view_free(&f->view);
  imap4i_uidset_free(&f->to);
  memory_check_end(&f->check);
}

/* |expected|: UIDs in order, 0 at the end. */
static void expect_set(fixture *f, const imap4i_set_range *ranges, size_t n, bool uid, bool lenient,
                       int status, const uint32_t *expected) {
  imap4i_set set = {(imap4i_set_range *)(uintptr_t)ranges, n};
  imap4i_uidset_free(&f->to);
  assert_int_equal(imap4i_view_resolve(&f->view, &set, uid, lenient, &f->to), status);
  if (status != IMAP4_OK) return;
  uint32_t at = 0;
  for (; *expected; expected++) {
    at = imap4i_ranges_next(imap4i_uidset_ranges(&f->to), at);
    assert_int_equal(at, *expected);
  }
  assert_int_equal(imap4i_ranges_next(imap4i_uidset_ranges(&f->to), at), 0);
}

#define RANGES(...)                                                                                          \
  (const imap4i_set_range[]) {                                                                               \
    __VA_ARGS__                                                                                              \
  }
#define UIDS(...)                                                                                            \
  (const uint32_t[]) {                                                                                       \
    __VA_ARGS__, 0                                                                                           \
  }
static const uint32_t none[] = {0};
static const uint32_t uids[] = {2, 3, 5, 8, 13};

static void sequence_numbers(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  for (uint32_t i = 0; i < 5; i++)
    assert_int_equal(imap4i_view_seq(&f.view, uids[i]), i + 1);
  close_view(&f);
}

static void sets_of_sequence_numbers(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  expect_set(&f, RANGES({1, 1}), 1, false, false, IMAP4_OK, UIDS(2));
  expect_set(&f, RANGES({2, 4}), 1, false, false, IMAP4_OK, UIDS(3, 5, 8));
  expect_set(&f, RANGES({4, 2}), 1, false, false, IMAP4_OK, UIDS(3, 5, 8));
  expect_set(&f, RANGES({4, IMAP4I_STAR}), 1, false, false, IMAP4_OK, UIDS(8, 13));
  expect_set(&f, RANGES({IMAP4I_STAR, 1}), 1, false, false, IMAP4_OK, UIDS(2, 3, 5, 8, 13));
  expect_set(&f, RANGES({5, 5}, {1, 2}, {2, 2}), 3, false, false, IMAP4_OK, UIDS(2, 3, 13));
  expect_set(&f, RANGES({6, 6}), 1, false, false, IMAP4I_PARSE_REFUSED, none);
  expect_set(&f, RANGES({1, 6}), 1, false, false, IMAP4I_PARSE_REFUSED, none);
  expect_set(&f, RANGES({1, 4294967295u}), 1, false, true, IMAP4_OK, UIDS(2, 3, 5, 8, 13));
  expect_set(&f, RANGES({6, 9}), 1, false, true, IMAP4_OK, none);
  close_view(&f);
}

static void sets_of_uids(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  expect_set(&f, RANGES({1, 4}), 1, true, true, IMAP4_OK, UIDS(2, 3));
  expect_set(&f, RANGES({6, 7}), 1, true, true, IMAP4_OK, none);
  expect_set(&f, RANGES({8, IMAP4I_STAR}), 1, true, true, IMAP4_OK, UIDS(8, 13));
  /* RFC 3501 section 6.4.8: a range with "*" always has the last message. */
  expect_set(&f, RANGES({559, IMAP4I_STAR}), 1, true, true, IMAP4_OK, UIDS(13));
  expect_set(&f, RANGES({1, 4294967295u}), 1, true, true, IMAP4_OK, UIDS(2, 3, 5, 8, 13));
  close_view(&f);
}

static void sets_in_an_empty_mailbox(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 0);
  expect_set(&f, RANGES({IMAP4I_STAR, IMAP4I_STAR}), 1, false, false, IMAP4I_PARSE_REFUSED, none);
  expect_set(&f, RANGES({1, IMAP4I_STAR}), 1, false, false, IMAP4I_PARSE_REFUSED, none);
  expect_set(&f, RANGES({1, IMAP4I_STAR}), 1, true, true, IMAP4_OK, none);
  expect_set(&f, RANGES({1, IMAP4I_STAR}), 1, false, true, IMAP4_OK, none);
  close_view(&f);
}

static void messages_leave(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  assert_int_equal(imap4i_ranges_count(imap4i_uidset_ranges(&f.view.recent)), 2);
  assert_true(imap4i_uidset_add(&f.view.gone, 3, 5));
  assert_true(imap4i_uidset_add(&f.view.gone, 13, 13));
  assert_true(imap4i_view_prepare_removal(&f.view));
  assert_int_equal(f.view.count, 5); /* not yet */
  imap4i_view_commit_removal(&f.view);
  assert_int_equal(f.view.count, 2);
  assert_int_equal(imap4i_view_seq(&f.view, 8), 2);
  assert_int_equal(imap4i_ranges_count(imap4i_uidset_ranges(&f.view.recent)), 1);
  close_view(&f);
}

/* Many ranges, counted with marks: compared with counting by hand while messages come and go. */
static void many_ranges(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  fixture f;
  open_view(&f, uids, 0);
  uint32_t uid = 0, seq = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    uid += i % 5 == 0 ? 1 : 2; /* some touch, so that the last range grows after it was looked at */
    assert_true(add(&f.view, uid, 0));
    assert_int_equal(imap4i_view_seq(&f.view, uid), ++seq);
  }
  for (uint32_t turn = 0; turn < 2; turn++) {
    uint32_t at = 0;
    for (uint32_t i = 1; i <= f.view.count; i++) {
      at = imap4i_ranges_next(imap4i_uidset_ranges(&f.view.uids), at);
      assert_int_equal(imap4i_view_seq(&f.view, at), i);
      expect_set(&f, RANGES({i, i}), 1, false, false, IMAP4_OK, UIDS(at));
    }
    for (uint32_t i = 0; i < 300; i += 3)
      assert_true(imap4i_uidset_add(&f.view.gone, i + 1, i + 1));
    assert_true(imap4i_view_prepare_removal(&f.view));
    imap4i_view_commit_removal(&f.view);
  }
  close_view(&f);
}

/* Sets in the worst order give what they name. */
static void set_in_any_order(void **state) {
  (void)state;
  enum { COUNT = 500 };
  fixture f;
  imap4i_set_range ranges[COUNT];
  open_view(&f, uids, 0);
  for (uint32_t uid = 1; uid <= 2 * COUNT; uid += 2)
    assert_true(add(&f.view, uid, 0));
  for (uint32_t i = 0; i < COUNT; i++)
    ranges[i].first = ranges[i].last = (i * 7919 + 13) % COUNT + 1;
  imap4i_set set = {ranges, COUNT};
  assert_int_equal(imap4i_view_resolve(&f.view, &set, false, false, &f.to), IMAP4_OK);
  assert_int_equal(imap4i_ranges_count(imap4i_uidset_ranges(&f.to)), COUNT);
  imap4i_uidset_free(&f.to);
  for (size_t n = 0;; n++) { /* without memory: no set, and nothing left behind */
    f.check.fail_from = n;
    int status = imap4i_view_resolve(&f.view, &set, false, false, &f.to);
    f.check.fail_from = SIZE_MAX;
    imap4i_uidset_free(&f.to);
    if (status == IMAP4_OK) break;
    assert_int_equal(status, IMAP4_ERR_NOMEM);
  }
  close_view(&f);
}

static void own_changes_are_no_news(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  f.view.modseq = f.view.expunge_modseq = 10;
  imap4i_view_own_change(&f.view, &(imap4_store_flags_result){.previous_modseq = 10, .highest_modseq = 11});
  assert_int_equal(f.view.modseq, 11);
  assert_int_equal(f.view.expunge_modseq, 11);
  /* Somebody else came in between: their change must still be told. */
  imap4i_view_own_change(&f.view, &(imap4_store_flags_result){.previous_modseq = 12, .highest_modseq = 13});
  assert_int_equal(f.view.modseq, 11);
  /* A store that does not know. */
  imap4i_view_own_change(&f.view, &(imap4_store_flags_result){.previous_modseq = 0, .highest_modseq = 13});
  assert_int_equal(f.view.modseq, 11);
  /* An expunge is owed: it stays so. */
  f.view.expunge_modseq = 9;
  imap4i_view_own_change(&f.view, &(imap4_store_flags_result){.previous_modseq = 11, .highest_modseq = 12});
  assert_int_equal(f.view.modseq, 12);
  assert_int_equal(f.view.expunge_modseq, 9);
  close_view(&f);
}

static void keywords_differ(void **state) {
  (void)state;
  uint64_t hash = imap4i_keywords_hash(IMAP4I_S("$Forwarded Work"), true);
  assert_true(hash == imap4i_keywords_hash(IMAP4I_S("$Forwarded Work"), true));
  assert_true(hash != imap4i_keywords_hash(IMAP4I_S("$Forwarded Work"), false));
  assert_true(hash != imap4i_keywords_hash(IMAP4I_S("$Forwarded"), true));
}

/* "$": those of the saved ones that are in the view now, whatever kind of set it stands in for. */
static void the_saved_set(void **state) {
  (void)state;
  fixture f;
  open_view(&f, uids, 5);
  expect_set(&f, NULL, 0, false, false, IMAP4_OK, none);
  assert_true(imap4i_uidset_add(&f.view.saved, 3, 8));
  expect_set(&f, NULL, 0, false, false, IMAP4_OK, UIDS(3, 5, 8));
  expect_set(&f, NULL, 0, true, true, IMAP4_OK, UIDS(3, 5, 8));
  assert_true(imap4i_uidset_add(&f.view.gone, 5, 5));
  assert_true(imap4i_view_prepare_removal(&f.view));
  expect_set(&f, NULL, 0, false, false, IMAP4_OK, UIDS(3, 5, 8));
  imap4i_view_commit_removal(&f.view);
  expect_set(&f, NULL, 0, false, false, IMAP4_OK, UIDS(3, 8));
  assert_true(add(&f.view, 21, 0));
  expect_set(&f, NULL, 0, true, true, IMAP4_OK, UIDS(3, 8));
  close_view(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sequence_numbers),         cmocka_unit_test(the_saved_set),
      cmocka_unit_test(sets_of_sequence_numbers), cmocka_unit_test(sets_of_uids),
      cmocka_unit_test(sets_in_an_empty_mailbox), cmocka_unit_test(many_ranges),
      cmocka_unit_test(set_in_any_order),         cmocka_unit_test(messages_leave),
      cmocka_unit_test(own_changes_are_no_news),  cmocka_unit_test(keywords_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
