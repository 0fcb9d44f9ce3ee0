/* SPDX-License-Identifier: MPL-2.0 */
/* Encoders over views, for round trips. Fields in the order of RFC 9420. */
#include "mls/reencode.h"

static kith_err
write_extensions(kith_writer *w, kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    size_t mark = 0;

    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        KITH_TRY(kith_write_u16(w, extension.type));
        KITH_TRY(kith_write_varvec(w, extension.data));
    }
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

kith_err
reencode_leaf(kith_writer *w, const mls_leaf_node *leaf)
{
    KITH_TRY(kith_write_varvec(w, leaf->encryption_key));
    KITH_TRY(kith_write_varvec(w, leaf->signature_key));
    KITH_TRY(kith_write_u16(w, leaf->credential.type));
    KITH_TRY(kith_write_varvec(w, leaf->credential.data));
    KITH_TRY(kith_write_varvec(w, leaf->capabilities.versions));
    KITH_TRY(kith_write_varvec(w, leaf->capabilities.cipher_suites));
    KITH_TRY(kith_write_varvec(w, leaf->capabilities.extensions));
    KITH_TRY(kith_write_varvec(w, leaf->capabilities.proposals));
    KITH_TRY(kith_write_varvec(w, leaf->capabilities.credentials));
    KITH_TRY(kith_write_u8(w, leaf->source));
    if (leaf->source == MLS_LEAF_SOURCE_KEY_PACKAGE) {
        KITH_TRY(kith_write_u64(w, leaf->not_before_s));
        KITH_TRY(kith_write_u64(w, leaf->not_after_s));
    } else if (leaf->source == MLS_LEAF_SOURCE_COMMIT) {
        KITH_TRY(kith_write_varvec(w, leaf->parent_hash));
    }
    KITH_TRY(write_extensions(w, leaf->extensions));
    return kith_write_varvec(w, leaf->signature);
}

kith_err
reencode_key_package(kith_writer *w, const mls_key_package *package)
{
    KITH_TRY(kith_write_u16(w, MLS_VERSION_MLS10));
    KITH_TRY(kith_write_u16(w, package->suite));
    KITH_TRY(kith_write_varvec(w, package->init_key));
    KITH_TRY(reencode_leaf(w, &package->leaf));
    KITH_TRY(write_extensions(w, package->extensions));
    return kith_write_varvec(w, package->signature);
}

static kith_err
write_reinit(kith_writer *w, const mls_reinit *reinit)
{
    KITH_TRY(kith_write_varvec(w, reinit->group_id));
    KITH_TRY(kith_write_u16(w, reinit->version));
    KITH_TRY(kith_write_u16(w, reinit->suite));
    return write_extensions(w, reinit->extensions);
}

kith_err
reencode_proposal(kith_writer *w, const mls_proposal *proposal)
{
    KITH_TRY(kith_write_u16(w, proposal->type));
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        return reencode_key_package(w, &proposal->add);
    case MLS_PROPOSAL_UPDATE:
        return reencode_leaf(w, &proposal->update.leaf);
    case MLS_PROPOSAL_REMOVE:
        return kith_write_u32(w, proposal->removed);
    case MLS_PROPOSAL_PSK:
        return mls_psk_id_encode(w, &proposal->psk);
    case MLS_PROPOSAL_REINIT:
        return write_reinit(w, &proposal->reinit);
    case MLS_PROPOSAL_EXTERNAL_INIT:
        return kith_write_varvec(w, proposal->kem_output);
    default:
        return write_extensions(w, proposal->extensions);
    }
}

static kith_err
write_list(kith_writer *w, kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    size_t mark = 0;

    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    while (!kith_reader_done(&r)) {
        mls_proposal_or_ref item;
        KITH_TRY(mls_proposal_or_ref_decode(&r, &item));
        KITH_TRY(kith_write_u8(w, item.is_ref ? 2 : 1));
        KITH_TRY(item.is_ref ? kith_write_varvec(w, item.ref)
                             : reencode_proposal(w, &item.proposal));
    }
    return kith_write_close(w, KITH_VEC_VAR, mark);
}

kith_err
reencode_commit(kith_writer *w, const mls_commit *commit)
{
    KITH_TRY(write_list(w, commit->proposals));
    KITH_TRY(kith_write_bool(w, commit->has_path));
    if (!commit->has_path) {
        return KITH_OK;
    }
    KITH_TRY(reencode_leaf(w, &commit->leaf));
    return kith_write_varvec(w, commit->nodes);
}

kith_err
reencode_group_info(kith_writer *w, const mls_group_info_view *info)
{
    KITH_TRY(mls_group_context_encode(w, &info->context));
    KITH_TRY(write_extensions(w, info->extensions));
    KITH_TRY(kith_write_varvec(w, info->confirmation_tag));
    KITH_TRY(kith_write_u32(w, info->signer));
    return kith_write_varvec(w, info->signature);
}

kith_err
reencode_welcome(kith_writer *w, const mls_welcome *welcome)
{
    kith_reader r = kith_reader_of(welcome->secrets);
    size_t mark = 0;

    KITH_TRY(kith_write_u16(w, welcome->suite));
    KITH_TRY(kith_write_open(w, KITH_VEC_VAR, &mark));
    while (!kith_reader_done(&r)) {
        mls_encrypted_secrets entry;
        KITH_TRY(mls_encrypted_secrets_decode(&r, &entry));
        KITH_TRY(kith_write_varvec(w, entry.new_member));
        KITH_TRY(kith_write_varvec(w, entry.sealed.kem_output));
        KITH_TRY(kith_write_varvec(w, entry.sealed.ciphertext));
    }
    KITH_TRY(kith_write_close(w, KITH_VEC_VAR, mark));
    return kith_write_varvec(w, welcome->encrypted_group_info);
}

kith_err
reencode_public_message(kith_writer *w, const mls_public_message *message)
{
    KITH_TRY(mls_framed_content_encode(w, &message->content));
    KITH_TRY(mls_auth_data_encode(w, message->content.content_type, &message->auth));
    return message->content.sender_type == MLS_SENDER_MEMBER
               ? kith_write_varvec(w, message->membership_tag)
               : KITH_OK;
}
