/* SPDX-License-Identifier: MIT */
/*
 * Mailbox names of commands: modified UTF-7 or plain UTF-8 on the wire (RFC 3501 section 5.1.3), UTF-8
 * inside. A name that passes here keeps what store.h promises of names; what the commands add (INBOX can't be
 * created and so on) is theirs.
 */
#include "base/utf7.h"
#include "base/utf8.h"
#include "wire/parse_base.h"

/* A character of 2 octets in UTF-8 takes 5 in modified UTF-7 ("&AOk-"), "&" takes 2: what is more than three
 * times as long as a name may be is too long, whatever it says. */
#define LONGEST_ENCODING 3

#define BYTE_ORDER_MARK IMAP4I_S("\xef\xbb\xbf")

static bool is_ascii(imap4_str s) {
  for (size_t i = 0; i < s.n; i++) {
    if ((unsigned char)s.p[i] >= 0x80) return false;
  }
  return true;
}

/* Raw UTF-8 without characters that no name may have. */
static bool is_utf8_name(imap4_str s) {
  while (s.n > 0) {
    uint32_t cp = 0;
    int n = imap4i_utf8_decode(s, &cp);
    if (n <= 0 || !imap4i_is_name_char(cp)) return false;
    s = imap4i_tail(s, (size_t)n);
  }
  return true;
}

/* To UTF-8, which it is already where UTF8=ACCEPT is enabled: "&" stands for itself then.  |valid| is false,
 * and |*s| as it was, if it is neither valid modified UTF-7 nor UTF-8. */
static int decode(imap4i_parser *parser, imap4_str *s, bool *valid) {
  imap4i_buf buf;
  *valid = true;
  if (parser->utf8 || !is_ascii(*s)) {
    *valid = is_utf8_name(*s);
    return IMAP4_OK;
  }
  /* Nine octets at most come out of eight. */
  if (!imap4i_arena_buf(parser->arena, s->n + s->n / 8 + 8, &buf)) return IMAP4_ERR_NOMEM;
  int status = imap4i_utf7_decode(*s, &buf);
  if (status == IMAP4_OK) *s = imap4i_buf_str(&buf);
  *valid = status == IMAP4_OK;
  return status == IMAP4_ERR_NOMEM ? status : IMAP4_OK;
}

/* Whether there is nothing before, between or after delimiters; with |create| nothing after the last one is
 * fine. */
static bool has_empty_level(imap4_str name, char delimiter, bool create) {
  bool empty = true;
  for (size_t i = 0; i < name.n; i++) {
    if (name.p[i] != delimiter) {
      empty = false;
    } else if (empty) {
      return true;
    } else {
      empty = true;
    }
  }
  return empty && !create;
}

/* Whether the first level is INBOX in any case; |alone|: also when the name ends there. */
static bool begins_with_inbox(imap4_str name, char delimiter, bool alone) {
  imap4_str inbox = IMAP4I_S("INBOX");
  if (!imap4i_istarts(name, inbox)) return false;
  return name.n == inbox.n ? alone : name.p[inbox.n] == delimiter;
}

static int upper_inbox(imap4i_parser *parser, imap4_str *name) {
  imap4_str inbox = IMAP4I_S("INBOX");
  char *copy = imap4i_arena_alloc(parser->arena, name->n);
  if (!copy) return IMAP4_ERR_NOMEM;
  memcpy(copy, name->p, name->n);
  memcpy(copy, inbox.p, inbox.n);
  *name = imap4i_str(copy, name->n);
  return IMAP4_OK;
}

static int refuse_name(imap4i_parser *parser, const char *textz) {
  return imap4i_no(parser, "CANNOT", textz);
}

int imap4i_take_mailbox(imap4i_parser *parser, bool create, imap4_str *name) {
  bool valid = false;
  int status = imap4i_take_astring(parser, "Expected a mailbox name", name);
  if (status != IMAP4_OK) return status;
  if (name->n == 0) return refuse_name(parser, "The mailbox name is empty");
  if (name->n / LONGEST_ENCODING > parser->limits->mailbox_octets) {
    return refuse_name(parser, "The mailbox name is too long");
  }
  status = decode(parser, name, &valid);
  if (status != IMAP4_OK) return status;
  if (!valid)
    return refuse_name(
        parser, parser->utf8 ? "The mailbox name is not valid UTF-8 or has control characters"
                             : "The mailbox name is not valid modified UTF-7 or has control characters");
  if (name->n > parser->limits->mailbox_octets) return refuse_name(parser, "The mailbox name is too long");
  if (create && imap4i_istarts(*name, BYTE_ORDER_MARK)) /* RFC 5198 section 2 */
    return refuse_name(parser, "The mailbox name begins with a byte order mark");
  if (!create && parser->trailing_delimiter && name->n > 1 && name->p[name->n - 1] == parser->delimiter)
    name->n--;
  if (has_empty_level(*name, parser->delimiter, create)) {
    return refuse_name(parser, "The mailbox name has an empty level of hierarchy");
  }
  return begins_with_inbox(*name, parser->delimiter, true) ? upper_inbox(parser, name) : IMAP4_OK;
}

/* Wildcards can stand for nothing, so a name may be shorter than a pattern that it matches.  There is no use
 * for more of them than a name can have octets. */
static bool pattern_fits(imap4_str s, uint64_t mailbox_octets) {
  uint64_t wildcards = 0;
  for (size_t i = 0; i < s.n; i++)
    wildcards += s.p[i] == '%' || s.p[i] == '*';
  return wildcards <= mailbox_octets && s.n - wildcards <= mailbox_octets;
}

/* Octets of a reference or pattern to UTF-8; what is not valid stays as it is and matches as such. */
static int decode_pattern(imap4i_parser *parser, imap4_str *s, bool *fits) {
  bool valid = false;
  *fits = s->n / LONGEST_ENCODING <= parser->limits->mailbox_octets;
  if (s->n == 0 || !*fits) return IMAP4_OK;
  int status = decode(parser, s, &valid);
  *fits = pattern_fits(*s, parser->limits->mailbox_octets);
  return status;
}

static bool is_list_char(char c) {
  return c == '%' || c == '*' || imap4i_is_astring_char(c);
}

int imap4i_take_reference(imap4i_parser *parser, imap4_str *reference, bool *fits) {
  int status = imap4i_take_astring(parser, "Expected a reference name, for example \"\"", reference);
  if (status == IMAP4_OK) status = decode_pattern(parser, reference, fits);
  if (status != IMAP4_OK) return status;
  bool inbox = begins_with_inbox(*reference, parser->delimiter, false);
  return inbox ? upper_inbox(parser, reference) : IMAP4_OK;
}

int imap4i_take_pattern(imap4i_parser *parser, imap4_str reference, imap4_str *pattern, bool *fits) {
  const char *start = parser->p;
  int status = IMAP4_OK;
  while (parser->p < parser->end && is_list_char(*parser->p)) {
    parser->p++;
  }
  *pattern = imap4i_str(start, (size_t)(parser->p - start));
  if (pattern->n == 0) status = imap4i_take_string(parser, "Expected a mailbox name or pattern", pattern);
  if (status == IMAP4_OK) status = decode_pattern(parser, pattern, fits);
  if (status != IMAP4_OK) return status;
  bool inbox = reference.n == 0 && begins_with_inbox(*pattern, parser->delimiter, true);
  return inbox ? upper_inbox(parser, pattern) : IMAP4_OK;
}
