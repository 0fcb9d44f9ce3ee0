/* SPDX-License-Identifier: MPL-2.0 */
/* Folders of an account, and the name of its socket. */
#define _GNU_SOURCE
#include "rpc/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static kith_err
set_path(char *out, const char *text)
{
    const size_t len = strlen(text);

    KITH_ENSURE(len < RPC_PATH_MAX, KITH_ERR_LIMIT);
    memmove(out, text, len + 1);
    return KITH_OK;
}

kith_err
rpc_path_join(const char *folder, const char *name, char *out)
{
    char path[RPC_PATH_MAX];
    const int len = snprintf(path, sizeof path, "%s/%s", folder, name);

    KITH_ENSURE(len > 0 && (size_t)len < sizeof path, KITH_ERR_LIMIT);
    return set_path(out, path);
}

/* The value of a variable, or NULL when it is absent or empty. */
static const char *
environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static kith_err
default_data(char *out)
{
    const char *home = environment("HOME");
    const char *data = environment("XDG_DATA_HOME");

    if (data != NULL && data[0] == '/') {
        return rpc_path_join(data, "kith", out);
    }
    KITH_ENSURE(home != NULL, KITH_ERR_NOT_FOUND);
    return rpc_path_join(home, ".local/share/kith", out);
}

/* Makes a folder and those above it; only the new ones get a mode. */
static kith_err
make_folder(const char *path)
{
    char part[RPC_PATH_MAX];

    KITH_TRY(set_path(part, path));
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return KITH_ERR_DENIED;
        }
        *slash = '/';
    }
    if (mkdir(part, 0700) != 0 && errno != EEXIST) {
        return KITH_ERR_DENIED;
    }
    return KITH_OK;
}

/* The folder is this user's, and nobody else may look into it. */
static kith_err
make_private(const char *path)
{
    struct stat info;

    KITH_TRY(make_folder(path));
    KITH_ENSURE(stat(path, &info) == 0 && S_ISDIR(info.st_mode), KITH_ERR_DENIED);
    KITH_ENSURE(info.st_uid == geteuid(), KITH_ERR_DENIED);
    if ((info.st_mode & 077) != 0) {
        KITH_ENSURE(chmod(path, 0700) == 0, KITH_ERR_DENIED);
    }
    return KITH_OK;
}

/* One name for each data folder: FNV-1a, which tells apart the folders of one user and protects nothing. */
static uint64_t
hash_path(const char *path)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (const char *c = path; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
    }
    return hash;
}

static kith_err
find_socket(const char *data, char *out)
{
    char folder[RPC_PATH_MAX];
    char name[32];
    const char *runtime = environment("XDG_RUNTIME_DIR");

    snprintf(name, sizeof name, "%016llx.sock", (unsigned long long)hash_path(data));
    if (runtime != NULL && access(runtime, W_OK) == 0) {
        KITH_TRY(rpc_path_join(runtime, "kith", folder));
        KITH_TRY(make_private(folder));
        return rpc_path_join(folder, name, out);
    }
    return rpc_path_join(data, "agent.sock", out);
}

kith_err
rpc_place_find(const char *data, const char *socket, rpc_place *out)
{
    char wanted[RPC_PATH_MAX];
    char absolute[RPC_PATH_MAX];
    rpc_place place = {0};

    if (data == NULL || data[0] == '\0') {
        data = environment("KITH_DATA");
    }
    KITH_TRY(data != NULL ? set_path(wanted, data) : default_data(wanted));
    KITH_TRY(make_private(wanted));
    KITH_ENSURE(realpath(wanted, absolute) != NULL, KITH_ERR_DENIED);
    KITH_TRY(set_path(place.data, absolute));
    if (socket != NULL && socket[0] != '\0') {
        KITH_TRY(set_path(place.socket, socket));
    } else {
        KITH_TRY(find_socket(place.data, place.socket));
    }
    KITH_ENSURE(strlen(place.socket) < RPC_SOCKET_MAX, KITH_ERR_LIMIT);
    *out = place;
    return KITH_OK;
}
