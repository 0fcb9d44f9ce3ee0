/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The secret tree [RFC9420 §9]: for each member two chains of keys, one for handshake and one for application
 * messages. Secrets are derived when a member is first heard and erased as soon as what follows from
 * them is there [RFC9420 §9.2]; keys of messages that are missing are kept within limits [RFC9420 §15.3].
 *
 * Looking a key up changes nothing that matters; mls_secret_tree_consume erases it.
 */
#ifndef KITH_MLS_SECRET_TREE_H
#define KITH_MLS_SECRET_TREE_H

#include "mls/label.h"
#include "mls/limits.h"

typedef struct mls_secret_tree mls_secret_tree;

typedef enum mls_chain { MLS_CHAIN_HANDSHAKE = 0, MLS_CHAIN_APPLICATION = 1 } mls_chain;

/* Which key: whose, in which chain, of which message. */
typedef struct mls_key_id {
    uint32_t leaf_index;
    mls_chain chain;
    uint32_t generation;
} mls_key_id;

typedef struct mls_message_key {
    uint8_t key[CRYPTO_AEAD_KEY_MAX];
    uint8_t nonce[CRYPTO_AEAD_NONCE_LEN];
} mls_message_key;
void mls_message_key_done(mls_message_key *key);

/* A tree for 2^top leaves; takes the encryption secret, which is wiped. `tools` are kept. */
KITH_MUST_USE kith_err mls_secret_tree_new(mls_tools tools, kith_secret *encryption_secret,
                                           uint8_t top, mls_secret_tree **out);
void mls_secret_tree_free(mls_secret_tree *tree);

/* The key of one message. EXISTS: it was consumed, or missing for too long. OUT_OF_STEP: more than
 * MLS_SKIP_MAX ahead of the last one. REJECTED: no such leaf. */
KITH_MUST_USE kith_err mls_secret_tree_find(mls_secret_tree *tree, mls_key_id id,
                                            mls_message_key *out);
/* Erases that key and every secret that it could be derived from. Same errors; nothing changed then. */
KITH_MUST_USE kith_err mls_secret_tree_consume(mls_secret_tree *tree, mls_key_id id);
/* The number of the next message of a chain, for sending. */
KITH_MUST_USE kith_err mls_secret_tree_next(mls_secret_tree *tree, uint32_t leaf_index,
                                            mls_chain chain, uint32_t *generation);
/* Erases all handshake chains, for an epoch that is over. Secrets that both chains of a member not heard
 * yet would come from stay, for late application messages. */
void mls_secret_tree_drop_handshakes(mls_secret_tree *tree);

/* The whole state, and back. MALFORMED: damaged. */
KITH_MUST_USE kith_err mls_secret_tree_encode(const mls_secret_tree *tree, kith_writer *w);
KITH_MUST_USE kith_err mls_secret_tree_decode(mls_tools tools, kith_reader *r,
                                              mls_secret_tree **out);

#endif
