/* SPDX-License-Identifier: MPL-2.0 */
/* The arrays of a log in memory. */
#include <string.h>

#include "transparency/store.h"

struct kt_memory {
    const kith_alloc *alloc;
    kith_buf arrays[KT_ARRAYS];
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
        memory->arrays[i].alloc = alloc;
    }
    *out = memory;
    return KITH_OK;
}

void
kt_memory_free(kt_memory *memory)
{
    if (memory != NULL) {
        for (size_t i = 0; i < KT_ARRAYS; i++) {
            kith_buf_done(&memory->arrays[i]);
        }
        kith_mem_free(memory->alloc, memory, sizeof *memory);
    }
}

static kith_err
read_record(void *ctx, kt_array array, uint64_t index, uint8_t *out)
{
    const kt_memory *memory = ctx;
    const size_t len = kt_array_record_len(array);
    const kith_buf *buf = &memory->arrays[array];

    KITH_ENSURE(len > 0 && index < buf->len / len, KITH_ERR_STORE);
    memcpy(out, buf->data + index * len, len);
    return KITH_OK;
}

static kith_err
write_records(void *ctx, kt_array array, uint64_t index, kith_bytes records)
{
    kt_memory *memory = ctx;
    kith_buf *buf = &memory->arrays[array];
    const size_t at = index * kt_array_record_len(array);

    KITH_ENSURE(at <= buf->len, KITH_ERR_STORE);
    if (records.len > buf->len - at) {
        KITH_TRY(kith_buf_reserve(buf, records.len - (buf->len - at)));
        buf->len = at + records.len;
    }
    if (records.len > 0) {
        memcpy(buf->data + at, records.data, records.len);
    }
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
    return memory->arrays[array].len;
}
