/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for CPace: the peer's message of 32 bytes, and its associated data behind it. */
#include "crypto/crypto.h"
#include "fakes/fake_rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    fake_rng fake;
    crypto_pake *pake = NULL;
    KITH_AUTO(crypto_pake_result) result = {0};

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return 0;
    }
    fake_rng_init(&fake, len);
    const kith_rng rng = fake_rng_port(&fake);
    const crypto_pake_input in = {.role = (crypto_pake_role)(CRYPTO_PAKE_INITIATOR + len % 3),
                                  .password = kith_bytes_of_text("123456")};
    if (crypto_pake_start(c, &in, &rng, &pake) != KITH_OK) {
        __builtin_trap();
    }
    const size_t split = len < CRYPTO_PAKE_MESSAGE_LEN ? len : CRYPTO_PAKE_MESSAGE_LEN;
    const kith_err err = crypto_pake_finish(c, pake, kith_bytes_of(data, split),
                                            kith_bytes_of(data + split, len - split), &result);
    if (err != KITH_OK && err != KITH_ERR_MALFORMED && err != KITH_ERR_REJECTED &&
        err != KITH_ERR_LIMIT) {
        __builtin_trap();
    }
    crypto_pake_free(pake);
    return 0;
}
