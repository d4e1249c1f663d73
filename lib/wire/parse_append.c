/* SPDX-License-Identifier: MIT */
/*
 * Arguments of APPEND and MULTIAPPEND (RFC 3502), up to the marker of a message's literal, which is the end
 * of the text: the message itself streams past the parser.
 */
#include "wire/parse_base.h"

/* Whether a marker stands here: that of a literal or of a literal8 (RFC 3516). */
static bool next_is_marker(const imap4i_parser *parser) {
  return imap4i_next_is(parser, '{') || imap4i_next_is(parser, '~');
}

/* The marker that ends the text. */
static int take_marker(imap4i_parser *parser, imap4i_append_message *message) {
  message->binary = imap4i_take_char(parser, '~');
  imap4_str rest = imap4i_str(parser->p, (size_t)(parser->end - parser->p));
  if (!imap4i_next_is(parser, '{')) return imap4i_bad(parser, "Expected a literal with the message");
  if (!imap4i_find_literal(rest, &message->size, &message->sync) || memchr(rest.p + 1, '{', rest.n - 1)) {
    return imap4i_bad(parser, "Invalid literal: expected {n} or {n+} at the end of the line");
  }
  parser->p = parser->end;
  return IMAP4_OK;
}

/* "UTF8" SP "(" of RFC 6855, which RFC 9755 has taken away; clients go on to send it. */
static int take_utf8(imap4i_parser *parser, imap4i_append_message *message) {
  if (!imap4i_next_is(parser, 'U') && !imap4i_next_is(parser, 'u')) return IMAP4_OK;
  if (!imap4i_ieq(imap4i_take_atom(parser), IMAP4I_S("UTF8")))
    return imap4i_bad(parser, "Expected a literal with the message");
  int status = imap4i_take_space(parser, "Missing literal with the message after UTF8");
  if (status != IMAP4_OK) return status;
  message->closes = imap4i_take_char(parser, '(');
  if (message->closes && imap4i_next_is(parser, '~')) return IMAP4_OK;
  return imap4i_bad(parser, "Expected a literal8 in parentheses after UTF8");
}

/* [flag-list SP] [date-time SP] marker.  The space before the marker may be missing, as some clients send
 * it. */
static int take_message(imap4i_parser *parser, imap4i_append_message *message) {
  int status = IMAP4_OK;
  *message = (imap4i_append_message){.flags.keywords = {"", 0}};
  if (imap4i_next_is(parser, '(')) {
    status = imap4i_take_flags(parser, true, &message->flags);
    if (status == IMAP4_OK && !next_is_marker(parser)) {
      status = imap4i_take_space(parser, "Missing literal with the message after the flags");
    }
  }
  if (status == IMAP4_OK && imap4i_next_is(parser, '"')) {
    status = imap4i_take_date_time(parser, &message->date);
    if (status == IMAP4_OK && !next_is_marker(parser)) {
      status = imap4i_take_space(parser, "Missing literal with the message after the date-time");
    }
  }
  if (status == IMAP4_OK) status = take_utf8(parser, message);
  return status == IMAP4_OK ? take_marker(parser, message) : status;
}

/* Whether the text that is left is a marker and nothing else: a literal that was not read yet. */
static bool only_marker_left(const imap4i_parser *parser) {
  imap4_str rest = imap4i_str(parser->p, (size_t)(parser->end - parser->p));
  uint64_t size = 0;
  bool sync = false;
  return imap4i_next_is(parser, '{') && imap4i_find_literal(rest, &size, &sync) &&
         !memchr(rest.p + 1, '{', rest.n - 1);
}

int imap4i_parse_append(imap4i_parser *parser, imap4i_args *args, bool *complete) {
  imap4i_append_args *a = &args->append;
  *complete = true;
  int status = imap4i_take_space(parser, "Missing mailbox name");
  if (status != IMAP4_OK) return status;
  if (only_marker_left(parser)) {
    *complete = false;
    return IMAP4_OK;
  }
  status = imap4i_take_mailbox(parser, false, &a->name);
  if (status == IMAP4_OK && !next_is_marker(parser)) {
    status = imap4i_take_space(parser, "Missing literal with the message after the mailbox name");
  }
  return status == IMAP4_OK ? take_message(parser, &a->message) : status;
}

int imap4i_parse_replace(imap4i_parser *parser, imap4i_args *args, bool *complete) {
  imap4i_set *set = &args->append.replaces;
  *complete = true;
  int status = imap4i_take_space(parser, "Missing number of the message to be replaced");
  if (status == IMAP4_OK) status = imap4i_take_set(parser, set);
  if (status != IMAP4_OK) return status;
  if (set->n != 1 || set->p[0].first != set->p[0].last)
    return imap4i_bad(parser, "Only one message can be replaced");
  return imap4i_parse_append(parser, args, complete);
}

int imap4i_parse_append_next(imap4i_parser *parser, imap4i_append_message *message, bool *more) {
  bool closed = !message->closes || imap4i_take_char(parser, ')');
  *more = !imap4i_at_end(parser);
  if (!closed) return imap4i_bad(parser, "Expected ) after the message");
  if (!*more) return imap4i_take_end(parser);
  int status = imap4i_take_space(parser, "Expected a space or the end of the command after the message");
  return status == IMAP4_OK ? take_message(parser, message) : status;
}
