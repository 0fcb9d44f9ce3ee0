/* SPDX-License-Identifier: MPL-2.0 */
/* Small private files, and the identity that lives in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "net/net.h"

typedef struct nook {
    char folder[32];
    char path[64];
    char draft[80];
} nook;

static void
open_nook(nook *n)
{
    snprintf(n->folder, sizeof n->folder, "/tmp/kith-file-XXXXXX");
    assert_non_null(mkdtemp(n->folder));
    snprintf(n->path, sizeof n->path, "%s/file", n->folder);
    snprintf(n->draft, sizeof n->draft, "%s/file.new", n->folder);
}

static void
close_nook(nook *n)
{
    unlink(n->path);
    unlink(n->draft);
    assert_int_equal(rmdir(n->folder), 0);
}

static void
what_is_saved_is_loaded_and_nobody_else_may_read_it(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    struct stat st;
    nook n;

    (void)state;
    open_nook(&n);
    umask(0);
    assert_ok(net_file_save(n.path, kith_bytes_of_text("first")));
    assert_ok(net_file_save(n.path, kith_bytes_of_text("second")));
    assert_ok(net_file_load(n.path, &out));
    assert_text(kith_bytes_of_buf(&out), "second");
    assert_int_equal(stat(n.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(access(n.draft, F_OK), -1);
    close_nook(&n);
}

static void
a_draft_that_was_left_behind_is_no_obstacle(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(net_file_save(n.draft, kith_bytes_of_text("half")));
    assert_ok(net_file_save(n.path, kith_bytes_of_text("whole")));
    assert_ok(net_file_load(n.path, &out));
    assert_text(kith_bytes_of_buf(&out), "whole");
    close_nook(&n);
}

static void
a_save_that_fails_leaves_the_old_file(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(net_file_save(n.path, kith_bytes_of_text("old")));
    /* A folder in the draft's place cannot be removed like a file. */
    assert_int_equal(mkdir(n.draft, 0700), 0);
    assert_err(net_file_save(n.path, kith_bytes_of_text("new")), KITH_ERR_EXISTS);
    assert_int_equal(rmdir(n.draft), 0);
    assert_ok(net_file_load(n.path, &out));
    assert_text(kith_bytes_of_buf(&out), "old");
    close_nook(&n);
}

static void
a_file_is_read_up_to_the_limit_and_not_beyond(void **state)
{
    KITH_AUTO(kith_buf) content = {0};
    KITH_AUTO(kith_buf) out = {0};
    uint8_t *unused = NULL;
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(kith_buf_extend(&content, NET_FILE_MAX + 1, &unused));
    assert_ok(net_file_save(n.path, kith_bytes_of(content.data, NET_FILE_MAX)));
    assert_ok(net_file_load(n.path, &out));
    assert_int_equal(out.len, NET_FILE_MAX);
    assert_ok(net_file_save(n.path, kith_bytes_of_buf(&content)));
    assert_err(net_file_load(n.path, &out), KITH_ERR_LIMIT);
    assert_int_equal(out.len, NET_FILE_MAX);
    close_nook(&n);
}

static void
what_is_no_file_says_so(void **state)
{
    KITH_AUTO(kith_buf) out = {0};
    char deep[96];
    nook n;

    (void)state;
    open_nook(&n);
    assert_err(net_file_load(n.path, &out), KITH_ERR_NOT_FOUND);
    assert_err(net_file_load(n.folder, &out), KITH_ERR_STORE);
    assert_int_equal(mkfifo(n.path, 0600), 0);
    assert_err(net_file_load(n.path, &out), KITH_ERR_STORE);
    snprintf(deep, sizeof deep, "%s/none/file", n.folder);
    assert_err(net_file_save(deep, kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    close_nook(&n);
}

static void
a_folder_without_the_right_to_write_is_denied(void **state)
{
    (void)state;
    /* Where even root may not write. */
    assert_err(net_file_save("/proc/self/kith", kith_bytes_of_text("x")), KITH_ERR_NOT_FOUND);
    assert_err(net_file_save("/sys/kith", kith_bytes_of_text("x")), KITH_ERR_DENIED);
}

static void
an_identity_is_made_once_and_found_again(void **state)
{
    net_identity *first = NULL;
    net_identity *second = NULL;
    struct stat st;
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(net_identity_open(n.path, &first));
    assert_ok(net_identity_open(n.path, &second));
    assert_int_equal(net_identity_public(first).len, NET_IDENTITY_LEN);
    assert_true(kith_bytes_equal(net_identity_public(first), net_identity_public(second)));
    assert_int_equal(stat(n.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    net_identity_free(second);
    unlink(n.path);
    assert_ok(net_identity_open(n.path, &second));
    assert_false(kith_bytes_equal(net_identity_public(first), net_identity_public(second)));
    net_identity_free(first);
    net_identity_free(second);
    net_identity_free(NULL);
    close_nook(&n);
}

static void
the_identitys_own_key_signs_what_devices_believe(void **state)
{
    KITH_AUTO(kith_buf) signature = {0};
    nook n = {0};
    crypto *c = NULL;
    crypto_sign_key *key = NULL;
    net_identity *identity = NULL;
    (void)state;
    open_nook(&n);
    assert_ok(crypto_new(NULL, &c));
    assert_ok(net_identity_open(n.path, &identity));

    assert_ok(net_identity_key(identity, c, &key));
    assert_ok(crypto_sign_with(c, key, kith_bytes_of_text("log"), &signature));

    assert_ok(crypto_verify(c, CRYPTO_ED25519, net_identity_public(identity),
                            kith_bytes_of_text("log"), kith_bytes_of_buf(&signature)));
    crypto_sign_key_free(key);
    net_identity_free(identity);
    crypto_free(c);
    close_nook(&n);
}

static void
a_damaged_identity_is_refused_and_left_alone(void **state)
{
    KITH_AUTO(kith_buf) file = {0};
    KITH_AUTO(kith_buf) after = {0};
    net_identity *identity = NULL;
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(net_identity_open(n.path, &identity));
    net_identity_free(identity);
    assert_ok(net_file_load(n.path, &file));
    assert_ok(net_file_save(n.path, kith_bytes_of(file.data, file.len - 1)));
    assert_err(net_identity_open(n.path, &identity), KITH_ERR_MALFORMED);
    file.data[0] ^= 1;
    assert_ok(net_file_save(n.path, kith_bytes_of_buf(&file)));
    assert_err(net_identity_open(n.path, &identity), KITH_ERR_MALFORMED);
    assert_ok(net_file_load(n.path, &after));
    assert_true(kith_bytes_equal(kith_bytes_of_buf(&file), kith_bytes_of_buf(&after)));
    close_nook(&n);
}

static void
a_folder_is_made_with_those_above_it_and_twice_is_no_harm(void **state)
{
    struct stat st;
    char path[512];
    nook n;

    (void)state;
    open_nook(&n);
    snprintf(path, sizeof path, "%s-a/b/c", n.path);
    assert_true(net_folder_make(path));
    assert_true(net_folder_make(path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = 0;
    }
    close_nook(&n);
}

static void
a_folder_below_a_file_is_named_as_far_as_it_went(void **state)
{
    char path[512];
    char wanted[512];
    nook n;

    (void)state;
    open_nook(&n);
    assert_ok(net_file_save(n.path, kith_bytes_of_text("a file")));
    snprintf(path, sizeof path, "%s/b/c", n.path);
    snprintf(wanted, sizeof wanted, "%s/b", n.path);
    assert_false(net_folder_make(path));
    assert_string_equal(path, wanted);
    close_nook(&n);
}

static void
the_guess_is_an_address(void **state)
{
    char guess[NET_HOST_MAX + 1];

    (void)state;
    net_address_guess(guess);
    assert_true(strchr(guess, '.') != NULL || strchr(guess, ':') != NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_is_loaded_and_nobody_else_may_read_it),
        cmocka_unit_test(a_draft_that_was_left_behind_is_no_obstacle),
        cmocka_unit_test(a_save_that_fails_leaves_the_old_file),
        cmocka_unit_test(a_file_is_read_up_to_the_limit_and_not_beyond),
        cmocka_unit_test(what_is_no_file_says_so),
        cmocka_unit_test(a_folder_without_the_right_to_write_is_denied),
        cmocka_unit_test(an_identity_is_made_once_and_found_again),
        cmocka_unit_test(the_identitys_own_key_signs_what_devices_believe),
        cmocka_unit_test(a_damaged_identity_is_refused_and_left_alone),
        cmocka_unit_test(a_folder_is_made_with_those_above_it_and_twice_is_no_harm),
        cmocka_unit_test(a_folder_below_a_file_is_named_as_far_as_it_went),
        cmocka_unit_test(the_guess_is_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
