/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The algorithms of the protocol over a walk [KEYTRANS §4] to [KEYTRANS §10]: what the server runs to make a
 * proof and the client to check it. Each begins where the one before it ended; every question starts with
 * kt_view_update.
 *
 * Errors: NOT_FOUND, the version does not exist or has expired, and those of the walk.
 */
#ifndef KITH_TRANSPARENCY_ALGORITHM_H
#define KITH_TRANSPARENCY_ALGORITHM_H

#include "transparency/walk.h"

/* [KEYTRANS §4.2]. */
KITH_MUST_USE kith_err kt_view_update(kt_walk *w);

/* [KEYTRANS §6.3]. */
KITH_MUST_USE kith_err kt_search_greatest(kt_walk *w, uint32_t version, kt_terminal *out);
/* [KEYTRANS §7.2]. */
KITH_MUST_USE kith_err kt_search_fixed(kt_walk *w, uint32_t version, kt_terminal *out);

/* Brings the map to the size of the walk [KEYTRANS §8.2]. `start` is the owner's starting position, or NULL
 * for a contact. `map` is unchanged on error. */
KITH_MUST_USE kith_err kt_monitor_contact(kt_walk *w, const uint64_t *start, kt_monitor_map *map);

/* The greatest version that an owner expects at `position` >= start; false if none. */
bool kt_owner_version_at(const kt_owner *owner, uint64_t position, uint32_t *out);
/* The greatest version that an owner knows of; false if none. */
bool kt_owner_greatest(const kt_owner *owner, uint32_t *out);

/* The entries that the initialization of an owner inspects, from right to left [KEYTRANS §8.3]. REJECTED:
 * `start` is not an unexpired distinguished entry. */
KITH_MUST_USE kith_err kt_owner_list(kt_walk *w, uint64_t start, kt_path *out);
/* `versions` are the greatest ones in the entries of `list`, from right to left, ending where there were
 * none. */
KITH_MUST_USE kith_err kt_owner_init(kt_walk *w, const kt_path *list, const uint32_t *versions,
                                     size_t count);

/* Whether the server ends its answer before the entry at `position`. */
typedef struct kt_stop {
    kith_err (*should_stop)(void *ctx, uint64_t position, bool *out);
    void *ctx;
} kt_stop;
/* Checks distinguished entries to the right of the start and moves it [KEYTRANS §8.3]. A server gives its own
 * knowledge as `owner` and a `stop`; a client's `stop` is NULL: it ends with the proof. `owner` is unchanged
 * on error. */
KITH_MUST_USE kith_err kt_owner_monitor(kt_walk *w, const kt_stop *stop, kt_owner *owner);

/* New versions of a label in one entry. */
typedef struct kt_update {
    uint64_t position;
    uint32_t greatest; /* of the new ones */
    size_t count;
} kt_update;
/* Checks them [KEYTRANS §9.1] and adds them to the owner's state and map, which are unchanged on error. */
KITH_MUST_USE kith_err kt_owner_update(kt_walk *w, const kt_update *update, kt_owner *owner,
                                       kt_monitor_map *map);
/* The entry whose versions that check takes as seen, besides the newest ones: what a server must know of an owner.
 * 0: none, or the first entry. */
KITH_MUST_USE kith_err kt_owner_look_back(kt_walk *w, const kt_update *update, uint64_t *out);
/* The versions whose search keys an update needs and the owner does not know yet, ascending. */
typedef struct kt_versions {
    uint32_t items[KT_LADDER_MAX + KT_LABEL_UPDATES_MAX];
    size_t count;
} kt_versions;
kt_versions kt_update_versions(const kt_update *update);

/* The rightmost distinguished entry; `*is_found` is false if there is none. Needs no more than the view. */
KITH_MUST_USE kith_err kt_distinguished_rightmost(kt_walk *w, bool *is_found, uint64_t *out);

/* The `recent` rightmost distinguished entries right of `stop` (NULL: no such bound), from right to left
 * [KEYTRANS §10.1]. */
typedef struct kt_heads_query {
    bool has_stop;
    uint64_t stop;
    size_t recent; /* at most KT_DISTINGUISHED_MAX */
} kt_heads_query;
typedef struct kt_positions {
    uint64_t items[KT_DISTINGUISHED_MAX];
    size_t count;
} kt_positions;
KITH_MUST_USE kith_err kt_distinguished_walk(kt_walk *w, const kt_heads_query *query,
                                             kt_positions *out);

#endif
