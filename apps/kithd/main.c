/* SPDX-License-Identifier: MPL-2.0 */
/* kithd: options, the data folder, everything joined, signals, the end. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "confine.h"
#include "invite.h"
#include "metrics.h"
#include "notify.h"
#include "service.h"

typedef struct kithd {
    net_loop *loop; /* of the main thread: signals and figures */
    net_signal *signals[3];
    net_report *report;
    kithd_service service;
} kithd;

/* Descriptors for as many connections as there may be; files that nobody else may read. */
static void
set_limits(void)
{
    struct rlimit files = {0};

    umask(077);
    kithd_hide();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void
handle_stop(void *ctx)
{
    const kithd *k = ctx;

    kithd_notify("STOPPING=1");
    net_loop_stop(k->loop);
}

static void
handle_rotate(void *ctx)
{
    const kithd *k = ctx;

    if (net_server_rotate(k->service.server) != KITH_OK) {
        kithd_complain("no new certificate could be made; the old one stays in use");
    }
}

static kith_err
watch_signals(kithd *k)
{
    KITH_TRY(net_loop_new(&k->loop));
    KITH_TRY(net_signal_new(k->loop, SIGTERM, handle_stop, k, &k->signals[0]));
    KITH_TRY(net_signal_new(k->loop, SIGINT, handle_stop, k, &k->signals[1]));
    return net_signal_new(k->loop, SIGHUP, handle_rotate, k, &k->signals[2]);
}

static void
unwatch_signals(kithd *k)
{
    net_report_free(k->report);
    for (size_t i = 0; i < sizeof k->signals / sizeof k->signals[0]; i++) {
        net_signal_free(k->signals[i]);
    }
    net_loop_free(k->loop);
}

static int
serve_metrics(const kithd_options *options, kithd *k)
{
    if (options->metrics == 0) {
        return 0;
    }
    const kith_err err =
        net_report_listen(k->loop, options->metrics, kithd_metrics_write, &k->service, &k->report);
    if (err != KITH_OK) {
        kithd_complain("port %u of 127.0.0.1 cannot be used for metrics; choose another one with "
                       "--metrics PORT",
                       options->metrics);
        return err == KITH_ERR_EXISTS ? EXIT_IN_USE : EXIT_FAILED;
    }
    return 0;
}

static int
run(const kithd_options *options, const kithd_folder *folder, kithd *k)
{
    int status = kithd_service_open(options, folder, &k->service);

    if (status != 0) {
        return status;
    }
    if (watch_signals(k) != KITH_OK) {
        kithd_complain("cannot start: out of memory or descriptors");
        return EXIT_FAILED;
    }
    status = serve_metrics(options, k);
    if (status != 0) {
        return status;
    }
    if (!kithd_service_start(&k->service) ||
        !kithd_invite_print(options, folder, k->service.bound[0].port)) {
        return EXIT_FAILED;
    }
    kithd_notify("READY=1");
    net_loop_run(k->loop);
    return 0;
}

int
main(int argc, char **argv)
{
    kithd_options options;
    kithd_folder folder = {.lock_fd = -1};
    kithd k = {0};
    const kithd_parsed parsed = kithd_options_parse(argc, argv, &options);

    if (parsed != KITHD_RUN) {
        return parsed == KITHD_EXIT ? 0 : EXIT_USAGE;
    }
    set_limits();
    int status = kithd_folder_open(&options, &folder);
    if (status == 0 && options.renew_log != NULL) {
        status = kithd_log_renew(&folder, options.renew_log);
    } else if (status == 0) {
        kithd_confine(options.data);
        status = run(&options, &folder, &k);
        unwatch_signals(&k);
        kithd_service_done(&k.service);
    }
    kithd_folder_done(&folder);
    return status;
}
