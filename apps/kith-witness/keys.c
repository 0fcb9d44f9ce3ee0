/* SPDX-License-Identifier: MPL-2.0 */
/* The file "key" of the folder: eight bytes that say what it is, and a seed for each key. */
#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "witness.h"

#define MAGIC "kithwit1"
#define SEED_LEN 32u
#define FILE_LEN (8u + KEYS_COUNT * SEED_LEN)

static const struct {
    crypto_sign_id algorithm;
    kt_note_type type;
} kinds[KEYS_COUNT] = {{CRYPTO_ED25519, KT_COSIGN_ED25519},
                       {CRYPTO_ML_DSA_44, KT_COSIGN_ML_DSA_44}};

/* ---- The folder ---- */

static bool
make_folder(const char *path)
{
    char made[CONFIG_PATH_MAX];

    snprintf(made, sizeof made, "%s", path);
    if (net_folder_make(made)) {
        return true;
    }
    witness_complain("cannot make the folder %s: %s; name another one with --data DIR", made,
                     strerror(errno));
    return false;
}

int
folder_lock(const witness_config *config, int *status)
{
    char path[CONFIG_PATH_MAX + 16];

    *status = EXIT_FAILED;
    if (!make_folder(config->data)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/lock", config->data);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        witness_complain("cannot write in %s: %s; name another folder with --data DIR",
                         config->data, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        witness_complain("another kith-witness uses %s", config->data);
        close(fd);
        *status = EXIT_IN_USE;
        return -1;
    }
    return fd;
}

/* ---- The keys ---- */

/* The default name says nothing of a person or place, and is different for each key. */
static kith_err
write_default_name(crypto *c, kith_bytes public_key, char out[KT_NOTE_NAME_MAX + 1])
{
    KITH_AUTO(kith_buf) text = {0};
    uint8_t hash[CRYPTO_SHA256_LEN];

    KITH_TRY(crypto_sha256(c, public_key, hash));
    KITH_TRY(kith_hex_encode(kith_bytes_of(hash, 8), &text));
    snprintf(out, KT_NOTE_NAME_MAX + 1, "kith.witness/%.16s", (const char *)text.data);
    return KITH_OK;
}

static kith_err
load_seeds(const char *path, kith_buf *out)
{
    const kith_err err = net_file_load(path, out);

    if (err == KITH_ERR_NOT_FOUND) {
        uint8_t *seeds = NULL;
        KITH_TRY(kith_buf_append(out, kith_bytes_of(MAGIC, 8)));
        KITH_TRY(kith_buf_extend(out, KEYS_COUNT * SEED_LEN, &seeds));
        KITH_TRY(kith_rng_fill(crypto_rng(), seeds, KEYS_COUNT * SEED_LEN));
        return net_file_save(path, kith_bytes_of_buf(out));
    }
    KITH_TRY(err);
    return out->len == FILE_LEN && memcmp(out->data, MAGIC, 8) == 0 ? KITH_OK : KITH_ERR_MALFORMED;
}

static kith_err
make_keys(crypto *c, const witness_config *config, const kith_buf *file, keys *out)
{
    char name[KT_NOTE_NAME_MAX + 1];

    for (size_t i = 0; i < KEYS_COUNT; i++) {
        const kith_bytes seed = kith_bytes_of(file->data + 8 + i * SEED_LEN, SEED_LEN);
        KITH_TRY(crypto_sign_key_import(c, kinds[i].algorithm, seed, &out->sign[i]));
    }
    memcpy(name, config->name, sizeof name);
    if (name[0] == 0) {
        KITH_TRY(write_default_name(c, crypto_sign_key_public(out->sign[0]), name));
    }
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        KITH_TRY(kt_note_key_make(c, kinds[i].type, kith_bytes_of_text(name),
                                  crypto_sign_key_public(out->sign[i]), &out->public_keys[i]));
    }
    return KITH_OK;
}

bool
keys_open(crypto *c, const witness_config *config, keys *out)
{
    KITH_AUTO(kith_buf) file = {0};
    char path[CONFIG_PATH_MAX + 16];

    *out = (keys){0};
    snprintf(path, sizeof path, "%s/key", config->data);
    kith_err err = load_seeds(path, &file);
    if (err == KITH_OK) {
        err = make_keys(c, config, &file, out);
    }
    if (err != KITH_OK) {
        witness_complain("cannot use %s: %s", path,
                         err == KITH_ERR_MALFORMED
                             ? "it is damaged or not kith-witness's; put back a copy, since others "
                               "know this witness by it"
                             : kith_err_text(err));
        keys_done(out);
        return false;
    }
    return true;
}

void
keys_done(keys *k)
{
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        crypto_sign_key_free(k->sign[i]);
        k->sign[i] = NULL;
    }
}

int
witness_key(int argc, char **argv)
{
    witness_config *config = config_load(argc, argv);
    crypto *c = NULL;
    keys k = {0};
    int status = EXIT_FAILED;

    if (config == NULL) {
        return EXIT_USAGE;
    }
    if (!make_folder(config->data) || crypto_new(NULL, &c) != KITH_OK) {
        free(config);
        return EXIT_FAILED;
    }
    if (keys_open(c, config, &k)) {
        status = EXIT_DONE;
        for (size_t i = 0; i < KEYS_COUNT; i++) {
            KITH_AUTO(kith_buf) text = {0};
            if (kt_note_key_encode(&k.public_keys[i], &text) == KITH_OK) {
                printf("%.*s\n", (int)text.len, (const char *)text.data);
            }
        }
    }
    keys_done(&k);
    crypto_free(c);
    free(config);
    return status;
}
