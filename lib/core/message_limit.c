/* SPDX-License-Identifier: MIT */
/*
 * MESSAGELIMIT and SAVELIMIT (RFC 9738): how many messages one command may be about.  A command that names
 * more is done for those with the highest UIDs, and its OK says where that was; what has to be whole, COPY
 * and APPEND, is not done at all.
 */
#include "core/dispatch.h"
#include "wire/writer.h"

uint32_t imap4i_message_limit(const imap4_session *s) {
  return imap4i_has(s, IMAP4_FEATURE_MESSAGELIMIT) ? s->limits->command_messages : 0;
}

uint32_t imap4i_save_limit(const imap4_session *s) {
  bool masked = ((s->server->features_off | s->features_off) & IMAP4_FEATURE_MESSAGELIMIT) != 0;
  if (masked) return 0;
  return s->limits->command_messages > 0 ? s->limits->command_messages : s->limits->save_messages;
}

void imap4i_limit_messages(imap4i_command *c, imap4i_uidset *uids) {
  uint32_t most = imap4i_message_limit(c->s);
  if (most == 0 || imap4i_ranges_count(imap4i_uidset_ranges(uids)) <= most) return;
  imap4i_uidset_keep_highest(uids, most);
  c->lowest_uid = uids->p[0].first;
}

bool imap4i_put_message_limit(imap4i_buf *buf, uint32_t limit, uint32_t uid) {
  return imap4i_buf_puts(buf, IMAP4I_S("MESSAGELIMIT ")) && imap4i_buf_put_u64(buf, limit) &&
         (uid == 0 || (imap4i_buf_putc(buf, ' ') && imap4i_buf_put_u64(buf, uid)));
}

int imap4i_reply_too_many(imap4i_command *c, uint32_t limit, uint32_t uid) {
  imap4i_buf buf;
  imap4i_buf_init(&buf, &c->s->mem, SIZE_MAX);
  bool ok = imap4i_put_message_limit(&buf, limit, uid);
  imap4_str code = ok ? imap4i_arena_str(&c->arena, imap4i_buf_str(&buf), &ok) : IMAP4I_S("");
  imap4i_buf_free(&buf);
  c->lowest_uid = 0;
  return imap4i_reply(c, IMAP4I_NO, ok ? code : IMAP4I_S("LIMIT"), IMAP4I_S("Too many messages at once"));
}
