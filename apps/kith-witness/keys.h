/* SPDX-License-Identifier: MPL-2.0 */
/* The keys of a witness: Ed25519 and ML-DSA-44 under one name, from one file that is made at the first start. */
#ifndef KITH_WITNESS_KEYS_H
#define KITH_WITNESS_KEYS_H

#include "config.h"
#include "crypto/crypto.h"

#define KEYS_COUNT 2u

typedef struct keys {
    kt_note_key public_keys[KEYS_COUNT];
    crypto_sign_key *sign[KEYS_COUNT];
} keys;

/* False after a complaint. The folder must exist. */
bool keys_open(crypto *c, const witness_config *config, keys *out);
void keys_done(keys *k);

/* Makes the folder and takes its lock; -1 after a complaint, with the exit status in `*status`. */
int folder_lock(const witness_config *config, int *status);

#endif
