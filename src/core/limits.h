/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer, the server or the user can make this layer store, loop over or allocate. */
#ifndef KITH_CORE_LIMITS_H
#define KITH_CORE_LIMITS_H

/* Bytes of a name, a group's title, a host; a message's text. */
#define CORE_NAME_MAX 64u
#define CORE_TITLE_MAX 255u
#define CORE_HOST_MAX 255u
#define CORE_TEXT_MAX 65536u
/* Accounts in one conversation, and conversations of one account. */
#define CORE_ACCOUNTS_MAX 256u
#define CORE_CHATS_MAX 4096u
/* Personal invites that are open at once, and how long one is good: 14 days. */
#define CORE_INVITES_MAX 32u
#define CORE_INVITE_MS (14ull * 86400000ull)
/* Requests of strangers that are held; further Welcomes of strangers are dropped. */
#define CORE_REQUESTS_MAX 64u
/* Messages that wait for the server. */
#define CORE_OUTBOX_MAX 10000u
/* Appends of one conversation that are on the wire and unanswered. */
#define CORE_APPENDS_IN_FLIGHT 8u
/* Kept events and idempotency keys. */
#define CORE_EVENTS_KEPT 10000u
#define CORE_ONCE_KEPT 10000u
/* One-time key packages to hold on the server, and below which number new ones are made. */
#define CORE_PACKAGES_TARGET 50u
#define CORE_PACKAGES_LOW 20u
/* The last-resort package is replaced after 7 days, its private half kept 35 days; one-time ones expire after 90. */
#define CORE_LAST_RESORT_MS (7ull * 86400000ull)
#define CORE_LAST_RESORT_KEPT_MS (35ull * 86400000ull)
#define CORE_PACKAGE_LIFE_MS (90ull * 86400000ull)
/* First and longest pause before dialling again. */
#define CORE_DIAL_PAUSE_MS 500u
#define CORE_DIAL_PAUSE_MAX_MS 60000u
/* An idle connection is tried after 30 s, and lost when nothing comes for 20 s after something was asked. */
#define CORE_PING_MS 30000u
#define CORE_SILENCE_MS 20000u
/* Longest pause that any retry may take, whatever the server advises. */
#define CORE_PAUSE_MAX_MS 60000u
/* Receipts are gathered for so long before they are sent together. */
#define CORE_RECEIPT_PAUSE_MS 300u
/* Receipts are given in conversations of at most so many accounts. */
#define CORE_RECEIPT_ACCOUNTS_MAX 16u
/* Earlier epochs whose messages can still be opened, and the bucket that handshakes are padded to. */
#define CORE_PAST_EPOCHS 5u
#define CORE_HANDSHAKE_PADDING 1024u
/* MLS groups kept in memory, and conversations whose members are looked at in one round of the pump. */
#define CORE_GROUPS_LOADED_MAX 64u
#define CORE_PLANS_MAX 8u
/* A change that several devices may make is made after a random part of this. */
#define CORE_JITTER_MS 2000u
/* Before asking again for what the server could not give, and how often for the list that an entry names. */
#define CORE_RETRY_MS 1000u
#define CORE_STALLS_MAX 5u
/* So long a linked device is waited for before its own account's devices talk without it. */
#define CORE_LINKED_MS 600000u
/* Welcomes that wait for a list or for their conversation, and how long. */
#define CORE_HELD_MAX 64u
#define CORE_HELD_MS (7ull * 86400000ull)
/* Welcomes on the wire and unanswered. */
#define CORE_PUTS_IN_FLIGHT 8u
/* Before another device is asked again to bring this one back. */
#define CORE_REPAIR_MS 60000u
/* After the inbox was opened: so long for a Welcome that lies there. */
#define CORE_INBOX_WAIT_MS 10000u
/* A device that was added so lately is not added again when it asks: its Welcome is on its way. */
#define CORE_FRESH_MS (2u * CORE_REPAIR_MS)
/* Own devices are given so long to say what was missed before the log is read on. */
#define CORE_HISTORY_WAIT_MS 10000u
/* Devices that are brought back into a conversation at once. */
#define CORE_REJOINS_MAX 8u
/* History given to a device that is linked: newest messages of each conversation, and bytes in all. */
#define CORE_HISTORY_MESSAGES 500u
#define CORE_HISTORY_BYTES (8u << 20)
/* Linking: bytes of a piece, of all that the old device gives, and of what the new one says; pieces on the wire. */
#define CORE_PAIR_CHUNK 32768u
#define CORE_PAIR_GIFT_MAX (32u << 20)
#define CORE_PAIR_SAYING_MAX 512u
#define CORE_PAIR_IN_FLIGHT 8u
/* Bytes of lists that came and wait for the newest one, which proves them. */
#define CORE_LISTS_PENDING_MAX (4u << 20)
/* Senders whose heads of the directory's log are remembered or wait to be asked about. */
#define CORE_HEADS_MAX 32u
/* So long a sender's next head waits after one of it was found good: the log's own entries come at least so often. */
#define CORE_HEAD_PAUSE_MS 600000u
/* A log that could not say so often what became of a head is told of. */
#define CORE_HEAD_FAILURES_MAX 5u
/* Refusals in a row before the log is asked whether it still has what it showed. */
#define CORE_REFUSALS_MAX 3u
/* A log that was asked nothing for so long is asked for its newest head. */
#define CORE_LOG_QUIET_MS (2u * 3600000u)
/* Labels that are looked at again. */
#define CORE_WATCHED_MAX 8192u

#endif
