/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Signed notes [C2SP-NOTE]: a text and signature lines below it, and the keys that sign. Nothing in a note is
 * believed before a known key's signature was checked; signatures of other keys are passed over.
 */
#ifndef KITH_TRANSPARENCY_NOTE_H
#define KITH_TRANSPARENCY_NOTE_H

#include "transparency/types.h"

/* The signature types that are known here; the numbers are those of the specification. */
typedef enum kt_note_type {
    KT_NOTE_ED25519 = 0x01, /* of logs, over the text */
    KT_COSIGN_ED25519 = 0x04, /* of witnesses, with the time [C2SP-COSIGNATURE] */
    KT_COSIGN_ML_DSA_44 = 0x06,
} kt_note_type;

/* Bytes of the longest public key and signature of these types. */
#define KT_NOTE_PUBLIC_MAX 1312u
#define KT_NOTE_SIGNATURE_MAX (8u + 2420u)

/* A public key and the name it signs under. In place; no secret. */
typedef struct kt_note_key {
    kt_note_type type;
    uint32_t id; /* what a signature line names beside the name */
    uint8_t name_len; /* 1..KT_NOTE_NAME_MAX */
    char name[KT_NOTE_NAME_MAX];
    uint16_t public_len;
    uint8_t public_key[KT_NOTE_PUBLIC_MAX];
} kt_note_key;

/* MALFORMED: a name that may not be one, or a public key of another length than the type's. LIMIT: the name is
 * too long. UNSUPPORTED: the type. */
KITH_API KITH_MUST_USE kith_err kt_note_key_make(crypto *c, kt_note_type type, kith_bytes name,
                                                 kith_bytes public_key, kt_note_key *out);
/* The text form NAME+ID+KEY ("vkey"). Errors of make; MALFORMED: it is none, or the id is not the one that
 * belongs to name and key. Encoding appends it. */
KITH_API KITH_MUST_USE kith_err kt_note_key_decode(crypto *c, kith_bytes text, kt_note_key *out);
KITH_API KITH_MUST_USE kith_err kt_note_key_encode(const kt_note_key *key, kith_buf *out);
KITH_API kith_bytes kt_note_key_name(const kt_note_key *key);
KITH_API bool kt_note_key_equal(const kt_note_key *a, const kt_note_key *b);

/* A note in its parts, borrowed. */
typedef struct kt_note {
    kith_bytes text; /* with the newline at its end */
    kith_bytes lines; /* the signature lines: each is well formed */
} kt_note;

/* MALFORMED: not a note. LIMIT: longer than KT_NOTE_MAX, or more signatures than KT_NOTE_SIGNATURES_MAX. */
KITH_API KITH_MUST_USE kith_err kt_note_decode(kith_bytes bytes, kt_note *out);
/* Signature lines alone, one at least, as a witness answers. Errors of kt_note_decode. */
KITH_API KITH_MUST_USE kith_err kt_note_lines_check(kith_bytes lines);

/* One signature line. */
typedef struct kt_note_line {
    kith_bytes name;
    uint32_t id;
    kith_bytes base64; /* of the id and the signature */
    kith_bytes whole; /* with its newline */
} kt_note_line;
/* The next line of checked ones. MALFORMED: it is none. */
KITH_API KITH_MUST_USE kith_err kt_note_line_read(kith_reader *r, kt_note_line *out);
KITH_API bool kt_note_line_is_of(const kt_note_line *line, const kt_note_key *key);

/* Whether the key, of type KT_NOTE_ED25519, signed the note. NOT_FOUND: it did not. REJECTED: a line says so, and
 * the signature is not good: the whole note is to be dropped. UNSUPPORTED: a key of another type. */
KITH_API KITH_MUST_USE kith_err kt_note_verify(crypto *c, const kt_note *note,
                                               const kt_note_key *key);

/* Who signs: a public key and the private one that belongs to it. */
typedef struct kt_signer {
    const kt_note_key *key;
    crypto_sign_key *sign; /* Ed25519 or ML-DSA-44, as the type of the key says */
} kt_signer;

/* ---- For checkpoints ---- */

/* Appends what the signature of `key` made at `time_s` is over. */
typedef struct kt_note_claim {
    kith_err (*write)(const void *ctx, const kt_note_key *key, uint64_t time_s, kith_buf *out);
    const void *ctx;
} kt_note_claim;
/* As kt_note_verify for all types; `*time_s` is that of the newest good signature, 0 without one. */
KITH_MUST_USE kith_err kt_note_check(crypto *c, kith_bytes lines, const kt_note_key *key,
                                     const kt_note_claim *claim, uint64_t *time_s);
/* Appends a signature line. INVALID: `sign` is not the private key of `key`. */
KITH_MUST_USE kith_err kt_note_sign(crypto *c, const kt_signer *signer, const kt_note_claim *claim,
                                    uint64_t time_s, kith_buf *out);

#endif
