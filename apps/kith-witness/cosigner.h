/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a witness has cosigned, and the one place where it cosigns. For each log there is one file; what stands in it is on the
 * disk before a cosignature leaves this file, so that no crash makes the witness forget what it said [C2SP-WITNESS].
 * All functions may be called from any thread: one request is judged at a time.
 */
#ifndef KITH_WITNESS_COSIGNER_H
#define KITH_WITNESS_COSIGNER_H

#include "keys.h"

typedef struct cosigner cosigner;

/* Reads the state of all logs of the configuration, which is borrowed. NULL after a complaint: a state that cannot be read is
 * never taken for none. */
cosigner *cosigner_open(const witness_config *config);
void cosigner_free(cosigner *w);
/* Until it is freed. */
const keys *cosigner_keys(const cosigner *w);

/* A request by HTTP. `*out` is what to answer; the body is appended: signature lines, or the size that was cosigned last.
 * Errors: NO_MEMORY, CRYPTO, STORE: nothing was cosigned, and the witness is as it was. */
KITH_MUST_USE kith_err cosigner_add(cosigner *w, kith_bytes request, kt_verdict *out,
                                    kith_buf *body);
/* The last cosigned checkpoint of the origin whose SHA-256 is `hash`; appended. NOT_FOUND. */
KITH_MUST_USE kith_err cosigner_get(cosigner *w, const uint8_t hash[CRYPTO_SHA256_LEN],
                                    kith_buf *out);

/* The state of a followed log, which begins to be known by this: `*view` is where to go on. MALFORMED: its file is damaged. LIMIT:
 * more than CONFIG_SERVERS_MAX * COSIGNER_GENERATIONS_MAX of them. */
#define COSIGNER_GENERATIONS_MAX 16u
KITH_MUST_USE kith_err cosigner_begin(cosigner *w, const kt_note_key *log, kt_bridge_view *view);
/* Cosigns a checkpoint whose entries were all added to `view`, which grew out of what cosigner_begin gave; appends the lines.
 * REJECTED: it is not signed by the log, or not the tree of the view, or the view is older than what was cosigned. Errors of
 * cosigner_add. */
KITH_MUST_USE kith_err cosigner_follow(cosigner *w, const kt_note_key *log,
                                       const kt_bridge_view *view, kith_bytes checkpoint,
                                       kith_buf *lines);

#endif
