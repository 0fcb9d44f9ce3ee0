/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A town for tests of src/relay: two relays of one store on a fake disk, the writer without a thread, a clock that moves
 * when it is told to, and clients that speak frames. Everything happens in town_run.
 */
#ifndef KITH_TESTS_RELAY_TOWN_H
#define KITH_TESTS_RELAY_TOWN_H

#include "base/check.h"
#include "crypto/crypto.h"
#include "fakes/fake_disk.h"
#include "fakes/fake_log.h"
#include "fakes/fake_rng.h"
#include "proto/proto.h"
#include "relay/relay.h"
#include "store/store.h"

#define TOWN_LOOPS 2u
#define TOWN_CLIENTS 8u
#define TOWN_START_MS UINT64_C(1800000000000)

typedef struct client client;

typedef struct town {
    fake_alloc alloc;
    fake_rng fake;
    kith_rng rng;
    crypto *crypto;
    kith_clock clock;
    uint64_t now_ms;
    fake_disk *disk;
    fake_log log;
    bool has_log;
    store_relay *store; /* the writer's */
    store_relay *reader[TOWN_LOOPS];
    store_writer *writer;
    store_mailbox *box[TOWN_LOOPS];
    relay_env env[TOWN_LOOPS];
    relay *relay[TOWN_LOOPS];
    client *clients[TOWN_CLIENTS];
    uint8_t operator_ticket[PROTO_ID_LEN];
} town;

/* `town_open` with rations that no test meets by chance; `town_restart` makes the relays anew, with `env` as it is
 * then. Close checks that all memory came back. */
void town_open(town *t);
/* The same with a directory's log. */
void town_open_logged(town *t);
void town_restart(town *t);
void town_close(town *t);
/* The power goes (if it has not gone by itself), clients are gone with it, and everything is opened anew from what the
 * disk kept. */
void town_crash(town *t);
/* Until nothing more happens: jobs run, notices and answers arrive, clients take everything. */
void town_run(town *t);
/* Moves the clock and lets the relays do what is due. */
void town_pass(town *t, uint64_t ms);

struct client {
    town *town;
    size_t loop;
    relay_session *session;
    uint8_t exporter[PROTO_EXPORTER_LEN];
    kith_err over; /* what ended it */
    uint32_t request; /* number of the last one */
    bool is_deaf; /* takes nothing from its session */
    kith_buf body; /* of the next request */
    kith_buf in; /* what arrived and was not looked at */
    kith_buf answer; /* body of the last answer */
    proto_error error; /* the last one */
};

/* A connection on a loop, from the given source, that has said HELLO. */
void client_open(town *t, client *c, size_t loop, uint64_t source);
/* The same without HELLO. */
void client_dial(town *t, client *c, size_t loop, uint64_t source);
void client_close(client *c);
/* Takes everything that its session has, and what comes next, after it was deaf. */
void client_listen(client *c);
/* An empty body, to encode the next request into. */
kith_buf *client_body(client *c);
/* Sends the body as a request, without waiting. */
uint32_t client_send(client *c, uint8_t type);
/* Sends bytes as they are. */
kith_err client_bytes(client *c, kith_bytes bytes);
/* Sends the body as a request and gives what answered it; `answer` or `error` has the rest. */
kith_err client_ask(client *c, uint8_t type);
/* The answer to that request, if it has arrived. BUSY is told from "none yet" by `error.code`. */
bool client_find_answer(client *c, uint32_t request, kith_err *out);
/* The next push, taken out of what arrived; its body lies in `answer`. 0: none. */
uint8_t client_push(client *c);

/* An account with devices, as its owner sees it. */
#define PERSON_DEVICES 4u
typedef struct person {
    town *town;
    crypto_sign_key *account_key;
    crypto_sign_key *device_key[PERSON_DEVICES];
    size_t device_count; /* in its list */
    uint8_t account_id[PROTO_ID_LEN];
    uint8_t device_id[PERSON_DEVICES][PROTO_DEVICE_ID_LEN];
    kith_buf list; /* the newest SignedList */
} person;

/* Makes keys and a first list with `devices` devices; nothing is sent. */
void person_make(town *t, person *p, size_t devices);
void person_done(person *p);
/* Replaces `list` by the next version, with the devices of the bits in `mask`. */
void person_next_list(person *p, unsigned mask);
/* ACCOUNT_CREATE with the operator's ticket over a connection of its own. */
void person_create(person *p);
kith_err person_put_list(person *p, client *c);
kith_err person_log_in(person *p, client *c, size_t device);

/* A conversation as its members see it: epoch e's token is made of `seed` and e. */
typedef struct talk {
    uint8_t id[PROTO_ID_LEN];
    uint8_t seed;
    uint16_t readers;
} talk;

void talk_token(const talk *k, uint8_t epoch, uint8_t out[PROTO_ID_LEN]);
void talk_token_hash(town *t, const talk *k, uint8_t epoch, uint8_t out[PROTO_ID_LEN]);
kith_err talk_open(client *c, talk *k, uint8_t seed, uint16_t readers);
/* The append id is made of `id`. */
kith_err talk_say(client *c, const talk *k, uint8_t epoch, uint32_t id, kith_bytes message);
kith_err talk_commit(client *c, const talk *k, uint8_t epoch, uint32_t id, uint64_t parent);
kith_err talk_subscribe(client *c, const talk *k, uint8_t epoch, uint64_t from);
kith_err talk_ack(client *c, const talk *k, uint8_t epoch, uint8_t reader, uint64_t seq);
/* The seq in the last answer to an append. */
uint64_t client_seq(const client *c);
/* The next push, which must be an ENTRY. Its message is borrowed until the next call. */
proto_entry client_entry(client *c);

#endif
