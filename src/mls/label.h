/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Labelled operations [RFC9420 §5.1, §5.2, §8, §9.1]: each use of a key names itself, so that nothing made for
 * one purpose can serve another. Labels are given without their "MLS 1.0 " prefix, except for references.
 */
#ifndef KITH_MLS_LABEL_H
#define KITH_MLS_LABEL_H

#include "mls/suite.h"

/* Longest label in bytes, the prefix not counted. */
#define MLS_LABEL_MAX 200u

typedef struct mls_expand {
    kith_bytes secret;
    const char *label;
    kith_bytes context;
    size_t len; /* of the output */
} mls_expand;

/* ExpandWithLabel [RFC9420 §8]. `out` may be where `secret` points into. LIMIT: len above
 * KITH_SECRET_MAX, label too long. */
KITH_MUST_USE kith_err mls_expand_with_label(mls_tools tools, const mls_expand *in,
                                             kith_secret *out);
/* DeriveSecret [RFC9420 §8]. */
KITH_MUST_USE kith_err mls_derive_secret(mls_tools tools, kith_bytes secret, const char *label,
                                         kith_secret *out);

typedef struct mls_tree_step {
    kith_bytes secret;
    const char *label;
    uint32_t generation;
    size_t len;
} mls_tree_step;
/* DeriveTreeSecret [RFC9420 §9.1]. */
KITH_MUST_USE kith_err mls_derive_tree_secret(mls_tools tools, const mls_tree_step *in,
                                              kith_secret *out);

/* SignWithLabel [RFC9420 §5.1.2]: appends the signature over the concatenation of `content`. */
KITH_MUST_USE kith_err mls_sign_with_label(mls_tools tools, crypto_sign_key *key, const char *label,
                                           crypto_parts content, kith_buf *out);
/* VerifyWithLabel; MALFORMED: the key is none; REJECTED: the signature is not right. */
KITH_MUST_USE kith_err mls_verify_with_label(mls_tools tools, kith_bytes public_key,
                                             const char *label, crypto_parts content,
                                             kith_bytes signature);
/* Both with a label that is not text. */
KITH_MUST_USE kith_err mls_sign_labelled(mls_tools tools, crypto_sign_key *key, kith_bytes label,
                                         crypto_parts content, kith_buf *out);
KITH_MUST_USE kith_err mls_verify_labelled(mls_tools tools, kith_bytes public_key, kith_bytes label,
                                           crypto_parts content, kith_bytes signature);
/* The same with a key that was parsed before. */
KITH_MUST_USE kith_err mls_verify_with_key(mls_tools tools, crypto_verify_key *key,
                                           const char *label, crypto_parts content,
                                           kith_bytes signature);

typedef struct mls_seal {
    kith_bytes key; /* public to encrypt, private to decrypt */
    const char *label; /* NULL: `component_label` stands for it */
    kith_bytes component_label;
    kith_bytes context;
    kith_bytes info_hash; /* encrypt only; not empty: stands for label and context */
    kith_bytes kem_output; /* decrypt only */
    kith_bytes text; /* plaintext, or ciphertext */
} mls_seal;
/* Hashes label and context of `in` once, for encrypting to many. */
KITH_MUST_USE kith_err mls_seal_prepare(mls_tools tools, const mls_seal *in,
                                        kith_secret *info_hash);
/* EncryptWithLabel [RFC9420 §5.1.3]. */
KITH_MUST_USE kith_err mls_encrypt_with_label(mls_tools tools, const kith_rng *rng,
                                              const mls_seal *in, crypto_hpke_sealed *out);
/* DecryptWithLabel; appends the plaintext. REJECTED: does not open. */
KITH_MUST_USE kith_err mls_decrypt_with_label(mls_tools tools, const mls_seal *in, kith_buf *out);

/* RefHash [RFC9420 §5.2] with the whole label, into the suite's hash length at `out`. */
KITH_MUST_USE kith_err mls_ref_hash(mls_tools tools, const char *label, kith_bytes value,
                                    uint8_t *out);

#endif
