/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The key of the store: 32 random bytes, in the desktop's keyring where there is one, else in a file that only
 * its owner may read. The file `store.key` says which, and is written once, before the store is made:
 *
 *     key 64 HEX DIGITS\n        the key itself
 *     keyring 32 HEX DIGITS\n    the name of the keyring's entry
 *
 * The keyring is asked by a helper process (kith-keyring), so that its libraries never come into the process that
 * holds the conversations, and so that a keyring that hangs can be given up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/internal.h"

#define ENTRY_LEN 16u
#define WORD_KEY "key "
#define WORD_KEYRING "keyring "

/* ---- The helper ---------------------------------------------------------------------------- */

/* A desktop's bus: without one nobody needs to be asked. */
static bool
has_bus(void)
{
    char path[RPC_PATH_MAX];
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (getenv("DBUS_SESSION_BUS_ADDRESS") != NULL) {
        return true;
    }
    return runtime != NULL && rpc_path_join(runtime, "bus", path) == KITH_OK &&
           access(path, F_OK) == 0;
}

static kith_err
find_helper(char *out)
{
    static const char *const places[] = {"kith-keyring", "../libexec/kith-keyring"};
    char own[RPC_PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

    KITH_ENSURE(len > 0, KITH_ERR_NOT_FOUND);
    own[len] = '\0';
    char *slash = strrchr(own, '/');
    KITH_ENSURE(slash != NULL, KITH_ERR_NOT_FOUND);
    *slash = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (rpc_path_join(own, places[i], out) == KITH_OK && access(out, X_OK) == 0) {
            return KITH_OK;
        }
    }
    return KITH_ERR_NOT_FOUND;
}

typedef struct helper {
    pid_t pid;
    int to; /* its stdin */
    int from; /* its stdout */
} helper;

static kith_err
spawn_helper(const char *verb, const char *entry, helper *out)
{
    char path[RPC_PATH_MAX];
    char *argv[] = {path, (char *)(uintptr_t)verb, (char *)(uintptr_t)entry, NULL};
    posix_spawn_file_actions_t actions;
    int in[2];
    int back[2];

    KITH_TRY(find_helper(path));
    KITH_ENSURE(pipe2(in, O_CLOEXEC) == 0, KITH_ERR_BUSY);
    if (pipe2(back, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return KITH_ERR_BUSY;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, back[1], STDOUT_FILENO);
    const int failed = posix_spawn(&out->pid, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(back[1]);
    out->to = in[1];
    out->from = back[0];
    if (failed != 0) {
        close(out->to);
        close(out->from);
        return KITH_ERR_BUSY;
    }
    return KITH_OK;
}

/* Reads what the helper prints, up to `size`, until it closes or the time is over. */
static size_t
read_answer(const helper *h, char *out, size_t size)
{
    const uint64_t until = agent_steady_ms() + AGENT_KEYRING_MS;
    size_t len = 0;

    while (len < size) {
        struct pollfd waiting = {.fd = h->from, .events = POLLIN};
        const uint64_t now = agent_steady_ms();
        const int ready = poll(&waiting, 1, now < until ? (int)(until - now) : 0);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        const ssize_t got = ready > 0 ? read(h->from, out + len, size - len) : -1;
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    return len;
}

/* Ends the helper, whatever it is doing. True: it said that all went well. */
static bool
end_helper(const helper *h)
{
    int status = 0;

    close(h->from);
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* `in`: what the helper reads. Its answer is one line: the key in hexadecimal, or "done". */
static kith_err
ask_keyring(const char *verb, const char *entry, kith_bytes in, kith_secret *out)
{
    KITH_AUTO(kith_secret) line = {0};
    helper h = {0};

    KITH_ENSURE(has_bus(), KITH_ERR_NOT_FOUND);
    KITH_TRY(spawn_helper(verb, entry, &h));
    if (in.len > 0) {
        (void)!write(h.to, in.data, in.len); /* a helper that reads nothing answers nothing */
    }
    close(h.to);
    line.len = read_answer(&h, (char *)line.data, sizeof line.data);
    /* The answer counts, not the exit: a helper that answered may still be tidying up. */
    end_helper(&h);
    KITH_ENSURE(line.len > 0 && line.data[line.len - 1] == '\n', KITH_ERR_DENIED);
    line.len--;
    *out = kith_secret_take(&line);
    return KITH_OK;
}

/* ---- Where it is --------------------------------------------------------------------------- */

static kith_err
decode_key(kith_bytes hex, kith_secret *out)
{
    KITH_AUTO(kith_buf) key = {0};

    KITH_TRY(kith_hex_decode(hex, &key));
    KITH_ENSURE(key.len == STORE_CORE_KEY_LEN, KITH_ERR_MALFORMED);
    return kith_secret_set(out, kith_bytes_of_buf(&key));
}

static kith_err
key_from_keyring(kith_bytes entry, kith_secret *out)
{
    KITH_AUTO(kith_secret) hex = {0};
    char name[2 * ENTRY_LEN + 1];

    KITH_ENSURE(entry.len == 2 * ENTRY_LEN, KITH_ERR_MALFORMED);
    memcpy(name, entry.data, entry.len);
    name[entry.len] = '\0';
    KITH_ENSURE(ask_keyring("get", name, (kith_bytes){0}, &hex) == KITH_OK, KITH_ERR_DENIED);
    KITH_ENSURE(decode_key(kith_bytes_of_secret(&hex), out) == KITH_OK, KITH_ERR_DENIED);
    return KITH_OK;
}

static bool
starts_with(kith_bytes text, const char *word)
{
    return text.len > strlen(word) && memcmp(text.data, word, strlen(word)) == 0;
}

static kith_err
read_where(agent *a, kith_bytes text, kith_secret *out)
{
    KITH_ENSURE(text.len > 0 && text.data[text.len - 1] == '\n', KITH_ERR_MALFORMED);
    text.len--;
    if (starts_with(text, WORD_KEY)) {
        const size_t skip = strlen(WORD_KEY);
        return decode_key(kith_bytes_of(text.data + skip, text.len - skip), out);
    }
    KITH_ENSURE(starts_with(text, WORD_KEYRING), KITH_ERR_MALFORMED);
    const size_t skip = strlen(WORD_KEYRING);
    KITH_TRY(key_from_keyring(kith_bytes_of(text.data + skip, text.len - skip), out));
    a->is_keyring = true;
    return KITH_OK;
}

/* ---- The first time ------------------------------------------------------------------------ */

/* Gives the key to the keyring under a new name, and has it back: only what can be read counts as kept. */
static kith_err
put_into_keyring(const kith_buf *hex, kith_buf *where)
{
    KITH_AUTO(kith_secret) answer = {0};
    uint8_t entry[ENTRY_LEN];
    KITH_AUTO(kith_buf) name = {0};

    KITH_TRY(kith_rng_fill(crypto_rng(), entry, sizeof entry));
    KITH_TRY(kith_hex_encode(KITH_BYTES(entry), &name));
    KITH_TRY(kith_buf_append(&name, kith_bytes_of("\0", 1)));
    KITH_TRY(ask_keyring("put", (const char *)name.data, kith_bytes_of_buf(hex), &answer));
    KITH_TRY(ask_keyring("get", (const char *)name.data, (kith_bytes){0}, &answer));
    KITH_ENSURE(kith_equal_ct(kith_bytes_of_secret(&answer), kith_bytes_of_buf(hex)),
                KITH_ERR_DENIED);
    KITH_TRY(kith_buf_append(where, kith_bytes_of_text(WORD_KEYRING)));
    KITH_TRY(kith_buf_append(where, kith_bytes_of(name.data, name.len - 1)));
    return kith_buf_append(where, kith_bytes_of("\n", 1));
}

static kith_err
make_secret(agent *a, const char *path, kith_secret *out)
{
    KITH_AUTO(kith_secret) key = {0};
    KITH_AUTO(kith_buf) hex = {0};
    KITH_AUTO(kith_buf) where = {0};

    KITH_TRY(kith_rng_secret(crypto_rng(), STORE_CORE_KEY_LEN, &key));
    KITH_TRY(kith_hex_encode(kith_bytes_of_secret(&key), &hex));
    a->is_keyring = !a->options->no_keyring && put_into_keyring(&hex, &where) == KITH_OK;
    if (!a->is_keyring) {
        kith_buf_clear(&where);
        KITH_TRY(kith_buf_append(&where, kith_bytes_of_text(WORD_KEY)));
        KITH_TRY(kith_buf_append(&where, kith_bytes_of_buf(&hex)));
        KITH_TRY(kith_buf_append(&where, kith_bytes_of("\n", 1)));
    }
    KITH_TRY(net_file_save(path, kith_bytes_of_buf(&where)));
    *out = kith_secret_take(&key);
    return KITH_OK;
}

kith_err
agent_secret_open(agent *a, kith_secret *out)
{
    char path[RPC_PATH_MAX];
    KITH_AUTO(kith_buf) where = {0};

    KITH_TRY(rpc_path_join(a->place.data, "store.key", path));
    const kith_err err = net_file_load(path, &where);
    if (err == KITH_ERR_NOT_FOUND) {
        return make_secret(a, path, out);
    }
    KITH_TRY(err);
    return read_where(a, kith_bytes_of_buf(&where), out);
}
