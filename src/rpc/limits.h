/* SPDX-License-Identifier: MPL-2.0 */
/* What a face can make the agent parse, and the agent a face. */
#ifndef KITH_RPC_LIMITS_H
#define KITH_RPC_LIMITS_H

/* Bytes of one line, without its newline; containers inside one another. */
#define RPC_LINE_MAX (1u << 20)
#define RPC_DEPTH_MAX 8u
/* Bytes of a request's id when it is text. */
#define RPC_ID_MAX 64u
/* Bytes of parameters: names, titles, links and codes, texts, idempotency keys, what chat.find gets. */
#define RPC_NAME_MAX 64u
#define RPC_TITLE_MAX 255u
#define RPC_LINK_MAX 1024u
#define RPC_TEXT_MAX 65536u
#define RPC_ONCE_MAX 64u
#define RPC_WHO_MAX 255u
/* Accounts in one request, messages in one answer, entries of a
 * page of chats or people, the longest wait that a request may ask for. */
#define RPC_ACCOUNTS_MAX 255u
#define RPC_LIST_MAX 500u
#define RPC_PAGE_MAX 200u
#define RPC_WAIT_MAX_MS 600000u
/* Events that a face's connection holds while the face waits for an answer. */
#define RPC_EVENTS_MAX 4096u
/* Bytes of a path that a socket address holds, with its zero. */
#define RPC_SOCKET_MAX 108u
#define RPC_PATH_MAX 4096u
/* How long a face waits for an agent that it starts, and for one line to be taken or answered at once. */
#define RPC_START_MS 15000u
/* How long a face waits for an agent that is ending, and how often it looks. */
#define RPC_ENDING_MS 2000u
#define RPC_PAUSE_MS 20u
#define RPC_CALL_MS 30000u

#endif
