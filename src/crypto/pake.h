/* SPDX-License-Identifier: MPL-2.0 */
/*
 * CPace over ristretto255 with SHA-512 (CPACE-RISTR255-SHA512) [CPACE]: two sides that share a short
 * code get a strong key; whoever does not know the code gets one guess per run and nothing to search
 * offline. One message in each direction, then a tag in each direction that confirms the key.
 */
#ifndef KITH_CRYPTO_PAKE_H
#define KITH_CRYPTO_PAKE_H

#include "crypto/context.h"

#define CRYPTO_PAKE_MESSAGE_LEN 32u /* Ya or Yb: an encoded group element */
#define CRYPTO_PAKE_KEY_LEN 64u /* ISK */
#define CRYPTO_PAKE_TAG_LEN 64u /* key confirmation: HMAC-SHA512 */

typedef enum crypto_pake_role {
    CRYPTO_PAKE_INITIATOR = 1,
    CRYPTO_PAKE_RESPONDER,
    CRYPTO_PAKE_SYMMETRIC, /* nobody speaks first; `ad` must then be unique to each side */
} crypto_pake_role;

/* Each at most CRYPTO_PAKE_INPUT_MAX bytes, each may be empty. `password`, `channel` and `session`
 * must be the same on both sides; `ad` is this side's and is known to the other side before finish. */
typedef struct crypto_pake_input {
    crypto_pake_role role;
    kith_bytes password; /* PRS */
    kith_bytes channel; /* CI: who talks to whom over what, initiator first */
    kith_bytes session; /* sid: fresh for each run */
    kith_bytes ad; /* ADa or ADb */
} crypto_pake_input;

/* One run on one side; holds the secret scalar until finish. Does not borrow what it was made of. */
typedef struct crypto_pake crypto_pake;

/* LIMIT: an input longer than CRYPTO_PAKE_INPUT_MAX. */
KITH_API KITH_MUST_USE kith_err crypto_pake_start(crypto *c, const crypto_pake_input *in,
                                                  const kith_rng *rng, crypto_pake **out);
KITH_API void crypto_pake_free(crypto_pake *pake);
/* The CRYPTO_PAKE_MESSAGE_LEN bytes to send; borrowed until the pake is freed. */
KITH_API kith_bytes crypto_pake_message(const crypto_pake *pake);

/* What a finished run gives. In place; wiped by done. */
typedef struct crypto_pake_result {
    kith_secret key; /* ISK; derive from it, do not use it as it is */
    uint8_t own_tag[CRYPTO_PAKE_TAG_LEN]; /* to be sent */
    uint8_t expected_tag[CRYPTO_PAKE_TAG_LEN]; /* what the other side must send */
} crypto_pake_result;
KITH_API void crypto_pake_result_done(crypto_pake_result *result);

/* Ends the run with the other side's message and ad. A different code is not noticed here but by
 * crypto_pake_confirm. MALFORMED: wrong length. REJECTED: no valid element, the neutral one, or (in
 * symmetric mode) our own message and ad come back to us. LIMIT: `peer_ad` too long. INVALID: finished
 * before. After success, MALFORMED or REJECTED the scalar is wiped and the run is over. */
KITH_API KITH_MUST_USE kith_err crypto_pake_finish(crypto *c, crypto_pake *pake,
                                                   kith_bytes peer_message, kith_bytes peer_ad,
                                                   crypto_pake_result *out);
/* REJECTED: the other side does not hold the same key: the code was wrong or someone is in between. */
KITH_API KITH_MUST_USE kith_err crypto_pake_confirm(const crypto_pake_result *result,
                                                    kith_bytes peer_tag);

#endif
