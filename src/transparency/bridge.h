/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The log for witnesses: one RFC 6962 log beside the key transparency log, with one entry of 72 bytes for each entry
 * there: timestamp, prefix root, and the root of the log tree that ends with it. Its root therefore commits to all heads
 * that the key transparency log ever had, and existing witnesses can cosign it. docs/transparency.md has the forms.
 */
#ifndef KITH_TRANSPARENCY_BRIDGE_H
#define KITH_TRANSPARENCY_BRIDGE_H

#include "transparency/checkpoint.h"
#include "transparency/log.h"
#include "transparency/merkle.h"

#define KT_BRIDGE_ENTRY_LEN (8u + 2u * KT_HASH_LEN)

typedef struct kt_bridge_entry {
    kt_entry entry;
    kt_hash root; /* of the log tree that ends with the entry */
} kt_bridge_entry;

/* Appends its KT_BRIDGE_ENTRY_LEN bytes. */
KITH_API KITH_MUST_USE kith_err kt_bridge_entry_write(kith_writer *w, const kt_bridge_entry *entry);
/* Its leaf in the log for witnesses. */
KITH_API KITH_MUST_USE kith_err kt_bridge_leaf(crypto *c, const kt_bridge_entry *entry,
                                               kt_hash *out);

/* Appends the origin of the log: "kith.log/" and in hexadecimal `id`, which is different for each log (in Kith the hash
 * of what a server signs about its log). It is the name of the key that signs its checkpoints, too. */
KITH_API KITH_MUST_USE kith_err kt_bridge_origin(const uint8_t id[KT_HASH_LEN], kith_buf *out);
/* That key: the signature key of the configuration, under that name. */
KITH_API KITH_MUST_USE kith_err kt_bridge_key(crypto *c, const uint8_t id[KT_HASH_LEN],
                                              const kt_config *config, kt_note_key *out);

/* ---- The server's side: what its log has beside itself, since kt_log_append keeps it ---- */

/* The root after the first `size` entries. INVALID: the log has fewer. */
KITH_API KITH_MUST_USE kith_err kt_log_bridge_root(const kt_log *log, uint64_t size, kt_hash *out);
/* Appends the text of the checkpoint of the whole log. NOT_FOUND: it has no entry. */
KITH_API KITH_MUST_USE kith_err kt_log_bridge_text(const kt_log *log, kith_bytes origin,
                                                   kith_buf *out);
/* Appends `count` entries of the key transparency log from position `from` on, KT_LOG_ENTRY_LEN bytes each: what a witness
 * needs to compute both trees. INVALID: the log does not have them. */
KITH_API KITH_MUST_USE kith_err kt_log_bridge_entries(const kt_log *log, uint64_t from,
                                                      uint64_t count, kith_buf *out);
/* Appends the proof that the first `span.at` entries begin the first `span.size`. INVALID: kt_merkle_prove_growth. */
KITH_API KITH_MUST_USE kith_err kt_log_bridge_growth(const kt_log *log, kt_merkle_span span,
                                                     kith_buf *out);
/* Appends what a user needs to find the head of `size` entries below a checkpoint: the LogEntry that ends it, then the
 * proof of its leaf. INVALID: no such size, or the checkpoint is larger than the log. */
KITH_API KITH_MUST_USE kith_err kt_log_bridge_head(const kt_log *log, uint64_t size,
                                                   uint64_t checkpoint_size, kith_buf *out);

/* ---- The user's side ---- */

/* Whether the tree of a checkpoint (checked with kt_quorum_check) holds the head; `proof` is what kt_log_bridge_head
 * wrote. REJECTED: it does not show that. */
KITH_API KITH_MUST_USE kith_err kt_bridge_head_check(crypto *c, const kt_head *head,
                                                     const kt_checkpoint *checkpoint,
                                                     kith_bytes proof);

/* ---- The witness's side: both trees, followed entry by entry ---- */

typedef struct kt_bridge_view {
    uint64_t timestamp; /* of the last entry; 0 without one */
    kt_merkle_edge bridge;
    kt_hash
        log[KT_PATH_MAX]; /* the full subtrees of the log tree; as many as `bridge` has hashes */
} kt_bridge_view;

/* One entry of the key transparency log, as it is sent: timestamp and prefix root. */
#define KT_LOG_ENTRY_LEN (8u + KT_HASH_LEN)
/* MALFORMED: too short. */
KITH_API KITH_MUST_USE kith_err kt_log_entry_read(kith_reader *r, kt_entry *out);
KITH_API KITH_MUST_USE kith_err kt_log_entry_write(kith_writer *w, const kt_entry *entry);
/* Adds one entry to both trees. What the log said of itself is true if the root of `bridge` is that of its checkpoint: the
 * leaves hold the roots of the log tree. REJECTED: its time is before that of the last one. LIMIT: KT_SIZE_MAX entries. The
 * view changes on success only. */
KITH_API KITH_MUST_USE kith_err kt_bridge_view_add(crypto *c, kt_bridge_view *view,
                                                   const kt_entry *entry);
/* The root of the key transparency log's tree. NOT_FOUND: there is no entry. */
KITH_API KITH_MUST_USE kith_err kt_bridge_view_root(crypto *c, const kt_bridge_view *view,
                                                    kt_hash *out);
/* For a store; decode takes all of `bytes`. MALFORMED: it is none. */
KITH_API KITH_MUST_USE kith_err kt_bridge_view_encode(const kt_bridge_view *view, kith_buf *out);
KITH_API KITH_MUST_USE kith_err kt_bridge_view_decode(kith_bytes bytes, kt_bridge_view *out);

#endif
