/* SPDX-License-Identifier: MPL-2.0 */
/* The ports of a log of many labels. */
#include "log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS UINT64_C(1800000000000)
#define DAY_MS UINT64_C(86400000)
#define STACK_MAX 1024u

void
must(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        (void)fprintf(stderr, "bench_transparency: %s: %s\n", what, kith_err_name(err));
        exit(1);
    }
}

kith_bytes
bench_label(size_t number, char text[32])
{
    (void)snprintf(text, 32, "label %zu", number);
    return kith_bytes_of_text(text);
}

static size_t
number_of(kith_bytes label)
{
    size_t number = 0;

    for (size_t i = 6; i < label.len; i++) {
        number = number * 10 + (size_t)(label.data[i] - '0');
    }
    return number;
}

/* ---- The store. ---- */

static kith_err
read_record(void *ctx, kt_array array, uint64_t index, uint8_t *out)
{
    const bench_log *l = ctx;
    const kt_store store = kt_memory_port(l->memory);

    return store.read(store.ctx, array, index, out);
}

static kith_err
write_records(void *ctx, kt_array array, uint64_t index, kith_bytes records)
{
    const bench_log *l = ctx;
    const kt_store store = kt_memory_port(l->memory);
    const off_t at = (off_t)(index * kt_array_record_len(array));

    KITH_TRY(store.write(store.ctx, array, index, records));
    if (l->files[array] >= 0) {
        KITH_ENSURE(pwrite(l->files[array], records.data, records.len, at) == (ssize_t)records.len,
                    KITH_ERR_STORE);
    }
    return KITH_OK;
}

void
bench_log_sync(const bench_log *l)
{
    for (size_t i = 0; i < KT_ARRAYS; i++) {
        if (l->files[i] >= 0 && fdatasync(l->files[i]) != 0) {
            must(KITH_ERR_STORE, "fdatasync");
        }
    }
}

static void
open_files(bench_log *l, const char *folder)
{
    for (size_t i = 0; i < KT_ARRAYS; i++) {
        char path[4096];
        l->files[i] = -1;
        if (folder != NULL) {
            (void)snprintf(path, sizeof path, "%s/array-%zu", folder, i);
            l->files[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            must(l->files[i] < 0 ? KITH_ERR_STORE : KITH_OK, path);
        }
    }
}

/* ---- The labels. ---- */

static bool
is_subject(kith_bytes label)
{
    return number_of(label) < SUBJECTS;
}

static kith_err
count_versions(void *ctx, kith_bytes label, uint64_t *out)
{
    const bench_log *l = ctx;
    const kt_labels subjects = kt_label_memory_port(l->subjects);

    if (is_subject(label)) {
        return subjects.count(subjects.ctx, label, out);
    }
    *out = l->counts[number_of(label)];
    return KITH_OK;
}

static kith_err
find_record(void *ctx, kith_bytes label, uint32_t version, kt_record *out, kith_buf *value)
{
    const bench_log *l = ctx;
    const kt_labels subjects = kt_label_memory_port(l->subjects);

    return subjects.find(subjects.ctx, label, version, out, value);
}

static kith_err
add_record(void *ctx, kith_bytes label, const kt_record *record, kith_bytes value)
{
    bench_log *l = ctx;
    const kt_labels subjects = kt_label_memory_port(l->subjects);

    if (is_subject(label)) {
        return subjects.add(subjects.ctx, label, record, value);
    }
    l->counts[number_of(label)]++;
    return KITH_OK;
}

static kith_err
find_evaluation(void *ctx, kith_bytes label, uint32_t version, kt_evaluation *out)
{
    const bench_log *l = ctx;
    const kt_labels subjects = kt_label_memory_port(l->subjects);
    const uint8_t number[] = {(uint8_t)version, (uint8_t)(version >> 8)};

    if (is_subject(label)) {
        return subjects.find_evaluation(subjects.ctx, label, version, out);
    }
    KITH_ENSURE(l->is_quick, KITH_ERR_NOT_FOUND);
    return crypto_digest(l->crypto, CRYPTO_SHA256, CRYPTO_PARTS(label, KITH_BYTES(number)),
                         out->key.bytes);
}

static kith_err
keep_evaluation(void *ctx, kith_bytes label, uint32_t version, const kt_evaluation *evaluation)
{
    const bench_log *l = ctx;
    const kt_labels subjects = kt_label_memory_port(l->subjects);

    return is_subject(label) ? subjects.keep_evaluation(subjects.ctx, label, version, evaluation)
                             : KITH_OK;
}

/* ---- The log. ---- */

static void
set_config(bench_log *l)
{
    l->client = (kt_client){.crypto = l->crypto,
                            .config = {.mode = KT_CONTACT_MONITORING,
                                       .max_ahead = DAY_MS,
                                       .max_behind = DAY_MS,
                                       .window = DAY_MS,
                                       .has_lifetime = true,
                                       .lifetime = 90 * DAY_MS}};
    memcpy(l->client.config.signature_key, crypto_sign_key_public(l->sign).data, KT_KEY_LEN);
    memcpy(l->client.config.vrf_key, crypto_vrf_key_public(l->vrf).data, KT_KEY_LEN);
}

void
bench_log_reopen(bench_log *l, workers *w, bool keeps)
{
    const kt_log_setup setup = {.crypto = l->crypto,
                                .sign = l->sign,
                                .vrf = l->vrf,
                                .rng = *crypto_rng(),
                                .store = {.read = read_record, .write = write_records, .ctx = l},
                                .labels = {.count = count_versions,
                                           .find = find_record,
                                           .add = add_record,
                                           .find_evaluation = find_evaluation,
                                           .keep_evaluation = keeps ? keep_evaluation : NULL,
                                           .ctx = l},
                                .config = l->client.config,
                                .size = l->log == NULL ? 0 : kt_log_size(l->log),
                                .workers = w == NULL ? (kt_workers){.run = NULL} : workers_port(w)};

    kt_log_free(l->log);
    must(kt_log_new(NULL, &setup, &l->log), "log");
}

void
bench_log_open(bench_log *l, size_t labels_max, const char *folder, workers *w)
{
    static const uint8_t seed[32] = {7};

    *l = (bench_log){.labels_max = labels_max, .now_ms = START_MS};
    l->counts = calloc(labels_max, 1);
    must(l->counts == NULL ? KITH_ERR_NO_MEMORY : KITH_OK, "counts");
    open_files(l, folder);
    must(crypto_new(NULL, &l->crypto), "crypto");
    must(crypto_sign_key_import(l->crypto, CRYPTO_ED25519, KITH_BYTES(seed), &l->sign), "sign");
    must(crypto_vrf_key_import(l->crypto, KITH_BYTES(seed), &l->vrf), "vrf");
    must(kt_memory_new(NULL, &l->memory), "memory");
    must(kt_label_memory_new(NULL, &l->subjects), "subjects");
    set_config(l);
    bench_log_reopen(l, w, true);
}

void
bench_log_close(bench_log *l)
{
    kt_log_free(l->log);
    kt_label_memory_free(l->subjects);
    kt_memory_free(l->memory);
    crypto_sign_key_free(l->sign);
    crypto_vrf_key_free(l->vrf);
    crypto_free(l->crypto);
    free(l->counts);
    for (size_t i = 0; i < KT_ARRAYS; i++) {
        if (l->files[i] >= 0) {
            (void)close(l->files[i]);
        }
    }
}

void
bench_log_add(bench_log *l, const size_t *numbers, size_t count)
{
    static kt_change changes[BATCH_MAX];
    static char names[BATCH_MAX][32];
    static const uint8_t value[VALUE_LEN] = {1};
    static const kith_bytes values[] = {{value, sizeof value}};

    for (size_t i = 0; i < count; i++) {
        changes[i] =
            (kt_change){.label = bench_label(numbers[i], names[i]), .values = values, .count = 1};
    }
    l->now_ms += l->step_ms;
    must(kt_log_append(l->log, l->now_ms, changes, count), "append");
}

/* ---- What is live. ---- */

static uint64_t
read_number(const uint8_t *at)
{
    uint64_t number = 0;

    for (size_t i = 0; i < 8; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

/* Goes through the records as src/transparency/prefix_tree.c describes them. */
uint64_t
bench_log_live(const bench_log *l)
{
    const kt_store store = kt_memory_port(l->memory);
    uint64_t stack[STACK_MAX];
    uint8_t record[KT_RECORD_MAX];
    size_t depth = 0;
    uint64_t records = 0;

    must(store.read(store.ctx, KT_ENTRIES, kt_log_size(l->log) - 1, record), "entry");
    stack[depth++] = read_number(record + 40);
    while (depth > 0) {
        const uint64_t id = stack[--depth];
        if (id == 0) {
            continue;
        }
        records++;
        if ((id & 1) == 0) {
            must(store.read(store.ctx, KT_NODES, (id >> 1) - 1, record), "node");
            stack[depth++] = read_number(record + 32);
            stack[depth++] = read_number(record + 40);
        }
    }
    return records * KT_NODE_LEN;
}
