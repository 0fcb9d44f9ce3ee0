/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Credentials: proofs of a label's greatest version that users send to each other, so that receiving asks the log nothing
 * [KEYTRANS §14]. Standard ones only: they rest on a distinguished entry that both sides have seen (kt_client_distinguished);
 * a version that is newer than that entry has none.
 */
#ifndef KITH_TRANSPARENCY_CREDENTIAL_H
#define KITH_TRANSPARENCY_CREDENTIAL_H

#include "transparency/log.h"

/* Appends the credential for the greatest version of the label in the entry at `position`, which must be a
 * distinguished one to be of use. About 2.2 KB for a value of 600 bytes among 10^6. NOT_FOUND: the label has no
 * version there. REJECTED: there is no such entry. */
KITH_API KITH_MUST_USE kith_err kt_log_credential(kt_log *log, kith_bytes label, uint64_t position,
                                                  kith_buf *out);

/* What a credential proves: the greatest version of a label in the entry at `position`. */
typedef struct kt_credential {
    kith_bytes label; /* this and the value: in the bytes that were checked */
    uint32_t version;
    kith_bytes value;
    uint64_t position;
} kt_credential;

/* Checks a credential against the distinguished entries that the user has learned of, and against nothing else: no state
 * changes, and none of these errors is a reason to ask the log [KEYTRANS §14]. NOT_FOUND: it rests on an entry that
 * is not among `heads`: it is older, newer, or of another log. MALFORMED: it does not parse. REJECTED: it proves nothing.
 * LIMIT: longer than KT_CREDENTIAL_MAX. UNSUPPORTED: a provisional one. */
KITH_API KITH_MUST_USE kith_err kt_credential_check(const kt_client *client, const kt_heads *heads,
                                                    kith_bytes bytes, kt_credential *out);

#endif
