/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A message: text, reaction, edit, unsend, report or control, in the container of MIMI content
 * [MIMI-CONTENT §4], deterministic CBOR [RFC8949 §4.2.1].
 *
 * What Kith does with it:
 *   text      disposition render, a single part of text/plain;charset=utf-8 or text/markdown
 *   reply     a text with `in_reply_to`
 *   reaction  disposition reaction, a single part of text/plain;charset=utf-8, with `in_reply_to`
 *   edit      a text with `replaces`: the id of the *first* version
 *   unsend    no part, with `replaces`; taking back a reaction is unsending it
 *   report    a single part of application/mimi-message-status, see report.h
 *   control   a single part of application/vnd.kith.control, see control.h
 * Whether the sender may edit or unsend a message is for the reader of it to decide: only its author may.
 *
 * Any of them may carry a head of the directory's log, in the extension "kith-head" (docs/wire.md §8).
 *
 * Not sent by Kith: extensions 1 and 2 (sender and room): MLS says both, and the message id covers both.
 */
#ifndef KITH_CONTENT_MESSAGE_H
#define KITH_CONTENT_MESSAGE_H

#include "content/limits.h"
#include "crypto/crypto.h"

#define CONTENT_ID_LEN 32u
#define CONTENT_SALT_LEN 16u

typedef enum content_kind {
    CONTENT_TEXT = 1, /* `body` is UTF-8 */
    CONTENT_REACTION, /* `body` is UTF-8 */
    CONTENT_UNSEND, /* no body */
    CONTENT_REPORT, /* `body` for content_report_decode */
    CONTENT_CONTROL, /* `body` for content_control_decode */
    CONTENT_OTHER, /* well-formed, but nothing that this build can show; decoded only */
} content_kind;

typedef enum content_expiry {
    CONTENT_EXPIRY_NONE = 0,
    CONTENT_EXPIRY_AFTER_READING, /* `expires` seconds after it was read */
    CONTENT_EXPIRY_AT, /* `expires` is seconds since 1970 */
} content_expiry;

#define CONTENT_HEAD_ROOT_LEN 32u
#define CONTENT_HEAD_SIGNATURE_LEN 64u

/* The newest head of the directory's log that the sender knows (docs/wire.md §10). The signature is for the reader
 * to verify. */
typedef struct content_head {
    uint64_t size; /* entries of the log; 0: no head is said, and the rest is of no meaning */
    uint8_t root[CONTENT_HEAD_ROOT_LEN];
    uint8_t signature[CONTENT_HEAD_SIGNATURE_LEN];
} content_head;

/* What a message says. Decoded, it borrows from the bytes. All zero but kind and salt is a good start. */
typedef struct content_message {
    content_kind kind;
    uint8_t salt[CONTENT_SALT_LEN]; /* random: 128 bits that make the id unique */
    bool has_replaces; /* required of UNSEND, allowed of TEXT */
    uint8_t replaces[CONTENT_ID_LEN];
    bool has_reply; /* required of REACTION, allowed of TEXT */
    uint8_t in_reply_to[CONTENT_ID_LEN];
    kith_bytes topic; /* 0..CONTENT_TOPIC_MAX; empty: none */
    content_expiry expiry;
    uint32_t expires; /* 0 when expiry is NONE */
    content_head head; /* of any kind of message */
    kith_bytes language; /* UTF-8, 0..CONTENT_LANGUAGE_MAX; of the part shown */
    bool
        markdown; /* TEXT only: GitHub-flavoured Markdown without HTML; may be shown as plain text */
    kith_bytes body; /* text: 1..CONTENT_TEXT_MAX; reaction: 1..CONTENT_REACTION_MAX */
} content_message;

/* Appends the message. LIMIT: a text, reaction, or the whole longer than its limit. INVALID: a kind that
 * cannot be encoded, a field that the kind requires is missing or that it forbids is set. MALFORMED: not
 * UTF-8. NO_MEMORY. The buffer is unchanged on error. */
KITH_API KITH_MUST_USE kith_err content_message_encode(kith_buf *out, const content_message *in);

/* Reads a whole message. Of several parts the first one that this build understands is taken, of parts that
 * belong together (singleUnit) none; then, and when a reaction or unsending says not of what, `kind` is OTHER.
 * Unknown extensions are skipped. MALFORMED: no deterministic CBOR of that form, not UTF-8 where it must be, or a
 * head of another form.
 * LIMIT: larger, deeper or more than a limit. Allocates nothing. */
KITH_API KITH_MUST_USE kith_err content_message_decode(kith_bytes bytes, content_message *out);

/* The id of a message [MIMI-CONTENT §3.3]: 0x01 and the first 31 bytes of
 * SHA-256(u16 length || sender || u16 length || room || message || salt). `bytes` is the encoded message,
 * without padding. Both ends know all of it before the message is on the wire, so the sender's face has the id
 * at once. MALFORMED: `bytes` is no array that begins with a salt. INVALID: a URI longer than 2^16-1. */
KITH_API KITH_MUST_USE kith_err content_id_of_uris(crypto *c, kith_bytes sender, kith_bytes room,
                                                   kith_bytes bytes, uint8_t out[CONTENT_ID_LEN]);

/* The same with the URIs of Kith: `kith:/u/ACCOUNT` and `kith:/r/CONVERSATION`, ids in base64url. */
KITH_API KITH_MUST_USE kith_err content_message_id(crypto *c, const uint8_t account_id[32],
                                                   const uint8_t conv_id[32], kith_bytes bytes,
                                                   uint8_t out[CONTENT_ID_LEN]);

/* ---- Padding (docs/wire.md §8) ----
 *
 * Outside the CBOR and inside the encryption: 0x80, then zeros up to a bucket (the ISO 7816-4 scheme). */

/* Bytes of a message of `len` once padded: the smallest bucket above `len` (256, 512, 1024, multiples of 1024
 * up to 16 KiB, then multiples of 16 KiB). 0: `len` is above CONTENT_MAX. */
KITH_API size_t content_pad_target(size_t len);
/* Pads what is in `buf`. LIMIT: more than CONTENT_MAX. */
KITH_API KITH_MUST_USE kith_err content_pad(kith_buf *buf);
/* Lends the message inside. MALFORMED: no padding. LIMIT: longer than CONTENT_PADDED_MAX. */
KITH_API KITH_MUST_USE kith_err content_unpad(kith_bytes padded, kith_bytes *out);

#endif
