/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Codec of leaves, key packages, extensions, proposals and commits [RFC9420 §7.2, §8.4, §10, §12]. Decoding
 * borrows and allocates nothing.
 */
#include "mls/types.h"

/* A vector of 16-bit values. */
static kith_err
read_values(kith_reader *r, kith_bytes *out)
{
    kith_bytes list;

    KITH_TRY(kith_read_varvec(r, &list));
    KITH_ENSURE(list.len % 2 == 0, KITH_ERR_MALFORMED);
    *out = list;
    return KITH_OK;
}

bool
mls_list_has(kith_bytes list, uint16_t value)
{
    kith_reader r = kith_reader_of(list);
    uint16_t item = 0;

    while (kith_read_u16(&r, &item) == KITH_OK) {
        if (item == value) {
            return true;
        }
    }
    return false;
}

/* ---- Extensions [RFC9420 §13.4] ---- */

kith_err
mls_ext_read(kith_reader *r, mls_ext *out)
{
    kith_reader at = *r;
    mls_ext extension;

    KITH_TRY(kith_read_u16(&at, &extension.type));
    KITH_TRY(kith_read_varvec(&at, &extension.data));
    *r = at;
    *out = extension;
    return KITH_OK;
}

kith_err
mls_ext_find(kith_bytes list, uint16_t type, kith_bytes *out)
{
    kith_reader r = kith_reader_of(list);

    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        if (extension.type == type) {
            *out = extension.data;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
mls_ext_list_check(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    uint16_t seen[MLS_EXTENSIONS_MAX];
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        KITH_ENSURE(count < MLS_EXTENSIONS_MAX, KITH_ERR_LIMIT);
        for (size_t i = 0; i < count; i++) {
            KITH_ENSURE(seen[i] != extension.type, KITH_ERR_MALFORMED);
        }
        if (extension.type == MLS_EXT_APP_DATA_DICTIONARY) {
            KITH_TRY(mls_components_check(extension.data));
        }
        seen[count++] = extension.type;
    }
    return KITH_OK;
}

kith_err
mls_ext_list_write(const mls_ext *items, size_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_write_u16(&w, items[i].type));
        KITH_TRY(kith_write_varvec(&w, items[i].data));
    }
    KITH_ENSURE(mls_ext_list_check(kith_bytes_of_buf(&draft)) == KITH_OK, KITH_ERR_INVALID);
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

bool
mls_ext_is_default(uint16_t type)
{
    return type >= MLS_EXT_APPLICATION_ID && type <= MLS_EXT_EXTERNAL_SENDERS;
}

bool
mls_proposal_is_default(uint16_t type)
{
    return type >= MLS_PROPOSAL_ADD && type <= MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS;
}

/* A vector of extensions, each type at most once. */
static kith_err
read_extensions(kith_reader *r, kith_bytes *out)
{
    kith_bytes list;

    KITH_TRY(kith_read_varvec(r, &list));
    KITH_TRY(mls_ext_list_check(list));
    *out = list;
    return KITH_OK;
}

/* ---- Leaves [RFC9420 §7.2] ---- */

static kith_err
read_capabilities(kith_reader *r, mls_capabilities *out)
{
    KITH_TRY(read_values(r, &out->versions));
    KITH_TRY(read_values(r, &out->cipher_suites));
    KITH_TRY(read_values(r, &out->extensions));
    KITH_TRY(read_values(r, &out->proposals));
    return read_values(r, &out->credentials);
}

/* A list of certificates [RFC9420 §5.3]. */
static kith_err
check_certificates(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    kith_bytes certificate;

    while (!kith_reader_done(&r)) {
        KITH_TRY(kith_read_varvec(&r, &certificate));
    }
    return KITH_OK;
}

/* Types beyond the RFC are taken to hold one vector: nothing else could be skipped. */
static kith_err
read_credential(kith_reader *r, mls_identity *out)
{
    KITH_TRY(kith_read_u16(r, &out->type));
    KITH_TRY(kith_read_varvec(r, &out->data));
    return out->type == MLS_CREDENTIAL_X509 ? check_certificates(out->data) : KITH_OK;
}

static kith_err
read_source(kith_reader *r, mls_leaf_node *out)
{
    KITH_TRY(kith_read_u8(r, &out->source));
    switch (out->source) {
    case MLS_LEAF_SOURCE_KEY_PACKAGE:
        KITH_TRY(kith_read_u64(r, &out->not_before_s));
        return kith_read_u64(r, &out->not_after_s);
    case MLS_LEAF_SOURCE_UPDATE:
        return KITH_OK;
    case MLS_LEAF_SOURCE_COMMIT:
        return kith_read_varvec(r, &out->parent_hash);
    default:
        return KITH_ERR_MALFORMED;
    }
}

kith_err
mls_leaf_node_decode(kith_reader *r, mls_leaf_node *out)
{
    kith_reader at = *r;
    mls_leaf_node leaf = {0};

    KITH_TRY(kith_read_varvec(&at, &leaf.encryption_key));
    KITH_TRY(kith_read_varvec(&at, &leaf.signature_key));
    KITH_TRY(read_credential(&at, &leaf.credential));
    KITH_TRY(read_capabilities(&at, &leaf.capabilities));
    KITH_TRY(read_source(&at, &leaf));
    KITH_TRY(read_extensions(&at, &leaf.extensions));
    leaf.tbs = kith_reader_since(r, &at);
    KITH_TRY(kith_read_varvec(&at, &leaf.signature));
    *r = at;
    *out = leaf;
    return KITH_OK;
}

static kith_err
read_leaf(kith_reader *r, mls_leaf_node *leaf, kith_bytes *bytes)
{
    const kith_reader from = *r;

    KITH_TRY(mls_leaf_node_decode(r, leaf));
    *bytes = kith_reader_since(&from, r);
    return KITH_OK;
}

static kith_err
read_version(kith_reader *r)
{
    uint16_t version = 0;

    KITH_TRY(kith_read_u16(r, &version));
    KITH_ENSURE(version == MLS_VERSION_MLS10, KITH_ERR_UNSUPPORTED);
    return KITH_OK;
}

kith_err
mls_key_package_decode(kith_reader *r, mls_key_package *out)
{
    kith_reader at = *r;
    mls_key_package package = {0};

    KITH_TRY(read_version(&at));
    KITH_TRY(kith_read_u16(&at, &package.suite));
    KITH_TRY(kith_read_varvec(&at, &package.init_key));
    KITH_TRY(read_leaf(&at, &package.leaf, &package.leaf_bytes));
    KITH_TRY(read_extensions(&at, &package.extensions));
    package.tbs = kith_reader_since(r, &at);
    KITH_TRY(kith_read_varvec(&at, &package.signature));
    package.bytes = kith_reader_since(r, &at);
    *r = at;
    *out = package;
    return KITH_OK;
}

/* ---- Proposals [RFC9420 §12.1] ---- */

kith_err
mls_psk_id_decode(kith_reader *r, mls_psk_id *out)
{
    kith_reader at = *r;
    mls_psk_id id = {0};

    KITH_TRY(kith_read_u8(&at, &id.type));
    switch (id.type) {
    case MLS_PSK_EXTERNAL:
        KITH_TRY(kith_read_varvec(&at, &id.psk_id));
        break;
    case MLS_PSK_COMPONENT:
        KITH_TRY(kith_read_u16(&at, &id.component_id));
        KITH_TRY(kith_read_varvec(&at, &id.psk_id));
        break;
    case MLS_PSK_RESUMPTION:
        KITH_TRY(kith_read_u8(&at, &id.usage));
        KITH_ENSURE(id.usage >= MLS_PSK_USAGE_APPLICATION && id.usage <= MLS_PSK_USAGE_BRANCH,
                    KITH_ERR_MALFORMED);
        KITH_TRY(kith_read_varvec(&at, &id.group_id));
        KITH_TRY(kith_read_u64(&at, &id.epoch));
        break;
    default:
        return KITH_ERR_MALFORMED;
    }
    KITH_TRY(kith_read_varvec(&at, &id.nonce));
    id.bytes = kith_reader_since(r, &at);
    *r = at;
    *out = id;
    return KITH_OK;
}

kith_err
mls_psk_id_encode(kith_writer *w, const mls_psk_id *id)
{
    KITH_TRY(kith_write_u8(w, id->type));
    if (id->type != MLS_PSK_RESUMPTION) {
        KITH_TRY(id->type == MLS_PSK_COMPONENT ? kith_write_u16(w, id->component_id) : KITH_OK);
        KITH_TRY(kith_write_varvec(w, id->psk_id));
    } else {
        KITH_TRY(kith_write_u8(w, id->usage));
        KITH_TRY(kith_write_varvec(w, id->group_id));
        KITH_TRY(kith_write_u64(w, id->epoch));
    }
    return kith_write_varvec(w, id->nonce);
}

static kith_err
read_reinit(kith_reader *r, mls_reinit *out)
{
    KITH_TRY(kith_read_varvec(r, &out->group_id));
    KITH_TRY(kith_read_u16(r, &out->version));
    KITH_TRY(kith_read_u16(r, &out->suite));
    return read_extensions(r, &out->extensions);
}

/* AppDataUpdate [MLS-EXT §4.7]. */
static kith_err
read_app_update(kith_reader *r, mls_app_proposal *out)
{
    uint8_t op = 0;

    KITH_TRY(kith_read_u16(r, &out->component_id));
    KITH_TRY(kith_read_u8(r, &op));
    KITH_ENSURE(op == MLS_APP_UPDATE || op == MLS_APP_REMOVE, KITH_ERR_MALFORMED);
    out->op = (mls_app_op)op;
    return op == MLS_APP_UPDATE ? kith_read_varvec(r, &out->data) : KITH_OK;
}

static kith_err
read_proposal_content(kith_reader *r, mls_proposal *out)
{
    switch (out->type) {
    case MLS_PROPOSAL_ADD:
        return mls_key_package_decode(r, &out->add);
    case MLS_PROPOSAL_UPDATE:
        return read_leaf(r, &out->update.leaf, &out->update.leaf_bytes);
    case MLS_PROPOSAL_REMOVE:
        return kith_read_u32(r, &out->removed);
    case MLS_PROPOSAL_PSK:
        return mls_psk_id_decode(r, &out->psk);
    case MLS_PROPOSAL_REINIT:
        return read_reinit(r, &out->reinit);
    case MLS_PROPOSAL_EXTERNAL_INIT:
        return kith_read_varvec(r, &out->kem_output);
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return read_extensions(r, &out->extensions);
    case MLS_PROPOSAL_APP_DATA_UPDATE:
        return read_app_update(r, &out->app);
    case MLS_PROPOSAL_APP_EPHEMERAL:
        out->app.op = MLS_APP_EPHEMERAL;
        KITH_TRY(kith_read_u16(r, &out->app.component_id));
        return kith_read_varvec(r, &out->app.data);
    case MLS_PROPOSAL_SELF_REMOVE:
        return KITH_OK;
    default:
        return KITH_ERR_UNSUPPORTED;
    }
}

kith_err
mls_proposal_decode(kith_reader *r, mls_proposal *out)
{
    kith_reader at = *r;
    mls_proposal proposal = {0};

    KITH_TRY(kith_read_u16(&at, &proposal.type));
    KITH_TRY(read_proposal_content(&at, &proposal));
    proposal.bytes = kith_reader_since(r, &at);
    *r = at;
    *out = proposal;
    return KITH_OK;
}

kith_err
mls_proposal_or_ref_decode(kith_reader *r, mls_proposal_or_ref *out)
{
    kith_reader at = *r;
    mls_proposal_or_ref item = {0};
    uint8_t type = 0;

    KITH_TRY(kith_read_u8(&at, &type));
    KITH_ENSURE(type == 1 || type == 2, KITH_ERR_MALFORMED);
    item.is_ref = type == 2;
    if (item.is_ref) {
        KITH_TRY(kith_read_varvec(&at, &item.ref));
    } else {
        KITH_TRY(mls_proposal_decode(&at, &item.proposal));
    }
    *r = at;
    *out = item;
    return KITH_OK;
}

static kith_err
check_proposals(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);
    size_t count = 0;

    while (!kith_reader_done(&r)) {
        mls_proposal_or_ref item;
        KITH_ENSURE(++count <= MLS_PROPOSALS_MAX, KITH_ERR_LIMIT);
        KITH_TRY(mls_proposal_or_ref_decode(&r, &item));
    }
    return KITH_OK;
}

/* UpdatePathNodes [RFC9420 §7.6]. */
static kith_err
check_path_nodes(kith_bytes list)
{
    kith_reader r = kith_reader_of(list);

    while (!kith_reader_done(&r)) {
        kith_bytes key;
        kith_bytes ciphertexts;
        KITH_TRY(kith_read_varvec(&r, &key));
        KITH_TRY(kith_read_varvec(&r, &ciphertexts));
        kith_reader inner = kith_reader_of(ciphertexts);
        while (!kith_reader_done(&inner)) {
            mls_hpke_ciphertext sealed;
            KITH_TRY(mls_hpke_ciphertext_decode(&inner, &sealed));
        }
    }
    return KITH_OK;
}

kith_err
mls_commit_decode(kith_reader *r, mls_commit *out)
{
    kith_reader at = *r;
    mls_commit commit = {0};

    KITH_TRY(kith_read_varvec(&at, &commit.proposals));
    KITH_TRY(check_proposals(commit.proposals));
    KITH_TRY(kith_read_bool(&at, &commit.has_path));
    if (commit.has_path) {
        KITH_TRY(read_leaf(&at, &commit.leaf, &commit.leaf_bytes));
        KITH_TRY(kith_read_varvec(&at, &commit.nodes));
        KITH_TRY(check_path_nodes(commit.nodes));
    }
    *r = at;
    *out = commit;
    return KITH_OK;
}
