/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The port through which a log keeps its trees: four arrays of records of fixed size that only grow. A
 * record, once written below the size of a log that was signed, never changes; after a crash, records
 * beyond it are written again. So whoever makes the arrays durable before the signed head, in any order
 * among themselves, can always prove the last signed head.
 */
#ifndef KITH_TRANSPARENCY_STORE_H
#define KITH_TRANSPARENCY_STORE_H

#include "base/base.h"

typedef enum kt_array {
    KT_NODES, /* of all states of the prefix tree */
    KT_HASHES, /* of the balanced subtrees of the log tree, in the order of completion */
    KT_ENTRIES, /* one for each log entry */
    KT_BRIDGE, /* hashes of the log for witnesses, in the same order as KT_HASHES */
    KT_ARRAYS
} kt_array;

/* Bytes of a record. */
#define KT_NODE_LEN 64u
#define KT_STORED_HASH_LEN 32u
#define KT_ENTRY_LEN 56u
#define KT_RECORD_MAX 64u

/* Record length of an array. */
KITH_API size_t kt_array_record_len(kt_array array);

typedef struct kt_store {
    /* Copies the record at `index` to `out`. STORE: it cannot be read. */
    kith_err (*read)(void *ctx, kt_array array, uint64_t index, uint8_t *out);
    /* Writes whole records at `index` and behind; never leaves a gap. STORE: not written. */
    kith_err (*write)(void *ctx, kt_array array, uint64_t index, kith_bytes records);
    void *ctx;
} kt_store;

/* The port over memory, for tests and for logs that need not last. */
typedef struct kt_memory kt_memory;
KITH_API KITH_MUST_USE kith_err kt_memory_new(const kith_alloc *alloc, kt_memory **out);
KITH_API void kt_memory_free(kt_memory *memory);
/* Valid until the memory is freed. */
KITH_API kt_store kt_memory_port(kt_memory *memory);
/* Bytes held in an array. */
KITH_API size_t kt_memory_len(const kt_memory *memory, kt_array array);

#endif
