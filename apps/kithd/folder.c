/* SPDX-License-Identifier: MPL-2.0 */
/* The data folder of kithd. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

/* Makes the folder and those above it. */
static bool
make_folder(const char *path)
{
    char made[KITHD_PATH_MAX];

    snprintf(made, sizeof made, "%s", path);
    if (net_folder_make(made)) {
        return true;
    }
    kithd_complain("cannot make the folder %s: %s; name another one with --data DIR", made,
                   strerror(errno));
    return false;
}

/* Rights of the user that was asked for. The folder, if it is root's, becomes that user's. */
static bool
become_user(const char *name, const char *folder)
{
    const struct passwd *user = getpwnam(name);

    if (user == NULL) {
        kithd_complain("--user %s: there is no such user", name);
        return false;
    }
    if (chown(folder, user->pw_uid, user->pw_gid) != 0 || setgroups(0, NULL) != 0 ||
        setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
        kithd_complain("--user %s: %s; start kithd as root, or without --user", name,
                       strerror(errno));
        return false;
    }
    return true;
}

static int
lock_folder(const char *folder, int *out)
{
    char path[KITHD_PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/lock", folder);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        kithd_complain(
            "cannot write in %s: %s; give this user the right to, or name another folder "
            "with --data DIR",
            folder, strerror(errno));
        return EXIT_FAILED;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        kithd_complain("another kithd uses %s; stop it, or name another folder with --data DIR",
                       folder);
        close(fd);
        return EXIT_IN_USE;
    }
    *out = fd;
    return 0;
}

static kith_err
load_secret(const char *path, uint8_t out[PROTO_LINK_SECRET_LEN])
{
    KITH_AUTO(kith_buf) file = {0};
    const kith_err err = net_file_load(path, &file);

    if (err == KITH_ERR_NOT_FOUND) {
        uint8_t *fresh = NULL;
        KITH_TRY(kith_buf_extend(&file, PROTO_LINK_SECRET_LEN, &fresh));
        KITH_TRY(kith_rng_fill(crypto_rng(), fresh, PROTO_LINK_SECRET_LEN));
        KITH_TRY(net_file_save(path, kith_bytes_of_buf(&file)));
    } else {
        KITH_TRY(err);
    }
    KITH_ENSURE(file.len == PROTO_LINK_SECRET_LEN, KITH_ERR_MALFORMED);
    memcpy(out, file.data, PROTO_LINK_SECRET_LEN);
    return KITH_OK;
}

/* What to do about a file that cannot be used. */
static void
complain_about(const char *path, kith_err err)
{
    const char *advice = "check the disk and its free space";

    if (err == KITH_ERR_MALFORMED) {
        advice =
            "it is damaged or not kithd's; put back a copy, since devices know this server by it";
    } else if (err == KITH_ERR_DENIED) {
        advice = "give this user the right to read and write it";
    }
    kithd_complain("cannot use %s: %s", path, advice);
}

static bool
load_files(const char *folder, kithd_folder *out)
{
    char path[KITHD_PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/identity", folder);
    kith_err err = net_identity_open(path, &out->identity);
    if (err == KITH_OK) {
        snprintf(path, sizeof path, "%s/operator", folder);
        err = load_secret(path, out->secret);
    }
    if (err != KITH_OK) {
        complain_about(path, err);
    }
    return err == KITH_OK;
}

int
kithd_folder_open(const kithd_options *options, kithd_folder *out)
{
    kithd_folder folder = {.lock_fd = -1};

    if (!make_folder(options->data) ||
        (options->user != NULL && !become_user(options->user, options->data))) {
        return EXIT_FAILED;
    }
    const int status = lock_folder(options->data, &folder.lock_fd);
    if (status != 0) {
        return status;
    }
    snprintf(folder.database, sizeof folder.database, "%s/kithd.db", options->data);
    snprintf(folder.log, sizeof folder.log, "%s/log", options->data);
    if (!load_files(options->data, &folder)) {
        kithd_folder_done(&folder);
        return EXIT_FAILED;
    }
    *out = folder;
    return 0;
}

void
kithd_folder_done(kithd_folder *folder)
{
    net_identity_free(folder->identity);
    folder->identity = NULL;
    kith_wipe(folder->secret, sizeof folder->secret);
    if (folder->lock_fd >= 0) {
        close(folder->lock_fd);
        folder->lock_fd = -1;
    }
}
