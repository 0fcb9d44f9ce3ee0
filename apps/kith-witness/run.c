/* SPDX-License-Identifier: MPL-2.0 */
/* kith-witness run: everything joined, signals, the end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "follow.h"
#include "http.h"
#include "witness.h"

typedef struct runner {
    net_loop *loop;
    net_signal *signals[2];
    cosigner *cosigner;
    http *http;
    followers *followers;
} runner;

static void
handle_ended(void *ctx)
{
    const runner *r = ctx;

    net_loop_stop(r->loop);
}

static void
handle_stop(void *ctx)
{
    const runner *r = ctx;

    if (r->followers != NULL) {
        followers_end(r->followers, handle_ended, ctx);
    }
}

static kith_err
watch_signals(runner *r)
{
    KITH_TRY(net_loop_new(&r->loop));
    KITH_TRY(net_signal_new(r->loop, SIGTERM, handle_stop, r, &r->signals[0]));
    return net_signal_new(r->loop, SIGINT, handle_stop, r, &r->signals[1]);
}

static int
start(const witness_config *config, runner *r)
{
    int status = EXIT_FAILED;

    r->cosigner = cosigner_open(config);
    if (r->cosigner == NULL) {
        return EXIT_FAILED;
    }
    if (watch_signals(r) != KITH_OK) {
        witness_complain("cannot start: out of memory or descriptors");
        return EXIT_FAILED;
    }
    r->followers = followers_start(r->loop, config, r->cosigner);
    if (r->followers == NULL) {
        return EXIT_FAILED;
    }
    if (config->has_listen) {
        r->http = http_start(config, r->cosigner, &status);
        if (r->http == NULL) {
            return status;
        }
    }
    return EXIT_DONE;
}

static void
stop(runner *r)
{
    http_stop(r->http);
    followers_stop(r->followers);
    for (size_t i = 0; i < sizeof r->signals / sizeof r->signals[0]; i++) {
        net_signal_free(r->signals[i]);
    }
    net_loop_free(r->loop);
    cosigner_free(r->cosigner);
}

static int
run(const witness_config *config)
{
    runner r = {0};
    int status = EXIT_FAILED;
    const int lock = folder_lock(config, &status);

    if (lock < 0) {
        return status;
    }
    status = start(config, &r);
    if (status == EXIT_DONE) {
        printf("running: %zu followed, %zu by HTTP\n", config->server_count, config->log_count);
        fflush(stdout);
        net_loop_run(r.loop);
    }
    stop(&r);
    close(lock);
    return status;
}

int
witness_run(int argc, char **argv)
{
    umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    witness_config *config = config_load(argc, argv);
    if (config == NULL) {
        return EXIT_USAGE;
    }
    const int status = run(config);
    free(config);
    return status;
}
