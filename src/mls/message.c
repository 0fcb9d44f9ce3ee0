/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Codec of group contexts, what joiners get, and framing [RFC9420 §6, §8.1, §12.4.3]. Decoding borrows and
 * allocates nothing.
 */
#include "mls/types.h"

static kith_err
read_version(kith_reader *r)
{
    uint16_t version = 0;

    KITH_TRY(kith_read_u16(r, &version));
    KITH_ENSURE(version == MLS_VERSION_MLS10, KITH_ERR_UNSUPPORTED);
    return KITH_OK;
}

static kith_err
read_extensions(kith_reader *r, kith_bytes *out)
{
    kith_bytes list;

    KITH_TRY(kith_read_varvec(r, &list));
    KITH_TRY(mls_ext_list_check(list));
    *out = list;
    return KITH_OK;
}

/* ---- Joining ---- */

kith_err
mls_group_context_decode(kith_reader *r, mls_group_context *out)
{
    kith_reader at = *r;
    mls_group_context context = {0};

    KITH_TRY(read_version(&at));
    KITH_TRY(kith_read_u16(&at, &context.suite));
    KITH_TRY(kith_read_varvec(&at, &context.group_id));
    KITH_TRY(kith_read_u64(&at, &context.epoch));
    KITH_TRY(kith_read_varvec(&at, &context.tree_hash));
    KITH_TRY(kith_read_varvec(&at, &context.confirmed_transcript_hash));
    KITH_TRY(read_extensions(&at, &context.extensions));
    *r = at;
    *out = context;
    return KITH_OK;
}

kith_err
mls_group_context_encode(kith_writer *w, const mls_group_context *in)
{
    KITH_TRY(kith_write_u16(w, MLS_VERSION_MLS10));
    KITH_TRY(kith_write_u16(w, in->suite));
    KITH_TRY(kith_write_varvec(w, in->group_id));
    KITH_TRY(kith_write_u64(w, in->epoch));
    KITH_TRY(kith_write_varvec(w, in->tree_hash));
    KITH_TRY(kith_write_varvec(w, in->confirmed_transcript_hash));
    return kith_write_varvec(w, in->extensions);
}

kith_err
mls_group_info_decode(kith_reader *r, mls_group_info_view *out)
{
    kith_reader at = *r;
    mls_group_info_view info = {0};

    KITH_TRY(mls_group_context_decode(&at, &info.context));
    info.context_bytes = kith_reader_since(r, &at);
    KITH_TRY(read_extensions(&at, &info.extensions));
    KITH_TRY(kith_read_varvec(&at, &info.confirmation_tag));
    KITH_TRY(kith_read_u32(&at, &info.signer));
    info.tbs = kith_reader_since(r, &at);
    KITH_TRY(kith_read_varvec(&at, &info.signature));
    *r = at;
    *out = info;
    return KITH_OK;
}

static kith_err
check_psks(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        mls_psk_id id;
        KITH_ENSURE(++count <= MLS_PSKS_MAX, KITH_ERR_LIMIT);
        KITH_TRY(mls_psk_id_decode(&r, &id));
    }
    return KITH_OK;
}

kith_err
mls_group_secrets_decode(kith_reader *r, mls_group_secrets *out)
{
    kith_reader at = *r;
    mls_group_secrets secrets = {0};

    KITH_TRY(kith_read_varvec(&at, &secrets.joiner_secret));
    KITH_TRY(kith_read_bool(&at, &secrets.has_path_secret));
    if (secrets.has_path_secret) {
        KITH_TRY(kith_read_varvec(&at, &secrets.path_secret));
    }
    KITH_TRY(kith_read_varvec(&at, &secrets.psks));
    KITH_TRY(check_psks(secrets.psks));
    *r = at;
    *out = secrets;
    return KITH_OK;
}

kith_err
mls_group_secrets_encode(kith_writer *w, const mls_group_secrets *in)
{
    KITH_TRY(kith_write_varvec(w, in->joiner_secret));
    KITH_TRY(kith_write_bool(w, in->has_path_secret));
    if (in->has_path_secret) {
        KITH_TRY(kith_write_varvec(w, in->path_secret));
    }
    return kith_write_varvec(w, in->psks);
}

kith_err
mls_hpke_ciphertext_decode(kith_reader *r, mls_hpke_ciphertext *out)
{
    kith_reader at = *r;
    mls_hpke_ciphertext sealed;

    KITH_TRY(kith_read_varvec(&at, &sealed.kem_output));
    KITH_TRY(kith_read_varvec(&at, &sealed.ciphertext));
    *r = at;
    *out = sealed;
    return KITH_OK;
}

kith_err
mls_encrypted_secrets_decode(kith_reader *r, mls_encrypted_secrets *out)
{
    kith_reader at = *r;
    mls_encrypted_secrets secrets;

    KITH_TRY(kith_read_varvec(&at, &secrets.new_member));
    KITH_TRY(mls_hpke_ciphertext_decode(&at, &secrets.sealed));
    *r = at;
    *out = secrets;
    return KITH_OK;
}

kith_err
mls_welcome_decode(kith_reader *r, mls_welcome *out)
{
    kith_reader at = *r;
    mls_welcome welcome = {0};
    mls_encrypted_secrets secrets;

    KITH_TRY(kith_read_u16(&at, &welcome.suite));
    KITH_TRY(kith_read_varvec(&at, &welcome.secrets));
    kith_reader list = kith_reader_of(welcome.secrets);
    while (!kith_reader_done(&list)) {
        KITH_TRY(mls_encrypted_secrets_decode(&list, &secrets));
    }
    KITH_TRY(kith_read_varvec(&at, &welcome.encrypted_group_info));
    *r = at;
    *out = welcome;
    return KITH_OK;
}

/* ---- Framing [RFC9420 §6] ---- */

kith_err
mls_content_body_decode(kith_reader *r, uint8_t content_type, kith_bytes *out)
{
    const kith_reader from = *r;
    mls_proposal proposal;
    mls_commit commit;

    switch (content_type) {
    case MLS_CONTENT_APPLICATION:
        return kith_read_varvec(r, out);
    case MLS_CONTENT_PROPOSAL:
        KITH_TRY(mls_proposal_decode(r, &proposal));
        break;
    case MLS_CONTENT_COMMIT:
        KITH_TRY(mls_commit_decode(r, &commit));
        break;
    default:
        return KITH_ERR_MALFORMED;
    }
    *out = kith_reader_since(&from, r);
    return KITH_OK;
}

kith_err
mls_content_body_encode(kith_writer *w, uint8_t content_type, kith_bytes body)
{
    return content_type == MLS_CONTENT_APPLICATION ? kith_write_varvec(w, body)
                                                   : kith_write_bytes(w, body);
}

static kith_err
read_sender(kith_reader *r, mls_framed_content *out)
{
    KITH_TRY(kith_read_u8(r, &out->sender_type));
    switch (out->sender_type) {
    case MLS_SENDER_MEMBER:
    case MLS_SENDER_EXTERNAL:
        return kith_read_u32(r, &out->sender_index);
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
    case MLS_SENDER_NEW_MEMBER_COMMIT:
        return KITH_OK;
    default:
        return KITH_ERR_MALFORMED;
    }
}

kith_err
mls_framed_content_decode(kith_reader *r, mls_framed_content *out)
{
    kith_reader at = *r;
    mls_framed_content content = {0};

    KITH_TRY(kith_read_varvec(&at, &content.group_id));
    KITH_TRY(kith_read_u64(&at, &content.epoch));
    KITH_TRY(read_sender(&at, &content));
    KITH_TRY(kith_read_varvec(&at, &content.authenticated_data));
    KITH_TRY(kith_read_u8(&at, &content.content_type));
    KITH_TRY(mls_content_body_decode(&at, content.content_type, &content.body));
    *r = at;
    *out = content;
    return KITH_OK;
}

kith_err
mls_framed_content_encode(kith_writer *w, const mls_framed_content *in)
{
    KITH_TRY(kith_write_varvec(w, in->group_id));
    KITH_TRY(kith_write_u64(w, in->epoch));
    KITH_TRY(kith_write_u8(w, in->sender_type));
    if (in->sender_type == MLS_SENDER_MEMBER || in->sender_type == MLS_SENDER_EXTERNAL) {
        KITH_TRY(kith_write_u32(w, in->sender_index));
    }
    KITH_TRY(kith_write_varvec(w, in->authenticated_data));
    KITH_TRY(kith_write_u8(w, in->content_type));
    return mls_content_body_encode(w, in->content_type, in->body);
}

kith_err
mls_auth_data_decode(kith_reader *r, uint8_t content_type, mls_auth_data *out)
{
    kith_reader at = *r;
    mls_auth_data auth = {0};

    KITH_TRY(kith_read_varvec(&at, &auth.signature));
    if (content_type == MLS_CONTENT_COMMIT) {
        KITH_TRY(kith_read_varvec(&at, &auth.confirmation_tag));
    }
    *r = at;
    *out = auth;
    return KITH_OK;
}

kith_err
mls_auth_data_encode(kith_writer *w, uint8_t content_type, const mls_auth_data *in)
{
    KITH_TRY(kith_write_varvec(w, in->signature));
    return content_type == MLS_CONTENT_COMMIT ? kith_write_varvec(w, in->confirmation_tag)
                                              : KITH_OK;
}

kith_err
mls_public_message_decode(kith_reader *r, mls_public_message *out)
{
    kith_reader at = *r;
    mls_public_message message = {0};

    KITH_TRY(mls_framed_content_decode(&at, &message.content));
    message.content_bytes = kith_reader_since(r, &at);
    const kith_reader from = at;
    KITH_TRY(mls_auth_data_decode(&at, message.content.content_type, &message.auth));
    message.auth_bytes = kith_reader_since(&from, &at);
    if (message.content.sender_type == MLS_SENDER_MEMBER) {
        KITH_TRY(kith_read_varvec(&at, &message.membership_tag));
    }
    *r = at;
    *out = message;
    return KITH_OK;
}

kith_err
mls_private_message_decode(kith_reader *r, mls_private_message *out)
{
    kith_reader at = *r;
    mls_private_message message = {0};

    KITH_TRY(kith_read_varvec(&at, &message.group_id));
    KITH_TRY(kith_read_u64(&at, &message.epoch));
    KITH_TRY(kith_read_u8(&at, &message.content_type));
    KITH_ENSURE(message.content_type >= MLS_CONTENT_APPLICATION &&
                    message.content_type <= MLS_CONTENT_COMMIT,
                KITH_ERR_MALFORMED);
    KITH_TRY(kith_read_varvec(&at, &message.authenticated_data));
    KITH_TRY(kith_read_varvec(&at, &message.encrypted_sender_data));
    KITH_TRY(kith_read_varvec(&at, &message.ciphertext));
    *r = at;
    *out = message;
    return KITH_OK;
}

kith_err
mls_private_message_encode(kith_writer *w, const mls_private_message *in)
{
    KITH_TRY(kith_write_varvec(w, in->group_id));
    KITH_TRY(kith_write_u64(w, in->epoch));
    KITH_TRY(kith_write_u8(w, in->content_type));
    KITH_TRY(kith_write_varvec(w, in->authenticated_data));
    KITH_TRY(kith_write_varvec(w, in->encrypted_sender_data));
    return kith_write_varvec(w, in->ciphertext);
}

/* ---- MLSMessage ---- */

kith_err
mls_targeted_message_decode(kith_reader *r, mls_targeted_message *out)
{
    kith_reader at = *r;
    mls_targeted_message message = {0};

    KITH_TRY(kith_read_varvec(&at, &message.group_id));
    KITH_TRY(kith_read_u64(&at, &message.epoch));
    KITH_TRY(kith_read_u32(&at, &message.recipient));
    message.head = kith_reader_since(r, &at);
    KITH_TRY(kith_read_varvec(&at, &message.authenticated_data));
    KITH_TRY(kith_read_varvec(&at, &message.encrypted_sender));
    KITH_TRY(kith_read_varvec(&at, &message.ciphertext));
    *r = at;
    *out = message;
    return KITH_OK;
}

kith_err
mls_message_decode(kith_bytes bytes, mls_message *out)
{
    kith_reader r = kith_reader_of(bytes);
    mls_message message = {0};

    KITH_TRY(read_version(&r));
    KITH_TRY(kith_read_u16(&r, &message.wire));
    KITH_ENSURE(message.wire >= MLS_WIRE_PUBLIC_MESSAGE &&
                    message.wire <= MLS_WIRE_TARGETED_MESSAGE,
                KITH_ERR_UNSUPPORTED);
    message.body = kith_reader_peek(&r);
    *out = message;
    return KITH_OK;
}

kith_err
mls_message_open(kith_bytes bytes, uint16_t wire, kith_bytes *body)
{
    mls_message message;

    KITH_TRY(mls_message_decode(bytes, &message));
    KITH_ENSURE(message.wire == wire, KITH_ERR_MALFORMED);
    *body = message.body;
    return KITH_OK;
}

kith_err
mls_message_start(kith_writer *w, uint16_t wire)
{
    KITH_TRY(kith_write_u16(w, MLS_VERSION_MLS10));
    return kith_write_u16(w, wire);
}
