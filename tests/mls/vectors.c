/* SPDX-License-Identifier: MPL-2.0 */
/* Reading the working group's test vectors. */
#include "mls/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
vectors_open(vectors *v, const char *name)
{
    char path[4096];
    const char *folder = getenv("KITH_VECTORS");
    const char *ci = getenv("CI");

    memset(v, 0, sizeof *v);
    (void)snprintf(path, sizeof path, "%s/mls/%s.json", folder != NULL ? folder : ".", name);
    v->doc = yyjson_read_file(path, 0, NULL, NULL);
    if (v->doc == NULL) {
        if (ci != NULL && strcmp(ci, "true") == 0) {
            fail_msg("%s cannot be read", path);
        }
        print_message("# %s cannot be read: skipped\n", path);
        skip();
    }
    assert_ok(crypto_new(NULL, &v->crypto));
    v->env = (mls_env){.rng = *crypto_rng(), .crypto = v->crypto, .lifetime_max_s = UINT64_MAX};
}

void
vectors_close(vectors *v, const char *name)
{
    print_message("# %s: %zu run", name, v->run);
    for (size_t i = 0; i < 8; i++) {
        if (v->unsupported[i] > 0) {
            print_message(", %zu of suite 0x%04zx not supported", v->unsupported[i], i);
        }
    }
    print_message("\n");
    assert_true(v->run > 0);
    crypto_free(v->crypto);
    yyjson_doc_free(v->doc);
}

yyjson_val *
vectors_root(const vectors *v)
{
    return yyjson_doc_get_root(v->doc);
}

bool
vectors_tools(vectors *v, yyjson_val *item, mls_tools *out)
{
    const uint64_t id = vec_uint(item, "cipher_suite");
    const mls_suite *suite = mls_suite_find((uint16_t)id);

    if (suite == NULL) {
        v->unsupported[id < 8 ? id : 0]++;
        return false;
    }
    v->run++;
    *out = mls_tools_of(&v->env, suite);
    return true;
}

yyjson_val *
vec_get(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);

    assert_non_null(value);
    return value;
}

kith_buf
vec_hex_of(yyjson_val *value)
{
    kith_buf out = {0};

    assert_true(yyjson_is_str(value));
    assert_ok(kith_hex_decode(kith_bytes_of(yyjson_get_str(value), yyjson_get_len(value)), &out));
    return out;
}

kith_buf
vec_hex(yyjson_val *object, const char *key)
{
    return vec_hex_of(vec_get(object, key));
}

kith_buf
vec_private(yyjson_val *object, const char *key, size_t len)
{
    KITH_AUTO(kith_buf) bytes = vec_hex(object, key);
    kith_buf out = {0};
    uint8_t *zeros = NULL;

    assert_true(bytes.len <= len);
    if (bytes.len < len) {
        assert_ok(kith_buf_extend(&out, len - bytes.len, &zeros));
    }
    assert_ok(kith_buf_append(&out, kith_bytes_of_buf(&bytes)));
    return out;
}

size_t
vec_kem_len(mls_tools tools)
{
    return crypto_kem_sizes_of(tools.suite->hpke.kem).private_key;
}

size_t
vec_sign_len(mls_tools tools)
{
    return crypto_sign_sizes_of(tools.suite->sign).private_key;
}

uint64_t
vec_uint(yyjson_val *object, const char *key)
{
    yyjson_val *value = vec_get(object, key);

    assert_true(yyjson_is_uint(value));
    return yyjson_get_uint(value);
}

bool
vec_is_null(yyjson_val *object, const char *key)
{
    yyjson_val *value = yyjson_obj_get(object, key);

    return value == NULL || yyjson_is_null(value);
}

void
assert_ok(kith_err err)
{
    assert_string_equal(kith_err_name(err), kith_err_name(KITH_OK));
}

void
assert_bytes(kith_bytes actual, kith_bytes expected)
{
    assert_int_equal(actual.len, expected.len);
    if (expected.len > 0) {
        assert_memory_equal(actual.data, expected.data, expected.len);
    }
}

void
assert_field(kith_bytes actual, yyjson_val *object, const char *key)
{
    KITH_AUTO(kith_buf) expected = vec_hex(object, key);

    assert_bytes(actual, kith_bytes_of_buf(&expected));
}
