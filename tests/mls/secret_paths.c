/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Members of a group whose secrets are undefined to valgrind's memcheck: it then reports each branch and each address that
 * depends on one. secret_paths.py runs this and reads what it reports.
 *
 * Everything secret begins with randomness, so the two functions that hand it out mark it. What is computed from a secret
 * and yet public is marked as defined again by the wrappers below, which the linker puts in front of the functions that
 * make it: they are the whole list of what we hold to be public.
 */
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"
#include "crypto/curve25519.h"
#include "crypto/kem_parts.h"
#include "crypto/sign_evp.h"
#include "mls/framing.h"
#include "mls/key_schedule.h"
#include "mls/party.h"

static void
mark_public(const void *data, size_t len)
{
    if (len > 0) {
        (void)VALGRIND_MAKE_MEM_DEFINED(data, len);
    }
}

static void
mark_secret(const void *data, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(data, len);
}

/* The original under its linker's name, and the wrapper that takes its place. */
#define WRAP(result, name, parameters)                                                             \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters

/* ---- Where secrets come from ---- */

WRAP(kith_err, kith_rng_fill, (const kith_rng *rng, uint8_t *out, size_t len))
{
    const kith_err err = __real_kith_rng_fill(rng, out, len);

    /* A single byte picks the reserved values that a leaf announces [RFC9420 §13.5]. */
    if (len > 1) {
        mark_secret(out, len);
    }
    return err;
}

WRAP(kith_err, kith_rng_secret, (const kith_rng *rng, size_t len, kith_secret *out))
{
    const kith_err err = __real_kith_rng_secret(rng, len, out);

    mark_secret(out->data, len);
    return err;
}

static kith_err
find_psk(void *ctx, const mls_psk_ref *ref, kith_secret *out)
{
    static const uint8_t psk[32] = "a secret that both of them know";

    (void)ctx;
    (void)ref;
    KITH_TRY(kith_secret_set(out, KITH_BYTES(psk)));
    mark_secret(out->data, out->len);
    return KITH_OK;
}

/* ---- What is public: whether two things are equal, once that was found out in constant time ---- */

WRAP(bool, kith_equal_ct, (kith_bytes a, kith_bytes b))
{
    bool equal = __real_kith_equal_ct(a, b);

    mark_public(&equal, sizeof equal);
    return equal;
}

/* That a shared secret is all zero, which the library finds out without a branch. */
WRAP(kith_err, x25519_shared,
     (crypto * c, const uint8_t *scalar, const uint8_t *public_key, uint8_t *out))
{
    kith_err err = __real_x25519_shared(c, scalar, public_key, out);

    mark_public(&err, sizeof err);
    return err;
}

/* ---- Public: public keys, encapsulations, signatures ---- */

WRAP(kith_err, dh_public, (crypto * c, crypto_dh_id id, kith_bytes private_key, uint8_t *out))
{
    const kith_err err = __real_dh_public(c, id, private_key, out);

    mark_public(out, crypto_dh_sizes_of(id).public_key);
    return err;
}

WRAP(kith_err, ml_key_of_seed,
     (crypto * c, const kem_row *row, const uint8_t *seed, uint8_t *public_key, ml_key *out))
{
    const kith_err err = __real_ml_key_of_seed(c, row, seed, public_key, out);

    mark_public(public_key, ml_public_len(row));
    return err;
}

WRAP(kith_err, ml_encap, (crypto_kem_key * key, const kith_rng *rng, uint8_t *secret, uint8_t *enc))
{
    const kith_err err = __real_ml_encap(key, rng, secret, enc);

    mark_public(enc, ml_enc_len(key->row));
    return err;
}

WRAP(kith_err, ed25519_load, (crypto * c, const uint8_t *seed, uint8_t *pair, evp_key *out))
{
    const kith_err err = __real_ed25519_load(c, seed, pair, out);

    mark_public(pair + ED25519_SEED_LEN, ED25519_PUBLIC_LEN);
    return err;
}

WRAP(kith_err, ed25519_sign, (evp_key * evp, const uint8_t *pair, kith_bytes message, uint8_t *out))
{
    const kith_err err = __real_ed25519_sign(evp, pair, message, out);

    mark_public(out, ED25519_SIGNATURE_LEN);
    return err;
}

/* ---- Public: ciphertexts, and what others may know of a plaintext ---- */

WRAP(kith_err, crypto_aead_seal,
     (crypto * c, const crypto_aead *in, kith_bytes plaintext, kith_buf *out))
{
    const size_t before = out->len;
    const kith_err err = __real_crypto_aead_seal(c, in, plaintext, out);

    mark_public(out->data + before, out->len - before);
    return err;
}

/* Sender data, group infos and messages: a member that reads one acts on what it says. */
WRAP(kith_err, crypto_aead_open,
     (crypto * c, const crypto_aead *in, kith_bytes ciphertext, kith_buf *out))
{
    const size_t before = out->len;
    const kith_err err = __real_crypto_aead_open(c, in, ciphertext, out);

    mark_public(out->data + before, out->len - before);
    return err;
}

/* The structure of GroupSecrets [RFC9420 §12.4.3.1], not the secrets in it. A path secret has none. */
static void
mark_group_secrets(uint8_t *data, size_t len)
{
    uint8_t copy[2 * KITH_SECRET_MAX] = {0};
    size_t at = 0;

    if (len == CRYPTO_HASH_MAX || len == 32 || len == 48) {
        return;
    }
    const size_t kept = len < sizeof copy ? len : sizeof copy;
    mark_public(data, len);
    memcpy(copy, data, kept);
    mark_secret(data + 1, copy[0]); /* joiner_secret */
    at = 1u + copy[0];
    if (at + 1 < kept && copy[at] == 1) {
        mark_secret(data + at + 2, copy[at + 1]); /* path_secret */
    }
}

WRAP(kith_err, crypto_hpke_open,
     (crypto * c, const crypto_hpke *in, kith_bytes kem_output, crypto_hpke_text message,
      kith_buf *out))
{
    const size_t before = out->len;
    const kith_err err = __real_crypto_hpke_open(c, in, kem_output, message, out);

    mark_group_secrets(out->data + before, out->len - before);
    return err;
}

WRAP(kith_err, mls_confirmation_tag,
     (mls_tools tools, const mls_secrets *secrets, kith_bytes confirmed, mls_hash *out))
{
    const kith_err err = __real_mls_confirmation_tag(tools, secrets, confirmed, out);

    mark_public(out, sizeof *out);
    return err;
}

WRAP(kith_err, mls_membership_tag,
     (mls_tools tools, kith_bytes membership_key, const mls_signed_content *in, kith_bytes auth,
      mls_hash *out))
{
    const kith_err err = __real_mls_membership_tag(tools, membership_key, in, auth, out);

    mark_public(out, sizeof *out);
    return err;
}

/* ---- The life of a group ---- */

static void
live(uint16_t suite, bool public_handshakes)
{
    static cast c;
    KITH_AUTO(kith_secret) exported = {0};
    const mls_proposal_params psk = {.type = MLS_PROPOSAL_PSK,
                                     .psk = {.psk_id = kith_bytes_of_text("psk")}};
    const mls_commit_params with_psk = {.proposals = &psk, .proposal_count = 1, .now_s = NOW_S};

    cast_open(&c, suite, 3, 1);
    c.public_handshakes = public_handshakes;
    for (size_t i = 0; i < c.count; i++) {
        c.party[i].env.find_psk = find_psk;
    }
    party_found(&c, 0);
    cast_add(&c, 0, 1);
    cast_add(&c, 1, 2);
    cast_say(&c, 0, "first");
    cast_commit(&c, 2, NULL, NULL, 0);
    cast_say(&c, 1, "second");
    cast_commit(&c, 0, &with_psk, NULL, 0);
    cast_remove(&c, 0, 1);
    cast_say(&c, 2, "third");
    if (mls_epoch_export(mls_group_epoch(c.party[0].group), "label", kith_bytes_of_text("context"),
                         32, &exported) != KITH_OK) {
        abort();
    }
    cast_close(&c);
}

/* What must be reported: a branch on a secret, and an address made of one. */
static int
leak(void)
{
    static const uint8_t table[256] = {1};
    volatile uint8_t sink = 0;
    kith_secret secret = {0};

    if (__wrap_kith_rng_secret(crypto_rng(), 1, &secret) == KITH_OK && secret.data[0] > 100) {
        sink = table[secret.data[0]];
    }
    return sink > 1;
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "leak") == 0) {
        return leak();
    }
    live(MLS_SUITE_X25519_AES128_ED25519, false);
    live(MLS_SUITE_X25519_AES128_ED25519, true);
    live(MLS_SUITE_PQ, false);
    return 0;
}
