/* SPDX-License-Identifier: MPL-2.0 */
/* The log that answers for a relay: made with it, without the key that signs. */
#include "relay/internal.h"

#include <string.h>

kt_config
relay_log_config(const uint8_t *signature_key, const uint8_t *vrf_key)
{
    kt_config config = {.mode = KT_CONTACT_MONITORING,
                        .max_ahead = RELAY_LOG_AHEAD_MS,
                        .max_behind = RELAY_LOG_BEHIND_MS,
                        .window = RELAY_LOG_WINDOW_MS,
                        .has_lifetime = true,
                        .lifetime = RELAY_LOG_LIFETIME_MS};

    memcpy(config.signature_key, signature_key, KT_KEY_LEN);
    memcpy(config.vrf_key, vrf_key, KT_KEY_LEN);
    return config;
}

kith_err
relay_log_open(relay *r)
{
    const relay_log *log = r->env.config.log;

    if (log == NULL) {
        return KITH_OK;
    }
    r->log_port.store = r->env.reader;
    r->log_port.memory = kith_mem_zalloc(r->env.alloc, RELAY_EVALUATIONS_MAX, sizeof(relay_memory));
    KITH_ENSURE(r->log_port.memory != NULL, KITH_ERR_NO_MEMORY);
    const kt_log_setup setup = {.crypto = r->env.crypto,
                                .vrf = log->vrf,
                                .store = relay_log_arrays(&r->log_port),
                                .labels = relay_log_labels(&r->log_port),
                                .config = log->config};
    return kt_log_new(r->env.alloc, &setup, &r->log);
}

void
relay_log_close(relay *r)
{
    kt_log_free(r->log);
    kith_mem_free(r->env.alloc, r->log_port.memory, RELAY_EVALUATIONS_MAX * sizeof(relay_memory));
    r->log = NULL;
    r->log_port.memory = NULL;
}

static kith_err
evaluate(relay *r, relay_job *job, const uint8_t *account_id, uint32_t version)
{
    const relay_store *reader = r->env.reader;
    uint8_t label[RELAY_LABEL_LEN];
    kt_evaluation found;

    if (reader->evaluation_find(reader->ctx, account_id, (uint64_t)version + 1, &found) ==
        KITH_OK) {
        return KITH_OK;
    }
    relay_label(account_id, label);
    relay_evaluated *next = &job->evaluated[job->evaluated_count];
    KITH_TRY(kt_log_evaluate_label(r->log, KITH_BYTES(label), version, &next->evaluation));
    next->version = version;
    job->evaluated_count++;
    return KITH_OK;
}

void
relay_log_prepare(relay *r, relay_job *job, const uint8_t *account_id, uint64_t version)
{
    uint32_t versions[KT_LADDER_MAX];

    if (r->log == NULL || version == 0 || version >= KT_VERSION_NONE) {
        return;
    }
    job->evaluated = kith_mem_zalloc(job->alloc, RELAY_EVALUATIONS_AHEAD, sizeof *job->evaluated);
    if (job->evaluated == NULL) {
        return;
    }
    const size_t count = kt_log_lookups((uint32_t)(version - 1), versions);
    for (size_t i = 0; i < count && job->evaluated_count < RELAY_EVALUATIONS_AHEAD; i++) {
        if (evaluate(r, job, account_id, versions[i]) != KITH_OK) {
            return;
        }
    }
}

void
relay_log_keep(relay *r, const uint8_t *account_id)
{
    relay_log_port *port = &r->log_port;
    relay_job *job = NULL;

    if (port->fresh_count == 0 || relay_job_new(r, RELAY_JOB_KEEP, &job) != KITH_OK) {
        return;
    }
    job->evaluated = kith_mem_zalloc(job->alloc, RELAY_EVALUATIONS_AHEAD, sizeof *job->evaluated);
    if (job->evaluated == NULL) {
        relay_job_free(job);
        return;
    }
    memcpy(job->evaluated, port->fresh, port->fresh_count * sizeof port->fresh[0]);
    job->evaluated_count = port->fresh_count;
    relay_copy_id(job->account_id, account_id, PROTO_ID_LEN);
    relay_job_push(&r->jobs, job);
}
