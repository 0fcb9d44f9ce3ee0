/* SPDX-License-Identifier: MPL-2.0 */
/* Argon2id [RFC9106]: a key from something that a person remembers or copies from paper. */
#ifndef KITH_CRYPTO_PASSWORD_H
#define KITH_CRYPTO_PASSWORD_H

#include "crypto/context.h"

#define CRYPTO_PASSWORD_SALT_LEN 16u

typedef struct crypto_password {
    kith_bytes password;
    kith_bytes salt; /* exactly CRYPTO_PASSWORD_SALT_LEN */
    uint32_t passes; /* 1 .. CRYPTO_PASSWORD_PASSES_MAX */
    uint32_t memory_kib; /* 8 .. CRYPTO_PASSWORD_KIB_MAX; one lane */
} crypto_password;

/* A key of `len` (16 .. KITH_SECRET_MAX) bytes. Takes as long as the parameters say: seconds, on a
 * worker thread. It needs no crypto object. LIMIT: a parameter outside its range. NO_MEMORY: less than
 * memory_kib to be had. */
KITH_API KITH_MUST_USE kith_err crypto_password_key(const crypto_password *in, size_t len,
                                                    kith_secret *out);

#endif
