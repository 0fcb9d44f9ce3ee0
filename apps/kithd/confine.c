/* SPDX-License-Identifier: MPL-2.0 */
/* Landlock, by its three system calls: the C library has no names for them. */
#include "confine.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Everything that the first version of Landlock knows; what is handled and not allowed is refused. */
#define ALL_ACCESS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FILE_ACCESS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define FOLDER_ACCESS                                                                              \
    (FILE_ACCESS | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_MAKE_REG)

#ifdef KITHD_UNCONFINED
static const bool is_wanted = false;
#else
static const bool is_wanted = true;
#endif

void
kithd_hide(void)
{
    const struct rlimit no_core = {0};

    if (is_wanted) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}

static void
allow(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = open(path, O_PATH | O_CLOEXEC)};

    if (rule.parent_fd >= 0) {
        (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        close(rule.parent_fd);
    }
}

void
kithd_confine(const char *folder)
{
    const struct landlock_ruleset_attr handled = {.handled_access_fs = ALL_ACCESS};

    /* Large sorts of the database go to files: where they may. */
    (void)setenv("SQLITE_TMPDIR", folder, 1);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!is_wanted) {
        return;
    }
    const int rules =
        (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0);
    if (rules < 0) {
        return;
    }
    allow(rules, folder, FOLDER_ACCESS);
    allow(rules, "/dev/null", FILE_ACCESS);
    (void)syscall(SYS_landlock_restrict_self, rules, 0);
    close(rules);
}
