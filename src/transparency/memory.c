/* SPDX-License-Identifier: MPL-2.0 */
/* The arrays of a log in memory. */
#include <string.h>

#include "transparency/store.h"

/* Records in a block. Blocks stay where they are, so that a large log grows as fast as a small one. */
#define BLOCK_RECORDS 256u

typedef struct memory_array {
    size_t record_len;
    uint64_t count; /* records */
    uint8_t **blocks;
    size_t block_count;
    size_t block_cap;
} memory_array;

struct kt_memory {
    const kith_alloc *alloc;
    memory_array arrays[KT_ARRAYS];
};

size_t
kt_array_record_len(kt_array array)
{
    switch (array) {
    case KT_NODES:
        return KT_NODE_LEN;
    case KT_HASHES:
    case KT_BRIDGE:
        return KT_STORED_HASH_LEN;
    case KT_ENTRIES:
        return KT_ENTRY_LEN;
    case KT_ARRAYS:
        break;
    }
    return 0;
}

kith_err
kt_memory_new(const kith_alloc *alloc, kt_memory **out)
{
    kt_memory *memory = kith_mem_zalloc(alloc, 1, sizeof *memory);

    KITH_ENSURE(memory != NULL, KITH_ERR_NO_MEMORY);
    memory->alloc = alloc;
    for (size_t i = 0; i < KT_ARRAYS; i++) {
        memory->arrays[i].record_len = kt_array_record_len((kt_array)i);
    }
    *out = memory;
    return KITH_OK;
}

static void
free_array(const kith_alloc *alloc, memory_array *array)
{
    for (size_t i = 0; i < array->block_count; i++) {
        kith_mem_free(alloc, array->blocks[i], BLOCK_RECORDS * array->record_len);
    }
    kith_mem_free(alloc, array->blocks, array->block_cap * sizeof *array->blocks);
}

void
kt_memory_free(kt_memory *memory)
{
    if (memory != NULL) {
        for (size_t i = 0; i < KT_ARRAYS; i++) {
            free_array(memory->alloc, &memory->arrays[i]);
        }
        kith_mem_free(memory->alloc, memory, sizeof *memory);
    }
}

static uint8_t *
record_at(const memory_array *array, uint64_t index)
{
    return array->blocks[index / BLOCK_RECORDS] + index % BLOCK_RECORDS * array->record_len;
}

static kith_err
read_record(void *ctx, kt_array array, uint64_t index, uint8_t *out)
{
    const kt_memory *memory = ctx;

    KITH_ENSURE(array < KT_ARRAYS && index < memory->arrays[array].count, KITH_ERR_STORE);
    memcpy(out, record_at(&memory->arrays[array], index), memory->arrays[array].record_len);
    return KITH_OK;
}

static kith_err
grow_array(const kith_alloc *alloc, memory_array *array, uint64_t count)
{
    while (array->block_count * BLOCK_RECORDS < count) {
        KITH_TRY(kith_mem_grow(alloc, (void **)&array->blocks, &array->block_cap,
                               array->block_count + 1, sizeof *array->blocks));
        uint8_t *block = kith_mem_zalloc(alloc, BLOCK_RECORDS, array->record_len);
        KITH_ENSURE(block != NULL, KITH_ERR_NO_MEMORY);
        array->blocks[array->block_count++] = block;
    }
    return KITH_OK;
}

static kith_err
write_records(void *ctx, kt_array id, uint64_t index, kith_bytes records)
{
    kt_memory *memory = ctx;
    memory_array *array = &memory->arrays[id];
    const uint64_t end = index + records.len / array->record_len;

    KITH_ENSURE(index <= array->count, KITH_ERR_STORE);
    KITH_TRY(grow_array(memory->alloc, array, end));
    for (uint64_t i = index; i < end; i++) {
        memcpy(record_at(array, i), records.data + (i - index) * array->record_len,
               array->record_len);
    }
    array->count = end > array->count ? end : array->count;
    return KITH_OK;
}

kt_store
kt_memory_port(kt_memory *memory)
{
    return (kt_store){.read = read_record, .write = write_records, .ctx = memory};
}

size_t
kt_memory_len(const kt_memory *memory, kt_array array)
{
    return memory->arrays[array].count * memory->arrays[array].record_len;
}
