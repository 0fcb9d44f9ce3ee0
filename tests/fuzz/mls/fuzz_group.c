/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Fuzz target with state: a group of two, and a script of steps from the input. Each step is an operation of one
 * side whose message may be changed on the way. Untouched messages must be accepted, both sides must agree.
 */
#include <string.h>

#include "fakes/fake_rng.h"
#include "mls/mls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef struct side {
    fake_rng rng;
    mls_env env;
    kith_secret signature;
    mls_group *group;
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

static void
open_sides(crypto *c, side sides[2])
{
    KITH_AUTO(kith_buf) package = {0};
    KITH_AUTO(kith_buf) blob = {0};
    KITH_AUTO(kith_buf) commit = {0};
    KITH_AUTO(kith_buf) welcome = {0};

    for (size_t i = 0; i < 2; i++) {
        KITH_AUTO(kith_buf) public_key = {0};
        fake_rng_init(&sides[i].rng, i);
        sides[i].env = (mls_env){.rng = fake_rng_port(&sides[i].rng), .crypto = c};
        must(mls_signature_key_new(&sides[i].env, MLS_SUITE_X25519_AES128_ED25519,
                                   &sides[i].signature, &public_key) == KITH_OK);
    }
    must(mls_key_package_new(&sides[1].env,
                             &(mls_key_package_params){.suite = MLS_SUITE_X25519_AES128_ED25519,
                                                       .leaf = leaf_of(&sides[1]),
                                                       .not_after_s = 10},
                             &package, &blob) == KITH_OK);
    must(mls_group_new(&sides[0].env,
                       &(mls_group_params){.suite = MLS_SUITE_X25519_AES128_ED25519,
                                           .group_id = kith_bytes_of_text("fuzz"),
                                           .leaf = leaf_of(&sides[0])},
                       &sides[0].group) == KITH_OK);
    const mls_proposal_params add = {.type = MLS_PROPOSAL_ADD,
                                     .key_package = kith_bytes_of_buf(&package)};
    must(mls_group_commit(sides[0].group,
                          &(mls_commit_params){.proposals = &add, .proposal_count = 1}, &commit,
                          &welcome) == KITH_OK);
    mls_group_apply_own(sides[0].group);
    const kith_bytes candidate = kith_bytes_of_buf(&blob);
    must(mls_group_join(&sides[1].env,
                        &(mls_join_params){.welcome = kith_bytes_of_buf(&welcome),
                                           .private_blobs = &candidate,
                                           .private_blob_count = 1},
                        NULL, &sides[1].group) == KITH_OK);
}

/* Changed copies are refused, the message itself is taken. */
static void
deliver(script *s, mls_group *to, const kith_buf *message)
{
    KITH_AUTO(kith_buf) copy = {0};
    KITH_AUTO(mls_received) received = {0};
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
    must(mls_group_receive(to, kith_bytes_of_buf(message), 0, &received) == KITH_OK);
    mls_group_apply(to, &received.staged);
}

static void
step(script *s, side sides[2])
{
    const uint8_t op = take(s);
    mls_group *from = sides[op & 1].group;
    mls_group *to = sides[1 - (op & 1)].group;
    KITH_AUTO(kith_buf) message = {0};
    KITH_AUTO(kith_buf) none = {0};
    const mls_proposal_params update = {.type = MLS_PROPOSAL_UPDATE};

    switch (op >> 1 & 3) {
    case 0:
        if (mls_group_protect(from,
                              &(mls_protect_params){.plaintext = kith_bytes_of(s->next, s->left)},
                              NULL, &message) != KITH_OK) {
            must(mls_group_pending_count(from) > 0);
            return;
        }
        break;
    case 1:
        must(mls_group_commit(from, &(mls_commit_params){0}, &message, &none) == KITH_OK);
        deliver(s, to, &message);
        mls_group_apply_own(from);
        must(kith_bytes_equal(mls_epoch_authenticator(mls_group_epoch(from)),
                              mls_epoch_authenticator(mls_group_epoch(to))));
        return;
    case 2:
        must(mls_group_propose(from, &update, (kith_bytes){0}, 0, &message) == KITH_OK);
        break;
    default: {
        mls_received received = {0};
        /* The rest of the script as a message: no one ever made it. */
        must(mls_group_receive(to, kith_bytes_of(s->next, s->left), 0, &received) != KITH_OK);
        return;
    }
    }
    deliver(s, to, &message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static crypto *c = NULL;
    script s = {.next = data, .left = len};
    side sides[2];

    memset(sides, 0, sizeof sides);
    if (c == NULL) {
        must(crypto_new(NULL, &c) == KITH_OK);
    }
    open_sides(c, sides);
    for (size_t i = 0; i < 32 && s.left > 0; i++) {
        step(&s, sides);
    }
    for (size_t i = 0; i < 2; i++) {
        mls_group_free(sides[i].group);
        kith_secret_done(&sides[i].signature);
    }
    return 0;
}
