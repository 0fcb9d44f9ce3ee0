/* SPDX-License-Identifier: MPL-2.0 */
/* A log in memory and users of it, for tests that need both sides. */
#ifndef KITH_TESTS_TRANSPARENCY_WORLD_H
#define KITH_TESTS_TRANSPARENCY_WORLD_H

#include "transparency/lab.h"

typedef struct world {
    crypto *c;
    kt_memory *memory;
    kt_label_memory *labels;
    crypto_sign_key *sign;
    crypto_sign_key *auditor;
    crypto_vrf_key *vrf;
    crypto_vrf_p256_key *vrf_p256; /* of world_open_p256 */
    fake_rng random;
    kt_client client; /* the configuration, as users know it */
    kt_log *log;
    uint64_t now_ms;
} world;

/* A log whose monitoring window is `window` milliseconds; `lifetime` 0 is none. */
void world_open(world *w, crypto *c, uint64_t window, uint64_t lifetime);
/* The same of the other cipher suite. */
void world_open_p256(world *w, crypto *c, uint64_t window);
/* ... with an auditor, who may lag behind by `lag` milliseconds. */
void world_open_audited(world *w, crypto *c, uint64_t window, uint64_t lag);
/* Another log with the same keys and configuration: what a server that lies shows to somebody else. */
void world_open_twin(world *twin, const world *w);
void world_close(world *w);

/* Time goes on by `ms`, then an entry is added: one new version of the label with a value made from it and
 * `value`, or nothing if the label is NULL. */
void world_append(world *w, uint64_t ms, const char *label, unsigned value);
/* `count` new versions in one entry. */
void world_append_many(world *w, uint64_t ms, const char *label, size_t count);
/* How many versions the label has. */
uint64_t world_versions(const world *w, const char *label);

/* Fills in what the user's state says, asks, and keeps the answer. */
kith_err world_ask(world *w, const kt_view *view, const kt_watch *watch, kt_request *request,
                   kith_buf *answer);

/* Asking and checking in one. */
/* `version` NULL: the greatest one. The value found lies in `answer`. */
typedef struct world_result {
    kt_found found;
    kith_buf answer;
} world_result;
void world_result_done(world_result *result);
kith_err world_search(world *w, kt_view *view, kt_watch *watch, const uint32_t *version,
                      world_result *out);
kith_err world_monitor(world *w, kt_view *view, kt_watch *watch);
kith_err world_own(world *w, kt_view *view, kt_watch *watch, uint64_t start);
kith_err world_owner_monitor(world *w, kt_view *view, kt_watch *watch);
kith_err world_update(world *w, kt_view *view, kt_watch *watch, kt_news *out);
kith_err world_heads(world *w, kt_view *view, kt_heads *out);

kt_watch watch_of(const char *label);

#endif
