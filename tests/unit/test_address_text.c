/* SPDX-License-Identifier: MIT */
/* Address fields as readers see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "imap4/error.h"
#include "memory_check.h"
#include "search/address_text.h"

static void check_text(const char *valuez, const char *expectedz) {
  memory_check check;
  imap4i_mem *mem = memory_check_init(&check);
  imap4i_buf out;
  imap4i_buf_init(&out, mem, 1000);
  assert_int_equal(imap4i_address_text(mem, imap4i_str(valuez, strlen(valuez)), &out), IMAP4_OK);
  assert_int_equal(out.n, strlen(expectedz));
  if (out.n > 0) assert_memory_equal(out.p, expectedz, out.n);
  imap4i_buf_free(&out);
  memory_check_end(&check);
}

static void test_text(void **state) {
  (void)state;
  check_text("", "");
  check_text("a@b", "<a@b>");
  check_text("A B <a@b>", "A B <a@b>");
  check_text("\"Smith, J\" <a@b>, c@d (Carl)", "Smith, J <a@b>, Carl <c@d>");
  check_text("<@x,@y:a@b>", "<@x,@y:a@b>");
  check_text("Team: a@b, c@d;, e@f", "Team: <a@b>, <c@d>;, <e@f>");
  check_text("undisclosed-recipients:;", "undisclosed-recipients:;");
  check_text("A(wonderful) <a(his)@b(host)>", "A <a@b>");
}

static void test_without_memory(void **state) {
  (void)state;
  memory_check check;
  int status = IMAP4_ERR_NOMEM;
  size_t n = 0;
  for (; status != IMAP4_OK; n++) {
    imap4i_buf out;
    imap4i_buf_init(&out, memory_check_init(&check), 1000);
    check.fail_from = n;
    status = imap4i_address_text(&check.mem, IMAP4I_S("Team: A B <a@b>, c@d;"), &out);
    imap4i_buf_free(&out);
    memory_check_end(&check);
    assert_true(status == IMAP4_OK || status == IMAP4_ERR_NOMEM);
  }
  assert_true(n > 2);
  imap4i_buf out;
  for (size_t max = 0; max < 23; max++) {
    imap4i_buf_init(&out, memory_check_init(&check), max);
    assert_int_equal(imap4i_address_text(&check.mem, IMAP4I_S("Team: A B <a@b>, c@d;"), &out),
                     IMAP4_ERR_NOMEM);
    imap4i_buf_free(&out);
    memory_check_end(&check);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
