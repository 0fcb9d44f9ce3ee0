/* SPDX-License-Identifier: MPL-2.0 */
/* The writer of base/wire.h over an allocator that may refuse: what is written is read back, and a refused write leaves
 * the buffer as it was.
 * Sources: src/base/writer.c src/base/reader.c src/base/bytes.c src/base/alloc.c. Loops: 10. */
#include "base/base.h"
#include "proof.h"

static void *
resize(void *ctx, void *ptr, size_t old, size_t size)
{
    (void)ctx;
    (void)old;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (nondet_bool()) {
        return NULL;
    }
    void *block = malloc(size);
    ASSUME(block != NULL);
    return block;
}

static const kith_alloc moody = {.resize = resize};

/* A buffer that already holds one byte. */
static kith_buf
any_buffer(void)
{
    kith_buf buf = {.alloc = &moody};
    const uint8_t byte = 0x5a;

    ASSUME(kith_buf_append(&buf, (kith_bytes){&byte, 1}) == KITH_OK);
    return buf;
}

static bool
is_untouched(const kith_buf *buf)
{
    return buf->len == 1 && buf->data[0] == 0x5a;
}

/* "write: an integer in the variable form is read back as itself, or refused and nothing is written" */
void
proof_write_varint(void)
{
    kith_buf buf = any_buffer();
    kith_writer w = kith_writer_of(&buf);
    const uint32_t value = nondet_u32();
    uint32_t back = 0;

    const kith_err err = kith_write_varint(&w, value);
    CLAIM(err != KITH_ERR_LIMIT || value > KITH_VARVEC_MAX);
    if (err != KITH_OK) {
        CLAIM(is_untouched(&buf));
        return;
    }
    kith_reader r = kith_reader_of((kith_bytes){buf.data + 1, buf.len - 1});
    CLAIM(buf.data[0] == 0x5a);
    CLAIM(kith_read_varint(&r, &back) == KITH_OK && back == value && kith_reader_done(&r));
}

/* "write: a 64-bit integer is read back as itself" */
void
proof_write_u64(void)
{
    kith_buf buf = any_buffer();
    kith_writer w = kith_writer_of(&buf);
    const uint64_t value = nondet_u64();
    uint64_t back = 0;

    if (kith_write_u64(&w, value) != KITH_OK) {
        CLAIM(is_untouched(&buf));
        return;
    }
    kith_reader r = kith_reader_of((kith_bytes){buf.data + 1, buf.len - 1});
    CLAIM(kith_read_u64(&r, &back) == KITH_OK && back == value && kith_reader_done(&r));
}

/* With room for all of it: what a refused allocation does is proved above. */
static void
claim_vector_round_trip(kith_vec form, const uint8_t *content, size_t len)
{
    uint8_t room[80];
    kith_buf buf = {.data = room, .len = 1, .cap = sizeof room};
    kith_writer w = kith_writer_of(&buf);
    kith_bytes back = {0};
    size_t mark = 0;

    CLAIM(kith_write_open(&w, form, &mark) == KITH_OK);
    CLAIM(kith_write_bytes(&w, (kith_bytes){content, len}) == KITH_OK);
    CLAIM(kith_write_close(&w, form, mark) == KITH_OK);
    kith_reader r = kith_reader_of((kith_bytes){buf.data + 1, buf.len - 1});
    const kith_err err =
        form == KITH_VEC_VAR ? kith_read_varvec(&r, &back) : kith_read_vec16(&r, &back);
    CLAIM(err == KITH_OK && back.len == len && kith_reader_done(&r));
    const size_t at = nondet_size();
    ASSUME(at < len);
    CLAIM(back.data[at] == content[at]);
}

/* "write: what stands in an opened vector is still there when closing makes its prefix longer" */
void
proof_write_vector_that_moves(void)
{
    uint8_t content[64];

    claim_vector_round_trip(KITH_VEC_VAR, content, 64);
}

/* "write: an opened vector whose prefix has its final size is closed without moving anything" */
void
proof_write_vector_that_stays(void)
{
    uint8_t content[63];

    claim_vector_round_trip(KITH_VEC_VAR, content, 63);
    claim_vector_round_trip(KITH_VEC_16, content, 63);
}
