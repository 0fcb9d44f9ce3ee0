/* SPDX-License-Identifier: MPL-2.0 */
/* Proofs that stand for themselves [C2SP-PROOF]. */
#include "transparency/note_lab.h"

/* The specification's example, its cut signatures replaced by whole ones. */
static const char EXAMPLE[] = "c2sp.org/tlog-proof@v1\n"
                              "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\n"
                              "index 73894\n"
                              "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
                              "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
                              "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"
                              "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"
                              "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n"
                              "\n"
                              "example.com/fancylog\n"
                              "109482\n"
                              "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
                              "\n"
                              "\xe2\x80\x94 example.com/fancylog hI2DJwAA\n";

static void
the_example_of_the_specification_is_read_and_written(void **state)
{
    KITH_AUTO(kith_buf) extra = {0};
    KITH_AUTO(kith_buf) again = {0};
    kt_tlog_proof proof;
    (void)state;

    assert_ok(kt_tlog_proof_decode(kith_bytes_of_text(EXAMPLE), &proof));
    assert_int_equal(proof.index, 73894);
    assert_int_equal(proof.count, 5);
    assert_int_equal(proof.checkpoint.size, 109482);
    assert_ok(kt_tlog_proof_extra(&proof, &extra));
    assert_text(kith_bytes_of_buf(&extra), "age-v1.2.1-darwin-arm64.tar.gz");
    const kt_tlog_draft draft = {
        .extra = kith_bytes_of_buf(&extra),
        .index = proof.index,
        .path = kith_bytes_of(proof.path, proof.count * KT_HASH_LEN),
        .checkpoint = kith_bytes_of_text(strstr(EXAMPLE, "example.com")),
    };
    assert_ok(kt_tlog_proof_encode(&draft, &again));
    assert_text(kith_bytes_of_buf(&again), EXAMPLE);
}

static void
a_proof_that_is_cut_anywhere_is_refused(void **state)
{
    kt_tlog_proof proof;
    (void)state;

    for (size_t len = 0; len < strlen(EXAMPLE); len++) {
        assert_int_equal(kt_tlog_proof_decode(kith_bytes_of(EXAMPLE, len), &proof),
                         KITH_ERR_MALFORMED);
    }
}

static void
another_version_an_empty_extra_line_or_a_wrong_index_is_refused(void **state)
{
    static const char *const changes[][2] = {{"@v1", "@v2"},
                                             {"extra YWdl", "extra YWd="},
                                             {"index 73894", "index 03894"},
                                             {"index 73894", "Index 73894"}};
    kt_tlog_proof proof;
    (void)state;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        KITH_AUTO(kith_buf) text = {0};
        assert_ok(kt_text_write(&text, EXAMPLE));
        replace_in(&text, changes[i][0], changes[i][1]);
        assert_int_equal(kt_tlog_proof_decode(kith_bytes_of_buf(&text), &proof),
                         KITH_ERR_MALFORMED);
    }
}

static void
extra_data_and_the_whole_have_limits(void **state)
{
    static uint8_t extra[KT_TLOG_EXTRA_MAX + 1];
    KITH_AUTO(kith_buf) text = {0};
    KITH_AUTO(kith_buf) huge = {0};
    uint8_t *filled = NULL;
    kt_tlog_proof proof;
    kt_tlog_draft draft = {.extra = kith_bytes_of(extra, KT_TLOG_EXTRA_MAX),
                           .checkpoint = kith_bytes_of_text(strstr(EXAMPLE, "example.com"))};
    (void)state;

    assert_ok(kt_tlog_proof_encode(&draft, &text));
    kith_buf_clear(&text);
    draft.extra = KITH_BYTES(extra);
    assert_int_equal(kt_tlog_proof_encode(&draft, &text), KITH_ERR_LIMIT);
    assert_int_equal(text.len, 0);
    assert_ok(kith_buf_extend(&huge, KT_TLOG_PROOF_MAX + 1, &filled));
    assert_int_equal(kt_tlog_proof_decode(kith_bytes_of_buf(&huge), &proof), KITH_ERR_LIMIT);
}

static void
a_leaf_is_found_below_the_checkpoint_and_no_other_is(void **state)
{
    named_signer log = signer_open(*state, KT_NOTE_ED25519, "log.example", 1);
    KITH_AUTO(kith_buf) note = {0};
    KITH_AUTO(kith_buf) path = {0};
    KITH_AUTO(kith_buf) text = {0};
    const kt_merkle_span span = {4, 11};
    kt_memory *memory = NULL;
    kt_tlog_proof proof;
    kt_hash root;

    assert_ok(kt_memory_new(NULL, &memory));
    const kt_store store = kt_memory_port(memory);
    for (uint64_t i = 0; i < 11; i++) {
        const kt_hash leaf = hash_of_number(*state, i);
        assert_ok(kt_merkle_append(*state, &store, i, &leaf));
    }
    assert_ok(kt_merkle_root(*state, &store, 11, &root));
    assert_ok(kt_merkle_prove_leaf(*state, &store, span, &path));
    write_checkpoint(*state, &log, 11, &root, &note);
    const kt_tlog_draft draft = {
        .index = 4, .path = kith_bytes_of_buf(&path), .checkpoint = kith_bytes_of_buf(&note)};
    assert_ok(kt_tlog_proof_encode(&draft, &text));

    assert_ok(kt_tlog_proof_decode(kith_bytes_of_buf(&text), &proof));
    assert_int_equal(proof.extra.len, 0);
    const kt_hash right = hash_of_number(*state, 4);
    const kt_hash wrong = hash_of_number(*state, 5);
    assert_ok(kt_tlog_proof_check(*state, &proof, &right));
    assert_int_equal(kt_tlog_proof_check(*state, &proof, &wrong), KITH_ERR_REJECTED);
    proof.index = 11;
    assert_int_equal(kt_tlog_proof_check(*state, &proof, &right), KITH_ERR_REJECTED);
    kt_memory_free(memory);
    signer_close(&log);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_is_read_and_written),
        cmocka_unit_test(a_proof_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(another_version_an_empty_extra_line_or_a_wrong_index_is_refused),
        cmocka_unit_test(extra_data_and_the_whole_have_limits),
        cmocka_unit_test(a_leaf_is_found_below_the_checkpoint_and_no_other_is),
    };

    return cmocka_run_group_tests_name("tlog-proof", tests, lab_open, lab_close);
}
