/* SPDX-License-Identifier: MPL-2.0 */
/* The verifiable random function: the published examples, and proofs that prove nothing. */
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

/* [RFC9381 §B.3]: examples 16 to 18. */
static const struct {
    const char *private_key;
    const char *public_key;
    const char *input;
    const char *proof;
    const char *output;
} examples[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d97"
     "27d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
     "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af02679"
     "8e8f81cd2e333de5cdf4f3e140fdd8ae"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465"
     "301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
     "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848"
     "a0bef4553a41befc57663b56373a5031"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0"
     "e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
     "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241"
     "578be7217ba85a2687f7a0310b2df19f"},
};

static crypto_vrf_key *
import_example(crypto *c, size_t i)
{
    KITH_AUTO(kith_buf) private_key = of_hex(examples[i].private_key);
    crypto_vrf_key *key = NULL;

    assert_ok(crypto_vrf_key_import(c, kith_bytes_of_buf(&private_key), &key));
    return key;
}

static kith_err
verify(crypto *c, kith_bytes public_key, kith_bytes input, kith_bytes proof)
{
    const crypto_vrf_claim claim = {
        .public_key = public_key, .proof = proof, .input = CRYPTO_PARTS(input)};
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

    memset(output, 0xa5, sizeof output);
    const kith_err err = crypto_vrf_verify(c, &claim, output);
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
        crypto_vrf_key *key = import_example(*state, i);
        crypto_vrf_result result;
        uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

        assert_hex(crypto_vrf_key_public(key), examples[i].public_key);
        assert_ok(crypto_vrf_prove(*state, key, CRYPTO_PARTS(kith_bytes_of_buf(&input)), &result));
        assert_ok(
            crypto_vrf_evaluate(*state, key, CRYPTO_PARTS(kith_bytes_of_buf(&input)), output));

        assert_hex(KITH_BYTES(result.proof), examples[i].proof);
        assert_hex(KITH_BYTES(result.output), examples[i].output);
        assert_hex(KITH_BYTES(output), examples[i].output);
        crypto_vrf_key_free(key);
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
        uint8_t output[CRYPTO_VRF_OUTPUT_LEN];

        assert_ok(crypto_vrf_verify(*state, &claim, output));

        assert_hex(KITH_BYTES(output), examples[i].output);
    }
}

static void
a_proof_says_what_it_would_prove(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(examples); i++) {
        KITH_AUTO(kith_buf) proof = of_hex(examples[i].proof);
        KITH_AUTO(kith_buf) expected = of_hex(examples[i].output);
        uint8_t output[CRYPTO_VRF_OUTPUT_LEN];
        assert_ok(crypto_vrf_peek(*state, kith_bytes_of_buf(&proof), output));
        assert_memory_equal(output, expected.data, sizeof output);
        assert_err(crypto_vrf_peek(*state, kith_bytes_of(proof.data, proof.len - 1), output),
                   KITH_ERR_REJECTED);
        memset(proof.data, 0xff, 32); /* no point */
        assert_err(crypto_vrf_peek(*state, kith_bytes_of_buf(&proof), output), KITH_ERR_REJECTED);
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
    const kith_bytes input = kith_bytes_of("\x72", 1);

    assert_err(verify(*state, kith_bytes_of_buf(&public_key), kith_bytes_of("\x73", 1), whole),
               KITH_ERR_REJECTED);
    assert_err(verify(*state, kith_bytes_of_buf(&other), input, whole), KITH_ERR_REJECTED);
    assert_err(verify(*state, kith_bytes_of_buf(&public_key), input,
                      kith_bytes_of(whole.data, whole.len - 1)),
               KITH_ERR_REJECTED);
    assert_ok(kith_buf_append(&proof, kith_bytes_of("", 1)));
    assert_err(verify(*state, kith_bytes_of_buf(&public_key), input, kith_bytes_of_buf(&proof)),
               KITH_ERR_REJECTED);
}

static void
numbers_that_are_not_reduced_are_rejected(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    KITH_AUTO(kith_buf) public_key = of_hex(examples[0].public_key);
    KITH_AUTO(kith_buf) proof = of_hex(examples[0].proof);
    unsigned carry = 0;

    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)proof.data[48 + i] + order[i];
        proof.data[48 + i] = (uint8_t)carry;
        carry >>= 8;
    }

    assert_int_equal(carry, 0);
    assert_err(
        verify(*state, kith_bytes_of_buf(&public_key), (kith_bytes){0}, kith_bytes_of_buf(&proof)),
        KITH_ERR_REJECTED);
}

static void
points_outside_the_group_are_rejected(void **state)
{
    /* The identity, a point of order four, and the identity with a coordinate that is not reduced. */
    static const char *const bad[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
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

/* The sum of a point and the one of order two: (x, y) becomes (-x, -y). */
static void
add_order_two(uint8_t point[32])
{
    int borrow = 0;

    for (size_t i = 0; i < 32; i++) {
        const int of_field = i == 0 ? 0xed : i == 31 ? 0x7f : 0xff;
        const int of_point = i == 31 ? point[i] & 0x7f : point[i];
        const int digit = of_field - of_point - borrow;
        borrow = digit < 0 ? 1 : 0;
        point[i] = (uint8_t)((digit & 0xff) | (i == 31 ? ~point[i] & 0x80 : 0));
    }
}

static void
points_of_the_curve_with_a_part_of_small_order_are_rejected(void **state)
{
    KITH_AUTO(kith_buf) public_key = of_hex(examples[0].public_key);
    KITH_AUTO(kith_buf) proof = of_hex(examples[0].proof);

    add_order_two(public_key.data);
    assert_err(
        verify(*state, kith_bytes_of_buf(&public_key), (kith_bytes){0}, kith_bytes_of_buf(&proof)),
        KITH_ERR_MALFORMED);
    add_order_two(public_key.data);
    add_order_two(proof.data);
    assert_err(
        verify(*state, kith_bytes_of_buf(&public_key), (kith_bytes){0}, kith_bytes_of_buf(&proof)),
        KITH_ERR_REJECTED);
    add_order_two(proof.data);
    assert_ok(
        verify(*state, kith_bytes_of_buf(&public_key), (kith_bytes){0}, kith_bytes_of_buf(&proof)));
}

static void
a_key_of_another_length_is_refused(void **state)
{
    static const uint8_t bytes[CRYPTO_VRF_PRIVATE_LEN + 1] = {1};
    crypto_vrf_key *key = NULL;

    assert_err(crypto_vrf_key_import(*state, kith_bytes_of(bytes, 31), &key), KITH_ERR_MALFORMED);
    assert_err(crypto_vrf_key_import(*state, kith_bytes_of(bytes, 33), &key), KITH_ERR_MALFORMED);
    assert_null(key);
    assert_err(verify(*state, kith_bytes_of(bytes, 31), (kith_bytes){0}, (kith_bytes){0}),
               KITH_ERR_MALFORMED);
}

static void
an_input_may_have_the_named_length_and_no_more(void **state)
{
    static const uint8_t bytes[CRYPTO_VRF_INPUT_MAX + 1];
    crypto_vrf_key *key = import_example(*state, 0);
    crypto_vrf_result result;

    assert_ok(crypto_vrf_prove(
        *state, key,
        CRYPTO_PARTS(kith_bytes_of(bytes, 1), kith_bytes_of(bytes, CRYPTO_VRF_INPUT_MAX - 1)),
        &result));
    assert_ok(verify(*state, crypto_vrf_key_public(key), kith_bytes_of(bytes, CRYPTO_VRF_INPUT_MAX),
                     KITH_BYTES(result.proof)));
    assert_err(crypto_vrf_prove(*state, key, CRYPTO_PARTS(KITH_BYTES(bytes)), &result),
               KITH_ERR_LIMIT);
    assert_err(crypto_vrf_evaluate(*state, key, CRYPTO_PARTS(KITH_BYTES(bytes)), result.output),
               KITH_ERR_LIMIT);
    assert_err(
        verify(*state, crypto_vrf_key_public(key), KITH_BYTES(bytes), KITH_BYTES(result.proof)),
        KITH_ERR_LIMIT);
    crypto_vrf_key_free(key);
}

/* Import, proof, output and verification, over `c`. */
static kith_err
use_all(crypto *c)
{
    static const uint8_t seed[CRYPTO_VRF_PRIVATE_LEN] = {7};
    const crypto_parts input = CRYPTO_PARTS(kith_bytes_of_text("input"));
    crypto_vrf_key *key = NULL;
    crypto_vrf_result result = {0};
    uint8_t output[CRYPTO_VRF_OUTPUT_LEN] = {0};

    KITH_TRY(crypto_vrf_key_import(c, KITH_BYTES(seed), &key));
    kith_err err = crypto_vrf_prove(c, key, input, &result);
    if (err == KITH_OK) {
        err = crypto_vrf_evaluate(c, key, input, output);
    }
    const crypto_vrf_claim claim = {.public_key = crypto_vrf_key_public(key),
                                    .proof = KITH_BYTES(result.proof),
                                    .input = input};
    if (err == KITH_OK) {
        err = crypto_vrf_verify(c, &claim, output);
    }
    crypto_vrf_key_free(key);
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
        cmocka_unit_test(a_proof_says_what_it_would_prove),
        cmocka_unit_test(every_flipped_bit_of_a_proof_is_rejected),
        cmocka_unit_test(a_proof_of_another_input_or_length_is_rejected),
        cmocka_unit_test(numbers_that_are_not_reduced_are_rejected),
        cmocka_unit_test(points_outside_the_group_are_rejected),
        cmocka_unit_test(points_of_the_curve_with_a_part_of_small_order_are_rejected),
        cmocka_unit_test(a_key_of_another_length_is_refused),
        cmocka_unit_test(an_input_may_have_the_named_length_and_no_more),
        cmocka_unit_test(memory_that_runs_out_leaks_nothing),
    };

    return cmocka_run_group_tests_name("vrf", tests, lab_open, lab_close);
}
