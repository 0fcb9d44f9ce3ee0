/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The bodies of requests, answers and pushes (docs/wire.md §2): one struct for each, fields in wire
 * order. Every `kith_bytes` in a decoded struct borrows from the body. Who may ask for what, and what it
 * does, is not known here.
 */
#ifndef KITH_PROTO_REQUEST_H
#define KITH_PROTO_REQUEST_H

#include "base/base.h"

#define PROTO_ID_LEN 32u /* account ids, conversation ids, tickets, tokens, hashes */
#define PROTO_DEVICE_ID_LEN 16u
#define PROTO_SHORT_ID_LEN 16u /* append ids, put ids, reader ids */

/* The version of the wire that this build speaks. */
#define PROTO_VERSION 1u

/* X(CONSTANT, number, "name"): the types of frames. Answers are PROTO_ANSWER | the request's. */
#define PROTO_REQUESTS(X)                                                                          \
    X(PROTO_HELLO, 0x01, "HELLO")                                                                  \
    X(PROTO_PING, 0x02, "PING") /* empty, answer empty */                                          \
    X(PROTO_LOGIN, 0x03, "LOGIN") /* answer empty */                                               \
    X(PROTO_ACCOUNT_CREATE, 0x10, "ACCOUNT_CREATE") /* answer empty */                             \
    X(PROTO_LIST_PUT, 0x11, "LIST_PUT") /* answer empty */                                         \
    X(PROTO_KP_PUT, 0x13, "KP_PUT")                                                                \
    X(PROTO_KP_COUNT, 0x14, "KP_COUNT") /* empty */                                                \
    X(PROTO_KP_TAKE, 0x15, "KP_TAKE")                                                              \
    X(PROTO_INVITE_PUT, 0x16, "INVITE_PUT") /* answer empty */                                     \
    X(PROTO_CONV_OPEN, 0x20, "CONV_OPEN") /* answer empty */                                       \
    X(PROTO_CONV_APPEND, 0x21, "CONV_APPEND")                                                      \
    X(PROTO_CONV_SUBSCRIBE, 0x22, "CONV_SUBSCRIBE")                                                \
    X(PROTO_CONV_ACK, 0x23, "CONV_ACK") /* answer empty */                                         \
    X(PROTO_CONV_UNSUBSCRIBE, 0x24, "CONV_UNSUBSCRIBE") /* answer empty */                         \
    X(PROTO_INBOX_PUT, 0x30, "INBOX_PUT") /* answer empty */                                       \
    X(PROTO_INBOX_SUBSCRIBE, 0x31, "INBOX_SUBSCRIBE") /* empty, answer empty */                    \
    X(PROTO_INBOX_ACK, 0x32, "INBOX_ACK") /* answer empty */                                       \
    X(PROTO_RDV_OPEN, 0x40, "RDV_OPEN") /* empty */                                                \
    X(PROTO_RDV_JOIN, 0x41, "RDV_JOIN") /* answer empty */                                         \
    X(PROTO_RDV_SEND, 0x42, "RDV_SEND") /* answer empty */                                         \
    X(PROTO_RDV_CLOSE, 0x43, "RDV_CLOSE") /* answer empty */                                       \
    X(PROTO_LOG_CONFIG, 0x50, "LOG_CONFIG") /* empty */                                            \
    X(PROTO_LOG_ASK, 0x51, "LOG_ASK")                                                              \
    X(PROTO_LOG_CHECKPOINT, 0x52, "LOG_CHECKPOINT")                                                \
    X(PROTO_LIST_FIND, 0x53, "LIST_FIND")                                                          \
    X(PROTO_LOG_ENTRIES, 0x54, "LOG_ENTRIES")                                                      \
    X(PROTO_LOG_COSIGN, 0x55, "LOG_COSIGN") /* answer empty */

#define PROTO_PUSHES(X)                                                                            \
    X(PROTO_ENTRY, 0x60, "ENTRY")                                                                  \
    X(PROTO_INBOX_ITEM, 0x61, "INBOX_ITEM")                                                        \
    X(PROTO_RDV_MESSAGE, 0x62, "RDV_MESSAGE")                                                      \
    X(PROTO_RDV_CLOSED, 0x63, "RDV_CLOSED")                                                        \
    X(PROTO_KP_LOW, 0x64, "KP_LOW")

typedef enum proto_type {
#define PROTO_TYPE_ENUM(constant, number, name) constant = (number),
    PROTO_REQUESTS(PROTO_TYPE_ENUM) PROTO_PUSHES(PROTO_TYPE_ENUM)
#undef PROTO_TYPE_ENUM
} proto_type;

/* Whether `type` is a request, or a push, of this version. */
KITH_API bool proto_type_is_request(uint8_t type);
KITH_API bool proto_type_is_push(uint8_t type);
/* "LOGIN" for a request, its answer, or a push; "ERROR"; "?" for anything else. Static. */
KITH_API const char *proto_type_name(uint8_t type);

/* ---- Connection ---- */

typedef struct proto_hello {
    uint16_t version_min; /* not above version_max, or MALFORMED */
    uint16_t version_max;
} proto_hello;

typedef struct proto_hello_answer {
    uint16_t version;
    uint64_t server_time_ms;
    uint32_t frame_max; /* what `length` may say from now on */
} proto_hello_answer;

typedef struct proto_login {
    uint8_t account_id[PROTO_ID_LEN];
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    kith_bytes signature; /* 1..PROTO_SIGNATURE_MAX; see proto_login_sign */
} proto_login;

/* ---- Accounts ---- */

typedef struct proto_account_create {
    uint8_t ticket[PROTO_ID_LEN];
    kith_bytes list; /* a SignedList, 1..PROTO_LIST_BYTES_MAX */
} proto_account_create;

typedef struct proto_list_put {
    kith_bytes list; /* a SignedList, 1..PROTO_LIST_BYTES_MAX */
} proto_list_put;

typedef struct proto_kp_put {
    kith_bytes last_resort; /* a KeyPackage, or empty: keep the present one */
    kith_bytes
        one_time; /* read with proto_blob_next; at most PROTO_KP_PUT_MAX of PROTO_KP_BYTES_MAX */
} proto_kp_put;

typedef struct proto_kp_put_answer {
    uint16_t one_time_count; /* now kept */
} proto_kp_put_answer;

typedef struct proto_kp_count_answer {
    uint16_t one_time_count;
    bool has_last_resort;
} proto_kp_count_answer;

typedef struct proto_kp_take {
    uint8_t account_id[PROTO_ID_LEN];
    kith_bytes
        device_ids; /* PROTO_DEVICE_ID_LEN each, at most PROTO_DEVICES_MAX; empty: all devices */
} proto_kp_take;

typedef struct proto_kp_take_answer {
    kith_bytes packages; /* read with proto_package_next; at most PROTO_DEVICES_MAX */
} proto_kp_take_answer;

typedef struct proto_invite_put {
    uint8_t ticket_hash[PROTO_ID_LEN];
    uint64_t expires_ms;
} proto_invite_put;

/* ---- Conversations ---- */

typedef enum proto_entry_kind {
    PROTO_ENTRY_APPLICATION = 0,
    PROTO_ENTRY_COMMIT = 1,
    PROTO_ENTRY_PROPOSAL = 2,
} proto_entry_kind;

typedef struct proto_conv_open {
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token_hash[PROTO_ID_LEN];
    uint16_t readers;
} proto_conv_open;

typedef struct proto_conv_append {
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token[PROTO_ID_LEN];
    uint8_t append_id[PROTO_SHORT_ID_LEN];
    uint8_t kind; /* a proto_entry_kind */
    uint64_t parent; /* this and the next two: zeros unless kind is COMMIT, or MALFORMED */
    uint8_t next_token_hash[PROTO_ID_LEN];
    uint16_t readers;
    kith_bytes message; /* 1..PROTO_MESSAGE_MAX */
} proto_conv_append;

typedef struct proto_conv_append_answer {
    uint64_t seq;
    uint64_t time_ms;
} proto_conv_append_answer;

typedef struct proto_conv_subscribe {
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token[PROTO_ID_LEN];
    uint64_t from_seq; /* 0: from the first entry of the token's epoch */
} proto_conv_subscribe;

typedef struct proto_conv_subscribe_answer {
    uint64_t first_seq; /* of what is kept */
    uint64_t end_seq; /* one past the last entry */
    uint64_t last_commit_seq; /* 0: none yet */
} proto_conv_subscribe_answer;

typedef struct proto_conv_ack {
    uint8_t conv_id[PROTO_ID_LEN];
    uint8_t token[PROTO_ID_LEN];
    uint8_t reader_id[PROTO_SHORT_ID_LEN];
    uint64_t seq; /* everything up to it was stored */
} proto_conv_ack;

typedef struct proto_conv_unsubscribe {
    uint8_t conv_id[PROTO_ID_LEN];
} proto_conv_unsubscribe;

/* ---- Inbox ---- */

/* First byte of an inbox body. */
#define PROTO_INBOX_WELCOME 1u /* the rest is an MLS Welcome in an MLSMessage */

typedef struct proto_inbox_put {
    uint8_t account_id[PROTO_ID_LEN];
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    uint8_t put_id[PROTO_SHORT_ID_LEN];
    kith_bytes body; /* 1..PROTO_MESSAGE_MAX */
} proto_inbox_put;

typedef struct proto_inbox_ack {
    uint64_t id; /* everything up to it was stored */
} proto_inbox_ack;

/* ---- Rendezvous ---- */

typedef struct proto_rdv_open_answer {
    uint32_t number;
} proto_rdv_open_answer;

typedef struct proto_rdv_join {
    uint32_t number;
} proto_rdv_join;

typedef struct proto_rdv_send {
    uint32_t number;
    kith_bytes body; /* 1..PROTO_RDV_BODY_MAX */
} proto_rdv_send;

typedef struct proto_rdv_close {
    uint32_t number;
} proto_rdv_close;

/* ---- The directory's log: what is asked and answered is opaque here (transparency) ---- */

typedef struct proto_log_config_answer {
    kith_bytes log; /* a SignedLog, 1..PROTO_LOG_BYTES_MAX; see proto_log_check */
} proto_log_config_answer;

typedef struct proto_log_ask {
    uint8_t question; /* a kt_question */
    kith_bytes request; /* 1..PROTO_LOG_REQUEST_MAX */
} proto_log_ask;

typedef struct proto_log_ask_answer {
    kith_bytes response; /* at most PROTO_LOG_RESPONSE_MAX */
} proto_log_ask_answer;

typedef struct proto_log_checkpoint {
    uint64_t size; /* of the head that the asker has; 0: none */
} proto_log_checkpoint;

typedef struct proto_log_checkpoint_answer {
    kith_bytes checkpoint; /* at most PROTO_CHECKPOINT_MAX */
    kith_bytes proof; /* at most PROTO_CHECKPOINT_PROOF_MAX */
} proto_log_checkpoint_answer;

typedef struct proto_log_entries {
    uint64_t from; /* position of the first; so many entries the asker has */
    uint16_t count; /* at most; PROTO_LOG_ENTRIES_MAX are given at once */
} proto_log_entries;

typedef struct proto_log_entries_answer {
    kith_bytes checkpoint; /* the newest, at most PROTO_CHECKPOINT_MAX */
    kith_bytes
        proof; /* that it extends the first `from` entries; at most PROTO_CHECKPOINT_PROOF_MAX */
    kith_bytes
        entries; /* from `from` on, none beyond the checkpoint; at most PROTO_LOG_ENTRIES_BYTES_MAX */
} proto_log_entries_answer;

typedef struct proto_log_cosign {
    uint64_t size; /* of the checkpoint */
    kith_bytes lines; /* signature lines, 1..PROTO_CHECKPOINT_MAX */
} proto_log_cosign;

/* LIST_FIND. */
typedef struct proto_find {
    uint8_t account_id[PROTO_ID_LEN];
    uint64_t have_version; /* 0: none */
    kith_bytes search; /* 1..PROTO_LOG_REQUEST_MAX */
} proto_find;

typedef struct proto_find_answer {
    kith_bytes lists; /* read with proto_blob_next; at most PROTO_LISTS_MAX of PROTO_LIST_BYTES_MAX,
                         and PROTO_FOUND_LISTS_BYTES_MAX in all */
    kith_bytes found; /* at most PROTO_LOG_RESPONSE_MAX */
} proto_find_answer;

/* ---- Pushes ---- */

typedef struct proto_entry {
    uint8_t conv_id[PROTO_ID_LEN];
    uint64_t seq;
    uint64_t time_ms;
    uint8_t kind; /* a proto_entry_kind */
    uint8_t append_id[PROTO_SHORT_ID_LEN];
    kith_bytes message; /* 1..PROTO_MESSAGE_MAX */
} proto_entry;

typedef struct proto_inbox_item {
    uint64_t id;
    uint64_t time_ms;
    uint8_t put_id[PROTO_SHORT_ID_LEN];
    kith_bytes body; /* 1..PROTO_MESSAGE_MAX */
} proto_inbox_item;

typedef struct proto_rdv_message {
    uint32_t number;
    kith_bytes body; /* 1..PROTO_RDV_BODY_MAX */
} proto_rdv_message;

typedef struct proto_rdv_closed {
    uint32_t number;
} proto_rdv_closed;

typedef struct proto_kp_low {
    uint16_t one_time_count;
} proto_kp_low;

/* ---- Errors ---- */

/* Why a request failed, in place of its answer. */
typedef struct proto_error {
    uint8_t code; /* 1.., see proto_code_of */
    uint32_t retry_after_ms; /* 0: no advice */
    uint64_t detail; /* CONFLICT of CONV_APPEND: seq of the last commit; else 0 */
} proto_error;

/* The number of an error on the wire. What is nobody's business outside (OFFLINE, NO_MEMORY, NO_RANDOM,
 * CRYPTO, INVALID) becomes that of BUSY; KITH_OK may not be passed. */
KITH_API uint8_t proto_code_of(kith_err err);
/* The error of a number on the wire; never KITH_OK. Unknown numbers are UNSUPPORTED. */
KITH_API kith_err proto_code_err(uint8_t code);

/* ---- Codecs ----
 *
 * proto_NAME_encode(kith_buf *out, const proto_NAME *in) appends the body. LIMIT: a vector outside its
 * bounds. MALFORMED: a value that decode would refuse. The buffer is unchanged on error.
 *
 * proto_NAME_decode(kith_bytes body, proto_NAME *out) reads a whole body. MALFORMED: too short, too long,
 * a vector outside its wire bounds, or a value outside its range. LIMIT: a vector, or a count in it, above
 * the named limit. `*out` is written only on success and borrows from `body`. */
#define PROTO_BODIES(X)                                                                            \
    X(hello)                                                                                       \
    X(hello_answer)                                                                                \
    X(login)                                                                                       \
    X(account_create)                                                                              \
    X(list_put)                                                                                    \
    X(kp_put)                                                                                      \
    X(kp_put_answer)                                                                               \
    X(kp_count_answer)                                                                             \
    X(kp_take)                                                                                     \
    X(kp_take_answer)                                                                              \
    X(invite_put)                                                                                  \
    X(conv_open)                                                                                   \
    X(conv_append)                                                                                 \
    X(conv_append_answer)                                                                          \
    X(conv_subscribe)                                                                              \
    X(conv_subscribe_answer)                                                                       \
    X(conv_ack)                                                                                    \
    X(conv_unsubscribe)                                                                            \
    X(inbox_put)                                                                                   \
    X(inbox_ack)                                                                                   \
    X(rdv_open_answer)                                                                             \
    X(rdv_join)                                                                                    \
    X(rdv_send)                                                                                    \
    X(rdv_close)                                                                                   \
    X(entry)                                                                                       \
    X(inbox_item)                                                                                  \
    X(rdv_message)                                                                                 \
    X(rdv_closed)                                                                                  \
    X(kp_low)                                                                                      \
    X(error)                                                                                       \
    X(log_config_answer)                                                                           \
    X(log_ask)                                                                                     \
    X(log_ask_answer)                                                                              \
    X(log_checkpoint)                                                                              \
    X(log_checkpoint_answer)                                                                       \
    X(find)                                                                                        \
    X(find_answer)                                                                                 \
    X(log_entries)                                                                                 \
    X(log_entries_answer)                                                                          \
    X(log_cosign)

#define PROTO_DECLARE_CODEC(name)                                                                  \
    KITH_API KITH_MUST_USE kith_err proto_##name##_encode(kith_buf *out, const proto_##name *in);  \
    KITH_API KITH_MUST_USE kith_err proto_##name##_decode(kith_bytes body, proto_##name *out);
PROTO_BODIES(PROTO_DECLARE_CODEC)
#undef PROTO_DECLARE_CODEC

/* For bodies that say nothing (PING, most answers). MALFORMED: not empty. */
KITH_API KITH_MUST_USE kith_err proto_empty_decode(kith_bytes body);

/* ---- Lists inside bodies ---- */

/* One `opaque<1..2^16-1>` after the other: `lists` of LIST_FIND's answer, `one_time` of KP_PUT. LIMIT: empty,
 * or longer than 2^16-1. MALFORMED: not enough bytes left, or an empty one. */
KITH_API KITH_MUST_USE kith_err proto_blob_append(kith_buf *out, kith_bytes blob);
KITH_API KITH_MUST_USE kith_err proto_blob_next(kith_reader *r, kith_bytes *out);

/* One element of `packages` of KP_TAKE's answer. */
typedef struct proto_package {
    uint8_t device_id[PROTO_DEVICE_ID_LEN];
    kith_bytes key_package; /* 1..PROTO_KP_BYTES_MAX */
} proto_package;

/* Errors as for blobs. */
KITH_API KITH_MUST_USE kith_err proto_package_append(kith_buf *out, const proto_package *package);
KITH_API KITH_MUST_USE kith_err proto_package_next(kith_reader *r, proto_package *out);

#endif
