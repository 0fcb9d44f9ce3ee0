/* SPDX-License-Identifier: MPL-2.0 */
/* Monitoring by contacts and owners [KEYTRANS §8], and owners' updates [KEYTRANS §9]. */
#include "transparency/algorithm.h"
#include "transparency/place.h"

/* ---- Contacts [KEYTRANS §8.2]. ---- */

/* The lowest distinguished entry that is `target` or above it and to its right. */
static kith_err
find_stop(kt_walk *w, uint64_t target, bool *is_found, uint64_t *out)
{
    kt_place at;

    *is_found = false;
    KITH_TRY(kt_place_root(w, &at));
    while (kt_place_is_distinguished(w, &at)) {
        uint64_t timestamp = 0;
        if (at.x >= target) {
            *is_found = true;
            *out = at.x;
        }
        if (at.x == target) {
            break;
        }
        KITH_TRY(kt_walk_timestamp(w, at.x, &timestamp));
        kt_place_descend(w, &at, target, timestamp);
    }
    return KITH_OK;
}

/* One pass over a map: the ladders that were seen, and the new map from right to left. */
typedef struct pass {
    kt_walk *w;
    const uint64_t *start; /* of the owner, or NULL */
    kt_monitored seen[KT_PROOF_ITEMS_MAX];
    size_t seen_count;
} pass;

static const kt_monitored *
find_seen(const pass *p, uint64_t position)
{
    for (size_t i = 0; i < p->seen_count; i++) {
        if (p->seen[i].position == position) {
            return &p->seen[i];
        }
    }
    return NULL;
}

/* Inspects one entry on the way up; `*is_covered` if a greater version was proven there. */
static kith_err
inspect(pass *p, uint64_t position, uint32_t version, bool *is_covered)
{
    const kt_monitored *seen = find_seen(p, position);
    const kt_ladder ladder = kt_math_monitoring_ladder(version);

    if (seen != NULL) {
        KITH_ENSURE(seen->version > version, KITH_ERR_REJECTED);
        *is_covered = true;
        return KITH_OK;
    }
    KITH_TRY(kt_walk_included(p->w, position, ladder.items, ladder.count));
    KITH_ENSURE(p->seen_count < KT_PROOF_ITEMS_MAX, KITH_ERR_LIMIT);
    p->seen[p->seen_count++] = (kt_monitored){.position = position, .version = version};
    return KITH_OK;
}

/* Moves one item up the tree; `*is_over` if it needs no more monitoring. */
static kith_err
move_up(pass *p, kt_monitored *item, bool *is_over)
{
    const kt_path path = kt_math_right_path(item->position, p->w->setup.size);
    const uint64_t from = item->position;
    uint64_t stop = 0;

    KITH_TRY(find_stop(p->w, from, is_over, &stop));
    for (size_t i = 0; i < path.count; i++) {
        const bool is_stop = *is_over && path.items[i] == stop;
        const bool is_left_to_owner = is_stop && p->start != NULL && from >= *p->start;
        bool is_covered = false;
        if ((*is_over && stop == from) || is_left_to_owner) {
            break;
        }
        KITH_TRY(inspect(p, path.items[i], item->version, &is_covered));
        if (is_covered) {
            *is_over = true;
            break;
        }
        item->position = path.items[i];
        if (is_stop) {
            break;
        }
    }
    return KITH_OK;
}

kith_err
kt_monitor_contact(kt_walk *w, const uint64_t *start, kt_monitor_map *map)
{
    kt_monitored kept[KT_MONITOR_MAX];
    pass p = {.w = w, .start = start};
    size_t count = 0;

    for (size_t i = map->count; i-- > 0;) {
        kt_monitored item = map->items[i];
        bool is_over = false;
        KITH_ENSURE(item.position < w->setup.size, KITH_ERR_REJECTED);
        KITH_TRY(move_up(&p, &item, &is_over));
        /* A greater version that has reached the same entry stands for both. */
        const bool is_double = count > 0 && kept[count - 1].position == item.position;
        if (!is_over && !is_double) {
            kept[count++] = item;
        }
    }
    map->count = count;
    for (size_t i = 0; i < count; i++) {
        map->items[i] = kept[count - 1 - i];
    }
    return KITH_OK;
}

/* ---- Owners [KEYTRANS §8.3]. ---- */

bool
kt_owner_version_at(const kt_owner *owner, uint64_t position, uint32_t *out)
{
    bool is_found = owner->has_version;

    *out = owner->version;
    for (size_t i = 0; i < owner->added_count && owner->added[i].position <= position; i++) {
        *out = owner->added[i].version;
        is_found = true;
    }
    return is_found;
}

bool
kt_owner_greatest(const kt_owner *owner, uint32_t *out)
{
    return kt_owner_version_at(owner, UINT64_MAX, out);
}

kith_err
kt_owner_list(kt_walk *w, uint64_t start, kt_path *out)
{
    kt_path down = {.count = 0};
    kt_path list = {.count = 0};
    uint64_t timestamp = 0;
    kt_place at;

    KITH_ENSURE(start < w->setup.size, KITH_ERR_REJECTED);
    KITH_TRY(kt_place_root(w, &at));
    const uint64_t last = at.right;
    for (;; kt_place_descend(w, &at, start, timestamp)) {
        KITH_ENSURE(kt_place_is_distinguished(w, &at), KITH_ERR_REJECTED);
        KITH_TRY(kt_walk_timestamp(w, at.x, &timestamp));
        const bool is_expired = kt_is_expired(w->setup.config, timestamp, last);
        KITH_ENSURE(!is_expired || at.x < start, KITH_ERR_REJECTED);
        if (at.x <= start && !is_expired) {
            down.items[down.count++] = at.x;
        }
        if (at.x == start) {
            break;
        }
    }
    while (down.count > 0) {
        list.items[list.count++] = down.items[--down.count];
    }
    *out = list;
    return KITH_OK;
}

/* A ladder that must show `version` to be the greatest one, or that there is none. */
static kith_err
expect_greatest(kt_walk *w, uint64_t position, bool has_version, uint32_t version, bool omits)
{
    const kt_ladder_query query = {
        .position = position, .target = has_version ? version : 0, .omits = omits};
    kt_standing standing = KT_EQUAL;

    KITH_TRY(kt_walk_ladder(w, &query, &standing));
    KITH_ENSURE(standing == (has_version ? KT_EQUAL : KT_BELOW), KITH_ERR_REJECTED);
    return KITH_OK;
}

kith_err
kt_owner_init(kt_walk *w, const kt_path *list, const uint32_t *versions, size_t count)
{
    KITH_ENSURE(count <= list->count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < list->count; i++) {
        KITH_ENSURE(i == 0 || i >= count || versions[i] <= versions[i - 1], KITH_ERR_REJECTED);
        KITH_TRY(expect_greatest(w, list->items[i], i < count, i < count ? versions[i] : 0, false));
    }
    return KITH_OK;
}

static void
move_start(kt_owner *owner, uint64_t position)
{
    size_t gone = 0;

    owner->has_version = kt_owner_version_at(owner, position, &owner->version);
    owner->start = position;
    while (gone < owner->added_count && owner->added[gone].position <= position) {
        gone++;
    }
    for (size_t i = gone; i < owner->added_count; i++) {
        owner->added[i - gone] = owner->added[i];
    }
    owner->added_count -= gone;
}

static kith_err
has_stopped(kt_walk *w, const kt_stop *stop, uint64_t position, bool *out)
{
    if (stop != NULL) {
        return stop->should_stop(stop->ctx, position, out);
    }
    *out = !kt_walk_has_more(w);
    return KITH_OK;
}

/* Before anything below it to the left: `*is_ready` when the entry itself is next. */
static kith_err
enter(kt_walk *w, kt_visits *v, uint64_t start, bool *is_ready)
{
    kt_visit *top = &v->items[v->count - 1];
    const kt_visit at = *top;

    *is_ready = false;
    top->went_first = true;
    if (!kt_place_is_distinguished(w, &at.at)) {
        v->count--;
        return KITH_OK;
    }
    if (at.at.x <= start) {
        v->count--;
        if (kt_math_has_right(at.at.x, w->setup.size)) {
            kt_visit passed = at;
            KITH_TRY(kt_walk_timestamp(w, at.at.x, &passed.timestamp));
            kt_visits_push_right(w, v, &passed);
        }
        return KITH_OK;
    }
    *is_ready = !kt_math_has_left(at.at.x);
    if (!*is_ready) {
        KITH_TRY(kt_walk_timestamp(w, at.at.x, &top->timestamp));
        kt_visits_push_left(w, v, top);
    }
    return KITH_OK;
}

/* The entry itself, then what is to its right. */
static kith_err
check_and_leave(kt_walk *w, kt_visits *v, kt_owner *owner)
{
    kt_visit done = v->items[--v->count];
    uint32_t version = 0;

    const bool has_version = kt_owner_version_at(owner, done.at.x, &version);
    KITH_TRY(expect_greatest(w, done.at.x, has_version, version, false));
    move_start(owner, done.at.x);
    if (kt_math_has_right(done.at.x, w->setup.size)) {
        KITH_TRY(kt_walk_timestamp(w, done.at.x, &done.timestamp));
        kt_visits_push_right(w, v, &done);
    }
    return KITH_OK;
}

kith_err
kt_owner_monitor(kt_walk *w, const kt_stop *stop, kt_owner *owner)
{
    kt_owner next = *owner;
    kt_visits v = {.count = 0};
    kt_place root;

    KITH_TRY(kt_place_root(w, &root));
    kt_visits_push(&v, &root);
    while (v.count > 0) {
        bool is_ready = v.items[v.count - 1].went_first;
        bool is_over = false;
        if (!is_ready) {
            KITH_TRY(enter(w, &v, owner->start, &is_ready));
        }
        if (!is_ready) {
            continue;
        }
        KITH_TRY(has_stopped(w, stop, v.items[v.count - 1].at.x, &is_over));
        if (is_over) {
            break;
        }
        KITH_TRY(check_and_leave(w, &v, &next));
    }
    *owner = next;
    return KITH_OK;
}

/* ---- Updates [KEYTRANS §9.1]. ---- */

/* The first entry on the way to `target` that is not distinguished; false if all are. */
static kith_err
find_undistinguished(kt_walk *w, uint64_t target, bool *is_found, uint64_t *out)
{
    kt_place at;

    *is_found = false;
    KITH_TRY(kt_place_root(w, &at));
    for (;;) {
        uint64_t timestamp = 0;
        if (!kt_place_is_distinguished(w, &at)) {
            *is_found = true;
            *out = at.x;
            return KITH_OK;
        }
        if (at.x == target) {
            return KITH_OK;
        }
        KITH_TRY(kt_walk_timestamp(w, at.x, &timestamp));
        kt_place_descend(w, &at, target, timestamp);
    }
}

/* Makes the walk omit what a ladder in an entry that is not inspected would have shown. */
static kith_err
assume_ladder(kt_walk *w, uint64_t position, const kt_ladder *ladder, const kt_added *greatest)
{
    for (size_t i = 0; i < ladder->count; i++) {
        kt_version *version = kt_walk_find_version(w, ladder->items[i]);
        KITH_ENSURE(version != NULL, KITH_ERR_REJECTED);
        if (greatest != NULL && ladder->items[i] <= greatest->version) {
            version->was_included = true;
            version->included_at = position;
        }
    }
    return KITH_OK;
}

/* The entry above `x` in the tree of the first `size` entries, if `x` is on its frontier and not its root. */
static uint64_t
frontier_parent(uint64_t x, uint64_t size)
{
    uint64_t parent = kt_math_root(size);

    while (kt_math_right(parent, size) != x) {
        parent = kt_math_right(parent, size);
    }
    return parent;
}

/* What a greatest-version search in the previous tree would have seen before the entries that are
 * inspected: at the entry above `x`, and from `x` on. No lookup is answered by the assumption about `x`
 * before the previous version exists, so it does no harm that it may not exist at `x` itself. */
static kith_err
assume_seen(kt_walk *w, const kt_owner *owner, uint64_t x, uint64_t size)
{
    kt_added greatest = {0};

    if (!kt_owner_greatest(owner, &greatest.version)) {
        return KITH_OK;
    }
    const kt_ladder ladder = kt_math_ladder(greatest.version);
    KITH_TRY(assume_ladder(w, x, &ladder, &greatest));
    if (x == kt_math_root(size)) {
        return KITH_OK;
    }
    kt_added above = {.position = frontier_parent(x, size)};
    const bool has_version = kt_owner_version_at(owner, above.position, &above.version);
    return assume_ladder(w, above.position, &ladder, has_version ? &above : NULL);
}

static uint64_t
last_update(const kt_owner *owner)
{
    return owner->added_count > 0 ? owner->added[owner->added_count - 1].position : owner->start;
}

/* The first entry on the frontier of the tree of `size` entries that is to be inspected; false if none is. */
static kith_err
find_first_inspected(kt_walk *w, uint64_t size, bool *is_found, uint64_t *out)
{
    KITH_TRY(find_undistinguished(w, size - 1, is_found, out));
    while (*is_found && *out >= size) {
        *out = kt_math_left(*out);
    }
    return KITH_OK;
}

kith_err
kt_owner_look_back(kt_walk *w, const kt_update *update, uint64_t *out)
{
    bool is_found = false;
    uint64_t x = 0;

    *out = 0;
    if (update->position > 0) {
        KITH_TRY(find_first_inspected(w, update->position, &is_found, &x));
    }
    if (is_found && x != kt_math_root(update->position)) {
        *out = frontier_parent(x, update->position);
    }
    return KITH_OK;
}

/* Steps 1 and 2: no version that the owner does not know was in the tree before `size`. */
static kith_err
check_previous_tree(kt_walk *w, const kt_owner *owner, uint64_t size)
{
    uint32_t version = 0;
    const bool has_version = kt_owner_greatest(owner, &version);
    bool is_found = false;
    uint64_t x = 0;

    KITH_TRY(find_first_inspected(w, size, &is_found, &x));
    if (!is_found) {
        return KITH_OK;
    }
    KITH_TRY(assume_seen(w, owner, x, size));
    for (;; x = kt_math_right(x, size)) {
        if (x > last_update(owner) || !has_version) {
            KITH_TRY(expect_greatest(w, x, has_version, version, true));
        }
        if (x == size - 1) {
            return KITH_OK;
        }
    }
}

static kith_err
check_update(const kt_walk *w, const kt_update *update, const kt_owner *owner)
{
    uint32_t version = 0;
    const bool has_version = kt_owner_greatest(owner, &version);
    const uint64_t next = has_version ? (uint64_t)version + 1 : 0;

    KITH_ENSURE(update->position < w->setup.size && update->position > last_update(owner),
                KITH_ERR_REJECTED);
    KITH_ENSURE(update->count > 0 && update->count <= KT_LABEL_UPDATES_MAX &&
                    update->greatest == next + update->count - 1,
                KITH_ERR_REJECTED);
    return KITH_OK;
}

/* The new versions that a ladder for the greatest one does not look up. */
static kt_versions
list_others(const kt_update *update)
{
    const kt_ladder ladder = kt_math_ladder(update->greatest);
    kt_versions others = {.count = 0};

    for (size_t i = update->count; i-- > 0;) {
        const uint32_t version = update->greatest - (uint32_t)i;
        if (!kt_math_ladder_has(&ladder, version)) {
            others.items[others.count++] = version;
        }
    }
    return others;
}

kith_err
kt_owner_update(kt_walk *w, const kt_update *update, kt_owner *owner, kt_monitor_map *map)
{
    const kt_versions others = list_others(update);
    bool is_found = false;
    uint64_t x = 0;

    KITH_TRY(check_update(w, update, owner));
    KITH_ENSURE(owner->added_count < KT_OWNER_ADDED_MAX && map->count < KT_MONITOR_MAX,
                KITH_ERR_LIMIT);
    KITH_TRY(check_previous_tree(w, owner, update->position));
    KITH_TRY(find_undistinguished(w, update->position, &is_found, &x));
    if (is_found) {
        KITH_TRY(expect_greatest(w, update->position, true, update->greatest, true));
    }
    if (others.count > 0) {
        KITH_TRY(kt_walk_included(w, update->position, others.items, others.count));
    }
    if (is_found) {
        map->items[map->count++] =
            (kt_monitored){.position = update->position, .version = update->greatest};
    }
    owner->added[owner->added_count++] =
        (kt_added){.position = update->position, .version = update->greatest};
    return KITH_OK;
}

static void
insert_version(kt_versions *versions, uint32_t version)
{
    size_t i = versions->count++;

    for (; i > 0 && versions->items[i - 1] > version; i--) {
        versions->items[i] = versions->items[i - 1];
    }
    versions->items[i] = version;
}

kt_versions
kt_update_versions(const kt_update *update)
{
    const uint64_t first = (uint64_t)update->greatest + 1 - update->count;
    const kt_ladder now = kt_math_ladder(update->greatest);
    const kt_ladder before = kt_math_ladder(first > 0 ? (uint32_t)(first - 1) : 0);
    const kt_versions others = list_others(update);
    kt_versions versions = {.count = 0};

    for (size_t i = 0; i < now.count + others.count; i++) {
        const uint32_t version = i < now.count ? now.items[i] : others.items[i - now.count];
        const bool is_known = first > 0 ? kt_math_ladder_has(&before, version) : version == 0;
        if (!is_known) {
            insert_version(&versions, version);
        }
    }
    return versions;
}
