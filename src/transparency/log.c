/* SPDX-License-Identifier: MPL-2.0 */
/* The server's log: adding entries and signing heads. */
#include "transparency/log_parts.h"
#include "transparency/suite.h"

#include <string.h>

kith_err
kt_log_new(const kith_alloc *alloc, const kt_log_setup *setup, kt_log **out)
{
    const kt_config *config = &setup->config;

    KITH_ENSURE(kt_suite_is_known(config) && kt_suite_has_vrf(setup) &&
                    (setup->sign == NULL ? setup->size == 0
                                         : kith_bytes_equal(crypto_sign_key_public(setup->sign),
                                                            kt_config_signature_key(config))),
                KITH_ERR_INVALID);
    kt_log *log = kith_mem_zalloc(alloc, 1, sizeof *log);
    KITH_ENSURE(log != NULL, KITH_ERR_NO_MEMORY);
    log->alloc = alloc;
    log->setup = *setup;
    log->size = 0;
    kith_err err = KITH_OK;
    if (setup->size > 0) {
        err = kt_log_sign(log, setup->size);
    }
    if (err != KITH_OK) {
        kt_log_free(log);
        return err;
    }
    *out = log;
    return KITH_OK;
}

void
kt_log_free(kt_log *log)
{
    if (log != NULL) {
        kith_mem_free(log->alloc, log, sizeof *log);
    }
}

uint64_t
kt_log_size(const kt_log *log)
{
    return log->size;
}

kt_tree
kt_log_tree(const kt_log *log)
{
    return (kt_tree){.crypto = log->setup.crypto, .store = &log->setup.store, .size = log->size};
}

kith_err
kt_log_tree_root(const kt_log *log, kt_hash *out)
{
    KITH_ENSURE(log->size > 0, KITH_ERR_NOT_FOUND);
    return kt_log_root(log->setup.crypto, &log->setup.store, log->size, out);
}

kith_bytes
kt_log_signature(const kt_log *log)
{
    return log->size > 0 ? KITH_BYTES(log->signature) : (kith_bytes){0};
}

kith_err
kt_log_head(const kt_log *log, kt_log_tip *out)
{
    const kt_tree tree = kt_log_tree(log);
    kt_log_tip tip = {.head = {.size = log->size}};
    kt_stored_entry last;

    KITH_TRY(kt_log_tree_root(log, &tip.head.root));
    KITH_TRY(kt_tree_entry(&tree, log->size - 1, &last));
    tip.timestamp = last.entry.timestamp;
    memcpy(tip.head.signature, log->signature, KT_SIGNATURE_LEN);
    *out = tip;
    return KITH_OK;
}

kith_err
kt_log_follow(kt_log *log, uint64_t size, kith_bytes signature)
{
    const kt_client client = {.crypto = log->setup.crypto, .config = log->setup.config};
    kt_head head = {.size = size};

    KITH_ENSURE(size > 0 && size >= log->size && size <= KT_SIZE_MAX &&
                    signature.len == KT_SIGNATURE_LEN,
                KITH_ERR_REJECTED);
    KITH_TRY(kt_log_root(log->setup.crypto, &log->setup.store, size, &head.root));
    memcpy(head.signature, signature.data, KT_SIGNATURE_LEN);
    KITH_TRY(kt_head_verify(&client, &head));
    memcpy(log->signature, head.signature, KT_SIGNATURE_LEN);
    log->size = size;
    return KITH_OK;
}

kith_err
kt_log_sign(kt_log *log, uint64_t size)
{
    KITH_AUTO(kith_buf) tbs = {.alloc = log->alloc};
    kt_hash root;

    KITH_TRY(kt_log_root(log->setup.crypto, &log->setup.store, size, &root));
    KITH_TRY(kt_head_write_tbs(&log->setup.config, size, &root, &tbs));
    KITH_TRY(kt_suite_sign(log->setup.crypto, &log->setup.config, log->setup.sign,
                           kith_bytes_of_buf(&tbs), log->signature));
    log->size = size;
    return KITH_OK;
}

kith_err
kt_log_evaluate_label(kt_log *log, kith_bytes label, uint32_t version, kt_evaluation *out)
{
    const kt_labels *labels = &log->setup.labels;
    KITH_AUTO(kith_buf) input = {.alloc = log->alloc};

    if (labels->find_evaluation != NULL) {
        const kith_err err = labels->find_evaluation(labels->ctx, label, version, out);
        KITH_ENSURE(err == KITH_ERR_NOT_FOUND, err);
    }
    KITH_TRY(kt_vrf_input(label, version, &input));
    KITH_TRY(kt_suite_evaluate(log->setup.crypto, &log->setup, kith_bytes_of_buf(&input), &out->key,
                               out->proof));
    if (labels->keep_evaluation != NULL) {
        return labels->keep_evaluation(labels->ctx, label, version, out);
    }
    return KITH_OK;
}

kith_err
kt_log_count_at(const kt_log *log, kith_bytes label, uint64_t position, uint64_t *out)
{
    const kt_labels *labels = &log->setup.labels;
    uint64_t low = 0;
    uint64_t high = 0;

    KITH_TRY(labels->count(labels->ctx, label, &high));
    while (low < high) {
        const uint64_t middle = (low + high) / 2;
        kt_record record;
        KITH_TRY(labels->find(labels->ctx, label, (uint32_t)middle, &record, NULL));
        if (record.position <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *out = low;
    return KITH_OK;
}

size_t
kt_log_lookups(uint32_t greatest, uint32_t out[KT_LADDER_MAX])
{
    const kt_ladder ladder = kt_math_ladder(greatest);

    memcpy(out, ladder.items, ladder.count * sizeof out[0]);
    return ladder.count;
}

static kith_err
count_versions(const kt_change *changes, size_t count, size_t *out)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        KITH_ENSURE(changes[i].count > 0, KITH_ERR_INVALID);
        KITH_ENSURE(changes[i].count <= KT_LABEL_UPDATES_MAX &&
                        total + changes[i].count <= KT_UPDATES_MAX,
                    KITH_ERR_LIMIT);
        total += changes[i].count;
    }
    *out = total;
    return KITH_OK;
}

/* One new version. */
typedef struct draft {
    const kt_change *change;
    kith_bytes value;
    uint32_t version;
    kt_record record;
    bool is_evaluated;
    kt_evaluation evaluation;
} draft;

/* The new versions of an entry. */
typedef struct draft_entry {
    kt_log *log;
    draft *drafts;
    kt_leaf *leaves;
    size_t total;
} draft_entry;

/* What the ports say of a new version, and its opening. */
static kith_err
start_draft(kt_log *log, uint64_t version, draft *d)
{
    const kt_labels *labels = &log->setup.labels;

    KITH_ENSURE(version < KT_VERSION_NONE, KITH_ERR_LIMIT);
    d->version = (uint32_t)version;
    d->record.position = log->size;
    if (labels->find_evaluation != NULL) {
        const kith_err err =
            labels->find_evaluation(labels->ctx, d->change->label, d->version, &d->evaluation);
        KITH_ENSURE(err == KITH_OK || err == KITH_ERR_NOT_FOUND, err);
        d->is_evaluated = err == KITH_OK;
    }
    return kith_rng_fill(&log->setup.rng, d->record.opening, KT_OPENING_LEN);
}

static kith_err
start_drafts(kt_log *log, const kt_change *changes, size_t count, draft_entry *entry)
{
    const kt_labels *labels = &log->setup.labels;
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t known = 0;
        KITH_TRY(labels->count(labels->ctx, changes[i].label, &known));
        for (size_t k = 0; k < changes[i].count; k++, at++) {
            draft *d = &entry->drafts[at];
            d->change = &changes[i];
            d->value = changes[i].values[k];
            KITH_TRY(start_draft(log, known + k, d));
        }
    }
    return KITH_OK;
}

static kith_err
evaluate(const kt_log *log, crypto *c, const draft *d, kt_evaluation *out)
{
    KITH_AUTO(kith_buf) input = {0};

    KITH_TRY(kt_vrf_input(d->change->label, d->version, &input));
    return kt_suite_evaluate(c, &log->setup, kith_bytes_of_buf(&input), &out->key,
                             log->setup.labels.keep_evaluation == NULL ? NULL : out->proof);
}

/* The leaf of the prefix tree for a new version: a job. */
static kith_err
make_leaf(void *arg, crypto *c, size_t i)
{
    const draft_entry *entry = arg;
    draft *d = &entry->drafts[i];
    const kt_opened opened = {.label = d->change->label,
                              .version = d->version,
                              .value = d->value,
                              .opening = KITH_BYTES(d->record.opening)};

    KITH_TRY(kt_commit(c, &opened, &entry->leaves[i].commitment));
    if (!d->is_evaluated) {
        KITH_TRY(evaluate(entry->log, c, d, &d->evaluation));
    }
    entry->leaves[i].key = d->evaluation.key;
    return KITH_OK;
}

static kith_err
make_leaves(draft_entry *entry)
{
    const kt_log_setup *setup = &entry->log->setup;

    if (setup->workers.run != NULL) {
        return setup->workers.run(setup->workers.ctx, make_leaf, entry, entry->total);
    }
    for (size_t i = 0; i < entry->total; i++) {
        KITH_TRY(make_leaf(entry, setup->crypto, i));
    }
    return KITH_OK;
}

static kith_err
remember(const draft_entry *entry)
{
    const kt_labels *labels = &entry->log->setup.labels;

    for (size_t i = 0; i < entry->total; i++) {
        const draft *d = &entry->drafts[i];
        if (labels->keep_evaluation != NULL && !d->is_evaluated) {
            KITH_TRY(
                labels->keep_evaluation(labels->ctx, d->change->label, d->version, &d->evaluation));
        }
        KITH_TRY(labels->add(labels->ctx, d->change->label, &d->record, d->value));
    }
    return KITH_OK;
}

static kith_err
append_entry(uint64_t now_ms, const kt_change *changes, size_t count, draft_entry *entry)
{
    kt_log *log = entry->log;
    const kt_tree tree = kt_log_tree(log);

    KITH_TRY(start_drafts(log, changes, count, entry));
    KITH_TRY(make_leaves(entry));
    KITH_TRY(kt_tree_write(&tree, now_ms, entry->leaves, entry->total));
    KITH_TRY(kt_log_bridge_add(log, log->size));
    KITH_TRY(remember(entry));
    return kt_log_sign(log, log->size + 1);
}

kith_err
kt_log_append(kt_log *log, uint64_t now_ms, const kt_change *changes, size_t count)
{
    draft_entry entry = {.log = log};

    KITH_ENSURE(log->setup.sign != NULL, KITH_ERR_INVALID);
    KITH_TRY(count_versions(changes, count, &entry.total));
    const size_t room = entry.total + 1; /* no allocation is empty */
    entry.leaves = kith_mem_zalloc(log->alloc, room, sizeof *entry.leaves);
    entry.drafts = kith_mem_zalloc(log->alloc, room, sizeof *entry.drafts);
    kith_err err = KITH_ERR_NO_MEMORY;
    if (entry.leaves != NULL && entry.drafts != NULL) {
        err = append_entry(now_ms, changes, count, &entry);
    }
    kith_mem_free(log->alloc, entry.leaves, room * sizeof *entry.leaves);
    kith_mem_free(log->alloc, entry.drafts, room * sizeof *entry.drafts);
    return err;
}

kith_err
kt_log_set_auditor_head(kt_log *log, const kt_auditor_head *head)
{
    KITH_ENSURE(head->size > 0 && head->size <= log->size &&
                    head->signature.len == KT_SIGNATURE_LEN,
                KITH_ERR_INVALID);
    log->has_auditor = true;
    log->auditor_timestamp = head->timestamp;
    log->auditor_size = head->size;
    memcpy(log->auditor_signature, head->signature.data, KT_SIGNATURE_LEN);
    return KITH_OK;
}
