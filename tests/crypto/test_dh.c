/* SPDX-License-Identifier: MPL-2.0 */
/* Diffie-Hellman: known answers, points and scalars that are none, and secrets that are all zero. */
#include "crypto/lab.h"

static const crypto_dh_id ids[] = {CRYPTO_X25519, CRYPTO_X448, CRYPTO_P256, CRYPTO_P384,
                                   CRYPTO_P521};

static const struct {
    crypto_dh_id id;
    const char *private_key;
    const char *public_key;
    const char *shared;
} facts[] = {
    /* [RFC7748 §5.2]; the second u-coordinate has its top bit set, which must be ignored. */
    {CRYPTO_X25519, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {CRYPTO_X25519, "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    /* [RFC7748 §6.1], [RFC7748 §6.2] */
    {CRYPTO_X25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {CRYPTO_X448,
     "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"
     "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
     "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"
     "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
     "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"
     "fd2464c335543936521c24403085d59a449a5037514a879d"},
    /* [SP800-56A §5.7.1.2], the curves' x-coordinate of d * Q. */
    {CRYPTO_P256, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
     "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
     "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
     "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"},
    {CRYPTO_P384,
     "766e61425b2da9f846c09fc3564b93a6f8603b7392c785165bf20da948c49fd1"
     "fb1dee4edd64356b9f21c588b75dfd81",
     "04790a6e059ef9a5940163183d4a7809135d29791643fc43a2f17ee8bf677ab8"
     "4f791b64a6be15969ffa012dd9185d8796d9b954baa8a75e82df711b3b56eadf"
     "f6b0f668c3b26b4b1aeb308a1fcc1c680d329a6705025f1c98a0b5e5bfcb163caa",
     "6461defb95d996b24296f5a1832b34db05ed031114fbe7d98d098f93859866e4"
     "de1e229da71fef0c77fe49b249190135"},
    {CRYPTO_P521,
     "01939982b529596ce77a94bc6efd03e92c21a849eb4f87b8f619d506efc9bb22"
     "e7c61640c90d598f795b64566dc6df43992ae34a1341d458574440a7371f611c7dcd",
     "040064da3e94733db536a74a0d8a5cb2265a31c54a1da6529a198377fbd38575"
     "d9d79769ca2bdf2d4c972642926d444891a652e7f492337251adf1613cf30779"
     "99b5ce00e04ad19cf9fd4722b0c824c069f70c3c0e7ebc5288940dfa92422152"
     "ae4a4f79183ced375afb54db1409ddf338b85bb6dbfc5950163346bb63a90a70"
     "c5aba098f7",
     "01f1e410f2c6262bce6879a3f46dfb7dd11d30eeee9ab49852102e1892201dd1"
     "0f27266c2cf7cbccc7f6885099043dad80ff57f0df96acf283fb090de53df95f7d87"},
};

static void
known_keys_share_known_secrets(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(facts); i++) {
        KITH_AUTO(kith_buf) private_key = of_hex(facts[i].private_key);
        KITH_AUTO(kith_buf) public_key = of_hex(facts[i].public_key);
        KITH_AUTO(kith_secret) shared = {0};

        assert_ok(crypto_dh(*state, facts[i].id, kith_bytes_of_buf(&private_key),
                            kith_bytes_of_buf(&public_key), &shared));

        assert_hex(kith_bytes_of_secret(&shared), facts[i].shared);
    }
}

static void
known_private_keys_have_known_public_keys(void **state)
{
    static const struct {
        crypto_dh_id id;
        const char *private_key;
        const char *public_key;
    } pairs[] = {
        {CRYPTO_X25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
        {CRYPTO_X448,
         "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf5"
         "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
         "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bb"
         "c836647241d953d40c5b12da88120d53177f80e532c41fa0"},
        {CRYPTO_P256, "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
         "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811"
         "805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"},
    };

    for (size_t i = 0; i < CHECK_COUNT(pairs); i++) {
        KITH_AUTO(kith_buf) private_key = of_hex(pairs[i].private_key);
        KITH_AUTO(kith_buf) out = {0};

        assert_ok(crypto_dh_public(*state, pairs[i].id, kith_bytes_of_buf(&private_key), &out));

        assert_hex(kith_bytes_of_buf(&out), pairs[i].public_key);
    }
}

static void
both_sides_find_one_secret_of_the_length_that_is_said(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_dh_sizes sizes = crypto_dh_sizes_of(ids[i]);
        uint8_t a[CRYPTO_DH_PRIVATE_MAX] = {0};
        uint8_t b[CRYPTO_DH_PRIVATE_MAX] = {0};
        KITH_AUTO(kith_buf) public_a = {0};
        KITH_AUTO(kith_buf) public_b = {0};
        KITH_AUTO(kith_secret) shared_a = {0};
        KITH_AUTO(kith_secret) shared_b = {0};
        a[sizes.private_key - 1] = 3;
        b[sizes.private_key - 1] = 5;
        const kith_bytes private_a = {a, sizes.private_key};
        const kith_bytes private_b = {b, sizes.private_key};

        assert_ok(crypto_dh_public(*state, ids[i], private_a, &public_a));
        assert_ok(crypto_dh_public(*state, ids[i], private_b, &public_b));
        assert_ok(crypto_dh(*state, ids[i], private_a, kith_bytes_of_buf(&public_b), &shared_a));
        assert_ok(crypto_dh(*state, ids[i], private_b, kith_bytes_of_buf(&public_a), &shared_b));

        assert_int_equal(public_a.len, sizes.public_key);
        assert_int_equal(shared_a.len, sizes.secret);
        assert_true(
            kith_equal_ct(kith_bytes_of_secret(&shared_a), kith_bytes_of_secret(&shared_b)));
    }
}

static void
assert_refused(crypto *c, crypto_dh_id id, kith_bytes private_key, kith_bytes public_key,
               kith_err expected)
{
    kith_secret shared = {.data = "old", .len = 3};

    assert_err(crypto_dh(c, id, private_key, public_key, &shared), expected);

    assert_text(kith_bytes_of_secret(&shared), "old");
}

/* [RFC7748 §6.1], [RFC7748 §6.2], [RFC9180 §7.1.4]: the points of small order, and NIST points whose
 * product with this scalar has the x-coordinate 0. */
static void
an_all_zero_secret_is_rejected(void **state)
{
    static const struct {
        crypto_dh_id id;
        const char *private_key; /* NULL: any */
        const char *public_key;
    } cases[] = {
        {CRYPTO_X25519, NULL, "0000000000000000000000000000000000000000000000000000000000000000"},
        {CRYPTO_X25519, NULL, "0000000000000000000000000000000000000000000000000000000000000080"},
        {CRYPTO_X25519, NULL, "0100000000000000000000000000000000000000000000000000000000000000"},
        {CRYPTO_X25519, NULL, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
        {CRYPTO_X25519, NULL, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
        {CRYPTO_X25519, NULL, "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
        {CRYPTO_X25519, NULL, "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
        {CRYPTO_X25519, NULL, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
        {CRYPTO_X448, NULL,
         "0000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000000000000"},
        {CRYPTO_X448, NULL,
         "0100000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000000000000"},
        {CRYPTO_X448, NULL,
         "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffff"
         "ffffffffffffffffffffffffffffffffffffffffffffffff"},
        {CRYPTO_X448, NULL,
         "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffff"
         "ffffffffffffffffffffffffffffffffffffffffffffffff"},
        {CRYPTO_X448, NULL,
         "00000000000000000000000000000000000000000000000000000000ffffffff"
         "ffffffffffffffffffffffffffffffffffffffffffffffff"},
        {CRYPTO_P256, "0a0d622a47e48f6bc1038ace438c6f528aa00ad2bd1da5f13ee46bf5f633d71a",
         "0458fd4168a87795603e2b04390285bdca6e57de6027fe211dd9d25e2212d29e"
         "62080d36bd224d7405509295eed02a17150e03b314f96da37445b0d1d29377d12c"},
        {CRYPTO_P384,
         "a2b6442a37f8a3759d2cb91df5eca75b14f5a6766da8035cc1943b15a8e4ebb6"
         "025f373be334080f22ab821a3535a6a7",
         "04490e96d17f4c6ceccd45def408cea33e9704a5f1b01a3de2eaaa3409fd160d"
         "78d395d6b3b003d71fd1f590fad95bf1c9d8665efc2070d059aa847125c2f707"
         "435955535c7c5df6d6c079ec806dce6b6849d337140db7ca50616f9456de1323c4"},
    };
    uint8_t any[CRYPTO_DH_PRIVATE_MAX];
    memset(any, 0x5a, sizeof any);

    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        const size_t len = crypto_dh_sizes_of(cases[i].id).private_key;
        KITH_AUTO(kith_buf) public_key = of_hex(cases[i].public_key);
        KITH_AUTO(kith_buf) given = {0};
        if (cases[i].private_key != NULL) {
            assert_ok(kith_hex_decode(kith_bytes_of_text(cases[i].private_key), &given));
        }

        assert_refused(*state, cases[i].id,
                       given.len > 0 ? kith_bytes_of_buf(&given) : kith_bytes_of(any, len),
                       kith_bytes_of_buf(&public_key), KITH_ERR_REJECTED);
    }
}

static void
keys_of_a_wrong_length_are_malformed(void **state)
{
    static const uint8_t bytes[140] = {4};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        const crypto_dh_sizes sizes = crypto_dh_sizes_of(ids[i]);
        for (size_t len = 0; len < sizeof bytes; len++) {
            KITH_AUTO(kith_buf) out = {0};
            if (len != sizes.private_key) {
                assert_err(crypto_dh_public(*state, ids[i], kith_bytes_of(bytes, len), &out),
                           KITH_ERR_MALFORMED);
                assert_refused(*state, ids[i], kith_bytes_of(bytes, len),
                               kith_bytes_of(bytes, sizes.public_key), KITH_ERR_MALFORMED);
            }
            if (len != sizes.public_key) {
                assert_refused(*state, ids[i], kith_bytes_of(bytes, sizes.private_key),
                               kith_bytes_of(bytes, len), KITH_ERR_MALFORMED);
            }
            assert_int_equal(out.len, 0);
        }
    }
}

static void
an_unknown_curve_is_unsupported(void **state)
{
    static const int unknown[] = {0, 6, -1};

    for (size_t i = 0; i < CHECK_COUNT(unknown); i++) {
        const crypto_dh_id id = (crypto_dh_id)unknown[i];
        KITH_AUTO(kith_buf) out = {0};

        assert_int_equal(crypto_dh_sizes_of(id).secret, 0);
        assert_err(crypto_dh_public(*state, id, (kith_bytes){0}, &out), KITH_ERR_UNSUPPORTED);
        assert_refused(*state, id, (kith_bytes){0}, (kith_bytes){0}, KITH_ERR_UNSUPPORTED);
    }
}

/* ---- NIST curves ---- */

static const struct {
    crypto_dh_id id;
    const char *order; /* [SP800-56A §5.5.1.1] */
} curves[] = {
    {CRYPTO_P256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {CRYPTO_P384, "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
                  "581a0db248b0a77aecec196accc52973"},
    {CRYPTO_P521, "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                  "fffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"},
};

static void
a_scalar_is_from_one_to_below_the_order(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(curves); i++) {
        KITH_AUTO(kith_buf) scalar = of_hex(curves[i].order);
        KITH_AUTO(kith_buf) out = {0};
        uint8_t *const last = &scalar.data[scalar.len - 1];
        const kith_bytes bytes = kith_bytes_of_buf(&scalar);

        assert_err(crypto_dh_public(*state, curves[i].id, bytes, &out), KITH_ERR_MALFORMED);
        (*last)++;
        assert_err(crypto_dh_public(*state, curves[i].id, bytes, &out), KITH_ERR_MALFORMED);
        memset(scalar.data, 0xff, scalar.len);
        assert_err(crypto_dh_public(*state, curves[i].id, bytes, &out), KITH_ERR_MALFORMED);
        memset(scalar.data, 0, scalar.len);
        assert_err(crypto_dh_public(*state, curves[i].id, bytes, &out), KITH_ERR_MALFORMED);
        assert_int_equal(out.len, 0);
        *last = 1;
        assert_ok(crypto_dh_public(*state, curves[i].id, bytes, &out));
        kith_buf_done(&scalar);
        scalar = of_hex(curves[i].order);
        scalar.data[scalar.len - 1]--;
        assert_ok(crypto_dh_public(*state, curves[i].id, kith_bytes_of_buf(&scalar), &out));
    }
}

/* 1 * G and (order - 1) * G differ in the sign of y only. */
static void
the_greatest_scalar_gives_the_negative_of_the_generator(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(curves); i++) {
        const crypto_dh_sizes sizes = crypto_dh_sizes_of(curves[i].id);
        KITH_AUTO(kith_buf) scalar = of_hex(curves[i].order);
        uint8_t one[CRYPTO_DH_PRIVATE_MAX] = {0};
        KITH_AUTO(kith_buf) points = {0};
        one[sizes.private_key - 1] = 1;
        scalar.data[scalar.len - 1]--;

        assert_ok(
            crypto_dh_public(*state, curves[i].id, kith_bytes_of(one, sizes.private_key), &points));
        assert_ok(crypto_dh_public(*state, curves[i].id, kith_bytes_of_buf(&scalar), &points));

        const uint8_t *const negative = points.data + sizes.public_key;
        assert_memory_equal(points.data, negative, 1 + sizes.secret);
        assert_memory_not_equal(points.data + 1 + sizes.secret, negative + 1 + sizes.secret,
                                sizes.secret);
    }
}

static void
what_is_no_point_of_the_curve_is_malformed(void **state)
{
    for (size_t i = 0; i < CHECK_COUNT(curves); i++) {
        const crypto_dh_sizes sizes = crypto_dh_sizes_of(curves[i].id);
        uint8_t scalar[CRYPTO_DH_PRIVATE_MAX] = {0};
        KITH_AUTO(kith_buf) point = {0};
        scalar[sizes.private_key - 1] = 9;
        const kith_bytes own = {scalar, sizes.private_key};
        assert_ok(crypto_dh_public(*state, curves[i].id, own, &point));
        const kith_bytes peer = kith_bytes_of_buf(&point);

        for (unsigned form = 0; form < 256; form++) {
            point.data[0] = (uint8_t)form;
            if (form != 4) {
                assert_refused(*state, curves[i].id, own, peer, KITH_ERR_MALFORMED);
            }
        }
        point.data[0] = 4;
        point.data[point.len - 1] ^= 1;
        assert_refused(*state, curves[i].id, own, peer, KITH_ERR_MALFORMED);
        memset(point.data + 1, 0, point.len - 1);
        assert_refused(*state, curves[i].id, own, peer, KITH_ERR_MALFORMED);
        memset(point.data + 1, 0xff, point.len - 1);
        assert_refused(*state, curves[i].id, own, peer, KITH_ERR_MALFORMED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_share_known_secrets),
        cmocka_unit_test(known_private_keys_have_known_public_keys),
        cmocka_unit_test(both_sides_find_one_secret_of_the_length_that_is_said),
        cmocka_unit_test(an_all_zero_secret_is_rejected),
        cmocka_unit_test(keys_of_a_wrong_length_are_malformed),
        cmocka_unit_test(an_unknown_curve_is_unsupported),
        cmocka_unit_test(a_scalar_is_from_one_to_below_the_order),
        cmocka_unit_test(the_greatest_scalar_gives_the_negative_of_the_generator),
        cmocka_unit_test(what_is_no_point_of_the_curve_is_malformed),
    };

    return cmocka_run_group_tests_name("crypto: Diffie-Hellman", tests, lab_open, lab_close);
}
