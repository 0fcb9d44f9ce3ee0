/* SPDX-License-Identifier: MPL-2.0 */
/* The log for witnesses as users and witnesses see it. The server's side is in log_bridge.c. */
#include "transparency/bridge.h"

#include <string.h>

#include "transparency/log_tree.h"
#include "transparency/math.h"
#include "transparency/text.h"

kith_err
kt_bridge_entry_write(kith_writer *w, const kt_bridge_entry *entry)
{
    KITH_TRY(kith_buf_reserve(w->buf, KT_BRIDGE_ENTRY_LEN));
    KITH_TRY(kt_log_entry_write(w, &entry->entry));
    return kt_hash_write(w, &entry->root);
}

kith_err
kt_log_entry_write(kith_writer *w, const kt_entry *entry)
{
    KITH_TRY(kith_buf_reserve(w->buf, KT_LOG_ENTRY_LEN));
    KITH_TRY(kith_write_u64(w, entry->timestamp));
    return kt_hash_write(w, &entry->prefix_root);
}

kith_err
kt_log_entry_read(kith_reader *r, kt_entry *out)
{
    kith_reader rest = *r;
    kt_entry entry;

    KITH_TRY(kith_read_u64(&rest, &entry.timestamp));
    KITH_TRY(kt_hash_read(&rest, &entry.prefix_root));
    *r = rest;
    *out = entry;
    return KITH_OK;
}

kith_err
kt_bridge_leaf(crypto *c, const kt_bridge_entry *entry, kt_hash *out)
{
    KITH_AUTO(kith_buf) bytes = {0};
    kith_writer w = kith_writer_of(&bytes);

    KITH_TRY(kt_bridge_entry_write(&w, entry));
    return kt_merkle_leaf(c, kith_bytes_of_buf(&bytes), out);
}

kith_err
kt_bridge_origin(const uint8_t id[KT_HASH_LEN], kith_buf *out)
{
    KITH_AUTO(kith_buf) text = {.alloc = out->alloc};

    KITH_TRY(kt_text_write(&text, "kith.log/"));
    KITH_TRY(kith_hex_encode(kith_bytes_of(id, KT_HASH_LEN), &text));
    return kith_buf_append(out, kith_bytes_of_buf(&text));
}

kith_err
kt_bridge_key(crypto *c, const uint8_t id[KT_HASH_LEN], const kt_config *config, kt_note_key *out)
{
    KITH_AUTO(kith_buf) origin = {0};

    KITH_ENSURE(config->suite == KT_128_SHA256_ED25519, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kt_bridge_origin(id, &origin));
    return kt_note_key_make(c, KT_NOTE_ED25519, kith_bytes_of_buf(&origin),
                            kt_config_signature_key(config), out);
}

kith_err
kt_bridge_head_check(crypto *c, const kt_head *head, const kt_checkpoint *checkpoint,
                     kith_bytes proof)
{
    kith_reader r = kith_reader_of(proof);
    kt_bridge_entry entry = {.root = head->root};
    kt_hash leaf;

    KITH_ENSURE(head->size > 0 && kith_read_u64(&r, &entry.entry.timestamp) == KITH_OK &&
                    kt_hash_read(&r, &entry.entry.prefix_root) == KITH_OK,
                KITH_ERR_REJECTED);
    KITH_TRY(kt_bridge_leaf(c, &entry, &leaf));
    const kt_merkle_span span = {.at = head->size - 1, .size = checkpoint->size};
    return kt_merkle_check_leaf(c, span, &leaf, kith_reader_peek(&r), &checkpoint->root);
}

/* ---- Following ---- */

/* The full subtrees of the log tree after one more leaf. */
static kith_err
add_log_leaf(crypto *c, const kt_bridge_view *view, const kt_hash *leaf, kt_hash log[KT_PATH_MAX])
{
    kt_log_node top = {*leaf, true};
    size_t count = view->bridge.count;

    for (unsigned level = 0; (view->bridge.size >> level & 1) == 1; level++) {
        const kt_log_node left = {log[--count], level == 0};
        KITH_TRY(kt_log_parent_hash(c, &left, &top, &top.value));
        top.is_leaf = false;
    }
    log[count] = top.value;
    return KITH_OK;
}

kith_err
kt_bridge_view_add(crypto *c, kt_bridge_view *view, const kt_entry *entry)
{
    kt_bridge_view next = *view;
    kt_bridge_entry whole = {.entry = *entry};
    kt_hash leaf;

    KITH_ENSURE(entry->timestamp >= view->timestamp, KITH_ERR_REJECTED);
    KITH_ENSURE(view->bridge.size < KT_SIZE_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_entry_hash(c, entry, &leaf));
    KITH_TRY(add_log_leaf(c, view, &leaf, next.log));
    KITH_TRY(kt_log_root_of(c, view->bridge.size + 1, next.log, &whole.root));
    KITH_TRY(kt_bridge_leaf(c, &whole, &leaf));
    KITH_TRY(kt_merkle_edge_add(c, &next.bridge, &leaf));
    next.timestamp = entry->timestamp;
    *view = next;
    return KITH_OK;
}

kith_err
kt_bridge_view_root(crypto *c, const kt_bridge_view *view, kt_hash *out)
{
    KITH_ENSURE(view->bridge.size > 0, KITH_ERR_NOT_FOUND);
    return kt_log_root_of(c, view->bridge.size, view->log, out);
}

kith_err
kt_bridge_view_encode(const kt_bridge_view *view, kith_buf *out)
{
    KITH_AUTO(kith_buf) bytes = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&bytes);

    KITH_TRY(kith_write_u64(&w, view->timestamp));
    KITH_TRY(kith_write_u64(&w, view->bridge.size));
    for (size_t i = 0; i < view->bridge.count; i++) {
        KITH_TRY(kt_hash_write(&w, &view->bridge.hashes[i]));
        KITH_TRY(kt_hash_write(&w, &view->log[i]));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&bytes));
}

kith_err
kt_bridge_view_decode(kith_bytes bytes, kt_bridge_view *out)
{
    kt_bridge_view view = {0};
    kith_reader r = kith_reader_of(bytes);

    KITH_TRY(kith_read_u64(&r, &view.timestamp));
    KITH_TRY(kith_read_u64(&r, &view.bridge.size));
    KITH_ENSURE(view.bridge.size <= KT_SIZE_MAX, KITH_ERR_MALFORMED);
    view.bridge.count = kt_math_subtree_count(view.bridge.size);
    for (size_t i = 0; i < view.bridge.count; i++) {
        KITH_TRY(kt_hash_read(&r, &view.bridge.hashes[i]));
        KITH_TRY(kt_hash_read(&r, &view.log[i]));
    }
    KITH_TRY(kith_reader_finish(&r));
    *out = view;
    return KITH_OK;
}
