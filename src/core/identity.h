/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the identity half know of each other. Private to core.
 *
 *   identity.c    loads, pumps, dispatches        packages.c    own key packages
 *   account.c     the account's record, login     takes.c       key packages of others
 *   accept.c      links that were accepted        people.c      who is known, and how
 *   lists.c       device lists, checked           hello.c       first words, names, own-device sync
 *   devices.c     changes of the own list         invite.c      own invites
 *   pair*.c       linking a device
 *   directory.h   the log that the lists stand in
 */
#ifndef KITH_CORE_IDENTITY_H
#define KITH_CORE_IDENTITY_H

#include "core/internal.h"
#include "core/link.h"

#define CORE_ACCOUNT_KEY_LEN 32u

/* A list that somebody waits for. */
typedef struct core_list_wish {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint64_t version; /* at least; 0: whatever is newest */
    bool in_flight;
    bool again; /* asked for anew while the answer was on its way */
    uint64_t held; /* newest version here when it was asked */
    kith_buf
        pending; /* lists that follow it, and are not proved before the newest one is reached */
    uint64_t pending_count;
    uint64_t not_before_ms;
} core_list_wish;

/* A key package that somebody waits for. */
typedef struct core_take_wish {
    core_device_ref device;
    uint64_t batch; /* of the request that is in flight; 0: none */
    uint64_t not_before_ms;
} core_take_wish;

/* A link that was accepted and waits for the inviter's list. The rest is in the store. */
typedef struct core_accept_op {
    uint64_t op;
    uint8_t account[CORE_ACCOUNT_LEN];
} core_accept_op;

/* A change of the own list that is to be published. */
typedef struct core_list_op {
    uint64_t op;
    bool is_add;
    bool is_inner; /* of a linking, which is told instead of the user; forgotten by a restart */
    bool is_refused; /* the server did not take `list`: the newest one is being fetched */
    uint8_t device[CORE_DEVICE_LEN];
    uint8_t key[32]; /* add */
    uint64_t added_ms;
    kith_buf list; /* as signed; empty: not yet */
} core_list_op;

/* A hello that is to be said. */
typedef struct core_hello_due {
    uint8_t account[CORE_ACCOUNT_LEN];
    uint64_t at_ms;
} core_hello_due;

typedef struct core_making core_making; /* account.c */
typedef struct core_directory core_directory; /* directory.h */
typedef struct core_pair core_pair; /* pair.h */

typedef struct core_list_wishes {
    core_list_wish *items;
    size_t count;
    size_t cap;
} core_list_wishes;

typedef struct core_take_wishes {
    core_take_wish *items;
    size_t count;
    size_t cap;
    uint64_t last_batch;
} core_take_wishes;

typedef struct core_accept_ops {
    core_accept_op *items;
    size_t count;
    size_t cap;
} core_accept_ops;

typedef struct core_list_ops {
    core_list_op *items;
    size_t count;
    size_t cap;
    bool in_flight; /* LIST_PUT of the first one */
    uint64_t not_before_ms;
} core_list_ops;

typedef struct core_hellos {
    core_hello_due *items;
    size_t count;
    size_t cap;
} core_hellos;

/* What is known of the own key packages; the packages are in the store. */
typedef struct core_packages {
    bool count_in_flight;
    bool is_counted; /* since the login */
    bool has_last_resort; /* on the server */
    bool is_filling; /* until the target is reached */
    bool put_in_flight;
    uint16_t count; /* one-time ones on the server */
    size_t waiting; /* made and stored, not known to be on the server */
    uint64_t last_resort_ms; /* when the newest one was made; 0: never */
    uint64_t not_before_ms;
    uint64_t swept_ms; /* when old ones were last looked for */
} core_packages;

struct core_identity {
    uint8_t server_key[32];
    core_making *making; /* only while the account is MAKING */
    bool is_login_refused; /* why, the own list will tell */
    uint64_t refresh_at_ms; /* of the own list */
    uint64_t told_version; /* of the own list, by a DEVICES event */
    uint64_t invite_not_before_ms;
    uint64_t invites_swept_ms;
    bool invite_in_flight;
    bool invites_waiting; /* some may not be known to the server */
    core_list_wishes list_wishes;
    core_take_wishes take_wishes;
    core_accept_ops accept_ops;
    core_list_ops list_ops;
    core_hellos hellos;
    core_packages packages;
    core_directory *directory;
    core_pair *pair; /* NULL: no linking is under way */
    uint64_t lost_pair_op; /* of a linking that a restart ended; 0: none */
    uint64_t lost_list_op; /* the change of the list that was part of it */
};

/* What an entry of CORE_TABLE_OP is. */
typedef enum core_op_kind { CORE_OP_ACCEPT = 1, CORE_OP_LIST = 2, CORE_OP_PAIR = 3 } core_op_kind;

/* Whether this side failed (store, memory, randomness): nobody else is to blame, and it may be tried again. */
bool core_is_own_failure(kith_err err);
/* A pause after a request that the server refused for now. */
uint64_t core_pause_after(const core *c, const core_answer *answer);
/* Text of at most `max` bytes, well-formed, without control characters. */
bool core_text_is_good(kith_bytes text, size_t max);
/* Copies at most CORE_NAME_MAX bytes, cut between characters, and ends with a zero. */
void core_name_set(char out[CORE_NAME_MAX + 1], kith_bytes text);

/* ---- account.c ---- */

/* An account that is to be: where, and what must go out to make it. */
typedef struct core_account_draft {
    const proto_link *link;
    kith_bytes name;
    kith_bytes device_name;
    uint64_t op;
} core_account_draft;

KITH_MUST_USE kith_err core_account_load(core *c);
void core_account_unload(core *c);
KITH_MUST_USE kith_err core_account_save(core *c);
/* Generates the account and stores it as MAKING. */
KITH_MUST_USE kith_err core_account_begin(core *c, const core_account_draft *draft);
KITH_MUST_USE kith_err core_account_pump(core *c);
/* Where to dial, and with which pin: of the account, or of a linking that is under way. */
bool core_account_server(const core *c, core_dial *out);
/* Appends the signature that logs this device in on the named connection. */
KITH_MUST_USE kith_err core_account_login(core *c, const uint8_t exporter[32], kith_buf *out);
/* The server did not let this device in: finds out why. */
KITH_MUST_USE kith_err core_account_refused(core *c);
KITH_MUST_USE kith_err core_account_set_name(core *c, kith_bytes name);
kith_bytes core_account_public(const core *c);

/* ---- accept.c ---- */

KITH_MUST_USE kith_err core_accept_load(core *c, uint64_t op, kith_bytes fields);
bool core_accept_is_open(const core *c, uint64_t op);
/* The account will not be: ends what waited for it. */
KITH_MUST_USE kith_err core_accept_cancel(core *c, uint64_t op, kith_err err);
KITH_MUST_USE kith_err core_accept_pump(core *c);
KITH_MUST_USE kith_err core_accept_on_list(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                           kith_err err);

/* ---- lists.c ---- */

/* Stores a list after the checks of a first or next one. EXISTS: it is the newest already. REJECTED. */
KITH_MUST_USE kith_err core_list_accept(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                        kith_bytes list);
/* Appends the newest list that is held. NOT_FOUND: none. */
KITH_MUST_USE kith_err core_list_get_newest(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                            kith_buf *out);
/* Whether a list of the account that is held names that account key. NOT_FOUND: none does. */
KITH_MUST_USE kith_err core_list_find_key(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                          kith_bytes key);
bool core_list_is_wanted(const core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
KITH_MUST_USE kith_err core_lists_pump(core *c);
void core_lists_done(core *c);

/* ---- devices.c ---- */

KITH_MUST_USE kith_err core_list_op_load(core *c, uint64_t op, kith_bytes fields);
void core_list_ops_done(core *c);
/* Adds a device to the own list; core_pair_on_listed is told how it went. */
KITH_MUST_USE kith_err core_device_add(core *c, kith_bytes key);
/* Takes that back, unless it is on its way. */
KITH_MUST_USE kith_err core_device_add_cancel(core *c);
/* The names of own devices, for one that is linked. */
KITH_MUST_USE kith_err core_device_names_export(core *c, kith_buf *out);
KITH_MUST_USE kith_err core_device_names_import(core *c, kith_bytes blob);
KITH_MUST_USE kith_err core_devices_pump(core *c);
/* The newest own list was fetched, or has changed. */
KITH_MUST_USE kith_err core_devices_on_list(core *c, kith_err err);
KITH_MUST_USE kith_err core_device_name_set(core *c, const uint8_t device[CORE_DEVICE_LEN],
                                            kith_bytes name);

/* ---- packages.c, takes.c ---- */

KITH_MUST_USE kith_err core_packages_load(core *c);
KITH_MUST_USE kith_err core_packages_pump(core *c);
void core_packages_link_changed(core *c);
KITH_MUST_USE kith_err core_packages_low(core *c, kith_bytes body);
KITH_MUST_USE kith_err core_takes_pump(core *c);

/* ---- people.c ---- */

typedef enum core_hello_state {
    CORE_HELLO_NONE = 0,
    CORE_HELLO_DUE,
    CORE_HELLO_SAID /* by this or another own device */
} core_hello_state;

/* A person as stored. */
typedef struct core_person_record {
    uint8_t account[CORE_ACCOUNT_LEN];
    core_person_state state;
    uint8_t key[CORE_ACCOUNT_KEY_LEN]; /* pinned */
    char name[CORE_NAME_MAX + 1];
    uint64_t since_ms;
    core_hello_state hello;
    uint8_t role; /* content_role of this account in the invite that they met by */
    uint8_t secret[PROTO_LINK_SECRET_LEN]; /* of that invite */
} core_person_record;
void core_person_record_done(core_person_record *record);

/* NOT_FOUND. */
KITH_MUST_USE kith_err core_person_read(core *c, const uint8_t account[CORE_ACCOUNT_LEN],
                                        core_person_record *out);
/* Stores it and says so. */
KITH_MUST_USE kith_err core_person_write(core *c, const core_person_record *record);
/* Writes it, tells the own devices, and lets the direct conversation follow. */
KITH_MUST_USE kith_err core_person_decide(core *c, core_person_record *record, bool yes);
/* There is a newer list of the account: the pin moves with it, and whoever shows the person is told. */
KITH_MUST_USE kith_err core_person_follow(core *c, const uint8_t account[CORE_ACCOUNT_LEN]);
/* Whether another account's person of the same name (letters of ASCII in either case) is a contact: whoever comes by
 * that name may be that person with an account that was set up anew, or somebody else. */
KITH_MUST_USE kith_err core_person_has_namesake(core *c, const core_person_record *record,
                                                bool *out);
KITH_MUST_USE kith_err core_people_load(core *c);
/* All people, for a device that is linked. */
KITH_MUST_USE kith_err core_people_export(core *c, kith_buf *out);
KITH_MUST_USE kith_err core_people_import(core *c, kith_bytes blob);

/* ---- hello.c ---- */

KITH_MUST_USE kith_err core_hello_load(core *c, const core_person_record *record);
/* Says hello in the direct conversation, `delay_ms` from now, unless an own device does before. */
KITH_MUST_USE kith_err core_hello_plan(core *c, core_person_record *record, uint64_t delay_ms);
/* Queues the joiner's hello at once; sets the record's state. */
KITH_MUST_USE kith_err core_hello_say(core *c, core_person_record *record,
                                      const uint8_t conv[CORE_CONV_LEN]);
KITH_MUST_USE kith_err core_hellos_pump(core *c);

/* ---- invite.c ---- */

/* The invite whose secret stands behind a joiner's proof, which is counted as used. NOT_FOUND: none. */
KITH_MUST_USE kith_err core_invite_match(core *c, const core_from *from, kith_bytes proof,
                                         uint8_t secret[PROTO_LINK_SECRET_LEN]);
/* An own device made one. */
KITH_MUST_USE kith_err core_invite_learn(core *c, const content_invite_made *made);
KITH_MUST_USE kith_err core_invites_pump(core *c);
KITH_MUST_USE kith_err core_invites_export(core *c, kith_buf *out);
KITH_MUST_USE kith_err core_invites_import(core *c, kith_bytes blob);

/* ---- pair.c ---- */

void core_pair_free(core *c);
KITH_MUST_USE kith_err core_pair_pump(core *c);
KITH_MUST_USE kith_err core_pair_push(core *c, uint8_t type, kith_bytes body);
/* The named connection was lost (`is_open` false) or greeted. */
KITH_MUST_USE kith_err core_pair_link_changed(core *c, bool is_open);
KITH_MUST_USE kith_err core_pair_on_listed(core *c, kith_err err);
/* Where the new device's linking connects to; false: none is under way. */
bool core_pair_server(const core *c, core_dial *out);

/* ---- identity.c ---- */

/* A connection was greeted, is ready, or was lost. */
KITH_MUST_USE kith_err core_identity_link_changed(core *c, core_link link);

#endif
