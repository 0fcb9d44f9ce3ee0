/* SPDX-License-Identifier: MPL-2.0 */
/* What faces and the network can make the agent hold. */
#ifndef KITH_AGENT_LIMITS_H
#define KITH_AGENT_LIMITS_H

/* Bytes queued for a face above which it is neither read from nor told of events until it has read. */
#define AGENT_FACE_QUEUE (256u << 10)
/* Requests of one face that wait for something. */
#define AGENT_WAITS_PER_FACE 64u
/* Bytes queued for the server above which no more packets are taken from core. */
#define AGENT_LINK_QUEUE (4u << 20)
/* Entries in one answer: candidates of a name, bytes of messages' text as JSON. */
#define AGENT_CANDIDATES_MAX 16u
#define AGENT_LIST_BYTES (768u << 10)
#define AGENT_LIST_DEFAULT 50u
/* Bytes of a chat's newest text in a list of chats. */
#define AGENT_PREVIEW_BYTES 200u
/* How long requests wait: for the server, for it to know an invite, for a linking, for a message by default. */
#define AGENT_OP_MS 30000u
#define AGENT_INVITE_MS 5000u
#define AGENT_PAIR_MS 600000u
#define AGENT_MESSAGE_MS 10000u
/* The keyring has this long to answer. */
#define AGENT_KEYRING_MS 2000u
/* How long an agent waits for its predecessor to let go of the folder. */
#define AGENT_LOCK_MS 2000
/* After a stop: how long faces have to read what is queued. */
#define AGENT_STOP_MS 500u
/* The pause before a failed write of core is tried again. */
#define AGENT_RETRY_MS 1000u

#endif
