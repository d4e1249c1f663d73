/* SPDX-License-Identifier: MIT */
/* Names of mailboxes, users and message files. */
#include "kit.h"

#include <string.h>

static const struct {
  const char *name;
  const char *dir;
} pairs[] = {
    {"INBOX", ""},
    {"Sent", ".Sent"},
    {"Sub.Folder", ".Sub.Folder"},
    {"INBOX.x", ".INBOX.x"},
    {"a&b", ".a&-b"},
    {"Entw\xc3\xbcrfe", ".Entw&APw-rfe"},
    {"\xe5\x8f\xb0\xe5\x8c\x97.\xe6\x97\xa5", ".&U,BTFw-.&ZeU-"},
    {"\xf0\x9f\x98\x80", ".&2D3eAA-"},
};

static void both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char dir[MD_NAME_MAX + 1];
    assert_int_equal(md_mailbox_dir(kit_str(pairs[i].name), dir), IMAP4_OK);
    assert_string_equal(dir, pairs[i].dir);
    if (i == 0) continue;
    struct md_buf name = {0};
    assert_true(md_dir_mailbox(dir, &name));
    md_buf_put(&name, "", 1);
    assert_string_equal(name.p, pairs[i].name);
    md_buf_free(&name);
  }
}

static void refused_mailboxes(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",      ".", ".a", "a.", "a..b", "a/b", "..", "\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
      "ab\xc3"};
  char dir[MD_NAME_MAX + 1], lengthy[300];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(md_mailbox_dir(kit_str(bad[i]), dir), IMAP4_ST_CANNOT);
  }
  memset(lengthy, 'x', sizeof lengthy);
  assert_int_equal(md_mailbox_dir((imap4_str){lengthy, 254}, dir), IMAP4_OK);
  assert_int_equal(md_mailbox_dir((imap4_str){lengthy, 255}, dir), IMAP4_ST_CANNOT);
  assert_int_equal(md_mailbox_dir((imap4_str){"a\0b", 3}, dir), IMAP4_ST_CANNOT);
}

static void refused_directories(void **state) {
  (void)state;
  static const char *const bad[] = {".",      "..x",    "Sent",    ".a..b",    ".&",       ".&AP-",
                                    ".&APw",  ".&AGE-", ".&2D0-",  ".&3gA-",   ".a\xc3",   ".&APw-&APw-",
                                    ".INBOX", ".inbox", ".&A Pw-", ".inbox.x", ".&AAoACg-"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct md_buf name = {0};
    assert_false(md_dir_mailbox(bad[i], &name));
    md_buf_free(&name);
  }
}

static void users(void **state) {
  (void)state;
  assert_true(md_user_valid(kit_str("joe")));
  assert_true(md_user_valid(kit_str("joe@example.org")));
  assert_true(md_user_valid(kit_str("j\xc3\xbcrgen")));
  assert_false(md_user_valid(kit_str("")));
  assert_false(md_user_valid(kit_str(".")));
  assert_false(md_user_valid(kit_str("..")));
  assert_false(md_user_valid(kit_str(".joe")));
  assert_false(md_user_valid(kit_str("a/b")));
  assert_false(md_user_valid(kit_str("a\nb")));
  assert_false(md_user_valid((imap4_str){"a\0b", 3}));
}

static void flags_in_names(void **state) {
  uint32_t flags, letters;
  char name[MD_NAME_MAX + 1];
  (void)state;
  md_name_flags("1.a.h,S=3:2,DFRSTabz", &flags, &letters);
  assert_int_equal(flags, IMAP4_FLAG_ALL);
  assert_int_equal(letters, 1 | 2 | 1 << 25);
  md_name_flags("1.a.h", &flags, &letters);
  assert_int_equal(flags | letters, 0);
  md_name_flags("1.a.h:1,S", &flags, &letters);
  assert_int_equal(flags | letters, 0);
  md_name_flags("1.a.h:2,S,T", &flags, &letters);
  assert_int_equal(flags, IMAP4_FLAG_SEEN);
  /* Sorted; what is not ours ('P') and what follows a comma stays. */
  assert_true(md_name_with_flags("1.a.h:2,SPa,extra", IMAP4_FLAG_FLAGGED, 2, name));
  assert_string_equal(name, "1.a.h:2,FPb,extra");
  assert_true(md_name_with_flags("1.a.h", 0, 0, name));
  assert_string_equal(name, "1.a.h:2,");
  assert_int_equal(md_base_length("1.a.h,S=3:2,S"), 9);
  char lengthy[300];
  memset(lengthy, 'x', sizeof lengthy);
  lengthy[252] = '\0';
  assert_true(md_name_with_flags(lengthy, 0, 0, name));
  assert_false(md_name_with_flags(lengthy, IMAP4_FLAG_SEEN, 0, name));
}

static void sizes_in_names(void **state) {
  (void)state;
  assert_true(md_name_size("1.a.h,S=3,W=45:2,S") == 45);
  assert_true(md_name_size("1.a.h,W=45,S=3:2,S") == 45);
  assert_true(md_name_size("1.a.h,S=3:2,S") == MD_UNKNOWN);
  assert_true(md_name_size("1.a.h,W=4x:2,S") == MD_UNKNOWN);
  assert_true(md_name_size("1.a.h,W=:2,S") == MD_UNKNOWN);
  assert_true(md_name_size("1.a.h:2,S,W=45") == MD_UNKNOWN);
  assert_true(md_name_size("1.a.h,W=99999999999999999999999") == MD_UNKNOWN);
}

static void order_of_names(void **state) {
  (void)state;
  assert_true(md_name_compare("999.a", "1000.a") < 0);
  assert_true(md_name_compare("1000.M2", "1000.M1") > 0);
  assert_int_equal(md_name_compare("1000.a:2,S", "1000.a"), 0);
  assert_true(md_name_compare("1000.a", "1000.ab") < 0);
  assert_true(md_name_compare("x", "1") > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ways),           cmocka_unit_test(refused_mailboxes),
      cmocka_unit_test(refused_directories), cmocka_unit_test(users),
      cmocka_unit_test(flags_in_names),      cmocka_unit_test(sizes_in_names),
      cmocka_unit_test(order_of_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
