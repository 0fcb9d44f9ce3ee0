/* SPDX-License-Identifier: MPL-2.0 */
/* Places in the implicit search tree. */
#include "transparency/place.h"

kith_err
kt_place_root(kt_walk *w, kt_place *out)
{
    *out = (kt_place){.x = kt_math_root(w->setup.size)};
    return kt_walk_timestamp(w, w->setup.size - 1, &out->right);
}

/* "Less than", not "at most", ends the distinguished entries: so a window of 0 works. */
bool
kt_place_is_distinguished(const kt_walk *w, const kt_place *at)
{
    return at->right - at->left >= w->setup.config->window;
}

void
kt_place_descend(const kt_walk *w, kt_place *at, uint64_t target, uint64_t timestamp)
{
    if (target < at->x) {
        at->right = timestamp;
    } else {
        at->left = timestamp;
    }
    at->x = kt_math_toward(at->x, target, w->setup.size);
}

bool
kt_is_expired(const kt_config *config, uint64_t timestamp, uint64_t last)
{
    return config->has_lifetime && last - timestamp >= config->lifetime;
}

void
kt_visits_push(kt_visits *v, const kt_place *at)
{
    v->items[v->count++] = (kt_visit){.at = *at};
}

void
kt_visits_push_right(const kt_walk *w, kt_visits *v, const kt_visit *of)
{
    kt_place at = of->at;

    kt_place_descend(w, &at, at.x + 1, of->timestamp);
    kt_visits_push(v, &at);
}

void
kt_visits_push_left(const kt_walk *w, kt_visits *v, const kt_visit *of)
{
    kt_place at = of->at;

    kt_place_descend(w, &at, at.x - 1, of->timestamp);
    kt_visits_push(v, &at);
}
