/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Devices with real conversations over a pretended identity half: accounts and lists are made here, requests are
 * answered by a small log server in memory, and a test can hold back, lose or forge whatever passes.
 *
 *   crowd.c           accounts, devices, time
 *   crowd_server.c    the server: logs and inboxes
 *   stub_identity.c   what the conversations half calls, in place of the identity half
 */
#ifndef KITH_TESTS_CORE_CROWD_H
#define KITH_TESTS_CORE_CROWD_H

#include "core/conv.h"
#include "fakes/fake_rng.h"
#include "fakes/fake_store.h"

#define CROWD_ACCOUNTS 20u
#define CROWD_MEMBERS 24u
#define CROWD_VERSIONS 8u
#define CROWD_QUEUE 256u
#define CROWD_SUBS 32u
#define CROWD_LOGS 16u
#define CROWD_START_MS UINT64_C(1800000000000)

/* A request on its way. */
typedef struct crowd_request {
    core_link link;
    uint8_t type;
    kith_buf body;
    core_tag tag;
    core_answer_fn answer;
} crowd_request;

typedef struct crowd_sub {
    size_t log;
    uint64_t at; /* next entry to push */
    uint64_t stop; /* last one of the token's epoch */
} crowd_sub;

typedef struct crowd crowd;

typedef struct member {
    fake_rng rng; /* first: how a core finds its member again */
    fake_alloc alloc;
    crowd *crowd;
    size_t account;
    crypto_sign_key *key;
    uint8_t device[CORE_DEVICE_LEN];
    fake_store *store;
    core *core;
    bool online;
    bool is_held; /* its requests stay where they are */
    bool is_deaf; /* no entries are pushed to it */
    bool has_no_package;
    bool is_unlisted; /* on no true list */
    bool lists_withheld;
    crowd_request queue[CROWD_QUEUE];
    size_t queued;
    crowd_sub subs[CROWD_SUBS];
    size_t sub_count;
    uint64_t known[CROWD_ACCOUNTS]; /* newest list version that it holds */
    uint64_t wanted[CROWD_ACCOUNTS]; /* 0: no list is wanted, else version + 1 */
    kith_buf forged[CROWD_ACCOUNTS]; /* its newest list instead of the true one */
    core_person_state people[CROWD_ACCOUNTS];
    core_device_ref takes[64];
    size_t take_count;
    kith_buf blobs[64]; /* private halves of its key packages */
    kith_buf refs[64];
    size_t blob_count;
    kith_buf inbox[32];
    size_t inbox_count;
    size_t inbox_pushed; /* on this connection */
    size_t inbox_acked;
    bool inbox_live;
    size_t controls; /* heard by the identity half */
    size_t alarms; /* events of that kind */
} member;

typedef struct crowd_account {
    crypto_sign_key *key;
    uint8_t id[CORE_ACCOUNT_LEN];
    kith_buf lists[CROWD_VERSIONS];
    uint64_t version;
} crowd_account;

typedef struct crowd_entry {
    proto_entry entry; /* `message` borrows the next */
    kith_buf message;
} crowd_entry;

typedef struct crowd_epoch {
    uint8_t hash[PROTO_ID_LEN];
    uint64_t first;
    uint64_t last; /* UINT64_MAX: the newest */
} crowd_epoch;

typedef struct crowd_log {
    uint8_t id[CORE_CONV_LEN];
    crowd_epoch epochs[64];
    size_t epoch_count;
    crowd_entry entries[256]; /* seq is the index + 1 */
    size_t count;
    uint64_t last_commit;
    uint64_t first_seq;
    size_t refused; /* appends with CONFLICT */
    size_t acks;
} crowd_log;

struct crowd {
    crypto *crypto;
    uint64_t now_ms;
    fake_rng rng;
    crowd_account accounts[CROWD_ACCOUNTS];
    size_t account_count;
    member *members[CROWD_MEMBERS];
    size_t member_count;
    crowd_log logs[CROWD_LOGS];
    size_t log_count;
    kith_err append_error; /* instead of what an append would get; KITH_OK: none */
};

/* crowd.c */
crowd *crowd_new(void);
void crowd_free(crowd *w);
/* A new account with one device. */
member *crowd_account_add(crowd *w);
/* One more device of an account: the account's next list has it. */
member *crowd_device_add(crowd *w, size_t account);
/* A device that says it is one of the account's, and is on no list. */
member *crowd_intruder_add(crowd *w, size_t account);
/* The account's next list lacks it. */
void crowd_device_drop(crowd *w, member *gone);
/* Everybody is everybody's contact. */
void crowd_befriend(crowd *w);
void member_start(member *m);
/* Power loss and a new start. */
void member_restart(member *m);
void member_connect(member *m);
void member_disconnect(member *m);
/* The identity half got the newest list of an account. */
void member_learn(member *m, size_t account);
/* Lets everything happen that can, for so long. */
void crowd_run(crowd *w, uint64_t for_ms);
/* One conversation from `m` to the others; both live. */
void crowd_direct(crowd *w, member *m, member *other, uint8_t conv[CORE_CONV_LEN]);
void crowd_group(crowd *w, member *m, uint8_t conv[CORE_CONV_LEN]);
uint64_t member_say(member *m, const uint8_t conv[CORE_CONV_LEN], const char *text);
core_conv *member_conv(const member *m, const uint8_t conv[CORE_CONV_LEN]);
/* The texts in order, joined by a space; owned by the caller. */
char *member_texts(member *m, const uint8_t conv[CORE_CONV_LEN]);
core_message_state member_state(member *m, const uint8_t conv[CORE_CONV_LEN], uint64_t n);
bool member_has_line(member *m, const uint8_t conv[CORE_CONV_LEN], core_message_kind kind);
void assert_texts(member *m, const uint8_t conv[CORE_CONV_LEN], const char *texts);

/* crowd_server.c */
/* Serves one request of the member; false: none waits. `lose`: it is done, but the answer never comes. */
bool crowd_serve(member *m, bool lose);
bool crowd_push(member *m);
crowd_log *crowd_log_find(crowd *w, const uint8_t conv[CORE_CONV_LEN]);
/* Puts an entry into a log as if a member had appended it. */
void crowd_inject(crowd_log *log, const proto_entry *entry);
void member_push(member *m, uint8_t type, kith_bytes body);

/* stub_identity.c */
member *member_of(const core *c);
/* Answers wishes for lists and packages; false: none. */
bool stub_identity_serve(member *m);

#endif
