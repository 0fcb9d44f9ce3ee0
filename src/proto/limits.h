/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer can make an agent or a Kith server store, loop over or allocate; the constants that
 * docs/wire.md names. */
#ifndef KITH_PROTO_LIMITS_H
#define KITH_PROTO_LIMITS_H

/* ---- Frames: what `length` may say, and how many requests may be in flight ---- */
#define PROTO_FRAME_MIN 5u
#define PROTO_FRAME_MAX (1024u * 1024u + 4096u)
#define PROTO_FRAME_HELLO_MAX 256u /* before HELLO was answered */
#define PROTO_IN_FLIGHT_MAX 64u

/* Bytes of a message in a conversation log and of an item in an inbox: what fits a frame with its
 * fields around it. */
#define PROTO_MESSAGE_MAX (1024u * 1024u)
/* Bytes of a body in a rendezvous: the 32 KiB chunks of linking, sealed. */
#define PROTO_RDV_BODY_MAX (33u * 1024u)
/* Bytes of LOGIN's signature. */
#define PROTO_SIGNATURE_MAX 8192u

/* ---- Accounts ---- */
#define PROTO_DEVICES_MAX 32u /* devices of an account */
#define PROTO_LIST_BYTES_MAX 16384u /* a SignedList; 64 of them fit a frame */
#define PROTO_LISTS_MAX 64u /* lists in one answer */
#define PROTO_KP_BYTES_MAX 8192u /* a KeyPackage */
#define PROTO_KP_PUT_MAX 100u /* one-time KeyPackages in one KP_PUT */
#define PROTO_KP_STORED_MAX 200u /* one-time KeyPackages kept for a device */
#define PROTO_INVITES_MAX 64u /* tickets that a member has registered */
#define PROTO_TICKET_USES 8u /* accounts that a member's ticket makes */

/* ---- The directory's log ---- */
#define PROTO_LOG_BYTES_MAX 2048u /* a SignedLog */
#define PROTO_LOG_REASON_MAX 255u /* why a log took the place of another, in UTF-8 */
#define PROTO_LOG_REQUEST_MAX 4096u /* what a log is asked */
#define PROTO_LOG_RESPONSE_MAX (384u * 1024u) /* what it answers */
#define PROTO_CHECKPOINT_MAX 16384u /* a checkpoint with its cosignatures */
#define PROTO_CHECKPOINT_PROOF_MAX 8192u
#define PROTO_LOG_ENTRIES_MAX 4096u /* entries for a witness in one answer */
#define PROTO_LOG_ENTRIES_BYTES_MAX (40u * PROTO_LOG_ENTRIES_MAX)
/* All lists in one answer to LIST_FIND, so that they fit a frame together with the proof: 32 of the longest. */
#define PROTO_FOUND_LISTS_BYTES_MAX (512u * 1024u + 64u)

/* ---- Conversations, inboxes, rendezvous ---- */
#define PROTO_READERS_MAX 4096u /* reader ids of a conversation */
#define PROTO_KEEP_SECONDS (30u * 24u * 3600u) /* entries that nobody fetched, and marks */
#define PROTO_INBOX_ITEMS_MAX 1000u
#define PROTO_INBOX_BYTES_MAX (16u * 1024u * 1024u)
#define PROTO_RDV_SECONDS 600u
#define PROTO_RDV_MESSAGES_MAX 16384u

/* ---- Names and addresses, in bytes ---- */
#define PROTO_HOST_MAX 253u /* a DNS name, or an IPv6 address without its brackets */
#define PROTO_NAME_MAX 64u /* of a person */
#define PROTO_TITLE_MAX 255u /* of a conversation */
#define PROTO_LINK_TEXT_MAX 768u /* a whole link */
#define PROTO_CODE_TEXT_MAX 288u /* a whole linking code */

/* Accounts of a conversation: what `versions` can count. */
#define PROTO_ROSTER_MAX 8191u

#endif
