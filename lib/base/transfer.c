/* SPDX-License-Identifier: MIT */
/* Content-Transfer-Encoding; see transfer.h. */
#include "base/transfer.h"

bool imap4i_transfer_init(imap4i_transfer *transfer, imap4_str encoding) {
  memset(transfer, 0, sizeof *transfer);
  if (imap4i_ieq(encoding, IMAP4I_S("base64"))) {
    transfer->kind = IMAP4I_TRANSFER_BASE64;
    return true;
  }
  if (imap4i_ieq(encoding, IMAP4I_S("quoted-printable"))) {
    transfer->kind = IMAP4I_TRANSFER_QP;
    return true;
  }
  transfer->kind = IMAP4I_TRANSFER_IDENTITY;
  return encoding.n == 0 || imap4i_has_word(IMAP4I_S("7bit 8bit binary"), encoding);
}

bool imap4i_transfer_feed(imap4i_transfer *state, imap4i_flow *flow) {
  switch (state->kind) {
  case IMAP4I_TRANSFER_BASE64:
    return imap4i_base64_feed(&state->state.base64, flow);
  case IMAP4I_TRANSFER_QP:
    return imap4i_qp_feed(&state->state.qp, flow);
  default:
    imap4i_flow_pass(flow, imap4i_min(flow->in.n, flow->room));
    return flow->in.n == 0;
  }
}
