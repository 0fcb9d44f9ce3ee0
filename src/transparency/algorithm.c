/* SPDX-License-Identifier: MPL-2.0 */
/* The one implementation of the algorithms, for provers and verifiers. */
#include "transparency/algorithm.h"
#include "transparency/place.h"

kith_err
kt_view_update(kt_walk *w)
{
    const kt_path path = kt_math_update(w->previous, w->setup.size);

    for (size_t i = 0; i < path.count; i++) {
        uint64_t timestamp = 0;
        KITH_TRY(kt_walk_timestamp(w, path.items[i], &timestamp));
    }
    return KITH_OK;
}

kith_err
kt_distinguished_rightmost(kt_walk *w, bool *is_found, uint64_t *out)
{
    const uint64_t end = w->setup.size - 1;
    kt_place at;

    *is_found = false;
    KITH_TRY(kt_place_root(w, &at));
    while (kt_place_is_distinguished(w, &at)) {
        uint64_t timestamp = 0;
        *is_found = true;
        *out = at.x;
        if (at.x == end) {
            break;
        }
        KITH_TRY(kt_walk_timestamp(w, at.x, &timestamp));
        kt_place_descend(w, &at, end, timestamp);
    }
    return KITH_OK;
}

static kith_err
settle(kt_walk *w, uint64_t position, kt_terminal *out)
{
    bool is_found = false;
    uint64_t rightmost = 0;

    KITH_TRY(kt_distinguished_rightmost(w, &is_found, &rightmost));
    *out = (kt_terminal){.position = position, .is_settled = is_found && position <= rightmost};
    return KITH_OK;
}

kith_err
kt_search_greatest(kt_walk *w, uint32_t version, kt_terminal *out)
{
    const uint64_t size = w->setup.size;
    bool is_found = false;
    bool has_terminal = false;
    uint64_t terminal = 0;
    uint64_t x = kt_math_root(size);
    kt_standing standing = KT_BELOW;

    KITH_TRY(kt_distinguished_rightmost(w, &is_found, &x));
    for (;; x = kt_math_right(x, size)) {
        const kt_ladder_query query = {.position = x, .target = version, .omits = true};
        KITH_TRY(kt_walk_ladder(w, &query, &standing));
        KITH_ENSURE(standing != KT_ABOVE, KITH_ERR_REJECTED);
        if (standing == KT_EQUAL && !has_terminal) {
            has_terminal = true;
            terminal = x;
        }
        if (x == size - 1) {
            break;
        }
    }
    KITH_ENSURE(standing == KT_EQUAL, KITH_ERR_NOT_FOUND);
    return settle(w, terminal, out);
}

/* What a search for a given version has seen. */
typedef struct fixed_search {
    uint32_t version;
    uint64_t last; /* timestamp */
    bool saw_expired;
    bool saw_checked; /* an unexpired distinguished entry from which the search went right */
    bool has_above;
    uint64_t above; /* the leftmost entry with a greater version */
} fixed_search;

/* Step 6 [KEYTRANS §7.2]: no entry was found where the version is the greatest. */
static kith_err
end_fixed(kt_walk *w, const fixed_search *s, kt_terminal *out)
{
    KITH_ENSURE(s->has_above, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(!s->saw_expired || s->saw_checked, KITH_ERR_NOT_FOUND);
    KITH_TRY(kt_walk_included(w, s->above, &s->version, 1));
    return settle(w, s->above, out);
}

/* Steps 1 to 5 at one entry; `*standing` says where to go on. */
static kith_err
inspect_fixed(kt_walk *w, fixed_search *s, const kt_place *at, uint64_t timestamp,
              kt_standing *standing)
{
    const kt_ladder_query query = {.position = at->x, .target = s->version, .omits = true};

    if (kt_is_expired(w->setup.config, timestamp, s->last)) {
        s->saw_expired = true;
        *standing = KT_BELOW;
        return KITH_OK;
    }
    KITH_TRY(kt_walk_ladder(w, &query, standing));
    if (*standing == KT_BELOW && kt_place_is_distinguished(w, at)) {
        s->saw_checked = true;
    }
    if (*standing == KT_ABOVE) {
        s->has_above = true;
        s->above = at->x;
    }
    return KITH_OK;
}

kith_err
kt_search_fixed(kt_walk *w, uint32_t version, kt_terminal *out)
{
    fixed_search s = {.version = version};
    kt_place at;

    KITH_TRY(kt_place_root(w, &at));
    s.last = at.right;
    for (;;) {
        kt_standing standing = KT_EQUAL;
        uint64_t timestamp = 0;
        KITH_TRY(kt_walk_timestamp(w, at.x, &timestamp));
        KITH_TRY(inspect_fixed(w, &s, &at, timestamp, &standing));
        if (standing == KT_EQUAL) {
            KITH_ENSURE(!s.saw_expired || s.saw_checked || kt_place_is_distinguished(w, &at),
                        KITH_ERR_NOT_FOUND);
            return settle(w, at.x, out);
        }
        const bool goes_right = standing == KT_BELOW;
        if (goes_right ? !kt_math_has_right(at.x, w->setup.size) : !kt_math_has_left(at.x)) {
            return end_fixed(w, &s, out);
        }
        kt_place_descend(w, &at, goes_right ? at.x + 1 : at.x - 1, timestamp);
    }
}

/* ---- Walking distinguished heads [KEYTRANS §10.1]. ---- */

static bool
is_walk_over(const kt_heads_query *query, uint64_t x, const kt_positions *found)
{
    return found->count == query->recent || (query->has_stop && x <= query->stop);
}

kith_err
kt_distinguished_walk(kt_walk *w, const kt_heads_query *query, kt_positions *out)
{
    kt_positions found = {.count = 0};
    kt_visits v = {.count = 0};
    kt_place root;

    KITH_ENSURE(query->recent > 0 && query->recent <= KT_DISTINGUISHED_MAX, KITH_ERR_INVALID);
    KITH_TRY(kt_place_root(w, &root));
    kt_visits_push(&v, &root);
    while (v.count > 0) {
        kt_visit *top = &v.items[v.count - 1];
        if (!top->went_first) {
            top->went_first = true;
            if (!kt_place_is_distinguished(w, &top->at)) {
                v.count--;
                continue;
            }
            KITH_TRY(kt_walk_timestamp(w, top->at.x, &top->timestamp));
            if (kt_math_has_right(top->at.x, w->setup.size)) {
                kt_visits_push_right(w, &v, top);
                continue;
            }
        }
        if (is_walk_over(query, top->at.x, &found)) {
            break;
        }
        found.items[found.count++] = top->at.x;
        const kt_visit done = v.items[--v.count];
        if (kt_math_has_left(done.at.x)) {
            kt_visits_push_left(w, &v, &done);
        }
    }
    *out = found;
    return KITH_OK;
}
