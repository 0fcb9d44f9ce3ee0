/* SPDX-License-Identifier: MPL-2.0 */
/* What a log knows of labels, in memory: a hash table over labels, lists of versions and evaluations. */
#include <string.h>

#include "transparency/log.h"

typedef struct version_item {
    kt_record record;
    kith_buf value;
} version_item;

typedef struct evaluation_item {
    uint32_t version;
    kt_evaluation evaluation;
} evaluation_item;

typedef struct label_item {
    kith_buf label;
    version_item *versions;
    size_t version_count;
    size_t version_cap;
    evaluation_item *evaluations;
    size_t evaluation_count;
    size_t evaluation_cap;
} label_item;

struct kt_label_memory {
    const kith_alloc *alloc;
    label_item **slots; /* open addressing, a power of two of them */
    size_t slot_count;
    size_t label_count;
};

kith_err
kt_label_memory_new(const kith_alloc *alloc, kt_label_memory **out)
{
    kt_label_memory *memory = kith_mem_zalloc(alloc, 1, sizeof *memory);

    KITH_ENSURE(memory != NULL, KITH_ERR_NO_MEMORY);
    memory->alloc = alloc;
    *out = memory;
    return KITH_OK;
}

static void
free_label(const kith_alloc *alloc, label_item *item)
{
    for (size_t i = 0; i < item->version_count; i++) {
        kith_buf_done(&item->versions[i].value);
    }
    kith_mem_free(alloc, item->versions, item->version_cap * sizeof *item->versions);
    kith_mem_free(alloc, item->evaluations, item->evaluation_cap * sizeof *item->evaluations);
    kith_buf_done(&item->label);
    kith_mem_free(alloc, item, sizeof *item);
}

void
kt_label_memory_free(kt_label_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (size_t i = 0; i < memory->slot_count; i++) {
        if (memory->slots[i] != NULL) {
            free_label(memory->alloc, memory->slots[i]);
        }
    }
    kith_mem_free(memory->alloc, memory->slots, memory->slot_count * sizeof *memory->slots);
    kith_mem_free(memory->alloc, memory, sizeof *memory);
}

/* FNV-1a: labels of an untrusted source belong into a real store. */
static size_t
hash_label(kith_bytes label)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < label.len; i++) {
        hash = (hash ^ label.data[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ hash >> 32);
}

/* The slot of the label, or the empty one where it belongs. There must be an empty one. */
static label_item **
find_slot(label_item **slots, size_t slot_count, kith_bytes label)
{
    size_t i = hash_label(label) & (slot_count - 1);

    while (slots[i] != NULL && !kith_bytes_equal(kith_bytes_of_buf(&slots[i]->label), label)) {
        i = (i + 1) & (slot_count - 1);
    }
    return &slots[i];
}

static label_item *
find_label(const kt_label_memory *memory, kith_bytes label)
{
    return memory->slot_count == 0 ? NULL : *find_slot(memory->slots, memory->slot_count, label);
}

static kith_err
grow_slots(kt_label_memory *memory)
{
    const size_t count = memory->slot_count == 0 ? 16 : memory->slot_count * 2;
    label_item **slots = kith_mem_zalloc(memory->alloc, count, sizeof *slots);

    KITH_ENSURE(slots != NULL, KITH_ERR_NO_MEMORY);
    for (size_t i = 0; i < memory->slot_count; i++) {
        if (memory->slots[i] != NULL) {
            *find_slot(slots, count, kith_bytes_of_buf(&memory->slots[i]->label)) =
                memory->slots[i];
        }
    }
    kith_mem_free(memory->alloc, memory->slots, memory->slot_count * sizeof *memory->slots);
    memory->slots = slots;
    memory->slot_count = count;
    return KITH_OK;
}

static kith_err
ensure_label(kt_label_memory *memory, kith_bytes label, label_item **out)
{
    if ((memory->label_count + 1) * 2 > memory->slot_count) {
        KITH_TRY(grow_slots(memory));
    }
    label_item **slot = find_slot(memory->slots, memory->slot_count, label);
    if (*slot == NULL) {
        label_item *item = kith_mem_zalloc(memory->alloc, 1, sizeof *item);
        KITH_ENSURE(item != NULL, KITH_ERR_NO_MEMORY);
        item->label.alloc = memory->alloc;
        const kith_err err = kith_buf_set(&item->label, label);
        if (err != KITH_OK) {
            free_label(memory->alloc, item);
            return err;
        }
        *slot = item;
        memory->label_count++;
    }
    *out = *slot;
    return KITH_OK;
}

static kith_err
count_label(void *ctx, kith_bytes label, uint64_t *out)
{
    const label_item *item = find_label(ctx, label);

    *out = item == NULL ? 0 : item->version_count;
    return KITH_OK;
}

static kith_err
find_record(void *ctx, kith_bytes label, uint32_t version, kt_record *out, kith_buf *value)
{
    const label_item *item = find_label(ctx, label);

    KITH_ENSURE(item != NULL && version < item->version_count, KITH_ERR_NOT_FOUND);
    const version_item *found = &item->versions[version];
    if (value != NULL) {
        KITH_TRY(kith_buf_append(value, kith_bytes_of_buf(&found->value)));
    }
    *out = found->record;
    return KITH_OK;
}

static kith_err
add_record(void *ctx, kith_bytes label, const kt_record *record, kith_bytes value)
{
    kt_label_memory *memory = ctx;
    KITH_AUTO(kith_buf) copy = {.alloc = memory->alloc};
    label_item *item = NULL;

    KITH_TRY(ensure_label(memory, label, &item));
    KITH_TRY(kith_buf_set(&copy, value));
    KITH_TRY(kith_mem_grow(memory->alloc, (void **)&item->versions, &item->version_cap,
                           item->version_count + 1, sizeof *item->versions));
    item->versions[item->version_count++] =
        (version_item){.record = *record, .value = kith_buf_take(&copy)};
    return KITH_OK;
}

static kith_err
find_evaluation(void *ctx, kith_bytes label, uint32_t version, kt_evaluation *out)
{
    const label_item *item = find_label(ctx, label);

    for (size_t i = 0; item != NULL && i < item->evaluation_count; i++) {
        if (item->evaluations[i].version == version) {
            *out = item->evaluations[i].evaluation;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

static kith_err
keep_evaluation(void *ctx, kith_bytes label, uint32_t version, const kt_evaluation *evaluation)
{
    kt_label_memory *memory = ctx;
    label_item *item = NULL;

    KITH_TRY(ensure_label(memory, label, &item));
    KITH_TRY(kith_mem_grow(memory->alloc, (void **)&item->evaluations, &item->evaluation_cap,
                           item->evaluation_count + 1, sizeof *item->evaluations));
    item->evaluations[item->evaluation_count++] =
        (evaluation_item){.version = version, .evaluation = *evaluation};
    return KITH_OK;
}

kt_labels
kt_label_memory_port(kt_label_memory *memory)
{
    return (kt_labels){.count = count_label,
                       .find = find_record,
                       .add = add_record,
                       .find_evaluation = find_evaluation,
                       .keep_evaluation = keep_evaluation,
                       .ctx = memory};
}
