/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The inside of the known-answer driver (kat.c): a line of text becomes a kat_line, an operation of the
 * table works on it. Not for unit tests.
 */
#ifndef KITH_TESTS_CRYPTO_KAT_H
#define KITH_TESTS_CRYPTO_KAT_H

#include "crypto/crypto.h"

/* Most arguments of any operation. */
#define KAT_ARGUMENTS_MAX 13u

/* One line, read. Argument i is `bytes[i]` when its name in the table is lower-case, and `number[i]` when
 * it is upper-case: an algorithm's id or a count. */
typedef struct kat_line {
    crypto *crypto;
    kith_buf bytes[KAT_ARGUMENTS_MAX];
    uint64_t number[KAT_ARGUMENTS_MAX];
    kith_buf out; /* text of the answer */
} kat_line;

typedef struct kat_operation {
    const char *name;
    const char *arguments; /* names, with one space between */
    const char *results; /* the same */
    kith_err (*run)(kat_line *line);
} kat_operation;

/* Tables that end with a NULL name. */
extern const kat_operation kat_basic_operations[];
extern const kat_operation kat_kem_operations[];

/* Names of the values that an upper-case argument may have. */
typedef struct kat_name {
    const char *name;
    unsigned id;
} kat_name;

/* The values of the kind of argument `kind` ("HASH"); NULL when it is a decimal number. Ends with a NULL
 * name. */
const kat_name *kat_names_of(const char *kind);
/* The i-th kind that has names; NULL after the last. */
const char *kat_kind_at(size_t i);

static inline kith_bytes
kat_bytes(const kat_line *line, size_t i)
{
    return kith_bytes_of_buf(&line->bytes[i]);
}

/* Appends one field of the answer: hexadecimal, or `-` when it is empty; or the word `ok`. */
KITH_MUST_USE kith_err kat_put(kat_line *line, kith_bytes field);
KITH_MUST_USE kith_err kat_put_ok(kat_line *line);

/* Randomness that was given: hands out `left` from its front and fails when that is too short. */
typedef struct kat_random {
    kith_bytes left;
} kat_random;
kith_rng kat_random_port(kat_random *random);

#endif
