/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target for the KEMs: the first byte chooses one, the rest is taken as a public key, as a private key
 * and as an encapsulation. A public key that is accepted must take an encapsulation or be rejected for it.
 */
#include "crypto/crypto.h"
#include "fakes/fake_rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KEMS 10

static const crypto_kem_id ids[KEMS] = {
    CRYPTO_KEM_P256,           CRYPTO_KEM_P384,
    CRYPTO_KEM_P521,           CRYPTO_KEM_X25519,
    CRYPTO_KEM_X448,           CRYPTO_KEM_ML_KEM_768,
    CRYPTO_KEM_ML_KEM_1024,    CRYPTO_KEM_MLKEM768_P256,
    CRYPTO_KEM_MLKEM1024_P384, CRYPTO_KEM_MLKEM768_X25519,
};

static void
encap(crypto *c, crypto_kem_id id, kith_bytes bytes)
{
    fake_rng fake;
    crypto_kem_key *key = NULL;
    KITH_AUTO(kith_secret) shared = {0};
    KITH_AUTO(kith_buf) enc = {0};
    fake_rng_init(&fake, 1);
    const kith_rng rng = fake_rng_port(&fake);

    if (crypto_kem_key_of_public(c, id, bytes, &key) != KITH_OK) {
        return;
    }
    const kith_err err = crypto_kem_encap(c, key, &rng, &shared, &enc);
    if (err != KITH_OK && err != KITH_ERR_REJECTED) {
        __builtin_trap();
    }
    crypto_kem_key_free(key);
}

static void
decap(crypto *c, crypto_kem_key *own, kith_bytes bytes)
{
    KITH_AUTO(kith_secret) shared = {0};
    const kith_err err = crypto_kem_decap(c, own, bytes, &shared);

    if (err != KITH_OK && err != KITH_ERR_MALFORMED && err != KITH_ERR_REJECTED) {
        __builtin_trap();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    static crypto_kem_key *own[KEMS];
    static const uint8_t ikm[64] = {1};
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(kith_buf) public_key = {0};

    if (len == 0 || (c == NULL && crypto_new(NULL, &c) != KITH_OK)) {
        return 0;
    }
    const size_t i = data[0] % KEMS;
    const kith_bytes bytes = {data + 1, len - 1};
    if (own[i] == NULL &&
        (crypto_kem_derive(c, ids[i], KITH_BYTES(ikm), &pair) != KITH_OK ||
         crypto_kem_key_of_private(c, ids[i], kith_bytes_of_secret(&pair.private_key), &own[i]) !=
             KITH_OK)) {
        return 0;
    }
    encap(c, ids[i], bytes);
    decap(c, own[i], bytes);
    kith_ignore(crypto_kem_public(c, ids[i], bytes, &public_key)); /* any outcome but a crash */
    return 0;
}
