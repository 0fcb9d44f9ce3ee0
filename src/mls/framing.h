/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Framing [RFC9420 §6]: signing and verifying contents, the membership tag of a PublicMessage, encryption of
 * a PrivateMessage. Knows no group: everything it needs is handed in.
 */
#ifndef KITH_MLS_FRAMING_H
#define KITH_MLS_FRAMING_H

#include "mls/key_schedule.h"
#include "mls/secret_tree.h"
#include "mls/types.h"

/* A content with what its signature covers besides it. */
typedef struct mls_signed_content {
    uint16_t wire; /* mls_wire */
    kith_bytes content; /* encoded FramedContent */
    kith_bytes
        context; /* encoded GroupContext; empty for senders external and new member proposal */
} mls_signed_content;

KITH_MUST_USE kith_err mls_content_sign(mls_tools tools, crypto_sign_key *key,
                                        const mls_signed_content *in, kith_buf *signature);
KITH_MUST_USE kith_err mls_content_verify(mls_tools tools, crypto_verify_key *key,
                                          const mls_signed_content *in, kith_bytes signature);

/* The membership tag [RFC9420 §6.2]: of a content and its encoded FramedContentAuthData. */
KITH_MUST_USE kith_err mls_membership_tag(mls_tools tools, kith_bytes membership_key,
                                          const mls_signed_content *in, kith_bytes auth,
                                          mls_hash *out);

/* Who sent a PrivateMessage and which key it needs [RFC9420 §6.3.2]. */
typedef struct mls_sender_data {
    uint32_t leaf_index;
    uint32_t generation;
    uint8_t reuse_guard[4];
} mls_sender_data;

/* Key and nonce for what says who sent a ciphertext, from a sample of it [RFC9420 §6.3.2]. */
KITH_MUST_USE kith_err mls_sample_key(mls_tools tools, kith_bytes secret, kith_bytes ciphertext,
                                      mls_message_key *out);
/* The suite's AEAD with that key; borrows `key` and `aad`. */
crypto_aead mls_aead_of(mls_tools tools, const mls_message_key *key, kith_bytes aad);

/* REJECTED: does not open. */
KITH_MUST_USE kith_err mls_sender_data_open(mls_tools tools, kith_bytes sender_data_secret,
                                            const mls_private_message *message,
                                            mls_sender_data *out);

/* What a PrivateMessage is made of. */
typedef struct mls_private_draft {
    kith_bytes sender_data_secret;
    const mls_message_key *key;
    const mls_framed_content *content; /* sender member */
    const mls_auth_data *auth;
    mls_sender_data sender; /* the reuse guard is chosen by the caller */
    size_t pad_to; /* content, auth and padding together: a multiple of this */
} mls_private_draft;
/* Appends the PrivateMessage (without the MLSMessage around it) [RFC9420 §6.3]. */
KITH_MUST_USE kith_err mls_private_message_seal(mls_tools tools, const mls_private_draft *in,
                                                kith_buf *out);

/* Decrypts [RFC9420 §6.3.1]: `plaintext` gets body, auth and padding; `body` and `auth` borrow from it.
 * REJECTED: does not open; MALFORMED: padding that is not zero, or a content that does not parse. */
typedef struct mls_opened_content {
    kith_bytes body; /* as in mls_framed_content */
    mls_auth_data auth;
} mls_opened_content;
KITH_MUST_USE kith_err mls_private_message_unseal(mls_tools tools,
                                                  const mls_private_message *message,
                                                  const mls_sender_data *sender,
                                                  const mls_message_key *key, kith_buf *plaintext);
KITH_MUST_USE kith_err mls_private_content_decode(kith_bytes plaintext, uint8_t content_type,
                                                  mls_opened_content *out);

#endif
