/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What MLS groups carry for Kith (docs/wire.md §7): the credential that ties a leaf to an account, and the
 * group-context extension that ties an epoch to the device lists of everybody in it.
 */
#ifndef KITH_PROTO_CREDENTIAL_H
#define KITH_PROTO_CREDENTIAL_H

#include "proto/list.h"

/* ---- Credential ---- */

/* The identity of a basic credential [RFC9420 §5.3]. Decoded, it borrows from the identity. */
typedef struct proto_credential {
    uint8_t account_id[PROTO_ID_LEN];
    kith_bytes account_key; /* 1..255 */
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    kith_bytes signature; /* 1..255, by account_key */
} proto_credential;

/* LIMIT: a vector is empty or too long. */
KITH_API KITH_MUST_USE kith_err proto_credential_encode(kith_buf *out, const proto_credential *in);
/* MALFORMED: does not parse. UNSUPPORTED: another format. */
KITH_API KITH_MUST_USE kith_err proto_credential_decode(kith_bytes identity, proto_credential *out);

/* Appends the identity for a leaf with the public key `leaf_key`, signed by the account key. */
KITH_API KITH_MUST_USE kith_err proto_credential_make(crypto *c, crypto_sign_key *account_key,
                                                      const uint8_t account_id[PROTO_ID_LEN],
                                                      kith_bytes leaf_key, kith_buf *out);

/* Whether the account key in it signed this leaf key. Says nothing of whose key that is.
 * REJECTED: it did not, or the device id is not the leaf key's. */
KITH_API KITH_MUST_USE kith_err proto_credential_verify(crypto *c, const proto_credential *in,
                                                        kith_bytes leaf_key);

/* Whether a leaf (identity and public key) is a device of `list`, the newest accepted list of its account.
 * Errors of proto_credential_decode. REJECTED: another account, wrong signature, or no device of the list
 * has that id and that key. The list decides, not the credential's account key: a leaf made before the account
 * key changed stays good for as long as the list has the device. */
KITH_API KITH_MUST_USE kith_err proto_leaf_check(crypto *c, kith_bytes identity,
                                                 kith_bytes leaf_key, const proto_list *list);

/* ---- Roster and the kith_conversation extension ---- */

/* One account of a conversation and the list that its leaves were checked against. */
typedef struct proto_roster_entry {
    uint8_t account_id[PROTO_ID_LEN];
    uint64_t version;
    uint8_t list_hash[PROTO_ID_LEN];
} proto_roster_entry;

/* Brings entries into the order that the functions below want. */
KITH_API void proto_roster_sort(proto_roster_entry *entries, size_t count);

/* `H("kith/1 roster" || for each account: account_id || version || list_hash)`. INVALID: not sorted by
 * account id, or one twice. LIMIT: more than PROTO_ROSTER_MAX. */
KITH_API KITH_MUST_USE kith_err proto_roster_digest(crypto *c, const proto_roster_entry *entries,
                                                    size_t count, uint8_t out[PROTO_ID_LEN]);

/* Type of the group-context extension. */
#define PROTO_CONVERSATION_EXTENSION 0xf0a1u

typedef enum proto_conversation_kind {
    PROTO_CONVERSATION_DIRECT = 0, /* two accounts */
    PROTO_CONVERSATION_GROUP = 1,
    PROTO_CONVERSATION_OWN = 2, /* the devices of one account */
} proto_conversation_kind;

/* The extension's data. Decoded, it borrows from it. */
typedef struct proto_conversation {
    uint8_t kind; /* a proto_conversation_kind */
    kith_bytes title; /* UTF-8, 0..PROTO_TITLE_MAX */
    kith_bytes
        versions; /* of each account's list, in order of account id; read with the functions below */
    uint8_t roster_digest[PROTO_ID_LEN];
} proto_conversation;

/* LIMIT: title or versions too long. MALFORMED: what decode would refuse. */
KITH_API KITH_MUST_USE kith_err proto_conversation_encode(kith_buf *out,
                                                          const proto_conversation *in);
/* MALFORMED: does not parse, a title that is not UTF-8, versions that are not whole numbers.
 * UNSUPPORTED: an unknown kind. */
KITH_API KITH_MUST_USE kith_err proto_conversation_decode(kith_bytes data, proto_conversation *out);

/* How many accounts `versions` speaks of, and the list version of the i-th by account id (i below that). */
KITH_API size_t proto_conversation_count(const proto_conversation *in);
KITH_API uint64_t proto_conversation_version(const proto_conversation *in, size_t i);

/* Who a conversation is to be made of. */
typedef struct proto_conversation_draft {
    proto_conversation_kind kind;
    kith_bytes title;
    const proto_roster_entry *entries; /* sorted */
    size_t count;
} proto_conversation_draft;

/* Appends the extension's data. Errors of encode and of proto_roster_digest. */
KITH_API KITH_MUST_USE kith_err proto_conversation_make(crypto *c,
                                                        const proto_conversation_draft *draft,
                                                        kith_buf *out);
/* Whether versions and digest are those of `entries` (sorted), the accounts and lists that the caller holds.
 * REJECTED: they are not. */
KITH_API KITH_MUST_USE kith_err proto_conversation_check(crypto *c, const proto_conversation *in,
                                                         const proto_roster_entry *entries,
                                                         size_t count);

#endif
