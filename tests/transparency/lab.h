/* SPDX-License-Identifier: MPL-2.0 */
/* What the tests of the log share. */
#ifndef KITH_TESTS_TRANSPARENCY_LAB_H
#define KITH_TESTS_TRANSPARENCY_LAB_H

#include "crypto/lab.h"
#include "fakes/fake_rng.h"
#include "transparency/transparency.h"

/* A hash that is different for each number. */
static inline kt_hash
hash_of_number(crypto *c, uint64_t number)
{
    kt_hash hash;

    assert_ok(crypto_sha256(c, kith_bytes_of(&number, sizeof number), hash.bytes));
    return hash;
}

#endif
