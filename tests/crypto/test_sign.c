/* SPDX-License-Identifier: MPL-2.0 */
/* Signatures: known answers, forgeries of every kind, and keys that are none. */
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

static const crypto_sign_id ids[] = {
    CRYPTO_ED25519,           CRYPTO_ED448,     CRYPTO_ECDSA_P256_SHA256, CRYPTO_ECDSA_P384_SHA384,
    CRYPTO_ECDSA_P521_SHA512, CRYPTO_ML_DSA_44, CRYPTO_ML_DSA_65,         CRYPTO_ML_DSA_87,
};
static const crypto_sign_id ecdsa_ids[] = {CRYPTO_ECDSA_P256_SHA256, CRYPTO_ECDSA_P384_SHA384,
                                           CRYPTO_ECDSA_P521_SHA512};

/* Public key and signature are NULL where the source does not give them. */
static const struct {
    crypto_sign_id id;
    const char *private_key;
    const char *public_key;
    const char *message;
    const char *signature;
} facts[] = {
    /* [RFC8032 §7.1], tests 1 to 3. */
    {CRYPTO_ED25519, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {CRYPTO_ED25519, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {CRYPTO_ED25519, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    /* [RFC8032 §7.4], blank. */
    {CRYPTO_ED448,
     "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
     "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
     "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
     "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
     "",
     "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
     "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
     "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
     "b61149f05a7363268c71d95808ff2e652600"},
    /* [RFC6979 §A.2.5], [RFC6979 §A.2.6], [RFC6979 §A.2.7]: "sample", in DER. */
    {CRYPTO_ECDSA_P256_SHA256, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     NULL, "73616d706c65",
     "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea8"
     "4eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4"
     "ab2f843acda8"},
    {CRYPTO_ECDSA_P384_SHA384,
     "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
     "96d5724e4c70a825f872c9ea60d2edf5",
     NULL, "73616d706c65",
     "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea"
     "95ad133c81a648152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe"
     "40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c7"
     "1a38628ac8"},
    {CRYPTO_ECDSA_P521_SHA512,
     "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75"
     "caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538",
     NULL, "73616d706c65",
     "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc5395"
     "0e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05"
     "ec36e377fa0241617cce7cf5064806c467f678d3b4080d6f1cc50af26ca2094173"
     "08281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1e"
     "e0e44da4a67a"},
};

static crypto_sign_key *
key_of_hex(crypto *c, crypto_sign_id id, const char *hex)
{
    KITH_AUTO(kith_buf) private_key = of_hex(hex);
    crypto_sign_key *key = NULL;

    assert_ok(crypto_sign_key_import(c, id, kith_bytes_of_buf(&private_key), &key));
    return key;
}

static void
known_keys_make_known_signatures(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        crypto_sign_key *key = key_of_hex(*state, facts[i].id, facts[i].private_key);
        KITH_AUTO(kith_buf) message = of_hex(facts[i].message);
        KITH_AUTO(kith_buf) signature = {0};

        assert_ok(crypto_sign_with(*state, key, kith_bytes_of_buf(&message), &signature));

        assert_hex(kith_bytes_of_buf(&signature), facts[i].signature);
        if (facts[i].public_key != NULL) {
            assert_hex(crypto_sign_key_public(key), facts[i].public_key);
        }
        assert_ok(crypto_verify(*state, facts[i].id, crypto_sign_key_public(key),
                                kith_bytes_of_buf(&message), kith_bytes_of_buf(&signature)));
        crypto_sign_key_free(key);
    }
}

/* [FIPS204 §6.1], [FIPS204 §5.2]: the seed of 32 bytes 0x2a, "Hello world", without randomness or context;
 * public key and signature by their SHA-256. */
static void
known_seeds_of_ml_dsa_make_known_keys_and_signatures(void **state)
{
    static const struct {
        crypto_sign_id id;
        const char *public_key;
        const char *signature;
    } hashed[] = {
        {CRYPTO_ML_DSA_44, "d87f8ca136ac1aa55e2d6c4521680efb3a378cbb9bc0bfb446e9c60893931ea3",
         "8cd6fc03daa72e87210a4e721523e84c14f27733789075e65736744d4787fdd5"},
        {CRYPTO_ML_DSA_65, "b7acce2ddb11f8cc1aa46e2bafac6eacfa2b732ef192bd636ad8d3a56d649c66",
         "39fbbb0d97a52c79844213b325af823a7f16a174e00a5b3daeb3e6e6d1c89681"},
        {CRYPTO_ML_DSA_87, "d43128fa8a8c785c1d44c9e7db538dbf9dd88fe6c8ad911a344bcec1017c6d54",
         "1ad45bd0419e694375bd38ec11d8e0c228ab9ffac2fce4adbe6218d9c949e293"},
    };

    for (size_t i = 0; i < CHECK_COUNT(hashed); i++) {
        crypto_sign_key *key =
            key_of_hex(*state, hashed[i].id,
                       "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a");
        KITH_AUTO(kith_buf) signature = {0};

        assert_ok(crypto_sign_with(*state, key, kith_bytes_of_text("Hello world"), &signature));

        assert_hash(*state, crypto_sign_key_public(key), hashed[i].public_key);
        assert_hash(*state, kith_bytes_of_buf(&signature), hashed[i].signature);
        crypto_sign_key_free(key);
    }
}

/* ---- Every algorithm ---- */

static crypto_sign_key *
fresh_key(crypto *c, crypto_sign_id id, uint64_t seed)
{
    fake_rng fake;
    crypto_sign_key *key = NULL;
    fake_rng_init(&fake, seed);
    const kith_rng rng = fake_rng_port(&fake);

    assert_ok(crypto_sign_key_generate(c, id, &rng, &key));
    return key;
}

static void
keys_and_signatures_have_the_sizes_that_are_said(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_sign_sizes sizes = crypto_sign_sizes_of(ids[i]);
        crypto_sign_key *key = fresh_key(*state, ids[i], 1);
        KITH_AUTO(kith_buf) signature = {0};

        assert_ok(crypto_sign_with(*state, key, (kith_bytes){0}, &signature));

        assert_int_equal(crypto_sign_key_id(key), ids[i]);
        assert_int_equal(crypto_sign_key_private(key).len, sizes.private_key);
        assert_int_equal(crypto_sign_key_public(key).len, sizes.public_key);
        assert_true(signature.len <= sizes.signature);
        assert_true(sizes.public_key <= CRYPTO_SIGN_PUBLIC_MAX);
        assert_true(sizes.signature <= CRYPTO_SIGNATURE_MAX);
        crypto_sign_key_free(key);
    }
}

static void
an_exported_private_key_imports_as_the_same_key(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ids[i], 2);
        crypto_sign_key *again = NULL;
        KITH_AUTO(kith_buf) a = {0};
        KITH_AUTO(kith_buf) b = {0};

        assert_ok(crypto_sign_key_import(*state, ids[i], crypto_sign_key_private(key), &again));

        assert_true(kith_bytes_equal(crypto_sign_key_public(key), crypto_sign_key_public(again)));
        assert_ok(crypto_sign_with(*state, key, kith_bytes_of_text("m"), &a));
        assert_ok(crypto_sign_with(*state, again, kith_bytes_of_text("m"), &b));
        assert_true(kith_bytes_equal(kith_bytes_of_buf(&a), kith_bytes_of_buf(&b)));
        crypto_sign_key_free(key);
        crypto_sign_key_free(again);
    }
}

static void
one_key_signs_and_verifies_again_and_again(void **state)
{
    static const char *const messages[] = {"", "one", "another, longer message", "one"};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ids[i], 3);
        crypto_verify_key *verifier = NULL;
        assert_ok(crypto_verify_key_new(*state, ids[i], crypto_sign_key_public(key), &verifier));

        for (size_t m = 0; m < CHECK_COUNT(messages); m++) {
            const kith_bytes message = kith_bytes_of_text(messages[m]);
            KITH_AUTO(kith_buf) signature = {0};
            assert_ok(crypto_sign_with(*state, key, message, &signature));
            assert_ok(crypto_verify_with(*state, verifier, message, kith_bytes_of_buf(&signature)));
            assert_err(crypto_verify_with(*state, verifier, kith_bytes_of_text("other"),
                                          kith_bytes_of_buf(&signature)),
                       KITH_ERR_REJECTED);
        }
        crypto_verify_key_free(verifier);
        crypto_sign_key_free(key);
    }
    crypto_verify_key_free(NULL);
    crypto_sign_key_free(NULL);
}

static void
a_signature_is_appended(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ids[i], 4);
        KITH_AUTO(kith_buf) out = {0};
        assert_ok(kith_buf_append(&out, kith_bytes_of_text("before")));

        assert_ok(crypto_sign_with(*state, key, kith_bytes_of_text("m"), &out));

        assert_memory_equal(out.data, "before", 6);
        assert_ok(crypto_verify(*state, ids[i], crypto_sign_key_public(key),
                                kith_bytes_of_text("m"), kith_bytes_of(out.data + 6, out.len - 6)));
        crypto_sign_key_free(key);
    }
}

/* Strides through long signatures: every bit of the first and last bytes, every 61st byte between. */
static size_t
next_bit(size_t bit, size_t len)
{
    const size_t byte = bit / 8;
    const bool is_edge = byte < 8 || byte + 8 >= len;

    return is_edge ? bit + 1 : bit + (size_t)8 * 61 + 1;
}

static void
every_changed_bit_of_a_signature_is_rejected(void **state)
{
    const kith_bytes message = kith_bytes_of_text("m");

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ids[i], 5);
        crypto_verify_key *verifier = NULL;
        KITH_AUTO(kith_buf) signature = {0};
        assert_ok(crypto_verify_key_new(*state, ids[i], crypto_sign_key_public(key), &verifier));
        assert_ok(crypto_sign_with(*state, key, message, &signature));
        const kith_bytes changed = kith_bytes_of_buf(&signature);

        for (size_t bit = 0; bit < 8 * changed.len; bit = next_bit(bit, changed.len)) {
            signature.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_err(crypto_verify_with(*state, verifier, message, changed), KITH_ERR_REJECTED);
            signature.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_ok(crypto_verify_with(*state, verifier, message, changed));
        crypto_verify_key_free(verifier);
        crypto_sign_key_free(key);
    }
}

static void
a_signature_of_a_wrong_length_is_rejected(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ids[i], 6);
        KITH_AUTO(kith_buf) signature = {0};
        assert_ok(crypto_sign_with(*state, key, (kith_bytes){0}, &signature));
        assert_ok(kith_buf_append(&signature, kith_bytes_of("\0\0\0\0\0\0\0\0\0", 9)));
        const size_t right = signature.len - 9;
        const size_t lengths[] = {0, 1, right - 1, right + 1, right + 9};

        for (size_t k = 0; k < CHECK_COUNT(lengths); k++) {
            assert_err(crypto_verify(*state, ids[i], crypto_sign_key_public(key), (kith_bytes){0},
                                     kith_bytes_of(signature.data, lengths[k])),
                       KITH_ERR_REJECTED);
        }
        crypto_sign_key_free(key);
    }
}

static void
a_signature_of_another_key_is_rejected(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        crypto_sign_key *a = fresh_key(*state, ids[i], 7);
        crypto_sign_key *b = fresh_key(*state, ids[i], 8);
        KITH_AUTO(kith_buf) signature = {0};
        assert_ok(crypto_sign_with(*state, a, kith_bytes_of_text("m"), &signature));

        assert_err(crypto_verify(*state, ids[i], crypto_sign_key_public(b), kith_bytes_of_text("m"),
                                 kith_bytes_of_buf(&signature)),
                   KITH_ERR_REJECTED);
        crypto_sign_key_free(a);
        crypto_sign_key_free(b);
    }
}

static void
keys_of_a_wrong_length_are_malformed(void **state)
{
    static const uint8_t bytes[CRYPTO_SIGN_PUBLIC_MAX + 2] = {4};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_sign_sizes sizes = crypto_sign_sizes_of(ids[i]);
        const size_t lengths[] = {0, sizes.private_key - 1, sizes.private_key + 1,
                                  sizes.public_key - 1, sizes.public_key + 1};

        for (size_t k = 0; k < CHECK_COUNT(lengths); k++) {
            const kith_bytes wrong = {bytes, lengths[k]};
            crypto_sign_key *key = NULL;
            crypto_verify_key *verifier = NULL;
            if (wrong.len != sizes.private_key) {
                assert_err(crypto_sign_key_import(*state, ids[i], wrong, &key), KITH_ERR_MALFORMED);
            }
            if (wrong.len != sizes.public_key) {
                assert_err(crypto_verify_key_new(*state, ids[i], wrong, &verifier),
                           KITH_ERR_MALFORMED);
                assert_err(crypto_verify(*state, ids[i], wrong, wrong, wrong), KITH_ERR_MALFORMED);
            }
            assert_null(key);
            assert_null(verifier);
        }
    }
}

static void
an_unknown_algorithm_is_unsupported(void **state)
{
    static const int unknown[] = {0, 9, -1};

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        const crypto_sign_id id = (crypto_sign_id)unknown[i];
        crypto_sign_key *key = NULL;
        crypto_verify_key *verifier = NULL;

        assert_int_equal(crypto_sign_sizes_of(id).signature, 0);
        assert_err(crypto_sign_key_generate(*state, id, crypto_rng(), &key), KITH_ERR_UNSUPPORTED);
        assert_err(crypto_sign_key_import(*state, id, (kith_bytes){0}, &key), KITH_ERR_UNSUPPORTED);
        assert_err(crypto_verify_key_new(*state, id, (kith_bytes){0}, &verifier),
                   KITH_ERR_UNSUPPORTED);
        assert_err(crypto_verify(*state, id, (kith_bytes){0}, (kith_bytes){0}, (kith_bytes){0}),
                   KITH_ERR_UNSUPPORTED);
    }
}

/* ---- Particular algorithms ---- */

/* [RFC8032 §5.1.7]: S + L is the same scalar, and must not make a second signature. */
static void
an_ed25519_signature_cannot_be_rewritten(void **state)
{
    KITH_AUTO(kith_buf) public_key =
        of_hex("7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa");
    KITH_AUTO(kith_buf) rewritten =
        of_hex("7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab0"
               "67654bce3832c2d76f8f6f5dafc08d9339d4eef676573336a5c51eb6f946b31d");

    assert_err(crypto_verify(*state, CRYPTO_ED25519, kith_bytes_of_buf(&public_key),
                             kith_bytes_of_text("Test"), kith_bytes_of_buf(&rewritten)),
               KITH_ERR_REJECTED);
}

/* A key of small order accepts one signature for many messages: S = 0, R the neutral element. */
static void
an_ed25519_key_of_small_order_verifies_nothing(void **state)
{
    static const uint8_t neutral[32] = {1};
    static const uint8_t signature[64] = {1};

    assert_err(crypto_verify(*state, CRYPTO_ED25519, KITH_BYTES(neutral), kith_bytes_of_text("any"),
                             KITH_BYTES(signature)),
               KITH_ERR_REJECTED);
}

/* A signature whose point has small order fulfils the equation for whoever has the key, and is refused: R the neutral
 * element, of the empty message, by the key of [RFC8032 §7.1] test 1. */
static void
an_ed25519_signature_with_a_point_of_small_order_is_rejected(void **state)
{
    KITH_AUTO(kith_buf) public_key =
        of_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    KITH_AUTO(kith_buf) signature =
        of_hex("0100000000000000000000000000000000000000000000000000000000000000"
               "756cf9b1d6f0d7a979b9d2af3dc2bc1294ec7cb6daa20eaff534c024fc57920f");

    assert_err(crypto_verify(*state, CRYPTO_ED25519, kith_bytes_of_buf(&public_key),
                             (kith_bytes){0}, kith_bytes_of_buf(&signature)),
               KITH_ERR_REJECTED);
}

static void
an_ed25519_key_that_is_no_canonical_point_is_malformed(void **state)
{
    static const char *const none[] = {
        /* y = p + 1, the neutral element again; y = 2^255 - 1; no x for y = 2; y = p; -0 for x, at y = 1 and -1 */
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };

    for (size_t i = 0; i < CHECK_COUNT(none); i++) {
        KITH_AUTO(kith_buf) public_key = of_hex(none[i]);
        crypto_verify_key *key = NULL;

        assert_err(
            crypto_verify_key_new(*state, CRYPTO_ED25519, kith_bytes_of_buf(&public_key), &key),
            KITH_ERR_MALFORMED);
    }
}

/* Which of the encodings y = 0 to 63, positive x, are points: one bit each, from the lowest [RFC8032 §5.1.3]. */
static void
every_ed25519_key_that_is_a_point_is_taken(void **state)
{
    static const uint64_t points = 0xf7d91dab7fadc67b;

    for (uint8_t y = 0; y < 64; y++) {
        const uint8_t public_key[32] = {y};
        crypto_verify_key *key = NULL;

        const kith_err err =
            crypto_verify_key_new(*state, CRYPTO_ED25519, KITH_BYTES(public_key), &key);

        assert_err(err, (points >> y & 1) == 1 ? KITH_OK : KITH_ERR_MALFORMED);
        crypto_verify_key_free(key);
    }
}

static void
an_ecdsa_public_key_is_an_uncompressed_point_of_its_curve(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ecdsa_ids); i++) {
        crypto_sign_key *key = fresh_key(*state, ecdsa_ids[i], 9);
        crypto_verify_key *verifier = NULL;
        KITH_AUTO(kith_buf) point = {0};
        assert_ok(kith_buf_append(&point, crypto_sign_key_public(key)));

        for (unsigned form = 0; form < 256; form++) {
            point.data[0] = (uint8_t)form;
            if (form != 4) {
                assert_err(crypto_verify_key_new(*state, ecdsa_ids[i], kith_bytes_of_buf(&point),
                                                 &verifier),
                           KITH_ERR_MALFORMED);
            }
        }
        point.data[0] = 4;
        point.data[point.len - 1] ^= 1;
        assert_err(
            crypto_verify_key_new(*state, ecdsa_ids[i], kith_bytes_of_buf(&point), &verifier),
            KITH_ERR_MALFORMED);
        crypto_sign_key_free(key);
    }
}

static void
an_ecdsa_private_key_is_from_one_to_below_the_order(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ecdsa_ids); i++) {
        uint8_t scalar[66] = {0};
        const kith_bytes bytes = {scalar, crypto_sign_sizes_of(ecdsa_ids[i]).private_key};
        crypto_sign_key *key = NULL;

        assert_err(crypto_sign_key_import(*state, ecdsa_ids[i], bytes, &key), KITH_ERR_MALFORMED);
        memset(scalar, 0xff, sizeof scalar);
        assert_err(crypto_sign_key_import(*state, ecdsa_ids[i], bytes, &key), KITH_ERR_MALFORMED);
        memset(scalar, 0, sizeof scalar);
        scalar[bytes.len - 1] = 1;
        assert_ok(crypto_sign_key_import(*state, ecdsa_ids[i], bytes, &key));
        crypto_sign_key_free(key);
    }
}

static void
an_ecdsa_key_out_of_useless_randomness_is_given_up(void **state)
{
    uint8_t byte = 0xff;
    const kith_rng ones = {.fill = same_rng_fill, .ctx = &byte};

    for (size_t i = 0; i < CHECK_COUNT(ecdsa_ids); i++) {
        crypto_sign_key *key = NULL;

        assert_err(crypto_sign_key_generate(*state, ecdsa_ids[i], &ones, &key), KITH_ERR_CRYPTO);

        assert_null(key);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_make_known_signatures),
        cmocka_unit_test(known_seeds_of_ml_dsa_make_known_keys_and_signatures),
        cmocka_unit_test(keys_and_signatures_have_the_sizes_that_are_said),
        cmocka_unit_test(an_exported_private_key_imports_as_the_same_key),
        cmocka_unit_test(one_key_signs_and_verifies_again_and_again),
        cmocka_unit_test(a_signature_is_appended),
        cmocka_unit_test(every_changed_bit_of_a_signature_is_rejected),
        cmocka_unit_test(a_signature_of_a_wrong_length_is_rejected),
        cmocka_unit_test(a_signature_of_another_key_is_rejected),
        cmocka_unit_test(keys_of_a_wrong_length_are_malformed),
        cmocka_unit_test(an_unknown_algorithm_is_unsupported),
        cmocka_unit_test(an_ed25519_signature_cannot_be_rewritten),
        cmocka_unit_test(an_ed25519_key_of_small_order_verifies_nothing),
        cmocka_unit_test(an_ed25519_signature_with_a_point_of_small_order_is_rejected),
        cmocka_unit_test(every_ed25519_key_that_is_a_point_is_taken),
        cmocka_unit_test(an_ed25519_key_that_is_no_canonical_point_is_malformed),
        cmocka_unit_test(an_ecdsa_public_key_is_an_uncompressed_point_of_its_curve),
        cmocka_unit_test(an_ecdsa_private_key_is_from_one_to_below_the_order),
        cmocka_unit_test(an_ecdsa_key_out_of_useless_randomness_is_given_up),
    };

    return cmocka_run_group_tests_name("crypto: signatures", tests, lab_open, lab_close);
}
