/* SPDX-License-Identifier: MPL-2.0 */
/* The log for witnesses as the server's log keeps and proves it. */
#include "transparency/bridge.h"

#include "transparency/log_parts.h"
#include "transparency/log_tree.h"

kith_err
kt_log_bridge_entry(const kt_log *log, uint64_t position, kt_bridge_entry *out)
{
    const kt_log_setup *setup = &log->setup;
    const kt_tree tree = {.crypto = setup->crypto, .store = &setup->store, .size = position + 1};
    kt_stored_entry stored;

    KITH_TRY(kt_tree_entry(&tree, position, &stored));
    out->entry = stored.entry;
    return kt_log_root(setup->crypto, &setup->store, position + 1, &out->root);
}

kith_err
kt_log_bridge_add(const kt_log *log, uint64_t position)
{
    kt_bridge_entry entry;
    kt_hash leaf;

    KITH_TRY(kt_log_bridge_entry(log, position, &entry));
    KITH_TRY(kt_bridge_leaf(log->setup.crypto, &entry, &leaf));
    return kt_merkle_append(log->setup.crypto, &log->setup.store, position, &leaf);
}

kith_err
kt_log_bridge_root(const kt_log *log, uint64_t size, kt_hash *out)
{
    KITH_ENSURE(size <= log->size, KITH_ERR_INVALID);
    return kt_merkle_root(log->setup.crypto, &log->setup.store, size, out);
}

kith_err
kt_log_bridge_text(const kt_log *log, kith_bytes origin, kith_buf *out)
{
    kt_hash root;

    KITH_ENSURE(log->size > 0, KITH_ERR_NOT_FOUND);
    KITH_TRY(kt_log_bridge_root(log, log->size, &root));
    return kt_checkpoint_text_write(origin, log->size, &root, out);
}

kith_err
kt_log_bridge_entries(const kt_log *log, uint64_t from, uint64_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) entries = {.alloc = out->alloc};
    const kt_tree tree = kt_log_tree(log);
    kith_writer w = kith_writer_of(&entries);

    KITH_ENSURE(from <= log->size && count <= log->size - from, KITH_ERR_INVALID);
    for (uint64_t i = 0; i < count; i++) {
        kt_stored_entry stored;
        KITH_TRY(kt_tree_entry(&tree, from + i, &stored));
        KITH_TRY(kt_log_entry_write(&w, &stored.entry));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&entries));
}

kith_err
kt_log_bridge_growth(const kt_log *log, kt_merkle_span span, kith_buf *out)
{
    KITH_ENSURE(span.size <= log->size, KITH_ERR_INVALID);
    return kt_merkle_prove_growth(log->setup.crypto, &log->setup.store, span, out);
}

kith_err
kt_log_bridge_head(const kt_log *log, uint64_t size, uint64_t checkpoint_size, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = out->alloc};
    const kt_tree tree = kt_log_tree(log);
    const kt_merkle_span span = {.at = size - 1, .size = checkpoint_size};
    kith_writer w = kith_writer_of(&bytes);
    kt_stored_entry last;

    KITH_ENSURE(size > 0 && size <= checkpoint_size && checkpoint_size <= log->size,
                KITH_ERR_INVALID);
    KITH_TRY(kt_tree_entry(&tree, size - 1, &last));
    KITH_TRY(kt_log_entry_write(&w, &last.entry));
    KITH_TRY(kt_merkle_prove_leaf(log->setup.crypto, &log->setup.store, span, &bytes));
    return kith_buf_append(out, kith_bytes_of_buf(&bytes));
}
