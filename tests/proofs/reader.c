/* SPDX-License-Identifier: MPL-2.0 */
/* The reader of base/wire.h, over any bytes of up to 16: enough for every prefix and for what follows it.
 * Sources: src/base/reader.c. Loops: 10. */
#include "base/base.h"
#include "proof.h"

#define BYTES_MAX 16u

static kith_reader
any_reader(void)
{
    const size_t len = nondet_size();

    ASSUME(len <= BYTES_MAX);
    return kith_reader_of((kith_bytes){any_block(len), len});
}

static bool
is_same(const kith_reader *a, const kith_reader *b)
{
    return a->next == b->next && a->left == b->left;
}

/* Whether `bytes` lie in what the reader had, and the reader stands right behind them. */
static bool
is_consumed(const kith_reader *before, const kith_reader *after, kith_bytes bytes)
{
    return after->left <= before->left &&
           after->next == before->next + (before->left - after->left) &&
           bytes.len <= before->left && (bytes.len == 0 || bytes.data + bytes.len == after->next);
}

/* "read: what is read as bytes lies inside the input, and a refused read changes nothing" */
void
proof_read_bytes(void)
{
    kith_reader r = any_reader();
    const kith_reader before = r;
    kith_bytes out = {0};

    if (kith_read_bytes(&r, nondet_size(), &out) == KITH_OK) {
        CLAIM(is_consumed(&before, &r, out));
    } else {
        CLAIM(is_same(&before, &r) && out.data == NULL && out.len == 0);
    }
}

/* "read: integers take their own size and no more, and a refused one changes nothing" */
void
proof_read_integers(void)
{
    kith_reader r = any_reader();
    const kith_reader before = r;
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    bool flag = false;
    size_t size = 0;
    kith_err err = KITH_OK;

    switch (nondet_u8()) {
    case 0:
        size = 1;
        err = kith_read_u8(&r, &u8);
        break;
    case 1:
        size = 2;
        err = kith_read_u16(&r, &u16);
        break;
    case 2:
        size = 4;
        err = kith_read_u32(&r, &u32);
        break;
    case 3:
        size = 8;
        err = kith_read_u64(&r, &u64);
        break;
    default:
        size = 1;
        err = kith_read_bool(&r, &flag);
        break;
    }
    CLAIM(err == KITH_OK || err == KITH_ERR_MALFORMED);
    CLAIM(err == KITH_OK ? r.left + size == before.left : is_same(&before, &r));
    CLAIM(err == KITH_OK || (u8 == 0 && u16 == 0 && u32 == 0 && u64 == 0 && !flag));
}

/* "read: the content of a vector lies inside the input, and a refused vector changes nothing" */
void
proof_read_vectors(void)
{
    kith_reader r = any_reader();
    const kith_reader before = r;
    kith_bytes out = {0};
    kith_err err = KITH_OK;

    switch (nondet_u8()) {
    case 0:
        err = kith_read_vec8(&r, &out);
        break;
    case 1:
        err = kith_read_vec16(&r, &out);
        break;
    case 2:
        err = kith_read_vec32(&r, &out);
        break;
    default:
        err = kith_read_varvec(&r, &out);
        break;
    }
    if (err == KITH_OK) {
        CLAIM(is_consumed(&before, &r, out));
        CLAIM(r.left < before.left);
    } else {
        CLAIM(is_same(&before, &r) && out.data == NULL && out.len == 0);
    }
}

/* "read: a length that is read in the variable form is the only way to write it" */
void
proof_read_varint(void)
{
    kith_reader r = any_reader();
    const kith_reader before = r;
    uint32_t value = 0;

    if (kith_read_varint(&r, &value) == KITH_OK) {
        const size_t taken = before.left - r.left;
        CLAIM(value <= KITH_VARVEC_MAX);
        CLAIM(taken == (value < 1u << 6 ? 1 : value < 1u << 14 ? 2 : 4));
    } else {
        CLAIM(is_same(&before, &r) && value == 0);
    }
}
