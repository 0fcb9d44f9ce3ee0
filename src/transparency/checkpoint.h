/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Checkpoints [C2SP-CHECKPOINT]: the origin, size and root of a log as a signed note; cosignatures of witnesses
 * on them [C2SP-COSIGNATURE]; and how many of its witnesses a user demands.
 */
#ifndef KITH_TRANSPARENCY_CHECKPOINT_H
#define KITH_TRANSPARENCY_CHECKPOINT_H

#include "transparency/note.h"

/* A checkpoint in its parts, borrowed. Nothing of it is believed before a signature was checked. */
typedef struct kt_checkpoint {
    kith_bytes origin; /* 1..KT_NOTE_NAME_MAX bytes */
    uint64_t size; /* at most 2^63 - 1 */
    kt_hash root;
    kt_note note; /* `lines` is empty when only the text was read */
} kt_checkpoint;

/* The whole note. MALFORMED: not a checkpoint. LIMIT: of the note, or the origin is too long. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_decode(kith_bytes bytes, kt_checkpoint *out);
/* The text above the signatures alone. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_text_decode(kith_bytes text, kt_checkpoint *out);
/* Appends the text, without extension lines. MALFORMED, LIMIT: the origin. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_text_write(kith_bytes origin, uint64_t size,
                                                         const kt_hash *root, kith_buf *out);

/* Whether the key signed (KT_NOTE_ED25519) or cosigned it; `*time_s`, if not NULL, is when, in seconds since 1970,
 * or 0 if the signature does not say. NOT_FOUND: it did not. REJECTED: a line says so, and the signature is not
 * good: the whole checkpoint is to be dropped. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_verify(crypto *c, const kt_checkpoint *checkpoint,
                                                     const kt_note_key *key, uint64_t *time_s);
/* The same for signature lines that came apart from the text; what `checkpoint` has of lines is not looked at.
 * MALFORMED, LIMIT: they are none. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_lines_verify(crypto *c,
                                                           const kt_checkpoint *checkpoint,
                                                           kith_bytes lines, const kt_note_key *key,
                                                           uint64_t *time_s);
/* Appends a signature line. A cosigner says by it that at `time_s`, above 0, this was the largest tree of this
 * origin it had seen, and that it extends all others: whoever calls this has made sure, durably. INVALID: the keys
 * do not belong together, or the time is out of range. */
KITH_API KITH_MUST_USE kith_err kt_checkpoint_sign(crypto *c, const kt_signer *signer,
                                                   const kt_checkpoint *checkpoint, uint64_t time_s,
                                                   kith_buf *out);

/* What a user demands of a checkpoint before believing it. */
typedef struct kt_quorum {
    kith_bytes origin;
    const kt_note_key *log; /* of the log, KT_NOTE_ED25519 */
    const kt_note_key *witnesses; /* keys of one name are one witness; at most KT_QUORUM_MAX */
    size_t witness_count;
    size_t needed; /* of how many witnesses cosignatures are demanded */
} kt_quorum;
/* OK: the log signed it, and at least `needed` witnesses cosigned; `*count` (may be NULL) is how many did.
 * NOT_FOUND: too few did, ask again later. REJECTED: another origin, not signed by the log, or a signature of one of
 * these keys that is not good. INVALID: more witnesses are needed than there are, or more than KT_QUORUM_MAX keys. */
KITH_API KITH_MUST_USE kith_err kt_quorum_check(crypto *c, const kt_quorum *quorum,
                                                const kt_checkpoint *checkpoint, size_t *count);

#endif
