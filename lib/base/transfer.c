/* SPDX-License-Identifier: MIT */
/* Transfer decoding; see transfer.h. */
#include "base/transfer.h"

void imap4i_transfer_begin(imap4i_transfer *transfer, int kind) {
  memset(transfer, 0, sizeof *transfer);
  transfer->kind = kind;
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
