/* SPDX-License-Identifier: MPL-2.0 */
/* The identity key and its file: eight bytes that say what it is, then the 32-byte seed [RFC8032]. */
#include "net/identity.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "net/file.h"
#include "net/identity_parts.h"

#define SEED_LEN 32u
#define FILE_LEN (sizeof magic + SEED_LEN)

static const uint8_t magic[8] = {'k', 'i', 't', 'h', 'i', 'd', '1', '\n'};

static kith_err
of_seed(const uint8_t seed[SEED_LEN], net_identity **out)
{
    net_identity *identity = calloc(1, sizeof *identity);
    size_t len = NET_IDENTITY_LEN;

    KITH_ENSURE(identity != NULL, KITH_ERR_NO_MEMORY);
    identity->key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, SEED_LEN);
    if (identity->key == NULL ||
        EVP_PKEY_get_raw_public_key(identity->key, identity->public_key, &len) != 1) {
        ERR_clear_error();
        net_identity_free(identity);
        return KITH_ERR_CRYPTO;
    }
    *out = identity;
    return KITH_OK;
}

static kith_err
parse(kith_bytes file, net_identity **out)
{
    KITH_ENSURE(file.len == FILE_LEN && memcmp(file.data, magic, sizeof magic) == 0,
                KITH_ERR_MALFORMED);
    return of_seed(file.data + sizeof magic, out);
}

static kith_err
make(const char *path, net_identity **out)
{
    KITH_AUTO(kith_buf) file = {0};
    uint8_t *seed = NULL;

    KITH_TRY(kith_buf_append(&file, KITH_BYTES(magic)));
    KITH_TRY(kith_buf_extend(&file, SEED_LEN, &seed));
    KITH_ENSURE(RAND_priv_bytes(seed, SEED_LEN) == 1, KITH_ERR_NO_RANDOM);
    KITH_TRY(net_file_save(path, kith_bytes_of_buf(&file)));
    return parse(kith_bytes_of_buf(&file), out);
}

kith_err
net_identity_open(const char *path, net_identity **out)
{
    KITH_AUTO(kith_buf) file = {0};
    const kith_err err = net_file_load(path, &file);

    if (err == KITH_ERR_NOT_FOUND) {
        return make(path, out);
    }
    KITH_ENSURE(err != KITH_ERR_LIMIT, KITH_ERR_MALFORMED);
    KITH_TRY(err);
    return parse(kith_bytes_of_buf(&file), out);
}

void
net_identity_free(net_identity *identity)
{
    if (identity != NULL) {
        EVP_PKEY_free(identity->key);
        free(identity);
    }
}

kith_bytes
net_identity_public(const net_identity *identity)
{
    return KITH_BYTES(identity->public_key);
}

kith_err
net_identity_key(const net_identity *identity, crypto *c, crypto_sign_key **out)
{
    uint8_t seed[SEED_LEN];
    size_t len = sizeof seed;

    if (EVP_PKEY_get_raw_private_key(identity->key, seed, &len) != 1) {
        ERR_clear_error();
        return KITH_ERR_CRYPTO;
    }
    const kith_err err = crypto_sign_key_import(c, CRYPTO_ED25519, KITH_BYTES(seed), out);
    kith_wipe(seed, sizeof seed);
    return err;
}
