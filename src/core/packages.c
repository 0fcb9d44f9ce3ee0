/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Own key packages: how others add this device to a group while it is away. Private halves are in the store before the
 * public ones leave. One-time ones are replenished in batches, so that making them never holds up anything else for
 * long; the last-resort one is replaced every week.
 */
#include <string.h>

#include "core/identity.h"

#define PACKAGE_FORMAT 1u
/* One-time packages made in one go: a post-quantum one takes 1 to 2 ms. */
#define BATCH 10u
/* Clocks of others may be behind. */
#define CLOCK_MARGIN_S 86400u
/* A Welcome may wait on the server for so long after its key package has expired. */
#define WELCOME_KEPT_MS (PROTO_KEEP_SECONDS * 1000ull)
#define DAY_MS 86400000ull

/* As stored; borrows from there. */
typedef struct package_record {
    bool is_last_resort;
    uint64_t made_ms;
    uint64_t retired_ms; /* last resort: when another took its place; 0: never */
    kith_bytes blob;
    kith_bytes package; /* until the server has it; then empty */
} package_record;

static kith_err
save_record(core *c, kith_bytes ref, const package_record *record)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    kith_writer w = kith_writer_of(&value);

    KITH_TRY(kith_write_u8(&w, PACKAGE_FORMAT));
    KITH_TRY(kith_write_bool(&w, record->is_last_resort));
    KITH_TRY(kith_write_u64(&w, record->made_ms));
    KITH_TRY(kith_write_u64(&w, record->retired_ms));
    KITH_TRY(kith_write_vec32(&w, record->blob));
    KITH_TRY(kith_write_vec32(&w, record->package));
    return core_put(c, CORE_TABLE_PACKAGE, ref, kith_bytes_of_buf(&value));
}

static kith_err
read_record(kith_bytes value, package_record *out)
{
    kith_reader r = kith_reader_of(value);
    package_record record = {0};
    uint8_t format = 0;

    KITH_TRY(kith_read_u8(&r, &format));
    KITH_ENSURE(format == PACKAGE_FORMAT, KITH_ERR_UNSUPPORTED);
    KITH_TRY(kith_read_bool(&r, &record.is_last_resort));
    KITH_TRY(kith_read_u64(&r, &record.made_ms));
    KITH_TRY(kith_read_u64(&r, &record.retired_ms));
    KITH_TRY(kith_read_vec32(&r, &record.blob));
    KITH_TRY(kith_read_vec32(&r, &record.package));
    KITH_TRY(kith_reader_finish(&r));
    *out = record;
    return KITH_OK;
}

/* Does something with each record; it may change or erase the one that it is given. */
typedef kith_err (*visit_fn)(core *c, kith_bytes ref, const package_record *record, void *arg);

static kith_err
visit_packages(core *c, visit_fn visit, void *arg)
{
    const core_scan scan = {.table = CORE_TABLE_PACKAGE};
    KITH_AUTO(kith_buf) ref = {.alloc = c->env.alloc};

    for (;;) {
        KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
        package_record record = {0};
        const kith_err err = c->env.store.next(c->env.store.ctx, &scan, &ref, &value);
        if (err == KITH_ERR_NOT_FOUND) {
            return KITH_OK;
        }
        KITH_TRY(err);
        KITH_TRY(read_record(kith_bytes_of_buf(&value), &record));
        KITH_TRY(visit(c, kith_bytes_of_buf(&ref), &record, arg));
    }
}

/* ---- Loading, finding ---- */

static void
count_record(core_packages *packages, const package_record *record)
{
    packages->waiting += record->package.len > 0 ? 1 : 0;
    if (record->is_last_resort && record->made_ms > packages->last_resort_ms) {
        packages->last_resort_ms = record->made_ms;
    }
}

static kith_err
visit_count(core *c, kith_bytes ref, const package_record *record, void *arg)
{
    (void)ref;
    (void)arg;
    count_record(&c->identity->packages, record);
    return KITH_OK;
}

kith_err
core_packages_load(core *c)
{
    c->identity->packages = (core_packages){0};
    return visit_packages(c, visit_count, NULL);
}

kith_err
core_package_find(core *c, kith_bytes ref, kith_buf *blob, bool *last_resort)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    package_record record = {0};

    KITH_ENSURE(ref.len > 0 && ref.len <= CORE_STORE_KEY_MAX, KITH_ERR_NOT_FOUND);
    KITH_TRY(core_get(c, CORE_TABLE_PACKAGE, ref, &value));
    KITH_TRY(read_record(kith_bytes_of_buf(&value), &record));
    KITH_TRY(kith_buf_append(blob, record.blob));
    *last_resort = record.is_last_resort;
    return KITH_OK;
}

kith_err
core_package_used(core *c, kith_bytes ref)
{
    KITH_AUTO(kith_buf) value = {.alloc = c->env.alloc};
    package_record record = {0};

    KITH_TRY(core_get(c, CORE_TABLE_PACKAGE, ref, &value));
    KITH_TRY(read_record(kith_bytes_of_buf(&value), &record));
    if (record.is_last_resort) {
        return KITH_OK;
    }
    core_packages *packages = &c->identity->packages;
    packages->waiting -= record.package.len > 0 && packages->waiting > 0 ? 1 : 0;
    return core_erase(c, CORE_TABLE_PACKAGE, ref);
}

/* ---- Making ---- */

static kith_err
make_package(core *c, const mls_leaf_params *leaf, bool last_resort)
{
    const uint64_t now_s = core_time_s(c);
    KITH_AUTO(kith_buf) package = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) blob = {.alloc = c->env.alloc};
    KITH_AUTO(kith_buf) ref = {.alloc = c->env.alloc};
    const mls_key_package_params params = {
        .suite = c->env.suite,
        .leaf = *leaf,
        .not_before_s = now_s > CLOCK_MARGIN_S ? now_s - CLOCK_MARGIN_S : 0,
        .not_after_s = now_s + CORE_PACKAGE_LIFE_MS / 1000,
        .last_resort = last_resort,
    };

    KITH_TRY(mls_key_package_new(&c->mls, &params, &package, &blob));
    KITH_TRY(mls_key_package_private_ref(&c->mls, kith_bytes_of_buf(&blob), &ref));
    const package_record record = {
        .is_last_resort = last_resort,
        .made_ms = core_time_ms(c),
        .blob = kith_bytes_of_buf(&blob),
        .package = kith_bytes_of_buf(&package),
    };
    core_changed(c);
    count_record(&c->identity->packages, &record);
    return save_record(c, kith_bytes_of_buf(&ref), &record);
}

static bool
needs_last_resort(const core *c)
{
    const core_packages *packages = &c->identity->packages;
    const uint64_t now = core_time_ms(c);

    return !packages->has_last_resort || packages->last_resort_ms == 0 ||
           (now > packages->last_resort_ms && now - packages->last_resort_ms > CORE_LAST_RESORT_MS);
}

static size_t
needed_one_time(core *c)
{
    core_packages *packages = &c->identity->packages;

    if (packages->count < CORE_PACKAGES_LOW) {
        packages->is_filling = true;
    } else if (packages->count >= CORE_PACKAGES_TARGET) {
        packages->is_filling = false;
    }
    if (!packages->is_filling) {
        return 0;
    }
    const size_t missing = CORE_PACKAGES_TARGET - packages->count;
    return missing < BATCH ? missing : BATCH;
}

static kith_err
make_batch(core *c)
{
    KITH_AUTO(kith_buf) identity = {.alloc = c->env.alloc};
    const size_t count = needed_one_time(c);
    const bool last_resort = needs_last_resort(c);
    mls_leaf_params leaf = {0};

    if (count == 0 && !last_resort) {
        return KITH_OK;
    }
    KITH_TRY(core_account_leaf(c, &identity, &leaf));
    if (last_resort) {
        KITH_TRY(make_package(c, &leaf, true));
    }
    for (size_t i = 0; i < count; i++) {
        KITH_TRY(make_package(c, &leaf, false));
    }
    return KITH_OK;
}

/* ---- Sending ---- */

typedef struct waiting_packages {
    kith_buf last_resort; /* the newest */
    uint64_t last_resort_ms;
    kith_buf one_time; /* as KP_PUT wants them */
    size_t count;
} waiting_packages;

static void
waiting_packages_done(waiting_packages *waiting)
{
    kith_buf_done(&waiting->last_resort);
    kith_buf_done(&waiting->one_time);
}

static kith_err
visit_waiting(core *c, kith_bytes ref, const package_record *record, void *arg)
{
    waiting_packages *waiting = arg;

    (void)c;
    (void)ref;
    if (record->package.len == 0) {
        return KITH_OK;
    }
    if (!record->is_last_resort) {
        const bool fits = waiting->count < PROTO_KP_PUT_MAX;
        waiting->count += fits ? 1 : 0;
        return fits ? proto_blob_append(&waiting->one_time, record->package) : KITH_OK;
    }
    if (record->made_ms < waiting->last_resort_ms) {
        return KITH_OK;
    }
    waiting->last_resort_ms = record->made_ms;
    return kith_buf_set(&waiting->last_resort, record->package);
}

/* They are on the server: the public halves are not needed any more, and an earlier last resort is retired. */
static kith_err
visit_stored(core *c, kith_bytes ref, const package_record *record, void *arg)
{
    package_record stored = *record;
    const bool is_old =
        record->is_last_resort && record->made_ms < c->identity->packages.last_resort_ms;

    (void)arg;
    stored.package = (kith_bytes){0};
    if (is_old && record->retired_ms == 0) {
        stored.retired_ms = core_time_ms(c);
    }
    if (record->package.len == 0 && stored.retired_ms == record->retired_ms) {
        return KITH_OK;
    }
    return save_record(c, ref, &stored);
}

static kith_err
on_put(core *c, const core_tag *tag, const core_answer *answer)
{
    core_packages *packages = &c->identity->packages;
    proto_kp_put_answer put = {0};

    (void)tag;
    packages->put_in_flight = false;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        packages->not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    }
    KITH_TRY(proto_kp_put_answer_decode(answer->body, &put));
    core_changed(c);
    packages->count = put.one_time_count;
    packages->has_last_resort = true;
    packages->waiting = 0;
    return visit_packages(c, visit_stored, NULL);
}

static kith_err
send_waiting(core *c)
{
    KITH_AUTO(waiting_packages) waiting = {
        .last_resort.alloc = c->env.alloc,
        .one_time.alloc = c->env.alloc,
    };
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};

    KITH_TRY(visit_packages(c, visit_waiting, &waiting));
    const proto_kp_put put = {
        .last_resort = kith_bytes_of_buf(&waiting.last_resort),
        .one_time = kith_bytes_of_buf(&waiting.one_time),
    };
    KITH_TRY(proto_kp_put_encode(&body, &put));
    KITH_TRY(core_link_request(c, &(core_request){.link = CORE_LINK_NAMED,
                                                  .type = PROTO_KP_PUT,
                                                  .body = kith_bytes_of_buf(&body),
                                                  .answer = on_put}));
    c->identity->packages.put_in_flight = true;
    return KITH_OK;
}

/* ---- Counting ---- */

static kith_err
on_count(core *c, const core_tag *tag, const core_answer *answer)
{
    core_packages *packages = &c->identity->packages;
    proto_kp_count_answer count = {0};

    (void)tag;
    packages->count_in_flight = false;
    if (answer->err == KITH_ERR_OFFLINE) {
        return KITH_OK;
    }
    if (answer->err != KITH_OK) {
        packages->not_before_ms = core_pause_after(c, answer);
        return KITH_OK;
    }
    KITH_TRY(proto_kp_count_answer_decode(answer->body, &count));
    core_changed(c);
    packages->count = count.one_time_count;
    packages->has_last_resort = count.has_last_resort;
    packages->is_counted = true;
    return KITH_OK;
}

static kith_err
ask_count(core *c)
{
    if (c->identity->packages.count_in_flight) {
        return KITH_OK;
    }
    KITH_TRY(core_link_request(
        c, &(core_request){.link = CORE_LINK_NAMED, .type = PROTO_KP_COUNT, .answer = on_count}));
    c->identity->packages.count_in_flight = true;
    return KITH_OK;
}

kith_err
core_packages_low(core *c, kith_bytes body)
{
    proto_kp_low low = {0};

    KITH_TRY(proto_kp_low_decode(body, &low));
    core_changed(c);
    c->identity->packages.count = low.one_time_count;
    return KITH_OK;
}

void
core_packages_link_changed(core *c)
{
    core_packages *packages = &c->identity->packages;

    packages->is_counted = false;
    packages->not_before_ms = 0;
}

/* ---- Sweeping ---- */

static bool
is_over(uint64_t since_ms, uint64_t kept_ms, uint64_t now_ms)
{
    return since_ms < now_ms && now_ms - since_ms > kept_ms;
}

static kith_err
visit_sweep(core *c, kith_bytes ref, const package_record *record, void *arg)
{
    const uint64_t now = core_time_ms(c);
    bool over = false;

    (void)arg;
    if (record->is_last_resort) {
        over =
            record->retired_ms != 0 && is_over(record->retired_ms, CORE_LAST_RESORT_KEPT_MS, now);
    } else {
        over = is_over(record->made_ms, CORE_PACKAGE_LIFE_MS + WELCOME_KEPT_MS, now);
    }
    return over ? core_erase(c, CORE_TABLE_PACKAGE, ref) : KITH_OK;
}

/* Only while the server says what time it is: a wrong clock must not erase what others still use. */
static kith_err
sweep(core *c)
{
    core_packages *packages = &c->identity->packages;

    core_wake_at(c, c->now_ms + DAY_MS);
    if (packages->swept_ms != 0 && c->now_ms >= packages->swept_ms &&
        c->now_ms - packages->swept_ms < DAY_MS) {
        return KITH_OK;
    }
    packages->swept_ms = c->now_ms;
    return visit_packages(c, visit_sweep, NULL);
}

kith_err
core_packages_pump(core *c)
{
    core_packages *packages = &c->identity->packages;

    if (!core_link_ready(c, CORE_LINK_NAMED) || !core_link_has_room(c, CORE_LINK_NAMED) ||
        packages->put_in_flight) {
        return KITH_OK;
    }
    if (!core_is_due(c, packages->not_before_ms)) {
        core_wake_at(c, packages->not_before_ms);
        return KITH_OK;
    }
    if (!packages->is_counted) {
        return ask_count(c);
    }
    KITH_TRY(sweep(c));
    if (packages->waiting == 0) {
        KITH_TRY(make_batch(c));
    }
    return packages->waiting > 0 ? send_waiting(c) : KITH_OK;
}
