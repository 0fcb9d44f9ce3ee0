/* SPDX-License-Identifier: MPL-2.0 */
/* The verifiable random function over P-256: the published examples, and proofs that prove nothing. */
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

/* [RFC9381 §B.1]: examples 10 to 12. */
static const struct {
    const char *private_key;
    const char *public_key;
    const char *input;
    const char *proof;
    const char *output;
} examples[] = {
    {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "73616d706c65",
     "035b5c726e8c0e2c488a107c600578ee75cb702343c153cb1eb8dec77f4b5071b4a53f0a46f018bc2c56e58d383f2305"
     "e0975972c26feea0eb122fe7893c15af376b33edf7de17c6ea056d4d82de6bc02f",
     "a3ad7b0ef73d8fc6655053ea22f9bede8c743f08bbed3d38821f0e16474b505e"},
    {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6", "74657374",
     "034dac60aba508ba0c01aa9be80377ebd7562c4a52d74722e0abae7dc3080ddb56c19e067b15a8a8174905b13617804534214f93"
     "5b94c2287f797e393eb0816969d864f37625b443f30f1a5a33f2b3c854",
     "a284f94ceec2ff4b3794629da7cbafa49121972671b466cab4ce170aa365f26d"},
    {"2ca1411a41b17b24cc8c3b089cfd033f1920202a6c0de8abb97df1498d50d2c8",
     "03596375e6ce57e0f20294fc46bdfcfd19a39f8161b58695b3ec5b3d16427c274d",
     "4578616d706c65207573696e67204543445341206b65792066726f6d20417070656e646978204c2e342e32206f6620414e53492e58392d36"
     "322d32303035",
     "03d03398bf53aa23831d7d1b2937e005fb0062cbefa06796579f2a1fc7e7b8c667d091c00b0f5c3619d10ecea44363b5a599cadc5b"
     "2957e223fec62e81f7b4825fc799a771a3d7334b9186bdbee87316b1",
     "90871e06da5caa39a3c61578ebb844de8635e27ac0b13e829997d0d95dd98c19"},
};

static crypto_vrf_p256_key *
import_example(crypto *c, size_t i)
{
    KITH_AUTO(kith_buf) private_key = of_hex(examples[i].private_key);
    crypto_vrf_p256_key *key = NULL;

    assert_ok(crypto_vrf_p256_key_import(c, kith_bytes_of_buf(&private_key), &key));
    return key;
}

static kith_err
verify(crypto *c, kith_bytes public_key, kith_bytes input, kith_bytes proof)
{
    const crypto_vrf_claim claim = {
        .public_key = public_key, .proof = proof, .input = CRYPTO_PARTS(input)};
    uint8_t output[CRYPTO_VRF_P256_OUTPUT_LEN];

    memset(output, 0xa5, sizeof output);
    const kith_err err = crypto_vrf_p256_verify(c, &claim, output);
    if (err != KITH_OK) {
        for (size_t i = 0; i < sizeof output; i++) {
            assert_int_equal(output[i], 0xa5);
        }
    }
    return err;
}

static void
published_examples_are_proved(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
        KITH_AUTO(kith_buf) input = of_hex(examples[i].input);
        crypto_vrf_p256_key *key = import_example(*state, i);
        crypto_vrf_p256_result result;
        uint8_t output[CRYPTO_VRF_P256_OUTPUT_LEN];

        assert_hex(crypto_vrf_p256_key_public(key), examples[i].public_key);
        assert_ok(
            crypto_vrf_p256_prove(*state, key, CRYPTO_PARTS(kith_bytes_of_buf(&input)), &result));
        assert_ok(
            crypto_vrf_p256_evaluate(*state, key, CRYPTO_PARTS(kith_bytes_of_buf(&input)), output));

        assert_hex(KITH_BYTES(result.proof), examples[i].proof);
        assert_hex(KITH_BYTES(result.output), examples[i].output);
        assert_hex(KITH_BYTES(output), examples[i].output);
        crypto_vrf_p256_key_free(key);
    }
}

static void
published_examples_are_verified(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
        KITH_AUTO(kith_buf) public_key = of_hex(examples[i].public_key);
        KITH_AUTO(kith_buf) input = of_hex(examples[i].input);
        KITH_AUTO(kith_buf) proof = of_hex(examples[i].proof);
        const crypto_vrf_claim claim = {.public_key = kith_bytes_of_buf(&public_key),
                                        .proof = kith_bytes_of_buf(&proof),
                                        .input = CRYPTO_PARTS(kith_bytes_of_buf(&input))};
        uint8_t output[CRYPTO_VRF_P256_OUTPUT_LEN];

        assert_ok(crypto_vrf_p256_verify(*state, &claim, output));

        assert_hex(KITH_BYTES(output), examples[i].output);
    }
}

static void
every_flipped_bit_of_a_proof_is_rejected(void **state)
{
    KITH_AUTO(kith_buf) public_key = of_hex(examples[2].public_key);
    KITH_AUTO(kith_buf) input = of_hex(examples[2].input);
    KITH_AUTO(kith_buf) proof = of_hex(examples[2].proof);

    for (size_t bit = 0; bit < proof.len * 8; bit++) {
        proof.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_err(verify(*state, kith_bytes_of_buf(&public_key), kith_bytes_of_buf(&input),
                          kith_bytes_of_buf(&proof)),
                   KITH_ERR_REJECTED);
        proof.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void
a_proof_of_another_input_or_length_is_rejected(void **state)
{
    KITH_AUTO(kith_buf) public_key = of_hex(examples[1].public_key);
    KITH_AUTO(kith_buf) other = of_hex(examples[2].public_key);
    KITH_AUTO(kith_buf) proof = of_hex(examples[1].proof);
    const kith_bytes whole = kith_bytes_of_buf(&proof);
    const kith_bytes input = kith_bytes_of_text("test");

    assert_err(verify(*state, kith_bytes_of_buf(&public_key), kith_bytes_of_text("tests"), whole),
               KITH_ERR_REJECTED);
    assert_err(verify(*state, kith_bytes_of_buf(&other), input, whole), KITH_ERR_REJECTED);
    assert_err(verify(*state, kith_bytes_of_buf(&public_key), input,
                      kith_bytes_of(whole.data, whole.len - 1)),
               KITH_ERR_REJECTED);
    assert_ok(kith_buf_append(&proof, kith_bytes_of("", 1)));
    assert_err(verify(*state, kith_bytes_of_buf(&public_key), input, kith_bytes_of_buf(&proof)),
               KITH_ERR_REJECTED);
}

/* The group's order, big-endian. */
static const char *const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static void
a_number_that_is_not_reduced_is_rejected(void **state)
{
    KITH_AUTO(kith_buf) public_key = of_hex(examples[0].public_key);
    KITH_AUTO(kith_buf) input = of_hex(examples[0].input);
    KITH_AUTO(kith_buf) proof = of_hex(examples[0].proof);
    KITH_AUTO(kith_buf) q = of_hex(order);

    memcpy(proof.data + 49, q.data, q.len);

    assert_err(verify(*state, kith_bytes_of_buf(&public_key), kith_bytes_of_buf(&input),
                      kith_bytes_of_buf(&proof)),
               KITH_ERR_REJECTED);
}

static void
points_outside_the_group_are_rejected(void **state)
{
    /* No point has this x; the identity; an uncompressed form cut short; a coordinate that is not reduced. */
    static const char *const bad[] = {
        "020000000000000000000000000000000000000000000000000000000000000007",
        "000000000000000000000000000000000000000000000000000000000000000000",
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        "02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    KITH_AUTO(kith_buf) public_key = of_hex(examples[0].public_key);
    KITH_AUTO(kith_buf) proof = of_hex(examples[0].proof);

    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        KITH_AUTO(kith_buf) point = of_hex(bad[i]);
        assert_err(
            verify(*state, kith_bytes_of_buf(&point), (kith_bytes){0}, kith_bytes_of_buf(&proof)),
            KITH_ERR_MALFORMED);
        memcpy(proof.data, point.data, point.len);
        assert_err(verify(*state, kith_bytes_of_buf(&public_key), (kith_bytes){0},
                          kith_bytes_of_buf(&proof)),
                   KITH_ERR_REJECTED);
    }
}

static void
a_scalar_out_of_range_is_no_key(void **state)
{
    static const uint8_t zero[32];
    KITH_AUTO(kith_buf) q = of_hex(order);
    crypto_vrf_p256_key *key = NULL;

    assert_err(crypto_vrf_p256_key_import(*state, KITH_BYTES(zero), &key), KITH_ERR_MALFORMED);
    assert_err(crypto_vrf_p256_key_import(*state, kith_bytes_of_buf(&q), &key), KITH_ERR_MALFORMED);
    assert_null(key);
}

static void
a_key_of_another_length_is_refused(void **state)
{
    static const uint8_t bytes[CRYPTO_VRF_P256_PRIVATE_LEN + 1] = {1};
    crypto_vrf_p256_key *key = NULL;

    assert_err(crypto_vrf_p256_key_import(*state, kith_bytes_of(bytes, 31), &key),
               KITH_ERR_MALFORMED);
    assert_err(crypto_vrf_p256_key_import(*state, kith_bytes_of(bytes, 33), &key),
               KITH_ERR_MALFORMED);
    assert_null(key);
    assert_err(verify(*state, kith_bytes_of(bytes, 31), (kith_bytes){0}, (kith_bytes){0}),
               KITH_ERR_MALFORMED);
}

static void
an_input_may_have_the_named_length_and_no_more(void **state)
{
    static const uint8_t bytes[CRYPTO_VRF_INPUT_MAX + 1];
    crypto_vrf_p256_key *key = import_example(*state, 0);
    crypto_vrf_p256_result result;

    assert_ok(crypto_vrf_p256_prove(
        *state, key,
        CRYPTO_PARTS(kith_bytes_of(bytes, 1), kith_bytes_of(bytes, CRYPTO_VRF_INPUT_MAX - 1)),
        &result));
    assert_ok(verify(*state, crypto_vrf_p256_key_public(key),
                     kith_bytes_of(bytes, CRYPTO_VRF_INPUT_MAX), KITH_BYTES(result.proof)));
    assert_err(crypto_vrf_p256_prove(*state, key, CRYPTO_PARTS(KITH_BYTES(bytes)), &result),
               KITH_ERR_LIMIT);
    assert_err(
        crypto_vrf_p256_evaluate(*state, key, CRYPTO_PARTS(KITH_BYTES(bytes)), result.output),
        KITH_ERR_LIMIT);
    assert_err(verify(*state, crypto_vrf_p256_key_public(key), KITH_BYTES(bytes),
                      KITH_BYTES(result.proof)),
               KITH_ERR_LIMIT);
    crypto_vrf_p256_key_free(key);
}

/* Import, proof, output and verification, over `c`. */
static kith_err
use_all(crypto *c)
{
    static const uint8_t seed[CRYPTO_VRF_P256_PRIVATE_LEN] = {7};
    const crypto_parts input = CRYPTO_PARTS(kith_bytes_of_text("input"));
    crypto_vrf_p256_key *key = NULL;
    crypto_vrf_p256_result result = {0};
    uint8_t output[CRYPTO_VRF_P256_OUTPUT_LEN] = {0};

    KITH_TRY(crypto_vrf_p256_key_import(c, KITH_BYTES(seed), &key));
    kith_err err = crypto_vrf_p256_prove(c, key, input, &result);
    if (err == KITH_OK) {
        err = crypto_vrf_p256_evaluate(c, key, input, output);
    }
    const crypto_vrf_claim claim = {.public_key = crypto_vrf_p256_key_public(key),
                                    .proof = KITH_BYTES(result.proof),
                                    .input = input};
    if (err == KITH_OK) {
        err = crypto_vrf_p256_verify(c, &claim, output);
    }
    crypto_vrf_p256_key_free(key);
    return err;
}

static void
memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    fake_alloc alloc;
    crypto *c = NULL;
    uint64_t tries = 0;

    fake_alloc_init(&alloc);
    assert_ok(crypto_new(&alloc.port, &c));
    const uint64_t before = alloc.live_blocks;
    kith_err err = KITH_ERR_NO_MEMORY;
    while (err != KITH_OK) {
        alloc.calls = 0;
        alloc.fail_after = tries++;
        err = use_all(c);
        assert_true(err == KITH_OK || err == KITH_ERR_NO_MEMORY);
        assert_int_equal(alloc.live_blocks, before);
    }
    assert_true(tries > 3);
    crypto_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_examples_are_proved),
        cmocka_unit_test(published_examples_are_verified),
        cmocka_unit_test(every_flipped_bit_of_a_proof_is_rejected),
        cmocka_unit_test(a_proof_of_another_input_or_length_is_rejected),
        cmocka_unit_test(a_number_that_is_not_reduced_is_rejected),
        cmocka_unit_test(points_outside_the_group_are_rejected),
        cmocka_unit_test(a_scalar_out_of_range_is_no_key),
        cmocka_unit_test(a_key_of_another_length_is_refused),
        cmocka_unit_test(an_input_may_have_the_named_length_and_no_more),
        cmocka_unit_test(memory_that_runs_out_leaks_nothing),
    };

    return cmocka_run_group_tests_name("vrf_p256", tests, lab_open, lab_close);
}
