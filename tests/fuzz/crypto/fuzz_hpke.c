/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for HPKE's receiver: the first byte chooses a suite, then come the encapsulation and the
 * ciphertext. Nothing opens, unless the fuzzer was given what was sealed (its corpus has one such input).
 */
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SUITES 4

static const crypto_hpke_suite suites[SUITES] = {
    {CRYPTO_KEM_X25519, CRYPTO_HKDF_SHA256, CRYPTO_AES_128_GCM},
    {CRYPTO_KEM_MLKEM768_X25519, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM},
    {CRYPTO_KEM_P256, CRYPTO_HKDF_SHA256, CRYPTO_CHACHA20_POLY1305},
    {CRYPTO_KEM_X25519, CRYPTO_KDF_SHAKE256, CRYPTO_CHACHA20_POLY1305},
};

static void
open_one(crypto *c, const crypto_hpke *in, kith_bytes rest)
{
    const size_t enc_len = crypto_kem_sizes_of(in->suite.kem).enc;
    const size_t split = rest.len < enc_len ? rest.len : enc_len;
    const crypto_hpke_text message = {.text = {rest.data + split, rest.len - split}};
    KITH_AUTO(kith_buf) opened = {0};
    const kith_err err = crypto_hpke_open(c, in, kith_bytes_of(rest.data, split), message, &opened);

    if (err != KITH_OK && err != KITH_ERR_MALFORMED && err != KITH_ERR_REJECTED) {
        __builtin_trap();
    }
    if (err != KITH_OK && opened.len != 0) {
        __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    static const uint8_t ikm[32] = {1};
    KITH_AUTO(crypto_kem_pair) pair = {0};

    if (len == 0 || (c == NULL && crypto_new(NULL, &c) != KITH_OK)) {
        return 0;
    }
    crypto_hpke in = {.suite = suites[data[0] % SUITES]};
    if (crypto_kem_derive(c, in.suite.kem, KITH_BYTES(ikm), &pair) != KITH_OK) {
        return 0;
    }
    in.key = kith_bytes_of_secret(&pair.private_key);
    open_one(c, &in, kith_bytes_of(data + 1, len - 1));
    return 0;
}
