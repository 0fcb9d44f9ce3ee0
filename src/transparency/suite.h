/* SPDX-License-Identifier: MPL-2.0 */
/* The two cipher suites [KEYTRANS §17.1]: what signs and evaluates, and how long that is. Everything else they share. */
#ifndef KITH_TRANSPARENCY_SUITE_H
#define KITH_TRANSPARENCY_SUITE_H

#include "transparency/log.h"

typedef struct kt_suite_row {
    uint16_t id; /* in the registry */
    crypto_sign_id sign;
    size_t signature_key_len;
    size_t vrf_key_len;
    size_t proof_len; /* VRF.Np */
} kt_suite_row;

bool kt_suite_is_known(const kt_config *config);
/* The row of a suite that is known. */
const kt_suite_row *kt_suite_row_of(const kt_config *config);
/* NULL: no such suite. */
const kt_suite_row *kt_suite_row_find(uint16_t id, kt_suite *out);

/* Signs with a key of the suite, in its encoding: KT_SIGNATURE_LEN bytes. INVALID: another kind of key. */
KITH_MUST_USE kith_err kt_suite_sign(crypto *c, const kt_config *config, crypto_sign_key *key,
                                     kith_bytes message, uint8_t out[KT_SIGNATURE_LEN]);
/* REJECTED: no signature of the message with that key of the configuration. MALFORMED: no key. */
KITH_MUST_USE kith_err kt_suite_verify(crypto *c, const kt_config *config, kith_bytes key,
                                       kith_bytes message, kith_bytes signature);

/* The search key that a proof claims, unchecked: crypto_vrf_peek. */
KITH_MUST_USE kith_err kt_suite_peek(crypto *c, const kt_config *config, kith_bytes proof,
                                     kt_hash *out);

/* Whether the log has the VRF key of its configuration. */
bool kt_suite_has_vrf(const kt_log_setup *setup);
/* The search key of an input and, unless `proof` is NULL, its proof of row->proof_len bytes. */
KITH_MUST_USE kith_err kt_suite_evaluate(crypto *c, const kt_log_setup *setup, kith_bytes input,
                                         kt_hash *key, uint8_t *proof);

#endif
