/* SPDX-License-Identifier: MPL-2.0 */
/* Reading the fields of test vectors in the working group's formats. Everything asserts, so it runs inside a
 * test only. */
#ifndef KITH_TESTS_MLS_VECTORS_H
#define KITH_TESTS_MLS_VECTORS_H

#include <yyjson.h>

#include "base/base.h"
#include "mls/group.h"

typedef struct vectors {
    crypto *crypto;
    mls_env env; /* the system's randomness; accepts every credential and any lifetime */
} vectors;

void vectors_start(vectors *v);
void vectors_stop(vectors *v);
/* The tools of the item's suite, or false when it is not supported. */
bool vectors_tools(vectors *v, yyjson_val *item, mls_tools *out);

/* Fields; each asserts that it is there. Buffers are the caller's. */
kith_buf vec_hex(yyjson_val *object, const char *key);
kith_buf vec_hex_of(yyjson_val *value);
/* A private key of `len` bytes. The vectors write scalars of P-521 without leading zeros; they are put back. */
kith_buf vec_private(yyjson_val *object, const char *key, size_t len);
/* Lengths of private keys of a suite. */
size_t vec_kem_len(mls_tools tools);
size_t vec_sign_len(mls_tools tools);
uint64_t vec_uint(yyjson_val *object, const char *key);
bool vec_is_null(yyjson_val *object, const char *key);
yyjson_val *vec_get(yyjson_val *object, const char *key);

void assert_ok(kith_err err);
void assert_bytes(kith_bytes actual, kith_bytes expected);
/* Compares with a hex field. */
void assert_field(kith_bytes actual, yyjson_val *object, const char *key);

#endif
