/* SPDX-License-Identifier: MPL-2.0 */
/* Log entries in the store: a record of KT_ENTRIES is timestamp, prefix root, root id, nodes in use. */
#include "transparency/tree.h"

#include <stdlib.h>
#include <string.h>

kith_err
kt_tree_entry(const kt_tree *tree, uint64_t position, kt_stored_entry *out)
{
    uint8_t record[KT_ENTRY_LEN];
    kt_stored_entry entry = {0};

    KITH_ENSURE(position < tree->size, KITH_ERR_INVALID);
    KITH_TRY(tree->store->read(tree->store->ctx, KT_ENTRIES, position, record));
    kith_reader r = kith_reader_of(KITH_BYTES(record));
    KITH_TRY(kith_read_u64(&r, &entry.entry.timestamp));
    KITH_TRY(kt_hash_read(&r, &entry.entry.prefix_root));
    KITH_TRY(kith_read_u64(&r, &entry.root));
    KITH_TRY(kith_read_u64(&r, &entry.nodes));
    *out = entry;
    return KITH_OK;
}

static int
compare_leaves(const void *a, const void *b)
{
    return memcmp(((const kt_leaf *)a)->key.bytes, ((const kt_leaf *)b)->key.bytes, KT_HASH_LEN);
}

static kith_err
write_record(const kt_tree *tree, const kt_stored_entry *entry)
{
    KITH_AUTO(kith_buf) record = {0};
    kith_writer w = kith_writer_of(&record);

    KITH_TRY(kith_write_u64(&w, entry->entry.timestamp));
    KITH_TRY(kt_hash_write(&w, &entry->entry.prefix_root));
    KITH_TRY(kith_write_u64(&w, entry->root));
    KITH_TRY(kith_write_u64(&w, entry->nodes));
    return tree->store->write(tree->store->ctx, KT_ENTRIES, tree->size, kith_bytes_of_buf(&record));
}

kith_err
kt_tree_write(const kt_tree *tree, uint64_t timestamp, kt_leaf *leaves, size_t count)
{
    kt_stored_entry last = {0};
    kt_prefix_root root = {0};

    KITH_ENSURE(tree->size < KT_SIZE_MAX, KITH_ERR_LIMIT);
    if (tree->size > 0) {
        KITH_TRY(kt_tree_entry(tree, tree->size - 1, &last));
    }
    KITH_ENSURE(timestamp >= last.entry.timestamp, KITH_ERR_REJECTED);
    const kt_prefix_root before = {.id = last.root, .hash = last.entry.prefix_root};
    kt_prefix_writer w = {.crypto = tree->crypto, .store = tree->store, .next = last.nodes};
    if (count > 0) {
        qsort(leaves, count, sizeof leaves[0], compare_leaves);
    }
    const kith_err err = kt_prefix_insert(&w, &before, leaves, count, &root);
    kith_buf_done(&w.pending);
    KITH_TRY(err);
    const kt_stored_entry entry = {.entry = {.timestamp = timestamp, .prefix_root = root.hash},
                                   .root = root.id,
                                   .nodes = w.next};
    kt_hash leaf;
    KITH_TRY(kt_entry_hash(tree->crypto, &entry.entry, &leaf));
    KITH_TRY(kt_log_leaf_append(tree->crypto, tree->store, tree->size, &leaf));
    return write_record(tree, &entry);
}
