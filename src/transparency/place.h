/* SPDX-License-Identifier: MPL-2.0 */
/* Going down the implicit search tree with the timestamps that say what is distinguished [KEYTRANS §6.1]. */
#ifndef KITH_TRANSPARENCY_PLACE_H
#define KITH_TRANSPARENCY_PLACE_H

#include "transparency/walk.h"

/* An entry on the way down, and the timestamps that bound its subtree. */
typedef struct kt_place {
    uint64_t x;
    uint64_t left;
    uint64_t right;
} kt_place;

KITH_MUST_USE kith_err kt_place_root(kt_walk *w, kt_place *out);
bool kt_place_is_distinguished(const kt_walk *w, const kt_place *at);
/* To the child of `at` on the side where `target` is; `timestamp` is that of `at`. */
void kt_place_descend(const kt_walk *w, kt_place *at, uint64_t target, uint64_t timestamp);
/* Whether an entry has expired when the last one has the timestamp `last` [KEYTRANS §7.1]. */
bool kt_is_expired(const kt_config *config, uint64_t timestamp, uint64_t last);

/* A depth-first walk of the distinguished entries: the path to where it is. */
typedef struct kt_visit {
    kt_place at;
    uint64_t timestamp;
    bool went_first; /* into the subtree that comes first */
} kt_visit;
typedef struct kt_visits {
    kt_visit items[KT_PATH_MAX + 1];
    size_t count;
} kt_visits;
void kt_visits_push(kt_visits *v, const kt_place *at);
void kt_visits_push_right(const kt_walk *w, kt_visits *v, const kt_visit *of);
void kt_visits_push_left(const kt_walk *w, kt_visits *v, const kt_visit *of);

#endif
