/* SPDX-License-Identifier: MPL-2.0 */
/* Hybrid public key encryption [RFC9180], modes base and psk, with the KEMs and one-stage KDFs of
 * [HPKE-PQ]. */
#ifndef KITH_CRYPTO_HPKE_H
#define KITH_CRYPTO_HPKE_H

#include "crypto/aead.h"
#include "crypto/kem.h"

/* The numbers are those of HPKE's registry [RFC9180 §7.2] [HPKE-PQ §5]. */
typedef enum crypto_kdf_id {
    CRYPTO_HKDF_SHA256 = 0x0001,
    CRYPTO_HKDF_SHA384 = 0x0002,
    CRYPTO_HKDF_SHA512 = 0x0003,
    CRYPTO_KDF_SHAKE128 = 0x0010,
    CRYPTO_KDF_SHAKE256 = 0x0011,
} crypto_kdf_id;

typedef struct crypto_hpke_suite {
    crypto_kem_id kem;
    crypto_kdf_id kdf;
    crypto_aead_id aead;
} crypto_hpke_suite;

/* What both sides put in. `key` is the receiver's raw key: public for sending, private for receiving;
 * or `parsed`, when not NULL, is used instead of it and must be of suite.kem. A psk of zero length is
 * mode_base; else mode_psk, and then psk_id may not be empty and psk holds at least 32 bytes
 * [RFC9180 §5.1.2]. */
typedef struct crypto_hpke {
    crypto_hpke_suite suite;
    kith_bytes key;
    crypto_kem_key *parsed;
    kith_bytes info;
    kith_bytes info_hash; /* not empty: stands for `info`, see crypto_hpke_info_hash */
    kith_bytes psk;
    kith_bytes psk_id;
} crypto_hpke;

/* What the key schedule makes of `info` [RFC9180 §5.1], for a long one that is sent to many: then it is
 * hashed once. UNSUPPORTED: the suite's KDF is one-stage or unknown. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_info_hash(crypto *c, crypto_hpke_suite suite,
                                                      kith_bytes info, kith_secret *out);

/* One direction of messages from one setup. In place; wiped by done. */
typedef struct crypto_hpke_context {
    crypto_hpke_suite suite;
    kith_secret key;
    kith_secret base_nonce;
    kith_secret exporter;
    uint64_t sequence; /* number of the next message */
} crypto_hpke_context;
KITH_API void crypto_hpke_context_done(crypto_hpke_context *ctx);

/* SetupBaseS or SetupPSKS: appends enc to `kem_output`, replaces `*ctx`. MALFORMED, REJECTED: the
 * public key is none, see crypto_kem_key_of_public and crypto_kem_encap. INVALID: psk rules above. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_setup_send(crypto *c, const crypto_hpke *in,
                                                       const kith_rng *rng, kith_buf *kem_output,
                                                       crypto_hpke_context *ctx);
/* SetupBaseR or SetupPSKR: replaces `*ctx`. MALFORMED, REJECTED: see crypto_kem_decap. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_setup_receive(crypto *c, const crypto_hpke *in,
                                                          kith_bytes kem_output,
                                                          crypto_hpke_context *ctx);

/* The next message of the context. The sequence number moves on success only. REJECTED: does not open.
 * UNSUPPORTED: an export-only suite. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_context_seal(crypto *c, crypto_hpke_context *ctx,
                                                         kith_bytes aad, kith_bytes plaintext,
                                                         kith_buf *out);
KITH_API KITH_MUST_USE kith_err crypto_hpke_context_open(crypto *c, crypto_hpke_context *ctx,
                                                         kith_bytes aad, kith_bytes ciphertext,
                                                         kith_buf *out);
/* Context.Export [RFC9180 §5.3]. LIMIT: `len` above KITH_SECRET_MAX. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_export(crypto *c, const crypto_hpke_context *ctx,
                                                   kith_bytes exporter_context, size_t len,
                                                   kith_secret *out);

/* What a single-shot seal makes; MLS calls it HPKECiphertext. All zero is empty. */
typedef struct crypto_hpke_sealed {
    kith_buf kem_output;
    kith_buf ciphertext;
} crypto_hpke_sealed;
KITH_API void crypto_hpke_sealed_done(crypto_hpke_sealed *sealed);

/* One message [RFC9180 §6.1]. */
typedef struct crypto_hpke_text {
    kith_bytes aad;
    kith_bytes text; /* plaintext for seal, ciphertext for open */
} crypto_hpke_text;

/* Appends to both buffers of `out`. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_seal(crypto *c, const crypto_hpke *in,
                                                 const kith_rng *rng, crypto_hpke_text message,
                                                 crypto_hpke_sealed *out);
/* Appends the plaintext. REJECTED: does not open. */
KITH_API KITH_MUST_USE kith_err crypto_hpke_open(crypto *c, const crypto_hpke *in,
                                                 kith_bytes kem_output, crypto_hpke_text message,
                                                 kith_buf *out);

#endif
