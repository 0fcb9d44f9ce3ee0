/* SPDX-License-Identifier: MPL-2.0 */
/* GroupInfo and Welcome, as they are made [RFC9420 §12.4.3]. */
#include "mls/commit.h"

/* ExternalPub [RFC9420 §12.4.3.2]: the public key that belongs to the external secret. */
static kith_err
write_external_pub(const mls_epoch *epoch, kith_buf *out)
{
    KITH_AUTO(crypto_kem_pair) pair = {0};
    kith_writer w = kith_writer_of(out);

    KITH_TRY(crypto_kem_derive(epoch->tools.crypto, epoch->tools.suite->hpke.kem,
                               kith_bytes_of_secret(&epoch->secrets.external), &pair));
    return kith_write_varvec(&w, kith_bytes_of_buf(&pair.public_key));
}

static kith_err
write_extension(uint16_t type, kith_bytes data, kith_buf *out)
{
    const mls_ext extension = {.type = type, .data = data};

    return mls_ext_list_write(&extension, 1, out);
}

static kith_err
write_extensions(const mls_epoch *epoch, const mls_info_parts *parts, kith_buf *out)
{
    KITH_AUTO(kith_buf) data = {.alloc = epoch->tools.alloc};

    if (parts->with_tree) {
        KITH_TRY(mls_tree_encode(&epoch->tree, &data));
        KITH_TRY(write_extension(MLS_EXT_RATCHET_TREE, kith_bytes_of_buf(&data), out));
        kith_buf_clear(&data);
    }
    if (parts->with_external_pub) {
        KITH_TRY(write_external_pub(epoch, &data));
        KITH_TRY(write_extension(MLS_EXT_EXTERNAL_PUB, kith_bytes_of_buf(&data), out));
    }
    KITH_TRY(mls_ext_list_write(parts->extensions, parts->extension_count, out));
    /* The caller's types may not collide with ours. */
    KITH_ENSURE(mls_ext_list_check(kith_bytes_of_buf(out)) == KITH_OK, KITH_ERR_INVALID);
    return KITH_OK;
}

kith_err
mls_group_info_write(const mls_epoch *epoch, uint32_t signer_leaf, crypto_sign_key *signer,
                     const mls_info_parts *parts, kith_buf *out)
{
    KITH_AUTO(kith_buf) extensions = {.alloc = epoch->tools.alloc};
    KITH_AUTO(kith_buf) info = {.alloc = epoch->tools.alloc};
    KITH_AUTO(kith_buf) signature = {.alloc = epoch->tools.alloc};
    kith_writer w = kith_writer_of(&info);

    KITH_TRY(write_extensions(epoch, parts, &extensions));
    KITH_TRY(kith_write_bytes(&w, kith_bytes_of_buf(&epoch->context_bytes)));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&extensions)));
    KITH_TRY(kith_write_varvec(&w, mls_hash_bytes(&epoch->confirmation_tag)));
    KITH_TRY(kith_write_u32(&w, signer_leaf));
    KITH_TRY(mls_sign_with_label(epoch->tools, signer, "GroupInfoTBS",
                                 CRYPTO_PARTS(kith_bytes_of_buf(&info)), &signature));
    KITH_TRY(kith_write_varvec(&w, kith_bytes_of_buf(&signature)));
    return kith_buf_append(out, kith_bytes_of_buf(&info));
}

/* Encrypts the GroupInfo for whoever knows the joiner secret and the PSKs [RFC9420 §12.4.3.1]. */
static kith_err
seal_info(const mls_job *job, const mls_info_parts *parts, kith_buf *out)
{
    KITH_AUTO(kith_buf) info = {.alloc = job->tools.alloc};
    KITH_AUTO(kith_secret) secret = {0};
    KITH_AUTO(kith_secret) key = {0};
    KITH_AUTO(kith_secret) nonce = {0};

    KITH_TRY(mls_group_info_write(job->next, job->sender, job->new_signer, parts, &info));
    KITH_TRY(mls_welcome_secret(job->tools, kith_bytes_of_secret(&job->joiner),
                                kith_bytes_of_secret(&job->plan.psk_secret), &secret));
    KITH_TRY(mls_welcome_key(job->tools, kith_bytes_of_secret(&secret), &key, &nonce));
    const crypto_aead aead = {.id = job->tools.suite->aead,
                              .key = kith_bytes_of_secret(&key),
                              .nonce = kith_bytes_of_secret(&nonce)};
    return crypto_aead_seal(job->tools.crypto, &aead, kith_bytes_of_buf(&info), out);
}

static kith_err
write_psks(const mls_job *job, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    for (size_t i = 0; i < job->plan.psk_count; i++) {
        KITH_TRY(mls_psk_id_encode(&w, &job->plan.psks[i]));
    }
    return KITH_OK;
}

/* What one new member gets. */
typedef struct newcomer {
    const mls_key_package *package;
    uint32_t leaf_index;
    kith_bytes
        info_hash; /* of the encrypted GroupInfo, which every newcomer's secrets are bound to */
    kith_bytes psks;
} newcomer;

/* GroupSecrets of one new member, encrypted to its init key [RFC9420 §12.4.3.1]. */
static kith_err
seal_secrets(const mls_job *job, const newcomer *who, crypto_hpke_sealed *out)
{
    KITH_AUTO(kith_buf) text = {.alloc = job->tools.alloc};
    kith_writer w = kith_writer_of(&text);
    const mls_group_secrets secrets = {
        .joiner_secret = kith_bytes_of_secret(&job->joiner),
        .has_path_secret = job->has_path,
        .path_secret = mls_new_path_secret_for(&job->path, job->sender, who->leaf_index),
        .psks = who->psks,
    };

    KITH_TRY(mls_group_secrets_encode(&w, &secrets));
    const mls_seal seal = {.key = who->package->init_key,
                           .info_hash = who->info_hash,
                           .text = kith_bytes_of_buf(&text)};
    return mls_encrypt_with_label(job->tools, &job->env->rng, &seal, out);
}

static kith_err
write_newcomer(const mls_job *job, const newcomer *who, kith_writer *w)
{
    KITH_AUTO(crypto_hpke_sealed) sealed = {0};
    mls_hash ref = {.len = mls_suite_hash_len(job->tools.suite)};

    KITH_TRY(
        mls_ref_hash(job->tools, "MLS 1.0 KeyPackage Reference", who->package->bytes, ref.bytes));
    KITH_TRY(seal_secrets(job, who, &sealed));
    KITH_TRY(kith_write_varvec(w, mls_hash_bytes(&ref)));
    KITH_TRY(kith_write_varvec(w, kith_bytes_of_buf(&sealed.kem_output)));
    return kith_write_varvec(w, kith_bytes_of_buf(&sealed.ciphertext));
}

kith_err
mls_welcome_write(const mls_job *job, const mls_item_list *items, const mls_info_parts *parts,
                  kith_buf *out)
{
    KITH_AUTO(kith_buf) info = {.alloc = job->tools.alloc};
    KITH_AUTO(kith_buf) psks = {.alloc = job->tools.alloc};
    KITH_AUTO(kith_secret) info_hash = {0};
    kith_writer w = kith_writer_of(out);
    size_t mark = 0;
    size_t nth = 0;

    KITH_TRY(seal_info(job, parts, &info));
    const mls_seal bound = {.label = "Welcome", .context = kith_bytes_of_buf(&info)};
    KITH_TRY(mls_seal_prepare(job->tools, &bound, &info_hash));
    KITH_TRY(write_psks(job, &psks));
    KITH_TRY(mls_message_start(&w, MLS_WIRE_WELCOME));
    KITH_TRY(kith_write_u16(&w, job->tools.suite_id));
    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < items->count; i++) {
        if (items->items[i].proposal.type != MLS_PROPOSAL_ADD) {
            continue;
        }
        const newcomer who = {.package = &items->items[i].proposal.add,
                              .leaf_index = job->plan.added.items[nth++],
                              .info_hash = kith_bytes_of_secret(&info_hash),
                              .psks = kith_bytes_of_buf(&psks)};
        KITH_TRY(write_newcomer(job, &who, &w));
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_write_varvec(&w, kith_bytes_of_buf(&info));
}
