/* SPDX-License-Identifier: MPL-2.0 */
/* An account with keys that are always the same, and lists that may break one rule each. */
#ifndef KITH_TESTS_PROTO_ACCOUNT_H
#define KITH_TESTS_PROTO_ACCOUNT_H

#include "proto/proto.h"
#include "proto/wire.h"

enum { ACCOUNT_KEYS = 3, ACCOUNT_DEVICES = PROTO_DEVICES_MAX + 1 };

typedef struct account {
    crypto *c;
    crypto_sign_key *keys[ACCOUNT_KEYS]; /* account keys, one after the other */
    crypto_sign_key *device_keys[ACCOUNT_DEVICES];
    proto_device devices[ACCOUNT_DEVICES]; /* public parts, ids not filled in */
    uint8_t id[PROTO_ID_LEN]; /* of keys[0] */
} account;

void account_open(account *a);
void account_close(account *a);

/* A list by the front door: `count` devices from `first` on, signed by keys[key]. */
kith_buf account_list(account *a, size_t key, size_t first, size_t count);
/* The list after `previous`. `previous_key`: index of its account key. */
kith_buf account_next(account *a, const kith_buf *previous, size_t previous_key, size_t key,
                      size_t count);

/* A list field by field, then signed properly: what only a liar would make. */
typedef struct forgery {
    uint8_t format;
    uint8_t algorithm;
    uint8_t account_id[PROTO_ID_LEN];
    crypto_sign_key *account_key;
    uint64_t version;
    uint8_t previous_hash[PROTO_ID_LEN];
    proto_device devices[ACCOUNT_DEVICES]; /* as they are, in this order */
    size_t device_count;
    crypto_sign_key *signer;
    crypto_sign_key *rotation_signer; /* NULL: no rotation */
    size_t trailing; /* bytes behind the list */
} forgery;

/* What account_list or account_next would make, to be changed: version 1 when `previous` is NULL. */
forgery forgery_of(account *a, const kith_buf *previous, size_t count);
kith_buf forgery_make(account *a, const forgery *f);

#endif
