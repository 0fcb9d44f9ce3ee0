/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A server and up to WORLD_DEVICES devices in one process: real relay, real cores, real stores over disks in
 * memory, a network that delays, cuts and splits, and one virtual clock. Everything that is random comes from one
 * seed, so a run is repeated by its seed.
 *
 *   place.c   machines: opening stores on disks, crashing them
 *   wire.c    connections: chunks of bytes on their way, resets, partitions
 *   world.c   time: who is called next
 *   check.c   what must hold, at every moment and at the end
 *   plot.c    what people do, at random
 */
#ifndef KITH_TESTS_STORIES_WORLD_H
#define KITH_TESTS_STORIES_WORLD_H

#include "core/core.h"
#include "fakes/fake_disk.h"
#include "fakes/fake_log.h"
#include "fakes/fake_rng.h"
#include "mls/mls.h"
#include "relay/relay.h"
#include "store/store.h"

#define WORLD_DEVICES 20u
#define WORLD_LOOPS 2u
#define WORLD_START_MS UINT64_C(1800000000000)

/* ---- Connections ---- */

typedef struct chunk {
    struct chunk *next;
    uint64_t at_ms;
    size_t len;
    uint8_t data[];
} chunk;

/* One direction: chunks arrive in order, never earlier than the one before. */
typedef struct pipe_way {
    chunk *first;
    chunk *last;
    uint64_t newest_ms;
} pipe_way;

typedef enum wire_state { WIRE_CLOSED, WIRE_DIALING, WIRE_OPEN, WIRE_CUT } wire_state;

/* The connection of one link of one device. After a cut each side hears of it at its own time. */
typedef struct world_wire {
    wire_state state;
    uint64_t at_ms; /* dialing: when it is answered; cut: when the device hears of it */
    uint64_t server_hears_ms; /* cut: when the server does; UINT64_MAX: it has */
    uint8_t exporter[32];
    size_t loop;
    relay_session *session; /* NULL: the server has no such connection */
    pipe_way up;
    pipe_way down;
} world_wire;

/* ---- Machines ---- */

typedef struct world_device {
    char name[24];
    bool used;
    bool is_up;
    uint64_t up_at_ms; /* down: when it is started again; UINT64_MAX: not by itself */
    uint64_t cut_until_ms; /* no network until then */
    fake_disk *disk;
    store_core *store;
    core *core;
    crypto *crypto;
    fake_rng rng;
    world_wire wires[CORE_LINKS];
    int64_t skew_ms; /* its clock against the world's */
    size_t person;
    bool has_account;
    uint8_t account[CORE_ACCOUNT_LEN]; /* once it has one: known also while it is down */
    uint64_t last_event;
    /* of the newest operations: for stories that wait for one */
    uint64_t done_op;
    kith_err done_err;
    bool pair_asked;
} world_device;

typedef struct world_server {
    bool is_up;
    uint64_t up_at_ms;
    fake_disk *disk;
    fake_log log; /* of the directory; its `identity` is the server's */
    store_relay *store; /* writer and reader in one: everything is one thread */
    store_writer *writer;
    store_mailbox *boxes[WORLD_LOOPS];
    relay *relays[WORLD_LOOPS];
    crypto *crypto;
    fake_rng rng;
    kith_rng rng_port;
    kith_clock clock;
    uint64_t commit_at_ms; /* when the waiting jobs are committed; UINT64_MAX: none wait */
    uint8_t identity[32];
    uint8_t secret[16];
} world_server;

/* How rough a world is. All zero: a quiet one. */
typedef struct world_weather {
    uint32_t delay_max_ms; /* of a chunk */
    uint32_t cut_per_mille; /* chance that a chunk cuts its connection instead of arriving */
    uint32_t refuse_per_mille; /* chance that dialing fails */
    bool crashes; /* machines lose power */
} world_weather;

/* One thing that somebody said, for the check at the end. */
typedef struct world_saying {
    size_t device; /* that said it */
    uint8_t conv[CORE_CONV_LEN];
    uint64_t number; /* the text is made from it */
    uint64_t at_ms;
    uint64_t local_n;
    uint8_t id[CORE_MESSAGE_ID_LEN];
    bool is_uncertain; /* the power went while it was stored: it may be there or not */
} world_saying;

/* When a device was first seen as a member of a conversation, and when it was first seen not to be any more. */
typedef struct world_seat {
    size_t device;
    uint8_t conv[CORE_CONV_LEN];
    uint64_t since_ms;
    uint64_t until_ms; /* UINT64_MAX: still; else when somebody began to take it out */
} world_seat;

typedef struct liar liar; /* liar.h */

/* What a device has raised an alarm about: the first of each word. */
#define WORLD_ALARMS 16u
typedef struct world_alarm {
    size_t device;
    char what[CORE_NAME_MAX + 1];
    uint64_t at_ms;
    uint64_t texts; /* that had arrived anywhere before */
} world_alarm;

typedef struct world {
    uint64_t seed;
    uint64_t now_ms;
    fake_rng rng;
    world_weather weather;
    uint16_t suite;
    bool loud; /* says what happens, on stderr */
    world_server server;
    world_device devices[WORLD_DEVICES];
    size_t device_count;
    size_t person_count;
    world_saying *sayings;
    size_t saying_count;
    size_t saying_cap;
    world_seat *seats;
    size_t seat_count;
    size_t seat_cap;
    char *failure; /* the first thing that went wrong, or NULL */
    liar
        *liar; /* answers about lists and their log in the place of the server; NULL: nobody does */
    bool takes_alarms; /* they are noted, and no failure */
    world_alarm alarms[WORLD_ALARMS];
    size_t alarm_count;
    uint64_t texts; /* messages of others that devices have said are new or changed */
    uint64_t steps;
} world;

/* world.c */
world *world_new(uint64_t seed, const world_weather *weather);
void world_free(world *w);
/* Lets time pass until something is due, at most until `until_ms`; false: nothing was due. */
bool world_step(world *w, uint64_t until_ms);
void world_run(world *w, uint64_t for_ms);
/* Runs until nothing is on its way any more (calm weather, everybody up), at most `for_ms`. */
void world_settle(world *w, uint64_t for_ms);
/* Whether a connection, an outbox or an unfinished change has anything left to do. */
bool world_is_busy(const world *w);
/* Drains what a core wants after it was called: packets, dials, hang-ups, events. */
void world_after_core(world *w, size_t device);
void world_after_server(world *w);
/* Notes the first failure. */
void world_fail(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_say(const world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t world_device_now(const world *w, const world_device *d);
uint32_t world_below(world *w, uint32_t below);

/* place.c */
void place_server_start(world *w);
void place_server_crash(world *w, uint64_t back_after_ms);
size_t place_device_add(world *w, const char *name, size_t person);
void place_device_start(world *w, size_t device);
void place_device_crash(world *w, size_t device, uint64_t back_after_ms);
void place_free(world *w);

/* wire.c */
void wire_dial(world *w, size_t device, core_link link);
void wire_hangup(world *w, size_t device, core_link link);
/* Cuts at once; both sides hear of it after a while. */
void wire_cut(world *w, world_wire *wire);
void wire_send_up(world *w, size_t device, core_link link, kith_bytes bytes);
void wire_send_down(world *w, world_wire *wire, kith_bytes bytes);
/* Gives bytes to the server now. */
void wire_pass(world *w, world_wire *wire, kith_bytes bytes);
/* When the next thing is due on it. */
uint64_t wire_due(const world_wire *wire);
void wire_run(world *w, size_t device, core_link link);
void wire_clear(world_wire *wire);
/* The server lost power: none of its connections is left. */
void wire_server_gone(world *w);

/* check.c */
/* `err` is what core_send said: STORE leaves open whether it was stored. */
void check_note_sent(world *w, size_t device, const core_text *text, uint64_t n, kith_err err);
void check_note_leaving(world *w, const uint8_t conv[CORE_CONV_LEN], size_t device);
void check_text_of(uint64_t seed, uint64_t number, char text[64]);
/* Looks at what goes to the server. */
void check_upload(world *w, core_link link, kith_bytes bytes);
/* Learns who is in which conversation. */
void check_seats(world *w);
/* Everything that must hold when the world has settled. */
void check_end(world *w);

/* plot.c */
void plot_run(world *w);
/* The steps of stories, each until done or failed. */
void plot_found(world *w, size_t device, const char *name);
void plot_meet(world *w, size_t inviter, size_t joiner, const char *name, const char *text);
void plot_pair(world *w, size_t old_device, size_t new_device);
bool plot_say(world *w, size_t device, const uint8_t conv[CORE_CONV_LEN]);
bool plot_direct(world *w, size_t device, size_t other, uint8_t conv[CORE_CONV_LEN]);

#endif
