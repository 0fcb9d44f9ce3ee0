/* SPDX-License-Identifier: MPL-2.0 */
/* The figures, in Prometheus' text form. */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct figure {
    const char *name;
    const char *type;
    const char *help;
    uint64_t value;
} figure;

static kith_err
write_one(const figure *f, kith_buf *out)
{
    char text[384];
    const int len = snprintf(text, sizeof text,
                             "# HELP kithd_%s %s\n# TYPE kithd_%s %s\nkithd_%s %" PRIu64 "\n",
                             f->name, f->help, f->name, f->type, f->name, f->value);

    KITH_ENSURE(len > 0 && (size_t)len < sizeof text, KITH_ERR_LIMIT);
    return kith_buf_append(out, kith_bytes_of(text, (size_t)len));
}

kith_err
kithd_metrics_write(void *ctx, kith_buf *out)
{
    const kithd_service *service = ctx;
    const net_server_stats net = net_server_stats_of(service->server);
    const store_writer_stats writer = store_writer_stats_of(service->writer);
    const figure figures[] = {
        {"connections", "gauge", "Connections now.", net.connections},
        {"connections_total", "counter", "Connections accepted.", net.accepted},
        {"connections_refused_total", "counter", "Connections over a limit.", net.refused},
        {"connections_timed_out_total", "counter", "Connections that took too long.",
         net.timed_out},
        {"connections_broken_total", "counter", "Connections against the rules.", net.broken},
        {"logins", "gauge", "Devices logged in now.", net.relay.logins},
        {"subscriptions", "gauge", "Conversations followed now.", net.relay.subscriptions},
        {"requests_total", "counter", "Requests.", net.relay.requests},
        {"refusals_total", "counter", "Requests answered with an error.", net.relay.refusals},
        {"pushes_total", "counter", "Entries and items pushed.", net.relay.pushes},
        {"input_bytes", "gauge", "Bytes of requests that are not complete.", net.relay.input_bytes},
        {"work_bytes", "gauge", "Bytes of requests being worked on.", net.relay.work_bytes},
        {"writes_total", "counter", "Requests that changed something.", writer.jobs},
        {"commits_total", "counter", "Transactions.", writer.batches},
        {"failed_writes_total", "counter", "Requests that could not be stored.", writer.failed},
        {"store_failing", "gauge", "1: the last transaction failed.", writer.last_error != KITH_OK},
    };

    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        KITH_TRY(write_one(&figures[i], out));
    }
    return KITH_OK;
}
