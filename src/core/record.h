/* SPDX-License-Identifier: MPL-2.0 */
/* The stored forms of conversations, wishes and changes that wait. Private to core. */
#ifndef KITH_CORE_RECORD_H
#define KITH_CORE_RECORD_H

#include "core/conv.h"

/* All decoders: UNSUPPORTED: written by a later version; MALFORMED: damaged. */

KITH_MUST_USE kith_err core_record_encode(kith_buf *out, const core_conv *conv);
/* Fills an empty conversation that has its id and the roster's allocator. */
KITH_MUST_USE kith_err core_record_decode(kith_bytes bytes, core_conv *conv);

KITH_MUST_USE kith_err core_wish_encode(kith_buf *out, const core_wish *wish);
KITH_MUST_USE kith_err core_wish_decode(kith_bytes bytes, core_wish *out);

/* An own commit, or the proposal to leave, as it goes on the wire. Decoded, it borrows. */
typedef struct core_change_record {
    bool is_proposal;
    uint8_t append_id[CORE_APPEND_LEN];
    uint8_t token[CORE_TOKEN_LEN]; /* of the epoch that it ends */
    uint64_t parent;
    uint8_t next_token_hash[PROTO_ID_LEN];
    uint16_t readers;
    kith_bytes message;
    kith_bytes welcome;
    kith_bytes joiners; /* account_id[32]; device_id[16] each */
} core_change_record;
KITH_MUST_USE kith_err core_change_encode(kith_buf *out, const core_change_record *change);
KITH_MUST_USE kith_err core_change_decode(kith_bytes bytes, core_change_record *out);

#endif
