/* SPDX-License-Identifier: MPL-2.0 */
/* Certificate chains: good ones, and each way in which one is not good. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/certificates.h"
#include "crypto/lab.h"
#include "fakes/fake_rng.h"

#define NOW_S INT64_C(1800000000)
#define DAY_S INT64_C(86400)

/* A root that certifies an intermediate that certifies the holder. */
typedef struct scene {
    crypto *c;
    crypto_sign_id id;
    crypto_sign_key *keys[3]; /* root, intermediate, holder */
    EVP_PKEY *pkeys[3];
    kith_buf root;
    kith_buf middle;
    kith_buf holder;
    crypto_roots *roots;
} scene;

static certificate_params
params_of(const scene *s, size_t who)
{
    static const char *const names[] = {"root", "middle", "holder"};
    const size_t issuer = who == 0 ? 0 : who - 1;

    return (certificate_params){.subject = names[who],
                                .issuer = names[issuer],
                                .key = s->pkeys[who],
                                .issuer_key = s->pkeys[issuer],
                                .is_ca = who < 2,
                                .not_before_s = NOW_S - DAY_S,
                                .not_after_s = NOW_S + DAY_S};
}

static void
write(const certificate_params *params, kith_buf *out)
{
    kith_buf_clear(out);
    assert_true(certificate_write(params, out));
}

static void
scene_open(scene *s, crypto *c, crypto_sign_id id)
{
    fake_rng fake;
    fake_rng_init(&fake, 77);
    const kith_rng rng = fake_rng_port(&fake);

    *s = (scene){.c = c, .id = id};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(crypto_sign_key_generate(c, id, &rng, &s->keys[i]));
        s->pkeys[i] = certificate_key(id, crypto_sign_key_private(s->keys[i]),
                                      crypto_sign_key_public(s->keys[i]));
        assert_non_null(s->pkeys[i]);
    }
    kith_buf *const out[] = {&s->root, &s->middle, &s->holder};
    for (size_t i = 0; i < 3; i++) {
        const certificate_params params = params_of(s, i);
        write(&params, out[i]);
    }
    assert_ok(crypto_roots_new(c, &s->roots));
    assert_ok(crypto_roots_add(s->roots, kith_bytes_of_buf(&s->root)));
}

static void
scene_close(scene *s)
{
    for (size_t i = 0; i < 3; i++) {
        crypto_sign_key_free(s->keys[i]);
        EVP_PKEY_free(s->pkeys[i]);
    }
    kith_buf_done(&s->root);
    kith_buf_done(&s->middle);
    kith_buf_done(&s->holder);
    crypto_roots_free(s->roots);
}

static kith_err
verify_at(const scene *s, const kith_bytes *certificates, size_t count, int64_t now_s)
{
    const crypto_chain chain = {.certificates = certificates,
                                .count = count,
                                .key_id = s->id,
                                .public_key = crypto_sign_key_public(s->keys[2]),
                                .now_s = (uint64_t)now_s};

    return crypto_chain_verify(s->c, s->roots, &chain);
}

static kith_err
verify(const scene *s)
{
    const kith_bytes chain[] = {kith_bytes_of_buf(&s->holder), kith_bytes_of_buf(&s->middle)};

    return verify_at(s, chain, 2, NOW_S);
}

static void
a_chain_to_a_root_is_good_with_and_without_the_root(void **state)
{
    static const crypto_sign_id ids[] = {CRYPTO_ED25519, CRYPTO_ECDSA_P256_SHA256};

    for (size_t i = 0; i < CHECK_COUNT(ids); i++) {
        scene s;
        scene_open(&s, *state, ids[i]);
        const kith_bytes chain[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.middle),
                                    kith_bytes_of_buf(&s.root)};

        assert_ok(verify_at(&s, chain, 2, NOW_S));
        assert_ok(verify_at(&s, chain, 3, NOW_S));
        assert_err(verify_at(&s, chain, 1, NOW_S), KITH_ERR_REJECTED); /* a link is missing */
        scene_close(&s);
    }
}

static void
an_intermediate_may_be_trusted_by_itself(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    const kith_bytes chain[] = {kith_bytes_of_buf(&s.holder)};
    crypto_roots_free(s.roots);
    assert_ok(crypto_roots_new(*state, &s.roots));
    assert_err(verify(&s), KITH_ERR_REJECTED); /* no roots, nothing is good */

    assert_ok(crypto_roots_add(s.roots, kith_bytes_of_buf(&s.middle)));

    assert_ok(verify_at(&s, chain, 1, NOW_S));
    scene_close(&s);
}

static void
certificates_are_good_in_their_time(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    const kith_bytes chain[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.middle)};

    assert_ok(verify_at(&s, chain, 2, NOW_S - DAY_S));
    assert_err(verify_at(&s, chain, 2, NOW_S - DAY_S - 1), KITH_ERR_REJECTED);
    assert_ok(verify_at(&s, chain, 2, NOW_S + DAY_S - 1)); /* the library's last second */
    assert_err(verify_at(&s, chain, 2, NOW_S + DAY_S + 1), KITH_ERR_REJECTED);
    assert_err(verify_at(&s, chain, 2, INT64_MIN), KITH_ERR_INVALID);
    scene_close(&s);
}

static void
a_chain_out_of_order_or_with_a_stranger_is_rejected(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    const kith_bytes turned[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.root),
                                 kith_bytes_of_buf(&s.middle)};
    const kith_bytes twice[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.holder),
                                kith_bytes_of_buf(&s.middle)};

    assert_err(verify_at(&s, turned, 3, NOW_S), KITH_ERR_REJECTED);
    assert_err(verify_at(&s, twice, 3, NOW_S), KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
a_holder_that_certifies_itself_or_by_another_key_is_rejected(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    certificate_params params = params_of(&s, 2);

    params.issuer_key = s.pkeys[2]; /* says the right name */
    write(&params, &s.holder);
    assert_err(verify(&s), KITH_ERR_REJECTED);
    params = params_of(&s, 1);
    params.is_ca = false; /* the intermediate may not certify */
    write(&params, &s.middle);
    params = params_of(&s, 2);
    write(&params, &s.holder);
    assert_err(verify(&s), KITH_ERR_REJECTED);
    scene_close(&s);
}

static void
another_key_than_the_certified_one_is_rejected(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    const kith_bytes certificates[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.middle)};
    crypto_chain chain = {.certificates = certificates,
                          .count = 2,
                          .key_id = CRYPTO_ED25519,
                          .public_key = crypto_sign_key_public(s.keys[1]),
                          .now_s = NOW_S};

    assert_err(crypto_chain_verify(*state, s.roots, &chain), KITH_ERR_REJECTED);
    chain.public_key.len--;
    assert_err(crypto_chain_verify(*state, s.roots, &chain), KITH_ERR_MALFORMED);
    chain.key_id = 99;
    assert_err(crypto_chain_verify(*state, s.roots, &chain), KITH_ERR_UNSUPPORTED);
    scene_close(&s);
}

/* Same curve family, other kind of key: the raw bytes alone do not decide. */
static void
a_key_of_another_kind_is_rejected(void **state)
{
    scene s;
    scene other;
    scene_open(&s, *state, CRYPTO_ED25519);
    scene_open(&other, *state, CRYPTO_ECDSA_P256_SHA256);
    const kith_bytes certificates[] = {kith_bytes_of_buf(&s.holder), kith_bytes_of_buf(&s.middle)};
    const crypto_chain chain = {.certificates = certificates,
                                .count = 2,
                                .key_id = CRYPTO_ECDSA_P256_SHA256,
                                .public_key = crypto_sign_key_public(other.keys[2]),
                                .now_s = NOW_S};

    assert_err(crypto_chain_verify(*state, s.roots, &chain), KITH_ERR_REJECTED);
    scene_close(&s);
    scene_close(&other);
}

static void
a_key_that_is_not_for_signing_is_rejected(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    certificate_params params = params_of(&s, 2);

    params.key_usage = "critical,keyAgreement";
    write(&params, &s.holder);
    assert_err(verify(&s), KITH_ERR_REJECTED);
    params.key_usage = "critical,digitalSignature";
    write(&params, &s.holder);
    assert_ok(verify(&s));
    scene_close(&s);
}

static void
every_changed_byte_is_noticed(void **state)
{
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);

    for (size_t i = 0; i < s.holder.len; i++) {
        s.holder.data[i] ^= 1;
        assert_int_not_equal(verify(&s), KITH_OK);
        s.holder.data[i] ^= 1;
    }
    s.holder.len--;
    assert_err(verify(&s), KITH_ERR_MALFORMED);
    s.holder.len++;
    assert_ok(kith_buf_append(&s.holder, kith_bytes_of("", 1)));
    assert_err(verify(&s), KITH_ERR_MALFORMED);
    assert_err(crypto_roots_add(s.roots, kith_bytes_of_buf(&s.holder)), KITH_ERR_MALFORMED);
    scene_close(&s);
}

static void
chains_and_certificates_have_limits(void **state)
{
    static uint8_t long_one[CRYPTO_CERTIFICATE_MAX + 1] = {0x30};
    scene s;
    scene_open(&s, *state, CRYPTO_ED25519);
    kith_bytes chain[CRYPTO_CHAIN_MAX + 1];
    for (size_t i = 0; i < CHECK_COUNT(chain); i++) {
        chain[i] = kith_bytes_of_buf(&s.holder);
    }

    assert_err(verify_at(&s, chain, CRYPTO_CHAIN_MAX + 1, NOW_S), KITH_ERR_LIMIT);
    assert_err(verify_at(&s, chain, CRYPTO_CHAIN_MAX, NOW_S), KITH_ERR_REJECTED);
    assert_err(verify_at(&s, chain, 0, NOW_S), KITH_ERR_LIMIT);
    chain[0] = KITH_BYTES(long_one);
    assert_err(verify_at(&s, chain, 1, NOW_S), KITH_ERR_LIMIT);
    chain[0].len--;
    assert_err(verify_at(&s, chain, 1, NOW_S), KITH_ERR_MALFORMED);
    scene_close(&s);
}

/* ---- Without memory ---- */

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

static void
without_memory_a_good_chain_is_an_error_and_the_next_try_succeeds(void **state)
{
    scene s;
    uint64_t n = 0;
    size_t blamed = 0;
    scene_open(&s, *state, CRYPTO_ED25519);

    for (bool reached = true; reached; n++) {
        library_fail_at = library_calls + n;
        const kith_err err = verify(&s);
        reached = library_calls > library_fail_at;
        library_fail_at = UINT64_MAX;
        assert_true(reached || err == KITH_OK);
        blamed += err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED ? 1 : 0;
        assert_int_equal(ERR_peek_error(), 0);
        assert_ok(verify(&s));
    }
    print_message("# %llu failures, %zu of them blamed\n", (unsigned long long)n, blamed);
    assert_true(n > 10);
    scene_close(&s);
}

static void
roots_need_memory_of_the_port(void **state)
{
    fake_alloc alloc;
    crypto *c = NULL;
    crypto_roots *roots = NULL;

    (void)state;
    fake_alloc_init(&alloc);
    assert_ok(crypto_new(&alloc.port, &c));
    alloc.fail_after = alloc.calls;
    assert_err(crypto_roots_new(c, &roots), KITH_ERR_NO_MEMORY);
    assert_null(roots);
    alloc.fail_after = UINT64_MAX;
    assert_ok(crypto_roots_new(c, &roots));
    crypto_roots_free(roots);
    crypto_free(c);
    assert_int_equal(alloc.live_blocks, 0);
}

int
main(void)
{
    /* Before the library allocates anything. */
    if (CRYPTO_set_mem_functions(library_malloc, library_resize, library_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_to_a_root_is_good_with_and_without_the_root),
        cmocka_unit_test(an_intermediate_may_be_trusted_by_itself),
        cmocka_unit_test(certificates_are_good_in_their_time),
        cmocka_unit_test(a_chain_out_of_order_or_with_a_stranger_is_rejected),
        cmocka_unit_test(a_holder_that_certifies_itself_or_by_another_key_is_rejected),
        cmocka_unit_test(another_key_than_the_certified_one_is_rejected),
        cmocka_unit_test(a_key_of_another_kind_is_rejected),
        cmocka_unit_test(a_key_that_is_not_for_signing_is_rejected),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(chains_and_certificates_have_limits),
        cmocka_unit_test(without_memory_a_good_chain_is_an_error_and_the_next_try_succeeds),
        cmocka_unit_test(roots_need_memory_of_the_port),
    };

    return cmocka_run_group_tests_name("crypto: certificate chains", tests, lab_open, lab_close);
}
