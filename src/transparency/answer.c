/* SPDX-License-Identifier: MPL-2.0 */
/* The server's answers [KEYTRANS §13]: each runs the algorithm that the client will run. */
#include <string.h>

#include "transparency/log_parts.h"
#include "transparency/suite.h"

/* An answer in the making. */
typedef struct answer {
    kt_log *log;
    kt_walk *walk;
    const kt_request *request;
    kt_tree tree;
    uint64_t versions; /* of the label */
    kith_buf steps; /* encoded BinaryLadderSteps */
    size_t step_count;
    kith_buf body; /* between the head and the steps */
} answer;

static kith_err
write_head(const answer *a, kith_buf *out)
{
    const kt_log *log = a->log;
    kith_writer w = kith_writer_of(out);
    const kt_full_head head = {.is_updated = !a->request->has_last || a->request->last != log->size,
                               .tree = {.size = log->size, .signature = KITH_BYTES(log->signature)},
                               .auditor = {.timestamp = log->auditor_timestamp,
                                           .size = log->auditor_size,
                                           .signature = KITH_BYTES(log->auditor_signature)}};

    return kt_full_head_write(&w, log->setup.config.mode, &head);
}

/* Whether the answer brings an auditor's head. */
static bool
has_auditor_head(const answer *a)
{
    return a->log->setup.config.mode == KT_THIRD_PARTY_AUDITING &&
           (!a->request->has_last || a->request->last != a->log->size);
}

static kith_err
start_walk(answer *a)
{
    const kt_request *request = a->request;
    kt_log *log = a->log;

    KITH_ENSURE(log->size > 0, KITH_ERR_NOT_FOUND);
    KITH_ENSURE(!request->has_last || (request->last > 0 && request->last <= log->size),
                KITH_ERR_REJECTED);
    KITH_ENSURE(!has_auditor_head(a) || log->has_auditor, KITH_ERR_NOT_FOUND);
    const kt_walk_setup setup = {.crypto = log->setup.crypto,
                                 .config = &log->setup.config,
                                 .size = log->size,
                                 .extra = has_auditor_head(a) ? log->auditor_size : 0,
                                 .previous = request->has_last ? request->last : 0,
                                 .tree = &a->tree};
    KITH_TRY(kt_walk_init(a->walk, &setup));
    return kt_view_update(a->walk);
}

/* The commitment to a version that exists, from the newest state of the prefix tree. */
static kith_err
find_commitment(const answer *a, const kt_hash *key, kt_hash *out)
{
    KITH_AUTO(kith_buf) siblings = {0};
    kt_lookup lookup = {.key = *key};
    kt_stored_entry entry;

    KITH_TRY(kt_tree_entry(&a->tree, a->tree.size - 1, &entry));
    KITH_TRY(kt_prefix_search(a->tree.crypto, a->tree.store, entry.root, &lookup, &siblings));
    KITH_ENSURE(lookup.result.outcome == KT_INCLUSION, KITH_ERR_STORE);
    *out = lookup.commitment;
    return KITH_OK;
}

/* Makes a version known to the walk. */
static kith_err
add_version(answer *a, uint32_t version, kt_evaluation *evaluation)
{
    if (kt_walk_find_version(a->walk, version) != NULL) {
        return KITH_OK;
    }
    KITH_TRY(kt_log_evaluate_label(a->log, a->request->label, version, evaluation));
    return kt_walk_add_version(a->walk, version, &evaluation->key, NULL);
}

static kith_err
add_ladder(answer *a, uint32_t greatest)
{
    const kt_ladder ladder = kt_math_ladder(greatest);
    kt_evaluation evaluation;

    for (size_t i = 0; i < ladder.count; i++) {
        KITH_TRY(add_version(a, ladder.items[i], &evaluation));
    }
    return KITH_OK;
}

/* Adds a BinaryLadderStep. */
static kith_err
add_step(answer *a, uint32_t version, bool has_commitment)
{
    kith_writer w = kith_writer_of(&a->steps);
    kt_evaluation evaluation;

    KITH_TRY(kt_log_evaluate_label(a->log, a->request->label, version, &evaluation));
    const size_t proof_len = kt_suite_row_of(&a->log->setup.config)->proof_len;
    kt_step step = {.proof = kith_bytes_of(evaluation.proof, proof_len),
                    .has_commitment = has_commitment};
    if (has_commitment) {
        KITH_TRY(find_commitment(a, &evaluation.key, &step.commitment));
    }
    a->step_count++;
    return kt_step_write(&w, &step);
}

static kith_err
count_versions(answer *a)
{
    const kt_labels *labels = &a->log->setup.labels;

    return labels->count(labels->ctx, a->request->label, &a->versions);
}

static kith_err
find_record(const answer *a, uint32_t version, kt_record *out, kith_buf *value)
{
    const kt_labels *labels = &a->log->setup.labels;

    return labels->find(labels->ctx, a->request->label, version, out, value);
}

/* ---- Search [KEYTRANS §13.1]. ---- */

static kith_err
write_found(answer *a, uint32_t version)
{
    KITH_AUTO(kith_buf) value = {0};
    kith_writer w = kith_writer_of(&a->body);
    kt_record record;

    KITH_TRY(find_record(a, version, &record, &value));
    if (!a->request->has_version) {
        KITH_TRY(kith_write_u32(&w, version));
    }
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(record.opening)));
    return kith_write_vec32(&w, kith_bytes_of_buf(&value));
}

/* An answer that looks like others: the search for version 0, which is nowhere. */
static kith_err
answer_absent(answer *a)
{
    static const uint8_t zeros[KT_OPENING_LEN] = {0};
    const kt_ladder ladder = kt_math_ladder(0);
    kith_writer w = kith_writer_of(&a->body);
    KITH_AUTO(kith_buf) value = {0};
    kt_evaluation evaluation;
    kt_terminal terminal;
    uint8_t *decoy = NULL;

    KITH_TRY(kt_log_evaluate_label(a->log, a->request->label, 0, &evaluation));
    KITH_TRY(kith_buf_extend(&value, kt_decoy_len(&evaluation.key), &decoy));
    KITH_TRY(kith_write_u32(&w, KT_VERSION_NONE));
    KITH_TRY(kith_write_bytes(&w, KITH_BYTES(zeros)));
    KITH_TRY(kith_write_vec32(&w, kith_bytes_of_buf(&value)));
    KITH_TRY(add_ladder(a, 0));
    for (size_t i = 0; i < ladder.count; i++) {
        KITH_TRY(add_step(a, ladder.items[i], false));
    }
    const kith_err err = kt_search_greatest(a->walk, 0, &terminal);
    return err == KITH_OK ? KITH_ERR_STORE : err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

static kith_err
answer_search(answer *a)
{
    const kt_request *request = a->request;
    kt_terminal terminal;

    KITH_TRY(count_versions(a));
    if (a->versions == 0 && !request->has_version) {
        return answer_absent(a);
    }
    KITH_ENSURE(a->versions > 0 && (!request->has_version || request->version < a->versions),
                KITH_ERR_NOT_FOUND);
    const uint32_t version = request->has_version ? request->version : (uint32_t)(a->versions - 1);
    const kt_ladder ladder = kt_math_ladder(version);
    KITH_TRY(write_found(a, version));
    KITH_TRY(add_ladder(a, version));
    for (size_t i = 0; i < ladder.count; i++) {
        const uint32_t step = ladder.items[i];
        KITH_TRY(add_step(a, step, step != version && step < a->versions));
    }
    return request->has_version ? kt_search_fixed(a->walk, version, &terminal)
                                : kt_search_greatest(a->walk, version, &terminal);
}

/* ---- Monitoring [KEYTRANS §13.2] [KEYTRANS §13.4]. ---- */

/* Whether the position is the entry that added the version, or above it. */
static kith_err
check_item(const answer *a, const kt_monitored *item)
{
    kt_record record;

    KITH_ENSURE(item->position < a->log->size && item->version < a->versions, KITH_ERR_REJECTED);
    KITH_TRY(find_record(a, item->version, &record, NULL));
    KITH_ENSURE(item->position >= record.position, KITH_ERR_REJECTED);
    return KITH_OK;
}

static kith_err
monitor_map(answer *a, const uint64_t *start)
{
    kt_monitor_map map = a->request->map;
    kt_evaluation evaluation;

    for (size_t i = 0; i < map.count; i++) {
        const kt_ladder ladder = kt_math_monitoring_ladder(map.items[i].version);
        KITH_TRY(check_item(a, &map.items[i]));
        for (size_t k = 0; k < ladder.count; k++) {
            KITH_TRY(add_version(a, ladder.items[k], &evaluation));
        }
    }
    return kt_monitor_contact(a->walk, start, &map);
}

static kith_err
answer_contact(answer *a)
{
    KITH_TRY(count_versions(a));
    return monitor_map(a, NULL);
}

static kith_err
count_at(const answer *a, uint64_t position, uint64_t *out)
{
    return kt_log_count_at(a->log, a->request->label, position, out);
}

/* What an owner knows who checked the entry at `start` and knows of the first `known` versions. */
static kith_err
make_owner(const answer *a, uint64_t start, uint64_t known, kt_owner *owner)
{
    uint64_t before = 0;

    KITH_TRY(count_at(a, start, &before));
    KITH_ENSURE(before <= known && known <= a->versions, KITH_ERR_REJECTED);
    *owner = (kt_owner){.start = start, .has_version = before > 0};
    owner->version = before > 0 ? (uint32_t)(before - 1) : 0;
    for (uint64_t version = before; version < known; version++) {
        kt_record record;
        KITH_TRY(find_record(a, (uint32_t)version, &record, NULL));
        kt_added *last = &owner->added[owner->added_count];
        if (owner->added_count > 0 && last[-1].position == record.position) {
            last[-1].version = (uint32_t)version;
            continue;
        }
        KITH_ENSURE(owner->added_count < KT_OWNER_ADDED_MAX, KITH_ERR_LIMIT);
        *last = (kt_added){.position = record.position, .version = (uint32_t)version};
        owner->added_count++;
    }
    return KITH_OK;
}

/* The ladders of all versions that the owner expects somewhere. */
static kith_err
add_owner_ladders(answer *a, const kt_owner *owner)
{
    KITH_TRY(add_ladder(a, owner->has_version ? owner->version : 0));
    for (size_t i = 0; i < owner->added_count; i++) {
        KITH_TRY(add_ladder(a, owner->added[i].version));
    }
    return KITH_OK;
}

static uint64_t
known_versions(const kt_request *request)
{
    return request->has_version ? (uint64_t)request->version + 1 : 0;
}

/* Stops at versions that the owner does not know, and when the answer is long enough. */
static kith_err
stop_owner(void *ctx, uint64_t position, bool *out)
{
    const answer *a = ctx;
    uint64_t count = 0;

    KITH_TRY(count_at(a, position, &count));
    *out = count > known_versions(a->request) ||
           kt_walk_proof_count(a->walk) >= KT_PATH_MAX + KT_DISTINGUISHED_MAX;
    return KITH_OK;
}

static kith_err
answer_owner_monitor(answer *a)
{
    const kt_request *request = a->request;
    const kt_stop stop = {.should_stop = stop_owner, .ctx = a};
    kt_owner owner;

    KITH_ENSURE(request->start < a->log->size, KITH_ERR_REJECTED);
    KITH_TRY(count_versions(a));
    KITH_TRY(make_owner(a, request->start, known_versions(request), &owner));
    KITH_TRY(monitor_map(a, &request->start));
    KITH_TRY(add_owner_ladders(a, &owner));
    return kt_owner_monitor(a->walk, &stop, &owner);
}

/* ---- Owner initialization [KEYTRANS §13.3]. ---- */

static void
insert_sorted(uint32_t *items, size_t *count, uint32_t version)
{
    size_t i = *count;

    for (; i > 0 && items[i - 1] > version; i--) {
        items[i] = items[i - 1];
    }
    items[i] = version;
    (*count)++;
}

/* Version 0 and every version in the ladders of `versions`, ascending. */
static kith_err
add_init_steps(answer *a, const uint32_t *versions, size_t count)
{
    uint32_t all[KT_PATH_MAX * KT_LADDER_MAX];
    size_t all_count = 0;
    kt_evaluation evaluation;

    for (size_t i = 0; i < count || i == 0; i++) {
        const kt_ladder ladder = kt_math_ladder(count > 0 ? versions[i] : 0);
        for (size_t k = 0; k < ladder.count; k++) {
            if (kt_walk_find_version(a->walk, ladder.items[k]) == NULL) {
                KITH_TRY(add_version(a, ladder.items[k], &evaluation));
                insert_sorted(all, &all_count, ladder.items[k]);
            }
        }
    }
    const uint64_t known = count > 0 ? (uint64_t)versions[0] + 1 : 0;
    for (size_t i = 0; i < all_count; i++) {
        KITH_TRY(add_step(a, all[i], all[i] < known));
    }
    return KITH_OK;
}

static kith_err
answer_owner_init(answer *a)
{
    kith_writer w = kith_writer_of(&a->body);
    uint32_t versions[KT_PATH_MAX];
    size_t count = 0;
    kt_path list;

    KITH_TRY(count_versions(a));
    KITH_TRY(kt_owner_list(a->walk, a->request->start, &list));
    for (; count < list.count; count++) {
        uint64_t at = 0;
        KITH_TRY(count_at(a, list.items[count], &at));
        if (at == 0) {
            break;
        }
        versions[count] = (uint32_t)(at - 1);
    }
    KITH_TRY(kith_write_u8(&w, (uint8_t)count));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_write_u32(&w, versions[i]));
    }
    KITH_TRY(add_init_steps(a, versions, count));
    return kt_owner_init(a->walk, &list, versions, count);
}

/* ---- Updates [KEYTRANS §13.5]. ---- */

/* The versions from the first unknown one on that were added in one entry. */
static kith_err
find_update(const answer *a, kt_update *out)
{
    const uint64_t first = known_versions(a->request);
    kt_record record;
    uint64_t end = 0;

    KITH_ENSURE(first < a->versions, KITH_ERR_NOT_FOUND);
    KITH_TRY(find_record(a, (uint32_t)first, &record, NULL));
    KITH_TRY(count_at(a, record.position, &end));
    *out = (kt_update){.position = record.position,
                       .greatest = (uint32_t)(end - 1),
                       .count = (size_t)(end - first)};
    return KITH_OK;
}

/* position, values and info. */
static kith_err
write_update(answer *a, const kt_update *update)
{
    KITH_AUTO(kith_buf) info = {0};
    kith_writer w = kith_writer_of(&a->body);

    KITH_TRY(kith_write_u64(&w, update->position));
    KITH_TRY(kith_write_u8(&w, (uint8_t)update->count));
    for (size_t i = 0; i < update->count; i++) {
        KITH_AUTO(kith_buf) value = {0};
        kt_record record;
        KITH_TRY(
            find_record(a, (uint32_t)(update->greatest + 1 - update->count + i), &record, &value));
        KITH_TRY(kith_write_vec32(&w, kith_bytes_of_buf(&value)));
        KITH_TRY(kith_buf_append(&info, KITH_BYTES(record.opening)));
    }
    KITH_TRY(kith_write_u8(&w, (uint8_t)update->count));
    return kith_write_bytes(&w, kith_bytes_of_buf(&info));
}

/* What matters of an owner's state for an update: the versions in the one entry that the check looks back to,
 * and where the last one was added. Where the owner's own checks ended makes no difference: all that is
 * inspected lies to the right of that. */
static kith_err
make_updater(answer *a, const kt_update *update, kt_owner *owner)
{
    const uint64_t known = known_versions(a->request);
    kt_record last = {0};
    uint64_t above = 0;
    uint64_t before = 0;

    KITH_TRY(kt_owner_look_back(a->walk, update, &above));
    KITH_TRY(count_at(a, above, &before));
    before = before < known ? before : known;
    *owner = (kt_owner){.start = above, .has_version = before > 0};
    owner->version = before > 0 ? (uint32_t)(before - 1) : 0;
    if (before < known) {
        KITH_TRY(find_record(a, (uint32_t)(known - 1), &last, NULL));
        owner->added[owner->added_count++] =
            (kt_added){.position = last.position, .version = (uint32_t)(known - 1)};
    }
    return KITH_OK;
}

static kith_err
answer_update(answer *a)
{
    kt_monitor_map map = {.count = 0};
    kt_owner owner = {0};
    kt_update update;

    KITH_TRY(count_versions(a));
    KITH_TRY(find_update(a, &update));
    KITH_TRY(make_updater(a, &update, &owner));
    const kt_versions steps = kt_update_versions(&update);
    KITH_TRY(write_update(a, &update));
    for (size_t i = 0; i < steps.count; i++) {
        KITH_TRY(
            add_step(a, steps.items[i], steps.items[i] + UINT64_C(1) < known_versions(a->request)));
    }
    KITH_TRY(add_owner_ladders(a, &owner));
    KITH_TRY(add_ladder(a, update.greatest));
    kt_evaluation evaluation;
    for (size_t i = 0; i < update.count; i++) {
        KITH_TRY(add_version(a, update.greatest - (uint32_t)i, &evaluation));
    }
    return kt_owner_update(a->walk, &update, &owner, &map);
}

/* ---- Distinguished heads [KEYTRANS §13.6]. ---- */

static kith_err
answer_distinguished(answer *a)
{
    const kt_heads_query query = {
        .has_stop = a->request->has_stop, .stop = a->request->stop, .recent = KT_RECENT_HEADS};
    kt_positions positions;

    return kt_distinguished_walk(a->walk, &query, &positions);
}

/* A proof of its own, so that it proves something without the asker's view, too. */
static kith_err
answer_consistency(answer *a)
{
    const kt_log_batch batch = {.size = a->tree.size, .extra = a->request->other};
    kith_writer w = kith_writer_of(&a->body);
    KITH_AUTO(kith_buf) elements = {0};

    KITH_ENSURE(batch.extra > 0 && batch.extra <= batch.size, KITH_ERR_REJECTED);
    KITH_TRY(kt_log_prove(a->tree.store, &batch, &elements));
    KITH_ENSURE(elements.len <= UINT16_MAX, KITH_ERR_LIMIT);
    return kith_write_vec16(&w, kith_bytes_of_buf(&elements));
}

static kith_err
run_question(answer *a)
{
    switch (a->request->question) {
    case KT_SEARCH:
        return answer_search(a);
    case KT_CONTACT_MONITOR:
        return answer_contact(a);
    case KT_OWNER_INIT:
        return answer_owner_init(a);
    case KT_OWNER_MONITOR:
        return answer_owner_monitor(a);
    case KT_UPDATE:
        return answer_update(a);
    case KT_DISTINGUISHED:
        return answer_distinguished(a);
    case KT_CONSISTENCY:
        return answer_consistency(a);
    }
    return KITH_ERR_INVALID;
}

static kith_err
write_steps(const answer *a, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    const kt_question question = a->request->question;

    if (question == KT_OWNER_INIT) {
        KITH_TRY(kith_write_u16(&w, (uint16_t)a->step_count));
    } else if (question == KT_SEARCH || question == KT_UPDATE) {
        KITH_ENSURE(a->step_count <= UINT8_MAX, KITH_ERR_LIMIT);
        KITH_TRY(kith_write_u8(&w, (uint8_t)a->step_count));
    }
    return kith_buf_append(out, kith_bytes_of_buf(&a->steps));
}

static kith_err
make_answer(answer *a, kith_buf *out)
{
    KITH_TRY(start_walk(a));
    KITH_TRY(run_question(a));
    KITH_TRY(write_head(a, out));
    KITH_TRY(kith_buf_append(out, kith_bytes_of_buf(&a->body)));
    KITH_TRY(write_steps(a, out));
    return kt_walk_write(a->walk, out);
}

kith_err
kt_log_answer(kt_log *log, kt_question question, kith_bytes bytes, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kt_request request;

    KITH_ENSURE(bytes.len <= KT_REQUEST_MAX, KITH_ERR_LIMIT);
    KITH_TRY(kt_request_decode(question, bytes, &request));
    answer a = {.log = log, .walk = &log->walk, .request = &request, .tree = kt_log_tree(log)};
    const kith_err err = make_answer(&a, &draft);
    kt_walk_done(a.walk);
    kith_buf_done(&a.steps);
    kith_buf_done(&a.body);
    KITH_TRY(err);
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}
