/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the proofs share. A proof is a function without arguments that tools/check_proofs hands to CBMC: for all values
 * of what is nondeterministic, everything that is CLAIMed holds, and no access, shift or signed sum is undefined.
 */
#ifndef KITH_TESTS_PROOF_H
#define KITH_TESTS_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Names that the prover knows. */
void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *claim);
size_t nondet_size(void);
uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
bool nondet_bool(void);

#define ASSUME(condition) __CPROVER_assume(condition)
#define CLAIM(condition) __CPROVER_assert((condition), #condition)

/* A block of `len` bytes of any content that ends exactly where it ends: the prover sees any step beyond. */
static inline uint8_t *
any_block(size_t len)
{
    uint8_t *block = malloc(len);

    ASSUME(block != NULL);
    return block;
}

#endif
