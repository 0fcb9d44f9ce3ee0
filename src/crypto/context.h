/* SPDX-License-Identifier: MPL-2.0 */
/* The object that owns fetched algorithms and reusable contexts, and the system's randomness. */
#ifndef KITH_CRYPTO_CONTEXT_H
#define KITH_CRYPTO_CONTEXT_H

#include "base/base.h"

/* Everything that is fetched once and kept: about 100 KB, made in about a millisecond. Used by one
 * thread at a time; several may exist. Objects made with it (keys, PAKE states) do not borrow it and
 * may outlive it. */
typedef struct crypto crypto;

/* `alloc` (NULL: the C library's) is borrowed until the crypto and every object made with it are
 * freed. CRYPTO: the library lacks an algorithm. */
KITH_API KITH_MUST_USE kith_err crypto_new(const kith_alloc *alloc, crypto **out);
KITH_API void crypto_free(crypto *c);

/* The system's generator as an rng port; static, never NULL. May be used from any thread. */
KITH_API const kith_rng *crypto_rng(void);

/* Several byte strings that are treated as their concatenation. */
typedef struct crypto_parts {
    const kith_bytes *items; /* may be NULL only when `count` is 0 */
    size_t count;
} crypto_parts;

/* CRYPTO_PARTS(a, b, c): kith_bytes values as a crypto_parts that lives as long as the block. */
#define CRYPTO_PARTS(...)                                                                          \
    ((crypto_parts){(const kith_bytes[]){__VA_ARGS__},                                             \
                    sizeof((const kith_bytes[]){__VA_ARGS__}) / sizeof(kith_bytes)})
/* The same of no parts at all. */
#define CRYPTO_NO_PARTS ((crypto_parts){NULL, 0})

#endif
