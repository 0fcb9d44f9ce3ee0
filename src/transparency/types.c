/* SPDX-License-Identifier: MPL-2.0 */
/* Encodings of heads and proofs [KEYTRANS §11] [KEYTRANS §12]. */
#include "transparency/types.h"
#include "transparency/encoding.h"
#include "transparency/suite.h"

#include <string.h>

/* FullTreeHeadType. */
#define HEAD_SAME 1
#define HEAD_UPDATED 2

bool
kt_hash_equal(const kt_hash *a, const kt_hash *b)
{
    return memcmp(a->bytes, b->bytes, KT_HASH_LEN) == 0;
}

kith_err
kt_hash_read(kith_reader *r, kt_hash *out)
{
    return kith_read_copy(r, out->bytes, KT_HASH_LEN);
}

kith_err
kt_hash_write(kith_writer *w, const kt_hash *hash)
{
    return kith_write_bytes(w, KITH_BYTES(hash->bytes));
}

kith_bytes
kt_hash_bytes(const kt_hash *hash)
{
    return KITH_BYTES(hash->bytes);
}

kith_err
kt_optional_u64_write(kith_writer *w, bool is_present, uint64_t value)
{
    KITH_TRY(kith_write_bool(w, is_present));
    return is_present ? kith_write_u64(w, value) : KITH_OK;
}

kith_err
kt_optional_u64_read(kith_reader *r, bool *is_present, uint64_t *value)
{
    KITH_TRY(kith_read_bool(r, is_present));
    return *is_present ? kith_read_u64(r, value) : KITH_OK;
}

kith_err
kt_optional_u32_write(kith_writer *w, bool is_present, uint32_t value)
{
    KITH_TRY(kith_write_bool(w, is_present));
    return is_present ? kith_write_u32(w, value) : KITH_OK;
}

kith_err
kt_optional_u32_read(kith_reader *r, bool *is_present, uint32_t *value)
{
    KITH_TRY(kith_read_bool(r, is_present));
    return *is_present ? kith_read_u32(r, value) : KITH_OK;
}

kith_bytes
kt_config_signature_key(const kt_config *config)
{
    return kith_bytes_of(config->signature_key, kt_suite_row_of(config)->signature_key_len);
}

kith_bytes
kt_config_vrf_key(const kt_config *config)
{
    return kith_bytes_of(config->vrf_key, kt_suite_row_of(config)->vrf_key_len);
}

kith_bytes
kt_config_auditor_key(const kt_config *config)
{
    return kith_bytes_of(config->auditor_key, kt_suite_row_of(config)->signature_key_len);
}

static kith_err
write_config(kith_writer *w, const kt_config *config)
{
    KITH_TRY(kith_write_u16(w, kt_suite_row_of(config)->id));
    KITH_TRY(kith_write_u8(w, (uint8_t)config->mode));
    KITH_TRY(kith_write_vec16(w, kt_config_signature_key(config)));
    KITH_TRY(kith_write_vec16(w, kt_config_vrf_key(config)));
    if (config->mode == KT_THIRD_PARTY_AUDITING) {
        KITH_TRY(kith_write_u64(w, config->max_auditor_lag));
        KITH_TRY(kith_write_u64(w, config->auditor_start));
        KITH_TRY(kith_write_vec16(w, kt_config_auditor_key(config)));
    }
    KITH_TRY(kith_write_u64(w, config->max_ahead));
    KITH_TRY(kith_write_u64(w, config->max_behind));
    KITH_TRY(kith_write_u64(w, config->window));
    return kt_optional_u64_write(w, config->has_lifetime, config->lifetime);
}

static bool
is_mode_supported(kt_mode mode)
{
    return mode == KT_CONTACT_MONITORING || mode == KT_THIRD_PARTY_AUDITING;
}

/* [KEYTRANS §7.1]. */
static bool
is_lifetime_sound(const kt_config *config)
{
    return !config->has_lifetime || (config->lifetime > 0 && config->lifetime > config->window);
}

kith_err
kt_config_encode(const kt_config *config, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_ENSURE(kt_suite_is_known(config) && is_mode_supported(config->mode), KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(is_lifetime_sound(config), KITH_ERR_INVALID);
    KITH_TRY(write_config(&w, config));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

static kith_err
read_key(kith_reader *r, size_t len, uint8_t out[KT_KEY_MAX])
{
    kith_bytes key;

    KITH_TRY(kith_read_vec16(r, &key));
    KITH_ENSURE(key.len == len, KITH_ERR_MALFORMED);
    memcpy(out, key.data, len);
    return KITH_OK;
}

static kith_err
read_auditing(kith_reader *r, kt_config *config)
{
    KITH_TRY(kith_read_u64(r, &config->max_auditor_lag));
    KITH_TRY(kith_read_u64(r, &config->auditor_start));
    return read_key(r, kt_suite_row_of(config)->signature_key_len, config->auditor_key);
}

kith_err
kt_config_decode(kith_reader *r, kt_config *out)
{
    kith_reader in = *r;
    kt_config config = {0};
    uint16_t suite = 0;
    uint8_t mode = 0;

    KITH_TRY(kith_read_u16(&in, &suite));
    KITH_TRY(kith_read_u8(&in, &mode));
    config.mode = (kt_mode)mode;
    const kt_suite_row *row = kt_suite_row_find(suite, &config.suite);
    KITH_ENSURE(row != NULL && is_mode_supported(config.mode), KITH_ERR_UNSUPPORTED);
    KITH_TRY(read_key(&in, row->signature_key_len, config.signature_key));
    KITH_TRY(read_key(&in, row->vrf_key_len, config.vrf_key));
    if (config.mode == KT_THIRD_PARTY_AUDITING) {
        KITH_TRY(read_auditing(&in, &config));
    }
    KITH_TRY(kith_read_u64(&in, &config.max_ahead));
    KITH_TRY(kith_read_u64(&in, &config.max_behind));
    KITH_TRY(kith_read_u64(&in, &config.window));
    KITH_TRY(kt_optional_u64_read(&in, &config.has_lifetime, &config.lifetime));
    KITH_ENSURE(is_lifetime_sound(&config), KITH_ERR_MALFORMED);
    *out = config;
    *r = in;
    return KITH_OK;
}

kith_err
kt_full_head_write(kith_writer *w, kt_mode mode, const kt_full_head *head)
{
    KITH_TRY(kith_write_u8(w, head->is_updated ? HEAD_UPDATED : HEAD_SAME));
    if (!head->is_updated) {
        return KITH_OK;
    }
    KITH_TRY(kith_write_u64(w, head->tree.size));
    KITH_TRY(kith_write_vec16(w, head->tree.signature));
    if (mode == KT_THIRD_PARTY_AUDITING) {
        KITH_TRY(kith_write_u64(w, head->auditor.timestamp));
        KITH_TRY(kith_write_u64(w, head->auditor.size));
        KITH_TRY(kith_write_vec16(w, head->auditor.signature));
    }
    return KITH_OK;
}

kith_err
kt_full_head_read(kith_reader *r, kt_mode mode, kt_full_head *out)
{
    kith_reader in = *r;
    kt_full_head head = {0};
    uint8_t type = 0;

    KITH_TRY(kith_read_u8(&in, &type));
    KITH_ENSURE(type == HEAD_SAME || type == HEAD_UPDATED, KITH_ERR_MALFORMED);
    head.is_updated = type == HEAD_UPDATED;
    if (head.is_updated) {
        KITH_TRY(kith_read_u64(&in, &head.tree.size));
        KITH_TRY(kith_read_vec16(&in, &head.tree.signature));
    }
    if (head.is_updated && mode == KT_THIRD_PARTY_AUDITING) {
        KITH_TRY(kith_read_u64(&in, &head.auditor.timestamp));
        KITH_TRY(kith_read_u64(&in, &head.auditor.size));
        KITH_TRY(kith_read_vec16(&in, &head.auditor.signature));
    }
    *out = head;
    *r = in;
    return KITH_OK;
}

kith_err
kt_result_write(kith_writer *w, const kt_result *result)
{
    KITH_TRY(kith_write_u8(w, (uint8_t)result->outcome));
    if (result->outcome == KT_NON_INCLUSION_LEAF) {
        KITH_TRY(kt_hash_write(w, &result->leaf.key));
        KITH_TRY(kt_hash_write(w, &result->leaf.commitment));
    }
    return kith_write_u8(w, result->depth);
}

kith_err
kt_result_read(kith_reader *r, kt_result *out)
{
    kith_reader in = *r;
    kt_result result = {0};
    uint8_t outcome = 0;

    KITH_TRY(kith_read_u8(&in, &outcome));
    KITH_ENSURE(outcome >= KT_INCLUSION && outcome <= KT_NON_INCLUSION_PARENT, KITH_ERR_MALFORMED);
    result.outcome = (kt_outcome)outcome;
    if (result.outcome == KT_NON_INCLUSION_LEAF) {
        KITH_TRY(kt_hash_read(&in, &result.leaf.key));
        KITH_TRY(kt_hash_read(&in, &result.leaf.commitment));
    }
    KITH_TRY(kith_read_u8(&in, &result.depth));
    *out = result;
    *r = in;
    return KITH_OK;
}

/* Vectors whose length is counted in elements of `size` bytes. */
static kith_err
write_counted8(kith_writer *w, kith_bytes items, size_t size)
{
    KITH_ENSURE(items.len / size <= UINT8_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_u8(w, (uint8_t)(items.len / size)));
    return kith_write_bytes(w, items);
}

static kith_err
write_counted16(kith_writer *w, kith_bytes items, size_t size)
{
    KITH_ENSURE(items.len / size <= UINT16_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_u16(w, (uint16_t)(items.len / size)));
    return kith_write_bytes(w, items);
}

static kith_err
read_counted8(kith_reader *r, size_t size, kith_bytes *out)
{
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(r, &count));
    return kith_read_bytes(r, count * size, out);
}

static kith_err
read_counted16(kith_reader *r, size_t size, kith_bytes *out)
{
    uint16_t count = 0;

    KITH_TRY(kith_read_u16(r, &count));
    return kith_read_bytes(r, count * size, out);
}

kith_err
kt_prefix_proof_write(kith_writer *w, const kt_prefix_proof *proof)
{
    KITH_ENSURE(proof->result_count <= KT_PROOF_ITEMS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_u8(w, (uint8_t)proof->result_count));
    KITH_TRY(kith_write_bytes(w, proof->results));
    return write_counted16(w, proof->elements, KT_HASH_LEN);
}

kith_err
kt_prefix_proof_read(kith_reader *r, kt_prefix_proof *out)
{
    kith_reader in = *r;
    kt_prefix_proof proof = {0};
    kt_result result;
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(&in, &count));
    proof.result_count = count;
    const kith_reader from = in;
    for (size_t i = 0; i < proof.result_count; i++) {
        KITH_TRY(kt_result_read(&in, &result));
    }
    proof.results = kith_reader_since(&from, &in);
    KITH_TRY(read_counted16(&in, KT_HASH_LEN, &proof.elements));
    *out = proof;
    *r = in;
    return KITH_OK;
}

kith_err
kt_combined_proof_write(kith_writer *w, const kt_combined_proof *proof)
{
    KITH_TRY(write_counted8(w, proof->timestamps, sizeof(uint64_t)));
    KITH_ENSURE(proof->proof_count <= KT_PROOF_ITEMS_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_write_u8(w, (uint8_t)proof->proof_count));
    KITH_TRY(kith_write_bytes(w, proof->proofs));
    KITH_TRY(write_counted8(w, proof->roots, KT_HASH_LEN));
    return write_counted16(w, proof->inclusion, KT_HASH_LEN);
}

kith_err
kt_combined_proof_read(kith_reader *r, kt_combined_proof *out)
{
    kith_reader in = *r;
    kt_combined_proof proof = {0};
    kt_prefix_proof one;
    uint8_t count = 0;

    KITH_TRY(read_counted8(&in, sizeof(uint64_t), &proof.timestamps));
    KITH_TRY(kith_read_u8(&in, &count));
    proof.proof_count = count;
    const kith_reader from = in;
    for (size_t i = 0; i < proof.proof_count; i++) {
        KITH_TRY(kt_prefix_proof_read(&in, &one));
    }
    proof.proofs = kith_reader_since(&from, &in);
    KITH_TRY(read_counted8(&in, KT_HASH_LEN, &proof.roots));
    KITH_TRY(read_counted16(&in, KT_HASH_LEN, &proof.inclusion));
    *out = proof;
    *r = in;
    return KITH_OK;
}

kith_err
kt_step_write(kith_writer *w, const kt_step *step)
{
    KITH_ENSURE(step->proof.len == KT_PROOF_LEN || step->proof.len == KT_PROOF_MAX,
                KITH_ERR_INVALID);
    KITH_TRY(kith_write_bytes(w, step->proof));
    KITH_TRY(kith_write_bool(w, step->has_commitment));
    return step->has_commitment ? kt_hash_write(w, &step->commitment) : KITH_OK;
}

kith_err
kt_step_read(kith_reader *r, size_t proof_len, kt_step *out)
{
    kith_reader in = *r;
    kt_step step = {0};

    KITH_TRY(kith_read_bytes(&in, proof_len, &step.proof));
    KITH_TRY(kith_read_bool(&in, &step.has_commitment));
    if (step.has_commitment) {
        KITH_TRY(kt_hash_read(&in, &step.commitment));
    }
    *out = step;
    *r = in;
    return KITH_OK;
}
