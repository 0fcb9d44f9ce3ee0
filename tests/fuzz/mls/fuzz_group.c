/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target with state: a group of three, and a script of steps from the input. Each step is something that a member
 * does and whose message reaches all others, after copies of it that were changed on the way: talk, proposals,
 * commits, a race of two commits, a member that goes and comes back by a Welcome or from outside, a restart.
 * Changed copies must be refused, untouched messages accepted, and all must agree.
 */
#include <string.h>

#include "fakes/fake_rng.h"
#include "mls/mls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SIDES 3u
#define STEPS_MAX 24u

typedef struct side {
    fake_rng rng;
    mls_env env;
    kith_secret signature;
    mls_group *group; /* NULL: not in the group */
} side;

typedef struct script {
    const uint8_t *next;
    size_t left;
} script;

static uint8_t
take(script *s)
{
    if (s->left == 0) {
        return 0;
    }
    s->left--;
    return *s->next++;
}

static void
must(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static mls_leaf_params
leaf_of(const side *s)
{
    return (mls_leaf_params){
        .identity = {.type = MLS_CREDENTIAL_BASIC, .data = kith_bytes_of_text("x")},
        .signature_private = kith_bytes_of_secret(&s->signature)};
}

/* ---- Delivery ---- */

/* Changed copies are refused. */
static void
refuse_changed(script *s, mls_group *to, const kith_buf *message)
{
    KITH_AUTO(kith_buf) copy = {0};
    const uint8_t changes = take(s) % 4;

    for (uint8_t i = 0; i < changes; i++) {
        KITH_AUTO(mls_received) refused = {0};
        must(kith_buf_set(&copy, kith_bytes_of_buf(message)) == KITH_OK);
        const size_t at = ((size_t)take(s) << 8 | take(s)) % copy.len;
        const uint8_t by = take(s);
        copy.data[at] ^= by;
        copy.len = take(s) % 8 == 0 ? at : copy.len;
        if (by != 0 || copy.len != message->len) {
            must(mls_group_receive(to, kith_bytes_of_buf(&copy), 0, &refused) != KITH_OK);
        }
    }
}

/* Everybody but `from` takes the message in; whoever it removes leaves. */
static void
deliver(script *s, side sides[SIDES], size_t from, const kith_buf *message)
{
    for (size_t i = 0; i < SIDES; i++) {
        KITH_AUTO(mls_received) received = {0};
        KITH_AUTO(mls_received) again = {0};
        mls_group *to = sides[i].group;
        if (i == from || to == NULL) {
            continue;
        }
        refuse_changed(s, to, message);
        must(mls_group_receive(to, kith_bytes_of_buf(message), 0, &received) == KITH_OK);
        mls_group_apply(to, &received.staged);
        must(mls_group_receive(to, kith_bytes_of_buf(message), 0, &again) == KITH_ERR_EXISTS);
        if (!mls_group_is_active(to)) {
            mls_group_free(to);
            sides[i].group = NULL;
        }
    }
}

static void
agree(const side sides[SIDES])
{
    kith_bytes first = {0};

    for (size_t i = 0; i < SIDES; i++) {
        if (sides[i].group == NULL) {
            continue;
        }
        const kith_bytes mine = mls_epoch_authenticator(mls_group_epoch(sides[i].group));
        must(first.len == 0 || kith_bytes_equal(first, mine));
        first = mine;
    }
}

/* ---- Steps; `who` is in the group ---- */

static void
talk(script *s, side sides[SIDES], size_t who)
{
    KITH_AUTO(kith_buf) message = {0};
    const mls_protect_params params = {.plaintext = kith_bytes_of(s->next, s->left)};

    if (mls_group_protect(sides[who].group, &params, NULL, &message) != KITH_OK) {
        must(mls_group_pending_count(sides[who].group) > 0);
        return;
    }
    deliver(s, sides, who, &message);
}

static void
propose(script *s, side sides[SIDES], size_t who)
{
    KITH_AUTO(kith_buf) message = {0};
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    must(mls_group_propose(sides[who].group, &update, (kith_bytes){0}, 0, &message) == KITH_OK);
    deliver(s, sides, who, &message);
}

/* Another member has a commit of its own ready, which loses. */
static void
commit(script *s, side sides[SIDES], size_t who)
{
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) lost = {0};
    KITH_AUTO(kith_buf) none = {0};
    const size_t rival = (who + 1) % SIDES;
    const bool race = take(s) % 2 == 0 && sides[rival].group != NULL;

    if (race) {
        must(mls_group_commit(sides[rival].group, &(mls_commit_params){0}, &lost, &none) ==
             KITH_OK);
    }
    must(mls_group_commit(sides[who].group, &(mls_commit_params){0}, &message, &none) == KITH_OK);
    deliver(s, sides, who, &message);
    mls_group_apply_own(sides[who].group);
    must(!race || mls_group_own_staged(sides[rival].group) == NULL);
    agree(sides);
}

static void
leave(script *s, side sides[SIDES], size_t who)
{
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) none = {0};
    const size_t gone = (who + 1) % SIDES;

    if (sides[gone].group == NULL) {
        return;
    }
    const mls_proposal_params remove = {.type = MLS_PROPOSAL_REMOVE,
                                        .leaf_index =
                                            mls_epoch_own_leaf(mls_group_epoch(sides[gone].group))};
    const mls_commit_params params = {
        .proposals = &remove, .proposal_count = 1, .skip_pending = take(s) % 2 == 0};
    must(mls_group_commit(sides[who].group, &params, &message, &none) == KITH_OK);
    deliver(s, sides, who, &message);
    mls_group_apply_own(sides[who].group);
    must(sides[gone].group == NULL);
    agree(sides);
}

/* `who` adds whoever is out. */
static void
add(script *s, side sides[SIDES], size_t who, size_t out)
{
    KITH_AUTO(kith_buf) package = {0};
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    must(mls_key_package_new(&sides[out].env,
                             &(mls_key_package_params){.suite = MLS_SUITE_X25519_AES128_ED25519,
                                                       .leaf = leaf_of(&sides[out]),
                                                       .not_after_s = 10},
                             &package, &blob) == KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&package)};
    must(mls_group_commit(sides[who].group,
                          &(mls_commit_params){.proposals = &add,
                                               .proposal_count = 1,
                                               .force_path = take(s) % 2 == 0},
                          &message, &welcome) == KITH_OK);
    deliver(s, sides, who, &message);
    mls_group_apply_own(sides[who].group);
    const kith_bytes candidate = kith_bytes_of_buf(&blob);
    must(mls_group_join(&sides[out].env,
                        &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                           .private_blobs = &candidate,
                                           .private_blob_count = 1},
                        NULL, &sides[out].group) == KITH_OK);
    agree(sides);
}

/* From outside, in the own place when there is one. */
static void
come(script *s, side sides[SIDES], size_t who, size_t other)
{
    KITH_AUTO(kith_buf) info = {0};
    KITH_AUTO(kith_buf) message = {0};
    mls_group *joined = NULL;
    if (other == who) {
        return;
    }
    mls_group *former = sides[other].group;
    const uint32_t leaf =
        former == NULL ? MLS_LEAF_NONE : mls_epoch_own_leaf(mls_group_epoch(former));

    must(mls_group_info(sides[who].group, &(mls_group_info_params){0}, &info) == KITH_OK);
    must(mls_group_join_external(&sides[other].env,
                                 &(mls_external_params){.group_info = kith_bytes_of_buf(&info),
                                                        .leaf = leaf_of(&sides[other]),
                                                        .replaces = leaf},
                                 &message, &joined) == KITH_OK);
    mls_group_free(former);
    sides[other].group = joined;
    deliver(s, sides, other, &message);
    agree(sides);
}

/* By a Welcome; nobody is out: an ordinary commit. */
static void
come_back(script *s, side sides[SIDES], size_t who, size_t other)
{
    if (sides[other].group == NULL) {
        add(s, sides, who, other);
    } else {
        commit(s, sides, who);
    }
}

/* The rest of the script as a message: no one ever made it. */
static void
refuse_noise(const script *s, mls_group *to)
{
    KITH_AUTO(mls_received) received = {0};

    must(mls_group_receive(to, kith_bytes_of(s->next, s->left), 0, &received) != KITH_OK);
}

static void
restart(side *who)
{
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) again = {0};
    mls_group *loaded = NULL;

    must(mls_group_save(who->group, &blob) == KITH_OK);
    must(mls_group_load(&who->env, kith_bytes_of_buf(&blob), &loaded) == KITH_OK);
    must(mls_group_save(loaded, &again) == KITH_OK);
    must(kith_bytes_equal(kith_bytes_of_buf(&blob), kith_bytes_of_buf(&again)));
    mls_group_free(who->group);
    who->group = loaded;
}

static void
step(script *s, side sides[SIDES])
{
    const uint8_t op = take(s);
    size_t who = op % SIDES;
    const size_t other = (who + 2) % SIDES;

    while (sides[who].group == NULL) {
        who = (who + 1) % SIDES;
    }
    switch (op >> 2 & 7) {
    case 0:
        talk(s, sides, who);
        break;
    case 1:
        commit(s, sides, who);
        break;
    case 2:
        propose(s, sides, who);
        break;
    case 3:
        leave(s, sides, who);
        break;
    case 4:
        come_back(s, sides, who, other);
        break;
    case 5:
        come(s, sides, who, other);
        break;
    case 6:
        restart(&sides[who]);
        break;
    default:
        refuse_noise(s, sides[who].group);
    }
}

static void
open_sides(crypto *c, script *s, side sides[SIDES])
{
    for (size_t i = 0; i < SIDES; i++) {
        KITH_AUTO(kith_buf) public_key = {0};
        fake_rng_init(&sides[i].rng, i);
        sides[i].env = (mls_env){.rng = fake_rng_port(&sides[i].rng), .crypto = c};
        must(mls_signature_key_new(&sides[i].env, MLS_SUITE_X25519_AES128_ED25519,
                                   &sides[i].signature, &public_key) == KITH_OK);
    }
    must(mls_group_new(&sides[0].env,
                       &(mls_group_params){.suite = MLS_SUITE_X25519_AES128_ED25519,
                                           .group_id = kith_bytes_of_text("fuzz"),
                                           .leaf = leaf_of(&sides[0]),
                                           .settings = {.public_handshakes = take(s) % 2 == 1}},
                       &sides[0].group) == KITH_OK);
    add(s, sides, 0, 1);
    add(s, sides, 0, 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    script s = {.next = data, .left = len};
    side sides[SIDES];

    memset(sides, 0, sizeof sides);
    if (c == NULL) {
        must(crypto_new(NULL, &c) == KITH_OK);
    }
    open_sides(c, &s, sides);
    for (size_t i = 0; i < STEPS_MAX && s.left > 0; i++) {
        step(&s, sides);
    }
    for (size_t i = 0; i < SIDES; i++) {
        mls_group_free(sides[i].group);
        kith_secret_done(&sides[i].signature);
    }
    return 0;
}
