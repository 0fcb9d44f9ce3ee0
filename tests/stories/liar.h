/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A server that lies about its directory. It sits between the devices and an honest server and answers all that is
 * asked about lists and their log itself, from one of several directories: each device is shown one of them. All are of
 * one seed, so those that were told the same are the same, and the first lie that one of them is told parts it from the
 * others for good.
 */
#ifndef KITH_TESTS_STORIES_LIAR_H
#define KITH_TESTS_STORIES_LIAR_H

#include "fakes/fake_directory.h"
#include "stories/world.h"

#define LIAR_FACES 3u
#define LIAR_ACCOUNTS 8u
#define LIAR_LISTS 32u

typedef struct liar_account {
    uint8_t id[CORE_ACCOUNT_LEN];
    uint64_t taken; /* lists of the honest server that were taken over */
    kith_buf lists[LIAR_LISTS];
    uint64_t count;
    bool is_forged; /* nothing is taken over any more */
} liar_account;

typedef struct liar_face {
    fake_directory *log;
    liar_account accounts[LIAR_ACCOUNTS];
    size_t account_count;
    bool is_frozen; /* neither lists nor entries are added */
} liar_face;

typedef void (*liar_spoil)(kith_buf *found);

struct liar {
    world *w;
    liar_face faces[LIAR_FACES];
    size_t face_of[WORLD_DEVICES];
    kith_buf in[WORLD_DEVICES][CORE_LINKS];
    kith_bytes value; /* in the place of the newest list in a proof; empty: that; borrowed */
    liar_spoil spoil; /* changes proofs of look-ups; NULL: none */
    kith_bytes config; /* instead of the face's SignedLog; empty: that */
    size_t questions; /* that were answered */
    size_t bytes; /* of these answers */
};

/* Before anybody has an account. Freed with the world. */
liar *liar_new(world *w);
void liar_free(liar *l);
/* Bytes of a device on their way to the server: what is not for the liar is passed on. */
void liar_take(liar *l, size_t device, core_link link, kith_bytes bytes);
void liar_cut(liar *l, size_t device, core_link link);
/* All faces take over what the honest server has. */
void liar_follow(liar *l);
liar_account *liar_account_of(liar_face *face, const uint8_t account[CORE_ACCOUNT_LEN]);
/* Puts all lists that the face has into its log, which is a new one. */
void liar_log_all(liar *l, size_t face);
/* One more list of the account in this face alone. */
void liar_add(liar *l, size_t face, const uint8_t account[CORE_ACCOUNT_LEN], kith_bytes list);

#endif
