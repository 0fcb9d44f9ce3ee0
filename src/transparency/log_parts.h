/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the server's log share. */
#ifndef KITH_TRANSPARENCY_LOG_PARTS_H
#define KITH_TRANSPARENCY_LOG_PARTS_H

#include "transparency/algorithm.h"
#include "transparency/bridge.h"
#include "transparency/log.h"

struct kt_log {
    const kith_alloc *alloc;
    kt_log_setup setup;
    uint64_t size;
    uint8_t signature[KT_SIGNATURE_LEN];
    bool has_auditor;
    uint64_t auditor_timestamp;
    uint64_t auditor_size;
    uint8_t auditor_signature[KT_SIGNATURE_LEN];
    kt_walk walk; /* of the answer that is being made */
};

kt_tree kt_log_tree(const kt_log *log);
/* Signs the head of the first `size` entries, which the store holds, and makes them the log. */
KITH_MUST_USE kith_err kt_log_sign(kt_log *log, uint64_t size);
/* The entry of the log for witnesses at a position that the store holds. */
KITH_MUST_USE kith_err kt_log_bridge_entry(const kt_log *log, uint64_t position,
                                           kt_bridge_entry *out);
/* Adds the entry at `position`, which the store holds, to the log for witnesses. */
KITH_MUST_USE kith_err kt_log_bridge_add(const kt_log *log, uint64_t position);

/* How many versions of the label existed in the entry at `position`. */
KITH_MUST_USE kith_err kt_log_count_at(const kt_log *log, kith_bytes label, uint64_t position,
                                       uint64_t *out);

#endif
