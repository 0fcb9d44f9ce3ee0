/* SPDX-License-Identifier: MPL-2.0 */
/* xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018), and a counting allocator. */
#include "fakes/fake_rng.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
rotl(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

void
fake_rng_init(fake_rng *fake, uint64_t seed)
{
    *fake = (fake_rng){.fail_after = UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        fake->state[i] = z ^ z >> 31;
    }
}

uint64_t
fake_rng_u64(fake_rng *fake)
{
    uint64_t *s = fake->state;
    const uint64_t result = rotl(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t
fake_rng_below(fake_rng *fake, uint64_t below)
{
    assert(below > 0);
    return fake_rng_u64(fake) % below;
}

static kith_err
fill(void *ctx, uint8_t *out, size_t len)
{
    fake_rng *fake = ctx;

    KITH_ENSURE(fake->calls < fake->fail_after, KITH_ERR_NO_RANDOM);
    fake->calls++;
    while (len > 0) {
        const uint64_t word = fake_rng_u64(fake);
        const size_t part = len < sizeof word ? len : sizeof word;
        memcpy(out, &word, part);
        out += part;
        len -= part;
    }
    return KITH_OK;
}

kith_rng
fake_rng_port(fake_rng *fake)
{
    return (kith_rng){.fill = fill, .ctx = fake};
}

/* Each block carries its size in front, to hold callers to the size they give back. */
typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static void *
resize(void *ctx, void *ptr, size_t old, size_t size)
{
    fake_alloc *fake = ctx;
    block_head *head = ptr == NULL ? NULL : (block_head *)ptr - 1;

    if (head != NULL && head->size != old) {
        abort();
    }
    if (size == 0) {
        if (head != NULL) {
            fake->live_blocks--;
            fake->live_bytes -= old;
            free(head);
        }
        return NULL;
    }
    if (fake->calls >= fake->fail_after) {
        return NULL;
    }
    fake->calls++;
    block_head *moved = realloc(head, sizeof *head + size);
    assert(moved != NULL);
    fake->live_blocks += head == NULL ? 1 : 0;
    fake->live_bytes += size - old;
    moved->size = size;
    return moved + 1;
}

void
fake_alloc_init(fake_alloc *fake)
{
    *fake = (fake_alloc){.fail_after = UINT64_MAX};
    fake->port = (kith_alloc){.resize = resize, .ctx = fake};
}
