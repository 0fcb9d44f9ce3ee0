/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One server and some cores that talk to it, in memory: a scripted stand-in that keeps lists, counts packages and
 * passes rendezvous on, and that holds back, drops or refuses what a test wants. It is no relay: nothing is checked.
 */
#ifndef KITH_TESTS_CORE_HOME_H
#define KITH_TESTS_CORE_HOME_H

#include "core/internal.h"
#include "core/stub_convs.h"
#include "fakes/fake_directory.h"
#include "fakes/fake_rng.h"
#include "fakes/fake_store.h"

#define HOME_PARTIES 4u
#define HOME_ACCOUNTS 8u
#define HOME_LISTS 130u
#define HOME_EVENTS 256u
#define HOME_NOW 1800000000000ull

/* A request that waits for the test to answer it. */
typedef struct home_request {
    core_link link;
    uint8_t type;
    uint32_t number;
    kith_buf body;
} home_request;

typedef struct home_account {
    uint8_t id[CORE_ACCOUNT_LEN];
    kith_buf lists[HOME_LISTS];
    size_t count;
} home_account;

struct home;

typedef struct party {
    struct home *home;
    fake_rng rng;
    fake_store *store;
    fake_alloc alloc;
    core *core;
    bool is_up[CORE_LINKS];
    bool named; /* logged in */
    kith_buf in[CORE_LINKS]; /* from the core */
    home_request held[256];
    size_t held_count;
    size_t seen[256]; /* requests by type */
    size_t dials[CORE_LINKS];
    core_event events[HOME_EVENTS]; /* fetched so far */
    size_t event_count;
    uint16_t one_time;
    bool last_resort;
    size_t kp_puts;
    size_t kp_put_one_time; /* packages in the last KP_PUT */
    kith_err recv_err; /* of the last core_recv */
    uint8_t server_key[32]; /* what this party's connections show when they are not pinned */
} party;

typedef struct home {
    crypto *crypto;
    uint64_t now_ms;
    int64_t clock_ahead_ms;
    party parties[HOME_PARTIES];
    size_t party_count;
    home_account accounts[HOME_ACCOUNTS];
    size_t account_count;
    uint8_t server_key[32];
    fake_directory *log; /* all lists that are answered stand in it */
    bool log_hides_updates; /* it answers an owner that there is nothing new */
    bool log_is_frozen; /* it gets no entries, and the lists none either */
    bool hold[256]; /* requests of this type are kept in `held` */
    kith_err refuse[256]; /* requests of this type get this error */
    bool is_down; /* nothing can be dialled */
    party *rdv_opener;
    party *rdv_joiner;
    uint32_t rdv_number;
    size_t rdv_messages;
    bool rdv_drop; /* what is said there gets lost */
    kith_buf package; /* what KP_TAKE hands out; empty: nothing */
} home;

home *home_new(void);
void home_free(home *h);
/* A core over an empty store. */
party *home_party(home *h);
/* The process ends and starts again over what was committed. */
void party_restart(party *p);
/* Lets everything happen that can happen now: dials, bytes both ways, ticks that are due. */
void home_run(home *h);
/* The same, letting so much time pass. */
void home_pass(home *h, uint64_t ms);
/* The connection breaks. */
void party_cut(party *p, core_link link);
/* The oldest held request of that type, taken out (its body is the caller's); fails the test when there is none. */
home_request party_take(party *p, uint8_t type);
bool party_has_held(const party *p, uint8_t type);
void home_request_done(home_request *request);
void party_answer(party *p, const home_request *request, kith_bytes body);
void party_refuse(party *p, const home_request *request, kith_err err);
/* Bytes as they are, on a connection that is up. */
kith_err party_feed(party *p, core_link link, kith_bytes bytes);
kith_err party_push(party *p, core_link link, uint8_t type, kith_bytes body);
/* How many events of that kind were seen; the newest of them. */
size_t party_events(party *p, core_event_kind kind);
const core_event *party_event(party *p, core_event_kind kind);
/* The result of an operation, or KITH_ERR_COUNT while it is not done. */
kith_err party_op(party *p, uint64_t op);
bool party_alarm(party *p, const char *what);

/* The answer to a request (home_answers.c), or the error. */
kith_err home_answer(party *p, uint8_t type, kith_bytes body, kith_buf *out);
/* Puts what the lists have and the log has not into the log. */
void home_log_follow(home *h);
/* The same lists in another log from here on; the one before is freed. */
void home_log_replace(home *h, fake_directory *log);
home_account *home_account_of(home *h, const uint8_t id[CORE_ACCOUNT_LEN]);

/* The operator's link, and a core that made its account with it. */
void home_link(home *h, kith_buf *out);
void home_join(party *p, const char *name);
kith_err party_join(party *p, kith_bytes link, const char *name, uint64_t *op);

/* An account that is no core: a key, and a first list with one device. */
typedef struct ghost {
    crypto_sign_key *key;
    crypto_sign_key *device;
    uint8_t id[CORE_ACCOUNT_LEN];
    uint8_t device_id[CORE_DEVICE_LEN];
} ghost;
void ghost_make(home *h, ghost *g, uint64_t seed);
void ghost_done(ghost *g);
/* Publishes one more list: the first, or a next one that differs in nothing but its number. */
void ghost_list(home *h, ghost *g);
/* The same with another account key, which the one before signs. */
void ghost_rotate(home *h, ghost *g, uint64_t seed);
/* A personal invite of it. */
void ghost_link(home *h, const ghost *g, kith_buf *out);
#define GHOST_SECRET 0x77

#endif
