/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The key schedule [RFC9420 §8], the PSK secret [RFC9420 §8.4] and the transcript hashes [RFC9420 §8.2]:
 * everything that leads from one epoch's secrets to the next one's.
 */
#ifndef KITH_MLS_KEY_SCHEDULE_H
#define KITH_MLS_KEY_SCHEDULE_H

#include "mls/label.h"
#include "mls/types.h"

/* What an epoch secret becomes; the epoch secret itself is gone by then. Wiped by done. */
typedef struct mls_secrets {
    kith_secret sender_data;
    kith_secret encryption; /* moved into the secret tree */
    kith_secret exporter;
    kith_secret external;
    kith_secret confirmation;
    kith_secret membership;
    kith_secret resumption;
    kith_secret authenticator;
    kith_secret init; /* for the next epoch */
    kith_secret app_export; /* moved into the exporter tree */
} mls_secrets;
void mls_secrets_done(mls_secrets *secrets);

/* A hash of the suite's length. */
typedef struct mls_hash {
    uint8_t bytes[CRYPTO_HASH_MAX];
    size_t len;
} mls_hash;
kith_bytes mls_hash_bytes(const mls_hash *hash);

/* KDF.Nh zeros [RFC9420 §8]. */
kith_secret mls_zero_secret(mls_tools tools);
/* joiner_secret from the previous init secret and the commit secret; `context` is the new one, encoded. */
KITH_MUST_USE kith_err mls_joiner_secret(mls_tools tools, kith_bytes init, kith_bytes commit,
                                         kith_bytes context, kith_secret *out);
KITH_MUST_USE kith_err mls_welcome_secret(mls_tools tools, kith_bytes joiner, kith_bytes psk,
                                          kith_secret *out);
/* Key and nonce of the encrypted GroupInfo [RFC9420 §12.4.3.1]. */
KITH_MUST_USE kith_err mls_welcome_key(mls_tools tools, kith_bytes welcome_secret, kith_secret *key,
                                       kith_secret *nonce);
KITH_MUST_USE kith_err mls_secrets_derive(mls_tools tools, kith_bytes joiner, kith_bytes psk,
                                          kith_bytes context, mls_secrets *out);
/* The same from an epoch secret: for a new group [RFC9420 §11]. */
KITH_MUST_USE kith_err mls_secrets_of_epoch(mls_tools tools, kith_bytes epoch_secret,
                                            mls_secrets *out);

/* MLS-Exporter [RFC9420 §8.5]. */
KITH_MUST_USE kith_err mls_export_secret(mls_tools tools, kith_bytes exporter, const mls_expand *in,
                                         kith_secret *out);

/* psk_secret [RFC9420 §8.4] of `count` PSKs in order. */
KITH_MUST_USE kith_err mls_psk_secret(mls_tools tools, const mls_psk_id *ids,
                                      const kith_secret *psks, size_t count, kith_secret *out);

/* What a commit adds to the transcript. */
typedef struct mls_transcript_input {
    uint16_t wire;
    kith_bytes content; /* encoded FramedContent */
    kith_bytes signature;
} mls_transcript_input;
/* confirmed_transcript_hash of a commit. */
KITH_MUST_USE kith_err mls_transcript_confirm(mls_tools tools, kith_bytes interim_before,
                                              const mls_transcript_input *in, mls_hash *out);

KITH_MUST_USE kith_err mls_transcript_interim(mls_tools tools, kith_bytes confirmed,
                                              kith_bytes confirmation_tag, mls_hash *out);
/* MAC(confirmation_key, confirmed_transcript_hash) [RFC9420 §6.1]. */
KITH_MUST_USE kith_err mls_confirmation_tag(mls_tools tools, const mls_secrets *secrets,
                                            kith_bytes confirmed, mls_hash *out);

#endif
