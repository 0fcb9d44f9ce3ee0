/* SPDX-License-Identifier: MPL-2.0 */
/* What a client retains between questions, and its encodings: of a log and of a label. */
#include <string.h>

#include "transparency/client_parts.h"

/* The form of the encodings below; another number is another form. */
#define VIEW_FORM 1
#define WATCH_FORM 1
/* Versions known of a label: the ladders of its map and of the owner's expectations. */
#define KNOWN_MAX 16384u

/* ---- Views. ---- */

kith_err
kt_view_encode(const kt_view *view, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);
    const size_t subtrees = kt_math_subtree_count(view->size);
    const kt_path frontier = kt_math_frontier(view->size);

    KITH_TRY(kith_write_u8(&w, VIEW_FORM));
    KITH_TRY(kith_write_u64(&w, view->size));
    for (size_t i = 0; i < subtrees; i++) {
        KITH_TRY(kt_hash_write(&w, &view->subtrees[i]));
    }
    for (size_t i = 0; i < frontier.count; i++) {
        KITH_TRY(kith_write_u64(&w, view->frontier[i].timestamp));
        KITH_TRY(kt_hash_write(&w, &view->frontier[i].prefix_root));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
kt_view_decode(kith_reader *r, kt_view *out)
{
    kith_reader in = *r;
    kt_view view = {.size = 0};
    uint8_t form = 0;

    KITH_TRY(kith_read_u8(&in, &form));
    KITH_ENSURE(form == VIEW_FORM, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_u64(&in, &view.size));
    KITH_ENSURE(view.size <= KT_SIZE_MAX, KITH_ERR_MALFORMED);
    const size_t subtrees = kt_math_subtree_count(view.size);
    const kt_path frontier = kt_math_frontier(view.size);
    for (size_t i = 0; i < subtrees; i++) {
        KITH_TRY(kt_hash_read(&in, &view.subtrees[i]));
    }
    for (size_t i = 0; i < frontier.count; i++) {
        KITH_TRY(kith_read_u64(&in, &view.frontier[i].timestamp));
        KITH_TRY(kt_hash_read(&in, &view.frontier[i].prefix_root));
    }
    *out = view;
    *r = in;
    return KITH_OK;
}

kith_err
kt_view_root(crypto *c, const kt_view *view, kt_hash *out)
{
    KITH_ENSURE(view->size > 0, KITH_ERR_NOT_FOUND);
    return kt_log_root_of(c, view->size, view->subtrees, out);
}

kith_err
kt_view_newest(const kt_view *view, uint64_t *out)
{
    KITH_ENSURE(view->size > 0, KITH_ERR_NOT_FOUND);
    *out = view->frontier[kt_math_frontier(view->size).count - 1].timestamp;
    return KITH_OK;
}

/* All entries to the right of a distinguished one on the frontier are bounded by it and by the newest one. */
kith_err
kt_view_start(const kt_client *client, const kt_view *view, uint64_t *out)
{
    const kt_path frontier = kt_math_frontier(view->size);
    uint64_t newest = 0;
    uint64_t left = 0;
    size_t found = 0;

    KITH_TRY(kt_view_newest(view, &newest));
    while (found < frontier.count && newest - left >= client->config.window) {
        left = view->frontier[found++].timestamp;
    }
    KITH_ENSURE(found > 0, KITH_ERR_NOT_FOUND);
    *out = frontier.items[found - 1];
    return KITH_OK;
}

/* ---- Watches. ---- */

kith_err
kt_watch_init(kt_watch *watch, kith_bytes label)
{
    kt_watch made = {0};

    KITH_ENSURE(label.len <= KT_LABEL_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_buf_set(&made.label, label));
    *watch = made;
    return KITH_OK;
}

void
kt_watch_done(kt_watch *watch)
{
    kith_buf_done(&watch->label);
    kith_mem_free(NULL, watch->known, watch->known_cap * sizeof *watch->known);
    *watch = (kt_watch){0};
}

kith_err
kt_watch_copy(const kt_watch *watch, kt_watch *out)
{
    kt_watch copy = {.map = watch->map, .is_owner = watch->is_owner, .owner = watch->owner};

    kith_err err = kith_buf_set(&copy.label, kith_bytes_of_buf(&watch->label));
    for (size_t i = 0; i < watch->known_count && err == KITH_OK; i++) {
        err = kt_watch_learn(&copy, &watch->known[i]);
    }
    if (err != KITH_OK) {
        kt_watch_done(&copy);
        return err;
    }
    *out = copy;
    return KITH_OK;
}

void
kt_watch_replace(kt_watch *watch, kt_watch *draft)
{
    kt_watch_done(watch);
    *watch = *draft;
    *draft = (kt_watch){0};
}

/* The index of the first version that is not below `version`. */
static size_t
find_place(const kt_watch *watch, uint32_t version)
{
    size_t i = watch->known_count;

    while (i > 0 && watch->known[i - 1].version >= version) {
        i--;
    }
    return i;
}

kt_known *
kt_watch_find(const kt_watch *watch, uint32_t version)
{
    const size_t i = find_place(watch, version);

    return i < watch->known_count && watch->known[i].version == version ? &watch->known[i] : NULL;
}

kith_err
kt_watch_learn(kt_watch *watch, const kt_known *known)
{
    kt_known *old = kt_watch_find(watch, known->version);

    if (old != NULL) {
        const bool agrees = kt_hash_equal(&old->key, &known->key) &&
                            (!old->has_commitment || !known->has_commitment ||
                             kt_hash_equal(&old->commitment, &known->commitment));
        KITH_ENSURE(agrees, KITH_ERR_REJECTED);
        if (known->has_commitment) {
            *old = *known;
        }
        return KITH_OK;
    }
    KITH_ENSURE(watch->known_count < KNOWN_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kith_mem_grow(NULL, (void **)&watch->known, &watch->known_cap, watch->known_count + 1,
                           sizeof *watch->known));
    const size_t i = find_place(watch, known->version);
    memmove(&watch->known[i + 1], &watch->known[i], (watch->known_count - i) * sizeof *known);
    watch->known[i] = *known;
    watch->known_count++;
    return KITH_OK;
}

static bool
is_in_ladder(uint32_t greatest, uint32_t version)
{
    const kt_ladder ladder = kt_math_ladder(greatest);

    return kt_math_ladder_has(&ladder, version);
}

static bool
is_needed(const kt_watch *watch, uint32_t version)
{
    const kt_owner *owner = &watch->owner;

    for (size_t i = 0; i < watch->map.count; i++) {
        if (is_in_ladder(watch->map.items[i].version, version)) {
            return true;
        }
    }
    if (!watch->is_owner) {
        return false;
    }
    for (size_t i = 0; i < owner->added_count; i++) {
        if (is_in_ladder(owner->added[i].version, version)) {
            return true;
        }
    }
    return is_in_ladder(owner->has_version ? owner->version : 0, version);
}

void
kt_watch_forget(kt_watch *watch)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->known_count; i++) {
        if (is_needed(watch, watch->known[i].version)) {
            watch->known[kept++] = watch->known[i];
        }
    }
    watch->known_count = kept;
}

static kith_err
write_owner(kith_writer *w, const kt_watch *watch)
{
    const kt_owner *owner = &watch->owner;

    KITH_TRY(kith_write_bool(w, watch->is_owner));
    KITH_TRY(kith_write_u64(w, owner->start));
    KITH_TRY(kt_optional_u32_write(w, owner->has_version, owner->version));
    KITH_TRY(kith_write_u16(w, (uint16_t)owner->added_count));
    for (size_t i = 0; i < owner->added_count; i++) {
        KITH_TRY(kith_write_u64(w, owner->added[i].position));
        KITH_TRY(kith_write_u32(w, owner->added[i].version));
    }
    return KITH_OK;
}

kith_err
kt_watch_encode(const kt_watch *watch, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);

    KITH_TRY(kith_write_u8(&w, WATCH_FORM));
    KITH_TRY(kith_write_vec8(&w, kith_bytes_of_buf(&watch->label)));
    KITH_TRY(kith_write_u8(&w, (uint8_t)watch->map.count));
    for (size_t i = 0; i < watch->map.count; i++) {
        KITH_TRY(kith_write_u64(&w, watch->map.items[i].position));
        KITH_TRY(kith_write_u32(&w, watch->map.items[i].version));
    }
    KITH_TRY(write_owner(&w, watch));
    KITH_TRY(kith_write_u16(&w, (uint16_t)watch->known_count));
    for (size_t i = 0; i < watch->known_count; i++) {
        const kt_known *known = &watch->known[i];
        KITH_TRY(kith_write_u32(&w, known->version));
        KITH_TRY(kt_hash_write(&w, &known->key));
        KITH_TRY(kith_write_bool(&w, known->has_commitment));
        KITH_TRY(kt_hash_write(&w, &known->commitment));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

static kith_err
read_map(kith_reader *r, kt_monitor_map *map)
{
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(r, &count));
    KITH_ENSURE(count <= KT_MONITOR_MAX, KITH_ERR_MALFORMED);
    for (; map->count < count; map->count++) {
        KITH_TRY(kith_read_u64(r, &map->items[map->count].position));
        KITH_TRY(kith_read_u32(r, &map->items[map->count].version));
    }
    return KITH_OK;
}

static kith_err
read_owner(kith_reader *r, kt_watch *watch)
{
    kt_owner *owner = &watch->owner;
    uint16_t count = 0;

    KITH_TRY(kith_read_bool(r, &watch->is_owner));
    KITH_TRY(kith_read_u64(r, &owner->start));
    KITH_TRY(kt_optional_u32_read(r, &owner->has_version, &owner->version));
    KITH_TRY(kith_read_u16(r, &count));
    KITH_ENSURE(count <= KT_OWNER_ADDED_MAX, KITH_ERR_MALFORMED);
    for (; owner->added_count < count; owner->added_count++) {
        KITH_TRY(kith_read_u64(r, &owner->added[owner->added_count].position));
        KITH_TRY(kith_read_u32(r, &owner->added[owner->added_count].version));
    }
    return KITH_OK;
}

static kith_err
read_known(kith_reader *r, kt_watch *watch)
{
    uint16_t count = 0;

    KITH_TRY(kith_read_u16(r, &count));
    for (size_t i = 0; i < count; i++) {
        kt_known known = {0};
        KITH_TRY(kith_read_u32(r, &known.version));
        KITH_TRY(kt_hash_read(r, &known.key));
        KITH_TRY(kith_read_bool(r, &known.has_commitment));
        KITH_TRY(kt_hash_read(r, &known.commitment));
        KITH_ENSURE(i == 0 || watch->known[i - 1].version < known.version, KITH_ERR_MALFORMED);
        KITH_TRY(kt_watch_learn(watch, &known));
    }
    return KITH_OK;
}

static kith_err
read_watch(kith_reader *r, kt_watch *watch)
{
    kith_bytes label;
    uint8_t form = 0;

    KITH_TRY(kith_read_u8(r, &form));
    KITH_ENSURE(form == WATCH_FORM, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_vec8(r, &label));
    KITH_TRY(kith_buf_set(&watch->label, label));
    KITH_TRY(read_map(r, &watch->map));
    KITH_TRY(read_owner(r, watch));
    return read_known(r, watch);
}

kith_err
kt_watch_decode(kith_reader *r, kt_watch *out)
{
    kith_reader in = *r;
    kt_watch watch = {0};

    const kith_err err = read_watch(&in, &watch);
    if (err != KITH_OK) {
        kt_watch_done(&watch);
        return err;
    }
    *out = watch;
    *r = in;
    return KITH_OK;
}

void
kt_request_prepare(const kt_view *view, const kt_watch *watch, kt_request *request)
{
    request->has_last = view->size > 0;
    request->last = view->size;
    if (watch == NULL) {
        return;
    }
    request->label = kith_bytes_of_buf(&watch->label);
    if (request->question == KT_CONTACT_MONITOR || request->question == KT_OWNER_MONITOR) {
        request->map = watch->map;
    }
    if (request->question == KT_OWNER_MONITOR || request->question == KT_UPDATE) {
        request->start = watch->owner.start;
        request->has_version = kt_owner_greatest(&watch->owner, &request->version);
    }
}
