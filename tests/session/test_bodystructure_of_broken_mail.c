/* SPDX-License-Identifier: MIT */
/*
 * ENVELOPE, BODY, BODYSTRUCTURE and sections of messages that are broken, odd or old, as a client gets them.
 * What RFCs say of them is named where it is not plain; where they are silent, other servers' ways are ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail.h"

/* RFC 3501 section 7.4.2: MD5, disposition, language and location of a part that has none. */
#define BARE " NIL NIL NIL NIL"
#define PLAIN(octets, lines)                                                                                 \
  "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" " #octets " " #lines BARE ")"
#define NO_ENVELOPE "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
#define MIXED_END " \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)"

/* ---- BODYSTRUCTURE -------------------------------------------------------------------------- */

static const char with_everything[] = "MIME-Version: 1.0\r\n"
                                      "Content-Type: multipart/mixed; boundary=\"b c\"; x=y\r\n"
                                      "Content-Disposition: inline; filename=\"all\"\r\n"
                                      "Content-Language: en, fr\r\n"
                                      "Content-Location: http://a.example/\r\n"
                                      "\r\n"
                                      "--b c\r\n"
                                      "Content-Type: image/jpeg; name=\"p.jpg\"\r\n"
                                      "Content-Transfer-Encoding: base64\r\n"
                                      "Content-ID: <i@x>\r\n"
                                      "Content-Description: A picture\r\n"
                                      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
                                      "Content-Disposition: attachment; filename=\"p.jpg\"; size=4\r\n"
                                      "Content-Language: de\r\n"
                                      "Content-Location: p.jpg\r\n"
                                      "\r\n"
                                      "AAAA\r\n"
                                      "--b c--\r\n";

static void bodystructure_has_all_extension_data(void **state) {
  (void)state;
  ASK(with_everything,
      {"BODYSTRUCTURE",
       "((\"IMAGE\" \"JPEG\" (\"NAME\" \"p.jpg\") \"<i@x>\" \"A picture\" \"BASE64\" 4 "
       "\"Q2hlY2sgSW50ZWdyaXR5IQ==\" (\"ATTACHMENT\" (\"FILENAME\" \"p.jpg\" \"SIZE\" \"4\")) "
       "(\"de\") \"p.jpg\") \"MIXED\" (\"BOUNDARY\" \"b c\" \"X\" \"y\") "
       "(\"INLINE\" (\"FILENAME\" \"all\")) (\"en\" \"fr\") \"http://a.example/\")"},
      {"BODY", "((\"IMAGE\" \"JPEG\" (\"NAME\" \"p.jpg\") \"<i@x>\" \"A picture\" \"BASE64\" 4) \"MIXED\")"});
}

/* Also where there is nothing to be said: phones take a part without a disposition field for text. */
static void extension_data_is_there_when_it_is_nil(void **state) {
  (void)state;
  ASK("Content-Type: image/png\r\n\r\nx",
      {"BODYSTRUCTURE", "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1" BARE ")"},
      {"BODY", "(\"IMAGE\" \"PNG\" NIL NIL NIL \"7BIT\" 1)"});
  ASK("Subject: x\r\n\r\nx", {"BODYSTRUCTURE", PLAIN(1, 0)});
  ASK(MIXED "--b\r\n\r\nx\r\n--b--", {"BODYSTRUCTURE", "(" PLAIN(1, 0) MIXED_END});
  ASK("Content-Type: message/rfc822\r\n\r\n\r\nx",
      {"BODYSTRUCTURE",
       "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 3 " NO_ENVELOPE " " PLAIN(1, 0) " 1" BARE ")"});
}

/* ---- sections ------------------------------------------------------------------------------- */

/* A line end behind the close-delimiter of an inner multipart is taken for its own, not for the outer
 * delimiter's behind it; RFC 2046 section 5.1.1 has both. */
#define INNER_HEADER "Subject: inner\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
#define INNER_TEXT "--i\r\nX: 1\r\n\r\none\r\n--i\r\nContent-Type: text/html\r\n\r\ntwo\r\n--i--\r\n"

static const char with_a_message[] =
    "Subject: outer\r\n" MIXED "--b\r\nX: text\r\n\r\ntext\r\n--b\r\nContent-Type: message/rfc822\r\n"
    "Content-Description: fw\r\n\r\n" INNER_HEADER INNER_TEXT "--b--\r\n";

/* RFC 3501 section 6.4.5: MIME is the header of the part, HEADER that of the message inside. */
static void mime_of_message_parts(void **state) {
  (void)state;
  ASK(with_a_message, {"[1.MIME]", "X: text\r\n\r\n"},
      {"[2.MIME]", "Content-Type: message/rfc822\r\nContent-Description: fw\r\n\r\n"},
      {"[2.HEADER]", INNER_HEADER}, {"[2.TEXT]", INNER_TEXT}, {"[2]", INNER_HEADER INNER_TEXT},
      {"[2.1.MIME]", "X: 1\r\n\r\n"}, {"[2.2.MIME]", "Content-Type: text/html\r\n\r\n"},
      {"[2.HEADER.FIELDS (SUBJECT)]", "Subject: inner\r\n\r\n"},
      {"[2.HEADER.FIELDS.NOT (SUBJECT)]", "Content-Type: multipart/alternative; boundary=i\r\n\r\n"},
      {"[1.HEADER]", NULL}, {"[1.TEXT]", NULL}, {"[1.1]", NULL}, {"[2.1.HEADER]", NULL}, {"[2.3]", NULL},
      {"[2.3.MIME]", NULL}, {"[3]", NULL}, {"[3.MIME]", NULL});
  /* "Every message has at least one part number." */
  ASK("Subject: s\r\n\r\nx", {"[1.MIME]", "Subject: s\r\n\r\n"}, {"[1]", "x"}, {"[2]", NULL},
      {"[1.1]", NULL});
  mail m;
  mail_open(&m, NULL, NULL);
  mail_add(&m, span("\r\nx"));
  assert_non_null(strstr(client_line(&m.c, "b FETCH 1 BODY[MIME]"), "b BAD "));
  mail_close(&m);
}

/* The example of RFC 3501 section 6.4.5, from part 4 on, and messages directly inside each other. */
static void sections_inside_nested_messages(void **state) {
  (void)state;
#define RICH "Content-Type: text/richtext\r\n\r\n"
#define LAST "--l\r\n\r\nplain\r\n--l\r\n" RICH "rich\r\n--l--\r\n"
#define LAST_TYPE "Content-Type: multipart/alternative; boundary=l\r\n\r\n"
#define FOUR_TWO_HEADER "Subject: 4.2\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
#define FOUR_TWO_TEXT "--i\r\n\r\n4.2.1\r\n--i\r\n" LAST_TYPE LAST "--i--\r\n"
#define GIF "Content-Type: image/gif\r\n\r\n"
  ASK(MIXED "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b\r\n\r\n3\r\n--b\r\n"
            "Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n" GIF
            "4.1\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n" FOUR_TWO_HEADER FOUR_TWO_TEXT
            "--f--\r\n--b--\r\n",
      {"[3]", "3"}, {"[4.1]", "4.1"}, {"[4.1.MIME]", GIF}, {"[4.2]", FOUR_TWO_HEADER FOUR_TWO_TEXT},
      {"[4.2.HEADER]", FOUR_TWO_HEADER}, {"[4.2.TEXT]", FOUR_TWO_TEXT}, {"[4.2.1]", "4.2.1"},
      {"[4.2.1.MIME]", "\r\n"}, {"[4.2.2]", LAST}, {"[4.2.2.MIME]", LAST_TYPE}, {"[4.2.2.1]", "plain"},
      {"[4.2.2.2]", "rich"}, {"[4.2.2.2.MIME]", RICH}, {"[4.2.2.3]", NULL}, {"[4.2.2.TEXT]", NULL});
#define FW "Content-Type: message/rfc822\r\n"
  ASK(FW "X: 0\r\n\r\n" FW "X: 1\r\n\r\nX: 2\r\n\r\nend", {"[HEADER]", FW "X: 0\r\n\r\n"},
      {"[1.MIME]", FW "X: 0\r\n\r\n"}, {"[1]", FW "X: 1\r\n\r\nX: 2\r\n\r\nend"},
      {"[1.HEADER]", FW "X: 1\r\n\r\n"}, {"[1.TEXT]", "X: 2\r\n\r\nend"}, {"[1.1]", "X: 2\r\n\r\nend"},
      {"[1.1.MIME]", FW "X: 1\r\n\r\n"}, {"[1.1.HEADER]", "X: 2\r\n\r\n"}, {"[1.1.TEXT]", "end"},
      {"[1.1.1]", "end"}, {"[1.1.1.MIME]", "X: 2\r\n\r\n"}, {"[1.1.1.1]", NULL}, {"[1.1.1.HEADER]", NULL},
      {"[1.2]", NULL});
}

/* ---- multiparts ----------------------------------------------------------------------------- */

/* RFC 3501 section 9: body-type-mpart has at least one body.  So one without parts shows an empty one. */
static void empty_multiparts(void **state) {
  (void)state;
  static const char none[] = "(" PLAIN(0, 0) MIXED_END;
  ASK(MIXED, {"BODYSTRUCTURE", none}, {"[TEXT]", ""}, {"[1]", NULL});
  ASK(MIXED "no delimiter\r\n", {"BODYSTRUCTURE", none}, {"[TEXT]", "no delimiter\r\n"}, {"[1]", NULL});
  ASK(MIXED "--b--\r\n", {"BODYSTRUCTURE", none}, {"[1]", NULL});
  ASK(MIXED "--b\r\n--b--\r\n", {"BODYSTRUCTURE", none}, {"[1]", ""}, {"[2]", NULL});
  ASK(MIXED "--b\r\n\r\n--b\r\n\r\n--b--\r\n", {"BODYSTRUCTURE", "(" PLAIN(0, 0) PLAIN(0, 0) MIXED_END},
      {"[1]", ""}, {"[2]", ""});
  ASK(MIXED "--b\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--b\r\n\r\nx\r\n--b--",
      {"BODYSTRUCTURE", "((" PLAIN(0, 0) " \"X\" (\"BOUNDARY\" \"i\") NIL NIL NIL)" PLAIN(1, 0) MIXED_END},
      {"[1]", ""}, {"[1.1]", NULL}, {"[2]", "x"});
}

static void missing_boundaries(void **state) {
  (void)state;
  /* No parameter: nothing in the body can be told apart. */
  ASK("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
      {"BODYSTRUCTURE", "(" PLAIN(0, 0) " \"MIXED\" NIL NIL NIL NIL)"}, {"[1]", NULL},
      {"[TEXT]", "--b\r\n\r\nx\r\n--b--\r\n"});
  /* The last one is missing: the part goes to the end. */
  ASK(MIXED "--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n", {"BODYSTRUCTURE", "(" PLAIN(1, 0) PLAIN(3, 1) MIXED_END},
      {"[1]", "x"}, {"[2]", "y\r\n"});
  /* RFC 2046 section 5.1.2: one of the outer multipart ends the inner one too. */
  ASK(MIXED "--b\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n"
            "--i\r\n\r\nz\r\n",
      {"BODYSTRUCTURE", "((" PLAIN(1, 0) " \"X\" (\"BOUNDARY\" \"i\") NIL NIL NIL)" PLAIN(1, 0) MIXED_END},
      {"[1]", "--i\r\n\r\nx"}, {"[1.1]", "x"}, {"[1.2]", NULL}, {"[2]", "y"}, {"[3]", NULL});
}

/* Boundaries that begin with each other. */
#define INSIDE(outer, inner)                                                                                 \
  "Content-Type: multipart/mixed; boundary=" outer "\r\n\r\n--" outer                                        \
  "\r\nContent-Type: multipart/x; boundary=" inner "\r\n\r\n--" inner "\r\n\r\n1\r\n--" inner                \
  "\r\n\r\n2\r\n--" inner "--\r\n--" outer "\r\n\r\n3\r\n--" outer "--\r\n"

static void prefix_boundaries(void **state) {
  (void)state;
  static const answer answers[] = {
      {"[1.1]", "1"}, {"[1.2]", "2"}, {"[1.3]", NULL}, {"[2]", "3"}, {"[3]", NULL}};
  static const char *const messages[] = {INSIDE("b", "bb"), INSIDE("bb", "b"),  INSIDE("b", "b-"),
                                         INSIDE("b-", "b"), INSIDE("b", "b_i"), INSIDE("=_1", "=_1_2")};
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
    expect_answers(span(messages[i]), answers, sizeof answers / sizeof *answers);
  /* RFC 2046 section 5.1.1: white space may follow. */
  ASK(MIXED "--b \t\r\n\r\nx\r\n--b-- \r\n", {"[1]", "x"}, {"[2]", NULL});
}

/* RFC 2046 section 5.1.1: preamble and epilogue belong to no part; the line end before a delimiter is its. */
static void text_after_the_last_boundary(void **state) {
  (void)state;
#define EPILOGUE "\r\nepilogue\r\n--b\r\n\r\nnot a part\r\n--b--\r\n"
  ASK(MIXED "preamble\r\n--b\r\n\r\nx\r\n\r\n--b--" EPILOGUE, {"BODYSTRUCTURE", "(" PLAIN(3, 1) MIXED_END},
      {"[1]", "x\r\n"}, {"[2]", NULL}, {"[TEXT]", "preamble\r\n--b\r\n\r\nx\r\n\r\n--b--" EPILOGUE});
  /* Of an inner multipart up to the outer's delimiter. */
  ASK(MIXED "--b\r\nContent-Type: multipart/x; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\nafter\r\n--b--\r\n",
      {"[1]", "--i\r\n\r\nx\r\n--i--\r\nafter"}, {"[1.1]", "x"}, {"[1.2]", NULL});
}

/* ---- messages that lack something ----------------------------------------------------------- */

static void no_header(void **state) {
  (void)state;
  ASK("\r\nbody\r\n", {"ENVELOPE", NO_ENVELOPE}, {"BODYSTRUCTURE", PLAIN(6, 1)}, {"RFC822.SIZE", "8"},
      {"[HEADER]", "\r\n"}, {"[TEXT]", "body\r\n"}, {"[1]", "body\r\n"}, {"[1.MIME]", "\r\n"},
      {"[HEADER.FIELDS (TO)]", "\r\n"});
  /* RFC 5322 section 2.1: the header goes up to the first empty line, whatever its lines are. */
  ASK("no colon\r\nnone: x y\r\n", {"ENVELOPE", NO_ENVELOPE}, {"BODYSTRUCTURE", PLAIN(0, 0)},
      {"[HEADER]", "no colon\r\nnone: x y\r\n"}, {"[TEXT]", ""});
  ASK("", {"ENVELOPE", NO_ENVELOPE}, {"BODYSTRUCTURE", PLAIN(0, 0)}, {"RFC822.SIZE", "0"}, {"[]", ""},
      {"[HEADER]", ""}, {"[TEXT]", ""}, {"[1]", ""}, {"[2]", NULL});
}

static void no_body(void **state) {
  (void)state;
  ASK("Subject: s\r\n\r\n", {"ENVELOPE", "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"},
      {"BODYSTRUCTURE", PLAIN(0, 0)}, {"[HEADER]", "Subject: s\r\n\r\n"}, {"[TEXT]", ""}, {"[1]", ""},
      {"RFC822.SIZE", "14"});
  ASK("Content-Type: message/rfc822\r\n\r\n",
      {"BODYSTRUCTURE",
       "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 0 " NO_ENVELOPE " " PLAIN(0, 0) " 0" BARE ")"},
      {"[1]", ""}, {"[1.HEADER]", ""}, {"[1.TEXT]", ""}, {"[1.1]", ""});
}

/* The empty line is missing too; chosen fields have one (RFC 3501 section 6.4.5). */
static void header_only(void **state) {
  (void)state;
  ASK("From: a@b\r\nSubject: s\r\n",
      {"ENVELOPE", "(NIL \"s\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                   "NIL NIL NIL NIL NIL)"},
      {"BODYSTRUCTURE", PLAIN(0, 0)}, {"[HEADER]", "From: a@b\r\nSubject: s\r\n"}, {"[TEXT]", ""},
      {"[1]", ""}, {"[HEADER.FIELDS (SUBJECT)]", "Subject: s\r\n\r\n"});
  ASK("Subject: s", {"ENVELOPE", "(NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL)"}, {"[HEADER]", "Subject: s"},
      {"[TEXT]", ""});
  /* A part that is header only. */
  ASK(MIXED "--b\r\nContent-Type: image/gif\r\n--b\r\n\r\nx\r\n--b--",
      {"BODYSTRUCTURE", "((\"IMAGE\" \"GIF\" NIL NIL NIL \"7BIT\" 0" BARE ")" PLAIN(1, 0) MIXED_END},
      {"[1]", ""}, {"[2]", "x"});
}

/* ---- octets --------------------------------------------------------------------------------- */

/* RFC 3501 section 9: no quoted string has CR in it.  In texts it is white space where it ends no line, in
 * quoted words that are no names an octet like any; and it ends no line of a body. */
static void lone_cr(void **state) {
  (void)state;
#define WITH_CR "((\"a b\" NIL {3}\r\nc\rd \"h\"))"
  ASK("Subject: a\rb\r\nMessage-ID: <\r>\r\nFrom: \"a\rb\" <\"c\rd\"@h>\r\n\r\nx\ry\r\n",
      {"ENVELOPE", "(NIL \"a b\" " WITH_CR " " WITH_CR " " WITH_CR " NIL NIL NIL NIL \"< >\")"},
      {"BODYSTRUCTURE", PLAIN(5, 1)}, {"[TEXT]", "x\ry\r\n"}, {"RFC822.SIZE", "61"});
  ASK(MIXED "--b\r\n\r\nx\r--b\r\n\r\ny\r\n--b--", {"[1]", "x\r--b\r\n\r\ny"}, {"[2]", NULL});
}

/* A line may end with LF alone, and octets are sent as they are. */
static void lone_lf(void **state) {
  (void)state;
  ASK("Subject: a\n b\nMessage-ID: <i>\n\nx\ny\n",
      {"ENVELOPE", "(NIL \"a b\" NIL NIL NIL NIL NIL NIL NIL \"<i>\")"}, {"BODYSTRUCTURE", PLAIN(4, 2)},
      {"[HEADER]", "Subject: a\n b\nMessage-ID: <i>\n\n"}, {"[TEXT]", "x\ny\n"}, {"RFC822.SIZE", "35"});
  ASK("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n\nyy\n\n--b--\n",
      {"BODYSTRUCTURE", "(" PLAIN(1, 0) PLAIN(3, 1) MIXED_END}, {"[1]", "x"}, {"[2]", "yy\n"}, {"[3]", NULL});
}

/* RFC 3501 section 9: NUL is in no string at all.  Texts go without it; sections keep their length. */
static void nul(void **state) {
  (void)state;
  static const char message[] = "Subject: a\0b\r\nFrom: \"n\0m\" <l@h>\r\nMessage-ID: <\0>\r\n"
                                "Content-Type: text/plain; charset=utf-8; x=\"y\0z\"\r\n\r\nx\0y\r\n";
#define NM "((\"nm\" NIL \"l\" \"h\"))"
  ASK_OCTETS(((imap4_str){message, sizeof message - 1}),
             {"ENVELOPE", "(NIL \"ab\" " NM " " NM " " NM " NIL NIL NIL NIL \"<>\")"},
             {"BODYSTRUCTURE",
              "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\" \"X\" \"yz\") NIL NIL \"7BIT\" 5 1" BARE ")"},
             {"[TEXT]", "x?y\r\n"}, {"[HEADER.FIELDS (SUBJECT)]", "Subject: a?b\r\n\r\n"});
}

/* RFC 3501 section 9: TEXT-CHAR is 7-bit, so what is not goes as a literal, unchanged. */
static void eight_bit_headers(void **state) {
  (void)state;
  ASK("Subject: caf\xe9\r\nFrom: J\xf6rg <j\xf6@x.\xe9>\r\nTo: a@b (\xe9)\r\nMessage-ID: <\xff>\r\n"
      "Content-Type: image/gif; name=\"\xe9\"\r\nContent-Description: \xe8\r\n"
      "Content-Disposition: inline; filename=\xe7.gif\r\n\r\nx",
      {"ENVELOPE", "(NIL {4}\r\ncaf\xe9 (({4}\r\nJ\xf6rg NIL {2}\r\nj\xf6 {3}\r\nx.\xe9)) "
                   "(({4}\r\nJ\xf6rg NIL {2}\r\nj\xf6 {3}\r\nx.\xe9)) "
                   "(({4}\r\nJ\xf6rg NIL {2}\r\nj\xf6 {3}\r\nx.\xe9)) "
                   "(({1}\r\n\xe9 NIL \"a\" \"b\")) NIL NIL NIL {3}\r\n<\xff>)"},
      {"BODYSTRUCTURE", "(\"IMAGE\" \"GIF\" (\"NAME\" {1}\r\n\xe9) NIL {1}\r\n\xe8 \"7BIT\" 1 NIL "
                        "(\"INLINE\" (\"FILENAME\" {5}\r\n\xe7.gif)) NIL NIL)"});
}

/* RFC 6532: UTF-8 in any field, and message/global, which is no message/rfc822 to clients. */
static void utf8_headers(void **state) {
  (void)state;
#define JOERG "(({5}\r\nJ\xc3\xb6rg NIL {5}\r\nj\xc3\xb6rg {8}\r\nex\xc3\xa4m.de))"
  ASK("From: J\xc3\xb6rg <j\xc3\xb6rg@ex\xc3\xa4m.de>\r\nTo: \xe7\x94\xa8@\xe4\xbe\x8b.jp\r\n"
      "Subject: Gr\xc3\xbc\xc3\x9f"
      "e\r\nContent-Type: message/global\r\n"
      "Content-Disposition: attachment; filename=\"\xc3\xa9.u8msg\"\r\n\r\nSubject: \xc3\xa9\r\n\r\n",
      {"ENVELOPE", "(NIL {7}\r\nGr\xc3\xbc\xc3\x9f"
                   "e " JOERG " " JOERG " " JOERG " ((NIL NIL {3}\r\n\xe7\x94\xa8 {6}\r\n\xe4\xbe\x8b.jp)) "
                   "NIL NIL NIL NIL)"},
      {"BODYSTRUCTURE", "(\"MESSAGE\" \"GLOBAL\" NIL NIL NIL \"7BIT\" 15 NIL "
                        "(\"ATTACHMENT\" (\"FILENAME\" {8}\r\n\xc3\xa9.u8msg)) NIL NIL)"},
      {"SEARCH CHARSET UTF-8 SUBJECT {7+}\r\ngR\xc3\x9c\xc3\x9f"
       "e",
       FOUND},
      {"SEARCH CHARSET UTF-8 FROM {9+}\r\nEX\xc3\x84M.de \r\n", MISSED},
      {"SEARCH CHARSET UTF-8 FROM {8+}\r\nEX\xc3\x84M.de", FOUND},
      {"SEARCH CHARSET UTF-8 TO {4+}\r\n\xe7\x94\xa8@", FOUND});
}

/* ---- addresses ------------------------------------------------------------------------------ */

#define TO(addresses) "(NIL NIL NIL NIL NIL (" addresses ") NIL NIL NIL NIL)"
#define ASK_TO(given, shown) ASK("To: " given "\r\n\r\n", {"ENVELOPE", TO(shown)})
#define END_OF_GROUP "(NIL NIL NIL NIL)"

/* RFC 3501 section 7.4.2: a group begins with an address without a host and ends with one of NILs. */
static void group_addresses(void **state) {
  (void)state;
  ASK_TO("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;", /* RFC 5322 appendix A.1.3 */
         "(NIL NIL \"A Group\" NIL)(\"Ed Jones\" NIL \"c\" \"a.test\")(NIL NIL \"joe\" \"where.test\")"
         "(\"John\" NIL \"jdoe\" \"one.test\")" END_OF_GROUP);
  ASK_TO("Undisclosed recipients:;", "(NIL NIL \"Undisclosed recipients\" NIL)" END_OF_GROUP);
  ASK_TO("a@b, g:;, \"q, r\": c@d;, e@f",
         "(NIL NIL \"a\" \"b\")(NIL NIL \"g\" NIL)" END_OF_GROUP
         "(NIL NIL \"q, r\" NIL)(NIL NIL \"c\" \"d\")" END_OF_GROUP "(NIL NIL \"e\" \"f\")");
  /* One that is not closed is closed for it. */
  ASK_TO("g: a@b, c@d", "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")" END_OF_GROUP);
}

/* Appendix A.5 of RFC 5322, and a name in a comment behind the address, as RFC 822 had it. */
static void rfc822_comments(void **state) {
  (void)state;
#define PETE "((\"Pete\" NIL \"pete\" \"silly.test\"))"
  ASK("From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\n"
      "To:A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
      "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n"
      "Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\r\n"
      "Date: Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
      "               -0330 (Newfoundland Time)\r\n"
      "Message-ID:              <testabcd.1234@silly.test>\r\n\r\nTesting.\r\n",
      {"ENVELOPE",
       "(\"Thu,      13        Feb          1969      23:32               -0330 (Newfoundland Time)\" "
       "NIL " PETE " " PETE " " PETE " ((NIL NIL \"A Group\" NIL)"
       "(\"Chris Jones\" NIL \"c\" \"public.example\")(NIL NIL \"joe\" \"example.org\")"
       "(\"John\" NIL \"jdoe\" \"one.test\")" END_OF_GROUP ") "
       "((NIL NIL \"Hidden recipients\" NIL)" END_OF_GROUP ") NIL NIL "
       "\"<testabcd.1234@silly.test>\")"},
      {"SEARCH SENTON 13-Feb-1969", FOUND});
  ASK_TO("ada@x.org (Ada (Countess) Lovelace)", "(\"Ada (Countess) Lovelace\" NIL \"ada\" \"x.org\")");
  ASK_TO("ada (at) @ (home) x.org", "(\"home\" NIL \"ada\" \"x.org\")");
  ASK("Content-Type: (a) text (b) / (c) html (d) ; (e) charset = (f) utf-8 (g)\r\n"
      "Content-Transfer-Encoding: (a) base64 (b)\r\nContent-Disposition: (c) inline (d)\r\n\r\n",
      {"BODYSTRUCTURE",
       "(\"TEXT\" \"HTML\" (\"CHARSET\" \"utf-8\") NIL NIL \"BASE64\" 0 0 NIL (\"INLINE\" NIL) NIL NIL)"});
}

/* Section 4.4 of RFC 5322; the route is the second member (RFC 3501 section 7.4.2, "SMTP at-domain-list"). */
static void routes(void **state) {
  (void)state;
  ASK_TO("<@a,@b:c@d>", "(NIL \"@a,@b\" \"c\" \"d\")");
  ASK_TO("N <@a.test,@b.test:c@d.test>, e@f",
         "(\"N\" \"@a.test,@b.test\" \"c\" \"d.test\")(NIL NIL \"e\" \"f\")");
  ASK_TO("<@a , (x) @b : c@d>", "(NIL \"@a,@b\" \"c\" \"d\")");
  ASK_TO("<@[1.2.3.4]:c@d>", "(NIL \"@[1.2.3.4]\" \"c\" \"d\")");
}

/* Appendix A.6 of RFC 5322. */
static void obsolete_syntax(void **state) {
  (void)state;
  ASK_TO("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
         "(\"Mary Smith\" \"@node.test\" \"mary\" \"example.net\")(NIL NIL \"jdoe\" \"test.example\")");
  ASK_TO("Joe Q. Public <john.q.public@example.com>",
         "(\"Joe Q. Public\" NIL \"john.q.public\" \"example.com\")");
#define JOHN "((\"John Doe\" NIL \"jdoe\" \"machine.example\"))"
  ASK("From  : John Doe <jdoe@machine(comment).  example>\r\nTo    : Mary Smith\r\n  \r\n"
      "          <mary@example.net>\r\nSubject     : Saying Hello\r\n"
      "Date  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\r\n"
      "Message-ID  : <1234   @   local(blah)  .machine .example>\r\n\r\nx",
      {"ENVELOPE", "(\"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600\" \"Saying Hello\" " JOHN " " JOHN
                   " " JOHN " ((\"Mary Smith\" NIL \"mary\" \"example.net\")) NIL NIL NIL "
                   "\"<1234   @   local(blah)  .machine .example>\")"},
      {"SEARCH SENTON 21-Nov-1997", FOUND},
      {"[HEADER.FIELDS (SUBJECT)]", "Subject     : Saying Hello\r\n\r\n"});
}

/* ---- dates ---------------------------------------------------------------------------------- */

static void assert_sent(const char *datez, const char *dayz) {
  char message[200], question[100];
  snprintf(message, sizeof message, "Date: %s\r\n\r\n", datez);
  snprintf(question, sizeof question, "SEARCH SENTON %s", dayz);
  ASK(message, {question, FOUND}, {"SEARCH SENTON 2-Feb-1971", MISSED});
}

/* RFC 5322 section 4.3: below 50 of this century; three digits count from 1900. */
static void two_digit_years(void **state) {
  (void)state;
  assert_sent("21 Nov 97 09:55:06 GMT", "21-Nov-1997");
  assert_sent("Sat, 01 Jan 00 00:00:00 +0000", "1-Jan-2000");
  assert_sent("1 Feb 49 00:00 GMT", "1-Feb-2049");
  assert_sent("1 Feb 50 00:00 GMT", "1-Feb-1950");
  assert_sent("31 Dec 99 23:59:59 -0800", "31-Dec-1999");
  assert_sent("1 Feb 103 00:00:00 +0000", "1-Feb-2003");
}

/* RFC 5322 section 4.3.  SEARCH disregards zones (RFC 3501 section 6.4.4), so what is to be seen is that
 * the date is one; what time it means, hosts see. */
static void obsolete_zones(void **state) {
  (void)state;
  static const struct {
    const char *zonez;
    int32_t minutes;
  } zones[] = {{"UT", 0},     {"GMT", 0},    {"EST", -300}, {"EDT", -240},  {"CST", -360},
               {"CDT", -300}, {"MST", -420}, {"MDT", -360}, {"PST", -480},  {"PDT", -420},
               {"Z", 0},      {"A", 0},      {"k", 0},      {"Y", 0},       {"MEZ", 0},
               {"", 0},       {"-0000", 0},  {"+0100", 60}, {"-0330", -210}};
  for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
    char message[100];
    imap4_mime *mime;
    imap4_date date;
    snprintf(message, sizeof message, "Sat, 1 Feb 2003 23:30:00 %s", zones[i].zonez);
    assert_sent(message, "1-Feb-2003");
    snprintf(message, sizeof message, "Date: 2 Jan 1970 00:00:00 %s\r\n\r\n", zones[i].zonez);
    assert_int_equal(imap4_mime_new(NULL, NULL, NULL, &mime), IMAP4_OK);
    assert_int_equal(imap4_mime_feed(mime, message, strlen(message)), IMAP4_OK);
    assert_int_equal(imap4_mime_finish(mime), IMAP4_OK);
    assert_int_equal(imap4_mime_date(mime, &date), IMAP4_OK);
    assert_int_equal(date.present, 1);
    assert_int_equal(date.seconds, 86400 - 60 * zones[i].minutes);
    assert_int_equal(date.zone_minutes, zones[i].minutes);
    imap4_mime_free(mime);
  }
}

/* ---- RFC 2231 and RFC 2047 ------------------------------------------------------------------ */

#define ASK_TYPE(given, shown)                                                                               \
  ASK("Content-Type: " given "\r\n\r\n", {"BODYSTRUCTURE", "(" shown " NIL NIL \"7BIT\" 0" BARE ")"})

/* RFC 2231 section 3, and section 6: servers put them together. */
static void rfc2231_continuations(void **state) {
  (void)state;
  ASK_TYPE("message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n"
           " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
           "\"MESSAGE\" \"EXTERNAL-BODY\" (\"ACCESS-TYPE\" \"URL\" \"URL\" "
           "\"ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\")");
  /* In any order (section 3), by number, not by place. */
  ASK_TYPE("a/b; n*2=c; n*10=k; n*1=b; n*0=a; n*3=d; n*4=e; n*5=f; n*6=g; n*7=h; n*8=i; n*9=j",
           "\"A\" \"B\" (\"N\" \"abcdefghijk\")");
  /* With one missing there is nothing that can be put together. */
  ASK_TYPE("a/b; n*0=a; n*2=c", "\"A\" \"B\" (\"N*0\" \"a\" \"N*2\" \"c\")");
  ASK("Content-Type: multipart/mixed; boundary*1=z; boundary*0=\"y \"\r\n\r\n--y z\r\n\r\nx\r\n--y z--",
      {"BODYSTRUCTURE", "(" PLAIN(1, 0) " \"MIXED\" (\"BOUNDARY\" \"y z\") NIL NIL NIL)"}, {"[1]", "x"});
}

/* RFC 2231 sections 4 and 4.1: the client decodes, as it alone sees the charset. */
static void rfc2231_charsets(void **state) {
  (void)state;
  ASK_TYPE("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
           "\"APPLICATION\" \"X-STUFF\" (\"TITLE*\" \"us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A\")");
  ASK_TYPE("application/x-stuff;\r\n title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
           " title*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n title*2=\"isn't it!\"",
           "\"APPLICATION\" \"X-STUFF\" (\"TITLE*\" "
           "\"us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn't it!\")");
  ASK("Content-Type: image/gif\r\nContent-Disposition: attachment; filename=e.gif; "
      "filename*=utf-8''%C3%A9.gif"
      "\r\n\r\n",
      {"BODYSTRUCTURE",
       "(\"IMAGE\" \"GIF\" NIL NIL NIL \"7BIT\" 0 NIL (\"ATTACHMENT\" (\"FILENAME\" \"e.gif\" "
       "\"FILENAME*\" \"utf-8''%C3%A9.gif\")) NIL NIL)"});
  /* SEARCH decodes by it. */
  ASK("Content-Type: text/plain; charset*=us-ascii'en'iso-8859-1\r\n\r\ncaf\xe9",
      {"SEARCH CHARSET UTF-8 BODY {5+}\r\nCaf\xc3\xa9", FOUND});
}

#define ASK_SUBJECT(given, ...)                                                                              \
  ASK("Subject: " given "\r\n\r\n", {"ENVELOPE", "(NIL \"" given "\" NIL NIL NIL NIL NIL NIL NIL NIL)"},     \
      __VA_ARGS__)
#define UTF8 "SEARCH CHARSET UTF-8 "

/* ENVELOPE does not decode (RFC 3501 section 7.4.2 is silent; clients do); SEARCH decodes what is one, and
 * finds what is none as it stands. */
static void rfc2047_misused_in_subjects(void **state) {
  (void)state;
  ASK_SUBJECT("=?utf-8?q?a?==?utf-8?q?b?=", {"SEARCH SUBJECT ab", FOUND}); /* nothing between them */
  ASK_SUBJECT("x=?utf-8?q?a?=y", {"SEARCH SUBJECT xay", FOUND});           /* nothing around it */
  ASK_SUBJECT("=?utf-8?q?two words?=", {"SEARCH SUBJECT \"two words\"", FOUND});
  ASK_SUBJECT("=?utf-8*de?Q?gr=C3=BCn?=",
              {UTF8 "SUBJECT {5+}\r\ngr\xc3\xbcn", FOUND});                      /* RFC 2231 section 5 */
  ASK_SUBJECT("=?utf-8?x?abc?=", {"SEARCH SUBJECT \"=?utf-8?x?abc?=\"", FOUND}); /* no such encoding */
  ASK_SUBJECT("=?utf-8?q?abc", {"SEARCH SUBJECT \"=?utf-8?q?abc\"", FOUND});
  ASK_SUBJECT("=?utf-8?q?abc? =", {"SEARCH SUBJECT \"?abc? =\"", FOUND});
  ASK_SUBJECT("=??q?abc?=", {"SEARCH SUBJECT \"=??q?abc?=\"", FOUND});
  ASK_SUBJECT("=?utf-8?q?\?= empty", {"SEARCH SUBJECT empty", FOUND});
  ASK_SUBJECT("=?utf-8?b?Z3L8?= x =?utf-8?b?!!?= y", {"SEARCH SUBJECT gr", FOUND},
              {"SEARCH SUBJECT \" y\"", FOUND});
  ASK_SUBJECT("=?utf-8?q?=ZZ=4?= x", {"SEARCH SUBJECT =zz=4", FOUND});
  ASK_SUBJECT("=?nowhere?q?ab?=", {"SEARCH SUBJECT ab", FOUND}); /* no such charset */
  /* Longer than 75 octets, which section 2 forbids. */
  ASK_SUBJECT("=?utf-8?q?0123456789012345678901234567890123456789012345678901234567890123456789012345678_9?=",
              {"SEARCH SUBJECT \"78 9\"", FOUND});
  /* Section 5 forbids half a character; neither half is the character. */
  ASK_SUBJECT("=?utf-8?q?a=C3?= =?utf-8?q?=BCb?=", {UTF8 "SUBJECT {2+}\r\n\xc3\xbc", MISSED},
              {UTF8 "SUBJECT {3+}\r\n\xef\xbf\xbd", FOUND});
  /* White space between two is dropped, folds too; between one and a word it is not (section 6.2). */
  ASK("Subject: =?utf-8?q?a?=\r\n \t=?utf-8?b?Yg==?= c\r\n\r\n", {"SEARCH SUBJECT \"ab c\"", FOUND},
      {"ENVELOPE", "(NIL \"=?utf-8?q?a?= =?utf-8?b?Yg==?= c\" NIL NIL NIL NIL NIL NIL NIL NIL)"});
}

/* RFC 2047 section 5 forbids them in quoted strings, addresses, message IDs and parameters. */
static void rfc2047_misused_elsewhere(void **state) {
  (void)state;
#define ADDRESS "((\"=?utf-8?q?J=C3=B6rg?= X\" NIL \"=?utf-8?q?j?=\" \"x.org\"))"
  ASK("From: \"=?utf-8?q?J=C3=B6rg?= X\" <=?utf-8?q?j?=@x.org>\r\n"
      "Cc: a@b (=?utf-8?q?(c)?=)\r\nMessage-ID: =?utf-8?q?<i>?=\r\n"
      "Content-Type: image/gif; name=\"=?utf-8?q?a=20b?=.gif\"\r\n"
      "Content-Description: =?utf-8?q?c=20d?=\r\n"
      "Content-Disposition: attachment; filename==?utf-8?q?a_b?=\r\n\r\n",
      {"ENVELOPE", "(NIL NIL " ADDRESS " " ADDRESS " " ADDRESS " NIL "
                   "((\"=?utf-8?q?(c)?=\" NIL \"a\" \"b\")) NIL NIL \"=?utf-8?q?<i>?=\")"},
      {"BODYSTRUCTURE", "(\"IMAGE\" \"GIF\" (\"NAME\" \"=?utf-8?q?a=20b?=.gif\") NIL \"=?utf-8?q?c=20d?=\" "
                        "\"7BIT\" 0 NIL (\"ATTACHMENT\" (\"FILENAME\" \"=?utf-8?q?a_b?=\")) NIL NIL)"},
      {UTF8 "FROM {7+}\r\nJ\xc3\xb6rg x", FOUND}, {"SEARCH CC \"(c)\"", FOUND},
      {"SEARCH TEXT \"a b\"", FOUND});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bodystructure_has_all_extension_data),
      cmocka_unit_test(extension_data_is_there_when_it_is_nil),
      cmocka_unit_test(mime_of_message_parts),
      cmocka_unit_test(sections_inside_nested_messages),
      cmocka_unit_test(empty_multiparts),
      cmocka_unit_test(missing_boundaries),
      cmocka_unit_test(prefix_boundaries),
      cmocka_unit_test(text_after_the_last_boundary),
      cmocka_unit_test(no_header),
      cmocka_unit_test(no_body),
      cmocka_unit_test(header_only),
      cmocka_unit_test(lone_cr),
      cmocka_unit_test(lone_lf),
      cmocka_unit_test(nul),
      cmocka_unit_test(eight_bit_headers),
      cmocka_unit_test(utf8_headers),
      cmocka_unit_test(group_addresses),
      cmocka_unit_test(rfc822_comments),
      cmocka_unit_test(routes),
      cmocka_unit_test(obsolete_syntax),
      cmocka_unit_test(two_digit_years),
      cmocka_unit_test(obsolete_zones),
      cmocka_unit_test(rfc2231_continuations),
      cmocka_unit_test(rfc2231_charsets),
      cmocka_unit_test(rfc2047_misused_in_subjects),
      cmocka_unit_test(rfc2047_misused_elsewhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
