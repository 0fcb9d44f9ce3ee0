/* SPDX-License-Identifier: MPL-2.0 */
/* Checking answers [KEYTRANS §13]: in the order in which the fields come. */
#include "transparency/client.h"

#include <string.h>

#include "transparency/client_parts.h"
#include "transparency/head.h"
#include "transparency/suite.h"

/* A VRF proof in an answer. Its output is used at once and checked at the end: most of what is refused is refused
 * for less than a hundredth of what the check costs. */
typedef struct pending {
    uint32_t version;
    kith_bytes proof;
} pending;

/* An answer that is being read. */
typedef struct reading {
    const kt_client *client;
    const kt_exchange *exchange;
    const kt_view *view;
    kith_reader r;
    kt_full_head head;
    kt_combined_proof proof;
    kt_walk *walk;
    pending *pending;
    size_t pending_count;
    size_t pending_cap;
} reading;

static void
reading_done(reading *a)
{
    if (a->walk != NULL) {
        kt_walk_done(a->walk);
    }
    kith_mem_free(NULL, a->walk, sizeof *a->walk);
    kith_mem_free(NULL, a->pending, a->pending_cap * sizeof *a->pending);
}

/* The head comes first. */
static kith_err
start_reading(const kt_client *client, const kt_exchange *exchange, const kt_view *view, reading *a)
{
    const kt_request *request = exchange->request;

    *a = (reading){.client = client,
                   .exchange = exchange,
                   .view = view,
                   .r = kith_reader_of(exchange->response)};
    KITH_ENSURE(request->has_last == (view->size > 0) &&
                    (!request->has_last || request->last == view->size),
                KITH_ERR_INVALID);
    KITH_TRY(kt_full_head_read(&a->r, client->config.mode, &a->head));
    KITH_ENSURE(a->head.is_updated ? a->head.tree.size > view->size : view->size > 0,
                KITH_ERR_REJECTED);
    a->walk = kith_mem_zalloc(NULL, 1, sizeof *a->walk);
    KITH_ENSURE(a->walk != NULL, KITH_ERR_NO_MEMORY);
    return KITH_OK;
}

static bool
has_auditor(const reading *a)
{
    return a->head.is_updated && a->client->config.mode == KT_THIRD_PARTY_AUDITING;
}

/* The proof comes last; the walk through it starts with the view. Versions may be added before that. */
static kith_err
start_proof(reading *a)
{
    KITH_TRY(kt_combined_proof_read(&a->r, &a->proof));
    KITH_TRY(kith_reader_finish(&a->r));
    KITH_ENSURE(!has_auditor(a) || a->head.auditor.size > 0, KITH_ERR_REJECTED);
    const kt_walk_setup setup = {.crypto = a->client->crypto,
                                 .config = &a->client->config,
                                 .size = a->head.is_updated ? a->head.tree.size : a->view->size,
                                 .extra = has_auditor(a) ? a->head.auditor.size : 0,
                                 .view = a->view,
                                 .proof = &a->proof};
    return kt_walk_init(a->walk, &setup);
}

static kith_err
check_clock(const kt_config *config, uint64_t timestamp, uint64_t now_ms)
{
    const bool is_fine = timestamp > now_ms ? timestamp - now_ms <= config->max_ahead
                                            : now_ms - timestamp <= config->max_behind;

    return is_fine ? KITH_OK : KITH_ERR_REJECTED;
}

static kith_err
check_signature(const reading *a, kith_bytes key, const kith_buf *tbs, kith_bytes signature)
{
    return kt_suite_verify(a->client->crypto, &a->client->config, key, kith_bytes_of_buf(tbs),
                           signature);
}

/* [KEYTRANS §11.3]. The size of the auditor's head of the view before is not kept: a log that changes its
 * auditor is another configuration here. */
static kith_err
check_auditor(const reading *a, const kt_walk_result *result)
{
    const kt_config *config = &a->client->config;
    const kt_auditor_head *head = &a->head.auditor;
    KITH_AUTO(kith_buf) tbs = {0};

    KITH_ENSURE(head->timestamp <= result->timestamp &&
                    result->timestamp - head->timestamp <= config->max_auditor_lag,
                KITH_ERR_REJECTED);
    KITH_TRY(kt_auditor_write_tbs(config, head, &result->extra_root, &tbs));
    return check_signature(a, kt_config_auditor_key(config), &tbs, head->signature);
}

static kith_err
check_pending(const reading *a)
{
    for (size_t i = 0; i < a->pending_count; i++) {
        KITH_AUTO(kith_buf) input = {0};
        kt_hash key;
        KITH_TRY(kt_vrf_input(a->exchange->request->label, a->pending[i].version, &input));
        KITH_TRY(kt_vrf_check(a->client->crypto, &a->client->config, kith_bytes_of_buf(&input),
                              a->pending[i].proof, &key));
    }
    return KITH_OK;
}

/* [KEYTRANS §11.4]; gives the new view. */
static kith_err
finish_reading(reading *a, kt_view *out)
{
    const kt_config *config = &a->client->config;
    KITH_AUTO(kith_buf) tbs = {0};
    kt_walk_result result;

    KITH_TRY(kt_walk_finish(a->walk, &result));
    KITH_TRY(check_clock(config, result.timestamp, a->exchange->now_ms));
    if (a->head.is_updated) {
        KITH_TRY(kt_head_write_tbs(config, result.view.size, &result.root, &tbs));
        KITH_TRY(check_signature(a, kt_config_signature_key(config), &tbs, a->head.tree.signature));
    }
    if (has_auditor(a)) {
        KITH_TRY(check_auditor(a, &result));
    }
    KITH_TRY(check_pending(a));
    *out = result.view;
    return KITH_OK;
}

/* What a search would answer NOT_FOUND to, or add twice, is no proof. */
static kith_err
as_rejection(kith_err err)
{
    return err == KITH_ERR_NOT_FOUND || err == KITH_ERR_EXISTS || err == KITH_ERR_LIMIT
               ? KITH_ERR_REJECTED
               : err;
}

/* ---- Binary ladders. ---- */

static kith_err
read_step(reading *a, uint32_t version, kt_known *out)
{
    kt_step step;
    kt_hash key;

    KITH_TRY(kt_step_read(&a->r, kt_suite_row_of(&a->client->config)->proof_len, &step));
    KITH_TRY(kt_suite_peek(a->client->crypto, &a->client->config, step.proof, &key));
    KITH_TRY(kith_mem_grow(NULL, (void **)&a->pending, &a->pending_cap, a->pending_count + 1,
                           sizeof *a->pending));
    a->pending[a->pending_count++] = (pending){.version = version, .proof = step.proof};
    *out = (kt_known){
        .version = version,
        .key = key,
        .has_commitment = step.has_commitment,
        .commitment = step.commitment,
    };
    return KITH_OK;
}

static kith_err
add_known(reading *a, const kt_known *known)
{
    return kt_walk_add_version(a->walk, known->version, &known->key,
                               known->has_commitment ? &known->commitment : NULL);
}

static kith_err
add_all_known(reading *a, const kt_watch *watch)
{
    for (size_t i = 0; i < watch->known_count; i++) {
        KITH_TRY(add_known(a, &watch->known[i]));
    }
    return KITH_OK;
}

static kith_err
learn_all(kt_watch *draft, const kt_known *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kt_watch_learn(draft, &known[i]));
    }
    return KITH_OK;
}

/* ---- Search [KEYTRANS §13.1]. ---- */

typedef struct search_answer {
    kt_found found;
    kt_known known[KT_LADDER_MAX];
    size_t count;
} search_answer;

/* What stands in the place of opening and value is fixed, so that nothing of an answer can be changed. */
static kith_err
check_decoy(const search_answer *s, const kt_opened *opened)
{
    uint8_t any = 0;

    KITH_ENSURE(opened->value.len == kt_decoy_len(&s->known[0].key), KITH_ERR_REJECTED);
    for (size_t i = 0; i < opened->value.len; i++) {
        any |= opened->value.data[i];
    }
    for (size_t i = 0; i < opened->opening.len; i++) {
        any |= opened->opening.data[i];
    }
    for (size_t i = 0; i < s->count; i++) {
        any |= s->known[i].has_commitment ? 1 : 0;
    }
    KITH_ENSURE(any == 0, KITH_ERR_REJECTED);
    return KITH_OK;
}

/* Version, opening, value and ladder. */
static kith_err
read_search(reading *a, search_answer *s)
{
    const kt_request *request = a->exchange->request;
    kt_opened opened = {.label = request->label};
    uint8_t count = 0;

    s->found.version = request->version;
    if (!request->has_version) {
        KITH_TRY(kith_read_u32(&a->r, &s->found.version));
    }
    s->found.is_absent = !request->has_version && s->found.version == KT_VERSION_NONE;
    if (s->found.is_absent) {
        s->found.version = 0;
    }
    KITH_TRY(kith_read_bytes(&a->r, KT_OPENING_LEN, &opened.opening));
    KITH_TRY(kith_read_vec32(&a->r, &opened.value));
    KITH_TRY(kith_read_u8(&a->r, &count));
    const kt_ladder ladder = kt_math_ladder(s->found.version);
    KITH_ENSURE(count == ladder.count, KITH_ERR_REJECTED);
    for (s->count = 0; s->count < ladder.count; s->count++) {
        kt_known *known = &s->known[s->count];
        KITH_TRY(read_step(a, ladder.items[s->count], known));
        if (known->version == s->found.version && !s->found.is_absent) {
            KITH_ENSURE(!known->has_commitment, KITH_ERR_REJECTED);
            opened.version = known->version;
            known->has_commitment = true;
            KITH_TRY(kt_commit(a->client->crypto, &opened, &known->commitment));
        }
    }
    if (s->found.is_absent) {
        return check_decoy(s, &opened);
    }
    s->found.value = opened.value;
    return KITH_OK;
}

/* Without a commitment to any version, a search that finds one is refused by the walk; this one ends where
 * none is left to find. */
static kith_err
search_newest(reading *a, search_answer *s)
{
    const kith_err err = kt_search_greatest(a->walk, s->found.version, &s->found.terminal);

    if (!s->found.is_absent) {
        return err;
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err == KITH_OK ? KITH_ERR_REJECTED : err;
}

static kith_err
run_search(reading *a, search_answer *s)
{
    KITH_TRY(read_search(a, s));
    KITH_TRY(start_proof(a));
    for (size_t i = 0; i < s->count; i++) {
        KITH_TRY(add_known(a, &s->known[i]));
    }
    KITH_TRY(kt_view_update(a->walk));
    return a->exchange->request->has_version
               ? kt_search_fixed(a->walk, s->found.version, &s->found.terminal)
               : search_newest(a, s);
}

/* Puts a version that was found into the map of its label; the map stays ascending in both. */
static kith_err
watch_found(kt_watch *draft, const kt_found *found)
{
    kt_monitor_map *map = &draft->map;
    size_t i = 0;

    while (i < map->count && map->items[i].position < found->terminal.position) {
        i++;
    }
    if (i < map->count && map->items[i].position == found->terminal.position) {
        map->items[i].version =
            map->items[i].version > found->version ? map->items[i].version : found->version;
        return KITH_OK;
    }
    KITH_ENSURE(map->count < KT_MONITOR_MAX, KITH_ERR_LIMIT);
    for (size_t k = map->count++; k > i; k--) {
        map->items[k] = map->items[k - 1];
    }
    map->items[i] = (kt_monitored){.position = found->terminal.position, .version = found->version};
    return KITH_OK;
}

/* What is to the right of an equal or greater version proves less than it: that one's way up the tree covers
 * it, or shows that the log lies. */
static void
drop_covered(kt_monitor_map *map)
{
    size_t kept = 0;

    for (size_t i = 0; i < map->count; i++) {
        if (kept == 0 || map->items[i].version > map->items[kept - 1].version) {
            map->items[kept++] = map->items[i];
        }
    }
    map->count = kept;
}

static kith_err
store_search(const kt_client *client, const search_answer *s, kt_watch *watch)
{
    kt_watch draft = {0};

    if (watch == NULL || s->found.is_absent || s->found.terminal.is_settled ||
        client->config.mode != KT_CONTACT_MONITORING) {
        return KITH_OK;
    }
    KITH_TRY(kt_watch_copy(watch, &draft));
    kith_err err = learn_all(&draft, s->known, s->count);
    if (err == KITH_OK) {
        err = watch_found(&draft, &s->found);
    }
    if (err != KITH_OK) {
        kt_watch_done(&draft);
        return err;
    }
    drop_covered(&draft.map);
    kt_watch_replace(watch, &draft);
    return KITH_OK;
}

kith_err
kt_client_search(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                 kt_watch *watch, kt_found *out)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    search_answer s = {.count = 0};
    kt_view next;

    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(as_rejection(run_search(&a, &s)));
    KITH_TRY(finish_reading(&a, &next));
    KITH_TRY(store_search(client, &s, watch));
    *view = next;
    *out = s.found;
    return KITH_OK;
}

/* ---- Monitoring. ---- */

kith_err
kt_client_contact(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                  kt_watch *watch)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    kt_monitor_map map = watch->map;
    kt_view next;

    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(start_proof(&a));
    KITH_TRY(add_all_known(&a, watch));
    KITH_TRY(kt_view_update(a.walk));
    KITH_TRY(as_rejection(kt_monitor_contact(a.walk, NULL, &map)));
    KITH_TRY(finish_reading(&a, &next));
    *view = next;
    watch->map = map;
    kt_watch_forget(watch);
    return KITH_OK;
}

/* Whether the rightmost distinguished entry was reached. */
static kith_err
find_is_done(reading *a, const kt_owner *owner, bool *out)
{
    bool is_found = false;
    uint64_t rightmost = 0;

    KITH_TRY(kt_distinguished_rightmost(a->walk, &is_found, &rightmost));
    *out = !is_found || owner->start >= rightmost;
    return KITH_OK;
}

kith_err
kt_client_owner_monitor(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                        kt_watch *watch, bool *is_done)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    kt_monitor_map map = watch->map;
    kt_owner owner = watch->owner;
    bool done = false;
    kt_view next;

    KITH_ENSURE(watch->is_owner, KITH_ERR_INVALID);
    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(start_proof(&a));
    KITH_TRY(add_all_known(&a, watch));
    KITH_TRY(kt_view_update(a.walk));
    KITH_TRY(as_rejection(kt_monitor_contact(a.walk, &watch->owner.start, &map)));
    KITH_TRY(as_rejection(kt_owner_monitor(a.walk, NULL, &owner)));
    KITH_TRY(find_is_done(&a, &owner, &done));
    KITH_TRY(finish_reading(&a, &next));
    *view = next;
    *is_done = done;
    watch->map = map;
    watch->owner = owner;
    kt_watch_forget(watch);
    return KITH_OK;
}

/* ---- Owner initialization [KEYTRANS §13.3]. ---- */

typedef struct init_answer {
    uint32_t versions[KT_PATH_MAX];
    size_t count;
    kith_bytes steps; /* read when the versions are known to be sound */
    kt_watch draft;
} init_answer;

/* The versions of which VRF proofs are in the answer, ascending: 0, and all in the ladders. */
static kith_err
read_init_steps(reading *a, init_answer *s, size_t count)
{
    size_t read = 0;
    uint64_t next = 0;

    for (bool is_more = true; is_more; read++) {
        uint64_t version = UINT64_MAX;
        for (size_t i = 0; i < s->count || i == 0; i++) {
            const kt_ladder ladder = kt_math_ladder(s->count > 0 ? s->versions[i] : 0);
            for (size_t k = 0; k < ladder.count; k++) {
                version = ladder.items[k] >= next && ladder.items[k] < version ? ladder.items[k]
                                                                               : version;
            }
        }
        is_more = version != UINT64_MAX;
        if (!is_more) {
            break;
        }
        kt_known known;
        KITH_TRY(read_step(a, (uint32_t)version, &known));
        KITH_ENSURE(!known.has_commitment || (s->count > 0 && version <= s->versions[0]),
                    KITH_ERR_REJECTED);
        KITH_TRY(kt_watch_learn(&s->draft, &known));
        next = version + 1;
    }
    KITH_ENSURE(read == count, KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
read_init(reading *a, init_answer *s)
{
    uint8_t versions = 0;
    uint16_t steps = 0;

    KITH_TRY(kith_read_u8(&a->r, &versions));
    KITH_ENSURE(versions <= KT_PATH_MAX, KITH_ERR_REJECTED);
    for (s->count = 0; s->count < versions; s->count++) {
        KITH_TRY(kith_read_u32(&a->r, &s->versions[s->count]));
        KITH_ENSURE(s->count == 0 || s->versions[s->count] <= s->versions[s->count - 1],
                    KITH_ERR_REJECTED);
    }
    KITH_TRY(kith_read_u16(&a->r, &steps));
    return read_init_steps(a, s, steps);
}

static kith_err
run_init(reading *a, init_answer *s)
{
    const uint64_t start = a->exchange->request->start;
    kt_path list;

    KITH_TRY(read_init(a, s));
    KITH_TRY(start_proof(a));
    KITH_TRY(add_all_known(a, &s->draft));
    KITH_TRY(kt_view_update(a->walk));
    KITH_TRY(kt_owner_list(a->walk, start, &list));
    KITH_TRY(kt_owner_init(a->walk, &list, s->versions, s->count));
    s->draft.is_owner = true;
    s->draft.owner = (kt_owner){
        .start = start, .has_version = s->count > 0, .version = s->count > 0 ? s->versions[0] : 0};
    return KITH_OK;
}

kith_err
kt_client_owner_init(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                     kt_watch *watch)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    init_answer s = {.count = 0};
    kt_view next;

    KITH_ENSURE(!watch->is_owner, KITH_ERR_INVALID);
    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(kt_watch_copy(watch, &s.draft));
    kith_err err = as_rejection(run_init(&a, &s));
    if (err == KITH_OK) {
        err = finish_reading(&a, &next);
    }
    if (err != KITH_OK) {
        kt_watch_done(&s.draft);
        return err;
    }
    *view = next;
    kt_watch_replace(watch, &s.draft);
    return KITH_OK;
}

/* ---- Updates [KEYTRANS §13.5]. ---- */

typedef struct update_answer {
    kt_update update;
    kt_news news;
    kith_bytes openings;
    kt_watch draft;
} update_answer;

/* Position, values and info. */
static kith_err
read_news(reading *a, update_answer *s)
{
    const uint64_t first =
        a->exchange->request->has_version ? (uint64_t)a->exchange->request->version + 1 : 0;
    uint8_t count = 0;
    uint8_t info = 0;

    KITH_TRY(kith_read_u64(&a->r, &s->update.position));
    KITH_TRY(kith_read_u8(&a->r, &count));
    KITH_ENSURE(count > 0 && count <= KT_LABEL_UPDATES_MAX && first + count - 1 <= UINT32_MAX,
                KITH_ERR_REJECTED);
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_read_vec32(&a->r, &s->news.values[i]));
    }
    KITH_TRY(kith_read_u8(&a->r, &info));
    KITH_ENSURE(info == count, KITH_ERR_REJECTED);
    KITH_TRY(kith_read_bytes(&a->r, (size_t)info * KT_OPENING_LEN, &s->openings));
    s->update.count = count;
    s->update.greatest = (uint32_t)(first + count - 1);
    s->news.position = s->update.position;
    s->news.first = (uint32_t)first;
    s->news.count = count;
    return KITH_OK;
}

/* The commitment to a new version, from its value and opening. */
static kith_err
commit_new(reading *a, const update_answer *s, uint32_t version, kt_hash *out)
{
    const size_t i = version - s->news.first;
    const kt_opened opened = {
        .label = a->exchange->request->label,
        .version = version,
        .value = s->news.values[i],
        .opening = kith_bytes_of(s->openings.data + i * KT_OPENING_LEN, KT_OPENING_LEN)};

    return kt_commit(a->client->crypto, &opened, out);
}

/* The ladder's steps, then the commitments to all new versions. */
static kith_err
read_update_steps(reading *a, update_answer *s)
{
    const kt_versions versions = kt_update_versions(&s->update);
    uint8_t count = 0;

    KITH_TRY(kith_read_u8(&a->r, &count));
    KITH_ENSURE(count == versions.count, KITH_ERR_REJECTED);
    for (size_t i = 0; i < versions.count; i++) {
        kt_known known;
        KITH_TRY(read_step(a, versions.items[i], &known));
        KITH_ENSURE(!known.has_commitment || known.version < s->news.first, KITH_ERR_REJECTED);
        KITH_TRY(kt_watch_learn(&s->draft, &known));
    }
    for (size_t i = 0; i < s->news.count; i++) {
        kt_known *known = kt_watch_find(&s->draft, s->news.first + (uint32_t)i);
        KITH_ENSURE(known != NULL, KITH_ERR_REJECTED);
        KITH_TRY(commit_new(a, s, known->version, &known->commitment));
        known->has_commitment = true;
    }
    return KITH_OK;
}

static kith_err
run_update(reading *a, update_answer *s)
{
    KITH_TRY(read_news(a, s));
    KITH_TRY(read_update_steps(a, s));
    KITH_TRY(start_proof(a));
    KITH_TRY(add_all_known(a, &s->draft));
    KITH_TRY(kt_view_update(a->walk));
    return kt_owner_update(a->walk, &s->update, &s->draft.owner, &s->draft.map);
}

kith_err
kt_client_update(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                 kt_watch *watch, kt_news *out)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    update_answer s = {.update = {.count = 0}};
    kt_view next;

    KITH_ENSURE(watch->is_owner, KITH_ERR_INVALID);
    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(kt_watch_copy(watch, &s.draft));
    kith_err err = as_rejection(run_update(&a, &s));
    if (err == KITH_OK) {
        err = finish_reading(&a, &next);
    }
    if (err != KITH_OK) {
        kt_watch_done(&s.draft);
        return err;
    }
    *view = next;
    *out = s.news;
    kt_watch_replace(watch, &s.draft);
    return KITH_OK;
}

/* ---- Distinguished heads [KEYTRANS §13.6]. ---- */

kith_err
kt_client_distinguished(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                        kt_heads *out)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    const kt_heads_query query = {.has_stop = exchange->request->has_stop,
                                  .stop = exchange->request->stop,
                                  .recent = KT_RECENT_HEADS};
    kt_heads heads = {.count = 0};
    kt_positions found;
    kt_view next;

    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(start_proof(&a));
    KITH_TRY(kt_view_update(a.walk));
    KITH_TRY(kt_distinguished_walk(a.walk, &query, &found));
    KITH_TRY(finish_reading(&a, &next));
    for (; heads.count < found.count; heads.count++) {
        const uint64_t position = found.items[heads.count];
        const kt_point *point = kt_walk_find_point(a.walk, position);
        KITH_ENSURE(point != NULL, KITH_ERR_REJECTED);
        heads.items[heads.count] = (kt_head_entry){.position = position, .entry = point->entry};
    }
    *view = next;
    *out = heads;
    return KITH_OK;
}

/* ---- Consistency (docs/transparency.md). ---- */

/* The proof stands by itself: both roots come out of it. */
static kith_err
check_extension(const kt_client *client, const kt_view *view, const kt_head *head,
                kt_consistency *draft)
{
    const kt_log_claim claim = {.batch = {.size = view->size, .extra = head->size},
                                .elements = draft->proof};
    kt_log_heads heads;
    kt_hash root;

    KITH_ENSURE(head->size <= view->size, KITH_ERR_REJECTED);
    KITH_TRY(kt_view_root(client->crypto, view, &root));
    KITH_TRY(kt_log_evaluate(client->crypto, &claim, &heads));
    KITH_ENSURE(kt_hash_equal(&heads.root, &root), KITH_ERR_REJECTED);
    draft->is_extended = kt_hash_equal(&heads.extra_root, &head->root);
    return KITH_OK;
}

kith_err
kt_client_consistency(const kt_client *client, const kt_exchange *exchange, kt_view *view,
                      const kt_head *head, kt_consistency *out)
{
    __attribute__((cleanup(reading_done))) reading a = {0};
    kt_consistency draft = {.is_extended = false};
    kt_view next;

    KITH_ENSURE(head->size > 0 && exchange->request->other == head->size, KITH_ERR_INVALID);
    KITH_TRY(start_reading(client, exchange, view, &a));
    KITH_TRY(kith_read_vec16(&a.r, &draft.proof));
    KITH_TRY(start_proof(&a));
    KITH_TRY(kt_view_update(a.walk));
    KITH_TRY(finish_reading(&a, &next));
    KITH_TRY(check_extension(client, &next, head, &draft));
    draft.has_newest = a.head.is_updated;
    if (draft.has_newest) {
        KITH_TRY(kt_head_of_answer(client, &next, exchange->response, &draft.newest));
    }
    if (draft.is_extended) {
        *view = next;
    }
    *out = draft;
    return KITH_OK;
}
