/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer or caller can make this layer process at once. Counts without a source are those of the
 * vectors of the protocol [KEYTRANS §13]. */
#ifndef KITH_TRANSPARENCY_LIMITS_H
#define KITH_TRANSPARENCY_LIMITS_H

/* Longest label in bytes: opaque label<0..2^8-1>. */
#define KT_LABEL_MAX 255u
/* Longest value of a version in bytes. The protocol allows 2^32-1; a device list needs a few thousand. */
#define KT_VALUE_MAX 65536u
/* Entries of a log, so that positions and sizes stay far from the end of 64 bits. */
#define KT_SIZE_MAX (UINT64_C(1) << 48)
/* Longest path through the log tree or the implicit search tree of so many entries. */
#define KT_PATH_MAX 49u
/* Entries that bring a view of an old tree to a new one: up such a path, and down another. */
#define KT_UPDATE_PATH_MAX (2u * KT_PATH_MAX)
/* Lookups in one PrefixProof, and timestamps, PrefixProofs and prefix roots in one CombinedTreeProof. */
#define KT_PROOF_ITEMS_MAX 255u
/* Versions in one binary ladder: 33 powers of two, then 31 halvings. */
#define KT_LADDER_MAX 64u
/* Hashes in one PrefixProof or InclusionProof. */
#define KT_ELEMENTS_MAX 65535u
/* Depth of a leaf of the prefix tree; its encoding is one byte. */
#define KT_DEPTH_MAX 255u
/* Entries of a map of monitored positions. They lie on one path, so KT_PATH_MAX is what is ever needed. */
#define KT_MONITOR_MAX KT_PATH_MAX
/* Versions that one log entry adds to one label, and labels' versions that it adds in all. */
#define KT_LABEL_UPDATES_MAX 64u
#define KT_UPDATES_MAX 65535u
/* Distinguished entries that one answer to owner monitoring or a walk covers. */
#define KT_DISTINGUISHED_MAX 32u
/* Distinguished entries that are "recent" [KEYTRANS §10.1]. */
#define KT_RECENT_HEADS 4u
/* Longest request in bytes. */
#define KT_REQUEST_MAX 65536u
/* Updates that an owner keeps until a distinguished entry confirms them. */
#define KT_OWNER_ADDED_MAX 256u

/* ---- The log for witnesses: notes and checkpoints ---- */

/* A signed note in bytes, and its signature lines. A note may have 16 signatures of 5,000 bytes at least
 * [C2SP-NOTE]; these are twice as many. */
#define KT_NOTE_MAX 262144u
#define KT_NOTE_SIGNATURES_MAX 32u
/* Bytes of the name of a key and of the origin of a log: what a cosignature with ML-DSA-44 can hold. */
#define KT_NOTE_NAME_MAX 255u
/* Hashes of a consistency or inclusion proof [C2SP-WITNESS]. */
#define KT_MERKLE_PATH_MAX 63u
/* Bytes of a request to cosign a checkpoint, of its answer, and of a proof that stands beside a checkpoint. */
#define KT_ADD_REQUEST_MAX (KT_NOTE_MAX + 4096u)
#define KT_ADD_ANSWER_MAX 65536u
#define KT_TLOG_PROOF_MAX (KT_NOTE_MAX + 16384u)
/* Bytes of the opaque extra data of such a proof. */
#define KT_TLOG_EXTRA_MAX 4096u
/* Keys that one policy counts. */
#define KT_QUORUM_MAX 64u

/* Longest credential in bytes: the longest value and label, and a proof of the longest ladder. */
#define KT_CREDENTIAL_MAX 262144u

#endif
