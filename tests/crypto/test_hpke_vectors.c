/* SPDX-License-Identifier: MPL-2.0 */
/*
 * HPKE with the hybrid KEM against vectors of another implementation, read at run time from
 * $KITH_VECTORS/hpke/pq-hybrid.json. A missing file skips the test, or fails it when CI=true; suites that
 * are not supported are counted and named.
 */
#include <stdio.h>
#include <stdlib.h>

#include <yyjson.h>

#include "crypto/lab.h"

typedef struct vectors {
    yyjson_doc *doc;
    size_t run;
    size_t unsupported;
} vectors;

static void
vectors_open(vectors *v)
{
    char path[4096];
    const char *folder = getenv("KITH_VECTORS");
    const char *ci = getenv("CI");

    *v = (vectors){0};
    (void)snprintf(path, sizeof path, "%s/hpke/pq-hybrid.json", folder != NULL ? folder : ".");
    v->doc = yyjson_read_file(path, 0, NULL, NULL);
    if (v->doc == NULL) {
        if (ci != NULL && strcmp(ci, "true") == 0) {
            fail_msg("%s cannot be read", path);
        }
        print_message("# %s cannot be read: skipped\n", path);
        skip();
    }
}

static void
vectors_close(vectors *v)
{
    print_message("# pq-hybrid: %zu run, %zu of suites that are not supported\n", v->run,
                  v->unsupported);
    assert_true(v->run > 0);
    yyjson_doc_free(v->doc);
}

static kith_buf
hex_field(yyjson_val *object, const char *name)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, name));

    assert_non_null(text);
    return of_hex(text);
}

static void
assert_field(kith_bytes actual, yyjson_val *object, const char *name)
{
    assert_hex(actual, yyjson_get_str(yyjson_obj_get(object, name)));
}

static crypto_hpke_suite
suite_of(yyjson_val *item)
{
    return (crypto_hpke_suite){
        (crypto_kem_id)yyjson_get_uint(yyjson_obj_get(item, "kem_id")),
        (crypto_kdf_id)yyjson_get_uint(yyjson_obj_get(item, "kdf_id")),
        (crypto_aead_id)yyjson_get_uint(yyjson_obj_get(item, "aead_id")),
    };
}

static bool
is_supported(crypto_hpke_suite suite)
{
    return crypto_kem_sizes_of(suite.kem).enc > 0 &&
           (suite.kdf == CRYPTO_HKDF_SHA256 || suite.kdf == CRYPTO_HKDF_SHA384 ||
            suite.kdf == CRYPTO_HKDF_SHA512 || suite.kdf == CRYPTO_KDF_SHAKE128 ||
            suite.kdf == CRYPTO_KDF_SHAKE256) &&
           crypto_aead_key_len(suite.aead) > 0;
}

static void
check_key_pair(crypto *c, crypto_kem_id id, yyjson_val *item)
{
    KITH_AUTO(kith_buf) private_key = hex_field(item, "skRm");
    KITH_AUTO(kith_buf) public_key = {0};

    assert_ok(crypto_kem_public(c, id, kith_bytes_of_buf(&private_key), &public_key));
    assert_field(kith_bytes_of_buf(&public_key), item, "pkRm");
}

/* The sender's setup with the vector's randomness, and the receiver's. */
static void
check_setup(crypto *c, yyjson_val *item, crypto_hpke_context *sending,
            crypto_hpke_context *receiving)
{
    KITH_AUTO(kith_buf) random = hex_field(item, "ikmE");
    KITH_AUTO(kith_buf) public_key = hex_field(item, "pkRm");
    KITH_AUTO(kith_buf) private_key = hex_field(item, "skRm");
    KITH_AUTO(kith_buf) info = hex_field(item, "info");
    KITH_AUTO(kith_buf) enc = {0};
    given_rng given = {kith_bytes_of_buf(&random)};
    const kith_rng rng = given_rng_port(&given);
    crypto_hpke in = {.suite = suite_of(item),
                      .key = kith_bytes_of_buf(&public_key),
                      .info = kith_bytes_of_buf(&info)};

    assert_ok(crypto_hpke_setup_send(c, &in, &rng, &enc, sending));
    assert_field(kith_bytes_of_buf(&enc), item, "enc");
    in.key = kith_bytes_of_buf(&private_key);
    assert_ok(crypto_hpke_setup_receive(c, &in, kith_bytes_of_buf(&enc), receiving));
    assert_field(kith_bytes_of_secret(&sending->key), item, "key");
    assert_field(kith_bytes_of_secret(&receiving->key), item, "key");
    assert_field(kith_bytes_of_secret(&sending->base_nonce), item, "base_nonce");
    assert_field(kith_bytes_of_secret(&sending->exporter), item, "exporter_secret");
}

static void
check_messages(crypto *c, yyjson_val *item, crypto_hpke_context *sending,
               crypto_hpke_context *receiving)
{
    yyjson_val *message = NULL;
    size_t i = 0;
    size_t count = 0;

    yyjson_arr_foreach(yyjson_obj_get(item, "encryptions"), i, count, message)
    {
        KITH_AUTO(kith_buf) aad = hex_field(message, "aad");
        KITH_AUTO(kith_buf) plaintext = hex_field(message, "pt");
        KITH_AUTO(kith_buf) sealed = {0};
        KITH_AUTO(kith_buf) opened = {0};
        assert_ok(crypto_hpke_context_seal(c, sending, kith_bytes_of_buf(&aad),
                                           kith_bytes_of_buf(&plaintext), &sealed));
        assert_field(kith_bytes_of_buf(&sealed), message, "ct");
        assert_ok(crypto_hpke_context_open(c, receiving, kith_bytes_of_buf(&aad),
                                           kith_bytes_of_buf(&sealed), &opened));
        assert_field(kith_bytes_of_buf(&opened), message, "pt");
    }
    assert_true(count > 0);
}

static void
check_exports(crypto *c, yyjson_val *item, const crypto_hpke_context *ctx)
{
    yyjson_val *export = NULL;
    size_t i = 0;
    size_t count = 0;

    yyjson_arr_foreach(yyjson_obj_get(item, "exports"), i, count, export)
    {
        KITH_AUTO(kith_buf) context = hex_field(export, "exporter_context");
        KITH_AUTO(kith_secret) out = {0};
        assert_ok(crypto_hpke_export(c, ctx, kith_bytes_of_buf(&context),
                                     yyjson_get_uint(yyjson_obj_get(export, "L")), &out));
        assert_field(kith_bytes_of_secret(&out), export, "exported_value");
    }
    assert_true(count > 0);
}

static void
another_implementations_messages_and_exports_are_the_same(void **state)
{
    yyjson_val *item = NULL;
    size_t i = 0;
    size_t count = 0;
    vectors v;
    vectors_open(&v);

    yyjson_arr_foreach(yyjson_doc_get_root(v.doc), i, count, item)
    {
        KITH_AUTO(crypto_hpke_context) sending = {0};
        KITH_AUTO(crypto_hpke_context) receiving = {0};
        if (!is_supported(suite_of(item))) {
            print_message("# suite %s is not supported\n",
                          yyjson_get_str(yyjson_obj_get(item, "suite_id")));
            v.unsupported++;
            continue;
        }
        check_key_pair(*state, suite_of(item).kem, item);
        check_setup(*state, item, &sending, &receiving);
        check_messages(*state, item, &sending, &receiving);
        check_exports(*state, item, &receiving);
        v.run++;
    }
    vectors_close(&v);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_implementations_messages_and_exports_are_the_same),
    };

    return cmocka_run_group_tests_name("crypto: HPKE vectors", tests, lab_open, lab_close);
}
