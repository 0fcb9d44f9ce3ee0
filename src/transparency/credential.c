/* SPDX-License-Identifier: MPL-2.0 */
/* Standard credentials [KEYTRANS §14.1]: a search ladder in one entry. */
#include "transparency/credential.h"

#include <string.h>

#include "transparency/encoding.h"
#include "transparency/log_parts.h"
#include "transparency/suite.h"

/* CredentialType. */
#define TYPE_STANDARD 1u
#define TYPE_PROVISIONAL 2u

/* ---- Making. ---- */

/* The lookups of a ladder in one state of the prefix tree. */
typedef struct making {
    kt_log *log;
    kith_bytes label;
    kt_ladder ladder;
    kt_evaluation evaluations[KT_LADDER_MAX];
    kt_lookup lookups[KT_LADDER_MAX];
} making;

static kith_err
write_steps(const making *m, uint32_t version, kith_buf *out)
{
    const size_t proof_len = kt_suite_row_of(&m->log->setup.config)->proof_len;
    kith_writer w = kith_writer_of(out);

    KITH_TRY(kith_write_u8(&w, (uint8_t)m->ladder.count));
    for (size_t i = 0; i < m->ladder.count; i++) {
        const kt_step step = {.proof = kith_bytes_of(m->evaluations[i].proof, proof_len),
                              .has_commitment = m->ladder.items[i] < version,
                              .commitment = m->lookups[i].commitment};
        KITH_TRY(kt_step_write(&w, &step));
    }
    return KITH_OK;
}

static kith_err
find_lookups(making *m, kt_node_id root, kith_buf *siblings)
{
    const kt_log_setup *setup = &m->log->setup;

    for (size_t i = 0; i < m->ladder.count; i++) {
        KITH_TRY(kt_log_evaluate_label(m->log, m->label, m->ladder.items[i], &m->evaluations[i]));
        m->lookups[i].key = m->evaluations[i].key;
        KITH_TRY(kt_prefix_search(setup->crypto, &setup->store, root, &m->lookups[i], siblings));
    }
    return KITH_OK;
}

/* The PrefixProof; the lookups are in another order afterwards. */
static kith_err
write_proof(making *m, const kith_buf *siblings, kith_buf *out)
{
    KITH_AUTO(kith_buf) results = {0};
    KITH_AUTO(kith_buf) elements = {0};
    kith_writer w = kith_writer_of(out);
    kith_writer result_writer = kith_writer_of(&results);
    const kt_prefix_batch batch = {.lookups = m->lookups, .count = m->ladder.count};

    for (size_t i = 0; i < m->ladder.count; i++) {
        KITH_TRY(kt_result_write(&result_writer, &m->lookups[i].result));
    }
    KITH_TRY(kt_prefix_prove(m->log->setup.crypto, &batch, siblings, &elements));
    const kt_prefix_proof proof = {.result_count = batch.count,
                                   .results = kith_bytes_of_buf(&results),
                                   .elements = kith_bytes_of_buf(&elements)};
    return kt_prefix_proof_write(&w, &proof);
}

static kith_err
write_credential(making *m, uint32_t version, uint64_t position, kith_buf *out)
{
    const kt_labels *labels = &m->log->setup.labels;
    const kt_tree tree = kt_log_tree(m->log);
    KITH_AUTO(kith_buf) value = {0};
    KITH_AUTO(kith_buf) siblings = {0};
    kith_writer w = kith_writer_of(out);
    kt_stored_entry entry;
    kt_record record;

    KITH_TRY(kt_tree_entry(&tree, position, &entry));
    KITH_TRY(labels->find(labels->ctx, m->label, version, &record, &value));
    KITH_TRY(find_lookups(m, entry.root, &siblings));
    KITH_TRY(kith_write_vec8(&w, m->label));
    KITH_TRY(kith_write_u32(&w, version));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record.opening)));
    KITH_TRY(kith_write_vec32(&w, kith_bytes_of_buf(&value)));
    KITH_TRY(write_steps(m, version, out));
    KITH_TRY(kith_write_u64(&w, position));
    KITH_TRY(kith_write_u8(&w, TYPE_STANDARD));
    return write_proof(m, &siblings, out);
}

kith_err
kt_log_credential(kt_log *log, kith_bytes label, uint64_t position, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    making m = {.log = log, .label = label};
    uint64_t count = 0;

    KITH_ENSURE(position < log->size, KITH_ERR_REJECTED);
    KITH_TRY(kt_log_count_at(log, label, position, &count));
    KITH_ENSURE(count > 0, KITH_ERR_NOT_FOUND);
    m.ladder = kt_math_ladder((uint32_t)(count - 1));
    KITH_TRY(write_credential(&m, (uint32_t)(count - 1), position, &draft));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* ---- Checking. ---- */

/* A credential that is being read. */
typedef struct checking {
    const kt_client *client;
    kt_credential credential;
    kith_bytes opening;
    kt_ladder ladder;
    kt_step steps[KT_LADDER_MAX];
    kt_prefix_proof proof;
    kt_lookup lookups[KT_LADDER_MAX];
} checking;

static kith_err
read_ladder(kith_reader *r, checking *k)
{
    const size_t proof_len = kt_suite_row_of(&k->client->config)->proof_len;
    uint8_t count = 0;

    k->ladder = kt_math_ladder(k->credential.version);
    KITH_TRY(kith_read_u8(r, &count));
    KITH_ENSURE(count == k->ladder.count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < k->ladder.count; i++) {
        KITH_TRY(kt_step_read(r, proof_len, &k->steps[i]));
    }
    return KITH_OK;
}

static kith_err
read_credential(kith_bytes bytes, checking *k)
{
    kith_reader r = kith_reader_of(bytes);
    uint8_t type = 0;

    KITH_TRY(kith_read_vec8(&r, &k->credential.label));
    KITH_TRY(kith_read_u32(&r, &k->credential.version));
    KITH_TRY(kith_read_bytes(&r, KT_OPENING_LEN, &k->opening));
    KITH_TRY(kith_read_vec32(&r, &k->credential.value));
    KITH_TRY(read_ladder(&r, k));
    KITH_TRY(kith_read_u64(&r, &k->credential.position));
    KITH_TRY(kith_read_u8(&r, &type));
    KITH_ENSURE(type != TYPE_PROVISIONAL, KITH_ERR_UNSUPPORTED);
    KITH_ENSURE(type == TYPE_STANDARD, KITH_ERR_MALFORMED);
    KITH_TRY(kt_prefix_proof_read(&r, &k->proof));
    return kith_reader_finish(&r);
}

/* The version itself has the commitment to the value; smaller ones have the one that is named, and greater
 * ones none: nothing in a credential may be there without being needed. */
static kith_err
find_commitment(const checking *k, size_t i, kt_hash *out)
{
    const uint32_t version = k->ladder.items[i];
    const kt_opened opened = {.label = k->credential.label,
                              .version = version,
                              .value = k->credential.value,
                              .opening = k->opening};

    KITH_ENSURE(k->steps[i].has_commitment == (version < k->credential.version), KITH_ERR_REJECTED);
    if (version == k->credential.version) {
        const kith_err err = kt_commit(k->client->crypto, &opened, out);
        return err == KITH_ERR_LIMIT ? KITH_ERR_REJECTED : err;
    }
    *out = k->steps[i].commitment;
    return KITH_OK;
}

/* The lookups that show the version to be the greatest one, and the root that they make. */
static kith_err
evaluate(checking *k, kt_hash *root)
{
    const kt_prefix_batch batch = {.lookups = k->lookups, .count = k->ladder.count};
    kith_reader results = kith_reader_of(k->proof.results);

    KITH_ENSURE(k->proof.result_count == k->ladder.count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < k->ladder.count; i++) {
        kt_lookup *lookup = &k->lookups[i];
        KITH_TRY(kt_result_read(&results, &lookup->result));
        KITH_ENSURE((lookup->result.outcome == KT_INCLUSION) ==
                        (k->ladder.items[i] <= k->credential.version),
                    KITH_ERR_REJECTED);
        KITH_TRY(
            kt_suite_peek(k->client->crypto, &k->client->config, k->steps[i].proof, &lookup->key));
        KITH_TRY(find_commitment(k, i, &lookup->commitment));
    }
    return kt_prefix_evaluate(k->client->crypto, &batch, k->proof.elements, root);
}

static kith_err
check_proofs(const checking *k)
{
    for (size_t i = 0; i < k->ladder.count; i++) {
        KITH_AUTO(kith_buf) input = {0};
        kt_hash key;
        KITH_TRY(kt_vrf_input(k->credential.label, k->ladder.items[i], &input));
        KITH_TRY(kt_vrf_check(k->client->crypto, &k->client->config, kith_bytes_of_buf(&input),
                              k->steps[i].proof, &key));
    }
    return KITH_OK;
}

static const kt_head_entry *
find_head(const kt_heads *heads, uint64_t position)
{
    for (size_t i = 0; i < heads->count; i++) {
        if (heads->items[i].position == position) {
            return &heads->items[i];
        }
    }
    return NULL;
}

kith_err
kt_credential_check(const kt_client *client, const kt_heads *heads, kith_bytes bytes,
                    kt_credential *out)
{
    checking k = {.client = client};
    kt_hash root;

    KITH_ENSURE(bytes.len <= KT_CREDENTIAL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(read_credential(bytes, &k));
    const kt_head_entry *head = find_head(heads, k.credential.position);
    KITH_ENSURE(head != NULL, KITH_ERR_NOT_FOUND);
    KITH_TRY(evaluate(&k, &root));
    KITH_ENSURE(kt_hash_equal(&root, &head->entry.prefix_root), KITH_ERR_REJECTED);
    KITH_TRY(check_proofs(&k));
    *out = k.credential;
    return KITH_OK;
}
