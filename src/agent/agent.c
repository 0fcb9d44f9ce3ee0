/* SPDX-License-Identifier: MPL-2.0 */
/* The agent from start to end: folder, lock, store, core, socket, loop; and the same backwards. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/internal.h"

static void
on_signal(void *ctx)
{
    agent_stop(ctx);
}

/* The turn does the work; the timer only makes one happen. */
static void
on_timer(void *ctx)
{
    (void)ctx;
}

/* Keys must not reach a disk through a crash. Nor may another process of the user look into this one. */
static void
harden(void)
{
    const struct rlimit none = {0, 0};

    umask(077);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* What went wrong, for stderr and for the face that waits. */
static kith_err
say(rpc_fault *fault, kith_err err, const char *message)
{
    *fault = rpc_fault_of_err(err);
    snprintf(fault->message, sizeof fault->message, "%s", message);
    return err;
}

static kith_err
open_place(agent *a, rpc_fault *fault)
{
    kith_err err = rpc_place_find(a->options->data, a->options->socket, &a->place);

    if (err == KITH_ERR_LIMIT) {
        return say(fault, err, "the path of the folder or socket is too long");
    }
    if (err != KITH_OK) {
        return say(fault, err, "the data folder cannot be made or used");
    }
    err = agent_lock(a);
    if (err == KITH_ERR_EXISTS) {
        return say(fault, err, "another agent uses this data folder");
    }
    return err == KITH_OK ? KITH_OK : say(fault, err, "the data folder may not be written");
}

static const char *
store_trouble(kith_err err)
{
    switch ((int)err) {
    case KITH_ERR_BUSY:
        return "the store is in use by another process";
    case KITH_ERR_DENIED:
        return "the store and the file that opens it do not belong together";
    case KITH_ERR_MALFORMED:
        return "the store is damaged";
    case KITH_ERR_UNSUPPORTED:
        return "the store was made by a later version";
    default:
        return "the store cannot be opened";
    }
}

static kith_err
open_store(agent *a, rpc_fault *fault)
{
    KITH_AUTO(kith_secret) key = {0};
    char path[RPC_PATH_MAX];

    kith_err err = agent_secret_open(a, &key);
    if (err == KITH_ERR_DENIED) {
        return say(fault, err, "the desktop's keyring is locked, or does not know this account");
    }
    if (err != KITH_OK) {
        return say(fault, err, "the file that opens the store cannot be read or made");
    }
    err = rpc_path_join(a->place.data, "store", path);
    if (err == KITH_OK) {
        err = store_core_open(path, key.data, NULL, &a->store);
    }
    return err == KITH_OK ? KITH_OK : say(fault, err, store_trouble(err));
}

static kith_err
open_core(agent *a, rpc_fault *fault)
{
    kith_err err = crypto_new(NULL, &a->crypto);

    if (err != KITH_OK) {
        return say(fault, err, "the crypto library lacks something");
    }
    KITH_TRY(open_store(a, fault));
    const core_env env = {
        .rng = *crypto_rng(), .crypto = a->crypto, .store = store_core_port(a->store)};
    err = core_new(&env, agent_wall_ms(), &a->core);
    return err == KITH_OK ? KITH_OK : say(fault, err, store_trouble(err));
}

static kith_err
open_loop(agent *a)
{
    KITH_TRY(net_loop_new(&a->loop));
    KITH_TRY(net_timer_new(a->loop, on_timer, a, &a->timer));
    KITH_TRY(net_signal_new(a->loop, SIGTERM, on_signal, a, &a->signals[0]));
    KITH_TRY(net_signal_new(a->loop, SIGINT, on_signal, a, &a->signals[1]));
    KITH_TRY(agent_links_open(a));
    return agent_faces_listen(a);
}

static kith_err
open_all(agent *a, rpc_fault *fault)
{
    KITH_TRY(open_place(a, fault));
    KITH_TRY(open_core(a, fault));
    const kith_err err = open_loop(a);
    if (err == KITH_ERR_EXISTS) {
        return say(fault, err, "something else listens at the socket");
    }
    return err == KITH_OK ? KITH_OK : say(fault, err, "the socket cannot be made");
}

/* The store is closed before the faces are: one that asked for the end, and sees its connection close, may start
 * another agent at once. That one waits until the folder is let go, which is last: before, it would meet the socket. */
static void
close_all(agent *a)
{
    if (a->loop != NULL) {
        net_loop_on_turn(a->loop, NULL, NULL);
        agent_links_close(a);
    }
    core_free(a->core);
    a->core = NULL;
    store_core_free(a->store);
    crypto_free(a->crypto);
    if (a->loop != NULL) {
        agent_faces_close(a);
        net_signal_free(a->signals[0]);
        net_signal_free(a->signals[1]);
        net_timer_free(a->timer);
        net_loop_free(a->loop);
    }
    if (a->lock_fd >= 0) {
        close(a->lock_fd);
    }
}

kith_err
agent_run(const agent_options *options)
{
    agent a = {.options = options, .lock_fd = -1};
    rpc_fault fault = {0};

    harden();
    const kith_err err = open_all(&a, &fault);
    rpc_agent_ready(options->ready_fd, err == KITH_OK ? NULL : &fault);
    if (err == KITH_OK) {
        net_loop_on_turn(a.loop, agent_turn, &a);
        net_timer_set(a.timer, 0);
        net_loop_run(a.loop);
    } else {
        fprintf(stderr, "kith-agent: %s\n", fault.message);
    }
    close_all(&a);
    return err;
}
