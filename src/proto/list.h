/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Accounts and their signed device lists (docs/wire.md §3): deriving ids, making a list, and the rules
 * by which a server and every device accept the first list of an account and each next one.
 */
#ifndef KITH_PROTO_LIST_H
#define KITH_PROTO_LIST_H

#include "crypto/crypto.h"
#include "proto/limits.h"
#include "proto/request.h"

/* The one signature algorithm of format 1. */
#define PROTO_ALGORITHM_ED25519 1u

/* `account_id = H(first account key)`; `device_id` = first 16 bytes of `H(device signature key)`. */
KITH_API KITH_MUST_USE kith_err proto_account_id(crypto *c, kith_bytes account_key,
                                                 uint8_t out[PROTO_ID_LEN]);
KITH_API KITH_MUST_USE kith_err proto_device_id(crypto *c, kith_bytes signature_key,
                                                uint8_t out[PROTO_DEVICE_ID_LEN]);

typedef struct proto_device {
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    uint8_t algorithm; /* PROTO_ALGORITHM_ED25519 */
    kith_bytes signature_key; /* borrowed; 32 bytes */
    uint64_t added_ms;
} proto_device;

/* A decoded SignedList; borrows from the bytes it was decoded from. About 2 KB. */
typedef struct proto_list {
    uint8_t account_id[PROTO_ID_LEN];
    kith_bytes account_key; /* 32 bytes */
    uint64_t version; /* 1.. */
    uint8_t previous_hash[PROTO_ID_LEN]; /* zeros in version 1 */
    uint64_t issued_ms;
    proto_device devices[PROTO_DEVICES_MAX]; /* sorted by device_id */
    size_t device_count; /* 1..PROTO_DEVICES_MAX */
    kith_bytes signature; /* by account_key */
    kith_bytes rotation; /* by the previous account_key, or empty */
    kith_bytes signed_part; /* the DeviceList, without the signatures */
} proto_list;

/* Reads the form only: nothing is believed yet. MALFORMED: does not parse, devices not strictly sorted,
 * none, a key of the wrong length, version 0. LIMIT: more than PROTO_DEVICES_MAX devices, or longer than
 * PROTO_LIST_BYTES_MAX. UNSUPPORTED: another format or algorithm. */
KITH_API KITH_MUST_USE kith_err proto_list_decode(kith_bytes bytes, proto_list *out);

/* `H(SignedList)`: what the next list names as its predecessor, and what a roster digest covers. */
KITH_API KITH_MUST_USE kith_err proto_list_hash(crypto *c, kith_bytes bytes,
                                                uint8_t out[PROTO_ID_LEN]);

/* What a new list is made of. */
typedef struct proto_list_draft {
    crypto_sign_key *account_key; /* signs; borrowed */
    crypto_sign_key
        *previous_key; /* borrowed; NULL unless the account key changes in this version */
    kith_bytes previous; /* SignedList before this one; empty: this is version 1 */
    const proto_device *devices; /* any order; device_id and algorithm are filled in by make */
    size_t device_count; /* 1..PROTO_DEVICES_MAX */
    uint64_t issued_ms;
} proto_list_draft;

/* Appends the SignedList. INVALID: no device, a device twice, a device key that is not 32 bytes, an
 * account key other than Ed25519, or previous_key given (or missing) although the account key does not
 * (or does) change. LIMIT: too many devices. Errors of proto_list_decode: `previous` is not a list. */
KITH_API KITH_MUST_USE kith_err proto_list_make(crypto *c, const proto_list_draft *draft,
                                                kith_buf *out);

/* Whether `bytes` are a good first list. `account_id` is the account they must be of, or NULL: of whichever
 * account they certify. Errors of proto_list_decode. REJECTED: version is not 1, a predecessor or a rotation
 * is named, the account id is not the hash of the account key (or not `account_id`), a device id is not
 * that of its key, or the signature is wrong. `*out` (may be NULL) borrows from `bytes`. */
KITH_API KITH_MUST_USE kith_err proto_list_check_first(crypto *c, kith_bytes bytes,
                                                       const uint8_t *account_id, proto_list *out);

/* Whether `next` may follow `previous`, which was accepted before. EXISTS: it is the same list; `*out` is
 * not written. Errors of proto_list_decode, of either. REJECTED: another account, not the next version,
 * another predecessor, a device id that is not that of its key, a wrong signature, or a rotation that is
 * missing, wrong or needless. `*out` (may be NULL) borrows from `next`. */
KITH_API KITH_MUST_USE kith_err proto_list_check_next(crypto *c, kith_bytes previous,
                                                      kith_bytes next, proto_list *out);

/* The device of that id, borrowed from the list; NULL: there is none. */
KITH_API const proto_device *proto_list_find(const proto_list *list,
                                             const uint8_t device_id[PROTO_DEVICE_ID_LEN]);

/* ---- Login ---- */

#define PROTO_EXPORTER_LEN 32u
/* Label of the TLS exporter [RFC8446 §7.5] that a login signs; no context. */
#define PROTO_EXPORTER_LABEL "EXPORTER-kith-login"

/* What a login signs: it holds for this connection, account and device only. */
typedef struct proto_login_claim {
    uint8_t exporter[PROTO_EXPORTER_LEN];
    uint8_t account_id[PROTO_ID_LEN];
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
} proto_login_claim;

/* Appends the signature for proto_login. */
KITH_API KITH_MUST_USE kith_err proto_login_sign(crypto *c, crypto_sign_key *device_key,
                                                 const proto_login_claim *claim, kith_buf *out);
/* `device` comes from the account's newest list. REJECTED: wrong signature, or another device's claim. */
KITH_API KITH_MUST_USE kith_err proto_login_verify(crypto *c, const proto_device *device,
                                                   const proto_login_claim *claim,
                                                   kith_bytes signature);

#endif
