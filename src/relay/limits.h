/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer can make a Kith server store, loop over, allocate or do in a row, beside the limits of the
 * wire itself (proto/limits.h). */
#ifndef KITH_RELAY_LIMITS_H
#define KITH_RELAY_LIMITS_H

/* ---- One connection ---- */
#define RELAY_SUBSCRIPTIONS_MAX 1024u /* conversations that are followed at once */
#define RELAY_RDV_HELD_MAX 4u /* rendezvous that a connection takes part in */
#define RELAY_HELLO_MS 10000u /* from open until HELLO */
#define RELAY_FRAME_MS 120000u /* from a frame's first byte until its last */
/* Answers that wait to be taken: above it no further request is read. One answer may go beyond. */
#define RELAY_OUT_BYTES_MAX (128u * 1024u)
/* Bodies of requests that are being worked on: above it no further request is read. */
#define RELAY_WORK_BYTES_MAX (1024u * 1024u)
/* Entries that wait in memory for one subscription, and for all of one connection, in bytes. What is more is
 * read from the store when the connection takes it. */
#define RELAY_PENDING_MAX 64u
#define RELAY_PENDING_BYTES_MAX (256u * 1024u)

/* ---- All connections of one relay ---- */
/* Frames that have not arrived whole. Above it only frames up to RELAY_FRAME_SMALL are waited for. */
#define RELAY_INPUT_BYTES_MAX (64u * 1024u * 1024u)
#define RELAY_FRAME_SMALL (16u * 1024u)
/* Bodies of requests that are being worked on. Above it requests are BUSY. */
#define RELAY_TOTAL_WORK_BYTES_MAX (256u * 1024u * 1024u)
/* Sources whose rations are remembered; a new one takes the place of the one that used least. */
#define RELAY_SOURCES_MAX 4096u

/* ---- What is stored ---- */
#define RELAY_CONV_ENTRIES_MAX 250000u /* entries of a conversation */
#define RELAY_CONV_BYTES_MAX (1024u * 1024u * 1024u) /* their messages */
#define RELAY_EPOCHS_MAX 4096u /* past epochs of a conversation whose tokens are remembered */
#define RELAY_RDV_MAX 10000u /* rendezvous that are open at once */
/* Messages on their way to one side of a rendezvous: those beyond are answered when some of them were taken. */
#define RELAY_RDV_WAITING_MAX 16u
#define RELAY_KP_LOW 10u /* fewer one-time KeyPackages than this: the device is told */

/* ---- The directory's log ---- */
#define RELAY_LOG_BEAT_MS 600000u /* an entry is added when the newest one is so old */
/* What devices are told to accept, in ms: entries that seem so far ahead or behind their clocks; how soon after a change
 * everybody has looked; how long an entry may be looked up. */
#define RELAY_LOG_AHEAD_MS 900000u
#define RELAY_LOG_BEHIND_MS 3600000u
#define RELAY_LOG_WINDOW_MS 86400000u
#define RELAY_LOG_LIFETIME_MS UINT64_C(7776000000)
/* A checkpoint for witnesses is made at most so often, the newest ones are kept, and so many keys may cosign them. */
#define RELAY_CHECKPOINT_MS 30000u
#define RELAY_CHECKPOINTS_MAX 8u
#define RELAY_WITNESSES_MAX 16u
/* VRF outputs that a relay remembers of accounts that are unknown, and those that the store does not keep yet. */
#define RELAY_EVALUATIONS_MAX 1024u
/* VRF outputs that the answer about a new list needs and that are computed before it is stored. */
#define RELAY_EVALUATIONS_AHEAD 16u

/* ---- Work in one go ---- */
#define RELAY_CATCH_UP_MAX 4096u /* lists of before there was a log, put into one entry */
#define RELAY_SWEEP_MAX 512u /* rows that one job deletes beside what it was asked for */
#define RELAY_EXPIRE_MS 10000u /* between two runs of the expiry */
#define RELAY_EXPIRE_SOON_MS 250u /* the same when a run left something over */

#endif
