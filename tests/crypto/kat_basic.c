/* SPDX-License-Identifier: MPL-2.0 */
/* Known-answer operations without a KEM: hashes, AEAD, signatures, Diffie-Hellman, PAKE, password. */
#include "crypto/kat.h"

static kith_err
run_hash(kat_line *line)
{
    const crypto_hash_id id = (crypto_hash_id)line->number[0];
    uint8_t digest[CRYPTO_HASH_MAX];

    KITH_TRY(crypto_digest(line->crypto, id, CRYPTO_PARTS(kat_bytes(line, 1)), digest));
    return kat_put(line, kith_bytes_of(digest, crypto_hash_len(id)));
}

static kith_err
run_shake256(kat_line *line)
{
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *at = NULL;

    KITH_TRY(kith_buf_extend(&out, line->number[0], &at));
    KITH_TRY(crypto_shake256(line->crypto, CRYPTO_PARTS(kat_bytes(line, 1)), at, out.len));
    return kat_put(line, kith_bytes_of_buf(&out));
}

static kith_err
run_hmac(kat_line *line)
{
    const crypto_hash_id id = (crypto_hash_id)line->number[0];
    uint8_t mac[CRYPTO_HASH_MAX];

    KITH_TRY(
        crypto_hmac(line->crypto, id, kat_bytes(line, 1), CRYPTO_PARTS(kat_bytes(line, 2)), mac));
    return kat_put(line, kith_bytes_of(mac, crypto_hash_len(id)));
}

static kith_err
run_hmac_verify(kat_line *line)
{
    KITH_TRY(crypto_hmac_verify(line->crypto, (crypto_hash_id)line->number[0], kat_bytes(line, 1),
                                CRYPTO_PARTS(kat_bytes(line, 2)), kat_bytes(line, 3)));
    return kat_put_ok(line);
}

static kith_err
run_hkdf_extract(kat_line *line)
{
    KITH_AUTO(kith_secret) prk = {0};

    KITH_TRY(crypto_hkdf_extract(line->crypto, (crypto_hash_id)line->number[0], kat_bytes(line, 1),
                                 kat_bytes(line, 2), &prk));
    return kat_put(line, kith_bytes_of_secret(&prk));
}

static kith_err
run_hkdf_expand(kat_line *line)
{
    const crypto_hash_id id = (crypto_hash_id)line->number[0];
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *at = NULL;
    const crypto_expand in = {.prk = kat_bytes(line, 1),
                              .info = CRYPTO_PARTS(kat_bytes(line, 2)),
                              .len = line->number[3]};

    KITH_TRY(kith_buf_extend(&out, in.len, &at));
    KITH_TRY(crypto_hkdf_expand_into(line->crypto, id, &in, at));
    return kat_put(line, kith_bytes_of_buf(&out));
}

static crypto_aead
aead_of(const kat_line *line)
{
    return (crypto_aead){.id = (crypto_aead_id)line->number[0],
                         .key = kat_bytes(line, 1),
                         .nonce = kat_bytes(line, 2),
                         .aad = kat_bytes(line, 3)};
}

static kith_err
run_aead_seal(kat_line *line)
{
    const crypto_aead aead = aead_of(line);
    KITH_AUTO(kith_buf) out = {0};

    KITH_TRY(crypto_aead_seal(line->crypto, &aead, kat_bytes(line, 4), &out));
    return kat_put(line, kith_bytes_of_buf(&out));
}

static kith_err
run_aead_open(kat_line *line)
{
    const crypto_aead aead = aead_of(line);
    KITH_AUTO(kith_buf) out = {0};

    KITH_TRY(crypto_aead_open(line->crypto, &aead, kat_bytes(line, 4), &out));
    return kat_put(line, kith_bytes_of_buf(&out));
}

/* Puts the public key, or the signature when there is a message. */
static kith_err
put_of_sign_key(kat_line *line, crypto_sign_key *key, const kith_bytes *message)
{
    KITH_AUTO(kith_buf) signature = {0};

    if (message == NULL) {
        return kat_put(line, crypto_sign_key_public(key));
    }
    KITH_TRY(crypto_sign_with(line->crypto, key, *message, &signature));
    return kat_put(line, kith_bytes_of_buf(&signature));
}

static kith_err
import_and_put(kat_line *line, const kith_bytes *message)
{
    crypto_sign_key *key = NULL;

    KITH_TRY(crypto_sign_key_import(line->crypto, (crypto_sign_id)line->number[0],
                                    kat_bytes(line, 1), &key));
    const kith_err err = put_of_sign_key(line, key, message);
    crypto_sign_key_free(key);
    return err;
}

static kith_err
run_sign_public(kat_line *line)
{
    return import_and_put(line, NULL);
}

static kith_err
run_sign(kat_line *line)
{
    const kith_bytes message = kat_bytes(line, 2);

    return import_and_put(line, &message);
}

static kith_err
run_sign_generate(kat_line *line)
{
    kat_random random = {kat_bytes(line, 1)};
    const kith_rng rng = kat_random_port(&random);
    crypto_sign_key *key = NULL;

    KITH_TRY(crypto_sign_key_generate(line->crypto, (crypto_sign_id)line->number[0], &rng, &key));
    kith_err err = kat_put(line, crypto_sign_key_private(key));
    if (err == KITH_OK) {
        err = kat_put(line, crypto_sign_key_public(key));
    }
    crypto_sign_key_free(key);
    return err;
}

static kith_err
run_verify(kat_line *line)
{
    KITH_TRY(crypto_verify(line->crypto, (crypto_sign_id)line->number[0], kat_bytes(line, 1),
                           kat_bytes(line, 2), kat_bytes(line, 3)));
    return kat_put_ok(line);
}

static kith_err
run_dh_public(kat_line *line)
{
    KITH_AUTO(kith_buf) out = {0};

    KITH_TRY(
        crypto_dh_public(line->crypto, (crypto_dh_id)line->number[0], kat_bytes(line, 1), &out));
    return kat_put(line, kith_bytes_of_buf(&out));
}

static kith_err
run_dh(kat_line *line)
{
    KITH_AUTO(kith_secret) shared = {0};

    KITH_TRY(crypto_dh(line->crypto, (crypto_dh_id)line->number[0], kat_bytes(line, 1),
                       kat_bytes(line, 2), &shared));
    return kat_put(line, kith_bytes_of_secret(&shared));
}

static kith_err
start_pake(kat_line *line, crypto_pake **out)
{
    kat_random random = {kat_bytes(line, 5)};
    const kith_rng rng = kat_random_port(&random);
    const crypto_pake_input in = {.role = (crypto_pake_role)line->number[0],
                                  .password = kat_bytes(line, 1),
                                  .channel = kat_bytes(line, 2),
                                  .session = kat_bytes(line, 3),
                                  .ad = kat_bytes(line, 4)};

    return crypto_pake_start(line->crypto, &in, &rng, out);
}

static kith_err
run_pake_start(kat_line *line)
{
    crypto_pake *pake = NULL;

    KITH_TRY(start_pake(line, &pake));
    const kith_err err = kat_put(line, crypto_pake_message(pake));
    crypto_pake_free(pake);
    return err;
}

static kith_err
run_pake_finish(kat_line *line)
{
    KITH_AUTO(crypto_pake_result) result = {0};
    crypto_pake *pake = NULL;

    KITH_TRY(start_pake(line, &pake));
    const kith_err err =
        crypto_pake_finish(line->crypto, pake, kat_bytes(line, 6), kat_bytes(line, 7), &result);
    crypto_pake_free(pake);
    KITH_TRY(err);
    KITH_TRY(kat_put(line, kith_bytes_of_secret(&result.key)));
    KITH_TRY(kat_put(line, KITH_BYTES(result.own_tag)));
    return kat_put(line, KITH_BYTES(result.expected_tag));
}

static kith_err
put_of_vrf_key(kat_line *line, const crypto_vrf_key *key, const kith_bytes *input)
{
    crypto_vrf_result result;

    if (input == NULL) {
        return kat_put(line, crypto_vrf_key_public(key));
    }
    KITH_TRY(crypto_vrf_prove(line->crypto, key, CRYPTO_PARTS(*input), &result));
    KITH_TRY(kat_put(line, KITH_BYTES(result.proof)));
    return kat_put(line, KITH_BYTES(result.output));
}

static kith_err
import_vrf_and_put(kat_line *line, const kith_bytes *input)
{
    crypto_vrf_key *key = NULL;

    KITH_TRY(crypto_vrf_key_import(line->crypto, kat_bytes(line, 0), &key));
    const kith_err err = put_of_vrf_key(line, key, input);
    crypto_vrf_key_free(key);
    return err;
}

static kith_err
run_vrf_public(kat_line *line)
{
    return import_vrf_and_put(line, NULL);
}

static kith_err
run_vrf_prove(kat_line *line)
{
    const kith_bytes input = kat_bytes(line, 1);

    return import_vrf_and_put(line, &input);
}

static kith_err
run_vrf_verify(kat_line *line)
{
    const kith_bytes input = kat_bytes(line, 1);
    const crypto_vrf_claim claim = {.public_key = kat_bytes(line, 0),
                                    .proof = kat_bytes(line, 2),
                                    .input = CRYPTO_PARTS(input)};
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

    KITH_TRY(crypto_vrf_verify(line->crypto, &claim, output));
    return kat_put(line, KITH_BYTES(output));
}

static kith_err
run_password(kat_line *line)
{
    KITH_AUTO(kith_secret) key = {0};
    KITH_ENSURE(line->number[0] <= UINT32_MAX && line->number[1] <= UINT32_MAX, KITH_ERR_LIMIT);
    const crypto_password in = {.password = kat_bytes(line, 3),
                                .salt = kat_bytes(line, 4),
                                .passes = (uint32_t)line->number[0],
                                .memory_kib = (uint32_t)line->number[1]};

    KITH_TRY(crypto_password_key(&in, line->number[2], &key));
    return kat_put(line, kith_bytes_of_secret(&key));
}

static kith_err
run_equal(kat_line *line)
{
    KITH_ENSURE(kith_equal_ct(kat_bytes(line, 0), kat_bytes(line, 1)), KITH_ERR_REJECTED);
    return kat_put_ok(line);
}

static kith_err
run_random(kat_line *line)
{
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *at = NULL;

    KITH_TRY(kith_buf_extend(&out, line->number[0], &at));
    KITH_TRY(kith_rng_fill(crypto_rng(), at, out.len));
    return kat_put(line, kith_bytes_of_buf(&out));
}

const kat_operation kat_basic_operations[] = {
    {"hash", "HASH message", "digest", run_hash},
    {"shake256", "LENGTH message", "bytes", run_shake256},
    {"hmac", "HASH key message", "tag", run_hmac},
    {"hmac-verify", "HASH key message tag", "ok", run_hmac_verify},
    {"hkdf-extract", "HASH salt ikm", "prk", run_hkdf_extract},
    {"hkdf-expand", "HASH prk info LENGTH", "okm", run_hkdf_expand},
    {"aead-seal", "AEAD key nonce aad plaintext", "ciphertext", run_aead_seal},
    {"aead-open", "AEAD key nonce aad ciphertext", "plaintext", run_aead_open},
    {"sign-generate", "SIGN random", "private public", run_sign_generate},
    {"sign-public", "SIGN private", "public", run_sign_public},
    {"sign", "SIGN private message", "signature", run_sign},
    {"verify", "SIGN public message signature", "ok", run_verify},
    {"dh-public", "DH private", "public", run_dh_public},
    {"dh", "DH private public", "shared", run_dh},
    {"pake-start", "ROLE password channel session ad random", "message", run_pake_start},
    {"pake-finish", "ROLE password channel session ad random peer-message peer-ad",
     "isk own-tag expected-tag", run_pake_finish},
    {"vrf-public", "private", "public", run_vrf_public},
    {"vrf-prove", "private input", "proof output", run_vrf_prove},
    {"vrf-verify", "public input proof", "output", run_vrf_verify},
    {"password", "PASSES KIB LENGTH password salt", "derived", run_password},
    {"equal", "a b", "ok", run_equal},
    {"random", "LENGTH", "bytes", run_random},
    {NULL, NULL, NULL, NULL},
};
