/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for Diffie-Hellman: the first byte chooses a curve, the rest is a private and a public key. */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    KITH_AUTO(kith_secret) shared = {0};

    if (len == 0 || (c == NULL && crypto_new(NULL, &c) != KITH_OK)) {
        return 0;
    }
    const crypto_dh_id id = (crypto_dh_id)(CRYPTO_X25519 + data[0] % 5);
    const crypto_dh_sizes sizes = crypto_dh_sizes_of(id);
    const size_t split = len - 1 < sizes.private_key ? len - 1 : sizes.private_key;
    const kith_err err = crypto_dh(c, id, kith_bytes_of(data + 1, split),
                                   kith_bytes_of(data + 1 + split, len - 1 - split), &shared);
    if (err != KITH_OK && err != KITH_ERR_MALFORMED && err != KITH_ERR_REJECTED) {
        __builtin_trap();
    }
    return 0;
}
