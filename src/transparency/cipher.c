/* SPDX-License-Identifier: MPL-2.0 */
/* What both cipher suites hash, commit to and evaluate [KEYTRANS §17.1]. */
#include "transparency/cipher.h"

#include <string.h>

/* hashContent of the log tree [KEYTRANS §11.7], and what the prefix tree hashes [KEYTRANS §11.8]. */
#define TAG_LOG_LEAF 0x00
#define TAG_LOG_PARENT 0x01
#define TAG_PREFIX_LEAF 0x02
#define TAG_PREFIX_PARENT 0x03

/* Kc. */
static const uint8_t commitment_key[] = {0xd8, 0x21, 0xf8, 0x79, 0x0d, 0x97, 0x70, 0x97,
                                         0x96, 0xb4, 0xd7, 0x90, 0x33, 0x57, 0xc3, 0xf5};

kith_err
kt_entry_hash(crypto *c, const kt_entry *entry, kt_hash *out)
{
    KITH_AUTO(kith_buf) text = {0};
    kith_writer w = kith_writer_of(&text);

    KITH_TRY(kith_write_u64(&w, entry->timestamp));
    KITH_TRY(kt_hash_write(&w, &entry->prefix_root));
    return crypto_sha256(c, kith_bytes_of_buf(&text), out->bytes);
}

/* In one piece: the trees consist of these hashes, and each part costs a call. */
static kith_err
hash_pair(crypto *c, uint8_t tag, const kt_hash *a, const kt_hash *b, kt_hash *out)
{
    uint8_t text[1 + 2 * KT_HASH_LEN];

    text[0] = tag;
    memcpy(text + 1, a->bytes, KT_HASH_LEN);
    memcpy(text + 1 + KT_HASH_LEN, b->bytes, KT_HASH_LEN);
    return crypto_sha256(c, KITH_BYTES(text), out->bytes);
}

kith_err
kt_log_parent_hash(crypto *c, const kt_log_node *left, const kt_log_node *right, kt_hash *out)
{
    const uint8_t first = left->is_leaf ? TAG_LOG_LEAF : TAG_LOG_PARENT;
    const uint8_t second = right->is_leaf ? TAG_LOG_LEAF : TAG_LOG_PARENT;
    kt_hash hash;

    KITH_TRY(crypto_digest(c, CRYPTO_SHA256,
                           CRYPTO_PARTS(kith_bytes_of(&first, 1), kt_hash_bytes(&left->value),
                                        kith_bytes_of(&second, 1), kt_hash_bytes(&right->value)),
                           hash.bytes));
    *out = hash;
    return KITH_OK;
}

kith_err
kt_prefix_leaf_hash(crypto *c, const kt_leaf *leaf, kt_hash *out)
{
    return hash_pair(c, TAG_PREFIX_LEAF, &leaf->key, &leaf->commitment, out);
}

kith_err
kt_prefix_parent_hash(crypto *c, const kt_hash *left, const kt_hash *right, kt_hash *out)
{
    return hash_pair(c, TAG_PREFIX_PARENT, left, right, out);
}

/* CommitmentValue [KEYTRANS §11.5]. */
kith_err
kt_commit(crypto *c, const kt_opened *opened, kt_hash *out)
{
    KITH_AUTO(kith_buf) head = {0};
    KITH_AUTO(kith_buf) length = {0};
    kith_writer w = kith_writer_of(&head);
    kith_writer tail = kith_writer_of(&length);

    KITH_ENSURE(opened->opening.len == KT_OPENING_LEN, KITH_ERR_INVALID);
    KITH_ENSURE(opened->label.len <= KT_LABEL_MAX && opened->value.len <= KT_VALUE_MAX,
                KITH_ERR_LIMIT);
    KITH_TRY(kith_write_bytes(&w, opened->opening));
    KITH_TRY(kith_write_vec8(&w, opened->label));
    KITH_TRY(kith_write_u32(&w, opened->version));
    KITH_TRY(kith_write_u32(&tail, (uint32_t)opened->value.len));
    return crypto_hmac(
        c, CRYPTO_SHA256, KITH_BYTES(commitment_key),
        CRYPTO_PARTS(kith_bytes_of_buf(&head), kith_bytes_of_buf(&length), opened->value),
        out->bytes);
}

kith_err
kt_vrf_input(kith_bytes label, uint32_t version, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_ENSURE(label.len <= KT_LABEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_vec8(&w, label));
    return kith_write_u32(&w, version);
}

kith_err
kt_vrf_check(crypto *c, const kt_config *config, kith_bytes input, kith_bytes proof, kt_hash *out)
{
    const crypto_vrf_claim claim = {
        .public_key = kt_config_vrf_key(config), .proof = proof, .input = CRYPTO_PARTS(input)};
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

    if (config->suite == KT_128_SHA256_P256) {
        return crypto_vrf_p256_verify(c, &claim, out->bytes);
    }
    KITH_TRY(crypto_vrf_verify(c, &claim, output));
    memcpy(out->bytes, output, KT_HASH_LEN);
    return KITH_OK;
}

size_t
kt_decoy_len(const kt_hash *key)
{
    return 512u + key->bytes[0];
}

kith_err
kt_head_write_tbs(const kt_config *config, uint64_t size, const kt_hash *root, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kt_config_encode(config, out));
    KITH_TRY(kith_write_u64(&w, size));
    return kt_hash_write(&w, root);
}

kith_err
kt_auditor_write_tbs(const kt_config *config, const kt_auditor_head *head, const kt_hash *root,
                     kith_buf *out)
{
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kt_config_encode(config, out));
    KITH_TRY(kith_write_u64(&w, head->timestamp));
    KITH_TRY(kith_write_u64(&w, head->size));
    return kt_hash_write(&w, root);
}
