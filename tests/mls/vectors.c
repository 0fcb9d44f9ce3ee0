/* SPDX-License-Identifier: MPL-2.0 */
/* Reading the working group's test vectors. */
#include "mls/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
vectors_start(vectors *v)
{
    memset(v, 0, sizeof *v);
    if (crypto_new(NULL, &v->crypto) != KITH_OK) {
        abort();
    }
    v->env = (mls_env){.rng = *crypto_rng(), .crypto = v->crypto, .lifetime_max_s = UINT64_MAX};
}

void
vectors_stop(vectors *v)
{
    crypto_free(v->crypto);
}

bool
vectors_tools(vectors *v, yyjson_val *item, mls_tools *out)
{
    const mls_suite *suite = mls_suite_of(&v->env, (uint16_t)vec_uint(item, "cipher_suite"));

    if (suite == NULL) {
        return false;
    }
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
