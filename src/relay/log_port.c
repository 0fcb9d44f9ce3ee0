/* SPDX-License-Identifier: MPL-2.0 */
/* The ports of a kt_log over the relay's store port: labels become accounts, versions from 0 become those from 1. */
#include "relay/internal.h"

#include <string.h>

#define LABEL_KIND 1u

void
relay_label(const uint8_t *account_id, uint8_t out[RELAY_LABEL_LEN])
{
    out[0] = LABEL_KIND;
    relay_copy_id(out + 1, account_id, PROTO_ID_LEN);
}

const uint8_t *
relay_label_account(kith_bytes label)
{
    return label.len == RELAY_LABEL_LEN && label.data[0] == LABEL_KIND ? label.data + 1 : NULL;
}

/* ---- Arrays ---- */

static kith_err
read_record(void *ctx, kt_array array, uint64_t index, uint8_t *out)
{
    const relay_log_port *port = ctx;

    return port->store->log_read(port->store->ctx, array, index, out);
}

static kith_err
write_records(void *ctx, kt_array array, uint64_t index, kith_bytes records)
{
    const relay_log_port *port = ctx;

    return port->store->log_write(port->store->ctx, array, index, records);
}

kt_store
relay_log_arrays(relay_log_port *port)
{
    return (kt_store){.read = read_record, .write = write_records, .ctx = port};
}

/* ---- Labels ---- */

static kith_err
count_versions(void *ctx, kith_bytes label, uint64_t *out)
{
    const relay_log_port *port = ctx;
    const uint8_t *account = relay_label_account(label);

    if (account == NULL) {
        *out = 0;
        return KITH_OK;
    }
    return port->store->logged_count(port->store->ctx, account, out);
}

static kith_err
find_version(void *ctx, kith_bytes label, uint32_t version, kt_record *out, kith_buf *value)
{
    const relay_log_port *port = ctx;
    const uint8_t *account = relay_label_account(label);

    KITH_ENSURE(account != NULL, KITH_ERR_NOT_FOUND);
    return port->store->logged_find(port->store->ctx, account, (uint64_t)version + 1, out, value);
}

/* The list itself is stored already. */
static kith_err
add_version(void *ctx, kith_bytes label, const kt_record *record, kith_bytes value)
{
    const relay_log_port *port = ctx;
    const relay_store *store = port->store;
    const uint8_t *account = relay_label_account(label);
    uint64_t count = 0;

    (void)value;
    KITH_ENSURE(account != NULL, KITH_ERR_INVALID);
    KITH_TRY(store->logged_count(store->ctx, account, &count));
    return store->logged_add(store->ctx, account, count + 1, record);
}

/* Ids are hashes, or made up by whoever takes the benefit of the memory from himself. */
static relay_memory *
memory_of(const relay_log_port *port, const uint8_t *account, uint32_t version)
{
    size_t at = 0;

    memcpy(&at, account, sizeof at);
    return &port->memory[(at + version) % RELAY_EVALUATIONS_MAX];
}

static kith_err
find_evaluation(void *ctx, kith_bytes label, uint32_t version, kt_evaluation *out)
{
    const relay_log_port *port = ctx;
    const uint8_t *account = relay_label_account(label);

    KITH_ENSURE(account != NULL, KITH_ERR_NOT_FOUND);
    if (port->memory != NULL) {
        const relay_memory *place = memory_of(port, account, version);
        if (place->is_used && place->version == version &&
            memcmp(place->account_id, account, PROTO_ID_LEN) == 0) {
            *out = place->evaluation;
            return KITH_OK;
        }
    }
    return port->store->evaluation_find(port->store->ctx, account, (uint64_t)version + 1, out);
}

static kith_err
keep_evaluation(void *ctx, kith_bytes label, uint32_t version, const kt_evaluation *evaluation)
{
    relay_log_port *port = ctx;
    const uint8_t *account = relay_label_account(label);

    if (account == NULL) {
        return KITH_OK;
    }
    if (port->fresh_count < RELAY_EVALUATIONS_AHEAD) {
        port->fresh[port->fresh_count++] =
            (relay_evaluated){.version = version, .evaluation = *evaluation};
    }
    if (port->memory == NULL) {
        return port->store->evaluation_keep(port->store->ctx, account, (uint64_t)version + 1,
                                            evaluation);
    }
    relay_memory *place = memory_of(port, account, version);
    *place = (relay_memory){.is_used = true, .version = version, .evaluation = *evaluation};
    relay_copy_id(place->account_id, account, PROTO_ID_LEN);
    return KITH_OK;
}

kt_labels
relay_log_labels(relay_log_port *port)
{
    return (kt_labels){.count = count_versions,
                       .find = find_version,
                       .add = add_version,
                       .find_evaluation = find_evaluation,
                       .keep_evaluation = keep_evaluation,
                       .ctx = port};
}
