/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Third-party auditing [KEYTRANS §15.2]: the log tells an auditor of each entry, the auditor checks that it only added
 * to the prefix tree and that time did not go back, and signs. What an auditor retains is plain bytes to its caller, to be
 * kept in the same transaction as what it signs.
 *
 * A log of this library removes nothing, so an update that removes leaves is refused.
 */
#ifndef KITH_TRANSPARENCY_AUDIT_H
#define KITH_TRANSPARENCY_AUDIT_H

#include "transparency/log.h"

/* Appends the AuditorUpdate of the entry at `position`. REJECTED: there is no such entry. LIMIT: it added more than
 * KT_PROOF_ITEMS_MAX versions; a log with an auditor must not. */
KITH_API KITH_MUST_USE kith_err kt_log_audit(const kt_log *log, uint64_t position, kith_buf *out);

/* What an auditor retains of a log. All zero: nothing was seen. */
typedef struct kt_audit {
    uint64_t size;
    uint64_t timestamp; /* of the last entry */
    kt_hash prefix_root; /* of the last entry */
    kt_hash subtrees[KT_PATH_MAX]; /* full ones of the log tree, from left to right */
} kt_audit;
KITH_API KITH_MUST_USE kith_err kt_audit_encode(const kt_audit *audit, kith_buf *out);
/* MALFORMED: not an encoding. UNSUPPORTED: another form of it. */
KITH_API KITH_MUST_USE kith_err kt_audit_decode(kith_reader *r, kt_audit *out);

/* Checks the next entry and adds it. MALFORMED: it does not parse. REJECTED: it is not an honest next entry: stop
 * signing, and alarm. UNSUPPORTED: it removes leaves. LIMIT: KT_SIZE_MAX. `audit` changes on success only. */
KITH_API KITH_MUST_USE kith_err kt_audit_apply(crypto *c, kith_bytes update, kt_audit *audit);

/* The root of the log tree that was checked. NOT_FOUND: nothing was. */
KITH_API KITH_MUST_USE kith_err kt_audit_root(crypto *c, const kt_audit *audit, kt_hash *out);

/* Signs what was checked with the auditor's key, the one of `config`. `out->signature` borrows from `signature`, to which
 * it is appended. NOT_FOUND: nothing was checked. INVALID: another mode or key. */
typedef struct kt_audit_signer {
    crypto *crypto;
    const kt_config *config; /* of the log */
    crypto_sign_key *sign;
} kt_audit_signer;
KITH_API KITH_MUST_USE kith_err kt_audit_sign(const kt_audit_signer *signer, const kt_audit *audit,
                                              kith_buf *signature, kt_auditor_head *out);

#endif
