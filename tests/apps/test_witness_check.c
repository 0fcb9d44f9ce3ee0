/* SPDX-License-Identifier: MPL-2.0 */
/* kith-witness check: exit status and words for evidence, for what is none, and for what cannot be read. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transparency/world.h"

typedef struct outcome {
    int status;
    char text[4096]; /* of standard output and error */
} outcome;

static outcome
run(const char *arguments)
{
    outcome result = {0};
    char command[1024];

    snprintf(command, sizeof command, "'%s' %s 2>&1", KITH_WITNESS, arguments);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    const size_t len = fread(result.text, 1, sizeof result.text - 1, pipe);
    result.text[len] = 0;
    const int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    result.status = WEXITSTATUS(status);
    return result;
}

static outcome
check_bytes(kith_bytes bytes)
{
    char path[] = "evidence-XXXXXX";
    char arguments[64];
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
    close(fd);
    snprintf(arguments, sizeof arguments, "check %s", path);
    const outcome result = run(arguments);
    unlink(path);
    return result;
}

/* Evidence of two logs of one key that differ from entry 3 on. */
static void
make_evidence(crypto *c, size_t size_a, size_t size_b, kith_buf *out)
{
    KITH_AUTO(kith_buf) answer = {0};
    kt_request request = {.question = KT_CONSISTENCY, .other = size_a};
    kt_view view = {0};
    kt_consistency seen = {0};
    kt_log_tip tip;
    world a;
    world b;

    world_open(&a, c, 1000, 0);
    world_open_twin(&b, &a);
    for (size_t i = 0; i < size_b; i++) {
        if (i < size_a) {
            world_append(&a, 10, i < 3 ? NULL : "rose", (unsigned)i);
        }
        world_append(&b, 10, i < 3 ? NULL : "mallory", (unsigned)i);
    }
    assert_ok(kt_log_head(a.log, &tip));
    const kt_head head = tip.head;
    assert_ok(kt_log_head(b.log, &tip));
    if (size_a < size_b) {
        assert_ok(world_ask(&b, &view, NULL, &request, &answer));
        const kt_exchange exchange = {
            .request = &request, .response = kith_bytes_of_buf(&answer), .now_ms = b.now_ms};
        assert_ok(kt_client_consistency(&b.client, &exchange, &view, &head, &seen));
    }
    assert_ok(kt_evidence_make(&b.client, &head, &tip.head, seen.proof, out));
    world_close(&a);
    world_close(&b);
}

static void
two_histories_of_one_directory_are_called_proof(void **state)
{
    KITH_AUTO(kith_buf) record = {0};

    make_evidence(*state, 5, 9, &record);
    const outcome result = check_bytes(kith_bytes_of_buf(&record));

    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "This file is proof"));
    assert_non_null(strstr(result.text, "one: 5 entries"));
    assert_non_null(strstr(result.text, "other: 9 entries"));
    assert_non_null(strstr(result.text, "does not begin with the shorter"));
}

static void
two_contents_of_one_length_are_called_proof(void **state)
{
    KITH_AUTO(kith_buf) record = {0};

    make_evidence(*state, 6, 6, &record);
    const outcome result = check_bytes(kith_bytes_of_buf(&record));

    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.text, "of the same length"));
}

static void
a_changed_root_proves_nothing(void **state)
{
    KITH_AUTO(kith_buf) record = {0};

    make_evidence(*state, 6, 6, &record);
    record.data[record.len - 80] ^=
        1; /* inside the second head: its end and the empty proof follow */
    const outcome result = check_bytes(kith_bytes_of_buf(&record));

    assert_int_equal(result.status, 4);
    assert_non_null(strstr(result.text, "proves nothing"));
}

static void
a_file_cut_anywhere_is_no_evidence(void **state)
{
    KITH_AUTO(kith_buf) record = {0};

    make_evidence(*state, 5, 6, &record);
    for (size_t len = 0; len < record.len; len += 16) {
        const outcome result = check_bytes(kith_bytes_of(record.data, len));
        assert_int_equal(result.status, 5);
    }
}

static void
what_is_another_suite_is_said_to_be_unknown(void **state)
{
    KITH_AUTO(kith_buf) record = {0};

    make_evidence(*state, 6, 6, &record);
    record.data[1] ^= 0x40; /* the suite stands behind the format */
    const outcome result = check_bytes(kith_bytes_of_buf(&record));

    assert_int_equal(result.status, 5);
    assert_non_null(strstr(result.text, "newer"));
}

static void
wrong_usage_and_missing_files_have_statuses_of_their_own(void **state)
{
    (void)state;

    assert_int_equal(run("check").status, 2);
    assert_int_equal(run("check a b").status, 2);
    assert_int_equal(run("").status, 2);
    assert_int_equal(run("dance").status, 2);
    assert_int_equal(run("check no-such-file").status, 1);
    assert_int_equal(run("check .").status, 1);
    assert_int_equal(run("--help").status, 0);
    assert_int_equal(run("--version").status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_histories_of_one_directory_are_called_proof),
        cmocka_unit_test(two_contents_of_one_length_are_called_proof),
        cmocka_unit_test(a_changed_root_proves_nothing),
        cmocka_unit_test(a_file_cut_anywhere_is_no_evidence),
        cmocka_unit_test(what_is_another_suite_is_said_to_be_unknown),
        cmocka_unit_test(wrong_usage_and_missing_files_have_statuses_of_their_own),
    };
    return cmocka_run_group_tests_name("check", tests, lab_open, lab_close);
}
