/* SPDX-License-Identifier: MPL-2.0 */
/* The directory's log, for who looks after it: what is known of it, the file of evidence, and going on. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/internal.h"

/* Hex digits of a file's name: evidence of other forks has other ones. */
#define NAME_BYTES 8u

static kith_err
name_evidence(agent *a, kith_bytes evidence, char path[RPC_PATH_MAX])
{
    uint8_t digest[32];
    KITH_AUTO(kith_buf) hex = {0};
    char name[64];

    KITH_TRY(crypto_sha256(a->crypto, evidence, digest));
    KITH_TRY(kith_hex_encode(kith_bytes_of(digest, NAME_BYTES), &hex));
    snprintf(name, sizeof name, "evidence-%.*s", (int)hex.len, (const char *)hex.data);
    return rpc_path_join(a->place.data, name, path);
}

/* A file that is there already was written whole: its name comes last. */
static kith_err
write_file(const char *path, kith_bytes bytes)
{
    char draft[RPC_PATH_MAX + 8];
    size_t done = 0;

    if (access(path, F_OK) == 0) {
        return KITH_OK;
    }
    snprintf(draft, sizeof draft, "%s.new", path);
    const int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    KITH_ENSURE(fd >= 0, KITH_ERR_STORE);
    while (done < bytes.len) {
        const ssize_t put = write(fd, bytes.data + done, bytes.len - done);
        if (put < 0 && errno != EINTR) {
            break;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    const bool is_whole = done == bytes.len && fsync(fd) == 0;
    KITH_ENSURE(close(fd) == 0 && is_whole && rename(draft, path) == 0, KITH_ERR_STORE);
    return KITH_OK;
}

kith_err
agent_evidence_file(agent *a, char path[RPC_PATH_MAX])
{
    KITH_AUTO(kith_buf) evidence = {0};
    char found[RPC_PATH_MAX];

    KITH_TRY(core_evidence(a->core, &evidence));
    KITH_TRY(name_evidence(a, kith_bytes_of_buf(&evidence), found));
    KITH_TRY(write_file(found, kith_bytes_of_buf(&evidence)));
    snprintf(path, RPC_PATH_MAX, "%s", found);
    return KITH_OK;
}

/* ---- Methods ------------------------------------------------------------------------------- */

kith_err
agent_do_directory_get(agent *a, agent_call *call)
{
    const core_log log = core_log_get(a->core);
    char path[RPC_PATH_MAX];

    agent_json_bool(&call->result, "is_known", log.is_known);
    agent_json_bool(&call->result, "is_stopped", log.is_silent);
    if (log.is_known) {
        agent_json_u64(&call->result, "generation", log.generation);
        agent_json_u64(&call->result, "size", log.size);
        agent_json_u64(&call->result, "newest_ms", log.newest_ms);
    }
    const kith_err err = agent_evidence_file(a, path);
    if (err == KITH_OK) {
        agent_json_text(&call->result, "evidence", path);
    }
    return err == KITH_ERR_NOT_FOUND ? KITH_OK : err;
}

kith_err
agent_do_directory_go_on(agent *a, agent_call *call)
{
    (void)call;
    KITH_ENSURE(core_log_get(a->core).is_silent, KITH_ERR_NOT_FOUND);
    return core_go_on(a->core, agent_wall_ms());
}
