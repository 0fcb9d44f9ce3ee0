/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the operations cost that the messaging layer is made of: one line each, operations per second and
 * microseconds for one, in one thread.
 *
 *     bench_crypto [MILLISECONDS]    how long each is repeated; default 200
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"

#define TEXT_LEN 1024u

/* What the operations work on; every operation leaves it ready for the next time. */
typedef struct bench {
    crypto *c;
    uint8_t text[TEXT_LEN];
    uint8_t room[TEXT_LEN + CRYPTO_AEAD_TAG_LEN];
    uint8_t sealed[TEXT_LEN + CRYPTO_AEAD_TAG_LEN];
    kith_secret secret;
    crypto_sign_key *signer;
    crypto_verify_key *verifier;
    kith_buf signature;
    crypto_kem_id kem;
    crypto_kem_key *receiver;
    kith_buf enc;
    crypto_vrf_key *vrf;
    crypto_vrf_result proved;
} bench;

/* Ends the program: a benchmark has nothing better to do with an error. */
static void
must(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        (void)fprintf(stderr, "bench_crypto: %s: %s\n", what, kith_err_name(err));
        exit(1);
    }
}

static double
now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef kith_err (*operation)(bench *b);

static void
measure(bench *b, const char *name, operation run, double seconds)
{
    const double start = now_s();
    double passed = 0;
    unsigned long count = 0;

    must(run(b), name);
    while (passed < seconds) {
        for (int i = 0; i < 16; i++) {
            must(run(b), name);
        }
        count += 16;
        passed = now_s() - start;
    }
    printf("%-34s %12.0f /s %10.2f us\n", name, (double)count / passed,
           passed * 1e6 / (double)count);
}

/* ---- The operations ---- */

static kith_err
run_sha256(bench *b)
{
    return crypto_sha256(b->c, KITH_BYTES(b->text), b->room);
}

static kith_err
run_sha384(bench *b)
{
    return crypto_digest(b->c, CRYPTO_SHA384, CRYPTO_PARTS(KITH_BYTES(b->text)), b->room);
}

static kith_err
run_extract(bench *b)
{
    return crypto_hkdf_extract(b->c, CRYPTO_SHA384, kith_bytes_of(b->text, 48),
                               kith_bytes_of(b->text, 48), &b->secret);
}

static kith_err
run_expand(bench *b)
{
    const crypto_expand in = {.prk = kith_bytes_of(b->text, 48),
                              .info = CRYPTO_PARTS(kith_bytes_of(b->text, 40)),
                              .len = 48};

    return crypto_hkdf_expand(b->c, CRYPTO_SHA384, &in, &b->secret);
}

static crypto_aead
aead_of(const bench *b, crypto_aead_id id)
{
    return (crypto_aead){.id = id,
                         .key = kith_bytes_of(b->text, crypto_aead_key_len(id)),
                         .nonce = kith_bytes_of(b->text, CRYPTO_AEAD_NONCE_LEN)};
}

static kith_err
run_aes_seal(bench *b)
{
    const crypto_aead in = aead_of(b, CRYPTO_AES_256_GCM);

    return crypto_aead_seal_into(b->c, &in, KITH_BYTES(b->text), b->sealed);
}

static kith_err
run_aes_open(bench *b)
{
    const crypto_aead in = aead_of(b, CRYPTO_AES_256_GCM);

    return crypto_aead_open_into(b->c, &in, KITH_BYTES(b->sealed), b->room);
}

static kith_err
run_chacha_seal(bench *b)
{
    const crypto_aead in = aead_of(b, CRYPTO_CHACHA20_POLY1305);

    return crypto_aead_seal_into(b->c, &in, KITH_BYTES(b->text), b->room);
}

static kith_err
run_sign(bench *b)
{
    b->signature.len = 0;
    return crypto_sign_with(b->c, b->signer, kith_bytes_of(b->text, 200), &b->signature);
}

static kith_err
run_verify(bench *b)
{
    return crypto_verify_with(b->c, b->verifier, kith_bytes_of(b->text, 200),
                              kith_bytes_of_buf(&b->signature));
}

static kith_err
run_kem_generate(bench *b)
{
    __attribute__((cleanup(crypto_kem_pair_done))) crypto_kem_pair pair = {0};

    return crypto_kem_generate(b->c, b->kem, crypto_rng(), &pair);
}

static kith_err
run_encap(bench *b)
{
    b->enc.len = 0;
    return crypto_kem_encap(b->c, b->receiver, crypto_rng(), &b->secret, &b->enc);
}

static kith_err
run_decap(bench *b)
{
    return crypto_kem_decap(b->c, b->receiver, kith_bytes_of_buf(&b->enc), &b->secret);
}

static kith_err
run_hpke_seal(bench *b)
{
    const crypto_hpke in = {.suite = {b->kem, CRYPTO_HKDF_SHA384, CRYPTO_AES_256_GCM},
                            .key = crypto_kem_key_public(b->receiver),
                            .info = kith_bytes_of(b->text, 200)};
    __attribute__((cleanup(crypto_hpke_sealed_done))) crypto_hpke_sealed sealed = {0};

    return crypto_hpke_seal(b->c, &in, crypto_rng(),
                            (crypto_hpke_text){.text = kith_bytes_of(b->text, 48)}, &sealed);
}

static kith_err
run_pake_start(bench *b)
{
    const crypto_pake_input in = {.role = CRYPTO_PAKE_INITIATOR,
                                  .password = kith_bytes_of(b->text, 6)};
    crypto_pake *pake = NULL;

    KITH_TRY(crypto_pake_start(b->c, &in, crypto_rng(), &pake));
    crypto_pake_free(pake);
    return KITH_OK;
}

static kith_err
run_vrf_evaluate(bench *b)
{
    b->text[0]++;
    return crypto_vrf_evaluate(b->c, b->vrf, CRYPTO_PARTS(kith_bytes_of(b->text, 40)), b->room);
}

static kith_err
run_vrf_prove(bench *b)
{
    return crypto_vrf_prove(b->c, b->vrf, CRYPTO_PARTS(kith_bytes_of(b->text, 40)), &b->proved);
}

static kith_err
run_vrf_verify(bench *b)
{
    const crypto_vrf_claim claim = {.public_key = crypto_vrf_key_public(b->vrf),
                                    .proof = KITH_BYTES(b->proved.proof),
                                    .input = CRYPTO_PARTS(kith_bytes_of(b->text, 40))};

    return crypto_vrf_verify(b->c, &claim, b->room);
}

/* ---- The table ---- */

static void
measure_vrf(bench *b, double seconds)
{
    must(crypto_vrf_key_import(b->c, kith_bytes_of(b->text, CRYPTO_VRF_PRIVATE_LEN), &b->vrf),
         "VRF");
    measure(b, "ECVRF edwards25519 output", run_vrf_evaluate, seconds);
    measure(b, "ECVRF edwards25519 prove", run_vrf_prove, seconds);
    measure(b, "ECVRF edwards25519 verify", run_vrf_verify, seconds);
    crypto_vrf_key_free(b->vrf);
}

static void
measure_sign(bench *b, crypto_sign_id id, const char *name, double seconds)
{
    char line[64];

    must(crypto_sign_key_generate(b->c, id, crypto_rng(), &b->signer), name);
    must(crypto_verify_key_new(b->c, id, crypto_sign_key_public(b->signer), &b->verifier), name);
    (void)snprintf(line, sizeof line, "%s sign", name);
    measure(b, line, run_sign, seconds);
    (void)snprintf(line, sizeof line, "%s verify", name);
    measure(b, line, run_verify, seconds);
    crypto_sign_key_free(b->signer);
    crypto_verify_key_free(b->verifier);
}

static void
measure_kem(bench *b, crypto_kem_id id, const char *name, double seconds)
{
    static const struct {
        const char *what;
        operation run;
    } parts[] = {{"generate", run_kem_generate},
                 {"encap", run_encap},
                 {"decap", run_decap},
                 {"HPKE seal", run_hpke_seal}};
    __attribute__((cleanup(crypto_kem_pair_done))) crypto_kem_pair pair = {0};
    char line[64];

    b->kem = id;
    must(crypto_kem_generate(b->c, id, crypto_rng(), &pair), name);
    must(crypto_kem_key_of_private(b->c, id, kith_bytes_of_secret(&pair.private_key), &b->receiver),
         name);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        (void)snprintf(line, sizeof line, "%s %s", name, parts[i].what);
        measure(b, line, parts[i].run, seconds);
    }
    crypto_kem_key_free(b->receiver);
}

static void
measure_all(bench *b, double seconds)
{
    measure(b, "SHA-256, 1 KB", run_sha256, seconds);
    measure(b, "SHA-384, 1 KB", run_sha384, seconds);
    measure(b, "HKDF-SHA384 extract", run_extract, seconds);
    measure(b, "HKDF-SHA384 expand, 48 bytes", run_expand, seconds);
    measure(b, "AES-256-GCM seal, 1 KB", run_aes_seal, seconds);
    measure(b, "AES-256-GCM open, 1 KB", run_aes_open, seconds);
    measure(b, "ChaCha20-Poly1305 seal, 1 KB", run_chacha_seal, seconds);
    measure_sign(b, CRYPTO_ED25519, "Ed25519", seconds);
    measure_sign(b, CRYPTO_ECDSA_P256_SHA256, "ECDSA P-256", seconds);
    measure_sign(b, CRYPTO_ML_DSA_44, "ML-DSA-44", seconds);
    measure_kem(b, CRYPTO_KEM_X25519, "X25519", seconds);
    measure_kem(b, CRYPTO_KEM_P256, "P-256", seconds);
    measure_kem(b, CRYPTO_KEM_ML_KEM_768, "ML-KEM-768", seconds);
    measure_kem(b, CRYPTO_KEM_MLKEM768_X25519, "ML-KEM-768 + X25519", seconds);
    measure(b, "CPace start", run_pake_start, seconds);
    measure_vrf(b, seconds);
}

int
main(int argc, char **argv)
{
    static bench b;
    const unsigned long ms = argc > 1 ? strtoul(argv[1], NULL, 10) : 200;

    if (ms == 0 || argc > 2) {
        (void)fprintf(stderr, "usage: bench_crypto [MILLISECONDS]\n");
        return 2;
    }
    must(crypto_new(NULL, &b.c), "crypto_new");
    measure_all(&b, (double)ms / 1e3);
    kith_buf_done(&b.signature);
    kith_buf_done(&b.enc);
    kith_secret_done(&b.secret);
    crypto_free(b.c);
    return 0;
}
