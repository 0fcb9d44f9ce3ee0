/* SPDX-License-Identifier: MPL-2.0 */
/* One epoch of a group: made from secrets, asked by the caller, retired when it is over. */
#include "mls/group.h"

#include <string.h>

kith_err
mls_epoch_new(mls_tools tools, kith_bytes context, mls_epoch **out)
{
    mls_epoch *epoch = kith_mem_zalloc(tools.alloc, 1, sizeof *epoch);

    KITH_ENSURE(epoch != NULL, KITH_ERR_NO_MEMORY);
    epoch->tools = tools;
    epoch->own_leaf = MLS_LEAF_NONE;
    epoch->context_bytes.alloc = tools.alloc;
    epoch->exports.alloc = tools.alloc;
    kith_err err = kith_buf_set(&epoch->context_bytes, context);
    if (err == KITH_OK) {
        kith_reader r = kith_reader_of(kith_bytes_of_buf(&epoch->context_bytes));
        err = mls_group_context_decode(&r, &epoch->context);
        err = err == KITH_OK ? kith_reader_finish(&r) : err;
    }
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

void
mls_epoch_free(mls_epoch *epoch)
{
    if (epoch == NULL) {
        return;
    }
    const kith_alloc *alloc = epoch->tools.alloc;
    kith_buf_done(&epoch->context_bytes);
    if (epoch->tree.root != NULL) {
        mls_tree_done(&epoch->tree);
    }
    mls_private_done(&epoch->keys);
    mls_secrets_done(&epoch->secrets);
    mls_secret_tree_free(epoch->messages);
    mls_export_tree_done(&epoch->exports);
    kith_mem_free(alloc, epoch, sizeof *epoch);
}

void
mls_epoch_retire(mls_epoch *epoch)
{
    mls_private_done(&epoch->keys);
    mls_export_tree_done(&epoch->exports);
    kith_secret_done(&epoch->secrets.exporter);
    kith_secret_done(&epoch->secrets.external);
    kith_secret_done(&epoch->secrets.confirmation);
    kith_secret_done(&epoch->secrets.membership);
    kith_secret_done(&epoch->secrets.authenticator);
    kith_secret_done(&epoch->secrets.init);
    if (epoch->messages != NULL) {
        mls_secret_tree_drop_handshakes(epoch->messages);
    }
}

kith_err
mls_context_next(const mls_group_context *old, const mls_context_change *change, kith_buf *out)
{
    mls_hash tree_hash = {.len = mls_suite_hash_len(change->tree->tools.suite)};
    mls_group_context context = *old;
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(old->epoch < UINT64_MAX, KITH_ERR_LIMIT);
    KITH_TRY(mls_tree_hash(change->tree, tree_hash.bytes));
    context.epoch = old->epoch + 1;
    context.tree_hash = mls_hash_bytes(&tree_hash);
    context.confirmed_transcript_hash = change->confirmed;
    context.extensions = change->extensions;
    return mls_group_context_encode(&w, &context);
}

/* From the secrets in place: the tree of message keys, confirmation tag, interim transcript hash. */
static kith_err
complete(mls_epoch *epoch, const mls_tree *tree)
{
    const kith_bytes confirmed = epoch->context.confirmed_transcript_hash;

    epoch->tree = mls_tree_clone(tree);
    KITH_TRY(mls_secret_tree_new(epoch->tools, &epoch->secrets.encryption, mls_tree_top(tree),
                                 &epoch->messages));
    KITH_TRY(mls_export_tree_init(epoch->tools, kith_bytes_of_secret(&epoch->secrets.app_export),
                                  &epoch->exports));
    kith_secret_done(&epoch->secrets.app_export);
    KITH_TRY(
        mls_confirmation_tag(epoch->tools, &epoch->secrets, confirmed, &epoch->confirmation_tag));
    return mls_transcript_interim(epoch->tools, confirmed, mls_hash_bytes(&epoch->confirmation_tag),
                                  &epoch->interim);
}

kith_err
mls_epoch_derive(mls_tools tools, const mls_epoch_input *in, mls_epoch **out)
{
    mls_epoch *epoch = NULL;

    KITH_TRY(mls_epoch_new(tools, in->context, &epoch));
    kith_err err =
        mls_secrets_derive(tools, in->joiner_secret, in->psk_secret, in->context, &epoch->secrets);
    err = err == KITH_OK ? complete(epoch, in->tree) : err;
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

kith_err
mls_epoch_start(mls_tools tools, kith_bytes context, const mls_tree *tree, kith_bytes epoch_secret,
                mls_epoch **out)
{
    mls_epoch *epoch = NULL;

    KITH_TRY(mls_epoch_new(tools, context, &epoch));
    kith_err err = mls_secrets_of_epoch(tools, epoch_secret, &epoch->secrets);
    err = err == KITH_OK ? complete(epoch, tree) : err;
    if (err != KITH_OK) {
        mls_epoch_free(epoch);
        return err;
    }
    *out = epoch;
    return KITH_OK;
}

/* ---- What the caller can ask ---- */

uint64_t
mls_epoch_number(const mls_epoch *epoch)
{
    return epoch->context.epoch;
}

uint16_t
mls_epoch_suite(const mls_epoch *epoch)
{
    return epoch->tools.suite_id;
}

uint32_t
mls_epoch_own_leaf(const mls_epoch *epoch)
{
    return epoch->own_leaf;
}

size_t
mls_epoch_member_count(const mls_epoch *epoch)
{
    return mls_tree_member_count(&epoch->tree);
}

mls_member
mls_member_of(uint32_t leaf_index, const mls_leaf *leaf)
{
    return (mls_member){.leaf_index = leaf_index,
                        .identity = leaf->node.credential,
                        .signature_key = leaf->node.signature_key,
                        .encryption_key = leaf->node.encryption_key};
}

bool
mls_epoch_member_next(const mls_epoch *epoch, uint32_t *cursor, mls_member *out)
{
    const uint32_t index = mls_tree_next_member(&epoch->tree, *cursor);

    if (index == MLS_LEAF_NONE) {
        return false;
    }
    *cursor = index + 1;
    *out = mls_member_of(index, mls_tree_leaf(&epoch->tree, index));
    return true;
}

kith_err
mls_epoch_member_at(const mls_epoch *epoch, uint32_t leaf_index, mls_member *out)
{
    const mls_leaf *leaf = mls_tree_leaf(&epoch->tree, leaf_index);

    KITH_ENSURE(leaf != NULL, KITH_ERR_NOT_FOUND);
    *out = mls_member_of(leaf_index, leaf);
    return KITH_OK;
}

kith_err
mls_epoch_member_find(const mls_epoch *epoch, kith_bytes signature_key, mls_member *out)
{
    uint32_t cursor = 0;
    mls_member member;

    while (mls_epoch_member_next(epoch, &cursor, &member)) {
        if (kith_bytes_equal(member.signature_key, signature_key)) {
            *out = member;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
mls_epoch_leaf_extension(const mls_epoch *epoch, uint32_t leaf_index, uint16_t type,
                         kith_bytes *out)
{
    const mls_leaf *leaf = mls_tree_leaf(&epoch->tree, leaf_index);

    KITH_ENSURE(leaf != NULL, KITH_ERR_NOT_FOUND);
    return mls_ext_find(leaf->node.extensions, type, out);
}

kith_err
mls_epoch_extension(const mls_epoch *epoch, uint16_t type, kith_bytes *out)
{
    return mls_ext_find(epoch->context.extensions, type, out);
}

kith_err
mls_epoch_extension_at(const mls_epoch *epoch, size_t index, mls_ext *out)
{
    kith_reader r = kith_reader_of(epoch->context.extensions);

    for (size_t i = 0; !kith_reader_done(&r); i++) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        if (i == index) {
            *out = extension;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_bytes
mls_epoch_context(const mls_epoch *epoch)
{
    return kith_bytes_of_buf(&epoch->context_bytes);
}

kith_bytes
mls_epoch_tree_hash(const mls_epoch *epoch)
{
    return epoch->context.tree_hash;
}

kith_bytes
mls_epoch_authenticator(const mls_epoch *epoch)
{
    return kith_bytes_of_secret(&epoch->secrets.authenticator);
}

kith_bytes
mls_epoch_resumption_psk(const mls_epoch *epoch)
{
    return kith_bytes_of_secret(&epoch->secrets.resumption);
}

kith_err
mls_epoch_export(const mls_epoch *epoch, const char *label, kith_bytes context, size_t len,
                 kith_secret *out)
{
    const mls_expand in = {.label = label, .context = context, .len = len};

    KITH_ENSURE(epoch->secrets.exporter.len > 0, KITH_ERR_DENIED);
    KITH_ENSURE(len > 0 && len <= KITH_SECRET_MAX, KITH_ERR_LIMIT);
    return mls_export_secret(epoch->tools, kith_bytes_of_secret(&epoch->secrets.exporter), &in,
                             out);
}

kith_err
mls_epoch_ratchet_tree(const mls_epoch *epoch, kith_buf *out)
{
    return mls_tree_encode(&epoch->tree, out);
}
