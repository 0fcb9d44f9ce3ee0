/* SPDX-License-Identifier: MPL-2.0 */
/* Members for tests: each with its own seeded randomness, keys, and one group. */
#ifndef KITH_TESTS_MLS_PARTY_H
#define KITH_TESTS_MLS_PARTY_H

#include "fakes/fake_rng.h"
#include "mls/mls.h"

#define PARTY_MAX 24u
#define NOW_S UINT64_C(1800000000)

typedef struct party {
    char name[16];
    fake_rng rng;
    fake_alloc alloc;
    mls_env env;
    const mls_ext *leaf_extensions; /* borrowed; NULL: none */
    size_t leaf_extension_count;
    kith_secret signature_private;
    kith_buf signature_public;
    kith_buf package; /* the newest key package, and its private blob */
    kith_buf blob;
    mls_group *group; /* NULL: not in the group */
} party;

/* A cast of parties over one crypto context. */
typedef struct cast {
    crypto *crypto;
    uint16_t suite;
    bool public_handshakes;
    party party[PARTY_MAX];
    size_t count;
} cast;

void cast_open(cast *c, uint16_t suite, size_t count, uint64_t seed);
/* Frees all, and checks that every party gave back what it allocated. */
void cast_close(cast *c);

mls_leaf_params party_leaf(const party *p);
mls_group_settings cast_settings(const cast *c);
/* A fresh key package and private blob. */
void party_publish(cast *c, size_t who);
/* Founds the group. */
void party_found(cast *c, size_t who);
void party_leave(party *p);

/* Commits, hands the commit to every other member, the Welcome to those in `joiners`, and applies everywhere.
 * `params` may be NULL for an empty commit. */
void cast_commit(cast *c, size_t who, const mls_commit_params *params, const size_t *joiners,
                 size_t joiner_count);
void cast_add(cast *c, size_t who, size_t joiner);
void cast_remove(cast *c, size_t who, size_t gone);
/* Sends a proposal by reference to everyone. */
void cast_propose(cast *c, size_t who, const mls_proposal_params *params);
/* A message from one reaches all the others. */
void cast_say(cast *c, size_t who, const char *text);
/* All members agree on the epoch, and their private keys fit the tree. */
void cast_agree(const cast *c);
/* Whom the group of another member has at that place. */
uint32_t party_leaf_index(const party *p);
/* Saves, frees and loads the party's group. */
void party_reload(party *p);

void assert_err(kith_err actual, kith_err expected);

#endif
