/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for the reader and writer: the first half of the input says what to read from the second. What
 * was read is written again and must be the same bytes; what failed must have changed nothing.
 */
#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KINDS 10

/* Reads one thing and writes it again. */
static kith_err
copy_number(kith_reader *r, kith_writer *w, unsigned kind)
{
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    bool yes = false;

    switch (kind) {
    case 0:
        KITH_TRY(kith_read_u8(r, &u8));
        return kith_write_u8(w, u8);
    case 1:
        KITH_TRY(kith_read_u16(r, &u16));
        return kith_write_u16(w, u16);
    case 2:
        KITH_TRY(kith_read_u32(r, &u32));
        return kith_write_u32(w, u32);
    case 3:
        KITH_TRY(kith_read_u64(r, &u64));
        return kith_write_u64(w, u64);
    case 4:
        KITH_TRY(kith_read_bool(r, &yes));
        return kith_write_bool(w, yes);
    default:
        KITH_TRY(kith_read_varint(r, &u32));
        return kith_write_varint(w, u32);
    }
}

static kith_err
copy_vector(kith_reader *r, kith_writer *w, unsigned kind)
{
    kith_bytes bytes = {0};

    switch (kind) {
    case 6:
        KITH_TRY(kith_read_vec8(r, &bytes));
        return kith_write_vec8(w, bytes);
    case 7:
        KITH_TRY(kith_read_vec16(r, &bytes));
        return kith_write_vec16(w, bytes);
    case 8:
        KITH_TRY(kith_read_vec32(r, &bytes));
        return kith_write_vec32(w, bytes);
    default:
        KITH_TRY(kith_read_varvec(r, &bytes));
        return kith_write_varvec(w, bytes);
    }
}

static void
step(kith_reader *r, unsigned kind)
{
    KITH_AUTO(kith_buf) again = {0};
    kith_writer w = kith_writer_of(&again);
    const kith_reader before = *r;
    const kith_err err = kind < 6 ? copy_number(r, &w, kind) : copy_vector(r, &w, kind);

    if (err != KITH_OK && (r->next != before.next || r->left != before.left)) {
        __builtin_trap();
    }
    if (err == KITH_OK &&
        !kith_bytes_equal(kith_bytes_of_buf(&again), kith_reader_since(&before, r))) {
        __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const size_t half = len / 2;
    kith_reader r = kith_reader_of(kith_bytes_of(data + half, len - half));

    for (size_t i = 0; i < half; i++) {
        step(&r, data[i] % KINDS);
    }
    return 0;
}
