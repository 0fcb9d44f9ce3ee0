/* SPDX-License-Identifier: MPL-2.0 */
/*
 * kith-witness check FILE: says in plain words what a file of evidence proves and what it does not. It needs no
 * state, no network and no one's word: only the file.
 */
#include <inttypes.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "net/net.h"
#include "transparency/transparency.h"
#include "witness.h"

static void
print_hex(const char *before, const uint8_t *bytes, size_t len)
{
    fputs(before, stdout);
    for (size_t i = 0; i < len; i++) {
        printf("%02x", bytes[i]);
    }
    putchar('\n');
}

static void
print_head(const char *name, const kt_head *head)
{
    printf("  %s: %" PRIu64 " %s\n", name, head->size, head->size == 1 ? "entry" : "entries");
    print_hex("    root ", head->root.bytes, sizeof head->root.bytes);
    print_hex("    signature ", head->signature, sizeof head->signature);
}

static void
print_proof(const kt_evidence *evidence)
{
    const bool is_same_size = evidence->older.size == evidence->newer.size;

    puts("This file is proof: one directory said two things of which at most one can be true.\n");
    print_hex("Both were signed by the holder of this log key:\n  ", evidence->config.signature_key,
              kt_config_signature_key(&evidence->config).len);
    puts("\nWhat was signed:");
    print_head("one", &evidence->older);
    print_head("other", &evidence->newer);
    puts("\nWhy both cannot be true:");
    puts(
        is_same_size
            ? "  They give different contents to a directory of the same length."
            : "  A directory only ever grows. The longer one does not begin with the shorter one.");
    puts(
        "\nWhat it does not say: who holds that log key, which of the two is right, and why it\n"
        "happened. A server tells its log key in the configuration of its log. If the key is that of\n"
        "your server, do not believe what its directory says of people until its operator has\n"
        "explained this, for example a copy that was put back after a failed disk.");
}

static int
judge(kith_bytes file, const char *path)
{
    kt_evidence evidence;
    crypto *c = NULL;

    kith_err err = crypto_new(NULL, &c);
    if (err == KITH_OK) {
        err = kt_evidence_check(c, file, &evidence);
    }
    crypto_free(c);
    switch ((int)err) {
    case KITH_OK:
        print_proof(&evidence);
        return EXIT_DONE;
    case KITH_ERR_REJECTED:
        printf(
            "This file proves nothing. It has the form of evidence, but a signature in it is not good,\n"
            "or what was signed can all be true at once. Nobody can be blamed with it.\n");
        return EXIT_NO_PROOF;
    case KITH_ERR_UNSUPPORTED:
        witness_complain("%s is of a kind that this version does not know; use a newer one", path);
        return EXIT_UNREADABLE;
    case KITH_ERR_MALFORMED:
        witness_complain("%s is no file of evidence, or is damaged; get another copy of it", path);
        return EXIT_UNREADABLE;
    default:
        witness_complain("cannot check %s: %s", path, kith_err_text(err));
        return EXIT_FAILED;
    }
}

int
witness_check(int argc, char **argv)
{
    KITH_AUTO(kith_buf) file = {0};

    if (argc != 1) {
        witness_complain("check needs the path of one file; kith-witness --help tells more");
        return EXIT_USAGE;
    }
    const kith_err err = net_file_load(argv[0], &file);
    if (err == KITH_ERR_LIMIT) {
        witness_complain("%s is too long to be a file of evidence", argv[0]);
        return EXIT_UNREADABLE;
    }
    if (err != KITH_OK) {
        witness_complain("cannot read %s: %s", argv[0],
                         err == KITH_ERR_NOT_FOUND ? "there is no such file"
                         : err == KITH_ERR_DENIED  ? "this user may not"
                                                   : "it is no regular file, or the disk failed");
        return EXIT_FAILED;
    }
    return judge(kith_bytes_of_buf(&file), argv[0]);
}
