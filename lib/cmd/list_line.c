/* SPDX-License-Identifier: MIT */
/* A response of LIST and LSUB (RFC 3501 sections 7.2.2 and 7.2.3, RFC 5258 section 6, RFC 6154). */
#include "cmd/list_line.h"

#include "wire/writer.h"

static bool put_attribute(imap4i_buf *out, imap4_str word, bool set, bool *any) {
  if (!set) return true;
  bool ok = !*any || imap4i_buf_putc(out, ' ');
  *any = true;
  return ok && imap4i_buf_puts(out, word);
}

/* \NonExistent is for clients that know the extended form; it says \Noselect too (RFC 5258 section 3). */
static bool put_kind(imap4i_buf *out, const imap4i_list_line *line, bool *any) {
  bool missing = (line->attributes & IMAP4_MAILBOX_NONEXISTENT) != 0;
  /* One of the two, since the first says the second. */
  bool no_select = missing ? !line->extended : (line->attributes & IMAP4_MAILBOX_NOSELECT) != 0;
  bool marks = !no_select && !missing;
  return put_attribute(out, IMAP4I_S("\\NonExistent"), missing && line->extended, any) &&
         put_attribute(out, IMAP4I_S("\\Noselect"), no_select, any) &&
         put_attribute(out, IMAP4I_S("\\Noinferiors"), line->attributes & IMAP4_MAILBOX_NOINFERIORS, any) &&
         put_attribute(out, IMAP4I_S("\\Marked"), marks && line->attributes & IMAP4_MAILBOX_MARKED, any) &&
         put_attribute(out, IMAP4I_S("\\Unmarked"), marks && line->attributes & IMAP4_MAILBOX_UNMARKED, any);
}

static bool put_relations(imap4i_buf *out, const imap4i_list_line *line, bool *any) {
  bool subscribed = line->tells_subscribed && line->attributes & IMAP4_MAILBOX_SUBSCRIBED;
  bool tells_children = line->tells_children && !(line->attributes & IMAP4_MAILBOX_NOINFERIORS);
  return put_attribute(out, IMAP4I_S("\\Subscribed"), subscribed, any) &&
         put_attribute(out, IMAP4I_S("\\Remote"), line->attributes & IMAP4_MAILBOX_REMOTE, any) &&
         put_attribute(out, IMAP4I_S("\\HasChildren"), tells_children && line->children, any) &&
         put_attribute(out, IMAP4I_S("\\HasNoChildren"), tells_children && !line->children, any);
}

/* Mail programs use these only if they come unasked in the plain form. */
static bool put_uses(imap4_session *s, const imap4i_list_line *line, bool *any) {
  bool shown = !line->lsub && imap4i_has(s, IMAP4_FEATURE_SPECIAL_USE);
  bool ok = true;
  for (size_t i = 0; shown && ok && imap4i_special_uses[i].bit; i++) {
    const imap4i_special_use *use = &imap4i_special_uses[i];
    ok = put_attribute(&s->out, use->name, line->attributes & use->bit, any);
  }
  return ok;
}

/* What was asked for is named: it tells this answer from that to another question. */
static bool put_child_match(imap4i_buf *out, uint32_t select) {
  bool subscribed = (select & IMAP4I_LIST_SUBSCRIBED) != 0;
  bool uses = (select & IMAP4I_LIST_SPECIAL_USE) != 0;
  bool ok = imap4i_buf_puts(out, IMAP4I_S(" (\"CHILDINFO\" ("));
  if (subscribed) ok = ok && imap4i_buf_puts(out, IMAP4I_S("\"SUBSCRIBED\""));
  if (subscribed && uses) ok = ok && imap4i_buf_putc(out, ' ');
  if (uses) ok = ok && imap4i_buf_puts(out, IMAP4I_S("\"SPECIAL-USE\""));
  return ok && imap4i_buf_puts(out, IMAP4I_S("))"));
}

bool imap4i_put_list_line(imap4_session *s, const imap4i_list_line *line) {
  imap4i_buf *out = &s->out;
  bool any = false;
  return imap4i_buf_puts(out, line->lsub ? IMAP4I_S("* LSUB (") : IMAP4I_S("* LIST (")) &&
         put_kind(out, line, &any) && put_relations(out, line, &any) && put_uses(s, line, &any) &&
         imap4i_buf_puts(out, IMAP4I_S(") ")) && imap4i_put_quoted(out, imap4i_str(&s->delimiter, 1)) &&
         imap4i_buf_putc(out, ' ') && imap4i_put_mailbox(out, line->name, imap4i_speaks_utf8(s)) &&
         (!line->child_match || put_child_match(out, line->child_match)) &&
         imap4i_buf_puts(out, IMAP4I_S("\r\n"));
}
