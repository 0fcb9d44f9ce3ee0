/* SPDX-License-Identifier: MPL-2.0 */
/*
 * kith-keyring: asks the desktop's keyring for the agent, in a process of its own that may hang and be ended.
 *
 *     kith-keyring get NAME     prints the secret and a newline
 *     kith-keyring put NAME     keeps the secret that comes on stdin, prints "done"
 *
 * Exit: 0 done, 1 the keyring has no such entry or refuses, 2 wrong call.
 */
#define _GNU_SOURCE
#include <libsecret/secret.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 256u

static const SecretSchema schema = {
    .name = "chat.kith.Store",
    .flags = SECRET_SCHEMA_NONE,
    .attributes = {{"name", SECRET_SCHEMA_ATTRIBUTE_STRING}},
};

static int
get(const char *name)
{
    gchar *secret =
        secret_password_lookup_nonpageable_sync(&schema, NULL, NULL, "name", name, (char *)NULL);

    if (secret == NULL) {
        return EXIT_FAILURE;
    }
    printf("%s\n", secret);
    fflush(stdout);
    secret_password_free(secret);
    return EXIT_SUCCESS;
}

static int
put(const char *name)
{
    char secret[SECRET_MAX];
    const size_t len = fread(secret, 1, sizeof secret - 1, stdin);

    secret[len] = '\0';
    const gboolean kept = secret_password_store_sync(&schema, SECRET_COLLECTION_DEFAULT,
                                                     "Kith messages on this device", secret, NULL,
                                                     NULL, "name", name, (char *)NULL);
    explicit_bzero(secret, sizeof secret);
    if (!kept) {
        return EXIT_FAILURE;
    }
    puts("done");
    fflush(stdout);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "get") == 0) {
        return get(argv[2]);
    }
    if (argc == 3 && strcmp(argv[1], "put") == 0) {
        return put(argv[2]);
    }
    fputs("usage: kith-keyring get|put NAME\n", stderr);
    return 2;
}
