/* SPDX-License-Identifier: MPL-2.0 */
/* curve25519.h over OpenSSL, with the N-th request of that library for memory failing, for all N: an error that says
 * so or that the library could not do it, never a false answer, and a second try succeeds. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/lab.h"
#include "fakes/fake_rng.h"

#define REQUESTS_MAX 2000u

/* The library's allocator: requests so far, and from which one on there is no memory. */
static uint64_t library_calls;
static uint64_t library_fail_at = UINT64_MAX;

static void *
library_resize(void *ptr, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return library_calls++ >= library_fail_at ? NULL : realloc(ptr, size);
}

static void *
library_malloc(size_t size, const char *file, int line)
{
    return size == 0 ? NULL : library_resize(NULL, size, file, line);
}

static void
library_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    free(ptr);
}

typedef struct scene {
    crypto *c;
    uint8_t seed[32];
    kith_buf public_key;
    kith_buf point;
    kith_buf signature;
} scene;
typedef kith_err (*call)(scene *s);

static kith_err
sign_once(scene *s)
{
    KITH_AUTO(kith_buf) out = {0};
    crypto_sign_key *key = NULL;

    KITH_TRY(crypto_sign_key_import(s->c, CRYPTO_ED25519, KITH_BYTES(s->seed), &key));
    const kith_err err = crypto_sign_with(s->c, key, kith_bytes_of_text("m"), &out);
    crypto_sign_key_free(key);
    assert_true(err != KITH_OK ||
                kith_bytes_equal(kith_bytes_of_buf(&out), kith_bytes_of_buf(&s->signature)));
    return err;
}

static kith_err
verify_once(scene *s)
{
    return crypto_verify(s->c, CRYPTO_ED25519, kith_bytes_of_buf(&s->public_key),
                         kith_bytes_of_text("m"), kith_bytes_of_buf(&s->signature));
}

static kith_err
parse_and_verify(scene *s)
{
    crypto_verify_key *key = NULL;

    KITH_TRY(crypto_verify_key_new(s->c, CRYPTO_ED25519, kith_bytes_of_buf(&s->public_key), &key));
    const kith_err err =
        crypto_verify_with(s->c, key, kith_bytes_of_text("m"), kith_bytes_of_buf(&s->signature));
    crypto_verify_key_free(key);
    return err;
}

static kith_err
make_public(scene *s)
{
    KITH_AUTO(kith_buf) out = {0};

    return crypto_dh_public(s->c, CRYPTO_X25519, KITH_BYTES(s->seed), &out);
}

static kith_err
make_shared(scene *s)
{
    KITH_AUTO(kith_secret) out = {0};

    return crypto_dh(s->c, CRYPTO_X25519, KITH_BYTES(s->seed), kith_bytes_of_buf(&s->point), &out);
}

static void
open_scene(scene *s, crypto *c)
{
    crypto_sign_key *key = NULL;

    *s = (scene){.c = c, .seed = {9, 8, 7}};
    assert_ok(crypto_sign_key_import(c, CRYPTO_ED25519, KITH_BYTES(s->seed), &key));
    assert_ok(kith_buf_append(&s->public_key, crypto_sign_key_public(key)));
    assert_ok(crypto_sign_with(c, key, kith_bytes_of_text("m"), &s->signature));
    crypto_sign_key_free(key);
    assert_ok(crypto_dh_public(c, CRYPTO_X25519, KITH_BYTES(s->seed), &s->point));
}

static void
close_scene(scene *s)
{
    kith_buf_done(&s->public_key);
    kith_buf_done(&s->point);
    kith_buf_done(&s->signature);
}

static void
a_library_without_memory_is_an_error_and_the_next_try_succeeds(void **state)
{
    static const call calls[] = {sign_once, verify_once, parse_and_verify, make_public,
                                 make_shared};
    scene s;
    open_scene(&s, *state);

    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        uint64_t n = 0;
        for (bool reached = true; reached && n < REQUESTS_MAX; n++) {
            library_fail_at = library_calls + n;
            const kith_err err = calls[i](&s);
            reached = library_calls > library_fail_at;
            library_fail_at = UINT64_MAX;
            if (!reached) {
                assert_ok(err);
            } else if (err != KITH_OK && err != KITH_ERR_CRYPTO) {
                assert_err(err, KITH_ERR_NO_MEMORY);
            }
            assert_int_equal(ERR_peek_error(), 0);
            assert_ok(calls[i](&s));
        }
        assert_true(n > 1);
    }

    close_scene(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_without_memory_is_an_error_and_the_next_try_succeeds),
    };
    if (CRYPTO_set_mem_functions(library_malloc, library_resize, library_free) != 1) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto: curve25519 over OpenSSL", tests, lab_open,
                                       lab_close);
}
