/* SPDX-License-Identifier: MPL-2.0 */
/* Proposals of those who are not in the group [RFC9420 §12.1.8]: external senders and newcomers. */
#include "mls/draft.h"

kith_err
mls_external_senders_write(const mls_external_sender *senders, size_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);
    size_t mark = 0;

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_write_varvec(&w, senders[i].signature_key));
        KITH_TRY(kith_write_u16(&w, senders[i].identity.type));
        KITH_TRY(kith_write_varvec(&w, senders[i].identity.data));
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* Owned signature key, freed with its scope. */
typedef struct signer {
    crypto_sign_key *key;
} signer;

static void
signer_done(signer *owned)
{
    crypto_sign_key_free(owned->key);
}

static bool
may_propose(const mls_outside_params *params)
{
    const uint16_t type = params->proposal.type;

    return params->sender_index == MLS_LEAF_NONE
               ? type == MLS_PROPOSAL_ADD
               : type == MLS_PROPOSAL_ADD || type == MLS_PROPOSAL_REMOVE ||
                     type == MLS_PROPOSAL_PSK || type == MLS_PROPOSAL_REINIT ||
                     type == MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS ||
                     type == MLS_PROPOSAL_APP_DATA_UPDATE || type == MLS_PROPOSAL_APP_EPHEMERAL;
}

/* A PublicMessage without membership tag, signed without the GroupContext [RFC9420 §6.1, §6.2]. */
static kith_err
frame(mls_tools tools, const mls_framed_content *content, crypto_sign_key *key, kith_buf *out)
{
    KITH_AUTO(kith_buf) encoded = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) signature = {.alloc = tools.alloc};
    KITH_AUTO(kith_buf) message = {.alloc = tools.alloc};
    kith_writer encoded_w = kith_writer_of(&encoded);
    kith_writer w = kith_writer_of(&message);

    KITH_TRY(mls_framed_content_encode(&encoded_w, content));
    const mls_signed_content in = {.wire = MLS_WIRE_PUBLIC_MESSAGE,
                                   .content = kith_bytes_of_buf(&encoded)};
    KITH_TRY(mls_content_sign(tools, key, &in, &signature));
    const mls_auth_data auth = {.signature = kith_bytes_of_buf(&signature)};
    KITH_TRY(mls_message_start(&w, MLS_WIRE_PUBLIC_MESSAGE));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&encoded)));
    KITH_TRY(mls_auth_data_encode(&w, MLS_CONTENT_PROPOSAL, &auth));
    return kith_buf_append(out, kith_bytes_of_buf(&message));
}

kith_err
mls_outside_propose(const mls_env *env, const mls_outside_params *params, kith_buf *out)
{
    const mls_suite *suite = mls_suite_of(env, params->suite);
    const bool is_new = params->sender_index == MLS_LEAF_NONE;
    KITH_AUTO(kith_buf) proposal = {.alloc = env->alloc};
    KITH_AUTO(signer) owned = {0};

    KITH_ENSURE(suite != NULL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(may_propose(params), KITH_ERR_INVALID);
    const mls_tools tools = mls_tools_of(env, suite);
    KITH_TRY(
        crypto_sign_key_import(env->crypto, suite->sign, params->signature_private, &owned.key));
    KITH_TRY(mls_proposal_write(env, tools, &params->proposal, &proposal));
    const mls_framed_content content = {.group_id = params->group_id,
                                        .epoch = params->epoch,
                                        .sender_type = is_new ? MLS_SENDER_NEW_MEMBER_PROPOSAL
                                                              : MLS_SENDER_EXTERNAL,
                                        .sender_index = is_new ? 0 : params->sender_index,
                                        .authenticated_data = params->authenticated_data,
                                        .content_type = MLS_CONTENT_PROPOSAL,
                                        .body = kith_bytes_of_buf(&proposal)};
    return frame(tools, &content, owned.key, out);
}
