/* SPDX-License-Identifier: MPL-2.0 */
/* Every KEM: known answers, both sides agree, and keys and encapsulations that are none. */
#include "crypto/facts_hpke.h"
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

static const crypto_kem_id ids[] = {
    CRYPTO_KEM_P256,           CRYPTO_KEM_P384,
    CRYPTO_KEM_P521,           CRYPTO_KEM_X25519,
    CRYPTO_KEM_X448,           CRYPTO_KEM_ML_KEM_768,
    CRYPTO_KEM_ML_KEM_1024,    CRYPTO_KEM_MLKEM768_P256,
    CRYPTO_KEM_MLKEM1024_P384, CRYPTO_KEM_MLKEM768_X25519,
};

static bool
has_ml_kem(crypto_kem_id id)
{
    return id == CRYPTO_KEM_ML_KEM_768 || id == CRYPTO_KEM_ML_KEM_1024 ||
           id == CRYPTO_KEM_MLKEM768_P256 || id == CRYPTO_KEM_MLKEM1024_P384 ||
           id == CRYPTO_KEM_MLKEM768_X25519;
}

/* Where the point of a NIST curve begins in public key and encapsulation; SIZE_MAX: there is none. */
static size_t
point_in_public(crypto_kem_id id)
{
    switch (id) {
    case CRYPTO_KEM_P256:
    case CRYPTO_KEM_P384:
    case CRYPTO_KEM_P521:
        return 0;
    case CRYPTO_KEM_MLKEM768_P256:
        return 1184;
    case CRYPTO_KEM_MLKEM1024_P384:
        return 1568;
    default:
        return SIZE_MAX;
    }
}

static size_t
point_in_enc(crypto_kem_id id)
{
    return id == CRYPTO_KEM_MLKEM768_P256 ? 1088 : point_in_public(id);
}

static void
fresh_pair(crypto *c, crypto_kem_id id, uint64_t seed, crypto_kem_pair *out)
{
    fake_rng fake;
    fake_rng_init(&fake, seed);
    const kith_rng rng = fake_rng_port(&fake);

    assert_ok(crypto_kem_generate(c, id, &rng, out));
}

static crypto_kem_key *
private_of(crypto *c, crypto_kem_id id, const crypto_kem_pair *pair)
{
    crypto_kem_key *key = NULL;

    assert_ok(crypto_kem_key_of_private(c, id, kith_bytes_of_secret(&pair->private_key), &key));
    return key;
}

static crypto_kem_key *
public_of(crypto *c, crypto_kem_id id, const crypto_kem_pair *pair)
{
    crypto_kem_key *key = NULL;

    assert_ok(crypto_kem_key_of_public(c, id, kith_bytes_of_buf(&pair->public_key), &key));
    return key;
}

/* ---- Known answers ---- */

/* [RFC9180 §7.1.3] */
static void
key_pairs_are_derived_as_published(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(hpke_facts); i++) {
        const hpke_fact *fact = &hpke_facts[i];
        KITH_AUTO(kith_buf) ikm = of_hex(fact->ikm_r);
        KITH_AUTO(crypto_kem_pair) pair = {0};

        assert_ok(crypto_kem_derive(*state, fact->suite.kem, kith_bytes_of_buf(&ikm), &pair));

        assert_hex(kith_bytes_of_secret(&pair.private_key), fact->private_key);
        assert_hex(kith_bytes_of_buf(&pair.public_key), fact->public_key);
    }
}

/* [RFC9180 §4.1] */
static void
secrets_are_encapsulated_as_published(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(hpke_facts); i++) {
        const hpke_fact *fact = &hpke_facts[i];
        KITH_AUTO(kith_buf) ikm = of_hex(fact->ikm_e);
        KITH_AUTO(kith_buf) public_key = of_hex(fact->public_key);
        KITH_AUTO(kith_buf) private_key = of_hex(fact->private_key);
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) sent = {0};
        KITH_AUTO(kith_secret) received = {0};
        given_rng given = {kith_bytes_of_buf(&ikm)};
        const kith_rng rng = given_rng_port(&given);
        crypto_kem_key *to = NULL;
        crypto_kem_key *own = NULL;
        assert_ok(
            crypto_kem_key_of_public(*state, fact->suite.kem, kith_bytes_of_buf(&public_key), &to));
        assert_ok(crypto_kem_key_of_private(*state, fact->suite.kem,
                                            kith_bytes_of_buf(&private_key), &own));

        assert_ok(crypto_kem_encap(*state, to, &rng, &sent, &enc));
        assert_ok(crypto_kem_decap(*state, own, kith_bytes_of_buf(&enc), &received));

        assert_hex(kith_bytes_of_buf(&enc), fact->enc);
        assert_hex(kith_bytes_of_secret(&sent), fact->shared_secret);
        assert_hex(kith_bytes_of_secret(&received), fact->shared_secret);
        crypto_kem_key_free(to);
        crypto_kem_key_free(own);
    }
}

/* [FIPS203 §6]: seed d || z, randomness m; encapsulation key and ciphertext by their SHA-256. */
static void
ml_kem_makes_known_keys_ciphertexts_and_secrets(void **state)
{
    static const char seed_hex[] =
        "7c9935a0b07694aa0c6d10e4db6b1add2fd81a25ccb148032dcd739936737f2d"
        "8626ed79d451140800e03b59b956f8210e556067407d13dc90fa9e8b872bfb8f";
    static const char m_hex[] = "147c03f7a5bebba406c8fae1874d7f13c80efe79a3a9a874cc09fe76f6997615";
    static const struct {
        crypto_kem_id id;
        const char *public_key;
        const char *enc;
        const char *secret;
    } facts[] = {
        {CRYPTO_KEM_ML_KEM_768, "86adbca81f4fee893e2fb58fb98aa2fe188f501fed268d7f4056f8c05c4e53c4",
         "36829a2f35cbf4deb62c0a12a15c22dae9f8d2c252566fc24f88abe805cb575e",
         "e7184a0975ee3470878d2d159ec83129c8aec253d4ee17b4810311d198cd0368"},
        {CRYPTO_KEM_ML_KEM_1024, "61b95ec8c32ae85ad7a17ae5b9c2dfb083e05f767da3ba9a0a8092ea6b4cbf7a",
         "508136a13f8a7920e3434498c6975cbbab457d809309eb2f92453e7409738210",
         "489dd1e9c2be4af3482bdb35bb26ce760e6e414da6ecbe489985748a825f1cd6"},
    };
    KITH_AUTO(kith_buf) seed = of_hex(seed_hex);
    KITH_AUTO(kith_buf) m = of_hex(m_hex);

    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) sent = {0};
        KITH_AUTO(kith_secret) received = {0};
        given_rng given = {kith_bytes_of_buf(&m)};
        const kith_rng rng = given_rng_port(&given);
        crypto_kem_key *key = NULL;

        assert_ok(crypto_kem_key_of_private(*state, facts[i].id, kith_bytes_of_buf(&seed), &key));
        assert_hash(*state, crypto_kem_key_public(key), facts[i].public_key);
        assert_ok(crypto_kem_encap(*state, key, &rng, &sent, &enc));
        assert_hash(*state, kith_bytes_of_buf(&enc), facts[i].enc);
        assert_hex(kith_bytes_of_secret(&sent), facts[i].secret);
        assert_ok(crypto_kem_decap(*state, key, kith_bytes_of_buf(&enc), &received));
        assert_hex(kith_bytes_of_secret(&received), facts[i].secret);
        crypto_kem_key_free(key);
    }
}

/* ---- Every KEM ---- */

static void
both_sides_find_one_secret_of_the_sizes_that_are_said(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_kem_sizes sizes = crypto_kem_sizes_of(ids[i]);
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) sent = {0};
        KITH_AUTO(kith_secret) received = {0};
        fresh_pair(*state, ids[i], 1, &pair);
        crypto_kem_key *to = public_of(*state, ids[i], &pair);
        crypto_kem_key *own = private_of(*state, ids[i], &pair);
        assert_ok(kith_buf_append(&enc, kith_bytes_of_text("before")));

        assert_ok(crypto_kem_encap(*state, to, crypto_rng(), &sent, &enc));
        assert_memory_equal(enc.data, "before", 6);
        assert_ok(
            crypto_kem_decap(*state, own, kith_bytes_of(enc.data + 6, enc.len - 6), &received));

        assert_true(kith_equal_ct(kith_bytes_of_secret(&sent), kith_bytes_of_secret(&received)));
        assert_int_equal(sent.len, sizes.secret);
        assert_int_equal(enc.len, 6 + sizes.enc);
        assert_int_equal(pair.private_key.len, sizes.private_key);
        assert_int_equal(pair.public_key.len, sizes.public_key);
        assert_true(sizes.enc <= CRYPTO_KEM_ENC_MAX);
        assert_true(sizes.public_key <= CRYPTO_KEM_PUBLIC_MAX);
        crypto_kem_key_free(to);
        crypto_kem_key_free(own);
    }
    crypto_kem_key_free(NULL);
}

static void
a_private_key_encapsulates_to_itself_again_and_again(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_secret) last = {0};
        fresh_pair(*state, ids[i], 2, &pair);
        crypto_kem_key *own = private_of(*state, ids[i], &pair);
        assert_int_equal(crypto_kem_key_id(own), ids[i]);
        assert_true(
            kith_bytes_equal(crypto_kem_key_public(own), kith_bytes_of_buf(&pair.public_key)));

        for (size_t n = 0; n < 3; n++) {
            KITH_AUTO(kith_buf) enc = {0};
            KITH_AUTO(kith_secret) sent = {0};
            KITH_AUTO(kith_secret) received = {0};
            assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &sent, &enc));
            assert_ok(crypto_kem_decap(*state, own, kith_bytes_of_buf(&enc), &received));
            assert_true(
                kith_equal_ct(kith_bytes_of_secret(&sent), kith_bytes_of_secret(&received)));
            assert_false(kith_equal_ct(kith_bytes_of_secret(&sent), kith_bytes_of_secret(&last)));
            last = sent;
        }
        crypto_kem_key_free(own);
    }
}

static void
deriving_is_deterministic_and_apart_for_each_kem(void **state)
{
    const kith_bytes ikm = kith_bytes_of_text("0123456789abcdef0123456789abcdef");
    kith_secret seen[CHECK_COUNT(ids)] = {0};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        KITH_AUTO(crypto_kem_pair) a = {0};
        KITH_AUTO(crypto_kem_pair) b = {0};
        KITH_AUTO(kith_buf) public_key = {0};
        assert_ok(crypto_kem_derive(*state, ids[i], ikm, &a));
        assert_ok(crypto_kem_derive(*state, ids[i], ikm, &b));

        assert_true(kith_equal_ct(kith_bytes_of_secret(&a.private_key),
                                  kith_bytes_of_secret(&b.private_key)));
        assert_ok(
            crypto_kem_public(*state, ids[i], kith_bytes_of_secret(&a.private_key), &public_key));
        assert_true(
            kith_bytes_equal(kith_bytes_of_buf(&public_key), kith_bytes_of_buf(&a.public_key)));
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(seen[k].data, a.private_key.data, 32);
        }
        seen[i] = a.private_key;
    }
}

static void
a_new_pair_replaces_the_old_one(void **state)
{
    fake_alloc fake;
    crypto *c = NULL;
    (void)state;
    fake_alloc_init(&fake);
    assert_ok(crypto_new(&fake.port, &c));
    crypto_kem_pair pair = {0};
    const uint64_t before = fake.live_blocks;

    fresh_pair(c, CRYPTO_KEM_MLKEM768_X25519, 3, &pair);
    fresh_pair(c, CRYPTO_KEM_P256, 4, &pair);

    assert_int_equal(pair.public_key.len, 65);
    assert_int_equal(fake.live_blocks, before + 1);
    crypto_kem_pair_done(&pair);
    crypto_kem_pair_done(NULL);
    assert_int_equal(fake.live_blocks, before);
    crypto_free(c);
}

static void
assert_is_no_public_key(crypto *c, crypto_kem_id id, kith_bytes bytes, kith_err expected)
{
    crypto_kem_key *key = NULL;

    assert_err(crypto_kem_public_check(c, id, bytes), expected);
    assert_err(crypto_kem_key_of_public(c, id, bytes, &key), expected);

    assert_null(key);
}

static void
assert_is_no_private_key(crypto *c, crypto_kem_id id, kith_bytes bytes, kith_err expected)
{
    crypto_kem_key *key = NULL;
    KITH_AUTO(kith_buf) out = {0};

    assert_err(crypto_kem_public(c, id, bytes, &out), expected);
    assert_err(crypto_kem_key_of_private(c, id, bytes, &key), expected);

    assert_null(key);
    assert_int_equal(out.len, 0);
}

static void
keys_of_a_wrong_length_are_malformed(void **state)
{
    static const uint8_t bytes[CRYPTO_KEM_PUBLIC_MAX + 1] = {4};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_kem_sizes sizes = crypto_kem_sizes_of(ids[i]);
        const size_t lengths[] = {0, sizes.private_key - 1, sizes.private_key + 1,
                                  sizes.public_key - 1, sizes.public_key + 1};
        for (size_t k = 0; k < CHECK_COUNT(lengths); k++) {
            const kith_bytes wrong = {bytes, lengths[k]};
            if (wrong.len != sizes.public_key) {
                assert_is_no_public_key(*state, ids[i], wrong, KITH_ERR_MALFORMED);
            }
            if (wrong.len != sizes.private_key) {
                assert_is_no_private_key(*state, ids[i], wrong, KITH_ERR_MALFORMED);
            }
        }
    }
}

static void
a_scalar_out_of_range_is_no_private_key(void **state)
{
    static const crypto_kem_id curves[] = {CRYPTO_KEM_P256, CRYPTO_KEM_P384, CRYPTO_KEM_P521};

    for (size_t i = 0; i < CHECK_COUNT(curves); i++) {
        uint8_t scalar[66] = {0};
        const kith_bytes bytes = {scalar, crypto_kem_sizes_of(curves[i]).private_key};

        assert_is_no_private_key(*state, curves[i], bytes, KITH_ERR_MALFORMED);
        memset(scalar, 0xff, sizeof scalar);
        assert_is_no_private_key(*state, curves[i], bytes, KITH_ERR_MALFORMED);
    }
}

static void
a_public_key_with_no_point_of_the_curve_is_malformed(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const size_t at = point_in_public(ids[i]);
        KITH_AUTO(crypto_kem_pair) pair = {0};
        fresh_pair(*state, ids[i], 5, &pair);
        const kith_bytes bytes = kith_bytes_of_buf(&pair.public_key);
        assert_ok(crypto_kem_public_check(*state, ids[i], bytes));
        if (at == SIZE_MAX) {
            continue;
        }

        pair.public_key.data[bytes.len - 1] ^= 1;
        assert_is_no_public_key(*state, ids[i], bytes, KITH_ERR_MALFORMED);
        pair.public_key.data[bytes.len - 1] ^= 1;
        pair.public_key.data[at] = 2;
        assert_is_no_public_key(*state, ids[i], bytes, KITH_ERR_MALFORMED);
        memset(pair.public_key.data + at, 0, bytes.len - at);
        assert_is_no_public_key(*state, ids[i], bytes, KITH_ERR_MALFORMED);
    }
}

/* [FIPS203 §7.2]: coefficients of 12 bits must be below 3329; 0xfff and 3329 itself are not. */
static void
an_ml_kem_public_key_that_is_not_reduced_is_malformed(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        KITH_AUTO(crypto_kem_pair) pair = {0};
        fresh_pair(*state, ids[i], 6, &pair);
        const kith_bytes bytes = kith_bytes_of_buf(&pair.public_key);
        if (!has_ml_kem(ids[i])) {
            continue;
        }

        memset(pair.public_key.data, 0xff, 2);
        assert_is_no_public_key(*state, ids[i], bytes, KITH_ERR_MALFORMED);
        pair.public_key.data[0] = 0x01;
        pair.public_key.data[1] = 0x0d;
        assert_is_no_public_key(*state, ids[i], bytes, KITH_ERR_MALFORMED);
        pair.public_key.data[0] = 0x00;
        assert_ok(crypto_kem_public_check(*state, ids[i], bytes));
    }
}

static void
an_unknown_kem_is_unsupported(void **state)
{
    static const int unknown[] = {0, 0x0040, 0x0013, 0xffff, -1};

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        const crypto_kem_id id = (crypto_kem_id)unknown[i];
        KITH_AUTO(crypto_kem_pair) pair = {0};

        assert_int_equal(crypto_kem_sizes_of(id).enc, 0);
        assert_err(crypto_kem_derive(*state, id, (kith_bytes){0}, &pair), KITH_ERR_UNSUPPORTED);
        assert_err(crypto_kem_generate(*state, id, crypto_rng(), &pair), KITH_ERR_UNSUPPORTED);
        assert_is_no_public_key(*state, id, (kith_bytes){0}, KITH_ERR_UNSUPPORTED);
        assert_is_no_private_key(*state, id, (kith_bytes){0}, KITH_ERR_UNSUPPORTED);
    }
}

/* ---- Encapsulations ---- */

static void
assert_does_not_decap(crypto *c, crypto_kem_key *key, kith_bytes enc, kith_err expected)
{
    kith_secret shared = {.data = "old", .len = 3};

    assert_err(crypto_kem_decap(c, key, enc, &shared), expected);

    assert_text(kith_bytes_of_secret(&shared), "old");
}

static void
an_encapsulation_of_a_wrong_length_is_malformed(void **state)
{
    static const uint8_t bytes[CRYPTO_KEM_ENC_MAX + 1] = {4};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const size_t right = crypto_kem_sizes_of(ids[i]).enc;
        const size_t lengths[] = {0, 1, right - 1, right + 1};
        KITH_AUTO(crypto_kem_pair) pair = {0};
        fresh_pair(*state, ids[i], 7, &pair);
        crypto_kem_key *own = private_of(*state, ids[i], &pair);

        for (size_t k = 0; k < CHECK_COUNT(lengths); k++) {
            assert_does_not_decap(*state, own, kith_bytes_of(bytes, lengths[k]),
                                  KITH_ERR_MALFORMED);
        }
        crypto_kem_key_free(own);
    }
}

static void
a_public_key_opens_nothing(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_secret) shared = {0};
        KITH_AUTO(kith_buf) enc = {0};
        fresh_pair(*state, ids[i], 8, &pair);
        crypto_kem_key *to = public_of(*state, ids[i], &pair);
        assert_ok(crypto_kem_encap(*state, to, crypto_rng(), &shared, &enc));

        assert_does_not_decap(*state, to, kith_bytes_of_buf(&enc), KITH_ERR_INVALID);

        crypto_kem_key_free(to);
    }
}

static void
an_encapsulation_with_no_point_of_the_curve_is_malformed(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const size_t at = point_in_enc(ids[i]);
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_secret) shared = {0};
        KITH_AUTO(kith_buf) enc = {0};
        if (at == SIZE_MAX) {
            continue;
        }
        fresh_pair(*state, ids[i], 9, &pair);
        crypto_kem_key *own = private_of(*state, ids[i], &pair);
        assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &shared, &enc));
        const kith_bytes bytes = kith_bytes_of_buf(&enc);

        enc.data[enc.len - 1] ^= 1;
        assert_does_not_decap(*state, own, bytes, KITH_ERR_MALFORMED);
        enc.data[enc.len - 1] ^= 1;
        enc.data[at] = 3;
        assert_does_not_decap(*state, own, bytes, KITH_ERR_MALFORMED);
        memset(enc.data + at, 0, enc.len - at);
        assert_does_not_decap(*state, own, bytes, KITH_ERR_MALFORMED);
        crypto_kem_key_free(own);
    }
}

/* [RFC9180 §7.1.4]: also inside a hybrid, whose other half would hide it. */
static void
an_all_zero_secret_of_the_curve_is_rejected_on_both_sides(void **state)
{
    static const crypto_kem_id montgomery[] = {CRYPTO_KEM_X25519, CRYPTO_KEM_X448,
                                               CRYPTO_KEM_MLKEM768_X25519};

    for (size_t i = 0; i < CHECK_COUNT(montgomery); i++) {
        const crypto_kem_id id = montgomery[i];
        const size_t point_len = id == CRYPTO_KEM_X448 ? 56 : 32;
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_buf) enc = {0};
        kith_secret shared = {.data = "old", .len = 3};
        fresh_pair(*state, id, 10, &pair);
        crypto_kem_key *own = private_of(*state, id, &pair);
        uint8_t *const end = pair.public_key.data + pair.public_key.len;
        memset(end - point_len, 0, point_len);
        crypto_kem_key *to = public_of(*state, id, &pair);

        assert_err(crypto_kem_encap(*state, to, crypto_rng(), &shared, &enc), KITH_ERR_REJECTED);
        assert_int_equal(enc.len, 0);
        assert_text(kith_bytes_of_secret(&shared), "old");
        assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &shared, &enc));
        memset(enc.data + enc.len - point_len, 0, point_len);
        assert_does_not_decap(*state, own, kith_bytes_of_buf(&enc), KITH_ERR_REJECTED);
        crypto_kem_key_free(to);
        crypto_kem_key_free(own);
    }
}

/* [FIPS203 §6.3]: implicit rejection, the same each time and not the sender's. */
static void
a_changed_ml_kem_ciphertext_gives_another_secret(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) sent = {0};
        KITH_AUTO(kith_secret) received = {0};
        KITH_AUTO(kith_secret) again = {0};
        if (!has_ml_kem(ids[i])) {
            continue;
        }
        fresh_pair(*state, ids[i], 11, &pair);
        crypto_kem_key *own = private_of(*state, ids[i], &pair);
        assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &sent, &enc));
        enc.data[0] ^= 1;

        assert_ok(crypto_kem_decap(*state, own, kith_bytes_of_buf(&enc), &received));
        assert_ok(crypto_kem_decap(*state, own, kith_bytes_of_buf(&enc), &again));

        assert_false(kith_equal_ct(kith_bytes_of_secret(&sent), kith_bytes_of_secret(&received)));
        assert_true(kith_equal_ct(kith_bytes_of_secret(&again), kith_bytes_of_secret(&received)));
        crypto_kem_key_free(own);
    }
}

/* What a hybrid is for: each half alone changes the secret. */
static void
each_half_of_a_hybrid_encapsulation_counts(void **state)
{
    KITH_AUTO(crypto_kem_pair) pair = {0};
    KITH_AUTO(kith_buf) a = {0};
    KITH_AUTO(kith_buf) b = {0};
    KITH_AUTO(kith_buf) mixed = {0};
    KITH_AUTO(kith_secret) of_a = {0};
    KITH_AUTO(kith_secret) of_b = {0};
    KITH_AUTO(kith_secret) of_mixed = {0};
    fresh_pair(*state, CRYPTO_KEM_MLKEM768_X25519, 12, &pair);
    crypto_kem_key *own = private_of(*state, CRYPTO_KEM_MLKEM768_X25519, &pair);
    assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &of_a, &a));
    assert_ok(crypto_kem_encap(*state, own, crypto_rng(), &of_b, &b));
    assert_ok(kith_buf_append(&mixed, kith_bytes_of(a.data, 1088)));
    assert_ok(kith_buf_append(&mixed, kith_bytes_of(b.data + 1088, 32)));

    assert_ok(crypto_kem_decap(*state, own, kith_bytes_of_buf(&mixed), &of_mixed));

    assert_false(kith_equal_ct(kith_bytes_of_secret(&of_mixed), kith_bytes_of_secret(&of_a)));
    assert_false(kith_equal_ct(kith_bytes_of_secret(&of_mixed), kith_bytes_of_secret(&of_b)));
    crypto_kem_key_free(own);
}

/* [HYBRID-KEMS]: no candidate of the curve's scalar below the order. */
static void
encapsulating_with_useless_randomness_is_given_up(void **state)
{
    static const crypto_kem_id nist[] = {CRYPTO_KEM_MLKEM768_P256, CRYPTO_KEM_MLKEM1024_P384};
    uint8_t byte = 0xff;
    const kith_rng ones = {.fill = same_rng_fill, .ctx = &byte};

    for (size_t i = 0; i < CHECK_COUNT(nist); i++) {
        KITH_AUTO(crypto_kem_pair) pair = {0};
        KITH_AUTO(kith_buf) enc = {0};
        KITH_AUTO(kith_secret) shared = {0};
        fresh_pair(*state, nist[i], 13, &pair);
        crypto_kem_key *to = public_of(*state, nist[i], &pair);

        assert_err(crypto_kem_encap(*state, to, &ones, &shared, &enc), KITH_ERR_CRYPTO);

        assert_int_equal(enc.len, 0);
        crypto_kem_key_free(to);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_pairs_are_derived_as_published),
        cmocka_unit_test(secrets_are_encapsulated_as_published),
        cmocka_unit_test(ml_kem_makes_known_keys_ciphertexts_and_secrets),
        cmocka_unit_test(both_sides_find_one_secret_of_the_sizes_that_are_said),
        cmocka_unit_test(a_private_key_encapsulates_to_itself_again_and_again),
        cmocka_unit_test(deriving_is_deterministic_and_apart_for_each_kem),
        cmocka_unit_test(a_new_pair_replaces_the_old_one),
        cmocka_unit_test(keys_of_a_wrong_length_are_malformed),
        cmocka_unit_test(a_scalar_out_of_range_is_no_private_key),
        cmocka_unit_test(a_public_key_with_no_point_of_the_curve_is_malformed),
        cmocka_unit_test(an_ml_kem_public_key_that_is_not_reduced_is_malformed),
        cmocka_unit_test(an_unknown_kem_is_unsupported),
        cmocka_unit_test(an_encapsulation_of_a_wrong_length_is_malformed),
        cmocka_unit_test(a_public_key_opens_nothing),
        cmocka_unit_test(an_encapsulation_with_no_point_of_the_curve_is_malformed),
        cmocka_unit_test(an_all_zero_secret_of_the_curve_is_rejected_on_both_sides),
        cmocka_unit_test(a_changed_ml_kem_ciphertext_gives_another_secret),
        cmocka_unit_test(each_half_of_a_hybrid_encapsulation_counts),
        cmocka_unit_test(encapsulating_with_useless_randomness_is_given_up),
    };

    return cmocka_run_group_tests_name("crypto: KEMs", tests, lab_open, lab_close);
}
