/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Data of an application's components [MLS-EXT §4]: the dictionary in the group context and the proposals that change
 * it, data that goes with a commit, and the form of authenticated data that components share.
 */
#include "mls/proposal.h"

/* ---- Vectors of ComponentData [MLS-EXT §4.6] ---- */

static kith_err
read_component(kith_reader *r, mls_component *out)
{
    KITH_TRY(kith_read_u16(r, &out->id));
    return kith_read_varvec(r, &out->data);
}

static kith_err
write_component(kith_writer *w, uint16_t id, kith_bytes data)
{
    KITH_TRY(kith_write_u16(w, id));
    return kith_write_varvec(w, data);
}

static kith_err
open_list(kith_bytes encoded, kith_reader *out)
{
    kith_reader r = kith_reader_of(encoded);
    kith_bytes list;

    KITH_TRY(kith_read_varvec(&r, &list));
    KITH_TRY(kith_reader_finish(&r));
    *out = kith_reader_of(list);
    return KITH_OK;
}

kith_err
mls_components_check(kith_bytes encoded)
{
    kith_reader r;
    mls_component item = {0};

    KITH_TRY(open_list(encoded, &r));
    for (uint32_t least = 0; !kith_reader_done(&r); least = item.id + 1u) {
        KITH_TRY(read_component(&r, &item));
        KITH_ENSURE(item.id >= least, KITH_ERR_MALFORMED);
    }
    return KITH_OK;
}

kith_err
mls_components_find(kith_bytes encoded, uint16_t id, kith_bytes *out)
{
    kith_reader r;

    KITH_ENSURE(encoded.len > 0, KITH_ERR_NOT_FOUND);
    KITH_TRY(open_list(encoded, &r));
    while (!kith_reader_done(&r)) {
        mls_component item;
        KITH_TRY(read_component(&r, &item));
        if (item.id == id) {
            *out = item.data;
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

kith_err
mls_components_write(const mls_component *items, size_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);
    size_t mark = 0;

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < count; i++) {
        KITH_ENSURE(i == 0 || items[i].id > items[i - 1].id, KITH_ERR_INVALID);
        KITH_TRY(write_component(&w, items[i].id, items[i].data));
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

kith_err
mls_component_ids_write(const uint16_t *ids, size_t count, kith_buf *out)
{
    KITH_AUTO(kith_buf) draft = {.alloc = out->alloc};
    kith_writer w = kith_writer_of(&draft);
    size_t mark = 0;

    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(kith_write_u16(&w, ids[i]));
    }
    KITH_TRY(kith_write_close(&w, KITH_VEC_VAR, mark));
    return kith_buf_append(out, kith_bytes_of_buf(&draft));
}

/* The members of a list without the one of `id`, and with `data` (not NULL) at its place. */
static kith_err
rewrite(kith_reader *r, uint16_t id, const kith_bytes *data, kith_writer *w)
{
    bool due = data != NULL;

    while (!kith_reader_done(r)) {
        mls_component item;
        KITH_TRY(read_component(r, &item));
        if (due && item.id >= id) {
            KITH_TRY(write_component(w, id, *data));
            due = false;
        }
        if (item.id != id) {
            KITH_TRY(write_component(w, item.id, item.data));
        }
    }
    return due ? write_component(w, id, *data) : KITH_OK;
}

kith_err
mls_components_set(kith_bytes encoded, uint16_t id, const kith_bytes *data, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    kith_reader r = kith_reader_of(encoded);
    size_t mark = 0;

    if (encoded.len > 0) {
        KITH_TRY(open_list(encoded, &r));
    }
    KITH_TRY(kith_write_open(&w, KITH_VEC_VAR, &mark));
    KITH_TRY(rewrite(&r, id, data, &w));
    return kith_write_close(&w, KITH_VEC_VAR, mark);
}

/* ---- In the group context ---- */

kith_err
mls_app_data_find(kith_bytes group_extensions, uint16_t component_id, kith_bytes *out)
{
    kith_bytes dictionary;

    KITH_TRY(mls_ext_find(group_extensions, MLS_EXT_APP_DATA_DICTIONARY, &dictionary));
    return mls_components_find(dictionary, component_id, out);
}

kith_err
mls_safe_aad_check(kith_bytes group_extensions, kith_bytes authenticated_data, kith_err error)
{
    kith_bytes unused;

    if (mls_app_data_find(group_extensions, MLS_COMPONENT_SAFE_AAD, &unused) != KITH_OK) {
        return KITH_OK;
    }
    KITH_ENSURE(mls_components_check(authenticated_data) == KITH_OK, error);
    return KITH_OK;
}

/* The list of extensions with another dictionary, which goes to the end if there was none. */
static kith_err
set_dictionary(kith_bytes extensions, kith_bytes dictionary, kith_buf *out)
{
    kith_writer w = kith_writer_of(out);
    kith_reader r = kith_reader_of(extensions);
    bool due = true;

    while (!kith_reader_done(&r)) {
        mls_ext extension;
        KITH_TRY(mls_ext_read(&r, &extension));
        if (extension.type == MLS_EXT_APP_DATA_DICTIONARY) {
            extension.data = dictionary;
            due = false;
        }
        KITH_TRY(write_component(&w, extension.type, extension.data)); /* has the same form */
    }
    return due ? write_component(&w, MLS_EXT_APP_DATA_DICTIONARY, dictionary) : KITH_OK;
}

/* ---- Proposals [MLS-EXT §4.7, §4.8] ---- */

static bool
is_app(const mls_item *item, bool ephemeral)
{
    return item->proposal.type ==
           (ephemeral ? MLS_PROPOSAL_APP_EPHEMERAL : MLS_PROPOSAL_APP_DATA_UPDATE);
}

static mls_app_change
change_of(kith_bytes extensions, const mls_item *item)
{
    const mls_app_proposal *app = &item->proposal.app;
    const bool is_member = item->sender_type == MLS_SENDER_MEMBER;
    mls_app_change change = {.op = app->op,
                             .component_id = app->component_id,
                             .sender = is_member ? item->sender : MLS_LEAF_NONE,
                             .data = app->data};

    change.has_before = app->op != MLS_APP_EPHEMERAL &&
                        mls_app_data_find(extensions, app->component_id, &change.before) == KITH_OK;
    return change;
}

/* Asks the application; `after` gets what an update makes. */
static kith_err
judge(const mls_plan_scope *scope, const mls_app_change *change, kith_buf *after)
{
    KITH_ENSURE(scope->env->app_data != NULL, KITH_ERR_UNSUPPORTED);
    /* Nothing is removed where nothing is. */
    KITH_ENSURE(change->op != MLS_APP_REMOVE || change->has_before, KITH_ERR_REJECTED);
    return scope->env->app_data(scope->env->ctx, change, after);
}

kith_err
mls_app_check(const mls_plan_scope *scope, const mls_item *item)
{
    KITH_AUTO(kith_buf) after = {.alloc = scope->epoch->tools.alloc};
    const mls_app_change change = change_of(scope->epoch->context.extensions, item);

    return judge(scope, &change, &after);
}

kith_err
mls_app_check_list(const mls_item_list *items)
{
    mls_app_proposal seen[MLS_APP_UPDATES_MAX];
    size_t count = 0;

    for (size_t i = 0; i < items->count; i++) {
        if (!is_app(&items->items[i], false)) {
            continue;
        }
        const mls_app_proposal app = items->items[i].proposal.app;
        KITH_ENSURE(count < MLS_APP_UPDATES_MAX, KITH_ERR_LIMIT);
        for (size_t k = 0; k < count; k++) {
            const bool removed = app.op == MLS_APP_REMOVE || seen[k].op == MLS_APP_REMOVE;
            KITH_ENSURE(!removed || seen[k].component_id != app.component_id, KITH_ERR_REJECTED);
        }
        seen[count++] = app;
    }
    return KITH_OK;
}

static kith_err
apply_update(const mls_plan_scope *scope, const mls_item *item, mls_plan *plan)
{
    KITH_AUTO(kith_buf) after = {.alloc = plan->alloc};
    KITH_AUTO(kith_buf) dictionary = {.alloc = plan->alloc};
    KITH_AUTO(kith_buf) extensions = {.alloc = plan->alloc};
    const kith_bytes before = kith_bytes_of_buf(&plan->extensions);
    const mls_app_change change = change_of(before, item);
    kith_bytes old = {0};

    KITH_TRY(judge(scope, &change, &after));
    const kith_bytes data = kith_bytes_of_buf(&after);
    kith_ignore(mls_ext_find(before, MLS_EXT_APP_DATA_DICTIONARY, &old)); /* none: empty */
    KITH_TRY(mls_components_set(old, change.component_id,
                                change.op == MLS_APP_REMOVE ? NULL : &data, &dictionary));
    KITH_TRY(set_dictionary(before, kith_bytes_of_buf(&dictionary), &extensions));
    kith_buf_done(&plan->extensions);
    plan->extensions = kith_buf_take(&extensions);
    plan->extensions_changed = true;
    return KITH_OK;
}

static kith_err
apply_ephemeral(const mls_plan_scope *scope, const mls_item *item, mls_plan *plan)
{
    KITH_AUTO(kith_buf) unused = {.alloc = plan->alloc};
    const mls_app_change change = change_of((kith_bytes){0}, item);
    kith_writer w = kith_writer_of(&plan->ephemeral);

    KITH_TRY(judge(scope, &change, &unused));
    KITH_TRY(kith_write_u32(&w, change.sender));
    return write_component(&w, change.component_id, change.data);
}

kith_err
mls_ephemeral_read(kith_reader *r, mls_ephemeral *out)
{
    KITH_TRY(kith_read_u32(r, &out->sender));
    KITH_TRY(kith_read_u16(r, &out->component_id));
    return kith_read_varvec(r, &out->data);
}

kith_err
mls_app_apply(const mls_plan_scope *scope, const mls_item_list *items, mls_plan *plan)
{
    for (size_t i = 0; i < items->count; i++) {
        if (is_app(&items->items[i], true)) {
            KITH_TRY(apply_ephemeral(scope, &items->items[i], plan));
        }
    }
    for (size_t i = 0; i < items->count; i++) {
        if (is_app(&items->items[i], false)) {
            KITH_TRY(apply_update(scope, &items->items[i], plan));
        }
    }
    return KITH_OK;
}
