/* SPDX-License-Identifier: MPL-2.0 */
/* Fuzz target for verifying: the first byte chooses an algorithm, then come a public key, eight bytes of
 * message and the signature. */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MESSAGE_LEN 8

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    kith_reader r = kith_reader_of(kith_bytes_of(data, len));
    uint8_t which = 0;
    kith_bytes public_key = {0};
    kith_bytes message = {0};

    if (c == NULL && crypto_new(NULL, &c) != KITH_OK) {
        return 0;
    }
    if (kith_read_u8(&r, &which) != KITH_OK) {
        return 0;
    }
    const crypto_sign_id id = (crypto_sign_id)(CRYPTO_ED25519 + which % 8);
    const size_t key_len = crypto_sign_sizes_of(id).public_key;
    if (kith_read_bytes(&r, key_len, &public_key) != KITH_OK ||
        kith_read_bytes(&r, MESSAGE_LEN, &message) != KITH_OK) {
        return 0;
    }
    const kith_err err = crypto_verify(c, id, public_key, message, kith_reader_peek(&r));
    if (err != KITH_OK && err != KITH_ERR_MALFORMED && err != KITH_ERR_REJECTED) {
        __builtin_trap();
    }
    return 0;
}
