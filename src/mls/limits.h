/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer or caller can make this layer store, loop over or allocate. */
#ifndef KITH_MLS_LIMITS_H
#define KITH_MLS_LIMITS_H

/* Height of the ratchet tree: 2^20 leaves, a million members. */
#define MLS_LEVEL_MAX 20u
/* Extensions in one list, and in a leaf that this client makes. */
#define MLS_EXTENSIONS_MAX 64u
#define MLS_LEAF_EXTENSIONS_MAX 32u
/* Different credential types in one group. */
#define MLS_CREDENTIAL_TYPES_MAX 16u
/* Proposals covered by one commit, and PSKs among them or in a Welcome. */
#define MLS_PROPOSALS_MAX 65536u
#define MLS_PSKS_MAX 64u
/* AppDataUpdates covered by one commit. */
#define MLS_APP_UPDATES_MAX 256u
/* Bytes of a group id. */
#define MLS_GROUP_ID_MAX 255u
/* Messages of a sender that may be missing before the one at hand, and keys of missing ones that are kept
 * per sender [RFC9420 §15.3]. */
#define MLS_SKIP_MAX 1024u
#define MLS_SKIPPED_KEYS_MAX 256u

#endif
