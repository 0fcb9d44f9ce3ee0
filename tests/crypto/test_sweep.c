/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every public call that asks for memory or randomness, with the N-th request failing, for all N: the right
 * error, nothing leaked, outputs as they were, and a second try succeeds. The same for the memory that the
 * crypto library itself asks for.
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "crypto/lab.h"
#include "fakes/fake_rng.h"

#define SECRET "a secret that was there before"
#define TEXT "before"

/* The library's allocator: requests so far, and from which one on there is no
 * memory. */
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

/* What a swept call works on. Everything was made before the ports fail. */
typedef struct scene {
    crypto *c;
    fake_alloc alloc;
    fake_rng random;
    kith_rng rng;
    crypto_kem_pair pair; /* of CRYPTO_KEM_MLKEM768_X25519 */
    crypto_kem_key *kem;
    crypto_sign_key *signer; /* Ed25519 */
    kith_buf signature;
    kith_buf enc;
    kith_buf sealed;
    crypto_hpke_context context;
    crypto_pake *pake;
    uint8_t peer[CRYPTO_PAKE_MESSAGE_LEN];
    /* What the calls write. */
    kith_buf out;
    kith_secret secret;
} scene;

static const uint8_t bytes[64] = {9};

static kith_bytes
some(size_t len)
{
    return kith_bytes_of(bytes, len);
}

static crypto_hpke
hpke_of(const scene *s, bool sends)
{
    return (crypto_hpke){
        .suite = {CRYPTO_KEM_MLKEM768_X25519, CRYPTO_KDF_SHAKE256, CRYPTO_AES_256_GCM},
        .key = sends ? kith_bytes_of_buf(&s->pair.public_key)
                     : kith_bytes_of_secret(&s->pair.private_key)};
}

static kith_err
start_pake(scene *s, crypto_pake **out)
{
    const crypto_pake_input in = {.role = CRYPTO_PAKE_INITIATOR,
                                  .password = some(6),
                                  .channel = some(40),
                                  .session = some(16),
                                  .ad = some(32)};

    return crypto_pake_start(s->c, &in, &s->rng, out);
}

static void
scene_open(scene *s)
{
    KITH_AUTO(kith_secret) shared = {0};
    crypto_pake *peer = NULL;
    *s = (scene){0};
    fake_alloc_init(&s->alloc);
    fake_rng_init(&s->random, 1);
    s->rng = fake_rng_port(&s->random);
    assert_ok(crypto_new(&s->alloc.port, &s->c));
    assert_ok(crypto_kem_generate(s->c, CRYPTO_KEM_MLKEM768_X25519, &s->rng, &s->pair));
    assert_ok(crypto_kem_key_of_private(s->c, CRYPTO_KEM_MLKEM768_X25519,
                                        kith_bytes_of_secret(&s->pair.private_key), &s->kem));
    assert_ok(crypto_kem_encap(s->c, s->kem, &s->rng, &shared, &s->enc));
    assert_ok(crypto_sign_key_generate(s->c, CRYPTO_ED25519, &s->rng, &s->signer));
    assert_ok(crypto_sign_with(s->c, s->signer, some(5), &s->signature));
    const crypto_hpke in = hpke_of(s, false);
    assert_ok(crypto_hpke_setup_receive(s->c, &in, kith_bytes_of_buf(&s->enc), &s->context));
    assert_ok(crypto_hpke_context_seal(s->c, &s->context, (kith_bytes){0}, some(5), &s->sealed));
    s->context.sequence = 0;
    assert_ok(start_pake(s, &peer));
    memcpy(s->peer, crypto_pake_message(peer).data, sizeof s->peer);
    crypto_pake_free(peer);
    assert_ok(start_pake(s, &s->pake));
    assert_ok(kith_secret_set(&s->secret, kith_bytes_of_text(SECRET)));
}

static void
scene_close(scene *s)
{
    crypto_kem_pair_done(&s->pair);
    crypto_kem_key_free(s->kem);
    crypto_sign_key_free(s->signer);
    crypto_pake_free(s->pake);
    kith_buf_done(&s->signature);
    kith_buf_done(&s->enc);
    kith_buf_done(&s->sealed);
    kith_buf_done(&s->out);
    kith_secret_done(&s->secret);
    crypto_hpke_context_done(&s->context);
    crypto_free(s->c);
    assert_int_equal(s->alloc.live_blocks, 0);
}

/* ---- The calls. Each frees what it made on success. ---- */

static kith_err
call_aead_seal(scene *s)
{
    const crypto_aead in = {.id = CRYPTO_AES_256_GCM, .key = some(32), .nonce = some(12)};

    return crypto_aead_seal(s->c, &in, some(5), &s->out);
}

static kith_err
call_aead_open(scene *s)
{
    const crypto_aead in = {.id = CRYPTO_AES_256_GCM,
                            .key = kith_bytes_of_secret(&s->context.key),
                            .nonce = kith_bytes_of_secret(&s->context.base_nonce)};

    return crypto_aead_open(s->c, &in, kith_bytes_of_buf(&s->sealed), &s->out);
}

static kith_err
call_dh_public(scene *s)
{
    return crypto_dh_public(s->c, CRYPTO_X25519, some(32), &s->out);
}

static kith_err
call_hasher_new(scene *s)
{
    crypto_hasher *h = NULL;
    const kith_err err = crypto_hasher_new(s->c, CRYPTO_SHA256, &h);

    crypto_hasher_free(h);
    return err;
}

static kith_err
generate_sign_key(scene *s, crypto_sign_id id)
{
    crypto_sign_key *key = NULL;
    const kith_err err = crypto_sign_key_generate(s->c, id, &s->rng, &key);

    assert_int_equal(key != NULL, err == KITH_OK);
    crypto_sign_key_free(key);
    return err;
}

static kith_err
call_sign_generate_ed25519(scene *s)
{
    return generate_sign_key(s, CRYPTO_ED25519);
}

static kith_err
call_sign_generate_ecdsa(scene *s)
{
    return generate_sign_key(s, CRYPTO_ECDSA_P521_SHA512);
}

static kith_err
call_sign_generate_ml_dsa(scene *s)
{
    return generate_sign_key(s, CRYPTO_ML_DSA_44);
}

static kith_err
call_sign_import(scene *s)
{
    crypto_sign_key *key = NULL;
    const kith_err err = crypto_sign_key_import(s->c, CRYPTO_ECDSA_P256_SHA256, some(32), &key);

    crypto_sign_key_free(key);
    return err;
}

static kith_err
call_sign(scene *s)
{
    return crypto_sign_with(s->c, s->signer, some(5), &s->out);
}

static kith_err
call_verify(scene *s)
{
    return crypto_verify(s->c, CRYPTO_ED25519, crypto_sign_key_public(s->signer), some(5),
                         kith_bytes_of_buf(&s->signature));
}

static kith_err
call_verify_key_new(scene *s)
{
    crypto_verify_key *key = NULL;
    const kith_err err =
        crypto_verify_key_new(s->c, CRYPTO_ED25519, crypto_sign_key_public(s->signer), &key);

    crypto_verify_key_free(key);
    return err;
}

static kith_err
generate_pair(scene *s, crypto_kem_id id)
{
    crypto_kem_pair pair = {0};
    const kith_err err = crypto_kem_generate(s->c, id, &s->rng, &pair);

    assert_int_equal(pair.private_key.len > 0, err == KITH_OK);
    crypto_kem_pair_done(&pair);
    return err;
}

static kith_err
call_kem_generate_dh(scene *s)
{
    return generate_pair(s, CRYPTO_KEM_P384);
}

static kith_err
call_kem_generate_hybrid(scene *s)
{
    return generate_pair(s, CRYPTO_KEM_MLKEM768_X25519);
}

static kith_err
call_kem_derive(scene *s)
{
    crypto_kem_pair pair = {0};
    const kith_err err = crypto_kem_derive(s->c, CRYPTO_KEM_P521, some(64), &pair);

    crypto_kem_pair_done(&pair);
    return err;
}

static kith_err
call_kem_public(scene *s)
{
    return crypto_kem_public(s->c, CRYPTO_KEM_ML_KEM_1024, some(64), &s->out);
}

static kith_err
call_kem_public_check(scene *s)
{
    return crypto_kem_public_check(s->c, CRYPTO_KEM_MLKEM768_X25519,
                                   kith_bytes_of_buf(&s->pair.public_key));
}

static kith_err
call_kem_encap(scene *s)
{
    return crypto_kem_encap(s->c, s->kem, &s->rng, &s->secret, &s->out);
}

static kith_err
encap_to_fresh(scene *s, crypto_kem_id id)
{
    crypto_kem_pair pair = {0};
    crypto_kem_key *key = NULL;
    kith_err err = crypto_kem_derive(s->c, id, some(64), &pair);

    if (err == KITH_OK) {
        err = crypto_kem_key_of_public(s->c, id, kith_bytes_of_buf(&pair.public_key), &key);
    }
    if (err == KITH_OK) {
        err = crypto_kem_encap(s->c, key, &s->rng, &s->secret, &s->out);
    }
    crypto_kem_key_free(key);
    crypto_kem_pair_done(&pair);
    return err;
}

static kith_err
call_kem_encap_dh(scene *s)
{
    return encap_to_fresh(s, CRYPTO_KEM_X25519);
}

static kith_err
call_kem_encap_p256(scene *s)
{
    return encap_to_fresh(s, CRYPTO_KEM_MLKEM768_P256);
}

static kith_err
call_hpke_seal(scene *s)
{
    const crypto_hpke in = hpke_of(s, true);
    crypto_hpke_sealed sealed = {.kem_output = {.alloc = s->out.alloc},
                                 .ciphertext = {.alloc = s->out.alloc}};
    const kith_err err =
        crypto_hpke_seal(s->c, &in, &s->rng, (crypto_hpke_text){.text = some(5)}, &sealed);

    if (err != KITH_OK) {
        assert_int_equal(sealed.kem_output.len + sealed.ciphertext.len, 0);
    }
    crypto_hpke_sealed_done(&sealed);
    return err;
}

static kith_err
call_hpke_open(scene *s)
{
    const crypto_hpke in = hpke_of(s, false);
    const crypto_hpke_text message = {.text = kith_bytes_of_buf(&s->sealed)};

    return crypto_hpke_open(s->c, &in, kith_bytes_of_buf(&s->enc), message, &s->out);
}

static kith_err
call_hpke_setup_send(scene *s)
{
    crypto_hpke in = hpke_of(s, true);
    crypto_hpke_context ctx = {0};
    in.suite.kdf = CRYPTO_HKDF_SHA384;
    const kith_err err = crypto_hpke_setup_send(s->c, &in, &s->rng, &s->out, &ctx);

    assert_int_equal(ctx.key.len > 0, err == KITH_OK);
    crypto_hpke_context_done(&ctx);
    return err;
}

static kith_err
call_hpke_context_seal(scene *s)
{
    const uint64_t before = s->context.sequence;
    const kith_err err =
        crypto_hpke_context_seal(s->c, &s->context, (kith_bytes){0}, some(5), &s->out);

    assert_int_equal(s->context.sequence, err == KITH_OK ? before + 1 : before);
    return err;
}

static kith_err
call_hpke_context_open(scene *s)
{
    const uint64_t before = s->context.sequence;
    const kith_err err = crypto_hpke_context_open(s->c, &s->context, (kith_bytes){0},
                                                  kith_bytes_of_buf(&s->sealed), &s->out);

    assert_int_equal(s->context.sequence, err == KITH_OK ? before + 1 : before);
    return err;
}

static kith_err
call_pake_start(scene *s)
{
    crypto_pake *pake = NULL;
    const kith_err err = start_pake(s, &pake);

    crypto_pake_free(pake);
    return err;
}

static kith_err
call_pake_finish(scene *s)
{
    crypto_pake_result result = {0};
    const kith_err err = crypto_pake_finish(s->c, s->pake, KITH_BYTES(s->peer), some(20), &result);

    assert_int_equal(result.key.len > 0, err == KITH_OK);
    crypto_pake_result_done(&result);
    return err;
}

static kith_err
call_crypto_new(scene *s)
{
    crypto *c = NULL;
    const kith_err err = crypto_new(&s->alloc.port, &c);

    assert_int_equal(c != NULL, err == KITH_OK);
    crypto_free(c);
    return err;
}

static kith_err
call_x448(scene *s)
{
    return crypto_dh(s->c, CRYPTO_X448, some(56), some(56), &s->secret);
}

static kith_err
call_p384(scene *s)
{
    KITH_AUTO(kith_buf) point = {0};

    KITH_TRY(crypto_dh_public(s->c, CRYPTO_P384, some(48), &point));
    return crypto_dh(s->c, CRYPTO_P384, some(48), kith_bytes_of_buf(&point), &s->secret);
}

static kith_err
sign_and_verify(scene *s, crypto_sign_id id)
{
    const size_t len = crypto_sign_sizes_of(id).private_key;
    crypto_sign_key *key = NULL;
    KITH_AUTO(kith_buf) signature = {0};

    KITH_TRY(crypto_sign_key_import(s->c, id, some(len), &key));
    kith_err err = crypto_sign_with(s->c, key, some(5), &signature);
    if (err == KITH_OK) {
        err = crypto_verify(s->c, id, crypto_sign_key_public(key), some(5),
                            kith_bytes_of_buf(&signature));
    }
    crypto_sign_key_free(key);
    return err;
}

static kith_err
call_ed448(scene *s)
{
    return sign_and_verify(s, CRYPTO_ED448);
}

static kith_err
call_ecdsa(scene *s)
{
    return sign_and_verify(s, CRYPTO_ECDSA_P256_SHA256);
}

static kith_err
call_ml_dsa(scene *s)
{
    return sign_and_verify(s, CRYPTO_ML_DSA_65);
}

static kith_err
call_expand(scene *s)
{
    const crypto_expand in = {.prk = some(32), .len = KITH_SECRET_MAX};

    return crypto_hkdf_expand(s->c, CRYPTO_SHA384, &in, &s->secret);
}

typedef kith_err (*call)(scene *s);

static const struct {
    const char *name;
    call run;
    bool needs_random;
} calls[] = {
    {"aead seal", call_aead_seal, false},
    {"aead open", call_aead_open, false},
    {"dh public", call_dh_public, false},
    {"hasher new", call_hasher_new, false},
    {"sign generate Ed25519", call_sign_generate_ed25519, true},
    {"sign generate ECDSA", call_sign_generate_ecdsa, true},
    {"sign generate ML-DSA", call_sign_generate_ml_dsa, true},
    {"sign import", call_sign_import, false},
    {"sign", call_sign, false},
    {"verify key new", call_verify_key_new, false},
    {"kem generate DH", call_kem_generate_dh, true},
    {"kem generate hybrid", call_kem_generate_hybrid, true},
    {"kem derive", call_kem_derive, false},
    {"kem public", call_kem_public, false},
    {"kem public check", call_kem_public_check, false},
    {"kem encap", call_kem_encap, true},
    {"kem encap DH", call_kem_encap_dh, true},
    {"kem encap P-256", call_kem_encap_p256, true},
    {"hpke seal", call_hpke_seal, true},
    {"hpke open", call_hpke_open, false},
    {"hpke setup send", call_hpke_setup_send, true},
    {"hpke context seal", call_hpke_context_seal, false},
    {"hpke context open", call_hpke_context_open, false},
    {"pake start", call_pake_start, true},
    {"pake finish", call_pake_finish, false},
};

/* Calls that only the library's own memory matters to. */
static const struct {
    const char *name;
    call run;
} library_calls_more[] = {
    {"crypto new", call_crypto_new}, {"x448", call_x448},   {"p384", call_p384},
    {"Ed448", call_ed448},           {"ECDSA", call_ecdsa}, {"ML-DSA", call_ml_dsa},
    {"hkdf expand", call_expand},
};

/* ---- The sweep ---- */

/* A buffer that has no room left, over the failing allocator. */
static void
fill_out(scene *s)
{
    uint8_t *more = NULL;

    kith_buf_done(&s->out);
    s->out.alloc = &s->alloc.port;
    assert_ok(kith_buf_append(&s->out, kith_bytes_of_text(TEXT)));
    assert_ok(kith_buf_extend(&s->out, s->out.cap - s->out.len, &more));
}

/* Fails the ports after `n` uses; returns whether the call still succeeded. */
static bool
try_once(scene *s, call run, uint64_t n, bool random)
{
    const uint64_t blocks = s->alloc.live_blocks;
    const size_t len = s->out.len;

    if (random) {
        s->random.fail_after = s->random.calls + n;
    } else {
        s->alloc.fail_after = s->alloc.calls + n;
    }
    const kith_err err = run(s);
    s->random.fail_after = UINT64_MAX;
    s->alloc.fail_after = UINT64_MAX;
    if (err == KITH_OK) {
        return true;
    }
    assert_err(err, random ? KITH_ERR_NO_RANDOM : KITH_ERR_NO_MEMORY);
    assert_int_equal(s->out.len, len);
    assert_memory_equal(s->out.data, TEXT, sizeof TEXT - 1);
    assert_text(kith_bytes_of_secret(&s->secret), SECRET);
    /* Same number: the buffer may have grown before something else failed, but is one block. */
    assert_int_equal(s->alloc.live_blocks, blocks);
    return false;
}

static void
sweep(bool random)
{
    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        scene s;
        uint64_t n = 0;
        if (random && !calls[i].needs_random) {
            continue;
        }
        scene_open(&s);
        fill_out(&s);
        while (!try_once(&s, calls[i].run, n, random)) {
            n++;
            assert_true(n < 1000);
        }
        print_message("# %s: %llu failures\n", calls[i].name, (unsigned long long)n);
        assert_true(n > 0);
        scene_close(&s);
    }
}

static void
a_good_ed25519_signature_is_verified_without_memory(void **state)
{
    scene s;

    (void)state;
    scene_open(&s);
    fill_out(&s);
    s.alloc.fail_after = s.alloc.calls;

    const kith_err err = call_verify(&s);

    s.alloc.fail_after = UINT64_MAX;
    assert_err(err, KITH_OK);
    scene_close(&s);
}

static void
every_failing_allocation_leaves_everything_as_before(void **state)
{
    (void)state;
    sweep(false);
}

static void
running_out_of_randomness_leaves_everything_as_before(void **state)
{
    (void)state;
    sweep(true);
}

/* The call with the library's memory ending at the n-th request; returns whether it still succeeded. A call
 * may not need what failed; what it may not do is to blame a peer, or to leave anything behind. */
static bool
try_without_library_memory(scene *s, call run, uint64_t n)
{
    const uint64_t blocks = s->alloc.live_blocks;
    const size_t len = s->out.len;

    library_fail_at = library_calls + n;
    const kith_err err = run(s);
    const bool reached = library_calls > library_fail_at;
    library_fail_at = UINT64_MAX;
    if (err == KITH_OK) {
        ERR_clear_error();
        return !reached;
    }
    assert_int_equal(ERR_peek_error(), 0);
    /* The library loses the reason in one place of ECDSA; sign.h says so. */
    assert_true(err == KITH_ERR_NO_MEMORY || err == KITH_ERR_CRYPTO ||
                (run == call_ecdsa && err == KITH_ERR_REJECTED));
    assert_int_equal(s->out.len, len);
    assert_text(kith_bytes_of_secret(&s->secret), SECRET);
    assert_int_equal(s->alloc.live_blocks, blocks);
    return false;
}

static void
sweep_library(const char *name, call run)
{
    scene s;
    uint64_t n = 0;

    scene_open(&s);
    fill_out(&s);
    while (!try_without_library_memory(&s, run, n)) {
        assert_ok(kith_secret_set(&s.secret, kith_bytes_of_text(SECRET)));
        fill_out(&s);
        n++;
        assert_true(n < 20000);
    }
    print_message("# %s: %llu failures of the library\n", name, (unsigned long long)n);
    scene_close(&s);
}

static void
the_librarys_failing_allocations_blame_nobody_and_leave_nothing(void **state)
{
    (void)state;

    for (size_t i = 0; i < CHECK_COUNT(calls); i++) {
        sweep_library(calls[i].name, calls[i].run);
    }
    for (size_t i = 0; i < CHECK_COUNT(library_calls_more); i++) {
        sweep_library(library_calls_more[i].name, library_calls_more[i].run);
    }
}

int
main(void)
{
    /* Before the library allocates anything. */
    if (CRYPTO_set_mem_functions(library_malloc, library_resize, library_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_ed25519_signature_is_verified_without_memory),
        cmocka_unit_test(every_failing_allocation_leaves_everything_as_before),
        cmocka_unit_test(running_out_of_randomness_leaves_everything_as_before),
        cmocka_unit_test(the_librarys_failing_allocations_blame_nobody_and_leave_nothing),
    };

    return cmocka_run_group_tests_name("crypto: failing ports", tests, NULL, NULL);
}
