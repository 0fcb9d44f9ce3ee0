/* SPDX-License-Identifier: MPL-2.0 */
/* agent.doctor: what works and what does not, for whoever helps. And which build this is. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/internal.h"

/* ---- Which build --------------------------------------------------------------------------- */

/* Looks through the notes of one segment for the linker's build id. */
static kith_bytes
find_note(const uint8_t *at, size_t left)
{
    while (left >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        const size_t name = (note.n_namesz + 3u) & ~(size_t)3;
        const size_t data = (note.n_descsz + 3u) & ~(size_t)3;
        if (left - sizeof note < name || left - sizeof note - name < data) {
            break;
        }
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            memcmp(at + sizeof note, "GNU", 4) == 0) {
            return kith_bytes_of(at + sizeof note + name, note.n_descsz);
        }
        at += sizeof note + name + data;
        left -= sizeof note + name + data;
    }
    return (kith_bytes){0};
}

/* The first object is the program itself. */
static int
visit_program(struct dl_phdr_info *info, size_t size, void *ctx)
{
    kith_bytes *out = ctx;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum && out->len == 0; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE) {
            const uintptr_t start = info->dlpi_addr + segment->p_vaddr;
            *out = find_note((const uint8_t *)start, segment->p_memsz);
        }
    }
    return 1;
}

kith_err
agent_build_id(kith_buf *out)
{
    kith_bytes id = {0};

    dl_iterate_phdr(visit_program, &id);
    return kith_hex_encode(id, out);
}

/* SHA-256 of the program's file, what sha256sum prints for it. */
static kith_err
hash_program(agent *a, kith_buf *out)
{
    uint8_t piece[65536];
    uint8_t digest[CRYPTO_HASH_MAX];
    crypto_hasher *hasher = NULL;
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;

    KITH_ENSURE(fd >= 0, KITH_ERR_STORE);
    kith_err err = crypto_hasher_new(a->crypto, CRYPTO_SHA256, &hasher);
    while (err == KITH_OK && got > 0) {
        got = read(fd, piece, sizeof piece);
        err = got >= 0 ? crypto_hasher_update(hasher, kith_bytes_of(piece, (size_t)got))
                       : KITH_ERR_STORE;
    }
    close(fd);
    if (err == KITH_OK) {
        err = crypto_hasher_final(hasher, digest);
    }
    crypto_hasher_free(hasher);
    KITH_TRY(err);
    return kith_hex_encode(kith_bytes_of(digest, crypto_hash_len(CRYPTO_SHA256)), out);
}

/* ---- Checks -------------------------------------------------------------------------------- */

static void
add_check(agent_json *list, const char *name, bool ok, const char *text)
{
    agent_json item = agent_json_object(list);

    agent_json_text(&item, "name", name);
    agent_json_bool(&item, "ok", ok);
    agent_json_text(&item, "text", text);
    agent_json_append(list, &item);
}

static void
check_store(agent *a, agent_json *list)
{
    char text[RPC_PATH_MAX + 64];
    char path[RPC_PATH_MAX];
    struct stat info;
    const bool ok =
        rpc_path_join(a->place.data, "store", path) == KITH_OK && stat(path, &info) == 0;

    snprintf(text, sizeof text, "%s, %lld KB, opened by %s", a->place.data,
             ok ? (long long)info.st_size / 1024 : 0,
             a->is_keyring ? "the desktop's keyring" : "a file beside it");
    add_check(list, "store", ok, text);
}

static void
check_connection(agent *a, agent_json *list)
{
    const core_account account = core_account_get(a->core);
    char text[CORE_HOST_MAX + 128];
    net_lost why = NET_LOST_CLOSED;

    if (account.state == CORE_ACCOUNT_NONE || account.state == CORE_ACCOUNT_REMOVED) {
        add_check(list, "connection", true, "not needed without an account");
        return;
    }
    if (account.online) {
        snprintf(text, sizeof text, "up, %s port %u", account.host, account.port);
    } else if (agent_is_offline(a, &why)) {
        snprintf(text, sizeof text, "down, %s port %u: %s", account.host, account.port,
                 net_lost_name(why));
    } else {
        snprintf(text, sizeof text, "being made, %s port %u", account.host, account.port);
    }
    add_check(list, "connection", account.online, text);
}

static void
check_account(agent *a, agent_json *list)
{
    const core_account account = core_account_get(a->core);
    char text[128];

    switch (account.state) {
    case CORE_ACCOUNT_NONE:
        snprintf(text, sizeof text, "none yet");
        break;
    case CORE_ACCOUNT_MAKING:
    case CORE_ACCOUNT_LINKING:
        snprintf(text, sizeof text, "being made");
        break;
    case CORE_ACCOUNT_READY:
        snprintf(text, sizeof text, "ready, %llu waiting to be sent",
                 (unsigned long long)core_outbox_count(a->core));
        break;
    case CORE_ACCOUNT_REMOVED:
        snprintf(text, sizeof text, "this device was removed from it");
        break;
    }
    add_check(list, "account", account.state != CORE_ACCOUNT_REMOVED, text);
}

static void
check_directory(agent *a, agent_json *list)
{
    const core_log log = core_log_get(a->core);
    char text[128];

    snprintf(text, sizeof text, "log %lu, %llu entries%s", (unsigned long)log.generation,
             (unsigned long long)log.size,
             log.is_silent ? ", shown in two forms: nothing is sent" : "");
    add_check(list, "directory", !log.is_silent, log.is_known ? text : "not seen yet");
}

kith_err
agent_do_doctor(agent *a, agent_call *call)
{
    agent_json list = agent_json_array(&call->result);
    KITH_AUTO(kith_buf) hash = {0};
    char text[128];

    snprintf(text, sizeof text, "version %s, process %ld", a->options->version, (long)getpid());
    add_check(&list, "agent", true, text);
    const bool is_hashed = hash_program(a, &hash) == KITH_OK;
    snprintf(text, sizeof text, "%.*s", (int)hash.len, is_hashed ? (const char *)hash.data : "");
    add_check(&list, "build", is_hashed, is_hashed ? text : "cannot be read");
    add_check(&list, "socket", true, a->place.socket);
    check_store(a, &list);
    check_account(a, &list);
    check_connection(a, &list);
    check_directory(a, &list);
    agent_json_put(&call->result, "checks", &list);
    return KITH_OK;
}
