/* SPDX-License-Identifier: MPL-2.0 */
/* Keys of the group in the hands of an application's components, each use bound to the component that it is for
 * [MLS-EXT §4.2-4.4]. */
#include "mls/group.h"

#include <string.h>

/* ComponentOperationLabel [MLS-EXT §4.1]. */
static kith_err
write_label(mls_component_use use, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    const kith_bytes label = kith_bytes_of_text(use.label);

    KITH_ENSURE(label.len <= MLS_COMPONENT_LABEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_text("MLS Component")));
    KITH_TRY(kith_write_u16(&w, use.component_id));
    return kith_write_varvec(&w, label);
}

kith_err
mls_group_safe_export(mls_group *group, uint16_t component_id, kith_secret *out)
{
    KITH_ENSURE(group->now->exports.count > 0, KITH_ERR_DENIED);
    return mls_export_tree_take(group->tools, &group->now->exports, component_id, out);
}

kith_err
mls_group_safe_sign(const mls_group *group, mls_component_use use, kith_bytes content,
                    kith_buf *out)
{
    KITH_AUTO(kith_buf) label = {.alloc = group->tools.alloc};

    KITH_TRY(write_label(use, &label));
    return mls_sign_labelled(group->tools, group->signer, kith_bytes_of_buf(&label),
                             CRYPTO_PARTS(content), out);
}

kith_err
mls_epoch_safe_verify(const mls_epoch *epoch, uint32_t leaf_index, mls_component_use use,
                      kith_bytes content, kith_bytes signature)
{
    KITH_AUTO(kith_buf) label = {.alloc = epoch->tools.alloc};
    const mls_leaf *leaf = mls_tree_leaf(&epoch->tree, leaf_index);

    KITH_ENSURE(leaf != NULL, KITH_ERR_NOT_FOUND);
    KITH_TRY(write_label(use, &label));
    return mls_verify_labelled(epoch->tools, leaf->node.signature_key, kith_bytes_of_buf(&label),
                               CRYPTO_PARTS(content), signature);
}

/* The key pair that every member of the epoch can derive [RFC9420 §8.3]. */
static kith_err
external_pair(const mls_epoch *epoch, crypto_kem_pair *out)
{
    KITH_ENSURE(epoch->secrets.external.len > 0, KITH_ERR_DENIED);
    return crypto_kem_derive(epoch->tools.crypto, epoch->tools.suite->hpke.kem,
                             kith_bytes_of_secret(&epoch->secrets.external), out);
}

static kith_err
write_sealed(const crypto_hpke_sealed *sealed, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&sealed->kem_output)));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&sealed->ciphertext)));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
mls_group_safe_encrypt(const mls_group *group, uint32_t leaf_index, mls_component_use use,
                       const mls_component_text *in, kith_buf *out)
{
    const kith_alloc *alloc = group->tools.alloc;
    KITH_AUTO(kith_buf) label = {.alloc = alloc};
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(crypto_hpke_sealed)
    sealed = {.kem_output = {.alloc = alloc}, .ciphertext = {.alloc = alloc}};
    const mls_leaf *leaf = mls_tree_leaf(&group->now->tree, leaf_index);

    KITH_ENSURE(leaf != NULL || leaf_index == MLS_LEAF_NONE, KITH_ERR_NOT_FOUND);
    KITH_TRY(leaf != NULL ? KITH_OK : external_pair(group->now, &pair));
    KITH_TRY(write_label(use, &label));
    const mls_seal seal = {.key = leaf != NULL ? leaf->node.encryption_key
                                               : kith_bytes_of_buf(&pair.public_key),
                           .component_label = kith_bytes_of_buf(&label),
                           .context = in->context,
                           .text = in->text};
    KITH_TRY(mls_encrypt_with_label(group->tools, &group->env->rng, &seal, &sealed));
    return write_sealed(&sealed, out);
}

kith_err
mls_group_safe_decrypt(const mls_group *group, bool for_all, mls_component_use use,
                       const mls_component_text *in, kith_buf *out)
{
    KITH_AUTO(kith_buf) label = {.alloc = group->tools.alloc};
    KITH_AUTO(crypto_kem_pair) pair = {0};
    kith_reader r = kith_reader_of(in->text);
    mls_hpke_ciphertext sealed;

    KITH_ENSURE(group->now->keys.count > 0, KITH_ERR_DENIED);
    KITH_TRY(for_all ? external_pair(group->now, &pair) : KITH_OK);
    KITH_TRY(mls_hpke_ciphertext_decode(&r, &sealed));
    KITH_TRY(kith_reader_finish(&r));
    KITH_TRY(write_label(use, &label));
    const mls_seal seal = {.key = for_all ? kith_bytes_of_secret(&pair.private_key)
                                          : mls_private_at(&group->now->keys, 0),
                           .component_label = kith_bytes_of_buf(&label),
                           .context = in->context,
                           .kem_output = sealed.kem_output,
                           .text = sealed.ciphertext};
    return mls_decrypt_with_label(group->tools, &seal, out);
}
